/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_LINE_H
#define PROTOCOLS_MQTT_LINE_H

/*
 * From a message to a line, by a template. Pure. What comes from a device is
 * data: it can neither break the line nor fill it.
 */

#include "conf/rules.h"
#include "protocols/mqtt/payload.h"

#include <stdint.h>

struct str;

#define LINE_MAX_BYTES 4000

/* What a template is filled from. */
struct source {
	const struct conf_rule *rule; /* a watch */
	const char *filter, *topic;
	const struct payload *payload;
	const struct reading *value; /* what {value} is, not mapped yet */
	const char *content_type;    /* or NULL; shown of what is binary */
	int64_t wall_ms;
};

void line_render(struct str *out, const struct conf_say *say,
		 const struct source *source);

/* The word for a value, or the value itself. */
const char *map_value(const struct conf_pair *map, size_t n, const char *value);

/* Append text as part of a line; what is longer than max bytes is cut. */
void line_add_data(struct str *out, const char *text, size_t len, size_t max);

/* Anything as one level of a topic: % and two digits for what cannot be. */
void level_encode(struct str *out, const char *text);

#endif
