/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_LISTENER_H
#define BRIDGE_LISTENER_H

/* Where our own connection is, if others may hear for it. */

#include "bridge/loop.h"
#include "bridge/protocol.h"

#include <stdbool.h>
#include <stdint.h>

struct occ;
struct room;

enum listener_state {
	LISTENER_IN,
	LISTENER_COMING,
	LISTENER_OUT, /* while its timer runs it cannot come */
};

/* Where our own connection is, if others may hear for it; listener.c. */
struct listener {
	enum listener_state state;
	unsigned hearers; /* users of a gateway who are in by themselves */
	int64_t need_ms;  /* when it was last needed */
	char *why;        /* it may not come; or NULL */
	struct timer timer;
};

/* It may have become superfluous. */
void listener_work(struct room *room);

/*
 * True if it can say something now; else it was called, or (*why not NULL, and
 * valid until the next turn) cannot come.
 */
bool listener_speaks(struct room *room, const char **why);

/* True if that occupant may leave; else it was called, and
 * puppets_leaving() follows. */
bool listener_lets_go(const struct occ *occ);

/* That occupant is about to have this state. */
void listener_heard_by(struct occ *occ, enum occupant_state state);

/* The room was entered, or lost, or is about to be freed. */
void listener_entered(struct room *room);
void listener_lost(struct room *room);

#endif
