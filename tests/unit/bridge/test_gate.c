/* SPDX-License-Identifier: MIT */
/* test_gate.c - when the next connection to a host may be begun. */

#include "tests/support/test.h"

#include "bridge/gate.h"

#include <stdbool.h>

#define PACE 2000
#define MINUTE 60000

static const struct gate_way irc_test = { NULL, "irc.test" };
static const struct gate_way irc_example = { NULL, "irc.example" };
static const struct gate_way own_test = { NULL, "own.test" };

static int
setup(void **state)
{
	*state = gate_new();
	return 0;
}

static int
teardown(void **state)
{
	gate_free(*state);
	return 0;
}

/* Who comes at 1 s, after one that came at 0 from "" to "irc.test". */
static const struct {
	struct gate_way way;
	bool waits;
} comers[] = {
	{ { NULL, "irc.test" }, true },
	{ { NULL, "IRC.Test" }, true },
	{ { NULL, "irc.example" }, false },
	{ { "192.0.2.7", "irc.test" }, false },
};

static void
those_of_one_address_to_one_host_wait_for_each_other(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(comers); i++) {
		struct gate *g = gate_new();
		int64_t wait;

		/* random 1000: in the middle, 2 s */
		assert_int_equal(gate_pass(g, &irc_test, PACE, 0, 1000), 0);
		wait = gate_pass(g, &comers[i].way, PACE, 1000, 0);
		assert_int_equal(wait, comers[i].waits ? 1000 : 0);
		gate_free(g);
	}
}

static void
the_pace_is_spread_by_half(void **state UNUSED)
{
	int64_t least = INT64_MAX, most = 0;

	for (uint64_t r = 0; r < 10000; r++) {
		struct gate *g = gate_new();
		int64_t wait;

		gate_pass(g, &irc_test, PACE, 0, r * 104729);
		wait = gate_pass(g, &irc_test, PACE, 0, 0);
		assert_in_range(wait, PACE / 2, PACE * 3 / 2);
		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
		gate_free(g);
	}
	assert_true(most > 2 * least);
}

static void
a_thousand_at_once_are_a_queue(void **state)
{
	int64_t now = 0;

	for (unsigned i = 0; i < 1000; i++) {
		int64_t wait;

		while ((wait = gate_pass(*state, &irc_test, PACE, now,
					 i * 7919)))
			now += wait;
	}
	assert_in_range(now, 999 * PACE / 2, 999 * PACE * 3 / 2);
}

static void
without_a_pace_nobody_waits(void **state)
{
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(gate_pass(*state, &own_test, 0, 5, i), 0);
}

static void
after_a_refusal_nobody_comes_for_a_minute(void **state)
{
	gate_refused(*state, &irc_test, GATE_THROTTLED, "too fast", 0, 0);
	assert_int_equal(gate_pass(*state, &irc_test, PACE, 1, 0), MINUTE - 1);
	assert_string_equal(gate_why(*state, &irc_test, 1), "too fast");
	assert_null(gate_why(*state, &irc_example, 1));
	assert_null(gate_why(*state, &irc_test, MINUTE));
	assert_int_equal(gate_pass(*state, &irc_test, PACE, MINUTE, 0), 0);
}

static void
bans_in_a_row_are_waited_out_longer(void **state)
{
	int64_t now = 0, before = MINUTE;

	for (unsigned i = 0; i < 10; i++) {
		int64_t wait;

		gate_refused(*state, &irc_test, GATE_BANNED, "K-lined", now, 0);
		wait = gate_pass(*state, &irc_test, PACE, now, 0);
		assert_true(wait >= before);
		before = wait;
		now += wait;
	}
	assert_int_equal(before, 30 * MINUTE);
	gate_welcomed(*state, &irc_test);
	gate_refused(*state, &irc_test, GATE_BANNED, "K-lined", now, 0);
	assert_true(gate_pass(*state, &irc_test, PACE, now, 0) < 3 * MINUTE);
}

static void
only_a_second_ban_of_one_of_many_is_one_of_all(void **state)
{
	int64_t now = 0;

	gate_refused(*state, &irc_test, GATE_BANNED_ONE, "K-lined", now, 0);
	assert_int_equal(gate_pass(*state, &irc_test, PACE, now, 0), 0);
	gate_welcomed(*state, &irc_test);
	gate_refused(*state, &irc_test, GATE_BANNED_ONE, "K-lined", now, 0);
	assert_null(gate_why(*state, &irc_test, now));
	now += 10 * MINUTE;
	gate_refused(*state, &irc_test, GATE_BANNED_ONE, "K-lined", now, 0);
	assert_null(gate_why(*state, &irc_test, now));
	gate_refused(*state, &irc_test, GATE_BANNED_ONE, "K-lined", now, 0);
	assert_string_equal(gate_why(*state, &irc_test, now), "K-lined");
}

/* A puppet that is told "too many" a moment later. */
static void
a_ban_is_not_shortened_by_less(void **state)
{
	gate_refused(*state, &irc_test, GATE_BANNED, "K-lined", 0, 0);
	gate_refused(*state, &irc_test, GATE_THROTTLED, "too many", 1, 0);
	assert_true(gate_pass(*state, &irc_test, PACE, 1, 0) > 2 * MINUTE);
	assert_string_equal(gate_why(*state, &irc_test, 1), "K-lined");
}

static void
an_operator_can_open_it(void **state)
{
	gate_refused(*state, &irc_test, GATE_BANNED, "K-lined", 0, 0);
	gate_forgive(*state);
	assert_null(gate_why(*state, &irc_test, 1));
	assert_int_equal(gate_pass(*state, &irc_test, PACE, 1, 0), 0);
}

int
main(void)
{
#define GATE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		GATE(those_of_one_address_to_one_host_wait_for_each_other),
		GATE(the_pace_is_spread_by_half),
		GATE(a_thousand_at_once_are_a_queue),
		GATE(without_a_pace_nobody_waits),
		GATE(after_a_refusal_nobody_comes_for_a_minute),
		GATE(bans_in_a_row_are_waited_out_longer),
		GATE(only_a_second_ban_of_one_of_many_is_one_of_all),
		GATE(a_ban_is_not_shortened_by_less),
		GATE(an_operator_can_open_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
