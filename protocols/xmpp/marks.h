/* SPDX-License-Identifier: MIT */
/*
 * marks.h - reactions (XEP-0444).
 *
 * A message brings the whole set of what its author has put on another one;
 * an event is one mark that was put there or taken away. Between the two
 * stands what was known of the set before: remembered, or else on disk.
 */
#pragma once

#include "bridge/protocol.h"

#include <strophe.h>

/* Sets that are remembered: NULL is none. */
struct marks;

void marks_clear(struct marks **all);

/*
 * What the person has put on the message target when ev, a reaction to it, is
 * done: a line for each. who: any key of the person. Valid until the next call.
 */
const char *marks_with(struct marks **all, struct network *net, const char *who,
		       const char *target, const struct event *ev);

struct marks_reader {
	struct network *net;
	/* A new event of kind EVENT_REACTION by whoever wrote the message. */
	struct event *(*make)(void *arg);
	/* The id by which the bridge knows target; ev keeps it. Or NULL. */
	const char *(*resolve)(void *arg, struct event *ev, const char *target);
	void (*raise)(void *arg, struct event *ev); /* takes ev */
	void *arg;
};

/*
 * Reads the message st: raises what is in its set and was not, and, with
 * EVENT_REMOVED, what was in it and is not. False if it has no set.
 */
bool marks_read(struct marks **all, const struct marks_reader *r,
		xmpp_stanza_t *st);
