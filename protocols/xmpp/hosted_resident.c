/* SPDX-License-Identifier: MIT */
/*
 * hosted_resident.c - users who stay in a channel while none of their clients
 * is in its room; bridge/protocol.h, "Residents".
 *
 * Such a guest has no client. Others see it as away. Who is out of the channel
 * meanwhile gets in again by itself, as the core sees fit, or after a while
 * where it was refused; who may not is told so, and forgotten.
 */

#include "protocols/xmpp/hosted.h"

#include "bridge/base.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#define AGAIN_MS (5 * 60 * 1000)
#define ABSENT "not here at the moment"

static void
set_absent(struct guest *g)
{
	free(g->status);
	g->status = xstrdup(ABSENT);
	g->show = SHOW_AWAY;
}

bool
guest_stays(const struct guest *g)
{
	const struct hosted *h = g->room;

	return g->resident && h->ch &&
	       (g->lingers || bridge_stays(h->ch, g->id));
}

static void
linger_over(void *arg)
{
	struct guest *g = arg;

	g->lingers = false;
	if (g->clients || guest_stays(g))
		return;
	if (g->nick)
		guest_show(g, &(struct shown){ .gone = true,
					       .status = g->farewell });
	guest_part(g, PART_LEFT, g->farewell);
}

bool
guest_lingers(struct guest *g, const char *farewell)
{
	unsigned linger_s = g->room->x->conf->gateway->linger_s;

	if (!g->resident || !g->room->ch || !linger_s)
		return false;
	g->lingers = true;
	free(g->farewell);
	g->farewell = farewell ? xstrdup(farewell) : NULL;
	timer_start(&g->linger, g->room->x->loop, (int64_t)linger_s * 1000,
		    linger_over, g);
	return true;
}

void
guest_abandoned(struct guest *g)
{
	set_absent(g);
	guest_changed(g);
}

/* ---- out of the channel -------------------------------------------------- */

/* What time alone may mend. */
static bool
may_pass(enum refusal refusal)
{
	return refusal == REFUSAL_OTHER || refusal == REFUSAL_NAME_TAKEN ||
	       refusal == REFUSAL_FULL;
}

static void
tell_end(const struct guest *g, const char *why)
{
	struct xmpp *x = g->room->x;
	xmpp_stanza_t *st =
		stanza_new(x->ctx, "message", g->room->jid, g->id, NULL);
	AUTO_STR text = { 0 };

	str_init(&text, 2048);
	str_printf(&text, "You are not in %s any more: %s", g->room->far, why);
	stanza_add_text(st, "body", NULL, text.data);
	xmpp_post(x, st);
}

/* The core tries no more by itself: leave, and come again. */
static void
come_again(void *arg)
{
	struct guest *g = arg;
	struct hosted *h = g->room;

	if (!h->ch)
		return; /* hosted_join() does it */
	bridge_event(&h->x->net, guest_event(g, EVENT_PART));
	g->raised = false;
	guest_raise_join(g);
}

void
guest_returned(struct guest *g)
{
	bool refused = !g->nick && timer_is_running(&g->timer);

	timer_stop(&g->timer);
	timer_stop(&g->linger);
	g->lingers = false;
	if (refused) /* now there is somebody to tell why */
		come_again(g);
	else
		guest_changed(g);
}

static void
forget_nick(struct guest *g)
{
	if (g->nick)
		HASH_DELETE(hh_nick, g->room->by_nick, g);
	free(g->nick);
	g->nick = NULL;
	if (!g->far_name)
		return;
	free(g->want);
	g->want = g->far_name;
	g->far_name = NULL;
}

void
guest_waits(struct guest *g, const struct standing *s)
{
	while (g->clients)
		client_free(g->clients);
	forget_nick(g);
	guest_abandoned(g);
	if (s->state != OCCUPANT_REFUSED)
		return;
	if (may_pass(s->refusal)) {
		timer_start(&g->timer, g->room->x->loop, AGAIN_MS, come_again,
			    g);
		return;
	}
	tell_end(g, s->why ? s->why : "the network does not let you in");
	guest_part(g, PART_KICKED, "");
}

/* ---- coming back --------------------------------------------------------- */

static void
recall(void *arg, const struct sender *who, const char *password)
{
	struct hosted *h = arg;
	struct guest *g;

	if (guest_find(h, who->id))
		return;
	g = guest_new_user(h, who->id);
	g->resident = true;
	g->want = xstrdup(who->name);
	g->password = password ? xstrdup(password) : NULL;
	set_absent(g);
	guest_raise_join(g);
}

void
hosted_recall_residents(struct hosted *h)
{
	bridge_residents(h->ch, recall, h);
}
