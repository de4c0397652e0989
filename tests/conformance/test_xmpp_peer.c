/* SPDX-License-Identifier: MIT */
/*
 * test_xmpp_peer.c - the XMPP adapter on a real loop against a scripted
 * server: the contract of bridge/protocol.h, what a room may do to us, and
 * what strangers may send.
 */

#include "tests/support/test.h"

#include "bridge/error.h"
#include "bridge/event.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/protocol.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "protocols/xmpp/xml.h"
#include "tests/support/recorder.h"
#include "tests/support/xmppd.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct protocol xmpp_protocol;

#define ROOM "lobby@rooms.test"
#define LISTENER "causeway@gw.test/causeway"
#define USER "xmlns='http://jabber.org/protocol/muc#user'"
#define FEATURES                                          \
	"<feature var='http://jabber.org/protocol/muc'/>" \
	"<feature var='urn:xmpp:sid:0'/>"                 \
	"<feature var='urn:xmpp:occupant-id:0'/>"
#define ANN_IS_THERE                                                        \
	"<presence from='" ROOM "/Ann' to=\"%s\"><show>away</show>"         \
	"<status>lunch</status><x " USER "><item affiliation='owner' "      \
	"role='moderator'/></x><occupant-id xmlns='urn:xmpp:occupant-id:0'" \
	" id='o1'/></presence>"

struct fixture {
	struct loop *loop;
	struct xmppd *server;
	struct xmppd_options options;
	struct conf_xmpp xmpp;
	struct conf_network conf;
	struct conf_member member;
	struct network *net;
	struct channel room;
	struct sender person;
	struct puppet puppet;
	struct occupant occupant;
	struct event *said[64];
	struct delivery deliveries[64];
	char ids[64][8];
	size_t n;
};

static const char *const direct_from[] = { "test" };

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	log_set_level(LOG_LEVEL_BUG);
	recorder_reset();
	f->loop = loop_new();
	f->options = (struct xmppd_options){
		.component = "gw.test",
		.secret = "s3cret",
		.room = ROOM,
		.features = FEATURES,
		.occupants = ANN_IS_THERE,
		.subject = "the topic",
	};
	f->server = xmppd_new(f->loop, &f->options);
	f->xmpp = (struct conf_xmpp){
		.component = "gw.test",
		.host = "127.0.0.1",
		.port = xmppd_port(f->server),
		.secret = secret_new("s3cret", 6),
		.nick = "causeway",
		.direct_from = direct_from,
		.n_direct_from = 1,
		.window = 16,
	};
	f->conf = (struct conf_network){ .name = "home",
					 .protocol = "xmpp",
					 .xmpp = &f->xmpp };
	struct error err = { "" };
	f->net = xmpp_protocol.ops.create(&f->conf, f->loop, &err);
	assert_non_null(f->net);
	f->room = (struct channel){ .id = 7,
				    .kind = CHANNEL_ROOM,
				    .network = f->net,
				    .name = ROOM,
				    .conf = &f->member,
				    .caps = f->net->caps,
				    .limits = f->net->limits };
	f->person = (struct sender){ .id = "#bob", .name = "bob" };
	f->puppet = (struct puppet){ .network = f->net,
				     .origin = "irc",
				     .sender = &f->person,
				     .status = "" };
	f->occupant = (struct occupant){ .puppet = &f->puppet,
					 .channel = &f->room,
					 .want = "bob" };
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	if (f->net->state != NETWORK_DOWN) {
		if (f->net->state != NETWORK_STOPPING)
			recorder_stop(f->net);
		assert_true(recorder_wait(f->loop, "down home",
					  recorder.downs + 1));
	}
	xmpp_protocol.ops.destroy(f->net);
	xmppd_free(f->server);
	for (size_t i = 0; i < f->n; i++)
		event_unref(f->said[i]);
	secret_free((struct secret *)(uintptr_t)f->xmpp.secret);
	recorder_reset();
	loop_free(f->loop);
	free(f);
	return 0;
}

/* ---- steps --------------------------------------------------------------- */

static void
go_up(struct fixture *f)
{
	recorder_start(f->net);
	assert_true(recorder_wait(f->loop, "up home", 1));
}

static void
enter_room(struct fixture *f)
{
	go_up(f);
	recorder_join(&f->room);
	assert_true(recorder_wait(f->loop, "joined " ROOM, 1));
}

static void
enter_puppet(struct fixture *f)
{
	enter_room(f);
	recorder_puppet_join(&f->occupant);
	assert_true(recorder_wait(f->loop, "puppet joined", 1));
}

static struct delivery *
deliver(struct fixture *f, enum event_kind kind, const char *text,
	struct occupant *speaker)
{
	struct delivery *d = &f->deliveries[f->n];
	struct event *ev = event_make(kind);

	event_set_sender(ev, "#bob", "bob");
	event_set_text(ev, text);
	(void)snprintf(f->ids[f->n], sizeof(f->ids[0]), "d%zu", f->n + 1);
	*d = (struct delivery){ .event = ev,
				.channel = &f->room,
				.speaker = speaker,
				.id = f->ids[f->n],
				.attempt = 1 };
	f->said[f->n++] = ev;
	recorder_send(d);
	return d;
}

/* Something that comes after everything said so far has been dealt with. */
static void
barrier(struct fixture *f)
{
	size_t before = xmppd_count(f->server, "id=\"bar\"");

	xmppd_say(f->server, "<iq type='get' from='test' to='gw.test' id='bar'>"
			     "<ping xmlns='urn:xmpp:ping'/></iq>");
	assert_true(xmppd_wait(f->server, "id=\"bar\"", before + 1));
}

#define expect(f, words) assert_true(recorder_wait((f)->loop, words, 1))

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
	assert_int_equal(recorder.n_lines, 4); /* up, and these */
	assert_string_equal(recorder.lines[1],
			    "event join " ROOM " " ROOM "/occ:o1 (Ann) lunch "
			    "{backlog} {show=away} {rank=owner}");
	assert_non_null(strstr(recorder.lines[2],
			       "event topic " ROOM " " ROOM "/occ:o1 (Ann) "
			       "the topic {backlog}"));
	assert_string_equal(recorder.lines[3], "joined " ROOM);
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
	struct channel direct = { .id = 8,
				  .kind = CHANNEL_DIRECT,
				  .network = f->net,
				  .name = ROOM "/occ:o1",
				  .caps = f->net->caps };
	struct occupant o = { .puppet = &f->puppet,
			      .channel = &direct,
			      .want = "bob" };

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

/* ---- hostile input ------------------------------------------------------- */

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
		"<presence type='subscribe' from='eve@test' to='bob%irc@gw."
		"test'/>",
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
#define with(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		with(a_component_logs_in),
		with(a_host_name_is_resolved_first),
		with(a_wrong_secret_is_refused_in_words),
		with(a_conflict_is_refused_in_words),
		with(a_closed_port_is_unreachable),
		with(a_lost_connection_is_lost),
		with(stopping_while_connecting_is_safe),
		with(stopping_says_goodbye_for_everybody),
		with(entering_reports_members_then_topic_then_joined),
		with(an_empty_subject_is_no_topic),
		with(without_stable_ids_nothing_is_edited),
		with(a_room_that_is_not_there_is_asked_for_again),
		with(a_room_made_for_us_is_destroyed_again),
		with(a_name_that_is_no_room_is_refused),
		with(a_nick_conflict_appends_a_number),
		with(nicks_run_out),
		with(no_puppet_looks_like_a_member),
		with(ghosts_are_put_out_before_the_snapshot),
		with(being_removed_says_why),
		with(members_come_change_and_go),
		with(a_nick_taken_over_is_another_person),
		with(somebody_faster_than_the_puppet_is_a_member),
		with(a_puppet_is_not_a_member),
		with(a_puppet_comes_back_at_once),
		with(a_puppet_is_renamed),
		with(a_kicked_puppet_stays_out),
		with(deliveries_are_confirmed_in_order),
		with(an_error_refuses),
		with(a_puppet_that_is_out_gives_back_all_behind_it),
		with(nobody_else_confirms),
		with(nothing_left_is_refused),
		with(an_edit_names_what_it_replaces),
		with(private_words_go_both_ways),
		with(strangers_may_not_write_to_puppets),
		with(what_is_encrypted_is_told_once),
		with(an_undelivered_word_is_told_to_its_author),
		with(names_resolve_to_ids),
		with(every_question_is_answered),
		with(nobody_else_answers_our_questions),
		with(poison_in_a_text_arrives_clean),
		with(poison_in_any_other_field_breaks_nothing),
		with(a_stanza_with_40000_children_is_survived),
		with(a_body_of_a_megabyte_is_refused_and_told),
		with(deep_nesting_is_survived),
		with(a_document_type_ends_the_stream),
		with(forged_senders_and_kinds_are_ignored),
		with(a_thousand_members_are_entered),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
