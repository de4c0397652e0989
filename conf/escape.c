/* SPDX-License-Identifier: MIT */
/* escape.c - names as local parts of addresses; see escape.h. */

#include "conf/escape.h"

#include "bridge/base.h"

#include <openssl/evp.h>

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define ENCODED_MAX 959 /* leaves 64 bytes for "%network" */
#define DIGEST_LEN 32   /* SHA-256 */

/* What XEP-0106 escapes, each with its code. */
static const struct {
	char c;
	char code[3];
} escapes[] = {
	{ ' ', "20" }, { '"', "22" },  { '&', "26" }, { '\'', "27" },
	{ '/', "2f" }, { ':', "3a" },  { '<', "3c" }, { '>', "3e" },
	{ '@', "40" }, { '\\', "5c" },
};

/* Stands for itself in E1. */
static const char literal[] = "abcdefghijklmnopqrstuvwxyz0123456789"
			      "!#$%()*+,-.;?[]^_`{|}~";

static const char hex_digits[] = "0123456789abcdef";

void
escape_hash(const char *text, char out[ESCAPE_HASH_LETTERS + 1])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char digest[DIGEST_LEN];
	unsigned bits = 0;
	unsigned n_bits = 0;
	size_t len = 0;
	int ok = EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(),
			    NULL);

	assert(ok == 1);
	(void)ok; /* for a build without assertions */
	for (size_t i = 0; i < DIGEST_LEN; i++) {
		bits = bits << 8 | digest[i];
		for (n_bits += 8; n_bits >= 5; n_bits -= 5)
			out[len++] = alphabet[bits >> (n_bits - 5) & 31];
	}
	if (n_bits > 0)
		out[len++] = alphabet[bits << (5 - n_bits) & 31];
	assert(len == ESCAPE_HASH_LETTERS);
	out[len] = '\0';
}

static const char *
code_of(char c)
{
	for (size_t i = 0; i < ARRAY_SIZE(escapes); i++)
		if (escapes[i].c == c)
			return escapes[i].code;
	return NULL;
}

/* The character whose code stands at s, or NUL. */
static char
char_of_code(const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(escapes); i++)
		if (strncmp(s, escapes[i].code, 2) == 0)
			return escapes[i].c;
	return '\0';
}

/* What s[0] becomes, in piece; at_edge: first or last of the name. */
static void
encode_char(const char *s, bool at_edge, char piece[4])
{
	unsigned char c = (unsigned char)*s;
	const char *code = code_of(*s);

	if (strchr(literal, *s) || (c == '\\' && !char_of_code(s + 1)))
		snprintf(piece, 4, "%c", c);
	else if (code && !(c == ' ' && at_edge))
		snprintf(piece, 4, "\\%s", code);
	else
		snprintf(piece, 4, "=%02x", c);
}

void
escape_write(const char *name, char *out, size_t size)
{
	char hash[ESCAPE_HASH_LETTERS + 1];
	char piece[4];
	size_t len = 0;

	assert(size > ESCAPED_MAX);
	for (const char *s = name; *s; s++) {
		encode_char(s, s == name || !s[1], piece);
		if (len + strlen(piece) > ENCODED_MAX) {
			len = 0;
			break;
		}
		memcpy(out + len, piece, strlen(piece));
		len += strlen(piece);
	}
	out[len] = '\0';
	if (len == 0) {
		escape_hash(name, hash);
		snprintf(out, size, "=z%s", hash);
	}
}

static bool
is_ascii_upper(unsigned char c)
{
	return c >= 'A' && c <= 'Z';
}

static int
hex_value(char c)
{
	const char *digit = c ? strchr(hex_digits, c) : NULL;

	return digit ? (int)(digit - hex_digits) : -1;
}

/* The byte that the encoder wrote as the "=hh" at s, or 0 if it never would. */
static unsigned char
byte_at(const char *s)
{
	int high = hex_value(s[1]);
	int low = high < 0 ? -1 : hex_value(s[2]);
	int byte = low < 0 ? 0 : high << 4 | low;

	if (byte <= ' ' || byte == '=' || byte >= 0x7f || is_ascii_upper(byte))
		return (unsigned char)byte;
	return 0;
}

/* What the three bytes at s were before they were escaped, or NUL. */
static char
escaped_at(const char *s, size_t left)
{
	if (left < 3)
		return '\0';
	if (*s == '\\')
		return char_of_code(s + 1);
	return *s == '=' ? (char)byte_at(s) : '\0';
}

bool
escape_read(const char *s, size_t len, char *out, size_t size)
{
	size_t n = 0;
	size_t i = 0;

	assert(size > 0);
	while (i < len && n + 1 < size) {
		char c = escaped_at(s + i, len - i);

		out[n++] = c ? c : s[i];
		i += c ? 3 : 1;
	}
	out[n] = '\0';
	return i == len;
}

bool
escape_person(const char *id, const char *network, const char *domain,
	      char *out, size_t size)
{
	char local[ESCAPED_MAX + 1];
	int n;

	escape_write(id, local, sizeof(local));
	if (strlen(local) + 1 + strlen(network) > ESCAPED_MAX)
		return false;
	n = snprintf(out, size, "%s%%%s@%s", local, network, domain);
	return n >= 0 && (size_t)n < size;
}

bool
escape_read_person(const char *local, char *id, size_t id_size, char *network,
		   size_t network_size)
{
	const char *percent = strrchr(local, '%');
	int n;

	if (!percent || percent == local || !percent[1])
		return false;
	n = snprintf(network, network_size, "%s", percent + 1);
	return n >= 0 && (size_t)n < network_size &&
	       escape_read(local, (size_t)(percent - local), id, id_size);
}
