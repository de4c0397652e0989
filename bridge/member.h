/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_MEMBER_H
#define BRIDGE_MEMBER_H

/* Who is in a room and is not ours. */

#include "bridge/hash.h"
#include "bridge/protocol.h"

#include <stdbool.h>
#include <stdint.h>

struct room;

struct member {
	char *id; /* sender id; the key */
	struct sender sender;
	enum presence_show show;
	char *status;
	enum rank rank;
	bool stale;   /* not confirmed by the snapshot that is being read */
	bool gateway; /* entered a hosted room, so has an account */
	bool due;     /* the adapter is to be told how that person fares */
	bool in;      /* in the channel that the room stands for */
	bool staying; /* and what is said is theirs to read; stay.c */
	int64_t stay_after; /* the last event before that changed */
	char *password;     /* given to enter with, or NULL */
	int64_t row; /* number of the sender in the store; 0 if not known */
	int64_t active_ms;
	int64_t split_ms; /* so long we wait for them after a split; or 0 */
	struct member *prev, *next; /* in the room's due, if it is */
	UT_hash_handle hh;
};

struct member *member_find(struct room *room, const char *sender_id);

/* Note what ev tells of its sender; NULL if that person is not here. */
struct member *member_see(struct room *room, const struct event *ev);
void member_gone(struct room *room, const char *sender_id);

/* That one was split away: gone, if not heard of again for a while. */
void member_split(struct room *room, const char *sender_id);

/* In a hosted room: that person is to be told how things are. */
void member_due(struct room *room, struct member *m);
void member_update(struct room *room, const struct event *ev);

/* Show everybody of the other rooms of its link in room, which is new. */
void members_show_in(struct room *room);
void members_doubt(struct room *room);
void members_prune(struct room *room);
void members_clear(struct room *room);

/* What is shown of them elsewhere may have changed. */
void members_resync(struct room *room);

#endif
