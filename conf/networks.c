/* SPDX-License-Identifier: MIT */
/*
 * networks.c - the block "networks": per network the options that all have,
 * those of its protocol, and what follows from several of them together.
 */

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/pool.h"
#include "bridge/str.h"

#include "conf/blocks.h"
#include "conf/file.h"
#include "conf/fingerprint.h"
#include "conf/guess.h"
#include "conf/read.h"
#include "conf/report.h"
#include "conf/rules.h"
#include "conf/schema.h"
#include "conf/valid.h"

#include <string.h>

#define NETWORKS_MAX 100

#define XMPP_PORT 5347
#define IDENT_PORT 113
#define IRC_PORT 6667
#define IRC_TLS_PORT 6697

/* One network being read. */
struct draft {
	struct reader *r;
	const config_setting_t *block;
	struct conf_network *net;
	const char *what; /* network "libera" */
};

/* ---- XMPP -------------------------------------------------------------- */

/* Unless told otherwise, the people of the server that we belong to. */
static void
default_people(struct draft *d, const char *component,
	       const char *const **people, size_t *n)
{
	const char *dot = component ? strchr(component, '.') : NULL;

	if (!dot || !dot[1])
		return;

	const char **list = pool_alloc(d->r->pool, sizeof(*list));

	list[0] = pool_strdup(d->r->pool, dot + 1);
	*people = list;
	*n = 1;
}

static void
read_gateway(struct draft *d, struct conf_xmpp *xmpp)
{
	struct reader *r = d->r;
	config_setting_t *s = read_group(r, d->block, "gateway");

	if (!s)
		return;

	struct gateway_block *b = pool_alloc(r->pool, sizeof(*b));
	struct part part = { &table_gateway, b };

	read_defaults(r, part);
	read_block(r, s, &part, 1,
		   read_quote(r, "gateway of network", d->net->name));
	if (!config_setting_get_member(s, "users"))
		default_people(d, xmpp->component, &b->gateway.users,
			       &b->gateway.n_users);
	r->gateways[d->net - r->conf->networks] = b;
	xmpp->gateway = &b->gateway;
}

static void
read_xmpp(struct draft *d, const struct part *common)
{
	struct reader *r = d->r;
	struct xmpp_block *b = pool_alloc(r->pool, sizeof(*b));
	struct part parts[] = { *common, { &table_xmpp, b } };

	read_defaults(r, parts[1]);
	read_block(r, d->block, parts, ARRAY_SIZE(parts), d->what);
	b->xmpp.host = b->server.host;
	b->xmpp.port = b->server.port ? b->server.port : XMPP_PORT;
	if (!config_setting_get_member(d->block, "direct_from"))
		default_people(d, b->xmpp.component, &b->xmpp.direct_from,
			       &b->xmpp.n_direct_from);
	read_gateway(d, &b->xmpp);
	if (!is_loopback(b->xmpp.host))
		report_warning(r->report, read_where_of(r, d->block, "server"),
			       "the component of %s is not encrypted "
			       "(XEP-0114 has no TLS), and \"%s\" is another "
			       "machine",
			       d->what, b->xmpp.host);
	d->net->receipts = b->receipts;
	d->net->xmpp = &b->xmpp;
}

/* ---- IRC --------------------------------------------------------------- */

static bool
all_loopback(const struct conf_irc *irc)
{
	for (size_t i = 0; i < irc->n_servers; i++)
		if (!is_loopback(irc->servers[i].host))
			return false;
	return true;
}

static void
default_ports(struct draft *d, struct conf_irc *irc)
{
	struct conf_server *servers =
		pool_alloc(d->r->pool, (irc->n_servers + 1) * sizeof(*servers));

	for (size_t i = 0; i < irc->n_servers; i++) {
		servers[i] = irc->servers[i];
		if (!servers[i].port)
			servers[i].port = irc->tls == CONF_TLS_OFF
						  ? IRC_PORT
						  : IRC_TLS_PORT;
	}
	irc->servers = servers;
}

static void
apply_preset(struct irc_block *b)
{
	const struct preset *preset = b->preset ? b->preset : &presets[0];
	struct conf_irc *irc = &b->irc;

	if (irc->interval_ms == FROM_PRESET)
		irc->interval_ms = preset->interval_ms;
	if (irc->burst == FROM_PRESET)
		irc->burst = preset->burst;
	if (irc->puppet_connect_ms == FROM_PRESET)
		irc->puppet_connect_ms = preset->puppet_connect_ms;
}

static void
check_tls(struct draft *d, const struct conf_irc *irc)
{
	struct reader *r = d->r;
	struct conf_where where = read_where_of(r, d->block, "tls");

	if (irc->tls == CONF_TLS_INSECURE)
		report_warning(r->report, where,
			       "%s accepts any certificate: somebody between "
			       "us and the server can read and write "
			       "everything",
			       d->what);
	else if (irc->tls == CONF_TLS_OFF && !all_loopback(irc))
		report_warning(r->report, where,
			       "%s is not encrypted, and its server is "
			       "another machine",
			       d->what);
}

void
read_check_file(struct reader *r, const config_setting_t *block,
		const char *name, const char *path, enum file_demand demand)
{
	struct error err;

	if (!path || file_check(path, demand, &err) == 0)
		return;
	report_error(r->report, read_where_of(r, block, name),
		     "\"%s\": the file \"%.200s\": %s", name, path, err.text);
}

void
read_check_pair(struct reader *r, const config_setting_t *block,
		const char *cert, const char *key, const char *what)
{
	const char *have = cert ? "certificate" : "key";

	read_check_file(r, block, "certificate", cert, FILE_ANY);
	read_check_file(r, block, "key", key, FILE_PRIVATE);
	if (!cert == !key)
		return;
	report_error(r->report, read_where_of(r, block, have),
		     "%s has a \"%s\" and lacks the \"%s\" that belongs to it",
		     what, have, cert ? "key" : "certificate");
}

static void
check_sasl(struct draft *d, const config_setting_t *sasl,
	   const struct conf_irc *irc)
{
	struct reader *r = d->r;
	struct conf_where where = read_where(r, sasl);

	if (irc->sasl == CONF_SASL_EXTERNAL) {
		if (!irc->cert_file && !irc->key_file)
			report_error(r->report, where,
				     "SASL EXTERNAL proves who we are by a "
				     "client certificate: %s needs "
				     "\"certificate\" and \"key\"",
				     d->what);
		if (irc->tls == CONF_TLS_OFF)
			report_error(r->report, where,
				     "SASL EXTERNAL needs TLS, and tls is "
				     "\"off\"");
		return;
	}
	if (irc->sasl == CONF_SASL_NONE)
		return; /* the mechanism is missing or wrong: reported */
	if (!config_setting_get_member(sasl, "account"))
		report_error(r->report, where,
			     "sasl of %s lacks the option \"account\"",
			     d->what);
	if (!config_setting_get_member(sasl, "password"))
		report_error(r->report, where,
			     "sasl of %s lacks the option \"password\"",
			     d->what);
	if (irc->sasl == CONF_SASL_PLAIN && irc->tls == CONF_TLS_OFF &&
	    !all_loopback(irc))
		report_error(r->report, where,
			     "SASL PLAIN would send the password of %s "
			     "readably, because tls is \"off\"; use TLS, or "
			     "mechanism = \"scram-sha-256\"",
			     d->what);
}

static void
read_sasl(struct draft *d, struct irc_block *b)
{
	struct reader *r = d->r;
	config_setting_t *sasl = read_group(r, d->block, "sasl");

	if (!sasl)
		return;

	struct part part = { &table_sasl, b };

	read_defaults(r, part);
	read_block(r, sasl, &part, 1,
		   read_quote(r, "sasl of network", d->net->name));
	check_sasl(d, sasl, &b->irc);
}

/* Where IRC servers listen, and hardly anything else does. */
static const char *const usual_ports[] = { "6660-6670", "6679", "6697", "7000",
					   "9999" };

static void
read_users(struct draft *d, struct irc_block *b)
{
	struct reader *r = d->r;
	config_setting_t *users = read_group(r, d->block, "users");
	struct part part = { &table_users, b };

	b->irc.users.ports = usual_ports;
	b->irc.users.n_ports = ARRAY_SIZE(usual_ports);
	read_defaults(r, part);
	if (!users)
		return;
	read_block(r, users, &part, 1,
		   read_quote(r, "users of network", d->net->name));
	if (b->irc.users.ident.host && refuse_ip(b->irc.users.ident.host))
		report_error(r->report, read_where_of(r, users, "ident"),
			     "\"ident\": expected an address of this machine "
			     "such as \"0.0.0.0:113\", found \"%.100s\"",
			     b->irc.users.ident.host);
	if (!b->irc.users.ident.port)
		b->irc.users.ident.port = IDENT_PORT;
}

/* One of the two, and not both. */
static void
check_server(struct draft *d, const struct conf_irc *irc)
{
	bool server = config_setting_get_member(d->block, "server") != NULL;

	if (irc->hosts && server)
		report_error(d->r->report,
			     read_where_of(d->r, d->block, "hosts"),
			     "%s has \"hosts\" and a \"server\": give the "
			     "server a network of its own",
			     d->what);
	else if (!irc->hosts && !server)
		report_error(d->r->report, read_where(d->r, d->block),
			     "%s lacks the option \"server\", such as \"%s\"",
			     d->what,
			     table_find(&table_irc, "server")->example);
}

static void
read_irc(struct draft *d, const struct part *common)
{
	struct reader *r = d->r;
	struct irc_block *b = pool_alloc(r->pool, sizeof(*b));
	struct part parts[] = { *common, { &table_irc, b } };

	read_defaults(r, parts[1]);
	b->irc.interval_ms = FROM_PRESET;
	b->irc.burst = FROM_PRESET;
	b->irc.puppet_connect_ms = FROM_PRESET;
	read_block(r, d->block, parts, ARRAY_SIZE(parts), d->what);
	if (!b->irc.user)
		b->irc.user = b->irc.nick;
	default_ports(d, &b->irc);
	apply_preset(b);
	read_sasl(d, b);
	read_users(d, b);
	read_hosts(r, d->block, &b->irc, d->net->name);
	check_server(d, &b->irc);
	b->irc.local = !b->irc.hosts && all_loopback(&b->irc);
	check_tls(d, &b->irc);
	read_check_file(r, d->block, "ca_file", b->irc.ca_file, FILE_ANY);
	read_check_pair(r, d->block, b->irc.cert_file, b->irc.key_file,
			d->what);
	d->net->irc = &b->irc;
	r->ircs[d->net - r->conf->networks] = &b->irc;
}

/* ---- Matrix ------------------------------------------------------------ */

static void
read_matrix_network(struct draft *d, const struct part *common)
{
	read_matrix(d->r, d->block, d->net, d->what, common);
}

/* ---- MQTT -------------------------------------------------------------- */

static void
read_mqtt_network(struct draft *d, const struct part *common)
{
	read_mqtt(d->r, d->block, d->net, d->what, common);
}

/* ---- all --------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*read)(struct draft *d, const struct part *common);
} protocols[] = {
	{ "xmpp", read_xmpp },
	{ "irc", read_irc },
	{ "matrix", read_matrix_network },
	{ "mqtt", read_mqtt_network },
};

static void
report_protocol(struct draft *d, const config_setting_t *s)
{
	const char *name = config_setting_get_string(s);
	struct guess g = guess_start(name ? name : "");

	for (size_t i = 0; name && i < ARRAY_SIZE(protocols); i++)
		guess_offer(&g, protocols[i].name);
	if (g.best)
		report_error(d->r->report, read_where(d->r, s),
			     "%s: unknown protocol \"%.64s\"; did you mean "
			     "\"%s\"?",
			     d->what, name, g.best);
	else
		read_wrong(d->r, s, "protocol",
			   "\"xmpp\", \"irc\", \"matrix\" or \"mqtt\"");
}

/*
 * Without knowing the protocol there is no telling which options are right;
 * the block is then left unread.
 */
static void
read_network(struct draft *d)
{
	const config_setting_t *s =
		config_setting_get_member(d->block, "protocol");
	struct part common = { &table_network, d->net };
	const char *name = s ? config_setting_get_string(s) : NULL;

	if (!s) {
		report_error(d->r->report, read_where(d->r, d->block),
			     "%s lacks the option \"protocol\", which is "
			     "\"xmpp\", \"irc\", \"matrix\" or \"mqtt\"",
			     d->what);
		return;
	}
	for (size_t i = 0; name && i < ARRAY_SIZE(protocols); i++)
		if (strcmp(protocols[i].name, name) == 0) {
			d->net->protocol = protocols[i].name;
			protocols[i].read(d, &common);
			return;
		}
	report_protocol(d, s);
}

/* What makes it another network, when the file is read again. */
static void
take_fingerprint(struct draft *d, size_t secrets)
{
	const struct conf_network *net = d->net;
	const struct conf *conf = d->r->conf;
	const char *files[4] = { 0 };

	if (net->irc) {
		files[0] = net->irc->ca_file;
		files[1] = net->irc->cert_file;
		files[2] = net->irc->key_file;
	} else if (net->mqtt) {
		files[0] = net->mqtt->ca_file;
		files[1] = net->mqtt->cert_file;
		files[2] = net->mqtt->key_file;
	} else if (net->matrix) {
		files[0] = net->matrix->ca_file;
		files[1] = net->matrix->registration;
	}
	d->net->fingerprint = fingerprint(
		d->r->pool,
		&(struct fingerprinted){
			.block = d->block,
			.leave_out = "level",
			.secrets =
				conf->secrets ? conf->secrets + secrets : NULL,
			.n_secrets = conf->n_secrets - secrets,
			.files = files,
			.n_files = ARRAY_SIZE(files),
		});
}

void
read_networks(struct reader *r, const config_setting_t *root)
{
	config_setting_t *group = read_group(r, root, "networks");
	int n = group ? config_setting_length(group) : 0;

	if (n > NETWORKS_MAX) {
		report_error(r->report, read_where(r, group),
			     "%d networks are too many; the limit is %d", n,
			     NETWORKS_MAX);
		return;
	}

	struct conf_network *networks =
		pool_alloc(r->pool, ((size_t)n + 1) * sizeof(*networks));

	r->conf->networks = networks;
	r->gateways =
		pool_alloc(r->pool, ((size_t)n + 1) * sizeof(*r->gateways));
	r->ircs = pool_alloc(r->pool, ((size_t)n + 1) * sizeof(*r->ircs));
	for (int i = 0; i < n; i++) {
		const config_setting_t *s =
			config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(s);
		struct conf_network *net = &networks[r->conf->n_networks];
		struct draft d = { r, s, net, read_quote(r, "network", name) };
		const char *refused = refuse_label(name);

		if (refused)
			report_error(r->report, read_where(r, s),
				     "%.100s: expected %s", d.what, refused);
		if (!read_group(r, group, name))
			continue;
		net->name = pool_strdup(r->pool, name);
		net->where = read_where(r, s);
		r->conf->n_networks++;

		size_t secrets = r->conf->n_secrets;

		read_network(&d);
		take_fingerprint(&d, secrets);
	}
}
