/* SPDX-License-Identifier: MIT */
/*
 * db.c - opening a database, and transactions.
 *
 * The writer holds a lock on FILE.lock for as long as it lives: SQLite alone
 * would let two bridges take turns on one outbox, and both would send it. The
 * lock is flock(2) on a file of its own, because closing any descriptor of
 * the database itself would drop SQLite's locks on it.
 *
 * The file is made before SQLite opens it, readable by nobody else; SQLite
 * gives its WAL and its index the same mode.
 */

#include "mappings/db.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "mappings/logfile.h"
#include "mappings/sql.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a step waits for a lock that another program holds. */
#define WRITER_WAIT_MS 250
#define READER_WAIT_MS 20

/* Of the log, before it is moved into the database when there is time, and
 * without asking. */
#define LOG_PAGES 1000
#define LOG_PAGES_MAX 4000

static bool
in_memory(const char *path)
{
	return strcmp(path, ":memory:") == 0;
}

/* path with something behind it; the caller frees. */
static char *
beside(const char *path, const char *suffix)
{
	size_t size = strlen(path) + strlen(suffix) + 1;
	char *name = xcalloc(1, size);

	snprintf(name, size, "%s%s", path, suffix);
	return name;
}

/*
 * What the lock file says: who holds it, for people, since the lock is the
 * flock; and the generation of the database when it was last opened, by which
 * a file is known that was deleted, or put back from a backup.
 */
static long
lock_read(int fd, long long *generation)
{
	char text[64] = "";
	char *end = text;
	long holder;

	if (pread(fd, text, sizeof(text) - 1, 0) < 0)
		text[0] = '\0';
	holder = strtol(text, &end, 10);
	*generation = strtoll(end, NULL, 10);
	return holder;
}

static int
lock_write(const struct db *db, long long generation)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%ld %lld\n", (long)getpid(),
			 generation);

	if (ftruncate(db->lock, 0) < 0 ||
	    pwrite(db->lock, text, (size_t)n, 0) != n)
		return -errno;
	return 0;
}

static int
lock_file(struct db *db, const char *name, struct error *err)
{
	long long generation;
	long holder;
	int rc;

	db->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (db->lock < 0)
		return error_set(err, errno, "%s: %s", name, strerror(errno));
	holder = lock_read(db->lock, &generation);
	if (flock(db->lock, LOCK_EX | LOCK_NB) < 0)
		return error_set(err, EBUSY,
				 "%s: held by process %ld; one database "
				 "serves one causewayd at a time",
				 name, holder);
	db->past = generation;
	rc = lock_write(db, generation);
	return rc ? error_set(err, -rc, "%s: cannot write: %s", name,
			      strerror(-rc))
		  : 0;
}

static int
lock(struct db *db, const char *path, struct error *err)
{
	char *name = beside(path, ".lock");
	int rc = lock_file(db, name, err);

	free(name);
	return rc;
}

static void
warn_of_others(const char *path, const struct stat *file)
{
	const char *slash = strrchr(path, '/');
	char *folder =
		slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	struct stat st;

	if (folder && stat(folder, &st) == 0 && (st.st_mode & S_IWOTH))
		log_warn("store",
			 "%s: everybody may write in this folder; "
			 "give the database one of its own",
			 folder);
	if (file->st_mode & (S_IRWXG | S_IRWXO))
		log_warn("store",
			 "%s: others may read the database; "
			 "\"chmod 600\" it",
			 path);
	free(folder);
}

/*
 * SQLite throws away a log that has no database. Then it is a database that
 * somebody removed, and what the log holds is all that is left of it.
 */
static int
refuse_lone_log(const char *path, struct error *err)
{
	char *name = beside(path, "-wal");
	struct stat st;
	bool lone = stat(name, &st) == 0 && st.st_size > 0;

	free(name);
	return lone ? error_set(err, EUCLEAN,
				"%s: missing or empty, but its log \"-wal\" "
				"is there; was it moved? Restore both, or "
				"remove the log to start anew",
				path)
		    : 0;
}

static int
make_file(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		int code = errno;

		if (fd >= 0)
			close(fd);
		return error_set(err, code, "%s: %s", path, strerror(code));
	}
	close(fd);

	if (!S_ISREG(st.st_mode))
		return error_set(err, EINVAL, "%s: not a file", path);
	if (st.st_size == 0 && refuse_lone_log(path, err))
		return -EUCLEAN;
	warn_of_others(path, &st);
	return 0;
}

static int
harden(struct db *db)
{
	/* clang-format off */
	static const struct {
		int what, on;
	} table[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		int rc = sqlite3_db_config(db->sql, table[i].what, table[i].on,
					   NULL);

		if (rc != SQLITE_OK)
			return sql_fail(db, rc);
	}
	return 0;
}

static int
open_file(struct db *db, const char *path, struct error *err)
{
	int flags = db->mode == DB_WRITER ? SQLITE_OPEN_READWRITE
					  : SQLITE_OPEN_READONLY;
	int rc;

	if (db->mode == DB_WRITER)
		db->files = logfile_new();
	rc = sqlite3_open_v2(path, &db->sql,
			     flags | SQLITE_OPEN_NOMUTEX |
				     SQLITE_OPEN_EXRESCODE,
			     db->files ? db->files->zName : NULL);
	if (!db->sql)
		return error_set(err, ENOMEM, "%s: no memory", path);
	rc = rc == SQLITE_OK ? harden(db) : sql_fail(db, rc);
	if (rc)
		return error_set(err, -rc, "%s: %s", path, db->text);
	sqlite3_busy_timeout(db->sql, db->mode == DB_WRITER ? WRITER_WAIT_MS
							    : READER_WAIT_MS);
	return 0;
}

static int
set_up(struct db *db, const char *path, const char *pragmas, struct error *err)
{
	int rc = sqlite3_exec(db->sql, pragmas, NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		return 0;
	rc = sql_fail(db, rc);
	return error_set(err, -rc, "%s: %s", path, db->text);
}

/* Where shared memory does not work (some network disks) WAL is refused. */
static int
set_wal(struct db *db, const char *path, struct error *err)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db->sql, "PRAGMA journal_mode = WAL", -1,
				    &st, NULL);
	bool wal = false;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		wal = sqlite3_stricmp(sql_column_text(st, 0), "wal") == 0;
	sqlite3_finalize(st);
	if (rc != SQLITE_ROW) {
		rc = sql_fail(db, rc);
		return error_set(err, -rc, "%s: %s", path, db->text);
	}
	if (!wal && !in_memory(path))
		return error_set(err, EOPNOTSUPP,
				 "%s: this file system cannot hold a database "
				 "in WAL mode; use a local disk",
				 path);
	return 0;
}

static int
prepare_all(struct db *db, const char *path, struct error *err)
{
	int rc = sql_prepare(db);

	return rc ? error_set(err, -rc, "%s: %s", path, db->text) : 0;
}

static int
learn(struct db *db, const char *path, struct error *err)
{
	sqlite3_stmt *st = sql_start(db, SQL_META_GET, NO_ARGS);
	int rc = sql_step(db, st);

	if (rc > 0) {
		snprintf(db->bridge_id, sizeof(db->bridge_id), "%s",
			 sql_column_text(st, 0));
		db->generation = sqlite3_column_int64(st, 1);
	}
	sql_reset(st);
	if (rc == 0)
		return error_set(err, EUCLEAN, "%s: its meta row is missing",
				 path);
	return rc > 0 ? 0 : error_set(err, -rc, "%s: %s", path, db->text);
}

static int
write_again(int fd)
{
	char data[1 << 16];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, data, sizeof(data), at)) > 0) {
		ssize_t done = pwrite(fd, data, (size_t)n, at);

		if (done != n)
			return done < 0 ? -errno : -ENOSPC;
		at += n;
	}
	return n < 0 || fdatasync(fd) < 0 ? -errno : 0;
}

/*
 * What a process before us wrote to the log may be in memory only: if its
 * fsync(2) failed, Linux takes the pages for written, and no later fsync
 * brings them to the disk. What we would add behind such a gap were lost with
 * it. So what is there is written once more. It is done with the database
 * locked against whoever else may write.
 */
static int
rewrite_locked(const char *path, struct error *err)
{
	char *name = beside(path, "-wal");
	int fd = open(name, O_RDWR | O_CLOEXEC);
	int rc = 0;

	if (fd >= 0) {
		rc = write_again(fd);
		close(fd);
	} else if (errno != ENOENT) {
		rc = -errno;
	}
	if (rc)
		error_set(err, -rc, "%s: cannot be written again: %s", name,
			  strerror(-rc));
	free(name);
	return rc;
}

static int
rewrite_log(struct db *db, const char *path, struct error *err)
{
	int rc = set_up(db, path, "BEGIN IMMEDIATE", err);

	if (rc)
		return rc;
	rc = rewrite_locked(path, err);
	/* Nothing was changed, so that it cannot fail for want of anything. */
	(void)sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* What was opened before is not begun anew because it is gone. */
static int
refuse_vanished(struct db *db, const char *path, struct error *err)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db->sql, "PRAGMA user_version", -1, &st,
				    NULL);
	bool fresh = rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW &&
		     sqlite3_column_int(st, 0) == 0;

	sqlite3_finalize(st);
	return fresh && db->past > 0
		       ? error_set(err, EUCLEAN,
				   "%s: missing or empty, but it was opened "
				   "%lld times; was it moved? Restore it, or "
				   "remove \"%s.lock\" to start anew",
				   path, (long long)db->past, path)
		       : 0;
}

/* An old backup is whole, and what came after it is not known any more. */
static void
note_generation(struct db *db, const char *path)
{
	if (db->lock < 0)
		return;
	if (db->generation <= db->past)
		log_warn("store",
			 "%s: older than what was here last, by %lld starts; "
			 "what was said since that backup is not known",
			 path, (long long)(db->past - db->generation + 1));
	if (lock_write(db, db->generation) < 0)
		log_warn("store", "%s.lock: cannot be written", path);
}

static int
on_commit(void *arg, sqlite3 *sql UNUSED, const char *schema UNUSED, int pages)
{
	struct db *db = arg;

	db->log_pages = pages;
	if (pages >= LOG_PAGES_MAX)
		db_checkpoint(db);
	return SQLITE_OK;
}

static int
open_writer(struct db *db, const char *path, struct error *err)
{
	int rc = 0;

	if (!in_memory(path)) {
		rc = lock(db, path, err);
		if (!rc)
			rc = make_file(path, err);
	}
	if (!rc)
		rc = open_file(db, path, err);
	if (!rc)
		rc = schema_check(db->sql, path, err);
	if (!rc)
		rc = refuse_vanished(db, path, err);
	if (!rc)
		rc = set_wal(db, path, err);
	if (!rc)
		rc = set_up(db, path,
			    "PRAGMA synchronous = FULL;"
			    "PRAGMA cell_size_check = ON;"
			    "PRAGMA secure_delete = ON;"
			    "PRAGMA temp_store = MEMORY;"
			    "PRAGMA cache_size = -4096;" /* KiB */
			    "PRAGMA journal_size_limit = 16777216;",
			    err);
	if (!rc)
		(void)sqlite3_wal_hook(db->sql, on_commit, db);
	if (!rc && !in_memory(path))
		rc = rewrite_log(db, path, err);
	if (!rc)
		rc = schema_migrate(db->sql, path, err);
	if (!rc)
		rc = set_up(db, path, "PRAGMA foreign_keys = ON", err);
	if (!rc)
		rc = prepare_all(db, path, err);
	if (!rc && sql_run(db, SQL_META_START, NO_ARGS))
		rc = error_set(err, -db->last, "%s: %s", path, db->text);
	return rc;
}

static int
open_reader(struct db *db, const char *path, struct error *err)
{
	if (in_memory(path))
		return error_set(err, EINVAL,
				 "a database in memory has no second reader");

	int rc = open_file(db, path, err);

	if (!rc)
		rc = set_up(db, path,
			    "PRAGMA query_only = ON;"
			    "PRAGMA cell_size_check = ON;"
			    "PRAGMA temp_store = MEMORY;",
			    err);
	if (!rc)
		rc = prepare_all(db, path, err);
	return rc;
}

struct db *
db_open(const char *path, enum db_mode mode, struct error *err)
{
	struct db *db = xcalloc(1, sizeof(*db));

	/* Nobody asks for figures that cost a lock with every allocation. Too
	 * late, and without effect, once SQLite is in use. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	db->mode = mode;
	db->lock = -1;

	int rc = mode == DB_WRITER ? open_writer(db, path, err)
				   : open_reader(db, path, err);

	if (!rc)
		rc = learn(db, path, err);
	if (rc) {
		db_close(db);
		errno = -rc;
		return NULL;
	}
	note_generation(db, path);
	return db;
}

void
db_close(struct db *db)
{
	if (!db)
		return;
	cursors_forget(db);
	senders_forget(db);
	for (int i = 0; i < SQL_STATEMENTS; i++)
		sqlite3_finalize(db->statements[i]);

	int rc = sqlite3_close(db->sql);

	assert(rc == SQLITE_OK);
	logfile_free(db->files);
	if (db->lock >= 0)
		close(db->lock); /* lets go; the file stays, for the next */
	free(db);
}

const char *
db_error(const struct db *db)
{
	return db->text;
}

bool
db_failed(const struct db *db)
{
	switch (-db->last) {
	case EIO:
	case EUCLEAN:
	case ENOSPC:
	case ENOMEM:
	case EROFS:
	case EACCES:
		return true;
	default:
		return false;
	}
}

bool
db_broken(const struct db *db)
{
	return db->last == -EIO;
}

void
db_checkpoint(struct db *db)
{
	(void)sqlite3_wal_checkpoint_v2(db->sql, NULL,
					SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	db->log_pages = 0;
}

bool
db_log_is_long(const struct db *db)
{
	return db->log_pages >= LOG_PAGES;
}

/* --- transactions --- */

int
db_begin(struct db *db)
{
	db->last = 0;
	return sql_run(db,
		       db->mode == DB_WRITER ? SQL_BEGIN_WRITE : SQL_BEGIN_READ,
		       NO_ARGS);
}

/*
 * SQLite itself rolls a transaction back when the disk fails under it, and
 * whatever ran after that was on its own: such a commit must not succeed.
 */
int
db_commit(struct db *db)
{
	int rc = cursors_write(db);

	return rc ? rc : sql_run(db, SQL_COMMIT, NO_ARGS);
}

void
db_rollback(struct db *db)
{
	cursors_forget(db);
	senders_forget(db);
	if (!sqlite3_get_autocommit(db->sql))
		(void)sql_run(db, SQL_ROLLBACK, NO_ARGS);
}

int
db_mark(struct db *db)
{
	int rc = cursors_write(db);

	return rc ? rc : sql_run(db, SQL_MARK, NO_ARGS);
}

int
db_release(struct db *db)
{
	int rc = cursors_write(db);

	return rc ? rc : sql_run(db, SQL_RELEASE, NO_ARGS);
}

void
db_revert(struct db *db)
{
	cursors_forget(db);
	senders_forget(db);
	/* Fails only if the transaction is gone, and then the commit does. */
	if (sql_run(db, SQL_REVERT, NO_ARGS) == 0)
		(void)sql_run(db, SQL_RELEASE, NO_ARGS);
}

/* --- about itself --- */

const char *
db_bridge_id(struct db *db)
{
	return db->bridge_id;
}

int64_t
db_generation(struct db *db)
{
	return db->generation;
}

/* The first column of the first row is the complaint, unless it is "ok". */
static int
complain(struct db *db, enum statement which, const char *what,
	 struct error *err)
{
	sqlite3_stmt *st = sql_start(db, which, NO_ARGS);
	int rc = sql_step(db, st);
	const char *text = rc > 0 ? sql_column_text(st, 0) : "ok";

	if (rc < 0)
		rc = error_set(err, EUCLEAN, "%s: %s", what, db->text);
	else if (strcmp(text, "ok") != 0)
		rc = error_set(err, EUCLEAN, "%s: %s", what, text);
	else
		rc = 0;
	sql_reset(st);
	return rc;
}

int
db_check(struct db *db, struct error *err)
{
	int rc = complain(db, SQL_INTEGRITY, "damaged", err);

	return rc ? rc
		  : complain(db, SQL_FOREIGN_KEYS, "row without its owner in",
			     err);
}
