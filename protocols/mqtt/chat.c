/* SPDX-License-Identifier: MIT */
/*
 * chat.c - a room as a tree of topics, for scripts and dashboards:
 *
 *     ROOT/event          what is said, by whomever, one envelope each
 *     ROOT/send           what is published here is said
 *     ROOT/send/NAME      likewise, under that name
 *     ROOT/subject        the topic of the room (retained)
 *     ROOT/members/NAME   who is there (retained; empty: not any more)
 *
 * What was published to be said appears under event when it is on disk, so
 * that all who listen hear one conversation in one order.
 */

#include "protocols/mqtt/mqtt.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/origin.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "protocols/mqtt/envelope.h"
#include "protocols/mqtt/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE "application/vnd.causeway.event+json"
#define MEMBER_TYPE "application/json"
#define ROOT_BYTES 70000
#define NAME_BYTES 100
#define NAME_TRIES 100
#define NOBODY "mqtt" /* who speaks without a name */
/* How long the broker has to tell of members of an earlier run. */
#define STALE_MS 2000
#define STALE_MAX 10000

/* The topic of somebody who is there. */
struct member {
	char *name; /* unique in the place; the key */
	char *topic;
	const struct occupant *o;
	UT_hash_handle hh;
};

/* A topic that the broker still had. */
struct stale {
	char *topic;
	UT_hash_handle hh;
};

struct chat {
	struct member *members;
	struct stale *stale;
	struct timer timer;
};

/* ---- topics -------------------------------------------------------------- */

static void
topic_of(struct str *out, const struct place *p, const char *rest)
{
	str_init(out, ROOT_BYTES);
	str_printf(out, "%s/%s", p->ch->name, rest);
}

static void
member_topic(struct str *out, const struct place *p, const char *name)
{
	topic_of(out, p, "members/");
	level_encode(out, name);
}

/* What stands behind ROOT/ and prefix; NULL: it is another topic. */
static const char *
behind(const struct place *p, const char *topic, const char *prefix)
{
	size_t root = strlen(p->ch->name);
	size_t len = strlen(prefix);

	if (strncmp(topic, p->ch->name, root) != 0 || topic[root] != '/' ||
	    strncmp(topic + root + 1, prefix, len) != 0)
		return NULL;
	return topic + root + 1 + len;
}

/* Without waiting for it: what is retained is set anew at the next chance. */
static void
publish_retained(struct place *p, const char *topic, const char *text,
		 const char *type)
{
	const char *why = NULL;
	const struct outgoing g = {
		.topic = topic,
		.payload = text,
		.len = strlen(text),
		.qos = 1,
		.retain = true,
		.content_type = type,
	};

	if (!mqtt_publish(p->q, &g, NULL, NULL, &why))
		log_trace(p->where, "not published: %s", why);
}

/* ---- what is said elsewhere ---------------------------------------------- */

static bool
publish_event(struct place *p, const struct event *ev, const struct envelope *e,
	      struct delivery *d, const char **why)
{
	AUTO_STR topic = { 0 };
	AUTO_STR text = { 0 };
	struct outgoing g = {
		.qos = 1,
		.content_type = TYPE,
		.correlation = e->id,
		.id = e->id,
		.origin = e->origin,
	};

	topic_of(&topic, p, "event");
	str_init(&text, ENVELOPE_MAX);
	envelope_write(&text, ev, e);
	if (str_overflowed(&text)) {
		*why = "it is too long";
		return false;
	}
	g.topic = topic.data;
	g.payload = text.data;
	g.len = text.len;
	return mqtt_publish(p->q, &g, d, NULL, why);
}

void
chat_send(struct place *p, struct delivery *d)
{
	const struct event *ev = d->event;
	const struct envelope e = {
		.id = d->id,
		.target = d->target,
		.parent = d->parent,
		.network = d->network,
		.origin = d->origin,
		.name = d->speaker ? d->speaker->name : NULL,
	};
	const char *why = NULL;
	AUTO_STR topic = { 0 };

	if (ev->kind == EVENT_TOPIC) {
		topic_of(&topic, p, "subject");
		publish_retained(p, topic.data, ev->text.utf8, "text/plain");
	}
	if (!publish_event(p, ev, &e, d, &why))
		bridge_refused(d, why);
}

/* ---- what is published to be said ---------------------------------------- */

/* Who says it: the name is the last level, which the broker can guard. */
static void
set_speaker(struct place *p, struct event *ev, const char *level)
{
	AUTO_STR name = { 0 };
	AUTO_STR id = { 0 };

	str_init(&name, 4 * NAME_BYTES);
	str_init(&id, 4 * NAME_BYTES + 10);
	line_add_data(&name, level, strlen(level), NAME_BYTES);
	if (!name.len)
		str_add(&name, NOBODY);
	str_printf(&id, "send/%s", name.data);
	place_speaker(p, ev, id.data, name.data);
}

/* Others must be able to refer to it. */
static void
set_id(struct place *p, struct event *ev, const struct incoming *t)
{
	char id[40];

	if (t->id && *t->id && !ev->id && utf8_valid(t->id, strlen(t->id)) &&
	    strlen(t->id) <= EVENT_ID_MAX)
		ev->key = ev->id = event_strdup(ev, t->id);
	if (ev->id)
		return;
	(void)snprintf(id, sizeof(id), "m-%016" PRIx64,
		       loop_random(p->q->loop));
	ev->id = event_strdup(ev, id);
}

static void
take_send(struct place *p, const char *rest, const struct incoming *t)
{
	const char *name = NULL, *why = NULL;
	struct event *ev;

	if (t->retained || (*rest && *rest != '/'))
		return;
	ev = envelope_read(t->payload, t->len, &name, &why);
	if (!ev) {
		log_peer(p->where, "what was published to be said was not: %s",
			 why);
		return;
	}
	if (t->origin && !ev->origin)
		(void)origin_read(ev, t->origin);
	set_id(p, ev, t);
	set_speaker(p, ev, *rest ? rest + 1 : "");
	place_raise(p, ev, t);
}

void
chat_accepted(struct place *p, const struct event *ev)
{
	const struct envelope e = {
		.id = ev->id,
		.target = ev->target,
		.parent = ev->parent,
		.network = p->q->net.name,
	};
	const char *why = NULL;
	AUTO_STR topic = { 0 };

	if (ev->kind == EVENT_TOPIC) {
		topic_of(&topic, p, "subject");
		publish_retained(p, topic.data, ev->text.utf8, "text/plain");
	}
	if (!publish_event(p, ev, &e, NULL, &why))
		log_peer(p->where, "not shown under event: %s", why);
}

/* Whoever published it reads event, if anything. */
void
chat_bounce(struct place *p, const struct event *ev, const char *why)
{
	struct event *notice = event_make(EVENT_MESSAGE);
	const struct envelope e = { .target = ev->id,
				    .network = p->q->net.name };
	const char *wrong = NULL;
	AUTO_STR text = { 0 };

	str_init(&text, 1000);
	str_printf(&text, "Not delivered: %s", why);
	notice->flags = EVENT_NOTICE;
	notice->when_ms = loop_wall_ms(p->q->loop);
	event_set_sender(notice, p->q->net.name, p->q->net.name);
	event_set_text(notice, text.data);
	if (!publish_event(p, notice, &e, NULL, &wrong))
		log_peer(p->where, "nobody could be told: %s", wrong);
	event_unref(notice);
}

/* ---- who is there -------------------------------------------------------- */

static void
member_show(struct place *p, const struct member *m)
{
	const struct puppet *puppet = m->o->puppet;
	AUTO_STR text = { 0 };

	str_init(&text, ENVELOPE_MAX);
	envelope_member(&text, puppet->origin, m->name, puppet->show,
			puppet->status);
	publish_retained(p, m->topic, text.data, MEMBER_TYPE);
}

static void
member_free(struct chat *c, struct member *m)
{
	HASH_DEL(c->members, m);
	free(m->name);
	free(m->topic);
	free(m);
}

/* The name that is wanted, or the next that nobody has. */
static void
free_name(struct str *out, struct chat *c, const char *want)
{
	struct member *m;

	str_init(out, 4 * NAME_BYTES);
	for (unsigned i = 1; i < NAME_TRIES; i++) {
		str_clear(out);
		line_add_data(out, want, strlen(want), NAME_BYTES);
		if (i > 1)
			str_printf(out, " (%u)", i);
		HASH_FIND_STR(c->members, out->data, m);
		if (out->len && !m)
			return;
	}
}

static struct member *
member_of(struct chat *c, const struct occupant *o)
{
	struct member *m, *tmp;

	HASH_ITER(hh, c->members, m, tmp)
	if (m->o == o)
		return m;
	return NULL;
}

static struct member *
member_new(struct place *p, const struct occupant *o)
{
	struct member *m = xcalloc(1, sizeof(*m));
	struct chat *c = p->chat;
	struct stale *s;
	AUTO_STR name = { 0 };
	AUTO_STR topic = { 0 };

	free_name(&name, c, o->want);
	member_topic(&topic, p, name.data);
	m->name = str_take(&name);
	m->topic = str_take(&topic);
	m->o = o;
	HASH_ADD_KEYPTR(hh, c->members, m->name, strlen(m->name), m);
	HASH_FIND_STR(c->stale, m->topic, s);
	if (s) {
		HASH_DEL(c->stale, s);
		free(s->topic);
		free(s);
	}
	member_show(p, m);
	return m;
}

void
chat_puppet_join(struct place *p, struct occupant *o)
{
	bridge_puppet_joined(o, member_new(p, o)->name);
}

void
chat_puppet_leave(struct place *p, struct occupant *o)
{
	struct member *m = p && p->chat ? member_of(p->chat, o) : NULL;

	if (!m)
		return;
	publish_retained(p, m->topic, "", NULL);
	member_free(p->chat, m);
}

void
chat_puppet_update(struct place *p, struct occupant *o, unsigned changes)
{
	struct member *m = member_of(p->chat, o);

	if (!m)
		return;
	if ((changes & PUPPET_NAME) && strcmp(m->name, o->want) != 0) {
		chat_puppet_leave(p, o);
		m = member_new(p, o);
		bridge_puppet_renamed(o, m->name);
	} else if (changes & PUPPET_STATUS) {
		member_show(p, m);
	}
}

/* Of an earlier run, which may have ended without a goodbye. */
static void
take_member(struct place *p, const struct incoming *t)
{
	struct chat *c = p->chat;
	struct member *m, *tmp;
	struct stale *s;

	if (!t->retained || !t->len || HASH_COUNT(c->stale) >= STALE_MAX)
		return;
	HASH_ITER(hh, c->members, m, tmp)
	if (strcmp(m->topic, t->topic) == 0)
		return;
	HASH_FIND_STR(c->stale, t->topic, s);
	if (s)
		return;
	s = xcalloc(1, sizeof(*s));
	s->topic = xstrdup(t->topic);
	HASH_ADD_KEYPTR(hh, c->stale, s->topic, strlen(s->topic), s);
}

static void
drop_stale(struct place *p, bool publish)
{
	struct stale *s, *tmp;

	HASH_ITER(hh, p->chat->stale, s, tmp)
	{
		if (publish)
			publish_retained(p, s->topic, "", NULL);
		HASH_DEL(p->chat->stale, s);
		free(s->topic);
		free(s);
	}
}

static void
on_stale(void *arg)
{
	drop_stale(arg, true);
}

/* ---- its life ------------------------------------------------------------ */

void
chat_take(struct place *p, const struct incoming *t)
{
	const char *rest = behind(p, t->topic, "send");

	if (rest)
		take_send(p, rest, t);
	else if (behind(p, t->topic, "members/"))
		take_member(p, t);
}

void
chat_open(struct place *p)
{
	static const char *const filters[] = { "send", "send/+", "members/+" };

	if (!p->chat)
		p->chat = xcalloc(1, sizeof(*p->chat));
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		AUTO_STR filter = { 0 };

		topic_of(&filter, p, filters[i]);
		(void)place_tap(p, filter.data);
	}
}

void
chat_joined(struct place *p)
{
	timer_start(&p->chat->timer, p->q->loop, STALE_MS, on_stale, p);
}

void
chat_lost(struct place *p)
{
	struct member *m, *tmp;

	if (!p->chat)
		return;
	timer_stop(&p->chat->timer);
	drop_stale(p, false);
	HASH_ITER(hh, p->chat->members, m, tmp)
	member_free(p->chat, m);
}

void
chat_free(struct place *p)
{
	chat_lost(p);
	free(p->chat);
	p->chat = NULL;
}
