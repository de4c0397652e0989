/* SPDX-License-Identifier: MIT */
/* fake.c - a protocol without a network. See fake.h. */

#include "tests/support/fake_world.h"

#include "bridge/base.h"
#include "bridge/error.h"

#include <utlist.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fake *
fake_from(struct network *net)
{
	assert(net->protocol == &fake_protocol);
	return container_of(net, struct fake, net);
}

/* ---- upcalls: while one runs, the bridge may call nothing -------------- */

static void
up_down(struct fake *f, enum down_reason why, const char *text)
{
	struct world *w = f->world;

	w->upcalls++;
	bridge_network_down(&f->net, why, text);
	w->upcalls--;
}

static void
up_joined(struct world *w, struct channel *ch)
{
	w->upcalls++;
	bridge_joined(ch);
	w->upcalls--;
}

static void
up_left(struct world *w, struct channel *ch, enum down_reason why)
{
	w->upcalls++;
	bridge_left(ch, why, "kicked");
	w->upcalls--;
}

static void
up_puppet_joined(struct world *w, struct occupant *o, const char *name)
{
	w->upcalls++;
	bridge_puppet_joined(o, name);
	w->upcalls--;
}

static void
up_puppet_left(struct world *w, struct occupant *o, enum down_reason why,
	       const char *text)
{
	w->upcalls++;
	bridge_puppet_left(o, why, text);
	w->upcalls--;
}

/* What every hook may rely on. */
static struct fake *
hook(struct network *net)
{
	struct fake *f = fake_from(net);

	assert(!f->world->upcalls);
	return f;
}

/* The same for those that are called in UP only. */
static struct fake *
hook_up(struct network *net)
{
	assert(net->state == NETWORK_UP);
	return hook(net);
}

static struct fake *
hook_occupant(struct network *net, const struct occupant *o)
{
	assert(o->puppet->network == net && o->channel->network == net);
	assert(o->channel->joined);
	return hook_up(net);
}

/* ---- what goes wrong --------------------------------------------------- */

static void
unsettled(struct fake *f, const struct delivery *d)
{
	if (f->world->watch)
		f->world->watch->unsettled(f->world, d);
}

static void
let_go(struct fake *f)
{
	while (f->held) {
		struct fake_held *h = f->held;

		unsettled(f, h->d);
		DL_DELETE(f->held, h);
		free(h);
	}
}

static void
occupant_free(struct fake_occupant *fo)
{
	free(fo->asked);
	free(fo);
}

static void
forget_channel(struct fake *f, struct channel *ch)
{
	struct fake_channel *c, *tmp;
	struct fake_occupant *o, *otmp;
	struct fake_held *h, *htmp;

	DL_FOREACH_SAFE(f->channels, c, tmp)
	{
		if (c->ch != ch)
			continue;
		DL_DELETE(f->channels, c);
		free(c);
	}
	DL_FOREACH_SAFE(f->occupants, o, otmp)
	{
		if (o->o->channel != ch)
			continue;
		DL_DELETE(f->occupants, o);
		occupant_free(o);
	}
	DL_FOREACH_SAFE(f->held, h, htmp)
	{
		if (h->d->channel != ch)
			continue;
		unsettled(f, h->d);
		DL_DELETE(f->held, h);
		free(h);
	}
}

static void
forget_all(struct fake *f)
{
	let_go(f);
	fake_watches_drop(f);
	while (f->occupants) {
		struct fake_occupant *o = f->occupants;

		DL_DELETE(f->occupants, o);
		occupant_free(o);
	}
	while (f->channels) {
		struct fake_channel *c = f->channels;

		DL_DELETE(f->channels, c);
		free(c);
	}
}

void
world_break(struct world *w, enum down_reason why)
{
	if (!w->fake || w->fake->net.state == NETWORK_DOWN)
		return;
	forget_all(w->fake);
	up_down(w->fake, why, "the test says so");
}

/* True if the connection broke in this hook. */
static bool
trapped(struct fake *f, enum fake_trap where)
{
	if (f->world->trap != where)
		return false;
	f->world->trap = FAKE_NO_TRAP;
	world_break(f->world, DOWN_LOST);
	return true;
}

void
world_kick(struct world *w, const char *channel, enum down_reason why)
{
	struct channel *ch = fake_joined(w, channel);

	if (!ch)
		return;
	forget_channel(w->fake, ch);
	up_left(w, ch, why);
}

static void show_held(struct fake *f, const struct channel *ch);

void
world_kick_puppet(struct world *w, const char *channel, const char *name,
		  enum down_reason why)
{
	struct fake_occupant *o, *tmp;
	struct channel *ch;

	DL_FOREACH_SAFE(w->fake->occupants, o, tmp)
	{
		struct occupant *occupant = o->o;

		if (!o->in || strcmp(occupant->channel->name, channel) != 0 ||
		    strcmp(occupant->name, name) != 0)
			continue;
		show_held(w->fake, occupant->channel); /* said before that */
		DL_DELETE(w->fake->occupants, o);
		occupant_free(o);
		occupant->refusal = REFUSAL_KICKED;
		up_puppet_left(w, occupant, why, "kicked");
		fake_portal_unheard(w->fake, occupant->channel);
	}
	ch = fake_joined(w, channel);
	if (ch && fake_is_deaf(w->fake, ch))
		world_kick(w, channel, DOWN_LOST);
}

void
world_forget(struct world *w)
{
	if (!w->fake)
		return;
	forget_all(w->fake);
	w->fake->net.state = NETWORK_DOWN;
}

/* ---- hooks ------------------------------------------------------------- */

/* That one, or one of those that it stands for. */
static struct world *
world_called(struct world *w, const char *name)
{
	struct world *host = w->hosts;

	while (host && strcmp(host->label, name) != 0)
		host = host->next_host;
	return host ? host : w;
}

static struct network *
fake_create(const struct conf_network *conf, struct loop *loop UNUSED,
	    struct error *err UNUSED)
{
	struct fake *f = xcalloc(1, sizeof(*f));

	f->world = world_called((struct world *)(uintptr_t)conf->matrix,
				conf->name);
	if (!f->world->fake)
		f->world->fake = f;
	network_init(&f->net, &fake_protocol, conf->name);
	f->net.caps = f->world->caps;
	f->net.limits = f->world->limits;
	return &f->net;
}

static void
fake_destroy(struct network *net)
{
	struct fake *f = fake_from(net);

	if (f->world->fake == f)
		f->world->fake = NULL;
	forget_all(f);
	network_finish(net);
	free(f);
}

static void
fake_start(struct network *net)
{
	struct fake *f = hook(net);

	assert(net->state == NETWORK_STARTING);
	f->world->fake = f;
	f->world->pressure = PRESSURE_NONE;
	if (f->world->stalled)
		return;
	if (f->world->dead)
		up_down(f, DOWN_UNREACHABLE, "nobody there");
	else if (!f->world->slow_start)
		bridge_network_up(net);
}

void
world_connect(struct world *w)
{
	if (w->fake && w->fake->net.state == NETWORK_STARTING)
		bridge_network_up(&w->fake->net);
}

static void
fake_stop(struct network *net)
{
	struct fake *f = hook(net);

	assert(net->state == NETWORK_STOPPING);
	forget_all(f);
	if (f->world->stalled)
		return;
	up_down(f, DOWN_ASKED, NULL);
}

char **
fake_look(struct fake_place *place, enum event_kind kind)
{
	return kind == EVENT_TOPIC     ? &place->topic
	       : kind == EVENT_NAME    ? &place->title
	       : kind == EVENT_PICTURE ? &place->picture
				       : NULL;
}

static void
tell_members(struct world *w, struct fake_channel *c)
{
	struct fake_place *place = fake_place_of(w, c->ch->name);
	struct fake_person *p;

	c->told = true;
	DL_FOREACH(place->people, p)
	fake_raise_join(w, c->ch, p, EVENT_BACKLOG);
	for (enum event_kind kind = 0; kind < EVENT_KINDS; kind++) {
		char **look = fake_look(place, kind);

		if (!look || !*look)
			continue;
		struct event *ev = event_make(kind);

		ev->flags = EVENT_BACKLOG;
		event_set_sender(ev, "server", "server");
		event_set_text(ev, *look);
		fake_raise(w, c->ch, ev);
	}
}

static void
enter(struct world *w, struct fake_channel *c)
{
	if (!c->told) {
		tell_members(w, c);
		return;
	}
	c->in = true;
	up_joined(w, c->ch);
}

void
world_enter(struct world *w)
{
	struct fake_channel *c;

	if (!w->fake)
		return;
	DL_FOREACH(w->fake->channels, c)
	{
		if (!c->in)
			enter(w, c);
		else if (c->coming)
			fake_step_on(w->fake, c);
	}
}

static void
fake_join(struct network *net, struct channel *ch)
{
	struct fake *f = hook_up(net);
	struct fake_channel *c;

	if (trapped(f, FAKE_TRAP_JOIN))
		return;
	c = xcalloc(1, sizeof(*c));
	c->ch = ch;
	DL_APPEND(f->channels, c);
	if (ch->portal) { /* heard by who comes */
		c->in = true;
		up_joined(f->world, ch);
		return;
	}
	if (f->world->slow_join)
		return;
	enter(f->world, c);
	enter(f->world, c);
}

static void
fake_leave(struct network *net, struct channel *ch)
{
	forget_channel(hook_up(net), ch);
}

static void
fake_forget(struct network *net, struct channel *ch)
{
	forget_channel(fake_from(net), ch);
}

/* The reference that the rendering kept, for the transcript. */
static void
write_delivery(struct fake *f, const struct delivery *d)
{
	const struct event *ev = d->event;
	const char *speaker = d->speaker ? d->speaker->name : "";
	const char *sep = !d->speaker                ? ""
			  : ev->flags & EVENT_ACTION ? "* "
			  : ev->flags & EVENT_NOTICE ? "- "
						     : ": ";

	if (d->channel->kind == CHANNEL_ROOM)
		assert(fake_joined(f->world, d->channel->name));
	switch (ev->kind) {
	case EVENT_TOPIC:
	case EVENT_NAME:
	case EVENT_PICTURE:
		fake_write(f->world, "%s %s %s \"%s\"", d->channel->name,
			   ev->sender.name, event_kind_name(ev->kind),
			   ev->text.utf8);
		return;
	case EVENT_EDIT:
		fake_write(f->world, "%s %s edits %s: %s", d->channel->name,
			   speaker, d->target, ev->text.utf8);
		return;
	case EVENT_REDACTION:
		fake_write(f->world, "%s %s withdraws %s", d->channel->name,
			   speaker, d->target);
		return;
	case EVENT_REACTION:
		fake_write(f->world, "%s %s %s %s %s", d->channel->name,
			   speaker,
			   ev->flags & EVENT_REMOVED ? "unreacts" : "reacts",
			   d->target, ev->mark);
		return;
	default:
		break;
	}
	if (ev->parent && d->parent)
		fake_write(f->world, "%s %s replies %s: %s", d->channel->name,
			   speaker, d->parent, ev->text.utf8);
	else if (d->channel->caps & CAN_AUTHOR)
		fake_write(f->world, "%s %s%s%s {%s of %s%s}", d->channel->name,
			   speaker, sep, ev->text.utf8, ev->sender.name,
			   d->network ? d->network : "us",
			   d->rank >= RANK_OP ? ", op" : "");
	else
		fake_write(f->world, "%s %s%s%s", d->channel->name, speaker,
			   sep, ev->text.utf8);
}

/* A topic that we set is the topic; a picture has a name of its own here. */
static void
take_look(struct fake *f, const struct delivery *d)
{
	char **look = fake_look(fake_place_of(f->world, d->channel->name),
				d->event->kind);

	if (!look)
		return;
	free(*look);
	*look = xstrdup(d->event->kind == EVENT_PICTURE ? d->id
							: d->event->text.utf8);
}

static void
appear(struct fake *f, const struct delivery *d)
{
	write_delivery(f, d);
	take_look(f, d);
	if (f->world->watch)
		f->world->watch->shown(f->world, d);
}

/* What was on its way to that channel has come there. */
static void
show_held(struct fake *f, const struct channel *ch)
{
	struct fake_held *h;

	DL_FOREACH(f->held, h)
	{
		if (h->shown || h->d->channel != ch)
			continue;
		h->shown = true;
		appear(f, h->d);
	}
}

static void
show(struct fake *f, const struct delivery *d)
{
	show_held(f, d->channel);
	appear(f, d);
}

static void
confirm(struct fake *f, struct delivery *d)
{
	struct world *w = f->world;
	char id[16];
	const char *ids[] = { d->event->kind == EVENT_PICTURE ? d->id : id };

	snprintf(id, sizeof(id), "f%u", ++w->next_id);
	if (w->watch)
		w->watch->confirmed(w, d);
	w->upcalls++;
	bridge_sent(d, ids, 1);
	w->upcalls--;
}

static void
refuse(struct fake *f, struct delivery *d)
{
	struct world *w = f->world;

	if (w->watch)
		w->watch->refused(w, d);
	w->upcalls++;
	bridge_refused(d, w->why);
	w->upcalls--;
}

static void
delay(struct fake *f, struct delivery *d)
{
	struct world *w = f->world;

	w->upcalls++;
	bridge_later(d, 0, "not now");
	w->upcalls--;
}

static void
hold(struct fake *f, struct delivery *d)
{
	struct fake_held *h = xcalloc(1, sizeof(*h));

	h->d = d;
	DL_APPEND(f->held, h);
	if (!f->world->shows_late)
		show_held(f, d->channel);
}

/* Without hook_up(): whether it is up is no matter. */
static bool
fake_wants(struct network *net, const struct channel *ch UNUSED,
	   const struct event *ev)
{
	const char *only = fake_from(net)->world->wants;

	return !only || strncmp(ev->text.utf8, only, strlen(only)) == 0;
}

static void
fake_send(struct network *net, struct delivery *d)
{
	struct fake *f = hook_up(net);

	assert(d->channel->joined);
	assert(!d->speaker || d->speaker->state == OCCUPANT_JOINED);
	assert(d->speaker || !fake_is_out(f, d->channel));
	if (!d->speaker && d->channel->portal) { /* no listener is there */
		refuse(f, d);
		return;
	}
	if (f->world->trap == FAKE_TRAP_SEND) {
		if (!f->world->shows_late)
			show(f, d);
		unsettled(f, d);
		trapped(f, FAKE_TRAP_SEND);
		return;
	}
	switch (f->world->mood) {
	case FAKE_REFUSES:
		refuse(f, d);
		return;
	case FAKE_DELAYS:
		delay(f, d);
		return;
	case FAKE_CONFIRMS:
		show(f, d);
		confirm(f, d);
		return;
	case FAKE_HOLDS:
		hold(f, d);
		return;
	}
}

void
world_return(struct world *w)
{
	struct fake_held *h, *tmp;
	struct channel *ch;

	if (!w->fake || !w->fake->held)
		return;
	ch = w->fake->held->d->channel;
	DL_FOREACH_SAFE(w->fake->held, h, tmp)
	{
		struct delivery *d = h->d;

		if (d->channel != ch)
			continue;
		unsettled(w->fake, d);
		DL_DELETE(w->fake->held, h);
		free(h);
		delay(w->fake, d);
	}
}

void
world_confirm(struct world *w, unsigned n)
{
	while (w->fake && n-- && w->fake->held) {
		struct fake_held *h = w->fake->held;
		struct delivery *d = h->d;

		show_held(w->fake, d->channel);
		DL_DELETE(w->fake->held, h);
		free(h);
		confirm(w->fake, d);
	}
}

static bool
name_taken(struct fake *f, const struct occupant *o, const char *name)
{
	struct fake_place *place = fake_place_of(f->world, o->channel->name);
	struct fake_occupant *other;
	struct fake_person *p;

	DL_FOREACH(place->people, p)
	if (strcmp(p->name, name) == 0)
		return true;
	DL_FOREACH(f->occupants, other)
	if (other->in && other->o != o && other->o->channel == o->channel &&
	    strcmp(other->o->name, name) == 0)
		return true;
	return false;
}

static void
free_name(struct fake *f, const struct occupant *o, const char *want, char *out,
	  size_t size)
{
	snprintf(out, size, "%s", want);
	for (unsigned i = 2; name_taken(f, o, out); i++)
		snprintf(out, size, "%s%u", want, i);
}

static void
admit(struct fake *f, struct fake_occupant *fo)
{
	struct occupant *o = fo->o;
	char name[256];

	free_name(f, o, fo->asked, name, sizeof(name));
	fo->in = true;
	fake_portal_heard(f, o->channel);
	up_puppet_joined(f->world, o, name);
}

static struct fake_occupant *
occupant_find(struct fake *f, const struct occupant *o)
{
	struct fake_occupant *fo;

	DL_FOREACH(f->occupants, fo)
	if (fo->o == o)
		return fo;
	return NULL;
}

static void
fake_puppet_join(struct network *net, struct occupant *o)
{
	struct fake *f = hook_occupant(net, o);
	struct fake_occupant *fo;

	assert(net->caps & CAN_PUPPET);
	assert(!occupant_find(f, o));
	if (trapped(f, FAKE_TRAP_PUPPET_JOIN))
		return;
	if (f->world->barred && strcmp(o->want, f->world->barred) == 0) {
		o->refusal = REFUSAL_BANNED;
		up_puppet_left(f->world, o, DOWN_REFUSED, "barred");
		return;
	}
	fo = xcalloc(1, sizeof(*fo));
	fo->o = o;
	fo->asked = xstrdup(o->want);
	DL_APPEND(f->occupants, fo);
	if (!f->world->slow_puppets || (f->world->crowded && o->awaited))
		admit(f, fo);
}

void
world_admit(struct world *w)
{
	struct fake_occupant *fo;

	if (w->fake)
		DL_FOREACH(w->fake->occupants, fo)
	if (!fo->in)
		admit(w->fake, fo);
}

static void
fake_puppet_leave(struct network *net, struct occupant *o,
		  const char *reason UNUSED)
{
	struct fake *f = hook_occupant(net, o);
	struct fake_occupant *fo = occupant_find(f, o);

	assert(fo);
	DL_DELETE(f->occupants, fo);
	occupant_free(fo);
	fake_portal_unheard(f, o->channel);
	if (!trapped(f, FAKE_TRAP_PUPPET_LEAVE) && o->channel->joined &&
	    fake_joined(f->world, o->channel->name) &&
	    fake_is_deaf(f, o->channel)) {
		fake_deafened(f, o->channel);
		world_kick(f->world, o->channel->name, DOWN_LOST);
	}
}

static void
fake_puppet_update(struct network *net, struct occupant *o, unsigned changes)
{
	struct fake *f = hook_occupant(net, o);
	struct fake_occupant *fo = occupant_find(f, o);
	char name[256];

	assert(fo);
	if (changes & PUPPET_ACCOUNT)
		fake_account_changed(f, o);
	if (changes & PUPPET_TYPING)
		fake_write(f->world, "%s %s %s", o->channel->name, o->name,
			   o->typing ? "types" : "stops");
	if (changes & PUPPET_READ)
		fake_write(f->world, "%s %s read %s", o->channel->name, o->name,
			   o->read);
	if (changes & PUPPET_AWAITED) {
		assert(o->state == OCCUPANT_JOINING && o->awaited);
		if (f->world->crowded && !fo->in)
			admit(f, fo);
	}
	/* No network renames who is still on the way in. */
	if (trapped(f, FAKE_TRAP_PUPPET_UPDATE) || !(changes & PUPPET_NAME) ||
	    !fo->in)
		return;
	free_name(f, o, o->want, name, sizeof(name));
	f->world->upcalls++;
	bridge_puppet_renamed(o, name);
	f->world->upcalls--;
}

static void
fake_expel(struct network *net, const char *origin, const char *sender_id,
	   const char *words)
{
	struct fake *f = hook_up(net);
	struct fake_occupant *fo, *tmp;
	struct fake_channel *c, *ctmp;

	DL_FOREACH_SAFE(f->occupants, fo, tmp)
	{
		struct occupant *o = fo->o;

		if (strcmp(o->puppet->origin, origin) != 0 ||
		    strcmp(o->puppet->sender->id, sender_id) != 0)
			continue;
		DL_DELETE(f->occupants, fo);
		occupant_free(fo);
		o->refusal = REFUSAL_KICKED;
		f->world->upcalls++;
		bridge_puppet_left(o, DOWN_REFUSED, words);
		f->world->upcalls--;
		fake_portal_unheard(f, o->channel);
	}
	DL_FOREACH_SAFE(f->channels, c, ctmp)
	if (fake_is_deaf(f, c->ch))
		world_kick(f->world, c->ch->name, DOWN_LOST);
}

static void
fake_accepted(struct network *net, const struct event *ev)
{
	struct fake *f = hook(net);
	struct fake_channel *c;

	DL_FOREACH(f->channels, c)
	if (c->ch->kind == CHANNEL_HOSTED && c->ch->id == ev->channel)
		fake_write(f->world, "%s (%s): %s", c->ch->name,
			   ev->sender.name, ev->text.utf8);
	if (f->world->watch)
		f->world->watch->accepted(f->world, ev);
}

static void
fake_delivered(struct network *net, const struct event *ev)
{
	struct fake *f = hook_up(net);

	fake_write(f->world, "%s's word arrived at %s:%s", ev->sender.name,
		   ev->to.network, ev->to.id);
}

static void
fake_bounce(struct network *net, struct channel *ch UNUSED,
	    const struct event *ev, const char *why)
{
	struct fake *f = hook_up(net);

	fake_write(f->world, "bounce %s: %s", ev->sender.name, why);
	if (f->world->watch)
		f->world->watch->bounced(f->world, ev, why);
	trapped(f, FAKE_TRAP_BOUNCE);
}

static void
fake_pressure(struct network *net, enum pressure why)
{
	struct fake *f = hook_up(net);

	assert(f->world->pressure != why);
	f->world->pressure = why;
}

/* Everybody can exist, but for one. */
static bool
fake_resolve(struct network *net UNUSED, const char *text, char *id,
	     size_t size)
{
	if (strcmp(text, "nobody") == 0)
		return false;
	snprintf(id, size, "%s", text);
	return true;
}

const struct protocol fake_protocol = {
	.name = "fake",
	.caps = CAN_PUPPET | CAN_DIRECT,
	.limits = { .window = 8 },
	.ops = {
		.create = fake_create,
		.destroy = fake_destroy,
		.start = fake_start,
		.stop = fake_stop,
		.join = fake_join,
		.leave = fake_leave,
		.step_in = fake_step_in,
		.step_out = fake_step_out,
		.send = fake_send,
		.wants = fake_wants,
		.puppet_join = fake_puppet_join,
		.puppet_leave = fake_puppet_leave,
		.puppet_update = fake_puppet_update,
		.forget = fake_forget,
		.accepted = fake_accepted,
		.bounce = fake_bounce,
		.delivered = fake_delivered,
		.expel = fake_expel,
		.standing = fake_standing,
		.channel_name = fake_channel_name,
		.pressure = fake_pressure,
		.resolve = fake_resolve,
		.watch = fake_watch_person,
		.unwatch = fake_unwatch_person,
		.contact = fake_contact,
		.command = fake_command,
		.offers = fake_offers,
		.may_set = fake_may_set,
		.each_command = fake_each_command,
	},
	.settings = fake_settings,
	.commands = fake_commands,
};
