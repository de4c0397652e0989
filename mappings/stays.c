/* SPDX-License-Identifier: MIT */
/* stays.c - when users of a gateway were in its rooms. */

#include "mappings/stays.h"

#include "mappings/sql.h"

#include <errno.h>

int
stay_begin(struct db *db, int64_t account, int64_t channel, int64_t after)
{
	const struct arg *all = ARGS(INT(account), INT(channel), INT(after));
	int rc = sql_change(db, SQL_STAY_RESUME, all);

	return rc == -ENOENT ? sql_run(db, SQL_STAY_BEGIN, all) : rc;
}

int
stay_end(struct db *db, int64_t account, int64_t channel, int64_t until)
{
	return sql_run(db, SQL_STAY_END,
		       ARGS(INT(account), INT(channel), INT(until)));
}

int
stays_end(struct db *db, int64_t until)
{
	return sql_run(db, SQL_STAYS_END, ARGS(INT(until)));
}

int
stays_of(struct db *db, int64_t network, const char *native_id, int64_t channel,
	 struct stay *stays, size_t n)
{
	sqlite3_stmt *st = sql_start(db, SQL_STAYS_OF,
				     ARGS(INT(network), TEXT(native_id),
					  INT(channel), INT((int64_t)n)));
	size_t got = 0;
	int rc;

	while ((rc = sql_step(db, st)) > 0 && got < n) {
		stays[got].after = sqlite3_column_int64(st, 0);
		stays[got++].until = sqlite3_column_int64(st, 1);
	}
	sql_reset(st);
	for (size_t i = 0, k = got; i + 1 < k; i++) {
		struct stay newest = stays[i];

		stays[i] = stays[--k];
		stays[k] = newest;
	}
	return rc < 0 ? rc : (int)got;
}

int
stays_prune(struct db *db)
{
	return sql_run(db, SQL_STAYS_PRUNE, NO_ARGS);
}
