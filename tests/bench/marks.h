/* SPDX-License-Identifier: MIT */
#ifndef BENCH_MARKS_H
#define BENCH_MARKS_H

/*
 * Numbered marks in a stream of bytes, and when each of them came first, or for
 * the last time of as many as there are to be copies.
 *
 * A mark is a letter, six digits and the letter again: "n000042n". It passes
 * every network unchanged, in a text as well as in a nick.
 */

#include <stddef.h>
#include <stdint.h>

#define MARK_LEN 8
#define MARKS_MAX 1000000

struct marks {
	char letter;
	size_t n;       /* numbers from 0 to n - 1 count */
	size_t seen;    /* how many of them came */
	size_t total;   /* copies, of those and of the others */
	size_t copies;  /* a mark has come when it came so often; 0: once */
	unsigned *came; /* by number: how often, so far */
	int64_t *at_ns; /* by number; 0: it has not come */
	char tail[MARK_LEN - 1];
	size_t tail_len;
};

/* A quantile of waiting times, and the time when the last came. */
struct waits {
	int64_t p50_ns, p95_ns, p99_ns;
	int64_t last_ns;
};

/* Forget what came, not how many copies; from now on look for those. n is at
 * most MARKS_MAX. */
void marks_expect(struct marks *m, char letter, size_t n);
void marks_finish(struct marks *m);

/* These bytes came now, behind those of the last call. */
void marks_scan(struct marks *m, const char *data, size_t len, int64_t now_ns);

/* How long after sent_ns[i] number i came, of those that did. */
struct waits marks_waits(const struct marks *m, const int64_t *sent_ns);

#endif
