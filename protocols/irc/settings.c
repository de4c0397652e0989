/* SPDX-License-Identifier: MIT */
/*
 * settings.c - what gateway users may set for a network, and what follows from
 * it for their connections.
 *
 * What is set was checked when it was set. But the operator may have changed
 * their mind since: so what they allow is looked at again where it is used.
 */

#include "protocols/irc/puppet.h"

#include "bridge/base.h"
#include "conf/conf.h"
#include "protocols/irc/certificate.h"
#include "protocols/irc/format.h"
#include "protocols/irc/ports.h"
#include "protocols/irc/source.h"

#include <stdlib.h>
#include <string.h>

#define COMMANDS_MAX 50
/* Addresses that lead nowhere (RFC 4193), where the operator has none. */
#define WEBIRC_PREFIX "fd00:ca05::/32"

/* ---- values -------------------------------------------------------- */

static const char *
refuse_word(const char *value)
{
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c <= ' ' || strchr("@!:\177", *c))
			return "that is not one word";
	return NULL;
}

static const char *
refuse_line(const char *value)
{
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < ' ')
			return "that is more than one line of text";
	return NULL;
}

static const char *
refuse_commands(const char *value)
{
	size_t n = 0;

	for (; *value; value += strcspn(value, "\n")) {
		value += strspn(value, "\n");
		if (strcspn(value, "\n") > IRC_BODY_MAX - 2)
			return "a line of it is too long for IRC";
		if (memchr(value, '\r', strcspn(value, "\n")))
			return "a line of it holds a carriage return";
		if (++n > COMMANDS_MAX)
			return "these are too many commands";
	}
	return NULL;
}

static const char *
refuse_ports(const char *value)
{
	unsigned ports[IRC_PORTS_MAX];

	return irc_ports_read(value, ports) < 0
		       ? "these are not up to 16 ports, such as 6697"
		       : NULL;
}

static const char *
refuse_fingerprint(const char *value)
{
	return irc_is_fingerprint(value)
		       ? NULL
		       : "that is no fingerprint of 40, 64 or 128 digits";
}

static const char *
refuse_burst(const char *value)
{
	size_t n = strlen(value);

	return n != strspn(value, "0123456789") || n > 3 || atoi(value) < 1
		       ? "that is no number from 1 to 999"
		       : NULL;
}

static const struct choice sasl_choices[] = {
	{ "plain", "PLAIN: the password" },
	{ "scram-sha-256", "SCRAM-SHA-256: proof of the password" },
	{ "external", "EXTERNAL: the client certificate" },
	{ .value = NULL },
};

/* The names are biboumi's where it has such a thing. */
const struct setting irc_settings[] = {
	{ "nick", SETTING_TEXT, "Nickname",
	  "Whatever nick your client asks for, this is the one that you get.",
	  refuse_word },
	{ "pass", SETTING_SECRET, "Server password",
	  "What the server asks of everybody who connects.", refuse_line },
	{ "account", SETTING_TEXT, "Account",
	  "The name with which you have registered on the network; your nick "
	  "if it is left empty.",
	  refuse_word },
	{ "sasl_password", SETTING_SECRET, "SASL password",
	  "The password of that account: with it you are logged in when you "
	  "connect.",
	  refuse_line },
	{ "sasl_mechanism", SETTING_CHOICE, "SASL mechanism",
	  "How you are logged in; if it is left empty, by the password as the "
	  "server likes it best.",
	  .choices = sasl_choices },
	{ "after_connect_commands", SETTING_LINES, "After-connection commands",
	  "What is sent when the connection is up, one command on each line.",
	  refuse_commands },
	{ "username", SETTING_TEXT, "Username",
	  "What servers show before your host.", refuse_word },
	{ "realname", SETTING_TEXT, "Realname",
	  "What people read who ask who you are.", refuse_line },
	{ "tls_ports", SETTING_TEXT, "TLS ports",
	  "The server's encrypted ports, tried in turn, such as 6697; 6670.",
	  refuse_ports },
	{ "ports", SETTING_TEXT, "Ports",
	  "Ports that are not encrypted, tried after the others.",
	  refuse_ports },
	{ "verify_cert", SETTING_YES_NO, "Verify certificate",
	  "Whether the server has to prove who it is.", NULL },
	{ "fingerprint", SETTING_TEXT, "Fingerprint",
	  "Of the server's certificate, which is then trusted and no other.",
	  refuse_fingerprint },
	{ "encoding_out", SETTING_TEXT, "Encoding out",
	  "The character set to write in, if not UTF-8; what it has no "
	  "character for is written in UTF-8.",
	  irc_charset_refuse },
	{ "encoding_in", SETTING_TEXT, "Encoding in",
	  "The character set of what is not UTF-8.", irc_charset_refuse },
	{ "throttle_limit", SETTING_NUMBER, "Throttle limit",
	  "How many lines are sent at once before they are slowed down; no "
	  "more than the gateway's operator allows.",
	  refuse_burst },
	{ IRC_CERTIFICATE, SETTING_SECRET, "Client certificate", NULL,
	  .hidden = true },
	{ .key = NULL },
};

/* ---- what the operator allows -------------------------------------- */

static bool
allows_plain(const struct conf_irc *conf)
{
	return conf->users.tls == CONF_TLS_OFF || conf->tls == CONF_TLS_OFF;
}

static bool
allows_unverified(const struct conf_irc *conf)
{
	return conf->users.tls != CONF_TLS_VERIFY ||
	       conf->tls != CONF_TLS_VERIFY;
}

static bool
is_own_port(const struct conf_irc *conf, unsigned port)
{
	for (size_t i = 0; i < conf->n_servers; i++)
		if (conf->servers[i].port == port)
			return true;
	return false;
}

static bool
allows_ports(const struct conf_irc *conf, const char *value)
{
	unsigned ports[IRC_PORTS_MAX];
	int n = irc_ports_read(value, ports);

	for (int i = 0; i < n; i++)
		if (!is_own_port(conf, ports[i]) &&
		    !irc_port_allowed(conf->users.ports, conf->users.n_ports,
				      ports[i]))
			return false;
	return n > 0;
}

static bool
is_one_of(const char *key, const char *const *keys)
{
	while (*keys && strcmp(*keys, key) != 0)
		keys++;
	return *keys != NULL;
}

const char *
irc_may_set(struct network *net, const struct setting *setting,
	    const char *value)
{
	static const char *const names[] = { "username", "realname", NULL };
	const struct conf_irc *conf = irc_from(net)->conf;
	const char *key = setting->key;
	bool plain = !strcmp(key, "ports");

	if (is_one_of(key, names) && !conf->users.names)
		return "on this network the gateway's operator chooses that";
	if (plain && !allows_plain(conf))
		return "connections to this network are encrypted";
	if (!value)
		return NULL;
	if ((plain || !strcmp(key, "tls_ports")) && !allows_ports(conf, value))
		return "the gateway's operator does not allow that port";
	if (!strcmp(key, "verify_cert") && strcmp(value, "true") != 0 &&
	    !allows_unverified(conf))
		return "the gateway's operator wants servers to be verified; "
		       "you can name the fingerprint to trust";
	return NULL;
}

/* What is set and allowed; NULL: nothing. */
static const char *
setting_of(const struct irc_puppet *p, const char *key)
{
	const char *value = p->puppet ? bridge_setting(p->puppet, key) : NULL;
	const struct setting *s = irc_settings;

	while (strcmp(s->key, key) != 0)
		s++;
	return value && *value && !irc_may_set(&p->irc->net, s, value) ? value
								       : NULL;
}

/* ---- who it is ----------------------------------------------------- */

static void
keep_secret(struct secret **field, const char *value)
{
	secret_free(*field);
	*field = value ? secret_new(value, strlen(value)) : NULL;
}

static void
keep_text(char **field, const char *value)
{
	free(*field);
	*field = value ? xstrdup(value) : NULL;
}

static void
keep_if_set(char **field, const char *value)
{
	if (value)
		keep_text(field, value);
}

const char *
irc_account_want(const struct irc *irc, const struct occupant *o)
{
	const char *nick = bridge_setting(o->puppet, "nick");

	return nick && irc_is_nick(&irc->isupport, nick) ? nick : o->want;
}

static enum irc_sasl
sasl_of(const struct irc_puppet *p)
{
	const char *wanted = setting_of(p, "sasl_mechanism");

	if (wanted && !strcmp(wanted, "external"))
		return IRC_SASL_EXTERNAL;
	if (!p->sasl_password)
		return IRC_SASL_NONE;
	if (!wanted)
		return IRC_SASL_PASSWORD;
	return !strcmp(wanted, "plain") ? IRC_SASL_PLAIN
					: IRC_SASL_SCRAM_SHA_256;
}

static void
identify_by_sasl(struct irc_puppet *p, struct irc_identity *id)
{
	const char *account = setting_of(p, "account");

	keep_secret(&p->sasl_password, setting_of(p, "sasl_password"));
	id->sasl = sasl_of(p);
	if (id->sasl == IRC_SASL_NONE)
		return;
	/* Whoever shows a certificate is whom the services know it of. */
	keep_text(&p->login,
		  account || id->sasl == IRC_SASL_EXTERNAL ? account : p->nick);
	id->account = p->login;
	id->sasl_password = p->sasl_password;
	id->sasl_required = true;
	id->caps |= IRC_CAP_SASL;
}

void
irc_account_identify(struct irc_puppet *p, struct irc_identity *id)
{
	keep_if_set(&p->user, setting_of(p, "username"));
	keep_if_set(&p->realname, setting_of(p, "realname"));
	keep_secret(&p->password, setting_of(p, "pass"));
	id->user = p->user;
	id->realname = p->realname;
	if (p->password)
		id->password = p->password;
	identify_by_sasl(p, id);
}

/* ---- the way there ------------------------------------------------- */

/* Of all ports that its owner chose, the one whose turn it is. */
static void
choose_port(struct irc_puppet *p, struct irc_route *route)
{
	const struct wire *wire = &p->irc->wire;
	unsigned ports[2 * IRC_PORTS_MAX];
	const char *tls = setting_of(p, "tls_ports");
	const char *plain = setting_of(p, "ports");
	int n_tls = tls ? irc_ports_read(tls, ports) : 0;
	int n = n_tls + (plain ? irc_ports_read(plain, ports + n_tls) : 0);
	unsigned turn = p->failures % (n ? (unsigned)n : 1);

	if (!n)
		return;
	route->port = ports[turn];
	route->tls = (int)turn < n_tls ? wire->tls : NULL;
}

static void
choose_trust(struct irc_puppet *p, struct irc_route *route)
{
	const char *verify = setting_of(p, "verify_cert");

	keep_text(&p->pin, setting_of(p, "fingerprint"));
	route->pin = p->pin;
	if (p->irc->conf->tls == CONF_TLS_OFF)
		route->verify = true;
	if (verify)
		route->verify = !strcmp(verify, "true");
}

static void
choose_certificate(struct irc_puppet *p, struct irc_route *route)
{
	const char *pem = setting_of(p, IRC_CERTIFICATE);
	AUTO(secret) copy = pem ? secret_new(pem, strlen(pem)) : NULL;

	irc_certificate_free(p->certificate);
	p->certificate = copy ? irc_certificate_read(copy) : NULL;
	route->certificate = p->certificate;
	route->personal = true;
}

/* An address of its own: told to the server, or connected from. */
static void
choose_source(struct irc_puppet *p, struct irc_identity *id,
	      struct irc_route *route)
{
	const struct conf_users *users = &p->irc->conf->users;
	const char *prefix = users->prefix ? users->prefix : WEBIRC_PREFIX;
	const char *salt = users->webirc        ? secret_reveal(users->webirc)
			   : p->irc->net.prefix ? p->irc->net.prefix
						: "";

	if ((!users->prefix && !users->webirc) ||
	    !irc_source_address(prefix, salt, p->person, p->address))
		return;
	if (users->webirc) {
		id->webirc = users->webirc;
		id->address = p->address;
		return;
	}
	route->bind = p->address;
	route->any_bind = true;
}

void
irc_account_route(struct irc_puppet *p, struct irc_identity *id,
		  struct irc_route *route)
{
	choose_source(p, id, route);
	choose_port(p, route);
	choose_trust(p, route);
	choose_certificate(p, route);
}

/* ---- while it is there --------------------------------------------- */

void
irc_account_tune(struct irc_puppet *p)
{
	struct session *s = &p->session;
	const char *burst = setting_of(p, "throttle_limit");

	s->burst = burst ? (unsigned)atoi(burst) : 0;
	keep_text(&p->charset_in, setting_of(p, "encoding_in"));
	keep_text(&p->charset_out, setting_of(p, "encoding_out"));
	s->charset_in = p->charset_in;
	s->charset_out = p->charset_out;
}

void
irc_account_begin(struct irc_puppet *p)
{
	const char *commands = setting_of(p, "after_connect_commands");
	AUTO_STR line = { 0 };

	str_init(&line, IRC_BODY_MAX);
	while (commands && *commands) {
		size_t len = strcspn(commands, "\r\n");

		str_clear(&line);
		str_add_n(&line, commands, len);
		if (line.len && line.len + 2 <= IRC_BODY_MAX) {
			str_add(&line, "\r\n");
			session_queue(&p->session, &line, NULL);
		}
		commands += len;
		commands += strspn(commands, "\r\n");
	}
}

void
irc_account_free(struct irc_puppet *p)
{
	free(p->login);
	secret_free(p->password);
	secret_free(p->sasl_password);
	free(p->charset_in);
	free(p->charset_out);
	free(p->pin);
	irc_certificate_free(p->certificate);
}
