/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MATRIX_HTML_H
#define PROTOCOLS_MATRIX_HTML_H

/*
 * The HTML of formatted messages (org.matrix.custom.html), to and from text
 * with spans. Pure.
 *
 * Reading is a tokenizer and a stack of what is open: an element that we know
 * gives its style, or a break, or a mark at the beginning of a line; of one
 * that we do not know the content counts; of <mx-reply>, <script>, <style> and
 * <title> not even that. Nothing that is read can fail: what is not closed
 * ends with the text, what is closed twice is ignored.
 *
 * Writing makes HTML from spans only. Whatever a person wrote is escaped, and
 * links are written for the allowed schemes alone.
 */

#include "bridge/text.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Append html (n bytes, any bytes) to b. A link to a user is a mention: of
 * that user id, without a link.
 */
void html_read(struct text_builder *b, const char *html, size_t n);

/*
 * Append text as HTML. Mentions are user ids and become links to users. False
 * if it needs no HTML: plain text without style.
 */
bool html_write(struct str *out, const struct text *text);

/* True if a link there may be shown: http, https, ftp, mailto, magnet. */
bool html_link_is_allowed(const char *url);

#endif
