/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_STAY_H
#define BRIDGE_STAY_H

/*
 * Who stays in the channels of hosted rooms (resident.c), and when they were
 * there (stay.c).
 */

#include <stdbool.h>
#include <stdint.h>

struct event;
struct member;
struct netlife;
struct room;
struct stay;

/* resident.c: who stays in the channels of hosted rooms */

/* That person is in. */
void resident_review(struct room *room, const struct member *m);

/* That person has changed their mind about staying. */
void residents_review(struct netlife *home, const char *sender_id);

/* That person has left the room, or was thrown out. */
void resident_left(struct room *room, const struct event *part);

/* stay.c: when they were in rooms */

#define STAYS_READ 256

/* That person is in the channel that the room stands for, or not any more. */
void stay_changed(struct room *room, struct member *m, bool in);

/* A setting of that person is new. */
void stays_review(struct netlife *home, const char *sender_id);

/* The newest STAYS_READ stays, oldest first; how many, or -errno. */
int stays_read(struct netlife *home, const char *sender_id, int64_t channel,
	       struct stay *stays);

#endif
