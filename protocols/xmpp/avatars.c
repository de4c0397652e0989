/* SPDX-License-Identifier: MIT */
/*
 * avatars.c - pictures of puppets. See avatars.h.
 *
 * A presence is told to everybody in the room, so pictures are looked at one
 * after the other, and not faster than ROOM_MS: a thousand people who come at
 * once make a trickle, not a flood. Of a picture only the hash is remembered;
 * whoever asks for it gets it from the media room's cache.
 */

#include "protocols/xmpp/avatars.h"

#include "protocols/xmpp/muc.h"

#include "bridge/base.h"
#include "bridge/base64.h"
#include "bridge/log.h"
#include "bridge/media/media.h"

#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#define NS_UPDATE "vcard-temp:x:update"
#define AVATAR_BYTES_MAX (64 * 1024)
#define AVATARS_MAX 20000
#define ROOM_MS 100
#define AGAIN_MS (10 * 60 * 1000) /* after one could not be had */

/* One picture, by where it is from and what it is called there. */
struct avatar {
	struct xmpp *x;
	char *key, *origin, *item;
	char hash[AVATAR_HASH_LEN + 1]; /* "": none, or not known */
	bool known;
	int64_t failed_ms; /* when it could not be had; or 0 */
	struct media_get *get;
	struct avatar *prev, *next; /* while it waits */
	bool waits;
	UT_hash_handle hh;
};

/* A vcard that waits for its picture. */
struct portrait {
	struct xmpp *x;
	xmpp_stanza_t *result;
	struct media_get *get;
	struct portrait *prev, *next;
};

static void look_at_next(void *arg);

/* ---- bytes
 * ------------------------------------------------------------------- */

/* A picture that clients can show; NULL: too large, or none. The caller's. */
static unsigned char *
read_picture(const struct media_file *file, size_t *n)
{
	unsigned char *bytes;
	ssize_t got;

	if (file->result != MEDIA_THERE || file->size > AVATAR_BYTES_MAX ||
	    (strcmp(file->mime, "image/png") != 0 &&
	     strcmp(file->mime, "image/jpeg") != 0))
		return NULL;
	bytes = xcalloc(1, AVATAR_BYTES_MAX);
	got = pread(file->fd, bytes, AVATAR_BYTES_MAX, 0);
	if (got == file->size) {
		*n = (size_t)got;
		return bytes;
	}
	free(bytes);
	return NULL;
}

void
avatar_hash(char out[AVATAR_HASH_LEN + 1], const unsigned char *bytes, size_t n)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	AUTO_STR hex = { 0 };

	if (!EVP_Digest(bytes, n, digest, NULL, EVP_sha1(), NULL))
		abort();
	str_init(&hex, AVATAR_HASH_LEN);
	str_add_hex(&hex, digest, AVATAR_HASH_LEN / 2);
	memcpy(out, hex.data, AVATAR_HASH_LEN + 1);
}

/* ---- which picture
 * ------------------------------------------------------------ */

static bool
is_of(const struct avatar *a, const struct puppet *p)
{
	return p->sender->avatar && strcmp(p->origin, a->origin) == 0 &&
	       strcmp(p->sender->avatar, a->item) == 0;
}

static void
tell(struct avatar *a)
{
	struct room *room, *next_room;
	struct seat *s, *next;

	HASH_ITER(hh, a->x->rooms, room, next_room)
	HASH_ITER(hh, room->seats, s, next)
	if (s->o && is_of(a, s->o->puppet))
		seat_show(s);
}

static void
on_looked(void *arg, const struct media_file *file)
{
	struct avatar *a = arg;
	struct xmpp *x = a->x;
	size_t n;
	unsigned char *bytes = read_picture(file, &n);

	a->get = NULL;
	a->known = file->result != MEDIA_FAILED;
	a->failed_ms = a->known ? 0 : loop_now_ms(x->loop);
	if (bytes)
		avatar_hash(a->hash, bytes, n);
	free(bytes);
	x->looking = NULL;
	timer_start(&x->avatar_timer, x->loop, ROOM_MS, look_at_next, x);
	if (a->known)
		tell(a);
}

static void
look_at_next(void *arg)
{
	struct xmpp *x = arg;
	struct avatar *a = x->avatar_queue;

	if (!a || x->looking)
		return;
	DL_DELETE(x->avatar_queue, a);
	a->waits = false;
	x->looking = a;
	a->get = media_get_item(bridge_media(&x->net), a->origin, a->item, 0,
				on_looked, a);
}

static struct avatar *
avatar_new(struct xmpp *x, const struct puppet *p, const char *key)
{
	struct avatar *a = xcalloc(1, sizeof(*a));

	a->x = x;
	a->key = xstrdup(key);
	a->origin = xstrdup(p->origin);
	a->item = xstrdup(p->sender->avatar);
	HASH_ADD_KEYPTR(hh, x->avatars, a->key, strlen(a->key), a);
	return a;
}

static void
want(struct avatar *a)
{
	struct xmpp *x = a->x;

	if (a->waits || a->get || a->known ||
	    (a->failed_ms && loop_now_ms(x->loop) - a->failed_ms < AGAIN_MS))
		return;
	a->waits = true;
	DL_APPEND(x->avatar_queue, a);
	if (!x->looking && !timer_is_running(&x->avatar_timer))
		timer_start(&x->avatar_timer, x->loop, 0, look_at_next, x);
}

/* NULL: it has none, or there is no way to get one. */
static struct avatar *
avatar_of(struct xmpp *x, const struct puppet *p)
{
	struct avatar *a;
	AUTO_STR key = { 0 };

	if (!p->sender->avatar || !*p->sender->avatar || !bridge_media(&x->net))
		return NULL;
	str_init(&key, EVENT_URL_MAX + 128);
	str_printf(&key, "%s\n%s", p->origin, p->sender->avatar);
	HASH_FIND(hh, x->avatars, key.data, key.len, a);
	if (!a && HASH_COUNT(x->avatars) < AVATARS_MAX)
		a = avatar_new(x, p, key.data);
	if (a)
		want(a);
	return a;
}

bool
avatar_is_ready(struct xmpp *x, const struct puppet *p)
{
	const struct avatar *a = avatar_of(x, p);

	return !a || a->known;
}

void
avatar_show(struct xmpp *x, const struct puppet *p, xmpp_stanza_t *st)
{
	const struct avatar *a = avatar_of(x, p);
	xmpp_stanza_t *update;

	/* Without the element: not ready; with an empty one: none. */
	if (!p->sender->avatar || (!a && *p->sender->avatar) ||
	    (a && !a->known))
		return;
	update = stanza_add(st, "x", NS_UPDATE);
	if (a && *a->hash)
		stanza_add_text(update, "photo", NULL, a->hash);
	else
		(void)stanza_add(update, "photo", NULL);
}

/* ---- the picture --------------------------------------------------------- */

static void
add_photo(xmpp_stanza_t *result, const char *mime, const unsigned char *bytes,
	  size_t n)
{
	xmpp_stanza_t *card = stanza_child(result, "vCard", "vcard-temp");
	xmpp_stanza_t *photo = stanza_add(card, "PHOTO", NULL);
	AUTO_STR text = { 0 };

	str_init(&text, (n + 2) / 3 * 4);
	base64_write(&text, bytes, n);
	stanza_add_text(photo, "TYPE", NULL, mime);
	stanza_add_text(photo, "BINVAL", NULL, text.data);
}

bool
avatar_add_photo(xmpp_stanza_t *iq, const struct media_file *file, char *hash)
{
	size_t n;
	unsigned char *bytes = read_picture(file, &n);

	if (!bytes)
		return false;
	add_photo(iq, file->mime, bytes, n);
	avatar_hash(hash, bytes, n);
	free(bytes);
	return true;
}

static void
on_portrait(void *arg, const struct media_file *file)
{
	struct portrait *w = arg;
	size_t n;
	unsigned char *bytes = read_picture(file, &n);

	if (bytes)
		add_photo(w->result, file->mime, bytes, n);
	free(bytes);
	xmpp_post(w->x, w->result);
	DL_DELETE(w->x->portraits, w);
	free(w);
}

bool
avatar_answer(struct xmpp *x, const struct puppet *p, xmpp_stanza_t *result)
{
	const struct avatar *a = p ? avatar_of(x, p) : NULL;
	struct portrait *w;

	if (!a || !*a->hash)
		return false;
	w = xcalloc(1, sizeof(*w));
	w->x = x;
	w->result = result;
	DL_APPEND(x->portraits, w);
	w->get = media_get_item(bridge_media(&x->net), a->origin, a->item, 0,
				on_portrait, w);
	return true;
}

void
avatars_drop(struct xmpp *x)
{
	struct avatar *a, *next;
	struct portrait *w, *next_w;

	timer_stop(&x->avatar_timer);
	x->avatar_queue = NULL;
	x->looking = NULL;
	DL_FOREACH_SAFE(x->portraits, w, next_w)
	{
		media_cancel(w->get);
		DL_DELETE(x->portraits, w);
		(void)xmpp_stanza_release(w->result);
		free(w);
	}
	HASH_ITER(hh, x->avatars, a, next)
	{
		HASH_DELETE(hh, x->avatars, a);
		media_cancel(a->get);
		free(a->key);
		free(a->origin);
		free(a->item);
		free(a);
	}
}
