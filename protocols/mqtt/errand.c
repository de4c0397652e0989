/* SPDX-License-Identifier: MIT */
/*
 * errand.c - from the room to a topic: a command is looked up, who gives it is
 * looked at, it is published, and the room is told what became of it.
 *
 * Where a command stands is the room's affair, not the queue's: its delivery
 * is over when the broker has it. What is too old is not sent: a window that
 * opens an hour later is worse than one that does not.
 */

#include "protocols/mqtt/mqtt.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/str.h"
#include "conf/rules.h"
#include "conf/topic.h"
#include "protocols/mqtt/line.h"
#include "protocols/mqtt/order.h"
#include "protocols/mqtt/payload.h"
#include "protocols/mqtt/policy.h"

#include <utlist.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPED_BYTES 120
#define TOPIC_BYTES 1100
#define TEXT_BYTES 4000
#define PENDING_MAX 100 /* of one place, waiting for devices */

struct errand {
	struct place *place;
	const struct conf_rule *rule;
	char *typed; /* as a line may quote it */
	char correlation[20];
	char *ack;   /* topic, or NULL */
	char *value; /* what is to be there; NULL: anything */
	bool published;
	char *early; /* the answer, if it came before that; or NULL */
	int64_t sent_ms;
	struct timer timer;
	struct errand *prev, *next;
};

/* ---- what becomes of it -------------------------------------------------- */

static void
errand_free(struct errand *e)
{
	DL_DELETE(e->place->errands, e);
	timer_stop(&e->timer);
	free(e->typed);
	free(e->ack);
	free(e->value);
	free(e->early);
	free(e);
}

static void
answer(struct place *p, const char *typed, const char *text)
{
	AUTO_STR line = { 0 };

	str_init(&line, TEXT_BYTES);
	str_printf(&line, "%s: %s", typed, text);
	place_say(p, line.data);
}

static bool
waits_for_device(const struct errand *e)
{
	return e->ack || e->rule->order.respond;
}

static void
done(struct errand *e, const char *what)
{
	int64_t took = loop_now_ms(e->place->q->loop) - e->sent_ms;
	AUTO_STR text = { 0 };

	str_init(&text, TEXT_BYTES);
	str_printf(&text, "%s (%.1f s)", what, (double)took / 1000);
	log_info(e->place->where, "command \"%s\" was answered: %s",
		 e->rule->name, what);
	answer(e->place, e->typed, text.data);
	errand_free(e);
}

static void
on_timeout(void *arg)
{
	struct errand *e = arg;
	char text[80];

	(void)snprintf(text, sizeof(text), "no answer after %u s",
		       e->rule->order.timeout_s);
	log_info(e->place->where, "command \"%s\" was not answered in time",
		 e->rule->name);
	answer(e->place, e->typed, text);
	errand_free(e);
}

void
errand_published(struct errand *e, const char *reason, bool nobody)
{
	e->published = true;
	if (reason) {
		log_info(e->place->where, "command \"%s\" was refused: %s",
			 e->rule->name, reason);
		answer(e->place, e->typed, reason);
		errand_free(e);
		return;
	}
	if (nobody)
		answer(e->place, e->typed, "nobody listens there");
	else if (!waits_for_device(e))
		answer(e->place, e->typed, "sent");
	if (nobody || !waits_for_device(e))
		errand_free(e);
	else if (e->early)
		done(e, e->early);
	else
		timer_start(&e->timer, e->place->q->loop,
			    (int64_t)e->rule->order.timeout_s * 1000,
			    on_timeout, e);
}

void
errand_drop(struct errand *e)
{
	errand_free(e);
}

void
errands_lost(struct place *p)
{
	struct errand *e, *tmp;

	DL_FOREACH_SAFE(p->errands, e, tmp)
	if (e->published) {
		answer(p, e->typed,
		       "sent, but the broker was lost before an answer came");
		errand_free(e);
	}
}

void
errands_free(struct place *p)
{
	struct errand *e, *tmp;

	DL_FOREACH_SAFE(p->errands, e, tmp)
	errand_free(e);
}

/* ---- who may ------------------------------------------------------------- */

static bool
is_account(const char *who, const struct delivery *d)
{
	const char *account = d->account;
	const char *colon = strchr(who, ':');

	return colon && account && d->network &&
	       strlen(d->network) == (size_t)(colon - who) &&
	       strncmp(who, d->network, (size_t)(colon - who)) == 0 &&
	       strcmp(colon + 1, account) == 0;
}

static bool
may(const struct conf_order *o, const struct delivery *d)
{
	for (size_t i = 0; i < o->n_who; i++) {
		int rank = conf_rank(o->who[i]);

		if (strcmp(o->who[i], "*") == 0 || is_account(o->who[i], d) ||
		    (rank >= 0 && (int)d->rank >= rank))
			return true;
	}
	return false;
}

/* ---- sending ------------------------------------------------------------- */

/* The command that a line is, and what it was given; NULL if it is none. */
static const struct conf_rule *
find(const struct conf_rules *rules, const char *line, struct order_args *args,
     struct str *why)
{
	const struct conf_rule *meant = NULL;

	for (size_t i = 0; i < rules->n; i++) {
		const struct conf_rule *rule = rules->rules[i];
		AUTO_STR said = { 0 };

		if (!rule->is_order)
			continue;
		str_init(&said, TEXT_BYTES);
		switch (order_read(&rule->order.pattern, line, args, &said)) {
		case ORDER_YES:
			str_clear(why);
			return rule;
		case ORDER_WRONG:
			if (!meant)
				str_add(why, said.data);
			meant = rule;
			break;
		case ORDER_NO:
			break;
		}
	}
	return meant;
}

/* By somebody, as such: no correction, nothing that a program says. */
static bool
is_spoken(const struct event *ev)
{
	return ev->kind == EVENT_MESSAGE &&
	       !(ev->flags & (EVENT_ACTION | EVENT_NOTICE | EVENT_STATED));
}

/* What is told of the past is no command; what had to wait is too late. */
bool
errands_want(const struct conf_rules *rules, const struct event *ev)
{
	struct order_args args;
	AUTO_STR why = { 0 };

	if (!is_spoken(ev) || (ev->flags & (EVENT_BACKLOG | EVENT_LATE)))
		return false;
	str_init(&why, TEXT_BYTES);
	return find(rules, ev->text.utf8, &args, &why) != NULL;
}

static struct errand *
errand_new(struct place *p, const struct conf_rule *rule, const char *typed)
{
	struct errand *e = xcalloc(1, sizeof(*e));

	e->place = p;
	e->rule = rule;
	e->typed = xstrdup(typed);
	e->sent_ms = loop_now_ms(p->q->loop);
	(void)snprintf(e->correlation, sizeof(e->correlation), "%016llx",
		       (unsigned long long)loop_random(p->q->loop));
	DL_APPEND(p->errands, e);
	return e;
}

static void
response_topic(struct str *out, const struct mqtt *q, const char *last)
{
	str_printf(out, "%s/%s/response/%s", q->conf->base, q->conf->client_id,
		   last);
}

/* What the device is to show, and where. */
static bool
prepare_ack(struct errand *e, const struct order_args *args)
{
	const struct conf_order *o = &e->rule->order;
	AUTO_STR topic = { 0 };
	AUTO_STR value = { 0 };

	str_init(&topic, TOPIC_BYTES);
	str_init(&value, TEXT_BYTES);
	if (!o->ack.n)
		return true;
	if (!order_topic(&topic, &o->ack, args))
		return false;
	order_text(&value, &o->value, e->rule, args);
	e->ack = str_take(&topic);
	e->value = o->value.n ? str_take(&value) : NULL;
	return true;
}

/* NULL, or why it was not published. */
static const char *
publish(struct errand *e, const struct order_args *args, struct delivery *d)
{
	const struct conf_order *o = &e->rule->order;
	struct mqtt *q = e->place->q;
	const char *why = NULL;
	AUTO_STR topic = { 0 };
	AUTO_STR text = { 0 };
	AUTO_STR response = { 0 };
	struct outgoing g = {
		.qos = (int)o->qos,
		.retain = o->retain,
		.expiry_s = o->expiry_s,
		.id = d->id,
		.correlation = o->respond ? e->correlation : NULL,
		.properties = o->properties,
		.n_properties = o->n_properties,
	};

	str_init(&topic, TOPIC_BYTES);
	str_init(&text, TEXT_BYTES);
	str_init(&response, TOPIC_BYTES);
	if (!order_topic(&topic, &o->topic, args) || !prepare_ack(e, args))
		return "that cannot be part of a topic";
	order_text(&text, &o->send, e->rule, args);
	response_topic(&response, q, e->correlation);
	g.topic = topic.data;
	g.payload = text.data;
	g.len = text.len;
	g.response = o->respond ? response.data : NULL;
	log_info(e->place->where,
		 "command \"%s\" by %s (%s) of %s: %s to \"%s\"", e->rule->name,
		 d->event->sender.name, d->event->sender.id,
		 d->network ? d->network : "?", text.data, topic.data);
	return mqtt_publish(q, &g, d, e, &why) ? NULL : why;
}

/* NULL, or why it may not be done. */
static const char *
objection(struct place *p, const struct conf_rule *rule,
	  const struct delivery *d)
{
	int64_t age_ms = loop_wall_ms(p->q->loop) - d->event->when_ms;
	unsigned n = 0;
	struct errand *e;

	DL_COUNT(p->errands, e, n);
	if (!may(&rule->order, d)) {
		log_info(p->where, "command \"%s\" by %s (%s) is not allowed",
			 rule->name, d->event->sender.name,
			 d->event->sender.id);
		return "you may not do that here";
	}
	if (age_ms > (int64_t)rule->order.timeout_s * 1000)
		return "it was too late to do it; say it again";
	if (n >= PENDING_MAX)
		return "too many commands wait for an answer";
	if (rule->order.respond && !broker_is_5(p->q->broker))
		return "the broker does not know MQTT 5, which it needs";
	return NULL;
}

void
errands_send(struct place *p, struct delivery *d)
{
	struct order_args args;
	const char *why;
	struct errand *e;
	const struct conf_rule *rule;
	AUTO_STR wrong = { 0 };
	AUTO_STR typed = { 0 };

	str_init(&wrong, TEXT_BYTES);
	str_init(&typed, TEXT_BYTES);
	rule = is_spoken(d->event)
		       ? find(p->rules, d->event->text.utf8, &args, &wrong)
		       : NULL;
	line_add_data(&typed, d->event->text.utf8, d->event->text.len,
		      TYPED_BYTES);
	if (!rule || wrong.len) {
		if (rule)
			answer(p, typed.data, wrong.data);
		bridge_sent(d, NULL, 0);
		return;
	}
	why = objection(p, rule, d);
	if (why) {
		answer(p, typed.data, why);
		bridge_sent(d, NULL, 0);
		return;
	}
	e = errand_new(p, rule, typed.data);
	why = publish(e, &args, d);
	if (why) {
		answer(p, typed.data, why);
		errand_free(e);
		bridge_sent(d, NULL, 0);
	}
}

/* ---- what devices say ---------------------------------------------------- */

/* The filter of all that a template can become. */
static void
filter_of(struct str *out, const struct conf_say *say)
{
	AUTO_STR marked = { 0 };
	char *save = NULL;
	char *text;
	bool first = true;

	str_init(&marked, TOPIC_BYTES);
	for (size_t i = 0; i < say->n; i++)
		str_add(&marked, say->pieces[i].kind == PIECE_TEXT
					 ? say->pieces[i].text
					 : "+");
	/* A level with a parameter in it may be anything. */
	for (text = marked.data; text; text = save) {
		save = strchr(text, '/');
		if (save)
			*save++ = '\0';
		str_add(out, first ? "" : "/");
		str_add(out, strchr(text, '+') ? "+" : text);
		first = false;
	}
}

void
errands_open(struct place *p)
{
	bool respond = false;

	for (size_t i = 0; i < p->rules->n; i++) {
		const struct conf_order *o = &p->rules->rules[i]->order;
		AUTO_STR filter = { 0 };

		str_init(&filter, TOPIC_BYTES);
		respond = respond || o->respond;
		if (!o->ack.n)
			continue;
		filter_of(&filter, &o->ack);
		(void)place_tap(p, filter.data);
	}
	if (respond) {
		AUTO_STR filter = { 0 };

		str_init(&filter, TOPIC_BYTES);
		response_topic(&filter, p->q, "+");
		(void)place_tap(p, filter.data);
	}
}

static bool
is_answer(const struct errand *e, const struct incoming *t,
	  const char *response)
{
	size_t len = e->value ? strlen(e->value) : 0;

	if (e->rule->order.respond)
		return strcmp(t->topic, response) == 0 && t->correlation &&
		       strcmp(t->correlation, e->correlation) == 0;
	if (!e->ack || strcmp(t->topic, e->ack) != 0)
		return false;
	return !e->value ||
	       (t->len == len && memcmp(t->payload, e->value, len) == 0);
}

/* A short answer is worth quoting. */
static void
add_response(struct str *out, const struct errand *e, const struct incoming *t)
{
	struct payload p;

	str_add(out, "done");
	if (!e->rule->order.respond || !t->len)
		return;
	payload_read(&p, t->payload, t->len, CONF_PAYLOAD_TEXT);
	if (p.kind == PAYLOAD_TEXT) {
		str_add(out, ", ");
		line_add_data(out, p.bytes, p.len, READING_MAX);
	}
	payload_finish(&p);
}

void
errands_take(struct place *p, const struct incoming *t)
{
	struct errand *e, *tmp;

	if (t->retained)
		return; /* it says how things were */
	DL_FOREACH_SAFE(p->errands, e, tmp)
	{
		AUTO_STR response = { 0 };
		AUTO_STR text = { 0 };

		str_init(&response, TOPIC_BYTES);
		response_topic(&response, p->q, e->correlation);
		if (!is_answer(e, t, response.data))
			continue;
		str_init(&text, TEXT_BYTES);
		add_response(&text, e, t);
		if (e->published)
			done(e, text.data);
		else if (!e->early)
			e->early = str_take(&text);
	}
}
