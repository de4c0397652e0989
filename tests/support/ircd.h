/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_IRCD_H
#define TESTS_SUPPORT_IRCD_H

/*
 * A scripted IRC server on top of peer.h: just enough of one to register
 * clients and pass on what they say to the first of them, which in the tests
 * is the listener, or to each other; and ways to be difficult. A test says the
 * rest by hand, with peer_say().
 */

#include "tests/support/peer.h"

#include <stdbool.h>

#define IRCD_LINKS_MAX 64

struct ircd {
	struct peer *peer;

	/* how it behaves; may be changed at any time */
	const char *caps;     /* offered; NULL: a server without CAP */
	const char *isupport; /* more tokens of 005 */
	const char *taken;    /* a nick that somebody has */
	const char *names;    /* members of every channel */
	const char *topic;    /* of every channel */
	const char *muted;    /* PRIVMSG to it: 404 */
	unsigned closed;      /* not 0: the numeric that JOIN gets */
	const char *banner;   /* first line to everybody; then it hangs up */
	bool echo;            /* echo-message, with msgid and label */
	bool blind;           /* the listener does not see the others */
	bool deaf;            /* PING is not answered */
	bool locked;          /* TOPIC: 482 */
	bool topic_waits;     /* the next TOPIC: 437 */
	int listener;         /* the link that hears the others */
	bool mutual;          /* all hear each other who are in a channel */
	bool unnamed;         /* no list of names */
	const char *motd;     /* one line of it */

	/* private */
	char nicks[IRCD_LINKS_MAX][64];
	bool user[IRCD_LINKS_MAX], negotiating[IRCD_LINKS_MAX];
	bool up[IRCD_LINKS_MAX], in[IRCD_LINKS_MAX];
	unsigned ids;
};

struct loop;

void ircd_start(struct ircd *d, struct loop *loop);
void ircd_start_tls(struct ircd *d, struct loop *loop, const char *host,
		    const char *ca_path);
void ircd_stop(struct ircd *d);

#endif
