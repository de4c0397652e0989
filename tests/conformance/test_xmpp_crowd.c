/* SPDX-License-Identifier: MIT */
/*
 * test_xmpp_crowd.c - a crowd comes into a hosted room while the server is
 * behind: they wait in turn to be shown it, and what is said overtakes them.
 *
 * As long as the loop does not run nothing is written; so what was sent last
 * is what the server is behind with.
 */

#include "tests/conformance/hosted_fixture.h"

#include "protocols/xmpp/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_TEXT 60000
#define DEEP (30 * LONG_TEXT) /* by eight clients: beyond what sockets hold */

/* So many bytes go to each client that is in. */
static void
fall_behind(struct fixture *f, size_t bytes)
{
	AUTO_STR text = { 0 };

	str_init(&text, LONG_TEXT);
	while (text.len < LONG_TEXT)
		str_add_char(&text, 'x');
	for (size_t sent = 0; sent <= bytes; sent += LONG_TEXT)
		deliver(f, EVENT_MESSAGE, text.data);
}

/* Where the first stanza with both words came in; -1: nowhere. */
static long
place_of(struct fixture *f, const char *word, const char *other)
{
	for (size_t i = 0; i < xmppd_size(f->server); i++) {
		const char *stanza = xmppd_at(f->server, i);

		if (strstr(stanza, word) && strstr(stanza, other))
			return (long)i;
	}
	return -1;
}

/* Cid has knocked; ann is in, and the server is behind. */
static void
let_cid_wait(struct fixture *f)
{
	recorder.topic = NULL;
	ann_is_in(f);
	bob_is_in(f);
	knock(f, "cid@test/c", "Cid", MUC);
	fall_behind(f, STREAM_ROOM);
	let_in(f, "cid@test", "Cid");
}

static void
what_is_said_overtakes_those_who_come(void **state)
{
	struct fixture *f = *state;
	long said, shown;

	let_cid_wait(f);
	deliver(f, EVENT_MESSAGE, "overtaking");
	barrier(f);
	said = place_of(f, "overtaking", "to=\"ann@test/a\"");
	shown = place_of(f, "<presence", "to=\"cid@test/c\"");
	assert_true(said >= 0);
	assert_true(shown > said);
}

static void
who_waited_is_shown_all_in_order(void **state)
{
	struct fixture *f = *state;
	const char *seen;

	let_cid_wait(f);
	barrier(f);
	seen = seen_by(f, "cid@test/c");
	assert_ptr_equal(strstr(seen,
				HERE("Ann", "cid@test/c",
				     "") HERE("bob", "cid@test/c", "")
					HERE("Cid", "cid@test/c", CODE(110))),
			 seen);
	assert_non_null(strstr(seen, SUBJECT("cid@test/c", "")));
	assert_non_null(strstr(seen_by(f, "ann@test/a"),
			       HERE("Cid", "ann@test/a", "")));
}

static void
who_waits_hears_nothing_and_cannot_speak(void **state)
{
	struct fixture *f = *state;
	long shown;

	let_cid_wait(f);
	deliver(f, EVENT_MESSAGE, "once");
	barrier(f);
	shown = place_of(f, "code=\"110\"", "to=\"cid@test/c\"");
	assert_true(place_of(f, "once", "to=\"cid@test/c\"") > shown);
}

static void
who_leaves_while_waiting_is_let_go(void **state)
{
	struct fixture *f = *state;

	knock(f, "cid@test/c", "Cid", MUC);
	open_room(f);
	bob_is_in(f);
	let_in(f, "cid@test", "Cid");
	clear(f);
	knock(f, "ann@test/a", "Ann", MUC);
	fall_behind(f, STREAM_ROOM);
	let_in(f, "ann@test", "Ann");
	xmppd_say(f->server, "<presence from='ann@test/a' to='" FMT_ROOM
			     "/Ann' type='unavailable'/>");
	barrier(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"),
			       GONE("Ann", "ann@test/a", CODE(110))));
	assert_non_null(strstr(seen_by(f, "cid@test/c"),
			       GONE("Ann", "cid@test/c", "")));
	assert_int_equal(recorder_count("event part " ROOM " ann@test (Ann)"),
			 1);
}

static void
who_is_thrown_out_while_waiting_is_told(void **state)
{
	struct fixture *f = *state;

	let_cid_wait(f);
	stand(f, "cid@test",
	      &(struct standing){ OCCUPANT_REFUSED, NULL, REFUSAL_KICKED,
				  "no crowds" });
	barrier(f);
	assert_non_null(strstr(seen_by(f, "cid@test/c"),
			       "type='error'>" ERROR("forbidden", "auth",
						     "no crowds") IN_ROOM));
	assert_null(strstr(f->seen.data, CODE(110)));
	/* The others never saw that one. */
	assert_null(strstr(seen_by(f, "ann@test/a"), ROOM "/Cid"));
}

static void
who_waits_outlives_the_stream(void **state)
{
	struct fixture *f = *state;

	recorder.topic = NULL;
	ann_is_in(f);
	for (char client = 'b'; client <= 'h'; client++) {
		char who[] = "ann@test/a";

		who[strlen(who) - 1] = client;
		knock(f, who, "Ann", MUC);
	}
	knock(f, "cid@test/c", "Cid", MUC);
	xmppd_hang_up(f->server);
	fall_behind(f,
		    DEEP); /* not all of this gets out before it is noticed */
	let_in(f, "cid@test", "Cid");
	assert_true(recorder_wait(f->loop, "down home lost", 1));
	xmppd_forget(f->server);
	recorder_start(f->net);
	assert_true(recorder_wait(f->loop, "up home", 2));
	barrier(f);
	assert_non_null(strstr(seen_by(f, "cid@test/c"),
			       HERE("Cid", "cid@test/c", CODE(110))));
}

#define CASE(fn) \
	cmocka_unit_test_setup_teardown(fn, hosted_setup, hosted_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_said_overtakes_those_who_come),
		CASE(who_waited_is_shown_all_in_order),
		CASE(who_waits_hears_nothing_and_cannot_speak),
		CASE(who_leaves_while_waiting_is_let_go),
		CASE(who_is_thrown_out_while_waiting_is_told),
		CASE(who_waits_outlives_the_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
