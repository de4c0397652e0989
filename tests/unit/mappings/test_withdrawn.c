/* SPDX-License-Identifier: MIT */
/* test_withdrawn.c - messages whose files are not to be had any more. */

#include "tests/support/test.h"

#include "tests/unit/mappings/fixture.h"

#include "mappings/withdrawn.h"

static void
they_are_known_until_their_links_are_too_old(void **state UNUSED)
{
	struct db *db = memory_db();

	assert_int_equal(withdrawn_is(db, 7), 0);
	assert_int_equal(withdrawn_put(db, 7, 1000, 0), 0);
	assert_int_equal(withdrawn_put(db, 7, 500, 0), 0);
	assert_int_equal(withdrawn_put(db, INT64_MAX, 2000, 900), 0);
	assert_int_equal(withdrawn_is(db, 7), 1);
	assert_int_equal(withdrawn_is(db, INT64_MAX), 1);
	assert_int_equal(withdrawn_put(db, 8, 3000, 1001), 0);
	assert_int_equal(withdrawn_is(db, 7), 0);
	assert_int_equal(withdrawn_is(db, INT64_MAX), 1);
	db_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_known_until_their_links_are_too_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
