/* SPDX-License-Identifier: MIT */
/* topic.c - topic names and filters; see topic.h. */

#include "conf/topic.h"

#include "conf/valid.h"

#include <string.h>

#define SHARE "$share/"

/* The end of the level that s is in. */
static const char *
level_end(const char *s)
{
	return s + strcspn(s, "/");
}

static bool
is_level(const char *s, char wildcard)
{
	return s[0] == wildcard && (s[1] == '/' || s[1] == '\0');
}

/* ---- what is one ------------------------------------------------------- */

static bool
is_text(const char *text)
{
	return *text && strlen(text) <= TOPIC_MAX && valid_text(text);
}

const char *
refuse_topic(const char *text)
{
	if (!is_text(text) || strpbrk(text, "+#") || *text == '$')
		return "a topic without + and #, that does not begin with $, "
		       "such as \"home/door\"";
	return NULL;
}

const char *
refuse_filter(const char *text)
{
	static const char want[] =
		"a topic filter such as \"home/+/state\" or \"home/#\", in "
		"which + is a whole level and # the last one";
	const char *s = text;

	if (!is_text(text) || strncmp(text, SHARE, strlen(SHARE)) == 0)
		return want;
	for (;;) {
		const char *end = level_end(s);
		bool wild = memchr(s, '+', (size_t)(end - s)) ||
			    memchr(s, '#', (size_t)(end - s));

		if (wild && end - s != 1)
			return want;
		if (*s == '#' && *end)
			return want;
		if (!*end)
			return NULL;
		s = end + 1;
	}
}

bool
topic_is_sound(const char *topic, size_t len)
{
	return len > 0 && len <= TOPIC_MAX && strlen(topic) == len &&
	       !strpbrk(topic, "+#") && valid_utf8(topic);
}

bool
topic_fits_level(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f || strchr("+#/", c))
			return false;
	}
	return len > 0;
}

/* ---- matching ---------------------------------------------------------- */

bool
topic_matches(const char *filter, const char *topic)
{
	if (*topic == '$' && (*filter == '+' || *filter == '#'))
		return false;
	for (;;) {
		if (is_level(filter, '#'))
			return true;

		const char *f = level_end(filter);
		const char *t = level_end(topic);
		bool same = f - filter == t - topic &&
			    memcmp(filter, topic, (size_t)(t - topic)) == 0;

		if (!same && !is_level(filter, '+'))
			return false;
		/* "a/#" matches "a", too. */
		if (!*t)
			return !*f || is_level(f + 1, '#');
		if (!*f)
			return false;
		filter = f + 1;
		topic = t + 1;
	}
}

bool
topic_covers(const char *a, const char *b)
{
	if (*b == '$' && (*a == '+' || *a == '#'))
		return false;
	for (;;) {
		if (is_level(a, '#'))
			return true;
		if (is_level(b, '#'))
			return false;

		const char *x = level_end(a);
		const char *y = level_end(b);
		bool same =
			x - a == y - b && memcmp(a, b, (size_t)(y - b)) == 0;

		if (!same && !is_level(a, '+'))
			return false;
		if (!*y)
			return !*x || is_level(x + 1, '#');
		if (!*x)
			return false;
		a = x + 1;
		b = y + 1;
	}
}

/* ---- parts ------------------------------------------------------------- */

const char *
topic_wild(const char *filter, const char *topic, unsigned i, size_t *len)
{
	for (;;) {
		if (is_level(filter, '#'))
			return NULL;
		if (is_level(filter, '+') && --i == 0) {
			*len = (size_t)(level_end(topic) - topic);
			return topic;
		}
		filter = level_end(filter);
		topic = level_end(topic);
		if (!*filter || !*topic)
			return NULL;
		filter++;
		topic++;
	}
}

const char *
topic_rest(const char *filter, const char *topic)
{
	for (;;) {
		if (is_level(filter, '#'))
			return topic;
		filter = level_end(filter);
		topic = level_end(topic);
		if (!*filter || !*topic)
			return "";
		filter++;
		topic++;
	}
}
