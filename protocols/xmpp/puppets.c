/* SPDX-License-Identifier: MIT */
/*
 * puppets.c - people of other networks as occupants of rooms.
 *
 * A seat is ours from the moment its join is sent: the listener sees the
 * puppet arrive before the puppet hears that it has, and must not take it for
 * a stranger. A puppet that left keeps its seat, without an occupant, until
 * the listener has seen it go.
 *
 * No puppet takes a name that looks like that of somebody who is there.
 *
 * Few ask at a time. Each arrival is told to everybody who is in, so a crowd
 * that asks at once keeps the server busy for longer than it may be silent;
 * and what it answers to anything else stands behind that.
 */

#include "protocols/xmpp/avatars.h"
#include "protocols/xmpp/hosted.h"
#include "protocols/xmpp/moment.h"
#include "protocols/xmpp/muc.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "conf/conf.h"

#include <utlist.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOIN_MS 60000
#define LEAVING_MS 30000
/* So many may have asked to enter, and not been answered. */
#define ENTERING_MAX 16

struct seat *
seat_find(struct room *room, const char *nick)
{
	struct seat *s;

	HASH_FIND(hh, room->seats, nick, strlen(nick), s);
	return s;
}

struct seat *
seat_find_from(struct room *room, const char *from)
{
	struct seat *s;

	HASH_FIND(hh_from, room->by_from, from, strlen(from), s);
	return s;
}

const struct puppet *
seat_person(struct xmpp *x, const char *address)
{
	char from[FULL_JID_MAX];
	struct room *room, *next;

	(void)snprintf(from, sizeof(from), "%.*s/" XMPP_RESOURCE,
		       (int)jid_bare_len(address), address);
	HASH_ITER(hh, x->rooms, room, next)
	{
		struct seat *s = seat_find_from(room, from);

		if (s && s->o)
			return s->o->puppet;
	}
	return NULL;
}

/* ---- a seat's life ------------------------------------------------------- */

static void seat_enter(struct seat *s);

/* Those who wait come in as others are in. */
static void
admit(void *arg)
{
	struct xmpp *x = arg;

	x->admitting = false;
	while (x->waiting && x->entering < ENTERING_MAX) {
		struct seat *s = x->waiting;

		s->waiting = false;
		DL_DELETE(x->waiting, s);
		seat_enter(s);
	}
}

void
seats_forget(struct xmpp *x)
{
	loop_cancel(x->loop, admit, x);
	x->admitting = false;
}

static void
seat_answered(struct seat *s)
{
	struct xmpp *x = s->room->x;

	timer_stop(&s->timer);
	x->entering -= s->asked;
	s->asked = false;
	if (x->waiting && !x->admitting) {
		x->admitting = true;
		loop_defer(x->loop, admit, x);
	}
}

static void
seat_free(struct seat *s)
{
	if (s->waiting)
		DL_DELETE(s->room->x->waiting, s);
	seat_answered(s);
	if (s->nick)
		HASH_DELETE(hh, s->room->seats, s);
	if (s->from)
		HASH_DELETE(hh_from, s->room->by_from, s);
	if (s->o)
		s->o->data = NULL;
	free(s->nick);
	free(s->from);
	free(s->occupant);
	free(s);
}

void
seat_drop_all(struct room *room)
{
	struct seat *s, *next;

	HASH_ITER(hh_from, room->by_from, s, next)
	seat_free(s);
	HASH_ITER(hh, room->seats, s, next) /* who are leaving */
	seat_free(s);
}

void
seat_gone(struct seat *s)
{
	seat_free(s);
}

static void
on_leaving_late(void *arg)
{
	seat_free(arg);
}

void
seat_lost(struct seat *s, enum down_reason why, const char *text)
{
	struct occupant *o = s->o;
	struct room *room = s->room;
	struct member *m = s->nick ? muc_member_find(room, s->nick) : NULL;

	seat_free(s);
	/* The one who was faster is a stranger after all. */
	if (m && room->state == ROOM_JOINED)
		muc_member_announce(room, m, 0);
	if (o)
		bridge_puppet_left(o, why, text);
}

static void
seat_set_nick(struct seat *s, const char *nick)
{
	struct room *room = s->room;
	struct seat *other = seat_find(room, nick);

	if (other == s)
		return;
	if (other && other->state == SEAT_LEAVING)
		seat_free(other);
	if (s->nick)
		HASH_DELETE(hh, room->seats, s);
	free(s->nick);
	s->nick = xstrdup(nick);
	HASH_ADD_KEYPTR(hh, room->seats, s->nick, strlen(s->nick), s);
}

/* ---- names --------------------------------------------------------------- */

/* The next name that nobody there has; false if they have run out. */
static bool
next_nick(struct seat *s, char *nick)
{
	const struct occupant *o = s->o;

	for (; s->attempt <= NICK_ATTEMPTS; s->attempt++) {
		jid_nick_from_name(o->want, o->puppet->sender->id, s->attempt,
				   nick, NICK_MAX);
		if (!muc_room_nick_is_taken(s->room, nick, s))
			return true;
	}
	return false;
}

static void
add_presence(struct seat *s, xmpp_stanza_t *st)
{
	stanza_add_show(st, s->o->puppet->show, s->o->puppet->status);
	stanza_add_notice(st, s->room->x->net.puppet_notice);
	avatar_show(s->room->x, s->o->puppet, st);
}

static void
send_presence(struct seat *s, const char *nick)
{
	AUTO_STR to = { 0 };

	str_init(&to, FULL_JID_MAX);
	str_printf(&to, "%s/%s", s->room->jid, nick);
	xmpp_stanza_t *st =
		stanza_new(s->room->x->ctx, "presence", s->from, to.data, NULL);
	add_presence(s, st);
	xmpp_post(s->room->x, st);
}

void
seat_send_leave(struct seat *s, const char *reason)
{
	AUTO_STR to = { 0 };

	str_init(&to, FULL_JID_MAX);
	str_printf(&to, "%s/%s", s->room->jid, s->nick);
	xmpp_stanza_t *st = stanza_new(s->room->x->ctx, "presence", s->from,
				       to.data, "unavailable");
	if (reason && *reason)
		stanza_add_text(st, "status", NULL, reason);
	xmpp_post(s->room->x, st);
}

/* ---- coming in ----------------------------------------------------------- */

static void
on_join_late(void *arg)
{
	struct seat *s = arg;

	seat_send_leave(s, NULL);
	seat_lost(s, DOWN_UNREACHABLE, "the room does not answer");
}

static void
seat_enter(struct seat *s)
{
	char nick[NICK_MAX];

	if (!next_nick(s, nick)) {
		s->o->refusal = REFUSAL_NAME_TAKEN;
		seat_lost(s, DOWN_REFUSED, "nick in use");
		return;
	}
	struct member *fast =
		s->nick ? muc_member_find(s->room, s->nick) : NULL;
	if (fast)
		muc_member_announce(s->room, fast, 0);
	seat_set_nick(s, nick);
	s->room->x->entering += !s->asked;
	s->asked = true;
	xmpp_stanza_t *st = muc_entry(s->room, s->from, nick, s->o->password);
	s->order = s->room->next_order++;
	add_presence(s, st);
	xmpp_post(s->room->x, st);
	timer_start(&s->timer, s->room->x->loop, JOIN_MS, on_join_late, s);
}

/* Asks for the name that is wanted now; false if there is none. */
static bool
seat_ask_name(struct seat *s)
{
	char nick[NICK_MAX];

	s->attempt = 0;
	if (!next_nick(s, nick))
		return false;
	send_presence(s, nick); /* says the status, too */
	return true;
}

static void
seat_joined(struct seat *s, const char *nick)
{
	struct room *room = s->room;
	struct member *asked = muc_member_find(room, s->nick);

	seat_answered(s);
	if (asked && strcmp(s->nick, nick) != 0)
		muc_member_announce(room, asked, 0); /* status 210 */
	seat_set_nick(s, nick);
	struct member *m = muc_member_find(room, nick);
	if (m && m->known) {
		/* It was us all the time: somebody of a former life. */
		bridge_event(&room->x->net,
			     muc_member_event(room, m, EVENT_PART));
	}
	if (m)
		muc_member_free(room, m);
	s->state = SEAT_JOINED;
	bridge_puppet_joined(s->o, nick);
	if (s->renamed)
		(void)seat_ask_name(s);
	s->renamed = false;
}

void
seat_renamed(struct seat *s, const char *nick)
{
	if (s->state != SEAT_JOINED || !strcmp(s->nick, nick))
		return;
	seat_set_nick(s, nick);
	bridge_puppet_renamed(s->o, nick);
}

static void
seat_refused(struct seat *s, xmpp_stanza_t *st)
{
	bool conflict = !strcmp(stanza_error_condition(st), "conflict");
	char nick[NICK_MAX];
	AUTO_STR text = { 0 };

	s->attempt += conflict;
	if (conflict && s->state == SEAT_JOINING) {
		seat_enter(s);
		return;
	}
	if (conflict) { /* keeps the old name if there is no other */
		if (next_nick(s, nick))
			send_presence(s, nick);
		return;
	}
	str_init(&text, 256);
	enum down_reason why = muc_refusal(&text, st, &s->o->refusal);
	if (s->state == SEAT_JOINING)
		seat_lost(s, why, text.data);
	else if (!strcmp(stanza_error_condition(st), "not-acceptable"))
		seat_lost(s, DOWN_LOST, "not in the room any more");
}

static void
seat_unavailable(struct seat *s, const char *nick, xmpp_stanza_t *st)
{
	struct muc_user u;
	AUTO_STR text = { 0 };

	(void)stanza_muc_user(&u, st);
	/* A rejoin may overtake the farewell of the visit before it. */
	if (s->state == SEAT_JOINING || strcmp(nick, s->nick) != 0)
		return;
	if (u.codes & MUC_RENAME && *u.nick) {
		seat_renamed(s, u.nick);
		return;
	}
	str_init(&text, 512);
	enum refusal refusal;
	enum down_reason why = muc_departure(&text, st, &u, &refusal);
	if (s->o)
		s->o->refusal = refusal;
	seat_lost(s, u.destroyed ? DOWN_LOST : why, text.data);
}

void
seat_presence(struct seat *s, xmpp_stanza_t *st)
{
	const char *nick = jid_resource(stanza_get(st, "from"));
	const char *type = stanza_get(st, "type");
	struct muc_user u;

	if (s->waiting)
		return; /* about a visit before this one */
	if (!strcmp(type, "error"))
		seat_refused(s, st);
	else if (!strcmp(type, "unavailable"))
		seat_unavailable(s, nick, st);
	else if (!*type && s->state == SEAT_JOINING && *nick &&
		 stanza_muc_user(&u, st) && u.codes & MUC_SELF) {
		free(s->occupant);
		s->occupant = xstrdup(muc_occupant_id(s->room, st));
		seat_joined(s, nick);
	}
}

/* ---- hooks --------------------------------------------------------------- */

void
puppet_join(struct network *net, struct occupant *o)
{
	struct xmpp *x = xmpp_from(net);
	struct room *room = o->channel->data;
	char bare[FULL_JID_MAX];

	if (o->channel->kind == CHANNEL_DIRECT) {
		bridge_puppet_joined(o, o->want);
		return;
	}
	if (o->channel->kind == CHANNEL_HOSTED) {
		guest_puppet_join(x, o);
		return;
	}
	if (!room || !escape_person(o->puppet->sender->id, o->puppet->origin,
				    x->conf->component, bare, sizeof(bare))) {
		bridge_puppet_left(o, DOWN_REFUSED,
				   "no address can be made for this person");
		return;
	}
	AUTO_STR from = { 0 };
	str_init(&from, FULL_JID_MAX);
	str_printf(&from, "%s/" XMPP_RESOURCE, bare);
	struct seat *s = seat_find_from(room, from.data);
	if (s) {
		log_bug(net->name, "a puppet joined a room twice");
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->room = room;
	s->o = o;
	o->data = s;
	s->from = str_take(&from);
	HASH_ADD_KEYPTR(hh_from, room->by_from, s->from, strlen(s->from), s);
	if (x->entering < ENTERING_MAX && !x->waiting) {
		seat_enter(s);
		return;
	}
	s->waiting = true;
	if (o->awaited)
		DL_PREPEND(x->waiting, s);
	else
		DL_APPEND(x->waiting, s);
}

void
puppet_leave(struct network *net, struct occupant *o, const char *reason)
{
	struct seat *s = o->data;

	(void)net;
	if (o->channel->kind == CHANNEL_HOSTED) {
		guest_puppet_leave(o, reason);
		return;
	}
	o->data = NULL;
	if (!s)
		return;
	if (s->waiting) {
		seat_free(s);
		return;
	}
	seat_send_leave(s, reason);
	seat_answered(s);
	s->o = NULL;
	HASH_DELETE(hh_from, s->room->by_from, s);
	free(s->from);
	s->from = NULL;
	s->state = SEAT_LEAVING;
	timer_start(&s->timer, s->room->x->loop, LEAVING_MS, on_leaving_late,
		    s);
}

void
puppet_update(struct network *net, struct occupant *o, unsigned changes)
{
	struct seat *s = o->data;

	moment_show(xmpp_from(net), o, changes);
	if (o->channel->kind == CHANNEL_DIRECT && changes & PUPPET_NAME) {
		bridge_puppet_renamed(o, o->want);
		return;
	}
	if (o->channel->kind == CHANNEL_HOSTED) {
		guest_puppet_update(o, changes);
		return;
	}
	if (!s)
		return;
	if (changes & PUPPET_AWAITED && s->waiting) {
		DL_DELETE(s->room->x->waiting, s);
		DL_PREPEND(s->room->x->waiting, s);
	}
	if (changes & PUPPET_NAME) {
		s->renamed = s->state == SEAT_JOINING && !s->waiting;
		if (s->state == SEAT_JOINED && seat_ask_name(s))
			return;
	}
	if (changes & PUPPET_STATUS ||
	    (changes & PUPPET_AVATAR && avatar_is_ready(s->room->x, o->puppet)))
		seat_show(s);
}

void
seat_show(struct seat *s)
{
	if (s->state == SEAT_JOINED)
		send_presence(s, s->nick);
}
