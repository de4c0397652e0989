/* SPDX-License-Identifier: MIT */
/*
 * catchup.c - what was said in the channels while we were away.
 *
 * Where the server keeps a history (draft/chathistory) it is asked for what
 * came after the channel's cursor, in a few rounds, before the channel counts
 * as joined; what is said meanwhile waits. Elsewhere the linked rooms are told
 * from when on nothing was heard.
 */

#include "protocols/irc/channel.h"

#include "bridge/base.h"
#include "bridge/event.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/text.h"
#include "conf/conf.h"
#include "protocols/irc/hear.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCHES_MAX 64
#define HISTORY "chathistory"
#define PART_OF_HISTORY "chathistory part" /* a batch in such a one */
#define BATCH_NAME_MAX 256
#define MSGID_MAX 512
#define ROUNDS_MAX 5
#define ROUND_MS 10000
#define ALL_ROUNDS_MS 40000 /* the bridge waits a minute for a join */
#define LINES_MAX 100
#define HELD_MAX 500
#define HISTORY_CAPS                                                 \
	(IRC_CAP_CHATHISTORY | IRC_CAP_BATCH | IRC_CAP_SERVER_TIME | \
	 IRC_CAP_MESSAGE_TAGS)

/* A batch that is open. */
struct batch {
	struct batch *next;
	char ref[64];
	char type[32];
	char target[BATCH_NAME_MAX]; /* chathistory: the channel */
};

/* A channel that this process was in, and is not in any more. */
struct absence {
	int64_t channel; /* key */
	int64_t since_ms;
	UT_hash_handle hh;
};

/* Where to go on: after a message, or after a time. */
struct place {
	char msgid[MSGID_MAX + 1]; /* "" if none */
	int64_t when_ms;           /* UTC */
};

struct catchup {
	struct timer deadline;
	int64_t until_ms;
	struct place place;
	bool by_time; /* the server does not know the msgid (any more) */
	unsigned rounds;
	unsigned lines; /* in this round */
	struct event *held[HELD_MAX];
	size_t n_held;
};

/* ---- batches ------------------------------------------------------- */

void
irc_batches_free(struct view *v)
{
	while (v->batches) {
		struct batch *batch = v->batches;

		v->batches = batch->next;
		free(batch);
	}
}

/* The link to the batch with that reference, or to the end. */
static struct batch **
batch_at(struct view *v, const char *ref)
{
	struct batch **at = &v->batches;

	while (*at && strcmp((*at)->ref, ref) != 0)
		at = &(*at)->next;
	return at;
}

static const struct batch *
batch_of(const struct view *v, const struct irc_line *line)
{
	const char *ref = irc_line_tag(line, "batch");
	const struct batch *batch = v->batches;

	while (ref && batch && strcmp(batch->ref, ref) != 0)
		batch = batch->next;
	return ref ? batch : NULL;
}

bool
irc_in_batch(const struct view *v, const struct irc_line *line,
	     const char *type)
{
	const struct batch *batch = batch_of(v, line);

	return batch && !strcmp(batch->type, type);
}

static bool
is_history(const struct batch *batch)
{
	return !strcmp(batch->type, HISTORY) ||
	       !strcmp(batch->type, PART_OF_HISTORY);
}

static void
batch_open(struct view *v, const struct irc_line *line)
{
	const char *ref = irc_line_param(line, 0) + 1;
	const char *type = irc_line_param(line, 1);
	const char *target = irc_line_param(line, 2);
	const struct batch *outer = batch_of(v, line);
	struct batch *batch;
	unsigned n = 0;

	if (outer && is_history(outer)) {
		type = PART_OF_HISTORY;
		target = outer->target;
	}

	for (batch = v->batches; batch; batch = batch->next)
		n++;
	if (n >= BATCHES_MAX || strlen(ref) >= sizeof(batch->ref) ||
	    strlen(type) >= sizeof(batch->type) || *batch_at(v, ref))
		return;
	batch = xcalloc(1, sizeof(*batch));
	memcpy(batch->ref, ref, strlen(ref));
	memcpy(batch->type, type, strlen(type));
	if (strlen(target) < sizeof(batch->target))
		memcpy(batch->target, target, strlen(target));
	batch->next = v->batches;
	v->batches = batch;
}

/* ---- absences ------------------------------------------------------ */

static struct absence *
absence_find(struct irc *irc, const struct channel *ch)
{
	struct absence *a = NULL;

	HASH_FIND(hh, irc->absences, &ch->id, sizeof(ch->id), a);
	return a;
}

static void
absence_free(struct irc *irc, struct absence *a)
{
	HASH_DEL(irc->absences, a);
	free(a);
}

/* A connection may have been dead for a while when it is found so. */
void
irc_absence_begins(struct irc *irc, const struct channel *ch,
		   const struct session *heard_by)
{
	struct absence *a = absence_find(irc, ch);
	int64_t silent =
		heard_by ? loop_now_ms(irc->loop) - heard_by->heard_ms : 0;

	if (!a) {
		a = xcalloc(1, sizeof(*a));
		a->channel = ch->id;
		HASH_ADD(hh, irc->absences, channel, sizeof(a->channel), a);
	}
	a->since_ms = loop_wall_ms(irc->loop) - silent;
}

void
irc_absence_over(struct irc *irc, const struct channel *ch)
{
	struct absence *a = absence_find(irc, ch);

	if (a)
		absence_free(irc, a);
}

void
irc_absences_free(struct irc *irc)
{
	while (irc->absences)
		absence_free(irc, irc->absences);
}

/* ---- places -------------------------------------------------------- */

const char *
irc_cursor(struct view *v, struct event *ev, const struct irc_line *line)
{
	const char *msgid = irc_line_tag(line, "msgid");
	char text[MSGID_MAX + 32];

	if (!msgid || strlen(msgid) > MSGID_MAX ||
	    !utf8_valid(msgid, strlen(msgid)))
		msgid = "";
	snprintf(text, sizeof(text), "%s|%" PRId64, msgid,
		 irc_line_time(v->irc, line));
	return event_strdup(ev, text);
}

static struct place
place_read(const char *cursor)
{
	struct place place = { .msgid = "" };
	const char *bar = cursor ? strrchr(cursor, '|') : NULL;

	if (!bar || bar - cursor > MSGID_MAX)
		return place;
	memcpy(place.msgid, cursor, (size_t)(bar - cursor));
	place.when_ms = strtoll(bar + 1, NULL, 10);
	return place;
}

/* False if there is no way to name it to this server. */
static bool
place_write(const struct irc_channel *c, char *out, size_t size)
{
	const struct catchup *cu = c->catchup;
	const struct irc_isupport *is = &c->view->irc->isupport;
	int64_t ms = cu->place.when_ms;
	char date[32];
	struct tm tm;
	time_t when;

	if (*cu->place.msgid && !cu->by_time && is->by_msgid) {
		snprintf(out, size, "msgid=%s", cu->place.msgid);
		return true;
	}
	if (!is->by_timestamp || ms <= 0)
		return false;
	if (*cu->place.msgid)
		ms--; /* others of the same moment; it is known itself */
	when = (time_t)(ms / 1000);
	if (!gmtime_r(&when, &tm) ||
	    !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm))
		return false;
	snprintf(out, size, "timestamp=%s.%03dZ", date, (int)(ms % 1000));
	return true;
}

/* ---- the end ------------------------------------------------------- */

void
irc_catch_up_drop(struct irc_channel *c)
{
	struct catchup *cu = c->catchup;

	if (!cu)
		return;
	timer_stop(&cu->deadline);
	for (size_t i = 0; i < cu->n_held; i++)
		event_unref(cu->held[i]);
	free(cu);
	c->catchup = NULL;
}

static void
joined(struct irc_channel *c)
{
	struct catchup *cu = c->catchup;

	c->state = IRC_CHANNEL_JOINED;
	irc_absence_over(c->view->irc, c->channel);
	bridge_joined(c->channel);
	for (size_t i = 0; cu && i < cu->n_held; i++)
		bridge_event(&c->view->irc->net, cu->held[i]);
	if (cu)
		cu->n_held = 0;
	irc_catch_up_drop(c);
	irc_ask_who(c);
	if (c->view->irc->conf->gateway) /* its users see how it is */
		session_send_idly(c->view->session, "MODE", c->channel->name,
				  NULL);
}

/* Nobody can tell what was said since. */
static void
joined_after_gap(struct irc_channel *c, int64_t from_ms)
{
	struct view *v = c->view;
	int64_t gap = loop_wall_ms(v->irc->loop) - from_ms;

	if (gap >= (int64_t)v->irc->conf->gap_s * 1000)
		bridge_gap(c->channel, from_ms);
	joined(c);
}

/* ---- asking -------------------------------------------------------- */

static bool
has_history(const struct view *v)
{
	return (v->session->caps & HISTORY_CAPS) == HISTORY_CAPS;
}

static unsigned
lines_wanted(const struct view *v)
{
	unsigned limit = v->irc->isupport.chathistory;

	return limit && limit < LINES_MAX ? limit : LINES_MAX;
}

static void
give_up(void *arg)
{
	struct irc_channel *c = arg;

	log_info(c->view->irc->net.name, "no history of %s could be had",
		 c->channel->name);
	joined_after_gap(c, c->catchup->place.when_ms);
}

static bool
ask(struct irc_channel *c)
{
	struct view *v = c->view;
	struct catchup *cu = c->catchup;
	int64_t left = cu->until_ms - loop_now_ms(v->irc->loop);
	char place[MSGID_MAX + 32], limit[16];

	cu->lines = 0;
	snprintf(limit, sizeof(limit), "%u", lines_wanted(v));
	if (left <= 0 || !place_write(c, place, sizeof(place)) ||
	    !session_send(v->session, "CHATHISTORY", "AFTER", c->channel->name,
			  place, limit, NULL))
		return false;
	timer_start(&cu->deadline, v->irc->loop,
		    left < ROUND_MS ? left : ROUND_MS, give_up, c);
	return true;
}

static void
failed(struct irc_channel *c)
{
	struct catchup *cu = c->catchup;

	if (*cu->place.msgid && !cu->by_time) {
		cu->by_time = true;
		if (ask(c))
			return;
	}
	give_up(c);
}

/* From when on nobody listened, if we were never in it in this run. */
static int64_t
last_run(const struct irc_channel *c, const struct place *place)
{
	int64_t heard_ms = c->channel->heard_ms;

	return heard_ms > place->when_ms ? heard_ms : place->when_ms;
}

void
irc_catch_up(struct irc_channel *c)
{
	struct view *v = c->view;
	const struct absence *a = absence_find(v->irc, c->channel);
	struct place place = place_read(c->channel->cursor);

	if (!c->channel->cursor && !a) { /* we have never been here */
		joined(c);
		return;
	}
	if (!has_history(v)) {
		joined_after_gap(c, a ? a->since_ms : last_run(c, &place));
		return;
	}
	if (a && !place.when_ms)
		place.when_ms = a->since_ms;
	c->catchup = xcalloc(1, sizeof(*c->catchup));
	c->catchup->place = place;
	c->catchup->until_ms = loop_now_ms(v->irc->loop) + ALL_ROUNDS_MS;
	if (!ask(c))
		failed(c);
}

void
irc_catch_up_hold(struct irc_channel *c, struct event *ev)
{
	struct catchup *cu = c->catchup;

	cu->held[cu->n_held++] = ev;
	if (cu->n_held == HELD_MAX)
		give_up(c);
}

/* ---- the answer ---------------------------------------------------- */

/* One more round, until nothing comes: a server may send less than it has. */
static void
round_over(struct irc_channel *c)
{
	struct catchup *cu = c->catchup;

	if (!cu->lines)
		joined(c);
	else if (++cu->rounds >= ROUNDS_MAX &&
		 cu->lines < lines_wanted(c->view))
		joined(c);
	else if (cu->rounds >= ROUNDS_MAX || !ask(c))
		give_up(c);
}

static struct irc_channel *
catching_up(struct view *v, const char *name)
{
	struct irc_channel *c = irc_channel_find(v, name);

	return c && c->catchup ? c : NULL;
}

static void
batch_close(struct view *v, const char *ref)
{
	struct batch **at = batch_at(v, ref);
	struct batch *batch = *at;
	struct irc_channel *c = NULL;

	if (!batch)
		return;
	if (!strcmp(batch->type, HISTORY))
		c = catching_up(v, batch->target);
	*at = batch->next;
	free(batch);
	if (c)
		round_over(c);
}

void
irc_on_batch(struct view *v, const struct irc_line *line)
{
	const char *ref = irc_line_param(line, 0);

	if (*ref == '+')
		batch_open(v, line);
	else if (*ref == '-')
		batch_close(v, ref + 1);
}

bool
irc_catch_up_line(struct view *v, const struct irc_line *line)
{
	const struct batch *batch = batch_of(v, line);
	const char *msgid = irc_line_tag(line, "msgid");
	struct irc_channel *c;
	struct place *place;

	if (!batch || !is_history(batch) || !strcmp(line->command, "BATCH"))
		return false;
	c = catching_up(v, batch->target);
	if (!c) /* too late, or never asked for: old words all the same */
		return true;
	place = &c->catchup->place;
	c->catchup->lines++;
	*place = (struct place){ .when_ms = irc_line_time(v->irc, line) };
	if (msgid && strlen(msgid) <= MSGID_MAX)
		memcpy(place->msgid, msgid, strlen(msgid));
	irc_hear_late(c, line);
	return true;
}

/* FAIL CHATHISTORY code ... #channel ... :text */
void
irc_on_fail(struct view *v, const struct irc_line *line)
{
	if (strcmp(irc_line_param(line, 0), "CHATHISTORY") != 0)
		return;
	for (size_t i = 2; i < line->n_params; i++) {
		struct irc_channel *c = catching_up(v, line->params[i]);

		if (!c)
			continue;
		failed(c);
		return;
	}
}
