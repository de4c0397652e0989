/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_FAKE_H
#define TESTS_SUPPORT_FAKE_H

/*
 * A protocol without a network.
 *
 * A world is one imagined network: the people in its channels, and a
 * transcript of what the bridge did there. It outlives the adapter, as a real
 * server outlives us, so that a test can crash the bridge and start it again.
 * The adapter (fake_protocol) finds its world through the configuration that
 * it is made from, world_conf().
 *
 * What the bridge does is written down, one line a delivery:
 *
 *     #lobby ann: hello          said by ann's puppet
 *     #lobby ann* waves          an action
 *     #lobby ann- beep           a notice
 *     #lobby <ann> hello         relayed by the listener
 *     #lobby ann topic "new"     a topic
 *     #lobby ann edits f3: text  natively, as ids say
 *     #lobby ann replies f3: x
 *     bob ann: psst              a private word to bob
 *     bounce ann: why            the author was told
 *     #x: ann is in as ann       how one in a hosted room fares
 *     #x (ann): hello            shown in a hosted room when accepted
 *     ann sees i:joe away: lunch  whom ann follows
 *     watch joe for ann          somebody is watched; "unwatch" likewise
 */

#include "bridge/protocol.h"
#include "conf/conf.h"

#include <stdbool.h>
#include <stddef.h>

extern const struct protocol fake_protocol;

struct fake_person;
struct fake_place;
struct world;
struct fake;

/* How the next deliveries end. */
enum fake_mood {
	FAKE_CONFIRMS, /* at once */
	FAKE_HOLDS,    /* keeps them unsettled until world_confirm() */
	FAKE_REFUSES,
	FAKE_DELAYS, /* bridge_later() */
};

/* In which hook the connection breaks, the next time it is called. */
enum fake_trap {
	FAKE_NO_TRAP,
	FAKE_TRAP_JOIN,
	FAKE_TRAP_SEND,
	FAKE_TRAP_PUPPET_JOIN,
	FAKE_TRAP_PUPPET_LEAVE,
	FAKE_TRAP_PUPPET_UPDATE,
	FAKE_TRAP_BOUNCE,
};
#define FAKE_TRAPS (FAKE_TRAP_BOUNCE + 1)

/* What a test may want to see of the hooks, besides the transcript. */
struct fake_watch {
	void (*accepted)(struct world *w, const struct event *ev);
	void (*shown)(struct world *w, const struct delivery *d);
	void (*confirmed)(struct world *w, const struct delivery *d);
	void (*refused)(struct world *w, const struct delivery *d);
	/* given back, or lost with the channel or the connection */
	void (*unsettled)(struct world *w, const struct delivery *d);
	void (*bounced)(struct world *w, const struct event *ev,
			const char *why);
	/* the last who heard was let go, and the listener had not been asked
	 * in, or had not answered */
	void (*deafened)(struct world *w, const struct channel *ch);
};

struct world {
	const char *label;
	unsigned caps;
	unsigned receipts; /* enum conf_receipts */
	bool asking;       /* private words ask to be told when they arrived */
	struct limits limits;
	bool dead; /* start() ends in DOWN_UNREACHABLE */
	enum fake_mood mood;
	const char *why;   /* of a refusal */
	char *barred;      /* a puppet name that may not come in, or NULL */
	bool slow_puppets; /* puppets come in by world_admit() only */
	bool crowded;      /* ... or when they are awaited */
	bool slow_start;   /* connections come up by world_connect() only */
	bool shows_late;   /* what is held appears when it is confirmed */
	bool stalled;      /* start() and stop() are never answered */
	bool slow_join;    /* channels are entered by world_enter() only */
	enum fake_trap trap;
	enum pressure pressure; /* as the bridge last said */
	const char *wants;      /* how texts for it begin; NULL: anyhow */
	bool stamps; /* events tell the time of loop, if there is one */
	struct loop *loop;
	const struct fake_watch *watch; /* all of it, or NULL */
	void *arg;                      /* the watcher's */
	unsigned upcalls;               /* running; no hook may be called */
	struct fake_place *places;
	char **lines; /* transcript not yet read */
	size_t n_lines;
	unsigned next_id;
	struct fake *fake; /* the adapter while there is one */
	/* It stands for hosts, each a world of its own: */
	struct world *hosts, *next_host;
	struct conf_irc irc;
	struct conf_hosts permit;
	const char *allow[1], *deny[1];
};

void world_init(struct world *w, const char *label);
void world_finish(struct world *w);

/* A configured network that is this world; label and w must outlive it. */
struct conf_network world_conf(struct world *w);

/* From now on w stands for hosts that match allow and not deny (or NULL), such
 * as host, which is called by its name. Strings must outlive it. */
void world_template(struct world *w, const char *allow, const char *deny);
void world_host(struct world *w, struct world *host);

/* The oldest line of the transcript, to be freed; NULL if there is none. */
char *world_line(struct world *w);

/* Things that people do. channel is a room; who a sender id. */
void world_join(struct world *w, const char *channel, const char *who);
void world_part(struct world *w, const char *channel, const char *who,
		enum part_kind how, const char *text);
void world_rename(struct world *w, const char *who, const char *name);
void world_presence(struct world *w, const char *who, enum presence_show show,
		    const char *text);

/* A channel has that topic, name or picture now, and nobody says so. */
void world_look(struct world *w, enum event_kind kind, const char *channel,
		const char *text);

/*
 * Raise an event of that kind; the id that it got ("f1", "f2", ...) is written
 * into id if that is not NULL. ref: target or parent, or NULL.
 */
void world_say(struct world *w, enum event_kind kind, unsigned flags,
	       const char *channel, const char *who, const char *text,
	       const char *ref, char id[16]);

/* The same event once more, with the key that it had. */
void world_repeat(struct world *w, const char *channel, const char *who,
		  const char *text, const char *id);

/* The network's history tells that who said it, under that id. */
void world_recall(struct world *w, const char *channel, const char *who,
		  const char *text, const char *id);

/* A private word from who to the person id of that network. */
void world_tell(struct world *w, const char *who, const char *network,
		const char *id, const char *text);

/* The same; under an id, as in world_say(). */
void world_tell_as(struct world *w, const char *who, const char *network,
		   const char *id, const char *text, char as[16]);

/* Who writes, or reads up to ref; place: a channel, or "NETWORK:PERSON". */
void world_moment(struct world *w, enum event_kind kind, unsigned flags,
		  const char *place, const char *who, const char *ref);

/* Ask for the hosted room that stands for far; come in, once it is there. */
void world_knock(struct world *w, const char *room, const char *network,
		 const char *far);
void world_come_in(struct world *w, const char *room, const char *who,
		   const char *password);

/* Set something for the account of who, or write down what is set. */
void world_set(struct world *w, const char *who, const char *network,
	       const char *key, const char *value);
void world_settings(struct world *w, const char *who, const char *network);

/* Follow a person, or not any more; be here to be told, or not. */
void world_follow(struct world *w, const char *who, const char *network,
		  const char *person);
void world_unfollow(struct world *w, const char *who, const char *network,
		    const char *person);
/* Block a person, or not any more. */
void world_block(struct world *w, const char *who, const char *network,
		 const char *person);
void world_unblock(struct world *w, const char *who, const char *network,
		   const char *person);

/* Write down whom who blocks. */
void world_blocked(struct world *w, const char *who);

void world_here(struct world *w, const char *who, bool here);

/* Write down what who may ask there (network "-": of the bridge). */
void world_commands(struct world *w, const char *who, const char *network,
		    const char *name);

/* Ask it; given is "key=value key=value", or NULL for the form. The answer is
 * written down. */
void world_run(struct world *w, const char *who, const char *network,
	       const char *command, const char *given);

/* Writes who is to come back into that room of our own. */
void world_residents(struct world *w, const char *room);

/* Write down the last of what was said in a hosted room. */
void world_past(struct world *w, const char *room, unsigned max);

/* Write down the last of what who may read: of a hosted room, or (network not
 * NULL) of what was said in private with a person. */
void world_read(struct world *w, const char *who, const char *network,
		const char *name, unsigned max);

/* Settle the n oldest deliveries that are held. */
void world_confirm(struct world *w, unsigned n);

/* The adapter gives the oldest one back, and with it its channel's others. */
void world_return(struct world *w);

/* Let in the puppets that wait. */
void world_admit(struct world *w);

/* Let up a connection that waits for it. */
void world_connect(struct world *w);

/*
 * Go on with the channels that are being entered: the first call tells who is
 * there, the second that this was all.
 */
void world_enter(struct world *w);

/* Whether the adapter hears what is said there; whether who is there. */
bool world_listens(struct world *w, const char *channel);
bool world_has(struct world *w, const char *channel, const char *who);

/* The name and status of who, if that person is anywhere; else NULL. */
const char *world_name(struct world *w, const char *who);
const char *world_status(struct world *w, const char *who);

/* Calls fn for each occupant that is in a channel. */
void world_each_puppet(struct world *w,
		       void (*fn)(void *arg, const struct occupant *o),
		       void *arg);

/* The connection breaks, or one channel of it is lost. */
void world_break(struct world *w, enum down_reason why);
void world_kick(struct world *w, const char *channel, enum down_reason why);

/* Throw one puppet out. */
void world_kick_puppet(struct world *w, const char *channel, const char *name,
		       enum down_reason why);

/* "ann, bob (away: lunch)", sorted; to be freed. */
char *world_puppets(struct world *w, const char *channel);

/* The process dies: the adapter forgets everything, and says nothing. */
void world_forget(struct world *w);

#endif
