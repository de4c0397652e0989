/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_EVENT_H
#define BRIDGE_EVENT_H

/*
 * The one vocabulary every network speaks inside the bridge.
 *
 * An adapter turns what its network said into one event, hands it to
 * bridge_event(), and never touches it again. From then on the event is
 * shared, reference-counted and const: the router, the outbox and every
 * destination read the same object.
 *
 * Everything an event points to lives in the event's own pool and dies with
 * it. Nothing in an event points at a network, a channel or a connection:
 * those are named by number or by name, because an event may outlive them on
 * disk.
 *
 * Strings are valid UTF-8 without NUL. The adapter that read them checked
 * (event_set_text() repairs what is not).
 */

#include "bridge/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
	/* Kept until delivered or refused. */
	EVENT_MESSAGE,   /* something was said */
	EVENT_EDIT,      /* an earlier message has new text */
	EVENT_REDACTION, /* an earlier message was withdrawn */
	EVENT_REACTION,  /* one mark on one message, added or removed */
	EVENT_TOPIC,     /* the channel's topic changed */

	/* Worth something only now: merged or dropped under load. */
	EVENT_JOIN,     /* somebody came, or was here when we came */
	EVENT_PART,     /* left, quit, or was removed; see part */
	EVENT_RENAME,   /* the same person under a new name: sender.name */
	EVENT_PRESENCE, /* away and back: show, text is the status */
	EVENT_TYPING,
	EVENT_RECEIPT, /* read up to and including target */
	EVENT_NAME,    /* the channel has that name; text */
	EVENT_PICTURE, /* and that picture: text is an item of the media room */
};
#define EVENT_KINDS (EVENT_PICTURE + 1)

enum event_flag {
	EVENT_ACTION = 1 << 0,  /* "/me waves" */
	EVENT_NOTICE = 1 << 1,  /* said by a program; do not answer */
	EVENT_REMOVED = 1 << 2, /* a reaction taken back, typing stopped */
	EVENT_BACKLOG = 1 << 3, /* history or a first snapshot, not news */
	EVENT_EDITED = 1 << 4,  /* rendered: was an edit that could not be */
	EVENT_RELAYED = 1 << 5, /* rendered: the text names its speaker */
	EVENT_LATE = 1 << 6,    /* said while we did not listen; see when_ms */
	/* By somebody who uses the bridge as a gateway: in a hosted room, or
	 * in private. Such a person speaks over a connection of their own. */
	EVENT_GATEWAY = 1 << 7,
	/* Said by the network itself, or by a thing on it: the words stand
	 * alone, and no name belongs before them. */
	EVENT_STATED = 1 << 8,
	/* In private: its author wants to be told when it has arrived. */
	EVENT_ASKED = 1 << 9,
};

/* How somebody left. */
enum part_kind {
	PART_LEFT,
	PART_QUIT,   /* the whole network, not just this channel */
	PART_KICKED, /* actor says by whom, if known */
	PART_BANNED,
	PART_SPLIT, /* the network broke apart: expect them back */
};

/* How reachable somebody is. */
enum presence_show {
	SHOW_ONLINE,
	SHOW_AWAY,
	SHOW_XA,
	SHOW_DND,
};

/* What somebody may do in a channel; higher outranks lower. */
enum rank {
	RANK_NONE,
	RANK_VOICE,
	RANK_HALFOP,
	RANK_OP,
	RANK_ADMIN,
	RANK_OWNER,
};

enum span_style {
	SPAN_BOLD = 1 << 0,
	SPAN_ITALIC = 1 << 1,
	SPAN_UNDERLINE = 1 << 2,
	SPAN_STRIKE = 1 << 3,
	SPAN_CODE = 1 << 4,       /* inside a line */
	SPAN_CODE_BLOCK = 1 << 5, /* whole lines */
	SPAN_QUOTE = 1 << 6,      /* whole lines */
	SPAN_SPOILER = 1 << 7,
	SPAN_REVERSE = 1 << 8,
};

#define SPAN_NO_COLOR (-1)

/*
 * A styled run of bytes; spans are sorted, not empty, never overlap, and
 * begin and end on code point boundaries.
 */
struct span {
	size_t start, len;
	unsigned styles;     /* enum span_style */
	int32_t fg, bg;      /* 0xRRGGBB or SPAN_NO_COLOR */
	const char *link;    /* NULL if plain */
	const char *mention; /* sender id of the one mentioned, or NULL */
};

/* Most that an event may hold, in bytes or spans; event_check() insists. */
#define EVENT_TEXT_MAX (1024 * 1024)
#define TEXT_SPANS_MAX 1000
#define EVENT_ID_MAX 1024 /* ids, keys, targets */
#define EVENT_NAME_MAX 1024
#define EVENT_URL_MAX 8192

struct text {
	const char *utf8; /* never NULL; "" when empty; LF between lines */
	size_t len;       /* bytes, without the NUL */
	const struct span *spans;
	size_t n_spans;
};

struct attachment {
	const char *name;
	const char *mime;
	const char *url;
	int64_t size;           /* -1 when unknown */
	unsigned width, height; /* of a picture; 0 when unknown */
};

/*
 * A person or device on one network. The id is chosen by the adapter, opaque
 * to everybody else, and stays the same through nick changes; the name is
 * what people read.
 */
struct sender {
	const char *id;
	const char *name;
	const char *account; /* what the network vouches for, or NULL */
	const char *avatar;  /* item of the media room; "": none */
	const char *real;    /* full name, as that person gives it, or NULL */
};

/* Somebody, addressed across networks: the other end of a private word. */
struct address {
	const char *network; /* networks are named by their label */
	const char *id;      /* sender id there */
};

/*
 * Something that an adapter wants to know again after a restart; see "Memos"
 * in bridge/protocol.h.
 */
#define MEMO_KEY_MAX 1024 /* bytes; what is longer is not remembered */
#define MEMO_VALUE_MAX 16384
struct memo {
	const char *scope, *key; /* together they name it; UTF-8 */
	const char *value;       /* UTF-8; NULL: it is to be forgotten */
	const struct memo *next;
};

struct event {
	enum event_kind kind;
	unsigned flags; /* enum event_flag */

	int64_t channel; /* where it happened: channel.id; 0 if direct */
	int64_t when_ms; /* UTC, by the network's clock if it has one */

	struct sender sender;
	struct address to; /* set for a direct message only */

	/*
	 * The network's own ids for this event. id is what replies and
	 * reactions will name; alt_id a second name by which edits may name
	 * it (XMPP: the id attribute beside the stanza-id). key recognises
	 * the same event seen twice; NULL where the network offers nothing
	 * that can be trusted, and then nothing is deduplicated.
	 */
	const char *id;
	const char *alt_id;
	const char *key;
	/*
	 * Where in this channel to go on after this event, once it is kept, in
	 * the adapter's own words; NULL leaves the place where it was.
	 */
	const char *cursor;
	/* Which message it is in every network, and through which bridges it
	 * came, if it was relayed; see bridge/origin.h. NULL: not known. */
	const char *origin, *via;
	const char *target; /* id of the earlier message this is about */
	const char *parent; /* id of the message replied to, or NULL */

	struct text text; /* message, edit, topic; reason; status */
	const char *mark; /* reaction: the emoji */
	const struct attachment *attachments;
	size_t n_attachments;

	enum part_kind part;     /* EVENT_PART */
	const char *actor;       /* name of who kicked or banned, or NULL */
	enum presence_show show; /* EVENT_PRESENCE, EVENT_JOIN */
	enum rank rank;          /* EVENT_JOIN */
	const char *password;    /* EVENT_JOIN with EVENT_GATEWAY, or NULL */

	/* Written in the same commit as the event, or with it lost; NULL: none.
	 * Copies of the event have none. */
	const struct memo *memos;

	/* The bridge's: grows; 0 until the event is being kept. */
	int64_t number;

	/* private */
	unsigned refs;
	struct pool *pool;
};

/*
 * One reference, owned by the caller. Not called event_new(): libevent has a
 * function of that name, and ours would take its place inside the library.
 */
struct event *event_make(enum event_kind kind);
struct event *event_ref(struct event *ev);

/* Accepts NULL. */
void event_unref(struct event *ev);

/*
 * Copies into the event's pool. Text that is not valid UTF-8 is repaired
 * (U+FFFD for each bad byte), NUL cannot occur, and CR LF or CR become LF.
 */
void event_set_text(struct event *ev, const char *utf8);
void event_set_text_n(struct event *ev, const char *utf8, size_t len);

/*
 * Takes a copy of n spans, and of what they point to, that refer to the text
 * just set. Those beyond TEXT_SPANS_MAX are dropped.
 */
void event_set_spans(struct event *ev, const struct span *spans, size_t n);

void event_set_sender(struct event *ev, const char *id, const char *name);
void event_set_to(struct event *ev, const char *network, const char *id);

/* Add one to those of the event; its strings are copied. */
void event_add_memo(struct event *ev, const struct memo *memo);

/* A copy of s that lives as long as ev, or NULL if s is NULL. */
const char *event_strdup(struct event *ev, const char *s);

/* Zeroed memory that lives as long as ev. */
void *event_alloc(struct event *ev, size_t size);

/*
 * A new event with everything src has, in memory of its own; the start of
 * every rendering. One reference, owned by the caller.
 */
struct event *event_copy(const struct event *src);

/* True if losing the event would lose something somebody said. */
bool event_is_durable(const struct event *ev);

/* True if the event is addressed to one person. */
bool event_is_direct(const struct event *ev);

/*
 * Check what the rest of the bridge relies on: names present, a target where
 * the kind needs one, both halves of a private address and no channel beside
 * it, spans sorted and inside the text, strings valid UTF-8 and not too long.
 * Returns NULL or what is wrong. Fuzzers and bridge_event() call it on
 * everything adapters make.
 */
const char *event_check(const struct event *ev);

/* "message", "edit", ...; the words of the configuration and of the log. */
const char *event_kind_name(enum event_kind kind);

/* The kind with that name, or -1. */
int event_kind_from_name(const char *name);

DEFINE_AUTO(event, struct event *, event_unref)

#endif
