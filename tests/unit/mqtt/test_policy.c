/* SPDX-License-Identifier: MIT */
/* test_policy.c - which values are worth a line. */

#include "tests/support/test.h"

#include "bridge/hash.h"
#include "protocols/mqtt/policy.h"
#include "tests/unit/mqtt/fixture.h"

#include <stdlib.h>
#include <string.h>

static struct mark
mark(const char *text)
{
	char *end;
	double n = strtod(text, &end);

	return (struct mark){ *end == '\0', n, hash_bytes(text, strlen(text)) };
}

/* Each value a second after the one before: s shown, k kept, - dropped. */
static void
check(const struct conf_watch *w, const char *values, const char *verdicts)
{
	static const char letters[] = {
		[VERDICT_DROP] = '-', [VERDICT_SHOW] = 's', [VERDICT_KEEP] = 'k'
	};
	struct policy p = { 0 };
	char *copy = xstrdup(values);
	char *save = NULL;
	char got[50] = "";
	size_t n = 0;
	int64_t wait_ms;

	for (char *v = strtok_r(copy, " ", &save); v;
	     v = strtok_r(NULL, " ", &save), n++)
		got[n] = letters[policy_value(
			w, &p, mark(v), (int64_t)(n + 1) * 1000, &wait_ms)];
	assert_string_equal(got, verdicts);
	free(copy);
}

static void
without_a_policy_everything_is_shown(void **state UNUSED)
{
	check(&(struct conf_watch){ 0 }, "1 1 2 2", "ssss");
}

static void
only_changes_are_shown(void **state UNUSED)
{
	check(&(struct conf_watch){ .on_change = true },
	      "1 1 2 2 1.0 1 open open closed", "s-s-s-s-s");
}

static void
a_change_within_the_dead_band_is_none(void **state UNUSED)
{
	check(&(struct conf_watch){ .on_change = true, .dead_band = 0.5 },
	      "20 20.4 20.5 20.9 21 20.4", "s-s-ss");
	check(&(struct conf_watch){ .on_change = true, .dead_band = 0.1 },
	      "0.2 0.3 0.35 0.4", "ss-s");
}

/* Slow creeping is seen, too: compared is with what was shown last. */
static void
what_creeps_is_shown_in_steps(void **state UNUSED)
{
	check(&(struct conf_watch){ .on_change = true, .dead_band = 1 },
	      "1 1.3 1.6 1.9 2.2 2.5", "s---s-");
}

static void
between_two_lines_the_last_value_is_kept(void **state UNUSED)
{
	const struct conf_watch w = { .every_s = 10 };
	struct policy p = { 0 };
	int64_t wait_ms = -1;

	assert_int_equal(policy_value(&w, &p, mark("1"), 1000, &wait_ms),
			 VERDICT_SHOW);
	assert_int_equal(policy_value(&w, &p, mark("2"), 2000, &wait_ms),
			 VERDICT_KEEP);
	assert_int_equal(wait_ms, 9000);
	assert_int_equal(policy_value(&w, &p, mark("3"), 5000, &wait_ms),
			 VERDICT_KEEP);
	assert_int_equal(wait_ms, 6000);
	assert_true(policy_due(&p, 11000));
	assert_false(policy_due(&p, 11001));
	assert_int_equal(policy_value(&w, &p, mark("4"), 12000, &wait_ms),
			 VERDICT_KEEP);
	assert_int_equal(policy_value(&w, &p, mark("5"), 21000, &wait_ms),
			 VERDICT_SHOW);
	assert_false(policy_due(&p, 22000));
}

static void
what_went_back_meanwhile_is_not_shown(void **state UNUSED)
{
	const struct conf_watch w = { .every_s = 10, .on_change = true };
	struct policy p = { 0 };
	int64_t wait_ms;

	policy_value(&w, &p, mark("1"), 1000, &wait_ms);
	assert_int_equal(policy_value(&w, &p, mark("2"), 2000, &wait_ms),
			 VERDICT_KEEP);
	assert_int_equal(policy_value(&w, &p, mark("1"), 3000, &wait_ms),
			 VERDICT_DROP);
	assert_false(policy_due(&p, 11000));
}

static void
what_is_remembered_is_the_last_value(void **state UNUSED)
{
	const struct conf_watch w = { .on_change = true };
	struct policy p = { 0 };
	int64_t wait_ms;

	policy_remember(&p, mark("1"));
	assert_int_equal(policy_value(&w, &p, mark("1"), 1000, &wait_ms),
			 VERDICT_DROP);
	assert_int_equal(policy_value(&w, &p, mark("2"), 2000, &wait_ms),
			 VERDICT_SHOW);
}

static void
a_digest_counts(void **state UNUSED)
{
	const struct conf_watch w = { .digest_s = 60 };
	struct policy p = { 0 };
	int64_t wait_ms;

	policy_value(&w, &p, mark("3"), 1000, &wait_ms);
	assert_int_equal(wait_ms, 60000);
	policy_value(&w, &p, mark("1"), 11000, &wait_ms);
	assert_int_equal(wait_ms, 50000);
	policy_value(&w, &p, mark("x"), 12000, &wait_ms);
	assert_int_equal(policy_value(&w, &p, mark("2"), 13000, &wait_ms),
			 VERDICT_KEEP);
	assert_int_equal(p.n, 4);
	assert_int_equal(p.n_numbers, 3);
	assert_true(p.min == 1 && p.max == 3 && p.sum == 6);
	assert_true(policy_due(&p, 61000));
}

/* ---- alarms ------------------------------------------------------------ */

static const struct alarm_sign high = { true, false };
static const struct alarm_sign middle = { false, false };
static const struct alarm_sign low = { false, true };

static void
an_alarm_begins_once_and_ends_once(void **state UNUSED)
{
	const struct conf_watch w = { 0 };
	struct policy p = { 0 };
	int64_t wait_ms;

	assert_int_equal(alarm_step(&w, &p, &low, 1, &wait_ms), ALARM_QUIET);
	assert_int_equal(alarm_step(&w, &p, &high, 2, &wait_ms), ALARM_BEGINS);
	assert_int_equal(alarm_step(&w, &p, &high, 3, &wait_ms), ALARM_QUIET);
	assert_int_equal(alarm_step(&w, &p, &middle, 4, &wait_ms), ALARM_QUIET);
	assert_int_equal(wait_ms, -1);
	assert_int_equal(alarm_step(&w, &p, &low, 5, &wait_ms), ALARM_OVER);
	assert_int_equal(alarm_step(&w, &p, &low, 6, &wait_ms), ALARM_QUIET);
}

static void
an_alarm_that_must_hold_begins_when_it_has(void **state UNUSED)
{
	const struct conf_watch w = { .hold_s = 30 };
	struct policy p = { 0 };
	int64_t wait_ms;

	assert_int_equal(alarm_step(&w, &p, &high, 0, &wait_ms), ALARM_QUIET);
	assert_int_equal(wait_ms, 30000);
	assert_int_equal(alarm_step(&w, &p, &low, 10000, &wait_ms),
			 ALARM_QUIET);
	assert_int_equal(wait_ms, -1);
	assert_int_equal(alarm_step(&w, &p, &high, 20000, &wait_ms),
			 ALARM_QUIET);
	assert_int_equal(alarm_step(&w, &p, NULL, 49999, &wait_ms),
			 ALARM_QUIET);
	assert_int_equal(wait_ms, 1);
	assert_int_equal(alarm_step(&w, &p, NULL, 50000, &wait_ms),
			 ALARM_BEGINS);
}

static void
an_alarm_is_repeated_while_it_lasts(void **state UNUSED)
{
	const struct conf_watch w = { .repeat_s = 60 };
	struct policy p = { 0 };
	int64_t wait_ms;

	assert_int_equal(alarm_step(&w, &p, &high, 0, &wait_ms), ALARM_BEGINS);
	assert_int_equal(wait_ms, 60000);
	assert_int_equal(alarm_step(&w, &p, NULL, 60000, &wait_ms),
			 ALARM_LASTS);
	assert_int_equal(wait_ms, 60000);
	assert_int_equal(alarm_step(&w, &p, &low, 70000, &wait_ms), ALARM_OVER);
	assert_int_equal(wait_ms, -1);
	assert_int_equal(alarm_step(&w, &p, NULL, 120000, &wait_ms),
			 ALARM_QUIET);
}

static void
a_flood_is_let_through_in_drops(void **state UNUSED)
{
	struct bucket b = { 0 };
	int shown = 0;

	for (int i = 0; i < 6000; i++) /* ten a second, for ten minutes */
		shown += bucket_take(&b, 30, i * 100);
	assert_in_range(shown, 300, 315);
	assert_true(bucket_take(&b, 30, 10000000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_policy_everything_is_shown),
		cmocka_unit_test(only_changes_are_shown),
		cmocka_unit_test(a_change_within_the_dead_band_is_none),
		cmocka_unit_test(what_creeps_is_shown_in_steps),
		cmocka_unit_test(between_two_lines_the_last_value_is_kept),
		cmocka_unit_test(what_went_back_meanwhile_is_not_shown),
		cmocka_unit_test(what_is_remembered_is_the_last_value),
		cmocka_unit_test(a_digest_counts),
		cmocka_unit_test(an_alarm_begins_once_and_ends_once),
		cmocka_unit_test(an_alarm_that_must_hold_begins_when_it_has),
		cmocka_unit_test(an_alarm_is_repeated_while_it_lasts),
		cmocka_unit_test(a_flood_is_let_through_in_drops),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
