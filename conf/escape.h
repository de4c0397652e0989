/* SPDX-License-Identifier: MIT */
#ifndef CONF_ESCAPE_H
#define CONF_ESCAPE_H

/*
 * Names of people and channels as local parts of XMPP addresses, and back:
 * E1 of SEMANTICS 1.7, of which XEP-0106 (JID escaping) is a part. It is what
 * addresses of a gateway are written in, and what biboumi stored. Pure.
 */

#include <stdbool.h>
#include <stddef.h>

#define ESCAPED_MAX 1023 /* bytes of a local part (RFC 7622 3.1) */

/*
 * Any bytes to a local part, reversibly; what gets longer than 959 bytes, or
 * is empty, gives "=z" and a hash, which cannot be turned back. Out needs
 * ESCAPED_MAX + 1.
 */
void escape_write(const char *name, char *out, size_t size);

/* The way back, of len bytes; false, and cut, if out is too small. */
bool escape_read(const char *text, size_t len, char *out, size_t size);

/* SHA-256 of text in lower case base32 (RFC 4648), without padding. */
#define ESCAPE_HASH_LETTERS 52
void escape_hash(const char *text, char out[ESCAPE_HASH_LETTERS + 1]);

/*
 * The bare address of somebody with that id on that network, on our domain:
 * E1(id)%network@domain; and the way back, splitting at the last "%". False
 * if there is no "%", or nothing before it or behind it, or if it does not fit.
 */
bool escape_person(const char *id, const char *network, const char *domain,
		   char *out, size_t size);
bool escape_read_person(const char *local, char *id, size_t id_size,
			char *network, size_t network_size);

#endif
