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
 *
 * What was said before the heir entered, it never gets. So nobody may leave it
 * to the heir before having got the line that tells of its entering: only then
 * do they overlap, and only then is the core told that it is in. (Where nobody
 * but those inside is to hear, what a leaver has not read is nobody's loss.)
 *
 * Shared channels (users.hear) are those of a link that work likewise: the
 * listener, too, may be the hearer. It enters first, catches up, and tells the
 * core that the channel is joined; later it comes and goes as the core asks;
 * share.c.
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

enum listener_place {
	LISTENER_OUTSIDE,
	LISTENER_ENTERING, /* JOIN was sent */
	LISTENER_INSIDE,
};

struct portal {
	struct view view;
	struct irc_channel *channel;
	struct ear *ears; /* who is in; first come first */
	struct ear *hearer, *heir;
	struct timer names_timer;   /* the list of names is overdue */
	struct timer overlap_timer; /* as is that they are seen to enter */
	struct kept *kept, **kept_end;
	size_t n_kept;
	struct heards recent; /* all that was heard of late */
	struct heards ahead;
	struct heards skip; /* ahead of the hearer, when it took over */
	int64_t id;         /* key: the channel's number */
	UT_hash_handle hh;

	/* If it is shared: */
	bool shared;
	struct ear listener;
	enum listener_place place;
	struct timer deaf_timer; /* nobody is left: it is lost */
	char *name;              /* key, folded */
	UT_hash_handle by_name;
};

/* From now on people may enter ch. */
void irc_portal_open(struct irc *irc, struct channel *ch);

/* Forget a room, portal or not. */
void irc_channel_close(struct channel *ch);
void irc_portals_close(struct irc *irc);

/* The same of one that is linked; then the listener is to enter. */
struct portal *irc_share_open(struct irc *irc, struct channel *ch);

/* The portal, or shared channel, that it is; or NULL. */
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

/* The server compares names in another way than we thought. */
void irc_portals_refold(struct irc *irc);

/* ---- between portal.c and share.c ---------------------------------- */

/* A connection is in; it is not any more. */
void irc_ear_opens(struct portal *portal, struct ear *ear);
void irc_ear_closes(struct portal *portal, struct ear *ear);

/* A line about that channel, on one of them. */
void irc_ear_line(struct portal *portal, const struct ear *ear,
		  const struct irc_line *line);

/* True if the line is about a channel; *name is which. */
bool irc_line_channel(const struct irc_line *line, const char **name);

/* True if it is about what all channels have in common. */
bool irc_line_is_everywhere(const struct irc_line *line);

/* Nobody of ours is in there, for that reason: the bridge enters it anew. */
void irc_share_lost(struct portal *portal, const char *why);

/* ---- share.c ------------------------------------------------------- */

/* Hooks. */
void irc_step_in(struct network *net, struct channel *ch);
void irc_step_out(struct network *net, struct channel *ch);

/* The listener's part of irc_join() and irc_leave(). */
bool irc_share_enter(struct irc *irc, struct channel *ch);
void irc_share_leave(struct irc *irc, struct channel *ch);

/* True if the listener is where it could say something in ch. */
bool irc_listener_is_in(struct irc *irc, const struct channel *ch);

/* A line of the listener's. True if it was about a shared channel, and dealt
 * with; the first is for what may be history. */
bool irc_share_history(struct irc *irc, const struct irc_line *line);
bool irc_share_line(struct irc *irc, const struct irc_line *line);

/* The listener was found not to be in there. */
void irc_share_removed(struct portal *portal, const char *why);

/* True if the line that sp says there is seen by another connection. */
bool irc_portal_sees(const struct portal *portal, const struct speaker *sp);

#endif
