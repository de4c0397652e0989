/* SPDX-License-Identifier: MIT */
/* test_format.c - formatting codes to spans and back; charsets. */

#include "tests/support/test.h"

#include "bridge/text.h"
#include "protocols/irc/format.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define B "\x02"
#define I "\x1d"
#define U "\x1f"
#define S "\x1e"
#define M "\x11"
#define R "\x16"
#define O "\x0f"
#define K "\x03"
#define H "\x04"

/*
 * A text with spans for people: each span as {letters fg,bg|text}. fg and bg
 * stand there only if set.
 */
static void
show(struct str *out, const struct text *text)
{
	static const char letters[] = "bius\"`>?r";
	size_t at = 0;

	for (size_t i = 0; i < text->n_spans; i++) {
		const struct span *span = &text->spans[i];

		str_add_n(out, text->utf8 + at, span->start - at);
		str_add_char(out, '{');
		for (size_t k = 0; letters[k]; k++) {
			if (span->styles & 1U << k)
				str_add_char(out, letters[k]);
		}
		if (span->fg != SPAN_NO_COLOR)
			str_printf(out, " fg%06x", (unsigned)span->fg);
		if (span->bg != SPAN_NO_COLOR)
			str_printf(out, " bg%06x", (unsigned)span->bg);
		str_add_char(out, '|');
		str_add_n(out, text->utf8 + span->start, span->len);
		str_add_char(out, '}');
		at = span->start + span->len;
	}
	str_add_n(out, text->utf8 + at, text->len - at);
}

static struct text
text_of(const struct text_builder *b)
{
	return (struct text){ b->utf8.data, b->utf8.len, b->spans, b->n_spans };
}

static void
read_shown(struct str *out, const char *codes)
{
	struct text_builder b;
	struct text text;

	text_builder_init(&b, 100000);
	irc_format_read(&b, codes, strlen(codes));
	text = text_of(&b);
	show(out, &text);
	text_builder_finish(&b);
}

static void
codes_become_spans(void **state UNUSED)
{
	/* clang-format off */
	static const char *const cases[][2] = {
		{ "plain", "plain" },
		{ "a" B "b" B "c", "a{b|b}c" },
		{ B "b" I "bi" B "i" I "p", "{b|b}{bi|bi}{i|i}p" },
		{ U "u" O "p", "{u|u}p" },
		{ S "s" S M "m" M R "r", "{s|s}{\"|m}{r|r}" },
		{ B B "x", "x" },
		{ B, "" },
		{ K "4red" K "p", "{ fgff0000|red}p" },
		{ K "04red", "{ fgff0000|red}" },
		{ K "4,1x", "{ fgff0000 bg000000|x}" },
		{ K "4,x", "{ fgff0000|,x}" },
		{ K "4,", "{ fgff0000|,}" },
		{ K ",4x", ",4x" },
		{ K "123", "{ fg0000fc|3}" },
		{ K "4,123", "{ fgff0000 bg0000fc|3}" },
		{ K "4,1a" K "5b", "{ fgff0000 bg000000|a}{ fg7f0000 bg000000|b}" },
		{ K "4,1a" K "99b", "{ fgff0000 bg000000|a}{ bg000000|b}" },
		{ K "4,1a" K "99,99b", "{ fgff0000 bg000000|a}b" },
		{ K "16a" K "98b", "{ fg470000|a}{ fgffffff|b}" },
		{ K "4a" O "b", "{ fgff0000|a}b" },
		{ K "1,1hid" K "x", "{?|hid}x" },
		{ H "ff8C00x" H "y", "{ fgff8c00|x}y" },
		{ H "ff8c00,000001x", "{ fgff8c00 bg000001|x}" },
		{ H "ff8c00,00000x", "{ fgff8c00|,00000x}" },
		{ H "ff8c0", "ff8c0" },
		{ K, "" }, { K "1", "" }, { K "1,", "{ fg000000|,}" }, { H, "" },
		{ "a\x01" "b\x05\x07\x0e\x1b\x7f" "c", "abc" },
		{ "a\tb\nc", "a\tb\nc" },
		{ B "a\nb", "{b|a\nb}" },
		{ "\xc3\xbc" B "\xe6\x97\xa5", "\xc3\xbc{b|\xe6\x97\xa5}" },
		{ O O "x" O, "x" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR shown;

		str_init(&shown, 1000);
		read_shown(&shown, cases[i][0]);
		assert_string_equal(shown.data, cases[i][1]);
	}
}

/* Pieces, a "|" after each. */
static void
collect(void *arg, const char *piece, size_t len)
{
	str_add_n(arg, piece, len);
	str_add_char(arg, '|');
}

static const struct irc_cut wide = { 400, 0, "", "", true };

static void
written(const struct text *text, const struct irc_cut *cut, const char *want)
{
	AUTO_STR got;

	str_init(&got, 10000);
	assert_int_equal(irc_format_write(text, cut, collect, &got), 0);
	assert_string_equal(got.data, want);
}

static void
write_one(const char *s, struct style style, const char *after,
	  const char *want)
{
	struct text_builder b;
	struct text text;

	text_builder_init(&b, 1000);
	text_builder_add(&b, s, strlen(s), style);
	text_builder_add(&b, after, strlen(after), STYLE_PLAIN);
	text = text_of(&b);
	written(&text, &wide, want);
	text_builder_finish(&b);
}

static void
spans_become_codes(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		unsigned styles;
		int32_t fg, bg;
		const char *text, *after, *want;
	} cases[] = {
		{ SPAN_BOLD, -1, -1, "x", "y", B "x" O "y|" },
		{ SPAN_BOLD, -1, -1, "x", "", B "x" O "|" },
		{ SPAN_BOLD | SPAN_ITALIC | SPAN_UNDERLINE, -1, -1, "x", "1",
		  B I U "x" O "1|" },
		{ SPAN_CODE, -1, -1, "x", "", M "x" O "|" },
		{ SPAN_CODE_BLOCK, -1, -1, "a\nb", "", M "a" O "|" M "b" O "|" },
		{ SPAN_SPOILER, -1, -1, "x", "", K "01,01x" O "|" },
		{ SPAN_SPOILER, 0xff0000, -1, "x", "", K "01,01x" O "|" },
		{ SPAN_QUOTE, -1, -1, "a\n\nb", "", "> a|> b|" },
		{ SPAN_QUOTE | SPAN_BOLD, -1, -1, "a", "", "> " B "a" O "|" },
		{ 0, 0xff0000, -1, "x", "", K "04x" O "|" },
		{ 0, 0xff0000, -1, "1", "", K "04" B B "1" O "|" },
		{ 0, 0xff0000, -1, ",1", "", K "04" B B ",1" O "|" },
		{ SPAN_BOLD, 0xff0000, -1, "1", "", K "04" B "1" O "|" },
		{ 0, 0xff0000, 0x000000, "x", "", K "04,01x" O "|" },
		{ 0, -1, 0x470000, "x", "", K "99,16x" O "|" },
		{ 0, 0xfe0101, -1, "x", "", K "04x" O "|" },
		{ 0, 0x30ff90, -1, "x", "", H "30ff90x" O "|" },
		{ 0, 0x30ff90, 0x123456, "x", "", H "30ff90,123456x" O "|" },
		{ 0, 0x000000, 0x010101, "x", "", H "000000,010101x" O "|" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct style style = { cases[i].styles, cases[i].fg,
				       cases[i].bg, NULL, NULL };

		write_one(cases[i].text, style, cases[i].after, cases[i].want);
	}
}

/* codes is what is read; writing it again may say the same more shortly. */
static void
what_was_written_reads_the_same(void **state UNUSED)
{
	/* clang-format off */
	static const char *const cases[] = {
		B "b" I "bi" B "i" I "p",
		K "4,1a" K "5b" K "99c" K "99,99d",
		K "4,1a" K "4,99b" K "1",
		K "4,12" B B "34" K B B "5,6",
		K "4" B B ",1" K B B ",2" K "5,6" B B ",7",
		K "52a" K "88b" K "98c" K "00d",
		H "30ff90a" H "30ff91,654321b" K "1,2c" H "30ff90d" K "99,3e",
		K "99,3e" H "30ff90f" K "99,99g" H "30ff90h",
		K "1,1hid" O "shown" B "x" K "1,1" B "y",
		R "r" M "m" S "s" U "u" O "7",
		H "30ff90" B B "1" H "30ff91" B B ",654321",
		"1" B "2" K "4" B "3" K B B "4" O "5",
		K "4x" K "4,99y",
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text_builder b;
		struct text text;
		AUTO_STR once;
		AUTO_STR piece;
		AUTO_STR twice;

		str_init(&once, 1000);
		str_init(&piece, 1000);
		str_init(&twice, 1000);
		read_shown(&once, cases[i]);
		text_builder_init(&b, 1000);
		irc_format_read(&b, cases[i], strlen(cases[i]));
		text = text_of(&b);
		irc_format_write(&text, &wide, collect, &piece);
		str_truncate(&piece, piece.len - 1);
		read_shown(&twice, piece.data);
		assert_string_equal(twice.data, once.data);
		text_builder_finish(&b);
	}
}

static void
every_palette_colour_survives(void **state UNUSED)
{
	for (int i = 0; i < 99; i++) {
		char codes[16];
		struct text_builder b;
		struct text text;
		int32_t fg;
		AUTO_STR piece;

		snprintf(codes, sizeof(codes), K "%02dx", i);
		str_init(&piece, 100);
		text_builder_init(&b, 100);
		irc_format_read(&b, codes, strlen(codes));
		text = text_of(&b);
		assert_int_equal(text.n_spans, 1);
		fg = text.spans[0].fg;
		irc_format_write(&text, &wide, collect, &piece);
		/* Never the long form: the palette itself is exact. */
		assert_int_equal(piece.data[0], 3);
		str_truncate(&piece, 4);
		text_builder_finish(&b);

		text_builder_init(&b, 100);
		irc_format_read(&b, piece.data, piece.len);
		assert_int_equal(b.spans[0].fg, fg);
		text_builder_finish(&b);
	}
}

static void
without_codes_it_is_plain_text(void **state UNUSED)
{
	const struct span spans[] = {
		{ 1, 2, SPAN_BOLD, 0xff0000, -1, NULL, NULL },
	};
	const struct text text = { "abcd", 4, spans, 1 };
	struct irc_cut cut = wide;

	cut.codes = false;
	written(&text, &cut, "abcd|");
}

static void
no_control_character_gets_out(void **state UNUSED)
{
	for (int c = 0; c < 0x20; c++) {
		char s[] = "aXb";
		struct text text = { s, 3, NULL, 0 };
		char prefix[] = { 'p', (char)c, 0 };
		struct irc_cut cut = wide;
		AUTO_STR got;

		s[1] = (char)c;
		cut.first_prefix = cut.prefix = prefix;
		str_init(&got, 100);
		irc_format_write(&text, &cut, collect, &got);
		assert_null(strpbrk(got.data, "\r\n\x01"));
		assert_int_equal(strlen(got.data), got.len);
	}
}

static void
bytes_become_utf8(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *bytes, *charset, *utf8;
	} cases[] = {
		{ "plain", NULL, "plain" },
		{ "\xc3\xbc", NULL, "\xc3\xbc" },
		{ "\xc3\xbc", "ISO-8859-15", "\xc3\xbc" },
		{ "\xfc", NULL, "\xc3\xbc" },
		{ "\x80", NULL, "\xe2\x82\xac" },
		{ "\x80 \x9f", "no-such-charset", "\xe2\x82\xac \xc5\xb8" },
		{ "\x80", "Windows-1252", "\xe2\x82\xac" },
		{ "\x81\x8d\x8f\x90\x9d", "cp1252",
		  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xa4", "ISO-8859-15", "\xe2\x82\xac" },
		{ "\xcf\xf0\xe8", "CP1251", "\xd0\x9f\xd1\x80\xd0\xb8" },
		{ "a\xff" "b", "UTF-8", "a\xef\xbf\xbd" "b" },
		{ "\x82\xa0\x82", "SHIFT_JIS", "\xe3\x81\x82\xef\xbf\xbd" },
		/* Cut by the server in the middle of a character. */
		{ "\xc3\xbc \xe6\x97", NULL, "\xc3\xbc " },
		{ "\xc3\xbc \xe6", NULL, "\xc3\xbc " },
		{ "\xc3\xbc \xf0\x9f\x92", NULL, "\xc3\xbc " },
		{ "caf\xe9", NULL, "caf\xc3\xa9" },
		{ "", NULL, "" },
		{ "\xe9", NULL, "\xc3\xa9" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR out;

		str_init(&out, 1000);
		irc_charset_read(&out, cases[i].bytes, strlen(cases[i].bytes),
				 cases[i].charset);
		assert_string_equal(out.data, cases[i].utf8);
	}
}

static void
every_byte_becomes_valid_utf8(void **state UNUSED)
{
	static const char *const charsets[] = {
		NULL, "ISO-8859-1", "UTF-16", "BIG5", "UTF-7", "EUC-JP"
	};
	char bytes[1024];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7 + i / 256);
	for (size_t i = 0; i < ARRAY_SIZE(charsets); i++) {
		AUTO_STR out;

		str_init(&out, 10000);
		irc_charset_read(&out, bytes, sizeof(bytes), charsets[i]);
		assert_true(out.len > 0);
		assert_true(utf8_valid(out.data, out.len));
		assert_int_equal(strlen(out.data), out.len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_become_spans),
		cmocka_unit_test(spans_become_codes),
		cmocka_unit_test(what_was_written_reads_the_same),
		cmocka_unit_test(every_palette_colour_survives),
		cmocka_unit_test(without_codes_it_is_plain_text),
		cmocka_unit_test(no_control_character_gets_out),
		cmocka_unit_test(bytes_become_utf8),
		cmocka_unit_test(every_byte_becomes_valid_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
