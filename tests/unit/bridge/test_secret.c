/* SPDX-License-Identifier: MIT */
/* test_secret.c - secrets keep what they are given and lose it when told. */

#include "tests/support/test.h"

#include "bridge/secret.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
a_secret_is_revealed_whole(void **state UNUSED)
{
	char bytes[] = "pa\0ss";
	AUTO(secret) s = secret_new(bytes, 5);

	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(secret_len(s), 5);
	assert_memory_equal(secret_reveal(s), "pa\0ss", 6);
}

static void
a_secret_may_be_empty_or_larger_than_a_page(void **state UNUSED)
{
	static char big[100000];
	AUTO(secret) empty = secret_new("", 0);

	memset(big, 'k', sizeof(big));

	AUTO(secret) large = secret_new(big, sizeof(big));

	assert_string_equal(secret_reveal(empty), "");
	assert_int_equal(secret_len(empty), 0);
	assert_memory_equal(secret_reveal(large), big, sizeof(big));
	assert_int_equal(secret_reveal(large)[sizeof(big)], '\0');
}

static void
no_secret_is_no_bytes(void **state UNUSED)
{
	assert_null(secret_reveal(NULL));
	assert_int_equal(secret_len(NULL), 0);
	secret_free(NULL);
}

static void
wiping_leaves_nothing(void **state UNUSED)
{
	char copy[] = "hunter2";

	secret_wipe(copy, sizeof(copy));
	for (size_t i = 0; i < sizeof(copy); i++)
		assert_int_equal(copy[i], 0);
}

/* The line "VmFlags:" of the mapping that holds ptr. */
static void
flags_of(const void *ptr, char *line, size_t size)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	bool inside = false;

	assert_non_null(maps);
	*line = '\0';
	while (fgets(line, (int)size, maps)) {
		uintptr_t from = 0;
		uintptr_t to = 0;

		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
			inside = (uintptr_t)ptr >= from && (uintptr_t)ptr < to;
		else if (inside && !strncmp(line, "VmFlags:", 8))
			break;
	}
	fclose(maps);
}

static void
a_secret_stays_out_of_core_dumps(void **state UNUSED)
{
	AUTO(secret) s = secret_new("pass", 4);
	char line[512];

	if (access("/proc/self/smaps", R_OK) < 0)
		skip();
	flags_of(secret_reveal(s), line, sizeof(line));
	assert_non_null(strstr(line, " dd"));
}

static void
a_secret_is_told_from_all_other_texts(void **state UNUSED)
{
	AUTO(secret) s = secret_new("abc", 3);

	assert_true(secret_is(s, "abc"));
	assert_false(secret_is(s, "abd"));
	assert_false(secret_is(s, "bbc"));
	assert_false(secret_is(s, "ab"));
	assert_false(secret_is(s, "abcabc"));
	assert_false(secret_is(s, ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_told_from_all_other_texts),
		cmocka_unit_test(a_secret_is_revealed_whole),
		cmocka_unit_test(a_secret_may_be_empty_or_larger_than_a_page),
		cmocka_unit_test(no_secret_is_no_bytes),
		cmocka_unit_test(wiping_leaves_nothing),
		cmocka_unit_test(a_secret_stays_out_of_core_dumps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
