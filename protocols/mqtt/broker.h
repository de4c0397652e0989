/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_BROKER_H
#define PROTOCOLS_MQTT_BROKER_H

/*
 * One connection to one broker: libmosquitto in our loop.
 *
 * What the library would acknowledge by itself, before we have it on disk, it
 * does not: it is told that there are threads, so it only queues what it has
 * to say, and it says that when we call mosquitto_loop_write(). The rule:
 *
 *     read some packets; what must be kept is held (broker_hold());
 *     while anything is held, neither read nor write;
 *     when all of it was released (broker_release()), write, and read on.
 *
 * So an acknowledgement leaves only when everything that was read before it
 * is committed, and one commit does for all that was read at once. If we die
 * before, the broker has it still. That holds for QoS 1, which is what we
 * subscribe with; with QoS 2 the library has the message in its memory only.
 *
 * Every connection has a handle of its own. What is under way when it breaks
 * is forgotten here, and done again by whoever remembers it.
 */

#include "bridge/protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct broker;
struct conf_mqtt;

#define TAKEN_IDS_MAX 8

/* A message that came; everything is borrowed. */
struct incoming {
	const char *topic;
	const void *payload;
	size_t len;
	int qos;
	bool retained;  /* it was kept by the broker, and is no news */
	bool says_text; /* MQTT 5: the payload format is UTF-8 */
	/* MQTT 5; NULL if there is none */
	const char *content_type;
	const char *correlation;
	const char *id, *origin;     /* user properties of these names */
	uint32_t ids[TAKEN_IDS_MAX]; /* of subscriptions */
	size_t n_ids;
};

/* A message to publish; everything is borrowed. */
struct outgoing {
	const char *topic;
	const void *payload;
	size_t len;
	int qos;
	bool retain;
	/* MQTT 5; left out with 3.1.1. NULL, 0: none */
	uint32_t expiry_s;
	const char *content_type;
	const char *response, *correlation;
	const char *id, *origin; /* user properties */
	const struct conf_pair *properties;
	size_t n_properties;
};

struct broker_ops {
	void (*up)(void *arg);
	/* Not called if broker_stop() was answered before. */
	void (*down)(void *arg, enum down_reason why, const char *text);
	void (*message)(void *arg, const struct incoming *t);
	/* reason NULL: the broker has it. nobody: nobody wanted it. */
	void (*published)(void *arg, int mid, const char *reason, bool nobody);
	void (*subscribed)(void *arg, int mid, const char *reason);
};

struct broker *broker_new(struct loop *loop, const struct conf_mqtt *conf,
			  const char *label, const struct broker_ops *ops,
			  void *arg);
void broker_free(struct broker *b);

void broker_start(struct broker *b);
void broker_stop(struct broker *b);

/* The connection is to end; down() is called in the next turn of the loop. */
void broker_fail(struct broker *b, const char *why);

/* The same, because somebody else has our client_id. */
void broker_give_way(struct broker *b);

/* True if MQTT 5 is spoken. */
bool broker_is_5(const struct broker *b);

/*
 * True once if what had waited at the broker was thrown away before this
 * connection.
 */
bool broker_was_washed(struct broker *b);

/* Number of the message, for published(); -1: *why says what is wrong. */
int broker_publish(struct broker *b, const struct outgoing *g,
		   const char **why);

/* Number for subscribed(), or -1. The filter is told by that id (MQTT 5). */
int broker_subscribe(struct broker *b, const char *filter);
void broker_unsubscribe(struct broker *b, const char *filter);
uint32_t broker_subscription_id(const char *filter);

/* Something that came is on its way to disk; there now. */
void broker_hold(struct broker *b);
void broker_release(struct broker *b);

/* Read nothing for now; or again. */
void broker_pause(struct broker *b, bool pause);

#endif
