/* SPDX-License-Identifier: MIT */
/*
 * irc.c - the adapter for IRC: the life of a network, and the ops table.
 *
 * Standards:
 *     RFC 1459, RFC 2812     the protocol
 *     modern.ircdocs.horse   the protocol as servers speak it today
 *     RFC 6125, RFC 8446     TLS and whom we talk to
 *     RFC 4616, 4422, 7677   SASL PLAIN, EXTERNAL, SCRAM-SHA-256
 *     CTCP, IRC Formatting   modern.ircdocs.horse
 *     IRCv3: Capability Negotiation 302, cap-notify, SASL 3.2, message-tags,
 *         server-time, batch (netsplit), echo-message, labeled-response,
 *         msgid, account-tag, account-notify, extended-join, away-notify,
 *         chghost, setname, multi-prefix, userhost-in-names, bot mode, WHOX,
 *         draft/chathistory
 */

#include "protocols/irc/irc.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/event.h"
#include "bridge/log.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "conf/conf.h"
#include "protocols/irc/channel.h"
#include "protocols/irc/dial.h"
#include "protocols/irc/format.h"
#include "protocols/irc/portal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WELCOME_MS 20000 /* from 001 to the end of the MOTD */
#define PUPPET_WAIT_MS 5000
/* As the tag's specification says, and a little for the way. */
#define TYPING_LASTS_MS 7000
#define TYPING_AGAIN_MS 4000
#define GOODBYE "Bridge going down"
#define CAPS                                                             \
	(IRC_CAP_MESSAGE_TAGS | IRC_CAP_SERVER_TIME | IRC_CAP_BATCH |    \
	 IRC_CAP_ECHO_MESSAGE | IRC_CAP_LABELED_RESPONSE |               \
	 IRC_CAP_ACCOUNT_TAG | IRC_CAP_ACCOUNT_NOTIFY |                  \
	 IRC_CAP_EXTENDED_JOIN | IRC_CAP_AWAY_NOTIFY | IRC_CAP_CHGHOST | \
	 IRC_CAP_SETNAME | IRC_CAP_MULTI_PREFIX | IRC_CAP_CHATHISTORY |  \
	 IRC_CAP_USERHOST_IN_NAMES)

struct irc *
irc_from(struct network *net)
{
	assert(net->protocol == &irc_protocol);
	return container_of(net, struct irc, net);
}

/* ---- what the other files use -------------------------------------- */

bool
irc_may_answer(struct irc *irc, struct throttle *t, int64_t interval_ms)
{
	int64_t now = loop_now_ms(irc->loop);

	if (t->next_ms && now < t->next_ms) {
		t->suppressed++;
		return false;
	}
	t->next_ms = now + interval_ms;
	t->suppressed = 0;
	return true;
}

bool
irc_is_us(struct irc *irc, const char *nick)
{
	return !irc_compare(irc->isupport.casemapping, nick,
			    irc->listener.nick) ||
	       irc_puppet_find(irc, nick) || irc_was_us(irc, nick);
}

const char *
irc_words(struct irc *irc, struct str *out, const char *text)
{
	AUTO_STR utf8 = { 0 };
	struct text_builder plain;

	str_init(&utf8, 4 * IRC_BODY_MAX);
	text_builder_init(&plain, 4 * IRC_BODY_MAX);
	irc_charset_read(&utf8, text, strlen(text), irc->conf->charset);
	irc_format_read(&plain, utf8.data, utf8.len);
	str_add_n(out, plain.utf8.data, plain.utf8.len);
	text_builder_finish(&plain);
	return out->data;
}

enum down_reason
irc_down_reason(enum session_end how)
{
	static const enum down_reason reasons[] = {
		[SESSION_CLOSED] = DOWN_ASKED,
		[SESSION_LOST] = DOWN_LOST,
		[SESSION_UNREACHABLE] = DOWN_UNREACHABLE,
		[SESSION_REFUSED] = DOWN_REFUSED,
	};

	return reasons[how];
}

/* ---- going down ---------------------------------------------------- */

static void
forget_all(struct irc *irc)
{
	irc->up = false;
	irc->learnt = false;
	irc_own_nick_ends(irc, irc->listener.nick);
	timer_stop(&irc->welcome_timer);
	timer_stop(&irc->regain_timer);
	timer_stop(&irc->poll_timer);
	timer_stop(&irc->silence_timer);
	timer_stop(&irc->speaker.barrier_timer);
	irc_watches_drop(irc);
	irc_portals_close(irc);
	irc_directs_free(irc);
	irc_view_clear(&irc->view);
	irc_puppets_drop(irc);
	irc_bouncers_free(irc);
}

void
irc_closed(struct irc *irc)
{
	if (irc->puppets || irc->listener.state != SESSION_IDLE)
		return;
	irc->stopping = false;
	forget_all(irc);
	bridge_network_down(&irc->net, DOWN_ASKED, NULL);
}

/* ---- the listener's session ---------------------------------------- */

static void
welcome_overdue(void *arg)
{
	irc_listener_welcome(arg);
}

static void
on_up(void *owner)
{
	struct irc *irc = owner;

	irc_own_nick_begins(irc, irc->listener.nick);
	timer_start(&irc->welcome_timer, irc->loop, WELCOME_MS, welcome_overdue,
		    irc);
}

static void
on_line(void *owner, const struct irc_line *line)
{
	irc_listener_line(owner, line);
}

static void
on_written(void *owner, void *cookie)
{
	irc_sending_written(owner, cookie);
}

static void
on_down(void *owner, enum session_end how, const char *text)
{
	struct irc *irc = owner;

	if (irc->stopping) {
		irc_closed(irc);
		return;
	}
	forget_all(irc);
	irc->wire.server++;
	bridge_network_down(&irc->net, irc_down_reason(how), text);
}

static const struct session_ops listener_ops = {
	.up = on_up,
	.line = on_line,
	.written = on_written,
	.down = on_down,
};

/* ---- life ---------------------------------------------------------- */

static struct network *
irc_create(const struct conf_network *conf, struct loop *loop,
	   struct error *err)
{
	struct irc *irc;

	if (!conf->irc || !conf->irc->n_servers) {
		error_set(err, EINVAL, "network %s has no IRC server",
			  conf->name);
		return NULL;
	}
	irc = xcalloc(1, sizeof(*irc));
	network_init(&irc->net, &irc_protocol, conf->name);
	irc->conf = conf->irc;
	irc->loop = loop;
	irc->wire.loop = loop;
	irc->wire.conf = conf->irc;
	irc->wire.where = irc->net.name;
	irc_isupport_init(&irc->isupport);
	session_init(&irc->listener, &irc->wire, &listener_ops, irc);
	irc_view_init(&irc->view, irc, &irc->listener);
	irc->listener.hurried = true;
	irc_speaker_init(&irc->speaker, &irc->listener);
	if (conf->irc->window)
		irc->net.limits.window = conf->irc->window;
	irc->net.limits.lines_max = 0; /* we cut, and say so */
	irc->net.limits.puppets = conf->irc->puppets;
	irc->net.limits.puppet_idle_ms =
		(int64_t)conf->irc->puppet_idle_s * 1000;
	if (conf->irc->gateway)
		irc->net.limits.listener_ms =
			(int64_t)conf->irc->users.hear_s * 1000;
	if (!conf->irc->gateway)
		irc->net.caps &= ~(unsigned)(CAN_ACCOUNT | CAN_CONTACT);
	if (!conf->irc->puppets)
		irc->net.caps &= ~(unsigned)CAN_PUPPET;
	if (!conf->irc->puppets && !conf->irc->gateway)
		irc->net.caps &= ~(unsigned)CAN_DIRECT;
	return &irc->net;
}

static void
irc_destroy(struct network *net)
{
	struct irc *irc = irc_from(net);

	ident_leave(&irc->ident);
	forget_all(irc);
	irc_formers_free(irc);
	irc_absences_free(irc);
	irc_keys_free(irc);
	session_finish(&irc->listener);
	irc_tls_unuse(irc->wire.tls);
	network_finish(net);
	free(irc);
}

static enum irc_sasl
sasl_of(enum conf_sasl sasl)
{
	switch (sasl) {
	case CONF_SASL_NONE:
		break;
	case CONF_SASL_PLAIN:
		return IRC_SASL_PLAIN;
	case CONF_SASL_EXTERNAL:
		return IRC_SASL_EXTERNAL;
	case CONF_SASL_SCRAM_SHA_256:
		return IRC_SASL_SCRAM_SHA_256;
	}
	return IRC_SASL_NONE;
}

int64_t
irc_gate_pass(struct irc *irc)
{
	const struct gate_way way = wire_way(&irc->wire);

	return gate_pass(loop_gate(irc->loop), &way,
			 irc->conf->puppet_connect_ms, loop_now_ms(irc->loop),
			 loop_random(irc->loop));
}

static void
connect_listener(struct irc *irc)
{
	const struct conf_irc *conf = irc->conf;
	const struct irc_identity identity = {
		.nick = conf->nick,
		.user = conf->user,
		.realname = conf->realname,
		.password = conf->password,
		.sasl = sasl_of(conf->sasl),
		.account = conf->account,
		.sasl_password = conf->sasl_password,
		.sasl_required = conf->sasl_required,
		.caps = CAPS | (conf->sasl ? IRC_CAP_SASL : 0),
		.nonce = { loop_random(irc->loop), loop_random(irc->loop) },
		.seed = conf->nick,
	};
	struct irc_route route;
	struct error err;

	/* Each time: the files may have been replaced. */
	irc_tls_unuse(irc->wire.tls);
	irc->wire.tls = NULL;
	if (conf->tls != CONF_TLS_OFF || conf->gateway) {
		irc->wire.tls = irc_tls_use(irc->loop, conf, &err);
		if (!irc->wire.tls) {
			bridge_network_down(&irc->net, DOWN_REFUSED, err.text);
			return;
		}
	}
	irc_isupport_init(&irc->isupport);
	if (!conf->listener) { /* people connect when they come */
		irc->up = true;
		bridge_network_up(&irc->net);
		return;
	}
	route = wire_route(&irc->wire);
	session_start(&irc->listener, &identity, &route);
}

/* The server has refused us, or another network of ours at the same host. */
static void
stay_away(struct irc *irc, const char *why, int64_t wait)
{
	AUTO_STR text = { 0 };

	str_init(&text, IRC_BODY_MAX + 64);
	str_printf(&text, "%s; no connection for another %lld s", why,
		   (long long)(wait / 1000 + 1));
	irc->wire.server++;
	bridge_network_down(&irc->net, DOWN_UNREACHABLE, text.data);
}

static void
go_to_gate(void *arg)
{
	struct irc *irc = arg;
	int64_t now = loop_now_ms(irc->loop);
	int64_t wait = irc_gate_pass(irc);
	const struct gate_way way = wire_way(&irc->wire);
	const char *why =
		wait ? gate_why(loop_gate(irc->loop), &way, now) : NULL;

	if (why)
		stay_away(irc, why, wait);
	else if (wait)
		timer_start(&irc->gate_timer, irc->loop, wait, go_to_gate, irc);
	else
		connect_listener(irc);
}

static bool
identify(void *arg, const struct ident_query *query, char user[IDENT_USER_MAX])
{
	struct irc *irc = arg;
	char *name;

	if (ident_is_about(query, session_fd(&irc->listener))) {
		(void)snprintf(user, IDENT_USER_MAX, "%s", irc->conf->user);
		return true;
	}
	name = irc_puppets_ident(irc, query);
	if (!name)
		return false;
	(void)snprintf(user, IDENT_USER_MAX, "%s", name);
	free(name);
	return true;
}

/* Without it servers put up with less; that is no reason to stay away. */
static void
begin_ident(struct irc *irc)
{
	const struct conf_server *listen = &irc->conf->users.ident;
	struct error err;

	if (!listen->host || irc->ident.ident)
		return;
	irc->ident.answer = identify;
	irc->ident.arg = irc;
	if (ident_join(&irc->ident, irc->loop, listen, &err) < 0)
		log_error(irc->net.name, "nobody is told who connects: %s",
			  err.text);
}

static void
irc_start(struct network *net)
{
	struct irc *irc = irc_from(net);

	begin_ident(irc);

	irc->stopping = false;
	if (irc->conf->listener)
		go_to_gate(irc);
	else
		connect_listener(irc);
}

static void
irc_stop(struct network *net)
{
	struct irc *irc = irc_from(net);

	irc->stopping = true;
	irc->up = false;
	irc_puppets_stop(irc, GOODBYE);
	timer_stop(&irc->gate_timer);
	session_stop(&irc->listener, GOODBYE);
	irc_closed(irc); /* if nobody was connected at all */
}

/* ---- channels ------------------------------------------------------ */

static void
irc_join(struct network *net, struct channel *ch)
{
	struct irc *irc = irc_from(net);
	const char *key = irc_key_of(irc, ch);
	bool ok;

	if (ch->portal) {
		irc_portal_open(irc, ch);
		return;
	}
	if (!irc->conf->listener) {
		bridge_left(ch, DOWN_REFUSED,
			    "nobody of ours is there who could enter");
		return;
	}
	if (!irc_is_channel_name(&irc->isupport, ch->name)) {
		bridge_left(ch, DOWN_REFUSED, "that is no name for a channel");
		return;
	}
	irc_channel_close(ch);
	if (!irc->net.limits.listener_ms)
		irc_channel_new(&irc->view, ch);
	if (irc->net.limits.listener_ms)
		ok = irc_share_enter(irc, ch);
	else if (key)
		ok = session_send_idly(&irc->listener, "JOIN", ch->name, key,
				       NULL);
	else
		ok = session_send_idly(&irc->listener, "JOIN", ch->name, NULL);
	if (ok)
		return;
	irc_channel_close(ch);
	bridge_left(ch, DOWN_UNREACHABLE, "too much is waiting to be sent");
}

static void
irc_leave(struct network *net, struct channel *ch)
{
	struct irc *irc = irc_from(net);

	if (!ch->data)
		return;
	/* Behind a JOIN that may still be waiting. */
	if (irc_portal_of(ch) && irc_portal_of(ch)->shared)
		irc_share_leave(irc, ch);
	else if (!irc_portal_of(ch))
		session_send_idly(&irc->listener, "PART", ch->name, NULL);
	irc_channel_close(ch);
	irc_puppets_leave(irc, ch);
}

static void
irc_forget(struct network *net, struct channel *ch)
{
	irc_channel_close(ch);
	irc_absence_over(irc_from(net), ch);
	irc_key_forget(irc_from(net), ch);
}

/*
 * Folded: as the server does, or as far as all servers do while we do not know
 * it.
 */
static bool
irc_channel_name(struct network *net, const char *text, char *name, size_t size)
{
	struct irc *irc = irc_from(net);
	enum irc_casemapping map = irc->isupport.casemapping;
	size_t len = strlen(text);

	if (!irc_is_channel_name(&irc->isupport, text) || len >= size ||
	    len > irc->isupport.channellen || !utf8_valid(text, len))
		return false;
	irc_fold(irc->learnt ? map : IRC_CASE_ASCII, text, name, size);
	return true;
}

/* Nobody's words go to one of us but a gateway user's to another. */
static bool
is_unreachable(struct irc *irc, const char *nick)
{
	const struct irc_puppet *p = irc_puppet_find(irc, nick);

	return p ? !irc_puppet_is_account(p) : irc_is_us(irc, nick);
}

static bool
irc_resolve(struct network *net, const char *text, char *id, size_t size)
{
	struct irc *irc = irc_from(net);
	const struct irc_user *u;
	char folded[512];

	if (irc_is_server(irc, text) && irc->conf->gateway) {
		(void)snprintf(id, size, "%s", irc_server_id(irc));
		return strlen(irc_server_id(irc)) < size;
	}
	if (!irc_is_nick(&irc->isupport, text) || is_unreachable(irc, text))
		return false;
	u = irc_user_find(&irc->view, text);
	irc_fold(irc->isupport.casemapping, text, folded, sizeof(folded));
	if (strlen(u ? u->id : folded) >= size)
		return false;
	memcpy(id, u ? u->id : folded, strlen(u ? u->id : folded) + 1);
	return utf8_valid(id, strlen(id));
}

/*
 * By the network's name: many servers of one network have it, and nothing
 * else, in common. One that has no name is probably one server.
 */
static void
irc_identify(struct network *net, const struct channel *ch, struct str *out)
{
	struct irc *irc = irc_from(net);
	const char *name = irc->isupport.network;
	char folded[512];

	irc_fold(irc->isupport.casemapping, ch->name, folded, sizeof(folded));
	if (!*name)
		name = wire_server(&irc->wire)->host;
	if (utf8_valid(name, strlen(name)))
		str_printf(out, "irc:%s/%s", name, folded);
}

const struct protocol irc_protocol = {
	.name = "irc",
	.caps = CAN_TOPIC | CAN_TYPING | CAN_PRESENCE | CAN_STYLE | CAN_MULTILINE |
		CAN_PUPPET | CAN_DIRECT | CAN_NOTICE | CAN_ACCOUNT |
		CAN_CONTACT,
	.limits = {
		.window = 5,
		.puppet_wait_ms = PUPPET_WAIT_MS,
		.typing_lasts_ms = TYPING_LASTS_MS,
		.typing_again_ms = TYPING_AGAIN_MS,
	},
	.ops = {
		.create = irc_create,
		.destroy = irc_destroy,
		.start = irc_start,
		.stop = irc_stop,
		.join = irc_join,
		.leave = irc_leave,
		.step_in = irc_step_in,
		.step_out = irc_step_out,
		.send = irc_send,
		.puppet_join = irc_puppet_join,
		.puppet_leave = irc_puppet_leave,
		.puppet_update = irc_puppet_update,
		.forget = irc_forget,
		.bounce = irc_bounce,
		.channel_name = irc_channel_name,
		.resolve = irc_resolve,
		.identify = irc_identify,
		.expel = irc_expel,
		.may_set = irc_may_set,
		.watch = irc_watch,
		.unwatch = irc_unwatch,
		.command = irc_command,
		.offers = irc_offers,
	},
	.settings = irc_settings,
	.commands = irc_commands,
};
