/* SPDX-License-Identifier: MIT */
/*
 * member.c - who is in a room, as its network told us; and what follows from
 * that in the other rooms of its link.
 */

#include "bridge/member.h"

#include "bridge/account.h"
#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/link.h"
#include "bridge/portal.h"
#include "bridge/puppet.h"
#include "bridge/room.h"
#include "bridge/stay.h"

#include <utlist.h>

#include <stdlib.h>
#include <string.h>

/* Networks that broke apart are mostly whole again by then. */
#define SPLIT_MS (5 * 60000)

struct member *
member_find(struct room *room, const char *sender_id)
{
	struct member *m;

	HASH_FIND(hh, room->members, sender_id, strlen(sender_id), m);
	return m;
}

/* Tell the rooms where this person is shown. */
static void
tell_others(struct room *room, const char *sender_id, bool speaking)
{
	struct link *link = room->link;

	for (size_t i = 0; link && i < link->n_rooms; i++)
		if (route_shows_members(&room->place, &link->rooms[i]->place))
			puppet_sync(link->rooms[i], room->life, sender_id,
				    speaking);
}

static void
replace(char **at, const char *value)
{
	char *copy = value ? xstrdup(value) : NULL;

	free(*at);
	*at = copy;
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static struct member *
member_new(struct room *room, const char *sender_id)
{
	struct member *m = xcalloc(1, sizeof(*m));

	m->id = xstrdup(sender_id);
	m->sender.id = m->id;
	m->status = xstrdup("");
	HASH_ADD_KEYPTR(hh, room->members, m->id, strlen(m->id), m);
	return m;
}

static void
take_text(const char **at, const char *value)
{
	free((char *)(uintptr_t)*at);
	*at = value ? xstrdup(value) : NULL;
}

/* True if something that others see has changed. */
static bool
take_sender(struct member *m, const struct sender *sender)
{
	bool news = !same(m->sender.name, sender->name);

	if (news)
		take_text(&m->sender.name, sender->name);
	if (sender->account && !same(m->sender.account, sender->account))
		take_text(&m->sender.account, sender->account);
	if (sender->avatar && !same(m->sender.avatar, sender->avatar)) {
		take_text(&m->sender.avatar, sender->avatar);
		news = true;
	}
	if (!sender->real || same(m->sender.real, sender->real))
		return news;
	take_text(&m->sender.real, sender->real);
	return true;
}

/*
 * Who comes is here, and who speaks must be; but not the author of old words,
 * nor somebody whose presence is told late. Nobody would see them leave.
 */
static bool
is_here(const struct event *ev)
{
	if (ev->kind == EVENT_JOIN)
		return true;
	return event_is_durable(ev) &&
	       !(ev->flags & (EVENT_BACKLOG | EVENT_LATE));
}

/* Whoever comes through a gateway wants to know how that goes. */
static void
enter(struct room *room, struct member *m, const struct event *ev)
{
	m->gateway = ev->flags & EVENT_GATEWAY;
	if (!m->gateway)
		return;
	free(m->password);
	m->password =
		ev->password ? xstrdup(ev->password)
			     : account_password(room->life, m->id, room->ch.id);
	portal_knocked(room);
	member_due(room, m);
}

struct member *
member_see(struct room *room, const struct event *ev)
{
	struct member *m = member_find(room, ev->sender.id);
	bool news = !m || m->stale;
	bool speaking = event_is_durable(ev);

	if (!m && !is_here(ev))
		return NULL;
	if (!m)
		m = member_new(room, ev->sender.id);
	m->stale = false;
	m->split_ms = 0;
	if (take_sender(m, &ev->sender))
		news = true;
	if (ev->kind == EVENT_JOIN) {
		enter(room, m, ev);
		news = news || m->rank != ev->rank;
		m->rank = ev->rank;
		if (m->show != ev->show || !same(m->status, ev->text.utf8)) {
			m->show = ev->show;
			replace(&m->status, ev->text.utf8);
			news = true;
		}
	}
	if (speaking)
		m->active_ms = loop_now_ms(room->bridge->loop) + 1;
	if (news || speaking)
		tell_others(room, m->id, speaking);
	return m;
}

void
member_update(struct room *room, const struct event *ev)
{
	struct member *m = member_see(room, ev);

	if (!m || ev->kind != EVENT_PRESENCE)
		return;
	m->show = ev->show;
	replace(&m->status, ev->text.utf8);
	tell_others(room, m->id, false);
}

void
member_due(struct room *room, struct member *m)
{
	if (m->due || !room->far)
		return;
	m->due = true;
	DL_APPEND(room->due, m);
	bridge_mark(room);
}

static void
member_free(struct member *m)
{
	take_text(&m->sender.name, NULL);
	take_text(&m->sender.account, NULL);
	take_text(&m->sender.avatar, NULL);
	take_text(&m->sender.real, NULL);
	free(m->id);
	free(m->status);
	free(m->password);
	free(m);
}

/* The others are told when it is out of the table, and so no longer here. */
static void
member_remove(struct room *room, struct member *m)
{
	stay_changed(room, m, false);
	HASH_DEL(room->members, m);
	if (m->due)
		DL_DELETE(room->due, m);
	tell_others(room, m->id, false);
	member_free(m);
}

void
member_gone(struct room *room, const char *sender_id)
{
	struct member *m = member_find(room, sender_id);

	if (m)
		member_remove(room, m);
}

/*
 * Of all who were split away, those whose time has come; they were many and
 * split at once, so that there are few times.
 */
static void
splits_end(void *arg)
{
	struct room *room = arg;
	int64_t now = loop_now_ms(room->bridge->loop), next = 0;
	struct member *m, *tmp;

	HASH_ITER(hh, room->members, m, tmp)
	{
		if (m->split_ms && m->split_ms <= now)
			member_remove(room, m);
		else if (m->split_ms && (!next || m->split_ms < next))
			next = m->split_ms;
	}
	if (next)
		timer_start(&room->splits, room->bridge->loop, next - now,
			    splits_end, room);
}

void
member_split(struct room *room, const char *sender_id)
{
	struct member *m = member_find(room, sender_id);

	if (!m)
		return;
	m->split_ms = loop_now_ms(room->bridge->loop) + SPLIT_MS;
	if (!timer_is_running(&room->splits))
		timer_start(&room->splits, room->bridge->loop, SPLIT_MS,
			    splits_end, room);
}

void
members_show_in(struct room *room)
{
	struct link *link = room->link;

	for (size_t i = 0; i < link->n_rooms; i++) {
		struct room *from = link->rooms[i];

		if (!route_shows_members(&from->place, &room->place))
			continue;
		for (struct member *m = from->members; m; m = m->hh.next)
			puppet_sync(room, from->life, m->id, false);
	}
}

void
members_doubt(struct room *room)
{
	for (struct member *m = room->members; m; m = m->hh.next)
		m->stale = true;
}

void
members_prune(struct room *room)
{
	struct member *m, *tmp;

	HASH_ITER(hh, room->members, m, tmp)
	if (m->stale)
		member_remove(room, m);
}

void
members_resync(struct room *room)
{
	for (struct member *m = room->members; m; m = m->hh.next)
		tell_others(room, m->id, false);
}

void
members_clear(struct room *room)
{
	struct member *m, *tmp;

	HASH_ITER(hh, room->members, m, tmp)
	member_remove(room, m);
}
