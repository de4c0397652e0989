/* SPDX-License-Identifier: MIT */
/*
 * sql.c - one way to run a statement, and what its failures mean.
 *
 * The numbers of SQLite end here: everybody else sees -errno.
 */

#include "mappings/sql.h"

#include "bridge/base.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

/*
 * What the system said to the last write that failed. sqlite3_system_errno()
 * does not know: a failing COMMIT does not set it.
 */
static int
errno_of_log(sqlite3 *sql)
{
	sqlite3_file *file = NULL;
	int code = 0;

	if (sqlite3_file_control(sql, "main", SQLITE_FCNTL_JOURNAL_POINTER,
				 &file) == SQLITE_OK &&
	    file && file->pMethods)
		(void)file->pMethods->xFileControl(
			file, SQLITE_FCNTL_LAST_ERRNO, &code);
	return code;
}

/* A full disk has many names: EFBIG is a limit of this process. */
static int
errno_of_io(sqlite3 *sql)
{
	switch (sqlite3_extended_errcode(sql)) {
	case SQLITE_IOERR_WRITE:
	case SQLITE_IOERR_FSYNC:
		break;
	default:
		return -EIO;
	}
	switch (errno_of_log(sql)) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return -ENOSPC;
	default:
		return -EIO;
	}
}

static int
errno_of_constraint(sqlite3 *sql)
{
	switch (sqlite3_extended_errcode(sql)) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return -EEXIST;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return -ENOENT;
	default:
		return -EINVAL;
	}
}

int
sql_errno(sqlite3 *sql, int rc)
{
	/* clang-format off */
	static const struct {
		int rc, code;
	} table[] = {
		{ SQLITE_BUSY, EBUSY }, { SQLITE_LOCKED, EBUSY },
		{ SQLITE_CORRUPT, EUCLEAN }, { SQLITE_NOTADB, EUCLEAN },
		{ SQLITE_FULL, ENOSPC }, { SQLITE_NOMEM, ENOMEM },
		{ SQLITE_READONLY, EROFS }, { SQLITE_PERM, EACCES },
		{ SQLITE_AUTH, EACCES }, { SQLITE_TOOBIG, EMSGSIZE },
		{ SQLITE_RANGE, EINVAL }, { SQLITE_MISMATCH, EINVAL },
	};
	/* clang-format on */

	rc &= 0xff;
	if (rc == SQLITE_IOERR)
		return errno_of_io(sql);
	if (rc == SQLITE_CONSTRAINT)
		return errno_of_constraint(sql);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].rc == rc)
			return -table[i].code;
	return -EIO;
}

int
sql_fail(struct db *db, int rc)
{
	db->last = sql_errno(db->sql, rc);
	snprintf(db->text, sizeof(db->text), "%s", sqlite3_errmsg(db->sql));
	return db->last;
}

int
sql_prepare(struct db *db)
{
	for (int i = 0; i < SQL_STATEMENTS; i++) {
		int rc = sqlite3_prepare_v3(db->sql, sql_text(i), -1,
					    SQLITE_PREPARE_PERSISTENT,
					    &db->statements[i], NULL);

		if (rc != SQLITE_OK)
			return sql_fail(db, rc);
	}
	return 0;
}

static int
bind_arg(sqlite3_stmt *st, int position, const struct arg *arg)
{
	if (arg->type == ARG_INT)
		return sqlite3_bind_int64(st, position, arg->number);
	if (!arg->text)
		return sqlite3_bind_null(st, position);
	return sqlite3_bind_text(st, position, arg->text, -1, SQLITE_STATIC);
}

sqlite3_stmt *
sql_start(struct db *db, enum statement which, const struct arg *args)
{
	sqlite3_stmt *st = db->statements[which];
	int position = 1;

	assert(!sqlite3_stmt_busy(st));
	for (; args->type != ARG_END; args++) {
		int rc = bind_arg(st, position++, args);

		/* Only a text beyond SQLite's limit of 1 GB can fail here. */
		assert(rc == SQLITE_OK);
	}
	assert(position == sqlite3_bind_parameter_count(st) + 1);
	return st;
}

int
sql_step(struct db *db, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : sql_fail(db, rc);
}

void
sql_reset(sqlite3_stmt *st)
{
	/* Its result repeats the failure of the step, which was handled. */
	(void)sqlite3_reset(st);
}

int
sql_run(struct db *db, enum statement which, const struct arg *args)
{
	sqlite3_stmt *st = sql_start(db, which, args);
	int rc;

	while ((rc = sql_step(db, st)) > 0)
		;
	sql_reset(st);
	return rc;
}

int
sql_each_pair(struct db *db, enum statement which, const struct arg *args,
	      void (*fn)(void *arg, const char *first, const char *second),
	      void *arg)
{
	sqlite3_stmt *st = sql_start(db, which, args);
	int rc;

	while ((rc = sql_step(db, st)) > 0)
		fn(arg, sql_column_text(st, 0), sql_column_text(st, 1));
	sql_reset(st);
	return rc;
}

int
sql_change(struct db *db, enum statement which, const struct arg *args)
{
	int rc = sql_run(db, which, args);

	return rc ? rc : sql_changes(db) ? 0 : -ENOENT;
}

int
sql_numbers(struct db *db, enum statement which, const struct arg *args,
	    int64_t *out, int n)
{
	sqlite3_stmt *st = sql_start(db, which, args);
	int rc = sql_step(db, st);

	for (int i = 0; rc > 0 && i < n; i++)
		out[i] = sqlite3_column_int64(st, i);
	sql_reset(st);
	return rc > 0 ? 0 : rc < 0 ? rc : -ENOENT;
}

char *
sql_string(struct db *db, enum statement which, const struct arg *args)
{
	sqlite3_stmt *st = sql_start(db, which, args);
	const char *text = NULL;

	if (sql_step(db, st) > 0)
		text = sql_column_text(st, 0);

	char *copy = text ? xstrdup(text) : NULL;

	sql_reset(st);
	return copy;
}

const char *
sql_column_text(sqlite3_stmt *st, int column)
{
	return (const char *)sqlite3_column_text(st, column);
}

int
sql_changes(struct db *db)
{
	return sqlite3_changes(db->sql);
}

int
sql_add(struct db *db, enum statement which, const struct arg *args,
	int64_t *id)
{
	int rc = sql_run(db, which, args);

	if (!rc)
		*id = sqlite3_last_insert_rowid(db->sql);
	return rc;
}
