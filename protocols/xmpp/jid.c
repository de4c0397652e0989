/* SPDX-License-Identifier: MIT */
/*
 * jid.c - addresses, and addresses for people who have none; see jid.h.
 *
 * RFC 7622 (the split, not its PRECIS tables: only ASCII is folded),
 * XEP-0106 (JID escaping), SEMANTICS 1.7 for E1 and E2.
 */

#include "protocols/xmpp/jid.h"

#include "bridge/base.h"
#include "bridge/text.h"
#include "protocols/xmpp/xml.h"

#include <openssl/evp.h>

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ENCODED_MAX 959     /* leaves 64 bytes for "%network" */
#define DIGEST_LEN 32       /* SHA-256 */
#define DIGEST_LETTERS 52   /* ... in base32 without padding */
#define NICK_MAX 64         /* bytes */
#define NICK_HASH_LETTERS 6 /* of a nick made of nothing */

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

/* ---- addresses ---- */

static bool
is_ascii_upper(unsigned char c)
{
	return c >= 'A' && c <= 'Z';
}

static unsigned char
fold_ascii(unsigned char c)
{
	return is_ascii_upper(c) ? c + ('a' - 'A') : c;
}

/* One part, checked, into out of JID_PART_MAX + 1 bytes. */
static bool
take_part(char *out, const char *s, size_t len, const char *forbidden)
{
	if (len == 0 || len > JID_PART_MAX || !xml_is_clean(s, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if (strchr(forbidden, s[i]))
			return false;
	memcpy(out, s, len);
	out[len] = '\0';
	return true;
}

static void
fold_part(char *part)
{
	for (; *part; part++)
		*part = (char)fold_ascii((unsigned char)*part);
}

bool
jid_parse(struct jid *out, const char *text)
{
	size_t bare = jid_bare_len(text);
	const char *at = memchr(text, '@', bare);
	const char *domain = at ? at + 1 : text;
	size_t domain_len = bare - (size_t)(domain - text);

	memset(out, 0, sizeof(*out));
	if (text[bare] == '/' && !take_part(out->resource, text + bare + 1,
					    strlen(text + bare + 1), "\t\n"))
		return false;
	if (at &&
	    !take_part(out->local, text, (size_t)(at - text), "\t\n \"&'/:<>@"))
		return false;
	if (domain_len > 0 && domain[domain_len - 1] == '.')
		domain_len--;
	if (!take_part(out->domain, domain, domain_len, "\t\n \"&'/<>@\\"))
		return false;
	fold_part(out->local);
	fold_part(out->domain);
	return true;
}

bool
jid_format(const struct jid *jid, char *out, size_t size)
{
	int n = snprintf(out, size, "%s%s%s%s%s", jid->local,
			 jid->local[0] ? "@" : "", jid->domain,
			 jid->resource[0] ? "/" : "", jid->resource);

	return n >= 0 && (size_t)n < size;
}

size_t
jid_bare_len(const char *text)
{
	return strcspn(text, "/");
}

bool
jid_same_bare(const char *a, const char *b)
{
	size_t len = jid_bare_len(a);

	return len == jid_bare_len(b) && memcmp(a, b, len) == 0;
}

/* ---- E1: local parts ---- */

/* SHA-256 of text in lower case base32 (RFC 4648), without padding. */
static void
hash_letters(const char *text, char out[DIGEST_LETTERS + 1])
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
	assert(len == DIGEST_LETTERS);
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
jid_local_encode(const char *name, char *out, size_t size)
{
	char hash[DIGEST_LETTERS + 1];
	char piece[4];
	size_t len = 0;

	assert(size > JID_PART_MAX);
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
		hash_letters(name, hash);
		snprintf(out, size, "=z%s", hash);
	}
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

/* Like jid_local_decode(), of len bytes; false if out was too small. */
static bool
decode(const char *s, size_t len, char *out, size_t size)
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

void
jid_local_decode(const char *local, char *out, size_t size)
{
	(void)decode(local, strlen(local), out, size);
}

bool
jid_of_person(const char *id, const char *network, const char *domain,
	      char *out, size_t size)
{
	char local[JID_PART_MAX + 1];
	int n;

	jid_local_encode(id, local, sizeof(local));
	if (strlen(local) + 1 + strlen(network) > JID_PART_MAX)
		return false;
	n = snprintf(out, size, "%s%%%s@%s", local, network, domain);
	return n >= 0 && (size_t)n < size;
}

bool
jid_person(const char *local, char *id, size_t id_size, char *network,
	   size_t network_size)
{
	const char *percent = strrchr(local, '%');
	int n;

	if (!percent || percent == local || !percent[1])
		return false;
	n = snprintf(network, network_size, "%s", percent + 1);
	return n >= 0 && (size_t)n < network_size &&
	       decode(local, (size_t)(percent - local), id, id_size);
}

/* ---- E2: nicks ---- */

/* General category Zs. */
static bool
is_space(uint32_t cp)
{
	return cp == ' ' || cp == 0xa0 || cp == 0x1680 ||
	       (cp >= 0x2000 && cp <= 0x200a) || cp == 0x202f || cp == 0x205f ||
	       cp == 0x3000;
}

/*
 * What Resourceprep (RFC 3920, appendix B) prohibits beside controls. Servers
 * that still apply it answer with jid-malformed: private use, not characters,
 * not fit for plain text, ideographic description, tags.
 */
static bool
is_prohibited(uint32_t cp)
{
	return (cp >= 0xe000 && cp <= 0xf8ff) || cp >= 0xe0000 ||
	       (cp >= 0xfff9 && cp <= 0xffff) || (cp & 0xfffe) == 0xfffe ||
	       (cp >= 0xfdd0 && cp <= 0xfdef) ||
	       (cp >= 0x2ff0 && cp <= 0x2ffb) || cp == 0x340 || cp == 0x341 ||
	       cp == 0x2028 || cp == 0x2029;
}

static bool
is_dropped(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || is_prohibited(cp) ||
	       utf8_is_invisible(cp);
}

/*
 * The visible part of name, at most max bytes, single spaces inside and none
 * around it. out: NICK_MAX + 1. Returns its length.
 */
static size_t
visible_part(const char *name, size_t max, char *out)
{
	size_t left = strlen(name);
	bool space = false; /* seen since the last thing written */
	size_t n = 0;
	size_t len;

	for (; left > 0; name += len, left -= len) {
		uint32_t cp = utf8_decode(name, left, &len);

		if (is_space(cp)) {
			space = n > 0;
			continue;
		}
		if (is_dropped(cp))
			continue;
		if (n + space + len > max)
			break;
		if (space)
			out[n++] = ' ';
		space = false;
		memcpy(out + n, name, len);
		n += len;
	}
	out[n] = '\0';
	return n;
}

void
jid_nick_from_name(const char *name, const char *seed, unsigned attempt,
		   char *out, size_t size)
{
	char suffix[16] = "";
	char nick[NICK_MAX + 1];
	char hash[DIGEST_LETTERS + 1];

	assert(size > NICK_MAX);
	if (attempt > 0)
		snprintf(suffix, sizeof(suffix), " (%u)",
			 attempt < UINT32_MAX ? attempt + 1 : attempt);
	if (visible_part(name, NICK_MAX - strlen(suffix), nick) == 0) {
		hash_letters(seed, hash);
		snprintf(nick, sizeof(nick), "u%.*s", NICK_HASH_LETTERS, hash);
	}
	snprintf(out, size, "%s%s", nick, suffix);
}

/* Step over spaces. */
static const char *
skip_spaces(const char *s)
{
	size_t len;

	while (*s && is_space(utf8_decode(s, strnlen(s, 4), &len)))
		s += len;
	return s;
}

/* The next code point as it is compared, 0 at the end. */
static uint32_t
next_folded(const char **s)
{
	size_t len;
	uint32_t cp;

	if (!**s)
		return 0;
	cp = utf8_decode(*s, strnlen(*s, 4), &len);
	if (is_space(cp)) {
		*s = skip_spaces(*s);
		return **s ? ' ' : 0;
	}
	*s += len;
	return cp < 0x80 ? fold_ascii((unsigned char)cp) : cp;
}

bool
jid_nicks_alike(const char *a, const char *b)
{
	uint32_t ca;
	uint32_t cb;

	a = skip_spaces(a);
	b = skip_spaces(b);
	do {
		ca = next_folded(&a);
		cb = next_folded(&b);
	} while (ca == cb && ca != 0);
	return ca == cb;
}
