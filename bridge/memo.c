/* SPDX-License-Identifier: MIT */
/*
 * memo.c - what adapters want to know again after a restart: written with an
 * event by keep.c, or alone by a job of its own.
 */

#include "bridge/base.h"
#include "bridge/bounce.h"
#include "bridge/core.h"
#include "bridge/keep.h"
#include "bridge/log.h"
#include "bridge/network.h"
#include "bridge/pool.h"
#include "bridge/store.h"
#include "mappings/memos.h"

#include <stdlib.h>
#include <string.h>

struct memo_job {
	struct store_job job;
	struct netlife *life;
	int64_t network;
	struct event *ev;  /* to be accepted, one reference; or NULL */
	struct pool *pool; /* of memos, unless they are the event's */
	const struct memo *memos;
	uint64_t ticket;
	int64_t now_ms;
	char *scope; /* to be trimmed; or NULL */
	unsigned keep;
};

static int
memo_run(struct db *db, struct store_job *job)
{
	const struct memo_job *m = container_of(job, struct memo_job, job);

	if (m->scope)
		return memos_trim(db, m->network, m->scope, m->keep);
	return memos_write(db, m->network, m->memos, m->now_ms);
}

static void
memo_drop(struct store_job *job)
{
	struct memo_job *m = container_of(job, struct memo_job, job);

	event_unref(m->ev);
	pool_free(m->pool);
	free(m->scope);
	free(m);
}

static void
memo_done(struct store_job *job, int status)
{
	struct memo_job *m = container_of(job, struct memo_job, job);
	struct network *net = m->life->net;

	if (m->ev && status < 0)
		bridge_bounce(m->life, m->ev, "the bridge cannot store it now");
	else if (m->ev)
		bridge_accept(m->life, m->ev);
	else if (m->ticket && net && net->protocol->ops.remembered)
		net->protocol->ops.remembered(net, m->ticket, status >= 0);
	else if (status < 0)
		log_warn(m->life->name,
			 "what is to be known again cannot be written: %s",
			 strerror(-status));
	memo_drop(job);
}

static struct memo_job *
memo_job(struct netlife *life)
{
	struct memo_job *m = xcalloc(1, sizeof(*m));

	m->job = (struct store_job){ .run = memo_run,
				     .done = memo_done,
				     .drop = memo_drop };
	m->life = life;
	m->network = life->net->id;
	m->now_ms = loop_wall_ms(life->bridge->loop);
	return m;
}

void
memo_accept(struct netlife *home, struct event *source)
{
	struct memo_job *m;

	if (!source->memos) {
		bridge_accept(home, source);
		return;
	}
	m = memo_job(home);
	m->ev = event_ref(source);
	m->memos = source->memos;
	store_submit(home->bridge->store, &m->job);
}

void
bridge_remember(struct network *net, const struct memo *memos, uint64_t ticket)
{
	struct memo_job *m = memo_job(net->life);
	const struct memo **end = &m->memos;

	m->ticket = ticket;
	m->pool = pool_new();
	for (; memos; memos = memos->next) {
		struct memo *copy = pool_alloc(m->pool, sizeof(*copy));

		copy->scope = pool_strdup(m->pool, memos->scope);
		copy->key = pool_strdup(m->pool, memos->key);
		copy->value = pool_strdup(m->pool, memos->value);
		*end = copy;
		end = &copy->next;
	}
	store_submit(net->bridge->store, &m->job);
}

int
bridge_memos(struct network *net, const char *scope, unsigned max,
	     void (*fn)(void *arg, const char *key, const char *value),
	     void *arg)
{
	struct store *store = net->bridge->store;
	int rc = memo_each(store_reader(store), net->id, scope, max, fn, arg);
	struct memo_job *m = memo_job(net->life);

	m->scope = xstrdup(scope);
	m->keep = max;
	store_submit(store, &m->job);
	return rc;
}
