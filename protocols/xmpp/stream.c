/* SPDX-License-Identifier: MIT */
/*
 * stream.c - libstrophe as a guest of our loop.
 *
 * libstrophe has a loop of its own and shows no descriptor. It tells the
 * socket to a callback just before it connects; we watch two duplicates of
 * it: one level-triggered for reading, one edge-triggered for writing, which
 * fires exactly when a full socket has drained. Whenever something happened,
 * or was queued, stream_pump() runs libstrophe: twice, because what its
 * handlers queue in the first round leaves in the second, and again while the
 * kernel has bytes, because a round reads 4096 at most. The duplicates are
 * ours to close, so it does not matter when libstrophe closes its own.
 *
 * Three more things it needs (FAULTS F1, F6; LIBRARIES 1): a state object
 * that component logins otherwise miss and crash without; a descriptor below
 * FD_SETSIZE, for which we hold a few low numbers free; and an address rather
 * than a name, because it resolves names synchronously.
 */

#include "protocols/xmpp/stream.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/pulse.h"
#include "conf/conf.h"
#include "protocols/xmpp/backlog.h"
#include "protocols/xmpp/guard.h"
#include "protocols/xmpp/stanza.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS 250 /* libstrophe's own timeouts, while connecting */
#define IDLE_TICK_MS 2000
#define GOODBYE_MS 1000
#define ANSWER_MS 25000    /* from ask() to death */
#define PEER_LOST_MS 30000 /* TCP_USER_TIMEOUT */
/* As long as Linux sends again what nobody acknowledges (tcp_retries2), and
 * some more. */
#define GHOST_MS (20 * 60000)
#define RESERVED 4 /* low descriptors held free */
#define ADDRESSES 8
#define PUMP_ROUNDS 16

enum stream_state {
	STREAM_DOWN,
	STREAM_RESOLVING,
	STREAM_CONNECTING,
	STREAM_UP,
	STREAM_CLOSING,
};

/* Outlives the stream if need be: a cancelled lookup still calls back. */
struct lookup {
	struct stream *stream; /* NULL when nobody waits any more */
	struct evdns_getaddrinfo_request *request;
};

struct stream {
	const struct conf_xmpp *conf;
	const char *where;
	struct loop *loop;
	const struct stream_ops *ops;
	void *arg;

	enum stream_state state;
	xmpp_mem_t mem;
	xmpp_ctx_t *ctx;
	xmpp_conn_t *conn;
	int reserve[RESERVED]; /* descriptors of /dev/null, or -1 */

	struct lookup *lookup; /* NULL unless one is under way */
	char addresses[ADDRESSES][INET6_ADDRSTRLEN];
	size_t n_addresses, next_address;

	int read_fd, write_fd; /* duplicates of libstrophe's, or -1 */
	struct event *readable, *writable;
	struct timer tick, watch;
	struct pulse pulse;

	struct backlog backlog; /* what libstrophe has not got yet */
	uint64_t taken;         /* bytes that it has got */
	/* At the last question: taken then, and when the question has left. */
	uint64_t taken_at_ask, asked_at;
	bool full; /* more waits than STREAM_ROOM */
	bool pumping;
	bool dirty;
	bool gone;   /* libstrophe reported the end; not yet passed on */
	bool ending; /* down() is about to be called */
	enum down_reason why;
	char text[200];
	int64_t ghost_ms; /* until then the server may hold one that broke */
};

/* ---- memory -------------------------------------------------------------- */

static void *
mem_alloc(size_t size, void *userdata)
{
	(void)userdata;
	return xrealloc(NULL, size);
}

static void
mem_free(void *p, void *userdata)
{
	(void)userdata;
	free(p);
}

static void *
mem_realloc(void *p, size_t size, void *userdata)
{
	(void)userdata;
	return xrealloc(p, size);
}

/* ---- descriptors --------------------------------------------------------- */

static void
reserve_fill(struct stream *s)
{
	for (size_t i = 0; i < RESERVED; i++) {
		if (s->reserve[i] < 0)
			s->reserve[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (s->reserve[i] >= FD_SETSIZE) {
			(void)close(s->reserve[i]);
			s->reserve[i] = -1;
		}
	}
}

static void
reserve_release(struct stream *s, size_t n)
{
	for (size_t i = 0; i < RESERVED && n; i++) {
		if (s->reserve[i] < 0)
			continue;
		(void)close(s->reserve[i]);
		s->reserve[i] = -1;
		n--;
	}
}

/* A duplicate out of the way of those who need low numbers. */
static int
dup_high(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, FD_SETSIZE);

	return high >= 0 ? high : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/* ---- running libstrophe -------------------------------------------------- */

static void stream_pump_deferred(void *arg);

static void
mark_dirty(struct stream *s)
{
	if (s->dirty)
		return;
	s->dirty = true;
	if (!s->pumping)
		loop_defer(s->loop, stream_pump_deferred, s);
}

static void
watch_close(struct stream *s)
{
	if (s->readable)
		event_free(s->readable);
	if (s->writable)
		event_free(s->writable);
	s->readable = s->writable = NULL;
	if (s->read_fd >= 0)
		(void)close(s->read_fd);
	if (s->write_fd >= 0)
		(void)close(s->write_fd);
	s->read_fd = s->write_fd = -1;
}

static bool
bytes_wait(const struct stream *s)
{
	int n = 0;

	return s->read_fd >= 0 && !ioctl(s->read_fd, FIONREAD, &n) && n > 0;
}

/* For the guard; libstrophe has 0x1f between a namespace and a name. */
static bool
on_first_tag(void *arg, const char *name, const char *const *attributes)
{
	struct stream *s = arg;
	const char *local = strrchr(name, '\x1f');
	struct first_tag tag = { local ? local + 1 : name, "", "", "" };
	const struct {
		const char *key, **value;
	} fields[] = {
		{ "from", &tag.from },
		{ "to", &tag.to },
		{ "type", &tag.type },
	};

	for (; *attributes; attributes += 2)
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
			if (!strcmp(attributes[0], fields[i].key))
				*fields[i].value = attributes[1];
	return s->state != STREAM_UP || s->ops->wants(s->arg, &tag);
}

static void stream_ended(struct stream *s);

/* True if there is something that libstrophe can get rid of now, perhaps: it
 * has nothing but what it has begun to write. */
static bool
can_hand_over(const struct stream *s)
{
	return s->backlog.pieces && xmpp_conn_send_queue_len(s->conn) <= 0;
}

/* In large pieces: libstrophe makes a system call of each. */
static void
hand_over(struct stream *s)
{
	const struct str *piece = backlog_first(&s->backlog);

	xmpp_send_raw(s->conn, piece->data, piece->len);
	s->taken += piece->len;
	backlog_drop_first(&s->backlog);
}

static void
run_once(struct stream *s)
{
	if (can_hand_over(s))
		hand_over(s);
	xmpp_run_once(s->ctx, 0);
}

/* Who waits for room may go on. */
static void
tell_room(struct stream *s)
{
	if (!s->full || s->state != STREAM_UP || stream_is_full(s))
		return;
	s->full = false;
	s->ops->drained(s->arg);
}

static void
stream_pump(struct stream *s)
{
	assert(!s->pumping);
	s->pumping = true;
	unsigned rounds = PUMP_ROUNDS;
	guard_ask(on_first_tag, s);
	do {
		s->dirty = false;
		run_once(s);
		if (!s->gone)
			run_once(s);
	} while (!s->gone && --rounds &&
		 (s->dirty || can_hand_over(s) || bytes_wait(s)));
	guard_ask(NULL, NULL);
	s->pumping = false;
	if (s->gone) {
		stream_ended(s);
		return;
	}
	if (s->dirty || can_hand_over(s)) {
		s->dirty = false;
		mark_dirty(s);
	}
	tell_room(s);
}

static void
stream_pump_deferred(void *arg)
{
	struct stream *s = arg;

	if (s->conn)
		stream_pump(s);
	else
		s->dirty = false;
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	stream_pump(arg);
}

/*
 * libstrophe cannot be told to let go; but it notices a dead socket at once.
 */
static void
stream_kill(struct stream *s)
{
	if (s->read_fd >= 0)
		(void)shutdown(s->read_fd, SHUT_RDWR);
	mark_dirty(s);
}

static void
on_tick(void *arg)
{
	struct stream *s = arg;
	bool busy = s->state == STREAM_CONNECTING || s->state == STREAM_CLOSING;

	timer_start(&s->tick, s->loop, busy ? TICK_MS : IDLE_TICK_MS, on_tick,
		    s);
	stream_pump(s);
}

static void on_watch(void *arg);

/*
 * It broke and nobody said goodbye: where packets are lost the server may not
 * know of it, and turn us away because of ourselves.
 */
static void
leave_ghost(struct stream *s)
{
	s->ghost_ms = loop_now_ms(s->loop) + GHOST_MS;
}

static void
ask(struct stream *s)
{
	s->ops->ask(s->arg);
	s->taken_at_ask = s->taken;
	s->asked_at = s->taken + backlog_bytes(&s->backlog);
}

/* The question waits behind much that the server has begun to take: that is a
 * sign of life, too, since its acknowledgements reach us. */
static bool
is_held_up(struct stream *s)
{
	if (s->taken >= s->asked_at || s->taken == s->taken_at_ask)
		return false;
	s->taken_at_ask = s->taken;
	return true;
}

static void
watch_pulse(struct stream *s)
{
	int64_t now = loop_now_ms(s->loop);
	int64_t wait = 0;

	switch (pulse_check(&s->pulse, now, &wait)) {
	case PULSE_DEAD:
		if (is_held_up(s)) {
			pulse_held_up(&s->pulse, now);
			wait = ANSWER_MS;
			break;
		}
		s->why = DOWN_LOST;
		(void)snprintf(s->text, sizeof(s->text),
			       "the server has not answered for %d s",
			       ANSWER_MS / 1000);
		leave_ghost(s);
		s->state = STREAM_CLOSING;
		stream_kill(s);
		return;
	case PULSE_ASK:
		ask(s);
		break;
	case PULSE_WAIT:
		break;
	}
	timer_start(&s->watch, s->loop, wait, on_watch, s);
}

static void
on_watch(void *arg)
{
	struct stream *s = arg;

	if (s->state == STREAM_CLOSING)
		stream_kill(s);
	else
		watch_pulse(s);
}

static void
watch_begin(struct stream *s)
{
	int64_t every = (int64_t)s->conf->ping_s * 1000;

	pulse_start(&s->pulse, every, ANSWER_MS, loop_now_ms(s->loop));
	if (every)
		timer_start(&s->watch, s->loop, every, on_watch, s);
}

/* ---- what libstrophe tells ----------------------------------------------- */

static int
on_stanza(xmpp_conn_t *conn, xmpp_stanza_t *st, void *arg)
{
	struct stream *s = arg;

	(void)conn;
	guard_handled();
	if (s->state == STREAM_UP)
		s->ops->stanza(s->arg, st);
	return 1;
}

struct verdict {
	xmpp_error_type_t type;
	enum down_reason why;
	const char *text;
};

/* clang-format off */
static const struct verdict verdicts[] = {
	{ XMPP_SE_NOT_AUTHORIZED, DOWN_REFUSED,
	  "the server does not accept the component's secret" },
	{ XMPP_SE_CONFLICT, DOWN_REFUSED,
	  "another connection uses this component" },
	{ XMPP_SE_HOST_UNKNOWN, DOWN_REFUSED,
	  "the server knows no such component" },
	{ XMPP_SE_HOST_GONE, DOWN_REFUSED,
	  "the server has dropped this component" },
	{ XMPP_SE_SYSTEM_SHUTDOWN, DOWN_LOST, "the server is shutting down" },
	{ XMPP_SE_INVALID_FROM, DOWN_LOST,
	  "the server did not like a sender address of ours" },
	{ XMPP_SE_XML_NOT_WELL_FORMED, DOWN_LOST,
	  "the server could not read what we wrote" },
	{ XMPP_SE_INVALID_XML, DOWN_LOST,
	  "the server did not like what we wrote" },
	{ XMPP_SE_POLICY_VIOLATION, DOWN_LOST,
	  "a stanza broke the server's rules" },
	{ XMPP_SE_RESOURCE_CONSTRAINT, DOWN_LOST, "the server is overloaded" },
};
/* clang-format on */

/* libstrophe does not always say why a connection failed. */
static bool
is_connected(const struct stream *s)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return s->read_fd >= 0 &&
	       !getpeername(s->read_fd, (struct sockaddr *)&peer, &len);
}

static void
stream_judge_error(struct stream *s, xmpp_error_type_t type)
{
	s->why = DOWN_LOST;
	(void)snprintf(s->text, sizeof(s->text),
		       "stream error %d from the server", (int)type);
	if (type == XMPP_SE_CONFLICT && loop_now_ms(s->loop) < s->ghost_ms) {
		s->why = DOWN_UNREACHABLE;
		(void)snprintf(s->text, sizeof(s->text),
			       "the server still holds our connection that "
			       "broke");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		if (verdicts[i].type != type)
			continue;
		s->why = verdicts[i].why;
		(void)snprintf(s->text, sizeof(s->text), "%s",
			       verdicts[i].text);
	}
}

static void
stream_judge(struct stream *s, int error, const xmpp_stream_error_t *se)
{
	if (se) {
		stream_judge_error(s, se->type);
		return;
	}
	if (s->state == STREAM_CONNECTING) {
		s->why = DOWN_UNREACHABLE;
		(void)snprintf(s->text, sizeof(s->text),
			       "cannot connect to %s port %u: %s",
			       s->conf->host, s->conf->port,
			       error > 0         ? strerror(error)
			       : is_connected(s) ? "no handshake"
						 : "no connection");
		return;
	}
	leave_ghost(s);
	s->why = DOWN_LOST;
	(void)snprintf(s->text, sizeof(s->text), "the connection broke");
}

static void
on_conn(xmpp_conn_t *conn, xmpp_conn_event_t what, int error,
	xmpp_stream_error_t *se, void *arg)
{
	struct stream *s = arg;

	guard_handled();
	if (what == XMPP_CONN_RAW_CONNECT)
		return;
	if (what == XMPP_CONN_CONNECT) {
		xmpp_handler_add(conn, on_stanza, NULL, NULL, NULL, s);
		if (s->state != STREAM_CONNECTING)
			return; /* being stopped */
		s->state = STREAM_UP;
		s->ghost_ms = 0;
		watch_begin(s);
		s->ops->up(s->arg);
		return;
	}
	/* libstrophe has closed its descriptor by now; ours is open. */
	if (s->state != STREAM_CLOSING)
		stream_judge(s, error, se);
	watch_close(s);
	s->gone = true;
}

/*
 * The callback has no userdata. A component has no client certificate, so
 * the name of its key file is free to carry our address.
 */
static struct stream *
stream_of(xmpp_conn_t *conn)
{
	const char *text = xmpp_conn_get_keyfile(conn);
	uintptr_t address = 0;

	if (!text || sscanf(text, "%" SCNxPTR, &address) != 1)
		return NULL;
	return (struct stream *)address;
}

static int
on_new_socket(xmpp_conn_t *conn, void *sock)
{
	struct stream *s = stream_of(conn);
	int fd = *(int *)sock;

	assert(s);
	if (fd >= FD_SETSIZE) {
		/* libstrophe would abort the process in select(). */
		log_error(s->where,
			  "descriptor %d is too high for libstrophe; fewer "
			  "files must be open",
			  fd);
		errno = EMFILE;
		return -1;
	}
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	watch_close(s);
	s->read_fd = dup_high(fd);
	s->write_fd = dup_high(fd);
	if (s->read_fd < 0 || s->write_fd < 0)
		return -1;
	/* Only makes things better; nothing depends on it. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
			 &(unsigned){ PEER_LOST_MS }, sizeof(unsigned));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 },
			 sizeof(int));
	return xmpp_sockopt_cb_keepalive(conn, sock);
}

static int
refuse_socket(xmpp_conn_t *conn, void *sock)
{
	(void)conn;
	(void)sock;
	errno = EPERM;
	return -1;
}

static void
ignore_conn(xmpp_conn_t *conn, xmpp_conn_event_t what, int error,
	    xmpp_stream_error_t *se, void *arg)
{
	(void)conn;
	(void)what;
	(void)error;
	(void)se;
	(void)arg;
}

/*
 * libstrophe up to 0.14 allocates the stream management state in client mode
 * only and dereferences it in both: without this the first stanza of a
 * component is a crash. A client that is not allowed to connect leaves one
 * behind, which we hand on.
 */
static bool
seed_sm(xmpp_ctx_t *ctx, xmpp_conn_t *component)
{
	xmpp_conn_t *client = xmpp_conn_new(ctx);

	xmpp_conn_set_jid(client, "x@127.0.0.1");
	xmpp_conn_set_sockopt_callback(client, refuse_socket);
	(void)xmpp_connect_client(client, "127.0.0.1", 9, ignore_conn, NULL);
	xmpp_sm_state_t *sm = xmpp_conn_get_sm_state(client);
	bool ok = sm && !xmpp_conn_set_sm_state(component, sm);
	(void)xmpp_conn_release(client);
	return ok;
}

/* ---- connecting ---------------------------------------------------------- */

static bool
watch_open(struct stream *s)
{
	struct event_base *base = loop_base(s->loop);

	if (s->read_fd < 0)
		return false;
	s->readable =
		event_new(base, s->read_fd, EV_READ | EV_PERSIST, on_socket, s);
	s->writable = event_new(base, s->write_fd,
				EV_WRITE | EV_ET | EV_PERSIST, on_socket, s);
	return s->readable && s->writable && !event_add(s->readable, NULL) &&
	       !event_add(s->writable, NULL);
}

static bool
connect_address(struct stream *s, const char *address)
{
	char self[2 + 2 * sizeof(uintptr_t) + 1];

	(void)snprintf(self, sizeof(self), "%" PRIxPTR, (uintptr_t)s);
	s->conn = xmpp_conn_new(s->ctx);
	if (!seed_sm(s->ctx, s->conn)) {
		log_error(s->where, "libstrophe gave no stream state");
		return false;
	}
	xmpp_conn_set_jid(s->conn, s->conf->component);
	xmpp_conn_set_pass(s->conn, secret_reveal(s->conf->secret));
	xmpp_conn_set_client_cert(s->conn, "", self);
	xmpp_conn_set_sockopt_callback(s->conn, on_new_socket);
	reserve_release(s, 1);
	int rc = xmpp_connect_component(
		s->conn, address, (unsigned short)s->conf->port, on_conn, s);
	reserve_fill(s);
	return rc == XMPP_EOK && watch_open(s);
}

static void
conn_drop(struct stream *s)
{
	watch_close(s);
	backlog_drop_all(&s->backlog);
	s->full = false;
	if (s->conn)
		(void)xmpp_conn_release(s->conn);
	s->conn = NULL;
}

static void
report_down(void *arg)
{
	struct stream *s = arg;

	s->state = STREAM_DOWN;
	s->ending = false;
	s->ops->down(s->arg, s->why, s->text);
}

static void
finish_down(struct stream *s)
{
	if (s->ending)
		return;
	s->ending = true;
	/* Until that is known whoever sends must not find us up. */
	s->state = STREAM_CLOSING;
	timer_stop(&s->tick);
	timer_stop(&s->watch);
	loop_cancel(s->loop, stream_pump_deferred, s);
	s->dirty = false;
	loop_defer(s->loop, report_down, s);
}

static void
connect_next(struct stream *s)
{
	s->state = STREAM_CONNECTING;
	while (s->next_address < s->n_addresses) {
		if (connect_address(s, s->addresses[s->next_address++])) {
			timer_start(&s->tick, s->loop, TICK_MS, on_tick, s);
			mark_dirty(s);
			return;
		}
		int error = errno;
		conn_drop(s);
		stream_judge(s, error, NULL);
	}
	finish_down(s);
}

/* After DISCONNECT, outside of libstrophe. */
static void
stream_ended(struct stream *s)
{
	s->gone = false;
	conn_drop(s);
	if (s->state == STREAM_CONNECTING && s->why == DOWN_UNREACHABLE &&
	    s->next_address < s->n_addresses)
		connect_next(s);
	else
		finish_down(s);
}

static void
add_address(struct stream *s, const struct sockaddr *sa)
{
	const void *src = NULL;

	if (sa->sa_family == AF_INET)
		src = &((const struct sockaddr_in *)(const void *)sa)->sin_addr;
	if (sa->sa_family == AF_INET6)
		src = &((const struct sockaddr_in6 *)(const void *)sa)
			       ->sin6_addr;
	if (src && s->n_addresses < ADDRESSES &&
	    inet_ntop(sa->sa_family, src, s->addresses[s->n_addresses],
		      sizeof(s->addresses[0])))
		s->n_addresses++;
}

static void
on_resolved(int result, struct evutil_addrinfo *list, void *arg)
{
	struct lookup *lookup = arg;
	struct stream *s = lookup->stream;

	free(lookup);
	if (s) {
		s->lookup = NULL;
		for (struct evutil_addrinfo *a = result ? NULL : list; a;
		     a = a->ai_next)
			add_address(s, a->ai_addr);
	}
	if (list)
		evutil_freeaddrinfo(list);
	if (!s)
		return;
	if (s->n_addresses) {
		connect_next(s);
		return;
	}
	s->why = DOWN_UNREACHABLE;
	(void)snprintf(s->text, sizeof(s->text), "cannot resolve \"%s\": %s",
		       s->conf->host, evutil_gai_strerror(result));
	finish_down(s);
}

static bool
is_literal(const char *host)
{
	struct in6_addr dst;

	return inet_pton(AF_INET, host, &dst) == 1 ||
	       inet_pton(AF_INET6, host, &dst) == 1;
}

static void
resolve(struct stream *s)
{
	struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
					 .ai_socktype = SOCK_STREAM,
					 .ai_protocol = IPPROTO_TCP };

	s->state = STREAM_RESOLVING;
	s->lookup = xcalloc(1, sizeof(*s->lookup));
	s->lookup->stream = s;
	/* May call back, and free s->lookup, before it returns: then NULL. */
	struct evdns_getaddrinfo_request *request =
		evdns_getaddrinfo(loop_dns(s->loop), s->conf->host, NULL,
				  &hints, on_resolved, s->lookup);
	if (request)
		s->lookup->request = request;
}

static void
lookup_cancel(struct stream *s)
{
	if (!s->lookup)
		return;
	s->lookup->stream = NULL;
	evdns_getaddrinfo_cancel(s->lookup->request);
	s->lookup = NULL;
}

/* ---- public -------------------------------------------------------------- */

struct stream *
stream_new(struct loop *loop, const struct conf_xmpp *conf, const char *where,
	   const struct stream_ops *ops, void *arg)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	xmpp_initialize();
	s->conf = conf;
	s->where = where;
	s->loop = loop;
	s->ops = ops;
	s->arg = arg;
	s->mem = (xmpp_mem_t){ mem_alloc, mem_free, mem_realloc, NULL };
	s->ctx = xmpp_ctx_new(&s->mem, NULL);
	s->read_fd = s->write_fd = -1;
	for (size_t i = 0; i < RESERVED; i++)
		s->reserve[i] = -1;
	reserve_fill(s);
	return s;
}

void
stream_free(struct stream *s)
{
	if (!s)
		return;
	timer_stop(&s->tick);
	timer_stop(&s->watch);
	loop_cancel(s->loop, stream_pump_deferred, s);
	loop_cancel(s->loop, report_down, s);
	lookup_cancel(s);
	if (s->conn && s->read_fd >= 0) {
		(void)shutdown(s->read_fd, SHUT_RDWR);
		for (int i = 0; i < PUMP_ROUNDS && !s->gone; i++)
			xmpp_run_once(s->ctx, 0);
	}
	conn_drop(s);
	xmpp_ctx_free(s->ctx);
	backlog_finish(&s->backlog);
	reserve_release(s, RESERVED);
	free(s);
}

void
stream_start(struct stream *s)
{
	assert(s->state == STREAM_DOWN);
	s->n_addresses = s->next_address = 0;
	s->gone = false;
	if (!is_literal(s->conf->host)) {
		resolve(s);
		return;
	}
	(void)snprintf(s->addresses[0], sizeof(s->addresses[0]), "%s",
		       s->conf->host);
	s->n_addresses = 1;
	connect_next(s);
}

void
stream_stop(struct stream *s)
{
	enum stream_state was = s->state;

	if (was == STREAM_DOWN || was == STREAM_CLOSING)
		return;
	s->state = STREAM_CLOSING;
	s->why = DOWN_ASKED;
	s->text[0] = '\0';
	lookup_cancel(s);
	if (!s->conn) {
		finish_down(s);
		return;
	}
	timer_start(&s->tick, s->loop, TICK_MS, on_tick, s);
	timer_start(&s->watch, s->loop, GOODBYE_MS, on_watch, s);
	if (was == STREAM_UP) {
		while (s->backlog.pieces)
			hand_over(s);
		xmpp_disconnect(s->conn);
		mark_dirty(s);
	} else {
		stream_kill(s);
	}
}

void
stream_answered(struct stream *s)
{
	pulse_answered(&s->pulse, loop_now_ms(s->loop));
}

xmpp_ctx_t *
stream_ctx(const struct stream *s)
{
	return s->ctx;
}

static bool
is_ours(const struct stream *s, const char *from)
{
	size_t bare = strcspn(from, "/");
	const char *at = memchr(from, '@', bare);
	const char *domain = at ? at + 1 : from;
	size_t len = (size_t)(from + bare - domain);

	return len == strlen(s->conf->component) &&
	       !strncmp(domain, s->conf->component, len);
}

void
stream_send(struct stream *s, xmpp_stanza_t *st)
{
	const char *from = xmpp_stanza_get_from(st);

	if (!from || !is_ours(s, from) || !xmpp_stanza_get_to(st)) {
		log_bug(s->where, "stanza without an address of ours dropped");
	} else if (s->state == STREAM_UP) {
		stanza_write(backlog_end(&s->backlog), st);
		mark_dirty(s);
	}
	(void)xmpp_stanza_release(st);
}

bool
stream_is_full(struct stream *s)
{
	bool full = backlog_bytes(&s->backlog) > STREAM_ROOM;

	s->full = s->full || full;
	return full;
}
