/* SPDX-License-Identifier: MIT */
/*
 * ticket.c - links to files. See ticket.h.
 *
 * Form: base64url, without padding, of a version, the minute until which it
 * is good (4 bytes), the tag (8), the network's label, a NUL, the item, and
 * the first half of the code (16), which covers all before it and the name.
 */

#include "bridge/media/ticket.h"

#include "bridge/base.h"
#include "bridge/base64.h"
#include "bridge/secret.h"
#include "bridge/str.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdlib.h>
#include <string.h>

#define VERSION 1
#define HEAD_BYTES 13
#define CODE_BYTES 16
#define BODY_MAX (HEAD_BYTES + TICKET_NETWORK_MAX + 1 + TICKET_ITEM_MAX)
#define RAW_MAX (BODY_MAX + CODE_BYTES)
#define MINUTE_MS 60000

static void
put_big(unsigned char *out, size_t n, uint64_t value)
{
	while (n--) {
		out[n] = (unsigned char)value;
		value >>= 8;
	}
}

static uint64_t
get_big(const unsigned char *in, size_t n)
{
	uint64_t value = 0;

	while (n--)
		value = value << 8 | *in++;
	return value;
}

uint64_t
ticket_tag(const char *network, const char *message)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	AUTO_STR text = { 0 };

	str_init(&text, 8192);
	str_add(&text, network);
	str_add_char(&text, '\n');
	str_add(&text, message);
	if (!EVP_Digest(text.data, text.len, digest, NULL, EVP_sha256(), NULL))
		abort();
	uint64_t tag = get_big(digest, 8) >> 1; /* fits SQLite's integers */
	return tag ? tag : 1;
}

static void
make_code(unsigned char *out, const unsigned char *body, size_t n,
	  const char *name, const struct secret *key)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len;
	AUTO_STR text = { 0 };

	str_init(&text, BODY_MAX + 8192);
	str_add_n(&text, body, n);
	str_add_char(&text, '\0');
	str_add(&text, name);
	if (!HMAC(EVP_sha256(), secret_reveal(key), (int)secret_len(key),
		  (const unsigned char *)text.data, text.len, digest, &len))
		abort();
	memcpy(out, digest, CODE_BYTES);
}

void
ticket_write(struct str *out, const struct ticket *t, const char *name,
	     const struct secret *key)
{
	unsigned char raw[RAW_MAX];
	size_t network = strlen(t->network);
	size_t item = strlen(t->item);
	size_t n = HEAD_BYTES;

	raw[0] = VERSION;
	put_big(raw + 1, 4, (uint64_t)(t->until_ms / MINUTE_MS));
	put_big(raw + 5, 8, t->tag);
	memcpy(raw + n, t->network, network + 1);
	n += network + 1;
	memcpy(raw + n, t->item, item);
	n += item;
	make_code(raw + n, raw, n, name, key);
	base64url_write(out, raw, n + CODE_BYTES);
}

static bool
parse(struct ticket *t, const unsigned char *body, size_t n)
{
	const unsigned char *network = body + HEAD_BYTES;
	const unsigned char *end = memchr(network, '\0', n - HEAD_BYTES);

	if (body[0] != VERSION || !end || end - network > TICKET_NETWORK_MAX)
		return false;
	size_t item = n - HEAD_BYTES - (size_t)(end - network) - 1;
	if (!item || item > TICKET_ITEM_MAX || memchr(end + 1, '\0', item))
		return false;
	t->until_ms = (int64_t)get_big(body + 1, 4) * MINUTE_MS;
	t->tag = get_big(body + 5, 8);
	memcpy(t->network, network, (size_t)(end - network));
	memcpy(t->item, end + 1, item);
	return true;
}

bool
ticket_read(struct ticket *t, const char *text, const char *name,
	    const struct secret *key)
{
	AUTO_STR raw = { 0 };
	unsigned char code[CODE_BYTES];
	const unsigned char *body;
	size_t n;

	*t = (struct ticket){ 0 };
	str_init(&raw, RAW_MAX);
	if (!base64url_read(&raw, text, strlen(text)) ||
	    raw.len <= HEAD_BYTES + CODE_BYTES)
		return false;
	n = raw.len - CODE_BYTES;
	body = (const unsigned char *)raw.data;
	make_code(code, body, n, name, key);
	if (CRYPTO_memcmp(code, body + n, CODE_BYTES) != 0)
		return false;
	if (parse(t, body, n))
		return true;
	*t = (struct ticket){ 0 };
	return false;
}
