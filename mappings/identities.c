/* SPDX-License-Identifier: MIT */
/*
 * identities.c - senders and puppets.
 *
 * Both are put again with every line that somebody says, so the common case,
 * that nothing changed, reads and does not write.
 */

#include "mappings/identities.h"

#include "mappings/sql.h"

#include <errno.h>

int
sender_put(struct db *db, int64_t network, const char *native_id,
	   const char *name, const char *account, int64_t *id)
{
	const struct arg *all =
		ARGS(INT(network), TEXT(native_id), TEXT(name), TEXT(account));
	int64_t row[2]; /* id, whether it is as wanted */
	int rc = sql_numbers(db, SQL_SENDER_FIND, all, row, 2);

	if (rc == -ENOENT)
		return sql_add(db, SQL_SENDER_ADD, all, id);
	if (rc)
		return rc;

	*id = row[0];
	return row[1] ? 0
		      : sql_run(db, SQL_SENDER_SET,
				ARGS(INT(*id), TEXT(name), TEXT(account)));
}

int
puppet_put(struct db *db, int64_t sender, int64_t network, const char *native,
	   int64_t active_ms, int64_t *id)
{
	const struct arg *all =
		ARGS(INT(sender), INT(network), TEXT(native), INT(active_ms));
	int64_t row[2]; /* id, whether it is as wanted */
	int rc = sql_numbers(db, SQL_PUPPET_FIND, all, row, 2);

	if (rc == -ENOENT)
		return sql_add(db, SQL_PUPPET_ADD, all, id);
	if (rc)
		return rc;

	*id = row[0];
	return row[1] ? 0
		      : sql_run(db, SQL_PUPPET_SET,
				ARGS(INT(*id), TEXT(native), INT(active_ms)));
}

char *
puppet_native(struct db *db, int64_t sender, int64_t network)
{
	return sql_string(db, SQL_PUPPET_NATIVE,
			  ARGS(INT(sender), INT(network)));
}

int
puppet_each(struct db *db, int64_t network, unsigned limit,
	    void (*fn)(void *arg, const struct puppet_row *row), void *arg)
{
	sqlite3_stmt *st =
		sql_start(db, SQL_PUPPET_EACH, ARGS(INT(network), INT(limit)));
	int rc;

	while ((rc = sql_step(db, st)) > 0) {
		struct puppet_row row = {
			.id = sqlite3_column_int64(st, 0),
			.sender = sqlite3_column_int64(st, 1),
			.origin = sql_column_text(st, 2),
			.sender_id = sql_column_text(st, 3),
			.name = sql_column_text(st, 4),
			.native = sql_column_text(st, 5),
			.active_ms = sqlite3_column_int64(st, 6),
		};

		fn(arg, &row);
	}
	sql_reset(st);
	return rc;
}
