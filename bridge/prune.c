/* SPDX-License-Identifier: MIT */
/*
 * prune.c - what was said, and has long since arrived, does not stay for ever.
 *
 * A few rows at a time, so that nobody waits for it. What still waits is not
 * touched, however old it is. A clock that was set forwards by mistake takes
 * nothing away: the slower of the two clocks counts.
 */

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/steady.h"
#include "bridge/store.h"
#include "conf/conf.h"
#include "mappings/messages.h"
#include "mappings/stays.h"

#include <stdlib.h>

#define PRUNE_MS 60000
#define AGAIN_MS 1000 /* while there is more */
#define PRUNE_ROWS 500

struct pruning {
	struct store_job job;
	struct bridge *bridge;
	int64_t before_ms;
	int n; /* how many went */
};

static int
prune_run(struct db *db, struct store_job *job)
{
	struct pruning *p = container_of(job, struct pruning, job);

	p->n = event_prune(db, p->before_ms, PRUNE_ROWS);
	if (p->n < 0 || p->n == PRUNE_ROWS)
		return p->n < 0 ? p->n : 0;
	return stays_prune(db);
}

static void
prune_drop(struct store_job *job)
{
	free(container_of(job, struct pruning, job));
}

static void
prune_done(struct store_job *job, int status)
{
	struct pruning *p = container_of(job, struct pruning, job);
	bool more = status == 0 && p->n == PRUNE_ROWS;

	if (p->bridge->state == BRIDGE_RUNNING)
		prune_later(p->bridge, more ? AGAIN_MS : PRUNE_MS);
	prune_drop(job);
}

static void
prune(void *arg)
{
	struct bridge *bridge = arg;
	struct pruning *p = xcalloc(1, sizeof(*p));
	int64_t wall = loop_wall_ms(bridge->loop);
	int64_t steady = steady_ms(bridge);

	p->job = (struct store_job){ prune_run, prune_done, prune_drop };
	p->bridge = bridge;
	p->before_ms = (wall < steady ? wall : steady) -
		       (int64_t)bridge->conf->keep_s * 1000;
	store_submit(bridge->store, &p->job);
}

void
prune_later(struct bridge *bridge, int64_t wait_ms)
{
	if (bridge->conf->keep_s)
		timer_start(&bridge->prune, bridge->loop, wait_ms, prune,
			    bridge);
}

void
prune_begin(struct bridge *bridge)
{
	prune_later(bridge, PRUNE_MS);
}
