/* SPDX-License-Identifier: MIT */
#ifndef MAPPINGS_ABOUT_H
#define MAPPINGS_ABOUT_H

/*
 * What channels say of themselves, their names and pictures: as each was last
 * seen there, and what it is to become.
 */

#include <stdint.h>

struct db;

struct about_row {
	const char *seen;   /* in that network's own words; NULL: not known */
	const char *wanted; /* in those of where it was set; NULL: nothing */
	int64_t source;     /* the channel where it was set */
	const char *author; /* a sender's id there, and name */
	const char *author_name;
};

/* Write that; kind is an event's. */
int about_put(struct db *db, int64_t channel, int kind,
	      const struct about_row *row);

/* Calls fn for each kind of that channel that was ever put. */
int about_each(struct db *db, int64_t channel,
	       void (*fn)(void *arg, int kind, const struct about_row *row),
	       void *arg);

#endif
