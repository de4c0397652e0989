/* SPDX-License-Identifier: MIT */
/* origin.c - marks on relayed messages; see origin.h. */

#include "bridge/origin.h"

#include "bridge/base.h"
#include "bridge/event.h"
#include "bridge/hash.h"
#include "bridge/str.h"

#include <inttypes.h>
#include <string.h>

/* Not a secret: every bridge must come to the same names. */
static const struct hash_key alike = { 0x6361757365776179, 0x6f726967696e3a30 };

static bool
is_id_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
}

static size_t
id_len(const char *s)
{
	size_t n = 0;

	while (is_id_char(s[n]))
		n++;
	return n;
}

/* One or more ids with commas between them, and nothing else. */
static bool
is_via(const char *s)
{
	for (;; s++) {
		size_t n = id_len(s);

		if (!n || n > ORIGIN_ID_MAX)
			return false;
		s += n;
		if (!*s)
			return true;
		if (*s != ',')
			return false;
	}
}

bool
origin_read(struct event *ev, const char *wire)
{
	size_t n = id_len(wire);

	if (!n || n > ORIGIN_ID_MAX || wire[n] != ':' ||
	    strnlen(wire + n + 1, ORIGIN_VIA_MAX + 1) > ORIGIN_VIA_MAX ||
	    !is_via(wire + n + 1))
		return false;

	char *id = event_alloc(ev, n + 1);

	memcpy(id, wire, n);
	ev->origin = id;
	ev->via = event_strdup(ev, wire + n + 1);
	return true;
}

void
origin_write(struct str *out, const char *id, const char *via,
	     const char *bridge)
{
	str_printf(out, "%s:", id);
	if (via && *via)
		str_printf(out, "%s,", via);
	str_add(out, bridge);
}

void
origin_write_part(struct str *out, const char *wire, unsigned part)
{
	size_t n = strcspn(wire, ":");

	str_add_n(out, wire, n);
	str_printf(out, ".%u%s", part, wire + n);
}

bool
origin_passed(const char *via, const char *bridge)
{
	size_t len = strlen(bridge);

	while (via && *via) {
		size_t n = strcspn(via, ",");

		if (n == len && memcmp(via, bridge, n) == 0)
			return true;
		via += n + (via[n] == ',');
	}
	return false;
}

unsigned
origin_hops(const char *via)
{
	unsigned hops = via && *via ? 1 : 0;

	for (; via && *via; via++)
		hops += *via == ',';
	return hops;
}

static void
add_digest(struct str *out, const char *text, size_t len)
{
	str_printf(out, "%016" PRIx64, hash_bytes_with_key(alike, text, len));
}

void
origin_digest(struct str *out, const char *text)
{
	add_digest(out, text, strlen(text));
}

void
origin_name(struct str *out, const char *where, const char *key)
{
	AUTO_STR text = { 0 };

	str_init(&text, (size_t)4 * EVENT_ID_MAX);
	str_printf(&text, "%s\n%s", where, key);
	add_digest(out, text.data, text.len);
}
