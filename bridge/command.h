/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_COMMAND_H
#define BRIDGE_COMMAND_H

/*
 * Commands: what people may ask of the bridge, or of one of its networks.
 *
 *     door  -- bridge_commands() -->  core    what can be asked here?
 *     door  -- bridge_run() ------->  core    do that
 *              core  -- ops.command() -->  network, if the command is one of
 *                                          its table; else the core runs it
 *              core  <-- request_*() ----  the answer, at once or later
 *     door  <-- answer_fn ----------  core
 *
 * A door is whatever people reach: ad-hoc commands on XMPP, a word to the bot
 * elsewhere, causewayctl. It alone knows how a form looks. A command is told
 * all that was filled in so far, and answers with its end, in words, or with a
 * form that asks for more; so it remembers nothing between two steps. Values
 * come from people: whoever runs the command checks them.
 *
 * A door never gets an answer before bridge_run() has returned.
 */

#include "bridge/event.h"

#include <stdbool.h>
#include <stddef.h>

struct network;
struct request;

enum setting_kind {
	SETTING_TEXT,
	SETTING_LINES, /* text of several lines */
	SETTING_SECRET,
	SETTING_YES_NO, /* "true" or "false" */
	SETTING_NUMBER,
	SETTING_CHOICE,  /* one of some values */
	SETTING_CHOICES, /* any number of them, LF between */
};

enum place_kind {
	PLACE_BRIDGE,
	PLACE_NETWORK,
	PLACE_CHANNEL,
	PLACE_PERSON,
};

/* What somebody speaks to, or about. */
struct command_place {
	enum place_kind kind;
	const char *network; /* its label; NULL with PLACE_BRIDGE */
	const char *name; /* channel or person, as people write it; or NULL */
};

#define AT_PLACE(kind) (1u << (kind))

struct command {
	const char *name;  /* [a-z0-9-]+ */
	const char *label; /* for a menu */
	unsigned
		places; /* AT_PLACE(PLACE_NETWORK) | ...: where it is offered */
	bool admin;     /* only to those whom the operator named */
};

struct choice {
	const char *value, *label;
};

/* One line of a form. */
struct field {
	const char *key;
	enum setting_kind kind;
	const char *label;
	const char *doc;   /* one sentence, or NULL */
	const char *value; /* what it is now, or NULL; of a secret: "" */
	bool required;
	const struct choice *choices; /* with SETTING_CHOICE and _CHOICES */
	size_t n_choices;
};

struct given {
	const char *key, *value;
};

/* ---- for doors ----------------------------------------------------------- */

enum answer_kind {
	ANSWER_DONE,
	ANSWER_FORM, /* more is wanted: run it again with that */
	ANSWER_REFUSED,
};

/* Why not, for programs. */
enum denial {
	DENIED_OTHER,
	DENIED_RIGHTS,  /* who asks may not do that */
	DENIED_UNKNOWN, /* nobody, and nothing, is called so */
	DENIED_VALUE,   /* what was filled in cannot be */
};

struct command_answer {
	enum answer_kind kind;
	enum denial denial; /* with ANSWER_REFUSED */
	const char *title;  /* with ANSWER_FORM, or NULL */
	const char *text;   /* for people; may be "" */
	const struct field *fields;
	size_t n_fields;
	/* With ANSWER_DONE: what there is, if that was asked; label is what is
	 * known of it, or NULL. */
	const struct choice *entries;
	size_t n_entries;
};

/* answer is borrowed. May run further commands. */
typedef void answer_fn(void *arg, const struct command_answer *answer);

/* Who runs what, where, with which values. */
struct command_run {
	const char *who; /* sender id on the door's network */
	struct command_place place;
	const char *name;
	const struct given *given;
	size_t n_given; /* 0 with given NULL: nothing was filled in yet */
};

/* Calls fn for each command that who may run there. */
void bridge_commands(struct network *door, const char *who,
		     const struct command_place *place,
		     void (*fn)(void *arg, const struct command *command),
		     void *arg);

/*
 * Run it; everything is copied. fn gets one answer, unless the run is dropped
 * before: then none. The result is valid until then.
 */
struct request *bridge_run(struct network *door, const struct command_run *run,
			   answer_fn *fn, void *arg);
void bridge_run_drop(struct request *r);

/* ---- for those who run them ---------------------------------------------- */

const struct command *request_command(const struct request *r);
const struct command_place *request_place(const struct request *r);

/* Who asks: the label of a network, and the sender id there. */
const struct address *request_who(const struct request *r);
bool request_by_admin(const struct request *r);

/* True if nothing was filled in yet. */
bool request_is_fresh(const struct request *r);

/* What was filled in under that key; NULL: it was not in the form. */
const char *request_value(const struct request *r, const char *key);

/* Put a field into the form that request_ask() then asks to fill in; copied. */
void request_field(struct request *r, const struct field *field);

/*
 * Something that there is, where that was asked: goes with request_done();
 * copied. False if there are ENTRIES_MAX already.
 */
#define ENTRIES_MAX 10000
bool request_entry(struct request *r, const char *value, const char *label);

/* Exactly one of these ends every request; texts are copied. */
void request_ask(struct request *r, const char *title, const char *text);
void request_done(struct request *r, const char *text);
void request_refuse(struct request *r, const char *why);
void request_deny(struct request *r, enum denial denial, const char *why);

#endif
