/* SPDX-License-Identifier: MIT */
/* test_range.c - parts of files. */

#include "tests/support/test.h"

#include "bridge/base.h"
#include "bridge/media/range.h"
#include "bridge/str.h"

static void
parts_are_read(void **state UNUSED)
{
	static const struct {
		const char *text;
		int64_t size;
		unsigned status;
		int64_t start, n;
		const char *told;
	} cases[] = {
		{ NULL, 10, 200, 0, 10, "" },
		{ "bytes=0-3", 10, 206, 0, 4, "bytes 0-3/10" },
		{ "bytes=4-", 10, 206, 4, 6, "bytes 4-9/10" },
		{ "bytes=-3", 10, 206, 7, 3, "bytes 7-9/10" },
		{ "bytes=-30", 10, 206, 0, 10, "bytes 0-9/10" },
		{ "bytes=9-99", 10, 206, 9, 1, "bytes 9-9/10" },
		{ "bytes=10-", 10, 416, 0, 0, "bytes */10" },
		{ "bytes=-0", 10, 416, 0, 0, "bytes */10" },
		{ "bytes=0-", 0, 416, 0, 0, "bytes */0" },
		{ "bytes=5-2", 10, 200, 0, 10, "" },
		{ "bytes=0-1,3-4", 10, 200, 0, 10, "" },
		{ "bytes=-", 10, 200, 0, 10, "" },
		{ "bytes=", 10, 200, 0, 10, "" },
		{ "bytes=99999999999999999999-", 10, 200, 0, 10, "" },
		{ "lines=1-2", 10, 200, 0, 10, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct range r;
		AUTO_STR told = { 0 };

		str_init(&told, 100);
		assert_int_equal(range_parse(&r, cases[i].text, cases[i].size),
				 cases[i].status);
		assert_int_equal(r.start, cases[i].start);
		assert_int_equal(r.n, cases[i].n);
		range_describe(&told, &r, cases[i].status, cases[i].size);
		assert_string_equal(told.data, cases[i].told);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
