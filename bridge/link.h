/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_LINK_H
#define BRIDGE_LINK_H

/* Rooms that belong together. */

#include "bridge/standby.h"

#include <stdbool.h>
#include <stddef.h>

struct bridge;
struct conf;
struct conf_link;
struct conf_member;
struct fuse;

struct link {
	char *name;
	const struct conf_link *conf; /* NULL: a portal */
	const struct conf *of;        /* where conf is: one use; or NULL */
	struct bridge *bridge;        /* NULL while it has had no rooms */
	struct room **rooms;          /* each room is in one link */
	size_t n_rooms;
	struct fuse *fuse; /* NULL until something was said */
	bool marked;       /* a mark of another bridge was seen in it */
	bool portal;       /* made on demand, and in bridge->portals */
	struct link *prev, *next;
	struct standby standby;
};

/* Of the configuration, without rooms. */
struct link *link_new(const struct conf_link *conf, const struct conf *of);

/* Made on demand, in bridge->portals, for that room. */
struct link *link_portal(struct room *room);

/* The same for one that was in a link of the configuration, and is in none:
 * it was to be left, and is entered anew. */
void link_become_portal(struct room *room);
void link_add(struct link *link, struct room *room);
void link_drop(struct link *link, struct room *room);

/* Its rooms are in no link then. Those of portals leave bridge->portals. */
void link_free(struct link *link);

/* A room of a link is to be as the configuration has it. */
void room_configure(struct room *room, const struct conf_member *conf);

/* A room of a portal is as no configuration has it: all crosses, both ways. */
void room_unconfigure(struct room *room);
struct room *link_room_new(struct bridge *bridge,
			   const struct conf_member *conf);

#endif
