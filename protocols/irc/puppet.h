/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_PUPPET_H
#define PROTOCOLS_IRC_PUPPET_H

/*
 * The connection of one puppet. Shared by puppets.c, which lives its life,
 * persona.c, which says what it is called, and nicks.c, which knows whose
 * nick is whose.
 */

#include "bridge/hash.h"
#include "bridge/str.h"
#include "protocols/irc/irc.h"
#include "protocols/irc/seat.h"
#include "protocols/irc/session.h"
#include "protocols/irc/source.h"

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

	/* Of a gateway user; see account.c. */
	bool account;
	char *login; /* of SASL; NULL: none */
	struct secret *password, *sasl_password;
	char *charset_in, *charset_out; /* of the session; or NULL */
	char *pin;                      /* fingerprint of the server; or NULL */
	struct irc_certificate *certificate;
	char address[IRC_SOURCE_MAX]; /* its own, or "" */
	char *farewell;  /* to quit with after lingering; or NULL */
	struct str motd; /* as it comes */
	bool motd_told;
	int64_t words_ms;     /* when it may be told a lot again */
	int64_t raw_until_ms; /* answers to a command of its owner may come */
	struct irc_asked *asked; /* commands that wait for one; raw.c */
	unsigned raw_labels;     /* used so far */
	bool welcomed;           /* its message of the day is over */
	bool was_up;
	int64_t up_ms;   /* since when; wall clock */
	int64_t lost_ms; /* when the connection broke; 0: never */

	struct seat *seats;
	struct task *tasks;      /* that it was told to do; moderate.c */
	struct listing *listing; /* LIST is on its way; list.c */
	struct timer linger;
	struct throttle ctcp;
	char *away;    /* as sent; NULL if back */
	char *goodbye; /* not NULL: leave as soon as all is said */
	unsigned nick_tries;
	unsigned failures;
	int64_t not_before_ms;
};

/* ---- puppets.c ----------------------------------------------------- */

/* Close its connection with these words; what was on it is refused. */
void irc_puppet_expel(struct irc_puppet *p, const char *words);

/* It has a seat less: without any it lingers, and then goes. */
void irc_puppet_unseated(struct irc_puppet *p);

/* ---- moderate.c ---------------------------------------------------- */

/* Run a command of an account about a channel. */
void irc_moderate(struct irc *irc, struct request *r);

/* What the network tells an account about a person. */
void irc_card(struct irc *irc, struct request *r);

/* True if the line is an answer to what such a command sent. */
bool irc_task_line(struct irc_puppet *p, const struct irc_line *line);

/* The connection is gone: nobody answers any more, and whoever waits is told;
 * or was told already. */
void irc_tasks_lost(struct irc_puppet *p);
void irc_tasks_drop(struct irc_puppet *p);

/* ---- list.c -------------------------------------------------------- */

/* Run the command that lists the network's channels, for an account. */
void irc_list(struct irc *irc, struct request *r);

/* True if the line is of the answer. */
bool irc_list_line(struct irc_puppet *p, const struct irc_line *line);

/* As irc_tasks_lost() and irc_tasks_drop(). */
void irc_list_lost(struct irc_puppet *p);
void irc_list_drop(struct irc_puppet *p);

/* ---- watch.c ------------------------------------------------------- */

/* The server has said all that it says to who comes. */
void irc_watch_ready(struct irc_puppet *p);

/* A line that may tell how somebody is; others look at it, too. True if it
 * answers what we asked. */
bool irc_watch_line(struct irc_puppet *p, const struct irc_line *line);

/* The connection is gone, with these words: nobody knows anything now. */
void irc_watch_lost(struct irc_puppet *p, const char *why);

/* ---- raw.c --------------------------------------------------------- */

/* True if the line may be an answer to what its owner wrote. */
bool irc_raw_answers(const struct irc_puppet *p, const struct irc_line *line);

/* Run the command that sends one that its owner has written, for an account:
 * answered with what the server says to it, if that bears our label. */
void irc_raw_command(struct irc *irc, struct request *r);

/* A line that may be of such an answer. True if it is nothing but that. */
bool irc_raw_line(struct irc_puppet *p, const struct irc_line *line);

/* As irc_tasks_lost() and irc_tasks_drop(). */
void irc_raw_lost(struct irc_puppet *p);
void irc_raw_drop(struct irc_puppet *p);

/* ---- settings.c ---------------------------------------------------- */

/* The nick that who comes in is to have: the owner's choice, or theirs. */
const char *irc_account_want(const struct irc *irc, const struct occupant *o);

/* What its owner has set goes into what it registers with, and how it gets
 * to the server. */
void irc_account_identify(struct irc_puppet *p, struct irc_identity *id);
void irc_account_route(struct irc_puppet *p, struct irc_identity *id,
		       struct irc_route *route);

/* What its owner has set that holds at once, also in the middle. */
void irc_account_tune(struct irc_puppet *p);

/* It has registered: say what its owner wants to be said first. */
void irc_account_begin(struct irc_puppet *p);

/* What it holds of all that. */
void irc_account_free(struct irc_puppet *p);

/* ---- account.c ----------------------------------------------------- */

/* A line on its connection, if it is an account's. True if nothing else is to
 * be done with it. */
bool irc_account_line(struct irc_puppet *p, const struct irc_line *line);

/* What a line says to whom it came, as a client would show it: all parameters
 * but their own nick. Appended, in the bytes of the server. */
void irc_numeric_words(struct str *out, const struct irc_line *line);

/* Such bytes, in the session's charset, as UTF-8 without format codes;
 * appended. */
void irc_session_words(const struct session *s, struct str *out,
		       const char *words);

/* An error that nothing else is made of: its owner reads it. */
void irc_account_error(struct irc_puppet *p, const struct irc_line *line);

/* True if it did not come up for its nick alone. */
bool irc_account_nick_refused(const struct irc_puppet *p);

/* What the end of a connection means for those who wanted to come in. */
enum refusal irc_account_refusal(const struct irc_puppet *p,
				 enum session_end how);

/* ---- nicks.c ------------------------------------------------------- */

/* From now on the puppet goes by this nick. */
void irc_nick_list(struct irc_puppet *p, const char *nick);

/* The server compares names in another way than we thought. */
void irc_nicks_refold(struct irc *irc);

/* It goes by none; but the listener does not know that yet. */
void irc_nick_retire(struct irc_puppet *p);

/* ---- moment.c ------------------------------------------------------ */

/* That occupant of it is writing something, or not any more. */
void irc_tell_typing(struct irc_puppet *p, const struct occupant *o);

/* ---- persona.c: the caller frees what these return ----------------- */

/* The nick to ask for at this attempt, 0 being the one it should have. */
char *irc_persona_nick(const struct irc_puppet *p, unsigned attempt);

/* User name and real name from the templates of the configuration. */
char *irc_persona_user(const struct irc_puppet *p);
char *irc_persona_realname(const struct irc_puppet *p);

/* The text of AWAY; NULL if it is not away. */
char *irc_persona_away(const struct irc_puppet *p);

#endif
