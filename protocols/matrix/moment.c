/* SPDX-License-Identifier: MIT */
/*
 * moment.c - what is of the moment: who is typing, and how far somebody has
 * read. The homeserver tells it beside the events of a transaction, and forgets
 * it when we are away.
 *
 * Clients say that they have read the newest event that they show, which need
 * be nothing that anybody said (somebody has come, a mark was put). The bridge
 * keeps no ids of such; so of the last of them it is remembered here which
 * message was the newest then.
 */

#include "protocols/matrix/content.h"
#include "protocols/matrix/matrix.h"

#include "bridge/base.h"

#include <stdlib.h>
#include <string.h>

#define TYPING_MS 30000 /* as the homeserver is told; see typing_again_ms */
#define LIST_MAX 100    /* people in one list of the homeserver's */

/* ---- what was said before ----------------------------------------------- */

static uint64_t
hash_of(const char *id)
{
	return (uint64_t)hash_bytes(id, strlen(id)) << 32 | strlen(id);
}

void
horizon_drop(struct horizon *h)
{
	for (size_t i = 0; i < HORIZON_MAX; i++)
		free(h->message[i]);
	free(h->newest);
	*h = (struct horizon){ 0 };
}

static void
horizon_see(struct horizon *h, const char *id, bool message)
{
	size_t at = h->next % HORIZON_MAX;

	if (message) {
		free(h->newest);
		h->newest = xstrdup(id);
	} else if (h->newest) {
		h->event[at] = hash_of(id);
		free(h->message[at]);
		h->message[at] = xstrdup(h->newest);
		h->next++;
	}
}

/* The newest message up to that event, as far as we know. */
static const char *
horizon_find(const struct horizon *h, const char *id)
{
	uint64_t hash = hash_of(id);

	for (size_t i = 0; i < HORIZON_MAX; i++)
		if (h->message[i] && h->event[i] == hash)
			return h->message[i];
	return id;
}

static struct horizon *
horizon_of(struct matrix *m, const char *room)
{
	struct mroom *r = mroom_find(m, room);

	return r ? &r->horizon : chat_horizon(m, room);
}

void
moment_saw(struct matrix *m, const json_t *whole)
{
	const char *room = content_string(whole, "room_id");
	const char *id = content_string(whole, "event_id");
	const char *type = content_string(whole, "type");
	struct horizon *h = room ? horizon_of(m, room) : NULL;

	if (h && id && type)
		horizon_see(h, id, strcmp(type, "m.room.message") == 0);
}

/* ---- rooms -------------------------------------------------------------- */

static void
raise_typing(struct mroom *room, struct person *p, bool typing)
{
	struct event *ev = room_about(room, EVENT_TYPING, p);

	p->typing = typing;
	ev->flags |= typing ? 0 : EVENT_REMOVED;
	service_raise(room->m, ev);
}

static bool
is_listed(const json_t *ids, const char *id)
{
	for (size_t i = 0; i < json_array_size(ids) && i < LIST_MAX; i++) {
		const json_t *one = json_array_get(ids, i);

		if (json_is_string(one) &&
		    strcmp(json_string_value(one), id) == 0)
			return true;
	}
	return false;
}

/* The list is everybody who is typing now. */
static void
room_typing(struct mroom *room, const json_t *ids)
{
	struct person *p;

	for (size_t i = 0; i < json_array_size(ids) && i < LIST_MAX; i++) {
		const char *id = json_string_value(json_array_get(ids, i));

		p = id ? person_find(room, id) : NULL;
		if (p && !p->typing)
			raise_typing(room, p, true);
	}
	for (p = room->people; p; p = p->hh.next)
		if (p->typing && !is_listed(ids, p->id))
			raise_typing(room, p, false);
}

static void
room_read(struct mroom *room, const char *user, const char *event)
{
	struct person *p = person_find(room, user);
	struct event *ev;

	if (!p)
		return; /* one of us, perhaps */
	ev = room_about(room, EVENT_RECEIPT, p);
	ev->target = event_strdup(ev, horizon_find(&room->horizon, event));
	service_raise(room->m, ev);
}

/* ---- private ------------------------------------------------------------ */

static void
chat_typing(struct matrix *m, const char *room, const json_t *ids)
{
	const char *person = chat_person(m, room);
	struct event *ev;
	bool *typing = chat_is_typing(m, room);

	if (!typing || *typing == is_listed(ids, person))
		return;
	*typing = !*typing;
	ev = event_make(EVENT_TYPING);
	ev->flags = *typing ? 0 : EVENT_REMOVED;
	private_raise(m, room, ev);
}

static void
chat_read(struct matrix *m, const char *room, const char *user,
	  const char *event)
{
	const char *person = chat_person(m, room);
	struct event *ev;

	if (!person || strcmp(person, user) != 0)
		return;
	ev = event_make(EVENT_RECEIPT);
	ev->target =
		event_strdup(ev, horizon_find(chat_horizon(m, room), event));
	private_raise(m, room, ev);
}

/* ---- in ----------------------------------------------------------------- */

static void
take_typing(struct matrix *m, const char *id, const json_t *content)
{
	struct mroom *room = mroom_find(m, id);
	const json_t *ids = json_object_get(content, "user_ids");

	if (!room)
		chat_typing(m, id, ids);
	else if (room->joined)
		room_typing(room, ids);
}

static void
take_receipt(struct matrix *m, const char *id, const char *event,
	     const json_t *users)
{
	struct mroom *room = mroom_find(m, id);
	size_t n = 0;
	const char *user;
	json_t *at;

	json_object_foreach ((json_t *)(uintptr_t)users, user, at) {
		if (n++ == LIST_MAX)
			return;
		if (!room)
			chat_read(m, id, user, event);
		else if (room->joined)
			room_read(room, user, event);
	}
}

/* Only what everybody may see: not m.read.private. */
static void
take_receipts(struct matrix *m, const char *id, const json_t *content)
{
	size_t n = 0;
	const char *event;
	json_t *kinds;

	json_object_foreach ((json_t *)(uintptr_t)content, event, kinds)
		if (n++ < LIST_MAX && *event && strlen(event) <= MATRIX_ID_MAX)
			take_receipt(m, id, event,
				     content_object(kinds, "m.read"));
}

void
hear_ephemeral(struct matrix *m, const json_t *events)
{
	const json_t *ev;
	size_t i;

	json_array_foreach (events, i, ev) {
		const char *type = content_string(ev, "type");
		const char *id = content_string(ev, "room_id");
		const json_t *content = content_object(ev, "content");

		if (type && id && strcmp(type, "m.typing") == 0)
			take_typing(m, id, content);
		else if (type && id && strcmp(type, "m.receipt") == 0)
			take_receipts(m, id, content);
		else if (type && strcmp(type, "m.presence") == 0)
			presence_heard(m, ev);
	}
}

/* ---- out ---------------------------------------------------------------- */

static void
tell_typing(struct matrix *m, const char *room, const struct occupant *o)
{
	const struct seat *s = o->data;
	AUTO_STR path = { 0 };

	matrix_room_path(&path, room, "typing/");
	matrix_path_add(&path, s->ghost->id);
	matrix_path_as(&path, s->ghost->id, NULL);
	hs_call(m->hs, &(struct hs_call){
			       "PUT", path.data,
			       o->typing ? json_pack("{s:b, s:i}", "typing", 1,
						     "timeout", TYPING_MS)
					 : json_pack("{s:b}", "typing", 0),
			       NULL, m });
}

static void
tell_read(struct matrix *m, const char *room, const struct occupant *o)
{
	const struct seat *s = o->data;
	AUTO_STR path = { 0 };

	matrix_room_path(&path, room, "receipt/m.read/");
	matrix_path_add(&path, o->read);
	matrix_path_as(&path, s->ghost->id, NULL);
	hs_call(m->hs,
		&(struct hs_call){ "POST", path.data, json_object(), NULL, m });
}

void
moment_tell(const struct occupant *o, unsigned changes)
{
	const struct seat *s = o->data;
	struct matrix *m = s->room->m;
	const char *room = s->room->id;

	if (!room)
		room = chat_place(m, s->ghost->id, o->channel->name);
	if (room && changes & PUPPET_TYPING)
		tell_typing(m, room, o);
	if (room && changes & PUPPET_READ)
		tell_read(m, room, o);
}
