/* SPDX-License-Identifier: MIT */
/* upload.c - files at an upload service (XEP-0363). See upload.h. */

#include "protocols/xmpp/upload.h"

#include "protocols/xmpp/stanza.h"
#include "protocols/xmpp/xmpp.h"

#include "bridge/attach.h"
#include "bridge/base.h"
#include "bridge/http/multi.h"
#include "bridge/http/transfer.h"
#include "bridge/log.h"
#include "bridge/media/media.h"
#include "conf/conf.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NS_UPLOAD "urn:xmpp:http:upload:0"
#define SLOT_MS 15000
#define PUT_MS 60000
#define UPLOADS_MAX 200 /* remembered; the oldest are forgotten */
#define HEADERS_MAX 3
#define HEADER_BYTES 4096
#define ANSWER_MAX 65536
#define CONNECTIONS 4

/* One file; with get, upload and query idle it is settled. */
struct upload {
	struct xmpp *x;
	char *url;
	char *there; /* where it is now, or NULL */
	bool settled;
	struct media_get *get;
	struct transfer *transfer;
	int fd;
	int64_t size;
	char *mime;
	UT_hash_handle hh; /* by url, the oldest first */
};

static void
upload_free(struct upload *u)
{
	query_drop(u->x, u);
	media_cancel(u->get);
	transfer_cancel(u->transfer);
	if (u->fd >= 0)
		(void)close(u->fd); /* it was only read */
	HASH_DELETE(hh, u->x->uploads, u);
	free(u->url);
	free(u->there);
	free(u->mime);
	free(u);
}

static struct upload *
find(struct xmpp *x, const char *url)
{
	struct upload *u;

	HASH_FIND(hh, x->uploads, url, strlen(url), u);
	return u;
}

/* why NULL: it is there. */
static void
settle(struct upload *u, const char *why)
{
	u->settled = true;
	if (u->fd >= 0)
		(void)close(u->fd); /* it was only read */
	u->fd = -1;
	if (!why)
		return;
	free(u->there);
	u->there = NULL;
	log_peer(u->x->net.name,
		 "a file was not put at %s: %s; the bridge's link is said "
		 "instead",
		 u->x->conf->upload, why);
}

/* ---- the slot ---------------------------------------------------------------
 */

static void
on_put(void *arg, const struct transfer_end *end)
{
	struct upload *u = arg;
	bool good = end->result == TRANSFER_DONE && end->status >= 200 &&
		    end->status < 300;

	u->transfer = NULL;
	settle(u, good ? NULL : end->why);
}

/* The XEP knows three headers; a line of it is one line. */
static bool
add_header(struct str *out, xmpp_stanza_t *header)
{
	static const char *const known[] = { "Authorization", "Cookie",
					     "Expires" };
	const char *name = stanza_get(header, "name");
	AUTO_STR value = { 0 };

	str_init(&value, HEADER_BYTES);
	stanza_read_text(&value, header);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcasecmp(name, known[i]) &&
		    !strpbrk(value.data, "\r\n")) {
			str_printf(out, "%s: %s", known[i], value.data);
			return !str_overflowed(out);
		}
	return false;
}

static void
put(struct upload *u, xmpp_stanza_t *slot)
{
	struct str lines[HEADERS_MAX + 1] = { 0 };
	const char *headers[HEADERS_MAX + 1];
	size_t n = 0;
	xmpp_stanza_t *h = xmpp_stanza_get_children(slot);

	for (size_t i = 0; i <= HEADERS_MAX; i++)
		str_init(&lines[i], 2 * HEADER_BYTES);
	str_printf(&lines[n++], "Content-Type: %s", u->mime);
	for (; h && n <= HEADERS_MAX; h = xmpp_stanza_get_next(h))
		if (stanza_is(h, "header") && add_header(&lines[n], h))
			n++;
	for (size_t i = 0; i < n; i++)
		headers[i] = lines[i].data;
	const struct transfer_options options = {
		.method = "PUT",
		.url = stanza_get(slot, "url"),
		.headers = headers,
		.n_headers = n,
		.send_fd = u->fd,
		.send_size = u->size,
		.bytes_max = ANSWER_MAX,
		.time_max_ms = PUT_MS,
		.ended = on_put,
		.arg = u,
	};
	u->transfer = transfer_start(u->x->transfers, u->x->loop, &options);
	for (size_t i = 0; i <= HEADERS_MAX; i++)
		str_finish(&lines[i]);
}

static void
on_slot(void *arg, xmpp_stanza_t *answer)
{
	struct upload *u = arg;
	xmpp_stanza_t *slot =
		answer ? stanza_child(answer, "slot", NS_UPLOAD) : NULL;
	xmpp_stanza_t *up = slot ? stanza_own_child(slot, "put") : NULL;
	xmpp_stanza_t *down = slot ? stanza_own_child(slot, "get") : NULL;
	AUTO_STR why = { 0 };

	str_init(&why, 512);
	if (up && down && attach_url_is_good(stanza_get(up, "url")) &&
	    attach_url_is_good(stanza_get(down, "url"))) {
		u->there = xstrdup(stanza_get(down, "url"));
		put(u, up);
		return;
	}
	if (answer && stanza_has_type(answer, "error"))
		stanza_error_words(&why, answer);
	else
		str_add(&why, answer ? "its answer makes no sense"
				     : "it does not answer");
	settle(u, why.data);
}

static void
ask_for_slot(struct upload *u)
{
	struct xmpp *x = u->x;
	xmpp_stanza_t *iq =
		stanza_new(x->ctx, "iq", x->listener, x->conf->upload, "get");
	xmpp_stanza_t *request = stanza_add(iq, "request", NS_UPLOAD);
	AUTO_STR name = { 0 };
	char size[24];

	str_init(&name, 4 * ATTACH_NAME_MAX);
	attach_name_of_url(&name, u->url);
	(void)snprintf(size, sizeof(size), "%" PRId64, u->size);
	stanza_attr(request, "filename", name.data);
	stanza_attr(request, "size", size);
	stanza_attr(request, "content-type", u->mime);
	query_send(x, iq, SLOT_MS, on_slot, u);
}

static void
on_file(void *arg, const struct media_file *file)
{
	struct upload *u = arg;

	u->get = NULL;
	if (file->result == MEDIA_THERE)
		u->fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	if (u->fd < 0) {
		settle(u, file->why ? file->why : "it cannot be opened");
		return;
	}
	u->size = file->size;
	u->mime = xstrdup(file->mime);
	ask_for_slot(u);
}

/* ---- who wants one
 * ------------------------------------------------------------ */

static void
forget_oldest(struct xmpp *x)
{
	struct upload *u, *next;

	HASH_ITER(hh, x->uploads, u, next)
	{
		if (HASH_COUNT(x->uploads) < UPLOADS_MAX)
			return;
		if (u->settled)
			upload_free(u);
	}
}

static struct upload *
begin(struct xmpp *x, struct media *media, const char *url)
{
	struct upload *u = xcalloc(1, sizeof(*u));

	forget_oldest(x);
	if (!x->transfers)
		x->transfers = http_multi_new(x->loop, CONNECTIONS);
	u->x = x;
	u->url = xstrdup(url);
	u->fd = -1;
	HASH_ADD_KEYPTR(hh, x->uploads, u->url, strlen(u->url), u);
	u->get = media_get(media, url, on_file, u);
	return u;
}

bool
upload_holds(struct xmpp *x, const struct event *ev)
{
	struct media *media = bridge_media(&x->net);
	bool holds = false;

	if (!media || !x->conf->upload || ev->kind != EVENT_MESSAGE)
		return false;
	for (size_t i = 0; i < ev->n_attachments; i++) {
		const char *url = ev->attachments[i].url;
		struct upload *u = find(x, url);

		if (!u && media_is_link(media, url))
			u = begin(x, media, url);
		holds = holds || (u && !u->settled);
	}
	return holds;
}

const char *
upload_link(void *arg, const char *url)
{
	const struct upload *u = find(arg, url);

	return u && u->there ? u->there : url;
}

void
uploads_drop(struct xmpp *x)
{
	struct upload *u, *next;

	HASH_ITER(hh, x->uploads, u, next)
	upload_free(u);
	http_multi_free(x->transfers);
	x->transfers = NULL;
}
