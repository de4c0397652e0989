/* SPDX-License-Identifier: MIT */
#ifndef MAPPINGS_DB_H
#define MAPPINGS_DB_H

/*
 * One connection to the database, its migrations and prepared statements.
 *
 * mappings/ is the only folder that knows SQL. It knows how to keep things,
 * not when: policy is the core's. Every function here and in the other
 * headers of this folder may block on the disk and belongs on the store
 * thread, except reads on a read-only connection.
 *
 * STRICT tables, WAL, synchronous=FULL, foreign keys on. Migrations are
 * numbered and go forward only; a database made by a newer version is
 * refused, and so is one that is damaged, each with advice. Every operation
 * of the outbox is idempotent on (event, channel), so that a second backend
 * can repeat it.
 *
 * Functions return 0 or -errno unless they say otherwise: -EEXIST for what
 * is there already, -ENOENT for what is not, -ENOSPC when disk or quota is
 * full, -EIO and -EUCLEAN for a file that cannot be read or is corrupt,
 * -EBUSY for one that somebody else holds.
 */

#include <stdbool.h>
#include <stdint.h>

struct db;
struct error;

enum db_mode {
	DB_WRITER, /* creates, locks, migrates */
	DB_READER, /* read-only; the writer must have opened it before */
};

/* ":memory:" is allowed for a writer. NULL, err and errno. */
struct db *db_open(const char *path, enum db_mode mode, struct error *err);

/* Accepts NULL. */
void db_close(struct db *db);

int db_begin(struct db *db);
int db_commit(struct db *db);
void db_rollback(struct db *db);

/* A savepoint inside the transaction, for one job of a group. */
int db_mark(struct db *db);
int db_release(struct db *db);
void db_revert(struct db *db);

/* The last failure in words, for the log; valid until the next call. */
const char *db_error(const struct db *db);

/* True if the last failure means that the database itself cannot be used. */
bool db_failed(const struct db *db);

/*
 * True if after the last failure nobody knows what is on the disk: a write or
 * an fsync(2) failed, and a second fsync that succeeds would prove nothing.
 * Close it; whoever opens it again finds out what was kept.
 */
bool db_broken(const struct db *db);

/*
 * Move what the log holds into the database, so that the log is written anew
 * from its start. As far as readers allow, and without complaint: SQLite does
 * the same by itself, later.
 */
void db_checkpoint(struct db *db);

/*
 * True if it is time for that. Whoever has something better to do may put it
 * off: from four times that length on a commit does it by itself.
 */
bool db_log_is_long(const struct db *db);

/* Random, made with the database: names this bridge in our ids. 16 hex. */
const char *db_bridge_id(struct db *db);

/* Counts starts of the bridge on this database; advanced by a writer's open. */
int64_t db_generation(struct db *db);

/* PRAGMA integrity_check; 0 or -EUCLEAN. */
int db_check(struct db *db, struct error *err);

/* The schema number that this program writes. */
int db_schema_version(void);

#endif
