/* SPDX-License-Identifier: MIT */
#ifndef CONF_TOPIC_H
#define CONF_TOPIC_H

/*
 * Topic names and filters of MQTT (3.1.1 and 5, section 4.7). Pure.
 *
 * A name is UTF-8 of 1 to 65535 bytes without NUL, cut into levels by "/";
 * empty levels are levels. In a filter "+" stands for one level and "#", at
 * the end, for any number of them, also none. A wildcard at the beginning does
 * not match names that begin with "$".
 */

#include <stdbool.h>
#include <stddef.h>

#define TOPIC_MAX 65535

/* NULL if it is one, else what was expected. Neither may begin with "$share";
 * a name of ours may not begin with "$" at all. */
const char *refuse_topic(const char *text);
const char *refuse_filter(const char *text);

/* True if topic, of len bytes, may have come from a broker. */
bool topic_is_sound(const char *topic, size_t len);

bool topic_matches(const char *filter, const char *topic);

/* True if filter a matches all that filter b matches. */
bool topic_covers(const char *a, const char *b);

/*
 * What the wildcards of filter stand for in topic: the i-th "+", from 1;
 * NULL if there are not so many. The "#" by topic_rest(), "" if none.
 */
const char *topic_wild(const char *filter, const char *topic, unsigned i,
		       size_t *len);
const char *topic_rest(const char *filter, const char *topic);

/* True if text can stand as, or within, one level of a topic. */
bool topic_fits_level(const char *text, size_t len);

#endif
