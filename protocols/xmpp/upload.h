/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_UPLOAD_H
#define PROTOCOLS_XMPP_UPLOAD_H

/*
 * Files for which the bridge has a link, put at the upload service of an XMPP
 * server instead (XEP-0363), where the operator prefers that: then people
 * fetch them from there. What cannot be put there keeps its link.
 */

#include "bridge/event.h"

#include <stdbool.h>

struct xmpp;

/* True while files of ev are on their way: it cannot be said yet. */
bool upload_holds(struct xmpp *x, const struct event *ev);

/* The link to show instead of url; url itself, if there is no other. */
const char *upload_link(void *x, const char *url);

/* Forget everything. */
void uploads_drop(struct xmpp *x);

#endif
