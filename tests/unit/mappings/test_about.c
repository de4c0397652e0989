/* SPDX-License-Identifier: MIT */
/* test_about.c - names and pictures of channels. */

#include "tests/support/test.h"

#include "tests/unit/mappings/fixture.h"

#include "bridge/str.h"
#include "mappings/about.h"
#include "mappings/channels.h"

#include <inttypes.h>

static const char *
shown(const char *s)
{
	return s ? s : "-";
}

static void
write_row(void *arg, int kind, const struct about_row *row)
{
	str_printf(arg, "%d: %s > %s (%" PRId64 ", %s, %s); ", kind,
		   shown(row->seen), shown(row->wanted), row->source,
		   shown(row->author), shown(row->author_name));
}

static void
the_last_that_is_put_is_known(void **state)
{
	struct db *db = *state;
	int64_t net, ch;
	const struct about_row first = { .seen = "old",
					 .wanted = "new",
					 .source = 7,
					 .author = "@ann:a",
					 .author_name = "Ann" };
	const struct about_row last = { .seen = "new" };
	AUTO_STR s;

	str_init(&s, 1000);
	assert_int_equal(network_put(db, "irc", "irc", &net), 0);
	assert_int_equal(channel_put(db, net, 0, "#a", &ch), 0);
	assert_int_equal(about_each(db, ch, write_row, &s), 0);
	assert_string_equal(s.data, "");
	assert_int_equal(about_put(db, ch, 1, &first), 0);
	assert_int_equal(about_put(db, ch, 2, &first), 0);
	assert_int_equal(about_put(db, ch, 2, &last), 0);
	assert_int_equal(about_each(db, ch, write_row, &s), 0);
	assert_string_equal(s.data, "1: old > new (7, @ann:a, Ann); "
				    "2: new > - (0, -, -); ");
}

static void
of_a_channel_that_there_is_not_nothing_is_kept(void **state)
{
	const struct about_row row = { .seen = "x" };

	assert_true(about_put(*state, 99, 1, &row) < 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_db, close_db)
	const struct CMUnitTest tests[] = {
		TEST(the_last_that_is_put_is_known),
		TEST(of_a_channel_that_there_is_not_nothing_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
