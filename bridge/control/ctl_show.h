/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_CONTROL_CTL_SHOW_H
#define BRIDGE_CONTROL_CTL_SHOW_H

/*
 * Answers of the bridge as people read them. What comes from strangers can
 * move no cursor: control and format characters are shown as U+FFFD.
 */

#include <jansson.h>

struct str;

/*
 * The good answer to verb, appended as text; as indented JSON if this program
 * is older than the verb.
 */
void ctl_show(const char *verb, const json_t *answer, struct str *out);

/* One text, made harmless. */
void ctl_show_text(struct str *out, const char *text);

#endif
