/* SPDX-License-Identifier: MIT */
/* address.c - the addresses of a gateway; see address.h. */

#include "conf/address.h"

#include "conf/conf.h"
#include "conf/escape.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool
has_server(const struct conf_network *net, const char *host)
{
	for (size_t i = 0; net->irc && i < net->irc->n_servers; i++)
		if (strcasecmp(net->irc->servers[i].host, host) == 0)
			return true;
	return false;
}

/* By label first: a label may look like another network's host. */
static const struct conf_network *
find_network(const struct conf_gateway *gateway, const char *name)
{
	for (size_t i = 0; i < gateway->n_networks; i++)
		if (strcmp(gateway->networks[i]->name, name) == 0)
			return gateway->networks[i];
	for (size_t i = 0; i < gateway->n_networks; i++)
		if (has_server(gateway->networks[i], name))
			return gateway->networks[i];
	return NULL;
}

static bool
set_label(struct address_place *out, const struct conf_network *net,
	  const char *label)
{
	out->network = NULL;
	*out->label = '\0';
	if (!net || strlen(label) > ADDRESS_LABEL_MAX)
		return false;
	out->network = net;
	(void)snprintf(out->label, sizeof(out->label), "%s", label);
	return true;
}

/* A host without a network of its own; its kind is then ADDRESS_DENIED, if the
 * gateway does not lead to it. */
static bool
set_host(const struct conf_gateway *gateway, const char *name,
	 struct address_place *out)
{
	char host[ADDRESS_LABEL_MAX + 1];
	size_t len = strlen(name);

	if (!gateway->hosts || len >= sizeof(host))
		return false;
	for (size_t i = 0; i <= len; i++)
		host[i] = name[i] >= 'A' && name[i] <= 'Z'
				  ? (char)(name[i] - 'A' + 'a')
				  : name[i];
	if (!conf_is_host(host))
		return false;
	if (!conf_permits_host(gateway->hosts->irc->hosts, host))
		out->kind = ADDRESS_DENIED;
	return set_label(out, gateway->hosts, host);
}

bool
address_set_network(const struct conf_gateway *gateway, const char *name,
		    struct address_place *out)
{
	const struct conf_network *net = find_network(gateway, name);

	return net ? set_label(out, net, net->name)
		   : set_host(gateway, name, out);
}

const char *
address_server(const struct address_place *place)
{
	const struct conf_irc *irc = place->network->irc;

	/* A host without a network is the server of its own. */
	return irc->n_servers ? irc->servers[0].host : place->label;
}

/* len bytes of a local part, as the name that they stand for. */
static void
read_name(struct address_place *out, const char *local, size_t len)
{
	(void)escape_read(local, len, out->name, sizeof(out->name));
	/* There, capitals are others than small letters. */
	for (char *c = out->name; *c && !out->network->matrix; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	out->kind = *out->name && strchr(out->network->matrix ? "#!" : "#&",
					 *out->name)
			    ? ADDRESS_CHANNEL
			    : ADDRESS_PERSON;
}

void
address_read(const struct conf_gateway *gateway, const char *local,
	     struct address_place *out)
{
	const char *percent = strrchr(local, '%');
	size_t len = strlen(local);

	*out = (struct address_place){ .kind = ADDRESS_FOREIGN };
	if (!gateway || len > ESCAPED_MAX)
		return;
	if (!len) {
		out->kind = ADDRESS_GATEWAY;
		return;
	}
	if (percent && address_set_network(gateway, percent + 1, out)) {
		if (out->kind == ADDRESS_DENIED)
			return;
		if (percent > local)
			read_name(out, local, (size_t)(percent - local));
		else /* without a name before it */
			(void)set_label(out, NULL, "");
	} else if (gateway->fixed) {
		(void)set_label(out, gateway->fixed, gateway->fixed->name);
		read_name(out, local, len);
	} else if (!percent && address_set_network(gateway, local, out) &&
		   out->kind != ADDRESS_DENIED) {
		out->kind = ADDRESS_NETWORK;
	}
}

static bool
fits(int n, size_t size)
{
	return n >= 0 && (size_t)n < size;
}

/* Where the network may be left out, and nothing looks like its name. */
static bool
is_short(const struct conf_gateway *gateway, const struct address_place *place,
	 const char *name)
{
	const char *percent = strrchr(name, '%');
	struct address_place other;

	return place->network && place->network == gateway->fixed &&
	       !(percent && address_set_network(gateway, percent + 1, &other));
}

bool
address_write(const struct conf_gateway *gateway,
	      const struct address_place *place, const char *domain, char *out,
	      size_t size)
{
	char name[ESCAPED_MAX + 1];

	if (!*place->name)
		return fits(snprintf(out, size, "%s%s%s", place->label,
				     place->network ? "@" : "", domain),
			    size);
	escape_write(place->name, name, sizeof(name));
	if (is_short(gateway, place, name))
		return fits(snprintf(out, size, "%s@%s", name, domain), size);
	return fits(snprintf(out, size, "%s%%%s@%s", name, place->label,
			     domain),
		    size);
}

bool
address_of_person(const struct conf_gateway *gateway, const char *id,
		  const char *network, const char *domain, char *out,
		  size_t size)
{
	const struct conf_network *fixed = gateway ? gateway->fixed : NULL;
	const struct conf_network *net =
		gateway ? find_network(gateway, network) : NULL;
	bool is_host = !net && gateway && gateway->hosts &&
		       conf_is_host(network) && !strcmp(id, network);
	char name[ESCAPED_MAX + 1];

	/* It speaks for the network. */
	if (is_host || (net && has_server(net, id)))
		return fits(snprintf(out, size, "%s@%s", network, domain),
			    size);

	if (!fixed || strcmp(fixed->name, network) != 0 || !*id)
		return escape_person(id, network, domain, out, size);
	escape_write(id, name, sizeof(name));
	return fits(snprintf(out, size, "%s@%s", name, domain), size);
}
