/* SPDX-License-Identifier: MIT */
/*
 * lookup.c - third-party lookups (application service API): which rooms and
 * users stand for which channels and people of the networks that our gateway
 * leads to, and back.
 */

#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/http/server.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

/* What a location, or a user, is told by beside the network. */
struct lookup_field {
	const char *name, *pattern, *example;
};

/* A protocol of other networks, as clients know it. */
struct way {
	const char *protocol, *label;
	struct lookup_field location, user;
};

static const struct way ways[] = {
	{ "irc",
	  "libera",
	  { "channel", "[#&][^\\s,]+", "#channel" },
	  { "nickname", "[^#\\s]+", "nick" } },
	{ "xmpp",
	  "xmpp",
	  { "room", "[^@/\\s]+@[^@/\\s]+", "room@conference.example.org" },
	  { "jid", "[^@/\\s]+@[^@/\\s]+", "ann@example.org" } },
};

/* Which of the two is meant, and what an id is called in it. */
struct kind {
	bool location;
	const char *own, *key;
};

static const struct kind locations = { true, "alias", "alias" };
static const struct kind users = { false, "userid", "userid" };

static const struct way *
way_of(const struct conf_network *net)
{
	return &ways[net->irc ? 0 : 1];
}

static const struct way *
way_find(const char *protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (strcmp(ways[i].protocol, protocol) == 0)
			return &ways[i];
	return NULL;
}

static const struct lookup_field *
field_of(const struct way *way, const struct kind *kind)
{
	return kind->location ? &way->location : &way->user;
}

static void
answer(struct http_exchange *x, unsigned status, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	http_answer(x, text ? status : 500, text ? text : "{}");
	free(text);
	json_decref(json);
}

/* ---- what there is ------------------------------------------------------ */

static json_t *
instances(const struct matrix *m, const struct way *way)
{
	const struct conf_gateway *g = m->conf->gateway;
	json_t *all = json_array();

	for (size_t i = 0; g && i < g->n_networks; i++) {
		const char *name = g->networks[i]->name;

		if (portal_leads_to(m, name) && way_of(g->networks[i]) == way)
			json_array_append_new(
				all, json_pack("{s:s, s:s, s:{s:s}}",
					       "network_id", name, "desc", name,
					       "fields", "network", name));
	}
	return all;
}

static json_t *
field_type(const char *pattern, const char *example)
{
	return json_pack("{s:s, s:s}", "regexp", pattern, "placeholder",
			 example);
}

void
lookup_protocol(struct matrix *m, struct http_exchange *x,
		const struct http_request *r)
{
	const struct way *way = way_find(strrchr(r->path, '/') + 1);
	json_t *all = way ? instances(m, way) : NULL;

	if (!json_array_size(all)) {
		json_decref(all);
		http_answer(x, 404, "{\"errcode\":\"M_NOT_FOUND\"}");
		return;
	}
	const struct lookup_field *user = &way->user, *place = &way->location;
	answer(x, 200,
	       json_pack("{s:[s, s], s:[s, s], s:s, s:{s:o, s:o, s:o}, s:o}",
			 "user_fields", "network", user->name,
			 "location_fields", "network", place->name, "icon", "",
			 "field_types", "network",
			 field_type("[a-z][a-z0-9-]*", way->label), user->name,
			 field_type(user->pattern, user->example), place->name,
			 field_type(place->pattern, place->example),
			 "instances", all));
}

/* ---- both ways ---------------------------------------------------------- */

static void
add(json_t *all, const struct conf_network *net, const struct kind *kind,
    const char *id, const char *name)
{
	const struct way *way = way_of(net);
	json_t *one = json_pack("{s:s, s:s, s:{s:s, s:s}}", kind->own, id,
				"protocol", way->protocol, "fields", "network",
				net->name, field_of(way, kind)->name, name);

	if (one)
		json_array_append_new(all, one);
}

static bool
id_of(const struct matrix *m, const struct kind *kind,
      const struct conf_network *net, const char *name, struct str *id)
{
	struct matrix_person person = matrix_ours(m);

	if (kind->location)
		return portal_is_channel(net, name) &&
		       portal_alias(m, net->name, name, id);
	person.network = net->name;
	person.id = name;
	str_init(id, 2 * MATRIX_ID_MAX);
	matrix_puppet_id(id, &person);
	return net->xmpp ? portal_is_channel(net, name)
			 : !strpbrk(name, " ,*?!@#:");
}

/* In every network, or the one that is named. */
static void
forward(struct matrix *m, const struct way *way, const struct kind *kind,
	const struct http_request *r, json_t *all)
{
	const struct conf_gateway *g = m->conf->gateway;
	const char *wanted = http_query(r, "network");
	const char *name = http_query(r, field_of(way, kind)->name);

	for (size_t i = 0; g && name && *name && i < g->n_networks; i++) {
		const struct conf_network *net = g->networks[i];
		AUTO_STR id = { 0 };

		if (!portal_leads_to(m, net->name) || way_of(net) != way ||
		    (wanted && strcmp(wanted, net->name) != 0))
			continue;
		if (id_of(m, kind, net, name, &id))
			add(all, net, kind, id.data, name);
	}
}

static void
back(struct matrix *m, const struct kind *kind, const char *id, json_t *all)
{
	const struct matrix_person ours = matrix_ours(m);
	const struct conf_network *net;
	AUTO_STR network = { 0 };
	AUTO_STR name = { 0 };

	if (kind->location) {
		if (portal_place(m, id, &network, &name))
			add(all, portal_target(m, network.data), kind, id,
			    name.data);
		return;
	}
	str_init(&network, 64);
	str_init(&name, EVENT_ID_MAX);
	if (!matrix_puppet_read(id, &ours, &network, &name))
		return;
	net = portal_target(m, network.data);
	if (net)
		add(all, net, kind, id, name.data);
}

/* ".../thirdparty/user/irc?..." or ".../thirdparty/user?userid=..." */
static void
lookup(struct matrix *m, struct http_exchange *x, const struct http_request *r,
       const struct kind *kind, const char *what)
{
	const char *rest = strstr(r->path, what) + strlen(what);
	const char *id = http_query(r, kind->key);
	const struct way *way = *rest == '/' ? way_find(rest + 1) : NULL;
	json_t *all = json_array();

	if (way)
		forward(m, way, kind, r, all);
	else if (!*rest && id)
		back(m, kind, id, all);
	answer(x, 200, all);
}

void
lookup_user(struct matrix *m, struct http_exchange *x,
	    const struct http_request *r)
{
	lookup(m, x, r, &users, "thirdparty/user");
}

void
lookup_location(struct matrix *m, struct http_exchange *x,
		const struct http_request *r)
{
	lookup(m, x, r, &locations, "thirdparty/location");
}
