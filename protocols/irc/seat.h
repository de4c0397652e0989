/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_SEAT_H
#define PROTOCOLS_IRC_SEAT_H

/*
 * Where a puppet is, or is to be: seats.c. A puppet owns its seats; each of
 * them is in one channel, or stands for private words (channel NULL).
 */

#include "bridge/protocol.h"

#include <stdbool.h>

struct irc_line;
struct irc_puppet;
struct portal;
struct session;

enum seat_state {
	SEAT_WAITING, /* for the connection */
	SEAT_JOINING, /* JOIN was sent */
	SEAT_JOINED,  /* in a portal the occupant may have to wait */
};

/* A connection that is in a channel which several of ours may hear. */
struct ear {
	struct session *session;
	struct seat *seat; /* NULL: it is the listener's */
	struct ear *next;  /* in there; first come first */
	bool seen;         /* to enter, before it knew itself */
	bool overlaps;     /* got all that the hearer did not get */
};

/* One puppet in one channel. */
struct seat {
	struct seat *next;
	struct occupant *occupant; /* NULL: nobody wants it at the moment */
	char *channel;             /* folded; NULL if direct */
	enum seat_state state;
	unsigned prefixes; /* in a portal: bit i is prefix_modes[i] */
	struct irc_puppet *puppet;
	struct portal *portal; /* NULL unless it is one, or shared */
	struct ear ear;        /* in it */
};

/* Why somebody is not in. */
struct loss {
	enum down_reason why;
	enum refusal refusal;
	const char *text;
};

/* Where it is, or wants to be, in the channel of that name; or NULL. */
struct seat *irc_seat_in(struct irc_puppet *p, const char *channel);

/* Where that occupant of it sits; or NULL. */
struct seat *irc_seat_of(struct irc_puppet *p, const struct occupant *o);

/* In as many channels as the operator lets one user be. */
bool irc_seats_full(const struct irc_puppet *p);

/* A seat for that occupant: the one of its channel, or a new one. */
struct seat *irc_seat_take(struct irc_puppet *p, struct occupant *o);
void irc_seat_free(struct irc_puppet *p, struct seat *seat);

/* The connection is up: get in, if somebody wants to be there; or all. */
void irc_seat_enter(struct irc_puppet *p, struct seat *seat);
void irc_seats_enter(struct irc_puppet *p);

/* The puppet's own JOIN; its own PART or a KICK of it, as verb says. */
void irc_seat_entered(struct irc_puppet *p, const struct irc_line *line);
void irc_seat_removed(struct irc_puppet *p, const struct irc_line *line,
		      const char *verb, const char *reason);

/* Its occupant may know that it is in. */
void irc_seat_told(struct seat *seat);

/*
 * The puppet is not in there any more, or never got in: the seat is freed, and
 * the bridge told. Of all: who is on the way in goes on waiting, unless the
 * loss is a refusal or somebody waits in person.
 */
void irc_seat_lost(struct irc_puppet *p, struct seat *seat,
		   const struct loss *loss);
void irc_seats_lost(struct irc_puppet *p, const struct loss *loss);

/* Leave with these words, or NULL, and free it. */
void irc_seat_leave(struct irc_puppet *p, struct seat *seat, const char *words);

/* Nobody wants to be in that channel now. True if somebody did. */
bool irc_seats_forsake(struct irc_puppet *p, const struct channel *ch);

#endif
