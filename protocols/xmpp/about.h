/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_ABOUT_H
#define PROTOCOLS_XMPP_ABOUT_H

/*
 * What a room says of itself: its name, its picture (XEP-0486), and whether
 * everybody may enter. It is asked again when the room says that something has
 * changed (status 104); and set, where the listener is one of its owners.
 */

#include "bridge/protocol.h"

#include <strophe.h>

#include <stdbool.h>

struct room;
struct xmpp;

/* Read the answer to disco#info; before the room is entered nothing is told. */
void about_read(struct room *room, xmpp_stanza_t *answer);

/* The room is being joined: tell what is known of it, as it was before. */
void about_announce(struct room *room);

/* A message or a presence of the room itself, of nobody in it. */
void about_message(struct room *room, xmpp_stanza_t *st);
void about_presence(struct room *room, xmpp_stanza_t *st);

/* A delivery of EVENT_NAME or EVENT_PICTURE: settles it, later. */
void about_send(struct room *room, struct delivery *d);

/* Forget all of it, without a word; the room is about to be freed. */
void about_drop(struct room *room);

#endif
