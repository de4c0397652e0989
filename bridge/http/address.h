/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_HTTP_ADDRESS_H
#define BRIDGE_HTTP_ADDRESS_H

/* Which addresses the world can have. Pure. */

#include <stdbool.h>
#include <sys/socket.h>

/*
 * True if it is an address of the Internet, and not one of this machine, of a
 * private or local network, or of special use (RFC 6890 and its registries),
 * also where an IPv4 address stands inside an IPv6 one.
 */
bool address_is_public(const struct sockaddr *address);

#endif
