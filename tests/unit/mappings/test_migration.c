/* SPDX-License-Identifier: MIT */
/*
 * test_migration.c - a migration that is cut short, at every sync of it, by a
 * kill or by a loss of power: the next start finishes it. Entry 43 of the
 * catalogue of faults.
 */

#include "tests/support/test.h"

#include "tests/support/memory_disk.h"
#include "tests/unit/mappings/fixture.h"

#include "bridge/error.h"
#include "mappings/sql.h"

#include <stdio.h>

#define SYNCS_MAX 100 /* more than any migration takes */

static struct db *
must_open(const char *path)
{
	struct error err = { "" };
	struct db *db = db_open(path, DB_WRITER, &err);

	if (!db)
		fail_msg("%s", err.text);
	return db;
}

/* As that version left it, with a channel; 0: nothing is there yet. */
static void
make_version(const char *path, int version)
{
	sqlite3 *sql;

	assert_int_equal(sqlite3_open(path, &sql), SQLITE_OK);
	for (int v = 1; v <= version; v++)
		assert_int_equal(schema_apply(sql, v), SQLITE_OK);
	if (version)
		assert_int_equal(
			sqlite3_exec(sql,
				     "INSERT INTO network VALUES (1, 'n', 'p');"
				     "INSERT INTO channel (network, kind, name)"
				     "	VALUES (1, 0, '#a');",
				     NULL, NULL, NULL),
			SQLITE_OK);
	assert_int_equal(sqlite3_close(sql), SQLITE_OK);
}

/* Opens it; at the nth sync the disk fails. True if there were fewer. */
static bool
cut_short(const char *path, unsigned n, void (*end)(void))
{
	struct error err;
	struct db *db;

	memory_disk_fail(n);
	db = db_open(path, DB_WRITER, &err);
	if (db)
		memory_disk_fail(0);
	db_close(db);
	end();
	memory_disk_on();
	return db != NULL;
}

static void
made_good(const char *path, int channels)
{
	struct db *db = must_open(path);

	assert_int_equal(db_check(db, NULL), 0);
	db_close(db);
	assert_int_equal(raw_number(path, "SELECT count(*) FROM channel"),
			 channels);
	assert_int_equal(raw_number(path, "PRAGMA user_version"),
			 db_schema_version());
}

static void
cut_everywhere(int version, void (*end)(void))
{
	struct scratch s;
	bool whole = false;
	unsigned n = 0;

	while (!whole && n < SYNCS_MAX) {
		scratch_init(&s);
		make_version(s.path, version);
		whole = cut_short(s.path, ++n, end);
		made_good(s.path, version > 0);
		memory_disk_clear();
		scratch_finish(&s);
	}
	assert_true(whole);
	/* the change to WAL, and a commit for each migration at least */
	assert_true((int)n > db_schema_version() - version);
}

static void
fault_43_an_upgrade_that_is_killed_is_made_good(void **state UNUSED)
{
	for (int version = 0; version <= db_schema_version(); version++)
		cut_everywhere(version, memory_disk_freeze);
}

static void
fault_43_an_upgrade_without_power_is_made_good(void **state UNUSED)
{
	for (int version = 0; version <= db_schema_version(); version++)
		cut_everywhere(version, memory_disk_off);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			fault_43_an_upgrade_that_is_killed_is_made_good),
		cmocka_unit_test(
			fault_43_an_upgrade_without_power_is_made_good),
	};

	memory_disk_use();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
