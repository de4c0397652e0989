/* SPDX-License-Identifier: MIT */
/* about.c - names and pictures of channels. */

#include "mappings/about.h"

#include "mappings/sql.h"

int
about_put(struct db *db, int64_t channel, int kind, const struct about_row *row)
{
	return sql_run(db, SQL_ABOUT_PUT,
		       ARGS(INT(channel), INT(kind), TEXT(row->seen),
			    TEXT(row->wanted), INT(row->source),
			    TEXT(row->author), TEXT(row->author_name)));
}

int
about_each(struct db *db, int64_t channel,
	   void (*fn)(void *arg, int kind, const struct about_row *row),
	   void *arg)
{
	sqlite3_stmt *st = sql_start(db, SQL_ABOUT_EACH, ARGS(INT(channel)));
	int rc;

	while ((rc = sql_step(db, st)) > 0) {
		const struct about_row row = {
			.seen = sql_column_text(st, 1),
			.wanted = sql_column_text(st, 2),
			.source = sqlite3_column_int64(st, 3),
			.author = sql_column_text(st, 4),
			.author_name = sql_column_text(st, 5),
		};

		fn(arg, sqlite3_column_int(st, 0), &row);
	}
	sql_reset(st);
	return rc;
}
