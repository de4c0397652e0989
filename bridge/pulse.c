/* SPDX-License-Identifier: MIT */
/* pulse.c - is the other end alive? See pulse.h. */

#include "bridge/pulse.h"

/* A timer that comes so late tells of a sleep. */
#define SLEPT_MS 1000

void
pulse_start(struct pulse *p, int64_t every_ms, int64_t patience_ms,
	    int64_t now_ms)
{
	*p = (struct pulse){
		.every_ms = every_ms,
		.patience_ms = patience_ms,
		.answered_ms = now_ms,
		.asked_ms = -1,
	};
}

void
pulse_answered(struct pulse *p, int64_t now_ms)
{
	p->answered_ms = now_ms;
	p->asked_ms = -1;
}

void
pulse_held_up(struct pulse *p, int64_t now_ms)
{
	p->asked_ms = now_ms;
}

enum pulse_verdict
pulse_check(struct pulse *p, int64_t now_ms, int64_t *wait_ms)
{
	int64_t due = p->asked_ms < 0 ? p->answered_ms + p->every_ms
				      : p->asked_ms + p->patience_ms;

	*wait_ms = due - now_ms;
	if (now_ms < due)
		return PULSE_WAIT;
	if (p->asked_ms >= 0 && now_ms < due + SLEPT_MS)
		return PULSE_DEAD;
	p->asked_ms = now_ms;
	*wait_ms = p->patience_ms;
	return PULSE_ASK;
}
