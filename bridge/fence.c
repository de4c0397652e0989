/* SPDX-License-Identifier: MIT */
/*
 * fence.c - what is heard, and must not be carried (again).
 *
 * Bridges hear each other. Wherever two of them share rooms on both sides, or
 * some of them stand in a ring, what one says comes to the other as if a
 * person had said it, and back. Four fences, cheapest first:
 *
 *     own echo   it came through us before, as its mark says: dropped
 *     hops       it came through too many bridges: dropped, and logged
 *     fuse       the same words, just now, by somebody who looks like a
 *                bridge's idea of the one who said them: bridge/fuse.h
 *     double     a message of that name, with those words, was kept in this
 *                link before: found in the store, so also after a restart
 *
 * All marks can be written by anybody. What such a mark does is to have the
 * message that carries it dropped: who forges one silences nobody else. To
 * have a message of somebody else's taken for a double one must say the same
 * words, in a room of the same link, and under its name: then the words are
 * there.
 */

#include "bridge/fence.h"

#include "bridge/base.h"
#include "bridge/bounce.h"
#include "bridge/core.h"
#include "bridge/fuse.h"
#include "bridge/link.h"
#include "bridge/log.h"
#include "bridge/network.h"
#include "bridge/origin.h"
#include "bridge/outbox.h"
#include "bridge/room.h"
#include "bridge/standby.h"
#include "bridge/str.h"

#include <stdlib.h>
#include <string.h>

#define HOPS_MAX 3

static bool
is_said(const struct event *ev)
{
	return ev->kind == EVENT_MESSAGE || ev->kind == EVENT_EDIT;
}

static bool
came_back(struct room *from, const struct event *ev)
{
	struct bridge *bridge = from->bridge;

	if (origin_passed(ev->via, bridge->id)) {
		bridge->fences.echoes++;
		log_peer(from->where, "what went through this bridge before "
				      "came back and was dropped");
		return true;
	}
	if (origin_hops(ev->via) > HOPS_MAX) {
		bridge->fences.hops++;
		log_peer(from->where,
			 "a message that came through %u bridges was dropped",
			 origin_hops(ev->via));
		return true;
	}
	return false;
}

static struct fuse *
fuse_of(struct link *link, struct loop *loop)
{
	struct hash_key key;

	if (!link->fuse) {
		key.k0 = loop_random(loop);
		key.k1 = loop_random(loop);
		link->fuse = xcalloc(1, sizeof(*link->fuse));
		fuse_init(link->fuse, key);
	}
	return link->fuse;
}

/* Where no mark says so it may have been a person, who wants to know. */
static void
tell_of_copy(struct room *from, struct event *ev)
{
	log_peer(from->where, "another bridge repeated what this link "
			      "carries; the copy was dropped");
	if (!ev->via)
		bridge_bounce(from->life, ev,
			      "the same words were just carried there, and "
			      "yours were taken for another bridge's copy");
}

static bool
is_copy(struct room *from, struct event *ev)
{
	struct bridge *bridge = from->bridge;
	const struct fuse_word word = {
		.event = bridge->last_event + 1,
		.room = from->ch.id,
		.sender = ev->sender.id,
		.name = ev->sender.name,
		.text = ev->text.utf8,
		.marked = ev->via != NULL,
		.paired = standby_has_peers(from->link),
	};
	int64_t of;
	enum fuse_verdict verdict =
		fuse_judge(fuse_of(from->link, bridge->loop), &word,
			   loop_now_ms(bridge->loop), &of);

	if (verdict == FUSE_NEW)
		return false;
	bridge->fences.copies++;
	if (of)
		outbox_seen(from, of, ev->id);
	if (verdict == FUSE_BLOWS)
		log_warn(from->where,
			 "\"%s\" brings back what this link carries: what "
			 "they repeat is dropped for %d s; another bridge?",
			 ev->sender.name, FUSE_BLOWN_MS / 1000);
	else if (!word.paired && !(ev->flags & EVENT_LATE))
		tell_of_copy(from, ev);
	return true;
}

bool
fence_stops(struct room *from, struct event *ev)
{
	if (!from->link)
		return false;
	if (ev->via)
		from->link->marked = true;
	return came_back(from, ev) || (is_said(ev) && is_copy(from, ev));
}

bool
fence_asks_store(const struct room *from, const struct event *ev)
{
	return from->link && is_said(ev) &&
	       (ev->via || from->link->marked || standby_has_peers(from->link));
}

void
fence_name(struct room *from, struct event *ev, int64_t number)
{
	AUTO_STR own = { 0 };
	AUTO_STR name = { 0 };

	if (ev->origin)
		return;
	str_init(&own, 64);
	str_init(&name, ORIGIN_ID_MAX);
	str_printf(&own, "%lld", (long long)number);
	if (ev->key && from->identity)
		origin_name(&name, from->identity, ev->key);
	else
		origin_name(&name, from->bridge->id, own.data);
	ev->origin = event_strdup(ev, name.data);
}

void
fence_identify(struct room *room)
{
	const struct protocol_ops *ops = &room->life->net->protocol->ops;
	AUTO_STR text = { 0 };
	AUTO_STR digest = { 0 };

	free(room->identity);
	room->identity = NULL;
	if (!ops->identify)
		return;
	str_init(&text, EVENT_NAME_MAX);
	str_init(&digest, ORIGIN_ID_MAX);
	ops->identify(room->life->net, &room->ch, &text);
	if (!text.len)
		return;
	origin_digest(&digest, text.data);
	room->identity = str_take(&digest);
}
