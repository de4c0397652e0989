/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_PORTAL_H
#define BRIDGE_PORTAL_H

/* Hosted rooms, what they stand for, and how those in them fare. */

#include <stdint.h>

struct bridge;
struct netlife;
struct room;

/* The channel that the network with accounts writes like that, or NULL. */
struct room *portal_far(struct netlife *life, const char *channel);

/* How far is has changed: so have the rooms that stand for it. */
void portal_moded(struct room *far);

/* The hosted room that stands for that channel of that network, or NULL. */
struct room *portal_find(struct netlife *home, const struct netlife *far,
			 const char *channel);

/* Those that were open when we went down come back. */
void portals_resume(struct bridge *bridge);
void portals_free(struct bridge *bridge);

/* Somebody has come into room: if its far end was refused, try again now. */
void portal_knocked(struct room *room);

/* Set what the listener is to enter far with. */
void portal_password(struct room *far);

/* Tell, by hooks, who is invited. */
void invitations_work(struct bridge *bridge);

/* How that person of home fares in room may have changed. */
void standing_changed(struct room *room, struct netlife *home,
		      const char *sender_id);

/* The same for everybody who is shown in room. */
void standings_changed(struct room *room);

/* Why that person may say nothing in room; NULL: there is no reason. */
const char *portal_objection(struct room *room, const char *sender_id);

/* Tell the adapter of a hosted room what has changed for those in it. */
void standings_work(struct room *room);

#endif
