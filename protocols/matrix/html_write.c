/* SPDX-License-Identifier: MIT */
/* html_write.c - text with spans to HTML. See html.h. */

#include "protocols/matrix/html.h"

#include "bridge/base.h"
#include "protocols/matrix/ident.h"

#include <string.h>
#include <strings.h>

#define BLOCKS (SPAN_CODE_BLOCK | SPAN_QUOTE)

struct tag {
	unsigned style;
	const char *open, *close;
};

/* Outermost first. */
static const struct tag blocks[] = {
	{ SPAN_QUOTE, "<blockquote>", "</blockquote>" },
	{ SPAN_CODE_BLOCK, "<pre><code>", "</code></pre>" },
};
static const struct tag tags[] = {
	{ SPAN_BOLD, "<strong>", "</strong>" },
	{ SPAN_ITALIC, "<em>", "</em>" },
	{ SPAN_UNDERLINE, "<u>", "</u>" },
	{ SPAN_STRIKE, "<del>", "</del>" },
	{ SPAN_SPOILER, "<span data-mx-spoiler>", "</span>" },
	{ SPAN_CODE, "<code>", "</code>" },
};

bool
html_link_is_allowed(const char *url)
{
	static const char *const schemes[] = { "https:", "http:", "ftp:",
					       "mailto:", "magnet:" };

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

static void
add_escaped(struct str *out, const char *s, size_t n, bool breaks)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '&')
			str_add(out, "&amp;");
		else if (s[i] == '<')
			str_add(out, "&lt;");
		else if (s[i] == '>')
			str_add(out, "&gt;");
		else if (s[i] == '"')
			str_add(out, "&quot;");
		else if (s[i] == '\n' && breaks)
			str_add(out, "<br>");
		else
			str_add_char(out, s[i]);
	}
}

/* mIRC's reverse, and colours: what fg and bg of span come to. */
static bool
colours(const struct span *span, int32_t *fg, int32_t *bg)
{
	bool swap = span->styles & SPAN_REVERSE;

	*fg = swap ? span->bg : span->fg;
	*bg = swap ? span->fg : span->bg;
	return *fg != SPAN_NO_COLOR || *bg != SPAN_NO_COLOR;
}

static void
open_colours(struct str *out, const struct span *span)
{
	int32_t fg, bg;

	if (!colours(span, &fg, &bg))
		return;
	str_add(out, "<span");
	if (fg != SPAN_NO_COLOR)
		str_printf(out, " data-mx-color=\"#%06x\"", (unsigned)fg);
	if (bg != SPAN_NO_COLOR)
		str_printf(out, " data-mx-bg-color=\"#%06x\"", (unsigned)bg);
	str_add(out, ">");
}

/* True if it was one: then it must be closed. */
static bool
open_link(struct str *out, const struct span *span)
{
	AUTO_STR url = { 0 };

	if (span->mention && matrix_id_is(span->mention, '@')) {
		str_init(&url, 4 * MATRIX_ID_MAX);
		matrix_link_add(&url, span->mention);
	} else if (span->link && html_link_is_allowed(span->link)) {
		str_init(&url, EVENT_URL_MAX);
		str_add(&url, span->link);
	} else {
		return false;
	}
	str_add(out, "<a href=\"");
	add_escaped(out, url.data, url.len, false);
	str_add(out, "\">");
	return true;
}

static void
open_tags(struct str *out, const struct tag *all, size_t n, unsigned styles)
{
	for (size_t i = 0; i < n; i++)
		if (styles & all[i].style)
			str_add(out, all[i].open);
}

static void
close_tags(struct str *out, const struct tag *all, size_t n, unsigned styles)
{
	while (n-- > 0)
		if (styles & all[n].style)
			str_add(out, all[n].close);
}

static void
add_span(struct str *out, const struct text *text, const struct span *span)
{
	int32_t fg, bg;

	open_tags(out, tags, ARRAY_SIZE(tags), span->styles);
	open_colours(out, span);
	bool linked = open_link(out, span);
	add_escaped(out, text->utf8 + span->start, span->len,
		    !(span->styles & SPAN_CODE_BLOCK));
	if (linked)
		str_add(out, "</a>");
	if (colours(span, &fg, &bg))
		str_add(out, "</span>");
	close_tags(out, tags, ARRAY_SIZE(tags), span->styles);
}

/* Which blocks are open; neighbours in the same ones share them. */
static void
change_block(struct str *out, unsigned *open, unsigned wanted)
{
	if (*open == wanted)
		return;
	close_tags(out, blocks, ARRAY_SIZE(blocks), *open);
	open_tags(out, blocks, ARRAY_SIZE(blocks), wanted);
	*open = wanted;
}

/* Plain text between two spans. A block brings its own line breaks. */
static void
add_between(struct str *out, const char *s, size_t n, bool after_block,
	    bool before_block)
{
	if (after_block && n && *s == '\n') {
		s++;
		n--;
	}
	if (before_block && n && s[n - 1] == '\n')
		n--;
	add_escaped(out, s, n, true);
}

bool
html_write(struct str *out, const struct text *text)
{
	size_t at = 0;
	unsigned open = 0;

	for (size_t i = 0; i < text->n_spans; i++) {
		const struct span *span = &text->spans[i];
		unsigned wanted = span->styles & BLOCKS;
		bool after = open;

		if (span->start > at) {
			change_block(out, &open, 0);
			add_between(out, text->utf8 + at, span->start - at,
				    after, wanted);
		}
		change_block(out, &open, wanted);
		add_span(out, text, span);
		at = span->start + span->len;
	}
	bool after = open;
	change_block(out, &open, 0);
	add_between(out, text->utf8 + at, text->len - at, after, false);
	return text->n_spans > 0;
}
