/* SPDX-License-Identifier: MIT */
#ifndef TESTS_POWER_SCRIPT_H
#define TESTS_POWER_SCRIPT_H

/*
 * What workload.c writes and replay.c expects: everything about an event
 * follows from its number.
 */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SCRIPT_TEXT_MAX 900
#define SCRIPT_CHANNELS 3 /* said in the first, delivered to the others */

/* 20 to 800 bytes. */
static inline void
script_text(int64_t event, char text[SCRIPT_TEXT_MAX])
{
	size_t n = 20 + (size_t)(event * 7919 % 781);

	snprintf(text, SCRIPT_TEXT_MAX, "%lld ", (long long)event);
	for (size_t i = strlen(text); i < n; i++)
		text[i] = (char)('a' + (event + (int64_t)i) % 26);
	text[n] = '\0';
}

static inline int
script_deliveries(int64_t event)
{
	return 1 + (int)(event % 2);
}

static inline void
script_id(int64_t event, int64_t channel, char id[48])
{
	snprintf(id, 48, "%lld-in-%lld", (long long)event, (long long)channel);
}

#endif
