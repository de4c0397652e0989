/* SPDX-License-Identifier: MIT */
/*
 * queue.c - the verbs "queue" and "retry": what waits, and no longer.
 */

#include "mappings/queue.h"
#include "bridge/base.h"
#include "bridge/control/answer.h"
#include "bridge/control/verbs.h"
#include "bridge/core.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/network.h"
#include "bridge/outbox.h"
#include "bridge/puppet.h"
#include "bridge/room.h"
#include "bridge/steady.h"
#include "bridge/store.h"
#include "mappings/channels.h"

#include <errno.h>

/* Deliveries in one answer; and of one channel when nobody named it. */
#define LIST_MAX 1000
#define LIST_EACH 20

/* ---- queue ------------------------------------------------------------- */

struct listing {
	struct verb_call *call;
	const struct verb_place *place; /* NULL: everything */
	struct room *room;              /* of the rows being read, or NULL */
	unsigned left;                  /* of LIST_MAX */
	unsigned rows;                  /* read from this channel */
	bool failed;
};

static void
write_row(void *arg, const struct queue_row *row)
{
	struct listing *l = arg;
	struct answer *a = l->call->out;
	const struct delivery_row *d = &row->delivery;
	const struct item *item =
		l->room ? outbox_find(l->room, d->event) : NULL;
	bool sent = item && item->state == ITEM_IN_FLIGHT;
	unsigned attempts = d->attempts;
	int64_t age = steady_ms(l->call->bridge) - row->steady_ms;

	if (item && item->attempts > attempts)
		attempts = item->attempts;
	answer_object(a, NULL);
	answer_number(a, "event", d->event);
	answer_text(a, "state", sent ? "sent" : "waiting");
	answer_time(a, "received", row->received_ms);
	verb_seconds(a, "age_s", age > 0 ? age : 0);
	answer_number(a, "attempts", attempts);
	answer_text(a, "reason", d->why);
	if (d->stands_for)
		answer_number(a, "stands_for", d->stands_for);
	answer_end(a);
	l->rows++;
}

/* Why nothing goes there now; NULL if something should. */
static const char *
what_holds(const struct room *room)
{
	if (!room)
		return "the channel is not in the configuration any more";
	if (room->life->net->state != NETWORK_UP)
		return "the network is not up";
	if (!room->ch.joined)
		return "the channel is not joined";
	if (timer_is_running(&room->outbox.retry))
		return "it asked for patience";
	return NULL;
}

static unsigned
limit_of(const struct listing *l)
{
	unsigned limit = l->place ? LIST_MAX : LIST_EACH;

	return limit < l->left ? limit : l->left;
}

static void
list_channel(void *arg, const struct channel_row *row)
{
	struct listing *l = arg;
	struct bridge *bridge = l->call->bridge;
	struct db *db = store_reader(bridge->store);
	struct answer *a = l->call->out;
	const char *name = verb_channel_name(row->kind, row->channel_name);
	int64_t waiting, oldest_ms;

	if (l->place && !verb_place_is(l->place, row->network_name, name))
		return;
	l->room = bridge_room(bridge, row->channel);
	l->rows = 0;
	if (queue_depth(db, row->channel, &waiting, &oldest_ms) < 0)
		l->failed = true;
	answer_object(a, NULL);
	answer_text(a, "network", row->network_name);
	answer_text(a, "channel", name);
	answer_number(a, "waiting", waiting);
	answer_text(a, "held_by", what_holds(l->room));
	verb_seconds(a, "send_in_s",
		     l->room ? timer_left_ms(&l->room->outbox.retry) : -1);
	answer_array(a, "deliveries");
	if (queue_list(db, row->channel, limit_of(l), write_row, l) < 0)
		l->failed = true;
	answer_end(a);
	answer_bool(a, "more", l->rows < waiting);
	answer_end(a);
	l->left -= l->rows;
}

/* Whether one of our rooms is meant, so that a slip of the pen is told. */
static bool
is_known(struct bridge *bridge, const struct verb_place *place)
{
	if (place->life && !place->channel)
		return true;
	for (struct room *r = bridge->rooms; r; r = r->hh.next)
		if (verb_place_is(place, r->life->name,
				  verb_channel_name(r->ch.kind, r->ch.name)))
			return true;
	return false;
}

static int
unknown_place(struct verb_call *call)
{
	return error_set(call->err, ENOENT,
			 "there is no network or channel \"%s\"; see "
			 "\"status\"",
			 call->args[0]);
}

int
verb_queue(struct verb_call *call)
{
	struct listing l = { .call = call, .left = LIST_MAX };
	struct verb_place place;
	int rc = 0;

	if (call->n_args > 0) {
		rc = verb_place(call, call->args[0], &place);
		l.place = &place;
	}
	if (rc < 0)
		return rc;
	answer_array(call->out, "channels");
	rc = queue_channels(store_reader(call->bridge->store), list_channel,
			    &l);
	answer_end(call->out);
	if (rc < 0 || l.failed)
		return verb_no_database(call);
	/* What waits for a channel that is gone has been listed by now. */
	if (l.place && l.left == LIST_MAX && !is_known(call->bridge, l.place))
		return unknown_place(call);
	return 0;
}

/* ---- retry ------------------------------------------------------------- */

struct retried {
	unsigned networks, channels, queues, puppets;
};

static void
retry_networks(struct bridge *bridge, const struct verb_place *place,
	       struct retried *n)
{
	for (size_t i = 0; i < bridge->n_nets; i++) {
		struct netlife *life = bridge->nets[i];

		if (!place || (!place->channel && place->life == life))
			n->networks += network_retry(life);
	}
}

static void
retry_rooms(struct bridge *bridge, const struct verb_place *place,
	    struct retried *n)
{
	for (struct room *r = bridge->rooms; r; r = r->hh.next) {
		if (place &&
		    !verb_place_is(place, r->life->name,
				   verb_channel_name(r->ch.kind, r->ch.name)))
			continue;
		n->channels += room_retry(r);
		n->queues += outbox_retry(r);
		n->puppets += puppets_retry(r);
	}
}

int
verb_retry(struct verb_call *call)
{
	struct bridge *bridge = call->bridge;
	struct verb_place place;
	struct verb_place *only = NULL;
	struct retried n = { 0 };
	int rc = 0;

	if (bridge->state != BRIDGE_RUNNING)
		return error_set(call->err, EAGAIN,
				 "the bridge is not "
				 "running");
	if (call->n_args > 0) {
		rc = verb_place(call, call->args[0], &place);
		only = &place;
	}
	if (rc < 0)
		return rc;
	if (only && !is_known(bridge, only))
		return unknown_place(call);
	retry_networks(bridge, only, &n);
	retry_rooms(bridge, only, &n);
	log_info("control",
		 "retry of %s: %u networks, %u channels, "
		 "%u queues, %u puppets",
		 only ? call->args[0] : "everything", n.networks, n.channels,
		 n.queues, n.puppets);
	answer_number(call->out, "networks", n.networks);
	answer_number(call->out, "channels", n.channels);
	answer_number(call->out, "queues", n.queues);
	answer_number(call->out, "puppets", n.puppets);
	return 0;
}
