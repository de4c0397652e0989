/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_SPARK_H
#define PROTOCOLS_MQTT_SPARK_H

/*
 * Sparkplug B: edge nodes and the devices behind them, which say by births and
 * deaths whether they are there, and by metrics how they are.
 *
 *     PREFIX/GROUP/NBIRTH|NDEATH|NDATA/NODE
 *     PREFIX/GROUP/DBIRTH|DDEATH|DDATA/NODE/DEVICE
 *     PREFIX/STATE/HOST                       JSON: {"online":true,...}
 *
 * A death is believed if it is of the birth that we know (bdSeq): the will of
 * an earlier connection may come late. Births are not kept by the broker: of a
 * node that was there before us nothing is known until it is born again, which
 * it is asked for if the operator allows that.
 */

#include <stddef.h>

struct incoming;
struct mqtt;

void sparks_free(struct mqtt *q);
void sparks_open(struct mqtt *q);
void sparks_lost(struct mqtt *q);
void sparks_take(struct mqtt *q, const struct incoming *t);
size_t sparks_count(const struct mqtt *q);

#endif
