/* SPDX-License-Identifier: MIT */
/*
 * hosted_presence.c - users of ours on their way into hosted rooms, in them,
 * and out of them.
 *
 * Somebody who enters waits until standing() says that they are in the channel
 * that the room stands for; then they get what XEP-0045 section 7.1 promises,
 * in its order, as soon as the server can take it. Whoever loses that channel
 * loses the room, and is told why.
 */

#include "protocols/xmpp/faces.h"
#include "protocols/xmpp/hosted.h"

#include "bridge/base.h"
#include "conf/conf.h"

#include <utlist.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTER_MS 120000 /* from the first presence to standing() */
#define RENAME_MS 10000 /* for the network to agree to another nick */
#define STATUS_BYTES 1024
#define PASSWORD_BYTES 500
#define ROOMS_MAX 250  /* of one user */
#define CLIENTS_MAX 50 /* of one user in one room */

static void
set(char **at, const char *value)
{
	char *copy = value ? xstrdup(value) : NULL;

	free(*at);
	*at = copy;
}

static char *
take_text(xmpp_stanza_t *st, size_t max)
{
	AUTO_STR text = { 0 };

	str_init(&text, max);
	stanza_read_text(&text, st);
	return str_take(&text);
}

/* ---- events -------------------------------------------------------------- */

struct event *
guest_event(const struct guest *g, enum event_kind kind)
{
	const struct hosted *h = g->room;
	struct event *ev = event_make(kind);

	ev->channel = h->ch->id;
	ev->when_ms = loop_wall_ms(h->x->loop);
	ev->flags = EVENT_GATEWAY;
	ev->show = g->show;
	event_set_sender(ev, g->id, g->far_name ? g->far_name : g->want);
	ev->sender.avatar = event_strdup(ev, face_of(h->x, g->id));
	return ev;
}

static void
raise(struct guest *g, struct event *ev)
{
	bridge_event(&g->room->x->net, ev);
}

void
guest_raise_join(struct guest *g)
{
	if (!g->room->ch || g->raised)
		return;
	struct event *ev = guest_event(g, EVENT_JOIN);
	event_set_text(ev, g->status);
	ev->password = event_strdup(ev, g->password);
	g->raised = true;
	raise(g, ev);
}

void
guest_part(struct guest *g, enum part_kind kind, const char *text)
{
	struct hosted *h = g->room;

	if (g->raised && h->ch) {
		struct event *ev = guest_event(g, EVENT_PART);
		ev->part = kind;
		event_set_text(ev, text ? text : "");
		raise(g, ev);
	}
	guest_free(g);
	hosted_release(h);
}

void
guest_changed(struct guest *g)
{
	if (g->room->ch && g->raised) {
		struct event *ev = guest_event(g, EVENT_PRESENCE);
		event_set_text(ev, g->status);
		raise(g, ev);
	}
	if (g->nick)
		guest_show(g, &(struct shown){ .gone = false });
}

/* ---- refusing ------------------------------------------------------------ */

/* With the mark by which clients know that it is about a room (XEP-0045 7.2.5
 * to 7.2.9, 7.6): some libraries hear no other one. */
static xmpp_stanza_t *
error_new(xmpp_ctx_t *ctx, xmpp_stanza_t *st, const char *condition,
	  const char *text)
{
	xmpp_stanza_t *error = stanza_error(ctx, st, condition, text);

	(void)stanza_add(error, "x", NS_MUC);
	return error;
}

/* What to answer to an entry under that nick, or to a change of it. */
static void
post_error(const struct client *c, const char *nick, const char *id,
	   const char *condition, const char *text)
{
	xmpp_ctx_t *ctx = c->who->room->x->ctx;
	xmpp_stanza_t *entry =
		stanza_new(ctx, "presence", c->jid, c->room, NULL);

	if (id && *id)
		stanza_attr(entry, "id", id);
	xmpp_stanza_t *error = error_new(ctx, entry, condition, text);
	client_post(c, error, nick);
	(void)xmpp_stanza_release(error);
	(void)xmpp_stanza_release(entry);
}

static void
tell_refusal(struct guest *g, const char *condition, const char *text)
{
	for (struct client *c = g->clients; c; c = c->next)
		post_error(c, c->nick, c->id, condition, text);
}

/* XEP-0045 7.2; SEMANTICS 4.3 */
static const char *const conditions[] = {
	[REFUSAL_OTHER] = "not-allowed",
	[REFUSAL_NAME_TAKEN] = "conflict",
	[REFUSAL_NAME_INVALID] = "not-acceptable",
	[REFUSAL_BANNED] = "forbidden",
	[REFUSAL_PASSWORD] = "not-authorized",
	[REFUSAL_INVITED_ONLY] = "registration-required",
	[REFUSAL_FULL] = "service-unavailable",
	[REFUSAL_REGISTERED_ONLY] = "registration-required",
	[REFUSAL_NO_CHANNEL] = "item-not-found",
	[REFUSAL_LOGIN] = "not-authorized",
	[REFUSAL_KICKED] = "forbidden",
};

static void
on_enter_late(void *arg)
{
	static const char why[] =
		"the network did not let you in within two minutes";
	struct guest *g = arg;

	tell_refusal(g, "remote-server-timeout", why);
	if (guest_stays(g))
		guest_waits(g, &(struct standing){ .state = OCCUPANT_JOINING });
	else
		guest_part(g, PART_LEFT, why);
}

/* ---- coming in ----------------------------------------------------------- */

/* What who enters is told beside 110: XEP-0045 7.2.12, 10.1.1, 7.2.2. */
static const char *
entry_codes(struct client *c, char codes[16])
{
	struct guest *g = c->who;

	(void)snprintf(codes, 16, "%s%s%s", g->recorded ? "170 " : "",
		       g->founder ? "201 " : "",
		       strcmp(c->nick, g->nick) != 0 ? "210" : "");
	g->founder = false; /* the first of their clients is told */
	return codes;
}

static void
show_room(struct client *c)
{
	struct guest *self = c->who;
	struct hosted *h = self->room;
	struct shown how = { .gone = false };
	char codes[16];

	for (struct guest *g = h->by_nick; g; g = g->hh_nick.next) {
		if (g == self)
			continue;
		xmpp_stanza_t *st = guest_presence(g, &how, guest_view(self));
		client_post(c, st, g->nick);
		(void)xmpp_stanza_release(st);
	}
	how.self_codes = entry_codes(c, codes);
	xmpp_stanza_t *st =
		guest_presence(self, &how, GUEST_SELF | guest_view(self));
	client_post(c, st, self->nick);
	(void)xmpp_stanza_release(st);
	c->in = true;
	hosted_tell_past(h, c);
}

/* The first whose room is as all in it see it; NULL: there is none. */
static struct client *
first_arriving(struct xmpp *x)
{
	struct client *c = x->arriving;

	while (c && c->who->room->n_due)
		c = c->behind_it;
	return c;
}

static bool
admit_one(struct xmpp *x)
{
	struct client *c = first_arriving(x);

	if (!c)
		return false;
	DL_DELETE2(x->arriving, c, before_it, behind_it);
	c->waits = false;
	show_room(c);
	return true;
}

void
hosted_admit(struct xmpp *x)
{
	bool more = true;

	while (more && !xmpp_is_busy(x)) {
		more = guests_show_due(x);
		if (!xmpp_is_busy(x))
			more |= admit_one(x);
	}
}

static void
client_complete(struct client *c)
{
	if (c->waits)
		return;
	c->waits = true;
	DL_APPEND2(c->who->room->x->arriving, c, before_it, behind_it);
	hosted_admit(c->who->room->x);
}

static void
guest_in(struct guest *g, const char *name)
{
	timer_stop(&g->timer);
	/* Nobody else is there, and they are its operator: by entering it they
	 * have made it. */
	g->founder = !g->room->by_nick && !g->resident && g->rank >= RANK_OP;
	g->resident = true;
	set(&g->far_name, name);
	guest_set_nick(g, name);
	guest_show(g, &(struct shown){ .gone = false });
	for (struct client *c = g->clients; c; c = c->next)
		client_complete(c);
}

static enum part_kind
part_of(const struct standing *s)
{
	return s->refusal == REFUSAL_BANNED   ? PART_BANNED
	       : s->refusal == REFUSAL_KICKED ? PART_KICKED
					      : PART_LEFT;
}

static void
guest_refused(struct guest *g, const struct standing *s, const char *condition)
{
	tell_refusal(g, condition, s->why);
	if (guest_stays(g))
		guest_waits(g, s);
	else
		guest_part(g, PART_LEFT, s->why);
}

/* To clients that wait to be shown the room: there is none any more. */
static void
tell_waiting(struct guest *g, const struct standing *s, const char *why)
{
	const char *condition = s->state == OCCUPANT_REFUSED
					? conditions[s->refusal]
					: "remote-server-timeout";

	for (struct client *c = g->clients; c; c = c->next)
		if (!c->in)
			post_error(c, c->nick, c->id, condition, why);
}

static void
guest_out(struct guest *g, const struct standing *s)
{
	const char *why = s->why ? s->why : "the connection was lost";
	struct shown how = { .gone = true, .codes = "333", .status = why };

	if (s->refusal == REFUSAL_KICKED || s->refusal == REFUSAL_BANNED) {
		how.codes = s->refusal == REFUSAL_KICKED ? "307" : "301";
		how.reason = s->why;
	}
	guest_show(g, &how);
	tell_waiting(g, s, why);
	if (s->state != OCCUPANT_REFUSED && guest_stays(g))
		guest_waits(g, s);
	else
		guest_part(g, part_of(s), why);
}

static void
guest_renamed(struct guest *g, const char *name)
{
	char *asked = g->new_nick;

	timer_stop(&g->timer);
	g->new_nick = NULL;
	set(&g->far_name, name);
	guest_rename(g, name, asked);
	for (struct client *c = g->clients; c; c = c->next)
		set(&c->nick, g->nick);
	free(asked);
}

static void
guest_show_gone(struct guest *g)
{
	if (g->nick)
		guest_show(g, &(struct shown){ .gone = true });
}

/* The room is another now. */
static xmpp_stanza_t *
status_new(struct hosted *h, const char *code)
{
	xmpp_stanza_t *st =
		stanza_new(h->x->ctx, "message", NULL, NULL, "groupchat");
	xmpp_stanza_t *x = stanza_add(st, "x", NS_MUC_USER);

	stanza_attr(stanza_add(x, "status", NULL), "code", code);
	return st;
}

/* Whether it is recorded is theirs to choose, also in between (XEP-0045
 * 10.2.1). */
static void
tell_recorded(struct guest *g)
{
	xmpp_stanza_t *st = status_new(g->room, g->recorded ? "170" : "171");

	for (struct client *c = g->clients; c; c = c->next)
		if (c->in)
			client_post(c, st, "");
	(void)xmpp_stanza_release(st);
}

static void
guest_is_in(struct guest *g, const struct standing *s)
{
	bool ranked = g->nick && g->rank != s->rank;
	bool news = g->nick && g->recorded != s->recorded;

	g->rank = s->rank;
	g->recorded = s->recorded;
	if (!g->nick)
		guest_in(g, s->name);
	else if (strcmp(g->far_name, s->name) != 0)
		guest_renamed(g, s->name);
	else if (ranked)
		guest_show(g, &(struct shown){ 0 });
	if (news)
		tell_recorded(g);
}

void
hosted_standing(struct network *net, struct channel *ch, const char *sender_id,
		const struct standing *s)
{
	struct hosted *h = ch->data;
	struct guest *g = h ? guest_find(h, sender_id) : NULL;

	(void)net;
	if (!g)
		return;
	if (!g->clients && g->raised && !guest_stays(g)) {
		guest_show_gone(g);
		guest_part(g, PART_LEFT, "");
	} else if (!g->clients && s->state != OCCUPANT_JOINED) {
		guest_show_gone(g);
		guest_waits(g, s);
	} else if (s->state == OCCUPANT_JOINED) {
		guest_is_in(g, s);
	} else if (g->nick) {
		guest_out(g, s);
	} else if (s->state == OCCUPANT_REFUSED) {
		guest_refused(g, s, conditions[s->refusal]);
	} else if (s->state == OCCUPANT_ABSENT && s->why) {
		guest_refused(g, s, "remote-server-timeout");
	}
}

static void
tell_changed(struct hosted *h)
{
	hosted_post(h, status_new(h, "104"), "");
}

void
hosted_moded(struct network *net, struct channel *ch)
{
	struct hosted *h = ch->data;
	unsigned was = h ? h->modes : 0;
	struct guest *g, *next;

	(void)net;
	if (!h)
		return;
	h->modes = ch->modes;
	HASH_ITER(hh_nick, h->by_nick, g, next)
	if (g->rank == RANK_NONE && ((was ^ h->modes) & CHANNEL_MODERATED))
		guest_show(g, &(struct shown){ .gone = false });
	if (was && h->modes) /* else it is no news */
		tell_changed(h);
}

/* ---- knocking ------------------------------------------------------------ */

/* One presence that came in for a room of ours. */
struct knock {
	struct xmpp *x;
	xmpp_stanza_t *st;
	struct address_place place;
	struct jid from;
	char bare[FULL_JID_MAX]; /* of who sent it */
	char jid[FULL_JID_MAX];  /* of the room, in its one form */
	char room[FULL_JID_MAX]; /* as it was written */
	const char *nick;
	struct hosted *h; /* NULL: there is none yet */
	struct client *c; /* likewise */
};

static bool
knock_read(struct knock *k, struct xmpp *x, xmpp_stanza_t *st)
{
	const char *to = stanza_get(st, "to");
	const char *from = stanza_get(st, "from");
	size_t len = jid_bare_len(to);
	struct jid bare;

	k->x = x;
	k->st = st;
	hosted_place(x, to, &k->place);
	if (k->place.kind != ADDRESS_CHANNEL || len >= sizeof(k->room) ||
	    !jid_parse(&k->from, from) ||
	    !address_write(x->conf->gateway, &k->place, x->conf->component,
			   k->jid, sizeof(k->jid)))
		return false;
	bare = k->from;
	bare.resource[0] = '\0';
	memcpy(k->room, to, len);
	k->room[len] = '\0';
	k->nick = to[len] ? to + len + 1 : "";
	k->h = hosted_find(x, k->jid);
	k->c = k->h ? client_find(k->h, from) : NULL;
	return jid_format(&bare, k->bare, sizeof(k->bare));
}

static void
answer_error(const struct knock *k, const char *condition, const char *text)
{
	xmpp_post(k->x, error_new(k->x->ctx, k->st, condition, text));
}

static size_t
count_rooms(struct xmpp *x, const char *bare)
{
	size_t n = 0;

	for (struct hosted *h = x->hosted; h; h = h->hh.next)
		n += guest_find(h, bare) != NULL;
	return n;
}

static bool
has_many_clients(const struct guest *g)
{
	size_t n = 0;

	for (const struct client *c = g ? g->clients : NULL; c; c = c->next)
		n++;
	return n >= CLIENTS_MAX;
}

/* True if that person may come in as far as we are concerned. */
static bool
may_enter(struct knock *k)
{
	const struct conf_gateway *gateway = k->x->conf->gateway;
	struct guest *g = k->h ? guest_find(k->h, k->bare) : NULL;
	const char *why = NULL;

	if (!jid_allowed(gateway->users, gateway->n_users, &k->from)) {
		answer_error(k, "forbidden", "this gateway is not open to you");
		return false;
	}
	if (k->nick[strspn(k->nick, " ")] == '\0') {
		answer_error(k, "jid-malformed", "a nick is needed");
		return false;
	}
	if (has_many_clients(g) ||
	    (!g && count_rooms(k->x, k->bare) >= ROOMS_MAX)) {
		answer_error(k, "resource-constraint",
			     "you are in too many rooms of this gateway");
		return false;
	}
	why = hosted_limit(k->x, k->bare, k->place.label);
	if (why) {
		answer_error(k, "resource-constraint", why);
		return false;
	}
	if (!k->h || !k->h->ch)
		why = bridge_portal(&k->x->net, k->jid, k->place.label,
				    k->place.name);
	if (why)
		answer_error(k, "item-not-found", why);
	return !why;
}

static void
read_entry(struct client *c, const struct knock *k, xmpp_stanza_t *muc)
{
	set(&c->nick, k->nick);
	set(&c->id, stanza_get(k->st, "id"));
	hosted_read_wish(muc, loop_wall_ms(k->x->loop), &c->wish);
}

/* True if it shows another picture. */
static bool
read_presence(struct guest *g, xmpp_stanza_t *st)
{
	free(g->status);
	g->status = take_text(stanza_own_child(st, "status"), STATUS_BYTES);
	g->show = stanza_show(st);
	return face_remember(g->room->x, g->id, st);
}

static void
enter(struct knock *k, xmpp_stanza_t *muc)
{
	struct guest *g;

	if (!may_enter(k))
		return;
	if (!k->h)
		k->h = hosted_new(k->x, k->jid, &k->place);
	g = guest_find(k->h, k->bare);
	if (!g) {
		xmpp_stanza_t *password = stanza_own_child(muc, "password");
		g = guest_new_user(k->h, k->bare);
		set(&g->want, k->nick);
		if (password)
			g->password = take_text(password, PASSWORD_BYTES);
	}
	(void)read_presence(g, k->st);
	if (g->raised && !g->clients)
		guest_returned(g);
	if (!g->nick && !timer_is_running(&g->timer))
		timer_start(&g->timer, k->x->loop, ENTER_MS, on_enter_late, g);
	k->c = client_new(g, stanza_get(k->st, "from"), k->room);
	read_entry(k->c, k, muc);
	if (g->nick)
		client_complete(k->c);
	else
		guest_raise_join(g);
}

/* ---- in the room --------------------------------------------------------- */

static void
on_rename_late(void *arg)
{
	struct guest *g = arg;
	struct client *c = client_find(g->room, g->new_nick_by);

	if (c)
		post_error(c, g->new_nick, g->new_nick_id, "conflict",
			   "the network does not let you have that nick");
	set(&g->new_nick, NULL);
	if (g->room->ch) /* as it was */
		raise(g, guest_event(g, EVENT_RENAME));
}

static void
ask_nick(struct client *c, const struct knock *k)
{
	struct guest *g = c->who;
	const char *id = stanza_get(k->st, "id");
	struct guest *other = guest_by_nick(g->room, k->nick);

	if ((other && other != g) || !g->room->ch) {
		post_error(c, k->nick, id, "conflict",
			   "somebody else has that nick");
		return;
	}
	set(&g->new_nick, k->nick);
	set(&g->new_nick_by, c->jid);
	set(&g->new_nick_id, id);
	timer_start(&g->timer, k->x->loop, RENAME_MS, on_rename_late, g);
	struct event *ev = guest_event(g, EVENT_RENAME);
	event_set_sender(ev, g->id, k->nick);
	raise(g, ev);
}

static void
update_presence(struct client *c, xmpp_stanza_t *st)
{
	struct guest *g = c->who;
	enum presence_show show = g->show;
	char *status = xstrdup(g->status);

	bool news = read_presence(g, st);
	if (news || g->show != show || strcmp(g->status, status) != 0)
		guest_changed(g);
	free(status);
}

static void
client_changes(struct client *c, const struct knock *k)
{
	xmpp_stanza_t *muc = stanza_child(k->st, "x", NS_MUC);

	if (muc) { /* it lost its memory: all over again */
		read_entry(c, k, muc);
		c->in = false;
		client_complete(c);
		return;
	}
	update_presence(c, k->st);
	if (*k->nick && strcmp(k->nick, c->who->nick) != 0 &&
	    strcmp(k->nick, c->nick) != 0)
		ask_nick(c, k);
}

/* ---- out of it ----------------------------------------------------------- */

static void
client_out(struct client *c, const struct shown *how)
{
	struct guest *g = c->who;
	bool last = !g->clients->next;
	bool stays = last && (guest_stays(g) || guest_lingers(g, how->status));

	bool shown = last && g->nick && !stays;

	if (shown)
		guest_show(g, how);
	if (!shown || !c->in) {
		xmpp_stanza_t *st = guest_presence(g, how, GUEST_SELF);
		client_post(c, st, g->nick ? g->nick : c->nick);
		(void)xmpp_stanza_release(st);
	}
	if (last && !stays) {
		guest_part(g, PART_LEFT, how->status);
		return;
	}
	client_free(c);
	if (stays)
		guest_abandoned(g);
}

void
client_gone(struct client *c)
{
	client_out(c, &(struct shown){ .gone = true,
				       .codes = "333",
				       .status = "unreachable" });
}

/* Whoever says something and is not in is told so. */
static void
not_in(const struct knock *k)
{
	xmpp_stanza_t *st =
		stanza_new(k->x->ctx, "presence", stanza_get(k->st, "to"),
			   stanza_get(k->st, "from"), "unavailable");
	xmpp_stanza_t *x = stanza_add(st, "x", NS_MUC_USER);
	xmpp_stanza_t *item = stanza_add(x, "item", NULL);
	static const char *const codes[] = { "110", "307", "333" };

	stanza_attr(item, "affiliation", "none");
	stanza_attr(item, "role", "none");
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		stanza_attr(stanza_add(x, "status", NULL), "code", codes[i]);
	xmpp_post(k->x, st);
}

static void
leave(const struct knock *k)
{
	char *status =
		take_text(stanza_own_child(k->st, "status"), STATUS_BYTES);

	client_out(k->c, &(struct shown){ .gone = true, .status = status });
	free(status);
}

bool
hosted_presence(struct xmpp *x, xmpp_stanza_t *st)
{
	const char *type = stanza_get(st, "type");
	xmpp_stanza_t *muc = stanza_child(st, "x", NS_MUC);
	struct knock k = { .x = x };

	if (!x->conf->gateway || !knock_read(&k, x, st))
		return false;
	if (!strcmp(type, "unavailable") && k.c)
		leave(&k);
	else if (!strcmp(type, "error") && k.c)
		client_gone(k.c);
	else if (*type)
		return !strcmp(type, "unavailable") || !strcmp(type, "error");
	else if (k.c && k.c->in)
		client_changes(k.c, &k);
	else if (k.c)
		read_entry(k.c, &k, muc); /* it is on its way */
	else if (muc)
		enter(&k, muc);
	else if (*k.nick)
		not_in(&k);
	return true;
}
