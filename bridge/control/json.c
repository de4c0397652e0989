/* SPDX-License-Identifier: MIT */
/* json.c - a JSON writer. Pure. */

#include "bridge/control/json.h"

#include "bridge/str.h"
#include "bridge/text.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

void
json_init(struct json *j, struct str *out)
{
	*j = (struct json){ .out = out };
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
begin(struct json *j, const char *key)
{
	if (j->depth > 0) {
		bool *more = &j->more[j->depth - 1];

		assert((j->close[j->depth - 1] == '}') == (key != NULL));
		if (*more)
			str_add_char(j->out, ',');
		*more = true;
	}
	if (key) {
		add_string(j->out, key);
		str_add_char(j->out, ':');
	}
}

static void
enter(struct json *j, const char *key, char open, char close)
{
	assert(j->depth < JSON_DEPTH_MAX);
	begin(j, key);
	str_add_char(j->out, open);
	j->close[j->depth] = close;
	j->more[j->depth] = false;
	j->depth++;
}

void
json_object(struct json *j, const char *key)
{
	enter(j, key, '{', '}');
}

void
json_array(struct json *j, const char *key)
{
	enter(j, key, '[', ']');
}

void
json_end(struct json *j)
{
	assert(j->depth > 0);
	str_add_char(j->out, j->close[--j->depth]);
}

void
json_end_all(struct json *j)
{
	while (j->depth > 0)
		json_end(j);
}

void
json_text(struct json *j, const char *key, const char *text)
{
	if (!text) {
		json_null(j, key);
		return;
	}
	begin(j, key);
	add_string(j->out, text);
}

void
json_number(struct json *j, const char *key, int64_t number)
{
	begin(j, key);
	str_printf(j->out, "%" PRId64, number);
}

void
json_bool(struct json *j, const char *key, bool value)
{
	begin(j, key);
	str_add(j->out, value ? "true" : "false");
}

void
json_null(struct json *j, const char *key)
{
	begin(j, key);
	str_add(j->out, "null");
}

void
json_time(struct json *j, const char *key, int64_t when_ms)
{
	time_t seconds = (time_t)(when_ms / 1000);
	struct tm tm;
	char text[32];

	if (when_ms <= 0 || !gmtime_r(&seconds, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm)) {
		json_null(j, key);
		return;
	}
	begin(j, key);
	str_printf(j->out, "\"%s.%03dZ\"", text, (int)(when_ms % 1000));
}
