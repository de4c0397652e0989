/* SPDX-License-Identifier: MIT */
/* policy.c - which values are worth a line; see policy.h. */

#include "protocols/mqtt/policy.h"

#include "bridge/hash.h"
#include "protocols/mqtt/payload.h"

#include <math.h>

#define MINUTE_MS 60000.0
/* 0.3 - 0.2 is a change by 0.1, whatever a double makes of it. */
#define ROUNDING 1e-9

struct mark
mark_of(const struct reading *value)
{
	return (struct mark){
		.is_number = value->is_number,
		.number = value->number,
		.hash = hash_bytes_with_key((struct hash_key){ 0 },
					    value->text.data, value->text.len),
	};
}

static bool
differs(const struct conf_watch *w, const struct mark *a, const struct mark *b)
{
	double change = fabs(a->number - b->number);

	if (!a->is_number || !b->is_number)
		return a->hash != b->hash;
	if (w->dead_band > 0)
		return change >= w->dead_band * (1 - ROUNDING) - ROUNDING;
	return change > 0;
}

static void
note_shown(struct policy *p, struct mark value, int64_t now_ms)
{
	p->known = true;
	p->last = value;
	p->shown = true;
	p->shown_ms = now_ms;
	p->keeps = false;
}

int64_t
policy_wait(const struct conf_watch *w, const struct policy *p, int64_t now_ms)
{
	int64_t due_ms = w->digest_s ? p->from_ms + (int64_t)w->digest_s * 1000
				     : p->shown_ms + (int64_t)w->every_s * 1000;

	if (!p->keeps)
		return -1;
	return due_ms > now_ms ? due_ms - now_ms : 0;
}

static enum verdict
collect(const struct conf_watch *w, struct policy *p, struct mark value,
	int64_t now_ms, int64_t *wait_ms)
{
	if (p->n++ == 0) {
		p->from_ms = now_ms;
		p->n_numbers = 0;
		p->sum = 0;
	}
	if (value.is_number) {
		p->min = p->n_numbers ? fmin(p->min, value.number)
				      : value.number;
		p->max = p->n_numbers ? fmax(p->max, value.number)
				      : value.number;
		p->sum += value.number;
		p->n_numbers++;
	}
	p->keeps = true;
	p->kept = value;
	*wait_ms = policy_wait(w, p, now_ms);
	return VERDICT_KEEP;
}

enum verdict
policy_value(const struct conf_watch *w, struct policy *p, struct mark value,
	     int64_t now_ms, int64_t *wait_ms)
{
	int64_t every_ms = (int64_t)w->every_s * 1000;

	if (w->digest_s)
		return collect(w, p, value, now_ms, wait_ms);
	if (w->on_change && p->known && !differs(w, &p->last, &value)) {
		p->keeps = false; /* it is as it was again */
		return VERDICT_DROP;
	}
	if (every_ms && p->shown && now_ms - p->shown_ms < every_ms) {
		p->keeps = true;
		p->kept = value;
		*wait_ms = policy_wait(w, p, now_ms);
		return VERDICT_KEEP;
	}
	note_shown(p, value, now_ms);
	return VERDICT_SHOW;
}

void
policy_remember(struct policy *p, struct mark value)
{
	p->known = true;
	p->last = value;
}

bool
policy_due(struct policy *p, int64_t now_ms)
{
	if (!p->keeps)
		return false;
	note_shown(p, p->kept, now_ms);
	return true;
}

/* ---- alarms ------------------------------------------------------------ */

static enum alarm
step_time(const struct conf_watch *w, struct policy *p, int64_t now_ms)
{
	int64_t hold_ms = (int64_t)w->hold_s * 1000;
	int64_t repeat_ms = (int64_t)w->repeat_s * 1000;

	if (!p->on && p->holds && now_ms - p->since_ms >= hold_ms) {
		p->on = true;
		p->said_ms = now_ms;
		return ALARM_BEGINS;
	}
	if (p->on && repeat_ms && now_ms - p->said_ms >= repeat_ms) {
		p->said_ms = now_ms;
		return ALARM_LASTS;
	}
	return ALARM_QUIET;
}

enum alarm
alarm_step(const struct conf_watch *w, struct policy *p,
	   const struct alarm_sign *sign, int64_t now_ms, int64_t *wait_ms)
{
	enum alarm act = ALARM_QUIET;

	*wait_ms = -1;
	p->known = p->known || sign;
	if (sign && p->on && sign->clears) {
		p->on = false;
		p->holds = false;
		return ALARM_OVER;
	}
	if (sign && !p->on) {
		if (sign->holds && !p->holds)
			p->since_ms = now_ms;
		p->holds = sign->holds;
	}
	act = step_time(w, p, now_ms);
	if (!p->on && p->holds)
		*wait_ms = p->since_ms + (int64_t)w->hold_s * 1000 - now_ms;
	else if (p->on && w->repeat_s)
		*wait_ms = p->said_ms + (int64_t)w->repeat_s * 1000 - now_ms;
	return act;
}

/* ---- how many ---------------------------------------------------------- */

bool
bucket_take(struct bucket *b, unsigned per_minute, int64_t now_ms)
{
	double full = per_minute > 2 ? per_minute / 2.0 : 1;

	if (!b->used) {
		b->used = true;
		b->lines = full;
	} else {
		b->lines +=
			(double)(now_ms - b->at_ms) * per_minute / MINUTE_MS;
		b->lines = fmin(b->lines, full);
	}
	b->at_ms = now_ms;
	if (b->lines < 1)
		return false;
	b->lines--;
	return true;
}
