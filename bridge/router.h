/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_ROUTER_H
#define BRIDGE_ROUTER_H

/*
 * Who gets what. Pure.
 *
 * A link is a set of places, each with a direction and a set of event kinds.
 * An event goes from the place where it happened to every other place of the
 * link that takes its kind, if the first gives and the other takes. That is
 * the whole of it: nothing that anybody says decides where it goes, and there
 * is no second way out. A private word never comes here (bridge/direct.c).
 */

#include "bridge/event.h"

#include <stdbool.h>
#include <stddef.h>

struct route_place {
	unsigned direction; /* enum conf_direction */
	unsigned kinds;     /* 1 << enum event_kind */
	bool noise;         /* takes joins and parts as lines */
};

/* True if an event of that kind goes from one place to the other. */
bool route_allows(const struct route_place *from, const struct route_place *to,
		  enum event_kind kind);

/*
 * True if people in one place are shown in the other: whoever can be heard
 * there is there.
 */
bool route_shows_members(const struct route_place *from,
			 const struct route_place *to);

#endif
