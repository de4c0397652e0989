/* SPDX-License-Identifier: MIT */
/*
 * test_xmpp_poison.c - every value that a user of a hosted room can set, times
 * what nobody should send: the stream stays, others notice nothing, and whoever
 * asked for something gets an answer.
 */

#include "tests/conformance/hosted_fixture.h"

#include "bridge/base.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVE "eve@test/e"
#define ADMIN "<query xmlns='http://jabber.org/protocol/muc#admin'>"
#define OWNER "<query xmlns='http://jabber.org/protocol/muc#owner'>"
#define FORM "<x xmlns='jabber:x:data' type='submit'>"
#define IQ(type, to, inside) \
	"<iq type='" type "' from='" EVE "' to='" to "' id='q'>" inside "</iq>"
#define PRESENCE(attributes, inside) \
	"<presence from='" EVE "' " attributes ">" inside "</presence>"
#define MESSAGE(attributes, inside) \
	"<message from='" EVE "' id='q' " attributes ">" inside "</message>"
#define IN_MUC(inside) \
	"<x xmlns='http://jabber.org/protocol/muc'>" inside "</x>"
#define COMMANDS "http://jabber.org/protocol/commands"

/* \001 stands for the value. */
static const struct spot {
	const char *name, *stanza;
	bool attribute; /* takes no elements */
	bool asks;      /* must be answered, if it comes through */
} spots[] = {
	{ "nick", PRESENCE("to='" ROOM "/\001'", MUC), true, false },
	{ "room", PRESENCE("to='#\001%libera@gw.test/e'", MUC), true, false },
	{ "password",
	  PRESENCE("to='" ROOM "/e'", IN_MUC("<password>\001</password>")),
	  false, false },
	{ "history",
	  PRESENCE("to='" ROOM "/e'", IN_MUC("<history since='\001' "
					     "maxchars='\001'/>")),
	  true, false },
	{ "status", PRESENCE("to='" ROOM "/Eve'", "<status>\001</status>"),
	  false, false },
	{ "show", PRESENCE("to='" ROOM "/Eve'", "<show>\001</show>"), false,
	  false },
	{ "body",
	  MESSAGE("type='groupchat' to='" ROOM "'", "<body>\001</body>"), false,
	  false },
	{ "id", MESSAGE("type='\001' to='" ROOM "'", "<body>x</body>"), true,
	  false },
	{ "subject",
	  MESSAGE("type='groupchat' to='" ROOM "'", "<subject>\001</subject>"),
	  false, false },
	{ "private",
	  MESSAGE("type='chat' to='" ROOM "/bob'", "<body>\001</body>"), false,
	  false },
	{ "occupant",
	  MESSAGE("type='chat' to='" ROOM "/\001'", "<body>x</body>"), true,
	  false },
	{ "person",
	  MESSAGE("type='chat' to='\001%libera@gw.test'", "<body>x</body>"),
	  true, false },
	{ "invited",
	  MESSAGE("to='" ROOM "'",
		  X("<invite to='\001'><reason>\001</reason></invite>")),
	  true, false },
	{ "reason of an invitation",
	  MESSAGE("to='" ROOM "'", X("<invite to='zoe%libera@gw.test'>"
				     "<reason>\001</reason></invite>")),
	  false, false },
	{ "declined",
	  MESSAGE("to='" ROOM "'",
		  X("<decline to='\001'><reason>\001</reason></decline>")),
	  true, false },
	{ "kicked",
	  IQ("set", ROOM, ADMIN "<item nick='\001' role='none'/></query>"),
	  true, true },
	{ "reason of a kick",
	  IQ("set", ROOM,
	     ADMIN "<item nick='bob' role='none'>"
		   "<reason>\001</reason></item></query>"),
	  false, true },
	{ "banned",
	  IQ("set", ROOM,
	     ADMIN "<item jid='\001' affiliation='outcast'/>"
		   "</query>"),
	  true, true },
	{ "role",
	  IQ("set", ROOM, ADMIN "<item nick='bob' role='\001'/></query>"), true,
	  true },
	{ "value of the room's form",
	  IQ("set", ROOM,
	     OWNER FORM "<field var='muc#roomconfig_roomsecret'>"
			"<value>\001</value></field></x></query>"),
	  false, true },
	{ "field of the room's form",
	  IQ("set", ROOM,
	     OWNER FORM "<field var='\001'><value>1</value></field>"
			"</x></query>"),
	  true, true },
	{ "command",
	  IQ("set", ROOM, "<command xmlns='" COMMANDS "' node='\001'/>"), true,
	  true },
	{ "argument of a command",
	  IQ("set", ROOM,
	     "<command xmlns='" COMMANDS "' node='configure' "
	     "sessionid='\001'>" FORM "<field var='persistent'>"
	     "<value>\001</value></field></x></command>"),
	  true, true },
	{ "registration",
	  IQ("set", "libera@gw.test",
	     "<query xmlns='jabber:iq:register'>"
	     "<nick>\001</nick><password>\001</password></query>"),
	  false, true },
	{ "node",
	  IQ("get", ROOM,
	     "<query xmlns='http://jabber.org/protocol/"
	     "disco#info' node='\001'/>"),
	  true, true },
	{ "item of the archive",
	  IQ("set", ROOM,
	     "<query xmlns='urn:xmpp:mam:2' queryid='q'>"
	     "<set xmlns='http://jabber.org/protocol/rsm'>"
	     "<max>\001</max><after>\001</after></set></query>"),
	  false, true },
	{ "card",
	  IQ("set", ROOM "/bob",
	     "<vCard xmlns='vcard-temp'><FN>\001</FN>"
	     "</vCard>"),
	  false, true },
	{ "leaving",
	  PRESENCE("type='unavailable' to='" ROOM "/Eve'",
		   "<status>\001</status>"),
	  false, false },
};

static const char *const poisons[] = {
	"a&#10;QUIT :b",
	"&#13;&#10;JOIN 0",
	"%s%n%x",
	"{nick}",
	"\xe2\x80\xae\xe2\x80\x8b",
	"\xf0\x9f\x92\xa9",
	"../../etc/passwd",
	"&apos;; DROP TABLE event; --",
	"&lt;/presence&gt;&lt;iq/&gt;",
	"]]&gt;",
	"\xc2\x85\xef\xbb\xbf",
	"/me",
	"a\\40b",
	"#a,#b 0",
	" ",
	"",
};

/* ---- monsters ------------------------------------------------------------ */

#define HUGE_BYTES (1 << 20)
#define NESTED 30000
#define ATTRIBUTES 400

static char *
repeat(const char *before, const char *text, size_t n, const char *after)
{
	AUTO_STR out = { 0 };

	str_init(&out, 2 * HUGE_BYTES);
	str_add(&out, before);
	for (size_t i = 0; i < n; i++)
		str_add(&out, text);
	str_add(&out, after);
	assert_false(str_overflowed(&out));
	return str_take(&out);
}

static char *
huge(void)
{
	return repeat("", "x", HUGE_BYTES, "");
}

static char *
nested(void)
{
	char *inner = repeat("", "<a>", NESTED, "x");
	char *all = repeat(inner, "</a>", NESTED, "");

	free(inner);
	return all;
}

static char *
attributes(void)
{
	AUTO_STR out = { 0 };

	str_init(&out, HUGE_BYTES);
	str_add(&out, "<a ");
	for (int i = 0; i < ATTRIBUTES; i++)
		str_printf(&out, "a%d='x' ", i);
	str_add(&out, "/>");
	return str_take(&out);
}

/* ---- the matrix ---------------------------------------------------------- */

static void
write_spot(struct str *out, const struct spot *spot, const char *value)
{
	for (const char *s = spot->stanza; *s; s++) {
		if (*s == '\001')
			str_add(out, value);
		else
			str_add_n(out, s, 1);
	}
}

/* Behind a slash begins another part of an address: not to us any more. */
static bool
is_elsewhere(const struct spot *spot, const char *value)
{
	return strstr(spot->stanza, "\001%libera") && strchr(value, '/');
}

static void
eve_is_in(struct fixture *f)
{
	knock(f, EVE, "Eve", MUC);
	let_in(f, "eve@test", "Eve");
	clear(f);
}

static void
try(struct fixture *f, const struct spot *spot, const char *value, bool whole)
{
	AUTO_STR stanza = { 0 };
	size_t from;

	str_init(&stanza, 4 * HUGE_BYTES);
	write_spot(&stanza, spot, value);
	eve_is_in(f);
	from = recorder.n_lines;
	xmppd_write(f->server, stanza.data, stanza.len);
	barrier(f);
	if (!xmppd_is_open(f->server))
		fail_msg("%s: the stream is closed: %.60s", spot->name, value);
	if (spot->asks && whole && !strstr(seen_by(f, EVE), "id='q'"))
		fail_msg("%s: no answer to: %.60s", spot->name, value);
	/* Whatever Eve is now, Ann is where she was, and alone. */
	clear(f);
	ask(f, "ann@test/a", ROOM "/Ann", "get",
	    "<ping xmlns='urn:xmpp:ping'/>");
	if (!strstr(seen_by(f, "ann@test/a"), "type='result'"))
		fail_msg("%s: Ann is out after: %.60s", spot->name, value);
	for (size_t i = from; i < recorder.n_lines; i++)
		if (strstr(recorder.lines[i], "ann@test"))
			fail_msg("%s: %s", spot->name, recorder.lines[i]);
}

static void
no_poison_in_any_field_harms_anybody(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	for (size_t i = 0; i < ARRAY_SIZE(spots); i++)
		for (size_t k = 0; k < ARRAY_SIZE(poisons); k++)
			if (!is_elsewhere(&spots[i], poisons[k]))
				try(f, &spots[i], poisons[k], true);
}

static void
no_monster_in_any_field_harms_anybody(void **state)
{
	struct fixture *f = *state;
	char *values[] = { huge(), nested(), attributes() };

	ann_is_in(f);
	for (size_t i = 0; i < ARRAY_SIZE(spots); i++)
		for (size_t k = 0; k < ARRAY_SIZE(values); k++)
			if (k == 0 || !spots[i].attribute)
				try(f, &spots[i], values[k],
				    !spots[i].attribute);
	for (size_t k = 0; k < ARRAY_SIZE(values); k++)
		free(values[k]);
}

static void
a_word_that_is_too_long_comes_back(void **state)
{
	static const char *const said[] = { "body", "subject", "private" };
	struct fixture *f = *state;
	char *value = huge();

	ann_is_in(f);
	bob_is_in(f);
	for (size_t i = 0; i < ARRAY_SIZE(spots); i++)
		for (size_t k = 0; k < ARRAY_SIZE(said); k++) {
			AUTO_STR stanza = { 0 };

			if (strcmp(spots[i].name, said[k]) != 0)
				continue;
			str_init(&stanza, 2 * HUGE_BYTES);
			write_spot(&stanza, &spots[i], value);
			eve_is_in(f);
			xmppd_write(f->server, stanza.data, stanza.len);
			barrier(f);
			if (!strstr(seen_by(f, EVE), "type='error'"))
				fail_msg("%s: nobody was told", said[k]);
		}
	assert_null(recorder_find("event message"));
	assert_null(recorder_find("event topic"));
	free(value);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			no_poison_in_any_field_harms_anybody, hosted_setup,
			hosted_teardown),
		cmocka_unit_test_setup_teardown(
			no_monster_in_any_field_harms_anybody, hosted_setup,
			hosted_teardown),
		cmocka_unit_test_setup_teardown(
			a_word_that_is_too_long_comes_back, hosted_setup,
			hosted_teardown),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
