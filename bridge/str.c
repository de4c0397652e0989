/* SPDX-License-Identifier: MIT */
/* str.c - a growing string with a ceiling. */

#include "bridge/str.h"

#include "bridge/base.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 64

void
str_init(struct str *s, size_t max)
{
	assert(max < SIZE_MAX / 2);

	size_t size = max + 1 < FIRST_SIZE ? max + 1 : FIRST_SIZE;

	*s = (struct str){ .data = xrealloc(NULL, size),
			   .size = size,
			   .max = max };
	s->data[0] = '\0';
}

void
str_finish(struct str *s)
{
	free(s->data);
	*s = (struct str){ 0 };
}

/* Room for n more bytes and the NUL, or false and the overflow noted. */
static bool
reserve(struct str *s, size_t n)
{
	if (n > s->max - s->len) {
		s->overflowed = true;
		return false;
	}

	size_t need = s->len + n + 1;

	if (need <= s->size)
		return true;
	if (need < s->size * 2)
		need = s->size * 2;
	s->size = need < s->max + 1 ? need : s->max + 1;
	s->data = xrealloc(s->data, s->size);
	return true;
}

void
str_add_n(struct str *s, const void *bytes, size_t n)
{
	if (n == 0 || !reserve(s, n))
		return;

	memcpy(s->data + s->len, bytes, n);
	s->len += n;
	s->data[s->len] = '\0';
}

void
str_add(struct str *s, const char *text)
{
	str_add_n(s, text, strlen(text));
}

void
str_add_char(struct str *s, char c)
{
	if (s->len + 1 >= s->size && !reserve(s, 1))
		return;
	s->data[s->len++] = c;
	s->data[s->len] = '\0';
}

void
str_add_hex(struct str *s, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	if (n > SIZE_MAX / 2 || !reserve(s, 2 * n))
		return;
	for (size_t i = 0; i < n; i++) {
		s->data[s->len++] = digits[bytes[i] >> 4];
		s->data[s->len++] = digits[bytes[i] & 15];
	}
	s->data[s->len] = '\0';
}

/* Into the room that there is; only what does not fit is written twice. */
void
str_vprintf(struct str *s, const char *fmt, va_list args)
{
	size_t left = s->size - s->len;
	va_list again;

	va_copy(again, args);

	int n = vsnprintf(s->data + s->len, left, fmt, args);

	if (n < 0)
		s->overflowed = true; /* beyond INT_MAX */
	else if ((size_t)n < left)
		s->len += (size_t)n;
	else if (reserve(s, (size_t)n))
		s->len += (size_t)vsnprintf(s->data + s->len, (size_t)n + 1,
					    fmt, again);
	va_end(again);
	if (left)
		s->data[s->len] = '\0'; /* not even in part */
}

void
str_printf(struct str *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	str_vprintf(s, fmt, args);
	va_end(args);
}

void
str_clear(struct str *s)
{
	str_truncate(s, 0);
	s->overflowed = false;
}

void
str_truncate(struct str *s, size_t len)
{
	if (len >= s->len)
		return;

	s->len = len;
	s->data[len] = '\0';
}

void
str_consume(struct str *s, size_t n)
{
	assert(n <= s->len);

	s->len -= n;
	memmove(s->data, s->data + n, s->len + 1);
}

bool
str_overflowed(const struct str *s)
{
	return s->overflowed;
}

char *
str_take(struct str *s)
{
	char *data = s->data;

	str_init(s, s->max);
	return data;
}
