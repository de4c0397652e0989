/* SPDX-License-Identifier: MIT */
#ifndef MAPPINGS_STAYS_H
#define MAPPINGS_STAYS_H

/*
 * When the users of a gateway were in its rooms: of the past of a room, each
 * is shown what was said in these stays. They are told by numbers of events.
 */

#include <stddef.h>
#include <stdint.h>

struct db;

#define STAY_OPEN INT64_MAX

/* after is the last event before it, until the last one of it. */
struct stay {
	int64_t after, until; /* or STAY_OPEN */
};

/* It begins; where the one before ended just there, that one goes on. */
int stay_begin(struct db *db, int64_t account, int64_t channel, int64_t after);

/* The one that is open ends, if there is one. */
int stay_end(struct db *db, int64_t account, int64_t channel, int64_t until);

/* All that are open end: we were down since. */
int stays_end(struct db *db, int64_t until);

/*
 * At most n, the newest ones, oldest first, of the account of that person of
 * that network. Returns how many, or -errno.
 */
int stays_of(struct db *db, int64_t network, const char *native_id,
	     int64_t channel, struct stay *stays, size_t n);

/* Forget those of which no event is left. */
int stays_prune(struct db *db);

#endif
