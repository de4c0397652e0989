/* SPDX-License-Identifier: MIT */
/*
 * test_control_words.c - what goes through the control socket: requests read
 * and written, answers written, and answers shown.
 */

#include "tests/support/test.h"

#include "bridge/control/answer.h"
#include "bridge/control/ctl_show.h"
#include "bridge/control/grid.h"
#include "bridge/control/request.h"
#include "bridge/str.h"

#include <jansson.h>

#include <stdlib.h>
#include <string.h>

/* ---- requests ---------------------------------------------------------- */

/* words: joined by "|" */
static const struct {
	const char *line, *words, *wrong;
} lines[] = {
	{ "", "", NULL },
	{ "   ", "", NULL },
	{ "status", "status", NULL },
	{ "  queue   libera/#dev  ", "queue|libera/#dev", NULL },
	{ "trace \"an id\"", "trace|an id", NULL },
	{ "\"\"", "", NULL },
	{ "a \"\" b", "a||b", NULL },
	{ "trace \"a \\\"b\\\" \\\\c\"", "trace|a \"b\" \\c", NULL },
	{ "trace \"\\\\x\"", "trace|\\x", NULL },
	{ "trace a\\b", "trace|a\\b", NULL },
	{ "gr\xc3\xbc\xc3\x9f dich", "gr\xc3\xbc\xc3\x9f|dich", NULL },
	{ "1 2 3 4 5 6 7 8", "1|2|3|4|5|6|7|8", NULL },
	{ "1 2 3 4 5 6 7 8 9", NULL, "too many words" },
	{ "\"a", NULL, "a quotation that does not end" },
	{ "\"", NULL, "a quotation that does not end" },
	{ "\"a\"b", NULL, "a quotation that ends in the middle of a word" },
	{ "\"a\"\"b\"", NULL, "a quotation that ends in the middle of a word" },
	{ "a\"b", NULL, "a quotation mark in the middle of a word" },
	{ "\"a\\", NULL, "after a backslash in quotes comes \" or \\" },
	{ "\"a\\n\"", NULL, "after a backslash in quotes comes \" or \\" },
	{ "\"a\\\"", NULL, "a quotation that does not end" },
	{ "a\tb", NULL, "a control character" },
	{ "a\rb", NULL, "a control character" },
	{ "a\x7f", NULL, "a control character" },
	{ "\xff", NULL, "not UTF-8" },
	{ "\xed\xa0\x80", NULL, "not UTF-8" },
};

static void
lines_are_words_or_wrong(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		AUTO_STR joined;
		struct request r;
		const char *wrong =
			request_parse(&r, lines[i].line, strlen(lines[i].line));

		if (lines[i].wrong) {
			assert_non_null(wrong);
			assert_string_equal(wrong, lines[i].wrong);
			continue;
		}
		assert_null(wrong);
		str_init(&joined, 100);
		for (size_t k = 0; k < r.n; k++) {
			str_add(&joined, k ? "|" : "");
			str_add(&joined, r.words[k]);
		}
		assert_string_equal(joined.data, lines[i].words);
	}
}

static void
a_nul_in_a_line_is_a_control_character(void **state UNUSED)
{
	struct request r;

	assert_string_equal(request_parse(&r, "a\0b", 3),
			    "a control character");
}

static void
a_line_is_as_long_as_the_limit_and_no_longer(void **state UNUSED)
{
	char line[REQUEST_MAX + 1];
	struct request r;

	memset(line, 'x', sizeof(line));
	assert_null(request_parse(&r, line, REQUEST_MAX));
	assert_int_equal(r.n, 1);
	assert_int_equal(strlen(r.words[0]), REQUEST_MAX);
	assert_string_equal(request_parse(&r, line, REQUEST_MAX + 1),
			    "the line is too long");
}

static void
words_that_are_written_are_read_again(void **state UNUSED)
{
	static const char *const words[] = {
		"status", "",     " ",    "\"",   "\\",
		"a b",    "a\"b", "\\\"", "#dev", "\\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		AUTO_STR line;
		struct request r;

		str_init(&line, 100);
		request_add_word(&line, words[i]);
		assert_null(request_parse(&r, line.data, line.len));
		assert_int_equal(r.n, 1);
		assert_string_equal(r.words[0], words[i]);
	}
}

/* ---- answers ----------------------------------------------------------- */

static void
values_stand_in_objects_and_arrays(void **state UNUSED)
{
	AUTO_STR out;
	struct answer a;

	str_init(&out, 1000);
	answer_init(&a, &out);
	answer_object(&a, NULL);
	answer_text(&a, "a", "x");
	answer_text(&a, "b", NULL);
	answer_array(&a, "c");
	answer_number(&a, NULL, INT64_MIN);
	answer_number(&a, NULL, 7);
	answer_object(&a, NULL);
	answer_end(&a);
	answer_array(&a, NULL);
	answer_end(&a);
	answer_end(&a);
	answer_bool(&a, "d", true);
	answer_bool(&a, "e", false);
	answer_object(&a, "f");
	answer_null(&a, "g");
	answer_end_all(&a);
	assert_string_equal(out.data,
			    "{\"a\":\"x\",\"b\":null,"
			    "\"c\":[-9223372036854775808,7,{},[]],"
			    "\"d\":true,\"e\":false,\"f\":{\"g\":null}}");
}

static const struct {
	const char *text, *written;
} texts[] = {
	{ "", "\"\"" },
	{ "a\"b\\c/", "\"a\\\"b\\\\c/\"" },
	{ "\n\r\t", "\"\\n\\u000d\\u0009\"" },
	{ "\x1b[31m\x7f", "\"\\u001b[31m\\u007f\"" },
	{ "\xc2\x9b", "\"\\u009b\"" },                /* CSI */
	{ "\xe2\x80\xae", "\"\\u202e\"" },            /* right to left */
	{ "\xf3\xa0\x80\x81", "\"\\udb40\\udc01\"" }, /* a tag */
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
	  "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"" },
	{ "a\xff"
	  "b\xc3",
	  "\"a\xef\xbf\xbd"
	  "b\xef\xbf\xbd\"" },
	{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
};

static void
texts_are_escaped_and_always_utf8(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO_STR out;
		struct answer a;
		json_t *read;

		str_init(&out, 1000);
		answer_init(&a, &out);
		answer_text(&a, NULL, texts[i].text);
		assert_string_equal(out.data, texts[i].written);
		read = json_loadb(out.data, out.len, JSON_DECODE_ANY, NULL);
		assert_true(json_is_string(read));
		json_decref(read);
	}
}

static void
moments_are_in_utc(void **state UNUSED)
{
	static const struct {
		int64_t when_ms;
		const char *written;
	} cases[] = {
		{ 0, "null" },
		{ -5, "null" },
		{ INT64_MAX, "null" },
		{ 1, "\"1970-01-01T00:00:00.001Z\"" },
		{ 1764000000042, "\"2025-11-24T16:00:00.042Z\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR out;
		struct answer a;

		str_init(&out, 100);
		answer_init(&a, &out);
		answer_time(&a, NULL, cases[i].when_ms);
		assert_string_equal(out.data, cases[i].written);
	}
}

/* ---- answers as people read them --------------------------------------- */

static void
cells_are_set_in_columns(void **state UNUSED)
{
	static const char *const titles[] = { "NAME", ">N", "WHY" };
	static const char *const cells[] = {
		"\xc3\xa4", "1", NULL, "longer", "1000", "a\x1b[2J",
	};
	AUTO_STR out;
	struct grid g;

	str_init(&out, 1000);
	grid_init(&g, ARRAY_SIZE(titles), titles);
	grid_print(&g, &out);
	assert_string_equal(out.data, "");
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
		grid_add(&g, cells[i]);
	grid_print(&g, &out);
	grid_finish(&g);
	assert_string_equal(out.data, "NAME       N  WHY\n"
				      "\xc3\xa4          1  -\n"
				      "longer  1000  a\xef\xbf\xbd[2J\n");
}

static void
a_long_cell_is_cut(void **state UNUSED)
{
	static const char *const titles[] = { "X" };
	char text[1000];
	AUTO_STR out;
	struct grid g;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	str_init(&out, 4096);
	grid_init(&g, 1, titles);
	grid_add(&g, text);
	grid_print(&g, &out);
	grid_finish(&g);
	assert_int_equal(out.len, strlen("X\n") + 200 + strlen("...\n"));
}

static const struct {
	const char *verb, *answer, *shown;
} answers[] = {
	{ "queue", "{\"ok\":true,\"channels\":[]}", "nothing waits\n" },
	{ "queue",
	  "{\"channels\":[{\"network\":\"irc\",\"channel\":\"#a\","
	  "\"waiting\":2,\"held_by\":\"it is \\u001b\",\"more\":true,"
	  "\"deliveries\":[{\"event\":7,\"state\":\"waiting\",\"age_s\":61,"
	  "\"attempts\":3,\"reason\":null}]}]}",
	  "irc/#a: 2 messages; it is \xef\xbf\xbd\n"
	  "EVENT    AGE  ATTEMPTS  STATE    REASON\n"
	  "    7  1 min         3  waiting  -\n"
	  "...\n" },
	{ "retry",
	  "{\"networks\":0,\"channels\":0,\"queues\":0,"
	  "\"puppets\":0}",
	  "nothing was held back\n" },
	{ "retry",
	  "{\"networks\":1,\"channels\":0,\"queues\":0,"
	  "\"puppets\":2}",
	  "tried again: 1 network, 2 puppets\n" },
	{ "status",
	  "{\"version\":\"1\",\"state\":\"running\",\"uptime_s\":90000,"
	  "\"networks\":[{\"network\":\"irc\",\"protocol\":\"irc\","
	  "\"state\":\"down\",\"for_s\":3660,\"attempts\":4,"
	  "\"retry_in_s\":12,\"reason\":\"no route\",\"puppets\":0,"
	  "\"private\":{\"waiting\":1}}],"
	  "\"channels\":[{\"network\":\"irc\",\"channel\":\"#a\","
	  "\"link\":\"l\",\"state\":\"joined\",\"joined\":true,"
	  "\"members\":3,\"puppets\":2,\"in_flight\":0,\"waiting\":1,"
	  "\"oldest_s\":59,\"reason\":\"old\"}]}",
	  "causewayd 1, running for 1 d 1 h; 2 messages wait\n\n"
	  "NETWORK  PROTOCOL  STATE         FOR  FAILURES  PUPPETS  REASON\n"
	  "irc      irc       down   1 h 01 min         4        0  "
	  "no route; again in 12 s\n\n"
	  "CHANNEL  LINK  STATE   MEMBERS  PUPPETS  IN FLIGHT  WAITING  "
	  "OLDEST  REASON\n"
	  "irc/#a   l     joined        3        2          0        1  "
	  "  59 s  -\n" },
	{ "trace",
	  "{\"messages\":[{\"event\":5,\"kind\":\"message\","
	  "\"network\":\"irc\",\"channel\":\"#a\",\"private\":false,"
	  "\"id\":\"x\",\"alt_id\":null,\"sender_id\":\"ann\","
	  "\"deliveries\":[{\"network\":\"xmpp\",\"channel\":\"r\","
	  "\"state\":\"confirmed\",\"attempts\":1,\"last\":\"now\","
	  "\"reason\":null,\"ids\":[\"a\",\"b\"]}]}]}",
	  "event 5, message\n"
	  "  said in  irc/#a\n"
	  "  by       ann\n"
	  "  id       x\n"
	  "  TO      STATE      ATTEMPTS  LAST  IDS  REASON\n"
	  "  xmpp/r  confirmed         1  now   a b  -\n" },
	{ "trace", "{\"messages\":[{\"event\":5,\"deliveries\":[]}]}",
	  "event 5, ?\n  said in  ?/?\n  it went nowhere\n" },
	{ "help",
	  "{\"verbs\":[{\"verb\":\"v\",\"args\":\"A\","
	  "\"help\":\"H.\"}]}",
	  "v A\n    H.\n" },
	{ "new", "{\"ok\":true}", "{\n  \"ok\": true\n}\n" },
	/* Whatever it is, it is shown somehow. */
	{ "status", "{}", "causewayd ?, ? for 0 s; 0 messages wait\n\n\n" },
	{ "trace", "{\"messages\":5}", "" },
	{ "queue", "{\"channels\":[5]}", "?/?: 0 messages\n" },
};

static void
answers_are_shown_as_tables(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		AUTO_STR out;
		json_t *tree = json_loads(answers[i].answer, 0, NULL);

		assert_non_null(tree);
		str_init(&out, 10000);
		ctl_show(answers[i].verb, tree, &out);
		assert_string_equal(out.data, answers[i].shown);
		json_decref(tree);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_words_or_wrong),
		cmocka_unit_test(a_nul_in_a_line_is_a_control_character),
		cmocka_unit_test(a_line_is_as_long_as_the_limit_and_no_longer),
		cmocka_unit_test(words_that_are_written_are_read_again),
		cmocka_unit_test(values_stand_in_objects_and_arrays),
		cmocka_unit_test(texts_are_escaped_and_always_utf8),
		cmocka_unit_test(moments_are_in_utc),
		cmocka_unit_test(cells_are_set_in_columns),
		cmocka_unit_test(a_long_cell_is_cut),
		cmocka_unit_test(answers_are_shown_as_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
