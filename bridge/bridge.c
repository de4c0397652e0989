/* SPDX-License-Identifier: MIT */
/*
 * bridge.c - the whole: made, started, stopped; and the pass over the rooms
 * that have something to do.
 */

#include "bridge/bridge.h"

#include "bridge/account.h"
#include "bridge/base.h"
#include "bridge/bounce.h"
#include "bridge/bounds.h"
#include "bridge/core.h"
#include "bridge/error.h"
#include "bridge/link.h"
#include "bridge/log.h"
#include "bridge/network.h"
#include "bridge/operate.h"
#include "bridge/portal.h"
#include "bridge/room.h"
#include "bridge/secret.h"
#include "bridge/steady.h"
#include "bridge/store.h"
#include "conf/conf.h"
#include "mappings/channels.h"
#include "mappings/clock.h"
#include "mappings/db.h"
#include "mappings/messages.h"
#include "mappings/queue.h"
#include "mappings/stays.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often to write down the time, while something waits. */
#define TICK_MS (10 * 60 * 1000)
/* For the last lines to be confirmed, before we go. */
#define DRAIN_MS 2000

/* ---- finding ----------------------------------------------------------- */

struct netlife *
bridge_net(struct bridge *bridge, const char *name)
{
	for (size_t i = 0; i < bridge->n_nets; i++)
		if (strcmp(bridge->nets[i]->name, name) == 0)
			return bridge->nets[i];
	return NULL;
}

struct room *
bridge_room(struct bridge *bridge, int64_t id)
{
	struct room *room;

	HASH_FIND(hh, bridge->rooms, &id, sizeof(id), room);
	return room;
}

struct network *
bridge_network(struct bridge *bridge, const char *name)
{
	struct netlife *life = bridge_net(bridge, name);

	return life ? life->net : NULL;
}

size_t
bridge_waiting(const struct bridge *bridge)
{
	size_t n = store_pending(bridge->store);

	for (const struct room *r = bridge->rooms; r; r = r->hh.next)
		n += r->outbox.n;
	return n;
}

void
bridge_pressure(struct bridge *bridge, bool tight)
{
	bridge->tight = tight;
	bounds_pressed(bridge);
}

static void leave(void *arg);
static bool is_drained(const struct bridge *bridge);

/* ---- the pass ---------------------------------------------------------- */

static void
bridge_work(void *arg)
{
	struct bridge *bridge = arg;
	struct room *room;

	bridge->work_deferred = false;
	bounces_work(bridge); /* may mark rooms */
	bounds_work(bridge);
	commands_work(bridge);
	contacts_work(bridge);
	invitations_work(bridge);
	room = bridge->work;
	bridge->work = NULL;
	bridge->work_end = &bridge->work;
	while (room) {
		struct room *next = room->next_work;

		room->next_work = NULL;
		room->marked = false;
		room_work(room); /* may free it */
		room = next;
	}
	if (timer_is_running(&bridge->drain) && is_drained(bridge))
		leave(bridge);
}

void
bridge_schedule(struct bridge *bridge)
{
	if (bridge->work_deferred)
		return;
	bridge->work_deferred = true;
	loop_defer(bridge->loop, bridge_work, bridge);
}

void
bridge_mark(struct room *room)
{
	struct bridge *bridge = room->bridge;

	if (!room->marked) {
		room->marked = true;
		*bridge->work_end = room;
		bridge->work_end = &room->next_work;
	}
	bridge_schedule(bridge);
}

/* ---- making ------------------------------------------------------------ */

static int
make_network(struct bridge *bridge, const struct conf_network *conf,
	     struct error *err)
{
	struct network *net = network_make(bridge, conf, err);

	if (!net)
		return -EINVAL;
	network_add(bridge, net, conf, bridge->conf);
	return 0;
}

static void
make_link(struct bridge *bridge, const struct conf_link *conf)
{
	struct link *link = link_new(conf, bridge->conf);

	bridge->links[bridge->n_links++] = link;
	for (size_t i = 0; i < conf->n_members; i++)
		link_add(link, link_room_new(bridge, &conf->members[i]));
}

struct bridge *
bridge_new(struct loop *loop, struct store *store, const struct conf *conf,
	   const struct protocol *const *protocols, struct error *err)
{
	struct bridge *bridge = xcalloc(1, sizeof(*bridge));

	bridge->loop = loop;
	bridge->store = store;
	bridge->conf = conf_use(conf);
	bridge->protocols = protocols;
	bridge->work_end = &bridge->work;
	bridge->links = xcalloc(conf->n_links, sizeof(*bridge->links));
	for (size_t i = 0; i < conf->n_networks; i++) {
		if (conf_is_template(&conf->networks[i]))
			continue;
		if (make_network(bridge, &conf->networks[i], err) < 0) {
			bridge_free(bridge);
			return NULL;
		}
	}
	for (size_t i = 0; i < conf->n_links; i++)
		make_link(bridge, &conf->links[i]);
	return bridge;
}

/* ---- starting ---------------------------------------------------------- */

/* Everything that is linked gets its number, in one transaction. */
struct opening {
	struct store_job job;
	struct bridge *bridge;
	int64_t *networks; /* by place in bridge->nets */
	int64_t *channels; /* by place in the links, link after link */
	int64_t last_event, last_network;
	int64_t wall_ms;   /* when it was asked for */
	int64_t steady_ms; /* at that moment */
	char id[24];
};

static int
open_networks(struct db *db, struct opening *op)
{
	struct bridge *bridge = op->bridge;

	for (size_t i = 0; i < bridge->n_nets; i++) {
		const struct conf_network *conf = bridge->nets[i]->conf;
		int rc = network_put(db, conf->name, conf->protocol,
				     &op->networks[i]);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
open_room(struct db *db, struct opening *op, struct room *room, int64_t link,
	  int64_t *id)
{
	int rc = channel_put(db, op->networks[room->life->place], CHANNEL_ROOM,
			     room->ch.name, id);

	return rc < 0 ? rc : link_member_put(db, link, *id, "");
}

static int
open_links(struct db *db, struct opening *op)
{
	struct bridge *bridge = op->bridge;
	size_t n = 0;

	for (size_t i = 0; i < bridge->n_links; i++) {
		struct link *link = bridge->links[i];
		int64_t id;
		int rc = link_put(db, link->name, LINK_FILE, &id);

		for (size_t k = 0; rc == 0 && k < link->n_rooms; k++)
			rc = open_room(db, op, link->rooms[k], id,
				       &op->channels[n++]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
open_clock(struct db *db, struct opening *op)
{
	int64_t most_ms = (int64_t)op->bridge->conf->queue_age_s * 1000 / 2;
	struct clock_row then;
	int rc = clock_get(db, &then);

	if (rc < 0)
		return rc;
	op->steady_ms = steady_resume(&then, op->wall_ms, most_ms);
	return clock_set(db, op->steady_ms, op->wall_ms);
}

static int
opening_run(struct db *db, struct store_job *job)
{
	struct opening *op = container_of(job, struct opening, job);
	int rc = open_networks(db, op);

	if (rc == 0)
		rc = open_clock(db, op);
	if (rc == 0)
		rc = owed_trim(db, BOUNCES_MAX);
	if (rc < 0)
		return rc;
	op->last_event = event_last_id(db);
	op->last_network = network_last_id(db);
	rc = stays_end(db, op->last_event);
	if (rc < 0)
		return rc;
	snprintf(op->id, sizeof(op->id), "%s", db_bridge_id(db));
	return open_links(db, op);
}

/* A private word was waiting when we went down: its room comes back. */
static void
resume_direct(void *arg, const struct channel_row *row)
{
	struct bridge *bridge = arg;
	const char *why;
	struct netlife *life = network_demand(bridge, row->network_name, &why);

	if (bridge_room(bridge, row->channel) || !life)
		return;
	if (row->kind == CHANNEL_DIRECT)
		room_direct_open(life, row->channel_name, row->channel);
}

static void
number_rooms(struct bridge *bridge, const int64_t *channels)
{
	size_t n = 0;

	for (size_t i = 0; i < bridge->n_links; i++)
		for (size_t k = 0; k < bridge->links[i]->n_rooms; k++)
			room_open(bridge->links[i]->rooms[k], channels[n++]);
}

static void
opening_drop(struct store_job *job)
{
	struct opening *op = container_of(job, struct opening, job);

	free(op->networks);
	free(op->channels);
	free(op);
}

static void
tick(void *arg)
{
	struct bridge *bridge = arg;

	if (bridge_waiting(bridge))
		steady_keep(bridge);
	timer_start(&bridge->tick, bridge->loop, TICK_MS, tick, bridge);
}

static void
take_identity(struct bridge *bridge, const struct opening *op)
{
	bridge->last_event = op->last_event;
	bridge->last_network = op->last_network;
	bridge->steady_offset_ms = op->steady_ms - bridge->started_ms;
	snprintf(bridge->id, sizeof(bridge->id), "%s", op->id);
	snprintf(bridge->prefix, sizeof(bridge->prefix), "cw-%s-", op->id);
	snprintf(bridge->puppets, sizeof(bridge->puppets), "%s:p:", op->id);
	for (size_t i = 0; i < bridge->n_nets; i++)
		network_introduce(bridge->nets[i], op->networks[i]);
}

static void
opened(struct bridge *bridge, const struct opening *op)
{
	take_identity(bridge, op);
	number_rooms(bridge, op->channels);
	portals_resume(bridge);
	queue_channels(store_reader(bridge->store), resume_direct, bridge);
	bounces_load(bridge);
	blocks_load(bridge);
	contacts_load(bridge);
	if (bridge->state != BRIDGE_RUNNING)
		return;
	timer_start(&bridge->tick, bridge->loop, TICK_MS, tick, bridge);
	prune_begin(bridge);
	for (size_t i = 0; i < bridge->n_nets; i++)
		network_start(bridge->nets[i]);
}

static void
opening_done(struct store_job *job, int status)
{
	struct opening *op = container_of(job, struct opening, job);

	if (status < 0)
		log_error("store", "the links cannot be written down: %s",
			  strerror(-status));
	else
		opened(op->bridge, op);
	opening_drop(job);
}

void
bridge_start(struct bridge *bridge)
{
	struct opening *op = xcalloc(1, sizeof(*op));
	size_t n = 0;

	assert(bridge->state == BRIDGE_IDLE);
	bridge->state = BRIDGE_RUNNING;
	bridge->started_ms = loop_now_ms(bridge->loop);
	for (size_t i = 0; i < bridge->n_links; i++)
		n += bridge->links[i]->n_rooms;
	op->bridge = bridge;
	op->wall_ms = loop_wall_ms(bridge->loop);
	op->networks = xcalloc(bridge->n_nets, sizeof(int64_t));
	op->channels = xcalloc(n, sizeof(int64_t));
	op->job.run = opening_run;
	op->job.done = opening_done;
	op->job.drop = opening_drop;
	store_submit(bridge->store, &op->job);
}

/* ---- stopping ---------------------------------------------------------- */

/* Called again whenever a network came down. */
static void
stop_check(void *arg)
{
	struct bridge *bridge = arg;

	if (bridge->state != BRIDGE_STOPPING)
		return;
	for (size_t i = 0; i < bridge->n_nets; i++)
		if (bridge->nets[i]->net->state != NETWORK_DOWN)
			return;
	bridge->state = BRIDGE_STOPPED;
	if (bridge->stopped)
		bridge->stopped(bridge->stopped_arg);
}

void
bridge_network_is_down(struct bridge *bridge)
{
	loop_defer(bridge->loop, stop_check, bridge);
}

/* Nothing is on the wire, or it has had its time: goodbye. */
static void
leave(void *arg)
{
	struct bridge *bridge = arg;

	timer_stop(&bridge->drain);
	for (size_t i = 0; i < bridge->n_nets; i++)
		network_stop(bridge->nets[i]);
	loop_defer(bridge->loop, stop_check, bridge);
}

static bool
is_drained(const struct bridge *bridge)
{
	for (const struct room *r = bridge->rooms; r; r = r->hh.next)
		if (r->outbox.in_flight)
			return false;
	return true;
}

void
bridge_stop(struct bridge *bridge, void (*fn)(void *arg), void *arg)
{
	if (bridge->state >= BRIDGE_STOPPING)
		return;
	bridge->state = BRIDGE_STOPPING;
	bridge->stopped = fn;
	bridge->stopped_arg = arg;
	timer_stop(&bridge->tick);
	timer_stop(&bridge->prune);
	if (*bridge->id)
		steady_keep(bridge);
	/* What is confirmed now is not said again by the next run. */
	timer_start(&bridge->drain, bridge->loop, DRAIN_MS, leave, bridge);
	bridge_schedule(bridge);
}

static void
free_rooms(struct bridge *bridge)
{
	struct room *room, *tmp;

	for (size_t i = 0; i < bridge->n_nets; i++) {
		HASH_ITER(hh_name, bridge->nets[i]->directs, room, tmp)
		room_free(room);
	}
	for (size_t i = 0; i < bridge->n_links; i++) {
		struct link *link = bridge->links[i];

		while (link->n_rooms) {
			room = link->rooms[0];
			link_drop(link, room);
			room_free(room);
		}
		link_free(link);
	}
	HASH_ITER(hh, bridge->rooms, room, tmp)
	if (room->closing)
		room_free(room);
	portals_free(bridge);
}

void
bridge_free(struct bridge *bridge)
{
	if (!bridge)
		return;
	bridge->state = BRIDGE_STOPPED; /* nothing is written any more */
	bounces_free(bridge);
	commands_free(bridge);
	contacts_free(bridge);
	blocks_free(bridge);
	timer_stop(&bridge->tick);
	timer_stop(&bridge->drain);
	free_rooms(bridge);
	loop_cancel(bridge->loop, bridge_work, bridge);
	loop_cancel(bridge->loop, stop_check, bridge);
	for (size_t i = 0; i < bridge->n_nets; i++)
		network_free(bridge->nets[i]);
	reload_free(bridge);
	assert(!bridge->accounts);
	secret_free(bridge->seal);
	free(bridge->links);
	free(bridge->nets);
	conf_free(bridge->conf);
	free(bridge);
}
