/* SPDX-License-Identifier: MIT */
/*
 * status.c - the verb "status": what is connected, what waits.
 *
 * Lengths of queues come from an index, a few microseconds each, so that it
 * may be asked while a hundred thousand messages wait.
 */

#include "bridge/control/answer.h"
#include "bridge/control/verbs.h"
#include "bridge/core.h"
#include "bridge/fuse.h"
#include "bridge/link.h"
#include "bridge/member.h"
#include "bridge/network.h"
#include "bridge/puppet.h"
#include "bridge/room.h"
#include "bridge/steady.h"
#include "bridge/store.h"
#include "conf/conf.h"
#include "mappings/queue.h"

#include <unistd.h>

/* What waits for some channels, on disk. */
struct backlog {
	int64_t rows;
	int64_t oldest_ms; /* steady time; 0: none */
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
write_backlog(struct answer *a, struct bridge *bridge, const struct backlog *b)
{
	int64_t age = -1;

	if (b->oldest_ms) {
		age = steady_ms(bridge) - b->oldest_ms;
		age = age > 0 ? age : 0; /* taken by a run that crashed */
	}
	answer_number(a, "waiting", b->rows);
	verb_seconds(a, "oldest_s", age);
	answer_time(a, "waiting_since",
		    age < 0 ? 0 : loop_wall_ms(bridge->loop) - age);
}

/* ---- networks ---------------------------------------------------------- */

static const char *
network_state_name(const struct netlife *life)
{
	static const char *const names[] = {
		[NETWORK_DOWN] = "down",
		[NETWORK_STARTING] = "starting",
		[NETWORK_UP] = "up",
		[NETWORK_STOPPING] = "stopping",
	};

	if (life->net->state == NETWORK_DOWN && life->refused)
		return "refused";
	return names[life->net->state];
}

/* Wall time of a moment of the monotonic clock. */
static int64_t
wall_of(struct bridge *bridge, int64_t then_ms)
{
	return loop_wall_ms(bridge->loop) -
	       (loop_now_ms(bridge->loop) - then_ms);
}

static int
write_private(struct answer *a, struct netlife *life)
{
	struct backlog b = { 0 };

	for (struct room *r = life->directs; r; r = r->hh_name.next)
		if (count_backlog(r, &b) < 0)
			return -1;
	answer_object(a, "private");
	answer_number(a, "channels", HASH_CNT(hh_name, life->directs));
	write_backlog(a, life->bridge, &b);
	answer_end(a);
	return 0;
}

static int
write_network(struct answer *a, struct netlife *life)
{
	struct bridge *bridge = life->bridge;
	int64_t since = life->since_ms > bridge->started_ms
				? life->since_ms
				: bridge->started_ms;
	int rc;

	answer_object(a, NULL);
	answer_text(a, "network", life->name);
	answer_text(a, "protocol", life->conf->protocol);
	answer_text(a, "state", network_state_name(life));
	answer_time(a, "since", wall_of(bridge, since));
	verb_seconds(a, "for_s", loop_now_ms(bridge->loop) - since);
	answer_number(a, "attempts", life->failures);
	verb_seconds(a, "retry_in_s", timer_left_ms(&life->retry));
	answer_text(a, "reason", life->why);
	answer_number(a, "puppets", HASH_COUNT(life->pups));
	rc = write_private(a, life);
	answer_end(a);
	return rc;
}

/* ---- channels ---------------------------------------------------------- */

static void
write_occupants(struct answer *a, const struct room *room)
{
	unsigned joined = 0, refused = 0;

	for (const struct occ *o = room->occs; o; o = o->hh.next) {
		joined += o->o.state == OCCUPANT_JOINED;
		refused += o->o.state == OCCUPANT_REFUSED;
	}
	answer_number(a, "members", HASH_COUNT(room->members));
	answer_number(a, "puppets", joined);
	answer_number(a, "puppets_refused", refused);
}

static int
write_channel(struct answer *a, struct room *room)
{
	struct backlog b = { 0 };
	const char *state = room->ch.joined ? "joined"
			    : room->joining ? "joining"
			    : room->refused ? "refused"
					    : "out";
	int64_t left = room->joining ? -1 : timer_left_ms(&room->retry);

	if (room->ch.id && count_backlog(room, &b) < 0)
		return -1;
	answer_object(a, NULL);
	answer_text(a, "network", room->life->name);
	answer_text(a, "channel", room->ch.name);
	answer_text(a, "link", room->link->name);
	answer_bool(a, "joined", room->ch.joined);
	answer_text(a, "state", state);
	verb_seconds(a, "retry_in_s", left);
	answer_text(a, "reason", room->why);
	write_occupants(a, room);
	write_backlog(a, room->bridge, &b);
	answer_number(a, "in_memory", (int64_t)room->outbox.n);
	answer_number(a, "in_flight", (int64_t)room->outbox.in_flight);
	answer_number(a, "folded", room->outbox.skipped);
	answer_number(a, "refused", room->outbox.refused);
	answer_bool(a, "full", room->bounds.full);
	verb_seconds(a, "send_in_s", timer_left_ms(&room->outbox.retry));
	answer_end(a);
	return 0;
}

static int
write_channels(struct answer *a, struct bridge *bridge)
{
	for (size_t i = 0; i < bridge->n_links; i++) {
		const struct link *link = bridge->links[i];

		for (size_t k = 0; k < link->n_rooms; k++)
			if (write_channel(a, link->rooms[k]) < 0)
				return -1;
	}
	return 0;
}

/* ---- other bridges ----------------------------------------------------- */

static const char *
standby_state_name(const struct link *link)
{
	if (link->standby.covered)
		return "stands by";
	return link->standby.tried ? "carries" : "comes";
}

static void
write_blown(struct answer *a, struct bridge *bridge, const struct link *link)
{
	int64_t now = loop_now_ms(bridge->loop);
	const struct fuse_strike *s;

	for (size_t i = 0; link->fuse && (s = fuse_blown(link->fuse, i, now));
	     i++) {
		const struct room *room = bridge_room(bridge, s->room);

		answer_object(a, NULL);
		answer_text(a, "channel", room ? room->ch.name : NULL);
		answer_text(a, "sender", s->name);
		verb_seconds(a, "for_s", s->blown_until_ms - now);
		answer_end(a);
	}
}

static void
write_link(struct answer *a, struct bridge *bridge, const struct link *link)
{
	const char *other = link->standby.other;

	answer_object(a, NULL);
	answer_text(a, "link", link->name);
	answer_text(a, "state", standby_state_name(link));
	answer_text(a, "other_bridge", *other ? other : NULL);
	answer_number(a, "bridges_seen", (int64_t)link->standby.n_peers);
	answer_array(a, "fuses_blown");
	write_blown(a, bridge, link);
	answer_end(a);
	answer_end(a);
}

static void
write_links(struct answer *a, struct bridge *bridge)
{
	answer_array(a, "links");
	for (size_t i = 0; i < bridge->n_links; i++)
		write_link(a, bridge, bridge->links[i]);
	answer_end(a);
	answer_object(a, "dropped");
	answer_number(a, "own_echoes", (int64_t)bridge->fences.echoes);
	answer_number(a, "too_many_hops", (int64_t)bridge->fences.hops);
	answer_number(a, "copies", (int64_t)bridge->fences.copies);
	answer_number(a, "doubles", (int64_t)bridge->fences.doubles);
	answer_number(a, "left_to_others", (int64_t)bridge->fences.left);
	answer_end(a);
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
	struct answer *a = call->out;
	int rc = 0;

	answer_text(a, "version", CAUSEWAY_VERSION);
	answer_number(a, "pid", getpid());
	answer_text(a, "state", bridge_state_name(bridge->state));
	answer_time(a, "started", wall_of(bridge, bridge->started_ms));
	verb_seconds(a, "uptime_s",
		     loop_now_ms(bridge->loop) - bridge->started_ms);
	answer_text(a, "bridge", bridge->id);
	answer_number(a, "unwritten", (int64_t)store_pending(bridge->store));
	answer_array(a, "networks");
	for (size_t i = 0; rc == 0 && i < bridge->n_nets; i++)
		rc = write_network(a, bridge->nets[i]);
	if (rc < 0)
		return verb_no_database(call);
	answer_end(a);
	answer_array(a, "channels");
	if (write_channels(a, bridge) < 0)
		return verb_no_database(call);
	answer_end(a);
	write_links(a, bridge);
	return 0;
}
