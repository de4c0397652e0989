/* SPDX-License-Identifier: MIT */
/*
 * stay.c - when gateway users were in hosted rooms, and so what of the past
 * they may read.
 *
 * A stay begins when somebody's own connection is in the channel, and ends
 * when it is not any more; nobody reads what was said while they were away,
 * whoever else was there. It is told by numbers of events, which only grow.
 * While recording is turned off for somebody, there is no stay.
 */

#include "bridge/stay.h"

#include "bridge/account.h"
#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/log.h"
#include "bridge/member.h"
#include "bridge/network.h"
#include "bridge/room.h"
#include "bridge/store.h"
#include "mappings/accounts.h"
#include "mappings/stays.h"

#include <stdlib.h>
#include <string.h>

struct staying {
	struct store_job job;
	int64_t home, channel, number, when_ms;
	char *id;
	bool begins;
};

static int
staying_run(struct db *db, struct store_job *job)
{
	const struct staying *s = container_of(job, struct staying, job);
	int64_t account;
	int rc = account_put(db, s->home, s->id, s->when_ms, &account);

	if (rc < 0)
		return rc;
	return s->begins ? stay_begin(db, account, s->channel, s->number)
			 : stay_end(db, account, s->channel, s->number);
}

static void
staying_drop(struct store_job *job)
{
	struct staying *s = container_of(job, struct staying, job);

	free(s->id);
	free(s);
}

static void
staying_done(struct store_job *job, int status)
{
	if (status < 0)
		log_error("accounts", "it was not written down who was in a "
				      "room; they may not read its past");
	staying_drop(job);
}

static void
keep(struct room *room, const struct member *m)
{
	struct bridge *bridge = room->bridge;
	struct staying *s;

	/* The next start ends what is open. */
	if (bridge->state == BRIDGE_STOPPED)
		return;
	s = xcalloc(1, sizeof(*s));
	s->job = (struct store_job){ staying_run, staying_done, staying_drop };
	s->home = room->life->net->id;
	s->channel = room->ch.id;
	s->number = bridge->last_event;
	s->when_ms = loop_wall_ms(bridge->loop);
	s->id = xstrdup(m->id);
	s->begins = m->staying;
	store_submit(bridge->store, &s->job);
}

static void
set_staying(struct room *room, struct member *m, bool staying)
{
	if (m->staying == staying)
		return;
	m->staying = staying;
	m->stay_after = room->bridge->last_event;
	keep(room, m);
}

void
stay_changed(struct room *room, struct member *m, bool in)
{
	if (m->in == in)
		return;
	m->in = in;
	set_staying(room, m,
		    in && account_records(room->life, m->id, room->ch.id));
}

void
stays_review(struct netlife *home, const char *sender_id)
{
	struct room *room, *next;

	HASH_ITER(hh_name, home->hosted, room, next)
	{
		struct member *m = member_find(room, sender_id);
		bool records = account_records(home, sender_id, room->ch.id);

		if (!m || !m->in || m->staying == records)
			continue;
		set_staying(room, m, records);
		member_due(room, m);
	}
}

/* What is on its way to disk is known here already. */
static size_t
add_own(const struct room *room, const struct member *m, struct stay *stays,
	size_t n)
{
	int64_t last = room->bridge->last_event;
	struct stay *newest = n ? &stays[n - 1] : NULL;
	bool open = newest && newest->until == STAY_OPEN;

	if (open && !(m && m->staying))
		newest->until = last;
	if (open || !m || !m->staying)
		return n;
	if (n == STAYS_READ)
		memmove(stays, stays + 1, --n * sizeof(*stays));
	stays[n++] = (struct stay){ m->stay_after, STAY_OPEN };
	return n;
}

int
stays_read(struct netlife *home, const char *sender_id, int64_t channel,
	   struct stay *stays)
{
	const struct room *room = bridge_room(home->bridge, channel);
	int n = stays_of(store_reader(home->bridge->store), home->net->id,
			 sender_id, channel, stays, STAYS_READ);

	if (n < 0 || !room)
		return n;
	return (int)add_own(
		room, member_find((struct room *)(uintptr_t)room, sender_id),
		stays, (size_t)n);
}

bool
bridge_may_read(struct channel *hosted, const char *sender_id,
		const int64_t *numbers, size_t n, bool *may)
{
	struct room *room = container_of(hosted, struct room, ch);
	struct stay stays[STAYS_READ];
	int n_stays = stays_read(room->life, sender_id, hosted->id, stays);

	for (size_t i = 0; i < n; i++) {
		int k = 0;

		while (k < n_stays && (numbers[i] <= stays[k].after ||
				       numbers[i] > stays[k].until))
			k++;
		may[i] = k < n_stays;
	}
	return n_stays > 0;
}
