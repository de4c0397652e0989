/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_BACKLOG_H
#define PROTOCOLS_XMPP_BACKLOG_H

/*
 * What waits to be written to the server, oldest first, in pieces of whole
 * stanzas. It is kept here and not in libstrophe's queue, of which nobody can
 * say how long it is in bytes.
 *
 * Zeroed it is empty.
 */

#include "bridge/str.h"

#include <stddef.h>

struct piece;

struct backlog {
	struct piece *pieces; /* utlist; the last is the one that grows */
	struct piece *spare;
	size_t bytes; /* of all but the last */
};

void backlog_finish(struct backlog *b);

/* Where the next stanza is to be appended, whole, before the next call. */
struct str *backlog_end(struct backlog *b);

size_t backlog_bytes(const struct backlog *b);

/* The oldest piece, borrowed until backlog_drop_first(); NULL if none. */
const struct str *backlog_first(const struct backlog *b);
void backlog_drop_first(struct backlog *b);
void backlog_drop_all(struct backlog *b);

#endif
