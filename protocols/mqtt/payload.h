/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_PAYLOAD_H
#define PROTOCOLS_MQTT_PAYLOAD_H

/*
 * What a payload is, and what stands in it. Pure. The bytes come from
 * strangers: sizes and depths have ceilings, and what is not text is never
 * shown as such.
 */

#include "bridge/str.h"
#include "conf/rules.h"

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>

#define PAYLOAD_MAX (64 * 1024) /* what is larger is only counted */
#define PAYLOAD_DEPTH_MAX 32
#define READING_MAX 200 /* bytes of one value in a line */

enum payload_kind {
	PAYLOAD_TEXT, /* also a number, and nothing at all */
	PAYLOAD_JSON, /* an object or an array */
	PAYLOAD_BINARY,
	PAYLOAD_LARGE,
	PAYLOAD_WRONG, /* not what the rule says that it is */
};

struct payload {
	enum payload_kind kind;
	const char *bytes; /* borrowed */
	size_t len;
	json_t *json; /* PAYLOAD_JSON */
};

/* bytes must outlive the payload. */
void payload_read(struct payload *p, const void *bytes, size_t len,
		  enum conf_payload as);

/*
 * What MQTT 5 says of it: content_type may be NULL; says_text: its payload
 * format is UTF-8. What is announced as a picture is none to be read, though
 * its bytes may be.
 */
void payload_heed(struct payload *p, const char *content_type, bool says_text);

/* Accepts what was only zeroed. */
void payload_finish(struct payload *p);

/* One value, as text and, if it is one, as a number. */
struct reading {
	bool found;
	bool is_number;
	double number;
	struct str text;
};

void reading_init(struct reading *r);
void reading_finish(struct reading *r);

/* What is at path; with no steps the payload itself. Replaces what was in r.
 */
void payload_get(const struct payload *p, const struct conf_path *path,
		 struct reading *r);

/* A decimal number and nothing else, spaces at the ends aside. */
bool number_parse(const char *text, size_t len, double *number);

bool condition_holds(const struct conf_condition *condition,
		     const struct payload *p, const struct reading *value);

#endif
