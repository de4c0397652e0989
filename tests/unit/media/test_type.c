/* SPDX-License-Identifier: MIT */
/* test_type.c - what a file is, by what is in it. */

#include "tests/support/test.h"

#include "bridge/base.h"
#include "bridge/media/type.h"

#include <string.h>

struct row {
	const char *bytes;
	size_t n;
	const char *mime;
	bool shown;
	unsigned width, height;
};

#define ROW(bytes, ...)                               \
	{                                             \
		bytes, sizeof(bytes) - 1, __VA_ARGS__ \
	}

/* clang-format off */
static const struct row rows[] = {
	ROW("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\x80\0\0\x01\xe0",
	    "image/png", true, 640, 480),
	ROW("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\0\0\0\0\x01",
	    "image/png", true, 0, 0),
	ROW("\x89PNG\r\n\x1a\n\0\0\0\x0dIH", "image/png", true, 0, 0),
	ROW("GIF89a\x0a\x00\x14\x00", "image/gif", true, 10, 20),
	ROW("GIF89a", "image/gif", true, 0, 0),
	ROW("\xff\xd8\xff\xe0\x00\x04xx\xff\xff\xc2\x00\x11\x08\x00\x05\x00\x07",
	    "image/jpeg", true, 7, 5),
	ROW("\xff\xd8\xff\xe0\x00\x00xx\xff\xc0\x00\x11\x08\x00\x05\x00\x07",
	    "image/jpeg", true, 0, 0),
	ROW("\xff\xd8\xff\xe0\xff\xff", "image/jpeg", true, 0, 0),
	ROW("\xff\xd8\xff\xda\x00\x04\xff\xc0\x00\x11\x08\x00\x05\x00\x07",
	    "image/jpeg", true, 0, 0),
	ROW("RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x09\0\0\x13\0\0",
	    "image/webp", true, 10, 20),
	ROW("RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x09\xc0\x04\0\0\0\0\0\0",
	    "image/webp", true, 10, 20),
	ROW("RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x0a\0\x14\0",
	    "image/webp", true, 10, 20),
	ROW("\0\0\0\x20" "ftypisom", "video/mp4", true, 0, 0),
	ROW("OggS", "audio/ogg", true, 0, 0),
	ROW("%PDF-1.7", "application/pdf", false, 0, 0),
	ROW("PK\x03\x04", "application/zip", false, 0, 0),
	ROW("hello\n", "text/plain", true, 0, 0),
	ROW("gr\xc3\xbc\xc3", "text/plain", true, 0, 0), /* cut */
	/* What a browser would run is shown as text, or not at all. */
	ROW("<html><script>alert(1)</script>", "text/plain", true, 0, 0),
	ROW("<svg xmlns='http://www.w3.org/2000/svg'/>", "text/plain", true,
	    0, 0),
	ROW("MZ\x90\0", "application/octet-stream", false, 0, 0),
	ROW("\xff\xfeh\0", "application/octet-stream", false, 0, 0),
	ROW("", "application/octet-stream", false, 0, 0),
};
/* clang-format on */

static void
files_are_what_is_in_them(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		const unsigned char *head = (const unsigned char *)r->bytes;
		unsigned width, height;

		assert_string_equal(type_of(head, r->n), r->mime);
		assert_int_equal(type_is_shown(r->mime), r->shown);
		assert_int_equal(picture_size(head, r->n, &width, &height),
				 r->width != 0);
		assert_int_equal(width, r->width);
		assert_int_equal(height, r->height);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_what_is_in_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
