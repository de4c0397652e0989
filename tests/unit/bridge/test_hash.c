/* SPDX-License-Identifier: MIT */
/* test_hash.c - the seeded hash, and uthash upon it. */

#include "tests/support/test.h"

#include "bridge/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
it_is_siphash_1_3(void **state UNUSED)
{
	/*
	 * The first is what the reference implementation gives for no bytes
	 * under the key 00 01 ... 0f. Those under the key of zeros are what
	 * CPython 3.11 (sys.hash_info.algorithm "siphash13") says with
	 * PYTHONHASHSEED=0, but for the empty one, which is the reference's.
	 */
	/* clang-format off */
	static const struct {
		struct hash_key key;
		const char *bytes;
		uint64_t hash;
	} cases[] = {
		{ { 0x0706050403020100, 0x0f0e0d0c0b0a0908 }, "",
		  0xabac0158050fc4dc },
		{ { 0, 0 }, "", 0xd1fba762150c532c },
		{ { 0, 0 }, "a", 0x407448d2b89b1813 },
		{ { 0, 0 }, "lobby@", 0x358e5cd93fad52f7 },
		{ { 0, 0 }, "12345678", 0x3489982430560a87 },
		{ { 0, 0 }, "the quick brown fox jumps", 0x00c98b97e4f70042 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(hash_bytes_with_key(cases[i].key,
						     cases[i].bytes,
						     strlen(cases[i].bytes)),
				 cases[i].hash);
}

static void
equal_bytes_have_equal_hashes(void **state UNUSED)
{
	char copy[] = "ann";

	assert_int_equal(hash_bytes("ann", 3), hash_bytes(copy, 3));
	assert_int_equal(hash_bytes("ann!", 3), hash_bytes(copy, 3));
}

static void
the_key_is_not_zero(void **state UNUSED)
{
	struct hash_key zero = { 0, 0 };
	int same = 0;

	/* By chance one in 2^32 agrees; not four. */
	for (const char *p = "abcd"; *p; p++)
		same += hash_bytes(p, 1) ==
			(uint32_t)hash_bytes_with_key(zero, p, 1);
	assert_true(same < 4);
}

struct entry {
	char name[16];
	UT_hash_handle hh;
};

static void
a_table_finds_what_was_put_in(void **state UNUSED)
{
	struct entry *table = NULL;
	struct entry *entry;
	struct entry *next;

	for (int i = 0; i < 1000; i++) {
		entry = xcalloc(1, sizeof(*entry));
		snprintf(entry->name, sizeof(entry->name), "nick%d", i);
		HASH_ADD_STR(table, name, entry);
	}
	assert_int_equal(HASH_COUNT(table), 1000);
	HASH_FIND_STR(table, "nick777", entry);
	assert_non_null(entry);
	assert_string_equal(entry->name, "nick777");
	HASH_FIND_STR(table, "nick1000", entry);
	assert_null(entry);
	HASH_ITER(hh, table, entry, next)
	{
		HASH_DEL(table, entry);
		free(entry);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_siphash_1_3),
		cmocka_unit_test(equal_bytes_have_equal_hashes),
		cmocka_unit_test(the_key_is_not_zero),
		cmocka_unit_test(a_table_finds_what_was_put_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
