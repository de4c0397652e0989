/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_LOOP_H
#define BRIDGE_LOOP_H

/*
 * The event loop: libevent, and in front of it a clock, a random source,
 * timers and deferred calls that a test can turn by hand.
 *
 * Nothing outside loop.c reads a real clock or real randomness. A loop made
 * by loop_new() lives in real time and has an event_base for sockets. A loop
 * made by loop_new_manual() has no sockets; its time stands still until
 * loop_advance() moves it, and its random numbers come from a seed. The same
 * code runs the timers and the deferred calls of both.
 *
 * Deferred calls run in the order they were made, before any timer or socket
 * that is due, but never from inside the function that deferred them. A
 * deferred call may defer another, which runs in the next round, after
 * sockets had their turn: two that feed each other cannot starve the rest.
 *
 * Timers are embedded in their owner and compare equal to zeroed memory when
 * unused, so that timer_stop() is always safe.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct evdns_base;
struct gate;
struct loop;

struct loop *loop_new(void);

/* Starts at monotonic time 0 and wall time wall_ms. */
struct loop *loop_new_manual(uint64_t seed, int64_t wall_ms);

/* Accepts NULL. Every timer must have been stopped. */
void loop_free(struct loop *loop);

/* NULL in a manual loop. Owned by the loop. */
struct event_base *loop_base(struct loop *loop);

/* Made on first use from the system's resolver configuration; NULL in a
 * manual loop. Owned by the loop. */
struct evdns_base *loop_dns(struct loop *loop);

/* Of the process: all connections go through it (bridge/gate.h). Owned by the
 * loop. */
struct gate *loop_gate(struct loop *loop);

/* Of the process, too: where the IRC networks keep what they have in common,
 * under a number below LOOP_SLOTS. NULL at first; whoever sets one clears it
 * before loop_free(). */
#define LOOP_SLOTS 2
void **loop_slot(struct loop *loop, unsigned which);

/* Run until loop_stop(). Real loops only. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/*
 * Manual loops: run what is deferred, then move time forward by ms, running
 * each timer that falls due at its own time, and everything they defer.
 */
void loop_advance(struct loop *loop, int64_t ms);

/* Manual loops: the wall clock jumps by ms; monotonic time does not. */
void loop_jump(struct loop *loop, int64_t ms);

/* Manual loops: when the next timer is due, in ms from now; -1 if never. */
int64_t loop_next_due(struct loop *loop);

/* Monotonic time, for intervals. Read once per round of the loop. */
int64_t loop_now_ms(struct loop *loop);

/* UTC, for people and for the store. */
int64_t loop_wall_ms(struct loop *loop);

/* A random number, from the kernel or from the seed. */
uint64_t loop_random(struct loop *loop);

/* A random number of [0, limit); 0 if limit is 0. */
uint64_t loop_random_below(struct loop *loop, uint64_t limit);

/* Call fn(arg) after the current function has returned. */
void loop_defer(struct loop *loop, void (*fn)(void *arg), void *arg);

/* Forget deferred calls with this fn and arg that have not run yet. */
void loop_cancel(struct loop *loop, void (*fn)(void *arg), void *arg);

struct timer {
	/* private */
	struct loop *loop;
	void (*fn)(void *arg);
	void *arg;
	int64_t due_ms;
	uint64_t order; /* timers that are due together run as they were set */
	size_t slot;    /* place in the heap + 1; 0 when not running */
};

/* Call fn(arg) once, wait_ms from now. A timer that runs is set anew. */
void timer_start(struct timer *t, struct loop *loop, int64_t wait_ms,
		 void (*fn)(void *arg), void *arg);
void timer_stop(struct timer *t);
bool timer_is_running(const struct timer *t);

/* How long until it is due, at least 0; -1 if it does not run. */
int64_t timer_left_ms(const struct timer *t);

#endif
