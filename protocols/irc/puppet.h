/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_PUPPET_H
#define PROTOCOLS_IRC_PUPPET_H

/*
 * The connection of one puppet. Shared by puppets.c, which lives its life,
 * persona.c, which says what it is called, and nicks.c, which knows whose
 * nick is whose.
 */

#include "bridge/hash.h"
#include "protocols/irc/irc.h"
#include "protocols/irc/session.h"

enum seat_state {
	SEAT_WAITING, /* for the connection */
	SEAT_JOINING, /* JOIN was sent */
	SEAT_JOINED,
};

/* One puppet in one channel. */
struct seat {
	struct seat *next;
	struct occupant *occupant; /* NULL: nobody wants it at the moment */
	char *channel;             /* folded; NULL if direct */
	enum seat_state state;
};

struct irc_puppet {
	struct irc *irc;
	struct irc_puppet *prev, *next; /* of all, in the order they came */
	UT_hash_handle hh;              /* by folded nick, while registered */
	char *folded;                   /* key; NULL if not in there */
	struct puppet *puppet;          /* NULL while no occupant needs it */
	char *origin, *sender_id;
	char *person; /* key: both of them */
	UT_hash_handle by_person;
	char *want; /* the name it is to have */

	struct session session;
	struct speaker speaker;
	char *nick, *user, *realname; /* what the session registers with */
	struct seat *seats;
	struct timer linger;
	struct throttle ctcp;
	char *away;    /* as sent; NULL if back */
	char *goodbye; /* not NULL: leave as soon as all is said */
	unsigned nick_tries;
	unsigned failures;
	int64_t not_before_ms;
};

/* ---- nicks.c ------------------------------------------------------- */

/* From now on the puppet goes by this nick. */
void irc_nick_list(struct irc_puppet *p, const char *nick);

/* It goes by none; but the listener does not know that yet. */
void irc_nick_retire(struct irc_puppet *p);

/* ---- persona.c: the caller frees what these return ----------------- */

/* The nick to ask for at this attempt, 0 being the one it should have. */
char *irc_persona_nick(const struct irc_puppet *p, unsigned attempt);

/* User name and real name from the templates of the configuration. */
char *irc_persona_user(const struct irc_puppet *p);
char *irc_persona_realname(const struct irc_puppet *p);

/* The text of AWAY; NULL if it is not away. */
char *irc_persona_away(const struct irc_puppet *p);

#endif
