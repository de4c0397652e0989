/* SPDX-License-Identifier: MIT */
/* matrix.c - the block of a Matrix network, and its registration. */

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/pool.h"
#include "bridge/str.h"

#include "conf/blocks.h"
#include "conf/registration.h"
#include "conf/report.h"
#include "conf/schema.h"
#include "conf/valid.h"

#include <string.h>

#define MATRIX_PORT 9005

/* One network being read. */
struct draft {
	struct reader *r;
	const config_setting_t *block;
	const char *what;
};

static const char *
default_url(struct draft *d, const struct conf_server *listen)
{
	bool v6 = strchr(listen->host, ':') != NULL;
	AUTO_STR url = { 0 };

	str_init(&url, 1000);
	str_printf(&url, v6 ? "http://[%s]:%u" : "http://%s:%u", listen->host,
		   listen->port);
	return pool_strdup(d->r->pool, url.data);
}

static void
read_registration(struct draft *d, struct conf_matrix *mx)
{
	struct reader *r = d->r;
	struct registration reg;
	struct error err;

	if (!mx->registration || r->registering)
		return;
	if (registration_read(r->pool, mx->registration, &reg, &err) < 0) {
		report_error(r->report,
			     read_where_of(r, d->block, "registration"),
			     "\"registration\": the file \"%.200s\": %s",
			     mx->registration, err.text);
		return;
	}
	mx->id = reg.id;
	mx->as_token = reg.as_token;
	mx->hs_token = reg.hs_token;
	read_keep_secret(r, reg.as_token);
	read_keep_secret(r, reg.hs_token);
	if (mx->bot && strcmp(reg.bot, mx->bot) != 0)
		report_error(r->report, read_where_of(r, d->block, "bot"),
			     "%s has the bot \"%s\", and its registration "
			     "\"%.200s\" has sender_localpart \"%.64s\"",
			     d->what, mx->bot, mx->registration, reg.bot);
}

static void
read_gateway(struct draft *d, struct conf_network *net, struct conf_matrix *mx)
{
	struct reader *r = d->r;
	config_setting_t *s = read_group(r, d->block, "gateway");

	if (!s)
		return;

	struct gateway_block *b = pool_alloc(r->pool, sizeof(*b));
	struct part part = { &table_matrix_gateway, b };
	const char **own = pool_alloc(r->pool, sizeof(*own));

	read_defaults(r, part);
	read_block(r, s, &part, 1,
		   read_quote(r, "gateway of network", net->name));
	if (!config_setting_get_member(s, "users") && mx->server_name) {
		own[0] = mx->server_name;
		b->gateway.users = own;
		b->gateway.n_users = 1;
	}
	r->gateways[net - r->conf->networks] = b;
	mx->gateway = &b->gateway;
}

void
read_matrix(struct reader *r, const config_setting_t *block,
	    struct conf_network *net, const char *what,
	    const struct part *common)
{
	struct draft draft = { r, block, what };
	struct draft *d = &draft;
	struct matrix_block *b = pool_alloc(r->pool, sizeof(*b));
	struct part parts[] = { *common, { &table_matrix, b } };
	struct conf_matrix *mx = &b->matrix;

	read_defaults(r, parts[1]);
	read_block(r, block, parts, ARRAY_SIZE(parts), what);
	mx->listen = b->listen;
	if (!mx->listen.port)
		mx->listen.port = MATRIX_PORT;
	if (!mx->url)
		mx->url = default_url(d, &mx->listen);
	read_check_file(r, block, "ca_file", mx->ca_file, FILE_ANY);
	if (mx->homeserver && strncmp(mx->homeserver, "http://", 7) == 0 &&
	    !is_loopback_url(mx->homeserver))
		report_warning(r->report, read_where_of(r, block, "homeserver"),
			       "%s is not encrypted, and its homeserver is "
			       "another machine",
			       what);
	read_gateway(d, net, mx);
	read_registration(d, mx);
	net->receipts = b->receipts;
	net->matrix = mx;
}
