/* SPDX-License-Identifier: MIT */
/* marks.c - numbered marks in a stream of bytes; see marks.h. */

#include "tests/bench/marks.h"

#include "bridge/base.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void
marks_expect(struct marks *m, char letter, size_t n)
{
	size_t copies = m->copies;

	assert(n <= MARKS_MAX);
	marks_finish(m);
	*m = (struct marks){ .letter = letter, .n = n, .copies = copies };
	m->at_ns = xcalloc(n ? n : 1, sizeof(*m->at_ns));
	m->came = xcalloc(n ? n : 1, sizeof(*m->came));
}

void
marks_finish(struct marks *m)
{
	free(m->at_ns);
	free(m->came);
	m->at_ns = NULL;
	m->came = NULL;
}

/* The number of the mark that begins at s, or MARKS_MAX if none does. */
static size_t
number_at(const char *s, char letter)
{
	size_t number = 0;

	for (size_t i = 1; i < MARK_LEN - 1; i++) {
		if (s[i] < '0' || s[i] > '9')
			return MARKS_MAX;
		number = number * 10 + (size_t)(s[i] - '0');
	}
	return s[MARK_LEN - 1] == letter ? number : MARKS_MAX;
}

static void
scan(struct marks *m, const char *data, size_t len, int64_t now_ns)
{
	const char *end = data + len;
	const char *s = data;

	while (end - s >= MARK_LEN) {
		s = memchr(s, m->letter, (size_t)(end - s) - MARK_LEN + 1);
		if (!s)
			return;

		size_t number = number_at(s, m->letter);

		if (number < m->n && !m->at_ns[number]) {
			m->total++;
			if (++m->came[number] >= m->copies) {
				m->at_ns[number] = now_ns;
				m->seen++;
			}
		}
		s++;
	}
}

void
marks_scan(struct marks *m, const char *data, size_t len, int64_t now_ns)
{
	char seam[2 * (MARK_LEN - 1)];
	size_t head = len < MARK_LEN - 1 ? len : MARK_LEN - 1;
	size_t keep;

	if (!m->at_ns || !len)
		return;
	memcpy(seam, m->tail, m->tail_len);
	memcpy(seam + m->tail_len, data, head);
	scan(m, seam, m->tail_len + head, now_ns);
	scan(m, data, len, now_ns);

	if (len >= sizeof(m->tail)) {
		memcpy(m->tail, data + len - sizeof(m->tail), sizeof(m->tail));
		m->tail_len = sizeof(m->tail);
		return;
	}
	keep = m->tail_len + len < sizeof(m->tail) ? m->tail_len + len
						   : sizeof(m->tail);
	memcpy(m->tail, seam + m->tail_len + len - keep, keep);
	m->tail_len = keep;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

struct waits
marks_waits(const struct marks *m, const int64_t *sent_ns)
{
	int64_t *all = xcalloc(m->n + 1, sizeof(*all));
	struct waits w = { 0 };
	size_t k = 0;

	for (size_t i = 0; i < m->n; i++) {
		if (!m->at_ns[i])
			continue;
		all[k++] = m->at_ns[i] - (sent_ns ? sent_ns[i] : 0);
		if (m->at_ns[i] > w.last_ns)
			w.last_ns = m->at_ns[i];
	}
	if (k) {
		qsort(all, k, sizeof(*all), compare);
		w.p50_ns = all[k / 2];
		w.p95_ns = all[k * 95 / 100];
		w.p99_ns = all[k * 99 / 100];
	}
	free(all);
	return w;
}
