/* SPDX-License-Identifier: MIT */
/*
 * listener.c - whether the listener is in a channel where users of a gateway
 * are, too, with connections of their own. See "Listeners" in protocol.h.
 *
 *               step_out(): others hear, and nothing was said by it for a while
 *          IN ------------------------------------------> OUT
 *           ^                                              |  step_in(): it has
 *           |  bridge_stepped_in()                         |  to say something,
 *           +---------------------- COMING <---------------+  or the last who
 *                                     |                       hears is to go
 *                                     +--> OUT, for a while: bridge_kept_out()
 *
 * Who wants to leave waits for it to be there; if it cannot come, nobody is
 * held. When the last who hears is cut off, the adapter loses the channel, and
 * it is entered again as ever: with what the network can tell, or a gap.
 */

#include "bridge/listener.h"

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/log.h"
#include "bridge/network.h"
#include "bridge/puppet.h"
#include "bridge/room.h"
#include "bridge/str.h"

#include <utlist.h>

#include <stdlib.h>

/* A server that has not answered by then is no reason to hold anybody. */
#define COMING_MS 20000
/* It could not come: not asked again for so long. */
#define KEPT_OUT_MS 30000
#define WHY_MAX 1024

static struct loop *
loop_of(const struct room *room)
{
	return room->bridge->loop;
}

static bool
is_shared(const struct room *room)
{
	return room->ch.kind == CHANNEL_ROOM && !room->ch.portal &&
	       room->ch.limits.listener_ms > 0;
}

static void
wake(void *arg)
{
	bridge_mark(arg);
}

/* Whoever waits for the listener need not wait any more. */
static void
settle(struct room *room, enum listener_state state, const char *why)
{
	struct listener *l = &room->listener;

	l->state = state;
	l->need_ms = loop_now_ms(loop_of(room));
	timer_stop(&l->timer);
	free(l->why);
	l->why = why ? xstrdup(why) : NULL;
	puppets_leaving(room);
	bridge_mark(room);
}

static void
keep_out(struct room *room, const char *why)
{
	settle(room, LISTENER_OUT, why);
	timer_start(&room->listener.timer, loop_of(room), KEPT_OUT_MS, wake,
		    room);
}

static void
come_too_late(void *arg)
{
	struct room *room = arg;

	log_warn(room->where, "the server does not let the listener in, nor "
			      "say why");
	keep_out(room, NULL);
}

static void
call_in(struct room *room)
{
	struct network *net = room->life->net;
	struct listener *l = &room->listener;

	if (l->state != LISTENER_OUT || timer_is_running(&l->timer))
		return;
	l->state = LISTENER_COMING;
	timer_start(&l->timer, loop_of(room), COMING_MS, come_too_late, room);
	net->protocol->ops.step_in(net, &room->ch);
}

/* It has begun to say something there, and that has no end yet. */
static bool
is_speaking(const struct room *room)
{
	const struct item *item;

	DL_FOREACH(room->outbox.items, item)
	if (item->state == ITEM_IN_FLIGHT && !item->d.speaker)
		return true;
	return false;
}

void
listener_work(struct room *room)
{
	struct network *net = room->life->net;
	struct listener *l = &room->listener;
	int64_t due = l->need_ms + room->ch.limits.listener_ms;
	int64_t now = loop_now_ms(loop_of(room));

	if (!is_shared(room) || l->state != LISTENER_IN || !l->hearers)
		return;
	if (due > now) {
		timer_start(&l->timer, loop_of(room), due - now, wake, room);
		return;
	}
	if (is_speaking(room))
		return; /* its end brings us back */
	timer_stop(&l->timer);
	l->state = LISTENER_OUT;
	log_trace(room->where, "the listener steps out; %u others hear",
		  l->hearers);
	net->protocol->ops.step_out(net, &room->ch);
}

bool
listener_speaks(struct room *room, const char **why)
{
	struct listener *l = &room->listener;

	*why = NULL;
	l->need_ms = loop_now_ms(loop_of(room));
	if (!is_shared(room) || l->state == LISTENER_IN)
		return true;
	if (l->state == LISTENER_OUT && timer_is_running(&l->timer))
		*why = l->why;
	call_in(room);
	return false;
}

bool
listener_lets_go(const struct occ *occ)
{
	struct room *room = occ->room;
	struct listener *l = &room->listener;

	if (!occ->hears || l->hearers > 1 || !is_shared(room) ||
	    l->state == LISTENER_IN || !room->ch.joined)
		return true;
	if (l->state == LISTENER_OUT && timer_is_running(&l->timer))
		return true;
	call_in(room);
	return false;
}

void
listener_heard_by(struct occ *occ, enum occupant_state state)
{
	struct listener *l = &occ->room->listener;
	bool hears = state == OCCUPANT_JOINED && occ->pup->p.account;

	if (hears && !occ->hears && l->hearers++ == 0)
		l->need_ms = loop_now_ms(loop_of(occ->room));
	if (!hears && occ->hears)
		l->hearers--;
	occ->hears = hears;
}

void
listener_entered(struct room *room)
{
	settle(room, LISTENER_IN, NULL);
}

void
listener_lost(struct room *room)
{
	timer_stop(&room->listener.timer);
	free(room->listener.why);
	room->listener.why = NULL;
	room->listener.state = LISTENER_IN; /* that is how it comes back */
}

/* ---- upcalls ----------------------------------------------------------- */

void
bridge_stepped_in(struct channel *ch)
{
	struct room *room = container_of(ch, struct room, ch);

	if (ch->joined)
		settle(room, LISTENER_IN, NULL);
}

void
bridge_kept_out(struct channel *ch, enum down_reason why, const char *text)
{
	struct room *room = container_of(ch, struct room, ch);
	AUTO_STR words = { 0 };

	if (!ch->joined)
		return;
	str_init(&words, WHY_MAX);
	str_printf(&words, "the bridge itself cannot be in the channel: %s",
		   text ? text : "no reason given");
	log_warn(room->where, "the listener is out: %s",
		 text ? text : "no reason given");
	keep_out(room, why == DOWN_REFUSED ? words.data : NULL);
}
