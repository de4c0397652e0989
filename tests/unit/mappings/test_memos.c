/* SPDX-License-Identifier: MIT */
/* test_memos.c - what adapters want to know again. */

#include "tests/support/test.h"

#include "tests/unit/mappings/fixture.h"

#include "bridge/str.h"
#include "mappings/channels.h"
#include "mappings/memos.h"

static void
add(void *arg, const char *key, const char *value)
{
	struct str *out = arg;

	str_printf(out, "%s%s=%s", out->len ? " " : "", key, value);
}

/* "key=value key=value", oldest first */
static void
check(struct db *db, int64_t network, const char *scope, unsigned max,
      const char *expected)
{
	AUTO_STR out = { 0 };

	str_init(&out, 1000);
	assert_int_equal(memo_each(db, network, scope, max, add, &out), 0);
	assert_string_equal(out.data, expected);
}

static int64_t
network_of(struct db *db, const char *name)
{
	int64_t id;

	assert_int_equal(network_put(db, name, "mqtt", &id), 0);
	return id;
}

static int
put(struct db *db, int64_t network, const char *scope, const char *key,
    const char *value, int64_t when_ms)
{
	const struct memo_row row = { network, scope, key, value, when_ms };

	return memo_put(db, &row);
}

static void
the_last_value_of_each_is_known(void **state UNUSED)
{
	struct db *db = memory_db();
	int64_t one = network_of(db, "one");
	int64_t two = network_of(db, "two");

	check(db, one, "a", 10, "");
	assert_int_equal(put(db, one, "a", "x", "1", 1), 0);
	assert_int_equal(put(db, one, "a", "y", "2", 2), 0);
	assert_int_equal(put(db, one, "b", "x", "3", 3), 0);
	assert_int_equal(put(db, two, "a", "x", "4", 4), 0);
	check(db, one, "a", 10, "x=1 y=2");
	check(db, one, "b", 10, "x=3");
	check(db, two, "a", 10, "x=4");
	assert_int_equal(put(db, one, "a", "x", "5", 5), 0);
	check(db, one, "a", 10, "y=2 x=5");
	assert_int_equal(memo_remove(db, one, "a", "x"), 0);
	assert_int_equal(memo_remove(db, one, "a", "x"), 0);
	check(db, one, "a", 10, "y=2");
	check(db, two, "a", 10, "x=4");
	db_close(db);
}

static void
the_oldest_are_forgotten(void **state UNUSED)
{
	struct db *db = memory_db();
	int64_t one = network_of(db, "one");

	assert_int_equal(put(db, one, "a", "c", "1", 1), 0);
	assert_int_equal(put(db, one, "a", "b", "2", 2), 0);
	assert_int_equal(put(db, one, "a", "a", "3", 3), 0);
	assert_int_equal(put(db, one, "b", "a", "4", 1), 0);
	check(db, one, "a", 2, "b=2 a=3");
	assert_int_equal(memos_trim(db, one, "a", 2), 0);
	check(db, one, "a", 10, "b=2 a=3");
	check(db, one, "b", 10, "a=4");
	assert_int_equal(memos_trim(db, one, "a", 0), 0);
	check(db, one, "a", 10, "");
	db_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_value_of_each_is_known),
		cmocka_unit_test(the_oldest_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
