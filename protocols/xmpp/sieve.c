/* SPDX-License-Identifier: MIT */
/* sieve.c - where stanzas begin and end. See sieve.h. */

#include "protocols/xmpp/sieve.h"

#include <string.h>

enum state {
	IN_TEXT,
	IN_OPEN, /* after "<" */
	IN_TAG,
	IN_VALUE, /* of an attribute */
	IN_END_TAG,
	IN_BANG, /* after "<!" */
	IN_INSTRUCTION,
	IN_COMMENT,
	IN_CDATA,
	LOST, /* in something that it does not know; all is passed */
};

void
sieve_init(struct sieve *s)
{
	*s = (struct sieve){ .state = IN_TEXT };
	str_init(&s->tag, SIEVE_TAG_MAX);
	str_init(&s->copy, SIEVE_TAG_MAX);
}

void
sieve_finish(struct sieve *s)
{
	str_finish(&s->tag);
	str_finish(&s->copy);
}

/* ---- walking ------------------------------------------------------------- */

/* Past the next c, which then leads to that state; or to the end. */
static const char *
past(struct sieve *s, char c, enum state then, const char *p, const char *end)
{
	const char *found = memchr(p, c, (size_t)(end - p));

	if (!found)
		return end;
	s->state = then;
	return found + 1;
}

static void
opened(struct sieve *s, char c)
{
	s->last = '\0';
	s->run = 0;
	switch (c) {
	case '/':
		s->state = IN_END_TAG;
		break;
	case '!':
		s->state = IN_BANG;
		break;
	case '?':
		s->state = IN_INSTRUCTION;
		break;
	default:
		s->state = IN_TAG;
	}
}

/* "<!--" and "<![CDATA["; a document type is for the parser to refuse. */
static void
banged(struct sieve *s, char c)
{
	if (c == '[')
		s->state = IN_CDATA;
	else if (c == '-' && s->last == '-')
		s->state = IN_COMMENT;
	else if (c != '-')
		s->state = LOST;
	s->last = c;
}

static const char *
in_tag(struct sieve *s, const char *p, const char *end)
{
	char last = s->last;

	for (; p < end; last = *p++) {
		if (*p == '"' || *p == '\'') {
			s->quote = s->last = *p;
			s->state = IN_VALUE;
			return p + 1;
		}
		if (*p == '>') {
			s->depth += last != '/';
			s->state = IN_TEXT;
			return p + 1;
		}
	}
	s->last = last;
	return p;
}

static const char *
in_end_tag(struct sieve *s, const char *p, const char *end)
{
	p = past(s, '>', IN_TEXT, p, end);
	if (s->state == IN_TEXT && s->depth == 0)
		s->state = LOST;
	else if (s->state == IN_TEXT)
		s->depth--;
	return p;
}

static const char *
in_instruction(struct sieve *s, const char *p, const char *end)
{
	for (; p < end; s->last = *p++) {
		if (*p == '>' && s->last == '?') {
			s->state = IN_TEXT;
			return p + 1;
		}
	}
	return p;
}

/* Until two of those and ">". */
static const char *
in_section(struct sieve *s, char twice, const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p == '>' && s->run >= 2) {
			s->state = IN_TEXT;
			return p + 1;
		}
		s->run = *p == twice ? s->run + 1 : 0;
	}
	return p;
}

/* Past what is of one kind; p < end. */
static const char *
advance(struct sieve *s, const char *p, const char *end)
{
	switch ((enum state)s->state) {
	case IN_TEXT:
		return past(s, '<', IN_OPEN, p, end);
	case IN_OPEN:
		opened(s, *p);
		/* What is in a tag is looked at from its first byte on. */
		return s->state == IN_TAG ? p : p + 1;
	case IN_TAG:
		return in_tag(s, p, end);
	case IN_VALUE:
		return past(s, s->quote, IN_TAG, p, end);
	case IN_END_TAG:
		return in_end_tag(s, p, end);
	case IN_BANG:
		banged(s, *p);
		return p + 1;
	case IN_INSTRUCTION:
		return in_instruction(s, p, end);
	case IN_COMMENT:
		return in_section(s, '-', p, end);
	case IN_CDATA:
		return in_section(s, ']', p, end);
	case LOST:
		break;
	}
	return end;
}

/* ---- first tags ---------------------------------------------------------- */

static bool
may_be_first_tag(const struct sieve *s)
{
	return s->state == IN_OPEN || s->state == IN_TAG ||
	       s->state == IN_VALUE;
}

static enum sieve_fate
hold(struct sieve *s, const char *bytes, size_t len, size_t *n)
{
	size_t room = SIEVE_TAG_MAX - s->tag.len;
	const char *p = bytes;
	const char *end = bytes + (len < room ? len : room);

	do
		p = advance(s, p, end);
	while (p < end && may_be_first_tag(s));
	*n = (size_t)(p - bytes);
	str_add_n(&s->tag, bytes, *n);
	s->holding = may_be_first_tag(s) && s->tag.len < SIEVE_TAG_MAX;
	return s->holding ? SIEVE_DROP : SIEVE_TAG;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next key and value of the copy; both get their NUL. NULL: no more. */
static char *
next_attribute(char *p, const char **pair)
{
	char *equals;
	char *close;

	while (is_space(*p))
		p++;
	equals = p + strcspn(p, "= \t\r\n/>");
	if (*equals != '=' || (equals[1] != '"' && equals[1] != '\''))
		return NULL;
	close = strchr(equals + 2, equals[1]);
	if (!close)
		return NULL;
	*equals = *close = '\0';
	pair[0] = p;
	pair[1] = equals + 2;
	return close + 1;
}

const char *
sieve_read_tag(struct sieve *s, const char **attributes)
{
	size_t n = 0;
	char *name;
	char *p;

	str_clear(&s->copy);
	str_add_n(&s->copy, s->tag.data, s->tag.len);
	name = s->copy.data + 1;
	p = name + strcspn(name, ": \t\r\n/>");
	if (s->state != IN_TEXT || !is_space(*p) ||
	    memchr(s->tag.data, '&', s->tag.len))
		return NULL;
	*p++ = '\0';
	while (n < SIEVE_ATTRIBUTES_MAX) {
		char *next = next_attribute(p, attributes + 2 * n);

		if (!next)
			break;
		p = next;
		n++;
	}
	attributes[2 * n] = NULL;
	while (is_space(*p))
		p++;
	return *p == '/' || *p == '>' ? name : NULL;
}

void
sieve_skip(struct sieve *s)
{
	s->skipping = s->depth > 1;
}

/* ---- all of it ----------------------------------------------------------- */

static bool
is_between_stanzas(const struct sieve *s)
{
	return s->state == IN_TEXT && s->depth == 1;
}

static enum sieve_fate
skip(struct sieve *s, const char *bytes, size_t len, size_t *n)
{
	const char *p = bytes;
	const char *end = bytes + len;

	do
		p = advance(s, p, end);
	while (p < end && !is_between_stanzas(s));
	s->skipping = !is_between_stanzas(s);
	*n = (size_t)(p - bytes);
	return SIEVE_DROP;
}

/* Up to where a stanza begins. */
static enum sieve_fate
pass(struct sieve *s, bool asking, const char *bytes, size_t len, size_t *n)
{
	const char *p = bytes;
	const char *end = bytes + len;

	while (p < end && !(asking && is_between_stanzas(s)))
		p = advance(s, p, end);
	if (p < end) {
		p = memchr(p, '<', (size_t)(end - p));
		p = p ? p : end;
	}
	*n = (size_t)(p - bytes);
	return SIEVE_PASS;
}

enum sieve_fate
sieve_next(struct sieve *s, bool asking, const char *bytes, size_t len,
	   size_t *n)
{
	if (s->skipping)
		return skip(s, bytes, len, n);
	if (asking && !s->holding && is_between_stanzas(s) && *bytes == '<') {
		s->holding = true;
		str_clear(&s->tag);
	}
	return s->holding ? hold(s, bytes, len, n)
			  : pass(s, asking, bytes, len, n);
}
