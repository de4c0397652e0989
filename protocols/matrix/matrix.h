/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MATRIX_MATRIX_H
#define PROTOCOLS_MATRIX_MATRIX_H

/*
 * What the files of this adapter share; nobody else includes it.
 *
 * The bridge is an application service: the homeserver pushes to us what
 * happens in the rooms where the bot or one of our puppets is, and we act as
 * any user of our namespace.
 *
 *     matrix.c    the ops table and the life of the network
 *     service.c   what the homeserver asks of us: transactions, queries
 *     hear.c      what is in a transaction
 *     rooms.c     entering rooms, and who is there
 *     puppets.c   people of other networks as users of the homeserver
 *     arrivals.c  when each of them may enter
 *     portal.c    rooms that stand for channels of other networks
 *     door.c      who may come into them, and when
 *     lookup.c    which ones those are, for clients that ask
 *     direct.c    private conversations
 *     desk.c      commands, in a direct chat with the bot
 *     send.c      deliveries
 *     moment.c    who is typing, and how far somebody has read
 *     presence.c  how reachable people are
 *     media.c     files
 *     pictures.c     pictures of people of other networks
 *     catchup.c   what the homeserver may not have pushed
 *     hs.c        calls to the homeserver
 *
 * and, pure:
 *
 *     ident.c     identifiers
 *     push.c      transactions
 *     content.c, content_write.c   events
 *     html.c, html_write.c         formatted text
 *
 * A room lives from the join() hook until the leave() hook, bridge_left() or
 * the end of the network's being up; seats and words of it die with it.
 */

#include "bridge/hash.h"
#include "bridge/loop.h"
#include "bridge/protocol.h"
#include "bridge/str.h"
#include "protocols/matrix/hs.h"
#include "protocols/matrix/ident.h"
#include "protocols/matrix/push.h"

#include <stdbool.h>
#include <stdint.h>

struct conf_matrix;
struct conf_network;
struct chat;
struct ask;
struct closing;
struct putting;
struct watched;
struct http_exchange;
struct http_request;
struct http_server;
struct knock;
struct http_multi;
struct content_file;
struct face;
struct inquiry;
struct puppet;
struct sitting;
struct transfer;
struct transfer_end;
struct luggage;
struct matrix;
struct mroom;
struct page;

/* Room for a path with ids in it, each byte of which may need three. */
#define PATH_MAX_BYTES (8 * 3 * MATRIX_ID_MAX)

/* The device that puppets send from: what they sent is then known again. */
#define DEVICE "CAUSEWAY"

/* Somebody in a room who is not us. */
struct person {
	char *id, *name;
	char *avatar; /* for the media room; "": none, NULL: not told */
	bool typing;
	/* In a room that stands for a channel; door.c. */
	bool inside;            /* of the channel, once */
	bool knocking, invited; /* is not in the room yet */
	bool put_before;        /* put out, to knock */
	int64_t invited_ms;     /* when it was invited */
	enum presence_show show;
	char *status;           /* NULL: nothing was ever told */
	UT_hash_handle hh;      /* in the room, by id */
	UT_hash_handle hh_name; /* likewise, by name; the first who has it */
	bool named;             /* is in there */
};

enum ghost_state {
	GHOST_NEW,
	GHOST_MAKING,
	GHOST_READY,
};

/* One of our users at the homeserver. */
struct ghost {
	struct matrix *m;
	char *id;
	char *name; /* as its profile shows it; NULL: not known */
	char *want; /* what it is to show */
	enum ghost_state state;
	bool no_device;  /* it cannot have one */
	unsigned naming; /* its name is being set */
	unsigned seats;  /* that are its */
	/* presence.c: as it is to be told, when next, and when it last did
	 * something */
	bool kept_up;
	enum presence_show show;
	char *status;
	int64_t due_ms, active_ms;
	struct ghost *prev_up, *next_up;
	UT_hash_handle hh;
};

enum seat_state {
	SEAT_QUEUED,  /* many arrive */
	SEAT_WAITING, /* for its ghost */
	SEAT_JOINING,
	SEAT_JOINED,
};

/* A ghost in a room. */
struct seat {
	struct mroom *room;
	struct ghost *ghost;
	struct occupant *o; /* NULL: nobody's, from an earlier run */
	enum seat_state state;
	bool invited;
	bool arriving;            /* counted in the network's arrivals */
	struct seat *prev, *next; /* while queued */
	UT_hash_handle hh;        /* in the room, by ghost */
};

/* How a room is that stands for a channel; door.c. */
enum door {
	DOOR_UNKNOWN,
	DOOR_OPEN,
	DOOR_CLOSING,
	DOOR_CLOSED,
};

/* A delivery on its way. */
struct word {
	struct mroom *room;
	struct delivery *d;
	bool as_bot; /* the speaker itself may not */
	bool no_device;
	bool held;  /* the room's door is not what it should be yet */
	bool again; /* private: in another room than the one it was for */
	struct luggage *luggage; /* its file, while that is fetched; media.c */
	char *found;             /* id of the reaction to take back */
	char *place;             /* private: id of the room, once it is known */
	struct word *prev, *next;
};

/* What the newest message was at the events that are none; moment.c. */
#define HORIZON_MAX 32
struct horizon {
	uint64_t event[HORIZON_MAX]; /* hashes of their ids; a ring */
	char *message[HORIZON_MAX];
	size_t next;
	char *newest; /* NULL: not known */
};

/* How far a room was read; catchup.c. */
struct bookmark {
	char *token;     /* or NULL: not known */
	unsigned silent; /* rounds in which nothing had been said */
	unsigned rests;  /* rounds in which it is not asked */
};

struct mroom {
	struct matrix *m;
	struct channel *ch;
	char *id; /* NULL until it is known */
	bool joining, joined;
	struct bookmark bookmark;
	char *moved_from; /* the room that this one replaces, or NULL */
	unsigned moves;
	bool encrypted;
	bool topic_told;
	/* When its name and picture were set (UTC), or later; 0: not known. */
	int64_t named_ms, pictured_ms;
	bool denied; /* we may not change it, and the operator knows */
	enum door door;
	bool shut;                /* who joins must be invited */
	struct putting *puttings; /* utlist; out, until it is done; door.c */
	struct timer door_timer;
	struct timer invite_timer; /* the next invitation is too old */
	struct horizon horizon;
	struct person *people, *by_name;
	struct seat *seats;
	struct word *words;   /* utlist; the first is under way */
	struct timer sweep;   /* those seats that are nobody's */
	UT_hash_handle hh;    /* by channel number */
	UT_hash_handle hh_id; /* by id */
};

/* A transaction that is not answered yet. */
struct intake {
	struct matrix *m;
	struct http_exchange *x;
	struct event **events; /* those that are not on disk yet; references */
	size_t n, size;
	bool open; /* more may come */
	bool held; /* nothing of it was looked at */
	struct push push;
	struct timer timer;
	struct intake *prev, *next;
};

/* catchup.c */
struct catchup {
	bool asked;         /* where the rooms are */
	bool routine;       /* the round is one of those every few minutes */
	size_t n;           /* the pause before the next round */
	struct page *pages; /* utlist: those that are asked for come first */
	unsigned n_asked;
	struct timer timer;
};

/* arrivals.c */
struct arrivals {
	struct seat *queue; /* utlist: who is awaited, then the others */
	unsigned n;         /* under way */
	int64_t paced_ms;   /* up to when those who are silent were let in */
	bool deferred;
	struct timer timer;
};

/* Whether the homeserver keeps it. */
enum presence_state {
	PRESENCE_NEW,   /* not known */
	PRESENCE_ASKED, /* about to be */
	PRESENCE_ON,
	PRESENCE_OFF,
};

/* A channel that we are not in. */
struct outside {
	struct channel *ch;
	struct outside *prev, *next;
};

struct matrix {
	struct network net;
	const struct conf_matrix *conf;
	struct loop *loop;
	struct hs *hs;
	struct http_server *http;
	struct http_multi *uploads; /* of files */
	char *bot;                  /* our own user id */
	char *ours;                 /* how the ids of our puppets begin */
	bool no_device;             /* the bot cannot have one */
	bool taking;                /* transactions: the rooms are entered */
	bool stopping;
	enum pressure pressure;
	struct chat *chats; /* private conversations; direct.c */
	void (*chats_known)(struct matrix *m);
	struct mroom *rooms, *by_id;
	struct outside *outside;         /* utlist */
	struct face *faces, *face_queue; /* by ghost's id; pictures.c */
	struct picture *pictures;        /* what they show, by name */
	struct sitting *sitting;
	struct timer face_timer;
	struct ghost *ghosts;
	struct arrivals arrivals;
	struct knock *knocks;     /* portal.c */
	struct closing *closings; /* likewise */
	struct ask *asks;         /* desk.c */
	uint64_t asked[64];       /* events that were, lately */
	size_t n_asked;
	struct intake *intakes;
	struct intake *current; /* whose events are being raised */
	char *told_encrypted;   /* the last room that was told, or NULL */
	struct timer ready_timer, pulse_timer;
	struct catchup catchup;
	enum presence_state presence;
	struct watched *watched;   /* utlist; presence.c */
	struct inquiry *inquiries; /* likewise; hash, in order */
	bool inquiring;            /* the first is under way */
	struct timer inquiry_timer;
	struct ghost *up; /* utlist: those whose presence is told */
	unsigned n_up;
	struct ghost *probe; /* whether that one's is kept is being asked */
	struct timer presence_timer;
	unsigned waits; /* how often we waited for rooms to be entered */
	uint64_t n_ignored, n_broken;
};

extern const struct protocol matrix_protocol;

struct matrix *matrix_from(struct network *net);

/* ---- matrix.c ----------------------------------------------------------- */

/* True if it is the bot or one of our puppets. */
bool matrix_is_us(const struct matrix *m, const char *user_id);

/* Of all ids that we make: the prefix and the server. */
struct matrix_person matrix_ours(const struct matrix *m);

/* The homeserver does not answer, or not to us. */
void matrix_lost(struct matrix *m, const struct hs_answer *answer);

/* A room was entered, or cannot be: transactions may be taken. */
void matrix_room_settled(struct matrix *m);

/* "/v3/rooms/ROOM/" and what. room is an id or alias. */
void matrix_room_path(struct str *out, const char *room, const char *what);

/* "?user_id=..."; user NULL: nothing, as the bot. device may be NULL. */
void matrix_path_as(struct str *out, const char *user, const char *device);

/* Where the bot keeps data of that type. */
void matrix_data_path(struct str *out, const struct matrix *m,
		      const char *type);

/*
 * That user, or the bot if as is NULL, says that in a room; as a reply if to
 * is an event's id.
 */
void matrix_say(struct matrix *m, const char *room_id, const char *as,
		const char *to, const char *text);

/* ---- service.c ---------------------------------------------------------- */

/* 0, or -errno: the address cannot be listened on. */
int service_open(struct matrix *m, struct error *err);
void service_close(struct matrix *m);

/* Look at what was held until our rooms were entered; or refuse it. */
void service_take(struct matrix *m);
void service_refuse(struct matrix *m);

/* Ask the homeserver to try again what we did not take. */
void service_ping(struct matrix *m);

/* Hand over, and note that it must be on disk before we answer. */
void service_raise(struct matrix *m, struct event *ev);

/* It is on disk, or its author was told. */
void service_settled(struct matrix *m, const struct event *ev);

/* ---- catchup.c ---------------------------------------------------------- */

/* The rooms are entered: true once it is known where they are. */
bool catchup_is_ready(struct matrix *m);

/* Transactions are taken (again): ask soon for what is missing in them. */
void catchup_begin(struct matrix *m);
void catchup_stop(struct matrix *m);

/* Ask that room, as that user of ours (NULL: the bot), when it is its turn. */
void catchup_ask(struct matrix *m, const char *room, const char *as);

/* ---- hear.c ------------------------------------------------------------- */

void hear_events(struct matrix *m, const json_t *events);

/* What was said in that room, and perhaps heard before. */
void hear_missed(struct matrix *m, const char *room, const json_t *events);

/* ---- moment.c ----------------------------------------------------------- */

void hear_ephemeral(struct matrix *m, const json_t *events);

/* An event of whatever kind and room, by whomever. */
void moment_saw(struct matrix *m, const json_t *whole);
void horizon_drop(struct horizon *h);

/* The occupant, which has a seat: enum puppet_change. */
void moment_tell(const struct occupant *o, unsigned changes);

/* ---- presence.c --------------------------------------------------------- */

/* An m.presence; and what is known of somebody who enters a room. */
void presence_heard(struct matrix *m, const json_t *whole);
void presence_recall(struct mroom *room, struct person *p);

/* Find out how that person is, if nothing is known, as soon as may be. */
void presence_ask(struct mroom *room, const struct person *p);

/* That ghost is like p now; it did something; it is about to be freed. */
void presence_tell(struct ghost *g, const struct puppet *p);
void presence_spoke(struct ghost *g);
void presence_forget(struct ghost *g);

/* Hooks: somebody whom people of other networks follow. */
void presence_watch(struct network *net, struct contact *contact);
void presence_unwatch(struct network *net, struct contact *contact);

/* The network goes down. */
void presence_stop(struct matrix *m);

/* ---- rooms.c ------------------------------------------------------------ */

void room_join(struct network *net, struct channel *ch);
void room_leave(struct network *net, struct channel *ch);

/* Join it under that name, by that server ("": ours). */
void room_enter(struct mroom *room, const char *name, const char *server);

/* It cannot be: tell the bridge, and forget it. */
void room_not_entered(struct mroom *room, const struct hs_answer *answer);

bool mroom_is_hosted(const struct mroom *room);

/* An event of that kind, which that person does there. */
struct event *room_about(struct mroom *room, enum event_kind kind,
			 const struct person *p);

/* The room with that id that we are in or on our way into, or NULL. */
struct mroom *mroom_find(struct matrix *m, const char *id);

/* Tell the bridge that it is lost, and forget it. */
void mroom_lost(struct mroom *room, enum down_reason why, const char *text);

/* The channel is about to be freed, or entered. */
void rooms_forget(struct matrix *m);
void room_not_outside(struct matrix *m, const struct channel *ch);

/* What stands for a direct channel; made on first need. */
struct mroom *mroom_direct(struct matrix *m, struct channel *ch);

/* Forget all of them, without a word. */
void mrooms_drop(struct matrix *m);

struct person *person_find(struct mroom *room, const char *id);

/* A membership event; backlog: part of the first snapshot. */
void room_member(struct mroom *room, const json_t *ev, bool backlog);

/* Somebody invited the bot: the rooms that we are not in are tried again. */
void rooms_invited(struct matrix *m);

/* It says that the room is encrypted. */
void mroom_refuse_encrypted(struct mroom *room);

/* Whom a name in a text means there; for content_form. */
const char *room_who(void *room, const char *name, size_t n);

/* ---- puppets.c ---------------------------------------------------------- */

void ghost_join(struct network *net, struct occupant *o);
void ghost_leave(struct network *net, struct occupant *o, const char *reason);
void ghost_update(struct network *net, struct occupant *o, unsigned changes);

struct seat *ghost_seat(struct mroom *room, const char *user_id);

/* Its turn has come. */
void seat_arrive(struct seat *s);

/* One of our puppets is in the room, as the homeserver says; backlog: it was
 * so when we came. */
void ghost_seen(struct mroom *room, const char *user_id, const char *name,
		bool backlog);

/* Somebody in the room goes by that name now: no ghost there may. */
void ghosts_avoid(struct mroom *room, const char *name);

/* It is not any more, by whom and why, in words; kicked: for good. */
void ghost_removed(struct mroom *room, const char *user_id, bool kicked,
		   const char *why);
void seats_drop(struct mroom *room);

/* Let those leave who are nobody's. */
void seats_sweep(struct mroom *room);
void ghosts_drop(struct matrix *m);

/* True once that user of ours is registered. */
bool ghost_is_ready(struct matrix *m, const char *user_id);

/* Register it, if it is not yet; fn gets the homeserver's answer. */
void ghost_register(struct matrix *m, const char *user_id, hs_fn *fn,
		    void *arg);

/* ---- arrivals.c --------------------------------------------------------- */

/* It is to enter: seat_arrive() follows, now or when its turn has come. */
void arrival_begin(struct seat *s);

/* Its occupant is awaited now. */
void arrival_hurry(struct seat *s);

/* It is in, or will not be. */
void arrival_end(struct seat *s);
void arrivals_drop(struct matrix *m);

/* ---- portal.c ----------------------------------------------------------- */

/* The network of that label, if people may use it without a link; or NULL. */
const struct conf_network *portal_target(const struct matrix *m,
					 const char *label);
bool portal_leads_to(const struct matrix *m, const char *label);
bool portal_is_open_to(const struct matrix *m, const char *user_id);

/* True if channels there are called like that, and people are not. */
bool portal_is_channel(const struct conf_network *net, const char *name);

/* What an alias of ours stands for; false if it is none. Both are begun. */
bool portal_place(const struct matrix *m, const char *alias,
		  struct str *network, struct str *channel);

/* The one alias of a channel; false if it does not fit. out is begun. */
bool portal_alias(const struct matrix *m, const char *network,
		  const char *channel, struct str *out);

/* Make what is asked for, then answer; false: it cannot be. */
bool portal_query(struct matrix *m, struct http_exchange *x, const char *alias);
bool portal_query_user(struct matrix *m, struct http_exchange *x,
		       const char *user_id);
void portals_drop(struct matrix *m);

/* Make the room, or find it, and enter it. */
void portal_make(struct mroom *room);
void portal_joined(struct mroom *room);

/* Nobody is in it any more: take its aliases away, and leave. */
void portal_close(struct mroom *room);

/* True if that person may be in it; else they are thrown out. */
bool portal_admits(struct mroom *room, const char *user_id);

void portal_standing(struct network *net, struct channel *ch,
		     const char *sender_id, const struct standing *s);

/* ---- door.c ------------------------------------------------------------- */

/* False: nothing may be said yet; words_released() comes. */
bool door_lets(struct mroom *room);

/* The hook: how the channel is has changed. */
void door_moded(struct network *net, struct channel *ch);

/* The room was entered; rules: its join rules. */
void door_found(struct mroom *room, const json_t *rules);

/* Somebody has joined; is inside the channel; has left the room. */
void door_passed(struct mroom *room, struct person *p);
void door_inside(struct mroom *room, struct person *p);
void door_left(struct mroom *room);

/* A membership that was found: an invitation of an earlier run is taken back.
 */
void door_left_open(struct mroom *room, const json_t *member);

/* Throw somebody out, or refuse who knocks. */
void door_put_out(struct mroom *room, const char *user_id, const char *why);

/* The room is about to be freed. */
void door_drop(struct mroom *room);

/* ---- desk.c ------------------------------------------------------------- */

/* Somebody writes to the bot in a direct chat. */
void desk_hear(struct matrix *m, const json_t *whole);
void desk_drop(struct matrix *m);

/* ---- lookup.c ----------------------------------------------------------- */

/* Third-party lookups; answered at once. */
void lookup_protocol(struct matrix *m, struct http_exchange *x,
		     const struct http_request *r);
void lookup_user(struct matrix *m, struct http_exchange *x,
		 const struct http_request *r);
void lookup_location(struct matrix *m, struct http_exchange *x,
		     const struct http_request *r);

/* ---- direct.c ----------------------------------------------------------- */

/* Learn from the homeserver which there are, and call then. */
void chats_load(struct matrix *m, void (*then)(struct matrix *m));
void chats_drop(struct matrix *m);

/* Ask each of them for what was said; and where it is kept how far. */
void chats_catch_up(struct matrix *m);
struct bookmark *chat_bookmark(struct matrix *m, const char *room);

/* Of the conversation in that room; NULL: it is none. */
const char *chat_person(struct matrix *m, const char *room);
bool *chat_is_typing(struct matrix *m, const char *room);
struct horizon *chat_horizon(struct matrix *m, const char *room);

/* The room of that pair, if the person is in it; or NULL. */
const char *chat_place(struct matrix *m, const char *ghost, const char *person);

/* Hand over what the person in that room does, which nobody keeps. */
void private_raise(struct matrix *m, const char *room, struct event *ev);

/* A membership event of a room that is none of a link. */
void private_member(struct matrix *m, const json_t *whole);

/* Any other event there; true if it was of a private conversation. */
bool private_says(struct matrix *m, const json_t *whole);

/* Find or make the room for a private word; then word_launch(). */
void private_find(struct word *w);

/* The puppet may not say it in that room: true if another one is made. */
bool private_again(struct word *w);

/* It was said. */
void private_said(const struct word *w);

/* Tell the author of a private word what became of it. */
void private_bounce(struct matrix *m, const struct event *ev, const char *text);
bool private_resolve(struct network *net, const char *text, char *id,
		     size_t size);

/* ---- send.c ------------------------------------------------------------- */

void word_send(struct network *net, struct delivery *d);

/* Say it, where it is known now. */
void word_launch(struct word *w);

/* It did not work: whatever the answer asks for. */
void word_failed(struct word *w, const struct hs_answer *answer);

/* The first that was held may be said now. */
void words_released(struct mroom *room);

/* Its file is there, or never will be: say it, if it is its turn. */
void word_packed(struct word *w);

/* As whom it is said: a user id. */
const char *word_voice(const struct word *w);

/* Forget, without a word. */
void words_drop(struct mroom *room);

void word_bounce(struct network *net, struct channel *ch,
		 const struct event *ev, const char *why);

/* ---- media.c ------------------------------------------------------------ */

/* While the network is wanted, links to its files work. */
void media_open(struct matrix *m);
void media_close(struct matrix *m);

/* Make the files of what was heard ones that everybody can fetch, or words. */
void media_heard(struct matrix *m, struct event *ev);

/*
 * How the media room calls the picture at that mxc: address, of a person or a
 * room; "" if there is none. False if there is no media room.
 */
bool media_avatar(struct matrix *m, const char *mxc, struct str *out);

/* A redaction: the files of what it takes back are not to be had any more. */
void media_withdrawn(struct matrix *m, const json_t *whole);

/* A file for the homeserver, as that user of ours. */
struct media_upload {
	const char *as, *name, *mime;
	int fd; /* stays the caller's, and open until the end */
	int64_t size;
};
struct transfer *media_upload(struct matrix *m, const struct media_upload *u,
			      void (*ended)(void *arg,
					    const struct transfer_end *end),
			      void *arg);

/* Its mxc: URI, as the answer says; NULL: none. The caller's to free. */
char *media_uploaded(const struct transfer_end *end);

/* Begin to bring the file of a delivery into Matrix; word_packed() follows. */
void media_pack(struct word *w);
bool media_is_packed(const struct word *w);

/* The file to send, or NULL: its link will do. */
const struct content_file *media_of(const struct word *w);
void media_unpack(struct word *w);

/* ---- pictures.c ------------------------------------------------------------
 */

/* What is remembered of earlier runs; the network begins. */
void pictures_open(struct matrix *m);
void pictures_drop(struct matrix *m);

/* That ghost is to show the picture of the puppet's person, if it is known. */
void picture_want(struct matrix *m, const char *id, const struct puppet *p);

/* A ghost is ready: it can show its picture. */
void pictures_work(struct matrix *m);

#endif
