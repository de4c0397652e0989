/* SPDX-License-Identifier: MIT */
/*
 * server.c - the control socket in the loop.
 *
 * A client is always in one of two states: we read, or it reads. While an
 * answer is not fully taken, nothing is read from it; so it can make us hold
 * one answer and one line, and no more.
 */

#include "bridge/control/server.h"

#include "bridge/base.h"
#include "bridge/control/request.h"
#include "bridge/control/socket.h"
#include "bridge/control/verbs.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/str.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <utlist.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* With LF, and CR before it. */
#define LINE_BYTES_MAX (REQUEST_MAX + 2)
/* Out of descriptors: do not ask again at once. */
#define ACCEPT_PAUSE_MS 1000

struct client {
	struct control *control;
	struct bufferevent *bev;
	struct timer idle;
	bool answering; /* it has an answer to take */
	bool ended;     /* it has said all that it will */
	bool refused;   /* and whatever it says is not heard */
	struct client *prev, *next;
};

struct control {
	struct loop *loop;
	struct bridge *bridge;
	struct evconnlistener *listener;
	struct timer pause;
	char *path;
	struct socket_file file;
	int64_t idle_ms;
	struct client *clients; /* utlist */
	unsigned n_clients;
};

/* ---- clients ----------------------------------------------------------- */

static void
client_free(struct client *c)
{
	DL_DELETE(c->control->clients, c);
	c->control->n_clients--;
	timer_stop(&c->idle);
	bufferevent_free(c->bev); /* closes */
	free(c);
}

static void
client_idle(void *arg)
{
	client_free(arg);
}

static void
client_watch(struct client *c)
{
	timer_start(&c->idle, c->control->loop, c->control->idle_ms,
		    client_idle, c);
}

/* Until it is taken, nothing is read. */
static void
client_answer(struct client *c, const struct str *answer)
{
	c->answering = true;
	client_watch(c);
	(void)bufferevent_disable(c->bev, EV_READ);
	if (bufferevent_write(c->bev, answer->data, answer->len) < 0)
		abort(); /* no memory */
}

static void
answer_line(struct client *c, const char *line, size_t len)
{
	AUTO_STR answer = { 0 };

	str_init(&answer, ANSWER_MAX);
	verbs_answer(c->control->bridge, line, len, &answer);
	client_answer(c, &answer);
}

static void
refuse_line(struct client *c, const char *why)
{
	AUTO_STR answer = { 0 };

	str_init(&answer, ANSWER_MAX);
	verbs_refuse(why, &answer);
	c->refused = true;
	client_answer(c, &answer);
}

/* May free the client. */
static void
client_work(struct client *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	char *line;
	size_t len;

	if (c->answering)
		return;
	if (c->refused) {
		client_free(c);
		return;
	}
	line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF);
	if (line && len <= REQUEST_MAX)
		answer_line(c, line, len);
	else if (line || evbuffer_get_length(in) >= LINE_BYTES_MAX)
		refuse_line(c, "the line is too long");
	else if (c->ended)
		client_free(c);
	else
		(void)bufferevent_enable(c->bev, EV_READ);
	free(line);
}

static void
on_read(struct bufferevent *bev UNUSED, void *arg)
{
	client_work(arg);
}

/* The answer is taken. */
static void
on_written(struct bufferevent *bev UNUSED, void *arg)
{
	struct client *c = arg;

	c->answering = false;
	client_watch(c);
	client_work(c);
}

static void
on_event(struct bufferevent *bev UNUSED, short what, void *arg)
{
	struct client *c = arg;

	/* Whoever has said all may still wait for the answer. */
	if (what & BEV_EVENT_EOF && what & BEV_EVENT_READING) {
		c->ended = true;
		client_work(c);
		return;
	}
	client_free(c);
}

/* ---- coming in --------------------------------------------------------- */

/* One line, if it fits in the socket's buffer, which is empty. */
static void
turn_away(evutil_socket_t fd, const char *why)
{
	AUTO_STR line = { 0 };

	str_init(&line, ANSWER_MAX);
	verbs_refuse(why, &line);
	(void)send(fd, line.data, line.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)close(fd);
}

static void
client_new(struct control *control, evutil_socket_t fd)
{
	struct client *c = xcalloc(1, sizeof(*c));

	c->control = control;
	/* Callbacks that are deferred would keep it alive beyond the loop. */
	c->bev = bufferevent_socket_new(loop_base(control->loop), fd,
					BEV_OPT_CLOSE_ON_FREE);
	if (!c->bev)
		abort(); /* no memory */
	DL_APPEND(control->clients, c);
	control->n_clients++;
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, LINE_BYTES_MAX);
	(void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	client_watch(c);
}

static void
on_accept(struct evconnlistener *listener UNUSED, evutil_socket_t fd,
	  struct sockaddr *from UNUSED, int len UNUSED, void *arg)
{
	struct control *control = arg;
	struct socket_peer peer;

	if (socket_peer(fd, control->file.group, &peer) < 0) {
		turn_away(fd, "the kernel does not say who you are");
		return;
	}
	if (!peer.allowed) {
		log_peer("control",
			 "user %u (process %d) may not use the "
			 "socket",
			 (unsigned)peer.uid, (int)peer.pid);
		turn_away(fd, "you are neither root, nor the bridge's user, "
			      "nor in the group of this socket");
		return;
	}
	if (control->n_clients >= CONTROL_CLIENTS_MAX) {
		turn_away(fd, "too many others are asking; try again");
		return;
	}
	client_new(control, fd);
}

static void
accept_again(void *arg)
{
	struct control *control = arg;

	(void)evconnlistener_enable(control->listener);
}

/* The connection that cannot be taken stays ready: wait, do not spin. */
static void
on_accept_failed(struct evconnlistener *listener, void *arg)
{
	struct control *control = arg;

	log_warn("control", "a connection cannot be taken: %s",
		 strerror(errno));
	(void)evconnlistener_disable(listener);
	timer_start(&control->pause, control->loop, ACCEPT_PAUSE_MS,
		    accept_again, control);
}

/* ---- the whole --------------------------------------------------------- */

struct control *
control_new(struct loop *loop, struct bridge *bridge,
	    const struct control_options *options, struct error *err)
{
	struct control *control = xcalloc(1, sizeof(*control));
	int fd;

	control->loop = loop;
	control->bridge = bridge;
	control->idle_ms =
		options->idle_ms ? options->idle_ms : CONTROL_IDLE_MS;
	fd = socket_listen(options->path, options->group, &control->file, err);
	if (fd < 0) {
		free(control);
		return NULL;
	}
	control->path = xstrdup(options->path);
	control->listener = evconnlistener_new(
		loop_base(loop), on_accept, control,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!control->listener)
		abort(); /* no memory */
	evconnlistener_set_error_cb(control->listener, on_accept_failed);
	return control;
}

void
control_free(struct control *control)
{
	if (!control)
		return;
	timer_stop(&control->pause);
	while (control->clients)
		client_free(control->clients);
	socket_remove(control->path, &control->file);
	evconnlistener_free(control->listener);
	free(control->path);
	free(control);
}
