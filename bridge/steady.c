/* SPDX-License-Identifier: MIT */
/* steady.c - a clock that never jumps. See steady.h. */

#include "bridge/steady.h"

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/store.h"
#include "mappings/clock.h"

int64_t
steady_resume(const struct clock_row *then, int64_t now_ms, int64_t most_ms)
{
	int64_t away = now_ms - then->wall_ms;
	int64_t now = then->steady_ms;

	if (now <= 0)
		return now_ms; /* the first run */
	if (away > most_ms)
		away = most_ms;
	if (away > 0)
		now += away;
	return now > then->last_ms ? now : then->last_ms;
}

int64_t
steady_ms(const struct bridge *bridge)
{
	return loop_now_ms(bridge->loop) + bridge->steady_offset_ms;
}

/* ---- on disk ----------------------------------------------------------- */

struct tick {
	int64_t steady_ms, wall_ms;
};

static int
write_tick(struct db *db, const void *what)
{
	const struct tick *t = what;

	return clock_set(db, t->steady_ms, t->wall_ms);
}

/* Without it the next run only believes in a longer absence. */
void
steady_keep(struct bridge *bridge)
{
	const struct tick t = {
		.steady_ms = steady_ms(bridge),
		.wall_ms = loop_wall_ms(bridge->loop),
	};

	store_note(bridge->store, write_tick, &t, sizeof(t));
}
