/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_ERRAND_H
#define PROTOCOLS_MQTT_ERRAND_H

/*
 * A command under way: it is published, and who gave it is told once what
 * became of it. Who may give it is looked at before, by those who call this.
 *
 * Where a command stands is the affair of whoever gave it, not the queue's: a
 * delivery is over when the broker has it. What is too old is not sent: a
 * window that opens an hour later is worse than one that does not.
 */

#include "bridge/protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf_rule;
struct conf_rules;
struct errand;
struct incoming;
struct mqtt;
struct order_args;
struct place;
struct request;
struct str;

/* Who gave it, as whom their network vouches for them. */
struct giver {
	const char *network;
	const char *id, *name;
	const char *account; /* or NULL */
	enum rank rank;
	int64_t when_ms; /* said then (UTC) */
};

enum reply_kind {
	REPLY_ROOM,   /* to all who heard it */
	REPLY_PERSON, /* to who wrote to a device */
	REPLY_FORM,
};

/* Where the answer goes. Strings are borrowed where it is handed in. */
struct reply {
	enum reply_kind kind;
	struct place *place;      /* of a room */
	const char *device;       /* of a person */
	const char *network, *id; /* of a person */
	const char *typed;        /* as a line may quote it */
	struct request *request;  /* of a form */
};

struct order_call {
	const struct conf_rule *rule;
	const struct order_args *args;
	struct giver giver;
	struct reply reply;
	struct delivery *d; /* settled when it was published; or NULL */
};

/* Say it, before or after there was an errand. good: it was done. */
void reply_say(struct mqtt *q, const struct reply *reply, const char *text,
	       bool good);

/* Look whether it may be done, do it, and see to it that an answer comes. */
void errand_run(struct mqtt *q, const struct order_call *call);

/* Append the filter of what shows that it was done; nothing if nothing does. */
void errand_filter(struct str *out, const struct mqtt *q,
		   const struct conf_rule *rule);

/* Something came. */
void errands_take(struct mqtt *q, const struct incoming *t);

/* The connection is lost: those who wait are told. */
void errands_lost(struct mqtt *q);

/* Forget them without a word: of one place; all with NULL. */
void errands_free(struct mqtt *q, const struct place *p);

/* The broker has it (reason NULL) or not. */
void errand_published(struct errand *e, const char *reason, bool nobody);

/* The delivery was given back: forget it. */
void errand_drop(struct errand *e);

#endif
