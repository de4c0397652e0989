/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_INFLOW_H
#define PROTOCOLS_MQTT_INFLOW_H

/*
 * How large a packet is that comes in. libmosquitto takes any that a broker
 * sends, up to 256 MiB, and says nothing before it is whole; MQTT 5 brokers can
 * be told not to send such, 3.1.1 ones cannot.
 *
 * Without TLS the length is looked at before the library reads it. With TLS
 * each call of the library is made to read a little only, and what it read is
 * counted since it said that something is whole.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inflow {
	int fd;
	bool tls;
	bool between; /* two packets; without TLS */
	size_t left;  /* that this call may read; with TLS */
	size_t read;  /* of what is not whole; with TLS */
};

/* ssl: the library's, or NULL. in must stay where it is while that lives. */
void inflow_begin(struct inflow *in, int fd, void *ssl);

/* Before the library reads: false if what comes is larger than max bytes. */
bool inflow_may_read(struct inflow *in, size_t max);

/*
 * The library has read; whole: it said so of something. False if what it has
 * read and is not whole is larger than max bytes.
 */
bool inflow_has_read(struct inflow *in, bool whole, size_t max);

#endif
