/* SPDX-License-Identifier: MIT */
/*
 * test_xmpp_hosted.c - rooms of our own, for users who are played by a
 * scripted server: what each of their clients is sent, to the letter.
 */

#include "tests/conformance/hosted_fixture.h"

#include "bridge/error.h"
#include "bridge/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* XEP-0045 10.1.1: only who came first, and only when they come. */
static void
who_made_the_channel_is_told_so_once(void **state)
{
	struct fixture *f = *state;
	const struct standing op = { OCCUPANT_JOINED, "Ann",
				     REFUSAL_OTHER,   NULL,
				     RANK_OP,         false };

	recorder.topic = NULL;
	knock(f, "ann@test/a", "Ann", MUC);
	open_room(f);
	stand(f, "ann@test", &op);
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), CODE(110) CODE(201)));
	stand(f, "ann@test", &op);
	knock(f, "ann@test/b", "Ann", MUC);
	barrier(f);
	assert_null(strstr(seen_by(f, "ann@test/b"), CODE(201)));
}

static void
an_operator_of_a_channel_with_others_in_it_has_not_made_it(void **state)
{
	struct fixture *f = *state;
	const struct standing op = { OCCUPANT_JOINED, "Ann",
				     REFUSAL_OTHER,   NULL,
				     RANK_OP,         false };

	knock(f, "ann@test/a", "Ann", MUC);
	open_room(f);
	recorder_puppet_join(&f->occupant);
	stand(f, "ann@test", &op);
	barrier(f);
	assert_null(strstr(seen_by(f, "ann@test/a"), CODE(201)));
}

/* XEP-0045 7.2.12, 10.2.1: each user chooses for themselves. */
static void
whether_a_room_is_recorded_is_told_to_who_reads_it(void **state)
{
	struct fixture *f = *state;
	struct standing ann = { OCCUPANT_JOINED, "Ann", REFUSAL_OTHER, NULL,
				RANK_NONE,       true };

	recorder.topic = NULL;
	knock(f, "ann@test/a", "Ann", MUC);
	knock(f, "bob@test/a", "Bob", MUC);
	open_room(f);
	stand(f, "ann@test", &ann);
	let_in(f, "bob@test", "Bob");
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), CODE(110) CODE(170)));
	barrier(f);
	assert_null(strstr(seen_by(f, "bob@test/a"), CODE(170)));
	xmppd_forget(f->server);
	ann.recorded = false;
	stand(f, "ann@test", &ann);
	stand(f, "ann@test", &ann);
	expect_seen(f, "ann@test/a",
		    "<message from='" ROOM "' to='ann@test/a' "
		    "type='groupchat'>" X(CODE(171)) "</message>\n");
	xmppd_forget(f->server);
	ann.recorded = true;
	stand(f, "ann@test", &ann);
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), CODE(170)));
	expect_seen(f, "bob@test/a", "");
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
			       "</text></error>" IN_ROOM "</presence>\n",
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
					  "no route") IN_ROOM "</presence>\n");
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
			    "this gateway is not open to you") IN_ROOM
		    "</presence>\n");
	knock(f, "ann@test/a", "  ", MUC);
	expect_seen(f, "ann@test/a",
		    "<presence from='" ROOM "/  ' id='in' to='ann@test/a' "
		    "type='error'>" ERROR("jid-malformed", "modify",
					  "a nick is needed") IN_ROOM
		    "</presence>\n");
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
		    "type='error'>" ERROR("item-not-found", "cancel",
					  "no channel can have that name")
			    IN_ROOM "</presence>\n");
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
who_is_not_heard_is_a_visitor(void **state)
{
	struct fixture *f = *state;
	const char *seen;

	ann_is_in(f);
	recorder_puppet_join(&f->occupant);
	barrier(f);
	xmppd_forget(f->server);
	/* The first that is known is no news. */
	f->room.modes = CHANNEL_MODES_KNOWN | CHANNEL_MODERATED;
	xmpp_protocol.ops.moded(f->net, &f->room);
	barrier(f);
	seen = seen_by(f, "ann@test/a");
	assert_non_null(strstr(seen, "/bob'"));
	assert_non_null(strstr(seen, "affiliation='none' role='visitor'"));
	assert_null(strstr(seen, "participant"));
	assert_null(strstr(seen, "104"));
	/* A voice makes a participant, also there. */
	xmppd_forget(f->server);
	f->occupant.rank = RANK_VOICE;
	xmpp_protocol.ops.puppet_update(f->net, &f->occupant, PUPPET_RANK);
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"),
			       "affiliation='member' role='participant'"));
	xmppd_forget(f->server);
	f->room.modes = CHANNEL_MODES_KNOWN | CHANNEL_SECRET;
	xmpp_protocol.ops.moded(f->net, &f->room);
	barrier(f);
	seen = seen_by(f, "ann@test/a");
	assert_null(strstr(seen, "/bob'"));
	assert_non_null(strstr(seen, "affiliation='none' role='participant'"));
	assert_non_null(strstr(seen, "<status code='104'>"));
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
		    "type='error'>" ERROR("conflict", "cancel",
					  "somebody else has that nick") IN_ROOM
		    "</presence>\n");
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
		    TOLD("bob", "ann@test/a", "d1", "one", "1")
			    TOLD("bob", "ann@test/a", "d2", "two", "2"));
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
an_author_who_has_left_is_told_in_words(void **state)
{
	struct fixture *f = *state;
	struct event *said, *long_one;
	char text[401];

	ann_is_in(f);
	cid_is_in(f);
	say(f, "ann@test/a", ROOM, "<body>hello</body>");
	said = event_ref(recorder.last_event);
	stand(f, "ann@test",
	      &(struct standing){ OCCUPANT_ABSENT, NULL, REFUSAL_OTHER,
				  "killed" });
	clear(f);
	xmpp_protocol.ops.bounce(f->net, &f->room, said, "too late");
	expect_seen(f, "ann@test",
		    "<message from='" ROOM "' to='ann@test' type='chat'>"
		    "<body>Not delivered: too late\n> hello</body>"
		    "</message>\n");
	expect_seen(f, "cid@test/c", "");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	long_one = event_copy(said);
	event_set_text(long_one, text);
	xmpp_protocol.ops.bounce(f->net, &f->room, long_one, "too late");
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test"), "xxx…</body>"));
	event_unref(long_one);
	event_unref(said);
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
	assert_non_null(recorder_find(
		"event message ->libera/bob ann@test "
		"(ann) psst {gateway} {account=ann@test} {id=p1}"));
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
				   "type='groupchat'><body>before</body>" ID
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
		past[i]->flags = i ? EVENT_GATEWAY : 0;
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
what_is_known_of_a_person_is_a_card(void **state)
{
	static const char card[] = "<vCard xmlns='vcard-temp'/>";
	struct fixture *f = *state;

	f->person.real = "Bob <Example>";
	ann_is_in(f);
	bob_is_in(f);
	ask(f, "ann@test/a", ROOM "/bob", "get", card);
	expect_seen(f, "ann@test/a",
		    "<iq from='" ROOM "/bob' id='q' to='ann@test/a' "
		    "type='result'><vCard xmlns='vcard-temp'><FN>Bob "
		    "<Example></FN><NICKNAME>bob</NICKNAME></vCard></iq>\n");
	clear(f);
	ask(f, "ann@test/a", "bob%libera@gw.test", "get", card);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), "<FN>Bob <Example>"));
	clear(f);
	ask(f, "eve@elsewhere/e", "bob%libera@gw.test", "get", card);
	assert_null(strstr(seen_by(f, "eve@elsewhere/e"), "<Example>"));
	ask(f, "ann@test/a", ROOM "/bob", "set", card);
	assert_null(strstr(seen_by(f, "ann@test/a"), "NICKNAME"));
	ask(f, "ann@test/a", ROOM "/Ann", "get", card);
	assert_null(strstr(seen_by(f, "ann@test/a"), "NICKNAME"));
}

static void
who_is_in_no_room_is_asked_for(void **state)
{
	static const char card[] = "<vCard xmlns='vcard-temp'/>";
	static const struct choice known[] = { { "account", "zoe" },
					       { "real", "Zoe <Z>" } };
	struct fixture *f = *state;

	ask(f, "ann@test/a", "zoe%libera@gw.test", "get", card);
	assert_non_null(recorder_find("run whois by ann@test at libera/zoe"));
	recorder_answer(&(struct command_answer){ .kind = ANSWER_DONE,
						  .text = "",
						  .entries = known,
						  .n_entries = 2 });
	barrier(f);
	expect_seen(f, "ann@test/a",
		    "<iq from='zoe%libera@gw.test' id='q' to='ann@test/a' "
		    "type='result'><vCard xmlns='vcard-temp'><FN>Zoe <Z></FN>"
		    "<NICKNAME>zoe</NICKNAME></vCard></iq>\n");
	clear(f);
	ask(f, "ann@test/a", "zoe%libera@gw.test", "get", card);
	recorder_answer(&(struct command_answer){ .kind = ANSWER_REFUSED,
						  .denial = DENIED_UNKNOWN,
						  .text = "No such nick" });
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), "<item-not-found"));
	clear(f);
	/* Who is not connected gets what the address says. */
	ask(f, "ann@test/a", "zoe%libera@gw.test", "get", card);
	recorder_answer(&(struct command_answer){ .kind = ANSWER_REFUSED,
						  .text = "not connected" });
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), "<FN>zoe</FN>"));
	clear(f);
	ask(f, "eve@elsewhere/e", "zoe%libera@gw.test", "get", card);
	assert_int_equal(recorder_count("run whois"), 3);
}

static void
every_other_question_gets_an_error(void **state)
{
	struct fixture *f = *state;
	static const char *const questions[] = {
		"<query xmlns='http://jabber.org/protocol/muc#admin'/>",
		("<query xmlns='http://jabber.org/protocol/disco#info' "
		 "node='x'/>"),
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
#define T(name) \
	cmocka_unit_test_setup_teardown(name, hosted_setup, hosted_teardown)
	const struct CMUnitTest tests[] = {
		T(who_enters_waits_for_the_channel),
		T(who_has_come_in_is_shown_all_in_order),
		T(another_name_is_shown_with_status_210),
		T(who_made_the_channel_is_told_so_once),
		T(an_operator_of_a_channel_with_others_in_it_has_not_made_it),
		T(whether_a_room_is_recorded_is_told_to_who_reads_it),
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
		T(who_is_not_heard_is_a_visitor),
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
		T(an_author_who_has_left_is_told_in_words),
		T(a_subject_is_changed_and_taken_back),
		T(a_private_word_goes_to_one),
		T(a_user_writes_to_a_person_and_gets_errors_from_there),
		T(the_past_is_told_as_it_is_wished),
		T(the_past_comes_between_oneself_and_the_subject),
		T(the_past_outlives_a_restart),
		T(the_past_is_bounded),
		T(a_self_ping_tells_who_is_in),
		T(the_places_of_the_gateway_can_be_explored),
		T(what_is_known_of_a_person_is_a_card),
		T(who_is_in_no_room_is_asked_for),
		T(every_other_question_gets_an_error),
		T(poison_harms_nobody),
		T(nobody_fills_the_memory_with_rooms),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
