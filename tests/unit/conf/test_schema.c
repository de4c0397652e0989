/* SPDX-License-Identifier: MIT */
/* test_schema.c - tables, manual and example say the same. */

#include "tests/support/test.h"

#include "bridge/event.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "conf/schema.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void
the_manual_lists_every_option_of_every_table(void **state UNUSED)
{
	AUTO_STR manual;

	str_init(&manual, 1 << 20);
	conf_manual(&manual);
	assert_false(str_overflowed(&manual));

	const char *at = manual.data;

	for (const struct table *const *t = tables; *t; t++) {
		at = strstr(at, (*t)->title);
		assert_non_null(at);
		for (size_t i = 0; i < (*t)->n; i++) {
			char row[64];
			size_t n = 0;

			row[n++] = '*';
			for (const char *p = (*t)->options[i].name; *p; p++) {
				if (*p == '_')
					row[n++] = '\\';
				row[n++] = *p;
			}
			(void)snprintf(row + n, sizeof(row) - n, "*\n");
			at = strstr(at, row);
			assert_non_null(at);
		}
	}
}

/* True if the text sets the option somewhere, or shows how. */
static bool
mentions(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = text; (p = strstr(p, name)) != NULL; p += len) {
		bool whole = p == text ||
			     !(isalnum((unsigned char)p[-1]) || p[-1] == '_');

		if (whole && (strncmp(p + len, " = ", 3) == 0 ||
			      strncmp(p + len, ": {", 3) == 0))
			return true;
	}
	return false;
}

static void
the_example_shows_every_option(void **state)
{
	FILE *f = fopen(*state, "re");
	static char text[1 << 16];

	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	(void)fclose(f);
	for (const struct table *const *t = tables; *t; t++)
		for (size_t i = 0; i < (*t)->n; i++) {
			const char *name = (*t)->options[i].name;

			if (!mentions(text, name))
				fail_msg("%s is not in the example", name);
		}
}

static void
names_are_unique_where_tables_share_a_block(void **state UNUSED)
{
	static const struct table *const pairs[][2] = {
		{ &table_network, &table_xmpp },
		{ &table_network, &table_irc },
		{ &table_network, &table_mqtt },
		{ &table_link, &table_shared },
		{ &table_member, &table_shared },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		for (size_t j = 0; j < pairs[i][0]->n; j++)
			assert_null(table_find(pairs[i][1],
					       pairs[i][0]->options[j].name));
	for (const struct table *const *t = tables; *t; t++)
		for (size_t i = 0; i < (*t)->n; i++)
			assert_ptr_equal(table_find(*t, (*t)->options[i].name),
					 &(*t)->options[i]);
}

static void
every_option_is_complete(void **state UNUSED)
{
	for (const struct table *const *t = tables; *t; t++)
		for (size_t i = 0; i < (*t)->n; i++) {
			const struct option *opt = &(*t)->options[i];
			size_t len = strlen(opt->doc);

			assert_true(isupper((unsigned char)opt->doc[0]));
			assert_true(opt->doc[len - 1] == '.');
			assert_true(opt->min <= opt->max);
			/* one or the other: needed, or what holds without */
			assert_false(opt->required && opt->fallback);
			/* something for messages to show */
			if (opt->type != OPTION_BLOCK &&
			    opt->type != OPTION_PRESET &&
			    opt->type != OPTION_BOOL &&
			    opt->type != OPTION_COUNT && !opt->words)
				assert_true(opt->example || opt->fallback);
		}
}

static void
the_words_of_kinds_are_those_of_events(void **state UNUSED)
{
	const struct option *opt = table_find(&table_shared, "kinds");
	size_t n = 0;

	for (const struct option_word *w = opt->words; w->name; w++, n++)
		assert_int_equal(event_kind_from_name(w->name), w->value);
	assert_int_equal(n, EVENT_KINDS);
}

int
main(int argc, char **argv)
{
	assert_int_equal(argc, 2);

	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manual_lists_every_option_of_every_table),
		cmocka_unit_test_prestate(the_example_shows_every_option,
					  argv[1]),
		cmocka_unit_test(names_are_unique_where_tables_share_a_block),
		cmocka_unit_test(every_option_is_complete),
		cmocka_unit_test(the_words_of_kinds_are_those_of_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
