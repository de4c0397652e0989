/* SPDX-License-Identifier: MIT */
/* test_xmpp_residents.c - users who stay in a channel without a client. */

#include "tests/conformance/hosted_fixture.h"

#include <signal.h>
#include <string.h>

#define AWAY(nick, to)                                                 \
	"<presence from='" ROOM "/" nick "' to='" to "'><show>away"    \
	"</show><status>not here at the moment</status>" X(ITEM "") ID \
		"</presence>\n"

static void
leave(struct fixture *f, const char *who, const char *nick)
{
	xmppd_say(f->server,
		  "<presence type='unavailable' from='%s' to='%s/%s'/>", who,
		  ROOM, nick);
	barrier(f);
}

/* Ann and Cid are in, then Ann is so without a client. */
static void
ann_stays(struct fixture *f)
{
	ann_is_in(f);
	cid_is_in(f);
	recorder.stays = true;
	leave(f, "ann@test/a", "Ann");
}

static void
who_stays_is_away_and_hears_nothing(void **state)
{
	struct fixture *f = *state;

	ann_stays(f);
	expect_seen(f, "ann@test/a", GONE("Ann", "ann@test/a", CODE(110)));
	expect_seen(f, "cid@test/c", AWAY("Ann", "cid@test/c"));
	assert_null(recorder_find("event part"));
	assert_non_null(recorder_find("event presence " ROOM
				      " ann@test (Ann) not here"));
	xmppd_forget(f->server);
	say(f, "cid@test/c", ROOM, "<body>anybody?</body>");
	accept_last(f);
	assert_non_null(strstr(seen_by(f, "cid@test/c"), "anybody?"));
	assert_string_equal(seen_by(f, "ann@test/a"), "");
}

static void
who_returns_is_told_what_was_said_and_is_there_again(void **state)
{
	struct fixture *f = *state;
	const char *seen;

	ann_stays(f);
	say(f, "cid@test/c", ROOM, "<body>while she was away</body>");
	accept_last(f);
	xmppd_forget(f->server);
	knock(f, "ann@test/b", "Ann", MUC);
	seen = seen_by(f, "ann@test/b");
	assert_non_null(strstr(seen, CODE(110)));
	assert_non_null(strstr(seen, "while she was away"));
	assert_non_null(strstr(seen, "the topic"));
	assert_non_null(strstr(seen_by(f, "cid@test/c"),
			       HERE("Ann", "cid@test/c", "")));
	assert_int_equal(recorder_count("event join " ROOM " ann@test"), 1);
	assert_int_equal(recorder_count("event presence " ROOM " ann@test"), 2);
}

static void
who_lingers_is_in_at_once_on_coming_back(void **state)
{
	struct fixture *f = *state;
	const char *seen;

	f->gateway.linger_s = 3600;
	ann_is_in(f);
	cid_is_in(f);
	leave(f, "ann@test/a", "Ann");
	expect_seen(f, "cid@test/c", AWAY("Ann", "cid@test/c"));
	assert_null(recorder_find("event part"));
	let_in(f, "ann@test", "Ann"); /* it is not asked whether she stays */
	assert_null(recorder_find("event part"));
	knock(f, "ann@test/b", "Ann", MUC);
	seen = seen_by(f, "ann@test/b");
	assert_non_null(strstr(seen, CODE(110)));
	assert_non_null(strstr(seen, "the topic"));
	assert_int_equal(recorder_count("event join " ROOM " ann@test"), 1);
}

static void
who_does_not_come_back_in_time_is_gone(void **state)
{
	struct fixture *f = *state;

	f->gateway.linger_s = 1;
	ann_is_in(f);
	cid_is_in(f);
	xmppd_say(f->server,
		  "<presence type='unavailable' from='ann@test/a' "
		  "to='%s/Ann'><status>bye</status></presence>",
		  ROOM);
	barrier(f);
	assert_non_null(
		strstr(seen_by(f, "cid@test/c"), AWAY("Ann", "cid@test/c")));
	assert_true(recorder_wait(f->loop, "event part " ROOM " ann@test (Ann)",
				  1));
	assert_non_null(
		recorder_find("event part " ROOM " ann@test (Ann) bye"));
	barrier(f);
	assert_non_null(strstr(seen_by(f, "cid@test/c"),
			       "type='unavailable'><status>bye</status>"));
}

static void
nobody_is_on_more_networks_than_they_may_be(void **state)
{
	struct fixture *f = *state;

	f->gateway.connections = 2;
	recorder.connections = 2;
	knock(f, "ann@test/a", "Ann", MUC);
	assert_non_null(
		strstr(seen_by(f, "ann@test/a"),
		       ERROR("resource-constraint", "wait",
			     "you are connected to as many networks as this "
			     "gateway lets you be: leave one first")));
	assert_null(recorder_find("portal"));
	xmppd_say(f->server, "<message from='ann@test/a' type='chat' id='m' "
			     "to='bob%%libera@gw.test'><body>hi</body>"
			     "</message>");
	barrier(f);
	assert_null(recorder_find("event message"));
	xmppd_forget(f->server);
	recorder.connections = 1;
	knock(f, "ann@test/a", "Ann", MUC);
	assert_non_null(recorder_find("portal"));
}

static void
who_changes_their_mind_is_gone(void **state)
{
	struct fixture *f = *state;

	ann_stays(f);
	xmppd_forget(f->server);
	recorder.stays = false;
	let_in(f, "ann@test", "Ann");
	expect_seen(f, "cid@test/c", GONE("Ann", "cid@test/c", ""));
	assert_int_equal(recorder_count("event part " ROOM " ann@test (Ann)"),
			 1);
}

static void
who_is_still_on_the_way_does_not_stay(void **state)
{
	struct fixture *f = *state;

	recorder.stays = true;
	knock(f, "ann@test/a", "Ann", MUC);
	open_room(f);
	leave(f, "ann@test/a", "Ann");
	assert_int_equal(recorder_count("event part " ROOM " ann@test"), 1);
}

static void
those_who_stay_come_back_with_the_room(void **state)
{
	struct fixture *f = *state;

	recorder.stays = true;
	recorder.resident = (struct sender){ .id = "dan@test", .name = "Dan" };
	recorder.password = "sesame";
	open_room(f);
	assert_int_equal(recorder_count("event join " ROOM " dan@test (Dan)"),
			 1);
	assert_string_equal(recorder.last_event->password, "sesame");
	let_in(f, "dan@test", "Dan");
	knock(f, "cid@test/c", "Cid", MUC);
	let_in(f, "cid@test", "Cid");
	barrier(f);
	assert_non_null(
		strstr(seen_by(f, "cid@test/c"), AWAY("Dan", "cid@test/c")));
	assert_string_equal(seen_by(f, "dan@test"), "");
	leave(f, "cid@test/c", "Cid");
	xmppd_hang_up(f->server);
	assert_true(recorder_wait(f->loop, "down home lost", 1));
	recorder_start(f->net);
	assert_true(recorder_wait(f->loop, "up home", 2));
	open_room(f);
	assert_int_equal(recorder_count("event join " ROOM " dan@test (Dan)"),
			 2);
}

static void
a_lost_channel_comes_back_without_a_client(void **state)
{
	struct fixture *f = *state;
	static const struct standing lost = { OCCUPANT_ABSENT, NULL,
					      REFUSAL_OTHER, "it broke" };

	ann_is_in(f);
	cid_is_in(f);
	recorder.stays = true;
	stand(f, "ann@test", &lost);
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), CODE(333)));
	assert_non_null(strstr(seen_by(f, "cid@test/c"), CODE(333)));
	assert_null(recorder_find("event part"));
	xmppd_forget(f->server);
	knock(f, "ann@test/a", "Ann", MUC); /* waits for it */
	assert_string_equal(seen_by(f, "ann@test/a"), "");
	let_in(f, "ann@test", "Ann");
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), CODE(110)));
	leave(f, "ann@test/a", "Ann");
	xmppd_forget(f->server);
	stand(f, "ann@test", &lost);
	let_in(f, "ann@test", "Ann_");
	barrier(f);
	assert_non_null(
		strstr(seen_by(f, "cid@test/c"), AWAY("Ann_", "cid@test/c")));
}

static void
who_may_not_come_back_is_told(void **state)
{
	struct fixture *f = *state;

	ann_stays(f);
	xmppd_forget(f->server);
	stand(f, "ann@test",
	      &(struct standing){ OCCUPANT_REFUSED, NULL, REFUSAL_KICKED,
				  "kicked by zoe" });
	expect_seen(f, "ann@test",
		    "<message from='" ROOM "' to='ann@test'><body>You are not "
		    "in #dev any more: kicked by zoe</body></message>\n");
	assert_int_equal(recorder_count("event part " ROOM " ann@test"), 1);
	knock(f, "ann@test/a", "Ann", MUC);
	assert_int_equal(recorder_count("event join " ROOM " ann@test"), 2);
}

static void
what_may_pass_is_tried_again_for_who_asks(void **state)
{
	struct fixture *f = *state;
	static const struct standing taken = { OCCUPANT_REFUSED, NULL,
					       REFUSAL_NAME_TAKEN, "in use" };

	ann_stays(f);
	xmppd_forget(f->server);
	stand(f, "ann@test", &taken);
	expect_seen(f, "ann@test", "");
	assert_null(recorder_find("event part"));
	knock(f, "ann@test/a", "Ann", MUC);
	assert_int_equal(recorder_count("event part " ROOM " ann@test"), 1);
	assert_int_equal(recorder_count("event join " ROOM " ann@test"), 2);
	xmppd_forget(f->server);
	stand(f, "ann@test", &taken);
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), "<conflict "));
	assert_int_equal(recorder_count("event part " ROOM " ann@test"), 1);
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, hosted_setup, hosted_teardown)
	const struct CMUnitTest tests[] = {
		T(who_stays_is_away_and_hears_nothing),
		T(who_returns_is_told_what_was_said_and_is_there_again),
		T(who_lingers_is_in_at_once_on_coming_back),
		T(who_does_not_come_back_in_time_is_gone),
		T(nobody_is_on_more_networks_than_they_may_be),
		T(who_changes_their_mind_is_gone),
		T(who_is_still_on_the_way_does_not_stay),
		T(those_who_stay_come_back_with_the_room),
		T(a_lost_channel_comes_back_without_a_client),
		T(who_may_not_come_back_is_told),
		T(what_may_pass_is_tried_again_for_who_asks),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
