/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CONFORMANCE_HOSTED_FIXTURE_H
#define TESTS_CONFORMANCE_HOSTED_FIXTURE_H

/*
 * The adapter as the service of a hosted room, for users who are played by a
 * scripted server. Stanzas are compared in one form: attributes in the order
 * of the alphabet, and of an occupant-id, which is a hash, only that there is
 * one.
 */

#include "tests/support/test.h"

#include "bridge/event.h"
#include "bridge/protocol.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "tests/support/recorder.h"
#include "tests/support/xmppd.h"

extern const struct protocol xmpp_protocol;

#define ROOM "#dev%libera@gw.test"
/* ... inside a format */
#define FMT_ROOM "#dev%%libera@gw.test"
#define MUC "<x xmlns='http://jabber.org/protocol/muc'/>"
#define TEXT_MAX (4 * 1024 * 1024)

/* What the room sends, in the form that is compared. */
#define ID "<occupant-id xmlns='urn:xmpp:occupant-id:0'></occupant-id>"
#define X(inside) \
	"<x xmlns='http://jabber.org/protocol/muc#user'>" inside "</x>"
#define ITEM "<item affiliation='none' role='participant'></item>"
#define NO_ROLE "<item affiliation='none' role='none'></item>"
#define CODE(n) "<status code='" #n "'></status>"
#define HERE(nick, to, codes)                                              \
	"<presence from='" ROOM "/" nick "' to='" to "'>" X(ITEM codes) ID \
		"</presence>\n"
#define GONE(nick, to, codes)                        \
	"<presence from='" ROOM "/" nick "' to='" to \
	"' type='unavailable'>" X(NO_ROLE codes) ID "</presence>\n"
#define SUBJECT(to, text)                                                      \
	"<message from='" ROOM "' to='" to "' type='groupchat'><subject>" text \
	"</subject></message>\n"
#define ERROR(condition, type, words)                               \
	"<error type='" type "'><" condition                        \
	" xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'></" condition \
	"><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>" words \
	"</text></error>"
/* What marks an error as one of a room. */
#define IN_ROOM "<x xmlns='http://jabber.org/protocol/muc'></x>"
#define SHOWN(nick, to, id, body, origin, number)               \
	"<message from='" ROOM "/" nick "' id='" id "' to='" to \
	"' type='groupchat'><body>" body "</body>" origin ID    \
	"<stanza-id by='" ROOM "' id='" number                  \
	"' xmlns='urn:xmpp:sid:0'></stanza-id></message>\n"
/* ... by a user of ours, and by somebody of elsewhere */
#define SAID(nick, to, id, body, number)                                    \
	SHOWN(nick, to, id, body,                                           \
	      "<origin-id id='" id "' xmlns='urn:xmpp:sid:0'></origin-id>", \
	      number)
#define TOLD(nick, to, id, body, number) SHOWN(nick, to, id, body, "", number)

struct fixture {
	struct loop *loop;
	struct xmppd *server;
	struct xmppd_options options;
	struct conf_gateway gateway;
	struct conf_xmpp xmpp;
	struct conf_network conf;
	struct network *net;
	struct channel room;
	struct sender person;
	struct puppet puppet;
	struct occupant occupant;
	struct event *said[64];
	struct delivery deliveries[64];
	char ids[64][8];
	size_t n;
	int64_t number;
	size_t bars;
	struct str seen;
};

/* For cmocka: state is the fixture. */
int hosted_setup(void **state);
int hosted_teardown(void **state);

/* What was said so far has been dealt with, and its answers are here. */
void barrier(struct fixture *f);

/* The same, and it is forgotten. */
void clear(struct fixture *f);

/* All that the address was sent since the last look, in one form. */
const char *seen_by(struct fixture *f, const char *to);
void expect_seen(struct fixture *f, const char *to, const char *stanzas);

/* That full address asks to come in; muc is what the presence holds. */
void knock(struct fixture *f, const char *who, const char *nick,
	   const char *muc);

/* What the bridge does. */
void open_room(struct fixture *f);
void stand(struct fixture *f, const char *who, const struct standing *s);
void let_in(struct fixture *f, const char *who, const char *name);
struct delivery *deliver(struct fixture *f, enum event_kind kind,
			 const char *text);

/* What was raised last is on disk. */
void accept_last(struct fixture *f);

/* Is in with one client, and all of that is forgotten. */
void ann_is_in(struct fixture *f);
void cid_is_in(struct fixture *f);
void bob_is_in(struct fixture *f);

void say(struct fixture *f, const char *who, const char *to,
	 const char *inside);

/* An iq with the id "q". */
void ask(struct fixture *f, const char *from, const char *to, const char *type,
	 const char *inside);

#endif
