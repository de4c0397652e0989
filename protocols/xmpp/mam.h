/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_MAM_H
#define PROTOCOLS_XMPP_MAM_H

/*
 * The archive that we answer from (XEP-0313 with XEP-0059): of hosted rooms,
 * and of what was said with a person in private. Each user reads their own.
 */

#include "protocols/xmpp/xmpp.h"

struct address_place;

#define NS_MAM_EXTENDED "urn:xmpp:mam:2#extended"

/* A question, of somebody who may use the gateway. */
struct mam_call {
	struct xmpp *x;
	xmpp_stanza_t *st;
	const char *who;  /* bare address, in its one form */
	const char *room; /* address of a channel in its one form; or NULL */
	const struct address_place *place; /* the channel or the person */
};

/* True, and answered, if st is about the archive. */
bool mam_iq(const struct mam_call *call);

#endif
