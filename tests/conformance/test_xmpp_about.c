/* SPDX-License-Identifier: MIT */
/*
 * test_xmpp_about.c - what a room says of itself, and how it is set.
 */

#include "tests/conformance/xmpp_fixture.h"

#include "bridge/str.h"

#include <stdlib.h>
#include <string.h>

#define USER "xmlns='http://jabber.org/protocol/muc#user'"
#define DISCO "disco#info"
#define OWNER "muc#owner"

/* ---- steps --------------------------------------------------------------- */

/* The room's disco is that from now on, and it says that something changed. */
static void
change(struct fixture *f, const char *features)
{
	size_t asked = xmppd_count(f->server, DISCO);

	f->options.features = features;
	xmppd_say(f->server,
		  "<message type='groupchat' from='" ROOM "' to='" LISTENER
		  "'><x " USER "><status code='104'/></x></message>");
	assert_true(xmppd_wait(f->server, DISCO, asked + 1));
	barrier(f);
}

#define NAMED(name) \
	"<identity category='conference' type='text' name='" name "'/>"

/* Answer the last order of that kind. */
static void
answer(struct fixture *f, const char *words, const char *type, const char *body)
{
	char *id = xmppd_attribute(xmppd_find(f->server, words), "iq", "id");

	xmppd_say(f->server,
		  "<iq type='%s' from='" ROOM "' to='" LISTENER
		  "' id='%s'>%s</iq>",
		  type, id, body);
	free(id);
}

#define FORBIDDEN                              \
	"<error type='auth'><forbidden xmlns=" \
	"'urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"

/* ---- what it says ---------------------------------------------------------
 */

static void
a_new_name_is_told_and_the_same_is_not(void **state)
{
	struct fixture *f = *state;

	f->options.features = NAMED("Old");
	enter_room(f); /* its name is told as it was before */
	assert_int_equal(recorder_count("event name"), 1);
	expect(f, "event name " ROOM " " ROOM " (" ROOM ") Old");
	change(f, NAMED("New"));
	expect(f, "event name " ROOM " " ROOM " (" ROOM ") New");
	change(f, NAMED("New"));
	change(f, ""); /* it does not say */
	assert_int_equal(recorder_count("event name"), 2);
	change(f, NAMED(""));
	assert_true(recorder_wait(f->loop, "event name", 3));
}

static void
only_the_room_itself_may_say_so(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	size_t asked = xmppd_count(f->server, DISCO);
	xmppd_say(f->server,
		  "<message type='groupchat' from='" ROOM "/Ann' to='" LISTENER
		  "'><x " USER "><status code='104'/></x></message>");
	barrier(f);
	assert_int_equal(xmppd_count(f->server, DISCO), asked);
}

static void
who_may_enter_is_told(void **state)
{
	struct fixture *f = *state;
	unsigned open = CHANNEL_MODES_KNOWN;
	AUTO_STR line = { 0 };

	f->options.features = "<feature var='muc_membersonly'/>";
	enter_room(f);
	assert_int_equal(f->room.modes, open | CHANNEL_INVITED_ONLY);
	change(f, "<feature var='muc_passwordprotected'/>");
	assert_int_equal(f->room.modes, open | CHANNEL_HAS_PASSWORD);
	change(f, "<feature var='muc_open'/><feature var='muc_unsecured'/>");
	assert_int_equal(f->room.modes, open);
	str_init(&line, 100);
	str_printf(&line, "modes " ROOM " %u", open);
	expect(f, line.data);
}

/* ---- setting it -----------------------------------------------------------
 */

static void
a_name_is_set_by_the_form(void **state)
{
	struct fixture *f = *state;

	f->options.features = NAMED("Old");
	enter_room(f);
	(void)deliver(f, EVENT_NAME, "a <new> name", NULL);
	assert_true(xmppd_wait(f->server, OWNER, 1));
	const char *form = xmppd_find(f->server, OWNER);
	assert_non_null(strstr(form, "a &lt;new&gt; name"));
	assert_non_null(strstr(form, "muc#roomconfig</value>"));
	assert_int_equal(recorder.sent, 0);
	answer(f, OWNER, "result", "");
	expect(f, "sent d1 []");
	/* what we did is no news, and what is so is not done again */
	change(f, NAMED("a &lt;new&gt; name"));
	assert_int_equal(recorder_count("event name"), 1);
	(void)deliver(f, EVENT_NAME, "a <new> name", NULL);
	expect(f, "sent d2 []");
	assert_int_equal(xmppd_count(f->server, OWNER), 1);
}

static void
who_may_not_is_refused_and_what_is_stays_known(void **state)
{
	struct fixture *f = *state;

	f->options.features = NAMED("Old");
	enter_room(f);
	(void)deliver(f, EVENT_NAME, "New", NULL);
	assert_true(xmppd_wait(f->server, OWNER, 1));
	answer(f, OWNER, "error", FORBIDDEN);
	expect(f, "refused d1");
	/* somebody else gives it that name: that is news */
	change(f, NAMED("New"));
	expect(f, "event name " ROOM " " ROOM " (" ROOM ") New");
}

static void
what_is_under_way_dies_with_the_room(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	(void)deliver(f, EVENT_NAME, "New", NULL);
	assert_true(xmppd_wait(f->server, OWNER, 1));
	xmppd_hang_up(f->server);
	expect(f, "down home lost");
	assert_int_equal(recorder_count("back d1"), 1);
}

static void
without_a_media_room_there_are_no_pictures(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	xmppd_say(f->server, "<presence from='" ROOM "' to='" LISTENER
			     "'><x xmlns='vcard-temp:x:update'><photo>0e66b49d"
			     "04a43c19bcb2e13a53aff5d174f610fc</photo></x>"
			     "</presence>");
	(void)deliver(f, EVENT_PICTURE, "item", NULL);
	expect(f, "sent d1 []");
	barrier(f);
	assert_int_equal(recorder_count("event picture"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_new_name_is_told_and_the_same_is_not),
		CASE(only_the_room_itself_may_say_so),
		CASE(who_may_enter_is_told),
		CASE(a_name_is_set_by_the_form),
		CASE(who_may_not_is_refused_and_what_is_stays_known),
		CASE(what_is_under_way_dies_with_the_room),
		CASE(without_a_media_room_there_are_no_pictures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
