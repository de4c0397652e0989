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

/* What stands for a link; upload.h. */
struct files_links {
	const char *(*link)(void *arg, const char *url); /* NULL: itself */
	void *arg;
};

/* Append the links, a line each, behind what somebody said. */
void files_add_links(struct str *body, const struct event *ev,
		     const struct files_links *links);

/* The elements; the links are so many code points of the body. */
struct files_range {
	size_t start, end;
};
void files_write(xmpp_stanza_t *st, const struct event *ev,
		 const struct files_links *links, struct files_range range);

#endif
