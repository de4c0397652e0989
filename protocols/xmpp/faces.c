/* SPDX-License-Identifier: MIT */
/*
 * faces.c - pictures of people of this network. See faces.h.
 *
 * Nothing is asked before somebody wants to see it. Whoever shows the picture
 * is asked then, and what comes is it only if it has the hash.
 */

#include "protocols/xmpp/faces.h"

#include "bridge/base.h"
#include "bridge/base64.h"
#include "bridge/media/media.h"
#include "protocols/xmpp/avatars.h"
#include "protocols/xmpp/muc.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define NS_UPDATE "vcard-temp:x:update"
#define FACES_MAX 20000
#define BASE64_MAX (256 * 1024) /* what a stanza may hold */

/* Somebody's, by bare address. */
struct face {
	char *bare, *hash;
	UT_hash_handle hh; /* the one that was heard of longest ago first */
};

/* A vcard that was asked for. */
struct look {
	struct xmpp *x;
	char hash[FACE_LEN + 1];
	struct look *prev, *next;
};

/* ---- which picture ------------------------------------------------------- */

/* False if it is none. */
static bool
read_hash(char *out, const char *text)
{
	size_t n = strspn(text, "0123456789abcdefABCDEF");

	if (n != FACE_LEN || text[n])
		return false;
	for (size_t i = 0; i <= n; i++)
		out[i] = (char)tolower((unsigned char)text[i]);
	return true;
}

bool
face_read(struct xmpp *x, xmpp_stanza_t *presence, char **face)
{
	xmpp_stanza_t *update = stanza_child(presence, "x", NS_UPDATE);
	xmpp_stanza_t *photo =
		update ? stanza_own_child(update, "photo") : NULL;
	char hash[FACE_LEN + 1] = "";
	AUTO_STR text = { 0 };

	if (!photo || !bridge_media(&x->net))
		return false; /* it is not ready to say so */
	str_init(&text, FACE_LEN + 1);
	stanza_read_text(&text, photo);
	if (str_overflowed(&text) ||
	    (text.len && !read_hash(hash, text.data)) ||
	    (*face && strcmp(*face, hash) == 0))
		return false;
	free(*face);
	*face = xstrdup(hash);
	return true;
}

/* ---- people -------------------------------------------------------------- */

static void
forget(struct xmpp *x, struct face *f)
{
	HASH_DELETE(hh, x->faces, f);
	free(f->bare);
	free(f->hash);
	free(f);
}

bool
face_remember(struct xmpp *x, const char *bare, xmpp_stanza_t *presence)
{
	char *hash = NULL;
	struct face *f;

	HASH_FIND(hh, x->faces, bare, strlen(bare), f);
	if (f)
		return face_read(x, presence, &f->hash);
	if (!face_read(x, presence, &hash))
		return false;
	if (HASH_COUNT(x->faces) >= FACES_MAX)
		forget(x, x->faces);
	f = xcalloc(1, sizeof(*f));
	f->bare = xstrdup(bare);
	f->hash = hash;
	HASH_ADD_KEYPTR(hh, x->faces, f->bare, strlen(f->bare), f);
	return true;
}

const char *
face_of(const struct xmpp *x, const char *bare)
{
	struct face *f;

	HASH_FIND(hh, x->faces, bare, strlen(bare), f);
	return f ? f->hash : NULL;
}

/* ---- the picture --------------------------------------------------------- */

static void
look_free(struct look *l)
{
	DL_DELETE(l->x->looks, l);
	free(l);
}

/* Base64 as people write it, with white space; the caller's. */
static unsigned char *
decode(const struct str *text, size_t *n)
{
	AUTO_STR clean = { 0 };
	AUTO_STR bytes = { 0 };

	str_init(&clean, text->len + 1);
	str_init(&bytes, text->len + 1);
	for (size_t i = 0; i < text->len; i++)
		if (!isspace((unsigned char)text->data[i]))
			str_add_n(&clean, text->data + i, 1);
	if (!clean.len || !base64_read(&bytes, clean.data, clean.len) ||
	    !bytes.len)
		return NULL;
	*n = bytes.len;
	return (unsigned char *)str_take(&bytes);
}

/* The picture with that hash, or NULL; the caller's. */
static unsigned char *
photo_of(xmpp_stanza_t *answer, const char *hash, size_t *n)
{
	xmpp_stanza_t *card = stanza_child(answer, "vCard", NS_VCARD);
	xmpp_stanza_t *photo = card ? stanza_own_child(card, "PHOTO") : NULL;
	char found[FACE_LEN + 1];
	AUTO_STR text = { 0 };
	unsigned char *bytes;

	str_init(&text, BASE64_MAX);
	if (photo)
		stanza_read_text(&text, stanza_own_child(photo, "BINVAL"));
	bytes = str_overflowed(&text) ? NULL : decode(&text, n);
	if (!bytes)
		return NULL;
	avatar_hash(found, bytes, *n);
	if (strcmp(found, hash) == 0)
		return bytes;
	free(bytes);
	return NULL;
}

static void
on_card(void *arg, xmpp_stanza_t *answer)
{
	struct look *l = arg;
	struct media *media = bridge_media(&l->x->net);
	unsigned char *bytes = NULL;
	size_t n = 0;

	if (answer && !stanza_has_type(answer, "error"))
		bytes = photo_of(answer, l->hash, &n);
	media_supply(media, l->x->net.name, l->hash,
		     bytes     ? MEDIA_THERE
		     : !answer ? MEDIA_FAILED
			       : MEDIA_NONE,
		     bytes, n);
	free(bytes);
	look_free(l);
}

/* Append the address of somebody who shows that picture now. */
static void
find_owner(const struct xmpp *x, const char *hash, struct str *out)
{
	for (struct room *room = x->rooms; room; room = room->hh.next) {
		if (room->face && strcmp(room->face, hash) == 0) {
			str_add(out, room->jid);
			return;
		}
		for (struct member *m = room->members; m; m = m->hh.next) {
			if (!m->face || strcmp(m->face, hash) != 0)
				continue;
			str_printf(out, "%s/%s", room->jid, m->nick);
			return;
		}
	}
	for (struct face *f = x->faces; f; f = f->hh.next) {
		if (strcmp(f->hash, hash) == 0) {
			str_add(out, f->bare);
			return;
		}
	}
}

static bool
ask(void *arg, const char *item)
{
	struct xmpp *x = arg;
	char hash[FACE_LEN + 1];
	AUTO_STR owner = { 0 };

	str_init(&owner, FULL_JID_MAX);
	if (!read_hash(hash, item))
		return false;
	find_owner(x, hash, &owner);
	if (!owner.len)
		return false;
	struct look *l = xcalloc(1, sizeof(*l));
	l->x = x;
	memcpy(l->hash, hash, sizeof(hash));
	DL_APPEND(x->looks, l);
	xmpp_stanza_t *iq =
		stanza_new(x->ctx, "iq", x->listener, owner.data, "get");
	(void)stanza_add(iq, "vCard", NS_VCARD);
	query_send(x, iq, ANSWER_MS, on_card, l);
	return true;
}

/* ---- the whole ----------------------------------------------------------- */

void
faces_open(struct xmpp *x)
{
	struct media *media = bridge_media(&x->net);
	const struct media_source source = {
		.network = x->net.name,
		.ask = ask,
		.arg = x,
	};

	if (media)
		media_add_source(media, &source);
}

void
faces_close(struct xmpp *x)
{
	struct media *media = bridge_media(&x->net);

	if (media)
		media_remove_source(media, x->net.name, x);
	while (x->looks) {
		query_drop(x, x->looks);
		look_free(x->looks);
	}
	while (x->faces)
		forget(x, x->faces);
}
