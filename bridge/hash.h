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
uint32_t hash_bytes(const void *bytes, size_t len);

/* The same under a given key (two words, each least significant byte first),
 * and in full: for its tests. */
struct hash_key {
	uint64_t k0, k1;
};
uint64_t hash_bytes_with_key(struct hash_key key, const void *bytes,
			     size_t len);

/* Ends the process. */
void hash_out_of_memory(void) __attribute__((noreturn));

#define uthash_fatal(msg) hash_out_of_memory()
#define HASH_FUNCTION(keyptr, keylen, hashv) \
	((hashv) = hash_bytes((keyptr), (size_t)(keylen)))

#include <uthash.h>

#endif
