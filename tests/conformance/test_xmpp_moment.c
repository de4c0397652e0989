/* SPDX-License-Identifier: MIT */
/* test_xmpp_moment.c - who writes and who has read, to the letter. */

#include "tests/conformance/xmpp_fixture.h"

#include "bridge/str.h"

#include <string.h>

#define MARKERS "xmlns='urn:xmpp:chat-markers:0'"
#define STATES "xmlns='http://jabber.org/protocol/chatstates'"

static void
ann_says(struct fixture *f, const char *what)
{
	xmppd_say(f->server,
		  "<message type='groupchat' from='" ROOM "/Ann' to='" LISTENER
		  "'>%s</message>",
		  what);
}

static void
what_a_member_has_read_is_told_by_its_id(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	ann_says(f, "<displayed " MARKERS " id='sid-1'/>");
	expect(f, "event receipt");
	assert_non_null(
		strstr(recorder_find("event receipt"), "{target=sid-1}"));
	assert_non_null(strstr(recorder_find("event receipt"), "(Ann)"));
}

static void
markers_that_name_nothing_are_left(void **state)
{
	static const char *const odd[] = {
		"<displayed " MARKERS "/>",
		"<displayed " MARKERS " id=''/>",
		"<displayed xmlns='urn:xmpp:other' id='x'/>",
		"<displayed id='x'/>",
		"<received " MARKERS " id='x'/>",
		"<acknowledged " MARKERS " id='x'/>",
	};
	struct fixture *f = *state;
	char id[2000];
	AUTO_STR longest = { 0 };

	enter_room(f);
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		ann_says(f, odd[i]);
	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	str_init(&longest, 4096);
	str_printf(&longest, "<displayed " MARKERS " id='%s'/>", id);
	ann_says(f, longest.data);
	xmppd_say(f->server,
		  "<message type='error' from='" ROOM
		  "/Ann' to='#bob%%irc@gw.test/causeway'><displayed " MARKERS
		  " id='e'/></message>");
	barrier(f);
	assert_int_equal(recorder_count("event receipt"), 0);
}

static void
writing_is_told_when_it_changes(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	ann_says(f, "<composing " STATES "/>");
	ann_says(f, "<composing " STATES "/>");
	barrier(f);
	assert_int_equal(recorder_count("event typing"), 1);
	ann_says(f, "<paused " STATES "/>");
	ann_says(f, "<active " STATES "/>");
	ann_says(f, "<gone " STATES "/>");
	barrier(f);
	assert_int_equal(recorder_count("event typing"), 2);
}

static void
tell(struct fixture *f, struct occupant *o, unsigned changes)
{
	xmppd_forget(f->server);
	xmpp_protocol.ops.puppet_update(f->net, o, changes);
	barrier(f);
}

static void
a_puppet_shows_it_in_its_room(void **state)
{
	struct fixture *f = *state;
	struct occupant *o = &f->occupant;

	enter_puppet(f);
	o->typing = true;
	tell(f, o, PUPPET_TYPING);
	assert_int_equal(xmppd_count(f->server, "<composing"), 1);
	assert_non_null(strstr(xmppd_find(f->server, "<composing"),
			       "from=\"#bob%irc@gw.test/causeway\""));
	assert_non_null(
		strstr(xmppd_find(f->server, "<composing"), "<no-store"));
	o->typing = false;
	o->read = "sid-2";
	tell(f, o, PUPPET_TYPING | PUPPET_READ);
	assert_int_equal(xmppd_count(f->server, "<active"), 1);
	const char *marker = xmppd_find(f->server, "<displayed");
	assert_non_null(marker);
	assert_non_null(strstr(marker, "id=\"sid-2\""));
	assert_non_null(strstr(marker, "type=\"groupchat\""));
	o->read = NULL;
}

/* They are of our own puppet, whom the room shows to all. */
static void
our_own_markers_are_no_news(void **state)
{
	struct fixture *f = *state;

	enter_puppet(f);
	xmppd_say(f->server, "<message type='groupchat' from='" ROOM
			     "/bob' to='" LISTENER "'><displayed " MARKERS
			     " id='x'/><composing " STATES "/></message>");
	barrier(f);
	assert_int_equal(recorder_count("event receipt"), 0);
	assert_int_equal(recorder_count("event typing"), 0);
}

static struct channel *
private_channel(struct fixture *f)
{
	static struct channel direct; /* the recorder has it until the end */

	direct = (struct channel){ .id = 8,
				   .kind = CHANNEL_DIRECT,
				   .network = f->net,
				   .name = "ann@test",
				   .caps = f->net->caps };
	return &direct;
}

static void
ann_writes(struct fixture *f, const char *from, const char *what)
{
	xmppd_say(f->server,
		  "<message type='chat' id='m1' from='%s' "
		  "to='bob%%irc@gw.test'>%s</message>",
		  from, what);
}

static void
in_private_states_go_to_who_sends_them(void **state)
{
	struct fixture *f = *state;
	struct occupant o = { .puppet = &f->puppet,
			      .channel = private_channel(f),
			      .want = "bob",
			      .typing = true };

	f->puppet.sender = &(struct sender){ .id = "bob", .name = "bob" };
	go_up(f);
	recorder_puppet_join(&o);
	tell(f, &o, PUPPET_TYPING);
	assert_int_equal(xmppd_count(f->server, "<composing"), 0);
	ann_writes(f, "ann@test/a", "<active " STATES "/>");
	expect(f, "event typing ->irc/bob ann@test (ann)");
	tell(f, &o, PUPPET_TYPING);
	assert_int_equal(xmppd_count(f->server, "<composing"), 1);
	assert_non_null(
		strstr(xmppd_find(f->server, "<composing"), "to=\"ann@test\""));
	recorder_puppet_leave(&o, NULL);
}

static void
in_private_markers_go_both_ways(void **state)
{
	struct fixture *f = *state;
	struct occupant o = { .puppet = &f->puppet,
			      .channel = private_channel(f),
			      .want = "bob",
			      .read = "m1" };

	f->puppet.sender = &(struct sender){ .id = "bob", .name = "bob" };
	go_up(f);
	recorder_puppet_join(&o);
	tell(f, &o, PUPPET_READ);
	const char *marker = xmppd_find(f->server, "<displayed");
	assert_non_null(marker);
	assert_non_null(strstr(marker, "id=\"m1\""));
	assert_non_null(strstr(marker, "<store"));
	ann_writes(f, "ann@test/a", "<displayed " MARKERS " id='ours'/>");
	expect(f, "event receipt ->irc/bob ann@test (ann)");
	recorder_puppet_leave(&o, NULL);
}

/* Nor are they told that they may not. */
static void
strangers_are_not_heard(void **state)
{
	struct fixture *f = *state;

	go_up(f);
	xmppd_forget(f->server);
	ann_writes(f, "eve@evil.test/a", "<displayed " MARKERS " id='x'/>");
	ann_writes(f, "eve@evil.test/a", "<composing " STATES "/>");
	barrier(f);
	assert_int_equal(recorder_count("event"), 0);
	assert_int_equal(xmppd_count(f->server, "<not-allowed"), 0);
}

static void
who_asks_is_told_when_it_has_arrived(void **state)
{
	struct fixture *f = *state;
	AUTO(event) ev = NULL;

	go_up(f);
	ann_writes(f, "ann@test/a",
		   "<body>ping</body><request xmlns='urn:xmpp:receipts'/>");
	expect(f, "ping");
	ev = event_ref(recorder.last_event);
	assert_true(ev->flags & EVENT_ASKED);
	assert_int_equal(xmppd_count(f->server, "<received"), 0);
	xmpp_protocol.ops.delivered(f->net, ev);
	assert_true(xmppd_wait(f->server, "<received", 1));
	const char *got = xmppd_find(f->server, "<received");
	assert_non_null(strstr(got, "id=\"m1\""));
	assert_non_null(strstr(got, "to=\"ann@test/a\""));
	assert_non_null(strstr(got, "from=\"bob%irc@gw.test\""));
	ann_writes(f, "ann@test/a", "<body>no question</body>");
	expect(f, "no question");
	assert_false(recorder.last_event->flags & EVENT_ASKED);
}

/* Only where it is told anywhere. */
static void
messages_ask_to_be_told_when_they_were_read(void **state)
{
	static const struct {
		enum conf_receipts receipts;
		size_t n;
	} cases[] = { { CONF_RECEIPTS_NONE, 0 },
		      { CONF_RECEIPTS_DIRECT, 0 },
		      { CONF_RECEIPTS_ALL, 1 } };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		teardown(state);
		setup(state);
		f = *state;
		xmpp_protocol.ops.destroy(f->net);
		f->conf.receipts = cases[i].receipts;
		f->net = xmpp_protocol.ops.create(&f->conf, f->loop, NULL);
		f->room.network = f->net;
		enter_puppet(f);
		deliver(f, EVENT_MESSAGE, "hello", &f->occupant);
		assert_true(xmppd_wait(f->server, "hello", 1));
		assert_int_equal(xmppd_count(f->server, "<markable"),
				 cases[i].n);
		expect(f, "sent d1");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_a_member_has_read_is_told_by_its_id),
		CASE(markers_that_name_nothing_are_left),
		CASE(writing_is_told_when_it_changes),
		CASE(a_puppet_shows_it_in_its_room),
		CASE(our_own_markers_are_no_news),
		CASE(in_private_states_go_to_who_sends_them),
		CASE(in_private_markers_go_both_ways),
		CASE(strangers_are_not_heard),
		CASE(who_asks_is_told_when_it_has_arrived),
		CASE(messages_ask_to_be_told_when_they_were_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
