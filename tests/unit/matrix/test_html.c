/* SPDX-License-Identifier: MIT */
/* test_html.c - the HTML of Matrix to spans and back. */

#include "tests/support/test.h"

#include "protocols/matrix/html.h"

#include <stdlib.h>
#include <string.h>

#define OUT_MAX (1024 * 1024)

/* Letters for styles, by bit. */
static const char letters[] = "biuscKQpr";

static void
show_span(struct str *out, const struct text *text, const struct span *span)
{
	str_add_char(out, '{');
	for (size_t k = 0; k < strlen(letters); k++)
		if (span->styles & 1U << k)
			str_add_char(out, letters[k]);
	if (span->fg != SPAN_NO_COLOR)
		str_printf(out, "#%06x", (unsigned)span->fg);
	if (span->bg != SPAN_NO_COLOR)
		str_printf(out, "/#%06x", (unsigned)span->bg);
	if (span->link)
		str_printf(out, "<%s>", span->link);
	if (span->mention)
		str_add(out, span->mention);
	str_add_char(out, ':');
	str_add_n(out, text->utf8 + span->start, span->len);
	str_add_char(out, '}');
}

/* "a{b:c}d": c is bold. */
static void
show(struct str *out, const struct text *text)
{
	size_t at = 0;

	for (size_t i = 0; i < text->n_spans; i++) {
		const struct span *span = &text->spans[i];

		str_add_n(out, text->utf8 + at, span->start - at);
		show_span(out, text, span);
		at = span->start + span->len;
	}
	str_add_n(out, text->utf8 + at, text->len - at);
}

static const struct {
	const char *html, *shown;
} reads[] = {
	{ "", "" },
	{ "plain", "plain" },
	{ "<b>a</b> <strong>b</strong>", "{b:a} {b:b}" },
	{ "<em>a</em><i>b</i>", "{i:ab}" },
	{ "<u>a</u> <del>b</del> <s>c</s> <code>d</code>",
	  "{u:a} {s:b} {s:c} {c:d}" },
	{ "<B>a</B>", "{b:a}" },
	{ "<b><i>a</i> b</b> c", "{bi:a}{b: b} c" },
	/* entities */
	{ "a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#x27;", "a <b> & \"c\" 'd'" },
	{ "&nbsp;&hellip;&#128512;", "\xc2\xa0\xe2\x80\xa6\xf0\x9f\x98\x80" },
	{ "&bogus; & &#0; &#xD800; &#x110000; &lt",
	  "&bogus; & &#0; &#xD800; &#x110000; &lt" },
	/* blanks */
	{ " a \n\t b ", "a b" },
	{ "a<br>b<br/>c", "a\nb\nc" },
	{ "a<br><br>b", "a\n\nb" },
	{ "<p>a</p><p>b</p>", "a\n\nb" },
	{ "<p>a</p>\n<p>b</p>\n", "a\n\nb" },
	{ "<div>a</div><div>b</div>", "a\nb" },
	{ "<h1>a</h1>b", "{b:a}\nb" },
	{ "a<hr>b", "a\n---\nb" },
	/* blocks */
	{ "<blockquote>a<br>b</blockquote>c", "{Q:a}\n{Q:b}\nc" },
	{ "<pre><code class=\"language-c\">a\n  b\n</code></pre>c",
	  "{K:a\n  b\n}\nc" },
	{ "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>d",
	  "- a\n- b\n  - c\nd" },
	{ "<ol start=\"3\"><li>a</li><li>b</li></ol>", "3. a\n4. b" },
	{ "<ol start=\"-1\"><li>a</li></ol>", "1. a" },
	{ "<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table>",
	  "{b:a} | b\nc" },
	/* what has a meaning of its own */
	{ "<span data-mx-color=\"#ff0000\" data-mx-bg-color='#00FF00'>a</span>",
	  "{#ff0000/#00ff00:a}" },
	{ "<font color=\"#0000ff\">a</font><font color=red>b</font>",
	  "{#0000ff:a}b" },
	{ "<span data-mx-spoiler>a</span>", "{p:a}" },
	{ "<span data-mx-spoiler=\"film\">a</span>", "(film) {p:a}" },
	{ "<a href=\"https://x.org/?a=1&amp;b=2\">x</a>",
	  "{<https://x.org/?a=1&b=2>:x}" },
	{ "<a href=\"javascript:alert(1)\">x</a>", "x" },
	{ "<a href=\"data:text/html,x\">x</a>", "x" },
	{ "<a href=\"https://matrix.to/#/@bob:h\">Bob</a>: hi",
	  "{@bob:h:Bob}: hi" },
	{ "<img src=\"mxc://h/x\" alt=\"a cat\">", "a cat" },
	{ "<img src=\"https://evil/x\">", "" },
	/* what is not shown */
	{ "<mx-reply><blockquote>old</blockquote></mx-reply>new", "new" },
	{ "<script>alert(1)</script>a<style>b</style>", "a" },
	{ "a<!-- <b> -->b<!DOCTYPE x>c<?php x?>d", "abcd" },
	{ "a<!-- never closed", "a" },
	{ "<blink>a</blink>", "a" },
	{ "<b onclick=\"x > y\">a</b>", "{b:a}" },
	/* what is not well formed */
	{ "<b>a", "{b:a}" },
	{ "a</b>b</i>", "ab" },
	{ "<b><i>a</b>b</i>", "{bi:a}b" },
	{ "a < b > c", "a < b > c" },
	{ "a <", "a <" },
	{ "<b", "<b" },
	{ "<3 <>", "<3 <>" },
	{ "<a href=>x</a><a href>y</a><a = =>z</a>", "xyz" },
};

static void
html_is_read(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		struct text_builder b;
		AUTO_STR shown = { 0 };

		str_init(&shown, OUT_MAX);
		text_builder_init(&b, OUT_MAX);
		html_read(&b, reads[i].html, strlen(reads[i].html));
		const struct text text = { b.utf8.data, b.utf8.len, b.spans,
					   b.n_spans };
		show(&shown, &text);
		if (strcmp(shown.data, reads[i].shown) != 0)
			fail_msg("%s\n  is read as %s\n  and not as %s",
				 reads[i].html, shown.data, reads[i].shown);
		text_builder_finish(&b);
	}
}

static void
deep_nesting_ends_somewhere(void **state UNUSED)
{
	AUTO_STR html = { 0 };
	struct text_builder b;

	str_init(&html, OUT_MAX);
	for (unsigned i = 0; i < 10000; i++)
		str_add(&html, "<b>");
	str_add(&html, "x");
	for (unsigned i = 0; i < 10000; i++)
		str_add(&html, "</b>");
	str_add(&html, "y");
	text_builder_init(&b, OUT_MAX);
	html_read(&b, html.data, html.len);
	assert_string_equal(b.utf8.data, "xy");
	assert_int_equal(b.n_spans, 1);
	assert_int_equal(b.spans[0].len, 1);
	text_builder_finish(&b);
}

/* A text is given as HTML that is read first: shorter than a list of spans. */
static const struct {
	const char *from, *html; /* NULL: the same */
} writes[] = {
	{ "<strong>a</strong> b", NULL },
	{ "<em>a</em>", NULL },
	{ "<u>a</u><del>b</del><code>c</code>", NULL },
	{ "a &lt;script&gt; <strong>&amp;&quot;</strong>", NULL },
	{ "a<br><strong>b</strong>", NULL },
	{ "<span data-mx-color=\"#ff0000\">a</span>", NULL },
	{ "<span data-mx-spoiler>a</span>", NULL },
	{ "<a href=\"https://x.org/?a&amp;b\">x</a>", NULL },
	{ "<a href=\"https://matrix.to/#/@bob:h\">Bob</a>: hi", NULL },
	{ "a<blockquote>b <strong>c</strong></blockquote>d", NULL },
	{ "<pre><code>a\n  &lt;b</code></pre>c", NULL },
};

static void
spans_are_written_as_html(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
		const char *from = writes[i].from;
		const char *want = writes[i].html ? writes[i].html : from;
		struct text_builder b;
		AUTO_STR html = { 0 };

		str_init(&html, OUT_MAX);
		text_builder_init(&b, OUT_MAX);
		html_read(&b, from, strlen(from));
		const struct text text = { b.utf8.data, b.utf8.len, b.spans,
					   b.n_spans };
		assert_true(html_write(&html, &text));
		assert_string_equal(html.data, want);
		text_builder_finish(&b);
	}
}

static void
plain_text_needs_no_html(void **state UNUSED)
{
	const struct text text = { "a < b", 5, NULL, 0 };
	AUTO_STR html = { 0 };

	str_init(&html, 100);
	assert_false(html_write(&html, &text));
}

static void
a_link_that_may_not_be_shown_is_not_written(void **state UNUSED)
{
	const struct span span = { 0,
				   1,
				   SPAN_BOLD,
				   SPAN_NO_COLOR,
				   SPAN_NO_COLOR,
				   "javascript:alert(1)",
				   "not a user" };
	const struct text text = { "x", 1, &span, 1 };
	AUTO_STR html = { 0 };

	str_init(&html, 100);
	assert_true(html_write(&html, &text));
	assert_string_equal(html.data, "<strong>x</strong>");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(html_is_read),
		cmocka_unit_test(deep_nesting_ends_somewhere),
		cmocka_unit_test(spans_are_written_as_html),
		cmocka_unit_test(plain_text_needs_no_html),
		cmocka_unit_test(a_link_that_may_not_be_shown_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
