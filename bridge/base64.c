/* SPDX-License-Identifier: MIT */
/* base64.c - base64 by OpenSSL, which is too lenient to read with alone. */

#include "bridge/base64.h"

#include "bridge/secret.h"

#include <openssl/evp.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The alphabet of addresses differs in two letters. */
static const char plain[] = "+/", url[] = "-_";

static char
translated(char c, const char *from, const char *to)
{
	const char *at = c ? strchr(from, c) : NULL;

	return at ? to[at - from] : c;
}

void
base64_write(struct str *out, const void *bytes, size_t n)
{
	size_t size = (n + 2) / 3 * 4 + 1;
	unsigned char *text = xcalloc(size, 1);

	EVP_EncodeBlock(text, bytes, (int)n);
	str_add_n(out, text, size - 1);
	secret_wipe(text, size);
	free(text);
}

static bool
is_base64_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '+' || c == '/';
}

bool
base64_read(struct str *out, const char *text, size_t n)
{
	size_t padding = 0;
	unsigned char *bytes;
	int len;

	if (n % 4 != 0 || n > INT_MAX)
		return false;
	while (padding < 2 && padding < n && text[n - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < n - padding; i++) {
		if (!is_base64_char(text[i]))
			return false;
	}
	bytes = xcalloc(n / 4 * 3 + 1, 1);
	len = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)n);
	if (len >= 0)
		str_add_n(out, bytes, (size_t)len - padding);
	free(bytes);
	return len >= 0 && !str_overflowed(out);
}

void
base64url_write(struct str *out, const void *bytes, size_t n)
{
	AUTO_STR text = { 0 };

	str_init(&text, (n + 2) / 3 * 4);
	base64_write(&text, bytes, n);
	for (size_t i = 0; i < text.len && text.data[i] != '='; i++)
		str_add_char(out, translated(text.data[i], plain, url));
}

bool
base64url_read(struct str *out, const char *text, size_t n)
{
	AUTO_STR padded = { 0 };

	str_init(&padded, n + 3);
	for (size_t i = 0; i < n; i++) {
		if (strchr("+/=", text[i])) /* and NUL */
			return false;
		str_add_char(&padded, translated(text[i], url, plain));
	}
	while (padded.len % 4 != 0)
		str_add_char(&padded, '=');
	return base64_read(out, padded.data, padded.len);
}
