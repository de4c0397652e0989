/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_BOUNCE_H
#define BRIDGE_BOUNCE_H

/* What is told where something was said: that it did not arrive, or did. */

#include <stdint.h>

struct bridge;
struct event;
struct netlife;
struct room;

/* Authors who are away; beyond that the oldest are not told, as the log says.
 */
#define BOUNCES_MAX 1000

/*
 * Tell the author of source, an event raised on home that was not taken, as
 * soon as that author can be reached there; forgotten if we end before.
 */
void bridge_bounce(struct netlife *home, struct event *source, const char *why);

/*
 * Tell the author of an event that was taken why it did not get to room. It
 * is remembered by that delivery, which was settled as owed.
 */
void bridge_owe(struct room *room, struct netlife *home, struct event *source,
		int64_t event, const char *why);

/* The private word source has arrived in room, and its author asked. */
void bridge_delivered(struct room *room, struct netlife *home,
		      struct event *source);

/* That there was nothing to keep: it is as good as kept. */
void bridge_accept(struct netlife *home, struct event *source);

/* memo.c: the same, once what is to be remembered with it is on disk. */
void memo_accept(struct netlife *home, struct event *source);

/* Tell those who can hear it. Calls hooks. */
void bounces_work(struct bridge *bridge);

/* Take up what is owed from before. */
void bounces_load(struct bridge *bridge);
void bounces_free(struct bridge *bridge);

#endif
