/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_FENCE_H
#define BRIDGE_FENCE_H

/* What must not be carried a second time. */

#include <stdbool.h>
#include <stdint.h>

struct event;
struct room;

/* True if ev is such a thing: then it is as good as kept. */
bool fence_stops(struct room *from, struct event *ev);

/* True if the store is to be asked whether it knows ev by its origin. */
bool fence_asks_store(const struct room *from, const struct event *ev);

/* Give ev, event number so-and-so, an origin if it has none. */
void fence_name(struct room *from, struct event *ev, int64_t number);

/* The network is up: learn what everybody calls the room. */
void fence_identify(struct room *room);

#endif
