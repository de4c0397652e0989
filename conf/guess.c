/* SPDX-License-Identifier: MIT */
/*
 * guess.c - which known word somebody may have meant: at most two slips of
 * the finger away (Damerau-Levenshtein, restricted: no letter moves twice),
 * or the beginning of a known word.
 */

#include "conf/guess.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 63
#define DISTANCE_MAX 2

static size_t
min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

static bool
same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

size_t
guess_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];
	size_t len_a = strlen(a), len_b = strlen(b);

	if (len_a > WORD_MAX || len_b > WORD_MAX)
		return SIZE_MAX;

	for (size_t j = 0; j <= len_b; j++)
		last[j] = j;
	for (size_t i = 1; i <= len_a; i++) {
		row[0] = i;
		for (size_t j = 1; j <= len_b; j++) {
			bool equal = same(a[i - 1], b[j - 1]);

			row[j] = min3(last[j] + 1, row[j - 1] + 1,
				      last[j - 1] + !equal);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
			    same(a[i - 2], b[j - 1]) &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}

		size_t *oldest = before;

		before = last;
		last = row;
		row = oldest;
	}
	return last[len_b];
}

struct guess
guess_start(const char *word)
{
	return (struct guess){ word, NULL, SIZE_MAX };
}

static bool
begins(const char *word, const char *with)
{
	return strncasecmp(word, with, strlen(with)) == 0;
}

void
guess_offer(struct guess *g, const char *candidate)
{
	size_t len = strlen(g->word);
	size_t distance = guess_distance(g->word, candidate);
	/* In a word of three letters two slips leave nothing to go by. */
	size_t limit = len > 3 ? DISTANCE_MAX : 1;
	bool prefix =
		len > 1 && strlen(candidate) > 1 &&
		(begins(candidate, g->word) || begins(g->word, candidate));

	if (len <= 1 || (distance > limit && !prefix))
		return;
	if (distance < g->distance) {
		g->best = candidate;
		g->distance = distance;
	}
}
