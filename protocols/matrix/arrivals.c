/* SPDX-License-Identifier: MIT */
/*
 * arrivals.c - when each puppet may enter.
 *
 * For each, the homeserver makes a user, a device and a name, lets it in, and
 * tells everybody: a tenth of a second of its time. So when a channel with a
 * thousand people is linked they come one after the other, at a bounded pace,
 * and few at a time, so that what is said does not wait behind them. Who has
 * something to say comes before all who are silent.
 */

#include "protocols/matrix/matrix.h"

#include "bridge/base.h"

#include <utlist.h>

#define AWAITED_MAX 4 /* at once, with the silent ones */
#define SILENT_MAX 2
#define SILENT_PACE_MS 100 /* one in so long... */
#define SILENT_BURST 20    /* ... but for the first ones */

static bool
is_awaited(const struct seat *s)
{
	return (s->o && s->o->awaited) || !s->room->id;
}

/* How long it has to wait for the pace; 0, and counted: not at all. */
static int64_t
pace_ms(struct matrix *m)
{
	int64_t now = loop_now_ms(m->loop);
	int64_t first = now - SILENT_BURST * SILENT_PACE_MS;
	struct arrivals *a = &m->arrivals;

	if (a->paced_ms < first)
		a->paced_ms = first;
	if (a->paced_ms > now)
		return a->paced_ms - now;
	a->paced_ms += SILENT_PACE_MS;
	return 0;
}

static void work(void *arg);

/* True if the first of the queue may go now. */
static bool
may_go(struct matrix *m)
{
	struct arrivals *a = &m->arrivals;
	int64_t wait;

	if (is_awaited(a->queue))
		return a->n < AWAITED_MAX;
	if (a->n >= SILENT_MAX)
		return false;
	wait = pace_ms(m);
	if (wait)
		timer_start(&a->timer, m->loop, wait, work, m);
	return !wait;
}

static void
work(void *arg)
{
	struct matrix *m = arg;
	struct arrivals *a = &m->arrivals;

	a->deferred = false;
	timer_stop(&a->timer);
	while (a->queue && may_go(m)) {
		struct seat *s = a->queue;

		DL_DELETE(a->queue, s);
		s->arriving = true;
		a->n++;
		seat_arrive(s);
	}
}

/* Soon: whoever calls is in the middle of something. */
static void
look(struct matrix *m)
{
	if (m->arrivals.deferred || !m->arrivals.queue)
		return;
	m->arrivals.deferred = true;
	loop_defer(m->loop, work, m);
}

/* Behind those of its kind. */
static void
enqueue(struct seat *s)
{
	struct seat **queue = &s->room->m->arrivals.queue;
	struct seat *behind = *queue;

	if (!is_awaited(s)) {
		DL_APPEND(*queue, s);
		return;
	}
	while (behind && is_awaited(behind))
		behind = behind->next;
	DL_PREPEND_ELEM(*queue, behind, s);
}

void
arrival_begin(struct seat *s)
{
	s->state = SEAT_QUEUED;
	enqueue(s);
	look(s->room->m);
}

void
arrival_hurry(struct seat *s)
{
	struct matrix *m = s->room->m;

	if (s->state != SEAT_QUEUED)
		return;
	DL_DELETE(m->arrivals.queue, s);
	enqueue(s);
	look(m);
}

void
arrival_end(struct seat *s)
{
	struct matrix *m = s->room->m;

	if (s->state == SEAT_QUEUED && !s->arriving)
		DL_DELETE(m->arrivals.queue, s);
	m->arrivals.n -= s->arriving;
	s->arriving = false;
	look(m);
}

void
arrivals_drop(struct matrix *m)
{
	timer_stop(&m->arrivals.timer);
	loop_cancel(m->loop, work, m);
	m->arrivals = (struct arrivals){ 0 };
}
