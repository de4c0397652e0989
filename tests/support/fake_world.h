/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_FAKE_WORLD_H
#define TESTS_SUPPORT_FAKE_WORLD_H

/*
 * What fake.c, the adapter, and world.c, the network that it imagines, share.
 * Tests include fake.h only.
 */

#include "tests/support/fake.h"

struct fake_person {
	char *id, *name, *status;
	enum presence_show show;
	struct fake_person *prev, *next;
};

/* A channel as the server knows it, whether we are in it or not. */
struct fake_place {
	char *name, *topic;
	char *title, *picture; /* as EVENT_NAME and EVENT_PICTURE say */
	struct fake_person *people;
	struct fake_place *prev, *next;
};

struct fake_held {
	struct delivery *d;
	bool shown;
	struct fake_held *prev, *next;
};

struct fake_channel {
	struct channel *ch;
	bool told; /* who is there */
	bool in;
	bool out;    /* the listener is; an account hears */
	bool coming; /* it is on its way in */
	bool shut;   /* it was kept out, the last time that it came */
	struct fake_channel *prev, *next;
};

struct fake_occupant {
	struct occupant *o;
	char *asked; /* the name that it comes in under */
	bool in;
	struct fake_occupant *prev, *next;
};

struct fake_watching {
	struct contact *contact;
	struct fake_watching *prev, *next;
};

struct fake {
	struct network net;
	struct fake_watching *watching;
	struct request *slow; /* a command that is not answered yet */
	struct world *world;
	struct fake_channel *channels;
	struct fake_occupant *occupants;
	struct fake_held *held;
};

/* Append a line to the transcript. */
void fake_write(struct world *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The place of that name, made if need be. */
struct fake_place *fake_place_of(struct world *w, const char *name);

/* What an event of that kind is about, or NULL. */
char **fake_look(struct fake_place *place, enum event_kind kind);

/* The channel of that name, if the bridge knows who is there; else NULL. */
struct channel *fake_joined(struct world *w, const char *name);

/* Raise ev in ch; that p is there. */
void fake_raise(struct world *w, struct channel *ch, struct event *ev);
void fake_raise_join(struct world *w, struct channel *ch,
		     const struct fake_person *p, unsigned flags);

/* fake_gateway.c: hooks, and what follows from a puppet's coming and going */
void fake_standing(struct network *net, struct channel *ch,
		   const char *sender_id, const struct standing *s);
bool fake_channel_name(struct network *net, const char *text, char *name,
		       size_t size);
void fake_portal_heard(struct fake *f, struct channel *ch);
void fake_portal_unheard(struct fake *f, struct channel *ch);
void fake_step_in(struct network *net, struct channel *ch);
void fake_step_out(struct network *net, struct channel *ch);
/* The listener gets in, or not; it did not know before. */
void fake_step_on(struct fake *f, struct fake_channel *c);
/* True if the listener is not in there. */
bool fake_is_out(struct fake *f, const struct channel *ch);
/* True if nobody hears what is said there: neither it nor an account. */
bool fake_is_deaf(const struct fake *f, const struct channel *ch);
/* The last who heard there has been let go: tells a watcher, unless the
 * listener was kept out, or is kept waiting. */
void fake_deafened(struct fake *f, const struct channel *ch);
void fake_account_changed(struct fake *f, struct occupant *o);
extern const struct setting fake_settings[];
const char *fake_may_set(struct network *net, const struct setting *setting,
			 const char *value);

/* fake_people.c: contacts and commands */
void fake_watch_person(struct network *net, struct contact *c);
void fake_unwatch_person(struct network *net, struct contact *c);
void fake_contact(struct network *net, const char *follower,
		  const struct address *person, const struct availability *a);
void fake_command(struct network *net, struct request *r);
bool fake_offers(struct network *net, const struct command *command,
		 const struct command_place *place);
void fake_each_command(struct network *net, const struct command_place *place,
		       void (*fn)(void *arg, const struct command *command),
		       void *arg);
extern const struct command fake_commands[];

/* "-", "i" or "i#chan": the bridge, a network, a channel. */
struct command_place fake_place_for(const char *words);

/* People came, left or changed; the connection broke. */
void fake_people_changed(struct world *w);
void fake_watches_drop(struct fake *f);

#endif
