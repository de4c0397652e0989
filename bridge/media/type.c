/* SPDX-License-Identifier: MIT */
/* type.c - what a file is. See type.h. */

#include "bridge/media/type.h"

#include "bridge/base.h"
#include "bridge/text.h"

#include <string.h>

#define TEXT_LOOK 4096 /* bytes that must be text for a text */
#define OTHER "application/octet-stream"

struct magic {
	size_t at;
	const char *bytes;
	size_t n;
	const char *mime;
};

#define MAGIC(at, bytes, mime)                     \
	{                                          \
		at, bytes, sizeof(bytes) - 1, mime \
	}

/* The first that fits. */
static const struct magic magics[] = {
	MAGIC(0, "\x89PNG\r\n\x1a\n", "image/png"),
	MAGIC(0, "\xff\xd8\xff", "image/jpeg"),
	MAGIC(0, "GIF87a", "image/gif"),
	MAGIC(0, "GIF89a", "image/gif"),
	MAGIC(8, "WEBPVP8", "image/webp"),
	MAGIC(8, "WAVEfmt ", "audio/wav"),
	MAGIC(4, "ftypavif", "image/avif"),
	MAGIC(4, "ftypavis", "image/avif"),
	MAGIC(4, "ftyphei", "image/heic"),
	MAGIC(4, "ftypmif1", "image/heic"),
	MAGIC(4, "ftypM4A", "audio/mp4"),
	MAGIC(4, "ftypqt", "video/quicktime"),
	MAGIC(4, "ftyp", "video/mp4"),
	MAGIC(0, "\x1a\x45\xdf\xa3", "video/webm"),
	MAGIC(0, "OggS", "audio/ogg"),
	MAGIC(0, "fLaC", "audio/flac"),
	MAGIC(0, "ID3", "audio/mpeg"),
	MAGIC(0, "\xff\xfb", "audio/mpeg"),
	MAGIC(0, "\xff\xf3", "audio/mpeg"),
	MAGIC(0, "\xff\xf1", "audio/aac"),
	MAGIC(0, "\xff\xf9", "audio/aac"),
	MAGIC(0, "%PDF-", "application/pdf"),
	MAGIC(0, "PK\x03\x04", "application/zip"),
	MAGIC(0, "\x1f\x8b", "application/gzip"),
};

/* The last character may have been cut. */
static bool
is_text(const unsigned char *head, size_t n)
{
	size_t len;

	if (n > TEXT_LOOK)
		n = TEXT_LOOK;
	for (size_t i = 0; i < n; i++)
		if (head[i] == 0x7f ||
		    (head[i] < ' ' && !memchr("\t\n\f\r", head[i], 4)))
			return false;
	for (size_t i = 0; i < n; i += len) {
		const char *s = (const char *)head + i;

		if (utf8_decode(s, n - i, &len) == 0xfffd && len == 1 &&
		    n - i > 3)
			return false;
	}
	return n > 0;
}

const char *
type_of(const unsigned char *head, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		const struct magic *m = &magics[i];

		if (n >= m->at + m->n &&
		    memcmp(head + m->at, m->bytes, m->n) == 0)
			return m->mime;
	}
	return is_text(head, n) ? "text/plain" : OTHER;
}

bool
type_is_shown(const char *mime)
{
	return strncmp(mime, "image/", 6) == 0 ||
	       strncmp(mime, "audio/", 6) == 0 ||
	       strncmp(mime, "video/", 6) == 0 ||
	       strcmp(mime, "text/plain") == 0;
}

/* ---- pictures -------------------------------------------------------------
 */

static unsigned
big(const unsigned char *p, size_t n)
{
	unsigned value = 0;

	while (n--)
		value = value << 8 | *p++;
	return value;
}

static unsigned
little(const unsigned char *p, size_t n)
{
	unsigned value = 0;

	while (n--)
		value = value << 8 | p[n];
	return value;
}

struct side {
	unsigned width, height;
};

static struct side
png(const unsigned char *p, size_t n)
{
	if (n < 24 || memcmp(p + 12, "IHDR", 4) != 0)
		return (struct side){ 0 };
	return (struct side){ big(p + 16, 4), big(p + 20, 4) };
}

static struct side
gif(const unsigned char *p, size_t n)
{
	if (n < 10)
		return (struct side){ 0 };
	return (struct side){ little(p + 6, 2), little(p + 8, 2) };
}

static struct side
webp(const unsigned char *p, size_t n)
{
	if (n < 30)
		return (struct side){ 0 };
	if (p[15] == 'X')
		return (struct side){ little(p + 24, 3) + 1,
				      little(p + 27, 3) + 1 };
	if (p[15] == 'L' && p[20] == 0x2f) {
		unsigned bits = little(p + 21, 4);

		return (struct side){ (bits & 0x3fff) + 1,
				      (bits >> 14 & 0x3fff) + 1 };
	}
	if (p[15] == ' ' && memcmp(p + 23, "\x9d\x01\x2a", 3) == 0)
		return (struct side){ little(p + 26, 2) & 0x3fff,
				      little(p + 28, 2) & 0x3fff };
	return (struct side){ 0 };
}

/* Frames begin with C0 to CF, three of which are something else. */
static bool
is_frame(unsigned char marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 &&
	       marker != 0xc8 && marker != 0xcc;
}

static struct side
jpeg(const unsigned char *p, size_t n)
{
	size_t at = 2;

	while (at + 4 <= n && p[at] == 0xff) {
		unsigned char marker = p[at + 1];

		if (marker == 0xff) { /* filling */
			at++;
			continue;
		}
		if (is_frame(marker) && at + 9 <= n)
			return (struct side){ big(p + at + 7, 2),
					      big(p + at + 5, 2) };
		if (marker == 0xd9 || marker == 0xda)
			break; /* the picture itself */
		at += 2;
		if (marker != 0x01 && (marker < 0xd0 || marker > 0xd8))
			at += big(p + at, 2) < 2 ? n : big(p + at, 2);
	}
	return (struct side){ 0 };
}

bool
picture_size(const unsigned char *head, size_t n, unsigned *width,
	     unsigned *height)
{
	static const struct {
		const char *mime;
		struct side (*read)(const unsigned char *p, size_t n);
	} readers[] = {
		{ "image/png", png },
		{ "image/jpeg", jpeg },
		{ "image/gif", gif },
		{ "image/webp", webp },
	};
	const char *mime = type_of(head, n);
	struct side side = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
		if (strcmp(mime, readers[i].mime) == 0)
			side = readers[i].read(head, n);
	if (!side.width || !side.height)
		side = (struct side){ 0 };
	*width = side.width;
	*height = side.height;
	return side.width != 0;
}
