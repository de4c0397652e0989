/* SPDX-License-Identifier: MIT */
/*
 * test_xmpp_hosted.c - rooms of our own, for users who are played by a
 * scripted server: what each of their clients is sent, to the letter.
 *
 * Stanzas are compared in one form: attributes in the order of the alphabet,
 * and of an occupant-id, which is a hash, only that there is one.
 */

#include "tests/support/test.h"

#include "bridge/error.h"
#include "bridge/event.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/protocol.h"
#include "bridge/secret.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "tests/support/recorder.h"
#include "tests/support/xmppd.h"

#include <expat.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct protocol xmpp_protocol;

#define ROOM "#dev%libera@gw.test"
/* ... inside a format */
#define FMT_ROOM "#dev%%libera@gw.test"
#define MUC "<x xmlns='http://jabber.org/protocol/muc'/>"
#define TEXT_MAX (4 * 1024 * 1024)

/* What the room sends, in the form that is compared. */
#define ID "<occupant-id xmlns='urn:xmpp:occupant-id:0'></occupant-id>"
#define X(inside) \
	"<x xmlns='http://jabber.org/protocol/muc#user'>" inside "</x>"
#define ITEM "<item affiliation='none' role='participant'></item>"
#define NO_ROLE "<item affiliation='none' role='none'></item>"
#define CODE(n) "<status code='" #n "'></status>"
#define HERE(nick, to, codes)                                              \
	"<presence from='" ROOM "/" nick "' to='" to "'>" X(ITEM codes) ID \
		"</presence>\n"
#define GONE(nick, to, codes)                        \
	"<presence from='" ROOM "/" nick "' to='" to \
	"' type='unavailable'>" X(NO_ROLE codes) ID "</presence>\n"
#define SUBJECT(to, text)                                                      \
	"<message from='" ROOM "' to='" to "' type='groupchat'><subject>" text \
	"</subject></message>\n"
#define ERROR(condition, type, words)                               \
	"<error type='" type "'><" condition                        \
	" xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'></" condition \
	"><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>" words \
	"</text></error>"
#define SAID(nick, to, id, body, number)                                  \
	"<message from='" ROOM "/" nick "' id='" id "' to='" to           \
	"' type='groupchat'><body>" body "</body><origin-id id='" id      \
	"' xmlns='urn:xmpp:sid:0'></origin-id>" ID "<stanza-id by='" ROOM \
	"' id='" number "' xmlns='urn:xmpp:sid:0'></stanza-id></message>\n"

static const struct conf_server servers[] = { { "irc.libera.chat", 6697 } };
static const struct conf_irc irc = { .servers = servers, .n_servers = 1 };
static const struct conf_network libera = { .name = "libera",
					    .protocol = "irc",
					    .irc = &irc };
static const struct conf_network *const networks[] = { &libera };
static const char *const users[] = { "test" };

struct fixture {
	struct loop *loop;
	struct xmppd *server;
	struct xmppd_options options;
	struct conf_gateway gateway;
	struct conf_xmpp xmpp;
	struct conf_network conf;
	struct network *net;
	struct channel room;
	struct sender person;
	struct puppet puppet;
	struct occupant occupant;
	struct event *said[64];
	struct delivery deliveries[64];
	char ids[64][8];
	size_t n;
	int64_t number;
	size_t bars;
	struct str seen;
};

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct error err = { "" };

	log_set_level(LOG_LEVEL_BUG);
	recorder_reset();
	f->loop = loop_new();
	f->options = (struct xmppd_options){ .component = "gw.test",
					     .secret = "s3cret",
					     .room = "other@rooms.test" };
	f->server = xmppd_new(f->loop, &f->options);
	f->gateway = (struct conf_gateway){ .networks = networks,
					    .n_networks = 1,
					    .users = users,
					    .n_users = 1 };
	f->xmpp = (struct conf_xmpp){ .component = "gw.test",
				      .host = "127.0.0.1",
				      .port = xmppd_port(f->server),
				      .secret = secret_new("s3cret", 6),
				      .nick = "causeway",
				      .window = 16,
				      .gateway = &f->gateway };
	f->conf = (struct conf_network){ .name = "home",
					 .protocol = "xmpp",
					 .xmpp = &f->xmpp };
	f->net = xmpp_protocol.ops.create(&f->conf, f->loop, &err);
	assert_non_null(f->net);
	f->room = (struct channel){
		.id = 7, .kind = CHANNEL_HOSTED, .network = f->net, .name = ROOM
	};
	f->person = (struct sender){ .id = "bob", .name = "bob" };
	f->puppet = (struct puppet){ .network = f->net,
				     .origin = "libera",
				     .sender = &f->person,
				     .status = "" };
	f->occupant = (struct occupant){ .puppet = &f->puppet,
					 .channel = &f->room,
					 .want = "bob" };
	str_init(&f->seen, TEXT_MAX);
	recorder.topic = "the topic";
	recorder_start(f->net);
	assert_true(recorder_wait(f->loop, "up home", 1));
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
	assert_int_equal(xmppd_broken(f->server), 0);
	xmpp_protocol.ops.destroy(f->net);
	xmppd_free(f->server);
	for (size_t i = 0; i < f->n; i++)
		event_unref(f->said[i]);
	str_finish(&f->seen);
	secret_free((struct secret *)(uintptr_t)f->xmpp.secret);
	recorder_reset();
	loop_free(f->loop);
	free(f);
	return 0;
}

/* ---- one form ------------------------------------------------------------ */

static int
compare_attributes(const void *left, const void *right)
{
	const XML_Char *const *a = left;
	const XML_Char *const *b = right;

	return strcmp(*a, *b);
}

static void XMLCALL
on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct str *out = arg;
	const XML_Char *pairs[32][2];
	size_t n = 0;

	for (; attributes[2 * n] && n < 32; n++) {
		pairs[n][0] = attributes[2 * n];
		pairs[n][1] = attributes[2 * n + 1];
	}
	qsort(pairs, n, sizeof(pairs[0]), compare_attributes);
	str_printf(out, "<%s", name);
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, "occupant-id") || strcmp(pairs[i][0], "id"))
			str_printf(out, " %s='%s'", pairs[i][0], pairs[i][1]);
	str_add_char(out, '>');
}

static void XMLCALL
on_end(void *arg, const XML_Char *name)
{
	str_printf(arg, "</%s>", name);
}

static void XMLCALL
on_text(void *arg, const XML_Char *text, int len)
{
	str_add_n(arg, text, (size_t)len);
}

static void
add_plain(struct str *out, const char *stanza)
{
	XML_Parser parser = XML_ParserCreate(NULL);

	XML_SetUserData(parser, out);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	assert_int_equal(XML_Parse(parser, stanza, (int)strlen(stanza), 1),
			 XML_STATUS_OK);
	XML_ParserFree(parser);
	str_add_char(out, '\n');
}

/* ---- steps --------------------------------------------------------------- */

/* What was said so far has been dealt with, and its answers are here. */
static void
barrier(struct fixture *f)
{
	char id[32];

	(void)snprintf(id, sizeof(id), "id=\"bar%zu\"", ++f->bars);
	xmppd_say(f->server,
		  "<iq type='get' from='test' to='gw.test' id='bar%zu'>"
		  "<ping xmlns='urn:xmpp:ping'/></iq>",
		  f->bars);
	assert_true(xmppd_wait(f->server, id, 1));
}

/* All that the address was sent since the last look, in one form. */
static const char *
seen_by(struct fixture *f, const char *to)
{
	str_clear(&f->seen);
	for (size_t i = 0; i < xmppd_size(f->server); i++) {
		char *stanza = xstrdup(xmppd_at(f->server, i));
		char *whom = NULL;

		for (size_t k = 0; !whom && k < 3; k++) {
			static const char *const kinds[] = { "presence",
							     "message", "iq" };
			whom = xmppd_attribute(stanza, kinds[k], "to");
		}
		if (whom && strcmp(whom, to) == 0)
			add_plain(&f->seen, stanza);
		free(whom);
		free(stanza);
	}
	return f->seen.data;
}

static void
expect_seen(struct fixture *f, const char *to, const char *stanzas)
{
	barrier(f);
	assert_string_equal(seen_by(f, to), stanzas);
}

static void
knock(struct fixture *f, const char *who, const char *nick, const char *muc)
{
	xmppd_say(f->server,
		  "<presence from='%s' to='%s/%s' id='in'>%s"
		  "</presence>",
		  who, ROOM, nick, muc);
	barrier(f);
}

static void
open_room(struct fixture *f)
{
	recorder_join(&f->room);
	assert_true(f->room.joined);
}

static void
stand(struct fixture *f, const char *who, const struct standing *s)
{
	xmpp_protocol.ops.standing(f->net, &f->room, who, s);
}

static void
let_in(struct fixture *f, const char *who, const char *name)
{
	stand(f, who,
	      &(struct standing){ OCCUPANT_JOINED, name, REFUSAL_OTHER, NULL });
}

/* Ann is in with one client, and all of that is forgotten. */
static void
ann_is_in(struct fixture *f)
{
	knock(f, "ann@test/a", "Ann", MUC);
	open_room(f);
	let_in(f, "ann@test", "Ann");
	barrier(f);
	xmppd_forget(f->server);
}

static void
cid_is_in(struct fixture *f)
{
	knock(f, "cid@test/c", "Cid", MUC);
	let_in(f, "cid@test", "Cid");
	barrier(f);
	xmppd_forget(f->server);
}

static void
bob_is_in(struct fixture *f)
{
	recorder_puppet_join(&f->occupant);
	barrier(f);
	xmppd_forget(f->server);
}

static struct delivery *
deliver(struct fixture *f, enum event_kind kind, const char *text)
{
	struct delivery *d = &f->deliveries[f->n];
	struct event *ev = event_make(kind);

	event_set_sender(ev, "bob", "bob");
	event_set_text(ev, text);
	ev->number = ++f->number;
	ev->when_ms = 1764000000000 + f->number * 1000;
	(void)snprintf(f->ids[f->n], sizeof(f->ids[0]), "d%zu", f->n + 1);
	*d = (struct delivery){ .event = ev,
				.channel = &f->room,
				.speaker =
					f->occupant.data ? &f->occupant : NULL,
				.id = f->ids[f->n],
				.attempt = 1 };
	f->said[f->n++] = ev;
	recorder_send(d);
	return d;
}

static void
say(struct fixture *f, const char *who, const char *to, const char *inside)
{
	xmppd_say(f->server,
		  "<message type='groupchat' id='m1' from='%s' "
		  "to='%s'>%s</message>",
		  who, to, inside);
	barrier(f);
}

/* What was raised last is on disk. */
static void
accept_last(struct fixture *f)
{
	recorder.last_event->number = ++f->number;
	xmpp_protocol.ops.accepted(f->net, recorder.last_event);
	barrier(f);
}

static void
clear(struct fixture *f)
{
	barrier(f);
	xmppd_forget(f->server);
}

/* ---- coming in ----------------------------------------------------------- */

static void
who_enters_waits_for_the_channel(void **state)
{
	struct fixture *f = *state;

	knock(f, "ann@test/a", "Ann",
	      "<x xmlns='http://jabber.org/protocol/muc'>"
	      "<password>key</password></x><show>away</show>");
	assert_non_null(recorder_find("portal home " ROOM " to libera:#dev"));
	assert_null(recorder_find("event"));
	open_room(f);
	assert_non_null(recorder_find(
		"event join " ROOM
		" ann@test (Ann)  {gateway} {show=away} {password=key}"));
	expect_seen(f, "ann@test/a", "");
	stand(f, "ann@test", &(struct standing){ OCCUPANT_ABSENT });
	stand(f, "ann@test", &(struct standing){ OCCUPANT_JOINING });
	deliver(f, EVENT_MESSAGE, "not for you yet");
	expect_seen(f, "ann@test/a", "");
}

static void
who_has_come_in_is_shown_all_in_order(void **state)
{
	struct fixture *f = *state;

	knock(f, "ann@test/a", "Ann", MUC);
	open_room(f);
	recorder_puppet_join(&f->occupant);
	let_in(f, "ann@test", "Ann");
	expect_seen(f, "ann@test/a",
		    HERE("bob", "ann@test/a", "")
			    HERE("Ann", "ann@test/a", CODE(110))
				    SUBJECT("ann@test/a", "the topic"));
}

static void
another_name_is_shown_with_status_210(void **state)
{
	struct fixture *f = *state;

	recorder.topic = NULL;
	knock(f, "ann@test/a", "Ann", MUC);
	open_room(f);
	let_in(f, "ann@test", "Ann_");
	expect_seen(f, "ann@test/a",
		    HERE("Ann_", "ann@test/a", CODE(110) CODE(210))
			    SUBJECT("ann@test/a", ""));
}

static void
who_is_refused_is_told_why(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum refusal refusal;
		const char *condition, *type;
	} rows[] = {
		{ REFUSAL_OTHER, "not-allowed", "cancel" },
		{ REFUSAL_NAME_TAKEN, "conflict", "cancel" },
		{ REFUSAL_NAME_INVALID, "not-acceptable", "modify" },
		{ REFUSAL_BANNED, "forbidden", "auth" },
		{ REFUSAL_PASSWORD, "not-authorized", "auth" },
		{ REFUSAL_INVITED_ONLY, "registration-required", "auth" },
		{ REFUSAL_FULL, "service-unavailable", "cancel" },
		{ REFUSAL_REGISTERED_ONLY, "registration-required", "auth" },
		{ REFUSAL_NO_CHANNEL, "item-not-found", "cancel" },
		{ REFUSAL_LOGIN, "not-authorized", "auth" },
		{ REFUSAL_KICKED, "forbidden", "auth" },
	};

	open_room(f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char want[1024];

		knock(f, "ann@test/a", "Ann", MUC);
		stand(f, "ann@test",
		      &(struct standing){ OCCUPANT_REFUSED, NULL,
					  rows[i].refusal, "so there" });
		(void)snprintf(want, sizeof(want),
			       "<presence from='" FMT_ROOM "/Ann' id='in' "
			       "to='ann@test/a' type='error'>"
			       "<error type='%s'><%s xmlns='urn:ietf:params:"
			       "xml:ns:xmpp-stanzas'></%s><text xmlns='urn:"
			       "ietf:params:xml:ns:xmpp-stanzas'>so there"
			       "</text></error></presence>\n",
			       rows[i].type, rows[i].condition,
			       rows[i].condition);
		expect_seen(f, "ann@test/a", want);
		assert_int_equal(recorder_count("event part " ROOM
						" ann@test (Ann) so there"),
				 i + 1);
		xmppd_forget(f->server);
	}
}

static void
a_network_out_of_reach_is_said_to_be(void **state)
{
	struct fixture *f = *state;

	knock(f, "ann@test/a", "Ann", MUC);
	open_room(f);
	stand(f, "ann@test",
	      &(struct standing){ OCCUPANT_ABSENT, NULL, REFUSAL_OTHER,
				  "no route" });
	expect_seen(f, "ann@test/a",
		    "<presence from='" ROOM "/Ann' id='in' to='ann@test/a' "
		    "type='error'>" ERROR("remote-server-timeout", "wait",
					  "no route") "</presence>\n");
}

static void
strangers_and_the_nameless_stay_out(void **state)
{
	struct fixture *f = *state;

	knock(f, "eve@elsewhere/e", "Eve", MUC);
	expect_seen(f, "eve@elsewhere/e",
		    "<presence from='" ROOM "/Eve' id='in' "
		    "to='eve@elsewhere/e' type='error'>" ERROR(
			    "forbidden", "auth",
			    "this gateway is not open to you") "</presence>\n");
	knock(f, "ann@test/a", "  ", MUC);
	expect_seen(f, "ann@test/a",
		    "<presence from='" ROOM "/  ' id='in' to='ann@test/a' "
		    "type='error'>" ERROR("jid-malformed", "modify",
					  "a nick is needed") "</presence>\n");
	assert_null(recorder_find("portal"));
}

static void
a_channel_that_cannot_be_is_not_found(void **state)
{
	struct fixture *f = *state;

	recorder.no_portal = "no channel can have that name";
	knock(f, "ann@test/a", "Ann", MUC);
	expect_seen(f, "ann@test/a",
		    "<presence from='" ROOM "/Ann' id='in' to='ann@test/a' "
		    "type='error'>" ERROR(
			    "item-not-found", "cancel",
			    "no channel can have that name") "</presence>\n");
}

static void
who_gives_up_waiting_has_left(void **state)
{
	struct fixture *f = *state;

	knock(f, "ann@test/a", "Ann", MUC);
	open_room(f);
	xmppd_say(f->server, "<presence type='unavailable' from='ann@test/a' "
			     "to='" FMT_ROOM "/Ann'/>");
	expect_seen(f, "ann@test/a", GONE("Ann", "ann@test/a", CODE(110)));
	assert_non_null(recorder_find("event part " ROOM " ann@test"));
	let_in(f, "ann@test", "Ann"); /* too late */
	expect_seen(f, "ann@test/a", GONE("Ann", "ann@test/a", CODE(110)));
}

static void
another_way_to_write_the_room_is_kept(void **state)
{
	struct fixture *f = *state;

	xmppd_say(f->server,
		  "<presence from='ann@test/a' "
		  "to='#dev%%irc.libera.chat@gw.test/Ann'>" MUC "</presence>");
	barrier(f);
	assert_non_null(recorder_find("portal home " ROOM " to libera:#dev"));
	open_room(f);
	let_in(f, "ann@test", "Ann");
	clear(f);
	bob_is_in(f);
	deliver(f, EVENT_MESSAGE, "hi");
	barrier(f);
	const char *said = seen_by(f, "ann@test/a");
	assert_non_null(
		strstr(said, "from='#dev%irc.libera.chat@gw.test/bob'"));
	assert_non_null(strstr(said, "by='#dev%irc.libera.chat@gw.test'"));
	assert_null(strstr(said, ROOM));
}

/* ---- many ---------------------------------------------------------------- */

static void
a_second_client_has_the_nick_of_the_first(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	knock(f, "ann@test/b", "Other", MUC);
	assert_int_equal(recorder_count("event join"), 1);
	expect_seen(f, "ann@test/a", "");
	expect_seen(f, "ann@test/b",
		    HERE("Ann", "ann@test/b", CODE(110) CODE(210))
			    SUBJECT("ann@test/b", "the topic"));
}

static void
leaving_with_one_client_keeps_the_other(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	knock(f, "ann@test/b", "Ann", MUC);
	cid_is_in(f);
	xmppd_say(f->server, "<presence type='unavailable' from='ann@test/a' "
			     "to='" FMT_ROOM "/Ann'/>");
	expect_seen(f, "ann@test/a", GONE("Ann", "ann@test/a", CODE(110)));
	expect_seen(f, "ann@test/b", "");
	expect_seen(f, "cid@test/c", "");
	assert_null(recorder_find("event part"));
	xmppd_forget(f->server);
	xmppd_say(f->server, "<presence type='unavailable' from='ann@test/b' "
			     "to='" FMT_ROOM "/Ann'><status>bye</status>"
			     "</presence>");
	expect_seen(f, "cid@test/c",
		    "<presence from='" ROOM "/Ann' to='cid@test/c' "
		    "type='unavailable'><status>bye</status>" X(NO_ROLE) ID
		    "</presence>\n");
	assert_non_null(recorder_find("event part " ROOM
				      " ann@test (Ann) bye {gateway}"));
}

static void
users_see_each_other_come(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	knock(f, "cid@test/c", "Cid", MUC);
	let_in(f, "cid@test", "Cid");
	expect_seen(f, "ann@test/a", HERE("Cid", "ann@test/a", ""));
	expect_seen(f, "cid@test/c",
		    HERE("Ann", "cid@test/c", "")
			    HERE("Cid", "cid@test/c", CODE(110))
				    SUBJECT("cid@test/c", "the topic"));
}

static void
people_of_elsewhere_come_change_and_go(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	recorder_puppet_join(&f->occupant);
	expect_seen(f, "ann@test/a", HERE("bob", "ann@test/a", ""));
	xmppd_forget(f->server);
	f->puppet.show = SHOW_AWAY;
	f->puppet.status = "lunch";
	xmpp_protocol.ops.puppet_update(f->net, &f->occupant, PUPPET_STATUS);
	expect_seen(f, "ann@test/a",
		    "<presence from='" ROOM "/bob' to='ann@test/a'>"
		    "<show>away</show><status>lunch</status>" X(ITEM) ID
		    "</presence>\n");
	xmppd_forget(f->server);
	f->occupant.want = "bobby";
	xmpp_protocol.ops.puppet_update(f->net, &f->occupant, PUPPET_NAME);
	expect_seen(f, "ann@test/a",
		    "<presence from='" ROOM "/bob' to='ann@test/a' "
		    "type='unavailable'>" X(
			    "<item affiliation='none' nick='bobby' "
			    "role='participant'></item>" CODE(303)) ID
		    "</presence>\n<presence from='" ROOM
		    "/bobby' to='ann@test/a'><show>away</show>"
		    "<status>lunch</status>" X(ITEM) ID "</presence>\n");
	assert_non_null(
		recorder_find("puppet renamed " ROOM " bobby to bobby"));
	xmppd_forget(f->server);
	recorder_puppet_leave(&f->occupant, "gone");
	expect_seen(f, "ann@test/a",
		    "<presence from='" ROOM "/bobby' to='ann@test/a' "
		    "type='unavailable'><status>gone</status>" X(NO_ROLE) ID
		    "</presence>\n");
}

static void
ranks_are_roles_and_affiliations(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum rank rank;
		const char *item;
	} rows[] = {
		{ RANK_VOICE, "affiliation='member' role='participant'" },
		{ RANK_HALFOP, "affiliation='member' role='moderator'" },
		{ RANK_OP, "affiliation='admin' role='moderator'" },
		{ RANK_ADMIN, "affiliation='owner' role='moderator'" },
		{ RANK_OWNER, "affiliation='owner' role='moderator'" },
		{ RANK_NONE, "affiliation='none' role='participant'" },
	};

	ann_is_in(f);
	f->occupant.rank = RANK_OP;
	recorder_puppet_join(&f->occupant);
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), rows[2].item));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		xmppd_forget(f->server);
		f->occupant.rank = rows[i].rank;
		xmpp_protocol.ops.puppet_update(f->net, &f->occupant,
						PUPPET_RANK);
		barrier(f);
		assert_non_null(strstr(seen_by(f, "ann@test/a"), rows[i].item));
	}
	xmppd_forget(f->server);
	f->occupant.rank = RANK_OP;
	recorder_puppet_leave(&f->occupant, NULL);
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), "role='none'"));
}

static void
two_people_of_one_name_have_two_nicks(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	f->occupant.want = "Ann";
	recorder_puppet_join(&f->occupant);
	assert_non_null(recorder_find("puppet joined " ROOM " Ann as Ann (2)"));
}

/* ---- staying and going --------------------------------------------------- */

static void
who_loses_the_channel_loses_the_room(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum occupant_state state;
		enum refusal refusal;
		const char *codes;
	} rows[] = {
		{ OCCUPANT_REFUSED, REFUSAL_KICKED, CODE(307) },
		{ OCCUPANT_REFUSED, REFUSAL_BANNED, CODE(301) },
		{ OCCUPANT_ABSENT, REFUSAL_OTHER, CODE(333) },
		{ OCCUPANT_JOINING, REFUSAL_OTHER, CODE(333) },
	};

	ann_is_in(f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool thrown = rows[i].state == OCCUPANT_REFUSED;
		char want[1024];

		cid_is_in(f);
		stand(f, "cid@test",
		      &(struct standing){ rows[i].state, NULL, rows[i].refusal,
					  "spam" });
		(void)snprintf(
			want, sizeof(want),
			"<presence from='" FMT_ROOM "/Cid' to='cid@test/c' "
			"type='unavailable'><status>spam</status><x "
			"xmlns='http://jabber.org/protocol/muc#user'>"
			"<item affiliation='none' role='none'>%s</item>"
			"%s<status code='110'></status></x>" ID "</presence>\n",
			thrown ? "<reason>spam</reason>" : "", rows[i].codes);
		expect_seen(f, "cid@test/c", want);
		assert_non_null(
			strstr(seen_by(f, "ann@test/a"), rows[i].codes));
		assert_int_equal(recorder_count("event part " ROOM
						" cid@test (Cid) spam"),
				 i + 1);
		xmppd_forget(f->server);
		say(f, "cid@test/c", ROOM, "<body>still there?</body>");
		assert_non_null(xmppd_find(f->server, "not-acceptable"));
		xmppd_forget(f->server);
	}
}

static void
a_nick_is_changed_when_the_network_agrees(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	cid_is_in(f);
	xmppd_say(f->server,
		  "<presence from='ann@test/a' to='" FMT_ROOM "/Anna'/>");
	expect_seen(f, "ann@test/a", "");
	assert_non_null(recorder_find("event rename " ROOM
				      " ann@test (Anna)  {gateway}"));
	let_in(f, "ann@test", "Anna");
	expect_seen(f, "ann@test/a",
		    "<presence from='" ROOM "/Ann' to='ann@test/a' "
		    "type='unavailable'>" X(
			    "<item affiliation='none' nick='Anna' "
			    "role='participant'></item>" CODE(303) CODE(110)) ID
		    "</presence>\n" HERE("Anna", "ann@test/a", CODE(110)));
	expect_seen(f, "cid@test/c",
		    "<presence from='" ROOM "/Ann' to='cid@test/c' "
		    "type='unavailable'>" X(
			    "<item affiliation='none' nick='Anna' "
			    "role='participant'></item>" CODE(303)) ID
		    "</presence>\n" HERE("Anna", "cid@test/c", ""));
}

static void
the_network_may_change_a_nick_by_itself(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	let_in(f, "ann@test", "Guest1");
	expect_seen(f, "ann@test/a",
		    "<presence from='" ROOM "/Ann' to='ann@test/a' "
		    "type='unavailable'>" X(
			    "<item affiliation='none' nick='Guest1' "
			    "role='participant'></item>" CODE(303) CODE(110)) ID
		    "</presence>\n" HERE("Guest1", "ann@test/a",
					 CODE(110) CODE(210)));
}

static void
a_nick_that_is_in_use_is_a_conflict(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	cid_is_in(f);
	xmppd_say(f->server, "<presence from='ann@test/a' id='n1' to='" FMT_ROOM
			     "/Cid'/>");
	expect_seen(f, "ann@test/a",
		    "<presence from='" ROOM "/Cid' id='n1' to='ann@test/a' "
		    "type='error'>" ERROR(
			    "conflict", "cancel",
			    "somebody else has that nick") "</presence>\n");
	assert_null(recorder_find("event rename"));
}

static void
away_is_shown_to_all_and_told_on(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	cid_is_in(f);
	xmppd_say(f->server,
		  "<presence from='ann@test/a' to='" FMT_ROOM "/Ann'>"
		  "<show>xa</show><status>zz</status></presence>");
	expect_seen(f, "cid@test/c",
		    "<presence from='" ROOM "/Ann' to='cid@test/c'>"
		    "<show>xa</show><status>zz</status>" X(ITEM) ID
		    "</presence>\n");
	assert_non_null(recorder_find("event presence " ROOM
				      " ann@test (Ann) zz {gateway} "
				      "{show=xa}"));
}

static void
a_client_that_forgot_is_told_all_again(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	knock(f, "ann@test/a", "Ann", MUC);
	expect_seen(f, "ann@test/a",
		    HERE("Ann", "ann@test/a", CODE(110))
			    SUBJECT("ann@test/a", "the topic"));
	assert_int_equal(recorder_count("event join"), 1);
}

static void
who_is_not_in_is_told_so(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	xmppd_say(f->server,
		  "<presence from='cid@test/c' to='" FMT_ROOM "/Cid'/>");
	expect_seen(f, "cid@test/c",
		    "<presence from='" ROOM "/Cid' to='cid@test/c' "
		    "type='unavailable'>" X(NO_ROLE CODE(110) CODE(307)
						    CODE(333)) "</presence>\n");
}

static void
a_client_that_cannot_be_reached_is_out(void **state)
{
	struct fixture *f = *state;
	static const char error[] =
		"<error type='cancel'><service-unavailable xmlns='urn:ietf:"
		"params:xml:ns:xmpp-stanzas'/></error>";

	ann_is_in(f);
	cid_is_in(f);
	xmppd_say(f->server,
		  "<message type='error' from='ann@test/a' to='" FMT_ROOM
		  "/bob' id='d1'>%s</message>",
		  error);
	barrier(f);
	assert_non_null(strstr(seen_by(f, "cid@test/c"), CODE(333)));
	assert_non_null(recorder_find("event part " ROOM " ann@test"));
	xmppd_say(f->server,
		  "<presence type='error' from='cid@test/c' to='" FMT_ROOM
		  "/Ann'>%s</presence>",
		  error);
	barrier(f);
	assert_non_null(recorder_find("event part " ROOM " cid@test"));
}

static void
an_error_that_means_little_throws_nobody_out(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	xmppd_say(f->server,
		  "<message type='error' from='ann@test/a' to='" FMT_ROOM
		  "/bob'><error type='modify'><bad-request xmlns='urn:ietf:"
		  "params:xml:ns:xmpp-stanzas'/></error></message>");
	expect_seen(f, "ann@test/a", "");
	assert_null(recorder_find("event part"));
}

static void
users_outlive_a_lost_stream(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	bob_is_in(f);
	deliver(f, EVENT_MESSAGE, "on its way");
	xmppd_hang_up(f->server);
	assert_true(recorder_wait(f->loop, "down home lost", 1));
	recorder_start(f->net);
	assert_true(recorder_wait(f->loop, "up home", 2));
	xmppd_forget(f->server);
	open_room(f);
	assert_int_equal(recorder_count("event join " ROOM " ann@test (Ann)"),
			 2);
	recorder_puppet_join(&f->occupant);
	let_in(f, "ann@test", "Ann");
	deliver(f, EVENT_MESSAGE, "and again");
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), "and again"));
	assert_null(strstr(seen_by(f, "ann@test/a"), "110"));
}

static void
when_we_stop_all_are_told(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	recorder_stop(f->net);
	assert_true(recorder_wait(f->loop, "down home asked", 1));
	assert_string_equal(seen_by(f, "ann@test/a"),
			    GONE("Ann", "ann@test/a", CODE(332) CODE(110)));
}

/* ---- talk ---------------------------------------------------------------- */

static void
what_a_user_says_is_shown_once_it_is_kept(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	knock(f, "ann@test/b", "Ann", MUC);
	cid_is_in(f);
	say(f, "ann@test/a", ROOM, "<body>hello</body>");
	assert_non_null(recorder_find("event message " ROOM
				      " ann@test (Ann) hello {gateway} "
				      "{id=m1}"));
	expect_seen(f, "cid@test/c", "");
	accept_last(f);
	expect_seen(f, "ann@test/a",
		    SAID("Ann", "ann@test/a", "m1", "hello", "1"));
	expect_seen(f, "ann@test/b",
		    SAID("Ann", "ann@test/b", "m1", "hello", "1"));
	expect_seen(f, "cid@test/c",
		    SAID("Ann", "cid@test/c", "m1", "hello", "1"));
}

static void
what_others_say_reaches_every_client(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	knock(f, "ann@test/b", "Ann", MUC);
	bob_is_in(f);
	deliver(f, EVENT_MESSAGE, "one");
	deliver(f, EVENT_MESSAGE, "two");
	assert_true(recorder_wait(f->loop, "sent d1 [1 d1]", 1));
	assert_true(recorder_wait(f->loop, "sent d2 [2 d2]", 1));
	expect_seen(f, "ann@test/a",
		    SAID("bob", "ann@test/a", "d1", "one", "1")
			    SAID("bob", "ann@test/a", "d2", "two", "2"));
	assert_non_null(strstr(seen_by(f, "ann@test/b"), "two"));
}

static void
only_who_is_in_may_speak(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	knock(f, "cid@test/c", "Cid", MUC); /* waits */
	say(f, "cid@test/c", ROOM, "<body>psst</body>");
	expect_seen(f, "cid@test/c",
		    "<message from='" ROOM "' id='m1' to='cid@test/c' "
		    "type='error'>" ERROR(
			    "not-acceptable", "modify",
			    "you are not in the room") "</message>\n");
	say(f, "eve@elsewhere/e", ROOM, "<body>psst</body>");
	assert_non_null(
		strstr(seen_by(f, "eve@elsewhere/e"), "not-acceptable"));
	assert_null(recorder_find("psst"));
}

static void
what_cannot_be_passed_on_is_refused(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	say(f, "ann@test/a", ROOM,
	    "<body>secret</body><encryption xmlns='urn:xmpp:eme:0'/>");
	assert_non_null(strstr(seen_by(f, "ann@test/a"),
			       "encrypted messages cannot be passed on"));
	xmppd_forget(f->server);
	say(f, "ann@test/a", ROOM "/Ann", "<body>what</body>");
	assert_non_null(strstr(seen_by(f, "ann@test/a"), "<bad-request"));
	assert_null(recorder_find("event message"));
}

static void
a_message_that_failed_comes_back_to_its_author(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	cid_is_in(f);
	say(f, "ann@test/a", ROOM, "<body>hello</body>");
	xmpp_protocol.ops.bounce(f->net, &f->room, recorder.last_event,
				 "no voice");
	expect_seen(f, "ann@test/a",
		    "<message from='" ROOM "' id='m1' to='ann@test/a' "
		    "type='error'>" ERROR("not-allowed", "cancel",
					  "no voice") "</message>\n");
	expect_seen(f, "cid@test/c", "");
}

static void
a_subject_is_changed_and_taken_back(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	say(f, "ann@test/a", ROOM, "<subject>new</subject>");
	assert_non_null(
		recorder_find("event topic " ROOM " ann@test (Ann) new"));
	accept_last(f);
	assert_non_null(
		strstr(seen_by(f, "ann@test/a"), "<subject>new</subject>"));
	xmppd_forget(f->server);
	xmpp_protocol.ops.bounce(f->net, &f->room, recorder.last_event,
				 "you are no operator");
	expect_seen(
		f, "ann@test/a",
		"<message from='" ROOM "' id='m1' to='ann@test/a' "
		"type='error'>" ERROR(
			"not-allowed", "cancel",
			"you are no operator") "</message>\n" SUBJECT("ann@test/a",
								      "the topic"));
}

static void
a_private_word_goes_to_one(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	cid_is_in(f);
	bob_is_in(f);
	xmppd_say(f->server,
		  "<message type='chat' from='ann@test/a' to='" FMT_ROOM
		  "/bob' id='p1'><body>psst</body></message>");
	barrier(f);
	assert_non_null(recorder_find("event message ->libera/bob ann@test "
				      "(Ann) psst {gateway} {id=p1}"));
	xmppd_say(f->server,
		  "<message type='chat' from='ann@test/a' to='" FMT_ROOM
		  "/Cid' id='p2'><body>hush</body></message>");
	expect_seen(f, "cid@test/c",
		    "<message from='" ROOM "/Ann' id='p2' to='cid@test/c' "
		    "type='chat'><body>hush</body><origin-id id='p2' "
		    "xmlns='urn:xmpp:sid:0'></origin-id>" X("") ID
		    "</message>\n");
	assert_null(recorder_find("hush"));
	xmppd_say(f->server,
		  "<message type='chat' from='ann@test/a' to='" FMT_ROOM
		  "/Dan' id='p3'><body>eh</body></message>");
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), "<item-not-found"));
}

static void
a_user_writes_to_a_person_and_gets_errors_from_there(void **state)
{
	struct fixture *f = *state;

	xmppd_say(f->server, "<message type='chat' from='ann@test/a' id='p1' "
			     "to='Bob%%irc.libera.chat@gw.test'>"
			     "<body>psst</body></message>");
	barrier(f);
	assert_non_null(recorder_find("event message ->libera/bob ann@test "
				      "(ann) psst {gateway} {id=p1}"));
	xmpp_protocol.ops.bounce(f->net, NULL, recorder.last_event, "offline");
	barrier(f);
	const char *error = seen_by(f, "ann@test/a");
	assert_non_null(strstr(error, "from='bob%libera@gw.test'"));
	assert_non_null(strstr(error, "<recipient-unavailable"));
	xmppd_say(f->server, "<message type='chat' from='eve@elsewhere/e' "
			     "to='bob%%libera@gw.test'><body>spam</body>"
			     "</message>");
	barrier(f);
	assert_non_null(strstr(seen_by(f, "eve@elsewhere/e"), "<not-allowed"));
	assert_null(recorder_find("spam"));
}

/* ---- the past ------------------------------------------------------------ */

static size_t
count(const char *text, const char *words)
{
	size_t n = 0;

	for (; (text = strstr(text, words)); text += strlen(words))
		n++;
	return n;
}

static void
the_past_is_told_as_it_is_wished(void **state)
{
	struct fixture *f = *state;
	/* five messages, at ...01 to ...05 s */
	static const struct {
		const char *wish;
		size_t stanzas;
	} rows[] = {
		{ "", 5 },
		{ "<history maxstanzas='0'/>", 0 },
		{ "<history maxstanzas='2'/>", 2 },
		{ "<history maxchars='0'/>", 0 },
		{ "<history maxchars='1000'/>", 3 },
		{ "<history since='2025-11-24T16:00:04Z'/>", 2 },
		{ "<history seconds='1'/>", 0 },
		{ "<history seconds='x' maxstanzas='-1'/>", 5 },
		{ "<history since='yesterday' maxstanzas='4'/>", 4 },
	};

	ann_is_in(f);
	bob_is_in(f);
	for (size_t i = 0; i < 5; i++)
		deliver(f, EVENT_MESSAGE, "hello");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char muc[256];

		clear(f);
		(void)snprintf(muc, sizeof(muc),
			       "<x xmlns='http://jabber.org/protocol/muc'>%s"
			       "</x>",
			       rows[i].wish);
		knock(f, "ann@test/b", "Ann", muc);
		const char *seen = seen_by(f, "ann@test/b");
		assert_int_equal(count(seen, "<body>hello</body>"),
				 rows[i].stanzas);
		assert_int_equal(count(seen, "<delay from='" ROOM "'"),
				 rows[i].stanzas);
		assert_int_equal(count(seen, "<subject>"), 1);
	}
}

static void
the_past_comes_between_oneself_and_the_subject(void **state)
{
	struct fixture *f = *state;

	open_room(f);
	recorder_puppet_join(&f->occupant);
	deliver(f, EVENT_MESSAGE, "before");
	knock(f, "ann@test/a", "Ann", MUC);
	let_in(f, "ann@test", "Ann");
	expect_seen(
		f, "ann@test/a",
		HERE("bob", "ann@test/a", "") HERE(
			"Ann", "ann@test/a",
			CODE(110)) "<message from='" ROOM
				   "/bob' id='d1' to='ann@test/a' "
				   "type='groupchat'><body>before</body><origin-id id='d1' "
				   "xmlns='urn:xmpp:sid:0'></origin-id>" ID
				   "<stanza-id by='" ROOM
				   "' id='1' xmlns='urn:xmpp:sid:0'></stanza-id>"
				   "<delay from='" ROOM
				   "' stamp='2025-11-24T16:00:01.000Z' "
				   "xmlns='urn:xmpp:delay'></delay></message>\n" SUBJECT(
					   "ann@test/a", "the topic"));
}

static void
the_past_outlives_a_restart(void **state)
{
	struct fixture *f = *state;
	struct event *past[2] = { event_make(EVENT_MESSAGE),
				  event_make(EVENT_MESSAGE) };

	for (size_t i = 0; i < 2; i++) {
		event_set_sender(past[i], i ? "ann@test" : "bob",
				 i ? "Ann" : "bob");
		event_set_text(past[i], i ? "mine" : "theirs");
		past[i]->id = "n1";
		past[i]->channel = i ? f->room.id : 99;
		past[i]->number = (int64_t)i + 1;
		past[i]->when_ms = 1764000000000;
	}
	recorder.past = past;
	recorder.n_past = 2;
	open_room(f);
	recorder_puppet_join(&f->occupant);
	f->number = 1;
	deliver(f, EVENT_MESSAGE, "again"); /* number 2: there already */
	deliver(f, EVENT_MESSAGE, "new");
	knock(f, "ann@test/a", "Ann", MUC);
	let_in(f, "ann@test", "Ann");
	barrier(f);
	const char *seen = seen_by(f, "ann@test/a");
	const char *theirs = strstr(seen, "id='g1'");
	assert_non_null(theirs);
	assert_non_null(strstr(theirs, "<body>theirs</body>"));
	assert_non_null(strstr(theirs, "<message from='" ROOM
				       "/Ann' id='n1' to='ann@test/a'"));
	assert_non_null(strstr(theirs, "<body>new</body>"));
	assert_null(strstr(theirs, "<body>again</body>"));
	event_unref(past[0]);
	event_unref(past[1]);
}

static void
the_past_is_bounded(void **state)
{
	struct fixture *f = *state;
	char *large = xcalloc(1, 60001);

	memset(large, 'a', 60000);
	open_room(f);
	recorder_puppet_join(&f->occupant);
	for (size_t i = 0; i < 20; i++)
		deliver(f, EVENT_MESSAGE, large);
	free(large);
	knock(f, "ann@test/a", "Ann", MUC);
	let_in(f, "ann@test", "Ann");
	barrier(f);
	assert_int_equal(count(seen_by(f, "ann@test/a"), "<body>"), 8);
}

/* ---- questions ----------------------------------------------------------- */

static void
ask(struct fixture *f, const char *from, const char *to, const char *type,
    const char *inside)
{
	xmppd_say(f->server, "<iq type='%s' from='%s' to='%s' id='q'>%s</iq>",
		  type, from, to, inside);
	barrier(f);
}

#define PING "<ping xmlns='urn:xmpp:ping'/>"

static void
a_self_ping_tells_who_is_in(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	bob_is_in(f);
	ask(f, "ann@test/a", ROOM "/Ann", "get", PING);
	expect_seen(f, "ann@test/a",
		    "<iq from='" ROOM "/Ann' id='q' to='ann@test/a' "
		    "type='result'></iq>\n");
	xmppd_forget(f->server);
	ask(f, "ann@test/b", ROOM "/Ann", "get", PING);
	assert_non_null(strstr(seen_by(f, "ann@test/b"), "<not-acceptable"));
	ask(f, "ann@test/a", ROOM "/bob", "get", PING);
	assert_non_null(
		strstr(seen_by(f, "ann@test/a"), "<service-unavailable"));
	ask(f, "ann@test/a", ROOM "/nobody", "get", PING);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), "<item-not-found"));
}

#define INFO "<query xmlns='http://jabber.org/protocol/disco#info'/>"
#define ITEMS "<query xmlns='http://jabber.org/protocol/disco#items'/>"

static void
the_places_of_the_gateway_can_be_explored(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	ask(f, "ann@test/a", "gw.test", "get", ITEMS);
	expect_seen(f, "ann@test/a",
		    "<iq from='gw.test' id='q' to='ann@test/a' type='result'>"
		    "<query xmlns='http://jabber.org/protocol/disco#items'>"
		    "<item jid='libera@gw.test' name='libera'></item>"
		    "</query></iq>\n");
	xmppd_forget(f->server);
	ask(f, "ann@test/a", "libera@gw.test", "get", ITEMS);
	expect_seen(f, "ann@test/a",
		    "<iq from='libera@gw.test' id='q' to='ann@test/a' "
		    "type='result'><query xmlns='http://jabber.org/protocol/"
		    "disco#items'><item jid='" ROOM "' name='#dev'></item>"
		    "</query></iq>\n");
	xmppd_forget(f->server);
	ask(f, "eve@elsewhere/e", "libera@gw.test", "get", ITEMS);
	assert_null(strstr(seen_by(f, "eve@elsewhere/e"), "#dev%"));
	ask(f, "ann@test/a", ROOM, "get", INFO);
	const char *info = seen_by(f, "ann@test/a");
	assert_non_null(strstr(info, "<identity category='conference' "
				     "name='#dev' type='irc'>"));
	assert_non_null(strstr(info, "'http://jabber.org/protocol/muc'"));
	assert_non_null(strstr(info, "'urn:xmpp:occupant-id:0'"));
	assert_non_null(strstr(info, "<value>the topic</value>"));
	xmppd_forget(f->server);
	ask(f, "ann@test/a", "#other%libera@gw.test", "get", INFO);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), "type='result'"));
}

static void
every_other_question_gets_an_error(void **state)
{
	struct fixture *f = *state;
	static const char *const questions[] = {
		"<query xmlns='http://jabber.org/protocol/muc#owner'/>",
		"<query xmlns='http://jabber.org/protocol/muc#admin'>"
		"<item affiliation='outcast'/></query>",
		"<query xmlns='urn:xmpp:mam:2'/>",
		"<query xmlns='http://jabber.org/protocol/disco#info' "
		"node='x'/>",
		"<nonsense xmlns='x'/>",
		"",
	};

	ann_is_in(f);
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++)
		for (size_t set = 0; set < 2; set++) {
			xmppd_forget(f->server);
			ask(f, "ann@test/a", ROOM, set ? "set" : "get",
			    questions[i]);
			assert_non_null(strstr(seen_by(f, "ann@test/a"),
					       "type='error'"));
		}
}

/* ---- hostile ------------------------------------------------------------- */

static const char *const poisons[] = {
	"a&#10;QUIT :b",
	"&#13;&#10;JOIN 0",
	"%s%n%x",
	"\xe2\x80\xae\xe2\x80\x8b",
	"\xf0\x9f\x92\xa9",
	"../../etc/passwd",
	"&apos;; DROP TABLE event; --",
	"&lt;/presence&gt;&lt;iq/&gt;",
	"]]&gt;",
	"\xc2\x85\xef\xbb\xbf",
	"/me",
	" ",
	"",
};

static void
poison(struct fixture *f, const char *p)
{
	/* Nobody's name may hold what a name cannot: as entities only. */
	xmppd_say(f->server,
		  "<presence from='eve@test/e' to='" FMT_ROOM "/x%s'>"
		  "<x xmlns='http://jabber.org/protocol/muc'><password>%s"
		  "</password><history maxchars='%s' since='%s'/></x>"
		  "<show>%s</show><status>%s</status></presence>",
		  p, p, p, p, p, p);
	xmppd_say(f->server,
		  "<presence from='eve@test/e' to='#%s%%libera@gw.test/x'>" MUC
		  "</presence>",
		  p);
	barrier(f);
	let_in(f, "eve@test", "Eve");
	xmppd_say(f->server,
		  "<message type='groupchat' from='eve@test/e' id='%s' "
		  "to='" FMT_ROOM "'><body>%s</body></message>"
		  "<message type='groupchat' from='eve@test/e' "
		  "to='" FMT_ROOM "'><subject>%s</subject></message>"
		  "<message type='chat' from='eve@test/e' "
		  "to='" FMT_ROOM "/%s'><body>%s</body></message>"
		  "<presence from='eve@test/e' to='" FMT_ROOM "/%s'/>"
		  "<iq type='get' id='%s' from='eve@test/e' to='" FMT_ROOM
		  "/%s'>"
		  "<ping xmlns='urn:xmpp:ping'/></iq>"
		  "<presence type='unavailable' from='eve@test/e' to='" FMT_ROOM
		  "/Eve'><status>%s</status></presence>",
		  p, p, p, p, p, p, p, p, p);
	barrier(f);
}

static void
poison_harms_nobody(void **state)
{
	struct fixture *f = *state;

	ann_is_in(f);
	for (size_t i = 0; i < ARRAY_SIZE(poisons); i++) {
		poison(f, poisons[i]);
		assert_true(xmppd_is_open(f->server));
	}
	/* Whatever Eve is now, Ann is where she was. */
	xmppd_forget(f->server);
	ask(f, "ann@test/a", ROOM "/Ann", "get", PING);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), "type='result'"));
	for (size_t i = 0; i < recorder.n_lines; i++)
		assert_null(strstr(recorder.lines[i], "part " ROOM " ann"));
}

static void
nobody_fills_the_memory_with_rooms(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 260; i++)
		xmppd_say(f->server,
			  "<presence from='eve@test/e' to='#r%zu%%libera@gw."
			  "test/eve'>" MUC "</presence>",
			  i);
	barrier(f);
	assert_int_equal(recorder_count("portal"), 250);
	assert_int_equal(
		count(seen_by(f, "eve@test/e"), "<resource-constraint"), 10);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(who_enters_waits_for_the_channel),
		T(who_has_come_in_is_shown_all_in_order),
		T(another_name_is_shown_with_status_210),
		T(who_is_refused_is_told_why),
		T(a_network_out_of_reach_is_said_to_be),
		T(strangers_and_the_nameless_stay_out),
		T(a_channel_that_cannot_be_is_not_found),
		T(who_gives_up_waiting_has_left),
		T(another_way_to_write_the_room_is_kept),
		T(a_second_client_has_the_nick_of_the_first),
		T(leaving_with_one_client_keeps_the_other),
		T(users_see_each_other_come),
		T(people_of_elsewhere_come_change_and_go),
		T(ranks_are_roles_and_affiliations),
		T(two_people_of_one_name_have_two_nicks),
		T(who_loses_the_channel_loses_the_room),
		T(a_nick_is_changed_when_the_network_agrees),
		T(the_network_may_change_a_nick_by_itself),
		T(a_nick_that_is_in_use_is_a_conflict),
		T(away_is_shown_to_all_and_told_on),
		T(a_client_that_forgot_is_told_all_again),
		T(who_is_not_in_is_told_so),
		T(a_client_that_cannot_be_reached_is_out),
		T(an_error_that_means_little_throws_nobody_out),
		T(users_outlive_a_lost_stream),
		T(when_we_stop_all_are_told),
		T(what_a_user_says_is_shown_once_it_is_kept),
		T(what_others_say_reaches_every_client),
		T(only_who_is_in_may_speak),
		T(what_cannot_be_passed_on_is_refused),
		T(a_message_that_failed_comes_back_to_its_author),
		T(a_subject_is_changed_and_taken_back),
		T(a_private_word_goes_to_one),
		T(a_user_writes_to_a_person_and_gets_errors_from_there),
		T(the_past_is_told_as_it_is_wished),
		T(the_past_comes_between_oneself_and_the_subject),
		T(the_past_outlives_a_restart),
		T(the_past_is_bounded),
		T(a_self_ping_tells_who_is_in),
		T(the_places_of_the_gateway_can_be_explored),
		T(every_other_question_gets_an_error),
		T(poison_harms_nobody),
		T(nobody_fills_the_memory_with_rooms),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
