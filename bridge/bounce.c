/* SPDX-License-Identifier: MIT */
/*
 * bounce.c - what the network where something was said is to be told: that
 * it was taken, or that it did not get through.
 *
 * What was taken and ended badly is owed to its author. That stands in the
 * row of the delivery until the author was told, so that it outlives us; it
 * may then be told once more, but not never. What was not even taken has no
 * row, and an author who is still there.
 */

#include "bridge/bounce.h"

#include "bridge/archive.h"
#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/intake.h"
#include "bridge/log.h"
#include "bridge/network.h"
#include "bridge/room.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "mappings/channels.h"
#include "mappings/queue.h"

#include <utlist.h>

#include <stdlib.h>
#include <string.h>

#define WHY_MAX 4096

/* Something to tell the network from which source came. */
struct bounce {
	struct netlife *home;
	struct event *source;
	int64_t event, channel; /* the delivery that is owed; 0: none */
	char *why;      /* it did not get through; NULL: it is accepted */
	bool delivered; /* or has arrived; of use only now */
	struct bounce *prev, *next;
};

/* ---- told -------------------------------------------------------------- */

struct told {
	struct store_job job;
	int64_t event, channel;
};

static int
told_run(struct db *db, struct store_job *job)
{
	const struct told *t = container_of(job, struct told, job);

	return delivery_told(db, t->event, t->channel);
}

static void
told_drop(struct store_job *job)
{
	free(container_of(job, struct told, job));
}

/* If it failed, the author will be told once more. */
static void
told_done(struct store_job *job, int status UNUSED)
{
	told_drop(job);
}

static void
keep_told(struct bridge *bridge, int64_t event, int64_t channel)
{
	struct told *t;

	if (!event)
		return;
	t = xcalloc(1, sizeof(*t));
	t->job = (struct store_job){ .run = told_run,
				     .done = told_done,
				     .drop = told_drop };
	t->event = event;
	t->channel = channel;
	store_submit(bridge->store, &t->job);
}

/* ---- the list ---------------------------------------------------------- */

static void
bounce_drop(struct bridge *bridge, struct bounce *b)
{
	DL_DELETE(bridge->bounces, b);
	network_unuse(b->home);
	bridge->n_bounces--;
	event_unref(b->source);
	free(b->why);
	free(b);
}

void
bounces_free(struct bridge *bridge)
{
	while (bridge->bounces)
		bounce_drop(bridge, bridge->bounces);
}

/* Nobody hears it while the author's network, or room, is away. */
static bool
can_be_heard(const struct bounce *b, const struct room *room)
{
	if (b->home->net->state != NETWORK_UP)
		return false;
	return !room || room->ch.joined;
}

/* There is room for more again. */
static void
count_untold(struct bridge *bridge)
{
	if (bridge->n_untold && bridge->n_bounces < BOUNCES_MAX / 2) {
		log_warn("causewayd", "%zu errors were not told their authors",
			 bridge->n_untold);
		bridge->n_untold = 0;
	}
}

void
bounces_work(struct bridge *bridge)
{
	struct bounce *b, *next;

	DL_FOREACH_SAFE(bridge->bounces, b, next)
	{
		struct network *net = b->home->net;
		const struct protocol_ops *ops = &net->protocol->ops;
		struct room *room = bridge_room(bridge, b->source->channel);
		bool tells = b->why && !event_is_own(b->source);

		if (tells && !can_be_heard(b, room))
			continue;
		if (b->delivered && ops->delivered && net->state == NETWORK_UP)
			ops->delivered(net, b->source);
		if (!b->why && !b->delivered && ops->accepted)
			ops->accepted(net, b->source);
		if (tells && ops->bounce)
			ops->bounce(net, room ? &room->ch : NULL, b->source,
				    b->why);
		keep_told(bridge, b->event, b->channel);
		bounce_drop(bridge, b);
	}
	count_untold(bridge);
}

/* Too many wait: the operator reads it where the authors do not. */
static void
forget_oldest(struct bridge *bridge)
{
	struct bounce *b = bridge->bounces;

	if (bridge->n_untold++ == 0)
		log_warn(b->home->name,
			 "more than %d errors wait for their authors; the "
			 "oldest are not told",
			 BOUNCES_MAX);
	keep_told(bridge, b->event, b->channel);
	bounce_drop(bridge, b);
}

static struct bounce *
tell_home(struct netlife *home, struct event *source, const char *why)
{
	struct bridge *bridge = home->bridge;
	struct bounce *b = xcalloc(1, sizeof(*b));

	b->home = network_use(home);
	b->source = event_ref(source);
	b->why = why ? xstrdup(why) : NULL;
	DL_APPEND(bridge->bounces, b);
	if (++bridge->n_bounces > BOUNCES_MAX && bridge->bounces->why)
		forget_oldest(bridge);
	bridge_schedule(bridge);
	return b;
}

void
bridge_bounce(struct netlife *home, struct event *source, const char *why)
{
	tell_home(home, source, why ? why : "no reason was given");
}

void
bridge_accept(struct netlife *home, struct event *source)
{
	tell_home(home, source, NULL);
}

/* ---- what is owed ------------------------------------------------------ */

struct owing {
	const struct delivery_row *row;
	struct netlife *home;
	struct event *source;
};

/* In a link of many the author wants to know where it was refused. */
static void
owe(const struct owing *o, const struct channel_row *to)
{
	AUTO_STR why = { 0 };
	struct bounce *b;

	str_init(&why, WHY_MAX);
	if (to->kind == CHANNEL_ROOM)
		str_printf(&why, "%s/%s: ", to->network_name, to->channel_name);
	str_add(&why, o->row->why ? o->row->why : "no reason was given");
	b = tell_home(o->home, o->source, why.data);
	b->event = o->row->event;
	b->channel = o->row->channel;
}

/* The addressee is not on disk with it. One reference, the caller's. */
static struct event *
with_addressee(struct event *source, const struct room *room)
{
	struct event *ev;

	if (room->ch.kind != CHANNEL_DIRECT || event_is_direct(source))
		return event_ref(source);
	ev = event_copy(source);
	event_set_to(ev, room->life->name, room->ch.name);
	return ev;
}

void
bridge_delivered(struct room *room, struct netlife *home, struct event *source)
{
	AUTO(event) ev = with_addressee(source, room);

	tell_home(home, ev, NULL)->delivered = true;
}

void
bridge_owe(struct room *room, struct netlife *home, struct event *source,
	   int64_t event, const char *why)
{
	const struct delivery_row row = {
		.event = event,
		.channel = room->ch.id,
		.why = why,
	};
	const struct channel_row to = {
		.kind = room->ch.kind,
		.network_name = room->life->name,
		.channel_name = room->ch.name,
	};
	AUTO(event) ev = with_addressee(source, room);

	owe(&(struct owing){ &row, home, ev }, &to);
}

/* A word to one person: the network may want to know to whom. */
static void
load_place(void *arg, const struct channel_row *to)
{
	const struct owing *o = arg;
	struct event *ev = o->source;

	if (to->kind == CHANNEL_DIRECT) {
		event_set_to(ev, to->network_name, to->channel_name);
		room_direct_open(o->home, ev->sender.id, ev->channel);
	}
	owe(o, to);
}

static void
load_owed(void *arg, const struct delivery_row *row)
{
	struct bridge *bridge = arg;
	struct db *db = store_reader(bridge->store);
	AUTO(event) ev = archive_load(db, row->event, NULL);
	char *name = ev ? archive_network(db, ev->channel) : NULL;
	struct owing o = {
		.row = row,
		.home = name ? bridge_net(bridge, name) : NULL,
		.source = ev,
	};

	free(name);
	if (o.home)
		channel_get(db, row->channel, load_place, &o);
	else /* nobody can be told any more */
		keep_told(bridge, row->event, row->channel);
}

void
bounces_load(struct bridge *bridge)
{
	owed_each(store_reader(bridge->store), load_owed, bridge);
}
