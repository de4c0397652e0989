/* SPDX-License-Identifier: MIT */
/*
 * status.c - the verb "status": what is connected, what waits.
 *
 * Lengths of queues come from an index, a few microseconds each, so that it
 * may be asked while a hundred thousand messages wait.
 */

#include "bridge/control/json.h"
#include "bridge/control/verbs.h"
#include "bridge/core.h"
#include "bridge/store.h"
#include "mappings/queue.h"

#include <unistd.h>

/* What waits for some channels, on disk. */
struct backlog {
	int64_t rows;
	int64_t oldest_ms; /* wall time; 0: none */
};

static int
count_backlog(struct room *room, struct backlog *b)
{
	int64_t rows, oldest_ms;
	int rc = queue_depth(store_reader(room->bridge->store), room->ch.id,
			     &rows, &oldest_ms);

	if (rc < 0)
		return rc;
	b->rows += rows;
	if (oldest_ms && (!b->oldest_ms || oldest_ms < b->oldest_ms))
		b->oldest_ms = oldest_ms;
	return 0;
}

static void
write_backlog(struct json *j, struct bridge *bridge, const struct backlog *b)
{
	int64_t age = -1;

	if (b->oldest_ms) {
		age = loop_wall_ms(bridge->loop) - b->oldest_ms;
		age = age > 0 ? age : 0; /* the clock was set back */
	}
	json_number(j, "waiting", b->rows);
	verb_seconds(j, "oldest_s", age);
}

/* ---- networks ---------------------------------------------------------- */

static const char *
network_state_name(enum network_state state)
{
	static const char *const names[] = {
		[NETWORK_DOWN] = "down",
		[NETWORK_STARTING] = "starting",
		[NETWORK_UP] = "up",
		[NETWORK_STOPPING] = "stopping",
	};

	return names[state];
}

/* Wall time of a moment of the monotonic clock. */
static int64_t
wall_of(struct bridge *bridge, int64_t then_ms)
{
	return loop_wall_ms(bridge->loop) -
	       (loop_now_ms(bridge->loop) - then_ms);
}

static int
write_private(struct json *j, struct netlife *life)
{
	struct backlog b = { 0 };

	for (struct room *r = life->directs; r; r = r->hh_name.next)
		if (count_backlog(r, &b) < 0)
			return -1;
	json_object(j, "private");
	json_number(j, "channels", HASH_CNT(hh_name, life->directs));
	write_backlog(j, life->bridge, &b);
	json_end(j);
	return 0;
}

static int
write_network(struct json *j, struct netlife *life)
{
	struct bridge *bridge = life->bridge;
	int64_t since = life->since_ms > bridge->started_ms
				? life->since_ms
				: bridge->started_ms;
	int rc;

	json_object(j, NULL);
	json_text(j, "network", life->conf->name);
	json_text(j, "protocol", life->conf->protocol);
	json_text(j, "state", network_state_name(life->net->state));
	json_time(j, "since", wall_of(bridge, since));
	verb_seconds(j, "for_s", loop_now_ms(bridge->loop) - since);
	json_number(j, "attempts", life->failures);
	verb_seconds(j, "retry_in_s", timer_left_ms(&life->retry));
	json_text(j, "reason", life->why);
	json_number(j, "puppets", HASH_COUNT(life->pups));
	rc = write_private(j, life);
	json_end(j);
	return rc;
}

/* ---- channels ---------------------------------------------------------- */

static void
write_occupants(struct json *j, const struct room *room)
{
	unsigned joined = 0, refused = 0;

	for (const struct occ *o = room->occs; o; o = o->hh.next) {
		joined += o->o.state == OCCUPANT_JOINED;
		refused += o->o.state == OCCUPANT_REFUSED;
	}
	json_number(j, "members", HASH_COUNT(room->members));
	json_number(j, "puppets", joined);
	json_number(j, "puppets_refused", refused);
}

static int
write_channel(struct json *j, struct room *room)
{
	struct backlog b = { 0 };
	const char *state = room->ch.joined ? "joined"
			    : room->joining ? "joining"
					    : "out";
	int64_t left = room->joining ? -1 : timer_left_ms(&room->retry);

	if (room->ch.id && count_backlog(room, &b) < 0)
		return -1;
	json_object(j, NULL);
	json_text(j, "network", room->life->conf->name);
	json_text(j, "channel", room->ch.name);
	json_text(j, "link", room->link->name);
	json_bool(j, "joined", room->ch.joined);
	json_text(j, "state", state);
	verb_seconds(j, "retry_in_s", left);
	json_text(j, "reason", room->why);
	write_occupants(j, room);
	write_backlog(j, room->bridge, &b);
	json_number(j, "in_memory", (int64_t)room->outbox.n);
	json_number(j, "in_flight", (int64_t)room->outbox.in_flight);
	verb_seconds(j, "send_in_s", timer_left_ms(&room->outbox.retry));
	json_end(j);
	return 0;
}

static int
write_channels(struct json *j, struct bridge *bridge)
{
	for (size_t i = 0; i < bridge->n_links; i++) {
		const struct link *link = &bridge->links[i];

		for (size_t k = 0; k < link->n_rooms; k++)
			if (write_channel(j, link->rooms[k]) < 0)
				return -1;
	}
	return 0;
}

/* ---- the whole --------------------------------------------------------- */

static const char *
bridge_state_name(enum bridge_state state)
{
	static const char *const names[] = {
		[BRIDGE_IDLE] = "idle",
		[BRIDGE_RUNNING] = "running",
		[BRIDGE_STOPPING] = "stopping",
		[BRIDGE_STOPPED] = "stopped",
	};

	return names[state];
}

int
verb_status(struct verb_call *call)
{
	struct bridge *bridge = call->bridge;
	struct json *j = call->out;
	int rc = 0;

	json_text(j, "version", CAUSEWAY_VERSION);
	json_number(j, "pid", getpid());
	json_text(j, "state", bridge_state_name(bridge->state));
	json_time(j, "started", wall_of(bridge, bridge->started_ms));
	verb_seconds(j, "uptime_s",
		     loop_now_ms(bridge->loop) - bridge->started_ms);
	json_number(j, "unwritten", (int64_t)store_pending(bridge->store));
	json_array(j, "networks");
	for (size_t i = 0; rc == 0 && i < bridge->n_nets; i++)
		rc = write_network(j, &bridge->nets[i]);
	if (rc < 0)
		return verb_no_database(call);
	json_end(j);
	json_array(j, "channels");
	if (write_channels(j, bridge) < 0)
		return verb_no_database(call);
	json_end(j);
	return 0;
}
