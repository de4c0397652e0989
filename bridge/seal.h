/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_SEAL_H
#define BRIDGE_SEAL_H

/*
 * Other people's secrets on our disk: sealed with AES-256-GCM under a key that
 * is not in the database. What a seal is for (whose, for which network, which
 * setting) is bound into it, so that a row moved elsewhere does not open.
 *
 * The key is a file of 32 random bytes beside the database, made at the first
 * need, readable by its owner alone. Who copies the database without it has
 * nothing; who loses it loses what was sealed, and nothing else.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct secret;
struct str;

#define SEAL_KEY_BYTES 32

/*
 * The key in the file path, made if there is none. NULL, with err set, if it
 * can neither be read nor made, or may be read by others. The caller owns it.
 */
struct secret *seal_key(const char *path, struct error *err);

/* The purpose of a secret setting of an account: home's label, who, scope. */
void seal_purpose(struct str *out, const char *home, const char *sender_id,
		  int64_t scope, const char *key);

/* Append to out, as hex, secret sealed for purpose. */
void seal(struct str *out, const struct secret *key, const char *purpose,
	  const char *secret, size_t len);

/*
 * What was sealed, or NULL: another key, another purpose, or damaged. The
 * caller owns it.
 */
struct secret *seal_open(const struct secret *key, const char *purpose,
			 const char *sealed);

#endif
