/* SPDX-License-Identifier: MIT */
/*
 * media.c - files. Only who has a token can fetch what is kept by Matrix: for
 * the others there is a link to the bridge (bridge/media/), or words. Files
 * of the others are fetched, where the operator lets us, and uploaded as the
 * puppet's before its message is sent; else they stay links.
 */

#include "protocols/matrix/content.h"
#include "protocols/matrix/matrix.h"

#include "bridge/attach.h"
#include "bridge/base.h"
#include "bridge/http/multi.h"
#include "bridge/http/transfer.h"
#include "bridge/log.h"
#include "bridge/media/media.h"
#include "bridge/secret.h"
#include "conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UPLOAD_MS 60000
#define ANSWER_MAX 65536
#define CONNECTIONS 8

/* The file of a delivery, on its way into Matrix. */
struct luggage {
	struct word *w;
	struct media_get *get;
	struct transfer *upload;
	int fd; /* while it is being uploaded; else -1 */
	struct content_file file;
	char *mxc;
	bool ready;
};

/* ---- from Matrix ------------------------------------------------------------
 */

/*
 * Items are "SERVER/ID", or "ID" alone of our own server, because links are
 * long enough; of a picture of a person, which is wanted small, "~" and that.
 */
static bool
request_file(void *arg, const char *item, struct media_request *r)
{
	const struct matrix *m = arg;
	bool small = *item == '~';
	AUTO_STR mxc = { 0 };
	const char *server, *id;
	size_t n;

	str_init(&mxc, PATH_MAX_BYTES);
	str_add(&mxc, "mxc://");
	if (!strchr(item, '/'))
		str_printf(&mxc, "%s/", m->conf->server_name);
	str_add(&mxc, item + small);
	if (!content_mxc(mxc.data, &server, &n, &id))
		return false;
	str_printf(r->url, "%s/_matrix/client/v1/media/%s/%.*s/%s%s",
		   m->conf->homeserver, small ? "thumbnail" : "download",
		   (int)n, server, id,
		   small ? "?width=96&height=96&method=crop" : "");
	str_printf(r->header, "Authorization: Bearer %s",
		   secret_reveal(m->conf->as_token));
	r->ca_file = m->conf->ca_file;
	return true;
}

static bool
item_of(const struct matrix *m, const char *mxc, struct str *item)
{
	const char *server, *id;
	size_t n;

	if (!content_mxc(mxc, &server, &n, &id))
		return false;
	if (strlen(m->conf->server_name) != n ||
	    strncmp(m->conf->server_name, server, n) != 0)
		str_printf(item, "%.*s/", (int)n, server);
	str_add(item, id);
	return true;
}

bool
media_avatar(struct matrix *m, const char *mxc, struct str *out)
{
	if (!bridge_media(&m->net))
		return false;
	str_add(out, "~");
	if (!mxc || !item_of(m, mxc, out))
		str_clear(out);
	return true;
}

void
media_open(struct matrix *m)
{
	struct media *media = bridge_media(&m->net);
	const struct media_source source = {
		.network = m->net.name,
		.request = request_file,
		.arg = m,
	};

	if (!media)
		return;
	media_add_source(media, &source);
	if (!m->uploads)
		m->uploads = http_multi_new(m->loop, CONNECTIONS);
}

void
media_close(struct matrix *m)
{
	struct media *media = bridge_media(&m->net);

	if (media)
		media_remove_source(media, m->net.name, m);
	http_multi_free(m->uploads);
	m->uploads = NULL;
}

static bool
link_to(struct matrix *m, const struct event *ev, const struct attachment *a,
	struct str *url)
{
	struct media *media = bridge_media(&m->net);
	AUTO_STR item = { 0 };

	str_init(&item, PATH_MAX_BYTES);
	return media && item_of(m, a->url, &item) &&
	       media_link(media, m->net.name, item.data, ev->id, a->name, url);
}

static void
picture_heard(struct matrix *m, struct event *ev)
{
	AUTO_STR item = { 0 };

	str_init(&item, 2 * MATRIX_ID_MAX + 8);
	(void)media_avatar(m, ev->text.utf8, &item);
	event_set_text(ev, item.data);
}

void
media_heard(struct matrix *m, struct event *ev)
{
	struct attachment *all;
	size_t n = ev ? ev->n_attachments : 0;

	if (ev && ev->kind == EVENT_PICTURE)
		picture_heard(m, ev);
	if (!n)
		return;
	all = event_alloc(ev, n * sizeof(*all));
	for (size_t i = 0; i < n; i++) {
		AUTO_STR url = { 0 };

		str_init(&url, EVENT_URL_MAX);
		all[i] = ev->attachments[i];
		if (!link_to(m, ev, &all[i], &url)) {
			content_tell_files(ev);
			return;
		}
		all[i].url = event_strdup(ev, url.data);
	}
	ev->attachments = all;
}

void
media_withdrawn(struct matrix *m, const json_t *whole)
{
	struct media *media = bridge_media(&m->net);
	const char *target = content_redacted(whole);

	if (media && target)
		media_withdraw(media, m->net.name, target);
}

/* ---- into Matrix ------------------------------------------------------------
 */

static void
close_file(struct luggage *l)
{
	if (l->fd >= 0)
		(void)close(l->fd); /* it was only read */
	l->fd = -1;
}

/* With a file or without one, it can be said now. */
static void
ready(struct luggage *l)
{
	close_file(l);
	l->ready = true;
	word_packed(l->w);
}

char *
media_uploaded(const struct transfer_end *end)
{
	json_t *json = json_loadb(end->bytes, end->n, 0, NULL);
	const char *mxc = content_string(json, "content_uri");
	const char *server, *id;
	char *found = NULL;
	size_t n;

	if (end->result == TRANSFER_DONE && mxc &&
	    content_mxc(mxc, &server, &n, &id))
		found = xstrdup(mxc);
	json_decref(json);
	return found;
}

static void
on_uploaded(void *arg, const struct transfer_end *end)
{
	struct luggage *l = arg;

	l->upload = NULL;
	l->mxc = media_uploaded(end);
	l->file.mxc = l->mxc;
	if (!l->mxc)
		log_peer(
			l->w->room->m->net.name,
			"a file was not uploaded: %s; its link is said instead",
			end->why ? end->why
				 : "the answer says not where it is");
	ready(l);
}

struct transfer *
media_upload(struct matrix *m, const struct media_upload *u,
	     void (*ended)(void *arg, const struct transfer_end *end),
	     void *arg)
{
	AUTO_STR url = { 0 };
	AUTO_STR token = { 0 };
	AUTO_STR type = { 0 };
	struct transfer *t;

	str_init(&url, PATH_MAX_BYTES);
	str_init(&token, 8192);
	str_init(&type, 256);
	str_printf(&url,
		   "%s/_matrix/media/v3/upload?filename=", m->conf->homeserver);
	matrix_path_add(&url, u->name);
	str_add(&url, "&user_id=");
	matrix_path_add(&url, u->as);
	str_printf(&token, "Authorization: Bearer %s",
		   secret_reveal(m->conf->as_token));
	str_printf(&type, "Content-Type: %s", u->mime);
	const char *const headers[] = { token.data, type.data };
	const struct transfer_options options = {
		.method = "POST",
		.url = url.data,
		.headers = headers,
		.n_headers = ARRAY_SIZE(headers),
		.ca_file = m->conf->ca_file,
		.send_fd = u->fd,
		.send_size = u->size,
		.bytes_max = ANSWER_MAX,
		.time_max_ms = UPLOAD_MS,
		.ended = ended,
		.arg = arg,
	};

	t = transfer_start(m->uploads, m->loop, &options);
	secret_wipe(token.data, token.len);
	return t;
}

static void
upload(struct luggage *l)
{
	const struct media_upload file = {
		.as = word_voice(l->w),
		.name = l->file.name,
		.mime = l->file.mime,
		.fd = l->fd,
		.size = l->file.size,
	};

	l->upload = media_upload(l->w->room->m, &file, on_uploaded, l);
}

static void
on_fetched(void *arg, const struct media_file *file)
{
	struct luggage *l = arg;

	l->get = NULL;
	if (file->result == MEDIA_THERE)
		l->fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	if (l->fd < 0) {
		log_info(l->w->room->m->net.name,
			 "a file was not fetched: %s; its link is said instead",
			 file->why ? file->why : strerror(errno));
		ready(l);
		return;
	}
	l->file.size = file->size;
	l->file.mime = file->mime;
	media_picture(file, &l->file.width, &l->file.height);
	upload(l);
}

void
media_pack(struct word *w)
{
	const struct event *ev = w->d->event;
	struct matrix *m = w->room->m;
	struct media *media = bridge_media(&m->net);
	const char *url = ev->n_attachments ? ev->attachments[0].url : NULL;
	bool picture = ev->kind == EVENT_PICTURE && ev->text.len;

	if (!media || !m->uploads ||
	    (!picture &&
	     (ev->kind != EVENT_MESSAGE || !url || !media_may_get(media, url))))
		return;
	struct luggage *l = xcalloc(1, sizeof(*l));
	l->w = w;
	l->fd = -1;
	l->file.name = picture ? "picture" : ev->attachments[0].name;
	if (!l->file.name)
		l->file.name = "file";
	w->luggage = l;
	l->get = picture ? media_get_item(media, w->d->network, ev->text.utf8,
					  0, on_fetched, l)
			 : media_get(media, url, on_fetched, l);
}

bool
media_is_packed(const struct word *w)
{
	return !w->luggage || w->luggage->ready;
}

const struct content_file *
media_of(const struct word *w)
{
	return w->luggage && w->luggage->mxc ? &w->luggage->file : NULL;
}

void
media_unpack(struct word *w)
{
	struct luggage *l = w->luggage;

	if (!l)
		return;
	w->luggage = NULL;
	media_cancel(l->get);
	transfer_cancel(l->upload);
	close_file(l);
	free(l->mxc);
	free(l);
}
