/* SPDX-License-Identifier: MIT */
/* dial.c - connecting in a thread; see dial.h. */

#include "protocols/mqtt/dial.h"

#include "bridge/base.h"
#include "bridge/loop.h"

#include <event2/event.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What thread and loop share; whoever lets go last frees it. */
struct dial {
	pthread_mutex_t mutex;
	bool over;      /* the thread has nothing more to do with it */
	bool abandoned; /* nobody waits */

	struct mosquitto *m;
	char *host;
	int port, keep_alive_s;
	mosquitto_property *properties;
	int rc, error;
	char said[200]; /* by the library, of TLS; no number tells that */

	int fd; /* an eventfd */
	struct event *wake;
	dial_fn *done;
	void *arg;
};

static void
dial_free(struct dial *dial)
{
	if (dial->wake)
		event_free(dial->wake);
	if (dial->fd >= 0)
		(void)close(dial->fd);
	mosquitto_property_free_all(&dial->properties);
	(void)pthread_mutex_destroy(&dial->mutex);
	free(dial->host);
	free(dial);
}

static void
on_log(struct mosquitto *m UNUSED, void *arg, int level, const char *text)
{
	struct dial *dial = arg;

	if ((level & MOSQ_LOG_ERR) && !dial->said[0])
		(void)snprintf(dial->said, sizeof(dial->said), "%s", text);
}

static const char *
why(const struct dial *dial)
{
	if (dial->rc == MOSQ_ERR_SUCCESS)
		return NULL;
	if (dial->rc == MOSQ_ERR_ERRNO)
		return strerror(dial->error);
	if (dial->rc == MOSQ_ERR_TLS && dial->said[0])
		return dial->said;
	return mosquitto_strerror(dial->rc);
}

static void *
run(void *arg)
{
	struct dial *dial = arg;
	const uint64_t one = 1;
	bool abandoned;

	errno = 0;
	dial->rc = mosquitto_connect_bind_v5(dial->m, dial->host, dial->port,
					     dial->keep_alive_s, NULL,
					     dial->properties);
	dial->error = errno;

	pthread_mutex_lock(&dial->mutex);
	abandoned = dial->abandoned;
	dial->over = true;
	/* Cannot fail: it is the only one that is ever written. */
	if (!abandoned)
		(void)!write(dial->fd, &one, sizeof(one));
	pthread_mutex_unlock(&dial->mutex);
	if (abandoned) {
		mosquitto_destroy(dial->m);
		dial_free(dial);
	}
	return NULL;
}

static void
on_wake(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct dial *dial = arg;

	/* The thread has let go of the mutex, or is about to. */
	pthread_mutex_lock(&dial->mutex);
	pthread_mutex_unlock(&dial->mutex);
	event_free(dial->wake);
	dial->wake = NULL;
	dial->done(dial->arg, why(dial));
}

/* Signals are the loop's. */
static int
start_thread(struct dial *dial)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&thread, &attr, run, dial);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return rc;
}

struct dial *
dial_start(struct loop *loop, struct mosquitto *m, const struct dial_to *to,
	   dial_fn *done, void *arg)
{
	struct dial *dial = xcalloc(1, sizeof(*dial));

	pthread_mutex_init(&dial->mutex, NULL);
	dial->m = m;
	dial->host = xstrdup(to->host);
	dial->port = to->port;
	dial->keep_alive_s = to->keep_alive_s;
	dial->properties = to->properties;
	dial->done = done;
	dial->arg = arg;
	dial->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (dial->fd >= 0)
		dial->wake = event_new(loop_base(loop), dial->fd, EV_READ,
				       on_wake, dial);
	mosquitto_user_data_set(m, dial);
	mosquitto_log_callback_set(m, on_log);
	if (!dial->wake || event_add(dial->wake, NULL) < 0 ||
	    start_thread(dial)) {
		dial_free(dial);
		return NULL;
	}
	return dial;
}

void
dial_finish(struct dial *dial)
{
	if (dial)
		dial_free(dial);
}

void
dial_abandon(struct dial *dial)
{
	bool over;

	if (dial->wake)
		event_free(dial->wake);
	dial->wake = NULL;
	pthread_mutex_lock(&dial->mutex);
	over = dial->over;
	dial->abandoned = true;
	pthread_mutex_unlock(&dial->mutex);
	if (over) {
		mosquitto_destroy(dial->m);
		dial_free(dial);
	}
}
