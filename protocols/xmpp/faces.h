/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_FACES_H
#define PROTOCOLS_XMPP_FACES_H

/*
 * Pictures of people of this network, for those of the others: which one is in
 * their presence, as a hash (XEP-0153), and the hash is what the media room
 * calls it. It is asked for, by their vcard (XEP-0054), when somebody wants it.
 * Servers keep it the same as that of XEP-0084 (XEP-0398).
 */

#include <strophe.h>

#include <stdbool.h>

struct xmpp;

#define FACE_LEN 40 /* SHA-1, in hexadecimal */

/* From now on pictures are given out, and no longer. */
void faces_open(struct xmpp *x);
void faces_close(struct xmpp *x);

/*
 * The picture in a presence, into a string of the caller's, which is freed and
 * set anew: a hash, or "" if there is none. Stays as it was if the presence
 * does not tell, or nobody could have pictures. True if it is another one now.
 */
bool face_read(struct xmpp *x, xmpp_stanza_t *presence, char **face);

/*
 * The same of people who are in no room but write to us, or are in rooms of our
 * own. face_of() is NULL if it is not known; valid until the next
 * face_remember().
 */
bool face_remember(struct xmpp *x, const char *bare, xmpp_stanza_t *presence);
const char *face_of(const struct xmpp *x, const char *bare);

#endif
