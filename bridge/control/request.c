/* SPDX-License-Identifier: MIT */
/* request.c - a line of words, read and written. Pure. */

#include "bridge/control/request.h"

#include "bridge/str.h"
#include "bridge/text.h"

#include <stdbool.h>
#include <string.h>

/* Where the parser is, and where the next byte of a word goes. */
struct scan {
	const char *in, *end;
	char *out;
};

static bool
has_control(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			return true;
	return false;
}

static void
skip_spaces(struct scan *s)
{
	while (s->in < s->end && *s->in == ' ')
		s->in++;
}

static const char *
plain_word(struct scan *s)
{
	while (s->in < s->end && *s->in != ' ') {
		if (*s->in == '"')
			return "a quotation mark in the middle of a word";
		*s->out++ = *s->in++;
	}
	return NULL;
}

static const char *
quoted_word(struct scan *s)
{
	s->in++;
	while (s->in < s->end && *s->in != '"') {
		if (*s->in == '\\') {
			s->in++;
			if (s->in == s->end || !strchr("\"\\", *s->in))
				return "after a backslash in quotes comes "
				       "\" or \\";
		}
		*s->out++ = *s->in++;
	}
	if (s->in == s->end)
		return "a quotation that does not end";
	s->in++;
	if (s->in < s->end && *s->in != ' ')
		return "a quotation that ends in the middle of a word";
	return NULL;
}

const char *
request_parse(struct request *r, const char *line, size_t len)
{
	struct scan s = { line, line + len, r->text };

	r->n = 0;
	if (len > REQUEST_MAX)
		return "the line is too long";
	if (has_control(line, len))
		return "a control character";
	if (!utf8_valid(line, len))
		return "not UTF-8";
	for (skip_spaces(&s); s.in < s.end; skip_spaces(&s)) {
		const char *wrong;

		if (r->n == REQUEST_WORDS)
			return "too many words";
		r->words[r->n++] = s.out;
		wrong = *s.in == '"' ? quoted_word(&s) : plain_word(&s);
		if (wrong)
			return wrong;
		*s.out++ = '\0';
	}
	return NULL;
}

void
request_add_word(struct str *out, const char *word)
{
	if (*word && !strpbrk(word, " \"")) {
		str_add(out, word);
		return;
	}
	str_add_char(out, '"');
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			str_add_char(out, '\\');
		str_add_char(out, *word);
	}
	str_add_char(out, '"');
}
