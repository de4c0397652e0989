/* SPDX-License-Identifier: MIT */
/* broker.c - libmosquitto in our loop; see broker.h. */

#include "protocols/mqtt/broker.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/secret.h"
#include "bridge/str.h"
#include "conf/rules.h"
#include "protocols/mqtt/dial.h"
#include "protocols/mqtt/inflow.h"
#include "protocols/mqtt/reason.h"

#include <event2/event.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define SYSTEM_CERTIFICATES "/etc/ssl/certs"
#define READS_PER_TURN 64
#define MISC_MS 1000
#define CONNACK_MS 20000
#define SEND_MAX 1000
/* Who is thrown out so soon, so often, is not alone. */
#define SHORT_LIFE_MS 10000
#define SHORT_LIVES 3
#define SAID_MAX 200
/* So often we come back to a broker that sends too much. */
#define FLOODS_MAX 2
#define CALM_MS 60000 /* after so long they are counted anew */
/* MQTT 5 section 3.3.2.3.8 */
#define SUBSCRIPTION_IDS 268435455u

enum state {
	STATE_DOWN,
	STATE_DIALLING,
	STATE_GREETING, /* until CONNACK */
	STATE_UP,
};

struct broker {
	struct loop *loop;
	const struct conf_mqtt *conf;
	const char *label;
	const struct broker_ops *ops;
	void *arg;

	enum state state;
	int version; /* to speak: 5 or 4 */
	struct mosquitto *m;
	struct dial *dial;
	int fd;
	struct event *readable, *writable;
	struct timer misc, greeting;
	size_t held;
	bool paused;
	bool going;   /* go_on() is deferred */
	bool failing; /* down() is deferred */
	enum down_reason why;
	char text[SAID_MAX];
	char said[SAID_MAX]; /* by the library, on its way to an error */
	char *status;        /* topic of our availability */
	int64_t up_ms;
	unsigned short_lives;

	struct inflow inflow;
	bool said_something; /* the library, in this call: it is whole */
	unsigned flooded;    /* connections in a row that ended by too much */
	bool washing;        /* this one only throws away what waits for us */
	bool washed;         /* and that was not told yet */
};

/* ---- the end of a connection ------------------------------------------- */

static void
drop_events(struct broker *b)
{
	if (b->readable)
		event_free(b->readable);
	if (b->writable)
		event_free(b->writable);
	b->readable = NULL;
	b->writable = NULL;
	b->fd = -1;
}

static void on_down(void *arg);

static void
drop(struct broker *b)
{
	drop_events(b);
	timer_stop(&b->misc);
	timer_stop(&b->greeting);
	loop_cancel(b->loop, on_down, b);
	if (b->dial && b->state == STATE_DIALLING)
		dial_abandon(b->dial);
	else
		mosquitto_destroy(b->m);
	b->dial = NULL;
	b->m = NULL;
	b->held = 0;
	b->paused = false;
	b->failing = false;
	b->said[0] = '\0';
	b->state = STATE_DOWN;
}

static void
on_down(void *arg)
{
	struct broker *b = arg;
	enum down_reason why = b->why;

	drop(b);
	b->ops->down(b->arg, why, b->text);
}

/* Also from inside the library, which must not lose its handle there. */
static void
fail(struct broker *b, enum down_reason why, const char *text)
{
	if (b->failing || b->state == STATE_DOWN)
		return;
	b->failing = true;
	b->why = why;
	(void)snprintf(b->text, sizeof(b->text), "%s", text);
	loop_defer(b->loop, on_down, b);
}

void
broker_fail(struct broker *b, const char *why)
{
	fail(b, DOWN_LOST, why);
}

void
broker_give_way(struct broker *b)
{
	fail(b, DOWN_REFUSED, TAKEN_OVER);
}

/* Mosquitto tells nobody why it throws them out. */
static bool
is_fought_over(struct broker *b)
{
	bool soon = loop_now_ms(b->loop) - b->up_ms < SHORT_LIFE_MS;

	b->short_lives = soon ? b->short_lives + 1 : 0;
	return b->short_lives >= SHORT_LIVES;
}

/* What a call of the library says about the connection. */
static void
check(struct broker *b, int rc)
{
	const char *text = mosquitto_strerror(rc);

	if (rc == MOSQ_ERR_SUCCESS || b->failing)
		return;
	if (rc == MOSQ_ERR_TLS && b->said[0])
		text = b->said;
	if (b->state != STATE_UP) {
		/* Old brokers just close. */
		if (b->conf->version == CONF_MQTT_AUTO && rc != MOSQ_ERR_TLS)
			b->version = b->version == MQTT_PROTOCOL_V5
					     ? MQTT_PROTOCOL_V311
					     : MQTT_PROTOCOL_V5;
		fail(b, DOWN_UNREACHABLE, text);
	} else if (is_fought_over(b)) {
		fail(b, DOWN_REFUSED, TAKEN_OVER);
	} else {
		fail(b, DOWN_LOST, text);
	}
}

/* ---- reading and writing ----------------------------------------------- */

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);

/* The library may have closed the socket: then its number is not ours. */
static bool
same_socket(struct broker *b)
{
	if (b->m && b->fd >= 0 && mosquitto_socket(b->m) == b->fd)
		return true;
	drop_events(b);
	return false;
}

static bool
is_open(struct broker *b)
{
	return !b->failing && b->state > STATE_DIALLING && same_socket(b);
}

static void
flush(struct broker *b)
{
	if (!is_open(b) || b->held)
		return;
	if (mosquitto_want_write(b->m))
		check(b, mosquitto_loop_write(b->m, 1));
	if (!is_open(b))
		return;
	if (mosquitto_want_write(b->m))
		event_add(b->writable, NULL);
	else
		event_del(b->writable);
}

static bool
has_bytes(struct broker *b)
{
	int n = 0;

	return ioctl(b->fd, FIONREAD, &n) == 0 && n > 0;
}

/*
 * A message that is larger than we take. If it was published with QoS 0 it is
 * gone now; else the broker sends it again first of all, for ever: then all
 * that waits there for us is thrown away. One that is retained comes again
 * nevertheless, and is for an operator to see.
 */
static void
fail_flooded(struct broker *b)
{
	b->flooded++;
	if (b->flooded <= FLOODS_MAX)
		fail(b, DOWN_LOST,
		     "the broker sends a message larger than packet_max");
	else
		fail(b, DOWN_REFUSED,
		     "the broker sends a message larger than packet_max, again "
		     "and again: is it retained under one of our topics?");
}

static void
read_one(struct broker *b)
{
	size_t max = (size_t)b->conf->packet_max_kib * 1024;

	b->said_something = false;
	if (!inflow_may_read(&b->inflow, max)) {
		fail_flooded(b);
		return;
	}
	check(b, mosquitto_loop_read(b->m, 1));
	if (is_open(b) && !inflow_has_read(&b->inflow, b->said_something, max))
		fail_flooded(b);
}

/* Once by all means: it may be the end, which has no bytes. */
static void
read_some(struct broker *b)
{
	int left = READS_PER_TURN;

	do {
		read_one(b);
	} while (is_open(b) && !b->paused && --left && has_bytes(b));
}

static void
listen_or_not(struct broker *b)
{
	if (!is_open(b))
		return;
	if (b->held || b->paused)
		event_del(b->readable);
	else
		event_add(b->readable, NULL);
}

static void
on_readable(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct broker *b = arg;

	if (!is_open(b))
		return;
	read_some(b);
	flush(b);
	listen_or_not(b);
}

static void
on_writable(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	flush(arg);
}

static void
on_misc(void *arg)
{
	struct broker *b = arg;

	timer_start(&b->misc, b->loop, MISC_MS, on_misc, b);
	if (!is_open(b))
		return;
	if (b->state == STATE_UP && loop_now_ms(b->loop) - b->up_ms > CALM_MS)
		b->flooded = 0;
	check(b, mosquitto_loop_misc(b->m));
	flush(b);
}

bool
broker_was_washed(struct broker *b)
{
	bool washed = b->washed && !b->washing;

	if (washed)
		b->washed = false;
	return washed;
}

void
broker_hold(struct broker *b)
{
	b->held++;
}

static void
go_on(void *arg)
{
	struct broker *b = arg;

	b->going = false;
	flush(b);
	listen_or_not(b);
}

/* What was queued now goes with what is queued soon after. */
static void
write_soon(struct broker *b)
{
	if (b->going)
		return;
	b->going = true;
	loop_defer(b->loop, go_on, b);
}

void
broker_release(struct broker *b)
{
	if (!b->held)
		return; /* of a connection that is no more */
	if (--b->held == 0)
		write_soon(b);
}

void
broker_pause(struct broker *b, bool pause)
{
	b->paused = pause;
	listen_or_not(b);
}

/* ---- what the library calls -------------------------------------------- */

/* Who comes like that has no session, and leaves none. */
static void
wash(struct broker *b)
{
	b->washed = true;
	log_error(b->label,
		  "what waited at the broker was thrown away: a message larger "
		  "than packet_max was in the way (MQTT 3.1.1 knows no limit)");
	fail(b, DOWN_LOST, "coming back without what waited");
}

static void
greeted(struct broker *b)
{
	const struct outgoing online = {
		.topic = b->status,
		.payload = "online",
		.len = strlen("online"),
		.qos = 1,
		.retain = true,
	};
	const char *why;

	b->state = STATE_UP;
	b->up_ms = loop_now_ms(b->loop);
	timer_stop(&b->greeting);
	(void)broker_publish(b, &online, &why);
	b->ops->up(b->arg);
}

static void
on_connect(struct mosquitto *m UNUSED, void *arg, int rc, int flags UNUSED,
	   const mosquitto_property *p UNUSED)
{
	struct broker *b = arg;
	enum down_reason why;
	const char *text;

	if (!b || b->state != STATE_GREETING)
		return;
	if (rc == 0 && b->washing) {
		wash(b);
		return;
	}
	if (rc == 0) {
		greeted(b);
		return;
	}
	if (reason_is_version(rc) && b->conf->version == CONF_MQTT_AUTO &&
	    b->version == MQTT_PROTOCOL_V5) {
		b->version = MQTT_PROTOCOL_V311;
		fail(b, DOWN_LOST, "the broker does not know MQTT 5");
		return;
	}
	text = reason_refused(rc, b->version == MQTT_PROTOCOL_V5, &why);
	fail(b, why, text);
}

static void
on_disconnect(struct mosquitto *m UNUSED, void *arg, int rc,
	      const mosquitto_property *p UNUSED)
{
	struct broker *b = arg;
	enum down_reason why;
	const char *text;

	if (!b || b->state != STATE_UP || rc < 0x80)
		return; /* check() has the number */
	text = reason_disconnected(rc, &why);
	fail(b, why, text);
}

static void
on_publish(struct mosquitto *m UNUSED, void *arg, int mid, int rc,
	   const mosquitto_property *p UNUSED)
{
	struct broker *b = arg;

	if (b)
		b->ops->published(b->arg, mid,
				  rc >= 0x80 ? reason_text(rc) : NULL,
				  rc == MQTT_RC_NO_MATCHING_SUBSCRIBERS);
}

static void
on_subscribe(struct mosquitto *m UNUSED, void *arg, int mid, int n,
	     const int *granted, const mosquitto_property *p UNUSED)
{
	struct broker *b = arg;

	if (b)
		b->ops->subscribed(b->arg, mid,
				   n < 1 || granted[0] >= 0x80
					   ? reason_text(n < 1 ? 0x80
							       : granted[0])
					   : NULL);
}

/* Strings that the library allocated for us. */
struct strings {
	char *all[8];
	size_t n;
};

static const char *
keep(struct strings *s, char *text)
{
	if (s->n == ARRAY_SIZE(s->all)) {
		free(text);
		return NULL;
	}
	s->all[s->n++] = text;
	return text;
}

static void
read_pair(const mosquitto_property *p, struct incoming *t, struct strings *s)
{
	char *name = NULL, *value = NULL;

	if (!mosquitto_property_read_string_pair(p, MQTT_PROP_USER_PROPERTY,
						 &name, &value, false))
		return;
	if (!t->id && strcmp(name, "id") == 0)
		t->id = keep(s, value);
	else if (!t->origin && strcmp(name, "origin") == 0)
		t->origin = keep(s, value);
	else
		free(value);
	free(name);
}

static void
read_correlation(const mosquitto_property *p, struct incoming *t,
		 struct strings *s)
{
	void *data = NULL;
	uint16_t len = 0;

	if (!mosquitto_property_read_binary(p, MQTT_PROP_CORRELATION_DATA,
					    &data, &len, false))
		return;

	char *text = xcalloc(1, (size_t)len + 1);

	memcpy(text, data, len);
	free(data);
	t->correlation = keep(s, text);
}

static void
read_property(const mosquitto_property *p, struct incoming *t,
	      struct strings *s)
{
	uint32_t id;
	uint8_t format;
	char *text = NULL;

	switch (mosquitto_property_identifier(p)) {
	case MQTT_PROP_USER_PROPERTY:
		read_pair(p, t, s);
		break;
	case MQTT_PROP_CORRELATION_DATA:
		read_correlation(p, t, s);
		break;
	case MQTT_PROP_SUBSCRIPTION_IDENTIFIER:
		if (t->n_ids < TAKEN_IDS_MAX &&
		    mosquitto_property_read_varint(
			    p, MQTT_PROP_SUBSCRIPTION_IDENTIFIER, &id, false))
			t->ids[t->n_ids++] = id;
		break;
	case MQTT_PROP_PAYLOAD_FORMAT_INDICATOR:
		t->says_text = mosquitto_property_read_byte(
				       p, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR,
				       &format, false) &&
			       format == 1;
		break;
	case MQTT_PROP_CONTENT_TYPE:
		if (mosquitto_property_read_string(p, MQTT_PROP_CONTENT_TYPE,
						   &text, false))
			t->content_type = keep(s, text);
		break;
	default:
		break;
	}
}

static void
on_message(struct mosquitto *m UNUSED, void *arg,
	   const struct mosquitto_message *message, const mosquitto_property *p)
{
	struct broker *b = arg;
	struct strings strings = { .n = 0 };
	struct incoming t = {
		.topic = message->topic,
		.payload = message->payload,
		.len = message->payloadlen > 0 ? (size_t)message->payloadlen
					       : 0,
		.qos = message->qos,
		.retained = message->retain,
	};

	if (!b || b->state != STATE_UP || b->failing)
		return;
	for (; p; p = mosquitto_property_next(p))
		read_property(p, &t, &strings);
	b->ops->message(b->arg, &t);
	for (size_t i = 0; i < strings.n; i++)
		free(strings.all[i]);
}

/*
 * What OpenSSL has to say, which no number tells; and that a packet is whole,
 * which of some nothing else tells ("Client ID received PINGRESP").
 */
static void
on_log(struct mosquitto *m UNUSED, void *arg, int level, const char *text)
{
	struct broker *b = arg;

	if (b && level == MOSQ_LOG_DEBUG && strstr(text, " received "))
		b->said_something = true;
	if (b && (level & MOSQ_LOG_ERR) && !b->said[0])
		(void)snprintf(b->said, sizeof(b->said), "%s", text);
}

/* ---- connecting -------------------------------------------------------- */

/* Nobody sits at a terminal to be asked. */
static int
no_password(char *buf UNUSED, int size UNUSED, int writing UNUSED,
	    void *arg UNUSED)
{
	return 0;
}

static int
set_tls(struct broker *b)
{
	const struct conf_mqtt *c = b->conf;
	int rc;

	if (!c->encrypted)
		return MOSQ_ERR_SUCCESS;
	rc = mosquitto_tls_set(b->m, c->ca_file,
			       c->ca_file ? NULL : SYSTEM_CERTIFICATES,
			       c->cert_file, c->key_file, no_password);
	if (rc == MOSQ_ERR_SUCCESS && c->tls == CONF_TLS_INSECURE) {
		rc = mosquitto_tls_opts_set(b->m, 0, NULL, NULL);
		if (rc == MOSQ_ERR_SUCCESS)
			rc = mosquitto_tls_insecure_set(b->m, true);
	}
	return rc;
}

static int
set_up(struct broker *b)
{
	const struct conf_mqtt *c = b->conf;
	int rc = mosquitto_threaded_set(b->m, true);

	if (rc == 0)
		rc = mosquitto_int_option(b->m, MOSQ_OPT_PROTOCOL_VERSION,
					  b->version);
	if (rc == 0)
		rc = mosquitto_int_option(b->m, MOSQ_OPT_TCP_NODELAY, 1);
	if (rc == 0)
		rc = mosquitto_int_option(b->m, MOSQ_OPT_SEND_MAXIMUM,
					  SEND_MAX);
	if (rc == 0 && c->receive_max < 65535)
		rc = mosquitto_int_option(b->m, MOSQ_OPT_RECEIVE_MAXIMUM,
					  (int)c->receive_max);
	if (rc == 0 && c->user)
		rc = mosquitto_username_pw_set(
			b->m, c->user,
			c->password ? secret_reveal(c->password) : NULL);
	if (rc == 0)
		rc = set_tls(b);
	if (rc == 0)
		rc = mosquitto_will_set_v5(b->m, b->status, 7, "offline", 1,
					   true, NULL);
	mosquitto_connect_v5_callback_set(b->m, on_connect);
	mosquitto_disconnect_v5_callback_set(b->m, on_disconnect);
	mosquitto_publish_v5_callback_set(b->m, on_publish);
	mosquitto_subscribe_v5_callback_set(b->m, on_subscribe);
	mosquitto_message_v5_callback_set(b->m, on_message);
	return rc;
}

static mosquitto_property *
connect_properties(const struct broker *b)
{
	const struct conf_mqtt *c = b->conf;
	mosquitto_property *p = NULL;

	if (b->version != MQTT_PROTOCOL_V5)
		return NULL;
	/* These cannot fail: the numbers are right. */
	(void)mosquitto_property_add_int32(
		&p, MQTT_PROP_SESSION_EXPIRY_INTERVAL, c->session_s);
	(void)mosquitto_property_add_int32(&p, MQTT_PROP_MAXIMUM_PACKET_SIZE,
					   c->packet_max_kib * 1024);
	return p;
}

static void
on_greeting_late(void *arg)
{
	fail(arg, DOWN_UNREACHABLE, "the broker does not answer");
}

static void
dialled(void *arg, const char *why)
{
	struct broker *b = arg;

	b->state = STATE_GREETING;
	if (why) {
		b->short_lives = 0; /* the broker itself was away */
		fail(b, DOWN_UNREACHABLE, why);
	}
	dial_finish(b->dial);
	b->dial = NULL;
	mosquitto_user_data_set(b->m, b);
	mosquitto_log_callback_set(b->m, on_log);
	if (why)
		return;
	b->fd = mosquitto_socket(b->m);
	inflow_begin(&b->inflow, b->fd, mosquitto_ssl_get(b->m));
	b->readable = event_new(loop_base(b->loop), b->fd, EV_READ | EV_PERSIST,
				on_readable, b);
	b->writable = event_new(loop_base(b->loop), b->fd,
				EV_WRITE | EV_PERSIST, on_writable, b);
	if (b->fd < 0 || !b->readable || !b->writable) {
		fail(b, DOWN_UNREACHABLE, "no socket");
		return;
	}
	timer_start(&b->greeting, b->loop, CONNACK_MS, on_greeting_late, b);
	timer_start(&b->misc, b->loop, MISC_MS, on_misc, b);
	event_add(b->readable, NULL);
	flush(b);
}

void
broker_start(struct broker *b)
{
	struct dial_to to = {
		.host = b->conf->host,
		.port = (int)b->conf->port,
		.keep_alive_s = (int)b->conf->keep_alive_s,
	};
	int rc;

	assert(b->state == STATE_DOWN);
	b->state = STATE_DIALLING;
	b->washing = b->flooded >= 2 && !b->washed;
	b->m = mosquitto_new(b->conf->client_id, b->washing, NULL);
	rc = b->m ? set_up(b) : MOSQ_ERR_NOMEM;
	if (rc == 0)
		to.properties = connect_properties(b);
	if (rc == 0)
		b->dial = dial_start(b->loop, b->m, &to, dialled, b);
	if (!b->dial)
		fail(b, DOWN_UNREACHABLE,
		     rc ? mosquitto_strerror(rc) : "no thread to connect in");
}

/* What is not on disk is not acknowledged: then we just go. */
static void
say_goodbye(struct broker *b)
{
	const struct outgoing offline = {
		.topic = b->status,
		.payload = "offline",
		.len = strlen("offline"),
		.qos = 0,
		.retain = true,
	};
	const char *why;

	if (b->state != STATE_UP || !is_open(b) || b->held)
		return;
	(void)broker_publish(b, &offline, &why);
	(void)mosquitto_disconnect(b->m);
	if (same_socket(b) && mosquitto_want_write(b->m))
		(void)mosquitto_loop_write(b->m, 1);
}

void
broker_stop(struct broker *b)
{
	say_goodbye(b);
	drop(b);
	b->ops->down(b->arg, DOWN_ASKED, NULL);
}

/* ---- publishing and subscribing ---------------------------------------- */

bool
broker_is_5(const struct broker *b)
{
	return b->version == MQTT_PROTOCOL_V5;
}

static void
add_pair(mosquitto_property **p, const char *name, const char *value)
{
	if (value)
		(void)mosquitto_property_add_string_pair(
			p, MQTT_PROP_USER_PROPERTY, name, value);
}

static mosquitto_property *
publish_properties(const struct outgoing *g)
{
	mosquitto_property *p = NULL;

	if (g->expiry_s)
		(void)mosquitto_property_add_int32(
			&p, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, g->expiry_s);
	if (g->content_type) {
		(void)mosquitto_property_add_byte(
			&p, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, 1);
		(void)mosquitto_property_add_string(&p, MQTT_PROP_CONTENT_TYPE,
						    g->content_type);
	}
	if (g->response)
		(void)mosquitto_property_add_string(
			&p, MQTT_PROP_RESPONSE_TOPIC, g->response);
	if (g->correlation)
		(void)mosquitto_property_add_binary(
			&p, MQTT_PROP_CORRELATION_DATA, g->correlation,
			(uint16_t)strlen(g->correlation));
	add_pair(&p, "id", g->id);
	add_pair(&p, "origin", g->origin);
	for (size_t i = 0; i < g->n_properties; i++)
		add_pair(&p, g->properties[i].from, g->properties[i].to);
	return p;
}

int
broker_publish(struct broker *b, const struct outgoing *g, const char **why)
{
	mosquitto_property *p = broker_is_5(b) ? publish_properties(g) : NULL;
	int mid = -1;
	int rc = MOSQ_ERR_NO_CONN;

	if (b->state == STATE_UP && !b->failing)
		rc = mosquitto_publish_v5(b->m, &mid, g->topic, (int)g->len,
					  g->payload, g->qos, g->retain, p);
	mosquitto_property_free_all(&p);
	if (rc == MOSQ_ERR_SUCCESS) {
		write_soon(b);
		return mid;
	}
	*why = mosquitto_strerror(rc);
	return -1;
}

/* The same in every run: the broker may hold messages of an earlier one. */
uint32_t
broker_subscription_id(const char *filter)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *filter; filter++)
		hash = (hash ^ (unsigned char)*filter) * 16777619u;
	return hash % SUBSCRIPTION_IDS + 1;
}

int
broker_subscribe(struct broker *b, const char *filter)
{
	mosquitto_property *p = NULL;
	int mid = -1;
	int options = 0;
	int rc = MOSQ_ERR_NO_CONN;

	if (broker_is_5(b)) {
		(void)mosquitto_property_add_varint(
			&p, MQTT_PROP_SUBSCRIPTION_IDENTIFIER,
			broker_subscription_id(filter));
		options = MQTT_SUB_OPT_NO_LOCAL;
	}
	if (b->state == STATE_UP && !b->failing)
		rc = mosquitto_subscribe_v5(b->m, &mid, filter, 1, options, p);
	mosquitto_property_free_all(&p);
	write_soon(b);
	return rc == MOSQ_ERR_SUCCESS ? mid : -1;
}

void
broker_unsubscribe(struct broker *b, const char *filter)
{
	if (b->state == STATE_UP && !b->failing)
		(void)mosquitto_unsubscribe(b->m, NULL, filter);
	write_soon(b);
}

/* ---- making ------------------------------------------------------------ */

struct broker *
broker_new(struct loop *loop, const struct conf_mqtt *conf, const char *label,
	   const struct broker_ops *ops, void *arg)
{
	struct broker *b = xcalloc(1, sizeof(*b));
	AUTO_STR status = { 0 };

	(void)mosquitto_lib_init();
	str_init(&status, 1024);
	str_printf(&status, "%s/%s/status", conf->base, conf->client_id);
	b->loop = loop;
	b->conf = conf;
	b->label = label;
	b->ops = ops;
	b->arg = arg;
	b->fd = -1;
	b->status = str_take(&status);
	b->version = conf->version == CONF_MQTT_3 ? MQTT_PROTOCOL_V311
						  : MQTT_PROTOCOL_V5;
	return b;
}

void
broker_free(struct broker *b)
{
	if (!b)
		return;
	drop(b);
	loop_cancel(b->loop, go_on, b);
	free(b->status);
	free(b);
	(void)mosquitto_lib_cleanup();
}
