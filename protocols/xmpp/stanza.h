/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_STANZA_H
#define PROTOCOLS_XMPP_STANZA_H

/*
 * Stanzas: building them, reading them, and translating between them and
 * events. Values in, values out: nothing here sends, waits or remembers.
 *
 * Building. stanza_attr() and stanza_text() are the only way for a string
 * into a stanza; both pass it through the filter of xml.h. The raw setters of
 * libstrophe appear in stanza.c alone.
 */

#include "bridge/event.h"
#include "bridge/str.h"
#include "protocols/xmpp/files.h"

#include <strophe.h>

#include <stdbool.h>

#define NS_DISCO_INFO "http://jabber.org/protocol/disco#info"
#define NS_DISCO_ITEMS "http://jabber.org/protocol/disco#items"
#define NS_MUC "http://jabber.org/protocol/muc"
#define NS_MUC_USER "http://jabber.org/protocol/muc#user"
#define NS_MUC_OWNER "http://jabber.org/protocol/muc#owner"
#define NS_SID "urn:xmpp:sid:0"
#define NS_OCCUPANT_ID "urn:xmpp:occupant-id:0"
#define NS_PING "urn:xmpp:ping"
#define NS_DELAY "urn:xmpp:delay"
#define NS_MAM "urn:xmpp:mam:2"
#define NS_CAUSEWAY "urn:causeway:bridge:0" /* our own */

/* Bytes of one message's text, both ways. */
#define STANZA_TEXT_MAX 65536

/* Append it as XML. What was built here is well formed. */
void stanza_write(struct str *out, xmpp_stanza_t *st);

/* ---- building ------------------------------------------------------------ */

/* from, to, type and id may be NULL. One reference, owned by the caller. */
xmpp_stanza_t *stanza_new(xmpp_ctx_t *ctx, const char *name, const char *from,
			  const char *to, const char *type);

void stanza_attr(xmpp_stanza_t *st, const char *key, const char *value);

/* An empty child, owned by parent. ns may be NULL. */
xmpp_stanza_t *stanza_add(xmpp_stanza_t *parent, const char *name,
			  const char *ns);

/* A child that holds text; ns may be NULL. */
xmpp_stanza_t *stanza_add_text(xmpp_stanza_t *parent, const char *name,
			       const char *ns, const char *text);

/* <show/> and <status/> of a presence, where there is something to say. */
void stanza_add_show(xmpp_stanza_t *presence, enum presence_show show,
		     const char *status);

/* What other bridges are to see; text may be NULL. */
void stanza_add_notice(xmpp_stanza_t *presence, const char *text);

/* The answer to the iq st, empty: same id, addresses swapped. */
xmpp_stanza_t *stanza_result(xmpp_ctx_t *ctx, xmpp_stanza_t *st);

/*
 * The error reply to st: same name and id, addresses swapped. condition is of
 * RFC 6120 section 8.3.3; text may be NULL.
 */
xmpp_stanza_t *stanza_error(xmpp_ctx_t *ctx, xmpp_stanza_t *st,
			    const char *condition, const char *text);

/* ---- reading ------------------------------------------------------------- */

/* The attribute or "". */
const char *stanza_get(xmpp_stanza_t *st, const char *key);

bool stanza_is(xmpp_stanza_t *st, const char *name);
bool stanza_has_type(xmpp_stanza_t *st, const char *type);

/* The first child of that name and namespace, or NULL. st may be NULL. */
xmpp_stanza_t *stanza_child(xmpp_stanza_t *st, const char *name,
			    const char *ns);

/* The first child of that name in the stanza's own namespace, or NULL. */
xmpp_stanza_t *stanza_own_child(xmpp_stanza_t *st, const char *name);

/* Append the text inside st, up to out's ceiling. st may be NULL. */
void stanza_read_text(struct str *out, xmpp_stanza_t *st);

/*
 * Why st, of type error, is one: the condition's name, never NULL; and in
 * words for people: the sender's own text if there is one, else ours.
 */
const char *stanza_error_condition(xmpp_stanza_t *st);
void stanza_error_words(struct str *out, xmpp_stanza_t *st);

/*
 * XEP-0428: cut out of the body of st what stands in for what the namespace
 * ns says, if it says from where to where.
 */
void stanza_cut_fallback(struct str *body, xmpp_stanza_t *st, const char *ns);

/* A number as attributes hold it: digits and nothing else. False if not. */
bool stanza_number(const char *text, unsigned long *n);

enum presence_show stanza_show(xmpp_stanza_t *presence);

/* What muc#user says (XEP-0045); strings are borrowed from the stanza. */
enum muc_code {
	MUC_NONANONYMOUS = 1 << 0,    /* 100 */
	MUC_SELF = 1 << 1,            /* 110 */
	MUC_CREATED = 1 << 2,         /* 201 */
	MUC_RENAMED_BY_ROOM = 1 << 3, /* 210 */
	MUC_BANNED = 1 << 4,          /* 301 */
	MUC_RENAME = 1 << 5,          /* 303 */
	MUC_KICKED = 1 << 6,          /* 307 */
	MUC_UNAFFILIATED = 1 << 7,    /* 321 */
	MUC_MEMBERS_ONLY = 1 << 8,    /* 322 */
	MUC_SHUTDOWN = 1 << 9,        /* 332 */
	MUC_ERROR = 1 << 10,          /* 333 */
};

struct muc_user {
	unsigned codes; /* enum muc_code */
	enum rank rank;
	const char *jid;       /* real address or "" */
	const char *nick;      /* new nick with MUC_RENAME, or "" */
	const char *actor;     /* nick or address of who did it, or "" */
	xmpp_stanza_t *reason; /* or NULL */
	bool destroyed;
};

/* False if the stanza has no muc#user element; *u is then empty. */
bool stanza_muc_user(struct muc_user *u, xmpp_stanza_t *st);

/*
 * The one stanza-id that the room added, or NULL. Call only if the room's
 * disco lists urn:xmpp:sid:0; else anybody can forge it (FAULTS F13).
 */
const char *stanza_room_id(xmpp_stanza_t *st, const char *room);

/*
 * What recognises the message where nobody vouches for an id: who said it,
 * the id that they gave it, and the words. Made in ev's memory; NULL if it
 * has no id or no body.
 */
const char *stanza_own_key(struct event *ev, const char *who,
			   xmpp_stanza_t *st);

/* ---- messages to events -------------------------------------------------- */

struct message_source {
	const char *room; /* bare address, or NULL for a direct message */
	bool trusted_ids; /* the room's stanza-ids can be believed */
};

/*
 * The event that a message makes: EVENT_MESSAGE, EVENT_EDIT, EVENT_REDACTION
 * or EVENT_TOPIC; reactions are read by stanza_reactions(). NULL if it says
 * nothing that a bridge carries; *why is then set if its author should be
 * told, else NULL. The caller sets sender, channel, to and when_ms.
 */
struct event *event_from_message(xmpp_stanza_t *st,
				 const struct message_source *src,
				 const char **why);

/*
 * XEP-0444: the id of the message that st puts marks on, or NULL; and the
 * marks, all that its author has on it now, each at most 64 bytes, at most
 * max. Marks are copied into ev's memory.
 */
const char *stanza_reactions(xmpp_stanza_t *st, struct event *ev,
			     const char **marks, size_t max, size_t *n);

/* ---- events to messages -------------------------------------------------- */

struct message_form {
	const char *type; /* "groupchat" or "chat" */
	const char *from, *to, *id;
	const char *replaces; /* id attribute of the message edited, or NULL */
	const char *target; /* id of the message marked or withdrawn, or NULL */
	/* All marks of the author on it, one a line; NULL: the event's one. */
	const char *marks;
	const char *parent;      /* id of the message replied to, or NULL */
	const char *parent_to;   /* its author's address, or NULL */
	const char *parent_text; /* how it began, for the quote, or NULL */
	const char *delay_from; /* who says when a late one was said, or NULL */
	const char *origin;     /* bridge/origin.h, or NULL */
	/* Without an origin-id: of one whose author has no client that could
	 * know it again. A room of ours sends it to everybody. */
	bool anonymous;
	struct files_links links;
};

/*
 * The message stanza for a message, edit, topic, reaction (XEP-0444) or
 * withdrawal (XEP-0424); NULL if nothing is left of its text after cleaning
 * (a topic may be empty), or the target is missing.
 */
xmpp_stanza_t *message_from_event(xmpp_ctx_t *ctx, const struct event *ev,
				  const struct message_form *form);

#endif
