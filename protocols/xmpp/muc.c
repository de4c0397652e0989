/* SPDX-License-Identifier: MIT */
/*
 * muc.c - the listener: into rooms, in them, and out of them; see muc.h.
 *
 * XEP-0045, with XEP-0410 to notice that a room has forgotten us. Only rooms
 * that exist are entered: servers create a room for whoever asks, so one that
 * turns out to be new is destroyed again and refused.
 */

#include "protocols/xmpp/about.h"
#include "protocols/xmpp/catchup.h"
#include "protocols/xmpp/held.h"
#include "protocols/xmpp/hosted.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "conf/conf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTER_MS 60000   /* from our presence to the answer */
#define SUBJECT_MS 2000  /* from being in to the end of history */
#define CLEARING_MS 2000 /* for the room to let our ghosts go */
#define REFLECT_MS 30000 /* from sending to seeing it */
#define SELF_PING_AGAIN_MS 60000

/* ---- addresses ----------------------------------------------------------- */

const char *
jid_resource(const char *jid)
{
	size_t bare = jid_bare_len(jid);

	return jid[bare] ? jid + bare + 1 : "";
}

struct room *
muc_room_find(struct xmpp *x, const char *jid)
{
	struct room *room;

	HASH_FIND(hh, x->rooms, jid, jid_bare_len(jid), room);
	return room;
}

static void
occupant_jid(struct str *out, const struct room *room, const char *nick)
{
	str_printf(out, "%s/%s", room->jid, nick);
}

bool
muc_room_nick_is_taken(struct room *room, const char *nick,
		       const struct seat *except)
{
	if (jid_nicks_alike(nick, room->nick))
		return true;
	for (struct member *m = room->members; m; m = m->hh.next) {
		if (jid_nicks_alike(nick, m->nick))
			return true;
	}
	for (struct seat *s = room->seats; s; s = s->hh.next) {
		if (s != except && s->state != SEAT_LEAVING &&
		    jid_nicks_alike(nick, s->nick))
			return true;
	}
	return false;
}

/* ---- the room's life ----------------------------------------------------- */

static struct room *
muc_room_new(struct xmpp *x, struct channel *ch, const char *jid)
{
	struct room *room = xcalloc(1, sizeof(*room));
	char nick[NICK_MAX];

	jid_nick_from_name(x->conf->nick, x->conf->nick, 0, nick, sizeof(nick));
	room->x = x;
	room->ch = ch;
	room->jid = xstrdup(jid);
	room->nick = xstrdup(nick);
	room->catchup = catchup_new(room);
	ch->data = room;
	HASH_ADD_KEYPTR(hh, x->rooms, room->jid, strlen(room->jid), room);
	return room;
}

static void
muc_room_free(struct room *room)
{
	struct member *m, *next;

	timer_stop(&room->timer);
	timer_stop(&room->check);
	query_drop(room->x, room);
	wire_drop_room(room);
	held_forget(room->x, room->ch);
	about_drop(room);
	seat_drop_all(room);
	HASH_ITER(hh, room->members, m, next)
	muc_member_free(room, m);
	talk_drop(room);
	HASH_DELETE(hh, room->x->rooms, room);
	room->ch->data = NULL;
	free(room->topic);
	free(room->topic_nick);
	catchup_free(room->catchup);
	free(room->occupant);
	free(room->nick);
	free(room->jid);
	free(room);
}

void
muc_room_lost(struct room *room, enum down_reason why, const char *text)
{
	struct channel *ch = room->ch;

	muc_room_free(room);
	bridge_left(ch, why, text);
}

static void
muc_room_send_leave(struct room *room)
{
	AUTO_STR to = { 0 };

	str_init(&to, FULL_JID_MAX);
	occupant_jid(&to, room, room->nick);
	xmpp_post(room->x,
		  stanza_new(room->x->ctx, "presence", room->x->listener,
			     to.data, "unavailable"));
}

static void
muc_room_goodbye(struct room *room)
{
	for (struct seat *s = room->seats; s; s = s->hh.next) {
		if (s->state != SEAT_LEAVING)
			seat_send_leave(s, NULL);
	}
	if (room->state != ROOM_DISCO)
		muc_room_send_leave(room);
}

/* ---- reasons ------------------------------------------------------------- */

struct departure {
	unsigned code;
	enum down_reason why;
	enum refusal refusal;
	const char *words;
};

/* The first that applies. MUC_ERROR often comes together with MUC_KICKED. */
static const struct departure departures[] = {
	{ MUC_ERROR, DOWN_LOST, REFUSAL_OTHER,
	  "removed after a delivery failed" },
	{ MUC_SHUTDOWN, DOWN_LOST, REFUSAL_OTHER,
	  "the room service is shutting down" },
	{ MUC_BANNED, DOWN_REFUSED, REFUSAL_BANNED, "banned" },
	{ MUC_KICKED, DOWN_REFUSED, REFUSAL_KICKED, "kicked" },
	{ MUC_MEMBERS_ONLY, DOWN_REFUSED, REFUSAL_INVITED_ONLY,
	  "the room is now members only" },
	{ MUC_UNAFFILIATED, DOWN_REFUSED, REFUSAL_INVITED_ONLY,
	  "no longer a member of the room" },
};

enum down_reason
muc_departure(struct str *text, xmpp_stanza_t *st, const struct muc_user *u,
	      enum refusal *refusal)
{
	enum down_reason why = DOWN_LOST;
	const char *words = "left the room";

	*refusal = REFUSAL_OTHER;
	if (u->destroyed) {
		why = DOWN_REFUSED;
		words = "the room was destroyed";
	}
	for (size_t i = 0; i < ARRAY_SIZE(departures) && !u->destroyed; i++) {
		if (!(u->codes & departures[i].code))
			continue;
		why = departures[i].why;
		*refusal = departures[i].refusal;
		words = departures[i].words;
		break;
	}
	str_add(text, words);
	if (*u->actor)
		str_printf(text, " by %s", u->actor);
	size_t before = text->len;
	str_add(text, ": ");
	stanza_read_text(text, u->reason ? u->reason
					 : stanza_own_child(st, "status"));
	if (text->len == before + 2)
		str_truncate(text, before);
	return why;
}

struct entry_error {
	const char *condition;
	enum down_reason why;
	enum refusal refusal;
	const char *words;
};

/* What the conditions mean in answer to a join (XEP-0045 7.2). */
static const struct entry_error refusals[] = {
	{ "not-authorized", DOWN_REFUSED, REFUSAL_PASSWORD,
	  "the room wants a password, and not that one" },
	{ "forbidden", DOWN_REFUSED, REFUSAL_BANNED, "banned from the room" },
	{ "item-not-found", DOWN_UNREACHABLE, REFUSAL_NO_CHANNEL,
	  "there is no such room" },
	{ "not-allowed", DOWN_REFUSED, REFUSAL_NO_CHANNEL,
	  "the room may not be created" },
	{ "not-acceptable", DOWN_REFUSED, REFUSAL_NAME_INVALID,
	  "the room wants a reserved nick" },
	{ "registration-required", DOWN_REFUSED, REFUSAL_INVITED_ONLY,
	  "the room is for members only" },
	{ "conflict", DOWN_REFUSED, REFUSAL_NAME_TAKEN, "nick in use" },
	{ "jid-malformed", DOWN_REFUSED, REFUSAL_NAME_INVALID,
	  "the room does not like the nick" },
	{ "gone", DOWN_REFUSED, REFUSAL_NO_CHANNEL, "the room is gone" },
	{ "service-unavailable", DOWN_UNREACHABLE, REFUSAL_FULL,
	  "the room is full" },
	{ "resource-constraint", DOWN_UNREACHABLE, REFUSAL_OTHER,
	  "the room's server is overloaded" },
	{ "remote-server-not-found", DOWN_UNREACHABLE, REFUSAL_NO_CHANNEL,
	  "the room's server cannot be found" },
	{ "remote-server-timeout", DOWN_UNREACHABLE, REFUSAL_OTHER,
	  "the room's server does not answer" },
};

enum down_reason
muc_refusal(struct str *text, xmpp_stanza_t *st, enum refusal *refusal)
{
	const char *condition = stanza_error_condition(st);

	*refusal = REFUSAL_OTHER;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (strcmp(refusals[i].condition, condition))
			continue;
		str_add(text, refusals[i].words);
		*refusal = refusals[i].refusal;
		return refusals[i].why;
	}
	stanza_error_words(text, st);
	return DOWN_UNREACHABLE;
}

/* ---- still there? -------------------------------------------------------- */

enum self_ping {
	SELF_IN,
	SELF_OUT,
	SELF_UNKNOWN, /* the room's server cannot be reached for now */
};

/* XEP-0410 section 3: what an answer to a ping of ourselves says. */
static enum self_ping
self_ping_verdict(xmpp_stanza_t *answer)
{
	static const struct {
		const char *condition;
		enum self_ping verdict;
	} errors[] = {
		/* the room passed it on, to somebody who knows no ping */
		{ "service-unavailable", SELF_IN },
		{ "feature-not-implemented", SELF_IN },
		/* we are in, under a nick that changed this moment */
		{ "item-not-found", SELF_IN },
		{ "remote-server-not-found", SELF_UNKNOWN },
		{ "remote-server-timeout", SELF_UNKNOWN },
		/* not-acceptable, and whatever else a room may say */
	};

	if (!answer)
		return SELF_UNKNOWN;
	if (!stanza_has_type(answer, "error"))
		return SELF_IN;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		if (!strcmp(stanza_error_condition(answer),
			    errors[i].condition))
			return errors[i].verdict;
	}
	return SELF_OUT;
}

static int64_t
silence_limit_ms(const struct room *room)
{
	return (int64_t)room->x->conf->self_ping_s * 1000;
}

/* From when on it counts as silent; earlier if nobody knows. */
static void
heard(struct room *room, enum self_ping verdict)
{
	room->heard_ms = loop_now_ms(room->x->loop);
	if (verdict == SELF_UNKNOWN &&
	    silence_limit_ms(room) > SELF_PING_AGAIN_MS)
		room->heard_ms -= silence_limit_ms(room) - SELF_PING_AGAIN_MS;
}

/*
 * The room answers in order: what it should have shown before, it never will.
 * Not before the answer, because a connection that is dead in one direction
 * shows nothing either, and each try would appear there once more.
 */
static void
on_self_ping(void *arg, xmpp_stanza_t *answer)
{
	struct room *room = arg;
	enum self_ping verdict = self_ping_verdict(answer);

	room->pinging = false;
	if (verdict == SELF_OUT) {
		muc_room_lost(room, DOWN_LOST, "the room has forgotten us");
		return;
	}
	heard(room, verdict);
	if (room->wires && room->wires->sent_ms < room->pinged_ms)
		wire_give_back(room, "the room did not show it");
	muc_room_watch(room);
}

void
muc_room_check_self(struct room *room)
{
	AUTO_STR self = { 0 };

	if (room->pinging || room->state != ROOM_JOINED)
		return;
	room->pinging = true;
	room->pinged_ms = loop_now_ms(room->x->loop);
	str_init(&self, FULL_JID_MAX);
	occupant_jid(&self, room, room->nick);
	query_ping(room->x, room->x->listener, self.data, on_self_ping, room);
}

static void
on_check(void *arg)
{
	struct room *room = arg;
	int64_t now = loop_now_ms(room->x->loop);
	int64_t limit = silence_limit_ms(room);

	if ((room->wires && now - room->wires->sent_ms >= REFLECT_MS) ||
	    (limit && now - room->heard_ms >= limit))
		muc_room_check_self(room);
	else
		muc_room_watch(room);
}

void
muc_room_watch(struct room *room)
{
	int64_t now = loop_now_ms(room->x->loop);
	int64_t due = -1;

	timer_stop(&room->check);
	if (room->pinging)
		return; /* the answer brings us back */
	if (silence_limit_ms(room))
		due = room->heard_ms + silence_limit_ms(room);
	if (room->wires && (due < 0 || room->wires->sent_ms + REFLECT_MS < due))
		due = room->wires->sent_ms + REFLECT_MS;
	if (due >= 0)
		timer_start(&room->check, room->x->loop,
			    due > now ? due - now : 0, on_check, room);
}

/* ---- getting in ---------------------------------------------------------- */

static void
announce_topic(struct room *room)
{
	if (!room->topic)
		return;
	struct event *ev = event_make(EVENT_TOPIC);
	AUTO_STR id = { 0 };
	str_init(&id, FULL_JID_MAX);
	struct member *m = muc_member_find(room, room->topic_nick);
	struct seat *s = seat_find(room, room->topic_nick);
	bool ours = s || !strcmp(room->topic_nick, room->nick);
	if (m)
		str_add(&id, m->id);
	else if (ours) /* of a former life; nobody to be named */
		str_add(&id, room->jid);
	else
		str_printf(&id, "%s/nick:%s", room->jid, room->topic_nick);
	event_set_sender(ev, id.data, ours ? room->jid : room->topic_nick);
	event_set_text(ev, room->topic);
	ev->flags |= EVENT_BACKLOG;
	ev->channel = room->ch->id;
	ev->when_ms = loop_wall_ms(room->x->loop);
	bridge_event(&room->x->net, ev);
}

void
muc_room_ready(struct room *room)
{
	room->state = ROOM_JOINED;
	muc_room_watch(room);
	bridge_joined(room->ch);
}

static void
muc_room_entered(struct room *room)
{
	timer_stop(&room->timer);
	room->heard_ms = loop_now_ms(room->x->loop);
	for (struct member *m = room->members; m; m = m->hh.next)
		muc_member_announce(room, m, EVENT_BACKLOG);
	announce_topic(room);
	about_announce(room);
	free(room->topic);
	free(room->topic_nick);
	room->topic = room->topic_nick = NULL;
	catchup_start(room);
}

static void
on_cleared(void *arg, xmpp_stanza_t *answer)
{
	struct room *room = arg;

	(void)answer; /* whatever it says, what we asked before was done */
	if (room->state == ROOM_CLEARING)
		muc_room_entered(room);
}

static void
on_cleared_late(void *arg)
{
	muc_room_entered(arg);
}

/* Everything that the room sends to who enters has come. */
static void
muc_room_settle(struct room *room)
{
	AUTO_STR self = { 0 };

	if (!room->ghosts) {
		muc_room_entered(room);
		return;
	}
	room->state = ROOM_CLEARING;
	timer_start(&room->timer, room->x->loop, CLEARING_MS, on_cleared_late,
		    room);
	str_init(&self, FULL_JID_MAX);
	occupant_jid(&self, room, room->nick);
	query_ping(room->x, room->x->listener, self.data, on_cleared, room);
}

static void
on_no_subject(void *arg)
{
	muc_room_settle(arg);
}

static void
on_no_entry(void *arg)
{
	muc_room_lost(arg, DOWN_UNREACHABLE, "the room does not answer");
}

xmpp_stanza_t *
muc_entry(struct room *room, const char *from, const char *nick,
	  const char *password)
{
	AUTO_STR to = { 0 };
	const struct conf_member *conf = room->ch->conf;

	str_init(&to, FULL_JID_MAX);
	occupant_jid(&to, room, nick);
	xmpp_stanza_t *st =
		stanza_new(room->x->ctx, "presence", from, to.data, NULL);
	xmpp_stanza_t *muc = stanza_add(st, "x", NS_MUC);
	if (conf && conf->key)
		password = secret_reveal(conf->key);
	if (password)
		stanza_add_text(muc, "password", NULL, password);
	if (strcmp(from, room->x->listener) != 0) {
		stanza_attr(stanza_add(muc, "history", NULL), "maxstanzas",
			    "0");
		return st;
	}
	catchup_add_history(room, muc);
	stanza_add_notice(st, room->ch->notice);
	return st;
}

void
muc_announce(struct network *net, struct channel *ch)
{
	struct room *room = ch->data;
	struct xmpp *x = xmpp_from(net);
	AUTO_STR to = { 0 };

	if (!room || room->state < ROOM_WAITING)
		return;
	str_init(&to, FULL_JID_MAX);
	occupant_jid(&to, room, room->nick);
	xmpp_stanza_t *st =
		stanza_new(x->ctx, "presence", x->listener, to.data, NULL);
	stanza_add_notice(st, ch->notice);
	xmpp_post(x, st);
}

static void
muc_room_enter(struct room *room)
{
	room->state = ROOM_ENTERING;
	timer_start(&room->timer, room->x->loop, ENTER_MS, on_no_entry, room);
	xmpp_post(room->x, muc_entry(room, room->x->listener, room->nick,
				     room->ch->password));
}

static bool
muc_room_next_nick(struct room *room)
{
	char nick[NICK_MAX];

	if (++room->attempt > NICK_ATTEMPTS)
		return false;
	jid_nick_from_name(room->x->conf->nick, room->x->conf->nick,
			   room->attempt, nick, sizeof(nick));
	free(room->nick);
	room->nick = xstrdup(nick);
	return true;
}

static void
muc_room_refused(struct room *room, xmpp_stanza_t *st)
{
	AUTO_STR text = { 0 };

	if (!strcmp(stanza_error_condition(st), "conflict") &&
	    muc_room_next_nick(room)) {
		muc_room_enter(room);
		return;
	}
	str_init(&text, 256);
	enum down_reason why = muc_refusal(&text, st, &room->ch->refusal);
	muc_room_lost(room, why, text.data);
}

static void
read_features(struct room *room, xmpp_stanza_t *answer)
{
	xmpp_stanza_t *query = stanza_child(answer, "query", NS_DISCO_INFO);
	xmpp_stanza_t *c = query ? xmpp_stanza_get_children(query) : NULL;

	for (; c; c = xmpp_stanza_get_next(c)) {
		const char *var =
			stanza_is(c, "feature") ? stanza_get(c, "var") : "";
		room->stable_ids |= !strcmp(var, NS_SID);
		room->occupant_ids |= !strcmp(var, NS_OCCUPANT_ID);
		room->archive |= !strcmp(var, NS_MAM);
	}
	room->archive &= room->stable_ids;
	/* Without ids that last, nothing can be pointed at. */
	if (!room->stable_ids)
		room->ch->caps &= ~(unsigned)(CAN_REPLY | CAN_EDIT);
}

static void
on_disco(void *arg, xmpp_stanza_t *answer)
{
	struct room *room = arg;
	const char *condition;

	if (!answer) {
		muc_room_lost(room, DOWN_UNREACHABLE,
			      "the room's server did not answer");
		return;
	}
	if (!stanza_has_type(answer, "error")) {
		read_features(room, answer);
		about_read(room, answer);
		muc_room_enter(room);
		return;
	}
	condition = stanza_error_condition(answer);
	if (!strcmp(condition, "item-not-found") ||
	    !strncmp(condition, "remote-server", strlen("remote-server")))
		muc_room_refused(room, answer);
	else
		muc_room_enter(room); /* hidden, or an old service */
}

void
muc_join(struct network *net, struct channel *ch)
{
	struct xmpp *x = xmpp_from(net);
	struct jid jid;
	char bare[FULL_JID_MAX];

	if (ch->kind == CHANNEL_HOSTED) {
		hosted_join(x, ch);
		return;
	}
	if (!jid_parse(&jid, ch->name) || !*jid.local || *jid.resource ||
	    !jid_format(&jid, bare, sizeof(bare))) {
		bridge_left(ch, DOWN_REFUSED,
			    "not the address of a room (room@service)");
		return;
	}
	if (muc_room_find(x, bare)) {
		bridge_left(ch, DOWN_REFUSED, "the room is joined already");
		return;
	}
	/* A room relays what we send as said now, without our <delay/>. */
	ch->caps = net->caps & ~(unsigned)CAN_DELAY;
	struct room *room = muc_room_new(x, ch, bare);
	xmpp_stanza_t *iq =
		stanza_new(x->ctx, "iq", x->listener, room->jid, "get");
	(void)stanza_add(iq, "query", NS_DISCO_INFO);
	query_send(x, iq, ANSWER_MS, on_disco, room);
}

void
muc_leave(struct network *net, struct channel *ch)
{
	struct room *room = ch->data;

	if (ch->kind == CHANNEL_HOSTED) {
		hosted_leave(xmpp_from(net), ch);
		return;
	}
	if (!room)
		return;
	muc_room_goodbye(room);
	muc_room_free(room);
}

void
muc_goodbye(struct xmpp *x)
{
	for (struct room *room = x->rooms; room; room = room->hh.next)
		muc_room_goodbye(room);
}

void
muc_drop(struct xmpp *x)
{
	struct room *room, *next;

	HASH_ITER(hh, x->rooms, room, next)
	muc_room_free(room);
}

/* ---- presence ------------------------------------------------------------ */

/* Nobody asked for it: give the server back what it made for us. */
static void
destroy_created(struct room *room)
{
	xmpp_stanza_t *iq = stanza_new(room->x->ctx, "iq", room->x->listener,
				       room->jid, "set");
	xmpp_stanza_t *query = stanza_add(iq, "query", NS_MUC_OWNER);

	(void)stanza_add(query, "destroy", NULL);
	query_send(room->x, iq, ANSWER_MS, NULL, NULL);
}

static void
self_available(struct room *room, const char *nick, xmpp_stanza_t *st,
	       const struct muc_user *u)
{
	if (room->state != ROOM_ENTERING)
		return;
	if (u->codes & MUC_CREATED) {
		destroy_created(room);
		muc_room_lost(room, DOWN_REFUSED, "no such room existed");
		return;
	}
	if (strcmp(room->nick, nick)) {
		free(room->nick);
		room->nick = xstrdup(nick);
	}
	free(room->occupant);
	room->occupant = xstrdup(muc_occupant_id(room, st));
	room->state = ROOM_WAITING;
	timer_start(&room->timer, room->x->loop, SUBJECT_MS, on_no_subject,
		    room);
}

static void
self_unavailable(struct room *room, xmpp_stanza_t *st, const struct muc_user *u)
{
	AUTO_STR text = { 0 };

	if (u->codes & MUC_RENAME && *u->nick) {
		free(room->nick);
		room->nick = xstrdup(u->nick);
		return;
	}
	str_init(&text, 512);
	enum down_reason why = muc_departure(&text, st, u, &room->ch->refusal);

	/* A kick asks to leave, not to stay away; a destroyed room may be
	 * made again. Unlike a puppet's, our going would silence everybody. */
	if ((u->codes & MUC_KICKED && !(u->codes & MUC_BANNED)) || u->destroyed)
		why = DOWN_LOST;
	muc_room_lost(room, why, text.data);
}

static void
listener_presence(struct room *room, const char *nick, xmpp_stanza_t *st)
{
	struct muc_user u;
	bool gone = stanza_has_type(st, "unavailable");

	if (stanza_has_type(st, "error")) {
		if (room->state == ROOM_ENTERING)
			muc_room_refused(room, st);
		return;
	}
	if (!*nick)
		about_presence(room, st);
	if (!*nick || (!gone && *stanza_get(st, "type")))
		return;
	if (!stanza_muc_user(&u, st) && !gone)
		return;
	bool self = u.codes & MUC_SELF ||
		    (room->state != ROOM_ENTERING && !strcmp(nick, room->nick));
	if (self && gone)
		self_unavailable(room, st, &u);
	else if (self)
		self_available(room, nick, st, &u);
	else if (gone)
		muc_member_gone(room, nick, st, &u);
	else
		muc_member_present(room, nick, st, &u);
}

/*
 * A room sends to an address of ours that is nobody's: somebody of a former
 * life sits there. Out with them.
 */
static void
evict_ghost(struct xmpp *x, struct room *room, xmpp_stanza_t *st)
{
	const char *type = stanza_get(st, "type");

	if (*type && strcmp(type, "groupchat"))
		return;
	if (stanza_is(st, "presence") && !stanza_child(st, "x", NS_MUC_USER))
		return;
	if (room)
		room->ghosts = true;
	xmpp_post(x, stanza_new(x->ctx, "presence", stanza_get(st, "to"),
				stanza_get(st, "from"), "unavailable"));
}

void
muc_presence(struct xmpp *x, xmpp_stanza_t *st)
{
	const char *from = stanza_get(st, "from");
	const char *to = stanza_get(st, "to");
	struct room *room = muc_room_find(x, from);

	if (room && !strcmp(to, x->listener)) {
		room->heard_ms = loop_now_ms(x->loop);
		listener_presence(room, jid_resource(from), st);
		return;
	}
	struct seat *seat = room ? seat_find_from(room, to) : NULL;
	if (seat)
		seat_presence(seat, st);
	else
		evict_ghost(x, room, st);
}

/* ---- messages ------------------------------------------------------------ */

static void
muc_room_message(struct room *room, xmpp_stanza_t *st)
{
	const char *nick = jid_resource(stanza_get(st, "from"));

	room->heard_ms = loop_now_ms(room->x->loop);
	if (!*nick)
		about_message(room, st);
	if (room->state == ROOM_WAITING) {
		xmpp_stanza_t *subject = stanza_own_child(st, "subject");
		if (!subject || stanza_own_child(st, "body")) {
			catchup_history(room, st);
			timer_start(&room->timer, room->x->loop, SUBJECT_MS,
				    on_no_subject, room);
			return;
		}
		AUTO_STR text = { 0 };
		str_init(&text, STANZA_TEXT_MAX);
		stanza_read_text(&text, subject);
		/* An empty one says that there is none. */
		if (text.len && !str_overflowed(&text)) {
			const char *who = *nick ? nick : room->jid;
			room->topic = str_take(&text);
			room->topic_nick = xstrdup(who);
		}
		muc_room_settle(room);
		return;
	}
	if (room->state == ROOM_CLEARING)
		muc_room_entered(room); /* the first live word */
	if (room->state == ROOM_READING)
		catchup_hold(room, st);
	else if (room->state == ROOM_JOINED)
		talk_received(room, nick, st);
}

void
muc_message(struct xmpp *x, xmpp_stanza_t *st)
{
	const char *from = stanza_get(st, "from");
	const char *to = stanza_get(st, "to");
	struct room *room = muc_room_find(x, from);

	if (stanza_has_type(st, "error")) {
		wire_error(x, room, st);
		return;
	}
	if (room && !strcmp(to, x->listener))
		muc_room_message(room, st);
	else if (!room || !seat_find_from(room, to))
		evict_ghost(x, room, st);
}

/* ---- copies -------------------------------------------------------------- */

static bool
is_somebody_else(struct room *room, const struct seat *seat, const char *nick)
{
	struct member *m;
	struct seat *other;

	if (!strcmp(nick, seat->nick))
		return false;
	if (seat->state == SEAT_JOINED)
		return true;
	/* The room may let it in under another nick than it asked for. */
	other = seat_find(room, nick);
	m = muc_member_find(room, nick);
	return !strcmp(nick, room->nick) || (m && m->order < seat->order) ||
	       (other && other != seat && other->state == SEAT_JOINED);
}

bool
muc_is_copy(struct xmpp *x, const struct first_tag *tag)
{
	struct room *room = muc_room_find(x, tag->from);
	struct seat *seat = room ? seat_find_from(room, tag->to) : NULL;
	const char *type = tag->type;

	if (!seat)
		return false;
	if (!strcmp(tag->name, "message"))
		return !strcmp(type, "groupchat");
	if (strcmp(tag->name, "presence") != 0 ||
	    (*type && strcmp(type, "unavailable") != 0))
		return false;
	return is_somebody_else(room, seat, jid_resource(tag->from));
}
