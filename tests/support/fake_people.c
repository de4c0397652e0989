/* SPDX-License-Identifier: MIT */
/*
 * fake_people.c - whom people of the imagined network follow, and what they
 * ask the bridge to do.
 */

#include "tests/support/fake_world.h"

#include "bridge/base.h"
#include "bridge/str.h"

#include <utlist.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- contacts ------------------------------------------------------------ */

static const struct fake_person *
find(const struct world *w, const char *who)
{
	const struct fake_place *place;
	const struct fake_person *p;

	DL_FOREACH(w->places, place)
	DL_FOREACH(place->people, p)
	if (strcmp(p->id, who) == 0)
		return p;
	return NULL;
}

static void
report(struct fake *f, struct contact *c)
{
	const struct fake_person *p = find(f->world, c->person);
	const struct availability a = {
		.known = true,
		.online = p != NULL,
		.show = p ? p->show : SHOW_ONLINE,
		.status = p ? p->status : NULL,
	};

	f->world->upcalls++;
	bridge_contact(c, &a);
	f->world->upcalls--;
}

void
fake_people_changed(struct world *w)
{
	struct fake_watching *x;

	if (w->fake)
		DL_FOREACH(w->fake->watching, x)
	report(w->fake, x->contact);
}

void
fake_watch_person(struct network *net, struct contact *c)
{
	struct fake *f = container_of(net, struct fake, net);
	struct fake_watching *x = xcalloc(1, sizeof(*x));

	assert(!f->world->upcalls && net->state == NETWORK_UP && !c->data);
	x->contact = c;
	c->data = x;
	DL_APPEND(f->watching, x);
	fake_write(f->world, "watch %s for %s", c->person, c->follower.id);
	report(f, c);
}

static void
drop(struct fake *f, struct fake_watching *x)
{
	DL_DELETE(f->watching, x);
	x->contact->data = NULL;
	free(x);
}

void
fake_unwatch_person(struct network *net, struct contact *c)
{
	struct fake *f = container_of(net, struct fake, net);

	assert(!f->world->upcalls && net->state == NETWORK_UP && c->data);
	fake_write(f->world, "unwatch %s for %s", c->person, c->follower.id);
	drop(f, c->data);
}

void
fake_watches_drop(struct fake *f)
{
	while (f->watching)
		drop(f, f->watching);
	f->slow = NULL;
}

void
fake_contact(struct network *net, const char *follower,
	     const struct address *person, const struct availability *a)
{
	static const char *const shows[] = {
		[SHOW_ONLINE] = "online",
		[SHOW_AWAY] = "away",
		[SHOW_XA] = "xa",
		[SHOW_DND] = "dnd",
	};
	struct fake *f = container_of(net, struct fake, net);
	const char *how = !a->known    ? "unknown"
			  : !a->online ? "offline"
				       : shows[a->show];

	assert(!f->world->upcalls && net->state == NETWORK_UP);
	fake_write(f->world, "%s sees %s:%s %s%s%s", follower, person->network,
		   person->id, how, a->status && *a->status ? ": " : "",
		   a->status ? a->status : "");
}

void
world_follow(struct world *w, const char *who, const char *network,
	     const char *person)
{
	const struct sender sender = { .id = who, .name = who };
	const struct address address = { network, person };
	const char *why = bridge_follow(&w->fake->net, &sender, &address);

	if (why)
		fake_write(w, "not followed: %s", why);
	else
		assert(bridge_follows(&w->fake->net, who, &address));
}

void
world_block(struct world *w, const char *who, const char *network,
	    const char *person)
{
	const struct address address = { network, person };
	const char *why = bridge_block(&w->fake->net, who, &address);

	if (why)
		fake_write(w, "not blocked: %s", why);
}

void
world_unblock(struct world *w, const char *who, const char *network,
	      const char *person)
{
	const struct address address = { network, person };

	bridge_unblock(&w->fake->net, who, &address);
}

static void
write_blocked(void *arg, const struct address *person)
{
	fake_write(arg, "blocks %s:%s", person->network, person->id);
}

void
world_blocked(struct world *w, const char *who)
{
	bridge_blocked(&w->fake->net, who, write_blocked, w);
}

void
world_unfollow(struct world *w, const char *who, const char *network,
	       const char *person)
{
	const struct address address = { network, person };

	bridge_unfollow(&w->fake->net, who, &address);
	assert(!bridge_follows(&w->fake->net, who, &address));
}

void
world_here(struct world *w, const char *who, bool here)
{
	bridge_here(&w->fake->net, who, here);
}

/* ---- commands ------------------------------------------------------------ */

const struct command fake_commands[] = {
	{ "echo", "Say it again", AT_PLACE(PLACE_NETWORK), false },
	{ "slow", "Take your time", AT_PLACE(PLACE_NETWORK), false },
	{ "reset", "Begin anew", AT_PLACE(PLACE_NETWORK), true },
	{ "switch", "Switch it", AT_PLACE(PLACE_PERSON), false },
	{ .name = NULL },
};

/* Only lamps can be switched. */
bool
fake_offers(struct network *net UNUSED, const struct command *command,
	    const struct command_place *place)
{
	return strcmp(command->name, "switch") != 0 ||
	       strcmp(place->name, "lamp") == 0;
}

/* What only the configuration knows of; gone when this returns. */
void
fake_each_command(struct network *net UNUSED, const struct command_place *place,
		  void (*fn)(void *arg, const struct command *command),
		  void *arg)
{
	char name[] = "dim", label[] = "Dim it";
	const struct command dim = { name, label, AT_PLACE(PLACE_PERSON),
				     false };
	const struct command burn = { "burn", "Burn it", AT_PLACE(PLACE_PERSON),
				      true };

	if (place->name && strcmp(place->name, "lamp") == 0) {
		fn(arg, &dim);
		fn(arg, &burn);
	}
	memset(name, 'x', 3);
}

static void
echo(struct request *r)
{
	static const struct choice choices[] = { { "low", "softly" },
						 { "high", NULL } };
	const struct field text = { .key = "text",
				    .kind = SETTING_TEXT,
				    .label = "Text",
				    .required = true };
	const struct field voice = { .key = "voice",
				     .kind = SETTING_CHOICE,
				     .label = "Voice",
				     .value = "low",
				     .choices = choices,
				     .n_choices = 2 };
	const char *said = request_value(r, "text");

	if (request_is_fresh(r)) {
		request_field(r, &text);
		request_field(r, &voice);
		request_ask(r, "Echo", "What is to be said?");
	} else if (!said || !*said) {
		request_refuse(r, "there is nothing to say");
	} else {
		request_done(r, said);
	}
}

void
fake_command(struct network *net, struct request *r)
{
	struct fake *f = container_of(net, struct fake, net);
	const char *name = request_command(r)->name;

	assert(!f->world->upcalls);
	if (strcmp(name, "echo") == 0)
		echo(r);
	else if (strcmp(name, "slow") == 0)
		f->slow = r;
	else
		request_done(r, request_who(r)->id);
}

static struct command_place
place_of(const char *network, const char *name)
{
	struct command_place place = { .kind = PLACE_BRIDGE };

	if (strcmp(network, "-") == 0)
		return place;
	place.network = network;
	place.name = name;
	place.kind = !name          ? PLACE_NETWORK
		     : *name == '#' ? PLACE_CHANNEL
				    : PLACE_PERSON;
	return place;
}

struct command_place
fake_place_for(const char *words)
{
	static const char *const networks[] = { "i", "m", "n", "z" };

	/* i#channel, i@person */
	if (words[1] != '#' && words[1] != '@')
		return place_of(words, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(networks); i++)
		if (*networks[i] == *words)
			return place_of(networks[i],
					words + 1 + (words[1] == '@'));
	return place_of("?", words + 1);
}

static void
write_command(void *arg, const struct command *command)
{
	fake_write(arg, "command %s: %s", command->name, command->label);
}

void
world_commands(struct world *w, const char *who, const char *network,
	       const char *name)
{
	const struct command_place place = place_of(network, name);

	bridge_commands(&w->fake->net, who, &place, write_command, w);
}

static void
write_answer(void *arg, const struct command_answer *answer)
{
	static const char *const kinds[] = {
		[ANSWER_DONE] = "done",
		[ANSWER_FORM] = "asked",
		[ANSWER_REFUSED] = "refused",
	};

	fake_write(arg, "%s: %s", kinds[answer->kind], answer->text);
	for (size_t i = 0; i < answer->n_fields; i++) {
		const struct field *field = &answer->fields[i];

		fake_write(arg, "- %s (%s%s): %s", field->key, field->label,
			   field->required ? ", needed" : "",
			   field->value ? field->value : "-");
		for (size_t k = 0; k < field->n_choices; k++)
			fake_write(arg, "  %s: %s", field->choices[k].value,
				   field->choices[k].label);
	}
}

#define GIVEN_MAX 8

void
world_run(struct world *w, const char *who, const char *network,
	  const char *command, const char *values)
{
	char *copy = xstrdup(values ? values : ""), *rest = copy, *word;
	struct given given[GIVEN_MAX];
	struct command_run run = { .who = who,
				   .place = fake_place_for(network),
				   .name = command };

	while ((word = strsep(&rest, " ")) && run.n_given < GIVEN_MAX) {
		given[run.n_given].key = strsep(&word, "=");
		given[run.n_given].value = word;
		run.n_given += word != NULL;
		for (; word && *word; word++) /* several values */
			*word = (char)(*word == ',' ? '\n' : *word);
	}
	if (values)
		run.given = given;
	(void)bridge_run(&w->fake->net, &run, write_answer, w);
	free(copy);
}
