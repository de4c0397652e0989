/* SPDX-License-Identifier: MIT */
/*
 * block.c - whom users of a gateway do not want to hear. See contact.h.
 *
 * All that is blocked is in memory, by who is blocked: so what most people say
 * costs one look. A person is blocked under the name that was written, and is
 * known by it, or by the id that is made of it.
 */

#include "bridge/account.h"
#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/hash.h"
#include "bridge/log.h"
#include "bridge/network.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "mappings/accounts.h"

#include <utlist.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 4096
#define ID_MAX 1025

struct blocker {
	struct netlife *home;
	char *id;
	struct blocker *next;
};

struct blocked {
	char *key; /* label, LF, id */
	struct blocker *by;
	UT_hash_handle hh;
};

/* ---- in memory ----------------------------------------------------------- */

/* In lower case as far as ASCII goes. */
static struct blocked *
find(const struct bridge *bridge, const char *network, const char *id)
{
	AUTO_STR key = { 0 };
	struct blocked *b;

	str_init(&key, KEY_MAX);
	str_printf(&key, "%s\n", network);
	for (; *id; id++)
		str_add_char(&key, *id >= 'A' && *id <= 'Z'
					   ? (char)(*id - 'A' + 'a')
					   : *id);
	HASH_FIND(hh, bridge->blocked, key.data, key.len, b);
	return b;
}

static struct blocker *
find_blocker(const struct blocked *b, const struct netlife *home,
	     const char *id)
{
	struct blocker *by;

	LL_FOREACH(b->by, by)
	if (by->home == home && !strcmp(by->id, id))
		return by;
	return NULL;
}

static void
put(struct netlife *home, const char *id, const char *network,
    const char *person)
{
	struct bridge *bridge = home->bridge;
	struct blocked *b = find(bridge, network, person);
	struct blocker *by;
	AUTO_STR key = { 0 };

	if (!b) {
		b = xcalloc(1, sizeof(*b));
		str_init(&key, KEY_MAX);
		str_printf(&key, "%s\n%s", network, person);
		b->key = str_take(&key);
		HASH_ADD_KEYPTR(hh, bridge->blocked, b->key, strlen(b->key), b);
	}
	if (find_blocker(b, home, id))
		return;
	by = xcalloc(1, sizeof(*by));
	by->home = home;
	by->id = xstrdup(id);
	LL_PREPEND(b->by, by);
}

static void
drop(struct bridge *bridge, struct blocked *b, struct blocker *by)
{
	LL_DELETE(b->by, by);
	free(by->id);
	free(by);
	if (b->by)
		return;
	HASH_DEL(bridge->blocked, b);
	free(b->key);
	free(b);
}

static bool
blocks(const struct bridge *bridge, const struct netlife *home,
       const char *reader, const char *network, const char *id)
{
	const struct blocked *b = find(bridge, network, id);

	return b && (!reader || find_blocker(b, home, reader));
}

bool
bridge_blocks(struct network *net, const char *reader, const char *network,
	      const struct sender *person)
{
	const struct bridge *bridge = net->bridge;

	if (!bridge->blocked)
		return false;
	return blocks(bridge, net->life, reader, network, person->id) ||
	       (person->name &&
		blocks(bridge, net->life, reader, network, person->name));
}

/* ---- on disk ------------------------------------------------------------- */

struct change {
	struct store_job job;
	int64_t home, when_ms;
	char *id, *network, *person;
	bool remove;
};

static int
change_run(struct db *db, struct store_job *job)
{
	const struct change *c = container_of(job, struct change, job);
	int64_t account;
	int rc = account_put(db, c->home, c->id, c->when_ms, &account);

	if (rc < 0)
		return rc;
	if (!c->remove)
		return block_put(db, account, c->network, c->person,
				 c->when_ms);
	rc = block_remove(db, account, c->network, c->person);
	return rc == -ENOENT ? 0 : rc;
}

static void
change_drop(struct store_job *job)
{
	struct change *c = container_of(job, struct change, job);

	free(c->id);
	free(c->network);
	free(c->person);
	free(c);
}

static void
change_done(struct store_job *job, int status)
{
	if (status < 0)
		log_error("accounts", "whom a user blocks was not written; it "
				      "is as before at the next start");
	change_drop(job);
}

static void
keep(struct netlife *home, const char *id, const char *network,
     const char *person, bool remove)
{
	struct change *c = xcalloc(1, sizeof(*c));

	c->job = (struct store_job){ change_run, change_done, change_drop };
	c->home = home->net->id;
	c->when_ms = loop_wall_ms(home->bridge->loop);
	c->id = xstrdup(id);
	c->network = xstrdup(network);
	c->person = xstrdup(person);
	c->remove = remove;
	store_submit(home->bridge->store, &c->job);
}

/* ---- for doors ----------------------------------------------------------- */

void
bridge_blocked(struct network *net, const char *who,
	       void (*fn)(void *arg, const struct address *person), void *arg)
{
	struct blocked *b, *next;

	HASH_ITER(hh, net->bridge->blocked, b, next)
	{
		const char *id = strchr(b->key, '\n') + 1;
		AUTO_STR network = { 0 };

		if (!find_blocker(b, net->life, who))
			continue;
		str_init(&network, KEY_MAX);
		str_add_n(&network, b->key, (size_t)(id - b->key) - 1);
		fn(arg, &(struct address){ network.data, id });
	}
}

static void
count_one(void *arg, const struct address *person UNUSED)
{
	size_t *n = arg;

	(*n)++;
}

/* As the network writes that person. NULL, or why nobody can be called so. */
static const char *
resolve(struct network *net, const struct address *person, char id[ID_MAX])
{
	const char *why = NULL;
	struct netlife *life =
		network_demand(net->bridge, person->network, &why);

	if (!life || life == net->life)
		return why ? why : "there is no such network";
	if (!life->net->protocol->ops.resolve ||
	    !life->net->protocol->ops.resolve(life->net, person->id, id,
					      ID_MAX))
		return "nobody can have that name there";
	return NULL;
}

const char *
bridge_may_block(struct network *net, const char *who,
		 const struct address *person)
{
	char id[ID_MAX];
	size_t n = 0;

	bridge_blocked(net, who, count_one, &n);
	if (n >= BLOCKS_MAX)
		return "you block too many people already";
	return resolve(net, person, id);
}

const char *
bridge_block(struct network *net, const char *who, const struct address *person)
{
	char id[ID_MAX];
	const char *why = bridge_may_block(net, who, person);

	if (!why)
		why = resolve(net, person, id);
	if (why || blocks(net->bridge, net->life, who, person->network, id))
		return why;
	put(net->life, who, person->network, id);
	keep(net->life, who, person->network, id, false);
	contacts_blocked(net->life, who,
			 &(struct address){ person->network, id });
	return NULL;
}

void
bridge_unblock(struct network *net, const char *who,
	       const struct address *person)
{
	char id[ID_MAX];
	struct blocked *b = find(net->bridge, person->network, person->id);
	struct blocker *by;

	if (!b && !resolve(net, person, id))
		b = find(net->bridge, person->network, id);
	by = b ? find_blocker(b, net->life, who) : NULL;
	if (!by)
		return;
	(void)snprintf(id, sizeof(id), "%s", strchr(b->key, '\n') + 1);
	keep(net->life, who, person->network, id, true);
	drop(net->bridge, b, by);
	contacts_blocked(net->life, who,
			 &(struct address){ person->network, id });
}

/* ---- life ---------------------------------------------------------------- */

static void
load(void *arg, const struct block_row *row)
{
	struct netlife *home = bridge_net(arg, row->home);

	if (home)
		put(home, row->who, row->network, row->person);
}

void
blocks_load(struct bridge *bridge)
{
	if (block_each(store_reader(bridge->store), load, bridge) < 0)
		log_error("accounts", "whom users block cannot be read");
}

void
blocks_free(struct bridge *bridge)
{
	struct blocked *b, *next;

	HASH_ITER(hh, bridge->blocked, b, next)
	{
		while (b->by->next)
			drop(bridge, b, b->by);
		drop(bridge, b, b->by);
	}
}
