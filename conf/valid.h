/* SPDX-License-Identifier: MIT */
#ifndef CONF_VALID_H
#define CONF_VALID_H

/*
 * Whether a text is what it should be. Pure. The refuse_*() functions return
 * NULL if it is, else what was expected, to stand after the word "expected".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str;

/* A label: [a-z][a-z0-9-]{0,62}. */
const char *refuse_label(const char *text);

/* A host name or an XMPP domain; no address in brackets. */
const char *refuse_domain(const char *text);

/* "*", or a host as it stands in a URL. */
const char *refuse_host(const char *text);

/* A host, with * for any part of it. */
const char *refuse_host_pattern(const char *text);

/* "*", a domain, or a bare JID. */
const char *refuse_contact(const char *text);

/* "*", a server, or a user id. */
const char *refuse_matrix_people(const char *text);

/* label:person, as in "xmpp:ann@example.org". */
const char *refuse_admin(const char *text);

/* room@service, without a resource. */
const char *refuse_room(const char *text);

/* RFC 2812 section 1.3, and what cannot stand in a line. */
const char *refuse_channel(const char *text);

/* http:// or https://, a host, and no slash at the end. */
const char *refuse_url(const char *text);

/* A Matrix server's name: a host, and a port where it has one. */
const char *refuse_server_name(const char *text);

/* a-z 0-9 and ._=-/+ */
const char *refuse_localpart(const char *text);

/* A Matrix room: an alias, or an id. */
const char *refuse_matrix_room(const char *text);

const char *refuse_nick(const char *text);
const char *refuse_user(const char *text);

/* An IPv4 or IPv6 address. */
const char *refuse_ip(const char *text);

/* An IPv6 prefix: 2001:db8:1::/64 */
const char *refuse_prefix(const char *text);

/* "6697", "6660-6669" */
const char *refuse_ports(const char *text);

/* A character set that iconv turns into UTF-8. */
const char *refuse_charset(const char *text);

/* {nick}, {network}, {id}; at least one of nick and id. */
const char *refuse_nick_template(const char *text);

/* {name}, {network}, {id}. */
const char *refuse_person_template(const char *text);

/* mqtt://HOST[:PORT] or mqtts://HOST[:PORT] */
const char *refuse_broker(const char *text);

/* Of MQTT: letters, digits and a few signs, so that it is a topic level. */
const char *refuse_client_id(const char *text);

bool valid_utf8(const char *text);

/* Valid UTF-8 without control characters. */
bool valid_text(const char *text);

/* The same of the host in a URL that refuse_url() lets pass. */
bool is_loopback_url(const char *url);

/* True for localhost and the addresses of the loopback interface. */
bool is_loopback(const char *host);

/*
 * "90s", "15m", "24h", "7d"; "500ms" too; a bare number is seconds. In
 * milliseconds, or -1 if it is none of these or does not fit 32 bits.
 */
int64_t duration_parse(const char *text);

/* Append a time in the largest unit that divides it: 90s, 24h, 0. */
void duration_format(struct str *out, int64_t ms);

/*
 * Cut "host:port", "host", "[address]:port" or "[address]" in place: *host
 * and, 0 if there is none, *port. NULL, or what was expected.
 */
const char *server_parse(char *text, const char **host, unsigned *port);

#endif
