/* SPDX-License-Identifier: MIT */
/* answer.c - a writer of JSON. Pure. */

#include "bridge/control/answer.h"

#include "bridge/str.h"
#include "bridge/text.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

/* The last of year 9999; RFC 3339 has no more digits. */
#define TIME_MAX_MS INT64_C(253402300799999)

void
answer_init(struct answer *a, struct str *out)
{
	*a = (struct answer){ .out = out };
}

static void
add_unit(struct str *out, uint32_t unit)
{
	str_printf(out, "\\u%04" PRIx32, unit);
}

/* Beyond U+FFFF JSON wants the two halves of UTF-16. */
static void
add_escaped(struct str *out, uint32_t cp)
{
	if (cp <= 0xffff) {
		add_unit(out, cp);
		return;
	}
	add_unit(out, 0xd800 + ((cp - 0x10000) >> 10));
	add_unit(out, 0xdc00 + ((cp - 0x10000) & 0x3ff));
}

static void
add_string(struct str *out, const char *s)
{
	size_t n = strlen(s);

	str_add_char(out, '"');
	while (n > 0) {
		size_t len;
		uint32_t cp = utf8_decode(s, n, &len);

		if (cp == '"' || cp == '\\') {
			str_add_char(out, '\\');
			str_add_char(out, (char)cp);
		} else if (cp == '\n') {
			str_add(out, "\\n");
		} else if (utf8_is_invisible(cp)) {
			add_escaped(out, cp);
		} else {
			utf8_append(out, cp);
		}
		s += len;
		n -= len;
	}
	str_add_char(out, '"');
}

/* What stands before each value. */
static void
begin(struct answer *a, const char *key)
{
	if (a->depth > 0) {
		bool *more = &a->more[a->depth - 1];

		assert((a->close[a->depth - 1] == '}') == (key != NULL));
		if (*more)
			str_add_char(a->out, ',');
		*more = true;
	}
	if (key) {
		add_string(a->out, key);
		str_add_char(a->out, ':');
	}
}

static void
enter(struct answer *a, const char *key, char open, char close)
{
	assert(a->depth < ANSWER_DEPTH_MAX);
	begin(a, key);
	str_add_char(a->out, open);
	a->close[a->depth] = close;
	a->more[a->depth] = false;
	a->depth++;
}

void
answer_object(struct answer *a, const char *key)
{
	enter(a, key, '{', '}');
}

void
answer_array(struct answer *a, const char *key)
{
	enter(a, key, '[', ']');
}

void
answer_end(struct answer *a)
{
	assert(a->depth > 0);
	str_add_char(a->out, a->close[--a->depth]);
}

void
answer_end_all(struct answer *a)
{
	while (a->depth > 0)
		answer_end(a);
}

void
answer_text(struct answer *a, const char *key, const char *text)
{
	if (!text) {
		answer_null(a, key);
		return;
	}
	begin(a, key);
	add_string(a->out, text);
}

void
answer_number(struct answer *a, const char *key, int64_t number)
{
	begin(a, key);
	str_printf(a->out, "%" PRId64, number);
}

void
answer_bool(struct answer *a, const char *key, bool value)
{
	begin(a, key);
	str_add(a->out, value ? "true" : "false");
}

void
answer_null(struct answer *a, const char *key)
{
	begin(a, key);
	str_add(a->out, "null");
}

void
answer_time(struct answer *a, const char *key, int64_t when_ms)
{
	time_t seconds = (time_t)(when_ms / 1000);
	struct tm tm;
	char text[32];

	if (when_ms <= 0 || when_ms > TIME_MAX_MS || !gmtime_r(&seconds, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm)) {
		answer_null(a, key);
		return;
	}
	begin(a, key);
	str_printf(a->out, "\"%s.%03dZ\"", text, (int)(when_ms % 1000));
}
