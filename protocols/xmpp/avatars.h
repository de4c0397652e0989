/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_AVATARS_H
#define PROTOCOLS_XMPP_AVATARS_H

/*
 * Pictures of people of other networks, as their puppets show them: the hash
 * in their presence (XEP-0153), the picture in their vcard (XEP-0054).
 */

#include "bridge/protocol.h"

#include <strophe.h>

#include <stdbool.h>

struct xmpp;

/*
 * Say in a presence which picture the puppet has. Nothing while that is not
 * known; the puppet's presences are sent again when it is.
 */
void avatar_show(struct xmpp *x, const struct puppet *p, xmpp_stanza_t *st);

/* False: it will be known, and shown, later. */
bool avatar_is_ready(struct xmpp *x, const struct puppet *p);

/*
 * Send the vcard, the answer to some iq, with the picture of that puppet in
 * it; later, and taken. False if there is none.
 */
bool avatar_answer(struct xmpp *x, const struct puppet *p,
		   xmpp_stanza_t *result);

struct media_file;

/* Put a picture into the vcard in iq, and what it is called into hash; false if
 * clients could not show it. */
bool avatar_add_photo(xmpp_stanza_t *iq, const struct media_file *file,
		      char *hash);

/* What XEP-0153 calls a picture; out holds it and its NUL. */
#define AVATAR_HASH_LEN 40
void avatar_hash(char out[AVATAR_HASH_LEN + 1], const unsigned char *bytes,
		 size_t n);

void avatars_drop(struct xmpp *x);

#endif
