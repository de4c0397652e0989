/* SPDX-License-Identifier: MIT */
/*
 * test_xmpp_peer.c - the XMPP adapter on a real loop against a scripted
 * server: the contract of bridge/protocol.h and what a room may do to us.
 */

#include "tests/conformance/xmpp_fixture.h"

#include "bridge/str.h"
#include "protocols/xmpp/guard.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUPPET "#bob%irc@gw.test/causeway"
#define USER "xmlns='http://jabber.org/protocol/muc#user'"

/* ---- the stream ---------------------------------------------------------- */

static void
a_component_logs_in(void **state)
{
	struct fixture *f = *state;

	go_up(f);
	recorder_stop(f->net);
	expect(f, "down home asked");
	recorder_start(f->net); /* and once more, on the same network */
	assert_true(recorder_wait(f->loop, "up home", 2));
}

static void
a_host_name_is_resolved_first(void **state)
{
	struct fixture *f = *state;

	f->xmpp.host = "localhost";
	go_up(f);
}

static void
a_wrong_secret_is_refused_in_words(void **state)
{
	struct fixture *f = *state;

	f->options.secret = "another";
	recorder_start(f->net);
	expect(f, "down home refused: the server does not accept");
}

static void
a_conflict_is_refused_in_words(void **state)
{
	struct fixture *f = *state;

	f->options.mood = XMPPD_CONFLICT;
	recorder_start(f->net);
	expect(f, "down home refused: another connection uses");
}

static void
a_closed_port_is_unreachable(void **state)
{
	struct fixture *f = *state;

	f->xmpp.port = 1;
	recorder_start(f->net);
	expect(f, "down home unreachable: cannot connect to 127.0.0.1 port "
		  "1: no connection");
}

static void
a_lost_connection_is_lost(void **state)
{
	struct fixture *f = *state;

	enter_puppet(f);
	(void)deliver(f, EVENT_MESSAGE, "on its way", &f->occupant);
	xmppd_hang_up(f->server);
	expect(f, "down home lost");
	assert_int_equal(recorder_count("back d1"), 1);
	assert_null(f->room.data);
	assert_null(f->occupant.data);
}

static void
a_conflict_after_a_loss_is_with_ourselves(void **state)
{
	struct fixture *f = *state;

	go_up(f);
	xmppd_hang_up(f->server);
	expect(f, "down home lost");
	f->options.mood = XMPPD_CONFLICT;
	recorder_start(f->net);
	expect(f, "down home unreachable: the server still holds our");
	f->options.mood = XMPPD_WELCOME;
	recorder_start(f->net);
	assert_true(recorder_wait(f->loop, "up home", 2));
	recorder_stop(f->net);
	expect(f, "down home asked");
	f->options.mood = XMPPD_CONFLICT;
	recorder_start(f->net);
	expect(f, "down home refused: another connection uses");
}

static void
stopping_while_connecting_is_safe(void **state)
{
	struct fixture *f = *state;

	recorder_start(f->net);
	recorder_stop(f->net);
	expect(f, "down home asked");
}

static void
stopping_says_goodbye_for_everybody(void **state)
{
	struct fixture *f = *state;

	enter_puppet(f);
	recorder_stop(f->net);
	expect(f, "down home asked");
	assert_int_equal(xmppd_count(f->server, "type=\"unavailable\""), 2);
}

/* ---- rooms --------------------------------------------------------------- */

static void
entering_reports_members_then_topic_then_joined(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	assert_int_equal(recorder.n_lines, 5); /* up, and these */
	assert_string_equal(recorder.lines[1], "modes " ROOM " 1");
	assert_string_equal(recorder.lines[2],
			    "event join " ROOM " " ROOM "/occ:o1 (Ann) lunch "
			    "{backlog} {show=away} {rank=owner}");
	assert_non_null(strstr(recorder.lines[3],
			       "event topic " ROOM " " ROOM "/occ:o1 (Ann) "
			       "the topic {backlog}"));
	assert_string_equal(recorder.lines[4], "joined " ROOM);
	assert_true(f->room.caps & CAN_EDIT);
	const char *entry = xmppd_find(f->server, "protocol/muc\"");
	/* to find words of ours in the history; nothing of it is news */
	assert_non_null(strstr(entry, "maxstanzas=\"50\""));
}

static void
an_empty_subject_is_no_topic(void **state)
{
	struct fixture *f = *state;

	f->options.subject = NULL;
	enter_room(f);
	assert_int_equal(recorder_count("event topic"), 0);
}

static void
without_stable_ids_nothing_is_edited(void **state)
{
	struct fixture *f = *state;

	f->options.features = "";
	enter_room(f);
	assert_false(f->room.caps & (CAN_EDIT | CAN_REPLY));
	assert_non_null(recorder_find(ROOM "/nick:Ann (Ann)"));
}

static void
a_room_that_is_not_there_is_asked_for_again(void **state)
{
	struct fixture *f = *state;

	f->options.features = NULL;
	go_up(f);
	recorder_join(&f->room);
	expect(f, "left " ROOM " unreachable: there is no such room");
	assert_int_equal(xmppd_count(f->server, "<presence"), 0);
}

static void
a_room_made_for_us_is_destroyed_again(void **state)
{
	struct fixture *f = *state;

	f->options.creates = true;
	go_up(f);
	recorder_join(&f->room);
	expect(f, "left " ROOM " refused: no such room existed");
	assert_true(xmppd_wait(f->server, "<destroy/>", 1));
}

static void
a_name_that_is_no_room_is_refused(void **state)
{
	struct fixture *f = *state;

	f->room.name = "not a room";
	go_up(f);
	recorder_join(&f->room);
	expect(f, "left not a room refused");
}

static void
a_nick_conflict_appends_a_number(void **state)
{
	struct fixture *f = *state;

	f->options.taken = "|causeway|causeway (2)|bob|";
	enter_puppet(f);
	assert_int_equal(xmppd_count(f->server, "/causeway (3)\""), 1);
	assert_non_null(recorder_find("puppet joined " ROOM " bob as bob (2)"));
}

static void
nicks_run_out(void **state)
{
	struct fixture *f = *state;

	f->options.taken = "|bob|bob (2)|bob (3)|bob (4)|bob (5)|bob (6)|";
	enter_room(f);
	recorder_puppet_join(&f->occupant);
	expect(f, "puppet left " ROOM " bob refused: nick in use");
	assert_null(f->occupant.data);
}

static void
no_puppet_looks_like_a_member(void **state)
{
	struct fixture *f = *state;

	f->occupant.want = "aNN";
	enter_puppet(f);
	assert_non_null(recorder_find("puppet joined " ROOM " aNN as aNN (2)"));
}

static void
ghosts_are_put_out_before_the_snapshot(void **state)
{
	struct fixture *f = *state;

	f->options.occupants =
		"<presence from='" ROOM "/ghost' to=\"%s\"><x " USER
		"><item affiliation='none' role='participant'/></x></presence>"
		"<presence from='" ROOM "/causeway' to='old%irc@gw.test/"
		"causeway'><x " USER "><item affiliation='none' role="
		"'participant'/></x></presence><presence from='" ROOM
		"/ghost' to=\"%s\" type='unavailable'><x " USER "><item "
		"affiliation='none' role='none'/></x></presence>";
	enter_room(f);
	assert_int_equal(xmppd_count(f->server, "from=\"old%irc@gw.test/"
						"causeway\""),
			 1);
	assert_int_equal(recorder_count("ghost"), 0);
}

struct removal {
	const char *inside;
	const char *report;
};

/* clang-format off */
static const struct removal removals[] = {
	{ "<item affiliation='none' role='none'><actor nick='Op'/><reason>rude"
	  "</reason></item><status code='307'/>",
	  "left " ROOM " lost: kicked by Op: rude" },
	{ "<item affiliation='outcast' role='none'/><status code='301'/>",
	  "left " ROOM " refused: banned" },
	{ "<item affiliation='none' role='none'/><status code='307'/>"
	  "<status code='333'/>",
	  "left " ROOM " lost: removed after a delivery failed" },
	{ "<item affiliation='none' role='none'/><status code='332'/>",
	  "left " ROOM " lost: the room service is shutting down" },
	{ "<item affiliation='none' role='none'/><status code='321'/>",
	  "left " ROOM " refused: no longer a member of the room" },
	{ "<item affiliation='none' role='none'/><status code='322'/>",
	  "left " ROOM " refused: the room is now members only" },
	{ "<item affiliation='none' role='none'/><destroy><reason>bye"
	  "</reason></destroy>",
	  "left " ROOM " lost: the room was destroyed: bye" },
};
/* clang-format on */

static void
being_removed_says_why(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	for (size_t i = 0; i < ARRAY_SIZE(removals); i++) {
		xmppd_say(f->server,
			  "<presence type='unavailable' from='" ROOM
			  "/causeway' to='" LISTENER "'><x " USER
			  ">%s<status code='110'/></x></presence>",
			  removals[i].inside);
		expect(f, removals[i].report);
		assert_null(f->room.data);
		/* what the fake room still believes */
		xmppd_forget(f->server);
		xmppd_hang_up(f->server);
		assert_true(recorder_wait(f->loop, "down home", i + 1));
		recorder_start(f->net);
		assert_true(recorder_wait(f->loop, "up home", i + 2));
		recorder_join(&f->room);
		assert_true(recorder_wait(f->loop, "joined " ROOM, i + 2));
	}
}

/* ---- still in there? ----------------------------------------------------- */

/* XEP-0410 section 3 */
static const struct {
	const char *answer;
	bool in;
} self_pings[] = {
	{ NULL, true },
	{ "service-unavailable", true },
	{ "feature-not-implemented", true },
	{ "item-not-found", true },
	{ "remote-server-not-found", true },
	{ "remote-server-timeout", true },
	{ "not-acceptable", false },
	{ "not-allowed", false },
	{ "bad-request", false },
	{ "forbidden", false },
};

static void
a_silent_room_is_asked_whether_we_are_in_it(void **state)
{
	struct fixture *f = *state;

	f->xmpp.self_ping_s = 1;
	enter_room(f);
	for (size_t i = 0; i < ARRAY_SIZE(self_pings); i++) {
		size_t asked = xmppd_count(f->server, "urn:xmpp:ping");
		unsigned lefts = recorder.lefts;

		f->options.self_ping = self_pings[i].answer;
		assert_true(xmppd_wait(f->server, "urn:xmpp:ping", asked + 1));
		barrier(f);
		assert_int_equal(recorder.lefts - lefts, !self_pings[i].in);
		if (self_pings[i].in)
			continue;
		recorder_join(&f->room);
		assert_true(recorder_wait(f->loop, "joined " ROOM,
					  recorder.joins + 1));
	}
}

/* ---- members ------------------------------------------------------------- */

#define FROM_ANN(type) \
	"<presence" type " from='" ROOM "/Ann' to='" LISTENER "'><x " USER ">"

struct telling {
	const char *stanza;
	const char *report;
};

/* clang-format off */
static const struct telling tellings[] = {
	{ "<presence from='" ROOM "/Ann' to='" LISTENER "'><show>dnd</show>"
	  "<x " USER "><item role='participant'/></x></presence>",
	  "event presence " ROOM " " ROOM "/occ:o1 (Ann)  {show=dnd}" },
	{ FROM_ANN(" type='unavailable'") "<item role='none' nick='Anna'/>"
	  "<status code='303'/></x></presence>",
	  "event rename " ROOM " " ROOM "/occ:o1 (Anna)" },
	{ "<presence from='" ROOM "/Cid' to='" LISTENER "'><x " USER "><item "
	  "affiliation='admin' role='moderator'/></x></presence>",
	  "event join " ROOM " " ROOM "/nick:Cid (Cid)  {rank=admin}" },
	{ "<presence from='" ROOM "/Dot' to='" LISTENER "'><x " USER "><item "
	  "jid='dot@test/x' role='participant'/></x></presence>",
	  "event join " ROOM " " ROOM "/jid:" },
	{ "<presence type='unavailable' from='" ROOM "/Cid' to='" LISTENER
	  "'><x " USER "><item role='none'><actor nick='Anna'/><reason>spam"
	  "</reason></item><status code='307'/></x></presence>",
	  "(Cid) spam {part=kicked} {actor=Anna}" },
	{ "<presence type='unavailable' from='" ROOM "/Anna' to='" LISTENER
	  "'><status>bye</status><x " USER "><item role='none'/></x>"
	  "</presence>",
	  "(Anna) bye {part=left}" },
};
/* clang-format on */

static void
members_come_change_and_go(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	for (size_t i = 0; i < ARRAY_SIZE(tellings); i++) {
		xmppd_say(f->server, "%s", tellings[i].stanza);
		expect(f, tellings[i].report);
	}
}

static void
a_nick_taken_over_is_another_person(void **state)
{
	struct fixture *f = *state;

	f->options.features = "";
	enter_room(f); /* Ann is nick:Ann */
	xmppd_say(
		f->server,
		FROM_ANN(
			" type='unavailable'") "<item role='none' "
					       "nick='Anna'/><status code='303'/></x></presence>" FROM_ANN(
						       "") "<item role='participant'/></x></presence>");
	expect(f, "event join " ROOM " " ROOM "/nick:Ann#2 (Ann)");
}

static void
somebody_faster_than_the_puppet_is_a_member(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	f->options.deaf = true;
	recorder_puppet_join(&f->occupant);
	assert_true(xmppd_wait(f->server, "/bob\"", 1));
	xmppd_say(f->server,
		  "<presence from='" ROOM "/bob' to='" LISTENER "'><x " USER
		  "><item role='participant'/></x></presence>");
	barrier(f);
	assert_int_equal(recorder_count("(bob)"), 0); /* who knows */
	f->options.deaf = false;
	f->options.taken = "|bob|";
	xmppd_say(f->server,
		  "<presence type='error' from='" ROOM "/bob' to='#bob%%irc"
		  "@gw.test/causeway'><error><conflict xmlns='urn:ietf:params"
		  ":xml:ns:xmpp-stanzas'/></error></presence>");
	xmppd_say(f->server, " ");
	expect(f, "puppet joined " ROOM " bob as bob (2)");
	assert_int_equal(recorder_count("event join " ROOM " " ROOM
					"/nick:bob (bob)"),
			 1);
}

/* ---- puppets ------------------------------------------------------------- */

static void
a_puppet_is_not_a_member(void **state)
{
	struct fixture *f = *state;

	enter_puppet(f);
	(void)deliver(f, EVENT_MESSAGE, "me", &f->occupant);
	expect(f, "sent d1 [s1 d1]");
	f->puppet.show = SHOW_AWAY;
	f->puppet.status = "tea";
	xmpp_protocol.ops.puppet_update(f->net, &f->occupant, PUPPET_STATUS);
	assert_true(xmppd_wait(f->server, "<status>tea</status>", 1));
	recorder_puppet_leave(&f->occupant, "gone");
	assert_true(xmppd_wait(f->server, "<status>gone</status>", 1));
	barrier(f);
	assert_int_equal(recorder_count("(bob)"), 0);
	assert_null(f->occupant.data);
}

static void
a_puppet_comes_back_at_once(void **state)
{
	struct fixture *f = *state;

	enter_puppet(f);
	recorder_puppet_leave(&f->occupant, NULL);
	recorder_puppet_join(&f->occupant);
	assert_true(recorder_wait(f->loop, "puppet joined", 2));
	barrier(f);
	assert_int_equal(recorder_count("(bob)"), 0);
	assert_int_equal(recorder_count("puppet left"), 0);
}

static void
a_puppet_is_renamed(void **state)
{
	struct fixture *f = *state;

	enter_puppet(f);
	f->occupant.want = "bobby";
	xmpp_protocol.ops.puppet_update(f->net, &f->occupant, PUPPET_NAME);
	expect(f, "puppet renamed " ROOM " bobby to bobby");
	f->options.taken = "|rob|";
	f->occupant.want = "rob";
	xmpp_protocol.ops.puppet_update(f->net, &f->occupant, PUPPET_NAME);
	expect(f, "puppet renamed " ROOM " rob to rob (2)");
	barrier(f);
	assert_int_equal(recorder_count("event"), 2); /* Ann, topic */
}

/* It is deeper than the guard lets pass what somebody will look at. */
static void
say_deep(struct fixture *f, const char *what, const char *from, const char *to)
{
	AUTO_STR deep = { 0 };

	str_init(&deep, 1000);
	for (int i = 0; i < 100; i++)
		str_add(&deep, "<i>");
	for (int i = 0; i < 100; i++)
		str_add(&deep, "</i>");
	xmppd_say(f->server, "<%s from='" ROOM "/%s' to='%s'>%s</%.*s>", what,
		  from, to, deep.data, (int)strcspn(what, " "), what);
}

static void
only_the_listener_s_copy_is_looked_at(void **state)
{
	static const struct {
		const char *what, *from, *to;
		unsigned long looked_at;
	} cases[] = {
		{ "message type='groupchat'", "Ann", LISTENER, 1 },
		{ "message type='groupchat'", "Ann", PUPPET, 0 },
		{ "message type='groupchat'", "bob", PUPPET, 0 },
		{ "message type='chat'", "Ann", PUPPET, 1 },
		{ "message type='error'", "bob", PUPPET, 1 },
		{ "message", "Ann", PUPPET, 1 },
		{ "presence", "Ann", LISTENER, 1 },
		{ "presence", "Ann", PUPPET, 0 },
		{ "presence type='unavailable'", "Ann", PUPPET, 0 },
		{ "presence type='error'", "Ann", PUPPET, 1 },
		{ "presence type='unavailable'", "bob", PUPPET, 1 },
	};
	struct fixture *f = *state;

	enter_puppet(f);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned long before = guard_trips();

		say_deep(f, cases[i].what, cases[i].from, cases[i].to);
		barrier(f);
		assert_int_equal(guard_trips() - before, cases[i].looked_at);
	}
}

static void
a_kicked_puppet_stays_out(void **state)
{
	struct fixture *f = *state;

	enter_puppet(f);
	xmppd_say(f->server,
		  "<presence type='unavailable' from='" ROOM "/bob' "
		  "to='#bob%%irc@gw.test/causeway'><x " USER "><item "
		  "role='none'><actor nick='Ann'/><reason>no</reason></item>"
		  "<status code='307'/><status code='110'/></x></presence>");
	expect(f, "puppet left " ROOM " bob refused: kicked by Ann: no");
}

/* ---- deliveries ---------------------------------------------------------- */

static void
deliveries_are_confirmed_in_order(void **state)
{
	struct fixture *f = *state;

	enter_puppet(f);
	for (size_t i = 0; i < 10; i++)
		(void)deliver(f, EVENT_MESSAGE, "line",
			      i % 2 ? &f->occupant : NULL);
	expect(f, "sent d10 [s10 d10]");
	size_t first = recorder.n_lines - 10;
	assert_string_equal(recorder.lines[first], "sent d1 [s1 d1]");
}

static void
an_error_refuses(void **state)
{
	struct fixture *f = *state;

	enter_puppet(f);
	f->options.mute = true;
	(void)deliver(f, EVENT_MESSAGE, "hm", &f->occupant);
	(void)deliver(f, EVENT_TOPIC, "hm", NULL);
	xmppd_say(f->server,
		  "<message type='error' id='d1' from='" ROOM "' "
		  "to='#bob%%irc@gw.test/causeway'><error type='auth'>"
		  "<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		  "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no voice"
		  "</text></error></message>"
		  "<message type='error' id='d2' from='" ROOM "' to='" LISTENER
		  "'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:"
		  "ns:xmpp-stanzas'/></error></message>");
	expect(f, "refused d1: no voice");
	expect(f, "refused d2: the room does not let us change its subject");
}

static void
a_puppet_that_is_out_gives_back_all_behind_it(void **state)
{
	struct fixture *f = *state;

	enter_puppet(f);
	f->options.mute = true;
	(void)deliver(f, EVENT_MESSAGE, "1", NULL);
	(void)deliver(f, EVENT_MESSAGE, "2", &f->occupant);
	(void)deliver(f, EVENT_MESSAGE, "3", NULL);
	xmppd_say(f->server,
		  "<message type='error' id='d2' from='" ROOM "' "
		  "to='#bob%%irc@gw.test/causeway'><error type='modify'>"
		  "<not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"
		  "/></error></message>");
	expect(f, "puppet left " ROOM " bob lost");
	assert_int_equal(recorder_count("later d2"), 1);
	assert_int_equal(recorder_count("later d3"), 1);
	assert_int_equal(recorder_count("later d1"), 0);
}

static void
nobody_else_confirms(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	f->options.mute = true;
	(void)deliver(f, EVENT_MESSAGE, "mine", NULL);
	xmppd_say(f->server, "<message type='groupchat' id='d1' from='" ROOM
			     "/Ann' to='" LISTENER "'><body>guess</body>"
			     "</message>");
	expect(f, "(Ann) guess");
	assert_int_equal(recorder_count("sent"), 0);
}

static void
nothing_left_is_refused(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	(void)deliver(f, EVENT_MESSAGE, "\x01\x02 \x03", NULL);
	expect(f, "refused d1: nothing in it can be shown");
}

static void
ann_marks(struct fixture *f, const char *marks)
{
	AUTO_STR all = { 0 };

	str_init(&all, 500);
	for (; *marks; marks++)
		str_printf(&all, "<reaction>%c</reaction>", *marks);
	xmppd_say(f->server,
		  "<message type='groupchat' from='" ROOM "/Ann' to='" LISTENER
		  "' id='r'><reactions xmlns='urn:xmpp:reactions:0' id='s7'>"
		  "%s</reactions></message>",
		  all.data);
	barrier(f);
}

/* A set says all; what stood before we were started is on disk. */
static void
marks_that_stood_before_are_no_news(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	recorder.marks = "ab";
	ann_marks(f, "bc");
	assert_int_equal(recorder_count("reaction"), 2);
	assert_int_equal(recorder_count("{removed}"), 1);
	recorder.marks = "x"; /* from now on we know */
	ann_marks(f, "");
	assert_int_equal(recorder_count("reaction"), 4);
	assert_int_equal(recorder_count("{removed}"), 3);
}

static void
an_edit_names_what_it_replaces(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	struct event *ev = event_make(EVENT_EDIT);
	event_set_sender(ev, "#bob", "bob");
	event_set_text(ev, "better");
	ev->target = event_strdup(ev, "d0");
	f->said[0] = ev;
	f->deliveries[0] = (struct delivery){
		.event = ev, .channel = &f->room, .id = "e1", .target = "d0"
	};
	f->n = 1;
	recorder_send(&f->deliveries[0]);
	expect(f, "sent e1");
	char *id = xmppd_attribute(xmppd_find(f->server, "better"), "replace",
				   "id");
	assert_string_equal(id, "d0");
	free(id);
}

/* ---- private words ------------------------------------------------------- */

static void
private_words_go_both_ways(void **state)
{
	struct fixture *f = *state;
	static struct channel direct; /* the recorder has it until the end */
	struct occupant o = { .puppet = &f->puppet,
			      .channel = &direct,
			      .want = "bob" };

	direct = (struct channel){ .id = 8,
				   .kind = CHANNEL_DIRECT,
				   .network = f->net,
				   .name = ROOM "/occ:o1",
				   .caps = f->net->caps };
	enter_puppet(f);
	xmppd_say(f->server, "<message type='chat' id='p1' from='" ROOM "/Ann' "
			     "to='#bob%%irc@gw.test/causeway'><body>psst"
			     "</body><x " USER "/></message>");
	expect(f, "event message ->irc/#bob " ROOM "/occ:o1 (Ann) psst");

	recorder_puppet_join(&o);
	assert_true(recorder_wait(f->loop, "puppet joined", 2));
	struct delivery *d = &f->deliveries[0];
	struct event *ev = event_make(EVENT_MESSAGE);
	event_set_sender(ev, "#bob", "bob");
	event_set_text(ev, "yes?");
	f->said[0] = ev;
	f->n = 1;
	*d = (struct delivery){
		.event = ev, .channel = &direct, .speaker = &o, .id = "p2"
	};
	recorder_send(d);
	expect(f, "sent p2 [p2]");
	const char *sent = xmppd_find(f->server, "yes?");
	assert_non_null(strstr(sent, "to=\"" ROOM "/Ann\""));
	assert_non_null(strstr(sent, "from=\"#bob%irc@gw.test/causeway\""));
	recorder_puppet_leave(&o, NULL);
}

static void
strangers_may_not_write_to_puppets(void **state)
{
	struct fixture *f = *state;

	go_up(f);
	xmppd_say(f->server,
		  "<message type='chat' id='x1' from='eve@evil.test/a' "
		  "to='bob%%irc@gw.test'><body>buy</body></message>"
		  "<message type='chat' id='x2' from='ann@test/a' "
		  "to='bob%%irc@gw.test'><body>hello</body></message>");
	expect(f, "event message ->irc/bob ann@test (ann) hello");
	assert_int_equal(recorder_count("buy"), 0);
	assert_true(xmppd_wait(f->server, "<not-allowed", 1));
}

static void
what_is_encrypted_is_told_once(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	for (size_t i = 0; i < 3; i++)
		xmppd_say(f->server, "<message type='groupchat' from='" ROOM
				     "/Ann' to='" LISTENER
				     "'><body>cannot read</body><encryption "
				     "xmlns='urn:xmpp:eme:0'/></message>");
	barrier(f);
	assert_int_equal(recorder_count("cannot read"), 0);
	assert_int_equal(xmppd_count(f->server, "encrypted messages"), 1);
}

static void
an_undelivered_word_is_told_to_its_author(void **state)
{
	struct fixture *f = *state;
	AUTO(event) ev = event_make(EVENT_MESSAGE);

	enter_room(f);
	event_set_sender(ev, ROOM "/occ:o1", "Ann");
	event_set_text(ev, "x");
	ev->channel = f->room.id;
	xmpp_protocol.ops.bounce(f->net, &f->room, ev, "too late");
	assert_true(xmppd_wait(f->server, "not delivered: too late", 1));
	assert_non_null(strstr(xmppd_find(f->server, "too late"),
			       "to=\"" ROOM "/Ann\""));
}

/* No server delivers an error to a bare address. */
static void
an_undelivered_word_of_a_contact_is_an_error_where_it_came_from(void **state)
{
	struct fixture *f = *state;
	AUTO(event) ev = event_make(EVENT_MESSAGE);

	go_up(f);
	event_set_sender(ev, "eve@test", "eve");
	event_set_to(ev, "irc", "bob");
	event_set_text(ev, "x");
	ev->id = "m1";
	/* of an earlier life: told in words */
	xmpp_protocol.ops.bounce(f->net, NULL, ev, "too late");
	assert_true(xmppd_wait(f->server, "too late", 1));
	assert_null(strstr(xmppd_find(f->server, "too late"), "error"));
	xmppd_say(f->server,
		  "<message from='eve@test/phone' to='bob%%irc@gw.test' "
		  "id='m1' type='chat'><body>x</body></message>");
	barrier(f);
	xmpp_protocol.ops.bounce(f->net, NULL, ev, "nobody there");
	assert_true(xmppd_wait(f->server, "nobody there", 1));
	const char *error = xmppd_find(f->server, "nobody there");
	assert_non_null(strstr(error, "type=\"error\""));
	assert_non_null(strstr(error, "to=\"eve@test/phone\""));
	assert_non_null(strstr(error, "id=\"m1\""));
}

static void
names_resolve_to_ids(void **state)
{
	struct fixture *f = *state;
	bool (*resolve)(struct network *, const char *, char *, size_t) =
		xmpp_protocol.ops.resolve;
	char id[1024];

	enter_room(f);
	assert_true(resolve(f->net, "Ann@Test", id, sizeof(id)));
	assert_string_equal(id, "ann@test");
	assert_true(resolve(f->net, ROOM "/Ann", id, sizeof(id)));
	assert_string_equal(id, ROOM "/occ:o1");
	assert_true(resolve(f->net, ROOM "/occ:o1", id, sizeof(id)));
	assert_string_equal(id, ROOM "/occ:o1");
	assert_false(resolve(f->net, "ann", id, sizeof(id)));
	assert_false(resolve(f->net, "ann@test/x", id, sizeof(id)));
	assert_false(resolve(f->net, "ann@test", id, 4));
}

/* ---- questions ----------------------------------------------------------- */

static void
every_question_is_answered(void **state)
{
	static const struct telling questions[] = {
		{ "<ping xmlns='urn:xmpp:ping'/>", "type=\"result\"" },
		{ "<query xmlns='jabber:iq:version'/>", "Causeway" },
		{ "<time xmlns='urn:xmpp:time'/>", "<utc>" },
		{ "<query xmlns='jabber:iq:last'/>", "seconds=\"" },
		{ "<vCard xmlns='vcard-temp'/>", "<FN>" },
		{ "<query xmlns='http://jabber.org/protocol/disco#info'/>",
		  "category=\"gateway\"" },
		{ "<query xmlns='http://jabber.org/protocol/disco#items'/>",
		  "type=\"result\"" },
		{ "<query xmlns='jabber:iq:roster'/>", "service-unavailable" },
		{ "", "service-unavailable" },
	};
	struct fixture *f = *state;

	go_up(f);
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		xmppd_say(f->server,
			  "<iq type='get' from='ann@test/a' to='gw.test' "
			  "id='i%zu'>%s</iq>",
			  i, questions[i].stanza);
		AUTO_STR id = { 0 };
		str_init(&id, 32);
		str_printf(&id, "id=\"i%zu\"", i);
		assert_true(xmppd_wait(f->server, id.data, 1));
		assert_non_null(strstr(xmppd_find(f->server, id.data),
				       questions[i].report));
	}
}

static void
nobody_else_answers_our_questions(void **state)
{
	struct fixture *f = *state;

	f->options.deaf = true;
	go_up(f);
	recorder_join(&f->room);
	assert_true(xmppd_wait(f->server, "disco#info", 1));
	char *id = xmppd_attribute(xmppd_find(f->server, "disco#info"), "iq",
				   "id");
	xmppd_say(f->server,
		  "<iq type='error' id='%s' from='eve@evil.test' to='" LISTENER
		  "'><error><item-not-found xmlns='urn:ietf:params:xml:ns:"
		  "xmpp-stanzas'/></error></iq>",
		  id);
	free(id);
	barrier(f);
	assert_int_equal(recorder_count("left"), 0);
}
int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_component_logs_in),
		CASE(a_host_name_is_resolved_first),
		CASE(a_wrong_secret_is_refused_in_words),
		CASE(a_conflict_is_refused_in_words),
		CASE(a_closed_port_is_unreachable),
		CASE(a_lost_connection_is_lost),
		CASE(a_conflict_after_a_loss_is_with_ourselves),
		CASE(stopping_while_connecting_is_safe),
		CASE(stopping_says_goodbye_for_everybody),
		CASE(entering_reports_members_then_topic_then_joined),
		CASE(an_empty_subject_is_no_topic),
		CASE(without_stable_ids_nothing_is_edited),
		CASE(a_room_that_is_not_there_is_asked_for_again),
		CASE(a_room_made_for_us_is_destroyed_again),
		CASE(a_name_that_is_no_room_is_refused),
		CASE(a_nick_conflict_appends_a_number),
		CASE(nicks_run_out),
		CASE(no_puppet_looks_like_a_member),
		CASE(ghosts_are_put_out_before_the_snapshot),
		CASE(being_removed_says_why),
		CASE(a_silent_room_is_asked_whether_we_are_in_it),
		CASE(members_come_change_and_go),
		CASE(a_nick_taken_over_is_another_person),
		CASE(somebody_faster_than_the_puppet_is_a_member),
		CASE(a_puppet_is_not_a_member),
		CASE(a_puppet_comes_back_at_once),
		CASE(a_puppet_is_renamed),
		CASE(a_kicked_puppet_stays_out),
		CASE(only_the_listener_s_copy_is_looked_at),
		CASE(deliveries_are_confirmed_in_order),
		CASE(an_error_refuses),
		CASE(a_puppet_that_is_out_gives_back_all_behind_it),
		CASE(nobody_else_confirms),
		CASE(nothing_left_is_refused),
		CASE(marks_that_stood_before_are_no_news),
		CASE(an_edit_names_what_it_replaces),
		CASE(private_words_go_both_ways),
		CASE(strangers_may_not_write_to_puppets),
		CASE(what_is_encrypted_is_told_once),
		CASE(an_undelivered_word_is_told_to_its_author),
		CASE(an_undelivered_word_of_a_contact_is_an_error_where_it_came_from),
		CASE(names_resolve_to_ids),
		CASE(every_question_is_answered),
		CASE(nobody_else_answers_our_questions),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
