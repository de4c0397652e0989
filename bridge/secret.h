/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_SECRET_H
#define BRIDGE_SECRET_H

/*
 * Passwords, tokens and keys. A secret has no printable member, so that it
 * cannot reach a log by accident; it is kept out of core dumps and wiped when
 * released.
 */

#include "bridge/base.h"

#include <stdbool.h>
#include <stddef.h>

struct secret;

struct secret *secret_new(const char *bytes, size_t len);

/* Wipes. Accepts NULL. */
void secret_free(struct secret *s);

/*
 * The bytes, NUL-terminated, valid as long as s. Call it where the secret
 * goes on the wire, and nowhere else. NULL if s is NULL.
 */
const char *secret_reveal(const struct secret *s);
size_t secret_len(const struct secret *s); /* 0 if s is NULL */

/* True if text is the secret; takes the same time whatever differs. */
bool secret_is(const struct secret *s, const char *text);

/* Overwrite memory that held a copy; never optimised away. */
void secret_wipe(void *bytes, size_t len);

DEFINE_AUTO(secret, struct secret *, secret_free)

#endif
