/* SPDX-License-Identifier: MIT */
/*
 * test_irc_catchup.c - the IRC adapter after an absence: history where the
 * server keeps one, one line where it does not, and channels that fell silent.
 */

#include "tests/conformance/irc_fixture.h"

#include "bridge/loop.h"

#include <stdio.h>
#include <string.h>

#define CAPS "batch server-time message-tags draft/chathistory account-tag"
#define NEVER 1700000000000 /* well before any test */

static void
up_with_history(struct fixture *fx, const char *isupport)
{
	fx->d.caps = CAPS;
	fx->d.isupport = isupport;
	up(fx);
}

static void
join_at(struct fixture *fx, const char *cursor)
{
	fx->room.cursor = cursor;
	recorder_join(&fx->room);
}

/* A batch of one line, and the empty one that ends it. */
static void
history(struct fixture *fx, const char *line)
{
	says(fx, ":irc.test BATCH +h chathistory #a");
	if (line)
		says(fx, line);
	says(fx, ":irc.test BATCH -h");
}

/* The transcript's lines with these words come in this order. */
static void
assert_order(const char *const *words)
{
	size_t at = 0;

	for (size_t i = 0; words[i]; i++, at++) {
		while (at < recorder.n_lines &&
		       !strstr(recorder.lines[at], words[i]))
			at++;
		if (at < recorder.n_lines)
			continue;
		recorder_dump();
		fail_msg("\"%s\" does not come in order", words[i]);
	}
}

/* ---- cursors ------------------------------------------------------- */

static void
what_is_said_in_a_channel_carries_a_cursor(void **state)
{
	struct fixture *fx = *state;

	up_and_joined(fx);
	says(fx, "@msgid=m7;time=2026-01-02T03:04:05.678Z "
		 ":Zoe!z@h PRIVMSG #a :one");
	expect(fx, "one {id=m7} {key=m7} {cursor=m7|1767323045678}");
	says(fx, "@time=2026-01-02T03:04:05.678Z :Zoe!z@h TOPIC #a :two");
	expect(fx, "two {cursor=|1767323045678}");
	says(fx, ":Zoe!z@h PRIVMSG #a :three");
	expect(fx, "three {cursor=|1");
	says(fx, ":Zoe!z@h PRIVMSG bridge :no");
	assert_int_equal(recorder_count("{cursor="), 3);
}

static void
the_snapshot_moves_no_cursor(void **state)
{
	struct fixture *fx = *state;

	fx->d.names = "Zoe";
	fx->d.topic = "old";
	up_and_joined(fx);
	expect(fx, "event topic #a net (net) old {backlog}");
	assert_int_equal(recorder_count("{cursor="), 0);
}

/* ---- history ------------------------------------------------------- */

static void
history_is_asked_for_by_what_the_server_knows(void **state)
{
	static const struct {
		const char *isupport, *cursor, *expected;
	} cases[] = {
		{ "CHATHISTORY=50", "m7|1767323045678",
		  "CHATHISTORY AFTER #a msgid=m7 :50" },
		{ "CHATHISTORY=500", "a|b|1767323045678",
		  "CHATHISTORY AFTER #a msgid=a|b :100" },
		{ "CHATHISTORY=50 MSGREFTYPES=timestamp", "m7|1767323045678",
		  "AFTER #a timestamp=2026-01-02T03:04:05.677Z :50" },
		{ "CHATHISTORY=50 MSGREFTYPES=msgid,timestamp",
		  "|1767323045678",
		  "AFTER #a timestamp=2026-01-02T03:04:05.678Z :50" },
	};
	struct fixture *fx = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		up_with_history(fx, cases[i].isupport);
		join_at(fx, cases[i].cursor);
		expect_line(fx, cases[i].expected);
		assert_null(recorder_find("joined #a"));
		teardown(state);
		setup(state);
		fx = *state;
	}
}

static void
history_comes_late_and_before_what_is_said_now(void **state)
{
	static const char *const order[] = {
		"event join #a zoe (Zoe)  {backlog}",
		"event message #a zoe (Zoe) was {late}",
		"event message #a yan (Yan) gone {late}",
		"joined #a",
		"event message #a zoe (Zoe) now",
		NULL,
	};
	struct fixture *fx = *state;

	fx->d.names = "Zoe";
	up_with_history(fx, "CHATHISTORY=50");
	join_at(fx, "m7|1767323045678");
	expect_line(fx, "msgid=m7 :50");
	says(fx, ":irc.test BATCH +h chathistory #a");
	says(fx, "@batch=h;msgid=m8;time=2026-01-02T03:05:00.000Z "
		 ":Zoe!z@h PRIVMSG #a :was");
	says(fx, ":Zoe!z@h PRIVMSG #a :now");
	says(fx, "@batch=h;msgid=m9;time=2026-01-02T03:06:00.000Z "
		 ":Yan!y@h PRIVMSG #a :gone");
	says(fx, ":irc.test BATCH -h");
	expect_line(fx, "msgid=m9 :50");
	history(fx, NULL);
	expect(fx, "(Zoe) now");
	assert_order(order);
	expect(fx, "was {late} {id=m8} {key=m8} {cursor=m8|1767323100000}");
	assert_null(recorder_find("gap #a"));
	assert_null(recorder_find("now {late}"));
}

static void
our_own_words_are_left_out(void **state)
{
	struct fixture *fx = *state;
	struct occupant *ann;

	up_with_history(fx, "CHATHISTORY=50");
	recorder_join(&fx->room);
	expect(fx, "joined #a");
	ann = puppet(fx, 0, &fx->room);
	expect(fx, "puppet joined #a Ann as Ann");
	assert_non_null(ann);
	peer_close(fx->d.peer, 0);
	expect(fx, "down net lost");
	fx->d.listener = 2;
	recorder_start(fx->net);
	assert_true(recorder_wait(fx->loop, "up net", 2));
	recorder_join(&fx->room);
	expect_line(fx, "CHATHISTORY AFTER #a timestamp=");
	peer_say(fx->d.peer, 2, ":irc.test BATCH +h chathistory #a");
	peer_say(fx->d.peer, 2, "@batch=h :Ann!u@host PRIVMSG #a :echo");
	peer_say(fx->d.peer, 2, "@batch=h :bridge!u@host PRIVMSG #a :echo");
	peer_say(fx->d.peer, 2,
		 "@batch=h;time=2020-01-01T00:00:00.000Z "
		 ":Ann!other@host PRIVMSG #a :before us");
	peer_say(fx->d.peer, 2, ":irc.test BATCH -h");
	assert_true(peer_wait(fx->d.peer, "CHATHISTORY", 2));
	peer_say(fx->d.peer, 2, ":irc.test BATCH +i chathistory #a");
	peer_say(fx->d.peer, 2, ":irc.test BATCH -i");
	expect(fx, "before us {late}");
	assert_null(recorder_find("echo"));
}

static void
what_the_server_forgot_is_asked_for_by_time(void **state)
{
	struct fixture *fx = *state;

	up_with_history(fx, "CHATHISTORY=50");
	join_at(fx, "m7|1767323045678");
	expect_line(fx, "msgid=m7");
	says(fx, ":irc.test FAIL CHATHISTORY INVALID_MSGREF AFTER #a :No");
	expect_line(fx, "timestamp=2026-01-02T03:04:05.677Z");
	says(fx, ":irc.test FAIL CHATHISTORY MESSAGE_ERROR AFTER #a :No");
	expect(fx, "gap #a from 1767323045678");
	expect(fx, "joined #a");
}

static void
five_rounds_are_enough(void **state)
{
	struct fixture *fx = *state;

	up_with_history(fx, "CHATHISTORY=1");
	join_at(fx, "m7|1767323045678");
	for (size_t i = 1; i <= 5; i++) {
		assert_true(peer_wait(fx->d.peer, "CHATHISTORY", i));
		history(fx, "@batch=h;msgid=n;time=2026-01-02T03:05:00.000Z "
			    ":Zoe!z@h PRIVMSG #a :again");
	}
	expect(fx, "gap #a from 1767323100000");
	expect(fx, "joined #a");
	assert_int_equal(peer_count(fx->d.peer, "CHATHISTORY"), 5);
	assert_int_equal(recorder_count("again {late}"), 5);
}

static void
a_channel_never_entered_has_no_history(void **state)
{
	struct fixture *fx = *state;

	up_with_history(fx, "CHATHISTORY=50");
	join_at(fx, NULL);
	expect(fx, "joined #a");
	drain(fx);
	assert_null(peer_find(fx->d.peer, "CHATHISTORY"));
	assert_null(recorder_find("gap #a"));
}

static void
old_words_that_nobody_asked_for_are_dropped(void **state)
{
	struct fixture *fx = *state;

	up_with_history(fx, "CHATHISTORY=50");
	join_at(fx, NULL);
	expect(fx, "joined #a");
	history(fx, "@batch=h :Zoe!z@h PRIVMSG #a :old");
	says(fx, ":irc.test BATCH +o chathistory #a");
	says(fx, "@batch=o :irc.test BATCH +p draft/multiline #a");
	says(fx, "@batch=p :Zoe!z@h PRIVMSG #a :old, too");
	says(fx, "@batch=o :irc.test BATCH -p");
	says(fx, ":irc.test BATCH -o");
	says(fx, ":Zoe!z@h PRIVMSG #a :new");
	expect(fx, "new");
	assert_null(recorder_find("old"));
}

static void
too_much_said_meanwhile_ends_the_wait(void **state)
{
	struct fixture *fx = *state;

	up_with_history(fx, "CHATHISTORY=50");
	join_at(fx, "m7|1767323045678");
	expect_line(fx, "msgid=m7");
	for (int i = 0; i < 501; i++)
		peer_say(fx->d.peer, 0, ":Zoe!z@h PRIVMSG #a :flood %d.", i);
	expect(fx, "flood 500.");
	assert_int_equal(recorder_count("flood"), 501);
	assert_int_equal(recorder.joins, 1);
}

static void
a_lost_connection_forgets_what_was_held(void **state)
{
	struct fixture *fx = *state;

	up_with_history(fx, "CHATHISTORY=50");
	join_at(fx, "m7|1767323045678");
	expect_line(fx, "msgid=m7");
	says(fx, ":Zoe!z@h PRIVMSG #a :held");
	drain(fx);
	peer_close(fx->d.peer, 0);
	expect(fx, "down net lost");
	assert_null(recorder_find("held"));
}

/* ---- gaps ---------------------------------------------------------- */

static void
where_there_is_no_history_a_gap_is_told(void **state)
{
	static const struct {
		unsigned gap_s;
		int64_t heard_ms;
		const char *cursor, *expected;
	} cases[] = {
		{ 10, 0, "m7|1700000000000", "gap #a from 1700000000000" },
		{ 10, 0, NULL, NULL },
		{ 4000000000, 0, "m7|1700000000000", NULL },
		{ 10, 0, "broken", "gap #a from 0" },
		{ 10, 1700000000001, "m7|1700000000000",
		  "gap #a from 1700000000001" },
		{ 10, 1699999999999, "m7|1700000000000",
		  "gap #a from 1700000000000" },
		{ 10, INT64_MAX / 2, "m7|1700000000000", NULL },
	};
	struct fixture *fx = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fx->conf.gap_s = cases[i].gap_s;
		up(fx);
		fx->room.heard_ms = cases[i].heard_ms;
		join_at(fx, cases[i].cursor);
		expect(fx, "joined #a");
		if (cases[i].expected)
			assert_non_null(recorder_find(cases[i].expected));
		else
			assert_null(recorder_find("gap"));
		teardown(state);
		setup(state);
		fx = *state;
	}
}

static void
a_gap_begins_when_the_connection_was_lost(void **state)
{
	struct fixture *fx = *state;
	long long from;

	up(fx);
	join_at(fx, "|1700000000000");
	expect(fx, "joined #a");
	assert_int_equal(recorder_count("gap"), 1);
	peer_close(fx->d.peer, 0);
	expect(fx, "down net lost");
	fx->d.listener = 1;
	recorder_start(fx->net);
	assert_true(recorder_wait(fx->loop, "up net", 2));
	recorder_join(&fx->room);
	assert_true(recorder_wait(fx->loop, "gap #a", 2));
	assert_int_equal(
		sscanf(recorder_find("gap #a"), "gap #a from %lld", &from), 1);
	assert_true(from > NEVER);
	assert_true(from <= loop_wall_ms(fx->loop));
}

static void
a_short_absence_is_no_gap(void **state)
{
	struct fixture *fx = *state;

	fx->conf.gap_s = 3600;
	up_and_joined(fx);
	says(fx, ":zoe!z@h KICK #a bridge :out");
	expect(fx, "left #a lost");
	recorder_join(&fx->room);
	assert_true(recorder_wait(fx->loop, "joined #a", 2));
	assert_null(recorder_find("gap"));
}

/* ---- silence ------------------------------------------------------- */

static void
silent_channels_are_asked_about(void **state)
{
	static const struct {
		const char *answer[2];
		bool lost;
	} cases[] = {
		{ { ":irc.test 353 bridge = #a :zoe @bridge",
		    ":irc.test 366 bridge #a :End" },
		  false },
		{ { ":irc.test 353 bridge = #a :zoe",
		    ":irc.test 366 bridge #a :End" },
		  true },
		{ { ":irc.test 366 bridge #a :End" }, true },
		{ { ":irc.test 403 bridge #a :No such channel" }, true },
		{ { ":irc.test 442 bridge #a :Not in it" }, true },
	};
	struct fixture *fx = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fx->conf.silence_s = 1;
		up_and_joined(fx);
		expect_line(fx, "NAMES :#a");
		for (size_t j = 0; j < 2 && cases[i].answer[j]; j++)
			says(fx, cases[i].answer[j]);
		if (cases[i].lost)
			expect(fx, "left #a lost: no longer in the channel");
		drain(fx);
		assert_int_equal(recorder.lefts, cases[i].lost);
		assert_null(recorder_find("event join"));
		teardown(state);
		setup(state);
		fx = *state;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_said_in_a_channel_carries_a_cursor),
		CASE(the_snapshot_moves_no_cursor),
		CASE(history_is_asked_for_by_what_the_server_knows),
		CASE(history_comes_late_and_before_what_is_said_now),
		CASE(our_own_words_are_left_out),
		CASE(what_the_server_forgot_is_asked_for_by_time),
		CASE(five_rounds_are_enough),
		CASE(a_channel_never_entered_has_no_history),
		CASE(old_words_that_nobody_asked_for_are_dropped),
		CASE(too_much_said_meanwhile_ends_the_wait),
		CASE(a_lost_connection_forgets_what_was_held),
		CASE(where_there_is_no_history_a_gap_is_told),
		CASE(a_gap_begins_when_the_connection_was_lost),
		CASE(a_short_absence_is_no_gap),
		CASE(silent_channels_are_asked_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
