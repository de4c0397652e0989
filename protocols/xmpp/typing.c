/* SPDX-License-Identifier: MIT */
/*
 * typing.c - who is writing something (XEP-0085), in rooms.
 *
 * What is told is true or not; the finer states of the protocol mean that
 * somebody is not writing. Whoever says something has stopped writing it.
 */

#include "protocols/xmpp/typing.h"

#include "bridge/base.h"

#include <string.h>

#define NS_STATES "http://jabber.org/protocol/chatstates"
#define NS_HINTS "urn:xmpp:hints"

/* False if st tells nothing; else *writing is what it tells. */
static bool
read_state(xmpp_stanza_t *st, bool *writing)
{
	static const char *const others[] = { "active", "paused", "inactive",
					      "gone" };

	*writing = false;
	if (stanza_own_child(st, "body"))
		return true;
	if (stanza_child(st, "composing", NS_STATES)) {
		*writing = true;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (stanza_child(st, others[i], NS_STATES))
			return true;
	return false;
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
typing_heard(struct room *room, struct member *m, xmpp_stanza_t *st)
{
	bool writing;

	if (!read_state(st, &writing) || writing == m->typing)
		return;
	m->typing = writing;
	raise(room->x, muc_member_event(room, m, EVENT_TYPING), writing);
}

void
typing_heard_here(struct guest *g, xmpp_stanza_t *st)
{
	bool writing;

	if (!g->room->ch || !read_state(st, &writing) || writing == g->typing)
		return;
	g->typing = writing;
	raise(g->room->x, guest_event(g, EVENT_TYPING), writing);
}

/* It is worth something only now: nobody waits for an answer. */
void
typing_send(struct xmpp *x, struct delivery *d)
{
	bool writing = !(d->event->flags & EVENT_REMOVED);
	struct room *room = d->channel->data;
	void *data = d->speaker ? d->speaker->data : NULL;
	xmpp_stanza_t *st;

	if (data && room && d->channel->kind != CHANNEL_DIRECT) {
		bool hosted = d->channel->kind == CHANNEL_HOSTED;
		const struct seat *s = data;
		const struct guest *g = data;

		st = stanza_new(x->ctx, "message", hosted ? NULL : s->from,
				hosted ? NULL : room->jid, "groupchat");
		(void)stanza_add(st, writing ? "composing" : "active",
				 NS_STATES);
		(void)stanza_add(st, "no-store", NS_HINTS);
		if (hosted)
			hosted_post(g->room, st, g->nick);
		else
			xmpp_post(x, st);
	}
	bridge_sent(d, NULL, 0);
}
