/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_CORE_H
#define BRIDGE_CORE_H

/*
 * What the files of the core share. Nothing outside bridge/ includes it.
 *
 *     struct bridge   owns networks, rooms, links
 *     struct netlife  a network's life, its puppets, its direct rooms
 *     struct room     a channel's life, its members, occupants and outbox
 *     struct link     rooms that belong together
 *     struct member   a person in a room who is not ours
 *     struct pup      a person of elsewhere shown on a network (puppet)
 *     struct occ      a puppet in a room (occupant)
 *     struct item     an event on its way to a room (delivery)
 *
 * One rule keeps it simple. Upcalls change state and mark the rooms that they
 * touched; a deferred pass, bridge_work(), then looks at every marked room
 * and does what its state asks for: join, bring puppets in, send. So hooks
 * are called from one place, never from inside an upcall, and no sequence of
 * upcalls can be missed: what matters is the state, not how it came about.
 */

#include "bridge/hash.h"
#include "bridge/loop.h"
#include "bridge/notice.h"
#include "bridge/protocol.h"
#include "bridge/router.h"
#include "conf/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bridge;
struct db;
struct fuse;
struct item;
struct occ;
struct peer;
struct pup;
struct secret;
struct store;

struct blocked;
struct follower;
struct moment;
struct inviting;

#define OUTBOX_MEMORY_MAX 256
#define OUTBOX_SEEN 16

/* Of what the bridge itself says; nobody on any network has that id. */
#define OWN_SENDER "-causeway"

/* Authors who are away; beyond that the oldest are not told. */
#define BOUNCES_MAX 1000

/* ---- people ------------------------------------------------------------ */

struct member {
	char *id; /* sender id; the key */
	struct sender sender;
	enum presence_show show;
	char *status;
	enum rank rank;
	bool stale;   /* not confirmed by the snapshot that is being read */
	bool gateway; /* entered a hosted room, so has an account */
	bool due;     /* the adapter is to be told how that person fares */
	bool in;      /* in the channel that the room stands for */
	bool staying; /* and what is said is theirs to read; stay.c */
	int64_t stay_after; /* the last event before that changed */
	char *password;     /* given to enter with, or NULL */
	int64_t row; /* number of the sender in the store; 0 if not known */
	int64_t active_ms;
	int64_t split_ms; /* so long we wait for them after a split; or 0 */
	struct member *prev, *next; /* in the room's due, if it is */
	UT_hash_handle hh;
};

struct pup {
	struct puppet p;
	struct netlife *life; /* where it is shown */
	struct netlife *home; /* where the person is */
	struct sender sender;
	char *key; /* origin label, LF, sender id */
	char *status;
	char *native;
	struct account *account; /* p.account is the same */
	bool counted;            /* in the network's n_counted */
	bool opened;    /* the store knows it, and native is what it knew */
	bool dismissed; /* it is to make room for somebody who speaks */
	bool leaving;   /* a hook runs with it: it must outlive that */
	struct occ *occs;
	int64_t active_ms; /* when it last spoke; 0 if never */
	UT_hash_handle hh;
};

struct occ {
	struct occupant o;
	struct pup *pup;
	struct room *room;
	char *want;
	char *password;
	char *why;        /* it was last out; NULL: never was */
	bool wanted;      /* false: to leave when nothing waits for it */
	bool told;        /* the adapter knows it */
	unsigned queued;  /* items in the room's outbox that it speaks */
	unsigned changes; /* enum puppet_change, not yet passed on */
	char *farewell;   /* what the person said on leaving; NULL if here */
	char *actor;      /* o.actor is the same */
	struct moment *moment; /* typing, receipts; NULL: none yet */
	int64_t since_ms;      /* of the present state */
	unsigned failures;
	struct timer retry;
	bool hears; /* counted in the room's listener.hearers */
	struct occ *next_of_pup;
	struct occ *prev, *next; /* in the room's todo, if marked */
	bool marked;
	UT_hash_handle hh; /* in the room, by pup */
};

/* ---- rooms ------------------------------------------------------------- */

enum item_state {
	ITEM_QUEUED,
	ITEM_IN_FLIGHT,
};

struct item {
	struct delivery d; /* d.event is the rendering */
	struct event *source;
	struct room *room;
	struct netlife *home; /* where it was said; NULL if not configured */
	struct occ *speaker;  /* counted in its queued */
	enum item_state state;
	int64_t event;     /* number in the store; 0 if it was never kept */
	int64_t steady_ms; /* when it was taken; in time it is too old */
	int64_t since_ms;  /* when it came to the head, to wait for a puppet */
	bool early; /* waits until it is known who is where it was said */
	int64_t queued_ms; /* when it came into memory */
	bool seen;         /* said there by another bridge */
	unsigned attempts;
	/* So many messages are skipped, from then on: a line says so instead */
	int64_t stands_for, stands_from_ms;
	char *target, *parent, *origin;
	char id[64];
	struct item *prev, *next;
};

struct outbox {
	struct item *items; /* utlist, in order */
	struct item *fresh; /* the first that is not in flight, or NULL */
	size_t n, in_flight;
	size_t settling; /* ends that are not on disk yet */
	size_t unsure;   /* of these, of what is there: said again by a crash */
	size_t folding;  /* folds that are not: nothing is started */
	int64_t skipped, refused;  /* by this run, for the operator */
	int64_t last_event;        /* newest in memory */
	int64_t seen[OUTBOX_SEEN]; /* said by others before they came here */
	size_t next_seen;
	bool more; /* newer ones are on disk only */
	unsigned failures;
	struct timer retry; /* nothing is sent while it runs */
	struct timer wake;  /* somebody has waited long enough */
};

/* A room whose words wait for one that is away. */
struct waiter {
	int64_t channel;
	int64_t since_ms;
	bool told; /* also on disk */
};

/* What those who write to a room know of its being away. */
struct away {
	struct waiter *list;
	size_t n;
	int64_t skipped;    /* by the fold at its return */
	struct timer timer; /* while it is away: when to tell the next one */
};

/* How much waits for a room. */
struct bounds {
	int64_t rows, bytes;          /* on disk */
	int64_t coming, coming_bytes; /* on their way there */
	int64_t counted;              /* the newest event of those read there */
	bool crowded;                 /* hysteresis: at 4/5, until 3/5 */
	bool full;                    /* the log knows it */
};

enum listener_state {
	LISTENER_IN,
	LISTENER_COMING,
	LISTENER_OUT, /* while its timer runs it cannot come */
};

/* Where our own connection is, if others may hear for it; listener.c. */
struct listener {
	enum listener_state state;
	unsigned hearers; /* users of a gateway who are in by themselves */
	int64_t need_ms;  /* when it was last needed */
	char *why;        /* it may not come; or NULL */
	struct timer timer;
};

struct room {
	struct channel ch; /* ch.name is owned */
	struct bridge *bridge;
	struct netlife *life;
	struct link *link; /* NULL if direct */
	struct route_place place;
	const char *nick; /* template */
	bool puppets;
	bool entered; /* once, since we started */
	bool joining;
	bool renew;      /* to be left and entered again, when it is quiet */
	bool closing;    /* the same, to be freed */
	bool marked;     /* in the bridge's list of work */
	bool complained; /* about being lost, in the log */
	unsigned failures;
	int64_t since_ms;     /* when it was joined */
	struct timer retry;   /* of joining */
	struct timer forsake; /* its members, if it stays lost */
	struct timer splits;  /* the next of them does not come back */
	struct listener listener;
	char *topic;        /* as last seen there; NULL if not known */
	char *cursor;       /* of the newest event kept; NULL if none */
	char *identity;     /* digest of what everybody calls it, or NULL */
	char *notice;       /* what we show other bridges there, or NULL */
	bool announce;      /* it has changed */
	bool moded;         /* hosted: so have ch.modes */
	struct peer *peers; /* those who show one; standby.c */
	unsigned group;     /* 0: no other bridge joins it to any */
	char *why;          /* it was last left; NULL: never was */
	bool refused;       /* and that somebody wants it so */
	bool untried;       /* somebody asked for it; never entered since */
	char *password;     /* ch.password; owned */
	struct member *members;
	struct occ *occs;
	struct occ *todo; /* utlist: those with something to be done */
	struct outbox outbox;
	struct away away;
	struct bounds bounds;
	/* Direct rooms: when to forget it. Hosted: when to look if anybody
	 * is there. */
	struct timer idle;
	struct room *far;   /* hosted: the one that it stands for */
	int64_t portal;     /* hosted: number of its link in the store */
	struct member *due; /* hosted: utlist, those who are */
	bool vacant;        /* hosted: nobody was there at the last look */
	unsigned followed;  /* direct: it stays; see contact.c */
	char where[160];    /* "libera/#lobby", for the log */
	struct room *next_work;
	UT_hash_handle hh;      /* in the bridge, by ch.id */
	UT_hash_handle hh_name; /* direct, hosted: in the network, by name */
};

#define STANDBY_FORMERS 8
#define STANDBY_DISTRUSTED 8

/* A bridge that said that it carries a link, and did not. */
struct distrust {
	char bridge[NOTICE_ID_MAX + 1];
	int64_t until_ms, wait_ms;
};

/* What a link knows of other bridges that have it, too; see standby.c. */
struct standby {
	enum notice_state state;
	bool tried;   /* nobody was in our way, or their time is over */
	bool covered; /* everything is carried by others */
	bool failed;  /* they did not */
	int64_t covered_ms, grace_ms;
	size_t n_peers;                /* other bridges in all rooms */
	char other[NOTICE_ID_MAX + 1]; /* who carries it; "" if we do */
	struct distrust distrusted[STANDBY_DISTRUSTED];
	size_t next_distrusted;
	struct notice_link *formers; /* those that have gone; or NULL */
	size_t next_former;
	struct timer timer;
};

struct link {
	char *name;
	const struct conf_link *conf; /* NULL: a portal */
	const struct conf *of;        /* where conf is: one use; or NULL */
	struct bridge *bridge;        /* NULL while it has had no rooms */
	struct room **rooms;          /* each room is in one link */
	size_t n_rooms;
	struct fuse *fuse; /* NULL until something was said */
	bool marked;       /* a mark of another bridge was seen in it */
	bool portal;       /* made on demand, and in bridge->portals */
	struct link *prev, *next;
	struct standby standby;
};

/* ---- networks ---------------------------------------------------------- */

struct netlife {
	char *name; /* the label; outlives every net */
	struct network *net;
	const struct conf_network *conf;
	const struct conf *of; /* where conf is: one use */
	struct bridge *bridge;
	size_t place; /* in bridge->nets */
	bool retired; /* not configured any more: stays down */
	/* Of a host that is not configured; freed when nothing uses it. */
	bool demanded, written;
	unsigned uses;
	struct timer idle; /* until it is retired, unless it is used */
	/* What it becomes as soon as it is down, or NULL; with one use. */
	struct network *next;
	const struct conf_network *next_conf;
	const struct conf *next_of;
	bool wanted;
	unsigned failures;
	int64_t since_ms;       /* of the present state */
	int64_t lost_ms;        /* when it was last up; 0: never was */
	char *why;              /* it was last down; NULL: never was */
	bool refused;           /* and that the other side wants it so */
	unsigned complaints;    /* about being down, in the log */
	bool news;              /* the reason differs from the one before */
	bool heard;             /* it was up since it was last down */
	enum pressure pressure; /* as the adapter was told since it is up */
	struct timer retry;
	struct timer deadline; /* of starting or stopping */
	struct pup *pups;
	size_t n_counted; /* those for whom there is a limit */
	struct room *directs;
	struct room *hosted;
	int64_t receipt_ms; /* when the next may be told; moment.c */
};

/* How often each fence stopped something; see fence.c. */
struct fence_counts {
	uint64_t echoes, hops, copies, doubles, left;
};

enum bridge_state {
	BRIDGE_IDLE,
	BRIDGE_RUNNING,
	BRIDGE_STOPPING,
	BRIDGE_STOPPED,
};

struct bridge {
	struct media *media; /* or NULL; not ours */
	struct loop *loop;
	struct store *store;
	const struct conf *conf; /* one use */
	const struct protocol *const *protocols;
	struct reload *reload; /* on its way to disk, or NULL */
	int (*reloads)(void *arg, struct str *said);
	void *reloads_arg;
	enum bridge_state state;
	struct netlife **nets;
	size_t n_nets;
	struct link **links; /* of the configuration */
	size_t n_links;
	struct link *portals;     /* utlist */
	struct account *accounts; /* those that somebody uses; by key */
	struct secret *seal; /* key of their secrets; NULL: not needed yet */
	struct request *requests;     /* utlist */
	struct inviting *invitations; /* utlist; portal.c */
	struct follower *followers;   /* by key; contact.c */
	struct blocked *blocked;      /* by key; block.c */
	struct room *rooms;           /* those that have their number */
	struct room *work;            /* marked, newest last */
	struct room **work_end;
	struct bounce *bounces; /* utlist, oldest first */
	size_t n_bounces;
	bool work_deferred;
	bool tight;   /* the disk is full: take nothing */
	bool behind;  /* too much is on its way to disk */
	bool pressed; /* something changed: look who is to be told */
	int64_t last_event;
	int64_t last_network;     /* number of the newest */
	struct timer drain;       /* while the last lines are confirmed */
	int64_t started_ms;       /* 0 before bridge_start() */
	int64_t steady_offset_ms; /* steady.c's, from the monotonic clock */
	struct timer tick, prune;
	char id[24];      /* names this bridge in our message ids */
	char prefix[32];  /* how those begin */
	char puppets[32]; /* the notice of our puppets */
	struct fence_counts fences;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

/* link.c: rooms that belong together */

/* Of the configuration, without rooms. */
struct link *link_new(const struct conf_link *conf, const struct conf *of);

/* Made on demand, in bridge->portals, for that room. */
struct link *link_portal(struct room *room);

/* The same for one that was in a link of the configuration, and is in none:
 * it was to be left, and is entered anew. */
void link_become_portal(struct room *room);
void link_add(struct link *link, struct room *room);
void link_drop(struct link *link, struct room *room);

/* Its rooms are in no link then. Those of portals leave bridge->portals. */
void link_free(struct link *link);

/* A room of a link is to be as the configuration has it. */
void room_configure(struct room *room, const struct conf_member *conf);

/* A room of a portal is as no configuration has it: all crosses, both ways. */
void room_unconfigure(struct room *room);
struct room *link_room_new(struct bridge *bridge,
			   const struct conf_member *conf);

/* reload.c */
void reload_free(struct bridge *bridge);

/* bridge.c */
void bridge_mark(struct room *room);
void bridge_schedule(struct bridge *bridge); /* a pass, at least */

/* bounce.c: what is told where something was said */

/*
 * Tell the author of source, an event raised on home that was not taken, as
 * soon as that author can be reached there; forgotten if we end before.
 */
void bridge_bounce(struct netlife *home, struct event *source, const char *why);

/*
 * Tell the author of an event that was taken why it did not get to room. It
 * is remembered by that delivery, which was settled as owed.
 */
void bridge_owe(struct room *room, struct netlife *home, struct event *source,
		int64_t event, const char *why);

/* The private word source has arrived in room, and its author asked. */
void bridge_delivered(struct room *room, struct netlife *home,
		      struct event *source);

/* That there was nothing to keep: it is as good as kept. */
void bridge_accept(struct netlife *home, struct event *source);

/* memo.c: the same, once what is to be remembered with it is on disk. */
void memo_accept(struct netlife *home, struct event *source);

/* Tell those who can hear it. Calls hooks. */
void bounces_work(struct bridge *bridge);

/* Take up what is owed from before. */
void bounces_load(struct bridge *bridge);
void bounces_free(struct bridge *bridge);

struct netlife *bridge_net(struct bridge *bridge, const char *name);
struct room *bridge_room(struct bridge *bridge, int64_t id);

/* A network came down; the bridge may be waiting for that. */
void bridge_network_is_down(struct bridge *bridge);

/* network.c: the life of one network; network_start() once at the start */
void network_start(struct netlife *life);
void network_stop(struct netlife *life);

/* NULL and err: the network that a configuration asks for cannot be made. */
struct network *network_make(struct bridge *bridge,
			     const struct conf_network *conf,
			     struct error *err);

/* One more: net, which is now owned, made from conf, which is in of. */
struct netlife *network_add(struct bridge *bridge, struct network *net,
			    const struct conf_network *conf,
			    const struct conf *of);

/* Tell net what a bridge that knows its own identity tells its networks. */
void network_introduce(struct netlife *life, int64_t id);

/* It goes down, and comes up as net. Rooms and puppets stay with it. */
void network_replace(struct netlife *life, struct network *net,
		     const struct conf_network *conf, const struct conf *of);

/* It goes down and stays there. */
void network_retire(struct netlife *life);

/* demand.c: networks of hosts that are not configured */

/*
 * The network with that label. If there is none, and people may reach a host
 * of that name, it is made. NULL: there is none; why says so in words, or is
 * NULL if nothing more is to be said.
 */
struct netlife *network_demand(struct bridge *bridge, const char *label,
			       const char **why);

/* Something that belongs to it is about to be written down. Accepts NULL. */
void network_keep(struct netlife *life);

/*
 * Whoever keeps a pointer to a network beyond a turn of the loop counts as a
 * use of it; the bridge's own networks are never demanded. Both accept NULL.
 */
struct netlife *network_use(struct netlife *life);
void network_unuse(struct netlife *life);

/* network.c tells that it is down, or about to be freed. */
void demand_down(struct netlife *life);
void demand_stop(struct netlife *life);

/* Go on as conf has it. */
void demand_reload(struct bridge *bridge, const struct conf *conf);

/* All that it holds; rooms were freed before. */
void network_free(struct netlife *life);

/*
 * An operator does not want to wait: whatever waits for its time is tried at
 * once. Each tells how many it found; attempts are counted on.
 */
unsigned network_retry(struct netlife *life);
unsigned room_retry(struct room *room);
unsigned outbox_retry(struct room *room);

/* Also those that were refused. */
unsigned puppets_retry(struct room *room);

/* room.c: a channel's life */
struct room *room_new(struct bridge *bridge, struct netlife *life,
		      enum channel_kind kind, const char *name);
void room_free(struct room *room);

/* Leave it, if we are in. It is in no link any more, and is freed. */
void room_end(struct room *room);

/* Give it its number; from now on it can be found and worked on. */
void room_open(struct room *room, int64_t id);

/* What its state asks for. Hooks are called from here and nowhere else. */
void room_work(struct room *room);

/* The network went down, or the channel was lost. */
void room_lost(struct room *room);

/* The direct room of that person on that network; NULL if there is none. */
struct room *room_direct(struct netlife *life, const char *sender_id);
struct room *room_direct_open(struct netlife *life, const char *sender_id,
			      int64_t id);

/* prune.c: look, now and then, for what is older than conf->keep_s */
void prune_begin(struct bridge *bridge);
void prune_later(struct bridge *bridge, int64_t wait_ms);

/* account.c: gateway users and what they have set */

/* One use of that person's account, the caller's to give up again. */
struct account *account_use(struct netlife *home, const char *sender_id);

/* Accepts NULL. */
void account_unuse(struct account *account);

/* Whether what is said in that channel is kept for that person to read. */
bool account_records(struct netlife *home, const char *sender_id,
		     int64_t channel);

/* Whether that person stays in that channel when they leave its room. */
bool account_persists(struct netlife *home, const char *sender_id,
		      int64_t channel);

/* With what that person of home enters the channel of the hosted room with
 * that number: as they have set it, the caller's; or NULL. */
char *account_password(struct netlife *home, const char *sender_id,
		       int64_t channel);

/*
 * What the bridge itself keeps for an account, in the scope of a channel (its
 * number, times -1) under the setting's key; value NULL: nothing.
 */
const char *account_kept(const struct account *account, int64_t scope,
			 const struct setting *setting);
void account_keep(struct account *account, int64_t scope,
		  const struct setting *setting, const char *value);

/* resident.c: who stays in the channels of hosted rooms */

/* That person is in. */
void resident_review(struct room *room, const struct member *m);

/* That person has changed their mind about staying. */
void residents_review(struct netlife *home, const char *sender_id);

/* That person has left the room, or was thrown out. */
void resident_left(struct room *room, const struct event *part);

/* stay.c: when they were in rooms */

#define STAYS_READ 256

/* That person is in the channel that the room stands for, or not any more. */
void stay_changed(struct room *room, struct member *m, bool in);

/* A setting of that person is new. */
void stays_review(struct netlife *home, const char *sender_id);

/* The newest STAYS_READ stays, oldest first; how many, or -errno. */
struct stay;
int stays_read(struct netlife *home, const char *sender_id, int64_t channel,
	       struct stay *stays);

/* The channel that the network with accounts writes like that, or NULL. */
struct room *portal_far(struct netlife *life, const char *channel);

/* How far is has changed: so have the rooms that stand for it. */
void portal_moded(struct room *far);

/* The hosted room that stands for that channel of that network, or NULL. */
struct room *portal_find(struct netlife *home, const struct netlife *far,
			 const char *channel);

/* puppet.c: something that the owner of the account has set is new. */
void puppet_account_changed(struct netlife *life,
			    const struct account *account);

/* portal.c: hosted rooms, and what they stand for */

/* Those that were open when we went down come back. */
void portals_resume(struct bridge *bridge);
void portals_free(struct bridge *bridge);

/* Somebody has come into room: if its far end was refused, try again now. */
void portal_knocked(struct room *room);

/* Set what the listener is to enter far with. */
void portal_password(struct room *far);

/* Tell, by hooks, who is invited. */
void invitations_work(struct bridge *bridge);

/* How that person of home fares in room may have changed. */
void standing_changed(struct room *room, struct netlife *home,
		      const char *sender_id);

/* The same for everybody who is shown in room. */
void standings_changed(struct room *room);

/* Why that person may say nothing in room; NULL: there is no reason. */
const char *portal_objection(struct room *room, const char *sender_id);

/* Tell the adapter of a hosted room what has changed for those in it. */
void standings_work(struct room *room);

/* listener.c: whether our own connection is where others hear, too */

/* It may have become superfluous. */
void listener_work(struct room *room);

/*
 * True if it can say something now; else it was called, or (*why not NULL, and
 * valid until the next turn) cannot come.
 */
bool listener_speaks(struct room *room, const char **why);

/* True if that occupant may leave; else it was called, and
 * puppets_leaving() follows. */
bool listener_lets_go(const struct occ *occ);

/* That occupant is about to have this state. */
void listener_heard_by(struct occ *occ, enum occupant_state state);

/* The room was entered, or lost, or is about to be freed. */
void listener_entered(struct room *room);
void listener_lost(struct room *room);

/* member.c: who is in a room */
struct member *member_find(struct room *room, const char *sender_id);

/* Note what ev tells of its sender; NULL if that person is not here. */
struct member *member_see(struct room *room, const struct event *ev);
void member_gone(struct room *room, const char *sender_id);

/* That one was split away: gone, if not heard of again for a while. */
void member_split(struct room *room, const char *sender_id);

/* In a hosted room: that person is to be told how things are. */
void member_due(struct room *room, struct member *m);
void member_update(struct room *room, const struct event *ev);

/* Show everybody of the other rooms of its link in room, which is new. */
void members_show_in(struct room *room);
void members_doubt(struct room *room);
void members_prune(struct room *room);
void members_clear(struct room *room);

/* What is shown of them elsewhere may have changed. */
void members_resync(struct room *room);

/* puppet.c: who is shown where */

/*
 * Make what is shown in room of the person sender_id of home agree with where
 * that person is now. speaking: there is something to say.
 */
void puppet_sync(struct room *room, struct netlife *home, const char *sender_id,
		 bool speaking);

/* That person leaves: in room, too, it is to be with these words. */
void puppet_farewell(struct room *room, struct netlife *home,
		     const struct event *part, const char *words);

/* The occupant that speaks for sender in room; NULL: nobody does. */
struct occ *puppet_speaker(struct room *room, struct netlife *home,
			   const char *sender_id);

/* A puppet for a private word, whoever is where; NULL if there is no room. */
struct occ *puppet_direct(struct room *room, struct netlife *home,
			  const struct event *ev);

/* The same without anybody making room, or a connection, for it. */
struct occ *puppet_attend(struct room *room, struct netlife *home,
			  const struct event *ev);

/* Something that the hook is to be told of: enum puppet_change. */
void puppet_tell(struct occ *occ, unsigned changes);

/* The same where nothing is to be said. */
void puppet_stand(struct room *room, struct netlife *home,
		  const struct sender *sender);

/* One thing more, or less, waits for this occupant's voice. */
void puppet_queued(struct occ *occ);
void puppet_unqueued(struct occ *occ);

/* Who is shown there, and under what name, may be decided otherwise now. */
void puppets_review(struct room *room);

/* The network that puppets are shown on is another object now. */
void puppets_moved(struct netlife *life);

/* Call the hooks that the occupants of a joined room wait for. */
void puppets_work(struct room *room);

/* Everybody leaves; nothing may wait to be said. */
void puppets_leave(struct room *room);

/* Look again at those who are to leave. */
void puppets_leaving(struct room *room);

/* The room is left: nobody of ours is in it. */
void puppets_lost(struct room *room);

/* Free the room's occupants, and the puppets that were nowhere else. */
void puppets_free(struct room *room);

/* The puppet on life of that person of home, or NULL. */
struct pup *pup_find(struct netlife *life, const struct netlife *home,
		     const char *sender_id);

/* There is something to do for that occupant. */
void occ_mark(struct occ *occ);

/* outbox.c: what is to be said */
void outbox_push(struct room *room, struct event *source, int64_t event,
		 struct netlife *home);
void outbox_work(struct room *room);

/*
 * Another bridge said that event there, under that id or NULL. Nothing is left
 * to do, unless it is being said.
 */
void outbox_seen(struct room *room, int64_t event, const char *id);

/* True if that topic is on the wire. */
bool outbox_says_topic(const struct room *room, const char *topic);

/* The item of that event that is in memory, or NULL. */
const struct item *outbox_find(const struct room *room, int64_t event);

/* Everything in flight is to be sent again. */
void outbox_lost(struct room *room);

/* Rows of the queue were changed on disk: look at those in memory anew. */
void outbox_reread(struct room *room);

/* bounds.c: how much may wait */

/* No room for so many bytes; the operator is told. */
bool bounds_full(struct room *room, size_t bytes);

/* On its way to disk; there, with the number of its event, or, if that is 0,
 * not kept (accepts NULL); at its end. */
void bounds_coming(struct room *room, size_t bytes);
void bounds_landed(struct room *room, size_t bytes, int64_t event);
void bounds_left(struct room *room, size_t bytes);

/* Count anew what is on disk. */
void bounds_load(struct room *room);

/* Something was handed to the store, or is done: does it keep pace? */
void bounds_pace(struct bridge *bridge);

/* What the adapters are to be told may have changed; tell them, by hooks. */
void bounds_pressed(struct bridge *bridge);
void bounds_work(struct bridge *bridge);

/* fold.c: long queues after long outages */

/* The room was joined: make short what waits for it, if that is needed. */
void fold_begin(struct room *room);

/* The line that stands for those that were skipped. One reference. */
struct event *fold_line(const struct item *item);

/* away.c: those who write to a room that is away are told */

/* That event waits for room, which is not joined. */
void away_waits(struct room *room, const struct event *source);

/* It is joined. */
void away_joined(struct room *room);

/* Something was delivered, or nothing waits any more: it is back. */
void away_ended(struct room *room);

/* Take up what an earlier run has told. */
void away_load(struct room *room);
void away_free(struct room *room);
void outbox_free(struct room *room);

/* archive.c: events to and from the store's rows */
struct event *archive_load(struct db *db, int64_t event, int64_t *steady_ms);

/* The first id by which the event goes in the channel, or NULL; to be freed. */
char *archive_first_id(struct db *db, int64_t event, int64_t channel);

/* The label of the network that the channel belongs to; NULL; to be freed. */
char *archive_network(struct db *db, int64_t channel);

/*
 * Fill in what an item refers to, in the ids of the room it goes to. Returns
 * the number of the event that it refers to and that is still on its way to
 * the same room, or 0.
 */
struct fallback;
int64_t archive_resolve(struct item *item, const struct event *ev,
			struct fallback *how);

/*
 * If an item withdraws a reaction: that one, removed, in the words of those
 * who remove marks. One reference, the caller's; or NULL.
 */
struct event *archive_unmark(struct item *item);
void archive_resolve_clear(struct fallback *how);

/* fence.c: what must not be carried a second time */

/* True if ev is such a thing: then it is as good as kept. */
bool fence_stops(struct room *from, struct event *ev);

/* True if the store is to be asked whether it knows ev by its origin. */
bool fence_asks_store(const struct room *from, const struct event *ev);

/* Give ev, event number so-and-so, an origin if it has none. */
void fence_name(struct room *from, struct event *ev, int64_t number);

/* The network is up: learn what everybody calls the room. */
void fence_identify(struct room *room);

/* standby.c: other bridges on the same link */

/* Something changed that others, or we, should go by. */
void standby_review(struct link *link);

/* The room is lost: nobody is seen there any more. */
void standby_lost(struct room *room);

/* The room is about to be freed; or the link, and its rooms were. */
void standby_forget(struct room *room);
void standby_free(struct link *link);

/* True if another bridge carries what is said in one room to the other. */
bool standby_covers(const struct room *from, const struct room *to);

/* True if another bridge is in one of the link's rooms. */
bool standby_has_peers(const struct link *link);

/* True if the bridge that brought ev to one room brought it to the other. */
bool standby_has_it(struct room *from, const struct room *to,
		    const struct event *ev);

/* True if that member is another bridge, or shown by it in the other room. */
bool standby_hides(struct room *from, const struct room *to, const char *who);

/* Until when the item is to wait for another bridge to say it; 0: it is not. */
int64_t standby_hold_ms(const struct item *item);

/* It waited in vain. */
void standby_failed(const struct item *item);

/* intake.c: what adapters raise */
void intake_event(struct netlife *life, struct event *ev);

/*
 * The bridge itself has something to say about the room from, in the room to:
 * kept, and said there as soon as that is possible.
 */
void intake_say(struct room *from, struct room *to, const char *text);

/* True if the bridge itself said it: there is no author to be told. */
bool event_is_own(const struct event *ev);

/* The topic that the room has now, here and on disk. */
void topic_remember(struct room *room, const char *topic);

/* command.c: what people ask of us */

/* Run what was asked for, and tell what was answered. Calls hooks. */
void commands_work(struct bridge *bridge);

/* The network came down: what it runs is not answered any more. */
void commands_lost(struct netlife *life);
void commands_free(struct bridge *bridge);

/* A command of the core's own. */
struct own_command {
	struct command command;
	void (*run)(struct bridge *bridge, struct request *r);
	/* Optional: false where there is nothing to do. */
	bool (*offered)(struct bridge *bridge,
			const struct command_place *place);
};

/* operate.c: those; the one without a name ends them. */
extern const struct own_command own_commands[];

/* contact.c: who follows whom */

/* Tell, by hooks, what has changed. */
void contacts_work(struct bridge *bridge);

/* That person has a connection less, and may have another. */
void contacts_review(struct netlife *home, const char *follower);

/* That person blocks somebody, or does not any more. */
void contacts_blocked(struct netlife *home, const char *follower,
		      const struct address *person);

/* The network came up, or down. */
void contacts_moved(struct netlife *life);

/* The network that people are watched on is another object now. */
void contacts_renetworked(struct netlife *life);

/* Take up what is on disk. */
void contacts_load(struct bridge *bridge);

/* block.c: whom users do not want to hear */
void blocks_load(struct bridge *bridge);
void blocks_free(struct bridge *bridge);
void contacts_free(struct bridge *bridge);

/* moment.c: who is writing, and how far somebody has read */

/* An EVENT_TYPING or EVENT_RECEIPT in a room; to one person. */
void moment_event(struct room *room, const struct event *ev);
void moment_direct(struct netlife *life, const struct event *ev);

/* What it was writing is said. Accepts NULL. */
void moment_said(struct moment *m);

/* Its occupant is about to be freed. Accepts NULL. */
void moment_free(struct moment *m);

/* direct.c: private words */
void direct_event(struct netlife *life, struct event *ev);

#endif
