/* SPDX-License-Identifier: MIT */
/*
 * hosted_past.c - what was said in hosted rooms: what is told to those who come
 * in, and how the archive shows it.
 *
 * The last of it is remembered as it was shown; what is older is on disk. Of
 * both, people are told what was said while they were there.
 */

#include "protocols/xmpp/hosted.h"

#include "bridge/base.h"
#include "conf/conf.h"
#include "protocols/xmpp/stamp.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WISH_STANZAS 20 /* of who wishes nothing */
#define PAST_OVERHEAD 512

/* ---- the past ------------------------------------------------------------ */

static struct past *
past_at(struct hosted *h, size_t i)
{
	return &h->past[(h->past_begin + i) % PAST_MAX];
}

static void
past_drop_first(struct hosted *h)
{
	struct past *p = past_at(h, 0);

	(void)xmpp_stanza_release(p->st);
	free(p->nick);
	free(p->id);
	h->past_bytes -= p->size;
	h->past_begin = (h->past_begin + 1) % PAST_MAX;
	h->n_past--;
}

void
hosted_forget_past(struct hosted *h)
{
	while (h->n_past)
		past_drop_first(h);
}

/* What was said again after a crash, or was on its way, stands there once. */
static bool
is_remembered(struct hosted *h, int64_t number)
{
	for (size_t i = h->n_past; i--;)
		if (past_at(h, i)->number == number)
			return true;
	return false;
}

void
hosted_remember(struct hosted *h, const struct event *ev, xmpp_stanza_t *st,
		const char *nick, const char *id)
{
	size_t size = ev->text.len + PAST_OVERHEAD;
	struct past *p;

	if (is_remembered(h, ev->number))
		return;
	while (h->n_past == PAST_MAX ||
	       (h->n_past && h->past_bytes + size > PAST_BYTES))
		past_drop_first(h);
	p = past_at(h, h->n_past++);
	h->past_bytes += size;
	*p = (struct past){
		.st = xmpp_stanza_clone(st),
		.nick = xstrdup(nick ? nick : ""),
		.id = id ? xstrdup(id) : NULL,
		.when_ms = ev->when_ms,
		.size = size,
		.number = ev->number,
	};
}

/* Clients point at a message by the id that the room gave it. */
const char *
hosted_own_id(struct hosted *h, struct event *ev, const char *id)
{
	for (size_t i = 0; id && i < h->n_past; i++) {
		const struct past *p = past_at(h, i);
		char number[24];

		(void)snprintf(number, sizeof(number), "%" PRId64, p->number);
		if (!strcmp(number, id))
			return p->id ? event_strdup(ev, p->id) : id;
	}
	return id;
}

const char *
hosted_room_id(struct hosted *h, const char *id, char number[24])
{
	for (size_t i = 0; i < h->n_past; i++) {
		const struct past *p = past_at(h, i);

		if (!p->id || strcmp(p->id, id) != 0)
			continue;
		(void)snprintf(number, 24, "%" PRId64, p->number);
		return number;
	}
	return id;
}

void
hosted_read_wish(xmpp_stanza_t *muc, int64_t now_ms, struct history_wish *out)
{
	xmpp_stanza_t *history = muc ? stanza_own_child(muc, "history") : NULL;
	unsigned long seconds;

	*out = (struct history_wish){ ULONG_MAX, WISH_STANZAS, 0 };
	if (!history)
		return;
	out->stanzas = ULONG_MAX;
	(void)stanza_number(stanza_get(history, "maxchars"), &out->chars);
	(void)stanza_number(stanza_get(history, "maxstanzas"), &out->stanzas);
	out->since_ms = stamp_read(stanza_get(history, "since"));
	if (out->since_ms < 0)
		out->since_ms = 0;
	if (stanza_number(stanza_get(history, "seconds"), &seconds) &&
	    seconds < INT32_MAX &&
	    now_ms - (int64_t)seconds * 1000 > out->since_ms)
		out->since_ms = now_ms - (int64_t)seconds * 1000;
}

/* ---- as it was shown ----------------------------------------------------- */

void
hosted_add_ids(const char *room, const struct event *ev, xmpp_stanza_t *st,
	       const char *occupant_id)
{
	char number[24];

	if (occupant_id)
		stanza_attr(stanza_add(st, "occupant-id", NS_OCCUPANT_ID), "id",
			    occupant_id);
	if (ev->number) {
		xmpp_stanza_t *sid = stanza_add(st, "stanza-id", NS_SID);
		(void)snprintf(number, sizeof(number), "%" PRId64, ev->number);
		stanza_attr(sid, "by", room);
		stanza_attr(sid, "id", number);
	}
}

/* A room's past, whether the room is open or not. */
struct place_past {
	struct xmpp *x;
	const char *room, *network;
};

/* Who is of elsewhere has another network's label, and no id to refer to. */
static xmpp_stanza_t *
rebuild(const struct place_past *p, const struct event *ev, char nick[NICK_MAX])
{
	bool user = ev->flags & EVENT_GATEWAY;
	char occupant_id[OCCUPANT_ID_LEN + 1];
	char id[32];
	struct message_form form = { .type = "groupchat",
				     .id = ev->id,
				     .anonymous = !user };
	xmpp_stanza_t *st = NULL;

	(void)snprintf(id, sizeof(id), "g%" PRId64, ev->number);
	if (!form.id || !user)
		form.id = id;
	if (user && ev->kind == EVENT_EDIT)
		form.replaces = ev->target;
	if (user && ev->kind == EVENT_REDACTION)
		st = hosted_retraction(p->x, ev, form.id);
	else if (ev->kind == EVENT_MESSAGE || (user && ev->kind == EVENT_EDIT))
		st = message_from_event(p->x->ctx, ev, &form);
	if (!st)
		return NULL;
	jid_nick_from_name(ev->sender.name, ev->sender.id, 0, nick, NICK_MAX);
	hosted_occupant_id(p->x, p->room, user ? "xmpp" : p->network,
			   ev->sender.id, occupant_id);
	hosted_add_ids(p->room, ev, st, occupant_id);
	return st;
}

xmpp_stanza_t *
hosted_archived(struct xmpp *x, const char *room,
		const struct address_place *place, const struct event *ev)
{
	const struct place_past p = { x, room, place->label };
	char nick[NICK_MAX];
	AUTO_STR from = { 0 };
	xmpp_stanza_t *st = rebuild(&p, ev, nick);

	if (!st)
		return NULL;
	str_init(&from, FULL_JID_MAX);
	str_printf(&from, "%s/%s", room, nick);
	stanza_attr(st, "from", from.data);
	return st;
}

static void
recall(void *arg, const struct event *ev)
{
	struct hosted *h = arg;
	const struct place_past p = { h->x, h->jid, h->network };
	char nick[NICK_MAX];
	xmpp_stanza_t *st = rebuild(&p, ev, nick);

	if (!st)
		return;
	hosted_remember(h, ev, st, nick,
			ev->flags & EVENT_GATEWAY ? stanza_get(st, "id")
						  : NULL);
	(void)xmpp_stanza_release(st);
}

void
hosted_recall_past(struct hosted *h)
{
	struct history_query query = { .max = PAST_MAX, .newest = true };
	struct history result;

	if (!h->n_past)
		(void)bridge_history(h->ch, &query, recall, h, &result);
}

/* ---- who comes in -------------------------------------------------------- */

/* What one client is told, from the newest back. */
struct telling {
	struct hosted *h;
	const struct client *c;
	unsigned long chars, stanzas; /* that may still be told */
	bool over;                    /* the wish is fulfilled */
	struct told_past {
		xmpp_stanza_t *st; /* a reference */
		char nick[NICK_MAX];
		int64_t when_ms;
	} * list;
	size_t n;
};

static size_t
length_of(struct xmpp *x, xmpp_stanza_t *st)
{
	char *text = NULL;
	size_t len = 0;

	if (xmpp_stanza_to_text(st, &text, &len) == XMPP_EOK)
		xmpp_free(x->ctx, text);
	return len;
}

static void
tell_one(struct telling *t, xmpp_stanza_t *st, const char *nick,
	 int64_t when_ms)
{
	size_t len = t->chars == ULONG_MAX ? 0 : length_of(t->h->x, st);
	const struct sender by = { .id = nick };
	struct told_past *one;

	if (bridge_blocks(&t->h->x->net, t->c->who->id, t->h->network, &by))
		return;
	if (t->over || !t->stanzas || len > t->chars ||
	    when_ms < t->c->wish.since_ms) {
		t->over = true;
		return;
	}
	t->stanzas--;
	if (t->chars != ULONG_MAX)
		t->chars -= len;
	t->list = xrealloc(t->list, (t->n + 1) * sizeof(*t->list));
	one = &t->list[t->n++];
	one->st = xmpp_stanza_copy(st);
	one->when_ms = when_ms;
	(void)snprintf(one->nick, sizeof(one->nick), "%s", nick);
}

static void
tell_remembered(struct telling *t)
{
	struct hosted *h = t->h;
	int64_t numbers[PAST_MAX];
	bool may[PAST_MAX];

	for (size_t i = 0; i < h->n_past; i++)
		numbers[i] = past_at(h, i)->number;
	if (!bridge_may_read(h->ch, t->c->who->id, numbers, h->n_past, may))
		t->over = true; /* was never here before */
	for (size_t i = h->n_past; i-- && !t->over;) {
		const struct past *p = past_at(h, i);

		if (may[i])
			tell_one(t, p->st, p->nick, p->when_ms);
	}
}

struct older {
	struct event *list[HISTORY_MAX];
	size_t n;
};

static void
take_older(void *arg, const struct event *ev)
{
	struct older *o = arg;

	o->list[o->n++] = event_ref((struct event *)(uintptr_t)ev);
}

/* What was before that, of a room that has said more. */
static void
tell_older(struct telling *t)
{
	struct hosted *h = t->h;
	const struct place_past p = { h->x, h->jid, h->network };
	const struct archive archive = { .reader = t->c->who->id,
					 .room = h->jid };
	struct history_query query = { .newest = true, .max = HISTORY_MAX };
	struct history result;
	struct older older = { .n = 0 };

	if (t->over || !h->n_past)
		return;
	query.before = past_at(h, 0)->number;
	if (t->stanzas < query.max)
		query.max = (unsigned)t->stanzas;
	if (query.max)
		(void)bridge_archive(&h->x->net, &archive, &query, take_older,
				     &older, &result);
	while (older.n) {
		struct event *ev = older.list[--older.n];
		char nick[NICK_MAX];
		xmpp_stanza_t *st = rebuild(&p, ev, nick);

		if (st) {
			tell_one(t, st, nick, ev->when_ms);
			(void)xmpp_stanza_release(st);
		}
		event_unref(ev);
	}
}

static void
add_delay(xmpp_stanza_t *st, const char *room, int64_t when_ms)
{
	char stamp[STAMP_MAX];

	stamp_write(stamp, when_ms);
	if (!*stamp || stanza_child(st, "delay", NS_DELAY))
		return;
	xmpp_stanza_t *delay = stanza_add(st, "delay", NS_DELAY);
	stanza_attr(delay, "from", room);
	stanza_attr(delay, "stamp", stamp);
}

static void
take_max(void *arg, const struct setting *setting, const char *value)
{
	struct telling *t = arg;
	unsigned long max;

	if (!strcmp(setting->key, "max_history_length") && value &&
	    stanza_number(value, &max) && max < t->stanzas)
		t->stanzas = max;
}

void
hosted_tell_subject(struct hosted *h, const struct client *c)
{
	const char *topic = h->ch ? bridge_topic(h->ch) : NULL;
	xmpp_stanza_t *st =
		stanza_new(h->x->ctx, "message", NULL, NULL, "groupchat");

	stanza_add_text(st, "subject", NULL, topic ? topic : "");
	client_post(c, st, NULL);
	(void)xmpp_stanza_release(st);
}

void
hosted_tell_past(struct hosted *h, const struct client *c)
{
	const struct command_place bridge = { .kind = PLACE_BRIDGE };
	struct telling t = { .h = h,
			     .c = c,
			     .chars = c->wish.chars,
			     .stanzas = c->wish.stanzas };

	if (h->ch && t.stanzas) {
		bridge_settings(&h->x->net, c->who->id, &bridge, take_max, &t);
		tell_remembered(&t);
		tell_older(&t);
	}
	while (t.n) {
		struct told_past *one = &t.list[--t.n];

		add_delay(one->st, c->room, one->when_ms);
		client_post(c, one->st, one->nick);
		(void)xmpp_stanza_release(one->st);
	}
	free(t.list);
	hosted_tell_subject(h, c);
}
