/* SPDX-License-Identifier: MIT */
/*
 * styling.c - XEP-0393 (Message Styling 1.1.1) to spans and back.
 *
 * Reading goes line by line. A line belongs to a block (plain, quote, code),
 * and inside a line spans are matched lazily from the left: an opener at i
 * goes with the first valid closer behind it. Where that is, is remembered
 * for each directive and only moves forward, and a style cannot nest in
 * itself, so every byte is looked at a fixed number of times.
 *
 * Writing never trusts its own rules: what it made is read back, and what
 * does not come back equal is written plainly.
 *
 * A quote in a quote keeps its inner ">" as text, since spans have no depth.
 */

#include "protocols/xmpp/styling.h"

#include "bridge/base.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define N_DIRECTIVES 4
#define INFO_MAX 32 /* bytes of a language after the opening graves */

/* A byte in a code block in a quote on a line of its own: 16 bytes and LFs. */
#define WORST_GROWTH 20

#define INLINE (SPAN_BOLD | SPAN_ITALIC | SPAN_STRIKE | SPAN_CODE)
#define BLOCK (SPAN_CODE_BLOCK | SPAN_QUOTE)

static const struct {
	char c;
	unsigned style;
} directives[N_DIRECTIVES] = {
	{ '*', SPAN_BOLD },
	{ '_', SPAN_ITALIC },
	{ '~', SPAN_STRIKE },
	{ '`', SPAN_CODE },
};

/* Where the pieces of a text go as they are recognised. */
struct sink {
	void (*add)(void *to, const char *s, size_t n, unsigned styles);
	void *to;
};

/* ---- spans inside a line ---- */

struct line_reader {
	const char *s;
	size_t end;
	unsigned block; /* the line's own styles */
	struct sink sink;
	size_t closer[N_DIRECTIVES]; /* next valid one, as far as known */

	/* what is open, outermost first */
	struct {
		size_t close;
		unsigned style;
	} open[N_DIRECTIVES];
	size_t n_open;
	unsigned active;
};

static bool
is_space(uint32_t cp)
{
	return (cp >= 0x09 && cp <= 0x0d) || cp == ' ' || cp == 0x85 ||
	       cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
	       cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
	       cp == 0x3000;
}

static bool
space_begins_at(const char *s, size_t i, size_t end)
{
	size_t len;

	return i < end && is_space(utf8_decode(s + i, end - i, &len));
}

/* True if the code point before byte i is white space. */
static bool
space_ends_at(const char *s, size_t i)
{
	size_t start = i;
	size_t len;

	if (i == 0)
		return false;
	do
		start--;
	while (start > 0 && i - start < 4 && (s[start] & 0xc0) == 0x80);
	return is_space(utf8_decode(s + start, i - start, &len)) &&
	       len == i - start;
}

static int
directive_at(char c)
{
	for (int k = 0; k < N_DIRECTIVES; k++)
		if (directives[k].c == c)
			return k;
	return -1;
}

/* The first place from which on k can close, or the end. */
static size_t
find_closer(struct line_reader *r, int k, size_t from)
{
	size_t i = r->closer[k] > from ? r->closer[k] : from;

	while (i < r->end &&
	       (r->s[i] != directives[k].c || space_ends_at(r->s, i)))
		i++;
	r->closer[k] = i;
	return i;
}

/*
 * The closer of directive k at i if that opens a span, else 0. Doubled ones
 * do not: "**" has nothing in it.
 */
static size_t
match(struct line_reader *r, int k, size_t i, bool at_start)
{
	size_t limit = r->n_open ? r->open[r->n_open - 1].close : r->end;
	size_t close;

	if ((r->active & directives[k].style) ||
	    !(at_start || space_ends_at(r->s, i)))
		return 0;
	if (i + 1 >= limit || r->s[i + 1] == directives[k].c ||
	    space_begins_at(r->s, i + 1, r->end))
		return 0;
	close = find_closer(r, k, i + 2);
	return close < limit ? close : 0;
}

static void
add_piece(struct line_reader *r, size_t start, size_t end)
{
	if (end > start)
		r->sink.add(r->sink.to, r->s + start, end - start,
			    r->block | r->active);
}

static void
open_span(struct line_reader *r, int k, size_t close)
{
	r->open[r->n_open].close = close;
	r->open[r->n_open].style = directives[k].style;
	r->n_open++;
	r->active |= directives[k].style;
}

/* Read bytes [begin, end) of s, a line or what is left of it. */
static void
read_spans(const char *s, size_t len, unsigned block, struct sink sink)
{
	struct line_reader r = { s, len, block, sink, { 0 }, { { 0 } }, 0, 0 };
	bool at_start = true; /* of the block, or behind an opener */
	size_t pending = 0;   /* what is not yet given away begins here */

	for (size_t i = 0; i < len; i++) {
		int k = directive_at(s[i]);
		size_t close;

		if (r.n_open > 0 && i == r.open[r.n_open - 1].close) {
			add_piece(&r, pending, i);
			pending = i + 1;
			r.active &= ~r.open[--r.n_open].style;
		} else if (k >= 0 && !(r.active & SPAN_CODE) &&
			   (close = match(&r, k, i, at_start)) > 0) {
			add_piece(&r, pending, i);
			pending = i + 1;
			open_span(&r, k, close);
			at_start = true;
			continue;
		}
		at_start = false;
	}
	add_piece(&r, pending, len);
}

/* ---- blocks ---- */

struct line {
	const char *s;
	size_t len;
	size_t depth; /* ">" taken off so far */
};

struct block_reader {
	const char *next; /* the line after this one; NULL if none */
	const char *end;
	struct sink sink;

	bool in_code;
	size_t code_depth; /* quotes around the code */
	bool any;          /* a line was given away */
	unsigned previous; /* its block styles */
	bool was_quote;    /* the line before began with ">" */
};

/* Split off the next line; false at the end. */
static bool
next_line(struct block_reader *r, struct line *line)
{
	const char *lf;

	if (!r->next)
		return false;
	lf = memchr(r->next, '\n', (size_t)(r->end - r->next));
	line->s = r->next;
	line->len = (size_t)((lf ? lf : r->end) - r->next);
	line->depth = 0;
	r->next = lf ? lf + 1 : NULL;
	return true;
}

/* Take off up to max marks of a quote, each with one space behind it. */
static void
strip_quote(struct line *line, size_t max)
{
	size_t len;

	while (line->depth < max && line->len > 0 && *line->s == '>') {
		line->s++;
		line->len--;
		line->depth++;
		if (!space_begins_at(line->s, 0, line->len))
			continue;
		(void)utf8_decode(line->s, line->len, &len);
		line->s += len;
		line->len -= len;
	}
}

static bool
is_fence(const struct line *line)
{
	return line->len >= 3 && memcmp(line->s, "```", 3) == 0;
}

static bool
ends_code(const struct line *line, size_t depth)
{
	return line->depth < depth || (line->len == 3 && is_fence(line));
}

/* Look at the line after this one as if inside code of that depth. */
static bool
peek_in_code(const struct block_reader *r, size_t depth, struct line *line)
{
	struct block_reader ahead = *r;

	if (!next_line(&ahead, line))
		return false;
	strip_quote(line, depth);
	return true;
}

/* True if what follows the opening graves only names a language. */
static bool
is_info(const struct line *line)
{
	if (line->len > 3 + INFO_MAX || memchr(line->s + 3, '`', line->len - 3))
		return false;
	for (size_t i = 3; i < line->len; i++)
		if (space_begins_at(line->s, i, line->len))
			return false;
	return true;
}

/* The line break before a line of such a block. */
static void
add_break(struct block_reader *r, unsigned block)
{
	if (r->any)
		r->sink.add(r->sink.to, "\n", 1, r->previous & block);
	r->any = true;
	r->previous = block;
}

static void
add_code_line(struct block_reader *r, const char *s, size_t len)
{
	unsigned quote = r->code_depth > 0 ? SPAN_QUOTE : 0;

	add_break(r, quote | SPAN_CODE_BLOCK);
	r->sink.add(r->sink.to, s, len, quote | SPAN_CODE_BLOCK);
}

/* The graves that end it are not part of the text; nor are two blocks one. */
static void
end_code(struct block_reader *r)
{
	r->in_code = false;
	r->previous &= ~(unsigned)SPAN_CODE_BLOCK;
}

/*
 * A line that begins with three graves. Where the block would be empty the
 * graves are all that somebody said, and stay.
 */
static bool
begin_code(struct block_reader *r, const struct line *line)
{
	struct line after;
	bool info = is_info(line);

	if (!peek_in_code(r, line->depth, &after) ||
	    ends_code(&after, line->depth))
		return false;
	r->previous &= ~(unsigned)SPAN_CODE_BLOCK;
	r->in_code = true;
	r->code_depth = line->depth;
	if (!info)
		add_code_line(r, line->s + 3, line->len - 3);
	return true;
}

/* A ">" with nothing behind it and no quote around it is just that. */
static bool
is_lone_mark(const struct block_reader *r, const struct line *line)
{
	return line->len == 0 && !r->was_quote &&
	       !(r->next && r->next < r->end && *r->next == '>');
}

/* A line outside code; whole: before its quote marks were taken off. */
static void
read_plain(struct block_reader *r, const struct line *whole)
{
	struct line line = *whole;
	struct line inner;

	strip_quote(&line, 1);
	if (line.depth == 0 || is_lone_mark(r, &line)) {
		add_break(r, 0);
		read_spans(whole->s, whole->len, 0, r->sink);
		return;
	}
	add_break(r, SPAN_QUOTE);
	/* marks of inner quotes are text, and spans begin behind them */
	inner = line;
	strip_quote(&inner, SIZE_MAX);
	r->sink.add(r->sink.to, line.s, (size_t)(inner.s - line.s), SPAN_QUOTE);
	read_spans(inner.s, inner.len, SPAN_QUOTE, r->sink);
}

/* The graves of an empty block: both lines as they are. */
static void
read_empty_code(struct block_reader *r, const struct line *whole, size_t depth)
{
	struct line after;

	read_plain(r, whole);
	if (!peek_in_code(r, depth, &after) || after.depth < depth)
		return;
	(void)next_line(r, &after);
	read_plain(r, &after);
}

static void
read_line(struct block_reader *r, const struct line *whole)
{
	struct line line = *whole;

	if (r->in_code) {
		strip_quote(&line, r->code_depth);
		if (!ends_code(&line, r->code_depth)) {
			add_code_line(r, line.s, line.len);
			return;
		}
		end_code(r);
		if (line.depth == r->code_depth)
			return;
		line = *whole;
	}
	strip_quote(&line, SIZE_MAX);
	if (!is_fence(&line))
		read_plain(r, whole);
	else if (!begin_code(r, &line))
		read_empty_code(r, whole, line.depth);
}

static void
read_body(const char *body, size_t len, struct sink sink)
{
	struct block_reader r = {
		.next = body,
		.end = body + len,
		.sink = sink,
	};
	struct line line;

	while (next_line(&r, &line)) {
		read_line(&r, &line);
		r.was_quote = line.len > 0 && *line.s == '>';
	}
}

static void
add_to_builder(void *to, const char *s, size_t n, unsigned styles)
{
	struct style style = STYLE_PLAIN;

	style.styles = styles;
	if (n > 0)
		text_builder_add(to, s, n, style);
}

void
styling_read(struct text_builder *b, const char *body, size_t len)
{
	read_body(body, len, (struct sink){ add_to_builder, b });
}

/* ---- writing ---- */

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

	read_spans(w->out.data + at, w->out.len - at, block,
		   (struct sink){ compare_piece, &c });
	return c.equal && c.pos == end;
}

static bool
body_reads_back(const struct writer *w, const char *body, size_t len)
{
	struct compare c = { w, 0, w->len, true };

	read_body(body, len, (struct sink){ compare_piece, &c });
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
	unsigned style = directives[k].style;
	unsigned others = style == SPAN_CODE ? INLINE & ~(active | style) : 0;

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
	for (int k = 0; k < N_DIRECTIVES; k++) {
		size_t to = i;

		if (!(active & directives[k].style))
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

	while (space_begins_at(w->s, a, end)) {
		(void)utf8_decode(w->s + a, end - a, &len);
		a += len;
	}
	while (b > a && space_ends_at(w->s, b))
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
		to = trim(w, &from, to, directives[k].style);
		if (from > i || from == to)
			continue; /* now without it */
		if ((i > start && !space_ends_at(w->s, i)) ||
		    memchr(w->s + i, directives[k].c, to - i)) {
			clear_marks(w, i, to, directives[k].style);
			continue;
		}
		str_add_char(&w->out, directives[k].c);
		write_range(w, i, to, active | directives[k].style);
		str_add_char(&w->out, directives[k].c);
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
	clear_marks(w, start, end, INLINE);
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
	unsigned block = start < end || w->len > 0 ? BLOCK : 0;

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
		unsigned styles = block & SPAN_CODE_BLOCK ? 0 : INLINE;

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
	return (styles & (INLINE | BLOCK)) |
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

bool
styling_write(struct str *out, const struct text *text)
{
	struct writer w = { .s = text->utf8, .len = text->len };
	bool plainly_read;

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
