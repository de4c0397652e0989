/* SPDX-License-Identifier: MIT */
/*
 * test_xmpp_shown.c - what those in a hosted room are shown of each other when
 * many leave, come and change their nicks while the server is behind.
 *
 * As long as the loop does not run nothing is written; so after fall_behind()
 * everything waits until the next barrier().
 */

#include "tests/conformance/hosted_fixture.h"

#include "protocols/xmpp/stream.h"
#include "protocols/xmpp/xmpp.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1024 * 1024)
#define LONG_TEXT 60000
#define DEEP (8 * MIB) /* beyond what sockets hold */
#define PEOPLE_MAX 100
#define ROSTER_MAX (PEOPLE_MAX * 16)

/* People of elsewhere. */
struct people {
	struct fixture *f;
	size_t n;
	struct {
		struct sender sender;
		struct puppet puppet;
		struct occupant o;
		char id[16], want[16];
	} all[PEOPLE_MAX];
};

static struct people *
people_new(struct fixture *f, size_t n)
{
	struct people *p = xcalloc(1, sizeof(*p));

	p->f = f;
	p->n = n;
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(p->all[i].id, sizeof(p->all[i].id), "p%u",
			       (unsigned)i);
		(void)snprintf(p->all[i].want, sizeof(p->all[i].want), "p%u",
			       (unsigned)i);
		p->all[i].sender = (struct sender){ .id = p->all[i].id,
						    .name = p->all[i].want };
		p->all[i].puppet = (struct puppet){ .network = f->net,
						    .origin = "libera",
						    .sender = &p->all[i].sender,
						    .status = "" };
		p->all[i].o = (struct occupant){ .puppet = &p->all[i].puppet,
						 .channel = &f->room,
						 .want = p->all[i].want };
	}
	return p;
}

static void
come(struct people *p, size_t i)
{
	recorder_puppet_join(&p->all[i].o);
}

static void
go(struct people *p, size_t i)
{
	recorder_puppet_leave(&p->all[i].o, "netsplit");
}

static void
call(struct people *p, size_t i, const char *want)
{
	(void)snprintf(p->all[i].want, sizeof(p->all[i].want), "%s", want);
	xmpp_protocol.ops.puppet_update(p->f->net, &p->all[i].o, PUPPET_NAME);
}

static void
be(struct people *p, size_t i, const char *status)
{
	p->all[i].puppet.status = status;
	xmpp_protocol.ops.puppet_update(p->f->net, &p->all[i].o, PUPPET_STATUS);
}

/* They outlive the network, and are no occupants any more. */
static void
people_free(struct people *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->all[i].o.state == OCCUPANT_JOINED)
			go(p, i);
	free(p);
}

/* Behind with so many bytes, at least. */
static void
fall_far_behind(struct fixture *f, size_t bytes)
{
	struct xmpp *x = xmpp_from(f->net);
	AUTO_STR text = { 0 };

	str_init(&text, LONG_TEXT);
	while (text.len < LONG_TEXT)
		str_add_char(&text, 'x');
	for (size_t n = 0; n < bytes || !xmpp_is_busy(x); n += LONG_TEXT) {
		xmpp_stanza_t *st = stanza_new(x->ctx, "message", "gw.test",
					       "nobody@test", NULL);

		stanza_add_text(st, "body", NULL, text.data);
		xmpp_post(x, st);
	}
}

static void
fall_behind(struct fixture *f)
{
	fall_far_behind(f, 0);
}

/* Everybody has been shown everything. */
static void
catch_up(struct fixture *f)
{
	while (xmpp_from(f->net)->due)
		barrier(f);
	barrier(f);
}

/* What a client makes of what it was sent: "|nick|nick|", as they came. */
static const char *
roster(struct fixture *f, const char *who)
{
	static char names[ROSTER_MAX];
	char *saveptr = NULL;
	char *copy = xstrdup(seen_by(f, who));

	strcpy(names, "|");
	for (char *line = strtok_r(copy, "\n", &saveptr); line;
	     line = strtok_r(NULL, "\n", &saveptr)) {
		char name[64], *at;
		const char *nick = strstr(line, ROOM "/");

		if (strncmp(line, "<presence ", 10) != 0 || !nick ||
		    strstr(line, " type='error'"))
			continue;
		nick += strlen(ROOM "/");
		(void)snprintf(name, sizeof(name), "|%.*s|",
			       (int)strcspn(nick, "'"), nick);
		at = strstr(names, name);
		if (strstr(line, " type='unavailable'")) {
			assert_non_null(at); /* else it never was there */
			memmove(at + 1, at + strlen(name),
				strlen(at + strlen(name)) + 1);
		} else if (!at) {
			strcat(names, name + 1);
		}
	}
	free(copy);
	return names;
}

static size_t
bytes_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* ---- many ---------------------------------------------------------------- */

#define CLIENTS 12

static void
fill(struct fixture *f, struct people *p)
{
	recorder.topic = NULL;
	ann_is_in(f);
	for (int i = 1; i < CLIENTS; i++) {
		char bare[32], full[64], nick[16];

		(void)snprintf(nick, sizeof(nick), "u%d", i);
		(void)snprintf(bare, sizeof(bare), "u%d@test", i);
		(void)snprintf(full, sizeof(full), "%s/x", bare);
		knock(f, full, nick, MUC);
		let_in(f, bare, nick);
	}
	for (size_t i = 0; i < p->n; i++)
		come(p, i);
	clear(f);
}

static void
a_mass_that_leaves_waits_in_little_memory(void **state)
{
	struct fixture *f = *state;
	struct people *p = people_new(f, PEOPLE_MAX);
	size_t before, after;

	fill(f, p);
	fall_behind(f);
	before = bytes_in_use();
	for (size_t i = 0; i < p->n; i++)
		go(p, i);
	after = bytes_in_use();
	/* 1 200 presences are more than half a MiB. */
	assert_true(after < before + MIB / 8);
	deliver(f, EVENT_MESSAGE, "what is said");
	catch_up(f);
	assert_int_equal(xmppd_count(f->server, "type=\"unavailable\""),
			 PEOPLE_MAX * CLIENTS);
	assert_true(xmppd_count(f->server, "netsplit") >= PEOPLE_MAX * CLIENTS);
	free(p);
}

static void
a_mass_that_comes_waits_in_little_memory(void **state)
{
	struct fixture *f = *state;
	struct people *p = people_new(f, PEOPLE_MAX);
	size_t before, after;

	p->n = 0;
	fill(f, p);
	p->n = PEOPLE_MAX;
	fall_behind(f);
	before = bytes_in_use();
	for (size_t i = 0; i < p->n; i++)
		come(p, i);
	after = bytes_in_use();
	assert_true(after < before + MIB / 4);
	catch_up(f);
	assert_int_equal(xmppd_count(f->server, "<presence"),
			 PEOPLE_MAX * CLIENTS);
	people_free(p);
}

static void
what_is_said_overtakes_who_leaves(void **state)
{
	struct fixture *f = *state;
	struct people *p = people_new(f, 50);
	size_t gone = 0;

	fill(f, p);
	fall_behind(f);
	for (size_t i = 0; i < p->n; i++)
		go(p, i);
	deliver(f, EVENT_MESSAGE, "overtaking");
	catch_up(f);
	for (size_t i = 0; !strstr(xmppd_at(f->server, i), "overtaking"); i++)
		gone += strstr(xmppd_at(f->server, i), "netsplit") != NULL;
	assert_int_equal(gone, 0);
	free(p);
}

/* p0 is in, and Ann has seen that; the server is behind. */
static struct people *
seen_before(struct fixture *f)
{
	struct people *p = people_new(f, 1);

	ann_is_in(f);
	come(p, 0);
	clear(f);
	fall_behind(f);
	return p;
}

/* ---- one, more than once ------------------------------------------------- */

static void
who_left_and_is_back_costs_nothing(void **state)
{
	struct fixture *f = *state;
	struct people *p = seen_before(f);

	for (int i = 0; i < 3; i++) {
		go(p, 0);
		come(p, 0);
	}
	catch_up(f);
	assert_string_equal(seen_by(f, "ann@test/a"), "");
	people_free(p);
}

static void
who_came_and_has_left_costs_nothing(void **state)
{
	struct fixture *f = *state;
	struct people *p = people_new(f, 1);

	ann_is_in(f);
	fall_behind(f);
	come(p, 0);
	go(p, 0);
	catch_up(f);
	assert_string_equal(seen_by(f, "ann@test/a"), "");
	free(p);
}

static void
who_is_back_as_somebody_else_is_shown_so(void **state)
{
	struct fixture *f = *state;
	struct people *p = seen_before(f);

	go(p, 0);
	strcpy(p->all[0].want, "other");
	come(p, 0);
	catch_up(f);
	assert_string_equal(seen_by(f, "ann@test/a"),
			    "<presence from='" ROOM "/p0' to='ann@test/a' "
			    "type='unavailable'>" X(
				    "<item affiliation='none' nick='other' "
				    "role='participant'></item>" CODE(303)) ID
			    "</presence>\n" HERE("other", "ann@test/a", ""));
	people_free(p);
}

static void
of_many_nicks_only_the_last_is_shown(void **state)
{
	struct fixture *f = *state;
	struct people *p = seen_before(f);

	for (int i = 0; i < 50; i++) {
		char nick[16];

		(void)snprintf(nick, sizeof(nick), "n%d", i);
		call(p, 0, nick);
	}
	call(p, 0, "last");
	catch_up(f);
	assert_int_equal(xmppd_count(f->server, "<presence"), 2);
	assert_int_equal(xmppd_count(f->server, "nick=\"last\""), 1);
	people_free(p);
}

static void
of_many_states_only_the_last_is_shown(void **state)
{
	struct fixture *f = *state;
	struct people *p = seen_before(f);

	be(p, 0, "a");
	be(p, 0, "b");
	be(p, 0, "");
	catch_up(f);
	assert_string_equal(seen_by(f, "ann@test/a"), "");
	fall_behind(f);
	be(p, 0, "a");
	be(p, 0, "b");
	catch_up(f);
	assert_int_equal(xmppd_count(f->server, "<presence"), 1);
	assert_int_equal(xmppd_count(f->server, "<status>b</status>"), 1);
	be(p, 0, "");
	people_free(p);
}

static void
modes_that_change_and_change_back_cost_nothing(void **state)
{
	struct fixture *f = *state;
	struct people *p = people_new(f, 3);

	ann_is_in(f);
	for (size_t i = 0; i < p->n; i++)
		come(p, i);
	clear(f);
	fall_behind(f);
	for (int i = 0; i < 20; i++) {
		f->room.modes ^= CHANNEL_MODERATED;
		xmpp_protocol.ops.moded(f->net, &f->room);
	}
	catch_up(f);
	/* Only what Ann is told of herself. */
	assert_int_equal(xmppd_count(f->server, "<presence"), 20);
	people_free(p);
}

static void
who_is_thrown_out_is_shown_so_later(void **state)
{
	struct fixture *f = *state;
	struct people *p = seen_before(f);

	p->all[0].o.part = PART_KICKED;
	p->all[0].o.actor = "op";
	go(p, 0);
	catch_up(f);
	assert_string_equal(seen_by(f, "ann@test/a"),
			    "<presence from='" ROOM "/p0' to='ann@test/a' "
			    "type='unavailable'><status>netsplit</status>" X(
				    "<item affiliation='none' role='none'>"
				    "<actor nick='op'></actor>"
				    "<reason>netsplit</reason></item>" CODE(
					    307)) ID "</presence>\n");
	free(p);
}

/* ---- nicks that change hands --------------------------------------------- */

static void
who_speaks_is_shown_before(void **state)
{
	struct fixture *f = *state;
	const char *seen;

	recorder.topic = NULL;
	ann_is_in(f);
	fall_behind(f);
	recorder_puppet_join(&f->occupant);
	deliver(f, EVENT_MESSAGE, "first words");
	catch_up(f);
	seen = seen_by(f, "ann@test/a");
	assert_ptr_equal(strstr(seen, HERE("bob", "ann@test/a", "")), seen);
	assert_non_null(strstr(seen, "first words"));
}

static void
nicks_are_swapped(void **state)
{
	struct fixture *f = *state;
	struct people *p = people_new(f, 2);

	ann_is_in(f);
	come(p, 0);
	come(p, 1);
	barrier(f);
	fall_behind(f);
	call(p, 0, "free");
	call(p, 1, "p0");
	call(p, 0, "p1");
	catch_up(f);
	assert_string_equal(roster(f, "ann@test/a"), "|p1|p0|");
	people_free(p);
}

static void
who_takes_the_nick_of_somebody_gone_does_not_go(void **state)
{
	struct fixture *f = *state;
	struct people *p = people_new(f, 1);

	ann_is_in(f);
	come(p, 0);
	barrier(f);
	fall_behind(f);
	go(p, 0);
	let_in(f, "ann@test", "p0");
	catch_up(f);
	/* Her own nick was Ann before; that was forgotten with her entry. */
	assert_non_null(strstr(seen_by(f, "ann@test/a"), CODE(110)));
	assert_non_null(strstr(f->seen.data,
			       HERE("p0", "ann@test/a", CODE(110) CODE(210))));
	assert_null(strstr(strstr(f->seen.data, CODE(210)), "unavailable"));
	free(p);
}

/* Ann and Cid see the same as somebody who comes last. */
static void
check_rosters(struct fixture *f)
{
	char *ann, *cid;
	const char *eve;

	catch_up(f);
	ann = xstrdup(roster(f, "ann@test/a"));
	cid = xstrdup(roster(f, "cid@test/c"));
	xmppd_say(f->server,
		  "<presence from='eve@test/e' to='%s/Eve'>" MUC "</presence>",
		  ROOM);
	catch_up(f);
	let_in(f, "eve@test", "Eve");
	catch_up(f);
	eve = roster(f, "eve@test/e");
	for (const char *at = eve + 1; *at; at += strcspn(at, "|") + 1) {
		char name[64];

		(void)snprintf(name, sizeof(name), "|%.*s|",
			       (int)strcspn(at, "|"), at);
		if (strcmp(name, "|Eve|") == 0)
			continue;
		assert_non_null(strstr(ann, name));
		assert_non_null(strstr(cid, name));
	}
	assert_int_equal(strlen(ann) + strlen("Eve|"), strlen(eve));
	assert_int_equal(strlen(cid) + strlen("Eve|"), strlen(eve));
	free(ann);
	free(cid);
}

static void
any_step(struct people *p)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f" };
	const char *name = names[(size_t)rand() % ARRAY_SIZE(names)];
	size_t i = (size_t)rand() % p->n;

	if (rand() % 6 == 0) {
		let_in(p->f, rand() % 2 ? "ann@test" : "cid@test", name);
	} else if (p->all[i].o.state != OCCUPANT_JOINED) {
		strcpy(p->all[i].want, name);
		come(p, i);
	} else if (rand() % 2) {
		go(p, i);
	} else {
		call(p, i, name);
	}
}

static void
whatever_happens_all_see_the_same_in_the_end(void **state)
{
	struct fixture *f = *state;
	struct people *p = people_new(f, 5);

	srand(7);
	recorder.topic = NULL;
	knock(f, "ann@test/a", "Ann", MUC);
	open_room(f);
	let_in(f, "ann@test", "Ann");
	knock(f, "cid@test/c", "Cid", MUC);
	let_in(f, "cid@test", "Cid");
	for (int i = 0; i < 1000; i++) {
		any_step(p);
		if (rand() % 30 == 0)
			barrier(f);
		else if (rand() % 40 == 0)
			fall_behind(f);
	}
	check_rosters(f);
	people_free(p);
}

static void
who_left_before_the_stream_is_shown_so_after_it(void **state)
{
	struct fixture *f = *state;
	struct people *p = people_new(f, 1);

	ann_is_in(f);
	come(p, 0);
	clear(f);
	fall_far_behind(f, DEEP);
	go(p, 0);
	xmppd_hang_up(f->server);
	assert_true(recorder_wait(f->loop, "down home lost", 1));
	recorder_start(f->net);
	assert_true(recorder_wait(f->loop, "up home", 2));
	catch_up(f);
	assert_non_null(strstr(seen_by(f, "ann@test/a"), "netsplit"));
	free(p);
}

#define CASE(fn) \
	cmocka_unit_test_setup_teardown(fn, hosted_setup, hosted_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_mass_that_leaves_waits_in_little_memory),
		CASE(a_mass_that_comes_waits_in_little_memory),
		CASE(what_is_said_overtakes_who_leaves),
		CASE(who_left_and_is_back_costs_nothing),
		CASE(who_came_and_has_left_costs_nothing),
		CASE(who_is_back_as_somebody_else_is_shown_so),
		CASE(of_many_nicks_only_the_last_is_shown),
		CASE(of_many_states_only_the_last_is_shown),
		CASE(modes_that_change_and_change_back_cost_nothing),
		CASE(who_is_thrown_out_is_shown_so_later),
		CASE(who_speaks_is_shown_before),
		CASE(nicks_are_swapped),
		CASE(who_takes_the_nick_of_somebody_gone_does_not_go),
		CASE(whatever_happens_all_see_the_same_in_the_end),
		CASE(who_left_before_the_stream_is_shown_so_after_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
