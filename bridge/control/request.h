/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_CONTROL_REQUEST_H
#define BRIDGE_CONTROL_REQUEST_H

/*
 * What an operator asks for: one line of words with spaces between them, the
 * first of which is the verb. A word in double quotes may hold spaces; in it
 * \" is a quotation mark and \\ a backslash. Outside quotes a backslash is
 * nothing special. A line is valid UTF-8 and holds no control character.
 *
 *     queue libera/#dev
 *     trace "an id with spaces"
 *
 * Pure.
 */

#include <stddef.h>

struct str;

#define REQUEST_MAX 4096 /* bytes of a line, without its LF */
#define REQUEST_WORDS 8

struct request {
	const char *words[REQUEST_WORDS]; /* point into text */
	size_t n;
	/* private */
	char text[REQUEST_MAX + 1];
};

/* NULL, or what is wrong with the line. An empty line has no words. */
const char *request_parse(struct request *r, const char *line, size_t len);

/* Append a word as request_parse() reads it, in quotes if need be. */
void request_add_word(struct str *out, const char *word);

#endif
