/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_TEXT_H
#define BRIDGE_TEXT_H

/*
 * UTF-8, and text with spans. Pure: values in, values out.
 *
 * A builder makes a text piece by piece, each piece with the styles that are
 * in force; it is how the dialects (mIRC codes, XEP-0393, HTML) turn their
 * markup into spans, and how renderings put a prefix before a text.
 */

#include "bridge/event.h"
#include "bridge/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The code point that starts at s (n bytes left, n >= 1) and its length in
 * bytes. Anything that is not well-formed UTF-8 (overlong, surrogate, beyond
 * U+10FFFF, cut short) is one byte long and U+FFFD.
 */
uint32_t utf8_decode(const char *s, size_t n, size_t *len);

/* Append one code point. */
void utf8_append(struct str *out, uint32_t cp);

bool utf8_valid(const char *s, size_t n);

/* Append s, each bad byte as U+FFFD. NUL becomes U+FFFD, too. */
void utf8_repair(struct str *out, const char *s, size_t n);

/* Like utf8_repair(), and CR LF and CR become LF. */
void utf8_repair_lines(struct str *out, const char *s, size_t n);

/* How many code points. A bad byte counts as one. */
size_t utf8_count(const char *s, size_t n);

/*
 * The longest prefix of s that fits in max bytes and cuts neither a code
 * point nor what belongs together with the one before it (combining marks,
 * variation selectors, joiners, skin tones). At least one code point if s is
 * not empty, even if that is longer than max.
 */
size_t utf8_cut(const char *s, size_t n, size_t max);

/*
 * Like utf8_cut(), but prefers to end after a space in the last third. The
 * space stays at the end of the piece, so that the pieces join exactly.
 */
size_t utf8_cut_word(const char *s, size_t n, size_t max);

/* True for control and format characters that have no place in a name. */
bool utf8_is_invisible(uint32_t cp);

struct text_builder {
	struct str utf8;
	struct span *spans; /* link and mention are the builder's */
	size_t n_spans;
	/* private */
	size_t spans_size;
};

/* What is in force for a piece of text. */
struct style {
	unsigned styles;
	int32_t fg, bg;
	const char *link;
	const char *mention;
};

#define STYLE_PLAIN ((struct style){ 0, SPAN_NO_COLOR, SPAN_NO_COLOR, 0, 0 })

/* text_max: bytes; spans beyond TEXT_SPANS_MAX are dropped, not their text. */
void text_builder_init(struct text_builder *b, size_t text_max);
void text_builder_finish(struct text_builder *b);

/*
 * Append. Neighbours of the same style become one span. What would grow the
 * text beyond text_max is not appended, and str_overflowed(&b->utf8) says so.
 * The builder copies what style points to.
 */
void text_builder_add(struct text_builder *b, const char *s, size_t n,
		      struct style style);

/* Append bytes [start, start + len) of another text with its spans. */
void text_builder_add_text(struct text_builder *b, const struct text *src,
			   size_t start, size_t len);

/*
 * Set ev's text and spans from what was built, repaired as event_set_text()
 * does, the spans moved along. The builder is empty afterwards.
 */
void event_take_text(struct event *ev, struct text_builder *b);

/*
 * NULL, or what is wrong: invalid UTF-8, a NUL, spans that are unsorted,
 * empty, outside the text, or cut a code point, too much of either.
 */
const char *text_check(const struct text *text);

/*
 * Spans as one line of ASCII for the store, and back: for each span
 * "start+len:styles:fg:bg:link:mention;", link and mention percent-encoded.
 * Parsing rejects (returns false) what does not fit the text; *spans is then
 * untouched. The spans are allocated in ev's memory.
 */
void text_spans_format(struct str *out, const struct text *text);
bool text_spans_parse(struct event *ev, const char *line);

#endif
