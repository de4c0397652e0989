/* SPDX-License-Identifier: MIT */
/* keep.c - an event on its way to disk. See keep.h. */

#include "bridge/keep.h"

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/fuse.h"
#include "bridge/network.h"
#include "bridge/rows.h"
#include "bridge/steady.h"
#include "mappings/channels.h"
#include "mappings/identities.h"
#include "mappings/memos.h"
#include "mappings/queue.h"

#include <errno.h>
#include <string.h>

#define SPANS_MAX (256 * 1024)
#define ATTACHMENTS_MAX (64 * 1024)

void
keeping_init(struct keeping *k, struct netlife *life, struct event *ev,
	     int64_t number)
{
	*k = (struct keeping){
		.life = life,
		.ev = event_ref(ev),
		.network = life->net->id,
		.bytes = keeping_size(ev),
	};
	str_init(&k->spans, SPANS_MAX);
	str_init(&k->attachments, ATTACHMENTS_MAX);
	rows_from_event(&k->row, ev, &k->spans, &k->attachments);
	k->row.id = ev->number = number;
	k->row.received_ms = loop_wall_ms(life->bridge->loop);
	k->row.steady_ms = steady_ms(life->bridge);
}

void
keeping_finish(struct keeping *k)
{
	str_finish(&k->spans);
	str_finish(&k->attachments);
	event_unref(k->ev);
}

void
keeping_accepted(struct keeping *k)
{
	struct network *net = k->life->net;

	if (net->protocol->ops.accepted)
		net->protocol->ops.accepted(net, k->ev);
}

size_t
keeping_size(const struct event *ev)
{
	size_t n = ev->text.len;

	for (size_t i = 0; i < ev->n_attachments; i++)
		if (ev->attachments[i].url)
			n += strlen(ev->attachments[i].url) + 1;
	return n;
}

/* ---- on the store thread ----------------------------------------------- */

static void
compare(void *arg, const struct event_row *row)
{
	struct keeping *k = arg;

	if (!k->same &&
	    fuse_same_text(row->text ? row->text : "", k->ev->text.utf8))
		k->same = row->id;
}

/* Another bridge brought it here before. */
static bool
find_same(struct db *db, struct keeping *k)
{
	k->same = 0;
	(void)event_by_origin(db, k->row.origin, k->row.channel, compare, k);
	return k->same != 0;
}

int
memos_write(struct db *db, int64_t network, const struct memo *memos,
	    int64_t now_ms)
{
	int rc = 0;

	for (const struct memo *m = memos; m && rc == 0; m = m->next) {
		const struct memo_row row = { network, m->scope, m->key,
					      m->value, now_ms };

		if (strlen(m->key) > MEMO_KEY_MAX)
			continue;
		/* What was true before is not, either way. */
		if (m->value && strlen(m->value) <= MEMO_VALUE_MAX)
			rc = memo_put(db, &row);
		else
			rc = memo_remove(db, network, m->scope, m->key);
	}
	return rc;
}

static int
write_event(struct keeping *k, struct db *db)
{
	int64_t known;
	int rc =
		sender_put(db, k->network, k->ev->sender.id, k->ev->sender.name,
			   k->ev->sender.account, &k->row.sender);

	if (rc < 0)
		return rc;

	/* What a history tells may be what we said there ourselves. */
	if ((k->ev->flags & EVENT_LATE) && k->ev->id &&
	    event_find(db, k->row.channel, k->ev->id) > 0) {
		k->known = true;
		return 0;
	}
	if (k->asks && find_same(db, k)) {
		k->known = true;
		return 0;
	}
	rc = event_put(db, &k->row, &known);
	k->known = rc == -EEXIST;
	if (k->known)
		return 0;
	if (rc == 0 && k->ev->cursor)
		rc = channel_set_cursor(db, k->row.channel, k->ev->cursor,
					k->row.received_ms);
	return rc;
}

/* What was remembered with it holds also if it was kept before. */
int
keeping_run(struct keeping *k, struct db *db)
{
	int rc = write_event(k, db);

	return rc ? rc
		  : memos_write(db, k->network, k->ev->memos,
				k->row.received_ms);
}

int
keeping_refuse(struct keeping *k, struct db *db, int64_t channel,
	       const char *why)
{
	const struct delivery_end end = {
		.state = DELIVERY_REFUSED,
		.when_ms = k->row.received_ms,
		.why = why,
		.owed = true,
	};
	int rc = delivery_put(db, k->row.id, channel);

	return rc ? rc : delivery_settle(db, k->row.id, channel, &end);
}
