/* SPDX-License-Identifier: MIT */
/*
 * standby.c - two bridges on one link: which of them carries.
 *
 * Where a network lets bridges see each other (a notice in their presence, see
 * notice.h), each knows which rooms the others join. What others join already
 * is covered: we hear it, keep it, and hold what would go that way for
 * HOLD_MS. Whatever is seen to arrive there meanwhile, by another voice, is
 * settled; the fuse recognises it. What is not seen we say ourselves, and
 * from then on carry the link: those who claimed to carry it are not believed
 * for a while.
 *
 * So a notice need not be proven. It can be false, stale, or of somebody who
 * lies: the worst that it does is to delay a message by HOLD_MS, once. And it
 * need not be complete: the hold is only a bet that somebody else will speak.
 *
 * Nobody is shown in a room that is covered: the other bridge shows them, and
 * would show ours again.
 */

#include "bridge/standby.h"

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/link.h"
#include "bridge/log.h"
#include "bridge/member.h"
#include "bridge/notice.h"
#include "bridge/origin.h"
#include "bridge/room.h"
#include "bridge/str.h"
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOLD_MS 10000     /* for another to say it */
#define PROBATION_MS 2000 /* before carrying where others are about to */
#define GRACE_MS 1000     /* for what another said before it went */
#define DISTRUST_MS 60000
#define DISTRUST_MAX_MS (3600 * 1000)
#define OTHERS_MAX 32
#define PEERS_MAX 5000 /* in one room, with their puppets */

/* Somebody in a room who shows a notice. */
struct peer {
	char *who; /* sender id; key */
	char bridge[NOTICE_ID_MAX + 1];
	struct notice *notice; /* NULL: a puppet of that bridge */
	UT_hash_handle hh;
};

static struct loop *
loop_of(const struct link *link)
{
	return link->rooms[0]->bridge->loop;
}

/* ---- who is there ------------------------------------------------------ */

static struct peer *
peer_find(const struct room *room, const char *who)
{
	struct peer *p;

	HASH_FIND(hh, room->peers, who, strlen(who), p);
	return p;
}

/* What a bridge said in a room stays there when the bridge has gone. */
static void
remember_former(struct link *link, const struct notice_link *gone)
{
	struct standby *s = &link->standby;

	if (!gone->n_rooms)
		return;
	if (!s->formers)
		s->formers = xcalloc(STANDBY_FORMERS, sizeof(*s->formers));
	s->formers[s->next_former++ % STANDBY_FORMERS] = *gone;
}

static void
peer_remove(struct room *room, struct peer *p)
{
	HASH_DEL(room->peers, p);
	if (p->notice) {
		room->link->standby.n_peers--;
		remember_former(room->link, &p->notice->links[0]);
	}
	free(p->notice);
	free(p->who);
	free(p);
}

static void
peer_put(struct room *room, const char *who, const struct notice *notice)
{
	const struct notice_link *first = &notice->links[0];
	struct peer *p = peer_find(room, who);

	if (p)
		peer_remove(room, p);
	if (HASH_COUNT(room->peers) >= PEERS_MAX)
		return;
	p = xcalloc(1, sizeof(*p));
	p->who = xstrdup(who);
	memcpy(p->bridge, first->bridge, sizeof(p->bridge));
	if (first->state != NOTICE_PUPPET) {
		p->notice = xcalloc(1, sizeof(*p->notice));
		*p->notice = *notice;
		room->link->standby.n_peers++;
	}
	HASH_ADD_KEYPTR(hh, room->peers, p->who, strlen(p->who), p);
}

/* ---- what the others carry --------------------------------------------- */

static struct distrust *
distrust_of(struct link *link, const char *bridge)
{
	struct standby *s = &link->standby;

	for (size_t i = 0; i < STANDBY_DISTRUSTED; i++)
		if (strcmp(s->distrusted[i].bridge, bridge) == 0)
			return &s->distrusted[i];
	return NULL;
}

static bool
is_distrusted(struct link *link, const char *bridge)
{
	const struct distrust *d = distrust_of(link, bridge);

	return d && d->until_ms > loop_now_ms(loop_of(link));
}

static void
distrust(struct link *link, const char *bridge)
{
	struct standby *s = &link->standby;
	struct distrust *d = distrust_of(link, bridge);

	if (!d) {
		d = &s->distrusted[s->next_distrusted++ % STANDBY_DISTRUSTED];
		*d = (struct distrust){ .wait_ms = DISTRUST_MS / 2 };
		snprintf(d->bridge, sizeof(d->bridge), "%s", bridge);
	}
	if (d->wait_ms < DISTRUST_MAX_MS)
		d->wait_ms *= 2;
	d->until_ms = loop_now_ms(loop_of(link)) + d->wait_ms;
}

/* What is known of other bridges' links that could be of more weight. */
struct others {
	const struct notice_link *list[OTHERS_MAX];
	size_t n;
};

static void
add_others(struct link *link, const struct notice *notice,
	   const struct notice_link *mine, struct others *out)
{
	const char *own = link->rooms[0]->bridge->id;

	for (size_t i = 0; i < notice->n && out->n < OTHERS_MAX; i++) {
		const struct notice_link *other = &notice->links[i];

		if (strcmp(other->bridge, own) != 0 &&
		    notice_outranks(other, mine) &&
		    !is_distrusted(link, other->bridge))
			out->list[out->n++] = other;
	}
}

static struct others
find_others(struct link *link, const struct notice_link *mine)
{
	struct others out = { .n = 0 };

	for (size_t i = 0; i < link->n_rooms; i++)
		for (struct peer *p = link->rooms[i]->peers; p; p = p->hh.next)
			if (p->notice)
				add_others(link, p->notice, mine, &out);
	return out;
}

/* ---- what we say of ourselves ------------------------------------------ */

/* Both ways and with words, or it is not carried as others would. */
static bool
counts(const struct room *room)
{
	return room->ch.joined && room->identity &&
	       room->place.direction == CONF_BOTH &&
	       (room->place.kinds & (1u << EVENT_MESSAGE));
}

static void
describe(struct link *link, struct notice_link *out)
{
	*out = (struct notice_link){ .state = link->standby.state };
	snprintf(out->bridge, sizeof(out->bridge), "%s",
		 link->rooms[0]->bridge->id);
	for (size_t i = 0; i < link->n_rooms; i++) {
		struct room *room = link->rooms[i];

		if (counts(room) && out->n_rooms < NOTICE_ROOMS_MAX)
			snprintf(out->rooms[out->n_rooms++], NOTICE_ID_MAX + 1,
				 "%s", room->identity);
	}
	if (out->n_rooms >= 2)
		return;
	out->state = NOTICE_COMING;
	out->n_rooms = 0;
}

/* The links of those that are in other rooms of the link. */
static void
add_seen(struct link *link, const struct room *here, struct notice *out)
{
	for (size_t i = 0; i < link->n_rooms; i++) {
		struct room *room = link->rooms[i];

		for (struct peer *p = room->peers; p && room != here;
		     p = p->hh.next)
			if (p->notice && p->notice->links[0].n_rooms &&
			    out->n < NOTICE_LINKS_MAX)
				out->links[out->n++] = p->notice->links[0];
	}
}

static void
announce(struct link *link, struct room *room)
{
	struct notice notice = { .n = 1 };
	AUTO_STR text = { 0 };

	describe(link, &notice.links[0]);
	add_seen(link, room, &notice);
	str_init(&text, NOTICE_TEXT_MAX);
	notice_write(&text, &notice);
	if (room->notice && strcmp(room->notice, text.data) == 0)
		return;
	free(room->notice);
	room->notice = str_take(&text);
	room->ch.notice = room->notice;
	room->announce = room->ch.joined;
	bridge_mark(room);
}

/* ---- changing ---------------------------------------------------------- */

/* True if something of the link is carried by nobody else. */
static bool
set_groups(struct link *link, const struct notice_link *mine,
	   const struct others *others)
{
	unsigned groups[NOTICE_ROOMS_MAX] = { 0 };
	size_t k = 0;
	bool alone = false;

	notice_groups(mine, others->list, others->n, groups);
	for (size_t i = 0; i < link->n_rooms; i++) {
		struct room *room = link->rooms[i];

		room->group = 0;
		if (mine->n_rooms && counts(room) && k < mine->n_rooms)
			room->group = groups[k++];
	}
	for (size_t i = 1; i < mine->n_rooms; i++)
		alone |= !groups[i] || groups[i] != groups[0];
	return alone;
}

static void review(void *arg);

static void
tell(struct link *link, const struct others *others)
{
	struct standby *s = &link->standby;

	if (s->covered && s->tried && others->n &&
	    strcmp(s->other, others->list[0]->bridge) != 0) {
		snprintf(s->other, sizeof(s->other), "%s",
			 others->list[0]->bridge);
		log_warn(link->rooms[0]->where,
			 "link \"%s\": bridge %s carries it, too; this one "
			 "stands by and takes over if it must",
			 link->name, s->other);
	} else if (s->state > NOTICE_STANDBY && *s->other) {
		log_warn(link->rooms[0]->where,
			 "link \"%s\": carried by this bridge from now on",
			 link->name);
		s->other[0] = '\0';
	}
}

static void
settle_state(struct link *link, bool alone)
{
	struct standby *s = &link->standby;

	if (!alone)
		s->state = NOTICE_STANDBY;
	else if (s->state == NOTICE_STANDBY)
		s->state = s->failed ? NOTICE_FORCED : NOTICE_ACTIVE;
	s->failed = false;
}

/* Before we speak for the first time: somebody else may be about to. */
static bool
on_probation(struct link *link)
{
	struct standby *s = &link->standby;

	if (!s->tried && !s->n_peers)
		s->tried = true;
	if (!s->tried && !timer_is_running(&s->timer))
		timer_start(&s->timer, loop_of(link), PROBATION_MS, review,
			    link);
	return !s->tried;
}

static void
look_again(struct link *link)
{
	struct standby *s = &link->standby;
	int64_t now = loop_now_ms(loop_of(link));
	int64_t next = 0;

	for (size_t i = 0; i < STANDBY_DISTRUSTED; i++)
		if (s->distrusted[i].until_ms > now &&
		    (!next || s->distrusted[i].until_ms < next))
			next = s->distrusted[i].until_ms;
	if (next)
		timer_start(&s->timer, loop_of(link), next - now, review, link);
}

static void
apply(struct link *link, const struct notice_link *mine)
{
	struct standby *s = &link->standby;
	struct others others = find_others(link, mine);
	bool covered = s->covered;

	if (mine->state == NOTICE_COMING) {
		s->state = NOTICE_STANDBY;
		s->tried = false;
		(void)set_groups(link, mine, &others);
		s->covered = false;
	} else if (on_probation(link)) {
		(void)set_groups(link, mine, &others);
		s->covered = true;
	} else {
		settle_state(link, set_groups(link, mine, &others));
		s->covered = s->state == NOTICE_STANDBY;
		look_again(link);
	}
	if (s->covered && !covered)
		s->covered_ms = loop_now_ms(loop_of(link));
	if (covered && !s->covered)
		s->grace_ms = loop_now_ms(loop_of(link)) + GRACE_MS;
	tell(link, &others);
}

void
standby_review(struct link *link)
{
	struct notice_link mine;
	unsigned before[NOTICE_ROOMS_MAX];
	bool covered = link->standby.covered;
	bool changed;

	for (size_t i = 0; i < link->n_rooms && i < NOTICE_ROOMS_MAX; i++)
		before[i] = link->rooms[i]->group;
	describe(link, &mine);
	apply(link, &mine);
	changed = covered != link->standby.covered;
	for (size_t i = 0; i < link->n_rooms && i < NOTICE_ROOMS_MAX; i++)
		changed |= before[i] != link->rooms[i]->group;
	for (size_t i = 0; i < link->n_rooms; i++) {
		announce(link, link->rooms[i]);
		if (changed)
			members_resync(link->rooms[i]);
		if (changed)
			bridge_mark(link->rooms[i]);
	}
}

static void
review(void *arg)
{
	struct link *link = arg;

	link->standby.tried = true;
	standby_review(link);
}

void
bridge_noticed(struct channel *ch, const char *sender_id, const char *text)
{
	struct room *room = container_of(ch, struct room, ch);
	struct peer *p = peer_find(room, sender_id);
	struct notice notice;
	bool weighs = p && p->notice;

	if (!room->link)
		return;
	if (p)
		peer_remove(room, p);
	if (text && notice_read(&notice, text)) {
		peer_put(room, sender_id, &notice);
		weighs |= notice.links[0].state != NOTICE_PUPPET;
	}
	if (weighs)
		standby_review(room->link);
}

void
standby_forget(struct room *room)
{
	struct peer *p, *next;

	HASH_ITER(hh, room->peers, p, next)
	peer_remove(room, p);
	free(room->notice);
	room->notice = NULL;
	room->ch.notice = NULL;
}

void
standby_lost(struct room *room)
{
	standby_forget(room);
	if (room->link)
		standby_review(room->link);
}

void
standby_free(struct link *link)
{
	timer_stop(&link->standby.timer);
	free(link->standby.formers);
	link->standby.formers = NULL;
}

/* ---- what follows from it ---------------------------------------------- */

bool
standby_covers(const struct room *from, const struct room *to)
{
	const struct link *link = from->link;

	if (!link || link != to->link || from == to)
		return false;
	if (link->standby.covered && !link->standby.tried)
		return counts(from) && counts(to);
	return from->group && from->group == to->group;
}

bool
standby_has_peers(const struct link *link)
{
	return link->standby.n_peers > 0;
}

/* Links that bridge is known to have, or have had, hold both. */
static bool
joins(struct link *link, const char *bridge, const char *a, const char *b)
{
	const struct standby *s = &link->standby;

	for (size_t i = 0; i < link->n_rooms; i++) {
		for (struct peer *p = link->rooms[i]->peers; p; p = p->hh.next)
			if (p->notice && strcmp(p->bridge, bridge) == 0 &&
			    notice_has_room(&p->notice->links[0], a) &&
			    notice_has_room(&p->notice->links[0], b))
				return true;
	}
	for (size_t i = 0; s->formers && i < STANDBY_FORMERS; i++)
		if (strcmp(s->formers[i].bridge, bridge) == 0 &&
		    notice_has_room(&s->formers[i], a) &&
		    notice_has_room(&s->formers[i], b))
			return true;
	return false;
}

bool
standby_has_it(struct room *from, const struct room *to, const struct event *ev)
{
	const char *last = ev->via ? strrchr(ev->via, ',') : NULL;

	if (!ev->via || !from->identity || !to->identity)
		return false;
	return joins(from->link, last ? last + 1 : ev->via, from->identity,
		     to->identity);
}

bool
standby_hides(struct room *from, const struct room *to, const char *who)
{
	const struct peer *p = peer_find(from, who);

	if (!p || p->notice)
		return p != NULL;
	return from->identity && to->identity &&
	       joins(from->link, p->bridge, from->identity, to->identity);
}

/* ---- holding ----------------------------------------------------------- */

int64_t
standby_hold_ms(const struct item *item)
{
	const struct room *to = item->room;
	const struct room *from =
		bridge_room(to->bridge, item->source->channel);
	const struct standby *s;
	int64_t until;

	if (!from || !from->link || from->link != to->link || !item->event)
		return 0;
	s = &from->link->standby;
	if (!standby_covers(from, to))
		return s->grace_ms > item->queued_ms ? s->grace_ms : 0;
	until = item->queued_ms > s->covered_ms ? item->queued_ms
						: s->covered_ms;
	return until + HOLD_MS;
}

void
standby_failed(const struct item *item)
{
	struct room *from =
		bridge_room(item->room->bridge, item->source->channel);
	struct link *link = from->link;
	struct notice_link mine;
	struct others others;

	/* Programs' words, and those of an earlier life, may have come. */
	if (!standby_covers(from, item->room) ||
	    (item->source->flags & EVENT_NOTICE) ||
	    item->queued_ms < link->standby.covered_ms)
		return;
	describe(link, &mine);
	others = find_others(link, &mine);
	for (size_t i = 0; i < others.n; i++)
		distrust(link, others.list[i]->bridge);
	log_warn(item->room->where,
		 "link \"%s\": nobody said there in %d s what another bridge "
		 "was to carry",
		 link->name, HOLD_MS / 1000);
	link->standby.failed = true;
	standby_review(link);
}
