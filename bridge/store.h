/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_STORE_H
#define BRIDGE_STORE_H

/*
 * The store thread.
 *
 * Everything that changes the database is a job. Jobs run on the store
 * thread, in the order they were submitted, many to a transaction: the thread
 * takes all that queued up while the last commit ran, runs them between BEGIN
 * and COMMIT, then wakes the loop, where each job's done() is called in the
 * same order. There is no timer and no window: an idle bridge commits at
 * once, a busy one commits in groups.
 *
 * done() means: it is on disk (WAL, synchronous=FULL). Until then nobody may
 * be told that we have it.
 *
 * A job fails alone or not at all: run() returns 0 or -errno. A group is first
 * run without further ado, which is nearly always enough. If a job fails, the
 * group is rolled back and run again with a savepoint for each job, so that
 * the others commit. If the database itself fails (full, corrupt, I/O error)
 * the group is rolled back and tried again one by one; what still fails gets
 * done(status < 0), and the store's fatal() callback is told, once until a
 * group went well again. While another program holds the database, the thread
 * waits and the loop does not.
 *
 * A failed write or fsync(2) (-EIO) is the end of this store: everything is
 * refused from then on, fatal() is told, and the process is to be restarted.
 * To sync again would prove nothing (the kernel forgets what it could not
 * write), and whether the group is on disk is known only to who opens the
 * database next.
 *
 * A full disk is not: store_open() keeps a file beside the database that
 * holds room (bridge/ballast.h). When a group does not fit, the file is
 * dropped, the group tried again, and the pressure() callback told true: from
 * then on nothing new should be taken, so that the room serves to settle what
 * was taken already. When there is room enough again, for the file and as
 * much besides, it is told false; the store looks every few seconds.
 *
 * So run() may be called more than once: it must not change the job in a way
 * that a second call would notice. It must pass on what a statement returns,
 * or have made up for it.
 *
 * The loop reads through a connection of its own, store_reader(), which sees
 * what was committed. Nothing else reads or writes the file.
 *
 * A store opened with store_open_inline() has no thread: jobs run, in the
 * same groups and order, in a deferred call of the loop. The deterministic
 * tests use it, with the database in memory or in a file.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct error;
struct loop;
struct store;

struct store_job {
	/* On the store thread, in a transaction. 0 or -errno. */
	int (*run)(struct db *db, struct store_job *job);
	/* On the loop, after the commit. Frees the job if it was allocated. */
	void (*done)(struct store_job *job, int status);
	/* Instead of done(), by store_abandon(); may be NULL. Frees the job. */
	void (*drop)(struct store_job *job);
	/* private */
	struct store_job *next;
	int status;
};

/*
 * Opens and migrates the database and starts the thread, which needs a loop in
 * real time and a database in a file. NULL and err.
 */
struct store *store_open(struct loop *loop, const char *path,
			 struct error *err);
struct store *store_open_inline(struct loop *loop, const char *path,
				struct error *err);

/*
 * Runs what is still queued, calls every done(), joins the thread, closes.
 * Accepts NULL.
 */
void store_close(struct store *store);

/*
 * For tests of what a crash leaves behind: nothing more is committed, no
 * done() is called, what was not done yet is dropped. Accepts NULL.
 */
void store_abandon(struct store *store);

/* From the loop, also from inside a done(). */
void store_submit(struct store *store, struct store_job *job);

/* Jobs whose done() was not called yet. */
size_t store_pending(const struct store *store);

/* The loop's read-only connection (in an inline store: the only one). */
struct db *store_reader(struct store *store);

/* Told, on the loop, when the database itself cannot be written. */
void store_on_fatal(struct store *store, void (*fn)(void *arg, const char *why),
		    void *arg);

/* Told, on the loop, when the disk became full, and when it no longer is. */
void store_on_pressure(struct store *store, void (*fn)(void *arg, bool tight),
		       void *arg);

struct store_stats {
	uint64_t jobs, commits;
	size_t largest_group; /* jobs in one commit */
};

struct store_stats store_stats(const struct store *store);

#endif
