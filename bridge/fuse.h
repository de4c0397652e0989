/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_FUSE_H
#define BRIDGE_FUSE_H

/*
 * Does somebody repeat what was said, or does a bridge bring it back? Pure:
 * the caller has the clock.
 *
 * A fuse belongs to one link. It remembers for FUSE_MS what was said in the
 * link's rooms, and takes a text for a copy if another sender says the same
 * within that time and something speaks for a bridge:
 *
 *   - it says so itself (marked; see origin.h);
 *   - "<ann> " stands before it, and ann said it;
 *   - its sender's name is ann's, or ann's with something around it ("ann_",
 *     "ann2", "ann[x]", "(irc) ann"): what bridges make of names;
 *   - it is long (FUSE_LONG bytes) and comes from another room of the link:
 *     people do not type the same sentence twice in ten seconds.
 *
 * Two people who both say "ok" are neither. What remains is a bridge that
 * renames people and says short things: when one sender brings back the same
 * text from another room more than FUSE_STRIKES times within FUSE_MS, the fuse
 * blows for that sender in that room, and for FUSE_BLOWN_MS whatever they say
 * that was said is a copy. Nothing else that they say is held back.
 *
 * Texts are compared by a keyed hash, after "<nick> " and "* " in front of
 * them and differences in white space are gone.
 */

#include "bridge/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUSE_MS 10000
#define FUSE_BLOWN_MS 60000
#define FUSE_STRIKES 3
#define FUSE_LONG 48
#define FUSE_WORDS 128
#define FUSE_SENDERS 16
#define FUSE_NAME_MAX 31

/* Something said. */
struct fuse_word {
	int64_t event; /* its number */
	int64_t room;
	const char *sender; /* id */
	const char *name;
	const char *text;
	bool marked;
	/* Another bridge is known to link these rooms, too: it may have had to
	 * spell the name in another script. */
	bool paired;
};

enum fuse_verdict {
	FUSE_NEW,
	FUSE_COPY,
	FUSE_BLOWS, /* a copy, and the first for which the fuse blows */
};

struct fuse_memory {
	int64_t event, room, when_ms;
	uint64_t text;
	uint64_t sender;
	size_t len;
	uint32_t copied; /* rooms where a copy was seen; a bit each */
	char name[FUSE_NAME_MAX + 1];
};

struct fuse_strike {
	int64_t room, since_ms, blown_until_ms;
	uint64_t sender, text;
	unsigned n;
	char name[FUSE_NAME_MAX + 1];
};

struct fuse {
	struct hash_key key;
	struct fuse_memory memory[FUSE_WORDS];
	size_t next;
	struct fuse_strike strikes[FUSE_SENDERS];
};

/* key: drawn by the caller. */
void fuse_init(struct fuse *f, struct hash_key key);

/*
 * What that is; remembered if it is new. *of is the number of the event that
 * it is a copy of, else 0.
 */
enum fuse_verdict fuse_judge(struct fuse *f, const struct fuse_word *w,
			     int64_t now_ms, int64_t *of);

/* The i-th sender for whom the fuse is blown, NULL after the last. */
const struct fuse_strike *fuse_blown(const struct fuse *f, size_t i,
				     int64_t now_ms);

/* True if two texts are the same but for how they are relayed. */
bool fuse_same_text(const char *a, const char *b);

/* True if one name looks like what a bridge made of the other. */
bool fuse_same_name(const char *a, const char *b);

#endif
