/* SPDX-License-Identifier: MIT */
/*
 * test_irc_raw.c - the IRC adapter against a scripted server: commands that
 * gateway users write themselves, to its address and by the command "raw".
 */

#include "tests/conformance/irc_fixture.h"

#include "bridge/command.h"

#include <stdio.h>
#include <string.h>

#define LABELS "message-tags labeled-response batch"

/* ---- written to the server ------------------------------------------ */

static struct occupant *
to_the_server(struct fixture *fx, bool allowed)
{
	struct occupant *ann;

	fx->conf.users.raw = allowed;
	portal_up(fx);
	fx->direct.name = "127.0.0.1";
	ann = puppet(fx, 0, &fx->direct);
	expect(fx, "puppet joined 127.0.0.1 Ann as Ann");
	return ann;
}

static void
a_command_goes_to_the_server_and_its_answer_comes(void **state)
{
	struct fixture *fx = *state;
	struct occupant *ann = to_the_server(fx, true);

	peer_say(fx->d.peer, 0, ":irc.test 351 Ann nobody asked");
	send_text(fx, &fx->direct, ann, "VERSION");
	expect_line(fx, "0> VERSION");
	expect(fx, "sent d0");
	peer_say(fx->d.peer, 0, ":irc.test 351 Ann v1 :of the tests");
	expect(fx, "->home/Ann 127.0.0.1 (irc.test) v1: of the tests");
	assert_null(recorder_find("nobody asked"));
	peer_say(fx->d.peer, 0, ":irc.test 421 Ann FOO :Unknown command");
	expect(fx, "->home/Ann 127.0.0.1 (irc.test) FOO: Unknown command");
}

static void
without_leave_no_command_goes_out(void **state)
{
	struct fixture *fx = *state;

	send_text(fx, &fx->direct, to_the_server(fx, false), "VERSION");
	expect(fx, "refused d0: the gateway's operator does not let");
	assert_null(peer_find(fx->d.peer, "VERSION"));
}

static void
what_would_surprise_is_refused(void **state)
{
	static const char *const texts[] = {
		"VERSION\nQUIT :two",
		"quit :accident",
		"\001VERSION\001",
		":forged PRIVMSG #a :x",
		"JOIN #b",
		" ",
		"12345",
	};
	struct fixture *fx = *state;
	struct occupant *ann = to_the_server(fx, true);
	char words[32];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		send_text(fx, &fx->direct, ann, texts[i]);
		snprintf(words, sizeof(words), "refused d%zu: ", i);
		expect(fx, words);
	}
	assert_null(peer_find(fx->d.peer, "0> QUIT"));
	assert_null(peer_find(fx->d.peer, "0> VERSION"));
	assert_null(peer_find(fx->d.peer, "0> JOIN #b"));
}

static void
the_server_can_be_written_to_by_each_of_its_names(void **state)
{
	struct fixture *fx = *state;
	char id[64];

	portal_up(fx);
	assert_true(
		irc_protocol.ops.resolve(fx->net, "127.0.0.1", id, sizeof(id)));
	assert_string_equal(id, "127.0.0.1");
	assert_false(
		irc_protocol.ops.resolve(fx->net, "127.0.0.2", id, sizeof(id)));
}

/* ---- the command "raw" ---------------------------------------------- */

static const struct command *
command(const char *name)
{
	const struct command *c = irc_protocol.commands;

	while (strcmp(c->name, name) != 0)
		c++;
	return c;
}

/* Ann's; text NULL: nothing was filled in yet. */
static void
raw(struct fixture *fx, const char *text)
{
	const struct given given = { "command", text };
	struct recorder_command run = { .command = command("raw"),
					.place = { PLACE_NETWORK, "irc", NULL },
					.who = "Ann",
					.given = text ? &given : NULL,
					.n_given = text != NULL };

	recorder_command(fx->net, &run);
}

static void
ann_enters(struct fixture *fx, const char *caps)
{
	fx->d.caps = caps;
	fx->conf.users.raw = true;
	portal_up(fx);
	enter(fx, 0);
}

static void
it_is_offered_where_the_operator_lets_people(void **state)
{
	struct fixture *fx = *state;
	const struct command_place place = { PLACE_NETWORK, "irc", NULL };

	portal_up(fx);
	assert_false(irc_protocol.ops.offers(fx->net, command("raw"), &place));
	assert_true(irc_protocol.ops.offers(fx->net, command("list"), &place));
	fx->conf.users.raw = true;
	assert_true(irc_protocol.ops.offers(fx->net, command("raw"), &place));
}

static void
the_answer_with_its_label_is_the_answer(void **state)
{
	struct fixture *fx = *state;

	ann_enters(fx, LABELS);
	raw(fx, NULL);
	expect(fx, "field command");
	raw(fx, "VERSION");
	expect_line(fx, "0> @label=r1 VERSION");
	peer_say(fx->d.peer, 0, ":irc.test 351 Ann v0 :not asked");
	peer_say(fx->d.peer, 0,
		 "@label=r1 :irc.test 351 Ann v1 :of \002the\002 tests\377");
	expect(fx, "answered v1: of the tests");
	assert_null(recorder_find("not asked"));
	assert_null(recorder_find("->home/Ann"));
}

static void
an_answer_of_many_lines_is_told_whole(void **state)
{
	struct fixture *fx = *state;

	ann_enters(fx, LABELS);
	raw(fx, "WHOIS zoe");
	raw(fx, "TIME");
	expect_line(fx, "0> @label=r2 TIME");
	peer_say(fx->d.peer, 0,
		 "@label=r1 :irc.test BATCH +x labeled-response");
	peer_say(fx->d.peer, 0, "@batch=x :irc.test 311 Ann zoe z h * :Zoe Z");
	peer_say(fx->d.peer, 0, "@label=r2 :irc.test 391 Ann irc.test :noon");
	peer_say(fx->d.peer, 0, "@batch=x :irc.test 318 Ann zoe :End");
	peer_say(fx->d.peer, 0, ":irc.test BATCH -x");
	expect(fx, "answered irc.test: noon");
	expect(fx, "answered zoe z h *: Zoe Z\nzoe: End");
	assert_null(recorder_find("->home/Ann"));
}

static void
an_error_is_a_refusal_and_silence_is_said(void **state)
{
	struct fixture *fx = *state;

	ann_enters(fx, LABELS);
	raw(fx, "KILL zoe :no");
	expect_line(fx, "0> @label=r1 KILL zoe :no");
	peer_say(fx->d.peer, 0,
		 "@label=r1 :irc.test 481 Ann :You're not an operator");
	expect(fx, "refused You're not an operator");
	assert_null(recorder_find("->home/Ann"));
	raw(fx, "AWAY");
	peer_say(fx->d.peer, 0, "@label=r2 :irc.test ACK");
	expect(fx, "answered Sent; the server has nothing to say");
	raw(fx, "MODE #a +v Ann");
	peer_say(fx->d.peer, 0, "@label=r3 :irc.test MODE #a +v Ann");
	expect(fx, "answered MODE #a +v Ann");
	expect(fx, "puppet ranked #a Ann 1"); /* it is done, too */
}

static void
who_is_cut_off_is_told_that_nobody_knows(void **state)
{
	struct fixture *fx = *state;

	ann_enters(fx, LABELS);
	for (size_t i = 0; i < 5; i++)
		raw(fx, "TIME");
	raw(fx, "TIME");
	expect(fx, "refused wait for what you have asked for");
	peer_close(fx->d.peer, 0);
	expect(fx, "refused the connection was lost; whether");
	assert_int_equal(recorder_count("refused the connection was lost"), 5);
}

static void
without_labels_the_answer_comes_as_messages(void **state)
{
	struct fixture *fx = *state;

	ann_enters(fx, "message-tags");
	raw(fx, "VERSION");
	expect(fx, "answered Sent; what the server answers comes as messages");
	expect_line(fx, "0> VERSION");
	peer_say(fx->d.peer, 0, ":irc.test 351 Ann v1 :of the tests");
	expect(fx, "->home/Ann 127.0.0.1 (irc.test) v1: of the tests");
}

static void
what_is_no_command_of_theirs_is_not_sent(void **state)
{
	static const char *const texts[] = {
		"VERSION\nQUIT :two",
		"VERSION\rQUIT :two",
		"quit :accident",
		"@label=c1 VERSION",
		":forged PRIVMSG #a :x",
		"JOIN #b",
		"",
		"12345",
	};
	struct fixture *fx = *state;
	char long_text[600];

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	fx->conf.users.raw = true;
	portal_up(fx);
	raw(fx, "VERSION");
	expect(fx, "refused you are not connected to this network");
	enter(fx, 0);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		raw(fx, texts[i]);
	raw(fx, long_text);
	assert_int_equal(recorder_count("denied 3 "), ARRAY_SIZE(texts) + 1);
	expect(fx, "denied 3 that is too long for a line of IRC");
	raw(fx, "TIME");
	expect_line(fx, "0> TIME");
	assert_null(peer_find(fx->d.peer, "0> QUIT"));
	assert_null(peer_find(fx->d.peer, "0> VERSION"));
	assert_null(peer_find(fx->d.peer, "0> JOIN #b"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_command_goes_to_the_server_and_its_answer_comes),
		CASE(without_leave_no_command_goes_out),
		CASE(what_would_surprise_is_refused),
		CASE(the_server_can_be_written_to_by_each_of_its_names),
		CASE(it_is_offered_where_the_operator_lets_people),
		CASE(the_answer_with_its_label_is_the_answer),
		CASE(an_answer_of_many_lines_is_told_whole),
		CASE(an_error_is_a_refusal_and_silence_is_said),
		CASE(who_is_cut_off_is_told_that_nobody_knows),
		CASE(without_labels_the_answer_comes_as_messages),
		CASE(what_is_no_command_of_theirs_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
