/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_BALLAST_H
#define BRIDGE_BALLAST_H

/*
 * A file that holds room on the database's disk, for the moment when there
 * is no other left: then it is dropped, so that what is under way can still
 * be settled. SQLite cannot even delete a row on a full disk.
 *
 * It stands beside the database, FILE.ballast, and holds nothing.
 */

#include <stdbool.h>

/*
 * As much as the log grows between two checkpoints, so that all of it can
 * move into the database and the log be written anew from its start.
 */
#define BALLAST_BYTES (4 * 1024 * 1024)

struct ballast;

/* Makes no file yet. */
struct ballast *ballast_new(const char *database);

/* Accepts NULL. The file stays. */
void ballast_free(struct ballast *ballast);

/*
 * Make it if it is not there, but only where as much room is left besides.
 * 0 or -errno, and then there is no file: -ENOSPC if there is no room.
 */
int ballast_make(struct ballast *ballast);

/* True if there was one, and room is free now. */
bool ballast_drop(struct ballast *ballast);

#endif
