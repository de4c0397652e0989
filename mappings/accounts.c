/* SPDX-License-Identifier: MIT */
/* accounts.c - the users of a gateway and their settings. */

#include "mappings/accounts.h"

#include "mappings/sql.h"

#include <errno.h>

int
account_put(struct db *db, int64_t network, const char *native_id,
	    int64_t when_ms, int64_t *id)
{
	const struct arg *all =
		ARGS(INT(network), TEXT(native_id), INT(when_ms));
	int rc = sql_numbers(db, SQL_ACCOUNT_FIND,
			     ARGS(INT(network), TEXT(native_id)), id, 1);

	return rc == -ENOENT ? sql_add(db, SQL_ACCOUNT_ADD, all, id) : rc;
}

int
setting_put(struct db *db, int64_t account, const struct setting_row *row,
	    int64_t when_ms)
{
	return sql_run(db, SQL_SETTING_PUT,
		       ARGS(INT(account), INT(row->network), TEXT(row->key),
			    TEXT(row->value), INT(row->sealed), INT(when_ms)));
}

int
setting_remove(struct db *db, int64_t account, int64_t network, const char *key)
{
	return sql_change(db, SQL_SETTING_REMOVE,
			  ARGS(INT(account), INT(network), TEXT(key)));
}

int
setting_each(struct db *db, int64_t network, const char *native_id,
	     void (*fn)(void *arg, const struct setting_row *row), void *arg)
{
	sqlite3_stmt *st = sql_start(db, SQL_SETTING_EACH,
				     ARGS(INT(network), TEXT(native_id)));
	int rc;

	while ((rc = sql_step(db, st)) > 0) {
		const struct setting_row row = {
			.network = sqlite3_column_int64(st, 0),
			.key = sql_column_text(st, 1),
			.value = sql_column_text(st, 2),
			.sealed = sqlite3_column_int(st, 3),
		};

		fn(arg, &row);
	}
	sql_reset(st);
	return rc;
}

int
setting_of_each(struct db *db, int64_t network, int64_t for_network,
		const char *key,
		void (*fn)(void *arg, const char *native_id, const char *value),
		void *arg)
{
	return sql_each_pair(db, SQL_SETTING_OF_EACH,
			     ARGS(INT(network), INT(for_network), TEXT(key)),
			     fn, arg);
}

int
contact_put(struct db *db, int64_t account, int64_t channel,
	    const char *written, const char *name, int64_t when_ms)
{
	return sql_run(db, SQL_CONTACT_PUT,
		       ARGS(INT(account), INT(channel), TEXT(written),
			    TEXT(name), INT(when_ms)));
}

int
contact_remove(struct db *db, int64_t account, int64_t channel,
	       const char *written)
{
	return sql_change(db, SQL_CONTACT_REMOVE,
			  ARGS(INT(account), INT(channel), TEXT(written)));
}

int
contact_each(struct db *db,
	     void (*fn)(void *arg, const struct contact_row *row), void *arg)
{
	sqlite3_stmt *st = sql_start(db, SQL_CONTACT_EACH, NO_ARGS);
	int rc;

	while ((rc = sql_step(db, st)) > 0) {
		const struct contact_row row = {
			.home = sql_column_text(st, 0),
			.follower = sql_column_text(st, 1),
			.name = sql_column_text(st, 2),
			.network = sql_column_text(st, 3),
			.person = sql_column_text(st, 4),
			.written = sql_column_text(st, 5),
			.channel = sqlite3_column_int64(st, 6),
		};

		fn(arg, &row);
	}
	sql_reset(st);
	return rc;
}

int
block_put(struct db *db, int64_t account, const char *network,
	  const char *person, int64_t when_ms)
{
	return sql_run(db, SQL_BLOCK_PUT,
		       ARGS(INT(account), TEXT(network), TEXT(person),
			    INT(when_ms)));
}

int
block_remove(struct db *db, int64_t account, const char *network,
	     const char *person)
{
	return sql_change(db, SQL_BLOCK_REMOVE,
			  ARGS(INT(account), TEXT(network), TEXT(person)));
}

int
block_each(struct db *db, void (*fn)(void *arg, const struct block_row *row),
	   void *arg)
{
	sqlite3_stmt *st = sql_start(db, SQL_BLOCK_EACH, NO_ARGS);
	int rc;

	while ((rc = sql_step(db, st)) > 0) {
		const struct block_row row = {
			.home = sql_column_text(st, 0),
			.who = sql_column_text(st, 1),
			.network = sql_column_text(st, 2),
			.person = sql_column_text(st, 3),
		};

		fn(arg, &row);
	}
	sql_reset(st);
	return rc;
}
