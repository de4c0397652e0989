/* SPDX-License-Identifier: MIT */
/*
 * portal.c - rooms that stand for channels of other networks ("Hosted rooms"
 * in bridge/protocol.h), made when somebody asks for their alias.
 *
 *     #PREFIXlibera_#dev:example.org    what people write, or
 *     #irc_libera_#dev:example.org
 *     #PREFIXlibera_=23dev:example.org  the one alias of that channel, by
 *                                       which the room is known to the bridge
 *
 *     #PREFIXxmpp_room@muc.example.com:example.org   likewise, or
 *     #xmpp_room_muc.example.com:example.org
 *     #PREFIXxmpp_room=40muc.example.com:example.org
 *
 * Whoever joins is connected to the network under a name of their own, and
 * thrown out of the room, with the reason, if the network does not let them
 * in. The room shows its past only to those who were in it; see door.c for
 * channels that are not for everybody.
 */

#include "protocols/matrix/content.h"
#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/http/server.h"
#include "bridge/log.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define KNOCK_MS 30000
#define KNOCKS_MAX 100

/* Somebody asks for an alias of which the room is not there yet. */
struct knock {
	struct matrix *m;
	struct http_exchange *x;
	char *alias, *name; /* as it was written, and the one form */
	struct timer timer;
	struct knock *prev, *next;
};

/* ---- who and where ------------------------------------------------------ */

const struct conf_network *
portal_target(const struct matrix *m, const char *label)
{
	const struct conf_gateway *g = m->conf->gateway;

	for (size_t i = 0; g && i < g->n_networks; i++)
		if ((g->networks[i]->irc || g->networks[i]->xmpp) &&
		    strcmp(g->networks[i]->name, label) == 0)
			return g->networks[i];
	return NULL;
}

/* The one that aliases mean which name none. */
static const struct conf_network *
first_xmpp(const struct matrix *m)
{
	const struct conf_gateway *g = m->conf->gateway;

	for (size_t i = 0; g && i < g->n_networks; i++)
		if (g->networks[i]->xmpp)
			return g->networks[i];
	return NULL;
}

bool
portal_is_channel(const struct conf_network *net, const char *name)
{
	const char *at = strchr(name, '@');

	if (net->xmpp)
		return at && at > name && at[1] && !strchr(name, '/');
	return strchr("#&+!", *name);
}

bool
portal_leads_to(const struct matrix *m, const char *label)
{
	return portal_target(m, label) != NULL;
}

bool
portal_is_open_to(const struct matrix *m, const char *user_id)
{
	const struct conf_gateway *g = m->conf->gateway;

	for (size_t i = 0; g && i < g->n_users; i++) {
		const char *one = g->users[i];

		if (strcmp(one, "*") == 0 || strcmp(one, user_id) == 0 ||
		    strcmp(one, matrix_id_server(user_id)) == 0)
			return true;
	}
	return false;
}

bool
portal_place(const struct matrix *m, const char *alias, struct str *network,
	     struct str *channel)
{
	const struct matrix_person ours = matrix_ours(m);
	const struct conf_network *net;

	str_init(network, 64);
	str_init(channel, MATRIX_ID_MAX);
	if (matrix_alias_read_muc(alias, &ours, channel)) {
		net = first_xmpp(m);
		str_add(network, net ? net->name : "");
		return net != NULL;
	}
	if (!matrix_alias_read(alias, &ours, network, channel))
		return false;
	net = portal_target(m, network->data);
	return net && portal_is_channel(net, channel->data);
}

bool
portal_alias(const struct matrix *m, const char *network, const char *channel,
	     struct str *out)
{
	struct matrix_person person = matrix_ours(m);

	person.network = network;
	person.id = channel;
	str_init(out, MATRIX_ID_MAX + 1);
	return matrix_alias_write(out, &person);
}

static struct mroom *
room_of(struct matrix *m, const char *name)
{
	struct mroom *room;

	for (room = m->rooms; room; room = room->hh.next)
		if (mroom_is_hosted(room) && strcmp(room->ch->name, name) == 0)
			return room;
	return NULL;
}

/* ---- knocking ----------------------------------------------------------- */

static void
knock_end(struct knock *k, unsigned status, const char *json)
{
	timer_stop(&k->timer);
	hs_cancel(k->m->hs, k);
	DL_DELETE(k->m->knocks, k);
	http_answer(k->x, status, json);
	free(k->alias);
	free(k->name);
	free(k);
}

static void
knock_refuse(struct knock *k)
{
	knock_end(k, 404, "{\"errcode\":\"M_NOT_FOUND\"}");
}

static void
on_knock_late(void *arg)
{
	knock_refuse(arg);
}

static void
on_alias(void *arg, const struct hs_answer *answer)
{
	struct knock *k = arg;

	/* 409: it has it already. */
	if (hs_good(answer) || answer->status == 409)
		knock_end(k, 200, "{}");
	else
		knock_refuse(k);
}

/* The room is there: under the name that was asked for, too. */
static void
knock_open(struct knock *k, const struct mroom *room)
{
	AUTO_STR path = { 0 };

	if (strcmp(k->alias, k->name) == 0) {
		knock_end(k, 200, "{}");
		return;
	}
	str_init(&path, PATH_MAX_BYTES);
	str_add(&path, "/v3/directory/room/");
	matrix_path_add(&path, k->alias);
	hs_call(k->m->hs,
		&(struct hs_call){ "PUT", path.data,
				   json_pack("{s:s}", "room_id", room->id),
				   on_alias, k });
}

static size_t
n_knocks(const struct matrix *m)
{
	const struct knock *k;
	size_t n;

	DL_COUNT(m->knocks, k, n);
	return n;
}

static struct knock *
knock_new(struct matrix *m, struct http_exchange *x, const char *alias,
	  const char *name)
{
	struct knock *k = xcalloc(1, sizeof(*k));

	k->m = m;
	k->x = x;
	k->alias = xstrdup(alias);
	k->name = xstrdup(name);
	DL_APPEND(m->knocks, k);
	timer_start(&k->timer, m->loop, KNOCK_MS, on_knock_late, k);
	return k;
}

bool
portal_query(struct matrix *m, struct http_exchange *x, const char *alias)
{
	AUTO_STR network = { 0 };
	AUTO_STR channel = { 0 };
	AUTO_STR name = { 0 };
	const char *why;

	if (m->net.state != NETWORK_UP || n_knocks(m) >= KNOCKS_MAX ||
	    !portal_place(m, alias, &network, &channel) ||
	    !portal_alias(m, network.data, channel.data, &name))
		return false;
	struct mroom *room = room_of(m, name.data);
	if (room && room->joined) {
		knock_open(knock_new(m, x, alias, name.data), room);
		return true;
	}
	why = bridge_portal(&m->net, name.data, network.data, channel.data);
	if (why) {
		log_info(m->net.name, "no room for %.255s: %s", alias, why);
		return false;
	}
	(void)knock_new(m, x, alias, name.data);
	return true;
}

/* ---- people who are asked for ------------------------------------------- */

static void
on_registered(void *arg, const struct hs_answer *answer)
{
	struct knock *k = arg;

	if (hs_good(answer) || strcmp(answer->errcode, "M_USER_IN_USE") == 0)
		knock_end(k, 200, "{}");
	else
		knock_refuse(k);
}

bool
portal_query_user(struct matrix *m, struct http_exchange *x,
		  const char *user_id)
{
	const struct matrix_person ours = matrix_ours(m);
	AUTO_STR network = { 0 };
	AUTO_STR id = { 0 };

	str_init(&network, 64);
	str_init(&id, EVENT_ID_MAX);
	if (m->net.state != NETWORK_UP || n_knocks(m) >= KNOCKS_MAX ||
	    !matrix_puppet_read(user_id, &ours, &network, &id) ||
	    !portal_target(m, network.data))
		return false;
	ghost_register(m, user_id, on_registered,
		       knock_new(m, x, user_id, user_id));
	return true;
}

/* ---- the room ----------------------------------------------------------- */

/*
 * Everybody may come, and reads from then on, but nobody bring others: the
 * channel may come to be for some only. Who sets the topic there may is the
 * channel's to say.
 */
static json_t *
description(const struct mroom *room)
{
	const struct matrix *m = room->m;
	AUTO_STR network = { 0 };
	AUTO_STR channel = { 0 };
	AUTO_STR title = { 0 };
	size_t len = strcspn(room->ch->name + 1, ":");

	(void)portal_place(m, room->ch->name, &network, &channel);
	str_init(&title, 512);
	str_printf(&title, "%s (%s)", channel.data, network.data);
	return json_pack("{s:s%, s:s, s:s, s:s, s:[{s:s, s:s, s:{s:s}}],"
			 " s:{s:i, s:{s:i}}}",
			 "room_alias_name", room->ch->name + 1, len, "name",
			 title.data, "preset", "public_chat", "visibility",
			 "private", "initial_state", "type",
			 "m.room.history_visibility", "state_key", "",
			 "content", "history_visibility", "joined",
			 "power_level_content_override", "invite", 50, "events",
			 "m.room.topic", 0);
}

static void
on_made(void *arg, const struct hs_answer *answer)
{
	struct mroom *room = arg;

	/* If it is from an earlier run, we are in it. */
	if (hs_good(answer) || strcmp(answer->errcode, "M_ROOM_IN_USE") == 0)
		room_enter(room, room->ch->name, "");
	else
		room_not_entered(room, answer);
}

void
portal_make(struct mroom *room)
{
	AUTO_STR network = { 0 };
	AUTO_STR channel = { 0 };
	json_t *body;

	if (!portal_place(room->m, room->ch->name, &network, &channel)) {
		mroom_lost(room, DOWN_REFUSED,
			   "the gateway does not lead there any more");
		return;
	}
	body = description(room);
	if (!body) {
		mroom_lost(room, DOWN_REFUSED, "no room can have that name");
		return;
	}
	hs_call(room->m->hs, &(struct hs_call){ "POST", "/v3/createRoom", body,
						on_made, room });
}

void
portal_joined(struct mroom *room)
{
	struct knock *k, *next;

	DL_FOREACH_SAFE(room->m->knocks, k, next)
	if (strcmp(k->name, room->ch->name) == 0)
		knock_open(k, room);
}

/* ---- who comes ---------------------------------------------------------- */

bool
portal_admits(struct mroom *room, const char *user_id)
{
	if (portal_is_open_to(room->m, user_id))
		return true;
	door_put_out(room, user_id, "this gateway is not open to you");
	return false;
}

/* The channel's, once somebody hears it. */
static void
tell_topic(struct mroom *room)
{
	const char *topic = bridge_topic(room->ch);
	AUTO_STR path = { 0 };

	if (!topic || !*topic || room->topic_told)
		return;
	room->topic_told = true;
	matrix_room_path(&path, room->id, "state/m.room.topic");
	hs_call(room->m->hs,
		&(struct hs_call){ "PUT", path.data,
				   json_pack("{s:s}", "topic", topic), NULL,
				   room->m });
}

/* It can be given to the bot, where nobody else reads it. */
static void
want_password(struct mroom *room, const char *user_id, const char *why)
{
	AUTO_STR network = { 0 };
	AUTO_STR channel = { 0 };
	AUTO_STR text = { 0 };

	(void)portal_place(room->m, room->ch->name, &network, &channel);
	str_init(&text, 1024);
	str_printf(&text,
		   "%s; in a direct chat tell %s: %s/%s configure "
		   "password=..., and join again",
		   why, room->m->bot, network.data, channel.data);
	door_put_out(room, user_id, text.data);
}

void
portal_standing(struct network *net UNUSED, struct channel *ch,
		const char *sender_id, const struct standing *s)
{
	struct mroom *room = ch->data;

	struct person *p =
		room && room->joined ? person_find(room, sender_id) : NULL;

	if (!p)
		return;
	if (s->state == OCCUPANT_JOINED) {
		door_inside(room, p);
		tell_topic(room);
	} else if (s->state == OCCUPANT_REFUSED && s->why &&
		   s->refusal == REFUSAL_PASSWORD) {
		want_password(room, sender_id, s->why);
	} else if (s->state == OCCUPANT_REFUSED) {
		door_put_out(room, sender_id,
			     s->why ? s->why : "the network lets you not in");
	}
}

/* ---- closing ------------------------------------------------------------ */

/* A room that is about to be left. */
struct closing {
	struct matrix *m;
	char *room;
	struct closing *prev, *next;
};

static void
closing_free(struct closing *c)
{
	DL_DELETE(c->m->closings, c);
	free(c->room);
	free(c);
}

static void
drop_alias(struct matrix *m, const char *alias)
{
	AUTO_STR path = { 0 };

	str_init(&path, PATH_MAX_BYTES);
	str_add(&path, "/v3/directory/room/");
	matrix_path_add(&path, alias);
	hs_call(m->hs, &(struct hs_call){ "DELETE", path.data, NULL, NULL, m });
}

/* By no alias does anybody come into a room where nobody relays. */
static void
on_aliases(void *arg, const struct hs_answer *answer)
{
	struct closing *c = arg;
	const json_t *aliases = json_object_get(answer->json, "aliases");
	AUTO_STR path = { 0 };

	for (size_t i = 0; i < json_array_size(aliases); i++) {
		const char *one = json_string_value(json_array_get(aliases, i));

		if (one && matrix_id_is(one, '#'))
			drop_alias(c->m, one);
	}
	matrix_room_path(&path, c->room, "leave");
	hs_call(c->m->hs, &(struct hs_call){ "POST", path.data, json_object(),
					     NULL, c->m });
	closing_free(c);
}

void
portal_close(struct mroom *room)
{
	struct closing *c = xcalloc(1, sizeof(*c));
	AUTO_STR path = { 0 };

	c->m = room->m;
	c->room = xstrdup(room->id);
	DL_APPEND(c->m->closings, c);
	matrix_room_path(&path, c->room, "aliases");
	hs_call(c->m->hs,
		&(struct hs_call){ "GET", path.data, NULL, on_aliases, c });
}

void
portals_drop(struct matrix *m)
{
	while (m->knocks)
		knock_refuse(m->knocks);
	while (m->closings)
		closing_free(m->closings);
}
