/* SPDX-License-Identifier: MIT */
/*
 * hosts.c - networks of hosts that no block names: the block "hosts" of the one
 * network that stands for them, and the configuration of one of them.
 */

#include "bridge/base.h"
#include "bridge/pool.h"

#include "conf/blocks.h"
#include "conf/conf.h"
#include "conf/read.h"
#include "conf/schema.h"
#include "conf/valid.h"

#include <stdlib.h>
#include <string.h>

bool
conf_is_template(const struct conf_network *net)
{
	return net->irc && net->irc->hosts && !net->irc->n_servers;
}

const struct conf_network *
conf_template(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_networks; i++)
		if (conf_is_template(&conf->networks[i]))
			return &conf->networks[i];
	return NULL;
}

/* ---- one of them ------------------------------------------------------- */

const struct conf *
conf_for_host(const struct conf *conf, const char *host)
{
	const struct conf_network *from = conf_template(conf);
	struct conf *own = xcalloc(1, sizeof(*own));
	struct conf_server *server;
	struct conf_network *net;
	struct conf_irc *irc;

	own->uses = 1;
	own->pool = pool_new();
	own->base = conf_use(conf);
	net = pool_alloc(own->pool, sizeof(*net));
	irc = pool_alloc(own->pool, sizeof(*irc));
	server = pool_alloc(own->pool, sizeof(*server));
	*net = *from;
	*irc = *from->irc;
	net->name = pool_strdup(own->pool, host);
	net->irc = irc;
	server->host = net->name;
	server->port = irc->hosts->port;
	irc->servers = server;
	irc->n_servers = 1;
	irc->public_only = !irc->hosts->private;
	own->networks = net;
	own->n_networks = 1;
	return own;
}

/* ---- the block --------------------------------------------------------- */

const char *
refuse_host_pattern(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-.*";

	return !*text || text[strspn(text, letters)]
		       ? "a host, with * for any part of it, such as "
			 "\"*.example.org\""
		       : NULL;
}

void
read_hosts(struct reader *r, const config_setting_t *block,
	   struct conf_irc *irc, const char *name)
{
	config_setting_t *s = read_group(r, block, "hosts");
	const char *what = read_quote(r, "hosts of network", name);
	struct conf_hosts *hosts;
	struct part part;

	if (!s)
		return;
	hosts = pool_alloc(r->pool, sizeof(*hosts));
	part = (struct part){ &table_hosts, hosts };
	read_defaults(r, part);
	read_block(r, s, &part, 1, what);
	if (!hosts->port)
		hosts->port = irc->tls == CONF_TLS_OFF ? 6667 : 6697;
	irc->hosts = hosts;
}
