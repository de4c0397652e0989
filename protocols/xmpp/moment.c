/* SPDX-License-Identifier: MIT */
/*
 * moment.c - what is of the moment: who is writing something (XEP-0085), and
 * how far somebody has read (XEP-0333).
 *
 * Writing is true or not; the finer states of the protocol mean that somebody
 * is not writing. Whoever says something has stopped writing it. In private
 * states are sent only to those who have sent one (XEP-0085 section 5.1).
 */

#include "protocols/xmpp/moment.h"

#include "bridge/base.h"
#include "conf/conf.h"

#include <string.h>

#define NS_STATES "http://jabber.org/protocol/chatstates"
#define NS_MARKERS "urn:xmpp:chat-markers:0"
#define NS_HINTS "urn:xmpp:hints"

/* ---- in ------------------------------------------------------------------ */

/* False if st has no chat state; else *writing is what it tells. */
static bool
has_state(xmpp_stanza_t *st, bool *writing)
{
	static const char *const others[] = { "active", "paused", "inactive",
					      "gone" };

	*writing = stanza_child(st, "composing", NS_STATES) != NULL;
	if (*writing)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (stanza_child(st, others[i], NS_STATES))
			return true;
	return false;
}

/* False if st tells nothing of writing. */
static bool
read_state(xmpp_stanza_t *st, bool *writing)
{
	bool has = has_state(st, writing);

	if (stanza_own_child(st, "body"))
		*writing = false;
	return has || stanza_own_child(st, "body");
}

/* What was read, or NULL. */
static const char *
read_marker(xmpp_stanza_t *st)
{
	xmpp_stanza_t *marker = stanza_child(st, "displayed", NS_MARKERS);
	const char *id = marker ? stanza_get(marker, "id") : "";

	return *id && strlen(id) <= EVENT_ID_MAX ? id : NULL;
}

/* ev: an EVENT_TYPING without flags about it. */
static void
raise(struct xmpp *x, struct event *ev, bool writing)
{
	if (!writing)
		ev->flags |= EVENT_REMOVED;
	bridge_event(&x->net, ev);
}

void
moment_heard(struct room *room, struct member *m, xmpp_stanza_t *st)
{
	const char *read = read_marker(st);
	bool writing;

	if (read) {
		struct event *ev = muc_member_event(room, m, EVENT_RECEIPT);

		ev->target = event_strdup(ev, read);
		bridge_event(&room->x->net, ev);
	}
	if (!read_state(st, &writing) || writing == m->typing)
		return;
	m->typing = writing;
	raise(room->x, muc_member_event(room, m, EVENT_TYPING), writing);
}

void
moment_heard_here(struct guest *g, xmpp_stanza_t *st)
{
	const char *read = read_marker(st);
	struct hosted *h = g->room;
	bool writing;

	if (!h->ch)
		return;
	if (read) {
		struct event *ev = guest_event(g, EVENT_RECEIPT);

		read = hosted_own_id(h, ev, read);
		ev->target = event_strdup(ev, read);
		bridge_event(&h->x->net, ev);
	}
	if (!read_state(st, &writing) || writing == g->typing)
		return;
	g->typing = writing;
	raise(h->x, guest_event(g, EVENT_TYPING), writing);
}

static uint32_t
hash_of_pair(const char *person, const char *puppet)
{
	return hash_bytes(person, jid_bare_len(person)) * 31 +
	       hash_bytes(puppet, jid_bare_len(puppet));
}

static bool
is_stateful(const struct xmpp *x, uint32_t pair)
{
	for (size_t i = 0; i < STATEFUL_MAX; i++)
		if (x->stateful[i] == pair)
			return true;
	return false;
}

static void
raise_private(struct xmpp *x, struct room *room, xmpp_stanza_t *st,
	      struct event *ev)
{
	ev->when_ms = loop_wall_ms(x->loop);
	if (direct_set_ends(x, room, st, ev))
		bridge_event(&x->net, event_ref(ev));
	event_unref(ev);
}

void
moment_heard_private(struct xmpp *x, struct room *room, xmpp_stanza_t *st)
{
	uint32_t pair =
		hash_of_pair(stanza_get(st, "from"), stanza_get(st, "to"));
	const char *read = read_marker(st);
	struct event *ev;
	bool writing;

	if (stanza_has_type(st, "error") || stanza_has_type(st, "headline"))
		return;
	if (read) {
		ev = event_make(EVENT_RECEIPT);
		ev->target = event_strdup(ev, read);
		raise_private(x, room, st, ev);
	}
	if (!has_state(st, &writing))
		return;
	if (!is_stateful(x, pair))
		x->stateful[x->next_stateful++ % STATEFUL_MAX] = pair;
	ev = event_make(EVENT_TYPING);
	if (!writing || stanza_own_child(st, "body"))
		ev->flags |= EVENT_REMOVED;
	raise_private(x, room, st, ev);
}

/* ---- out ----------------------------------------------------------------- */

static void
add_state(xmpp_stanza_t *st, const struct occupant *o)
{
	(void)stanza_add(st, o->typing ? "composing" : "active", NS_STATES);
	(void)stanza_add(st, "no-store", NS_HINTS);
}

static void
add_marker(xmpp_stanza_t *st, const char *read, const char *hint)
{
	stanza_attr(stanza_add(st, "displayed", NS_MARKERS), "id", read);
	(void)stanza_add(st, hint, NS_HINTS);
}

static void
show_in_room(const struct seat *s, const struct occupant *o, unsigned changes)
{
	struct xmpp *x = s->room->x;
	xmpp_stanza_t *st = stanza_new(x->ctx, "message", s->from, s->room->jid,
				       "groupchat");

	if (changes & PUPPET_TYPING)
		add_state(st, o);
	else
		add_marker(st, o->read, "no-store");
	xmpp_post(x, st);
}

static void
show_here(const struct guest *g, const struct occupant *o, unsigned changes)
{
	struct hosted *h = g->room;
	xmpp_stanza_t *st =
		stanza_new(h->x->ctx, "message", NULL, NULL, "groupchat");
	char number[24];

	if (changes & PUPPET_TYPING)
		add_state(st, o);
	else
		add_marker(st, hosted_room_id(h, o->read, number), "no-store");
	hosted_post(h, st, g->nick);
}

static void
show_privately(struct xmpp *x, const struct occupant *o, unsigned changes)
{
	AUTO_STR from = { 0 };
	AUTO_STR to = { 0 };
	bool in_room;

	str_init(&from, FULL_JID_MAX);
	str_init(&to, FULL_JID_MAX);
	if (direct_ends(x, o, o->channel->name, &from, &to, &in_room))
		return;
	if (changes & PUPPET_TYPING &&
	    !is_stateful(x, hash_of_pair(to.data, from.data)))
		return;
	xmpp_stanza_t *st =
		stanza_new(x->ctx, "message", from.data, to.data, "chat");
	if (changes & PUPPET_TYPING)
		add_state(st, o);
	else
		add_marker(st, o->read, "store");
	if (in_room)
		(void)stanza_add(st, "x", NS_MUC_USER);
	xmpp_post(x, st);
}

static void
show(struct xmpp *x, const struct occupant *o, unsigned change)
{
	if (o->channel->kind == CHANNEL_DIRECT)
		show_privately(x, o, change);
	else if (o->data && o->channel->kind == CHANNEL_HOSTED)
		show_here(o->data, o, change);
	else if (o->data)
		show_in_room(o->data, o, change);
}

void
moment_show(struct xmpp *x, const struct occupant *o, unsigned changes)
{
	if (changes & PUPPET_TYPING)
		show(x, o, PUPPET_TYPING);
	if (changes & PUPPET_READ)
		show(x, o, PUPPET_READ);
}

static void
invite(const struct xmpp *x, const struct event *ev, xmpp_stanza_t *st,
       enum conf_receipts least)
{
	if (ev->kind == EVENT_MESSAGE && x->receipts >= least)
		(void)stanza_add(st, "markable", NS_MARKERS);
}

void
moment_invite_room(const struct xmpp *x, const struct event *ev,
		   xmpp_stanza_t *st)
{
	invite(x, ev, st, CONF_RECEIPTS_ALL);
}

void
moment_invite_private(const struct xmpp *x, const struct event *ev,
		      xmpp_stanza_t *st)
{
	invite(x, ev, st, CONF_RECEIPTS_DIRECT);
	if (ev->kind == EVENT_MESSAGE)
		(void)stanza_add(st, "active", NS_STATES);
}
