/* SPDX-License-Identifier: MIT */
#ifndef MAPPINGS_QUEUE_H
#define MAPPINGS_QUEUE_H

/*
 * The outbox on disk: one row for each event and each channel that it is to
 * reach. A delivery's state is the column of that name and nothing else:
 *
 *     waiting --> sent --> confirmed
 *        |          |
 *        |          +----> refused
 *        +---------------> refused, expired
 *
 * Storage, no policy: when to send what is bridge/outbox.c's affair. Every
 * function is idempotent on (event, channel).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;

enum delivery_state {
	DELIVERY_WAITING = 0,
	DELIVERY_SENT = 1, /* on the wire, unconfirmed */
	DELIVERY_CONFIRMED = 2,
	DELIVERY_REFUSED = 3,
	DELIVERY_EXPIRED = 4,
	DELIVERY_SKIPPED = 5, /* folded into one line after a long gap */
};

int delivery_put(struct db *db, int64_t event, int64_t channel);

/* On its way: one attempt more, at that time. */
int delivery_attempt(struct db *db, int64_t event, int64_t channel,
		     int64_t when_ms);

/* How a delivery ended. */
struct delivery_end {
	enum delivery_state state; /* DELIVERY_CONFIRMED or beyond */
	int64_t when_ms;
	const char *const *ids; /* the native ids that it has there now */
	size_t n_ids;           /* may be 0 */
	const char *why;        /* NULL or the reason */
	unsigned attempts;      /* how often it was sent, if that is known */
	bool owed;              /* its author is to be told; delivery_told() */
};

/* A delivery that has ended keeps its first end, and its ids. */
int delivery_settle(struct db *db, int64_t event, int64_t channel,
		    const struct delivery_end *end);

/* Not now: back to waiting, with the reason for the trace. */
int delivery_later(struct db *db, int64_t event, int64_t channel,
		   const char *why);

struct delivery_row {
	int64_t event, channel;
	enum delivery_state state;
	unsigned attempts;
	int64_t last_ms;
	const char *why;        /* of the last failure, or NULL */
	int64_t stands_for;     /* see mappings/fold.h; 0: for itself */
	int64_t stands_from_ms; /* when the first of those was said */
};

typedef void delivery_fn(void *arg, const struct delivery_row *row);

/* Waiting and sent deliveries of a channel after that event, in order. */
int delivery_next(struct db *db, int64_t channel, int64_t after, unsigned limit,
		  delivery_fn *fn, void *arg);

/* Every delivery of an event. */
int delivery_each(struct db *db, int64_t event, delivery_fn *fn, void *arg);

/* The author knows how it ended. */
int delivery_told(struct db *db, int64_t event, int64_t channel);

/* Every end of which the author was not told yet, in order. */
int owed_each(struct db *db, delivery_fn *fn, void *arg);

/* Only the newest of those are owed any longer: about so many. */
int owed_trim(struct db *db, unsigned keep);

/* Every channel that has waiting or sent deliveries. */
struct channel_row;
int queue_channels(struct db *db,
		   void (*fn)(void *arg, const struct channel_row *row),
		   void *arg);

/*
 * How many are waiting or sent, and when the oldest came in, by the steady
 * clock; 0 if none.
 */
int queue_depth(struct db *db, int64_t channel, int64_t *rows,
		int64_t *oldest_ms);

/* One that is waiting or sent. */
struct queue_row {
	struct delivery_row delivery;
	int64_t received_ms; /* by our clock */
	int64_t steady_ms;   /* by the steady one */
};

/* The first of a channel, in order, at most limit. */
int queue_list(struct db *db, int64_t channel, unsigned limit,
	       void (*fn)(void *arg, const struct queue_row *row), void *arg);

struct queue_figures {
	int64_t rows, bytes; /* waiting or sent */
	int64_t oldest_ms;   /* by the steady clock; 0 if none */
	int64_t last_event;
};

int queue_figures(struct db *db, int64_t channel, struct queue_figures *out);

#endif
