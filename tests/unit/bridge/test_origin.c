/* SPDX-License-Identifier: MIT */
/* test_origin.c - marks on what was relayed. */

#include "tests/support/test.h"

#include "bridge/base.h"
#include "bridge/event.h"
#include "bridge/origin.h"
#include "bridge/str.h"

#include <string.h>

static void
what_is_written_can_be_read(void **state UNUSED)
{
	AUTO(event) ev = event_make(EVENT_MESSAGE);
	AUTO_STR first = { 0 };
	AUTO_STR second = { 0 };

	str_init(&first, ORIGIN_MAX);
	str_init(&second, ORIGIN_MAX);
	origin_write(&first, "0123", NULL, "a1");
	assert_string_equal(first.data, "0123:a1");
	assert_true(origin_read(ev, first.data));
	assert_string_equal(ev->origin, "0123");
	assert_string_equal(ev->via, "a1");
	origin_write(&second, ev->origin, ev->via, "b2");
	assert_string_equal(second.data, "0123:a1,b2");
	assert_true(origin_read(ev, second.data));
	assert_int_equal(origin_hops(ev->via), 2);
}

static void
nothing_else_is_believed(void **state UNUSED)
{
	/* clang-format off */
	static const char *const bad[] = {
		"", ":", "a", "a:", ":a", "a:b,", "a:,b", "a:b,,c", "a b:c",
		"a:b c", "A:b", "a:b\n", "a:b:c", "a;b:c", "a:b<c",
		"0123456789abcdef0123456789abcdef0:a",
		"a:0123456789abcdef0123456789abcdef0",
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO(event) ev = event_make(EVENT_MESSAGE);

		assert_false(origin_read(ev, bad[i]));
		assert_null(ev->origin);
		assert_null(ev->via);
	}
}

static void
a_list_that_is_too_long_is_not_read(void **state UNUSED)
{
	AUTO(event) ev = event_make(EVENT_MESSAGE);
	AUTO_STR wire = { 0 };

	str_init(&wire, 4096);
	str_add(&wire, "a:b");
	while (wire.len < 2 + ORIGIN_VIA_MAX)
		str_add(&wire, ",c");
	assert_false(origin_read(ev, wire.data));
	str_truncate(&wire, 2 + ORIGIN_VIA_MAX - 1);
	assert_true(origin_read(ev, wire.data));
}

static void
a_bridge_is_found_by_its_whole_name(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *via, *bridge;
		bool passed;
		unsigned hops;
	} cases[] = {
		{ NULL, "a1", false, 0 },
		{ "", "a1", false, 0 },
		{ "a1", "a1", true, 1 },
		{ "a12", "a1", false, 1 },
		{ "a1", "a12", false, 1 },
		{ "b2,a1", "a1", true, 2 },
		{ "b2,a1,c3", "a1", true, 3 },
		{ "b2,c3", "a1", false, 2 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(origin_passed(cases[i].via, cases[i].bridge),
				 cases[i].passed);
		assert_int_equal(origin_hops(cases[i].via), cases[i].hops);
	}
}

static void
each_line_of_several_has_a_name(void **state UNUSED)
{
	AUTO_STR out = { 0 };

	str_init(&out, ORIGIN_MAX + 16);
	origin_write_part(&out, "0123:a1,b2", 2);
	assert_string_equal(out.data, "0123.2:a1,b2");
	AUTO(event) ev = event_make(EVENT_MESSAGE);
	assert_true(origin_read(ev, out.data));
	assert_string_equal(ev->origin, "0123.2");
}

/* Bridges of other versions and other places must come to the same. */
static void
names_are_the_same_everywhere(void **state UNUSED)
{
	AUTO_STR one = { 0 };
	AUTO_STR other = { 0 };

	str_init(&one, ORIGIN_ID_MAX);
	str_init(&other, ORIGIN_ID_MAX);
	origin_digest(&one, "xmpp:lobby@rooms.example.org");
	assert_string_equal(one.data, "75b401d463df0189");
	str_clear(&one);
	origin_name(&one, "here", "k1");
	origin_name(&other, "here", "k2");
	assert_string_not_equal(one.data, other.data);
	assert_int_equal(one.len, 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(nothing_else_is_believed),
		cmocka_unit_test(a_list_that_is_too_long_is_not_read),
		cmocka_unit_test(a_bridge_is_found_by_its_whole_name),
		cmocka_unit_test(each_line_of_several_has_a_name),
		cmocka_unit_test(names_are_the_same_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
