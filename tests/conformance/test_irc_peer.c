/* SPDX-License-Identifier: MIT */
/*
 * test_irc_peer.c - the IRC adapter against a scripted server: the life of a
 * network, channels, what is heard, and servers that are slow, hostile or
 * gone.
 */

#include "tests/conformance/irc_fixture.h"

#include "bridge/gate.h"
#include "bridge/loop.h"
#include "bridge/str.h"

#include <string.h>

/* ---- life ---------------------------------------------------------- */

static void
it_registers_and_comes_up(void **state)
{
	struct fixture *fx = *state;

	up(fx);
	assert_non_null(peer_find(fx->d.peer, "NICK bridge"));
	assert_non_null(peer_find(fx->d.peer, "USER bridge"));
	assert_int_equal(recorder.ups, 1);
}

static void
it_says_goodbye_when_stopped(void **state)
{
	struct fixture *fx = *state;

	up(fx);
	recorder_stop(fx->net);
	expect(fx, "down net asked");
	assert_non_null(peer_find(fx->d.peer, "QUIT :Bridge going down"));
}

static void
it_stops_though_the_server_is_silent(void **state)
{
	struct fixture *fx = *state;

	fx->d.peer = peer_new(fx->loop, NULL, NULL);
	create(fx);
	recorder_start(fx->net);
	expect_line(fx, "CAP LS");
	recorder_stop(fx->net);
	expect(fx, "down net asked");
}

static void
it_can_start_again(void **state)
{
	struct fixture *fx = *state;

	up(fx);
	for (size_t i = 2; i < 5; i++) {
		recorder_stop(fx->net);
		assert_true(recorder_wait(fx->loop, "down net", i - 1));
		recorder_start(fx->net);
		assert_true(recorder_wait(fx->loop, "up net", i));
	}
}

static void
nobody_listening_is_unreachable(void **state)
{
	struct fixture *fx = *state;

	ircd_start(&fx->d, fx->loop);
	create(fx);
	ircd_stop(&fx->d);
	recorder_start(fx->net);
	expect(fx, "down net unreachable: 127.0.0.1");
}

static void
how_a_server_turns_us_away_is_told_apart(void **state)
{
	static const struct {
		const char *banner, *expected;
	} cases[] = {
		{ "ERROR :Closing Link: (K-lined)", "down net refused" },
		{ ":irc.test 465 bridge :You are banned", "down net refused" },
		{ "ERROR :Trying to reconnect too fast.",
		  "down net unreachable: the server closed the connection: Trying" },
		{ ":irc.test 464 bridge :Password incorrect",
		  "down net refused" },
		{ "NOTICE * :go away", "down net unreachable" },
	};
	struct fixture *fx = *state;

	ircd_start(&fx->d, fx->loop);
	create(fx);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t before = recorder_count(cases[i].expected);

		fx->d.banner = cases[i].banner;
		recorder_start(fx->net);
		assert_true(recorder_wait(fx->loop, "down net", i + 1));
		if (recorder_count(cases[i].expected) != before + 1) {
			recorder_dump();
			fail_msg("%s", cases[i].banner);
		}
		gate_forgive(loop_gate(fx->loop));
	}
}

static void
who_was_turned_away_does_not_knock_again(void **state)
{
	static const char *const banners[] = {
		"ERROR :Closing Link: (K-lined)",
		":irc.test 465 bridge :You are banned",
		"ERROR :Trying to reconnect too fast.",
	};
	struct fixture *fx = *state;

	ircd_start(&fx->d, fx->loop);
	create(fx);
	for (size_t i = 0; i < ARRAY_SIZE(banners); i++) {
		int links;

		fx->d.banner = banners[i];
		recorder_start(fx->net);
		assert_true(recorder_wait(fx->loop, "down net",
					  recorder.downs + 1));
		links = peer_links(fx->d.peer);
		recorder_start(fx->net);
		assert_true(recorder_wait(fx->loop, "no connection for another",
					  i + 1));
		assert_int_equal(peer_links(fx->d.peer), links);
		gate_forgive(loop_gate(fx->loop));
	}
}

/* It may not, because another connection has just been begun. */
static void
stopping_at_the_gate_ends_it(void **state)
{
	struct fixture *fx = *state;
	const struct gate_way way = { NULL, "127.0.0.1" };

	fx->conf.puppet_connect_ms = 60000;
	ircd_start(&fx->d, fx->loop);
	create(fx);
	assert_int_equal(gate_pass(loop_gate(fx->loop), &way, 60000,
				   loop_now_ms(fx->loop), 0),
			 0);
	recorder_start(fx->net);
	recorder_stop(fx->net);
	expect(fx, "down net asked");
	assert_int_equal(peer_links(fx->d.peer), 0);
}

static void
a_kill_and_a_lost_connection_are_lost(void **state)
{
	struct fixture *fx = *state;

	up(fx);
	says(fx, ":oper!o@h KILL bridge :spam");
	says(fx, "ERROR :Closing Link: killed");
	peer_close(fx->d.peer, 0);
	expect(fx, "down net lost");
	recorder_start(fx->net);
	assert_true(recorder_wait(fx->loop, "up net", 2));
	peer_close(fx->d.peer, 1);
	expect(fx, "down net lost: connection closed");
}

static void
a_silent_server_is_found_dead(void **state)
{
	struct fixture *fx = *state;

	fx->conf.ping_s = 1;
	fx->conf.timeout_s = 1;
	fx->d.deaf = true;
	up(fx);
	expect(fx, "down net lost: no answer");
	assert_non_null(peer_find(fx->d.peer, "PING"));
}

static void
a_quiet_server_that_answers_lives_on(void **state)
{
	struct fixture *fx = *state;

	fx->conf.ping_s = 1;
	fx->conf.timeout_s = 1;
	up(fx);
	assert_true(peer_wait(fx->d.peer, "PING", 2));
	assert_int_equal(recorder.downs, 0);
}

struct chatter {
	struct fixture *fx;
	struct timer timer;
};

static void
chat(void *arg)
{
	struct chatter *c = arg;

	says(c->fx, ":ann!a@h NOTICE bridge :do you hear me?");
	timer_start(&c->timer, c->fx->loop, 50, chat, c);
}

/* Its bytes reach us, and ours do not reach it. */
static void
a_server_that_talks_and_does_not_answer_is_dead(void **state)
{
	struct fixture *fx = *state;
	struct chatter c = { .fx = fx };

	fx->conf.ping_s = 1;
	fx->conf.timeout_s = 1;
	fx->d.deaf = true;
	up(fx);
	chat(&c);
	expect(fx, "down net lost: no answer");
	timer_stop(&c.timer);
}

static void
our_nick_is_regained_when_it_is_free(void **state)
{
	struct fixture *fx = *state;

	fx->d.taken = "bridge";
	up(fx);
	fx->d.taken = NULL;
	says(fx, ":bridge!x@y QUIT :bye");
	assert_true(peer_wait(fx->d.peer, "NICK :bridge", 1));
}

/* ---- channels ------------------------------------------------------ */

static void
a_join_ends_in_a_snapshot(void **state)
{
	struct fixture *fx = *state;

	fx->d.names = "@Zoe +yan xi";
	fx->d.topic = "the \002topic\002";
	up_and_joined(fx);
	assert_non_null(
		recorder_find("event join #a zoe (Zoe)  {backlog} {rank=op}"));
	assert_non_null(recorder_find(
		"event join #a yan (yan)  {backlog} {rank=voice}"));
	assert_non_null(recorder_find("event join #a xi (xi)  {backlog}"));
	assert_non_null(recorder_find("the topic {backlog} {spans=1}"));
	assert_int_equal(recorder_count("event join"), 3);
	assert_null(recorder_find("(bridge)"));
}

static void
extended_names_are_understood(void **state)
{
	struct fixture *fx = *state;

	fx->d.caps = "multi-prefix userhost-in-names extended-join";
	fx->d.names = "@+Zoe!z@h.example";
	up_and_joined(fx);
	expect(fx, "event join #a zoe (Zoe)  {backlog} {rank=op}");
	says(fx, ":irc.test MODE #a -o Zoe");
	expect(fx, "event join #a zoe (Zoe)  {backlog} {rank=voice}");
	says(fx, ":Yan!y@h JOIN #a acct :Yan Real");
	expect(fx, "event join #a yan (Yan)  {account=acct}");
}

static void
comings_and_goings_are_reported(void **state)
{
	struct fixture *fx = *state;

	fx->d.names = "Zoe yan xi wu";
	up_and_joined(fx);
	says(fx, ":Vic!v@h JOIN :#a");
	expect(fx, "event join #a vic (Vic)");
	says(fx, ":Vic!v@h PART #a :tea");
	expect(fx, "event part #a vic (Vic) tea {part=left}");
	says(fx, ":Zoe!v@h QUIT :Quit: sleep");
	expect(fx, "event part #a zoe (Zoe) sleep {part=quit}");
	says(fx, ":xi!x@h KICK #a yan :spam");
	expect(fx, "event part #a yan (yan) spam {part=kicked} {actor=xi}");
	says(fx, ":wu!w@h AWAY :lunch");
	expect(fx, "event presence #a wu (wu) lunch {show=away}");
	says(fx, ":wu!w@h AWAY");
	expect(fx, "event presence #a wu (wu)  {show=online}");
}

static void
the_id_stays_through_nick_changes(void **state)
{
	struct fixture *fx = *state;

	fx->d.names = "Zoe";
	up_and_joined(fx);
	says(fx, ":Zoe!z@h NICK :Yan");
	expect(fx, "event rename #a zoe (Yan)");
	says(fx, ":Yan!z@h PRIVMSG #a :still me");
	expect(fx, "event message #a zoe (Yan) still me");
	says(fx, ":Zoe!new@h JOIN #a");
	expect(fx, "event join #a zoe#2 (Zoe)");
}

static void
a_netsplit_is_told_from_quitting(void **state)
{
	struct fixture *fx = *state;

	fx->d.names = "Zoe yan xi";
	up_and_joined(fx);
	says(fx, ":Zoe!z@h QUIT :hub.example.net *.leaf.example.net");
	expect(fx, "event part #a zoe (Zoe) hub.example.net "
		   "*.leaf.example.net {part=split}");
	says(fx, ":irc.test BATCH +b1 netsplit a.test b.test");
	says(fx, "@batch=b1 :yan!y@h QUIT :whatever");
	says(fx, ":irc.test BATCH -b1");
	expect(fx, "event part #a yan (yan) whatever {part=split}");
	says(fx, ":xi!y@h QUIT :two words");
	expect(fx, "event part #a xi (xi) two words {part=quit}");
}

static void
refused_joins_say_why(void **state)
{
	static const struct {
		unsigned numeric;
		const char *expected;
	} cases[] = {
		{ 403, "left #a refused: there is no such channel" },
		{ 471, "left #a unreachable: the channel is full" },
		{ 473, "left #a refused: the channel is for invited" },
		{ 474, "left #a refused: banned" },
		{ 475, "left #a refused: the key" },
	};
	struct fixture *fx = *state;

	up(fx);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fx->d.closed = cases[i].numeric;
		recorder_join(&fx->room);
		expect(fx, cases[i].expected);
	}
}

static void
being_kicked_leaves_the_channel(void **state)
{
	struct fixture *fx = *state;

	up_and_joined(fx);
	says(fx, ":op!o@h KICK #a bridge :out");
	expect(fx, "left #a lost: kicked by op: out");
	recorder_join(&fx->room);
	assert_true(recorder_wait(fx->loop, "joined #a", 2));
}

static void
five_thousand_members_are_taken_in(void **state)
{
	struct fixture *fx = *state;

	up(fx);
	irc_protocol.ops.join(fx->net, &fx->room);
	says(fx, ":bridge!u@host JOIN #a");
	for (int i = 0; i < 500; i++) {
		AUTO_STR names;

		str_init(&names, 400);
		for (int j = 0; j < 10; j++)
			str_printf(&names, "%s+nick%dx%d", j ? " " : "", i, j);
		peer_say(fx->d.peer, 0, ":irc.test 353 bridge = #a :%s",
			 names.data);
	}
	says(fx, ":irc.test 366 bridge #a :End");
	expect(fx, "joined #a");
	assert_int_equal(recorder_count("{backlog} {rank=voice}"), 5000);
}

/* ---- hearing ------------------------------------------------------- */

static void
what_is_said_becomes_an_event(void **state)
{
	static const struct {
		const char *line, *expected;
	} cases[] = {
		{ ":Zoe!z@h PRIVMSG #a :hello",
		  "event message #a zoe (Zoe) hello" },
		{ ":Zoe!z@h NOTICE #a :beep",
		  "event message #a zoe (Zoe) beep {notice}" },
		{ ":Zoe!z@h PRIVMSG #a :\001ACTION waves\001",
		  "event message #a zoe (Zoe) waves {action}" },
		{ ":Zoe!z@h PRIVMSG #a :\001ACTION open",
		  "event message #a zoe (Zoe) open {action}" },
		{ ":Zoe!z@h PRIVMSG #A :\002bold\002 not",
		  "event message #a zoe (Zoe) bold not {spans=1}" },
		{ "@msgid=x1;+reply=x0;account=zz :Zoe!z@h PRIVMSG #a :re",
		  "re {account=zz} {id=x1} {key=x1} {parent=x0}" },
		{ ":Zoe!z@h PRIVMSG #a :caf\xe9",
		  "event message #a zoe (Zoe) caf\xc3\xa9" },
		{ ":Zoe!z@h TOPIC #a :new", "event topic #a zoe (Zoe) new" },
	};
	struct fixture *fx = *state;

	fx->d.names = "Zoe";
	up_and_joined(fx);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		says(fx, cases[i].line);
		expect(fx, cases[i].expected);
	}
}

static void
ids_that_cannot_be_are_left_out(void **state)
{
	struct fixture *fx = *state;
	AUTO_STR big = { 0 };

	up_and_joined(fx);
	str_init(&big, 4000);
	while (big.len < 3000)
		str_add(&big, "0123456789");
	peer_say(fx->d.peer, 0, "@msgid=%s;account=%s :Zoe!z@h PRIVMSG #a :one",
		 big.data, big.data);
	expect(fx, "event message #a zoe (Zoe) one");
	peer_say(fx->d.peer, 0,
		 "@msgid=\xff;+reply=\xfe :Zoe!z@h PRIVMSG #a :two");
	expect(fx, "event message #a zoe (Zoe) two");
	str_truncate(&big, 400);
	for (size_t i = 0; i < big.len; i++)
		big.data[i] = '\x80'; /* three bytes each in UTF-8 */
	peer_say(fx->d.peer, 0, ":%s!z@h PRIVMSG #a :three", big.data);
	expect(fx, "three");
	assert_null(recorder.last_event->id);
}

static void
server_time_is_the_time(void **state)
{
	struct fixture *fx = *state;

	up_and_joined(fx);
	says(fx, "@time=2026-07-01T10:00:00.123Z :Zoe!z@h PRIVMSG #a :then");
	expect(fx, "then");
	assert_true(recorder.last_event->when_ms == 1782900000123);
}

static void
what_is_not_for_others_is_not_relayed(void **state)
{
	static const char *const lines[] = {
		":irc.test NOTICE #a :from a server",
		":irc.test NOTICE bridge :from a server",
		":Zoe!z@h PRIVMSG bridge :to the listener",
		":Zoe!z@h PRIVMSG @#a :to operators only",
		":Zoe!z@h PRIVMSG #other :elsewhere",
		":Zoe!z@h PRIVMSG #a :\001DCC SEND ../x 1 2 3\001",
		":Zoe!z@h PRIVMSG #a :\001VERSION\001",
		":Zoe!z@h PRIVMSG #a :\001",
		":Zoe!z@h PRIVMSG #a :\001\001",
		":Zoe!z@h PRIVMSG #a :",
		":Zoe!z@h PRIVMSG #a",
		":Zoe!z@h PRIVMSG",
		":bridge!u@host PRIVMSG #a :our own echo",
		":bridge!u@host TOPIC #a :our own topic",
	};
	struct fixture *fx = *state;
	unsigned before;

	up_and_joined(fx);
	before = recorder.events;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		says(fx, lines[i]);
	drain(fx);
	if (recorder.events != before)
		recorder_dump();
	assert_int_equal(recorder.events, before);
}

static void
ctcp_is_answered_sparingly(void **state)
{
	struct fixture *fx = *state;

	up_and_joined(fx);
	for (int i = 0; i < 20; i++)
		says(fx, ":Zoe!z@h PRIVMSG bridge :\001VERSION\001");
	says(fx, ":Zoe!z@h PRIVMSG bridge :hello");
	says(fx, ":Zoe!z@h PRIVMSG bridge :hello");
	expect_line(fx, "NOTICE Zoe :I am a bridge");
	drain(fx);
	assert_int_equal(peer_count(fx->d.peer, "VERSION Causeway"), 1);
	assert_int_equal(peer_count(fx->d.peer, "NOTICE Zoe"), 2);
}

static void
garbage_changes_nothing(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		":",
		": :",
		"@",
		"@a=b",
		"@a=b ",
		":x",
		"NICK",
		":x NICK",
		"JOIN",
		":x JOIN",
		"PART",
		"KICK #a",
		"MODE #a",
		"MODE #a +o",
		"353 a = #a",
		"366",
		"005",
		"QUIT",
		":bridge NICK",
		"BATCH",
		"BATCH +",
		"BATCH -",
		"AWAY",
		"TOPIC #a",
		"332 x #a",
		"333 x #a",
		"352",
		"354 x 42",
		"PONG",
		"PONG :cw0000000000000000",
		"KILL",
		"401",
		"404 bridge #a",
		"CAP",
		"CAP * NEW :x",
		"NOTICE",
		":\xff\xfe!\xff@\xff JOIN #a",
		"XYZZY",
		":\xff\xfe!\xff@\xff PRIVMSG #a :\xff\x01\x02\x03\x1f",
		":a!b@c NICK :",
		"005 bridge NICKLEN=0 PREFIX= CHANTYPES= :x",
		"005 bridge CASEMAPPING=nonsense CHANMODES=,,,,,, :x",
		":Zoe!z@h QUIT",
		"376 again",
		"001 bridge :again",
	};
	struct fixture *fx = *state;
	AUTO_STR big = { 0 };

	fx->d.names = "Zoe";
	up_and_joined(fx);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		says(fx, lines[i]);
	str_init(&big, 20000);
	while (big.len < 10000)
		str_add(&big, "0123456789");
	peer_say(fx->d.peer, 0, ":Zoe!z@h PRIVMSG #a :%s", big.data);
	peer_say(fx->d.peer, 0, "@x=%s :Zoe!z@h PRIVMSG #a :no", big.data);
	peer_write(fx->d.peer, 0, "PRIVMSG\0#a\r\n", 12);
	drain(fx);
	assert_int_equal(recorder.downs, 0);
	says(fx, "005 bridge CHANTYPES=# PREFIX=(ov)@+ :x");
	says(fx, ":Yan!y@h PRIVMSG #a :after all that");
	expect(fx, "after all that");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(it_registers_and_comes_up),
		CASE(it_says_goodbye_when_stopped),
		CASE(it_stops_though_the_server_is_silent),
		CASE(it_can_start_again),
		CASE(nobody_listening_is_unreachable),
		CASE(how_a_server_turns_us_away_is_told_apart),
		CASE(who_was_turned_away_does_not_knock_again),
		CASE(stopping_at_the_gate_ends_it),
		CASE(a_kill_and_a_lost_connection_are_lost),
		CASE(a_silent_server_is_found_dead),
		CASE(a_quiet_server_that_answers_lives_on),
		CASE(a_server_that_talks_and_does_not_answer_is_dead),
		CASE(our_nick_is_regained_when_it_is_free),
		CASE(a_join_ends_in_a_snapshot),
		CASE(extended_names_are_understood),
		CASE(comings_and_goings_are_reported),
		CASE(the_id_stays_through_nick_changes),
		CASE(a_netsplit_is_told_from_quitting),
		CASE(refused_joins_say_why),
		CASE(being_kicked_leaves_the_channel),
		CASE(five_thousand_members_are_taken_in),
		CASE(what_is_said_becomes_an_event),
		CASE(ids_that_cannot_be_are_left_out),
		CASE(server_time_is_the_time),
		CASE(what_is_not_for_others_is_not_relayed),
		CASE(ctcp_is_answered_sparingly),
		CASE(garbage_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
