/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_BACKOFF_H
#define BRIDGE_BACKOFF_H

/*
 * How long to wait before trying again. Pure.
 *
 * Whose fault it was decides: what was lost is tried again soon, what was
 * refused rarely, because a server that said no must not be hammered into
 * saying it louder. Everything is spread by plus or minus half, so that what
 * broke together does not come back together.
 */

#include "bridge/protocol.h"

#include <stdint.h>

/*
 * Milliseconds to wait after failures consecutive failures (1 is the first),
 * the last of which was why. random: any 64 bits.
 */
int64_t backoff_ms(enum down_reason why, unsigned failures, uint64_t random);

#endif
