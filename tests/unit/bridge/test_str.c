/* SPDX-License-Identifier: MIT */
/* test_str.c - growing strings. */

#include "tests/support/test.h"

#include "bridge/str.h"

#include <stdlib.h>
#include <string.h>

static void
an_empty_string_is_terminated(void **state UNUSED)
{
	AUTO_STR s;

	str_init(&s, 0);
	assert_string_equal(s.data, "");
	assert_int_equal(s.len, 0);
	str_add(&s, "");
	assert_false(str_overflowed(&s));
	str_add_char(&s, 'x');
	assert_true(str_overflowed(&s));
	assert_string_equal(s.data, "");
}

static void
pieces_come_one_after_the_other(void **state UNUSED)
{
	AUTO_STR s;

	str_init(&s, 1000);
	str_add(&s, "one");
	str_add_char(&s, ' ');
	str_add_n(&s, "two three", 3);
	str_printf(&s, " %d%s", 3, "!");
	assert_string_equal(s.data, "one two 3!");
	assert_int_equal(s.len, strlen("one two 3!"));
}

static void
nuls_may_be_inside(void **state UNUSED)
{
	AUTO_STR s;

	str_init(&s, 10);
	str_add_n(&s, "a\0b", 3);
	assert_int_equal(s.len, 3);
	assert_memory_equal(s.data, "a\0b", 4);
}

static void
the_ceiling_is_exact(void **state UNUSED)
{
	/* Around the first size and around its doublings. */
	static const size_t sizes[] = { 1, 62, 63, 64, 65, 127, 128, 5000 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		AUTO_STR s;

		str_init(&s, sizes[i]);
		for (size_t n = 0; n < sizes[i]; n++)
			str_add_char(&s, 'x');
		assert_int_equal(s.len, sizes[i]);
		assert_false(str_overflowed(&s));
		str_add_char(&s, 'y');
		assert_int_equal(s.len, sizes[i]);
		assert_true(str_overflowed(&s));
		assert_int_equal(strlen(s.data), sizes[i]);
	}
}

static void
what_does_not_fit_is_not_added_in_part(void **state UNUSED)
{
	AUTO_STR s;

	str_init(&s, 5);
	str_add(&s, "abc");
	str_add(&s, "def");
	assert_string_equal(s.data, "abc");
	str_printf(&s, "%s", "ghi");
	assert_string_equal(s.data, "abc");
	str_add(&s, "de");
	assert_string_equal(s.data, "abcde");
	assert_true(str_overflowed(&s));
}

static void
clearing_forgets_the_overflow(void **state UNUSED)
{
	AUTO_STR s;

	str_init(&s, 2);
	str_add(&s, "abc");
	str_clear(&s);
	assert_false(str_overflowed(&s));
	str_add(&s, "ab");
	assert_string_equal(s.data, "ab");
}

static void
both_ends_can_be_cut(void **state UNUSED)
{
	AUTO_STR s;

	str_init(&s, 100);
	str_add(&s, "abcdef");
	str_truncate(&s, 10);
	assert_string_equal(s.data, "abcdef");
	str_truncate(&s, 5);
	assert_string_equal(s.data, "abcde");
	str_consume(&s, 0);
	str_consume(&s, 2);
	assert_string_equal(s.data, "cde");
	str_consume(&s, 3);
	assert_string_equal(s.data, "");
	assert_int_equal(s.len, 0);
}

static void
taken_bytes_are_the_callers(void **state UNUSED)
{
	AUTO_STR s;

	str_init(&s, 3);
	str_add(&s, "abc");
	str_add(&s, "d");

	char *taken = str_take(&s);

	str_add(&s, "xyz");
	assert_string_equal(taken, "abc");
	assert_string_equal(s.data, "xyz");
	assert_false(str_overflowed(&s));
	str_add(&s, "!");
	assert_true(str_overflowed(&s));
	free(taken);
}

static void
what_was_only_zeroed_can_be_finished(void **state UNUSED)
{
	struct str s = { 0 };

	str_finish(&s);
	str_init(&s, 1);
	str_finish(&s);
	str_finish(&s);
	assert_null(s.data);
}

static void
what_is_formatted_fits_whole_or_not_at_all(void **state UNUSED)
{
	for (size_t room = 0; room < 100; room++) {
		AUTO_STR s = { 0 };
		bool fits = 3 + 64 <= 3 + room;

		str_init(&s, 3 + room);
		str_add(&s, "abc");
		str_printf(&s, "%064d", 7);
		assert_int_equal(str_overflowed(&s), !fits);
		assert_int_equal(s.len, fits ? 3 + 64 : 3);
		assert_int_equal(strlen(s.data), s.len);
	}
}

static void
bytes_become_digits(void **state UNUSED)
{
	static const unsigned char bytes[] = { 0x00, 0x0f, 0xa5, 0xff };
	AUTO_STR s = { 0 };

	str_init(&s, 9);
	str_add(&s, "x");
	str_add_hex(&s, bytes, sizeof(bytes));
	assert_string_equal(s.data, "x000fa5ff");
	str_add_hex(&s, bytes, 1);
	assert_true(str_overflowed(&s));
	assert_string_equal(s.data, "x000fa5ff");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_string_is_terminated),
		cmocka_unit_test(pieces_come_one_after_the_other),
		cmocka_unit_test(nuls_may_be_inside),
		cmocka_unit_test(the_ceiling_is_exact),
		cmocka_unit_test(what_does_not_fit_is_not_added_in_part),
		cmocka_unit_test(what_is_formatted_fits_whole_or_not_at_all),
		cmocka_unit_test(bytes_become_digits),
		cmocka_unit_test(clearing_forgets_the_overflow),
		cmocka_unit_test(both_ends_can_be_cut),
		cmocka_unit_test(taken_bytes_are_the_callers),
		cmocka_unit_test(what_was_only_zeroed_can_be_finished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
