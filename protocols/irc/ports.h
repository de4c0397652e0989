/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_PORTS_H
#define PROTOCOLS_IRC_PORTS_H

/* Ports as people write them: "6697", "6697; 6670", "6660-6669". Pure. */

#include <stdbool.h>
#include <stddef.h>

#define IRC_PORTS_MAX 16

/*
 * Single ports, with anything of " ,;" between. How many there are, or -1 if
 * something in it is no port, or if there are more than IRC_PORTS_MAX.
 */
int irc_ports_read(const char *text, unsigned ports[IRC_PORTS_MAX]);

/* True if one of the n ports or ranges in list holds it. */
bool irc_port_allowed(const char *const *list, size_t n, unsigned port);

#endif
