/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_MEDIA_MEDIA_H
#define BRIDGE_MEDIA_MEDIA_H

/*
 * The media room: files that belong to messages, fetched once, kept for a
 * while (cache.h), and handed to the networks and to whoever has a link.
 *
 * A file that only one network can fetch (Matrix: with our token) gets a link
 * that is good for some days, for that message alone. What others say of a
 * file is not believed: its type is by what is in it, its name never becomes
 * a path. A file that somebody linked to is fetched only from hosts that the
 * operator named, and never from an address that is not public, unless the
 * operator allows that.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf_media;
struct error;
struct loop;
struct media;
struct media_get;
struct str;

/* How a network's file is asked for; the strings are filled in. */
struct media_request {
	struct str *url;
	struct str *header; /* "Authorization: ..."; may stay empty */
	const char *ca_file;
};

/* What knows how to ask; one for each network that has files of its own. */
struct media_source {
	const char *network; /* its label; borrowed until it is removed */
	/* False: there can be no such item. */
	bool (*request)(void *arg, const char *item, struct media_request *r);
	/*
	 * In its place, for what is got by no HTTP: ask for it, and call
	 * media_supply() once, later. False: there can be no such item.
	 */
	bool (*ask)(void *arg, const char *item);
	void *arg;
};

struct media_options {
	const struct conf_media *conf;
	/* Which messages were taken back; ticket_tag() of them. */
	bool (*is_withdrawn)(void *arg, uint64_t tag);
	void (*withdraw)(void *arg, uint64_t tag, int64_t until_ms);
	void *arg;
};

/*
 * Opens the folder and, if links can be made, the listener. NULL, with the
 * reason. conf is borrowed.
 */
struct media *media_new(struct loop *loop, const struct media_options *options,
			struct error *err);

/* Accepts NULL. Nobody may wait for a file any more. */
void media_free(struct media *m);

/* source is copied. */
void media_add_source(struct media *m, const struct media_source *source);
/* If it is that one's still. */
void media_remove_source(struct media *m, const char *network, void *arg);

/*
 * Append a link to that item of the network, for that message of it, under a
 * name for people. False if there can be none: no public address is known.
 */
bool media_link(struct media *m, const char *network, const char *item,
		const char *message, const char *name, struct str *out);

/* True if the link is one of ours, whether or not it is good still. */
bool media_is_link(const struct media *m, const char *url);

/* The message was taken back: its links end, and its file goes. */
void media_withdraw(struct media *m, const char *network, const char *message);

/* ---- files ----------------------------------------------------------------
 */

enum media_result {
	MEDIA_THERE,
	MEDIA_NONE,      /* there is none any more, or never was */
	MEDIA_TOO_LARGE, /* for us */
	MEDIA_FORBIDDEN, /* it leads where it may not */
	MEDIA_FAILED,    /* perhaps another time */
};

/* Valid during the call; the descriptor is closed after it. */
struct media_file {
	enum media_result result;
	const char *why; /* in words, unless it is there */
	int fd;
	int64_t size;
	const char *mime;
};

typedef void media_fn(void *arg, const struct media_file *file);

/*
 * Get the file that a link leads to: one of ours, or of a host that is
 * allowed. fn is called once, later.
 */
struct media_get *media_get(struct media *m, const char *url, media_fn *fn,
			    void *arg);

/* The same of a network's item, for the message with that tag, or 0. */
struct media_get *media_get_item(struct media *m, const char *network,
				 const char *item, uint64_t tag, media_fn *fn,
				 void *arg);

/*
 * What a source was asked for: n bytes, if it is there. Nothing if nobody asked
 * for it, or does not any more.
 */
void media_supply(struct media *m, const char *network, const char *item,
		  enum media_result result, const void *bytes, size_t n);

/* Wait no longer: fn is not called. Accepts NULL. */
void media_cancel(struct media_get *get);

/* True if media_get() would try. */
bool media_may_get(const struct media *m, const char *url);

/* Width and height of a picture, as its header says; or 0. */
void media_picture(const struct media_file *file, unsigned *width,
		   unsigned *height);

#endif
