/* SPDX-License-Identifier: MIT */
/* fixture.c - what the tests of the store share. */

#include "tests/support/test.h"

#include "tests/unit/mappings/fixture.h"

#include "bridge/error.h"
#include "mappings/channels.h"
#include "mappings/messages.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
scratch_init(struct scratch *s)
{
	const char *base = getenv("TMPDIR");

	if (!base || strlen(base) > 30)
		base = "/tmp";
	snprintf(s->folder, sizeof(s->folder), "%s/causeway-test-XXXXXX", base);
	assert_non_null(mkdtemp(s->folder));
	snprintf(s->path, sizeof(s->path), "%s/test.db", s->folder);
}

void
scratch_finish(struct scratch *s)
{
	DIR *dir = opendir(s->folder);
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0),
					 0);
	closedir(dir);
	assert_int_equal(rmdir(s->folder), 0);
}

struct db *
memory_db(void)
{
	struct error err = { "" };
	struct db *db = db_open(":memory:", DB_WRITER, &err);

	if (!db)
		fail_msg("%s", err.text);
	return db;
}

int
open_db(void **state)
{
	*state = memory_db();
	return 0;
}

int
close_db(void **state)
{
	db_close(*state);
	return 0;
}

int
close_world(void **state)
{
	struct db **world = *state;

	db_close(*world);
	free(world);
	return 0;
}

int64_t
channel_of(struct db *db, const char *network, const char *name)
{
	int64_t net;
	int64_t id;

	assert_int_equal(network_put(db, network, "fake", &net), 0);
	assert_int_equal(channel_put(db, net, 0, name, &id), 0);
	return id;
}

void
say(struct db *db, int64_t id, int64_t channel, const char *text)
{
	struct event_row row = {
		.id = id,
		.channel = channel,
		.received_ms = id,
		.steady_ms = id,
		.text = text,
	};
	int64_t known;

	assert_int_equal(event_put(db, &row, &known), 0);
}

void
raw_run(const char *path, const char *sql)
{
	sqlite3 *raw;

	/* As ours would be, or opening it would be worth a warning. */
	close(open(path, O_RDWR | O_CREAT, 0600));
	assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
	assert_int_equal(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(raw);
}

int64_t
raw_number(const char *path, const char *sql)
{
	sqlite3 *raw;
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(raw, sql, -1, &st, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);

	int64_t number = sqlite3_column_int64(st, 0);

	sqlite3_finalize(st);
	sqlite3_close(raw);
	return number;
}
