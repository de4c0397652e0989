/* SPDX-License-Identifier: MIT */
/*
 * archive.c - events to and from the store's rows, and what one event means
 * by naming another.
 */

#include "bridge/archive.h"

#include "bridge/account.h"
#include "bridge/attach.h"
#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/fallback.h"
#include "bridge/network.h"
#include "bridge/outbox.h"
#include "bridge/puppet.h"
#include "bridge/room.h"
#include "bridge/rows.h"
#include "bridge/stay.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "mappings/channels.h"
#include "mappings/messages.h"
#include "mappings/queue.h"
#include "mappings/stays.h"

#include <utlist.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows -------------------------------------------------------------- */

void
rows_from_event(struct event_row *row, const struct event *ev,
		struct str *spans, struct str *attachments)
{
	text_spans_format(spans, &ev->text);
	attach_write(attachments, ev);
	*row = (struct event_row){
		.channel = ev->channel,
		.kind = ev->kind,
		.flags = ev->flags,
		.when_ms = ev->when_ms,
		.sender_id = ev->sender.id,
		.sender_name = ev->sender.name,
		.native_id = ev->id,
		.alt_id = ev->alt_id,
		.key = ev->key,
		.origin = ev->origin,
		.via = ev->via,
		.target = ev->target,
		.parent = ev->parent,
		.text = ev->text.utf8,
		.spans = spans->len ? spans->data : NULL,
		.mark = ev->mark,
		.attachments = attachments->len ? attachments->data : NULL,
	};
}

struct event *
rows_to_event(const struct event_row *row)
{
	struct event *ev;

	if (row->kind < 0 || row->kind >= EVENT_KINDS)
		return NULL; /* of a version that knew more kinds */
	ev = event_make((enum event_kind)row->kind);
	ev->number = row->id;
	ev->flags = row->flags;
	ev->channel = row->channel;
	ev->when_ms = row->when_ms;
	event_set_sender(ev, row->sender_id ? row->sender_id : "?",
			 row->sender_name ? row->sender_name : "?");
	ev->id = event_strdup(ev, row->native_id);
	ev->alt_id = event_strdup(ev, row->alt_id);
	ev->key = event_strdup(ev, row->key);
	ev->origin = event_strdup(ev, row->origin);
	ev->via = event_strdup(ev, row->via);
	ev->target = event_strdup(ev, row->target);
	ev->parent = event_strdup(ev, row->parent);
	ev->mark = event_strdup(ev, row->mark);
	event_set_text(ev, row->text ? row->text : "");
	if (row->spans)
		text_spans_parse(ev, row->spans);
	if (row->attachments)
		attach_read(ev, row->attachments);
	return ev;
}

struct loading {
	struct event *ev;
	int64_t steady_ms;
};

static void
load_row(void *arg, const struct event_row *row)
{
	struct loading *l = arg;

	l->ev = rows_to_event(row);
	/* What was written by other hands may know one of them only. */
	l->steady_ms = row->steady_ms ? row->steady_ms : row->received_ms;
}

struct event *
archive_load(struct db *db, int64_t event, int64_t *steady_ms)
{
	struct loading l = { 0 };

	if (event_get(db, event, load_row, &l) < 0)
		return NULL;
	if (steady_ms)
		*steady_ms = l.steady_ms;
	return l.ev;
}

static void
network_row(void *arg, const struct channel_row *row)
{
	char **name = arg;

	*name = xstrdup(row->network_name);
}

char *
archive_network(struct db *db, int64_t channel)
{
	char *name = NULL;

	channel_get(db, channel, network_row, &name);
	return name;
}

/* ---- references -------------------------------------------------------- */

struct native {
	char *first, *last;
};

static void
native_id(void *arg, const char *id)
{
	struct native *n = arg;

	if (!n->first)
		n->first = xstrdup(id);
	free(n->last);
	n->last = xstrdup(id);
}

char *
archive_first_id(struct db *db, int64_t event, int64_t channel)
{
	struct native n = { 0 };

	event_native_ids(db, event, channel, false, native_id, &n);
	free(n.last);
	return n.first;
}

/*
 * The id by which event goes in the room. A message that was delivered in
 * parts is replied to by its first and corrected by its last, which on XMPP is
 * the id that the sender chose (XEP-0308 4).
 */
static char *
id_there(struct db *db, struct item *item, int64_t event, bool last)
{
	struct native n = { 0 };
	char *id;

	event_native_ids(db, event, item->room->ch.id, last, native_id, &n);
	id = last ? n.last : n.first;
	if (last)
		free(n.first);
	else
		free(n.last);
	return id;
}

static bool
still_on_its_way(struct item *item, int64_t event)
{
	struct item *other;

	DL_FOREACH(item->room->outbox.items, other)
	{
		if (other == item)
			return false;
		if (other->event == event)
			return true;
	}
	return false;
}

/* Who wrote the other message, by the name that is known in the room. */
static const char *
name_there(struct item *item, const struct event *other)
{
	struct room *from = bridge_room(item->room->bridge, other->channel);
	struct occ *occ =
		from ? puppet_speaker(item->room, from->life, other->sender.id)
		     : NULL;

	return occ && occ->o.name ? occ->o.name : other->sender.name;
}

static void
describe(struct db *db, struct item *item, struct fallback *how, int64_t event)
{
	AUTO(event) other = archive_load(db, event, NULL);

	if (!other || how->other_name)
		return;
	how->other_name = xstrdup(name_there(item, other));
	how->other_text = xstrdup(other->text.utf8);
	how->other_when_ms = other->when_ms;
	how->own = other->channel == item->source->channel &&
		   strcmp(other->sender.id, item->source->sender.id) == 0;
}

/* ---- which event it is --------------------------------------------------- */

struct awaited {
	int64_t channel;
	bool yes;
};

static void
awaited_row(void *arg, const struct delivery_row *row)
{
	struct awaited *a = arg;

	if (row->channel == a->channel && row->state <= DELIVERY_SENT)
		a->yes = true;
}

/* It was given to that channel, and nothing came of it yet. */
static bool
is_awaited(struct db *db, int64_t event, int64_t channel)
{
	struct awaited a = { .channel = channel };

	(void)delivery_each(db, event, awaited_row, &a);
	return a.yes;
}

/* The number in an id of ours, for that channel; 0 if it is none. */
static int64_t
number_of(const struct bridge *bridge, int64_t channel, const char *id)
{
	size_t prefix = strlen(bridge->prefix);
	unsigned long long event, at;

	if (strncmp(id, bridge->prefix, prefix) != 0 ||
	    sscanf(id + prefix, "%llx-%llx", &event, &at) != 2 ||
	    (int64_t)at != channel)
		return 0;
	return (int64_t)event;
}

int64_t
archive_find(struct bridge *bridge, int64_t channel, const char *id)
{
	struct db *db = store_reader(bridge->store);
	const struct room *room = bridge_room(bridge, channel);
	int64_t event = event_find(db, channel, id);
	size_t digits = strspn(id, "0123456789");

	if (event || !room)
		return event;
	event = number_of(bridge, channel, id);
	if (room->ch.kind == CHANNEL_HOSTED && digits < 19 && !id[digits])
		event = strtoll(id, NULL, 10);
	return event > 0 && is_awaited(db, event, channel) ? event : 0;
}

bool
bridge_awaits(const struct channel *ch, const char *id)
{
	struct room *room = bridge_room(ch->network->life->bridge, ch->id);
	int64_t event = number_of(room->bridge, ch->id, id);

	if (!event)
		return false;
	if (event <= room->outbox.last_event)
		return outbox_find(room, event) != NULL;
	return is_awaited(store_reader(room->bridge->store), event, ch->id);
}

struct event *
archive_unmark(struct item *item)
{
	struct db *db = store_reader(item->room->bridge->store);
	const struct event *ev = item->source;
	int64_t event = ev->kind == EVENT_REDACTION && ev->target
				? archive_find(item->room->bridge, ev->channel,
					       ev->target)
				: 0;
	AUTO(event) mark = event ? archive_load(db, event, NULL) : NULL;
	struct event *out;

	if (!mark || mark->kind != EVENT_REACTION ||
	    mark->channel != ev->channel)
		return NULL;
	out = event_copy(ev);
	out->kind = EVENT_REACTION;
	out->flags |= EVENT_REMOVED;
	out->mark = event_strdup(out, mark->mark);
	out->target = event_strdup(out, mark->target);
	return out;
}

static int64_t
resolve(struct item *item, struct fallback *how, const char *native,
	char **id_out)
{
	struct db *db = store_reader(item->room->bridge->store);
	int64_t event =
		archive_find(item->room->bridge, item->source->channel, native);

	if (!event)
		return 0;
	if (still_on_its_way(item, event))
		return event;
	*id_out = id_there(db, item, event, item->source->kind == EVENT_EDIT);
	describe(db, item, how, event);
	return 0;
}

int64_t
archive_resolve(struct item *item, const struct event *ev, struct fallback *how)
{
	int64_t waits = 0;

	if (ev->target)
		waits = resolve(item, how, ev->target, &item->target);
	if (!waits && ev->parent)
		waits = resolve(item, how, ev->parent, &item->parent);
	how->has_target = item->target != NULL;
	how->has_parent = item->parent != NULL;
	return waits;
}

void
archive_resolve_clear(struct fallback *how)
{
	free((char *)(uintptr_t)how->other_name);
	free((char *)(uintptr_t)how->other_text);
	how->other_name = NULL;
	how->other_text = NULL;
}

/* ---- the past of a channel --------------------------------------------- */

/* What of the past is asked for, and what of that may be read. */
struct reading {
	struct db *db;
	struct past past;
	const struct history_query *query;
	const struct stay *stays; /* oldest first */
	int n_stays;
	int64_t ids[HISTORY_MAX];
	int n;
	int64_t total;
};

static bool
narrow(const struct reading *r, const struct stay *stay, struct past *past)
{
	*past = r->past;
	if (stay->after > past->after)
		past->after = stay->after;
	if (stay->until < past->before - 1)
		past->before = stay->until + 1;
	return past->after < past->before - 1;
}

/* One stay more, newer than those before, or older if the newest are asked. */
static int
read_stay(struct reading *r, const struct stay *stay)
{
	int left = (int)r->query->max - r->n, n;
	struct past past;
	int64_t count;

	if (!narrow(r, stay, &past))
		return 0;
	count = past_count(r->db, &past);
	if (count < 0)
		return (int)count;
	r->total += count;
	if (!left || !count)
		return 0;
	if (!r->query->newest) {
		n = past_oldest(r->db, &past, r->ids + r->n, (size_t)left);
	} else {
		memmove(r->ids + left, r->ids, (size_t)r->n * sizeof(*r->ids));
		n = past_newest(r->db, &past, r->ids, (size_t)left);
		if (n >= 0)
			memmove(r->ids + n, r->ids + left,
				(size_t)r->n * sizeof(*r->ids));
	}
	r->n += n > 0 ? n : 0;
	return n;
}

static int
read_past(struct reading *r, void (*fn)(void *arg, const struct event *ev),
	  void *arg, struct history *result)
{
	const struct history_query *q = r->query;
	int rc;

	assert(q->max <= HISTORY_MAX);
	r->past.after = q->after;
	r->past.before = q->before ? q->before : INT64_MAX;
	rc = past_narrow(r->db, &r->past, q->from_ms, q->until_ms);
	for (int i = 0; rc >= 0 && i < r->n_stays; i++)
		rc = read_stay(r,
			       &r->stays[q->newest ? r->n_stays - 1 - i : i]);
	if (rc < 0)
		return rc;
	result->total = r->total;
	result->complete = r->n == r->total;
	for (int i = 0; i < r->n; i++) {
		AUTO(event) ev = archive_load(r->db, r->ids[i], NULL);

		if (ev) /* not pruned meanwhile */
			fn(arg, ev);
	}
	return 0;
}

int
bridge_history(struct channel *ch, const struct history_query *query,
	       void (*fn)(void *arg, const struct event *ev), void *arg,
	       struct history *result)
{
	static const struct stay always = { 0, STAY_OPEN };
	struct room *room = container_of(ch, struct room, ch);
	struct reading r = { .db = store_reader(room->bridge->store),
			     .past = { .channel = ch->id },
			     .query = query,
			     .stays = &always,
			     .n_stays = 1 };

	return read_past(&r, fn, arg, result);
}

/* The direct channels of the reader and of whom they speak with. */
static int
find_talk(struct reading *r, struct network *net, const struct archive *archive)
{
	struct netlife *life = bridge_net(net->bridge, archive->person.network);
	char id[EVENT_ID_MAX + 1];
	int rc;

	if (!life || !(life->net->caps & CAN_DIRECT) ||
	    !life->net->protocol->ops.resolve(life->net, archive->person.id, id,
					      sizeof(id)))
		return -ENOENT;
	rc = channel_find(r->db, net->id, CHANNEL_DIRECT, archive->reader,
			  &r->past.channel);
	return rc ? rc
		  : channel_find(r->db, life->net->id, CHANNEL_DIRECT, id,
				 &r->past.peer);
}

int
bridge_archive(struct network *net, const struct archive *archive,
	       const struct history_query *query,
	       void (*fn)(void *arg, const struct event *ev), void *arg,
	       struct history *result)
{
	struct stay stays[STAYS_READ] = { { 0, STAY_OPEN } };
	struct reading r = { .db = store_reader(net->bridge->store),
			     .query = query,
			     .stays = stays,
			     .n_stays = 1 };
	int rc;

	*result = (struct history){ .complete = true };
	if (archive->room) {
		rc = channel_find(r.db, net->id, CHANNEL_HOSTED, archive->room,
				  &r.past.channel);
		if (rc == 0)
			rc = r.n_stays = stays_read(net->life, archive->reader,
						    r.past.channel, stays);
	} else {
		rc = find_talk(&r, net, archive);
		if (!account_records(net->life, archive->reader, 0))
			rc = -ENOENT;
	}
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	return read_past(&r, fn, arg, result);
}
