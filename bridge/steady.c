/* SPDX-License-Identifier: MIT */
/* steady.c - a clock that never jumps. See steady.h. */

#include "bridge/steady.h"

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/store.h"
#include "mappings/clock.h"

#include <stdlib.h>

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
	struct store_job job;
	int64_t steady_ms, wall_ms;
};

static int
tick_run(struct db *db, struct store_job *job)
{
	const struct tick *t = container_of(job, struct tick, job);

	return clock_set(db, t->steady_ms, t->wall_ms);
}

static void
tick_drop(struct store_job *job)
{
	free(container_of(job, struct tick, job));
}

/* Without it the next run only believes in a longer absence. */
static void
tick_done(struct store_job *job, int status UNUSED)
{
	tick_drop(job);
}

void
steady_keep(struct bridge *bridge)
{
	struct tick *t = xcalloc(1, sizeof(*t));

	t->job = (struct store_job){ .run = tick_run,
				     .done = tick_done,
				     .drop = tick_drop };
	t->steady_ms = steady_ms(bridge);
	t->wall_ms = loop_wall_ms(bridge->loop);
	store_submit(bridge->store, &t->job);
}
