/* SPDX-License-Identifier: MIT */
#ifndef CONF_REPORT_H
#define CONF_REPORT_H

/*
 * What is wrong with a file, collected while it is read, handed out at the
 * end in the order of its lines.
 */

#include "conf/conf.h"

#include <stdbool.h>
#include <stddef.h>

struct str;
struct report;

/* main_file: its messages come before those of included files. Borrowed. */
struct report *report_new(const char *main_file);

/* Accepts NULL. */
void report_free(struct report *r);

/* One mistake. The text may hold LF: a picture of the line below it. */
void report_error(struct report *r, struct conf_where where, const char *fmt,
		  ...) __attribute__((format(printf, 3, 4)));

/* Not wrong, but somebody should look at it. */
void report_warning(struct report *r, struct conf_where where, const char *fmt,
		    ...) __attribute__((format(printf, 3, 4)));

/* How many mistakes so far; warnings do not count. */
size_t report_errors(const struct report *r);

/*
 * Append "file:line: text" for each, sorted, at most a hundred and then one
 * line that says how many more. A line number of 0 is left out.
 */
void report_write(struct report *r, struct str *out);

#endif
