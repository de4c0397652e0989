/* SPDX-License-Identifier: MIT */
/* source.c - an address for each person; see source.h. */

#include "protocols/irc/source.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BITS 128

/* "address/bits" taken apart; false if it is not that. */
static bool
read_prefix(const char *text, unsigned char address[16], unsigned *bits)
{
	const char *slash = strchr(text, '/');
	char host[IRC_SOURCE_MAX];
	char *end;
	long n;

	if (!slash || (size_t)(slash - text) >= sizeof(host))
		return false;
	(void)snprintf(host, sizeof(host), "%.*s", (int)(slash - text), text);
	n = strtol(slash + 1, &end, 10);
	*bits = (unsigned)n;
	return slash[1] && !*end && n >= 0 && n <= BITS &&
	       inet_pton(AF_INET6, host, address) == 1;
}

bool
irc_source_address(const char *prefix, const char *salt, const char *person,
		   char out[IRC_SOURCE_MAX])
{
	unsigned char address[16], hash[EVP_MAX_MD_SIZE];
	unsigned bits, n = 0;

	if (!read_prefix(prefix, address, &bits) ||
	    !HMAC(EVP_sha256(), salt, (int)strlen(salt),
		  (const unsigned char *)person, strlen(person), hash, &n))
		return false;
	for (unsigned i = bits; i < BITS; i++) {
		unsigned char bit = (unsigned char)(0x80U >> i % 8);

		address[i / 8] = (unsigned char)((address[i / 8] & ~bit) |
						 (hash[i / 8] & bit));
	}
	return inet_ntop(AF_INET6, address, out, IRC_SOURCE_MAX) != NULL;
}
