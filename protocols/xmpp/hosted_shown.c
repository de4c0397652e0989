/* SPDX-License-Identifier: MIT */
/*
 * hosted_shown.c - what those in a hosted room are shown of each other.
 *
 * Each change of one guest is a presence to each client of the room: a
 * thousand who leave a room of a thousand make a million. So while the server
 * is behind, a guest is only noted as due, at most once, and what is shown of
 * it when its turn comes is the difference between what the others saw last
 * (shown, shown_as) and what it is then. Whoever has left and come back
 * meanwhile costs nothing.
 *
 * A guest who has left is freed; if others still see it, a ghost takes its
 * place in the queue, until it is shown as gone or that person is back.
 *
 * Turns may be taken out of order (who speaks is shown first), so a nick may
 * have to be shown for one guest while another is still seen under it. That
 * other one is taken from view before.
 */

#include "protocols/xmpp/hosted.h"

#include "bridge/base.h"

#include <utlist.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a guest left: a struct shown, and the strings that it borrows. */
struct parting {
	struct shown how;
	char codes[16];
	char *status, *reason, *actor, *address;
};

/* ---- leaving ------------------------------------------------------------- */

static char *
copied(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static struct parting *
parting_new(const struct guest *g, const struct shown *how)
{
	struct parting *p = xcalloc(1, sizeof(*p));
	char address[FULL_JID_MAX];

	(void)snprintf(p->codes, sizeof(p->codes), "%s",
		       how->codes ? how->codes : "");
	p->status = copied(how->status);
	p->reason = copied(how->reason);
	p->actor = copied(how->actor);
	if (guest_address(g, address, sizeof(address)))
		p->address = xstrdup(address);
	p->how = (struct shown){ .gone = true,
				 .codes = p->codes,
				 .status = p->status,
				 .reason = p->reason,
				 .actor = p->actor,
				 .address = p->address };
	return p;
}

static void
parting_free(struct guest *g)
{
	struct parting *p = g->parting;

	g->parting = NULL;
	if (!p)
		return;
	free(p->status);
	free(p->reason);
	free(p->actor);
	free(p->address);
	free(p);
}

/* ---- to others ----------------------------------------------------------- */

static void
tell_others(struct guest *g, const struct shown *how, const char *nick)
{
	xmpp_stanza_t *st = guest_presence(g, how, 0);
	xmpp_stanza_t *whole = guest_presence(g, how, GUEST_ADDRESS);

	for (struct client *c = g->room->clients; c; c = c->hh.next)
		if (c->in && c->who != g)
			client_post(c, guest_view(c->who) ? whole : st, nick);
	(void)xmpp_stanza_release(st);
	(void)xmpp_stanza_release(whole);
}

/* Nobody but g itself sees it any more under the nick that they knew. */
static void
retire(struct guest *g)
{
	const struct shown renamed = { .gone = true,
				       .codes = "303",
				       .new_nick = g->nick };

	tell_others(g, g->parting ? &g->parting->how : &renamed, g->shown);
	HASH_DELETE(hh_shown, g->room->by_shown, g);
	free(g->shown);
	g->shown = NULL;
}

/* Nobody else is seen under its nick. */
static void
make_way(struct guest *g)
{
	struct guest *other;

	HASH_FIND(hh_shown, g->room->by_shown, g->nick, strlen(g->nick), other);
	if (other && other != g)
		retire(other);
}

static uint32_t
digest(const struct guest *g)
{
	char address[FULL_JID_MAX] = "";
	AUTO_STR text = { 0 };

	str_init(&text, SIZE_MAX / 4);
	(void)guest_address(g, address, sizeof(address));
	str_printf(&text, "%d %d %d %s ", (int)g->show, (int)g->rank,
		   (g->room->modes & CHANNEL_MODERATED) != 0, address);
	str_add(&text, g->status);
	return hash_bytes(text.data, text.len);
}

/* again: also if the others see it like that already. */
static void
appear(struct guest *g, bool again)
{
	uint32_t now = digest(g);

	make_way(g);
	if (g->shown && g->shown_as == now && !again)
		return;
	tell_others(g, &(struct shown){ .gone = false }, g->nick);
	g->shown_as = now;
	if (g->shown)
		return;
	g->shown = xstrdup(g->nick);
	HASH_ADD_KEYPTR(hh_shown, g->room->by_shown, g->shown, strlen(g->shown),
			g);
}

/* ---- in turn ------------------------------------------------------------- */

static void
enqueue(struct guest *g)
{
	if (g->due)
		return;
	g->due = true;
	g->room->n_due++;
	DL_APPEND2(g->room->x->due, g, due_before, due_behind);
}

static void
dequeue(struct guest *g)
{
	if (!g->due)
		return;
	g->due = false;
	g->room->n_due--;
	DL_DELETE2(g->room->x->due, g, due_before, due_behind);
}

static void
ghost_free(struct guest *ghost)
{
	HASH_DEL(ghost->room->ghosts, ghost);
	dequeue(ghost);
	if (ghost->shown)
		HASH_DELETE(hh_shown, ghost->room->by_shown, ghost);
	free(ghost->shown);
	parting_free(ghost);
	free(ghost);
}

static bool
is_ghost(const struct guest *g)
{
	return !g->status;
}

/* The nick that the others know is not its nick. */
static bool
is_seen_otherwise(const struct guest *g)
{
	return g->shown &&
	       (g->parting || !g->nick || strcmp(g->shown, g->nick) != 0);
}

/* The others see it as it is, from now on. */
static void
settle(struct guest *g, bool again)
{
	dequeue(g);
	if (is_seen_otherwise(g))
		retire(g);
	if (is_ghost(g)) {
		ghost_free(g);
		return;
	}
	if (!g->parting && g->nick)
		appear(g, again);
	parting_free(g);
}

static void
settle_in_turn(struct guest *g)
{
	struct xmpp *x = g->room->x;

	if (g->due || x->due || xmpp_is_busy(x))
		enqueue(g);
	else
		settle(g, true);
}

bool
guests_show_due(struct xmpp *x)
{
	if (!x->due)
		return false;
	settle(x->due, false);
	return true;
}

void
guest_show_now(struct guest *g)
{
	if (g->due)
		settle(g, false);
}

/* ---- ghosts -------------------------------------------------------------- */

/* Who left and is back is who the others still see. */
static void
lay_ghost(struct guest *g)
{
	struct guest *ghost;

	HASH_FIND_STR(g->room->ghosts, g->occupant_id, ghost);
	if (!ghost || g->shown)
		return;
	if (ghost->shown) {
		HASH_DELETE(hh_shown, g->room->by_shown, ghost);
		g->shown = ghost->shown;
		g->shown_as = ghost->shown_as;
		ghost->shown = NULL;
		HASH_ADD_KEYPTR(hh_shown, g->room->by_shown, g->shown,
				strlen(g->shown), g);
	}
	ghost_free(ghost);
}

static void
leave_ghost(struct guest *g)
{
	struct hosted *h = g->room;
	struct guest *ghost = xcalloc(1, sizeof(*ghost)), *old;

	HASH_FIND_STR(h->ghosts, g->occupant_id, old);
	if (old)
		ghost_free(old);
	ghost->room = h;
	ghost->rank = g->rank;
	memcpy(ghost->occupant_id, g->occupant_id, sizeof(g->occupant_id));
	HASH_ADD_STR(h->ghosts, occupant_id, ghost);
	HASH_DELETE(hh_shown, h->by_shown, g);
	ghost->shown = g->shown;
	ghost->shown_as = g->shown_as;
	ghost->parting = g->parting;
	g->shown = NULL;
	g->parting = NULL;
	HASH_ADD_KEYPTR(hh_shown, h->by_shown, ghost->shown,
			strlen(ghost->shown), ghost);
	enqueue(ghost);
}

void
guest_leaves_view(struct guest *g)
{
	if (g->due && g->parting && g->shown)
		leave_ghost(g);
	dequeue(g);
	if (g->shown)
		HASH_DELETE(hh_shown, g->room->by_shown, g);
	free(g->shown);
	g->shown = NULL;
	parting_free(g);
}

void
hosted_forget_shown(struct hosted *h)
{
	struct guest *g, *next;

	HASH_ITER(hh, h->ghosts, g, next)
	ghost_free(g);
	DL_FOREACH_SAFE2(h->x->due, g, next, due_behind)
	if (g->room == h)
		dequeue(g);
}

/* ---- to itself ----------------------------------------------------------- */

static void
tell_self(struct guest *g, const struct shown *how, const char *nick)
{
	xmpp_stanza_t *st;

	if (!g->clients)
		return;
	st = guest_presence(g, how, GUEST_SELF | guest_view(g));
	for (struct client *c = g->clients; c; c = c->next)
		if (c->in)
			client_post(c, st, nick);
	(void)xmpp_stanza_release(st);
}

void
guest_show(struct guest *g, const struct shown *how)
{
	lay_ghost(g);
	parting_free(g);
	if (how->gone)
		g->parting = parting_new(g, how);
	settle_in_turn(g);
	if (g->clients && !how->gone)
		make_way(g); /* else it would see itself go */
	tell_self(g, how, g->nick);
}

void
guest_rename(struct guest *g, const char *name, const char *asked)
{
	struct shown gone = { .gone = true, .codes = "303" };
	struct shown back = { .gone = false };
	char *old = xstrdup(g->nick);

	guest_set_nick(g, name);
	if (strcmp(old, g->nick) != 0) {
		gone.new_nick = g->nick;
		if (!asked || strcmp(asked, g->nick) != 0)
			back.self_codes = "210";
		settle_in_turn(g);
		if (g->clients)
			make_way(g);
		tell_self(g, &gone, old);
		tell_self(g, &back, g->nick);
	}
	free(old);
}
