/* SPDX-License-Identifier: MIT */
/*
 * fuzz_conf.c - any text as a configuration: it is refused with a reason or
 * gives a configuration that keeps what conf.h promises.
 */

#include "bridge/base.h"
#include "bridge/str.h"
#include "conf/conf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_network(const struct conf *conf, const struct conf_network *net)
{
	assert(conf_find_network(conf, net->name) == net);
	assert(!net->xmpp != !net->irc);
	assert(net->where.file && net->where.line);
	if (net->xmpp) {
		assert(net->xmpp->component && net->xmpp->secret);
		assert(net->xmpp->host && net->xmpp->port - 1 < 65535);
		return;
	}
	assert(net->irc->n_servers > 0 && net->irc->nick && net->irc->user);
	for (size_t i = 0; i < net->irc->n_servers; i++)
		assert(net->irc->servers[i].host &&
		       net->irc->servers[i].port - 1 < 65535);
	assert(net->irc->burst > 0 && net->irc->interval_ms <= 60000);
}

static void
check_link(const struct conf *conf, const struct conf_link *link)
{
	assert(link->name && link->n_members >= 2);
	for (size_t i = 0; i < link->n_members; i++) {
		const struct conf_member *m = &link->members[i];

		assert(conf_find_network(conf, m->network));
		assert(m->channel && *m->channel &&
		       !strpbrk(m->channel, "\r\n"));
		assert(m->kinds && m->nick && m->direction & CONF_BOTH);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_STR errors;
	char *text = xcalloc(1, size + 1);

	if (size)
		memcpy(text, data, size);
	str_init(&errors, 1 << 20);

	struct conf *conf = conf_parse("fuzz.conf", text, &errors);

	/* Wrong, and why; or right, and at most warned about. */
	assert(conf || errors.len > 0);
	for (size_t i = 0; conf && i < conf->n_networks; i++)
		check_network(conf, &conf->networks[i]);
	for (size_t i = 0; conf && i < conf->n_links; i++)
		check_link(conf, &conf->links[i]);
	conf_free(conf);
	free(text);
	return 0;
}
