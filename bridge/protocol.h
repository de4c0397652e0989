/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_PROTOCOL_H
#define BRIDGE_PROTOCOL_H

/*
 * The contract between the bridge and one protocol.
 *
 * Calls cross this line in two directions and nowhere else:
 *
 *     bridge  --- struct protocol_ops --->  adapter     "please do"
 *     bridge  <--- bridge_*() ------------  adapter     "this happened"
 *
 * An adapter never sees another adapter, the database or the router. What it
 * may include is listed in tests/lint/layers.py, which is a test.
 *
 * Everything runs on the one loop thread. No hook may block. A hook may call
 * bridge_*() before it returns; the bridge never calls a hook from inside
 * bridge_*() - it queues the work for the next turn of the loop. So no call
 * is ever re-entered, and no object vanishes under a running hook.
 *
 * A network walks this circle; the arrows say who moves it:
 *
 *              start() hook
 *      DOWN ------------------> STARTING
 *        ^                          |  bridge_network_up()
 *        |                          v
 *     STOPPING <---------------    UP
 *              stop() hook
 *
 *     bridge_network_down() leads to DOWN from every other state.
 *
 * After an unasked-for DOWN the bridge waits, with back-off, and calls start()
 * again. Adapters never retry the connection of a network on their own.
 * (Connections of single puppets are the adapter's affair; see below.)
 *
 * Joining. join() asks for a channel. The adapter enters it, then reports who
 * is there as EVENT_JOIN with EVENT_BACKLOG, one each, then the topic as
 * EVENT_TOPIC with EVENT_BACKLOG if it has one, and likewise its name and
 * picture where it tells them, "" for none, then bridge_joined(). Who was
 * known before and is not in that snapshot is gone. bridge_left() says that
 * the channel was lost (or could not be entered); the bridge calls join()
 * again, with back-off, for as long as it wants the channel. When the network
 * goes down every channel of it is left without further calls.
 *
 * Catching up. Before join() the bridge sets channel->cursor to the cursor of
 * the newest event that was kept from there, or NULL. Between join() and
 * bridge_joined() the adapter raises what was said since, oldest first, with
 * EVENT_LATE and the time at which it was said; what is said live meanwhile
 * comes after it. What was kept already is recognised by its key; our own
 * words must be left out; bridge_awaits() tells whether one of them is still
 * to be confirmed, and while such a one is at hand, no event may carry a
 * cursor: the next catch-up could not find it again. Where nothing can be
 * fetched the adapter may say so with bridge_gap(), once, right before
 * bridge_joined().
 *
 * Members. Everybody who is in a channel and is not us is reported by
 * EVENT_JOIN, EVENT_PART, EVENT_RENAME and EVENT_PRESENCE. "Us" is the
 * listener and every puppet; an adapter must never report its own echo.
 *
 * Notices. Where bridges of this kind can see each other without people seeing
 * it, the listener shows channel->notice in the channel, and its puppets show
 * network->puppet_notice. What somebody there shows is reported, before
 * EVENT_JOIN, by bridge_noticed(), as it stands: nobody vouches for it.
 *
 * Puppets. A puppet is one remote person shown on one network. An occupant is
 * a puppet in one channel. puppet_join() asks the adapter to bring it in,
 * under a name as near to occupant->want as the network allows; the adapter
 * answers with bridge_puppet_joined() and the name it got, or with
 * bridge_puppet_left() and why not. After that the adapter keeps the puppet
 * there, reconnecting its connection if it has one, until puppet_leave(). It
 * reports every change of the shown name with bridge_puppet_renamed(). Where
 * many come at once it brings in first who is awaited, and the others at a
 * pace that leaves the network room for what is said. When
 * the channel is left, or the network goes down, every occupant in it is
 * absent without further calls.
 *
 * Hosted rooms. With CAN_HOST the adapter is itself the service of the rooms
 * on its addresses (CHANNEL_HOSTED). Such a room stands for a channel of
 * another network: the two are a portal, a link made on demand. When somebody
 * knocks whose room is not there, the adapter asks for it by bridge_portal();
 * then join() comes for it as for every channel, and ends in bridge_joined()
 * at once: nobody is in it but who comes. Whoever enters is reported by
 * EVENT_JOIN with EVENT_GATEWAY, under the name asked for and with the
 * password given, and has come in only when standing() says OCCUPANT_JOINED:
 * until then, and whenever it says anything else, that person is shown
 * nothing of what is said there. Everybody of elsewhere is an occupant, and
 * puppet_join() cannot fail. What somebody says in the room is shown in it by
 * the adapter when it is accepted(); event->number is then its number, stable
 * and growing.
 *
 * Residents. Users may want to stay in a channel while they have nobody in the
 * room ("persistent"). So before it reports that one has left, the adapter asks
 * bridge_stays(), and if so keeps that person: shown to others as away, and
 * without anybody to hear. It asks again at every standing(). After join() it
 * brings back all whom bridge_residents() tells, by EVENT_JOIN as ever.
 *
 * Portals. The other end of a hosted room is a channel with portal set. The
 * listener has no business there: join() ends in bridge_joined() at once, and
 * what is said and who is there is heard through one of the puppets in it,
 * chosen by the adapter, which tells its first list of names, and its topic,
 * as EVENT_JOIN and EVENT_TOPIC with EVENT_BACKLOG before that puppet's
 * bridge_puppet_joined(), and later lists as the difference. When the last one
 * has left, the adapter reports everybody gone. Puppets with an account are
 * connections of their own, made with that account's settings, and are no
 * part of limits.puppets.
 *
 * Listeners. In a channel of a configured link the listener is from join() to
 * leave(). Where limits.listener_ms is set it need not be: step_out() asks that
 * it leave while puppets with an account are in there, one of which, chosen by
 * the adapter, hears instead; step_in() that it come back, which ends in
 * bridge_stepped_in() or bridge_kept_out(). Deliveries without a speaker are
 * only handed over while it is in, and the last such puppet is taken out only
 * when it is, or cannot come. No change of who hears loses a line or tells one
 * twice. If all who hear are cut off, the channel is lost: bridge_left().
 *
 * Visits. Networks that show people without connections of their own (CAN_VISIT
 * instead of CAN_ACCOUNT) are the other end of hosted rooms as they are of any
 * link: portal is not set, the listener enters, with channel->password, and
 * users of a gateway are puppets like all others. Whoever knocks at a room that
 * the listener cannot enter is refused for the same reason.
 *
 * Deliveries. send() hands over one delivery; up to channel->limits.window of
 * them per channel may be unsettled at a time. They are to appear in the
 * channel in the order of the send() calls. Each is settled exactly once:
 *
 *     bridge_sent()     it is there; with the id or ids it has there
 *     bridge_refused()  it never will be; with a reason its author can read
 *     bridge_later()    not now; nothing of it was shown, as far as we know
 *
 * bridge_later() gives back that delivery and obliges the adapter to give
 * back every later one of the same channel that it still holds, so that order
 * can be kept. bridge_network_down() and bridge_left() give back everything
 * that is unsettled, without further calls.
 *
 * Moments. That somebody is writing something (EVENT_TYPING) and how far they
 * have read (EVENT_RECEIPT) is worth something only now, and is no delivery:
 * it is shown by the person's own occupant, if that is in, and otherwise by
 * nobody; occupant->typing and ->read are how things stand, the latest only,
 * and puppet_update() comes at a pace when they change. Nothing is told back.
 * In private (CHANNEL_DIRECT) it is the same. A network whose people, or
 * servers, forget who is writing says after how long in its limits.
 *
 * Memos. What an adapter must know again after a restart beside what was said
 * (how a value was that it showed last, whether an alarm is on) it hands over
 * as memos: texts of its own, by scope and key, with an event
 * (event_add_memo()) or alone (bridge_remember()). It reads them by
 * bridge_memos() when it begins, and forgets those that it no longer needs,
 * so that there is a bound to them.
 *
 * Contacts and commands have a header each: bridge/contact.h, command.h.
 */

#include "bridge/command.h"
#include "bridge/contact.h"
#include "bridge/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf_network;
struct conf_member;
struct error;
struct loop;
struct media;
struct network;
struct secret;
struct setting;
struct str;

/* What a network or channel can show natively; the rest is rendered as text. */
enum capability {
	CAN_EDIT = 1 << 0,
	CAN_REDACT = 1 << 1, /* what the same person said; see CAN_MODERATE */
	CAN_REACT = 1 << 2,
	CAN_REPLY = 1 << 3,
	CAN_TOPIC = 1 << 4,
	CAN_TYPING = 1 << 5,
	CAN_RECEIPT = 1 << 6,
	CAN_PRESENCE = 1 << 7,
	CAN_STYLE = 1 << 8,     /* spans */
	CAN_MULTILINE = 1 << 9, /* LF inside one message */
	CAN_ATTACH = 1 << 10,
	CAN_PUPPET = 1 << 11, /* speaks under each sender's own name */
	CAN_DIRECT = 1 << 12, /* private messages to and from puppets */
	CAN_NOTICE = 1 << 13, /* has a form for EVENT_NOTICE */
	/* Names belong to rooms, so that a person of this network can have a
	 * puppet in another room of it. Elsewhere that person is relayed. */
	CAN_PUPPET_OWN = 1 << 14,
	CAN_DELAY = 1 << 15, /* shows when a late message was said */
	CAN_HOST = 1 << 16,  /* is the service of rooms of its own */
	/* Connects people under their own settings; see "Portals". */
	CAN_ACCOUNT = 1 << 17,
	/* Tells how reachable single people are; bridge/contact.h. */
	CAN_CONTACT = 1 << 18,
	/* Tells beside the words who said them, also without a puppet. */
	CAN_AUTHOR = 1 << 19,
	/* With CAN_REDACT: somebody may take back what others said. */
	CAN_MODERATE = 1 << 20,
	/* Shows a gateway's users as puppets; see "Visits". */
	CAN_VISIT = 1 << 21,
	/* Has a name or a picture for all of the channel. */
	CAN_NAME = 1 << 22,
	CAN_PICTURE = 1 << 23,
};

struct limits {
	size_t text_max;        /* bytes of one message; 0 = no limit */
	unsigned window;        /* unsettled deliveries per channel; >= 1 */
	unsigned lines_max;     /* lines of one message; 0 = no limit */
	unsigned puppets;       /* on this network; 0 = no limit */
	int64_t puppet_wait_ms; /* how long a line waits for its puppet */
	int64_t puppet_idle_ms; /* quiet time before it may make room */
	/* Networks to which one of its people may be connected on their own
	 * account, for contacts; 0 = no limit. */
	unsigned connections;
	/* The listener leaves where others hear when it had nothing to do
	 * there for so long; 0: never. See "Listeners". */
	int64_t listener_ms;
	/* Who is writing here is so for this long, if not told again; and so
	 * often we must tell again that somebody is. 0: until told. */
	int64_t typing_lasts_ms, typing_again_ms;
};

enum channel_kind {
	CHANNEL_ROOM,   /* name: the room as the network writes it */
	CHANNEL_DIRECT, /* name: sender id of the one person at the far end */
	CHANNEL_HOSTED, /* name: its address, which is one of ours */
};

/* Why an occupant, or the listener, is not in, for programs; the words say
 * more. */
enum refusal {
	REFUSAL_OTHER,
	REFUSAL_NAME_TAKEN,
	REFUSAL_NAME_INVALID,
	REFUSAL_BANNED,
	REFUSAL_PASSWORD, /* none given, or the wrong one */
	REFUSAL_INVITED_ONLY,
	REFUSAL_FULL,
	REFUSAL_REGISTERED_ONLY,
	REFUSAL_NO_CHANNEL, /* there is none, or none of that name can be */
	REFUSAL_LOGIN,      /* the account's credentials */
	REFUSAL_KICKED,
};

/* How a channel is, for everybody; of a hosted room, how the channel is that it
 * stands for. */
enum channel_mode {
	CHANNEL_MODES_KNOWN = 1 << 0, /* else nothing is */
	CHANNEL_MODERATED = 1 << 1,   /* only who has a rank is heard */
	CHANNEL_INVITED_ONLY = 1 << 2,
	CHANNEL_HAS_PASSWORD = 1 << 3,
	CHANNEL_HAS_LIMIT = 1 << 4,
	CHANNEL_SECRET = 1 << 5,     /* in no list */
	CHANNEL_TOPIC_LOCK = 1 << 6, /* changed by who has a rank */
};

/* A MUC, an IRC channel, a topic tree, or a conversation with one person. */
struct channel {
	int64_t id; /* stable across restarts */
	enum channel_kind kind;
	struct network *network;
	const char *name;
	const struct conf_member *conf; /* as configured; NULL if direct */
	unsigned caps;        /* enum capability; the adapter may narrow it */
	struct limits limits; /* the adapter may narrow them */
	bool joined;
	unsigned modes;     /* enum channel_mode; see bridge_moded() */
	bool portal;        /* heard through the puppets in it; see "Portals" */
	const char *cursor; /* where to go on; see "Catching up" */
	/*
	 * What to show other bridges in that channel, in a way that people do
	 * not see; NULL: nothing. May change while joined; see announce().
	 */
	const char *notice;
	/* Until when an earlier connection is known to have been up (UTC), or
	 * 0. Set by the bridge before join(). */
	int64_t heard_ms;
	/* With CAN_VISIT: to enter with, or NULL; of who knocked. Set by the
	 * bridge before join(). */
	const char *password;
	/* Why it cannot be entered; set by the adapter before bridge_left(). */
	enum refusal refusal;
	void *data; /* the adapter's own */
};

/* A gateway user's. */
struct account;

/* One remote person, shown on one network. */
struct puppet {
	int64_t id;                  /* stable across restarts */
	struct network *network;     /* where it is shown */
	const char *origin;          /* label of the network it comes from */
	const struct sender *sender; /* who it is there; current name */
	const char *native; /* the name it had here last time, or NULL */
	enum presence_show show;
	const char *status;            /* "" if none */
	const struct account *account; /* of a gateway user, else NULL */
	void *data;                    /* the adapter's own */
};

enum occupant_state {
	OCCUPANT_ABSENT,
	OCCUPANT_JOINING, /* puppet_join() was called */
	OCCUPANT_JOINED,
	OCCUPANT_REFUSED, /* may not come in; spoken for by the listener */
};

/*
 * A puppet in one channel. In a CHANNEL_DIRECT it is the puppet that speaks
 * to the person at the far end; joining then means being able to.
 */
struct occupant {
	struct puppet *puppet;
	struct channel *channel;
	enum occupant_state state;
	const char *want;     /* name to ask for, from the nick template */
	char *name;           /* name it has, once joined */
	const char *password; /* to enter with, or NULL */
	bool awaited;         /* something that it is to say waits for it */
	/* In a hosted room: what this person may do in the channel that it
	 * stands for. In that channel: what the puppet of a gateway user may
	 * do; set by the adapter, see bridge_puppet_ranked(). */
	enum rank rank;
	/* Why it is out; set by the adapter before bridge_puppet_left(). */
	enum refusal refusal;
	bool typing;      /* is writing something here; see "Moments" */
	const char *read; /* id here of what was read last; NULL: not known */
	/* In a hosted room, at puppet_leave(): how it left the channel, and
	 * who threw it out, or NULL. */
	enum part_kind part;
	const char *actor;
	void *data; /* the adapter's own */
};

/* How somebody in a hosted room fares in the channel that it stands for. */
struct standing {
	enum occupant_state state;
	const char *name; /* by which that person goes there; NULL: not in */
	enum refusal refusal;
	const char *why; /* not in, in words; or NULL */
	enum rank rank;  /* in: what that person may do there */
	/* In: what is said there is kept for them; bridge_archive(). */
	bool recorded;
};

/* What puppet_update() is about. */
enum puppet_change {
	/* Something that the account's owner has set; of every occupant. */
	PUPPET_ACCOUNT = 1 << 2,
	PUPPET_RANK = 1 << 3, /* occupant->rank */
	/* If it is still joining, again when it has joined: */
	PUPPET_NAME = 1 << 0,   /* occupant->want */
	PUPPET_STATUS = 1 << 1, /* puppet->show, puppet->status */
	PUPPET_AVATAR = 1 << 4, /* puppet->sender->avatar */
	/* Only once it has joined: */
	PUPPET_TYPING = 1 << 5, /* occupant->typing */
	PUPPET_READ = 1 << 6,   /* occupant->read */
	/* Only while it is joining: occupant->awaited is true now. */
	PUPPET_AWAITED = 1 << 7,
};

/*
 * One event on its way to one channel. The bridge owns it. The adapter that
 * received it through send() must settle it exactly once, see above; then,
 * or when it was given back, the pointer is dead.
 */
struct delivery {
	const struct event *event; /* already cut down to channel->caps */
	struct channel *channel;
	struct occupant *speaker; /* joined; NULL: the network's own voice */
	const char *id;     /* ours; unique, stable over retries, [a-z0-9-] */
	const char *target; /* event->target in this network's ids, or NULL */
	const char *parent; /* event->parent likewise */
	/* What it is to carry in band, where people do not see it, if the
	 * network has a place for that; NULL: nothing. bridge/origin.h. */
	const char *origin;
	/* Where event->sender said it: label of that network, and what that
	 * person may do there, now, and as whom the network vouches for them,
	 * or NULL. network NULL: the bridge itself says it. */
	const char *network;
	const char *account;
	enum rank rank;
	unsigned attempt; /* 1 on the first try */
	void *data;       /* the adapter's own; NULL when handed over */
};

/* Why no more should be taken for now. */
enum pressure {
	PRESSURE_NONE,
	/* Everywhere that this network's words lead, too much waits. */
	PRESSURE_QUEUES,
	/* The disk is full, or slower than what comes in. */
	PRESSURE_STORE,
};

struct protocol_ops {
	/*
	 * Create one configured network. The configuration was checked; it
	 * outlives the network. Return NULL and set err if it still makes no
	 * sense. No I/O.
	 */
	struct network *(*create)(const struct conf_network *conf,
				  struct loop *loop, struct error *err);

	/* Release it. Only ever called in DOWN. */
	void (*destroy)(struct network *net);

	/* Begin connecting. Ends in bridge_network_up() or _down(). */
	void (*start)(struct network *net);

	/*
	 * Begin leaving: say goodbye, but wait no longer than a second for
	 * it. Ends in bridge_network_down(). May be called in STARTING or UP.
	 */
	void (*stop)(struct network *net);

	/* Enter or leave a channel. Only called while UP. Rooms only. */
	void (*join)(struct network *net, struct channel *ch);
	void (*leave)(struct network *net, struct channel *ch);

	/*
	 * With limits.listener_ms, both: the listener is to be in that channel
	 * once more, or not; see "Listeners". Only called while UP and joined.
	 */
	void (*step_in)(struct network *net, struct channel *ch);
	void (*step_out)(struct network *net, struct channel *ch);

	/* Put one delivery on the wire. Only called while UP and joined. */
	void (*send)(struct network *net, struct delivery *d);

	/*
	 * Optional. False if ev, which was said elsewhere in the link, is none
	 * of that channel's business: it is then neither kept for it nor sent.
	 * Called in any state, before anything of ev is on disk; only what the
	 * configuration says may decide.
	 */
	bool (*wants)(struct network *net, const struct channel *ch,
		      const struct event *ev);

	/*
	 * With CAN_PUPPET, all three. Only called while UP and, for rooms,
	 * joined. After puppet_leave() returns the occupant is dead: the
	 * adapter keeps no pointer to it; nothing is reported back.
	 */
	void (*puppet_join)(struct network *net, struct occupant *o);
	void (*puppet_leave)(struct network *net, struct occupant *o,
			     const char *reason);
	void (*puppet_update)(struct network *net, struct occupant *o,
			      unsigned changes);

	/* Optional: a channel is about to be freed; drop channel->data. */
	void (*forget)(struct network *net, struct channel *ch);

	/*
	 * Optional. The event that this adapter raised is on disk, or was
	 * known already: now its source may be told that we have it. Called
	 * for durable events only, also while DOWN.
	 */
	void (*accepted)(struct network *net, const struct event *ev);

	/*
	 * With bridge_remember(): all that came with that ticket is on disk
	 * (ok), or could not be written. Also called while DOWN.
	 */
	void (*remembered)(struct network *net, uint64_t ticket, bool ok);

	/*
	 * Optional: a user of the gateway, by sender id, is invited into that
	 * channel of the network with that label. Only called while UP.
	 */
	void (*invited)(struct network *net, const char *sender_id,
			const char *network, const char *channel,
			const char *by);

	/*
	 * Optional. Tell the author of ev, an event that this adapter raised
	 * in ch, why it did not get through. ch is NULL if a direct message
	 * found no way at all. Called only while UP.
	 */
	void (*bounce)(struct network *net, struct channel *ch,
		       const struct event *ev, const char *why);

	/*
	 * Optional. ev, a private word that this adapter raised with
	 * EVENT_ASKED, has been confirmed by the network that it was for.
	 * Called only while UP, and not after a restart.
	 */
	void (*delivered)(struct network *net, const struct event *ev);

	/*
	 * With CAN_ACCOUNT or CAN_VISIT. Write into name how this network
	 * writes the channel that somebody on another network called text, the
	 * same for all ways to write it; false if no channel can have that
	 * name.
	 */
	bool (*channel_name)(struct network *net, const char *text, char *name,
			     size_t size);

	/*
	 * Optional, with CAN_ACCOUNT: end that person's connection at once,
	 * with these words; what was on it is refused as REFUSAL_KICKED.
	 */
	void (*expel)(struct network *net, const char *origin,
		      const char *sender_id, const char *words);

	/*
	 * Optional, with CAN_ACCOUNT. NULL, or in words why the operator of
	 * this network does not let its users set that; value NULL: to
	 * anything at all. Called in any state.
	 */
	const char *(*may_set)(struct network *net,
			       const struct setting *setting,
			       const char *value);

	/*
	 * With CAN_HOST: somebody who is in the hosted room, by sender id,
	 * fares like this now. Also called when nothing has changed.
	 */
	void (*standing)(struct network *net, struct channel *ch,
			 const char *sender_id, const struct standing *s);

	/* Optional, with CAN_HOST: ch->modes of that room is another. Only
	 * called while joined. */
	void (*moded)(struct network *net, struct channel *ch);

	/*
	 * Optional: take less, or (PRESSURE_NONE) as before; only called when
	 * it changes, while UP; a new connection begins without pressure. For
	 * networks that keep for us what we do not take: a homeserver that is
	 * answered 503, a broker whose messages are not acknowledged. Not for
	 * XMPP and IRC: there, what we do not read is not kept but ends the
	 * connection, and the same socket brings the confirmations by which a
	 * queue gets shorter. Whatever is raised nevertheless is taken as
	 * long as there is room, and then refused to its author.
	 */
	void (*pressure)(struct network *net, enum pressure why);

	/*
	 * With CAN_DIRECT. Write into id the canonical sender id of the
	 * person that somebody on another network called text, or return
	 * false if nobody here can have that name. Need not be online.
	 */
	bool (*resolve)(struct network *net, const char *text, char *id,
			size_t size);

	/*
	 * Optional. Append what everybody calls that room, whichever server
	 * they ask and however they write it, and nobody any other room:
	 * "xmpp:room@conference.example.org". Only called while UP.
	 */
	void (*identify)(struct network *net, const struct channel *ch,
			 struct str *out);

	/* Optional. ch->notice has changed. Only called while joined. */
	void (*announce)(struct network *net, struct channel *ch);

	/*
	 * With CAN_CONTACT: begin or end to tell, by bridge_contact(), how
	 * reachable that person is. Only called while UP; when the network
	 * goes down nobody is watched, without further calls.
	 */
	void (*watch)(struct network *net, struct contact *contact);
	void (*unwatch)(struct network *net, struct contact *contact);

	/*
	 * For networks that call bridge_follow(): whom follower (a sender id)
	 * follows is like this now. Only called while UP.
	 */
	void (*contact)(struct network *net, const char *follower,
			const struct address *person,
			const struct availability *a);

	/*
	 * With protocol.commands or each_command(): run one. The adapter
	 * answers once, now or later; when the network goes down it forgets
	 * those that it has not answered. Called in any state.
	 */
	void (*command)(struct network *net, struct request *r);

	/*
	 * Optional: calls fn for each command of that place, which is of this
	 * network, that there is beside those of protocol.commands. What fn
	 * gets is borrowed, and may be gone when command() is called.
	 */
	void (*each_command)(struct network *net,
			     const struct command_place *place,
			     void (*fn)(void *arg,
					const struct command *command),
			     void *arg);

	/* Optional. False: that command is not offered here at all. */
	bool (*offers)(struct network *net, const struct command *command,
		       const struct command_place *place);
};

/* Something that a gateway user may set for a network. */
struct setting {
	const char *key;
	enum setting_kind kind;
	const char *label; /* for a form */
	const char *doc;   /* one sentence */
	/* NULL, or in words why the value cannot be; may be NULL itself. */
	const char *(*refuse)(const char *value);
	/* With SETTING_CHOICE; the one without a value ends them. */
	const struct choice *choices;
	bool hidden; /* in no form: the adapter itself sets it */
};

struct protocol {
	const char *name; /* as written in the configuration */
	unsigned caps;
	struct limits limits;
	struct protocol_ops ops;
	/* With CAN_ACCOUNT; the one without a key ends them. */
	const struct setting *settings;
	/* Or NULL; the one without a name ends them. */
	const struct command *commands;
};

enum network_state {
	NETWORK_DOWN,
	NETWORK_STARTING,
	NETWORK_UP,
	NETWORK_STOPPING,
};

/* Whose fault it was decides how long the bridge waits before it retries. */
enum down_reason {
	DOWN_ASKED,       /* we stopped it */
	DOWN_LOST,        /* the connection broke: retry soon */
	DOWN_UNREACHABLE, /* it never came up: retry with back-off */
	DOWN_REFUSED,     /* credentials, ban, protocol: retry rarely */
};

/* Adapters embed this first and recover their own with container_of(). */
struct network {
	const struct protocol *protocol;
	char *name; /* the label; prefix of every log line */
	int64_t id; /* stable across restarts; set by the bridge */
	/* How the id of every delivery of this bridge begins, of whatever run,
	 * and of no other bridge; NULL until start(). Set by the bridge. */
	const char *prefix;
	/* What puppets show other bridges, like a channel's notice. */
	const char *puppet_notice;
	enum network_state state;
	unsigned caps;        /* of the protocol; the adapter may narrow it */
	struct limits limits; /* likewise; create() applies configuration */

	/* private to the bridge */
	struct bridge *bridge;
	struct netlife *life;
};

/* For create() and destroy(). Copies name; finish frees what init made. */
void network_init(struct network *net, const struct protocol *protocol,
		  const char *name);
void network_finish(struct network *net);

/*
 * Upcalls. Adapters call these; nothing else does. text and why may be NULL,
 * are copied, and are shown to people.
 */

void bridge_network_up(struct network *net);
void bridge_network_down(struct network *net, enum down_reason why,
			 const char *text);

void bridge_joined(struct channel *ch);

/*
 * What was said in the channel since from_ms (UTC; 0: not known) was not heard
 * and cannot be fetched: a line in the linked rooms says so.
 */
void bridge_gap(struct channel *ch, int64_t from_ms);

/*
 * True if id is that of a delivery to ch, of whatever run of this bridge, that
 * has not come to its end.
 */
bool bridge_awaits(const struct channel *ch, const char *id);

/*
 * Somebody in the channel, who is not us, shows that notice; NULL: not any
 * more. Who shows it is forgotten when the channel is left.
 */
void bridge_noticed(struct channel *ch, const char *sender_id,
		    const char *text);

/*
 * The channel is lost or cannot be entered. DOWN_REFUSED means that asking
 * again soon is pointless (banned, invite only, no such room): the bridge
 * then waits long, and logs it for the operator.
 */
void bridge_left(struct channel *ch, enum down_reason why, const char *text);

/*
 * A channel that could not be entered may let us in now: the bridge calls
 * join() at once instead of when its time has come. Nothing if it is in, or
 * being entered.
 */
void bridge_welcome(struct channel *ch);

/*
 * After step_in(): the listener is in; or it could not enter, or was removed
 * while others hear. DOWN_REFUSED: whoever needs it is told so.
 */
void bridge_stepped_in(struct channel *ch);
void bridge_kept_out(struct channel *ch, enum down_reason why,
		     const char *text);

void bridge_puppet_joined(struct occupant *o, const char *name);
void bridge_puppet_renamed(struct occupant *o, const char *name);

/* o->rank, which the adapter sets, is another one now. */
void bridge_puppet_ranked(struct occupant *o);

/* What is known of how that channel is, enum channel_mode, is this now. */
void bridge_moded(struct channel *ch, unsigned modes);

/* Somebody invites the owner of this account's puppet; by is a name. */
void bridge_invited(const struct puppet *p, const char *channel,
		    const char *by);

/*
 * The puppet is not in the channel: it could not enter, or was removed. With
 * this the adapter has forgotten the occupant; puppet_leave() is not called.
 * DOWN_REFUSED: do not try again by itself. DOWN_LOST, DOWN_UNREACHABLE: the
 * bridge calls puppet_join() again when it sees fit.
 */
void bridge_puppet_left(struct occupant *o, enum down_reason why,
			const char *text);

/*
 * Something happened. Takes the caller's reference. Drops, and logs, what
 * event_check() rejects. May be called in any state but DOWN.
 */
void bridge_event(struct network *net, struct event *ev);

/*
 * Remember that list of memos, which is copied. remembered() says, with the
 * ticket, when it is done; 0: nothing is said. May be called in any state once
 * the network was started.
 */
void bridge_remember(struct network *net, const struct memo *memos,
		     uint64_t ticket);

/*
 * Calls fn for what this network remembers in a scope, as far as it was on
 * disk when this was called: the max that were written last, oldest first; the
 * others are forgotten. What fn gets is borrowed. Valid from start() on. 0, or
 * -errno.
 */
int bridge_memos(struct network *net, const char *scope, unsigned max,
		 void (*fn)(void *arg, const char *key, const char *value),
		 void *arg);

/*
 * ids: n strings, the network's own, first first; n may be 0. Of EVENT_PICTURE:
 * what it is called in the events of this network.
 */
void bridge_sent(struct delivery *d, const char *const *ids, size_t n);
void bridge_later(struct delivery *d, int64_t wait_ms, const char *why);
void bridge_refused(struct delivery *d, const char *why);

/*
 * The occupant of this network's channel ch that goes by sender id, for
 * adapters that must show on their side who is meant. NULL if none.
 */
struct occupant *bridge_occupant(struct channel *ch, const char *origin,
				 const char *sender_id);

/*
 * For networks that tell all reactions of one person at once: calls fn for
 * each mark that the sender of the reaction ev had put on the message that ev
 * is about, before ev, and not taken back, oldest first. As far as it is on
 * disk: what was raised this moment is not.
 */
void bridge_marks(struct network *net, const struct event *ev,
		  void (*fn)(void *arg, const char *mark), void *arg);

/*
 * Somebody wants to enter the hosted room called name, which stands for the
 * channel far (as that network writes it) of the network with that label.
 * Makes the two one link, or adds the room to the link that far is in. NULL,
 * or in words why that cannot be. join() comes later; the room closes by
 * itself, with leave() and forget(), when nobody has been in it for a while.
 */
const char *bridge_portal(struct network *net, const char *name,
			  const char *network, const char *far);

/*
 * True if that person wants to stay in the channel that the hosted room stands
 * for, also while they are not in the room; see "Residents".
 */
bool bridge_stays(struct channel *hosted, const char *sender_id);

/*
 * Calls fn for everybody who was in the room of late, or stayed in its channel,
 * and wants to stay; password is what they entered with, or NULL.
 */
void bridge_residents(struct channel *hosted,
		      void (*fn)(void *arg, const struct sender *who,
				 const char *password),
		      void *arg);

/* The topic of the channel that a hosted room stands for; NULL: not known. */
const char *bridge_topic(struct channel *hosted);

/*
 * The media room (bridge/media/media.h), for networks whose files others
 * cannot fetch, or who keep files themselves. NULL: there is none. Valid from
 * start() on.
 */
struct media *bridge_media(const struct network *net);

/*
 * What the owner of the puppet's account has set under key for its network,
 * or else for all networks; NULL if nothing, or if it has no account. Valid
 * until puppet_update() with PUPPET_ACCOUNT.
 */
const char *bridge_setting(const struct puppet *p, const char *key);

/*
 * The same of a person who need not have a puppet, hidden settings too. The
 * caller's to free; NULL if nothing.
 */
struct secret *bridge_setting_of(struct network *net, const struct address *who,
				 const char *key);

/*
 * Set one of this network for a person, hidden ones too; value NULL: nothing.
 * Returns NULL, or in words why that cannot be.
 */
const char *bridge_keep_setting(struct network *net, const struct address *who,
				const char *key, const char *value);

/*
 * For doors: what the person sender_id of net has set for that place, every
 * setting that they can set there: of a network, of a channel (whose room is
 * open), or of the bridge, for all. value is NULL where nothing is set, and ""
 * for a secret that is.
 */
void bridge_settings(struct network *net, const char *sender_id,
		     const struct command_place *place,
		     void (*fn)(void *arg, const struct setting *setting,
				const char *value),
		     void *arg);

/*
 * Set one; value NULL: nothing. Holds at once, and is on disk soon. Returns
 * NULL, or in words why that cannot be.
 */
const char *bridge_set(struct network *net, const char *sender_id,
		       const struct command_place *place, const char *key,
		       const char *value);

/* The same without doing it. */
const char *bridge_may_set(struct network *net,
			   const struct command_place *place, const char *key,
			   const char *value);

/*
 * On how many networks that person is connected, or is to be, on their own
 * account; the one with that label does not count.
 */
size_t bridge_connections(struct network *net, const char *sender_id,
			  const char *label);

/* Which part of a channel's past; numbers are event->number. */
struct history_query {
	int64_t after, before;     /* numbers, exclusive; 0: open */
	int64_t from_ms, until_ms; /* UTC, inclusive; 0: open */
	unsigned max;              /* HISTORY_MAX at most */
	bool newest; /* if there are more: the newest, not the oldest ones */
};
#define HISTORY_MAX 250

struct history {
	int64_t total; /* of the bounds, whatever max is; -1: not known */
	bool complete; /* there is no more in that direction */
};

/*
 * Calls fn, oldest first, for what gateway users said in the channel and what
 * was shown to them there; ev is borrowed. 0, or -errno.
 */
int bridge_history(struct channel *ch, const struct history_query *query,
		   void (*fn)(void *arg, const struct event *ev), void *arg,
		   struct history *result);

/* A past that one person reads. */
struct archive {
	const char *reader; /* sender id */
	const char *room;   /* a hosted room, by name, open or not; or NULL: */
	struct address person; /* private words with that person */
};

/*
 * The same of what reader, a gateway user of net, may read: in a room, what
 * was said while they were in the channel that it stands for, and recording
 * was not turned off. What is not there is empty. 0, or -errno.
 */
int bridge_archive(struct network *net, const struct archive *archive,
		   const struct history_query *query,
		   void (*fn)(void *arg, const struct event *ev), void *arg,
		   struct history *result);

/*
 * Which of n events of the hosted room, by number, that person may read; false
 * if none at all.
 */
bool bridge_may_read(struct channel *hosted, const char *sender_id,
		     const int64_t *numbers, size_t n, bool *may);

/*
 * Assert that a protocol's table is complete and does not contradict itself.
 * Called once for each entry of the table in protocols/protocols.c.
 */
void protocol_check(const struct protocol *protocol);

#endif
