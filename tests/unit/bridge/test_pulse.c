/* SPDX-License-Identifier: MIT */
/* test_pulse.c - is the other end alive? */

#include "tests/support/test.h"

#include "bridge/pulse.h"

enum { NEVER = -1 };

/* A connection made at 0, asked every 20 s, given 10 s, and looked at when
 * it says; answers come so long after each question. */
static int64_t
dies_at(int64_t answer_after_ms, int64_t until_ms)
{
	struct pulse p;
	int64_t now = 0, wait, answer = NEVER;

	pulse_start(&p, 20000, 10000, 0);
	while (now < until_ms) {
		switch (pulse_check(&p, now, &wait)) {
		case PULSE_DEAD:
			return now;
		case PULSE_ASK:
			if (answer_after_ms >= 0)
				answer = now + answer_after_ms;
			break;
		case PULSE_WAIT:
			break;
		}
		if (answer >= 0 && answer <= now + wait) {
			now = answer;
			answer = NEVER;
			pulse_answered(&p, now);
		} else {
			now += wait;
		}
	}
	return NEVER;
}

static void
who_answers_in_time_lives(void **state UNUSED)
{
	assert_int_equal(dies_at(0, 1000000), NEVER);
	assert_int_equal(dies_at(9999, 1000000), NEVER);
}

static void
who_does_not_answer_is_dead_after_both_times(void **state UNUSED)
{
	assert_int_equal(dies_at(NEVER, 1000000), 30000);
	assert_int_equal(dies_at(10001, 1000000), 30000);
}

static void
it_is_asked_no_more_often_than_told(void **state UNUSED)
{
	struct pulse p;
	int64_t wait;

	pulse_start(&p, 20000, 10000, 500);
	assert_int_equal(pulse_check(&p, 500, &wait), PULSE_WAIT);
	assert_int_equal(wait, 20000);
	assert_int_equal(pulse_check(&p, 20499, &wait), PULSE_WAIT);
	assert_int_equal(wait, 1);
	assert_int_equal(pulse_check(&p, 20500, &wait), PULSE_ASK);
	assert_int_equal(pulse_check(&p, 20501, &wait), PULSE_WAIT);
	assert_int_equal(wait, 9999);
}

/* What came meanwhile has not been read yet. */
static void
who_slept_asks_once_more(void **state UNUSED)
{
	struct pulse p;
	int64_t wait;

	pulse_start(&p, 20000, 10000, 0);
	assert_int_equal(pulse_check(&p, 20000, &wait), PULSE_ASK);
	assert_int_equal(pulse_check(&p, 90000, &wait), PULSE_ASK);
	assert_int_equal(wait, 10000);
	assert_int_equal(pulse_check(&p, 100000, &wait), PULSE_DEAD);
}

static void
a_question_that_is_held_up_is_given_its_time_again(void **state UNUSED)
{
	struct pulse p;
	int64_t wait;

	pulse_start(&p, 20000, 10000, 0);
	assert_int_equal(pulse_check(&p, 20000, &wait), PULSE_ASK);
	assert_int_equal(pulse_check(&p, 30000, &wait), PULSE_DEAD);
	pulse_held_up(&p, 30000);
	assert_int_equal(pulse_check(&p, 30000, &wait), PULSE_WAIT);
	assert_int_equal(wait, 10000);
	assert_int_equal(pulse_check(&p, 40000, &wait), PULSE_DEAD);
	pulse_held_up(&p, 40000);
	pulse_answered(&p, 41000);
	assert_int_equal(pulse_check(&p, 50000, &wait), PULSE_WAIT);
	assert_int_equal(wait, 11000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_answers_in_time_lives),
		cmocka_unit_test(who_does_not_answer_is_dead_after_both_times),
		cmocka_unit_test(it_is_asked_no_more_often_than_told),
		cmocka_unit_test(who_slept_asks_once_more),
		cmocka_unit_test(
			a_question_that_is_held_up_is_given_its_time_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
