/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_CHANNEL_H
#define PROTOCOLS_IRC_CHANNEL_H

/*
 * What we know about the channels that one connection hears: members with their
 * ranks, the topic; and about the people, who are shared by all its channels.
 *
 * A person's id is the folded nick under which we first saw them and stays
 * with them through nick changes. If that id is still somebody's (who took
 * another nick since), "#2", "#3", ... is appended: no nick can hold a "#".
 *
 * We are nobody here: neither the listener nor a puppet is ever a member.
 */

#include "bridge/hash.h"
#include "bridge/protocol.h"
#include "protocols/irc/irc.h"
#include "protocols/irc/line.h"

struct catchup;
struct sending;

struct irc_user {
	char *nick;    /* as the server writes it */
	char *folded;  /* key */
	char *id;      /* key; valid UTF-8 */
	char *name;    /* the nick in valid UTF-8 */
	char *account; /* or NULL */
	char *real;    /* name, valid UTF-8; or NULL */
	enum presence_show show;
	unsigned channels; /* of ours that they are in */
	UT_hash_handle by_nick, by_id;
};

struct member {
	struct irc_user *user;
	unsigned prefixes; /* bit i: prefix_modes[i] of the isupport */
	bool named;        /* in the list of names that is coming */
	UT_hash_handle hh;
};

enum irc_channel_state {
	IRC_CHANNEL_JOINING, /* JOIN was sent */
	IRC_CHANNEL_NAMES,   /* we are in; the names are coming */
	IRC_CHANNEL_CATCHUP, /* all were named; the history is coming */
	IRC_CHANNEL_JOINED,
};

struct irc_channel {
	struct view *view;
	struct channel *channel;
	char *folded; /* key */
	enum irc_channel_state state;
	struct member *members;
	char *topic, *topic_by; /* NULL if none, or not known */
	int64_t topic_ms;       /* when it was set (UTC); 0: not known */
	struct sending *sendings, **sendings_end; /* see send.c; in order */
	struct catchup *catchup;                  /* NULL unless under way */
	int64_t heard_ms;  /* anything last, or when it was asked about */
	bool asked, found; /* are we in? The answer so far */
	bool recount;      /* all are named once more */
	UT_hash_handle hh;
};

/* What those prefixes let somebody do. */
enum rank irc_rank_of(const struct irc *irc, unsigned prefixes);

/* One of us has these prefixes in the channel now, of those in mask. */
void irc_own_modes(const struct irc_channel *c, const char *nick,
		   unsigned prefixes, unsigned mask);

/* ---- view.c -------------------------------------------------------- */

void irc_view_init(struct view *v, struct irc *irc, struct session *session);

/* Forget all channels and all people. */
void irc_view_clear(struct view *v);

/* A line of the view's session; false if it says nothing about channels. */
bool irc_view_line(struct view *v, const struct irc_line *line);

/* ---- channels and people ------------------------------------------- */

/* Made for ch, and kept in ch->data, until freed. */
struct irc_channel *irc_channel_new(struct view *v, struct channel *ch);
void irc_channel_free(struct irc_channel *c);

/* Those with one person. */
void irc_directs_free(struct irc *irc);

/* The server compares names in another way than we thought. */
void irc_channel_refold(struct irc_channel *c);

/* A room by its name on the wire, or NULL. */
struct irc_channel *irc_channel_find(struct view *v, const char *name);

struct irc_user *irc_user_find(struct view *v, const char *nick);
struct irc_user *irc_user_find_id(struct view *v, const char *id);

/* The same, made if need be. */
struct irc_user *irc_user_see(struct view *v, const char *nick);

void irc_user_set_account(struct irc_user *u, const char *account);

/* Their real name, as the server writes it. */
void irc_user_set_real(struct view *v, struct irc_user *u, const char *real);

/*
 * The user who sent this line; its account from the account-tag. NULL if the
 * source is a server or one of us.
 */
struct irc_user *irc_user_of_line(struct view *v, const struct irc_line *line);

/* They go by another nick now; the id stays. */
void irc_user_rename(struct view *v, struct irc_user *u, const char *nick);

/* They are on the network no more: report it everywhere, and forget them. */
void irc_user_gone(struct view *v, struct irc_user *u);

/* Drop a stranger who has nothing to do with us any more. */
void irc_user_release(struct view *v, struct irc_user *u);

/* An event in c about u, at the current time; c is NULL for a direct one. */
struct event *irc_user_event(struct view *v, enum event_kind kind,
			     const struct irc_channel *c,
			     const struct irc_user *u);

/* A time in seconds (UTC), as numerics have it, in ms; 0 if it is none. */
int64_t irc_seconds_ms(const char *text);

/* The time of the line: server-time's, or now. */
int64_t irc_line_time(struct irc *irc, const struct irc_line *line);

/*
 * The list of names will come again: what differs from what was reported is
 * reported when it is complete.
 */
void irc_names_again(struct irc_channel *c);

/* Everybody was named: report them. */
void irc_names_complete(struct irc_channel *c);

/* Nobody hears the channel any more: report everybody gone. */
void irc_channel_vacate(struct irc_channel *c);

/* Ask who is away; everywhere, or there. */
void irc_ask_who(struct irc_channel *c);

/* Ask who is away, where the server does not tell by itself. */
void irc_poll_away(struct view *v);

/* ---- catchup.c ----------------------------------------------------- */

/*
 * Everybody was named: fetch what was said since, or say that it cannot be;
 * then the channel is joined.
 */
void irc_catch_up(struct irc_channel *c);

/* The channel is freed. */
void irc_catch_up_drop(struct irc_channel *c);

/* What is said meanwhile waits. Takes the reference. */
void irc_catch_up_hold(struct irc_channel *c, struct event *ev);

/* True if the line is part of a history; then it was dealt with. */
bool irc_catch_up_line(struct view *v, const struct irc_line *line);

/* FAIL, as standard-replies has it. */
void irc_on_fail(struct view *v, const struct irc_line *line);

void irc_on_batch(struct view *v, const struct irc_line *line);
void irc_batches_free(struct view *v);

/* True if the line is part of a batch of that type. */
bool irc_in_batch(const struct view *v, const struct irc_line *line,
		  const char *type);

/*
 * Where to go on after the line: "msgid|ms", either as the server says, or
 * "" and our own time. Lives as long as ev.
 */
const char *irc_cursor(struct view *v, struct event *ev,
		       const struct irc_line *line);

/* ---- silence.c ----------------------------------------------------- */

/* The answer to our question is complete. */
void irc_silence_answered(struct irc_channel *c);

/* The server says that we are not in, or that there is no such channel. */
void irc_silence_denied(struct view *v, const struct irc_line *line);

/* ---- keys.c -------------------------------------------------------- */

/* Somebody gave the channel that key, or took it away (NULL). */
void irc_key_changed(struct irc_channel *c, const char *key);

/* ---- what lines do to channels ------------------------------------- */

void irc_on_join(struct view *v, const struct irc_line *line);
void irc_on_part(struct view *v, const struct irc_line *line);
void irc_on_kick(struct view *v, const struct irc_line *line);
void irc_on_quit(struct view *v, const struct irc_line *line);
void irc_on_nick(struct view *v, const struct irc_line *line);
void irc_on_modes_are(struct view *v, const struct irc_line *line);
void irc_on_mode(struct view *v, const struct irc_line *line);
void irc_on_away(struct view *v, const struct irc_line *line);
void irc_on_away_is(struct view *v, const struct irc_line *line);
void irc_on_account(struct view *v, const struct irc_line *line);
void irc_on_setname(struct view *v, const struct irc_line *line);
void irc_on_topic(struct view *v, const struct irc_line *line);
void irc_on_topic_is(struct view *v, const struct irc_line *line);
void irc_on_topic_by(struct view *v, const struct irc_line *line);
void irc_on_names(struct view *v, const struct irc_line *line);
void irc_on_names_end(struct view *v, const struct irc_line *line);
void irc_on_who(struct view *v, const struct irc_line *line);
void irc_on_whox(struct view *v, const struct irc_line *line);

#endif
