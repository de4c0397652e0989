/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_CONTACTS_H
#define PROTOCOLS_XMPP_CONTACTS_H

/*
 * People of other networks in the rosters of our users (bridge/contact.h).
 *
 * Whoever subscribes to a person's address is subscribed to in turn: so the
 * user's server tells us when they are here, and answers when we ask
 * (RFC 6121 sections 3 and 4).
 */

#include "protocols/xmpp/xmpp.h"

/* True if st was for a contact, and is done with. */
bool contact_presence(struct xmpp *x, xmpp_stanza_t *st);

/* Hook. */
void contact_changed(struct network *net, const char *follower,
		     const struct address *person,
		     const struct availability *a);

#endif
