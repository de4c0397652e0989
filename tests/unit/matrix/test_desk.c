/* SPDX-License-Identifier: MIT */
/* test_desk.c - what people write to the bot. */

#include "tests/support/test.h"

#include "protocols/matrix/desk.h"

#include <stdio.h>
#include <string.h>

static bool
is_network(void *arg, const char *label)
{
	return strcmp(arg, label) == 0;
}

static const struct {
	const char *text, *network, *name, *command;
	size_t n;
	bool stray;
} lines[] = {
	{ "", NULL, NULL, NULL, 0, false },
	{ "  \n", NULL, NULL, NULL, 0, false },
	{ "help", NULL, NULL, "help", 0, false },
	{ "libera configure", "libera", NULL, "configure", 0, false },
	{ "libera", "libera", NULL, NULL, 0, false },
	{ "libera/#dev configure", "libera", "#dev", "configure", 0, false },
	{ "libera/ configure", "libera", NULL, "configure", 0, false },
	{ "other configure", NULL, NULL, "other", 0, true },
	{ "configure nick=ann", NULL, NULL, "configure", 1, false },
	{ "libera configure nick=ann password=", "libera", NULL, "configure", 2,
	  false },
	{ "configure =x", NULL, NULL, "configure", 0, true },
	{ "configure nick", NULL, NULL, "configure", 0, true },
	{ "nick=ann", NULL, NULL, "nick=ann", 0, false },
	{ "libera libera", "libera", NULL, "libera", 0, false },
};

static void
check_text(const char *got, const char *want)
{
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

static void
a_line_is_place_command_and_values(void **state UNUSED)
{
	char label[] = "libera";

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct desk_words w;

		desk_words_read(&w, lines[i].text, is_network, label);
		check_text(w.network, lines[i].network);
		check_text(w.name, lines[i].name);
		check_text(w.command, lines[i].command);
		assert_int_equal(w.n, lines[i].n);
		assert_int_equal(w.stray, lines[i].stray);
		desk_words_finish(&w);
	}
}

static const struct {
	const char *text, *value;
} values[] = {
	{ "c k=v", "v" },
	{ "c k=", "" },
	{ "c k=a=b", "a=b" },
	{ "c k=\"a b\"", "a b" },
	{ "c k=\"a \\\"b\\\" \\\\ c\"", "a \"b\" \\ c" },
	{ "c k=\"no end", "no end" },
	{ "c k=one k=\"the two\"", "one\nthe two" },
	{ "c k=\\\"x", "\\x" },
};

static void
values_may_be_quoted(void **state UNUSED)
{
	char label[] = "libera";

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct desk_words w;

		desk_words_read(&w, values[i].text, is_network, label);
		assert_int_equal(w.n, 1);
		assert_string_equal(w.given[0].key, "k");
		assert_string_equal(w.given[0].value, values[i].value);
		desk_words_finish(&w);
	}
}

static void
too_many_values_are_left_out(void **state UNUSED)
{
	char text[4000] = "c";
	char label[] = "libera";
	struct desk_words w;

	for (int i = 0; i < 2 * DESK_GIVEN_MAX; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			       " k%d=v", i);
	desk_words_read(&w, text, is_network, label);
	assert_int_equal(w.n, DESK_GIVEN_MAX);
	desk_words_finish(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_place_command_and_values),
		cmocka_unit_test(values_may_be_quoted),
		cmocka_unit_test(too_many_values_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
