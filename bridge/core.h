/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_CORE_H
#define BRIDGE_CORE_H

/*
 * The bridge itself, and what its files share. Nothing outside bridge/
 * includes this, nor one of the headers that are named here.
 *
 *     struct bridge   here       owns networks, rooms, links
 *     struct netlife  network.h  a network's life, puppets, direct rooms
 *     struct room     room.h     a channel's life, who is in it, its outbox
 *     struct link     link.h     rooms that belong together
 *     struct member   member.h   a person in a room who is not ours
 *     struct pup      puppet.h   a person of elsewhere shown on a network
 *     struct occ      puppet.h   a puppet in a room (occupant)
 *     struct item     outbox.h   an event on its way to a room (delivery)
 *
 * One rule keeps it simple. Upcalls change state and mark the rooms that they
 * touched; a deferred pass, bridge_work(), then looks at every marked room
 * and does what its state asks for: join, bring puppets in, send. So hooks
 * are called from one place, never from inside an upcall, and no sequence of
 * upcalls can be missed: what matters is the state, not how it came about.
 */

#include "bridge/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct account;
struct blocked;
struct bounce;
struct bridge;
struct conf;
struct follower;
struct inviting;
struct link;
struct media;
struct netlife;
struct protocol;
struct reload;
struct request;
struct room;
struct secret;
struct store;
struct str;

/* Of what the bridge itself says; nobody on any network has that id. */
#define OWN_SENDER "-causeway"

/* How often each fence stopped something; see fence.c. */
struct fence_counts {
	uint64_t echoes, hops, copies, doubles, left;
};

enum bridge_state {
	BRIDGE_IDLE,
	BRIDGE_RUNNING,
	BRIDGE_STOPPING,
	BRIDGE_STOPPED,
};

struct bridge {
	struct media *media; /* or NULL; not ours */
	struct loop *loop;
	struct store *store;
	const struct conf *conf; /* one use */
	const struct protocol *const *protocols;
	struct reload *reload; /* on its way to disk, or NULL */
	int (*reloads)(void *arg, struct str *said);
	void *reloads_arg;
	enum bridge_state state;
	struct netlife **nets;
	size_t n_nets;
	struct link **links; /* of the configuration */
	size_t n_links;
	struct link *portals;     /* utlist */
	struct account *accounts; /* those that somebody uses; by key */
	struct secret *seal; /* key of their secrets; NULL: not needed yet */
	struct request *requests;     /* utlist */
	struct inviting *invitations; /* utlist; portal.c */
	struct follower *followers;   /* by key; contact.c */
	struct blocked *blocked;      /* by key; block.c */
	struct room *rooms;           /* those that have their number */
	struct room *work;            /* marked, newest last */
	struct room **work_end;
	struct bounce *bounces; /* utlist, oldest first */
	size_t n_bounces;
	size_t n_untold; /* of those that were too many */
	bool work_deferred;
	bool tight;   /* the disk is full: take nothing */
	bool behind;  /* too much is on its way to disk */
	bool pressed; /* something changed: look who is to be told */
	int64_t last_event;
	int64_t last_network;     /* number of the newest */
	struct timer drain;       /* while the last lines are confirmed */
	int64_t started_ms;       /* 0 before bridge_start() */
	int64_t steady_offset_ms; /* steady.c's, from the monotonic clock */
	struct timer tick, prune;
	char id[24];      /* names this bridge in our message ids */
	char prefix[32];  /* how those begin */
	char puppets[32]; /* the notice of our puppets */
	struct fence_counts fences;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

/* reload.c */
void reload_free(struct bridge *bridge);

/* bridge.c */
void bridge_mark(struct room *room);
void bridge_schedule(struct bridge *bridge); /* a pass, at least */

struct netlife *bridge_net(struct bridge *bridge, const char *name);
struct room *bridge_room(struct bridge *bridge, int64_t id);

/* A network came down; the bridge may be waiting for that. */
void bridge_network_is_down(struct bridge *bridge);

/* prune.c: look, now and then, for what is older than conf->keep_s */
void prune_begin(struct bridge *bridge);
void prune_later(struct bridge *bridge, int64_t wait_ms);

#endif
