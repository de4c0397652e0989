/* SPDX-License-Identifier: MIT */
/*
 * test_xmpp_catchup.c - what was said in a room while nobody listened: from
 * the archive, from the history, and what strangers make of that.
 */

#include "tests/conformance/xmpp_fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN "<feature var='http://jabber.org/protocol/muc'/>"
#define ARCHIVE                           \
	PLAIN                             \
	"<feature var='urn:xmpp:sid:0'/>" \
	"<feature var='urn:xmpp:mam:2'/>"
#define ANN_IS_THERE                                                \
	"<presence from='" ROOM "/Ann' to=\"%s\"><x xmlns='http://" \
	"jabber.org/protocol/muc#user'><item role='participant'/>"  \
	"</x></presence>"
#define STAMP "2025-06-01T12:0" /* one digit, ":00Z" */
#define DELAY(digit)                                                        \
	"<delay xmlns='urn:xmpp:delay' from='" ROOM "' stamp='" STAMP digit \
	":00Z'/>"
#define RESULT(from, query, sid, digit, inside)                          \
	"<message from='" from "' to='" LISTENER "'><result xmlns='urn:" \
	"xmpp:mam:2' queryid='" query "' id='" sid "'><forwarded "       \
	"xmlns='urn:xmpp:forward:0'>" DELAY(digit) inside                \
		"</forwarded></result></message>"
#define SAID(nick, id, text)                                                   \
	"<message xmlns='jabber:client' type='groupchat' from='" ROOM "/" nick \
	"' id='" id "'><body>" text "</body></message>"
#define ARCHIVED(sid, digit, nick, id, text) \
	RESULT(ROOM, "%s", sid, digit, SAID(nick, id, text))
#define PAST(digit, nick, id, text)                                       \
	"<message type='groupchat' from='" ROOM "/" nick "' to=\"%s\"" id \
	"><body>" text "</body>" DELAY(digit) "</message>"
#define CASE_ARCHIVE(fn) \
	cmocka_unit_test_setup_teardown(fn, setup_archive, teardown)
#define CURSOR "s1|" STAMP "0:00.000Z"

/* A room with an archive, entered last when CURSOR was new. */
static int
setup_archive(void **state)
{
	int status = setup(state);
	struct fixture *f = *state;

	f->options.features = ARCHIVE;
	f->options.occupants = ANN_IS_THERE;
	f->net->prefix = "cw-us-";
	f->room.cursor = CURSOR;
	return status;
}

/* ---- steps --------------------------------------------------------------- */

static void
ask_for_room(struct fixture *f)
{
	go_up(f);
	recorder_join(&f->room);
}

/* Bob says hello, under that id, at a time that has a name. */
static void
deliver_as(struct fixture *f, const char *id, unsigned flags)
{
	struct event *ev = event_make(EVENT_MESSAGE);

	event_set_sender(ev, "#bob", "bob");
	event_set_text(ev, "hello");
	ev->flags = flags;
	ev->when_ms = 1748779200123; /* 2025-06-01T12:00:00.123Z */
	f->said[f->n] = ev;
	f->deliveries[f->n] = (struct delivery){
		.event = ev, .channel = &f->room, .id = id, .attempt = 1
	};
	recorder_send(&f->deliveries[f->n++]);
}

static void
leave_room(struct fixture *f)
{
	xmppd_forget(f->server);
	recorder_leave(&f->room);
	assert_true(xmppd_wait(f->server, "unavailable", 1));
	/* and the room's farewell has come back */
	barrier(f);
}

/* The transcript's line number of the words; fails if there is none. */
static size_t
line_of(const char *words)
{
	for (size_t i = 0; i < recorder.n_lines; i++) {
		if (strstr(recorder.lines[i], words))
			return i;
	}
	fail_msg("no line says \"%s\"", words);
	return 0;
}

/* ---- the archive --------------------------------------------------------- */

static void
what_was_missed_is_read_page_by_page(void **state)
{
	struct fixture *f = *state;
	static const char *const pages[] = {
		ARCHIVED("s2", "1", "Ann", "a1", "one")
			ARCHIVED("s3", "2", "Gone", "g1", "two"),
		ARCHIVED("s4", "3", "Ann", "a2", "three"), NULL
	};

	f->options.pages = pages;
	enter_room(f);
	assert_int_equal(xmppd_count(f->server, "<after>s1</after>"), 1);
	assert_int_equal(xmppd_count(f->server, "<after>p1</after>"), 1);
	assert_int_equal(xmppd_count(f->server, "urn:xmpp:mam:2"), 2);
	assert_int_equal(recorder_count("event message"), 3);
	assert_true(line_of("event topic") < line_of("one"));
	assert_true(line_of("(Ann) one {late} {id=s2} {alt=a1} {key=s2} "
			    "{cursor=s2|" STAMP "1:00.000Z}") <
		    line_of(ROOM "/nick:Gone (Gone) two {late}"));
	assert_true(line_of("two") < line_of("three"));
	assert_true(line_of("three") < line_of("joined"));
	assert_int_equal(recorder_count("gap"), 0);
}

static void
an_id_that_the_archive_forgot_is_replaced_by_the_time(void **state)
{
	struct fixture *f = *state;
	static const char *const pages[] = {
		ARCHIVED("s2", "1", "Ann", "a1", "one"), NULL
	};

	f->options.pages = pages;
	f->options.forgetful = true;
	enter_room(f);
	assert_int_equal(xmppd_count(f->server, "2025-06-01T11:59:00.000Z"), 1);
	assert_int_equal(recorder_count("event message"), 1);
}

static void
at_the_first_visit_nothing_is_news(void **state)
{
	struct fixture *f = *state;
	static const char *const pages[] = {
		ARCHIVED("s2", "1", "Ann", "a1", "one"), NULL
	};

	f->options.pages = pages;
	f->room.cursor = NULL;
	enter_room(f);
	assert_int_equal(xmppd_count(f->server, "<before/>"), 1);
	assert_int_equal(recorder_count("event message"), 0);
}

static void
nobody_else_answers_for_the_archive(void **state)
{
	struct fixture *f = *state;
	static const char *const pages[] = {
		RESULT(ROOM "/Ann", "%s", "s2", "1",
		       SAID("Ann", "a", "no")) RESULT("eve@test", "%s", "s3",
						      "1",
						      SAID("Ann", "a", "no"))
			RESULT(ROOM, "wrong", "s4", "1", SAID("Ann", "a", "no"))
				RESULT(ROOM, "%s", "s5", "1",
				       "<message type='groupchat' "
				       "from='x@rooms.test/Ann' id="
				       "'a'><body>no</body></message>")
					RESULT(ROOM, "%s", "s6", "1", ""),
		NULL
	};

	f->options.pages = pages;
	enter_room(f);
	/* and nothing after the reading is over */
	xmppd_say(f->server, "%s",
		  RESULT(ROOM, "", "s7", "1", SAID("Ann", "a", "no")));
	xmppd_say(f->server, "%s",
		  "<message type='groupchat' from='" ROOM "/Ann' to='" LISTENER
		  "'><body>over</body></message>");
	expect(f, "(Ann) over");
	assert_int_equal(recorder_count("(Ann) no"), 0);
}

static void
what_is_said_meanwhile_comes_after_it(void **state)
{
	struct fixture *f = *state;
	static const char *const pages[] = {
		ARCHIVED("s2", "1", "Ann", "a1", "before"), NULL
	};

	f->options.pages = pages;
	f->options.slow = true;
	ask_for_room(f);
	assert_true(xmppd_wait(f->server, "urn:xmpp:mam:2", 1));
	xmppd_say(f->server, "%s",
		  "<message type='groupchat' from='" ROOM "/Ann' to='" LISTENER
		  "' id='a2'><body>meanwhile</body></message>");
	xmppd_archive(f->server);
	expect(f, "meanwhile");
	assert_true(line_of("before") < line_of("joined"));
	assert_true(line_of("before") < line_of("meanwhile"));
}

static void
an_archive_that_refuses_leaves_a_gap(void **state)
{
	struct fixture *f = *state;

	f->options.slow = true;
	ask_for_room(f);
	assert_true(xmppd_wait(f->server, "urn:xmpp:mam:2", 1));
	char *id = xmppd_attribute(xmppd_find(f->server, "urn:xmpp:mam:2"),
				   "iq", "id");
	xmppd_say(f->server,
		  "<iq type='error' from='" ROOM "' to='" LISTENER
		  "' id='%s'><error type='auth'><forbidden xmlns='urn:ietf:"
		  "params:xml:ns:xmpp-stanzas'/></error></iq>",
		  id);
	free(id);
	expect(f, "joined " ROOM);
	assert_true(line_of("gap " ROOM " from 1748779200000") <
		    line_of("joined"));
}

/* ---- words of ours ------------------------------------------------------- */

static void
a_word_of_ours_in_the_archive_is_not_said_again(void **state)
{
	struct fixture *f = *state;
	static const char *const pages[] = {
		ARCHIVED("s2", "1", "causeway", "cw-us-1", "hello")
			ARCHIVED("s3", "1", "Ann", "cw-them-1", "theirs"),
		NULL
	};

	f->options.pages = pages;
	enter_room(f);
	assert_int_equal(recorder_count("event message"), 1);
	assert_non_null(recorder_find("theirs")); /* another bridge's */
	deliver_as(f, "cw-us-1", 0);
	expect(f, "sent cw-us-1 [s2 cw-us-1]");
	assert_int_equal(xmppd_count(f->server, "<body>"), 0);
}

static void
say_live(struct fixture *f, const char *text)
{
	xmppd_say(f->server,
		  "<message type='groupchat' from='" ROOM "/Ann' to='" LISTENER
		  "'><body>%s</body></message>",
		  text);
	expect(f, text);
}

/* A crash before it is confirmed must find it again. */
static void
the_cursor_waits_for_a_word_of_ours(void **state)
{
	struct fixture *f = *state;
	static const char *const pages[] = {
		ARCHIVED("s2", "1", "causeway", "cw-us-1", "hello")
			ARCHIVED("s3", "2", "Ann", "a1", "behind it"),
		NULL
	};

	f->options.pages = pages;
	enter_room(f);
	say_live(f, "meanwhile");
	assert_null(strstr(recorder_find("behind it"), "{cursor="));
	assert_null(strstr(recorder_find("meanwhile"), "{cursor="));
	deliver_as(f, "cw-us-1", 0);
	expect(f, "sent cw-us-1");
	say_live(f, "afterwards");
	assert_non_null(strstr(recorder_find("afterwards"), "{cursor="));
}

static void
the_cursor_passes_what_was_confirmed_before(void **state)
{
	struct fixture *f = *state;
	static const char *const pages[] = {
		ARCHIVED("s2", "1", "causeway", "cw-us-1", "hello")
			ARCHIVED("s3", "2", "Ann", "a1", "behind it"),
		NULL
	};

	f->options.pages = pages;
	recorder.ended = "cw-us-1";
	enter_room(f);
	assert_non_null(strstr(recorder_find("behind it"), "{cursor=s3|"));
}

static void
nobody_else_says_our_words_for_us(void **state)
{
	struct fixture *f = *state;
	static const char *const pages[] = {
		ARCHIVED("s2", "1", "Ann", "cw-us-1", "hello"), NULL
	};

	f->options.pages = pages;
	enter_room(f);
	deliver_as(f, "cw-us-1", 0);
	assert_true(xmppd_wait(f->server, "<body>hello</body>", 1));
	expect(f, "sent cw-us-1");
}

struct former {
	const char *page;
	bool believed;
};

/* clang-format off */
static const struct former formers[] = {
	{ ARCHIVED("s2", "1", "bob", "cw-us-1", "hello"), true },
	{ ARCHIVED("s2", "1", "bob", "cw-us-1", "hell"), false },
	{ ARCHIVED("s2", "1", "bob", "cw-us-1", "so long, hello"), false },
	{ ARCHIVED("s2", "1", "Ann", "cw-us-1", "hello"), false },
};
/* clang-format on */

static void
a_puppet_of_a_former_life_is_believed_by_its_words(void **state)
{
	struct fixture *f = *state;
	const char *pages[] = { NULL, NULL };

	f->options.pages = pages;
	recorder_start(f->net);
	expect(f, "up home");
	for (size_t i = 0; i < ARRAY_SIZE(formers); i++) {
		pages[0] = formers[i].page;
		xmppd_forget(f->server);
		xmppd_rewind(f->server);
		recorder_join(&f->room);
		assert_true(recorder_wait(f->loop, "joined " ROOM, i + 1));
		deliver_as(f, "cw-us-1", 0);
		assert_true(recorder_wait(f->loop, "sent cw-us-1", i + 1));
		assert_int_equal(xmppd_count(f->server, "<body>"),
				 !formers[i].believed);
		leave_room(f);
	}
}

/* ---- history ------------------------------------------------------------- */

static void
without_an_archive_the_history_is_read(void **state)
{
	struct fixture *f = *state;

	f->options.features = PLAIN;
	f->room.cursor = STAMP "1:00.000Z";
	f->options.history = PAST("0", "Ann", "", "known, has no id")
		PAST("1", "Ann", " id='a1'", "perhaps known")
			PAST("2", "causeway", " id='cw-us-1'", "hello")
				PAST("3", "Ann", "", "new, has no id");
	enter_room(f);
	assert_int_equal(xmppd_count(f->server, "2025-06-01T12:00:00.000Z"), 1);
	assert_int_equal(recorder_count("event message"), 2);
	assert_non_null(recorder_find("perhaps known {late} {id=a1} {key=h:"));
	/* the cursor waits for our word */
	assert_non_null(recorder_find("new, has no id {late}"));
	assert_null(strstr(recorder_find("new, has no id"), "{cursor="));
	deliver_as(f, "cw-us-1", 0);
	expect(f, "sent cw-us-1 [cw-us-1]");
	say_live(f, "later");
	assert_non_null(strstr(recorder_find("later"), "{cursor="));
	assert_int_equal(xmppd_count(f->server, "<body>"), 0);
}

static void
a_history_that_is_too_short_leaves_a_gap(void **state)
{
	struct fixture *f = *state;

	f->options.features = PLAIN;
	f->room.cursor = STAMP "1:00.000Z";
	f->options.history = PAST("3", "Ann", " id='a1'", "the rest");
	enter_room(f);
	assert_true(line_of("gap " ROOM " from 1748779260000") <
		    line_of("joined"));
	assert_true(line_of("the rest") < line_of("gap"));
}

static void
history_shows_the_key_of_what_was_live(void **state)
{
	struct fixture *f = *state;

	f->options.features = PLAIN;
	f->options.history = PAST("1", "Ann", " id='a1'", "twice");
	enter_room(f);
	char *key = xstrdup(recorder.last_event->key);
	for (size_t i = 0; i < 2; i++)
		xmppd_say(f->server, "%s",
			  "<message type='groupchat' from='" ROOM
			  "/Ann' to='" LISTENER
			  "' id='a1'><body>twice</body></message>");
	assert_true(recorder_wait(f->loop, "(Ann) twice", 3));
	/* who repeats an id live means it */
	assert_null(recorder.last_event->key);
	assert_int_equal(recorder_count(key), 2);
	free(key);
}

/* ---- the other way ------------------------------------------------------- */

static void
a_late_word_says_when_it_was_said(void **state)
{
	struct fixture *f = *state;

	enter_room(f);
	deliver_as(f, "cw-us-1", EVENT_LATE);
	assert_true(xmppd_wait(f->server, "<body>hello</body>", 1));
	const char *st = xmppd_find(f->server, "<body>hello</body>");
	char *from = xmppd_attribute(st, "delay", "from");
	char *stamp = xmppd_attribute(st, "delay", "stamp");
	assert_string_equal(from, "gw.test");
	assert_string_equal(stamp, "2025-06-01T12:00:00.123Z");
	free(from);
	free(stamp);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_ARCHIVE(what_was_missed_is_read_page_by_page),
		CASE_ARCHIVE(
			an_id_that_the_archive_forgot_is_replaced_by_the_time),
		CASE_ARCHIVE(at_the_first_visit_nothing_is_news),
		CASE_ARCHIVE(nobody_else_answers_for_the_archive),
		CASE_ARCHIVE(what_is_said_meanwhile_comes_after_it),
		CASE_ARCHIVE(an_archive_that_refuses_leaves_a_gap),
		CASE_ARCHIVE(a_word_of_ours_in_the_archive_is_not_said_again),
		CASE_ARCHIVE(the_cursor_waits_for_a_word_of_ours),
		CASE_ARCHIVE(the_cursor_passes_what_was_confirmed_before),
		CASE_ARCHIVE(nobody_else_says_our_words_for_us),
		CASE_ARCHIVE(
			a_puppet_of_a_former_life_is_believed_by_its_words),
		CASE_ARCHIVE(without_an_archive_the_history_is_read),
		CASE_ARCHIVE(a_history_that_is_too_short_leaves_a_gap),
		CASE_ARCHIVE(history_shows_the_key_of_what_was_live),
		CASE_ARCHIVE(a_late_word_says_when_it_was_said),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
