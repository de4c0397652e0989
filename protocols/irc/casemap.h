/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_CASEMAP_H
#define PROTOCOLS_IRC_CASEMAP_H

/*
 * Comparing nicks and channels as the server does, and what else the server
 * said about itself in RPL_ISUPPORT (005). Pure. Everything the server says is
 * clamped to what is sane: a hostile NICKLEN=0 must not stop us.
 */

#include "bridge/event.h"

#include <stdbool.h>
#include <stddef.h>

enum irc_casemapping {
	IRC_CASE_RFC1459, /* the default when nothing was said */
	IRC_CASE_RFC1459_STRICT,
	IRC_CASE_ASCII,
};

unsigned char irc_fold_char(enum irc_casemapping map, unsigned char c);

/* Writes at most size bytes with the NUL; longer names are cut. */
void irc_fold(enum irc_casemapping map, const char *name, char *out,
	      size_t size);
int irc_compare(enum irc_casemapping map, const char *a, const char *b);

struct irc_isupport {
	enum irc_casemapping casemapping;
	char chantypes[16];
	char prefix_modes[16], prefix_chars[16]; /* highest first */
	char chanmodes[4][64];                   /* A, B, C, D */
	char network[64];
	unsigned nicklen, channellen, topiclen, kicklen, awaylen, userlen;
	unsigned modes;
	unsigned targmax_join, targmax_privmsg; /* 0 = no limit told */
	char statusmsg[16];
	char bot; /* user mode letter, or 0 */
	bool whox;
	unsigned monitor;     /* 0 = none */
	unsigned chathistory; /* 0 = none */
	/* how CHATHISTORY may name a message; both unless told */
	bool by_msgid, by_timestamp;
	bool utf8only;
	char clienttagdeny[256];
};

void irc_isupport_init(struct irc_isupport *is);

/* One token, such as "NICKLEN=30" or "-MONITOR". Unknown ones are ignored. */
void irc_isupport_token(struct irc_isupport *is, const char *token);

bool irc_is_channel(const struct irc_isupport *is, const char *name);

/* Rank of a prefix character or of a mode letter; RANK_NONE if neither. */
enum rank irc_rank_of_char(const struct irc_isupport *is, char c);
enum rank irc_rank_of_mode(const struct irc_isupport *is, char mode);

/* True if the client-only tag (without "+") may be sent to this server. */
bool irc_tag_allowed(const struct irc_isupport *is, const char *tag);

/* True if name could be a nick here: not a check of length. */
bool irc_is_nick(const struct irc_isupport *is, const char *name);
bool irc_is_channel_name(const struct irc_isupport *is, const char *name);

/*
 * A nick as near to name as IRC allows (SEMANTICS E5): accents dropped,
 * spaces to "_", what is not allowed left out, a leading digit or dash
 * prefixed by "_", nothing left: "u" and 6 letters of a hash of seed. attempt
 * 0 is the name itself, 1..8 append 2..9, more append "-" and letters of the
 * hash. Never longer than nicklen bytes.
 */
void irc_nick_from_name(const char *name, const char *seed, unsigned attempt,
			unsigned nicklen, char *out, size_t size);

/* What is left of name as a user name (ident): [a-z0-9._-], at most max. */
void irc_user_from_name(const char *name, unsigned max, char *out, size_t size);

/* One change out of a MODE message. */
struct irc_mode {
	bool set;
	char mode;
	const char *arg; /* NULL if it takes none */
};

typedef void irc_mode_fn(void *arg, const struct irc_mode *mode);

/*
 * Take the MODE message apart as CHANMODES and PREFIX say; calls fn for each
 * change. Missing parameters end it; superfluous ones are ignored.
 */
void irc_modes_read(const struct irc_isupport *is, const char *modes,
		    const char *const *args, size_t n_args, irc_mode_fn *fn,
		    void *arg);

#endif
