/* SPDX-License-Identifier: MIT */
/*
 * away.c - those who write to a room that is away are told, once; and once
 * more when it is back.
 *
 * Not when it is lost: only when something has waited for it for some time.
 * And not when it is joined: only when something has arrived there, so that a
 * server which comes and goes does not make us talk. What is told is kept and
 * delivered as everything else is. Who was told is on disk, so that a restart
 * does not tell it again, and ends it; only a crash in the moment between the
 * two may tell it once more.
 */

#include "bridge/away.h"

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/intake.h"
#include "bridge/network.h"
#include "bridge/room.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "mappings/fold.h"

#include <stdlib.h>

#define LINE_MAX_BYTES 1024
/* One that cannot be told now is looked at again. */
#define AGAIN_MS 10000

static int64_t
now_ms(const struct room *room)
{
	return loop_now_ms(room->bridge->loop);
}

static int64_t
patience_ms(const struct room *room)
{
	return (int64_t)room->bridge->conf->away_after_s * 1000;
}

/* ---- on disk ----------------------------------------------------------- */

struct telling {
	struct store_job job;
	int64_t channel, told; /* told 0: it is over */
};

static int
telling_run(struct db *db, struct store_job *job)
{
	const struct telling *t = container_of(job, struct telling, job);

	return t->told ? away_put(db, t->channel, t->told)
		       : away_over(db, t->channel);
}

static void
telling_drop(struct store_job *job)
{
	free(container_of(job, struct telling, job));
}

/* Without it the next run tells it once more. */
static void
telling_done(struct store_job *job, int status UNUSED)
{
	telling_drop(job);
}

static void
keep(const struct room *room, int64_t told)
{
	struct telling *t = xcalloc(1, sizeof(*t));

	t->job = (struct store_job){ .run = telling_run,
				     .done = telling_done,
				     .drop = telling_drop };
	t->channel = room->ch.id;
	t->told = told;
	store_submit(room->bridge->store, &t->job);
}

/* ---- saying ------------------------------------------------------------ */

/* Of no use to those who are away themselves. */
static bool
can_hear(const struct room *room)
{
	return room && room->ch.conf && room->ch.joined;
}

static void
say_away(struct room *room, struct room *to)
{
	AUTO_STR text = { 0 };

	str_init(&text, LINE_MAX_BYTES);
	str_printf(&text, "%s on %s is away; your messages are kept for it",
		   room->ch.name, room->life->name);
	intake_say(room, to, text.data);
}

static void
say_back(struct room *room, struct room *to)
{
	AUTO_STR text = { 0 };

	str_init(&text, LINE_MAX_BYTES);
	str_printf(&text, "%s on %s is back; ", room->ch.name,
		   room->life->name);
	if (room->away.skipped)
		str_printf(&text,
			   "of the messages that were kept the last %u are "
			   "shown there, %lld older ones are not",
			   room->bridge->conf->fold_keep,
			   (long long)room->away.skipped);
	else
		str_add(&text, "your messages are being delivered");
	intake_say(room, to, text.data);
}

/* ---- who waits --------------------------------------------------------- */

static void
tell_those_who_wait(void *arg)
{
	struct room *room = arg;
	struct away *away = &room->away;
	int64_t next = -1;

	if (!room->outbox.n && !room->outbox.more)
		return; /* it all expired */
	for (size_t i = 0; i < away->n; i++) {
		struct waiter *w = &away->list[i];
		struct room *to = bridge_room(room->bridge, w->channel);
		int64_t left = w->since_ms + patience_ms(room) - now_ms(room);

		if (w->told || !to || !to->ch.conf)
			continue;
		if (left <= 0 && can_hear(to)) {
			say_away(room, to);
			keep(room, w->channel);
			w->told = true;
			continue;
		}
		left = left > 0 ? left : AGAIN_MS;
		next = next < 0 || left < next ? left : next;
	}
	if (next >= 0)
		timer_start(&away->timer, room->bridge->loop, next,
			    tell_those_who_wait, room);
}

static struct waiter *
find(const struct away *away, int64_t channel)
{
	for (size_t i = 0; i < away->n; i++)
		if (away->list[i].channel == channel)
			return &away->list[i];
	return NULL;
}

static struct waiter *
add(struct away *away, int64_t channel)
{
	struct waiter *w;

	away->list = xrealloc(away->list, (away->n + 1) * sizeof(*away->list));
	w = &away->list[away->n++];
	*w = (struct waiter){ .channel = channel };
	return w;
}

static void
waits(struct room *room, int64_t channel)
{
	struct away *away = &room->away;

	if (room->ch.kind != CHANNEL_ROOM || !room->ch.conf ||
	    !patience_ms(room) || find(away, channel))
		return;
	add(away, channel)->since_ms = now_ms(room);
	if (!timer_is_running(&away->timer))
		timer_start(&away->timer, room->bridge->loop, patience_ms(room),
			    tell_those_who_wait, room);
}

void
away_waits(struct room *room, const struct event *source)
{
	if (!event_is_own(source))
		waits(room, source->channel);
}

void
away_joined(struct room *room)
{
	timer_stop(&room->away.timer);
}

void
away_ended(struct room *room)
{
	struct away *away = &room->away;
	bool told = false;

	if (!away->n)
		return;
	for (size_t i = 0; i < away->n; i++) {
		const struct waiter *w = &away->list[i];
		struct room *to = bridge_room(room->bridge, w->channel);

		/* Who was told hears it in any case, if it has to wait. */
		told |= w->told;
		if (to && to->ch.conf &&
		    (w->told || (away->skipped && to->ch.joined)))
			say_back(room, to);
	}
	if (told)
		keep(room, 0);
	away->skipped = 0;
	away->n = 0;
}

static void
take_told(void *arg, int64_t told)
{
	add(arg, told)->told = true;
}

static void
take_waiting(void *arg, int64_t from)
{
	waits(arg, from);
}

void
away_load(struct room *room)
{
	struct db *db = store_reader(room->bridge->store);

	if (room->ch.kind != CHANNEL_ROOM || !room->ch.conf)
		return;
	away_each(db, room->ch.id, take_told, &room->away);
	away_waiting(db, room->ch.id, OWN_SENDER, take_waiting, room);
}

void
away_free(struct room *room)
{
	timer_stop(&room->away.timer);
	free(room->away.list);
	room->away.list = NULL;
	room->away.n = 0;
}
