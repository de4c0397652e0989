/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_BLOCKING_H
#define PROTOCOLS_XMPP_BLOCKING_H

/*
 * Blocking (XEP-0191), asked of the gateway at any of its addresses: whom a
 * user does not want to hear of the people of its networks. A person is blocked
 * by their address, or by that of an occupant of a room.
 */

#include "protocols/xmpp/xmpp.h"

#define NS_BLOCKING "urn:xmpp:blocking"

struct blocking_call {
	struct xmpp *x;
	xmpp_stanza_t *st;
	const char *who; /* bare address; "": nobody who may use the gateway */
};

/* True, and answered, if it is about blocking. */
bool blocking_iq(const struct blocking_call *c);

/* Forget who is to be told of changes. */
void blocking_drop(struct xmpp *x);

#endif
