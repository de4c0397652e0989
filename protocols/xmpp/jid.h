/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_JID_H
#define PROTOCOLS_XMPP_JID_H

/*
 * XMPP addresses (RFC 7622) and how people of other networks get one
 * (SEMANTICS 1.7: E1 for local parts, E2 for nicks; XEP-0106). Pure.
 */

#include <stdbool.h>
#include <stddef.h>

#define JID_PART_MAX 1023

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
 * E1: any bytes to a local part, reversibly; longer than 959 bytes or empty
 * gives "=z" and a hash, which cannot be turned back. Out needs
 * JID_PART_MAX + 1.
 */
void jid_local_encode(const char *name, char *out, size_t size);
void jid_local_decode(const char *local, char *out, size_t size);

/*
 * The bare address of somebody with that id on that network, on our domain:
 * E1(id)%network@domain; and the way back, splitting at the last "%". False
 * if there is no "%", or nothing before it or behind it, or if it does not fit.
 */
bool jid_of_person(const char *id, const char *network, const char *domain,
		   char *out, size_t size);
bool jid_person(const char *local, char *id, size_t id_size, char *network,
		size_t network_size);

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
