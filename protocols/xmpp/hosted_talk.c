/* SPDX-License-Identifier: MIT */
/*
 * hosted_talk.c - what is said in hosted rooms, both ways.
 *
 * What a user says is shown in the room when it is kept (accepted()), in the
 * place that its number gives it, to everybody, its author too. What comes from
 * elsewhere is shown at once; a ping to the server that comes back behind it
 * says that the server has it. Both are remembered, see hosted_past.c.
 */

#include "protocols/xmpp/form.h"
#include "protocols/xmpp/held.h"
#include "protocols/xmpp/hosted_admin.h"
#include "protocols/xmpp/moment.h"
#include "protocols/xmpp/upload.h"

#include "bridge/base.h"
#include "conf/conf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_MUC_REQUEST "http://jabber.org/protocol/muc#request"

#define NS_RETRACT "urn:xmpp:message-retract:1"

/* ---- showing ------------------------------------------------------------- */

/* By anybody at all. */
static bool
is_blocked(const struct guest *g)
{
	return bridge_blocks(&g->room->x->net, NULL, g->o->puppet->origin,
			     g->o->puppet->sender);
}

/* Takes the reference to st. */
static void
post_to_willing(struct hosted *h, xmpp_stanza_t *st, const struct guest *g)
{
	const struct puppet *p = g->o->puppet;

	for (struct client *c = h->clients; c; c = c->hh.next)
		if (c->in && !bridge_blocks(&h->x->net, c->who->id, p->origin,
					    p->sender))
			client_post(c, st, g->nick);
	(void)xmpp_stanza_release(st);
}

/*
 * Takes the reference to st. id: its author's, if it was said here; what came
 * from elsewhere is known to the bridge by the number.
 */
static void
publish(struct hosted *h, const struct event *ev, xmpp_stanza_t *st,
	struct guest *g, const char *id)
{
	const char *nick = g ? g->nick : NULL;

	if (g)
		guest_show_now(g);
	hosted_add_ids(h->jid, ev, st, g ? g->occupant_id : NULL);
	if (ev->number && ev->kind != EVENT_TOPIC)
		hosted_remember(h, ev, st, nick, id);
	if (g && g->o && is_blocked(g))
		post_to_willing(h, st, g);
	else
		hosted_post(h, st, nick);
}

xmpp_stanza_t *
hosted_retraction(struct xmpp *x, const struct event *ev, const char *id)
{
	xmpp_stanza_t *st =
		stanza_new(x->ctx, "message", NULL, NULL, "groupchat");

	stanza_attr(st, "id", id);
	stanza_attr(stanza_add(st, "retract", NS_RETRACT), "id", ev->target);
	return st;
}

void
hosted_accepted(struct network *net, const struct event *ev)
{
	struct xmpp *x = xmpp_from(net);
	struct hosted *h = hosted_find_id(x, ev->channel);
	struct guest *g = h ? guest_find(h, ev->sender.id) : NULL;
	struct message_form form = { .type = "groupchat", .id = ev->id };
	char id[32], target[24];
	xmpp_stanza_t *st = NULL;

	/* Who has left meanwhile spoke before: the others are told anyway. */
	if (!h)
		return;
	(void)snprintf(id, sizeof(id), "g%" PRId64, ev->number);
	if (!form.id)
		form.id = id;
	form.replaces = ev->kind == EVENT_EDIT ? ev->target : NULL;
	form.parent = ev->parent;
	if (ev->kind == EVENT_REACTION) {
		form.target = hosted_room_id(h, ev->target, target);
		form.marks = marks_with(&h->marks, net, ev->sender.id,
					ev->target, ev);
	}
	if (ev->kind == EVENT_REDACTION)
		st = hosted_retraction(x, ev, form.id);
	else
		st = message_from_event(x->ctx, ev, &form);
	if (st)
		publish(h, ev, st, g && g->nick ? g : NULL, form.id);
}

/* ---- deliveries ---------------------------------------------------------- */

void
hosted_forget_flying(struct hosted *h)
{
	for (size_t i = 0; i < h->n_flying; i++)
		h->flying[i]->data = NULL;
	h->n_flying = h->n_covered = 0;
}

static void
settle(struct delivery *d)
{
	char number[24];
	AUTO_STR own = { 0 };
	const char *ids[2] = { number };

	str_init(&own, 256);
	str_add(&own, d->id);
	(void)snprintf(number, sizeof(number), "%" PRId64, d->event->number);
	ids[1] = own.data;
	d->data = NULL;
	if (d->event->number)
		bridge_sent(d, ids, 2);
	else
		bridge_sent(d, &ids[1], 1);
}

static void on_barrier(void *arg, xmpp_stanza_t *answer);

static void
raise_barrier(struct hosted *h)
{
	h->n_covered = h->n_flying;
	if (h->n_covered)
		query_ping(h->x, h->x->listener,
			   strchr(h->x->listener, '@') + 1, on_barrier, h);
}

static void
on_barrier(void *arg, xmpp_stanza_t *answer)
{
	struct hosted *h = arg;
	size_t n = h->n_covered;

	(void)answer; /* also an error, or silence, came without a refusal */
	for (size_t i = 0; i < n; i++)
		settle(h->flying[i]);
	memmove(h->flying, h->flying + n,
		(h->n_flying - n) * sizeof(struct delivery *));
	h->n_flying -= n;
	raise_barrier(h);
}

void
hosted_send(struct xmpp *x, struct delivery *d)
{
	struct hosted *h = d->channel->data;
	const struct event *ev = d->event;
	struct guest *g = d->speaker ? d->speaker->data : NULL;
	struct message_form form = {
		.type = "groupchat",
		.id = d->id,
		.replaces = ev->kind == EVENT_EDIT ? d->target : NULL,
		.target = d->target,
		.parent = d->parent,
		.delay_from = h->jid,
		.origin = d->origin,
		.anonymous = true,
		.links = { upload_link, x },
	};
	xmpp_stanza_t *st;

	if (d->speaker && !g) {
		held_later(x, d, "the speaker has just left");
		return;
	}
	if (ev->kind == EVENT_REACTION && d->target)
		form.marks = marks_with(&h->marks, &x->net, ev->sender.id,
					d->target, ev);
	st = message_from_event(x->ctx, ev, &form);
	if (!st) {
		bridge_refused(d, "nothing in it can be shown there");
		return;
	}
	moment_invite_room(x, ev, st);
	publish(h, ev, st, g, NULL);
	h->flying = xrealloc(h->flying,
			     (h->n_flying + 1) * sizeof(struct delivery *));
	h->flying[h->n_flying++] = d;
	d->data = h;
	if (!h->n_covered)
		raise_barrier(h);
}

/* ---- what users say ------------------------------------------------------ */

/* One message that came in for a room of ours. */
struct heard_here {
	struct xmpp *x;
	xmpp_stanza_t *st;
	struct hosted *h;
	struct client *c; /* NULL: is not in */
	const struct address_place *place;
	const char *nick; /* to whom; "": to all */
};

static void
set_author(const struct heard_here *m, struct event *ev)
{
	ev->origin = ev->via = NULL; /* it begins here */
	ev->flags |= EVENT_GATEWAY;
	ev->when_ms = loop_wall_ms(m->x->loop);
	event_set_sender(ev, m->c->who->id, m->c->who->far_name);
}

static struct event *
read_message(const struct heard_here *m, const char *room)
{
	struct message_source src = { room, false };
	const char *why;
	struct event *ev = event_from_message(m->st, &src, &why);

	if (why)
		xmpp_refuse(m->x, m->st, "not-acceptable", why);
	if (!ev)
		return NULL;
	ev->target = hosted_own_id(m->h, ev, ev->target);
	ev->parent = hosted_own_id(m->h, ev, ev->parent);
	set_author(m, ev);
	return ev;
}

/* A set of reactions may be several events; the first bears its id. */
struct marking_here {
	const struct heard_here *m;
	bool raised;
};

static struct event *
make_mark(void *arg)
{
	const struct marking_here *k = arg;
	struct event *ev = event_make(EVENT_REACTION);

	ev->channel = k->m->h->ch->id;
	set_author(k->m, ev);
	return ev;
}

static const char *
resolve_mark(void *arg, struct event *ev, const char *target)
{
	const struct marking_here *k = arg;

	return hosted_own_id(k->m->h, ev, target);
}

static void
take_mark(void *arg, struct event *ev)
{
	struct marking_here *k = arg;
	const char *id = stanza_get(k->m->st, "id");

	if (!k->raised && *id)
		ev->id = event_strdup(ev, id);
	k->raised = true;
	bridge_event(&k->m->x->net, ev);
}

static bool
react(const struct heard_here *m)
{
	struct marking_here k = { m, false };
	const struct marks_reader r = { &m->x->net, make_mark, resolve_mark,
					take_mark, &k };

	return marks_read(&m->h->marks, &r, m->st);
}

static void
say(const struct heard_here *m)
{
	struct event *ev;

	if (!m->h->ch) {
		xmpp_refuse(m->x, m->st, "recipient-unavailable",
			    "the room is on its way back");
		return;
	}
	moment_heard_here(m->c->who, m->st);
	if (react(m))
		return;
	ev = read_message(m, m->h->jid);
	if (!ev)
		return;
	ev->channel = m->h->ch->id;
	bridge_event(&m->x->net, ev);
}

/* From one user of ours to another in the same room. */
static void
say_here(const struct heard_here *m, const struct event *ev,
	 const struct guest *to)
{
	struct message_form form = { .type = "chat",
				     .id = ev->id,
				     .replaces = ev->target };
	xmpp_stanza_t *st;

	if (!form.id)
		form.id = "";
	st = message_from_event(m->x->ctx, ev, &form);
	if (!st)
		return;
	(void)stanza_add(st, "x", NS_MUC_USER);
	stanza_attr(stanza_add(st, "occupant-id", NS_OCCUPANT_ID), "id",
		    m->c->who->occupant_id);
	for (struct client *c = to->clients; c; c = c->next)
		if (c->in)
			client_post(c, st, m->c->who->nick);
	(void)xmpp_stanza_release(st);
}

static void
say_privately(const struct heard_here *m)
{
	struct guest *to = guest_by_nick(m->h, m->nick);

	if (!to || (!to->id && !to->o)) {
		xmpp_refuse(m->x, m->st, "item-not-found",
			    "nobody here has that nick");
		return;
	}
	struct event *ev = read_message(m, NULL);
	if (!ev)
		return;
	if (to->id) {
		say_here(m, ev, to);
		event_unref(ev);
		return;
	}
	event_set_to(ev, to->o->puppet->origin, to->o->puppet->sender->id);
	bridge_event(&m->x->net, ev);
}

/* A message of ours came back: is it that nobody is there any more? */
static void
came_back(const struct heard_here *m)
{
	static const char *const gone[] = {
		"gone",
		"item-not-found",
		"recipient-unavailable",
		"redirect",
		"remote-server-not-found",
		"remote-server-timeout",
		"service-unavailable",
	};
	const char *condition = stanza_error_condition(m->st);

	for (size_t i = 0; m->c && i < ARRAY_SIZE(gone); i++) {
		if (strcmp(condition, gone[i]) != 0)
			continue;
		client_gone(m->c);
		return;
	}
}

/* Who it is from, if that one may use the gateway; else "". */
static void
read_author(const struct heard_here *m, char who[FULL_JID_MAX])
{
	const struct conf_gateway *gateway = m->x->conf->gateway;
	struct jid from;

	if (!jid_parse(&from, stanza_get(m->st, "from")) || !*from.local ||
	    !jid_allowed(gateway->users, gateway->n_users, &from))
		from = (struct jid){ 0 };
	from.resource[0] = '\0';
	if (!*from.local || !jid_format(&from, who, FULL_JID_MAX))
		who[0] = '\0';
}

/* What is neither for everybody nor for one. */
static void
hear_other(const struct heard_here *m, const struct hosted_question *q)
{
	if (hosted_admin_message(q))
		return;
	if (form_submitted(m->st, NS_MUC_REQUEST, NULL))
		xmpp_refuse(m->x, m->st, "not-allowed",
			    "ask an operator of the channel for voice");
	else
		xmpp_refuse(m->x, m->st, "feature-not-implemented",
			    "this room takes groupchat messages only");
}

static void
hear(const struct heard_here *m)
{
	bool all = stanza_has_type(m->st, "groupchat");
	char who[FULL_JID_MAX];
	const struct hosted_question q = { m->x, m->st, m->h, m->place, who };

	read_author(m, who);
	if (hosted_declined(&q))
		return;
	if (!m->c || !m->c->in)
		xmpp_refuse(m->x, m->st, "not-acceptable",
			    "you are not in the room");
	else if (all && *m->nick)
		xmpp_refuse(m->x, m->st, "bad-request",
			    "a groupchat message is for the room");
	else if (all)
		say(m);
	else if (*m->nick)
		say_privately(m);
	else
		hear_other(m, &q);
}

bool
hosted_message(struct xmpp *x, xmpp_stanza_t *st)
{
	const char *to = stanza_get(st, "to");
	struct heard_here m = { .x = x, .st = st, .nick = jid_resource(to) };
	struct address_place place;
	char jid[FULL_JID_MAX];

	if (!x->conf->gateway)
		return false;
	hosted_place(x, to, &place);
	if (place.kind != ADDRESS_CHANNEL ||
	    !address_write(x->conf->gateway, &place, x->conf->component, jid,
			   sizeof(jid)))
		return false;
	m.place = &place;
	m.h = hosted_find(x, jid);
	m.c = m.h ? client_find(m.h, stanza_get(st, "from")) : NULL;
	if (stanza_has_type(st, "error"))
		came_back(&m);
	else
		hear(&m);
	return true;
}

/* Who is not in the room can be sent no error from it: servers drop those
 * that are for nobody's client (RFC 6121 8.5.2.1.1). A word waits for them. */
static void
tell_absent(struct hosted *h, const struct event *ev, const char *why)
{
	AUTO_STR text = { 0 };

	str_init(&text, UNDELIVERED_MAX);
	undelivered_text(&text, ev, why);
	xmpp_post(h->x, chat_new(h->x, h->jid, ev->sender.id, text.data));
}

bool
hosted_bounce(struct xmpp *x, struct channel *ch, const struct event *ev,
	      const char *why)
{
	struct hosted *h = ch ? hosted_find_id(x, ch->id) : NULL;
	struct guest *g = h ? guest_find(h, ev->sender.id) : NULL;

	if (h && (!g || !g->clients))
		tell_absent(h, ev, why);
	for (struct client *c = g ? g->clients : NULL; c; c = c->next) {
		xmpp_stanza_t *said = stanza_new(x->ctx, "message", c->jid,
						 c->room, "groupchat");
		if (ev->id)
			stanza_attr(said, "id", ev->id);
		xmpp_post(x, stanza_error(x->ctx, said, "not-allowed", why));
		(void)xmpp_stanza_release(said);
		/* It was shown when it was asked for. */
		if (ev->kind == EVENT_TOPIC)
			hosted_tell_subject(h, c);
	}
	return h != NULL;
}
