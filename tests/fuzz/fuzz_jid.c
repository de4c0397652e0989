/* SPDX-License-Identifier: MIT */
/*
 * fuzz_jid.c - addresses from strangers, and names of strangers as addresses.
 */

#include "bridge/text.h"
#include "protocols/xmpp/jid.h"
#include "protocols/xmpp/xml.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_MAX (3 * JID_PART_MAX + 3)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was accepted is put together and accepted again, equal. */
static void
check_address(const char *text)
{
	struct jid once;
	struct jid twice;
	char out[ADDRESS_MAX];

	if (!jid_parse(&once, text))
		return;
	assert(once.domain[0]);
	assert(jid_format(&once, out, sizeof(out)));
	assert(xml_is_clean(out, strlen(out)));
	if (once.domain[strlen(once.domain) - 1] == '.')
		return; /* one dot is dropped, not two */
	assert(jid_parse(&twice, out));
	assert(strcmp(once.local, twice.local) == 0);
	assert(strcmp(once.domain, twice.domain) == 0);
	assert(strcmp(once.resource, twice.resource) == 0);
	assert(jid_same_bare(out, out));
}

static void
check_person(const char *name)
{
	char address[ADDRESS_MAX];
	char id[JID_PART_MAX + 1];
	char network[64];
	struct jid jid;

	assert(escape_person(name, "net", "gw", address, sizeof(address)));
	assert(jid_parse(&jid, address));
	assert(escape_read_person(jid.local, id, sizeof(id), network,
				  sizeof(network)));
	assert(strcmp(network, "net") == 0);
	assert(strncmp(address, "=z", 2) == 0 || strcmp(id, name) == 0);
	(void)escape_read_person(name, id, sizeof(id), network,
				 sizeof(network));
	(void)escape_read(name, strlen(name), id, sizeof(id));
	(void)escape_read(name, strlen(name), network, sizeof(network));
}

static void
check_nick(const char *name)
{
	struct jid jid = { .domain = "room" };
	char nick[JID_PART_MAX + 1];
	char address[ADDRESS_MAX];

	for (unsigned attempt = 0; attempt < 3; attempt++) {
		jid_nick_from_name(name, name, attempt, nick, sizeof(nick));
		assert(nick[0] && strlen(nick) <= 64);
		memcpy(jid.resource, nick, sizeof(nick));
		assert(jid_format(&jid, address, sizeof(address)));
		assert(jid_parse(&jid, address));
		assert(jid_nicks_alike(nick, nick));
	}
	(void)jid_nicks_alike(name, nick);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	assert(text);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	check_address(text);
	check_person(text);
	check_nick(text);
	free(text);
	return 0;
}
