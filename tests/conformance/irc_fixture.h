/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CONFORMANCE_IRC_FIXTURE_H
#define TESTS_CONFORMANCE_IRC_FIXTURE_H

/*
 * One IRC network on a real loop against a scripted server, and the steps
 * that most tests of the adapter begin with. Each step fails the test that it
 * is in if it does not succeed.
 */

#include "tests/support/test.h"

#include "bridge/event.h"
#include "bridge/protocol.h"
#include "conf/conf.h"
#include "tests/support/ircd.h"
#include "tests/support/peer.h"
#include "tests/support/recorder.h"

extern const struct protocol irc_protocol;

#define PUPPETS 3
#define DELIVERIES 8
#define MANY 20

struct fixture {
	struct loop *loop;
	struct ircd d;
	struct conf_server server;
	struct conf_irc conf;
	struct conf_network net_conf;
	struct network *net;
	struct channel room, direct, many[MANY];
	struct sender senders[PUPPETS];
	struct puppet puppets[PUPPETS];
	struct occupant occupants[PUPPETS];
	struct delivery deliveries[DELIVERIES];
	struct event *events[DELIVERIES];
	char ids[DELIVERIES][8];
	size_t n_deliveries;
	char ca_path[64];
};

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int setup(void **state);
int teardown(void **state);

/* Make the network and its two channels; the server must have been started. */
void create(struct fixture *fx);

/* Start the server, the network; and enter #a. */
void up(struct fixture *fx);
void up_and_joined(struct fixture *fx);

/* Ask for puppet i in ch. */
struct occupant *puppet(struct fixture *fx, size_t i, struct channel *ch);

/* As up_and_joined(), and then with Ann, puppet 0, who has come into ch. */
struct occupant *up_with_puppet(struct fixture *fx, struct channel *ch);

/* A delivery d0, d1, ... of text; the same, handed over. */
struct delivery *delivery(struct fixture *fx, struct channel *ch,
			  struct occupant *speaker, const char *text);
void send_text(struct fixture *fx, struct channel *ch, struct occupant *speaker,
	       const char *text);

/* The server says a line to the listener. */
void says(struct fixture *fx, const char *line);

/* Wait for words in the bridge's transcript, or in the server's. */
void expect(struct fixture *fx, const char *words);
void expect_line(struct fixture *fx, const char *words);

/* A network that only gateway users use; its one room is a portal. */
void portal_up(struct fixture *fx);

/* The account i comes into that room, and is there. */
struct occupant *enter(struct fixture *fx, size_t i);

/* All that was said to the listener has been read. */
void drain(struct fixture *fx);

#endif
