/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_STYLING_SCAN_H
#define PROTOCOLS_XMPP_STYLING_SCAN_H

/*
 * What reading and writing Message Styling share: the scanner, which the
 * writer asks whether what it wrote would be read as it was meant. Pure, and
 * of no use outside styling.c and styling_write.c.
 */

#include "bridge/event.h"

#include <stdbool.h>
#include <stddef.h>

#define STYLING_DIRECTIVES 4
#define STYLING_INLINE (SPAN_BOLD | SPAN_ITALIC | SPAN_STRIKE | SPAN_CODE)
#define STYLING_BLOCK (SPAN_CODE_BLOCK | SPAN_QUOTE)

struct styling_directive {
	char c;
	unsigned style; /* one of STYLING_INLINE */
};

/* The one for code is the last. */
extern const struct styling_directive styling_directives[STYLING_DIRECTIVES];

/* Where the pieces of a text go, in order, as they are recognised. */
struct styling_sink {
	void (*add)(void *to, const char *s, size_t n, unsigned styles);
	void *to;
};

/* The spans of one line; block: the styles of the line as a whole. */
void styling_scan_line(const char *s, size_t len, unsigned block,
		       struct styling_sink sink);

/* A whole body. Pieces may be empty. */
void styling_scan(const char *body, size_t len, struct styling_sink sink);

/* True if white space begins at byte i of s, which has end bytes. */
bool styling_space_begins(const char *s, size_t i, size_t end);

/* True if the code point before byte i of s is white space. */
bool styling_space_ends(const char *s, size_t i);

#endif
