/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_CONTACT_H
#define BRIDGE_CONTACT_H

/*
 * Contacts: somebody of one network follows a person (or a device) of another,
 * and sees whether that one can be reached.
 *
 *     their network                core                 the person's network
 *     bridge_follow()       ->   on disk
 *     bridge_here(true)     ->           ->             ops.watch()
 *     ops.contact()         <-           <-             bridge_contact()
 *     bridge_here(false)    ->           ->             ops.unwatch()
 *     bridge_unfollow()     ->   forgotten
 *
 * Whom somebody follows survives restarts: each time the follower's network is
 * up, ops.contact() tells every contact once, as not known, so that its adapter
 * can find out who is here. Only for those who are here is anybody watched.
 *
 * Where people have accounts (CAN_ACCOUNT), the follower has a puppet there in
 * the direct channel with that person, for as long as the contact is watched;
 * but not for a contact that is passive.
 */

#include "bridge/event.h"

#include <stdbool.h>

struct network;

/* One person, followed by one. */
struct contact {
	struct network *network; /* the person's */
	const char *person;      /* sender id there, as resolve() writes it */
	struct address follower;
	/* Set by watch(): this is no person but their network, which tells
	 * whether the follower is connected, and connects nobody. */
	bool passive;
	void *data; /* the adapter's own */
};

struct availability {
	bool known;  /* anything; else the rest means nothing */
	bool online; /* can be reached now */
	enum presence_show show;
	const char *status; /* in words; may be NULL */
};

/* ---- for the person's network -------------------------------------------- */

/* As it is now; of a contact that is watched. Repeats do no harm. */
void bridge_contact(struct contact *contact, const struct availability *a);

/* ---- for the followers' network ------------------------------------------ */

#define CONTACTS_MAX 500 /* of one follower */

/*
 * From now on follower follows that person, written in whatever way; person
 * and network are what ops.contact() will tell. NULL, or in words why not.
 * Doing it again tells how things are once more.
 */
const char *bridge_follow(struct network *net, const struct sender *follower,
			  const struct address *person);
void bridge_unfollow(struct network *net, const char *follower,
		     const struct address *person);

/* True if follower follows that person. */
bool bridge_follows(struct network *net, const char *follower,
		    const struct address *person);

/*
 * Blocking. What that person says is not for who blocks them: private words are
 * taken and told nobody, the adapter leaves out what is said in rooms, and
 * words to them come back. It is on disk; who is one of net's people.
 */
#define BLOCKS_MAX 500 /* by one */

/* NULL, or in words why not; blocking somebody again changes nothing. */
const char *bridge_block(struct network *net, const char *who,
			 const struct address *person);
void bridge_unblock(struct network *net, const char *who,
		    const struct address *person);

/* The same without doing it. */
const char *bridge_may_block(struct network *net, const char *who,
			     const struct address *person);

/* Calls fn for each whom who blocks; who must not unblock anybody meanwhile. */
void bridge_blocked(struct network *net, const char *who,
		    void (*fn)(void *arg, const struct address *person),
		    void *arg);

/* True if reader, or, if that is NULL, anybody at all blocks that person. */
bool bridge_blocks(struct network *net, const char *reader, const char *network,
		   const struct sender *person);

/* Whether that follower, by sender id, wants to know. At first nobody does. */
void bridge_here(struct network *net, const char *follower, bool here);

#endif
