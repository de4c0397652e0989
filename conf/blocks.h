/* SPDX-License-Identifier: MIT */
#ifndef CONF_BLOCKS_H
#define CONF_BLOCKS_H

/* The blocks that are more than a list of options. */

#include <libconfig.h>

#include "conf/file.h"
#include "conf/read.h"

struct conf_irc;
struct conf_link;
struct conf_rule;

/* Fill in reader->conf: networks in the order of the file. */
void read_networks(struct reader *r, const config_setting_t *root);

/*
 * For networks.c: the block of an MQTT network, what names it in messages;
 * common is the table of all networks.
 */
void read_mqtt(struct reader *r, const config_setting_t *block,
	       struct conf_network *net, const char *what,
	       const struct part *common);

/* Likewise of a Matrix network. */
void read_matrix(struct reader *r, const config_setting_t *block,
		 struct conf_network *net, const char *what,
		 const struct part *common);

/* Likewise the block "hosts" of an IRC network, which need not be there. */
void read_hosts(struct reader *r, const config_setting_t *block,
		struct conf_irc *irc, const char *name);

/* Report it if the file that the option names cannot be used. */
void read_check_file(struct reader *r, const config_setting_t *block,
		     const char *name, const char *path,
		     enum file_demand demand);

/* A certificate and its key: both or neither. */
void read_check_pair(struct reader *r, const config_setting_t *block,
		     const char *cert, const char *key, const char *what);

/* The block media, which need not be there; the database is known. */
void read_media(struct reader *r, const config_setting_t *root);

/* ... and links, their channels not yet compared with the networks. */
void read_links(struct reader *r, const config_setting_t *root);

/* For links.c: how many networks the rules of a link may be about. */
#define RULE_NETWORKS_MAX 8

/*
 * The rules of a link: a member for each network that they name, at members,
 * made like defaults. Returns how many.
 */
size_t read_rules(struct reader *r, const config_setting_t *block,
		  const struct conf_link *link,
		  const struct conf_member *defaults,
		  struct conf_member *members);

/*
 * For mqtt.c: the block "commands" of a device of the network with that label.
 * Who may is looked at when all networks are known. Returns how many.
 */
size_t read_device_orders(struct reader *r, const config_setting_t *device,
			  const char *network,
			  const struct conf_rule *const **orders);

/* Somebody who is to be allowed something. */
struct who_check {
	struct report *report;
	const struct conf *conf; /* with all networks */
	struct conf_where where;
	const char *what;
	bool in_room; /* ranks are of use */
};

/* Report it if it names nobody. */
void check_who(const struct who_check *c, const char *who);

/*
 * When both are there: which networks the gateways lead to, and what each IRC
 * network is used for.
 */
void read_uses(struct reader *r, const config_setting_t *root);

#endif
