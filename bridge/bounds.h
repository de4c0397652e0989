/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_BOUNDS_H
#define BRIDGE_BOUNDS_H

/* How much may wait, and who is told when it is too much. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bridge;
struct room;

/* How much waits for a room. */
struct bounds {
	int64_t rows, bytes;          /* on disk */
	int64_t coming, coming_bytes; /* on their way there */
	int64_t counted;              /* the newest event of those read there */
	bool crowded;                 /* hysteresis: at 4/5, until 3/5 */
	bool full;                    /* the log knows it */
};

/* No room for so many bytes; the operator is told. */
bool bounds_full(struct room *room, size_t bytes);

/* On its way to disk; there, with the number of its event, or, if that is 0,
 * not kept (accepts NULL); at its end. */
void bounds_coming(struct room *room, size_t bytes);
void bounds_landed(struct room *room, size_t bytes, int64_t event);
void bounds_left(struct room *room, size_t bytes);

/* Count anew what is on disk. */
void bounds_load(struct room *room);

/* Something was handed to the store, or is done: does it keep pace? */
void bounds_pace(struct bridge *bridge);

/* What the adapters are to be told may have changed; tell them, by hooks. */
void bounds_pressed(struct bridge *bridge);
void bounds_work(struct bridge *bridge);

#endif
