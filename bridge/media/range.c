/* SPDX-License-Identifier: MIT */
/* range.c - parts of files. See range.h. */

#include "bridge/media/range.h"

#include "bridge/str.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define DIGITS_MAX 18

/* The number at *at, or -1 if there is none; *at is then behind it. */
static int64_t
number(const char **at)
{
	size_t n = strspn(*at, "0123456789");
	int64_t value = 0;

	if (!n || n > DIGITS_MAX)
		return -1;
	while (n--)
		value = 10 * value + (*(*at)++ - '0');
	return value;
}

unsigned
range_parse(struct range *r, const char *text, int64_t size)
{
	int64_t first, last;

	*r = (struct range){ 0, size };
	if (!text || strncmp(text, "bytes=", 6) != 0)
		return 200;
	text += 6;
	first = number(&text);
	if (*text++ != '-')
		return 200;
	last = number(&text);
	if (*text || (first < 0 && last < 0))
		return 200;
	if (first < 0) { /* the last so many */
		first = last < size ? size - last : 0;
		last = last ? size - 1 : -1;
	} else if (last < 0 || last >= size) {
		last = size - 1;
	} else if (last < first) {
		return 200;
	}
	if (first >= size || last < first) {
		*r = (struct range){ 0, 0 };
		return 416;
	}
	*r = (struct range){ first, last - first + 1 };
	return 206;
}

void
range_describe(struct str *out, const struct range *r, unsigned status,
	       int64_t size)
{
	if (status == 416)
		str_printf(out, "bytes */%" PRId64, size);
	else if (status == 206)
		str_printf(out, "bytes %" PRId64 "-%" PRId64 "/%" PRId64,
			   r->start, r->start + r->n - 1, size);
}
