/* SPDX-License-Identifier: MIT */
/*
 * fold.c - long queues after long outages (DESIGN section 2).
 *
 * Whoever comes back after hours does not want to read it all, least of all
 * at the pace of an IRC server. When a channel is joined and its queue is
 * long, or old, all but the last messages are skipped, with what is about
 * them, and one line in their place says how many, from when to when, and
 * where they can be read. Private words are never skipped.
 *
 * It happens on disk, in one transaction; nothing is started meanwhile. What
 * is in memory then follows the disk.
 */

#include "mappings/fold.h"
#include "bridge/base.h"
#include "bridge/bounds.h"
#include "bridge/core.h"
#include "bridge/log.h"
#include "bridge/outbox.h"
#include "bridge/room.h"
#include "bridge/steady.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_MAX_BYTES 1024
/* A time of day that is older may be that of another day. */
#define SAME_DAY_MS (12 * 3600 * 1000)

struct fold {
	struct store_job job;
	struct bridge *bridge;
	int64_t channel;
	struct fold_rule rule;
	int64_t skipped;
};

static int
fold_run(struct db *db, struct store_job *job)
{
	struct fold *f = container_of(job, struct fold, job);

	return queue_fold(db, f->channel, &f->rule, &f->skipped);
}

static void
fold_drop(struct store_job *job)
{
	free(container_of(job, struct fold, job));
}

static void
folded(struct room *room, const struct fold *f)
{
	room->outbox.folding--;
	bridge_mark(room);
	outbox_reread(room);
	bounds_load(room);
	if (!f->skipped)
		return;
	room->outbox.skipped += f->skipped;
	room->away.skipped = f->skipped;
	log_info(room->where,
		 "back after a long time: %lld messages are skipped, the last "
		 "%lld are said",
		 (long long)f->skipped, (long long)f->rule.keep);
}

/* If it failed, everything is said. */
static void
fold_done(struct store_job *job, int status)
{
	struct fold *f = container_of(job, struct fold, job);
	struct room *room = bridge_room(f->bridge, f->channel);

	if (status < 0)
		f->skipped = 0;
	if (room)
		folded(room, f);
	fold_drop(job);
}

void
fold_begin(struct room *room)
{
	const struct conf *conf = room->bridge->conf;
	struct fold *f;

	/* Where nobody but the speakers can speak, nobody could say the line.
	 */
	if (room->ch.kind != CHANNEL_ROOM || !room->ch.conf ||
	    (!room->outbox.n && !room->outbox.more))
		return;
	f = xcalloc(1, sizeof(*f));
	f->job = (struct store_job){ .run = fold_run,
				     .done = fold_done,
				     .drop = fold_drop };
	f->bridge = room->bridge;
	f->channel = room->ch.id;
	f->rule.message = EVENT_MESSAGE;
	f->rule.topic = EVENT_TOPIC;
	f->rule.rows = conf->fold_rows;
	f->rule.keep = conf->fold_keep;
	f->rule.now_ms = loop_wall_ms(room->bridge->loop);
	if (conf->fold_after_s)
		f->rule.taken_by_ms = steady_ms(room->bridge) -
				      (int64_t)conf->fold_after_s * 1000;
	room->outbox.folding++;
	store_submit(room->bridge->store, &f->job);
}

/* ---- the line ---------------------------------------------------------- */

static void
add_time(struct str *out, int64_t when_ms, int64_t now_ms)
{
	time_t seconds = (time_t)(when_ms / 1000);
	bool today = now_ms - when_ms < SAME_DAY_MS;
	char text[40] = "?";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), today ? "%H:%M" : "%Y-%m-%d %H:%M",
			 &tm);
	str_add(out, text);
}

struct event *
fold_line(const struct item *item)
{
	struct bridge *bridge = item->room->bridge;
	const struct room *from = bridge_room(bridge, item->source->channel);
	struct event *ev = event_make(EVENT_MESSAGE);
	int64_t now_ms = loop_wall_ms(bridge->loop);
	AUTO_STR text = { 0 };

	str_init(&text, LINE_MAX_BYTES);
	str_printf(&text, "%lld message%s skipped here, said from ",
		   (long long)item->stands_for,
		   item->stands_for == 1 ? " was" : "s were");
	add_time(&text, item->stands_from_ms, now_ms);
	str_add(&text, " to ");
	add_time(&text, item->source->when_ms, now_ms);
	str_add(&text, " UTC; ");
	if (from)
		str_printf(&text, "they can be read in %s, and ", from->where);
	str_add(&text, "the bridge's archive has them");
	ev->channel = item->source->channel;
	ev->when_ms = now_ms;
	ev->flags = EVENT_NOTICE | EVENT_RELAYED;
	event_set_sender(ev, "causeway", "causeway");
	event_set_text(ev, text.data);
	return ev;
}
