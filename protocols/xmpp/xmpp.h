/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_XMPP_H
#define PROTOCOLS_XMPP_XMPP_H

/*
 * What the files of the adapter share: one network's state.
 *
 *     struct xmpp                one component stream
 *       struct query             an IQ of ours that waits for its answer
 *       struct wire              a delivery on its way (direct, or per room)
 *       struct room              a MUC we are in, or on our way into
 *         struct member          somebody there who is not us
 *         struct seat            one of our puppets there
 *
 *       struct hosted            a room of our own; see hosted.h
 *
 * A room lives from the join() hook until the leave() hook, bridge_left() or
 * the end of the stream; seats and wires of a room die with it. Whatever
 * points into objects of the bridge (channel->data, occupant->data,
 * delivery->data) is cleared before the upcall that may free them.
 */

#include "bridge/hash.h"
#include "bridge/loop.h"
#include "bridge/protocol.h"
#include "protocols/xmpp/jid.h"
#include "protocols/xmpp/stanza.h"
#include "protocols/xmpp/stream.h"

#include <strophe.h>

#define XMPP_RESOURCE "causeway"
#define FULL_JID_MAX (3 * JID_PART_MAX + 3)
#define NICK_MAX 1024 /* a resource and its NUL */
#define NICK_ATTEMPTS 5
#define ANSWER_MS 30000 /* how long an IQ of ours waits */
#define TOLD_MAX 64
#define AUTHORS_MAX 64
#define STATEFUL_MAX 256
#define BLOCK_READERS_MAX 200

struct adhoc;
struct admin;
struct conf_xmpp;
struct directory;
struct hosted;
struct xmpp;
struct room;

/* answer: result or error stanza, borrowed; NULL if none came in time. */
typedef void query_fn(void *arg, xmpp_stanza_t *answer);

struct http_multi;
struct avatar;
struct portrait;
struct face;
struct wish;
struct look;
struct held;
struct upload;

struct query {
	char id[40];
	char *to; /* only it may answer */
	query_fn *fn;
	void *arg;
	struct xmpp *x;
	struct timer timer;
	UT_hash_handle hh;
};

struct wire {
	const char *id; /* delivery->id */
	struct delivery *d;
	char *nick; /* it was sent under; NULL if direct */
	int64_t sent_ms;
	struct xmpp *x;
	struct room *room; /* NULL: direct */
	UT_hash_handle hh; /* in the order of sending */
};

/* When somebody was last told something by itself. */
struct told {
	uint32_t whom;
	int64_t until_ms;
};

struct xmpp {
	struct network net;
	const struct conf_xmpp *conf;
	unsigned receipts; /* enum conf_receipts */
	struct loop *loop;
	struct stream *stream;
	xmpp_ctx_t *ctx;
	char *listener; /* its full address */
	int64_t born_ms;
	uint64_t last_query;
	struct query *queries;
	struct room *rooms;   /* by address */
	struct seat *waiting; /* utlist: to enter when others are in */
	unsigned entering;    /* seats that have asked, over all rooms */
	bool admitting;       /* a look at them is deferred */
	struct wire *direct;  /* by id */
	/* rooms of our own, by address and by channel; hosted.h */
	struct hosted *hosted, *hosted_by_id;
	struct client *arriving;       /* utlist: to be shown them */
	struct guest *due;             /* utlist: to be shown in them */
	struct adhoc *adhocs;          /* by id; adhoc.h */
	struct admin *admins;          /* utlist; hosted_admin.c */
	struct directory *directories; /* utlist; directory.h */
	struct upload *uploads;        /* by link; upload.h */
	struct held *held;             /* utlist: wait for them; held.h */
	struct timer held_timer;
	struct http_multi *transfers; /* of them, or NULL */
	/* pictures of puppets, and who waits for one; avatars.c */
	struct avatar *avatars, *avatar_queue, *looking;
	struct portrait *portraits;
	struct timer avatar_timer;
	/* of people of this network, by bare address; faces.h */
	struct face *faces;
	struct look *looks; /* utlist */
	struct told told[TOLD_MAX];
	size_t next_told;
	char *authors[AUTHORS_MAX]; /* full addresses of contacts, a ring */
	size_t next_author;
	/* who sends chat states to whom, in private: hashes, a ring */
	uint32_t stateful[STATEFUL_MAX];
	size_t next_stateful;
	struct card *cards;                     /* utlist; card.c */
	char *block_readers[BLOCK_READERS_MAX]; /* blocking.c, likewise */
	size_t next_block_reader, n_block_pushes;
};

extern const struct protocol xmpp_protocol;

/* ---- xmpp.c -------------------------------------------------------------- */

struct xmpp *xmpp_from(struct network *net);

/* Send st; takes the caller's reference. */
void xmpp_post(struct xmpp *x, xmpp_stanza_t *st);

/* Answer st, which stays the caller's, with that error; text may be NULL. */
void xmpp_refuse(struct xmpp *x, xmpp_stanza_t *st, const char *condition,
		 const char *text);

/* True if so much waits to be sent that more should, if it can; when that is
 * over hosted_admit() is called. */
bool xmpp_is_busy(struct xmpp *x);

/* True, and noted, unless whom was told about topic within wait_ms. */
bool xmpp_may_tell(struct xmpp *x, const char *whom, const char *topic,
		   int64_t wait_ms);

/* ---- muc.c --------------------------------------------------------------- */

/* What stands behind the first "/"; "" if nothing. */
const char *jid_resource(const char *jid);

/* ---- iq.c ---------------------------------------------------------------- */

/*
 * Send an IQ (its id is set here; takes the reference) and call fn once: with
 * the answer, or NULL after wait_ms. Not called once dropped.
 */
void query_send(struct xmpp *x, xmpp_stanza_t *iq, int64_t wait_ms,
		query_fn *fn, void *arg);

/* Forget every query with that arg; NULL: all. */
void query_drop(struct xmpp *x, const void *arg);

/*
 * A urn:xmpp:ping from one address to another. To the component's own
 * address the server hands it back to us, and we answer: that works on every
 * server, shows that the stream is alive both ways, and comes behind the
 * errors that local addresses return to what was sent before it.
 */
void query_ping(struct xmpp *x, const char *from, const char *to, query_fn *fn,
		void *arg);

#define NS_VCARD "vcard-temp"

/* The card of that person, into the answer (XEP-0054). */
void iq_add_card(xmpp_stanza_t *result, const struct sender *who);

/* An IQ came in. */
void iq_received(struct xmpp *x, xmpp_stanza_t *st);

/* ---- puppets.c ----------------------------------------------------------- */

void puppet_join(struct network *net, struct occupant *o);
void puppet_leave(struct network *net, struct occupant *o, const char *reason);
void puppet_update(struct network *net, struct occupant *o, unsigned changes);

/* ---- send.c -------------------------------------------------------------- */

void send_delivery(struct network *net, struct delivery *d);

/* The same, when nothing of it is waited for. */
void send_now(struct xmpp *x, struct delivery *d);

/* The room showed a message of ours; true if it was on its way. */
bool wire_reflected(struct room *room, const char *nick, xmpp_stanza_t *st);

/* A message of ours came back as an error. */
void wire_error(struct xmpp *x, struct room *room, xmpp_stanza_t *st);

/* Give back all that is on its way in the room. */
void wire_give_back(struct room *room, const char *why);

/* Forget, without a word; what is unsettled was given back otherwise. */
void wire_drop_room(struct room *room);
void wire_drop_direct(struct xmpp *x);

/* Note a delivery as being on its way; room is NULL if direct. */
struct wire *wire_new(struct xmpp *x, struct room *room, struct delivery *d,
		      const char *nick);

/* Settle; the wire is freed. ids as for bridge_sent(). */
void wire_sent(struct wire *w, const char *const *ids, size_t n);
void wire_refused(struct wire *w, const char *why);

/* ---- direct.c ------------------------------------------------------------ */

/* A chat message came for a puppet or a contact. */
void direct_received(struct xmpp *x, xmpp_stanza_t *st);

/* The delivery of a direct channel onto the wire. */
void direct_send(struct xmpp *x, struct delivery *d);

/*
 * From and to where what that occupant says to the person id goes; in_room: by
 * a room in which both are. speaker NULL: the listener. Both are begun. NULL,
 * or in words why that cannot be.
 */
const char *direct_ends(struct xmpp *x, const struct occupant *speaker,
			const char *id, struct str *from, struct str *to,
			bool *in_room);

/* Set who sends st, from a member of room or (NULL) a contact, and to whom;
 * false if that cannot be. */
bool direct_set_ends(struct xmpp *x, struct room *room, xmpp_stanza_t *st,
		     struct event *ev);

/* A chat message with a body. */
xmpp_stanza_t *chat_new(struct xmpp *x, const char *from, const char *to,
			const char *body);

/* In words, to an author who can be sent no error any more: what they said, in
 * short, and why it did not get through. Adds to out. */
#define UNDELIVERED_MAX 8192
void undelivered_text(struct str *out, const struct event *ev, const char *why);

/* The hook: tell an author who asked that it has arrived. */
void direct_delivered(struct network *net, const struct event *ev);

void direct_bounce(struct network *net, struct channel *ch,
		   const struct event *ev, const char *why);

bool direct_resolve(struct network *net, const char *text, char *id,
		    size_t size);

/* A private word between the user and the person at that place, as it was
 * shown; NULL if it was not. */
struct address_place;
xmpp_stanza_t *direct_archived(struct xmpp *x, const char *who,
			       const struct address_place *place,
			       const struct event *ev);

/* Forget who wrote. */
void direct_drop(struct xmpp *x);

/* Answer somebody who speaks to the bridge itself. */
void direct_help(struct xmpp *x, xmpp_stanza_t *st);

/* Tell the author of st, privately, why it was not passed on. */
void direct_tell(struct xmpp *x, struct room *room, const char *nick,
		 const char *why);

#endif
