/* SPDX-License-Identifier: MIT */
/*
 * world.c - an imagined network: its places, its people and what they do, and
 * the transcript of what the bridge does there. See fake.h.
 */

#include "tests/support/fake_world.h"

#include "bridge/base.h"
#include "bridge/loop.h"
#include "bridge/str.h"

#include <utlist.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES (2 * 1024 * 1024)

/* While it runs, the bridge may call nothing. */
static void
up_event(struct world *w, struct event *ev)
{
	w->upcalls++;
	bridge_event(&w->fake->net, ev);
	w->upcalls--;
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

/* No fake is a Matrix network: that pointer is free to lead to the world. */
struct conf_network
world_conf(struct world *w)
{
	return (struct conf_network){
		.name = w->label,
		.protocol = "fake",
		.matrix = (const void *)w,
		.receipts = w->receipts,
		.irc = w->irc.hosts ? &w->irc : NULL,
	};
}

void
world_template(struct world *w, const char *allow, const char *deny)
{
	w->allow[0] = allow;
	w->deny[0] = deny;
	w->permit.allow = w->allow;
	w->permit.n_allow = 1;
	w->permit.deny = w->deny;
	w->permit.n_deny = deny ? 1 : 0;
	w->irc.hosts = &w->permit;
}

void
world_host(struct world *w, struct world *host)
{
	host->caps = w->caps;
	host->limits = w->limits;
	host->next_host = w->hosts;
	w->hosts = host;
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
		free(place->title);
		free(place->picture);
		free(place);
	}
	for (size_t i = 0; i < w->n_lines; i++)
		free(w->lines[i]);
	free(w->lines);
	free(w->barred);
}

void
fake_write(struct world *w, const char *fmt, ...)
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

struct fake_place *
fake_place_of(struct world *w, const char *name)
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

struct channel *
fake_joined(struct world *w, const char *name)
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

void
fake_raise(struct world *w, struct channel *ch, struct event *ev)
{
	ev->channel = ch->id;
	ev->when_ms = now(w);
	if (ch->kind == CHANNEL_HOSTED)
		ev->flags |= EVENT_GATEWAY;
	up_event(w, ev);
}

void
fake_raise_join(struct world *w, struct channel *ch,
		const struct fake_person *p, unsigned flags)
{
	struct event *ev = event_make(EVENT_JOIN);

	ev->flags = flags;
	ev->show = p->show;
	ev->rank = *p->id == '@' ? RANK_OP : RANK_NONE;
	event_set_sender(ev, p->id, p->name);
	event_set_text(ev, p->status);
	fake_raise(w, ch, ev);
}

void
world_join(struct world *w, const char *channel, const char *who)
{
	struct fake_place *place = fake_place_of(w, channel);
	const struct fake_person *same = person_anywhere(w, who);
	struct fake_person *p = xcalloc(1, sizeof(*p));
	struct channel *ch = fake_joined(w, channel);

	p->id = xstrdup(who);
	p->name = xstrdup(same ? same->name : who);
	p->status = xstrdup(same ? same->status : "");
	p->show = same ? same->show : SHOW_ONLINE;
	DL_APPEND(place->people, p);
	if (ch)
		fake_raise_join(w, ch, p, 0);
	fake_people_changed(w);
}

void
world_part(struct world *w, const char *channel, const char *who,
	   enum part_kind how, const char *text)
{
	struct fake_place *place = fake_place_of(w, channel);
	struct fake_person *p = person_in(place, who);
	struct channel *ch = fake_joined(w, channel);

	if (ch) {
		struct event *ev = event_make(EVENT_PART);

		ev->part = how;
		set_sender(w, ev, who);
		event_set_text(ev, text ? text : "");
		fake_raise(w, ch, ev);
	}
	if (p) {
		DL_DELETE(place->people, p);
		person_free(p);
	}
	fake_people_changed(w);
}

/* Calls back for each joined channel that the person is in. */
static void
raise_everywhere(struct world *w, const char *who, enum event_kind kind)
{
	struct fake_place *place;

	DL_FOREACH(w->places, place)
	{
		struct channel *ch = fake_joined(w, place->name);
		struct fake_person *p = person_in(place, who);
		struct event *ev;

		if (!ch || !p)
			continue;
		ev = event_make(kind);
		event_set_sender(ev, p->id, p->name);
		ev->show = p->show;
		event_set_text(ev, p->status);
		fake_raise(w, ch, ev);
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
	fake_people_changed(w);
}

static void
raise_said(struct world *w, struct event *ev, const char *channel,
	   const char *who, const char *text)
{
	struct channel *ch = fake_joined(w, channel);

	assert(ch); /* the script speaks where nobody of ours listens */
	set_sender(w, ev, who);
	event_set_text(ev, text ? text : "");
	fake_raise(w, ch, ev);
}

void
world_look(struct world *w, enum event_kind kind, const char *channel,
	   const char *text)
{
	char **look = fake_look(fake_place_of(w, channel), kind);

	if (!look)
		return;
	free(*look);
	*look = xstrdup(text);
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
	world_look(w, kind, channel, text);
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
world_moment(struct world *w, enum event_kind kind, unsigned flags,
	     const char *place, const char *who, const char *ref)
{
	const char *colon = strchr(place, ':');
	struct event *ev = event_make(kind);
	char network[64];

	assert(w->fake);
	ev->flags = flags;
	ev->when_ms = now(w);
	ev->target = event_strdup(ev, ref);
	if (!colon) {
		raise_said(w, ev, place, who, "");
		return;
	}
	snprintf(network, sizeof(network), "%.*s", (int)(colon - place), place);
	set_sender(w, ev, who);
	event_set_to(ev, network, colon + 1);
	up_event(w, ev);
}

void
world_tell(struct world *w, const char *who, const char *network,
	   const char *id, const char *text)
{
	world_tell_as(w, who, network, id, text, NULL);
}

void
world_tell_as(struct world *w, const char *who, const char *network,
	      const char *id, const char *text, char as[16])
{
	struct event *ev = event_make(EVENT_MESSAGE);

	assert(w->fake);
	if (as) {
		snprintf(as, 16, "f%u", ++w->next_id);
		ev->id = event_strdup(ev, as);
	}
	ev->when_ms = now(w);
	ev->flags = w->asking ? EVENT_ASKED : 0;
	set_sender(w, ev, who);
	event_set_to(ev, network, id);
	event_set_text(ev, text);
	up_event(w, ev);
}

/* ---- what a test may ask --------------------------------------------- */

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
	return fake_joined(w, channel) != NULL;
}

bool
world_has(struct world *w, const char *channel, const char *who)
{
	return person_in(fake_place_of(w, channel), who) != NULL;
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
