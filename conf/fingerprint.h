/* SPDX-License-Identifier: MIT */
#ifndef CONF_FINGERPRINT_H
#define CONF_FINGERPRINT_H

/*
 * A digest of what a block says, and of the files that it leads to: secrets,
 * keys, certificates, registrations. Two blocks with one fingerprint are the
 * same to whoever was made from them.
 */

#include <libconfig.h>

#include <stddef.h>

struct pool;
struct secret;

/* What counts. */
struct fingerprinted {
	const config_setting_t *block;
	const char *leave_out; /* a member of it that does not; or NULL */
	const struct secret *const *secrets;
	size_t n_secrets;
	const char *const *files; /* paths; NULL and missing ones are empty */
	size_t n_files;
};

/*
 * The digest, as a text in pool. NULL if it cannot be had; such a block is
 * like no other.
 */
const char *fingerprint(struct pool *pool, const struct fingerprinted *of);

#endif
