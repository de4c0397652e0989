/* SPDX-License-Identifier: MIT */
/*
 * scan.c - words of libconfig's language, and in what order they may come.
 * Follows the grammar of libconfig 1.5, the strictest of those in use: no
 * comma after the last element, no empty statement.
 *
 *     setting  NAME (= | :) value [; | ,]
 *     value    scalar | { setting... } | ( value, ... ) | [ scalar, ... ]
 */

#include "conf/scan.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/pool.h"

#include "conf/file.h"
#include "conf/report.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* libconfig allows ten. */
#define INCLUDE_DEPTH_MAX 8
#define INCLUDES_MAX 64
#define PICTURE_MAX 72

enum kind {
	K_END,
	K_NAME,
	K_ASSIGN,
	K_STRING,
	K_NUMBER,
	K_BOOL,
	K_OPEN,
	K_CLOSE,
	K_COMMA,
	K_SEMICOLON,
	K_INCLUDE,
	K_BAD, /* already reported */
};

struct word {
	enum kind kind;
	const char *start;
	size_t len;
};

/* One file being read. */
struct source {
	const char *file;
	const char *p, *end;
	const char *line_start;
	unsigned line;
};

enum want {
	WANT_NAME,   /* or the end of the group */
	WANT_ASSIGN, /* after a name */
	WANT_VALUE,  /* after = or a comma */
	WANT_FIRST,  /* value, or the end of an empty list */
	WANT_MORE,   /* after a value */
	WANT_TEXT,   /* after a string: likewise, or another string */
};

struct bracket {
	char open;
	struct conf_where where;
};

struct scan {
	struct report *report;
	struct pool *pool;
	const char *include_dir;
	struct source *src;
	struct bracket stack[SCAN_DEPTH_MAX];
	unsigned depth;
	enum want want;
	unsigned includes, include_depth;
};

/* ---- telling where ----------------------------------------------------- */

/*
 * The line around at, and a caret below it. Control characters and bytes
 * beyond ASCII count as one column each; a long line is shown in part.
 */
static void
report_at(struct report *report, struct conf_where where,
	  const char *line_start, const char *end, const char *at,
	  const char *what)
{
	char text[PICTURE_MAX + 1], mark[PICTURE_MAX + 1];
	const char *from = line_start;
	size_t n = 0, column;

	if (at - from > PICTURE_MAX - 12)
		from = at - (PICTURE_MAX - 12);
	while (from > line_start && ((unsigned char)*from & 0xc0) == 0x80)
		from--;
	column = (size_t)(at - from);
	if (column >= PICTURE_MAX)
		column = PICTURE_MAX - 1;
	while (from < end && *from != '\n' && n < PICTURE_MAX) {
		unsigned char c = (unsigned char)*from++;

		text[n++] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
	}
	while (n > 0 && from < end && ((unsigned char)*from & 0xc0) == 0x80 &&
	       ((unsigned char)text[n - 1] & 0x80)) {
		from--; /* not half a character */
		n--;
	}
	text[n] = '\0';
	memset(mark, ' ', column);
	mark[column] = '^';
	mark[column + 1] = '\0';
	report_error(report, where, "%s\n    %s\n    %s", what, text, mark);
}

static struct conf_where
here(const struct scan *s)
{
	return (struct conf_where){ s->src->file, s->src->line };
}

/* Reports; returns false so that callers can end in it. */
static bool wrong(struct scan *s, const char *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static bool
wrong(struct scan *s, const char *at, const char *fmt, ...)
{
	struct error what;
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(what.text, sizeof(what.text), fmt, args);
	va_end(args);
	report_at(s->report, here(s), s->src->line_start, s->src->end, at,
		  what.text);
	return false;
}

/* ---- words ------------------------------------------------------------- */

static void
newline(struct source *src, const char *lf)
{
	src->line++;
	src->line_start = lf + 1;
}

static bool
skip_comment(struct scan *s)
{
	struct source *src = s->src;
	struct source start = *src;

	for (src->p += 2; src->p + 1 < src->end; src->p++) {
		if (src->p[0] == '*' && src->p[1] == '/') {
			src->p += 2;
			return true;
		}
		if (*src->p == '\n')
			newline(src, src->p);
	}

	*src = start;
	return wrong(s, src->p, "the comment that begins here never ends");
}

static bool
at_comment(const struct source *src, char second)
{
	return src->p + 1 < src->end && src->p[0] == '/' && src->p[1] == second;
}

/*
 * libconfig 1.5 calls a comment that ends with the file a syntax error. To
 * the text that we hand over we can add what it lacks, to others not.
 */
static bool
skip_line(struct scan *s)
{
	struct source *src = s->src;
	const char *start = src->p;

	while (src->p < src->end && *src->p != '\n')
		src->p++;
	if (src->p < src->end || s->include_depth == 0)
		return true;
	return wrong(s, start,
		     "the last line of an included file must end "
		     "with a newline");
}

/* False if something is wrong with what was to be skipped. */
static bool
skip_space(struct scan *s)
{
	struct source *src = s->src;

	while (src->p < src->end) {
		if (*src->p == '\n') {
			newline(src, src->p);
			src->p++;
		} else if (strchr(" \t\r\f", *src->p) && *src->p) {
			src->p++;
		} else if (*src->p == '#' || at_comment(src, '/')) {
			if (!skip_line(s))
				return false;
		} else if (at_comment(src, '*')) {
			if (!skip_comment(s))
				return false;
		} else {
			return true;
		}
	}
	return true;
}

static bool
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '*';
}

static enum kind
string_word(struct scan *s)
{
	struct source *src = s->src;
	struct source start = *src;

	for (src->p++; src->p < src->end; src->p++) {
		if (*src->p == '"') {
			src->p++;
			return K_STRING;
		}
		if (*src->p == '\n')
			newline(src, src->p);
		if (*src->p == '\\' && src->p + 1 < src->end &&
		    src->p[1] != '\n')
			src->p++;
	}

	*src = start;
	(void)wrong(s, src->p, "the string that begins here never ends");
	return K_BAD;
}

/*
 * Longer than an int and without the L that says so: libconfig would take
 * the lower 32 bits and be silent.
 */
static bool
integer_fits(const char *start, size_t len)
{
	char digits[24];
	bool hex = len > 1 && (start[1] == 'x' || start[1] == 'X');

	if (hex)
		return len <= 2 + 8;
	if (strspn(start, "+-0123456789") < len)
		return true; /* not a plain integer */
	if (len >= sizeof(digits))
		return false;
	memcpy(digits, start, len);
	digits[len] = '\0';

	long long value = strtoll(digits, NULL, 10);

	return value >= INT_MIN && value <= INT_MAX;
}

static const char *
skip_digits(const char *p, const char *end, size_t *count)
{
	for (; p < end && isdigit((unsigned char)*p); p++)
		(*count)++;
	return p;
}

static const char *
skip_sign(const char *p, const char *end)
{
	return p < end && (*p == '+' || *p == '-') ? p + 1 : p;
}

/* 12, -3, 0x1f, 5L, 2.5, 1e9 */
static bool
is_number(const char *p, size_t len)
{
	const char *end = p + len;
	bool point = memchr(p, '.', len) != NULL;
	size_t digits = 0;

	/* 5L and 5LL are 64 bits wide. */
	for (int i = 0; !point && i < 2 && end > p && end[-1] == 'L'; i++)
		end--;
	if (end - p > 2 && p[0] == '0' && (p[1] | 0x20) == 'x') {
		p += 2;
		while (p < end && isxdigit((unsigned char)*p))
			p++;
		return p == end;
	}
	p = skip_digits(skip_sign(p, end), end, &digits);
	if (p < end && *p == '.')
		p = skip_digits(p + 1, end, &digits);
	if (digits && p < end && (*p | 0x20) == 'e') {
		digits = 0;
		p = skip_digits(skip_sign(p + 1, end), end, &digits);
	}
	return p == end && digits > 0;
}

static enum kind
number_word(struct scan *s)
{
	struct source *src = s->src;
	const char *start = src->p;

	while (src->p < src->end &&
	       (is_name(*src->p) || *src->p == '.' || *src->p == '+'))
		src->p++;

	int len = (int)(src->p - start);
	int show = len < 40 ? len : 40;

	if (!is_number(start, (size_t)len)) {
		if (s->want == WANT_VALUE || s->want == WANT_FIRST)
			(void)wrong(s, start,
				    "expected a value, found %.*s; text needs "
				    "quotes: \"%.*s\"",
				    show, start, show, start);
		else
			(void)wrong(s, start,
				    "unexpected %.*s; names begin with a "
				    "letter and hold letters, digits, - and _",
				    show, start);
		return K_BAD;
	}
	if (!integer_fits(start, (size_t)len)) {
		(void)wrong(s, start, "the number %.*s is too large", show,
			    start);
		return K_BAD;
	}
	return K_NUMBER;
}

static enum kind
name_word(struct source *src)
{
	const char *start = src->p;

	while (src->p < src->end && is_name(*src->p))
		src->p++;

	size_t len = (size_t)(src->p - start);

	if ((len == 4 && strncasecmp(start, "true", 4) == 0) ||
	    (len == 5 && strncasecmp(start, "false", 5) == 0))
		return K_BOOL;
	return K_NAME;
}

/* The whole of @include "file". */
static enum kind
include_word(struct scan *s)
{
	static const char verb[] = "@include";
	struct source *src = s->src;
	const char *start = src->p;
	const char *q = src->line_start;

	while (q < start && (*q == ' ' || *q == '\t'))
		q++;
	if (q < start) {
		(void)wrong(s, start, "@include must begin its line");
		return K_BAD;
	}
	if ((size_t)(src->end - q) > strlen(verb) &&
	    strncmp(q, verb, strlen(verb)) == 0) {
		q += strlen(verb);

		const char *gap = q;

		while (q < src->end && (*q == ' ' || *q == '\t'))
			q++;
		if (q > gap && q < src->end && *q == '"')
			for (q++; q < src->end && *q != '\n' && *q != '\\'; q++)
				if (*q == '"') {
					src->p = q + 1;
					return K_INCLUDE;
				}
	}
	(void)wrong(s, start, "expected @include \"FILE\"");
	return K_BAD;
}

static enum kind
mark_word(struct scan *s)
{
	static const struct {
		char c;
		enum kind kind;
	} marks[] = {
		{ '=', K_ASSIGN },    { ':', K_ASSIGN }, { '{', K_OPEN },
		{ '(', K_OPEN },      { '[', K_OPEN },   { '}', K_CLOSE },
		{ ')', K_CLOSE },     { ']', K_CLOSE },  { ',', K_COMMA },
		{ ';', K_SEMICOLON },
	};
	unsigned char c = (unsigned char)*s->src->p;

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (marks[i].c == (char)c) {
			s->src->p++;
			return marks[i].kind;
		}
	if (c == '\'')
		(void)wrong(s, s->src->p, "text needs double quotes: \"");
	else if (c > 0x20 && c < 0x7f)
		(void)wrong(s, s->src->p, "unexpected %c", c);
	else
		(void)wrong(s, s->src->p, "unexpected byte 0x%02x", c);
	return K_BAD;
}

static struct word
next_word(struct scan *s)
{
	struct source *src = s->src;

	if (!skip_space(s))
		return (struct word){ K_BAD, src->p, 0 };

	struct word w = { K_END, src->p, 0 };

	if (src->p == src->end)
		return w;

	char c = *src->p;

	if (c == '"')
		w.kind = string_word(s);
	else if (c == '@')
		w.kind = include_word(s);
	else if (isalpha((unsigned char)c) || c == '*')
		w.kind = name_word(src);
	else if (isdigit((unsigned char)c) || strchr("+-.", c))
		w.kind = number_word(s);
	else
		w.kind = mark_word(s);
	w.len = (size_t)(src->p - w.start);
	return w;
}

/* ---- their order ------------------------------------------------------- */

static char
closing(char open)
{
	return open == '{' ? '}' : open == '(' ? ')' : ']';
}

static bool
in_group(const struct scan *s)
{
	return s->depth == 0 || s->stack[s->depth - 1].open == '{';
}

/* What the place asks for is not what is there. */
static bool
unexpected(struct scan *s, const struct word *w)
{
	static const char *const wants[] = {
		[WANT_NAME] = "the name of an option",
		[WANT_ASSIGN] = "\"=\" or \":\" after the name",
		[WANT_VALUE] = "a value",
		[WANT_FIRST] = "a value",
		[WANT_MORE] = "a comma or the end of the list",
		[WANT_TEXT] = "a comma or the end of the list",
	};
	const char *want = wants[s->want];
	int len = (int)(w->len < 40 ? w->len : 40);
	bool more = s->want == WANT_MORE || s->want == WANT_TEXT;
	const char *lf = memchr(w->start, '\n', (size_t)len);

	if (lf)
		len = (int)(lf - w->start);
	if (more && in_group(s))
		want = "\";\" or the name of the next option";
	if (w->kind == K_NAME && s->want != WANT_ASSIGN && !more)
		return wrong(s, w->start,
			     "expected %s, found %.*s; text needs quotes: "
			     "\"%.*s\"",
			     want, len, w->start, len, w->start);
	if (w->kind == K_CLOSE && s->want == WANT_VALUE && !in_group(s))
		return wrong(s, w->start,
			     "no comma may stand after the last element");
	return wrong(s, w->start, "expected %s, found %.*s", want, len,
		     w->start);
}

static bool
open_bracket(struct scan *s, const struct word *w)
{
	char outer = in_group(s) ? '{' : s->stack[s->depth - 1].open;

	if (s->want != WANT_VALUE && s->want != WANT_FIRST)
		return unexpected(s, w);
	if (outer == '[')
		return wrong(s, w->start,
			     "an array in [ ] holds only text, numbers or "
			     "booleans; use ( ) around groups");
	if (s->depth == SCAN_DEPTH_MAX)
		return wrong(s, w->start, "more than %d brackets are open",
			     SCAN_DEPTH_MAX);
	s->stack[s->depth].open = *w->start;
	s->stack[s->depth].where = here(s);
	s->depth++;
	s->want = *w->start == '{' ? WANT_NAME : WANT_FIRST;
	return true;
}

static bool
close_bracket(struct scan *s, const struct word *w)
{
	if (s->depth == 0)
		return wrong(s, w->start, "nothing is open that %c could close",
			     *w->start);

	struct bracket *top = &s->stack[s->depth - 1];

	if (*w->start != closing(top->open))
		return wrong(s, w->start,
			     "expected %c, which closes the %c of line %u, "
			     "found %c",
			     closing(top->open), top->open, top->where.line,
			     *w->start);
	if (s->want == WANT_VALUE || s->want == WANT_ASSIGN)
		return unexpected(s, w);
	s->depth--;
	s->want = WANT_MORE;
	return true;
}

static bool
separator(struct scan *s, const struct word *w)
{
	bool more = s->want == WANT_MORE || s->want == WANT_TEXT;

	if (!more || (w->kind == K_SEMICOLON && !in_group(s)))
		return unexpected(s, w);
	s->want = in_group(s) ? WANT_NAME : WANT_VALUE;
	return true;
}

static bool
scalar(struct scan *s, const struct word *w)
{
	if (s->want == WANT_VALUE || s->want == WANT_FIRST)
		s->want = w->kind == K_STRING ? WANT_TEXT : WANT_MORE;
	else if (w->kind != K_STRING || s->want != WANT_TEXT)
		return unexpected(s, w);
	return true;
}

static bool
name(struct scan *s, const struct word *w)
{
	bool more = s->want == WANT_MORE || s->want == WANT_TEXT;

	if (s->want != WANT_NAME && !(more && in_group(s)))
		return unexpected(s, w);
	s->want = WANT_ASSIGN;
	return true;
}

static bool
assign(struct scan *s, const struct word *w)
{
	if (s->want != WANT_ASSIGN)
		return unexpected(s, w);
	s->want = WANT_VALUE;
	return true;
}

static bool include(struct scan *s, const struct word *w);

static bool
take(struct scan *s, const struct word *w)
{
	switch (w->kind) {
	case K_NAME:
		return name(s, w);
	case K_ASSIGN:
		return assign(s, w);
	case K_STRING:
	case K_NUMBER:
	case K_BOOL:
		return scalar(s, w);
	case K_OPEN:
		return open_bracket(s, w);
	case K_CLOSE:
		return close_bracket(s, w);
	case K_COMMA:
	case K_SEMICOLON:
		return separator(s, w);
	case K_INCLUDE:
		return include(s, w);
	case K_END:
	case K_BAD:
		break;
	}
	return false;
}

static bool
scan_source(struct scan *s, struct source *src)
{
	struct source *outer = s->src;
	const char *nul = memchr(src->p, '\0', (size_t)(src->end - src->p));
	bool good = true;

	s->src = src;
	if ((size_t)(src->end - src->p) > SCAN_SIZE_MAX) {
		report_error(s->report, (struct conf_where){ src->file, 0 },
			     "the file is longer than %d bytes", SCAN_SIZE_MAX);
		good = false;
	} else if (nul) {
		report_error(s->report, (struct conf_where){ src->file, 0 },
			     "the file holds a NUL byte; it is not text");
		good = false;
	}

	while (good) {
		struct word w = next_word(s);

		if (w.kind == K_END)
			break;
		good = take(s, &w);
	}
	s->src = outer;
	return good;
}

/* libconfig reads the file as if its text stood here. */
static bool
include(struct scan *s, const struct word *w)
{
	const char *quote = memchr(w->start, '"', w->len);
	size_t len = w->len - (size_t)(quote + 2 - w->start);
	char *path = pool_alloc(s->pool, len + 1);

	memcpy(path, quote + 1, len);
	if (!s->include_dir)
		return wrong(s, w->start, "@include is not possible here");
	if (path[0] == '/')
		return wrong(s, w->start,
			     "@include takes a path relative to the folder of "
			     "the configuration file");
	if (s->include_depth == INCLUDE_DEPTH_MAX ||
	    s->includes == INCLUDES_MAX)
		return wrong(s, w->start, "too many files are included");

	const char *whole = file_resolve(s->pool, s->include_dir, path);
	struct error err;
	char *text = file_read(whole, SCAN_SIZE_MAX, FILE_ANY, &len, &err);

	if (!text)
		return wrong(s, w->start, "cannot include \"%.100s\": %.100s",
			     path, err.text);

	struct source src = { path, text, text + len, text, 1 };

	s->includes++;
	s->include_depth++;

	bool good = scan_source(s, &src);

	s->include_depth--;
	free(text);
	return good;
}

static bool
finish(struct scan *s)
{
	struct bracket *top = s->depth ? &s->stack[s->depth - 1] : NULL;

	if (top)
		report_error(s->report, top->where,
			     "the %c that is opened here is never closed by %c",
			     top->open, closing(top->open));
	else if (s->want == WANT_VALUE || s->want == WANT_ASSIGN)
		report_error(s->report, here(s),
			     "the file ends in the middle of an option");
	else
		return true;
	return false;
}

bool
scan_text(struct report *report, const char *file, const char *text, size_t len,
	  const char *include_dir)
{
	struct source src = { file, text, text + len, text, 1 };
	struct scan s = {
		.report = report,
		.pool = pool_new(),
		.include_dir = include_dir,
		.src = &src,
	};
	bool good = scan_source(&s, &src) && finish(&s);

	pool_free(s.pool);
	return good;
}

void
scan_report_line(struct report *report, const char *file, const char *text,
		 unsigned line, const char *what)
{
	const char *p = text;

	for (unsigned i = 1; i < line && p; i++) {
		p = strchr(p, '\n');
		if (p)
			p++;
	}
	if (!p)
		p = text + strlen(text);
	report_at(report, (struct conf_where){ file, line }, p, p + strlen(p),
		  p + strspn(p, " \t"), what);
}
