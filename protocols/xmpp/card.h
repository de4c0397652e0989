/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_CARD_H
#define PROTOCOLS_XMPP_CARD_H

/*
 * Cards (XEP-0054) of people of other networks who are in no room of ours: what
 * their network tells the account of who asks, by its command "whois".
 */

#include "conf/address.h"
#include "protocols/xmpp/xmpp.h"

struct card_call {
	struct xmpp *x;
	xmpp_stanza_t *st;
	const char *who; /* bare address */
	const struct address_place *place;
};

/* True, and answered, now or later, if it asks for the card of that person. */
bool card_iq(const struct card_call *c);

/* Forget who waits: the stream is gone. */
void cards_drop(struct xmpp *x);

#endif
