/* SPDX-License-Identifier: MIT */
/* test_notice.c - what bridges tell each other, and what follows. */

#include "tests/support/test.h"

#include "bridge/base.h"
#include "bridge/notice.h"
#include "bridge/str.h"

#include <string.h>

static void
what_is_written_can_be_read(void **state UNUSED)
{
	static const char *const texts[] = {
		"a1:p:",
		"a1:c:",
		"a1:s:r1,r2",
		"a1:a:r1,r2,r3 b2:f:r3,r4 c3:s:r4,r5",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct notice notice;
		AUTO_STR out = { 0 };

		str_init(&out, NOTICE_TEXT_MAX);
		assert_true(notice_read(&notice, texts[i]));
		notice_write(&out, &notice);
		assert_string_equal(out.data, texts[i]);
	}
}

static void
nothing_else_is_one(void **state UNUSED)
{
	static const char *const texts[] = {
		"",
		" ",
		"a1",
		"a1:",
		"a1:a",
		"a1:x:",
		"a1:aa:",
		":a:r1",
		"A1:a:r1",
		"a1:a:r1,",
		"a1:a:,r1",
		"a1:a:r1 ",
		"a1:a:r1  b2:a:r2",
		"a1:a:r1;b2:a:r2",
		"a1:a:r1\n",
		"a1:a:0123456789abcdef0123456789abcdef0",
		"0123456789abcdef0123456789abcdef0:a:r1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct notice notice;

		assert_false(notice_read(&notice, texts[i]));
	}
}

static void
what_is_too_many_is_left_out(void **state UNUSED)
{
	struct notice notice;
	AUTO_STR text = { 0 };

	str_init(&text, (size_t)2 * NOTICE_TEXT_MAX);
	str_add(&text, "a1:a:r");
	for (int i = 0; i < 2 * NOTICE_ROOMS_MAX; i++)
		str_printf(&text, ",r%d", i);
	for (int i = 0; i < 2 * NOTICE_LINKS_MAX; i++)
		str_printf(&text, " b%d:a:r1", i);
	assert_true(notice_read(&notice, text.data));
	assert_int_equal(notice.n, NOTICE_LINKS_MAX);
	assert_int_equal(notice.links[0].n_rooms, NOTICE_ROOMS_MAX);
	while (text.len <= NOTICE_TEXT_MAX)
		str_add(&text, " b:a:r1");
	assert_false(notice_read(&notice, text.data));
}

/* Exactly one of two gives way, whoever they are. */
static void
of_two_one_is_to_carry(void **state UNUSED)
{
	static const char *const links[] = {
		"a1:s:r1,r2", "b2:s:r1,r2", "a1:a:r1,r2",
		"b2:a:r1,r2", "a1:f:r1,r2", "b2:f:r1,r2",
	};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(links); k++) {
			struct notice a, b;

			assert_true(notice_read(&a, links[i]));
			assert_true(notice_read(&b, links[k]));
			if (!strcmp(a.links[0].bridge, b.links[0].bridge))
				continue;
			assert_int_not_equal(
				notice_outranks(&a.links[0], &b.links[0]),
				notice_outranks(&b.links[0], &a.links[0]));
		}
	}
}

static void
an_incumbent_stays_and_who_took_over_stays_before(void **state UNUSED)
{
	static const struct {
		const char *other, *mine;
		bool outranks;
	} cases[] = {
		{ "b2:a:r1", "a1:s:r1", true },
		{ "a1:s:r1", "b2:a:r1", false },
		{ "b2:f:r1", "a1:a:r1", true },
		{ "a1:s:r1", "b2:s:r1", true },
		{ "b2:s:r1", "a1:s:r1", false },
		{ "a1:c:", "b2:s:r1", false },
		{ "a1:p:", "b2:s:r1", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct notice a, b;

		assert_true(notice_read(&a, cases[i].other));
		assert_true(notice_read(&b, cases[i].mine));
		assert_int_equal(notice_outranks(&a.links[0], &b.links[0]),
				 cases[i].outranks);
	}
}

/* Which rooms of mine hang together by the others: "aab0" */
static void
rooms_that_others_join_are_found(void **state UNUSED)
{
	static const struct {
		const char *mine, *others, *groups;
	} cases[] = {
		{ "m:s:r1,r2", "a:a:r3,r4", "00" },
		{ "m:s:r1,r2", "a:a:r1,r2", "aa" },
		{ "m:s:r1,r2", "a:a:r1,r3", "a0" },
		{ "m:s:r1,r2", "a:a:r1,r3 b:a:r3,r2", "aa" },
		{ "m:s:r1,r2", "a:a:r1,r3 b:a:r4,r2", "ab" },
		{ "m:s:r1,r2", "a:a:r1,r3 b:a:r4,r2 c:a:r5,r4 d:a:r3,r5",
		  "aa" },
		{ "m:s:r1,r2,r3", "a:a:r1,r3", "a0a" },
		{ "m:s:r1,r2,r3,r4", "a:a:r1,r3 b:a:r2,r4", "abab" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct notice mine, others;
		const struct notice_link *list[NOTICE_LINKS_MAX];
		unsigned groups[NOTICE_ROOMS_MAX];
		const char *want = cases[i].groups;

		assert_true(notice_read(&mine, cases[i].mine));
		assert_true(notice_read(&others, cases[i].others));
		for (size_t k = 0; k < others.n; k++)
			list[k] = &others.links[k];
		notice_groups(&mine.links[0], list, others.n, groups);
		for (size_t k = 0; want[k]; k++) {
			assert_int_equal(groups[k] == 0, want[k] == '0');
			for (size_t j = 0; j < k; j++)
				assert_int_equal(groups[k] == groups[j],
						 want[k] == want[j]);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(nothing_else_is_one),
		cmocka_unit_test(what_is_too_many_is_left_out),
		cmocka_unit_test(of_two_one_is_to_carry),
		cmocka_unit_test(
			an_incumbent_stays_and_who_took_over_stays_before),
		cmocka_unit_test(rooms_that_others_join_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
