/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_CONTROL_ANSWER_H
#define BRIDGE_CONTROL_ANSWER_H

/*
 * Writes JSON (RFC 8259), on one line, at the end of a struct str.
 *
 *     struct answer a;
 *     answer_init(&a, &out);
 *     answer_object(&a, NULL);
 *     answer_text(&a, "name", "libera");
 *     answer_array(&a, "waiting");
 *     answer_number(&a, NULL, 7);
 *     answer_end(&a);
 *     answer_end(&a);
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

#define ANSWER_DEPTH_MAX 16

struct answer {
	/* private */
	struct str *out;
	unsigned depth;
	char close[ANSWER_DEPTH_MAX]; /* what ends each open one */
	bool more[ANSWER_DEPTH_MAX];  /* it has something in it */
};

/* out stays the caller's; something may stand in it. */
void answer_init(struct answer *a, struct str *out);

/* Open one; at most ANSWER_DEPTH_MAX deep. */
void answer_object(struct answer *a, const char *key);
void answer_array(struct answer *a, const char *key);

/* Close the innermost one. */
void answer_end(struct answer *a);

/* Close all. */
void answer_end_all(struct answer *a);

/* NULL is written as null. */
void answer_text(struct answer *a, const char *key, const char *text);
void answer_number(struct answer *a, const char *key, int64_t number);
void answer_bool(struct answer *a, const char *key, bool value);
void answer_null(struct answer *a, const char *key);

/*
 * A moment in UTC, "2026-01-31T12:00:00.123Z", from milliseconds since 1970;
 * null for 0, which stands for unknown.
 */
void answer_time(struct answer *a, const char *key, int64_t when_ms);

#endif
