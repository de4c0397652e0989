/* SPDX-License-Identifier: MIT */
/* track.c - what is remembered of topics, also over a restart; see track.h. */

#include "protocols/mqtt/track.h"

#include "bridge/base.h"
#include "bridge/event.h"
#include "bridge/log.h"
#include "bridge/pool.h"
#include "bridge/str.h"
#include "conf/rules.h"
#include "conf/topic.h"
#include "protocols/mqtt/mqtt.h"

#include <utlist.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCOPE_BYTES 300
#define TRIES 32 /* to find one that nobody waits for */

/* ---- as memos ------------------------------------------------------------ */

/* "$rules/house": there are rules of one link in each. */
static const char *
scope_of(const struct watch *w)
{
	return w->place->ch->name;
}

/* "temperature 0abc1234 house/east/temp"; without a topic: of the rule. */
static void
key_of(struct str *out, const struct watch *w, const char *topic)
{
	str_init(out, 2 * MEMO_KEY_MAX);
	str_printf(out, "%s %08x", w->rule->name,
		   broker_subscription_id(w->filter));
	if (topic) {
		str_add(out, " ");
		str_add(out, topic);
	}
	/* Then it is too long to be remembered. */
	if (str_overflowed(out))
		while (out->len <= MEMO_KEY_MAX)
			str_add_char(out, '/');
}

static struct moment
moment_of(struct mqtt *q)
{
	return (struct moment){ loop_now_ms(q->loop), loop_wall_ms(q->loop) };
}

static void
value_of(struct str *out, const struct track *t)
{
	const struct moment at = moment_of(t->watch->place->q);

	str_init(out, MEMO_VALUE_MAX);
	memo_write(out, &t->r, &at);
}

static void
untouch(struct track *t)
{
	struct mqtt *q = t->watch->place->q;

	if (t->touched)
		DL_DELETE2(q->touched, t, prev_touched, next_touched);
	t->touched = false;
}

/* ---- writing ------------------------------------------------------------- */

/* For one call of bridge_remember(). */
struct list {
	struct pool *pool;
	struct memo *memos;
};

static void
list_add(struct list *list, const struct watch *w, const char *topic,
	 const char *value)
{
	struct memo *memo = pool_alloc(list->pool, sizeof(*memo));
	AUTO_STR key = { 0 };

	key_of(&key, w, topic);
	memo->scope = scope_of(w);
	memo->key = pool_strdup(list->pool, key.data);
	memo->value = pool_strdup(list->pool, value);
	memo->next = list->memos;
	list->memos = memo;
}

static void
skipped_value(struct str *out, const struct watch *w)
{
	str_init(out, MEMO_VALUE_MAX);
	memo_write_skipped(out, w->skipped, w->last);
}

static void
add_touched(struct list *list, struct mqtt *q)
{
	while (q->touched) {
		struct track *t = q->touched;
		AUTO_STR value = { 0 };

		value_of(&value, t);
		list_add(list, t->watch, t->topic, value.data);
		untouch(t);
	}
	for (struct place *p = q->places; p; p = p->next)
		for (size_t i = 0; i < p->n_watches; i++) {
			struct watch *w = &p->watches[i];
			AUTO_STR value = { 0 };

			if (!w->touched)
				continue;
			w->touched = false;
			skipped_value(&value, w);
			list_add(list, w, NULL, w->skipped ? value.data : NULL);
		}
}

static void
on_turn(void *arg)
{
	struct mqtt *q = arg;
	struct list list = { pool_new(), NULL };

	q->turning = false;
	add_touched(&list, q);
	if (list.memos)
		bridge_remember(&q->net, list.memos,
				q->turn_holds ? ++q->ticket : 0);
	else if (q->turn_holds)
		broker_release(q->broker);
	q->turn_holds = false;
	pool_free(list.pool);
}

static void
turn_soon(struct mqtt *q)
{
	if (q->turning)
		return;
	q->turning = true;
	q->turn_holds = q->net.state == NETWORK_UP;
	if (q->turn_holds)
		broker_hold(q->broker);
	loop_defer(q->loop, on_turn, q);
}

void
track_touch(struct track *t)
{
	struct mqtt *q = t->watch->place->q;

	if (!t->touched)
		DL_APPEND2(q->touched, t, prev_touched, next_touched);
	t->touched = true;
	turn_soon(q);
}

void
watch_touch(struct watch *w)
{
	w->touched = true;
	turn_soon(w->place->q);
}

static void
add_to(struct event *ev, const struct watch *w, const char *topic,
       const char *value)
{
	struct memo memo = { .scope = scope_of(w), .value = value };
	AUTO_STR key = { 0 };

	key_of(&key, w, topic);
	memo.key = key.data;
	event_add_memo(ev, &memo);
}

void
track_join(struct track *t, struct watch *w, struct event *ev)
{
	AUTO_STR value = { 0 };
	AUTO_STR skipped = { 0 };

	if (t && t->touched) {
		value_of(&value, t);
		add_to(ev, t->watch, t->topic, value.data);
		untouch(t);
	}
	if (w && w->touched) {
		skipped_value(&skipped, w);
		add_to(ev, w, NULL, w->skipped ? skipped.data : NULL);
		w->touched = false;
	}
}

void
tracks_remembered(struct mqtt *q, uint64_t ticket, bool ok)
{
	if (ticket < q->first_ticket)
		return; /* of an earlier connection */
	if (ok)
		broker_release(q->broker);
	else
		broker_fail(q->broker, "what came could not be kept");
	for (struct place *p = q->places; p && !ok; p = p->next)
		p->stale = true;
}

void
tracks_lost(struct mqtt *q)
{
	q->turn_holds = false;
	q->first_ticket = q->ticket + 1;
}

void
tracks_finish(struct mqtt *q)
{
	loop_cancel(q->loop, on_turn, q);
	q->turning = false;
}

/* ---- tracks -------------------------------------------------------------- */

static void
recall_free(struct recall *r)
{
	free(r->line);
	free(r->name);
	free(r->first);
}

static void
track_free(struct track *t)
{
	struct mqtt *q = t->watch->place->q;

	timer_stop(&t->timer);
	untouch(t);
	HASH_DEL(t->watch->tracks, t);
	DL_DELETE(q->tracks, t);
	q->n_tracks--;
	free(t->topic);
	recall_free(&t->r);
	free(t);
}

/* Somebody waits for what is known of it. */
static bool
is_owed(const struct track *t)
{
	return t->r.policy.keeps || t->r.policy.on || t->r.policy.holds;
}

static void
forget_one(struct mqtt *q)
{
	struct list list = { pool_new(), NULL };
	struct track *t = q->tracks;

	for (int i = 0; t && is_owed(t) && i < TRIES; i++)
		t = t->next;
	if (!t)
		t = q->tracks;
	if (is_owed(t))
		log_warn(t->watch->place->where,
			 "rule \"%s\": more than %u topics; one was forgotten "
			 "of which something was still to be said (\"topics\" "
			 "of the network)",
			 t->watch->rule->name, q->conf->topics_max);
	list_add(&list, t->watch, t->topic, NULL);
	bridge_remember(&q->net, list.memos, 0);
	track_free(t);
	pool_free(list.pool);
}

static struct track *
track_new(struct watch *w, const char *topic)
{
	struct mqtt *q = w->place->q;
	struct track *t = xcalloc(1, sizeof(*t));

	t->watch = w;
	t->topic = xstrdup(topic);
	HASH_ADD_KEYPTR(hh, w->tracks, t->topic, strlen(t->topic), t);
	DL_APPEND(q->tracks, t);
	q->n_tracks++;
	return t;
}

struct track *
track_of(struct watch *w, const char *topic)
{
	struct mqtt *q = w->place->q;
	struct track *t;

	HASH_FIND_STR(w->tracks, topic, t);
	if (t) {
		DL_DELETE(q->tracks, t);
		DL_APPEND(q->tracks, t);
		return t;
	}
	if (q->n_tracks >= q->conf->topics_max)
		forget_one(q);
	return track_new(w, topic);
}

void
track_keep(struct track *t, const char *line, const char *name)
{
	free(t->r.line);
	free(t->r.name);
	t->r.line = xstrdup(line);
	t->r.name = *name ? xstrdup(name) : NULL;
}

/* ---- reading ------------------------------------------------------------- */

/* What came out of the disk, and is to be put in its place. */
struct loading {
	struct place *place;
	struct list forgotten;
	void (*wake)(struct track *t);
};

/* Of which filter of which rule; *topic is what follows, or NULL. */
static struct watch *
find_watch(struct place *p, const char *key, const char **topic)
{
	AUTO_STR head = { 0 };

	for (size_t i = 0; i < p->n_watches; i++) {
		struct watch *w = &p->watches[i];

		str_finish(&head);
		key_of(&head, w, NULL);
		if (strncmp(key, head.data, head.len) != 0)
			continue;
		*topic = key[head.len] == ' ' ? key + head.len + 1 : NULL;
		if (*topic || !key[head.len])
			return w;
	}
	return NULL;
}

static void
load_skipped(struct watch *w, const char *value)
{
	free(w->last);
	w->last = NULL;
	(void)memo_read_skipped(value, &w->skipped, &w->last);
}

static void
load_track(struct watch *w, const char *topic, const char *value)
{
	struct mqtt *q = w->place->q;
	const struct moment at = moment_of(q);
	struct recall r;
	struct track *t;

	if (q->n_tracks >= q->conf->topics_max || !memo_read(value, &r, &at))
		return;
	t = track_new(w, topic);
	t->r = r;
}

static void
load_one(void *arg, const char *key, const char *value)
{
	struct loading *l = arg;
	const char *topic = NULL;
	struct watch *w = find_watch(l->place, key, &topic);

	if (w && !topic) {
		load_skipped(w, value);
	} else if (w && topic_matches(w->filter, topic)) {
		load_track(w, topic, value);
	} else {
		/* The rule is another one now, or there is none. */
		struct memo *memo =
			pool_alloc(l->forgotten.pool, sizeof(*memo));

		memo->scope = l->place->ch->name;
		memo->key = pool_strdup(l->forgotten.pool, key);
		memo->next = l->forgotten.memos;
		l->forgotten.memos = memo;
	}
}

void
tracks_load(struct place *p, void (*wake)(struct track *t))
{
	struct mqtt *q = p->q;
	struct loading l = { p, { pool_new(), NULL }, wake };
	struct track *t, *tmp;

	tracks_free(p);
	p->stale = false;
	if (bridge_memos(&q->net, p->ch->name, q->conf->topics_max, load_one,
			 &l) < 0)
		log_error(p->where, "what rules know of topics cannot be read");
	if (l.forgotten.memos)
		bridge_remember(&q->net, l.forgotten.memos, 0);
	pool_free(l.forgotten.pool);
	for (size_t i = 0; i < p->n_watches; i++)
		HASH_ITER(hh, p->watches[i].tracks, t, tmp)
	wake(t);
}

void
tracks_free(struct place *p)
{
	for (size_t i = 0; i < p->n_watches; i++) {
		struct watch *w = &p->watches[i];
		struct track *t, *tmp;

		timer_stop(&w->later);
		free(w->last);
		w->last = NULL;
		w->skipped = 0;
		w->touched = false;
		HASH_ITER(hh, w->tracks, t, tmp)
		track_free(t);
	}
}
