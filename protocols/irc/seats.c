/* SPDX-License-Identifier: MIT */
/*
 * seats.c - where a puppet is, or is to be.
 *
 * A seat is taken for an occupant, entered as soon as the puppet's connection
 * is up, and lost when the server refuses it or throws the puppet out: then
 * the bridge is told why. A seat without an occupant is one that the bridge
 * may ask for again, as long as the puppet lingers (puppets.c).
 */

#include "protocols/irc/seat.h"

#include "bridge/base.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "protocols/irc/channel.h"
#include "protocols/irc/portal.h"
#include "protocols/irc/puppet.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 1024

/* ---- finding, taking, freeing -------------------------------------- */

struct seat *
irc_seat_in(struct irc_puppet *p, const char *channel)
{
	char folded[512];

	irc_fold(p->irc->isupport.casemapping, channel, folded, sizeof(folded));
	for (struct seat *seat = p->seats; seat; seat = seat->next)
		if (seat->channel && !strcmp(seat->channel, folded))
			return seat;
	return NULL;
}

struct seat *
irc_seat_of(struct irc_puppet *p, const struct occupant *o)
{
	struct seat *seat = p->seats;

	while (seat && seat->occupant != o)
		seat = seat->next;
	return seat;
}

bool
irc_seats_full(const struct irc_puppet *p)
{
	unsigned limit = p->irc->conf->users.channels, n = 0;

	for (const struct seat *seat = p->seats; seat; seat = seat->next)
		n += seat->channel && seat->occupant;
	return limit && n >= limit;
}

struct seat *
irc_seat_take(struct irc_puppet *p, struct occupant *o)
{
	bool direct = o->channel->kind == CHANNEL_DIRECT;
	struct seat *seat = direct ? NULL : irc_seat_in(p, o->channel->name);

	if (!seat) {
		seat = xcalloc(1, sizeof(*seat));
		seat->channel =
			direct ? NULL : irc_folded(p->irc, o->channel->name);
		seat->puppet = p;
		seat->next = p->seats;
		p->seats = seat;
	}
	seat->occupant = o;
	seat->portal = p->account ? irc_portal_of(o->channel) : NULL;
	return seat;
}

void
irc_seat_free(struct irc_puppet *p, struct seat *seat)
{
	struct seat **at = &p->seats;

	while (*at != seat)
		at = &(*at)->next;
	*at = seat->next;
	if (seat->portal)
		irc_portal_quitted(seat);
	free(seat->channel);
	free(seat);
}

bool
irc_seats_forsake(struct irc_puppet *p, const struct channel *ch)
{
	bool any = false;

	for (struct seat *seat = p->seats; seat; seat = seat->next) {
		if (!seat->occupant || seat->occupant->channel != ch)
			continue;
		seat->occupant = NULL;
		any = true;
	}
	return any;
}

/* ---- getting in ---------------------------------------------------- */

void
irc_seat_told(struct seat *seat)
{
	struct irc_puppet *p = seat->puppet;
	AUTO_STR name = { 0 };

	str_init(&name, WORDS_MAX);
	if (!seat->occupant || seat->occupant->state != OCCUPANT_JOINING)
		return;
	if (p->account)
		seat->occupant->rank = irc_rank_of(p->irc, seat->prefixes);
	bridge_puppet_joined(seat->occupant,
			     irc_words(p->irc, &name, p->session.nick));
}

static void
seat_taken(struct seat *seat)
{
	seat->state = SEAT_JOINED;
	if (!seat->portal || irc_portal_entered(seat))
		irc_seat_told(seat);
}

/* What it takes to get in; NULL: nothing. */
static const char *
key_of(const struct irc_puppet *p, const struct occupant *o)
{
	return o->password && *o->password ? o->password
					   : irc_key_of(p->irc, o->channel);
}

static bool
is_key(const char *key)
{
	for (; *key; key++)
		if ((unsigned char)*key <= ' ' || *key == ',')
			return false;
	return true;
}

void
irc_seat_enter(struct irc_puppet *p, struct seat *seat)
{
	const char *name, *key;

	if (!seat->channel || seat->state == SEAT_JOINED) {
		seat_taken(seat);
		return;
	}
	if (!seat->occupant || seat->state == SEAT_JOINING)
		return;
	name = seat->occupant->channel->name;
	key = key_of(p, seat->occupant);
	seat->state = SEAT_JOINING;
	if (key ? is_key(key) &&
			    session_send(&p->session, "JOIN", name, key, NULL)
		: session_send(&p->session, "JOIN", name, NULL))
		return;
	irc_seat_lost(p, seat,
		      &(struct loss){ DOWN_REFUSED,
				      key ? REFUSAL_PASSWORD
					  : REFUSAL_NO_CHANNEL,
				      key ? "no channel has such a key"
					  : "too much is waiting to be sent" });
}

void
irc_seats_enter(struct irc_puppet *p)
{
	for (struct seat *seat = p->seats, *next; seat; seat = next) {
		next = seat->next;
		irc_seat_enter(p, seat);
	}
}

void
irc_seat_entered(struct irc_puppet *p, const struct irc_line *line)
{
	struct seat *seat = irc_seat_in(p, irc_line_param(line, 0));

	if (seat)
		seat_taken(seat);
	else /* sent elsewhere: not what anybody asked for */
		session_send(&p->session, "PART", irc_line_param(line, 0),
			     NULL);
}

void
irc_own_modes(const struct irc_channel *c, const char *nick, unsigned prefixes,
	      unsigned mask)
{
	struct irc *irc = c->view->irc;
	struct irc_puppet *p = irc_puppet_find(irc, nick);
	struct seat *seat = p ? irc_seat_in(p, c->channel->name) : NULL;
	struct occupant *o = seat && p->account ? seat->occupant : NULL;

	if (!seat || seat->state != SEAT_JOINED)
		return;
	seat->prefixes = (seat->prefixes & ~mask) | prefixes;
	if (!o || o->state != OCCUPANT_JOINED ||
	    o->rank == irc_rank_of(irc, seat->prefixes))
		return;
	o->rank = irc_rank_of(irc, seat->prefixes);
	bridge_puppet_ranked(o);
}

/* ---- getting out --------------------------------------------------- */

void
irc_seat_lost(struct irc_puppet *p, struct seat *seat, const struct loss *loss)
{
	struct occupant *o = seat->occupant;

	irc_seat_free(p, seat);
	if (o) {
		o->refusal = loss->refusal;
		bridge_puppet_left(o, loss->why, loss->text);
	}
	irc_puppet_unseated(p);
}

void
irc_seats_lost(struct irc_puppet *p, const struct loss *loss)
{
	for (struct seat *seat = p->seats, *next; seat; seat = next) {
		next = seat->next;
		/* Who is still on the way in stays so; who waits in person
		 * is told. */
		if (loss->why != DOWN_REFUSED && !p->account &&
		    seat->state != SEAT_JOINED && seat->occupant &&
		    seat->occupant->state == OCCUPANT_JOINING)
			seat->state = SEAT_WAITING;
		else
			irc_seat_lost(p, seat, loss);
	}
}

void
irc_seat_removed(struct irc_puppet *p, const struct irc_line *line,
		 const char *verb, const char *reason)
{
	struct seat *seat = irc_seat_in(p, irc_line_param(line, 0));
	bool kicked = !strcmp(verb, "kicked");
	AUTO_STR text = { 0 }, by = { 0 }, words = { 0 };

	str_init(&text, WORDS_MAX);
	str_init(&by, WORDS_MAX);
	str_init(&words, WORDS_MAX);
	if (!seat || seat->state != SEAT_JOINED)
		return;
	str_printf(&text, "%s by %s: %s", verb,
		   irc_words(p->irc, &by, line->nick ? line->nick : "?"),
		   irc_words(p->irc, &words, reason));
	/* Whoever was shown the door does not come back by itself. */
	irc_seat_lost(p, seat,
		      &(struct loss){ kicked ? DOWN_REFUSED : DOWN_LOST,
				      kicked ? REFUSAL_KICKED : REFUSAL_OTHER,
				      text.data });
}

void
irc_seat_leave(struct irc_puppet *p, struct seat *seat, const char *words)
{
	if (seat->channel && seat->state != SEAT_WAITING &&
	    p->session.state == SESSION_UP)
		session_send(&p->session, "PART", seat->channel, words, NULL);
	irc_seat_free(p, seat);
}
