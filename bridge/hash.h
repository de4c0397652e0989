/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_HASH_H
#define BRIDGE_HASH_H

/*
 * uthash, with a seeded hash: keys come from strangers, and with the hash
 * that the library brings anybody could make every nick fall in one bucket.
 * Running out of memory ends the process, as everywhere (bridge/base.h).
 *
 * Include this, never <uthash.h>.
 */

#include <stddef.h>
#include <stdint.h>

/* SipHash-1-3 of the bytes under a key drawn once per process. */
uint32_t hash_bytes(const void *key, size_t len);

#define HASH_FUNCTION(keyptr, keylen, hashv) \
	((hashv) = hash_bytes((keyptr), (size_t)(keylen)))

#include <uthash.h>

#endif
