/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_IRC_H
#define PROTOCOLS_IRC_IRC_H

/*
 * What the files of this adapter share; nobody else includes it.
 *
 * One network is one listener connection, which enters the channels and hears
 * everything, and one connection for each puppet, which speaks and hears only
 * what is said to its own nick.
 *
 *     irc.c       the ops table and the life of the network
 *     listener.c  what the listener's lines mean
 *     portal.c    channels that are heard through accounts
 *     share.c     the listener, where they hear channels of links
 *     view.c      what a line of a hearing connection means
 *     channel.c   who is in the channels, their topics
 *     people.c    who is who through nick changes
 *     hear.c      what people say, as events
 *     catchup.c   what was said while we were away
 *     silence.c   channels that fell silent
 *     keys.c      what it takes to enter them
 *     puppets.c   the connections of the puppets
 *     seats.c     the channels that they are in
 *     account.c   those of gateway users, what is theirs alone
 *     raw.c       commands as people write them
 *     watch.c     who is online of those whom they follow
 *     settings.c  what gateway users may set, and what follows from it
 *     persona.c   what puppets are called
 *     nicks.c     which nicks are ours
 *     send.c      deliveries: lines out, in order
 *     moment.c    who is writing
 *     confirm.c   deliveries: shown, refused, or nobody knows
 *     bounce.c    telling authors what failed
 *     session.c   one connection; dial.c its socket
 */

#include "bridge/hash.h"
#include "bridge/loop.h"
#include "bridge/protocol.h"
#include "protocols/irc/casemap.h"
#include "protocols/irc/ident.h"
#include "protocols/irc/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct absence;
struct batch;
struct channel_key;
struct irc_channel;
struct irc_puppet;
struct portal;
struct irc_user;
struct watcher;
struct sending;
struct str;

/* Says which message a relayed line is; bridge/origin.h. */
#define IRC_ORIGIN_TAG "causeway/origin"

/* At most one answer or notice in so long; see irc_may_answer(). */
struct throttle {
	int64_t next_ms;
	unsigned suppressed;
};

/* What a session has under way; see send.c. */
struct speaker {
	struct session *session;
	struct timer barrier_timer;
	struct sending *said, **said_end; /* in the order they were begun */
	unsigned unsettled;
	unsigned labels;    /* used so far */
	int64_t overdue_ms; /* PONG should have come by then */
};

/*
 * What one connection sees: the channels that it hears for the bridge, and the
 * people in them. The listener has one; so has each portal channel, whose
 * session is that of the account that was chosen to hear it.
 */
struct view {
	struct irc *irc;
	struct session *session;      /* NULL: nobody hears at the moment */
	struct irc_channel *channels; /* by folded name */
	struct irc_user *users_by_nick, *users_by_id;
	size_t n_strangers;    /* users who share no channel with us */
	struct batch *batches; /* open ones */
	bool polled; /* no away-notify: WHO is asked again and again */
};

struct irc {
	struct network net;
	struct ident_member ident; /* tells servers who has connected */
	const struct conf_irc *conf;
	struct loop *loop;
	struct wire wire;

	struct session listener;
	struct speaker speaker; /* the listener's */
	struct irc_isupport isupport;
	bool up;     /* bridge_network_up() was called */
	bool learnt; /* what the server says about itself */
	struct timer welcome_timer, regain_timer, poll_timer, silence_timer;
	struct throttle ctcp, query; /* answers to strangers */
	struct absence *absences;    /* channels we were in; by number */
	struct channel_key *keys;    /* learnt; by number of the channel */

	struct view view; /* the listener's */
	struct irc_channel *directs;
	struct portal *portals; /* by number of the channel */
	struct portal *shared;  /* of these, by folded name */
	struct bouncer *bouncers;

	struct irc_puppet *puppets;
	struct irc_puppet *puppets_by_nick;
	struct irc_puppet *puppets_by_person;
	struct former *formers;     /* nicks that were ours a moment ago */
	struct own_nick *own_nicks; /* all that ever were; by folded nick */
	struct watcher *watchers;   /* by person; watch.c */
	struct timer gate_timer;    /* the listener may connect */
	struct timer connect_timer; /* the next puppet may connect */
	bool stopping;
	enum session_end stopped_how;
	char *stopped_why;
};

extern const struct protocol irc_protocol;

/* What a gateway user may set, and whether; see settings.c. */
extern const struct setting irc_settings[];
const char *irc_may_set(struct network *net, const struct setting *setting,
			const char *value);

/* The setting that holds the client certificate of its owner. */
#define IRC_CERTIFICATE "certificate"

/* operate.c: hooks; and what may be asked. */
extern const struct command irc_commands[];
void irc_command(struct network *net, struct request *r);
bool irc_offers(struct network *net, const struct command *command,
		const struct command_place *place);
void irc_expel(struct network *net, const char *origin, const char *sender_id,
	       const char *words);

struct irc *irc_from(struct network *net);

/* True at most once each interval; counts what it denies. */
bool irc_may_answer(struct irc *irc, struct throttle *t, int64_t interval_ms);

/* True if the nick is the listener's or a puppet's. */
bool irc_is_us(struct irc *irc, const char *nick);

/* The server's words in valid UTF-8, without formatting; for people. */
const char *irc_words(struct irc *irc, struct str *out, const char *text);

/* bridge's word for a session's end. */
enum down_reason irc_down_reason(enum session_end how);

/* 0 if a connection to the server may be begun, else how long to wait. */
int64_t irc_gate_pass(struct irc *irc);

/* While stopping: a session has closed. */
void irc_closed(struct irc *irc);

/* ---- listener.c ---------------------------------------------------- */

void irc_listener_line(struct irc *irc, const struct irc_line *line);

/* The MOTD is over, or does not come: the network is up. */
void irc_listener_welcome(struct irc *irc);

/* What a numeric means that refuses a JOIN. */
struct join_refusal {
	unsigned numeric;
	enum down_reason why;
	enum refusal refusal;
	const char *text;
};

/* NULL if it is not one of those. */
const struct join_refusal *irc_join_refusal(unsigned numeric);

/* The listener cannot enter ch, and nobody else of ours is there. */
void irc_join_refused(struct irc *irc, struct channel *ch,
		      const struct join_refusal *r);

/* ---- catchup.c ----------------------------------------------------- */

/* We are not in the channel any more, which we heard on that connection (NULL:
 * it was left just now), or about to forget it altogether. */
void irc_absence_begins(struct irc *irc, const struct channel *ch,
			const struct session *heard_by);
void irc_absence_over(struct irc *irc, const struct channel *ch);
void irc_absences_free(struct irc *irc);

/* ---- keys.c -------------------------------------------------------- */

/* The key to enter the channel with; NULL: none. Valid until it changes. */
const char *irc_key_of(struct irc *irc, const struct channel *ch);

/* It was not the right one. True if there is another to try. */
bool irc_key_failed(struct irc *irc, const struct channel *ch);

/* The channel is forgotten; all are. */
void irc_key_forget(struct irc *irc, const struct channel *ch);
void irc_keys_free(struct irc *irc);

/* ---- silence.c ----------------------------------------------------- */

/* From now on ask whether we are still in channels that are silent. */
void irc_silence_watch(struct view *v);

/* A line came: the channel that it is about is not silent. */
void irc_silence_broken(struct view *v, const struct irc_line *line);

/* ---- puppets.c ----------------------------------------------------- */

void irc_puppet_join(struct network *net, struct occupant *o);
void irc_puppet_leave(struct network *net, struct occupant *o,
		      const char *reason);
void irc_puppet_update(struct network *net, struct occupant *o,
		       unsigned changes);

/* No nick that came in a line is longer, folded or not. */
#define IRC_NICK_BYTES IRC_BODY_MAX

/* A copy of name, folded as the server does. The caller's to free. */
char *irc_folded(struct irc *irc, const char *name);

/* The puppet that goes by nick, or NULL. */
struct irc_puppet *irc_puppet_find(struct irc *irc, const char *nick);

/*
 * The connections of puppets and the listener's are read in no order: when a
 * puppet has changed its nick or has quit, lines under its old nick may still
 * be on their way to the listener. So a nick stays one of ours until the
 * listener, too, was told; it tells us by irc_nick_seen(). nick is the new
 * one, or NULL for QUIT.
 */
bool irc_was_us(struct irc *irc, const char *nick);
void irc_nick_seen(struct irc *irc, const char *old, const char *nick);
void irc_formers_free(struct irc *irc);

/*
 * True if what somebody of that nick said at that time (UTC) was said by one
 * of us, as far as this process can know: it remembers which nicks its puppets
 * and its listener had, and when.
 */
bool irc_was_us_at(struct irc *irc, const char *nick, int64_t when_ms);
void irc_own_nick_begins(struct irc *irc, const char *nick);
void irc_own_nick_ends(struct irc *irc, const char *nick);

/* Whose connection that is, as the operator names people (not as they do); to
 * be freed; NULL: none. */
char *irc_puppets_ident(struct irc *irc, const struct ident_query *query);

/* Where the puppet speaks; NULL while its connection is not up. */
struct speaker *irc_puppet_speaker(struct occupant *o);
struct speaker *irc_puppet_speaks(struct irc_puppet *p);
struct session *irc_puppet_session(struct irc_puppet *p);

/* The key of that person's; the caller frees it. */
char *irc_person_key(const char *origin, const char *sender_id);

/* Who stands for that person, or NULL. */
struct irc_puppet *irc_puppet_of(struct irc *irc, const char *origin,
				 const char *sender_id);

/* True if it is the connection of a gateway user. */
bool irc_puppet_is_account(const struct irc_puppet *p);

/* A delivery of this speaker was settled. */
void irc_puppet_settled(struct irc *irc, struct speaker *sp);

/* A channel is lost: its occupants are absent, without further calls. */
void irc_puppets_lost(struct irc *irc, struct channel *ch);

/* The bridge left it: so do they. */
void irc_puppets_leave(struct irc *irc, struct channel *ch);

/* Let the puppets whose time has come connect. */
void irc_puppets_wake(struct irc *irc);

/* Say goodbye with all of them, and tell how many will call irc_closed(); or
 * drop all of them at once. */
size_t irc_puppets_stop(struct irc *irc, const char *reason);
void irc_puppets_drop(struct irc *irc);

/* ---- raw.c --------------------------------------------------------- */

/* The sender id of the server, and whether a name is that of a server. */
const char *irc_server_id(const struct irc *irc);
bool irc_is_server(const struct irc *irc, const char *name);

/* What somebody says to the server is a command; settles d. p: whose
 * connection it goes on, or NULL. */
void irc_raw_send(struct irc *irc, struct delivery *d, struct irc_puppet *p);

/* ---- watch.c ------------------------------------------------------- */

void irc_watch(struct network *net, struct contact *contact);
void irc_unwatch(struct network *net, struct contact *contact);

/* Nobody is watched any more. */
void irc_watches_drop(struct irc *irc);

/* ---- send.c, confirm.c, bounce.c ----------------------------------- */

void irc_speaker_init(struct speaker *sp, struct session *session);

void irc_send(struct network *net, struct delivery *d);

/* The nick of that person, by sender id, now; NULL: nobody can have it. The
 * caller's to free. */
char *irc_direct_target(struct irc *irc, const char *id);

/* The listener saw what one of us said in a channel. */
void irc_sighted(struct irc *irc, const struct irc_line *line);

/* A line came to a speaking session that may settle something: an echo, a
 * labelled answer, PONG, an error. True if it was about a delivery. */
bool irc_settles(struct irc *irc, struct speaker *sp,
		 const struct irc_line *line);

/* A line of a delivery was written. */
void irc_sending_written(struct irc *irc, void *cookie);

/* The session is gone: give back what it had under way, and what follows. */
void irc_speaker_lost(struct irc *irc, struct speaker *sp, const char *why);

/* The channel is gone: forget its deliveries; they are given back already. */
void irc_sendings_drop(struct irc_channel *c);

void irc_bounce(struct network *net, struct channel *ch, const struct event *ev,
		const char *why);
void irc_bouncers_free(struct irc *irc);

#endif
