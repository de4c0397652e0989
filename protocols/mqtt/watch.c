/* SPDX-License-Identifier: MIT */
/*
 * watch.c - from topics to the room: what comes is measured by the rules, and
 * what they let through is said.
 *
 * What is remembered of a topic is a track. There are as many as there are
 * topics, which strangers can make; when there are too many the one that was
 * silent longest is forgotten.
 */

#include "protocols/mqtt/mqtt.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/str.h"
#include "conf/rules.h"
#include "protocols/mqtt/line.h"
#include "protocols/mqtt/policy.h"

#include <utlist.h>

#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 100
#define ALARM_SIGN "⚠ "

struct track {
	struct watch *watch;
	char *topic;
	struct policy policy;
	char *line; /* kept, or of the alarm that is on; or NULL */
	char *name; /* who would say it; NULL: the bridge */
	struct timer timer;
	UT_hash_handle hh;         /* in the watch, by topic */
	struct track *prev, *next; /* of all, oldest first */
};

/* One filter of one rule in one place. */
struct watch {
	struct place *place;
	const struct conf_rule *rule;
	const char *filter;
	struct tap *tap;
	struct track *tracks;
	struct bucket bucket;
	uint64_t skipped;
	char *last; /* the line skipped last */
	struct timer later;
};

/* One message and one watch. */
struct look {
	struct watch *watch;
	const struct incoming *taken;
	struct payload payload;
	struct reading value;
	struct source source;
};

/* ---- saying -------------------------------------------------------------- */

static void
say(struct watch *w, const char *line, const char *name, unsigned flags,
    const struct incoming *from)
{
	struct place *p = w->place;
	struct event *ev = event_make(EVENT_MESSAGE);
	AUTO_STR id = { 0 };
	AUTO_STR key = { 0 };

	str_init(&id, 2 * NAME_BYTES);
	str_init(&key, EVENT_ID_MAX);
	ev->flags = flags;
	event_set_text(ev, line);
	if (name && *name) {
		str_printf(&id, "device/%s", name);
		place_speaker(p, ev, id.data, name);
	} else {
		ev->flags |= EVENT_STATED;
		event_set_sender(ev, p->q->net.name, p->q->net.name);
	}
	if (from && from->id) {
		str_printf(&key, "%s/%s", w->rule->name, from->id);
		if (!str_overflowed(&key))
			ev->key = event_strdup(ev, key.data);
	}
	if (ev->text.len)
		place_raise(p, ev, from);
	else
		event_unref(ev);
}

static void
tell_skipped(void *arg)
{
	struct watch *w = arg;
	AUTO_STR line = { 0 };

	if (!w->place->open || w->place->q->net.state != NETWORK_UP) {
		timer_start(&w->later, w->place->q->loop, 1000, tell_skipped,
			    w);
		return;
	}
	str_init(&line, LINE_MAX_BYTES);
	str_printf(&line, "%s: %llu more not shown; the last: %s",
		   w->rule->name, (unsigned long long)w->skipped, w->last);
	w->skipped = 0;
	say(w, line.data, NULL, EVENT_NOTICE, NULL);
}

/* What is too much is counted, and a line says how much it was. */
static void
say_within_bounds(struct watch *w, const char *line, const char *name,
		  const struct incoming *from)
{
	struct loop *loop = w->place->q->loop;

	if (bucket_take(&w->bucket, w->rule->watch.per_minute,
			loop_now_ms(loop))) {
		say(w, line, name, EVENT_NOTICE, from);
		return;
	}
	free(w->last);
	w->last = xstrdup(line);
	if (w->skipped++ == 0)
		timer_start(&w->later, loop, 60000, tell_skipped, w);
}

/* ---- tracks -------------------------------------------------------------- */

static void
track_free(struct track *t)
{
	struct mqtt *q = t->watch->place->q;

	timer_stop(&t->timer);
	HASH_DEL(t->watch->tracks, t);
	DL_DELETE(q->tracks, t);
	q->n_tracks--;
	free(t->topic);
	free(t->line);
	free(t->name);
	free(t);
}

static struct track *
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
		track_free(q->tracks);
	t = xcalloc(1, sizeof(*t));
	t->watch = w;
	t->topic = xstrdup(topic);
	HASH_ADD_KEYPTR(hh, w->tracks, t->topic, strlen(t->topic), t);
	DL_APPEND(q->tracks, t);
	q->n_tracks++;
	return t;
}

static void
track_keep(struct track *t, const char *line, const char *name)
{
	free(t->line);
	free(t->name);
	t->line = xstrdup(line);
	t->name = *name ? xstrdup(name) : NULL;
}

/* "gh/temp: 12 values from 20.1 to 22.4, mean 21.3, last 22" */
static void
digest_line(struct str *out, const struct track *t)
{
	const struct policy *p = &t->policy;

	str_printf(out, "%s: %u values", t->topic, p->n);
	if (p->n_numbers)
		str_printf(out, " from %.6g to %.6g, mean %.4g", p->min, p->max,
			   p->sum / p->n_numbers);
	str_printf(out, "; the last: %s", t->line ? t->line : "");
}

static void
on_due(void *arg)
{
	struct track *t = arg;
	struct watch *w = t->watch;
	struct loop *loop = w->place->q->loop;
	AUTO_STR line = { 0 };

	if (!w->place->open || w->place->q->net.state != NETWORK_UP) {
		/* It is kept until there is somebody to tell. */
		timer_start(&t->timer, loop, 1000, on_due, t);
		return;
	}
	if (!policy_due(&t->policy, loop_now_ms(loop)))
		return;
	str_init(&line, LINE_MAX_BYTES);
	if (w->rule->watch.digest_s)
		digest_line(&line, t);
	else
		str_add(&line, t->line);
	t->policy.n = 0;
	say_within_bounds(w, line.data, t->name, NULL);
}

/* ---- alarms -------------------------------------------------------------- */

static void
say_alarm(struct track *t, const char *line, const struct incoming *from)
{
	const struct conf_watch *c = &t->watch->rule->watch;
	AUTO_STR out = { 0 };

	str_init(&out, LINE_MAX_BYTES + 1000);
	for (size_t i = 0; i < c->n_mention; i++)
		str_printf(&out, "%s%s", i ? ", " : "", c->mention[i]);
	if (c->n_mention)
		str_add(&out, ": ");
	str_printf(&out, ALARM_SIGN "%s", line);
	say(t->watch, out.data, t->name, 0, from);
}

static void
say_over(struct track *t, const char *clear_line, const struct incoming *from)
{
	AUTO_STR out = { 0 };

	str_init(&out, LINE_MAX_BYTES + 100);
	if (clear_line && *clear_line)
		str_add(&out, clear_line);
	else
		str_printf(&out, "over: %s", t->line ? t->line : t->topic);
	say(t->watch, out.data, t->name, 0, from);
}

static void step_alarm(struct track *t, const struct alarm_sign *sign,
		       const char *clear_line, const struct incoming *from);

static void
on_alarm_due(void *arg)
{
	step_alarm(arg, NULL, NULL, NULL);
}

static void
step_alarm(struct track *t, const struct alarm_sign *sign,
	   const char *clear_line, const struct incoming *from)
{
	const struct place *p = t->watch->place;
	int64_t wait_ms;

	if (!p->open || p->q->net.state != NETWORK_UP) {
		timer_start(&t->timer, p->q->loop, 1000, on_alarm_due, t);
		return;
	}
	switch (alarm_step(&t->watch->rule->watch, &t->policy, sign,
			   loop_now_ms(p->q->loop), &wait_ms)) {
	case ALARM_BEGINS:
	case ALARM_LASTS:
		say_alarm(t, t->line ? t->line : "", from);
		break;
	case ALARM_OVER:
		say_over(t, clear_line, from);
		break;
	case ALARM_QUIET:
		break;
	}
	timer_stop(&t->timer);
	if (wait_ms >= 0)
		timer_start(&t->timer, p->q->loop, wait_ms, on_alarm_due, t);
}

/* ---- looking at what came ------------------------------------------------ */

static void
render_name(struct str *out, const struct look *l)
{
	AUTO_STR name = { 0 };

	str_init(&name, LINE_MAX_BYTES);
	str_init(out, 2 * NAME_BYTES);
	line_render(&name, &l->watch->rule->watch.as, &l->source);
	line_add_data(out, name.data, name.len, NAME_BYTES);
}

static void
look_alarm(struct look *l, const char *line, const char *name)
{
	const struct conf_watch *c = &l->watch->rule->watch;
	struct track *t = track_of(l->watch, l->taken->topic);
	struct alarm_sign sign = {
		.holds = condition_holds(&c->alarm, &l->payload, &l->value),
	};
	AUTO_STR clear_line = { 0 };

	sign.clears =
		c->clear.n ? condition_holds(&c->clear, &l->payload, &l->value)
			   : !sign.holds;
	if (l->taken->retained && c->retained == CONF_RETAINED_REMEMBER) {
		t->policy.holds = t->policy.on = sign.holds;
		t->policy.said_ms = loop_now_ms(l->watch->place->q->loop);
		track_keep(t, line, name);
		return;
	}
	if (sign.holds || !t->line)
		track_keep(t, line, name);
	str_init(&clear_line, LINE_MAX_BYTES);
	line_render(&clear_line, &c->clear_say, &l->source);
	step_alarm(t, &sign, clear_line.data, l->taken);
}

static void
look_value(struct look *l, const char *line, const char *name)
{
	const struct conf_watch *c = &l->watch->rule->watch;
	struct loop *loop = l->watch->place->q->loop;
	struct mark mark = mark_of(&l->value);
	int64_t wait_ms = 0;
	struct track *t;

	if (!c->on_change && !c->every_s && !c->digest_s) {
		if (!l->taken->retained || c->retained == CONF_RETAINED_SHOW)
			say_within_bounds(l->watch, line, name, l->taken);
		return;
	}
	t = track_of(l->watch, l->taken->topic);
	if (l->taken->retained && c->retained == CONF_RETAINED_REMEMBER) {
		policy_remember(&t->policy, mark);
		return;
	}
	switch (policy_value(c, &t->policy, mark, loop_now_ms(loop),
			     &wait_ms)) {
	case VERDICT_SHOW:
		say_within_bounds(l->watch, line, name, l->taken);
		break;
	case VERDICT_KEEP:
		track_keep(t, line, name);
		if (!timer_is_running(&t->timer))
			timer_start(&t->timer, loop, wait_ms, on_due, t);
		break;
	case VERDICT_DROP:
		break;
	}
}

/* False if the payload is not what the rule is about. */
static bool
is_fit(struct look *l)
{
	const struct conf_watch *c = &l->watch->rule->watch;

	if (l->payload.kind == PAYLOAD_WRONG) {
		log_peer(l->watch->place->where,
			 "rule \"%s\": a payload is not what it should be",
			 l->watch->rule->name);
		return false;
	}
	if (c->value.n && !l->value.found) {
		log_trace(l->watch->place->where,
			  "rule \"%s\": a payload has no such field",
			  l->watch->rule->name);
		return false;
	}
	return condition_holds(&c->only_if, &l->payload, &l->value);
}

static void
look(struct watch *w, const struct incoming *t)
{
	const struct conf_watch *c = &w->rule->watch;
	struct look l = {
		.watch = w,
		.taken = t,
		.source = {
			.rule = w->rule,
			.filter = w->filter,
			.topic = t->topic,
			.payload = &l.payload,
			.value = &l.value,
			.content_type = t->content_type,
			.wall_ms = loop_wall_ms(w->place->q->loop),
		},
	};
	AUTO_STR line = { 0 };
	AUTO_STR name = { 0 };

	if (t->retained && c->retained == CONF_RETAINED_IGNORE)
		return;
	payload_read(&l.payload, t->payload, t->len, c->payload);
	reading_init(&l.value);
	payload_get(&l.payload, &c->value, &l.value);
	if (is_fit(&l)) {
		str_init(&line, LINE_MAX_BYTES);
		line_render(&line, &c->say, &l.source);
		render_name(&name, &l);
		if (c->alarm.n)
			look_alarm(&l, line.data, name.data);
		else
			look_value(&l, line.data, name.data);
	}
	reading_finish(&l.value);
	payload_finish(&l.payload);
}

void
watches_take(struct place *p, const struct tap *tap, const struct incoming *t)
{
	for (size_t i = 0; i < p->n_watches; i++)
		if (p->watches[i].tap == tap)
			look(&p->watches[i], t);
}

/* ---- their life ---------------------------------------------------------- */

static void
make(struct place *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->rules->n; i++)
		n += p->rules->rules[i]->watch.n_filters;
	p->watches = xcalloc(n + 1, sizeof(*p->watches));
	for (size_t i = 0; i < p->rules->n; i++) {
		const struct conf_rule *rule = p->rules->rules[i];

		for (size_t j = 0; j < rule->watch.n_filters; j++) {
			struct watch *w = &p->watches[p->n_watches++];

			w->place = p;
			w->rule = rule;
			w->filter = rule->watch.filters[j];
		}
	}
}

void
watches_open(struct place *p)
{
	if (!p->watches)
		make(p);
	for (size_t i = 0; i < p->n_watches; i++)
		p->watches[i].tap = place_tap(p, p->watches[i].filter);
}

void
watches_free(struct place *p)
{
	for (size_t i = 0; i < p->n_watches; i++) {
		struct watch *w = &p->watches[i];
		struct track *t, *tmp;

		timer_stop(&w->later);
		free(w->last);
		HASH_ITER(hh, w->tracks, t, tmp)
		track_free(t);
	}
	free(p->watches);
	p->watches = NULL;
	p->n_watches = 0;
}
