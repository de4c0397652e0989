/* SPDX-License-Identifier: MIT */
/*
 * send.c - deliveries to rooms, and how we know that they arrived.
 *
 * A room shows every message to everybody in it, so also to the listener: the
 * listener seeing it is the confirmation (with the id that the room gave it).
 * An error with the message's id is the refusal. If neither comes, the
 * delivery is given back, and so is all behind it.
 */

#include "protocols/xmpp/about.h"
#include "protocols/xmpp/catchup.h"
#include "protocols/xmpp/held.h"
#include "protocols/xmpp/hosted.h"
#include "protocols/xmpp/moment.h"
#include "protocols/xmpp/upload.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_MS 1000

/* ---- wires --------------------------------------------------------------- */

struct wire *
wire_new(struct xmpp *x, struct room *room, struct delivery *d,
	 const char *nick)
{
	struct wire *w = xcalloc(1, sizeof(*w));

	w->id = d->id;
	w->d = d;
	w->nick = nick ? xstrdup(nick) : NULL;
	w->sent_ms = loop_now_ms(x->loop);
	w->x = x;
	w->room = room;
	d->data = w;
	if (room)
		HASH_ADD_KEYPTR(hh, room->wires, w->id, strlen(w->id), w);
	else
		HASH_ADD_KEYPTR(hh, x->direct, w->id, strlen(w->id), w);
	return w;
}

static struct delivery *
wire_free(struct wire *w)
{
	struct delivery *d = w->d;

	query_drop(w->x, w);
	if (w->room)
		HASH_DELETE(hh, w->room->wires, w);
	else
		HASH_DELETE(hh, w->x->direct, w);
	d->data = NULL;
	free(w->nick);
	free(w);
	return d;
}

void
wire_sent(struct wire *w, const char *const *ids, size_t n)
{
	bridge_sent(wire_free(w), ids, n);
}

void
wire_refused(struct wire *w, const char *why)
{
	bridge_refused(wire_free(w), why);
}

static void
wire_later(struct wire *w, const char *why)
{
	bridge_later(wire_free(w), RETRY_MS, why);
}

/* w and every one behind it. */
static void
give_back_from(struct wire *w, const char *why)
{
	struct xmpp *x = w ? w->x : NULL;
	const struct channel *ch = w ? w->d->channel : NULL;

	while (w) {
		struct wire *next = w->hh.next;
		wire_later(w, why);
		w = next;
	}
	if (x)
		held_give_back(x, ch, why);
}

void
wire_give_back(struct room *room, const char *why)
{
	give_back_from(room->wires, why);
}

void
wire_drop_room(struct room *room)
{
	struct wire *w, *next;

	HASH_ITER(hh, room->wires, w, next)
	(void)wire_free(w);
}

void
wire_drop_direct(struct xmpp *x)
{
	struct wire *w, *next;

	HASH_ITER(hh, x->direct, w, next)
	(void)wire_free(w);
}

static struct wire *
wire_find(struct wire *wires, const char *id)
{
	struct wire *w;

	HASH_FIND(hh, wires, id, strlen(id), w);
	return w;
}

/* ---- what comes of it ---------------------------------------------------- */

/* Not every room keeps the id of a subject change. */
static struct wire *
find_topic(struct room *room, const char *nick, xmpp_stanza_t *st)
{
	struct wire *w = room->wires;

	if (!stanza_own_child(st, "subject") || stanza_own_child(st, "body"))
		return NULL;
	while (w &&
	       (w->d->event->kind != EVENT_TOPIC || strcmp(w->nick, nick) != 0))
		w = w->hh.next;
	return w;
}

static bool
nick_is_ours(struct room *room, const char *nick)
{
	struct seat *s = seat_find(room, nick);

	return !strcmp(room->nick, nick) || (s && s->state != SEAT_JOINING);
}

bool
wire_reflected(struct room *room, const char *nick, xmpp_stanza_t *st)
{
	struct wire *w = wire_find(room->wires, stanza_get(st, "id"));
	const char *ids[2];
	size_t n = 0;

	/* Ids can be guessed; only our own voice confirms. */
	if (w && strcmp(w->nick, nick) != 0 && !nick_is_ours(room, nick))
		return false;
	if (!w && nick_is_ours(room, nick))
		w = find_topic(room, nick, st);
	if (!w)
		return false;
	const char *given =
		room->stable_ids ? stanza_room_id(st, room->jid) : NULL;
	if (given)
		ids[n++] = given;
	ids[n++] = w->id;
	talk_remember(room, ids[0], nick, w->d->event->text.utf8);
	bool first = w == room->wires;
	/* The id belongs to the delivery: copy what must outlive it. */
	AUTO_STR own = { 0 };
	str_init(&own, 256);
	str_add(&own, w->id);
	ids[n - 1] = own.data;
	wire_sent(w, ids, n);
	if (first)
		muc_room_watch(room);
	return true;
}

static void
not_in_room(struct room *room, struct wire *w, xmpp_stanza_t *st)
{
	struct seat *s = seat_find_from(room, stanza_get(st, "to"));

	give_back_from(w, "the speaker was not in the room");
	if (s)
		seat_lost(s, DOWN_LOST, "not in the room any more");
	else
		muc_room_lost(room, DOWN_LOST, "not in the room");
}

void
wire_error(struct xmpp *x, struct room *room, xmpp_stanza_t *st)
{
	const char *id = stanza_get(st, "id");
	struct wire *w = room ? wire_find(room->wires, id) : NULL;
	const char *condition = stanza_error_condition(st);
	AUTO_STR words = { 0 };

	if (!w)
		w = wire_find(x->direct, id);
	if (!w)
		return;
	if (w->room && !strcmp(condition, "not-acceptable")) {
		not_in_room(room, w, st);
		return;
	}
	str_init(&words, 512);
	if (w->d->event->kind == EVENT_TOPIC)
		str_add(&words, "the room does not let us change its subject");
	else
		stanza_error_words(&words, st);
	wire_refused(w, words.data);
}

/* ---- the hook ------------------------------------------------------------ */

static bool
is_blank_topic(const struct event *ev)
{
	return ev->kind == EVENT_TOPIC && !ev->text.len;
}

static void
muc_room_send(struct room *room, struct delivery *d)
{
	struct xmpp *x = room->x;
	struct seat *s = d->speaker ? d->speaker->data : NULL;
	const struct event *ev = d->event;
	AUTO_STR parent_to = { 0 };

	str_init(&parent_to, FULL_JID_MAX);
	struct message_form form = {
		.type = "groupchat",
		.from = s ? s->from : x->listener,
		.to = room->jid,
		.id = d->id,
		.replaces = ev->kind == EVENT_EDIT ? d->target : NULL,
		.target = d->target,
		.parent = d->parent,
		.delay_from = x->conf->component,
		.origin = d->origin,
		.links = { upload_link, x },
	};
	const struct recent *r =
		d->parent ? talk_recall(room, d->parent) : NULL;
	if (r) {
		str_printf(&parent_to, "%s/%s", room->jid, r->nick);
		form.parent_to = parent_to.data;
		form.parent_text = r->text;
	}
	if (ev->kind == EVENT_REACTION && d->target)
		form.marks = marks_with(&room->marks, &x->net, form.from,
					d->target, ev);
	xmpp_stanza_t *st = message_from_event(x->ctx, ev, &form);
	if (!st) {
		bridge_refused(d, "nothing in it can be shown on XMPP");
		return;
	}
	if (catchup_confirms(room, d, s, st)) {
		(void)xmpp_stanza_release(st); /* it was shown before */
		return;
	}
	moment_invite_room(x, ev, st);
	bool first = !room->wires;
	(void)wire_new(x, room, d, s ? s->nick : room->nick);
	xmpp_post(x, st);
	if (first)
		muc_room_watch(room);
}

void
send_delivery(struct network *net, struct delivery *d)
{
	struct xmpp *x = xmpp_from(net);
	enum event_kind kind = d->event->kind;
	bool says = kind == EVENT_MESSAGE || kind == EVENT_EDIT ||
		    kind == EVENT_TOPIC;
	bool marks = kind == EVENT_REACTION || kind == EVENT_REDACTION;

	if (kind == EVENT_NAME || kind == EVENT_PICTURE)
		about_send(d->channel->data, d);
	else if (!marks &&
		 (!says || (!d->event->text.len && !d->event->n_attachments &&
			    !is_blank_topic(d->event))))
		bridge_refused(d, "XMPP has no form for it");
	else if (!held_take(x, d))
		send_now(x, d);
}

void
send_now(struct xmpp *x, struct delivery *d)
{
	if (d->channel->kind == CHANNEL_DIRECT)
		direct_send(x, d);
	else if (d->channel->kind == CHANNEL_HOSTED)
		hosted_send(x, d);
	else if (d->speaker && !d->speaker->data)
		held_later(x, d, "the speaker has just left the room");
	else
		muc_room_send(d->channel->data, d);
}
