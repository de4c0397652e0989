/* SPDX-License-Identifier: MIT */
#ifndef CONF_SAY_H
#define CONF_SAY_H

/*
 * The small languages of rules: templates, conditions, patterns. Pure but for
 * memory, which is the pool's. Each function returns 0, or a negative number
 * and in err what is wrong, to stand behind the name of the option.
 */

#include "conf/rules.h"

#include <stdbool.h>

struct error;
struct pool;

/* What a template may refer to. */
enum say_use {
	SAY_WATCH,       /* topic, payload, time, name */
	SAY_ORDER,       /* the parameters of a command, and the rule's name */
	SAY_ORDER_TOPIC, /* likewise, and the whole must be a topic */
};

/*
 * Parse a template. n_numbers: how many of {1}, {2}... there are. A "{{" is a
 * "{" that is meant as such.
 */
int say_parse(struct pool *pool, const char *text, enum say_use use,
	      unsigned n_numbers, struct conf_say *say, struct error *err);

/* "a.b[0].c" or, as in RFC 6901, "/a/b/0/c". */
int path_parse(struct pool *pool, const char *text, struct conf_path *path,
	       struct error *err);

/* "value > 30 and mode = \"auto\"" */
int condition_parse(struct pool *pool, const char *text,
		    struct conf_condition *condition, struct error *err);

/* "window {1} {open|closed}" */
int pattern_parse(struct pool *pool, const char *text,
		  struct conf_pattern *pattern, struct error *err);

/* A topic may be made of parameters that are one word each. */
bool pattern_fits_topic(const struct conf_pattern *pattern,
			const struct conf_say *topic);

#endif
