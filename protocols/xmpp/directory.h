/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_DIRECTORY_H
#define PROTOCOLS_XMPP_DIRECTORY_H

/*
 * The channels of a network, for who looks into its address (XEP-0045 6.3): a
 * command of that network, run by the account of who asks, since not everybody
 * is told of the same ones. The answer is kept for some minutes, so that pages
 * (XEP-0059) fit together.
 */

#include "protocols/xmpp/xmpp.h"

/* A disco#items, or a search, that may ask; who is a bare address. */
struct directory_call {
	struct xmpp *x;
	xmpp_stanza_t *st;
	const char *who;
	const char *network; /* label */
};

/* Answers it, now or later. */
void directory_iq(const struct directory_call *c);

/* Forget all of it, and who waits: the stream is gone. */
void directories_drop(struct xmpp *x);

#endif
