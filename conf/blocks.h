/* SPDX-License-Identifier: MIT */
#ifndef CONF_BLOCKS_H
#define CONF_BLOCKS_H

/* The blocks that are more than a list of options. */

#include <libconfig.h>

struct reader;

/* Fill in reader->conf: networks in the order of the file. */
void read_networks(struct reader *r, const config_setting_t *root);

/* ... and links, their channels not yet compared with the networks. */
void read_links(struct reader *r, const config_setting_t *root);

/*
 * When both are there: which networks the gateways lead to, and what each IRC
 * network is used for.
 */
void read_uses(struct reader *r, const config_setting_t *root);

#endif
