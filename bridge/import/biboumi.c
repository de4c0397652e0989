/* SPDX-License-Identifier: MIT */
/*
 * biboumi.c - takes over from biboumi; see import.h.
 *
 * All of it is one transaction. What cannot be taken is reported, with the
 * reason, and the rest is. Doing it twice takes settings again, and what was
 * said twice.
 */

#include "bridge/import/import.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/event.h"
#include "bridge/protocol.h"
#include "bridge/seal.h"
#include "bridge/secret.h"
#include "bridge/str.h"
#include "conf/address.h"
#include "conf/conf.h"
#include "mappings/accounts.h"
#include "mappings/biboumi.h"
#include "mappings/channels.h"
#include "mappings/db.h"
#include "mappings/messages.h"
#include "mappings/queue.h"
#include "mappings/stays.h"
#include "protocols/protocols.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_MAX 8192
#define JID_MAX 4096
#define SERVERS_MAX 100
#define STAYS_MAX 1000

/* Somebody who reads a run of lines. */
struct run {
	char *owner;
	int64_t account, after, until;
};

struct import {
	const struct conf *conf;
	const struct conf_network *home;
	const struct conf_gateway *gateway;
	struct db *db; /* NULL: dry */
	struct secret *key;
	FILE *out;
	bool dry, failed;
	int64_t home_id, now_ms;
	unsigned settings, secrets, channels, residents, contacts, lines;
	unsigned left; /* what was not taken */
	char *servers[SERVERS_MAX];
	size_t n_servers; /* to which nothing leads */
	/* the archive: the channel that is being read, and its last line */
	char *server, *channel, *nick, *text, *date;
	int64_t hosted, far; /* hosted 0: nothing leads there */
	int64_t event, line; /* the newest in the database; the last line */
	struct run runs[STAYS_MAX];
	size_t n_runs;
};

/* ---- reporting ----------------------------------------------------------- */

static void
check(struct import *im, int rc)
{
	if (rc >= 0 || im->failed)
		return;
	fprintf(im->out, "it cannot be written: %s\n", db_error(im->db));
	im->failed = true;
}

static void
leave_out(struct import *im, const char *owner, const char *what,
	  const char *why)
{
	fprintf(im->out, "left out: %s of %s: %s\n", what, owner, why);
	im->left++;
}

static void
note_server(struct import *im, const char *server)
{
	im->left++;
	for (size_t i = 0; i < im->n_servers; i++)
		if (!strcmp(im->servers[i], server))
			return;
	if (im->n_servers < SERVERS_MAX)
		im->servers[im->n_servers++] = xstrdup(server);
}

/* ---- places -------------------------------------------------------------- */

/* The place that biboumi writes like that; false, and noted, if none is. */
static bool
find_place(struct import *im, const char *name, const char *server,
	   struct address_place *place)
{
	char escaped[ESCAPED_MAX + 1];
	AUTO_STR local = { 0 };

	str_init(&local, JID_MAX);
	escape_write(*name ? name : "#x", escaped, sizeof(escaped));
	str_printf(&local, "%s%%%s", escaped, server);
	address_read(im->gateway, local.data, place);
	if (place->network && !strcmp(place->network->protocol, "irc") &&
	    *place->name)
		return true;
	note_server(im, server);
	return false;
}

static int64_t
network_of(struct import *im, const struct address_place *place)
{
	int64_t id = 1;

	if (im->db)
		check(im, network_put(im->db, place->label,
				      place->network->protocol, &id));
	return id;
}

/*
 * The hosted room of that place, and its portal, so that it can be opened; *far
 * is the channel that it stands for.
 */
static int64_t
room_of(struct import *im, const struct address_place *place, int64_t *far)
{
	int64_t room = 1, link;
	char jid[JID_MAX];
	AUTO_STR name = { 0 };

	if (!im->db ||
	    !address_write(im->gateway, place, im->home->xmpp->component, jid,
			   sizeof(jid)))
		return room;
	str_init(&name, 2 * JID_MAX);
	str_printf(&name, "portal %s:%s", im->home->name, jid);
	check(im, channel_put(im->db, im->home_id, CHANNEL_HOSTED, jid, &room));
	check(im, channel_put(im->db, network_of(im, place), CHANNEL_ROOM,
			      place->name, far));
	check(im, link_put(im->db, name.data, LINK_PORTAL, &link));
	check(im, link_member_put(im->db, link, room, ""));
	check(im, link_member_put(im->db, link, *far, ""));
	return room;
}

/* ---- settings ------------------------------------------------------------ */

static int64_t
account_of(struct import *im, const char *owner)
{
	int64_t account = 1;

	if (im->db)
		check(im, account_put(im->db, im->home_id, owner, im->now_ms,
				      &account));
	return account;
}

static void
put(struct import *im, const char *owner, int64_t scope, const char *key,
    const char *value, bool is_secret)
{
	AUTO_STR purpose = { 0 }, sealed = { 0 };
	struct setting_row row = { scope, key, value, is_secret };

	im->settings += !is_secret;
	im->secrets += is_secret;
	if (!im->db)
		return;
	str_init(&purpose, 2 * JID_MAX);
	str_init(&sealed, 4 * TEXT_MAX);
	if (is_secret) {
		seal_purpose(&purpose, im->home->name, owner, scope, key);
		seal(&sealed, im->key, purpose.data, value, strlen(value));
		row.value = sealed.data;
	}
	check(im, setting_put(im->db, account_of(im, owner), &row, im->now_ms));
}

static const struct setting *
find_setting(const struct conf_network *network, const char *key)
{
	const struct setting *s = NULL;

	for (size_t i = 0; protocols[i]; i++)
		if (!strcmp(protocols[i]->name, network->protocol))
			s = protocols[i]->settings;
	while (s && s->key && strcmp(s->key, key) != 0)
		s++;
	return s && s->key ? s : NULL;
}

static void
put_for_network(struct import *im, const char *owner,
		const struct address_place *place, const char *key,
		const char *value)
{
	const struct setting *s = find_setting(place->network, key);
	const char *why = NULL;

	if (!*value)
		return;
	if (!s)
		why = "there is no such setting here";
	else if (strlen(value) > TEXT_MAX)
		why = "it is too long";
	else if (s->refuse)
		why = s->refuse(value);
	if (why)
		leave_out(im, owner, key, why);
	else
		put(im, owner, network_of(im, place), key, value,
		    s->kind == SETTING_SECRET);
}

/* Ours as biboumi's, where it is not what biboumi has by itself. */
static const struct {
	const char *column, *key, *usual;
} columns[] = {
	{ "nick_", "nick", "" },
	{ "pass_", "pass", "" },
	{ "saslpassword_", "sasl_password", "" },
	{ "username_", "username", "" },
	{ "realname_", "realname", "" },
	{ "tlsports_", "tls_ports", "6697;6670" },
	{ "ports_", "ports", "6667" },
	{ "trustedfingerprint_", "fingerprint", "" },
	{ "encodingout_", "encoding_out", "" },
	{ "encodingin_", "encoding_in", "" },
	{ "throttlelimit_", "throttle_limit", "10" },
};

static void
take_server(void *arg, const struct biboumi_row *row)
{
	struct import *im = arg;
	const char *owner = biboumi_get(row, "owner_");
	struct address_place place;

	if (!find_place(im, "", biboumi_get(row, "server_"), &place))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const char *value = biboumi_get(row, columns[i].column);

		if (strcmp(value, columns[i].usual) != 0 &&
		    strcmp(value, "-1") != 0)
			put_for_network(im, owner, &place, columns[i].key,
					value);
	}
	/* There the account goes by the nick. */
	if (*biboumi_get(row, "saslpassword_"))
		put_for_network(im, owner, &place, "account",
				biboumi_get(row, "nick_"));
	if (!strcmp(biboumi_get(row, "verifycert_"), "0"))
		put_for_network(im, owner, &place, "verify_cert", "false");
}

/* One after the other, of one owner and server. */
struct commands {
	struct import *im;
	char *owner, *server;
	struct str lines;
};

static void
commands_end(struct commands *c)
{
	struct address_place place;

	if (c->lines.len && find_place(c->im, "", c->server, &place))
		put_for_network(c->im, c->owner, &place,
				"after_connect_commands", c->lines.data);
	str_clear(&c->lines);
	free(c->owner);
	free(c->server);
	c->owner = c->server = NULL;
}

static void
take_command(void *arg, const struct biboumi_row *row)
{
	struct commands *c = arg;
	const char *owner = biboumi_get(row, "owner_");
	const char *server = biboumi_get(row, "server_");

	if (!c->owner || strcmp(c->owner, owner) != 0 ||
	    strcmp(c->server, server) != 0) {
		commands_end(c);
		c->owner = xstrdup(owner);
		c->server = xstrdup(server);
	}
	str_printf(&c->lines, "%s%s", c->lines.len ? "\n" : "",
		   biboumi_get(row, "afterconnectioncommand_"));
}

/* What is neither 0 nor 1 was not set. */
static void
put_choice(struct import *im, const char *owner, int64_t scope, const char *key,
	   const char *value)
{
	if (!strcmp(value, "0") || !strcmp(value, "1"))
		put(im, owner, scope, key, *value == '1' ? "true" : "false",
		    false);
}

static void
take_global(void *arg, const struct biboumi_row *row)
{
	struct import *im = arg;
	const char *owner = biboumi_get(row, "owner_");
	const char *length = biboumi_get(row, "maxhistorylength_");

	if (*length && *length != '-')
		put(im, owner, 0, "max_history_length", length, false);
	put_choice(im, owner, 0, "record_history",
		   biboumi_get(row, "recordhistory_"));
	put_choice(im, owner, 0, "persistent", biboumi_get(row, "persistent_"));
}

/* By which somebody comes back: the nick that is set, or as here. */
struct nick_search {
	const char *owner, *server;
	char *nick;
};

static void
look_for_nick(void *arg, const struct biboumi_row *row)
{
	struct nick_search *s = arg;

	if (strcmp(s->owner, biboumi_get(row, "owner_")) != 0 ||
	    strcmp(s->server, biboumi_get(row, "server_")) != 0 ||
	    !*biboumi_get(row, "nick_"))
		return;
	free(s->nick);
	s->nick = xstrdup(biboumi_get(row, "nick_"));
}

struct channels {
	struct import *im;
	struct biboumi *from;
};

static void
take_resident(const struct channels *c, const struct biboumi_row *row,
	      int64_t room)
{
	struct nick_search s = { biboumi_get(row, "owner_"),
				 biboumi_get(row, "server_"), NULL };

	(void)biboumi_each(c->from, BIBOUMI_SERVER, look_for_nick, &s);
	if (!s.nick)
		s.nick = strndup(s.owner, strcspn(s.owner, "@"));
	put(c->im, s.owner, -room, "resident", s.nick, false);
	c->im->residents++;
	c->im->settings--;
	free(s.nick);
}

static void
take_channel(void *arg, const struct biboumi_row *row)
{
	const struct channels *c = arg;
	struct import *im = c->im;
	const char *owner = biboumi_get(row, "owner_");
	struct address_place place;
	int64_t room, far = 0;

	if (!find_place(im, biboumi_get(row, "channel_"),
			biboumi_get(row, "server_"), &place) ||
	    place.kind != ADDRESS_CHANNEL)
		return;
	room = room_of(im, &place, &far);
	im->channels++;
	put_choice(im, owner, -room, "record_history",
		   biboumi_get(row, "recordhistory_"));
	put_choice(im, owner, -room, "persistent",
		   biboumi_get(row, "persistent_"));
	if (!strcmp(biboumi_get(row, "persistent_"), "1"))
		take_resident(c, row, room);
}

/* ---- rosters ------------------------------------------------------------- */

static void
take_contact(void *arg, const struct biboumi_row *row)
{
	struct import *im = arg;
	const char *owner = biboumi_get(row, "remote");
	const char *local = biboumi_get(row, "local");
	char *part = strndup(local, strcspn(local, "@"));
	char *name = strndup(owner, strcspn(owner, "@"));
	struct address_place place;
	int64_t channel;

	address_read(im->gateway, part, &place);
	if (place.kind == ADDRESS_PERSON) {
		im->contacts++;
		if (im->db) {
			check(im, channel_put(im->db, network_of(im, &place),
					      CHANNEL_DIRECT, place.name,
					      &channel));
			check(im, contact_put(im->db, account_of(im, owner),
					      channel, place.name, name,
					      im->now_ms));
		}
	} else if (*part) {
		leave_out(im, owner, local, "no network is called that");
	}
	free(part);
	free(name);
}

/* ---- the archive --------------------------------------------------------- */

static void
keep_run(struct import *im, const struct run *run)
{
	if (!im->db)
		return;
	check(im, stay_begin(im->db, run->account, im->hosted, run->after));
	check(im, stay_end(im->db, run->account, im->hosted, run->until));
}

static void
channel_ends(struct import *im)
{
	while (im->n_runs) {
		struct run *run = &im->runs[--im->n_runs];

		keep_run(im, run);
		free(run->owner);
	}
}

static void
replace(char **at, const char *value)
{
	free(*at);
	*at = value ? xstrdup(value) : NULL;
}

/* Owner has the line that was written last. */
static void
owner_reads(struct import *im, const char *owner)
{
	struct run *run = im->runs;
	size_t i = 0;

	while (i < im->n_runs && strcmp(im->runs[i].owner, owner) != 0)
		i++;
	run = &im->runs[i];
	if (i == im->n_runs) {
		if (i == STAYS_MAX) {
			leave_out(im, owner, "the archive",
				  "too many read this channel");
			return;
		}
		im->n_runs++;
		*run = (struct run){ xstrdup(owner), account_of(im, owner),
				     im->line - 1, im->line };
	} else if (run->until < im->line - 1) {
		keep_run(im, run);
		run->after = im->line - 1;
	}
	run->until = im->line;
}

static bool
is_same_line(const struct import *im, const struct biboumi_row *row)
{
	return im->date && !strcmp(im->date, biboumi_get(row, "date_")) &&
	       !strcmp(im->nick, biboumi_get(row, "nick_")) &&
	       !strcmp(im->text, biboumi_get(row, "body_"));
}

/* The same at every import, and hardly ever another line's (FNV-1a). */
static void
write_key(const struct import *im, char *key, size_t size)
{
	const char *parts[] = { im->date, im->nick, im->text };
	uint64_t sign = 0xcbf29ce484222325u;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		for (const char *c = parts[i];; c++) {
			sign = (sign ^ (unsigned char)*c) * 0x100000001b3u;
			if (!*c)
				break;
		}
	(void)snprintf(key, size, "biboumi:%s:%016" PRIx64, im->date, sign);
}

static void
write_line(struct import *im)
{
	bool action = !strncmp(im->text, "/me ", 4);
	int64_t when_ms = strtoll(im->date, NULL, 10) * 1000;
	char key[100];
	const struct event_row event = {
		.id = ++im->event,
		.key = key,
		.channel = im->far,
		.kind = EVENT_MESSAGE,
		.flags = action ? EVENT_ACTION : 0,
		.when_ms = when_ms,
		.received_ms = when_ms,
		.steady_ms = im->now_ms,
		.sender_id = im->nick,
		.sender_name = im->nick,
		.text = action ? im->text + 4 : im->text,
	};
	const struct delivery_end end = { .state = DELIVERY_CONFIRMED,
					  .when_ms = when_ms };
	int rc;

	write_key(im, key, sizeof(key));
	im->line = event.id;
	im->lines++;
	if (!im->db)
		return;
	rc = event_put(im->db, &event, &im->line);
	if (rc == -EEXIST) { /* taken before */
		im->event--;
		im->lines--;
		return;
	}
	check(im, rc);
	check(im, delivery_put(im->db, event.id, im->hosted));
	check(im, delivery_settle(im->db, event.id, im->hosted, &end));
}

static void
take_line(void *arg, const struct biboumi_row *row)
{
	struct import *im = arg;
	const char *server = biboumi_get(row, "ircservername_");
	const char *channel = biboumi_get(row, "ircchanname_");
	struct address_place place;

	if (!im->channel || strcmp(im->channel, channel) != 0 ||
	    strcmp(im->server, server) != 0) {
		channel_ends(im);
		replace(&im->server, server);
		replace(&im->channel, channel);
		replace(&im->date, NULL);
		im->hosted = find_place(im, channel, server, &place) &&
					     place.kind == ADDRESS_CHANNEL
				     ? room_of(im, &place, &im->far)
				     : 0;
	}
	if (!im->hosted)
		return;
	if (!is_same_line(im, row)) {
		replace(&im->date, biboumi_get(row, "date_"));
		replace(&im->nick, biboumi_get(row, "nick_"));
		replace(&im->text, biboumi_get(row, "body_"));
		write_line(im);
	}
	owner_reads(im, biboumi_get(row, "owner_"));
}

/* ---- all of it ----------------------------------------------------------- */

static void
take_all(struct import *im, struct biboumi *from)
{
	struct commands commands = { .im = im };
	struct channels channels = { im, from };
	int rc = 0;

	str_init(&commands.lines, TEXT_MAX + 1);
	rc |= biboumi_each(from, BIBOUMI_GLOBAL, take_global, im);
	rc |= biboumi_each(from, BIBOUMI_SERVER, take_server, im);
	rc |= biboumi_each(from, BIBOUMI_COMMAND, take_command, &commands);
	commands_end(&commands);
	str_finish(&commands.lines);
	rc |= biboumi_each(from, BIBOUMI_CHANNEL, take_channel, &channels);
	rc |= biboumi_each(from, BIBOUMI_ROSTER, take_contact, im);
	rc |= biboumi_each(from, BIBOUMI_SAID, take_line, im);
	channel_ends(im);
	if (rc) {
		fputs("the database of biboumi is damaged\n", im->out);
		im->failed = true;
	}
}

static void
report(struct import *im)
{
	for (size_t i = 0; i < im->n_servers; i++)
		fprintf(im->out,
			"left out: all about %s: no IRC network of the "
			"gateway has a server or a label of that name\n",
			im->servers[i]);
	fprintf(im->out,
		"%s: %u settings, %u passwords, %u channels (%u persistent), "
		"%u contacts, %u lines of the archive; %u left out\n",
		im->failed ? "nothing was taken"
		: im->dry  ? "would be taken"
			   : "taken",
		im->settings, im->secrets, im->channels, im->residents,
		im->contacts, im->lines, im->left);
}

static void
import_finish(struct import *im)
{
	for (size_t i = 0; i < im->n_servers; i++)
		free(im->servers[i]);
	free(im->server);
	free(im->channel);
	free(im->nick);
	free(im->text);
	free(im->date);
	secret_free(im->key);
	db_close(im->db);
}

static bool
open_own(struct import *im, struct error *err)
{
	AUTO_STR path = { 0 };

	str_init(&path, JID_MAX);
	str_printf(&path, "%s.key", im->conf->database);
	im->db = db_open(im->conf->database, DB_WRITER, err);
	if (im->db)
		im->key = seal_key(path.data, err);
	if (!im->key)
		return false;
	check(im, db_begin(im->db));
	check(im, network_put(im->db, im->home->name, im->home->protocol,
			      &im->home_id));
	im->event = event_last_id(im->db);
	return true;
}

static bool
find_gateway(struct import *im)
{
	for (size_t i = 0; i < im->conf->n_networks && !im->home; i++) {
		const struct conf_network *net = &im->conf->networks[i];

		if (net->xmpp && net->xmpp->gateway)
			im->home = net;
	}
	if (!im->home)
		return false;
	im->gateway = im->home->xmpp->gateway;
	return true;
}

int
import_biboumi(const struct conf *conf, const char *path, bool dry, FILE *out)
{
	struct import im = { .conf = conf,
			     .out = out,
			     .dry = dry,
			     .now_ms = (int64_t)time(NULL) * 1000 };
	struct error err = { "" };
	struct biboumi *from = biboumi_open(path, &err);
	int rc = -1;

	if (!from) {
		fprintf(out, "%s\n", err.text);
	} else if (!find_gateway(&im)) {
		fputs("the configuration has no gateway to take it over into\n",
		      out);
	} else if (!dry && !open_own(&im, &err)) {
		fprintf(out, "%s\n", err.text);
	} else {
		take_all(&im, from);
		if (im.db && !im.failed)
			check(&im, db_commit(im.db));
		report(&im);
		rc = im.failed ? -1 : 0;
	}
	biboumi_close(from);
	import_finish(&im);
	return rc;
}
