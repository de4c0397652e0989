/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_SIEVE_H
#define PROTOCOLS_XMPP_SIEVE_H

/*
 * Drops stanzas out of a stream of bytes, before a parser sees them.
 *
 * Most of what rooms send to a bridge are copies for puppets that nobody
 * reads, and to find that out an XML parser takes ten times as long as it
 * takes to find where a stanza ends. So this knows tags, quotes, comments and
 * CDATA sections, no more (XML 1.0, productions 15 to 43). What it does not
 * understand it passes on; it never judges: whether all is well formed is for
 * the parser to say, but for what was dropped.
 *
 *     while (len) {
 *             size_t n;
 *
 *             switch (sieve_next(&s, true, bytes, len, &n)) {
 *             case SIEVE_PASS: parse(bytes, n); break;
 *             case SIEVE_DROP: break;
 *             case SIEVE_TAG:  look at it, then parse(s.tag.data, s.tag.len)
 *                              or sieve_skip(&s);
 *             }
 *             bytes += n;
 *             len -= n;
 *     }
 */

#include "bridge/str.h"

#include <stdbool.h>
#include <stddef.h>

#define SIEVE_TAG_MAX 8192 /* bytes held of a stanza's first tag */
#define SIEVE_ATTRIBUTES_MAX 16

struct sieve {
	/* The first tag of a stanza, after SIEVE_TAG. */
	struct str tag;
	/* private */
	int state;
	char quote;
	char last;       /* the byte before, within a tag */
	unsigned run;    /* dashes or brackets before, in a comment or CDATA */
	unsigned depth;  /* elements open; the stream is 1 */
	bool holding;    /* the tag is not complete yet */
	bool skipping;   /* until the stanza ends */
	struct str copy; /* of the tag, in words */
};

enum sieve_fate {
	SIEVE_PASS, /* for the parser */
	SIEVE_DROP, /* for nobody, or held */
	SIEVE_TAG,  /* a stanza begins; its tag is in sieve->tag, and held */
};

void sieve_init(struct sieve *s);
/* Accepts what was only zeroed. */
void sieve_finish(struct sieve *s);

/*
 * Tells what becomes of the first *n bytes, of those that follow on what it
 * saw last; len > 0. asking: whether stanzas that begin here may be dropped.
 */
enum sieve_fate sieve_next(struct sieve *s, bool asking, const char *bytes,
			   size_t len, size_t *n);

/*
 * After SIEVE_TAG: the name, and in attributes keys and values in turn, then
 * NULL; valid until the next call. attributes has room for
 * 2 * SIEVE_ATTRIBUTES_MAX + 1. NULL if it is for the parser to tell: what has
 * a prefix or a reference in it, is too long, or no start of an element.
 */
const char *sieve_read_tag(struct sieve *s, const char **attributes);

/* After SIEVE_TAG: drop it, and all of its stanza. */
void sieve_skip(struct sieve *s);

#endif
