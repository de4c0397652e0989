/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_MUC_H
#define PROTOCOLS_XMPP_MUC_H

/*
 * Rooms (XEP-0045): how the listener gets in and stays in, who is there, and
 * what is said.
 *
 *     DISCO --> ENTERING --> WAITING --> CLEARING --> READING --> JOINED
 *     may we    presence     presence    ghosts of    what we     traffic
 *     enter?    sent         110 came,   ours go      missed;
 *                            subject                  see
 *                            awaited                  catchup.h
 *
 * Only what is addressed to the listener counts as the room's traffic; each
 * puppet gets a copy of everything, which is dropped unread but for what
 * concerns that puppet alone.
 *
 * CLEARING. After a crash a room may still hold puppets of our former life.
 * Nothing tells them from strangers in a room that hides addresses, except
 * that the room sends their copy of our entry to an address of ours where
 * nobody lives now. Such a ghost is taken out with an unavailable presence,
 * and the snapshot waits until the room has done so.
 */

#include "protocols/xmpp/marks.h"
#include "protocols/xmpp/xmpp.h"

#define RECENT_MAX 32
#define RECENT_TEXT 120
#define SAID_MAX 64

enum room_state {
	ROOM_DISCO,
	ROOM_ENTERING,
	ROOM_WAITING,
	ROOM_CLEARING,
	ROOM_READING,
	ROOM_JOINED,
};

struct member {
	char *nick; /* key */
	char *id;   /* sender id; key of by_id */
	char *jid;  /* real bare address, or NULL where hidden */
	char *status;
	enum presence_show show;
	enum rank rank;
	char *face;     /* as face_read() says, or NULL */
	bool known;     /* EVENT_JOIN was raised */
	bool typing;    /* as we told */
	char *notice;   /* what it shows other bridges, or NULL */
	uint64_t order; /* of being seen first; see room->next_order */
	UT_hash_handle hh, hh_id;
};

enum seat_state {
	SEAT_JOINING,
	SEAT_JOINED,
	SEAT_LEAVING, /* o is NULL; until the listener sees it go */
};

struct seat {
	char *nick;     /* asked for, or given; key */
	char *from;     /* full address of the puppet; key of by_from */
	char *occupant; /* the room's id for it; NULL if not known */
	struct occupant *o;
	struct room *room;
	enum seat_state state;
	unsigned attempt;
	uint64_t order; /* of asking; see room->next_order */
	bool asked;     /* and not answered: counted in x->entering */
	bool waiting;   /* has not asked yet: has no nick, in x->waiting */
	bool renamed;   /* while it came in: another name is wanted */
	struct timer timer;
	struct seat *prev, *next; /* in x->waiting */
	UT_hash_handle hh, hh_from;
};

/* For quoting what is replied to. */
struct recent {
	char *id;
	char *nick;
	char text[RECENT_TEXT + 1];
};

struct room {
	char *jid; /* bare; key */
	struct xmpp *x;
	struct channel *ch;
	enum room_state state;
	char *nick;     /* the listener's here */
	char *occupant; /* and the room's id for it; NULL if not known */
	unsigned attempt;

	/* disco */
	bool stable_ids;   /* urn:xmpp:sid:0 */
	bool occupant_ids; /* urn:xmpp:occupant-id:0 */
	bool archive;      /* urn:xmpp:mam:2, and stable_ids */

	/* about.h: its name and picture, as far as they are known */
	char *title, *face;
	struct wish *wishes; /* utlist: what is being set */
	bool denied;         /* the last was; the operator knows */

	struct member *members, *by_id;
	struct seat *seats, *by_from;
	struct wire *wires;
	struct marks *marks;
	struct recent recent[RECENT_MAX];
	size_t next_recent;
	/* Who was there before a puppet asked to come in is not that puppet,
	 * under whatever nick it was let in. */
	uint64_t next_order;
	uint32_t said[SAID_MAX]; /* hashes of keys raised live */
	size_t next_said;
	struct catchup *catchup;

	bool ghosts;  /* some were found since we entered */
	bool pinging; /* ourselves, since: */
	int64_t pinged_ms;
	char *topic, *topic_nick; /* of the snapshot; NULL until it came */
	int64_t heard_ms;
	struct timer timer; /* of the state */
	struct timer check; /* reflections, and silence */
	UT_hash_handle hh;
};

/* Hooks. */
void muc_join(struct network *net, struct channel *ch);
void muc_leave(struct network *net, struct channel *ch);

/* Say goodbye in every room; the stream is about to be closed. */
void muc_goodbye(struct xmpp *x);

/* Forget every room; the stream is gone. */
void muc_drop(struct xmpp *x);

/* A presence, or a groupchat or error message, came from some room. */
void muc_presence(struct xmpp *x, xmpp_stanza_t *st);
void muc_message(struct xmpp *x, xmpp_stanza_t *st);

/* True if the stanza is a puppet's copy of what the listener gets, too, and
 * tells nothing about the puppet itself. */
bool muc_is_copy(struct xmpp *x, const struct first_tag *tag);

/* The room that the address (full or bare) is of, or NULL. */
struct room *muc_room_find(struct xmpp *x, const char *jid);

/*
 * The channel is lost: frees the room, then tells the bridge.
 */
void muc_room_lost(struct room *room, enum down_reason why, const char *text);

/* Is the listener still in there (XEP-0410)? Loses the room if not. */
void muc_room_check_self(struct room *room);

/* All that was missed has been raised: the channel is joined. */
void muc_room_ready(struct room *room);

/* Why somebody of ours left a room: whose fault, and words for people. */
enum down_reason muc_departure(struct str *text, xmpp_stanza_t *st,
			       const struct muc_user *u, enum refusal *refusal);

/* Why a join was refused, likewise; conflicts are not handled here. */
enum down_reason muc_refusal(struct str *text, xmpp_stanza_t *st,
			     enum refusal *refusal);

/*
 * The presence that enters a room; the caller may add to it. password: where
 * the configuration has none; or NULL.
 */
xmpp_stanza_t *muc_entry(struct room *room, const char *from, const char *nick,
			 const char *password);

/* The hook: tell other bridges what has changed. */
void muc_announce(struct network *net, struct channel *ch);

/* Set up the room's watch for silence and for missing reflections. */
void muc_room_watch(struct room *room);

/* ---- members (members.c) ------------------------------------------------- */

struct member *muc_member_find(struct room *room, const char *nick);
struct member *muc_member_find_id(struct room *room, const char *id);

/* The listener saw st, an available or unavailable presence of nick's. */
void muc_member_present(struct room *room, const char *nick, xmpp_stanza_t *st,
			const struct muc_user *u);
void muc_member_gone(struct room *room, const char *nick, xmpp_stanza_t *st,
		     const struct muc_user *u);

/* Raise EVENT_JOIN unless that was done. flags: EVENT_BACKLOG or 0. */
void muc_member_announce(struct room *room, struct member *m, unsigned flags);

/* Forget one, without a word. */
void muc_member_free(struct room *room, struct member *m);

/* An event of that member in this room. */
struct event *muc_member_event(struct room *room, const struct member *m,
			       enum event_kind kind);

/* The id that the room gave the one who sent st; "" if it gives none. */
const char *muc_occupant_id(const struct room *room, xmpp_stanza_t *st);

/* ---- seats (puppets.c) --------------------------------------------------- */

/* By the nick that is ours or asked for; by the puppet's full address. */
struct seat *seat_find(struct room *room, const char *nick);
struct seat *seat_find_from(struct room *room, const char *from);

/* Who is shown under that address, in whatever room; NULL: nobody. */
const struct puppet *seat_person(struct xmpp *x, const char *address);

/* Send its presence once more, if it is in. */
void seat_show(struct seat *seat);

/* A presence addressed to the puppet. */
void seat_presence(struct seat *seat, xmpp_stanza_t *st);

/* The listener saw that seat's nick change, or go. */
void seat_renamed(struct seat *seat, const char *nick);
void seat_gone(struct seat *seat);

/* The room says that the puppet is not in it. */
void seat_lost(struct seat *seat, enum down_reason why, const char *text);

/* Say goodbye. */
void seat_send_leave(struct seat *seat, const char *reason);

/* Forget all, without a word. */
void seat_drop_all(struct room *room);

/* The network is about to be destroyed. */
void seats_forget(struct xmpp *x);

/* True if somebody there, or we, go by a name that looks like nick. */
bool muc_room_nick_is_taken(struct room *room, const char *nick,
			    const struct seat *except);

/* ---- talk (talk.c) ------------------------------------------------------- */

/* A groupchat message to the listener. */
void talk_received(struct room *room, const char *nick, xmpp_stanza_t *st);

/* How a message reached us. */
struct heard {
	bool late;
	const char *sid;  /* the id that the room gave it, or NULL */
	int64_t when_ms;  /* late: said at */
	int64_t known_ms; /* late: what has no key and is not newer is known */
	int64_t mark_ms;  /* late: for the cursor */
};

/* A message from the archive or the history of the room. */
void talk_late(struct room *room, const char *nick, xmpp_stanza_t *st,
	       const struct heard *h);

/* Remember for quoting; find again, NULL if not known (any more). */
void talk_remember(struct room *room, const char *id, const char *nick,
		   const char *text);
const struct recent *talk_recall(const struct room *room, const char *id);

void talk_drop(struct room *room);

#endif
