/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_PORTAL_H
#define PROTOCOLS_IRC_PORTAL_H

/*
 * A channel without a listener (channel->portal): it is heard through one of
 * the accounts in it, the hearer.
 *
 * All connections in a channel get the same lines in the same order, though
 * not at the same time. When the hearer goes, another takes its place, and
 * must begin where the old one stopped. So one more connection, the heir, is
 * compared with the hearer all the time:
 *
 *     kept    what the heir got and the hearer has not heard yet; it is heard
 *             when the heir takes over
 *     ahead   what the hearer heard and the heir has not got yet; it is not
 *             heard again after the heir has taken over
 *
 * Lines are recognised by their msgid, or else by all that they say. A new heir
 * may be behind or before the hearer, nobody knows how far: what was heard of
 * late counts as ahead, until one line was got by both. Who came and went
 * meanwhile is found out by NAMES.
 */

#include "protocols/irc/channel.h"
#include "protocols/irc/puppet.h"

#define HEARD_MAX 128

struct kept;

/* A line that was heard. */
struct heard {
	uint64_t sign;
	int64_t when_ms;
};

/* The oldest first. */
struct heards {
	struct heard lines[HEARD_MAX];
	size_t n;
};

struct portal {
	struct view view;
	struct irc_channel *channel;
	struct seat *seats; /* who is in; first come first */
	struct seat *hearer, *heir;
	struct timer names_timer; /* the list of names is overdue */
	struct kept *kept, **kept_end;
	size_t n_kept;
	struct heards recent; /* all that was heard of late */
	struct heards ahead;
	struct heards skip; /* ahead of the hearer, when it took over */
	int64_t id;         /* key: the channel's number */
	UT_hash_handle hh;
};

/* From now on people may enter ch. */
void irc_portal_open(struct irc *irc, struct channel *ch);

/* Forget a room, portal or not. */
void irc_channel_close(struct channel *ch);
void irc_portals_close(struct irc *irc);

/* The portal that channel is, or NULL. */
struct portal *irc_portal_of(const struct channel *ch);

/*
 * The connection has entered. True if its occupant may be told so; else that
 * comes with the list of names, by irc_seat_told().
 */
bool irc_portal_entered(struct seat *seat);

/* It is not in there any more. */
void irc_portal_quitted(struct seat *seat);

/* A line on the connection of somebody who may be in portals. */
void irc_portals_line(struct irc_puppet *p, const struct irc_line *line);

/* The list of names is complete. */
void irc_portal_named(struct irc_channel *c);

/* True if the line that sp says there is seen by another connection. */
bool irc_portal_sees(const struct portal *portal, const struct speaker *sp);

#endif
