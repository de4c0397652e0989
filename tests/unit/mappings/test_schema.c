/* SPDX-License-Identifier: MIT */
/* test_schema.c - which files are taken as a database, and which are not. */

#include "tests/support/test.h"

#include "tests/unit/mappings/fixture.h"

#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/str.h"
#include "mappings/channels.h"
#include "mappings/clock.h"
#include "mappings/messages.h"
#include "mappings/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
set_up(void **state)
{
	struct scratch *s = xcalloc(1, sizeof(*s));

	scratch_init(s);
	*state = s;
	return 0;
}

static int
tear_down(void **state)
{
	scratch_finish(*state);
	free(*state);
	return 0;
}

static struct db *
must_open(const char *path, enum db_mode mode)
{
	struct error err = { "" };
	struct db *db = db_open(path, mode, &err);

	if (!db)
		fail_msg("%s", err.text);
	return db;
}

static void
must_refuse(const char *path, const char *because)
{
	struct error err = { "" };
	struct db *db = db_open(path, DB_WRITER, &err);

	db_close(db);
	assert_null(db);
	if (!strstr(err.text, because) || !strstr(err.text, path))
		fail_msg("said: %s", err.text);
}

static void
write_file(const char *path, off_t where, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, where), n);
	close(fd);
}

static void
a_new_database_has_an_id_and_a_generation(void **state)
{
	struct scratch *s = *state;
	struct db *db = must_open(s->path, DB_WRITER);

	assert_int_equal(strlen(db_bridge_id(db)), 16);
	assert_int_equal(strspn(db_bridge_id(db), "0123456789abcdef"), 16);
	assert_int_equal(db_generation(db), 1);
	assert_int_equal(db_check(db, NULL), 0);
	assert_int_equal(event_last_id(db), 0);
	db_close(db);
}

static void
each_start_is_a_generation_of_the_same_bridge(void **state)
{
	struct scratch *s = *state;
	struct db *db = must_open(s->path, DB_WRITER);
	char id[17];

	snprintf(id, sizeof(id), "%s", db_bridge_id(db));
	db_close(db);

	db = must_open(s->path, DB_WRITER);
	assert_string_equal(db_bridge_id(db), id);
	assert_int_equal(db_generation(db), 2);

	struct db *reader = must_open(s->path, DB_READER);

	assert_string_equal(db_bridge_id(reader), id);
	assert_int_equal(db_generation(reader), 2);
	db_close(reader);
	db_close(db);
}

static void
two_bridges_have_different_ids(void **state UNUSED)
{
	struct db *one = memory_db();
	struct db *other = memory_db();

	assert_string_not_equal(db_bridge_id(one), db_bridge_id(other));
	db_close(one);
	db_close(other);
}

static void
every_table_is_there_and_strict(void **state)
{
	static const char *const tables[] = {
		"network",  "channel",
		"link",     "link_member",
		"sender",   "puppet",
		"account",  "credential",
		"event",    "identity_link",
		"delivery", "delivery_part",
		"cursor",   "transaction_seen",
		"ban",      "audit",
		"meta",     "clock",
		"away",
	};
	struct scratch *s = *state;
	char sql[128];

	db_close(must_open(s->path, DB_WRITER));
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		snprintf(sql, sizeof(sql),
			 "SELECT count(*) FROM pragma_table_list"
			 " WHERE name = '%s' AND strict",
			 tables[i]);
		if (raw_number(s->path, sql) != 1)
			fail_msg("table %s", tables[i]);
	}
	assert_int_equal(raw_number(s->path, "PRAGMA user_version"),
			 db_schema_version());
}

static void
what_waited_in_an_older_version_keeps_its_age(void **state)
{
	struct scratch *s = *state;
	struct db *db = must_open(s->path, DB_WRITER);
	int64_t from = channel_of(db, "irc", "#a");
	int64_t to = channel_of(db, "irc", "#b");

	for (int64_t id = 1000; id <= 1002; id++)
		say(db, id, from, "hello");
	assert_int_equal(delivery_put(db, 1001, to), 0);
	db_close(db);
	raw_run(s->path,
		"DROP TABLE setting; DROP TABLE contact; DROP TABLE stay;"
		"DROP TABLE withdrawn; DROP TABLE memo; DROP TABLE block;"
		"DROP TABLE about;"
		"DROP INDEX event_gateway; DROP INDEX event_mark;"
		"DROP INDEX delivery_channel;"
		"DROP TABLE clock; DROP TABLE away;"
		"DROP INDEX delivery_owed;"
		"ALTER TABLE event DROP COLUMN steady_ms;"
		"ALTER TABLE delivery DROP COLUMN owed;"
		"ALTER TABLE delivery DROP COLUMN stands_for;"
		"ALTER TABLE delivery DROP COLUMN stands_from_ms;"
		"PRAGMA user_version = 2");

	struct clock_row clock;
	int64_t rows, oldest;

	db = must_open(s->path, DB_WRITER);
	assert_int_equal(queue_depth(db, to, &rows, &oldest), 0);
	assert_int_equal(rows, 1);
	assert_int_equal(oldest, 1001);
	assert_int_equal(clock_get(db, &clock), 0);
	assert_int_equal(clock.steady_ms, 1002);
	assert_int_equal(clock.wall_ms, 1002);
	db_close(db);
	assert_int_equal(raw_number(s->path, "PRAGMA user_version"),
			 db_schema_version());
}

static void
nobody_else_may_read_a_new_database(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };
	struct scratch *s = *state;
	struct db *db = must_open(s->path, DB_WRITER);
	char name[100];
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", s->path, suffixes[i]);
		assert_int_equal(stat(name, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	db_close(db);
}

static void
a_newer_version_is_refused(void **state)
{
	struct scratch *s = *state;

	db_close(must_open(s->path, DB_WRITER));
	raw_run(s->path, "PRAGMA user_version = 4711");
	must_refuse(s->path, "newer version of Causeway (schema 4711");
	assert_int_equal(raw_number(s->path, "PRAGMA user_version"), 4711);
}

static void
another_programs_database_is_refused_and_left_alone(void **state)
{
	static const char *const theirs[] = {
		"PRAGMA application_id = 252006675; CREATE TABLE t (x)",
		"CREATE TABLE t (x)",
		"PRAGMA user_version = 1",
		"PRAGMA application_id = 1",
	};
	struct scratch *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(theirs); i++) {
		raw_run(s->path, theirs[i]);
		must_refuse(s->path, "another program's database");
		assert_int_equal(raw_number(s->path,
					    "SELECT count(*) FROM sqlite_schema"
					    " WHERE name = 'meta'"),
				 0);
		assert_int_equal(unlink(s->path), 0);
	}
}

static void
what_is_no_database_is_refused(void **state)
{
	static const char text[] =
		"networks: { xmpp: { protocol = \"xmpp\"; }; };\n"
		"# longer than the header of a database, which is 100 bytes,"
		" and than the smallest page, which has 512";
	struct scratch *s = *state;
	char page[8192];

	memset(page, 'x', sizeof(page));
	write_file(s->path, 0, text, sizeof(text));
	must_refuse(s->path, "not a database");
	write_file(s->path, 0, page, sizeof(page));
	must_refuse(s->path, "restore a backup");
}

static void
a_damaged_page_is_refused(void **state)
{
	struct scratch *s = *state;
	struct db *db = must_open(s->path, DB_WRITER);
	int64_t channel = channel_of(db, "net", "#room");
	char page[4096];

	for (int64_t i = 1; i < 200; i++)
		say(db, i, channel, "something of some length to fill pages");
	db_close(db);

	memset(page, 0xa5, sizeof(page));

	int64_t root = raw_number(s->path, "SELECT rootpage FROM sqlite_schema"
					   " WHERE name = 'event'");

	write_file(s->path, (root - 1) * 4096, page, sizeof(page));
	must_refuse(s->path, "damaged");
	must_refuse(s->path, ".recover");
}

static void
a_log_without_its_database_is_refused(void **state)
{
	struct scratch *s = *state;
	char name[100];

	snprintf(name, sizeof(name), "%s-wal", s->path);
	write_file(name, 0, "said", 4);
	must_refuse(s->path, "missing or empty");
	assert_int_equal(access(name, F_OK), 0);
}

static void
an_empty_file_is_a_new_database(void **state)
{
	struct scratch *s = *state;

	write_file(s->path, 0, "", 0);
	db_close(must_open(s->path, DB_WRITER));
}

static void
a_second_writer_is_refused(void **state)
{
	struct scratch *s = *state;
	struct db *db = must_open(s->path, DB_WRITER);
	char holder[64];

	snprintf(holder, sizeof(holder), "held by process %ld", (long)getpid());
	must_refuse(s->path, holder);
	must_refuse(s->path, "one causewayd at a time");
	db_close(db);
	db_close(must_open(s->path, DB_WRITER));
}

static void
a_reader_sees_what_is_committed_and_writes_nothing(void **state)
{
	struct scratch *s = *state;
	struct db *db = must_open(s->path, DB_WRITER);
	struct db *reader = must_open(s->path, DB_READER);
	int64_t id;

	assert_int_equal(db_begin(db), 0);
	say(db, 7, channel_of(db, "net", "#room"), "hello");
	assert_int_equal(event_last_id(reader), 0);
	assert_int_equal(db_commit(db), 0);
	assert_int_equal(event_last_id(reader), 7);
	assert_true(network_put(reader, "other", "fake", &id) < 0);
	db_close(reader);
	db_close(db);
}

static void
a_reader_needs_a_file(void **state)
{
	struct scratch *s = *state;
	struct error err;

	assert_null(db_open(":memory:", DB_READER, &err));
	assert_null(db_open(s->path, DB_READER, &err));
	assert_int_equal(access(s->path, F_OK), -1);
}

static void
a_missing_folder_is_named(void **state UNUSED)
{
	must_refuse("/nonexistent/causeway.db", "No such file");
}

static void
note_line(enum log_level level, const char *where UNUSED, const char *text,
	  void *arg)
{
	str_printf(arg, "%s: %s\n", log_level_name(level), text);
}

static void
who_else_may_read_or_replace_it_is_said(void **state)
{
	/* clang-format off */
	static const struct {
		mode_t folder, file;
		const char *said; /* NULL: nothing */
	} cases[] = {
		{ 0700, 0600, NULL },
		{ 0755, 0600, NULL },
		{ 0777, 0600, "everybody may write in this folder" },
		{ 0700, 0640, "others may read the database" },
		{ 0700, 0604, "others may read the database" },
	};
	/* clang-format on */
	struct scratch *s = *state;

	db_close(must_open(s->path, DB_WRITER));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR said;

		str_init(&said, 4096);
		log_set_sink(note_line, &said);
		chmod(s->folder, cases[i].folder);
		chmod(s->path, cases[i].file);
		db_close(must_open(s->path, DB_WRITER));
		log_set_sink(NULL, NULL);
		if (!cases[i].said)
			assert_string_equal(said.data, "");
		else
			assert_non_null(strstr(said.data, cases[i].said));
	}
}

static void
what_was_rolled_back_was_never_there(void **state UNUSED)
{
	struct db *db = memory_db();
	int64_t channel = channel_of(db, "net", "#room");

	assert_int_equal(db_begin(db), 0);
	say(db, 1, channel, "one");
	assert_int_equal(db_mark(db), 0);
	say(db, 2, channel, "two");
	db_revert(db);
	assert_int_equal(event_last_id(db), 1);
	assert_int_equal(db_mark(db), 0);
	say(db, 3, channel, "three");
	assert_int_equal(db_release(db), 0);
	assert_int_equal(db_commit(db), 0);
	assert_int_equal(event_last_id(db), 3);

	assert_int_equal(db_begin(db), 0);
	say(db, 4, channel, "four");
	db_rollback(db);
	db_rollback(db); /* nothing to roll back */
	assert_int_equal(event_last_id(db), 3);
	db_close(db);
}

static void
a_commit_without_a_transaction_fails(void **state UNUSED)
{
	struct db *db = memory_db();

	assert_true(db_commit(db) < 0);
	assert_true(db_failed(db));
	assert_int_equal(db_begin(db), 0);
	assert_false(db_failed(db));
	assert_int_equal(db_commit(db), 0);
	db_close(db);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_new_database_has_an_id_and_a_generation),
		TEST(each_start_is_a_generation_of_the_same_bridge),
		TEST(two_bridges_have_different_ids),
		TEST(every_table_is_there_and_strict),
		TEST(what_waited_in_an_older_version_keeps_its_age),
		TEST(nobody_else_may_read_a_new_database),
		TEST(a_newer_version_is_refused),
		TEST(another_programs_database_is_refused_and_left_alone),
		TEST(what_is_no_database_is_refused),
		TEST(a_damaged_page_is_refused),
		TEST(a_log_without_its_database_is_refused),
		TEST(an_empty_file_is_a_new_database),
		TEST(a_second_writer_is_refused),
		TEST(a_reader_sees_what_is_committed_and_writes_nothing),
		TEST(a_reader_needs_a_file),
		TEST(a_missing_folder_is_named),
		TEST(who_else_may_read_or_replace_it_is_said),
		TEST(what_was_rolled_back_was_never_there),
		TEST(a_commit_without_a_transaction_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
