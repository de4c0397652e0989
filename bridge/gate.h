/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_GATE_H
#define BRIDGE_GATE_H

/*
 * When the next connection to a host may be begun: one gate for the process,
 * whichever network, listener or puppet it is that wants to connect. What a
 * server counts is connections from one address, and what it bans is the
 * address; so all that have the same (source address, host) go through one
 * after the other, and when one is turned away all of them stay away.
 *
 *     wait = gate_pass(...)    0: go; it was counted. Else come again.
 *     gate_refused(...)        the server does not want any of us
 *     gate_welcomed(...)       it does: the next refusal is the first again
 *
 * Pure but for memory: time and randomness are handed in. Waiting times are
 * spread by half, so that what was cut off together does not come together.
 */

#include <stdint.h>

struct gate;

enum gate_refusal {
	GATE_THROTTLED, /* too many, too fast: a minute */
	GATE_BANNED,    /* K-line: minutes, then hours */
	/*
	 * One of many is banned, perhaps by its own mask. Only if another one
	 * is soon, and none was let in between, it is all of us.
	 */
	GATE_BANNED_ONE,
};

/* What connections have in common that go through one door. */
struct gate_way {
	const char *source; /* address; NULL: whatever the system chooses */
	const char *host;
};

struct gate *gate_new(void);

/* Accepts NULL. */
void gate_free(struct gate *g);

/*
 * 0 if a connection may be begun now; pace_ms is the time that is to pass until
 * the next one. Otherwise how long to wait before asking again.
 */
int64_t gate_pass(struct gate *g, const struct gate_way *way, int64_t pace_ms,
		  int64_t now_ms, uint64_t random);

/* why: what the server said, for people. */
void gate_refused(struct gate *g, const struct gate_way *way,
		  enum gate_refusal how, const char *why, int64_t now_ms,
		  uint64_t random);

void gate_welcomed(struct gate *g, const struct gate_way *way);

/*
 * What the server said that closed the gate; NULL if it is open, but for the
 * pace. Valid until the next call.
 */
const char *gate_why(struct gate *g, const struct gate_way *way,
		     int64_t now_ms);

/* An operator says that all is well again: open what refusals closed. */
void gate_forgive(struct gate *g);

#endif
