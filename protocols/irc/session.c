/* SPDX-License-Identifier: MIT */
/*
 * session.c - one connection to an IRC server. See session.h.
 *
 * The end of a session is always a deferred call: whoever notices it may be
 * deep inside a callback of the very stream that has to go.
 */

#include "protocols/irc/session.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "protocols/irc/format.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define REGISTER_MS 60000
#define CLOSE_MS 900 /* after QUIT; stop() has a second */
#define READ_AT_ONCE 16384
#define UNREAD_MAX (4 * READ_AT_ONCE)
#define UNSENT_MAX 65536
#define QUEUE_MAX 10000
#define IDLE_TURNS 4 /* every so many lines one that has time */
#define WIRE_MAX 65536
#define SELDOM 3 /* times ping_s, if nobody listens */

/* A line that waits for its turn. */
struct queued {
	struct queued *next;
	void *cookie;
	size_t len;
	char bytes[];
};

/* ---- the end ------------------------------------------------------- */

static void
drop_queues(struct session *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->queues); i++) {
		struct queue *queue = &s->queues[i];

		while (queue->first) {
			struct queued *q = queue->first;

			queue->first = q->next;
			free(q);
		}
		queue->end = &queue->first;
	}
	s->n_queued = 0;
}

static void
set(char **field, const char *value)
{
	char *copy = value ? xstrdup(value) : NULL;

	free(*field);
	*field = copy;
}

static void
disconnect(struct session *s)
{
	irc_dial_stop(s->dial);
	s->dial = NULL;
	if (s->bev)
		bufferevent_free(s->bev);
	s->bev = NULL;
	if (s->reg)
		irc_register_finish(s->reg);
	free(s->reg);
	s->reg = NULL;
	irc_framer_finish(&s->framer);
	timer_stop(&s->watch);
	timer_stop(&s->pace);
	drop_queues(s);
	set(&s->user, NULL);
	set(&s->host, NULL);
	set(&s->last_error, NULL);
	s->caps = 0;
	s->state = SESSION_IDLE;
}

static void
end_now(void *arg)
{
	struct session *s = arg;
	char *why = s->why;

	s->why = NULL;
	s->ended = false;
	disconnect(s);
	s->ops->down(s->owner, s->how, why);
	free(why);
}

void
session_fail(struct session *s, enum session_end how, const char *why)
{
	if (s->state == SESSION_IDLE || s->ended)
		return;
	if (s->state == SESSION_CLOSING)
		how = SESSION_CLOSED;
	s->ended = true;
	s->how = how;
	set(&s->why, why);
	loop_defer(s->wire->loop, end_now, s);
}

/* ---- what servers say when they close ------------------------------ */

const struct conf_server *
wire_server(const struct wire *wire)
{
	return &wire->conf->servers[wire->server % wire->conf->n_servers];
}

struct gate_way
wire_way(const struct wire *wire)
{
	return (struct gate_way){ wire->conf->bind, wire_server(wire)->host };
}

struct irc_route
wire_route(const struct wire *wire)
{
	const struct conf_server *server = wire_server(wire);
	enum conf_tls tls = wire->conf->tls;

	return (struct irc_route){
		.host = server->host,
		.port = server->port,
		.tls = tls == CONF_TLS_OFF ? NULL : wire->tls,
		.verify = tls == CONF_TLS_VERIFY,
		.bind = wire->conf->bind,
		.public_only = wire->conf->public_only,
	};
}

const char *
session_charset(const struct session *s)
{
	return s->charset_in ? s->charset_in : s->wire->conf->charset;
}

/* Not this one of us: all that come from here. */
static void
turned_away(struct session *s, enum gate_refusal how, const char *why)
{
	const struct wire *wire = s->wire;
	const struct gate_way way = wire_way(wire);

	gate_refused(loop_gate(wire->loop), &way, how, why,
		     loop_now_ms(wire->loop), loop_random(wire->loop));
}

static bool
mentions(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcasestr(text, *words))
			return true;
	return false;
}

/* What bans an address bans all that come from it. */
static enum gate_refusal
ban_of(const struct session *s, const char *text)
{
	static const char *const addresses[] = {
		"z-line", "z:line", "zline",     "d-line",
		"dline",  "dnsbl",  "blacklist", NULL,
	};

	return s->one_of_many && !mentions(text, addresses) ? GATE_BANNED_ONE
							    : GATE_BANNED;
}

/* An operator's KILL, with words of theirs, which mean nothing. Services do the
 * same for a ban of theirs; that one has a name. */
static bool
is_kill(const char *text)
{
	static const char *const kills[] = { "killed (", "killed by", NULL };
	static const char *const bans[] = { "akill", "autokill", NULL };

	return mentions(text, kills) && !mentions(text, bans);
}

/* From ERROR's text, which no standard fixes. */
static enum session_end
how_ended(struct session *s, const char *text)
{
	static const char *const banned[] = {
		"k-line",    "k:line", "kline",    "g-line",      "g:line",
		"gline",     "z-line", "z:line",   "zline",       "d-line",
		"banned",    "akill",  "autokill", "not welcome", "dnsbl",
		"blacklist", NULL,
	};
	static const char *const throttled[] = {
		"throttl",
		"too fast",
		"too many",
		"reconnecting",
		"try again",
		"server is full",
		"no more connections",
		NULL,
	};

	if (is_kill(text))
		return SESSION_LOST;
	if (mentions(text, banned)) {
		turned_away(s, ban_of(s, text), text);
		return SESSION_REFUSED;
	}
	if (mentions(text, throttled)) {
		turned_away(s, GATE_THROTTLED, text);
		return SESSION_UNREACHABLE;
	}
	return s->state == SESSION_UP ? SESSION_LOST : SESSION_UNREACHABLE;
}

static void
hung_up(struct session *s, const char *text)
{
	/* What is said to who quits repeats their own words. */
	if (s->state == SESSION_CLOSING)
		session_fail(s, SESSION_CLOSED, NULL);
	else if (s->last_error)
		session_fail(s, how_ended(s, s->last_error), s->last_error);
	else
		session_fail(s,
			     s->state == SESSION_UP ? SESSION_LOST
						    : SESSION_UNREACHABLE,
			     text);
}

/* ---- writing ------------------------------------------------------- */

static void
put(struct session *s, const char *bytes, size_t len)
{
	AUTO_STR converted = { 0 };

	if (!s->bev || !len)
		return;
	if (s->charset_out) {
		str_init(&converted, WIRE_MAX);
		irc_charset_write(&converted, bytes, len, s->charset_out);
		bytes = converted.data;
		len = converted.len;
	}
	bufferevent_write(s->bev, bytes, len);
	if (converted.data)
		secret_wipe(converted.data, converted.len);
}

static void
put_now(struct session *s, const char *command, const char *text)
{
	AUTO_STR wire = { 0 };

	str_init(&wire, IRC_LINE_MAX);
	irc_write(&wire, command, text, NULL);
	put(s, wire.data, wire.len);
}

static unsigned
burst_of(const struct session *s)
{
	unsigned burst = s->wire->conf->burst;

	if (s->burst && s->burst < burst)
		burst = s->burst;
	return burst ? burst : 1;
}

/* How long until the bucket has a token; 0 if it has one now. */
static int64_t
wait_for_token(const struct session *s)
{
	const struct conf_irc *conf = s->wire->conf;
	int64_t interval = conf->interval_ms;
	int64_t depth = interval * burst_of(s);
	int64_t wait =
		s->full_ms + interval - depth - loop_now_ms(s->wire->loop);

	return interval && wait > 0 ? wait : 0;
}

static void
take_token(struct session *s)
{
	int64_t now = loop_now_ms(s->wire->loop);

	if (s->full_ms < now)
		s->full_ms = now;
	s->full_ms += s->wire->conf->interval_ms;
}

static bool
is_stalled(const struct session *s)
{
	return evbuffer_get_length(bufferevent_get_output(s->bev)) > UNSENT_MAX;
}

/* Who is next: mostly what people said. NULL if nobody waits. */
static struct queue *
next_queue(struct session *s)
{
	struct queue *said = &s->queues[0], *idle = &s->queues[1];

	if (!said->first)
		return idle->first ? idle : NULL;
	if (idle->first && ++s->turn % IDLE_TURNS == 0)
		return idle;
	return said;
}

static struct queued *
take(struct session *s, struct queue *queue)
{
	struct queued *q = queue->first;

	queue->first = q->next;
	if (!queue->first)
		queue->end = &queue->first;
	s->n_queued--;
	return q;
}

static void
flush(void *arg)
{
	struct session *s = arg;

	while (s->n_queued && s->state == SESSION_UP && !s->ended &&
	       !is_stalled(s)) {
		int64_t wait = wait_for_token(s);
		struct queued *q;

		if (wait) {
			timer_start(&s->pace, s->wire->loop, wait, flush, s);
			return;
		}
		take_token(s);
		q = take(s, next_queue(s));
		put(s, q->bytes, q->len);
		if (q->cookie)
			s->ops->written(s->owner, q->cookie);
		free(q);
	}
}

static bool
enqueue(struct session *s, struct queue *queue, const struct str *wire,
	void *cookie)
{
	struct queued *q;

	if (s->state != SESSION_UP || s->ended || s->n_queued >= QUEUE_MAX)
		return false;
	q = xcalloc(1, sizeof(*q) + wire->len);
	q->cookie = cookie;
	q->len = wire->len;
	memcpy(q->bytes, wire->data, wire->len);
	*queue->end = q;
	queue->end = &q->next;
	s->n_queued++;

	/* Not at once: the caller may have more to say first. */
	if (!timer_is_running(&s->pace))
		timer_start(&s->pace, s->wire->loop, 0, flush, s);
	return true;
}

bool
session_queue(struct session *s, const struct str *wire, void *cookie)
{
	return enqueue(s, &s->queues[0], wire, cookie);
}

void
session_forget(struct session *s, const void *cookie)
{
	struct queue *queue = &s->queues[0];
	struct queued **at = &queue->first;

	while (*at) {
		struct queued *q = *at;

		if (q->cookie != cookie) {
			at = &q->next;
			continue;
		}
		*at = q->next;
		free(q);
		s->n_queued--;
	}
	queue->end = at;
}

bool
session_has_said_all(const struct session *s)
{
	return !s->queues[0].first;
}

static bool
send_args(struct session *s, struct queue *queue, const char *command,
	  va_list args)
{
	AUTO_STR wire = { 0 };
	struct irc_out out;
	const char *param = va_arg(args, const char *);
	bool ok;

	str_init(&wire, IRC_LINE_MAX);
	irc_out_init(&out, command);
	while (param) {
		const char *next = va_arg(args, const char *);

		if (next)
			irc_out_param(&out, param);
		else
			irc_out_trailing(&out, param);
		param = next;
	}
	ok = irc_out_write(&out, &wire);
	irc_out_finish(&out);
	return ok && enqueue(s, queue, &wire, NULL);
}

bool
session_send(struct session *s, const char *command, ...)
{
	va_list args;
	bool ok;

	va_start(args, command);
	ok = send_args(s, &s->queues[0], command, args);
	va_end(args);
	return ok;
}

bool
session_send_idly(struct session *s, const char *command, ...)
{
	va_list args;
	bool ok;

	va_start(args, command);
	ok = send_args(s, &s->queues[1], command, args);
	va_end(args);
	return ok;
}

/* ---- the watchdog -------------------------------------------------- */

static void watch(void *arg);

static void
watch_pulse(struct session *s)
{
	int64_t wait = 0;
	char why[64];

	switch (pulse_check(&s->pulse, loop_now_ms(s->wire->loop), &wait)) {
	case PULSE_DEAD:
		snprintf(why, sizeof(why), "no answer for %u seconds",
			 s->wire->conf->timeout_s);
		session_fail(s, SESSION_LOST, why);
		return;
	case PULSE_ASK:
		put_now(s, "PING", "causeway");
		break;
	case PULSE_WAIT:
		break;
	}
	timer_start(&s->watch, s->wire->loop, wait, watch, s);
}

static void
watch(void *arg)
{
	struct session *s = arg;

	if (s->state == SESSION_REGISTERING)
		session_fail(s, SESSION_UNREACHABLE,
			     "the server did not finish the registration");
	else if (s->state == SESSION_CLOSING)
		session_fail(s, SESSION_CLOSED, NULL);
	else
		watch_pulse(s);
}

static void
begin_watch(struct session *s)
{
	const struct conf_irc *conf = s->wire->conf;
	int64_t every = conf->ping_s * (s->hurried ? 1000LL : SELDOM * 1000LL);

	pulse_start(&s->pulse, every, conf->timeout_s * 1000LL,
		    loop_now_ms(s->wire->loop));
	timer_start(&s->watch, s->wire->loop, every, watch, s);
}

/* ---- reading ------------------------------------------------------- */

bool
session_is_own(const struct session *s, const char *nick)
{
	return nick && !strcmp(nick, s->nick);
}

static void
learn_prefix(struct session *s, const char *user, const char *host)
{
	if (user && *user)
		set(&s->user, user);
	if (host && *host)
		set(&s->host, host);
}

/* RPL_VISIBLEHOST: the host, on some servers with the user before it. */
static void
learn_visible_host(struct session *s, const char *text)
{
	const char *at = strchr(text, '@');
	char user[64];

	if (!at) {
		learn_prefix(s, NULL, text);
		return;
	}
	snprintf(user, sizeof(user), "%.*s", (int)(at - text), text);
	learn_prefix(s, user, at + 1);
}

static void
take_nick(struct session *s, const char *nick)
{
	if (*nick)
		snprintf(s->nick, sizeof(s->nick), "%s", nick);
}

/* What every session wants to know, whoever owns it. */
static void
watch_line(struct session *s, const struct irc_line *line)
{
	bool own = session_is_own(s, line->nick);
	const char *command = line->command;

	if (!strcmp(command, "PING")) {
		put_now(s, "PONG", irc_line_param(line, line->n_params - 1));
	} else if (!strcmp(command, "PONG")) {
		pulse_answered(&s->pulse, loop_now_ms(s->wire->loop));
	} else if (!strcmp(command, "ERROR")) {
		set(&s->last_error, irc_line_param(line, 0));
	} else if (!strcmp(command, "396")) {
		learn_visible_host(s, irc_line_param(line, 1));
	} else if (own && !strcmp(command, "CHGHOST")) {
		learn_prefix(s, irc_line_param(line, 0),
			     irc_line_param(line, 1));
	} else if (own && line->user) {
		/* JOIN, NICK, MODE, an echo: whatever carries our prefix */
		if (!s->host || strcmp(s->host, line->host ? line->host : ""))
			learn_prefix(s, line->user, line->host);
	}
	if (!strcmp(command, "KILL") &&
	    session_is_own(s, irc_line_param(line, 0)))
		set(&s->last_error, irc_line_param(line, 1));
}

static void
registered(struct session *s)
{
	const struct gate_way way = wire_way(s->wire);

	take_nick(s, s->reg->nick);
	s->state = SESSION_UP;
	s->full_ms = 0;
	gate_welcomed(loop_gate(s->wire->loop), &way);
	begin_watch(s);
	s->ops->up(s->owner);
}

/* Registration, and later CAP NEW and DEL. */
static void
register_line(struct session *s, const struct irc_line *line)
{
	AUTO_STR wire = { 0 };
	enum irc_verdict verdict;

	str_init(&wire, WIRE_MAX);
	verdict = irc_register_line(s->reg, line, &wire);
	put(s, wire.data, wire.len);
	s->caps = s->reg->caps;
	s->refused = s->reg->refused;
	s->login_failed = s->reg->login_failed;
	if (s->reg->turned_away)
		turned_away(s,
			    s->reg->turned_away == IRC_BANNED
				    ? ban_of(s, s->reg->why)
				    : GATE_THROTTLED,
			    s->reg->why);
	switch (verdict) {
	case IRC_GOING:
	case IRC_NICK_BUSY:
		break;
	case IRC_REGISTERED:
		registered(s);
		break;
	case IRC_FAILED:
		session_fail(s, SESSION_UNREACHABLE, s->reg->why);
		break;
	case IRC_FORBIDDEN:
		session_fail(s, SESSION_REFUSED, s->reg->why);
		break;
	}
}

static void
on_line(void *arg, const char *bytes, size_t len)
{
	struct session *s = arg;
	struct irc_line *line = &s->wire->line;

	if (s->ended || !irc_line_read(line, bytes, len))
		return;
	s->wire->bytes = bytes;
	s->wire->len = len;
	if (s->state == SESSION_REGISTERING) {
		register_line(s, line);
		if (!strcmp(line->command, "ERROR"))
			set(&s->last_error, irc_line_param(line, 0));
		return;
	}
	if (!strcmp(line->command, "CAP"))
		register_line(s, line);
	watch_line(s, line);
	if (s->state == SESSION_UP && !s->ended)
		s->ops->line(s->owner, line);
	if (session_is_own(s, line->nick) && !strcmp(line->command, "NICK"))
		take_nick(s, irc_line_param(line, 0));
}

/* It has to be asked for again and again; failing to does no harm. */
static void
acknowledge(struct session *s)
{
	int on = 1;

	(void)setsockopt(bufferevent_getfd(s->bev), IPPROTO_TCP, TCP_QUICKACK,
			 &on, sizeof(on));
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct session *s = arg;
	struct evbuffer *input = bufferevent_get_input(bev);
	char bytes[READ_AT_ONCE];
	int n;

	s->heard_ms = loop_now_ms(s->wire->loop);
	while ((n = evbuffer_remove(input, bytes, sizeof(bytes))) > 0)
		irc_framer_feed(&s->framer, bytes, (size_t)n, on_line, s);

	if (s->hurried)
		acknowledge(s);

	/* An idle session keeps no buffer. */
	if (!s->framer.pending.len && !s->framer.skipping) {
		irc_framer_finish(&s->framer);
		irc_framer_init(&s->framer);
	}
}

static void
on_written(struct bufferevent *bev UNUSED, void *arg)
{
	flush(arg);
}

static void
on_stream(struct bufferevent *bev UNUSED, short what, void *arg)
{
	struct session *s = arg;
	int code = EVUTIL_SOCKET_ERROR();

	if (what & BEV_EVENT_EOF)
		hung_up(s, "connection closed by the server");
	else if (what & BEV_EVENT_ERROR)
		hung_up(s, code ? evutil_socket_error_to_string(code)
				: "connection broken");
}

int
session_fd(const struct session *s)
{
	return s->bev ? bufferevent_getfd(s->bev) : irc_dial_fd(s->dial);
}

/* ---- life ---------------------------------------------------------- */

static void
on_dialled(void *arg, enum irc_dialled result, struct bufferevent *bev,
	   const char *why)
{
	struct session *s = arg;
	AUTO_STR wire = { 0 };

	str_init(&wire, WIRE_MAX);
	s->dial = NULL;
	if (result != IRC_DIAL_DONE) {
		session_fail(s,
			     result == IRC_DIAL_REFUSED ? SESSION_REFUSED
							: SESSION_UNREACHABLE,
			     why);
		return;
	}
	s->bev = bev;
	s->state = SESSION_REGISTERING;
	s->heard_ms = loop_now_ms(s->wire->loop);
	bufferevent_setcb(bev, on_read, on_written, on_stream, s);
	bufferevent_setwatermark(bev, EV_READ, 0, UNREAD_MAX);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	irc_register_start(s->reg, &wire);
	put(s, wire.data, wire.len);
	timer_start(&s->watch, s->wire->loop, REGISTER_MS, watch, s);
}

void
session_init(struct session *s, struct wire *wire,
	     const struct session_ops *ops, void *owner)
{
	*s = (struct session){ .wire = wire, .ops = ops, .owner = owner };
	drop_queues(s);
}

void
session_finish(struct session *s)
{
	if (!s->wire)
		return;
	loop_cancel(s->wire->loop, end_now, s);
	s->ended = false;
	set(&s->why, NULL);
	disconnect(s);
}

void
session_start(struct session *s, const struct irc_identity *identity,
	      const struct irc_route *route)
{
	const struct wire *wire = s->wire;

	assert(s->state == SESSION_IDLE && !s->ended);
	s->state = SESSION_DIALLING;
	s->refused = 0;
	s->login_failed = false;
	s->reg = xcalloc(1, sizeof(*s->reg));
	irc_register_init(s->reg, identity);
	irc_framer_init(&s->framer);
	take_nick(s, identity->nick);
	s->route = *route;
	s->dial = irc_dial_start(wire->loop, route, on_dialled, s);
}

void
session_stop(struct session *s, const char *reason)
{
	if (s->state == SESSION_IDLE || s->state == SESSION_CLOSING)
		return;
	if (!s->bev) {
		session_fail(s, SESSION_CLOSED, NULL);
		return;
	}
	drop_queues(s);
	put_now(s, "QUIT", reason ? reason : "");
	s->state = SESSION_CLOSING;
	timer_start(&s->watch, s->wire->loop, CLOSE_MS, watch, s);
}
