/* SPDX-License-Identifier: MIT */
/*
 * outbox.c - when to say what.
 *
 * Each room has a queue of its own, so that a dead room delays no other. It
 * is first in, first out: a line that has to wait - for its speaker, for the
 * message that it refers to, for a server that asked for patience - holds up
 * what comes after it in its room and nothing else. Up to a window of lines
 * may be on the wire and unsettled at a time; they are always the first of
 * the queue.
 *
 * The queue in memory is the beginning of the one on disk. What does not fit
 * stays there only (more), and is read when there is room. A row leaves the
 * disk's queue by its ending (ending.c) and by nothing else.
 */

#include "bridge/outbox.h"

#include "bridge/about.h"
#include "bridge/archive.h"
#include "bridge/away.h"
#include "bridge/backoff.h"
#include "bridge/base.h"
#include "bridge/bounce.h"
#include "bridge/bounds.h"
#include "bridge/core.h"
#include "bridge/ending.h"
#include "bridge/fallback.h"
#include "bridge/intake.h"
#include "bridge/keep.h"
#include "bridge/listener.h"
#include "bridge/log.h"
#include "bridge/member.h"
#include "bridge/moment.h"
#include "bridge/network.h"
#include "bridge/origin.h"
#include "bridge/puppet.h"
#include "bridge/room.h"
#include "bridge/standby.h"
#include "bridge/steady.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "mappings/queue.h"

#include <utlist.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A private word has nobody else to be said by: it waits longer. */
#define DIRECT_WAIT_MS 60000
/* For those who speak from where we have not been since the start. */
#define EARLY_WAIT_MS 15000
/* What waited for longer tells when it was said. */
#define LATE_MS (2 * 60 * 1000)

static struct loop *
loop_of(const struct room *room)
{
	return room->bridge->loop;
}

/* ---- items ------------------------------------------------------------- */

static void
release_speaker(struct item *item)
{
	struct occ *occ = item->speaker;

	if (!occ)
		return;
	item->speaker = NULL;
	puppet_unqueued(occ);
}

/* Nobody else may say it: in private, and what a gateway's user says. */
static bool
speaks_alone(const struct item *item)
{
	return item->room->ch.kind == CHANNEL_DIRECT ||
	       ((item->source->flags & EVENT_GATEWAY) &&
		(item->room->life->net->caps & CAN_ACCOUNT));
}

static void
take_speaker(struct item *item)
{
	const struct event *ev = item->source;
	struct occ *occ;

	if (item->speaker || !item->home)
		return;
	occ = puppet_speaker(item->room, item->home, ev->sender.id);
	if (!occ && speaks_alone(item))
		occ = puppet_direct(item->room, item->home, ev);
	if (!occ)
		return;
	item->speaker = occ;
	puppet_queued(occ);
}

static void
item_clear_rendering(struct item *item)
{
	if (item->d.event)
		event_unref((struct event *)(uintptr_t)item->d.event);
	item->d.event = NULL;
	free(item->target);
	free(item->parent);
	free(item->origin);
	item->target = NULL;
	item->parent = NULL;
	item->origin = NULL;
}

static void
item_free(struct item *item)
{
	struct outbox *box = &item->room->outbox;

	if (item->state == ITEM_IN_FLIGHT)
		box->in_flight--;
	if (box->fresh == item)
		box->fresh = item->next;
	DL_DELETE(box->items, item);
	box->n--;
	release_speaker(item);
	item_clear_rendering(item);
	event_unref(item->source);
	network_unuse(item->home);
	free(item);
}

/* The same at every try; what was never kept has only one. */
static void
name_item(struct item *item, struct room *room)
{
	if (item->event)
		snprintf(item->id, sizeof(item->id), "%s%llx-%llx",
			 room->bridge->prefix, (unsigned long long)item->event,
			 (unsigned long long)room->ch.id);
	else
		snprintf(item->id, sizeof(item->id), "%sx%llx",
			 room->bridge->prefix,
			 (unsigned long long)loop_random(loop_of(room)));
	item->d.id = item->id;
}

static bool
was_seen(const struct outbox *box, int64_t event)
{
	for (size_t i = 0; i < OUTBOX_SEEN; i++)
		if (box->seen[i] == event)
			return true;
	return false;
}

static void
item_add(struct room *room, struct event *source, int64_t event,
	 struct netlife *home)
{
	struct outbox *box = &room->outbox;
	struct item *item = xcalloc(1, sizeof(*item));

	item->room = room;
	item->source = event_ref(source);
	item->event = event;
	item->home = network_use(home);
	item->since_ms = -1;
	item->d.channel = &room->ch;
	item->steady_ms = steady_ms(room->bridge);
	item->queued_ms = loop_now_ms(loop_of(room));
	item->seen = event && was_seen(box, event);
	name_item(item, room);
	DL_APPEND(box->items, item);
	box->n++;
	if (!box->fresh)
		box->fresh = item;
	if (event > box->last_event)
		box->last_event = event;
	if (event)
		take_speaker(item);
	if (event && !room->ch.joined)
		away_waits(room, source);
	bridge_mark(room);
}

void
outbox_push(struct room *room, struct event *source, int64_t event,
	    struct netlife *home)
{
	struct outbox *box = &room->outbox;

	if (!event) { /* of use only now */
		if (room->ch.joined && box->n < OUTBOX_MEMORY_MAX)
			item_add(room, source, 0, home);
		return;
	}
	/* Read from disk already, by a refill that ran after the commit. */
	if (event <= box->last_event)
		return;
	if (box->more || box->n >= OUTBOX_MEMORY_MAX) {
		if (!room->ch.joined)
			away_waits(room, source);
		box->more = true;
		bridge_mark(room);
		return;
	}
	item_add(room, source, event, home);
}

static void
settle(struct item *item, enum delivery_state state, const char *const *ids,
       size_t n, const char *why)
{
	struct room *room = item->room;

	ending_put(item, state, ids, n, why);
	room->outbox.refused += ending_is_owed(item, state);
	if (item->event)
		bounds_left(room, keeping_size(item->source));
	if (item->event && state == DELIVERY_CONFIRMED)
		away_ended(room);
	room->outbox.failures = 0;
	item_free(item);
	bridge_mark(room);
}

/* Another bridge said it there. */
static void
left_to_others(struct item *item, const char *id)
{
	item->room->bridge->fences.left++;
	settle(item, DELIVERY_CONFIRMED, &id, id ? 1 : 0,
	       "said by another bridge");
}

static void
refuse(struct item *item, enum delivery_state state, const char *why)
{
	why = why ? why : "no reason was given";
	log_info(item->room->where, "delivery %lld refused: %s",
		 (long long)item->event, why);
	if (ending_is_owed(item, state))
		bridge_owe(item->room, item->home, item->source, item->event,
			   why);
	about_refused(item->room, item->source, why);
	settle(item, state, NULL, 0, why);
}

/* ---- from disk --------------------------------------------------------- */

struct open_row {
	int64_t event, stands_for, stands_from_ms;
};

struct refill {
	struct room *room;
	struct open_row rows[OUTBOX_MEMORY_MAX];
	size_t n;
};

static void
refill_row(void *arg, const struct delivery_row *row)
{
	struct refill *r = arg;

	if (r->n < OUTBOX_MEMORY_MAX)
		r->rows[r->n++] = (struct open_row){
			.event = row->event,
			.stands_for = row->stands_for,
			.stands_from_ms = row->stands_from_ms,
		};
}

static void
stand_for(struct item *item, const struct open_row *row)
{
	item->stands_for = row->stands_for;
	item->stands_from_ms = row->stands_from_ms;
}

static void
refill_item(struct room *room, const struct open_row *row)
{
	struct db *db = store_reader(room->bridge->store);
	int64_t taken_ms;
	AUTO(event) ev = archive_load(db, row->event, &taken_ms);
	char *home;

	if (!ev) {
		log_bug(room->where, "event %lld has a delivery but no row",
			(long long)row->event);
		return;
	}
	home = archive_network(db, ev->channel);
	item_add(room, ev, row->event,
		 home ? bridge_net(room->bridge, home) : NULL);
	room->outbox.items->prev->steady_ms = taken_ms;
	stand_for(room->outbox.items->prev, row);
	free(home);
}

static void
refill(struct room *room)
{
	struct outbox *box = &room->outbox;
	struct refill r = { .room = room };
	size_t room_for = OUTBOX_MEMORY_MAX - box->n;

	if (!box->more || box->n > OUTBOX_MEMORY_MAX / 2)
		return;
	if (delivery_next(store_reader(room->bridge->store), room->ch.id,
			  box->last_event, (unsigned)room_for, refill_row,
			  &r) < 0) {
		log_error(room->where, "the queue on disk cannot be read");
		return;
	}
	box->more = r.n == room_for;
	for (size_t i = 0; i < r.n; i++)
		refill_item(room, &r.rows[i]);
}

static const struct open_row *
row_of(const struct refill *r, int64_t event)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->rows[i].event == event)
			return &r->rows[i];
	return NULL;
}

/*
 * What is in memory stands on disk among the first, but for those that ended
 * while no end could be written: these are there, too, and may be so many that
 * the newest in memory are not reached. Of them nothing was changed.
 */
static bool
was_reached(const struct refill *r, const struct item *item)
{
	return r->n < OUTBOX_MEMORY_MAX ||
	       item->event <= r->rows[r->n - 1].event;
}

void
outbox_reread(struct room *room)
{
	struct outbox *box = &room->outbox;
	struct refill r = { .room = room };
	struct item *item, *tmp;

	if (delivery_next(store_reader(room->bridge->store), room->ch.id, 0,
			  OUTBOX_MEMORY_MAX, refill_row, &r) < 0)
		return; /* it is only said although it was skipped */
	DL_FOREACH_SAFE(box->items, item, tmp)
	{
		const struct open_row *row = row_of(&r, item->event);

		if (!item->event || item->state == ITEM_IN_FLIGHT)
			continue;
		if (row)
			stand_for(item, row);
		else if (was_reached(&r, item))
			item_free(item);
	}
}

/* ---- sending ----------------------------------------------------------- */

enum voice {
	VOICE_OWN,   /* the speaker's puppet */
	VOICE_RELAY, /* the listener, for the speaker */
	VOICE_WAIT,  /* the puppet is on its way */
	VOICE_NONE,  /* its speaker alone could say it, and cannot */
};

static int64_t
patience_ms(const struct item *item)
{
	if (item->early)
		return EARLY_WAIT_MS;
	if (speaks_alone(item))
		return DIRECT_WAIT_MS;
	return item->room->ch.limits.puppet_wait_ms;
}

/* Not somebody who was to leave before having come. */
static bool
is_coming(const struct occ *occ)
{
	if (!occ || occ->o.state == OCCUPANT_REFUSED)
		return false;
	if (occ->o.state == OCCUPANT_JOINING)
		return true;
	return occ->wanted && !timer_is_running(&occ->retry);
}

/* Alone: all may change, even a place be freed, but a refusal. */
static bool
may_still_speak(const struct item *item)
{
	if (item->speaker)
		return item->speaker->o.state != OCCUPANT_REFUSED;
	return item->home && (item->room->life->net->caps & CAN_DIRECT);
}

/*
 * Where it was said has not been entered since we started: its author will be
 * known to be there, and have a puppet, as soon as it is.
 */
static bool
is_early(const struct item *item)
{
	const struct room *room = item->room;
	const struct room *from =
		bridge_room(room->bridge, item->source->channel);

	return from && from->ch.kind == CHANNEL_ROOM && !from->ch.portal &&
	       !from->entered && from->life->wanted && room->puppets &&
	       (room->life->net->caps & CAN_PUPPET) &&
	       !event_is_own(item->source);
}

static void
set_early(struct item *item, bool early)
{
	if (item->early != early)
		item->since_ms = -1;
	item->early = early;
}

static enum voice
voice_of(struct item *item)
{
	struct room *room = item->room;
	bool alone = speaks_alone(item);
	enum voice other = alone ? VOICE_NONE : VOICE_RELAY;
	struct occ *occ;
	int64_t waited;

	take_speaker(item);
	occ = item->speaker;
	if (occ && occ->o.state == OCCUPANT_JOINED)
		return VOICE_OWN;
	set_early(item, !alone && !occ && is_early(item));
	if (alone ? !may_still_speak(item) : !item->early && !is_coming(occ))
		return other;
	if (item->since_ms < 0)
		item->since_ms = loop_now_ms(loop_of(room));
	waited = loop_now_ms(loop_of(room)) - item->since_ms;
	return waited < patience_ms(item) ? VOICE_WAIT : other;
}

static void
wake(void *arg)
{
	bridge_mark(arg);
}

static void
wait_for_speaker(struct item *item)
{
	struct room *room = item->room;
	int64_t waited = loop_now_ms(loop_of(room)) - item->since_ms;

	timer_start(&room->outbox.wake, loop_of(room),
		    patience_ms(item) - waited, wake, room);
}

/* Joins and parts are about somebody; everything else is said by somebody. */
static bool
has_speaker(const struct event *ev)
{
	return ev->kind != EVENT_JOIN && ev->kind != EVENT_PART &&
	       ev->kind != EVENT_NAME && ev->kind != EVENT_PICTURE &&
	       !(ev->flags & EVENT_STATED);
}

/* True if nothing but the text can tell who speaks. */
static bool
is_relayed(const struct item *item, enum voice voice)
{
	return voice == VOICE_RELAY && has_speaker(item->source) &&
	       !(item->room->ch.caps & CAN_AUTHOR);
}

/* Where it was said, and by whom, as things are now. */
static void
set_author(struct item *item)
{
	struct delivery *d = &item->d;
	struct room *from =
		bridge_room(item->room->bridge, item->source->channel);
	const struct member *m =
		from ? member_find(from, item->source->sender.id) : NULL;

	d->network = item->home ? item->home->name : NULL;
	d->rank = m && item->home ? m->rank : RANK_NONE;
	d->account = item->source->sender.account;
	if (m && m->sender.account)
		d->account = m->sender.account;
}

static int64_t
age_ms(const struct item *item)
{
	return steady_ms(item->room->bridge) - item->steady_ms;
}

/* True if the item refers to one that has no end on disk yet. */
static bool
render(struct item *item, bool relayed)
{
	struct room *room = item->room;
	struct fallback how = {
		.caps = room->ch.caps,
		.relayed = relayed,
		.late = age_ms(item) > LATE_MS,
		.now_ms = loop_wall_ms(loop_of(room)),
	};
	bool refers = item->source->target || item->source->parent;

	item_clear_rendering(item);
	if (item->stands_for) {
		item->d.event = fold_line(item);
		return true;
	}
	AUTO(event) unmark = archive_unmark(item);
	struct event *ev = unmark ? unmark : item->source;
	if (refers &&
	    (room->outbox.settling || archive_resolve(item, ev, &how))) {
		archive_resolve_clear(&how);
		return false;
	}
	item->d.event = fallback_render(ev, &how);
	archive_resolve_clear(&how);
	return true;
}

/* What the source is, and that it went through us. */
static char *
origin_of(const struct item *item)
{
	const struct event *ev = item->source;
	AUTO_STR out = { 0 };

	if (!ev->origin || item->room->ch.kind != CHANNEL_ROOM ||
	    item->stands_for)
		return NULL;
	str_init(&out, ORIGIN_MAX);
	origin_write(&out, ev->origin, ev->via, item->room->bridge->id);
	return str_overflowed(&out) ? NULL : str_take(&out);
}

static void
launch(struct item *item, enum voice voice)
{
	struct room *room = item->room;
	struct network *net = room->life->net;
	struct delivery *d = &item->d;

	d->speaker = voice == VOICE_OWN ? &item->speaker->o : NULL;
	d->target = item->target;
	d->parent = item->parent;
	set_author(item);
	item->origin = origin_of(item);
	d->origin = item->origin;
	d->attempt = ++item->attempts;
	d->data = NULL;
	item->state = ITEM_IN_FLIGHT;
	room->outbox.in_flight++;
	room->outbox.fresh = item->next;
	if (item->attempts > 1)
		ending_put(item, DELIVERY_SENT, NULL, 0, NULL);
	if (d->speaker && d->event->kind == EVENT_MESSAGE)
		moment_said(item->speaker->moment);
	net->protocol->ops.send(net, d);
}

static bool
is_too_old(const struct item *item)
{
	const struct conf *conf = item->room->bridge->conf;

	return age_ms(item) > (int64_t)conf->queue_age_s * 1000;
}

/* Its speaker alone could say it, and cannot. */
static void
refuse_voiceless(struct item *item)
{
	const char *why = item->speaker ? item->speaker->why : NULL;
	AUTO_STR text = { 0 };

	str_init(&text, 1024);
	str_printf(&text, "nobody can speak for you there now%s%s",
		   why ? ": " : "", why ? why : "");
	refuse(item, DELIVERY_REFUSED, text.data);
}

/* True if another bridge is to say it, and has time to. */
static bool
waits_for_others(struct item *item)
{
	struct loop *loop = loop_of(item->room);
	int64_t until_ms = standby_hold_ms(item);

	if (!until_ms)
		return false;
	if (until_ms <= loop_now_ms(loop)) {
		standby_failed(item);
		return false;
	}
	timer_start(&item->room->outbox.wake, loop,
		    until_ms - loop_now_ms(loop), wake, item->room);
	return true;
}

/* False if the item, and all after it, must wait. */
static bool
start(struct item *item)
{
	enum voice voice = VOICE_RELAY;
	const char *why;

	if (item->seen && !item->stands_for) {
		left_to_others(item, NULL);
		return true;
	}
	if (is_too_old(item) && !item->stands_for) {
		refuse(item, DELIVERY_EXPIRED,
		       "it could not be delivered in time");
		return true;
	}
	if (!item->stands_for && waits_for_others(item))
		return false;
	if (has_speaker(item->source) && !item->stands_for)
		voice = voice_of(item);
	if (voice == VOICE_WAIT) {
		wait_for_speaker(item);
		return false;
	}
	if (voice == VOICE_NONE) {
		refuse_voiceless(item);
		return true;
	}
	if (voice == VOICE_RELAY && !listener_speaks(item->room, &why)) {
		if (why)
			refuse(item, DELIVERY_REFUSED, why);
		return why != NULL;
	}
	if (!render(item, is_relayed(item, voice)))
		return false;
	if (!item->d.event) {
		settle(item, DELIVERY_CONFIRMED, NULL, 0,
		       "cannot be shown there");
		return true;
	}
	launch(item, voice);
	return true;
}

/* ---- portals: each speaker for themselves ------------------------------ */

static bool
same_speaker(const struct item *a, const struct item *b)
{
	return a->home == b->home &&
	       strcmp(a->source->sender.id, b->source->sender.id) == 0;
}

/* Has more than its share of what is on the wire. */
static bool
is_busy(const struct item *item)
{
	const struct room *room = item->room;
	const struct item *other;
	unsigned n = 0;

	for (other = room->outbox.items; other != room->outbox.fresh;
	     other = other->next)
		n += same_speaker(item, other);
	return n && n >= room->ch.limits.window / 2;
}

static bool
is_held_up(struct item *item)
{
	enum voice voice;

	if (!item->event || item->stands_for || !has_speaker(item->source) ||
	    !speaks_alone(item))
		return false;
	voice = voice_of(item);
	if (voice == VOICE_WAIT)
		wait_for_speaker(item);
	return voice == VOICE_WAIT || (voice == VOICE_OWN && is_busy(item));
}

/* Could go now, and nothing before it is of the same speaker. */
static bool
may_overtake(struct item *item)
{
	const struct event *ev = item->source;
	const struct item *before = item->room->outbox.fresh;

	if (!item->event || item->stands_for || ev->target || ev->parent ||
	    !has_speaker(ev) || !speaks_alone(item))
		return false;
	take_speaker(item);
	if (!item->speaker || item->speaker->o.state != OCCUPANT_JOINED ||
	    is_busy(item))
		return false;
	while (before != item && !same_speaker(before, item))
		before = before->next;
	return before == item;
}

/* Bring to the front whoever need not wait for the one that stands there. */
static void
let_overtake(struct room *room)
{
	struct outbox *box = &room->outbox;
	struct item *item;

	if (!room->ch.portal || !is_held_up(box->fresh))
		return;
	item = box->fresh->next;
	while (item && (same_speaker(item, box->fresh) || !may_overtake(item)))
		item = item->next;
	if (!item)
		return;
	DL_DELETE(box->items, item);
	DL_PREPEND_ELEM(box->items, box->fresh, item);
	box->fresh = item;
}

void
outbox_work(struct room *room)
{
	struct outbox *box = &room->outbox;

	/* Whoever is about to leave begins nothing that has no end. */
	if (box->folding || room->bridge->state != BRIDGE_RUNNING)
		return;
	refill(room);
	if (room->ch.joined && !box->n && !box->more)
		away_ended(room); /* it expired */
	/* What is confirmed, and not on disk as such, is said again by a
	 * crash, too: the window is the bound of both. */
	while (box->fresh && room->ch.joined &&
	       box->in_flight + box->unsure < room->ch.limits.window &&
	       !timer_is_running(&box->retry)) {
		let_overtake(room);
		if (!start(box->fresh))
			break;
	}
}

/* ---- upcalls ----------------------------------------------------------- */

static struct item *
item_of(struct delivery *d)
{
	struct item *item = container_of(d, struct item, d);

	assert(item->state == ITEM_IN_FLIGHT);
	return item;
}

bool
outbox_says_topic(const struct room *room, const char *topic)
{
	const struct item *item;

	DL_FOREACH(room->outbox.items, item)
	if (item->state == ITEM_IN_FLIGHT && item->d.event &&
	    item->d.event->kind == EVENT_TOPIC &&
	    strcmp(item->d.event->text.utf8, topic) == 0)
		return true;
	return false;
}

void
bridge_sent(struct delivery *d, const char *const *ids, size_t n)
{
	struct item *item = item_of(d);

	if (d->event->kind == EVENT_TOPIC)
		topic_remember(item->room, d->event->text.utf8);
	about_sent(item->room, item->source, n ? ids[0] : NULL);
	if (item->room->ch.kind == CHANNEL_DIRECT && item->home &&
	    item->source->flags & EVENT_ASKED)
		bridge_delivered(item->room, item->home, item->source);
	settle(item, DELIVERY_CONFIRMED, ids, n, NULL);
}

void
bridge_refused(struct delivery *d, const char *why)
{
	refuse(item_of(d), DELIVERY_REFUSED, why);
}

/* Back in the queue; whatever is in flight is always in front of it. */
static void
give_back(struct item *item)
{
	struct outbox *box = &item->room->outbox;

	item->state = ITEM_QUEUED;
	item->since_ms = -1;
	box->in_flight--;
	for (box->fresh = box->items;
	     box->fresh && box->fresh->state == ITEM_IN_FLIGHT;)
		box->fresh = box->fresh->next;
}

void
bridge_later(struct delivery *d, int64_t wait_ms, const char *why)
{
	struct item *item = item_of(d);
	struct room *room = item->room;
	struct outbox *box = &room->outbox;
	struct loop *loop = loop_of(room);

	give_back(item);
	ending_put(item, DELIVERY_WAITING, NULL, 0, why);
	if (timer_is_running(&box->retry))
		return;
	box->failures++;
	if (wait_ms <= 0)
		wait_ms =
			backoff_ms(DOWN_LOST, box->failures, loop_random(loop));
	timer_start(&box->retry, loop, wait_ms, wake, room);
}

/* ---- for the operator -------------------------------------------------- */

unsigned
outbox_retry(struct room *room)
{
	if (!timer_is_running(&room->outbox.retry))
		return 0;
	timer_stop(&room->outbox.retry);
	bridge_mark(room);
	return 1;
}

const struct item *
outbox_find(const struct room *room, int64_t event)
{
	const struct item *item;

	DL_SEARCH_SCALAR(room->outbox.items, item, event, event);
	return item;
}

void
outbox_seen(struct room *room, int64_t event, const char *id)
{
	struct outbox *box = &room->outbox;
	struct item *item;

	if (!room->link || !standby_has_peers(room->link))
		return;
	DL_SEARCH_SCALAR(box->items, item, event, event);
	if (!item)
		box->seen[box->next_seen++ % OUTBOX_SEEN] = event;
	else if (item->state == ITEM_QUEUED)
		left_to_others(item, id);
}

/* ---- losing and freeing ------------------------------------------------ */

void
outbox_lost(struct room *room)
{
	struct outbox *box = &room->outbox;
	struct item *item, *tmp;

	timer_stop(&box->retry);
	timer_stop(&box->wake);
	DL_FOREACH_SAFE(box->items, item, tmp)
	{
		if (item->state == ITEM_IN_FLIGHT)
			give_back(item);
		if (!item->event)
			item_free(item);
		else
			away_waits(room, item->source);
	}
}

void
outbox_free(struct room *room)
{
	struct outbox *box = &room->outbox;

	timer_stop(&box->retry);
	timer_stop(&box->wake);
	while (box->items)
		item_free(box->items);
}
