/* SPDX-License-Identifier: MIT */
/* test_text.c - UTF-8, and text with spans. */

#include "tests/support/test.h"

#include "bridge/text.h"

#include <string.h>

/* ---- UTF-8 ------------------------------------------------------------- */

static void
only_well_formed_utf8_is_decoded(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *bytes;
		uint32_t cp;
		size_t len;
	} cases[] = {
		{ "A", 'A', 1 },
		{ "\x7f", 0x7f, 1 },
		{ "\xc2\x80", 0x80, 2 },
		{ "\xdf\xbf", 0x7ff, 2 },
		{ "\xe0\xa0\x80", 0x800, 3 },
		{ "\xed\x9f\xbf", 0xd7ff, 3 },
		{ "\xee\x80\x80", 0xe000, 3 },
		{ "\xef\xbf\xbd", 0xfffd, 3 },
		{ "\xf0\x90\x80\x80", 0x10000, 4 },
		{ "\xf4\x8f\xbf\xbf", 0x10ffff, 4 },
		/* stray, overlong, surrogate, too great, cut short */
		{ "\x80", 0xfffd, 1 },
		{ "\xbf", 0xfffd, 1 },
		{ "\xc0\x80", 0xfffd, 1 },
		{ "\xc1\xbf", 0xfffd, 1 },
		{ "\xe0\x9f\xbf", 0xfffd, 1 },
		{ "\xed\xa0\x80", 0xfffd, 1 },
		{ "\xf0\x8f\xbf\xbf", 0xfffd, 1 },
		{ "\xf4\x90\x80\x80", 0xfffd, 1 },
		{ "\xf5\x80\x80\x80", 0xfffd, 1 },
		{ "\xff", 0xfffd, 1 },
		{ "\xe2\x82", 0xfffd, 1 },
		{ "\xe2\x82" "A", 0xfffd, 1 },
		{ "\xf0\x9f\xa7", 0xfffd, 1 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = 0;
		size_t n = strlen(cases[i].bytes);

		assert_int_equal(utf8_decode(cases[i].bytes, n, &len),
				 cases[i].cp);
		assert_int_equal(len, cases[i].len);
		assert_int_equal(utf8_valid(cases[i].bytes, n),
				 cases[i].cp != 0xfffd || cases[i].len == 3);
	}
}

static void
every_code_point_survives_the_round_trip(void **state UNUSED)
{
	AUTO_STR s;

	str_init(&s, 8);
	for (uint32_t cp = 0; cp <= 0x110000; cp++) {
		bool scalar = (cp < 0xd800 || cp > 0xdfff) && cp < 0x110000;
		size_t len = 0;

		str_clear(&s);
		utf8_append(&s, cp);
		if (utf8_decode(s.data, s.len, &len) !=
			    (scalar ? cp : 0xfffd) ||
		    len != s.len)
			fail_msg("U+%04X", (unsigned)cp);
	}
}

static void
bad_bytes_are_replaced_one_by_one(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *in;
		size_t n;
		const char *out, *lines;
	} cases[] = {
		{ "", 0, "", "" },
		{ "gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f",
		  "gr\xc3\xbc\xc3\x9f" },
		{ "a\xff" "b", 3, "a\xef\xbf\xbd" "b", "a\xef\xbf\xbd" "b" },
		{ "\xe2\x82", 2, "\xef\xbf\xbd\xef\xbf\xbd",
		  "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "a\0b", 3, "a\xef\xbf\xbd" "b", "a\xef\xbf\xbd" "b" },
		{ "a\r\nb\rc\n", 7, "a\r\nb\rc\n", "a\nb\nc\n" },
		{ "\r\r\n\n\r", 5, "\r\r\n\n\r", "\n\n\n\n" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR s;

		str_init(&s, 100);
		utf8_repair(&s, cases[i].in, cases[i].n);
		assert_string_equal(s.data, cases[i].out);
		str_clear(&s);
		utf8_repair_lines(&s, cases[i].in, cases[i].n);
		assert_string_equal(s.data, cases[i].lines);
	}
}

static void
code_points_are_counted(void **state UNUSED)
{
	assert_int_equal(utf8_count("", 0), 0);
	assert_int_equal(utf8_count("gr\xc3\xbc\xc3\x9f", 6), 4);
	assert_int_equal(utf8_count("\xff\xff", 2), 2);
}

#define ACUTE "\xcc\x81"
#define HEART "\xe2\x9d\xa4"
#define VS16 "\xef\xb8\x8f"
#define ZWJ "\xe2\x80\x8d"
#define MAN "\xf0\x9f\x91\xa8"
#define WOMAN "\xf0\x9f\x91\xa9"
#define WAVE "\xf0\x9f\x91\x8b"
#define TONE "\xf0\x9f\x8f\xbe"

static void
a_cut_leaves_whole_what_belongs_together(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *in;
		size_t max, cut;
	} cases[] = {
		{ "", 0, 0 },
		{ "abc", 3, 3 },
		{ "abc", 2, 2 },
		{ "abc", 0, 1 }, /* never nothing */
		{ "\xc3\xbc", 1, 2 },
		{ "a\xc3\xbc", 2, 1 },
		{ "a\xf0\x9f\x91\xa8", 4, 1 },
		{ "a\xf0\x9f\x91\xa8" "b", 5, 5 },
		{ "xe" ACUTE, 3, 1 },
		{ "xe" ACUTE "y", 2, 1 },
		{ "x" HEART VS16, 4, 1 },
		{ "x" WAVE TONE, 5, 1 },
		{ "x" MAN ZWJ WOMAN, 5, 1 },
		{ "x" MAN ZWJ WOMAN, 8, 1 },
		{ "x" MAN ZWJ WOMAN "y", 12, 12 },
		{ "xA\xe2\x83\x9d", 4, 1 },  /* U+20DD encloses the A */
		{ "xA\xe1\xaa\xb0", 4, 1 },  /* U+1AB0 */
		/* longer than max: then between code points */
		{ MAN ZWJ WOMAN, 8, 7 },
		{ MAN ZWJ WOMAN, 2, 4 },
		{ "e" ACUTE ACUTE ACUTE, 4, 3 },
		/* bad bytes are one long each */
		{ "\xff\xff\xff", 2, 2 },
		{ "\x80\x80\x80\x80\x80\x80", 5, 5 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(utf8_cut(cases[i].in, strlen(cases[i].in),
					  cases[i].max),
				 cases[i].cut);
}

static void
a_cut_prefers_a_space_in_the_last_third(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *in;
		size_t max, cut;
	} cases[] = {
		{ "hello world", 20, 11 },
		{ "hello world again", 13, 12 },
		{ "hello world again", 12, 12 },
		{ "hello worldagain", 12, 12 },  /* too far back */
		{ "aaaaaaaa bbbb", 12, 9 },
		{ "aaaaaaa bbbbb", 12, 8 },
		{ "aaaaaa bbbbbb", 12, 12 },
		{ "aaaaaaaa " ACUTE "bbbb", 12, 12 }, /* not after it */
		{ "          ", 4, 4 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(utf8_cut_word(cases[i].in, strlen(cases[i].in),
					       cases[i].max),
				 cases[i].cut);
}

static void
a_megabyte_of_combining_marks_is_cut_at_once(void **state UNUSED)
{
	AUTO_STR s;
	size_t pieces = 0;

	str_init(&s, 1 << 20);
	str_add(&s, "e");
	while (!str_overflowed(&s))
		str_add(&s, ACUTE);
	for (size_t at = 0; at < s.len; pieces++)
		at += utf8_cut_word(s.data + at, s.len - at, 400);
	assert_in_range(pieces, s.len / 400, s.len / 390);
}

static void
what_cannot_be_seen_is_known(void **state UNUSED)
{
	static const uint32_t unseen[] = { 0,      0x1b,   0x7f,    0x85,
					   0xad,   0x200b, 0x202e,  0x2066,
					   0xfeff, 0xfffe, 0x1ffff, 0xe0041 };
	static const uint32_t seen[] = {
		' ',    'a',    0xa0,   0xfc,   0x301,
		0x200c, 0x200d, 0xfe0f, 0xfffd, 0x1f468
	};

	for (size_t i = 0; i < ARRAY_SIZE(unseen); i++)
		assert_true(utf8_is_invisible(unseen[i]));
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		assert_false(utf8_is_invisible(seen[i]));
}

/* ---- builder ----------------------------------------------------------- */

static struct style
styled(unsigned styles)
{
	struct style style = STYLE_PLAIN;

	style.styles = styles;
	return style;
}

static void
add(struct text_builder *b, const char *s, struct style style)
{
	text_builder_add(b, s, strlen(s), style);
}

/* The text and its spans as the store writes them. */
static void
assert_built(const struct event *ev, const char *utf8, const char *spans)
{
	AUTO_STR line;

	str_init(&line, 1 << 20);
	text_spans_format(&line, &ev->text);
	assert_string_equal(ev->text.utf8, utf8);
	assert_string_equal(line.data, spans);
	assert_null(text_check(&ev->text));
}

static void
assert_takes(struct text_builder *b, const char *utf8, const char *spans)
{
	AUTO(event) ev = event_make(EVENT_MESSAGE);

	event_take_text(ev, b);
	assert_built(ev, utf8, spans);
	assert_int_equal(b->utf8.len, 0);
	assert_int_equal(b->n_spans, 0);
	text_builder_finish(b);
}

static void
neighbours_of_the_same_style_are_one_span(void **state UNUSED)
{
	struct text_builder b;
	struct style link = STYLE_PLAIN;
	char url[] = "http://a/";

	text_builder_init(&b, 1000);
	link.link = url;
	add(&b, "a", styled(SPAN_BOLD));
	add(&b, "b", styled(SPAN_BOLD));
	add(&b, "", styled(SPAN_ITALIC));
	add(&b, "c", styled(SPAN_BOLD));
	add(&b, "d", styled(SPAN_BOLD | SPAN_ITALIC));
	add(&b, "e", STYLE_PLAIN);
	add(&b, "f", styled(SPAN_BOLD));
	add(&b, "g", link);
	link.link = "http://a/"; /* equal, elsewhere */
	add(&b, "h", link);
	memset(url, 'x', sizeof(url) - 1); /* the builder has its own */
	link.link = "";
	add(&b, "i", link);
	assert_takes(&b, "abcdefghi",
		     "0+3:1:-1:-1::;3+1:3:-1:-1::;5+1:1:-1:-1::;"
		     "6+2:0:-1:-1:http%3A//a/:;");
}

static void
color_and_mention_make_a_span(void **state UNUSED)
{
	struct text_builder b;
	struct style style = STYLE_PLAIN;

	text_builder_init(&b, 1000);
	style.fg = 0;
	add(&b, "a", style);
	style.bg = 0xffffff;
	add(&b, "b", style);
	style = STYLE_PLAIN;
	style.mention = "ann@x";
	add(&b, "c", style);
	assert_takes(&b, "abc",
		     "0+1:0:0:-1::;1+1:0:0:16777215::;2+1:0:-1:-1::ann@x;");
}

static void
what_does_not_fit_has_no_span(void **state UNUSED)
{
	struct text_builder b;

	text_builder_init(&b, 3);
	add(&b, "ab", styled(SPAN_BOLD));
	add(&b, "cd", styled(SPAN_ITALIC));
	assert_true(str_overflowed(&b.utf8));
	assert_takes(&b, "ab", "0+2:1:-1:-1::;");
}

static void
spans_beyond_the_limit_are_dropped(void **state UNUSED)
{
	struct text_builder b;
	AUTO(event) ev = event_make(EVENT_MESSAGE);

	text_builder_init(&b, 10000);
	for (int i = 0; i < 1500; i++) {
		add(&b, "x", styled(SPAN_BOLD));
		add(&b, "y", styled(SPAN_ITALIC));
	}
	event_take_text(ev, &b);
	text_builder_finish(&b);
	assert_int_equal(ev->text.len, 3000);
	assert_int_equal(ev->text.n_spans, TEXT_SPANS_MAX);
	assert_null(text_check(&ev->text));
}

static void
repair_moves_the_spans_along(void **state UNUSED)
{
	struct text_builder b;

	text_builder_init(&b, 1000);
	add(&b, "\xff\r\n", STYLE_PLAIN);
	add(&b, "b\xff", styled(SPAN_BOLD));
	/* A code point torn in two by a change of style is two bad ones. */
	add(&b, "\xc3", styled(SPAN_ITALIC));
	add(&b, "\xbc\r", STYLE_PLAIN);
	add(&b, "\n", styled(SPAN_BOLD));
	add(&b, "end", styled(SPAN_CODE));
	assert_takes(&b,
		     "\xef\xbf\xbd\n"
		     "b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n"
		     "end",
		     "4+4:1:-1:-1::;8+3:2:-1:-1::;15+3:16:-1:-1::;");
}

static void
part_of_a_text_keeps_its_spans(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		size_t start, len;
		const char *utf8, *spans;
	} cases[] = {
		{ 0, 10, "abcdefghij", "1+3:1:-1:-1::;4+2:2:-1:-1::;8+1:4:-1:-1::;" },
		{ 2, 3, "cde", "0+2:1:-1:-1::;2+1:2:-1:-1::;" },
		{ 6, 2, "gh", "" },
		{ 6, 4, "ghij", "2+1:4:-1:-1::;" },
		{ 1, 3, "bcd", "0+3:1:-1:-1::;" },
		{ 3, 0, "", "" },
		{ 10, 0, "", "" },
	};
	/* clang-format on */
	AUTO(event) src = event_make(EVENT_MESSAGE);

	event_set_text(src, "abcdefghij");
	assert_true(text_spans_parse(
		src, "1+3:1:-1:-1::;4+2:2:-1:-1::;8+1:4:-1:-1::;"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text_builder b;

		text_builder_init(&b, 1000);
		text_builder_add_text(&b, &src->text, cases[i].start,
				      cases[i].len);
		assert_takes(&b, cases[i].utf8, cases[i].spans);
	}
}

static void
a_prefix_before_a_text_shifts_its_spans(void **state UNUSED)
{
	struct text_builder b;
	AUTO(event) src = event_make(EVENT_MESSAGE);

	event_set_text(src, "hello");
	assert_true(text_spans_parse(src, "0+5:1:-1:-1::;"));
	text_builder_init(&b, 1000);
	add(&b, "<ann> ", STYLE_PLAIN);
	text_builder_add_text(&b, &src->text, 0, src->text.len);
	add(&b, "!", styled(SPAN_BOLD));
	assert_takes(&b, "<ann> hello!", "6+6:1:-1:-1::;");
}

/* ---- the store's line -------------------------------------------------- */

static void
spans_come_back_from_the_store(void **state UNUSED)
{
	static const char nasty[] = "a:b;c%d \x01\n\xc3\xbc\"'<>+";
	struct span spans[] = {
		{ 0, 1, SPAN_REVERSE | SPAN_BOLD, 0xffffff, 0, NULL, NULL },
		{ 1, 2, 0, SPAN_NO_COLOR, SPAN_NO_COLOR, nasty, nasty },
	};
	AUTO(event) ev = event_make(EVENT_MESSAGE);
	AUTO(event) back = event_make(EVENT_MESSAGE);
	AUTO_STR line;

	event_set_text(ev, "a\xc3\xbc");
	event_set_spans(ev, spans, 2);
	str_init(&line, 1000);
	text_spans_format(&line, &ev->text);
	for (size_t i = 0; i < line.len; i++)
		assert_in_range(line.data[i], '!', '~');

	event_set_text(back, ev->text.utf8);
	assert_true(text_spans_parse(back, line.data));
	assert_int_equal(back->text.n_spans, 2);
	assert_string_equal(back->text.spans[1].link, nasty);
	assert_string_equal(back->text.spans[1].mention, nasty);
	assert_int_equal(back->text.spans[0].fg, 0xffffff);
	assert_built(back, ev->text.utf8, line.data);
}

static void
a_line_that_does_not_fit_is_rejected(void **state UNUSED)
{
	/* The text is "a\u00fcb": boundaries at 0, 1, 3, 4. */
	static const char *const cases[] = {
		";",
		"x",
		"0+1:1:-1:-1::", /* no end */
		"0+1:1:-1:-1::;x",
		"0+1:1:-1:-1:;",
		"0+0:1:-1:-1::;",
		"0+5:1:-1:-1::;",
		"4+1:1:-1:-1::;",
		"9+1:1:-1:-1::;",
		"0+2:1:-1:-1::;", /* cuts a code point */
		"2+1:1:-1:-1::;",
		"1+2:1:-1:-1::;0+1:1:-1:-1::;", /* unsorted */
		"0+3:1:-1:-1::;1+2:1:-1:-1::;", /* overlapping */
		"-1+1:1:-1:-1::;",
		" 0+1:1:-1:-1::;",
		"0+18446744073709551617:1:-1:-1::;",
		"99999999999999999999999999999+1:1:-1:-1::;",
		"0+1:512:-1:-1::;", /* no such style */
		"0+1:1:-2:-1::;",
		"0+1:1:16777216:-1::;",
		"0+1:1:-1:-1:%:;",
		"0+1:1:-1:-1:%4:;",
		"0+1:1:-1:-1:%zz:;",
		"0+1:1:-1:-1:%00:;",
		"0+1:1:-1:-1:%FF:;", /* not UTF-8 */
		"0+1:1:-1:-1:a b:;",
		"0+1:1:-1:-1:a;b:;",
	};
	AUTO(event) ev = event_make(EVENT_MESSAGE);

	event_set_text(ev, "a\xc3\xbc"
			   "b");
	assert_true(text_spans_parse(ev, "3+1:1:-1:-1::;"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (text_spans_parse(ev, cases[i]))
			fail_msg("accepted: %s", cases[i]);
		/* untouched */
		assert_int_equal(ev->text.n_spans, 1);
		assert_int_equal(ev->text.spans[0].start, 3);
	}
	assert_true(text_spans_parse(ev, ""));
	assert_int_equal(ev->text.n_spans, 0);
}

static void
too_many_spans_are_rejected(void **state UNUSED)
{
	AUTO(event) ev = event_make(EVENT_MESSAGE);
	AUTO_STR text;
	AUTO_STR line;

	str_init(&text, 10000);
	str_init(&line, 100000);
	for (int i = 0; i < 2 * TEXT_SPANS_MAX + 2; i++)
		str_add_char(&text, 'x');
	event_set_text(ev, text.data);
	for (int i = 0; i < TEXT_SPANS_MAX; i++)
		str_printf(&line, "%d+1:1:-1:-1::;", 2 * i);
	assert_true(text_spans_parse(ev, line.data));
	str_printf(&line, "%d+1:1:-1:-1::;", 2 * TEXT_SPANS_MAX);
	assert_false(text_spans_parse(ev, line.data));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_well_formed_utf8_is_decoded),
		cmocka_unit_test(every_code_point_survives_the_round_trip),
		cmocka_unit_test(bad_bytes_are_replaced_one_by_one),
		cmocka_unit_test(code_points_are_counted),
		cmocka_unit_test(a_cut_leaves_whole_what_belongs_together),
		cmocka_unit_test(a_cut_prefers_a_space_in_the_last_third),
		cmocka_unit_test(a_megabyte_of_combining_marks_is_cut_at_once),
		cmocka_unit_test(what_cannot_be_seen_is_known),
		cmocka_unit_test(neighbours_of_the_same_style_are_one_span),
		cmocka_unit_test(color_and_mention_make_a_span),
		cmocka_unit_test(what_does_not_fit_has_no_span),
		cmocka_unit_test(spans_beyond_the_limit_are_dropped),
		cmocka_unit_test(repair_moves_the_spans_along),
		cmocka_unit_test(part_of_a_text_keeps_its_spans),
		cmocka_unit_test(a_prefix_before_a_text_shifts_its_spans),
		cmocka_unit_test(spans_come_back_from_the_store),
		cmocka_unit_test(a_line_that_does_not_fit_is_rejected),
		cmocka_unit_test(too_many_spans_are_rejected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
