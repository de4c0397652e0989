/* SPDX-License-Identifier: MIT */
/*
 * ending.c - what became of each delivery, on disk.
 *
 * A row leaves the disk's queue by delivery_settle() and by nothing else, so
 * whatever happens to this process, what was not settled is found again at the
 * next start. Until an ending is on disk it counts as settling, and as unsure
 * if it was a success: a crash would say that line again.
 */

#include "bridge/ending.h"

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/intake.h"
#include "bridge/log.h"
#include "bridge/room.h"
#include "bridge/store.h"

#include <stdlib.h>

struct ending {
	struct store_job job;
	struct bridge *bridge;
	int64_t event, channel, when_ms;
	unsigned attempts;
	bool owed;                 /* to its author */
	enum delivery_state state; /* DELIVERY_WAITING: not now */
	char *why;
	char **ids;
	size_t n_ids;
};

static int
ending_run(struct db *db, struct store_job *job)
{
	struct ending *e = container_of(job, struct ending, job);

	if (e->state == DELIVERY_WAITING)
		return delivery_later(db, e->event, e->channel, e->why);
	if (e->state == DELIVERY_SENT)
		return delivery_attempt(db, e->event, e->channel, e->when_ms);

	struct delivery_end end = {
		.state = e->state,
		.when_ms = e->when_ms,
		.ids = (const char *const *)e->ids,
		.n_ids = e->n_ids,
		.why = e->why,
		.attempts = e->attempts,
		.owed = e->owed,
	};

	return delivery_settle(db, e->event, e->channel, &end);
}

static void
ending_drop(struct store_job *job)
{
	struct ending *e = container_of(job, struct ending, job);

	for (size_t i = 0; i < e->n_ids; i++)
		free(e->ids[i]);
	free(e->ids);
	free(e->why);
	free(e);
}

static void
ending_done(struct store_job *job, int status)
{
	struct ending *e = container_of(job, struct ending, job);
	struct room *room = bridge_room(e->bridge, e->channel);

	if (status < 0)
		log_error("store",
			  "the end of delivery %lld:%lld was not "
			  "written; it may be repeated",
			  (long long)e->event, (long long)e->channel);
	if (room && room->outbox.settling) {
		room->outbox.settling--;
		room->outbox.unsure -=
			room->outbox.unsure && e->state == DELIVERY_CONFIRMED;
		if (room->outbox.fresh || room->closing || room->renew)
			bridge_mark(room);
	}
	ending_drop(job);
}

bool
ending_is_owed(const struct item *item, enum delivery_state state)
{
	return item->home && item->event && !item->stands_for &&
	       !event_is_own(item->source) &&
	       (state == DELIVERY_REFUSED || state == DELIVERY_EXPIRED);
}

void
ending_put(struct item *item, enum delivery_state state, const char *const *ids,
	   size_t n, const char *why)
{
	struct room *room = item->room;
	struct ending *e;

	if (!item->event)
		return; /* never kept */
	e = xcalloc(1, sizeof(*e));
	e->bridge = room->bridge;
	e->event = item->event;
	e->channel = room->ch.id;
	e->when_ms = loop_wall_ms(room->bridge->loop);
	e->attempts = item->attempts;
	e->owed = ending_is_owed(item, state);
	e->state = state;
	/* The line was said, or not; what it stands for was skipped. */
	if (item->stands_for && state >= DELIVERY_CONFIRMED) {
		e->state = DELIVERY_SKIPPED;
		n = 0;
	}
	e->why = why ? xstrdup(why) : NULL;
	e->ids = n ? xcalloc(n, sizeof(char *)) : NULL;
	e->n_ids = n;
	for (size_t i = 0; i < n; i++)
		e->ids[i] = xstrdup(ids[i]);
	e->job.run = ending_run;
	e->job.done = ending_done;
	e->job.drop = ending_drop;
	room->outbox.settling++;
	room->outbox.unsure += e->state == DELIVERY_CONFIRMED;
	store_submit(room->bridge->store, &e->job);
}
