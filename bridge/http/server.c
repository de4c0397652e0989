/* SPDX-License-Identifier: MIT */
/*
 * server.c - libmicrohttpd in our loop. See server.h.
 *
 * The library has no thread: its epoll descriptor is an event of ours, and
 * MHD_run() does what is to be done. A request that is not answered at once is
 * suspended; when the answer is there it is resumed, and the library calls
 * on_request() once more, which then hands the answer out.
 */

#include "bridge/http/server.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/str.h"

#include <event2/event.h>
#include <microhttpd.h>

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#define IDLE_S 120 /* a connection that nobody uses is closed */
#define PER_CONNECTION (32 * 1024)

enum exchange_state {
	EXCHANGE_READING,
	EXCHANGE_HANDLING, /* handle() runs */
	EXCHANGE_WAITING,  /* suspended */
	EXCHANGE_ANSWERED,
};

struct http_exchange {
	struct http_server *server;
	struct MHD_Connection *connection;
	enum exchange_state state;
	struct str body;
	bool too_long;
	unsigned status;
	struct MHD_Response *answer;
	struct http_exchange *prev, *next;
};

struct http_server {
	struct loop *loop;
	struct http_options options;
	struct MHD_Daemon *daemon;
	struct event *readable;
	struct timer timer;
	struct http_exchange *exchanges; /* utlist */
};

/* ---- the library's turn ------------------------------------------------- */

static void on_due(void *arg);

static void
run(struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	MHD_run(s->daemon);
	timer_stop(&s->timer);
	if (MHD_get_timeout(s->daemon, &wait_ms) == MHD_YES)
		timer_start(&s->timer, s->loop, (int64_t)wait_ms, on_due, s);
}

static void
on_due(void *arg)
{
	run(arg);
}

static void
on_readable(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	run(arg);
}

static void __attribute__((format(printf, 2, 0)))
on_log(void *arg, const char *fmt, va_list args)
{
	const struct http_server *s = arg;
	AUTO_STR text = { 0 };

	str_init(&text, 512);
	str_vprintf(&text, fmt, args);
	while (text.len && text.data[text.len - 1] == '\n')
		str_truncate(&text, text.len - 1);
	log_trace(s->options.name, "http: %s", text.data);
}

/* ---- one request -------------------------------------------------------- */

/* NULL: the connection is closed instead. */
static struct MHD_Response *
json_answer(const char *json)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
		strlen(json), (void *)(uintptr_t)json, MHD_RESPMEM_MUST_COPY);

	if (r)
		MHD_add_response_header(r, "Content-Type", "application/json");
	return r;
}

static enum MHD_Result
queue(struct MHD_Connection *c, unsigned status, struct MHD_Response *r)
{
	return r ? MHD_queue_response(c, status, r) : MHD_NO;
}

static enum MHD_Result
queue_answer(struct MHD_Connection *c, unsigned status, const char *json)
{
	struct MHD_Response *r = json_answer(json);
	enum MHD_Result done = queue(c, status, r);

	if (r)
		MHD_destroy_response(r);
	return done;
}

static struct http_exchange *
exchange_new(struct http_server *s, struct MHD_Connection *c)
{
	struct http_exchange *x = xcalloc(1, sizeof(*x));

	x->server = s;
	x->connection = c;
	str_init(&x->body, s->options.body_max);
	DL_APPEND(s->exchanges, x);
	return x;
}

static void
exchange_free(struct http_exchange *x)
{
	DL_DELETE(x->server->exchanges, x);
	str_finish(&x->body);
	if (x->answer)
		MHD_destroy_response(x->answer);
	free(x);
}

static void
fill_request(struct http_request *r, struct http_exchange *x, const char *url,
	     const char *method)
{
	*r = (struct http_request){
		.method = method,
		.path = url,
		.authorization = MHD_lookup_connection_value(
			x->connection, MHD_HEADER_KIND, "Authorization"),
		.body = x->body.data,
		.n_body = x->body.len,
		.connection = x->connection,
	};
}

const char *
http_header(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND,
					   name);
}

const char *
http_query(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND,
					   name);
}

static enum MHD_Result
begin(struct http_server *s, struct MHD_Connection *c, const char *url,
      const char *method, void **slot)
{
	struct http_exchange *x = exchange_new(s, c);
	struct http_request r;
	const char *json = "{}";

	*slot = x;
	fill_request(&r, x, url, method);
	unsigned status = s->options.admit(s->options.arg, &r, &json);
	return status ? queue_answer(c, status, json) : MHD_YES;
}

static void
take_body(struct http_exchange *x, const char *bytes, size_t *n)
{
	str_add_n(&x->body, bytes, *n);
	if (str_overflowed(&x->body)) {
		x->too_long = true;
		str_clear(&x->body);
	}
	*n = 0;
}

static enum MHD_Result
handle(struct http_exchange *x, const char *url, const char *method)
{
	struct http_server *s = x->server;
	struct http_request r;

	if (x->too_long)
		return queue_answer(x->connection, 413,
				    "{\"errcode\":\"M_TOO_LARGE\"}");
	fill_request(&r, x, url, method);
	x->state = EXCHANGE_HANDLING;
	s->options.handle(s->options.arg, x, &r);
	if (x->state == EXCHANGE_ANSWERED)
		return queue(x->connection, x->status, x->answer);
	x->state = EXCHANGE_WAITING;
	MHD_suspend_connection(x->connection);
	return MHD_YES;
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *c, const char *url,
	   const char *method, const char *version UNUSED, const char *bytes,
	   size_t *n_bytes, void **slot)
{
	struct http_exchange *x = *slot;

	if (!x)
		return begin(arg, c, url, method, slot);
	if (*n_bytes) {
		if (!x->too_long)
			take_body(x, bytes, n_bytes);
		*n_bytes = 0;
		return MHD_YES;
	}
	if (x->state == EXCHANGE_ANSWERED)
		return queue(c, x->status, x->answer);
	return handle(x, url, method);
}

static void
on_completed(void *arg UNUSED, struct MHD_Connection *c UNUSED, void **slot,
	     enum MHD_RequestTerminationCode why UNUSED)
{
	if (*slot)
		exchange_free(*slot);
	*slot = NULL;
}

static void
answer(struct http_exchange *x, unsigned status, struct MHD_Response *r)
{
	bool waits = x->state == EXCHANGE_WAITING;

	x->status = status;
	x->answer = r;
	x->state = EXCHANGE_ANSWERED;
	if (!waits)
		return;
	MHD_resume_connection(x->connection);
	timer_start(&x->server->timer, x->server->loop, 0, on_due, x->server);
}

void
http_answer(struct http_exchange *x, unsigned status, const char *json)
{
	answer(x, status, json_answer(json));
}

void
http_answer_file(struct http_exchange *x, unsigned status,
		 const struct http_file *file)
{
	struct MHD_Response *r = MHD_create_response_from_fd_at_offset64(
		(uint64_t)file->size, file->fd, (uint64_t)file->offset);

	if (!r)
		(void)close(file->fd); /* it was only read */
	for (size_t i = 0; r && i < file->n_headers; i++)
		MHD_add_response_header(r, file->headers[i].name,
					file->headers[i].value);
	answer(x, status, r);
}

/* ---- the server --------------------------------------------------------- */

static struct MHD_Daemon *
listen_on(struct http_server *s, const struct addrinfo *ai)
{
	unsigned flags =
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

	if (ai->ai_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	return MHD_start_daemon(
		flags, (uint16_t)s->options.port, NULL, NULL, on_request, s,
		MHD_OPTION_EXTERNAL_LOGGER, on_log, s, MHD_OPTION_SOCK_ADDR,
		ai->ai_addr, MHD_OPTION_CONNECTION_LIMIT,
		s->options.connections, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)PER_CONNECTION, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
		MHD_OPTION_END);
}

static int
open_socket(struct http_server *s, struct error *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_PASSIVE };
	struct addrinfo *found;
	AUTO_STR port = { 0 };
	int rc;

	str_init(&port, 16);
	str_printf(&port, "%u", s->options.port);
	rc = getaddrinfo(s->options.host, port.data, &hints, &found);
	if (rc)
		return error_set(err, EINVAL, "\"%.100s\": %s", s->options.host,
				 gai_strerror(rc));
	errno = 0;
	s->daemon = listen_on(s, found);
	rc = errno;
	freeaddrinfo(found);
	if (s->daemon)
		return 0;
	return error_set(err, rc ? rc : EIO, "%.100s, port %u: %s",
			 s->options.host, s->options.port,
			 rc ? strerror(rc) : "it cannot be listened on");
}

struct http_server *
http_server_new(struct loop *loop, const struct http_options *options,
		struct error *err)
{
	struct http_server *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->options = *options;
	if (open_socket(s, err) < 0) {
		free(s);
		return NULL;
	}
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	s->readable = event_new(loop_base(loop), info->epoll_fd,
				EV_READ | EV_PERSIST, on_readable, s);
	if (!s->readable || event_add(s->readable, NULL) < 0)
		abort();
	return s;
}

void
http_server_free(struct http_server *s)
{
	struct http_exchange *x;

	if (!s)
		return;
	timer_stop(&s->timer);
	event_free(s->readable);
	/* What is suspended would never end. */
	DL_FOREACH(s->exchanges, x)
	if (x->state == EXCHANGE_WAITING)
		http_answer(x, 503, "{}");
	timer_stop(&s->timer);
	MHD_run(s->daemon);
	MHD_stop_daemon(s->daemon);
	free(s);
}
