/* SPDX-License-Identifier: MIT */
/* test_guess.c - what somebody may have meant. */

#include "tests/support/test.h"

#include "conf/guess.h"

#include <string.h>

static void
slips_of_the_finger_are_counted(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *a, *b;
		size_t distance;
	} cases[] = {
		{ "", "", 0 }, { "", "abc", 3 }, { "abc", "", 3 },
		{ "server", "server", 0 }, { "Server", "server", 0 },
		{ "sever", "server", 1 }, { "serrver", "server", 1 },
		{ "server", "cerver", 1 }, { "esrver", "server", 1 },
		{ "serevr", "server", 1 }, { "abcd", "badc", 2 },
		{ "kitten", "sitting", 3 }, { "ca", "abc", 3 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(guess_distance(cases[i].a, cases[i].b),
				 cases[i].distance);
}

static void
very_long_words_are_infinitely_far_apart(void **state UNUSED)
{
	char word[65];

	memset(word, 'x', 64);
	word[64] = '\0';
	assert_true(guess_distance(word, word) == SIZE_MAX);
	word[63] = '\0';
	assert_int_equal(guess_distance(word, word), 0);
}

static const char *
guess(const char *word)
{
	static const char *const words[] = {
		"server", "secret", "nick", "tls", "puppets", "puppet_idle"
	};
	struct guess g = guess_start(word);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		guess_offer(&g, words[i]);
	return g.best;
}

static void
the_nearest_word_is_guessed_or_none(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *word, *best;
	} cases[] = {
		{ "sever", "server" }, { "secrte", "secret" },
		{ "nik", "nick" }, { "tsl", "tls" }, { "serv", "server" },
		{ "servers", "server" }, { "puppet_idle_time", "puppet_idle" },
		{ "puppet", "puppets" },
		{ "database", NULL }, { "abc", NULL }, { "x", NULL },
		{ "", NULL }, { "log", NULL },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *best = guess(cases[i].word);

		if (!cases[i].best)
			assert_null(best);
		else
			assert_string_equal(best, cases[i].best);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slips_of_the_finger_are_counted),
		cmocka_unit_test(very_long_words_are_infinitely_far_apart),
		cmocka_unit_test(the_nearest_word_is_guessed_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
