/* SPDX-License-Identifier: MIT */
/*
 * moment.c - what is of the moment: who is writing, and how far somebody has
 * read.
 *
 * Of each person in each room only the latest counts. It is held here, beside
 * the person's occupant, and told by it when its time has come: at a pace for
 * each person, and for all of a network together, so that a crowd that reads
 * does not stand in the way of what is said. It is in no queue and on no disk;
 * a restart forgets it.
 *
 * Somebody has read up to a message. What they name need not be one that is
 * shown elsewhere (a change of the topic, a mark), so the newest that is, and
 * that was said before it, is looked up, by the ids on disk.
 */

#include "bridge/moment.h"

#include "bridge/archive.h"
#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/link.h"
#include "bridge/network.h"
#include "bridge/puppet.h"
#include "bridge/room.h"
#include "bridge/standby.h"
#include "bridge/store.h"
#include "conf/conf.h"
#include "mappings/channels.h"
#include "mappings/messages.h"

#include <stdlib.h>
#include <string.h>

/* So long it is awaited that somebody reads on, and that the message that they
 * have read is on disk under its id. */
#define READ_WAIT_MS 300
#define READ_EVERY_MS 5000 /* of one person in one room */
#define READ_GAP_MS 25     /* of one network, whoever it is */
#define TYPING_EVERY_MS 1000
/* In rooms that no operator has linked: beyond that it is only noise. */
#define TYPING_CROWD 20
#define ID_MAX 1025

struct moment {
	struct occ *occ;

	bool typing, shown; /* as we heard, and as we told */
	int64_t heard_ms, shown_ms;
	struct timer typing_timer;

	int64_t from;   /* channel where they read */
	char *target;   /* what, if it is not known; in the ids of from */
	int64_t number; /* or known: the event's */
	int64_t asked;  /* the newest that was ever given */
	int64_t told;   /* the newest that was told */
	int64_t told_ms;
	char *read; /* occupant.read is the same */
	struct timer read_timer;
};

static struct loop *
loop_of(const struct moment *m)
{
	return m->occ->room->bridge->loop;
}

static int64_t
now_ms(const struct moment *m)
{
	return loop_now_ms(loop_of(m));
}

static struct moment *
moment_of(struct occ *occ)
{
	if (!occ->moment) {
		occ->moment = xcalloc(1, sizeof(*occ->moment));
		occ->moment->occ = occ;
	}
	return occ->moment;
}

void
moment_free(struct moment *m)
{
	if (!m)
		return;
	timer_stop(&m->typing_timer);
	timer_stop(&m->read_timer);
	m->occ->o.read = NULL;
	free(m->target);
	free(m->read);
	free(m);
}

/* ---- who is writing ---------------------------------------------------- */

static int64_t
lasts_ms(const struct moment *m)
{
	return m->occ->pup->home->net->limits.typing_lasts_ms;
}

static int64_t
again_ms(const struct moment *m)
{
	return m->occ->room->ch.limits.typing_again_ms;
}

/* When the next thing is to be done; 0: never. */
static int64_t
typing_next_ms(const struct moment *m)
{
	int64_t next = 0;

	if (m->typing != m->shown)
		return m->shown_ms + TYPING_EVERY_MS;
	if (m->typing && lasts_ms(m))
		next = m->heard_ms + lasts_ms(m);
	if (m->typing && again_ms(m) &&
	    (!next || m->shown_ms + again_ms(m) < next))
		next = m->shown_ms + again_ms(m);
	return next;
}

static void
typing_work(void *arg)
{
	struct moment *m = arg;
	int64_t now = now_ms(m), next;
	bool again =
		m->shown && again_ms(m) && now >= m->shown_ms + again_ms(m);

	if (m->typing && lasts_ms(m) && now >= m->heard_ms + lasts_ms(m))
		m->typing = false;
	if ((m->typing != m->shown || again) &&
	    (!m->shown_ms || now >= m->shown_ms + TYPING_EVERY_MS)) {
		m->shown = m->typing;
		m->shown_ms = now;
		m->occ->o.typing = m->shown;
		puppet_tell(m->occ, PUPPET_TYPING);
	}
	next = typing_next_ms(m);
	timer_stop(&m->typing_timer);
	if (next)
		timer_start(&m->typing_timer, loop_of(m),
			    next > now ? next - now : 1, typing_work, m);
}

void
moment_said(struct moment *m)
{
	if (!m || !m->typing)
		return;
	m->typing = false;
	typing_work(m);
}

static void
note_typing(struct occ *occ, const struct event *ev)
{
	bool typing = !(ev->flags & EVENT_REMOVED);
	struct moment *m;

	if (!(occ->room->ch.caps & CAN_TYPING) || (!typing && !occ->moment))
		return;
	m = moment_of(occ);
	m->typing = typing;
	m->heard_ms = now_ms(m);
	typing_work(m);
}

/* ---- how far somebody has read ----------------------------------------- */

static void
take_number(struct moment *m, int64_t number)
{
	if (number > m->asked)
		m->asked = m->number = number;
}

/* The id there of what is to be told; NULL: nothing is. The caller's. */
static char *
find_read(struct moment *m)
{
	struct room *room = m->occ->room;
	struct db *db = store_reader(room->bridge->store);
	struct read_mark what = {
		.from = m->from,
		.to = room->ch.id,
		.sender_id = m->occ->pup->sender.id,
		.kind = EVENT_MESSAGE,
	};
	int64_t event;

	if (m->target)
		take_number(m, archive_find(room->bridge, m->from, m->target));
	free(m->target);
	m->target = NULL;
	what.event = m->number;
	m->number = 0;
	event = what.event ? event_read(db, &what) : 0;
	if (event <= m->told)
		return NULL;
	m->told = event;
	return archive_first_id(db, event, room->ch.id);
}

static void
read_work(void *arg)
{
	struct moment *m = arg;
	char *id = find_read(m);

	if (!id)
		return;
	free(m->read);
	m->read = id;
	m->occ->o.read = id;
	m->told_ms = now_ms(m);
	puppet_tell(m->occ, PUPPET_READ);
}

/* In its turn. */
static void
read_later(struct moment *m)
{
	struct netlife *life = m->occ->room->life;
	int64_t now = now_ms(m);
	int64_t at = now + READ_WAIT_MS;

	if (timer_is_running(&m->read_timer))
		return;
	if (m->told_ms && at < m->told_ms + READ_EVERY_MS)
		at = m->told_ms + READ_EVERY_MS;
	if (at < life->receipt_ms)
		at = life->receipt_ms;
	life->receipt_ms = at + READ_GAP_MS;
	timer_start(&m->read_timer, loop_of(m), at - now, read_work, m);
}

static void
note_read(struct occ *occ, int64_t from, const struct event *ev)
{
	int64_t number;
	struct moment *m;

	if (!(occ->room->ch.caps & CAN_RECEIPT))
		return;
	m = moment_of(occ);
	number = archive_find(occ->room->bridge, from, ev->target);
	if (number && number <= m->asked)
		return; /* nobody reads backwards */
	take_number(m, number);
	m->from = from;
	free(m->target);
	m->target = number ? NULL : xstrdup(ev->target);
	read_later(m);
}

/* ---- what adapters raise ----------------------------------------------- */

/* from: where it happened. */
static void
note(struct occ *occ, int64_t from, const struct event *ev)
{
	if (ev->kind == EVENT_TYPING)
		note_typing(occ, ev);
	else
		note_read(occ, from, ev);
}

/* By the configuration of who does it. */
static bool
may_be_told(const struct netlife *home, const struct event *ev,
	    enum conf_receipts least)
{
	return ev->kind == EVENT_TYPING ||
	       (ev->kind == EVENT_RECEIPT && home->conf->receipts >= least);
}

static bool
is_crowded(const struct room *room, const struct event *ev)
{
	return ev->kind == EVENT_TYPING && !room->link->conf &&
	       HASH_COUNT(room->occs) > TYPING_CROWD;
}

void
moment_event(struct room *room, const struct event *ev)
{
	struct link *link = room->link;

	if (!may_be_told(room->life, ev, CONF_RECEIPTS_ALL))
		return;
	for (size_t i = 0; link && i < link->n_rooms; i++) {
		struct room *to = link->rooms[i];
		struct occ *occ;

		if (!route_allows(&room->place, &to->place, ev->kind) ||
		    standby_covers(room, to) || is_crowded(to, ev))
			continue;
		occ = puppet_speaker(to, room->life, ev->sender.id);
		if (occ)
			note(occ, room->ch.id, ev);
	}
}

/* Of those who have ever spoken across the bridge; 0: that one has not. */
static int64_t
direct_channel(struct netlife *life, const char *sender_id)
{
	struct room *room = room_direct(life, sender_id);
	int64_t id = 0;

	if (room)
		return room->ch.id;
	(void)channel_find(store_reader(life->bridge->store), life->net->id,
			   CHANNEL_DIRECT, sender_id, &id);
	return id;
}

static bool
is_blocked(struct netlife *life, struct netlife *to, const struct event *ev)
{
	const struct sender person = { .id = ev->to.id };

	return bridge_blocks(to->net, ev->to.id, life->name, &ev->sender) ||
	       bridge_blocks(life->net, ev->sender.id, to->name, &person);
}

void
moment_direct(struct netlife *life, const struct event *ev)
{
	struct netlife *to = bridge_net(life->bridge, ev->to.network);
	int64_t from, there;
	char id[ID_MAX];
	struct occ *occ;
	struct room *room;

	if (!to || to == life || !(to->net->caps & CAN_DIRECT) ||
	    !may_be_told(life, ev, CONF_RECEIPTS_DIRECT) ||
	    is_blocked(life, to, ev) ||
	    !to->net->protocol->ops.resolve(to->net, ev->to.id, id, sizeof(id)))
		return;
	from = direct_channel(life, ev->sender.id);
	there = direct_channel(to, id);
	if (!from || !there)
		return;
	room = room_direct_open(to, id, there);
	occ = puppet_speaker(room, life, ev->sender.id);
	if (!occ)
		occ = puppet_attend(room, life, ev);
	if (occ)
		note(occ, from, ev);
}
