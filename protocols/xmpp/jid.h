/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_JID_H
#define PROTOCOLS_XMPP_JID_H

/*
 * XMPP addresses (RFC 7622) and how people of other networks get one
 * (SEMANTICS 1.7: E1 for local parts, which is conf/escape.h; E2 for nicks).
 * Pure.
 */

#include "conf/escape.h"

#include <stdbool.h>
#include <stddef.h>

#define JID_PART_MAX ESCAPED_MAX

/* An address in parts; "" where absent. */
struct jid {
	char local[JID_PART_MAX + 1];
	char domain[JID_PART_MAX + 1];
	char resource[JID_PART_MAX + 1];
};

/*
 * Split text: resource after the first "/", then local before the first "@";
 * local and domain in ASCII lower case, one trailing dot dropped. False if a
 * part is empty where it must not be, or too long, or holds what no part may.
 */
bool jid_parse(struct jid *out, const char *text);

/* "local@domain/resource" into out; false if it does not fit. */
bool jid_format(const struct jid *jid, char *out, size_t size);

/* Length of the bare part of text: up to the first "/" or the end. */
size_t jid_bare_len(const char *text);

/* True if the bare parts of both are equal, byte for byte. */
bool jid_same_bare(const char *a, const char *b);

/*
 * True if one of the n in list is "*", or the domain or the bare address of
 * jid.
 */
bool jid_allowed(const char *const *list, size_t n, const struct jid *jid);

/*
 * E2: a room nick (resource) from any name: no controls, no invisible or
 * format characters, spaces trimmed and collapsed, at most 64 bytes at a code
 * point boundary, "u" and six letters of a hash of seed if nothing is left.
 * attempt 0 is the name itself, 1.. append " (2)", " (3)", ...
 */
void jid_nick_from_name(const char *name, const char *seed, unsigned attempt,
			char *out, size_t size);

/* Equal as people see them: ASCII letters in any case, spaces folded. */
bool jid_nicks_alike(const char *a, const char *b);

#endif
