/* SPDX-License-Identifier: MIT */
/*
 * members.c - who is in a room and is not us.
 *
 * A nick is not an identity: it changes hands. A member's sender id is the
 * room's occupant-id if the room has them, else made from the real address if
 * that is visible (hashed, because ids travel further than the room), else
 * from the nick under which the member was first seen (SEMANTICS 1.2). It
 * stays when the nick changes.
 */

#include "protocols/xmpp/muc.h"

#include "protocols/xmpp/faces.h"

#include "bridge/base.h"

#include <openssl/sha.h>

#include <stdlib.h>
#include <string.h>

#define STATUS_MAX 1024
#define NOTICE_MAX 2000
#define SENDER_ID_MAX 960
#define OCCUPANT_ID_MAX 128 /* XEP-0421 */

struct member *
muc_member_find(struct room *room, const char *nick)
{
	struct member *m;

	HASH_FIND(hh, room->members, nick, strlen(nick), m);
	return m;
}

struct member *
muc_member_find_id(struct room *room, const char *id)
{
	struct member *m;

	HASH_FIND(hh_id, room->by_id, id, strlen(id), m);
	return m;
}

void
muc_member_free(struct room *room, struct member *m)
{
	HASH_DELETE(hh, room->members, m);
	HASH_DELETE(hh_id, room->by_id, m);
	free(m->nick);
	free(m->id);
	free(m->jid);
	free(m->status);
	free(m->notice);
	free(m->face);
	free(m);
}

struct event *
muc_member_event(struct room *room, const struct member *m,
		 enum event_kind kind)
{
	struct event *ev = event_make(kind);

	ev->channel = room->ch->id;
	ev->when_ms = loop_wall_ms(room->x->loop);
	ev->show = m->show;
	ev->rank = m->rank;
	event_set_sender(ev, m->id, m->nick);
	ev->sender.account = event_strdup(ev, m->jid);
	ev->sender.avatar = event_strdup(ev, m->face);
	return ev;
}

/* ---- identity ------------------------------------------------------------ */

static void
add_hash(struct str *out, const char *text)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)text, strlen(text), digest);
	str_add_hex(out, digest, 16);
}

const char *
muc_occupant_id(const struct room *room, xmpp_stanza_t *st)
{
	xmpp_stanza_t *o = room->occupant_ids ? stanza_child(st, "occupant-id",
							     NS_OCCUPANT_ID)
					      : NULL;
	const char *id = o ? stanza_get(o, "id") : "";

	return strlen(id) <= OCCUPANT_ID_MAX ? id : "";
}

static char *
make_id(struct room *room, const char *nick, const char *jid, xmpp_stanza_t *st)
{
	const char *occupant = muc_occupant_id(room, st);
	AUTO_STR id = { 0 };

	str_init(&id, SENDER_ID_MAX);
	str_printf(&id, "%s/", room->jid);
	if (*occupant) {
		str_printf(&id, "occ:%s", occupant);
	} else if (jid) {
		str_add(&id, "jid:");
		add_hash(&id, jid);
	} else {
		str_printf(&id, "nick:%s", nick);
	}
	if (str_overflowed(&id)) {
		str_clear(&id);
		str_add(&id, "muc/");
		add_hash(&id, room->jid);
		add_hash(&id, nick);
	}
	/* One person may sit there twice, under two nicks. */
	size_t len = id.len;
	for (unsigned n = 2; muc_member_find_id(room, id.data); n++) {
		str_truncate(&id, len);
		str_printf(&id, "#%u", n);
		if (str_overflowed(&id)) { /* no room left for a number */
			str_clear(&id);
			str_printf(&id, "muc/%u", n);
			len = strlen("muc/");
		}
	}
	return str_take(&id);
}

/* ---- coming, changing, going --------------------------------------------- */

void
muc_member_announce(struct room *room, struct member *m, unsigned flags)
{
	if (m->known)
		return;
	m->known = true;
	struct event *ev = muc_member_event(room, m, EVENT_JOIN);
	ev->flags |= flags;
	event_set_text(ev, m->status);
	bridge_event(&room->x->net, ev);
}

static char *
read_status(xmpp_stanza_t *st)
{
	AUTO_STR text = { 0 };

	str_init(&text, STATUS_MAX);
	stanza_read_text(&text, stanza_own_child(st, "status"));
	return str_take(&text);
}

static void
muc_member_update(struct room *room, struct member *m, xmpp_stanza_t *st)
{
	enum presence_show show = stanza_show(st);
	char *status = read_status(st);
	bool news = face_read(room->x, st, &m->face) || show != m->show ||
		    strcmp(status, m->status) != 0;

	free(m->status);
	m->status = status;
	m->show = show;
	if (!news || !m->known)
		return;
	struct event *ev = muc_member_event(room, m, EVENT_PRESENCE);
	event_set_text(ev, status);
	bridge_event(&room->x->net, ev);
}

/* Another bridge, or a puppet of one. */
static void
read_notice(struct room *room, struct member *m, xmpp_stanza_t *st)
{
	xmpp_stanza_t *element = stanza_child(st, "bridge", NS_CAUSEWAY);
	AUTO_STR text = { 0 };

	if (!element && !m->notice)
		return;
	str_init(&text, NOTICE_MAX);
	stanza_read_text(&text, element);
	bool news = strcmp(text.data, m->notice ? m->notice : "") != 0;
	free(m->notice);
	m->notice = text.len ? str_take(&text) : NULL;
	if (news)
		bridge_noticed(room->ch, m->id, m->notice);
}

static struct member *
muc_member_new(struct room *room, const char *nick, xmpp_stanza_t *st,
	       const struct muc_user *u)
{
	struct member *m = xcalloc(1, sizeof(*m));

	m->nick = xstrdup(nick);
	m->order = room->next_order++;
	if (*u->jid) {
		m->jid = xstrdup(u->jid);
		m->jid[jid_bare_len(m->jid)] = '\0';
	}
	m->id = make_id(room, nick, m->jid, st);
	m->status = read_status(st);
	m->show = stanza_show(st);
	(void)face_read(room->x, st, &m->face);
	m->rank = u->rank;
	HASH_ADD_KEYPTR(hh, room->members, m->nick, strlen(m->nick), m);
	HASH_ADD_KEYPTR(hh_id, room->by_id, m->id, strlen(m->id), m);
	return m;
}

static bool
is_of_our_domain(struct room *room, const char *jid)
{
	const char *at = strchr(jid, '@');
	const char *ours = strchr(room->x->listener, '@') + 1;
	const char *domain = at ? at + 1 : jid;
	size_t len = jid_bare_len(domain);

	return len && len == jid_bare_len(ours) && !strncmp(domain, ours, len);
}

void
muc_member_present(struct room *room, const char *nick, xmpp_stanza_t *st,
		   const struct muc_user *u)
{
	struct member *m = muc_member_find(room, nick);
	struct seat *seat = seat_find(room, nick);

	if (m) {
		m->rank = u->rank;
		read_notice(room, m, st);
		muc_member_update(room, m, st);
		return;
	}
	if (is_of_our_domain(room, u->jid) ||
	    (seat && seat->state != SEAT_JOINING))
		return; /* us */
	m = muc_member_new(room, nick, st, u);
	read_notice(room, m, st);
	/*
	 * With a puppet on its way in under that very nick this may be the
	 * puppet, or somebody who was faster. The answer to the puppet tells;
	 * until then the member is not announced.
	 */
	if (room->state == ROOM_READING)
		muc_member_announce(room, m, EVENT_BACKLOG);
	else if (room->state == ROOM_JOINED && !seat)
		muc_member_announce(room, m, 0);
}

static void
muc_member_renamed(struct room *room, struct member *m, const char *nick)
{
	struct seat *seat = seat_find(room, nick);
	struct member *other = muc_member_find(room, nick);

	if (other && other != m)
		muc_member_free(room, other);
	HASH_DELETE(hh, room->members, m);
	free(m->nick);
	m->nick = xstrdup(nick);
	HASH_ADD_KEYPTR(hh, room->members, m->nick, strlen(m->nick), m);
	if (m->known && !(seat && seat->state == SEAT_JOINING))
		bridge_event(&room->x->net,
			     muc_member_event(room, m, EVENT_RENAME));
}

static enum part_kind
part_kind(const struct muc_user *u)
{
	if (u->codes & MUC_BANNED)
		return PART_BANNED;
	if (u->codes & (MUC_ERROR | MUC_SHUTDOWN))
		return PART_QUIT;
	if (u->codes & (MUC_KICKED | MUC_UNAFFILIATED | MUC_MEMBERS_ONLY))
		return PART_KICKED;
	return PART_LEFT;
}

static void
muc_member_parted(struct room *room, struct member *m, xmpp_stanza_t *st,
		  const struct muc_user *u)
{
	if (m->known) {
		struct event *ev = muc_member_event(room, m, EVENT_PART);
		AUTO_STR text = { 0 };
		str_init(&text, STATUS_MAX);
		stanza_read_text(&text,
				 u->reason ? u->reason
					   : stanza_own_child(st, "status"));
		event_set_text_n(ev, text.data, text.len);
		ev->part = part_kind(u);
		if (*u->actor)
			ev->actor = event_strdup(ev, u->actor);
		bridge_event(&room->x->net, ev);
	}
	if (m->notice)
		bridge_noticed(room->ch, m->id, NULL);
	muc_member_free(room, m);
}

void
muc_member_gone(struct room *room, const char *nick, xmpp_stanza_t *st,
		const struct muc_user *u)
{
	struct member *m = muc_member_find(room, nick);
	struct seat *seat = seat_find(room, nick);
	bool rename = u->codes & MUC_RENAME && *u->nick;

	if (m && rename)
		muc_member_renamed(room, m, u->nick);
	else if (m)
		muc_member_parted(room, m, st, u);
	else if (seat && seat->state == SEAT_JOINED && rename)
		seat_renamed(seat, u->nick);
	else if (seat && seat->state == SEAT_LEAVING)
		seat_gone(seat);
}
