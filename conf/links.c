/* SPDX-License-Identifier: MIT */
/*
 * links.c - the block "links": which channels belong together, with options
 * for a whole link or for one channel of it.
 */

#include "bridge/base.h"
#include "bridge/pool.h"

#include "conf/blocks.h"
#include "conf/check.h"
#include "conf/fingerprint.h"
#include "conf/read.h"
#include "conf/report.h"
#include "conf/schema.h"

#include <stdio.h>
#include <string.h>

#define LINKS_MAX 5000
#define MEMBERS_MAX 64
#define NAME_BYTES 63

/* "label:channel", cut at the first colon. */
static bool
read_reference(struct reader *r, const config_setting_t *s,
	       struct conf_member *member)
{
	const char *text = config_setting_type(s) == CONFIG_TYPE_STRING
				   ? config_setting_get_string(s)
				   : NULL;
	const char *colon = text ? strchr(text, ':') : NULL;

	if (!colon || colon == text || !colon[1]) {
		read_wrong(r, s, "channel",
			   "\"NETWORK:CHANNEL\" such as \"libera:#dev\"");
		return false;
	}

	char *copy = pool_strdup(r->pool, text);

	copy[colon - text] = '\0';
	member->network = copy;
	member->channel = copy + (colon - text) + 1;
	return true;
}

/* A string, or a block with options. False if it names no channel. */
static bool
read_member(struct reader *r, const config_setting_t *s, const char *link,
	    struct conf_member *member)
{
	const config_setting_t *reference = s;

	member->where = read_where(r, s);
	if (config_setting_is_group(s)) {
		struct part parts[] = { { &table_member, member },
					{ &table_shared, member } };
		reference = config_setting_get_member(s, "channel");
		read_block(r, s, parts, ARRAY_SIZE(parts),
			   read_quote(r, "a channel of link", link));
	}
	return reference && read_reference(r, reference, member);
}

/* True if all of them are as they should be; those of rules are there. */
static bool
read_channels(struct reader *r, const config_setting_t *channels,
	      const struct conf_member *defaults, struct conf_link *link,
	      struct conf_member *members, int least)
{
	bool list = config_setting_is_array(channels) ||
		    config_setting_is_list(channels);
	int n = list ? config_setting_length(channels) : 0;
	size_t errors = report_errors(r->report);
	char want[40];

	if (!list) {
		read_wrong(r, channels, "channels",
			   "a list such as [ \"libera:#dev\", "
			   "\"xmpp:dev@conference.example.org\" ]");
		return false;
	}
	if (n < least || n > MEMBERS_MAX) {
		(void)snprintf(want, sizeof(want), "between %d and %d channels",
			       least, MEMBERS_MAX);
		report_error(r->report, read_where(r, channels),
			     "link \"%s\": expected %s, found %d", link->name,
			     want, n);
		return false;
	}
	for (int i = 0; i < n; i++) {
		struct conf_member *member = &members[link->n_members];

		*member = *defaults;
		if (read_member(r,
				config_setting_get_elem(channels, (unsigned)i),
				link->name, member))
			link->n_members++;
	}
	return report_errors(r->report) == errors;
}

static void
read_link(struct reader *r, const config_setting_t *s, struct conf_link *link)
{
	const config_setting_t *channels =
		config_setting_get_member(s, "channels");
	const config_setting_t *rules = config_setting_get_member(s, "rules");
	struct conf_member defaults = { 0 };
	struct conf_member *members = pool_alloc(
		r->pool, (MEMBERS_MAX + RULE_NETWORKS_MAX) * sizeof(*members));
	struct part parts[] = { { &table_link, link },
				{ &table_shared, &defaults } };
	size_t secrets = r->conf->n_secrets;

	link->name = pool_strdup(r->pool, config_setting_name(s));
	link->where = read_where(r, s);
	if (strlen(link->name) > NAME_BYTES)
		report_error(r->report, link->where,
			     "link \"%.*s...\": expected a name of at most %d "
			     "bytes",
			     NAME_BYTES, link->name, NAME_BYTES);
	read_defaults(r, parts[1]);
	read_block(r, s, parts, ARRAY_SIZE(parts),
		   read_quote(r, "link", link->name));
	link->members = members;
	if (rules && read_group(r, s, "rules"))
		link->n_members =
			read_rules(r, rules, link, &defaults, members);
	if (channels &&
	    read_channels(r, channels, &defaults, link, members, rules ? 1 : 2))
		check_flow(r->report, link);
	link->fingerprint = fingerprint(
		r->pool,
		&(struct fingerprinted){
			.block = s,
			.secrets = r->conf->secrets ? r->conf->secrets + secrets
						    : NULL,
			.n_secrets = r->conf->n_secrets - secrets,
		});
}

void
read_links(struct reader *r, const config_setting_t *root)
{
	config_setting_t *group = read_group(r, root, "links");
	int n = group ? config_setting_length(group) : 0;

	if (n > LINKS_MAX) {
		report_error(r->report, read_where(r, group),
			     "%d links are too many; the limit is %d", n,
			     LINKS_MAX);
		return;
	}

	struct conf_link *links =
		pool_alloc(r->pool, ((size_t)n + 1) * sizeof(*links));

	r->conf->links = links;
	for (int i = 0; i < n; i++) {
		const config_setting_t *s =
			config_setting_get_elem(group, (unsigned)i);

		if (read_group(r, group, config_setting_name(s)))
			read_link(r, s, &links[r->conf->n_links++]);
	}
}
