/* SPDX-License-Identifier: MIT */
/* test_reason.c - what brokers say by numbers. */

#include "tests/support/test.h"

#include "protocols/mqtt/reason.h"

#include <string.h>

static const struct {
	int code;
	bool is_5;
	enum down_reason why;
	const char *part;
} refusals[] = {
	{ 0x86, true, DOWN_REFUSED, "password" },
	{ 0x87, true, DOWN_REFUSED, "authorised" },
	{ 0x89, true, DOWN_UNREACHABLE, "busy" },
	{ 0x95, true, DOWN_UNREACHABLE, "larger" },
	{ 0xff, true, DOWN_UNREACHABLE, "no reason" },
	{ 1, false, DOWN_REFUSED, "version" },
	{ 2, false, DOWN_REFUSED, "client_id" },
	{ 3, false, DOWN_UNREACHABLE, "unavailable" },
	{ 4, false, DOWN_REFUSED, "password" },
	{ 5, false, DOWN_REFUSED, "authorised" },
	{ 6, false, DOWN_UNREACHABLE, "no reason" },
};

static void
what_a_refusal_means_decides_when_to_come_again(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		enum down_reason why;
		const char *text = reason_refused(refusals[i].code,
						  refusals[i].is_5, &why);

		assert_int_equal(why, refusals[i].why);
		if (!strstr(text, refusals[i].part))
			fail_msg("%d: %s", refusals[i].code, text);
	}
}

static void
who_is_thrown_out_by_its_twin_does_not_fight(void **state UNUSED)
{
	enum down_reason why;

	assert_string_equal(reason_disconnected(0x8e, &why), TAKEN_OVER);
	assert_int_equal(why, DOWN_REFUSED);
	(void)reason_disconnected(0x8b, &why);
	assert_int_equal(why, DOWN_LOST);
}

static void
an_unknown_version_is_told_in_both_ways(void **state UNUSED)
{
	assert_true(reason_is_version(1));
	assert_true(reason_is_version(0x84));
	assert_false(reason_is_version(0x87));
	assert_false(reason_is_version(0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_a_refusal_means_decides_when_to_come_again),
		cmocka_unit_test(who_is_thrown_out_by_its_twin_does_not_fight),
		cmocka_unit_test(an_unknown_version_is_told_in_both_ways),
	};

	return cmocka_run_group_tests_name("reason", tests, NULL, NULL);
}
