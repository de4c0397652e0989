/* SPDX-License-Identifier: MIT */
/*
 * watch.c - from topics to the room: what comes is measured by the rules, and
 * what they let through is said.
 *
 * What is remembered of a topic is a track (track.c).
 */

#include "protocols/mqtt/mqtt.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/str.h"
#include "conf/rules.h"
#include "protocols/mqtt/line.h"
#include "protocols/mqtt/policy.h"
#include "protocols/mqtt/track.h"

#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 100
#define ALARM_SIGN "⚠ "
#define DIGEST_BYTES (3 * LINE_MAX_BYTES)
#define SKIPPED_MS 60000 /* until it is told how many were not shown */
#define WAKE_MS 1000     /* after a start, until what is due is said */
#define RELOAD_MS 5000   /* until what could not be kept is tried again */

/* One message and one watch. */
struct look {
	struct watch *watch;
	const struct incoming *taken;
	struct payload payload;
	struct reading value;
	struct source source;
};

/* ---- saying -------------------------------------------------------------- */

/* A line; from: what it is made of, of which topic; or NULL. */
struct saying {
	const char *line, *name;
	unsigned flags;
	const struct incoming *from;
	struct track *track;
};

static void
say(struct watch *w, const struct saying *what)
{
	const struct incoming *from = what->from;
	const char *name = what->name;
	struct place *p = w->place;
	struct event *ev = event_make(EVENT_MESSAGE);
	AUTO_STR id = { 0 };
	AUTO_STR key = { 0 };

	str_init(&id, 2 * NAME_BYTES);
	str_init(&key, EVENT_ID_MAX);
	ev->flags = what->flags;
	event_set_text(ev, what->line);
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
	if (!ev->text.len) {
		event_unref(ev);
		return;
	}
	track_join(what->track, w, ev);
	place_raise(p, ev, from);
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
	watch_touch(w);
	say(w, &(struct saying){ .line = line.data, .flags = EVENT_NOTICE });
}

static void
tell_skipped_later(struct watch *w)
{
	timer_start(&w->later, w->place->q->loop, SKIPPED_MS, tell_skipped, w);
}

/* What is too much is counted, and a line says how much it was. */
static void
say_within_bounds(struct watch *w, const struct saying *what)
{
	struct loop *loop = w->place->q->loop;

	if (bucket_take(&w->bucket, w->rule->watch.per_minute,
			loop_now_ms(loop))) {
		say(w, what);
		return;
	}
	free(w->last);
	w->last = xstrdup(what->line);
	if (w->skipped++ == 0)
		tell_skipped_later(w);
	watch_touch(w);
}

/* ---- what is due --------------------------------------------------------- */

/*
 * "gh/temp: 12 values from 20.1 to 22.4, mean 21.3; the last: 22 °C", or of
 * words "gh/door: 3 values; the first: open; the last: closed". One alone is
 * no burst.
 */
static void
digest_line(struct str *out, const struct track *t)
{
	const struct policy *p = &t->r.policy;
	const char *last = t->r.line ? t->r.line : "";

	if (p->n < 2) {
		str_add(out, last);
		return;
	}
	line_add_data(out, t->topic, strlen(t->topic), LINE_MAX_BYTES / 4);
	str_printf(out, ": %u values", p->n);
	if (p->n_numbers)
		str_printf(out, " from %.6g to %.6g, mean %.4g", p->min, p->max,
			   p->sum / p->n_numbers);
	else if (t->r.first)
		str_printf(out, "; the first: %s", t->r.first);
	str_printf(out, "; the last: %s", last);
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
	if (!policy_due(&t->r.policy, loop_now_ms(loop)))
		return;
	str_init(&line, DIGEST_BYTES);
	if (w->rule->watch.digest_s)
		digest_line(&line, t);
	else
		str_add(&line, t->r.line);
	t->r.policy.n = 0;
	track_touch(t);
	say_within_bounds(w, &(struct saying){ .line = line.data,
					       .name = t->r.name,
					       .flags = EVENT_NOTICE,
					       .track = t });
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
	say(t->watch, &(struct saying){ .line = out.data,
					.name = t->r.name,
					.from = from,
					.track = t });
}

static void
say_over(struct track *t, const char *clear_line, const struct incoming *from)
{
	AUTO_STR out = { 0 };

	str_init(&out, LINE_MAX_BYTES + 100);
	if (clear_line && *clear_line)
		str_add(&out, clear_line);
	else
		str_printf(&out, "over: %s", t->r.line ? t->r.line : t->topic);
	say(t->watch, &(struct saying){ .line = out.data,
					.name = t->r.name,
					.from = from,
					.track = t });
}

static void step_alarm(struct track *t, const struct alarm_sign *sign,
		       const char *clear_line, const struct incoming *from);

static void
on_alarm_due(void *arg)
{
	step_alarm(arg, NULL, NULL, NULL);
}

/* It lasts, and may have to be said again. */
static void
wait_for_alarm(struct track *t)
{
	timer_start(&t->timer, t->watch->place->q->loop, WAKE_MS, on_alarm_due,
		    t);
}

static void
step_alarm(struct track *t, const struct alarm_sign *sign,
	   const char *clear_line, const struct incoming *from)
{
	const struct place *p = t->watch->place;
	const struct policy before = t->r.policy;
	int64_t wait_ms;
	enum alarm act;

	if (!p->open || p->q->net.state != NETWORK_UP) {
		timer_start(&t->timer, p->q->loop, 1000, on_alarm_due, t);
		return;
	}
	act = alarm_step(&t->watch->rule->watch, &t->r.policy, sign,
			 loop_now_ms(p->q->loop), &wait_ms);
	if (act != ALARM_QUIET || before.known != t->r.policy.known ||
	    before.holds != t->r.policy.holds)
		track_touch(t);
	switch (act) {
	case ALARM_BEGINS:
	case ALARM_LASTS:
		say_alarm(t, t->r.line ? t->r.line : "", from);
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

/*
 * What the broker had kept is news only if it differs from what was known of
 * the topic before: then it happened while we were away.
 */
static bool
is_no_news(const struct look *l, const struct track *t)
{
	return l->taken->retained && !t->r.policy.known &&
	       l->watch->rule->watch.retained == CONF_RETAINED_REMEMBER;
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
	if (is_no_news(l, t)) {
		t->r.policy.known = true;
		t->r.policy.holds = t->r.policy.on = sign.holds;
		t->r.policy.said_ms = loop_now_ms(l->watch->place->q->loop);
		t->r.policy.since_ms = t->r.policy.said_ms;
		track_keep(t, line, name);
		track_touch(t);
		wait_for_alarm(t);
		return;
	}
	if (sign.holds || !t->r.line)
		track_keep(t, line, name);
	str_init(&clear_line, LINE_MAX_BYTES);
	line_render(&clear_line, &c->clear_say, &l->source);
	step_alarm(t, &sign, clear_line.data, l->taken);
}

/* Only of a value that is compared it can be told whether it is news. */
static bool
is_old(const struct look *l)
{
	const struct conf_watch *c = &l->watch->rule->watch;

	return l->taken->retained && !c->on_change &&
	       c->retained == CONF_RETAINED_REMEMBER;
}

static void
keep_first(struct track *t, const char *line)
{
	free(t->r.first);
	t->r.first = xstrdup(line);
}

static void
look_value(struct look *l, const char *line, const char *name)
{
	const struct conf_watch *c = &l->watch->rule->watch;
	struct loop *loop = l->watch->place->q->loop;
	struct mark mark = mark_of(&l->value);
	struct saying what = { line, name, EVENT_NOTICE, l->taken, NULL };
	int64_t wait_ms = 0;
	struct track *t;
	bool kept;

	if (is_old(l))
		return;
	if (!c->on_change && !c->every_s && !c->digest_s) {
		say_within_bounds(l->watch, &what);
		return;
	}
	what.track = track_of(l->watch, l->taken->topic);
	t = what.track;
	if (is_no_news(l, t)) {
		policy_remember(&t->r.policy, mark);
		track_touch(t);
		return;
	}
	kept = t->r.policy.keeps;
	switch (policy_value(c, &t->r.policy, mark, loop_now_ms(loop),
			     &wait_ms)) {
	case VERDICT_SHOW:
		track_touch(t);
		say_within_bounds(l->watch, &what);
		break;
	case VERDICT_KEEP:
		track_keep(t, line, name);
		if (t->r.policy.n == 1)
			keep_first(t, line);
		track_touch(t);
		if (!timer_is_running(&t->timer))
			timer_start(&t->timer, loop, wait_ms, on_due, t);
		break;
	case VERDICT_DROP:
		if (kept)
			track_touch(t);
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
	payload_heed(&l.payload, t->content_type, t->says_text);
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

/* One that has outlived the process. */
static void
wake(struct track *t)
{
	struct watch *w = t->watch;
	struct loop *loop = w->place->q->loop;
	int64_t wait_ms =
		policy_wait(&w->rule->watch, &t->r.policy, loop_now_ms(loop));

	if (w->rule->watch.alarm.n)
		wait_for_alarm(t);
	else if (wait_ms >= 0)
		timer_start(&t->timer, loop,
			    wait_ms > WAKE_MS ? wait_ms : WAKE_MS, on_due, t);
}

static void
load(struct place *p)
{
	tracks_load(p, wake);
	for (size_t i = 0; i < p->n_watches; i++)
		if (p->watches[i].skipped)
			tell_skipped_later(&p->watches[i]);
}

void
watches_open(struct place *p)
{
	if (!p->watches) {
		make(p);
		p->stale = true;
	}
	if (p->stale)
		load(p);
	for (size_t i = 0; i < p->n_watches; i++)
		p->watches[i].tap = place_tap(p, p->watches[i].filter);
}

static void
on_reload(void *arg)
{
	struct place *p = arg;

	if (p->stale)
		load(p);
}

void
watches_bounced(struct place *p)
{
	p->stale = true;
	timer_start(&p->reload, p->q->loop, RELOAD_MS, on_reload, p);
}

void
watches_free(struct place *p)
{
	timer_stop(&p->reload);
	tracks_free(p);
	free(p->watches);
	p->watches = NULL;
	p->n_watches = 0;
}
