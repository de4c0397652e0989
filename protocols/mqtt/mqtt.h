/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_MQTT_H
#define PROTOCOLS_MQTT_MQTT_H

/*
 * What the files of the adapter share: one network's state.
 *
 *     struct mqtt             one broker
 *       struct tap            a filter that we are subscribed to, counted
 *       struct wire           a message to the broker, until it has it
 *       struct held           an event that is not on disk yet
 *       struct place          a channel of the bridge; two kinds:
 *         struct watch        rules: from topics to the room    (watch.c)
 *                             rules: commands that are typed    (typed.c)
 *         struct chat         a room as a tree of topics        (chat.c)
 *
 * A place is made at the first join() and lives until forget() or the end of
 * the network, so that what is remembered of its topics outlives a lost
 * connection; taps, wires and errands end with the connection.
 */

#include "bridge/hash.h"
#include "bridge/loop.h"
#include "bridge/protocol.h"
#include "protocols/mqtt/broker.h"
#include "protocols/mqtt/echo.h"
#include "protocols/mqtt/instance.h"
#include "protocols/mqtt/order.h"

struct chat;
struct conf_rule;
struct conf_rules;
struct devices;
struct discovery;
struct errand;
struct giver;
struct mqtt;
struct place;
struct spark;
struct str;
struct track;
struct watch;

#define SPEAKERS_MAX 200 /* of one place, who are shown as members */

struct tap {
	char *filter;
	uint32_t id;
	unsigned uses;
	int mid; /* of the SUBSCRIBE; -1: answered */
	bool granted;
	UT_hash_handle hh;
};

struct wire {
	int mid;
	struct delivery *d;    /* to be settled, or NULL */
	struct errand *errand; /* whose it is, or NULL */
	UT_hash_handle hh;
};

struct held {
	struct event *ev; /* one reference; the key is its address */
	UT_hash_handle hh;
};

/* A message that came before there was anybody to take it. */
struct early {
	struct incoming in; /* all it points to is owned */
	struct early *next;
};

/* Somebody of this network who has spoken in a place. */
struct speaker {
	char *id, *name;
	UT_hash_handle hh;
};

struct place {
	struct mqtt *q;
	struct channel *ch;
	const struct conf_rules *rules; /* NULL: a chat */
	char where[160];                /* for the log */
	bool open;    /* join() was called, and neither leave() nor the end */
	bool joining; /* bridge_joined() is still to be called */
	bool gap;     /* and before it, that something was not heard */
	struct tap **taps;
	size_t n_taps;
	struct speaker *speakers;
	struct watch *watches; /* an array */
	size_t n_watches;
	bool stale; /* what the watches know is not what the disk knows */
	struct timer reload;
	struct chat *chat;
	struct place *next;
};

struct mqtt {
	struct network net;
	struct devices *devices;
	struct discovery *discovery; /* NULL: not wanted */
	struct spark *sparks;
	struct instance instance;
	struct echoes echoes;   /* of this connection; 3.1.1 only */
	struct errand *errands; /* utlist */
	const struct conf_mqtt *conf;
	struct loop *loop;
	struct broker *broker;
	struct place *places;
	struct tap *taps;
	struct wire *wires;
	struct held *held;
	struct track *tracks, *touched; /* of all watches; track.c */
	size_t n_tracks;
	bool turning;    /* what was touched is remembered this turn, */
	bool turn_holds; /* and the broker is held until then */
	uint64_t ticket, first_ticket; /* the last, of this connection's */
	struct timer settle; /* reading begins when all channels are there */
	struct early *early, **early_end;
	int64_t up_ms;
	int64_t heard_ms; /* UTC, when something came last */
	bool pressed;
};

extern const struct protocol mqtt_protocol;

/* ---- mqtt.c -------------------------------------------------------------- */

/* Subscribe until the end of the connection. */
struct tap *mqtt_tap(struct mqtt *q, const char *filter);

/* One use less. */
void mqtt_untap(struct mqtt *q, struct tap *tap);

/* Subscribe for that place. */
struct tap *place_tap(struct place *p, const char *filter);

/*
 * Raise an event of that place, said by whom; takes the reference. from: the
 * message that it is made of, which is acknowledged when the event is kept;
 * NULL: none.
 */
void place_raise(struct place *p, struct event *ev,
		 const struct incoming *from);

/* Somebody speaks; shown as a member from now on, if there are not too many. */
void place_speaker(struct place *p, struct event *ev, const char *id,
		   const char *name);

/* A line that the bridge says about this network's things. */
void place_say(struct place *p, const char *text);

/* Publish, and note for whom; false, with *why, if it cannot be. */
bool mqtt_publish(struct mqtt *q, const struct outgoing *g, struct delivery *d,
		  struct errand *errand, const char **why);

/* ---- watch.c ------------------------------------------------------------- */

void watches_open(struct place *p);
void watches_free(struct place *p);
/* Something that was to be said could not be kept: it is tried again. */
void watches_bounced(struct place *p);
void watches_take(struct place *p, const struct tap *tap,
		  const struct incoming *t);

/* ---- typed.c ------------------------------------------------------------- */

#define TYPED_BYTES 120 /* of a command, where it is quoted */

/* Subscribe to what shows that a command was done. */
void typed_open(struct place *p);

/* True if the event is a command of one of the rules. */
bool typed_wants(const struct conf_rules *rules, const struct event *ev);
void typed_send(struct place *p, struct delivery *d);

/* By somebody, as such: no correction, nothing that a program says. */
bool typed_is_spoken(const struct event *ev);

/* Who says it. */
struct giver typed_giver(const struct delivery *d);

/* Where to look, and how. */
struct typed_rules {
	const struct conf_rule *const *rules;
	size_t n;
	enum order_match (*read)(const struct conf_pattern *pattern,
				 const char *line, struct order_args *args,
				 struct str *why);
};

/*
 * The command that a line is, and what it was given; NULL if it is none. If it
 * was meant and is wrong, why says how.
 */
const struct conf_rule *typed_find(const struct typed_rules *in,
				   const char *line, struct order_args *args,
				   struct str *why);

/* ---- chat.c -------------------------------------------------------------- */

void chat_open(struct place *p);
void chat_joined(struct place *p);
void chat_lost(struct place *p);
void chat_free(struct place *p);
void chat_send(struct place *p, struct delivery *d);
void chat_take(struct place *p, const struct incoming *t);

/* What was published to be said is kept: now it is said. */
void chat_accepted(struct place *p, const struct event *ev);
void chat_bounce(struct place *p, const struct event *ev, const char *why);
void chat_puppet_join(struct place *p, struct occupant *o);
void chat_puppet_leave(struct place *p, struct occupant *o);
void chat_puppet_update(struct place *p, struct occupant *o, unsigned changes);

#endif
