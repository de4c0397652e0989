/* SPDX-License-Identifier: MIT */
/*
 * puppets.c - people of other networks as users of the homeserver.
 *
 * A ghost is made on first need: registered, given a device (so that what it
 * sends is known again after a restart of the homeserver) and a name. A seat
 * is a ghost in a room, which it enters in its turn (arrivals.c). Ghosts stay
 * in their rooms when we go down; a seat from an earlier run is nobody's until
 * its person is shown again. Who has left is remembered for a while, because
 * many come back, and a ghost takes three calls to make.
 *
 * No ghost is shown under the name of somebody who is in the room.
 */

#include "protocols/matrix/content.h"
#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define NAME_MAX_BYTES 255
#define GHOSTS_MAX 5000 /* beyond that, of those who are somewhere only */

static void seat_enter(struct seat *s);

/* ---- ghosts ------------------------------------------------------------- */

static struct ghost *
ghost_find(struct matrix *m, const char *id)
{
	struct ghost *g;

	HASH_FIND(hh, m->ghosts, id, strlen(id), g);
	return g;
}

static void
ghost_free(struct ghost *g)
{
	HASH_DELETE(hh, g->m->ghosts, g);
	hs_cancel(g->m->hs, g);
	presence_forget(g);
	free(g->id);
	free(g->name);
	free(g->want);
	free(g);
}

/* One of those who are nowhere, of whom we heard first. */
static void
ghost_forget_one(struct matrix *m)
{
	struct ghost *g = m->ghosts;

	while (g && (g->seats || g->naming || g->state == GHOST_MAKING))
		g = g->hh.next;
	if (g)
		ghost_free(g);
}

static struct ghost *
ghost_get(struct matrix *m, const char *id)
{
	struct ghost *g = ghost_find(m, id);

	if (g)
		return g;
	if (HASH_COUNT(m->ghosts) >= GHOSTS_MAX)
		ghost_forget_one(m);
	g = xcalloc(1, sizeof(*g));
	g->m = m;
	g->id = xstrdup(id);
	HASH_ADD_KEYPTR(hh, m->ghosts, g->id, strlen(g->id), g);
	return g;
}

void
ghosts_drop(struct matrix *m)
{
	while (m->ghosts)
		ghost_free(m->ghosts);
}

bool
ghost_is_ready(struct matrix *m, const char *user_id)
{
	const struct ghost *g = ghost_find(m, user_id);

	return g && g->state == GHOST_READY;
}

/* Let fn see every seat of the ghost; it may free that one. */
static void
each_seat(struct ghost *g, void (*fn)(struct seat *s, const void *arg),
	  const void *arg)
{
	struct mroom *room, *next;

	HASH_ITER(hh, g->m->rooms, room, next)
	{
		struct seat *s = ghost_seat(room, g->id);

		if (s)
			fn(s, arg);
	}
}

static void
enter_if_waiting(struct seat *s, const void *arg UNUSED)
{
	if (s->state == SEAT_WAITING)
		seat_enter(s);
}

static void seat_lost(struct seat *s, enum down_reason why, const char *text);

static void
lose_if_waiting(struct seat *s, const void *arg)
{
	const char *why = arg;

	if (s->state == SEAT_WAITING)
		seat_lost(s, DOWN_UNREACHABLE, why);
}

static void
ghost_failed(struct ghost *g, const struct hs_answer *answer)
{
	if (!answer->status || answer->status == 401) {
		matrix_lost(g->m, answer);
		return;
	}
	log_error(g->m->net.name, "the puppet %s cannot be made: %s", g->id,
		  answer->why);
	g->state = GHOST_NEW;
	each_seat(g, lose_if_waiting, answer->why);
}

static void
ghost_ready(struct ghost *g)
{
	g->state = GHOST_READY;
	each_seat(g, enter_if_waiting, NULL);
	pictures_work(g->m);
}

static void ghost_set_name(struct ghost *g);

static void
on_named(void *arg, const struct hs_answer *answer)
{
	struct ghost *g = arg;
	bool good = hs_good(answer);

	g->naming--;
	if (!answer->status) {
		matrix_lost(g->m, answer);
		return;
	}
	if (!good)
		log_peer(g->m->net.name, "the puppet %s keeps its name: %s",
			 g->id, answer->why);
	if (g->state == GHOST_MAKING)
		ghost_ready(g);
	if (good && strcmp(g->name, g->want) != 0)
		ghost_set_name(g);
}

static void
ghost_set_name(struct ghost *g)
{
	AUTO_STR path = { 0 };

	if (g->naming)
		return; /* then again */
	str_init(&path, PATH_MAX_BYTES);
	str_add(&path, "/v3/profile/");
	matrix_path_add(&path, g->id);
	str_add(&path, "/displayname");
	matrix_path_as(&path, g->id, NULL);
	free(g->name);
	g->name = xstrdup(g->want);
	g->naming++;
	hs_call(g->m->hs,
		&(struct hs_call){ "PUT", path.data,
				   json_pack("{s:s}", "displayname", g->name),
				   on_named, g });
}

static void
on_device(void *arg, const struct hs_answer *answer)
{
	struct ghost *g = arg;

	if (!answer->status) {
		matrix_lost(g->m, answer);
		return;
	}
	g->no_device = !hs_good(answer);
	ghost_set_name(g);
}

static void
on_registered(void *arg, const struct hs_answer *answer)
{
	struct ghost *g = arg;
	AUTO_STR path = { 0 };

	if (!hs_good(answer) && strcmp(answer->errcode, "M_USER_IN_USE") != 0) {
		ghost_failed(g, answer);
		return;
	}
	str_init(&path, PATH_MAX_BYTES);
	str_add(&path, "/v3/devices/" DEVICE);
	matrix_path_as(&path, g->id, NULL);
	hs_call(g->m->hs, &(struct hs_call){ "PUT", path.data,
					     json_pack("{s:s}", "display_name",
						       "Causeway"),
					     on_device, g });
}

void
ghost_register(struct matrix *m, const char *user_id, hs_fn *fn, void *arg)
{
	AUTO_STR local = { 0 };

	str_init(&local, MATRIX_ID_MAX);
	str_add_n(&local, user_id + 1, strcspn(user_id + 1, ":"));
	hs_call(m->hs,
		&(struct hs_call){ "POST", "/v3/register",
				   json_pack("{s:s, s:s, s:b}", "type",
					     "m.login.application_service",
					     "username", local.data,
					     "inhibit_login", 1),
				   fn, arg });
}

static void
ghost_make(struct ghost *g)
{
	g->state = GHOST_MAKING;
	ghost_register(g->m, g->id, on_registered, g);
}

/* ---- names -------------------------------------------------------------- */

/* As it is to be shown in the room; nobody there is called like that. */
static void
choose_name(struct str *out, const struct seat *s)
{
	const struct occupant *o = s->o;

	str_init(out, NAME_MAX_BYTES + 128);
	str_add_n(out, o->want, strnlen(o->want, NAME_MAX_BYTES));
	if (room_who(s->room, out->data, out->len))
		str_printf(out, " (%s)", o->puppet->origin);
}

static void
ghost_want(struct ghost *g, const char *name)
{
	if (g->want && strcmp(g->want, name) == 0)
		return;
	free(g->want);
	g->want = xstrdup(name);
	if (g->state == GHOST_READY && (!g->name || strcmp(g->name, name) != 0))
		ghost_set_name(g);
}

/* ---- seats -------------------------------------------------------------- */

struct seat *
ghost_seat(struct mroom *room, const char *user_id)
{
	struct seat *s;

	HASH_FIND(hh, room->seats, user_id, strlen(user_id), s);
	return s;
}

static struct seat *
seat_new(struct mroom *room, struct ghost *g)
{
	struct seat *s = xcalloc(1, sizeof(*s));

	s->room = room;
	s->ghost = g;
	g->seats++;
	HASH_ADD_KEYPTR(hh, room->seats, g->id, strlen(g->id), s);
	return s;
}

static void
seat_free(struct seat *s)
{
	hs_cancel(s->room->m->hs, s);
	arrival_end(s);
	HASH_DELETE(hh, s->room->seats, s);
	s->ghost->seats--;
	if (s->o)
		s->o->data = NULL;
	free(s);
}

void
seats_drop(struct mroom *room)
{
	while (room->seats)
		seat_free(room->seats);
}

static void
seat_lost(struct seat *s, enum down_reason why, const char *text)
{
	struct occupant *o = s->o;

	seat_free(s);
	if (o)
		bridge_puppet_left(o, why, text);
}

static void
seat_joined(struct seat *s)
{
	bool news = s->state != SEAT_JOINED;

	s->state = SEAT_JOINED;
	arrival_end(s);
	if (s->o)
		presence_tell(s->ghost, s->o->puppet);
	if (s->o && news)
		bridge_puppet_joined(s->o, s->ghost->want);
}

/* By its person, after an earlier run. */
static void
seat_taken(struct seat *s)
{
	presence_tell(s->ghost, s->o->puppet);
	bridge_puppet_joined(s->o, s->ghost->want);
}

static void
seat_call(struct seat *s, const char *what, const char *as, json_t *body,
	  hs_fn *fn)
{
	AUTO_STR path = { 0 };

	matrix_room_path(&path, s->room->id, what);
	matrix_path_as(&path, as, NULL);
	hs_call(s->room->m->hs,
		&(struct hs_call){ "POST", path.data, body, fn,
				   fn ? (void *)s : (void *)s->room->m });
}

static void
on_invited(void *arg, const struct hs_answer *answer)
{
	struct seat *s = arg;
	AUTO_STR why = { 0 };

	if (!answer->status) {
		matrix_lost(s->room->m, answer);
		return;
	}
	if (hs_good(answer)) {
		seat_enter(s);
		return;
	}
	str_init(&why, 1024);
	str_printf(&why, "may not enter, nor be invited: %s", answer->why);
	if (s->o)
		s->o->refusal = REFUSAL_INVITED_ONLY;
	seat_lost(s, DOWN_REFUSED, why.data);
}

static void
invite(struct seat *s)
{
	s->invited = true;
	seat_call(s, "invite", NULL,
		  json_pack("{s:s}", "user_id", s->ghost->id), on_invited);
}

static void
on_joined(void *arg, const struct hs_answer *answer)
{
	struct seat *s = arg;

	if (!answer->status || answer->status == 401)
		matrix_lost(s->room->m, answer);
	else if (hs_good(answer))
		seat_joined(s);
	else if (answer->status == 403 && !s->invited)
		invite(s);
	else
		seat_lost(s,
			  answer->status < 500 ? DOWN_REFUSED
					       : DOWN_UNREACHABLE,
			  answer->why);
}

/* The ghost is ready. */
static void
seat_enter(struct seat *s)
{
	if (!s->room->id) { /* private: there is nothing to enter */
		seat_joined(s);
		return;
	}
	s->state = SEAT_JOINING;
	seat_call(s, "join", s->ghost->id, json_object(), on_joined);
}

void
seat_arrive(struct seat *s)
{
	struct ghost *g = s->ghost;

	s->state = SEAT_WAITING;
	if (g->state == GHOST_READY)
		seat_enter(s);
	else if (g->state == GHOST_NEW)
		ghost_make(g);
}

static void
seat_rename(struct seat *s)
{
	AUTO_STR name = { 0 };

	choose_name(&name, s);
	ghost_want(s->ghost, name.data);
	if (s->state == SEAT_JOINED)
		bridge_puppet_renamed(s->o, s->ghost->want);
}

void
ghosts_avoid(struct mroom *room, const char *name)
{
	struct seat *s;

	for (s = room->seats; s; s = s->hh.next)
		if (s->o && strcmp(s->ghost->want, name) == 0)
			seat_rename(s);
}

/* ---- what the homeserver tells ------------------------------------------ */

static void seat_leave(struct seat *s, const char *reason);

void
ghost_seen(struct mroom *room, const char *user_id, const char *name,
	   bool backlog)
{
	struct ghost *g = ghost_get(room->m, user_id);
	struct seat *s = ghost_seat(room, user_id);

	if (s)
		return; /* we know, or are about to */
	s = seat_new(room, g);
	s->state = SEAT_JOINED;
	if (!backlog) { /* it was called back before it had entered */
		seat_leave(s, NULL);
		return;
	}
	if (g->state != GHOST_NEW)
		return;
	/* Who is in a room was made. */
	g->state = GHOST_READY;
	g->name = name ? xstrdup(name) : NULL;
}

void
ghost_removed(struct mroom *room, const char *user_id, bool kicked,
	      const char *why)
{
	struct seat *s = ghost_seat(room, user_id);

	if (!s || s->state != SEAT_JOINED)
		return;
	if (s->o && kicked)
		s->o->refusal = REFUSAL_KICKED;
	else if (s->o)
		return; /* the echo of a visit before this one */
	seat_lost(s, DOWN_REFUSED, why);
}

static void
seat_leave(struct seat *s, const char *reason)
{
	json_t *body = json_object();

	if (!s->room->id) {
		json_decref(body);
		seat_free(s);
		return;
	}
	if (reason && *reason)
		json_object_set_new(body, "reason", json_string(reason));
	seat_call(s, "leave", s->ghost->id, body, NULL);
	seat_free(s);
}

void
seats_sweep(struct mroom *room)
{
	struct seat *s, *next;

	HASH_ITER(hh, room->seats, s, next)
	if (!s->o)
		seat_leave(s, NULL);
}

/* ---- hooks -------------------------------------------------------------- */

void
ghost_join(struct network *net, struct occupant *o)
{
	struct matrix *m = matrix_from(net);
	struct mroom *room = o->channel->data;
	const struct matrix_person person = {
		.prefix = m->conf->prefix,
		.network = o->puppet->origin,
		.id = o->puppet->sender->id,
		.server = m->conf->server_name,
	};
	AUTO_STR id = { 0 };
	AUTO_STR name = { 0 };

	if (!room)
		room = mroom_direct(m, o->channel);
	str_init(&id, 2 * MATRIX_ID_MAX);
	matrix_puppet_id(&id, &person);
	struct ghost *g = ghost_get(m, id.data);
	struct seat *s = ghost_seat(room, id.data);
	if (!s)
		s = seat_new(room, g);
	s->o = o;
	o->data = s;
	choose_name(&name, s);
	ghost_want(g, name.data);
	picture_want(m, id.data, o->puppet);
	if (s->state == SEAT_JOINED)
		seat_taken(s);
	else
		arrival_begin(s);
}

void
ghost_leave(struct network *net UNUSED, struct occupant *o, const char *reason)
{
	struct seat *s = o->data;

	if (s)
		seat_leave(s, reason);
}

void
ghost_update(struct network *net UNUSED, struct occupant *o, unsigned changes)
{
	struct seat *s = o->data;

	if (s && changes & PUPPET_AWAITED)
		arrival_hurry(s);
	if (s && changes & PUPPET_NAME)
		seat_rename(s);
	if (s && changes & PUPPET_AVATAR)
		picture_want(s->room->m, s->ghost->id, o->puppet);
	if (s && changes & PUPPET_STATUS)
		presence_tell(s->ghost, o->puppet);
	if (s)
		moment_tell(o, changes);
}
