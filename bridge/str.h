/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_STR_H
#define BRIDGE_STR_H

/*
 * A growing string with a ceiling.
 *
 * struct str s; str_init(&s, MAX); ... str_finish(&s);
 *
 * It is always NUL-terminated, also when empty, and may hold NULs inside.
 * What would grow it beyond its ceiling is not appended, not even in part,
 * and str_overflowed() says so from then on: check once, at the end.
 */

#include "bridge/base.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct str {
	char *data; /* never NULL between init and finish */
	size_t len;
	/* private */
	size_t size;
	size_t max;
	bool overflowed;
};

/* max: most bytes it may hold, without the final NUL. */
void str_init(struct str *s, size_t max);

/* Accepts what was only zeroed. */
void str_finish(struct str *s);

void str_add(struct str *s, const char *text);
void str_add_n(struct str *s, const void *bytes, size_t n);
void str_add_char(struct str *s, char c);
/* Each byte as two digits, in lower case. */
void str_add_hex(struct str *s, const unsigned char *bytes, size_t n);
void str_printf(struct str *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void str_vprintf(struct str *s, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Make it empty again; keeps the memory, forgets an overflow. */
void str_clear(struct str *s);

/* Drop everything from byte len on. */
void str_truncate(struct str *s, size_t len);

/* Drop the first n bytes. */
void str_consume(struct str *s, size_t n);

bool str_overflowed(const struct str *s);

/* The bytes, now the caller's to free(); s is as if just initialised. */
char *str_take(struct str *s);

static inline void
str_finish_auto(struct str *s)
{
	str_finish(s);
}

#define AUTO_STR __attribute__((cleanup(str_finish_auto))) struct str

#endif
