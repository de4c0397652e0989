/* SPDX-License-Identifier: MIT */
/* hosted.c - rooms that are ours: their life, and who finds them. */

#include "protocols/xmpp/hosted.h"
#include "protocols/xmpp/held.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/str.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#define SWEEP_MS 60000 /* for the people of elsewhere to come back */

struct hosted *
hosted_find(struct xmpp *x, const char *jid)
{
	struct hosted *h;

	HASH_FIND(hh, x->hosted, jid, strlen(jid), h);
	return h;
}

struct hosted *
hosted_find_id(struct xmpp *x, int64_t channel)
{
	struct hosted *h;

	HASH_FIND(hh_id, x->hosted_by_id, &channel, sizeof(channel), h);
	return h;
}

struct hosted *
hosted_new(struct xmpp *x, const char *jid, const struct address_place *place)
{
	struct hosted *h = xcalloc(1, sizeof(*h));

	h->x = x;
	h->jid = xstrdup(jid);
	h->network = xstrdup(place->label);
	h->far = xstrdup(place->name);
	HASH_ADD_KEYPTR(hh, x->hosted, h->jid, strlen(h->jid), h);
	return h;
}

static void
hosted_detach(struct hosted *h)
{
	hosted_forget_flying(h);
	timer_stop(&h->sweep);
	query_drop(h->x, h);
	if (h->channel)
		HASH_DELETE(hh_id, h->x->hosted_by_id, h);
	h->channel = 0;
	if (h->ch)
		h->ch->data = NULL;
	h->ch = NULL;
}

static void
hosted_free(struct hosted *h)
{
	struct guest *g, *next;

	hosted_detach(h);
	hosted_forget_shown(h);
	HASH_ITER(hh_nick, h->by_nick, g, next)
	guest_free(g);
	HASH_ITER(hh, h->users, g, next)
	guest_free(g);
	hosted_forget_past(h);
	marks_clear(&h->marks);
	HASH_DELETE(hh, h->x->hosted, h);
	free(h->flying);
	free(h->far);
	free(h->network);
	free(h->jid);
	free(h);
}

void
hosted_release(struct hosted *h)
{
	if (!h->ch && !h->users && !h->by_nick)
		hosted_free(h);
}

void
hosted_place(struct xmpp *x, const char *to, struct address_place *out)
{
	struct jid jid;

	*out = (struct address_place){ .kind = ADDRESS_FOREIGN };
	if (jid_parse(&jid, to))
		address_read(x->conf->gateway, jid.local, out);
}

const char *
hosted_limit(struct xmpp *x, const char *bare, const char *label)
{
	unsigned most = x->conf->gateway->connections;

	return most && bridge_connections(&x->net, bare, label) >= most
		       ? "you are connected to as many networks as this "
			 "gateway lets you be: leave one first"
		       : NULL;
}

/* Where nobody answers, who wants to come in waits in vain. */
static bool
is_entry(xmpp_stanza_t *st)
{
	return stanza_is(st, "presence") && !*stanza_get(st, "type") &&
	       stanza_child(st, "x", NS_MUC);
}

bool
hosted_denied(struct xmpp *x, xmpp_stanza_t *st)
{
	const char *type = stanza_get(st, "type");
	struct address_place place;
	AUTO_STR why = { 0 };

	if (!x->conf->gateway || (!x->conf->gateway->hosts && !is_entry(st)))
		return false;
	hosted_place(x, stanza_get(st, "to"), &place);
	if (place.kind == ADDRESS_FOREIGN && is_entry(st)) {
		xmpp_post(x, stanza_error(x->ctx, st, "item-not-found",
					  "this gateway has no such room"));
		return true;
	}
	if (place.kind != ADDRESS_DENIED)
		return false;
	if (!strcmp(type, "error") || !strcmp(type, "result") ||
	    !strcmp(type, "unavailable"))
		return true;
	str_init(&why, sizeof(place.label) + 64);
	str_printf(&why, "this gateway does not lead to %s", place.label);
	xmpp_post(x, stanza_error(x->ctx, st, "not-allowed", why.data));
	return true;
}

/* ---- goodbye ------------------------------------------------------------- */

static void
say_goodbye(struct hosted *h)
{
	struct shown how = { .gone = true, .codes = "332" };

	for (struct client *c = h->clients; c; c = c->hh.next) {
		if (!c->in)
			continue;
		xmpp_stanza_t *st = guest_presence(c->who, &how, GUEST_SELF);
		client_post(c, st, c->who->nick);
		(void)xmpp_stanza_release(st);
	}
}

void
hosted_goodbye(struct xmpp *x)
{
	struct hosted *h, *next;

	HASH_ITER(hh, x->hosted, h, next)
	{
		struct client *c, *after;

		say_goodbye(h);
		HASH_ITER(hh, h->clients, c, after)
		client_free(c);
	}
}

/* On the server nothing has changed for those who are in. */
static void
hosted_suspend(struct hosted *h)
{
	struct guest *g, *next;

	hosted_detach(h);
	HASH_ITER(hh_nick, h->by_nick, g, next)
	{
		if (g->o)
			g->o->data = NULL;
		h->n_stale += g->o != NULL;
		g->o = NULL;
	}
	HASH_ITER(hh, h->users, g, next)
	{
		g->raised = false;
		if (!g->clients)
			guest_free(g);
	}
	if (!h->users)
		hosted_free(h);
}

void
hosted_drop(struct xmpp *x, bool for_good)
{
	struct hosted *h, *next;

	HASH_ITER(hh, x->hosted, h, next)
	{
		if (for_good)
			hosted_free(h);
		else
			hosted_suspend(h);
	}
}

/* ---- hooks --------------------------------------------------------------- */

static void
on_sweep(void *arg)
{
	struct hosted *h = arg;
	struct shown how = { .gone = true };
	struct guest *g, *next;

	HASH_ITER(hh_nick, h->by_nick, g, next)
	{
		if (g->o || g->id)
			continue;
		guest_show(g, &how);
		guest_free(g);
	}
	h->n_stale = 0;
}

void
hosted_join(struct xmpp *x, struct channel *ch)
{
	struct hosted *h = hosted_find(x, ch->name);
	struct address_place place;

	hosted_place(x, ch->name, &place);
	if (place.kind != ADDRESS_CHANNEL) {
		bridge_left(ch, DOWN_REFUSED,
			    "the gateway does not lead there any more");
		return;
	}
	ch->caps = x->net.caps & ~(unsigned)(CAN_NAME | CAN_PICTURE);
	if (!h)
		h = hosted_new(x, ch->name, &place);
	h->ch = ch;
	h->channel = ch->id;
	ch->data = h;
	HASH_ADD(hh_id, x->hosted_by_id, channel, sizeof(h->channel), h);
	hosted_recall_past(h);
	for (struct guest *g = h->users; g; g = g->hh.next)
		guest_raise_join(g);
	hosted_recall_residents(h);
	timer_start(&h->sweep, x->loop, SWEEP_MS, on_sweep, h);
	hosted_moded(&x->net, ch);
	bridge_joined(ch);
}

void
hosted_leave(struct xmpp *x, struct channel *ch)
{
	struct hosted *h = ch->data;

	held_forget(x, ch);
	if (!h)
		return;
	say_goodbye(h);
	hosted_free(h);
}
