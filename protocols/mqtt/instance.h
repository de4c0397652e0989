/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_INSTANCE_H
#define PROTOCOLS_MQTT_INSTANCE_H

/*
 * The fence against a second bridge of the same client_id. A broker lets the
 * one who comes throw out the one who is there, so two of them throw each
 * other out for ever, and each gets half of the messages. MQTT 5 has a reason
 * code for that, which not every broker sends; 3.1.1 has nothing.
 *
 * So BASE/CLIENT_ID/instance, retained, says who has the name: a random number
 * of the process, and how often it has said so. Who was connected, and finds
 * somebody else there when it comes back, was thrown out by them: it gives
 * way, for long. When it tries again, and that one has said nothing meanwhile,
 * the name is free.
 */

#include "bridge/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct incoming;
struct mqtt;

struct instance {
	char *topic;
	char id[17];   /* ours */
	bool was_here; /* we have said so in this run */
	bool returns;  /* on this connection: we were here before it */
	bool looked;   /* on this connection, at what was retained */
	char *other;   /* what another one said when we gave way; or NULL */
	uint64_t beats;
	struct timer beat;
};

void instance_make(struct mqtt *q);
void instance_free(struct mqtt *q);
void instance_open(struct mqtt *q);
void instance_lost(struct mqtt *q);

/* True if that is what it was. */
bool instance_take(struct mqtt *q, const struct incoming *t);

#endif
