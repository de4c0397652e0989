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

#include <inttypes.h>
#include <string.h>

#define LATE_MS 60000

/* It has no form elsewhere. The operator is told how many, now and then. */
static void
leave_out(struct matrix *m, const char *type)
{
	uint64_t n = ++m->n_ignored;

	if ((n & (n - 1)) == 0)
		log_info(m->net.name,
			 "%" PRIu64 " events were left out so far, the last of "
			 "the type %.100s",
			 n, type ? type : "(none)");
}

/*
 * What the homeserver kept for us is told after we have asked how the room is,
 * and after what we have set since.
 */
static bool
is_outdated(struct mroom *room, const struct event *ev)
{
	int64_t *known = ev->kind == EVENT_NAME      ? &room->named_ms
			 : ev->kind == EVENT_PICTURE ? &room->pictured_ms
						     : NULL;

	if (!known)
		return false;
	if (ev->when_ms < *known)
		return true;
	*known = ev->when_ms;
	return false;
}

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
		leave_out(m, content_string(whole, "type"));
		return;
	}
	if (is_outdated(room, ev) ||
	    (ev->kind == EVENT_PICTURE && !bridge_media(&m->net))) {
		event_unref(ev);
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
		leave_out(m, type);
		return;
	}
	moment_saw(m, whole);
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
