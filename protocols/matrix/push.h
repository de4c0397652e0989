/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MATRIX_PUSH_H
#define PROTOCOLS_MATRIX_PUSH_H

/*
 * What a homeserver pushes: the body of a transaction. Pure.
 *
 * A homeserver sends the same transaction until it is taken, so one event that
 * cannot be read must not keep all others away: if the whole is not JSON as we
 * read it (a lone surrogate, a number without end, nesting without end), each
 * event is read by itself, and those that are broken are counted.
 */

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>

#define PUSH_DEPTH_MAX 128
#define PUSH_BYTES_MAX (10 * 1024 * 1024)

struct push {
	json_t *events, *ephemeral; /* arrays, never NULL */
	unsigned broken;            /* events that could not be read */
};

/* False if body is no transaction at all; finish in both cases. */
bool push_parse(struct push *p, const char *body, size_t n);
void push_finish(struct push *p);

/* A JSON value that is not nested too deeply; NULL if there is none. */
json_t *push_value(const char *text, size_t n);

#endif
