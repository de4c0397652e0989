/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_SEARCH_H
#define PROTOCOLS_XMPP_SEARCH_H

/*
 * Search of a network's channels (XEP-0055, by form): part of a name, part of a
 * topic, how many people at least. What there is to look through is the
 * directory of who asks (directory.h).
 */

#include "protocols/xmpp/xmpp.h"

#define NS_SEARCH "jabber:iq:search"

/* A channel as it is listed: "#dev (12) about it". */
struct search_place {
	const char *jid, *name;
};

/* Answers the question which fields there are. */
void search_form(struct xmpp *x, xmpp_stanza_t *st);

/* NULL, or why nothing can be searched by what st has filled in. */
const char *search_objection(xmpp_stanza_t *st);

/* Answers st, without an objection, by what fits of n places. */
void search_answer(struct xmpp *x, xmpp_stanza_t *st,
		   const struct search_place *places, size_t n);

#endif
