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

#define MARKS_MAX 20   /* of one person on one message */
#define MARKED_MAX 500 /* sets remembered per room */
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

static void
marks_free(struct room *room, struct marks *m)
{
	HASH_DELETE(hh, room->marks, m);
	free(m->key);
	free(m->set);
	free(m);
}

void
talk_drop(struct room *room)
{
	struct marks *m, *next;

	HASH_ITER(hh, room->marks, m, next)
	marks_free(room, m);
	for (size_t i = 0; i < RECENT_MAX; i++) {
		free(room->recent[i].id);
		free(room->recent[i].nick);
	}
}

static void
add_line(void *set, const char *mark)
{
	str_printf(set, "%s\n", mark);
}

/* What is not remembered is on disk. ev: a reaction that is of that set. */
static struct marks *
marks_get(struct room *room, const char *who, const char *id,
	  const struct event *ev)
{
	struct marks *m;
	AUTO_STR key = { 0 };
	AUTO_STR set = { 0 };

	str_init(&key, 4096);
	str_printf(&key, "%s\n%s", who, id);
	HASH_FIND(hh, room->marks, key.data, key.len, m);
	if (m)
		return m;
	if (HASH_COUNT(room->marks) >= MARKED_MAX)
		marks_free(room, room->marks); /* the oldest */
	m = xcalloc(1, sizeof(*m));
	m->key = str_take(&key);
	str_init(&set, 4096);
	bridge_marks(&room->x->net, ev, add_line, &set);
	m->set = str_take(&set);
	HASH_ADD_KEYPTR(hh, room->marks, m->key, strlen(m->key), m);
	return m;
}

/* Is mark (n bytes) a line of set? */
static bool
set_has(const char *set, const char *mark, size_t n)
{
	while (*set) {
		size_t len = strcspn(set, "\n");
		if (len == n && !memcmp(set, mark, n))
			return true;
		set += len + (set[len] == '\n');
	}
	return false;
}

/* What a set of marks is about. */
struct marking {
	struct room *room;
	const struct member *who;
	const char *target;
	const struct heard *h;
};

static void
raise_mark(const struct marking *k, const char *mark, size_t n, unsigned flags)
{
	struct event *ev = muc_member_event(k->room, k->who, EVENT_REACTION);
	AUTO_STR text = { 0 };

	str_init(&text, n);
	str_add_n(&text, mark, n);
	ev->mark = event_strdup(ev, text.data);
	ev->target = event_strdup(ev, k->target);
	ev->flags |= flags;
	talk_raise(k->room, ev, k->h);
}

/* Raise what is in one set and not in the other. */
static void
raise_difference(const struct marking *k, const char *set, const char *other,
		 unsigned flags)
{
	while (*set) {
		size_t len = strcspn(set, "\n");
		if (len && !set_has(other, set, len))
			raise_mark(k, set, len, flags);
		set += len + (set[len] == '\n');
	}
}

static void
react(struct room *room, const struct member *m, xmpp_stanza_t *st,
      const struct heard *h)
{
	AUTO(event) scratch = muc_member_event(room, m, EVENT_REACTION);
	const char *list[MARKS_MAX];
	size_t n;
	const char *target = stanza_reactions(st, scratch, list, MARKS_MAX, &n);
	AUTO_STR set = { 0 };

	if (!target)
		return;
	str_init(&set, 4096);
	for (size_t i = 0; i < n; i++) {
		if (!strchr(list[i], '\n'))
			str_printf(&set, "%s\n", list[i]);
	}
	scratch->target = target;
	struct marks *marks = marks_get(room, m->id, target, scratch);
	struct marking k = { room, m, target, h };
	raise_difference(&k, marks->set, set.data, EVENT_REMOVED);
	raise_difference(&k, set.data, marks->set, 0);
	free(marks->set);
	marks->set = str_take(&set);
	if (!*marks->set)
		marks_free(room, marks);
}

const char *
talk_mark(struct room *room, const char *from, const char *target,
	  const struct event *ev)
{
	struct marks *m = marks_get(room, from, target, ev);
	size_t n = strlen(ev->mark);
	AUTO_STR set = { 0 };

	str_init(&set, 4096);
	for (const char *at = m->set; *at; at += strcspn(at, "\n") + 1) {
		size_t len = strcspn(at, "\n");

		if (len != n || memcmp(at, ev->mark, n) != 0)
			str_printf(&set, "%.*s\n", (int)len, at);
	}
	if (!(ev->flags & EVENT_REMOVED))
		str_printf(&set, "%s\n", ev->mark);
	free(m->set);
	m->set = str_take(&set);
	return m->set;
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
