/* SPDX-License-Identifier: MIT */
/* fuzz_address.c - addresses of a gateway, written by strangers. */

#include "conf/address.h"
#include "conf/conf.h"
#include "protocols/xmpp/jid.h"
#include "protocols/xmpp/xml.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct conf_server servers[] = { { "irc.test", 6697 } };
static const struct conf_irc irc = { .servers = servers, .n_servers = 1 };
static const struct conf_network net = { .name = "net", .irc = &irc };
static const struct conf_network *const networks[] = { &net };

/* What has a place has one address, and that leads to the same place. */
static void
check(const struct conf_gateway *gateway, const char *local)
{
	struct address_place once;
	struct address_place twice;
	char out[3 * JID_PART_MAX + 3];
	struct jid jid;

	address_read(gateway, local, &once);
	if (once.kind == ADDRESS_FOREIGN)
		return;
	assert(address_write(gateway, &once, "gw", out, sizeof(out)));
	assert(xml_is_clean(out, strlen(out)));
	assert(jid_parse(&jid, out));
	address_read(gateway, jid.local, &twice);
	assert(once.kind == twice.kind || strstr(out, "=z"));
	assert(once.network == twice.network);
	assert(strcmp(once.name, twice.name) == 0 || strstr(out, "=z"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct conf_gateway open_gateway = {
		.networks = networks,
		.n_networks = 1,
	};
	static const struct conf_gateway fixed_gateway = {
		.networks = networks,
		.n_networks = 1,
		.fixed = &net,
	};
	char *text = malloc(size + 1);
	struct jid jid;

	assert(text);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (jid_parse(&jid, text)) {
		check(&open_gateway, jid.local);
		check(&fixed_gateway, jid.local);
	}
	free(text);
	return 0;
}
