/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_CATCHUP_H
#define PROTOCOLS_XMPP_CATCHUP_H

/*
 * What was said in a room while we did not listen.
 *
 * From the room's archive (XEP-0313) if it has one and gives ids that can be
 * trusted, else from the history that rooms send to who enters (XEP-0045
 * 7.2.14). Both show our own words, too: of those that were on their way when
 * we ended, the ones found there are confirmed instead of being said again.
 *
 * The cursor of an event is "sid|stamp", or "stamp" where there is no id.
 */

#include "protocols/xmpp/muc.h"

struct catchup *catchup_new(struct room *room);
void catchup_free(struct catchup *c); /* accepts NULL */

/* Ask for history in the listener's entry; muc is its MUC element. */
void catchup_add_history(struct room *room, xmpp_stanza_t *muc);

/* The room sent st, after our own presence and before its subject. */
void catchup_history(struct room *room, xmpp_stanza_t *st);

/*
 * The snapshot was reported: read what there is, raise it, and call
 * muc_room_ready(), at once or within twenty seconds.
 */
void catchup_start(struct room *room);

/* Something was said live before that; it waits until after it. */
void catchup_hold(struct room *room, xmpp_stanza_t *st);

/* A message from the bare address of the room holds an archive's result. */
void catchup_result(struct room *room, xmpp_stanza_t *st);

/*
 * True if d was in the room already when we came, in a voice of ours: then it
 * has been settled. speaker is the seat that was to say it, NULL: the listener;
 * st is what was to be sent.
 */
bool catchup_confirms(struct room *room, struct delivery *d,
		      const struct seat *speaker, xmpp_stanza_t *st);

/*
 * The event's cursor; sid may be NULL. None while words of ours were found that
 * are still to be confirmed: after a crash they must be found again.
 */
void catchup_mark(struct room *room, struct event *ev, const char *sid,
		  int64_t when_ms);

#endif
