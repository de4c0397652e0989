/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_MEDIA_TICKET_H
#define BRIDGE_MEDIA_TICKET_H

/*
 * What a link to a file says: which file, until when, and, by a code that only
 * the key can make (HMAC-SHA-256), that we said so. Nothing is remembered of
 * the links that were made. Pure, but for the randomness of the key.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret;
struct str;

#define TICKET_ITEM_MAX 600 /* bytes */
#define TICKET_NETWORK_MAX 63

struct ticket {
	int64_t until_ms; /* UTC; in whole minutes */
	uint64_t tag;     /* which message it belongs to; ticket_tag() */
	char network[TICKET_NETWORK_MAX + 1];
	char item[TICKET_ITEM_MAX + 1]; /* the network's own name for it */
};

/* The same for the same message, and not 0. */
uint64_t ticket_tag(const char *network, const char *message);

/*
 * Append the ticket, in letters, digits, "-" and "_". name is the file's, and
 * must be the same when it is read.
 */
void ticket_write(struct str *out, const struct ticket *t, const char *name,
		  const struct secret *key);

/* False, and *t empty, if it is not one of that key for that name. */
bool ticket_read(struct ticket *t, const char *text, const char *name,
		 const struct secret *key);

#endif
