/* SPDX-License-Identifier: MIT */
/*
 * test_xmpp_hostile.c - what a server and strangers on it may send to the
 * XMPP adapter: poison, too much, and what is forged.
 */

#include "tests/conformance/xmpp_fixture.h"

#include "bridge/str.h"
#include "protocols/xmpp/xml.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USER "xmlns='http://jabber.org/protocol/muc#user'"

static const char *const poisons[] = {
	"\x01",
	"\x02"
	"b",
	"a\x03"
	"04,05b",
	"\x1b[31m",
	"\x7f",
	"a\rb",
	"a\nb",
	"a\r\nb",
	"a\tb",
	"\xff\xfe",
	"\xc3",
	"\xc0\xaf",
	"\xed\xa0\x80",
	"\xf4\x90\x80\x80",
	"\xef\xbf\xbe",
	"\xef\xbf\xbf",
	"\xc2\x85",
	"]]>",
	"<![CDATA[x]]>",
	"<!DOCTYPE a>",
	"<?pi?>",
	"<!-- c",
	"</message><presence/>",
	"&amp;&lt;&#0;",
	"\"'>",
	"' from='x@y",
	"\" to=\"x@y",
	"%s%n%x",
	"{nick}",
	"\xf0\x9f\x98\x80",
	"\xe2\x80\xae"
	"evil",
};

static void
clean(char *out, size_t size, const char *text)
{
	AUTO_STR s = { 0 };

	str_init(&s, size - 1);
	xml_clean(&s, text, strlen(text));
	memcpy(out, s.data, s.len + 1);
}

static void
poison_in_a_text_arrives_clean(void **state)
{
	struct fixture *f = *state;
	char body[256];
	char want[256];

	enter_puppet(f);
	for (size_t i = 0; i < ARRAY_SIZE(poisons); i++) {
		(void)snprintf(body, sizeof(body), "x%sx", poisons[i]);
		clean(want, sizeof(want), body);
		(void)deliver(f, EVENT_MESSAGE, body, &f->occupant);
		assert_true(recorder_wait(f->loop, "sent", i + 1));
		AUTO_STR id = { 0 };
		str_init(&id, 32);
		str_printf(&id, "id=\"d%zu\"", i + 1);
		char *got = xmppd_text(xmppd_find(f->server, id.data), "body");
		assert_string_equal(got, want);
		free(got);
	}
	assert_int_equal(xmppd_broken(f->server), 0);
}

static void
poison_in_any_other_field_breaks_nothing(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	for (size_t i = 0; i < ARRAY_SIZE(poisons); i++) {
		AUTO_STR id = { 0 };
		str_init(&id, 256);
		str_printf(&id, "p%s%zu", poisons[i], i);
		f->person.id = id.data;
		f->person.name = poisons[i];
		f->occupant.want = poisons[i];
		f->puppet.status = poisons[i];
		recorder_puppet_join(&f->occupant);
		assert_true(recorder_wait(f->loop, "puppet joined", i + 1));
		(void)deliver(f, EVENT_TOPIC, poisons[i], &f->occupant);
		assert_true(recorder_wait(f->loop, "sent", i + 1));
		recorder_puppet_leave(&f->occupant, poisons[i]);
		barrier(f);
	}
	assert_int_equal(xmppd_broken(f->server), 0);
	assert_int_equal(recorder_count("left"), 0);
}

static void
a_stanza_with_40000_children_is_survived(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	xmppd_say(f->server, "<message type='groupchat' from='" ROOM
			     "/Ann' to='" LISTENER "'><body>many</body>");
	for (size_t i = 0; i < 40000; i++)
		xmppd_say(f->server, "<i/>");
	xmppd_say(f->server, "</message>");
	expect(f, "(Ann) many");
}

static void
a_body_of_a_megabyte_is_refused_and_told(void **state)
{
	struct fixture *f = *state;
	size_t size = 1024 * 1024;
	char *body = xcalloc(1, size);

	enter_room(f);
	memset(body, '\n', size);
	xmppd_say(f->server, "<message type='groupchat' from='" ROOM
			     "/Ann' to='" LISTENER "'><body>");
	xmppd_write(f->server, body, size);
	xmppd_say(f->server, "</body></message>");
	free(body);
	assert_true(xmppd_wait(f->server, "the message is too long", 1));
	assert_int_equal(recorder_count("event message"), 0);
}

static void
deep_nesting_is_survived(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	xmppd_say(f->server, "<message type='groupchat' from='" ROOM
			     "/Ann' to='" LISTENER "'><body>deep</body>");
	for (size_t i = 0; i < 60000; i++)
		xmppd_say(f->server, "<d>");
	for (size_t i = 0; i < 60000; i++)
		xmppd_say(f->server, "</d>");
	xmppd_say(f->server, "</message>");
	expect(f, "(Ann) deep");
}

static void
a_document_type_ends_the_stream(void **state)
{
	struct fixture *f = *state;

	go_up(f);
	xmppd_say(f->server, "<!DOCTYPE a [<!ENTITY b 'c'>]>");
	expect(f, "down home lost");
}

static void
forged_senders_and_kinds_are_ignored(void **state)
{
	struct fixture *f = *state;
	static const char *const odd[] = {
		"<message/>",
		"<message from='" ROOM "/Ann'><body>no</body></message>",
		"<message type='headline' from='" ROOM "/Ann' to='" LISTENER
		"'><body>no</body></message>",
		"<message type='groupchat' from='" ROOM "' to='" LISTENER
		"'><body>no</body></message>",
		"<message type='groupchat' from='" ROOM "/Ann' to='" LISTENER
		"'><retract xmlns='urn:xmpp:message-retract:1' id='s1'>"
		"<moderated xmlns='urn:xmpp:message-moderate:1'/></retract>"
		"</message>",
		"<message type='groupchat' from='other@rooms.test/Ann' to='" LISTENER
		"'><body>no</body></message>",
		"<message type='error' id='d1' from='" ROOM "' to='" LISTENER
		"'/>",
		"<presence from='" ROOM "/Eve' to='" LISTENER "'/>",
		"<presence from='" ROOM "' to='" LISTENER "'/>",
		"<presence type='error' from='" ROOM "/x' to='" LISTENER "'/>",
		"<presence type='subscribe' from='eve@test' "
		"to='nobody@gw.test'/>",
		"<presence type='unavailable' from='" ROOM
		"/Nobody' to='" LISTENER "'/>",
		"<iq type='result' id='q1' from='x' to='" LISTENER "'/>",
		"<iq from='x' to='gw.test'/>",
		"<nonsense from='x' to='gw.test'/>",
	};

	enter_room(f);
	size_t lines = recorder.n_lines;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		xmppd_say(f->server, "%s", odd[i]);
	barrier(f);
	assert_int_equal(recorder.n_lines, lines);
	assert_int_equal(xmppd_broken(f->server), 0);
	assert_int_equal(xmppd_count(f->server, "unsubscribed"), 1);
}

static void
a_thousand_members_are_entered(void **state)
{
	struct fixture *f = *state;
	AUTO_STR many = { 0 };

	str_init(&many, 1024 * 1024);
	for (size_t i = 0; i < 1000; i++)
		str_printf(&many,
			   "<presence from='" ROOM "/m%zu' to=\"%%s\"><x " USER
			   "><item role='participant'/></x></presence>",
			   i);
	f->options.occupants = many.data;
	enter_room(f);
	assert_int_equal(recorder_count("event join"), 1000);
}
int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(poison_in_a_text_arrives_clean),
		CASE(poison_in_any_other_field_breaks_nothing),
		CASE(a_stanza_with_40000_children_is_survived),
		CASE(a_body_of_a_megabyte_is_refused_and_told),
		CASE(deep_nesting_is_survived),
		CASE(a_document_type_ends_the_stream),
		CASE(forged_senders_and_kinds_are_ignored),
		CASE(a_thousand_members_are_entered),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
