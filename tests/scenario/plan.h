/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SCENARIO_PLAN_H
#define TESTS_SCENARIO_PLAN_H

/*
 * A configuration that a play makes word by word, and the next one, which
 * begins as a copy of it. Names are the caller's and outlive every plan.
 */

#include "conf/conf.h"

#include <stdbool.h>
#include <stddef.h>

struct world;

#define NETS_MAX 8
#define LINKS_MAX 8
#define MEMBERS_MAX 16

struct plan {
	struct conf conf;
	struct conf_network networks[NETS_MAX];
	struct conf_link links[LINKS_MAX];
	struct conf_member members[LINKS_MAX][MEMBERS_MAX];
	/* what makes one of them differ from one of another plan */
	char network_prints[NETS_MAX][16], link_prints[LINKS_MAX][16];
	unsigned last_print;
};

struct plan *plan_new(void);

/* Like that one; its links and networks are the same. */
struct plan *plan_copy(const struct plan *plan);

/* False if there are too many. */
bool plan_network(struct plan *plan, struct world *w);

/* True if that network was there; it is another one now, or gone. */
bool plan_renew(struct plan *plan, const char *network);
bool plan_unnetwork(struct plan *plan, const char *network);

/* The link of that name, anew and without members; NULL if too many. */
struct conf_link *plan_link(struct plan *plan, const char *name);
bool plan_unlink(struct plan *plan, const char *name);

/* One more channel of a link of plan_link(); NULL if too many. */
struct conf_member *plan_member(struct plan *plan, struct conf_link *link);

#endif
