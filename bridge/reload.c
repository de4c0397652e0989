/* SPDX-License-Identifier: MIT */
/*
 * reload.c - another reading of the configuration, while everything runs.
 *
 * First all that can fail: networks are made, without a connection, and what
 * is new gets its number on disk. Then everything changes in one step, on the
 * loop, so that no line is ever routed by half of the old and half of the new.
 */

#include "bridge/base.h"
#include "bridge/bridge.h"
#include "bridge/core.h"
#include "bridge/error.h"
#include "bridge/link.h"
#include "bridge/log.h"
#include "bridge/member.h"
#include "bridge/network.h"
#include "bridge/portal.h"
#include "bridge/puppet.h"
#include "bridge/room.h"
#include "bridge/secret.h"
#include "bridge/standby.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "mappings/channels.h"

#include <utlist.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reload {
	struct store_job job;
	struct bridge *bridge;
	const struct conf *conf; /* one use */
	/* by place in conf->networks */
	struct network **made; /* NULL: the one that is there stays */
	int64_t *networks;
	int64_t *channels;    /* by place in the links, link after link */
	int64_t last_network; /* that was given, be it on disk or not */
};

static void
reload_drop(struct reload *r)
{
	for (size_t i = 0; i < r->conf->n_networks; i++)
		if (r->made[i])
			r->made[i]->protocol->ops.destroy(r->made[i]);
	if (r->bridge->reload == r)
		r->bridge->reload = NULL;
	free(r->made);
	free(r->networks);
	free(r->channels);
	conf_free(r->conf);
	free(r);
}

void
reload_free(struct bridge *bridge)
{
	if (bridge->reload)
		reload_drop(bridge->reload);
}

/* ---- what differs -------------------------------------------------------- */

/* Compared with what it is, or is about to be. */
static bool
stays(const struct netlife *life, const struct conf_network *conf)
{
	const struct conf_network *was = life && life->next ? life->next_conf
					 : life             ? life->conf
							    : NULL;

	return was && !life->retired && conf_same_network(was, conf);
}

/* Make it, if it is not the one that is there. */
static int
check_network(struct reload *r, const struct conf_network *conf,
	      struct network **made, struct error *err)
{
	const struct netlife *life = bridge_net(r->bridge, conf->name);

	if (stays(life, conf) || conf_is_template(conf))
		return 0;
	if (life && strcmp(life->net->protocol->name, conf->protocol) != 0)
		return error_set(err, EINVAL,
				 "network \"%s\" has another protocol now: "
				 "give it another name, or restart the bridge",
				 conf->name);
	*made = network_make(r->bridge, conf, err);
	return *made ? 0 : -EINVAL;
}

static struct reload *
plan(struct bridge *bridge, const struct conf *conf, struct error *err)
{
	struct reload *r = xcalloc(1, sizeof(*r));
	size_t n = 0;

	for (size_t i = 0; i < conf->n_links; i++)
		n += conf->links[i].n_members;
	r->bridge = bridge;
	r->last_network = bridge->last_network;
	r->conf = conf_use(conf);
	r->made = xcalloc(conf->n_networks + 1, sizeof(struct network *));
	r->networks = xcalloc(conf->n_networks + 1, sizeof(int64_t));
	r->channels = xcalloc(n + 1, sizeof(int64_t));
	for (size_t i = 0; i < conf->n_networks; i++)
		if (check_network(r, &conf->networks[i], &r->made[i], err) <
		    0) {
			reload_drop(r);
			return NULL;
		}
	return r;
}

static const struct conf_link *
find_link(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_links; i++)
		if (strcmp(conf->links[i].name, name) == 0)
			return &conf->links[i];
	return NULL;
}

static struct link *
find_running(const struct bridge *bridge, const char *name)
{
	for (size_t i = 0; i < bridge->n_links; i++)
		if (bridge->links[i] &&
		    strcmp(bridge->links[i]->name, name) == 0)
			return bridge->links[i];
	return NULL;
}

/* One word for each that is not as it was: "2 networks: -oftc, *libera". */
static void
tell_change(struct str *said, size_t *n, const char *what, char how,
	    const char *name)
{
	if (!how)
		return;
	str_printf(said, "%s%c%s", (*n)++ ? ", " : what, how, name);
}

static void
tell_networks(const struct reload *r, struct str *said)
{
	const struct bridge *bridge = r->bridge;
	size_t n = 0;

	for (size_t i = 0; i < r->conf->n_networks; i++) {
		const char *name = r->conf->networks[i].name;
		const struct netlife *life = bridge_net(r->bridge, name);
		bool is_new = !life || life->retired;

		if (conf_is_template(&r->conf->networks[i]))
			continue;
		tell_change(said, &n, "networks: ",
			    is_new       ? '+'
			    : r->made[i] ? '*'
					 : '\0',
			    name);
	}
	for (size_t i = 0; i < bridge->n_nets; i++) {
		const struct netlife *life = bridge->nets[i];

		if (!life->retired && !life->demanded &&
		    !conf_find_network(r->conf, life->name))
			tell_change(said, &n, "networks: ", '-', life->name);
	}
	str_add(said, n ? "\n" : "networks: none has changed\n");
}

static void
tell_links(const struct reload *r, struct str *said)
{
	const struct bridge *bridge = r->bridge;
	size_t n = 0;

	for (size_t i = 0; i < r->conf->n_links; i++) {
		const struct conf_link *conf = &r->conf->links[i];
		const struct link *link = find_running(bridge, conf->name);

		tell_change(said, &n, "links: ",
			    !link                               ? '+'
			    : !conf_same_link(link->conf, conf) ? '*'
								: '\0',
			    conf->name);
	}
	for (size_t i = 0; i < bridge->n_links; i++)
		if (!find_link(r->conf, bridge->links[i]->name))
			tell_change(said, &n, "links: ", '-',
				    bridge->links[i]->name);
	str_add(said, n ? "\n" : "links: none has changed\n");
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
same_media(const struct conf_media *a, const struct conf_media *b)
{
	return a == b || (a && b && same_text(a->fingerprint, b->fingerprint));
}

/* These are open already. */
static void
tell_later(const struct reload *r, struct str *said)
{
	const struct conf *was = r->bridge->conf;

	if (!same_text(was->database, r->conf->database))
		str_add(said, "\"database\" holds from the next start on\n");
	if (!same_text(was->control_socket, r->conf->control_socket) ||
	    !same_text(was->control_group, r->conf->control_group))
		str_add(said, "\"control\" holds from the next start on\n");
	if (!same_media(was->media, r->conf->media))
		str_add(said, "\"media\" holds from the next start on\n");
}

/* ---- networks ------------------------------------------------------------ */

static void
change_networks(struct reload *r)
{
	struct bridge *bridge = r->bridge;

	for (size_t i = 0; i < bridge->n_nets; i++)
		if (!bridge->nets[i]->demanded &&
		    !conf_find_network(r->conf, bridge->nets[i]->name))
			network_retire(bridge->nets[i]);
	demand_reload(bridge, r->conf);
	for (size_t i = 0; i < r->conf->n_networks; i++) {
		const struct conf_network *conf = &r->conf->networks[i];
		struct netlife *life = bridge_net(bridge, conf->name);
		struct network *net = r->made[i];

		r->made[i] = NULL;
		if (!net)
			continue;
		if (life) {
			network_replace(life, net, conf, r->conf);
			continue;
		}
		life = network_add(bridge, net, conf, r->conf);
		network_introduce(life, r->networks[i]);
		network_start(life);
	}
}

/* ---- links --------------------------------------------------------------- */

/* It has been open for somebody who asked for it: they come along. */
static void
leave_portal(struct room *far, struct link *link)
{
	struct link *portal = far->link;

	link_drop(portal, far);
	while (portal->n_rooms) {
		struct room *room = portal->rooms[0];

		link_drop(portal, room);
		link_add(link, room);
	}
	link_free(portal);
	far->ch.portal = false;
	far->renew = true;
}

/* However the network writes it, a channel has one room. */
static struct room *
find_room(struct bridge *bridge, const struct conf_member *conf, int64_t id)
{
	struct netlife *life = bridge_net(bridge, conf->network);
	struct network *net = life->net;
	struct room *room = bridge_room(bridge, id);
	char name[1024];

	if (!room && (net->caps & (CAN_ACCOUNT | CAN_VISIT)) &&
	    net->protocol->ops.channel_name(net, conf->channel, name,
					    sizeof(name)))
		room = portal_far(life, name);
	return room;
}

/* What an adapter looks at only when it enters. */
static bool
needs_renewal(const struct conf_member *was, const struct conf_member *is)
{
	const char *a = was ? secret_reveal(was->key) : NULL;
	const char *b = secret_reveal(is->key);

	return !was || was->rules || is->rules || !same_text(a, b);
}

static void
member_take(struct link *link, struct bridge *bridge,
	    const struct conf_member *conf, int64_t id)
{
	struct room *room = find_room(bridge, conf, id);

	if (!room) {
		room = link_room_new(bridge, conf);
		link_add(link, room);
		room_open(room, id);
		return;
	}
	if (room->link && room->link->portal)
		leave_portal(room, link);
	room->renew |= needs_renewal(room->ch.conf, conf);
	room->closing = false;
	room_configure(room, conf);
	link_add(link, room);
	bridge_mark(room);
}

static struct link *
make_link(struct reload *r, const struct conf_link *conf,
	  const int64_t *channels)
{
	struct link *link = link_new(conf, r->conf);

	for (size_t i = 0; i < conf->n_members; i++)
		member_take(link, r->bridge, &conf->members[i], channels[i]);
	return link;
}

/* It is left when all that is under way there has come to its end. */
static void
close_room(struct room *room)
{
	if (room->closing)
		return;
	room->closing = true;
	room->ch.conf = NULL;
	room->nick = "{nick}";
	room->place.direction = 0;
	if (room->bounds.rows)
		log_warn(room->where,
			 "in no link any more: %lld messages that wait for it "
			 "are kept, and go there if it is linked again",
			 (long long)room->bounds.rows);
	else
		log_info(room->where, "in no link any more: leaving it");
	bridge_mark(room);
}

/* Who is shown where follows from what is linked with what. */
static void
review_people(struct link *link)
{
	for (size_t i = 0; i < link->n_rooms; i++) {
		puppets_review(link->rooms[i]);
		members_show_in(link->rooms[i]);
	}
}

static void
review_link(struct link *link)
{
	review_people(link);
	for (size_t i = 0; i < link->n_rooms; i++) {
		standings_changed(link->rooms[i]);
		bridge_mark(link->rooms[i]);
	}
	standby_review(link);
}

/* Rooms that were in a link of the file, and are in none. */
static void
settle_rooms(struct bridge *bridge)
{
	struct room *room, *tmp;
	struct link *link;

	HASH_ITER(hh, bridge->rooms, room, tmp)
	{
		if (room->ch.kind != CHANNEL_HOSTED || room->link)
			continue;
		/* Somebody is in a room that stands for it. */
		if (!room->far->link)
			link_become_portal(room->far);
		link_add(room->far->link, room);
	}
	DL_FOREACH(bridge->portals, link)
	if (link->rooms[0]->renew)
		review_people(link);
	HASH_ITER(hh, bridge->rooms, room, tmp)
	if (room->ch.kind == CHANNEL_ROOM && !room->link)
		close_room(room);
}

/* Those that are the same stay; the others are taken apart and made anew, by
 * rooms that are there already. */
static void
change_links(struct reload *r)
{
	struct bridge *bridge = r->bridge;
	const struct conf *conf = r->conf;
	struct link **links = xcalloc(conf->n_links + 1, sizeof(*links));
	const int64_t *channels = r->channels;

	for (size_t i = 0; i < conf->n_links; i++) {
		links[i] = find_running(bridge, conf->links[i].name);
		if (links[i] &&
		    !conf_same_link(links[i]->conf, &conf->links[i]))
			links[i] = NULL;
		for (size_t k = 0; links[i] && k < bridge->n_links; k++)
			if (bridge->links[k] == links[i])
				bridge->links[k] = NULL; /* stays */
	}
	struct link **old = bridge->links;
	size_t n_old = bridge->n_links;

	for (size_t k = 0; k < n_old; k++)
		while (old[k] && old[k]->n_rooms)
			link_drop(old[k], old[k]->rooms[0]);
	bridge->links = links;
	bridge->n_links = conf->n_links;

	bool *is_new = xcalloc(conf->n_links + 1, sizeof(*is_new));

	for (size_t i = 0; i < conf->n_links; i++) {
		is_new[i] = !links[i];
		if (is_new[i])
			links[i] = make_link(r, &conf->links[i], channels);
		channels += conf->links[i].n_members;
	}
	settle_rooms(bridge);
	/* Until now rooms were as the configuration of these has them. */
	for (size_t k = 0; k < n_old; k++)
		if (old[k])
			link_free(old[k]);
	free(old);
	for (size_t i = 0; i < conf->n_links; i++)
		if (is_new[i])
			review_link(links[i]);
	free(is_new);
}

/* ---- on disk, then everywhere ---------------------------------------------
 */

/* On the store's thread: looks at nothing but r. */
static int
write_links(struct db *db, struct reload *r)
{
	const struct conf *conf = r->conf;
	size_t n = 0;

	for (size_t i = 0; i < conf->n_links; i++) {
		const struct conf_link *link = &conf->links[i];
		int64_t id;
		int rc = link_put(db, link->name, LINK_FILE, &id);

		for (size_t k = 0; rc == 0 && k < link->n_members; k++) {
			const struct conf_member *m = &link->members[k];
			size_t net =
				(size_t)(conf_find_network(conf, m->network) -
					 conf->networks);

			rc = channel_put(db, r->networks[net], CHANNEL_ROOM,
					 m->channel, &r->channels[n]);
			if (rc == 0)
				rc = link_member_put(db, id, r->channels[n++],
						     "");
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* What somebody asked for has a number that need not be on disk (demand.c): a
 * new network gets one that comes after all of them. */
static int
write_network(struct db *db, const struct conf_network *conf, int64_t *last,
	      int64_t *id)
{
	int rc = network_find(db, conf->name, id);

	if (rc == -ENOENT)
		rc = network_put_as(db, conf->name, conf->protocol, ++*last);
	return rc < 0 ? rc : network_put(db, conf->name, conf->protocol, id);
}

static int
reload_run(struct db *db, struct store_job *job)
{
	struct reload *r = container_of(job, struct reload, job);
	int64_t last = network_last_id(db);
	int rc = 0;

	if (last < r->last_network)
		last = r->last_network;
	for (size_t i = 0; rc == 0 && i < r->conf->n_networks; i++)
		rc = write_network(db, &r->conf->networks[i], &last,
				   &r->networks[i]);
	return rc < 0 ? rc : write_links(db, r);
}

static void
take_effect(struct reload *r)
{
	struct bridge *bridge = r->bridge;

	for (size_t i = 0; i < r->conf->n_networks; i++)
		if (bridge->last_network < r->networks[i])
			bridge->last_network = r->networks[i];
	change_networks(r);
	change_links(r);
	conf_free(bridge->conf);
	bridge->conf = conf_use(r->conf);
	log_info("causewayd", "reloaded: %zu networks, %zu links",
		 r->conf->n_networks, r->conf->n_links);
	bridge_schedule(bridge);
}

static void
reload_done(struct store_job *job, int status)
{
	struct reload *r = container_of(job, struct reload, job);

	if (status < 0)
		log_error("store",
			  "the new configuration cannot be written down, and "
			  "the old one holds: %s",
			  strerror(-status));
	else if (r->bridge->state == BRIDGE_RUNNING)
		take_effect(r);
	reload_drop(r);
}

static void
reload_dropped(struct store_job *job)
{
	reload_drop(container_of(job, struct reload, job));
}

int
bridge_reload(struct bridge *bridge, const struct conf *conf, struct str *said)
{
	struct error err;
	struct reload *r;

	if (bridge->state != BRIDGE_RUNNING || !*bridge->id || bridge->reload) {
		str_add(said, bridge->reload ? "a reload is under way\n"
					     : "the bridge is not running\n");
		return -EBUSY;
	}
	r = plan(bridge, conf, &err);
	if (!r) {
		str_printf(said, "%s\n", err.text);
		return -EINVAL;
	}
	tell_networks(r, said);
	tell_links(r, said);
	tell_later(r, said);
	bridge->reload = r;
	r->job.run = reload_run;
	r->job.done = reload_done;
	r->job.drop = reload_dropped;
	store_submit(bridge->store, &r->job);
	return 0;
}

void
bridge_on_reload(struct bridge *bridge, int (*fn)(void *arg, struct str *said),
		 void *arg)
{
	bridge->reloads = fn;
	bridge->reloads_arg = arg;
}
