/* SPDX-License-Identifier: MIT */
/* test_fold.c - what is skipped of a long queue, and what is not. */

#include "tests/support/test.h"

#include "tests/unit/mappings/fixture.h"

#include "bridge/str.h"
#include "mappings/fold.h"
#include "mappings/messages.h"
#include "mappings/queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE, EDIT, TOPIC };

struct world {
	struct db *db;
	int64_t a, b;
};

static int
set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->db = memory_db();
	w->a = channel_of(w->db, "irc", "#a");
	w->b = channel_of(w->db, "irc", "#b");
	*state = w;
	return 0;
}

/* Waits for b, taken at its number times ten; named as "i" and number. */
static void
put(struct world *w, int64_t id, int kind, const char *target)
{
	char native[32];
	struct event_row row = {
		.id = id,
		.channel = w->a,
		.kind = kind,
		.when_ms = id * 100,
		.received_ms = id,
		.steady_ms = id * 10,
		.native_id = native,
		.target = target,
	};
	int64_t known;

	snprintf(native, sizeof(native), "i%" PRId64, id);
	assert_int_equal(event_put(w->db, &row, &known), 0);
	assert_int_equal(delivery_put(w->db, id, w->b), 0);
}

static int64_t
fold(struct world *w, int64_t rows, int64_t taken_by, int64_t keep)
{
	const struct fold_rule rule = {
		.message = MESSAGE,
		.topic = TOPIC,
		.rows = rows,
		.taken_by_ms = taken_by,
		.keep = keep,
		.now_ms = 9,
	};
	int64_t skipped = -1;

	assert_int_equal(queue_fold(w->db, w->b, &rule, &skipped), 0);
	return skipped;
}

static void
write_row(void *arg, const struct delivery_row *row)
{
	str_printf(arg, "%" PRId64, row->event);
	if (row->stands_for)
		str_printf(arg, "(%" PRId64 " from %" PRId64 ")",
			   row->stands_for, row->stands_from_ms);
	str_add_char(arg, ' ');
}

static void
expect_open(struct world *w, const char *expected)
{
	AUTO_STR s;

	str_init(&s, 4096);
	delivery_next(w->db, w->b, 0, 100, write_row, &s);
	assert_string_equal(s.data, expected);
}

static void
more_than_so_many_are_folded(void **state)
{
	struct world *w = *state;

	for (int64_t i = 1; i <= 5; i++)
		put(w, i, MESSAGE, NULL);
	assert_int_equal(fold(w, 5, 0, 2), 0);
	expect_open(w, "1 2 3 4 5 ");
	put(w, 6, MESSAGE, NULL);
	assert_int_equal(fold(w, 5, 0, 2), 4);
	expect_open(w, "4(4 from 100) 5 6 ");
}

static void
what_waited_for_long_is_folded(void **state)
{
	struct world *w = *state;

	for (int64_t i = 1; i <= 3; i++)
		put(w, i, MESSAGE, NULL);
	assert_int_equal(fold(w, 0, 9, 2), 0);
	assert_int_equal(fold(w, 0, 10, 2), 1);
	expect_open(w, "1(1 from 100) 2 3 ");
}

static void
without_a_rule_nothing_is_folded(void **state)
{
	struct world *w = *state;

	for (int64_t i = 1; i <= 50; i++)
		put(w, i, MESSAGE, NULL);
	assert_int_equal(fold(w, 0, 0, 1), 0);
}

static void
folding_again_adds_up_and_else_changes_nothing(void **state)
{
	struct world *w = *state;

	for (int64_t i = 1; i <= 6; i++)
		put(w, i, MESSAGE, NULL);
	assert_int_equal(fold(w, 5, 0, 2), 4);
	assert_int_equal(fold(w, 100, 0, 2), 0);
	expect_open(w, "4(4 from 100) 5 6 ");
	put(w, 7, MESSAGE, NULL);
	assert_int_equal(fold(w, 5, 0, 2), 5);
	expect_open(w, "5(5 from 100) 6 7 ");
}

static void
what_is_about_a_skipped_one_goes_with_it(void **state)
{
	struct world *w = *state;

	put(w, 1, MESSAGE, NULL);
	put(w, 2, EDIT, "i1");
	for (int64_t i = 3; i <= 6; i++)
		put(w, i, MESSAGE, i == 6 ? "i1" : NULL);
	put(w, 7, EDIT, "i1");
	put(w, 8, EDIT, "i4");
	put(w, 9, EDIT, "i6");
	put(w, 10, EDIT, "elsewhere");
	assert_int_equal(fold(w, 4, 0, 2), 3);
	/* a message that answers a skipped one is still a message */
	expect_open(w, "4(3 from 100) 5 6 9 10 ");
}

static void
the_last_topic_holds(void **state)
{
	struct world *w = *state;

	put(w, 1, TOPIC, NULL);
	put(w, 2, MESSAGE, NULL);
	put(w, 3, TOPIC, NULL);
	assert_int_equal(fold(w, 0, 0, 1), 0);
	expect_open(w, "2 3 ");
	for (int64_t i = 4; i <= 7; i++)
		put(w, i, MESSAGE, NULL);
	assert_int_equal(fold(w, 3, 0, 1), 4);
	expect_open(w, "3 6(4 from 200) 7 ");
}

static void
add_number(void *arg, int64_t number)
{
	str_printf(arg, "%" PRId64 " ", number);
}

static void
who_was_told_is_remembered_until_it_is_over(void **state)
{
	struct world *w = *state;
	AUTO_STR s;

	str_init(&s, 100);
	put(w, 1, MESSAGE, NULL);
	put(w, 2, MESSAGE, NULL);
	assert_int_equal(away_waiting(w->db, w->b, "-", add_number, &s), 0);
	assert_string_equal(s.data, "1 ");
	str_clear(&s);
	assert_int_equal(away_each(w->db, w->b, add_number, &s), 0);
	assert_string_equal(s.data, "");
	assert_int_equal(away_put(w->db, w->b, w->a), 0);
	assert_int_equal(away_put(w->db, w->b, w->a), 0);
	away_each(w->db, w->b, add_number, &s);
	assert_string_equal(s.data, "1 ");
	assert_int_equal(away_over(w->db, w->b), 0);
	str_clear(&s);
	away_each(w->db, w->b, add_number, &s);
	assert_string_equal(s.data, "");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, close_world)
	const struct CMUnitTest tests[] = {
		TEST(more_than_so_many_are_folded),
		TEST(what_waited_for_long_is_folded),
		TEST(without_a_rule_nothing_is_folded),
		TEST(folding_again_adds_up_and_else_changes_nothing),
		TEST(what_is_about_a_skipped_one_goes_with_it),
		TEST(the_last_topic_holds),
		TEST(who_was_told_is_remembered_until_it_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
