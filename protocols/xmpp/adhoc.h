/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_ADHOC_H
#define PROTOCOLS_XMPP_ADHOC_H

/*
 * Ad-hoc commands (XEP-0050): the door to bridge/command.h for XMPP clients.
 *
 * A session is one run of a command by one client, from its first form to its
 * end; it remembers what was filled in so far. Who lets it lie for too long
 * has to begin anew.
 */

#include "protocols/xmpp/xmpp.h"

#define NS_COMMANDS "http://jabber.org/protocol/commands"

/* What st is about, for somebody who may use the gateway. */
struct adhoc_call {
	struct xmpp *x;
	xmpp_stanza_t *st;
	const char *who; /* bare address, in its one form */
	struct command_place place;
};

/* True, and answered, if st, an iq, is about commands. */
bool adhoc_iq(const struct adhoc_call *call);

/* Forget all sessions: the stream is gone. */
void adhoc_drop(struct xmpp *x);

#endif
