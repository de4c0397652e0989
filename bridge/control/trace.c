/* SPDX-License-Identifier: MIT */
/*
 * trace.c - the verb "trace": what happened to one message.
 *
 * It is asked for by its number in our log, by the id that we put on the wire
 * (cw-...), or by whatever id a network knows it under. Such an id may mean
 * several messages: ids are unique where they were given and nowhere else,
 * and some are chosen by people. Then all of them are told.
 */

#include "bridge/base.h"
#include "bridge/control/answer.h"
#include "bridge/control/verbs.h"
#include "bridge/core.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/outbox.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "mappings/channels.h"
#include "mappings/messages.h"
#include "mappings/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_MAX 16
/* Of a text that may be shown: to recognise it, not to read it. */
#define TEXT_SHOWN_MAX 1000

struct tracing {
	struct verb_call *call;
	struct db *db;
	struct answer *a;
	int rc; /* the first failure to read */
};

static void
keep_failure(struct tracing *t, int rc)
{
	if (rc < 0 && rc != -ENOENT && t->rc == 0)
		t->rc = rc;
}

/* ---- where it was said ------------------------------------------------- */

static void
write_place(void *arg, const struct channel_row *row)
{
	struct answer *a = arg;

	answer_text(a, "network", row->network_name);
	answer_text(a, "channel", row->channel_name);
	answer_bool(a, "private", row->kind == CHANNEL_DIRECT);
}

static void
write_text(struct answer *a, const char *text)
{
	if (!log_text_allowed() || !text)
		return;

	AUTO_STR shown = { 0 };

	str_init(&shown, TEXT_SHOWN_MAX);
	str_add_n(&shown, text, utf8_cut(text, strlen(text), TEXT_SHOWN_MAX));
	answer_text(a, "text", shown.data);
}

static const char *
kind_name(int kind)
{
	return kind >= 0 && kind < EVENT_KINDS
		       ? event_kind_name((enum event_kind)kind)
		       : "unknown";
}

static void
write_event(void *arg, const struct event_row *row)
{
	struct tracing *t = arg;
	struct answer *a = t->a;

	answer_object(a, NULL);
	answer_number(a, "event", row->id);
	answer_text(a, "kind", kind_name(row->kind));
	keep_failure(t, channel_get(t->db, row->channel, write_place, a));
	answer_text(a, "id", row->native_id);
	answer_text(a, "alt_id", row->alt_id);
	answer_text(a, "sender_id", row->sender_id);
	answer_text(a, "sender_name", row->sender_name);
	answer_time(a, "when", row->when_ms);
	answer_time(a, "received", row->received_ms);
	answer_text(a, "target", row->target);
	answer_text(a, "parent", row->parent);
	write_text(a, row->text);
}

/* ---- where it went ----------------------------------------------------- */

static const char *
state_name(enum delivery_state state)
{
	static const char *const names[] = {
		[DELIVERY_WAITING] = "waiting",
		[DELIVERY_SENT] = "sent",
		[DELIVERY_CONFIRMED] = "confirmed",
		[DELIVERY_REFUSED] = "refused",
		[DELIVERY_EXPIRED] = "expired",
		[DELIVERY_SKIPPED] = "folded",
	};

	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

static void
write_id(void *arg, const char *id)
{
	answer_text(arg, NULL, id);
}

static void
write_delivery(void *arg, const struct delivery_row *row)
{
	struct tracing *t = arg;
	struct answer *a = t->a;
	struct room *room = bridge_room(t->call->bridge, row->channel);
	const struct item *item = room ? outbox_find(room, row->event) : NULL;
	enum delivery_state state = row->state;
	unsigned attempts = row->attempts;

	if (item && item->state == ITEM_IN_FLIGHT)
		state = DELIVERY_SENT; /* the first attempt is not written */
	if (item && item->attempts > attempts)
		attempts = item->attempts;
	answer_object(a, NULL);
	keep_failure(t, channel_get(t->db, row->channel, write_place, a));
	answer_text(a, "state", state_name(state));
	answer_number(a, "attempts", attempts);
	answer_time(a, "last", row->last_ms);
	answer_text(a, "reason", row->why);
	answer_array(a, "ids");
	keep_failure(t, event_native_ids(t->db, row->event, row->channel, 0,
					 write_id, a));
	answer_end(a);
	answer_end(a);
}

/* Nothing is written if there is no such event. */
static int
trace_event(struct tracing *t, int64_t event)
{
	int rc = event_get(t->db, event, write_event, t);

	keep_failure(t, rc);
	if (rc < 0)
		return rc;
	answer_array(t->a, "deliveries");
	keep_failure(t, delivery_each(t->db, event, write_delivery, t));
	answer_end(t->a);
	answer_end(t->a);
	return 0;
}

/* ---- finding it -------------------------------------------------------- */

/* The number in "17" or in an id of ours; 0 if it is neither. */
static int64_t
number_of(const struct bridge *bridge, const char *word)
{
	size_t own = strlen(bridge->id);
	long long number = 0;
	char *end = NULL;

	errno = 0;
	if (strspn(word, "0123456789") == strlen(word)) {
		number = strtoll(word, &end, 10);
	} else if (strncmp(word, "cw-", 3) == 0 && own > 0 &&
		   strncmp(word + 3, bridge->id, own) == 0 &&
		   word[3 + own] == '-') {
		number = strtoll(word + 3 + own + 1, &end, 16);
		if (*end != '-')
			return 0;
	}
	return errno || number < 0 ? 0 : number;
}

struct found {
	int64_t events[FOUND_MAX];
	size_t n;
};

static void
keep_event(void *arg, int64_t event)
{
	struct found *f = arg;

	if (f->n < FOUND_MAX)
		f->events[f->n++] = event;
}

int
verb_trace(struct verb_call *call)
{
	const char *word = call->args[0];
	struct tracing t = { .call = call, .a = call->out };
	struct found found = { .n = 0 };
	int64_t number = number_of(call->bridge, word);
	size_t told = 0;

	t.db = store_reader(call->bridge->store);
	answer_array(t.a, "messages");
	if (number > 0 && trace_event(&t, number) == 0)
		told++;
	keep_failure(&t,
		     event_find_all(t.db, word, FOUND_MAX, keep_event, &found));
	for (size_t i = 0; i < found.n; i++)
		if (told == 0 || found.events[i] != number)
			told += trace_event(&t, found.events[i]) == 0;
	answer_end(t.a);
	if (t.rc < 0)
		return verb_no_database(call);
	if (told == 0)
		return error_set(call->err, ENOENT,
				 "no message has that number or id; it may "
				 "have been too old to be kept");
	return 0;
}
