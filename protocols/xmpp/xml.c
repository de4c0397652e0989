/* SPDX-License-Identifier: MIT */
/* xml.c - what may stand in a stanza; see xml.h. */

#include "protocols/xmpp/xml.h"

#include "bridge/text.h"

#include <stdint.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static bool
is_forbidden(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) ||
	       (cp >= 0xfdd0 && cp <= 0xfdef) || (cp & 0xfffe) == 0xfffe;
}

/*
 * What to write for the code point at s, of whose length *len tells; NULL for
 * itself.
 */
static const char *
substitute(const char *s, size_t left, bool attribute, size_t *len)
{
	uint32_t cp = utf8_decode(s, left, len);

	if (cp == '\t' || cp == '\n')
		return attribute ? " " : NULL;
	if (cp == '\r' && left > 1 && s[1] == '\n')
		return "";
	if (cp == '\r')
		return attribute ? " " : "\n";
	if (cp == 0xfffd && *len == 1)
		return REPLACEMENT;
	return is_forbidden(cp) ? "" : NULL;
}

/* How many bytes from s on are what nearly all are: printable ASCII. */
static size_t
plain_run(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] >= 0x20 && s[n] < 0x7f)
		n++;
	return n;
}

static void
clean(struct str *out, const char *text, size_t len, bool attribute)
{
	size_t kept = 0; /* where the bytes not yet copied begin */
	size_t n;

	for (size_t i = plain_run(text, len); i < len;
	     i += n, i += plain_run(text + i, len - i)) {
		const char *instead =
			substitute(text + i, len - i, attribute, &n);

		if (!instead)
			continue;
		str_add_n(out, text + kept, i - kept);
		str_add(out, instead);
		kept = i + n;
	}
	str_add_n(out, text + kept, len - kept);
}

void
xml_clean(struct str *out, const char *text, size_t len)
{
	clean(out, text, len, false);
}

void
xml_clean_attribute(struct str *out, const char *text, size_t len)
{
	clean(out, text, len, true);
}

bool
xml_is_clean(const char *text, size_t len)
{
	size_t n;

	for (size_t i = 0; i < len; i += n)
		if (substitute(text + i, len - i, false, &n))
			return false;
	return true;
}
