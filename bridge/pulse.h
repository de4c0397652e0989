/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_PULSE_H
#define BRIDGE_PULSE_H

/*
 * Whether the other end of a connection is alive. Pure.
 *
 * It is asked again and again, also while it talks, and only an answer
 * counts: a connection may carry the bytes of one side and lose those of the
 * other, and who still hears a server does not know whether it is heard.
 *
 * The owner runs one timer:
 *
 *     switch (pulse_check(&p, now, &wait)) {
 *     case PULSE_ASK:  ask; then as PULSE_WAIT
 *     case PULSE_WAIT: check again after wait
 *     case PULSE_DEAD: give up
 *
 * and calls pulse_answered() when an answer came. Somebody who slept longer
 * than the other end was given (a stopped process, a suspended machine) finds
 * the answer in the socket, unread; so a check that comes late asks once more
 * before it despairs. And a question that has not left yet, behind much that
 * is being taken, is counted from anew by pulse_held_up().
 */

#include <stdint.h>

struct pulse {
	int64_t every_ms, patience_ms;
	int64_t answered_ms; /* the last sign of life */
	int64_t asked_ms;    /* since then; -1: not asked */
};

enum pulse_verdict {
	PULSE_WAIT,
	PULSE_ASK,
	PULSE_DEAD,
};

/* The connection was made now, which is a sign of life. */
void pulse_start(struct pulse *p, int64_t every_ms, int64_t patience_ms,
		 int64_t now_ms);

void pulse_answered(struct pulse *p, int64_t now_ms);

/* It was found dead; but the question is still here, and what was before it is
 * being taken: give it as much time again. */
void pulse_held_up(struct pulse *p, int64_t now_ms);

/* What to do, and unless it is dead, when to come again. */
enum pulse_verdict pulse_check(struct pulse *p, int64_t now_ms,
			       int64_t *wait_ms);

#endif
