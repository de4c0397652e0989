/* SPDX-License-Identifier: MIT */
/*
 * loop.c - libevent, with a clock, randomness, timers and deferred calls in
 * front of it.
 *
 * Why not libevent's own timers: a test must be able to turn the clock, and
 * what runs in tests should be what runs in the field. So timers live in a
 * binary heap of ours, deferred calls in a queue of ours, and both loops turn
 * in rounds:
 *
 *     run the batch of deferred calls
 *     run timers that are due, until one of them defers something; not if
 *         the batch did, unless that went on for too long
 *     real:   let libevent wait (not at all if something is left) and call
 *     manual: move the clock to the next timer
 *
 * A round takes the whole queue as its batch first; what is deferred while
 * the batch runs is the next round's. A socket's callback that defers
 * something ends libevent's turn after itself (event_base_loopbreak() keeps
 * what else is active), so that the deferred call runs before other sockets,
 * and at least one socket is served in every round.
 *
 * Inside libevent's turn an unknown time passes waiting, so the cached clock
 * is forgotten before it and read again by the first who asks.
 */

#include "bridge/loop.h"

#include "bridge/base.h"
#include "bridge/gate.h"

#include <event2/dns.h>
#include <event2/event.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

/* So many rounds without time passing mean that two calls feed each other. */
#define ROUNDS_MAX 1000000
/* Rounds that timers wait for calls which defer others. */
#define PATIENCE 16

struct call {
	void (*fn)(void *arg); /* NULL if cancelled, or run */
	void *arg;
};

struct calls {
	struct call *calls;
	size_t n, size;
};

struct loop {
	struct event_base *base; /* NULL in a manual loop */
	struct evdns_base *dns;
	struct gate *gate;
	void *slots[LOOP_SLOTS];
	struct event *alarm; /* wakes libevent for the first timer */
	bool running, stopped;

	int64_t now_ms;
	bool now_known; /* always in a manual loop */
	int64_t wall_ms;
	uint64_t seed;

	struct calls queue, batch;

	struct timer **heap; /* by due_ms, then order */
	size_t n_timers, heap_size;
	uint64_t next_order;
	unsigned waited; /* rounds in a row in which no timer could run */
};

static int64_t
read_clock(clockid_t clock)
{
	struct timespec ts = { 0 };

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- the heap ---------------------------------------------------------- */

static bool
is_before(const struct timer *a, const struct timer *b)
{
	if (a->due_ms != b->due_ms)
		return a->due_ms < b->due_ms;
	return a->order < b->order;
}

static void
heap_put(struct loop *loop, size_t i, struct timer *t)
{
	loop->heap[i] = t;
	t->slot = i + 1;
}

static void
heap_up(struct loop *loop, size_t i, struct timer *t)
{
	while (i > 0 && is_before(t, loop->heap[(i - 1) / 2])) {
		heap_put(loop, i, loop->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_put(loop, i, t);
}

static void
heap_down(struct loop *loop, size_t i, struct timer *t)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < loop->n_timers &&
		    is_before(loop->heap[child + 1], loop->heap[child]))
			child++;
		if (child >= loop->n_timers || is_before(t, loop->heap[child]))
			break;
		heap_put(loop, i, loop->heap[child]);
		i = child;
	}
	heap_put(loop, i, t);
}

static void
heap_remove(struct loop *loop, struct timer *t)
{
	size_t i = t->slot - 1;
	struct timer *last = loop->heap[--loop->n_timers];

	assert(loop->heap[i] == t || last == t);
	t->slot = 0;
	if (last == t)
		return;
	if (i > 0 && is_before(last, loop->heap[(i - 1) / 2]))
		heap_up(loop, i, last);
	else
		heap_down(loop, i, last);
}

static void
heap_add(struct loop *loop, struct timer *t)
{
	if (loop->n_timers == loop->heap_size) {
		loop->heap_size = loop->heap_size ? loop->heap_size * 2 : 64;
		loop->heap = xrealloc(loop->heap,
				      loop->heap_size * sizeof(*loop->heap));
	}
	heap_up(loop, loop->n_timers++, t);
}

void
timer_start(struct timer *t, struct loop *loop, int64_t wait_ms,
	    void (*fn)(void *arg), void *arg)
{
	int64_t now = loop_now_ms(loop);

	timer_stop(t);
	if (wait_ms < 0)
		wait_ms = 0;
	t->loop = loop;
	t->fn = fn;
	t->arg = arg;
	t->due_ms = wait_ms < INT64_MAX - now ? now + wait_ms : INT64_MAX;
	t->order = loop->next_order++;
	heap_add(loop, t);
}

void
timer_stop(struct timer *t)
{
	if (t->slot > 0)
		heap_remove(t->loop, t);
}

bool
timer_is_running(const struct timer *t)
{
	return t->slot > 0;
}

int64_t
timer_left_ms(const struct timer *t)
{
	if (!timer_is_running(t))
		return -1;

	int64_t left = t->due_ms - loop_now_ms(t->loop);

	return left > 0 ? left : 0;
}

/* ---- deferred calls ---------------------------------------------------- */

void
loop_defer(struct loop *loop, void (*fn)(void *arg), void *arg)
{
	struct calls *queue = &loop->queue;

	if (queue->n == queue->size) {
		queue->size = queue->size ? queue->size * 2 : 64;
		queue->calls = xrealloc(queue->calls,
					queue->size * sizeof(struct call));
	}
	queue->calls[queue->n++] = (struct call){ .fn = fn, .arg = arg };
	if (loop->base)
		event_base_loopbreak(loop->base);
}

static void
cancel_in(struct calls *calls, void (*fn)(void *arg), void *arg)
{
	for (size_t i = 0; i < calls->n; i++) {
		if (calls->calls[i].fn == fn && calls->calls[i].arg == arg)
			calls->calls[i].fn = NULL;
	}
}

void
loop_cancel(struct loop *loop, void (*fn)(void *arg), void *arg)
{
	cancel_in(&loop->queue, fn, arg);
	cancel_in(&loop->batch, fn, arg);
}

static void
run_batch(struct loop *loop)
{
	struct calls batch = loop->queue;

	loop->queue = loop->batch;
	loop->batch = batch;
	for (size_t i = 0; i < loop->batch.n; i++) {
		struct call call = loop->batch.calls[i];

		/* Before the call, which may cancel what is like it. */
		loop->batch.calls[i].fn = NULL;
		if (call.fn)
			call.fn(call.arg);
	}
	loop->batch.n = 0;
}

/* ---- rounds ------------------------------------------------------------ */

static bool
is_due(struct loop *loop)
{
	return loop->n_timers > 0 && loop->heap[0]->due_ms <= loop_now_ms(loop);
}

/*
 * Where every call defers another, as when each thing that is heard leads to
 * one that is said, timers would never have their turn.
 */
static bool
may_run_timers(struct loop *loop, bool begun)
{
	if (loop->queue.n == 0)
		return true;
	return !begun && ++loop->waited > PATIENCE;
}

/* Timers set from now on wait for the next round, also if due at once. */
static void
run_timers(struct loop *loop)
{
	uint64_t end = loop->next_order;
	bool begun = false;

	while (!loop->stopped && is_due(loop) && loop->heap[0]->order < end &&
	       may_run_timers(loop, begun)) {
		struct timer *t = loop->heap[0];

		begun = true;
		loop->waited = 0;
		heap_remove(loop, t);
		t->fn(t->arg);
	}
}

/* True if another round has something to do at once. */
static bool
run_round(struct loop *loop)
{
	run_batch(loop);
	run_timers(loop);
	return loop->queue.n > 0 || is_due(loop);
}

static void
on_alarm(evutil_socket_t fd UNUSED, short what UNUSED, void *arg UNUSED)
{
	/* Its only purpose is that libevent's turn ends. */
}

static void
set_alarm(struct loop *loop)
{
	if (loop->n_timers == 0) {
		(void)event_del(loop->alarm);
		return;
	}

	int64_t wait_ms = loop->heap[0]->due_ms - loop_now_ms(loop);
	struct timeval tv = { .tv_sec = (time_t)(wait_ms / 1000),
			      .tv_usec = (suseconds_t)(wait_ms % 1000 * 1000) };

	if (event_add(loop->alarm, &tv) < 0)
		abort(); /* out of memory */
}

/* Let libevent call what is active; wait for something if may_wait. */
static void
run_sockets(struct loop *loop, bool may_wait)
{
	int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;

	if (may_wait)
		set_alarm(loop);
	else
		flags |= EVLOOP_NONBLOCK;
	loop->now_known = false;
	if (event_base_loop(loop->base, flags) < 0)
		abort(); /* the kernel refuses to wait */
	loop->now_known = false;
}

void
loop_run(struct loop *loop)
{
	assert(loop->base && !loop->running);

	loop->running = true;
	loop->stopped = false;
	while (!loop->stopped) {
		bool more = run_round(loop);

		if (!loop->stopped)
			run_sockets(loop, !more);
	}
	loop->running = false;
}

void
loop_stop(struct loop *loop)
{
	loop->stopped = true;
	if (loop->base)
		event_base_loopbreak(loop->base);
}

static void
run_rounds(struct loop *loop)
{
	int rounds = 0;

	while (run_round(loop))
		assert(++rounds < ROUNDS_MAX);
}

void
loop_advance(struct loop *loop, int64_t ms)
{
	int64_t end = loop->now_ms + ms;

	assert(!loop->base && !loop->running && ms >= 0);

	loop->running = true;
	run_rounds(loop);
	while (loop->n_timers > 0 && loop->heap[0]->due_ms <= end) {
		loop->now_ms = loop->heap[0]->due_ms;
		run_rounds(loop);
	}
	loop->now_ms = end;
	loop->running = false;
}

void
loop_jump(struct loop *loop, int64_t ms)
{
	assert(!loop->base);
	loop->wall_ms += ms;
}

int64_t
loop_next_due(struct loop *loop)
{
	if (loop->n_timers == 0)
		return -1;
	return is_due(loop) ? 0 : loop->heap[0]->due_ms - loop_now_ms(loop);
}

/* ---- time and chance --------------------------------------------------- */

int64_t
loop_now_ms(struct loop *loop)
{
	if (!loop->now_known) {
		loop->now_ms = read_clock(CLOCK_MONOTONIC);
		loop->now_known = true;
	}
	return loop->now_ms;
}

int64_t
loop_wall_ms(struct loop *loop)
{
	return loop->base ? read_clock(CLOCK_REALTIME)
			  : loop->wall_ms + loop->now_ms;
}

/* SplitMix64: a counter in steps of the golden ratio, well mixed. */
static uint64_t
next_of_seed(uint64_t *seed)
{
	uint64_t z = *seed += 0x9E3779B97F4A7C15;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
	z = (z ^ z >> 27) * 0x94D049BB133111EB;
	return z ^ z >> 31;
}

uint64_t
loop_random(struct loop *loop)
{
	uint64_t number = 0;

	if (!loop->base)
		return next_of_seed(&loop->seed);
	/* Up to 256 bytes come whole, but for a signal at early boot. */
	while (getrandom(&number, sizeof(number), 0) != sizeof(number)) {
		if (errno != EINTR)
			abort();
	}
	return number;
}

uint64_t
loop_random_below(struct loop *loop, uint64_t limit)
{
	uint64_t number;

	if (limit == 0)
		return 0;

	/* 2^64 mod limit: below it the low remainders have one turn more. */
	uint64_t uneven = (0 - limit) % limit;

	do
		number = loop_random(loop);
	while (number < uneven);
	return number % limit;
}

/* ---- life -------------------------------------------------------------- */

struct loop *
loop_new_manual(uint64_t seed, int64_t wall_ms)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));

	loop->seed = seed;
	loop->wall_ms = wall_ms;
	loop->now_known = true;
	return loop;
}

struct loop *
loop_new(void)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));
	struct event_config *config = event_config_new();

	/* Else libevent counts in ticks of the kernel, of 4 ms and more. */
	if (!config ||
	    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) < 0)
		abort();
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!loop->base)
		abort();
	loop->alarm = evtimer_new(loop->base, on_alarm, NULL);
	if (!loop->alarm)
		abort();
	return loop;
}

void
loop_free(struct loop *loop)
{
	if (!loop)
		return;
	assert(loop->n_timers == 0 && !loop->running);

	if (loop->dns)
		evdns_base_free(loop->dns, 0);
	if (loop->base) {
		event_free(loop->alarm);
		event_base_free(loop->base);
	}
	gate_free(loop->gate);
	free(loop->queue.calls);
	free(loop->batch.calls);
	free(loop->heap);
	free(loop);
}

struct event_base *
loop_base(struct loop *loop)
{
	return loop->base;
}

struct gate *
loop_gate(struct loop *loop)
{
	if (!loop->gate)
		loop->gate = gate_new();
	return loop->gate;
}

void **
loop_slot(struct loop *loop, unsigned which)
{
	assert(which < LOOP_SLOTS);
	return &loop->slots[which];
}

struct evdns_base *
loop_dns(struct loop *loop)
{
	if (!loop->base || loop->dns)
		return loop->dns;

	loop->dns =
		evdns_base_new(loop->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!loop->dns)
		abort();
	/*
	 * Not by EVDNS_BASE_INITIALIZE_NAMESERVERS, with which a missing file
	 * means no resolver at all. resolv.conf(5): without a name server
	 * listed it is the one of this machine. /etc/hosts is read, too.
	 */
	(void)evdns_base_resolv_conf_parse(loop->dns, DNS_OPTIONS_ALL,
					   "/etc/resolv.conf");
	if (evdns_base_count_nameservers(loop->dns) == 0)
		(void)evdns_base_nameserver_ip_add(loop->dns, "127.0.0.1");
	return loop->dns;
}
