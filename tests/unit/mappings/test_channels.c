/* SPDX-License-Identifier: MIT */
/* test_channels.c - networks, channels, links. */

#include "tests/support/test.h"

#include "tests/unit/mappings/fixture.h"

#include "bridge/str.h"
#include "mappings/channels.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static void
write_member(void *arg, const struct link_row *row)
{
	str_printf(arg, "%s(%d):%s:%s/%d[%s] ", row->link_name, row->source,
		   row->network_name, row->channel_name, row->kind,
		   row->policy);
}

static void
expect_links(struct db *db, enum link_source source, const char *expected)
{
	AUTO_STR s;

	str_init(&s, 4096);
	assert_int_equal(link_each(db, source, write_member, &s), 0);
	assert_string_equal(s.data, expected);
}

static void
what_is_put_twice_keeps_its_number(void **state)
{
	struct db *db = *state;
	int64_t first[3];
	int64_t again[3];

	for (int64_t *id = first; id; id = id == first ? again : NULL) {
		assert_int_equal(network_put(db, "irc", "irc", &id[0]), 0);
		assert_int_equal(channel_put(db, id[0], 0, "#a", &id[1]), 0);
		assert_int_equal(link_put(db, "a", LINK_FILE, &id[2]), 0);
	}
	assert_memory_equal(first, again, sizeof(first));
}

static void
a_network_may_change_its_protocol(void **state)
{
	struct db *db = *state;
	int64_t one;
	int64_t two;

	assert_int_equal(network_put(db, "home", "irc", &one), 0);
	assert_int_equal(network_put(db, "home", "mqtt", &two), 0);
	assert_int_equal(one, two);
}

static void
channels_differ_by_network_kind_and_name(void **state)
{
	struct db *db = *state;
	int64_t net[2];
	int64_t id[4];

	network_put(db, "one", "fake", &net[0]);
	network_put(db, "two", "fake", &net[1]);
	channel_put(db, net[0], 0, "#a", &id[0]);
	channel_put(db, net[1], 0, "#a", &id[1]);
	channel_put(db, net[0], 1, "#a", &id[2]);
	channel_put(db, net[0], 0, "#b", &id[3]);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < i; k++)
			assert_int_not_equal(id[i], id[k]);
}

static void
a_channel_needs_its_network(void **state)
{
	int64_t id;

	assert_int_equal(channel_put(*state, 99, 0, "#a", &id), -ENOENT);
}

static void
links_are_told_in_order_by_source(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a");
	int64_t b = channel_of(db, "xmpp", "b@rooms");
	int64_t c = channel_of(db, "irc", "#c");
	int64_t link[3];

	link_put(db, "second", LINK_OPERATOR, &link[0]);
	link_put(db, "first", LINK_FILE, &link[1]);
	link_put(db, "third", LINK_FILE, &link[2]);
	link_member_put(db, link[2], c, "");
	link_member_put(db, link[1], b, "in");
	link_member_put(db, link[1], a, "");
	link_member_put(db, link[0], a, "out");
	expect_links(db, LINK_FILE,
		     "first(0):irc:#a/0[] first(0):xmpp:b@rooms/0[in] "
		     "third(0):irc:#c/0[] ");
	expect_links(db, LINK_OPERATOR, "second(1):irc:#a/0[out] ");
	expect_links(db, LINK_PORTAL, "");
}

static void
a_member_put_again_has_the_new_policy(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a");
	int64_t link;

	link_put(db, "l", LINK_FILE, &link);
	assert_int_equal(link_member_put(db, link, a, "in"), 0);
	assert_int_equal(link_member_put(db, link, a, "both"), 0);
	expect_links(db, LINK_FILE, "l(0):irc:#a/0[both] ");
	assert_int_equal(link_member_put(db, link, 99, ""), -ENOENT);
	assert_int_equal(link_member_put(db, 99, a, ""), -ENOENT);
}

static void
a_removed_link_takes_its_members_along(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a");
	int64_t b = channel_of(db, "irc", "#b");
	int64_t link;
	int64_t next;

	link_put(db, "l", LINK_FILE, &link);
	link_member_put(db, link, a, "");
	link_member_put(db, link, b, "");
	assert_int_equal(link_member_remove(db, link, a), 0);
	assert_int_equal(link_member_remove(db, link, a), -ENOENT);
	expect_links(db, LINK_FILE, "l(0):irc:#b/0[] ");
	assert_int_equal(link_remove(db, link), 0);
	assert_int_equal(link_remove(db, link), -ENOENT);
	expect_links(db, LINK_FILE, "");
	assert_int_equal(db_check(db, NULL), 0);

	assert_int_equal(link_put(db, "l", LINK_FILE, &next), 0);
	assert_true(next > link); /* numbers are never used again */
}

static void
a_link_stays_with_its_source(void **state)
{
	struct db *db = *state;
	int64_t one;
	int64_t two = 0;

	assert_int_equal(link_put(db, "l", LINK_OPERATOR, &one), 0);
	assert_int_equal(link_put(db, "l", LINK_FILE, &two), -EEXIST);
	assert_int_equal(one, two);
}

static void
write_channel(void *arg, const struct channel_row *row)
{
	str_printf(arg, "%" PRId64 " %s:%s/%d ", row->channel,
		   row->network_name, row->channel_name, row->kind);
}

static void
a_channel_is_told_by_its_number(void **state)
{
	struct db *db = *state;
	int64_t net;
	int64_t id;
	AUTO_STR s;

	str_init(&s, 4096);
	network_put(db, "irc", "irc", &net);
	channel_put(db, net, 1, "ann", &id);
	assert_int_equal(channel_get(db, id, write_channel, &s), 0);
	assert_string_equal(s.data, "1 irc:ann/1 ");
	assert_int_equal(channel_get(db, 99, write_channel, &s), -ENOENT);
}

static void
a_topic_is_remembered(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a");

	assert_null(channel_topic(db, a));
	assert_int_equal(channel_set_topic(db, a, "tea at five"), 0);

	char *topic = channel_topic(db, a);

	assert_string_equal(topic, "tea at five");
	free(topic);
	assert_int_equal(channel_set_topic(db, a, NULL), 0);
	assert_null(channel_topic(db, a));
	assert_null(channel_topic(db, 99));
	assert_int_equal(channel_set_topic(db, 99, "x"), -ENOENT);
}

static void
a_cursor_is_kept_for_each_channel(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a");
	int64_t b = channel_of(db, "irc", "#b");

	assert_null(channel_cursor(db, a));
	assert_int_equal(channel_set_cursor(db, a, "one", 1), 0);
	assert_int_equal(channel_set_cursor(db, a, "two", 2), 0);
	assert_null(channel_cursor(db, b));

	char *cursor = channel_cursor(db, a);

	assert_string_equal(cursor, "two");
	free(cursor);
}

static void
expect_cursor(struct db *db, int64_t channel, const char *expected)
{
	char *cursor = channel_cursor(db, channel);

	assert_string_equal(cursor, expected);
	free(cursor);
}

static void
a_cursor_comes_and_goes_with_its_transaction(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a");
	int64_t b = channel_of(db, "irc", "#b");

	assert_int_equal(db_begin(db), 0);
	channel_set_cursor(db, a, "one", 1);
	channel_set_cursor(db, b, "two", 2);
	channel_set_cursor(db, a, "three", 3);
	expect_cursor(db, a, "three");
	channel_set_cursor(db, a, "four", 4);
	assert_int_equal(db_commit(db), 0);
	expect_cursor(db, a, "four");
	expect_cursor(db, b, "two");
	assert_int_equal(db_begin(db), 0);
	channel_set_cursor(db, a, "lost", 5);
	db_rollback(db);
	expect_cursor(db, a, "four");
	assert_int_equal(db_begin(db), 0);
	assert_int_equal(db_commit(db), 0);
	expect_cursor(db, a, "four");
}

static void
a_cursor_goes_with_the_job_that_moved_it(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a");

	assert_int_equal(db_begin(db), 0);
	channel_set_cursor(db, a, "before", 1);
	assert_int_equal(db_mark(db), 0);
	channel_set_cursor(db, a, "failed", 2);
	db_revert(db);
	assert_int_equal(db_mark(db), 0);
	channel_set_cursor(db, channel_of(db, "irc", "#b"), "b", 3);
	assert_int_equal(db_release(db), 0);
	assert_int_equal(db_commit(db), 0);
	expect_cursor(db, a, "before");
	expect_cursor(db, channel_of(db, "irc", "#b"), "b");
}

static void
when_a_network_was_heard_is_no_cursor(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a"), irc;

	assert_int_equal(network_put(db, "irc", "irc", &irc), 0);
	assert_int_equal(network_heard(db, irc), 0);
	assert_int_equal(network_set_heard(db, irc, 5), 0);
	assert_int_equal(network_set_heard(db, irc, 1700000000000), 0);
	assert_int_equal(network_heard(db, irc), 1700000000000);
	assert_int_equal(network_heard(db, irc + 1), 0);
	assert_null(channel_cursor(db, a));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_db, close_db)
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_twice_keeps_its_number),
		TEST(a_network_may_change_its_protocol),
		TEST(channels_differ_by_network_kind_and_name),
		TEST(a_channel_needs_its_network),
		TEST(links_are_told_in_order_by_source),
		TEST(a_member_put_again_has_the_new_policy),
		TEST(a_removed_link_takes_its_members_along),
		TEST(a_link_stays_with_its_source),
		TEST(a_channel_is_told_by_its_number),
		TEST(a_topic_is_remembered),
		TEST(a_cursor_is_kept_for_each_channel),
		TEST(a_cursor_comes_and_goes_with_its_transaction),
		TEST(a_cursor_goes_with_the_job_that_moved_it),
		TEST(when_a_network_was_heard_is_no_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
