/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_TRACK_H
#define PROTOCOLS_MQTT_TRACK_H

/*
 * What is remembered of a topic by one filter of one rule: a track. There are
 * as many as there are topics, which strangers can make; when there are too
 * many the one that was silent longest is forgotten.
 *
 * Tracks outlive the process as memos. A track that has changed is touched;
 * then its memo goes with the next line that is said of it, in one commit, or
 * alone before the loop turns. Until it is on disk no message is acknowledged
 * that may have changed it: so what the disk knows is what the broker believes
 * that we know.
 */

#include "bridge/hash.h"
#include "bridge/loop.h"
#include "protocols/mqtt/memo.h"
#include "protocols/mqtt/policy.h"

#include <stdbool.h>
#include <stdint.h>

struct conf_rule;
struct event;
struct mqtt;
struct place;
struct tap;
struct watch;

struct track {
	struct watch *watch;
	char *topic;
	struct recall r; /* its strings are owned */
	struct timer timer;
	bool touched;
	UT_hash_handle hh;         /* in the watch, by topic */
	struct track *prev, *next; /* of all, oldest first */
	struct track *prev_touched, *next_touched;
};

/* One filter of one rule in one place. */
struct watch {
	struct place *place;
	const struct conf_rule *rule;
	const char *filter;
	struct tap *tap;
	struct track *tracks;
	struct bucket bucket;
	uint64_t skipped;
	char *last; /* the line skipped last */
	bool touched;
	struct timer later;
};

/* The one of that topic, made if there is none. */
struct track *track_of(struct watch *w, const char *topic);

/* Replaces what is kept to be said. */
void track_keep(struct track *t, const char *line, const char *name);

/* It has changed. */
void track_touch(struct track *t);

/* The same of how much was skipped. */
void watch_touch(struct watch *w);

/* What was touched is remembered with that event. t, w may be NULL. */
void track_join(struct track *t, struct watch *w, struct event *ev);

/*
 * Forget what is in memory, and take what is on disk; wake is then called for
 * each track that was read.
 */
void tracks_load(struct place *p, void (*wake)(struct track *t));

/* Forget all of them; the disk does not. */
void tracks_free(struct place *p);

/* The connection has ended, and nothing waits for a commit any more. */
void tracks_lost(struct mqtt *q);

/* All that goes under that ticket is on disk. */
void tracks_remembered(struct mqtt *q, uint64_t ticket, bool ok);

/* Before the end. */
void tracks_finish(struct mqtt *q);

#endif
