/* SPDX-License-Identifier: MIT */
/* test_steady.c - a clock that never jumps, from one run to the next. */

#include "tests/support/test.h"

#include "bridge/steady.h"
#include "mappings/clock.h"

#define NOW INT64_C(1764000000000)
#define HOUR INT64_C(3600000)
#define MOST (12 * HOUR)

static void
the_first_run_begins_with_the_wall_clock(void **state UNUSED)
{
	const struct clock_row never = { 0 };

	assert_int_equal(steady_resume(&never, NOW, MOST), NOW);
}

static void
a_short_absence_counts_in_full(void **state UNUSED)
{
	const struct clock_row then = { .steady_ms = NOW - 5 * HOUR,
					.wall_ms = NOW - HOUR };

	assert_int_equal(steady_resume(&then, NOW, MOST), NOW - 4 * HOUR);
}

static void
an_absence_beyond_belief_counts_as_far_as_it_does_no_harm(void **state UNUSED)
{
	const struct clock_row then = { .steady_ms = NOW,
					.wall_ms = NOW - 87600 * HOUR };

	assert_int_equal(steady_resume(&then, NOW, MOST), NOW + MOST);
}

static void
a_clock_that_was_set_back_does_not_turn_this_one_back(void **state UNUSED)
{
	const struct clock_row then = { .steady_ms = NOW,
					.wall_ms = NOW + HOUR };

	assert_int_equal(steady_resume(&then, NOW, MOST), NOW);
}

static void
it_is_never_before_what_it_has_stamped(void **state UNUSED)
{
	const struct clock_row then = { .steady_ms = NOW,
					.wall_ms = NOW - HOUR,
					.last_ms = NOW + 2 * HOUR };

	assert_int_equal(steady_resume(&then, NOW, MOST), NOW + 2 * HOUR);
}

int
main(void)
{
#define TEST cmocka_unit_test
	const struct CMUnitTest tests[] = {
		TEST(the_first_run_begins_with_the_wall_clock),
		TEST(a_short_absence_counts_in_full),
		TEST(an_absence_beyond_belief_counts_as_far_as_it_does_no_harm),
		TEST(a_clock_that_was_set_back_does_not_turn_this_one_back),
		TEST(it_is_never_before_what_it_has_stamped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
