/* SPDX-License-Identifier: MIT */
/*
 * fetch.c - getting a file: out of the cache, or into it. Whoever wants a file
 * that is on its way waits for it with the others.
 */

#include "bridge/attach.h"
#include "bridge/base.h"
#include "bridge/http/address.h"
#include "bridge/http/multi.h"
#include "bridge/http/transfer.h"
#include "bridge/log.h"
#include "bridge/media/room.h"
#include "bridge/media/ticket.h"
#include "bridge/media/type.h"
#include "bridge/secret.h"
#include "bridge/str.h"
#include "conf/conf.h"

#include <curl/curl.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#define OWN_MS (10 * 60 * 1000) /* from our own networks' servers */
#define OTHERS_MS 30000
#define REDIRECTS 3
#define FETCHES_MAX 64
#define REQUEST_MAX 16384
#define LOOK 4096 /* bytes that tell the type */

/* Somebody who waits. */
struct media_get {
	struct fetch *fetch;
	media_fn *fn;
	void *arg;
	struct media_get *prev, *next;
};

/* One file. Without a transfer it is there already, or cannot be had. */
struct fetch {
	struct media *m;
	struct cache_key key;
	bool own;    /* from a server of our networks */
	bool left;   /* and from there to another one */
	char *asked; /* the network that is to supply it, while it is */
	struct transfer *transfer;
	struct cache_part *part;
	int rc; /* of the cache, if it failed */
	struct media_file end;
	char *why;
	struct timer timer;
	struct media_get *gets; /* utlist */
	struct fetch *prev, *next;
};

/* ---- how it ends ------------------------------------------------------------
 */

static void
fetch_free(struct fetch *f)
{
	timer_stop(&f->timer);
	transfer_cancel(f->transfer);
	cache_drop(f->part);
	DL_DELETE(f->m->fetches, f);
	f->m->n_fetches--;
	while (f->gets) {
		struct media_get *g = f->gets;

		DL_DELETE(f->gets, g);
		free(g);
	}
	free(f->asked);
	free(f->why);
	free(f);
}

static void
look(struct media_file *file)
{
	unsigned char head[LOOK];
	ssize_t n = pread(file->fd, head, sizeof(head), 0);

	file->mime = type_of(head, n > 0 ? (size_t)n : 0);
}

/* Tell everybody; more may come to wait meanwhile, also for this one. */
static void
tell(void *arg)
{
	struct fetch *f = arg;
	struct media_file file = f->end;

	file.why = f->why;
	file.fd = -1;
	if (file.result == MEDIA_THERE) {
		file.fd = cache_open(f->m->cache, &f->key, &file.size);
		if (file.fd < 0)
			file = (struct media_file){ MEDIA_FAILED,
						    "it was dropped again", -1,
						    0, NULL };
		else
			look(&file);
	}
	while (f->gets) {
		struct media_get *g = f->gets;
		media_fn *fn = g->fn;
		void *with = g->arg;

		DL_DELETE(f->gets, g);
		free(g);
		fn(with, &file);
	}
	if (file.fd >= 0)
		(void)close(file.fd); /* it was only read */
	fetch_free(f);
}

static void
fetch_ends(struct fetch *f, enum media_result result, const char *why)
{
	f->end.result = result;
	free(f->asked);
	f->asked = NULL;
	free(f->why);
	f->why = why ? xstrdup(why) : NULL;
	timer_start(&f->timer, f->m->loop, 0, tell, f);
}

/* ---- the transfer
 * ------------------------------------------------------------ */

static bool
take(void *arg, const char *bytes, size_t n)
{
	struct fetch *f = arg;

	if (!f->part)
		f->part = cache_begin(f->m->cache, &f->key);
	f->rc = f->part ? cache_add(f->part, bytes, n) : -errno;
	return f->rc == 0;
}

static void
keep(struct fetch *f)
{
	struct cache_part *part = f->part;
	int rc;

	if (!part) /* it is empty */
		part = cache_begin(f->m->cache, &f->key);
	f->part = NULL;
	rc = part ? cache_finish(part) : -errno;
	if (rc == 0)
		fetch_ends(f, MEDIA_THERE, NULL);
	else
		fetch_ends(f, MEDIA_FAILED, strerror(-rc));
}

static void
not_kept(struct fetch *f)
{
	if (f->rc == -EFBIG) {
		fetch_ends(f, MEDIA_TOO_LARGE, "it is too large");
		return;
	}
	log_warn("media", "a file cannot be kept: %s", strerror(-f->rc));
	fetch_ends(f, MEDIA_FAILED, "there is no room for it");
}

static void
on_end(void *arg, const struct transfer_end *end)
{
	struct fetch *f = arg;

	f->transfer = NULL;
	switch (end->result) {
	case TRANSFER_DONE:
		if (end->status >= 200 && end->status < 300)
			keep(f);
		else if (end->status == 404 || end->status == 410)
			fetch_ends(f, MEDIA_NONE, "it is not there");
		else
			fetch_ends(f, MEDIA_FAILED, end->why);
		return;
	case TRANSFER_TOO_LONG:
		fetch_ends(f, MEDIA_TOO_LARGE, end->why);
		return;
	case TRANSFER_REFUSED:
		fetch_ends(f, MEDIA_FORBIDDEN, end->why);
		return;
	case TRANSFER_STOPPED:
		not_kept(f);
		return;
	case TRANSFER_FAILED:
		fetch_ends(f, MEDIA_FAILED, end->why);
		return;
	}
}

static bool
may_connect(void *arg, const struct sockaddr *address)
{
	const struct fetch *f = arg;

	return f->m->o.conf->fetch_private || (f->own && !f->left) ||
	       address_is_public(address);
}

/* The host of a link, in lower case; empty if it is no good. */
static void
host_of(struct str *out, const char *url, const char **scheme)
{
	CURLU *u = curl_url();
	char *host = NULL, *protocol = NULL;

	*scheme = "";
	if (u && attach_url_is_good(url) &&
	    curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &protocol, 0) == CURLUE_OK) {
		*scheme = strcmp(protocol, "https") == 0 ? "https" : "http";
		str_add(out, host);
	}
	curl_free(host);
	curl_free(protocol);
	curl_url_cleanup(u);
}

static bool
is_named(const struct conf_media *conf, const char *host)
{
	for (size_t i = 0; i < conf->n_fetch_from; i++)
		if (strcmp(conf->fetch_from[i], "*") == 0 ||
		    strcasecmp(conf->fetch_from[i], host) == 0)
			return true;
	return false;
}

static bool
may_go(void *arg, const char *url)
{
	const struct fetch *f = arg;
	const struct conf_media *conf = f->m->o.conf;
	const char *scheme;
	AUTO_STR host = { 0 };

	str_init(&host, 1024);
	host_of(&host, url, &scheme);
	if (!host.len || (strcmp(scheme, "https") != 0 && !conf->fetch_private))
		return false;
	return is_named(conf, host.data);
}

bool
media_may_get(const struct media *m, const char *url)
{
	struct fetch probe = { .m = (struct media *)(uintptr_t)m };
	struct ticket t;

	return media_read_link(m, url, &t) || may_go(&probe, url);
}

/*
 * A server of ours may name any other public one, as Matrix's may for media
 * that is kept elsewhere; not the machines behind our own walls.
 */
static bool
may_leave(void *arg, const char *url)
{
	struct fetch *f = arg;

	f->left = true;
	return f->m->o.conf->fetch_private ||
	       strncasecmp(url, "https://", 8) == 0;
}

static void
launch(struct fetch *f, const char *url, const char *header,
       const char *ca_file)
{
	const char *const headers[] = { header };
	struct media *m = f->m;
	const struct transfer_options options = {
		.method = "GET",
		.url = url,
		.headers = headers,
		.n_headers = *header ? 1 : 0,
		.ca_file = ca_file,
		.send_fd = -1,
		.bytes_max = (int64_t)m->o.conf->file_mib * 1024 * 1024,
		.time_max_ms = f->own ? OWN_MS : OTHERS_MS,
		.redirects = REDIRECTS,
		.may_connect = may_connect,
		.may_go = f->own ? may_leave : may_go,
		.take = take,
		.ended = on_end,
		.arg = f,
	};

	f->transfer =
		transfer_start(f->own ? m->own : m->others, m->loop, &options);
}

/* ---- who asks
 * ---------------------------------------------------------------- */

static struct fetch *
find(struct media *m, const struct cache_key *key)
{
	struct fetch *f;

	DL_FOREACH(m->fetches, f)
	if (memcmp(&f->key, key, sizeof(*key)) == 0)
		return f;
	return NULL;
}

static struct media_get *
wait_for(struct fetch *f, media_fn *fn, void *arg)
{
	struct media_get *g = xcalloc(1, sizeof(*g));

	g->fetch = f;
	g->fn = fn;
	g->arg = arg;
	DL_APPEND(f->gets, g);
	return g;
}

static struct fetch *
fetch_new(struct media *m, const struct cache_key *key, bool own)
{
	struct fetch *f = xcalloc(1, sizeof(*f));

	f->m = m;
	f->key = *key;
	f->own = own;
	DL_APPEND(m->fetches, f);
	m->n_fetches++;
	return f;
}

/* True if nothing must be fetched, or too much is. */
static bool
is_settled(struct fetch *f)
{
	int64_t size;
	int fd = cache_open(f->m->cache, &f->key, &size);

	if (fd >= 0) {
		(void)close(fd); /* it was only read */
		fetch_ends(f, MEDIA_THERE, NULL);
		return true;
	}
	if (f->m->n_fetches <= FETCHES_MAX)
		return false;
	fetch_ends(f, MEDIA_FAILED, "too many files are being fetched");
	return true;
}

static void
ask_source(struct fetch *f, const struct media_source *source, const char *item)
{
	if (f->key.tag || !source->ask(source->arg, item))
		fetch_ends(f, MEDIA_NONE, "there can be no such file");
	else
		f->asked = xstrdup(source->network);
}

static void
launch_item(struct fetch *f, const char *network, const char *item)
{
	struct source *s = media_source_of(f->m, network);
	AUTO_STR url = { 0 };
	AUTO_STR header = { 0 };
	struct media_request r = { &url, &header, NULL };

	str_init(&url, REQUEST_MAX);
	str_init(&header, REQUEST_MAX);
	if (!s)
		fetch_ends(f, MEDIA_FAILED, "its network is not there");
	else if (s->source.ask)
		ask_source(f, &s->source, item);
	else if (!s->source.request(s->source.arg, item, &r))
		fetch_ends(f, MEDIA_NONE, "there can be no such file");
	else
		launch(f, url.data, header.data, r.ca_file);
	secret_wipe(header.data, header.len);
}

struct media_get *
media_get_item(struct media *m, const char *network, const char *item,
	       uint64_t tag, media_fn *fn, void *arg)
{
	struct cache_key key;

	cache_key_make(&key, tag, network, item);
	struct fetch *f = find(m, &key);
	if (f)
		return wait_for(f, fn, arg);
	f = fetch_new(m, &key, true);
	if (tag && media_is_withdrawn(m, tag))
		fetch_ends(f, MEDIA_NONE, "it was taken back");
	else if (!is_settled(f))
		launch_item(f, network, item);
	return wait_for(f, fn, arg);
}

struct media_get *
media_get(struct media *m, const char *url, media_fn *fn, void *arg)
{
	struct cache_key key;
	struct ticket t;

	if (media_read_link(m, url, &t))
		return media_get_item(m, t.network, t.item, t.tag, fn, arg);
	cache_key_make(&key, 0, "", url);
	struct fetch *f = find(m, &key);
	if (f)
		return wait_for(f, fn, arg);
	f = fetch_new(m, &key, false);
	if (!may_go(f, url))
		fetch_ends(f, MEDIA_FORBIDDEN,
			   "nothing may be fetched from there");
	else if (!is_settled(f))
		launch(f, url, "", NULL);
	return wait_for(f, fn, arg);
}

void
media_supply(struct media *m, const char *network, const char *item,
	     enum media_result result, const void *bytes, size_t n)
{
	struct cache_key key;

	cache_key_make(&key, 0, network, item);
	struct fetch *f = find(m, &key);
	if (!f || !f->asked)
		return;
	if (result != MEDIA_THERE)
		fetch_ends(f, result, "its network does not have it");
	else if (n && !take(f, bytes, n))
		not_kept(f);
	else
		keep(f);
}

void
fetches_orphan(struct media *m, const char *network)
{
	struct fetch *f;

	DL_FOREACH(m->fetches, f)
	if (f->asked && strcmp(f->asked, network) == 0)
		fetch_ends(f, MEDIA_FAILED, "its network is not there");
}

void
media_cancel(struct media_get *g)
{
	struct fetch *f;

	if (!g)
		return;
	f = g->fetch;
	DL_DELETE(f->gets, g);
	free(g);
	if (!f->gets && f->transfer)
		fetch_free(f);
}

void
fetches_withdraw(struct media *m, uint64_t tag)
{
	struct fetch *f;

	DL_FOREACH(m->fetches, f)
	{
		if (f->key.tag != tag || !f->transfer)
			continue;
		transfer_cancel(f->transfer);
		f->transfer = NULL;
		cache_drop(f->part);
		f->part = NULL;
		fetch_ends(f, MEDIA_NONE, "it was taken back");
	}
}

void
fetches_drop(struct media *m)
{
	while (m->fetches)
		fetch_free(m->fetches);
}
