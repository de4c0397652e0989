/* SPDX-License-Identifier: MIT */
/*
 * command.c - what people ask of us, from the door to whoever runs it and
 * back. See command.h.
 *
 * A request lives from bridge_run() until its answer was handed to the door.
 * Both ends of it are calls of hooks, so both are made in commands_work().
 */

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/network.h"
#include "bridge/operate.h"
#include "bridge/pool.h"
#include "conf/conf.h"

#include <utlist.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 100
#define REQUESTS_MAX 1000

enum request_state {
	REQUEST_NEW,
	REQUEST_RUNNING,
	REQUEST_ANSWERED,
};

struct request {
	struct bridge *bridge;
	struct netlife *life; /* who runs it; NULL: the core */
	const struct command *command;
	const struct own_command *own; /* NULL: not ours */
	struct address who;
	struct command_place place;
	bool admin, fresh;
	struct given *given;
	size_t n_given;
	enum request_state state;
	struct command_answer answer;
	struct field *fields;
	struct choice *entries; /* and room for how many */
	size_t entries_room;
	answer_fn *fn; /* NULL: nobody wants the answer */
	void *arg;
	struct pool *pool; /* of all that it points to */
	struct request *prev, *next;
};

/* ---- what there is ------------------------------------------------------- */

static bool
is_admin(const struct netlife *home, const char *who)
{
	const struct conf *conf = home->bridge->conf;
	size_t len = strlen(home->name);

	for (size_t i = 0; i < conf->n_admins; i++) {
		const char *admin = conf->admins[i];

		if (!strncmp(admin, home->name, len) && admin[len] == ':' &&
		    !strcmp(admin + len + 1, who))
			return true;
	}
	return false;
}

static bool
is_offered(const struct command *command, const struct command_place *place,
	   bool admin)
{
	return (command->places & AT_PLACE(place->kind)) &&
	       (admin || !command->admin);
}

static bool
is_own(struct bridge *bridge, const struct own_command *own,
       const struct command_place *place, bool admin)
{
	return is_offered(&own->command, place, admin) &&
	       (!own->offered || own->offered(bridge, place));
}

/* The network that the place is of, or NULL. */
static struct netlife *
life_at(struct bridge *bridge, const struct command_place *place)
{
	const char *why;

	return place->network ? network_demand(bridge, place->network, &why)
			      : NULL;
}

static bool
offers(const struct netlife *life, const struct command *command,
       const struct command_place *place)
{
	const struct protocol_ops *ops = &life->net->protocol->ops;

	return !ops->offers || ops->offers(life->net, command, place);
}

/* Those of a network at one place, for one person. */
struct visit {
	const struct command_place *place;
	bool admin;
	void (*fn)(void *arg, const struct command *command);
	void *arg;
};

static void
visit(void *arg, const struct command *command)
{
	const struct visit *v = arg;

	if (is_offered(command, v->place, v->admin))
		v->fn(v->arg, command);
}

static void
visit_network(const struct netlife *life, struct visit *v)
{
	const struct protocol *protocol = life->net->protocol;
	const struct command *c = protocol->commands;

	for (; c && c->name; c++)
		if (is_offered(c, v->place, v->admin) &&
		    offers(life, c, v->place))
			v->fn(v->arg, c);
	if (protocol->ops.each_command)
		protocol->ops.each_command(life->net, v->place, visit, v);
}

void
bridge_commands(struct network *door, const char *who,
		const struct command_place *place,
		void (*fn)(void *arg, const struct command *command), void *arg)
{
	struct netlife *life = life_at(door->bridge, place);
	struct visit v = { place, is_admin(door->life, who), fn, arg };

	for (const struct own_command *own = own_commands; own->command.name;
	     own++)
		if (is_own(door->bridge, own, place, v.admin))
			fn(arg, &own->command);
	if (life)
		visit_network(life, &v);
}

static bool
find_own(struct request *r, const char *name)
{
	for (const struct own_command *own = own_commands; own->command.name;
	     own++) {
		if (strcmp(own->command.name, name) != 0 ||
		    !is_own(r->bridge, own, &r->place, r->admin))
			continue;
		r->own = own;
		r->command = &own->command;
		return true;
	}
	return false;
}

struct search {
	struct request *r;
	const char *name;
};

/* A copy: what makes it may be gone before it is run. */
static void
take_command(void *arg, const struct command *command)
{
	const struct search *s = arg;
	struct request *r = s->r;
	struct command *copy;

	if (r->command || strcmp(command->name, s->name) != 0)
		return;
	copy = pool_alloc(r->pool, sizeof(*copy));
	*copy = *command;
	copy->name = pool_strdup(r->pool, command->name);
	copy->label = pool_strdup(r->pool, command->label);
	r->command = copy;
	r->life = network_use(life_at(r->bridge, &r->place));
}

/* Sets r->command, or leaves it NULL. */
static void
find_command(struct request *r, const char *name)
{
	struct netlife *life = life_at(r->bridge, &r->place);
	struct search s = { r, name };
	struct visit v = { &r->place, r->admin, take_command, &s };

	if (!find_own(r, name) && life)
		visit_network(life, &v);
}

/* ---- running ------------------------------------------------------------- */

static void
request_free(struct request *r)
{
	DL_DELETE(r->bridge->requests, r);
	network_unuse(r->life);
	pool_free(r->pool);
	free(r->entries);
	free(r);
}

struct request *
bridge_run(struct network *door, const struct command_run *run, answer_fn *fn,
	   void *arg)
{
	struct request *r = xcalloc(1, sizeof(*r));

	r->bridge = door->bridge;
	r->pool = pool_new();
	r->fn = fn;
	r->arg = arg;
	r->admin = is_admin(door->life, run->who);
	r->who.network = pool_strdup(r->pool, door->name);
	r->who.id = pool_strdup(r->pool, run->who);
	r->place.kind = run->place.kind;
	r->place.network = pool_strdup(r->pool, run->place.network);
	r->place.name = pool_strdup(r->pool, run->place.name);
	r->fresh = !run->given;
	r->given = pool_alloc(r->pool, (run->n_given + 1) * sizeof(*r->given));
	for (; r->n_given < run->n_given; r->n_given++) {
		const struct given *g = &run->given[r->n_given];

		r->given[r->n_given].key = pool_strdup(r->pool, g->key);
		r->given[r->n_given].value = pool_strdup(r->pool, g->value);
	}
	find_command(r, run->name);
	DL_APPEND(r->bridge->requests, r);
	bridge_schedule(r->bridge);
	return r;
}

void
bridge_run_drop(struct request *r)
{
	r->fn = NULL;
}

static void
start(struct request *r)
{
	r->state = REQUEST_RUNNING;
	if (!r->command)
		request_refuse(r, "there is no such command here");
	else if (r->own)
		r->own->run(r->bridge, r);
	else
		r->life->net->protocol->ops.command(r->life->net, r);
}

static size_t
count(const struct bridge *bridge)
{
	const struct request *r;
	size_t n = 0;

	DL_COUNT(bridge->requests, r, n);
	return n;
}

void
commands_work(struct bridge *bridge)
{
	struct request *r, *next;

	/* What is run may ask for more: that comes behind. */
	DL_FOREACH(bridge->requests, r)
	{
		if (r->state != REQUEST_NEW)
			continue;
		if (count(bridge) > REQUESTS_MAX) {
			r->state = REQUEST_RUNNING;
			request_refuse(r, "too many commands are running");
		} else {
			start(r);
		}
	}
	DL_FOREACH_SAFE(bridge->requests, r, next)
	{
		if (r->state != REQUEST_ANSWERED)
			continue;
		if (r->fn)
			r->fn(r->arg, &r->answer);
		next = r->next;
		request_free(r);
	}
}

void
commands_lost(struct netlife *life)
{
	struct request *r;

	DL_FOREACH(life->bridge->requests, r)
	if (r->life == life && r->state == REQUEST_RUNNING)
		request_refuse(r, "the connection to the network was lost");
}

void
commands_free(struct bridge *bridge)
{
	struct request *r, *next;

	DL_FOREACH_SAFE(bridge->requests, r, next)
	request_free(r);
}

/* ---- for those who run them ---------------------------------------------- */

const struct command *
request_command(const struct request *r)
{
	return r->command;
}

const struct command_place *
request_place(const struct request *r)
{
	return &r->place;
}

const struct address *
request_who(const struct request *r)
{
	return &r->who;
}

bool
request_by_admin(const struct request *r)
{
	return r->admin;
}

bool
request_is_fresh(const struct request *r)
{
	return r->fresh;
}

const char *
request_value(const struct request *r, const char *key)
{
	/* The last one holds: steps go on. */
	for (size_t i = r->n_given; i--;)
		if (strcmp(r->given[i].key, key) == 0)
			return r->given[i].value;
	return NULL;
}

static const struct choice *
copy_choices(struct pool *pool, const struct field *field)
{
	struct choice *choices =
		pool_alloc(pool, (field->n_choices + 1) * sizeof(*choices));

	for (size_t i = 0; i < field->n_choices; i++) {
		const struct choice *c = &field->choices[i];

		choices[i].value = pool_strdup(pool, c->value);
		choices[i].label =
			pool_strdup(pool, c->label ? c->label : c->value);
	}
	return choices;
}

void
request_field(struct request *r, const struct field *field)
{
	struct field *copy;

	assert(r->state == REQUEST_RUNNING);
	if (r->answer.n_fields == FIELDS_MAX)
		return;
	if (!r->fields)
		r->fields = pool_alloc(r->pool, FIELDS_MAX * sizeof(*copy));
	copy = &r->fields[r->answer.n_fields++];
	*copy = *field;
	copy->key = pool_strdup(r->pool, field->key);
	copy->label = pool_strdup(r->pool, field->label);
	copy->doc = pool_strdup(r->pool, field->doc);
	copy->value = pool_strdup(r->pool, field->value);
	copy->choices = copy_choices(r->pool, field);
}

bool
request_entry(struct request *r, const char *value, const char *label)
{
	size_t n = r->answer.n_entries;

	assert(r->state == REQUEST_RUNNING);
	if (n == ENTRIES_MAX)
		return false;
	if (n == r->entries_room) {
		r->entries_room = n ? 2 * n : 64;
		r->entries = xrealloc(r->entries,
				      r->entries_room * sizeof(*r->entries));
	}
	r->entries[n].value = pool_strdup(r->pool, value);
	r->entries[n].label = pool_strdup(r->pool, label);
	r->answer.n_entries = n + 1;
	return true;
}

static void
answer(struct request *r, enum answer_kind kind, const char *text)
{
	assert(r->state == REQUEST_RUNNING);
	r->state = REQUEST_ANSWERED;
	r->answer.kind = kind;
	r->answer.text = pool_strdup(r->pool, text ? text : "");
	r->answer.fields = r->fields;
	if (kind != ANSWER_FORM)
		r->answer.n_fields = 0;
	r->answer.entries = r->entries;
	if (kind != ANSWER_DONE)
		r->answer.n_entries = 0;
	bridge_schedule(r->bridge);
}

void
request_ask(struct request *r, const char *title, const char *text)
{
	r->answer.title = pool_strdup(r->pool, title);
	answer(r, ANSWER_FORM, text);
}

void
request_done(struct request *r, const char *text)
{
	answer(r, ANSWER_DONE, text);
}

void
request_refuse(struct request *r, const char *why)
{
	answer(r, ANSWER_REFUSED, why);
}

void
request_deny(struct request *r, enum denial denial, const char *why)
{
	r->answer.denial = denial;
	answer(r, ANSWER_REFUSED, why);
}
