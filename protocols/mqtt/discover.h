/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_DISCOVER_H
#define PROTOCOLS_MQTT_DISCOVER_H

/*
 * Devices that nobody has configured, by what they say of themselves under the
 * prefixes that the operator allows. There are not more of them than the
 * operator says, and what is remembered of each has a ceiling.
 *
 * What is said comes in pieces, in any order: a device is made anew when no
 * more of them came for a moment. Its name is made of what it calls itself
 * when it is heard of first; when two call themselves the same, the second has
 * a mark of its own behind it.
 */

#include <stdbool.h>

struct conf_device;
struct device;
struct discovery;
struct incoming;
struct mqtt;
struct pool;

void discovery_make(struct mqtt *q);
void discovery_free(struct mqtt *q);
void discovery_open(struct mqtt *q);
void discovery_lost(struct mqtt *q);
void discovery_take(struct mqtt *q, const struct incoming *t);

/* ---- for conventions ----------------------------------------------------- */

/* False, and once a line of the log, if there are as many as may be. */
bool discovery_has_room(struct mqtt *q);

/*
 * A name that no device has, made of what one calls itself; key is its own.
 * The caller's to free; NULL, and a line of the log, if there is none.
 */
char *discovery_name(struct mqtt *q, const char *title, const char *key);

/* There is such a device from now on; device_put(). */
struct device *discovery_put(struct mqtt *q, const struct conf_device *conf,
			     struct pool *pool);

#endif
