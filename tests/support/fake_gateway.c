/* SPDX-License-Identifier: MIT */
/*
 * fake_gateway.c - what the imagined network knows of hosted rooms, of
 * portals, and of what people set for their accounts.
 */

#include "tests/support/fake_world.h"

#include "bridge/base.h"

#include <utlist.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- hosted rooms ------------------------------------------------------ */

void
world_knock(struct world *w, const char *room, const char *network,
	    const char *far)
{
	const char *why = bridge_portal(&w->fake->net, room, network, far);

	if (why)
		fake_write(w, "no %s: %s", room, why);
}

void
world_come_in(struct world *w, const char *room, const char *who,
	      const char *password)
{
	struct fake_place *place = fake_place_of(w, room);
	struct channel *ch = fake_joined(w, room);
	struct fake_person *p = xcalloc(1, sizeof(*p));
	struct event *ev = event_make(EVENT_JOIN);

	assert(ch && ch->kind == CHANNEL_HOSTED);
	p->id = xstrdup(who);
	p->name = xstrdup(who);
	p->status = xstrdup("");
	DL_APPEND(place->people, p);
	ev->password = event_strdup(ev, password);
	event_set_sender(ev, p->id, p->name);
	fake_raise(w, ch, ev);
}

void
fake_standing(struct network *net, struct channel *ch, const char *sender_id,
	      const struct standing *s)
{
	struct fake *f = container_of(net, struct fake, net);

	assert(!f->world->upcalls && ch->kind == CHANNEL_HOSTED);
	switch (s->state) {
	case OCCUPANT_JOINED:
		fake_write(f->world, "%s: %s is in as %s", ch->name, sender_id,
			   s->name);
		return;
	case OCCUPANT_JOINING:
		return;
	case OCCUPANT_ABSENT:
		fake_write(f->world, "%s: %s is out: %s", ch->name, sender_id,
			   s->why ? s->why : "on the way");
		return;
	case OCCUPANT_REFUSED:
		fake_write(f->world, "%s: %s is refused (%d): %s", ch->name,
			   sender_id, (int)s->refusal, s->why);
		return;
	}
}

/* ---- portals ----------------------------------------------------------- */

bool
fake_channel_name(struct network *net UNUSED, const char *text, char *name,
		  size_t size)
{
	size_t i = 0;

	if (*text != '#' || strlen(text) >= size)
		return false;
	for (; text[i]; i++)
		name[i] = (char)(text[i] >= 'A' && text[i] <= 'Z'
					 ? text[i] - 'A' + 'a'
					 : text[i]);
	name[i] = '\0';
	return true;
}

static size_t
ears(const struct fake *f, const struct channel *ch)
{
	const struct fake_occupant *fo;
	size_t n = 0;

	DL_FOREACH(f->occupants, fo)
	n += fo->in && fo->o->channel == ch;
	return n;
}

static struct fake_channel *
channel_of(struct fake *f, const struct channel *ch)
{
	struct fake_channel *c;

	DL_FOREACH(f->channels, c)
	if (c->ch == ch)
		return c;
	return NULL;
}

void
fake_portal_heard(struct fake *f, struct channel *ch)
{
	struct fake_channel *c = channel_of(f, ch);
	struct fake_person *p;

	if (!ch->portal || !c || c->told)
		return;
	c->told = true;
	DL_FOREACH(fake_place_of(f->world, ch->name)->people, p)
	fake_raise_join(f->world, ch, p, EVENT_BACKLOG);
}

void
fake_portal_unheard(struct fake *f, struct channel *ch)
{
	struct fake_channel *c = channel_of(f, ch);
	struct fake_person *p;

	if (!ch->portal || !c || !c->told || ears(f, ch))
		return;
	DL_FOREACH(fake_place_of(f->world, ch->name)->people, p)
	{
		struct event *ev = event_make(EVENT_PART);

		event_set_sender(ev, p->id, p->name);
		fake_raise(f->world, ch, ev);
	}
	c->told = false;
}

/* ---- the listener, where accounts hear, too ---------------------------- */

void
fake_step_on(struct fake *f, struct fake_channel *c)
{
	const char *barred = f->world->barred;

	c->coming = false;
	c->shut = barred && strcmp(barred, "us") == 0;
	f->world->upcalls++;
	if (c->shut) {
		bridge_kept_out(c->ch, DOWN_REFUSED, "barred");
	} else {
		c->out = false;
		fake_write(f->world, "%s: the listener is in", c->ch->name);
		bridge_stepped_in(c->ch);
	}
	f->world->upcalls--;
}

void
fake_step_in(struct network *net, struct channel *ch)
{
	struct fake *f = container_of(net, struct fake, net);
	struct fake_channel *c = channel_of(f, ch);

	assert(net->state == NETWORK_UP && !f->world->upcalls && ch->joined);
	assert(c && c->out);
	c->coming = true;
	if (!f->world->slow_join)
		fake_step_on(f, c);
}

void
fake_step_out(struct network *net, struct channel *ch)
{
	struct fake *f = container_of(net, struct fake, net);
	struct fake_channel *c = channel_of(f, ch);

	assert(net->state == NETWORK_UP && !f->world->upcalls && ch->joined);
	assert(c && !c->out && ears(f, ch));
	c->out = true;
	fake_write(f->world, "%s: the listener is out", ch->name);
}

bool
fake_is_out(struct fake *f, const struct channel *ch)
{
	const struct fake_channel *c = channel_of(f, ch);

	return c && c->out;
}

bool
fake_is_deaf(const struct fake *f, const struct channel *ch)
{
	const struct fake_occupant *fo;
	const struct fake_channel *c;

	DL_FOREACH(f->channels, c)
	if (c->ch == ch && !c->out)
		return false;
	DL_FOREACH(f->occupants, fo)
	if (fo->in && fo->o->channel == ch && fo->o->puppet->account)
		return false;
	return true;
}

void
fake_deafened(struct fake *f, const struct channel *ch)
{
	const struct fake_channel *c = channel_of(f, ch);

	if (f->world->watch && c && !c->coming && !c->shut)
		f->world->watch->deafened(f->world, ch);
}

/* ---- settings ---------------------------------------------------------- */

static const char *
refuse_number(const char *value)
{
	return value[strspn(value, "0123456789")] ? "that is no number" : NULL;
}

static const struct choice moods[] = {
	{ "calm", "Calm" },
	{ "wild", "Wild" },
	{ .value = NULL },
};

const struct setting fake_settings[] = {
	{ "nick", SETTING_TEXT, "Nick", "How you are called.", NULL },
	{ "password", SETTING_SECRET, "Password", "Yours.", NULL },
	{ "port", SETTING_NUMBER, "Port", "Where.", refuse_number },
	{ "mood", SETTING_CHOICE, "Mood", "Yours.", .choices = moods },
	{ "token", SETTING_SECRET, "Token", "Ours.", .hidden = true },
	{ "wish", SETTING_TEXT, "Wish", "Nobody has one.", NULL },
	{ .key = NULL },
};

const char *
fake_may_set(struct network *net UNUSED, const struct setting *setting,
	     const char *value)
{
	if (!strcmp(setting->key, "wish"))
		return "nobody may wish";
	return value && !strcmp(value, "25") ? "not that port" : NULL;
}

struct set {
	const char *key, *value;
};

static void
check_set(void *arg, const struct setting *setting, const char *value)
{
	struct set *set = arg;
	bool shown = value && (setting->kind == SETTING_SECRET ||
			       (set->value && strcmp(value, set->value) == 0));

	if (strcmp(setting->key, set->key) == 0 && shown == !!set->value)
		set->key = "";
}

/* What is set is there at once, before it is on disk. */
void
world_set(struct world *w, const char *who, const char *network,
	  const char *key, const char *value)
{
	const struct command_place place = fake_place_for(network);
	const char *why = bridge_set(&w->fake->net, who, &place, key, value);
	struct set set = { key, value };

	if (why) {
		fake_write(w, "not set: %s", why);
		return;
	}
	bridge_settings(&w->fake->net, who, &place, check_set, &set);
	if (*set.key)
		fake_write(w, "%s is not what was set", key);
}

static void
write_setting(void *arg, const struct setting *setting, const char *value)
{
	if (value)
		fake_write(arg, "%s is \"%s\"", setting->key, value);
}

void
world_settings(struct world *w, const char *who, const char *network)
{
	const struct command_place place = fake_place_for(network);

	bridge_settings(&w->fake->net, who, &place, write_setting, w);
}

void
fake_account_changed(struct fake *f, struct occupant *o)
{
	const char *nick = bridge_setting(o->puppet, "nick");
	const char *password = bridge_setting(o->puppet, "password");

	fake_write(f->world, "%s uses %s/%s", o->puppet->sender->id,
		   nick ? nick : "-", password ? password : "-");
}

/* ---- the past ---------------------------------------------------------- */

static void
write_past(void *arg, const struct event *ev)
{
	fake_write(arg, "%s: %s", ev->sender.name, ev->text.utf8);
}

static void
write_resident(void *arg, const struct sender *who, const char *password)
{
	fake_write(arg, "%s stays as %s%s%s", who->id, who->name,
		   password ? " with " : "", password ? password : "");
}

void
world_residents(struct world *w, const char *room)
{
	struct channel *ch = fake_joined(w, room);

	assert(ch && ch->kind == CHANNEL_HOSTED);
	bridge_residents(ch, write_resident, w);
}

void
world_past(struct world *w, const char *room, unsigned max)
{
	const struct history_query query = { .max = max, .newest = true };
	struct history result;
	struct channel *ch = fake_joined(w, room);

	assert(ch);
	if (bridge_history(ch, &query, write_past, w, &result) == 0)
		fake_write(w, "%s of %d",
			   result.complete ? "that is all" : "the last",
			   (int)result.total);
}

void
world_read(struct world *w, const char *who, const char *network,
	   const char *name, unsigned max)
{
	const struct history_query query = { .max = max, .newest = true };
	struct archive archive = { .reader = who };
	struct history result;

	if (network)
		archive.person = (struct address){ network, name };
	else
		archive.room = name;
	assert(bridge_archive(&w->fake->net, &archive, &query, write_past, w,
			      &result) == 0);
	fake_write(w, "%s of %d", result.complete ? "that is all" : "the last",
		   (int)result.total);
}
