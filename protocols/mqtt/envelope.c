/* SPDX-License-Identifier: MIT */
/* envelope.c - events as JSON; see envelope.h. */

#include "protocols/mqtt/envelope.h"

#include "bridge/base.h"
#include "bridge/origin.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "protocols/mqtt/payload.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

DEFINE_AUTO(json, json_t *, json_decref)

struct kind {
	const char *name;
	enum event_kind kind;
	unsigned flags;
};

static const struct kind kinds[] = {
	{ "text", EVENT_MESSAGE, 0 },
	{ "emote", EVENT_MESSAGE, EVENT_ACTION },
	{ "notice", EVENT_MESSAGE, EVENT_NOTICE },
	{ "edit", EVENT_EDIT, 0 },
	{ "retract", EVENT_REDACTION, 0 },
	{ "react", EVENT_REACTION, 0 },
	{ "unreact", EVENT_REACTION, EVENT_REMOVED },
	{ "subject", EVENT_TOPIC, 0 },
};

/* ---- writing ----------------------------------------------------------- */

static const char *
kind_name(const struct event *ev)
{
	unsigned flags =
		ev->flags & (EVENT_ACTION | EVENT_NOTICE | EVENT_REMOVED);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].kind == ev->kind && kinds[i].flags == flags)
			return kinds[i].name;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].kind == ev->kind)
			return kinds[i].name;
	return "text";
}

/* Steals nothing; text NULL is left out. */
static void
put(json_t *object, const char *key, const char *text)
{
	if (text)
		(void)json_object_set_new(object, key, json_string(text));
}

/* What is not known is negative, and left out. */
static void
put_number(json_t *object, const char *key, int64_t n)
{
	if (n >= 0)
		(void)json_object_set_new(object, key, json_integer(n));
}

static void
put_time(json_t *object, int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	char day[40];
	char text[64];
	struct tm tm;

	if (wall_ms <= 0 || !gmtime_r(&seconds, &tm))
		return;
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(text, sizeof(text), "%s.%03dZ", day,
		       (int)(wall_ms % 1000));
	put(object, "ts", text);
}

static void
put_files(json_t *object, const struct event *ev)
{
	json_t *list = ev->n_attachments ? json_array() : NULL;

	for (size_t i = 0; i < ev->n_attachments; i++) {
		const struct attachment *a = &ev->attachments[i];
		json_t *file = json_object();

		put(file, "url", a->url);
		put(file, "name", a->name);
		put(file, "mime", a->mime);
		put_number(file, "size", a->size);
		put_number(file, "width", a->width ? (int64_t)a->width : -1);
		put_number(file, "height", a->height ? (int64_t)a->height : -1);
		(void)json_array_append_new(list, file);
	}
	if (list)
		(void)json_object_set_new(object, "media", list);
}

static void
dump_to(struct str *out, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	str_add(out, text ? text : "");
	free(text);
}

void
envelope_write(struct str *out, const struct event *ev,
	       const struct envelope *e)
{
	AUTO(json) object = json_object();
	json_t *from = json_object();
	const char *target = ev->kind == EVENT_EDIT ? "replaces" : "target";

	(void)json_object_set_new(object, "v", json_integer(1));
	put(object, "id", e->id);
	put(object, "kind", kind_name(ev));
	put_time(object, ev->when_ms);
	put(from, "id", ev->sender.id);
	put(from, "network", e->network);
	put(from, "name", e->name ? e->name : ev->sender.name);
	(void)json_object_set_new(object, "from", from);
	if (ev->kind == EVENT_REACTION)
		put(object, "mark", ev->mark);
	else
		put(object, "text", ev->text.utf8);
	put(object, target, e->target);
	put(object, "reply_to", e->parent);
	put_files(object, ev);
	put(object, "origin", e->origin);
	dump_to(out, object);
}

void
envelope_member(struct str *out, const char *network, const char *name,
		enum presence_show show, const char *status)
{
	static const char *const shows[] = {
		[SHOW_ONLINE] = "online",
		[SHOW_AWAY] = "away",
		[SHOW_XA] = "xa",
		[SHOW_DND] = "dnd",
	};
	AUTO(json) object = json_object();

	put(object, "name", name);
	put(object, "network", network);
	put(object, "show", shows[show]);
	put(object, "status", status);
	dump_to(out, object);
}

/* ---- reading ----------------------------------------------------------- */

static const char *
get(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* An id as we may hand it on; NULL if it is none. */
static const char *
get_id(const json_t *object, const char *key)
{
	const char *id = get(object, key);

	return id && *id && strlen(id) <= EVENT_ID_MAX ? id : NULL;
}

static const struct kind *
find_kind(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!name || strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static const char *
fill(struct event *ev, const json_t *object)
{
	const char *text = get(object, "text");
	const char *target = get_id(object, "replaces");
	const char *mark = get(object, "mark");
	const char *origin = get(object, "origin");

	if (!target)
		target = get_id(object, "target");
	ev->id = event_strdup(ev, get_id(object, "id"));
	ev->key = ev->id;
	ev->parent = event_strdup(ev, get_id(object, "reply_to"));
	if (ev->kind != EVENT_MESSAGE && ev->kind != EVENT_TOPIC)
		ev->target = event_strdup(ev, target);
	if (origin)
		(void)origin_read(ev, origin);
	event_set_text(ev, text && ev->kind != EVENT_REACTION ? text : "");
	if (ev->kind == EVENT_REACTION) {
		if (!mark || !*mark || strlen(mark) > 64)
			return "a reaction needs a \"mark\"";
		ev->mark = event_strdup(ev, mark);
	}
	if (!ev->target && ev->kind != EVENT_MESSAGE && ev->kind != EVENT_TOPIC)
		return "it names no message: \"target\"";
	if (!ev->text.len &&
	    (ev->kind == EVENT_MESSAGE || ev->kind == EVENT_EDIT))
		return "it has no \"text\"";
	return NULL;
}

static struct event *
read_object(const json_t *object, const char **name, const char **why)
{
	const struct kind *kind = find_kind(get(object, "kind"));
	const char *from = get(json_object_get(object, "from"), "name");

	if (!kind) {
		*why = "its \"kind\" is unknown";
		return NULL;
	}

	struct event *ev = event_make(kind->kind);

	ev->flags = kind->flags;
	*why = fill(ev, object);
	if (*why) {
		event_unref(ev);
		return NULL;
	}
	if (from && *from && strlen(from) <= 100)
		*name = event_strdup(ev, from);
	return ev;
}

struct event *
envelope_read(const void *bytes, size_t len, const char **name,
	      const char **why)
{
	struct payload p;
	struct event *ev = NULL;

	*name = NULL;
	*why = NULL;
	payload_read(&p, bytes, len, CONF_PAYLOAD_AUTO);
	if (p.kind == PAYLOAD_JSON && json_is_object(p.json)) {
		ev = read_object(p.json, name, why);
	} else if (p.kind == PAYLOAD_BINARY) {
		*why = "it is not text";
	} else if (p.kind == PAYLOAD_LARGE) {
		*why = "it is too long";
	} else if (len) {
		ev = event_make(EVENT_MESSAGE);
		event_set_text_n(ev, p.bytes, p.len);
	} else {
		*why = "it is empty";
	}
	payload_finish(&p);
	if (ev && event_is_durable(ev) && ev->kind == EVENT_MESSAGE &&
	    !ev->text.len) {
		event_unref(ev);
		*why = "it is empty";
		return NULL;
	}
	return ev;
}
