/* SPDX-License-Identifier: MIT */
/*
 * xmpp.c - the XMPP adapter: one component on one server.
 *
 * Spoken here:
 *   RFC 6120, 6121, 7622   stanzas, messages and presence, addresses
 *   XEP-0004  Data Forms
 *   XEP-0012  Last Activity (of the bridge)
 *   XEP-0030  Service Discovery
 *   XEP-0045  Multi-User Chat, as an occupant, and as the service of hosted
 *             rooms
 *   XEP-0050  Ad-Hoc Commands
 *   XEP-0054  vcard-temp (a name)
 *   XEP-0059  Result Set Management
 *   XEP-0085  Chat State Notifications: writing, or not
 *   XEP-0092  Software Version
 *   XEP-0106  JID Escaping
 *   XEP-0114  Jabber Component Protocol
 *   XEP-0184  Message Delivery Receipts, of private words to us
 *   XEP-0199  XMPP Ping
 *   XEP-0202  Entity Time
 *   XEP-0203  Delayed Delivery
 *   XEP-0245  /me
 *   XEP-0308  Last Message Correction
 *   XEP-0249  Direct MUC Invitations
 *   XEP-0297  Stanza Forwarding
 *   XEP-0313  Message Archive Management, of rooms that have it; of hosted
 *             rooms and of private words
 *   XEP-0333  Displayed Markers
 *   XEP-0359  Stable Stanza IDs, where the room has them; of hosted rooms
 *   XEP-0380  Explicit Message Encryption (to refuse it)
 *   XEP-0393  Message Styling
 *   XEP-0410  MUC Self-Ping, both sides
 *   XEP-0421  Occupant Ids, where the room has them; of hosted rooms
 *   XEP-0424  Message Retraction
 *   XEP-0425  Moderated Message Retraction, incoming
 *   XEP-0428  Fallback Indication
 *   XEP-0444  Message Reactions
 *   XEP-0461  Message Replies
 */

#include "protocols/xmpp/adhoc.h"
#include "protocols/xmpp/avatars.h"
#include "protocols/xmpp/blocking.h"
#include "protocols/xmpp/card.h"
#include "protocols/xmpp/catchup.h"
#include "protocols/xmpp/contacts.h"
#include "protocols/xmpp/directory.h"
#include "protocols/xmpp/faces.h"
#include "protocols/xmpp/held.h"
#include "protocols/xmpp/hosted_admin.h"
#include "protocols/xmpp/upload.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "conf/conf.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PUPPET_WAIT_MS 10000
/* Clients say that somebody stopped; those that are gone do not. */
#define TYPING_LASTS_MS 120000

struct xmpp *
xmpp_from(struct network *net)
{
	assert(net->protocol == &xmpp_protocol);
	return container_of(net, struct xmpp, net);
}

void
xmpp_post(struct xmpp *x, xmpp_stanza_t *st)
{
	stream_send(x->stream, st);
}

void
xmpp_refuse(struct xmpp *x, xmpp_stanza_t *st, const char *condition,
	    const char *text)
{
	xmpp_post(x, stanza_error(x->ctx, st, condition, text));
}

bool
xmpp_is_busy(struct xmpp *x)
{
	return stream_is_full(x->stream);
}

bool
xmpp_may_tell(struct xmpp *x, const char *whom, const char *topic,
	      int64_t wait_ms)
{
	int64_t now = loop_now_ms(x->loop);
	uint32_t hash = hash_bytes(whom, strlen(whom)) * 31 +
			hash_bytes(topic, strlen(topic));

	for (size_t i = 0; i < TOLD_MAX; i++) {
		if (x->told[i].whom == hash && x->told[i].until_ms > now)
			return false;
	}
	x->told[x->next_told] = (struct told){ hash, now + wait_ms };
	x->next_told = (x->next_told + 1) % TOLD_MAX;
	return true;
}

/* ---- what the stream brings ---------------------------------------------- */

static void
drop_all(struct xmpp *x)
{
	adhoc_drop(x);
	cards_drop(x);
	directories_drop(x);
	hosted_admin_drop(x);
	hosted_drop(x, false);
	muc_drop(x);
	wire_drop_direct(x);
	held_forget(x, NULL);
	uploads_drop(x);
	avatars_drop(x);
	faces_close(x);
	query_drop(x, NULL);
}

static void
on_up(void *arg)
{
	struct xmpp *x = arg;

	faces_open(x);
	bridge_network_up(&x->net);
	hosted_admit(x);
}

static void
on_drained(void *arg)
{
	hosted_admit(arg);
}

static void
on_down(void *arg, enum down_reason why, const char *text)
{
	struct xmpp *x = arg;

	drop_all(x);
	bridge_network_down(&x->net, why, text);
}

static void
on_pong(void *arg, xmpp_stanza_t *answer)
{
	struct xmpp *x = arg;

	if (answer) /* also an error: somebody has written it */
		stream_answered(x->stream);
}

/* Of ourselves (XEP-0199): it goes to the server and back twice. */
static void
on_ask(void *arg)
{
	struct xmpp *x = arg;

	query_ping(x, x->listener, x->conf->component, on_pong, x);
}

/* True if to is the component itself or the listener. */
static bool
is_for_us(const struct xmpp *x, const char *to)
{
	return !memchr(to, '@', jid_bare_len(to)) ||
	       jid_same_bare(to, x->listener);
}

/* The room whose archive st is from, or NULL. */
static struct room *
room_of_result(struct xmpp *x, xmpp_stanza_t *st)
{
	const char *from = stanza_get(st, "from");
	struct room *room = muc_room_find(x, from);

	if (!room || strcmp(room->jid, from) != 0 ||
	    strcmp(stanza_get(st, "to"), x->listener) != 0)
		return NULL;
	return stanza_child(st, "result", NS_MAM) ? room : NULL;
}

/* The gateway's own address is that of the server to which it leads. */
static bool
has_fixed_server(const struct xmpp *x)
{
	const struct conf_gateway *gateway = x->conf->gateway;

	return gateway && gateway->fixed && gateway->fixed->irc;
}

static void
on_message(struct xmpp *x, xmpp_stanza_t *st)
{
	struct room *room = room_of_result(x, st);

	if (hosted_message(x, st))
		return;
	if (room)
		catchup_result(room, st);
	else if (stanza_has_type(st, "groupchat") ||
		 stanza_has_type(st, "error"))
		muc_message(x, st);
	else if (is_for_us(x, stanza_get(st, "to")) && !has_fixed_server(x))
		direct_help(x, st);
	else
		direct_received(x, st);
}

static void
on_presence(struct xmpp *x, xmpp_stanza_t *st)
{
	if (hosted_presence(x, st) || contact_presence(x, st))
		return;
	if (stanza_has_type(st, "subscribe") || stanza_has_type(st, "probe")) {
		const char *to = stanza_get(st, "to");
		xmpp_post(x,
			  stanza_new(x->ctx, "presence", to,
				     stanza_get(st, "from"), "unsubscribed"));
		return;
	}
	muc_presence(x, st);
}

/* A room sends each of its messages and presences to every puppet in it. */
static bool
on_first_tag(void *arg, const struct first_tag *tag)
{
	return !muc_is_copy(arg, tag);
}

static void
on_stanza(void *arg, xmpp_stanza_t *st)
{
	struct xmpp *x = arg;

	if (!*stanza_get(st, "from") || !*stanza_get(st, "to") ||
	    hosted_denied(x, st))
		return;
	if (stanza_is(st, "message"))
		on_message(x, st);
	else if (stanza_is(st, "presence"))
		on_presence(x, st);
	else if (stanza_is(st, "iq"))
		iq_received(x, st);
}

/* ---- hooks --------------------------------------------------------------- */

static const struct stream_ops stream_ops = {
	.up = on_up,
	.ask = on_ask,
	.wants = on_first_tag,
	.stanza = on_stanza,
	.down = on_down,
	.drained = on_drained,
};

static struct network *
component_create(const struct conf_network *conf, struct loop *loop,
		 struct error *err)
{
	char local[JID_PART_MAX + 1];
	struct jid domain;
	AUTO_STR listener = { 0 };

	if (!jid_parse(&domain, conf->xmpp->component) || *domain.local ||
	    *domain.resource ||
	    strcmp(domain.domain, conf->xmpp->component) != 0) {
		(void)error_set(err, EINVAL,
				"component \"%s\" is not a domain in lower "
				"case",
				conf->xmpp->component);
		return NULL;
	}
	struct xmpp *x = xcalloc(1, sizeof(*x));
	network_init(&x->net, &xmpp_protocol, conf->name);
	x->conf = conf->xmpp;
	x->receipts = conf->receipts;
	x->loop = loop;
	x->born_ms = loop_now_ms(loop);
	if (x->conf->window)
		x->net.limits.window = x->conf->window;
	x->net.limits.puppets = x->conf->puppets;
	if (x->conf->gateway)
		x->net.limits.connections = x->conf->gateway->connections;
	x->net.limits.puppet_idle_ms = (int64_t)x->conf->puppet_idle_s * 1000;
	escape_write(x->conf->nick, local, sizeof(local));
	str_init(&listener, FULL_JID_MAX);
	str_printf(&listener, "%s@%s/" XMPP_RESOURCE, local,
		   x->conf->component);
	x->listener = str_take(&listener);
	x->stream = stream_new(loop, x->conf, x->net.name, &stream_ops, x);
	x->ctx = stream_ctx(x->stream);
	return &x->net;
}

static void
component_destroy(struct network *net)
{
	struct xmpp *x = xmpp_from(net);

	drop_all(x);
	seats_forget(x);
	hosted_drop(x, true);
	stream_free(x->stream);
	free(x->listener);
	direct_drop(x);
	blocking_drop(x);
	network_finish(net);
	free(x);
}

static void
component_start(struct network *net)
{
	stream_start(xmpp_from(net)->stream);
}

static void
component_stop(struct network *net)
{
	struct xmpp *x = xmpp_from(net);

	hosted_goodbye(x);
	muc_goodbye(x);
	stream_stop(x->stream);
}

static void
component_forget(struct network *net, struct channel *ch)
{
	/* A direct channel has no data of ours; a room was left before. */
	held_forget(xmpp_from(net), ch);
	assert(!ch->data);
}

/* A room of any service but ours, whose rooms are elsewhere. */
static bool
component_channel_name(struct network *net, const char *text, char *name,
		       size_t size)
{
	const struct xmpp *x = xmpp_from(net);
	struct jid jid;

	return jid_parse(&jid, text) && *jid.local && !*jid.resource &&
	       strcmp(jid.domain, x->conf->component) != 0 &&
	       jid_format(&jid, name, size);
}

static void
component_identify(struct network *net, const struct channel *ch,
		   struct str *out)
{
	struct jid jid;
	char bare[FULL_JID_MAX];

	(void)net;
	if (jid_parse(&jid, ch->name) && jid_format(&jid, bare, sizeof(bare)))
		str_printf(out, "xmpp:%s", bare);
}

const struct protocol xmpp_protocol = {
	.name = "xmpp",
	.caps = CAN_NAME | CAN_PICTURE | CAN_EDIT | CAN_REDACT | CAN_REACT | CAN_REPLY | CAN_TOPIC | CAN_TYPING | CAN_RECEIPT | CAN_PRESENCE | CAN_STYLE |
		CAN_MULTILINE | CAN_PUPPET | CAN_PUPPET_OWN | CAN_DIRECT |
		CAN_DELAY | CAN_HOST | CAN_ATTACH | CAN_VISIT,
	.limits = {
		.text_max = 32768,
		.window = 16,
		.puppet_wait_ms = PUPPET_WAIT_MS,
		.typing_lasts_ms = TYPING_LASTS_MS,
	},
	.ops = {
		.create = component_create,
		.destroy = component_destroy,
		.start = component_start,
		.stop = component_stop,
		.join = muc_join,
		.leave = muc_leave,
		.send = send_delivery,
		.puppet_join = puppet_join,
		.puppet_leave = puppet_leave,
		.puppet_update = puppet_update,
		.forget = component_forget,
		.accepted = hosted_accepted,
		.bounce = direct_bounce,
		.delivered = direct_delivered,
		.standing = hosted_standing,
		.invited = hosted_invited,
		.moded = hosted_moded,
		.contact = contact_changed,
		.resolve = direct_resolve,
		.identify = component_identify,
		.channel_name = component_channel_name,
		.announce = muc_announce,
	},
};
