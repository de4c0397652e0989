/* SPDX-License-Identifier: MIT */
/*
 * naming.c - the names that puppets had, on disk: the same person has the same
 * one next time.
 */

#include "bridge/naming.h"

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/network.h"
#include "bridge/puppet.h"
#include "bridge/store.h"
#include "mappings/identities.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The store tells which name the puppet had last time. */
struct opening {
	struct store_job job;
	struct netlife *life, *home;
	char *sender_id, *name, *account, *native;
	int64_t network_row, home_row, puppet_row;
};

static int
opening_run(struct db *db, struct store_job *job)
{
	struct opening *op = container_of(job, struct opening, job);
	int64_t sender;
	int rc = sender_put(db, op->home_row, op->sender_id, op->name,
			    op->account, &sender);

	if (rc == 0)
		rc = puppet_put(db, sender, op->network_row, NULL, 0,
				&op->puppet_row);
	if (rc == 0) {
		free(op->native); /* the group may be run a second time */
		op->native = puppet_native(db, sender, op->network_row);
	}
	return rc;
}

static void
opening_drop(struct store_job *job)
{
	struct opening *op = container_of(job, struct opening, job);

	free(op->sender_id);
	free(op->name);
	free(op->account);
	free(op->native);
	free(op);
}

static void
opening_done(struct store_job *job, int status)
{
	struct opening *op = container_of(job, struct opening, job);
	struct pup *pup = pup_find(op->life, op->home, op->sender_id);

	if (pup && !pup->opened) {
		pup->opened = true;
		if (status == 0) {
			pup->p.id = op->puppet_row;
			pup->native = op->native;
			pup->p.native = pup->native;
			op->native = NULL;
		}
		for (struct occ *o = pup->occs; o; o = o->next_of_pup)
			occ_mark(o);
	}
	network_unuse(op->life);
	network_unuse(op->home);
	opening_drop(job);
}

void
naming_ask(struct pup *pup)
{
	struct opening *op = xcalloc(1, sizeof(*op));

	op->life = network_use(pup->life); /* longer than the puppet lives */
	op->home = network_use(pup->home);
	op->network_row = pup->life->net->id;
	op->home_row = pup->home->net->id;
	op->sender_id = xstrdup(pup->sender.id);
	op->name = xstrdup(pup->sender.name);
	op->account = pup->sender.account ? xstrdup(pup->sender.account) : NULL;
	op->job.run = opening_run;
	op->job.done = opening_done;
	op->job.drop = opening_drop;
	store_submit(pup->life->bridge->store, &op->job);
}

/* Remember the name, so that the same person gets it next time. */
struct naming {
	struct store_job job;
	int64_t sender_network, network;
	char *sender_id, *name, *native;
	int64_t active_ms;
};

static int
naming_run(struct db *db, struct store_job *job)
{
	struct naming *n = container_of(job, struct naming, job);
	int64_t sender, puppet;
	int rc = sender_put(db, n->sender_network, n->sender_id, n->name, NULL,
			    &sender);

	if (rc < 0)
		return rc;
	rc = puppet_put(db, sender, n->network, n->native, n->active_ms,
			&puppet);
	/* Rooms have nicks of their own: two people may have one name. */
	return rc == -EEXIST ? 0 : rc;
}

static void
naming_drop(struct store_job *job)
{
	struct naming *n = container_of(job, struct naming, job);

	free(n->sender_id);
	free(n->name);
	free(n->native);
	free(n);
}

static void
naming_done(struct store_job *job, int status UNUSED)
{
	naming_drop(job);
}

void
naming_keep(struct pup *pup, const char *name)
{
	struct naming *n;

	if (pup->native && strcmp(pup->native, name) == 0)
		return;
	free(pup->native);
	pup->native = xstrdup(name);
	pup->p.native = pup->native;

	n = xcalloc(1, sizeof(*n));
	n->sender_network = pup->home->net->id;
	n->network = pup->life->net->id;
	n->sender_id = xstrdup(pup->sender.id);
	n->name = xstrdup(pup->sender.name);
	n->native = xstrdup(name);
	n->active_ms = loop_wall_ms(pup->life->bridge->loop);
	n->job.run = naming_run;
	n->job.done = naming_done;
	n->job.drop = naming_drop;
	store_submit(pup->life->bridge->store, &n->job);
}
