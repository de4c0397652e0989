/* SPDX-License-Identifier: MIT */
#ifndef MAPPINGS_MEMOS_H
#define MAPPINGS_MEMOS_H

/*
 * What adapters want to know again after a restart: texts that mean something
 * only to them, by network, scope and key.
 */

#include <stdint.h>

struct db;

struct memo_row {
	int64_t network;
	const char *scope, *key, *value;
	int64_t when_ms;
};

/* Replaces the one of the same scope and key. 0 or -errno. */
int memo_put(struct db *db, const struct memo_row *row);

/* 0, also if there was none, or -errno. */
int memo_remove(struct db *db, int64_t network, const char *scope,
		const char *key);

/* The max that were written last, oldest first. 0 or -errno. */
int memo_each(struct db *db, int64_t network, const char *scope, unsigned max,
	      void (*fn)(void *arg, const char *key, const char *value),
	      void *arg);

/* Forget all but the newest. 0 or -errno. */
int memos_trim(struct db *db, int64_t network, const char *scope,
	       unsigned keep);

#endif
