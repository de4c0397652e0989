/* SPDX-License-Identifier: MIT */
#ifndef MAPPINGS_SQL_H
#define MAPPINGS_SQL_H

/*
 * What the files of this folder share, and nobody else sees: the statements,
 * all of them constant texts in statements.c, and one way to run them.
 *
 *     sql_run(db, SQL_X, ARGS(INT(id), TEXT(name)));
 *
 * Arguments are bound in the order of their numbers ?1, ?2, ... and are
 * borrowed for the call; a NULL text is bound as NULL.
 *
 * A statement that is being read is not to be started again before it was
 * reset: the functions that call back for each row say so by an assert.
 */

#include "mappings/channels.h"
#include "mappings/db.h"

#include <sqlite3.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum statement {
	/* transactions */
	SQL_BEGIN_WRITE,
	SQL_BEGIN_READ,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_MARK,
	SQL_RELEASE,
	SQL_REVERT,
	SQL_INTEGRITY,
	SQL_FOREIGN_KEYS,

	/* what the database knows about itself */
	SQL_META_GET,
	SQL_META_START,
	SQL_META_EVENT,
	SQL_CLOCK_GET,
	SQL_CLOCK_SET,

	/* channels.c */
	SQL_NETWORK_FIND,
	SQL_NETWORK_ADD,
	SQL_NETWORK_ADD_AS,
	SQL_NETWORK_LAST,
	SQL_NETWORK_SET,
	SQL_CHANNEL_FIND,
	SQL_CHANNEL_ADD,
	SQL_CHANNEL_SET_TOPIC,
	SQL_CHANNEL_TOPIC,
	SQL_CURSOR_MOVE,
	SQL_CURSOR_SET,
	SQL_CURSOR_GET,
	SQL_HEARD_SET,
	SQL_HEARD_GET,
	SQL_LINK_FIND,
	SQL_LINK_ADD,
	SQL_LINK_REMOVE,
	SQL_MEMBER_PUT,
	SQL_MEMBER_REMOVE,
	SQL_LINK_EACH,
	SQL_CHANNEL_GET,

	/* identities.c */
	SQL_SENDER_FIND,
	SQL_SENDER_ADD,
	SQL_SENDER_SET,
	SQL_PUPPET_FIND,
	SQL_PUPPET_ADD,
	SQL_PUPPET_SET,
	SQL_PUPPET_NATIVE,
	SQL_PUPPET_EACH,

	/* accounts.c */
	SQL_ACCOUNT_FIND,
	SQL_ACCOUNT_ADD,
	SQL_SETTING_PUT,
	SQL_SETTING_REMOVE,
	SQL_SETTING_EACH,
	SQL_SETTING_OF_EACH,
	SQL_CONTACT_PUT,
	SQL_CONTACT_REMOVE,
	SQL_CONTACT_EACH,

	SQL_BLOCK_PUT,
	SQL_BLOCK_REMOVE,
	SQL_BLOCK_EACH,

	/* stays.c */
	SQL_STAY_RESUME,
	SQL_STAY_BEGIN,
	SQL_STAY_END,
	SQL_STAYS_END,
	SQL_STAYS_OF,
	SQL_STAYS_PRUNE,

	/* withdrawn.c */
	SQL_WITHDRAWN_PUT,
	SQL_WITHDRAWN_PRUNE,
	SQL_WITHDRAWN_FIND,

	/* memos.c */
	SQL_MEMO_PUT,
	SQL_MEMO_REMOVE,
	SQL_MEMO_EACH,
	SQL_MEMOS_TRIM,

	/* messages.c */
	SQL_EVENT_LAST,
	SQL_EVENT_ADD,
	SQL_EVENT_KNOWN,
	SQL_EVENT_GET,
	SQL_EVENT_SAME,
	SQL_EVENT_FIND,
	SQL_EVENT_FIND_ALL,
	SQL_MARKS_STANDING,
	SQL_EVENT_FIRST_SINCE,
	SQL_EVENT_LAST_UNTIL,
	SQL_EVENT_OLDEST,
	SQL_EVENT_NEWEST,
	SQL_EVENT_COUNT,
	SQL_TALK_OLDEST,
	SQL_TALK_NEWEST,
	SQL_TALK_COUNT,
	SQL_EVENT_OWN_ID,
	SQL_EVENT_PART_IDS,
	SQL_EVENT_READ,
	SQL_EVENT_PRUNE,

	/* queue.c */
	SQL_DELIVERY_ADD,
	SQL_DELIVERY_HAS,
	SQL_DELIVERY_ATTEMPT,
	SQL_DELIVERY_SETTLE,
	SQL_DELIVERY_PART,
	SQL_DELIVERY_LATER,
	SQL_DELIVERY_NEXT,
	SQL_DELIVERY_EACH,
	SQL_DELIVERY_TOLD,
	SQL_OWED_EACH,
	SQL_OWED_TRIM,
	SQL_QUEUE_CHANNELS,
	SQL_QUEUE_FIGURES,
	SQL_QUEUE_DEPTH,
	SQL_QUEUE_LIST,

	/* fold.c */
	SQL_FOLD_FIGURES,
	SQL_FOLD_LAST,
	SQL_FOLD_SUM,
	SQL_FOLD_STAND,
	SQL_FOLD_SKIP,
	SQL_FOLD_ABOUT,
	SQL_FOLD_LATEST,
	SQL_AWAY_ADD,
	SQL_AWAY_OVER,
	SQL_AWAY_WAITING,
	SQL_AWAY_EACH,

	/* about.c */
	SQL_ABOUT_PUT,
	SQL_ABOUT_EACH,
};
#define SQL_STATEMENTS (SQL_ABOUT_EACH + 1)

/* Where the catch-up of a channel resumes; to be written with the commit. */
struct cursor_note {
	int64_t channel, when_ms;
	char *value;
};

/* One of those who spoke lately, as it is on disk. */
struct sender_note {
	int64_t id, network; /* id 0: none */
	char *native_id, *name, *account;
};
#define SENDERS_NOTED 256 /* by hash; a power of two */

struct db {
	sqlite3 *sql;
	sqlite3_vfs *files; /* the writer's */
	sqlite3_stmt *statements[SQL_STATEMENTS];
	enum db_mode mode;
	int lock;     /* descriptor of FILE.lock or -1 */
	int64_t past; /* the generation that it named; 0 if none */
	int last;     /* the last failure, -errno, or 0 */
	char text[256];
	char bridge_id[17];
	int64_t generation;
	int log_pages; /* the writer's: that the log held at the last commit */
	struct cursor_note *cursors;
	size_t n_cursors;
	struct sender_note *senders; /* SENDERS_NOTED */
};

/* channels.c: of what is not written yet. */
int cursors_write(struct db *db);
void cursors_forget(struct db *db);

/* identities.c: after a rollback it may not be true. */
void senders_forget(struct db *db);

/* The text of a statement; never NULL. */
const char *sql_text(enum statement which);

struct arg {
	enum { ARG_END, ARG_INT, ARG_TEXT } type;
	int64_t number;
	const char *text;
};

#define INT(n) ((struct arg){ .type = ARG_INT, .number = (n) })
#define TEXT(s) ((struct arg){ .type = ARG_TEXT, .text = (s) })
#define ARGS(...) ((const struct arg[]){ __VA_ARGS__, { .type = ARG_END } })
#define NO_ARGS ((const struct arg[]){ { .type = ARG_END } })

/* Bind and hand out a statement, to be stepped and then reset. */
sqlite3_stmt *sql_start(struct db *db, enum statement which,
			const struct arg *args);

/* 1: there is a row, 0: no more, or -errno. */
int sql_step(struct db *db, sqlite3_stmt *st);

/* Always, after the last step: an open read holds on to its snapshot. */
void sql_reset(sqlite3_stmt *st);

/* Run to the end: 0 or -errno. */
int sql_run(struct db *db, enum statement which, const struct arg *args);

/* Each row of a statement that has two texts. 0, or a negative errno value. */
int sql_each_pair(struct db *db, enum statement which, const struct arg *args,
		  void (*fn)(void *arg, const char *first, const char *second),
		  void *arg);

/* The same for a change that must meet a row: -ENOENT if it met none. */
int sql_change(struct db *db, enum statement which, const struct arg *args);

/* The first n columns of the first row: 0, -ENOENT if no row, or -errno. */
int sql_numbers(struct db *db, enum statement which, const struct arg *args,
		int64_t *out, int n);

/*
 * The first column of the first row, the caller's to free; NULL if that is
 * NULL, or there is no row, or on failure.
 */
char *sql_string(struct db *db, enum statement which, const struct arg *args);

/* Text of a column, NULL if NULL; valid until the next step or reset. */
const char *sql_column_text(sqlite3_stmt *st, int column);

/* How many rows the last statement changed. */
int sql_changes(struct db *db);

/* Insert one row, and tell its number. 0 or -errno. */
int sql_add(struct db *db, enum statement which, const struct arg *args,
	    int64_t *id);

/* Prepare all statements. 0 or -errno. */
int sql_prepare(struct db *db);

/* Remember a failure of this connection; its -errno. */
int sql_fail(struct db *db, int rc);

/* The row of a statement that selects a channel's columns. */
struct channel_row sql_channel(sqlite3_stmt *st);

/* -errno for a failed call on this connection. */
int sql_errno(sqlite3 *sql, int rc);

/*
 * Refuse what is not ours: another program's database, no database at all, a
 * damaged one, or one made by a newer version. 0 or -errno.
 */
int schema_check(sqlite3 *sql, const char *path, struct error *err);

/* Make that version of the one before it, or nothing. SQLite's own code. */
int schema_apply(sqlite3 *sql, int64_t version);

/* Bring a checked database up to date. 0 or -errno. */
int schema_migrate(sqlite3 *sql, const char *path, struct error *err);

#endif
