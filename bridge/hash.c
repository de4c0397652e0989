/* SPDX-License-Identifier: MIT */
/*
 * hash.c - SipHash-1-3, after its specification: "SipHash: a fast short-input
 * PRF", J.-P. Aumasson and D. J. Bernstein, 2012, section 2, with one round
 * for each word and three at the end.
 */

#include "bridge/hash.h"

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/*
 * The second mutable thing at file scope that the tree permits itself, beside
 * log.c's: a key for the whole process cannot be a parameter, because the
 * macros of uthash have no place for one. Written once, by draw_key().
 */
static struct {
	pthread_once_t once;
	struct hash_key key;
} drawn = { .once = PTHREAD_ONCE_INIT };

static void
draw_key(void)
{
	while (getrandom(&drawn.key, sizeof(drawn.key), 0) !=
	       sizeof(drawn.key)) {
		if (errno != EINTR)
			abort();
	}
}

static uint64_t
rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static void
sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

/* Eight bytes, least significant first. */
static uint64_t
read_word(const unsigned char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return le64toh(word);
}

/* Fewer than eight. */
static uint64_t
read_rest(const unsigned char *bytes, size_t n)
{
	uint64_t word = 0;

	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)bytes[i] << (8 * i);
	return word;
}

uint64_t
hash_bytes_with_key(struct hash_key key, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	uint64_t v[4] = {
		key.k0 ^ 0x736f6d6570736575,
		key.k1 ^ 0x646f72616e646f6d,
		key.k0 ^ 0x6c7967656e657261,
		key.k1 ^ 0x7465646279746573,
	};
	size_t left = len;

	for (; left >= 8; left -= 8, p += 8)
		sip_word(v, read_word(p));
	sip_word(v, read_rest(p, left) | (uint64_t)len << 56);
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint32_t
hash_bytes(const void *bytes, size_t len)
{
	pthread_once(&drawn.once, draw_key);
	return (uint32_t)hash_bytes_with_key(drawn.key, bytes, len);
}

void
hash_out_of_memory(void)
{
	fputs("out of memory\n", stderr);
	abort();
}
