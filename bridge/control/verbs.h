/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_CONTROL_VERBS_H
#define BRIDGE_CONTROL_VERBS_H

/*
 * What an operator can say, whichever door it comes through. A verb gets the
 * words of a request and writes its answer as members of a JSON object that
 * is already open; it knows nothing of sockets and never waits: it reads what
 * the core knows and, through the loop's own connection, the database.
 *
 * An answer is one object. "ok" says whether the verb did what was asked; if
 * it is false, "error" says why not, in words for people, and nothing else is
 * there. Names end in _s for whole seconds; moments are texts in UTC; null is
 * what is not known or does not apply. What people said is in no answer,
 * unless the log may hold it, too.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bridge;
struct error;
struct answer;
struct netlife;
struct room;
struct str;

/* The longest answer; a longer one becomes an error. */
#define ANSWER_MAX (2 * 1024 * 1024)

struct verb_call {
	struct bridge *bridge;
	const char *const *args; /* without the verb */
	size_t n_args;
	struct answer *out;
	struct error *err;
};

struct verb {
	const char *name;
	const char *args; /* as the help shows them; "" if there are none */
	const char *help; /* one sentence */
	size_t min, max;  /* arguments */
	/* 0, or -errno with err set; then what was written is dropped. */
	int (*run)(struct verb_call *call);
};

/* All of them; the last has no name. */
extern const struct verb verbs[];

/*
 * Answer a line, which ends before its LF. out must be empty, with a ceiling
 * of at least ANSWER_MAX; it then holds one line with its LF.
 */
void verbs_answer(struct bridge *bridge, const char *line, size_t len,
		  struct str *out);

/* The line that says no, with its LF; for doors that refuse somebody. */
void verbs_refuse(const char *why, struct str *out);

/* ---- the verbs, each in its file --------------------------------------- */

int verb_status(struct verb_call *call);
int verb_queue(struct verb_call *call);
int verb_retry(struct verb_call *call);
int verb_reload(struct verb_call *call);
int verb_trace(struct verb_call *call);

/* ---- what they share --------------------------------------------------- */

/*
 * NET, NET/CHANNEL or NET:CHANNEL. Letters of a channel may be of either
 * case. life is NULL if that network is not configured.
 */
struct verb_place {
	struct netlife *life;
	char network[64];
	const char *channel; /* NULL: all of the network */
};

/* 0, or -EINVAL with err set: nothing that names a network. */
int verb_place(struct verb_call *call, const char *arg,
	       struct verb_place *place);

/* A channel of that network and name is meant. */
bool verb_place_is(const struct verb_place *place, const char *network,
		   const char *channel);

/* Seconds; null if ms is negative. */
void verb_seconds(struct answer *a, const char *key, int64_t ms);

/* How a channel is named in answers; persons stay private. */
const char *verb_channel_name(int kind, const char *name);

/* Set err for a failed read of the database; -EIO. */
int verb_no_database(struct verb_call *call);

#endif
