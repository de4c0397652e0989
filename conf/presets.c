/* SPDX-License-Identifier: MIT */
/*
 * presets.c - how fast one IRC connection may talk.
 *
 * RFC 1459 section 8.10 lets a client be ten seconds ahead at two seconds a
 * line: five lines at once, then one every two. Most public networks still
 * stand near it, and none of them publishes exact figures, so these are on
 * the slow side of what is known to be borne: a line that waits is better
 * than a connection that is closed with "Excess Flood".
 */

#include "conf/schema.h"

const struct preset presets[] = {
	/* Nothing is known about the server: the RFC's own pace. */
	{ "default", 2000, 5, 2000 },
	/* solanum counts about two seconds a line beyond a first burst. */
	{ "libera", 2000, 5, 2000 },
	/* A hybrid server, near the RFC; they watch connections from one
	 * address closely, so puppets come slower. */
	{ "oftc", 2000, 5, 5000 },
	/* Their advice to bridges is one line in two seconds; one less at
	 * once leaves room for the PONG that must not wait. */
	{ "hackint", 2000, 4, 2000 },
	/* Your own server, which you told not to limit us. */
	{ "own", 0, 100, 0 },
	{ 0 },
};
