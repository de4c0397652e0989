/* SPDX-License-Identifier: MIT */
/* errand.c - a command under way; see errand.h. */

#include "protocols/mqtt/errand.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/str.h"
#include "conf/rules.h"
#include "protocols/mqtt/line.h"
#include "protocols/mqtt/mqtt.h"
#include "protocols/mqtt/order.h"
#include "protocols/mqtt/payload.h"

#include <utlist.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC_BYTES 1100
#define TEXT_BYTES 4000
#define PENDING_MAX 100 /* of one place, or of all devices */

/* It outlives the rule, which may be of a device that is forgotten. */
struct errand {
	struct mqtt *q;
	char *rule; /* its name */
	bool respond;
	unsigned timeout_s;
	struct reply reply; /* strings are owned */
	char correlation[20];
	char *ack;   /* topic, or NULL */
	char *value; /* what is to be there; NULL: anything */
	bool published;
	char *early; /* the answer, if it came before that; or NULL */
	int64_t sent_ms;
	struct timer timer;
	struct errand *prev, *next;
};

/* ---- answers ------------------------------------------------------------- */

static void
say_to_person(struct mqtt *q, const struct reply *r, const char *text)
{
	struct event *ev = event_make(EVENT_MESSAGE);

	ev->flags = EVENT_NOTICE;
	ev->when_ms = loop_wall_ms(q->loop);
	event_set_sender(ev, r->device, r->device);
	event_set_to(ev, r->network, r->id);
	event_set_text(ev, text);
	bridge_event(&q->net, ev);
}

void
reply_say(struct mqtt *q, const struct reply *r, const char *text, bool good)
{
	AUTO_STR line = { 0 };

	switch (r->kind) {
	case REPLY_ROOM:
		str_init(&line, TEXT_BYTES);
		str_printf(&line, "%s: %s", r->typed, text);
		place_say(r->place, line.data);
		break;
	case REPLY_PERSON:
		say_to_person(q, r, text);
		break;
	case REPLY_FORM:
		if (good)
			request_done(r->request, text);
		else
			request_refuse(r->request, text);
		break;
	}
}

/* For the log. */
static const char *
where(const struct mqtt *q, const struct reply *r)
{
	return r->place ? r->place->where : q->net.name;
}

static void
errand_free(struct errand *e)
{
	DL_DELETE(e->q->errands, e);
	timer_stop(&e->timer);
	free(e->rule);
	free((char *)(uintptr_t)e->reply.device);
	free((char *)(uintptr_t)e->reply.network);
	free((char *)(uintptr_t)e->reply.id);
	free((char *)(uintptr_t)e->reply.typed);
	free(e->ack);
	free(e->value);
	free(e->early);
	free(e);
}

/* It is over. */
static void
end(struct errand *e, const char *text, bool good)
{
	log_info(where(e->q, &e->reply), "command \"%s\" (%s) ended: %s",
		 e->rule, e->correlation, text);
	reply_say(e->q, &e->reply, text, good);
	errand_free(e);
}

static bool
waits_for_device(const struct errand *e)
{
	return e->ack || e->respond;
}

static void
done(struct errand *e, const char *what)
{
	int64_t took = loop_now_ms(e->q->loop) - e->sent_ms;
	AUTO_STR text = { 0 };

	str_init(&text, TEXT_BYTES);
	str_printf(&text, "%s (%.1f s)", what, (double)took / 1000);
	end(e, text.data, true);
}

static void
on_timeout(void *arg)
{
	struct errand *e = arg;
	char text[80];

	(void)snprintf(text, sizeof(text), "no answer after %u s",
		       e->timeout_s);
	end(e, text, false);
}

void
errand_published(struct errand *e, const char *reason, bool nobody)
{
	e->published = true;
	if (reason)
		end(e, reason, false);
	else if (nobody)
		end(e, "nobody listens there", false);
	else if (!waits_for_device(e))
		end(e, "sent", true);
	else if (e->early)
		done(e, e->early);
	else
		timer_start(&e->timer, e->q->loop, (int64_t)e->timeout_s * 1000,
			    on_timeout, e);
}

void
errand_drop(struct errand *e)
{
	errand_free(e);
}

void
errands_lost(struct mqtt *q)
{
	struct errand *e, *tmp;

	DL_FOREACH_SAFE(q->errands, e, tmp)
	{
		/* What is not published is given back, and sent again. Who
		 * filled in a form is told by the core. */
		if (e->published && e->reply.kind != REPLY_FORM)
			end(e,
			    "sent, but the broker was lost before an answer "
			    "came",
			    false);
	}
}

void
errands_free(struct mqtt *q, const struct place *p)
{
	struct errand *e, *tmp;

	DL_FOREACH_SAFE(q->errands, e, tmp)
	if (!p || e->reply.place == p)
		errand_free(e);
}

/* ---- who may ------------------------------------------------------------- */

static bool
is_account(const char *who, const struct giver *g)
{
	const char *colon = strchr(who, ':');

	return colon && g->account && g->network &&
	       strlen(g->network) == (size_t)(colon - who) &&
	       strncmp(who, g->network, (size_t)(colon - who)) == 0 &&
	       strcmp(colon + 1, g->account) == 0;
}

static bool
may(const struct conf_order *o, const struct giver *g)
{
	for (size_t i = 0; i < o->n_who; i++) {
		int rank = conf_rank(o->who[i]);

		if (strcmp(o->who[i], "*") == 0 || is_account(o->who[i], g) ||
		    (rank >= 0 && (int)g->rank >= rank))
			return true;
	}
	return false;
}

/* NULL, or why it may not be done. */
static const char *
objection(struct mqtt *q, const struct order_call *c)
{
	int64_t age_ms = loop_wall_ms(q->loop) - c->giver.when_ms;
	const struct conf_order *o = &c->rule->order;
	unsigned n = 0;

	for (const struct errand *e = q->errands; e; e = e->next)
		n += e->reply.place == c->reply.place;
	if (!may(o, &c->giver))
		return "you may not do that here";
	if (q->net.state != NETWORK_UP)
		return "the broker cannot be reached";
	if (age_ms > (int64_t)o->timeout_s * 1000)
		return "it was too late to do it; say it again";
	if (n >= PENDING_MAX)
		return "too many commands wait for an answer";
	if (o->respond && !broker_is_5(q->broker))
		return "the broker does not know MQTT 5, which it needs";
	return NULL;
}

/* ---- sending ------------------------------------------------------------- */

static char *
copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static struct errand *
errand_new(struct mqtt *q, const struct order_call *c)
{
	struct errand *e = xcalloc(1, sizeof(*e));

	e->q = q;
	e->rule = xstrdup(c->rule->name);
	e->respond = c->rule->order.respond;
	e->timeout_s = c->rule->order.timeout_s;
	e->reply = c->reply;
	e->reply.device = copy(c->reply.device);
	e->reply.network = copy(c->reply.network);
	e->reply.id = copy(c->reply.id);
	e->reply.typed = copy(c->reply.typed);
	e->sent_ms = loop_now_ms(q->loop);
	(void)snprintf(e->correlation, sizeof(e->correlation), "%016llx",
		       (unsigned long long)loop_random(q->loop));
	DL_APPEND(q->errands, e);
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
prepare_ack(struct errand *e, const struct order_call *c)
{
	const struct conf_order *o = &c->rule->order;
	AUTO_STR topic = { 0 };
	AUTO_STR value = { 0 };

	str_init(&topic, TOPIC_BYTES);
	str_init(&value, TEXT_BYTES);
	if (!o->ack.n)
		return true;
	if (!order_topic(&topic, &o->ack, c->args))
		return false;
	order_text(&value, &o->value, c->rule, c->args);
	e->ack = str_take(&topic);
	e->value = o->value.n ? str_take(&value) : NULL;
	return true;
}

/* The audit: who had what done, through which door. */
static void
note(const struct errand *e, const struct order_call *c, const char *topic,
     const char *text)
{
	static const char *const doors[] = {
		[REPLY_ROOM] = "in a room",
		[REPLY_PERSON] = "by message",
		[REPLY_FORM] = "by form",
	};
	const struct giver *g = &c->giver;

	log_info(where(e->q, &e->reply),
		 "command \"%s\" by %s (%s) of %s, %s (%s): %s to \"%s\"",
		 e->rule, g->name, g->account ? g->account : g->id,
		 g->network ? g->network : "?", doors[e->reply.kind],
		 e->correlation, text, topic);
}

/* NULL, or why it was not published. */
static const char *
publish(struct errand *e, const struct order_call *c)
{
	const struct conf_order *o = &c->rule->order;
	const char *why = NULL;
	AUTO_STR topic = { 0 };
	AUTO_STR text = { 0 };
	AUTO_STR response = { 0 };
	struct outgoing g = {
		.qos = (int)o->qos,
		.retain = o->retain,
		.expiry_s = o->expiry_s,
		.id = c->d ? c->d->id : e->correlation,
		.correlation = o->respond ? e->correlation : NULL,
		.properties = o->properties,
		.n_properties = o->n_properties,
	};

	str_init(&topic, TOPIC_BYTES);
	str_init(&text, TEXT_BYTES);
	str_init(&response, TOPIC_BYTES);
	if (!order_topic(&topic, &o->topic, c->args) || !prepare_ack(e, c))
		return "that cannot be part of a topic";
	order_text(&text, &o->send, c->rule, c->args);
	response_topic(&response, e->q, e->correlation);
	g.topic = topic.data;
	g.payload = text.data;
	g.len = text.len;
	g.response = o->respond ? response.data : NULL;
	note(e, c, topic.data, text.data);
	return mqtt_publish(e->q, &g, c->d, e, &why) ? NULL : why;
}

/* Not done; the delivery is over nevertheless. */
static void
refuse(struct mqtt *q, const struct order_call *c, const char *why)
{
	const struct giver *g = &c->giver;

	log_info(where(q, &c->reply),
		 "command \"%s\" by %s (%s) of %s was not done: %s",
		 c->rule->name, g->name, g->account ? g->account : g->id,
		 g->network ? g->network : "?", why);
	reply_say(q, &c->reply, why, false);
	if (c->d)
		bridge_sent(c->d, NULL, 0);
}

void
errand_run(struct mqtt *q, const struct order_call *call)
{
	const char *why = objection(q, call);
	struct errand *e;

	if (why) {
		refuse(q, call, why);
		return;
	}
	e = errand_new(q, call);
	why = publish(e, call);
	if (why) {
		errand_free(e);
		refuse(q, call, why);
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
errand_filter(struct str *out, const struct mqtt *q,
	      const struct conf_rule *rule)
{
	if (rule->order.respond)
		response_topic(out, q, "+");
	else if (rule->order.ack.n)
		filter_of(out, &rule->order.ack);
}

static bool
is_answer(const struct errand *e, const struct incoming *t,
	  const char *response)
{
	size_t len = e->value ? strlen(e->value) : 0;

	if (e->respond)
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
	if (!e->respond || !t->len)
		return;
	payload_read(&p, t->payload, t->len, CONF_PAYLOAD_TEXT);
	if (p.kind == PAYLOAD_TEXT) {
		str_add(out, ", ");
		line_add_data(out, p.bytes, p.len, READING_MAX);
	}
	payload_finish(&p);
}

void
errands_take(struct mqtt *q, const struct incoming *t)
{
	struct errand *e, *tmp;

	if (t->retained)
		return; /* it says how things were */
	DL_FOREACH_SAFE(q->errands, e, tmp)
	{
		AUTO_STR response = { 0 };
		AUTO_STR text = { 0 };

		str_init(&response, TOPIC_BYTES);
		response_topic(&response, q, e->correlation);
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
