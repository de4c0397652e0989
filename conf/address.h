/* SPDX-License-Identifier: MIT */
#ifndef CONF_ADDRESS_H
#define CONF_ADDRESS_H

/*
 * What the addresses of a gateway mean, and how they are written: those of
 * biboumi, so that its users keep their bookmarks. Pure.
 *
 *     #chan%net@gw    a channel     or, where one network is fixed, #chan@gw
 *     nick%net@gw     a person                                      nick@gw
 *     net@gw          a network
 *     gw              the gateway itself
 *
 * Channels begin with # or &, which no nick does; rooms of Matrix with # or !.
 * net is our label of the network or the name of one of its servers; the label
 * is what we write. Where the gateway leads to hosts that have no network, net
 * is the host itself, in lower case. It stands behind the last "%", because
 * channels may hold one. Names are escaped by E1 (SEMANTICS 1.7; XEP-0106), in
 * lower case as far as ASCII goes.
 */

#include "conf/escape.h"

#include <stdbool.h>
#include <stddef.h>

struct conf_gateway;
struct conf_network;

#define ADDRESS_LABEL_MAX 63

enum address_kind {
	ADDRESS_FOREIGN, /* the gateway has no such place */
	ADDRESS_DENIED,  /* of a host to which it does not lead */
	ADDRESS_GATEWAY,
	ADDRESS_NETWORK,
	ADDRESS_CHANNEL,
	ADDRESS_PERSON,
};

struct address_place {
	enum address_kind kind;
	/* As configured; of a host, what stands for it. NULL: of the gateway
	 * itself. */
	const struct conf_network *network;
	char label[ADDRESS_LABEL_MAX + 1]; /* of the network; "" if NULL */
	char name[ESCAPED_MAX + 1];        /* channel or nick; "" if neither */
};

/*
 * The place that a local part ("": there is none) means. gateway may be NULL:
 * then everything is foreign.
 */
void address_read(const struct conf_gateway *gateway, const char *local,
		  struct address_place *out);

/* Set the network of the place by its label; false if it is none of these. */
bool address_set_network(const struct conf_gateway *gateway, const char *label,
			 struct address_place *place);

/* Of a place of an IRC network: the server that speaks for it. */
const char *address_server(const struct address_place *place);

/* Its address on our domain, in the one form; false if it does not fit. */
bool address_write(const struct conf_gateway *gateway,
		   const struct address_place *place, const char *domain,
		   char *out, size_t size);

/*
 * The bare address of somebody with that id on that network: as above where
 * the gateway leads there, else escape_person(). A server of the network has
 * the address of the network itself.
 */
bool address_of_person(const struct conf_gateway *gateway, const char *id,
		       const char *network, const char *domain, char *out,
		       size_t size);

#endif
