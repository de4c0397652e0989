/* SPDX-License-Identifier: MIT */
/*
 * intake.c - the way in. Everything that any adapter raises comes through
 * bridge_event(): it is checked, the members take note, the router says where
 * it goes, one transaction keeps it, its source is told, the outboxes get it.
 */

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/fuse.h"
#include "bridge/log.h"
#include "bridge/rows.h"
#include "bridge/steady.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "mappings/channels.h"
#include "mappings/identities.h"
#include "mappings/messages.h"
#include "mappings/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SPANS_MAX (256 * 1024)
#define OWN_SENDER "causeway" /* of what the bridge itself says */
#define ATTACHMENTS_MAX (64 * 1024)
#define FAREWELL_MAX 250 /* bytes, of what is said on leaving */

/* An event on its way to disk. */
struct intake {
	struct store_job job;
	struct bridge *bridge;
	struct netlife *life;
	struct event *ev; /* only read on the store thread */
	struct event_row row;
	struct str spans, attachments;
	int64_t network;
	int64_t sender; /* the number it got */
	bool known;     /* it was on disk already */
	bool asks;      /* whether another like it was kept */
	int64_t same;   /* which; 0: none */
	size_t n;
	int64_t channels[]; /* where it goes */
};

static void
compare(void *arg, const struct event_row *row)
{
	struct intake *in = arg;

	if (!in->same &&
	    fuse_same_text(row->text ? row->text : "", in->ev->text.utf8))
		in->same = row->id;
}

/* Another bridge brought it here before. */
static bool
find_same(struct db *db, struct intake *in)
{
	in->same = 0;
	(void)event_by_origin(db, in->row.origin, in->row.channel, compare, in);
	return in->same != 0;
}

static int
keep(struct db *db, struct intake *in)
{
	int64_t known;
	int rc = sender_put(db, in->network, in->ev->sender.id,
			    in->ev->sender.name, in->ev->sender.account,
			    &in->sender);

	if (rc < 0)
		return rc;
	in->row.sender = in->sender;

	/* What a history tells may be what we said there ourselves. */
	if ((in->ev->flags & EVENT_LATE) && in->ev->id &&
	    event_find(db, in->row.channel, in->ev->id) > 0) {
		in->known = true;
		return 0;
	}
	if (in->asks && find_same(db, in)) {
		in->known = true;
		return 0;
	}
	rc = event_put(db, &in->row, &known);
	in->known = rc == -EEXIST;
	if (in->known)
		return 0;
	if (rc == 0 && in->ev->cursor)
		rc = channel_set_cursor(db, in->row.channel, in->ev->cursor,
					in->row.received_ms);
	return rc;
}

static int
intake_run(struct db *db, struct store_job *job)
{
	struct intake *in = container_of(job, struct intake, job);
	int rc = keep(db, in);

	for (size_t i = 0; rc == 0 && !in->known && i < in->n; i++)
		rc = delivery_put(db, in->row.id, in->channels[i]);
	return rc;
}

static void
intake_free(struct intake *in)
{
	str_finish(&in->spans);
	str_finish(&in->attachments);
	event_unref(in->ev);
	free(in);
}

static void
intake_drop(struct store_job *job)
{
	intake_free(container_of(job, struct intake, job));
}

static void
accepted(struct netlife *life, const struct event *ev)
{
	const struct protocol_ops *ops = &life->net->protocol->ops;

	if (ops->accepted)
		ops->accepted(life->net, ev);
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
	struct room *room = bridge_room(in->bridge, in->row.channel);

	in->bridge->fences.doubles++;
	if (room)
		outbox_seen(room, in->same, in->ev->id);
}

static void
intake_done(struct store_job *job, int status)
{
	struct intake *in = container_of(job, struct intake, job);
	struct netlife *life = in->life;

	if (status < 0) {
		log_error(life->net->name, "event %lld cannot be kept: %s",
			  (long long)in->row.id, strerror(-status));
		bridge_bounce(life, in->ev, "the bridge cannot store it now");
		intake_free(in);
		return;
	}
	accepted(life, in->ev);
	if (!in->known)
		move_cursor(bridge_room(in->bridge, in->row.channel), in->ev);
	if (in->same)
		was_brought(in);
	for (size_t i = 0; !in->known && i < in->n; i++) {
		struct room *to = bridge_room(in->bridge, in->channels[i]);

		if (to)
			outbox_push(to, in->ev, in->row.id, life);
	}
	intake_free(in);
}

static void
intake_submit(struct room *from, struct event *ev, struct room *const *to,
	      size_t n)
{
	struct bridge *bridge = from->bridge;
	struct intake *in =
		xcalloc(1, sizeof(*in) + n * sizeof(in->channels[0]));

	in->bridge = bridge;
	in->life = from->life;
	in->ev = event_ref(ev);
	in->network = from->life->net->id;
	str_init(&in->spans, SPANS_MAX);
	str_init(&in->attachments, ATTACHMENTS_MAX);
	in->asks = fence_asks_store(from, ev);
	fence_name(from, ev, ++bridge->last_event);
	rows_from_event(&in->row, ev, &in->spans, &in->attachments);
	in->row.id = ev->number = bridge->last_event;
	in->row.received_ms = loop_wall_ms(bridge->loop);
	in->row.steady_ms = steady_ms(bridge);
	in->n = n;
	for (size_t i = 0; i < n; i++)
		in->channels[i] = to[i]->ch.id;
	in->job.run = intake_run;
	in->job.done = intake_done;
	in->job.drop = intake_drop;
	store_submit(bridge->store, &in->job);
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
		    strcmp(ev->sender.id, OWN_SENDER) != 0;

	return standby_has_it(from, to, ev) ||
	       (!said && standby_covers(from, to));
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
		    !is_left_to_others(from, link->rooms[i], ev))
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
		bridge_accept(from->life, ev);
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

static void
carry_typing(struct room *from, struct event *ev)
{
	struct link *link = from->link;

	for (size_t i = 0; link && i < link->n_rooms; i++)
		if (route_allows(&from->place, &link->rooms[i]->place,
				 ev->kind) &&
		    !standby_covers(from, link->rooms[i]))
			outbox_push(link->rooms[i], ev, 0, from->life);
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

	/* First the line, while the person is still known. */
	carry_noise(room, ev);
	str_init(&words, EVENT_NAME_MAX + 2 * FAREWELL_MAX);
	farewell_words(&words, ev);
	for (size_t i = 0; link && words.len && i < link->n_rooms; i++)
		puppet_farewell(link->rooms[i], room->life, ev->sender.id,
				words.data);
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
		carry_typing(room, ev);
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
	struct event *ev = event_make(EVENT_MESSAGE);
	int64_t now_ms = loop_wall_ms(room->bridge->loop);
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
	ev->channel = ch->id;
	ev->when_ms = now_ms;
	ev->flags = EVENT_NOTICE;
	event_set_sender(ev, OWN_SENDER, OWN_SENDER);
	event_set_text(ev, text.data);
	carry_durable(room, ev);
	event_unref(ev);
}
