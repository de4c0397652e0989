/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_MOMENT_H
#define PROTOCOLS_XMPP_MOMENT_H

/*
 * What is of the moment: who is writing something (XEP-0085), and how far
 * somebody has read (XEP-0333).
 */

#include "protocols/xmpp/hosted.h"
#include "protocols/xmpp/muc.h"

/* A live groupchat message of that member; of a user of ours in our room. */
void moment_heard(struct room *room, struct member *m, xmpp_stanza_t *st);
void moment_heard_here(struct guest *g, xmpp_stanza_t *st);

/* A message to one person, from a member of room or, if NULL, a contact. */
void moment_heard_private(struct xmpp *x, struct room *room, xmpp_stanza_t *st);

/* The occupant's typing or read have changed (enum puppet_change). */
void moment_show(struct xmpp *x, const struct occupant *o, unsigned changes);

/*
 * Let st, which says ev in a room or in private, ask for what its readers do:
 * to be told when it was read, if that is told anywhere, and of writing.
 */
void moment_invite_room(const struct xmpp *x, const struct event *ev,
			xmpp_stanza_t *st);
void moment_invite_private(const struct xmpp *x, const struct event *ev,
			   xmpp_stanza_t *st);

#endif
