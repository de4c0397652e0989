/* SPDX-License-Identifier: MIT */
/* operate.c - the commands that every network has: those of the bridge. */

#include "bridge/operate.h"

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/network.h"
#include "bridge/puppet.h"
#include "bridge/room.h"
#include "bridge/str.h"
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- configure: what a gateway user sets ------------------- */

/* A form, and how much there is to be filled in. */
struct asking {
	struct request *r;
	size_t n;
};

static size_t
count_choices(const struct choice *choices)
{
	size_t n = 0;

	while (choices && choices[n].value)
		n++;
	return n;
}

static void
ask_setting(void *arg, const struct setting *setting, const char *value)
{
	struct asking *a = arg;
	const struct field field = {
		.key = setting->key,
		.kind = setting->kind,
		.label = setting->label,
		.doc = setting->doc,
		.value = value,
		.choices = setting->choices,
		.n_choices = count_choices(setting->choices),
	};

	request_field(a->r, &field);
	a->n++;
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
	const struct command_place *place = request_place(c->r);
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
		(void)bridge_set(c->home, who->id, place, setting->key, value);
	else
		why = bridge_may_set(c->home, place, setting->key, value);
	if (why)
		str_printf(c->refused, "%s%s: %s", c->refused->len ? "\n" : "",
			   setting->label, why);
	(void)old;
}

static void
configure(struct bridge *bridge, struct request *r)
{
	const struct address *who = request_who(r);
	const struct command_place *place = request_place(r);
	AUTO_STR refused = { 0 };
	struct configuring c = {
		.r = r,
		.home = bridge_net(bridge, who->network)->net,
		.refused = &refused,
	};

	if (request_is_fresh(r)) {
		struct asking a = { r, 0 };

		bridge_settings(c.home, who->id, place, ask_setting, &a);
		if (!a.n)
			request_refuse(r, "enter the room first");
		else
			request_ask(
				r, "Your settings",
				"What is left empty is as the gateway has it. A "
				"password that is set is not shown; leave it "
				"empty to keep it.");
		return;
	}
	str_init(&refused, 4096);
	bridge_settings(c.home, who->id, place, take_setting, &c);
	if (refused.len) {
		request_refuse(r, refused.data);
		return;
	}
	c.apply = true;
	bridge_settings(c.home, who->id, place, take_setting, &c);
	request_done(r, "Your settings were taken; some hold from the next "
			"connection on.");
}

static bool
has_settings(struct bridge *bridge, const struct command_place *place)
{
	struct netlife *life =
		place->network ? bridge_net(bridge, place->network) : NULL;

	if (place->kind == PLACE_BRIDGE)
		return true;
	if (life && place->kind == PLACE_CHANNEL &&
	    (life->net->caps & CAN_VISIT))
		return true;
	return life && (life->net->caps & CAN_ACCOUNT);
}

/* ---- who is connected ---------------------------------------------------- */

#define CHOICES_MAX 500

static bool
is_connected(const struct pup *pup)
{
	for (const struct occ *o = pup->occs; o; o = o->next_of_pup)
		if (o->o.state == OCCUPANT_JOINED)
			return pup->account != NULL;
	return false;
}

/* The user id of home, where that one is connected in life. */
static struct pup *
connection(struct netlife *life, const struct netlife *home, const char *id)
{
	for (struct pup *p = life->pups; p; p = p->hh.next)
		if (p->home == home && !strcmp(p->sender.id, id) &&
		    is_connected(p))
			return p;
	return NULL;
}

static struct netlife *
home_of(struct bridge *bridge, const struct request *r)
{
	return bridge_net(bridge, request_who(r)->network);
}

static bool
is_chosen(const struct choice *choices, size_t n, const char *value)
{
	while (n--)
		if (strcmp(choices[n].value, value) == 0)
			return true;
	return false;
}

/* Everybody of home who is connected anywhere. */
static size_t
list_users(struct bridge *bridge, const struct netlife *home,
	   struct choice *choices)
{
	size_t n = 0;

	for (size_t i = 0; i < bridge->n_nets; i++) {
		const struct pup *p = bridge->nets[i]->pups;

		for (; p && n < CHOICES_MAX; p = p->hh.next)
			if (p->home == home && is_connected(p) &&
			    !is_chosen(choices, n, p->sender.id))
				choices[n++].value = p->sender.id;
	}
	return n;
}

/* The networks on which that one is connected. */
static size_t
list_networks(struct bridge *bridge, const struct netlife *home, const char *id,
	      struct choice *choices)
{
	size_t n = 0;

	for (size_t i = 0; i < bridge->n_nets && n < CHOICES_MAX; i++)
		if (connection(bridge->nets[i], home, id))
			choices[n++].value = bridge->nets[i]->name;
	return n;
}

/* ---- disconnecting ------------------------------------------------------- */

static void
ask_words(struct request *r, const char *words)
{
	const struct field field = { .key = "quit-message",
				     .kind = SETTING_TEXT,
				     .label = "Quit message",
				     .doc = "What others are told.",
				     .value = words };

	request_field(r, &field);
}

static const char *
words_of(const struct request *r, const char *fallback)
{
	const char *words = request_value(r, "quit-message");

	return words && *words ? words : fallback;
}

/* True if it was. */
static bool
expel(struct netlife *life, const struct netlife *home, const char *id,
      const char *words)
{
	const struct protocol_ops *ops = &life->net->protocol->ops;

	if (!ops->expel || life->net->state != NETWORK_UP ||
	    !connection(life, home, id))
		return false;
	ops->expel(life->net, home->name, id, words);
	return true;
}

/* The next of several lines, to be freed; NULL: there is none. */
static char *
next_line(const char **lines)
{
	size_t len;
	char *line;

	*lines += strspn(*lines, "\n");
	len = strcspn(*lines, "\n");
	if (!len)
		return NULL;
	line = strndup(*lines, len);
	*lines += len;
	return line;
}

static unsigned
expel_everywhere(struct bridge *bridge, const struct netlife *home,
		 const char *id, const char *words)
{
	unsigned n = 0;

	for (size_t i = 0; i < bridge->n_nets; i++)
		n += expel(bridge->nets[i], home, id, words);
	return n;
}

static void
say_users(struct request *r, unsigned n)
{
	char text[64];

	if (n == 1)
		snprintf(text, sizeof(text), "1 user has been disconnected.");
	else
		snprintf(text, sizeof(text), "%u users have been disconnected.",
			 n);
	request_done(r, text);
}

static void
disconnect_user(struct bridge *bridge, struct request *r)
{
	static const char fallback[] = "Disconnected by admin";
	struct netlife *home = home_of(bridge, r);
	struct choice choices[CHOICES_MAX] = { 0 };
	struct field field = { .key = "jids",
			       .kind = SETTING_CHOICES,
			       .label = "The people to disconnect",
			       .required = true,
			       .choices = choices };
	const char *ids = request_value(r, "jids");
	char *id;
	unsigned n = 0;

	if (request_is_fresh(r)) {
		field.n_choices = list_users(bridge, home, choices);
		request_field(r, &field);
		ask_words(r, fallback);
		request_ask(r, "Disconnect a user from the gateway",
			    "Choose who is to be disconnected from every "
			    "network.");
		return;
	}
	while (ids && (id = next_line(&ids))) {
		n += expel_everywhere(bridge, home, id, words_of(r, fallback)) >
		     0;
		free(id);
	}
	say_users(r, n);
}

static void
ask_user(struct bridge *bridge, struct request *r)
{
	struct choice choices[CHOICES_MAX] = { 0 };
	const struct field field = {
		.key = "jid",
		.kind = SETTING_CHOICE,
		.label = "The user to disconnect",
		.value = request_who(r)->id,
		.required = true,
		.choices = choices,
		.n_choices = list_users(bridge, home_of(bridge, r), choices),
	};

	request_field(r, &field);
	request_ask(r, "Disconnect a user from networks", "Choose a user.");
}

static void
ask_networks(struct bridge *bridge, struct request *r, const char *id)
{
	struct choice choices[CHOICES_MAX] = { 0 };
	const struct field field = {
		.key = "irc-servers",
		.kind = SETTING_CHOICES,
		.label = "The networks to disconnect from",
		.required = true,
		.choices = choices,
		.n_choices =
			list_networks(bridge, home_of(bridge, r), id, choices),
	};

	if (!field.n_choices) {
		request_done(r, "There is no connection to any network.");
		return;
	}
	request_field(r, &field);
	ask_words(r, "");
	request_ask(r, "Disconnect from networks", "Choose one or more.");
}

static void
disconnect_from(struct bridge *bridge, struct request *r, const char *id)
{
	const char *names = request_value(r, "irc-servers");
	AUTO_STR text = { 0 };
	char *name;

	str_init(&text, 65536);
	str_printf(&text, "%s was disconnected from", id);
	while ((name = next_line(&names))) {
		struct netlife *life = bridge_net(bridge, name);

		if (life && expel(life, home_of(bridge, r), id,
				  words_of(r, "Disconnected")))
			str_printf(&text, " %s", name);
		free(name);
	}
	request_done(r, text.data);
}

static void
disconnect_from_networks(struct bridge *bridge, struct request *r)
{
	const char *id = request_who(r)->id;

	if (request_by_admin(r))
		id = request_value(r, "jid");
	if (!id || !*id)
		ask_user(bridge, r);
	else if (!request_value(r, "irc-servers"))
		ask_networks(bridge, r, id);
	else
		disconnect_from(bridge, r, id);
}

/* ---- telling ------------------------------------------------------------- */

static void
ping(struct bridge *bridge UNUSED, struct request *r)
{
	request_done(r, "pong");
}

static void
reload(struct bridge *bridge, struct request *r)
{
	AUTO_STR said = { 0 };
	int rc;

	if (!bridge->reloads) {
		request_refuse(r, "This bridge was not made from a file.");
		return;
	}
	str_init(&said, 65536);
	rc = bridge->reloads(bridge->reloads_arg, &said);
	log_info("causewayd", "reload asked for by %s: %s", request_who(r)->id,
		 rc < 0 ? "refused" : "done");
	if (rc < 0)
		request_refuse(r, said.data);
	else
		request_done(r, said.data);
}

static void
tell_connections(struct bridge *bridge, struct request *r)
{
	AUTO_STR text = { 0 };
	size_t n = 0;

	str_init(&text, 65536);
	for (size_t i = 0; i < bridge->n_nets; i++)
		for (struct pup *p = bridge->nets[i]->pups; p; p = p->hh.next) {
			if (!is_connected(p))
				continue;
			str_printf(&text, "%s%s: %s as %s", n++ ? "\n" : "",
				   bridge->nets[i]->name, p->sender.id,
				   p->native ? p->native : "?");
		}
	request_done(r, n ? text.data : "Nobody is connected.");
}

static const char *
state_of(const struct netlife *life)
{
	static const char *const states[] = {
		[NETWORK_DOWN] = "down",
		[NETWORK_STARTING] = "connecting",
		[NETWORK_UP] = "up",
		[NETWORK_STOPPING] = "leaving",
	};

	return states[life->net->state];
}

/* How much there is of everything, a line for each network. */
static void
tell_statistics(struct bridge *bridge, struct request *r)
{
	AUTO_STR text = { 0 };

	str_init(&text, 65536);
	for (size_t i = 0; i < bridge->n_nets; i++) {
		const struct netlife *life = bridge->nets[i];
		size_t users = 0, puppets = 0, channels = 0;
		long long waiting = 0;

		for (struct pup *p = life->pups; p; p = p->hh.next) {
			users += is_connected(p);
			puppets += !p->account;
		}
		for (struct room *o = bridge->rooms; o; o = o->hh.next) {
			if (o->life != life)
				continue;
			channels += o->ch.kind != CHANNEL_DIRECT;
			waiting += o->bounds.rows;
		}
		str_printf(&text,
			   "%s%s: %s; %zu channels, %zu users connected, "
			   "%zu puppets, %lld messages waiting",
			   i ? "\n" : "", life->name, state_of(life), channels,
			   users, puppets, waiting);
	}
	request_done(r, text.data);
}

/* clang-format off */
const struct own_command own_commands[] = {
	{ { "ping", "Ask whether the gateway is there",
	    AT_PLACE(PLACE_BRIDGE), false },
	  ping, NULL },
	{ { "configure", "Your settings",
	    AT_PLACE(PLACE_BRIDGE) | AT_PLACE(PLACE_NETWORK) |
		    AT_PLACE(PLACE_CHANNEL),
	    false },
	  configure, has_settings },
	{ { "disconnect-from-irc-server", "Disconnect from networks",
	    AT_PLACE(PLACE_BRIDGE), false },
	  disconnect_from_networks, NULL },
	{ { "disconnect-user", "Disconnect a user from the gateway",
	    AT_PLACE(PLACE_BRIDGE), true },
	  disconnect_user, NULL },
	{ { "reload", "Read the configuration anew",
	    AT_PLACE(PLACE_BRIDGE), true },
	  reload, NULL },
	{ { "connections", "Who is connected where",
	    AT_PLACE(PLACE_BRIDGE), true },
	  tell_connections, NULL },
	{ { "statistics", "How much there is of everything",
	    AT_PLACE(PLACE_BRIDGE), true },
	  tell_statistics, NULL },
	{ .command = { .name = NULL } },
};
/* clang-format on */
