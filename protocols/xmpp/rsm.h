/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_RSM_H
#define PROTOCOLS_XMPP_RSM_H

/* Pages of long answers (XEP-0059). Nothing here sends or remembers. */

#include "protocols/xmpp/stanza.h"

#define NS_RSM "http://jabber.org/protocol/rsm"
#define RSM_NUMBER_MAX 24

/*
 * How many a page is to hold at most: what set says, or fallback, and never
 * more than limit. False if it makes no sense. set may be NULL.
 */
bool rsm_read_max(xmpp_stanza_t *set, unsigned fallback, unsigned limit,
		  unsigned *max);

void rsm_add_number(xmpp_stanza_t *set, const char *name, int64_t number);

/* A page of n things that are all known: from the one, before the other. */
struct rsm_page {
	size_t from, until;
};

/*
 * The page that query asks for; id(arg, i) is how it calls each of them. NULL,
 * or the condition of the error. Without a <set/> it is the first one.
 */
struct rsm_things {
	size_t n;
	unsigned fallback, limit; /* of a page */
	const char *(*id)(const void *arg, size_t i);
	const void *arg;
};
const char *rsm_find_page(xmpp_stanza_t *query, const struct rsm_things *all,
			  struct rsm_page *page);

/* Say in query which page it is, and of how many things. */
void rsm_add_page(xmpp_stanza_t *query, const struct rsm_things *all,
		  const struct rsm_page *page);

#endif
