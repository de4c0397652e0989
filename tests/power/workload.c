/* SPDX-License-Identifier: MIT */
/*
 * workload.c - what a busy bridge asks of the store, without the bridge:
 *
 *     workload DATABASE SEED ROUNDS close|crash [EVERY FILE]
 *
 * Each round submits what came in since the last one: messages to keep, with
 * their sender and deliveries; attempts, postponements and settlements of
 * earlier ones; now and then a pruning. What is done is marked in the disk's
 * log (tests/power/disk.h). It ends by closing the store, or by ending the
 * process in the middle of things. Each EVERYth sync of
 * files whose name ends in FILE fails; when the store says that this is the
 * end, the status is 3.
 *
 * POWER_SYNC in the environment, OFF or NORMAL, takes the place of FULL, and
 * POWER_PAGES that of 1000 between checkpoints: here, and nowhere in the
 * program, by a sqlite3_exec() of our own (the linker's --wrap).
 */

#include "tests/power/disk.h"
#include "tests/power/script.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/loop.h"
#include "bridge/store.h"
#include "mappings/channels.h"
#include "mappings/db.h"
#include "mappings/identities.h"
#include "mappings/messages.h"
#include "mappings/queue.h"

#include <sqlite3.h>

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define OPEN_MAX 64    /* deliveries that wait to be settled */
#define KEEP 60        /* of the last events, whatever became of them */
#define PENDING_MAX 40 /* jobs; one round may add as many again */
#define EXIT_BROKEN 3

struct place {
	int64_t event, channel;
};

struct work {
	struct loop *loop;
	struct store *store;
	struct timer next;
	uint64_t random;
	long rounds;
	bool crash;
	int64_t network;
	int64_t channels[SCRIPT_CHANNELS];
	int64_t last_event;
	struct place open[OPEN_MAX];
	size_t n_open;
};

enum what { KEEP_EVENT, ATTEMPT, LATER, SETTLE, PRUNE };

struct job {
	struct store_job base;
	struct work *w;
	enum what what;
	int64_t event, channel;
};

/* ---- PRAGMAs of our own ------------------------------------------------ */

int __wrap_sqlite3_exec(sqlite3 *sql, const char *text,
			int (*row)(void *, int, char **, char **), void *arg,
			char **message);
int __real_sqlite3_exec(sqlite3 *sql, const char *text,
			int (*row)(void *, int, char **, char **), void *arg,
			char **message);

static void
pragma(sqlite3 *sql, const char *name, const char *variable)
{
	const char *value = getenv(variable);
	char text[80];

	if (!value)
		return;
	snprintf(text, sizeof(text), "PRAGMA %s = %s", name, value);
	if (__real_sqlite3_exec(sql, text, NULL, NULL, NULL) != SQLITE_OK)
		abort();
}

int
__wrap_sqlite3_exec(sqlite3 *sql, const char *text,
		    int (*row)(void *, int, char **, char **), void *arg,
		    char **message)
{
	int rc = __real_sqlite3_exec(sql, text, row, arg, message);

	if (strstr(text, "PRAGMA synchronous")) {
		pragma(sql, "synchronous", "POWER_SYNC");
		pragma(sql, "wal_autocheckpoint", "POWER_PAGES");
	}
	return rc;
}

/* ---- jobs -------------------------------------------------------------- */

static uint64_t
random_below(struct work *w, uint64_t limit)
{
	w->random = w->random * 6364136223846793005u + 1442695040888963407u;
	return (w->random >> 33) % limit;
}

static int
keep(struct db *db, struct work *w, int64_t event)
{
	char text[SCRIPT_TEXT_MAX];
	char key[48];
	char name[48];
	int64_t known;
	struct event_row row = {
		.id = event,
		.channel = w->channels[0],
		.received_ms = event,
		.text = text,
		.key = key,
		.native_id = key,
	};

	script_text(event, text);
	script_id(event, 0, key);
	snprintf(name, sizeof(name), "person %d", (int)(event % 37));

	int rc = sender_put(db, w->network, name, text + 10, NULL, &row.sender);

	if (!rc)
		rc = event_put(db, &row, &known);
	for (int i = 1; !rc && i <= script_deliveries(event); i++)
		rc = delivery_put(db, event, w->channels[i]);
	return rc;
}

static int
settle(struct db *db, int64_t event, int64_t channel)
{
	char id[48];
	const char *ids[] = { id };
	struct delivery_end end = {
		.state = DELIVERY_CONFIRMED,
		.when_ms = event,
		.ids = ids,
		.n_ids = 1,
	};

	script_id(event, channel, id);
	return delivery_settle(db, event, channel, &end);
}

static int
run(struct db *db, struct store_job *base)
{
	struct job *job = container_of(base, struct job, base);
	int rc = 0;

	switch (job->what) {
	case KEEP_EVENT:
		return keep(db, job->w, job->event);
	case ATTEMPT:
		return delivery_attempt(db, job->event, job->channel,
					job->event);
	case LATER:
		return delivery_later(db, job->event, job->channel, "not now");
	case SETTLE:
		return settle(db, job->event, job->channel);
	case PRUNE:
		rc = event_prune(db, job->event, 40);
		break;
	}
	return rc < 0 ? rc : 0;
}

static void
add_open(struct work *w, int64_t event, int64_t channel)
{
	if (w->n_open < OPEN_MAX)
		w->open[w->n_open++] = (struct place){ event, channel };
}

static void
kept(struct work *w, int64_t event)
{
	int n = script_deliveries(event);

	disk_mark(MARK_KEPT, event, 0, n);
	for (int i = 1; i <= n; i++)
		add_open(w, event, w->channels[i]);
}

static void
done(struct store_job *base, int status)
{
	struct job *job = container_of(base, struct job, base);

	if (status == 0 && job->what == KEEP_EVENT)
		kept(job->w, job->event);
	if (status == 0 && job->what == SETTLE)
		disk_mark(MARK_SETTLED, job->event, job->channel, 0);
	free(job);
}

static void
submit(struct work *w, enum what what, int64_t event, int64_t channel)
{
	struct job *job = xcalloc(1, sizeof(*job));

	*job = (struct job){
		{ .run = run, .done = done }, w, what, event, channel
	};
	if (what == SETTLE)
		disk_mark(MARK_SETTLE, event, channel, 0);
	if (what == PRUNE)
		disk_mark(MARK_PRUNE, event, 0, 0);
	store_submit(w->store, &job->base);
}

/* ---- rounds ------------------------------------------------------------ */

static void
settle_some(struct work *w)
{
	size_t n = random_below(w, w->n_open + 1);

	if (w->n_open < 30)
		n /= 2;
	for (size_t i = 0; i < n; i++) {
		struct place *p = &w->open[i];

		submit(w, ATTEMPT, p->event, p->channel);
		if (random_below(w, 8) == 0)
			submit(w, LATER, p->event, p->channel);
		submit(w, SETTLE, p->event, p->channel);
	}
	w->n_open -= n;
	memmove(w->open, w->open + n, w->n_open * sizeof(w->open[0]));
}

static void
round_of(void *arg)
{
	struct work *w = arg;
	uint64_t n = random_below(w, 4) ? random_below(w, 3) : 12;

	if (store_pending(w->store) > PENDING_MAX) {
		timer_start(&w->next, w->loop, 1, round_of, w);
		return;
	}
	if (w->rounds-- == 0) {
		if (w->crash)
			disk_exit(0);
		loop_stop(w->loop);
		return;
	}
	for (uint64_t i = 0; i < n && w->n_open < OPEN_MAX - 4; i++)
		submit(w, KEEP_EVENT, ++w->last_event, 0);
	settle_some(w);
	if (random_below(w, 8) == 0 && w->last_event > KEEP)
		submit(w, PRUNE, w->last_event - KEEP, 0);
	timer_start(&w->next, w->loop, 0, round_of, w);
}

static void
on_fatal(void *arg UNUSED, const char *why UNUSED)
{
	disk_exit(EXIT_BROKEN);
}

/* ---- life -------------------------------------------------------------- */

static void
find_open(void *arg, const struct delivery_row *row)
{
	add_open(arg, row->event, row->channel);
}

struct prepare {
	struct store_job base;
	struct work *w;
};

static int
prepare(struct db *db, struct work *w)
{
	int rc = network_put(db, "a", "fake", &w->network);

	for (int i = 0; !rc && i < SCRIPT_CHANNELS; i++) {
		const char name[] = { (char)('a' + i), '\0' };

		rc = channel_put(db, w->network, 0, name, &w->channels[i]);
	}
	for (int i = 1; !rc && i < SCRIPT_CHANNELS; i++)
		rc = delivery_next(db, w->channels[i], 0, OPEN_MAX / 2,
				   find_open, w);
	w->last_event = event_last_id(db);
	return rc;
}

static int
prepare_run(struct db *db, struct store_job *job)
{
	struct prepare *p = container_of(job, struct prepare, base);

	p->w->n_open = 0; /* it may run again */
	return prepare(db, p->w);
}

static void
prepare_done(struct store_job *job, int status)
{
	struct prepare *p = container_of(job, struct prepare, base);

	if (status)
		disk_exit(EXIT_BROKEN);
	disk_mark(MARK_OPENED, db_generation(store_reader(p->w->store)), 0, 0);
	round_of(p->w);
}

int
main(int argc, char **argv)
{
	struct work w = { .rounds = 0 };
	struct prepare first = { { .run = prepare_run, .done = prepare_done },
				 &w };
	struct error err = { "" };

	if (argc < 5)
		return 64;
	w.loop = loop_new();
	w.random = strtoull(argv[2], NULL, 10);
	w.rounds = strtol(argv[3], NULL, 10);
	w.crash = strcmp(argv[4], "crash") == 0;
	w.store = store_open(w.loop, argv[1], &err);
	if (!w.store) {
		fprintf(stderr, "workload: %s\n", err.text);
		return 1;
	}
	store_on_fatal(w.store, on_fatal, &w);
	if (argc > 6)
		disk_fail_every(DISK_SYNC, argv[6], EIO,
				(unsigned)strtoul(argv[5], NULL, 10));
	store_submit(w.store, &first.base);
	loop_run(w.loop);
	timer_stop(&w.next);
	store_close(w.store);
	loop_free(w.loop);
	return 0;
}
