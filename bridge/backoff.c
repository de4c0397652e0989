/* SPDX-License-Identifier: MIT */
/* backoff.c - waiting times between attempts. See backoff.h. */

#include "bridge/backoff.h"

#include "bridge/base.h"

#define MANY_FAILURES 20

/* What the first wait is, and where doubling ends. */
struct pace {
	int64_t first_ms, last_ms, patient_ms;
};

/*
 * A server that restarts is back within seconds, and five seconds is what we
 * promise for noticing; one that has been away for minutes costs us little to
 * ask once a minute. A refusal is asked about after minutes, then hours.
 */
static const struct pace paces[] = {
	[DOWN_ASKED] = { 500, 8000, 60000 },
	[DOWN_LOST] = { 500, 8000, 60000 },
	[DOWN_UNREACHABLE] = { 1000, 8000, 60000 },
	[DOWN_REFUSED] = { 300000, 3600000, 3600000 },
};

int64_t
backoff_ms(enum down_reason why, unsigned failures, uint64_t random)
{
	const struct pace *pace = &paces[why];
	int64_t limit =
		failures > MANY_FAILURES ? pace->patient_ms : pace->last_ms;
	int64_t wait = pace->first_ms;

	for (unsigned i = 1; i < failures && wait < limit; i++)
		wait *= 2;
	if (wait > limit)
		wait = limit;
	return wait / 2 + (int64_t)(random % (uint64_t)wait);
}
