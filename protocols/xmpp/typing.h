/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_TYPING_H
#define PROTOCOLS_XMPP_TYPING_H

/* Who is writing something (XEP-0085), in rooms. */

#include "protocols/xmpp/hosted.h"
#include "protocols/xmpp/muc.h"

/* A live groupchat message of that member; of a user of ours in our room. */
void typing_heard(struct room *room, struct member *m, xmpp_stanza_t *st);
void typing_heard_here(struct guest *g, xmpp_stanza_t *st);

/* Settles d, an EVENT_TYPING, at once. */
void typing_send(struct xmpp *x, struct delivery *d);

#endif
