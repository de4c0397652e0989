/* SPDX-License-Identifier: MIT */
/* test_xmpp_archive.c - the archive as clients ask for it, to the letter. */

#include "tests/conformance/hosted_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS "urn:xmpp:mam:2"
#define RSM "http://jabber.org/protocol/rsm"
#define QUERY(inside) "<query xmlns='" NS "' queryid='z'>" inside "</query>"
#define FORM(fields)                              \
	"<x xmlns='jabber:x:data' type='submit'>" \
	"<field var='FORM_TYPE'><value>" NS "</value></field>" fields "</x>"
#define FIELD(var, value) \
	"<field var='" var "'><value>" value "</value></field>"
#define SET(inside) "<set xmlns='" RSM "'>" inside "</set>"
#define N_PAST 5

struct archive_fixture {
	struct fixture *f;
	struct event *past[N_PAST];
};

/* Numbers 10, 20 ... 50, an hour after one another: "m10" of bob, and of ann
 * every second one. */
static void
fill(struct fixture *f, struct event **past)
{
	for (size_t i = 0; i < N_PAST; i++) {
		char text[16];

		past[i] = event_make(EVENT_MESSAGE);
		past[i]->number = (int64_t)(i + 1) * 10;
		past[i]->when_ms = 1764000000000 + (int64_t)i * 3600000;
		past[i]->channel = f->room.id;
		(void)snprintf(text, sizeof(text), "m%d", (int)past[i]->number);
		event_set_text(past[i], text);
		event_set_sender(past[i], i % 2 ? "ann@test" : "bob",
				 i % 2 ? "Ann" : "bob");
		past[i]->flags = i % 2 ? EVENT_GATEWAY : 0;
		past[i]->id = i % 2 ? event_strdup(past[i], "own") : NULL;
		f->said[f->n++] = past[i];
	}
	recorder.past = past;
	recorder.n_past = N_PAST;
}

static int
archive_setup(void **state)
{
	struct archive_fixture *a = xcalloc(1, sizeof(*a));
	void *f = NULL;

	if (hosted_setup(&f))
		return -1;
	a->f = f;
	fill(a->f, a->past);
	*state = a;
	return 0;
}

static int
archive_teardown(void **state)
{
	struct archive_fixture *a = *state;
	void *f = a->f;
	int rc = hosted_teardown(&f);

	free(a);
	return rc;
}

/* The numbers of what came, in their order, then what the end says. */
static void
expect_page(struct fixture *f, const char *who, const char *want)
{
	AUTO_STR got = { 0 };
	const char *at;

	barrier(f);
	str_init(&got, 65536);
	at = seen_by(f, who);
	for (const char *p = at; (p = strstr(p, "<result id='")); p++)
		str_printf(&got, "%.2s ", p + strlen("<result id='"));
	at = strstr(at, "<fin complete='");
	assert_non_null(at);
	at += strlen("<fin complete='");
	str_printf(&got, "%s", *at == 't' ? "complete " : "");
	at = strstr(at, "<count>");
	assert_non_null(at);
	str_printf(&got, "of %d", atoi(at + strlen("<count>")));
	assert_string_equal(got.data, want);
	xmppd_forget(f->server);
}

static void
expect_error(struct fixture *f, const char *who, const char *condition)
{
	barrier(f);
	assert_non_null(strstr(seen_by(f, who), condition));
	assert_null(strstr(seen_by(f, who), "<result"));
	xmppd_forget(f->server);
}

/* ---- stanzas ------------------------------------------------------------- */

static void
a_room_says_that_it_has_an_archive(void **state)
{
	struct archive_fixture *a = *state;

	ask(a->f, "ann@test/a", ROOM, "get",
	    "<query xmlns='http://jabber.org/protocol/disco#info'/>");
	assert_non_null(
		strstr(seen_by(a->f, "ann@test/a"), "<feature var='" NS "'>"));
	assert_non_null(strstr(seen_by(a->f, "ann@test/a"),
			       "<feature var='" NS "#extended'>"));
}

static void
the_form_tells_what_can_be_asked(void **state)
{
	struct archive_fixture *a = *state;

	ask(a->f, "ann@test/a", ROOM, "get", "<query xmlns='" NS "'/>");
	expect_seen(a->f, "ann@test/a",
		    "<iq from='" ROOM "' id='q' to='ann@test/a' "
		    "type='result'><query xmlns='" NS "'>"
		    "<x type='form' xmlns='jabber:x:data'>"
		    "<field type='hidden' var='FORM_TYPE'><value>" NS
		    "</value></field>"
		    "<field type='text-single' var='start'></field>"
		    "<field type='text-single' var='end'></field>"
		    "<field type='text-single' var='before-id'></field>"
		    "<field type='text-single' var='after-id'></field>"
		    "<field type='list-multi' var='ids'></field>"
		    "</x></query></iq>\n");
}

static void
what_was_said_is_forwarded_as_it_was_shown(void **state)
{
	struct archive_fixture *a = *state;

	recorder.n_past = 2;
	ask(a->f, "ann@test/a", ROOM, "set", QUERY(""));
	assert_non_null(recorder_find("archive " ROOM " for ann@test"));
	expect_seen(a->f, "ann@test/a",
		    "<message from='" ROOM "' to='ann@test/a'>"
		    "<result id='10' queryid='z' xmlns='" NS "'>"
		    "<forwarded xmlns='urn:xmpp:forward:0'>"
		    "<delay stamp='2025-11-24T16:00:00.000Z' "
		    "xmlns='urn:xmpp:delay'></delay>"
		    "<message from='" ROOM "/bob' id='g10' type='groupchat' "
		    "xmlns='jabber:client'><body>m10</body>" ID
		    "<stanza-id by='" ROOM
		    "' id='10' xmlns='urn:xmpp:sid:0'></stanza-id>"
		    "</message></forwarded></result></message>\n"
		    "<message from='" ROOM "' to='ann@test/a'>"
		    "<result id='20' queryid='z' xmlns='" NS "'>"
		    "<forwarded xmlns='urn:xmpp:forward:0'>"
		    "<delay stamp='2025-11-24T17:00:00.000Z' "
		    "xmlns='urn:xmpp:delay'></delay>"
		    "<message from='" ROOM "/Ann' id='own' type='groupchat' "
		    "xmlns='jabber:client'><body>m20</body>"
		    "<origin-id id='own' xmlns='urn:xmpp:sid:0'></origin-id>" ID
		    "<stanza-id by='" ROOM
		    "' id='20' xmlns='urn:xmpp:sid:0'></stanza-id>"
		    "</message></forwarded></result></message>\n"
		    "<iq from='" ROOM "' id='q' to='ann@test/a' type='result'>"
		    "<fin complete='true' xmlns='" NS "'><set xmlns='" RSM "'>"
		    "<first>10</first><last>20</last><count>2</count>"
		    "</set></fin></iq>\n");
}

static void
an_empty_archive_is_complete(void **state)
{
	struct archive_fixture *a = *state;

	recorder.n_past = 0;
	ask(a->f, "ann@test/a", ROOM, "set", QUERY(""));
	expect_seen(a->f, "ann@test/a",
		    "<iq from='" ROOM "' id='q' to='ann@test/a' "
		    "type='result'><fin complete='true' xmlns='" NS
		    "'><set xmlns='" RSM "'><count>0</count></set></fin>"
		    "</iq>\n");
}

static void
private_words_are_forwarded_with_their_addresses(void **state)
{
	struct archive_fixture *a = *state;

	recorder.n_past = 2;
	ask(a->f, "ann@test/a", "Bob%libera@gw.test", "set", QUERY(""));
	assert_non_null(recorder_find("archive liberabob for ann@test"));
	barrier(a->f);
	assert_non_null(strstr(seen_by(a->f, "ann@test/a"),
			       "<message from='bob%libera@gw.test' id='g10' "
			       "to='ann@test' type='chat' "
			       "xmlns='jabber:client'><body>m10</body>"));
	assert_non_null(strstr(seen_by(a->f, "ann@test/a"),
			       "<message from='ann@test' id='own' "
			       "to='bob%libera@gw.test' type='chat' "
			       "xmlns='jabber:client'><body>m20</body>"));
}

static void
the_edges_of_the_archive_are_told(void **state)
{
	struct archive_fixture *a = *state;

	ask(a->f, "ann@test/a", ROOM, "get", "<metadata xmlns='" NS "'/>");
	expect_seen(a->f, "ann@test/a",
		    "<iq from='" ROOM "' id='q' to='ann@test/a' "
		    "type='result'><metadata xmlns='" NS "'>"
		    "<start id='10' timestamp='2025-11-24T16:00:00.000Z'>"
		    "</start>"
		    "<end id='50' timestamp='2025-11-24T20:00:00.000Z'></end>"
		    "</metadata></iq>\n");
}

/* ---- pages --------------------------------------------------------------- */

static void
pages_lead_through_the_archive(void **state)
{
	struct archive_fixture *a = *state;
	static const struct {
		const char *query, *page;
	} rows[] = {
		{ QUERY(""), "10 20 30 40 50 complete of 5" },
		{ QUERY(SET("<max>2</max>")), "10 20 of 5" },
		{ QUERY(SET("<max>2</max><after>20</after>")), "30 40 of 3" },
		{ QUERY(SET("<max>2</max><after>40</after>")),
		  "50 complete of 1" },
		{ QUERY(SET("<max>2</max><after>50</after>")),
		  "complete of 0" },
		{ QUERY(SET("<max>2</max><before/>")), "40 50 of 5" },
		{ QUERY(SET("<max>2</max><before>40</before>")), "20 30 of 3" },
		{ QUERY(SET("<max>2</max><before>20</before>")),
		  "10 complete of 1" },
		{ QUERY(SET("<max>0</max>")), "of 5" },
		{ QUERY("<flip-page/>" SET("<max>2</max>")), "20 10 of 5" },
		{ QUERY("<flip-page/>" SET("<max>2</max><before/>")),
		  "50 40 of 5" },
		{ QUERY(FORM(FIELD("start", "2025-11-24T18:00:00Z"))),
		  "30 40 50 complete of 3" },
		{ QUERY(FORM(FIELD("end", "2025-11-24T19:00:00+01:00"))),
		  "10 20 30 complete of 3" },
		{ QUERY(FORM(FIELD("start", "2025-11-24T17:00:00Z")
				     FIELD("end", "2025-11-24T18:30:00Z"))),
		  "20 30 complete of 2" },
		{ QUERY(FORM(FIELD("start", "2025-11-24T17:00:00Z"))
				SET("<max>1</max><before/>")),
		  "50 of 4" },
		{ QUERY(FORM(FIELD("after-id", "20"))),
		  "30 40 50 complete of 3" },
		{ QUERY(FORM(FIELD("before-id", "30"))),
		  "10 20 complete of 2" },
		{ QUERY(FORM(FIELD("after-id", "10") FIELD("before-id", "50"))
				SET("<max>9</max><after>20</after>")),
		  "30 40 complete of 2" },
		{ QUERY(FORM("<field var='ids'><value>40</value>"
			     "<value>20</value></field>")),
		  "40 20 complete of 2" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ask(a->f, "ann@test/a", ROOM, "set", rows[i].query);
		expect_page(a->f, "ann@test/a", rows[i].page);
	}
}

static void
what_cannot_be_asked_is_an_error(void **state)
{
	struct archive_fixture *a = *state;
	static const struct {
		const char *query, *condition;
	} rows[] = {
		{ QUERY(SET("<after>25</after>")), "<item-not-found" },
		{ QUERY(SET("<before>x</before>")), "<item-not-found" },
		{ QUERY(SET("<before>99999999999999999999</before>")),
		  "<item-not-found" },
		{ QUERY(SET("<max>-1</max>")), "<bad-request" },
		{ QUERY(SET("<max>many</max>")), "<bad-request" },
		{ QUERY(SET("<max/>")), "<bad-request" },
		{ QUERY(SET("<index>3</index>")), "<feature-not-implemented" },
		{ QUERY(FORM(FIELD("start", "yesterday"))), "<bad-request" },
		{ QUERY(FORM(FIELD("end", ""))), "<bad-request" },
		{ QUERY(FORM(FIELD("after-id", "-5"))), "<item-not-found" },
		{ QUERY(FORM(FIELD("ids", "10&#10;11"))), "<item-not-found" },
		{ QUERY(FORM("<field var='ids'/>")), "<bad-request" },
		{ QUERY(FORM(FIELD("colour", "red"))),
		  "<feature-not-implemented" },
		{ QUERY("<x xmlns='jabber:x:data' type='submit'/>"),
		  "<bad-request" },
		{ "<query xmlns='" NS "' node='x'/>", "<item-not-found" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ask(a->f, "ann@test/a", ROOM, "set", rows[i].query);
		expect_error(a->f, "ann@test/a", rows[i].condition);
	}
	ask(a->f, "eve@elsewhere/e", ROOM, "set", QUERY(""));
	expect_error(a->f, "eve@elsewhere/e", "<forbidden");
	ask(a->f, "ann@test/a", "libera@gw.test", "set", QUERY(""));
	expect_error(a->f, "ann@test/a", "<service-unavailable");
}

static void
a_place_that_one_may_not_read_is_not_found(void **state)
{
	struct archive_fixture *a = *state;

	recorder.unread = 20;
	ask(a->f, "ann@test/a", ROOM, "set", QUERY(""));
	expect_page(a->f, "ann@test/a", "30 40 50 complete of 3");
	ask(a->f, "ann@test/a", ROOM, "set", QUERY(SET("<after>20</after>")));
	expect_error(a->f, "ann@test/a", "<item-not-found");
	ask(a->f, "ann@test/a", ROOM, "set", QUERY(FORM(FIELD("ids", "10"))));
	expect_error(a->f, "ann@test/a", "<item-not-found");
}

/* ---- coming in ----------------------------------------------------------- */

#define WISH(attributes)                             \
	"<x xmlns='http://jabber.org/protocol/muc'>" \
	"<history " attributes "/></x>"

static void
come_in(struct fixture *f, const char *who, const char *muc)
{
	knock(f, who, "Ann", muc);
	if (!f->room.joined)
		open_room(f);
	let_in(f, "ann@test", "Ann");
	barrier(f);
}

static void
who_comes_in_is_told_what_they_may_read(void **state)
{
	struct archive_fixture *a = *state;

	recorder.unread = 30;
	come_in(a->f, "ann@test/a", MUC);
	const char *seen = seen_by(a->f, "ann@test/a");
	assert_null(strstr(seen, "m30"));
	assert_non_null(strstr(seen, "m40"));
	assert_non_null(strstr(seen, "m50"));
}

static void
a_user_may_set_how_much_that_is_at_most(void **state)
{
	static const char *const settings[] = { "max_history_length", "1",
						NULL };
	struct archive_fixture *a = *state;

	recorder.settings = settings;
	come_in(a->f, "ann@test/a", WISH("maxstanzas='4'"));
	const char *seen = seen_by(a->f, "ann@test/a");
	assert_null(strstr(seen, "m40"));
	assert_non_null(strstr(seen, "m50"));
}

/* The room remembers a hundred; others are said in between. */
static void
what_is_older_than_the_room_remembers_is_told_from_disk(void **state)
{
	struct archive_fixture *a = *state;
	struct fixture *f = a->f;

	come_in(f, "ann@test/a", MUC);
	xmppd_forget(f->server);
	recorder.past = a->past;
	come_in(f, "ann@test/b", WISH("maxstanzas='200'"));
	assert_non_null(recorder_find("archive " ROOM " for ann@test"));
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, archive_setup, archive_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_room_says_that_it_has_an_archive),
		TEST(the_form_tells_what_can_be_asked),
		TEST(what_was_said_is_forwarded_as_it_was_shown),
		TEST(an_empty_archive_is_complete),
		TEST(private_words_are_forwarded_with_their_addresses),
		TEST(the_edges_of_the_archive_are_told),
		TEST(pages_lead_through_the_archive),
		TEST(what_cannot_be_asked_is_an_error),
		TEST(a_place_that_one_may_not_read_is_not_found),
		TEST(who_comes_in_is_told_what_they_may_read),
		TEST(a_user_may_set_how_much_that_is_at_most),
		TEST(what_is_older_than_the_room_remembers_is_told_from_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
