/* SPDX-License-Identifier: MIT */
/* test_ticket.c - links to files that only we can make. */

#include "tests/support/test.h"

#include "bridge/base.h"
#include "bridge/media/ticket.h"
#include "bridge/secret.h"
#include "bridge/str.h"

#include <string.h>

static const struct ticket sample = {
	.until_ms = INT64_C(1790000000) * 1000 / 60000 * 60000,
	.tag = 0x123456789abcdef,
	.network = "matrix",
	.item = "example.org/AbCdEf_-0",
};

static struct secret *
key_of(char c)
{
	char bytes[32];

	memset(bytes, c, sizeof(bytes));
	return secret_new(bytes, sizeof(bytes));
}

static void
what_is_written_is_read(void **state UNUSED)
{
	AUTO(secret) key = key_of('k');
	AUTO_STR text = { 0 };
	struct ticket t;

	str_init(&text, 2000);
	ticket_write(&text, &sample, "a b.png", key);
	assert_true(text.len < 110);
	assert_int_equal(strspn(text.data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefgh"
					   "ijklmnopqrstuvwxyz0123456789-_"),
			 text.len);
	assert_true(ticket_read(&t, text.data, "a b.png", key));
	assert_int_equal(t.until_ms, sample.until_ms);
	assert_int_equal(t.tag, sample.tag);
	assert_string_equal(t.network, sample.network);
	assert_string_equal(t.item, sample.item);
}

static void
nobody_else_can_make_one(void **state UNUSED)
{
	AUTO(secret) key = key_of('k');
	AUTO(secret) other = key_of('o');
	AUTO_STR text = { 0 };
	struct ticket t;

	str_init(&text, 2000);
	ticket_write(&text, &sample, "a", key);
	assert_false(ticket_read(&t, text.data, "a", other));
	assert_false(ticket_read(&t, text.data, "b", key));
	assert_int_equal(t.item[0], 0);
	for (size_t i = 0; i < text.len; i++) {
		char was = text.data[i];

		/* The last character may hold bits that count for nothing. */
		text.data[i] = was == 'A' ? 'g' : 'A';
		if (ticket_read(&t, text.data, "a", key))
			assert_int_equal(i, text.len - 1);
		text.data[i] = was;
	}
	while (text.len) {
		str_truncate(&text, text.len - 1);
		assert_false(ticket_read(&t, text.data, "a", key));
	}
}

static void
the_longest_fits(void **state UNUSED)
{
	AUTO(secret) key = key_of('k');
	AUTO_STR text = { 0 };
	struct ticket t = { .until_ms = 60000 };
	struct ticket back;

	memset(t.network, 'n', TICKET_NETWORK_MAX);
	memset(t.item, 'i', TICKET_ITEM_MAX);
	str_init(&text, 2000);
	ticket_write(&text, &t, "a", key);
	assert_true(ticket_read(&back, text.data, "a", key));
	assert_string_equal(back.item, t.item);
}

static void
messages_have_tags(void **state UNUSED)
{
	assert_int_equal(ticket_tag("m", "$1"), ticket_tag("m", "$1"));
	assert_int_not_equal(ticket_tag("m", "$1"), ticket_tag("m", "$2"));
	assert_int_not_equal(ticket_tag("m", "$1"), ticket_tag("n", "$1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(nobody_else_can_make_one),
		cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(messages_have_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
