/* SPDX-License-Identifier: MIT */
/*
 * styling.c - XEP-0393 (Message Styling 1.1.1) to spans.
 *
 * Reading goes line by line. A line belongs to a block (plain, quote, code),
 * and inside a line spans are matched lazily from the left: an opener at i
 * goes with the first valid closer behind it. Where that is, is remembered
 * for each directive and only moves forward, and a style cannot nest in
 * itself, so every byte is looked at a fixed number of times.
 *
 * A quote in a quote keeps its inner ">" as text, since spans have no depth.
 */

#include "protocols/xmpp/styling.h"

#include "protocols/xmpp/styling_scan.h"

#include <stdint.h>
#include <string.h>

#define INFO_MAX 32 /* bytes of a language after the opening graves */

const struct styling_directive styling_directives[STYLING_DIRECTIVES] = {
	{ '*', SPAN_BOLD },
	{ '_', SPAN_ITALIC },
	{ '~', SPAN_STRIKE },
	{ '`', SPAN_CODE },
};

/* ---- spans inside a line ---- */

struct line_reader {
	const char *s;
	size_t end;
	unsigned block; /* the line's own styles */
	struct styling_sink sink;
	size_t closer[STYLING_DIRECTIVES]; /* next valid one, as far as known */

	/* what is open, outermost first */
	struct {
		size_t close;
		unsigned style;
	} open[STYLING_DIRECTIVES];
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

bool
styling_space_begins(const char *s, size_t i, size_t end)
{
	size_t len;

	return i < end && is_space(utf8_decode(s + i, end - i, &len));
}

/* True if the code point before byte i is white space. */
bool
styling_space_ends(const char *s, size_t i)
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
	for (int k = 0; k < STYLING_DIRECTIVES; k++)
		if (styling_directives[k].c == c)
			return k;
	return -1;
}

/* The first place from which on k can close, or the end. */
static size_t
find_closer(struct line_reader *r, int k, size_t from)
{
	size_t i = r->closer[k] > from ? r->closer[k] : from;

	while (i < r->end && (r->s[i] != styling_directives[k].c ||
			      styling_space_ends(r->s, i)))
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

	if ((r->active & styling_directives[k].style) ||
	    !(at_start || styling_space_ends(r->s, i)))
		return 0;
	if (i + 1 >= limit || r->s[i + 1] == styling_directives[k].c ||
	    styling_space_begins(r->s, i + 1, r->end))
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
	r->open[r->n_open].style = styling_directives[k].style;
	r->n_open++;
	r->active |= styling_directives[k].style;
}

/* Read bytes [begin, end) of s, a line or what is left of it. */
void
styling_scan_line(const char *s, size_t len, unsigned block,
		  struct styling_sink sink)
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
	struct styling_sink sink;

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
		if (!styling_space_begins(line->s, 0, line->len))
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
		if (styling_space_begins(line->s, i, line->len))
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
		styling_scan_line(whole->s, whole->len, 0, r->sink);
		return;
	}
	add_break(r, SPAN_QUOTE);
	/* marks of inner quotes are text, and spans begin behind them */
	inner = line;
	strip_quote(&inner, SIZE_MAX);
	r->sink.add(r->sink.to, line.s, (size_t)(inner.s - line.s), SPAN_QUOTE);
	styling_scan_line(inner.s, inner.len, SPAN_QUOTE, r->sink);
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

void
styling_scan(const char *body, size_t len, struct styling_sink sink)
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
	styling_scan(body, len, (struct styling_sink){ add_to_builder, b });
}
