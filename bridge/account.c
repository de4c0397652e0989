/* SPDX-License-Identifier: MIT */
/*
 * account.c - gateway users and what they have set.
 *
 * An account is in memory while somebody uses it: a puppet on one of the
 * networks, a form that is being filled in, or a change on its way to disk.
 * It is read once, and every change is made here and put on its way together,
 * so that what is asked for next is what was set last.
 *
 * Secrets lie sealed on disk (seal.h) and in struct secret here.
 */

#include "bridge/account.h"

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/network.h"
#include "bridge/portal.h"
#include "bridge/puppet.h"
#include "bridge/room.h"
#include "bridge/seal.h"
#include "bridge/secret.h"
#include "bridge/stay.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "mappings/accounts.h"

#include <utlist.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 8192
#define KEY_MAX 4096

/* One setting that is set. */
struct saved {
	int64_t network; /* 0: every one */
	char *key;
	char *plain; /* one of the two */
	struct secret *secret;
	struct saved *prev, *next;
};

struct account {
	char *key; /* home label, LF, sender id */
	struct netlife *home;
	char *sender_id;
	unsigned uses;
	struct saved *saved; /* utlist */
	UT_hash_handle hh;
};

/* ---- what is set ------------------------------------------------------- */

static struct saved *
saved_find(const struct account *account, int64_t network, const char *key)
{
	struct saved *s;

	DL_FOREACH(account->saved, s)
	if (s->network == network && strcmp(s->key, key) == 0)
		return s;
	return NULL;
}

static void
saved_drop(struct account *account, struct saved *s)
{
	if (!s)
		return;
	DL_DELETE(account->saved, s);
	free(s->key);
	free(s->plain);
	secret_free(s->secret);
	free(s);
}

static struct saved *
saved_new(struct account *account, int64_t network, const char *key)
{
	struct saved *s = xcalloc(1, sizeof(*s));

	saved_drop(account, saved_find(account, network, key));
	s->network = network;
	s->key = xstrdup(key);
	DL_APPEND(account->saved, s);
	return s;
}

static const char *
saved_value(const struct saved *s)
{
	if (!s)
		return NULL;
	return s->plain ? s->plain : secret_reveal(s->secret);
}

/* ---- seals ------------------------------------------------------------- */

/* Beside the database; made at the first need. */
static const struct secret *
seal_of(struct bridge *bridge)
{
	struct error err;
	AUTO_STR path = { 0 };

	if (bridge->seal || !bridge->conf->database)
		return bridge->seal;
	str_init(&path, KEY_MAX);
	str_printf(&path, "%s.key", bridge->conf->database);
	bridge->seal = seal_key(path.data, &err);
	if (!bridge->seal)
		log_error("accounts",
			  "the users' passwords can neither be kept nor read: "
			  "%s",
			  err.text);
	return bridge->seal;
}

static void
write_purpose(struct str *out, const struct account *account, int64_t network,
	      const char *key)
{
	seal_purpose(out, account->home->conf->name, account->sender_id,
		     network, key);
}

static struct secret *
unseal(struct account *account, const struct setting_row *row)
{
	const struct secret *key = seal_of(account->home->bridge);
	AUTO_STR purpose = { 0 };
	struct secret *value;

	if (!key)
		return NULL;
	str_init(&purpose, KEY_MAX);
	write_purpose(&purpose, account, row->network, row->key);
	value = seal_open(key, purpose.data, row->value);
	if (!value)
		log_warn("accounts",
			 "a password that was sealed with another key is lost; "
			 "its owner must set it again");
	return value;
}

/* ---- accounts ---------------------------------------------------------- */

static void
take_row(void *arg, const struct setting_row *row)
{
	struct account *account = arg;
	struct secret *secret = row->sealed ? unseal(account, row) : NULL;
	struct saved *s;

	if (row->sealed && !secret)
		return;
	s = saved_new(account, row->network, row->key);
	s->secret = secret;
	s->plain = secret ? NULL : xstrdup(row->value);
}

struct account *
account_use(struct netlife *home, const char *sender_id)
{
	struct bridge *bridge = home->bridge;
	struct account *account;
	AUTO_STR key = { 0 };

	str_init(&key, KEY_MAX);
	str_printf(&key, "%s\n%s", home->name, sender_id);
	HASH_FIND(hh, bridge->accounts, key.data, key.len, account);
	if (!account) {
		account = xcalloc(1, sizeof(*account));
		account->key = str_take(&key);
		account->home = home;
		account->sender_id = xstrdup(sender_id);
		HASH_ADD_KEYPTR(hh, bridge->accounts, account->key,
				strlen(account->key), account);
		if (setting_each(store_reader(bridge->store), home->net->id,
				 sender_id, take_row, account) < 0)
			log_error("accounts", "settings cannot be read");
	}
	account->uses++;
	return account;
}

void
account_unuse(struct account *account)
{
	if (!account || --account->uses)
		return;
	HASH_DEL(account->home->bridge->accounts, account);
	while (account->saved)
		saved_drop(account, account->saved);
	free(account->key);
	free(account->sender_id);
	free(account);
}

/* For that network, or else for all. */
static const char *
value_for(const struct account *account, const struct network *net,
	  const char *key)
{
	const struct saved *s = saved_find(account, net->id, key);

	return saved_value(s ? s : saved_find(account, 0, key));
}

const char *
bridge_setting(const struct puppet *p, const char *key)
{
	return p->account ? value_for(p->account, p->network, key) : NULL;
}

struct secret *
bridge_setting_of(struct network *net, const struct address *who,
		  const char *key)
{
	struct netlife *home = bridge_net(net->bridge, who->network);
	struct account *account = home ? account_use(home, who->id) : NULL;
	const char *value = account ? value_for(account, net, key) : NULL;
	struct secret *copy = value ? secret_new(value, strlen(value)) : NULL;

	account_unuse(account);
	return copy;
}

/* ---- for doors --------------------------------------------------------- */

static const char *
refuse_number(const char *value)
{
	return value[strspn(value, "0123456789")] || strlen(value) > 6
		       ? "that is no number up to 999999"
		       : NULL;
}

/* What is the bridge's own affair; the first ones also of a channel. */
static const struct setting room_settings[] = {
	{ "record_history", SETTING_YES_NO, "Record history",
	  "Whether what is said is kept for you to read later.", NULL },
	{ "persistent", SETTING_YES_NO, "Persistent",
	  "Whether you stay in the channel while you are not in the room.",
	  NULL },
	{ "password", SETTING_SECRET, "Password",
	  "What it takes to enter the channel; enter the room again then.",
	  NULL },
	{ .key = NULL },
};
static const struct setting own_settings[] = {
	{ "record_history", SETTING_YES_NO, "Record history",
	  "Whether what is said is kept for you to read later.", NULL },
	{ "max_history_length", SETTING_NUMBER, "Max history length",
	  "How many of the last messages you are told at most when you enter "
	  "a room.",
	  refuse_number },
	{ "persistent", SETTING_YES_NO, "Persistent",
	  "Whether you stay in channels while you are not in their rooms.",
	  NULL },
	{ .key = NULL },
};

/* What a setting is for: the number of a network, or 0; of a channel, times
 * -1. */
struct scope {
	const struct setting *table;
	struct netlife *life; /* NULL: of the bridge */
	int64_t number;
};

static bool
scope_of(struct network *net, const struct command_place *place,
	 struct scope *s)
{
	const char *why;
	struct netlife *life =
		place->network
			? network_demand(net->bridge, place->network, &why)
			: NULL;
	const struct room *room;

	*s = (struct scope){ .table = own_settings };
	if (place->kind == PLACE_BRIDGE)
		return true;
	if (!life || !(life->net->caps & (CAN_ACCOUNT | CAN_VISIT)) ||
	    (place->kind == PLACE_NETWORK && !life->net->protocol->settings))
		return false;
	s->life = life;
	s->number = life->net->id;
	s->table = life->net->protocol->settings;
	if (place->kind == PLACE_NETWORK)
		return true;
	room = place->kind == PLACE_CHANNEL
		       ? portal_find(net->life, life, place->name)
		       : NULL;
	s->number = room ? -room->ch.id : 0;
	s->table = room_settings;
	return room != NULL;
}

/* NULL, or why the network's operator does not let it be set to that. */
static const char *
scope_forbids(const struct scope *scope, const struct setting *s,
	      const char *value)
{
	struct network *net = scope->life ? scope->life->net : NULL;

	if (!net || scope->number != net->id || !net->protocol->ops.may_set)
		return NULL;
	return net->protocol->ops.may_set(net, s, value);
}

/* NULL: there is none for people to set. */
static const struct setting *
setting_find(const struct scope *scope, const char *key)
{
	const struct setting *s = scope->table;

	while (s->key && strcmp(s->key, key) != 0)
		s++;
	return s->key && !s->hidden ? s : NULL;
}

void
bridge_settings(struct network *net, const char *sender_id,
		const struct command_place *place,
		void (*fn)(void *arg, const struct setting *setting,
			   const char *value),
		void *arg)
{
	struct account *account;
	struct scope scope;

	if (!scope_of(net, place, &scope))
		return;
	account = account_use(net->life, sender_id);
	for (const struct setting *s = scope.table; s->key; s++) {
		const char *value =
			saved_value(saved_find(account, scope.number, s->key));

		if (s->hidden || scope_forbids(&scope, s, NULL))
			continue;
		fn(arg, s, value && s->kind == SETTING_SECRET ? "" : value);
	}
	account_unuse(account);
}

/* What is set for the channel, or else for all; fallback if nothing is. */
static bool
is_set(struct netlife *home, const char *sender_id, int64_t channel,
       const struct setting *setting, bool fallback)
{
	struct account *account = account_use(home, sender_id);
	const struct saved *s = saved_find(account, -channel, setting->key);
	const char *value;
	bool yes;

	if (!s)
		s = saved_find(account, 0, setting->key);
	value = saved_value(s);
	yes = value ? strcmp(value, "true") == 0 : fallback;
	account_unuse(account);
	return yes;
}

bool
account_records(struct netlife *home, const char *sender_id, int64_t channel)
{
	return is_set(home, sender_id, channel, &room_settings[0], true);
}

bool
account_persists(struct netlife *home, const char *sender_id, int64_t channel)
{
	return is_set(home, sender_id, channel, &room_settings[1], false);
}

char *
account_password(struct netlife *home, const char *sender_id, int64_t channel)
{
	struct account *account = account_use(home, sender_id);
	const char *value = saved_value(
		saved_find(account, -channel, room_settings[2].key));
	char *copy = value ? xstrdup(value) : NULL;

	account_unuse(account);
	return copy;
}

/* On its way to disk; nobody reads the account there before it has arrived. */
struct change {
	struct store_job job;
	struct account *account; /* used */
	int64_t home, network, when_ms;
	char *key;
	char *value; /* NULL: removed */
	bool sealed;
};

static int
change_run(struct db *db, struct store_job *job)
{
	const struct change *c = container_of(job, struct change, job);
	const struct setting_row row = { c->network, c->key, c->value,
					 c->sealed };
	int64_t account;
	int rc = account_put(db, c->home, c->account->sender_id, c->when_ms,
			     &account);

	if (rc < 0)
		return rc;
	if (c->value)
		return setting_put(db, account, &row, c->when_ms);
	rc = setting_remove(db, account, c->network, c->key);
	return rc == -ENOENT ? 0 : rc;
}

static void
change_drop(struct store_job *job)
{
	struct change *c = container_of(job, struct change, job);

	account_unuse(c->account);
	free(c->key);
	if (c->value)
		secret_wipe(c->value, strlen(c->value));
	free(c->value);
	free(c);
}

static void
change_done(struct store_job *job, int status)
{
	if (status < 0)
		log_error("accounts", "a setting was not written; it is "
				      "forgotten at the next start");
	change_drop(job);
}

static char *
to_disk(struct account *account, int64_t network, const struct setting *s,
	const char *value)
{
	AUTO_STR purpose = { 0 }, sealed = { 0 };

	if (!value || s->kind != SETTING_SECRET)
		return value ? xstrdup(value) : NULL;
	str_init(&purpose, KEY_MAX);
	str_init(&sealed, 4 * VALUE_MAX);
	write_purpose(&purpose, account, network, s->key);
	seal(&sealed, seal_of(account->home->bridge), purpose.data, value,
	     strlen(value));
	return str_take(&sealed);
}

static void
keep(struct account *account, int64_t scope, const struct setting *s,
     const char *value)
{
	struct bridge *bridge = account->home->bridge;
	struct change *c = xcalloc(1, sizeof(*c));

	c->job = (struct store_job){ change_run, change_done, change_drop };
	c->account = account;
	account->uses++;
	c->home = account->home->net->id;
	c->network = scope;
	c->when_ms = loop_wall_ms(bridge->loop);
	c->key = xstrdup(s->key);
	c->value = to_disk(account, c->network, s, value);
	c->sealed = s->kind == SETTING_SECRET;
	store_submit(bridge->store, &c->job);
}

static bool
is_choice(const struct setting *s, const char *value)
{
	const struct choice *c = s->choices;

	while (c->value && strcmp(c->value, value) != 0)
		c++;
	return c->value != NULL;
}

static const char *
objection(struct bridge *bridge, const struct setting *s, const char *value)
{
	if (!s)
		return "there is no setting of that name";
	if (!value)
		return NULL;
	if (s->kind == SETTING_CHOICE && s->choices && !is_choice(s, value))
		return "that is none of the choices";
	if (s->kind == SETTING_YES_NO && strcmp(value, "true") != 0 &&
	    strcmp(value, "false") != 0)
		return "that is neither yes nor no";
	if (strlen(value) > VALUE_MAX)
		return "that is too long";
	if (s->kind == SETTING_SECRET && !seal_of(bridge))
		return "this gateway cannot keep passwords now; its operator "
		       "finds the reason in the log";
	return s->refuse ? s->refuse(value) : NULL;
}

static void
put(struct account *account, int64_t network, const struct setting *setting,
    const char *value)
{
	struct saved *s;

	if (!value) {
		saved_drop(account, saved_find(account, network, setting->key));
		return;
	}
	s = saved_new(account, network, setting->key);
	if (setting->kind == SETTING_SECRET)
		s->secret = secret_new(value, strlen(value));
	else
		s->plain = xstrdup(value);
}

static const char *
no_scope(const struct command_place *place)
{
	if (place->kind == PLACE_CHANNEL)
		return "enter the room first";
	return "this gateway leads to no network of that name";
}

const char *
bridge_may_set(struct network *net, const struct command_place *place,
	       const char *key, const char *value)
{
	const struct setting *s;
	struct scope scope;
	const char *why;

	if (!scope_of(net, place, &scope))
		return no_scope(place);
	s = setting_find(&scope, key);
	why = objection(net->bridge, s, value);
	return why ? why : scope_forbids(&scope, s, value);
}

static void
set_for(struct account *account, int64_t scope, const struct setting *s,
	const char *value)
{
	put(account, scope, s, value);
	keep(account, scope, s, value);
}

const char *
bridge_keep_setting(struct network *net, const struct address *who,
		    const char *key, const char *value)
{
	struct netlife *home = bridge_net(net->bridge, who->network);
	const struct setting *s = net->protocol->settings;
	struct account *account;
	const char *why;

	while (s->key && strcmp(s->key, key) != 0)
		s++;
	why = objection(net->bridge, s->key ? s : NULL, value);
	if (why || !home)
		return why ? why : "there is no such network";
	network_keep(net->life);
	account = account_use(home, who->id);
	set_for(account, net->id, s, value);
	puppet_account_changed(net->life, account);
	account_unuse(account);
	return NULL;
}

const char *
bridge_set(struct network *net, const char *sender_id,
	   const struct command_place *place, const char *key,
	   const char *value)
{
	const struct setting *s;
	struct account *account;
	struct scope scope;
	const char *why = bridge_may_set(net, place, key, value);

	if (why || !scope_of(net, place, &scope))
		return why;
	s = setting_find(&scope, key);
	network_keep(scope.life);
	account = account_use(net->life, sender_id);
	set_for(account, scope.number, s, value);
	if (place->kind == PLACE_NETWORK)
		puppet_account_changed(scope.life, account);
	else if (strcmp(key, room_settings[1].key) == 0)
		residents_review(net->life, sender_id);
	else
		stays_review(net->life, sender_id);
	account_unuse(account);
	return NULL;
}

const char *
account_kept(const struct account *account, int64_t scope,
	     const struct setting *setting)
{
	return saved_value(saved_find(account, scope, setting->key));
}

void
account_keep(struct account *account, int64_t scope,
	     const struct setting *setting, const char *value)
{
	const char *old = account_kept(account, scope, setting);

	if (value == old || (value && old && !strcmp(value, old)) ||
	    objection(account->home->bridge, setting, value))
		return;
	put(account, scope, setting, value);
	keep(account, scope, setting, value);
}

size_t
bridge_connections(struct network *net, const char *sender_id,
		   const char *label)
{
	struct bridge *bridge = net->bridge;
	AUTO_STR key = { 0 };
	size_t n = 0;

	str_init(&key, KEY_MAX);
	str_printf(&key, "%s\n%s", net->name, sender_id);
	for (size_t i = 0; i < bridge->n_nets; i++) {
		const struct pup *pup;

		HASH_FIND(hh, bridge->nets[i]->pups, key.data, key.len, pup);
		n += pup && pup->account &&
		     strcmp(bridge->nets[i]->name, label);
	}
	return n;
}
