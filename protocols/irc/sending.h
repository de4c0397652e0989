/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_SENDING_H
#define PROTOCOLS_IRC_SENDING_H

/*
 * One delivery under way: its lines, which of them were written, and which
 * the server has shown or refused. Shared by send.c, which begins, and
 * confirm.c, which ends it.
 */

#include "protocols/irc/irc.h"

#include <stdbool.h>
#include <stdint.h>

/* One line of a delivery. */
struct piece {
	char *text;     /* the trailing parameter as sent */
	unsigned label; /* 0: none */
	bool accounted; /* seen, or refused */
	char *id;       /* msgid it was seen with, or NULL */
};

struct sending {
	struct sending *next;      /* of the channel */
	struct sending *next_said; /* of the speaker */
	struct delivery *d;
	struct irc_channel *channel;
	struct speaker *sp;
	char *target; /* channel or nick */
	bool begun;
	struct piece *pieces;
	unsigned n_pieces, n_written, n_accounted;
	char *refused;    /* what the first error says */
	uint64_t barrier; /* token of the PING behind it; 0 none */
};

/* Take it out of everything and free it; the delivery is the caller's. */
void irc_sending_free(struct irc *irc, struct sending *s);

/* Begin what may be begun in this channel now. */
void irc_sendings_advance(struct irc_channel *c);

/* Give back s and all that follow it in its channel. */
void irc_sendings_give_back(struct sending *s, const char *why);

/* Let it be said by the listener instead. */
void irc_sending_by_listener(struct irc *irc, struct sending *s);

/* How a speaker learns that a line has arrived, best first. */
enum irc_proof {
	IRC_PROOF_LABEL,   /* echo with our label */
	IRC_PROOF_ECHO,    /* echo */
	IRC_PROOF_SIGHT,   /* the listener sees it */
	IRC_PROOF_BARRIER, /* PONG without an error before it */
};

enum irc_proof irc_proof_of(struct irc *irc, const struct sending *s);

/* All its lines are written: have it confirmed by PING in time. */
void irc_barrier_wanted(struct irc *irc, struct sending *s);

#endif
