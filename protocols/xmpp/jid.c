/* SPDX-License-Identifier: MIT */
/*
 * jid.c - addresses, and addresses for people who have none; see jid.h.
 *
 * RFC 7622 (the split, not its PRECIS tables: only ASCII is folded),
 * SEMANTICS 1.7 for E2.
 */

#include "protocols/xmpp/jid.h"

#include "bridge/base.h"
#include "bridge/text.h"
#include "conf/escape.h"
#include "protocols/xmpp/xml.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NICK_MAX 64         /* bytes */
#define NICK_HASH_LETTERS 6 /* of a nick made of nothing */

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

bool
jid_allowed(const char *const *list, size_t n, const struct jid *jid)
{
	struct jid bare = *jid;
	char text[3 * JID_PART_MAX + 3];

	bare.resource[0] = '\0';
	if (!jid_format(&bare, text, sizeof(text)))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i], "*") || !strcmp(list[i], jid->domain) ||
		    !strcmp(list[i], text))
			return true;
	return false;
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
	char hash[ESCAPE_HASH_LETTERS + 1];

	assert(size > NICK_MAX);
	if (attempt > 0)
		snprintf(suffix, sizeof(suffix), " (%u)",
			 attempt < UINT32_MAX ? attempt + 1 : attempt);
	if (visible_part(name, NICK_MAX - strlen(suffix), nick) == 0) {
		escape_hash(seed, hash);
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
