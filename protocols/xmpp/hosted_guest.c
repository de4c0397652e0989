/* SPDX-License-Identifier: MIT */
/* hosted_guest.c - who is in a hosted room, and how each is shown. */

#include "protocols/xmpp/hosted.h"

#include "bridge/base.h"
#include "bridge/secret.h"
#include "conf/conf.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <utlist.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_BYTES 1024

/* ---- identity ------------------------------------------------------------ */

void
hosted_occupant_id(const struct xmpp *x, const char *room, const char *origin,
		   const char *id, char out[OCCUPANT_ID_LEN + 1])
{
	const struct secret *secret = x->conf->secret;
	const char *key = secret_reveal(secret);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	AUTO_STR text = { 0 };

	str_init(&text, FULL_JID_MAX + 2 * JID_PART_MAX);
	str_add_n(&text, room, strlen(room) + 1);
	str_printf(&text, "%s:%s", origin, id);
	(void)HMAC(EVP_sha256(), key, (int)strlen(key),
		   (const unsigned char *)text.data, text.len, digest, &len);
	for (size_t i = 0; i < OCCUPANT_ID_LEN / 2; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

struct guest *
guest_find(struct hosted *h, const char *id)
{
	struct guest *g;

	HASH_FIND(hh, h->users, id, strlen(id), g);
	return g;
}

struct guest *
guest_by_nick(struct hosted *h, const char *nick)
{
	struct guest *g;

	HASH_FIND(hh_nick, h->by_nick, nick, strlen(nick), g);
	return g;
}

struct guest *
guest_new_user(struct hosted *h, const char *id)
{
	struct guest *g = xcalloc(1, sizeof(*g));

	g->room = h;
	g->id = xstrdup(id);
	g->status = xstrdup("");
	hosted_occupant_id(h->x, h->jid, "xmpp", id, g->occupant_id);
	HASH_ADD_KEYPTR(hh, h->users, g->id, strlen(g->id), g);
	return g;
}

void
guest_free(struct guest *g)
{
	timer_stop(&g->timer);
	timer_stop(&g->linger);
	guest_leaves_view(g);
	while (g->clients)
		client_free(g->clients);
	if (g->nick)
		HASH_DELETE(hh_nick, g->room->by_nick, g);
	if (g->id)
		HASH_DELETE(hh, g->room->users, g);
	if (g->o)
		g->o->data = NULL;
	free(g->nick);
	free(g->status);
	free(g->id);
	free(g->far_name);
	free(g->want);
	free(g->password);
	free(g->farewell);
	free(g->new_nick);
	free(g->new_nick_by);
	free(g->new_nick_id);
	free(g);
}

void
guest_set_nick(struct guest *g, const char *name)
{
	const char *seed = g->id ? g->id : g->occupant_id;
	char nick[NICK_MAX];
	unsigned attempt = 0;
	struct guest *other;

	do {
		jid_nick_from_name(name, seed, attempt++, nick, sizeof(nick));
		other = guest_by_nick(g->room, nick);
	} while (other && other != g);
	if (other)
		return;
	if (g->nick)
		HASH_DELETE(hh_nick, g->room->by_nick, g);
	free(g->nick);
	g->nick = xstrdup(nick);
	HASH_ADD_KEYPTR(hh_nick, g->room->by_nick, g->nick, strlen(g->nick), g);
}

/* ---- clients ------------------------------------------------------------- */

struct client *
client_find(struct hosted *h, const char *jid)
{
	struct client *c;

	HASH_FIND(hh, h->clients, jid, strlen(jid), c);
	return c;
}

struct client *
client_new(struct guest *g, const char *jid, const char *room)
{
	struct client *c = xcalloc(1, sizeof(*c));

	c->jid = xstrdup(jid);
	c->room = xstrdup(room);
	c->who = g;
	c->next = g->clients;
	if (c->next)
		c->next->prev = c;
	g->clients = c;
	HASH_ADD_KEYPTR(hh, g->room->clients, c->jid, strlen(c->jid), c);
	return c;
}

void
client_free(struct client *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		c->who->clients = c->next;
	if (c->next)
		c->next->prev = c->prev;
	HASH_DELETE(hh, c->who->room->clients, c);
	if (c->waits)
		DL_DELETE2(c->who->room->x->arriving, c, before_it, behind_it);
	free(c->jid);
	free(c->room);
	free(c->nick);
	free(c->id);
	free(c);
}

/* ---- presence ------------------------------------------------------------ */

/* SEMANTICS 4.4 */
static const struct {
	const char *affiliation, *role;
} standings[] = {
	[RANK_NONE] = { "none", "participant" },
	[RANK_VOICE] = { "member", "participant" },
	[RANK_HALFOP] = { "member", "moderator" },
	[RANK_OP] = { "admin", "moderator" },
	[RANK_ADMIN] = { "owner", "moderator" },
	[RANK_OWNER] = { "owner", "moderator" },
};

static void
add_codes(xmpp_stanza_t *x, const char *codes)
{
	while (codes && *codes) {
		char code[4] = "";

		memcpy(code, codes, 3);
		stanza_attr(stanza_add(x, "status", NULL), "code", code);
		codes += codes[3] ? 4 : 3;
	}
}

bool
guest_address(const struct guest *g, char *out, size_t size)
{
	const struct conf_gateway *gateway = g->room->x->conf->gateway;
	struct address_place place = { .kind = ADDRESS_PERSON };
	const struct sender *who = g->o ? g->o->puppet->sender : NULL;
	const char *name;

	if (g->clients)
		return snprintf(out, size, "%s", g->clients->jid) < (int)size;
	if (!who || !address_set_network(gateway, g->room->network, &place))
		return false;
	name = place.network->matrix ? who->id : who->name;
	if (!*name || strlen(name) >= sizeof(place.name))
		return false;
	(void)snprintf(place.name, sizeof(place.name), "%s", name);
	return address_write(gateway, &place, g->room->x->conf->component, out,
			     size);
}

/* Who is not heard is a visitor. */
static const char *
role_of(const struct guest *g)
{
	return g->rank == RANK_NONE && (g->room->modes & CHANNEL_MODERATED)
		       ? "visitor"
		       : standings[g->rank].role;
}

static void
add_item(xmpp_stanza_t *x, const struct guest *g, const struct shown *how,
	 unsigned view)
{
	xmpp_stanza_t *item = stanza_add(x, "item", NULL);
	enum rank rank = g->rank;
	char jid[FULL_JID_MAX];

	stanza_attr(item, "affiliation", standings[rank].affiliation);
	stanza_attr(item, "role",
		    how->gone && !how->new_nick ? "none" : role_of(g));
	if (how->new_nick)
		stanza_attr(item, "nick", how->new_nick);
	if (how->address && (view & GUEST_ADDRESS))
		stanza_attr(item, "jid", how->address);
	else if ((view & GUEST_ADDRESS) && guest_address(g, jid, sizeof(jid)))
		stanza_attr(item, "jid", jid);
	if (how->actor)
		stanza_attr(stanza_add(item, "actor", NULL), "nick",
			    how->actor);
	if (how->reason && *how->reason)
		stanza_add_text(item, "reason", NULL, how->reason);
}

xmpp_stanza_t *
guest_presence(const struct guest *g, const struct shown *how, unsigned view)
{
	xmpp_ctx_t *ctx = g->room->x->ctx;
	xmpp_stanza_t *st = stanza_new(ctx, "presence", NULL, NULL,
				       how->gone ? "unavailable" : NULL);

	if (!how->gone)
		stanza_add_show(st, g->show, g->status);
	else if (how->status && *how->status)
		stanza_add_text(st, "status", NULL, how->status);
	xmpp_stanza_t *x = stanza_add(st, "x", NS_MUC_USER);
	add_item(x, g, how, view);
	add_codes(x, how->codes);
	if (view & GUEST_SELF) {
		add_codes(x, "110");
		add_codes(x, how->self_codes);
	}
	stanza_attr(stanza_add(st, "occupant-id", NS_OCCUPANT_ID), "id",
		    g->occupant_id);
	return st;
}

/* The id that the room gave goes by the room's address. */
static void
set_by(xmpp_stanza_t *st, const char *room)
{
	xmpp_stanza_t *sid = stanza_child(st, "stanza-id", NS_SID);

	if (sid)
		stanza_attr(sid, "by", room);
}

void
client_post(const struct client *c, xmpp_stanza_t *st, const char *nick)
{
	AUTO_STR from = { 0 };

	str_init(&from, FULL_JID_MAX);
	str_printf(&from, "%s%s%s", c->room, nick && *nick ? "/" : "",
		   nick ? nick : "");
	stanza_attr(st, "from", from.data);
	stanza_attr(st, "to", c->jid);
	set_by(st, c->room);
	xmpp_post(c->who->room->x, xmpp_stanza_clone(st));
}

void
hosted_post(struct hosted *h, xmpp_stanza_t *st, const char *nick)
{
	for (struct client *c = h->clients; c; c = c->hh.next)
		if (c->in)
			client_post(c, st, nick);
	(void)xmpp_stanza_release(st);
}

unsigned
guest_view(const struct guest *g)
{
	return g->rank >= RANK_HALFOP ? GUEST_ADDRESS : 0;
}

/* ---- people of elsewhere ------------------------------------------------- */

/* Somebody who was there before the stream was lost. */
static struct guest *
find_again(struct hosted *h, const struct guest *fresh)
{
	for (struct guest *g = h->by_nick; g; g = g->hh_nick.next)
		if (!g->o && !g->id &&
		    !strcmp(g->occupant_id, fresh->occupant_id))
			return g;
	return NULL;
}

static void
take_presence(struct guest *g)
{
	const struct puppet *p = g->o->puppet;

	free(g->status);
	g->status = xstrdup(p->status);
	g->show = p->show;
	g->rank = g->o->rank;
}

void
guest_puppet_join(struct xmpp *x, struct occupant *o)
{
	struct hosted *h = o->channel->data;
	struct guest *g = xcalloc(1, sizeof(*g));
	struct guest *old;

	g->room = h;
	hosted_occupant_id(x, h->jid, o->puppet->origin, o->puppet->sender->id,
			   g->occupant_id);
	old = h->n_stale ? find_again(h, g) : NULL;
	if (old) {
		h->n_stale--;
		free(g);
		g = old;
	}
	g->o = o;
	o->data = g;
	take_presence(g);
	guest_set_nick(g, o->want);
	guest_show(g, &(struct shown){ 0 });
	bridge_puppet_joined(o, g->nick);
}

void
guest_puppet_leave(struct occupant *o, const char *reason)
{
	struct guest *g = o->data;
	struct shown how = { .gone = true, .status = reason };

	if (!g)
		return;
	if (o->part == PART_KICKED || o->part == PART_BANNED) {
		how.codes = o->part == PART_KICKED ? "307" : "301";
		how.reason = reason;
		how.actor = o->actor;
	}
	guest_show(g, &how);
	guest_free(g);
}

void
guest_puppet_update(struct occupant *o, unsigned changes)
{
	struct guest *g = o->data;

	if (!g)
		return;
	if (changes & (PUPPET_STATUS | PUPPET_RANK)) {
		take_presence(g);
		guest_show(g, &(struct shown){ 0 });
	}
	if (changes & PUPPET_NAME) {
		guest_rename(g, o->want, o->want);
		bridge_puppet_renamed(o, g->nick);
	}
}
