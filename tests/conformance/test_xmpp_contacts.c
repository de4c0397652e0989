/* SPDX-License-Identifier: MIT */
/* test_xmpp_contacts.c - people of other networks in rosters, to the letter. */

#include "tests/conformance/hosted_fixture.h"

#include <stdlib.h>
#include <string.h>

#define JOE "Joe%libera@gw.test"
#define PRESENCE(from, to, type) \
	"<presence from='" from "' to='" to "' type='" type "'></presence>\n"

static void
presence(struct fixture *f, const char *from, const char *type)
{
	xmppd_say(f->server, "<presence from='%s' to='%s'%s%s%s/>", from, JOE,
		  *type ? " type='" : "", type, *type ? "'" : "");
	barrier(f);
}

static void
change(struct fixture *f, const struct availability *a)
{
	const struct address joe = { "libera", "joe" };

	xmpp_protocol.ops.contact(f->net, "ann@test", &joe, a);
	barrier(f);
}

static void
a_subscription_is_accepted_and_asked_for_in_turn(void **state)
{
	struct fixture *f = *state;

	presence(f, "ann@test", "subscribe");
	assert_non_null(recorder_find("follow libera:joe by ann@test (ann)"));
	assert_non_null(recorder_find("ann@test is here"));
	expect_seen(f, "ann@test",
		    PRESENCE(JOE, "ann@test", "subscribed")
			    PRESENCE(JOE, "ann@test", "subscribe"));
	xmppd_forget(f->server);
	presence(f, "ann@test", "subscribed");
	expect_seen(f, "ann@test", "");
}

static void
the_network_itself_can_be_followed(void **state)
{
	static const struct availability up = { .known = true,
						.online = true,
						.status = "connected" };
	const struct address server = { "libera", "irc.libera.chat" };
	struct fixture *f = *state;

	xmppd_say(f->server, "<presence from='ann@test' to='libera@gw.test' "
			     "type='subscribe'/>");
	barrier(f);
	assert_non_null(recorder_find(
		"follow libera:irc.libera.chat by ann@test (ann)"));
	expect_seen(f, "ann@test",
		    PRESENCE("libera@gw.test", "ann@test", "subscribed")
			    PRESENCE("libera@gw.test", "ann@test",
				     "subscribe"));
	xmppd_forget(f->server);
	xmpp_protocol.ops.contact(f->net, "ann@test", &server, &up);
	barrier(f);
	expect_seen(f, "ann@test",
		    "<presence from='libera@gw.test/causeway' to='ann@test'>"
		    "<status>connected</status></presence>\n");
}

static void
the_gateway_itself_is_there(void **state)
{
	struct fixture *f = *state;

	xmppd_say(f->server, "<presence from='ann@test' to='gw.test' "
			     "type='subscribe'/>");
	barrier(f);
	expect_seen(
		f, "ann@test",
		PRESENCE(
			"gw.test", "ann@test",
			"subscribed") "<presence from='gw.test' to='ann@test'></presence>\n");
	xmppd_forget(f->server);
	xmppd_say(f->server, "<presence from='ann@test/a' to='gw.test' "
			     "type='probe'/>");
	barrier(f);
	expect_seen(f, "ann@test",
		    "<presence from='gw.test' to='ann@test'></presence>\n");
	xmppd_say(f->server, "<presence from='eve@elsewhere' to='gw.test' "
			     "type='subscribe'/>");
	barrier(f);
	expect_seen(f, "eve@elsewhere",
		    PRESENCE("gw.test", "eve@elsewhere", "unsubscribed"));
}

static void
ask_blocking(struct fixture *f, const char *from, const char *type,
	     const char *payload)
{
	xmppd_forget(f->server);
	xmppd_say(f->server,
		  "<iq from='%s' to='gw.test' id='b' type='%s'>%s"
		  "</iq>",
		  from, type, payload);
	barrier(f);
}

#define BLOCKING "xmlns='urn:xmpp:blocking'"

static void
whom_a_user_blocks_is_listed_and_changed(void **state)
{
	struct fixture *f = *state;
	const char *seen;

	recorder.blocks = "libera:bob";
	ask_blocking(f, "ann@test/a", "get", "<blocklist " BLOCKING "/>");
	expect_seen(f, "ann@test/a",
		    "<iq from='gw.test' id='b' to='ann@test/a' type='result'>"
		    "<blocklist " BLOCKING "><item jid='bob%libera@gw.test'>"
		    "</item></blocklist></iq>\n");
	/* Whoever has the list is told of changes. */
	ask_blocking(f, "ann@test/b", "set",
		     "<block " BLOCKING "><item jid='joe%libera@gw.test'/>"
		     "<item jid='#dev%libera@gw.test/Zoe'/></block>");
	assert_non_null(recorder_find("block libera:joe by ann@test"));
	assert_non_null(recorder_find("block libera:Zoe by ann@test"));
	seen = seen_by(f, "ann@test/a");
	assert_non_null(strstr(seen, "type='set'><block " BLOCKING));
	assert_non_null(strstr(seen, "joe%libera@gw.test"));
	ask_blocking(f, "ann@test/b", "set",
		     "<unblock " BLOCKING "><item jid='joe%libera@gw.test'/>"
		     "</unblock>");
	assert_non_null(recorder_find("unblock libera:joe by ann@test"));
	ask_blocking(f, "ann@test/b", "set", "<unblock " BLOCKING "/>");
	assert_non_null(recorder_find("unblock libera:bob by ann@test"));
	assert_non_null(strstr(seen_by(f, "ann@test/a"),
			       "type='set'><unblock " BLOCKING));
}

static void
what_cannot_be_blocked_gets_an_error(void **state)
{
	static const struct {
		const char *from, *payload, *condition;
	} rows[] = {
		{ "ann@test/a", "<block " BLOCKING "/>", "<bad-request" },
		{ "ann@test/a",
		  "<block " BLOCKING "><item jid='joe%libera@gw.test'/>"
		  "<item jid='eve@elsewhere'/></block>",
		  "<item-not-found" },
		{ "ann@test/a",
		  "<block " BLOCKING "><item jid='#dev%libera@gw.test'/>"
		  "</block>",
		  "<item-not-found" },
		{ "ann@test/a", "<block " BLOCKING "><item/></block>",
		  "<item-not-found" },
		{ "eve@elsewhere/a",
		  "<block " BLOCKING
		  "><item jid='joe%libera@gw.test'/></block>",
		  "<forbidden" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ask_blocking(f, rows[i].from, "set", rows[i].payload);
		assert_non_null(
			strstr(seen_by(f, rows[i].from), rows[i].condition));
	}
	assert_null(recorder_find("block "));
	recorder.no_block = "you block too many people already";
	ask_blocking(f, "ann@test/a", "set",
		     "<block " BLOCKING "><item jid='joe%libera@gw.test'/>"
		     "</block>");
	assert_non_null(strstr(seen_by(f, "ann@test/a"),
			       "you block too many people already"));
	assert_null(recorder_find("block "));
}

static void
whom_nobody_can_follow_is_refused_with_the_reason(void **state)
{
	struct fixture *f = *state;

	recorder.no_follow = "nobody can be followed there";
	presence(f, "ann@test", "subscribe");
	expect_seen(f, "ann@test",
		    "<presence from='" JOE "' to='ann@test' "
		    "type='unsubscribed'><status>nobody can be followed there"
		    "</status></presence>\n");
	assert_null(recorder_find("is here"));
}

static void
strangers_follow_nobody(void **state)
{
	struct fixture *f = *state;

	presence(f, "eve@elsewhere", "subscribe");
	assert_non_null(
		strstr(seen_by(f, "eve@elsewhere"), "type='unsubscribed'"));
	assert_null(recorder_find("follow"));
}

static void
an_end_is_an_end_on_both_sides(void **state)
{
	struct fixture *f = *state;

	presence(f, "ann@test", "unsubscribe");
	assert_non_null(recorder_find("unfollow libera:joe by ann@test"));
	expect_seen(f, "ann@test",
		    PRESENCE(JOE, "ann@test", "unavailable")
			    PRESENCE(JOE, "ann@test", "unsubscribed")
				    PRESENCE(JOE, "ann@test", "unsubscribe"));
}

static void
who_comes_and_goes_is_here_and_gone(void **state)
{
	struct fixture *f = *state;

	presence(f, "ann@test/a", "probe");
	expect_seen(f, "ann@test", PRESENCE(JOE, "ann@test", "unsubscribed"));
	assert_null(recorder_find("is here"));
	xmppd_forget(f->server);
	recorder.follows = true;
	presence(f, "ann@test/a", "probe");
	assert_int_equal(recorder_count("ann@test is here"), 1);
	assert_non_null(recorder_find("follow libera:joe by ann@test"));
	presence(f, "ann@test/a", "");
	assert_int_equal(recorder_count("ann@test is here"), 2);
	expect_seen(f, "ann@test", "");
	presence(f, "ann@test/a", "unavailable");
	assert_int_equal(recorder_count("ann@test is gone"), 1);
	expect_seen(f, "ann@test", PRESENCE(JOE, "ann@test", "probe"));
}

static void
how_somebody_is_is_shown(void **state)
{
	struct fixture *f = *state;

	change(f, &(struct availability){ .known = false });
	expect_seen(f, "ann@test",
		    PRESENCE("joe%libera@gw.test", "ann@test", "probe"));
	xmppd_forget(f->server);
	change(f, &(struct availability){ .known = true,
					  .online = true,
					  .show = SHOW_AWAY,
					  .status = "lunch" });
	expect_seen(f, "ann@test",
		    "<presence from='joe%libera@gw.test/causeway' "
		    "to='ann@test'><show>away</show><status>lunch</status>"
		    "</presence>\n");
	xmppd_forget(f->server);
	change(f, &(struct availability){ .known = true, .status = "lost" });
	expect_seen(f, "ann@test",
		    "<presence from='joe%libera@gw.test/causeway' "
		    "to='ann@test' type='unavailable'><status>lost</status>"
		    "</presence>\n");
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, hosted_setup, hosted_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_subscription_is_accepted_and_asked_for_in_turn),
		TEST(the_network_itself_can_be_followed),
		TEST(the_gateway_itself_is_there),
		TEST(whom_a_user_blocks_is_listed_and_changed),
		TEST(what_cannot_be_blocked_gets_an_error),
		TEST(whom_nobody_can_follow_is_refused_with_the_reason),
		TEST(strangers_follow_nobody),
		TEST(an_end_is_an_end_on_both_sides),
		TEST(who_comes_and_goes_is_here_and_gone),
		TEST(how_somebody_is_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
