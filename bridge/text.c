/* SPDX-License-Identifier: MIT */
/*
 * text.c - text with spans: checked, built piece by piece, and written to the
 * store and read back. The UTF-8 half of text.h is utf8.c.
 */

#include "bridge/text.h"

#include "bridge/base.h"
#include "bridge/event.h"
#include "bridge/str.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ALL_STYLES ((unsigned)SPAN_REVERSE * 2 - 1)

/* Every number in a span, and every link, is below this. */
#define NUMBER_MAX 0x7FFFFFFF

static bool
on_boundary(const struct text *text, size_t at)
{
	return ((unsigned char)text->utf8[at] & 0xC0) != 0x80;
}

static bool
is_sound(const char *s)
{
	return !s || utf8_valid(s, strlen(s));
}

static const char *
span_check(const struct text *text, const struct span *span, size_t from)
{
	if (span->start < from)
		return "spans overlap or are out of order";
	if (span->start > text->len || span->len == 0 ||
	    span->len > text->len - span->start)
		return "span reaches outside the text";
	if (!on_boundary(text, span->start) ||
	    !on_boundary(text, span->start + span->len))
		return "span cuts a code point";
	if (!is_sound(span->link) || !is_sound(span->mention))
		return "span is not valid UTF-8";
	return NULL;
}

static const char *
spans_check(const struct text *text)
{
	size_t end = 0;

	if (text->n_spans > TEXT_SPANS_MAX)
		return "too many spans";
	for (size_t i = 0; i < text->n_spans; i++) {
		const struct span *span = &text->spans[i];
		const char *wrong = span_check(text, span, end);

		if (wrong)
			return wrong;
		end = span->start + span->len;
	}
	return NULL;
}

const char *
text_check(const struct text *text)
{
	if (!text->utf8)
		return "no text";
	if (text->len > EVENT_TEXT_MAX)
		return "text too long";
	if (text->utf8[text->len] != '\0')
		return "text length disagrees with the text";
	if (memchr(text->utf8, '\0', text->len))
		return "text holds a NUL";
	if (!utf8_valid(text->utf8, text->len))
		return "text is not valid UTF-8";
	return spans_check(text);
}

void
text_builder_init(struct text_builder *b, size_t text_max)
{
	*b = (struct text_builder){ 0 };
	str_init(&b->utf8, text_max);
}

/* The builder's spans own their strings; everybody else's borrow them. */
static void
release(const char *s)
{
	union {
		const char *borrowed;
		char *owned;
	} u = { .borrowed = s };

	free(u.owned);
}

static void
drop_spans(struct text_builder *b)
{
	for (size_t i = 0; i < b->n_spans; i++) {
		release(b->spans[i].link);
		release(b->spans[i].mention);
	}
	b->n_spans = 0;
}

void
text_builder_finish(struct text_builder *b)
{
	drop_spans(b);
	free(b->spans);
	str_finish(&b->utf8);
	*b = (struct text_builder){ 0 };
}

/* An empty link or mention is none. */
static const char *
or_null(const char *s)
{
	return s && *s ? s : NULL;
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool
is_plain(const struct style *style)
{
	return !style->styles && style->fg == SPAN_NO_COLOR &&
	       style->bg == SPAN_NO_COLOR && !style->link && !style->mention;
}

static bool
continues(const struct text_builder *b, size_t start, const struct style *style)
{
	if (b->n_spans == 0)
		return false;

	const struct span *last = &b->spans[b->n_spans - 1];

	return last->start + last->len == start &&
	       last->styles == style->styles && last->fg == style->fg &&
	       last->bg == style->bg && same(last->link, style->link) &&
	       same(last->mention, style->mention);
}

static void
add_span(struct text_builder *b, size_t start, size_t len,
	 const struct style *style)
{
	if (b->n_spans == TEXT_SPANS_MAX)
		return;
	if (b->n_spans == b->spans_size) {
		b->spans_size = b->spans_size ? b->spans_size * 2 : 8;
		b->spans =
			xrealloc(b->spans, b->spans_size * sizeof(*b->spans));
	}
	b->spans[b->n_spans++] = (struct span){
		.start = start,
		.len = len,
		.styles = style->styles,
		.fg = style->fg,
		.bg = style->bg,
		.link = style->link ? xstrdup(style->link) : NULL,
		.mention = style->mention ? xstrdup(style->mention) : NULL,
	};
}

void
text_builder_add(struct text_builder *b, const char *s, size_t n,
		 struct style style)
{
	size_t start = b->utf8.len;

	str_add_n(&b->utf8, s, n);
	if (b->utf8.len == start)
		return; /* empty, or no room */

	style.link = or_null(style.link);
	style.mention = or_null(style.mention);
	if (is_plain(&style))
		return;
	if (continues(b, start, &style))
		b->spans[b->n_spans - 1].len += n;
	else
		add_span(b, start, n, &style);
}

void
text_builder_add_text(struct text_builder *b, const struct text *src,
		      size_t start, size_t len)
{
	size_t end = start + len;

	assert(start <= src->len && len <= src->len - start);

	for (size_t i = 0; i < src->n_spans && start < end; i++) {
		const struct span *span = &src->spans[i];
		size_t span_end = span->start + span->len;

		if (span_end <= start)
			continue;
		if (span->start >= end)
			break;
		if (span->start > start) {
			text_builder_add(b, src->utf8 + start,
					 span->start - start, STYLE_PLAIN);
			start = span->start;
		}
		if (span_end > end)
			span_end = end;
		text_builder_add(b, src->utf8 + start, span_end - start,
				 (struct style){ span->styles, span->fg,
						 span->bg, span->link,
						 span->mention });
		start = span_end;
	}
	text_builder_add(b, src->utf8 + start, end - start, STYLE_PLAIN);
}

/* Append bytes [start, end) of s repaired; a CR LF may straddle start. */
static void
repair_piece(struct str *out, const char *s, size_t start, size_t end)
{
	if (start < end && start > 0 && s[start] == '\n' &&
	    s[start - 1] == '\r')
		start++;
	utf8_repair_lines(out, s + start, end - start);
}

void
event_take_text(struct event *ev, struct text_builder *b)
{
	const char *s = b->utf8.data;
	size_t done = 0;
	size_t kept = 0;
	AUTO_STR out = { 0 };

	str_init(&out, b->utf8.len * 3);
	for (size_t i = 0; i < b->n_spans; i++) {
		struct span span = b->spans[i];

		repair_piece(&out, s, done, span.start);
		done = span.start + span.len;

		size_t start = out.len;

		repair_piece(&out, s, span.start, done);
		if (out.len == start) {
			release(span.link);
			release(span.mention);
			continue;
		}
		span.start = start;
		span.len = out.len - start;
		b->spans[kept++] = span;
	}
	b->n_spans = kept;
	repair_piece(&out, s, done, b->utf8.len);

	event_set_text_n(ev, out.data, out.len);
	event_set_spans(ev, b->spans, b->n_spans);
	drop_spans(b);
	str_clear(&b->utf8);
}

static bool
is_safe(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("-._~/?#@=&,+", c));
}

static void
format_string(struct str *out, const char *s)
{
	for (; s && *s; s++) {
		if (is_safe(*s))
			str_add_char(out, *s);
		else
			str_printf(out, "%%%02X", (unsigned char)*s);
	}
}

void
text_spans_format(struct str *out, const struct text *text)
{
	for (size_t i = 0; i < text->n_spans; i++) {
		const struct span *span = &text->spans[i];

		str_printf(out, "%zu+%zu:%u:%d:%d:", span->start, span->len,
			   span->styles, (int)span->fg, (int)span->bg);
		format_string(out, span->link);
		str_add_char(out, ':');
		format_string(out, span->mention);
		str_add_char(out, ';');
	}
}

/* The parse_ functions move *p beyond what they read, or return false. */

static bool
parse_char(const char **p, char c)
{
	if (**p != c)
		return false;
	++*p;
	return true;
}

static bool
parse_number(const char **p, int64_t max, int64_t *number)
{
	const char *digit = *p;

	*number = 0;
	for (; *digit >= '0' && *digit <= '9'; digit++) {
		*number = *number * 10 + (*digit - '0');
		if (*number > max)
			return false;
	}
	if (digit == *p)
		return false;
	*p = digit;
	return true;
}

static bool
parse_color(const char **p, int32_t *color)
{
	int64_t number = SPAN_NO_COLOR;

	if (parse_char(p, '-')) {
		if (!parse_char(p, '1'))
			return false;
	} else if (!parse_number(p, 0xFFFFFF, &number)) {
		return false;
	}
	*color = (int32_t)number;
	return parse_char(p, ':');
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Up to end, which is skipped. Empty is NULL. */
static bool
parse_string(struct event *ev, const char **p, char end, const char **string)
{
	const char *stop = strchr(*p, end);

	*string = NULL;
	if (!stop)
		return false;
	if (stop == *p)
		return parse_char(p, end);

	char *to = event_alloc(ev, (size_t)(stop - *p) + 1);

	*string = to;
	while (*p < stop) {
		char c = *(*p)++;

		if (c == '%') {
			int high = hex_digit(**p);
			int low = high < 0 ? -1 : hex_digit((*p)[1]);

			if (low < 0 || (high | low) == 0)
				return false;
			c = (char)(high << 4 | low);
			*p += 2;
		} else if (!is_safe(c)) {
			return false;
		}
		*to++ = c;
	}
	return parse_char(p, end);
}

static bool
parse_span(struct event *ev, const char **p, struct span *span)
{
	int64_t start = 0;
	int64_t len = 0;
	int64_t styles = 0;

	if (!parse_number(p, NUMBER_MAX, &start) || !parse_char(p, '+') ||
	    !parse_number(p, NUMBER_MAX, &len) || !parse_char(p, ':') ||
	    !parse_number(p, ALL_STYLES, &styles) || !parse_char(p, ':'))
		return false;
	span->start = (size_t)start;
	span->len = (size_t)len;
	span->styles = (unsigned)styles;
	return parse_color(p, &span->fg) && parse_color(p, &span->bg) &&
	       parse_string(ev, p, ':', &span->link) &&
	       parse_string(ev, p, ';', &span->mention);
}

static size_t
count_char(const char *s, char c)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == c;
	return n;
}

bool
text_spans_parse(struct event *ev, const char *line)
{
	struct text text = ev->text;
	size_t n = count_char(line, ';');

	if (n > TEXT_SPANS_MAX)
		return false;

	struct span *spans = event_alloc(ev, n * sizeof(*spans));

	for (size_t i = 0; i < n; i++) {
		if (!parse_span(ev, &line, &spans[i]))
			return false;
	}
	text.spans = n ? spans : NULL;
	text.n_spans = n;
	if (*line || spans_check(&text))
		return false;
	ev->text = text;
	return true;
}
