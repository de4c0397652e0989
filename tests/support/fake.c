/* SPDX-License-Identifier: MIT */
/* fake.c - a protocol without a network. See fake.h. */

#include "tests/support/fake.h"

#include "bridge/base.h"
#include "bridge/error.h"
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
	struct fake_held *prev, *next;
};

struct fake_channel {
	struct channel *ch;
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
	if (strcmp(c->ch->name, name) == 0)
		return c->ch;
	return NULL;
}

static void
set_sender(struct world *w, struct event *ev, const char *who)
{
	struct fake_person *p = person_anywhere(w, who);

	event_set_sender(ev, who, p ? p->name : who);
}

static void
raise(struct world *w, struct channel *ch, struct event *ev)
{
	ev->channel = ch->id;
	ev->when_ms = 1;
	bridge_event(&w->fake->net, ev);
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
	struct fake_person *p = xcalloc(1, sizeof(*p));
	struct channel *ch = joined_channel(w, channel);

	p->id = xstrdup(who);
	p->name = xstrdup(who);
	p->status = xstrdup("");
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
world_tell(struct world *w, const char *who, const char *network,
	   const char *id, const char *text)
{
	struct event *ev = event_make(EVENT_MESSAGE);

	assert(w->fake);
	ev->when_ms = 1;
	set_sender(w, ev, who);
	event_set_to(ev, network, id);
	event_set_text(ev, text);
	bridge_event(&w->fake->net, ev);
}

/* ---- what goes wrong --------------------------------------------------- */

static void
let_go(struct fake *f)
{
	while (f->held) {
		struct fake_held *h = f->held;

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
	bridge_network_down(&w->fake->net, why, "the test says so");
}

void
world_kick(struct world *w, const char *channel, enum down_reason why)
{
	struct channel *ch = joined_channel(w, channel);

	if (!ch)
		return;
	forget_channel(w->fake, ch);
	bridge_left(ch, why, "kicked");
}

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
		DL_DELETE(w->fake->occupants, o);
		free(o);
		bridge_puppet_left(occupant, why, "kicked");
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
	if (fake_from(net)->world->dead)
		bridge_network_down(net, DOWN_UNREACHABLE, "nobody there");
	else
		bridge_network_up(net);
}

static void
fake_stop(struct network *net)
{
	forget_all(fake_from(net));
	bridge_network_down(net, DOWN_ASKED, NULL);
}

static void
fake_join(struct network *net, struct channel *ch)
{
	struct fake *f = fake_from(net);
	struct fake_place *place = place_of(f->world, ch->name);
	struct fake_channel *c = xcalloc(1, sizeof(*c));
	struct fake_person *p;

	c->ch = ch;
	DL_APPEND(f->channels, c);
	DL_FOREACH(place->people, p)
	raise_join(f->world, ch, p, EVENT_BACKLOG);
	if (place->topic) {
		struct event *ev = event_make(EVENT_TOPIC);

		ev->flags = EVENT_BACKLOG;
		event_set_sender(ev, "server", "server");
		event_set_text(ev, place->topic);
		raise(f->world, ch, ev);
	}
	bridge_joined(ch);
}

static void
fake_leave(struct network *net, struct channel *ch)
{
	forget_channel(fake_from(net), ch);
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

static void
confirm(struct fake *f, struct delivery *d)
{
	char id[16];
	const char *ids[] = { id };

	snprintf(id, sizeof(id), "f%u", ++f->world->next_id);
	bridge_sent(d, ids, 1);
}

static void
fake_send(struct network *net, struct delivery *d)
{
	struct fake *f = fake_from(net);
	struct fake_held *h;

	assert(net->state == NETWORK_UP);
	switch (f->world->mood) {
	case FAKE_REFUSES:
		bridge_refused(d, f->world->why);
		return;
	case FAKE_DELAYS:
		bridge_later(d, 0, "not now");
		return;
	case FAKE_CONFIRMS:
		write_delivery(f, d);
		confirm(f, d);
		return;
	case FAKE_HOLDS:
		break;
	}
	write_delivery(f, d);
	h = xcalloc(1, sizeof(*h));
	h->d = d;
	DL_APPEND(f->held, h);
}

void
world_confirm(struct world *w, unsigned n)
{
	while (n-- && w->fake->held) {
		struct fake_held *h = w->fake->held;
		struct delivery *d = h->d;

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
	bridge_puppet_joined(o, name);
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
	struct fake *f = fake_from(net);
	struct fake_occupant *fo;

	assert(!occupant_find(f, o));
	if (f->world->barred && strcmp(o->want, f->world->barred) == 0) {
		bridge_puppet_left(o, DOWN_REFUSED, "barred");
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

	DL_FOREACH(w->fake->occupants, fo)
	if (!fo->in)
		admit(w->fake, fo);
}

static void
fake_puppet_leave(struct network *net, struct occupant *o,
		  const char *reason UNUSED)
{
	struct fake *f = fake_from(net);
	struct fake_occupant *fo = occupant_find(f, o);

	if (!fo)
		return; /* was refused */
	DL_DELETE(f->occupants, fo);
	free(fo);
}

static void
fake_puppet_update(struct network *net, struct occupant *o, unsigned changes)
{
	struct fake *f = fake_from(net);
	char name[256];

	if (!(changes & PUPPET_NAME))
		return;
	free_name(f, o, name, sizeof(name));
	bridge_puppet_renamed(o, name);
}

static void
fake_bounce(struct network *net, struct channel *ch UNUSED,
	    const struct event *ev, const char *why)
{
	write_line(fake_from(net)->world, "bounce %s: %s", ev->sender.name,
		   why);
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
		.bounce = fake_bounce,
		.resolve = fake_resolve,
	},
};
