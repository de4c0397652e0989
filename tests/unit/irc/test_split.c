/* SPDX-License-Identifier: MIT */
/* test_split.c - long texts in pieces that fit. */

#include "tests/support/test.h"

#include "bridge/text.h"
#include "protocols/irc/format.h"
#include "protocols/irc/line.h"

#include <stdbool.h>
#include <string.h>

#define B "\x02"
#define O "\x0f"
#define MORE " [\xe2\x80\xa6]"

struct got {
	struct str pieces; /* a "|" after each */
	size_t n, longest;
};

static void
collect(void *arg, const char *piece, size_t len)
{
	struct got *got = arg;

	str_add_n(&got->pieces, piece, len);
	str_add_char(&got->pieces, '|');
	got->n++;
	if (len > got->longest)
		got->longest = len;
}

static void
text_is_cut_at_lines_and_words(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		size_t room;
		unsigned lines_max;
		const char *first, *prefix, *text, *pieces;
		size_t left;
	} cases[] = {
		{ 20, 0, "", "", "a\nb", "a|b|", 0 },
		{ 20, 0, "", "", "\n\na\n\n\nb\n", "a|b|", 0 },
		{ 20, 0, "", "", "", "", 0 },
		{ 20, 0, "", "", "\n\n", "", 0 },
		{ 16, 0, "", "", "hello there w\xc3\xb6rld, this is a longer line",
		  "hello there |w\xc3\xb6rld, this is |a longer line|", 0 },
		{ 10, 0, "", "", "0123456789", "0123456789|", 0 },
		{ 10, 0, "", "", "01234567890", "0123456789|0|", 0 },
		{ 10, 0, "", "", "a 234567890", "a 23456789|0|", 0 },
		/* A character that does not fit whole goes on. */
		{ 4, 0, "", "", "abc\xc3\xbc", "abc|\xc3\xbc|", 0 },
		{ 3, 0, "", "", "e\xcc\x81" "e\xcc\x81", "e\xcc\x81|e\xcc\x81|", 0 },
		{ 10, 0, "<ann> ", "... ", "0123456789",
		  "<ann> 0123|... 456789|", 0 },
		{ 10, 0, "<ann> ", "", "ab\ncd", "<ann> ab|cd|", 0 },
		/* The last piece allowed says that there is more. */
		{ 20, 1, "", "", "a\nb", "a" MORE "|", 1 },
		{ 20, 2, "", "", "a\nb", "a|b|", 0 },
		{ 20, 2, "", "", "a\nb\n\n", "a|b|", 0 },
		{ 20, 2, "", "", "a\nb\nc", "a|b" MORE "|", 1 },
		{ 12, 1, "", "", "aaa bbb ccc ddd", "aaa" MORE "|", 11 },
		{ 12, 1, "", "", "aaabbbcccddd", "aaabbbcccddd|", 0 },
		{ 12, 1, "", "", "aaabbbcccdddd", "aaabbb" MORE "|", 7 },
		/* No room at all: nothing is better than too much. */
		{ 0, 0, "", "", "abc", "", 3 },
		{ 1, 0, "", "", "a\xc3\xbc" "b", "a|", 3 },
		{ 3, 0, "<ann> ", "", "abcdef", "abc|def|", 0 },
		{ 3, 1, "", "", "abcdef", "abc|", 3 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text text = { cases[i].text, strlen(cases[i].text), NULL,
				     0 };
		struct irc_cut cut = { cases[i].room, cases[i].lines_max,
				       cases[i].first, cases[i].prefix, true };
		struct got got = { .n = 0 };

		str_init(&got.pieces, 10000);
		assert_int_equal(irc_format_write(&text, &cut, collect, &got),
				 cases[i].left);
		assert_string_equal(got.pieces.data, cases[i].pieces);
		assert_true(got.longest <= cases[i].room);
		str_finish(&got.pieces);
	}
}

static void
styles_close_and_open_again_at_a_cut(void **state UNUSED)
{
	const struct span spans[] = {
		{ 2, 12, SPAN_BOLD, SPAN_NO_COLOR, SPAN_NO_COLOR, NULL, NULL },
	};
	const struct text text = { "a bbbbbbbbbbbb c", 16, spans, 1 };
	const struct irc_cut cut = { 8, 0, "", "", true };
	struct got got = { .n = 0 };

	str_init(&got.pieces, 1000);
	assert_int_equal(irc_format_write(&text, &cut, collect, &got), 0);
	assert_string_equal(got.pieces.data, "a " B "bbbb" O "|" B "bbbbbb" O
					     "|" B "bb" O " c|");
	str_finish(&got.pieces);
}

static void
codes_are_given_up_where_they_leave_no_room(void **state UNUSED)
{
	const struct span spans[] = {
		{ 0, 4, SPAN_BOLD, 0x30ff90, SPAN_NO_COLOR, NULL, NULL },
	};
	const struct text text = { "abcd", 4, spans, 1 };
	const struct irc_cut cut = { 4, 0, "", "", true };
	struct got got = { .n = 0 };

	str_init(&got.pieces, 1000);
	assert_int_equal(irc_format_write(&text, &cut, collect, &got), 0);
	assert_string_equal(got.pieces.data, "abcd|");
	str_finish(&got.pieces);
}

/* Joined, the pieces are the text; each is whole UTF-8 and fits. */
static void
join(void *arg, const char *piece, size_t len)
{
	assert_true(utf8_valid(piece, len));
	str_add_n(arg, piece, len);
}

static void
pieces_join_to_the_text(void **state UNUSED)
{
	static const char *const parts[] = {
		"a",
		"b ",
		" ",
		"\xc3\xa9",
		"\xe6\x97\xa5",
		"\xf0\x9f\xa7\x9b",
		"\xf0\x9f\x8f\xbe",
		"\xe2\x80\x8d",
		"e\xcc\x81",
		"\xe2\x9d\xa4\xef\xb8\x8f",
	};
	unsigned random = 3;

	for (size_t room = 4; room < 60; room += 3) {
		struct irc_cut cut = { room, 0, "", "", true };
		struct text text;
		AUTO_STR whole;
		AUTO_STR joined;

		str_init(&whole, 100000);
		str_init(&joined, 100000);
		for (int i = 0; i < 300; i++) {
			random = random * 1103515245 + 12345;
			str_add(&whole,
				parts[(random >> 16) % ARRAY_SIZE(parts)]);
		}
		text = (struct text){ whole.data, whole.len, NULL, 0 };
		assert_int_equal(irc_format_write(&text, &cut, join, &joined),
				 0);
		assert_string_equal(joined.data, whole.data);
	}
}

static void
a_megabyte_is_cut_in_good_time(void **state UNUSED)
{
	const struct irc_cut cut = { 400, 3, "", "", true };
	struct got got = { .n = 0 };
	struct text text;
	AUTO_STR s;

	str_init(&s, 1 << 20);
	for (int i = 0; i < 1 << 20; i++)
		str_add_char(&s, i % 7 ? 'x' : ' ');
	text = (struct text){ s.data, s.len, NULL, 0 };
	str_init(&got.pieces, 10000);
	assert_true(irc_format_write(&text, &cut, collect, &got) > 1000000);
	assert_int_equal(got.n, 3);
	str_finish(&got.pieces);
}

static void
the_room_leaves_space_for_our_prefix(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *nick, *user, *host, *command, *target;
		size_t room;
	} cases[] = {
		{ "alice[x]", "~u", "gateway.example.org", "PRIVMSG", "#chan",
		  462 },
		{ "aaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbb",
		  "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
		  "PRIVMSG", "#ddddddddddddddddddddddddddddddd", 361 },
		{ "a", "b", "c", "NOTICE", "d", 493 },
		{ "a", NULL, NULL, "NOTICE", "d", 421 },
		{ NULL, NULL, NULL, "NOTICE", "d", 392 },
	};
	/* clang-format on */
	char endless[600];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(irc_text_room(cases[i].nick, cases[i].user,
					       cases[i].host, cases[i].command,
					       cases[i].target),
				 cases[i].room);

	memset(endless, 'x', sizeof(endless));
	endless[sizeof(endless) - 1] = '\0';
	assert_int_equal(irc_text_room("a", "b", "c", "PRIVMSG", endless), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_cut_at_lines_and_words),
		cmocka_unit_test(styles_close_and_open_again_at_a_cut),
		cmocka_unit_test(codes_are_given_up_where_they_leave_no_room),
		cmocka_unit_test(pieces_join_to_the_text),
		cmocka_unit_test(a_megabyte_is_cut_in_good_time),
		cmocka_unit_test(the_room_leaves_space_for_our_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
