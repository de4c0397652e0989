/* SPDX-License-Identifier: MIT */
/*
 * hosted_iq.c - questions to the gateway, its networks and its rooms. What is
 * not answered here is answered by iq.c, as for everybody.
 */

#include "protocols/xmpp/adhoc.h"
#include "protocols/xmpp/blocking.h"
#include "protocols/xmpp/card.h"
#include "protocols/xmpp/directory.h"
#include "protocols/xmpp/form.h"
#include "protocols/xmpp/hosted_admin.h"
#include "protocols/xmpp/legacy.h"
#include "protocols/xmpp/mam.h"
#include "protocols/xmpp/rsm.h"
#include "protocols/xmpp/search.h"

#include "bridge/base.h"
#include "conf/conf.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NS_STABLE_ID "http://jabber.org/protocol/muc#stable_id"
#define NS_ROOM_INFO "http://jabber.org/protocol/muc#roominfo"

/* A question, and where it leads. */
struct question {
	struct xmpp *x;
	xmpp_stanza_t *st;
	struct address_place place;
	const char *nick;
	char room[FULL_JID_MAX]; /* the channel's, in its one form; or "" */
	struct hosted *h;        /* NULL: not open */
	bool allowed;
	char who[FULL_JID_MAX]; /* who asks, bare; "" if it is no user */
};

/* ---- disco#info ---------------------------------------------------------- */

static void
add_identity(xmpp_stanza_t *query, const char *category, const char *type,
	     const char *name)
{
	xmpp_stanza_t *st = stanza_add(query, "identity", NULL);

	stanza_attr(st, "category", category);
	stanza_attr(st, "type", type);
	stanza_attr(st, "name", name);
}

static void
add_features(xmpp_stanza_t *query, const char *const *features)
{
	for (; *features; features++)
		stanza_attr(stanza_add(query, "feature", NULL), "var",
			    *features);
}

/* What is known of a room that is open. */
static void
add_room_form(xmpp_stanza_t *query, const struct hosted *h)
{
	xmpp_stanza_t *form = form_add(query, "result", NULL, NULL);
	const char *topic = bridge_topic(h->ch);
	char number[24];

	form_add_type(form, NS_ROOM_INFO);
	if (topic)
		form_add_value(form, "muc#roominfo_subject", topic);
	(void)snprintf(number, sizeof(number), "%u",
		       HASH_CNT(hh_nick, h->by_nick));
	form_add_value(form, "muc#roominfo_occupants", number);
	(void)snprintf(number, sizeof(number), "%d", PAST_MAX);
	form_add_value(form, "muc#maxhistoryfetch", number);
}

/* Of a room that is open, and whose channel has told us. */
static void
add_modes(xmpp_stanza_t *query, unsigned modes)
{
	static const struct {
		unsigned mode;
		const char *with, *without;
	} features[] = {
		{ CHANNEL_MODERATED, "muc_moderated", "muc_unmoderated" },
		{ CHANNEL_INVITED_ONLY, "muc_membersonly", "muc_open" },
		{ CHANNEL_HAS_PASSWORD, "muc_passwordprotected",
		  "muc_unsecured" },
		{ CHANNEL_SECRET, "muc_hidden", "muc_public" },
	};

	for (size_t i = 0; modes && i < ARRAY_SIZE(features); i++) {
		const char *feature[] = { modes & features[i].mode
						  ? features[i].with
						  : features[i].without,
					  NULL };

		add_features(query, feature);
	}
}

static void
say_info(const struct question *q)
{
	static const char *const room_features[] = {
		NS_DISCO_INFO,
		NS_DISCO_ITEMS,
		NS_MUC,
		NS_STABLE_ID,
		NS_SID,
		NS_OCCUPANT_ID,
		NS_PING,
		NS_COMMANDS,
		NS_MAM,
		NS_MAM_EXTENDED,
		"vcard-temp",
		"muc_semianonymous",
		"muc_persistent",
		"http://jabber.org/protocol/muc#self-ping-optimization",
		NULL,
	};
	static const char *const service_features[] = {
		NS_DISCO_INFO, NS_DISCO_ITEMS,      NS_MUC,
		NS_PING,       "jabber:iq:version", "urn:xmpp:time",
		NS_COMMANDS,   "vcard-temp",        "jid\\20escaping",
		NS_RSM,        NS_GATEWAY,          NS_BLOCKING,
		NULL,
	};
	static const char *const register_feature[] = { NS_REGISTER, NS_SEARCH,
							NULL };
	xmpp_stanza_t *result = stanza_result(q->x->ctx, q->st);
	xmpp_stanza_t *query = stanza_add(result, "query", NS_DISCO_INFO);

	if (q->place.kind == ADDRESS_CHANNEL) {
		add_identity(query, "conference", "irc", q->place.name);
		add_features(query, room_features);
		if (q->h && q->h->ch && q->allowed) {
			add_modes(query, q->h->modes);
			add_room_form(query, q->h);
		}
	} else if (q->place.kind == ADDRESS_NETWORK) {
		add_identity(query, "conference", "irc", q->place.label);
		add_features(query, service_features);
		add_features(query, register_feature);
	} else {
		add_identity(query, "gateway", "irc", "Causeway");
		add_identity(query, "conference", "irc", "Causeway");
		add_features(query, service_features);
		if (q->x->conf->gateway->fixed)
			add_features(query, register_feature);
	}
	xmpp_post(q->x, result);
}

/* ---- disco#items --------------------------------------------------------- */

static void
add_item(const struct question *q, xmpp_stanza_t *query,
	 const struct address_place *place, const char *name)
{
	char jid[FULL_JID_MAX];
	xmpp_stanza_t *item;

	if (!address_write(q->x->conf->gateway, place, q->x->conf->component,
			   jid, sizeof(jid)))
		return;
	item = stanza_add(query, "item", NULL);
	stanza_attr(item, "jid", jid);
	stanza_attr(item, "name", name);
}

static void
add_networks(const struct question *q, xmpp_stanza_t *query)
{
	const struct conf_gateway *gateway = q->x->conf->gateway;

	for (size_t i = 0; i < gateway->n_networks; i++) {
		struct address_place place = { .kind = ADDRESS_NETWORK };

		(void)address_set_network(gateway, gateway->networks[i]->name,
					  &place);
		add_item(q, query, &place, place.label);
	}
}

/* What a client may look through for channels, or NULL. */
static const char *
network_of(const struct question *q)
{
	const struct conf_network *fixed = q->x->conf->gateway->fixed;

	if (q->place.kind == ADDRESS_NETWORK)
		return q->place.label;
	return fixed ? fixed->name : NULL;
}

static void
say_items(const struct question *q)
{
	bool listed = q->allowed && *q->who &&
		      q->place.kind != ADDRESS_CHANNEL && network_of(q);
	const struct directory_call call = { q->x, q->st, q->who,
					     network_of(q) };
	xmpp_stanza_t *result, *query;

	if (listed) {
		directory_iq(&call);
		return;
	}
	result = stanza_result(q->x->ctx, q->st);
	query = stanza_add(result, "query", NS_DISCO_ITEMS);
	if (q->place.kind == ADDRESS_GATEWAY)
		add_networks(q, query);
	xmpp_post(q->x, result);
}

/* ---- occupants ----------------------------------------------------------- */

/* True, and answered, if it asks for the card of g, who is of elsewhere. */
static bool
ask_card(const struct question *q, const struct guest *g)
{
	xmpp_stanza_t *result;

	if (!stanza_has_type(q->st, "get") || !g || !g->o ||
	    !stanza_child(q->st, "vCard", NS_VCARD))
		return false;
	result = stanza_result(q->x->ctx, q->st);
	iq_add_card(result, g->o->puppet->sender);
	xmpp_post(q->x, result);
	return true;
}

/* That person, if they are in any room that is open; or NULL. */
static const struct guest *
find_person(const struct question *q)
{
	for (struct hosted *h = q->x->hosted; h; h = h->hh.next)
		for (struct guest *g = h->by_nick; g; g = g->hh_nick.next)
			if (g->o && !strcmp(h->network, q->place.label) &&
			    !strcasecmp(g->o->puppet->sender->name,
					q->place.name))
				return g;
	return NULL;
}

/* Of whom no room knows anything. */
static bool
ask_network(const struct question *q)
{
	const struct card_call call = { q->x, q->st, q->who, &q->place };

	return *q->who && card_iq(&call);
}

/* XEP-0410; nothing but a ping, and a question for the card, gets through to
 * anybody. */
static void
ask_occupant(const struct question *q)
{
	struct client *c =
		q->h ? client_find(q->h, stanza_get(q->st, "from")) : NULL;
	bool ping = stanza_has_type(q->st, "get") &&
		    stanza_child(q->st, "ping", NS_PING);

	if (!c || !c->in)
		xmpp_refuse(q->x, q->st, "not-acceptable", NULL);
	else if (ping && !strcmp(c->who->nick, q->nick))
		xmpp_post(q->x, stanza_result(q->x->ctx, q->st));
	else if (!guest_by_nick(q->h, q->nick))
		xmpp_refuse(q->x, q->st, "item-not-found", NULL);
	else if (!ask_card(q, guest_by_nick(q->h, q->nick)))
		xmpp_refuse(q->x, q->st, "service-unavailable", NULL);
}

/* ---- all ----------------------------------------------------------------- */

static bool
ask_command(const struct question *q)
{
	static const enum place_kind kinds[] = {
		[ADDRESS_GATEWAY] = PLACE_BRIDGE,
		[ADDRESS_NETWORK] = PLACE_NETWORK,
		[ADDRESS_CHANNEL] = PLACE_CHANNEL,
		[ADDRESS_PERSON] = PLACE_PERSON,
	};
	const struct address_place *place = &q->place;
	const struct adhoc_call call = {
		.x = q->x,
		.st = q->st,
		.who = q->who,
		.place = {
			.kind = kinds[place->kind],
			.network = place->network ? place->label : NULL,
			.name = *place->name ? place->name : NULL,
		},
	};

	if (q->allowed && *q->who)
		return adhoc_iq(&call);
	if (!stanza_child(q->st, "command", NS_COMMANDS))
		return false;
	xmpp_refuse(q->x, q->st, "forbidden", NULL);
	return true;
}

static bool
ask_archive(const struct question *q)
{
	const struct mam_call call = {
		.x = q->x,
		.st = q->st,
		.who = q->who,
		.room = *q->room ? q->room : NULL,
		.place = &q->place,
	};

	if (q->allowed && *q->who)
		return mam_iq(&call);
	if (!stanza_child(q->st, "query", NS_MAM))
		return false;
	xmpp_refuse(q->x, q->st, "forbidden", NULL);
	return true;
}

static bool
ask_blocking(const struct question *q)
{
	const struct blocking_call call = { q->x, q->st,
					    q->allowed ? q->who : "" };

	return blocking_iq(&call);
}

static bool
ask_search(const struct question *q)
{
	const struct directory_call call = { q->x, q->st, q->who,
					     network_of(q) };
	const char *why;

	if (!stanza_child(q->st, "query", NS_SEARCH) || !network_of(q) ||
	    q->place.kind == ADDRESS_CHANNEL)
		return false;
	why = stanza_has_type(q->st, "set") ? search_objection(q->st) : NULL;
	if (!q->allowed || !*q->who)
		xmpp_refuse(q->x, q->st, "forbidden", NULL);
	else if (stanza_has_type(q->st, "get"))
		search_form(q->x, q->st);
	else if (why)
		xmpp_post(q->x,
			  stanza_error(q->x->ctx, q->st, "bad-request", why));
	else
		directory_iq(&call);
	return true;
}

static bool
ask_place(const struct question *q)
{
	bool get = stanza_has_type(q->st, "get");
	xmpp_stanza_t *info = stanza_child(q->st, "query", NS_DISCO_INFO);
	xmpp_stanza_t *items = stanza_child(q->st, "query", NS_DISCO_ITEMS);
	xmpp_stanza_t *asked = info ? info : items;
	const struct hosted_question admin = { q->x, q->st, q->h, &q->place,
					       q->who };
	const struct legacy_call legacy = { q->x, q->st,
					    q->allowed ? q->who : "",
					    network_of(q) };

	if (ask_command(q) || ask_search(q) ||
	    (q->place.kind == ADDRESS_CHANNEL && ask_archive(q)))
		return true;
	if (asked && get && *stanza_get(asked, "node"))
		xmpp_refuse(q->x, q->st, "item-not-found", NULL);
	else if (info && get)
		say_info(q);
	else if (items && get)
		say_items(q);
	else if (q->place.kind == ADDRESS_CHANNEL)
		return hosted_admin_iq(&admin);
	else
		return legacy_iq(&legacy);
	return true;
}

bool
hosted_iq(struct xmpp *x, xmpp_stanza_t *st)
{
	const struct conf_gateway *gateway = x->conf->gateway;
	const char *to = stanza_get(st, "to");
	struct question q = { .x = x, .st = st, .nick = jid_resource(to) };
	struct jid from;

	if (!gateway)
		return false;
	hosted_place(x, to, &q.place);
	if (q.place.kind == ADDRESS_FOREIGN)
		return false;
	q.allowed = jid_parse(&from, stanza_get(st, "from")) &&
		    jid_allowed(gateway->users, gateway->n_users, &from);
	from.resource[0] = '\0';
	if (!*from.local || !jid_format(&from, q.who, sizeof(q.who)))
		q.who[0] = '\0';
	if (ask_blocking(&q))
		return true;
	if (q.place.kind == ADDRESS_PERSON)
		return ask_command(&q) || ask_archive(&q) ||
		       (q.allowed &&
			(ask_card(&q, find_person(&q)) || ask_network(&q)));
	if (q.place.kind == ADDRESS_CHANNEL &&
	    address_write(gateway, &q.place, x->conf->component, q.room,
			  sizeof(q.room)))
		q.h = hosted_find(x, q.room);
	if (q.place.kind == ADDRESS_CHANNEL && *q.nick) {
		ask_occupant(&q);
		return true;
	}
	return ask_place(&q);
}
