/* SPDX-License-Identifier: MIT */
/* test_backlog.c - what waits to be written to the server. */

#include "tests/support/test.h"

#include "protocols/xmpp/backlog.h"

#include <stdlib.h>
#include <string.h>

/* n texts of so many bytes each, numbered at their beginning. */
static void
add(struct backlog *b, size_t n, size_t bytes)
{
	for (size_t i = 0; i < n; i++) {
		struct str *end = backlog_end(b);
		size_t len = end->len + bytes;

		str_printf(end, "%06zu", i);
		while (end->len < len)
			str_add_char(end, '.');
	}
}

static void
an_empty_one_holds_nothing(void **state UNUSED)
{
	struct backlog b = { 0 };

	assert_null(backlog_first(&b));
	assert_int_equal(backlog_bytes(&b), 0);
	backlog_drop_all(&b);
	backlog_finish(&b);
}

static void
all_comes_out_once_whole_and_in_order(void **state UNUSED)
{
	struct backlog b = { 0 };
	size_t next = 0, pieces = 0;

	add(&b, 3000, 100);
	assert_int_equal(backlog_bytes(&b), 300000);
	for (; backlog_first(&b); backlog_drop_first(&b), pieces++) {
		const struct str *piece = backlog_first(&b);

		assert_int_equal(piece->len % 100, 0);
		for (size_t at = 0; at < piece->len; at += 100)
			assert_int_equal(strtoul(piece->data + at, NULL, 10),
					 next++);
	}
	assert_int_equal(next, 3000);
	assert_int_equal(backlog_bytes(&b), 0);
	assert_in_range(pieces, 2, 10);
	backlog_finish(&b);
}

static void
it_knows_its_size_while_it_changes(void **state UNUSED)
{
	struct backlog b = { 0 };
	size_t in = 0, out = 0;

	for (size_t round = 0; round < 50; round++) {
		add(&b, 1, 30000);
		in += 30000;
		assert_int_equal(backlog_bytes(&b), in - out);
		if (round % 3)
			continue;
		out += backlog_first(&b)->len;
		backlog_drop_first(&b);
		assert_int_equal(backlog_bytes(&b), in - out);
	}
	backlog_drop_all(&b);
	assert_int_equal(backlog_bytes(&b), 0);
	backlog_finish(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_holds_nothing),
		cmocka_unit_test(all_comes_out_once_whole_and_in_order),
		cmocka_unit_test(it_knows_its_size_while_it_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
