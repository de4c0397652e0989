/* SPDX-License-Identifier: MIT */
/*
 * lookup.c - third-party lookups (application service API): which rooms and
 * users stand for which channels and people of the IRC networks that our
 * gateway leads to, and back.
 */

#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/http/server.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#define PROTOCOL "irc"

/* Which field tells a location, or a user, beside the network. */
struct kind {
	const char *field, *own, *key;
};

static const struct kind locations = { "channel", "alias", "alias" };
static const struct kind users = { "nickname", "userid", "userid" };

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
instances(const struct matrix *m)
{
	const struct conf_gateway *g = m->conf->gateway;
	json_t *all = json_array();

	for (size_t i = 0; i < g->n_networks; i++) {
		const char *name = g->networks[i]->name;

		if (g->networks[i]->irc)
			json_array_append_new(
				all, json_pack("{s:s, s:s, s:{s:s}}",
					       "network_id", name, "desc", name,
					       "fields", "network", name));
	}
	return all;
}

void
lookup_protocol(struct matrix *m, struct http_exchange *x,
		const struct http_request *r)
{
	const char *name = strrchr(r->path, '/') + 1;

	if (!m->conf->gateway || strcmp(name, PROTOCOL) != 0) {
		http_answer(x, 404, "{\"errcode\":\"M_NOT_FOUND\"}");
		return;
	}
	answer(x, 200,
	       json_pack("{s:[s, s], s:[s, s], s:s,"
			 " s:{s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s}},"
			 " s:o}",
			 "user_fields", "network", "nickname",
			 "location_fields", "network", "channel", "icon", "",
			 "field_types", "network", "regexp", "[a-z][a-z0-9-]*",
			 "placeholder", "libera", "nickname", "regexp",
			 "[^#\\s]+", "placeholder", "nick", "channel", "regexp",
			 "[#&][^\\s,]+", "placeholder", "#channel", "instances",
			 instances(m)));
}

/* ---- both ways ---------------------------------------------------------- */

static void
add(json_t *all, const struct kind *kind, const char *id, const char *network,
    const char *name)
{
	json_t *one = json_pack("{s:s, s:s, s:{s:s, s:s}}", kind->own, id,
				"protocol", PROTOCOL, "fields", "network",
				network, kind->field, name);

	if (one)
		json_array_append_new(all, one);
}

static bool
id_of(const struct matrix *m, const struct kind *kind, const char *network,
      const char *name, struct str *id)
{
	struct matrix_person person = matrix_ours(m);

	if (kind == &locations)
		return strchr("#&+!", *name) &&
		       portal_alias(m, network, name, id);
	person.network = network;
	person.id = name;
	str_init(id, 2 * MATRIX_ID_MAX);
	matrix_puppet_id(id, &person);
	return !strpbrk(name, " ,*?!@#:");
}

/* In every network, or the one that is named. */
static void
forward(struct matrix *m, const struct kind *kind, const struct http_request *r,
	json_t *all)
{
	const struct conf_gateway *g = m->conf->gateway;
	const char *wanted = http_query(r, "network");
	const char *name = http_query(r, kind->field);

	for (size_t i = 0; g && name && *name && i < g->n_networks; i++) {
		const char *network = g->networks[i]->name;
		AUTO_STR id = { 0 };

		if (!g->networks[i]->irc ||
		    (wanted && strcmp(wanted, network) != 0))
			continue;
		if (id_of(m, kind, network, name, &id))
			add(all, kind, id.data, network, name);
	}
}

static void
back(struct matrix *m, const struct kind *kind, const char *id, json_t *all)
{
	const struct matrix_person ours = matrix_ours(m);
	AUTO_STR network = { 0 };
	AUTO_STR name = { 0 };

	if (kind == &locations) {
		if (portal_place(m, id, &network, &name))
			add(all, kind, id, network.data, name.data);
		return;
	}
	str_init(&network, 64);
	str_init(&name, EVENT_ID_MAX);
	if (matrix_puppet_read(id, &ours, &network, &name) &&
	    portal_leads_to(m, network.data))
		add(all, kind, id, network.data, name.data);
}

/* ".../thirdparty/user/irc?..." or ".../thirdparty/user?userid=..." */
static void
lookup(struct matrix *m, struct http_exchange *x, const struct http_request *r,
       const struct kind *kind, const char *what)
{
	const char *rest = strstr(r->path, what) + strlen(what);
	const char *id = http_query(r, kind->key);
	json_t *all = json_array();

	if (strcmp(rest, "/" PROTOCOL) == 0)
		forward(m, kind, r, all);
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
