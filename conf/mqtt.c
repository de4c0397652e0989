/* SPDX-License-Identifier: MIT */
/* mqtt.c - the block of an MQTT network. */

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/pool.h"

#include "conf/blocks.h"
#include "conf/report.h"
#include "conf/say.h"
#include "conf/schema.h"
#include "conf/topic.h"
#include "conf/valid.h"

#include <stdio.h>
#include <string.h>

#define MQTT_PORT 1883
#define MQTTS_PORT 8883
#define DEVICES_MAX 5000

/* One network being read. */
struct draft {
	struct reader *r;
	const config_setting_t *block;
	const char *what;
	const char *label;
	struct conf_mqtt *mqtt;
};

static void
parse_broker(struct draft *d, const char *broker)
{
	struct conf_mqtt *mqtt = d->mqtt;
	const char *host;
	unsigned port;

	if (!broker || refuse_broker(broker))
		return; /* reported */
	mqtt->encrypted = broker[4] == 's';

	char *rest = pool_strdup(d->r->pool, strstr(broker, "://") + 3);

	(void)server_parse(rest, &host, &port);
	mqtt->host = host;
	mqtt->port = port ? port : mqtt->encrypted ? MQTTS_PORT : MQTT_PORT;
}

static void
default_client_id(struct draft *d)
{
	size_t size = strlen(d->label) + sizeof("causeway-");
	char *id = pool_alloc(d->r->pool, size);

	if (d->mqtt->client_id)
		return;
	(void)snprintf(id, size, "causeway-%s", d->label);
	d->mqtt->client_id = id;
}

static void
check_tls(struct draft *d)
{
	static const char *const names[] = { "tls", "ca_file", "certificate",
					     "key" };
	struct reader *r = d->r;
	const struct conf_mqtt *mqtt = d->mqtt;

	for (size_t i = 0; !mqtt->encrypted && i < ARRAY_SIZE(names); i++)
		if (config_setting_get_member(d->block, names[i]))
			report_error(r->report,
				     read_where_of(r, d->block, names[i]),
				     "\"%s\" is of use only with a broker at "
				     "mqtts://",
				     names[i]);
	if (!mqtt->encrypted && !is_loopback(mqtt->host))
		report_warning(r->report, read_where_of(r, d->block, "broker"),
			       "%s is not encrypted, and its broker is another "
			       "machine",
			       d->what);
	if (mqtt->encrypted && mqtt->tls == CONF_TLS_INSECURE)
		report_warning(r->report, read_where_of(r, d->block, "tls"),
			       "%s accepts any certificate: somebody between "
			       "us and the broker can read and write "
			       "everything",
			       d->what);
	read_check_file(r, d->block, "ca_file", mqtt->ca_file, FILE_ANY);
	read_check_pair(r, d->block, mqtt->cert_file, mqtt->key_file, d->what);
}

/* ---- devices ------------------------------------------------------------ */

static unsigned
count_plus(const char *filter)
{
	unsigned n = 0;

	for (; filter && *filter; filter++)
		n += *filter == '+';
	return n;
}

/* As it stands in an address: small letters, and nothing that cuts it. */
static void
check_name(struct draft *d, const config_setting_t *s, const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";

	if (strspn(name, letters) != strlen(name))
		report_error(d->r->report, read_where(d->r, s),
			     "device \"%.63s\": expected a name of small "
			     "letters, digits, \"-\" and \"_\"",
			     name);
}

static void
read_sign(struct draft *d, const config_setting_t *s,
	  const struct device_block *b, struct conf_device *device,
	  const char *what)
{
	struct reader *r = d->r;
	struct conf_sign *sign = pool_alloc(r->pool, sizeof(*sign));
	struct error err;

	if (b->field && path_parse(r->pool, b->field, &sign->field, &err))
		report_error(r->report, read_where_of(r, s, "field"),
			     "%s: \"field\": %s", what, err.text);
	if (!b->availability)
		return;
	sign->topic = b->availability;
	sign->online = b->online;
	sign->n_online = b->n_online;
	device->signs = sign;
	device->n_signs = 1;
}

static void
read_state(struct draft *d, const config_setting_t *s,
	   const struct device_block *b, struct conf_device *device,
	   const char *what)
{
	struct reader *r = d->r;
	struct conf_state *state = pool_alloc(r->pool, sizeof(*state));
	struct error err;

	if (say_parse(r->pool, b->say, SAY_WATCH, count_plus(b->filter),
		      &state->say, &err))
		report_error(r->report, read_where_of(r, s, "say"),
			     "%s: \"say\": %s", what, err.text);
	if (!b->filter)
		return;
	state->filter = b->filter;
	device->states = state;
	device->n_states = 1;
}

static void
read_device(struct draft *d, const config_setting_t *s,
	    struct conf_device *device)
{
	struct reader *r = d->r;
	const char *name = config_setting_name(s);
	const char *what = read_quote(r, "device", name);
	struct device_block b = { 0 };
	struct part part = { &table_device, &b };

	read_defaults(r, part);
	read_block(r, s, &part, 1, what);
	check_name(d, s, name);
	device->name = pool_strdup(r->pool, name);
	read_sign(d, s, &b, device, what);
	read_state(d, s, &b, device, what);
	device->n_orders = read_device_orders(r, s, d->label, &device->orders);
	if (!device->n_signs && !device->n_states)
		report_error(r->report, read_where(r, s),
			     "%s: expected \"availability\", \"state\" or both",
			     what);
}

static void
read_devices(struct draft *d)
{
	config_setting_t *group = read_group(d->r, d->block, "devices");
	int n = group ? config_setting_length(group) : 0;
	struct conf_device *devices;

	if (n > DEVICES_MAX) {
		report_error(d->r->report, read_where(d->r, group),
			     "%d devices are too many; the limit is %d", n,
			     DEVICES_MAX);
		return;
	}
	devices = pool_alloc(d->r->pool, ((size_t)n + 1) * sizeof(*devices));
	d->mqtt->devices = devices;
	for (int i = 0; i < n; i++) {
		const config_setting_t *s =
			config_setting_get_elem(group, (unsigned)i);

		if (read_group(d->r, group, config_setting_name(s)))
			read_device(d, s, &devices[d->mqtt->n_devices++]);
	}
}

/* ---- discovery ----------------------------------------------------------- */

/* Homie's own topics need not be named. */
static void
set_topics(struct draft *d, const config_setting_t *block,
	   const struct discovery_block *b, struct conf_discovery *c)
{
	const char **topics =
		pool_alloc(d->r->pool, (b->n_topics + 1) * sizeof(*topics));

	for (size_t i = 0; i < b->n_topics; i++) {
		const char *refused = refuse_filter(b->topics[i]);

		if (refused)
			report_error(
				d->r->report,
				read_where_of(d->r, block, "topics"),
				"\"topics\": expected %s, found \"%.100s\"",
				refused, b->topics[i]);
		topics[c->n_topics++] = b->topics[i];
	}
	if (c->homie) {
		size_t size = strlen(c->homie) + sizeof("/#");
		char *all = pool_alloc(d->r->pool, size);

		(void)snprintf(all, size, "%s/#", c->homie);
		topics[c->n_topics++] = all;
	}
	c->topics = topics;
}

static void
read_discovery(struct draft *d)
{
	struct reader *r = d->r;
	config_setting_t *block = read_group(r, d->block, "discovery");
	struct discovery_block *b = pool_alloc(r->pool, sizeof(*b));
	struct part part = { &table_discovery, b };
	struct conf_discovery *c = &b->discovery;

	if (!block)
		return;
	read_defaults(r, part);
	read_block(r, block, &part, 1, "discovery");
	if (!c->homie && !c->home_assistant && !c->sparkplug)
		report_error(
			r->report, read_where(r, block),
			"discovery: expected \"homie\", \"home_assistant\" or "
			"\"sparkplug\"");
	if (c->home_assistant && !b->n_topics)
		report_error(r->report, read_where(r, block),
			     "discovery: \"home_assistant\" needs \"topics\": "
			     "which topics its devices may have, such as "
			     "\"zigbee2mqtt/#\"");
	set_topics(d, block, b, c);
	c->where = read_where(r, block);
	d->mqtt->discovery = c;
}

void
read_mqtt(struct reader *r, const config_setting_t *block,
	  struct conf_network *net, const char *what, const struct part *common)
{
	struct mqtt_block *b = pool_alloc(r->pool, sizeof(*b));
	struct part parts[] = { *common, { &table_mqtt, b } };
	struct draft d = { r, block, what, net->name, &b->mqtt };

	read_defaults(r, parts[1]);
	read_block(r, block, parts, ARRAY_SIZE(parts), what);
	parse_broker(&d, b->broker);
	default_client_id(&d);
	if (b->mqtt.host)
		check_tls(&d);
	read_devices(&d);
	read_discovery(&d);
	if (b->mqtt.password && !b->mqtt.user)
		report_error(r->report, read_where_of(r, block, "password"),
			     "%s has a \"password\" and lacks the \"user\" "
			     "that belongs to it",
			     what);
	net->mqtt = &b->mqtt;
}
