/* SPDX-License-Identifier: MIT */
/* irc_fixture.c - see irc_fixture.h. */

#include "tests/conformance/irc_fixture.h"

#include "bridge/log.h"
#include "bridge/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
no_log(enum log_level level UNUSED, const char *where UNUSED,
       const char *text UNUSED, void *arg UNUSED)
{
}

int
setup(void **state)
{
	static const char *const names[PUPPETS] = { "Ann", "Bob", "Cid" };
	struct fixture *fx = xcalloc(1, sizeof(*fx));

	/* As the daemon does: a dead peer is an error of write(). */
	(void)signal(SIGPIPE, SIG_IGN);
	log_set_sink(no_log, NULL);
	recorder_reset();
	fx->loop = loop_new();
	fx->server = (struct conf_server){ .host = "127.0.0.1" };
	fx->conf = (struct conf_irc){
		.servers = &fx->server,
		.n_servers = 1,
		.local = true,
		.tls = CONF_TLS_OFF,
		.users = { .names = true, .linger_s = 20 },
		.listener = true,
		.nick = "bridge",
		.user = "bridge",
		.realname = "a bridge",
		.burst = 5,
		.puppets = PUPPETS,
		.puppet_realname = "{name} ({network})",
		.puppet_user = "{name}",
		.lines_max = 5,
		.window = 5,
		.ping_s = 60,
		.timeout_s = 60,
	};
	fx->net_conf = (struct conf_network){ .name = "net",
					      .protocol = "irc",
					      .irc = &fx->conf };
	for (size_t i = 0; i < PUPPETS; i++) {
		fx->senders[i] =
			(struct sender){ .id = names[i], .name = names[i] };
		fx->puppets[i] = (struct puppet){ .id = (int64_t)i + 1,
						  .origin = "home",
						  .sender = &fx->senders[i],
						  .status = "" };
	}
	*state = fx;
	return 0;
}

int
teardown(void **state)
{
	struct fixture *fx = *state;

	if (fx->net && fx->net->state != NETWORK_DOWN) {
		if (fx->net->state != NETWORK_STOPPING)
			recorder_stop(fx->net);
		recorder_wait(fx->loop, "down net", 1);
	}
	if (fx->net) {
		irc_protocol.ops.forget(fx->net, &fx->room);
		irc_protocol.ops.forget(fx->net, &fx->direct);
		for (size_t i = 0; i < MANY; i++)
			irc_protocol.ops.forget(fx->net, &fx->many[i]);
		irc_protocol.ops.destroy(fx->net);
	}
	recorder_reset();
	ircd_stop(&fx->d);
	loop_free(fx->loop);
	for (size_t i = 0; i < fx->n_deliveries; i++)
		event_unref(fx->events[i]);
	if (*fx->ca_path)
		unlink(fx->ca_path);
	log_set_sink(NULL, NULL);
	free(fx);
	return 0;
}

/* ---- steps --------------------------------------------------------- */

void
create(struct fixture *fx)
{
	fx->server.port = peer_port(fx->d.peer);
	fx->net = irc_protocol.ops.create(&fx->net_conf, fx->loop, NULL);
	assert_non_null(fx->net);
	fx->room = (struct channel){
		.id = 1,
		.kind = CHANNEL_ROOM,
		.network = fx->net,
		.name = "#a",
		.caps = fx->net->caps,
		.limits = fx->net->limits,
	};
	fx->direct = (struct channel){
		.id = 2,
		.kind = CHANNEL_DIRECT,
		.network = fx->net,
		.name = "zoe",
		.caps = fx->net->caps,
		.limits = fx->net->limits,
	};
}

void
up(struct fixture *fx)
{
	ircd_start(&fx->d, fx->loop);
	create(fx);
	recorder_start(fx->net);
	assert_true(recorder_wait(fx->loop, "up net", 1));
}

void
up_and_joined(struct fixture *fx)
{
	up(fx);
	recorder_join(&fx->room);
	assert_true(recorder_wait(fx->loop, "joined #a", 1));
}

struct occupant *
puppet(struct fixture *fx, size_t i, struct channel *ch)
{
	struct occupant *o = &fx->occupants[i];

	fx->puppets[i].network = fx->net;
	*o = (struct occupant){ .puppet = &fx->puppets[i],
				.channel = ch,
				.want = fx->senders[i].name };
	recorder_puppet_join(o);
	return o;
}

struct delivery *
delivery(struct fixture *fx, struct channel *ch, struct occupant *speaker,
	 const char *text)
{
	size_t n = fx->n_deliveries++;
	struct delivery *d = &fx->deliveries[n];

	assert_true(n < DELIVERIES);
	fx->events[n] = event_make(EVENT_MESSAGE);
	event_set_sender(fx->events[n], "x", "x");
	event_set_text(fx->events[n], text);
	snprintf(fx->ids[n], sizeof(fx->ids[n]), "d%zu", n);
	*d = (struct delivery){ .event = fx->events[n],
				.channel = ch,
				.speaker = speaker,
				.id = fx->ids[n],
				.attempt = 1 };
	return d;
}

void
send_text(struct fixture *fx, struct channel *ch, struct occupant *speaker,
	  const char *text)
{
	recorder_send(delivery(fx, ch, speaker, text));
}

void
says(struct fixture *fx, const char *line)
{
	peer_say(fx->d.peer, 0, "%s", line);
}

void
expect(struct fixture *fx, const char *words)
{
	if (!recorder_wait(fx->loop, words, 1))
		fail_msg("no \"%s\"", words);
}

struct occupant *
up_with_puppet(struct fixture *fx, struct channel *ch)
{
	struct occupant *o;

	up_and_joined(fx);
	o = puppet(fx, 0, ch);
	expect(fx, "puppet joined");
	return o;
}

void
expect_line(struct fixture *fx, const char *words)
{
	if (!peer_wait(fx->d.peer, words, 1))
		fail_msg("nobody said \"%s\"", words);
}

void
drain(struct fixture *fx)
{
	peer_say(fx->d.peer, 0, "PING :drain%zu",
		 peer_count(fx->d.peer, "PONG"));
	assert_true(peer_wait(fx->d.peer, "PONG",
			      peer_count(fx->d.peer, "PONG") + 1));
}

void
portal_up(struct fixture *fx)
{
	fx->conf.gateway = true;
	fx->conf.listener = false;
	fx->conf.nick = NULL;
	fx->conf.puppets = 0;
	fx->d.listener = -1;
	fx->d.mutual = true;
	if (!fx->d.names)
		fx->d.names = "@zoe";
	up(fx);
	fx->room.portal = true;
	recorder_join(&fx->room);
	expect(fx, "joined #a");
	for (size_t i = 0; i < PUPPETS; i++)
		fx->puppets[i].account = (const struct account *)fx;
}

struct occupant *
enter(struct fixture *fx, size_t i)
{
	struct occupant *o = puppet(fx, i, &fx->room);
	char words[64];

	snprintf(words, sizeof(words), "puppet joined #a %s as", o->want);
	expect(fx, words);
	return o;
}
