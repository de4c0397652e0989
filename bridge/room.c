/* SPDX-License-Identifier: MIT */
/*
 * room.c - the life of a channel: entered, lost, entered again; and the one
 * place from which an adapter's hooks about it are called.
 */

#include "bridge/room.h"

#include "bridge/about.h"
#include "bridge/away.h"
#include "bridge/backoff.h"
#include "bridge/base.h"
#include "bridge/bounds.h"
#include "bridge/core.h"
#include "bridge/fence.h"
#include "bridge/link.h"
#include "bridge/listener.h"
#include "bridge/log.h"
#include "bridge/member.h"
#include "bridge/network.h"
#include "bridge/outbox.h"
#include "bridge/portal.h"
#include "bridge/puppet.h"
#include "bridge/standby.h"
#include "bridge/store.h"
#include "mappings/channels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A server that does not answer a join for so long will not. */
#define JOIN_DEADLINE_MS 60000
/* The people of a lost channel are shown elsewhere for so long. */
#define FORSAKE_MS 120000
/* In the channel for so long, the next loss is a new story. */
#define STABLE_MS 60000
/* A conversation without a word for so long is put away. */
#define DIRECT_IDLE_MS (30 * 60 * 1000)

struct room *
room_new(struct bridge *bridge, struct netlife *life, enum channel_kind kind,
	 const char *name)
{
	struct room *room = xcalloc(1, sizeof(*room));

	room->bridge = bridge;
	room->life = network_use(life);
	room->ch.kind = kind;
	room->ch.network = life->net;
	room->ch.name = xstrdup(name);
	room->ch.caps = life->net->caps;
	room->ch.limits = life->net->limits;
	room->nick = "{nick}";
	room->puppets = true;
	snprintf(room->where, sizeof(room->where), "%s/%s", life->name,
		 kind == CHANNEL_DIRECT ? "(private)" : name);
	return room;
}

static void
unmark(struct room *room)
{
	struct room **at = &room->bridge->work;

	if (!room->marked)
		return;
	while (*at && *at != room)
		at = &(*at)->next_work;
	if (*at)
		*at = room->next_work;
	while (*at)
		at = &(*at)->next_work;
	room->bridge->work_end = at;
	room->marked = false;
}

static void
stop_timers(struct room *room)
{
	timer_stop(&room->retry);
	timer_stop(&room->forsake);
	timer_stop(&room->splits);
	timer_stop(&room->idle);
	listener_lost(room);
}

void
room_free(struct room *room)
{
	const struct protocol_ops *ops = &room->life->net->protocol->ops;

	standby_forget(room);
	room->link = NULL; /* its members are nobody's affair any more */
	stop_timers(room);
	outbox_free(room);
	away_free(room);
	puppets_free(room);
	members_clear(room);
	unmark(room);
	if (ops->forget)
		ops->forget(room->life->net, &room->ch);
	if (room->ch.id)
		HASH_DELETE(hh, room->bridge->rooms, room);
	if (room->ch.kind == CHANNEL_DIRECT)
		HASH_DELETE(hh_name, room->life->directs, room);
	if (room->ch.kind == CHANNEL_HOSTED)
		HASH_DELETE(hh_name, room->life->hosted, room);
	network_unuse(room->life);
	free((char *)(uintptr_t)room->ch.name);
	free(room->topic);
	about_free(room);
	free(room->cursor);
	free(room->identity);
	free(room->password);
	free(room->why);
	free(room);
}

void
room_end(struct room *room)
{
	struct network *net = room->life->net;

	outbox_free(room);
	puppets_leave(room);
	if (net->state == NETWORK_UP && (room->ch.joined || room->joining))
		net->protocol->ops.leave(net, &room->ch);
	room_free(room);
}

void
room_open(struct room *room, int64_t id)
{
	struct bridge *bridge = room->bridge;

	room->ch.id = id;
	HASH_ADD(hh, bridge->rooms, ch.id, sizeof(room->ch.id), room);
	room->topic = channel_topic(store_reader(bridge->store), id);
	room->cursor = channel_cursor(store_reader(bridge->store), id);
	room->outbox.more = true; /* until we looked */
	away_load(room);
	about_load(room);
	bounds_load(room);
	bridge_mark(room);
}

/* ---- direct rooms ------------------------------------------------------ */

struct room *
room_direct(struct netlife *life, const char *sender_id)
{
	struct room *room;

	HASH_FIND(hh_name, life->directs, sender_id, strlen(sender_id), room);
	return room;
}

static void
direct_idle(void *arg)
{
	struct room *room = arg;

	struct outbox *box = &room->outbox;

	/* What is not settled on disk would be read, and said, once more. */
	if (box->n || box->more || box->settling || room->followed) {
		timer_start(&room->idle, room->bridge->loop, DIRECT_IDLE_MS,
			    direct_idle, room);
		return;
	}
	puppets_leave(room);
	room_free(room);
}

struct room *
room_direct_open(struct netlife *life, const char *sender_id, int64_t id)
{
	struct room *room = room_direct(life, sender_id);

	if (!room) {
		room = room_new(life->bridge, life, CHANNEL_DIRECT, sender_id);
		HASH_ADD_KEYPTR(hh_name, life->directs, room->ch.name,
				strlen(room->ch.name), room);
		room_open(room, id);
	}
	timer_start(&room->idle, life->bridge->loop, DIRECT_IDLE_MS,
		    direct_idle, room);
	return room;
}

/* ---- entering and losing ----------------------------------------------- */

static void
retry_join(void *arg)
{
	bridge_mark(arg);
}

static void
join_took_too_long(void *arg)
{
	struct room *room = arg;

	struct network *net = room->life->net;

	if (net->state == NETWORK_UP)
		net->protocol->ops.leave(net, &room->ch);
	bridge_left(&room->ch, DOWN_UNREACHABLE, "no answer");
}

static void
join(struct room *room)
{
	room->joining = true;
	fence_identify(room);
	if (room->link)
		standby_review(room->link);
	members_doubt(room);
	timer_start(&room->retry, room->bridge->loop, JOIN_DEADLINE_MS,
		    join_took_too_long, room);
	room->ch.caps = room->life->net->caps;
	room->ch.limits = room->life->net->limits;
	room->ch.cursor = room->cursor;
	room->ch.refusal = REFUSAL_OTHER;
	portal_password(room);
	room->ch.heard_ms = network_heard(store_reader(room->bridge->store),
					  room->life->net->id);
	room->life->net->protocol->ops.join(room->life->net, &room->ch);
}

unsigned
room_retry(struct room *room)
{
	/* While it is being joined, that timer is the deadline. */
	if (room->ch.joined || room->joining || !timer_is_running(&room->retry))
		return 0;
	timer_stop(&room->retry);
	bridge_mark(room);
	return 1;
}

void
bridge_welcome(struct channel *ch)
{
	(void)room_retry(container_of(ch, struct room, ch));
}

/* While we are entering, those who were told anew are there. */
static void
forsake(void *arg)
{
	struct room *room = arg;

	if (room->joining)
		members_prune(room);
	else
		members_clear(room);
}

void
room_lost(struct room *room)
{
	room->ch.joined = false;
	room->joining = false;
	timer_stop(&room->retry);
	members_doubt(room);
	outbox_lost(room);
	about_lost(room);
	puppets_lost(room);
	standings_changed(room);
	standby_lost(room);
	listener_lost(room);
	if (room->closing || room->renew)
		bridge_mark(room);
	/* Counted from the first loss, however often we try in vain. */
	if (room->members && !timer_is_running(&room->forsake))
		timer_start(&room->forsake, room->bridge->loop, FORSAKE_MS,
			    forsake, room);
}

void
bridge_joined(struct channel *ch)
{
	struct room *room = container_of(ch, struct room, ch);

	if (!room->joining)
		return;
	/* There, words of those who are here may be waiting. */
	for (size_t i = 0;
	     !room->since_ms && room->link && i < room->link->n_rooms; i++)
		bridge_mark(room->link->rooms[i]);
	room->entered = true;
	room->untried = false;
	room->joining = false;
	room->complained = false;
	room->since_ms = loop_now_ms(room->bridge->loop);
	timer_stop(&room->retry);
	timer_stop(&room->forsake);
	ch->joined = true;
	listener_entered(room);
	away_joined(room);
	fold_begin(room);
	members_prune(room);
	if (room->link)
		standby_review(room->link);
	log_info(room->where, "joined; %u people",
		 (unsigned)HASH_COUNT(room->members));
	bridge_mark(room);
}

void
bridge_left(struct channel *ch, enum down_reason why, const char *text)
{
	struct room *room = container_of(ch, struct room, ch);
	struct loop *loop = room->bridge->loop;
	int64_t wait;

	if (!ch->joined && !room->joining)
		return;
	/* Whoever throws us out again and again sees us less and less. */
	if (ch->joined && loop_now_ms(loop) - room->since_ms > STABLE_MS)
		room->failures = 0;
	room_lost(room);
	room->failures++;
	wait = backoff_ms(why, room->failures, loop_random(loop));
	text = text ? text : "no reason given";
	free(room->why);
	room->why = xstrdup(text);
	room->refused = why == DOWN_REFUSED;
	if (room->complained)
		log_trace(room->where, "still out: %s", text);
	else if (why == DOWN_REFUSED)
		log_error(room->where,
			  "cannot be entered: %s; asking again "
			  "in %lld s",
			  text, (long long)wait / 1000);
	else
		log_warn(room->where, "lost: %s", text);
	room->complained = true;
	timer_start(&room->retry, loop, wait, retry_join, room);
}

void
bridge_moded(struct channel *ch, unsigned modes)
{
	struct room *room = container_of(ch, struct room, ch);

	if (ch->modes == modes)
		return;
	ch->modes = modes;
	portal_moded(room);
}

/* What the network can do may be known since it is up only. */
static void
enter_direct(struct room *room)
{
	room->ch.caps = room->life->net->caps;
	room->ch.limits = room->life->net->limits;
	room->ch.joined = true;
}

static void
announce(struct room *room)
{
	struct network *net = room->life->net;

	room->announce = false;
	if (net->protocol->ops.announce)
		net->protocol->ops.announce(net, &room->ch);
}

static void
tell_modes(struct room *room)
{
	struct network *net = room->life->net;

	room->moded = false;
	if (net->protocol->ops.moded)
		net->protocol->ops.moded(net, &room->ch);
}

/* Nothing of it is on its way, neither there nor to disk. */
static bool
is_quiet(const struct room *room)
{
	return !room->outbox.in_flight && !room->outbox.settling;
}

/* The adapter is to see it as for the first time. */
static void
renew(struct room *room)
{
	struct network *net = room->life->net;

	room->renew = false;
	if (net->state == NETWORK_UP && (room->ch.joined || room->joining))
		net->protocol->ops.leave(net, &room->ch);
	room_lost(room);
	if (net->protocol->ops.forget)
		net->protocol->ops.forget(net, &room->ch);
	room->failures = 0;
}

void
room_work(struct room *room)
{
	if ((room->closing || room->renew) && !is_quiet(room))
		return; /* the end of a delivery brings us back */
	if (room->closing) {
		room_end(room);
		return;
	}
	if (room->renew)
		renew(room);
	if (room->life->net->state != NETWORK_UP || !room->ch.id)
		return;
	if (room->ch.kind == CHANNEL_DIRECT && !room->ch.joined)
		enter_direct(room);
	if (!room->ch.joined) {
		if (!room->joining && !timer_is_running(&room->retry))
			join(room);
		return;
	}
	if (room->announce)
		announce(room);
	if (room->moded)
		tell_modes(room);
	puppets_work(room);
	standings_work(room);
	about_work(room);
	outbox_work(room);
	listener_work(room);
}
