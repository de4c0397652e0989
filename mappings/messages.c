/* SPDX-License-Identifier: MIT */
/* messages.c - the message log. */

#include "mappings/messages.h"

#include "mappings/sql.h"

#include <assert.h>
#include <errno.h>

int64_t
event_last_id(struct db *db)
{
	int64_t id = 0;

	(void)sql_numbers(db, SQL_EVENT_LAST, NO_ARGS, &id, 1);
	return id;
}

/* clang-format off */
int
event_put(struct db *db, const struct event_row *row, int64_t *known)
{
	assert(row->id > 0);

	int rc = sql_run(db, SQL_EVENT_ADD, ARGS(
			INT(row->id), INT(row->channel), INT(row->sender),
			INT(row->kind), INT(row->flags), INT(row->when_ms),
			INT(row->received_ms), TEXT(row->sender_id),
			TEXT(row->sender_name), TEXT(row->native_id),
			TEXT(row->alt_id), TEXT(row->key), TEXT(row->target),
			TEXT(row->parent), TEXT(row->text), TEXT(row->spans),
			TEXT(row->mark), TEXT(row->attachments),
			TEXT(row->origin), TEXT(row->via),
			INT(row->steady_ms)));

	if (rc || sql_changes(db))
		return rc;
	rc = sql_numbers(db, SQL_EVENT_KNOWN,
			 ARGS(INT(row->channel), TEXT(row->key), INT(row->id)),
			 known, 1);
	return rc ? rc : -EEXIST;
}
/* clang-format on */

int
event_get(struct db *db, int64_t id,
	  void (*fn)(void *arg, const struct event_row *row), void *arg)
{
	sqlite3_stmt *st = sql_start(db, SQL_EVENT_GET, ARGS(INT(id)));
	int rc = sql_step(db, st);

	if (rc > 0) {
		struct event_row row = {
			.id = sqlite3_column_int64(st, 0),
			.channel = sqlite3_column_int64(st, 1),
			.sender = sqlite3_column_int64(st, 2),
			.kind = sqlite3_column_int(st, 3),
			.flags = (unsigned)sqlite3_column_int64(st, 4),
			.when_ms = sqlite3_column_int64(st, 5),
			.received_ms = sqlite3_column_int64(st, 6),
			.sender_id = sql_column_text(st, 7),
			.sender_name = sql_column_text(st, 8),
			.native_id = sql_column_text(st, 9),
			.alt_id = sql_column_text(st, 10),
			.key = sql_column_text(st, 11),
			.target = sql_column_text(st, 12),
			.parent = sql_column_text(st, 13),
			.text = sql_column_text(st, 14),
			.spans = sql_column_text(st, 15),
			.mark = sql_column_text(st, 16),
			.attachments = sql_column_text(st, 17),
			.origin = sql_column_text(st, 18),
			.via = sql_column_text(st, 19),
			.steady_ms = sqlite3_column_int64(st, 20),
		};

		fn(arg, &row);
	}
	sql_reset(st);
	return rc > 0 ? 0 : rc < 0 ? rc : -ENOENT;
}

int
event_by_origin(struct db *db, const char *origin, int64_t channel,
		void (*fn)(void *arg, const struct event_row *row), void *arg)
{
	sqlite3_stmt *st =
		sql_start(db, SQL_EVENT_SAME, ARGS(TEXT(origin), INT(channel)));
	int rc;

	while ((rc = sql_step(db, st)) > 0) {
		struct event_row row = {
			.id = sqlite3_column_int64(st, 0),
			.channel = sqlite3_column_int64(st, 1),
			.text = sql_column_text(st, 2),
			.origin = origin,
		};

		fn(arg, &row);
	}
	sql_reset(st);
	return rc;
}

int64_t
event_find(struct db *db, int64_t channel, const char *native_id)
{
	int64_t id = 0;

	(void)sql_numbers(db, SQL_EVENT_FIND,
			  ARGS(INT(channel), TEXT(native_id)), &id, 1);
	return id;
}

int
event_find_all(struct db *db, const char *native_id, unsigned limit,
	       void (*fn)(void *arg, int64_t event), void *arg)
{
	sqlite3_stmt *st = sql_start(db, SQL_EVENT_FIND_ALL,
				     ARGS(TEXT(native_id), INT(limit)));
	int rc;

	while ((rc = sql_step(db, st)) > 0)
		fn(arg, sqlite3_column_int64(st, 0));
	sql_reset(st);
	return rc;
}

int64_t
event_read(struct db *db, const struct read_mark *what)
{
	int64_t id = 0;

	(void)sql_numbers(db, SQL_EVENT_READ,
			  ARGS(INT(what->event), INT(what->from), INT(what->to),
			       TEXT(what->sender_id), INT(what->kind)),
			  &id, 1);
	return id;
}

int
marks_standing(struct db *db, const struct marked *what,
	       void (*fn)(void *arg, const char *mark), void *arg)
{
	sqlite3_stmt *st =
		sql_start(db, SQL_MARKS_STANDING,
			  ARGS(INT(what->channel), TEXT(what->target),
			       TEXT(what->sender_id), INT(what->before),
			       INT(what->removed)));
	int rc;

	while ((rc = sql_step(db, st)) > 0)
		fn(arg, sql_column_text(st, 0));
	sql_reset(st);
	return rc;
}

/* Calls fn for the first column of each row; how many rows, or -errno. */
static int
each_id(struct db *db, enum statement which, const struct arg *args,
	native_id_fn *fn, void *arg)
{
	sqlite3_stmt *st = sql_start(db, which, args);
	int rows = 0;
	int rc;

	while ((rc = sql_step(db, st)) > 0) {
		const char *id = sql_column_text(st, 0);

		if (id)
			fn(arg, id);
		rows++;
	}
	sql_reset(st);
	return rc < 0 ? rc : rows;
}

int
event_native_ids(struct db *db, int64_t event, int64_t channel, int alt,
		 native_id_fn *fn, void *arg)
{
	int rc = each_id(db, SQL_EVENT_OWN_ID,
			 ARGS(INT(event), INT(channel), INT(alt)), fn, arg);

	if (rc == 0) /* not said there */
		rc = each_id(db, SQL_EVENT_PART_IDS,
			     ARGS(INT(event), INT(channel)), fn, arg);
	return rc < 0 ? rc : 0;
}

/* In each pair of statements: of a channel, of what is said with a peer. */
static int
past_ids(struct db *db, const enum statement which[2], const struct past *past,
	 int64_t *ids, size_t n)
{
	const struct arg *all = ARGS(INT(past->channel), INT(past->after),
				     INT(past->before), INT((int64_t)n));
	const struct arg *talk =
		ARGS(INT(past->channel), INT(past->after), INT(past->before),
		     INT((int64_t)n), INT(past->peer));
	sqlite3_stmt *st =
		sql_start(db, which[past->peer != 0], past->peer ? talk : all);
	size_t got = 0;
	int rc;

	while ((rc = sql_step(db, st)) > 0 && got < n)
		ids[got++] = sqlite3_column_int64(st, 0);
	sql_reset(st);
	return rc < 0 ? rc : (int)got;
}

int
past_oldest(struct db *db, const struct past *past, int64_t *ids, size_t n)
{
	static const enum statement which[] = { SQL_EVENT_OLDEST,
						SQL_TALK_OLDEST };

	return past_ids(db, which, past, ids, n);
}

int
past_newest(struct db *db, const struct past *past, int64_t *ids, size_t n)
{
	static const enum statement which[] = { SQL_EVENT_NEWEST,
						SQL_TALK_NEWEST };
	int got = past_ids(db, which, past, ids, n);

	for (int i = 0, k = got - 1; i < k; i++, k--) {
		int64_t id = ids[i];

		ids[i] = ids[k];
		ids[k] = id;
	}
	return got;
}

int64_t
past_count(struct db *db, const struct past *past)
{
	const struct arg *all =
		ARGS(INT(past->channel), INT(past->after), INT(past->before));
	const struct arg *talk = ARGS(INT(past->channel), INT(past->after),
				      INT(past->before), INT(past->peer));
	int64_t n = 0;
	int rc = past->peer ? sql_numbers(db, SQL_TALK_COUNT, talk, &n, 1)
			    : sql_numbers(db, SQL_EVENT_COUNT, all, &n, 1);

	return rc ? rc : n;
}

/* -ENOENT of a search means that nothing lies on that side. */
static int
bound(struct db *db, enum statement which, int64_t ms, int64_t *id)
{
	int rc = sql_numbers(db, which, ARGS(INT(ms)), id, 1);

	if (rc == -ENOENT)
		*id = which == SQL_EVENT_LAST_UNTIL ? 0 : INT64_MAX;
	return rc == -ENOENT ? 0 : rc;
}

int
past_narrow(struct db *db, struct past *past, int64_t from_ms, int64_t until_ms)
{
	int64_t id;
	int rc = 0;

	if (from_ms) {
		rc = bound(db, SQL_EVENT_FIRST_SINCE, from_ms, &id);
		if (rc == 0 && id - 1 > past->after)
			past->after = id - 1;
	}
	if (rc == 0 && until_ms) {
		rc = bound(db, SQL_EVENT_LAST_UNTIL, until_ms, &id);
		if (rc == 0 && id + 1 < past->before)
			past->before = id + 1;
	}
	return rc;
}

int
event_prune(struct db *db, int64_t before_ms, unsigned limit)
{
	/* Before the greatest number can go: it must not come back. */
	int rc = sql_run(db, SQL_META_EVENT, NO_ARGS);

	if (!rc)
		rc = sql_run(db, SQL_EVENT_PRUNE,
			     ARGS(INT(before_ms), INT(limit)));
	return rc ? rc : sql_changes(db);
}
