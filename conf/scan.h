/* SPDX-License-Identifier: MIT */
#ifndef CONF_SCAN_H
#define CONF_SCAN_H

/*
 * A look at the text before libconfig sees it. libconfig's whole verdict on
 * most mistakes is "syntax error"; some it swallows (a comment without end,
 * an integer beyond 32 bits), and one ends the process (an @include of a
 * folder). What passes here is well-formed and safe to hand over.
 */

#include <stdbool.h>
#include <stddef.h>

struct report;

#define SCAN_SIZE_MAX (1024 * 1024) /* bytes of one file */
#define SCAN_DEPTH_MAX 32           /* of brackets in brackets */

/*
 * Check len bytes of text, which came from file. include_dir is where
 * @include finds its files; NULL refuses @include. The first mistake is
 * reported with a picture of its line, and false returned. libconfig is to be
 * given the same text with one LF after it.
 */
bool scan_text(struct report *report, const char *file, const char *text,
	       size_t len, const char *include_dir);

/*
 * Append nothing to report if line does not exist; else an error at that line
 * of text with what, the line, and a mark below its first word.
 */
void scan_report_line(struct report *report, const char *file, const char *text,
		      unsigned line, const char *what);

#endif
