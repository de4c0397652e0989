/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SCENARIO_PLAY_H
#define TESTS_SCENARIO_PLAY_H

/* A scenario that is being played; runner.c tells its language. */

#include "tests/scenario/plan.h"
#include "tests/scenario/scratch.h"
#include "tests/support/fake.h"

#include "bridge/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORDS_MAX 24
#define PLANS_MAX 32
#define EXPECTS_MAX 16

struct expectation {
	enum log_level level;
	char *text;
};

struct play {
	const char *file;
	unsigned line;
	char *words[WORDS_MAX];
	size_t n_words;

	struct world worlds[NETS_MAX];
	size_t n_nets;
	struct plan *plans[PLANS_MAX]; /* the last one is being written */
	size_t n_plans;
	bool running; /* it is in use */
	bool at_once; /* the bridge has no turn before the next line */
	struct loop *loop;
	int64_t wall_ms; /* when the next one starts */
	struct store *store;
	struct bridge *bridge;
	struct scratch scratch;
	char *strings[512]; /* whatever the configuration points to */
	size_t n_strings;

	char ids[10][16];
	struct expectation expects[EXPECTS_MAX];
	size_t n_expects;
	unsigned n_cases;
	bool failed;
	char *title;
};

/* Say where and what; the play goes on, and has failed. */
void play_fail(struct play *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A copy of s that lives as long as the play. */
char *play_keep(struct play *p, const char *s);

/* Word i of the line, or NULL. */
const char *play_word(const struct play *p, size_t i);

/* A name and its number. */
struct word {
	const char *name;
	unsigned value;
};

/* What may be done, in so many words at least. */
struct verb {
	const char *name;
	size_t n_words; /* at least */
	void (*run)(struct play *p, struct world *w);
};

/* Do the one of that name; false: there is none. */
bool play_verb(struct play *p, struct world *w, const struct verb *verbs,
	       size_t n, const char *name);

/* acts.c, nets.c: NET WHO verb ..., NET verb ...; false: no such verb */
bool person_does(struct play *p, struct world *w);
bool net_does(struct play *p, struct world *w);

#endif
