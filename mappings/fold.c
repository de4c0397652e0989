/* SPDX-License-Identifier: MIT */
/* fold.c - long queues, made short. See fold.h. */

#include "mappings/fold.h"

#include "mappings/sql.h"

#include <errno.h>

/* 1 if the rule applies, 0 or -errno. */
static int
applies(struct db *db, int64_t channel, const struct fold_rule *rule)
{
	int64_t out[2] = { 0, 0 }; /* how many; the oldest */
	int rc = sql_numbers(db, SQL_FOLD_FIGURES,
			     ARGS(INT(channel), INT(rule->message)), out, 2);

	if (rc < 0)
		return rc;
	if (out[0] <= rule->keep)
		return 0;
	return (rule->rows && out[0] > rule->rows) ||
	       (rule->taken_by_ms && out[1] <= rule->taken_by_ms);
}

/* All up to last, which stands for them. */
static int
skip(struct db *db, int64_t channel, const struct fold_rule *rule, int64_t last,
     int64_t *skipped)
{
	int64_t out[2] = { 0, 0 }; /* how many; since when */
	int rc = sql_numbers(db, SQL_FOLD_SUM,
			     ARGS(INT(channel), INT(rule->message), INT(last)),
			     out, 2);

	if (!rc)
		rc = sql_run(db, SQL_FOLD_STAND,
			     ARGS(INT(last), INT(channel), INT(out[0]),
				  INT(out[1])));
	if (!rc)
		rc = sql_run(db, SQL_FOLD_SKIP,
			     ARGS(INT(channel), INT(last), INT(rule->topic),
				  INT(rule->now_ms)));
	if (!rc)
		rc = sql_run(db, SQL_FOLD_ABOUT,
			     ARGS(INT(channel), INT(last), INT(rule->message),
				  INT(rule->now_ms)));
	*skipped = out[0];
	return rc;
}

int
queue_fold(struct db *db, int64_t channel, const struct fold_rule *rule,
	   int64_t *skipped)
{
	int64_t last;
	int rc = sql_run(db, SQL_FOLD_LATEST,
			 ARGS(INT(channel), INT(rule->topic),
			      INT(rule->now_ms)));

	*skipped = 0;
	if (!rc)
		rc = applies(db, channel, rule);
	if (rc <= 0)
		return rc;
	rc = sql_numbers(db, SQL_FOLD_LAST,
			 ARGS(INT(channel), INT(rule->message),
			      INT(rule->keep)),
			 &last, 1);
	if (rc == -ENOENT)
		return 0; /* few, one of which stands for many */
	return rc ? rc : skip(db, channel, rule, last, skipped);
}

int
away_put(struct db *db, int64_t channel, int64_t told)
{
	return sql_run(db, SQL_AWAY_ADD, ARGS(INT(channel), INT(told)));
}

int
away_over(struct db *db, int64_t channel)
{
	return sql_run(db, SQL_AWAY_OVER, ARGS(INT(channel)));
}

static int
each(struct db *db, sqlite3_stmt *st, void (*fn)(void *arg, int64_t number),
     void *arg)
{
	int rc;

	while ((rc = sql_step(db, st)) > 0)
		fn(arg, sqlite3_column_int64(st, 0));
	sql_reset(st);
	return rc;
}

int
away_each(struct db *db, int64_t channel, void (*fn)(void *arg, int64_t told),
	  void *arg)
{
	return each(db, sql_start(db, SQL_AWAY_EACH, ARGS(INT(channel))), fn,
		    arg);
}

int
away_waiting(struct db *db, int64_t channel, const char *except,
	     void (*fn)(void *arg, int64_t from), void *arg)
{
	return each(db,
		    sql_start(db, SQL_AWAY_WAITING,
			      ARGS(INT(channel), TEXT(except))),
		    fn, arg);
}
