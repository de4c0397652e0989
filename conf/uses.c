/* SPDX-License-Identifier: MIT */
/*
 * uses.c - what networks are used for: which ones a gateway leads to, and in
 * which ones we have channels of our own to be in.
 */

#include "bridge/base.h"
#include "bridge/pool.h"

#include "conf/blocks.h"
#include "conf/guess.h"
#include "conf/read.h"
#include "conf/report.h"
#include "conf/schema.h"
#include "conf/valid.h"

#include <string.h>

/* ---- gateways ---------------------------------------------------------- */

/* One gateway, and where in the file it stands. */
struct gate {
	struct reader *r;
	const struct conf_network *own;
	const char *what; /* gateway of network "xmpp" */
	const config_setting_t *block;
	struct gateway_block *b;
	bool fixes; /* looking for the one that needs no name */
};

/* Whose rooms and people are not its own; Matrix has no form for devices. */
static bool
may_lead_to(const struct gate *g, const struct conf_network *net)
{
	if (g->own->matrix)
		return net->irc || net->xmpp;
	return net->irc || net->mqtt || net->matrix;
}

static void
report_unknown(struct gate *g, struct conf_where where, const char *name)
{
	const struct conf *conf = g->r->conf;
	struct guess guess = guess_start(name);

	for (size_t i = 0; i < conf->n_networks; i++)
		if (may_lead_to(g, &conf->networks[i]))
			guess_offer(&guess, conf->networks[i].name);
	if (guess.best)
		report_error(g->r->report, where,
			     "%s: unknown network \"%.63s\"; did you mean "
			     "\"%s\"?",
			     g->what, name, guess.best);
	else
		report_error(g->r->report, where,
			     "%s: unknown network \"%.63s\"", g->what, name);
}

/* The network of that name; NULL after a message. */
static const struct conf_network *
find_target(struct gate *g, struct conf_where where, const char *name)
{
	const struct conf_network *net = conf_find_network(g->r->conf, name);

	if (!net) {
		report_unknown(g, where, name);
		return NULL;
	}
	if (net->irc && net->irc->hosts && (g->own->matrix || g->fixes)) {
		report_error(g->r->report, where,
			     g->own->matrix
				     ? "%s: \"%s\" has \"hosts\", to which "
				       "only a gateway of XMPP can lead"
				     : "%s: \"%s\" stands for many hosts, and "
				       "an address that names none can mean "
				       "one network only",
			     g->what, net->name);
		return NULL;
	}
	if (may_lead_to(g, net))
		return net;
	if (net->protocol) /* else that was reported */
		report_error(g->r->report, where,
			     "%s leads to networks with protocol = %s, and "
			     "\"%s\" has \"%s\"",
			     g->what,
			     g->own->matrix ? "\"irc\" or \"xmpp\""
					    : "\"irc\", \"matrix\" or \"mqtt\"",
			     net->name, net->protocol);
	return NULL;
}

static struct conf_where
where_of_name(struct gate *g, size_t i)
{
	const config_setting_t *list =
		config_setting_get_member(g->block, "networks");

	return read_where(g->r, config_setting_get_elem(list, (unsigned)i));
}

static bool
leads_to(const struct conf_gateway *gateway, const struct conf_network *net)
{
	for (size_t i = 0; i < gateway->n_networks; i++)
		if (gateway->networks[i] == net)
			return true;
	return gateway->hosts == net;
}

static void
use_networks(struct gate *g)
{
	struct conf_gateway *gateway = &g->b->gateway;
	const struct conf_network **list = pool_alloc(
		g->r->pool, (g->b->n_names + 1) * sizeof(const void *));

	gateway->networks = list;
	for (size_t i = 0; i < g->b->n_names; i++) {
		struct conf_where where = where_of_name(g, i);
		const char *name = g->b->names[i];
		const struct conf_network *net = find_target(g, where, name);

		if (!net)
			continue;
		if (leads_to(gateway, net)) {
			report_error(g->r->report, where,
				     "%s: \"%s\" stands there twice", g->what,
				     name);
			continue;
		}
		if (net->irc && net->irc->hosts)
			gateway->hosts = net;
		else
			list[gateway->n_networks++] = net;
		if (net->irc)
			g->r->ircs[net - g->r->conf->networks]->gateway = true;
	}
}

static void
use_fixed(struct gate *g)
{
	struct conf_where where = read_where_of(g->r, g->block, "fixed");
	const char *name = g->b->fixed;
	const struct conf_network *net;

	g->fixes = true;
	net = name ? find_target(g, where, name) : NULL;
	if (net && !leads_to(&g->b->gateway, net))
		report_error(g->r->report, where,
			     "%s: \"fixed\" is \"%s\", which is not one of its "
			     "\"networks\"",
			     g->what, name);
	g->b->gateway.fixed = net;
}

static void
use_gateway(struct gate *g)
{
	const config_setting_t *names =
		config_setting_get_member(g->block, "networks");

	if (names && config_setting_is_aggregate(names) &&
	    !config_setting_length(names)) {
		report_error(g->r->report, read_where(g->r, names),
			     "%s: \"networks\" is empty, so that it leads "
			     "nowhere",
			     g->what);
		return;
	}
	if (!g->b->n_names)
		return; /* missing or wrong: reported */
	use_networks(g);
	use_fixed(g);
}

/* ---- admins ------------------------------------------------------------ */

static bool
is_of_network(const struct conf *conf, const char *admin)
{
	size_t len = strcspn(admin, ":");

	for (size_t i = 0; i < conf->n_networks; i++) {
		const char *name = conf->networks[i].name;

		if (strlen(name) == len && !strncmp(name, admin, len))
			return true;
	}
	return false;
}

/* Misspelt it would make nobody an admin, without a word. */
static void
check_admins(struct reader *r, const config_setting_t *root)
{
	const config_setting_t *list =
		config_setting_get_member(root, "admins");
	const config_setting_t *s;

	for (unsigned i = 0;
	     list && (s = config_setting_get_elem(list, i)) != NULL; i++) {
		const char *admin = config_setting_get_string(s);

		if (admin && !refuse_admin(admin) &&
		    !is_of_network(r->conf, admin))
			report_error(r->report, read_where(r, s),
				     "\"admins\": no network has the label "
				     "before the colon in \"%s\"",
				     admin);
	}
}

/* ---- listeners --------------------------------------------------------- */

static void
use_members(struct reader *r, const struct conf_link *link)
{
	for (size_t i = 0; i < link->n_members; i++) {
		const struct conf_network *net =
			conf_find_network(r->conf, link->members[i].network);

		if (net && net->irc)
			r->ircs[net - r->conf->networks]->listener = true;
	}
}

/* Only where nobody of our own is to connect can there be no nick for it. */
static void
check_nick(struct reader *r, const config_setting_t *block,
	   const struct conf_network *net)
{
	if ((net->irc->gateway && !net->irc->listener) ||
	    config_setting_get_member(block, "nick"))
		return;
	report_error(r->report, read_where(r, block),
		     "network \"%s\" lacks the option \"nick\", such as "
		     "\"%s\"",
		     net->name, table_find(&table_irc, "nick")->example);
}

/* It stands for hosts that people of a gateway name, and for nothing else. */
static void
check_hosts(struct reader *r, const config_setting_t *block,
	    const struct conf_network *net)
{
	const struct conf_network *first = conf_template(r->conf);
	struct conf_where where = read_where_of(r, block, "hosts");

	if (first && first != net)
		report_error(r->report, where,
			     "network \"%s\" has \"hosts\", and so has \"%s\": "
			     "only one may",
			     net->name, first->name);
	if (!net->irc->gateway)
		report_error(r->report, where,
			     "network \"%s\" has \"hosts\", and no gateway of "
			     "XMPP leads to it",
			     net->name);
	if (net->irc->listener)
		report_error(r->report, where,
			     "network \"%s\" has \"hosts\", so that it has no "
			     "channels of its own that could be linked",
			     net->name);
}

void
read_uses(struct reader *r, const config_setting_t *root)
{
	const config_setting_t *group =
		config_setting_get_member(root, "networks");
	const struct conf *conf = r->conf;

	check_admins(r, root);
	for (size_t i = 0; i < conf->n_links; i++)
		use_members(r, &conf->links[i]);
	for (size_t i = 0; i < conf->n_networks; i++) {
		const char *name = conf->networks[i].name;
		struct gate g = {
			.r = r,
			.own = &conf->networks[i],
			.what = read_quote(r, "gateway of network", name),
			.b = r->gateways[i],
		};

		if (!g.b)
			continue;
		g.block = config_setting_get_member(
			config_setting_get_member(group, name), "gateway");
		use_gateway(&g);
	}
	for (size_t i = 0; i < conf->n_networks; i++) {
		const struct conf_network *net = &conf->networks[i];
		const config_setting_t *block =
			config_setting_get_member(group, net->name);

		if (net->irc && net->irc->hosts)
			check_hosts(r, block, net);
		else if (net->irc)
			check_nick(r, block, net);
	}
}
