/* SPDX-License-Identifier: MIT */
/*
 * barrier.c - asks whether the homeserver keeps something back.
 *
 * A homeserver that could not reach us keeps what we missed, and sends it when
 * it can. Synapse (1.160) has a moment at the end of that in which what is said
 * is kept, too, and then is not sent until the next time that we cannot be
 * reached. So some time after it could reach us again we are not to be reached
 * once more, on purpose: the bot says something in a room of its own, where
 * nobody is, and we refuse to take it once. What was kept comes before it.
 */

#include "protocols/matrix/content.h"
#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DATA_TYPE "causeway.room"
#define EVENT_TYPE "causeway.barrier"
#define QUIET_MS 1000 /* after our rooms were entered */
#define RETRY_MS 150  /* until the homeserver knows that it was refused */

static void say(struct matrix *m);
static void make_room(struct matrix *m);

static void
set_room(struct matrix *m, const char *room)
{
	free(m->barrier.room);
	m->barrier.room = room ? xstrdup(room) : NULL;
}

/* ---- the room ----------------------------------------------------------- */

static void
on_made(void *arg, const struct hs_answer *answer)
{
	struct matrix *m = arg;
	const char *room = content_string(answer->json, "room_id");
	AUTO_STR path = { 0 };

	if (!answer->status) {
		matrix_lost(m, answer);
		return;
	}
	if (!hs_good(answer) || !room) {
		log_peer(m->net.name, "the bot cannot have a room: %s",
			 answer->why);
		return;
	}
	set_room(m, room);
	matrix_data_path(&path, m, DATA_TYPE);
	hs_call(m->hs,
		&(struct hs_call){ "PUT", path.data,
				   json_pack("{s:s}", "room", room), NULL, m });
	say(m);
}

static void
make_room(struct matrix *m)
{
	hs_call(m->hs, &(struct hs_call){ "POST", "/v3/createRoom",
					  json_pack("{s:s, s:s}", "preset",
						    "private_chat", "name",
						    "Causeway"),
					  on_made, m });
}

static void
on_known(void *arg, const struct hs_answer *answer)
{
	struct matrix *m = arg;
	const char *room = content_string(answer->json, "room");

	if (!answer->status) {
		matrix_lost(m, answer);
	} else if (hs_good(answer) && room) {
		set_room(m, room);
		say(m);
	} else {
		make_room(m);
	}
}

/* ---- what is said there ------------------------------------------------- */

static void
on_said(void *arg, const struct hs_answer *answer)
{
	struct matrix *m = arg;

	if (!answer->status) {
		matrix_lost(m, answer);
	} else if (!hs_good(answer)) {
		/* We are not in it any more. */
		set_room(m, NULL);
		make_room(m);
	}
}

static void
say(struct matrix *m)
{
	struct barrier *b = &m->barrier;
	AUTO_STR path = { 0 };

	if (++b->tries > 2)
		return;
	b->token = loop_random(m->loop) & INT64_MAX;
	matrix_room_path(&path, b->room, "send/" EVENT_TYPE "/");
	str_printf(&path, "b%016" PRIx64, b->token);
	hs_call(m->hs, &(struct hs_call){ "PUT", path.data,
					  json_pack("{s:I}", "token",
						    (json_int_t)b->token),
					  on_said, m });
}

static void
on_quiet(void *arg)
{
	struct matrix *m = arg;
	AUTO_STR path = { 0 };

	if (m->barrier.room) {
		say(m);
		return;
	}
	matrix_data_path(&path, m, DATA_TYPE);
	hs_call(m->hs,
		&(struct hs_call){ "GET", path.data, NULL, on_known, m });
}

static void
on_retry(void *arg)
{
	service_ping(arg);
}

bool
barrier_refuses(struct matrix *m, const json_t *events)
{
	struct barrier *b = &m->barrier;
	const json_t *ev;
	size_t i;

	if (!b->token)
		return false;
	json_array_foreach (events, i, ev) {
		const char *type = content_string(ev, "type");
		const char *sender = content_string(ev, "sender");

		if (!type || strcmp(type, EVENT_TYPE) != 0 || !sender ||
		    strcmp(sender, m->bot) != 0 ||
		    content_number(content_object(ev, "content"), "token", 0) !=
			    (int64_t)b->token)
			continue;
		b->token = 0;
		timer_start(&b->timer, m->loop, RETRY_MS, on_retry, m);
		return true;
	}
	return false;
}

void
barrier_raise(struct matrix *m)
{
	m->barrier.tries = 0;
	timer_start(&m->barrier.timer, m->loop, QUIET_MS, on_quiet, m);
}

void
barrier_drop(struct matrix *m)
{
	timer_stop(&m->barrier.timer);
	m->barrier.token = 0;
	set_room(m, NULL);
}
