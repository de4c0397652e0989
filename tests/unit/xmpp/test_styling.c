/* SPDX-License-Identifier: MIT */
/* test_styling.c - XEP-0393 to spans and back. */

#include "tests/support/test.h"

#include "bridge/text.h"
#include "protocols/xmpp/styling.h"

#include <stdlib.h>
#include <string.h>

#define OUT_MAX (8 * 1024 * 1024)
#define ROUNDS 20000
#define RANDOM_MAX 60 /* bytes of a random text */

struct text_and_builder {
	struct text_builder b;
	struct text text;
};

static void
begin(struct text_and_builder *t)
{
	text_builder_init(&t->b, OUT_MAX);
}

static const struct text *
end(struct text_and_builder *t)
{
	t->text = (struct text){ t->b.utf8.data, t->b.utf8.len, t->b.spans,
				 t->b.n_spans };
	return &t->text;
}

static void
add(struct text_and_builder *t, const char *s, size_t n, unsigned styles)
{
	struct style style = STYLE_PLAIN;

	style.styles = styles;
	text_builder_add(&t->b, s, n, style);
}

static unsigned
style_at(const struct text *text, size_t pos)
{
	for (size_t i = 0; i < text->n_spans; i++)
		if (pos >= text->spans[i].start &&
		    pos - text->spans[i].start < text->spans[i].len)
			return text->spans[i].styles;
	return 0;
}

/* Letters for styles, by bit; 'u' for one that styling does not know. */
static const char letters[] = "biuscKQpr";

/* "a{b:c}d": c is bold. */
static void
show(const struct text *text, struct str *out)
{
	size_t pos = 0;

	for (size_t i = 0; i < text->n_spans; i++) {
		const struct span *span = &text->spans[i];

		str_add_n(out, text->utf8 + pos, span->start - pos);
		str_add_char(out, '{');
		for (size_t k = 0; k < sizeof(letters) - 1; k++)
			if (span->styles & 1U << k)
				str_add_char(out, letters[k]);
		str_add_char(out, ':');
		str_add_n(out, text->utf8 + span->start, span->len);
		str_add_char(out, '}');
		pos = span->start + span->len;
	}
	str_add_n(out, text->utf8 + pos, text->len - pos);
}

static void
assert_reads(const char *body, const char *expected)
{
	struct text_and_builder t;
	AUTO_STR shown = { 0 };

	str_init(&shown, OUT_MAX);
	begin(&t);
	styling_read(&t.b, body, strlen(body));
	show(end(&t), &shown);
	assert_string_equal(shown.data, expected);
	text_builder_finish(&t.b);
}

/* clang-format off */
static const struct {
	const char *body, *text;
} spans[] = {
	{ "", "" },
	{ "plain", "plain" },
	{ "*strong*", "{b:strong}" },
	{ "_emphasis_", "{i:emphasis}" },
	{ "~strike~", "{s:strike}" },
	{ "`code`", "{c:code}" },
	{ "a *b* c", "a {b:b} c" },
	/* lazily, from the left */
	{ "*strong* plain *strong*", "{b:strong} plain {b:strong}" },
	{ "*strong*plain*", "{b:strong}plain*" },
	{ "* plain *strong*", "* plain {b:strong}" },
	{ "*this is *uneven*", "{b:this is *uneven}" },
	{ "*a * b*", "{b:a * b}" },
	{ "*a *b*c*", "{b:a *b}c*" },
	/* nothing to match */
	{ "not strong*", "not strong*" },
	{ "*not strong", "*not strong" },
	{ "*not \n strong*", "*not \n strong*" },
	{ "*not *strong", "*not *strong" },
	{ "*", "*" }, { "**", "**" }, { "***", "***" }, { "****", "****" },
	{ "snake_case_name", "snake_case_name" },
	{ "2*3*4", "2*3*4" },
	{ "(*strong*)", "(*strong*)" },
	{ "* a*", "* a*" },
	{ "*a *", "*a *" },
	{ "*\xc2\xa0" "a*", "*\xc2\xa0" "a*" },
	{ "*a\xe3\x80\x80*", "*a\xe3\x80\x80*" },
	{ "\xe3\x80\x80*a*", "\xe3\x80\x80{b:a}" },
	{ "\xc3\xa9*a*", "\xc3\xa9*a*" },
	/* inside one another, never across */
	{ "*_x_*", "{bi:x}" },
	{ "_*~x~*_", "{bis:x}" },
	{ "*a _b_ c*", "{b:a }{bi:b}{b: c}" },
	{ "*this cannot _overlap*_", "{b:this cannot _overlap}_" },
	{ "*_a*_", "{b:_a}_" },
	{ "_~*`x`*~_", "{bisc:x}" },
	{ "*a*_b_", "{b:a}_b_" },
	{ "*_x_", "*_x_" },
	/* code is not looked into */
	{ "`*a* _b_`", "{c:*a* _b_}" },
	{ "*`_a_`*", "{bc:_a_}" },
	{ "*a `b* c`", "{b:a `b} c`" },
	/* each line for itself */
	{ "*a\nb*", "*a\nb*" },
	{ "*a*\n_b_", "{b:a}\n{i:b}" },
	{ "a\n\n", "a\n\n" },
}, blocks[] = {
	{ "```\ncode\n```", "{K:code}" },
	{ "```c\nint *a*;\n\n  b\n```\n*x*", "{K:int *a*;\n\n  b}\n{b:x}" },
	{ "a\n```\nb\n```\nc", "a\n{K:b}\nc" },
	{ "```\nnever closed\n", "{K:never closed\n}" },
	{ "```\na\n``` \n````\n```", "{K:a\n``` \n````}" },
	{ "```\na\n```\n```\nb\n```", "{K:a}\n{K:b}" },
	/* the graves and what stands behind them may be all that was said */
	{ "```", "```" },
	{ "```\n```", "```\n```" },
	{ "```\n```\n*a*", "```\n```\n{b:a}" },
	{ "```one line```", "```one line```" },
	{ "```two words\nx\n```", "{K:two words\nx}" },
	{ " ```\na", " ```\na" },
	{ "> quote", "{Q:quote}" },
	{ ">quote", "{Q:quote}" },
	{ ">  quote", "{Q: quote}" },
	{ " > no quote", " > no quote" },
	{ "> a\n> b\nc", "{Q:a\nb}\nc" },
	{ "> a\n>\n> b", "{Q:a\n\nb}" },
	{ "> *a* b", "{bQ:a}{Q: b}" },
	{ "> > inner\n> outer", "{Q:> inner\nouter}" },
	{ ">>> *deep*", "{Q:>> }{bQ:deep}" },
	{ ">", ">" },
	{ "> ", "> " },
	{ "a\n>\nb", "a\n>\nb" },
	{ "> ```\n> a\n> ```\n> b", "{KQ:a}{Q:\nb}" },
	{ "> ```\n> a\nb", "{KQ:a}\nb" },
	{ "> > ```\n> > a\n> b", "{KQ:a}{Q:\nb}" },
	{ "```\n> a\n```", "{K:> a}" },
	{ "> ```\n> > a\n> ```", "{KQ:> a}" },
	{ "> ```", "{Q:```}" },
};
/* clang-format on */

static void
spans_are_matched_lazily_inside_a_line(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(spans); i++)
		assert_reads(spans[i].body, spans[i].text);
}

static void
blocks_are_whole_lines(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		assert_reads(blocks[i].body, blocks[i].text);
}

/* Write a text of pieces; asserts what was written and returned. */
static void
assert_writes(const char *const *pieces, const unsigned *styles, size_t n,
	      const char *expected, bool unstyled)
{
	struct text_and_builder t;
	AUTO_STR out = { 0 };

	str_init(&out, OUT_MAX);
	begin(&t);
	for (size_t i = 0; i < n && pieces[i]; i++)
		add(&t, pieces[i], strlen(pieces[i]), styles[i]);
	assert_int_equal(styling_write(&out, end(&t)), unstyled);
	assert_string_equal(out.data, expected);
	text_builder_finish(&t.b);
}

static void
directives_are_written_where_they_will_be_read(void **state UNUSED)
{
	enum { B = SPAN_BOLD, I = SPAN_ITALIC, U = SPAN_UNDERLINE };
	enum { S = SPAN_STRIKE, C = SPAN_CODE, K = SPAN_CODE_BLOCK };
	enum { Q = SPAN_QUOTE, P = SPAN_SPOILER, R = SPAN_REVERSE };
	/* clang-format off */
	static const struct {
		const char *pieces[4];
		unsigned styles[4];
		const char *body;
		bool unstyled;
	} cases[] = {
		{ { "" }, { 0 }, "", false },
		{ { "plain" }, { 0 }, "plain", false },
		{ { "a ", "b", " c" }, { 0, B, 0 }, "a *b* c", false },
		{ { "u" }, { U }, "_u_", false },
		{ { "s", " c" }, { S, C }, "~s~ `c`", false },
		{ { "x" }, { B | I | S | C }, "*_~`x`~_*", false },
		{ { "a ", "b", " c" }, { B, B | I, B }, "*a _b_ c*", false },
		{ { "a", "b" }, { B, 0 }, "*a*b", false },
		{ { " a ", "b" }, { B, 0 }, " *a* b", false },
		{ { "*", " x" }, { C, 0 }, "`*` x", false },
		/* dropped: nobody would read it */
		{ { "a", "b" }, { 0, B }, "ab", false },
		{ { "a*b" }, { B }, "a*b", false },
		{ { "a", "b" }, { B, I }, "*a*b", false },
		{ { "a" }, { P | R }, "a", false },
		{ { " " }, { B }, " ", false },
		{ { "a\nb" }, { B }, "*a*\n*b*", false },
		/* blocks */
		{ { "a\nb" }, { Q }, "> a\n> b", false },
		{ { "a", "\nb" }, { Q, 0 }, "> a\nb", false },
		{ { "a\n", "b" }, { Q, 0 }, "> a\nb", false },
		{ { "a", "b" }, { Q, 0 }, "ab", false },
		{ { "a\n", "b" }, { K, 0 }, "```\na\n```\nb", false },
		{ { "*a*\n> b" }, { K }, "```\n*a*\n> b\n```", false },
		{ { "a" }, { K | Q }, "> ```\n> a\n> ```", false },
		{ { "a", "\n", "b" }, { K, 0, K },
		  "```\na\n```\n```\nb\n```", false },
		{ { "> a\nb" }, { Q }, "> > a\n> b", false },
		{ { "a", " b" }, { Q | B, Q }, "> *a* b", false },
		/* plain, and would be read otherwise */
		{ { "*a*" }, { 0 }, "*a*", true },
		{ { "> a" }, { 0 }, "> a", true },
		{ { "```\na" }, { 0 }, "```\na", true },
		{ { "*a* ", "b" }, { 0, I }, "*a* b", true },
		{ { "```\na" }, { K }, "```\na", true },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_writes(cases[i].pieces, cases[i].styles, 4,
			      cases[i].body, cases[i].unstyled);
}

static unsigned
expressible(unsigned styles)
{
	if (styles & SPAN_UNDERLINE)
		styles |= SPAN_ITALIC;
	return styles & (SPAN_BOLD | SPAN_ITALIC | SPAN_STRIKE | SPAN_CODE |
			 SPAN_CODE_BLOCK | SPAN_QUOTE);
}

/* What every writing must keep: the words, and no style that was not there. */
static void
check_round_trip(const struct text *text, bool all_visible)
{
	struct text_and_builder back;
	AUTO_STR out = { 0 };
	bool unstyled;

	str_init(&out, OUT_MAX);
	unstyled = styling_write(&out, text);
	begin(&back);
	styling_read(&back.b, out.data, out.len);
	end(&back);
	if (unstyled) {
		assert_string_equal(out.data, text->utf8);
		assert_true(back.text.n_spans > 0 ||
			    strcmp(back.text.utf8, text->utf8) != 0);
		assert_false(all_visible);
	} else {
		assert_string_equal(back.text.utf8, text->utf8);
	}
	for (size_t i = 0; !unstyled && i < text->len; i++) {
		unsigned now = style_at(&back.text, i);
		unsigned was = expressible(style_at(text, i));
		bool lf = text->utf8[i] == '\n';

		/* between two quoted lines the break is quoted, too */
		assert_int_equal(now & ~was & ~(lf ? SPAN_QUOTE : 0U), 0);
		if (all_visible && text->utf8[i] > ' ')
			assert_int_equal(now, was);
	}
	text_builder_finish(&back.b);
}

static void
any_text_comes_back_with_no_style_it_had_not(void **state UNUSED)
{
	static const char telling[] = "*_~`> \nab\xc2\xa0";

	srand(1);
	for (int round = 0; round < ROUNDS; round++) {
		struct text_and_builder t;
		size_t len = 1 + (size_t)rand() % RANDOM_MAX;
		unsigned styles = 0;

		begin(&t);
		for (size_t i = 0; i < len; i++) {
			const char *c = &telling[(size_t)rand() % 10];

			if (rand() % 3 == 0)
				styles = (unsigned)(rand() & rand()) & 0x1ff;
			add(&t, c, *c == '\xc2' ? 2 : 1, styles);
		}
		check_round_trip(end(&t), false);
		text_builder_finish(&t.b);
	}
}

/* Words of letters, single spaces, lines of one block each. */
static void
add_random_lines(struct text_and_builder *t)
{
	unsigned before = 0;
	int n_lines = 1 + rand() % 4;

	for (int line = 0; line < n_lines; line++) {
		unsigned block = rand() % 3 ? 0 : SPAN_QUOTE;
		bool code = rand() % 4 == 0;
		unsigned styles = 0;

		if (code)
			block |= SPAN_CODE_BLOCK;
		if (line > 0)
			add(t, "\n", 1, before == block ? block : 0);
		before = block;
		for (int word = rand() % 6; word >= 0; word--) {
			unsigned next = code ? 0 : (unsigned)rand() % 32;

			add(t, "wordword", 1 + (size_t)rand() % 8,
			    styles | block);
			if (word > 0)
				add(t, " ", 1, (styles & next) | block);
			styles = next;
		}
	}
}

static void
styles_of_whole_words_come_back_equal(void **state UNUSED)
{
	srand(2);
	for (int round = 0; round < ROUNDS; round++) {
		struct text_and_builder t;

		begin(&t);
		add_random_lines(&t);
		check_round_trip(end(&t), true);
		text_builder_finish(&t.b);
	}
}

/* Quadratic work on a megabyte would take longer than anybody waits. */
static void
the_work_grows_with_the_length_only(void **state UNUSED)
{
	static const char *const pieces[] = {
		"*a",      "*a ", "*_~`", "*_~`a ", " *",    "* ",    "*",
		"_ *a _",  "> ",  ">",    ">\n",    "`",     "```\n", "```\n>",
		"> ```\n", "\n",  " ",    "a*_ ",   "*a*\n", "\xc2",  "*a _b ",
	};
	enum { SIZE = 1024 * 1024 };

	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		struct text_and_builder t;
		AUTO_STR body = { 0 };
		AUTO_STR out = { 0 };
		struct span all = { .len = 0, .styles = 0x1f };
		struct text text = { .spans = &all, .n_spans = 1 };

		str_init(&body, SIZE);
		str_init(&out, OUT_MAX * 4);
		while (body.len < SIZE - strlen(pieces[i]))
			str_add(&body, pieces[i]);
		begin(&t);
		styling_read(&t.b, body.data, body.len);
		assert_true(t.b.utf8.len > 0);
		text.utf8 = body.data;
		text.len = body.len;
		all.len = body.len;
		(void)styling_write(&out, &text);
		assert_true(out.len >= body.len);
		text_builder_finish(&t.b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_are_matched_lazily_inside_a_line),
		cmocka_unit_test(blocks_are_whole_lines),
		cmocka_unit_test(
			directives_are_written_where_they_will_be_read),
		cmocka_unit_test(any_text_comes_back_with_no_style_it_had_not),
		cmocka_unit_test(styles_of_whole_words_come_back_equal),
		cmocka_unit_test(the_work_grows_with_the_length_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
