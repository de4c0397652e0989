/* SPDX-License-Identifier: MIT */
/*
 * mqtt.c - the MQTT adapter: one client of one broker.
 *
 * Spoken here:
 *   MQTT 5 (OASIS) and 3.1.1, by libmosquitto
 *   RFC 6901 JSON Pointer, RFC 8259 JSON, in what rules look at
 *
 * Rules (watch.c, typed.c) and rooms as topics (chat.c) are places, devices
 * (device.c) are people; what they have in common is here: subscriptions, what
 * is not confirmed yet, and who speaks.
 */

#include "protocols/mqtt/mqtt.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/str.h"
#include "conf/rules.h"
#include "conf/topic.h"
#include "protocols/mqtt/device.h"
#include "protocols/mqtt/discover.h"
#include "protocols/mqtt/errand.h"
#include "protocols/mqtt/track.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * After a connect the broker sends what it kept for us, before we have
 * subscribed anew; by then every channel must be there to take it.
 */
#define SETTLE_MS 50
#define SETTLE_MAX_MS 2000

static struct mqtt *
mqtt_from(struct network *net)
{
	assert(net->protocol == &mqtt_protocol);
	return container_of(net, struct mqtt, net);
}

/* ---- subscriptions ------------------------------------------------------- */

void
mqtt_untap(struct mqtt *q, struct tap *tap)
{
	if (--tap->uses)
		return;
	broker_unsubscribe(q->broker, tap->filter);
	HASH_DEL(q->taps, tap);
	free(tap->filter);
	free(tap);
}

struct tap *
mqtt_tap(struct mqtt *q, const char *filter)
{
	struct tap *tap;

	HASH_FIND_STR(q->taps, filter, tap);
	if (!tap) {
		tap = xcalloc(1, sizeof(*tap));
		tap->filter = xstrdup(filter);
		tap->id = broker_subscription_id(filter);
		tap->mid = broker_subscribe(q->broker, filter);
		HASH_ADD_KEYPTR(hh, q->taps, tap->filter, strlen(tap->filter),
				tap);
	}
	tap->uses++;
	return tap;
}

struct tap *
place_tap(struct place *p, const char *filter)
{
	struct tap *tap;

	HASH_FIND_STR(p->q->taps, filter, tap);
	for (size_t i = 0; tap && i < p->n_taps; i++)
		if (p->taps[i] == tap)
			return tap;
	tap = mqtt_tap(p->q, filter);
	p->taps = xrealloc(p->taps, (p->n_taps + 1) * sizeof(struct tap *));
	p->taps[p->n_taps++] = tap;
	return tap;
}

/* True if the broker sent this copy for that subscription. */
static bool
is_for(const struct tap *tap, const struct incoming *t, bool told)
{
	if (!topic_matches(tap->filter, t->topic))
		return false;
	for (size_t i = 0; told && i < t->n_ids; i++)
		if (t->ids[i] == tap->id)
			return true;
	return !told;
}

/* The copy that is for others says nothing to it. */
static bool
is_for_place(const struct place *p, const struct incoming *t, bool told)
{
	for (size_t i = 0; i < p->n_taps; i++)
		if (is_for(p->taps[i], t, told))
			return true;
	return false;
}

/*
 * With overlapping filters a broker sends several copies, and says (MQTT 5)
 * which is for which. What it says may be of an earlier run of ours: it is
 * believed if we have such a subscription, and it matches.
 */
static bool
is_told(struct mqtt *q, const struct incoming *t)
{
	struct tap *tap, *tmp;

	HASH_ITER(hh, q->taps, tap, tmp)
	if (t->n_ids && is_for(tap, t, true))
		return true;
	return false;
}

/* ---- places -------------------------------------------------------------- */

static struct place *
place_of(struct channel *ch)
{
	return ch->data;
}

static struct place *
place_new(struct mqtt *q, struct channel *ch)
{
	struct place *p = xcalloc(1, sizeof(*p));

	p->q = q;
	p->ch = ch;
	p->rules = ch->conf ? ch->conf->rules : NULL;
	(void)snprintf(p->where, sizeof(p->where), "%s/%s", q->net.name,
		       ch->name);
	p->next = q->places;
	q->places = p;
	ch->data = p;
	return p;
}

static void
place_close(struct place *p)
{
	for (size_t i = 0; i < p->n_taps; i++)
		mqtt_untap(p->q, p->taps[i]);
	free(p->taps);
	p->taps = NULL;
	p->n_taps = 0;
	p->open = false;
	p->joining = false;
	if (p->rules)
		errands_free(p->q, p);
	else
		chat_lost(p);
}

static void
place_free(struct place *p)
{
	struct place **at = &p->q->places;
	struct speaker *s, *tmp;

	place_close(p);
	if (p->rules)
		watches_free(p);
	else
		chat_free(p);
	HASH_ITER(hh, p->speakers, s, tmp)
	{
		HASH_DEL(p->speakers, s);
		free(s->id);
		free(s->name);
		free(s);
	}
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	p->ch->data = NULL;
	free(p);
}

/* ---- events -------------------------------------------------------------- */

void
place_raise(struct place *p, struct event *ev, const struct incoming *from)
{
	struct mqtt *q = p->q;

	ev->channel = p->ch->id;
	ev->when_ms = loop_wall_ms(q->loop);
	if (from && event_is_durable(ev) && !event_check(ev)) {
		struct held *held = xcalloc(1, sizeof(*held));

		held->ev = event_ref(ev);
		HASH_ADD_PTR(q->held, ev, held);
		broker_hold(q->broker);
	}
	bridge_event(&q->net, ev);
}

static void
tell_of(struct place *p, const struct speaker *s, unsigned flags)
{
	struct event *ev = event_make(EVENT_JOIN);

	ev->flags = flags;
	event_set_sender(ev, s->id, s->name);
	place_raise(p, ev, NULL);
}

void
place_speaker(struct place *p, struct event *ev, const char *id,
	      const char *name)
{
	struct speaker *s;

	event_set_sender(ev, id, name);
	HASH_FIND_STR(p->speakers, id, s);
	if (s || HASH_COUNT(p->speakers) >= SPEAKERS_MAX)
		return;
	s = xcalloc(1, sizeof(*s));
	s->id = xstrdup(id);
	s->name = xstrdup(name);
	HASH_ADD_KEYPTR(hh, p->speakers, s->id, strlen(s->id), s);
	tell_of(p, s, 0);
}

void
place_say(struct place *p, const char *text)
{
	struct event *ev = event_make(EVENT_MESSAGE);

	ev->flags = EVENT_NOTICE | EVENT_STATED;
	event_set_sender(ev, p->q->net.name, p->q->net.name);
	event_set_text(ev, text);
	place_raise(p, ev, NULL);
}

static struct held *
held_of(struct mqtt *q, const struct event *ev)
{
	struct held *held;

	HASH_FIND_PTR(q->held, &ev, held);
	return held;
}

static void
held_drop(struct mqtt *q, struct held *held)
{
	HASH_DEL(q->held, held);
	event_unref(held->ev);
	free(held);
}

/* ---- what is under way --------------------------------------------------- */

/* Some brokers send it once, some once for each subscription. */
static void
expect_echo(struct mqtt *q, const struct outgoing *g)
{
	struct tap *tap, *tmp;
	unsigned times = 0;

	HASH_ITER(hh, q->taps, tap, tmp)
	times += topic_matches(tap->filter, g->topic);
	if (times)
		echo_expect(&q->echoes, g->topic, g->payload, g->len, times);
}

bool
mqtt_publish(struct mqtt *q, const struct outgoing *g, struct delivery *d,
	     struct errand *errand, const char **why)
{
	int mid = broker_publish(q->broker, g, why);
	struct wire *w;

	if (mid < 0)
		return false;
	if (!broker_is_5(q->broker))
		expect_echo(q, g);
	if (!d && !errand)
		return true;
	w = xcalloc(1, sizeof(*w));
	w->mid = mid;
	w->d = d;
	w->errand = errand;
	HASH_ADD_INT(q->wires, mid, w);
	return true;
}

static void
wires_drop(struct mqtt *q)
{
	struct wire *w, *tmp;

	HASH_ITER(hh, q->wires, w, tmp)
	{
		HASH_DEL(q->wires, w);
		if (w->errand)
			errand_drop(w->errand);
		free(w);
	}
}

/* What was under way to a channel that is left is given back by the core. */
static void
wires_drop_of(struct mqtt *q, const struct channel *ch)
{
	struct wire *w, *tmp;

	HASH_ITER(hh, q->wires, w, tmp)
	{
		if (!w->d || w->d->channel != ch)
			continue;
		HASH_DEL(q->wires, w);
		if (w->errand)
			errand_drop(w->errand);
		free(w);
	}
}

/* ---- what comes too early ------------------------------------------------ */

static const char *
copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

/* With TLS several messages come at once, and the first ends the greeting. */
static void
early_add(struct mqtt *q, const struct incoming *t)
{
	struct early *e = xcalloc(1, sizeof(*e));
	void *payload = xcalloc(1, t->len + 1);

	if (t->len)
		memcpy(payload, t->payload, t->len);
	e->in = *t;
	e->in.topic = copy(t->topic);
	e->in.payload = payload;
	e->in.content_type = copy(t->content_type);
	e->in.correlation = copy(t->correlation);
	e->in.id = copy(t->id);
	e->in.origin = copy(t->origin);
	if (!q->early)
		q->early_end = &q->early;
	*q->early_end = e;
	q->early_end = &e->next;
	broker_hold(q->broker);
}

static void
early_free(struct early *e)
{
	/* Copies of ours. */
	free((void *)(uintptr_t)e->in.topic);
	free((void *)(uintptr_t)e->in.payload);
	free((void *)(uintptr_t)e->in.content_type);
	free((void *)(uintptr_t)e->in.correlation);
	free((void *)(uintptr_t)e->in.id);
	free((void *)(uintptr_t)e->in.origin);
	free(e);
}

static struct early *
early_next(struct mqtt *q)
{
	struct early *e = q->early;

	if (e)
		q->early = e->next;
	return e;
}

/* ---- what the broker brings ---------------------------------------------- */

static void
take(struct mqtt *q, const struct incoming *t)
{
	struct tap *tap, *tmp;
	bool told;

	if (!topic_is_sound(t->topic, strlen(t->topic))) {
		log_peer(q->net.name, "a message under a broken topic");
		return;
	}
	if (instance_take(q, t))
		return;
	q->heard_ms = loop_wall_ms(q->loop);
	if (!broker_is_5(q->broker) && !t->retained &&
	    echo_take(&q->echoes, t->topic, t->payload, t->len))
		return;
	told = is_told(q, t);
	HASH_ITER(hh, q->taps, tap, tmp)
	{
		if (!is_for(tap, t, told))
			continue;
		for (struct place *p = q->places; p; p = p->next)
			if (p->open && p->rules)
				watches_take(p, tap, t);
	}
	discovery_take(q, t);
	devices_take(q, t);
	errands_take(q, t);
	for (struct place *p = q->places; p; p = p->next)
		if (p->open && p->chat && is_for_place(p, t, told))
			chat_take(p, t);
}

static void
on_settled(void *arg)
{
	struct mqtt *q = arg;
	struct early *e;

	while ((e = early_next(q))) {
		take(q, &e->in);
		early_free(e);
		broker_release(q->broker);
	}
	broker_pause(q->broker, q->pressed);
}

static void
settle_after(struct mqtt *q, int64_t wait_ms)
{
	timer_start(&q->settle, q->loop, wait_ms, on_settled, q);
}

static void
on_up(void *arg)
{
	struct mqtt *q = arg;

	q->up_ms = loop_now_ms(q->loop);
	q->pressed = false;
	broker_pause(q->broker, true);
	settle_after(q, SETTLE_MAX_MS);
	log_info(q->net.name, "speaks MQTT %s",
		 broker_is_5(q->broker) ? "5" : "3.1.1");
	if (broker_was_washed(q->broker))
		for (struct place *p = q->places; p; p = p->next)
			p->gap = true;
	instance_open(q);
	devices_open(q);
	discovery_open(q);
	bridge_network_up(&q->net);
}

static void
forget_connection(struct mqtt *q)
{
	struct tap *tap, *tap_tmp;
	struct held *held, *held_tmp;

	struct early *e;

	timer_stop(&q->settle);
	while ((e = early_next(q)))
		early_free(e);
	wires_drop(q);
	errands_free(q, NULL);
	instance_lost(q);
	discovery_lost(q);
	devices_lost(q);
	for (struct place *p = q->places; p; p = p->next)
		place_close(p);
	HASH_ITER(hh, q->taps, tap, tap_tmp)
	{
		HASH_DEL(q->taps, tap);
		free(tap->filter);
		free(tap);
	}
	HASH_ITER(hh, q->held, held, held_tmp)
	held_drop(q, held);
	tracks_lost(q);
	q->echoes = (struct echoes){ .next = 0 };
}

static void
on_down(void *arg, enum down_reason why, const char *text)
{
	struct mqtt *q = arg;

	if (q->net.state == NETWORK_UP)
		errands_lost(q);
	forget_connection(q);
	bridge_network_down(&q->net, why, text);
}

static void
on_message(void *arg, const struct incoming *t)
{
	struct mqtt *q = arg;

	if (timer_is_running(&q->settle))
		early_add(q, t);
	else
		take(q, t);
}

static void
on_published(void *arg, int mid, const char *reason, bool nobody)
{
	struct mqtt *q = arg;
	struct wire *w;

	HASH_FIND_INT(q->wires, &mid, w);
	if (!w)
		return;
	HASH_DEL(q->wires, w);
	if (w->d && reason)
		bridge_refused(w->d, reason);
	else if (w->d)
		bridge_sent(w->d, &w->d->id, 1);
	if (w->errand)
		errand_published(w->errand, reason, nobody);
	free(w);
}

static bool
place_is_ready(const struct place *p)
{
	for (size_t i = 0; i < p->n_taps; i++)
		if (!p->taps[i]->granted)
			return false;
	return true;
}

static void
place_joined(struct place *p)
{
	struct speaker *s, *tmp;

	p->joining = false;
	HASH_ITER(hh, p->speakers, s, tmp)
	tell_of(p, s, EVENT_BACKLOG);
	if (p->gap)
		bridge_gap(p->ch, p->q->heard_ms);
	p->gap = false;
	bridge_joined(p->ch);
	if (p->chat)
		chat_joined(p);
}

static void
place_refused(struct place *p, const struct tap *tap, const char *reason)
{
	AUTO_STR text = { 0 };

	str_init(&text, 2000);
	str_printf(&text, "the topics \"%.300s\": %s", tap->filter, reason);
	wires_drop_of(p->q, p->ch);
	place_close(p);
	bridge_left(p->ch, DOWN_REFUSED, text.data);
}

static bool
has_tap(const struct place *p, const struct tap *tap)
{
	for (size_t i = 0; i < p->n_taps; i++)
		if (p->taps[i] == tap)
			return true;
	return false;
}

static void
on_subscribed(void *arg, int mid, const char *reason)
{
	struct mqtt *q = arg;
	struct tap *tap, *tmp, *found = NULL;
	struct place *p, *next;
	bool told = false; /* the bridge tells of rooms that cannot be joined */

	HASH_ITER(hh, q->taps, tap, tmp)
	if (tap->mid == mid)
		found = tap;
	if (!found)
		return;
	found->mid = -1;
	found->granted = !reason;
	found->uses++; /* it outlives the places that give it up */
	for (p = q->places; p; p = next) {
		next = p->next;
		if (!p->joining || !has_tap(p, found))
			continue;
		told = true;
		if (reason)
			place_refused(p, found, reason);
		else if (place_is_ready(p))
			place_joined(p);
	}
	if (reason && !told)
		log_warn(q->net.name,
			 "nothing will be heard under \"%.300s\": %s",
			 found->filter, reason);
	mqtt_untap(q, found);
}

/* ---- hooks --------------------------------------------------------------- */

static const struct broker_ops broker_ops = {
	.up = on_up,
	.down = on_down,
	.message = on_message,
	.published = on_published,
	.subscribed = on_subscribed,
};

static struct network *
client_create(const struct conf_network *conf, struct loop *loop,
	      struct error *err UNUSED)
{
	struct mqtt *q = xcalloc(1, sizeof(*q));

	network_init(&q->net, &mqtt_protocol, conf->name);
	q->conf = conf->mqtt;
	q->loop = loop;
	/* Of no network that had this name before. */
	q->ticket = (uint64_t)loop_now_ms(loop) << 20;
	q->first_ticket = q->ticket + 1;
	q->net.limits.window = q->conf->window;
	instance_make(q);
	devices_make(q);
	discovery_make(q);
	q->broker = broker_new(loop, q->conf, q->net.name, &broker_ops, q);
	return &q->net;
}

static void
client_destroy(struct network *net)
{
	struct mqtt *q = mqtt_from(net);

	forget_connection(q);
	tracks_finish(q);
	while (q->places)
		place_free(q->places);
	discovery_free(q);
	devices_free(q);
	instance_free(q);
	broker_free(q->broker);
	network_finish(net);
	free(q);
}

static void
client_start(struct network *net)
{
	broker_start(mqtt_from(net)->broker);
}

static void
client_stop(struct network *net)
{
	broker_stop(mqtt_from(net)->broker);
}

static void
client_join(struct network *net, struct channel *ch)
{
	struct mqtt *q = mqtt_from(net);
	struct place *p = place_of(ch);

	if (!p)
		p = place_new(q, ch);
	p->open = true;
	p->joining = true;
	if (p->rules) {
		ch->caps = CAN_MULTILINE | CAN_NOTICE | CAN_AUTHOR | CAN_DELAY;
		watches_open(p);
		typed_open(p);
	} else {
		chat_open(p);
	}
	if (timer_is_running(&q->settle))
		settle_after(q, SETTLE_MS);
	if (place_is_ready(p))
		place_joined(p);
}

static void
client_leave(struct network *net, struct channel *ch)
{
	struct place *p = place_of(ch);

	wires_drop_of(mqtt_from(net), ch);
	if (p)
		place_close(p);
}

static void
client_forget(struct network *net UNUSED, struct channel *ch)
{
	struct place *p = place_of(ch);

	if (p)
		place_free(p);
}

static void
client_send(struct network *net, struct delivery *d)
{
	struct place *p = place_of(d->channel);

	if (d->channel->kind == CHANNEL_DIRECT)
		ask_send(mqtt_from(net), d);
	else if (p->rules)
		typed_send(p, d);
	else
		chat_send(p, d);
}

static bool
client_wants(struct network *net UNUSED, const struct channel *ch,
	     const struct event *ev)
{
	const struct conf_rules *rules = ch->conf ? ch->conf->rules : NULL;

	return !rules || typed_wants(rules, ev);
}

static void
client_accepted(struct network *net, const struct event *ev)
{
	struct mqtt *q = mqtt_from(net);
	struct held *held = held_of(q, ev);

	if (!held)
		return;
	for (struct place *p = q->places; p; p = p->next)
		if (p->chat && p->open && p->ch->id == ev->channel)
			chat_accepted(p, ev);
	held_drop(q, held);
	broker_release(q->broker);
}

/* What is not kept is not acknowledged: the broker keeps it for us. */
static void
client_bounce(struct network *net, struct channel *ch, const struct event *ev,
	      const char *why)
{
	struct mqtt *q = mqtt_from(net);
	struct place *p = ch ? place_of(ch) : NULL;

	if (p && p->rules)
		watches_bounced(p);
	if (held_of(q, ev))
		broker_fail(q->broker, "what came could not be kept");
	else if (p && p->chat && p->open)
		chat_bounce(p, ev, why);
}

static void
client_remembered(struct network *net, uint64_t ticket, bool ok)
{
	tracks_remembered(mqtt_from(net), ticket, ok);
}

static void
client_pressure(struct network *net, enum pressure why)
{
	struct mqtt *q = mqtt_from(net);

	q->pressed = why != PRESSURE_NONE;
	if (!timer_is_running(&q->settle))
		broker_pause(q->broker, q->pressed);
}

static bool
client_resolve(struct network *net, const char *text, char *id, size_t size)
{
	if (!device_named(mqtt_from(net), text) || strlen(text) >= size)
		return false;
	memcpy(id, text, strlen(text) + 1);
	return true;
}

static void
client_watch(struct network *net, struct contact *contact)
{
	devices_watch(mqtt_from(net), contact);
}

static void
client_unwatch(struct network *net, struct contact *contact)
{
	devices_unwatch(mqtt_from(net), contact);
}

static void
client_each_command(struct network *net, const struct command_place *place,
		    void (*fn)(void *arg, const struct command *command),
		    void *arg)
{
	ask_each_command(mqtt_from(net), place, fn, arg);
}

static void
client_command(struct network *net, struct request *r)
{
	ask_command(mqtt_from(net), r);
}

/* Who writes to a device needs no place there. */
static void
client_puppet_join(struct network *net UNUSED, struct occupant *o)
{
	if (o->channel->kind == CHANNEL_DIRECT)
		bridge_puppet_joined(o, o->want);
	else
		chat_puppet_join(place_of(o->channel), o);
}

static void
client_puppet_leave(struct network *net UNUSED, struct occupant *o,
		    const char *reason UNUSED)
{
	if (o->channel->kind != CHANNEL_DIRECT)
		chat_puppet_leave(place_of(o->channel), o);
}

static void
client_puppet_update(struct network *net UNUSED, struct occupant *o,
		     unsigned changes)
{
	if (o->channel->kind != CHANNEL_DIRECT)
		chat_puppet_update(place_of(o->channel), o, changes);
}

const struct protocol mqtt_protocol = {
	.name = "mqtt",
	.caps = CAN_EDIT | CAN_REDACT | CAN_REACT | CAN_REPLY | CAN_TOPIC |
		CAN_PRESENCE | CAN_MULTILINE | CAN_ATTACH | CAN_PUPPET |
		CAN_NOTICE | CAN_DELAY | CAN_AUTHOR | CAN_DIRECT | CAN_CONTACT,
	.limits = {
		.text_max = 65536,
		.window = 20,
		.puppet_wait_ms = 1000,
	},
	.ops = {
		.create = client_create,
		.destroy = client_destroy,
		.start = client_start,
		.stop = client_stop,
		.join = client_join,
		.leave = client_leave,
		.send = client_send,
		.wants = client_wants,
		.puppet_join = client_puppet_join,
		.puppet_leave = client_puppet_leave,
		.puppet_update = client_puppet_update,
		.forget = client_forget,
		.accepted = client_accepted,
		.bounce = client_bounce,
		.pressure = client_pressure,
		.remembered = client_remembered,
		.resolve = client_resolve,
		.watch = client_watch,
		.unwatch = client_unwatch,
		.command = client_command,
		.each_command = client_each_command,
	},
};
