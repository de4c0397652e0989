/* SPDX-License-Identifier: MIT */
/*
 * test_xmpp_stream.c - the component stream by itself, on a real loop against
 * a scripted server.
 */

#include "tests/support/test.h"

#include "bridge/log.h"
#include "bridge/loop.h"
#include "conf/conf.h"
#include "protocols/xmpp/stanza.h"
#include "protocols/xmpp/stream.h"
#include "tests/support/xmppd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	struct loop *loop;
	struct xmppd *server;
	struct xmppd_options options;
	struct conf_xmpp conf;
	struct stream *stream;
	unsigned ups, downs, stanzas, sent, drained;
	enum down_reason why;
};

static void
on_up(void *arg)
{
	struct fixture *f = arg;

	f->ups++;
	loop_stop(f->loop);
}

static void
on_ask(void *arg UNUSED)
{
}

static void
say(void *arg)
{
	struct fixture *f = arg;

	f->sent++;
	stream_send(f->stream, stanza_new(stream_ctx(f->stream), "message",
					  "bob@gw.test", "ann@test", NULL));
}

/* As the bridge does its work: after the call in which there came some. */
static void
on_stanza(void *arg, xmpp_stanza_t *st UNUSED)
{
	struct fixture *f = arg;

	f->stanzas++;
	loop_defer(f->loop, say, f);
}

static void
on_down(void *arg, enum down_reason why, const char *text UNUSED)
{
	struct fixture *f = arg;

	f->downs++;
	f->why = why;
	loop_stop(f->loop);
}

static void
on_drained(void *arg)
{
	struct fixture *f = arg;

	f->drained++;
	assert_false(stream_is_full(f->stream));
}

static bool
on_first_tag(void *arg UNUSED, const struct first_tag *tag UNUSED)
{
	return true;
}

static const struct stream_ops ops = {
	.up = on_up,
	.ask = on_ask,
	.wants = on_first_tag,
	.stanza = on_stanza,
	.down = on_down,
	.drained = on_drained,
};

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	log_set_level(LOG_LEVEL_BUG);
	f->loop = loop_new();
	f->options = (struct xmppd_options){ .component = "gw.test",
					     .room = "lobby@rooms.test",
					     .secret = "s3cret" };
	f->server = xmppd_new(f->loop, &f->options);
	f->conf = (struct conf_xmpp){ .component = "gw.test",
				      .host = "127.0.0.1",
				      .port = xmppd_port(f->server),
				      .secret = secret_new("s3cret", 6) };
	f->stream = stream_new(f->loop, &f->conf, "home", &ops, f);
	stream_start(f->stream);
	loop_run(f->loop);
	assert_int_equal(f->ups, 1);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	stream_free(f->stream);
	xmppd_free(f->server);
	secret_free((struct secret *)(uintptr_t)f->conf.secret);
	loop_free(f->loop);
	free(f);
	return 0;
}

/* The last words and the end are read in one go: there is still work to do,
 * and nothing to do it with. */
static void
what_is_sent_between_the_end_and_the_report_of_it_is_dropped(void **state)
{
	struct fixture *f = *state;

	xmppd_say(f->server, "<message from='ann@test' to='bob@gw.test'/>"
			     "</stream:stream>");
	loop_run(f->loop);
	assert_int_equal(f->downs, 1);
	assert_int_equal(f->why, DOWN_LOST);
	assert_int_equal(f->stanzas, 1);
	assert_int_equal(f->sent, 1);
}

static void
say_numbered(struct fixture *f, unsigned number)
{
	char id[16];
	xmpp_stanza_t *st = stanza_new(stream_ctx(f->stream), "message",
				       "bob@gw.test", "ann@test", NULL);

	(void)snprintf(id, sizeof(id), "n%u", number);
	stanza_attr(st, "id", id);
	stream_send(f->stream, st);
}

static void
what_is_much_leaves_in_order_and_then_there_is_room(void **state)
{
	struct fixture *f = *state;
	unsigned n = 0;

	while (!stream_is_full(f->stream))
		say_numbered(f, n++);
	say_numbered(f, n++);
	assert_true(xmppd_wait(f->server, "<message", n));
	assert_int_equal(f->drained, 1);
	for (unsigned i = 0; i < n; i++) {
		char id[24];

		(void)snprintf(id, sizeof(id), "id=\"n%u\"", i);
		assert_non_null(strstr(xmppd_at(f->server, i), id));
	}
	say_numbered(f, n++);
	assert_true(xmppd_wait(f->server, "<message", n));
	assert_int_equal(f->drained, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_is_sent_between_the_end_and_the_report_of_it_is_dropped,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_much_leaves_in_order_and_then_there_is_room,
			setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
