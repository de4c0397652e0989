/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_OUTBOX_H
#define BRIDGE_OUTBOX_H

/* What is to be said in a room. */

#include "bridge/loop.h"
#include "bridge/protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netlife;
struct occ;
struct room;

#define OUTBOX_MEMORY_MAX 256
#define OUTBOX_SEEN 16

enum item_state {
	ITEM_QUEUED,
	ITEM_IN_FLIGHT,
};

struct item {
	struct delivery d; /* d.event is the rendering */
	struct event *source;
	struct room *room;
	struct netlife *home; /* where it was said; NULL if not configured */
	struct occ *speaker;  /* counted in its queued */
	enum item_state state;
	int64_t event;     /* number in the store; 0 if it was never kept */
	int64_t steady_ms; /* when it was taken; in time it is too old */
	int64_t since_ms;  /* when it came to the head, to wait for a puppet */
	bool early; /* waits until it is known who is where it was said */
	int64_t queued_ms; /* when it came into memory */
	bool seen;         /* said there by another bridge */
	unsigned attempts;
	/* So many messages are skipped, from then on: a line says so instead */
	int64_t stands_for, stands_from_ms;
	char *target, *parent, *origin;
	char id[64];
	struct item *prev, *next;
};

struct outbox {
	struct item *items; /* utlist, in order */
	struct item *fresh; /* the first that is not in flight, or NULL */
	size_t n, in_flight;
	size_t settling; /* ends that are not on disk yet */
	size_t unsure;   /* of these, of what is there: said again by a crash */
	size_t folding;  /* folds that are not: nothing is started */
	int64_t skipped, refused;  /* by this run, for the operator */
	int64_t last_event;        /* newest in memory */
	int64_t seen[OUTBOX_SEEN]; /* said by others before they came here */
	size_t next_seen;
	bool more; /* newer ones are on disk only */
	unsigned failures;
	struct timer retry; /* nothing is sent while it runs */
	struct timer wake;  /* somebody has waited long enough */
};

void outbox_push(struct room *room, struct event *source, int64_t event,
		 struct netlife *home);
void outbox_work(struct room *room);

/*
 * Another bridge said that event there, under that id or NULL. Nothing is left
 * to do, unless it is being said.
 */
void outbox_seen(struct room *room, int64_t event, const char *id);

/* True if that topic is on the wire. */
bool outbox_says_topic(const struct room *room, const char *topic);

/* The item of that event that is in memory, or NULL. */
const struct item *outbox_find(const struct room *room, int64_t event);

/* Everything in flight is to be sent again. */
void outbox_lost(struct room *room);

/* Rows of the queue were changed on disk: look at those in memory anew. */
void outbox_reread(struct room *room);

/* As network_retry(). */
unsigned outbox_retry(struct room *room);

void outbox_free(struct room *room);

/* fold.c: long queues after long outages */

/* The room was joined: make short what waits for it, if that is needed. */
void fold_begin(struct room *room);

/* The line that stands for those that were skipped. One reference. */
struct event *fold_line(const struct item *item);

#endif
