/* SPDX-License-Identifier: MIT */
/*
 * direct.c - private conversations: a room for each pair of a puppet and a
 * person of the homeserver, made by whoever speaks first.
 *
 * Which rooms these are is kept in the bot's account data, so that they are
 * known after a restart; nothing is taken from the homeserver before that was
 * read. Somebody who left is invited again when there is something to say, also
 * when that was said at that moment.
 */

#include "protocols/matrix/content.h"
#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#define DATA_TYPE "causeway.direct"
#define CHATS_MAX 2000

/* One conversation. */
struct chat {
	struct matrix *m;
	char *room, *ghost, *person; /* ids */
	struct bookmark bookmark;
	bool away; /* the person has left it */
	bool typing;
	struct horizon horizon;
	int64_t said_ms;   /* when something was last said to them */
	UT_hash_handle hh; /* by room */
};

/* ---- which there are ---------------------------------------------------- */

static struct chat *
chat_of_room(struct matrix *m, const char *room)
{
	struct chat *c;

	HASH_FIND(hh, m->chats, room, strlen(room), c);
	return c;
}

static struct chat *
chat_of(struct matrix *m, const char *ghost, const char *person)
{
	struct chat *c;

	for (c = m->chats; c; c = c->hh.next)
		if (strcmp(c->ghost, ghost) == 0 &&
		    strcmp(c->person, person) == 0)
			return c;
	return NULL;
}

static void
chat_free(struct matrix *m, struct chat *c)
{
	hs_cancel(m->hs, c);
	HASH_DELETE(hh, m->chats, c);
	horizon_drop(&c->horizon);
	free(c->room);
	free(c->ghost);
	free(c->bookmark.token);
	free(c->person);
	free(c);
}

void
chats_drop(struct matrix *m)
{
	while (m->chats)
		chat_free(m, m->chats);
}

const char *
chat_person(struct matrix *m, const char *room)
{
	struct chat *c = chat_of_room(m, room);

	return c ? c->person : NULL;
}

bool *
chat_is_typing(struct matrix *m, const char *room)
{
	struct chat *c = chat_of_room(m, room);

	return c ? &c->typing : NULL;
}

struct horizon *
chat_horizon(struct matrix *m, const char *room)
{
	struct chat *c = chat_of_room(m, room);

	return c ? &c->horizon : NULL;
}

const char *
chat_place(struct matrix *m, const char *ghost, const char *person)
{
	struct chat *c = chat_of(m, ghost, person);

	return c && !c->away ? c->room : NULL;
}

/* The newest room of a pair counts. */
static struct chat *
chat_add(struct matrix *m, const char *room, const char *ghost,
	 const char *person)
{
	struct chat *c = chat_of(m, ghost, person);

	if (c)
		chat_free(m, c);
	if (HASH_COUNT(m->chats) >= CHATS_MAX)
		chat_free(m, m->chats); /* the oldest */
	c = xcalloc(1, sizeof(*c));
	c->m = m;
	c->room = xstrdup(room);
	c->ghost = xstrdup(ghost);
	c->person = xstrdup(person);
	HASH_ADD_KEYPTR(hh, m->chats, c->room, strlen(c->room), c);
	return c;
}

/* What clients call a direct chat: the puppet's side of it. */
static void
mark_direct(struct matrix *m, const char *ghost)
{
	json_t *all = json_object();
	AUTO_STR path = { 0 };

	for (const struct chat *c = m->chats; c; c = c->hh.next)
		if (strcmp(c->ghost, ghost) == 0)
			json_object_set_new(all, c->person,
					    json_pack("[s]", c->room));
	str_init(&path, PATH_MAX_BYTES);
	str_add(&path, "/v3/user/");
	matrix_path_add(&path, ghost);
	str_add(&path, "/account_data/m.direct");
	matrix_path_as(&path, ghost, NULL);
	hs_call(m->hs, &(struct hs_call){ "PUT", path.data, all, NULL, m });
}

/* ghost: whose chats have changed. */
static void
chats_save(struct matrix *m, const char *ghost)
{
	json_t *all = json_object();
	AUTO_STR path = { 0 };

	mark_direct(m, ghost);
	for (struct chat *c = m->chats; c; c = c->hh.next)
		json_object_set_new(all, c->room,
				    json_pack("[s, s]", c->ghost, c->person));
	matrix_data_path(&path, m, DATA_TYPE);
	hs_call(m->hs, &(struct hs_call){ "PUT", path.data, all, NULL, m });
}

static void
on_loaded(void *arg, const struct hs_answer *answer)
{
	struct matrix *m = arg;
	const char *room;
	json_t *pair;

	if (!answer->status) {
		matrix_lost(m, answer);
		return;
	}
	chats_drop(m);
	json_object_foreach ((json_t *)(uintptr_t)answer->json, room, pair) {
		const char *ghost = json_string_value(json_array_get(pair, 0));
		const char *person = json_string_value(json_array_get(pair, 1));

		if (ghost && person)
			(void)chat_add(m, room, ghost, person);
	}
	m->chats_known(m);
}

void
chats_load(struct matrix *m, void (*then)(struct matrix *m))
{
	AUTO_STR path = { 0 };

	m->chats_known = then;
	matrix_data_path(&path, m, DATA_TYPE);
	hs_call(m->hs,
		&(struct hs_call){ "GET", path.data, NULL, on_loaded, m });
}

void
chats_catch_up(struct matrix *m)
{
	for (const struct chat *c = m->chats; c; c = c->hh.next)
		if (!c->away)
			catchup_ask(m, c->room, c->ghost);
}

struct bookmark *
chat_bookmark(struct matrix *m, const char *room)
{
	struct chat *c = chat_of_room(m, room);

	return c ? &c->bookmark : NULL;
}

/* ---- what is said to us ------------------------------------------------- */

/* Of whom it is the puppet; false if the id does not tell. */
static bool
person_of_ghost(struct matrix *m, const char *ghost, struct str *network,
		struct str *id)
{
	const struct matrix_person ours = matrix_ours(m);

	str_init(network, 64);
	str_init(id, EVENT_ID_MAX);
	return matrix_puppet_read(ghost, &ours, network, id);
}

static void
chat_enter(struct chat *c)
{
	AUTO_STR path = { 0 };

	matrix_room_path(&path, c->room, "join");
	matrix_path_as(&path, c->ghost, NULL);
	hs_call(c->m->hs, &(struct hs_call){ "POST", path.data, json_object(),
					     NULL, c->m });
}

/* That it is registered already is as good. */
static void
on_registered(void *arg, const struct hs_answer *answer)
{
	struct chat *c = arg;

	if (!answer->status)
		matrix_lost(c->m, answer);
	else
		chat_enter(c);
}

/* Somebody wants to talk to a puppet. */
static void
take_invitation(struct matrix *m, const json_t *whole, const char *ghost)
{
	const char *person = content_string(whole, "sender");
	const char *room = content_string(whole, "room_id");
	const json_t *direct =
		json_object_get(content_object(whole, "content"), "is_direct");

	if (!json_is_true(direct) && strcmp(ghost, m->bot) == 0)
		return; /* perhaps a room of a link */
	if (!json_is_true(direct)) {
		log_info(m->net.name,
			 "%.255s invited the puppet %.255s into a room that is "
			 "in no link",
			 person, ghost);
		return;
	}
	struct chat *c = chat_add(m, room, ghost, person);
	if (strcmp(ghost, m->bot) == 0)
		chat_enter(c);
	else
		ghost_register(m, ghost, on_registered, c);
	chats_save(m, ghost);
}

/* Back, by the puppet; fn may be NULL. */
static void
ask_back(struct chat *c, hs_fn *fn, void *arg)
{
	AUTO_STR path = { 0 };

	c->away = false;
	matrix_room_path(&path, c->room, "invite");
	matrix_path_as(&path, c->ghost, NULL);
	hs_call(c->m->hs,
		&(struct hs_call){ "POST", path.data,
				   json_pack("{s:s}", "user_id", c->person), fn,
				   arg });
}

/* What was said after that, before we knew, they have not seen. */
static void
person_left(struct chat *c, const json_t *whole)
{
	int64_t when_ms = content_number(whole, "origin_server_ts", 0);

	c->away = true;
	if (when_ms > 0 && c->said_ms > when_ms)
		ask_back(c, NULL, c->m);
}

/* The puppet is not in it any more: the next word makes another. */
static void
chat_end(struct chat *c)
{
	struct matrix *m = c->m;
	char *ghost = xstrdup(c->ghost);

	chat_free(m, c);
	chats_save(m, ghost);
	free(ghost);
}

static bool
is_out(const char *how)
{
	return strcmp(how, "leave") == 0 || strcmp(how, "ban") == 0;
}

bool
private_again(struct word *w)
{
	struct matrix *m = w->room->m;
	struct chat *c = w->place ? chat_of_room(m, w->place) : NULL;

	if (!w->place || w->again)
		return false;
	if (c)
		chat_end(c);
	w->again = true;
	free(w->place);
	w->place = NULL;
	word_launch(w);
	return true;
}

void
private_said(const struct word *w)
{
	struct matrix *m = w->room->m;
	struct chat *c = w->place ? chat_of_room(m, w->place) : NULL;

	if (!c)
		return;
	c->said_ms = loop_wall_ms(m->loop);
	if (c->away) /* they left while it was on its way */
		ask_back(c, NULL, m);
}

void
private_member(struct matrix *m, const json_t *whole)
{
	const char *who = content_string(whole, "state_key");
	const char *room = content_string(whole, "room_id");
	const char *sender = content_string(whole, "sender");
	const char *how =
		content_string(content_object(whole, "content"), "membership");
	struct chat *c = chat_of_room(m, room);

	if (!who || !how || !matrix_id_is(who, '@'))
		return;
	if (c && strcmp(who, c->ghost) == 0 && is_out(how))
		chat_end(c);
	else if (c && strcmp(who, c->person) == 0 && strcmp(how, "leave") == 0)
		person_left(c, whole);
	else if (c && strcmp(who, c->person) == 0)
		c->away =
			strcmp(how, "join") != 0 && strcmp(how, "invite") != 0;
	else if (!c && strcmp(how, "invite") == 0 && matrix_is_us(m, who) &&
		 !matrix_is_us(m, sender))
		take_invitation(m, whole, who);
}

/* From the person to whom the puppet stands for; false if nobody can tell. */
static bool
set_ends(const struct chat *c, struct event *ev)
{
	struct matrix *m = c->m;
	AUTO_STR network = { 0 };
	AUTO_STR id = { 0 };

	if (!person_of_ghost(m, c->ghost, &network, &id))
		return false;
	if (ev->when_ms <= 0)
		ev->when_ms = loop_wall_ms(m->loop);
	if (portal_leads_to(m, network.data) && portal_is_open_to(m, c->person))
		ev->flags |= EVENT_GATEWAY;
	event_set_to(ev, network.data, id.data);
	str_clear(&id);
	str_add_n(&id, c->person + 1, strcspn(c->person + 1, ":"));
	event_set_sender(ev, c->person, id.len ? id.data : c->person);
	return true;
}

void
private_raise(struct matrix *m, const char *room, struct event *ev)
{
	const struct chat *c = chat_of_room(m, room);

	if (c && strcmp(c->ghost, m->bot) != 0 && set_ends(c, ev))
		service_raise(m, ev);
	else
		event_unref(ev);
}

bool
private_says(struct matrix *m, const json_t *whole)
{
	const char *sender = content_string(whole, "sender");
	const char *room = content_string(whole, "room_id");
	struct chat *c = room ? chat_of_room(m, room) : NULL;
	const char *why;

	if (!c || strcmp(sender, c->person) != 0)
		return c != NULL;
	if (strcmp(c->ghost, m->bot) == 0) {
		desk_hear(m, whole);
		return true;
	}
	struct event *ev = content_to_event(whole, &why);
	if (why)
		matrix_say(m, room, c->ghost, NULL,
			   "This was not passed on: it is encrypted, and the "
			   "bridge cannot read it. Please open a chat without "
			   "encryption.");
	if (!ev || !set_ends(c, ev)) {
		event_unref(ev);
		return true;
	}
	media_heard(m, ev);
	service_raise(m, ev);
	return true;
}

/* ---- what we say -------------------------------------------------------- */

static void
on_made(void *arg, const struct hs_answer *answer)
{
	struct word *w = arg;
	struct matrix *m = w->room->m;
	const char *id = content_string(answer->json, "room_id");

	if (!hs_good(answer) || !id) {
		word_failed(w, answer);
		return;
	}
	(void)chat_add(m, id, word_voice(w), w->d->channel->name);
	chats_save(m, word_voice(w));
	w->place = xstrdup(id);
	word_launch(w);
}

static void
make_room(struct word *w)
{
	AUTO_STR path = { 0 };

	str_init(&path, PATH_MAX_BYTES);
	str_add(&path, "/v3/createRoom");
	matrix_path_as(&path, word_voice(w), NULL);
	hs_call(w->room->m->hs,
		&(struct hs_call){ "POST", path.data,
				   json_pack("{s:b, s:s, s:[s]}", "is_direct",
					     1, "preset", "private_chat",
					     "invite", w->d->channel->name),
				   on_made, w });
}

static void
on_invited(void *arg, const struct hs_answer *answer)
{
	struct word *w = arg;

	if (hs_good(answer))
		word_launch(w);
	else
		word_failed(w, answer);
}

void
private_find(struct word *w)
{
	struct matrix *m = w->room->m;
	struct chat *c = chat_of(m, word_voice(w), w->d->channel->name);

	if (!c) {
		make_room(w);
		return;
	}
	w->place = xstrdup(c->room);
	if (!c->away) {
		word_launch(w);
		return;
	}
	ask_back(c, on_invited, w);
}

void
private_bounce(struct matrix *m, const struct event *ev, const char *text)
{
	const struct matrix_person person = {
		.prefix = m->conf->prefix,
		.network = ev->to.network,
		.id = ev->to.id,
		.server = m->conf->server_name,
	};
	AUTO_STR id = { 0 };

	str_init(&id, 2 * MATRIX_ID_MAX);
	matrix_puppet_id(&id, &person);
	struct chat *c = chat_of(m, id.data, ev->sender.id);
	if (c)
		matrix_say(m, c->room, c->ghost, ev->id, text);
}

bool
private_resolve(struct network *net, const char *text, char *id, size_t size)
{
	AUTO_STR name = { 0 };

	str_init(&name, MATRIX_ID_MAX + 1);
	str_printf(&name, "%s%s", *text == '@' ? "" : "@", text);
	return !str_overflowed(&name) &&
	       matrix_name_read(name.data, "@", id, size) &&
	       !matrix_is_us(matrix_from(net), id);
}
