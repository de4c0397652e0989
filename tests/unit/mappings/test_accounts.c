/* SPDX-License-Identifier: MIT */
/* test_accounts.c - gateway users and what they have set. */

#include "tests/support/test.h"

#include "tests/unit/mappings/fixture.h"

#include "bridge/str.h"
#include "mappings/accounts.h"
#include "mappings/channels.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

struct world {
	struct db *db;
	int64_t xmpp, irc, ann;
};

static int
set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->db = memory_db();
	network_put(w->db, "xmpp", "xmpp", &w->xmpp);
	network_put(w->db, "irc", "irc", &w->irc);
	account_put(w->db, w->xmpp, "ann@example.org", 1000, &w->ann);
	*state = w;
	return 0;
}

static void
set(struct world *w, int64_t network, const char *key, const char *value)
{
	const struct setting_row row = { network, key, value, false };

	assert_int_equal(setting_put(w->db, w->ann, &row, 2000), 0);
}

static void
write_setting(void *arg, const struct setting_row *row)
{
	str_printf(arg, "%s%s=%s; ", row->network ? "irc:" : "", row->key,
		   row->sealed ? "(sealed)" : row->value);
}

static void
expect_settings(struct world *w, const char *who, const char *expected)
{
	AUTO_STR s;

	str_init(&s, 4096);
	assert_int_equal(setting_each(w->db, w->xmpp, who, write_setting, &s),
			 0);
	assert_string_equal(s.data, expected);
}

static void
an_account_is_made_once(void **state)
{
	struct world *w = *state;
	int64_t again, other, bob;

	account_put(w->db, w->xmpp, "ann@example.org", 5000, &again);
	account_put(w->db, w->irc, "ann@example.org", 5000, &other);
	account_put(w->db, w->xmpp, "bob@example.org", 5000, &bob);
	assert_int_equal(again, w->ann);
	assert_int_not_equal(other, w->ann);
	assert_int_not_equal(bob, w->ann);
}

static void
a_setting_is_for_one_network_or_for_all(void **state)
{
	struct world *w = *state;

	set(w, w->irc, "nick", "annie");
	set(w, 0, "nick", "ann");
	expect_settings(w, "ann@example.org", "nick=ann; irc:nick=annie; ");
	expect_settings(w, "bob@example.org", "");
}

static void
the_last_value_holds(void **state)
{
	struct world *w = *state;
	const struct setting_row sealed = { w->irc, "nick", "0a0b", true };

	set(w, w->irc, "nick", "annie");
	set(w, w->irc, "nick", "anna");
	expect_settings(w, "ann@example.org", "irc:nick=anna; ");
	assert_int_equal(setting_put(w->db, w->ann, &sealed, 3000), 0);
	expect_settings(w, "ann@example.org", "irc:nick=(sealed); ");
}

static void
what_is_removed_is_gone(void **state)
{
	struct world *w = *state;

	set(w, w->irc, "nick", "annie");
	assert_int_equal(setting_remove(w->db, w->ann, 0, "nick"), -ENOENT);
	assert_int_equal(setting_remove(w->db, w->ann, w->irc, "nick"), 0);
	assert_int_equal(setting_remove(w->db, w->ann, w->irc, "nick"),
			 -ENOENT);
	expect_settings(w, "ann@example.org", "");
}

static void
a_setting_needs_an_account(void **state)
{
	struct world *w = *state;
	const struct setting_row row = { 0, "nick", "x", false };

	assert_true(setting_put(w->db, w->ann + 100, &row, 1) < 0);
}

static void
write_contact(void *arg, const struct contact_row *row)
{
	str_printf(arg, "%s:%s (%s) %s:%s as %s; ", row->home, row->follower,
		   row->name, row->network, row->person, row->written);
}

static void
write_value(void *arg, const char *native_id, const char *value)
{
	str_printf(arg, "%s=%s; ", native_id, value);
}

static void
one_setting_of_everybody_is_told(void **state)
{
	struct world *w = *state;
	const struct setting_row row = { -7, "resident", "Ann", false };
	const struct setting_row other = { -8, "resident", "no", false };
	AUTO_STR s = { 0 };

	str_init(&s, 1024);
	assert_int_equal(setting_put(w->db, w->ann, &row, 1), 0);
	assert_int_equal(setting_put(w->db, w->ann, &other, 1), 0);
	assert_int_equal(setting_of_each(w->db, w->xmpp, -7, "resident",
					 write_value, &s),
			 0);
	assert_string_equal(s.data, "ann@example.org=Ann; ");
	assert_int_equal(setting_of_each(w->db, w->irc, -7, "resident",
					 write_value, &s),
			 0);
	assert_string_equal(s.data, "ann@example.org=Ann; ");
}

static void
expect_contacts(struct world *w, const char *expected)
{
	AUTO_STR s;

	str_init(&s, 4096);
	assert_int_equal(contact_each(w->db, write_contact, &s), 0);
	assert_string_equal(s.data ? s.data : "", expected);
}

static void
a_contact_is_kept_until_it_is_removed(void **state)
{
	struct world *w = *state;
	int64_t joe;

	channel_put(w->db, w->irc, 1, "joe{", &joe);
	expect_contacts(w, "");
	assert_int_equal(contact_put(w->db, w->ann, joe, "Joe[", "ann", 1), 0);
	assert_int_equal(contact_put(w->db, w->ann, joe, "Joe[", "Ann", 2), 0);
	assert_int_equal(contact_put(w->db, w->ann, joe, "joe{", "Ann", 2), 0);
	expect_contacts(w, "xmpp:ann@example.org (Ann) irc:joe{ as Joe[; "
			   "xmpp:ann@example.org (Ann) irc:joe{ as joe{; ");
	assert_int_equal(contact_remove(w->db, w->ann, joe, "Joe["), 0);
	assert_int_equal(contact_remove(w->db, w->ann, joe, "Joe["), -ENOENT);
	expect_contacts(w, "xmpp:ann@example.org (Ann) irc:joe{ as joe{; ");
}

static void
write_block(void *arg, const struct block_row *row)
{
	str_printf(arg, "%s:%s blocks %s:%s; ", row->home, row->who,
		   row->network, row->person);
}

static void
who_is_blocked_is_kept_until_that_is_taken_back(void **state)
{
	struct world *w = *state;
	AUTO_STR all = { 0 };

	str_init(&all, 1000);
	assert_int_equal(block_put(w->db, w->ann, "irc", "joe", 1), 0);
	assert_int_equal(block_put(w->db, w->ann, "irc", "joe", 2), 0);
	assert_int_equal(block_put(w->db, w->ann, "oftc", "joe", 2), 0);
	assert_int_equal(block_each(w->db, write_block, &all), 0);
	assert_string_equal(all.data, "xmpp:ann@example.org blocks irc:joe; "
				      "xmpp:ann@example.org blocks oftc:joe; ");
	assert_int_equal(block_remove(w->db, w->ann, "irc", "joe"), 0);
	assert_int_equal(block_remove(w->db, w->ann, "irc", "joe"), -ENOENT);
	str_clear(&all);
	assert_int_equal(block_each(w->db, write_block, &all), 0);
	assert_string_equal(all.data, "xmpp:ann@example.org blocks oftc:joe; ");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, close_world)
	const struct CMUnitTest tests[] = {
		TEST(an_account_is_made_once),
		TEST(a_setting_is_for_one_network_or_for_all),
		TEST(the_last_value_holds),
		TEST(what_is_removed_is_gone),
		TEST(a_setting_needs_an_account),
		TEST(one_setting_of_everybody_is_told),
		TEST(a_contact_is_kept_until_it_is_removed),
		TEST(who_is_blocked_is_kept_until_that_is_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
