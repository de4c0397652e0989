/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SCENARIO_ORACLE_H
#define TESTS_SCENARIO_ORACLE_H

/*
 * What a storm must have come to.
 *
 * The storm tells the oracle which rooms there are and numbers every word
 * that it says: "[17]". The oracle watches the fake networks and knows of
 * each word where it may appear, how often, after which others, in whose
 * voice, and at the end where it has to have appeared.
 */

#include "tests/support/fake.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETS 4
#define ROOMS 6
#define PEOPLE 4
#define PLACES (ROOMS + NETS * PEOPLE) /* rooms, and each one's private ear */
#define WORDS_MAX 4000

/* A word at one place. */
struct heard {
	unsigned shown, refused;
	bool excused; /* its end was lost: it may come again */
};

struct word {
	enum event_kind kind;
	int from, to; /* places; to: -1 unless private */
	int net, person;
	bool accepted;
	unsigned owed;  /* refusals that its author was not told */
	unsigned loose; /* the same, but not on disk: it was full */
	unsigned spare; /* may be told once more, because that was lost */
	/* since the last turn: on disk soon, unless there is a crash */
	unsigned fresh, told;
	struct heard at[PLACES];
};

struct oracle {
	struct world worlds[NETS];
	size_t n_nets;
	struct {
		int net, link;
		char name[16];
		const struct conf_member *conf;
	} rooms[ROOMS];
	size_t n_rooms;
	struct word words[WORDS_MAX];
	unsigned n_words;
	struct heard *ending[WORDS_MAX]; /* ends that may not be on disk yet */
	bool telling;                    /* some words are fresh, or told */
	size_t n_ending;
	bool full; /* the disk: nothing can be kept now */
	bool was_full;
	unsigned folded[ROOMS]; /* messages that lines there stood for */
	unsigned lines[ROOMS];
	unsigned last[PLACES][PLACES]; /* first appearances, from and to */
	bool kept_out[ROOMS][NETS][PEOPLE];
	/* What was told in one room about another. */
	struct news {
		bool away;      /* told, and not that it is back */
		bool loose;     /* one was refused, or not kept: not judged */
		unsigned spare; /* so many may come again */
	} news[ROOMS][ROOMS];
	void (*fail)(struct oracle *o, const char *fmt, ...)
		__attribute__((format(printf, 2, 3)));
};

extern const char *const oracle_people[PEOPLE];
extern const struct fake_watch oracle_watch;

/* The next word; its number, or 0 if there are enough. */
unsigned oracle_word(struct oracle *o, enum event_kind kind, int net,
		     int person, int from, int to);

/* Its number, or -1. */
int oracle_person(const char *id);

int oracle_ear(int net, int person);

/* Everything that was settled is on disk. */
void oracle_turned(struct oracle *o);

/* The process ends, cleanly or not. */
void oracle_ended(struct oracle *o, bool crashed);

/* All is well again and time has passed: was everything said? */
void oracle_judge(struct oracle *o);

#endif
