/* SPDX-License-Identifier: MIT */
/* test_nick.c - nicks and user names out of names. */

#include "tests/support/test.h"

#include "protocols/irc/casemap.h"

#include <stdio.h>
#include <string.h>

static void
a_name_becomes_a_nick(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *name, *seed;
		unsigned attempt, nicklen;
		const char *nick;
	} cases[] = {
		{ "Alice", "a@x", 0, 30, "Alice" },
		{ "Ünal Özgür", "u@x", 0, 30, "Unal_Ozgur" },
		{ "3PO", "c@x", 0, 30, "_3PO" },
		{ "-dash", "c@x", 0, 30, "_-dash" },
		{ "日本", "j@x", 0, 30, "ug2v6g5" },
		{ "", "j@x", 0, 30, "ug2v6g5" },
		{ " _ _ ", "j@x", 0, 30, "ug2v6g5" },
		{ "averyveryverylongdisplayname here", "l@x", 0, 13,
		  "averyveryvery" },
		{ "Alice", "b@x", 1, 30, "Alice2" },
		{ "Alice", "b@x", 8, 30, "Alice9" },
		{ "日本", "j@x", 9, 30, "ug2v6g5-g2v6" },
		{ "日本", "j@x", 10, 30, "ug2v6g5-g2v6g" },
		{ "日本", "j@x", 11, 30, "ug2v6g5-g2v6g5" },
		{ "averyverylong", "j@x", 1, 9, "averyver2" },
		{ "averyverylong", "j@x", 9, 9, "aver-g2v6" },
		{ "averyverylong", "j@x", 11, 5, "a-g2v" },
		{ "3averyverylong", "j@x", 0, 1, "_" },
		{ "a", "j@x", 3, 0, "a" },
		{ "Jiří Đặng ﬁsh Ｆｕｌｌ １２", "x", 0, 50,
		  "Jiri_ang_fish_Full_12" },
		{ "𝓐𝓵𝓲𝓬𝓮 Ⓑⓞⓑ", "x", 0, 50, "Alice_Bob" },
		{ "a:b,c!d@e*f?g#h&i.j$k", "x", 0, 50, "abcdefghijk" },
		{ "a\r\nQUIT :x\x01\x02\x03", "x", 0, 50, "aQUIT_x" },
		{ "[\\]^`{|}-_x", "x", 0, 50, "[\\]^`{|}-_x" },
		{ "%s%n", "x", 0, 50, "sn" },
		{ "\xff\xfe" "a\xc3", "x", 0, 50, "a" },
		{ "e\xcc\x81t\xc3\xa9", "x", 0, 50, "ete" },
		{ "Straße Øre", "x", 0, 50, "Strae_re" },
		{ "Ǆ ŉ ẚ ẞ", "x", 0, 50, "DZ_n_a" },
	};
	/* clang-format on */
	char nick[64];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		irc_nick_from_name(cases[i].name, cases[i].seed,
				   cases[i].attempt, cases[i].nicklen, nick,
				   sizeof(nick));
		assert_string_equal(nick, cases[i].nick);
	}
}

/* Names of one to three characters out of what makes trouble. */
static void
every_nick_is_a_nick_and_fits(void **state UNUSED)
{
	static const char *const parts[] = {
		"", "a", "_", "-", "7", " ", "ü", "日", "\xff", ":", "#", "[x]"
	};
	const size_t n = ARRAY_SIZE(parts);
	struct irc_isupport is;

	irc_isupport_init(&is);
	for (size_t i = 0; i < n * n * n; i++) {
		char name[32], nick[24];

		snprintf(name, sizeof(name), "%s%s%s", parts[i % n],
			 parts[i / n % n], parts[i / n / n]);
		for (unsigned attempt = 0; attempt < 100; attempt += 7) {
			unsigned nicklen = 5 + attempt % 20;

			irc_nick_from_name(name, "seed", attempt, nicklen, nick,
					   sizeof(nick));
			assert_true(irc_is_nick(&is, nick));
			assert_true(strlen(nick) <= nicklen);
			assert_false(*nick == '-' ||
				     (*nick >= '0' && *nick <= '9'));
		}
	}
}

static void
attempts_differ(void **state UNUSED)
{
	char nicks[40][32];

	for (unsigned i = 0; i < 40; i++) {
		irc_nick_from_name("averyverylongname", "seed", i, 9, nicks[i],
				   sizeof(nicks[i]));
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(nicks[i], nicks[k]);
	}
}

static void
a_small_buffer_cuts(void **state UNUSED)
{
	char nick[4];

	irc_nick_from_name("Alice", "x", 0, 30, nick, sizeof(nick));
	assert_string_equal(nick, "Ali");
	irc_nick_from_name("Alice", "x", 1, 30, nick, sizeof(nick));
	assert_string_equal(nick, "Al2");
	irc_user_from_name("alice", 30, nick, sizeof(nick));
	assert_string_equal(nick, "ali");
}

static void
a_name_becomes_a_user_name(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *name;
		unsigned max;
		const char *user;
	} cases[] = {
		{ "Alice", 10, "alice" },
		{ "Ünal Özgür", 10, "unalozgur" },
		{ "alice.b_c-d@example.org", 30, "alice.b_c-dexample.org" },
		{ "alice", 3, "ali" },
		{ "~root", 10, "root" },
		{ "...", 10, "u" },
		{ "-x", 10, "x" },
		{ "日本", 10, "u" },
		{ "", 10, "u" },
		{ "a\r\n 0 * :b", 10, "a0b" },
	};
	/* clang-format on */
	char user[64];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		irc_user_from_name(cases[i].name, cases[i].max, user,
				   sizeof(user));
		assert_string_equal(user, cases[i].user);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_becomes_a_nick),
		cmocka_unit_test(every_nick_is_a_nick_and_fits),
		cmocka_unit_test(attempts_differ),
		cmocka_unit_test(a_small_buffer_cuts),
		cmocka_unit_test(a_name_becomes_a_user_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
