/* SPDX-License-Identifier: MIT */
/* xmpp_fixture.c - see xmpp_fixture.h. */

#include "tests/conformance/xmpp_fixture.h"

#include "bridge/error.h"
#include "bridge/log.h"

#include <stdio.h>
#include <stdlib.h>

#define USER "xmlns='http://jabber.org/protocol/muc#user'"
#define FEATURES                                          \
	"<feature var='http://jabber.org/protocol/muc'/>" \
	"<feature var='urn:xmpp:sid:0'/>"                 \
	"<feature var='urn:xmpp:occupant-id:0'/>"
#define ANN_IS_THERE                                                        \
	"<presence from='" ROOM "/Ann' to=\"%s\"><show>away</show>"         \
	"<status>lunch</status><x " USER "><item affiliation='owner' "      \
	"role='moderator'/></x><occupant-id xmlns='urn:xmpp:occupant-id:0'" \
	" id='o1'/></presence>"

static const char *const direct_from[] = { "test" };

int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	log_set_level(LOG_LEVEL_BUG);
	recorder_reset();
	f->loop = loop_new();
	f->options = (struct xmppd_options){
		.component = "gw.test",
		.secret = "s3cret",
		.room = ROOM,
		.features = FEATURES,
		.occupants = ANN_IS_THERE,
		.subject = "the topic",
	};
	f->server = xmppd_new(f->loop, &f->options);
	f->xmpp = (struct conf_xmpp){
		.component = "gw.test",
		.host = "127.0.0.1",
		.port = xmppd_port(f->server),
		.secret = secret_new("s3cret", 6),
		.nick = "causeway",
		.direct_from = direct_from,
		.n_direct_from = 1,
		.window = 16,
	};
	f->conf = (struct conf_network){ .name = "home",
					 .protocol = "xmpp",
					 .xmpp = &f->xmpp };
	struct error err = { "" };
	f->net = xmpp_protocol.ops.create(&f->conf, f->loop, &err);
	assert_non_null(f->net);
	f->room = (struct channel){ .id = 7,
				    .kind = CHANNEL_ROOM,
				    .network = f->net,
				    .name = ROOM,
				    .conf = &f->member,
				    .caps = f->net->caps,
				    .limits = f->net->limits };
	f->person = (struct sender){ .id = "#bob", .name = "bob" };
	f->puppet = (struct puppet){ .network = f->net,
				     .origin = "irc",
				     .sender = &f->person,
				     .status = "" };
	f->occupant = (struct occupant){ .puppet = &f->puppet,
					 .channel = &f->room,
					 .want = "bob" };
	*state = f;
	return 0;
}

int
teardown(void **state)
{
	struct fixture *f = *state;

	if (f->net->state != NETWORK_DOWN) {
		if (f->net->state != NETWORK_STOPPING)
			recorder_stop(f->net);
		assert_true(recorder_wait(f->loop, "down home",
					  recorder.downs + 1));
	}
	xmpp_protocol.ops.destroy(f->net);
	xmppd_free(f->server);
	for (size_t i = 0; i < f->n; i++)
		event_unref(f->said[i]);
	secret_free((struct secret *)(uintptr_t)f->xmpp.secret);
	recorder_reset();
	loop_free(f->loop);
	free(f);
	return 0;
}

/* ---- steps --------------------------------------------------------------- */

void
go_up(struct fixture *f)
{
	recorder_start(f->net);
	assert_true(recorder_wait(f->loop, "up home", 1));
}

void
enter_room(struct fixture *f)
{
	go_up(f);
	recorder_join(&f->room);
	assert_true(recorder_wait(f->loop, "joined " ROOM, 1));
}

void
enter_puppet(struct fixture *f)
{
	enter_room(f);
	recorder_puppet_join(&f->occupant);
	assert_true(recorder_wait(f->loop, "puppet joined", 1));
}

struct delivery *
deliver(struct fixture *f, enum event_kind kind, const char *text,
	struct occupant *speaker)
{
	struct delivery *d = &f->deliveries[f->n];
	struct event *ev = event_make(kind);

	event_set_sender(ev, "#bob", "bob");
	event_set_text(ev, text);
	(void)snprintf(f->ids[f->n], sizeof(f->ids[0]), "d%zu", f->n + 1);
	*d = (struct delivery){ .event = ev,
				.channel = &f->room,
				.speaker = speaker,
				.id = f->ids[f->n],
				.attempt = 1 };
	f->said[f->n++] = ev;
	recorder_send(d);
	return d;
}

void
barrier(struct fixture *f)
{
	size_t before = xmppd_count(f->server, "id=\"bar\"");

	xmppd_say(f->server, "<iq type='get' from='test' to='gw.test' id='bar'>"
			     "<ping xmlns='urn:xmpp:ping'/></iq>");
	assert_true(xmppd_wait(f->server, "id=\"bar\"", before + 1));
}
