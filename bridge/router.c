/* SPDX-License-Identifier: MIT */
/* router.c - from one place of a link to the others. See router.h. */

#include "bridge/router.h"

#include "conf/conf.h"

static bool
connected(const struct route_place *from, const struct route_place *to)
{
	return from != to && (from->direction & CONF_IN) &&
	       (to->direction & CONF_OUT);
}

bool
route_allows(const struct route_place *from, const struct route_place *to,
	     enum event_kind kind)
{
	return connected(from, to) && (to->kinds & (1u << kind));
}

bool
route_shows_members(const struct route_place *from,
		    const struct route_place *to)
{
	return route_allows(from, to, EVENT_JOIN);
}
