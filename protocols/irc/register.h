/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_REGISTER_H
#define PROTOCOLS_IRC_REGISTER_H

/*
 * From an open connection to 001, as a state machine. Pure: lines in, lines
 * and a verdict out; the session owns the socket and the clock.
 *
 * CAP LS 302 before anything else, PASS, NICK, USER, collect the capabilities
 * over several lines, REQ what we want of them, SASL (PLAIN, EXTERNAL,
 * SCRAM-SHA-256; RFC 5802, RFC 7677), CAP END, 001. A server without CAP is
 * met as RFC 2812 has it. After 001 it goes on watching CAP NEW and DEL.
 */

#include "bridge/secret.h"
#include "bridge/str.h"
#include "protocols/irc/line.h"

#include <stdbool.h>
#include <stdint.h>

enum irc_cap {
	IRC_CAP_SASL = 1 << 0,
	IRC_CAP_MESSAGE_TAGS = 1 << 1,
	IRC_CAP_SERVER_TIME = 1 << 2,
	IRC_CAP_BATCH = 1 << 3,
	IRC_CAP_ECHO_MESSAGE = 1 << 4,
	IRC_CAP_LABELED_RESPONSE = 1 << 5,
	IRC_CAP_ACCOUNT_TAG = 1 << 6,
	IRC_CAP_ACCOUNT_NOTIFY = 1 << 7,
	IRC_CAP_EXTENDED_JOIN = 1 << 8,
	IRC_CAP_AWAY_NOTIFY = 1 << 9,
	IRC_CAP_CHGHOST = 1 << 10,
	IRC_CAP_SETNAME = 1 << 11,
	IRC_CAP_MULTI_PREFIX = 1 << 12,
	IRC_CAP_USERHOST_IN_NAMES = 1 << 13,
	IRC_CAP_INVITE_NOTIFY = 1 << 14,
	IRC_CAP_STANDARD_REPLIES = 1 << 15,
	IRC_CAP_EXTENDED_MONITOR = 1 << 16,
	IRC_CAP_CHATHISTORY = 1 << 17,
	IRC_CAP_MULTILINE = 1 << 18,
	IRC_CAP_MESSAGE_REDACTION = 1 << 19,
	IRC_CAP_NO_IMPLICIT_NAMES = 1 << 20,
};

enum irc_sasl {
	IRC_SASL_NONE,
	IRC_SASL_PLAIN,
	IRC_SASL_EXTERNAL,
	IRC_SASL_SCRAM_SHA_256,
	IRC_SASL_PASSWORD, /* the better one of PLAIN and SCRAM */
};

/* What to register with. Strings are borrowed for the machine's life. */
struct irc_identity {
	const char *nick, *user, *realname;
	const struct secret *password; /* PASS, or NULL */
	/* We are a gateway that the server knows by this; for somebody at that
	 * address. NULL: it does not. */
	const struct secret *webirc;
	const char *address;
	enum irc_sasl sasl;
	const char *account;
	const struct secret *sasl_password;
	bool sasl_required;
	bool sasl_in_clear; /* a password may go over a plain connection */
	unsigned caps;      /* enum irc_cap: what to ask for */
	uint64_t nonce[2];  /* random, for SCRAM */
	const char *seed;   /* of irc_nick_from_name() after a conflict */
	bool exact;         /* no other nick will do */
};

enum irc_verdict {
	IRC_GOING,      /* send what was written, keep reading */
	IRC_REGISTERED, /* 001 was just read */
	IRC_NICK_BUSY,  /* 433 and friends: the next nick was tried */
	IRC_FAILED,     /* for this time: connection throttled, server full */
	IRC_FORBIDDEN,  /* for good: banned, wrong password, SASL refused */
};

/* Whether it is us that the server does not want, whatever we say. */
enum irc_turned_away {
	IRC_NOT_TURNED_AWAY,
	IRC_THROTTLED, /* too many of us, or too fast */
	IRC_BANNED,
};

struct irc_register {
	struct irc_identity id;
	char nick[64];      /* the one tried last; ours after 001 */
	unsigned caps;      /* granted */
	char multiline[64]; /* value of draft/multiline */
	char account[64];   /* as 900 said, or "" */
	char why[200];      /* of a failure, for people */
	unsigned refused;   /* the numeric that it came with, or 0 */
	enum irc_turned_away turned_away;
	bool login_failed; /* SASL, whoever found that */
	bool registered;
	/* private */
	unsigned offered, wanted, nick_attempt;
	unsigned nicks_refused; /* as not being nicks: 432 */
	int state;
	bool sasl_done, sasl_ok;
	char sasl_mechs[256];
	void *scram;
	struct str chunk;
};

void irc_register_init(struct irc_register *r, const struct irc_identity *id);
void irc_register_finish(struct irc_register *r);

/* The first lines, once the connection stands. */
void irc_register_start(struct irc_register *r, struct str *wire);

/*
 * A line came. Appends what to answer to wire. Answers PING, too, until
 * registered. Lines that are none of its business change nothing.
 */
enum irc_verdict irc_register_line(struct irc_register *r,
				   const struct irc_line *line,
				   struct str *wire);

const char *irc_cap_name(enum irc_cap cap);

#endif
