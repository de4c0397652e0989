/* SPDX-License-Identifier: MIT */
/* clock.c - the steady clock on disk. */

#include "mappings/clock.h"

#include "mappings/sql.h"

int
clock_get(struct db *db, struct clock_row *out)
{
	int64_t row[3] = { 0, 0, 0 };
	int rc = sql_numbers(db, SQL_CLOCK_GET, NO_ARGS, row, 3);

	*out = (struct clock_row){ row[0], row[1], row[2] };
	return rc;
}

int
clock_set(struct db *db, int64_t steady_ms, int64_t wall_ms)
{
	return sql_run(db, SQL_CLOCK_SET, ARGS(INT(steady_ms), INT(wall_ms)));
}
