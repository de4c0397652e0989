/* SPDX-License-Identifier: MIT */
/* withdrawn.c - messages whose files are not to be had any more. */

#include "mappings/withdrawn.h"

#include "mappings/sql.h"

int
withdrawn_put(struct db *db, int64_t tag, int64_t until_ms, int64_t now_ms)
{
	int rc = sql_run(db, SQL_WITHDRAWN_PRUNE, ARGS(INT(now_ms)));

	return rc ? rc
		  : sql_run(db, SQL_WITHDRAWN_PUT,
			    ARGS(INT(tag), INT(until_ms)));
}

int
withdrawn_is(struct db *db, int64_t tag)
{
	sqlite3_stmt *st = sql_start(db, SQL_WITHDRAWN_FIND, ARGS(INT(tag)));
	int rc = sql_step(db, st);

	sql_reset(st);
	return rc;
}
