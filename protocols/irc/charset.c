/* SPDX-License-Identifier: MIT */
/*
 * charset.c - bytes of unknown charset as UTF-8.
 *
 * IRC does not say what its bytes mean. What is well-formed UTF-8 with
 * anything but ASCII in it is nearly never anything else, so it goes first.
 */

#include "protocols/irc/format.h"
#include "protocols/irc/line.h"

#include <iconv.h>
#include <string.h>
#include <strings.h>

#define REPLACEMENT 0xFFFD
#define NAME_MAX_BYTES 40

/* Bytes 80 to 9F of windows-1252; it leaves five of them undefined. */
/* clang-format off */
static const uint16_t windows_1252[32] = {
	0x20AC, REPLACEMENT, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, REPLACEMENT, 0x017D, REPLACEMENT,
	REPLACEMENT, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
	0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, REPLACEMENT, 0x017E, 0x0178,
};
/* clang-format on */

static void
read_windows_1252(struct str *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x80 && c <= 0x9F)
			utf8_append(out, windows_1252[c - 0x80]);
		else
			utf8_append(out, c ? c : REPLACEMENT);
	}
}

/* What iconv cannot read becomes U+FFFD, byte by byte. */
static void
read_iconv(struct str *out, const char *s, size_t n, iconv_t cd)
{
	char *in = (char *)(uintptr_t)s; /* iconv's prototype lacks a const */
	char buffer[512];

	while (n > 0) {
		char *to = buffer;
		size_t room = sizeof(buffer), before = n;
		size_t done = iconv(cd, &in, &n, &to, &room);

		/* Also what it converts may hold a NUL. */
		utf8_repair(out, buffer, (size_t)(to - buffer));
		if (done != (size_t)-1 || (n < before && to > buffer))
			continue;
		utf8_append(out, REPLACEMENT);
		iconv(cd, NULL, NULL, NULL, NULL);
		if (n > 0) {
			in++;
			n--;
		}
	}
}

/*
 * Length of s without a sequence that its end cuts short: servers cut lines
 * between bytes. 0 if nothing before it shows that it is UTF-8 at all.
 */
static size_t
utf8_cut_by_server(const char *s, size_t n)
{
	for (size_t tail = 1; tail <= 3 && tail < n; tail++) {
		unsigned char c = (unsigned char)s[n - tail];

		if (c < 0x80)
			return 0;
		if (c < 0xC0)
			continue;
		if (!utf8_valid(s, n - tail) ||
		    utf8_count(s, n - tail) == n - tail)
			return 0;
		return n - tail;
	}
	return 0;
}

void
irc_charset_read(struct str *out, const char *s, size_t n, const char *charset)
{
	iconv_t cd = (iconv_t)-1;
	size_t cut;

	if (utf8_valid(s, n)) {
		utf8_repair(out, s, n);
		return;
	}
	cut = utf8_cut_by_server(s, n);
	if (cut > 0) {
		utf8_repair(out, s, cut);
		return;
	}
	if (charset && strcasecmp(charset, "windows-1252") != 0 &&
	    strcasecmp(charset, "cp1252") != 0)
		cd = iconv_open("UTF-8", charset);
	if (cd == (iconv_t)-1) {
		read_windows_1252(out, s, n);
		return;
	}
	read_iconv(out, s, n, cd);
	iconv_close(cd);
}

/* ---- writing ------------------------------------------------------- */

/* All of it, or false. */
static bool
convert(const char *from, const char *to, const char *s, size_t n,
	struct str *out)
{
	iconv_t cd = iconv_open(to, from);
	char *in = (char *)(uintptr_t)s;
	char buffer[2 * IRC_BODY_MAX], *at = buffer;
	size_t room = sizeof(buffer);
	bool ok;

	if (cd == (iconv_t)-1)
		return false;
	/* What could only be written like it counts as not written. */
	ok = iconv(cd, &in, &n, &at, &room) == 0 && !n &&
	     iconv(cd, NULL, NULL, &at, &room) != (size_t)-1;
	iconv_close(cd);
	if (ok)
		str_add_n(out, buffer, (size_t)(at - buffer));
	return ok;
}

static size_t
count(const char *s, size_t n, char byte)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += s[i] == byte;
	return found;
}

/* The same line to a server, which knows nothing of charsets. */
static bool
is_same_line(const char *before, size_t n, const struct str *after)
{
	static const char marks[] = "\r\n \001";

	if (after->len > IRC_BODY_MAX || memchr(after->data, '\0', after->len))
		return false;
	for (const char *m = marks; *m; m++)
		if (count(before, n, *m) != count(after->data, after->len, *m))
			return false;
	return after->len > 1 && after->data[after->len - 1] == '\n';
}

static void
write_line(struct str *out, const char *line, size_t n, const char *charset)
{
	const char *space = *line == '@' ? memchr(line, ' ', n) : NULL;
	size_t tags = space ? (size_t)(space - line) + 1 : 0;
	AUTO_STR body = { 0 };

	str_init(&body, 2 * IRC_BODY_MAX);
	str_add_n(out, line, tags);
	line += tags;
	n -= tags;
	if (convert("UTF-8", charset, line, n, &body) &&
	    is_same_line(line, n, &body))
		str_add_n(out, body.data, body.len);
	else
		str_add_n(out, line, n);
}

void
irc_charset_write(struct str *out, const char *lines, size_t n,
		  const char *charset)
{
	while (n) {
		const char *end = memchr(lines, '\n', n);
		size_t len = end ? (size_t)(end - lines) + 1 : n;

		write_line(out, lines, len, charset);
		lines += len;
		n -= len;
	}
}

const char *
irc_charset_refuse(const char *charset)
{
	char ascii[96];
	AUTO_STR out = { 0 };

	str_init(&out, sizeof(ascii));
	for (size_t i = 0; i < 95; i++)
		ascii[i] = (char)(' ' + i);
	/* A suffix such as //IGNORE changes what iconv does. */
	if (!*charset || strchr(charset, '/') ||
	    strlen(charset) > NAME_MAX_BYTES ||
	    !convert("UTF-8", charset, ascii, 95, &out))
		return "that is no character set, such as iso-8859-1";
	if (out.len != 95 || memcmp(out.data, ascii, 95) != 0)
		return "IRC cannot be written in that character set";
	return NULL;
}
