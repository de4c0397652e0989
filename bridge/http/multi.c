/* SPDX-License-Identifier: MIT */
/* multi.c - libcurl in the loop. See multi.h. */

#include "bridge/http/multi.h"

#include "bridge/base.h"
#include "bridge/loop.h"

#include <event2/event.h>

#include <stdlib.h>

/* A socket of libcurl's. */
struct wire {
	struct event *ev;
};

#define CONNECT_MS 10000

struct http_multi {
	struct loop *loop;
	CURLM *multi;
	struct timer timer;
};

void
http_ride_defaults(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* Else whoever gives up a call waits, with all of the loop, until the
	 * thread that looks up its name has its answer. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
}

/* Whatever done() does, also freeing others, the next is looked up anew. */
static void
reap(struct http_multi *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		CURLcode rc = m->data.result;
		CURL *easy = m->easy_handle;
		char *ride = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &ride);
		curl_multi_remove_handle(h->multi, easy);
		struct http_ride *r = (struct http_ride *)(void *)ride;
		r->done(r, rc);
	}
}

static void
turn(struct http_multi *h, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(h->multi, fd, what, &running);
	reap(h);
}

static void
on_due(void *arg)
{
	turn(arg, CURL_SOCKET_TIMEOUT, 0);
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	turn(arg, fd,
	     (what & EV_READ ? CURL_CSELECT_IN : 0) |
		     (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static int
on_timer(CURLM *multi UNUSED, long wait_ms, void *arg)
{
	struct http_multi *h = arg;

	timer_stop(&h->timer);
	if (wait_ms >= 0)
		timer_start(&h->timer, h->loop, wait_ms, on_due, h);
	return 0;
}

static int
on_socket(CURL *easy UNUSED, curl_socket_t fd, int what, void *arg,
	  void *socket)
{
	struct http_multi *h = arg;
	struct wire *w = socket;
	short events = EV_PERSIST;

	if (w && w->ev)
		event_free(w->ev);
	if (what == CURL_POLL_REMOVE) {
		free(w);
		curl_multi_assign(h->multi, fd, NULL);
		return 0;
	}
	if (!w) {
		w = xcalloc(1, sizeof(*w));
		curl_multi_assign(h->multi, fd, w);
	}
	if (what & CURL_POLL_IN)
		events |= EV_READ;
	if (what & CURL_POLL_OUT)
		events |= EV_WRITE;
	w->ev = event_new(loop_base(h->loop), fd, events, on_ready, h);
	if (!w->ev || event_add(w->ev, NULL) < 0)
		abort();
	return 0;
}

void
http_multi_add(struct http_multi *h, struct http_ride *ride)
{
	curl_easy_setopt(ride->easy, CURLOPT_PRIVATE, (char *)ride);
	curl_multi_add_handle(h->multi, ride->easy);
}

void
http_multi_remove(struct http_multi *h, struct http_ride *ride)
{
	curl_multi_remove_handle(h->multi, ride->easy);
}

struct http_multi *
http_multi_new(struct loop *loop, long connections)
{
	struct http_multi *h = xcalloc(1, sizeof(*h));

	h->loop = loop;
	h->multi = curl_multi_init();
	if (!h->multi)
		abort();
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
			  connections);
	return h;
}

void
http_multi_free(struct http_multi *h)
{
	if (!h)
		return;
	curl_multi_cleanup(h->multi);
	timer_stop(&h->timer);
	free(h);
}
