/* SPDX-License-Identifier: MIT */
/*
 * direct.c - private words between two people on two networks.
 *
 * A person with whom somebody speaks across the bridge has a direct room on
 * their own network: it is where their words come from and where words for
 * them go. A word from S on network A to T on network B is an event of A's
 * room for S, delivered to B's room for T and nowhere else, spoken by the
 * puppet of S on B. Who T is was decided by the adapter that saw to whom S
 * wrote; no link, no member list and no other room has a say in it.
 */

#include "bridge/base.h"
#include "bridge/bounce.h"
#include "bridge/bounds.h"
#include "bridge/core.h"
#include "bridge/intake.h"
#include "bridge/keep.h"
#include "bridge/log.h"
#include "bridge/moment.h"
#include "bridge/network.h"
#include "bridge/outbox.h"
#include "bridge/room.h"
#include "bridge/store.h"
#include "mappings/channels.h"
#include "mappings/queue.h"

#include <stdlib.h>
#include <string.h>

#define ID_MAX 1025

struct direct {
	struct store_job job;
	struct keeping k;
	struct netlife *to;
	char *to_id;
	int64_t to_channel;
	bool full; /* there is no room for it */
};

#define FULL "too many messages wait for that person already"

static int
direct_rooms(struct db *db, struct direct *d)
{
	int rc = channel_put(db, d->k.network, CHANNEL_DIRECT,
			     d->k.ev->sender.id, &d->k.row.channel);

	return rc ? rc
		  : channel_put(db, d->to->net->id, CHANNEL_DIRECT, d->to_id,
				&d->to_channel);
}

static int
direct_run(struct db *db, struct store_job *job)
{
	struct direct *d = container_of(job, struct direct, job);
	int rc = direct_rooms(db, d);

	if (rc == 0)
		rc = keeping_run(&d->k, db);
	if (rc < 0 || d->k.known)
		return rc;
	return d->full ? keeping_refuse(&d->k, db, d->to_channel, FULL)
		       : delivery_put(db, d->k.row.id, d->to_channel);
}

static void
direct_free(struct direct *d)
{
	keeping_finish(&d->k);
	free(d->to_id);
	free(d);
}

static void
direct_drop(struct store_job *job)
{
	direct_free(container_of(job, struct direct, job));
}

static void
direct_deliver(struct direct *d)
{
	struct keeping *k = &d->k;
	struct room *room;

	k->ev->channel = k->row.channel; /* nobody else has seen it yet */
	keeping_accepted(k);
	if (k->known)
		return;
	room_direct_open(k->life, k->ev->sender.id, k->row.channel);
	room = room_direct_open(d->to, d->to_id, d->to_channel);
	if (d->full) {
		room->outbox.refused++;
		bridge_owe(room, k->life, k->ev, k->row.id, FULL);
		return;
	}
	bounds_coming(room, k->bytes);
	bounds_landed(room, k->bytes, k->row.id);
	outbox_push(room, k->ev, k->row.id, k->life);
}

static void
direct_done(struct store_job *job, int status)
{
	struct direct *d = container_of(job, struct direct, job);

	if (status < 0) {
		log_error(d->k.life->net->name,
			  "a private message cannot be kept: %s",
			  strerror(-status));
		bridge_bounce(d->k.life, d->k.ev,
			      "the bridge cannot store it now");
	} else {
		direct_deliver(d);
	}
	network_unuse(d->to);
	network_unuse(d->k.life);
	direct_free(d);
}

/* NULL, or why there is no way from here to there. */
static const char *
obstacle(struct netlife *from, struct netlife *to, const char *none)
{
	if (!to)
		return none ? none : "there is no such network";
	if (to == from)
		return "that person is on your own network";
	if (!(to->net->caps & CAN_DIRECT))
		return "that network has no private messages through this "
		       "bridge (an operator must allow puppets there)";
	return NULL;
}

static void
direct_submit(struct netlife *from, struct netlife *to, struct event *ev,
	      const char *to_id)
{
	struct room *room = room_direct(to, to_id);
	struct bridge *bridge = from->bridge;
	struct direct *d = xcalloc(1, sizeof(*d));

	network_keep(to);
	keeping_init(&d->k, network_use(from), ev, ++bridge->last_event);
	d->to = network_use(to);
	d->to_id = xstrdup(to_id);
	d->full = room && bounds_full(room, d->k.bytes);
	d->job.run = direct_run;
	d->job.done = direct_done;
	d->job.drop = direct_drop;
	store_submit(bridge->store, &d->job);
}

/* By who writes. */
static bool
is_blocked(struct netlife *life, const struct event *ev)
{
	const struct sender person = { .id = ev->to.id };

	return bridge_blocks(life->net, ev->sender.id, ev->to.network, &person);
}

void
direct_event(struct netlife *life, struct event *ev)
{
	struct netlife *to;
	const char *why = NULL;
	char id[ID_MAX];

	if (!event_is_durable(ev)) {
		moment_direct(life, ev);
		return;
	}
	to = network_demand(life->bridge, ev->to.network, &why);
	why = obstacle(life, to, why);
	if (!why &&
	    bridge_blocks(to->net, ev->to.id, life->name, &ev->sender)) {
		bridge_accept(life, ev);
		return;
	}
	if (!why && is_blocked(life, ev))
		why = "you block that person";
	if (!why &&
	    !to->net->protocol->ops.resolve(to->net, ev->to.id, id, sizeof(id)))
		why = "nobody can have that name there";
	if (why)
		bridge_bounce(life, ev, why);
	else
		direct_submit(life, to, ev, id);
}
