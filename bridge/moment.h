/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_MOMENT_H
#define BRIDGE_MOMENT_H

/* Who is writing, and how far somebody has read. */

struct event;
struct moment;
struct netlife;
struct room;

/* An EVENT_TYPING or EVENT_RECEIPT in a room; to one person. */
void moment_event(struct room *room, const struct event *ev);
void moment_direct(struct netlife *life, const struct event *ev);

/* What it was writing is said. Accepts NULL. */
void moment_said(struct moment *m);

/* Its occupant is about to be freed. Accepts NULL. */
void moment_free(struct moment *m);

#endif
