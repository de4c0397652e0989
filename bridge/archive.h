/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_ARCHIVE_H
#define BRIDGE_ARCHIVE_H

/* Events to and from the store's rows, and the ids by which they go. */

#include <stdint.h>

struct bridge;
struct db;
struct event;
struct fallback;
struct item;

struct event *archive_load(struct db *db, int64_t event, int64_t *steady_ms);

/* The first id by which the event goes in the channel, or NULL; to be freed. */
char *archive_first_id(struct db *db, int64_t event, int64_t channel);

/* The label of the network that the channel belongs to; NULL; to be freed. */
char *archive_network(struct db *db, int64_t channel);

/*
 * The event that goes by that id in the channel, or 0: also one that was given
 * to it and is not confirmed there, if the id tells its number. In a room of
 * ours people see it, and may answer, before that.
 */
int64_t archive_find(struct bridge *bridge, int64_t channel, const char *id);

/*
 * Fill in what an item refers to, in the ids of the room it goes to. Returns
 * the number of the event that it refers to and that is still on its way to
 * the same room, or 0.
 */
int64_t archive_resolve(struct item *item, const struct event *ev,
			struct fallback *how);

/*
 * If an item withdraws a reaction: that one, removed, in the words of those
 * who remove marks. One reference, the caller's; or NULL.
 */
struct event *archive_unmark(struct item *item);
void archive_resolve_clear(struct fallback *how);

#endif
