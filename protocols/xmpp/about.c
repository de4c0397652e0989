/* SPDX-License-Identifier: MIT */
/*
 * about.c - what a room says of itself; see about.h.
 *
 * Loops are impossible: what was set is known before the room says that it has
 * changed, and what is so already is not set.
 */

#include "protocols/xmpp/about.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/media/media.h"
#include "protocols/xmpp/avatars.h"
#include "protocols/xmpp/faces.h"
#include "protocols/xmpp/form.h"
#include "protocols/xmpp/muc.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define NAME_BYTES 1024
#define ROOM_CONFIG "http://jabber.org/protocol/muc#roomconfig"

/* Something that is being set. */
struct wish {
	struct room *room;
	struct delivery *d;
	struct media_get *get;
	char *value; /* the name, or the hash of the picture; "": none */
	struct wish *prev, *next;
};

/* ---- what it says ----------------------------------------------------------
 */

static void
tell(struct room *room, enum event_kind kind, const char *text, unsigned flags)
{
	struct event *ev = event_make(kind);

	ev->flags = flags;
	ev->channel = room->ch->id;
	ev->when_ms = loop_wall_ms(room->x->loop);
	/* Who did it is not said. */
	event_set_sender(ev, room->jid, room->jid);
	event_set_text(ev, text);
	bridge_event(&room->x->net, ev);
}

static const struct {
	const char *feature;
	unsigned mode; /* enum channel_mode */
} features[] = {
	{ "muc_passwordprotected", CHANNEL_HAS_PASSWORD },
	{ "muc_passwordprotect", CHANNEL_HAS_PASSWORD }, /* of old services */
	{ "muc_membersonly", CHANNEL_INVITED_ONLY },
	{ "muc_moderated", CHANNEL_MODERATED },
	{ "muc_hidden", CHANNEL_SECRET },
};

static unsigned
modes_of(xmpp_stanza_t *query)
{
	unsigned modes = CHANNEL_MODES_KNOWN;
	xmpp_stanza_t *c = query ? xmpp_stanza_get_children(query) : NULL;

	for (; c; c = xmpp_stanza_get_next(c)) {
		const char *var =
			stanza_is(c, "feature") ? stanza_get(c, "var") : "";
		for (size_t i = 0; i < ARRAY_SIZE(features); i++)
			if (strcmp(var, features[i].feature) == 0)
				modes |= features[i].mode;
	}
	return modes;
}

/* The name in its identity, "" for none; NULL: it does not say. */
static const char *
name_of(xmpp_stanza_t *query)
{
	xmpp_stanza_t *c = query ? xmpp_stanza_get_children(query) : NULL;

	for (; c; c = xmpp_stanza_get_next(c))
		if (stanza_is(c, "identity") &&
		    strcmp(stanza_get(c, "category"), "conference") == 0)
			return stanza_get(c, "name");
	return NULL;
}

void
about_read(struct room *room, xmpp_stanza_t *answer)
{
	xmpp_stanza_t *query = stanza_child(answer, "query", NS_DISCO_INFO);
	const char *name = name_of(query);

	bridge_moded(room->ch, modes_of(query));
	if (!name || strlen(name) > NAME_BYTES ||
	    (room->title && strcmp(room->title, name) == 0))
		return;
	free(room->title);
	room->title = xstrdup(name);
	if (room->state == ROOM_JOINED)
		tell(room, EVENT_NAME, name, 0);
}

void
about_announce(struct room *room)
{
	if (room->title)
		tell(room, EVENT_NAME, room->title, EVENT_BACKLOG);
	if (room->face)
		tell(room, EVENT_PICTURE, room->face, EVENT_BACKLOG);
}

static void
on_asked(void *arg, xmpp_stanza_t *answer)
{
	struct room *room = arg;

	if (answer && !stanza_has_type(answer, "error"))
		about_read(room, answer);
}

void
about_message(struct room *room, xmpp_stanza_t *st)
{
	xmpp_stanza_t *x = stanza_child(st, "x", NS_MUC_USER);
	xmpp_stanza_t *c = x ? xmpp_stanza_get_children(x) : NULL;

	while (c && !(stanza_is(c, "status") &&
		      strcmp(stanza_get(c, "code"), "104") == 0))
		c = xmpp_stanza_get_next(c);
	if (!c)
		return;
	xmpp_stanza_t *iq = stanza_new(room->x->ctx, "iq", room->x->listener,
				       room->jid, "get");
	(void)stanza_add(iq, "query", NS_DISCO_INFO);
	query_send(room->x, iq, ANSWER_MS, on_asked, room);
}

void
about_presence(struct room *room, xmpp_stanza_t *st)
{
	if (!*stanza_get(st, "type") && face_read(room->x, st, &room->face) &&
	    room->state == ROOM_JOINED)
		tell(room, EVENT_PICTURE, room->face, 0);
}

/* ---- setting it ------------------------------------------------------------
 */

static void
wish_free(struct wish *w)
{
	query_drop(w->room->x, w);
	media_cancel(w->get);
	DL_DELETE(w->room->wishes, w);
	w->d->data = NULL;
	free(w->value);
	free(w);
}

void
about_drop(struct room *room)
{
	while (room->wishes)
		wish_free(room->wishes);
	free(room->title);
	free(room->face);
}

static void
granted(struct wish *w)
{
	struct delivery *d = w->d;
	char *is = w->value;
	bool picture = d->event->kind == EVENT_PICTURE;

	w->value = NULL;
	wish_free(w);
	bridge_sent(d, (const char *const *)&is, picture);
	free(is);
}

/* Logged once for each room, until one is granted. */
static void
denied(struct wish *w, const char *why)
{
	struct room *room = w->room;
	struct delivery *d = w->d;

	if (!room->denied)
		log_info(room->x->net.name,
			 "the %s of %s stays as it is: %s; is %s an owner of "
			 "the room?",
			 event_kind_name(d->event->kind), room->jid, why,
			 room->x->listener);
	room->denied = true;
	wish_free(w);
	bridge_refused(d, why);
}

static void
on_set(void *arg, xmpp_stanza_t *answer)
{
	struct wish *w = arg;
	struct room *room = w->room;
	char **is =
		w->d->event->kind == EVENT_NAME ? &room->title : &room->face;
	AUTO_STR why = { 0 };

	str_init(&why, 512);
	if (answer && !stanza_has_type(answer, "error")) {
		room->denied = false;
		granted(w);
		return;
	}
	free(*is); /* we said that it was ours */
	*is = NULL;
	if (answer)
		stanza_error_words(&why, answer);
	else
		str_add(&why, "the room does not answer");
	denied(w, why.data);
}

static xmpp_stanza_t *
order(const struct room *room)
{
	return stanza_new(room->x->ctx, "iq", room->x->listener, room->jid,
			  "set");
}

/* It is so from now on, whatever the room says first. */
static void
carry_out(struct wish *w, xmpp_stanza_t *iq, char **is)
{
	free(*is);
	*is = xstrdup(w->value);
	query_send(w->room->x, iq, ANSWER_MS, on_set, w);
}

static void
set_name(struct wish *w)
{
	xmpp_stanza_t *iq = order(w->room);
	xmpp_stanza_t *form = form_add(stanza_add(iq, "query", NS_MUC_OWNER),
				       "submit", NULL, NULL);

	form_add_type(form, ROOM_CONFIG);
	form_add_value(form, "muc#roomconfig_roomname", w->value);
	carry_out(w, iq, &w->room->title);
}

static void
set_picture(struct wish *w, const struct media_file *file)
{
	xmpp_stanza_t *iq = order(w->room);
	char hash[AVATAR_HASH_LEN + 1] = "";

	(void)stanza_add(iq, "vCard", NS_VCARD);
	if (file && !avatar_add_photo(iq, file, hash)) {
		(void)xmpp_stanza_release(iq);
		denied(w, "the picture is no PNG or JPEG of 64 KiB at most");
		return;
	}
	free(w->value);
	w->value = xstrdup(hash);
	carry_out(w, iq, &w->room->face);
}

static void
on_picture(void *arg, const struct media_file *file)
{
	struct wish *w = arg;

	w->get = NULL;
	if (file->result == MEDIA_THERE)
		set_picture(w, file);
	else
		denied(w, file->why);
}

void
about_send(struct room *room, struct delivery *d)
{
	struct media *media = bridge_media(&room->x->net);
	const struct event *ev = d->event;
	struct wish *w;

	if ((ev->kind == EVENT_NAME && room->title &&
	     strcmp(room->title, ev->text.utf8) == 0) ||
	    (ev->kind == EVENT_PICTURE && !media)) {
		bridge_sent(d, NULL, 0);
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->room = room;
	w->d = d;
	w->value = xstrdup(ev->text.utf8);
	DL_APPEND(room->wishes, w);
	if (ev->kind == EVENT_NAME)
		set_name(w);
	else if (!ev->text.len)
		set_picture(w, NULL);
	else
		w->get = media_get_item(media, d->network, ev->text.utf8, 0,
					on_picture, w);
}
