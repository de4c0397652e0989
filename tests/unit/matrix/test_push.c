/* SPDX-License-Identifier: MIT */
/* test_push.c - transactions of a homeserver. */

#include "tests/support/test.h"

#include "bridge/str.h"
#include "protocols/matrix/push.h"

#include <string.h>

static const struct {
	const char *body;
	int events, ephemeral; /* -1: no transaction */
	unsigned broken;
} rows[] = {
	{ "{\"events\":[]}", 0, 0, 0 },
	{ " { \"events\" : [ {} , {\"a\":[1,\"]\"]} ] } ", 2, 0, 0 },
	{ "{\"events\":[{}],\"ephemeral\":[{},{}]}", 1, 2, 0 },
	{ "{\"de.sorunome.msc2409.ephemeral\":[{}],\"events\":[]}", 0, 1, 0 },
	{ "{\"x\":{\"events\":[1]},\"events\":[{}],\"y\":7}", 1, 0, 0 },
	/* one that cannot be read does not keep the others away */
	{ "{\"events\":[{\"a\":1},{\"a\":\"\\ud800\"},{\"a\":3}]}", 2, 0, 1 },
	{ "{\"events\":[{\"a\":99999999999999999999999}]}", 0, 0, 1 },
	{ "{\"events\":[{\"a\":1e999}]}", 0, 0, 1 },
	{ "{\"events\":[{\"a\":1,\"a\":2}]}", 0, 0, 1 },
	{ "{\"events\":[{\"a\":\"\\u0000\"}]}", 1, 0, 0 },
	{ "{\"events\":[\"}]\\\"\",{}]}", 2, 0, 0 },
	/* what is none */
	{ "", -1, 0, 0 },
	{ "[]", -1, 0, 0 },
	{ "{}", -1, 0, 0 },
	{ "{\"events\":{}}", -1, 0, 0 },
	{ "{\"events\":[{}", -1, 0, 0 },
	{ "{\"events\":[{},", -1, 0, 0 },
	{ "{\"events\":[]} x", -1, 0, 0 },
	{ "{\"events", -1, 0, 0 },
	{ "{\"events\"", -1, 0, 0 },
	{ "{\"events\":", -1, 0, 0 },
	{ "{events:[]}", -1, 0, 0 },
};

static void
transactions_are_read(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct push p;
		bool good = push_parse(&p, rows[i].body, strlen(rows[i].body));

		if (good != (rows[i].events >= 0))
			fail_msg("%s: %s", rows[i].body,
				 good ? "is taken" : "is not taken");
		if (good) {
			assert_int_equal(json_array_size(p.events),
					 rows[i].events);
			assert_int_equal(json_array_size(p.ephemeral),
					 rows[i].ephemeral);
			assert_int_equal(p.broken, rows[i].broken);
		}
		push_finish(&p);
	}
}

static void
deep_nesting_is_left_out(void **state UNUSED)
{
	AUTO_STR body = { 0 };
	struct push p;

	str_init(&body, 1000000);
	str_add(&body, "{\"events\":[{\"a\":");
	for (unsigned i = 0; i < 100000; i++)
		str_add_char(&body, '[');
	for (unsigned i = 0; i < 100000; i++)
		str_add_char(&body, ']');
	str_add(&body, "},{\"good\":1}]}");
	assert_true(push_parse(&p, body.data, body.len));
	assert_int_equal(json_array_size(p.events), 1);
	assert_int_equal(p.broken, 1);
	push_finish(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transactions_are_read),
		cmocka_unit_test(deep_nesting_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
