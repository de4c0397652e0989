/* SPDX-License-Identifier: MIT */
/*
 * utf8.c - the UTF-8 half of text.h.
 *
 * Well-formed UTF-8 finds its boundaries again from any place: a lead byte is
 * never a continuation byte. So everything that looks backwards here looks at
 * most three bytes back per code point, also in hostile input.
 */

#include "bridge/str.h"
#include "bridge/text.h"

#include <string.h>

#define REPLACEMENT 0xFFFD
#define ZWJ 0x200D

struct range {
	uint32_t first, last;
};

/* Belong to the code point before them. Sorted. */
static const struct range extenders[] = {
	{ 0x0300, 0x036F },   /* combining diacritical marks */
	{ 0x1AB0, 0x1AFF },   /* ... extended */
	{ ZWJ, ZWJ },         /* joins the next one, too */
	{ 0x20D0, 0x20FF },   /* ... for symbols */
	{ 0xFE00, 0xFE0F },   /* variation selectors */
	{ 0x1F3FB, 0x1F3FF }, /* skin tones */
};

/*
 * Cc, Cf, the line separators, fillers that show as nothing, noncharacters.
 * Not here: ZWNJ, ZWJ and the variation selectors, which names in Persian and
 * with emoji need. Sorted.
 */
static const struct range invisible[] = {
	{ 0x0000, 0x001F },   { 0x007F, 0x009F },   { 0x00AD, 0x00AD },
	{ 0x034F, 0x034F },   { 0x0600, 0x0605 },   { 0x061C, 0x061C },
	{ 0x06DD, 0x06DD },   { 0x070F, 0x070F },   { 0x0890, 0x0891 },
	{ 0x08E2, 0x08E2 },   { 0x115F, 0x1160 },   { 0x17B4, 0x17B5 },
	{ 0x180B, 0x180F },   { 0x200B, 0x200B },   { 0x200E, 0x200F },
	{ 0x2028, 0x202E },   { 0x2060, 0x206F },   { 0x3164, 0x3164 },
	{ 0xFDD0, 0xFDEF },   { 0xFEFF, 0xFEFF },   { 0xFFA0, 0xFFA0 },
	{ 0xFFF0, 0xFFFB },   { 0xFFFE, 0xFFFF },   { 0x110BD, 0x110BD },
	{ 0x110CD, 0x110CD }, { 0x13430, 0x1343F }, { 0x1BCA0, 0x1BCA3 },
	{ 0x1D173, 0x1D17A }, { 0xE0000, 0xE0FFF },
};

static bool
in_ranges(const struct range *ranges, size_t n, uint32_t cp)
{
	for (size_t i = 0; i < n && ranges[i].first <= cp; i++) {
		if (cp <= ranges[i].last)
			return true;
	}
	return false;
}

/* How long a sequence this byte begins, 0 if none, and the bits it brings. */
static size_t
lead_byte(unsigned char c, uint32_t *bits)
{
	if (c >= 0xC2 && c <= 0xDF) {
		*bits = c & 0x1F;
		return 2;
	}
	if (c >= 0xE0 && c <= 0xEF) {
		*bits = c & 0x0F;
		return 3;
	}
	if (c >= 0xF0 && c <= 0xF4) {
		*bits = c & 0x07;
		return 4;
	}
	return 0;
}

static bool
is_continuation(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

static bool
is_scalar(uint32_t cp)
{
	return cp <= 0x10FFFF && (cp < 0xD800 || cp > 0xDFFF);
}

uint32_t
utf8_decode(const char *s, size_t n, size_t *len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t cp = 0;

	*len = 1;
	if ((unsigned char)s[0] < 0x80)
		return (unsigned char)s[0];

	size_t want = lead_byte((unsigned char)s[0], &cp);

	if (want == 0 || want > n)
		return REPLACEMENT;
	for (size_t i = 1; i < want; i++) {
		if (!is_continuation(s[i]))
			return REPLACEMENT;
		cp = cp << 6 | ((unsigned char)s[i] & 0x3F);
	}
	if (cp < least[want] || !is_scalar(cp))
		return REPLACEMENT;
	*len = want;
	return cp;
}

void
utf8_append(struct str *out, uint32_t cp)
{
	char b[4];
	size_t n = 0;

	if (!is_scalar(cp))
		cp = REPLACEMENT;

	if (cp < 0x80) {
		b[n++] = (char)cp;
	} else if (cp < 0x800) {
		b[n++] = (char)(0xC0 | cp >> 6);
		b[n++] = (char)(0x80 | (cp & 0x3F));
	} else if (cp < 0x10000) {
		b[n++] = (char)(0xE0 | cp >> 12);
		b[n++] = (char)(0x80 | (cp >> 6 & 0x3F));
		b[n++] = (char)(0x80 | (cp & 0x3F));
	} else {
		b[n++] = (char)(0xF0 | cp >> 18);
		b[n++] = (char)(0x80 | (cp >> 12 & 0x3F));
		b[n++] = (char)(0x80 | (cp >> 6 & 0x3F));
		b[n++] = (char)(0x80 | (cp & 0x3F));
	}
	str_add_n(out, b, n);
}

bool
utf8_valid(const char *s, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i += len) {
		/* A bad byte has length 1, U+FFFD itself has 3. */
		if (utf8_decode(s + i, n - i, &len) == REPLACEMENT && len == 1)
			return false;
	}
	return true;
}

/* Bytes of s up to the first that needs repair. */
static size_t
sound_run(const char *s, size_t n)
{
	size_t len = 0;
	size_t i;

	for (i = 0; i < n; i += len) {
		uint32_t cp = utf8_decode(s + i, n - i, &len);

		if ((cp == REPLACEMENT && len == 1) || cp == 0)
			break;
	}
	return i;
}

void
utf8_repair(struct str *out, const char *s, size_t n)
{
	while (n > 0) {
		size_t run = sound_run(s, n);

		str_add_n(out, s, run);
		if (run == n)
			return;
		utf8_append(out, REPLACEMENT);
		s += run + 1;
		n -= run + 1;
	}
}

void
utf8_repair_lines(struct str *out, const char *s, size_t n)
{
	while (n > 0) {
		const char *cr = memchr(s, '\r', n);

		utf8_repair(out, s, cr ? (size_t)(cr - s) : n);
		if (!cr)
			return;
		str_add_char(out, '\n');
		n -= (size_t)(cr - s) + 1;
		s = cr + 1;
		if (n > 0 && *s == '\n') {
			s++;
			n--;
		}
	}
}

size_t
utf8_count(const char *s, size_t n)
{
	size_t count = 0;
	size_t len = 0;

	for (size_t i = 0; i < n; i += len) {
		utf8_decode(s + i, n - i, &len);
		count++;
	}
	return count;
}

/* Where the code point begins that holds byte at (< n). */
static size_t
code_point_start(const char *s, size_t n, size_t at)
{
	for (size_t back = 1; back <= 3 && back <= at; back++) {
		size_t len = 0;

		if (!is_continuation(s[at - back + 1]))
			break;
		utf8_decode(s + at - back, n - (at - back), &len);
		if (len > back)
			return at - back;
	}
	return at;
}

/* True if a text may be cut before byte at, the start of a code point. */
static bool
may_cut(const char *s, size_t n, size_t at)
{
	size_t len = 0;
	size_t before = code_point_start(s, n, at - 1);

	if (in_ranges(extenders, ARRAY_SIZE(extenders),
		      utf8_decode(s + at, n - at, &len)))
		return false;
	return utf8_decode(s + before, n - before, &len) != ZWJ;
}

size_t
utf8_cut(const char *s, size_t n, size_t max)
{
	if (n <= max)
		return n;

	size_t hard = code_point_start(s, n, max);
	size_t cut = hard;

	while (cut > 0 && !may_cut(s, n, cut))
		cut = code_point_start(s, n, cut - 1);
	if (cut > 0)
		return cut;
	/* One cluster fills it all: then between code points. */
	if (hard > 0)
		return hard;
	utf8_decode(s, n, &cut);
	return cut;
}

size_t
utf8_cut_word(const char *s, size_t n, size_t max)
{
	size_t cut = utf8_cut(s, n, max);

	if (cut == n)
		return n;
	for (size_t end = cut; end > 0 && end >= cut - cut / 3; end--) {
		if (s[end - 1] == ' ' && may_cut(s, n, end))
			return end;
	}
	return cut;
}

bool
utf8_is_invisible(uint32_t cp)
{
	return (cp & 0xFFFE) == 0xFFFE ||
	       in_ranges(invisible, ARRAY_SIZE(invisible), cp);
}
