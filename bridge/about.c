/* SPDX-License-Identifier: MIT */
/* about.c - names and pictures of channels. See about.h. */

#include "bridge/about.h"

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/intake.h"
#include "bridge/link.h"
#include "bridge/member.h"
#include "bridge/network.h"
#include "bridge/outbox.h"
#include "bridge/room.h"
#include "bridge/router.h"
#include "bridge/standby.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "mappings/about.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 2048

/* Which of the two a kind of event is about; NULL: neither. */
static struct facet *
facet_of(struct room *room, enum event_kind kind)
{
	if (room->ch.kind != CHANNEL_ROOM)
		return NULL;
	return kind == EVENT_NAME      ? &room->about.name
	       : kind == EVENT_PICTURE ? &room->about.picture
				       : NULL;
}

static char *
copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static void
replace(char **at, const char *s)
{
	char *new = copy(s);

	free(*at);
	*at = new;
}

static bool
is(const char *known, const char *s)
{
	return known && strcmp(known, s) == 0;
}

/* ---- on disk ------------------------------------------------------------ */

struct keeping_about {
	struct store_job job;
	int64_t channel;
	int kind;
	struct facet facet;
};

static void
facet_clear(struct facet *f)
{
	free(f->seen);
	free(f->wanted);
	free(f->author);
	free(f->author_name);
	free(f->complaint);
	*f = (struct facet){ 0 };
}

static int
keep_run(struct db *db, struct store_job *job)
{
	const struct keeping_about *k =
		container_of(job, struct keeping_about, job);
	const struct about_row row = {
		.seen = k->facet.seen,
		.wanted = k->facet.wanted,
		.source = k->facet.source,
		.author = k->facet.author,
		.author_name = k->facet.author_name,
	};

	return about_put(db, k->channel, k->kind, &row);
}

static void
keep_drop(struct store_job *job)
{
	struct keeping_about *k = container_of(job, struct keeping_about, job);

	facet_clear(&k->facet);
	free(k);
}

/* If it failed, the next run compares with something older. */
static void
keep_done(struct store_job *job, int status UNUSED)
{
	keep_drop(job);
}

static void
keep(const struct room *room, enum event_kind kind, const struct facet *f)
{
	struct keeping_about *k = xcalloc(1, sizeof(*k));

	k->job = (struct store_job){ .run = keep_run,
				     .done = keep_done,
				     .drop = keep_drop };
	k->channel = room->ch.id;
	k->kind = kind;
	k->facet.seen = copy(f->seen);
	k->facet.wanted = copy(f->wanted);
	k->facet.source = f->source;
	k->facet.author = copy(f->author);
	k->facet.author_name = copy(f->author_name);
	store_submit(room->bridge->store, &k->job);
}

static void
load(void *arg, int kind, const struct about_row *row)
{
	struct facet *f = facet_of(arg, (enum event_kind)kind);

	if (!f)
		return;
	f->seen = copy(row->seen);
	f->wanted = copy(row->wanted);
	f->source = row->source;
	f->author = copy(row->author);
	f->author_name = copy(row->author_name);
}

void
about_load(struct room *room)
{
	if (room->ch.kind == CHANNEL_ROOM)
		(void)about_each(store_reader(room->bridge->store), room->ch.id,
				 load, room);
}

void
about_free(struct room *room)
{
	facet_clear(&room->about.name);
	facet_clear(&room->about.picture);
}

/* ---- what it is to become ------------------------------------------------ */

static void
want_nothing(struct facet *f)
{
	replace(&f->wanted, NULL);
	replace(&f->author, NULL);
	replace(&f->author_name, NULL);
	f->source = 0;
}

/* The network could show that, whatever this channel says today. */
static bool
can_show(const struct room *to, enum event_kind kind)
{
	unsigned caps = to->life->net->caps;

	return caps & (kind == EVENT_NAME ? CAN_NAME : CAN_PICTURE);
}

static void
want(struct room *to, struct room *from, const struct event *ev)
{
	struct facet *f = facet_of(to, ev->kind);

	replace(&f->wanted, ev->text.utf8);
	replace(&f->author, ev->sender.id);
	replace(&f->author_name, ev->sender.name);
	f->source = from->ch.id;
	keep(to, ev->kind, f);
	bridge_mark(to);
}

static void
spread(struct room *from, struct event *ev)
{
	struct link *link = from->link;

	for (size_t i = 0; link && i < link->n_rooms; i++) {
		struct room *to = link->rooms[i];

		if (!route_allows(&from->place, &to->place, ev->kind) ||
		    standby_covers(from, to) || !can_show(to, ev->kind))
			continue;
		if (facet_of(to, ev->kind) && from->ch.kind == CHANNEL_ROOM)
			want(to, from, ev);
		else
			outbox_push(to, ev, 0, from->life);
	}
}

/*
 * Somebody there was faster than what is on its way to it: theirs is what was
 * spread, so that is set again after it. Of pictures there is no telling: what
 * we set has another name there.
 */
static void
overtaken(struct room *room, struct facet *f, const struct event *ev)
{
	if (f->busy && ev->kind == EVENT_NAME)
		want(room, room, ev);
	else
		want_nothing(f);
}

static bool
is_news(struct room *room, struct facet *f, const struct event *ev)
{
	bool first = !f->seen;
	bool ours = ev->kind == EVENT_NAME && is(f->wanted, ev->text.utf8);

	if (is(f->seen, ev->text.utf8))
		return false;
	replace(&f->seen, ev->text.utf8);
	if (ours && !f->busy)
		want_nothing(f);
	/* The first that we ever see is only remembered, or linking two rooms
	 * would rename one of them. */
	if (ours || (first && ev->flags & EVENT_BACKLOG)) {
		keep(room, ev->kind, f);
		return false;
	}
	if (f->wanted)
		overtaken(room, f, ev);
	keep(room, ev->kind, f);
	return true;
}

void
about_event(struct room *room, struct event *ev)
{
	struct facet *f = facet_of(room, ev->kind);

	if (!f || is_news(room, f, ev))
		spread(room, ev);
}

/* ---- setting it -----------------------------------------------------------
 */

static void
send(struct room *room, enum event_kind kind)
{
	struct facet *f = facet_of(room, kind);
	struct room *from = bridge_room(room->bridge, f->source);
	bool shows =
		room->ch.caps & (kind == EVENT_NAME ? CAN_NAME : CAN_PICTURE);
	struct event *ev;

	if (!f->wanted || f->busy)
		return;
	if (!from || !shows || (kind == EVENT_NAME && is(f->seen, f->wanted))) {
		want_nothing(f);
		keep(room, kind, f);
		return;
	}
	ev = event_make(kind);
	ev->channel = f->source;
	ev->when_ms = loop_wall_ms(room->bridge->loop);
	event_set_sender(ev, f->author, f->author_name);
	event_set_text(ev, f->wanted);
	f->busy = true;
	outbox_push(room, ev, 0, from->life);
	event_unref(ev);
}

void
about_work(struct room *room)
{
	if (room->ch.kind != CHANNEL_ROOM ||
	    room->outbox.n + 2 > OUTBOX_MEMORY_MAX)
		return;
	send(room, EVENT_NAME);
	send(room, EVENT_PICTURE);
}

static bool
is_what_was_sent(const struct facet *f, const struct event *source)
{
	return f->source == source->channel && is(f->wanted, source->text.utf8);
}

void
about_sent(struct room *room, const struct event *source, const char *shown)
{
	struct facet *f = facet_of(room, source->kind);

	if (!f)
		return;
	f->busy = false;
	replace(&f->complaint, NULL);
	if (source->kind == EVENT_NAME)
		shown = source->text.utf8;
	replace(&f->seen, shown ? shown : source->text.utf8);
	if (is_what_was_sent(f, source))
		want_nothing(f);
	keep(room, source->kind, f);
}

/* In the place where it was set; their name only if it is somebody there. */
static void
complain(struct room *room, struct facet *f, const struct event *source,
	 const char *why)
{
	struct room *to = bridge_room(room->bridge, source->channel);
	const char *what = source->kind == EVENT_NAME ? "name" : "picture";
	AUTO_STR text = { 0 };

	str_init(&text, LINE_MAX_BYTES);
	if (to && member_find(to, source->sender.id))
		str_printf(&text, "%.255s: ", source->sender.name);
	str_printf(&text, "the %s of %s stays as it is: %.1000s", what,
		   room->where, why);
	if (!to || is(f->complaint, text.data))
		return;
	replace(&f->complaint, text.data);
	intake_say(room, to, text.data);
}

void
about_refused(struct room *room, const struct event *source, const char *why)
{
	struct facet *f = facet_of(room, source->kind);

	if (!f)
		return;
	f->busy = false;
	if (is_what_was_sent(f, source))
		want_nothing(f);
	keep(room, source->kind, f);
	complain(room, f, source, why);
}

void
about_lost(struct room *room)
{
	room->about.name.busy = room->about.picture.busy = false;
}
