/* SPDX-License-Identifier: MIT */
/*
 * test_mqtt_rules.c - what rules say when, and what they know again after a
 * restart, with a clock that is turned by hand. There is no broker.
 */

#include "tests/support/test.h"

#include "bridge/protocol.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "conf/rules.h"
#include "protocols/mqtt/mqtt.h"
#include "tests/conformance/mqtt_house.h"
#include "tests/support/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	struct house house;
	struct channel ch;
	struct tap *tap;
};

void
bridge_contact(struct contact *contact UNUSED,
	       const struct availability *a UNUSED)
{
}

static void
begin(struct fixture *f, const char *rule)
{
	const struct conf_link *link;
	AUTO_STR text = { 0 };

	str_init(&text, 10000);
	str_printf(&text,
		   "networks: {\n" HOUSE_XMPP
		   "home: { protocol = \"mqtt\"; topics = 10;"
		   " broker = \"mqtt://localhost\"; }; };\n"
		   "links: { one: { channels = [ \"x:a@b.localhost\" ];\n"
		   "rules: { r: { filter = \"home:t/#\"; %s }; }; }; };\n",
		   rule);
	house_open(&f->house, text.data);
	link = &f->house.conf->links[0];
	f->ch = (struct channel){ .id = 1,
				  .network = f->house.net,
				  .name = "$rules/one",
				  .conf = &link->members[0] };
	assert_non_null(f->ch.conf->rules);
	mqtt_protocol.ops.join(f->house.net, &f->ch);
	f->tap = f->house.q->taps;
	assert_non_null(f->tap);
}

/* Nothing is left but what was written down. */
static void
restart(struct fixture *f, const char *rule, int64_t away_ms)
{
	house_close(&f->house);
	f->house.wall_ms += away_ms;
	begin(f, rule);
}

static int
setup(void **state)
{
	*state = xcalloc(1, sizeof(struct fixture));
	house_begin(*state);
	return 0;
}

static int
teardown(void **state)
{
	house_end(*state);
	free(*state);
	return 0;
}

static void
comes_as(struct fixture *f, const char *topic, const char *payload,
	 bool retained)
{
	struct mqtt *q = f->house.q;
	const struct incoming in = { .topic = topic,
				     .payload = payload,
				     .len = strlen(payload),
				     .retained = retained };

	watches_take(q->places, f->tap, &in);
	loop_advance(f->house.loop, 0);
}

static void
comes(struct fixture *f, const char *payload)
{
	comes_as(f, "t/a", payload, false);
}

/* So many lines in this run; the last is, or ends in, that text. */
static void
check(size_t n, const char *text)
{
	const char *last = recorder_find("event message");

	assert_int_equal(recorder_count("event message"), n);
	if (n && !strstr(last, text))
		fail_msg("\"%s\" does not say \"%s\"", last, text);
}

/* ---- digests ------------------------------------------------------------- */

static void
a_burst_of_numbers_is_one_line(void **state)
{
	struct fixture *f = *state;

	begin(f, "digest = \"1m\"; say = \"{value} W\";");
	for (int i = 0; i < 10; i++) {
		char text[20];

		(void)snprintf(text, sizeof(text), "%d", 100 + i);
		comes(f, text);
		loop_advance(f->house.loop, 1000);
	}
	loop_advance(f->house.loop, 49000);
	check(0, "");
	loop_advance(f->house.loop, 1000);
	check(1, " t/a: 10 values from 100 to 109, mean 104.5; "
		 "the last: 109 W");
	loop_advance(f->house.loop, 3600000);
	check(1, "");
}

static void
a_burst_of_words_has_a_first_and_a_last(void **state)
{
	struct fixture *f = *state;

	begin(f, "digest = \"1m\"; say = \"{value}\";");
	comes(f, "open");
	comes(f, "ajar");
	comes(f, "closed");
	comes_as(f, "t/b", "alone", false);
	loop_advance(f->house.loop, 60000);
	assert_non_null(recorder_find(" t/a: 3 values; the first: open; "
				      "the last: closed"));
	check(2, " alone");
	comes(f, "open");
	comes(f, "closed");
	loop_advance(f->house.loop, 60000);
	check(3, " t/a: 2 values; the first: open; the last: closed");
}

static void
a_digest_goes_on_after_a_restart(void **state)
{
	struct fixture *f = *state;
	const char *rule = "digest = \"1m\"; say = \"{value}\";";

	begin(f, rule);
	comes(f, "5");
	comes(f, "1");
	restart(f, rule, 20000);
	comes(f, "3");
	loop_advance(f->house.loop, 39000);
	check(0, "");
	loop_advance(f->house.loop, 1000);
	check(1, " t/a: 3 values from 1 to 5, mean 3; the last: 3");
	/* Over, and over also for the next run. */
	restart(f, rule, 3600000);
	loop_advance(f->house.loop, 3600000);
	check(0, "");
	comes(f, "7");
	restart(f, rule, 3600000);
	loop_advance(f->house.loop, 1000);
	check(1, " 7");
}

/* ---- changes ------------------------------------------------------------- */

static void
the_last_value_is_known_after_a_restart(void **state)
{
	struct fixture *f = *state;
	const char *rule = "on_change = 0.5;";

	begin(f, rule);
	comes(f, "20");
	check(1, " 20");
	restart(f, rule, 0);
	comes(f, "20.4");
	check(0, "");
	comes(f, "20.5");
	check(1, " 20.5");
	restart(f, rule, 0);
	comes(f, "20");
	check(1, " 20");
	/* Words, too. */
	comes(f, "open");
	restart(f, rule, 0);
	comes(f, "open");
	check(0, "");
}

static void
what_is_not_dropped_again_is_not_written_again(void **state)
{
	struct fixture *f = *state;

	begin(f, "on_change = 1;");
	comes(f, "1");
	assert_int_equal(recorder.n_memos, 1);
	free((char *)(uintptr_t)recorder.memos[0].value);
	recorder.memos[0].value = xstrdup("untouched");
	comes(f, "1.5");
	assert_string_equal(recorder.memos[0].value, "untouched");
}

static void
what_is_kept_is_shown_after_a_restart(void **state)
{
	struct fixture *f = *state;
	const char *rule = "every = \"5m\";";

	begin(f, rule);
	comes(f, "1");
	comes(f, "2");
	comes(f, "3");
	check(1, " 1");
	restart(f, rule, 60000);
	loop_advance(f->house.loop, 239000);
	check(0, "");
	loop_advance(f->house.loop, 1000);
	check(1, " 3");
	comes(f, "4");
	restart(f, rule, 3600000);
	loop_advance(f->house.loop, 1000);
	check(1, " 4");
}

static void
a_clock_that_went_back_delays_nothing_for_long(void **state)
{
	struct fixture *f = *state;
	const char *rule = "every = \"5m\";";

	begin(f, rule);
	comes(f, "1");
	comes(f, "2");
	restart(f, rule, -86400000);
	loop_advance(f->house.loop, 300000);
	check(1, " 2");
}

/* What the broker had kept is news if we know that it was not so before. */
static void
what_changed_while_we_were_away_is_shown(void **state)
{
	struct fixture *f = *state;
	const char *rule = "on_change = 0;";

	begin(f, rule);
	comes_as(f, "t/a", "1", true);
	check(0, "");
	comes_as(f, "t/a", "1", true);
	check(0, "");
	restart(f, rule, 0);
	comes_as(f, "t/a", "1", true);
	check(0, "");
	comes_as(f, "t/a", "2", true);
	check(1, " 2");
	comes_as(f, "t/b", "1", true);
	check(1, " 2");
}

/* ---- alarms -------------------------------------------------------------- */

static void
an_alarm_lasts_over_a_restart(void **state)
{
	struct fixture *f = *state;
	const char *rule = "alarm = \"value > 60\"; clear = \"value < 55\";"
			   " say = \"hot: {value}\"; repeat = \"10m\";"
			   " clear_say = \"cool\";";

	begin(f, rule);
	comes(f, "61");
	check(1, "hot: 61");
	restart(f, rule, 60000);
	comes(f, "58");
	comes(f, "62");
	check(0, "");
	loop_advance(f->house.loop, 539000);
	check(0, "");
	loop_advance(f->house.loop, 1000);
	check(1, "hot: 62");
	restart(f, rule, 0);
	comes(f, "50");
	check(1, "cool");
	restart(f, rule, 0);
	comes(f, "50");
	loop_advance(f->house.loop, 3600000);
	check(0, "");
	comes(f, "70");
	check(1, "hot: 70");
}

static void
an_alarm_that_must_hold_counts_from_before_the_restart(void **state)
{
	struct fixture *f = *state;
	const char *rule = "alarm = \"value = 1\"; hold = \"1m\";"
			   " say = \"smoke\";";

	begin(f, rule);
	comes(f, "1");
	restart(f, rule, 50000);
	loop_advance(f->house.loop, 9000);
	check(0, "");
	loop_advance(f->house.loop, 1000);
	check(1, "smoke");
}

static void
the_end_of_an_alarm_is_seen_in_what_the_broker_kept(void **state)
{
	struct fixture *f = *state;
	const char *rule = "alarm = \"value = 1\"; say = \"smoke\";"
			   " clear_say = \"none\";";

	begin(f, rule);
	comes(f, "1");
	check(1, "smoke");
	restart(f, rule, 0);
	comes_as(f, "t/a", "0", true);
	check(1, "none");
	/* It was like that when we came first: no news. */
	comes_as(f, "t/b", "1", true);
	check(1, "none");
	comes_as(f, "t/b", "0", false);
	check(2, "none");
}

/* ---- bounds -------------------------------------------------------------- */

static void
there_are_not_more_memos_than_topics(void **state)
{
	struct fixture *f = *state;
	const char *rule = "on_change = 0; per_minute = 1000;";

	begin(f, rule);
	for (int i = 0; i < 50; i++) {
		char topic[20];

		(void)snprintf(topic, sizeof(topic), "t/%d", i);
		comes_as(f, topic, "1", false);
	}
	check(50, " 1");
	assert_int_equal(recorder.n_memos, 10);
	restart(f, rule, 0);
	comes_as(f, "t/49", "1", false);
	comes_as(f, "t/40", "1", false);
	check(0, "");
	comes_as(f, "t/39", "1", false);
	check(1, " 1");
	/* Of a topic that is too long nothing is remembered. */
	char *longest = xcalloc(1, 3000);

	memset(longest, 'x', 2999);
	memcpy(longest, "t/", 2);
	comes_as(f, longest, "1", false);
	comes_as(f, longest, "1", false);
	check(2, " 1");
	restart(f, rule, 0);
	comes_as(f, longest, "1", false);
	check(1, " 1");
	free(longest);
}

/* What is too much is told, after a restart as well. */
static void
what_was_not_shown_is_told_after_a_restart(void **state)
{
	struct fixture *f = *state;
	const char *rule = "per_minute = 2; say = \"{value}\";";

	begin(f, rule);
	for (int i = 0; i < 5; i++)
		comes(f, "x");
	comes(f, "last");
	check(1, " x");
	restart(f, rule, 0);
	loop_advance(f->house.loop, 60000);
	check(1, " r: 5 more not shown; the last: last");
	restart(f, rule, 0);
	loop_advance(f->house.loop, 60000);
	check(0, "");
}

static void
what_another_rule_knew_is_forgotten(void **state)
{
	struct fixture *f = *state;

	begin(f, "on_change = 0;");
	comes(f, "1");
	assert_int_equal(recorder.n_memos, 1);
	free((char *)(uintptr_t)recorder.memos[0].key);
	recorder.memos[0].key = xstrdup("other 00000000 t/a");
	restart(f, "on_change = 0;", 0);
	assert_int_equal(recorder.n_memos, 0);
	comes(f, "1");
	check(1, " 1");
}

/* The disk was full: what was to be said is tried again. */
static void
what_could_not_be_kept_is_said_again(void **state)
{
	struct fixture *f = *state;
	char *before;

	begin(f, "every = \"1m\";");
	comes(f, "1");
	comes(f, "2");
	assert_int_equal(recorder.n_memos, 1);
	before = xstrdup(recorder.memos[0].value);
	loop_advance(f->house.loop, 60000);
	check(2, " 2");
	/* Neither the line nor its memo came to the disk. */
	free((char *)(uintptr_t)recorder.memos[0].value);
	recorder.memos[0].value = before;
	mqtt_protocol.ops.bounce(f->house.net, &f->ch, recorder.last_event,
				 "full");
	loop_advance(f->house.loop, 10000);
	check(3, " 2");
	loop_advance(f->house.loop, 600000);
	check(3, " 2");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_burst_of_numbers_is_one_line),
		TEST(a_burst_of_words_has_a_first_and_a_last),
		TEST(a_digest_goes_on_after_a_restart),
		TEST(the_last_value_is_known_after_a_restart),
		TEST(what_is_not_dropped_again_is_not_written_again),
		TEST(what_is_kept_is_shown_after_a_restart),
		TEST(a_clock_that_went_back_delays_nothing_for_long),
		TEST(what_changed_while_we_were_away_is_shown),
		TEST(an_alarm_lasts_over_a_restart),
		TEST(an_alarm_that_must_hold_counts_from_before_the_restart),
		TEST(the_end_of_an_alarm_is_seen_in_what_the_broker_kept),
		TEST(there_are_not_more_memos_than_topics),
		TEST(what_was_not_shown_is_told_after_a_restart),
		TEST(what_another_rule_knew_is_forgotten),
		TEST(what_could_not_be_kept_is_said_again),
	};

	return cmocka_run_group_tests_name("mqtt_rules", tests, NULL, NULL);
}
