/* SPDX-License-Identifier: MIT */
/*
 * secret.c - secrets in pages of their own: locked if the limits allow it, so
 * that they are never swapped out, and left out of core dumps.
 */

#include "bridge/secret.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct secret {
	size_t size; /* of the mapping */
	size_t len;
	char bytes[];
};

struct secret *
secret_new(const char *bytes, size_t len)
{
	assert(len < SIZE_MAX / 2);

	size_t size = sizeof(struct secret) + len + 1;
	struct secret *s = mmap(NULL, size, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (s == MAP_FAILED) {
		fputs("out of memory\n", stderr);
		abort();
	}
	/* Both are for the day when something else went wrong already. */
	(void)mlock(s, size);
	(void)madvise(s, size, MADV_DONTDUMP);
	s->size = size;
	s->len = len;
	memcpy(s->bytes, bytes, len);
	s->bytes[len] = '\0';
	return s;
}

void
secret_free(struct secret *s)
{
	if (!s)
		return;

	size_t size = s->size;

	secret_wipe(s, size);
	(void)munmap(s, size); /* unlocks, too */
}

const char *
secret_reveal(const struct secret *s)
{
	return s ? s->bytes : NULL;
}

size_t
secret_len(const struct secret *s)
{
	return s ? s->len : 0;
}

bool
secret_is(const struct secret *s, const char *text)
{
	size_t n = strlen(text);
	volatile unsigned char differ = n != s->len;

	for (size_t i = 0; i < s->len; i++)
		differ |= (unsigned char)(s->bytes[i] ^ text[n ? i % n : 0]);
	return !differ;
}

void
secret_wipe(void *bytes, size_t len)
{
	explicit_bzero(bytes, len);
}
