/* SPDX-License-Identifier: MIT */
#ifndef MAPPINGS_FOLD_H
#define MAPPINGS_FOLD_H

/*
 * What becomes of a long queue after a long outage, and who was told of it.
 *
 * All but the last messages of a channel's queue end as DELIVERY_SKIPPED. The
 * last of those that are skipped stays open: in its place one line is to be
 * said that stands for all of them, so that the line is where they were, and
 * is lost no more than a message is.
 */

#include <stdint.h>

struct db;

struct fold_rule {
	int message, topic;  /* kinds of event */
	int64_t rows;        /* fold more than so many; 0: however many */
	int64_t taken_by_ms; /* or if the oldest was taken by then; 0: no */
	int64_t keep;        /* so many of the last are said */
	int64_t now_ms;
};

/*
 * Apply the rule to what waits for channel. *skipped is how many messages
 * will not be said, with those that were folded and not told before; 0 if
 * there was no need. Of several topics the last one stays, in any case.
 */
int queue_fold(struct db *db, int64_t channel, const struct fold_rule *rule,
	       int64_t *skipped);

/* In the channel told they know that channel is away; until it is over. */
int away_put(struct db *db, int64_t channel, int64_t told);
int away_over(struct db *db, int64_t channel);

/* Where what waits for channel was said, each once; but not by the sender of
 * that id. */
int away_waiting(struct db *db, int64_t channel, const char *except,
		 void (*fn)(void *arg, int64_t from), void *arg);

int away_each(struct db *db, int64_t channel,
	      void (*fn)(void *arg, int64_t told), void *arg);

#endif
