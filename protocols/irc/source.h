/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_SOURCE_H
#define PROTOCOLS_IRC_SOURCE_H

/*
 * An IPv6 address for each person, out of a prefix: always the same for the
 * same person, and of no other, so that an IRC network can ban one of them
 * without the others. Pure.
 */

#include <stdbool.h>
#include <stddef.h>

#define IRC_SOURCE_MAX 46 /* INET6_ADDRSTRLEN */

/*
 * prefix: "2001:db8:1::/64". salt: keeps apart bridges, and who knows only
 * the person from knowing the address. False if prefix is none.
 */
bool irc_source_address(const char *prefix, const char *salt,
			const char *person, char out[IRC_SOURCE_MAX]);

#endif
