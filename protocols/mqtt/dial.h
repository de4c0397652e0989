/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_DIAL_H
#define PROTOCOLS_MQTT_DIAL_H

/*
 * Connects a libmosquitto handle without stopping the loop: the library looks
 * names up and waits for the connection in its own call, and an address in
 * place of the name would break the check of the certificate. So each attempt
 * runs in a thread of its own. While it does, the handle belongs to it; who
 * gives up the attempt gives up the handle with it.
 */

#include <mosquitto.h>

#include <stdbool.h>

struct dial;
struct loop;

struct dial_to {
	const char *host;
	int port;
	int keep_alive_s;
	/* Of the CONNECT, or NULL; taken over. */
	mosquitto_property *properties;
};

/* why: what the attempt failed by, in words; NULL if it did not. */
typedef void dial_fn(void *arg, const char *why);

/*
 * Calls done(arg, why) once, in the loop. Until then log callback and user data
 * of the handle are ours. NULL: no thread could be had, and nothing is called;
 * the handle is still the caller's.
 */
struct dial *dial_start(struct loop *loop, struct mosquitto *m,
			const struct dial_to *to, dial_fn *done, void *arg);

/* After done(): free what is left of it; the handle stays. Accepts NULL. */
void dial_finish(struct dial *dial);

/* Before done(), which is not called then: the handle goes, too. */
void dial_abandon(struct dial *dial);

#endif
