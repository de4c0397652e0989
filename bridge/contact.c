/* SPDX-License-Identifier: MIT */
/*
 * contact.c - who follows whom, and what they are told. See contact.h.
 *
 * What is to be done with a contact follows from the state it is in; upcalls
 * change that state and mark it, and contacts_work() makes up for it by hooks.
 */

#include "bridge/account.h"
#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/log.h"
#include "bridge/network.h"
#include "bridge/puppet.h"
#include "bridge/room.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "mappings/accounts.h"
#include "mappings/channels.h"

#include <utlist.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEY_MAX 4096
#define ID_MAX 1025

struct follow {
	struct contact c; /* strings are owned */
	struct follower *by;
	struct netlife *life; /* the person's */
	char *written;
	int64_t channel;    /* the direct one; 0: not on disk yet */
	struct room *room;  /* where by has its puppet while it is watched */
	bool watched, news; /* hook called; by is to be told */
	bool held;          /* by has as many connections as may be */
	bool ended;         /* to be freed, when it is not watched any more */
	struct availability now;
	char *status;
	struct follow *prev, *next;
};

struct follower {
	char *key; /* label, LF, id */
	struct bridge *bridge;
	struct netlife *home;
	struct sender sender; /* owned */
	bool here, marked;
	struct follow *list;
	UT_hash_handle hh;
};

/* ---- finding, making, ending --------------------------------------------- */

static char *
key_of(const struct netlife *home, const char *id)
{
	AUTO_STR key = { 0 };

	str_init(&key, KEY_MAX);
	str_printf(&key, "%s\n%s", home->name, id);
	return str_take(&key);
}

static struct follower *
follower_find(struct netlife *home, const char *id)
{
	char *key = key_of(home, id);
	struct follower *by;

	HASH_FIND(hh, home->bridge->followers, key, strlen(key), by);
	free(key);
	return by;
}

static struct follower *
follower_get(struct netlife *home, const struct sender *sender)
{
	struct follower *by = follower_find(home, sender->id);

	if (by)
		return by;
	by = xcalloc(1, sizeof(*by));
	by->bridge = home->bridge;
	by->home = home;
	by->key = key_of(home, sender->id);
	by->sender.id = xstrdup(sender->id);
	by->sender.name = xstrdup(sender->name);
	HASH_ADD_KEYPTR(hh, home->bridge->followers, by->key, strlen(by->key),
			by);
	return by;
}

static void
follower_free(struct follower *by)
{
	HASH_DEL(by->bridge->followers, by);
	free((char *)(uintptr_t)by->sender.id);
	free((char *)(uintptr_t)by->sender.name);
	free(by->key);
	free(by);
}

static void
mark(struct follower *by)
{
	by->marked = true;
	bridge_schedule(by->bridge);
}

static struct follow *
follow_find(const struct follower *by, const struct netlife *life,
	    const char *written)
{
	struct follow *f;

	DL_FOREACH(by->list, f)
	if (f->life == life && !f->ended && !strcmp(f->written, written))
		return f;
	return NULL;
}

static struct follow *
follow_new(struct follower *by, struct netlife *life, const char *person,
	   const char *written)
{
	struct follow *f = xcalloc(1, sizeof(*f));

	f->by = by;
	f->life = network_use(life);
	f->written = xstrdup(written);
	f->c.network = life->net;
	f->c.person = xstrdup(person);
	f->c.follower.network = by->home->name;
	f->c.follower.id = by->sender.id;
	DL_APPEND(by->list, f);
	return f;
}

static void
follow_free(struct follow *f)
{
	DL_DELETE(f->by->list, f);
	network_unuse(f->life);
	free((char *)(uintptr_t)f->c.person);
	free(f->written);
	free(f->status);
	free(f);
}

/* ---- on disk ------------------------------------------------------------- */

struct keeping_contact {
	struct store_job job;
	struct netlife *home, *life;
	char *id, *name, *person, *written;
	bool remove;
	int64_t when_ms, channel;
};

static int
kept_run(struct db *db, struct store_job *job)
{
	struct keeping_contact *k =
		container_of(job, struct keeping_contact, job);
	int64_t account;
	int rc = account_put(db, k->home->net->id, k->id, k->when_ms, &account);

	if (rc == 0)
		rc = channel_put(db, k->life->net->id, CHANNEL_DIRECT,
				 k->person, &k->channel);
	if (rc < 0)
		return rc;
	if (!k->remove)
		return contact_put(db, account, k->channel, k->written, k->name,
				   k->when_ms);
	rc = contact_remove(db, account, k->channel, k->written);
	return rc == -ENOENT ? 0 : rc;
}

static void
kept_drop(struct store_job *job)
{
	struct keeping_contact *k =
		container_of(job, struct keeping_contact, job);

	free(k->id);
	free(k->name);
	free(k->person);
	free(k->written);
	free(k);
}

static void
kept_done(struct store_job *job, int status)
{
	struct keeping_contact *k =
		container_of(job, struct keeping_contact, job);
	struct follower *by = follower_find(k->home, k->id);
	struct follow *f = by ? follow_find(by, k->life, k->written) : NULL;

	if (status < 0)
		log_error("accounts", "a contact was not written; it is "
				      "forgotten at the next start");
	else if (f && !k->remove)
		f->channel = k->channel;
	if (by)
		mark(by);
	network_unuse(k->life);
	kept_drop(job);
}

static void
keep(struct follow *f, bool remove)
{
	struct keeping_contact *k = xcalloc(1, sizeof(*k));

	network_keep(f->life);
	k->job = (struct store_job){ kept_run, kept_done, kept_drop };
	k->home = f->by->home;
	k->life = network_use(f->life);
	k->id = xstrdup(f->by->sender.id);
	k->name = xstrdup(f->by->sender.name);
	k->person = xstrdup(f->c.person);
	k->written = xstrdup(f->written);
	k->remove = remove;
	k->when_ms = loop_wall_ms(f->by->bridge->loop);
	store_submit(f->by->bridge->store, &k->job);
}

/* ---- watching ------------------------------------------------------------ */

static void
forget_state(struct follow *f)
{
	free(f->status);
	f->status = NULL;
	f->now = (struct availability){ 0 };
}

/* As many connections as the follower's network lets its people have. */
static bool
is_over(const struct follow *f)
{
	struct network *home = f->by->home->net;
	unsigned most = home->limits.connections;

	return most && bridge_connections(home, f->by->sender.id,
					  f->life->name) >= most;
}

/* Nobody is connected for it: it is offline, and that is the reason. */
static void
hold(struct follow *f)
{
	f->life->net->protocol->ops.unwatch(f->life->net, &f->c);
	f->watched = false;
	f->held = true;
	forget_state(f);
	f->status = xstrdup("you are connected to as many networks as this "
			    "gateway lets you be");
	f->now = (struct availability){ .known = true, .status = f->status };
	f->news = true;
}

static void
watch(struct follow *f)
{
	if (f->held && is_over(f))
		return;
	f->held = false;
	f->watched = true;
	f->c.passive = false;
	f->life->net->protocol->ops.watch(f->life->net, &f->c);
	if (!(f->life->net->caps & CAN_ACCOUNT) || f->c.passive)
		return;
	/* There it takes a connection of one's own to see others. */
	if (is_over(f)) {
		hold(f);
		return;
	}
	f->room = room_direct_open(f->life, f->c.person, f->channel);
	f->room->followed++;
	puppet_stand(f->room, f->by->home, &f->by->sender);
}

static void
unwatch(struct follow *f)
{
	if (!f->watched)
		return;
	f->watched = false;
	if (f->room)
		f->room->followed--;
	f->room = NULL;
	if (f->life->net->state == NETWORK_UP)
		f->life->net->protocol->ops.unwatch(f->life->net, &f->c);
}

/* Whoever is blocked is not there (XEP-0191 3.2). */
static void
tell(struct follow *f)
{
	static const struct availability gone = { .known = true };
	struct network *net = f->by->home->net;
	const struct address person = { f->life->name, f->written };
	const struct sender who = { .id = f->c.person, .name = f->written };
	bool blocked = f->now.known && bridge_blocks(net, f->by->sender.id,
						     f->life->name, &who);

	f->news = false;
	net->protocol->ops.contact(net, f->by->sender.id, &person,
				   blocked ? &gone : &f->now);
}

static void
follow_work(struct follow *f)
{
	bool wanted = f->by->here && f->channel && !f->ended &&
		      f->life->net->state == NETWORK_UP;

	if (wanted && !f->watched)
		watch(f);
	else if (!wanted)
		unwatch(f);
	if (f->ended)
		follow_free(f);
	else if (f->news && f->by->home->net->state == NETWORK_UP)
		tell(f);
}

void
contacts_work(struct bridge *bridge)
{
	struct follower *by, *next;

	HASH_ITER(hh, bridge->followers, by, next)
	{
		struct follow *f, *after;

		if (!by->marked)
			continue;
		by->marked = false;
		DL_FOREACH_SAFE(by->list, f, after)
		follow_work(f);
		if (!by->list)
			follower_free(by);
	}
}

void
contacts_review(struct netlife *home, const char *follower)
{
	struct follower *by = follower_find(home, follower);

	if (by)
		mark(by);
}

void
contacts_blocked(struct netlife *home, const char *follower,
		 const struct address *person)
{
	struct follower *by = follower_find(home, follower);
	struct follow *f;

	if (!by)
		return;
	DL_FOREACH(by->list, f)
	if (!strcmp(f->life->name, person->network) &&
	    (!strcasecmp(f->c.person, person->id) ||
	     !strcasecmp(f->written, person->id)))
		f->news |= f->now.known;
	mark(by);
}

static void
person_lost(struct follow *f)
{
	struct availability gone = { .known = true, .status = f->life->why };

	if (f->watched && f->now.known)
		bridge_contact(&f->c, &gone);
	f->watched = false;
	if (f->room)
		f->room->followed--;
	f->room = NULL;
}

void
contacts_moved(struct netlife *life)
{
	struct follower *by, *next;
	bool up = life->net->state == NETWORK_UP;

	HASH_ITER(hh, life->bridge->followers, by, next)
	{
		struct follow *f;

		if (by->home == life && !up)
			by->here = false;
		DL_FOREACH(by->list, f)
		{
			if (f->life == life && !up)
				person_lost(f);
			if (by->home == life && up)
				f->news = true;
		}
		mark(by);
	}
}

/* ---- upcalls ------------------------------------------------------------- */

static bool
is_same(const struct follow *f, const struct availability *a)
{
	return f->now.known == a->known && f->now.online == a->online &&
	       f->now.show == a->show &&
	       !strcmp(f->status ? f->status : "", a->status ? a->status : "");
}

void
bridge_contact(struct contact *contact, const struct availability *a)
{
	struct follow *f = container_of(contact, struct follow, c);
	char *status;

	if (!f->watched || is_same(f, a))
		return;
	status = a->status && *a->status ? xstrdup(a->status) : NULL;
	forget_state(f);
	f->now = *a;
	f->now.status = f->status = status;
	f->news = true;
	mark(f->by);
}

static const char *
find_person(struct network *net, const struct address *person,
	    struct netlife **life, char id[ID_MAX])
{
	const char *why;

	*life = network_demand(net->bridge, person->network, &why);
	if (!*life || *life == net->life)
		return why ? why : "there is no such network";
	if (!((*life)->net->caps & CAN_CONTACT))
		return "nobody can be followed there";
	if (!(*life)->net->protocol->ops.resolve((*life)->net, person->id, id,
						 ID_MAX))
		return "nobody can have that name there";
	return NULL;
}

static size_t
count(const struct follower *by)
{
	const struct follow *f;
	size_t n = 0;

	DL_COUNT(by->list, f, n);
	return n;
}

const char *
bridge_follow(struct network *net, const struct sender *sender,
	      const struct address *person)
{
	struct netlife *life;
	char id[ID_MAX];
	const char *why = find_person(net, person, &life, id);
	struct follower *by;
	struct follow *f;

	assert(net->protocol->ops.contact);
	if (why)
		return why;
	by = follower_get(net->life, sender);
	f = follow_find(by, life, person->id);
	if (!f && count(by) >= CONTACTS_MAX)
		return "you follow too many people already";
	if (!f) {
		f = follow_new(by, life, id, person->id);
		keep(f, false);
	}
	f->news = f->now.known;
	mark(by);
	return NULL;
}

void
bridge_unfollow(struct network *net, const char *follower,
		const struct address *person)
{
	struct netlife *life = bridge_net(net->bridge, person->network);
	struct follower *by = follower_find(net->life, follower);
	struct follow *f = by ? follow_find(by, life, person->id) : NULL;

	if (!f)
		return;
	keep(f, true);
	f->ended = true;
	mark(by);
}

bool
bridge_follows(struct network *net, const char *follower,
	       const struct address *person)
{
	const struct netlife *life = bridge_net(net->bridge, person->network);
	const struct follower *by = follower_find(net->life, follower);

	return by && life && follow_find(by, life, person->id);
}

void
bridge_here(struct network *net, const char *follower, bool here)
{
	struct follower *by = follower_find(net->life, follower);
	struct follow *f;

	if (!by || by->here == here)
		return;
	by->here = here;
	if (!here)
		DL_FOREACH(by->list, f)
	forget_state(f);
	mark(by);
}

/* ---- life ---------------------------------------------------------------- */

static void
load(void *arg, const struct contact_row *row)
{
	struct bridge *bridge = arg;
	const char *why;
	struct netlife *home = bridge_net(bridge, row->home);
	struct netlife *life = network_demand(bridge, row->network, &why);
	const struct sender sender = { .id = row->follower, .name = row->name };

	/* Configured as ever, or it waits on disk until it is again. */
	if (!home || !life || !home->net->protocol->ops.contact ||
	    !(life->net->caps & CAN_CONTACT))
		return;
	follow_new(follower_get(home, &sender), life, row->person, row->written)
		->channel = row->channel;
}

void
contacts_renetworked(struct netlife *life)
{
	struct follower *by;
	struct follow *f;

	for (by = life->bridge->followers; by; by = by->hh.next)
		DL_FOREACH(by->list, f)
	if (f->life == life)
		f->c.network = life->net;
}

void
contacts_load(struct bridge *bridge)
{
	if (contact_each(store_reader(bridge->store), load, bridge) < 0)
		log_error("accounts", "the contacts cannot be read");
}

void
contacts_free(struct bridge *bridge)
{
	struct follower *by, *next;

	HASH_ITER(hh, bridge->followers, by, next)
	{
		while (by->list)
			follow_free(by->list);
		follower_free(by);
	}
}
