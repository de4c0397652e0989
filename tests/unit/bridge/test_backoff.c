/* SPDX-License-Identifier: MIT */
/* test_backoff.c - waiting times. */

#include "tests/support/test.h"

#include "bridge/backoff.h"

static void
a_lost_connection_is_tried_again_within_a_second(void **state UNUSED)
{
	for (uint64_t r = 0; r < 1000; r++)
		assert_in_range(backoff_ms(DOWN_LOST, 1, r * 7919), 1, 1000);
}

static void
waits_grow_and_stop_growing(void **state UNUSED)
{
	int64_t before = 0;

	for (unsigned n = 1; n < 8; n++) {
		int64_t wait = backoff_ms(DOWN_UNREACHABLE, n, 0);

		assert_true(wait >= before);
		before = wait;
	}
	assert_int_equal(backoff_ms(DOWN_LOST, 19, 0),
			 backoff_ms(DOWN_LOST, 20, 0));
}

static void
a_server_that_returns_soon_is_met_within_twelve_seconds(void **state UNUSED)
{
	for (unsigned n = 1; n <= 20; n++)
		for (uint64_t r = 0; r < 100; r++)
			assert_in_range(backoff_ms(DOWN_UNREACHABLE, n,
						   r * 104729),
					1, 12000);
}

static void
a_refusal_is_not_asked_about_before_minutes(void **state UNUSED)
{
	for (unsigned n = 1; n < 100; n++)
		for (uint64_t r = 0; r < 100; r++)
			assert_true(backoff_ms(DOWN_REFUSED, n, r * 104729) >=
				    150000);
}

static void
waits_are_spread(void **state UNUSED)
{
	int64_t least = INT64_MAX, most = 0;

	for (uint64_t r = 0; r < 10000; r++) {
		int64_t wait = backoff_ms(DOWN_LOST, 5, r * 104729);

		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
	}
	assert_true(most >= 2 * least);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_lost_connection_is_tried_again_within_a_second),
		cmocka_unit_test(waits_grow_and_stop_growing),
		cmocka_unit_test(
			a_server_that_returns_soon_is_met_within_twelve_seconds),
		cmocka_unit_test(a_refusal_is_not_asked_about_before_minutes),
		cmocka_unit_test(waits_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
