/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_CONTROL_JSON_H
#define BRIDGE_CONTROL_JSON_H

/*
 * Writes JSON (RFC 8259), on one line, at the end of a struct str.
 *
 *     struct json j;
 *     json_init(&j, &out);
 *     json_object(&j, NULL);
 *     json_text(&j, "name", "libera");
 *     json_array(&j, "waiting");
 *     json_number(&j, NULL, 7);
 *     json_end(&j);
 *     json_end(&j);
 *
 * gives {"name":"libera","waiting":[7]}. Inside an object every value has a
 * key, elsewhere none has. Whatever a text holds, the result is valid UTF-8 on
 * one line, and shows nothing on a terminal that is not to be seen: a bad byte
 * becomes U+FFFD, control and format characters are escaped.
 *
 * If the string's ceiling is hit the result is of no use; the caller asks
 * str_overflowed().
 */

#include <stdbool.h>
#include <stdint.h>

struct str;

#define JSON_DEPTH_MAX 16

struct json {
	/* private */
	struct str *out;
	unsigned depth;
	char close[JSON_DEPTH_MAX]; /* what ends each open one */
	bool more[JSON_DEPTH_MAX];  /* it has something in it */
};

/* out stays the caller's; something may stand in it. */
void json_init(struct json *j, struct str *out);

/* Open one; at most JSON_DEPTH_MAX deep. */
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);

/* Close the innermost one. */
void json_end(struct json *j);

/* Close all. */
void json_end_all(struct json *j);

/* NULL is written as null. */
void json_text(struct json *j, const char *key, const char *text);
void json_number(struct json *j, const char *key, int64_t number);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);

/*
 * A moment in UTC, "2026-01-31T12:00:00.123Z", from milliseconds since 1970;
 * null for 0, which stands for unknown.
 */
void json_time(struct json *j, const char *key, int64_t when_ms);

#endif
