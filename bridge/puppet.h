/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_PUPPET_H
#define BRIDGE_PUPPET_H

/*
 * Who is shown where: a pup is a person of elsewhere on a network, an occ
 * that pup in one room.
 */

#include "bridge/hash.h"
#include "bridge/loop.h"
#include "bridge/protocol.h"

#include <stdbool.h>
#include <stdint.h>

struct moment;
struct netlife;
struct room;

struct pup {
	struct puppet p;
	struct netlife *life; /* where it is shown */
	struct netlife *home; /* where the person is */
	struct sender sender;
	char *key; /* origin label, LF, sender id */
	char *status;
	char *native;
	struct account *account; /* p.account is the same */
	bool counted;            /* in the network's n_counted */
	bool opened;    /* the store knows it, and native is what it knew */
	bool dismissed; /* it is to make room for somebody who speaks */
	bool leaving;   /* a hook runs with it: it must outlive that */
	struct occ *occs;
	int64_t active_ms; /* when it last spoke; 0 if never */
	UT_hash_handle hh;
};

struct occ {
	struct occupant o;
	struct pup *pup;
	struct room *room;
	char *want;
	char *password;
	char *why;        /* it was last out; NULL: never was */
	bool wanted;      /* false: to leave when nothing waits for it */
	bool told;        /* the adapter knows it */
	unsigned queued;  /* items in the room's outbox that it speaks */
	unsigned changes; /* enum puppet_change, not yet passed on */
	char *farewell;   /* what the person said on leaving; NULL if here */
	char *actor;      /* o.actor is the same */
	struct moment *moment; /* typing, receipts; NULL: none yet */
	int64_t since_ms;      /* of the present state */
	unsigned failures;
	struct timer retry;
	bool hears; /* counted in the room's listener.hearers */
	struct occ *next_of_pup;
	struct occ *prev, *next; /* in the room's todo, if marked */
	bool marked;
	UT_hash_handle hh; /* in the room, by pup */
};

/* As network_retry(); also those that were refused. */
unsigned puppets_retry(struct room *room);

/* puppet.c: something that the owner of the account has set is new. */
void puppet_account_changed(struct netlife *life,
			    const struct account *account);

/*
 * Make what is shown in room of the person sender_id of home agree with where
 * that person is now. speaking: there is something to say.
 */
void puppet_sync(struct room *room, struct netlife *home, const char *sender_id,
		 bool speaking);

/* That person leaves: in room, too, it is to be with these words. */
void puppet_farewell(struct room *room, struct netlife *home,
		     const struct event *part, const char *words);

/* The occupant that speaks for sender in room; NULL: nobody does. */
struct occ *puppet_speaker(struct room *room, struct netlife *home,
			   const char *sender_id);

/* A puppet for a private word, whoever is where; NULL if there is no room. */
struct occ *puppet_direct(struct room *room, struct netlife *home,
			  const struct event *ev);

/* The same without anybody making room, or a connection, for it. */
struct occ *puppet_attend(struct room *room, struct netlife *home,
			  const struct event *ev);

/* Something that the hook is to be told of: enum puppet_change. */
void puppet_tell(struct occ *occ, unsigned changes);

/* The same where nothing is to be said. */
void puppet_stand(struct room *room, struct netlife *home,
		  const struct sender *sender);

/* One thing more, or less, waits for this occupant's voice. */
void puppet_queued(struct occ *occ);
void puppet_unqueued(struct occ *occ);

/* Who is shown there, and under what name, may be decided otherwise now. */
void puppets_review(struct room *room);

/* The network that puppets are shown on is another object now. */
void puppets_moved(struct netlife *life);

/* Call the hooks that the occupants of a joined room wait for. */
void puppets_work(struct room *room);

/* Everybody leaves; nothing may wait to be said. */
void puppets_leave(struct room *room);

/* Look again at those who are to leave. */
void puppets_leaving(struct room *room);

/* The room is left: nobody of ours is in it. */
void puppets_lost(struct room *room);

/* Free the room's occupants, and the puppets that were nowhere else. */
void puppets_free(struct room *room);

/* The puppet on life of that person of home, or NULL. */
struct pup *pup_find(struct netlife *life, const struct netlife *home,
		     const char *sender_id);

/* There is something to do for that occupant. */
void occ_mark(struct occ *occ);

#endif
