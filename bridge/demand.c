/* SPDX-License-Identifier: MIT */
/*
 * demand.c - networks of hosts that no configuration names, made when somebody
 * asks for one and freed when nobody has used it for a while.
 *
 * Whatever holds such a network counts in life->uses: rooms, puppets, lines on
 * their way, contacts, commands. So it can be freed as soon as that is 0 and it
 * is down; and what comes back after a restart makes it anew by its name. Its
 * number is given by us, who are the only ones to give any while the bridge
 * runs, so that it can be used before it is on disk.
 */

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/network.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "mappings/channels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- on disk ------------------------------------------------------------- */

struct numbering {
	struct store_job job;
	struct bridge *bridge;
	char *name;
	int64_t id;
};

static int
numbering_run(struct db *db, struct store_job *job)
{
	const struct numbering *n = container_of(job, struct numbering, job);

	return network_put_as(db, n->name, "irc", n->id);
}

static void
numbering_drop(struct store_job *job)
{
	struct numbering *n = container_of(job, struct numbering, job);

	free(n->name);
	free(n);
}

/* What is to be kept for it fails likewise, and people are told. */
static void
numbering_done(struct store_job *job, int status)
{
	struct numbering *n = container_of(job, struct numbering, job);
	struct netlife *life = bridge_net(n->bridge, n->name);

	if (status < 0)
		log_error(n->name, "the network cannot be written down: %s",
			  strerror(-status));
	if (life)
		life->written = status == 0;
	numbering_drop(job);
}

void
network_keep(struct netlife *life)
{
	struct numbering *n;

	if (!life || !life->demanded || life->written)
		return;
	n = xcalloc(1, sizeof(*n));
	n->job = (struct store_job){ numbering_run, numbering_done,
				     numbering_drop };
	n->bridge = life->bridge;
	n->name = xstrdup(life->name);
	n->id = life->net->id;
	life->written = true; /* unless we hear otherwise */
	store_submit(life->bridge->store, &n->job);
}

/* NULL, or why it can have no number now. */
static const char *
find_number(struct bridge *bridge, const char *name, int64_t *id)
{
	if (network_find(store_reader(bridge->store), name, id) == 0)
		return NULL;
	if (bridge->reload)
		return "the gateway is being configured; try again in a moment";
	*id = ++bridge->last_network;
	return NULL;
}

/* ---- ending -------------------------------------------------------------- */

static void
remove_now(void *arg)
{
	struct netlife *life = arg;
	struct bridge *bridge = life->bridge;

	if (life->uses || life->next || life->net->state != NETWORK_DOWN ||
	    bridge->state != BRIDGE_RUNNING)
		return;
	log_info(life->name, "nobody uses it any more: forgotten");
	bridge->nets[life->place] = bridge->nets[--bridge->n_nets];
	bridge->nets[life->place]->place = life->place;
	network_free(life);
}

static void
end(struct netlife *life)
{
	if (life->uses)
		return;
	network_retire(life);
	demand_down(life);
}

static void
idle(void *arg)
{
	end(arg);
}

void
demand_down(struct netlife *life)
{
	if (life->demanded && life->retired && life->net->state == NETWORK_DOWN)
		loop_defer(life->bridge->loop, remove_now, life);
}

void
demand_stop(struct netlife *life)
{
	timer_stop(&life->idle);
	loop_cancel(life->bridge->loop, remove_now, life);
}

struct netlife *
network_use(struct netlife *life)
{
	if (life)
		life->uses++;
	return life;
}

void
network_unuse(struct netlife *life)
{
	if (!life || --life->uses || !life->demanded)
		return;
	timer_start(&life->idle, life->bridge->loop,
		    life->retired
			    ? 0
			    : (int64_t)life->conf->irc->hosts->linger_s * 1000,
		    idle, life);
}

/* ---- beginning ----------------------------------------------------------- */

/* At the limit, one that nobody uses makes room at once. */
static bool
has_room(struct bridge *bridge, unsigned max)
{
	struct netlife *oldest = NULL;
	size_t n = 0;

	for (size_t i = 0; i < bridge->n_nets; i++) {
		struct netlife *life = bridge->nets[i];

		if (!life->demanded || life->retired)
			continue;
		n++;
		if (!life->uses &&
		    (!oldest || life->since_ms < oldest->since_ms))
			oldest = life;
	}
	if (n < max)
		return true;
	if (oldest)
		end(oldest);
	return oldest != NULL;
}

static struct netlife *
make(struct bridge *bridge, const char *name, const char **why)
{
	const struct conf *conf;
	struct netlife *life = NULL;
	struct network *net;
	struct error err;
	int64_t id = 0;

	*why = find_number(bridge, name, &id);
	if (*why)
		return NULL;
	conf = conf_for_host(bridge->conf, name);
	net = network_make(bridge, conf->networks, &err);
	if (net) {
		life = network_add(bridge, net, conf->networks, conf);
		life->demanded = true;
		network_introduce(life, id);
		log_info(name, "somebody wants to go there");
		network_start(life);
		network_unuse(network_use(life)); /* so that it ends */
	} else {
		log_error(name, "%s", err.text);
		*why = "this gateway cannot lead there; its operator finds the "
		       "reason in the log";
	}
	conf_free(conf);
	return life;
}

static const struct conf_hosts *
permitted(const struct conf *conf, const char *name)
{
	const struct conf_network *template = conf_template(conf);

	return template && conf_permits_host(template->irc->hosts, name)
		       ? template->irc->hosts
		       : NULL;
}

/* It was about to go, and somebody comes. */
static void
revive(struct netlife *life)
{
	life->retired = false;
	loop_cancel(life->bridge->loop, remove_now, life);
	network_start(life);
	network_unuse(network_use(life));
}

struct netlife *
network_demand(struct bridge *bridge, const char *name, const char **why)
{
	struct netlife *life = bridge_net(bridge, name);
	const struct conf_hosts *hosts;

	*why = NULL;
	if (life && !life->demanded)
		return life->retired ? NULL : life;
	hosts = bridge->state == BRIDGE_RUNNING && *bridge->id
			? permitted(bridge->conf, name)
			: NULL;
	if (!hosts)
		return NULL;
	if (life) {
		if (life->retired)
			revive(life);
		return life;
	}
	if (!has_room(bridge, hosts->max)) {
		*why = "this gateway leads to as many networks as it may; try "
		       "again later";
		return NULL;
	}
	return make(bridge, name, why);
}

/* ---- another configuration ----------------------------------------------- */

static void
reconfigure(struct netlife *life, const struct conf *conf)
{
	const struct conf_network *was =
		life->next ? life->next_conf : life->conf;
	const struct conf *own;
	struct network *net;
	struct error err;

	if (!permitted(conf, life->name)) {
		network_retire(life);
		return;
	}
	own = conf_for_host(conf, life->name);
	if (conf_same_network(was, own->networks)) {
		if (life->retired)
			revive(life);
		conf_free(own);
		return;
	}
	net = network_make(life->bridge, own->networks, &err);
	if (net)
		network_replace(life, net, own->networks, own);
	else
		log_error(life->name, "%s", err.text);
	conf_free(own);
}

void
demand_reload(struct bridge *bridge, const struct conf *conf)
{
	for (size_t i = 0; i < bridge->n_nets; i++)
		if (bridge->nets[i]->demanded)
			reconfigure(bridge->nets[i], conf);
}
