/* SPDX-License-Identifier: MIT */
#ifndef MAPPINGS_CLOCK_H
#define MAPPINGS_CLOCK_H

/*
 * What is known about time, over restarts: a steady clock that looks like UTC
 * and never jumps. How it goes on is bridge/steady.h's affair.
 */

#include <stdint.h>

struct db;

struct clock_row {
	int64_t steady_ms, wall_ms; /* at the same moment */
	int64_t last_ms; /* steady time of the newest event; 0 if none */
};

int clock_get(struct db *db, struct clock_row *out);
int clock_set(struct db *db, int64_t steady_ms, int64_t wall_ms);

#endif
