/* SPDX-License-Identifier: MIT */
/* plan.c - configurations that a play makes. */

#include "tests/scenario/plan.h"

#include "bridge/base.h"
#include "tests/support/fake.h"

#include <stdio.h>
#include <string.h>

#define PRINT_BYTES 16

/* Pointers from one part to another. */
static void
connect(struct plan *plan)
{
	plan->conf.networks = plan->networks;
	plan->conf.links = plan->links;
	for (size_t i = 0; i < NETS_MAX; i++)
		plan->networks[i].fingerprint = plan->network_prints[i];
	for (size_t i = 0; i < LINKS_MAX; i++) {
		plan->links[i].fingerprint = plan->link_prints[i];
		plan->links[i].members = plan->members[i];
	}
}

struct plan *
plan_new(void)
{
	struct plan *plan = xcalloc(1, sizeof(*plan));

	plan->conf.uses = 1;
	connect(plan);
	return plan;
}

struct plan *
plan_copy(const struct plan *plan)
{
	struct plan *copy = xcalloc(1, sizeof(*copy));

	*copy = *plan;
	copy->conf.uses = 1;
	connect(copy);
	return copy;
}

static void
make_different(struct plan *plan, char *print)
{
	snprintf(print, PRINT_BYTES, "%u", ++plan->last_print);
}

/* ---- networks ------------------------------------------------------------ */

bool
plan_network(struct plan *plan, struct world *w)
{
	size_t i = plan->conf.n_networks;

	if (i == NETS_MAX)
		return false;
	plan->networks[i] = world_conf(w);
	plan->conf.n_networks++;
	make_different(plan, plan->network_prints[i]);
	connect(plan);
	return true;
}

static size_t
find_network(const struct plan *plan, const char *name)
{
	size_t i = 0;

	while (i < plan->conf.n_networks &&
	       strcmp(plan->networks[i].name, name) != 0)
		i++;
	return i;
}

bool
plan_renew(struct plan *plan, const char *network)
{
	size_t i = find_network(plan, network);

	if (i == plan->conf.n_networks)
		return false;
	make_different(plan, plan->network_prints[i]);
	return true;
}

bool
plan_unnetwork(struct plan *plan, const char *network)
{
	size_t i = find_network(plan, network);
	size_t last = plan->conf.n_networks - 1;

	if (i > last)
		return false;
	plan->networks[i] = plan->networks[last];
	memcpy(plan->network_prints[i], plan->network_prints[last],
	       PRINT_BYTES);
	plan->conf.n_networks--;
	connect(plan);
	return true;
}

/* ---- links --------------------------------------------------------------- */

static size_t
find_link(const struct plan *plan, const char *name)
{
	size_t i = 0;

	while (i < plan->conf.n_links && strcmp(plan->links[i].name, name) != 0)
		i++;
	return i;
}

struct conf_link *
plan_link(struct plan *plan, const char *name)
{
	size_t i = find_link(plan, name);

	if (i == LINKS_MAX)
		return NULL;
	if (i == plan->conf.n_links)
		plan->conf.n_links++;
	plan->links[i] = (struct conf_link){ .name = name };
	make_different(plan, plan->link_prints[i]);
	connect(plan);
	return &plan->links[i];
}

bool
plan_unlink(struct plan *plan, const char *name)
{
	size_t i = find_link(plan, name);
	size_t last = plan->conf.n_links - 1;

	if (i == plan->conf.n_links)
		return false;
	plan->links[i] = plan->links[last];
	memcpy(plan->members[i], plan->members[last], sizeof(plan->members[i]));
	memcpy(plan->link_prints[i], plan->link_prints[last], PRINT_BYTES);
	plan->conf.n_links--;
	connect(plan);
	return true;
}

struct conf_member *
plan_member(struct plan *plan, struct conf_link *link)
{
	if (link->n_members == MEMBERS_MAX)
		return NULL;
	return &plan->members[link - plan->links][link->n_members++];
}
