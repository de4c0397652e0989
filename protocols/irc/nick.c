/* SPDX-License-Identifier: MIT */
/*
 * nick.c - nicks and user names made out of what people call themselves.
 *
 * What IRC cannot spell is left out; only accents are taken off letters, and
 * nothing is transliterated, since every choice would be wrong for somebody.
 *
 * The tables are the compatibility decomposition (NFKD) of Unicode 15 with
 * the combining marks dropped, where one ASCII letter remained: a loop over
 * the code points with Python's unicodedata printed them once. Letters of
 * other scripts would be left out after it anyway, so they are not in it.
 */

#include "protocols/irc/casemap.h"

#include "bridge/text.h"

#include <openssl/evp.h>

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define NICK_MAX 63
#define HASH_LETTERS 51 /* of 256 bits, five at a time */

/* ---- accents ----------------------------------------------------------- */

/* clang-format off */
/* Latin-1 Supplement, Latin Extended-A and -B: from U+00C0. */
static const char latin[] =
	"AAAAAA.CEEEEIIII.NOOOOO..UUUUY.." /* 00C0 */
	"aaaaaa.ceeeeiiii.nooooo..uuuuy.y" /* 00E0 */
	"AaAaAaCcCcCcCcDd..EeEeEeEeEeGgGg" /* 0100 */
	"GgGgHh..IiIiIiIiI...JjKk.LlLlLl." /* 0120 */
	"...NnNnNn...OoOoOo..RrRrRrSsSsSs" /* 0140 */
	"SsTtTt..UuUuUuUuUuUuWwYyYZzZzZzs" /* 0160 */
	"................................" /* 0180 */
	"Oo.............Uu..............." /* 01A0 */
	".............AaIiOoUuUuUuUuUu.Aa" /* 01C0 */
	"Aa....GgKkOoOo..j...Gg..NnAa...." /* 01E0 */
	"AaAaEeEeIiIiOoOoRrRrUuUuSsTt..Hh" /* 0200 */
	"......AaEeOoOoOoOoYy............"; /* 0220 */

/* Latin Extended Additional: from U+1E00. */
static const char latin_additional[] =
	"AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFf" /* 1E00 */
	"GgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMm" /* 1E20 */
	"MmMmNnNnNnNnOoOoOoOoPpPpRrRrRrRr" /* 1E40 */
	"SsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVv" /* 1E60 */
	"WwWwWwWwWwXxXxYyZzZzZzhtwyas...." /* 1E80 */
	"AaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEe" /* 1EA0 */
	"EeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOo" /* 1EC0 */
	"OoOoUuUuUuUuUuUuUuYyYyYyYy......"; /* 1EE0 */

/* One code point that is two letters, or stands alone. */
static const struct {
	uint32_t cp;
	char letters[4];
} singles[] = {
	{ 0x00A0, " " }, { 0x00AA, "a" }, { 0x00B2, "2" }, { 0x00B3, "3" },
	{ 0x00B9, "1" }, { 0x00BA, "o" }, { 0x0132, "IJ" }, { 0x0133, "ij" },
	{ 0x013F, "L" }, { 0x0140, "l" }, { 0x0149, "n" }, { 0x01C4, "DZ" },
	{ 0x01C5, "Dz" }, { 0x01C6, "dz" }, { 0x01C7, "LJ" },
	{ 0x01C8, "Lj" }, { 0x01C9, "lj" }, { 0x01CA, "NJ" },
	{ 0x01CB, "Nj" }, { 0x01CC, "nj" }, { 0x01F1, "DZ" },
	{ 0x01F2, "Dz" }, { 0x01F3, "dz" }, { 0x202F, " " },
	{ 0x205F, " " }, { 0x212A, "K" }, { 0x212B, "A" }, { 0x3000, " " },
	{ 0xFB00, "ff" }, { 0xFB01, "fi" }, { 0xFB02, "fl" },
	{ 0xFB03, "ffi" }, { 0xFB04, "ffl" }, { 0xFB05, "st" },
	{ 0xFB06, "st" },
};

/* Letters drawn in another way, of which people like to make names. */
static const struct {
	uint32_t first, last;
	const char *letters; /* over and over */
} runs[] = {
	{ 0x2000, 0x200A, " " },
	{ 0x24B6, 0x24E9, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			  "abcdefghijklmnopqrstuvwxyz" },
	{ 0xFF10, 0xFF19, "0123456789" },
	{ 0xFF21, 0xFF3A, "ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
	{ 0xFF41, 0xFF5A, "abcdefghijklmnopqrstuvwxyz" },
	{ 0x1D400, 0x1D6A3, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz" },
	{ 0x1D7CE, 0x1D7FF, "0123456789" },
	{ 0x1F130, 0x1F149, "ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
};
/* clang-format on */

static void
add_letter(struct str *out, char c)
{
	if (c != '.')
		str_add_char(out, c);
}

/* cp as ASCII, if that is what it is without its accents. */
static void
add_folded(struct str *out, uint32_t cp)
{
	if (cp < 0x80) {
		str_add_char(out, (char)cp);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(singles); i++) {
		if (singles[i].cp == cp)
			str_add(out, singles[i].letters);
	}
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		if (cp >= runs[i].first && cp <= runs[i].last)
			str_add_char(out,
				     runs[i].letters[(cp - runs[i].first) %
						     strlen(runs[i].letters)]);
	}
	if (cp >= 0xC0 && cp - 0xC0 < sizeof(latin) - 1)
		add_letter(out, latin[cp - 0xC0]);
	if (cp >= 0x1E00 && cp - 0x1E00 < sizeof(latin_additional) - 1)
		add_letter(out, latin_additional[cp - 0x1E00]);
}

static void
add_name(struct str *out, const char *name)
{
	size_t n = strlen(name);

	while (n > 0) {
		size_t len;

		add_folded(out, utf8_decode(name, n, &len));
		name += len;
		n -= len;
	}
}

/* ---- nicks ------------------------------------------------------------- */

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_nick_char(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c) ||
	       (c && strchr("[]\\`_^{|}-", c));
}

/* base32 (RFC 4648 6) of the seed's SHA-256, in small letters. */
static void
hash_letters(const char *seed, char out[HASH_LETTERS + 1])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	int done =
		EVP_Digest(seed, strlen(seed), hash, &len, EVP_sha256(), NULL);

	assert(done == 1 && len == 32);
	(void)done;
	for (size_t i = 0; i < HASH_LETTERS; i++) {
		size_t bit = i * 5;
		unsigned two = (unsigned)hash[bit / 8] << 8;

		if (bit / 8 + 1 < len)
			two |= hash[bit / 8 + 1];
		out[i] = alphabet[two >> (11 - bit % 8) & 31];
	}
	out[HASH_LETTERS] = '\0';
}

/* What tells the attempts apart: "", "2" to "9", "-abcd", "-abcde" ... */
static void
counter_write(unsigned attempt, const char *hash, char *out, size_t size)
{
	unsigned letters = 6, skip = 0;

	if (attempt == 0) {
		out[0] = '\0';
		return;
	}
	if (attempt <= 8) {
		snprintf(out, size, "%u", attempt + 1);
		return;
	}
	if (attempt < 11)
		letters = attempt - 5;
	else
		skip = (attempt - 11) % (HASH_LETTERS - 6);
	snprintf(out, size, "-%.*s", (int)letters, hash + skip);
}

/* The name in the characters of a nick, without "_" at its ends. */
static void
nick_base(struct str *out, const char *name)
{
	AUTO_STR folded = { 0 };
	size_t start = 0, end;

	str_init(&folded, 3 * strlen(name) + 1);
	add_name(&folded, name);
	end = 0;
	for (size_t i = 0; i < folded.len; i++) {
		char c = folded.data[i] == ' ' ? '_' : folded.data[i];

		if (is_nick_char(c))
			folded.data[end++] = c;
	}
	while (end > 0 && folded.data[end - 1] == '_')
		end--;
	while (start < end && folded.data[start] == '_')
		start++;
	if (start < end &&
	    (is_digit(folded.data[start]) || folded.data[start] == '-'))
		str_add_char(out, '_');
	str_add_n(out, folded.data + start, end - start);
}

void
irc_nick_from_name(const char *name, const char *seed, unsigned attempt,
		   unsigned nicklen, char *out, size_t size)
{
	char hash[HASH_LETTERS + 1], counter[16];
	size_t room = nicklen < NICK_MAX ? nicklen : NICK_MAX;
	size_t keep;
	AUTO_STR base = { 0 };

	assert(size > 1);
	if (room == 0)
		room = 1;
	if (room > size - 1)
		room = size - 1;
	hash_letters(seed, hash);
	str_init(&base, 3 * strlen(name) + 8);
	nick_base(&base, name);
	if (base.len == 0)
		str_printf(&base, "u%.6s", hash);
	counter_write(attempt, hash, counter, sizeof(counter));

	/* Its first letter stays, whatever happens to the counter. */
	keep = strlen(counter) < room ? room - strlen(counter) : 1;
	if (keep < base.len)
		str_truncate(&base, keep);
	str_add(&base, counter);
	if (base.len > room)
		str_truncate(&base, room);
	memcpy(out, base.data, base.len + 1);
}

void
irc_user_from_name(const char *name, unsigned max, char *out, size_t size)
{
	size_t room = max < size - 1 ? max : size - 1;
	size_t used = 0;
	AUTO_STR folded = { 0 };

	assert(size > 1);
	str_init(&folded, 3 * strlen(name) + 1);
	add_name(&folded, name);
	for (size_t i = 0; i < folded.len && used < room; i++) {
		char c = folded.data[i];

		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		/* Servers want a letter or a digit first. */
		if (is_lower(c) || is_digit(c) ||
		    (used > 0 && c && strchr("._-", c)))
			out[used++] = c;
	}
	/* USER without a name would be refused. */
	if (used == 0)
		out[used++] = 'u';
	out[used] = '\0';
}
