/* SPDX-License-Identifier: MIT */
/* test_base64.c - both alphabets of RFC 4648. */

#include "tests/support/test.h"

#include "bridge/base64.h"

#include <string.h>

static void
base64_goes_both_ways(void **state UNUSED)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "\xff", "/w==" },
		{ "\xfb\xf0", "+/A=" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR s;

		str_init(&s, 100);
		base64_write(&s, cases[i][0], strlen(cases[i][0]));
		assert_string_equal(s.data, cases[i][1]);
		str_clear(&s);
		assert_true(base64_read(&s, cases[i][1], strlen(cases[i][1])));
		assert_string_equal(s.data, cases[i][0]);
		assert_int_equal(s.len, strlen(cases[i][0]));
	}
}

static void
what_is_not_base64_is_refused(void **state UNUSED)
{
	static const char *const cases[] = {
		"Z",    "Zg",       "Zg=",  "====",  "Z===", "=Zg=",
		"Zg=a", "Zg==Zg==", " Zg=", "Zg\n=", "Z-_="
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR s;

		str_init(&s, 100);
		assert_false(base64_read(&s, cases[i], strlen(cases[i])));
		assert_int_equal(s.len, 0);
	}
}

static void
the_alphabet_of_addresses_goes_both_ways_without_padding(void **state UNUSED)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "f", "Zg" },
		{ "fo", "Zm8" },
		{ "foo", "Zm9v" },
		{ "\xfb\xff\xbf", "-_-_" },
		{ "\xff", "_w" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR s = { 0 };

		str_init(&s, 100);
		base64url_write(&s, cases[i][0], strlen(cases[i][0]));
		assert_string_equal(s.data, cases[i][1]);
		str_clear(&s);
		assert_true(
			base64url_read(&s, cases[i][1], strlen(cases[i][1])));
		assert_string_equal(s.data, cases[i][0]);
	}
}

static void
what_is_not_of_that_alphabet_is_refused(void **state UNUSED)
{
	static const char *const cases[] = {
		"Z",    "Zm9vZ", "Zg==",   "Zg=",        "++++",
		"////", "Zm 9",  "Zm9v\n", "Zm\xc3\xa9",
	};
	AUTO_STR s = { 0 };

	str_init(&s, 100);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_false(base64url_read(&s, cases[i], strlen(cases[i])));
		assert_int_equal(s.len, 0);
	}
	assert_false(base64url_read(&s, "Zm9v\0Zm9", 8));
	assert_int_equal(s.len, 0);
}

static void
what_does_not_fit_is_refused(void **state UNUSED)
{
	AUTO_STR s = { 0 };

	str_init(&s, 2);
	assert_false(base64url_read(&s, "Zm9v", 4));
	assert_int_equal(s.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_goes_both_ways),
		cmocka_unit_test(what_is_not_base64_is_refused),
		cmocka_unit_test(
			the_alphabet_of_addresses_goes_both_ways_without_padding),
		cmocka_unit_test(what_is_not_of_that_alphabet_is_refused),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
