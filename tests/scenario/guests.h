/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SCENARIO_GUESTS_H
#define TESTS_SCENARIO_GUESTS_H

/*
 * Users of a gateway in a storm: they come and go in the hosted rooms of the
 * storm's own rooms, where their networks know accounts, and say nothing. But
 * they hear: where listeners leave, what is said may come by them alone.
 */

#include "tests/scenario/oracle.h"

struct guests {
	struct world home; /* whose service the hosted rooms are */
};

void guests_init(struct guests *g);
void guests_finish(struct guests *g);

/*
 * That person enters the hosted room of a room, or leaves it. What it was, or
 * NULL if there is nothing to be done now.
 */
const char *guests_move(struct guests *g, struct oracle *o, int room,
			int person);

/* The process ended: nobody is in any hosted room. */
void guests_gone(struct guests *g, struct oracle *o);

#endif
