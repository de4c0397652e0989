/* SPDX-License-Identifier: MIT */
/* channels.c - networks, channels, links and their members. */

#include "mappings/channels.h"

#include "bridge/base.h"
#include "mappings/sql.h"

#include <errno.h>
#include <stdlib.h>

int
network_put(struct db *db, const char *name, const char *protocol, int64_t *id)
{
	const struct arg *all = ARGS(TEXT(name), TEXT(protocol));
	int64_t row[2]; /* id, whether it speaks that protocol */
	int rc = sql_numbers(db, SQL_NETWORK_FIND, all, row, 2);

	if (rc == -ENOENT)
		return sql_add(db, SQL_NETWORK_ADD, all, id);
	if (rc)
		return rc;

	*id = row[0];
	return row[1] ? 0
		      : sql_run(db, SQL_NETWORK_SET,
				ARGS(INT(*id), TEXT(protocol)));
}

int
network_find(struct db *db, const char *name, int64_t *id)
{
	int64_t row[2];
	int rc = sql_numbers(db, SQL_NETWORK_FIND, ARGS(TEXT(name), TEXT("")),
			     row, 2);

	if (rc == 0)
		*id = row[0];
	return rc;
}

int
network_put_as(struct db *db, const char *name, const char *protocol,
	       int64_t id)
{
	int64_t known;
	int rc = network_find(db, name, &known);

	if (rc == 0)
		return known == id ? 0 : -EEXIST;
	return rc != -ENOENT
		       ? rc
		       : sql_run(db, SQL_NETWORK_ADD_AS,
				 ARGS(TEXT(name), TEXT(protocol), INT(id)));
}

int64_t
network_last_id(struct db *db)
{
	int64_t id = 0;

	(void)sql_numbers(db, SQL_NETWORK_LAST, NO_ARGS, &id, 1);
	return id;
}

int
channel_put(struct db *db, int64_t network, int kind, const char *name,
	    int64_t *id)
{
	const struct arg *all = ARGS(INT(network), INT(kind), TEXT(name));
	int rc = sql_numbers(db, SQL_CHANNEL_FIND, all, id, 1);

	return rc == -ENOENT ? sql_add(db, SQL_CHANNEL_ADD, all, id) : rc;
}

int
link_put(struct db *db, const char *name, enum link_source source, int64_t *id)
{
	int64_t row[2]; /* id, source */
	int rc = sql_numbers(db, SQL_LINK_FIND, ARGS(TEXT(name)), row, 2);

	if (rc == -ENOENT)
		return sql_add(db, SQL_LINK_ADD, ARGS(TEXT(name), INT(source)),
			       id);
	if (rc)
		return rc;

	*id = row[0];
	return row[1] == (int64_t)source ? 0 : -EEXIST;
}

int
link_member_put(struct db *db, int64_t link, int64_t channel,
		const char *policy)
{
	return sql_run(db, SQL_MEMBER_PUT,
		       ARGS(INT(link), INT(channel), TEXT(policy)));
}

int
link_member_remove(struct db *db, int64_t link, int64_t channel)
{
	return sql_change(db, SQL_MEMBER_REMOVE, ARGS(INT(link), INT(channel)));
}

int
link_remove(struct db *db, int64_t link)
{
	return sql_change(db, SQL_LINK_REMOVE, ARGS(INT(link)));
}

int
link_each(struct db *db, enum link_source source,
	  void (*fn)(void *arg, const struct link_row *row), void *arg)
{
	sqlite3_stmt *st = sql_start(db, SQL_LINK_EACH, ARGS(INT(source)));
	int rc;

	while ((rc = sql_step(db, st)) > 0) {
		struct link_row row = {
			.link = sqlite3_column_int64(st, 0),
			.channel = sqlite3_column_int64(st, 1),
			.network = sqlite3_column_int64(st, 2),
			.link_name = sql_column_text(st, 3),
			.network_name = sql_column_text(st, 4),
			.channel_name = sql_column_text(st, 5),
			.source = source,
			.kind = sqlite3_column_int(st, 6),
			.policy = sql_column_text(st, 7),
		};

		fn(arg, &row);
	}
	sql_reset(st);
	return rc;
}

struct channel_row
sql_channel(sqlite3_stmt *st)
{
	return (struct channel_row){
		.channel = sqlite3_column_int64(st, 0),
		.network = sqlite3_column_int64(st, 1),
		.kind = sqlite3_column_int(st, 2),
		.network_name = sql_column_text(st, 3),
		.channel_name = sql_column_text(st, 4),
	};
}

int
channel_get(struct db *db, int64_t channel,
	    void (*fn)(void *arg, const struct channel_row *row), void *arg)
{
	sqlite3_stmt *st = sql_start(db, SQL_CHANNEL_GET, ARGS(INT(channel)));
	int rc = sql_step(db, st);

	if (rc > 0) {
		struct channel_row row = sql_channel(st);

		fn(arg, &row);
	}
	sql_reset(st);
	return rc > 0 ? 0 : rc < 0 ? rc : -ENOENT;
}

int
channel_set_topic(struct db *db, int64_t channel, const char *topic)
{
	return sql_change(db, SQL_CHANNEL_SET_TOPIC,
			  ARGS(INT(channel), TEXT(topic)));
}

char *
channel_topic(struct db *db, int64_t channel)
{
	return sql_string(db, SQL_CHANNEL_TOPIC, ARGS(INT(channel)));
}

static int
write_cursor(struct db *db, int64_t channel, const char *cursor,
	     int64_t when_ms)
{
	const struct arg *all = ARGS(INT(channel), TEXT(cursor), INT(when_ms));
	int rc = sql_run(db, SQL_CURSOR_MOVE, all);

	return rc || sql_changes(db) ? rc : sql_run(db, SQL_CURSOR_SET, all);
}

int
cursors_write(struct db *db)
{
	bool lost = sqlite3_get_autocommit(db->sql); /* the transaction is */
	int rc = 0;

	for (size_t i = 0; i < db->n_cursors && !rc && !lost; i++)
		rc = write_cursor(db, db->cursors[i].channel,
				  db->cursors[i].value, db->cursors[i].when_ms);
	cursors_forget(db);
	return rc;
}

void
cursors_forget(struct db *db)
{
	for (size_t i = 0; i < db->n_cursors; i++)
		free(db->cursors[i].value);
	free(db->cursors);
	db->cursors = NULL;
	db->n_cursors = 0;
}

static struct cursor_note *
note_of(struct db *db, int64_t channel)
{
	struct cursor_note *note;

	for (size_t i = 0; i < db->n_cursors; i++)
		if (db->cursors[i].channel == channel)
			return &db->cursors[i];
	db->cursors = xrealloc(db->cursors,
			       (db->n_cursors + 1) * sizeof(*db->cursors));
	note = &db->cursors[db->n_cursors++];
	*note = (struct cursor_note){ .channel = channel };
	return note;
}

/* A group moves it with every message; the last one counts. */
int
channel_set_cursor(struct db *db, int64_t channel, const char *cursor,
		   int64_t when_ms)
{
	struct cursor_note *note;

	if (sqlite3_get_autocommit(db->sql))
		return write_cursor(db, channel, cursor, when_ms);
	note = note_of(db, channel);
	free(note->value);
	note->value = xstrdup(cursor);
	note->when_ms = when_ms;
	return 0;
}

char *
channel_cursor(struct db *db, int64_t channel)
{
	if (cursors_write(db))
		return NULL;
	return sql_string(db, SQL_CURSOR_GET, ARGS(INT(channel)));
}

int
network_set_heard(struct db *db, int64_t network, int64_t until_ms)
{
	return sql_run(db, SQL_HEARD_SET, ARGS(INT(network), INT(until_ms)));
}

int64_t
network_heard(struct db *db, int64_t network)
{
	int64_t until_ms = 0;

	(void)sql_numbers(db, SQL_HEARD_GET, ARGS(INT(network)), &until_ms, 1);
	return until_ms;
}

int
channel_find(struct db *db, int64_t network, int kind, const char *name,
	     int64_t *id)
{
	return sql_numbers(db, SQL_CHANNEL_FIND,
			   ARGS(INT(network), INT(kind), TEXT(name)), id, 1);
}
