/* SPDX-License-Identifier: MIT */
/*
 * ident.c - who has connected: RFC 1413. See ident.h.
 *
 * bridge/event.h and <event2/event.h> exclude each other; this file includes
 * the latter.
 */

#include "protocols/irc/ident.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/loop.h"
#include "conf/conf.h"
#include "protocols/irc/dial.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ASKERS_MAX 64
#define LINE_MAX_BYTES 128
#define PATIENCE_S 10

/* Somebody who asks. */
struct asker {
	struct ident *ident;
	struct bufferevent *bev;
	struct sockaddr_storage address;
	struct asker *prev, *next;
};

struct ident {
	struct loop *loop;
	char *host;
	unsigned port;
	struct evconnlistener *listener;
	struct ident_member *members;
	struct asker *askers;
	size_t n_askers;
	struct ident *next; /* at other addresses */
};

/* ---- addresses ----------------------------------------------------- */

static unsigned
port_of(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)a)->sin6_port);
	return ntohs(((const struct sockaddr_in *)a)->sin_port);
}

static bool
same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET6)
		return !memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
			       &((const struct sockaddr_in6 *)b)->sin6_addr,
			       sizeof(struct in6_addr));
	return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
	       ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}

bool
ident_is_about(const struct ident_query *query, int fd)
{
	struct sockaddr_storage own = { 0 }, far = { 0 };
	socklen_t own_len = sizeof(own), far_len = sizeof(far);

	return fd >= 0 &&
	       getsockname(fd, (struct sockaddr *)&own, &own_len) == 0 &&
	       getpeername(fd, (struct sockaddr *)&far, &far_len) == 0 &&
	       port_of(&own) == query->local_port &&
	       port_of(&far) == query->remote_port &&
	       same_host(&far, query->asker);
}

/* ---- one question -------------------------------------------------- */

static void
asker_free(struct asker *a)
{
	struct ident *ident = a->ident;

	if (a->prev)
		a->prev->next = a->next;
	else
		ident->askers = a->next;
	if (a->next)
		a->next->prev = a->prev;
	ident->n_askers--;
	bufferevent_free(a->bev);
	free(a);
}

/* "6193, 23": our port, and theirs. */
static bool
read_ports(const char *line, struct ident_query *query)
{
	char extra;

	return strspn(line, "0123456789, \t\r") == strlen(line) &&
	       sscanf(line, "%5u , %5u %c", &query->local_port,
		      &query->remote_port, &extra) == 2 &&
	       query->local_port && query->local_port <= 65535 &&
	       query->remote_port && query->remote_port <= 65535;
}

static void
answer(struct asker *a, const char *line)
{
	struct ident_query query = { .asker = &a->address };
	struct evbuffer *out = bufferevent_get_output(a->bev);
	char user[IDENT_USER_MAX];

	if (!read_ports(line, &query)) {
		evbuffer_add_printf(out, "0, 0 : ERROR : INVALID-PORT\r\n");
		return;
	}
	for (struct ident_member *m = a->ident->members; m; m = m->next) {
		if (!m->answer(m->arg, &query, user))
			continue;
		evbuffer_add_printf(out, "%u, %u : USERID : UNIX : %s\r\n",
				    query.local_port, query.remote_port, user);
		return;
	}
	evbuffer_add_printf(out, "%u, %u : ERROR : NO-USER\r\n",
			    query.local_port, query.remote_port);
}

static void
on_written(struct bufferevent *bev UNUSED, void *arg)
{
	asker_free(arg);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct asker *a = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	char *line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF);

	if (!line) {
		if (evbuffer_get_length(in) > LINE_MAX_BYTES)
			asker_free(a);
		return;
	}
	/* One question is what servers ask. */
	bufferevent_disable(bev, EV_READ);
	bufferevent_setcb(bev, NULL, on_written, NULL, a);
	answer(a, line);
	free(line);
}

static void
on_end(struct bufferevent *bev UNUSED, short what UNUSED, void *arg)
{
	asker_free(arg);
}

static void
on_asker(struct evconnlistener *listener UNUSED, evutil_socket_t fd,
	 struct sockaddr *from, int len, void *arg)
{
	static const struct timeval patience = { PATIENCE_S, 0 };
	struct ident *ident = arg;
	struct asker *a;

	if (ident->n_askers >= ASKERS_MAX || (size_t)len > sizeof(a->address)) {
		evutil_closesocket(fd);
		return;
	}
	a = xcalloc(1, sizeof(*a));
	a->ident = ident;
	memcpy(&a->address, from, (size_t)len);
	a->bev = bufferevent_socket_new(loop_base(ident->loop), irc_lift(fd),
					BEV_OPT_CLOSE_ON_FREE);
	a->next = ident->askers;
	if (a->next)
		a->next->prev = a;
	ident->askers = a;
	ident->n_askers++;
	bufferevent_setcb(a->bev, on_read, NULL, on_end, a);
	bufferevent_set_timeouts(a->bev, &patience, &patience);
	bufferevent_setwatermark(a->bev, EV_READ, 0, 2 * LINE_MAX_BYTES);
	bufferevent_enable(a->bev, EV_READ | EV_WRITE);
}

/* ---- life ---------------------------------------------------------- */

static void
ident_free(struct ident *ident)
{
	while (ident->askers)
		asker_free(ident->askers);
	if (ident->listener)
		evconnlistener_free(ident->listener);
	free(ident->host);
	free(ident);
}

static struct ident *
ident_new(struct loop *loop, const struct conf_server *listen,
	  struct error *err)
{
	struct ident *ident = xcalloc(1, sizeof(*ident));
	struct sockaddr_storage address = { 0 };
	int len = sizeof(address);
	char text[128];

	ident->loop = loop;
	ident->host = xstrdup(listen->host);
	ident->port = listen->port;
	(void)snprintf(text, sizeof(text),
		       strchr(listen->host, ':') ? "[%s]:%u" : "%s:%u",
		       listen->host, listen->port);
	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)&address,
				       &len) == 0)
		ident->listener = evconnlistener_new_bind(
			loop_base(loop), on_asker, ident,
			LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
				LEV_OPT_REUSEABLE,
			ASKERS_MAX, (struct sockaddr *)&address, len);
	else
		errno = EINVAL;
	if (ident->listener)
		return ident;
	error_set(err, errno, "%s: %s", text, strerror(errno));
	ident_free(ident);
	return NULL;
}

int
ident_join(struct ident_member *m, struct loop *loop,
	   const struct conf_server *listen, struct error *err)
{
	struct ident **all = (struct ident **)loop_slot(loop, IRC_SLOT_IDENT);
	struct ident *ident = *all;

	while (ident && (strcmp(ident->host, listen->host) != 0 ||
			 ident->port != listen->port))
		ident = ident->next;
	if (!ident) {
		ident = ident_new(loop, listen, err);
		if (!ident)
			return -EADDRNOTAVAIL;
		ident->next = *all;
		*all = ident;
	}
	m->ident = ident;
	m->next = ident->members;
	ident->members = m;
	return 0;
}

void
ident_leave(struct ident_member *m)
{
	struct ident *ident = m->ident;
	struct ident_member **at;
	struct ident **all;

	if (!ident)
		return;
	for (at = &ident->members; *at != m;)
		at = &(*at)->next;
	*at = m->next;
	m->ident = NULL;
	if (ident->members)
		return;
	for (all = (struct ident **)loop_slot(ident->loop, IRC_SLOT_IDENT);
	     *all != ident;)
		all = &(*all)->next;
	*all = ident->next;
	ident_free(ident);
}
