/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_ACCOUNT_H
#define BRIDGE_ACCOUNT_H

/*
 * Gateway users: what they have set (account.c), whom they follow (contact.c;
 * what adapters see of that is contact.h), whom they block (block.c).
 */

#include <stdbool.h>
#include <stdint.h>

struct account;
struct address;
struct bridge;
struct netlife;
struct setting;

/* One use of that person's account, the caller's to give up again. */
struct account *account_use(struct netlife *home, const char *sender_id);

/* Accepts NULL. */
void account_unuse(struct account *account);

/* Whether what is said in that channel is kept for that person to read. */
bool account_records(struct netlife *home, const char *sender_id,
		     int64_t channel);

/* Whether that person stays in that channel when they leave its room. */
bool account_persists(struct netlife *home, const char *sender_id,
		      int64_t channel);

/* With what that person of home enters the channel of the hosted room with
 * that number: as they have set it, the caller's; or NULL. */
char *account_password(struct netlife *home, const char *sender_id,
		       int64_t channel);

/*
 * What the bridge itself keeps for an account, in the scope of a channel (its
 * number, times -1) under the setting's key; value NULL: nothing.
 */
const char *account_kept(const struct account *account, int64_t scope,
			 const struct setting *setting);
void account_keep(struct account *account, int64_t scope,
		  const struct setting *setting, const char *value);

/* contact.c: who follows whom */

/* Tell, by hooks, what has changed. */
void contacts_work(struct bridge *bridge);

/* That person has a connection less, and may have another. */
void contacts_review(struct netlife *home, const char *follower);

/* That person blocks somebody, or does not any more. */
void contacts_blocked(struct netlife *home, const char *follower,
		      const struct address *person);

/* The network came up, or down. */
void contacts_moved(struct netlife *life);

/* The network that people are watched on is another object now. */
void contacts_renetworked(struct netlife *life);

/* Take up what is on disk. */
void contacts_load(struct bridge *bridge);
void contacts_free(struct bridge *bridge);

/* block.c: whom users do not want to hear */
void blocks_load(struct bridge *bridge);
void blocks_free(struct bridge *bridge);

#endif
