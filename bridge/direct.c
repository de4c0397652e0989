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
#include "bridge/core.h"
#include "bridge/log.h"
#include "bridge/rows.h"
#include "bridge/steady.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "mappings/channels.h"
#include "mappings/identities.h"
#include "mappings/messages.h"
#include "mappings/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX 1025
#define SPANS_MAX (256 * 1024)
#define ATTACHMENTS_MAX (64 * 1024)

struct direct {
	struct store_job job;
	struct bridge *bridge;
	struct netlife *from, *to;
	struct event *ev;
	struct event_row row;
	struct str spans, attachments;
	char *to_id;
	int64_t from_channel, to_channel;
	bool known;
};

static int
direct_rooms(struct db *db, struct direct *d)
{
	int rc = channel_put(db, d->from->net->id, CHANNEL_DIRECT,
			     d->ev->sender.id, &d->from_channel);

	if (rc == 0)
		rc = channel_put(db, d->to->net->id, CHANNEL_DIRECT, d->to_id,
				 &d->to_channel);
	return rc;
}

static int
direct_run(struct db *db, struct store_job *job)
{
	struct direct *d = container_of(job, struct direct, job);
	int64_t known;
	int rc = direct_rooms(db, d);

	if (rc == 0)
		rc = sender_put(db, d->from->net->id, d->ev->sender.id,
				d->ev->sender.name, d->ev->sender.account,
				&d->row.sender);
	if (rc < 0)
		return rc;
	d->row.channel = d->from_channel;
	rc = event_put(db, &d->row, &known);
	d->known = rc == -EEXIST;
	if (d->known)
		return 0;
	return rc < 0 ? rc : delivery_put(db, d->row.id, d->to_channel);
}

static void
direct_free(struct direct *d)
{
	str_finish(&d->spans);
	str_finish(&d->attachments);
	event_unref(d->ev);
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
	const struct protocol_ops *ops = &d->from->net->protocol->ops;
	struct room *room;

	d->ev->channel = d->from_channel; /* nobody else has seen it yet */
	if (ops->accepted)
		ops->accepted(d->from->net, d->ev);
	if (d->known)
		return;
	room_direct_open(d->from, d->ev->sender.id, d->from_channel);
	room = room_direct_open(d->to, d->to_id, d->to_channel);
	outbox_push(room, d->ev, d->row.id, d->from);
}

static void
direct_done(struct store_job *job, int status)
{
	struct direct *d = container_of(job, struct direct, job);

	if (status < 0) {
		log_error(d->from->net->name,
			  "a private message cannot be kept: %s",
			  strerror(-status));
		bridge_bounce(d->from, d->ev, "the bridge cannot store it now");
	} else {
		direct_deliver(d);
	}
	direct_free(d);
}

/* NULL, or why there is no way from here to there. */
static const char *
obstacle(struct netlife *from, struct netlife *to)
{
	if (!to)
		return "there is no such network";
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
	struct bridge *bridge = from->bridge;
	struct direct *d = xcalloc(1, sizeof(*d));

	d->bridge = bridge;
	d->from = from;
	d->to = to;
	d->ev = event_ref(ev);
	d->to_id = xstrdup(to_id);
	str_init(&d->spans, SPANS_MAX);
	str_init(&d->attachments, ATTACHMENTS_MAX);
	rows_from_event(&d->row, ev, &d->spans, &d->attachments);
	d->row.id = ev->number = ++bridge->last_event;
	d->row.received_ms = loop_wall_ms(bridge->loop);
	d->row.steady_ms = steady_ms(bridge);
	d->job.run = direct_run;
	d->job.done = direct_done;
	d->job.drop = direct_drop;
	store_submit(bridge->store, &d->job);
}

void
direct_event(struct netlife *life, struct event *ev)
{
	struct netlife *to = bridge_net(life->bridge, ev->to.network);
	const char *why = obstacle(life, to);
	char id[ID_MAX];

	if (!event_is_durable(ev))
		return;
	if (!why &&
	    !to->net->protocol->ops.resolve(to->net, ev->to.id, id, sizeof(id)))
		why = "nobody can have that name there";
	if (why) {
		bridge_bounce(life, ev, why);
		return;
	}
	direct_submit(life, to, ev, id);
}
