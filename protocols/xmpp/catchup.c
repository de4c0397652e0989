/* SPDX-License-Identifier: MIT */
/*
 * catchup.c - a room's archive or history, read after an outage; see
 * catchup.h.
 *
 * XEP-0313 with XEP-0059, as a reader. Results count only if they come from
 * the room itself, while we read, under the name that we gave to the question
 * (FAULTS T37). Clocks of ours and of the room differ: where time is all there
 * is, we ask for a minute more and leave it to the keys to recognise what is
 * known.
 */

#include "protocols/xmpp/catchup.h"
#include "protocols/xmpp/rsm.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "protocols/xmpp/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_FORWARD "urn:xmpp:forward:0"
#define NS_DATA "jabber:x:data"

#define PAGE 50
#define LATE_MAX (10 * PAGE) /* messages of others in one catch-up */
#define HELD_MAX 500
#define OWN_MAX 512
#define READ_MS 20000
#define CLOCKS_MS 60000 /* how far ours and theirs may be apart */
#define TAIL_MAX 200
#define PREFIX_MAX 16 /* around a name that stands before a text */
#define SID_MAX 900   /* leaves room for the stamp in a cursor */

/* Words of ours, found in the room. */
struct own {
	char *id;                    /* of the delivery; key */
	char *sid, *nick, *occupant; /* "" where not known */
	char tail[TAIL_MAX + 1];     /* of the body, */
	size_t len;                  /* which is that long */
	UT_hash_handle hh;
};

struct stanzas {
	xmpp_stanza_t *list[HELD_MAX];
	size_t n;
};

struct catchup {
	char *after;      /* id to go on after; NULL: by time */
	int64_t since_ms; /* of the cursor; -1: there is none */
	int64_t newest_ms;
	char query[24]; /* "" unless we read */
	size_t taken;
	bool progress; /* the page we read gave something */
	bool by_stamp; /* the cursor has no id */
	bool cut;      /* the end of it is missing */
	bool hole;     /* the beginning */
	struct stanzas past, held;
	struct own *own;
};

/* ---- life ---------------------------------------------------------------- */

static void
read_cursor(struct catchup *c, const char *cursor)
{
	const char *bar = cursor ? strrchr(cursor, '|') : NULL;

	c->since_ms = cursor ? stamp_read(bar ? bar + 1 : cursor) : -1;
	if (bar && c->since_ms >= 0)
		c->after = strndup(cursor, (size_t)(bar - cursor));
	c->by_stamp = !c->after;
	c->newest_ms = c->since_ms;
}

struct catchup *
catchup_new(struct room *room)
{
	struct catchup *c = xcalloc(1, sizeof(*c));

	read_cursor(c, room->ch->cursor);
	return c;
}

static void
stanzas_drop(struct stanzas *s)
{
	while (s->n)
		(void)xmpp_stanza_release(s->list[--s->n]);
}

static bool
stanzas_add(struct stanzas *s, xmpp_stanza_t *st)
{
	if (s->n == HELD_MAX)
		return false;
	s->list[s->n++] = xmpp_stanza_clone(st);
	return true;
}

static void
own_free(struct catchup *c, struct own *o)
{
	HASH_DELETE(hh, c->own, o);
	free(o->id);
	free(o->sid);
	free(o->nick);
	free(o->occupant);
	free(o);
}

void
catchup_free(struct catchup *c)
{
	struct own *o, *next;

	if (!c)
		return;
	HASH_ITER(hh, c->own, o, next)
	own_free(c, o);
	stanzas_drop(&c->past);
	stanzas_drop(&c->held);
	free(c->after);
	free(c);
}

void
catchup_mark(struct room *room, struct event *ev, const char *sid,
	     int64_t when_ms)
{
	char stamp[STAMP_MAX];
	AUTO_STR cursor = { 0 };

	if (room->catchup && room->catchup->own)
		return;
	stamp_write(stamp, when_ms);
	str_init(&cursor, SID_MAX + STAMP_MAX);
	if (sid && strlen(sid) <= SID_MAX)
		str_printf(&cursor, "%s|", sid);
	str_add(&cursor, stamp);
	if (*stamp)
		ev->cursor = event_strdup(ev, cursor.data);
}

/* ---- our own words ------------------------------------------------------- */

/* The id under which we sent it, of this run or an earlier one; or NULL. */
static const char *
own_id(struct room *room, xmpp_stanza_t *st)
{
	const char *prefix = room->x->net.prefix;
	xmpp_stanza_t *origin = stanza_child(st, "origin-id", NS_SID);
	const char *ids[] = { stanza_get(st, "id"),
			      origin ? stanza_get(origin, "id") : "" };

	for (size_t i = 0; prefix && i < ARRAY_SIZE(ids); i++) {
		if (!strncmp(ids[i], prefix, strlen(prefix)))
			return ids[i];
	}
	return NULL;
}

/* How the body of st ends, and how long it is; without "/me ". */
static void
read_tail(xmpp_stanza_t *st, char tail[TAIL_MAX + 1], size_t *len)
{
	AUTO_STR body = { 0 };

	str_init(&body, STANZA_TEXT_MAX);
	stanza_read_text(&body, stanza_own_child(st, "body"));
	if (!strncmp(body.data, "/me ", 4))
		str_consume(&body, 4);
	*len = body.len;
	size_t skip = body.len > TAIL_MAX ? body.len - TAIL_MAX : 0;
	memcpy(tail, body.data + skip, body.len - skip + 1);
}

static void
own_note(struct room *room, const char *id, const char *sid, xmpp_stanza_t *st)
{
	struct catchup *c = room->catchup;
	struct own *o;

	HASH_FIND(hh, c->own, id, strlen(id), o);
	if (o || !bridge_awaits(room->ch, id))
		return; /* a copy, or confirmed long ago */
	if (HASH_COUNT(c->own) >= OWN_MAX)
		own_free(c, c->own); /* the oldest */
	o = xcalloc(1, sizeof(*o));
	o->id = xstrdup(id);
	o->sid = xstrdup(sid ? sid : "");
	o->nick = xstrdup(jid_resource(stanza_get(st, "from")));
	o->occupant = xstrdup(muc_occupant_id(room, st));
	read_tail(st, o->tail, &o->len);
	HASH_ADD_KEYPTR(hh, c->own, o->id, strlen(o->id), o);
}

/* What the room vouches for must fit, else the nick. */
static bool
is_voice(const struct own *o, const char *nick, const char *occupant)
{
	if (*o->occupant && occupant && *occupant)
		return !strcmp(o->occupant, occupant);
	return !strcmp(o->nick, nick);
}

/*
 * A puppet of a former life said what the listener is to say now, with the
 * name in front: nobody goes by that nick, and the words are the same.
 */
static bool
is_former(struct room *room, const struct own *o, const struct delivery *d,
	  xmpp_stanza_t *st)
{
	char tail[TAIL_MAX + 1];
	size_t len;
	size_t prefix = strlen(d->event->sender.name) + PREFIX_MAX;

	read_tail(st, tail, &len);
	if (muc_member_find(room, o->nick) || !o->len || len < o->len ||
	    len - o->len > prefix)
		return false;
	size_t now = strlen(tail), then = strlen(o->tail);
	return then <= now && !strcmp(tail + now - then, o->tail);
}

/* Ids can be guessed. */
static bool
is_ours(struct room *room, const struct own *o, const struct seat *speaker)
{
	return is_voice(o, room->nick, room->occupant) ||
	       (speaker && is_voice(o, speaker->nick, speaker->occupant));
}

bool
catchup_confirms(struct room *room, struct delivery *d,
		 const struct seat *speaker, xmpp_stanza_t *st)
{
	const char *ids[2];
	size_t n = 0;
	struct own *o;

	HASH_FIND(hh, room->catchup->own, d->id, strlen(d->id), o);
	if (!o)
		return false;
	if (!is_ours(room, o, speaker) && !is_former(room, o, d, st)) {
		own_free(room->catchup, o); /* somebody knew the id */
		return false;
	}
	if (*o->sid)
		ids[n++] = o->sid;
	ids[n++] = o->id;
	talk_remember(room, ids[0], o->nick, d->event->text.utf8);
	bridge_sent(d, ids, n);
	own_free(room->catchup, o);
	return true;
}

/* ---- what is found ------------------------------------------------------- */

static void
take(struct room *room, xmpp_stanza_t *st, const char *sid, int64_t when_ms)
{
	struct catchup *c = room->catchup;
	const char *own = own_id(room, st);
	int64_t now_ms = loop_wall_ms(room->x->loop);

	c->progress = true;
	if (own) {
		own_note(room, own, sid, st);
		return;
	}
	if (c->since_ms < 0)
		return; /* nothing of that room was ever kept */
	if (when_ms < 0 || when_ms > now_ms)
		when_ms = now_ms;
	if (sid && c->by_stamp && when_ms <= c->since_ms)
		return; /* kept when the room gave no ids */
	struct heard h = { .late = true,
			   .sid = sid,
			   .when_ms = when_ms,
			   .known_ms = c->since_ms };
	if (when_ms > c->newest_ms)
		c->newest_ms = when_ms;
	h.mark_ms = c->newest_ms; /* it never goes back */
	c->taken++;
	talk_late(room, jid_resource(stanza_get(st, "from")), st, &h);
}

/* The stamp that the room put on st; -1 if there is none. */
static int64_t
read_delay(struct room *room, xmpp_stanza_t *st)
{
	xmpp_stanza_t *c = xmpp_stanza_get_children(st);
	int64_t when_ms = -1;

	for (; c; c = xmpp_stanza_get_next(c)) {
		if (stanza_is(c, "delay") &&
		    !strcmp(stanza_get(c, "xmlns"), NS_DELAY) &&
		    jid_same_bare(stanza_get(c, "from"), room->jid))
			when_ms = stamp_read(stanza_get(c, "stamp"));
	}
	return when_ms;
}

/* ---- the end ------------------------------------------------------------- */

static void
finish(struct room *room)
{
	struct catchup *c = room->catchup;

	timer_stop(&room->timer);
	query_drop(room->x, room);
	c->query[0] = '\0';
	if (c->taken)
		log_info(room->x->net.name, "%s: caught up with %zu messages",
			 room->jid, c->taken);
	if (c->since_ms >= 0 && (c->cut || c->hole))
		bridge_gap(room->ch, c->hole ? c->since_ms : c->newest_ms);
	muc_room_ready(room);
	for (size_t i = 0; i < c->held.n; i++) {
		xmpp_stanza_t *st = c->held.list[i];
		talk_received(room, jid_resource(stanza_get(st, "from")), st);
	}
	stanzas_drop(&c->held);
}

static void
give_up(struct room *room, const char *why)
{
	log_peer(room->x->net.name, "%s: catching up was cut short: %s",
		 room->jid, why);
	room->catchup->cut = true;
	finish(room);
}

/* ---- the archive --------------------------------------------------------- */

static void on_page(void *arg, xmpp_stanza_t *answer);

static void
add_field(xmpp_stanza_t *form, const char *var, const char *value)
{
	xmpp_stanza_t *field = stanza_add(form, "field", NULL);

	stanza_attr(field, "var", var);
	stanza_add_text(field, "value", NULL, value);
}

/* The page after c->after, or since the time; of a new room the last one. */
static void
ask(struct room *room)
{
	struct catchup *c = room->catchup;
	struct xmpp *x = room->x;
	xmpp_stanza_t *iq =
		stanza_new(x->ctx, "iq", x->listener, room->jid, "set");
	xmpp_stanza_t *query = stanza_add(iq, "query", NS_MAM);
	char number[STAMP_MAX];

	(void)snprintf(c->query, sizeof(c->query), "%016" PRIx64,
		       loop_random(x->loop));
	stanza_attr(query, "queryid", c->query);
	if (c->since_ms >= 0 && !c->after) {
		xmpp_stanza_t *form = stanza_add(query, "x", NS_DATA);
		stanza_attr(form, "type", "submit");
		add_field(form, "FORM_TYPE", NS_MAM);
		stamp_write(number, c->since_ms > CLOCKS_MS
					    ? c->since_ms - CLOCKS_MS
					    : 0);
		add_field(form, "start", number);
	}
	xmpp_stanza_t *set = stanza_add(query, "set", NS_RSM);
	(void)snprintf(number, sizeof(number), "%d", PAGE);
	stanza_add_text(set, "max", NULL, number);
	if (c->after)
		stanza_add_text(set, "after", NULL, c->after);
	else if (c->since_ms < 0)
		(void)stanza_add(set, "before", NULL);
	c->progress = false;
	query_send(x, iq, READ_MS, on_page, room);
}

static void
page_failed(struct room *room, xmpp_stanza_t *answer)
{
	struct catchup *c = room->catchup;

	if (!strcmp(stanza_error_condition(answer), "item-not-found") &&
	    c->after && !c->taken) {
		free(c->after); /* no longer in the archive */
		c->after = NULL;
		ask(room);
		return;
	}
	give_up(room, stanza_error_condition(answer));
}

static void
on_page(void *arg, xmpp_stanza_t *answer)
{
	struct room *room = arg;
	struct catchup *c = room->catchup;
	AUTO_STR last = { 0 };

	if (!answer) {
		give_up(room, "the archive did not answer");
		return;
	}
	if (stanza_has_type(answer, "error")) {
		page_failed(room, answer);
		return;
	}
	xmpp_stanza_t *fin = stanza_child(answer, "fin", NS_MAM);
	xmpp_stanza_t *set = stanza_child(fin, "set", NS_RSM);
	str_init(&last, SID_MAX);
	if (set)
		stanza_read_text(&last, stanza_own_child(set, "last"));
	bool over = !fin || c->since_ms < 0 || !c->progress || !last.len ||
		    !strcmp(stanza_get(fin, "complete"), "true");
	if (over) {
		finish(room);
	} else if (c->taken >= LATE_MAX || str_overflowed(&last)) {
		give_up(room, "there is too much");
	} else {
		free(c->after);
		c->after = str_take(&last);
		ask(room);
	}
}

void
catchup_result(struct room *room, xmpp_stanza_t *st)
{
	xmpp_stanza_t *result = stanza_child(st, "result", NS_MAM);
	xmpp_stanza_t *forwarded =
		stanza_child(result, "forwarded", NS_FORWARD);
	const char *query = room->catchup->query;
	const char *sid = stanza_get(result, "id");

	if (!*query || strcmp(stanza_get(result, "queryid"), query) != 0 ||
	    !forwarded || !*sid || strlen(sid) > SID_MAX)
		return;
	xmpp_stanza_t *delay = stanza_child(forwarded, "delay", NS_DELAY);
	int64_t when_ms = delay ? stamp_read(stanza_get(delay, "stamp")) : -1;
	xmpp_stanza_t *c = xmpp_stanza_get_children(forwarded);
	while (c && !stanza_is(c, "message"))
		c = xmpp_stanza_get_next(c);
	if (c && stanza_has_type(c, "groupchat") &&
	    jid_same_bare(stanza_get(c, "from"), room->jid))
		take(room, c, sid, when_ms);
	else
		room->catchup->progress = true; /* not for us to judge */
}

static void
on_read_late(void *arg)
{
	give_up(arg, "it took too long");
}

/* ---- history ------------------------------------------------------------- */

void
catchup_add_history(struct room *room, xmpp_stanza_t *muc)
{
	struct catchup *c = room->catchup;
	xmpp_stanza_t *history = stanza_add(muc, "history", NULL);
	char text[STAMP_MAX];

	if (room->archive) {
		stanza_attr(history, "maxstanzas", "0");
	} else if (c->since_ms < 0) {
		(void)snprintf(text, sizeof(text), "%d", PAGE);
		stanza_attr(history, "maxstanzas", text);
	} else {
		stamp_write(text, c->since_ms > CLOCKS_MS
					  ? c->since_ms - CLOCKS_MS
					  : 0);
		stanza_attr(history, "since", text);
	}
}

void
catchup_history(struct room *room, xmpp_stanza_t *st)
{
	if (room->archive)
		return; /* not asked for */
	if (!stanza_child(st, "delay", NS_DELAY))
		catchup_hold(room, st);
	else if (!stanzas_add(&room->catchup->past, st))
		room->catchup->cut = true;
}

/*
 * What the cursor stands for is of that room, so it is in a history that
 * reaches back far enough.
 */
static bool
reaches_back(struct room *room)
{
	struct catchup *c = room->catchup;
	int64_t oldest_ms = c->past.n ? read_delay(room, c->past.list[0]) : -1;

	return oldest_ms < 0 || oldest_ms <= c->since_ms + CLOCKS_MS;
}

static void
take_history(struct room *room)
{
	struct stanzas *past = &room->catchup->past;

	if (room->catchup->since_ms >= 0 && !reaches_back(room)) {
		log_peer(room->x->net.name,
			 "%s: the history begins after what was heard last",
			 room->jid);
		room->catchup->hole = true;
	}
	for (size_t i = 0; i < past->n; i++)
		take(room, past->list[i], NULL,
		     read_delay(room, past->list[i]));
	stanzas_drop(past);
}

/* ---- the course of it ---------------------------------------------------- */

void
catchup_start(struct room *room)
{
	room->state = ROOM_READING;
	take_history(room);
	if (!room->archive) {
		finish(room);
		return;
	}
	timer_start(&room->timer, room->x->loop, READ_MS, on_read_late, room);
	ask(room);
}

void
catchup_hold(struct room *room, xmpp_stanza_t *st)
{
	const char *own = own_id(room, st);
	const char *sid =
		room->stable_ids ? stanza_room_id(st, room->jid) : NULL;

	if (own) {
		own_note(room, own, sid, st); /* from before we lost the room */
		return;
	}
	if (stanzas_add(&room->catchup->held, st))
		return;
	if (room->state != ROOM_READING) {
		room->catchup->cut = true; /* not even in yet */
		return;
	}
	give_up(room, "too much is said meanwhile");
	talk_received(room, jid_resource(stanza_get(st, "from")), st);
}
