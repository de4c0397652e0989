/* SPDX-License-Identifier: MIT */
/* hosted_fixture.c - see hosted_fixture.h. */

#include "tests/conformance/hosted_fixture.h"

#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/secret.h"

#include <expat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct conf_server servers[] = { { "irc.libera.chat", 6697 } };
static const struct conf_irc irc = { .servers = servers, .n_servers = 1 };
static const struct conf_network libera = { .name = "libera",
					    .protocol = "irc",
					    .irc = &irc };
static const struct conf_network *const networks[] = { &libera };
static const char *const users[] = { "test" };

int
hosted_setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct error err = { "" };

	log_set_level(LOG_LEVEL_BUG);
	recorder_reset();
	f->loop = loop_new();
	f->options = (struct xmppd_options){ .component = "gw.test",
					     .secret = "s3cret",
					     .room = "other@rooms.test" };
	f->server = xmppd_new(f->loop, &f->options);
	f->gateway = (struct conf_gateway){ .networks = networks,
					    .n_networks = 1,
					    .users = users,
					    .n_users = 1 };
	f->xmpp = (struct conf_xmpp){ .component = "gw.test",
				      .host = "127.0.0.1",
				      .port = xmppd_port(f->server),
				      .secret = secret_new("s3cret", 6),
				      .nick = "causeway",
				      .window = 16,
				      .gateway = &f->gateway };
	f->conf = (struct conf_network){ .name = "home",
					 .protocol = "xmpp",
					 .xmpp = &f->xmpp };
	f->net = xmpp_protocol.ops.create(&f->conf, f->loop, &err);
	assert_non_null(f->net);
	f->room = (struct channel){
		.id = 7, .kind = CHANNEL_HOSTED, .network = f->net, .name = ROOM
	};
	f->person = (struct sender){ .id = "bob", .name = "bob" };
	f->puppet = (struct puppet){ .network = f->net,
				     .origin = "libera",
				     .sender = &f->person,
				     .status = "" };
	f->occupant = (struct occupant){ .puppet = &f->puppet,
					 .channel = &f->room,
					 .want = "bob" };
	str_init(&f->seen, TEXT_MAX);
	recorder.topic = "the topic";
	recorder_start(f->net);
	assert_true(recorder_wait(f->loop, "up home", 1));
	*state = f;
	return 0;
}

int
hosted_teardown(void **state)
{
	struct fixture *f = *state;

	if (f->net->state != NETWORK_DOWN) {
		if (f->net->state != NETWORK_STOPPING)
			recorder_stop(f->net);
		assert_true(recorder_wait(f->loop, "down home",
					  recorder.downs + 1));
	}
	assert_int_equal(xmppd_broken(f->server), 0);
	xmpp_protocol.ops.destroy(f->net);
	xmppd_free(f->server);
	for (size_t i = 0; i < f->n; i++)
		event_unref(f->said[i]);
	str_finish(&f->seen);
	secret_free((struct secret *)(uintptr_t)f->xmpp.secret);
	recorder_reset();
	loop_free(f->loop);
	free(f);
	return 0;
}

/* ---- one form ------------------------------------------------------------ */

static int
compare_attributes(const void *left, const void *right)
{
	const XML_Char *const *a = left;
	const XML_Char *const *b = right;

	return strcmp(*a, *b);
}

static void XMLCALL
on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct str *out = arg;
	const XML_Char *pairs[32][2];
	size_t n = 0;

	for (; attributes[2 * n] && n < 32; n++) {
		pairs[n][0] = attributes[2 * n];
		pairs[n][1] = attributes[2 * n + 1];
	}
	qsort(pairs, n, sizeof(pairs[0]), compare_attributes);
	str_printf(out, "<%s", name);
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, "occupant-id") || strcmp(pairs[i][0], "id"))
			str_printf(out, " %s='%s'", pairs[i][0], pairs[i][1]);
	str_add_char(out, '>');
}

static void XMLCALL
on_end(void *arg, const XML_Char *name)
{
	str_printf(arg, "</%s>", name);
}

static void XMLCALL
on_text(void *arg, const XML_Char *text, int len)
{
	str_add_n(arg, text, (size_t)len);
}

static void
add_plain(struct str *out, const char *stanza)
{
	XML_Parser parser = XML_ParserCreate(NULL);

	XML_SetUserData(parser, out);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	assert_int_equal(XML_Parse(parser, stanza, (int)strlen(stanza), 1),
			 XML_STATUS_OK);
	XML_ParserFree(parser);
	str_add_char(out, '\n');
}

/* ---- steps --------------------------------------------------------------- */

/* What was said so far has been dealt with, and its answers are here. */
void
barrier(struct fixture *f)
{
	char id[32];

	(void)snprintf(id, sizeof(id), "id=\"bar%zu\"", ++f->bars);
	xmppd_say(f->server,
		  "<iq type='get' from='test' to='gw.test' id='bar%zu'>"
		  "<ping xmlns='urn:xmpp:ping'/></iq>",
		  f->bars);
	assert_true(xmppd_wait(f->server, id, 1));
}

/* All that the address was sent since the last look, in one form. */
const char *
seen_by(struct fixture *f, const char *to)
{
	str_clear(&f->seen);
	for (size_t i = 0; i < xmppd_size(f->server); i++) {
		char *stanza = xstrdup(xmppd_at(f->server, i));
		char *whom = NULL;

		for (size_t k = 0; !whom && k < 3; k++) {
			static const char *const kinds[] = { "presence",
							     "message", "iq" };
			whom = xmppd_attribute(stanza, kinds[k], "to");
		}
		if (whom && strcmp(whom, to) == 0)
			add_plain(&f->seen, stanza);
		free(whom);
		free(stanza);
	}
	return f->seen.data;
}

void
expect_seen(struct fixture *f, const char *to, const char *stanzas)
{
	barrier(f);
	assert_string_equal(seen_by(f, to), stanzas);
}

void
knock(struct fixture *f, const char *who, const char *nick, const char *muc)
{
	xmppd_say(f->server,
		  "<presence from='%s' to='%s/%s' id='in'>%s"
		  "</presence>",
		  who, ROOM, nick, muc);
	barrier(f);
}

void
open_room(struct fixture *f)
{
	recorder_join(&f->room);
	assert_true(f->room.joined);
}

void
stand(struct fixture *f, const char *who, const struct standing *s)
{
	xmpp_protocol.ops.standing(f->net, &f->room, who, s);
}

void
let_in(struct fixture *f, const char *who, const char *name)
{
	stand(f, who,
	      &(struct standing){ OCCUPANT_JOINED, name, REFUSAL_OTHER, NULL });
}

/* Ann is in with one client, and all of that is forgotten. */
void
ann_is_in(struct fixture *f)
{
	knock(f, "ann@test/a", "Ann", MUC);
	open_room(f);
	let_in(f, "ann@test", "Ann");
	barrier(f);
	xmppd_forget(f->server);
}

void
cid_is_in(struct fixture *f)
{
	knock(f, "cid@test/c", "Cid", MUC);
	let_in(f, "cid@test", "Cid");
	barrier(f);
	xmppd_forget(f->server);
}

void
bob_is_in(struct fixture *f)
{
	recorder_puppet_join(&f->occupant);
	barrier(f);
	xmppd_forget(f->server);
}

struct delivery *
deliver(struct fixture *f, enum event_kind kind, const char *text)
{
	struct delivery *d = &f->deliveries[f->n];
	struct event *ev = event_make(kind);

	event_set_sender(ev, "bob", "bob");
	event_set_text(ev, text);
	ev->number = ++f->number;
	ev->when_ms = 1764000000000 + f->number * 1000;
	(void)snprintf(f->ids[f->n], sizeof(f->ids[0]), "d%zu", f->n + 1);
	*d = (struct delivery){ .event = ev,
				.channel = &f->room,
				.speaker =
					f->occupant.data ? &f->occupant : NULL,
				.id = f->ids[f->n],
				.attempt = 1 };
	f->said[f->n++] = ev;
	recorder_send(d);
	return d;
}

void
say(struct fixture *f, const char *who, const char *to, const char *inside)
{
	xmppd_say(f->server,
		  "<message type='groupchat' id='m1' from='%s' "
		  "to='%s'>%s</message>",
		  who, to, inside);
	barrier(f);
}

/* What was raised last is on disk. */
void
accept_last(struct fixture *f)
{
	recorder.last_event->number = ++f->number;
	xmpp_protocol.ops.accepted(f->net, recorder.last_event);
	barrier(f);
}

void
clear(struct fixture *f)
{
	barrier(f);
	xmppd_forget(f->server);
}

void
ask(struct fixture *f, const char *from, const char *to, const char *type,
    const char *inside)
{
	xmppd_say(f->server, "<iq type='%s' from='%s' to='%s' id='q'>%s</iq>",
		  type, from, to, inside);
	barrier(f);
}
