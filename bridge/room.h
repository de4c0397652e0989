/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_ROOM_H
#define BRIDGE_ROOM_H

/* A channel's life. */

#include "bridge/about.h"
#include "bridge/away.h"
#include "bridge/bounds.h"
#include "bridge/hash.h"
#include "bridge/listener.h"
#include "bridge/loop.h"
#include "bridge/outbox.h"
#include "bridge/protocol.h"
#include "bridge/router.h"

#include <stdbool.h>
#include <stdint.h>

struct link;
struct member;
struct peer;

struct room {
	struct channel ch; /* ch.name is owned */
	struct bridge *bridge;
	struct netlife *life;
	struct link *link; /* NULL if direct */
	struct route_place place;
	const char *nick; /* template */
	bool puppets;
	bool entered; /* once, since we started */
	bool joining;
	bool renew;      /* to be left and entered again, when it is quiet */
	bool closing;    /* the same, to be freed */
	bool marked;     /* in the bridge's list of work */
	bool complained; /* about being lost, in the log */
	unsigned failures;
	int64_t since_ms;     /* when it was joined */
	struct timer retry;   /* of joining */
	struct timer forsake; /* its members, if it stays lost */
	struct timer splits;  /* the next of them does not come back */
	struct listener listener;
	char *topic;        /* as last seen there; NULL if not known */
	struct about about; /* its name and picture */
	char *cursor;       /* of the newest event kept; NULL if none */
	char *identity;     /* digest of what everybody calls it, or NULL */
	char *notice;       /* what we show other bridges there, or NULL */
	bool announce;      /* it has changed */
	bool moded;         /* hosted: so have ch.modes */
	struct peer *peers; /* those who show one; standby.c */
	unsigned group;     /* 0: no other bridge joins it to any */
	char *why;          /* it was last left; NULL: never was */
	bool refused;       /* and that somebody wants it so */
	bool untried;       /* somebody asked for it; never entered since */
	char *password;     /* ch.password; owned */
	struct member *members;
	struct occ *occs;
	struct occ *todo; /* utlist: those with something to be done */
	struct outbox outbox;
	struct away away;
	struct bounds bounds;
	/* Direct rooms: when to forget it. Hosted: when to look if anybody
	 * is there. */
	struct timer idle;
	struct room *far;   /* hosted: the one that it stands for */
	int64_t portal;     /* hosted: number of its link in the store */
	struct member *due; /* hosted: utlist, those who are */
	bool vacant;        /* hosted: nobody was there at the last look */
	unsigned followed;  /* direct: it stays; see contact.c */
	char where[160];    /* "libera/#lobby", for the log */
	struct room *next_work;
	UT_hash_handle hh;      /* in the bridge, by ch.id */
	UT_hash_handle hh_name; /* direct, hosted: in the network, by name */
};

struct room *room_new(struct bridge *bridge, struct netlife *life,
		      enum channel_kind kind, const char *name);
void room_free(struct room *room);

/* Leave it, if we are in. It is in no link any more, and is freed. */
void room_end(struct room *room);

/* Give it its number; from now on it can be found and worked on. */
void room_open(struct room *room, int64_t id);

/* What its state asks for. Hooks are called from here and nowhere else. */
void room_work(struct room *room);

/* The network went down, or the channel was lost. */
void room_lost(struct room *room);

/* The direct room of that person on that network; NULL if there is none. */
struct room *room_direct(struct netlife *life, const char *sender_id);
struct room *room_direct_open(struct netlife *life, const char *sender_id,
			      int64_t id);

/* As network_retry(). */
unsigned room_retry(struct room *room);

#endif
