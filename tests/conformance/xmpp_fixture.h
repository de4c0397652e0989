/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CONFORMANCE_XMPP_FIXTURE_H
#define TESTS_CONFORMANCE_XMPP_FIXTURE_H

/*
 * One XMPP network on a real loop against a scripted server with one room,
 * where Ann is, and the steps that most tests of the adapter begin with. Each
 * step fails the test that it is in if it does not succeed.
 */

#include "tests/support/test.h"

#include "bridge/event.h"
#include "bridge/loop.h"
#include "bridge/protocol.h"
#include "conf/conf.h"
#include "tests/support/recorder.h"
#include "tests/support/xmppd.h"

extern const struct protocol xmpp_protocol;

#define ROOM "lobby@rooms.test"
#define LISTENER "causeway@gw.test/causeway"

struct fixture {
	struct loop *loop;
	struct xmppd *server;
	struct xmppd_options options;
	struct conf_xmpp xmpp;
	struct conf_network conf;
	struct conf_member member;
	struct network *net;
	struct channel room;
	struct sender person;
	struct puppet puppet;
	struct occupant occupant;
	struct event *said[64];
	struct delivery deliveries[64];
	char ids[64][8];
	size_t n;
};

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

/* The network as configured, down; the tests change what they need. */
int setup(void **state);
int teardown(void **state);

/* Log in; also enter the room; also with bob's puppet. */
void go_up(struct fixture *f);
void enter_room(struct fixture *f);
void enter_puppet(struct fixture *f);

/* Hand over a delivery d1, d2, ... of text by bob. */
struct delivery *deliver(struct fixture *f, enum event_kind kind,
			 const char *text, struct occupant *speaker);

/* Something that comes after everything said so far has been dealt with. */
void barrier(struct fixture *f);

/* Wait for words in the bridge's transcript. */
#define expect(f, words) assert_true(recorder_wait((f)->loop, words, 1))

#endif
