/* SPDX-License-Identifier: MIT */
/* test_identities.c - senders and puppets. */

#include "tests/support/test.h"

#include "tests/unit/mappings/fixture.h"

#include "bridge/str.h"
#include "mappings/channels.h"
#include "mappings/identities.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct world {
	struct db *db;
	int64_t xmpp, irc;
};

static int
set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->db = memory_db();
	network_put(w->db, "xmpp", "xmpp", &w->xmpp);
	network_put(w->db, "irc", "irc", &w->irc);
	*state = w;
	return 0;
}

static void
write_puppet(void *arg, const struct puppet_row *row)
{
	str_printf(arg, "%s/%s(%s) is %s at %" PRId64 "; ", row->origin,
		   row->sender_id, row->name,
		   row->native ? row->native : "nobody", row->active_ms);
}

static void
expect_puppets(struct world *w, unsigned limit, const char *expected)
{
	AUTO_STR s;

	str_init(&s, 4096);
	assert_int_equal(puppet_each(w->db, w->irc, limit, write_puppet, &s),
			 0);
	assert_string_equal(s.data, expected);
}

static void
expect_native(struct world *w, int64_t sender, const char *expected)
{
	char *native = puppet_native(w->db, sender, w->irc);

	if (expected)
		assert_string_equal(native, expected);
	else
		assert_null(native);
	free(native);
}

static void
a_sender_is_the_same_under_every_name(void **state)
{
	struct world *w = *state;
	int64_t id[4];
	int64_t puppet;

	sender_put(w->db, w->xmpp, "ann@x", "Ann", "ann", &id[0]);
	sender_put(w->db, w->xmpp, "ann@x", "Annie", NULL, &id[1]);
	sender_put(w->db, w->xmpp, "ann@x", NULL, NULL, &id[2]);
	sender_put(w->db, w->irc, "ann@x", "Ann", NULL, &id[3]);
	assert_int_equal(id[0], id[1]);
	assert_int_equal(id[0], id[2]);
	assert_int_not_equal(id[0], id[3]);

	puppet_put(w->db, id[0], w->irc, NULL, 1, &puppet);
	expect_puppets(w, 9, "xmpp/ann@x(Annie) is nobody at 1; ");
}

static void
a_sender_of_a_lost_transaction_is_put_again(void **state)
{
	struct world *w = *state;
	int64_t id, puppet;

	assert_int_equal(db_begin(w->db), 0);
	assert_int_equal(sender_put(w->db, w->xmpp, "ann@x", "Ann", NULL, &id),
			 0);
	db_rollback(w->db);
	assert_int_equal(db_begin(w->db), 0);
	assert_int_equal(db_mark(w->db), 0);
	assert_int_equal(sender_put(w->db, w->xmpp, "ann@x", "Ann", NULL, &id),
			 0);
	db_revert(w->db);
	assert_int_equal(sender_put(w->db, w->xmpp, "ann@x", "Anna", NULL, &id),
			 0);
	assert_int_equal(puppet_put(w->db, id, w->irc, "a", 1, &puppet), 0);
	assert_int_equal(db_commit(w->db), 0);
	expect_puppets(w, 9, "xmpp/ann@x(Anna) is a at 1; ");
}

/* More than are known without reading. */
static void
a_thousand_senders_keep_their_numbers(void **state)
{
	struct world *w = *state;
	int64_t ids[1000], again;
	char name[16];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1000; i++) {
			snprintf(name, sizeof(name), "u%d", i);
			assert_int_equal(sender_put(w->db, w->xmpp, name,
						    round ? name : NULL, NULL,
						    &again),
					 0);
			ids[i] = round ? ids[i] : again;
			assert_int_equal(again, ids[i]);
		}
	}
}

static void
a_sender_without_a_name_goes_by_its_id(void **state)
{
	struct world *w = *state;
	int64_t sender;
	int64_t puppet;

	assert_int_equal(sender_put(w->db, w->xmpp, "s1", NULL, NULL, &sender),
			 0);
	puppet_put(w->db, sender, w->irc, "s", 1, &puppet);
	expect_puppets(w, 9, "xmpp/s1(s1) is s at 1; ");
	assert_int_equal(sender_put(w->db, 99, "s1", NULL, NULL, &sender),
			 -ENOENT);
}

static void
a_puppet_keeps_its_native_name(void **state)
{
	struct world *w = *state;
	int64_t ann;
	int64_t id[3];

	sender_put(w->db, w->xmpp, "ann@x", "Ann", NULL, &ann);
	expect_native(w, ann, NULL);
	puppet_put(w->db, ann, w->irc, NULL, 1, &id[0]);
	expect_native(w, ann, NULL);
	puppet_put(w->db, ann, w->irc, "Ann_x", 2, &id[1]);
	puppet_put(w->db, ann, w->irc, NULL, 3, &id[2]);
	expect_native(w, ann, "Ann_x");
	assert_int_equal(id[0], id[1]);
	assert_int_equal(id[0], id[2]);
	assert_int_equal(puppet_put(w->db, 99, w->irc, NULL, 1, &id[0]),
			 -ENOENT);
}

static void
a_native_name_is_not_handed_to_somebody_else(void **state)
{
	struct world *w = *state;
	int64_t ann;
	int64_t eve;
	int64_t id;

	sender_put(w->db, w->xmpp, "ann@x", "Ann", NULL, &ann);
	sender_put(w->db, w->xmpp, "eve@x", "Eve", NULL, &eve);
	assert_int_equal(puppet_put(w->db, ann, w->irc, "Ann", 1, &id), 0);
	assert_int_equal(puppet_put(w->db, eve, w->irc, "Ann", 2, &id),
			 -EEXIST);
	expect_native(w, eve, NULL);
	assert_int_equal(puppet_put(w->db, eve, w->irc, "Eve", 2, &id), 0);
	assert_int_equal(puppet_put(w->db, eve, w->irc, "Ann", 3, &id),
			 -EEXIST);
	expect_native(w, eve, "Eve");

	/* On another network the name is free. */
	assert_int_equal(puppet_put(w->db, eve, w->xmpp, "Ann", 3, &id), 0);

	/* And here, once its owner took another. */
	assert_int_equal(puppet_put(w->db, ann, w->irc, "Anna", 4, &id), 0);
	assert_int_equal(puppet_put(w->db, eve, w->irc, "Ann", 5, &id), 0);
}

static void
the_most_active_puppets_come_first(void **state)
{
	static const struct {
		const char *id;
		int64_t active_ms;
	} people[] = { { "a", 10 }, { "b", 30 }, { "c", 20 }, { "a", 5 } };
	struct world *w = *state;
	int64_t sender;
	int64_t id;

	for (size_t i = 0; i < ARRAY_SIZE(people); i++) {
		sender_put(w->db, w->xmpp, people[i].id, NULL, NULL, &sender);
		puppet_put(w->db, sender, w->irc, people[i].id,
			   people[i].active_ms, &id);
	}
	expect_puppets(w, 9,
		       "xmpp/b(b) is b at 30; xmpp/c(c) is c at 20; "
		       "xmpp/a(a) is a at 10; ");
	expect_puppets(w, 1, "xmpp/b(b) is b at 30; ");
	expect_puppets(w, 0, "");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, close_world)
	const struct CMUnitTest tests[] = {
		TEST(a_sender_is_the_same_under_every_name),
		TEST(a_sender_without_a_name_goes_by_its_id),
		TEST(a_sender_of_a_lost_transaction_is_put_again),
		TEST(a_thousand_senders_keep_their_numbers),
		TEST(a_puppet_keeps_its_native_name),
		TEST(a_native_name_is_not_handed_to_somebody_else),
		TEST(the_most_active_puppets_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
