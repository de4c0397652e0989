/* SPDX-License-Identifier: MIT */
/*
 * test_irc_share.c - the IRC adapter against a scripted server: linked channels
 * that the listener leaves while users of a gateway hear them. Link 0 is the
 * listener's, 1 Ann's, 2 Bob's.
 */

#include "tests/conformance/irc_fixture.h"

#include "bridge/loop.h"

#include <stdio.h>
#include <string.h>

#define OPS irc_protocol.ops

/* ---- steps --------------------------------------------------------- */

static void
say_to(struct fixture *fx, int link, const char *line)
{
	peer_say(fx->d.peer, link, "%s", line);
}

/* All that was said to that link has been read. */
static void
drain_link(struct fixture *fx, int link)
{
	size_t n = peer_count(fx->d.peer, "PONG :drain");

	peer_say(fx->d.peer, link, "PING :drain");
	if (!peer_wait(fx->d.peer, "PONG :drain", n + 1))
		fail_msg("link %d is silent", link);
}

/* The numbers from and to, each once: to that link. */
static void
count_to(struct fixture *fx, int link, int from, int to)
{
	for (int i = from; i <= to; i++)
		peer_say(fx->d.peer, link, ":zoe!z@z PRIVMSG #a :number %d.",
			 i);
}

/* Each was heard once, and in order. */
static void
assert_counted(int last)
{
	char words[32];
	int next = 1;

	for (size_t i = 0; i < recorder.n_lines; i++) {
		if (!strstr(recorder.lines[i], "event message"))
			continue;
		snprintf(words, sizeof(words), "number %d.", next++);
		if (!strstr(recorder.lines[i], words)) {
			recorder_dump();
			fail_msg("not %s: %s", words, recorder.lines[i]);
		}
	}
	assert_int_equal(next, last + 1);
}

/* The listener is in the linked channel, where zoe is. */
static void
share_up(struct fixture *fx)
{
	fx->conf.gateway = true;
	fx->conf.users.hear_s = 60;
	fx->d.listener = -1;
	fx->d.mutual = true;
	fx->d.names = "@zoe";
	up(fx);
	for (size_t i = 0; i < PUPPETS; i++)
		fx->puppets[i].account = (const struct account *)fx;
	recorder_join(&fx->room);
	expect(fx, "joined #a");
}

static void
step_out(struct fixture *fx)
{
	size_t n = peer_count(fx->d.peer, "0> PART :#a");

	OPS.step_out(fx->net, &fx->room);
	if (!peer_wait(fx->d.peer, "0> PART :#a", n + 1))
		fail_msg("the listener does not leave");
}

static void
step_in(struct fixture *fx)
{
	size_t n = recorder_count("stepped in #a");
	char words[] = "stepped in #a";

	OPS.step_in(fx->net, &fx->room);
	while (recorder_count(words) == n)
		if (!recorder_wait(fx->loop, words, 1))
			fail_msg("the listener does not come");
}

/* ---- who hears ----------------------------------------------------- */

static void
the_listener_is_the_first_and_tells_who_is_there(void **state)
{
	struct fixture *fx = *state;

	share_up(fx);
	expect(fx, "event join #a zoe (zoe)  {backlog} {rank=op}");
	enter(fx, 0);
	enter(fx, 1);
	count_to(fx, 1, 1, 5);
	count_to(fx, 0, 1, 5);
	count_to(fx, 2, 1, 5);
	expect(fx, "number 5.");
	drain_link(fx, 1);
	drain_link(fx, 2);
	assert_counted(5);
	assert_int_equal(recorder_count("event join"), 1);
}

static void
a_network_that_does_not_share_asks_its_listener_alone(void **state)
{
	struct fixture *fx = *state;

	fx->conf.gateway = true;
	fx->d.mutual = true;
	up_and_joined(fx);
	assert_int_equal(fx->net->limits.listener_ms, 0);
	fx->puppets[0].account = (const struct account *)fx;
	enter(fx, 0);
	count_to(fx, 1, 1, 3);
	drain_link(fx, 1);
	assert_int_equal(recorder_count("event message"), 0);
}

static void
nothing_is_lost_or_doubled_as_it_goes_and_comes(void **state)
{
	struct fixture *fx = *state;

	share_up(fx);
	enter(fx, 0);
	count_to(fx, 0, 1, 10); /* Ann lags, Bob is in front */
	count_to(fx, 1, 1, 7);
	drain_link(fx, 0);
	drain_link(fx, 1);
	step_out(fx);
	count_to(fx, 0, 11, 14); /* before the server has seen the PART */
	drain_link(fx, 0);
	count_to(fx, 1, 8, 20);
	drain_link(fx, 1);
	assert_counted(20);

	step_in(fx);
	count_to(fx, 0, 21, 30);
	count_to(fx, 1, 21, 25);
	drain_link(fx, 0);
	drain_link(fx, 1);
	assert_counted(25);
	recorder_puppet_leave(&fx->occupants[0], NULL);
	expect(fx, "number 30.");
	count_to(fx, 0, 31, 40);
	drain_link(fx, 0);
	assert_counted(40);
	assert_int_equal(recorder_count("left #a"), 0);
}

/* What was said before it came, it never gets: Ann still has to read that. */
static void
it_is_in_when_the_hearer_has_read_that_it_came(void **state)
{
	struct fixture *fx = *state;

	share_up(fx);
	enter(fx, 0);
	step_out(fx);
	fx->d.in[1] = false; /* the server tells her later */
	OPS.step_in(fx->net, &fx->room);
	expect_line(fx, "0> JOIN :#a");
	drain_link(fx, 0);
	assert_null(recorder_find("stepped in #a"));
	count_to(fx, 1, 1, 3);
	peer_say(fx->d.peer, 1, ":%s!u@host JOIN #a", fx->d.nicks[0]);
	expect(fx, "stepped in #a");
	recorder_puppet_leave(&fx->occupants[0], NULL);
	count_to(fx, 0, 4, 6);
	expect(fx, "number 6.");
	assert_counted(6);
}

static void
another_one_hears_on_when_the_hearer_is_cut_off(void **state)
{
	struct fixture *fx = *state;

	share_up(fx);
	enter(fx, 0);
	enter(fx, 1);
	step_out(fx);
	count_to(fx, 1, 1, 10);
	count_to(fx, 2, 1, 13);
	drain_link(fx, 1);
	drain_link(fx, 2);
	peer_close(fx->d.peer, 1);
	expect(fx, "puppet left #a Ann lost");
	count_to(fx, 2, 14, 20);
	expect(fx, "number 20.");
	assert_counted(20);
	assert_int_equal(recorder_count("left #a"), 1); /* of "puppet left" */
}

static void
when_nobody_hears_any_more_the_channel_is_lost_and_entered_anew(void **state)
{
	struct fixture *fx = *state;

	fx->conf.gap_s = 0;
	share_up(fx);
	enter(fx, 0);
	step_out(fx);
	count_to(fx, 1, 1, 3);
	expect(fx, "number 3.");
	peer_close(fx->d.peer, 1);
	expect(fx, "left #a lost: nobody of ours is there any more");
	expect(fx, "welcome #a");
	assert_null(recorder_find("event part"));
	recorder_join(&fx->room);
	expect(fx, "gap #a");
	assert_int_equal(recorder_count("joined #a"), 3); /* one is Ann's */
	count_to(fx, 0, 4, 6);
	expect(fx, "number 6.");
	assert_counted(6);
}

static void
who_is_named_is_one_of_us_also_when_it_is_out(void **state)
{
	struct fixture *fx = *state;

	share_up(fx);
	enter(fx, 0);
	step_out(fx);
	expect_line(fx, "1> NAMES :#a");
	drain_link(fx, 1);
	step_in(fx);
	drain_link(fx, 1);
	assert_int_equal(recorder_count("event join"), 1); /* zoe */
	assert_null(recorder_find("event part"));
}

/* ---- the listener is kept out -------------------------------------- */

static void
a_listener_that_may_not_enter_says_why(void **state)
{
	struct fixture *fx = *state;

	share_up(fx);
	enter(fx, 0);
	step_out(fx);
	fx->d.closed = 474;
	OPS.step_in(fx->net, &fx->room);
	expect(fx, "kept out #a refused: banned from the channel");
	count_to(fx, 1, 1, 3);
	expect(fx, "number 3.");
	fx->d.closed = 0;
	step_in(fx);
}

static void
a_listener_that_is_kicked_is_out_while_others_hear(void **state)
{
	struct fixture *fx = *state;

	share_up(fx);
	enter(fx, 0);
	count_to(fx, 0, 1, 3);
	count_to(fx, 1, 1, 2);
	drain_link(fx, 0);
	drain_link(fx, 1);
	say_to(fx, 0, ":zoe!z@z KICK #a bridge :no bots");
	expect(fx, "kept out #a lost: kicked by zoe: no bots");
	count_to(fx, 1, 3, 6);
	expect(fx, "number 6.");
	assert_counted(6);
}

static void
alone_it_loses_the_channel(void **state)
{
	struct fixture *fx = *state;

	share_up(fx);
	say_to(fx, 0, ":zoe!z@z KICK #a bridge :no bots");
	expect(fx, "left #a lost: kicked by zoe: no bots");
	recorder_join(&fx->room);
	expect(fx, "joined #a");
}

static void
a_channel_that_is_closed_to_it_is_left(void **state)
{
	struct fixture *fx = *state;

	fx->conf.gateway = true;
	fx->conf.users.hear_s = 60;
	fx->d.closed = 473;
	up(fx);
	recorder_join(&fx->room);
	expect(fx, "left #a refused: the channel is for invited people");
}

static void
sent_there_while_it_is_out_it_goes_again(void **state)
{
	struct fixture *fx = *state;

	share_up(fx);
	enter(fx, 0);
	step_out(fx);
	drain_link(fx, 0);
	say_to(fx, 0, ":bridge!u@host JOIN :#a");
	if (!peer_wait(fx->d.peer, "0> PART :#a", 2))
		fail_msg("it stays");
}

static void
it_does_not_step_out_where_nobody_else_is(void **state)
{
	struct fixture *fx = *state;

	share_up(fx);
	OPS.step_out(fx->net, &fx->room);
	expect(fx, "stepped in #a");
	count_to(fx, 0, 1, 2);
	expect(fx, "number 2.");
}

/* ---- what is said by ours ------------------------------------------ */

static void
words_of_accounts_are_confirmed_whoever_hears(void **state)
{
	struct fixture *fx = *state;
	struct occupant *ann, *bob;

	share_up(fx);
	ann = enter(fx, 0);
	bob = enter(fx, 1);
	send_text(fx, &fx->room, ann, "the listener sees it");
	expect(fx, "sent d0");
	step_out(fx);
	send_text(fx, &fx->room, bob, "Ann sees it");
	expect(fx, "sent d1");
	send_text(fx, &fx->room, ann, "who hears says it");
	expect(fx, "sent d2");
	assert_int_equal(recorder_count("event message"), 0);
}

static void
what_only_it_could_say_waits_while_it_is_out(void **state)
{
	struct fixture *fx = *state;

	share_up(fx);
	enter(fx, 0);
	step_out(fx);
	send_text(fx, &fx->room, NULL, "<tom> hello");
	expect(fx, "later d0");
	step_in(fx);
	send_text(fx, &fx->room, NULL, "<tom> hello");
	expect(fx, "sent d1");
}

static void
left_for_good_it_is_left_by_both(void **state)
{
	struct fixture *fx = *state;

	share_up(fx);
	enter(fx, 0);
	recorder_leave(&fx->room);
	expect_line(fx, "0> PART :#a");
	expect_line(fx, "1> QUIT");
	recorder_join(&fx->room);
	expect(fx, "joined #a");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_listener_is_the_first_and_tells_who_is_there),
		CASE(a_network_that_does_not_share_asks_its_listener_alone),
		CASE(nothing_is_lost_or_doubled_as_it_goes_and_comes),
		CASE(it_is_in_when_the_hearer_has_read_that_it_came),
		CASE(another_one_hears_on_when_the_hearer_is_cut_off),
		CASE(when_nobody_hears_any_more_the_channel_is_lost_and_entered_anew),
		CASE(who_is_named_is_one_of_us_also_when_it_is_out),
		CASE(a_listener_that_may_not_enter_says_why),
		CASE(a_listener_that_is_kicked_is_out_while_others_hear),
		CASE(alone_it_loses_the_channel),
		CASE(a_channel_that_is_closed_to_it_is_left),
		CASE(sent_there_while_it_is_out_it_goes_again),
		CASE(it_does_not_step_out_where_nobody_else_is),
		CASE(words_of_accounts_are_confirmed_whoever_hears),
		CASE(what_only_it_could_say_waits_while_it_is_out),
		CASE(left_for_good_it_is_left_by_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
