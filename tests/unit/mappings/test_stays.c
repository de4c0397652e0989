/* SPDX-License-Identifier: MIT */
/* test_stays.c - when gateway users were in rooms. */

#include "tests/support/test.h"

#include "tests/unit/mappings/fixture.h"

#include "bridge/str.h"
#include "mappings/accounts.h"
#include "mappings/channels.h"
#include "mappings/stays.h"

#include <inttypes.h>
#include <stdlib.h>

struct world {
	struct db *db;
	int64_t xmpp, ann, bob, room, other;
};

static int
set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->db = memory_db();
	network_put(w->db, "xmpp", "xmpp", &w->xmpp);
	account_put(w->db, w->xmpp, "ann", 1000, &w->ann);
	account_put(w->db, w->xmpp, "bob", 1000, &w->bob);
	channel_put(w->db, w->xmpp, 2, "#a", &w->room);
	channel_put(w->db, w->xmpp, 2, "#b", &w->other);
	*state = w;
	return 0;
}

static void
expect_at_most(struct world *w, size_t max, const char *expected)
{
	struct stay stays[8];
	int n = stays_of(w->db, w->xmpp, "ann", w->room, stays, max);
	AUTO_STR s;

	str_init(&s, 4096);
	str_add(&s, "");
	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		str_printf(&s, "%" PRId64 "-", stays[i].after);
		if (stays[i].until != STAY_OPEN)
			str_printf(&s, "%" PRId64, stays[i].until);
		str_add(&s, " ");
	}
	assert_string_equal(s.data, expected);
}

static void
expect(struct world *w, const char *expected)
{
	expect_at_most(w, 8, expected);
}

static void
a_stay_begins_and_ends(void **state)
{
	struct world *w = *state;

	expect(w, "");
	assert_int_equal(stay_begin(w->db, w->ann, w->room, 10), 0);
	expect(w, "10- ");
	assert_int_equal(stay_begin(w->db, w->bob, w->room, 10), 0);
	assert_int_equal(stay_begin(w->db, w->ann, w->other, 11), 0);
	assert_int_equal(stay_end(w->db, w->ann, w->room, 20), 0);
	expect(w, "10-20 ");
	assert_int_equal(stay_end(w->db, w->ann, w->room, 30), 0);
	expect(w, "10-20 ");
}

static void
what_follows_at_once_is_the_same_stay(void **state)
{
	struct world *w = *state;

	stay_begin(w->db, w->ann, w->room, 10);
	stay_end(w->db, w->ann, w->room, 20);
	stay_begin(w->db, w->ann, w->room, 20);
	expect(w, "10- ");
	stay_end(w->db, w->ann, w->room, 25);
	stay_begin(w->db, w->ann, w->room, 26);
	expect(w, "10-25 26- ");
	expect_at_most(w, 1, "26- ");
}

static void
when_we_went_down_everybody_left(void **state)
{
	struct world *w = *state;

	stay_begin(w->db, w->ann, w->room, 10);
	stay_end(w->db, w->ann, w->room, 12);
	stay_begin(w->db, w->ann, w->room, 15);
	assert_int_equal(stays_end(w->db, 17), 0);
	expect(w, "10-12 15-17 ");
}

static void
a_stay_never_ends_before_it_began(void **state)
{
	struct world *w = *state;

	stay_begin(w->db, w->ann, w->room, 10);
	stay_end(w->db, w->ann, w->room, 5);
	expect(w, "10-10 ");
	stay_begin(w->db, w->ann, w->room, 20);
	assert_int_equal(stays_end(w->db, 3), 0);
	expect(w, "10-10 20-20 ");
}

static void
a_stay_of_which_nothing_is_left_is_forgotten(void **state)
{
	struct world *w = *state;

	say(w->db, 50, w->room, "hello");
	stay_begin(w->db, w->ann, w->room, 10);
	stay_end(w->db, w->ann, w->room, 49);
	stay_begin(w->db, w->ann, w->room, 45);
	stay_end(w->db, w->ann, w->room, 50);
	stay_begin(w->db, w->ann, w->room, 60);
	assert_int_equal(stays_prune(w->db), 0);
	expect(w, "45-50 60- ");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, close_world)
	const struct CMUnitTest tests[] = {
		TEST(a_stay_begins_and_ends),
		TEST(what_follows_at_once_is_the_same_stay),
		TEST(when_we_went_down_everybody_left),
		TEST(a_stay_never_ends_before_it_began),
		TEST(a_stay_of_which_nothing_is_left_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
