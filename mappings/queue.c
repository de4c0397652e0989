/* SPDX-License-Identifier: MIT */
/*
 * queue.c - the outbox on disk.
 *
 * Every change is one conditional statement: it touches a delivery that has
 * not ended, or nothing. So whatever is repeated, after a crash or by a second
 * backend, is without effect.
 */

#include "mappings/queue.h"

#include "mappings/sql.h"

#include <assert.h>
#include <errno.h>

int
delivery_put(struct db *db, int64_t event, int64_t channel)
{
	return sql_run(db, SQL_DELIVERY_ADD, ARGS(INT(event), INT(channel)));
}

/*
 * After a change that met no open delivery: 0 if it had ended, -ENOENT if
 * there never was one.
 */
static int
ended(struct db *db, int64_t event, int64_t channel)
{
	int64_t state;

	return sql_numbers(db, SQL_DELIVERY_HAS, ARGS(INT(event), INT(channel)),
			   &state, 1);
}

int
delivery_attempt(struct db *db, int64_t event, int64_t channel, int64_t when_ms)
{
	int rc = sql_run(db, SQL_DELIVERY_ATTEMPT,
			 ARGS(INT(event), INT(channel), INT(when_ms)));

	return rc || sql_changes(db) ? rc : ended(db, event, channel);
}

static int
put_parts(struct db *db, int64_t event, int64_t channel,
	  const struct delivery_end *end)
{
	int rc = 0;

	for (size_t i = 0; i < end->n_ids && !rc; i++)
		rc = sql_run(db, SQL_DELIVERY_PART,
			     ARGS(INT(event), INT(channel), INT((int64_t)i),
				  TEXT(end->ids[i])));
	return rc;
}

int
delivery_settle(struct db *db, int64_t event, int64_t channel,
		const struct delivery_end *end)
{
	assert(end->state >= DELIVERY_CONFIRMED);

	int rc = sql_run(db, SQL_DELIVERY_SETTLE,
			 ARGS(INT(event), INT(channel), INT(end->state),
			      INT(end->when_ms), TEXT(end->why),
			      INT(end->attempts), INT(end->owed)));

	if (rc)
		return rc;
	return sql_changes(db) ? put_parts(db, event, channel, end)
			       : ended(db, event, channel);
}

int
delivery_later(struct db *db, int64_t event, int64_t channel, const char *why)
{
	int rc = sql_run(db, SQL_DELIVERY_LATER,
			 ARGS(INT(event), INT(channel), TEXT(why)));

	return rc || sql_changes(db) ? rc : ended(db, event, channel);
}

static struct delivery_row
delivery_of(sqlite3_stmt *st)
{
	return (struct delivery_row){
		.event = sqlite3_column_int64(st, 0),
		.channel = sqlite3_column_int64(st, 1),
		.state = (enum delivery_state)sqlite3_column_int(st, 2),
		.attempts = (unsigned)sqlite3_column_int64(st, 3),
		.last_ms = sqlite3_column_int64(st, 4),
		.why = sql_column_text(st, 5),
		.stands_for = sqlite3_column_int64(st, 6),
		.stands_from_ms = sqlite3_column_int64(st, 7),
	};
}

static int
each(struct db *db, sqlite3_stmt *st, delivery_fn *fn, void *arg)
{
	int rc;

	while ((rc = sql_step(db, st)) > 0) {
		struct delivery_row row = delivery_of(st);

		fn(arg, &row);
	}
	sql_reset(st);
	return rc;
}

int
delivery_next(struct db *db, int64_t channel, int64_t after, unsigned limit,
	      delivery_fn *fn, void *arg)
{
	return each(db,
		    sql_start(db, SQL_DELIVERY_NEXT,
			      ARGS(INT(channel), INT(after), INT(limit))),
		    fn, arg);
}

int
delivery_each(struct db *db, int64_t event, delivery_fn *fn, void *arg)
{
	return each(db, sql_start(db, SQL_DELIVERY_EACH, ARGS(INT(event))), fn,
		    arg);
}

int
delivery_told(struct db *db, int64_t event, int64_t channel)
{
	return sql_run(db, SQL_DELIVERY_TOLD, ARGS(INT(event), INT(channel)));
}

int
owed_each(struct db *db, delivery_fn *fn, void *arg)
{
	return each(db, sql_start(db, SQL_OWED_EACH, NO_ARGS), fn, arg);
}

int
owed_trim(struct db *db, unsigned keep)
{
	return sql_run(db, SQL_OWED_TRIM, ARGS(INT(keep)));
}

int
queue_channels(struct db *db,
	       void (*fn)(void *arg, const struct channel_row *row), void *arg)
{
	sqlite3_stmt *st = sql_start(db, SQL_QUEUE_CHANNELS, NO_ARGS);
	int rc;

	while ((rc = sql_step(db, st)) > 0) {
		struct channel_row row = sql_channel(st);

		fn(arg, &row);
	}
	sql_reset(st);
	return rc;
}

int
queue_figures(struct db *db, int64_t channel, struct queue_figures *out)
{
	sqlite3_stmt *st = sql_start(db, SQL_QUEUE_FIGURES, ARGS(INT(channel)));
	int rc = sql_step(db, st);

	if (rc > 0)
		*out = (struct queue_figures){
			.rows = sqlite3_column_int64(st, 0),
			.bytes = sqlite3_column_int64(st, 1),
			.oldest_ms = sqlite3_column_int64(st, 2),
			.last_event = sqlite3_column_int64(st, 3),
		};
	sql_reset(st);
	return rc < 0 ? rc : 0;
}

int
queue_depth(struct db *db, int64_t channel, int64_t *rows, int64_t *oldest_ms)
{
	int64_t out[2] = { 0, 0 };
	int rc = sql_numbers(db, SQL_QUEUE_DEPTH, ARGS(INT(channel)), out, 2);

	*rows = out[0];
	*oldest_ms = out[1];
	return rc;
}

int
queue_list(struct db *db, int64_t channel, unsigned limit,
	   void (*fn)(void *arg, const struct queue_row *row), void *arg)
{
	sqlite3_stmt *st =
		sql_start(db, SQL_QUEUE_LIST, ARGS(INT(channel), INT(limit)));
	int rc;

	while ((rc = sql_step(db, st)) > 0) {
		struct queue_row row = {
			.delivery = delivery_of(st),
			.received_ms = sqlite3_column_int64(st, 8),
			.steady_ms = sqlite3_column_int64(st, 9),
		};

		fn(arg, &row);
	}
	sql_reset(st);
	return rc;
}
