/* SPDX-License-Identifier: MIT */
/* test_router.c - who gets what. */

#include "tests/support/test.h"

#include "bridge/router.h"
#include "conf/conf.h"

#define ALL ((1u << EVENT_KINDS) - 1)
#define ONLY(kind) (1u << (kind))

static void
an_event_goes_where_both_ends_allow_it(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		unsigned from, to, kinds;
		enum event_kind kind;
		bool goes;
	} rows[] = {
		{ CONF_BOTH, CONF_BOTH, ALL, EVENT_MESSAGE, true },
		{ CONF_IN, CONF_OUT, ALL, EVENT_MESSAGE, true },
		{ CONF_IN, CONF_IN, ALL, EVENT_MESSAGE, false },
		{ CONF_OUT, CONF_OUT, ALL, EVENT_MESSAGE, false },
		{ CONF_OUT, CONF_IN, ALL, EVENT_MESSAGE, false },
		{ CONF_BOTH, CONF_BOTH, ONLY(EVENT_TOPIC), EVENT_MESSAGE,
		  false },
		{ CONF_BOTH, CONF_BOTH, ONLY(EVENT_TOPIC), EVENT_TOPIC, true },
		{ CONF_BOTH, CONF_BOTH, 0, EVENT_MESSAGE, false },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct route_place from = { .direction = rows[i].from,
					    .kinds = ALL };
		struct route_place to = { .direction = rows[i].to,
					  .kinds = rows[i].kinds };

		assert_int_equal(route_allows(&from, &to, rows[i].kind),
				 rows[i].goes);
	}
}

static void
nothing_goes_back_where_it_came_from(void **state UNUSED)
{
	struct route_place place = { .direction = CONF_BOTH, .kinds = ALL };

	for (unsigned kind = 0; kind < EVENT_KINDS; kind++)
		assert_false(
			route_allows(&place, &place, (enum event_kind)kind));
}

static void
people_are_shown_only_where_their_words_may_go(void **state UNUSED)
{
	struct route_place from = { .direction = CONF_OUT, .kinds = ALL };
	struct route_place to = { .direction = CONF_BOTH, .kinds = ALL };

	assert_false(route_shows_members(&from, &to));
	from.direction = CONF_BOTH;
	assert_true(route_shows_members(&from, &to));
	to.kinds = ALL & ~ONLY(EVENT_JOIN);
	assert_false(route_shows_members(&from, &to));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_goes_where_both_ends_allow_it),
		cmocka_unit_test(nothing_goes_back_where_it_came_from),
		cmocka_unit_test(
			people_are_shown_only_where_their_words_may_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
