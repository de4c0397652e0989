/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_MEDIA_RANGE_H
#define BRIDGE_MEDIA_RANGE_H

/* A part of a file, as a Range header asks for it (RFC 9110, 14). Pure. */

#include <stdint.h>

struct str;

struct range {
	int64_t start, n;
};

/*
 * What is asked for of a file of size bytes; text NULL: all. Returns 206, 416
 * if there is no such part, or 200 and all of it: also for several parts at
 * once, and for what cannot be understood.
 */
unsigned range_parse(struct range *r, const char *text, int64_t size);

/* Append the value of Content-Range; nothing for 200. */
void range_describe(struct str *out, const struct range *r, unsigned status,
		    int64_t size);

#endif
