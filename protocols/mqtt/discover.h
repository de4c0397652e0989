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

struct discovery;
struct incoming;
struct mqtt;

void discovery_make(struct mqtt *q);
void discovery_free(struct mqtt *q);
void discovery_open(struct mqtt *q);
void discovery_lost(struct mqtt *q);
void discovery_take(struct mqtt *q, const struct incoming *t);

#endif
