/* SPDX-License-Identifier: MIT */
/* transfer.c - one file over HTTP. See transfer.h. */

#include "bridge/http/transfer.h"

#include "bridge/base.h"
#include "bridge/http/multi.h"
#include "bridge/loop.h"
#include "bridge/secret.h"
#include "bridge/str.h"

#include <curl/curl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLOW_BYTES 100 /* a second, for so many seconds: it is given up */
#define SLOW_S 10
#define ANSWER_MAX 65536 /* where it is not taken in pieces */
#define URL_MAX 16384

struct transfer {
	struct http_ride ride;
	struct http_multi *multi;
	struct transfer_options o;
	struct loop *loop;
	struct timer timer;
	char *url; /* now */
	struct curl_slist *headers;
	struct str answer;
	int64_t taken, sent;
	int64_t begun_ms;
	unsigned redirects;
	bool running, refused, too_long, stopped;
};

/* ---- what libcurl calls -------------------------------------------------- */

static size_t
on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n;
	long status = 0;

	curl_easy_getinfo(t->ride.easy, CURLINFO_RESPONSE_CODE, &status);
	t->taken += (int64_t)len;
	if (t->taken > t->o.bytes_max) {
		t->too_long = true;
		return 0;
	}
	if (!t->o.take || status < 200 || status >= 300) {
		if (t->answer.len + len <= ANSWER_MAX)
			str_add_n(&t->answer, bytes, len);
		return len;
	}
	if (t->o.take(t->o.arg, bytes, len))
		return len;
	t->stopped = true;
	return 0;
}

static size_t
on_send(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	ssize_t got = pread(t->o.send_fd, bytes, size * n, t->sent);

	if (got < 0)
		return CURL_READFUNC_ABORT;
	t->sent += got;
	return (size_t)got;
}

static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct transfer *t = arg;

	if (origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	t->sent = offset;
	return CURL_SEEKFUNC_OK;
}

/* The name was resolved: this is where it leads. */
static curl_socket_t
on_connect(void *arg, curlsocktype purpose UNUSED, struct curl_sockaddr *a)
{
	struct transfer *t = arg;

	if (t->o.may_connect && !t->o.may_connect(t->o.arg, &a->addr)) {
		t->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* ---- one request ----------------------------------------------------------
 */

static void
set_up_body(struct transfer *t)
{
	CURL *e = t->ride.easy;

	if (t->o.send_fd < 0)
		return;
	t->sent = 0;
	curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(e, CURLOPT_READFUNCTION, on_send);
	curl_easy_setopt(e, CURLOPT_READDATA, t);
	curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(e, CURLOPT_SEEKDATA, t);
	curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE,
			 (curl_off_t)t->o.send_size);
}

static void
set_up(struct transfer *t)
{
	CURL *e = t->ride.easy;
	int64_t left = t->o.time_max_ms - (loop_now_ms(t->loop) - t->begun_ms);

	curl_easy_reset(e);
	http_ride_defaults(e);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(left > 0 ? left : 1));
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "causeway");
	curl_easy_setopt(e, CURLOPT_URL, t->url);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE,
			 (curl_off_t)t->o.bytes_max);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_connect);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
	if (t->o.may_connect) /* one that is open was checked for another */
		curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
	if (t->o.ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, t->o.ca_file);
	set_up_body(t);
	curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, t->o.method);
}

static void
launch(void *arg)
{
	struct transfer *t = arg;

	t->taken = 0;
	str_clear(&t->answer);
	set_up(t);
	t->running = true;
	http_multi_add(t->multi, &t->ride);
}

/* ---- how it ends -----------------------------------------------------------
 */

static void
transfer_free(struct transfer *t)
{
	timer_stop(&t->timer);
	if (t->running)
		http_multi_remove(t->multi, &t->ride);
	curl_easy_cleanup(t->ride.easy);
	for (struct curl_slist *h = t->headers; h; h = h->next)
		secret_wipe(h->data, strlen(h->data));
	curl_slist_free_all(t->headers);
	str_finish(&t->answer);
	free(t->url);
	free(t);
}

static void
finish(struct transfer *t, enum transfer_result result, long status,
       const char *why)
{
	const struct transfer_end end = { result, status, why, t->answer.data,
					  t->answer.len };

	t->o.ended(t->o.arg, &end);
	transfer_free(t);
}

static size_t
origin_len(const char *url)
{
	const char *host = strstr(url, "://");

	return host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#")
		    : strlen(url);
}

/* Another machine must not learn what was meant for the first. */
static void
forget_headers(struct transfer *t, const char *next)
{
	size_t n = origin_len(t->url);

	if (n == origin_len(next) && !strncasecmp(t->url, next, n))
		return;
	curl_slist_free_all(t->headers);
	t->headers = curl_slist_append(NULL, "Expect:");
}

static bool
redirected(struct transfer *t, long status)
{
	char *next = NULL;

	if ((status < 301 || status > 303) && status != 307 && status != 308)
		return false;
	curl_easy_getinfo(t->ride.easy, CURLINFO_REDIRECT_URL, &next);
	if (!next || strlen(next) > URL_MAX)
		return false;
	if (t->redirects++ >= t->o.redirects || t->o.send_fd >= 0 ||
	    (t->o.may_go && !t->o.may_go(t->o.arg, next))) {
		t->refused = true;
		return false;
	}
	forget_headers(t, next);
	free(t->url);
	t->url = xstrdup(next);
	timer_start(&t->timer, t->loop, 0, launch, t);
	return true;
}

static void
on_done(struct http_ride *ride, CURLcode rc)
{
	struct transfer *t = container_of(ride, struct transfer, ride);
	long status = 0;
	char text[64];

	t->running = false;
	curl_easy_getinfo(ride->easy, CURLINFO_RESPONSE_CODE, &status);
	if (rc == CURLE_OK && redirected(t, status))
		return;
	(void)snprintf(text, sizeof(text), "status %ld", status);
	if (t->refused)
		finish(t, TRANSFER_REFUSED, 0,
		       "it leads to an address that may not be used");
	else if (t->too_long || rc == CURLE_FILESIZE_EXCEEDED)
		finish(t, TRANSFER_TOO_LONG, 0, "it is too large");
	else if (t->stopped)
		finish(t, TRANSFER_STOPPED, 0, "it cannot be kept");
	else if (rc != CURLE_OK)
		finish(t, TRANSFER_FAILED, 0, curl_easy_strerror(rc));
	else
		finish(t, TRANSFER_DONE, status, text);
}

void
transfer_cancel(struct transfer *t)
{
	if (t)
		transfer_free(t);
}

struct transfer *
transfer_start(struct http_multi *multi, struct loop *loop,
	       const struct transfer_options *options)
{
	struct transfer *t = xcalloc(1, sizeof(*t));

	t->multi = multi;
	t->loop = loop;
	t->o = *options;
	t->url = xstrdup(options->url);
	t->begun_ms = loop_now_ms(loop);
	t->ride.easy = curl_easy_init();
	t->ride.done = on_done;
	if (!t->ride.easy)
		abort();
	str_init(&t->answer, ANSWER_MAX);
	t->headers = curl_slist_append(NULL, "Expect:");
	for (size_t i = 0; i < options->n_headers; i++)
		t->headers = curl_slist_append(t->headers, options->headers[i]);
	timer_start(&t->timer, loop, 0, launch, t);
	return t;
}
