/* SPDX-License-Identifier: MIT */
#ifndef MAPPINGS_IDENTITIES_H
#define MAPPINGS_IDENTITIES_H

/*
 * Who is who: a sender is a person or device on one network, a puppet is a
 * sender shown on another network under a native name.
 */

#include <stdint.h>

struct db;

/* Finds or makes the sender; updates name and account (NULL keeps it). */
int sender_put(struct db *db, int64_t network, const char *native_id,
	       const char *name, const char *account, int64_t *id);

/*
 * Finds or makes the puppet of sender on network; a native that is not NULL
 * is kept. -EEXIST if another sender's puppet there has that native name: a
 * name is never handed to somebody else while its owner is remembered.
 */
int puppet_put(struct db *db, int64_t sender, int64_t network,
	       const char *native, int64_t active_ms, int64_t *id);

/* The native name that the puppet had last; NULL if none; caller frees. */
char *puppet_native(struct db *db, int64_t sender, int64_t network);

struct puppet_row {
	int64_t id, sender;
	const char *origin;    /* label of the sender's network */
	const char *sender_id; /* native id there */
	const char *name;      /* name there */
	const char *native;    /* name here, or NULL */
	int64_t active_ms;
};

/* The most recently active puppets of a network first, at most limit. */
int puppet_each(struct db *db, int64_t network, unsigned limit,
		void (*fn)(void *arg, const struct puppet_row *row), void *arg);

#endif
