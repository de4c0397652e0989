/* SPDX-License-Identifier: MIT */
/* test_escape.c - names as local parts; vectors of SEMANTICS 1.7. */

#include "tests/support/test.h"

#include "conf/escape.h"

#include <stdlib.h>
#include <string.h>

#define ROUND_TRIPS 200000

static void
names_become_local_parts_and_back(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *name, *local;
	} cases[] = {
		{ "#foo", "#foo" },
		{ "#b@byfoot", "#b\\40byfoot" },
		{ "#c++", "#c++" },
		{ "#a{b}^", "#a{b}^" },
		{ "#a{b}~", "#a{b}~" },
		{ "#caf\xc3\xa9", "#caf=c3=a9" },
		{ "#x%y", "#x%y" },
		{ "nick\\20", "nick\\5c20" },
		{ "#50=50", "#50=3d50" },
		{ "@Alice:example.org", "\\40=41lice\\3aexample.org" },
		{ "#room:example.org", "#room\\3aexample.org" },
		{ "home/Kitchen/temp", "home\\2f=4bitchen\\2ftemp" },
		{ "a b/c+d", "a\\20b\\2fc+d" },
		{ " a b ", "=20a\\20b=20" },
		{ " ", "=20" },
		{ "\"&'<>", "\\22\\26\\27\\3c\\3e" },
		{ "\\", "\\" },
		{ "\\2", "\\2" },
		{ "\\5c", "\\5c5c" },
		{ "\\5C", "\\5=43" },
		{ "\\\\20", "\\\\5c20" },
		{ "=3d", "=3d3d" },
		{ "\x01\x7f", "=01=7f" },
	};
	/* clang-format on */
	char out[ESCAPED_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		escape_write(cases[i].name, out, sizeof(out));
		assert_string_equal(out, cases[i].local);
		(void)escape_read(cases[i].local, strlen(cases[i].local), out,
				  sizeof(out));
		assert_string_equal(out, cases[i].name);
	}
}

static void
what_the_encoder_never_writes_is_read_as_it_is(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *local, *name;
	} cases[] = {
		{ "=", "=" }, { "=4", "=4" }, { "=zz", "=zz" },
		{ "=61", "=61" }, { "=C3", "=C3" }, { "=00", "=00" },
		{ "\\", "\\" }, { "\\2", "\\2" }, { "\\2F", "\\2F" },
		{ "\\41", "\\41" }, { "\\5c20", "\\20" }, { "=41=5a", "AZ" },
		{ "=40", "=40" }, { "=5b", "=5b" }, { "\xc3\xa9", "\xc3\xa9" },
	};
	/* clang-format on */
	char out[ESCAPED_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		(void)escape_read(cases[i].local, strlen(cases[i].local), out,
				  sizeof(out));
		assert_string_equal(out, cases[i].name);
	}
}

static void
decoding_stops_at_the_end_of_its_room(void **state UNUSED)
{
	char out[4];

	(void)escape_read("a=20bcdef", strlen("a=20bcdef"), out, sizeof(out));
	assert_string_equal(out, "a b");
}

/* A name of 1 to 40 bytes, of those that mean something or of any. */
static size_t
random_name(char *name)
{
	static const char telling[] = "aA=_\\250cf/@ \"%#[]~^|{}:-."
				      "\xc3\xa9\x7f\x01";
	size_t len = 1 + (size_t)rand() % 40;
	bool any = rand() % 2;

	for (size_t i = 0; i < len; i++)
		name[i] = any ? (char)(1 + rand() % 255)
			      : telling[(size_t)rand() % (sizeof(telling) - 1)];
	name[len] = '\0';
	return len;
}

static void
any_bytes_become_a_local_part_and_back(void **state UNUSED)
{
	char name[64];
	char back[64];
	char local[ESCAPED_MAX + 1];

	srand(1);
	for (int i = 0; i < ROUND_TRIPS; i++) {
		size_t len = random_name(name);
		size_t n;

		escape_write(name, local, sizeof(local));
		n = strlen(local);
		assert_int_equal(strcspn(local, " \"&'/:<>@"), n);
		assert_int_equal(strcspn(local, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
				 n);
		for (size_t k = 0; k < n; k++)
			assert_true(local[k] > ' ' && local[k] < 0x7f);
		assert_false(strncmp(local, "\\20", 3) == 0);
		assert_false(n >= 3 && strcmp(local + n - 3, "\\20") == 0);
		(void)escape_read(local, strlen(local), back, sizeof(back));
		assert_memory_equal(back, name, len + 1);
	}
}

static void
too_long_or_empty_names_become_a_hash(void **state UNUSED)
{
	char name[1000];
	char local[ESCAPED_MAX + 1];

	escape_write("", local, sizeof(local));
	assert_string_equal(local, "=z4oymiquy7qobjgx36tejs35zeqt24qpemsnzgtfes"
				   "wmrw6csxbkq");
	memset(name, 'a', sizeof(name));
	name[959] = '\0';
	escape_write(name, local, sizeof(local));
	assert_string_equal(local, name);
	name[959] = 'a';
	name[960] = '\0';
	escape_write(name, local, sizeof(local));
	assert_int_equal(strlen(local), 54);
	assert_memory_equal(local, "=z", 2);
}

static void
a_person_has_an_address_on_our_domain(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *id, *network, *address;
	} cases[] = {
		{ "ann", "libera", "ann%libera@gw" },
		{ "#x%y", "libera", "#x%y%libera@gw" },
		{ "@Alice:example.org", "mx",
		  "\\40=41lice\\3aexample.org%mx@gw" },
	};
	/* clang-format on */
	char out[128];
	char id[64];
	char network[64];
	char *local;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = strlen(cases[i].address);

		assert_true(escape_person(cases[i].id, cases[i].network, "gw",
					  out, len + 1));
		assert_string_equal(out, cases[i].address);
		assert_false(escape_person(cases[i].id, cases[i].network, "gw",
					   out, len));
		local = strndup(cases[i].address,
				strcspn(cases[i].address, "@"));
		assert_true(escape_read_person(local, id, sizeof(id), network,
					       sizeof(network)));
		assert_string_equal(id, cases[i].id);
		assert_string_equal(network, cases[i].network);
		free(local);
	}
}

static void
local_parts_that_name_nobody_are_refused(void **state UNUSED)
{
	char id[4];
	char network[4];

	assert_false(escape_read_person("", id, 4, network, 4));
	assert_false(escape_read_person("ann", id, 4, network, 4));
	assert_false(escape_read_person("%net", id, 4, network, 4));
	assert_false(escape_read_person("ann%", id, 4, network, 4));
	assert_false(escape_read_person("anna%net", id, 4, network, 4));
	assert_false(escape_read_person("ann%netw", id, 4, network, 4));
	assert_true(escape_read_person("a=20n%net", id, 4, network, 4));
	assert_string_equal(id, "a n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_become_local_parts_and_back),
		cmocka_unit_test(
			what_the_encoder_never_writes_is_read_as_it_is),
		cmocka_unit_test(decoding_stops_at_the_end_of_its_room),
		cmocka_unit_test(any_bytes_become_a_local_part_and_back),
		cmocka_unit_test(too_long_or_empty_names_become_a_hash),
		cmocka_unit_test(a_person_has_an_address_on_our_domain),
		cmocka_unit_test(local_parts_that_name_nobody_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
