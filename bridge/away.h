/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_AWAY_H
#define BRIDGE_AWAY_H

/* Those who write to a room that is away are told. */

#include "bridge/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct room;

/* A room whose words wait for one that is away. */
struct waiter {
	int64_t channel;
	int64_t since_ms;
	bool told; /* also on disk */
};

/* What those who write to a room know of its being away. */
struct away {
	struct waiter *list;
	size_t n;
	int64_t skipped;    /* by the fold at its return */
	struct timer timer; /* while it is away: when to tell the next one */
};

/* That event waits for room, which is not joined. */
void away_waits(struct room *room, const struct event *source);

/* It is joined. */
void away_joined(struct room *room);

/* Something was delivered, or nothing waits any more: it is back. */
void away_ended(struct room *room);

/* Take up what an earlier run has told. */
void away_load(struct room *room);
void away_free(struct room *room);

#endif
