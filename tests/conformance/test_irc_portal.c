/* SPDX-License-Identifier: MIT */
/*
 * test_irc_portal.c - the IRC adapter against a scripted server: channels that
 * are heard through the connections of gateway users, and those connections.
 */

#include "tests/conformance/irc_fixture.h"

#include "bridge/loop.h"

#include <stdio.h>
#include <string.h>

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
	char words[64];

	snprintf(words, sizeof(words), "%d> PONG :drain%zu", link,
		 recorder.n_lines);
	peer_say(fx->d.peer, link, "PING :drain%zu", recorder.n_lines);
	if (!peer_wait(fx->d.peer, words + strlen("0> "), 1))
		fail_msg("link %d is silent", link);
}

/* Somebody else says the text: to those two links; less than 0 is none. */
static void
zoe_says(struct fixture *fx, int first, int second, const char *text)
{
	const int links[] = { first, second };

	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (links[i] >= 0)
			peer_say(fx->d.peer, links[i],
				 ":zoe!z@z PRIVMSG #a :%s", text);
}

static void
expect_order(const char *const *words, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < recorder.n_lines && at < n; i++)
		if (strstr(recorder.lines[i], words[at]))
			at++;
	if (at == n)
		return;
	recorder_dump();
	fail_msg("\"%s\" is not where it should be", words[at]);
}

/* ---- a network without a listener ---------------------------------- */

static void
without_a_listener_it_is_up_at_once(void **state)
{
	struct fixture *fx = *state;

	fx->conf.gateway = true;
	fx->conf.listener = false;
	fx->conf.nick = NULL;
	up(fx);
	assert_int_equal(peer_links(fx->d.peer), 0);
	recorder_join(&fx->room);
	expect(fx, "left #a refused: nobody of ours is there");
	recorder_stop(fx->net);
	expect(fx, "down net asked");
	recorder_start(fx->net);
	assert_true(recorder_wait(fx->loop, "up net", 2));
}

static void
a_gateway_keeps_what_it_needs_without_puppets(void **state)
{
	struct fixture *fx = *state;

	fx->conf.gateway = true;
	fx->conf.listener = false;
	fx->conf.puppets = 0;
	up(fx);
	assert_true(fx->net->caps & CAN_ACCOUNT);
	assert_true(fx->net->caps & CAN_DIRECT);
	assert_false(fx->net->caps & CAN_PUPPET);
}

static void
no_gateway_takes_no_account(void **state)
{
	struct fixture *fx = *state;

	up(fx);
	assert_false(fx->net->caps & CAN_ACCOUNT);
}

static void
a_channel_has_one_name(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{ "#a", "#a" },    { "#ABC", "#abc" },     { "#[x]", "#[x]" },
		{ "a", NULL },     { "", NULL },           { "#a b", NULL },
		{ "#a,#b", NULL }, { "#a\r\nQUIT", NULL }, { "#a\007", NULL },
		{ "#\xff", NULL }, { ":#a", NULL },
	};
	struct fixture *fx = *state;
	char name[128], tiny[3];

	portal_up(fx);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool ok = irc_protocol.ops.channel_name(fx->net, cases[i].text,
							name, sizeof(name));

		assert_int_equal(ok, cases[i].name != NULL);
		if (ok)
			assert_string_equal(name, cases[i].name);
	}
	assert_false(irc_protocol.ops.channel_name(fx->net, "#abc", tiny,
						   sizeof(tiny)));
	enter(fx, 0); /* now we know: it is rfc1459 */
	assert_true(irc_protocol.ops.channel_name(fx->net, "#[X]", name,
						  sizeof(name)));
	assert_string_equal(name, "#{x}");
}

static void
the_server_compares_names_in_its_own_way(void **state)
{
	struct fixture *fx = *state;

	fx->d.isupport = "CASEMAPPING=ascii";
	portal_up(fx);
	fx->room.name = "#[a]";
	recorder_leave(&fx->room);
	recorder_join(&fx->room);
	puppet(fx, 0, &fx->room);
	expect(fx, "puppet joined #[a] Ann as Ann");
	say_to(fx, 0, ":zoe!z@z PRIVMSG #{a} :elsewhere");
	say_to(fx, 0, ":zoe!z@z PRIVMSG #[A] :here");
	expect(fx, "event message #[a] zoe (zoe) here");
	assert_null(recorder_find("elsewhere"));
}

/* ---- portals ------------------------------------------------------- */

static void
the_first_one_tells_who_is_there_before_it_is_in(void **state)
{
	static const char *const order[] = {
		"event join #a zoe (zoe)  {backlog} {rank=op}",
		"event topic #a net (net) old words {backlog}",
		"puppet joined #a Ann as Ann",
		"event message #a zoe (zoe) hello",
	};
	struct fixture *fx = *state;

	fx->d.topic = "old words";
	portal_up(fx);
	enter(fx, 0);
	zoe_says(fx, 0, -1, "hello");
	expect(fx, "hello");
	expect_order(order, ARRAY_SIZE(order));
	assert_int_equal(recorder_count("event join"), 1);
}

static void
the_second_one_says_nothing_twice(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	enter(fx, 1);
	zoe_says(fx, 0, 1, "hello");
	zoe_says(fx, 0, 1, "hello");
	zoe_says(fx, 0, 1, "bye");
	expect(fx, "bye");
	drain_link(fx, 1);
	assert_int_equal(recorder_count("event message"), 3);
	assert_int_equal(recorder_count("event join"), 1);
}

static void
our_own_are_no_members_and_not_heard(void **state)
{
	struct fixture *fx = *state;
	struct occupant *bob;

	portal_up(fx);
	enter(fx, 0);
	bob = enter(fx, 1);
	send_text(fx, &fx->room, bob, "mine");
	expect(fx, "sent d0");
	recorder_puppet_leave(bob, NULL);
	expect_line(fx, "1> PART #a");
	drain_link(fx, 0);
	assert_int_equal(recorder.events, 1); /* zoe */
}

static void
what_the_heir_got_first_is_heard_when_the_hearer_goes(void **state)
{
	static const char *const order[] = { ") one", ") two", ") three",
					     ") four" };
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	enter(fx, 1);
	zoe_says(fx, 0, 1, "one");
	expect(fx, ") one");
	zoe_says(fx, -1, 1, "two");
	zoe_says(fx, -1, 1, "three");
	drain_link(fx, 1);
	assert_null(recorder_find("two"));
	peer_close(fx->d.peer, 0);
	expect(fx, "puppet left #a Ann lost");
	zoe_says(fx, -1, 1, "four");
	expect(fx, ") four");
	expect_order(order, ARRAY_SIZE(order));
	assert_int_equal(recorder_count("event message"), 4);
}

static void
what_the_hearer_got_first_is_not_heard_twice(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	enter(fx, 1);
	zoe_says(fx, 0, 1, "one");
	zoe_says(fx, 0, -1, "two");
	zoe_says(fx, 0, -1, "two");
	zoe_says(fx, 0, -1, "three");
	expect(fx, ") three");
	peer_close(fx->d.peer, 0);
	expect(fx, "puppet left #a Ann lost");
	zoe_says(fx, -1, 1, "two");
	zoe_says(fx, -1, 1, "two");
	zoe_says(fx, -1, 1, "three");
	zoe_says(fx, -1, 1, "two");
	zoe_says(fx, -1, 1, "four");
	expect(fx, ") four");
	assert_int_equal(recorder_count(") two"), 3);
	assert_int_equal(recorder_count(") three"), 1);
	assert_int_equal(recorder_count("event message"), 6);
}

/* The numbers from and to, each once: to that link. */
static void
count_to(struct fixture *fx, int link, int from, int to)
{
	for (int i = from; i <= to; i++)
		peer_say(fx->d.peer, link, ":zoe!z@z PRIVMSG #a :number %d.",
			 i);
}

/* Those from 1 to last were heard, in order, and nothing else. */
static void
expect_numbers(int last)
{
	char words[32];
	int next = 1;

	for (size_t i = 0; i < recorder.n_lines; i++) {
		if (!strstr(recorder.lines[i], "event message"))
			continue;
		snprintf(words, sizeof(words), "number %d.", next++);
		assert_non_null(strstr(recorder.lines[i], words));
	}
	assert_int_equal(next, last + 1);
}

static void
a_stream_of_numbers_survives_every_hand_over(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	enter(fx, 1);
	enter(fx, 2);
	count_to(fx, 0, 1, 20);
	count_to(fx, 1, 1, 27);
	count_to(fx, 2, 1, 15);
	drain_link(fx, 0);
	drain_link(fx, 1);
	drain_link(fx, 2);
	peer_close(fx->d.peer, 0);
	expect(fx, "puppet left #a Ann lost");
	count_to(fx, 2, 16, 45);
	drain_link(fx, 2);
	count_to(fx, 1, 28, 40);
	drain_link(fx, 1);
	peer_close(fx->d.peer, 1);
	expect(fx, "puppet left #a Bob lost");
	count_to(fx, 2, 46, 60);
	expect(fx, "number 60.");
	expect_numbers(60);
}

/* The new heir is far behind when it has to take over. */
static void
an_heir_that_lags_says_nothing_twice(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	count_to(fx, 0, 1, 20);
	expect(fx, "number 20.");
	enter(fx, 1);
	count_to(fx, 1, 15, 18);
	drain_link(fx, 1);
	peer_close(fx->d.peer, 0);
	expect(fx, "puppet left #a Ann lost");
	count_to(fx, 1, 19, 25);
	expect(fx, "number 25.");
	assert_int_equal(recorder_count("event message"), 25);
}

/* It need not be deaf: to be a thousand lines behind is enough. */
static void
a_hearer_that_is_far_behind_hears_no_longer(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	enter(fx, 1);
	for (int from = 1; from <= 1100; from += 100) {
		count_to(fx, 1, from, from + 99);
		drain_link(fx, 1);
	}
	expect(fx, "number 1100.");
	count_to(fx, 0, 1, 20);
	drain_link(fx, 0);
	expect_numbers(1100);
}

static void
ids_tell_equal_words_apart(void **state)
{
	struct fixture *fx = *state;

	fx->d.caps = "message-tags";
	portal_up(fx);
	enter(fx, 0);
	enter(fx, 1);
	say_to(fx, 0, "@msgid=x1 :zoe!z@z PRIVMSG #a :ok");
	expect(fx, "{id=x1}");
	peer_close(fx->d.peer, 0);
	expect(fx, "puppet left #a Ann lost");
	say_to(fx, 1, "@msgid=x1 :zoe!z@z PRIVMSG #a :ok");
	say_to(fx, 1, "@msgid=x2 :zoe!z@z PRIVMSG #a :ok");
	expect(fx, "{id=x2}");
	assert_int_equal(recorder_count("event message"), 2);
}

static void
who_came_and_went_at_a_hand_over_is_found_out(void **state)
{
	struct fixture *fx = *state;
	struct occupant *ann;

	fx->d.names = "@zoe yan";
	portal_up(fx);
	ann = enter(fx, 0);
	enter(fx, 1);
	fx->d.names = "+zoe xia";
	recorder_puppet_leave(ann, NULL);
	expect(fx, "event part #a yan");
	expect_line(fx, "1> NAMES");
	assert_non_null(recorder_find("event join #a xia (xia)"));
	assert_non_null(recorder_find("join #a zoe (zoe)  {backlog} "
				      "{rank=voice}"));
	assert_int_equal(recorder_count("event join #a zoe"), 2);
	assert_int_equal(recorder_count("event part"), 1);
}

static void
when_the_last_one_has_left_everybody_is_gone(void **state)
{
	struct fixture *fx = *state;
	struct occupant *ann;

	fx->d.names = "zoe yan";
	portal_up(fx);
	ann = enter(fx, 0);
	recorder_puppet_leave(ann, NULL);
	assert_int_equal(recorder_count("event part #a"), 2);
	puppet(fx, 0, &fx->room);
	assert_true(recorder_wait(fx->loop, "puppet joined #a Ann as Ann", 2));
	assert_int_equal(recorder_count("event join #a"), 4);
	/* it lingered: the same connection was used again */
	assert_int_equal(peer_links(fx->d.peer), 1);
}

static void
the_hearer_may_be_kicked(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	enter(fx, 1);
	fx->d.in[0] = false;
	say_to(fx, 0, ":zoe!z@z KICK #a Ann :bye now");
	say_to(fx, 1, ":zoe!z@z KICK #a Ann :bye now");
	expect(fx, "puppet left #a Ann refused: kicked by zoe: bye now");
	assert_int_equal(fx->occupants[0].refusal, REFUSAL_KICKED);
	zoe_says(fx, 0, 1, "still here");
	expect(fx, ") still here");
	assert_int_equal(recorder_count("event message"), 1);
}

static void
a_server_without_names_keeps_nobody_out(void **state)
{
	struct fixture *fx = *state;

	fx->d.unnamed = true;
	portal_up(fx);
	puppet(fx, 0, &fx->room);
	expect_line(fx, "0> JOIN :#a");
	say_to(fx, 0, ":irc.test 366 Ann #b :another channel");
	drain_link(fx, 0);
	assert_int_equal(recorder_count("puppet joined"), 0);
	say_to(fx, 0, ":irc.test 366 Ann #a :End");
	expect(fx, "puppet joined #a Ann as Ann");
}

static void
names_that_nobody_asked_for_change_nothing(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	say_to(fx, 0, ":irc.test 353 Ann = #a :mallory");
	say_to(fx, 0, ":irc.test 366 Ann #a :End");
	say_to(fx, 0, ":mallory!m@m JOIN #b");
	say_to(fx, 0, ":mallory!m@m PART #a");
	say_to(fx, 0, ":irc.test KICK #a nobody");
	drain_link(fx, 0);
	assert_null(recorder_find("mallory"));
	assert_int_equal(recorder_count("event part"), 0);
}

/* ---- accounts ------------------------------------------------------ */

static void
the_nick_is_the_one_asked_for(void **state)
{
	struct fixture *fx = *state;

	fx->senders[0].name = "_Ann_[x]";
	portal_up(fx);
	puppet(fx, 0, &fx->room);
	expect(fx, "puppet joined #a _Ann_[x] as _Ann_[x]");
}

static void
a_poisoned_nick_is_one_lawful_word(void **state)
{
	static const char *const poison[] = {
		"Ann\r\nQUIT :x", "Ann\nJOIN #b", " Ann",    ":Ann", "#Ann",
		"A n n",          "\001Ann",      "Ann!u@h", "@Ann",
	};
	struct fixture *fx = *state;

	portal_up(fx);
	for (size_t i = 0; i < ARRAY_SIZE(poison); i++) {
		fx->senders[0].name = poison[i];
		puppet(fx, 0, &fx->room);
		assert_true(recorder_wait(fx->loop, "puppet joined #a", i + 1));
		recorder_puppet_leave(&fx->occupants[0], NULL);
		/* a new connection each time */
		fx->senders[0].id = poison[i];
	}
	assert_int_equal(peer_count(fx->d.peer, "> JOIN :#b"), 0);
	assert_int_equal(peer_count(fx->d.peer, "> QUIT"), 0);
	assert_int_equal(peer_count(fx->d.peer, "> NICK"),
			 (size_t)peer_links(fx->d.peer));
}

static void
a_join_that_nobody_asked_for_is_undone(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	say_to(fx, 0, ":Ann!u@host JOIN #elsewhere");
	expect_line(fx, "0> PART :#elsewhere");
	say_to(fx, 0, ":Ann!u@host JOIN #a");
	say_to(fx, 0, ":Ann!u@host PART #never");
	say_to(fx, 0, ":zoe!z@z KICK #never Ann :no");
	say_to(fx, 0, ":zoe!z@z KICK");
	say_to(fx, 0, "JOIN");
	say_to(fx, 0, ":Ann!u@host NICK");
	drain_link(fx, 0);
	assert_int_equal(recorder.puppet_joins, 1);
	assert_int_equal(recorder.puppet_lefts, 0);
}

static void
a_nick_that_is_taken_is_no_way_in(void **state)
{
	struct fixture *fx = *state;

	fx->d.taken = "Ann";
	portal_up(fx);
	puppet(fx, 0, &fx->room);
	expect(fx, "puppet left #a Ann refused: the server does not give");
	assert_int_equal(fx->occupants[0].refusal, REFUSAL_NAME_TAKEN);
	assert_int_equal(peer_count(fx->d.peer, "> NICK"), 1);
	/* with another one there is no need to wait */
	fx->senders[0].name = "Anna";
	puppet(fx, 0, &fx->room);
	expect(fx, "puppet joined #a Anna as Anna");
}

static void
who_is_on_keeps_the_nick(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	fx->many[0] = fx->room;
	fx->many[0].name = "#b";
	fx->many[0].id = 77;
	fx->many[0].data = NULL;
	fx->many[0].joined = false;
	recorder_join(&fx->many[0]);
	fx->occupants[1] = (struct occupant){ .puppet = &fx->puppets[0],
					      .channel = &fx->many[0],
					      .want = "Other" };
	recorder_puppet_join(&fx->occupants[1]);
	expect(fx, "puppet joined #b Other as Ann");
	assert_int_equal(peer_count(fx->d.peer, "> NICK"), 1);
	assert_int_equal(peer_links(fx->d.peer), 1);
}

static void
a_nick_changes_when_asked_or_forced(void **state)
{
	struct fixture *fx = *state;
	struct occupant *ann;

	portal_up(fx);
	ann = enter(fx, 0);
	ann->want = "Anna";
	irc_protocol.ops.puppet_update(fx->net, ann, PUPPET_NAME);
	expect(fx, "puppet renamed #a Anna to Anna");
	say_to(fx, 0, ":Anna!u@host NICK :Guest7");
	expect(fx, "puppet renamed #a Anna to Guest7");
	assert_int_equal(recorder_count("event rename"), 0);
}

static void
every_refusal_has_its_reason(void **state)
{
	static const struct {
		unsigned numeric;
		enum refusal refusal;
	} cases[] = {
		{ 403, REFUSAL_NO_CHANNEL },      { 471, REFUSAL_FULL },
		{ 473, REFUSAL_INVITED_ONLY },    { 474, REFUSAL_BANNED },
		{ 475, REFUSAL_PASSWORD },        { 476, REFUSAL_NO_CHANNEL },
		{ 477, REFUSAL_REGISTERED_ONLY }, { 489, REFUSAL_OTHER },
	};
	struct fixture *fx = *state;

	portal_up(fx);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fx->d.closed = cases[i].numeric;
		puppet(fx, 0, &fx->room);
		assert_true(
			recorder_wait(fx->loop, "puppet left #a Ann", i + 1));
		assert_int_equal(fx->occupants[0].refusal, cases[i].refusal);
	}
}

static void
the_key_is_the_password_given(void **state)
{
	static const char *const poison[] = { "a b", "a\r\nQUIT", "a,b",
					      "a\nNICK x" };
	struct fixture *fx = *state;

	portal_up(fx);
	for (size_t i = 0; i < ARRAY_SIZE(poison); i++) {
		puppet(fx, 0, &fx->direct);
		expect(fx, "puppet joined zoe Ann");
		fx->occupants[1] = (struct occupant){ .puppet = &fx->puppets[0],
						      .channel = &fx->room,
						      .want = "Ann",
						      .password = poison[i] };
		recorder_puppet_join(&fx->occupants[1]);
		assert_true(recorder_wait(fx->loop,
					  "puppet left #a Ann refused", i + 1));
		assert_int_equal(fx->occupants[1].refusal, REFUSAL_PASSWORD);
		recorder_puppet_leave(&fx->occupants[0], NULL);
	}
	fx->occupants[1] = (struct occupant){ .puppet = &fx->puppets[0],
					      .channel = &fx->room,
					      .want = "Ann",
					      .password = "sesame" };
	recorder_puppet_join(&fx->occupants[1]);
	expect(fx, "puppet joined #a Ann");
	assert_non_null(peer_find(fx->d.peer, "> JOIN #a :sesame"));
	assert_int_equal(peer_count(fx->d.peer, "> JOIN"), 1);
	assert_int_equal(peer_count(fx->d.peer, "> QUIT"), 0);
	assert_int_equal(peer_count(fx->d.peer, "> NICK"), 1);
}

static void
what_the_server_says_reaches_the_owner(void **state)
{
	struct fixture *fx = *state;

	fx->d.motd = "be nice";
	portal_up(fx);
	enter(fx, 0);
	expect(fx, "event message ->home/Ann 127.0.0.1 (irc.test) be nice");
	say_to(fx, 0, ":irc.test NOTICE Ann :*** rebooting");
	expect(fx, "127.0.0.1 (irc.test) *** rebooting {notice}");
	say_to(fx, 0, ":irc.test 482 Ann #a :You are not operator");
	expect(fx, "127.0.0.1 (irc.test) #a: You are not operator");
	say_to(fx, 0, ":NickServ!s@services. NOTICE Ann :identify");
	expect(fx, "->home/Ann nickserv (NickServ) identify {notice}");
	say_to(fx, 0, ":zoe!z@z PRIVMSG Ann :psst");
	expect(fx, "->home/Ann zoe (zoe) psst");
}

static void
a_server_may_not_flood_its_user(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	for (int i = 0; i < 200; i++)
		peer_say(fx->d.peer, 0, ":irc.test NOTICE Ann :line %d", i);
	drain_link(fx, 0);
	assert_in_range(recorder_count("(irc.test) line"), 10, 30);
}

static void
a_lost_account_is_told_so_and_comes_back(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	peer_close(fx->d.peer, 0);
	expect(fx, "puppet left #a Ann lost");
	assert_int_equal(recorder_count("event part #a zoe"), 1);
	/* The server still holds the old connection: that will pass. */
	fx->d.in[0] = false;
	fx->d.taken = "Ann";
	puppet(fx, 0, &fx->room);
	expect(fx, "puppet left #a Ann unreachable: the server does not give");
	fx->d.taken = NULL;
	puppet(fx, 0, &fx->room);
	assert_true(recorder_wait(fx->loop, "puppet joined #a Ann as Ann", 2));
	assert_int_equal(recorder_count("event join #a zoe"), 2);
}

static void
a_banned_account_is_refused(void **state)
{
	struct fixture *fx = *state;

	fx->d.banner = ":irc.test 465 * :You are banned";
	portal_up(fx);
	puppet(fx, 0, &fx->room);
	expect(fx, "puppet left #a Ann refused: banned from the server");
	assert_int_equal(fx->occupants[0].refusal, REFUSAL_BANNED);
}

static void
a_connection_cut_at_any_stage_is_reported(void **state)
{
	static const char *const stages[] = { "0> USER", "1> JOIN", "2> PING" };
	struct fixture *fx = *state;

	portal_up(fx);
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		fx->d.unnamed = i == 1;
		fx->puppets[i].id = (int64_t)i + 1;
		puppet(fx, i, &fx->room);
		if (i == 2) {
			expect(fx, "puppet joined #a Cid");
			fx->d.deaf = true;
			send_text(fx, &fx->room, &fx->occupants[i], "hi");
		}
		expect_line(fx, stages[i]);
		peer_close(fx->d.peer, (int)i);
		fx->d.in[i] = false;
		assert_true(recorder_wait(fx->loop, "puppet left #a", i + 1));
	}
	assert_int_equal(recorder.later, 1);
	assert_int_equal(recorder.sent, 0);
}

/* Servers tell who quits, or was killed, why: in somebody else's words. They
 * close no door to the others. */
static void
the_words_of_who_quits_ban_nobody(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	irc_protocol.ops.expel(fx->net, "home", "Ann", "too many, too fast");
	expect_line(fx, "0> QUIT :too many, too fast");
	say_to(fx, 0, "ERROR :Closing link: [Quit: too many, too fast]");
	peer_close(fx->d.peer, 0);
	puppet(fx, 0, &fx->room); /* too early; says when it is over */
	expect(fx, "puppet left #a Ann asked");
	puppet(fx, 0, &fx->room);
	assert_true(recorder_wait(fx->loop, "puppet joined #a Ann as", 2));
}

static void
the_words_of_a_kill_ban_nobody(void **state)
{
	static const char *const killed[] = {
		"ERROR :Closing link: (h) [Killed (op (too many, banned))]",
		"ERROR :Killed by op: throttled, K-line next",
	};
	struct fixture *fx = *state;

	portal_up(fx);
	for (int i = 0; i < 2; i++) {
		enter(fx, (size_t)i);
		say_to(fx, i, killed[i]);
		peer_close(fx->d.peer, i);
	}
	expect(fx, "puppet left #a Ann lost: ");
	expect(fx, "puppet left #a Bob lost: ");
	enter(fx, 2);
}

static void
two_users_may_write_to_each_other(void **state)
{
	struct fixture *fx = *state;
	char id[64];

	portal_up(fx);
	enter(fx, 0);
	enter(fx, 1);
	assert_true(irc_protocol.ops.resolve(fx->net, "Bob", id, sizeof(id)));
	assert_string_equal(id, "bob");
	say_to(fx, 1, ":Ann!u@host PRIVMSG Bob :hello Bob");
	expect(fx, "->home/Bob ann (Ann) hello Bob");
}

static void
what_the_user_has_set_holds(void **state)
{
	static const char *const settings[] = { "username",
						"annie",
						"realname",
						"Ann E.",
						"pass",
						"open sesame",
						"account",
						"annie",
						"sasl_password",
						"hush",
						"after_connect_commands",
						"MODE Ann +x\n\nPRIVMSG q :hi",
						NULL };
	struct fixture *fx = *state;

	recorder.settings = settings;
	fx->d.caps = "sasl";
	portal_up(fx);
	puppet(fx, 0, &fx->room);
	expect_line(fx, "PASS :open sesame");
	expect_line(fx, "USER annie 0 * :Ann E.");
	expect_line(fx, "AUTHENTICATE PLAIN");
	say_to(fx, 0, "AUTHENTICATE +");
	expect_line(fx, "AUTHENTICATE YW5uaWUAYW5uaWUAaHVzaA==");
	say_to(fx, 0, ":irc.test 903 Ann :Welcome");
	expect(fx, "puppet joined #a Ann as Ann");
	assert_non_null(peer_find(fx->d.peer, "0> MODE Ann +x"));
	assert_non_null(peer_find(fx->d.peer, "0> PRIVMSG q :hi"));
}

static void
the_nick_that_a_user_has_set_is_also_the_account(void **state)
{
	static const char *const settings[] = { "nick", "annie",
						"sasl_password", "hush", NULL };
	struct fixture *fx = *state;

	recorder.settings = settings;
	fx->d.caps = "sasl";
	portal_up(fx);
	puppet(fx, 0, &fx->room);
	expect_line(fx, "NICK annie");
	expect_line(fx, "AUTHENTICATE PLAIN");
	say_to(fx, 0, "AUTHENTICATE +");
	expect_line(fx, "AUTHENTICATE YW5uaWUAYW5uaWUAaHVzaA==");
	say_to(fx, 0, ":irc.test 903 annie :Welcome");
	expect(fx, "puppet joined #a Ann as annie");
}

static void
about_connection(struct fixture *fx, const char *who)
{
	const struct recorder_command c = {
		.command = irc_protocol.commands,
		.place = { PLACE_NETWORK, "irc", NULL },
		.who = who,
	};

	recorder_command(fx->net, &c);
}

static void
a_user_can_ask_about_the_connection(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	about_connection(fx, "Ann");
	expect(fx, "answered You are not connected to this network.");
	enter(fx, 0);
	about_connection(fx, "Bob");
	assert_int_equal(recorder_count("answered You are not"), 2);
	about_connection(fx, "Ann");
	assert_non_null(recorder_find("answered Connected to IRC server "));
	assert_non_null(recorder_find(" as Ann since "));
	assert_non_null(recorder_find("ago). Channels: #a"));
}

static void
who_is_expelled_quits_and_is_told(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	enter(fx, 1);
	irc_protocol.ops.expel(fx->net, "home", "Ann", "no\r\nQUIT more");
	expect(fx, "puppet left #a Ann refused: no");
	assert_int_equal(fx->occupants[0].refusal, REFUSAL_KICKED);
	expect_line(fx, "0> QUIT :no  QUIT more");
	irc_protocol.ops.expel(fx->net, "home", "nobody", "no");
	assert_int_equal(recorder.puppet_lefts, 1);
}

static void
list_channels(struct fixture *fx, const char *search)
{
	const struct command *c = irc_protocol.commands;
	const struct given given = { "search", search };
	struct recorder_command run = { .place = { PLACE_NETWORK, "irc", NULL },
					.who = "Ann",
					.given = search ? &given : NULL,
					.n_given = search != NULL };

	while (strcmp(c->name, "list") != 0)
		c++;
	run.command = c;
	recorder_command(fx->net, &run);
}

static void
an_account_is_told_which_channels_there_are(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	list_channels(fx, NULL);
	expect(fx, "field search");
	list_channels(fx, "");
	expect(fx, "refused you are not connected to this network");
	enter(fx, 0);
	list_channels(fx, "");
	expect_line(fx, "0> LIST");
	list_channels(fx, "");
	expect(fx, "refused wait for the list");
	say_to(fx, 0, ":irc.test 321 Ann Channel :Users  Name");
	say_to(fx, 0, ":irc.test 322 Ann #a 3 :[+nt] words");
	say_to(fx, 0, ":irc.test 322 Ann * 9 :");
	say_to(fx, 0, ":irc.test 322 Ann");
	say_to(fx, 0, ":irc.test 322 Ann #b x :\002bold\377");
	say_to(fx, 0, ":irc.test 323 Ann :End of LIST");
	expect(fx, "answered 2 channels");
	assert_non_null(recorder_find("entry #a (3) [+nt] words"));
	assert_non_null(recorder_find("entry #b (?) "));
	assert_int_equal(recorder_count("entry "), 2);
	say_to(fx, 0, ":irc.test 322 Ann #late 1 :");
	drain_link(fx, 0);
	assert_int_equal(recorder_count("entry "), 2);
}

static void
channels_are_found_by_name_and_topic(void **state)
{
	struct fixture *fx = *state;
	char long_text[200];

	portal_up(fx);
	enter(fx, 0);
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	list_channels(fx, long_text);
	expect(fx, "denied 3 that is too long");
	list_channels(fx, "DeV");
	say_to(fx, 0, ":irc.test 322 Ann #a 3 :for all devs");
	say_to(fx, 0, ":irc.test 322 Ann #b 3 :other");
	say_to(fx, 0, ":irc.test 322 Ann #dev 3 :");
	say_to(fx, 0, ":irc.test 323 Ann :End of LIST");
	expect(fx, "answered 2 channels");
	assert_null(recorder_find("entry #b"));
}

static void
a_list_that_is_refused_or_lost_is_said_to_be(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	list_channels(fx, "");
	say_to(fx, 0, ":irc.test 263 Ann LIST :Try again later");
	expect(fx, "refused Try again later");
	list_channels(fx, "");
	say_to(fx, 0, ":irc.test 322 Ann #a 3 :");
	drain_link(fx, 0);
	peer_close(fx->d.peer, 0);
	expect(fx, "refused the connection was lost");
}

/* ---- moderation ---------------------------------------------------- */

static void
moderate(struct fixture *fx, const char *name, const struct given *given,
	 size_t n)
{
	const struct command *c = irc_protocol.commands;
	struct recorder_command run = { .place = { PLACE_CHANNEL, "irc", "#a" },
					.who = "Ann",
					.given = given,
					.n_given = n };

	while (strcmp(c->name, name) != 0)
		c++;
	run.command = c;
	recorder_command(fx->net, &run);
}

static void
what_the_network_knows_of_somebody_is_told(void **state)
{
	struct fixture *fx = *state;
	struct recorder_command run = { .place = { PLACE_PERSON, "irc", "zoe" },
					.who = "Ann" };
	const struct command *c = irc_protocol.commands;

	while (strcmp(c->name, "whois") != 0)
		c++;
	run.command = c;
	portal_up(fx);
	recorder_command(fx->net, &run);
	expect(fx, "refused you are not connected to this network");
	enter(fx, 0);
	fx->d.deaf = true;
	recorder_command(fx->net, &run);
	expect_line(fx, "0> WHOIS :zoe");
	assert_true(peer_wait(fx->d.peer, "0> PING :cm", 1));
	say_to(fx, 0, ":irc.test 311 Ann kim k h * :Not Zoe");
	say_to(fx, 0, ":irc.test 311 Ann Zoe z h * :Zoe \002Z\002");
	say_to(fx, 0, ":irc.test 330 Ann Zoe zz :is logged in as");
	say_to(fx, 0, ":irc.test 318 Ann zoe :End");
	peer_say(fx->d.peer, 0, ":irc.test PONG irc.test :%s",
		 strstr(peer_find(fx->d.peer, "0> PING :cm"), "cm"));
	expect(fx, "answered Real name: Zoe Z");
	assert_non_null(recorder_find("entry account zz"));
	run.place.name = "a b";
	recorder_command(fx->net, &run);
	expect(fx, "denied 2 nobody can be called that");
}

static void
an_account_moderates_under_its_own_name(void **state)
{
	static const struct given kick[] = { { "nick", "zoe" },
					     { "reason", "a\r\nQUIT :b" } };
	static const struct given ban[] = { { "nick", "*!*@evil" } };
	static const struct given unban[] = { { "mask", "*!*@evil" } };
	static const struct given voice[] = { { "nick", "zoe" },
					      { "rank", "voice" } };
	static const struct given invite[] = { { "nick", "kim" } };
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	moderate(fx, "kick", kick, 2);
	expect_line(fx, "0> KICK #a zoe :a  QUIT :b");
	expect(fx, "answered It was done.");
	moderate(fx, "ban", ban, 1);
	expect_line(fx, "0> MODE #a +b :*!*@evil");
	moderate(fx, "unban", unban, 1);
	expect_line(fx, "0> MODE #a -b :*!*@evil");
	moderate(fx, "invite", invite, 1);
	expect_line(fx, "0> INVITE kim :#a");
	moderate(fx, "rank", voice, 2); /* zoe is an operator */
	expect_line(fx, "0> MODE #a +v-o zoe zoe");
	assert_true(recorder_wait(fx->loop, "answered It was done.", 5));
}

static void
what_cannot_be_is_not_sent(void **state)
{
	static const struct given nicks[] = { { "nick", "a b" },
					      { "nick", "a\r\nQUIT" },
					      { "nick", "" },
					      { "nick", ":x" },
					      { "nick", "x,y" } };
	static const struct given rank[] = { { "nick", "zoe" },
					     { "rank", "king" } };
	static const struct given nobody[] = { { "nick", "kim" },
					       { "rank", "op" } };
	struct fixture *fx = *state;

	portal_up(fx);
	moderate(fx, "kick", nicks, 1);
	expect(fx, "denied 1 you are not in the channel");
	enter(fx, 0);
	for (size_t i = 0; i < ARRAY_SIZE(nicks); i++) {
		moderate(fx, "kick", &nicks[i], 1);
		moderate(fx, "ban", &nicks[i], 1);
		moderate(fx, "invite", &nicks[i], 1);
	}
	assert_int_equal(recorder_count("denied 3"), 15);
	moderate(fx, "rank", rank, 2);
	expect(fx, "denied 3 there is no such rank");
	moderate(fx, "rank", nobody, 2);
	expect(fx, "denied 2 nobody there has that nick");
	assert_null(peer_find(fx->d.peer, "KICK"));
}

static void
the_server_says_who_may_do_what(void **state)
{
	static const struct given kick[] = { { "nick", "zoe" },
					     { "reason", "out" } };
	struct fixture *fx = *state;
	const char *ping;

	portal_up(fx);
	enter(fx, 0);
	fx->d.deaf = true;
	moderate(fx, "kick", kick, 2);
	expect_line(fx, "0> PING :cm");
	ping = strstr(peer_find(fx->d.peer, "0> PING :cm"), "cm");
	say_to(fx, 0, ":irc.test 482 Ann #a :You are not channel operator");
	peer_say(fx->d.peer, 0, ":irc.test PONG irc.test :%s", ping);
	expect(fx, "denied 1 You are not channel operator");
	assert_null(recorder_find("(irc.test) #a: You are not"));
	moderate(fx, "kick", kick, 2);
	peer_close(fx->d.peer, 0);
	expect(fx, "refused the connection was lost");
}

static void
the_modes_of_a_channel_are_changed_by_a_form(void **state)
{
	static const struct given given[] = {
		{ "topic_lock", "false" }, { "moderated", "true" },
		{ "secret", "" },          { "key", "sesame" },
		{ "limit", "0" },
	};
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	moderate(fx, "modes", NULL, 0);
	expect_line(fx, "0> MODE :#a");
	expect(fx, "denied 0 the server does not tell the modes");
	fx->d.deaf = true;
	moderate(fx, "modes", given, ARRAY_SIZE(given));
	assert_true(peer_wait(fx->d.peer, "0> PING :cm", 2));
	say_to(fx, 0, ":irc.test 324 Ann #a +ntkl old 5");
	peer_say(fx->d.peer, 0, ":irc.test PONG irc.test :%s",
		 strstr(peer_find(fx->d.peer, "0> PING :cm"), "cm"));
	expect_line(fx, "0> MODE #a :-t+m");
	expect_line(fx, "0> MODE #a -k :old");
	expect_line(fx, "0> MODE #a +k :sesame");
	expect_line(fx, "0> MODE #a :-l");
}

static void
how_the_channel_is_is_told(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	expect_line(fx, "0> MODE :#a");
	say_to(fx, 0, ":irc.test 324 Ann #a +ntmk sesame");
	expect(fx, "modes #a 75"); /* known, moderated, password, topic */
	say_to(fx, 0, ":zoe!z@z MODE #a -m+o zoe");
	expect(fx, "modes #a 73");
	say_to(fx, 0, ":zoe!z@z MODE #a +sil-k 5 sesame");
	expect(fx, "modes #a 117");
	say_to(fx, 0, ":irc.test 324 Ann #b +m"); /* where we are not */
	say_to(fx, 0, ":irc.test 324 Ann #a +");
	expect(fx, "modes #a 1");
}

static void
the_own_rank_is_told(void **state)
{
	struct fixture *fx = *state;

	portal_up(fx);
	enter(fx, 0);
	say_to(fx, 0, ":zoe!z@z MODE #a +o Ann");
	expect(fx, "puppet ranked #a Ann 3");
	say_to(fx, 0, ":zoe!z@z MODE #a +v-o Ann Ann");
	expect(fx, "puppet ranked #a Ann 1");
	say_to(fx, 0, ":zoe!z@z INVITE Ann #new");
	expect(fx, "invited Ann into #new by zoe");
}

static void
a_refused_login_is_told(void **state)
{
	static const char *const settings[] = { "account", "annie",
						"sasl_password", "hush", NULL };
	struct fixture *fx = *state;

	recorder.settings = settings;
	fx->d.caps = "sasl";
	portal_up(fx);
	puppet(fx, 0, &fx->room);
	expect_line(fx, "AUTHENTICATE PLAIN");
	say_to(fx, 0, "AUTHENTICATE +");
	say_to(fx, 0, ":irc.test 904 Ann :No");
	expect(fx, "puppet left #a Ann refused");
	assert_int_equal(fx->occupants[0].refusal, REFUSAL_LOGIN);
}

/* Each connection has a bucket of its own. */
static void
one_account_does_not_delay_another(void **state)
{
	struct fixture *fx = *state;
	struct occupant *ann, *bob;
	int64_t begun;

	fx->conf.interval_ms = 200;
	fx->conf.burst = 3;
	fx->conf.lines_max = 50;
	portal_up(fx);
	ann = enter(fx, 0);
	bob = enter(fx, 1);
	send_text(fx, &fx->room, ann,
		  "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n"
		  "17\n18\n19\n20\n21\n22\n23\n24\n25\n26\n27\n28\n29\n30");
	begun = loop_now_ms(fx->loop);
	recorder_puppet_leave(bob, NULL);
	puppet(fx, 1, &fx->room);
	assert_true(recorder_wait(fx->loop, "puppet joined #a Bob as Bob", 2));
	assert_true(loop_now_ms(fx->loop) - begun < 2000);
	assert_int_equal(recorder.sent, 0);
}

/* ---- beside a listener --------------------------------------------- */

static void
in_a_linked_channel_the_listener_hears(void **state)
{
	struct fixture *fx = *state;

	fx->conf.gateway = true;
	fx->d.mutual = true;
	fx->d.names = "zoe";
	up_and_joined(fx);
	fx->puppets[0].account = (const struct account *)fx;
	enter(fx, 0);
	zoe_says(fx, 0, 1, "hello");
	expect(fx, ") hello");
	drain_link(fx, 1);
	assert_int_equal(recorder_count("event message"), 1);
	assert_int_equal(recorder_count("event join"), 1);
}

/* As in one that is theirs alone. */
static void
in_a_linked_channel_users_have_their_ranks(void **state)
{
	struct fixture *fx = *state;

	fx->conf.gateway = true;
	fx->d.mutual = true;
	fx->d.names = "zoe";
	up_and_joined(fx);
	fx->puppets[0].account = (const struct account *)fx;
	enter(fx, 0);
	says(fx, ":zoe!z@z MODE #a +o Ann");
	expect(fx, "puppet ranked #a Ann 3");
	puppet(fx, 1, &fx->room); /* nobody's account */
	expect(fx, "puppet joined #a Bob");
	says(fx, ":zoe!z@z MODE #a +o Bob");
	says(fx, ":zoe!z@z MODE #a -o Ann");
	expect(fx, "puppet ranked #a Ann 0");
	assert_int_equal(recorder_count("puppet ranked"), 2);
}

/* Its link was taken away by a reload while somebody of the gateway was in. */
static void
a_linked_channel_that_becomes_a_portal_is_left_by_the_listener(void **state)
{
	struct fixture *fx = *state;

	fx->conf.gateway = true;
	fx->d.mutual = true;
	fx->d.names = "zoe";
	up_and_joined(fx);
	fx->puppets[0].account = (const struct account *)fx;
	enter(fx, 0);
	fx->room.portal = true; /* which comes before leave() */
	recorder_leave(&fx->room);
	expect_line(fx, "0> PART :#a");
	recorder_join(&fx->room);
	fx->puppets[1].account = (const struct account *)fx;
	enter(fx, 1);
	zoe_says(fx, 0, 2, "hello");
	expect(fx, ") hello");
	drain_link(fx, 0);
	assert_int_equal(recorder_count("event message"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(without_a_listener_it_is_up_at_once),
		CASE(a_gateway_keeps_what_it_needs_without_puppets),
		CASE(no_gateway_takes_no_account),
		CASE(a_channel_has_one_name),
		CASE(the_server_compares_names_in_its_own_way),
		CASE(the_first_one_tells_who_is_there_before_it_is_in),
		CASE(the_second_one_says_nothing_twice),
		CASE(our_own_are_no_members_and_not_heard),
		CASE(what_the_heir_got_first_is_heard_when_the_hearer_goes),
		CASE(what_the_hearer_got_first_is_not_heard_twice),
		CASE(a_stream_of_numbers_survives_every_hand_over),
		CASE(an_heir_that_lags_says_nothing_twice),
		CASE(a_hearer_that_is_far_behind_hears_no_longer),
		CASE(ids_tell_equal_words_apart),
		CASE(what_the_user_has_set_holds),
		CASE(the_nick_that_a_user_has_set_is_also_the_account),
		CASE(a_user_can_ask_about_the_connection),
		CASE(who_is_expelled_quits_and_is_told),
		CASE(an_account_is_told_which_channels_there_are),
		CASE(channels_are_found_by_name_and_topic),
		CASE(a_list_that_is_refused_or_lost_is_said_to_be),
		CASE(what_the_network_knows_of_somebody_is_told),
		CASE(an_account_moderates_under_its_own_name),
		CASE(what_cannot_be_is_not_sent),
		CASE(the_server_says_who_may_do_what),
		CASE(the_modes_of_a_channel_are_changed_by_a_form),
		CASE(how_the_channel_is_is_told),
		CASE(the_own_rank_is_told),
		CASE(a_refused_login_is_told),
		CASE(one_account_does_not_delay_another),
		CASE(who_came_and_went_at_a_hand_over_is_found_out),
		CASE(when_the_last_one_has_left_everybody_is_gone),
		CASE(the_hearer_may_be_kicked),
		CASE(a_server_without_names_keeps_nobody_out),
		CASE(names_that_nobody_asked_for_change_nothing),
		CASE(the_nick_is_the_one_asked_for),
		CASE(a_poisoned_nick_is_one_lawful_word),
		CASE(a_join_that_nobody_asked_for_is_undone),
		CASE(a_nick_that_is_taken_is_no_way_in),
		CASE(who_is_on_keeps_the_nick),
		CASE(a_nick_changes_when_asked_or_forced),
		CASE(every_refusal_has_its_reason),
		CASE(the_key_is_the_password_given),
		CASE(what_the_server_says_reaches_the_owner),
		CASE(a_server_may_not_flood_its_user),
		CASE(a_lost_account_is_told_so_and_comes_back),
		CASE(a_banned_account_is_refused),
		CASE(a_connection_cut_at_any_stage_is_reported),
		CASE(the_words_of_who_quits_ban_nobody),
		CASE(the_words_of_a_kill_ban_nobody),
		CASE(two_users_may_write_to_each_other),
		CASE(in_a_linked_channel_the_listener_hears),
		CASE(in_a_linked_channel_users_have_their_ranks),
		CASE(a_linked_channel_that_becomes_a_portal_is_left_by_the_listener),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
