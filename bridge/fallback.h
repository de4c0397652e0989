/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_FALLBACK_H
#define BRIDGE_FALLBACK_H

/*
 * An event, cut down to what a channel can show. Pure.
 *
 * All networks degrade here and nowhere else, and so in the same words
 * (SEMANTICS 2.6-2.11, 9): what has no puppet is spoken for with a prefix,
 * what cannot be edited is said again, what cannot be threaded names its
 * addressee. An adapter never meets an event that its channel cannot show.
 */

#include "bridge/event.h"

#include <stdbool.h>
#include <stdint.h>

/* What the rendering must know besides the event. */
struct fallback {
	unsigned caps;  /* enum capability of the channel */
	bool relayed;   /* nobody speaks: the text must name the speaker */
	bool late;      /* it waited for long; also EVENT_LATE says so */
	int64_t now_ms; /* UTC, for what is late; 0: not known */
	bool has_target, has_parent; /* known there under an id of its own */
	bool own; /* target was said by the one who refers to it */
	/* the message that target or parent names, as far as known */
	const char *other_name; /* NULL if not known */
	const char *other_text;
	int64_t other_when_ms;
};

/*
 * The event to show: the same one with a reference more if it can be shown as
 * it is, a new one if it had to be changed, NULL if there is nothing to show
 * (such as a reaction where there are none). One reference, the caller's.
 */
struct event *fallback_render(struct event *ev, const struct fallback *how);

#endif
