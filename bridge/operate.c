/* SPDX-License-Identifier: MIT */
/* operate.c - the commands that every network has: those of the bridge. */

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- configure: what a gateway user sets for a network ------------------- */

static void
ask_setting(void *arg, const struct setting *setting, const char *value)
{
	const struct field field = {
		.key = setting->key,
		.kind = setting->kind,
		.label = setting->label,
		.doc = setting->doc,
		.value = value,
	};

	request_field(arg, &field);
}

/* What was filled in, on its way to where it is kept. */
struct configuring {
	struct request *r;
	struct network *home;
	bool apply;          /* else it is only looked at */
	struct str *refused; /* why something cannot be, a line each */
};

static void
take_setting(void *arg, const struct setting *setting, const char *old)
{
	struct configuring *c = arg;
	const struct address *who = request_who(c->r);
	const char *network = request_place(c->r)->network;
	const char *value = request_value(c->r, setting->key);
	const char *why = NULL;

	if (!value)
		return;
	/* Nobody is shown a secret: left empty it stays as it is. */
	if (setting->kind == SETTING_SECRET && !*value)
		return;
	if (!*value)
		value = NULL;
	if (c->apply)
		(void)bridge_set(c->home, who->id, network, setting->key,
				 value);
	else
		why = bridge_may_set(c->home, network, setting->key, value);
	if (why)
		str_printf(c->refused, "%s%s: %s", c->refused->len ? "\n" : "",
			   setting->label, why);
	(void)old;
}

static void
configure(struct bridge *bridge, struct request *r)
{
	const struct address *who = request_who(r);
	const char *network = request_place(r)->network;
	AUTO_STR refused = { 0 };
	struct configuring c = {
		.r = r,
		.home = bridge_net(bridge, who->network)->net,
		.refused = &refused,
	};

	if (request_is_fresh(r)) {
		bridge_settings(c.home, who->id, network, ask_setting, r);
		request_ask(r, "Settings for this network",
			    "What is left empty is as the gateway has it. A "
			    "password that is set is not shown; leave it "
			    "empty to keep it.");
		return;
	}
	str_init(&refused, 4096);
	bridge_settings(c.home, who->id, network, take_setting, &c);
	if (refused.len) {
		request_refuse(r, refused.data);
		return;
	}
	c.apply = true;
	bridge_settings(c.home, who->id, network, take_setting, &c);
	request_done(r, "Your settings were taken; some hold from the next "
			"connection on.");
}

static bool
has_settings(struct bridge *bridge, const struct command_place *place)
{
	struct netlife *life = bridge_net(bridge, place->network);

	return life && (life->net->caps & CAN_ACCOUNT);
}

const struct own_command own_commands[] = {
	{ { "configure", "Your settings for this network",
	    AT_PLACE(PLACE_NETWORK), false },
	  configure,
	  has_settings },
	{ .command = { .name = NULL } },
};
