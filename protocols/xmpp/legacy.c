/* SPDX-License-Identifier: MIT */
/*
 * legacy.c - registration and addresses; see legacy.h.
 *
 * Registering is another way to fill in what the command "configure" asks for:
 * nick, account and password. Somebody is registered while one of them is set.
 */

#include "protocols/xmpp/legacy.h"

#include "bridge/base.h"
#include "conf/conf.h"

#include <stdio.h>
#include <string.h>

#define VALUE_MAX 1024

/* Fields of XEP-0077, and what settings of networks are called so. */
static const struct {
	const char *field, *key;
} fields[] = {
	{ "nick", "nick" },
	{ "username", "account" },
	{ "password", "sasl_password" },
};

static struct command_place
place_of(const struct legacy_call *c)
{
	return (struct command_place){ PLACE_NETWORK, c->network, NULL };
}

/* ---- XEP-0077 ------------------------------------------------------------ */

/* A form that is being written. */
struct asking {
	xmpp_stanza_t *query;
	bool registered;
};

static void
ask_setting(void *arg, const struct setting *setting, const char *value)
{
	struct asking *a = arg;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(fields[i].key, setting->key) != 0)
			continue;
		a->registered |= value != NULL;
		if (value && setting->kind != SETTING_SECRET)
			stanza_add_text(a->query, fields[i].field, NULL, value);
		else
			(void)stanza_add(a->query, fields[i].field, NULL);
	}
}

static void
say_form(const struct legacy_call *c)
{
	const struct command_place place = place_of(c);
	xmpp_stanza_t *result = stanza_result(c->x->ctx, c->st);
	struct asking a = { stanza_add(result, "query", NS_REGISTER), false };

	stanza_add_text(a.query, "instructions", NULL,
			"Your nick, and, if you have one, your account on this "
			"network and its password. All of it may be empty.");
	bridge_settings(&c->x->net, c->who, &place, ask_setting, &a);
	if (a.registered)
		(void)stanza_add(a.query, "registered", NULL);
	xmpp_post(c->x, result);
}

/* The value that was filled in; NULL: nothing. */
static const char *
read_value(struct str *out, xmpp_stanza_t *query, const char *field)
{
	str_clear(out);
	stanza_read_text(out, stanza_own_child(query, field));
	return out->len ? out->data : NULL;
}

/* NULL, or why the fields cannot be; sets them if apply. */
static const char *
take_fields(const struct legacy_call *c, xmpp_stanza_t *query, bool apply)
{
	const struct command_place place = place_of(c);
	bool remove = stanza_own_child(query, "remove") != NULL;
	const char *why = NULL;
	AUTO_STR value = { 0 };

	str_init(&value, VALUE_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(fields) && !why; i++) {
		const char *key = fields[i].key;
		const char *text = read_value(&value, query, fields[i].field);

		if (remove)
			text = NULL;
		else if (!stanza_own_child(query, fields[i].field))
			continue;
		if (str_overflowed(&value))
			why = "that is too long";
		else if (apply)
			why = bridge_set(&c->x->net, c->who, &place, key, text);
		else
			why = bridge_may_set(&c->x->net, &place, key, text);
	}
	return why;
}

static void
register_user(const struct legacy_call *c, xmpp_stanza_t *query)
{
	const char *why;

	if (!c->network) {
		xmpp_refuse(c->x, c->st, "feature-not-implemented",
			    "register at the address of a network");
		return;
	}
	if (stanza_has_type(c->st, "get")) {
		say_form(c);
		return;
	}
	why = take_fields(c, query, false);
	if (!why)
		why = take_fields(c, query, true);
	if (why)
		xmpp_refuse(c->x, c->st, "not-acceptable", why);
	else
		xmpp_post(c->x, stanza_result(c->x->ctx, c->st));
}

/* ---- XEP-0100 ------------------------------------------------------------ */

static void
say_prompt(const struct legacy_call *c)
{
	xmpp_stanza_t *result = stanza_result(c->x->ctx, c->st);
	xmpp_stanza_t *query = stanza_add(result, "query", NS_GATEWAY);

	stanza_add_text(query, "desc", NULL,
			c->network ? "The nick of a person, or the name of a "
				     "channel with its #."
				   : "The nick of a person, or the name of a "
				     "channel with its #; then % and the name "
				     "of the network.");
	stanza_add_text(query, "prompt", NULL, "Name");
	xmpp_post(c->x, result);
}

/* The place that somebody means by text. */
static bool
read_prompt(const struct legacy_call *c, const char *text,
	    struct address_place *place)
{
	char local[JID_PART_MAX + 1];

	escape_write(text, local, sizeof(local));
	address_read(c->x->conf->gateway, local, place);
	if (c->network && strlen(text) < sizeof(place->name) &&
	    (place->kind == ADDRESS_FOREIGN || place->kind == ADDRESS_DENIED ||
	     place->kind == ADDRESS_NETWORK) &&
	    address_set_network(c->x->conf->gateway, c->network, place)) {
		place->kind =
			strchr("#&", *text) ? ADDRESS_CHANNEL : ADDRESS_PERSON;
		(void)snprintf(place->name, sizeof(place->name), "%s", text);
	}
	return place->kind == ADDRESS_PERSON || place->kind == ADDRESS_CHANNEL;
}

static void
translate(const struct legacy_call *c, xmpp_stanza_t *query)
{
	struct address_place place;
	char jid[FULL_JID_MAX];
	AUTO_STR text = { 0 };

	str_init(&text, JID_PART_MAX);
	stanza_read_text(&text, stanza_own_child(query, "prompt"));
	if (!text.len || str_overflowed(&text) ||
	    !read_prompt(c, text.data, &place) ||
	    !address_write(c->x->conf->gateway, &place, c->x->conf->component,
			   jid, sizeof(jid))) {
		xmpp_refuse(c->x, c->st, "item-not-found",
			    "nobody can be called that here");
		return;
	}
	xmpp_stanza_t *result = stanza_result(c->x->ctx, c->st);
	xmpp_stanza_t *answer = stanza_add(result, "query", NS_GATEWAY);
	stanza_add_text(answer, "jid", NULL, jid);
	stanza_add_text(answer, "prompt", NULL, jid); /* XEP-0100 1.0 */
	xmpp_post(c->x, result);
}

bool
legacy_iq(const struct legacy_call *c)
{
	xmpp_stanza_t *reg = stanza_child(c->st, "query", NS_REGISTER);
	xmpp_stanza_t *gateway = stanza_child(c->st, "query", NS_GATEWAY);

	if (!reg && !gateway)
		return false;
	if (!*c->who)
		xmpp_refuse(c->x, c->st, "forbidden", NULL);
	else if (reg)
		register_user(c, reg);
	else if (stanza_has_type(c->st, "get"))
		say_prompt(c);
	else
		translate(c, gateway);
	return true;
}
