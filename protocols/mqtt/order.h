/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_ORDER_H
#define PROTOCOLS_MQTT_ORDER_H

/*
 * From a typed line to a topic and what is published there. Pure. What
 * somebody typed stands in a topic only as the parameters of the pattern say,
 * and never adds a level to it: see order_topic().
 */

#include "conf/rules.h"

#include <stdbool.h>
#include <stddef.h>

struct str;

#define PARAM_BYTES 100
#define REST_BYTES 1000

/* Borrowed from the line, or from the pattern. */
struct order_args {
	unsigned n;
	struct {
		const char *text;
		size_t len;
	} at[PARAMS_MAX];
};

enum order_match {
	ORDER_NO,    /* somebody says something else */
	ORDER_YES,   /* args are filled */
	ORDER_WRONG, /* meant, but not as it must be: why says how */
};

enum order_match order_read(const struct conf_pattern *pattern,
			    const char *line, struct order_args *args,
			    struct str *why);

/*
 * Of a line that is not said to us: a command that begins like a sentence is
 * meant only if it is right.
 */
enum order_match order_overhear(const struct conf_pattern *pattern,
				const char *line, struct order_args *args,
				struct str *why);

/* Append the topic. False if it would not be one, and nothing is to be done. */
bool order_topic(struct str *out, const struct conf_say *topic,
		 const struct order_args *args);

/* Append what is to be sent, or to be there when it is done. */
void order_text(struct str *out, const struct conf_say *say,
		const struct conf_rule *rule, const struct order_args *args);

#endif
