/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_ECHO_H
#define PROTOCOLS_MQTT_ECHO_H

/*
 * What MQTT 5 calls no-local, for 3.1.1: what we publish under a topic that we
 * listen to comes back, and is no news. Each message comes back as often as
 * there are subscriptions for it, but at least once, and after what came
 * before: so one is taken for an echo as often as it may come. Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ECHOES_MAX 256 /* that are awaited; the oldest is given up */

struct echoes {
	struct {
		uint64_t hash; /* of topic and payload */
		unsigned left;
	} all[ECHOES_MAX];
	size_t next;
};

/* We have published it, for that many of our subscriptions. */
void echo_expect(struct echoes *e, const char *topic, const void *payload,
		 size_t len, unsigned times);

/* True if it is one that comes back. */
bool echo_take(struct echoes *e, const char *topic, const void *payload,
	       size_t len);

#endif
