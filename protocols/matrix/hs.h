/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MATRIX_HS_H
#define PROTOCOLS_MATRIX_HS_H

/*
 * Calls to the homeserver (client-server API), by libcurl in our loop.
 *
 * A call ends once, with an answer or without one; a cancelled call does not
 * end. When the homeserver asks for time (429) or is behind a proxy that has
 * lost it (502, 503, 504) the call waits and is made again, a bounded number
 * of times: every call here may be made twice without harm. Whoever needs an
 * order waits for the end of one call before the next.
 */

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>

struct conf_matrix;
struct hs;
struct loop;

struct hs_answer {
	long status;         /* 0: there was none; why says what happened */
	const json_t *json;  /* the body; {} if there is none */
	const char *errcode; /* "M_..." or "" */
	const char *why;     /* in words, if it is no success */
};

typedef void hs_fn(void *arg, const struct hs_answer *answer);

/* What to call. Paths are escaped already, and begin with "/". */
struct hs_call {
	const char *method;
	const char *path;
	json_t *body; /* taken; NULL: none */
	hs_fn *fn;
	void *arg;
};

/* name: of the log's lines. Both are borrowed. */
struct hs *hs_new(struct loop *loop, const struct conf_matrix *conf,
		  const char *name);

/* Accepts NULL. Cancels all. */
void hs_free(struct hs *hs);

void hs_call(struct hs *hs, const struct hs_call *call);

/* Forget every call with that arg; NULL: all. */
void hs_cancel(struct hs *hs, const void *arg);

/* True if the status is of the kind 200. */
bool hs_good(const struct hs_answer *answer);

#endif
