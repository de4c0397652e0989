/* SPDX-License-Identifier: MIT */
/* hs.c - calls to the homeserver. See hs.h. */

#include "protocols/matrix/hs.h"

#include "bridge/base.h"
#include "bridge/http/multi.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/secret.h"
#include "bridge/str.h"
#include "conf/conf.h"

#include <curl/curl.h>

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define API "/_matrix/client"
#define CONNECTIONS 16
#define CALL_MS 60000
#define ANSWER_MAX (64 * 1024 * 1024) /* the state of a large room */
#define TRIES_MAX 6
#define BUSY_MS 1000   /* the first wait where none is asked for */
#define WAIT_MAX 60000 /* however long the homeserver asks for */

/* A call that has not ended. */
struct call {
	struct hs *hs;
	char *method, *path, *body;
	hs_fn *fn;
	void *arg;
	struct http_ride ride; /* its handle is set while it is under way */
	struct str answer;
	unsigned tries;
	int64_t retry_after_ms;
	struct timer timer; /* until the next try */
	struct call *prev, *next;
};

struct hs {
	struct loop *loop;
	const struct conf_matrix *conf;
	const char *name;
	struct http_multi *multi;
	struct curl_slist *headers;
	struct call *calls; /* utlist */
	CURL *spare[CONNECTIONS];
	size_t n_spare;
};

bool
hs_good(const struct hs_answer *answer)
{
	return answer->status >= 200 && answer->status < 300;
}

/* ---- calls -------------------------------------------------------------- */

static void
drop_easy(struct call *c)
{
	struct hs *hs = c->hs;

	if (!c->ride.easy)
		return;
	http_multi_remove(hs->multi, &c->ride);
	if (hs->n_spare < CONNECTIONS)
		hs->spare[hs->n_spare++] = c->ride.easy;
	else
		curl_easy_cleanup(c->ride.easy);
	c->ride.easy = NULL;
}

static void
call_free(struct call *c)
{
	timer_stop(&c->timer);
	drop_easy(c);
	DL_DELETE(c->hs->calls, c);
	str_finish(&c->answer);
	free(c->method);
	free(c->path);
	free(c->body);
	free(c);
}

static size_t
on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct call *c = arg;

	str_add_n(&c->answer, bytes, size * n);
	return str_overflowed(&c->answer) ? 0 : size * n;
}

static size_t
on_header(char *line, size_t size, size_t n, void *arg)
{
	static const char name[] = "retry-after:";
	struct call *c = arg;
	size_t len = size * n;
	char value[16] = "";

	if (len > strlen(name) && len < strlen(name) + sizeof(value) &&
	    strncasecmp(line, name, strlen(name)) == 0) {
		memcpy(value, line + strlen(name), len - strlen(name));
		c->retry_after_ms = strtol(value, NULL, 10) * 1000;
	}
	return len;
}

/* What is the same for every call of a handle. */
static CURL *
easy_new(struct hs *hs)
{
	CURL *e = curl_easy_init();

	if (!e)
		abort();
	http_ride_defaults(e);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)CALL_MS);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, hs->headers);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "causeway");
	if (hs->conf->ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, hs->conf->ca_file);
	return e;
}

static void
set_up(struct call *c)
{
	struct hs *hs = c->hs;
	AUTO_STR url = { 0 };

	str_init(&url, 16384);
	str_printf(&url, "%s" API "%s", hs->conf->homeserver, c->path);
	CURL *e = hs->n_spare ? hs->spare[--hs->n_spare] : easy_new(hs);
	c->ride.easy = e;
	curl_easy_setopt(e, CURLOPT_URL, url.data);
	curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, c->method);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	if (c->body) {
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE,
				 (long)strlen(c->body));
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, c->body);
	} else {
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, NULL);
		curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, c->method);
	}
}

static void
launch(void *arg)
{
	struct call *c = arg;

	c->tries++;
	c->retry_after_ms = -1;
	str_clear(&c->answer);
	set_up(c);
	http_multi_add(c->hs->multi, &c->ride);
}

static void call_ended(struct http_ride *ride, CURLcode rc);

void
hs_call(struct hs *hs, const struct hs_call *call)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->hs = hs;
	c->ride.done = call_ended;
	c->method = xstrdup(call->method);
	c->path = xstrdup(call->path);
	if (call->body) {
		c->body = json_dumps(call->body, JSON_COMPACT);
		json_decref(call->body);
	}
	if (!c->body && strcmp(call->method, "GET") != 0)
		c->body = xstrdup("{}");
	c->fn = call->fn;
	c->arg = call->arg;
	str_init(&c->answer, ANSWER_MAX);
	DL_APPEND(hs->calls, c);
	/* Not from inside libcurl, which may have called us. */
	timer_start(&c->timer, hs->loop, 0, launch, c);
}

void
hs_cancel(struct hs *hs, const void *arg)
{
	struct call *c, *next;

	DL_FOREACH_SAFE(hs->calls, c, next)
	if (!arg || c->arg == arg)
		call_free(c);
}

/* ---- how they end ------------------------------------------------------- */

static bool
wants_time(long status)
{
	return status == 429 || (status >= 502 && status <= 504);
}

/* True if the call waits to be made again. */
static bool
tries_again(struct call *c, long status, const json_t *json)
{
	const json_t *asked = json_object_get(json, "retry_after_ms");
	int64_t wait = (int64_t)BUSY_MS << (c->tries - 1);

	if (!wants_time(status) || c->tries >= TRIES_MAX)
		return false;
	if (c->retry_after_ms >= 0)
		wait = c->retry_after_ms;
	else if (json_is_integer(asked))
		wait = json_integer_value(asked);
	if (wait > WAIT_MAX)
		wait = WAIT_MAX;
	if (wait < 0)
		wait = 0;
	wait += (int64_t)loop_random_below(c->hs->loop,
					   (uint64_t)(wait / 8 + 20));
	log_trace(c->hs->name, "homeserver busy (%ld); again in %lld ms",
		  status, (long long)wait);
	drop_easy(c);
	timer_start(&c->timer, c->hs->loop, wait, launch, c);
	return true;
}

static const char *
words_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

static void
call_ended(struct http_ride *ride, CURLcode rc)
{
	struct call *c = container_of(ride, struct call, ride);
	long status = 0;
	AUTO_STR why = { 0 };
	json_t *json = NULL;

	str_init(&why, 512);
	if (rc == CURLE_OK)
		curl_easy_getinfo(ride->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status)
		json = json_loadb(c->answer.data, c->answer.len, JSON_ALLOW_NUL,
				  NULL);
	if (!json)
		json = json_object();
	if (tries_again(c, status, json)) {
		json_decref(json);
		return;
	}
	if (!status)
		str_printf(&why, "the homeserver does not answer: %s",
			   curl_easy_strerror(rc));
	else if (*words_of(json, "error"))
		str_printf(&why, "%.300s", words_of(json, "error"));
	else
		str_printf(&why, "status %ld", status);
	const struct hs_answer answer = { status, json,
					  words_of(json, "errcode"), why.data };
	hs_fn *fn = c->fn;
	void *arg = c->arg;

	call_free(c);
	if (fn)
		fn(arg, &answer);
	json_decref(json);
}

static struct curl_slist *
make_headers(const struct conf_matrix *conf)
{
	AUTO_STR token = { 0 };
	struct curl_slist *list;

	str_init(&token, 8192);
	str_printf(&token, "Authorization: Bearer %s",
		   secret_reveal(conf->as_token));
	list = curl_slist_append(NULL, token.data);
	secret_wipe(token.data, token.len);
	list = curl_slist_append(list, "Content-Type: application/json");
	return curl_slist_append(list, "Expect:");
}

struct hs *
hs_new(struct loop *loop, const struct conf_matrix *conf, const char *name)
{
	struct hs *hs = xcalloc(1, sizeof(*hs));

	hs->loop = loop;
	hs->conf = conf;
	hs->name = name;
	hs->multi = http_multi_new(loop, CONNECTIONS);
	hs->headers = make_headers(conf);
	if (!hs->headers)
		abort();
	return hs;
}

void
hs_free(struct hs *hs)
{
	if (!hs)
		return;
	hs_cancel(hs, NULL);
	while (hs->n_spare)
		curl_easy_cleanup(hs->spare[--hs->n_spare]);
	http_multi_free(hs->multi);
	curl_slist_free_all(hs->headers);
	free(hs);
}
