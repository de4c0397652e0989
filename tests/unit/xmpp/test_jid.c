/* SPDX-License-Identifier: MIT */
/* test_jid.c - XMPP addresses; vectors of SEMANTICS 1.7. */

#include "tests/support/test.h"

#include "bridge/text.h"
#include "protocols/xmpp/jid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_TRIPS 200000

static void
addresses_split_at_the_first_slash_then_the_first_at(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *text, *local, *domain, *resource;
	} cases[] = {
		{ "example.org", "", "example.org", "" },
		{ "a@b", "a", "b", "" },
		{ "a@b/c", "a", "b", "c" },
		{ "b/c@d", "", "b", "c@d" },
		{ "a@b/c/d@e", "a", "b", "c/d@e" },
		{ "A.B@Example.ORG/Res", "a.b", "example.org", "Res" },
		{ "a@example.org.", "a", "example.org", "" },
		{ "a@[::1]/r", "a", "[::1]", "r" },
		{ "#caf=c3=a9%net@gw/N", "#caf=c3=a9%net", "gw", "N" },
		{ "\xc3\x9c@b", "\xc3\x9c", "b", "" },
		{ "a@b/ two  words ", "a", "b", " two  words " },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct jid jid;

		assert_true(jid_parse(&jid, cases[i].text));
		assert_string_equal(jid.local, cases[i].local);
		assert_string_equal(jid.domain, cases[i].domain);
		assert_string_equal(jid.resource, cases[i].resource);
	}
}

static void
what_is_no_address_is_refused(void **state UNUSED)
{
	static const char *const cases[] = {
		"",
		"@",
		"/",
		"@b",
		"a@",
		"a@/c",
		"/c",
		"a@b/",
		"b/",
		".",
		"a@.",
		"a@b@c",
		"a b@c",
		"a\"@b",
		"a&@b",
		"a'@b",
		"a:@b",
		"a<@b",
		"a>@b",
		"a@b c",
		"a@b\n",
		"a\t@b",
		"a@b/c\n",
		"a@b/\x01",
		"a\x7f@b",
		"a@b/\xff",
		"\xc0\xaf@b",
		"a@b/\xc2\x85",
		"a@b/\xef\xbf\xbf",
		"a@b\\c",
		"a@b/\r",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct jid jid;

		if (jid_parse(&jid, cases[i]))
			fail_msg("accepted \"%s\"", cases[i]);
	}
}

static void
no_part_is_longer_than_1023_bytes(void **state UNUSED)
{
	static const struct {
		const char *before, *after;
	} forms[] = { { "", "@b" }, { "a@", "" }, { "a@b/", "" } };
	struct jid jid;
	char part[JID_PART_MAX + 2];
	char text[2 * JID_PART_MAX];

	memset(part, 'x', sizeof(part));
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		for (size_t len = JID_PART_MAX; len < sizeof(part); len++) {
			part[len] = '\0';
			snprintf(text, sizeof(text), "%s%s%s", forms[i].before,
				 part, forms[i].after);
			assert_int_equal(jid_parse(&jid, text),
					 len == JID_PART_MAX);
			part[len] = 'x';
		}
	}
}

static void
an_address_is_put_together_again(void **state UNUSED)
{
	static const char *const cases[] = { "a@b/c", "a@b", "b", "b/c@d/e" };
	struct jid jid;
	char out[64];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = strlen(cases[i]);

		assert_true(jid_parse(&jid, cases[i]));
		assert_true(jid_format(&jid, out, len + 1));
		assert_string_equal(out, cases[i]);
		assert_false(jid_format(&jid, out, len));
	}
}

static void
bare_parts_are_compared_without_the_resource(void **state UNUSED)
{
	assert_int_equal(jid_bare_len("a@b/c/d"), 3);
	assert_int_equal(jid_bare_len("a@b"), 3);
	assert_true(jid_same_bare("a@b/c", "a@b"));
	assert_true(jid_same_bare("a@b/c", "a@b/d"));
	assert_false(jid_same_bare("a@b", "a@bb"));
	assert_false(jid_same_bare("a@b/c", "a@B/c"));
}

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
	char out[JID_PART_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		jid_local_encode(cases[i].name, out, sizeof(out));
		assert_string_equal(out, cases[i].local);
		jid_local_decode(cases[i].local, out, sizeof(out));
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
	char out[JID_PART_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		jid_local_decode(cases[i].local, out, sizeof(out));
		assert_string_equal(out, cases[i].name);
	}
}

static void
decoding_stops_at_the_end_of_its_room(void **state UNUSED)
{
	char out[4];

	jid_local_decode("a=20bcdef", out, sizeof(out));
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
	char local[JID_PART_MAX + 1];

	srand(1);
	for (int i = 0; i < ROUND_TRIPS; i++) {
		size_t len = random_name(name);
		size_t n;

		jid_local_encode(name, local, sizeof(local));
		n = strlen(local);
		assert_int_equal(strcspn(local, " \"&'/:<>@"), n);
		assert_int_equal(strcspn(local, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
				 n);
		for (size_t k = 0; k < n; k++)
			assert_true(local[k] > ' ' && local[k] < 0x7f);
		assert_false(strncmp(local, "\\20", 3) == 0);
		assert_false(n >= 3 && strcmp(local + n - 3, "\\20") == 0);
		jid_local_decode(local, back, sizeof(back));
		assert_memory_equal(back, name, len + 1);
	}
}

static void
too_long_or_empty_names_become_a_hash(void **state UNUSED)
{
	char name[1000];
	char local[JID_PART_MAX + 1];

	jid_local_encode("", local, sizeof(local));
	assert_string_equal(local, "=z4oymiquy7qobjgx36tejs35zeqt24qpemsnzgtfes"
				   "wmrw6csxbkq");
	memset(name, 'a', sizeof(name));
	name[959] = '\0';
	jid_local_encode(name, local, sizeof(local));
	assert_string_equal(local, name);
	name[959] = 'a';
	name[960] = '\0';
	jid_local_encode(name, local, sizeof(local));
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
	struct jid jid;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = strlen(cases[i].address);

		assert_true(jid_of_person(cases[i].id, cases[i].network, "gw",
					  out, len + 1));
		assert_string_equal(out, cases[i].address);
		assert_false(jid_of_person(cases[i].id, cases[i].network, "gw",
					   out, len));
		assert_true(jid_parse(&jid, cases[i].address));
		assert_true(jid_person(jid.local, id, sizeof(id), network,
				       sizeof(network)));
		assert_string_equal(id, cases[i].id);
		assert_string_equal(network, cases[i].network);
	}
}

static void
local_parts_that_name_nobody_are_refused(void **state UNUSED)
{
	char id[4];
	char network[4];

	assert_false(jid_person("", id, 4, network, 4));
	assert_false(jid_person("ann", id, 4, network, 4));
	assert_false(jid_person("%net", id, 4, network, 4));
	assert_false(jid_person("ann%", id, 4, network, 4));
	assert_false(jid_person("anna%net", id, 4, network, 4));
	assert_false(jid_person("ann%netw", id, 4, network, 4));
	assert_true(jid_person("a=20n%net", id, 4, network, 4));
	assert_string_equal(id, "a n");
}

static void
a_nick_is_what_can_be_seen_of_a_name(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *name;
		unsigned attempt;
		const char *nick;
	} cases[] = {
		{ "Ann", 0, "Ann" },
		{ "Ann", 1, "Ann (2)" },
		{ "Ann", 2, "Ann (3)" },
		{ "  Ann \xc2\xa0 B.\xe3\x80\x80", 0, "Ann B." },
		{ "A\x02nn\x7f\x03", 0, "Ann" },
		{ "A\xe2\x80\xaenn\xe2\x80\x8b", 0, "Ann" },	/* RLO, ZWSP */
		{ "A\xff" "nn\xef\xbf\xbd", 0, "Ann" },
		{ "\xef\xa3\xbf" "Ann", 0, "Ann" },		/* private */
		{ "\xf3\xa0\x81\x81" "Ann", 0, "Ann" },		/* tag */
		{ "\xe2\x80\xa8" "Ann\xe2\x80\xa9", 0, "Ann" },	/* LS, PS */
		{ "\xf0\x9f\x98\x80", 0, "\xf0\x9f\x98\x80" },
		{ "", 0, "udgzfqv" },
		{ " \x01\xe2\x80\x8b ", 0, "udgzfqv" },
		{ "", 1, "udgzfqv (2)" },
	};
	/* clang-format on */
	char out[JID_PART_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		jid_nick_from_name(cases[i].name, "seed", cases[i].attempt, out,
				   sizeof(out));
		assert_string_equal(out, cases[i].nick);
	}
}

static void
a_nick_has_at_most_64_bytes_and_whole_code_points(void **state UNUSED)
{
	char name[300] = "";
	char out[65];

	for (int i = 0; i < 70; i++)
		memcpy(name + 3 * i, i % 10 == 9 ? "   " : "\xe2\x82\xac", 3);
	for (unsigned attempt = 0; attempt < 1200; attempt += 13) {
		size_t len;

		jid_nick_from_name(name, "s", attempt, out, sizeof(out));
		len = strlen(out);
		assert_true(len <= 64 && len > 55);
		assert_true(utf8_valid(out, len));
		assert_null(strstr(out, "  "));
		assert_true(out[len - 1] != ' ');
	}
	jid_nick_from_name("Ann", "s", UINT32_MAX, out, sizeof(out));
	assert_string_equal(out, "Ann (4294967295)");
}

static void
nicks_alike_to_the_eye_are_alike(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *a, *b;
		bool alike;
	} cases[] = {
		{ "Ann", "aNN", true },
		{ " Ann  B ", "ann b", true },
		{ "ann\xc2\xa0" "b", "ann b", true },
		{ "annb", "ann b", false },
		{ "ann", "anna", false },
		{ "", "  ", true },
		{ "", "a", false },
		{ "[x]", "{x}", false },
		{ "\xc3\xa9", "\xc3\xa9", true },
		{ "\xc3\xa9", "\xc3\xa8", false },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(jid_nicks_alike(cases[i].a, cases[i].b),
				 cases[i].alike);
		assert_int_equal(jid_nicks_alike(cases[i].b, cases[i].a),
				 cases[i].alike);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			addresses_split_at_the_first_slash_then_the_first_at),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(no_part_is_longer_than_1023_bytes),
		cmocka_unit_test(an_address_is_put_together_again),
		cmocka_unit_test(bare_parts_are_compared_without_the_resource),
		cmocka_unit_test(names_become_local_parts_and_back),
		cmocka_unit_test(
			what_the_encoder_never_writes_is_read_as_it_is),
		cmocka_unit_test(decoding_stops_at_the_end_of_its_room),
		cmocka_unit_test(any_bytes_become_a_local_part_and_back),
		cmocka_unit_test(too_long_or_empty_names_become_a_hash),
		cmocka_unit_test(a_person_has_an_address_on_our_domain),
		cmocka_unit_test(local_parts_that_name_nobody_are_refused),
		cmocka_unit_test(a_nick_is_what_can_be_seen_of_a_name),
		cmocka_unit_test(
			a_nick_has_at_most_64_bytes_and_whole_code_points),
		cmocka_unit_test(nicks_alike_to_the_eye_are_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
