/* SPDX-License-Identifier: MIT */
/* test_xmpp_adhoc.c - ad-hoc commands of the gateway, to the letter. */

#include "tests/conformance/hosted_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_COMMANDS "http://jabber.org/protocol/commands"
#define NS_DATA "jabber:x:data"
#define COMMAND(attributes, inside) \
	"<command xmlns='" NS_COMMANDS "' " attributes ">" inside "</command>"
#define SUBMIT(fields) "<x xmlns='" NS_DATA "' type='submit'>" fields "</x>"
#define FIELD(var, value) \
	"<field var='" var "'><value>" value "</value></field>"

static const struct command commands[] = {
	{ "configure", "Your settings", AT_PLACE(PLACE_NETWORK), false },
	{ "topics", "Look for topics",
	  AT_PLACE(PLACE_CHANNEL) | AT_PLACE(PLACE_PERSON), false },
	{ "ping", "Ask for a pong", AT_PLACE(PLACE_BRIDGE), false },
	{ .name = NULL },
};

static const struct choice choices[] = { { "in", "Inwards" },
					 { "out", "Outwards" } };
static const struct field fields[] = {
	{ .key = "nick",
	  .kind = SETTING_TEXT,
	  .label = "Nick",
	  .value = "ann",
	  .required = true },
	{ .key = "pass",
	  .kind = SETTING_SECRET,
	  .label = "Password",
	  .doc = "Yours.",
	  .value = "" },
	{ .key = "lines",
	  .kind = SETTING_LINES,
	  .label = "Lines",
	  .value = "one\ntwo" },
	{ .key = "tls",
	  .kind = SETTING_YES_NO,
	  .label = "TLS",
	  .value = "true" },
	{ .key = "port", .kind = SETTING_NUMBER, .label = "Port" },
	{ .key = "way",
	  .kind = SETTING_CHOICE,
	  .label = "Way",
	  .value = "in",
	  .choices = choices,
	  .n_choices = 2 },
	{ .key = "ways",
	  .kind = SETTING_CHOICES,
	  .label = "Ways",
	  .choices = choices,
	  .n_choices = 2 },
};
static const struct command_answer form = { .kind = ANSWER_FORM,
					    .title = "Settings",
					    .text = "Fill it in.",
					    .fields = fields,
					    .n_fields = ARRAY_SIZE(fields) };

static int
commands_setup(void **state)
{
	int rc = hosted_setup(state);

	recorder.commands = commands;
	return rc;
}

/* The session that was told last, to be freed. */
static char *
session_of(struct fixture *f, const char *who)
{
	const char *seen = seen_by(f, who);
	const char *at = strstr(seen, "sessionid='");

	assert_non_null(at);
	at += strlen("sessionid='");
	return strndup(at, strcspn(at, "'"));
}

/* attributes of the answer but the session, then what it holds */
static void
expect_answer(struct fixture *f, const char *status, const char *inside)
{
	AUTO_STR want = { 0 };
	char *session;

	barrier(f);
	session = session_of(f, "ann@test/a");
	str_init(&want, 65536);
	str_printf(&want,
		   "<iq from='libera@gw.test' id='q' to='ann@test/a' "
		   "type='result'><command node='configure' sessionid='%s' "
		   "status='%s' xmlns='" NS_COMMANDS "'>%s</command></iq>\n",
		   session, status, inside);
	assert_string_equal(seen_by(f, "ann@test/a"), want.data);
	free(session);
}

/* Ann has the form before her. */
static char *
form_is_shown(struct fixture *f)
{
	char *session;

	ask(f, "ann@test/a", "libera@gw.test", "set",
	    COMMAND("node='configure'", ""));
	recorder_answer(&form);
	barrier(f);
	session = session_of(f, "ann@test/a");
	xmppd_forget(f->server);
	return session;
}

static void
go_on(struct fixture *f, const char *who, const char *session,
      const char *action, const char *inside)
{
	AUTO_STR command = { 0 };

	str_init(&command, 1 << 20);
	str_printf(&command,
		   "<command xmlns='" NS_COMMANDS "' node='configure' "
		   "sessionid='%s' action='%s'>%s</command>",
		   session, action, inside);
	ask(f, who, "libera@gw.test", "set", command.data);
}

static void
expect_error(struct fixture *f, const char *who, const char *condition)
{
	barrier(f);
	assert_non_null(strstr(seen_by(f, who), "type='error'"));
	assert_non_null(strstr(seen_by(f, who), condition));
	xmppd_forget(f->server);
}

/* ---- finding ------------------------------------------------------------- */

static void
each_place_lists_what_can_be_asked_there(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *place, *node;
	} rows[] = {
		{ "gw.test", "ping" },
		{ "libera@gw.test", "configure" },
		{ ROOM, "topics" },
		{ "bob%libera@gw.test", "topics" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char want[256];

		ask(f, "ann@test/a", rows[i].place, "get",
		    "<query xmlns='http://jabber.org/protocol/disco#items' "
		    "node='" NS_COMMANDS "'/>");
		(void)snprintf(want, sizeof(want), "<item jid='%s' name='",
			       rows[i].place);
		assert_non_null(strstr(seen_by(f, "ann@test/a"), want));
		(void)snprintf(want, sizeof(want), "node='%s'></item></query>",
			       rows[i].node);
		assert_non_null(strstr(seen_by(f, "ann@test/a"), want));
		xmppd_forget(f->server);
	}
}

static void
a_command_says_what_it_is(void **state)
{
	struct fixture *f = *state;

	ask(f, "ann@test/a", "gw.test", "get",
	    "<query xmlns='http://jabber.org/protocol/disco#info' "
	    "node='ping'/>");
	expect_seen(f, "ann@test/a",
		    "<iq from='gw.test' id='q' to='ann@test/a' type='result'>"
		    "<query node='ping' "
		    "xmlns='http://jabber.org/protocol/disco#info'>"
		    "<identity category='automation' name='Ask for a pong' "
		    "type='command-node'></identity>"
		    "<feature var='" NS_COMMANDS "'></feature>"
		    "<feature var='" NS_DATA "'></feature></query></iq>\n");
	xmppd_forget(f->server);
	ask(f, "ann@test/a", "gw.test", "get",
	    "<query xmlns='http://jabber.org/protocol/disco#info'/>");
	assert_non_null(strstr(seen_by(f, "ann@test/a"),
			       "<feature var='" NS_COMMANDS "'>"));
}

static void
what_is_not_there_is_not_found(void **state)
{
	struct fixture *f = *state;

	ask(f, "ann@test/a", "gw.test", "set", COMMAND("node='configure'", ""));
	expect_error(f, "ann@test/a", "<item-not-found");
	ask(f, "ann@test/a", "gw.test", "get",
	    "<query xmlns='http://jabber.org/protocol/disco#info' "
	    "node='configure'/>");
	expect_error(f, "ann@test/a", "<item-not-found");
}

static void
strangers_may_run_nothing(void **state)
{
	struct fixture *f = *state;

	ask(f, "eve@elsewhere/e", "libera@gw.test", "set",
	    COMMAND("node='configure'", ""));
	expect_error(f, "eve@elsewhere/e", "<forbidden");
	ask(f, "eve@elsewhere/e", "libera@gw.test", "get",
	    "<query xmlns='http://jabber.org/protocol/disco#items' "
	    "node='" NS_COMMANDS "'/>");
	expect_error(f, "eve@elsewhere/e", "<item-not-found");
	assert_null(recorder_find("run"));
}

/* ---- running ------------------------------------------------------------- */

static void
a_command_without_a_form_ends_at_once(void **state)
{
	struct fixture *f = *state;
	const struct command_answer done = { .kind = ANSWER_DONE,
					     .text = "taken" };

	ask(f, "ann@test/a", "libera@gw.test", "set",
	    COMMAND("node='configure' action='execute'", ""));
	assert_non_null(recorder_find("run configure by ann@test at libera"));
	assert_string_equal(seen_by(f, "ann@test/a"), "");
	recorder_answer(&done);
	expect_answer(f, "completed", "<note type='info'>taken</note>");
}

static void
a_form_shows_what_may_be_filled_in(void **state)
{
	struct fixture *f = *state;

	ask(f, "ann@test/a", "libera@gw.test", "set",
	    COMMAND("node='configure'", ""));
	recorder_answer(&form);
	expect_answer(
		f, "executing",
		"<actions execute='complete'><complete></complete></actions>"
		"<x type='form' xmlns='" NS_DATA "'><title>Settings</title>"
		"<instructions>Fill it in.</instructions>"
		"<field label='Nick' type='text-single' var='nick'>"
		"<required></required><value>ann</value></field>"
		"<field label='Password' type='text-private' var='pass'>"
		"<desc>Yours.</desc></field>"
		"<field label='Lines' type='text-multi' var='lines'>"
		"<value>one</value><value>two</value></field>"
		"<field label='TLS' type='boolean' var='tls'>"
		"<value>true</value></field>"
		"<field label='Port' type='text-single' var='port'></field>"
		"<field label='Way' type='list-single' var='way'>"
		"<value>in</value><option label='Inwards'><value>in</value>"
		"</option><option label='Outwards'><value>out</value></option>"
		"</field>"
		"<field label='Ways' type='list-multi' var='ways'>"
		"<option label='Inwards'><value>in</value></option>"
		"<option label='Outwards'><value>out</value></option></field>"
		"</x>");
}

static void
what_was_filled_in_is_passed_on(void **state)
{
	struct fixture *f = *state;
	const struct command_answer refused = { .kind = ANSWER_REFUSED,
						.text = "no" };
	char *session = form_is_shown(f);

	go_on(f, "ann@test/a", session, "complete",
	      SUBMIT(FIELD("nick", "anna") FIELD("pass", "s3cret") FIELD(
		      "tls",
		      "0") "<field var='lines'><value>a</value><value>b"
			   "</value></field>" FIELD("port", "6697") FIELD(
				   "way", "out") "<field var='ways'><value>in"
						 "</value><value>out</value>"
						 "</field>" FIELD("x", "y")));
	assert_non_null(recorder_find(
		"run configure by ann@test at libera filled {nick=anna} "
		"{pass=s3cret} {lines=a\nb} {tls=false} {port=6697} {way=out} "
		"{ways=in\nout}"));
	assert_null(recorder_find("{x=y}"));
	recorder_answer(&refused);
	expect_answer(f, "completed", "<note type='error'>no</note>");
	xmppd_forget(f->server);
	go_on(f, "ann@test/a", session, "complete", SUBMIT(""));
	expect_error(f, "ann@test/a", "<bad-sessionid");
	free(session);
}

static void
a_further_form_adds_to_the_first(void **state)
{
	struct fixture *f = *state;
	const struct field more = { .key = "more",
				    .kind = SETTING_TEXT,
				    .label = "More" };
	const struct command_answer again = {
		.kind = ANSWER_FORM, .text = "", .fields = &more, .n_fields = 1
	};
	char *session = form_is_shown(f);

	go_on(f, "ann@test/a", session, "next", SUBMIT(FIELD("nick", "x")));
	recorder_answer(&again);
	barrier(f);
	xmppd_forget(f->server);
	go_on(f, "ann@test/a", session, "", SUBMIT(FIELD("more", "y")));
	assert_non_null(recorder_find("filled {nick=x} {more=y}"));
	free(session);
}

static void
a_form_that_cannot_be_is_shown_again_with_the_reason(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *fields, *why;
	} rows[] = {
		{ "", "Nick: this is needed" },
		{ FIELD("nick", ""), "Nick: this is needed" },
		{ FIELD("nick", "a&#10;QUIT :b"),
		  "Nick: that is more than one line" },
		{ FIELD("nick", "a") FIELD("tls", "maybe"),
		  "TLS: that is neither yes nor no" },
		{ FIELD("nick", "a") FIELD("port", "-1"),
		  "Port: that is no number" },
		{ FIELD("nick", "a") FIELD("way", "sideways"),
		  "Way: that is not one of the choices" },
		{ FIELD("nick", "a") "<field var='way'><value>in</value>"
				     "<value>out</value></field>",
		  "Way: only one can be chosen" },
		{ FIELD("nick", "a") FIELD("ways", "in&#10;up"),
		  "Ways: that is not one of the choices" },
	};
	char *session = form_is_shown(f);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_STR submit = { 0 };

		str_init(&submit, 4096);
		str_printf(&submit,
			   "<x xmlns='" NS_DATA "' type='submit'>%s</x>",
			   rows[i].fields);
		go_on(f, "ann@test/a", session, "complete", submit.data);
		assert_non_null(strstr(seen_by(f, "ann@test/a"), rows[i].why));
		assert_non_null(strstr(seen_by(f, "ann@test/a"), "<title>"));
		xmppd_forget(f->server);
	}
	assert_int_equal(recorder_count("run"), 1);
	go_on(f, "ann@test/a", session, "complete",
	      SUBMIT(FIELD("nick", "well")));
	assert_non_null(recorder_find(" libera filled {nick=well}"));
	free(session);
}

static void
a_value_that_is_too_long_is_refused(void **state)
{
	struct fixture *f = *state;
	char *session = form_is_shown(f);
	AUTO_STR submit = { 0 };

	str_init(&submit, 65536);
	str_add(&submit, "<x xmlns='" NS_DATA "' type='submit'>"
			 "<field var='nick'><value>");
	for (size_t i = 0; i < 20000; i++)
		str_add_char(&submit, 'x');
	str_add(&submit, "</value></field></x>");
	go_on(f, "ann@test/a", session, "complete", submit.data);
	assert_non_null(
		strstr(seen_by(f, "ann@test/a"), "Nick: that is too long"));
	free(session);
}

static void
who_changes_their_mind_ends_it(void **state)
{
	struct fixture *f = *state;
	char *session = form_is_shown(f);

	go_on(f, "ann@test/a", session, "cancel", "");
	expect_answer(f, "canceled", "");
	free(session);
	xmppd_forget(f->server);
	session = form_is_shown(f);
	go_on(f, "ann@test/a", session, "complete",
	      "<x xmlns='" NS_DATA "' type='cancel'/>");
	expect_answer(f, "canceled", "");
	free(session);
}

static void
a_session_is_one_clients_own(void **state)
{
	struct fixture *f = *state;
	char *session = form_is_shown(f);

	go_on(f, "ann@test/b", session, "complete", SUBMIT(FIELD("nick", "x")));
	expect_error(f, "ann@test/b", "<bad-sessionid");
	go_on(f, "cid@test/c", session, "complete", SUBMIT(FIELD("nick", "x")));
	expect_error(f, "cid@test/c", "<bad-sessionid");
	go_on(f, "ann@test/a", "0123", "complete", SUBMIT(FIELD("nick", "x")));
	expect_error(f, "ann@test/a", "<bad-sessionid");
	go_on(f, "ann@test/a", session, "prev", "");
	expect_error(f, "ann@test/a", "<bad-action");
	go_on(f, "ann@test/a", session, "jump", "");
	expect_error(f, "ann@test/a", "<malformed-action");
	go_on(f, "ann@test/a", session, "complete", "");
	expect_error(f, "ann@test/a", "<bad-payload");
	assert_int_equal(recorder_count("run"), 1);
	free(session);
}

static void
nobody_can_begin_without_end(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 10; i++)
		ask(f, "ann@test/a", "gw.test", "set",
		    COMMAND("node='ping'", ""));
	assert_int_equal(recorder_count("run"), 10);
	xmppd_forget(f->server);
	ask(f, "ann@test/b", "gw.test", "set", COMMAND("node='ping'", ""));
	expect_error(f, "ann@test/b", "<resource-constraint");
	ask(f, "cid@test/c", "gw.test", "set", COMMAND("node='ping'", ""));
	assert_int_equal(recorder_count("run"), 11);
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, commands_setup, hosted_teardown)
	const struct CMUnitTest tests[] = {
		TEST(each_place_lists_what_can_be_asked_there),
		TEST(a_command_says_what_it_is),
		TEST(what_is_not_there_is_not_found),
		TEST(strangers_may_run_nothing),
		TEST(a_command_without_a_form_ends_at_once),
		TEST(a_form_shows_what_may_be_filled_in),
		TEST(what_was_filled_in_is_passed_on),
		TEST(a_further_form_adds_to_the_first),
		TEST(a_form_that_cannot_be_is_shown_again_with_the_reason),
		TEST(a_value_that_is_too_long_is_refused),
		TEST(who_changes_their_mind_ends_it),
		TEST(a_session_is_one_clients_own),
		TEST(nobody_can_begin_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
