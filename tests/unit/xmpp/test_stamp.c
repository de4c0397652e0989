/* SPDX-License-Identifier: MIT */
/* test_stamp.c - points in time, read and written. */

#include "tests/support/test.h"

#include "bridge/base.h"
#include "protocols/xmpp/stamp.h"

struct reading {
	const char *text;
	int64_t ms;
};

/* clang-format off */
static const struct reading readings[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "2025-06-01T12:00:00Z", 1748779200000 },
	{ "2025-06-01T12:00:00.1Z", 1748779200100 },
	{ "2025-06-01T12:00:00.123456Z", 1748779200123 },
	{ "2025-06-01T14:00:00+02:00", 1748779200000 },
	{ "2025-06-01T08:30:00.5-03:30", 1748779200500 },
	{ "", -1 },
	{ "2025-06-01", -1 },
	{ "2025-06-01T12:00:00", -1 },
	{ "2025-06-01T12:00:00.Z", -1 },
	{ "2025-06-01T12:00:00Zx", -1 },
	{ "2025-13-01T12:00:00Z", -1 },
	{ "2025-00-01T12:00:00Z", -1 },
	{ "2025-06-32T12:00:00Z", -1 },
	{ "2025-06-01T24:00:00Z", -1 },
	{ "2025-06-01T12:00:00+2:00", -1 },
	{ "1969-12-31T23:59:59Z", -1 },
	{ "20250601T12:00:00", -1 },
};
/* clang-format on */

static void
stamps_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++)
		assert_int_equal(stamp_read(readings[i].text), readings[i].ms);
}

static void
stamps_are_written_as_they_are_read(void **state)
{
	static const int64_t times[] = { 0, 1748779200123, 253370764800000 };
	char text[STAMP_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		stamp_write(text, times[i]);
		assert_int_equal(stamp_read(text), times[i]);
	}
	stamp_write(text, 1748779200123);
	assert_string_equal(text, "2025-06-01T12:00:00.123Z");
}

static void
no_stamp_is_written_for_what_is_no_time(void **state)
{
	char text[STAMP_MAX] = "x";

	(void)state;
	stamp_write(text, -1);
	assert_string_equal(text, "");
	stamp_write(text, INT64_MAX);
	assert_string_equal(text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamps_are_read),
		cmocka_unit_test(stamps_are_written_as_they_are_read),
		cmocka_unit_test(no_stamp_is_written_for_what_is_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
