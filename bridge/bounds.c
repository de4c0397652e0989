/* SPDX-License-Identifier: MIT */
/*
 * bounds.c - how much may wait, and what happens before it is too much.
 *
 * For each room we count what waits on disk and what is on its way there, in
 * rows and bytes. What would go beyond the limits is refused and its author
 * told: one room that is away for long must not fill the disk.
 *
 * At four fifths a room is crowded, until it is at three fifths again. A
 * network all of whose words lead to crowded rooms, and to no other, is asked
 * to take less: were it asked because of one dead room, that one would hold
 * up the others. It is asked, too, while the disk is full, or does not keep
 * pace with what comes in.
 */

#include "bridge/bounds.h"

#include "bridge/core.h"
#include "bridge/link.h"
#include "bridge/log.h"
#include "bridge/network.h"
#include "bridge/room.h"
#include "bridge/store.h"
#include "conf/conf.h"
#include "mappings/queue.h"

/* Jobs on their way to disk: more than a second's work of a slow one. */
#define PENDING_MAX 10000

static int64_t
bytes_max(const struct room *room)
{
	return (int64_t)room->bridge->conf->queue_mib * 1024 * 1024;
}

/* Whether more than so many tenths of what may wait does wait. */
static bool
is_beyond(const struct room *room, int tenths)
{
	const struct bounds *b = &room->bounds;
	int64_t rows_max = room->bridge->conf->queue_rows;

	return (b->rows + b->coming) * 10 >= rows_max * tenths ||
	       (b->bytes + b->coming_bytes) * 10 >= bytes_max(room) * tenths;
}

static void
review(struct room *room)
{
	struct bounds *b = &room->bounds;
	bool crowded = is_beyond(room, b->crowded ? 6 : 8);

	if (crowded != b->crowded) {
		b->crowded = crowded;
		bounds_pressed(room->bridge);
	}
	if (!crowded && b->full) {
		b->full = false;
		log_info(room->where, "there is room for new messages again");
	}
}

bool
bounds_full(struct room *room, size_t bytes)
{
	struct bounds *b = &room->bounds;
	int64_t rows = b->rows + b->coming;
	int64_t all = b->bytes + b->coming_bytes;

	if (rows < room->bridge->conf->queue_rows &&
	    (!rows || all + (int64_t)bytes <= bytes_max(room)))
		return false;
	if (!b->full)
		log_error(room->where,
			  "%lld messages of %lld KiB wait, more may not: new "
			  "ones are refused",
			  (long long)rows, (long long)all / 1024);
	b->full = true;
	return true;
}

void
bounds_coming(struct room *room, size_t bytes)
{
	room->bounds.coming++;
	room->bounds.coming_bytes += (int64_t)bytes;
	review(room);
}

void
bounds_landed(struct room *room, size_t bytes, int64_t event)
{
	struct bounds *b;
	bool fresh;

	if (!room)
		return;
	b = &room->bounds;
	b->coming--;
	b->coming_bytes -= (int64_t)bytes;
	/* Else it was there already when they were counted. */
	fresh = event > b->counted;
	b->rows += fresh;
	b->bytes += fresh ? (int64_t)bytes : 0;
	review(room);
}

void
bounds_left(struct room *room, size_t bytes)
{
	struct bounds *b = &room->bounds;

	b->rows -= b->rows > 0;
	b->bytes -= b->bytes > (int64_t)bytes ? (int64_t)bytes : b->bytes;
	review(room);
}

void
bounds_load(struct room *room)
{
	struct queue_figures f = { 0 };

	if (queue_figures(store_reader(room->bridge->store), room->ch.id, &f) <
	    0)
		return;
	room->bounds.rows = f.rows;
	room->bounds.bytes = f.bytes;
	room->bounds.counted = f.last_event;
	review(room);
}

/* ---- pressure ---------------------------------------------------------- */

void
bounds_pressed(struct bridge *bridge)
{
	bridge->pressed = true;
	bridge_schedule(bridge);
}

void
bounds_pace(struct bridge *bridge)
{
	size_t pending = store_pending(bridge->store);
	size_t tenths = bridge->behind ? 6 : 8;
	bool behind = pending * 10 >= PENDING_MAX * tenths;

	if (behind == bridge->behind)
		return;
	bridge->behind = behind;
	if (behind)
		log_warn("store",
			 "%zu things are to be written; the disk does not "
			 "keep pace",
			 pending);
	else
		log_info("store", "the disk has caught up");
	bounds_pressed(bridge);
}

/* Every word of that room leads to crowded rooms and to no other. */
static bool
leads_to_crowds(const struct room *from, bool *gives)
{
	const struct link *link = from->link;

	for (size_t i = 0; link && i < link->n_rooms; i++) {
		const struct room *to = link->rooms[i];

		if (!route_allows(&from->place, &to->place, EVENT_MESSAGE))
			continue;
		*gives = true;
		if (!to->bounds.crowded)
			return false;
	}
	return true;
}

static enum pressure
pressure_of(struct bridge *bridge, const struct netlife *life)
{
	bool gives = false;

	if (bridge->tight || bridge->behind)
		return PRESSURE_STORE;
	for (const struct room *r = bridge->rooms; r; r = r->hh.next)
		if (r->life == life && !leads_to_crowds(r, &gives))
			return PRESSURE_NONE;
	return gives ? PRESSURE_QUEUES : PRESSURE_NONE;
}

void
bounds_work(struct bridge *bridge)
{
	if (!bridge->pressed)
		return;
	bridge->pressed = false;
	for (size_t i = 0; i < bridge->n_nets; i++) {
		struct netlife *life = bridge->nets[i];
		enum pressure now;

		if (life->net->state != NETWORK_UP)
			continue;
		now = pressure_of(bridge, life);
		if (now == life->pressure)
			continue;
		life->pressure = now;
		if (life->net->protocol->ops.pressure)
			life->net->protocol->ops.pressure(life->net, now);
	}
}
