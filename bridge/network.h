/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_NETWORK_H
#define BRIDGE_NETWORK_H

/*
 * The life of a network; network.c, and demand.c for those of hosts that are
 * not configured.
 */

#include "bridge/loop.h"
#include "bridge/protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bridge;
struct conf;
struct pup;
struct room;

struct netlife {
	char *name; /* the label; outlives every net */
	struct network *net;
	const struct conf_network *conf;
	const struct conf *of; /* where conf is: one use */
	struct bridge *bridge;
	size_t place; /* in bridge->nets */
	bool retired; /* not configured any more: stays down */
	/* Of a host that is not configured; freed when nothing uses it. */
	bool demanded, written;
	unsigned uses;
	struct timer idle; /* until it is retired, unless it is used */
	/* What it becomes as soon as it is down, or NULL; with one use. */
	struct network *next;
	const struct conf_network *next_conf;
	const struct conf *next_of;
	bool wanted;
	unsigned failures;
	int64_t since_ms;       /* of the present state */
	int64_t lost_ms;        /* when it was last up; 0: never was */
	char *why;              /* it was last down; NULL: never was */
	bool refused;           /* and that the other side wants it so */
	unsigned complaints;    /* about being down, in the log */
	bool news;              /* the reason differs from the one before */
	bool heard;             /* it was up since it was last down */
	enum pressure pressure; /* as the adapter was told since it is up */
	struct timer retry;
	struct timer deadline; /* of starting or stopping */
	struct pup *pups;
	size_t n_counted; /* those for whom there is a limit */
	struct room *directs;
	struct room *hosted;
	int64_t receipt_ms; /* when the next may be told; moment.c */
};

void network_start(struct netlife *life);
void network_stop(struct netlife *life);

/* NULL and err: the network that a configuration asks for cannot be made. */
struct network *network_make(struct bridge *bridge,
			     const struct conf_network *conf,
			     struct error *err);

/* One more: net, which is now owned, made from conf, which is in of. */
struct netlife *network_add(struct bridge *bridge, struct network *net,
			    const struct conf_network *conf,
			    const struct conf *of);

/* Tell net what a bridge that knows its own identity tells its networks. */
void network_introduce(struct netlife *life, int64_t id);

/* It goes down, and comes up as net. Rooms and puppets stay with it. */
void network_replace(struct netlife *life, struct network *net,
		     const struct conf_network *conf, const struct conf *of);

/* It goes down and stays there. */
void network_retire(struct netlife *life);

/* All that it holds; rooms were freed before. */
void network_free(struct netlife *life);

/* demand.c: networks of hosts that are not configured */

/*
 * The network with that label. If there is none, and people may reach a host
 * of that name, it is made. NULL: there is none; why says so in words, or is
 * NULL if nothing more is to be said.
 */
struct netlife *network_demand(struct bridge *bridge, const char *label,
			       const char **why);

/* Something that belongs to it is about to be written down. Accepts NULL. */
void network_keep(struct netlife *life);

/*
 * Whoever keeps a pointer to a network beyond a turn of the loop counts as a
 * use of it; the bridge's own networks are never demanded. Both accept NULL.
 */
struct netlife *network_use(struct netlife *life);
void network_unuse(struct netlife *life);

/* network.c tells that it is down, or about to be freed. */
void demand_down(struct netlife *life);
void demand_stop(struct netlife *life);

/* Go on as conf has it. */
void demand_reload(struct bridge *bridge, const struct conf *conf);

/*
 * An operator does not want to wait: whatever waits for its time is tried at
 * once. Tells how much it found, as room_retry(), outbox_retry() and
 * puppets_retry() do; attempts are counted on.
 */
unsigned network_retry(struct netlife *life);

#endif
