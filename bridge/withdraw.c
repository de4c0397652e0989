/* SPDX-License-Identifier: MIT */
/*
 * withdraw.c - which messages were taken back, for links to their files. It is
 * written down by the job before the one that takes the withdrawal itself, so
 * whoever was told that we have that is not shown the file any more.
 */

#include "bridge/base.h"
#include "bridge/bridge.h"
#include "bridge/core.h"
#include "bridge/log.h"
#include "bridge/protocol.h"
#include "bridge/store.h"
#include "mappings/withdrawn.h"

#include <stdlib.h>

struct withdrawal {
	struct store_job job;
	int64_t tag, until_ms, now_ms;
};

static int
withdrawal_run(struct db *db, struct store_job *job)
{
	const struct withdrawal *w = container_of(job, struct withdrawal, job);

	return withdrawn_put(db, w->tag, w->until_ms, w->now_ms);
}

static void
withdrawal_drop(struct store_job *job)
{
	free(container_of(job, struct withdrawal, job));
}

static void
withdrawal_done(struct store_job *job, int status)
{
	if (status < 0)
		log_error("media", "it was not written down that a message was "
				   "taken back; a link to its file may work "
				   "until it is too old");
	withdrawal_drop(job);
}

void
bridge_withdraw(struct bridge *bridge, uint64_t tag, int64_t until_ms)
{
	struct withdrawal *w;

	if (bridge->state == BRIDGE_STOPPED)
		return;
	w = xcalloc(1, sizeof(*w));
	w->job = (struct store_job){ withdrawal_run, withdrawal_done,
				     withdrawal_drop };
	w->tag = (int64_t)tag;
	w->until_ms = until_ms;
	w->now_ms = loop_wall_ms(bridge->loop);
	store_submit(bridge->store, &w->job);
}

bool
bridge_is_withdrawn(struct bridge *bridge, uint64_t tag)
{
	/* Where it cannot be known, nothing is handed out. */
	return withdrawn_is(store_reader(bridge->store), (int64_t)tag) != 0;
}

void
bridge_set_media(struct bridge *bridge, struct media *media)
{
	bridge->media = media;
}

struct media *
bridge_media(const struct network *net)
{
	return net->bridge ? net->bridge->media : NULL;
}
