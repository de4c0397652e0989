/* SPDX-License-Identifier: MIT */
/*
 * direct.c - private words.
 *
 * In a room they go from occupant to occupant, and the far end's address
 * stays hidden; outside of rooms from a puppet's bare address to a user's.
 * The room, or the server, does not say that it delivered one. So a ping
 * follows it along the same way: errors come back before its answer does
 * (FAULTS 3.2).
 */

#include "protocols/xmpp/faces.h"
#include "protocols/xmpp/hosted_admin.h"
#include "protocols/xmpp/moment.h"
#include "protocols/xmpp/muc.h"
#include "protocols/xmpp/upload.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/text.h"
#include "conf/conf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELP_MS 30000
#define TELL_MS (3600 * 1000)
#define QUOTE_BYTES 300
#define NS_RECEIPTS "urn:xmpp:receipts"

static const char help[] =
	"This is a bridge to other networks. It passes on what is said in "
	"the rooms it was invited to; to say something to one person, write "
	"to that person's address or nick instead.";

xmpp_stanza_t *
chat_new(struct xmpp *x, const char *from, const char *to, const char *body)
{
	xmpp_stanza_t *st = stanza_new(x->ctx, "message", from, to, "chat");

	stanza_add_text(st, "body", NULL, body);
	return st;
}

static void
mark_private(xmpp_stanza_t *st)
{
	(void)stanza_add(st, "x", NS_MUC_USER);
}

void
direct_tell(struct xmpp *x, struct room *room, const char *nick,
	    const char *why)
{
	AUTO_STR to = { 0 };
	AUTO_STR body = { 0 };

	str_init(&to, FULL_JID_MAX);
	str_printf(&to, "%s/%s", room->jid, nick);
	if (!xmpp_may_tell(x, to.data, why, TELL_MS))
		return;
	str_init(&body, 1024);
	str_printf(&body, "Your message was not passed on: %s.", why);
	xmpp_stanza_t *st = chat_new(x, x->listener, to.data, body.data);
	mark_private(st);
	xmpp_post(x, st);
}

void
direct_help(struct xmpp *x, xmpp_stanza_t *st)
{
	const char *from = stanza_get(st, "from");
	struct room *room = muc_room_find(x, from);

	if (stanza_has_type(st, "error") || stanza_has_type(st, "headline") ||
	    stanza_has_type(st, "groupchat") || !stanza_own_child(st, "body"))
		return;
	if (room && (!*jid_resource(from) ||
		     !muc_member_find(room, jid_resource(from))))
		return; /* the room itself, or one of us */
	if (!xmpp_may_tell(x, from, "help", HELP_MS))
		return;
	xmpp_stanza_t *answer = chat_new(x, stanza_get(st, "to"), from, help);
	if (room)
		mark_private(answer);
	xmpp_post(x, answer);
}

/* ---- in ------------------------------------------------------------------ */

/* As a user of the gateway, if where it leads; else to whoever it is. */
static bool
may_write(const struct xmpp *x, const struct event *ev, const struct jid *from)
{
	const struct conf_gateway *gateway = x->conf->gateway;

	if (ev->flags & EVENT_GATEWAY)
		return jid_allowed(gateway->users, gateway->n_users, from);
	return jid_allowed(x->conf->direct_from, x->conf->n_direct_from, from);
}

/*
 * An error to a bare address is dropped by every server (RFC 6121 8.5.2.1.1),
 * and an event names its author by that: so remember who wrote from where.
 */
static const char *
author_find(const struct xmpp *x, const char *bare)
{
	size_t len = strlen(bare);

	for (size_t i = 1; i <= AUTHORS_MAX; i++) {
		size_t at = (x->next_author + AUTHORS_MAX - i) % AUTHORS_MAX;
		const char *full = x->authors[at];

		if (full && !strncmp(full, bare, len) && full[len] == '/')
			return full;
	}
	return NULL;
}

static void
author_remember(struct xmpp *x, const char *bare, const char *full)
{
	const char *known = author_find(x, bare);

	if (!*jid_resource(full) || (known && !strcmp(known, full)))
		return;
	free(x->authors[x->next_author]);
	x->authors[x->next_author] = xstrdup(full);
	x->next_author = (x->next_author + 1) % AUTHORS_MAX;
}

void
direct_drop(struct xmpp *x)
{
	for (size_t i = 0; i < AUTHORS_MAX; i++) {
		free(x->authors[i]);
		x->authors[i] = NULL;
	}
}

/* Who wrote st: a member of the room, or somebody who may. */
static bool
set_author(struct xmpp *x, struct event *ev, struct room *room,
	   xmpp_stanza_t *st)
{
	const char *from = stanza_get(st, "from");
	struct jid jid;
	char bare[FULL_JID_MAX];
	char full[FULL_JID_MAX];

	if (room) {
		struct member *m = muc_member_find(room, jid_resource(from));
		if (!m || room->state != ROOM_JOINED)
			return false;
		event_set_sender(ev, m->id, m->nick);
		ev->sender.account = event_strdup(ev, m->jid);
		return true;
	}
	if (!jid_parse(&jid, from) || !jid_format(&jid, full, sizeof(full)))
		return false;
	jid.resource[0] = '\0';
	if (!*jid.local || !jid_format(&jid, bare, sizeof(bare)) ||
	    !may_write(x, ev, &jid)) {
		if (!event_is_durable(ev))
			return false;
		xmpp_refuse(x, st, "not-allowed",
			    "this bridge does not take messages from you");
		return false;
	}
	author_remember(x, bare, full);
	event_set_sender(ev, bare, jid.local);
	/* Its server has stamped it (RFC 6120 section 8.1.2.1). */
	ev->sender.account = event_strdup(ev, bare);
	ev->sender.avatar = event_strdup(ev, face_of(x, bare));
	return true;
}

/* At the address of a network speaks, and listens, its server. */
static bool
set_server(const struct xmpp *x, struct event *ev,
	   const struct address_place *place)
{
	const struct conf_gateway *gateway = x->conf->gateway;
	struct address_place at = *place;

	if (place->kind == ADDRESS_GATEWAY && gateway->fixed)
		(void)address_set_network(gateway, gateway->fixed->name, &at);
	else if (place->kind != ADDRESS_NETWORK)
		return false;
	if (!at.network || !at.network->irc)
		return false;
	event_set_to(ev, at.label, address_server(&at));
	ev->flags |= EVENT_GATEWAY;
	return true;
}

/* To whom it is; false if the address is nobody's. */
static bool
set_person(struct xmpp *x, struct event *ev, const struct room *room,
	   const char *address)
{
	char id[JID_PART_MAX + 1];
	char network[JID_PART_MAX + 1];
	struct address_place place;
	struct jid to;

	if (!room)
		hosted_place(x, address, &place);
	if (!room && set_server(x, ev, &place))
		return true;
	if (!room && place.kind == ADDRESS_PERSON) {
		event_set_to(ev, place.label, place.name);
		ev->flags |= EVENT_GATEWAY;
		return true;
	}
	if (!jid_parse(&to, address) ||
	    !escape_read_person(to.local, id, sizeof(id), network,
				sizeof(network)))
		return false;
	event_set_to(ev, network, id);
	return true;
}

bool
direct_set_ends(struct xmpp *x, struct room *room, xmpp_stanza_t *st,
		struct event *ev)
{
	return set_person(x, ev, room, stanza_get(st, "to")) &&
	       set_author(x, ev, room, st);
}

/* By a user of the gateway, into a room: that is no message. */
static bool
is_invitation(struct xmpp *x, xmpp_stanza_t *st)
{
	const struct conf_gateway *gateway = x->conf->gateway;
	char bare[FULL_JID_MAX];
	struct jid from;

	if (!gateway || !jid_parse(&from, stanza_get(st, "from")) ||
	    !jid_allowed(gateway->users, gateway->n_users, &from))
		return false;
	from.resource[0] = '\0';
	return *from.local && jid_format(&from, bare, sizeof(bare)) &&
	       hosted_direct_invite(x, st, bare);
}

void
direct_received(struct xmpp *x, xmpp_stanza_t *st)
{
	const char *from = stanza_get(st, "from");
	struct room *room = muc_room_find(x, from);
	struct message_source src = { NULL, false };
	const char *why;

	if (!room && is_invitation(x, st))
		return;
	moment_heard_private(x, room, st);
	AUTO(event) ev = event_from_message(st, &src, &why);
	if (why && room)
		direct_tell(x, room, jid_resource(from), why);
	else if (why)
		xmpp_refuse(x, st, "not-acceptable", why);
	if (!ev)
		return;
	if (!set_person(x, ev, room, stanza_get(st, "to"))) {
		if (!room)
			xmpp_refuse(x, st, "item-not-found", NULL);
		return;
	}
	if (!set_author(x, ev, room, st))
		return;
	if (!room && ev->id && stanza_child(st, "request", NS_RECEIPTS))
		ev->flags |= EVENT_ASKED;
	why = ev->flags & EVENT_GATEWAY
		      ? hosted_limit(x, ev->sender.id, ev->to.network)
		      : NULL;
	if (why) {
		xmpp_refuse(x, st, "resource-constraint", why);
		return;
	}
	/* Clients send again what a broken stream may have lost. */
	if (!ev->key)
		ev->key = stanza_own_key(ev, stanza_get(st, "to"), st);
	ev->when_ms = loop_wall_ms(x->loop);
	bridge_event(&x->net, event_ref(ev));
}

/* ---- out ----------------------------------------------------------------- */

static void
on_barrier(void *arg, xmpp_stanza_t *answer)
{
	struct wire *w = arg;
	AUTO_STR id = { 0 };

	(void)answer; /* also an error, or silence, came without a refusal */
	str_init(&id, 256);
	str_add(&id, w->id);
	const char *ids[] = { id.data };
	wire_sent(w, ids, 1);
}

static void
post_delivery(struct xmpp *x, struct delivery *d, struct message_form *form,
	      bool in_room)
{
	form->type = "chat";
	form->id = d->id;
	form->replaces = d->event->kind == EVENT_EDIT ? d->target : NULL;
	form->target = d->target;
	form->links = (struct files_links){ upload_link, x };
	xmpp_stanza_t *st = message_from_event(x->ctx, d->event, form);
	if (!st) {
		bridge_refused(d, "nothing in it can be shown to them");
		return;
	}
	moment_invite_private(x, d->event, st);
	if (in_room)
		mark_private(st);
	struct wire *w = wire_new(x, NULL, d, NULL);
	xmpp_post(x, st);
	query_ping(x, x->listener, x->conf->component, on_barrier, w);
}

/* The room whose member the sender id is, or was, of. */
static struct room *
muc_room_of_id(struct xmpp *x, const char *id)
{
	return strchr(id, '/') ? muc_room_find(x, id) : NULL;
}

/* From the speaker's seat in the room to somebody in it. */
static const char *
ends_in_room(struct xmpp *x, struct room *room, const struct puppet *p,
	     struct str *from)
{
	char bare[FULL_JID_MAX];
	struct seat *s = NULL;

	if (!p) {
		str_add(from, x->listener);
		return NULL;
	}
	if (escape_person(p->sender->id, p->origin, x->conf->component, bare,
			  sizeof(bare))) {
		str_printf(from, "%s/" XMPP_RESOURCE, bare);
		s = seat_find_from(room, from->data);
	}
	return s && s->state == SEAT_JOINED
		       ? NULL
		       : "you are not in the room where they are";
}

const char *
direct_ends(struct xmpp *x, const struct occupant *speaker, const char *id,
	    struct str *from, struct str *to, bool *in_room)
{
	const struct puppet *p = speaker ? speaker->puppet : NULL;
	struct room *room = muc_room_of_id(x, id);
	struct member *m = room ? muc_member_find_id(room, id) : NULL;
	char bare[FULL_JID_MAX];

	*in_room = m != NULL;
	if (m) {
		str_printf(to, "%s/%s", room->jid, m->nick);
		return ends_in_room(x, room, p, from);
	}
	if (strchr(id, '/'))
		return "they are not in the room any more";
	str_add(to, id);
	if (p && !address_of_person(x->conf->gateway, p->sender->id, p->origin,
				    x->conf->component, bare, sizeof(bare)))
		return "no address can be made for you";
	str_add(from, p ? bare : x->listener);
	return NULL;
}

void
direct_send(struct xmpp *x, struct delivery *d)
{
	AUTO_STR from = { 0 };
	AUTO_STR to = { 0 };
	bool in_room;
	const char *why;

	str_init(&from, FULL_JID_MAX);
	str_init(&to, FULL_JID_MAX);
	why = direct_ends(x, d->speaker, d->channel->name, &from, &to,
			  &in_room);
	if (d->event->kind == EVENT_TOPIC)
		why = "a private conversation has no subject";
	if (why) {
		bridge_refused(d, why);
		return;
	}
	struct message_form form = { .from = from.data,
				     .to = to.data,
				     .delay_from = x->conf->component };
	post_delivery(x, d, &form, in_room);
}

xmpp_stanza_t *
direct_archived(struct xmpp *x, const char *who,
		const struct address_place *place, const struct event *ev)
{
	bool own = strcmp(ev->sender.id, who) == 0;
	char person[FULL_JID_MAX];
	char id[32];
	struct message_form form = { .type = "chat",
				     .from = own ? who : person,
				     .to = own ? person : who,
				     .id = own ? ev->id : NULL };

	(void)snprintf(id, sizeof(id), "g%" PRId64, ev->number);
	if (!form.id)
		form.id = id;
	if (own && ev->kind == EVENT_EDIT)
		form.replaces = ev->target;
	else if (ev->kind != EVENT_MESSAGE)
		return NULL;
	if (!address_write(x->conf->gateway, place, x->conf->component, person,
			   sizeof(person)))
		return NULL;
	return message_from_event(x->ctx, ev, &form);
}

/* ---- hooks --------------------------------------------------------------- */

/* Write a person's name (a nick in a room we are in, a bare address) as id. */
static bool
resolve_occupant(struct xmpp *x, const char *text, struct str *out)
{
	struct room *room = muc_room_of_id(x, text);
	struct member *m;

	if (!room)
		return false;
	m = muc_member_find_id(room, text);
	if (!m)
		m = muc_member_find(room, jid_resource(text));
	str_add(out, m ? m->id : text);
	return true;
}

bool
direct_resolve(struct network *net, const char *text, char *id, size_t size)
{
	struct xmpp *x = xmpp_from(net);
	struct jid jid;
	AUTO_STR found = { 0 };

	str_init(&found, size ? size - 1 : 0);
	if (resolve_occupant(x, text, &found)) {
		if (str_overflowed(&found))
			return false;
		memcpy(id, found.data, found.len + 1);
		return true;
	}
	return jid_parse(&jid, text) && *jid.local && !*jid.resource &&
	       jid_format(&jid, id, size);
}

void
undelivered_text(struct str *out, const struct event *ev, const char *why)
{
	size_t len = utf8_cut(ev->text.utf8, ev->text.len, QUOTE_BYTES);

	str_printf(out, "Not delivered: %s", why);
	if (len)
		str_printf(out, "\n> %.*s%s", (int)len, ev->text.utf8,
			   len < ev->text.len ? "…" : "");
}

/* A private message of st's kind that could not be delivered. */
static void
bounce_contact(struct xmpp *x, const struct event *ev, const char *why,
	       const char *text)
{
	char from[FULL_JID_MAX];
	AUTO_STR told = { 0 };
	const char *to;

	if (!address_of_person(x->conf->gateway, ev->to.id, ev->to.network,
			       x->conf->component, from, sizeof(from)))
		return;
	to = author_find(x, ev->sender.id);
	if (!to) { /* before our time: a word, then, and no error */
		str_init(&told, UNDELIVERED_MAX);
		undelivered_text(&told, ev, why);
		xmpp_post(x, chat_new(x, from, ev->sender.id, told.data));
		return;
	}
	/* An error is made from what it answers: build that first. */
	xmpp_stanza_t *original =
		stanza_new(x->ctx, "message", to, from, "chat");
	if (ev->id)
		stanza_attr(original, "id", ev->id);
	xmpp_refuse(x, original, "recipient-unavailable", text);
	(void)xmpp_stanza_release(original);
}

/* XEP-0184 */
void
direct_delivered(struct network *net, const struct event *ev)
{
	struct xmpp *x = xmpp_from(net);
	const char *to = author_find(x, ev->sender.id);
	char from[FULL_JID_MAX];

	if (!address_of_person(x->conf->gateway, ev->to.id, ev->to.network,
			       x->conf->component, from, sizeof(from)))
		return;
	xmpp_stanza_t *st = stanza_new(x->ctx, "message", from,
				       to ? to : ev->sender.id, "chat");
	stanza_attr(stanza_add(st, "received", NS_RECEIPTS), "id", ev->id);
	xmpp_post(x, st);
}

void
direct_bounce(struct network *net, struct channel *ch, const struct event *ev,
	      const char *why)
{
	struct xmpp *x = xmpp_from(net);

	if (hosted_bounce(x, ch, ev, why))
		return;
	struct room *room =
		ch && ch->data ? ch->data : muc_room_of_id(x, ev->sender.id);
	struct member *m =
		room ? muc_member_find_id(room, ev->sender.id) : NULL;
	AUTO_STR text = { 0 };
	AUTO_STR to = { 0 };

	str_init(&text, 1024);
	str_printf(&text, "Your message was not delivered: %s", why);
	if (!m) {
		if (event_is_direct(ev) && !strchr(ev->sender.id, '/'))
			bounce_contact(x, ev, why, text.data);
		return;
	}
	/* Not as an error: a room throws out whoever sends one (333). */
	str_init(&to, FULL_JID_MAX);
	str_printf(&to, "%s/%s", room->jid, m->nick);
	xmpp_stanza_t *st = chat_new(x, x->listener, to.data, text.data);
	mark_private(st);
	xmpp_post(x, st);
}
