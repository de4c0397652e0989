/* SPDX-License-Identifier: MIT */
/*
 * test_irc_speak.c - the IRC adapter against a scripted server: deliveries and
 * their confirmation, puppets, TLS.
 */

#include "tests/conformance/irc_fixture.h"

#include "bridge/loop.h"
#include "bridge/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- speaking ------------------------------------------------------ */

static void
the_listener_speaks_and_a_ping_confirms(void **state)
{
	struct fixture *fx = *state;

	up_and_joined(fx);
	send_text(fx, &fx->room, NULL, "hello");
	expect(fx, "sent d0 []");
	assert_non_null(peer_find(fx->d.peer, "0> PRIVMSG #a :hello"));
	assert_non_null(peer_find(fx->d.peer, "0> PING :cw"));
}

static void
forms_of_a_message(void **state)
{
	static const struct {
		unsigned flags;
		const char *text, *expected;
	} cases[] = {
		{ EVENT_NOTICE, "beep", "NOTICE #a :beep" },
		{ EVENT_ACTION, "waves", "PRIVMSG #a :\001ACTION waves\001" },
		{ 0, "one\n\ntwo", "PRIVMSG #a :two" },
		{ EVENT_RELAYED, "<ann> one\ntwo", "PRIVMSG #a :<ann> two" },
		{ 0, "QUIT\r\nJOIN #b", "PRIVMSG #a :JOIN #b" },
		{ 0, ":colon", "PRIVMSG #a ::colon" },
	};
	struct fixture *fx = *state;

	up_and_joined(fx);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct delivery *d =
			delivery(fx, &fx->room, NULL, cases[i].text);

		fx->events[i]->flags = cases[i].flags;
		recorder_send(d);
		expect_line(fx, cases[i].expected);
		assert_true(recorder_wait(fx->loop, "sent d", i + 1));
	}
	assert_null(peer_find(fx->d.peer, "> JOIN #b"));
	assert_null(peer_find(fx->d.peer, "> JOIN :#b"));
}

static void
a_long_text_is_cut_into_whole_lines(void **state)
{
	struct fixture *fx = *state;
	AUTO_STR text = { 0 };

	up_and_joined(fx);
	str_init(&text, 10000);
	while (text.len < 1200)
		str_add(&text, "w\xc3\xb6rd ");
	send_text(fx, &fx->room, NULL, text.data);
	expect(fx, "sent d0");
	assert_int_equal(peer_count(fx->d.peer, "PRIVMSG #a :"), 3);
}

static void
an_echo_confirms_and_gives_the_id(void **state)
{
	struct fixture *fx = *state;

	fx->d.caps = "echo-message message-tags";
	fx->d.echo = true;
	up_and_joined(fx);
	send_text(fx, &fx->room, NULL, "one\ntwo");
	expect(fx, "sent d0 [m1 m2]");
	assert_int_equal(recorder.events, 0);
}

static void
a_label_confirms_and_refuses_exactly(void **state)
{
	struct fixture *fx = *state;

	fx->d.caps = "echo-message message-tags labeled-response batch";
	fx->d.echo = true;
	up_and_joined(fx);
	send_text(fx, &fx->room, NULL, "same");
	send_text(fx, &fx->room, NULL, "same");
	expect(fx, "sent d0 [m1]");
	expect(fx, "sent d1 [m2]");
	fx->d.muted = "#a";
	send_text(fx, &fx->room, NULL, "same");
	expect(fx, "refused d2: cannot send to channel");
}

static void
an_error_before_the_pong_refuses(void **state)
{
	struct fixture *fx = *state;

	fx->d.muted = "#a";
	up_and_joined(fx);
	send_text(fx, &fx->room, NULL, "one\ntwo");
	send_text(fx, &fx->room, NULL, "three");
	expect(fx, "refused d0: cannot send to channel (banned, moderated");
	expect(fx, "refused d1: cannot send to channel");
	fx->d.muted = NULL;
	send_text(fx, &fx->room, NULL, "four");
	expect(fx, "sent d2");
}

static void
a_pong_nobody_asked_for_confirms_nothing(void **state)
{
	struct fixture *fx = *state;

	fx->d.deaf = true;
	up_and_joined(fx);
	send_text(fx, &fx->room, NULL, "hello");
	expect_line(fx, "PING :cw");
	says(fx, ":irc.test PONG irc.test :cw0000000000000000");
	says(fx, ":irc.test PONG irc.test :cw1234567890abcdef");
	says(fx, ":irc.test PONG :hello");
	drain(fx);
	assert_int_equal(recorder.sent, 0);
}

static void
a_lost_connection_gives_deliveries_back(void **state)
{
	struct fixture *fx = *state;

	fx->d.deaf = true;
	up_and_joined(fx);
	send_text(fx, &fx->room, NULL, "one");
	send_text(fx, &fx->room, NULL, "two");
	expect_line(fx, "PRIVMSG #a :two");
	peer_close(fx->d.peer, 0);
	expect(fx, "down net lost");
	assert_int_equal(recorder.back, 2);
	assert_int_equal(recorder.sent + recorder.later + recorder.refused, 0);
}

static void
the_topic_is_set_or_refused(void **state)
{
	struct fixture *fx = *state;
	struct delivery *d;

	up_and_joined(fx);
	d = delivery(fx, &fx->room, NULL, "a new\ntopic");
	fx->events[0]->kind = EVENT_TOPIC;
	recorder_send(d);
	expect(fx, "sent d0");
	assert_non_null(peer_find(fx->d.peer, "TOPIC #a :a new topic"));
	assert_int_equal(recorder_count("event topic"), 0);

	/* InspIRCd: not so soon */
	fx->d.topic_waits = true;
	d = delivery(fx, &fx->room, NULL, "at once");
	fx->events[1]->kind = EVENT_TOPIC;
	recorder_send(d);
	expect(fx, "later d1 1000 ms: the server asks to wait");
	recorder_send(d);
	expect(fx, "sent d1");

	fx->d.locked = true;
	d = delivery(fx, &fx->room, NULL, "another");
	fx->events[2]->kind = EVENT_TOPIC;
	recorder_send(d);
	expect(fx, "refused d2: only channel operators");
}

static void
the_pace_is_kept(void **state)
{
	struct fixture *fx = *state;
	int64_t begun;

	fx->conf.interval_ms = 50;
	fx->conf.burst = 2;
	fx->conf.lines_max = 20;
	up_and_joined(fx);
	begun = loop_now_ms(fx->loop);
	send_text(fx, &fx->room, NULL, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10");
	expect(fx, "sent d0");
	/* eleven lines with the PING, at most two at once */
	assert_true(loop_now_ms(fx->loop) - begun >= 400);
}

static void
many_joins_do_not_hold_up_what_is_said(void **state)
{
	struct fixture *fx = *state;
	char names[MANY][8];

	fx->conf.interval_ms = 20;
	fx->conf.burst = 1;
	up_and_joined(fx);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "#m%zu", i);
		fx->many[i] = fx->room;
		fx->many[i].name = names[i];
		fx->many[i].joined = false;
		fx->many[i].data = NULL;
		irc_protocol.ops.join(fx->net, &fx->many[i]);
	}
	send_text(fx, &fx->room, NULL, "hello");
	expect(fx, "sent d0");
	assert_true(peer_count(fx->d.peer, "> JOIN") < 10);
	expect(fx, "joined #m19");
}

static void
an_author_is_told_what_failed(void **state)
{
	struct fixture *fx = *state;
	struct event *ev;

	fx->d.names = "Zoe";
	up_and_joined(fx);
	says(fx, ":Zoe!z@h PRIVMSG #a :hello");
	expect(fx, "hello");
	ev = event_ref(recorder.last_event);
	irc_protocol.ops.bounce(fx->net, &fx->room, ev, "too\r\nlong");
	irc_protocol.ops.bounce(fx->net, &fx->room, ev, "too long");
	expect_line(fx, "NOTICE Zoe :Not delivered: too  long");
	drain(fx);
	assert_int_equal(peer_count(fx->d.peer, "Not delivered"), 1);
	event_unref(ev);
}

static void
names_are_resolved_to_people(void **state)
{
	struct fixture *fx = *state;
	char id[64];

	fx->d.names = "Zoe";
	up_and_joined(fx);
	says(fx, ":Zoe!z@h NICK :Yan");
	expect(fx, "event rename");
	assert_true(irc_protocol.ops.resolve(fx->net, "yan", id, sizeof(id)));
	assert_string_equal(id, "zoe");
	assert_true(irc_protocol.ops.resolve(fx->net, "New", id, sizeof(id)));
	assert_string_equal(id, "new");
	assert_false(irc_protocol.ops.resolve(fx->net, "a b", id, sizeof(id)));
	assert_false(irc_protocol.ops.resolve(fx->net, "#a", id, sizeof(id)));
	assert_false(
		irc_protocol.ops.resolve(fx->net, "BRIDGE", id, sizeof(id)));
}

/* ---- puppets ------------------------------------------------------- */

static void
a_puppet_comes_speaks_and_goes(void **state)
{
	struct fixture *fx = *state;
	struct occupant *ann = up_with_puppet(fx, &fx->room);
	assert_non_null(peer_find(fx->d.peer, "1> USER ann 0 * :Ann (home)"));
	send_text(fx, &fx->room, ann, "hello");
	expect(fx, "sent d0 [m1]");
	assert_non_null(peer_find(fx->d.peer, "1> PRIVMSG #a :hello"));
	assert_null(peer_find(fx->d.peer, "1> PING :cw"));
	recorder_puppet_leave(ann, "gone home");
	expect_line(fx, "1> QUIT :gone home");
	assert_int_equal(recorder.events, 0);
}

static void
a_nick_conflict_appends_a_digit(void **state)
{
	struct fixture *fx = *state;

	fx->d.taken = "Ann";
	up_and_joined(fx);
	puppet(fx, 0, &fx->room);
	expect(fx, "puppet joined #a Ann as Ann2");
}

static void
a_puppet_is_renamed(void **state)
{
	struct fixture *fx = *state;
	struct occupant *ann = up_with_puppet(fx, &fx->room);
	ann->want = "Anna";
	irc_protocol.ops.puppet_update(fx->net, ann, PUPPET_NAME);
	expect(fx, "puppet renamed #a Anna to Anna");
	peer_say(fx->d.peer, 1, ":Anna!u@host NICK :Guest77");
	expect(fx, "puppet renamed #a Anna to Guest77");
	drain(fx);
	assert_int_equal(recorder.events, 0);
}

static void
a_former_nick_is_ours_until_the_listener_knows(void **state)
{
	struct fixture *fx = *state;

	up_with_puppet(fx, &fx->room);
	drain(fx); /* the listener has seen it come */
	peer_say(fx->d.peer, 1, ":Ann!u@host NICK :Guest77");
	expect(fx, "puppet renamed #a Ann to Guest77");
	says(fx, ":Ann!u@host PRIVMSG #a :said before the change");
	drain(fx);
	assert_int_equal(recorder.events, 0);
	says(fx, ":Ann!u@host NICK :Guest77");
	says(fx, ":Ann!other@host JOIN #a");
	says(fx, ":Ann!other@host PRIVMSG #a :I am another Ann");
	expect(fx, "event message #a ann (Ann) I am another Ann");
	assert_int_equal(recorder.events, 2);
}

static void
a_puppets_presence_becomes_away(void **state)
{
	struct fixture *fx = *state;
	struct occupant *ann = up_with_puppet(fx, &fx->room);
	fx->puppets[0].show = SHOW_DND;
	fx->puppets[0].status = "busy\r\nQUIT";
	irc_protocol.ops.puppet_update(fx->net, ann, PUPPET_STATUS);
	expect_line(fx, "1> AWAY :(dnd) busy  QUIT");
	fx->puppets[0].show = SHOW_ONLINE;
	irc_protocol.ops.puppet_update(fx->net, ann, PUPPET_STATUS);
	assert_true(peer_wait(fx->d.peer, "1> AWAY", 2));
}

static void
lines_of_two_puppets_keep_their_order(void **state)
{
	struct fixture *fx = *state;
	struct occupant *ann, *bob;

	fx->d.blind = true; /* we say when the listener sees something */
	ann = up_with_puppet(fx, &fx->room);
	bob = puppet(fx, 1, &fx->room);
	expect(fx, "puppet joined #a Bob");
	send_text(fx, &fx->room, ann, "one");
	send_text(fx, &fx->room, ann, "two");
	send_text(fx, &fx->room, bob, "three");
	send_text(fx, &fx->room, NULL, "four");
	expect_line(fx, "1> PRIVMSG #a :two");
	drain(fx);
	assert_null(peer_find(fx->d.peer, ":three"));

	says(fx, ":Ann!u@host PRIVMSG #a :one");
	expect(fx, "sent d0");
	drain(fx);
	assert_null(peer_find(fx->d.peer, ":three"));
	says(fx, ":Ann!u@host PRIVMSG #a :two");
	expect_line(fx, "2> PRIVMSG #a :three");
	assert_null(peer_find(fx->d.peer, ":four"));
	says(fx, ":Bob!u@host PRIVMSG #a :three");
	expect_line(fx, "0> PRIVMSG #a :four");
	expect(fx, "sent d3");
}

static void
a_line_nobody_sees_is_confirmed_by_ping(void **state)
{
	struct fixture *fx = *state;
	struct occupant *ann;

	fx->d.blind = true;
	ann = up_with_puppet(fx, &fx->room);
	send_text(fx, &fx->room, ann, "one");
	expect(fx, "sent d0 []");
	assert_non_null(peer_find(fx->d.peer, "1> PING :cw"));
}

static void
a_lost_puppet_gives_its_lines_back_and_all_after_them(void **state)
{
	struct fixture *fx = *state;
	struct occupant *ann;

	fx->d.blind = true;
	ann = up_with_puppet(fx, &fx->room);
	send_text(fx, &fx->room, NULL, "zero");
	expect(fx, "sent d0");
	send_text(fx, &fx->room, ann, "one");
	send_text(fx, &fx->room, NULL, "two");
	expect_line(fx, "1> PRIVMSG #a :one");
	peer_say(fx->d.peer, 1, "ERROR :Closing Link: Excess Flood");
	peer_close(fx->d.peer, 1);
	expect(fx, "later d2");
	expect(fx, "later d1");
	expect(fx, "puppet left #a Ann lost: Closing Link: Excess Flood");
	assert_int_equal(recorder.later, 2);
	assert_int_equal(recorder.downs, 0);
}

static void
a_kicked_puppet_does_not_come_back_by_itself(void **state)
{
	struct fixture *fx = *state;

	up_with_puppet(fx, &fx->room);
	peer_say(fx->d.peer, 1, ":op!o@h KICK #a Ann :no");
	expect(fx, "puppet left #a Ann refused: kicked by op: no");
}

static void
a_puppet_that_is_banned_from_the_channel_stays_out(void **state)
{
	struct fixture *fx = *state;

	up_and_joined(fx);
	fx->d.closed = 474;
	puppet(fx, 0, &fx->room);
	expect(fx, "puppet left #a Ann refused: banned from the channel");
}

static void
a_banned_puppet_stays_out(void **state)
{
	struct fixture *fx = *state;

	up_and_joined(fx);
	fx->d.banner = "ERROR :Closing Link: (G-lined)";
	puppet(fx, 0, &fx->room);
	expect(fx, "puppet left #a Ann refused: banned from the server");
}

static void
a_private_word_goes_both_ways(void **state)
{
	struct fixture *fx = *state;
	struct occupant *ann;

	fx->d.names = "Zoe";
	ann = up_with_puppet(fx, &fx->direct);
	says(fx, ":Zoe!z@h NICK :Zed");
	expect(fx, "event rename");
	send_text(fx, &fx->direct, ann, "psst");
	expect_line(fx, "1> PRIVMSG Zed :psst");
	expect(fx, "sent d0");
	peer_say(fx->d.peer, 1, ":Zed!z@h PRIVMSG Ann :what?");
	expect(fx, "event message ->home/Ann zoe (Zed) what?");
	peer_say(fx->d.peer, 1, ":Zed!z@h PRIVMSG #a :in the channel");
	peer_say(fx->d.peer, 1, ":NickServ!s@services. NOTICE Ann :register!");
	peer_say(fx->d.peer, 1, ":irc.test NOTICE Ann :hello");
	fx->d.muted = NULL;
	peer_say(fx->d.peer, 1, "PING :x");
	expect_line(fx, "1> PONG :x");
	assert_int_equal(recorder_count("event message"), 1);
}

static void
a_private_word_to_nobody_is_refused(void **state)
{
	struct fixture *fx = *state;
	struct occupant *ann;

	fx->d.deaf = true;
	ann = up_with_puppet(fx, &fx->direct);
	send_text(fx, &fx->direct, ann, "psst");
	expect_line(fx, "1> PRIVMSG zoe :psst");
	peer_say(fx->d.peer, 1, ":irc.test 401 Ann zoe :No such nick");
	expect(fx, "refused d0: there is nobody of that name");
}

static void
a_lost_listener_takes_the_puppets_along(void **state)
{
	struct fixture *fx = *state;

	up_and_joined(fx);
	puppet(fx, 0, &fx->room);
	puppet(fx, 1, &fx->room);
	expect(fx, "puppet joined #a Bob");
	peer_close(fx->d.peer, 0);
	expect(fx, "down net lost");
	recorder_start(fx->net);
	assert_true(recorder_wait(fx->loop, "up net", 2));
	recorder_join(&fx->room);
	assert_true(recorder_wait(fx->loop, "joined #a", 2));
}

static void
puppets_outlast_the_listeners_kick(void **state)
{
	struct fixture *fx = *state;

	up_with_puppet(fx, &fx->room);
	says(fx, ":op!o@h KICK #a bridge :out");
	expect(fx, "left #a lost");
	recorder_join(&fx->room);
	assert_true(recorder_wait(fx->loop, "joined #a", 2));
	recorder_puppet_join(&fx->occupants[0]);
	assert_true(recorder_wait(fx->loop, "puppet joined #a Ann as Ann", 2));
	assert_int_equal(peer_links(fx->d.peer), 2);
	assert_int_equal(peer_count(fx->d.peer, "1> JOIN"), 1);
}

/* ---- TLS ----------------------------------------------------------- */

static void
start_tls(struct fixture *fx, const char *host)
{
	int fd;

	snprintf(fx->ca_path, sizeof(fx->ca_path), "/tmp/causeway-ca-XXXXXX");
	fd = mkstemp(fx->ca_path);
	assert_true(fd >= 0);
	close(fd);
	ircd_start_tls(&fx->d, fx->loop, host, fx->ca_path);
	fx->conf.tls = CONF_TLS_VERIFY;
	fx->conf.ca_file = fx->ca_path;
	fx->server.host = "localhost";
	create(fx);
	recorder_start(fx->net);
}

static void
tls_with_the_right_name_is_accepted(void **state)
{
	struct fixture *fx = *state;

	start_tls(fx, "localhost");
	expect(fx, "up net");
	recorder_join(&fx->room);
	expect(fx, "joined #a");
	send_text(fx, &fx->room, NULL, "hello");
	expect(fx, "sent d0");
}

static void
tls_with_another_name_is_refused(void **state)
{
	struct fixture *fx = *state;

	start_tls(fx, "other.test");
	expect(fx, "down net refused: localhost: certificate refused");
	assert_int_equal(recorder.ups, 0);
	assert_null(peer_find(fx->d.peer, "NICK"));
}

static void
tls_of_an_unknown_issuer_is_refused(void **state)
{
	struct fixture *fx = *state;

	fx->conf.tls = CONF_TLS_VERIFY;
	start_tls(fx, "localhost");
	recorder_stop(fx->net);
	expect(fx, "down net asked");
	fx->conf.ca_file = NULL; /* the system's: does not know the peer's */
	recorder_start(fx->net);
	expect(fx, "down net refused: localhost: certificate refused");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_listener_speaks_and_a_ping_confirms),
		CASE(forms_of_a_message),
		CASE(a_long_text_is_cut_into_whole_lines),
		CASE(an_echo_confirms_and_gives_the_id),
		CASE(a_label_confirms_and_refuses_exactly),
		CASE(an_error_before_the_pong_refuses),
		CASE(a_pong_nobody_asked_for_confirms_nothing),
		CASE(a_lost_connection_gives_deliveries_back),
		CASE(the_topic_is_set_or_refused),
		CASE(the_pace_is_kept),
		CASE(many_joins_do_not_hold_up_what_is_said),
		CASE(an_author_is_told_what_failed),
		CASE(names_are_resolved_to_people),
		CASE(a_puppet_comes_speaks_and_goes),
		CASE(a_nick_conflict_appends_a_digit),
		CASE(a_puppet_is_renamed),
		CASE(a_former_nick_is_ours_until_the_listener_knows),
		CASE(a_puppets_presence_becomes_away),
		CASE(lines_of_two_puppets_keep_their_order),
		CASE(a_line_nobody_sees_is_confirmed_by_ping),
		CASE(a_lost_puppet_gives_its_lines_back_and_all_after_them),
		CASE(a_kicked_puppet_does_not_come_back_by_itself),
		CASE(a_puppet_that_is_banned_from_the_channel_stays_out),
		CASE(a_banned_puppet_stays_out),
		CASE(a_private_word_goes_both_ways),
		CASE(a_private_word_to_nobody_is_refused),
		CASE(a_lost_listener_takes_the_puppets_along),
		CASE(puppets_outlast_the_listeners_kick),
		CASE(tls_with_the_right_name_is_accepted),
		CASE(tls_with_another_name_is_refused),
		CASE(tls_of_an_unknown_issuer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
