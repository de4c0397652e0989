/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_MEMO_H
#define PROTOCOLS_MQTT_MEMO_H

/*
 * What is known of a topic, as a text that outlives the process (see "Memos"
 * in bridge/protocol.h): JSON, with the names of struct policy. Pure.
 *
 * In memory times are by the loop's clock, which begins anew with the process;
 * here they are UTC. What lies ahead, because somebody has set the clock back
 * meanwhile, counts as now.
 */

#include "bridge/str.h"
#include "protocols/mqtt/policy.h"

#include <stdbool.h>
#include <stdint.h>

/* One moment by both clocks. */
struct moment {
	int64_t now_ms, wall_ms;
};

/* Of a topic; strings are borrowed by memo_write(), the caller's to free after
 * memo_read(), and NULL where there are none. */
struct recall {
	struct policy policy;
	char *line; /* kept, or of the alarm that is on */
	char *name; /* who would say it */
	char *first;
};

void memo_write(struct str *out, const struct recall *r,
		const struct moment *at);

/* False, and nothing is to be freed, if it is none of ours. */
bool memo_read(const char *text, struct recall *r, const struct moment *at);

/* How many lines of a rule were not shown, and the last of them. */
void memo_write_skipped(struct str *out, uint64_t n, const char *last);
bool memo_read_skipped(const char *text, uint64_t *n, char **last);

#endif
