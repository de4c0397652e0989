/* SPDX-License-Identifier: MIT */
/* test_echo.c - what comes back of what we have published. */

#include "tests/support/test.h"

#include "protocols/mqtt/echo.h"

#include <stdio.h>

static void
what_we_published_is_no_news_as_often_as_it_may_come(void **state UNUSED)
{
	struct echoes e = { 0 };

	assert_false(echo_take(&e, "t", "1", 1));
	echo_expect(&e, "t", "1", 1, 2);
	echo_expect(&e, "empty", NULL, 0, 1);
	assert_false(echo_take(&e, "t", "2", 1));
	assert_false(echo_take(&e, "u", "1", 1));
	assert_true(echo_take(&e, "t", "1", 1));
	assert_true(echo_take(&e, "empty", "", 0));
	assert_true(echo_take(&e, "t", "1", 1));
	assert_false(echo_take(&e, "t", "1", 1));
	assert_false(echo_take(&e, "empty", "", 0));
}

static void
the_oldest_is_given_up(void **state UNUSED)
{
	struct echoes e = { 0 };
	char text[20];

	for (int i = 0; i <= ECHOES_MAX; i++) {
		int n = snprintf(text, sizeof(text), "%d", i);

		echo_expect(&e, "t", text, (size_t)n, 1);
	}
	assert_false(echo_take(&e, "t", "0", 1));
	assert_true(echo_take(&e, "t", "1", 1));
	assert_true(echo_take(&e, "t", "256", 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_we_published_is_no_news_as_often_as_it_may_come),
		cmocka_unit_test(the_oldest_is_given_up),
	};

	return cmocka_run_group_tests_name("echo", tests, NULL, NULL);
}
