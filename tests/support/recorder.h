/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_RECORDER_H
#define TESTS_SUPPORT_RECORDER_H

/*
 * Stands in for the bridge: implements every bridge_*() upcall by writing it
 * down, and keeps the states that the bridge would keep. Link it instead of
 * the core and ask afterwards what the adapter did.
 *
 * It checks the contract while it listens: a delivery that is settled twice
 * or was never handed over, an upcall in a state that forbids it, an event
 * that event_check() rejects, all end the test by an assertion.
 *
 * Each upcall becomes one line of the transcript:
 *
 *     up home                             network label
 *     down home lost|unreachable|refused|asked: text
 *     joined #a                           channel name
 *     gap #a from 1764000000000           ms
 *     left #a lost: text
 *     puppet joined #a want as name       want is occupant->want
 *     puppet renamed #a want to name
 *     puppet ranked #a want 3             enum rank
 *     puppet left #a want lost: text
 *     event message #a ann (Ann) hi       channel, sender id, name, text
 *     event message ->home/ann bob (Bob)  a direct one
 *     portal home #a@gw to irc:#a          asked for: room, network, channel
 *     keep key of ann: set                a setting; or "nothing"
 *     run ping by ann@test at irc/#a {k=v}  a command; "-": the bridge
 *     drop                                the command is of no interest
 *     sent d1 [id1 id2]                   delivery id, ids there
 *     later d1 500 ms: text
 *     refused d1: text
 *     back d1                             given back by down or left
 *
 * After the text of an event follow, each only if set, words in braces:
 * {action} {notice} {backlog} {removed} {account=x} {id=x} {alt=x} {key=x}
 * {target=x} {parent=x} {part=quit} {actor=x} {show=away} {rank=op}
 * {spans=n} {mark=x} {password=x} {cursor=x}; {late} and {gateway} are flags
 * like {backlog}.
 */

#include "bridge/event.h"
#include "bridge/protocol.h"

#include <stdbool.h>
#include <stddef.h>

struct loop;

struct recorder {
	unsigned ups, downs, joins, lefts;
	unsigned puppet_joins, puppet_renames, puppet_lefts;
	unsigned events, sent, later, refused, back;
	struct event *last_event; /* one reference; NULL if none */
	enum down_reason last_down;
	const char *no_portal;     /* why none can be made; NULL: it can */
	const char *no_follow;     /* why nobody can be followed; or NULL */
	bool follows;              /* what bridge_follows() answers */
	size_t connections;        /* what bridge_connections() answers */
	const char *blocks;        /* "label:id", whom everybody blocks */
	const char *no_block;      /* why nobody can be blocked; or NULL */
	const char *topic;         /* of what every hosted room stands for */
	struct event *const *past; /* of every channel, borrowed */
	size_t n_past;
	bool stays; /* what bridge_stays() answers */
	struct sender
		resident; /* the one of every room; id NULL: there is none */
	const char *password; /* of that one */
	int64_t unread;       /* nobody may read events up to that number */
	const char *marks; /* a letter for each that stands on disk; or NULL */
	const struct command *commands; /* what may be run anywhere, or NULL */
	/* what the users of accounts have set: keys and values, then NULL; the
	 * same for doors and for networks */
	const char *const *settings;
	char *kept; /* the value that bridge_keep_setting() got last, or NULL */
	const char *ended; /* that delivery is not awaited any more; or NULL */
	struct media *media; /* borrowed; NULL: there is none */

	/* what is remembered by bridge_remember() and with events, the newest
	 * last; outlives recorder_reset() */
	struct memo *memos;
	size_t n_memos;

	/* every upcall, oldest first */
	char **lines;
	size_t n_lines;

	/* private */
	answer_fn *answer;
	void *answer_arg;
	struct channel **channels;
	size_t n_channels;
	struct occupant **occupants;
	size_t n_occupants;
	struct delivery **pending;
	size_t n_pending;
	struct loop *waiting;
	const char *wanted;
	size_t wanted_count;
	bool timed_out;
};

extern struct recorder recorder;

/* Forget everything. Also the first thing a fixture calls. */
void recorder_reset(void);

/* The database is a new one. */
void recorder_forget_memos(void);

/* How many transcript lines contain the words. */
size_t recorder_count(const char *words);

/* The last transcript line that contains the words, or NULL. */
const char *recorder_find(const char *words);

/* Write the transcript to standard error; for failures. */
void recorder_dump(void);

/*
 * Run a real loop until count transcript lines contain the words. False, and
 * the transcript on standard error, if that takes longer than ten seconds.
 */
bool recorder_wait(struct loop *loop, const char *words, size_t count);

/* What the bridge does before it calls the hook of that name. */
void recorder_start(struct network *net);
void recorder_stop(struct network *net);
void recorder_join(struct channel *ch);
void recorder_leave(struct channel *ch);
void recorder_puppet_join(struct occupant *o);
void recorder_puppet_leave(struct occupant *o, const char *reason);
void recorder_send(struct delivery *d);

/*
 * What the bridge does when somebody runs a command of the adapter's: asked
 * for by who of "home", with what is given (n pairs; NULL: nothing was filled
 * in yet). The answer becomes lines: "field KEY", then one of "asked TITLE",
 * "answered TEXT", "refused TEXT".
 */
struct recorder_command {
	const struct command *command;
	struct command_place place;
	const char *who;
	bool admin;
	const struct given *given;
	size_t n_given;
};
void recorder_command(struct network *net, const struct recorder_command *c);

/* Answer the command that was run last. */
void recorder_answer(const struct command_answer *answer);

#endif
