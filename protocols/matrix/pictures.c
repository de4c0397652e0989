/* SPDX-License-Identifier: MIT */
/*
 * pictures.c - pictures of people of other networks, on their ghosts.
 *
 * Setting one rewrites the ghost's membership in every room that it is in. So
 * one is set at a time, not faster than PACE_MS, and of one ghost not more
 * often than the operator lets us; one that was taken away goes at once. What a
 * ghost shows is remembered, so that a restart sets nothing anew, and a picture
 * that is at the homeserver already, of whichever ghost, is not uploaded again.
 */

#include "protocols/matrix/content.h"
#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/http/transfer.h"
#include "bridge/log.h"
#include "bridge/media/media.h"
#include "conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#define SCOPE "face"
#define FACES_MAX 20000
#define FACE_BYTES_MAX (1024 * 1024)
#define PACE_MS 200
#define AGAIN_MS (10 * 60 * 1000) /* after one could not be had, or set */

/* One that the homeserver has, and at least one ghost shows. What it is called:
 * where it is from, LF, and there. */
struct picture {
	char *key, *mxc;
	unsigned uses;
	UT_hash_handle hh; /* by key */
};

struct face {
	struct matrix *m;
	char *id;              /* of the ghost */
	struct picture *shown; /* one use; NULL: none */
	char *want;            /* name of a picture; "": none; NULL: not told */
	int64_t changed_ms;    /* UTC, when it was set last; or 0 */
	int64_t failed_ms;     /* when it could not be; or 0 */
	bool queued;
	struct face *prev, *next; /* while queued */
	UT_hash_handle hh;
};

/* The one that is being set. */
struct sitting {
	struct face *face;
	char *key, *mxc;
	struct media_get *get;
	struct transfer *upload;
	int fd;
};

static void work(void *arg);

/* ---- what is remembered -------------------------------------------------- */

static struct picture *
picture_find(struct matrix *m, const char *key)
{
	struct picture *p;

	HASH_FIND(hh, m->pictures, key, strlen(key), p);
	return p;
}

/* One use of it. mxc: where it is, if that is not known yet. */
static struct picture *
picture_use(struct matrix *m, const char *key, const char *mxc)
{
	struct picture *p = picture_find(m, key);

	if (!p) {
		p = xcalloc(1, sizeof(*p));
		p->key = xstrdup(key);
		p->mxc = xstrdup(mxc);
		HASH_ADD_KEYPTR(hh, m->pictures, p->key, strlen(p->key), p);
	}
	p->uses++;
	return p;
}

/* Accepts NULL. */
static void
picture_unuse(struct matrix *m, struct picture *p)
{
	if (!p || --p->uses)
		return;
	HASH_DELETE(hh, m->pictures, p);
	free(p->key);
	free(p->mxc);
	free(p);
}

static struct face *
face_find(struct matrix *m, const char *id)
{
	struct face *f;

	HASH_FIND(hh, m->faces, id, strlen(id), f);
	return f;
}

static struct face *
face_get(struct matrix *m, const char *id)
{
	struct face *f = face_find(m, id);

	if (f)
		return f;
	f = xcalloc(1, sizeof(*f));
	f->m = m;
	f->id = xstrdup(id);
	HASH_ADD_KEYPTR(hh, m->faces, f->id, strlen(f->id), f);
	return f;
}

/* "MS MXC LF ORIGIN LF ITEM" */
static void
recall(void *arg, const char *id, const char *value)
{
	char *end;
	int64_t ms = strtoll(value, &end, 10);
	const char *key = strchr(value, '\n');
	struct face *f;
	char *mxc;

	if (*end != ' ' || !key || end > key)
		return; /* not ours to read */
	f = face_get(arg, id);
	if (f->shown)
		return;
	f->changed_ms = ms;
	mxc = strndup(end + 1, (size_t)(key - end - 1));
	f->shown = picture_use(arg, key + 1, mxc);
	free(mxc);
}

static void
remember(const struct face *f)
{
	AUTO_STR value = { 0 };
	struct memo memo = { .scope = SCOPE, .key = f->id };

	str_init(&value, MEMO_VALUE_MAX);
	if (f->shown) {
		str_printf(&value, "%" PRId64 " %s\n%s", f->changed_ms,
			   f->shown->mxc, f->shown->key);
		memo.value = value.data;
	}
	bridge_remember(&f->m->net, &memo, 0);
}

/* ---- the queue ----------------------------------------------------------- */

static void
unqueue(struct face *f)
{
	if (f->queued)
		DL_DELETE(f->m->face_queue, f);
	f->queued = false;
}

static bool
is_shown(const struct face *f)
{
	return strcmp(f->want, f->shown ? f->shown->key : "") == 0;
}

/* From when on it may be set. */
static int64_t
due_ms(const struct face *f)
{
	const struct matrix *m = f->m;
	int64_t now = loop_now_ms(m->loop);
	int64_t due = now;

	if (f->changed_ms && *f->want) {
		int64_t since = loop_wall_ms(m->loop) - f->changed_ms;
		int64_t pause = (int64_t)m->conf->avatar_pause_s * 1000;

		if (since >= 0 && since < pause)
			due = now + pause - since;
	}
	if (f->failed_ms && f->failed_ms + AGAIN_MS > due)
		due = f->failed_ms + AGAIN_MS;
	return due;
}

static void
look_again(struct matrix *m, int64_t wait_ms)
{
	timer_start(&m->face_timer, m->loop, wait_ms, work, m);
}

/* ---- one sitting --------------------------------------------------------- */

static void
sitting_free(struct sitting *s)
{
	struct matrix *m = s->face->m;

	hs_cancel(m->hs, s);
	media_cancel(s->get);
	transfer_cancel(s->upload);
	if (s->fd >= 0)
		(void)close(s->fd); /* it was only read */
	free(s->key);
	free(s->mxc);
	free(s);
	m->sitting = NULL;
}

/* why: it could not be set; NULL: it is set, or never can be. */
static void
sitting_ends(struct sitting *s, const char *why)
{
	struct face *f = s->face;
	struct matrix *m = f->m;

	f->failed_ms = 0;
	if (why && strcmp(s->key, f->want) == 0) {
		f->failed_ms = loop_now_ms(m->loop);
		log_info(m->net.name, "the picture of %s is not shown yet: %s",
			 f->id, why);
		if (!f->queued)
			DL_APPEND(m->face_queue, f);
		f->queued = true;
	}
	sitting_free(s);
	look_again(m, PACE_MS);
}

static void
on_set(void *arg, const struct hs_answer *answer)
{
	struct sitting *s = arg;
	struct face *f = s->face;

	if (!answer->status) {
		matrix_lost(f->m, answer);
		return;
	}
	if (!hs_good(answer)) {
		sitting_ends(s, answer->why);
		return;
	}
	picture_unuse(f->m, f->shown);
	f->shown = *s->key ? picture_use(f->m, s->key, s->mxc) : NULL;
	f->changed_ms = loop_wall_ms(f->m->loop);
	remember(f);
	sitting_ends(s, NULL);
}

static void
set(struct sitting *s)
{
	struct matrix *m = s->face->m;
	AUTO_STR path = { 0 };

	str_init(&path, PATH_MAX_BYTES);
	str_add(&path, "/v3/profile/");
	matrix_path_add(&path, s->face->id);
	str_add(&path, "/avatar_url");
	matrix_path_as(&path, s->face->id, NULL);
	hs_call(m->hs, &(struct hs_call){ "PUT", path.data,
					  json_pack("{s:s}", "avatar_url",
						    s->mxc ? s->mxc : ""),
					  on_set, s });
}

static void
on_uploaded(void *arg, const struct transfer_end *end)
{
	struct sitting *s = arg;

	s->upload = NULL;
	s->mxc = media_uploaded(end);
	if (s->mxc)
		set(s);
	else
		sitting_ends(s, end->why ? end->why : "it was not taken");
}

static bool
is_fit(const struct media_file *file)
{
	static const char *const types[] = { "image/png", "image/jpeg",
					     "image/gif", "image/webp" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(file->mime, types[i]) == 0)
			return file->size <= FACE_BYTES_MAX;
	return false;
}

static void
on_picture(void *arg, const struct media_file *file)
{
	struct sitting *s = arg;
	struct matrix *m = s->face->m;

	s->get = NULL;
	if (file->result != MEDIA_THERE || !is_fit(file)) {
		sitting_ends(s,
			     file->result == MEDIA_FAILED ? file->why : NULL);
		return;
	}
	s->fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	if (s->fd < 0) {
		sitting_ends(s, strerror(errno));
		return;
	}
	const struct media_upload upload = {
		.as = s->face->id,
		.name = "avatar",
		.mime = file->mime,
		.fd = s->fd,
		.size = file->size,
	};
	s->upload = media_upload(m, &upload, on_uploaded, s);
}

static void
begin(struct face *f)
{
	struct matrix *m = f->m;
	struct sitting *s = xcalloc(1, sizeof(*s));
	const struct picture *there = picture_find(m, f->want);
	char *item;

	unqueue(f);
	m->sitting = s;
	s->face = f;
	s->fd = -1;
	s->key = xstrdup(f->want);
	if (there || !*s->key) {
		s->mxc = there ? xstrdup(there->mxc) : NULL;
		set(s);
		return;
	}
	item = strchr(s->key, '\n');
	*item = '\0';
	s->get = media_get_item(bridge_media(&m->net), s->key, item + 1, 0,
				on_picture, s);
	*item = '\n';
}

static void
work(void *arg)
{
	struct matrix *m = arg;
	int64_t now = loop_now_ms(m->loop);
	int64_t next = INT64_MAX;
	struct face *f, *after;

	if (m->sitting)
		return;
	DL_FOREACH_SAFE(m->face_queue, f, after)
	{
		int64_t due = due_ms(f);

		if (!ghost_is_ready(m, f->id))
			continue;  /* pictures_work() comes when it is */
		if (is_shown(f)) { /* it went back and forth */
			unqueue(f);
			continue;
		}
		if (due <= now) {
			begin(f);
			return;
		}
		if (due < next)
			next = due;
	}
	if (next < INT64_MAX)
		look_again(m, next - now);
}

/* ---- who is to show what ------------------------------------------------- */

void
pictures_work(struct matrix *m)
{
	if (m->face_queue && !m->sitting)
		look_again(m, 0);
}

void
picture_want(struct matrix *m, const char *id, const struct puppet *p)
{
	const char *item = p->sender->avatar;
	struct face *f = face_find(m, id);
	AUTO_STR key = { 0 };

	if (!item || !bridge_media(&m->net) || !m->uploads ||
	    (!f && (!*item || HASH_COUNT(m->faces) >= FACES_MAX)))
		return;
	str_init(&key, EVENT_URL_MAX + 128);
	if (*item)
		str_printf(&key, "%s\n%s", p->origin, item);
	f = f ? f : face_get(m, id);
	if (f->want && strcmp(f->want, key.data) == 0)
		return;
	free(f->want);
	f->want = str_take(&key);
	f->failed_ms = 0;
	unqueue(f);
	if (is_shown(f) && !(m->sitting && m->sitting->face == f))
		return;
	DL_APPEND(m->face_queue, f);
	f->queued = true;
	pictures_work(m);
}

void
pictures_open(struct matrix *m)
{
	if (bridge_media(&m->net))
		(void)bridge_memos(&m->net, SCOPE, FACES_MAX, recall, m);
}

void
pictures_drop(struct matrix *m)
{
	struct face *f, *next;

	timer_stop(&m->face_timer);
	if (m->sitting)
		sitting_free(m->sitting);
	m->face_queue = NULL;
	HASH_ITER(hh, m->faces, f, next)
	{
		HASH_DELETE(hh, m->faces, f);
		free(f->id);
		picture_unuse(m, f->shown);
		free(f->want);
		free(f);
	}
}
