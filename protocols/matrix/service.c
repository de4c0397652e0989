/* SPDX-License-Identifier: MIT */
/*
 * service.c - what the homeserver asks of us (application service API).
 *
 * A transaction is answered when everything in it is on disk. What we cannot
 * take now we do not take at all: the homeserver keeps it, and is asked to try
 * again when we can. Events are known by their ids, so one that comes twice,
 * in whatever transaction, does nothing; transaction ids begin anew with the
 * homeserver, and mean nothing to us.
 */

#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/http/server.h"
#include "bridge/log.h"
#include "bridge/secret.h"
#include "conf/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define API "/_matrix/app/v1/"
#define BEARER "Bearer "
#define INTAKE_MS 30000 /* then the homeserver is to ask again */
#define INTAKES_MAX 8
#define CONNECTIONS 64

/* ---- transactions ------------------------------------------------------- */

static const char *
words_of(unsigned status)
{
	if (status == 200)
		return "{}";
	return status == 400 ? "{\"errcode\":\"M_NOT_JSON\"}"
			     : "{\"errcode\":\"M_LIMIT_EXCEEDED\"}";
}

/* Answer, and forget it. */
static void
intake_end(struct intake *in, unsigned status)
{
	struct matrix *m = in->m;

	timer_stop(&in->timer);
	DL_DELETE(m->intakes, in);
	for (size_t i = 0; i < in->n; i++)
		event_unref(in->events[i]);
	free(in->events);
	push_finish(&in->push);
	if (in->x)
		http_answer(in->x, status, words_of(status));
	free(in);
}

static void
on_intake_late(void *arg)
{
	struct intake *in = arg;

	if (!in->held)
		log_warn(in->m->net.name,
			 "%zu events of a transaction are not on disk after "
			 "%d s; the homeserver is to send it again",
			 in->n, INTAKE_MS / 1000);
	intake_end(in, 503);
}

static void
intake_done(struct intake *in)
{
	if (!in->open && !in->n)
		intake_end(in, 200);
}

void
service_raise(struct matrix *m, struct event *ev)
{
	struct intake *in = m->current;
	const char *wrong = event_check(ev);

	if (wrong) {
		log_peer(m->net.name, "a %s that cannot be: %s",
			 event_kind_name(ev->kind), wrong);
		event_unref(ev);
		return;
	}
	if (in && event_is_durable(ev)) {
		if (in->n == in->size) {
			in->size = in->size ? 2 * in->size : 16;
			in->events = xrealloc(in->events,
					      in->size * sizeof(*in->events));
		}
		in->events[in->n++] = event_ref(ev);
	}
	bridge_event(&m->net, ev);
}

void
service_settled(struct matrix *m, const struct event *ev)
{
	struct intake *in, *next;

	DL_FOREACH_SAFE(m->intakes, in, next)
	{
		size_t i = 0;

		while (i < in->n && in->events[i] != ev)
			i++;
		if (i == in->n)
			continue;
		event_unref(in->events[i]);
		in->events[i] = in->events[--in->n];
		intake_done(in);
		return;
	}
}

static void
take(struct intake *in)
{
	struct matrix *m = in->m;

	in->held = false;
	m->current = in;
	hear_events(m, in->push.events);
	m->current = NULL;
	hear_ephemeral(m, in->push.ephemeral);
	in->open = false;
	intake_done(in);
}

static struct intake *
first_held(struct matrix *m)
{
	struct intake *in;

	DL_FOREACH(m->intakes, in)
	if (in->held)
		return in;
	return NULL;
}

void
service_take(struct matrix *m)
{
	struct intake *in;

	while (m->taking && (in = first_held(m)))
		take(in);
}

void
service_refuse(struct matrix *m)
{
	struct intake *in;

	while ((in = first_held(m)))
		intake_end(in, 503);
}

static size_t
n_intakes(const struct matrix *m)
{
	const struct intake *in;
	size_t n;

	DL_COUNT(m->intakes, in, n);
	return n;
}

static bool
may_take(const struct matrix *m)
{
	return (m->net.state == NETWORK_STARTING ||
		m->net.state == NETWORK_UP) &&
	       !m->stopping && m->pressure == PRESSURE_NONE &&
	       n_intakes(m) < INTAKES_MAX;
}

/* Read; what is missing of it is counted. False if it is none. */
static bool
read_push(struct matrix *m, const struct http_request *r, struct push *p)
{
	if (!push_parse(p, r->body, r->n_body)) {
		log_peer(m->net.name, "a transaction that is none: %zu bytes",
			 r->n_body);
		return false;
	}
	if (p->broken)
		log_peer(m->net.name,
			 "%u events of a transaction cannot be read, and are "
			 "left out",
			 p->broken);
	m->n_broken += p->broken;
	return true;
}

static void
hold(struct matrix *m, struct http_exchange *x, const struct push *p)
{
	struct intake *in = xcalloc(1, sizeof(*in));

	in->m = m;
	in->x = x;
	in->push = *p;
	in->open = in->held = true;
	DL_APPEND(m->intakes, in);
	timer_start(&in->timer, m->loop, INTAKE_MS, on_intake_late, in);
}

/*
 * While our rooms are being entered it is held, and not refused: a homeserver
 * that was refused waits, and Synapse (1.160) may then leave what is said at
 * the moment of its next success until something is refused again.
 */
static void
transaction(struct matrix *m, struct http_exchange *x,
	    const struct http_request *r)
{
	struct push p = { 0 };
	unsigned status = 0;

	if (!may_take(m))
		status = 503;
	else if (!read_push(m, r, &p))
		status = 400;
	if (!status) {
		hold(m, x, &p);
		service_take(m);
		return;
	}
	push_finish(&p);
	http_answer(x, status, words_of(status));
}

/* ---- requests ----------------------------------------------------------- */

static bool
is_token(const struct matrix *m, const char *header)
{
	return strncmp(header, BEARER, strlen(BEARER)) == 0 &&
	       secret_is(m->conf->hs_token, header + strlen(BEARER));
}

static unsigned
admit(void *arg, const struct http_request *r, const char **json)
{
	struct matrix *m = arg;

	if (!r->authorization) {
		*json = "{\"errcode\":\"M_UNAUTHORIZED\"}";
		return 401;
	}
	if (!is_token(m, r->authorization)) {
		log_peer(m->net.name, "a request with a wrong hs_token");
		*json = "{\"errcode\":\"M_FORBIDDEN\"}";
		return 403;
	}
	return 0;
}

static void
ping(struct matrix *m UNUSED, struct http_exchange *x,
     const struct http_request *r UNUSED)
{
	http_answer(x, 200, "{}");
}

static void
ask_user(struct matrix *m, struct http_exchange *x,
	 const struct http_request *r)
{
	if (!portal_query_user(m, x, r->path + strlen(API "users/")))
		http_answer(x, 404, "{\"errcode\":\"M_NOT_FOUND\"}");
}

static void
ask_room(struct matrix *m, struct http_exchange *x,
	 const struct http_request *r)
{
	if (!portal_query(m, x, r->path + strlen(API "rooms/")))
		http_answer(x, 404, "{\"errcode\":\"M_NOT_FOUND\"}");
}

static const struct {
	const char *method, *path;
	void (*handle)(struct matrix *m, struct http_exchange *x,
		       const struct http_request *r);
} routes[] = {
	{ "PUT", "transactions/", transaction },
	{ "POST", "ping", ping },
	{ "GET", "users/", ask_user },
	{ "GET", "rooms/", ask_room },
	{ "GET", "thirdparty/protocol/", lookup_protocol },
	{ "GET", "thirdparty/user", lookup_user },
	{ "GET", "thirdparty/location", lookup_location },
};

static void
handle(void *arg, struct http_exchange *x, const struct http_request *r)
{
	struct matrix *m = arg;
	const char *path = r->path + strlen(API);
	unsigned status = 404;

	if (strncmp(r->path, API, strlen(API)) != 0)
		path = "";
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (strncmp(path, routes[i].path, strlen(routes[i].path)) != 0)
			continue;
		if (strcmp(r->method, routes[i].method) == 0) {
			routes[i].handle(m, x, r);
			return;
		}
		status = 405;
	}
	http_answer(x, status, "{\"errcode\":\"M_UNRECOGNIZED\"}");
}

int
service_open(struct matrix *m, struct error *err)
{
	struct error why;
	const struct http_options options = {
		.name = m->net.name,
		.host = m->conf->listen.host,
		.port = m->conf->listen.port,
		.body_max = PUSH_BYTES_MAX,
		.connections = CONNECTIONS,
		.admit = admit,
		.handle = handle,
		.arg = m,
	};

	if (m->http)
		return 0;
	m->http = http_server_new(m->loop, &options, &why);
	if (m->http)
		return 0;
	return error_set(err, EADDRINUSE,
			 "cannot listen for the homeserver: "
			 "%.200s",
			 why.text);
}

void
service_close(struct matrix *m)
{
	while (m->intakes)
		intake_end(m->intakes, 503);
	portals_drop(m);
	http_server_free(m->http);
	m->http = NULL;
}

/* ---- the other way ------------------------------------------------------ */

static void
on_pinged(void *arg, const struct hs_answer *answer)
{
	struct matrix *m = arg;

	if (hs_good(answer))
		return;
	if (!answer->status)
		matrix_lost(m, answer);
	else
		log_warn(m->net.name,
			 "the homeserver cannot reach us, so that nothing "
			 "said there gets here: %s; the url in \"%s\" must "
			 "lead to %s, port %u",
			 answer->why, m->conf->registration,
			 m->conf->listen.host, m->conf->listen.port);
}

void
service_ping(struct matrix *m)
{
	AUTO_STR path = { 0 };

	str_init(&path, PATH_MAX_BYTES);
	str_add(&path, "/v1/appservice/");
	matrix_path_add(&path, m->conf->id);
	str_add(&path, "/ping");
	hs_call(m->hs, &(struct hs_call){ "POST", path.data, json_object(),
					  on_pinged, m });
}
