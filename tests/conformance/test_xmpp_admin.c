/* SPDX-License-Identifier: MIT */
/* test_xmpp_admin.c - moderation of hosted rooms, to the letter. */

#include "tests/conformance/hosted_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADMIN "http://jabber.org/protocol/muc#admin"
#define OWNER "http://jabber.org/protocol/muc#owner"
#define QUERY(items) "<query xmlns='" ADMIN "'>" items "</query>"
#define FORM(fields)                                                       \
	"<query xmlns='" OWNER "'><x xmlns='jabber:x:data' type='submit'>" \
	"<field var='FORM_TYPE'><value>http://jabber.org/protocol/"        \
	"muc#roomconfig</value></field>" fields "</x></query>"
#define FIELD(var, value) \
	"<field var='muc#roomconfig_" var "'><value>" value "</value></field>"
#define RESULT \
	"<iq from='" ROOM "' id='q' to='ann@test/a' type='result'></iq>\n"

static const struct command_answer done = { .kind = ANSWER_DONE, .text = "" };

static void
ann_and_bob(struct fixture *f)
{
	ann_is_in(f);
	bob_is_in(f);
}

static void
an_item_is_a_command_of_the_network(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *item, *run;
	} rows[] = {
		{ QUERY("<item nick='bob' role='none'><reason>out</reason>"
			"</item>"),
		  "run kick by ann@test at libera/#dev filled {nick=bob} "
		  "{reason=out}" },
		{ QUERY("<item jid='bob%libera@gw.test' "
			"affiliation='outcast'/>"),
		  "run ban by ann@test at libera/#dev filled {nick=bob} "
		  "{reason=}" },
		{ QUERY("<item jid='*!*\\40evil.test%libera@gw.test' "
			"affiliation='none'/>"),
		  "run unban by ann@test at libera/#dev filled "
		  "{mask=*!*@evil.test}" },
		{ QUERY("<item jid='ann@test' affiliation='owner'/>"),
		  "run rank by ann@test at libera/#dev filled {nick=Ann} "
		  "{rank=owner}" },
		{ QUERY("<item nick='bob' role='moderator'/>"),
		  "{nick=bob} {rank=halfop}" },
		{ QUERY("<item nick='bob' role='participant'/>"),
		  "{nick=bob} {rank=voice}" },
		{ QUERY("<item nick='bob' affiliation='admin'/>"),
		  "{nick=bob} {rank=op}" },
	};

	ann_and_bob(f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ask(f, "ann@test/a", ROOM, "set", rows[i].item);
		assert_non_null(recorder_find(rows[i].run));
		expect_seen(f, "ann@test/a", "");
		recorder_answer(&done);
		expect_seen(f, "ann@test/a", RESULT);
		xmppd_forget(f->server);
	}
}

static void
a_refusal_is_an_error_of_its_kind(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum denial denial;
		const char *condition;
	} rows[] = {
		{ DENIED_OTHER, "<not-allowed" },
		{ DENIED_RIGHTS, "<forbidden" },
		{ DENIED_UNKNOWN, "<item-not-found" },
		{ DENIED_VALUE, "<not-acceptable" },
	};

	ann_and_bob(f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct command_answer no = { .kind = ANSWER_REFUSED,
						   .denial = rows[i].denial,
						   .text = "no, no" };

		ask(f, "ann@test/a", ROOM, "set",
		    QUERY("<item nick='bob' role='none'/>"));
		recorder_answer(&no);
		barrier(f);
		assert_non_null(
			strstr(seen_by(f, "ann@test/a"), rows[i].condition));
		assert_non_null(strstr(seen_by(f, "ann@test/a"), "no, no"));
		xmppd_forget(f->server);
	}
}

static void
who_is_not_in_moderates_nothing(void **state)
{
	struct fixture *f = *state;

	ann_and_bob(f);
	ask(f, "cid@test/c", ROOM, "set",
	    QUERY("<item nick='bob' role='none'/>"));
	assert_non_null(strstr(seen_by(f, "cid@test/c"), "<forbidden"));
	ask(f, "cid@test/c", ROOM, "get", "<query xmlns='" OWNER "'/>");
	ask(f, "ann@test/b", ROOM, "set",
	    QUERY("<item nick='bob' role='none'/>"));
	assert_null(recorder_find("run"));
}

static void
what_makes_no_sense_is_a_bad_request(void **state)
{
	struct fixture *f = *state;
	static const char *const rows[] = {
		QUERY(""),
		QUERY("<item nick='bob'/>"),
		QUERY("<item nick='bob' role='king'/>"),
		QUERY("<item nick='bob' role='none' affiliation='none'/>"),
	};

	ann_and_bob(f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ask(f, "ann@test/a", ROOM, "set", rows[i]);
		assert_non_null(
			strstr(seen_by(f, "ann@test/a"), "<bad-request"));
		xmppd_forget(f->server);
	}
	ask(f, "ann@test/a", ROOM, "set",
	    QUERY("<item nick='nobody' role='none'/>"));
	assert_non_null(strstr(seen_by(f, "ann@test/a"), "<item-not-found"));
	assert_null(recorder_find("run"));
}

static void
bans_are_listed_as_addresses(void **state)
{
	struct fixture *f = *state;
	const struct command_answer bans = { .kind = ANSWER_DONE,
					     .text = "eve!*@*\n*!*@evil" };

	ann_and_bob(f);
	ask(f, "ann@test/a", ROOM, "get",
	    QUERY("<item affiliation='outcast'/>"));
	assert_non_null(recorder_find("run bans by ann@test at libera/#dev"));
	recorder_answer(&bans);
	barrier(f);
	const char *seen = seen_by(f, "ann@test/a");
	assert_non_null(strstr(seen, "<item affiliation='outcast' "
				     "jid='eve!*\\40*%libera@gw.test'>"));
	assert_non_null(strstr(seen, "jid='*!*\\40evil%libera@gw.test'>"));
}

static void
a_form_is_the_modes_of_the_channel(void **state)
{
	struct fixture *f = *state;
	static const struct field modes[] = {
		{ .key = "topic_lock", .value = "true" },
		{ .key = "moderated", .value = "false" },
		{ .key = "secret", .value = "false" },
		{ .key = "invite_only", .value = "true" },
		{ .key = "key", .value = "sesame" },
		{ .key = "limit", .value = "" },
	};
	const struct command_answer form = {
		.kind = ANSWER_FORM, .text = "", .fields = modes, .n_fields = 6
	};

	ann_and_bob(f);
	ask(f, "ann@test/a", ROOM, "get", "<query xmlns='" OWNER "'/>");
	recorder_answer(&form);
	barrier(f);
	const char *seen = seen_by(f, "ann@test/a");
	assert_non_null(strstr(seen, "var='muc#roomconfig_changesubject'>"
				     "<value>false</value>"));
	assert_non_null(strstr(seen, "var='muc#roomconfig_publicroom'>"
				     "<value>true</value>"));
	assert_non_null(strstr(seen, "var='muc#roomconfig_membersonly'>"
				     "<value>true</value>"));
	assert_non_null(strstr(seen, "var='muc#roomconfig_roomsecret'>"
				     "<value>sesame</value>"));
	xmppd_forget(f->server);
	ask(f, "ann@test/a", ROOM, "set",
	    FORM(FIELD("changesubject", "1") FIELD("publicroom", "0")
			 FIELD("roomsecret", "") FIELD("maxusers", "9")));
	assert_non_null(recorder_find(
		"run modes by ann@test at libera/#dev filled "
		"{topic_lock=false} {secret=true} {key=} {limit=9}"));
	recorder_answer(&done);
	expect_seen(f, "ann@test/a", RESULT);
	xmppd_forget(f->server);
	ask(f, "ann@test/a", ROOM, "set", FORM(FIELD("maxusers", "many")));
	assert_non_null(strstr(seen_by(f, "ann@test/a"), "<not-acceptable"));
	xmppd_forget(f->server);
	/* XEP-0045 10.1.2: as it is */
	ask(f, "ann@test/a", ROOM, "set",
	    "<query xmlns='" OWNER "'><x xmlns='jabber:x:data' "
	    "type='submit'/></query>");
	expect_seen(f, "ann@test/a", RESULT);
}

static void
the_own_rank_is_shown_and_moderators_see_addresses(void **state)
{
	struct fixture *f = *state;
	const struct standing op = { OCCUPANT_JOINED, "Ann", REFUSAL_OTHER,
				     NULL, RANK_OP };

	ann_and_bob(f);
	stand(f, "ann@test", &op);
	expect_seen(
		f, "ann@test/a",
		"<presence from='" ROOM "/Ann' to='ann@test/a'>"
		"<x xmlns='http://jabber.org/protocol/muc#user'>"
		"<item affiliation='admin' jid='ann@test/a' "
		"role='moderator'></item><status code='110'></status></x>" ID
		"</presence>\n");
	xmppd_forget(f->server);
	knock(f, "cid@test/c", "Cid", MUC);
	let_in(f, "cid@test", "Cid");
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), "jid='cid@test/c'"));
	assert_null(strstr(seen_by(f, "cid@test/c"), "jid="));
	xmppd_forget(f->server);
	knock(f, "ann@test/b", "Ann", MUC);
	assert_non_null(
		strstr(seen_by(f, "ann@test/b"), "jid='bob%libera@gw.test'"));
}

static void
a_kick_of_somebody_elsewhere_is_shown_as_one(void **state)
{
	struct fixture *f = *state;

	ann_and_bob(f);
	f->occupant.part = PART_KICKED;
	f->occupant.actor = "zoe";
	recorder_puppet_leave(&f->occupant, "kicked by zoe: out");
	expect_seen(f, "ann@test/a",
		    "<presence from='" ROOM "/bob' to='ann@test/a' "
		    "type='unavailable'><status>kicked by zoe: out</status>"
		    "<x xmlns='http://jabber.org/protocol/muc#user'>"
		    "<item affiliation='none' role='none'>"
		    "<actor nick='zoe'></actor>"
		    "<reason>kicked by zoe: out</reason></item>"
		    "<status code='307'></status></x>" ID "</presence>\n");
}

static void
invitations_go_where_they_belong(void **state)
{
	struct fixture *f = *state;

	ann_and_bob(f);
	xmppd_say(f->server,
		  "<message from='ann@test/a' to='" FMT_ROOM "'>"
		  "<x xmlns='http://jabber.org/protocol/muc#user'>"
		  "<invite to='zoe%%libera@gw.test'/></x></message>");
	barrier(f);
	assert_non_null(recorder_find(
		"run invite by ann@test at libera/#dev filled {nick=zoe}"));
	recorder_answer(&done);
	xmppd_say(f->server,
		  "<message from='ann@test/a' to='" FMT_ROOM "'>"
		  "<x xmlns='http://jabber.org/protocol/muc#user'>"
		  "<invite to='cid@test/c'><reason>come</reason></invite>"
		  "</x></message>");
	expect_seen(f, "cid@test",
		    "<message from='" ROOM "' to='cid@test'>"
		    "<x xmlns='http://jabber.org/protocol/muc#user'>"
		    "<invite from='ann@test'><reason>come</reason></invite>"
		    "</x><x jid='" ROOM "' reason='come' "
		    "xmlns='jabber:x:conference'></x></message>\n");
	xmppd_say(f->server,
		  "<message from='ann@test/a' to='kim%%libera@gw.test'>"
		  "<x xmlns='jabber:x:conference' jid='" FMT_ROOM "'/>"
		  "</message>");
	barrier(f);
	assert_non_null(recorder_find("{nick=kim}"));
	recorder_answer(&done);
	xmpp_protocol.ops.invited(f->net, "ann@test", "libera", "#new", "zoe");
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test"),
			       "<message from='#new%libera@gw.test' "
			       "to='ann@test'>"));
	assert_non_null(strstr(seen_by(f, "ann@test"),
			       "<invite from='zoe%libera@gw.test'>"));
}

static void
who_declines_an_invitation_is_heard(void **state)
{
	struct fixture *f = *state;

	ann_and_bob(f);
	xmppd_say(f->server,
		  "<message from='cid@test/c' to='" FMT_ROOM "'>"
		  "<x xmlns='http://jabber.org/protocol/muc#user'>"
		  "<decline to='ann@test/a'><reason>busy</reason></decline>"
		  "</x></message>");
	expect_seen(f, "ann@test",
		    "<message from='" ROOM "' to='ann@test'>"
		    "<x xmlns='http://jabber.org/protocol/muc#user'>"
		    "<decline from='cid@test'><reason>busy</reason></decline>"
		    "</x></message>\n");
	xmppd_say(f->server, "<message from='cid@test/c' to='" FMT_ROOM "'>"
			     "<x xmlns='http://jabber.org/protocol/muc#user'>"
			     "<decline to='victim@test'/></x></message>");
	xmppd_say(f->server,
		  "<message from='eve@elsewhere/e' to='" FMT_ROOM "'>"
		  "<x xmlns='http://jabber.org/protocol/muc#user'>"
		  "<decline to='ann@test'/></x></message>");
	expect_seen(f, "victim@test", "");
	assert_non_null(strstr(seen_by(f, "cid@test/c"), "<item-not-found "));
	assert_non_null(
		strstr(seen_by(f, "eve@elsewhere/e"), "<item-not-found "));
}

static void
a_request_for_voice_is_declined(void **state)
{
	struct fixture *f = *state;

	ann_and_bob(f);
	xmppd_say(f->server,
		  "<message from='ann@test/a' to='" FMT_ROOM "' id='v'>"
		  "<x xmlns='jabber:x:data' type='submit'>"
		  "<field var='FORM_TYPE'><value>http://jabber.org/protocol/"
		  "muc#request</value></field><field var='muc#role'>"
		  "<value>participant</value></field></x></message>");
	expect_seen(f, "ann@test/a",
		    "<message from='" ROOM "' id='v' to='ann@test/a' "
		    "type='error'>" ERROR("not-allowed", "cancel",
					  "ask an operator of the channel for "
					  "voice") "</message>\n");
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, hosted_setup, hosted_teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_item_is_a_command_of_the_network),
		TEST(a_refusal_is_an_error_of_its_kind),
		TEST(who_is_not_in_moderates_nothing),
		TEST(what_makes_no_sense_is_a_bad_request),
		TEST(bans_are_listed_as_addresses),
		TEST(a_form_is_the_modes_of_the_channel),
		TEST(the_own_rank_is_shown_and_moderators_see_addresses),
		TEST(a_kick_of_somebody_elsewhere_is_shown_as_one),
		TEST(invitations_go_where_they_belong),
		TEST(who_declines_an_invitation_is_heard),
		TEST(a_request_for_voice_is_declined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
