/* SPDX-License-Identifier: MIT */
#ifndef MAPPINGS_MESSAGES_H
#define MAPPINGS_MESSAGES_H

/*
 * The message log: what was said, where, by whom, under which ids. Together
 * with the deliveries of mappings/queue.h it is the outbox, the map by which
 * edits and reactions find their target on every network, the archive, and
 * the trace that an operator reads.
 *
 * Event numbers are given by the core and only grow.
 */

#include <stddef.h>
#include <stdint.h>

struct db;

/* An event as it is kept. Strings may be NULL where the event has none. */
struct event_row {
	int64_t id;
	int64_t channel;
	int64_t sender; /* senders.id; 0 if unknown */
	int kind;
	unsigned flags;
	int64_t when_ms;     /* by the network's clock */
	int64_t received_ms; /* by ours */
	int64_t steady_ms;   /* by mappings/clock.h, to tell its age */
	const char *sender_id, *sender_name; /* as it was then */
	const char *native_id, *alt_id, *key;
	const char *origin, *via;    /* bridge/origin.h */
	const char *target, *parent; /* in the source network's ids */
	const char *text;
	const char *spans; /* bridge/text.h, text_spans_format() */
	const char *mark;
	const char *attachments; /* opaque line of the core's */
};

/* The greatest number in use, or 0. */
int64_t event_last_id(struct db *db);

/*
 * Keep it. -EEXIST if its channel has an event with the same key; *known is
 * then that one's number, and nothing was written.
 */
int event_put(struct db *db, const struct event_row *row, int64_t *known);

/* Calls fn once with the event, or returns -ENOENT. Strings valid inside. */
int event_get(struct db *db, int64_t id,
	      void (*fn)(void *arg, const struct event_row *row), void *arg);

/*
 * Calls fn with each event of that origin in a link that the channel is in,
 * oldest first, at most a few.
 */
int event_by_origin(struct db *db, const char *origin, int64_t channel,
		    void (*fn)(void *arg, const struct event_row *row),
		    void *arg);

/*
 * The event that goes by that id in that channel: said there under it (id or
 * alt_id), or delivered there under it. 0 if none.
 */
int64_t event_find(struct db *db, int64_t channel, const char *native_id);

/*
 * Every event that goes by that id in any channel, newest first, at most
 * limit: an id is unique where it was given, and some are chosen by people.
 */
int event_find_all(struct db *db, const char *native_id, unsigned limit,
		   void (*fn)(void *arg, int64_t event), void *arg);

/*
 * The ids that an event has in a channel: its own if it was said there, else
 * those of its delivery, in order. Calls fn for each. alt asks for alt_id
 * where the event was said there and has one.
 */
typedef void native_id_fn(void *arg, const char *native_id);
int event_native_ids(struct db *db, int64_t event, int64_t channel, int alt,
		     native_id_fn *fn, void *arg);

/* How far one person has read. */
struct read_mark {
	int64_t event;         /* up to this one, as it goes */
	int64_t from, to;      /* where it was read; where it is to be told */
	const char *sender_id; /* who reads, in from */
	int kind;              /* of those that count */
};

/*
 * The newest event that was read, has ids both here and there, and is not by
 * that person; of the last few hundred. 0 if there is none.
 */
int64_t event_read(struct db *db, const struct read_mark *what);

/* One person's marks on one message, as they stood before an event. */
struct marked {
	int64_t channel;
	const char *sender_id, *target; /* as the events have them */
	int64_t before;                 /* number of that event, exclusive */
	unsigned removed;               /* flag of events that took one away */
};

/* Calls fn for each that stands, oldest first. 0, or -errno. */
int marks_standing(struct db *db, const struct marked *what,
		   void (*fn)(void *arg, const char *mark), void *arg);

/*
 * The past of a channel that gateway users have: what they said there, and
 * what was delivered there and confirmed. Numbers are exclusive bounds;
 * INT64_MAX is no end.
 */
struct past {
	int64_t channel;
	int64_t after, before;
	int64_t peer; /* of a direct channel: only with that one; or 0 */
};

/*
 * The numbers of at most n events of it, the oldest or the newest ones, always
 * oldest first. Returns how many, or -errno.
 */
int past_oldest(struct db *db, const struct past *past, int64_t *ids, size_t n);
int past_newest(struct db *db, const struct past *past, int64_t *ids, size_t n);

/* How many there are, or -errno. */
int64_t past_count(struct db *db, const struct past *past);

/* Narrow it to what was received between the two times (UTC; 0: open). */
int past_narrow(struct db *db, struct past *past, int64_t from_ms,
		int64_t until_ms);

/* Remove at most limit settled events older than that; how many, or -errno. */
int event_prune(struct db *db, int64_t before_ms, unsigned limit);

#endif
