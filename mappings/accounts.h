/* SPDX-License-Identifier: MIT */
#ifndef MAPPINGS_ACCOUNTS_H
#define MAPPINGS_ACCOUNTS_H

/*
 * The users of a gateway, and what each has set for each network. What is
 * secret comes here sealed: this folder keeps no key.
 */

#include <stdbool.h>
#include <stdint.h>

struct db;

/* Finds or makes the account of that person of network; stores its number. */
int account_put(struct db *db, int64_t network, const char *native_id,
		int64_t when_ms, int64_t *id);

/* One setting. network is the one that it is for; 0 is every network, and the
 * number of a channel, times -1, that channel. */
struct setting_row {
	int64_t network;
	const char *key;
	const char *value;
	bool sealed; /* value is a sealed secret, as text */
};

int setting_put(struct db *db, int64_t account, const struct setting_row *row,
		int64_t when_ms);

/* -ENOENT if it was not set. */
int setting_remove(struct db *db, int64_t account, int64_t network,
		   const char *key);

/* Everything that a person of network has set; strings valid inside. */
int setting_each(struct db *db, int64_t network, const char *native_id,
		 void (*fn)(void *arg, const struct setting_row *row),
		 void *arg);

/* What everybody of network has set under key for that one; likewise. */
int setting_of_each(struct db *db, int64_t network, int64_t for_network,
		    const char *key,
		    void (*fn)(void *arg, const char *native_id,
			       const char *value),
		    void *arg);

/*
 * Somebody of another network, followed by an account. channel is the direct
 * one of that person; written is how the follower writes who it is.
 */
struct contact_row {
	const char *home, *follower, *name; /* network, id and name */
	const char *network, *person;       /* network and id */
	const char *written;
	int64_t channel;
};

/* name may be new; else doing it again changes nothing. */
int contact_put(struct db *db, int64_t account, int64_t channel,
		const char *written, const char *name, int64_t when_ms);

/* -ENOENT if there was none. */
int contact_remove(struct db *db, int64_t account, int64_t channel,
		   const char *written);

/* Whom an account blocks: by the label of a network and the id there. */
struct block_row {
	const char *home, *who; /* label, id */
	const char *network, *person;
};

/* Doing it again changes nothing. */
int block_put(struct db *db, int64_t account, const char *network,
	      const char *person, int64_t when_ms);

/* -ENOENT if there was none. */
int block_remove(struct db *db, int64_t account, const char *network,
		 const char *person);

/* All that there are; strings valid inside. */
int block_each(struct db *db,
	       void (*fn)(void *arg, const struct block_row *row), void *arg);

/* All that there are; strings valid inside. */
int contact_each(struct db *db,
		 void (*fn)(void *arg, const struct contact_row *row),
		 void *arg);

#endif
