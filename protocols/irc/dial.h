/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_DIAL_H
#define PROTOCOLS_IRC_DIAL_H

/*
 * From a host name to a stream that lines can be read from: asynchronous DNS,
 * each address in turn (RFC 6724 order), TCP, and TLS 1.2 or later with the
 * chain and the host name verified (RFC 6125) unless the route says otherwise.
 *
 * Sockets live at descriptors from 1024 up, because libstrophe needs the low
 * ones (it calls select()).
 */

#include <stdbool.h>

struct bufferevent;
struct conf_irc;
struct error;
struct irc_certificate;
struct irc_dial;
struct irc_tls;
struct loop;

/* Where a connection goes, and how; strings are borrowed while it is dialled.
 */
struct irc_route {
	const char *host;
	unsigned port;
	struct irc_tls *tls; /* NULL: plain */
	bool verify;         /* the server's chain and name */
	const char *pin;     /* fingerprint to trust instead; or NULL */
	bool personal;       /* never with the operator's certificate */
	const struct irc_certificate *certificate; /* or NULL */
	const char *bind; /* local address; NULL: the system's choice */
	bool any_bind;    /* it need not be on an interface (IP_FREEBIND) */
	bool public_only; /* not to an address that is not public */
};

/* loop_slot(): what the networks of a loop have in common. */
enum irc_slot {
	IRC_SLOT_IDENT,
	IRC_SLOT_TLS,
};

/*
 * What the TLS connections of a network have in common with each other, and
 * with those of the other networks that trust the same authorities and show
 * the same certificate: one use of it. Reads the files that conf names, unless
 * they are as they were when it was made; NULL and err if one of them is not
 * fit for use. Host names, pins and certificates of users are a connection's
 * own.
 */
struct irc_tls *irc_tls_use(struct loop *loop, const struct conf_irc *conf,
			    struct error *err);

/* Accepts NULL. */
void irc_tls_unuse(struct irc_tls *tls);

enum irc_dialled {
	IRC_DIAL_DONE,
	IRC_DIAL_FAILED,  /* nobody there, or the weather */
	IRC_DIAL_REFUSED, /* the certificate is not the server's */
};

/*
 * bev is the callee's now; NULL unless IRC_DIAL_DONE. why is for people; ""
 * when done.
 */
typedef void irc_dial_fn(void *arg, enum irc_dialled result,
			 struct bufferevent *bev, const char *why);

/*
 * Begin. Calls fn once, but not before this returns; after that the dial is
 * gone. Everything passed is borrowed until then, but for the route, which is
 * copied.
 */
struct irc_dial *irc_dial_start(struct loop *loop,
				const struct irc_route *route, irc_dial_fn *fn,
				void *arg);

/* The socket that it is trying; -1 if none. Accepts NULL. */
int irc_dial_fd(const struct irc_dial *dial);

/* Move a descriptor up to where libstrophe does not need it; the new one. */
int irc_lift(int fd);

/* Stop it; fn is not called. Accepts NULL. */
void irc_dial_stop(struct irc_dial *dial);

#endif
