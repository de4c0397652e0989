/* SPDX-License-Identifier: MIT */
/*
 * intake.c - the way in. Everything that any adapter raises comes through
 * bridge_event(): it is checked, the members take note, the router says where
 * it goes, one transaction keeps it, its source is told, the outboxes get it.
 */

#include "bridge/intake.h"

#include "bridge/about.h"
#include "bridge/base.h"
#include "bridge/bounce.h"
#include "bridge/bounds.h"
#include "bridge/core.h"
#include "bridge/fence.h"
#include "bridge/keep.h"
#include "bridge/link.h"
#include "bridge/log.h"
#include "bridge/member.h"
#include "bridge/moment.h"
#include "bridge/network.h"
#include "bridge/outbox.h"
#include "bridge/portal.h"
#include "bridge/puppet.h"
#include "bridge/room.h"
#include "bridge/standby.h"
#include "bridge/stay.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "mappings/channels.h"
#include "mappings/queue.h"

#include <stdlib.h>
#include <string.h>

#define OWN_NAME "causeway"
#define FAREWELL_MAX 250 /* bytes, of what is said on leaving */
#define FULL "too many messages wait for it; this one was not kept"

/* A line of a room on its way to disk. */
struct intake {
	struct store_job job;
	struct bridge *bridge;
	struct keeping k;
	size_t n, n_full;
	int64_t channels[]; /* where it goes; then, where there is no room */
};

static int
intake_run(struct db *db, struct store_job *job)
{
	struct intake *in = container_of(job, struct intake, job);
	int rc = keeping_run(&in->k, db);

	if (in->k.known)
		return rc;
	for (size_t i = 0; rc == 0 && i < in->n; i++)
		rc = delivery_put(db, in->k.row.id, in->channels[i]);
	for (size_t i = 0; rc == 0 && i < in->n_full; i++)
		rc = keeping_refuse(&in->k, db, in->channels[in->n + i], FULL);
	return rc;
}

static void
intake_free(struct intake *in)
{
	keeping_finish(&in->k);
	free(in);
}

static void
intake_drop(struct store_job *job)
{
	intake_free(container_of(job, struct intake, job));
}

static void
move_cursor(struct room *room, const struct event *ev)
{
	if (!room || !ev->cursor)
		return;
	free(room->cursor);
	room->cursor = xstrdup(ev->cursor);
	room->ch.cursor = room->cursor;
}

/* Another bridge said here what we may be about to. */
static void
was_brought(struct intake *in)
{
	struct room *room = bridge_room(in->bridge, in->k.row.channel);

	in->bridge->fences.doubles++;
	if (room)
		outbox_seen(room, in->k.same, in->k.ev->id);
}

static void
intake_deliver(struct intake *in)
{
	struct keeping *k = &in->k;

	move_cursor(bridge_room(in->bridge, k->row.channel), k->ev);
	for (size_t i = 0; i < in->n; i++) {
		struct room *to = bridge_room(in->bridge, in->channels[i]);

		if (to)
			outbox_push(to, k->ev, k->row.id, k->life);
	}
	for (size_t i = 0; i < in->n_full; i++) {
		struct room *to =
			bridge_room(in->bridge, in->channels[in->n + i]);

		if (!to)
			continue;
		to->outbox.refused++;
		bridge_owe(to, k->life, k->ev, k->row.id, FULL);
	}
}

static void
intake_done(struct store_job *job, int status)
{
	struct intake *in = container_of(job, struct intake, job);
	struct keeping *k = &in->k;
	bool kept = status >= 0 && !k->known;

	bounds_pace(in->bridge);
	for (size_t i = 0; i < in->n; i++)
		bounds_landed(bridge_room(in->bridge, in->channels[i]),
			      k->bytes, kept ? k->row.id : 0);
	if (status < 0) {
		log_error(k->life->net->name, "event %lld cannot be kept: %s",
			  (long long)k->row.id, strerror(-status));
		bridge_bounce(k->life, k->ev, "the bridge cannot store it now");
		network_unuse(k->life);
		intake_free(in);
		return;
	}
	keeping_accepted(k);
	if (k->same)
		was_brought(in);
	if (kept)
		intake_deliver(in);
	network_unuse(k->life);
	intake_free(in);
}

/* Those that can take it first; how many they are. */
static size_t
take_channels(struct intake *in, struct room *const *to, size_t n)
{
	size_t full = n;

	for (size_t i = 0; i < n; i++) {
		if (bounds_full(to[i], in->k.bytes)) {
			in->channels[--full] = to[i]->ch.id;
			continue;
		}
		in->channels[in->n++] = to[i]->ch.id;
		bounds_coming(to[i], in->k.bytes);
	}
	return n - full;
}

static void
intake_submit(struct room *from, struct event *ev, struct room *const *to,
	      size_t n)
{
	struct bridge *bridge = from->bridge;
	struct intake *in =
		xcalloc(1, sizeof(*in) + n * sizeof(in->channels[0]));
	bool asks = fence_asks_store(from, ev);

	fence_name(from, ev, ++bridge->last_event);
	keeping_init(&in->k, network_use(from->life), ev, bridge->last_event);
	in->k.asks = asks;
	in->bridge = bridge;
	in->n_full = take_channels(in, to, n);
	in->job.run = intake_run;
	in->job.done = intake_done;
	in->job.drop = intake_drop;
	store_submit(bridge->store, &in->job);
	bounds_pace(bridge);
}

/* ---- to the other rooms of the link ------------------------------------ */

/* A topic that is there, and that nothing on its way will change. */
static bool
is_set_there(const struct room *to, const struct event *ev)
{
	const struct outbox *box = &to->outbox;

	return ev->kind == EVENT_TOPIC && to->topic && !box->n && !box->more &&
	       strcmp(to->topic, ev->text.utf8) == 0;
}

/*
 * What another bridge brought is everywhere that it reaches. Of what it
 * carries we hold only what people say: we would not know the rest again.
 */
static bool
is_left_to_others(struct room *from, const struct room *to,
		  const struct event *ev)
{
	bool said = (ev->kind == EVENT_MESSAGE || ev->kind == EVENT_EDIT) &&
		    !event_is_own(ev);

	return standby_has_it(from, to, ev) ||
	       (!said && standby_covers(from, to));
}

/* Not everything is for everybody: some listen for a few words only. */
static bool
is_wanted(const struct room *to, const struct event *ev)
{
	struct network *net = to->life->net;

	return !net->protocol->ops.wants ||
	       net->protocol->ops.wants(net, &to->ch, ev);
}

static size_t
destinations(struct room *from, const struct event *ev, struct room **to)
{
	struct link *link = from->link;
	size_t n = 0;

	for (size_t i = 0; link && i < link->n_rooms; i++)
		if (route_allows(&from->place, &link->rooms[i]->place,
				 ev->kind) &&
		    !is_set_there(link->rooms[i], ev) &&
		    !is_left_to_others(from, link->rooms[i], ev) &&
		    is_wanted(link->rooms[i], ev))
			to[n++] = link->rooms[i];
	return n;
}

/* Kept, and said in every room that it reaches. */
static void
carry_durable(struct room *from, struct event *ev)
{
	size_t max = from->link ? from->link->n_rooms : 1;
	struct room **to = xcalloc(max, sizeof(struct room *));
	bool stops = fence_stops(from, ev);
	size_t n = stops ? 0 : destinations(from, ev, to);

	/* What others brought is kept, to be known by its ids. */
	if (n || (!stops && ev->via && standby_has_peers(from->link)))
		intake_submit(from, ev, to, n);
	else
		memo_accept(from->life, ev);
	free(to);
}

/* Whoever was kept out of a channel is not heard through a side door. */
static void
carry_said(struct room *room, struct event *ev)
{
	const char *why = portal_objection(room, ev->sender.id);

	if (why)
		bridge_bounce(room->life, ev, why);
	else
		carry_durable(room, ev);
}

/* Shown where somebody wants it, if that is possible right now. */
static void
carry_noise(struct room *from, struct event *ev)
{
	struct link *link = from->link;

	for (size_t i = 0; link && i < link->n_rooms; i++) {
		struct room *to = link->rooms[i];

		if (to->place.noise && !standby_covers(from, to) &&
		    route_allows(&from->place, &to->place, ev->kind))
			outbox_push(to, ev, 0, from->life);
	}
}

/* ---- topics ------------------------------------------------------------ */

struct topic_job {
	struct store_job job;
	int64_t channel;
	char *topic;
};

static int
topic_run(struct db *db, struct store_job *job)
{
	struct topic_job *t = container_of(job, struct topic_job, job);

	return channel_set_topic(db, t->channel, t->topic);
}

static void
topic_drop(struct store_job *job)
{
	struct topic_job *t = container_of(job, struct topic_job, job);

	free(t->topic);
	free(t);
}

static void
topic_done(struct store_job *job, int status UNUSED)
{
	topic_drop(job);
}

void
topic_remember(struct room *room, const char *topic)
{
	struct topic_job *t = xcalloc(1, sizeof(*t));

	free(room->topic);
	room->topic = xstrdup(topic);
	t->channel = room->ch.id;
	t->topic = xstrdup(topic);
	t->job.run = topic_run;
	t->job.done = topic_done;
	t->job.drop = topic_drop;
	store_submit(room->bridge->store, &t->job);
}

/*
 * Servers tell the topic at every join. It is news only if it is another one
 * than we saw last, or set ourselves; and the first that we ever see is only
 * remembered, or linking two rooms would overwrite the topic of one of them.
 */
static bool
topic_is_news(struct room *room, const struct event *ev)
{
	bool first = !room->topic;

	if (!first && strcmp(room->topic, ev->text.utf8) == 0)
		return false;
	topic_remember(room, ev->text.utf8);
	if (outbox_says_topic(room, ev->text.utf8))
		return false; /* our own echo, before it is confirmed */
	return !(first && (ev->flags & EVENT_BACKLOG));
}

static void
carry_topic(struct room *room, struct event *ev)
{
	if (!topic_is_news(room, ev)) {
		bridge_accept(room->life, ev);
		return;
	}
	carry_said(room, ev);
}

/* ---- by kind ----------------------------------------------------------- */

/* What a puppet says when the person left; "" if nobody said anything. */
static void
farewell_words(struct str *out, const struct event *ev)
{
	bool thrown = ev->part == PART_KICKED || ev->part == PART_BANNED;

	if (thrown)
		str_add(out, ev->part == PART_BANNED ? "banned" : "kicked");
	if (thrown && ev->actor)
		str_printf(out, " by %s", ev->actor);
	if (thrown && ev->text.len)
		str_add(out, ": ");
	str_add_n(out, ev->text.utf8,
		  utf8_cut(ev->text.utf8, ev->text.len, FAREWELL_MAX));
}

static void
somebody_left(struct room *room, struct event *ev)
{
	struct link *link = room->link;
	AUTO_STR words = { 0 };

	/* All of them come back at once, and nobody wants to read of it. */
	if (ev->part == PART_SPLIT) {
		member_split(room, ev->sender.id);
		return;
	}
	/* First the line, while the person is still known. */
	carry_noise(room, ev);
	str_init(&words, EVENT_NAME_MAX + 2 * FAREWELL_MAX);
	farewell_words(&words, ev);
	for (size_t i = 0; link && i < link->n_rooms; i++)
		puppet_farewell(link->rooms[i], room->life, ev,
				words.len ? words.data : NULL);
	resident_left(room, ev);
	member_gone(room, ev->sender.id);
}

static void
somebody_came(struct room *room, struct event *ev)
{
	bool news = !member_find(room, ev->sender.id) &&
		    !(ev->flags & EVENT_BACKLOG);

	member_see(room, ev);
	if (news)
		carry_noise(room, ev);
}

static void
carry(struct room *room, struct event *ev)
{
	switch (ev->kind) {
	case EVENT_MESSAGE:
	case EVENT_EDIT:
	case EVENT_REDACTION:
	case EVENT_REACTION:
		if (!(ev->flags & EVENT_STATED))
			member_see(room, ev);
		carry_said(room, ev);
		return;
	case EVENT_TOPIC:
		carry_topic(room, ev);
		return;
	case EVENT_JOIN:
		somebody_came(room, ev);
		return;
	case EVENT_PART:
		somebody_left(room, ev);
		return;
	case EVENT_RENAME:
	case EVENT_PRESENCE:
		member_update(room, ev);
		return;
	case EVENT_TYPING:
	case EVENT_RECEIPT:
		moment_event(room, ev);
		return;
	case EVENT_NAME:
	case EVENT_PICTURE:
		about_event(room, ev);
		return;
	}
}

void
intake_event(struct netlife *life, struct event *ev)
{
	struct room *room = bridge_room(life->bridge, ev->channel);

	if (!room || room->life != life) {
		log_bug(life->net->name, "%s for a channel that is not linked",
			event_kind_name(ev->kind));
		return;
	}
	carry(room, ev);
}

void
bridge_event(struct network *net, struct event *ev)
{
	struct netlife *life = net->life;
	const char *wrong = event_check(ev);

	if (wrong)
		log_bug(net->name, "a %s was dropped: %s",
			event_kind_name(ev->kind), wrong);
	else if (life->bridge->tight && event_is_durable(ev))
		bridge_bounce(life, ev, "the bridge's disk is full");
	else if (event_is_direct(ev))
		direct_event(life, ev);
	else
		intake_event(life, ev);
	event_unref(ev);
}

/* ---- what the bridge itself says --------------------------------------- */

static struct event *
own_words(const struct room *room, const char *text)
{
	struct event *ev = event_make(EVENT_MESSAGE);

	ev->channel = room->ch.id;
	ev->when_ms = loop_wall_ms(room->bridge->loop);
	ev->flags = EVENT_NOTICE;
	event_set_sender(ev, OWN_SENDER, OWN_NAME);
	event_set_text(ev, text);
	return ev;
}

bool
event_is_own(const struct event *ev)
{
	return !strcmp(ev->sender.id, OWN_SENDER);
}

void
intake_say(struct room *from, struct room *to, const char *text)
{
	struct event *ev = own_words(from, text);

	intake_submit(from, ev, &to, 1);
	event_unref(ev);
}

/* ---- what nobody heard ------------------------------------------------- */

static void
add_clock(struct str *out, int64_t wall_ms)
{
	int64_t minutes = wall_ms / 60000;

	str_printf(out, "%02d:%02d", (int)(minutes / 60 % 24),
		   (int)(minutes % 60));
}

void
bridge_gap(struct channel *ch, int64_t from_ms)
{
	struct room *room = container_of(ch, struct room, ch);
	int64_t now_ms = loop_wall_ms(room->bridge->loop);
	struct event *ev;
	AUTO_STR text = { 0 };

	str_init(&text, 1024);
	str_printf(&text, "What was said in %s ", room->where);
	if (from_ms > 0) {
		str_add(&text, "between ");
		add_clock(&text, from_ms);
		str_add(&text, " and ");
	} else {
		str_add(&text, "before ");
	}
	add_clock(&text, now_ms);
	str_add(&text, " (UTC) was not heard and cannot be fetched");
	ev = own_words(room, text.data);
	carry_durable(room, ev);
	event_unref(ev);
}
