/* SPDX-License-Identifier: MIT */
/*
 * network.c - the life of one network: states, waiting, giving up on a start
 * that never ends. Adapters report; only this file decides when to try again.
 */

#include "bridge/network.h"

#include "bridge/account.h"
#include "bridge/backoff.h"
#include "bridge/base.h"
#include "bridge/bounds.h"
#include "bridge/core.h"
#include "bridge/error.h"
#include "bridge/gate.h"
#include "bridge/log.h"
#include "bridge/operate.h"
#include "bridge/puppet.h"
#include "bridge/room.h"
#include "bridge/store.h"
#include "conf/conf.h"
#include "mappings/channels.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Longer than any handshake: DNS, TLS, SASL with a slow server. */
#define START_DEADLINE_MS 90000
/* Adapters have a second; then we go without goodbye. */
#define STOP_DEADLINE_MS 3000
/* Up for so long, the next loss is a new story. */
#define STABLE_MS 60000
/* What is new about a network that is down is told so often. */
#define COMPLAINTS_MAX 4

/* What people may set, and ask for. */
static void
check_settings(const struct protocol *protocol)
{
	const struct protocol_ops *ops = &protocol->ops;

	if (protocol->caps & CAN_ACCOUNT)
		assert((protocol->caps & CAN_PUPPET) && ops->channel_name &&
		       protocol->settings);
	if (protocol->caps & CAN_VISIT)
		assert((protocol->caps & CAN_PUPPET) && ops->channel_name);
	assert(!ops->may_set || protocol->settings);
	assert((!protocol->commands && !ops->each_command) || ops->command);
}

void
protocol_check(const struct protocol *protocol)
{
	const struct protocol_ops *ops = &protocol->ops;

	assert(protocol->name);
	assert(ops->create && ops->destroy);
	assert(ops->start && ops->stop);
	assert(ops->join && ops->leave);
	assert(ops->send);

	/* Without a window nothing would ever be sent. */
	assert(protocol->limits.window >= 1);
	if (protocol->caps & CAN_PUPPET)
		assert(ops->puppet_join && ops->puppet_leave &&
		       ops->puppet_update);
	assert(!ops->step_in == !ops->step_out);
	if (protocol->caps & CAN_HOST)
		assert(ops->standing && ops->accepted);
	check_settings(protocol);
	if (protocol->caps & CAN_CONTACT)
		assert(ops->watch && ops->unwatch && ops->resolve);
	/* A private word needs a puppet to come from. */
	if (protocol->caps & CAN_DIRECT)
		assert((protocol->caps & CAN_PUPPET) && ops->resolve &&
		       ops->bounce);
}

void
network_init(struct network *net, const struct protocol *protocol,
	     const char *name)
{
	*net = (struct network){
		.protocol = protocol,
		.name = xstrdup(name),
		.state = NETWORK_DOWN,
		.caps = protocol->caps,
		.limits = protocol->limits,
	};
}

void
network_finish(struct network *net)
{
	assert(net->state == NETWORK_DOWN);

	free(net->name);
	net->name = NULL;
}

/* ---- making and ending --------------------------------------------------- */

static const struct protocol *
protocol_find(const struct protocol *const *protocols, const char *name)
{
	for (; *protocols; protocols++)
		if (strcmp((*protocols)->name, name) == 0)
			return *protocols;
	return NULL;
}

struct network *
network_make(struct bridge *bridge, const struct conf_network *conf,
	     struct error *err)
{
	const struct protocol *protocol =
		protocol_find(bridge->protocols, conf->protocol);

	if (!protocol) {
		(void)error_set(err, EINVAL,
				"network \"%s\": this program was built "
				"without the protocol \"%s\"",
				conf->name, conf->protocol);
		return NULL;
	}
	protocol_check(protocol);
	return protocol->ops.create(conf, bridge->loop, err);
}

/* The network that is there is that one. */
static void
adopt(struct netlife *life, struct network *net,
      const struct conf_network *conf, const struct conf *of)
{
	life->net = net;
	life->conf = conf;
	life->of = of;
	net->bridge = life->bridge;
	net->life = life;
	if (conf->has_level)
		log_set_network_level(conf->name, conf->level);
}

struct netlife *
network_add(struct bridge *bridge, struct network *net,
	    const struct conf_network *conf, const struct conf *of)
{
	struct netlife *life = xcalloc(1, sizeof(*life));

	life->bridge = bridge;
	life->name = xstrdup(conf->name);
	adopt(life, net, conf, conf_use(of));
	bridge->nets = xrealloc(bridge->nets,
				(bridge->n_nets + 1) * sizeof(*bridge->nets));
	life->place = bridge->n_nets++;
	bridge->nets[life->place] = life;
	return life;
}

void
network_introduce(struct netlife *life, int64_t id)
{
	struct bridge *bridge = life->bridge;

	life->net->id = id;
	life->net->prefix = bridge->prefix;
	life->net->puppet_notice = bridge->puppets;
}

static void
drop_next(struct netlife *life)
{
	if (life->next)
		life->next->protocol->ops.destroy(life->next);
	conf_free(life->next_of);
	life->next = NULL;
	life->next_of = NULL;
}

static void replace_now(void *arg);

void
network_free(struct netlife *life)
{
	timer_stop(&life->retry);
	timer_stop(&life->deadline);
	demand_stop(life);
	loop_cancel(life->bridge->loop, replace_now, life);
	drop_next(life);
	life->net->protocol->ops.destroy(life->net);
	conf_free(life->of);
	free(life->why);
	free(life->name);
	free(life);
}

static int64_t
now_ms(const struct netlife *life)
{
	return loop_now_ms(life->bridge->loop);
}

static void
set_state(struct netlife *life, enum network_state state)
{
	life->net->state = state;
	life->since_ms = now_ms(life);
}

/* Direct rooms are rooms of the bridge, too, once they have their number. */
static void
each_room(struct netlife *life, void (*fn)(struct room *room))
{
	struct room *room, *tmp;

	HASH_ITER(hh, life->bridge->rooms, room, tmp)
	if (room->life == life)
		fn(room);
}

static void
stop_took_too_long(void *arg)
{
	struct netlife *life = arg;

	log_bug(life->net->name, "did not stop within %d s",
		STOP_DEADLINE_MS / 1000);
	bridge_network_down(life->net, DOWN_ASKED, NULL);
}

/* The adapter has to be heard of once more, or we go without it. */
static void
stop(struct netlife *life)
{
	timer_start(&life->deadline, life->bridge->loop, STOP_DEADLINE_MS,
		    stop_took_too_long, life);
	if (life->net->state == NETWORK_STOPPING)
		return;
	set_state(life, NETWORK_STOPPING);
	life->net->protocol->ops.stop(life->net);
}

static void
start_took_too_long(void *arg)
{
	struct netlife *life = arg;

	log_warn(life->net->name, "no connection after %d s; giving up on it",
		 START_DEADLINE_MS / 1000);
	stop(life);
}

static void
start_now(void *arg)
{
	struct netlife *life = arg;

	if (!life->wanted || life->net->state != NETWORK_DOWN)
		return;
	set_state(life, NETWORK_STARTING);
	timer_start(&life->deadline, life->bridge->loop, START_DEADLINE_MS,
		    start_took_too_long, life);
	life->net->protocol->ops.start(life->net);
}

void
network_start(struct netlife *life)
{
	life->wanted = true;
	timer_start(&life->retry, life->bridge->loop, 0, start_now, life);
}

unsigned
network_retry(struct netlife *life)
{
	if (!life->wanted || life->net->state != NETWORK_DOWN ||
	    !timer_is_running(&life->retry))
		return 0;
	gate_forgive(loop_gate(life->bridge->loop));
	timer_start(&life->retry, life->bridge->loop, 0, start_now, life);
	return 1;
}

static void
stop_now(void *arg)
{
	struct netlife *life = arg;

	if (life->net->state != NETWORK_DOWN)
		stop(life);
}

void
network_stop(struct netlife *life)
{
	life->wanted = false;
	timer_start(&life->retry, life->bridge->loop, 0, stop_now, life);
}

/* ---- another configuration ----------------------------------------------- */

/* The new one has never heard of these. */
static void
hand_over(struct room *room)
{
	struct network *old = room->life->net, *net = room->life->next;

	if (old->protocol->ops.forget)
		old->protocol->ops.forget(old, &room->ch);
	timer_stop(&room->retry);
	room->failures = 0;
	room->ch.network = net;
	room->ch.data = NULL;
	room->ch.caps = net->caps;
	room->ch.limits = net->limits;
}

/* Down: the next one takes its place. */
static void
replace_now(void *arg)
{
	struct netlife *life = arg;
	struct network *old = life->net;

	if (!life->next || old->state != NETWORK_DOWN ||
	    life->bridge->state != BRIDGE_RUNNING)
		return;
	each_room(life, hand_over);
	conf_free(life->of);
	adopt(life, life->next, life->next_conf, life->next_of);
	life->next = NULL;
	life->next_of = NULL;
	network_introduce(life, old->id);
	puppets_moved(life);
	contacts_renetworked(life);
	old->protocol->ops.destroy(old);
	life->failures = 0;
	life->complaints = 0;
	network_start(life);
}

/* What waits for it waits on. */
static void
take_down(struct netlife *life)
{
	if (life->net->state != NETWORK_DOWN) {
		network_stop(life);
		return;
	}
	life->wanted = false;
	timer_stop(&life->retry);
	loop_defer(life->bridge->loop, replace_now, life);
}

void
network_replace(struct netlife *life, struct network *net,
		const struct conf_network *conf, const struct conf *of)
{
	drop_next(life);
	life->retired = false;
	life->next = net;
	life->next_conf = conf;
	life->next_of = conf_use(of);
	log_info(life->net->name, "configured otherwise: restarting it");
	take_down(life);
}

void
network_retire(struct netlife *life)
{
	if (life->retired)
		return;
	drop_next(life);
	life->retired = true;
	if (life->demanded && !life->uses)
		log_info(life->net->name, "nobody uses it: leaving it");
	else
		log_info(life->net->name,
			 "not configured any more: leaving it");
	take_down(life);
}

/* ---- up and down --------------------------------------------------------- */

void
bridge_network_up(struct network *net)
{
	struct netlife *life = net->life;

	if (net->state != NETWORK_STARTING)
		return; /* it was told to stop meanwhile */
	int64_t took = now_ms(life) - life->since_ms;

	timer_stop(&life->deadline);
	set_state(life, NETWORK_UP);
	life->heard = true;
	life->complaints = 0;
	life->pressure = PRESSURE_NONE;
	bounds_pressed(life->bridge);
	log_info(net->name, "up after %lld.%lld s, attempt %u",
		 (long long)took / 1000, (long long)took % 1000 / 100,
		 life->failures + 1);
	each_room(life, bridge_mark);
	contacts_moved(life);
}

/*
 * A network that is down says so once, not at every attempt; and again when
 * there is another reason now, but not for ever: some hold a number.
 */
static void
complain(struct netlife *life, enum down_reason why, const char *text,
	 int64_t wait)
{
	const char *name = life->net->name;

	text = text ? text : "no reason given";
	if (life->complaints >= COMPLAINTS_MAX || !life->news) {
		log_trace(name, "still down: %s", text);
		return;
	}
	if (why == DOWN_REFUSED)
		log_error(name, "refused: %s; trying again in %lld s", text,
			  (long long)wait / 1000);
	else if (life->complaints)
		log_info(name, "not back yet: %s", text);
	else
		log_warn(name, "down: %s; trying again until it is back", text);
	life->complaints++;
}

static void
try_again(struct netlife *life, enum down_reason why, const char *text)
{
	struct loop *loop = life->bridge->loop;
	int64_t wait;

	life->failures++;
	wait = backoff_ms(why, life->failures, loop_random(loop));
	complain(life, why, text, wait);
	timer_start(&life->retry, loop, wait, start_now, life);
}

struct heard {
	struct store_job job;
	int64_t network, until_ms;
};

static int
heard_run(struct db *db, struct store_job *job)
{
	const struct heard *h = container_of(job, struct heard, job);

	return network_set_heard(db, h->network, h->until_ms);
}

static void
heard_drop(struct store_job *job)
{
	free(container_of(job, struct heard, job));
}

/* Without it the next run would only tell a longer gap than there was. */
static void
heard_done(struct store_job *job, int status UNUSED)
{
	heard_drop(job);
}

static void
keep_heard(struct netlife *life)
{
	struct heard *h = xcalloc(1, sizeof(*h));

	h->job = (struct store_job){ heard_run, heard_done, heard_drop };
	h->network = life->net->id;
	h->until_ms = loop_wall_ms(life->bridge->loop);
	store_submit(life->bridge->store, &h->job);
}

void
bridge_network_down(struct network *net, enum down_reason why, const char *text)
{
	struct netlife *life = net->life;
	bool was_up = net->state == NETWORK_UP;

	if (net->state == NETWORK_DOWN)
		return;
	if (life->heard && (!life->demanded || life->written))
		keep_heard(life);
	life->heard = false;
	if (was_up && now_ms(life) - life->since_ms > STABLE_MS)
		life->failures = 0;
	if (was_up)
		life->lost_ms = now_ms(life);
	timer_stop(&life->deadline);
	timer_stop(&life->retry);
	set_state(life, NETWORK_DOWN);
	life->news = !life->complaints || !text || strcmp(life->why, text) != 0;
	free(life->why);
	life->why = xstrdup(text ? text : "no reason given");
	life->refused = why == DOWN_REFUSED;
	each_room(life, room_lost);
	contacts_moved(life);
	commands_lost(life);
	if (life->wanted)
		try_again(life, why, text);
	else
		log_info(net->name, "down");
	if (life->next)
		loop_defer(life->bridge->loop, replace_now, life);
	demand_down(life);
	bridge_network_is_down(life->bridge);
}
