/* SPDX-License-Identifier: MIT */
/*
 * store.c - the store thread.
 *
 * Jobs travel in a circle: the loop appends them to the queue, the thread
 * takes the whole queue as one group, runs and commits it, and appends it to
 * the finished ones, from where the loop takes it. What both sides touch is
 * in struct shared, under its mutex, and nothing else is; everything outside
 * it belongs to the loop, but for the writing connection and what the thread
 * remembers about it.
 *
 * The thread does not log: what it has to say travels with the finished jobs.
 *
 * Without a thread the same functions run the group in a deferred call.
 */

#include "bridge/store.h"

#include "bridge/ballast.h"
#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "mappings/db.h"

#include <event2/event.h>

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Callbacks in one turn of the loop; the rest wait for sockets' turn. */
#define DONE_PER_TURN 256

/* With the wait in mappings/db.c, five seconds. Only closing gives up. */
#define CLOSING_TRIES 20

/* How often to look whether a full disk has room again. */
#define LOOK_MS 5000

struct jobs {
	struct store_job *first;
	struct store_job *last;
};

/* What the thread says about the database. */
struct report {
	bool waiting; /* another program holds it */
	bool failing; /* the last group could not be written, or not whole */
	bool tight;   /* the disk is full; the ballast was dropped */
	char why[256];
	struct store_stats stats;
};

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct jobs queue;
	struct jobs finished;
	bool closing;
	struct report report;
};

struct store {
	struct loop *loop;
	struct db *writer; /* the thread's, while it runs */
	struct db *reader; /* the writer, if there is no thread */
	bool threaded;
	bool turning; /* inline: a deferred call is on its way */
	pthread_t thread;
	int wake_fd;
	struct event *wake;
	struct jobs ready; /* finished, and the loop's already */
	size_t pending;
	struct report told; /* the report as the loop last saw it */
	void (*fatal)(void *arg, const char *why);
	void *fatal_arg;
	void (*pressure)(void *arg, bool tight);
	void *pressure_arg;
	struct timer look; /* while the disk is full */

	/* the thread's own; the report is published when it changes */
	struct report report;
	unsigned tries;          /* while closing */
	bool gave_up;            /* waiting for another program */
	bool broken;             /* nobody knows what is on the disk */
	struct ballast *ballast; /* NULL if there is none */

	atomic_bool hurry;     /* closing: do not wait for ever */
	atomic_bool abandoned; /* commit no more */
	struct shared shared;
};

/* ---- lists ------------------------------------------------------------- */

static void
jobs_append(struct jobs *to, struct jobs *from)
{
	if (!from->first)
		return;
	if (to->first)
		to->last->next = from->first;
	else
		to->first = from->first;
	to->last = from->last;
	*from = (struct jobs){ 0 };
}

static struct jobs
jobs_take(struct jobs *from)
{
	struct jobs all = *from;

	*from = (struct jobs){ 0 };
	return all;
}

static struct store_job *
jobs_pop(struct jobs *from)
{
	struct store_job *job = from->first;

	if (job) {
		from->first = job->next;
		job->next = NULL;
	}
	return job;
}

/* ---- the thread: one group --------------------------------------------- */

static void
wake(struct store *store)
{
	static const uint64_t one = 1;

	/* It can only fail when the counter is full, and that wakes, too. */
	if (store->wake_fd >= 0 && write(store->wake_fd, &one, sizeof(one)) < 0)
		assert(errno == EAGAIN);
}

static void
publish(struct store *store, struct jobs *jobs)
{
	pthread_mutex_lock(&store->shared.mutex);
	jobs_append(&store->shared.finished, jobs);
	store->shared.report = store->report;
	pthread_mutex_unlock(&store->shared.mutex);
	wake(store);
}

static void
say_waiting(struct store *store, bool waiting)
{
	struct jobs none = { 0 };

	if (store->report.waiting == waiting)
		return;
	store->report.waiting = waiting;
	publish(store, &none);
}

static bool
may_wait(struct store *store)
{
	if (atomic_load(&store->abandoned))
		return false;
	return !atomic_load(&store->hurry) || store->tries++ < CLOSING_TRIES;
}

/* A step that another program's lock holds up is tried again. */
static int
persist(struct store *store, int (*step)(struct db *db))
{
	int rc;

	while ((rc = step(store->writer)) == -EBUSY && may_wait(store))
		say_waiting(store, true);
	if (rc == -EBUSY)
		store->gave_up = true;
	else
		say_waiting(store, false);
	return rc;
}

static int
run_job(struct db *db, struct store_job *job)
{
	int rc = job->run(db, job);

	/* Whatever the job made of it: the transaction is not to be trusted. */
	if (rc >= 0 && db_failed(db))
		return -EIO;
	return rc < 0 ? rc : 0;
}

static int
run_plain(struct db *db, struct store_job *job)
{
	for (; job; job = job->next) {
		job->status = run_job(db, job);
		if (job->status)
			return job->status;
	}
	return 0;
}

static int
run_marked(struct db *db, struct store_job *job)
{
	for (; job; job = job->next) {
		int rc = db_mark(db);

		if (!rc)
			rc = job->status = run_job(db, job);
		if (db_failed(db))
			return rc;
		if (rc)
			db_revert(db);
		else
			rc = db_release(db);
		if (db_failed(db))
			return rc ? rc : -EIO;
	}
	return 0;
}

static int
commit(struct store *store)
{
	if (atomic_load(&store->abandoned)) {
		store->gave_up = true;
		return -ECANCELED;
	}
	return persist(store, db_commit);
}

/* All of them in one transaction, or none. */
static int
transact(struct store *store, struct store_job *jobs,
	 int (*run)(struct db *db, struct store_job *job))
{
	if (store->broken)
		return -EIO;

	int rc = persist(store, db_begin);

	if (!rc)
		rc = run(store->writer, jobs);
	if (!rc)
		rc = commit(store);
	if (rc) {
		store->broken = db_broken(store->writer);
		db_rollback(store->writer);
	}
	return rc;
}

/* Each in a transaction of its own; how many could not be written. */
static size_t
transact_alone(struct store *store, struct store_job *jobs)
{
	size_t unwritten = 0;

	for (struct store_job *job = jobs; job; job = job->next) {
		struct store_job *next = job->next;

		job->next = NULL;
		job->status = transact(store, job, run_plain);
		job->next = next;
		if (!job->status)
			store->report.stats.commits++;
		if (!job->status || !db_failed(store->writer))
			continue;
		unwritten++;
		snprintf(store->report.why, sizeof(store->report.why), "%s",
			 db_error(store->writer));
	}
	return unwritten;
}

/* The disk is full: again, with the room that was kept for this. */
static int
transact_tight(struct store *store, struct store_job *jobs)
{
	if (!store->ballast || !ballast_drop(store->ballast))
		return -ENOSPC;
	store->report.tight = true;

	int rc = transact(store, jobs, run_plain);

	if (!rc)
		db_checkpoint(store->writer);
	return rc;
}

/* Take the room back, once there is some. */
static void
look_for_room(struct store *store)
{
	if (store->report.tight && ballast_make(store->ballast) == 0)
		store->report.tight = false;
}

static void
refuse_all(struct store_job *job, int status)
{
	for (; job; job = job->next)
		job->status = status;
}

static void
count(struct store *store, const struct jobs *group)
{
	struct store_stats *stats = &store->report.stats;
	size_t n = 0;

	for (const struct store_job *job = group->first; job; job = job->next)
		n++;
	stats->jobs += n;
	if (n > stats->largest_group)
		stats->largest_group = n;
}

static void
run_group(struct store *store, struct jobs *group)
{
	int rc = transact(store, group->first, run_plain);

	count(store, group);
	if (rc && !store->gave_up && !db_failed(store->writer))
		rc = transact(store, group->first, run_marked);
	if (rc == -ENOSPC && db_failed(store->writer))
		rc = transact_tight(store, group->first);
	if (store->gave_up) {
		refuse_all(group->first, rc);
	} else if (rc) {
		store->report.failing = transact_alone(store, group->first) > 0;
	} else {
		store->report.failing = false;
		store->report.stats.commits++;
		look_for_room(store);
	}
}

/* Under the mutex. Whatever can wait is done when there is nothing to do. */
static void
wait_for_jobs(struct store *store)
{
	struct shared *shared = &store->shared;

	while (!shared->queue.first && !shared->closing) {
		if (store->broken || !db_log_is_long(store->writer)) {
			pthread_cond_wait(&shared->changed, &shared->mutex);
			continue;
		}
		pthread_mutex_unlock(&shared->mutex);
		db_checkpoint(store->writer);
		pthread_mutex_lock(&shared->mutex);
	}
}

static void *
thread_main(void *arg)
{
	struct store *store = arg;
	struct shared *shared = &store->shared;

	for (;;) {
		pthread_mutex_lock(&shared->mutex);
		wait_for_jobs(store);

		struct jobs group = jobs_take(&shared->queue);

		pthread_mutex_unlock(&shared->mutex);
		if (!group.first)
			return NULL;
		run_group(store, &group);
		publish(store, &group);
	}
}

/* ---- the loop: what came of it ----------------------------------------- */

static int
look_run(struct db *db UNUSED, struct store_job *job UNUSED)
{
	return 0; /* the thread looks after every group */
}

static void
look_done(struct store_job *job, int status UNUSED)
{
	free(job);
}

static void
look_drop(struct store_job *job)
{
	free(job);
}

static void
look(void *arg)
{
	struct store *store = arg;
	struct store_job *job = xcalloc(1, sizeof(*job));

	*job = (struct store_job){ .run = look_run,
				   .done = look_done,
				   .drop = look_drop };
	store_submit(store, job);
	timer_start(&store->look, store->loop, LOOK_MS, look, store);
}

static void
hear_pressure(struct store *store, bool tight)
{
	if (tight) {
		log_error("store", "the disk is full; its last reserve serves "
				   "what was taken already");
		timer_start(&store->look, store->loop, LOOK_MS, look, store);
	} else {
		log_info("store", "the disk has room again");
		timer_stop(&store->look);
	}
	if (store->pressure)
		store->pressure(store->pressure_arg, tight);
}

static void
hear(struct store *store, const struct report *report)
{
	struct report before = store->told;

	store->told = *report;
	if (report->tight != before.tight)
		hear_pressure(store, report->tight);
	if (report->waiting && !before.waiting)
		log_warn("store", "another program holds the database; what "
				  "is said waits");
	if (!report->waiting && before.waiting)
		log_info("store", "the database is free again");
	if (!report->failing && before.failing)
		log_info("store", "the database can be written again");
	if (!report->failing || before.failing)
		return;
	if (store->fatal)
		store->fatal(store->fatal_arg, report->why);
	else
		log_error("store", "cannot write: %s", report->why);
}

static void
collect(struct store *store)
{
	struct shared *shared = &store->shared;

	pthread_mutex_lock(&shared->mutex);

	struct jobs finished = jobs_take(&shared->finished);
	struct report report = shared->report;

	pthread_mutex_unlock(&shared->mutex);
	jobs_append(&store->ready, &finished);
	hear(store, &report);
}

static void
deliver(struct store *store, size_t most)
{
	struct store_job *job;

	while (most-- > 0 && (job = jobs_pop(&store->ready))) {
		store->pending--;
		job->done(job, job->status);
	}
}

static void
on_wake(evutil_socket_t fd, short what UNUSED, void *arg)
{
	struct store *store = arg;
	uint64_t times;

	/* Nothing to read: somebody woke us who was heard already. */
	if (read(fd, &times, sizeof(times)) < 0)
		assert(errno == EAGAIN);
	collect(store);
	deliver(store, DONE_PER_TURN);
	if (store->ready.first)
		wake(store);
}

/* Run what is queued on this thread: there is no other, or not any more. */
static void
run_here(struct store *store)
{
	struct jobs group = jobs_take(&store->shared.queue);

	if (group.first) {
		run_group(store, &group);
		publish(store, &group);
	}
	collect(store);
	deliver(store, SIZE_MAX);
}

static void
turn(void *arg)
{
	struct store *store = arg;

	store->turning = false;
	run_here(store);
}

/* ---- life -------------------------------------------------------------- */

static struct store *
store_new(struct loop *loop, const char *path, struct error *err)
{
	struct store *store = xcalloc(1, sizeof(*store));

	store->loop = loop;
	store->wake_fd = -1;
	pthread_mutex_init(&store->shared.mutex, NULL);
	pthread_cond_init(&store->shared.changed, NULL);
	store->writer = db_open(path, DB_WRITER, err);
	return store;
}

/* After the thread has ended; what is queued is the caller's affair. */
static void
store_free(struct store *store)
{
	timer_stop(&store->look);
	ballast_free(store->ballast);
	if (store->wake)
		event_free(store->wake);
	if (store->wake_fd >= 0)
		close(store->wake_fd);
	if (store->reader != store->writer)
		db_close(store->reader);
	db_close(store->writer);
	pthread_cond_destroy(&store->shared.changed);
	pthread_mutex_destroy(&store->shared.mutex);
	free(store);
}

/* Signals are for the loop's thread. */
static int
start_thread(struct store *store)
{
	sigset_t all;
	sigset_t before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);

	int rc = pthread_create(&store->thread, NULL, thread_main, store);

	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -rc;
}

static int
start(struct store *store, struct error *err)
{
	store->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (store->wake_fd < 0)
		return error_set(err, errno, "eventfd: %s", strerror(errno));
	store->wake = event_new(loop_base(store->loop), store->wake_fd,
				EV_READ | EV_PERSIST, on_wake, store);
	if (!store->wake || event_add(store->wake, NULL) < 0)
		return error_set(err, ENOMEM, "no event for the store thread");

	store->shared.report = store->report;
	wake(store); /* it may have something to say already */

	int rc = start_thread(store);

	if (rc)
		return error_set(err, -rc, "no store thread: %s",
				 strerror(-rc));
	store->threaded = true;
	return 0;
}

/* Before the thread starts. A folder that refuses it is not full. */
static void
take_ballast(struct store *store, const char *path)
{
	int rc = ballast_make(store->ballast);

	store->report.tight = rc == -ENOSPC;
	if (!rc || rc == -ENOSPC)
		return;
	log_warn("store",
		 "%s.ballast: no room can be held for when the disk "
		 "is full: %s",
		 path, strerror(-rc));
	ballast_free(store->ballast);
	store->ballast = NULL;
}

struct store *
store_open(struct loop *loop, const char *path, struct error *err)
{
	assert(loop_base(loop));

	struct store *store = store_new(loop, path, err);

	store->ballast = ballast_new(path);
	/* What a life before us held back for this. */
	if (!store->writer && errno == ENOSPC && ballast_drop(store->ballast))
		store->writer = db_open(path, DB_WRITER, err);
	if (store->writer)
		store->reader = db_open(path, DB_READER, err);
	if (store->reader)
		take_ballast(store, path);
	if (!store->reader || start(store, err)) {
		store_free(store);
		return NULL;
	}
	return store;
}

struct store *
store_open_inline(struct loop *loop, const char *path, struct error *err)
{
	struct store *store = store_new(loop, path, err);

	store->reader = store->writer;
	if (!store->writer) {
		store_free(store);
		return NULL;
	}
	return store;
}

static void
stop_thread(struct store *store)
{
	if (!store->threaded) {
		loop_cancel(store->loop, turn, store);
		return;
	}
	pthread_mutex_lock(&store->shared.mutex);
	store->shared.closing = true;
	pthread_cond_signal(&store->shared.changed);
	pthread_mutex_unlock(&store->shared.mutex);
	pthread_join(store->thread, NULL);
}

void
store_close(struct store *store)
{
	if (!store)
		return;
	atomic_store(&store->hurry, true);
	stop_thread(store);
	while (store->pending > 0)
		run_here(store); /* also what a done() still submits */
	store_free(store);
}

void
store_abandon(struct store *store)
{
	if (!store)
		return;
	atomic_store(&store->abandoned, true);
	stop_thread(store);

	struct jobs all = jobs_take(&store->ready);
	struct store_job *job;

	jobs_append(&all, &store->shared.finished);
	jobs_append(&all, &store->shared.queue);
	while ((job = jobs_pop(&all)))
		if (job->drop)
			job->drop(job);
	store_free(store);
}

/* ---- use --------------------------------------------------------------- */

void
store_submit(struct store *store, struct store_job *job)
{
	struct jobs one = { job, job };

	assert(job->run && job->done);
	job->next = NULL;
	job->status = 0;
	store->pending++;
	pthread_mutex_lock(&store->shared.mutex);
	jobs_append(&store->shared.queue, &one);
	pthread_cond_signal(&store->shared.changed);
	pthread_mutex_unlock(&store->shared.mutex);
	if (store->threaded || store->turning)
		return;
	store->turning = true;
	loop_defer(store->loop, turn, store);
}

size_t
store_pending(const struct store *store)
{
	return store->pending;
}

struct db *
store_reader(struct store *store)
{
	return store->reader;
}

void
store_on_fatal(struct store *store, void (*fn)(void *arg, const char *why),
	       void *arg)
{
	store->fatal = fn;
	store->fatal_arg = arg;
}

void
store_on_pressure(struct store *store, void (*fn)(void *arg, bool tight),
		  void *arg)
{
	store->pressure = fn;
	store->pressure_arg = arg;
}

struct store_stats
store_stats(const struct store *store)
{
	return store->told.stats;
}
