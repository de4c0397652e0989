/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_HOSTED_ADMIN_H
#define PROTOCOLS_XMPP_HOSTED_ADMIN_H

/* Moderation, configuration and invitations of hosted rooms. */

#include "protocols/xmpp/hosted.h"

#define NS_MUC_ADMIN "http://jabber.org/protocol/muc#admin"
#define NS_ROOM_CONFIG "http://jabber.org/protocol/muc#roomconfig"
#define NS_CONFERENCE "jabber:x:conference"

/* st, about a room, from who, a bare address in its one form. */
struct hosted_question {
	struct xmpp *x;
	xmpp_stanza_t *st;
	struct hosted *h; /* NULL: not open */
	const struct address_place *place;
	const char *who;
};

/* True, and answered sooner or later, if the iq is about that. */
bool hosted_admin_iq(const struct hosted_question *q);

/* The same for a message of somebody who is in the room: they invite. */
bool hosted_admin_message(const struct hosted_question *q);

/*
 * True if the message is of somebody who does not come, although somebody who
 * is in the room has invited them; those are told.
 */
bool hosted_declined(const struct hosted_question *q);

/* ... and for one to a person: who invites them into a room (XEP-0249). */
bool hosted_direct_invite(struct xmpp *x, xmpp_stanza_t *st, const char *who);

/* An invitation into a room; reason may be NULL. */
struct invitation {
	const char *room, *to, *by, *reason;
};
void hosted_invitation(struct xmpp *x, const struct invitation *i);

/* Hook. */
void hosted_invited(struct network *net, const char *sender_id,
		    const char *network, const char *channel, const char *by);

/* Forget all questions: the stream is gone. */
void hosted_admin_drop(struct xmpp *x);

#endif
