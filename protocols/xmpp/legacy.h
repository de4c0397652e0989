/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_LEGACY_H
#define PROTOCOLS_XMPP_LEGACY_H

/*
 * What clients ask of a gateway to other networks: an account there (XEP-0077),
 * and how somebody's name is written as an address (XEP-0100 section 6.4).
 */

#include "conf/address.h"
#include "protocols/xmpp/xmpp.h"

#define NS_REGISTER "jabber:iq:register"
#define NS_GATEWAY "jabber:iq:gateway"

/* A question to the gateway, or to one of its networks. */
struct legacy_call {
	struct xmpp *x;
	xmpp_stanza_t *st;
	const char *who;     /* bare address */
	const char *network; /* label; NULL: none is meant */
};

/* True, and answered, if it is about that. */
bool legacy_iq(const struct legacy_call *c);

#endif
