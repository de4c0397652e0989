/* SPDX-License-Identifier: MIT */
/* push.c - transactions. See push.h. */

#include "protocols/matrix/push.h"

#include <string.h>

/* ---- by hand ------------------------------------------------------------ */

/* Text that is looked through without being understood. */
struct scan {
	const char *at, *end;
};

static void
skip_blanks(struct scan *s)
{
	while (s->at < s->end && strchr(" \t\r\n", *s->at))
		s->at++;
}

static bool
take(struct scan *s, char c)
{
	skip_blanks(s);
	if (s->at >= s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

/* At a quotation mark; then behind the one that ends it. */
static bool
skip_string(struct scan *s)
{
	for (s->at++; s->at < s->end; s->at++) {
		if (*s->at == '\\')
			s->at++;
		else if (*s->at == '"')
			break;
	}
	if (s->at >= s->end)
		return false;
	s->at++;
	return true;
}

/* Behind the value that begins here. *deepest: how deep it is nested. */
static bool
skip_value(struct scan *s, size_t *deepest)
{
	size_t depth = 0;

	*deepest = 0;
	skip_blanks(s);
	while (s->at < s->end) {
		char c = *s->at;

		if (c == '"') {
			if (!skip_string(s))
				return false;
			if (!depth)
				return true;
			continue;
		}
		if (!depth && (c == ',' || c == '}' || c == ']'))
			return true;
		if (c == '{' || c == '[') {
			if (++depth > *deepest)
				*deepest = depth;
		} else if (c == '}' || c == ']') {
			depth--;
		}
		s->at++;
		if (!depth && (c == '}' || c == ']'))
			return true;
	}
	return !depth;
}

/* ---- values ------------------------------------------------------------- */

json_t *
push_value(const char *text, size_t n)
{
	struct scan s = { text, text + n };
	size_t deepest;

	if (!skip_value(&s, &deepest) || deepest > PUSH_DEPTH_MAX)
		return NULL;
	return json_loadb(text, n,
			  JSON_ALLOW_NUL | JSON_DECODE_ANY |
				  JSON_REJECT_DUPLICATES,
			  NULL);
}

/* Each value of the array that begins here. */
static bool
read_array(struct push *p, struct scan *s, json_t *to)
{
	if (!take(s, '['))
		return false;
	while (!take(s, ']')) {
		size_t deepest;
		const char *begin = s->at;

		if (!skip_value(s, &deepest) || s->at == begin)
			return false;
		json_t *one = push_value(begin, (size_t)(s->at - begin));
		if (one)
			json_array_append_new(to, one);
		else
			p->broken++;
		(void)take(s, ',');
	}
	return true;
}

/* The array that a member of that name is read into, or NULL. */
static json_t *
member(struct push *p, const char *name, size_t n)
{
	static const char old[] = "\"de.sorunome.msc2409.ephemeral\"";

	if (n == strlen("\"events\"") && memcmp(name, "\"events\"", n) == 0)
		return p->events;
	if ((n == strlen("\"ephemeral\"") &&
	     memcmp(name, "\"ephemeral\"", n) == 0) ||
	    (n == strlen(old) && memcmp(name, old, n) == 0))
		return p->ephemeral;
	return NULL;
}

static bool
read_member(struct push *p, struct scan *s)
{
	size_t deepest;

	skip_blanks(s);
	const char *name = s->at;
	if (s->at >= s->end || *s->at != '"' || !skip_string(s))
		return false;
	json_t *to = member(p, name, (size_t)(s->at - name));
	if (!take(s, ':'))
		return false;
	return to ? read_array(p, s, to) : skip_value(s, &deepest);
}

bool
push_parse(struct push *p, const char *body, size_t n)
{
	struct scan s = { body, body + n };
	bool events;

	*p = (struct push){ .events = json_array(), .ephemeral = json_array() };
	if (!take(&s, '{'))
		return false;
	events = memmem(body, n, "\"events\"", 8) != NULL;
	while (!take(&s, '}')) {
		if (!read_member(p, &s))
			return false;
		(void)take(&s, ',');
	}
	skip_blanks(&s);
	return events && s.at == s.end;
}

void
push_finish(struct push *p)
{
	json_decref(p->events);
	json_decref(p->ephemeral);
	*p = (struct push){ 0 };
}
