/* SPDX-License-Identifier: MIT */
/*
 * door.c - who may come into a room that stands for a channel.
 *
 * Where everybody may enter the channel, everybody may join the room. Where a
 * password or an invitation is needed, nobody is to read in the room what they
 * could not hear there: whoever knocks is connected to the channel, and invited
 * when that connection is inside.
 *
 *     UNKNOWN --> OPEN        everybody may enter the channel
 *        |         |
 *        `---------+--> CLOSING --> CLOSED
 *
 * A new room can be joined, because nobody knows yet how the channel is; but
 * nothing is said in it before that is known (UNKNOWN), nor while the room is
 * being closed and somebody is in it who is not inside yet (CLOSING). They have
 * GRACE_MS for that; then they are put out, and invited when they are.
 *
 * A room is closed when there is something to be said in it, and not before:
 * if it is closed while somebody joins, a homeserver makes both events side by
 * side, and drops the join, of which it said that all was well.
 *
 * Who is invited and does not come is in the channel, and hears it for nobody.
 * When that has lasted invite_wait the invitation is taken back, which ends
 * their being there. One of an earlier run has no connection: it is taken back
 * when it is found.
 */

#include "protocols/matrix/content.h"
#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define UNKNOWN_MS 10000 /* to learn how the channel is */
#define GRACE_MS 3000
#define AGAIN_MS 30000 /* after it could not be closed */
/* After somebody could not be put out; then twice as long, each time. */
#define PUT_AGAIN_MS 1000
#define PUT_AGAIN_MAX_MS 300000
#define TOO_LATE                                                          \
	"you were invited into the channel and did not come; join again " \
	"to be invited anew"
#define RESTRICTED (CHANNEL_INVITED_ONLY | CHANNEL_HAS_PASSWORD)

static void door_close(struct mroom *room);

/* ---- what waits -----------------------------------------------------------
 */

static bool
may_speak(const struct mroom *room)
{
	return room->door == DOOR_OPEN || room->door == DOOR_CLOSED;
}

static void
on_unknown(void *arg)
{
	struct mroom *room = arg;

	log_info(room->m->net.name,
		 "the room %s is open to whom its bot invites: how %s is, is "
		 "not known",
		 room->id, room->ch->name);
	door_close(room);
}

bool
door_lets(struct mroom *room)
{
	if (!mroom_is_hosted(room) || may_speak(room))
		return true;
	if (room->ch->modes & RESTRICTED)
		door_close(room);
	else if (room->door == DOOR_UNKNOWN &&
		 !timer_is_running(&room->door_timer))
		timer_start(&room->door_timer, room->m->loop, UNKNOWN_MS,
			    on_unknown, room);
	return may_speak(room);
}

static void
settle(struct mroom *room, enum door door)
{
	timer_stop(&room->door_timer);
	room->door = door;
	words_released(room);
}

/* ---- who is in it ---------------------------------------------------------
 */

/* Reads along, and is not inside. */
static bool
is_pending(const struct person *p)
{
	return !p->inside && !p->knocking;
}

static struct person *
next_pending(const struct mroom *room)
{
	struct person *p = room->people;

	while (p && !is_pending(p))
		p = p->hh.next;
	return p;
}

static void
review(struct mroom *room)
{
	if (room->door == DOOR_CLOSING && room->shut && !room->puttings &&
	    !next_pending(room))
		settle(room, DOOR_CLOSED);
}

/* Somebody who is to be out, and is not known to be. */
struct putting {
	struct mroom *room;
	char *id, *why;
	bool again;      /* asked for once more; they may have come back */
	int64_t wait_ms; /* after the next failure */
	struct timer timer;
	struct putting *prev, *next;
};

static void
putting_free(struct putting *p)
{
	timer_stop(&p->timer);
	hs_cancel(p->room->m->hs, p);
	DL_DELETE(p->room->puttings, p);
	free(p->id);
	free(p->why);
	free(p);
}

static void put_out(void *arg);

static void
on_put_out(void *arg, const struct hs_answer *answer)
{
	struct putting *p = arg;
	struct mroom *room = p->room;

	if (!answer->status) {
		matrix_lost(room->m, answer);
		return;
	}
	if (hs_good(answer) || answer->status == 403) { /* has gone already */
		if (p->again) {
			p->again = false;
			put_out(p);
			return;
		}
		putting_free(p);
		review(room);
		return;
	}
	if (p->wait_ms == PUT_AGAIN_MS)
		log_error(room->m->net.name,
			  "%s cannot be put out of %s, and reads along: %s; "
			  "trying again until it is done",
			  p->id, room->id, answer->why);
	timer_start(&p->timer, room->m->loop, p->wait_ms, put_out, p);
	p->wait_ms *= 2;
	if (p->wait_ms > PUT_AGAIN_MAX_MS)
		p->wait_ms = PUT_AGAIN_MAX_MS;
}

static void
put_out(void *arg)
{
	struct putting *p = arg;
	struct mroom *room = p->room;
	const struct person *person = person_find(room, p->id);
	AUTO_STR path = { 0 };

	if (person && person->inside && p->wait_ms > PUT_AGAIN_MS) {
		putting_free(p); /* let in meanwhile */
		review(room);
		return;
	}
	matrix_room_path(&path, room->id, "kick");
	hs_call(room->m->hs,
		&(struct hs_call){ "POST", path.data,
				   json_pack("{s:s, s:s}", "user_id", p->id,
					     "reason", p->why),
				   on_put_out, p });
}

void
door_put_out(struct mroom *room, const char *user_id, const char *why)
{
	struct person *person = person_find(room, user_id);
	struct putting *p;

	if (person)
		person->inside = false;
	DL_FOREACH(room->puttings, p)
	if (strcmp(p->id, user_id) == 0) {
		p->again = true;
		return;
	}
	p = xcalloc(1, sizeof(*p));
	p->room = room;
	p->id = xstrdup(user_id);
	p->why = xstrdup(why);
	p->wait_ms = PUT_AGAIN_MS;
	DL_APPEND(room->puttings, p);
	put_out(p);
}

void
door_drop(struct mroom *room)
{
	timer_stop(&room->door_timer);
	timer_stop(&room->invite_timer);
	while (room->puttings)
		putting_free(room->puttings);
}

/* Out of the room, but on the way into the channel, as if they had knocked. */
static void
put_before(struct mroom *room, struct person *p)
{
	p->knocking = true;
	p->put_before = true;
	door_put_out(room, p->id,
		     "what is said here is for those who are in the channel; "
		     "you are invited as soon as your connection is");
}

void
door_passed(struct mroom *room, struct person *p)
{
	if (room->door == DOOR_CLOSED && is_pending(p))
		put_before(room, p);
}

static bool
is_awaited(const struct person *p)
{
	return p->knocking && p->invited;
}

/* Those who were invited long ago; and when to look again. */
static void
on_invite_time(void *arg)
{
	struct mroom *room = arg;
	struct loop *loop = room->m->loop;
	int64_t wait = (int64_t)room->m->conf->invite_wait_s * 1000;
	int64_t now = loop_now_ms(loop);
	int64_t next = INT64_MAX;

	for (struct person *p = room->people; p; p = p->hh.next) {
		if (!is_awaited(p))
			continue;
		if (p->invited_ms + wait > now) {
			next = p->invited_ms + wait < next
				       ? p->invited_ms + wait
				       : next;
			continue;
		}
		p->invited = false; /* what the homeserver tells is the end */
		door_put_out(room, p->id, TOO_LATE);
	}
	if (next < INT64_MAX)
		timer_start(&room->invite_timer, loop, next - now,
			    on_invite_time, room);
}

static void
note_invited(struct mroom *room, struct person *p)
{
	int64_t wait = (int64_t)room->m->conf->invite_wait_s * 1000;

	p->invited = true;
	p->invited_ms = loop_now_ms(room->m->loop);
	if (wait && !timer_is_running(&room->invite_timer))
		timer_start(&room->invite_timer, room->m->loop, wait,
			    on_invite_time, room);
}

void
door_left_open(struct mroom *room, const json_t *member)
{
	const char *how =
		content_string(content_object(member, "content"), "membership");
	const char *by = content_string(member, "sender");
	const char *who = content_string(member, "state_key");

	if (mroom_is_hosted(room) && how && strcmp(how, "invite") == 0 && who &&
	    by && strcmp(by, room->m->bot) == 0)
		door_put_out(room, who, TOO_LATE);
}

void
door_inside(struct mroom *room, struct person *p)
{
	AUTO_STR path = { 0 };

	p->inside = true;
	if (p->knocking && !p->invited) {
		note_invited(room, p);
		matrix_room_path(&path, room->id, "invite");
		hs_call(room->m->hs,
			&(struct hs_call){ "POST", path.data,
					   json_pack("{s:s}", "user_id", p->id),
					   NULL, room->m });
	}
	review(room);
}

void
door_left(struct mroom *room)
{
	review(room);
}

/* ---- open and closed ------------------------------------------------------
 */

static void
set_rule(struct mroom *room, const char *rule, hs_fn *fn)
{
	AUTO_STR path = { 0 };

	matrix_room_path(&path, room->id, "state/m.room.join_rules");
	hs_call(room->m->hs,
		&(struct hs_call){ "PUT", path.data,
				   json_pack("{s:s}", "join_rule", rule), fn,
				   fn ? (void *)room : (void *)room->m });
}

static void
on_grace(void *arg)
{
	struct mroom *room = arg;
	struct person *p;

	while ((p = next_pending(room)) != NULL)
		put_before(room, p);
	review(room);
}

static void
on_again(void *arg)
{
	struct mroom *room = arg;

	room->door = DOOR_UNKNOWN;
	door_close(room);
}

static void
on_shut(void *arg, const struct hs_answer *answer)
{
	struct mroom *room = arg;

	if (!answer->status) {
		matrix_lost(room->m, answer);
		return;
	}
	if (room->door != DOOR_CLOSING)
		return; /* it was opened again */
	if (!hs_good(answer)) {
		log_error(room->m->net.name,
			  "the room %s cannot be closed to those who are not "
			  "in the channel: %s; what is said waits",
			  room->id, answer->why);
		timer_start(&room->door_timer, room->m->loop, AGAIN_MS,
			    on_again, room);
		return;
	}
	room->shut = true;
	timer_start(&room->door_timer, room->m->loop, GRACE_MS, on_grace, room);
	review(room);
}

static void
door_close(struct mroom *room)
{
	if (room->door == DOOR_CLOSING || room->door == DOOR_CLOSED)
		return;
	timer_stop(&room->door_timer);
	room->door = DOOR_CLOSING;
	if (!room->shut) {
		set_rule(room, "knock", on_shut);
		return;
	}
	timer_start(&room->door_timer, room->m->loop, GRACE_MS, on_grace, room);
	review(room);
}

static void
door_open(struct mroom *room)
{
	if (room->door == DOOR_OPEN)
		return;
	if (room->shut || room->door == DOOR_CLOSING)
		set_rule(room, "public", NULL);
	room->shut = false;
	settle(room, DOOR_OPEN);
}

void
door_moded(struct network *net UNUSED, struct channel *ch)
{
	struct mroom *room = ch->data;

	if (!room || !room->joined || !mroom_is_hosted(room))
		return;
	if (!(ch->modes & CHANNEL_MODES_KNOWN)) {
		timer_stop(&room->door_timer);
		room->door = DOOR_UNKNOWN;
	} else if (ch->modes & RESTRICTED) {
		if (room->door == DOOR_OPEN || room->words)
			door_close(room);
	} else {
		door_open(room);
	}
}

void
door_found(struct mroom *room, const json_t *rules)
{
	const char *rule =
		content_string(content_object(rules, "content"), "join_rule");
	struct person *p;

	room->shut = rule && strcmp(rule, "public") != 0;
	/* Who was invited was inside then. */
	for (p = room->people; room->shut && p; p = p->hh.next)
		p->inside = !p->knocking;
	door_moded(&room->m->net, room->ch);
}
