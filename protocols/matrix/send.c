/* SPDX-License-Identifier: MIT */
/*
 * send.c - deliveries: one under way in each room, so that they arrive in
 * order. The answer, with the event's id, is the confirmation.
 *
 * The id of the transaction is the delivery's, and the same at every attempt:
 * the homeserver answers what it has already with the id that it gave it
 * then, also after a restart, because the puppet says from which device.
 */

#include "protocols/matrix/content.h"
#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define RETRY_MS 5000
#define LATE_MS 3000 /* that a delivery may take */

/* ---- words -------------------------------------------------------------- */

static struct delivery *
word_free(struct word *w)
{
	struct delivery *d = w->d;

	hs_cancel(w->room->m->hs, w);
	media_unpack(w);
	DL_DELETE(w->room->words, w);
	d->data = NULL;
	free(w->found);
	free(w->place);
	free(w);
	return d;
}

void
words_drop(struct mroom *room)
{
	while (room->words)
		(void)word_free(room->words);
}

static void
next(struct mroom *room)
{
	if (room->words)
		word_launch(room->words);
}

static struct seat *
seat_of(const struct word *w)
{
	return w->d->speaker ? w->d->speaker->data : NULL;
}

static bool
is_about_room(const struct event *ev)
{
	return ev->kind == EVENT_NAME || ev->kind == EVENT_PICTURE;
}

/* Clocks may differ: what is said in this minute is not outdated by it. */
#define CLOCKS_MS 60000

static void
note_set(struct mroom *room, enum event_kind kind)
{
	int64_t now = loop_wall_ms(room->m->loop) - CLOCKS_MS;
	int64_t *known =
		kind == EVENT_NAME ? &room->named_ms : &room->pictured_ms;

	if (*known < now)
		*known = now;
}

/* A state event: of a picture its name for the media room, not the event's. */
static void
word_set(struct word *w)
{
	struct mroom *room = w->room;
	const struct content_file *file = media_of(w);
	enum event_kind kind = w->d->event->kind;
	AUTO_STR item = { 0 };
	const char *id = NULL;

	str_init(&item, 2 * MATRIX_ID_MAX + 8);
	if (kind == EVENT_PICTURE && file &&
	    media_avatar(room->m, file->mxc, &item))
		id = item.data;
	note_set(room, kind);
	room->denied = false;
	bridge_sent(word_free(w), &id, id ? 1 : 0);
	next(room);
}

static void
word_sent(struct word *w, const char *id)
{
	struct mroom *room = w->room;
	const struct seat *s = seat_of(w);

	private_said(w);
	if (s)
		presence_spoke(s->ghost);
	bridge_sent(word_free(w), &id, id ? 1 : 0);
	next(room);
}

static void
word_refused(struct word *w, const char *why)
{
	struct mroom *room = w->room;

	bridge_refused(word_free(w), why);
	next(room);
}

/* It, and all behind it. */
static void
give_back(struct mroom *room, const char *why)
{
	while (room->words)
		bridge_later(word_free(room->words), RETRY_MS, why);
}

/* The room it is for. */
static const char *
place_of(const struct word *w)
{
	return w->place ? w->place : w->room->id;
}

/* ---- who speaks --------------------------------------------------------- */

/*
 * As whom. The bot is named, too: Synapse 1.160 answers 500 if an application
 * service says from which device, and not as whom.
 */
const char *
word_voice(const struct word *w)
{
	const struct seat *s = w->as_bot ? NULL : seat_of(w);

	return s ? s->ghost->id : w->room->m->bot;
}

static const char *
device(const struct word *w)
{
	const struct seat *s = w->as_bot ? NULL : seat_of(w);

	if (w->no_device || (s ? s->ghost->no_device : w->room->m->no_device))
		return NULL;
	return DEVICE;
}

/* ---- what comes of it --------------------------------------------------- */

/* What the puppet may not do, the bot may. */
static bool
bot_may_try(const struct word *w)
{
	enum event_kind kind = w->d->event->kind;

	return !w->as_bot && w->d->speaker &&
	       (kind == EVENT_TOPIC || kind == EVENT_REDACTION);
}

static bool
is_unknown_device(const struct hs_answer *answer)
{
	return strstr(answer->errcode, "UNKNOWN_DEVICE") != NULL;
}

/* Logged once for each room, until one is taken. */
static void
tell_denied(const struct word *w, const char *why)
{
	struct mroom *room = w->room;

	if (!is_about_room(w->d->event) || room->denied)
		return;
	room->denied = true;
	log_info(room->m->net.name,
		 "the %s of %s stays as it is: %s; may %s change it?",
		 event_kind_name(w->d->event->kind), room->id, why,
		 room->m->bot);
}

void
word_failed(struct word *w, const struct hs_answer *answer)
{
	AUTO_STR why = { 0 };

	if (!answer->status || answer->status == 401) {
		matrix_lost(w->room->m, answer);
	} else if (is_unknown_device(answer) && !w->no_device) {
		w->no_device = true;
		word_launch(w);
	} else if (answer->status == 403 && private_again(w)) {
		return;
	} else if (answer->status == 403 && bot_may_try(w)) {
		w->as_bot = true;
		word_launch(w);
	} else if (!strcmp(answer->errcode, "M_DUPLICATE_ANNOTATION")) {
		word_sent(w, NULL);
	} else if (answer->status >= 500 || answer->status == 429) {
		log_peer(w->room->m->net.name,
			 "the homeserver could not take a %s (%ld): %s; it is "
			 "sent again",
			 event_kind_name(w->d->event->kind), answer->status,
			 answer->why);
		give_back(w->room, answer->why);
	} else {
		str_init(&why, 512);
		str_printf(&why, "the homeserver refused it: %s", answer->why);
		tell_denied(w, answer->why);
		word_refused(w, why.data);
	}
}

static void
on_answer(void *arg, const struct hs_answer *answer)
{
	struct word *w = arg;

	if (!hs_good(answer)) {
		word_failed(w, answer);
		return;
	}
	if (is_about_room(w->d->event)) {
		word_set(w);
		return;
	}
	AUTO_STR id = { 0 };
	const char *given = content_string(answer->json, "event_id");
	str_init(&id, MATRIX_ID_MAX);
	if (given)
		str_add(&id, given);
	word_sent(w, id.len ? id.data : NULL);
}

/* ---- taking back a reaction --------------------------------------------- */

static bool
is_that_reaction(const struct word *w, const json_t *ev)
{
	const char *sender = content_string(ev, "sender");
	const char *key = content_string(
		content_object(content_object(ev, "content"), "m.relates_to"),
		"key");

	return sender && key && strcmp(sender, word_voice(w)) == 0 &&
	       strcmp(key, w->d->event->mark) == 0;
}

static void
on_reactions(void *arg, const struct hs_answer *answer)
{
	struct word *w = arg;
	const json_t *chunk = json_object_get(answer->json, "chunk");
	const json_t *ev;
	size_t i;

	if (!hs_good(answer) && answer->status != 404) {
		word_failed(w, answer);
		return;
	}
	json_array_foreach (chunk, i, ev) {
		const char *id = content_string(ev, "event_id");

		if (id && is_that_reaction(w, ev)) {
			w->found = xstrdup(id);
			word_launch(w);
			return;
		}
	}
	word_sent(w, NULL); /* there is none */
}

/* Which event it was is asked of the homeserver, which knows. */
static void
find_reaction(struct word *w)
{
	AUTO_STR path = { 0 };

	str_init(&path, PATH_MAX_BYTES);
	str_add(&path, "/v1/rooms/");
	matrix_path_add(&path, place_of(w));
	str_add(&path, "/relations/");
	matrix_path_add(&path, w->d->target);
	str_add(&path, "/m.annotation/m.reaction");
	matrix_path_as(&path, word_voice(w), NULL);
	str_add(&path, "&limit=500");
	hs_call(w->room->m->hs,
		&(struct hs_call){ "GET", path.data, NULL, on_reactions, w });
}

/* ---- on the wire -------------------------------------------------------- */

/* Its time would be another one than when it was said. */
static bool
is_late(const struct word *w)
{
	const struct event *ev = w->d->event;
	int64_t age = loop_wall_ms(w->room->m->loop) - ev->when_ms;

	return ev->when_ms > 0 && (ev->flags & EVENT_LATE || age > LATE_MS);
}

static void
call(struct word *w, struct str *path, const char *method, json_t *body)
{
	const struct event *ev = w->d->event;

	matrix_path_as(path, word_voice(w), device(w));
	if (is_late(w))
		str_printf(path, "&ts=%lld", (long long)ev->when_ms);
	hs_call(w->room->m->hs,
		&(struct hs_call){ method, path->data, body, on_answer, w });
}

static void
send_redaction(struct word *w, const char *target)
{
	const struct event *ev = w->d->event;
	json_t *body = json_object();
	AUTO_STR path = { 0 };

	if (ev->kind == EVENT_REDACTION && ev->text.len)
		json_object_set_new(body, "reason",
				    json_stringn(ev->text.utf8, ev->text.len));
	matrix_room_path(&path, place_of(w), "redact/");
	matrix_path_add(&path, target);
	str_printf(&path, "/%s", w->d->id);
	call(w, &path, "PUT", body);
}

static bool
is_state(const struct event *ev)
{
	return ev->kind == EVENT_TOPIC || is_about_room(ev);
}

static void
send_content(struct word *w)
{
	const struct delivery *d = w->d;
	const struct content_form form = {
		.target = d->target,
		.parent = d->parent,
		.origin = d->origin,
		.file = media_of(w),
		.who = w->room->id ? room_who : NULL,
		.arg = w->room,
	};
	const char *type;
	json_t *content = content_from_event(d->event, &form, &type);
	AUTO_STR path = { 0 };

	if (!content) {
		word_refused(w, d->event->kind == EVENT_PICTURE
					? "it could not be fetched"
					: "Matrix has no form for it");
		return;
	}
	if (is_state(d->event)) {
		matrix_room_path(&path, place_of(w), "state/");
		str_add(&path, type);
	} else {
		matrix_room_path(&path, place_of(w), "send/");
		str_printf(&path, "%s/%s", type, d->id);
	}
	call(w, &path, "PUT", content);
}

void
word_launch(struct word *w)
{
	const struct event *ev = w->d->event;
	bool removed = ev->flags & EVENT_REMOVED;

	w->held = !door_lets(w->room);
	if (w->held || !media_is_packed(w))
		return; /* words_released() or word_packed() comes back */
	if (!place_of(w))
		private_find(w);
	else if (ev->kind == EVENT_REDACTION && w->d->target)
		send_redaction(w, w->d->target);
	else if (ev->kind == EVENT_REACTION && removed && w->found)
		send_redaction(w, w->found);
	else if (ev->kind == EVENT_REACTION && removed && w->d->target)
		find_reaction(w);
	else
		send_content(w);
}

void
words_released(struct mroom *room)
{
	if (room->words && room->words->held)
		word_launch(room->words);
}

void
word_packed(struct word *w)
{
	if (w == w->room->words)
		word_launch(w);
}

/* ---- hooks -------------------------------------------------------------- */

void
word_send(struct network *net, struct delivery *d)
{
	struct mroom *room = d->channel->data;
	struct word *w;

	if (!room)
		room = mroom_direct(matrix_from(net), d->channel);
	if (d->speaker && !d->speaker->data) {
		bridge_later(d, RETRY_MS, "the puppet has just left");
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->room = room;
	w->d = d;
	w->as_bot = is_about_room(d->event);
	d->data = w;
	bool first = !room->words;
	DL_APPEND(room->words, w);
	media_pack(w);
	if (first)
		word_launch(w);
}

void
word_bounce(struct network *net, struct channel *ch, const struct event *ev,
	    const char *why)
{
	struct matrix *m = matrix_from(net);
	struct mroom *room = ch ? ch->data : NULL;
	AUTO_STR text = { 0 };

	service_settled(m, ev);
	str_init(&text, 2048);
	str_printf(&text, "%.255s: not delivered: %.1000s", ev->sender.name,
		   why);
	if (event_is_direct(ev))
		private_bounce(m, ev, text.data);
	else if (room && room->joined)
		matrix_say(m, room->id, NULL, ev->id, text.data);
}
