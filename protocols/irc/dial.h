/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_DIAL_H
#define PROTOCOLS_IRC_DIAL_H

/*
 * From a host name to a stream that lines can be read from: asynchronous DNS,
 * each address in turn (RFC 6724 order), TCP, and TLS 1.2 or later with the
 * chain and the host name verified (RFC 6125) unless the configuration says
 * otherwise.
 *
 * Sockets live at descriptors from 1024 up, because libstrophe needs the low
 * ones (it calls select()).
 */

#include <stdbool.h>

struct bufferevent;
struct conf_irc;
struct conf_server;
struct error;
struct irc_dial;
struct irc_tls;
struct loop;

/*
 * What the TLS connections of one network have in common. Reads the files
 * that conf names; NULL and err if one of them is not fit for use. conf must
 * outlive it.
 */
struct irc_tls *irc_tls_new(const struct conf_irc *conf, struct error *err);

/* Accepts NULL. */
void irc_tls_free(struct irc_tls *tls);

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
 * gone. tls is NULL for a plain connection. Everything passed is borrowed
 * until then.
 */
struct irc_dial *irc_dial_start(struct loop *loop, const struct conf_irc *conf,
				struct irc_tls *tls,
				const struct conf_server *server,
				irc_dial_fn *fn, void *arg);

/* Stop it; fn is not called. Accepts NULL. */
void irc_dial_stop(struct irc_dial *dial);

#endif
