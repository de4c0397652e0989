/* SPDX-License-Identifier: MIT */
/*
 * talk.c - what is said in a room, on its way to the bridge.
 *
 * Our own voice comes back here, too, and confirms deliveries. What the room
 * itself says (no nick) is not passed on, but for its subject and for what
 * its moderators took back (XEP-0425).
 */

#include "protocols/xmpp/catchup.h"
#include "protocols/xmpp/moment.h"

#include "bridge/base.h"
#include "bridge/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TELL_MS (3600 * 1000)
#define NS_RETRACT "urn:xmpp:message-retract:1"
#define NS_MODERATE "urn:xmpp:message-moderate:1"

/* ---- what was said lately ------------------------------------------------ */

void
talk_remember(struct room *room, const char *id, const char *nick,
	      const char *text)
{
	struct recent *r = &room->recent[room->next_recent++ % RECENT_MAX];
	size_t line = strcspn(text, "\n");

	free(r->id);
	free(r->nick);
	r->id = xstrdup(id);
	r->nick = xstrdup(nick);
	if (line > RECENT_TEXT)
		line = utf8_cut(text, line, RECENT_TEXT - 8);
	if (line > RECENT_TEXT)
		line = 0;
	memcpy(r->text, text, line);
	r->text[line] = '\0';
}

const struct recent *
talk_recall(const struct room *room, const char *id)
{
	for (size_t i = 0; i < RECENT_MAX; i++) {
		if (room->recent[i].id && !strcmp(room->recent[i].id, id))
			return &room->recent[i];
	}
	return NULL;
}

/* ---- raising ------------------------------------------------------------- */

static void
talk_raise(struct room *room, struct event *ev, const struct heard *h)
{
	int64_t mark_ms = h->late ? h->mark_ms : ev->when_ms;

	if (h->late && !ev->key && h->when_ms <= h->known_ms) {
		event_unref(ev);
		return;
	}
	if (h->late) {
		ev->flags |= EVENT_LATE;
		ev->when_ms = h->when_ms;
	}
	catchup_mark(room, ev, h->sid, mark_ms);
	bridge_event(&room->x->net, ev);
}

/* True if that key was not raised live lately; it was now. */
static bool
is_new_key(struct room *room, const char *key)
{
	uint32_t hash = hash_bytes(key, strlen(key));

	for (size_t i = 0; i < SAID_MAX && i < room->next_said; i++) {
		if (room->said[i] == hash)
			return false;
	}
	room->said[room->next_said++ % SAID_MAX] = hash;
	return true;
}

/*
 * Where the room gives no ids: by this the history shows what we heard live.
 * Nobody sees one message live twice, so who repeats themselves, under a
 * repeated id, means it.
 */
static void
set_own_key(struct room *room, struct event *ev, const char *nick,
	    xmpp_stanza_t *st, bool late)
{
	const char *key = stanza_own_key(ev, nick, st);

	if (key && (late || is_new_key(room, key)))
		ev->key = key;
}

/* The archive gives the id that the room put on the live message. */
static void
set_archive_ids(struct event *ev, const char *sid)
{
	const char *own = ev->alt_id ? ev->alt_id : ev->id;

	ev->alt_id = own && strcmp(own, sid) != 0 ? own : NULL;
	ev->id = ev->key = event_strdup(ev, sid);
}

/* ---- reactions ----------------------------------------------------------- */

void
talk_drop(struct room *room)
{
	marks_clear(&room->marks);
	for (size_t i = 0; i < RECENT_MAX; i++) {
		free(room->recent[i].id);
		free(room->recent[i].nick);
	}
}

struct marking {
	struct room *room;
	const struct member *who;
	const struct heard *h;
};

static struct event *
make_mark(void *arg)
{
	const struct marking *k = arg;

	return muc_member_event(k->room, k->who, EVENT_REACTION);
}

static void
take_mark(void *arg, struct event *ev)
{
	const struct marking *k = arg;

	talk_raise(k->room, ev, k->h);
}

static void
react(struct room *room, const struct member *m, xmpp_stanza_t *st,
      const struct heard *h)
{
	struct marking k = { room, m, h };
	const struct marks_reader r = { &room->x->net, make_mark, NULL,
					take_mark, &k };

	(void)marks_read(&room->marks, &r, st);
}

/* ---- the room's own words ------------------------------------------------ */

static const char *
moderated(xmpp_stanza_t *st, const char **by)
{
	xmpp_stanza_t *retract = stanza_child(st, "retract", NS_RETRACT);
	xmpp_stanza_t *m = stanza_child(retract, "moderated", NS_MODERATE);

	if (!m || !*stanza_get(retract, "id"))
		return NULL;
	*by = jid_resource(stanza_get(m, "by"));
	return stanza_get(retract, "id");
}

static void
set_room_sender(struct room *room, struct event *ev, const char *nick)
{
	struct member *m = muc_member_find(room, nick);
	AUTO_STR id = { 0 };

	str_init(&id, FULL_JID_MAX);
	if (m)
		str_add(&id, m->id);
	else if (*nick)
		str_printf(&id, "%s/nick:%s", room->jid, nick);
	else
		str_add(&id, room->jid);
	event_set_sender(ev, id.data, *nick ? nick : room->jid);
	ev->channel = room->ch->id;
	ev->when_ms = loop_wall_ms(room->x->loop);
}

static void
muc_room_says(struct room *room, xmpp_stanza_t *st, const struct heard *h)
{
	struct message_source src = { room->jid, room->stable_ids };
	const char *by = "";
	const char *why;
	bool withdrawn = moderated(st, &by) != NULL;
	struct event *ev = event_from_message(st, &src, &why);

	if (!ev)
		return;
	/* The topic that counts now was in the snapshot. */
	if (!(ev->kind == EVENT_TOPIC && !h->late) &&
	    !(ev->kind == EVENT_REDACTION && withdrawn)) {
		event_unref(ev);
		return;
	}
	set_room_sender(room, ev, by);
	if (h->late && h->sid)
		set_archive_ids(ev, h->sid);
	talk_raise(room, ev, h);
}

/* ---- everybody else's ---------------------------------------------------- */

static bool
is_ours(struct room *room, const char *nick)
{
	struct seat *s = seat_find(room, nick);

	return !strcmp(nick, room->nick) || (s && s->state != SEAT_JOINING);
}

static bool
is_moderation(xmpp_stanza_t *st)
{
	const char *by;

	return moderated(st, &by) != NULL;
}

/* Who said it: nicks change hands, what the room vouches for does not. */
static void
set_late_sender(struct room *room, struct event *ev, const char *nick,
		xmpp_stanza_t *st)
{
	const char *occupant = muc_occupant_id(room, st);
	AUTO_STR id = { 0 };

	if (!*occupant) {
		set_room_sender(room, ev, nick);
		return;
	}
	str_init(&id, FULL_JID_MAX);
	str_printf(&id, "%s/occ:%s", room->jid, occupant);
	struct member *m = muc_member_find_id(room, id.data);
	event_set_sender(ev, id.data, m ? m->nick : nick);
	ev->channel = room->ch->id;
}

static void
hear(struct room *room, const char *nick, xmpp_stanza_t *st,
     const struct heard *h)
{
	struct message_source src = { room->jid, room->stable_ids };
	struct member *m = muc_member_find(room, nick);
	const char *why;

	if (m)
		react(room, m, st, h);
	if (m && !h->late)
		moment_heard(room, m, st);
	if (is_moderation(st))
		return; /* only the room may say so */
	struct event *ev = event_from_message(st, &src, &why);
	if (why && !h->late)
		direct_tell(room->x, room, nick, why);
	if (ev && h->late && ev->kind == EVENT_TOPIC) {
		event_unref(ev);
		ev = NULL;
	}
	if (!ev)
		return;
	if (h->late)
		set_late_sender(room, ev, nick, st);
	else
		set_room_sender(room, ev, nick);
	if (h->late && h->sid)
		set_archive_ids(ev, h->sid);
	else if (!ev->key)
		set_own_key(room, ev, nick, st, h->late);
	if (ev->id && ev->kind == EVENT_MESSAGE)
		talk_remember(room, ev->id, nick, ev->text.utf8);
	talk_raise(room, ev, h);
}

void
talk_received(struct room *room, const char *nick, xmpp_stanza_t *st)
{
	struct heard h = { .late = false };

	if (room->stable_ids)
		h.sid = stanza_room_id(st, room->jid);
	/* Without a nick: a subject of ours, where it is hidden whose. */
	if (wire_reflected(room, *nick ? nick : room->nick, st))
		return;
	if (!*nick) {
		muc_room_says(room, st, &h);
		return;
	}
	if (is_ours(room, nick))
		return;
	struct member *m = muc_member_find(room, nick);
	if (m)
		muc_member_announce(room, m, 0);
	hear(room, nick, st, &h);
}

void
talk_late(struct room *room, const char *nick, xmpp_stanza_t *st,
	  const struct heard *h)
{
	if (*nick)
		hear(room, nick, st, h);
	else
		muc_room_says(room, st, h);
}
