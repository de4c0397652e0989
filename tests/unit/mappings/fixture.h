/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_MAPPINGS_FIXTURE_H
#define TESTS_UNIT_MAPPINGS_FIXTURE_H

/*
 * What the tests of the store share: folders to spoil, a database with
 * something in it, and a way around our own code to look at a file.
 */

#include "mappings/db.h"

#include <stdint.h>

/* A new folder of the test's own, and a path in it. */
struct scratch {
	char folder[64];
	char path[80]; /* folder/test.db */
};

void scratch_init(struct scratch *s);

/* Removes the folder with all that is in it. */
void scratch_finish(struct scratch *s);

/* A writer in memory; fails the test rather than return NULL. */
struct db *memory_db(void);

/* For tests whose state is a writer in memory. */
int open_db(void **state);
int close_db(void **state);

/* For tests whose state is a structure that begins with its database. */
int close_world(void **state);

/* The number of a channel, made with its network if it is not there. */
int64_t channel_of(struct db *db, const char *network, const char *name);

/* Keep a message. */
void say(struct db *db, int64_t id, int64_t channel, const char *text);

/* Run SQL on a file, with a connection that is not ours. */
void raw_run(const char *path, const char *sql);
int64_t raw_number(const char *path, const char *sql);

#endif
