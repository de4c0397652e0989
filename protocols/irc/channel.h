/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_CHANNEL_H
#define PROTOCOLS_IRC_CHANNEL_H

/*
 * What we know about the channels that the listener is in: members with their
 * ranks, the topic; and about the people, who are shared by all channels.
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

struct sending;

struct irc_user {
	char *nick;    /* as the server writes it */
	char *folded;  /* key */
	char *id;      /* key; valid UTF-8 */
	char *name;    /* the nick in valid UTF-8 */
	char *account; /* or NULL */
	enum presence_show show;
	unsigned channels; /* of ours that they are in */
	UT_hash_handle by_nick, by_id;
};

struct member {
	struct irc_user *user;
	unsigned prefixes; /* bit i: prefix_modes[i] of the isupport */
	UT_hash_handle hh;
};

enum irc_channel_state {
	IRC_CHANNEL_JOINING, /* JOIN was sent */
	IRC_CHANNEL_NAMES,   /* we are in; the names are coming */
	IRC_CHANNEL_JOINED,
};

struct irc_channel {
	struct irc *irc;
	struct channel *channel;
	char *folded; /* key */
	enum irc_channel_state state;
	struct member *members;
	char *topic, *topic_by; /* NULL if none, or not known */
	struct sending *sendings, **sendings_end; /* see send.c; in order */
	UT_hash_handle hh;
};

/* Made for ch, and kept in ch->data, until freed. */
struct irc_channel *irc_channel_new(struct irc *irc, struct channel *ch);
void irc_channel_free(struct irc_channel *c);

/* All of them, and all people. */
void irc_channels_free(struct irc *irc);

/* A room by its name on the wire, or NULL. */
struct irc_channel *irc_channel_find(struct irc *irc, const char *name);

struct irc_user *irc_user_find(struct irc *irc, const char *nick);
struct irc_user *irc_user_find_id(struct irc *irc, const char *id);

/* The same, made if need be. */
struct irc_user *irc_user_see(struct irc *irc, const char *nick);

void irc_user_set_account(struct irc_user *u, const char *account);

/*
 * The user who sent this line; its account from the account-tag. NULL if the
 * source is a server or one of us.
 */
struct irc_user *irc_user_of_line(struct irc *irc, const struct irc_line *line);

/* They go by another nick now; the id stays. */
void irc_user_rename(struct irc *irc, struct irc_user *u, const char *nick);

/* They are on the network no more: report it everywhere, and forget them. */
void irc_user_gone(struct irc *irc, struct irc_user *u);

/* Drop a stranger who has nothing to do with us any more. */
void irc_user_release(struct irc *irc, struct irc_user *u);

/* An event in c about u, at the current time; c is NULL for a direct one. */
struct event *irc_user_event(struct irc *irc, enum event_kind kind,
			     const struct irc_channel *c,
			     const struct irc_user *u);

/* The time of the line: server-time's, or now. */
int64_t irc_line_time(struct irc *irc, const struct irc_line *line);

/* Ask who is away, where the server does not tell by itself. */
void irc_poll_away(struct irc *irc);

/* ---- what the listener's lines do to channels ---------------------- */

void irc_on_join(struct irc *irc, const struct irc_line *line);
void irc_on_part(struct irc *irc, const struct irc_line *line);
void irc_on_kick(struct irc *irc, const struct irc_line *line);
void irc_on_quit(struct irc *irc, const struct irc_line *line);
void irc_on_nick(struct irc *irc, const struct irc_line *line);
void irc_on_mode(struct irc *irc, const struct irc_line *line);
void irc_on_away(struct irc *irc, const struct irc_line *line);
void irc_on_away_is(struct irc *irc, const struct irc_line *line);
void irc_on_account(struct irc *irc, const struct irc_line *line);
void irc_on_topic(struct irc *irc, const struct irc_line *line);
void irc_on_batch(struct irc *irc, const struct irc_line *line);
void irc_on_topic_is(struct irc *irc, const struct irc_line *line);
void irc_on_topic_by(struct irc *irc, const struct irc_line *line);
void irc_on_names(struct irc *irc, const struct irc_line *line);
void irc_on_names_end(struct irc *irc, const struct irc_line *line);
void irc_on_who(struct irc *irc, const struct irc_line *line);
void irc_on_whox(struct irc *irc, const struct irc_line *line);

#endif
