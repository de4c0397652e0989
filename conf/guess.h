/* SPDX-License-Identifier: MIT */
#ifndef CONF_GUESS_H
#define CONF_GUESS_H

/* "Did you mean ...?" Pure. */

#include <stddef.h>

/*
 * The best of the candidates offered so far. Start with the word, offer every
 * candidate, read best (NULL if none is near enough).
 */
struct guess {
	const char *word;
	const char *best; /* borrowed from the caller of guess_offer() */
	size_t distance;
};

struct guess guess_start(const char *word);
void guess_offer(struct guess *g, const char *candidate);

/*
 * Insertions, deletions, substitutions and swaps of neighbours that make b of
 * a; letters of either case are equal. Words over 63 bytes are infinitely far
 * apart (SIZE_MAX).
 */
size_t guess_distance(const char *a, const char *b);

#endif
