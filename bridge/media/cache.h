/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_MEDIA_CACHE_H
#define BRIDGE_MEDIA_CACHE_H

/*
 * Files on disk, bounded: when there is no room, those that were used longest
 * ago go. What they are called in the folder are numbers of ours; no name that
 * anybody gave one comes near a path. Nothing here is worth an fsync: what is
 * lost is fetched again, and what was not finished is removed at the start.
 */

#include <stddef.h>
#include <stdint.h>

struct cache;
struct cache_part;
struct error;

struct cache_options {
	const char *folder; /* made if it is not there, for us alone */
	int64_t bytes_max;  /* of all files together, also unfinished ones */
	int64_t file_max;
};

/* Which file: what it is, and for which message it is kept (or 0). */
struct cache_key {
	uint64_t tag;
	unsigned char item[16];
};

/* NULL, with the reason, if the folder cannot be used. */
struct cache *cache_new(const struct cache_options *options, struct error *err);

/* Accepts NULL. No part may be open. */
void cache_free(struct cache *c);

/* from: what the item is called, and who calls it so. */
void cache_key_make(struct cache_key *key, uint64_t tag, const char *from,
		    const char *item);

/* A descriptor for reading, which the caller closes, or -1; and its size. */
int cache_open(struct cache *c, const struct cache_key *key, int64_t *size);

/* A new file, or NULL and errno. */
struct cache_part *cache_begin(struct cache *c, const struct cache_key *key);

/* 0, or -errno: -EFBIG is more than file_max, -ENOSPC that nothing can go. */
int cache_add(struct cache_part *part, const void *bytes, size_t n);

/* It is whole. 0, or -errno. Either way part is gone. */
int cache_finish(struct cache_part *part);

/* It never will be. Accepts NULL. */
void cache_drop(struct cache_part *part);

/* Remove all files of that message. */
void cache_forget(struct cache *c, uint64_t tag);

/* Bytes of all files. */
int64_t cache_bytes(const struct cache *c);

#endif
