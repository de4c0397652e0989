/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_STEADY_H
#define BRIDGE_STEADY_H

/*
 * A clock to tell the age of what waits. It looks like UTC and never jumps.
 *
 * While we run it follows the monotonic clock, whatever becomes of the wall
 * clock. How long we did not run only the wall clock can tell, and it may have
 * been set meanwhile: it is believed forwards only, and up to a bound that
 * does no harm (half the age at which a message expires), so that no jump
 * expires a queue in bulk, and none keeps it for ever.
 */

#include <stdint.h>

struct bridge;
struct clock_row;

/* What the steady clock shows at a start at wall time now_ms. Pure. */
int64_t steady_resume(const struct clock_row *then, int64_t now_ms,
		      int64_t most_ms);

/* Now. */
int64_t steady_ms(const struct bridge *bridge);

/* Write down now and then, for the next run, what it shows. */
void steady_keep(struct bridge *bridge);

#endif
