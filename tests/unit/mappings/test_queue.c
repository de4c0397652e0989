/* SPDX-License-Identifier: MIT */
/* test_queue.c - the outbox on disk. */

#include "tests/support/test.h"

#include "tests/unit/mappings/fixture.h"

#include "bridge/str.h"
#include "mappings/channels.h"
#include "mappings/messages.h"
#include "mappings/queue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* One event, number 1, said in a; b and c are where it may go. */
struct world {
	struct db *db;
	int64_t a, b, c;
};

static int
set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->db = memory_db();
	w->a = channel_of(w->db, "irc", "#a");
	w->b = channel_of(w->db, "irc", "#b");
	w->c = channel_of(w->db, "xmpp", "c");
	say(w->db, 1, w->a, "hello");
	*state = w;
	return 0;
}

static int
end(struct world *w, int64_t event, enum delivery_state state, const char *id)
{
	struct delivery_end e = {
		.state = state,
		.when_ms = 77,
		.ids = &id,
		.n_ids = id ? 1 : 0,
		.why = state == DELIVERY_REFUSED ? "no" : NULL,
	};

	return delivery_settle(w->db, event, w->b, &e);
}

static void
write_row(void *arg, const struct delivery_row *row)
{
	static const char *const states[] = { "waiting", "sent",    "confirmed",
					      "refused", "expired", "skipped" };

	str_printf(arg, "%" PRId64 ">%" PRId64 " %s %u@%" PRId64 "%s%s; ",
		   row->event, row->channel, states[row->state], row->attempts,
		   row->last_ms, row->why ? " " : "", row->why ? row->why : "");
}

static void
expect_rows(struct world *w, int64_t event, const char *expected)
{
	AUTO_STR s;

	str_init(&s, 4096);
	assert_int_equal(delivery_each(w->db, event, write_row, &s), 0);
	assert_string_equal(s.data, expected);
}

static void
a_delivery_put_twice_is_one(void **state)
{
	struct world *w = *state;

	assert_int_equal(delivery_put(w->db, 1, w->b), 0);
	assert_int_equal(delivery_put(w->db, 1, w->b), 0);
	assert_int_equal(delivery_put(w->db, 1, w->c), 0);
	expect_rows(w, 1, "1>2 waiting 0@0; 1>3 waiting 0@0; ");
	assert_int_equal(delivery_put(w->db, 99, w->b), -ENOENT);
	assert_int_equal(delivery_put(w->db, 1, 99), -ENOENT);
	expect_rows(w, 99, "");
}

static void
an_attempt_told_twice_is_one(void **state)
{
	struct world *w = *state;

	delivery_put(w->db, 1, w->b);
	assert_int_equal(delivery_attempt(w->db, 1, w->b, 10), 0);
	assert_int_equal(delivery_attempt(w->db, 1, w->b, 10), 0);
	expect_rows(w, 1, "1>2 sent 1@10; ");
	assert_int_equal(delivery_attempt(w->db, 1, w->b, 20), 0);
	expect_rows(w, 1, "1>2 sent 2@20; ");
	assert_int_equal(delivery_attempt(w->db, 1, w->c, 20), -ENOENT);
}

static void
later_is_waiting_again_with_a_reason(void **state)
{
	struct world *w = *state;

	delivery_put(w->db, 1, w->b);
	delivery_attempt(w->db, 1, w->b, 10);
	assert_int_equal(delivery_later(w->db, 1, w->b, "link lost"), 0);
	assert_int_equal(delivery_later(w->db, 1, w->b, "link lost"), 0);
	expect_rows(w, 1, "1>2 waiting 1@10 link lost; ");
	assert_int_equal(delivery_attempt(w->db, 1, w->b, 10), 0);
	expect_rows(w, 1, "1>2 sent 2@10 link lost; ");
	assert_int_equal(delivery_later(w->db, 1, w->c, "x"), -ENOENT);
}

static void
a_delivery_keeps_its_first_end(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		enum delivery_state state;
		const char *row;
	} cases[] = {
		{ DELIVERY_CONFIRMED, "1>2 confirmed 1@77; " },
		{ DELIVERY_REFUSED, "1>2 refused 1@77 no; " },
		{ DELIVERY_EXPIRED, "1>2 expired 1@77; " },
		{ DELIVERY_SKIPPED, "1>2 skipped 1@77; " },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		void *world;

		set_up(&world);

		struct world *w = world;

		delivery_put(w->db, 1, w->b);
		delivery_attempt(w->db, 1, w->b, 10);
		assert_int_equal(end(w, 1, cases[i].state, "first"), 0);
		for (int s = DELIVERY_CONFIRMED; s <= DELIVERY_SKIPPED; s++)
			assert_int_equal(end(w, 1, s, "second"), 0);
		assert_int_equal(delivery_put(w->db, 1, w->b), 0);
		assert_int_equal(delivery_attempt(w->db, 1, w->b, 99), 0);
		assert_int_equal(delivery_later(w->db, 1, w->b, "late"), 0);
		expect_rows(w, 1, cases[i].row);
		assert_int_equal(event_find(w->db, w->b, "first"), 1);
		assert_int_equal(event_find(w->db, w->b, "second"), 0);
		close_world(&world);
	}
}

static void
what_was_never_put_cannot_end(void **state)
{
	assert_int_equal(end(*state, 1, DELIVERY_CONFIRMED, "x"), -ENOENT);
	assert_int_equal(end(*state, 99, DELIVERY_REFUSED, NULL), -ENOENT);
}

static void
what_was_never_sent_can_be_refused(void **state)
{
	struct world *w = *state;

	delivery_put(w->db, 1, w->b);
	assert_int_equal(end(w, 1, DELIVERY_REFUSED, NULL), 0);
	expect_rows(w, 1, "1>2 refused 0@77 no; ");
}

static void
expect_next(struct world *w, int64_t after, unsigned limit,
	    const char *expected)
{
	AUTO_STR s;

	str_init(&s, 4096);
	assert_int_equal(
		delivery_next(w->db, w->b, after, limit, write_row, &s), 0);
	assert_string_equal(s.data, expected);
}

static void
next_tells_what_is_waiting_or_sent_in_order(void **state)
{
	struct world *w = *state;

	for (int64_t i = 6; i > 1; i--)
		say(w->db, i, w->a, "hello");
	for (int64_t i = 6; i >= 1; i--)
		delivery_put(w->db, i, w->b);
	delivery_put(w->db, 1, w->c);
	delivery_attempt(w->db, 2, w->b, 5); /* then we crashed */
	end(w, 3, DELIVERY_CONFIRMED, NULL);
	end(w, 5, DELIVERY_EXPIRED, NULL);
	expect_next(w, 0, 9,
		    "1>2 waiting 0@0; 2>2 sent 1@5; 4>2 waiting 0@0; "
		    "6>2 waiting 0@0; ");
	expect_next(w, 1, 2, "2>2 sent 1@5; 4>2 waiting 0@0; ");
	expect_next(w, 6, 9, "");
	expect_next(w, 0, 0, "");
}

static void
write_channel(void *arg, const struct channel_row *row)
{
	str_printf(arg, "%s:%s ", row->network_name, row->channel_name);
}

static void
channels_with_something_waiting_are_told(void **state)
{
	struct world *w = *state;
	AUTO_STR s;

	str_init(&s, 4096);
	say(w->db, 2, w->a, "hello");
	delivery_put(w->db, 1, w->c);
	delivery_put(w->db, 2, w->c);
	delivery_put(w->db, 1, w->b);
	assert_int_equal(queue_channels(w->db, write_channel, &s), 0);
	assert_string_equal(s.data, "irc:#b xmpp:c ");
	end(w, 1, DELIVERY_CONFIRMED, NULL);
	str_clear(&s);
	assert_int_equal(queue_channels(w->db, write_channel, &s), 0);
	assert_string_equal(s.data, "xmpp:c ");
}

static void
figures_count_what_has_not_ended(void **state)
{
	struct world *w = *state;
	struct queue_figures f;

	assert_int_equal(queue_figures(w->db, w->b, &f), 0);
	assert_int_equal(f.rows, 0);
	assert_int_equal(f.bytes, 0);
	assert_int_equal(f.oldest_ms, 0);
	assert_int_equal(f.last_event, 0);

	say(w->db, 20, w->a, "caf\xc3\xa9");
	say(w->db, 30, w->a, NULL);
	delivery_put(w->db, 1, w->b);
	delivery_put(w->db, 20, w->b);
	delivery_put(w->db, 30, w->b);
	delivery_attempt(w->db, 20, w->b, 1);
	end(w, 1, DELIVERY_CONFIRMED, NULL);
	assert_int_equal(queue_figures(w->db, w->b, &f), 0);
	assert_int_equal(f.rows, 2);
	assert_int_equal(f.bytes, 5);
	assert_int_equal(f.oldest_ms, 20);
	assert_int_equal(f.last_event, 30);
}

static void
add_age(void *arg, const struct queue_row *row)
{
	struct str *out = arg;

	str_printf(out, "%" PRId64 " %u %" PRId64 " %s;", row->delivery.event,
		   row->delivery.attempts, row->received_ms,
		   row->delivery.why ? row->delivery.why : "-");
}

static void
the_queue_is_listed_from_its_head_with_what_was_received_when(void **state)
{
	struct world *w = *state;
	int64_t rows = -1, oldest = -1;
	AUTO_STR all, one;

	str_init(&all, 1000);
	str_init(&one, 1000);
	assert_int_equal(queue_depth(w->db, w->b, &rows, &oldest), 0);
	assert_int_equal(rows, 0);
	assert_int_equal(oldest, 0);
	say(w->db, 2, w->a, "there");
	say(w->db, 3, w->a, "now");
	for (int64_t i = 1; i <= 3; i++)
		assert_int_equal(delivery_put(w->db, i, w->b), 0);
	assert_int_equal(delivery_put(w->db, 1, w->c), 0);
	assert_int_equal(delivery_attempt(w->db, 2, w->b, 5), 0);
	assert_int_equal(delivery_later(w->db, 2, w->b, "busy"), 0);
	assert_int_equal(end(w, 1, DELIVERY_CONFIRMED, "x"), 0);
	assert_int_equal(queue_depth(w->db, w->b, &rows, &oldest), 0);
	assert_int_equal(rows, 2);
	assert_int_equal(oldest, 2); /* say() was given that as its time */
	assert_int_equal(queue_list(w->db, w->b, 9, add_age, &all), 0);
	assert_int_equal(queue_list(w->db, w->b, 1, add_age, &one), 0);
	assert_string_equal(all.data, "2 1 2 busy;3 0 3 -;");
	assert_string_equal(one.data, "2 1 2 busy;");
}

static void
add_attempts(void *arg, const struct delivery_row *row)
{
	str_printf(arg, "%u;", row->attempts);
}

static void
an_end_keeps_the_greater_count_of_attempts(void **state)
{
	struct world *w = *state;
	struct delivery_end e = { .state = DELIVERY_CONFIRMED, .attempts = 3 };
	AUTO_STR out;

	str_init(&out, 100);
	assert_int_equal(delivery_put(w->db, 1, w->b), 0);
	assert_int_equal(delivery_put(w->db, 1, w->c), 0);
	for (int64_t t = 1; t <= 4; t++)
		assert_int_equal(delivery_attempt(w->db, 1, w->b, t), 0);
	assert_int_equal(delivery_settle(w->db, 1, w->b, &e), 0);
	assert_int_equal(delivery_settle(w->db, 1, w->c, &e), 0);
	assert_int_equal(delivery_each(w->db, 1, add_attempts, &out), 0);
	assert_string_equal(out.data, "4;3;");
}

static void
what_is_owed_stays_until_it_was_told(void **state)
{
	struct world *w = *state;
	struct delivery_end e = { .state = DELIVERY_REFUSED,
				  .why = "no",
				  .owed = true };
	AUTO_STR s;

	str_init(&s, 1000);
	for (int64_t i = 2; i <= 4; i++)
		say(w->db, i, w->a, "hello");
	for (int64_t i = 1; i <= 4; i++) {
		assert_int_equal(delivery_put(w->db, i, w->b), 0);
		e.owed = i != 2;
		assert_int_equal(delivery_settle(w->db, i, w->b, &e), 0);
	}
	assert_int_equal(owed_each(w->db, write_row, &s), 0);
	assert_string_equal(s.data, "1>2 refused 0@0 no; 3>2 refused 0@0 no; "
				    "4>2 refused 0@0 no; ");
	assert_int_equal(delivery_told(w->db, 3, w->b), 0);
	assert_int_equal(delivery_told(w->db, 3, w->b), 0);
	assert_int_equal(owed_trim(w->db, 2), 0);
	str_clear(&s);
	owed_each(w->db, write_row, &s);
	assert_string_equal(s.data, "1>2 refused 0@0 no; 4>2 refused 0@0 no; ");
	assert_int_equal(owed_trim(w->db, 1), 0);
	str_clear(&s);
	owed_each(w->db, write_row, &s);
	assert_string_equal(s.data, "4>2 refused 0@0 no; ");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, close_world)
	const struct CMUnitTest tests[] = {
		TEST(a_delivery_put_twice_is_one),
		TEST(an_attempt_told_twice_is_one),
		TEST(later_is_waiting_again_with_a_reason),
		cmocka_unit_test(a_delivery_keeps_its_first_end),
		TEST(what_was_never_put_cannot_end),
		TEST(what_was_never_sent_can_be_refused),
		TEST(next_tells_what_is_waiting_or_sent_in_order),
		TEST(channels_with_something_waiting_are_told),
		TEST(figures_count_what_has_not_ended),
		TEST(the_queue_is_listed_from_its_head_with_what_was_received_when),
		TEST(what_is_owed_stays_until_it_was_told),
		TEST(an_end_keeps_the_greater_count_of_attempts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
