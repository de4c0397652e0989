/* SPDX-License-Identifier: MIT */
/*
 * hear.c - what is in a transaction. Of what our own users do only their
 * coming and going is looked at; what is of no room of ours, or of a type that
 * we do not know, is counted and left.
 */

#include "protocols/matrix/content.h"
#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "conf/conf.h"

#include <string.h>

#define LATE_MS 60000
#define TYPING_MAX 100

static void
said(struct mroom *room, const json_t *whole, const char *sender)
{
	struct matrix *m = room->m;
	const struct person *p = person_find(room, sender);
	int64_t now = loop_wall_ms(m->loop);
	const char *why;
	struct event *ev = content_to_event(whole, &why);

	if (why)
		matrix_say(m, room->id, NULL, content_string(whole, "event_id"),
			   "This cannot be relayed: it is encrypted, and the "
			   "bridge cannot read it.");
	if (!ev) {
		m->n_ignored++;
		return;
	}
	media_heard(m, ev);
	ev->channel = room->ch->id;
	if (ev->when_ms <= 0 || ev->when_ms > now)
		ev->when_ms = now;
	if (now - ev->when_ms > LATE_MS)
		ev->flags |= EVENT_LATE;
	if (mroom_is_hosted(room))
		ev->flags |= EVENT_GATEWAY;
	event_set_sender(ev, sender, p ? p->name : sender);
	service_raise(m, ev);
}

/* Somebody wants us in a room. */
static void
invited(struct matrix *m, const json_t *whole)
{
	const char *how =
		content_string(content_object(whole, "content"), "membership");
	const char *who = content_string(whole, "state_key");
	const char *room = content_string(whole, "room_id");

	if (!who || !room)
		return;
	private_member(m, whole);
	if (!how || strcmp(how, "invite") != 0 || strcmp(who, m->bot) != 0)
		return;
	log_info(m->net.name, "invited into %.255s", room);
	rooms_invited(m);
}

static void
take_event(struct matrix *m, const json_t *whole)
{
	const char *type = content_string(whole, "type");
	const char *sender = content_string(whole, "sender");
	const char *id = content_string(whole, "room_id");
	struct mroom *room = id ? mroom_find(m, id) : NULL;
	bool member = type && strcmp(type, "m.room.member") == 0;

	if (!type || !sender || !matrix_id_is(sender, '@')) {
		m->n_ignored++;
		return;
	}
	if (strcmp(type, "m.room.redaction") == 0)
		media_withdrawn(m, whole);
	if (member && !room)
		invited(m, whole);
	if (!room && !member && !matrix_is_us(m, sender) &&
	    private_says(m, whole))
		return;
	if (!room || !room->joined)
		return;
	if (member)
		room_member(room, whole, false);
	else if (matrix_is_us(m, sender))
		return;
	else if (strcmp(type, "m.room.tombstone") == 0 &&
		 content_string(whole, "state_key"))
		mroom_lost(room, DOWN_LOST, "another room takes its place");
	else if (strcmp(type, "m.room.encryption") == 0)
		mroom_refuse_encrypted(room);
	else
		said(room, whole, sender);
}

void
hear_events(struct matrix *m, const json_t *events)
{
	const json_t *ev;
	size_t i;

	json_array_foreach (events, i, ev)
		take_event(m, ev);
}

/* Who comes and goes is told anew when a room is entered. */
static void
take_missed(struct matrix *m, const char *room, json_t *ev)
{
	const char *type = content_string(ev, "type");
	json_t *whole;

	if (!type || json_object_get(ev, "state_key") ||
	    strcmp(type, "m.room.encrypted") == 0)
		return;
	whole = json_copy(ev);
	if (!whole)
		return;
	json_object_set_new(whole, "room_id", json_string(room));
	take_event(m, whole);
	json_decref(whole);
}

void
hear_missed(struct matrix *m, const char *room, const json_t *events)
{
	for (size_t i = 0; i < json_array_size(events); i++)
		take_missed(m, room, json_array_get(events, i));
}

/* ---- what is of the moment ---------------------------------------------- */

static bool
is_listed(const json_t *ids, const char *id)
{
	for (size_t i = 0; i < json_array_size(ids) && i < TYPING_MAX; i++) {
		const json_t *one = json_array_get(ids, i);

		if (json_is_string(one) &&
		    strcmp(json_string_value(one), id) == 0)
			return true;
	}
	return false;
}

static void
raise_typing(struct mroom *room, struct person *p, bool typing)
{
	struct event *ev = event_make(EVENT_TYPING);

	p->typing = typing;
	ev->channel = room->ch->id;
	ev->when_ms = loop_wall_ms(room->m->loop);
	ev->flags = (typing ? 0 : EVENT_REMOVED) |
		    (mroom_is_hosted(room) ? EVENT_GATEWAY : 0);
	event_set_sender(ev, p->id, p->name);
	service_raise(room->m, ev);
}

/* The list is everybody who is typing now. */
static void
take_typing(struct mroom *room, const json_t *content)
{
	const json_t *ids = json_object_get(content, "user_ids");
	struct person *p;

	for (size_t i = 0; i < json_array_size(ids) && i < TYPING_MAX; i++) {
		const char *id = json_string_value(json_array_get(ids, i));

		p = id ? person_find(room, id) : NULL;
		if (p && !p->typing)
			raise_typing(room, p, true);
	}
	for (p = room->people; p; p = p->hh.next)
		if (p->typing && !is_listed(ids, p->id))
			raise_typing(room, p, false);
}

void
hear_ephemeral(struct matrix *m, const json_t *events)
{
	const json_t *ev;
	size_t i;

	json_array_foreach (events, i, ev) {
		const char *type = content_string(ev, "type");
		const char *id = content_string(ev, "room_id");
		struct mroom *room = id ? mroom_find(m, id) : NULL;

		if (type && room && room->joined &&
		    strcmp(type, "m.typing") == 0)
			take_typing(room, content_object(ev, "content"));
	}
}
