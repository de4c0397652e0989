/* SPDX-License-Identifier: MIT */
/*
 * rooms.c - entering rooms, and who is in them.
 *
 * Entering is two calls: join, which tells the id behind an alias, and the
 * whole state, which tells who is there, the topic, and whether the room is
 * encrypted. From then on the homeserver tells every change.
 */

#include "protocols/matrix/content.h"
#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define SWEEP_MS (10 * 60 * 1000)
#define MOVES_MAX 10   /* upgrades, one after the other */
#define NAME_SHOWN 255 /* bytes of a display name */

/* ---- people ------------------------------------------------------------- */

struct person *
person_find(struct mroom *room, const char *id)
{
	struct person *p;

	HASH_FIND(hh, room->people, id, strlen(id), p);
	return p;
}

static void
person_unname(struct mroom *room, struct person *p)
{
	if (p->named)
		HASH_DELETE(hh_name, room->by_name, p);
	p->named = false;
	free(p->name);
	p->name = NULL;
}

static void
person_set_name(struct mroom *room, struct person *p, const char *name)
{
	struct person *other;

	person_unname(room, p);
	p->name = xstrdup(name);
	HASH_FIND(hh_name, room->by_name, p->name, strlen(p->name), other);
	if (other)
		return;
	HASH_ADD_KEYPTR(hh_name, room->by_name, p->name, strlen(p->name), p);
	p->named = true;
}

static void
person_free(struct mroom *room, struct person *p)
{
	person_unname(room, p);
	HASH_DELETE(hh, room->people, p);
	free(p->id);
	free(p->status);
	free(p->avatar);
	free(p);
}

const char *
room_who(void *arg, const char *name, size_t n)
{
	struct mroom *room = arg;
	struct person *p;

	HASH_FIND(hh_name, room->by_name, name, n, p);
	return p ? p->id : NULL;
}

/* What people read: the display name, or what stands for it in the id. */
static void
shown_name(struct str *out, const char *id, const json_t *content)
{
	const char *name = content_string(content, "displayname");

	if (name && *name) {
		str_add_n(out, name, strnlen(name, NAME_SHOWN));
		return;
	}
	size_t len = strcspn(id + 1, ":");
	if (len)
		str_add_n(out, id + 1, len);
	else
		str_add(out, id);
}

struct event *
room_about(struct mroom *room, enum event_kind kind, const struct person *p)
{
	struct event *ev = event_make(kind);

	ev->channel = room->ch->id;
	ev->when_ms = loop_wall_ms(room->m->loop);
	ev->flags = mroom_is_hosted(room) ? EVENT_GATEWAY : 0;
	event_set_sender(ev, p->id, p->name);
	ev->sender.avatar = event_strdup(ev, p->avatar);
	return ev;
}

/* knocks: wants to be, and waits before the door. */
static void
somebody_is_here(struct mroom *room, const char *id, const json_t *content,
		 bool backlog, bool knocks)
{
	struct person *p = person_find(room, id);
	bool known = p != NULL;
	AUTO_STR name = { 0 };
	AUTO_STR avatar = { 0 };

	str_init(&name, MATRIX_ID_MAX + NAME_SHOWN);
	str_init(&avatar, 2 * MATRIX_ID_MAX + 8);
	shown_name(&name, id, content);
	if (known && !knocks)
		p->knocking = false;
	bool told = media_avatar(room->m, content_string(content, "avatar_url"),
				 &avatar);
	bool same = known && strcmp(p->name, name.data) == 0 &&
		    (!told || (p->avatar && !strcmp(p->avatar, avatar.data)));
	if (same ||
	    (!known && mroom_is_hosted(room) && !portal_admits(room, id)))
		return;
	if (!known) {
		p = xcalloc(1, sizeof(*p));
		p->id = xstrdup(id);
		p->knocking = knocks;
		HASH_ADD_KEYPTR(hh, room->people, p->id, strlen(p->id), p);
		presence_recall(room, p);
		presence_ask(room, p);
	}
	person_set_name(room, p, name.data);
	free(p->avatar);
	p->avatar = told ? xstrdup(avatar.data) : NULL;
	ghosts_avoid(room, p->name);
	struct event *ev =
		room_about(room, known ? EVENT_RENAME : EVENT_JOIN, p);
	if (backlog)
		ev->flags |= EVENT_BACKLOG;
	ev->show = p->show;
	if (!known && p->status)
		event_set_text(ev, p->status);
	bridge_event(&room->m->net, ev);
	if (!known && !backlog && mroom_is_hosted(room))
		door_passed(room, p);
}

/* By what name people know who did that. */
static const char *
name_of(struct mroom *room, const char *id)
{
	const struct person *p = person_find(room, id);

	return p ? p->name : id;
}

static void
somebody_left(struct mroom *room, const char *id, const json_t *whole)
{
	const json_t *content = content_object(whole, "content");
	const char *by = content_string(whole, "sender");
	const char *reason = content_string(content, "reason");
	const char *how = content_string(content, "membership");
	struct person *p = person_find(room, id);

	if (!p)
		return;
	if (p->put_before && by && strcmp(by, room->m->bot) == 0) {
		p->put_before = false; /* and waits to be called in */
		return;
	}
	struct event *ev = room_about(room, EVENT_PART, p);
	ev->part = PART_LEFT;
	if (by && strcmp(by, id) != 0) {
		ev->part = strcmp(how, "ban") == 0 ? PART_BANNED : PART_KICKED;
		ev->actor = event_strdup(ev, name_of(room, by));
	}
	event_set_text(ev, reason ? reason : "");
	bridge_event(&room->m->net, ev);
	person_free(room, p);
	door_left(room);
}

/* ---- membership --------------------------------------------------------- */

static void
we_were_removed(struct mroom *room, const json_t *whole)
{
	const char *by = content_string(whole, "sender");
	AUTO_STR why = { 0 };

	if (by && strcmp(by, room->m->bot) == 0)
		return; /* the echo of our leaving */
	str_init(&why, 512);
	str_printf(&why, "removed by %.255s; to have us back, invite %.255s",
		   by ? by : "somebody", room->m->bot);
	mroom_lost(room, DOWN_REFUSED, why.data);
}

static void
one_of_ours(struct mroom *room, const char *id, const json_t *whole,
	    bool joined, bool backlog)
{
	const json_t *content = content_object(whole, "content");
	const char *by = content_string(whole, "sender");
	const char *reason = content_string(content, "reason");
	AUTO_STR why = { 0 };

	if (strcmp(id, room->m->bot) == 0) {
		if (!joined && room->joined)
			we_were_removed(room, whole);
		return;
	}
	if (joined) {
		ghost_seen(room, id, content_string(content, "displayname"),
			   backlog);
		return;
	}
	bool kicked = by && !matrix_is_us(room->m, by);
	str_init(&why, 1024);
	if (kicked) {
		str_printf(&why, "removed by %s", name_of(room, by));
		if (reason && *reason)
			str_printf(&why, ": %s", reason);
	}
	ghost_removed(room, id, kicked, why.data);
}

void
room_member(struct mroom *room, const json_t *whole, bool backlog)
{
	const char *id = content_string(whole, "state_key");
	const json_t *content = content_object(whole, "content");
	const char *how = content_string(content, "membership");
	bool joined = how && strcmp(how, "join") == 0;
	bool knocks = how && strcmp(how, "knock") == 0 && mroom_is_hosted(room);
	bool gone =
		how && (strcmp(how, "leave") == 0 || strcmp(how, "ban") == 0);

	if (!id || !matrix_id_is(id, '@') || (!joined && !gone && !knocks) ||
	    (backlog && gone))
		return;
	if (knocks && matrix_is_us(room->m, id))
		return;
	if (matrix_is_us(room->m, id))
		one_of_ours(room, id, whole, joined, backlog);
	else if (joined || knocks)
		somebody_is_here(room, id, content, backlog, knocks);
	else
		somebody_left(room, id, whole);
}

/* ---- a room's life ------------------------------------------------------ */

bool
mroom_is_hosted(const struct mroom *room)
{
	return room->ch->kind == CHANNEL_HOSTED;
}

struct mroom *
mroom_find(struct matrix *m, const char *id)
{
	struct mroom *room;

	HASH_FIND(hh_id, m->by_id, id, strlen(id), room);
	return room;
}

static struct mroom *
of_channel(struct matrix *m, const struct channel *ch)
{
	struct mroom *room;

	HASH_FIND(hh, m->rooms, &ch->id, sizeof(ch->id), room);
	return room;
}

static void
mroom_free(struct mroom *room)
{
	struct matrix *m = room->m;
	struct person *p, *next;

	hs_cancel(m->hs, room);
	timer_stop(&room->sweep);
	horizon_drop(&room->horizon);
	door_drop(room);
	words_drop(room);
	seats_drop(room);
	HASH_ITER(hh, room->people, p, next)
	person_free(room, p);
	if (room->id)
		HASH_DELETE(hh_id, m->by_id, room);
	HASH_DELETE(hh, m->rooms, room);
	room->ch->data = NULL;
	free(room->moved_from);
	free(room->id);
	free(room->bookmark.token);
	free(room);
}

void
mrooms_drop(struct matrix *m)
{
	while (m->rooms)
		mroom_free(m->rooms);
}

void
room_not_outside(struct matrix *m, const struct channel *ch)
{
	struct outside *o, *next;

	DL_FOREACH_SAFE(m->outside, o, next)
	{
		if (ch && o->ch != ch)
			continue;
		DL_DELETE(m->outside, o);
		free(o);
	}
}

void
rooms_forget(struct matrix *m)
{
	room_not_outside(m, NULL);
}

void
rooms_invited(struct matrix *m)
{
	struct outside *o;

	DL_FOREACH(m->outside, o)
	bridge_welcome(o->ch);
}

static void
note_outside(struct matrix *m, struct channel *ch)
{
	struct outside *o = xcalloc(1, sizeof(*o));

	o->ch = ch;
	DL_APPEND(m->outside, o);
}

void
mroom_lost(struct mroom *room, enum down_reason why, const char *text)
{
	struct channel *ch = room->ch;
	struct matrix *m = room->m;

	mroom_free(room);
	note_outside(m, ch);
	bridge_left(ch, why, text);
	matrix_room_settled(m);
}

void
mroom_refuse_encrypted(struct mroom *room)
{
	struct matrix *m = room->m;

	if (!m->told_encrypted || strcmp(m->told_encrypted, room->id) != 0) {
		matrix_say(m, room->id, NULL, NULL,
			   "This room is encrypted, and a bridge cannot read "
			   "what is said in it. Nothing is relayed. Encryption "
			   "cannot be turned off: please use a room without.");
		free(m->told_encrypted);
		m->told_encrypted = xstrdup(room->id);
	}
	mroom_lost(room, DOWN_REFUSED,
		   "it is encrypted, and the bridge cannot read it");
}

struct mroom *
mroom_direct(struct matrix *m, struct channel *ch)
{
	struct mroom *room = xcalloc(1, sizeof(*room));

	room->m = m;
	room->ch = ch;
	ch->data = room;
	HASH_ADD_KEYPTR(hh, m->rooms, &ch->id, sizeof(ch->id), room);
	return room;
}

/* ---- entering ----------------------------------------------------------- */

static void
on_sweep(void *arg)
{
	seats_sweep(arg);
}

/* The state event of that type, with an empty key; or NULL. */
static const json_t *
state_of(const json_t *state, const char *type)
{
	const json_t *ev;
	size_t i;

	json_array_foreach (state, i, ev) {
		const char *found = content_string(ev, "type");
		const char *key = content_string(ev, "state_key");

		if (found && key && !*key && strcmp(found, type) == 0)
			return ev;
	}
	return NULL;
}

/* How it was before we came. whole: the state event, or NULL. */
static void
raise_state(struct mroom *room, const json_t *whole, enum event_kind kind)
{
	struct matrix *m = room->m;
	const char *why;
	struct event *ev = whole ? content_to_event(whole, &why) : NULL;

	if (!ev)
		ev = event_make(kind);
	media_heard(m, ev);
	ev->channel = room->ch->id;
	ev->flags |= EVENT_BACKLOG;
	if (ev->when_ms <= 0)
		ev->when_ms = loop_wall_ms(m->loop);
	event_set_sender(ev, m->bot, room->ch->name);
	bridge_event(&m->net, ev);
}

/* Its topic, name and picture. A room of ours has those that we gave it. */
static void
take_looks(struct mroom *room, const json_t *state)
{
	const json_t *topic = state_of(state, "m.room.topic");
	const json_t *name = state_of(state, "m.room.name");
	const json_t *picture = state_of(state, "m.room.avatar");

	if (topic)
		raise_state(room, topic, EVENT_TOPIC);
	room->named_ms = content_number(name, "origin_server_ts", 0);
	room->pictured_ms = content_number(picture, "origin_server_ts", 0);
	if (mroom_is_hosted(room))
		return;
	raise_state(room, name, EVENT_NAME);
	if (bridge_media(&room->m->net))
		raise_state(room, picture, EVENT_PICTURE);
}

static void
take_state(struct mroom *room, const json_t *state)
{
	const json_t *ev;
	size_t i;

	json_array_foreach (state, i, ev) {
		const char *type = content_string(ev, "type");

		if (!type)
			continue;
		if (strcmp(type, "m.room.member") == 0) {
			door_left_open(room, ev);
			room_member(room, ev, true);
		} else if (strcmp(type, "m.room.encryption") == 0) {
			room->encrypted = true;
		}
	}
	if (!room->encrypted)
		take_looks(room, state);
}

/*
 * A room that was upgraded says which one has taken its place. Who may say so
 * is decided by the homeserver; that one has to say it, too.
 */
static bool
follow(struct mroom *room, const json_t *state)
{
	const json_t *tombstone = state_of(state, "m.room.tombstone");
	const char *to = content_string(content_object(tombstone, "content"),
					"replacement_room");
	const char *by = content_string(tombstone, "sender");

	if (!to || *to != '!' || room->moves >= MOVES_MAX)
		return false;
	log_info(room->m->net.name, "the room %s was replaced by %.255s",
		 room->id, to);
	HASH_DELETE(hh_id, room->m->by_id, room);
	free(room->moved_from);
	room->moved_from = room->id;
	room->id = NULL;
	room->moves++;
	room_enter(room, to, by ? matrix_id_server(by) : "");
	return true;
}

static bool
is_impostor(const struct mroom *room, const json_t *state)
{
	const json_t *create =
		content_object(state_of(state, "m.room.create"), "content");
	const char *from = content_string(content_object(create, "predecessor"),
					  "room_id");

	return room->moved_from &&
	       (!from || strcmp(from, room->moved_from) != 0);
}

static void
on_state(void *arg, const struct hs_answer *answer)
{
	struct mroom *room = arg;
	struct matrix *m = room->m;

	if (!answer->status) {
		matrix_lost(m, answer);
		return;
	}
	if (!hs_good(answer)) {
		mroom_lost(room, DOWN_UNREACHABLE, answer->why);
		return;
	}
	if (!json_is_array(answer->json)) {
		mroom_lost(room, DOWN_UNREACHABLE,
			   "the homeserver was asked who is in the room, and "
			   "answered nonsense");
		return;
	}
	if (is_impostor(room, answer->json)) {
		mroom_lost(room, DOWN_REFUSED,
			   "the room that is said to replace it does not say "
			   "so itself");
		return;
	}
	if (follow(room, answer->json))
		return;
	take_state(room, answer->json);
	if (room->encrypted) {
		mroom_refuse_encrypted(room);
		return;
	}
	room->joining = false;
	room->joined = true;
	timer_start(&room->sweep, m->loop, SWEEP_MS, on_sweep, room);
	bridge_joined(room->ch);
	if (mroom_is_hosted(room)) {
		door_found(room, state_of(answer->json, "m.room.join_rules"));
		portal_joined(room);
	}
	matrix_room_settled(m);
}

void
room_not_entered(struct mroom *room, const struct hs_answer *answer)
{
	AUTO_STR why = { 0 };

	str_init(&why, 1024);
	room->ch->refusal = answer->status == 403   ? REFUSAL_INVITED_ONLY
			    : answer->status == 404 ? REFUSAL_NO_CHANNEL
						    : REFUSAL_OTHER;
	if (answer->status == 403)
		str_printf(&why, "%s; invite %s into the room", answer->why,
			   room->m->bot);
	else if (answer->status == 404)
		str_printf(&why, "%s; is \"%s\" right?", answer->why,
			   room->ch->name);
	else
		str_add(&why, answer->why);
	mroom_lost(room,
		   answer->status >= 400 && answer->status < 500
			   ? DOWN_REFUSED
			   : DOWN_UNREACHABLE,
		   why.data);
}

static void
on_entered(void *arg, const struct hs_answer *answer)
{
	struct mroom *room = arg;
	const char *id = content_string(answer->json, "room_id");
	const struct mroom *other;
	AUTO_STR path = { 0 };
	AUTO_STR why = { 0 };

	if (!answer->status || answer->status == 401) {
		matrix_lost(room->m, answer);
		return;
	}
	if (!hs_good(answer) || !id) {
		room_not_entered(room, answer);
		return;
	}
	other = mroom_find(room->m, id);
	if (other) {
		str_init(&why, 2 * MATRIX_ID_MAX);
		str_printf(&why,
			   "the bridge is in that room already, under the "
			   "name %s; please use that",
			   other->ch->name);
		mroom_lost(room, DOWN_REFUSED, why.data);
		return;
	}
	room->id = xstrdup(id);
	HASH_ADD_KEYPTR(hh_id, room->m->by_id, room->id, strlen(room->id),
			room);
	matrix_room_path(&path, id, "state");
	hs_call(room->m->hs,
		&(struct hs_call){ "GET", path.data, NULL, on_state, room });
}

void
room_enter(struct mroom *room, const char *name, const char *server)
{
	AUTO_STR path = { 0 };

	str_init(&path, PATH_MAX_BYTES);
	str_add(&path, "/v3/join/");
	matrix_path_add(&path, name);
	if (*server) {
		str_add(&path, "?server_name=");
		matrix_path_add(&path, server);
	}
	hs_call(room->m->hs,
		&(struct hs_call){ "POST", path.data, json_object(), on_entered,
				   room });
}

void
room_join(struct network *net, struct channel *ch)
{
	struct matrix *m = matrix_from(net);
	struct mroom *room = xcalloc(1, sizeof(*room));

	room->m = m;
	room->ch = ch;
	room->joining = true;
	room_not_outside(m, ch);
	ch->data = room;
	HASH_ADD_KEYPTR(hh, m->rooms, &ch->id, sizeof(ch->id), room);
	if (mroom_is_hosted(room))
		portal_make(room);
	else
		room_enter(room, ch->name, matrix_id_server(ch->name));
}

void
room_leave(struct network *net, struct channel *ch)
{
	struct matrix *m = matrix_from(net);
	struct mroom *room = of_channel(m, ch);
	AUTO_STR path = { 0 };

	if (!room)
		return;
	if (room->id && mroom_is_hosted(room)) {
		portal_close(room);
	} else if (room->id) {
		matrix_room_path(&path, room->id, "leave");
		hs_call(m->hs, &(struct hs_call){ "POST", path.data,
						  json_object(), NULL, m });
	}
	mroom_free(room);
}
