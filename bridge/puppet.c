/* SPDX-License-Identifier: MIT */
/*
 * puppet.c - who is shown where, under which name.
 *
 * Members decide: whoever is in a room of a link is wanted as an occupant in
 * the link's other rooms. puppet_sync() compares what is wanted with what is
 * there, and is called whenever either may have changed; nothing is counted,
 * so nothing can be miscounted.
 *
 * A network may hold only so many puppets. Then those who speak come before
 * those who are silent: a speaker takes the place of whoever has never spoken,
 * or has been quiet the longest and for long enough. Those without a puppet
 * are spoken for by the listener; they lose their own name, never a word.
 *
 * An occupant that is to leave stays until what it still has to say is said.
 */

#include "bridge/puppet.h"

#include "bridge/account.h"
#include "bridge/backoff.h"
#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/link.h"
#include "bridge/listener.h"
#include "bridge/log.h"
#include "bridge/member.h"
#include "bridge/moment.h"
#include "bridge/naming.h"
#include "bridge/network.h"
#include "bridge/portal.h"
#include "bridge/room.h"
#include "bridge/standby.h"
#include "bridge/str.h"

#include <utlist.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 512

static struct loop *
loop_of(const struct room *room)
{
	return room->bridge->loop;
}

/* ---- what is to be done ------------------------------------------------ */

void
occ_mark(struct occ *occ)
{
	if (!occ->marked) {
		occ->marked = true;
		DL_APPEND(occ->room->todo, occ);
	}
	bridge_mark(occ->room);
}

static void
occ_unmark(struct occ *occ)
{
	if (occ->marked)
		DL_DELETE(occ->room->todo, occ);
	occ->marked = false;
}

/* ---- puppets ----------------------------------------------------------- */

static char *
key_of(const struct netlife *home, const char *sender_id)
{
	AUTO_STR key = { 0 };

	str_init(&key, 4096);
	str_printf(&key, "%s\n%s", home->name, sender_id);
	return str_take(&key);
}

struct pup *
pup_find(struct netlife *life, const struct netlife *home,
	 const char *sender_id)
{
	char *key = key_of(home, sender_id);
	struct pup *pup;

	HASH_FIND(hh, life->pups, key, strlen(key), pup);
	free(key);
	return pup;
}

static void
set_text(const char **at, const char *value)
{
	free((char *)(uintptr_t)*at);
	*at = value ? xstrdup(value) : NULL;
}

static void
pup_free(struct pup *pup)
{
	assert(!pup->occs);
	pup->life->n_counted -= pup->counted;
	if (pup->account)
		contacts_review(pup->home, pup->sender.id);
	account_unuse(pup->account);
	network_unuse(pup->home);
	HASH_DEL(pup->life->pups, pup);
	set_text(&pup->sender.id, NULL);
	set_text(&pup->sender.name, NULL);
	set_text(&pup->sender.account, NULL);
	set_text(&pup->sender.avatar, NULL);
	set_text(&pup->sender.real, NULL);
	free(pup->key);
	free(pup->status);
	free(pup->native);
	free(pup);
}

/* Private words may be waiting for the place of a puppet that went. */
static void
offer_place(struct netlife *life)
{
	struct room *room, *tmp;

	if (life->net->limits.puppets)
		HASH_ITER(hh_name, life->directs, room, tmp)
	if (room->outbox.fresh)
		bridge_mark(room);
}

/* ---- occupants --------------------------------------------------------- */

static struct occ *
occ_find(struct room *room, const struct pup *pup)
{
	struct occ *occ;

	HASH_FIND(hh, room->occs, &pup, sizeof(pup), occ);
	return occ;
}

static void
tell_standing(const struct occ *occ)
{
	if (occ->pup->p.account)
		standing_changed(occ->room, occ->pup->home,
				 occ->pup->sender.id);
}

static void
set_state(struct occ *occ, enum occupant_state state)
{
	listener_heard_by(occ, state);
	occ->o.state = state;
	occ->since_ms = loop_now_ms(loop_of(occ->room));
	tell_standing(occ);
}

/* "{nick}", "{network}" and "{id}" filled in. */
static char *
name_from_template(const char *template, const struct pup *pup)
{
	const struct {
		const char *key, *value;
	} words[] = {
		{ "{nick}", pup->sender.name },
		{ "{network}", pup->p.origin },
		{ "{id}", pup->sender.id },
	};
	AUTO_STR out = { 0 };

	str_init(&out, NAME_MAX_BYTES);
	while (*template) {
		size_t i = 0;

		while (i < ARRAY_SIZE(words) &&
		       strncmp(template, words[i].key, strlen(words[i].key)) !=
			       0)
			i++;
		if (i == ARRAY_SIZE(words)) {
			str_add_char(&out, *template ++);
			continue;
		}
		str_add(&out, words[i].value);
		template += strlen(words[i].key);
	}
	return str_take(&out);
}

static struct occ *
occ_new(struct room *room, struct pup *pup)
{
	struct occ *occ = xcalloc(1, sizeof(*occ));

	occ->pup = pup;
	occ->room = room;
	occ->wanted = true;
	occ->want = name_from_template(room->nick, pup);
	occ->o.puppet = &pup->p;
	occ->o.channel = &room->ch;
	occ->o.want = occ->want;
	occ->since_ms = loop_now_ms(loop_of(room));
	occ->next_of_pup = pup->occs;
	pup->occs = occ;
	HASH_ADD(hh, room->occs, pup, sizeof(pup), occ);
	return occ;
}

static void
occ_set_password(struct occ *occ, const char *password)
{
	free(occ->password);
	occ->password = xstrdup(password);
	occ->o.password = occ->password;
}

/* From here on nobody finds it; only its puppet's life still hangs on it. */
static void
occ_detach(struct occ *occ)
{
	struct occ **at = &occ->pup->occs;

	assert(!occ->queued);
	timer_stop(&occ->retry);
	moment_free(occ->moment);
	occ->moment = NULL;
	occ_unmark(occ);
	listener_heard_by(occ, OCCUPANT_ABSENT);
	HASH_DELETE(hh, occ->room->occs, occ);
	while (*at != occ)
		at = &(*at)->next_of_pup;
	*at = occ->next_of_pup;
}

static void
occ_release(struct occ *occ)
{
	struct pup *pup = occ->pup;
	struct netlife *life = pup->life;

	free(occ->want);
	free(occ->password);
	free(occ->why);
	free(occ->farewell);
	free(occ->actor);
	free(occ->o.name);
	free(occ);
	if (pup->occs || pup->leaving)
		return;
	pup_free(pup);
	offer_place(life);
}

static void
occ_free(struct occ *occ)
{
	occ_detach(occ);
	occ_release(occ);
}

/* Who is not there needs no hook to leave, nor a room that is joined. */
static void
occ_unwant(struct occ *occ)
{
	occ->wanted = false;
	if (occ->told || occ->queued)
		occ_mark(occ);
	else
		occ_free(occ);
}

/* ---- who may have one -------------------------------------------------- */

/* True if it has something to say. */
static bool
pup_is_busy(const struct pup *pup)
{
	for (const struct occ *o = pup->occs; o; o = o->next_of_pup)
		if (o->queued)
			return true;
	return false;
}

/* The one that can be spared most easily; NULL if none can. */
static struct pup *
pup_spare(struct netlife *life)
{
	int64_t now = loop_now_ms(life->bridge->loop);
	struct pup *spare = NULL;

	for (struct pup *p = life->pups; p; p = p->hh.next) {
		if (p->dismissed)
			return NULL; /* its place will do */
		if (p->counted && !pup_is_busy(p) &&
		    (!spare || p->active_ms < spare->active_ms))
			spare = p;
	}
	if (!spare || spare->active_ms == 0)
		return spare;
	return now - spare->active_ms >= life->net->limits.puppet_idle_ms
		       ? spare
		       : NULL;
}

/* Take a puppet away from everywhere; it is freed when it has left. */
static void
pup_dismiss(struct pup *pup)
{
	log_trace(pup->life->net->name, "puppet %lld makes room",
		  (long long)pup->p.id);
	pup->dismissed = true;
	for (struct occ *o = pup->occs, *next; o; o = next) {
		next = o->next_of_pup; /* pup may go with its last one */
		occ_unwant(o);
	}
}

static bool
pup_allowed(struct netlife *life, bool speaking)
{
	unsigned max = life->net->limits.puppets;

	if (max == 0 || life->n_counted < max)
		return true;

	struct pup *spare = speaking ? pup_spare(life) : NULL;

	if (spare)
		pup_dismiss(spare);
	/* If it has to leave first, the next line will find its place. */
	return life->n_counted < max;
}

/* Rooms of our own hold everybody, and an account is its user's affair. */
static bool
is_free(const struct room *room, bool gateway)
{
	return gateway || room->ch.kind == CHANNEL_HOSTED;
}

/* Who asks for a puppet. */
struct claim {
	const struct sender *sender;
	bool gateway;  /* a user of the gateway */
	bool speaking; /* there is something to say */
};

static struct pup *
pup_new(struct netlife *life, struct netlife *home, const struct sender *sender)
{
	struct pup *pup = xcalloc(1, sizeof(*pup));

	pup->life = life;
	pup->home = network_use(home);
	set_text(&pup->sender.id, sender->id);
	set_text(&pup->sender.name, sender->name);
	set_text(&pup->sender.account, sender->account);
	set_text(&pup->sender.real, sender->real);
	set_text(&pup->sender.avatar, sender->avatar);
	pup->key = key_of(home, sender->id);
	pup->status = xstrdup("");
	pup->p.network = life->net;
	pup->p.origin = home->name;
	pup->p.sender = &pup->sender;
	pup->p.status = pup->status;
	HASH_ADD_KEYPTR(hh, life->pups, pup->key, strlen(pup->key), pup);
	naming_ask(pup);
	return pup;
}

/*
 * The puppet of sender for room: the one there is, or a new one; NULL if there
 * may be none. pup is what pup_find() said.
 */
static struct pup *
pup_claim(struct pup *pup, struct room *room, struct netlife *home,
	  const struct claim *claim)
{
	struct netlife *life = room->life;
	bool counted = !is_free(room, claim->gateway);

	if (!claim->gateway && !(life->net->caps & CAN_PUPPET))
		return NULL;
	if ((!pup || !pup->counted) && counted &&
	    !pup_allowed(life, claim->speaking))
		return NULL;
	if (!pup)
		pup = pup_new(life, home, claim->sender);
	if (counted && !pup->counted) {
		pup->counted = true;
		life->n_counted++;
	}
	if (claim->gateway && !pup->account) {
		pup->account = account_use(home, pup->sender.id);
		pup->p.account = pup->account;
	}
	return pup;
}

/* ---- agreeing with the members ----------------------------------------- */

/* Where in the link that person is now, as seen from room. */
static struct member *
member_shown(struct room *room, const struct netlife *home,
	     const char *sender_id)
{
	struct link *link = room->link;

	for (size_t i = 0; link && i < link->n_rooms; i++) {
		struct room *from = link->rooms[i];
		struct member *m;

		if (from->life != home ||
		    !route_shows_members(&from->place, &room->place) ||
		    standby_covers(from, room) ||
		    standby_hides(from, room, sender_id))
			continue;
		m = member_find(from, sender_id);
		if (m)
			return m;
	}
	return NULL;
}

static bool
shows_puppets(const struct room *room, const struct netlife *home,
	      const struct member *m)
{
	unsigned caps = room->life->net->caps;

	if (m->gateway && (caps & CAN_ACCOUNT))
		return true;
	if (!room->puppets || !(caps & CAN_PUPPET))
		return false;
	return home != room->life || (caps & CAN_PUPPET_OWN);
}

static void
changed(struct pup *pup, unsigned what)
{
	for (struct occ *occ = pup->occs; occ; occ = occ->next_of_pup) {
		if (what & PUPPET_NAME) {
			free(occ->want);
			occ->want = name_from_template(occ->room->nick, pup);
			occ->o.want = occ->want;
		}
		occ->changes |= what;
		occ_mark(occ);
	}
}

void
puppet_account_changed(struct netlife *life, const struct account *account)
{
	for (struct pup *pup = life->pups; pup; pup = pup->hh.next)
		if (pup->account == account)
			changed(pup, PUPPET_ACCOUNT);
}

/* What people see of the person has changed: pass it on. */
static void
pup_update(struct pup *pup, const struct member *m)
{
	unsigned what = 0;

	if (strcmp(pup->sender.name, m->sender.name) != 0) {
		set_text(&pup->sender.name, m->sender.name);
		what |= PUPPET_NAME;
	}
	if (m->sender.real)
		set_text(&pup->sender.real, m->sender.real);
	if (m->sender.avatar &&
	    (!pup->sender.avatar ||
	     strcmp(pup->sender.avatar, m->sender.avatar) != 0)) {
		set_text(&pup->sender.avatar, m->sender.avatar);
		what |= PUPPET_AVATAR;
	}
	if (pup->p.show != m->show || strcmp(pup->status, m->status) != 0) {
		free(pup->status);
		pup->status = xstrdup(m->status);
		pup->p.status = pup->status;
		pup->p.show = m->show;
		what |= PUPPET_STATUS;
	}
	if (what)
		changed(pup, what);
}

/* Nobody else may say it: whoever of the gateway went comes back for it. */
static bool
stays_to_speak(const struct occ *occ)
{
	return occ->queued && occ->pup->p.account;
}

/* Whoever gets a place, or keeps it, by speaking is shown everywhere. */
static void
pup_spoke(struct pup *pup)
{
	struct bridge *bridge = pup->life->bridge;
	bool everywhere = pup->active_ms == 0 || pup->dismissed;

	pup->active_ms = loop_now_ms(bridge->loop) + 1;
	pup->dismissed = false;
	for (struct room *r = bridge->rooms; everywhere && r; r = r->hh.next)
		if (r->life == pup->life && r->link)
			puppet_sync(r, pup->home, pup->sender.id, false);
}

static void
occ_set_rank(struct occ *occ)
{
	const struct pup *pup = occ->pup;
	struct room *far = occ->room->far;
	const struct member *m = far && far->life == pup->home
					 ? member_find(far, pup->sender.id)
					 : NULL;
	enum rank rank = m ? m->rank : RANK_NONE;

	if (!far || occ->o.rank == rank)
		return;
	occ->o.rank = rank;
	occ->changes |= PUPPET_RANK;
	occ_mark(occ);
}

void
puppet_sync(struct room *room, struct netlife *home, const char *sender_id,
	    bool speaking)
{
	struct pup *pup = pup_find(room->life, home, sender_id);
	struct occ *occ = pup ? occ_find(room, pup) : NULL;
	struct member *m = member_shown(room, home, sender_id);

	if (!m || !shows_puppets(room, home, m)) {
		if (occ && !stays_to_speak(occ))
			occ_unwant(occ);
		return;
	}

	struct claim claim = { &m->sender, m->gateway, speaking };

	if (!m->stale)
		pup = pup_claim(pup, room, home, &claim);
	if (!pup || (pup->dismissed && !speaking))
		return;
	if (!m->stale) /* another room may know better by now */
		pup_update(pup, m);
	if (!occ)
		occ = occ_new(room, pup);
	if (m->password)
		occ_set_password(occ, m->password);
	occ_set_rank(occ);
	occ->wanted = true;
	free(occ->farewell);
	occ->farewell = NULL;
	if (occ->o.state == OCCUPANT_ABSENT)
		occ_mark(occ);
	if (speaking)
		pup_spoke(pup);
}

void
puppets_review(struct room *room)
{
	struct occ *occ, *tmp;

	HASH_ITER(hh, room->occs, occ, tmp)
	{
		struct pup *pup = occ->pup;

		free(occ->want);
		occ->want = name_from_template(room->nick, pup);
		occ->o.want = occ->want;
		occ->changes |= PUPPET_NAME;
		occ_mark(occ);
		puppet_sync(room, pup->home, pup->sender.id, false);
	}
}

void
puppets_moved(struct netlife *life)
{
	for (struct pup *pup = life->pups; pup; pup = pup->hh.next) {
		pup->p.network = life->net;
		pup->p.data = NULL;
	}
}

void
puppet_farewell(struct room *room, struct netlife *home,
		const struct event *part, const char *words)
{
	struct pup *pup = pup_find(room->life, home, part->sender.id);
	struct occ *occ = pup ? occ_find(room, pup) : NULL;

	if (!occ)
		return;
	free(occ->farewell);
	occ->farewell = words ? xstrdup(words) : NULL;
	free(occ->actor);
	occ->actor = part->actor ? xstrdup(part->actor) : NULL;
	occ->o.actor = occ->actor;
	occ->o.part = part->part;
}

struct occ *
puppet_speaker(struct room *room, struct netlife *home, const char *sender_id)
{
	struct pup *pup = home ? pup_find(room->life, home, sender_id) : NULL;

	return pup ? occ_find(room, pup) : NULL;
}

/* There, whoever is where. */
static struct occ *
occ_want(struct room *room, struct pup *pup)
{
	struct occ *occ = occ_find(room, pup);

	if (!occ)
		occ = occ_new(room, pup);
	occ->wanted = true;
	occ_mark(occ);
	return occ;
}

struct occ *
puppet_direct(struct room *room, struct netlife *home, const struct event *ev)
{
	struct pup *pup = pup_find(room->life, home, ev->sender.id);
	struct claim claim = { &ev->sender, ev->flags & EVENT_GATEWAY, true };

	/* The word may be from a time when the network had other abilities. */
	if (!(room->life->net->caps & CAN_DIRECT))
		return NULL;
	pup = pup_claim(pup, room, home, &claim);
	if (!pup)
		return NULL;
	/* First: it looks who is where, and this one is nowhere yet. */
	pup_spoke(pup);
	return occ_want(room, pup);
}

struct occ *
puppet_attend(struct room *room, struct netlife *home, const struct event *ev)
{
	struct pup *pup = pup_find(room->life, home, ev->sender.id);
	struct claim claim = { &ev->sender, ev->flags & EVENT_GATEWAY, false };

	if (!pup && !(room->life->net->caps & CAN_VISIT))
		return NULL;
	pup = pup_claim(pup, room, home, &claim);
	return pup ? occ_want(room, pup) : NULL;
}

void
puppet_stand(struct room *room, struct netlife *home,
	     const struct sender *sender)
{
	struct claim claim = { sender, true, false };
	struct pup *pup = pup_claim(pup_find(room->life, home, sender->id),
				    room, home, &claim);

	(void)occ_want(room, pup);
}

/* ---- hooks ------------------------------------------------------------- */

static void
occ_leave(struct occ *occ)
{
	struct network *net = occ->room->life->net;

	/* First: whatever the hook does, it does not meet this one again. */
	occ_detach(occ);
	occ->pup->leaving = true;
	if (occ->told && net->state == NETWORK_UP)
		net->protocol->ops.puppet_leave(net, &occ->o, occ->farewell);
	occ->pup->leaving = false;
	occ_release(occ);
}

static void
occ_retry(void *arg)
{
	occ_mark(arg);
}

static void
occ_join(struct occ *occ)
{
	struct network *net = occ->room->life->net;

	if (!occ->pup->opened || timer_is_running(&occ->retry))
		return;
	set_state(occ, OCCUPANT_JOINING);
	occ->changes &= PUPPET_TYPING | PUPPET_READ;
	occ->told = true;
	net->protocol->ops.puppet_join(net, &occ->o);
}

static void
occ_work(struct occ *occ)
{
	struct network *net = occ->room->life->net;

	if (!occ->wanted) {
		if (!occ->queued && listener_lets_go(occ))
			occ_leave(occ);
		return;
	}
	if (occ->o.state == OCCUPANT_ABSENT) {
		occ_join(occ);
		return;
	}
	if (occ->o.state == OCCUPANT_JOINED)
		occ->changes &= ~(unsigned)PUPPET_AWAITED;
	if (!occ->told || occ->o.state == OCCUPANT_REFUSED)
		return;
	unsigned changes = occ->changes;

	/* Who is on the way in is shown so when there, not before. */
	occ->changes = 0;
	if (occ->o.state == OCCUPANT_JOINING) {
		occ->changes = changes &
			       ~(PUPPET_ACCOUNT | PUPPET_RANK | PUPPET_AWAITED);
		changes &= ~(PUPPET_TYPING | PUPPET_READ);
	}
	if (changes)
		net->protocol->ops.puppet_update(net, &occ->o, changes);
}

void
puppet_tell(struct occ *occ, unsigned changes)
{
	occ->changes |= changes;
	occ_mark(occ);
}

void
puppets_work(struct room *room)
{
	/* A hook may have lost us the room, or all of the network. */
	while (room->todo && room->ch.joined) {
		struct occ *occ = room->todo;

		occ_unmark(occ);
		occ_work(occ);
	}
}

void
puppet_queued(struct occ *occ)
{
	occ->queued++;
	if (occ->o.awaited)
		return;
	occ->o.awaited = true;
	if (occ->o.state != OCCUPANT_JOINING)
		return;
	occ->changes |= PUPPET_AWAITED;
	occ_mark(occ);
}

void
puppet_unqueued(struct occ *occ)
{
	struct room *room = occ->room;
	struct pup *pup = occ->pup;

	assert(occ->queued > 0);
	occ->queued--;
	occ->o.awaited = occ->queued > 0;
	if (!occ->queued)
		occ->changes &= ~(unsigned)PUPPET_AWAITED;
	/* Whoever of the gateway had to come back to say it may go again. */
	if (!occ->queued && pup->p.account && room->ch.kind == CHANNEL_ROOM &&
	    !member_shown(room, pup->home, pup->sender.id))
		occ->wanted = false;
	if (!occ->queued && !occ->wanted)
		occ_mark(occ);
}

void
puppets_leaving(struct room *room)
{
	for (struct occ *occ = room->occs; occ; occ = occ->hh.next)
		if (!occ->wanted)
			occ_mark(occ);
}

void
puppets_leave(struct room *room)
{
	while (room->occs)
		occ_leave(room->occs);
}

void
puppets_lost(struct room *room)
{
	struct occ *occ, *tmp;

	HASH_ITER(hh, room->occs, occ, tmp)
	{
		timer_stop(&occ->retry);
		set_state(occ, OCCUPANT_ABSENT);
		occ->told = false;
		occ->o.data = NULL;
		if (!occ->wanted && !occ->queued)
			occ_free(occ);
		else
			occ_mark(occ);
	}
}

void
puppets_free(struct room *room)
{
	struct occ *occ, *tmp;

	HASH_ITER(hh, room->occs, occ, tmp)
	occ_free(occ);
}

/* ---- for the operator -------------------------------------------------- */

unsigned
puppets_retry(struct room *room)
{
	unsigned n = 0;

	for (struct occ *occ = room->occs; occ; occ = occ->hh.next) {
		if (occ->o.state == OCCUPANT_REFUSED)
			set_state(occ, OCCUPANT_ABSENT);
		else if (!timer_is_running(&occ->retry))
			continue;
		timer_stop(&occ->retry);
		occ_mark(occ);
		n++;
	}
	return n;
}

/* ---- upcalls ----------------------------------------------------------- */

void
bridge_puppet_joined(struct occupant *o, const char *name)
{
	struct occ *occ = container_of(o, struct occ, o);

	set_state(occ, OCCUPANT_JOINED);
	occ->failures = 0;
	bridge_puppet_renamed(o, name);
	occ_mark(occ); /* what changed while it was on its way */
}

void
bridge_puppet_renamed(struct occupant *o, const char *name)
{
	struct occ *occ = container_of(o, struct occ, o);

	if (!o->name || strcmp(o->name, name) != 0) {
		free(o->name);
		o->name = xstrdup(name);
		naming_keep(occ->pup, name);
		tell_standing(occ);
	}
	bridge_mark(occ->room);
}

void
bridge_puppet_ranked(struct occupant *o)
{
	tell_standing(container_of(o, struct occ, o));
}

void
bridge_puppet_left(struct occupant *o, enum down_reason why, const char *text)
{
	struct occ *occ = container_of(o, struct occ, o);
	struct room *room = occ->room;
	struct loop *loop = loop_of(room);

	text = text ? text : "no reason given";
	free(occ->why);
	occ->why = xstrdup(text);
	if (why == DOWN_REFUSED) {
		set_state(occ, OCCUPANT_REFUSED);
		log_warn(room->where,
			 "puppet %lld is kept out: %s; it is "
			 "spoken for",
			 (long long)occ->pup->p.id, text);
	} else {
		set_state(occ, OCCUPANT_ABSENT);
		occ->failures++;
		timer_start(&occ->retry, loop,
			    backoff_ms(why, occ->failures, loop_random(loop)),
			    occ_retry, occ);
		log_trace(room->where, "puppet %lld is out: %s",
			  (long long)occ->pup->p.id, text);
	}
	occ->o.data = NULL;
	occ->told = false;
	bridge_mark(room);
}

struct occupant *
bridge_occupant(struct channel *ch, const char *origin, const char *sender_id)
{
	struct room *room = container_of(ch, struct room, ch);
	struct netlife *home = bridge_net(room->bridge, origin);
	struct occ *occ = puppet_speaker(room, home, sender_id);

	return occ ? &occ->o : NULL;
}
