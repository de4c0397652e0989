/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_HOSTED_H
#define PROTOCOLS_XMPP_HOSTED_H

/*
 * Hosted rooms: here we are the service (XEP-0045), and each room stands for a
 * channel of another network. bridge/protocol.h says how ("Hosted rooms").
 *
 *     struct hosted       a room, from the first who knocks until it closes
 *       struct guest      somebody who is in it, or on the way
 *         struct client   ... by one resource, if a user of ours
 *
 * A guest is shown to others while it has a nick here. For people of elsewhere
 * that is from puppet_join() to puppet_leave(); for users, while standing()
 * says that they are in the channel that the room stands for. Only then do
 * they hear anything.
 *
 * Whoever comes in is shown everybody, and the others that one. Where a crowd
 * comes, or goes, that is the square of it; so as long as the server is behind
 * clients wait in turn to be shown the room, and guests to be shown to others
 * as they are by then. What is said meanwhile overtakes them.
 *
 * All clients of one user go by one nick. Whoever came by another way to write
 * the room's address sees it under that one.
 *
 * When the stream to the server breaks, rooms, users and their nicks are kept:
 * on the server nothing has changed for them. The people of elsewhere come
 * back by puppet_join(), or are swept out a while after the room did.
 */

#include "conf/address.h"
#include "protocols/xmpp/marks.h"
#include "protocols/xmpp/xmpp.h"

#define PAST_MAX 100
#define PAST_BYTES (512 * 1024)
#define OCCUPANT_ID_LEN 32

/* What somebody who enters wants to be told of the past (XEP-0045 7.2.14). */
struct history_wish {
	unsigned long chars, stanzas; /* at most; ULONG_MAX: whatever */
	int64_t since_ms;             /* 0: whatever */
};

struct client {
	char *jid;  /* full; key */
	char *room; /* bare address of the room, as this client writes it */
	char *nick; /* asked for */
	char *id;   /* of the stanza that entered */
	bool in;
	bool waits; /* with its guest in, to be shown the room */
	struct history_wish wish;
	struct guest *who;
	struct client *prev, *next;           /* of the same guest */
	struct client *before_it, *behind_it; /* of those who wait */
	UT_hash_handle hh;
};

struct guest {
	struct hosted *room;
	char *nick; /* shown under; key of by_nick; NULL: not shown */
	char occupant_id[OCCUPANT_ID_LEN + 1];
	enum presence_show show;
	char *status;
	enum rank rank;

	/* of elsewhere; NULL while the stream was lost */
	struct occupant *o;

	/* a user of ours */
	char *id;       /* bare address; key of users; NULL: of elsewhere */
	char *far_name; /* in the channel; NULL: not in */
	char *want;
	char *password; /* or NULL */
	bool raised;    /* EVENT_JOIN was */
	bool typing;    /* as we told */
	bool resident;  /* has been in: may stay without a client */
	bool lingers;   /* for a while, having left */
	bool founder;   /* came first: the channel was made for them */
	bool recorded;  /* what is said is kept for them to read */
	char *farewell; /* said on leaving; or NULL */
	struct timer linger;
	struct client *clients;
	char *new_nick; /* asked for, and not granted yet */
	char *new_nick_by, *new_nick_id;
	struct timer timer; /* entering, or changing the nick */
	UT_hash_handle hh, hh_nick;

	/* What the others have been shown of it; hosted_shown.c. */
	char *shown;             /* nick; key of by_shown; NULL: not there */
	uint32_t shown_as;       /* digest of the rest */
	struct parting *parting; /* how it left; NULL: it did not */
	bool due;                /* to be shown as it is now */
	struct guest *due_before, *due_behind; /* of x->due */
	UT_hash_handle hh_shown;
};

/* Something said, as it was shown; from and to are set anew. */
struct past {
	xmpp_stanza_t *st;
	char *nick; /* "" if the room's own */
	char *id;   /* the event's, for who points at it by stanza-id */
	int64_t number, when_ms;
	size_t size;
};

struct hosted {
	char *jid; /* bare, in its one form; key */
	struct xmpp *x;
	char *network;      /* label of the channel's */
	char *far;          /* its name */
	struct channel *ch; /* NULL until join() and while the stream is lost */
	unsigned modes;     /* ch->modes, as last shown */
	int64_t channel;    /* ch->id, key of hosted_by_id; 0: not known yet */
	struct guest *users, *by_nick;
	struct guest *by_shown;
	struct guest *ghosts; /* who left, and is shown; by occupant id */
	size_t n_due;         /* of x->due, those of this room */
	struct client *clients;
	struct marks *marks;
	struct past past[PAST_MAX];
	size_t past_begin, n_past, past_bytes;
	/* On the wire, oldest first; the first n_covered before the ping. */
	struct delivery **flying;
	size_t n_flying, n_covered;
	size_t n_stale; /* people of elsewhere who have not come back */
	struct timer sweep;
	UT_hash_handle hh, hh_id;
};

/* ---- hosted.c: rooms ----------------------------------------------------- */

/* Hooks, for channels of kind CHANNEL_HOSTED. */
void hosted_join(struct xmpp *x, struct channel *ch);
void hosted_leave(struct xmpp *x, struct channel *ch);

/* The room with that address in its one form, or NULL. */
struct hosted *hosted_find(struct xmpp *x, const char *jid);
struct hosted *hosted_find_id(struct xmpp *x, int64_t channel);
struct hosted *hosted_new(struct xmpp *x, const char *jid,
			  const struct address_place *place);

/* Frees it if nobody and nothing holds it. */
void hosted_release(struct hosted *h);

/* Say goodbye to all; the stream is about to be closed. */
void hosted_goodbye(struct xmpp *x);

/* The stream is gone; everything is, if for good. */
void hosted_drop(struct xmpp *x, bool for_good);

/* The place that the address to, of our domain, means. */
void hosted_place(struct xmpp *x, const char *to, struct address_place *out);

/*
 * NULL, or why that user may not be connected to one network more, whose label
 * that is.
 */
const char *hosted_limit(struct xmpp *x, const char *bare, const char *label);

/*
 * True, and answered, if st is for a host to which the gateway does not lead,
 * or wants to enter what is no room.
 */
bool hosted_denied(struct xmpp *x, xmpp_stanza_t *st);

/* ---- hosted_guest.c: who is there ---------------------------------------- */

/*
 * SEMANTICS 1.2: the same for one person in one room for ever, another in
 * every other room, and nothing can be learnt from it.
 */
void hosted_occupant_id(const struct xmpp *x, const char *room,
			const char *origin, const char *id,
			char out[OCCUPANT_ID_LEN + 1]);

struct guest *guest_find(struct hosted *h, const char *id);
struct guest *guest_by_nick(struct hosted *h, const char *nick);
struct guest *guest_new_user(struct hosted *h, const char *id);
void guest_free(struct guest *g);

/* Under the first free nick that is like name. */
void guest_set_nick(struct guest *g, const char *name);

struct client *client_find(struct hosted *h, const char *jid);
struct client *client_new(struct guest *g, const char *jid, const char *room);
void client_free(struct client *c);

/* How a guest is presented. */
struct shown {
	bool gone;
	const char *codes;      /* "303 307", beside 110; NULL: none */
	const char *self_codes; /* only to that guest; likewise */
	const char *new_nick;   /* with 303 */
	const char *reason;     /* of a kick or a ban, in words */
	const char *actor;      /* who did that, or NULL */
	const char *status;     /* of who goes; else the guest's own */
	const char *address;    /* of who went; else the guest's own */
};

/* Who sees a presence. */
enum guest_view {
	GUEST_SELF = 1 << 0,
	GUEST_ADDRESS = 1 << 1, /* may see who it is: a moderator */
};

/* GUEST_ADDRESS if that guest may see who others are, else 0. */
unsigned guest_view(const struct guest *g);

/* A presence of g, without addresses. */
xmpp_stanza_t *guest_presence(const struct guest *g, const struct shown *how,
			      unsigned view);

/* The address of who that is: a client's, or the person's of elsewhere; false
 * if there is none. */
bool guest_address(const struct guest *g, char *out, size_t size);

/* st from the room, or from nick in it; st stays the caller's. */
void client_post(const struct client *c, xmpp_stanza_t *st, const char *nick);

/* To every client that is in; takes the caller's reference. */
void hosted_post(struct hosted *h, xmpp_stanza_t *st, const char *nick);

/* Hooks, for occupants of hosted rooms. */
void guest_puppet_join(struct xmpp *x, struct occupant *o);
void guest_puppet_leave(struct occupant *o, const char *reason);
void guest_puppet_update(struct occupant *o, unsigned changes);

/* ---- hosted_shown.c: who is shown to whom -------------------------------- */

/*
 * Show a guest, as it is now or leaving, to everybody who is in, g's own
 * clients last. While the server is behind only those are told at once; the
 * others later, once, whatever happens to g until then.
 */
void guest_show(struct guest *g, const struct shown *how);

/* Show g, who is shown, under a nick like name; asked: that was g's wish. */
void guest_rename(struct guest *g, const char *name, const char *asked);

/* It is about to say something: the others know it first. */
void guest_show_now(struct guest *g);

/* Show to others who has waited longest for that; false: nobody waits. */
bool guests_show_due(struct xmpp *x);

/* g is about to be freed: if it left and not everybody knows, that is kept. */
void guest_leaves_view(struct guest *g);

/* Nobody is to be shown in that room any more. */
void hosted_forget_shown(struct hosted *h);

/* ---- hosted_presence.c: coming and going --------------------------------- */

/* True if st was for a hosted room, and is done with. */
bool hosted_presence(struct xmpp *x, xmpp_stanza_t *st);

/* Show guests and rooms to those who wait for that, as long as the server
 * keeps up. */
void hosted_admit(struct xmpp *x);

void hosted_standing(struct network *net, struct channel *ch,
		     const char *sender_id, const struct standing *s);

/* Hook: the room's modes are others now. */
void hosted_moded(struct network *net, struct channel *ch);

/* Raise EVENT_JOIN for a user. */
void guest_raise_join(struct guest *g);

/* Raise EVENT_PART, and forget g; the room goes, too, if nobody holds it. */
void guest_part(struct guest *g, enum part_kind kind, const char *text);

/* Raise EVENT_PRESENCE with what g is like now, and show it to the others. */
void guest_changed(struct guest *g);

/* An event of that user in the room. */
struct event *guest_event(const struct guest *g, enum event_kind kind);

/* The server says that one resource is not there any more. */
void client_gone(struct client *c);

/* ---- hosted_resident.c: who stays without a client ----------------------- */

/* True if g, who has been in, wants to stay, whoever of theirs is there. */
bool guest_stays(const struct guest *g);

/* Its last client is about to go, with these words or NULL: true if it stays
 * nevertheless, for a while. */
bool guest_lingers(struct guest *g, const char *farewell);

/* Its last client has gone, and it stays. */
void guest_abandoned(struct guest *g);

/* It comes back with a client; read_presence() is done. */
void guest_returned(struct guest *g);

/* It is not in the channel any more, and stays: its clients have been told. */
void guest_waits(struct guest *g, const struct standing *s);

/* Bring back those who stay. */
void hosted_recall_residents(struct hosted *h);

/* ---- hosted_talk.c: what is said ----------------------------------------- */

bool hosted_message(struct xmpp *x, xmpp_stanza_t *st);
void hosted_accepted(struct network *net, const struct event *ev);
void hosted_send(struct xmpp *x, struct delivery *d);

/* True if that event is of a hosted room: its author was told. */
bool hosted_bounce(struct xmpp *x, struct channel *ch, const struct event *ev,
		   const char *why);

/* The withdrawal of an earlier message, under that id. */
xmpp_stanza_t *hosted_retraction(struct xmpp *x, const struct event *ev,
				 const char *id);

/* Nothing is on the wire any more; what was, was given back otherwise. */
void hosted_forget_flying(struct hosted *h);

/* ---- hosted_past.c: what was said ---------------------------------------- */

/* The ids that a room gives; occupant_id may be NULL. */
void hosted_add_ids(const char *room, const struct event *ev, xmpp_stanza_t *st,
		    const char *occupant_id);

/*
 * Once, for those who come later; st is shared with who shows it. id: what its
 * author calls it; NULL: it came from elsewhere, and has the number alone.
 */
void hosted_remember(struct hosted *h, const struct event *ev,
		     xmpp_stanza_t *st, const char *nick, const char *id);

/* The id of the event that the room calls id; or id itself. */
const char *hosted_own_id(struct hosted *h, struct event *ev, const char *id);

/* The id that the room gave the event called id; or id itself. */
const char *hosted_room_id(struct hosted *h, const char *id, char number[24]);

/* An event of the room, open or not, as it was shown; NULL if it was not. */
xmpp_stanza_t *hosted_archived(struct xmpp *x, const char *room,
			       const struct address_place *place,
			       const struct event *ev);

/* The past as the client wishes and may see it, then the subject. */
void hosted_tell_past(struct hosted *h, const struct client *c);
void hosted_tell_subject(struct hosted *h, const struct client *c);
void hosted_read_wish(xmpp_stanza_t *muc, int64_t now_ms,
		      struct history_wish *out);

/* What is on disk, unless some is remembered already. */
void hosted_recall_past(struct hosted *h);
void hosted_forget_past(struct hosted *h);

/* ---- hosted_iq.c: questions ---------------------------------------------- */

bool hosted_iq(struct xmpp *x, xmpp_stanza_t *st);

#endif
