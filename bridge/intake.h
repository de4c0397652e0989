/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_INTAKE_H
#define BRIDGE_INTAKE_H

/* What adapters raise: lines in rooms (intake.c), private words (direct.c). */

#include <stdbool.h>

struct event;
struct netlife;
struct room;

void intake_event(struct netlife *life, struct event *ev);

/*
 * The bridge itself has something to say about the room from, in the room to:
 * kept, and said there as soon as that is possible.
 */
void intake_say(struct room *from, struct room *to, const char *text);

/* True if the bridge itself said it: there is no author to be told. */
bool event_is_own(const struct event *ev);

/* The topic that the room has now, here and on disk. */
void topic_remember(struct room *room, const char *topic);

/* direct.c: private words */
void direct_event(struct netlife *life, struct event *ev);

#endif
