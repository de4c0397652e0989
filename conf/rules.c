/* SPDX-License-Identifier: MIT */
/*
 * rules.c - the rules of a link. A rule belongs to one MQTT network. All
 * rules of a link on one network are a member of the link, by a name that no
 * topic can have.
 */

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/event.h"
#include "bridge/pool.h"

#include "conf/blocks.h"
#include "conf/guess.h"
#include "conf/report.h"
#include "conf/say.h"
#include "conf/schema.h"
#include "conf/topic.h"
#include "conf/valid.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RULES_MAX 500
#define DEVICE_ORDERS_MAX 50

/* One rule being read. */
struct draft {
	struct reader *r;
	const config_setting_t *block;
	const char *what; /* rule "temperature" */
	struct rule_block *b;
	struct conf_rule *rule;
	bool device; /* of a device: its network goes without saying */
};

static void
report_option(struct draft *d, const char *option, const struct error *err)
{
	report_error(d->r->report, read_where_of(d->r, d->block, option),
		     "%s: \"%s\": %s", d->what, option, err->text);
}

static void
say(struct draft *d, const char *option, const char *text, enum say_use use,
    unsigned n, struct conf_say *out)
{
	struct error err;

	if (text && say_parse(d->r->pool, text, use, n, out, &err))
		report_option(d, option, &err);
}

static void
condition(struct draft *d, const char *option, const char *text,
	  struct conf_condition *out)
{
	struct error err;

	if (text && condition_parse(d->r->pool, text, out, &err))
		report_option(d, option, &err);
}

/* "0=closed" at the first "=". */
static const struct conf_pair *
pairs(struct draft *d, const char *option, const char *const *texts, size_t n)
{
	struct conf_pair *list =
		pool_alloc(d->r->pool, (n + 1) * sizeof(*list));
	struct error err;

	for (size_t i = 0; i < n; i++) {
		char *copy = pool_strdup(d->r->pool, texts[i]);
		char *equal = strchr(copy, '=');

		if (!equal) {
			(void)error_set(&err, EINVAL,
					"expected \"THIS=THAT\", found "
					"\"%.40s\"",
					copy);
			report_option(d, option, &err);
			continue;
		}
		*equal = '\0';
		list[i] = (struct conf_pair){ copy, equal + 1 };
	}
	return list;
}

/* ---- which network ----------------------------------------------------- */

static void
unknown_network(struct draft *d, const char *option, const char *name)
{
	const struct conf *conf = d->r->conf;
	struct guess g = guess_start(name);
	struct error err;

	for (size_t i = 0; i < conf->n_networks; i++)
		if (conf->networks[i].mqtt)
			guess_offer(&g, conf->networks[i].name);
	if (g.best)
		(void)error_set(&err, EINVAL,
				"unknown MQTT network \"%.63s\"; did you mean "
				"\"%s\"?",
				name, g.best);
	else
		(void)error_set(&err, EINVAL, "unknown MQTT network \"%.63s\"",
				name);
	report_option(d, option, &err);
}

/* What stands behind "NETWORK:"; NULL after a message. */
static const char *
of_network(struct draft *d, const char *option, const char *text)
{
	const char *colon = strchr(text, ':');
	struct error err;

	if (!colon || colon == text || !colon[1]) {
		(void)error_set(&err, EINVAL,
				"expected \"NETWORK:TOPIC\", found \"%.100s\"",
				text);
		report_option(d, option, &err);
		return NULL;
	}

	char *name = pool_strdup(d->r->pool, text);

	name[colon - text] = '\0';

	const struct conf_network *net = conf_find_network(d->r->conf, name);

	if (!net || !net->mqtt) {
		unknown_network(d, option, name);
		return NULL;
	}
	if (d->rule->network && strcmp(d->rule->network, net->name) != 0) {
		(void)error_set(&err, EINVAL,
				"a rule is about one network, and here are "
				"\"%s\" and \"%s\"; make two of it",
				d->rule->network, net->name);
		report_option(d, option, &err);
		return NULL;
	}
	d->rule->network = net->name;
	return colon + 1;
}

/* ---- from a topic ------------------------------------------------------ */

static unsigned
count_plus(const char *filter)
{
	unsigned n = 0;

	for (; *filter; filter++)
		n += *filter == '+';
	return n;
}

/* How many "+" each of the filters has; templates can use as many. */
static unsigned
read_filters(struct draft *d)
{
	struct conf_watch *w = &d->rule->watch;
	const char **filters = pool_alloc(d->r->pool, (d->b->n_filters + 1) *
							      sizeof(*filters));
	unsigned least = PARAMS_MAX;
	struct error err;

	for (size_t i = 0; i < d->b->n_filters; i++) {
		const char *f = of_network(d, "filter", d->b->filters[i]);
		const char *refused = f ? refuse_filter(f) : NULL;

		if (refused) {
			(void)error_set(&err, EINVAL, "expected %s", refused);
			report_option(d, "filter", &err);
		}
		if (!f || refused)
			continue;
		filters[w->n_filters++] = f;
		if (count_plus(f) < least)
			least = count_plus(f);
	}
	w->filters = filters;
	return w->n_filters ? least : PARAMS_MAX;
}

static void
check_watch(struct draft *d)
{
	static const char *const alarms[] = { "clear", "clear_say", "hold",
					      "repeat", "mention" };
	const struct conf_watch *w = &d->rule->watch;
	struct error err;

	for (size_t i = 0; !d->b->alarm && i < ARRAY_SIZE(alarms); i++) {
		if (!config_setting_get_member(d->block, alarms[i]))
			continue;
		(void)error_set(&err, EINVAL, "is of use only with \"alarm\"");
		report_option(d, alarms[i], &err);
	}
	if (w->every_s && w->digest_s) {
		(void)error_set(&err, EINVAL,
				"\"every\" and \"digest\" exclude each other");
		report_option(d, "digest", &err);
	}
	if (d->b->alarm && (w->every_s || w->digest_s || w->on_change)) {
		(void)error_set(&err, EINVAL,
				"a rule with an alarm says nothing else; make "
				"a second rule for the values");
		report_option(d, "alarm", &err);
	}
}

static void
read_watch(struct draft *d)
{
	struct part part = { &table_watch, d->b };
	struct conf_watch *w = &d->rule->watch;
	struct error err;

	read_defaults(d->r, part);
	read_block(d->r, d->block, &part, 1, d->what);

	unsigned n = read_filters(d);

	say(d, "say", d->b->say, SAY_WATCH, n, &w->say);
	say(d, "as", d->b->as, SAY_WATCH, n, &w->as);
	say(d, "clear_say", d->b->clear_say, SAY_WATCH, n, &w->clear_say);
	condition(d, "only_if", d->b->only_if, &w->only_if);
	condition(d, "alarm", d->b->alarm, &w->alarm);
	condition(d, "clear", d->b->clear, &w->clear);
	if (d->b->value && path_parse(d->r->pool, d->b->value, &w->value, &err))
		report_option(d, "value", &err);
	w->map = pairs(d, "map", d->b->map, d->b->n_map);
	w->n_map = d->b->n_map;
	check_watch(d);
}

/* ---- to a topic -------------------------------------------------------- */

int
conf_rank(const char *word)
{
	static const struct {
		const char *word;
		enum rank rank;
	} ranks[] = {
		{ "voice", RANK_VOICE }, { "halfop", RANK_HALFOP },
		{ "op", RANK_OP },       { "admin", RANK_ADMIN },
		{ "owner", RANK_OWNER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranks); i++)
		if (strcmp(ranks[i].word, word) == 0)
			return (int)ranks[i].rank;
	return -1;
}

void
check_who(const struct who_check *c, const char *who)
{
	const char *colon = strchr(who, ':');
	char name[64];

	if (strcmp(who, "*") == 0 || (c->in_room && conf_rank(who) >= 0))
		return;
	if (!colon || colon == who || !colon[1] ||
	    (size_t)(colon - who) >= sizeof(name)) {
		report_error(c->report, c->where,
			     "%s: \"who\": expected \"*\"%s or "
			     "\"NETWORK:ACCOUNT\", found \"%.100s\"",
			     c->what,
			     c->in_room ? ", voice, halfop, op, admin, owner"
					: "",
			     who);
		return;
	}
	(void)snprintf(name, sizeof(name), "%.*s", (int)(colon - who), who);
	if (!conf_find_network(c->conf, name))
		report_error(c->report, c->where,
			     "%s: \"who\": unknown network \"%.63s\"", c->what,
			     name);
}

/* Those of devices are looked at when all networks are known. */
static void
read_who(struct draft *d)
{
	static const char *const ops[] = { "op" };
	struct conf_order *o = &d->rule->order;
	const struct who_check check = {
		.report = d->r->report,
		.conf = d->r->conf,
		.where = read_where_of(d->r, d->block, "who"),
		.what = d->what,
		.in_room = true,
	};

	if (!o->n_who && d->device)
		report_error(d->r->report, read_where(d->r, d->block),
			     "%s lacks \"who\": a device has no room in which "
			     "somebody could have a rank; name accounts, or "
			     "\"*\"",
			     d->what);
	if (!o->n_who && !d->device) {
		o->who = ops;
		o->n_who = 1;
	}
	for (size_t i = 0; !d->device && i < o->n_who; i++)
		check_who(&check, o->who[i]);
}

static void
default_send(struct draft *d)
{
	struct conf_order *o = &d->rule->order;
	char last[8];

	(void)snprintf(last, sizeof(last), "{%u}", o->pattern.n_params);
	if (o->pattern.n_params)
		say(d, "send", last, SAY_ORDER, o->pattern.n_params, &o->send);
	else
		report_error(d->r->report, read_where(d->r, d->block),
			     "%s: a command without parameters needs \"send\"",
			     d->what);
}

static void
check_order(struct draft *d)
{
	const struct conf_order *o = &d->rule->order;
	struct error err;

	if (!pattern_fits_topic(&o->pattern, &o->topic) ||
	    !pattern_fits_topic(&o->pattern, &o->ack)) {
		(void)error_set(&err, EINVAL,
				"what {*} stands for cannot be part of a "
				"topic");
		report_option(d, "topic", &err);
	}
	if (d->b->ack_value && !d->b->ack) {
		(void)error_set(&err, EINVAL, "is of use only with \"ack\"");
		report_option(d, "ack_value", &err);
	}
	if (o->respond && d->b->ack) {
		(void)error_set(&err, EINVAL,
				"\"ack\" and \"respond\" exclude each other");
		report_option(d, "respond", &err);
	}
}

static const char *
ack_topic(struct draft *d)
{
	const char *ack = d->b->ack;

	/* The network may be left out. */
	return ack && !d->device && strchr(ack, ':') ? of_network(d, "ack", ack)
						     : ack;
}

static const char *
order_topic(struct draft *d)
{
	return d->device ? d->b->topic : of_network(d, "topic", d->b->topic);
}

static void
read_order(struct draft *d)
{
	struct part part = { &table_order, d->b };
	struct conf_order *o = &d->rule->order;
	struct error err;

	d->rule->is_order = true;
	read_defaults(d->r, part);
	read_block(d->r, d->block, &part, 1, d->what);
	if (!d->b->command || !d->b->topic)
		return; /* reported */
	if (pattern_parse(d->r->pool, d->b->command, &o->pattern, &err)) {
		report_option(d, "command", &err);
		return;
	}

	unsigned n = o->pattern.n_params;

	say(d, "topic", order_topic(d), SAY_ORDER_TOPIC, n, &o->topic);
	say(d, "ack", ack_topic(d), SAY_ORDER_TOPIC, n, &o->ack);
	if (d->b->send)
		say(d, "send", d->b->send, SAY_ORDER, n, &o->send);
	else
		default_send(d);
	if (!d->b->ack_value)
		o->value = o->send;
	else if (strcmp(d->b->ack_value, "*") != 0)
		say(d, "ack_value", d->b->ack_value, SAY_ORDER, n, &o->value);
	o->map = pairs(d, "words", d->b->map, d->b->n_map);
	o->n_map = d->b->n_map;
	o->properties =
		pairs(d, "properties", d->b->properties, d->b->n_properties);
	o->n_properties = d->b->n_properties;
	if (!o->expiry_s)
		o->expiry_s = o->timeout_s;
	read_who(d);
	check_order(d);
}

/* ---- all --------------------------------------------------------------- */

static const struct conf_rule *
read_rule(struct reader *r, const config_setting_t *s)
{
	struct rule_block *b = pool_alloc(r->pool, sizeof(*b));
	const char *name = config_setting_name(s);
	struct draft d = {
		r, s, read_quote(r, "rule", name), b, &b->rule, false
	};
	bool watches = config_setting_get_member(s, "filter") != NULL;
	bool orders = config_setting_get_member(s, "command") != NULL;

	b->rule.name = pool_strdup(r->pool, name);
	b->rule.where = read_where(r, s);
	if (watches == orders) {
		report_error(r->report, b->rule.where,
			     "%s: expected a \"filter\" (from a topic to the "
			     "room) or a \"command\" (from the room to a "
			     "topic)%s",
			     d.what, watches ? ", not both" : "");
		return NULL;
	}
	if (watches)
		read_watch(&d);
	else
		read_order(&d);
	return &b->rule;
}

/* A command's name is shown to programs, and one is ours. */
static bool
is_order_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	return strspn(name, letters) == strlen(name) &&
	       strcmp(name, "status") != 0;
}

static const struct conf_rule *
read_device_order(struct reader *r, const config_setting_t *s,
		  const char *network)
{
	struct rule_block *b = pool_alloc(r->pool, sizeof(*b));
	const char *name = config_setting_name(s);
	struct draft d = { r, s,        read_quote(r, "command", name),
			   b, &b->rule, true };

	b->rule.name = pool_strdup(r->pool, name);
	b->rule.where = read_where(r, s);
	b->rule.network = network;
	if (!is_order_name(name))
		report_error(r->report, b->rule.where,
			     "%s: expected a name of small letters, digits "
			     "and \"-\" that is not \"status\"",
			     d.what);
	read_order(&d);
	return &b->rule;
}

size_t
read_device_orders(struct reader *r, const config_setting_t *device,
		   const char *network, const struct conf_rule *const **orders)
{
	config_setting_t *block = read_group(r, device, "commands");
	int length = block ? config_setting_length(block) : 0;
	const struct conf_rule **list;
	size_t n = 0;

	if (length > DEVICE_ORDERS_MAX) {
		report_error(r->report, read_where(r, block),
			     "%d commands are too many; the limit is %d",
			     length, DEVICE_ORDERS_MAX);
		return 0;
	}
	list = pool_alloc(r->pool, ((size_t)length + 1) * sizeof(*list));
	for (int i = 0; i < length; i++) {
		const config_setting_t *s =
			config_setting_get_elem(block, (unsigned)i);

		if (read_group(r, block, config_setting_name(s)))
			list[n++] = read_device_order(r, s, network);
	}
	*orders = list;
	return n;
}

static struct conf_rules *
rules_of(struct conf_member *member)
{
	/* Ours, and not yet handed out. */
	union {
		const struct conf_rules *given;
		struct conf_rules *own;
	} u = { member->rules };

	return u.own;
}

/* The member that stands for the rules on that network. */
static struct conf_member *
member_of(struct reader *r, const struct conf_link *link, const char *network,
	  struct conf_member *members, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(members[i].network, network) == 0)
			return &members[i];
	if (*n == RULE_NETWORKS_MAX) {
		report_error(r->report, link->where,
			     "link \"%s\": rules on more than %d networks",
			     link->name, RULE_NETWORKS_MAX);
		return NULL;
	}

	struct conf_member *member = &members[(*n)++];
	struct conf_rules *rules = pool_alloc(r->pool, sizeof(*rules));
	size_t size = strlen(link->name) + sizeof("$rules/");
	char *channel = pool_alloc(r->pool, size);

	(void)snprintf(channel, size, "$rules/%s", link->name);
	rules->link = link->name;
	rules->rules =
		pool_alloc(r->pool, RULES_MAX * sizeof(struct conf_rule *));
	member->network = network;
	member->channel = channel;
	member->where = link->where;
	member->rules = rules;
	return member;
}

static void
add_rule(struct conf_member *member, const struct conf_rule *rule)
{
	struct conf_rules *rules = rules_of(member);
	/* Allocated by member_of(), for as many as there can be. */
	union {
		const struct conf_rule *const *given;
		const struct conf_rule **own;
	} u = { rules->rules };

	u.own[rules->n++] = rule;
	rules->n_orders += rule->is_order;
}

size_t
read_rules(struct reader *r, const config_setting_t *block,
	   const struct conf_link *link, const struct conf_member *defaults,
	   struct conf_member *members)
{
	int length = config_setting_length(block);
	size_t n = 0;

	if (length > RULES_MAX) {
		report_error(r->report, read_where(r, block),
			     "%d rules are too many; the limit is %d", length,
			     RULES_MAX);
		return 0;
	}
	for (size_t i = 0; i < RULE_NETWORKS_MAX; i++) {
		members[i] = *defaults;
		members[i].puppets = false;
		members[i].noise = false;
		members[i].direction = CONF_IN;
		members[i].kinds = 1u << EVENT_MESSAGE;
	}
	for (int i = 0; i < length; i++) {
		const config_setting_t *s =
			config_setting_get_elem(block, (unsigned)i);
		const struct conf_rule *rule =
			read_group(r, block, config_setting_name(s))
				? read_rule(r, s)
				: NULL;
		struct conf_member *member =
			rule && rule->network
				? member_of(r, link, rule->network, members, &n)
				: NULL;

		if (!member)
			continue;
		add_rule(member, rule);
		if (rule->is_order)
			member->direction = CONF_BOTH;
	}
	return n;
}
