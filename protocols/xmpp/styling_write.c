/* SPDX-License-Identifier: MIT */
/*
 * styling_write.c - text with spans to XEP-0393 (Message Styling 1.1.1).
 *
 * A directive goes where the rules seem to allow it, but the rules are not
 * trusted: what was written is read back, first each line, then the whole.
 * What does not come back equal is written plainly. Of two styles that begin
 * at the same place the longer is the outer one.
 */

#include "protocols/xmpp/styling.h"

#include "bridge/base.h"
#include "protocols/xmpp/styling_scan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One byte, all styles, code in a quote on a line of its own: 16 and LFs. */
#define WORST_GROWTH 20

struct writer {
	const char *s;
	size_t len;
	uint8_t *mark;  /* of each byte: the styles that we shall write */
	uint8_t *block; /* of each line, at its first byte: what it is */
	struct str out;
};

/* Compares what is read back with what was to be written. */
struct compare {
	const struct writer *w;
	size_t pos, end;
	bool equal;
};

static void
compare_piece(void *to, const char *s, size_t n, unsigned styles)
{
	struct compare *c = to;
	const struct writer *w = c->w;

	if (!c->equal || n > c->end - c->pos ||
	    memcmp(w->s + c->pos, s, n) != 0) {
		c->equal = false;
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (w->mark[c->pos + i] != styles)
			c->equal = false;
	c->pos += n;
}

static bool
line_reads_back(const struct writer *w, size_t start, size_t end, size_t at,
		unsigned block)
{
	struct compare c = { w, start, end, true };

	styling_scan_line(w->out.data + at, w->out.len - at, block,
			  (struct styling_sink){ compare_piece, &c });
	return c.equal && c.pos == end;
}

static bool
body_reads_back(const struct writer *w, const char *body, size_t len)
{
	struct compare c = { w, 0, w->len, true };

	styling_scan(body, len, (struct styling_sink){ compare_piece, &c });
	return c.equal && c.pos == w->len;
}

static void
clear_marks(struct writer *w, size_t start, size_t end, unsigned styles)
{
	for (size_t i = start; i < end; i++)
		w->mark[i] &= (uint8_t)~styles;
}

/* Where the style that begins at i ends; code, where another one begins. */
static size_t
extent(const struct writer *w, size_t i, size_t end, int k, unsigned active)
{
	unsigned style = styling_directives[k].style;
	unsigned others =
		style == SPAN_CODE ? STYLING_INLINE & ~(active | style) : 0;

	while (i < end && (w->mark[i] & style) && !(w->mark[i] & others))
		i++;
	return i;
}

/* The style at i that reaches farthest, code last; -1 if there is none. */
static int
longest(const struct writer *w, size_t i, size_t end, unsigned active,
	size_t *reach)
{
	int best = -1;

	*reach = i;
	for (int k = 0; k < STYLING_DIRECTIVES; k++) {
		size_t to = i;

		if (!(active & styling_directives[k].style))
			to = extent(w, i, end, k, active);
		if (to > *reach) {
			*reach = to;
			best = k;
		}
	}
	return best;
}

/* Take the style off white space at both ends; returns the new end. */
static size_t
trim(struct writer *w, size_t *start, size_t end, unsigned style)
{
	size_t a = *start;
	size_t b = end;
	size_t len;

	while (styling_space_begins(w->s, a, end)) {
		(void)utf8_decode(w->s + a, end - a, &len);
		a += len;
	}
	while (b > a && styling_space_ends(w->s, b))
		do
			b--;
		while ((w->s[b] & 0xc0) == 0x80);
	clear_marks(w, *start, a, style);
	clear_marks(w, b, end, style);
	*start = a;
	return b;
}

/* Write bytes [start, end) of a line, or of what is inside a span. */
static void
write_range(struct writer *w, size_t start, size_t end, unsigned active)
{
	size_t i = start;

	while (i < end) {
		size_t from = i;
		size_t to;
		int k = longest(w, i, end, active, &to);

		if (k < 0) {
			str_add_char(&w->out, w->s[i++]);
			continue;
		}
		to = trim(w, &from, to, styling_directives[k].style);
		if (from > i || from == to)
			continue; /* now without it */
		if ((i > start && !styling_space_ends(w->s, i)) ||
		    memchr(w->s + i, styling_directives[k].c, to - i)) {
			clear_marks(w, i, to, styling_directives[k].style);
			continue;
		}
		str_add_char(&w->out, styling_directives[k].c);
		write_range(w, i, to, active | styling_directives[k].style);
		str_add_char(&w->out, styling_directives[k].c);
		i = to;
	}
}

/* A line of text with directives, or as it is if they would not be read. */
static void
write_spans(struct writer *w, size_t start, size_t end, unsigned block)
{
	size_t at = w->out.len;

	write_range(w, start, end, 0);
	if (line_reads_back(w, start, end, at, block))
		return;
	str_truncate(&w->out, at);
	clear_marks(w, start, end, STYLING_INLINE);
	str_add_n(&w->out, w->s + start, end - start);
}

static size_t
line_end(const struct writer *w, size_t start)
{
	const char *lf = memchr(w->s + start, '\n', w->len - start);

	return lf ? (size_t)(lf - w->s) : w->len;
}

/* What a whole line is; an empty one is what the breaks around it are. */
static unsigned
block_of(const struct writer *w, size_t start, size_t end)
{
	unsigned block = start < end || w->len > 0 ? STYLING_BLOCK : 0;

	for (size_t i = start; i < end; i++)
		block &= w->mark[i];
	if (start == end && start > 0)
		block &= w->mark[start - 1];
	if (start == end && end < w->len)
		block &= w->mark[end];
	return block;
}

/* What the break between two lines is, for the reader. */
static unsigned
break_between(unsigned mark, unsigned before, unsigned after)
{
	unsigned block = before & after & SPAN_QUOTE;

	if (before == after)
		block |= before & mark & SPAN_CODE_BLOCK;
	return block;
}

/* Make whole lines of the blocks, and say so for each byte of the text. */
static void
settle_blocks(struct writer *w)
{
	size_t start = 0;
	size_t end = line_end(w, 0);
	unsigned block = block_of(w, 0, end);
	unsigned after;

	for (;;) {
		unsigned styles = block & SPAN_CODE_BLOCK ? 0 : STYLING_INLINE;

		w->block[start] = (uint8_t)block;
		for (size_t i = start; i < end; i++)
			w->mark[i] = (uint8_t)((w->mark[i] & styles) | block);
		if (end == w->len)
			return;
		start = end + 1;
		end = line_end(w, start);
		after = block_of(w, start, end);
		w->mark[start - 1] = (uint8_t)break_between(w->mark[start - 1],
							    block, after);
		block = after;
	}
}

static void
write_fence(struct writer *w, unsigned block, bool opens)
{
	const char *mark = block & SPAN_QUOTE ? "> " : "";

	str_printf(&w->out, opens ? "%s```\n" : "\n%s```", mark);
}

/* The line at start, and the fences it stands behind or before. */
static void
write_line(struct writer *w, size_t start, size_t end)
{
	unsigned block = w->block[start];
	bool code = block & SPAN_CODE_BLOCK;

	if (code && (start == 0 || !(w->mark[start - 1] & SPAN_CODE_BLOCK)))
		write_fence(w, block, true);
	if (block & SPAN_QUOTE)
		str_add(&w->out, "> ");
	if (code)
		str_add_n(&w->out, w->s + start, end - start);
	else
		write_spans(w, start, end, block);
	if (code && (end == w->len || !(w->mark[end] & SPAN_CODE_BLOCK)))
		write_fence(w, block, false);
}

static void
write_lines(struct writer *w)
{
	size_t start = 0;
	size_t end;

	for (;; start = end + 1) {
		end = line_end(w, start);
		write_line(w, start, end);
		if (end == w->len)
			return;
		str_add_char(&w->out, '\n');
	}
}

static unsigned
expressible(unsigned styles)
{
	return (styles & (STYLING_INLINE | STYLING_BLOCK)) |
	       (styles & SPAN_UNDERLINE ? SPAN_ITALIC : 0);
}

static void
collect_marks(struct writer *w, const struct text *text)
{
	for (size_t n = 0; n < text->n_spans; n++) {
		const struct span *span = &text->spans[n];

		for (size_t i = 0; i < span->len; i++)
			w->mark[span->start + i] |=
				(uint8_t)expressible(span->styles);
	}
}

/* Nothing in it is written by directives, nor could be read as one. */
static bool
is_plain(const struct text *text)
{
	return !text->n_spans && strcspn(text->utf8, "*_~`>") == text->len;
}

bool
styling_write(struct str *out, const struct text *text)
{
	struct writer w = { .s = text->utf8, .len = text->len };
	bool plainly_read;

	if (is_plain(text)) {
		str_add_n(out, text->utf8, text->len);
		return false;
	}
	w.mark = xcalloc(w.len + 1, 1);
	w.block = xcalloc(w.len + 1, 1);
	str_init(&w.out, w.len * WORST_GROWTH + 64);
	collect_marks(&w, text);
	settle_blocks(&w);
	write_lines(&w);
	plainly_read = body_reads_back(&w, w.out.data, w.out.len);
	if (plainly_read) {
		str_add_n(out, w.out.data, w.out.len);
	} else {
		memset(w.mark, 0, w.len);
		plainly_read = body_reads_back(&w, w.s, w.len);
		str_add_n(out, w.s, w.len);
	}
	str_finish(&w.out);
	free(w.block);
	free(w.mark);
	return !plainly_read;
}
