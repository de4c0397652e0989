/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_FILES_H
#define PROTOCOLS_XMPP_FILES_H

/*
 * Files in messages: links that say that they are (XEP-0066), and stateless
 * file sharing (XEP-0447) with what it says of a file (XEP-0446). Pure.
 */

#include "bridge/event.h"
#include "bridge/str.h"

#include <strophe.h>

#include <stdbool.h>

/* True if st names a file outside of its body. */
bool files_are_in(xmpp_stanza_t *st);

/*
 * Add to ev the files that st names, and take out of its body what only stands
 * for them. A link to an encrypted file becomes words: its key is in it.
 */
void files_read(struct event *ev, xmpp_stanza_t *st, struct str *body);

/* Append the links, a line each, behind what somebody said. */
void files_add_links(struct str *body, const struct event *ev);

/* The elements; links begins at that code point of the body. */
void files_write(xmpp_stanza_t *st, const struct event *ev, size_t links,
		 size_t end);

#endif
