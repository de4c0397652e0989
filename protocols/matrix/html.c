/* SPDX-License-Identifier: MIT */
/* html.c - HTML to text with spans. See html.h; the other way: html_write.c. */

#include "protocols/matrix/html.h"

#include "bridge/base.h"
#include "protocols/matrix/ident.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 100
#define NAME_MAX_BYTES 16 /* of the elements that we know, and more */
#define VALUE_MAX 2048    /* of an attribute */

enum element_kind {
	ELEMENT_INLINE,    /* style only */
	ELEMENT_BLOCK,     /* on lines of its own */
	ELEMENT_PARAGRAPH, /* with a blank line round it */
	ELEMENT_PRE,
	ELEMENT_LIST,
	ELEMENT_ITEM,
	ELEMENT_CELL,
	ELEMENT_SPAN, /* the style is in its attributes */
	ELEMENT_LINK,
	ELEMENT_HIDDEN, /* with all that it holds */
	ELEMENT_BREAK,  /* these three hold nothing */
	ELEMENT_RULE,
	ELEMENT_IMAGE,
};

static const struct element {
	const char *name;
	enum element_kind kind;
	unsigned styles;
} elements[] = {
	{ "strong", ELEMENT_INLINE, SPAN_BOLD },
	{ "b", ELEMENT_INLINE, SPAN_BOLD },
	{ "em", ELEMENT_INLINE, SPAN_ITALIC },
	{ "i", ELEMENT_INLINE, SPAN_ITALIC },
	{ "cite", ELEMENT_INLINE, SPAN_ITALIC },
	{ "u", ELEMENT_INLINE, SPAN_UNDERLINE },
	{ "ins", ELEMENT_INLINE, SPAN_UNDERLINE },
	{ "del", ELEMENT_INLINE, SPAN_STRIKE },
	{ "s", ELEMENT_INLINE, SPAN_STRIKE },
	{ "strike", ELEMENT_INLINE, SPAN_STRIKE },
	{ "code", ELEMENT_INLINE, SPAN_CODE },
	{ "tt", ELEMENT_INLINE, SPAN_CODE },
	{ "span", ELEMENT_SPAN, 0 },
	{ "font", ELEMENT_SPAN, 0 },
	{ "a", ELEMENT_LINK, 0 },
	{ "p", ELEMENT_PARAGRAPH, 0 },
	{ "div", ELEMENT_BLOCK, 0 },
	{ "h1", ELEMENT_BLOCK, SPAN_BOLD },
	{ "h2", ELEMENT_BLOCK, SPAN_BOLD },
	{ "h3", ELEMENT_BLOCK, SPAN_BOLD },
	{ "h4", ELEMENT_BLOCK, SPAN_BOLD },
	{ "h5", ELEMENT_BLOCK, SPAN_BOLD },
	{ "h6", ELEMENT_BLOCK, SPAN_BOLD },
	{ "blockquote", ELEMENT_BLOCK, SPAN_QUOTE },
	{ "pre", ELEMENT_PRE, SPAN_CODE_BLOCK },
	{ "ul", ELEMENT_LIST, 0 },
	{ "ol", ELEMENT_LIST, 0 },
	{ "li", ELEMENT_ITEM, 0 },
	{ "table", ELEMENT_BLOCK, 0 },
	{ "caption", ELEMENT_BLOCK, 0 },
	{ "tr", ELEMENT_BLOCK, 0 },
	{ "td", ELEMENT_CELL, 0 },
	{ "th", ELEMENT_CELL, SPAN_BOLD },
	{ "details", ELEMENT_BLOCK, 0 },
	{ "summary", ELEMENT_BLOCK, SPAN_BOLD },
	{ "mx-reply", ELEMENT_HIDDEN, 0 },
	{ "script", ELEMENT_HIDDEN, 0 },
	{ "style", ELEMENT_HIDDEN, 0 },
	{ "title", ELEMENT_HIDDEN, 0 },
	{ "br", ELEMENT_BREAK, 0 },
	{ "hr", ELEMENT_RULE, 0 },
	{ "img", ELEMENT_IMAGE, 0 },
};

/* An element that is open. */
struct open {
	const struct element *element;
	struct style before; /* what was in force outside */
	char *owned;         /* link or mention that it put in force */
	unsigned next_item;  /* of a list; 0: without numbers */
};

struct reader {
	struct text_builder *out;
	struct open stack[DEPTH_MAX];
	size_t depth;
	size_t ignored; /* open elements for which there was no room */
	struct style style;
	unsigned hidden, pre; /* how many such are open */
	unsigned breaks;      /* line feeds that are due before more text */
	bool space;           /* a blank is due, */
	struct style blank;   /* in this style, without a link */
	bool at_start;        /* of a line */
	bool first_cell;
};

/* A tag, "<" and ">" taken off. */
struct tag {
	char name[NAME_MAX_BYTES];
	bool closes;
	const char *attributes;
	size_t n_attributes;
};

/* ---- text --------------------------------------------------------------- */

static void
emit(struct reader *r, const char *s, size_t n, struct style style)
{
	text_builder_add(r->out, s, n, style);
	r->at_start = false;
}

/* What was put off until there is something to be put after it. */
static void
flush(struct reader *r)
{
	if (!r->out->utf8.len)
		r->breaks = 0;
	for (; r->breaks; r->breaks--) {
		emit(r, "\n", 1, STYLE_PLAIN);
		r->space = false;
		r->at_start = true;
	}
	if (r->space && !r->at_start && r->out->utf8.len)
		emit(r, " ", 1, r->blank);
	r->space = false;
}

static void
put(struct reader *r, const char *s, size_t n)
{
	if (r->hidden || !n)
		return;
	flush(r);
	emit(r, s, n, r->style);
}

static void
put_plain(struct reader *r, const char *s)
{
	if (r->hidden)
		return;
	flush(r);
	emit(r, s, strlen(s), STYLE_PLAIN);
}

static void
want_breaks(struct reader *r, unsigned n)
{
	if (r->hidden)
		return;
	r->space = false;
	if (r->breaks < n)
		r->breaks = n;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* A run without tags and entities: blanks are one blank. */
static void
put_flowing(struct reader *r, const char *s, size_t n)
{
	while (n) {
		size_t len = 0;

		while (len < n && !is_blank(s[len]))
			len++;
		put(r, s, len);
		s += len;
		n -= len;
		if (!n)
			return;
		if (!r->space)
			r->blank = r->style;
		r->blank.link = r->blank.mention = NULL;
		r->space = true;
		while (n && is_blank(*s)) {
			s++;
			n--;
		}
	}
}

static void
put_text(struct reader *r, const char *s, size_t n)
{
	if (r->pre)
		put(r, s, n);
	else
		put_flowing(r, s, n);
}

/* ---- entities ----------------------------------------------------------- */

static const struct {
	const char *name;
	uint32_t cp;
} entities[] = {
	{ "amp", '&' },      { "lt", '<' },       { "gt", '>' },
	{ "quot", '"' },     { "apos", '\'' },    { "nbsp", 0xa0 },
	{ "copy", 0xa9 },    { "reg", 0xae },     { "deg", 0xb0 },
	{ "laquo", 0xab },   { "raquo", 0xbb },   { "middot", 0xb7 },
	{ "times", 0xd7 },   { "euro", 0x20ac },  { "hellip", 0x2026 },
	{ "ndash", 0x2013 }, { "mdash", 0x2014 }, { "lsquo", 0x2018 },
	{ "rsquo", 0x2019 }, { "ldquo", 0x201c }, { "rdquo", 0x201d },
	{ "bull", 0x2022 },
};

static bool
is_char(unsigned long cp)
{
	return cp && cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff);
}

/* The character that name (n bytes) stands for, or 0. */
static uint32_t
entity(const char *name, size_t n)
{
	char digits[12];
	bool is_hex = n > 2 && (name[1] == 'x' || name[1] == 'X');
	size_t skip = is_hex ? 2 : 1;
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(entities); i++)
		if (strlen(entities[i].name) == n &&
		    strncmp(entities[i].name, name, n) == 0)
			return entities[i].cp;
	if (n < 2 || *name != '#' || n - skip >= sizeof(digits))
		return 0;
	memcpy(digits, name + skip, n - skip);
	digits[n - skip] = '\0';
	if (!strchr("0123456789abcdefABCDEF", *digits))
		return 0;
	unsigned long cp = strtoul(digits, &end, is_hex ? 16 : 10);
	return !*end && is_char(cp) ? (uint32_t)cp : 0;
}

/*
 * The length of the entity at s ("&...;"), and what it stands for; 0 if it is
 * none.
 */
static size_t
entity_at(const char *s, size_t n, uint32_t *cp)
{
	size_t len = 1;

	while (len < n && len < 12 && s[len] != ';' && s[len] != '&')
		len++;
	if (len >= n || s[len] != ';')
		return 0;
	*cp = entity(s + 1, len - 1);
	return *cp ? len + 1 : 0;
}

/* ---- attributes --------------------------------------------------------- */

static void
add_value(struct str *out, const char *s, size_t n)
{
	while (n) {
		uint32_t cp;
		size_t len = *s == '&' ? entity_at(s, n, &cp) : 0;

		if (len) {
			utf8_append(out, cp);
		} else {
			len = 1;
			str_add_char(out, *s);
		}
		s += len;
		n -= len;
	}
}

/* One attribute, cut from the front of what is left of a tag. */
struct attribute {
	const char *name, *value;
	size_t n_name, n_value;
};

static size_t
skip_blanks(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && (is_blank(s[i]) || s[i] == '/'))
		i++;
	return i;
}

/* Returns how much of s it took. */
static size_t
next_attribute(struct attribute *a, const char *s, size_t n)
{
	size_t i = skip_blanks(s, n);

	*a = (struct attribute){ .name = s + i, .value = "" };
	while (i < n && !is_blank(s[i]) && s[i] != '=' && s[i] != '/')
		i++;
	a->n_name = (size_t)(s + i - a->name);
	if (i >= n || s[i] != '=')
		return i;
	i++;
	char quote = i < n && (s[i] == '"' || s[i] == '\'') ? s[i] : '\0';
	i += quote != '\0';
	a->value = s + i;
	while (i < n && (quote ? s[i] != quote : !is_blank(s[i])))
		i++;
	a->n_value = (size_t)(s + i - a->value);
	return i + (quote && i < n);
}

/* True if the tag has it; its value, without entities, is appended. */
static bool
attribute(const struct tag *tag, const char *name, struct str *value)
{
	const char *s = tag->attributes;
	size_t n = tag->n_attributes;
	struct attribute a;

	while (n) {
		size_t used = next_attribute(&a, s, n);

		if (a.n_name == strlen(name) &&
		    strncasecmp(a.name, name, a.n_name) == 0) {
			add_value(value, a.value, a.n_value);
			return true;
		}
		s += used;
		n -= used;
	}
	return false;
}

static int32_t
colour(const struct tag *tag, const char *name, int32_t other)
{
	AUTO_STR value = { 0 };
	char *end;

	str_init(&value, VALUE_MAX);
	if (!attribute(tag, name, &value) || value.len != 7 ||
	    *value.data != '#' || value.data[1] == '-' || value.data[1] == '+')
		return other;
	long rgb = strtol(value.data + 1, &end, 16);
	return *end ? other : (int32_t)rgb;
}

/* ---- elements ----------------------------------------------------------- */

static const struct element *
element_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(elements); i++)
		if (strcmp(elements[i].name, name) == 0)
			return &elements[i];
	return NULL;
}

static void
open_span(struct reader *r, const struct tag *tag)
{
	AUTO_STR reason = { 0 };

	r->style.fg = colour(tag, "data-mx-color", r->style.fg);
	r->style.fg = colour(tag, "color", r->style.fg);
	r->style.bg = colour(tag, "data-mx-bg-color", r->style.bg);
	str_init(&reason, VALUE_MAX);
	if (!attribute(tag, "data-mx-spoiler", &reason))
		return;
	if (reason.len) {
		put(r, "(", 1);
		put(r, reason.data, reason.len);
		put(r, ") ", 2);
	}
	r->style.styles |= SPAN_SPOILER;
}

static void
open_link(struct reader *r, struct open *o, const struct tag *tag)
{
	AUTO_STR href = { 0 };
	AUTO_STR user = { 0 };

	str_init(&href, VALUE_MAX);
	str_init(&user, MATRIX_ID_MAX);
	if (!attribute(tag, "href", &href) || str_overflowed(&href) ||
	    !utf8_valid(href.data, href.len))
		return;
	if (matrix_link_user(&user, href.data) &&
	    utf8_valid(user.data, user.len)) {
		o->owned = str_take(&user);
		r->style.mention = o->owned;
		r->style.link = NULL;
	} else if (html_link_is_allowed(href.data)) {
		o->owned = str_take(&href);
		r->style.link = o->owned;
		r->style.mention = NULL;
	}
}

static void
open_list(struct reader *r, struct open *o, const struct tag *tag)
{
	AUTO_STR start = { 0 };

	want_breaks(r, 1);
	if (strcmp(tag->name, "ol") != 0)
		return;
	o->next_item = 1;
	str_init(&start, VALUE_MAX);
	if (attribute(tag, "start", &start)) {
		unsigned long n = strtoul(start.data, NULL, 10);
		o->next_item = n > 0 && n < 1000000 ? (unsigned)n : 1;
	}
}

/* The innermost list, and how many are round it. */
static struct open *
list_of(struct reader *r, unsigned *level)
{
	struct open *list = NULL;

	*level = 0;
	for (size_t i = 0; i < r->depth; i++)
		if (r->stack[i].element->kind == ELEMENT_LIST) {
			list = &r->stack[i];
			(*level)++;
		}
	return list;
}

static void
open_item(struct reader *r)
{
	unsigned level;
	struct open *list = list_of(r, &level);
	char mark[16] = "- ";

	want_breaks(r, 1);
	for (; level > 1; level--)
		put_plain(r, "  ");
	if (list && list->next_item)
		(void)snprintf(mark, sizeof(mark), "%u. ", list->next_item++);
	put_plain(r, mark);
	r->at_start = true; /* no blank after the mark */
}

static void
open_cell(struct reader *r)
{
	r->space = false;
	if (!r->first_cell)
		put_plain(r, " | ");
	r->first_cell = false;
}

/* What begins at an element, beside its style. */
static void
begin(struct reader *r, struct open *o, const struct tag *tag)
{
	switch (o->element->kind) {
	case ELEMENT_PRE:
		r->pre++;
		want_breaks(r, 1);
		break;
	case ELEMENT_BLOCK:
		want_breaks(r, 1);
		r->first_cell = true;
		break;
	case ELEMENT_PARAGRAPH:
		want_breaks(r, 2);
		break;
	case ELEMENT_LIST:
		open_list(r, o, tag);
		break;
	case ELEMENT_ITEM:
		open_item(r);
		break;
	case ELEMENT_CELL:
		open_cell(r);
		break;
	case ELEMENT_SPAN:
		open_span(r, tag);
		break;
	case ELEMENT_LINK:
		open_link(r, o, tag);
		break;
	case ELEMENT_HIDDEN:
		r->hidden++;
		break;
	case ELEMENT_INLINE:
	case ELEMENT_BREAK:
	case ELEMENT_RULE:
	case ELEMENT_IMAGE:
		break;
	}
}

static void
close_one(struct reader *r)
{
	struct open *o = &r->stack[--r->depth];

	switch (o->element->kind) {
	case ELEMENT_PRE:
		r->pre--;
		want_breaks(r, 1);
		break;
	case ELEMENT_BLOCK:
	case ELEMENT_LIST:
	case ELEMENT_ITEM:
		want_breaks(r, 1);
		break;
	case ELEMENT_PARAGRAPH:
		want_breaks(r, 2);
		break;
	case ELEMENT_HIDDEN:
		r->hidden--;
		break;
	default:
		break;
	}
	r->style = o->before;
	free(o->owned);
}

static void
put_image(struct reader *r, const struct tag *tag)
{
	AUTO_STR alt = { 0 };

	str_init(&alt, VALUE_MAX);
	if (attribute(tag, "alt", &alt) || attribute(tag, "title", &alt))
		put(r, alt.data, alt.len);
}

/* True if it holds nothing, and is done. */
static bool
put_void(struct reader *r, const struct element *e, const struct tag *tag)
{
	switch (e->kind) {
	case ELEMENT_BREAK:
		if (!r->hidden) {
			r->breaks++;
			r->space = false;
		}
		return true;
	case ELEMENT_RULE:
		want_breaks(r, 1);
		put_plain(r, "---");
		want_breaks(r, 1);
		return true;
	case ELEMENT_IMAGE:
		put_image(r, tag);
		return true;
	default:
		return false;
	}
}

static void
open_element(struct reader *r, const struct element *e, const struct tag *tag)
{
	if (put_void(r, e, tag))
		return;
	if (r->depth == DEPTH_MAX) {
		r->ignored++;
		return;
	}
	struct open *o = &r->stack[r->depth++];

	*o = (struct open){ .element = e, .before = r->style };
	begin(r, o, tag);
	/* In a block of code nothing is a piece of code within a line. */
	if (!(r->pre && e->styles == SPAN_CODE))
		r->style.styles |= e->styles;
}

static void
close_element(struct reader *r, const struct element *e)
{
	if (r->ignored) {
		r->ignored--;
		return;
	}
	for (size_t i = r->depth; i-- > 0;)
		if (r->stack[i].element == e) {
			while (r->depth > i)
				close_one(r);
			return;
		}
}

static void
take_tag(struct reader *r, const struct tag *tag)
{
	const struct element *e = element_find(tag->name);

	if (!e)
		return;
	if (tag->closes)
		close_element(r, e);
	else
		open_element(r, e, tag);
}

/* ---- tokens ------------------------------------------------------------- */

/* Where the tag at s ends; n if it does not. Quotes may hold ">". */
static size_t
tag_end(const char *s, size_t n)
{
	char quote = '\0';

	for (size_t i = 1; i < n; i++) {
		if (quote ? s[i] == quote : s[i] == '"' || s[i] == '\'')
			quote = quote ? '\0' : s[i];
		else if (!quote && s[i] == '>')
			return i;
	}
	return n;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Take what stands between "<" and ">". */
static void
parse_tag(struct tag *tag, const char *s, size_t n)
{
	size_t i = 0, len = 0;

	*tag = (struct tag){ .closes = n && *s == '/' };
	i += tag->closes;
	for (; i < n && !is_blank(s[i]) && s[i] != '/'; i++) {
		char c = s[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 'a' - 'A');
		if (len + 1 < sizeof(tag->name))
			tag->name[len++] = c;
	}
	tag->attributes = s + i;
	tag->n_attributes = n - i;
}

/* Comments, declarations: how long is what starts at s, "<!" or "<?". */
static size_t
skip_other(const char *s, size_t n)
{
	const char *end;

	if (n >= 4 && strncmp(s, "<!--", 4) == 0) {
		end = memmem(s + 4, n - 4, "-->", 3);
		return end ? (size_t)(end - s) + 3 : n;
	}
	end = memchr(s, '>', n);
	return end ? (size_t)(end - s) + 1 : n;
}

/* How much of s it took; s begins with "<". */
static size_t
take_markup(struct reader *r, const char *s, size_t n)
{
	struct tag tag;
	size_t end;

	if (n > 1 && (s[1] == '!' || s[1] == '?'))
		return skip_other(s, n);
	bool begins = n > 1 && (is_letter(s[1]) ||
				(s[1] == '/' && n > 2 && is_letter(s[2])));
	end = begins ? tag_end(s, n) : n;
	if (end == n) { /* no tag: a sign like others */
		put_text(r, s, 1);
		return 1;
	}
	parse_tag(&tag, s + 1, end - 1);
	take_tag(r, &tag);
	return end + 1;
}

static size_t
take_entity(struct reader *r, const char *s, size_t n)
{
	AUTO_STR one = { 0 };
	uint32_t cp;
	size_t len = entity_at(s, n, &cp);

	if (!len) {
		put_text(r, s, 1);
		return 1;
	}
	str_init(&one, 8);
	utf8_append(&one, cp);
	put(r, one.data, one.len);
	return len;
}

void
html_read(struct text_builder *b, const char *html, size_t n)
{
	struct reader r = {
		.out = b,
		.style = STYLE_PLAIN,
		.at_start = true,
		.first_cell = true,
	};

	while (n) {
		size_t len = 0;

		while (len < n && html[len] != '<' && html[len] != '&')
			len++;
		put_text(&r, html, len);
		html += len;
		n -= len;
		if (!n)
			break;
		len = *html == '<' ? take_markup(&r, html, n)
				   : take_entity(&r, html, n);
		html += len;
		n -= len;
	}
	while (r.depth)
		close_one(&r);
}
