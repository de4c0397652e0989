/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_MEDIA_ROOM_H
#define BRIDGE_MEDIA_ROOM_H

/* What the files of the media room share; nobody else includes it. */

#include "bridge/loop.h"
#include "bridge/media/cache.h"
#include "bridge/media/media.h"

struct fetch;
struct http_multi;
struct http_server;
struct secret;
struct ticket;
struct visit;

#define WITHDRAWN_RECENT 256

struct source {
	struct media_source source;
	struct source *prev, *next;
};

struct media {
	struct loop *loop;
	struct media_options o;
	struct cache *cache;
	struct secret *key;
	struct http_multi *own;    /* to our networks' servers */
	struct http_multi *others; /* to whoever is linked to */
	struct http_server *http;  /* NULL: no links */
	struct source *sources;    /* utlist */
	struct fetch *fetches;     /* utlist */
	struct visit *visits;      /* utlist: who waits at our door */
	unsigned n_fetches;
	/* The last that were withdrawn: that may not be on disk yet. */
	uint64_t withdrawn[WITHDRAWN_RECENT];
	size_t next_withdrawn;
};

/* ---- media.c ---------------------------------------------------------------
 */

struct source *media_source_of(struct media *m, const char *network);

/* True if the message with that tag was taken back. */
bool media_is_withdrawn(const struct media *m, uint64_t tag);

/* What our own link says; false if it is none, or of another key. */
bool media_read_link(const struct media *m, const char *url, struct ticket *t);

/* ---- fetch.c ---------------------------------------------------------------
 */

void fetches_drop(struct media *m);

/* Those that such a source was asked for end without a file. */
void fetches_orphan(struct media *m, const char *network);

/* Those of that message end without a file. */
void fetches_withdraw(struct media *m, uint64_t tag);

/* ---- serve.c ---------------------------------------------------------------
 */

/* 0, or -errno: the address cannot be listened on. */
int serve_open(struct media *m, struct error *err);
void serve_close(struct media *m);

/*
 * The ticket and the name in the path of a link: its last two parts. Pure;
 * both in buffers of size bytes. False if it has no such form.
 */
bool serve_parse_path(const char *path, char *ticket, char *name, size_t size);

#endif
