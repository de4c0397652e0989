/* SPDX-License-Identifier: MIT */
/* test_jid.c - XMPP addresses; vectors of SEMANTICS 1.7. */

#include "tests/support/test.h"

#include "bridge/text.h"
#include "protocols/xmpp/jid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
a_list_allows_domains_addresses_and_everybody(void **state UNUSED)
{
	static const char *const list[] = { "example.org", "ann@example.net" };
	static const char *const all[] = { "*" };
	static const struct {
		const char *jid;
		bool allowed;
	} rows[] = {
		{ "bob@example.org/phone", true },
		{ "ann@example.net/desk", true },
		{ "bob@example.net", false },
		{ "bob@sub.example.org", false },
		{ "example.org", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct jid jid;

		assert_true(jid_parse(&jid, rows[i].jid));
		assert_int_equal(jid_allowed(list, 2, &jid), rows[i].allowed);
		assert_true(jid_allowed(all, 1, &jid));
		assert_false(jid_allowed(all, 0, &jid));
	}
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
		cmocka_unit_test(a_list_allows_domains_addresses_and_everybody),
		cmocka_unit_test(a_nick_is_what_can_be_seen_of_a_name),
		cmocka_unit_test(
			a_nick_has_at_most_64_bytes_and_whole_code_points),
		cmocka_unit_test(nicks_alike_to_the_eye_are_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
