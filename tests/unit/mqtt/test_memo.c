/* SPDX-License-Identifier: MIT */
/* test_memo.c - what is known of a topic, written and read again. */

#include "tests/support/test.h"

#include "protocols/mqtt/memo.h"

#include <stdlib.h>
#include <string.h>

static const struct moment before = { 1000000, 1764000000000 };

/* What comes out when that is written, and read at another moment. */
static struct recall
again(const struct recall *r, const struct moment *at)
{
	struct recall got;
	AUTO_STR text = { 0 };

	str_init(&text, 10000);
	memo_write(&text, r, &before);
	assert_true(memo_read(text.data, &got, at));
	return got;
}

static void
finish(struct recall *r)
{
	free(r->line);
	free(r->name);
	free(r->first);
}

static void
what_was_written_is_read_again(void **state UNUSED)
{
	char line[] = "\"21\" °C", name[] = "east", first[] = "20";
	const struct recall r = {
		.policy = {
			.known = true,
			.last = { true, 21.25, 0 },
			.shown = true,
			.shown_ms = 990000,
			.keeps = true,
			.kept = { false, 0, 0xfedcba9876543210 },
			.n = 3,
			.n_numbers = 2,
			.min = -1,
			.max = 1e300,
			.sum = 5,
			.from_ms = 995000,
			.holds = true,
			.since_ms = 980000,
			.on = true,
			.said_ms = 985000,
		},
		.line = line,
		.name = name,
		.first = first,
	};
	/* A minute later, in another process. */
	const struct moment after = { 500, before.wall_ms + 60000 };
	struct recall got = again(&r, &after);
	const struct policy *p = &got.policy;

	assert_true(p->known && p->last.is_number && p->last.number == 21.25);
	assert_true(p->shown && p->shown_ms == 500 - 60000 - 10000);
	assert_true(p->keeps && !p->kept.is_number &&
		    p->kept.hash == r.policy.kept.hash);
	assert_true(p->n == 3 && p->n_numbers == 2);
	assert_true(p->min == -1 && p->max == 1e300 && p->sum == 5);
	assert_int_equal(p->from_ms, 500 - 60000 - 5000);
	assert_true(p->holds && p->since_ms == 500 - 60000 - 20000);
	assert_true(p->on && p->said_ms == 500 - 60000 - 15000);
	assert_string_equal(got.line, line);
	assert_string_equal(got.name, name);
	assert_string_equal(got.first, first);
	finish(&got);
}

static void
nothing_known_is_nothing_known(void **state UNUSED)
{
	const struct recall r = { .line = NULL };
	struct recall got = again(&r, &before);
	const struct policy *p = &got.policy;

	assert_false(p->known || p->shown || p->keeps || p->holds || p->on);
	assert_int_equal(p->n, 0);
	assert_null(got.line);
	assert_null(got.name);
}

static void
what_lies_ahead_counts_as_now(void **state UNUSED)
{
	const struct recall r = { .policy = { .shown = true,
					      .shown_ms = 1000000 } };
	const struct moment after = { 77, before.wall_ms - 3600000 };
	struct recall got = again(&r, &after);

	assert_int_equal(got.policy.shown_ms, 77);
}

static void
what_is_no_number_is_not_known(void **state UNUSED)
{
	const struct recall r = { .policy = { .known = true,
					      .last = { true, 1e308 * 10 } } };
	struct recall got = again(&r, &before);

	assert_false(got.policy.known);
}

static void
what_is_not_ours_harms_nobody(void **state UNUSED)
{
	static const char *const texts[] = {
		"", "[]", "{", "1", "{\"last\":1,\"last\":2}", "\xff",
	};
	struct recall got;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_false(memo_read(texts[i], &got, &before));
	assert_true(memo_read("{\"n\":-1,\"from\":1,\"shown\":\"x\","
			      "\"last\":[],\"line\":5,\"said\":-9}",
			      &got, &before));
	assert_false(got.policy.known || got.policy.shown || got.policy.on);
	assert_int_equal(got.policy.n, 0);
	assert_null(got.line);
}

static void
what_was_not_shown_is_counted(void **state UNUSED)
{
	uint64_t n;
	char *last;
	AUTO_STR text = { 0 };

	str_init(&text, 1000);
	memo_write_skipped(&text, 12, "the last");
	assert_true(memo_read_skipped(text.data, &n, &last));
	assert_int_equal(n, 12);
	assert_string_equal(last, "the last");
	free(last);
	assert_false(
		memo_read_skipped("{\"skipped\":0,\"last\":\"x\"}", &n, &last));
	assert_false(memo_read_skipped("{\"skipped\":2}", &n, &last));
	assert_false(memo_read_skipped("x", &n, &last));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read_again),
		cmocka_unit_test(nothing_known_is_nothing_known),
		cmocka_unit_test(what_lies_ahead_counts_as_now),
		cmocka_unit_test(what_is_no_number_is_not_known),
		cmocka_unit_test(what_is_not_ours_harms_nobody),
		cmocka_unit_test(what_was_not_shown_is_counted),
	};

	return cmocka_run_group_tests_name("memo", tests, NULL, NULL);
}
