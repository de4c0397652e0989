/* SPDX-License-Identifier: MIT */
/* fake.c - a protocol without a network. See fake.h. */

#include "tests/support/fake.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/loop.h"
#include "bridge/str.h"

#include <utlist.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES (2 * 1024 * 1024)

struct fake_person {
	char *id, *name, *status;
	enum presence_show show;
	struct fake_person *prev, *next;
};

/* A channel as the server knows it, whether we are in it or not. */
struct fake_place {
	char *name, *topic;
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
	struct fake_channel *prev, *next;
};

struct fake_occupant {
	struct occupant *o;
	bool in;
	struct fake_occupant *prev, *next;
};

struct fake {
	struct network net;
	struct world *world;
	struct fake_channel *channels;
	struct fake_occupant *occupants;
	struct fake_held *held;
};

static struct fake *
fake_from(struct network *net)
{
	assert(net->protocol == &fake_protocol);
	return container_of(net, struct fake, net);
}

/* ---- upcalls: while one runs, the bridge may call nothing -------------- */

static void
up_event(struct world *w, struct event *ev)
{
	w->upcalls++;
	bridge_event(&w->fake->net, ev);
	w->upcalls--;
}

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

/* ---- the world --------------------------------------------------------- */

void
world_init(struct world *w, const char *label)
{
	*w = (struct world){
		.label = label,
		.limits = { .window = 8 },
	};
}

/* No fake is an XMPP network: that pointer is free to lead to the world. */
struct conf_network
world_conf(struct world *w)
{
	return (struct conf_network){
		.name = w->label,
		.protocol = "fake",
		.xmpp = (const void *)w,
	};
}

static void
person_free(struct fake_person *p)
{
	free(p->id);
	free(p->name);
	free(p->status);
	free(p);
}

void
world_finish(struct world *w)
{
	struct fake_place *place, *tmp;

	DL_FOREACH_SAFE(w->places, place, tmp)
	{
		while (place->people) {
			struct fake_person *p = place->people;

			DL_DELETE(place->people, p);
			person_free(p);
		}
		free(place->name);
		free(place->topic);
		free(place);
	}
	for (size_t i = 0; i < w->n_lines; i++)
		free(w->lines[i]);
	free(w->lines);
	free(w->barred);
}

static void write_line(struct world *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void
write_line(struct world *w, const char *fmt, ...)
{
	AUTO_STR line;
	va_list args;

	str_init(&line, LINE_MAX_BYTES);
	va_start(args, fmt);
	str_vprintf(&line, fmt, args);
	va_end(args);
	w->lines = xrealloc(w->lines, (w->n_lines + 1) * sizeof(char *));
	w->lines[w->n_lines++] = str_take(&line);
}

char *
world_line(struct world *w)
{
	char *line;

	if (!w->n_lines)
		return NULL;
	line = w->lines[0];
	w->n_lines--;
	memmove(w->lines, w->lines + 1, w->n_lines * sizeof(char *));
	return line;
}

static struct fake_place *
place_of(struct world *w, const char *name)
{
	struct fake_place *p;

	DL_FOREACH(w->places, p)
	if (strcmp(p->name, name) == 0)
		return p;
	p = xcalloc(1, sizeof(*p));
	p->name = xstrdup(name);
	DL_APPEND(w->places, p);
	return p;
}

static struct fake_person *
person_in(struct fake_place *place, const char *id)
{
	struct fake_person *p;

	DL_FOREACH(place->people, p)
	if (strcmp(p->id, id) == 0)
		return p;
	return NULL;
}

static struct fake_person *
person_anywhere(struct world *w, const char *id)
{
	struct fake_place *place;
	struct fake_person *p;

	DL_FOREACH(w->places, place)
	if ((p = person_in(place, id)))
		return p;
	return NULL;
}

/* ---- events ------------------------------------------------------------ */

static struct channel *
joined_channel(struct world *w, const char *name)
{
	struct fake_channel *c;

	if (!w->fake)
		return NULL;
	DL_FOREACH(w->fake->channels, c)
	if (c->told && strcmp(c->ch->name, name) == 0)
		return c->ch;
	return NULL;
}

static void
set_sender(struct world *w, struct event *ev, const char *who)
{
	struct fake_person *p = person_anywhere(w, who);

	event_set_sender(ev, who, p ? p->name : who);
}

static int64_t
now(const struct world *w)
{
	return w->stamps && w->loop ? loop_wall_ms(w->loop) : 1;
}

static void
raise(struct world *w, struct channel *ch, struct event *ev)
{
	ev->channel = ch->id;
	ev->when_ms = now(w);
	up_event(w, ev);
}

static void
raise_join(struct world *w, struct channel *ch, const struct fake_person *p,
	   unsigned flags)
{
	struct event *ev = event_make(EVENT_JOIN);

	ev->flags = flags;
	ev->show = p->show;
	event_set_sender(ev, p->id, p->name);
	event_set_text(ev, p->status);
	raise(w, ch, ev);
}

void
world_join(struct world *w, const char *channel, const char *who)
{
	struct fake_place *place = place_of(w, channel);
	const struct fake_person *same = person_anywhere(w, who);
	struct fake_person *p = xcalloc(1, sizeof(*p));
	struct channel *ch = joined_channel(w, channel);

	p->id = xstrdup(who);
	p->name = xstrdup(same ? same->name : who);
	p->status = xstrdup(same ? same->status : "");
	p->show = same ? same->show : SHOW_ONLINE;
	DL_APPEND(place->people, p);
	if (ch)
		raise_join(w, ch, p, 0);
}

void
world_part(struct world *w, const char *channel, const char *who,
	   enum part_kind how, const char *text)
{
	struct fake_place *place = place_of(w, channel);
	struct fake_person *p = person_in(place, who);
	struct channel *ch = joined_channel(w, channel);

	if (ch) {
		struct event *ev = event_make(EVENT_PART);

		ev->part = how;
		set_sender(w, ev, who);
		event_set_text(ev, text ? text : "");
		raise(w, ch, ev);
	}
	if (p) {
		DL_DELETE(place->people, p);
		person_free(p);
	}
}

/* Calls back for each joined channel that the person is in. */
static void
raise_everywhere(struct world *w, const char *who, enum event_kind kind)
{
	struct fake_place *place;

	DL_FOREACH(w->places, place)
	{
		struct channel *ch = joined_channel(w, place->name);
		struct fake_person *p = person_in(place, who);
		struct event *ev;

		if (!ch || !p)
			continue;
		ev = event_make(kind);
		event_set_sender(ev, p->id, p->name);
		ev->show = p->show;
		event_set_text(ev, p->status);
		raise(w, ch, ev);
	}
}

void
world_rename(struct world *w, const char *who, const char *name)
{
	struct fake_place *place;
	struct fake_person *p;

	DL_FOREACH(w->places, place)
	{
		p = person_in(place, who);
		if (!p)
			continue;
		free(p->name);
		p->name = xstrdup(name);
	}
	raise_everywhere(w, who, EVENT_RENAME);
}

void
world_presence(struct world *w, const char *who, enum presence_show show,
	       const char *text)
{
	struct fake_place *place;
	struct fake_person *p;

	DL_FOREACH(w->places, place)
	{
		p = person_in(place, who);
		if (!p)
			continue;
		p->show = show;
		free(p->status);
		p->status = xstrdup(text ? text : "");
	}
	raise_everywhere(w, who, EVENT_PRESENCE);
}

static void
raise_said(struct world *w, struct event *ev, const char *channel,
	   const char *who, const char *text)
{
	struct channel *ch = joined_channel(w, channel);

	assert(ch); /* the script speaks where nobody of ours listens */
	set_sender(w, ev, who);
	event_set_text(ev, text ? text : "");
	raise(w, ch, ev);
}

void
world_say(struct world *w, enum event_kind kind, unsigned flags,
	  const char *channel, const char *who, const char *text,
	  const char *ref, char id[16])
{
	struct event *ev = event_make(kind);
	char made[16];

	snprintf(made, sizeof(made), "f%u", ++w->next_id);
	if (id)
		memcpy(id, made, sizeof(made));
	ev->flags = flags;
	ev->id = event_strdup(ev, made);
	ev->key = ev->id;
	if (kind == EVENT_MESSAGE)
		ev->parent = event_strdup(ev, ref);
	else
		ev->target = event_strdup(ev, ref);
	if (kind == EVENT_REACTION)
		ev->mark = event_strdup(ev, text);
	if (kind == EVENT_TOPIC) {
		struct fake_place *place = place_of(w, channel);

		free(place->topic);
		place->topic = xstrdup(text);
	}
	raise_said(w, ev, channel, who, kind == EVENT_REACTION ? "" : text);
}

void
world_repeat(struct world *w, const char *channel, const char *who,
	     const char *text, const char *id)
{
	struct event *ev = event_make(EVENT_MESSAGE);

	ev->id = event_strdup(ev, id);
	ev->key = ev->id;
	raise_said(w, ev, channel, who, text);
}

void
world_recall(struct world *w, const char *channel, const char *who,
	     const char *text, const char *id)
{
	struct event *ev = event_make(EVENT_MESSAGE);

	ev->flags = EVENT_LATE;
	ev->id = event_strdup(ev, id);
	ev->key = ev->id;
	raise_said(w, ev, channel, who, text);
}

void
world_tell(struct world *w, const char *who, const char *network,
	   const char *id, const char *text)
{
	struct event *ev = event_make(EVENT_MESSAGE);

	assert(w->fake);
	ev->when_ms = now(w);
	set_sender(w, ev, who);
	event_set_to(ev, network, id);
	event_set_text(ev, text);
	up_event(w, ev);
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
		free(o);
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
	while (f->occupants) {
		struct fake_occupant *o = f->occupants;

		DL_DELETE(f->occupants, o);
		free(o);
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
	struct channel *ch = joined_channel(w, channel);

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

	DL_FOREACH_SAFE(w->fake->occupants, o, tmp)
	{
		struct occupant *occupant = o->o;

		if (!o->in || strcmp(occupant->channel->name, channel) != 0 ||
		    strcmp(occupant->name, name) != 0)
			continue;
		show_held(w->fake, occupant->channel); /* said before that */
		DL_DELETE(w->fake->occupants, o);
		free(o);
		up_puppet_left(w, occupant, why, "kicked");
	}
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

static struct network *
fake_create(const struct conf_network *conf, struct loop *loop UNUSED,
	    struct error *err UNUSED)
{
	struct fake *f = xcalloc(1, sizeof(*f));

	f->world = (struct world *)(uintptr_t)conf->xmpp;
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

static void
tell_members(struct world *w, struct fake_channel *c)
{
	struct fake_place *place = place_of(w, c->ch->name);
	struct fake_person *p;

	c->told = true;
	DL_FOREACH(place->people, p)
	raise_join(w, c->ch, p, EVENT_BACKLOG);
	if (place->topic) {
		struct event *ev = event_make(EVENT_TOPIC);

		ev->flags = EVENT_BACKLOG;
		event_set_sender(ev, "server", "server");
		event_set_text(ev, place->topic);
		raise(w, c->ch, ev);
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

	if (w->fake)
		DL_FOREACH(w->fake->channels, c)
	if (!c->in)
		enter(w, c);
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
		assert(joined_channel(f->world, d->channel->name));
	switch (ev->kind) {
	case EVENT_TOPIC:
		write_line(f->world, "%s %s topic \"%s\"", d->channel->name,
			   ev->sender.name, ev->text.utf8);
		return;
	case EVENT_EDIT:
		write_line(f->world, "%s %s edits %s: %s", d->channel->name,
			   speaker, d->target, ev->text.utf8);
		return;
	case EVENT_REDACTION:
		write_line(f->world, "%s %s withdraws %s", d->channel->name,
			   speaker, d->target);
		return;
	case EVENT_REACTION:
		write_line(f->world, "%s %s reacts %s %s", d->channel->name,
			   speaker, d->target, ev->mark);
		return;
	default:
		break;
	}
	if (ev->parent && d->parent)
		write_line(f->world, "%s %s replies %s: %s", d->channel->name,
			   speaker, d->parent, ev->text.utf8);
	else
		write_line(f->world, "%s %s%s%s", d->channel->name, speaker,
			   sep, ev->text.utf8);
}

/* A topic that we set is the topic. */
static void
take_topic(struct fake *f, const struct delivery *d)
{
	struct fake_place *place = place_of(f->world, d->channel->name);

	if (d->event->kind != EVENT_TOPIC)
		return;
	free(place->topic);
	place->topic = xstrdup(d->event->text.utf8);
}

static void
appear(struct fake *f, const struct delivery *d)
{
	write_delivery(f, d);
	take_topic(f, d);
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
	const char *ids[] = { id };

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

static void
fake_send(struct network *net, struct delivery *d)
{
	struct fake *f = hook_up(net);

	assert(d->channel->joined);
	assert(!d->speaker || d->speaker->state == OCCUPANT_JOINED);
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
	struct fake_place *place = place_of(f->world, o->channel->name);
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
free_name(struct fake *f, const struct occupant *o, char *out, size_t size)
{
	snprintf(out, size, "%s", o->want);
	for (unsigned i = 2; name_taken(f, o, out); i++)
		snprintf(out, size, "%s%u", o->want, i);
}

static void
admit(struct fake *f, struct fake_occupant *fo)
{
	struct occupant *o = fo->o;
	char name[256];

	free_name(f, o, name, sizeof(name));
	fo->in = true;
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
		up_puppet_left(f->world, o, DOWN_REFUSED, "barred");
		return;
	}
	fo = xcalloc(1, sizeof(*fo));
	fo->o = o;
	DL_APPEND(f->occupants, fo);
	if (!f->world->slow_puppets)
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
	free(fo);
	trapped(f, FAKE_TRAP_PUPPET_LEAVE);
}

static void
fake_puppet_update(struct network *net, struct occupant *o, unsigned changes)
{
	struct fake *f = hook_occupant(net, o);
	char name[256];

	assert(occupant_find(f, o));
	if (trapped(f, FAKE_TRAP_PUPPET_UPDATE) || !(changes & PUPPET_NAME))
		return;
	free_name(f, o, name, sizeof(name));
	f->world->upcalls++;
	bridge_puppet_renamed(o, name);
	f->world->upcalls--;
}

static void
fake_accepted(struct network *net, const struct event *ev)
{
	struct fake *f = hook(net);

	if (f->world->watch)
		f->world->watch->accepted(f->world, ev);
}

static void
fake_bounce(struct network *net, struct channel *ch UNUSED,
	    const struct event *ev, const char *why)
{
	struct fake *f = hook_up(net);

	write_line(f->world, "bounce %s: %s", ev->sender.name, why);
	if (f->world->watch)
		f->world->watch->bounced(f->world, ev);
	trapped(f, FAKE_TRAP_BOUNCE);
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

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
describe(const struct occupant *o)
{
	AUTO_STR s;

	str_init(&s, LINE_MAX_BYTES);
	str_add(&s, o->name);
	if (o->puppet->show != SHOW_ONLINE || *o->puppet->status)
		str_printf(&s, " (%s: %s)",
			   o->puppet->show == SHOW_ONLINE ? "here" : "away",
			   o->puppet->status);
	return str_take(&s);
}

char *
world_puppets(struct world *w, const char *channel)
{
	char *names[64];
	size_t n = 0;
	struct fake_occupant *fo;
	AUTO_STR out;

	if (w->fake)
		DL_FOREACH(w->fake->occupants, fo)
	if (fo->in && n < ARRAY_SIZE(names) &&
	    strcmp(fo->o->channel->name, channel) == 0)
		names[n++] = describe(fo->o);
	qsort(names, n, sizeof(names[0]), compare);
	str_init(&out, LINE_MAX_BYTES);
	for (size_t i = 0; i < n; i++) {
		str_printf(&out, "%s%s", i ? ", " : "", names[i]);
		free(names[i]);
	}
	return str_take(&out);
}

bool
world_listens(struct world *w, const char *channel)
{
	return joined_channel(w, channel) != NULL;
}

bool
world_has(struct world *w, const char *channel, const char *who)
{
	return person_in(place_of(w, channel), who) != NULL;
}

const char *
world_name(struct world *w, const char *who)
{
	struct fake_person *p = person_anywhere(w, who);

	return p ? p->name : NULL;
}

const char *
world_status(struct world *w, const char *who)
{
	struct fake_person *p = person_anywhere(w, who);

	return p ? p->status : NULL;
}

void
world_each_puppet(struct world *w,
		  void (*fn)(void *arg, const struct occupant *o), void *arg)
{
	struct fake_occupant *fo;

	if (w->fake)
		DL_FOREACH(w->fake->occupants, fo)
	if (fo->in)
		fn(arg, fo->o);
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
		.send = fake_send,
		.puppet_join = fake_puppet_join,
		.puppet_leave = fake_puppet_leave,
		.puppet_update = fake_puppet_update,
		.forget = fake_forget,
		.accepted = fake_accepted,
		.bounce = fake_bounce,
		.resolve = fake_resolve,
	},
};
