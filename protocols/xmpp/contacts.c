/* SPDX-License-Identifier: MIT */
/* contacts.c - people of other networks in rosters; see contacts.h. */

#include "protocols/xmpp/contacts.h"

#include "bridge/base.h"
#include "conf/conf.h"
#include "protocols/xmpp/faces.h"
#include "protocols/xmpp/hosted.h"
#include "protocols/xmpp/muc.h"

#include <stdio.h>
#include <string.h>

/* One presence between a user and a contact. */
struct sign {
	struct xmpp *x;
	struct address person;
	char id[JID_PART_MAX + 1], network[JID_PART_MAX + 1]; /* its */
	char contact[FULL_JID_MAX]; /* bare, as the user writes it */
	char user[FULL_JID_MAX];    /* bare */
	struct jid from;
	bool server; /* the address of a network: nobody is connected for it */
};

/* ---- out ----------------------------------------------------------------- */

static void
say(const struct sign *s, const char *type, const char *status)
{
	xmpp_stanza_t *st =
		stanza_new(s->x->ctx, "presence", s->contact, s->user, type);

	if (status)
		stanza_add_text(st, "status", NULL, status);
	xmpp_post(s->x, st);
}

void
contact_changed(struct network *net, const char *follower,
		const struct address *person, const struct availability *a)
{
	struct xmpp *x = xmpp_from(net);
	char bare[FULL_JID_MAX];
	AUTO_STR from = { 0 };

	if (!address_of_person(x->conf->gateway, person->id, person->network,
			       x->conf->component, bare, sizeof(bare)))
		return;
	str_init(&from, FULL_JID_MAX);
	str_printf(&from, "%s/" XMPP_RESOURCE, bare);
	/* Who asks is told whether the user is here. */
	xmpp_stanza_t *st = stanza_new(x->ctx, "presence",
				       a->known ? from.data : bare, follower,
				       !a->known    ? "probe"
				       : !a->online ? "unavailable"
						    : NULL);
	if (a->known && a->online)
		stanza_add_show(st, a->show, a->status);
	else if (a->known && a->status && *a->status)
		stanza_add_text(st, "status", NULL, a->status);
	xmpp_post(x, st);
}

/* ---- in ------------------------------------------------------------------ */

static const char *
follow(const struct sign *s)
{
	const struct sender sender = { .id = s->user, .name = s->from.local };

	return bridge_follow(&s->x->net, &sender, &s->person);
}

/* Who follows people of a network is connected to it. */
static const char *
limit(const struct sign *s)
{
	return s->x->conf->gateway && !s->server
		       ? hosted_limit(s->x, s->user, s->network)
		       : NULL;
}

static void
subscribe(const struct sign *s)
{
	const char *why = limit(s);

	if (!why)
		why = follow(s);
	if (why) {
		say(s, "unsubscribed", why);
		return;
	}
	say(s, "subscribed", NULL);
	say(s, "subscribe", NULL);
	bridge_here(&s->x->net, s->user, true);
}

static void
unsubscribe(const struct sign *s)
{
	bridge_unfollow(&s->x->net, s->user, &s->person);
	say(s, "unavailable", NULL);
	say(s, "unsubscribed", NULL);
	say(s, "unsubscribe", NULL);
}

/* Their server asks, because they have come. */
static void
probe(const struct sign *s)
{
	if (!bridge_follows(&s->x->net, s->user, &s->person)) {
		say(s, "unsubscribed", NULL);
		return;
	}
	bridge_here(&s->x->net, s->user, true);
	(void)follow(s); /* tells once more how that one is */
}

/* One resource has gone; if there is another, the server will say so. */
static void
went(const struct sign *s)
{
	bridge_here(&s->x->net, s->user, false);
	say(s, "probe", NULL);
}

static void
came(const struct sign *s)
{
	bridge_here(&s->x->net, s->user, true);
}

static const struct {
	const char *type;
	void (*act)(const struct sign *s);
	bool asks; /* of anybody; else only of whom they follow */
} acts[] = {
	{ "", came, false },
	{ "unavailable", went, false },
	{ "subscribe", subscribe, true },
	{ "unsubscribe", unsubscribe, true },
	{ "probe", probe, true },
};

/* A person where the gateway leads, or of any other network. */
static bool
read_person(struct sign *s, const char *to)
{
	const struct conf_xmpp *conf = s->x->conf;
	const struct conf_gateway *gateway = conf->gateway;
	struct address_place place;
	struct jid jid;

	hosted_place(s->x, to, &place);
	if (place.kind == ADDRESS_NETWORK && place.network->irc) {
		/* At its address is the server: am I connected to it? */
		s->server = true;
		place.kind = ADDRESS_PERSON;
		(void)snprintf(place.name, sizeof(place.name), "%s",
			       address_server(&place));
	}
	if (place.kind == ADDRESS_PERSON) {
		(void)snprintf(s->id, sizeof(s->id), "%s", place.name);
		(void)snprintf(s->network, sizeof(s->network), "%s",
			       place.label);
		return jid_allowed(gateway->users, gateway->n_users, &s->from);
	}
	return place.kind == ADDRESS_FOREIGN && jid_parse(&jid, to) &&
	       escape_read_person(jid.local, s->id, sizeof(s->id), s->network,
				  sizeof(s->network)) &&
	       jid_allowed(conf->direct_from, conf->n_direct_from, &s->from);
}

static bool
sign_read(struct sign *s, xmpp_stanza_t *st)
{
	const char *to = stanza_get(st, "to");
	const char *from = stanza_get(st, "from");
	size_t len = jid_bare_len(to);

	if (len >= sizeof(s->contact) || !jid_parse(&s->from, from) ||
	    !*s->from.local || muc_room_find(s->x, from) || !read_person(s, to))
		return false;
	s->from.resource[0] = '\0';
	memcpy(s->contact, to, len);
	s->contact[len] = '\0';
	s->person = (struct address){ s->network, s->id };
	return jid_format(&s->from, s->user, sizeof(s->user));
}

/* XEP-0100: the gateway itself is always there, as long as we are. */
static bool
gateway_presence(struct xmpp *x, xmpp_stanza_t *st)
{
	const struct conf_gateway *gateway = x->conf->gateway;
	const char *type = stanza_get(st, "type");
	bool subscribes = !strcmp(type, "subscribe");
	struct sign s = { .x = x };
	struct address_place place;

	hosted_place(x, stanza_get(st, "to"), &place);
	if (place.kind != ADDRESS_GATEWAY ||
	    (!subscribes && strcmp(type, "probe") != 0) ||
	    !jid_parse(&s.from, stanza_get(st, "from")) || !*s.from.local ||
	    !jid_allowed(gateway->users, gateway->n_users, &s.from))
		return false;
	s.from.resource[0] = '\0';
	(void)snprintf(s.contact, sizeof(s.contact), "%s", x->conf->component);
	if (!jid_format(&s.from, s.user, sizeof(s.user)))
		return false;
	if (subscribes)
		say(&s, "subscribed", NULL);
	say(&s, NULL, NULL);
	return true;
}

bool
contact_presence(struct xmpp *x, xmpp_stanza_t *st)
{
	const char *type = stanza_get(st, "type");
	struct sign s = { .x = x };
	size_t i = 0;

	if (gateway_presence(x, st))
		return true;
	while (i < ARRAY_SIZE(acts) && strcmp(acts[i].type, type) != 0)
		i++;
	/* What they answer to us changes nothing. */
	if (i == ARRAY_SIZE(acts))
		return !strcmp(type, "subscribed") ||
		       !strcmp(type, "unsubscribed");
	if (!sign_read(&s, st) ||
	    (!acts[i].asks && !bridge_follows(&x->net, s.user, &s.person)))
		return false;
	(void)face_remember(x, s.user, st);
	acts[i].act(&s);
	return true;
}
