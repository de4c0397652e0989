/* SPDX-License-Identifier: MIT */
/*
 * check.c - cross references: channels against networks, links against each
 * other, networks against each other.
 */

#include "conf/check.h"

#include "bridge/base.h"

#include "conf/blocks.h"
#include "conf/conf.h"
#include "conf/guess.h"
#include "conf/report.h"
#include "conf/rules.h"
#include "conf/topic.h"
#include "conf/valid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A member of a link, with what it stands in. */
struct place {
	const struct conf_link *link;
	const struct conf_member *member;
	const struct conf_network *net; /* or NULL: unknown */
	size_t order;
	/* The first network by which that place can be reached. */
	const char *reach;
};

struct check {
	struct report *report;
	const struct conf *conf;
	struct place *places;
	size_t n_places;
};

/* ---- one member -------------------------------------------------------- */

static void
unknown_network(struct check *c, const struct conf_member *m)
{
	struct guess g = guess_start(m->network);

	for (size_t i = 0; i < c->conf->n_networks; i++)
		guess_offer(&g, c->conf->networks[i].name);
	if (g.best)
		report_error(c->report, m->where,
			     "unknown network \"%.63s\" in channel "
			     "\"%.63s:%.200s\"; did you mean \"%s\"?",
			     m->network, m->network, m->channel, g.best);
	else
		report_error(c->report, m->where,
			     "unknown network \"%.63s\" in channel "
			     "\"%.63s:%.200s\"",
			     m->network, m->network, m->channel);
}

static void
check_member(struct check *c, const struct conf_member *m)
{
	const struct conf_network *net = conf_find_network(c->conf, m->network);
	const char *want = NULL;

	if (!net) {
		unknown_network(c, m);
		return;
	}
	if (m->rules)
		return; /* named by us */
	if (net->xmpp)
		want = refuse_room(m->channel);
	else if (net->irc)
		want = refuse_channel(m->channel);
	else if (net->mqtt)
		want = refuse_topic(m->channel);
	else if (net->matrix)
		want = refuse_matrix_room(m->channel);
	if (!want && !valid_text(m->channel))
		want = "valid UTF-8 without control characters";
	if (want && valid_text(m->channel))
		report_error(c->report, m->where,
			     "network \"%s\": expected %s, found \"%.200s\"",
			     net->name, want, m->channel);
	else if (want)
		report_error(c->report, m->where, "network \"%s\": expected %s",
			     net->name, want);
}

void
check_flow(struct report *report, const struct conf_link *link)
{
	size_t ins = 0, outs = 0;

	for (size_t i = 0; i < link->n_members; i++) {
		ins += (link->members[i].direction & CONF_IN) != 0;
		outs += (link->members[i].direction & CONF_OUT) != 0;
	}
	if (!ins)
		report_error(report, link->where,
			     "nothing can flow in link \"%.63s\": no channel "
			     "has direction \"in\" or \"both\"",
			     link->name);
	else if (!outs)
		report_error(report, link->where,
			     "nothing can flow in link \"%.63s\": no channel "
			     "has direction \"out\" or \"both\"",
			     link->name);
}

/* ---- all members ------------------------------------------------------- */

static bool
same_server(const struct conf_irc *a, const struct conf_irc *b)
{
	for (size_t i = 0; i < a->n_servers; i++)
		for (size_t j = 0; j < b->n_servers; j++)
			if (a->servers[i].port == b->servers[j].port &&
			    strcasecmp(a->servers[i].host,
				       b->servers[j].host) == 0)
				return true;
	return false;
}

/* A room of XMPP is the same by whichever component it is entered. */
static bool
same_places(const struct conf_network *a, const struct conf_network *b)
{
	if (a->irc && b->irc)
		return same_server(a->irc, b->irc);
	return a == b || (a->xmpp && b->xmpp);
}

static const char *
reach_of(const struct conf *conf, const char *network)
{
	const struct conf_network *net = conf_find_network(conf, network);

	for (size_t i = 0; net && i < conf->n_networks; i++)
		if (same_places(&conf->networks[i], net))
			return conf->networks[i].name;
	return network;
}

static void
collect(struct check *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->conf->n_links; i++)
		n += c->conf->links[i].n_members;
	c->places = xcalloc(n + 1, sizeof(*c->places));
	for (size_t i = 0; i < c->conf->n_links; i++) {
		const struct conf_link *link = &c->conf->links[i];

		for (size_t j = 0; j < link->n_members; j++) {
			const struct conf_member *m = &link->members[j];

			c->places[c->n_places] = (struct place){
				link,
				m,
				conf_find_network(c->conf, m->network),
				c->n_places,
				reach_of(c->conf, m->network),
			};
			c->n_places++;
		}
	}
}

/*
 * Case is no difference in room addresses (RFC 7622) nor in IRC channels;
 * what ISUPPORT CASEMAPPING folds beyond ASCII is not known before a server
 * is asked.
 */
static int
compare_channels(const struct place *a, const struct place *b)
{
	int networks = strcmp(a->reach, b->reach);
	const struct conf_network *net = a->net;

	if (networks)
		return networks;
	if (net && net->mqtt)
		return strcmp(a->member->channel, b->member->channel);
	return strcasecmp(a->member->channel, b->member->channel);
}

static int
compare_places(const void *left, const void *right)
{
	const struct place *a = left;
	const struct place *b = right;
	int channels = compare_channels(a, b);

	if (channels)
		return channels;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* ":12" or, in another file, "file:12". */
static const char *
line_of(const struct conf_where *where, const struct conf_where *from,
	char *buf, size_t size)
{
	if (strcmp(where->file, from->file) == 0)
		(void)snprintf(buf, size, "line %u", where->line);
	else
		(void)snprintf(buf, size, "%.100s:%u", where->file,
			       where->line);
	return buf;
}

/*
 * A channel in two links would join them into one conversation that nobody
 * wrote down, and with two ways from one channel to another everything would
 * be said twice.
 */
static void
check_twice(struct check *c)
{
	const struct place *first = c->places;
	char line[128];

	qsort(c->places, c->n_places, sizeof(*c->places), compare_places);
	for (size_t i = 1; i < c->n_places; i++) {
		const struct place *p = &c->places[i];
		const struct conf_member *m = p->member;

		if (compare_channels(first, p) != 0) {
			first = p;
			continue;
		}
		if (strcmp(first->member->network, m->network) != 0)
			report_error(
				c->report, m->where,
				"\"%.63s:%.200s\" is \"%.63s:%.200s\" by "
				"another way, which is linked in \"%.63s\" "
				"(%s): everything would be said twice",
				m->network, m->channel, first->member->network,
				first->member->channel, first->link->name,
				line_of(&first->member->where, &m->where, line,
					sizeof(line)));
		else
			report_error(c->report, m->where,
				     "\"%.63s:%.200s\" is %s \"%.63s\" (%s)",
				     m->network, m->channel,
				     first->link == p->link
					     ? "already in link"
					     : "already linked in",
				     first->link->name,
				     line_of(&first->member->where, &m->where,
					     line, sizeof(line)));
	}
}

/* A puppet is one connection, and a connection has one nick. */
static void
check_nicks(struct check *c, const struct conf_network *net)
{
	const struct conf_member *first = NULL;
	char line[128];

	for (size_t i = 0; i < c->conf->n_links; i++) {
		const struct conf_link *link = &c->conf->links[i];

		for (size_t j = 0; j < link->n_members; j++) {
			const struct conf_member *m = &link->members[j];

			if (!m->puppets || strcmp(m->network, net->name) != 0)
				continue;
			if (!first)
				first = m;
			if (strcmp(first->nick, m->nick) == 0)
				continue;
			report_error(c->report, m->where,
				     "puppets on \"%s\" have one nick "
				     "everywhere: it is \"%s\" here and \"%s\" "
				     "for \"%.200s\" (%s)",
				     net->name, m->nick, first->nick,
				     first->channel,
				     line_of(&first->where, &m->where, line,
					     sizeof(line)));
		}
	}
}

/* ---- networks ---------------------------------------------------------- */

static void
check_pair(struct check *c, const struct conf_network *first,
	   const struct conf_network *net)
{
	char line[128];

	(void)line_of(&first->where, &net->where, line, sizeof(line));
	if (first->xmpp && net->xmpp && first->xmpp->component &&
	    net->xmpp->component &&
	    strcasecmp(first->xmpp->component, net->xmpp->component) == 0)
		report_error(c->report, net->where,
			     "network \"%s\" is the component \"%s\", and so "
			     "is \"%s\" (%s)",
			     net->name, net->xmpp->component, first->name,
			     line);
	if (first->matrix && net->matrix &&
	    strcmp(first->matrix->registration, net->matrix->registration) == 0)
		report_error(c->report, net->where,
			     "network \"%s\" has the registration of \"%s\" "
			     "(%s): each needs one of its own",
			     net->name, first->name, line);
	if (first->irc && net->irc && first->irc->nick && net->irc->nick &&
	    strcasecmp(first->irc->nick, net->irc->nick) == 0 &&
	    same_server(first->irc, net->irc))
		report_warning(c->report, net->where,
			       "network \"%s\" has the server and the nick of "
			       "\"%s\" (%s): one will push the other out",
			       net->name, first->name, line);
}

/* Each would throw the other out. */
static void
check_clients(struct check *c, const struct conf_network *first,
	      const struct conf_network *net)
{
	const struct conf_mqtt *a = first->mqtt;
	const struct conf_mqtt *b = net->mqtt;
	char line[128];

	if (!a || !b || !a->host || !b->host || a->port != b->port ||
	    strcasecmp(a->host, b->host) != 0 ||
	    strcmp(a->client_id, b->client_id) != 0)
		return;
	report_error(c->report, net->where,
		     "network \"%s\" has the broker and the client_id of "
		     "\"%s\" (%s): each would throw the other out",
		     net->name, first->name,
		     line_of(&first->where, &net->where, line, sizeof(line)));
}

/* Who may command devices, when all networks are known. */
static void
check_devices(struct check *c, const struct conf_mqtt *mqtt)
{
	const struct conf_discovery *found = mqtt->discovery;

	for (size_t i = 0; found && i < found->n_who; i++) {
		struct who_check who = { .report = c->report,
					 .conf = c->conf,
					 .where = found->where,
					 .what = "discovery" };

		check_who(&who, found->who[i]);
	}
	for (size_t i = 0; i < mqtt->n_devices; i++) {
		const struct conf_device *device = &mqtt->devices[i];

		for (size_t k = 0; k < device->n_orders; k++) {
			const struct conf_rule *rule = device->orders[k];
			struct who_check who = { .report = c->report,
						 .conf = c->conf,
						 .where = rule->where,
						 .what = rule->name };

			for (size_t n = 0; n < rule->order.n_who; n++)
				check_who(&who, rule->order.who[n]);
		}
	}
}

/* The gateway that it has, or NULL. */
static const struct conf_gateway *
gateway_of(const struct conf_network *net)
{
	if (net->xmpp)
		return net->xmpp->gateway;
	return net->matrix ? net->matrix->gateway : NULL;
}

static bool
is_led_to(const struct conf *conf, const struct conf_network *net)
{
	for (size_t i = 0; i < conf->n_networks; i++) {
		const struct conf_gateway *g = gateway_of(&conf->networks[i]);

		for (size_t k = 0; g && k < g->n_networks; k++)
			if (g->networks[k] == net)
				return true;
		if (g && g->hosts == net)
			return true;
	}
	return false;
}

static bool
is_used(const struct check *c, const struct conf_network *net)
{
	if (gateway_of(net) || is_led_to(c->conf, net))
		return true;
	if (net->mqtt && (net->mqtt->n_devices || net->mqtt->discovery))
		return true;
	for (size_t i = 0; i < c->n_places; i++)
		if (strcmp(c->places[i].member->network, net->name) == 0)
			return true;
	return false;
}

void
check_all(struct report *report, const struct conf *conf)
{
	struct check c = { report, conf, NULL, 0 };

	collect(&c);
	for (size_t i = 0; i < c.n_places; i++)
		check_member(&c, c.places[i].member);
	check_twice(&c);
	for (size_t i = 0; i < conf->n_networks; i++) {
		const struct conf_network *net = &conf->networks[i];

		if (net->irc)
			check_nicks(&c, net);
		if (net->mqtt)
			check_devices(&c, net->mqtt);
		for (size_t j = 0; j < i; j++) {
			check_pair(&c, &conf->networks[j], net);
			check_clients(&c, &conf->networks[j], net);
		}
	}

	/* A network may look unused because its link could not be read. */
	for (size_t i = 0; i < conf->n_networks && !report_errors(report); i++)
		if (!is_used(&c, &conf->networks[i]))
			report_warning(report, conf->networks[i].where,
				       "no link uses network \"%s\"",
				       conf->networks[i].name);
	free(c.places);
}
