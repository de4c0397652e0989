/* SPDX-License-Identifier: MIT */
/* operate.c - what people ask about, and do to, connections of accounts. */

#include "protocols/irc/puppet.h"

#include "bridge/base.h"
#include "conf/conf.h"

#include <string.h>
#include <time.h>

const struct command irc_commands[] = {
	{ "get-irc-connection-info", "About your connection to this network",
	  AT_PLACE(PLACE_NETWORK), false },
	{ "list", "Search for channels", AT_PLACE(PLACE_NETWORK), false },
	{ "kick", "Throw somebody out", AT_PLACE(PLACE_CHANNEL), false },
	{ "ban", "Throw somebody out for good", AT_PLACE(PLACE_CHANNEL),
	  false },
	{ "unban", "Take a ban back", AT_PLACE(PLACE_CHANNEL), false },
	{ "bans", "Who is banned", AT_PLACE(PLACE_CHANNEL), false },
	{ "invite", "Invite somebody", AT_PLACE(PLACE_CHANNEL), false },
	{ "rank", "Make somebody an operator, or give voice",
	  AT_PLACE(PLACE_CHANNEL), false },
	{ "modes", "Settings of the channel", AT_PLACE(PLACE_CHANNEL), false },
	{ .name = NULL },
};

static void
write_channels(struct str *out, const struct irc_puppet *p)
{
	const char *before = " Channels: ";

	for (const struct seat *seat = p->seats; seat; seat = seat->next) {
		if (!seat->channel || seat->state != SEAT_JOINED ||
		    !seat->occupant)
			continue;
		str_printf(out, "%s%s", before, seat->occupant->channel->name);
		before = ", ";
	}
}

static void
tell_connection(struct irc *irc, struct request *r)
{
	const struct address *who = request_who(r);
	const struct irc_puppet *p = irc_puppet_of(irc, who->network, who->id);
	const struct conf_server *server = wire_server(&irc->wire);
	AUTO_STR text = { 0 };
	char since[32] = "";
	int64_t now = loop_wall_ms(irc->loop);
	time_t up;
	struct tm tm;

	if (!p || p->session.state != SESSION_UP) {
		request_done(r, "You are not connected to this network.");
		return;
	}
	up = (time_t)(p->up_ms / 1000);
	if (gmtime_r(&up, &tm))
		(void)strftime(since, sizeof(since), "%F %T UTC", &tm);
	str_init(&text, 16384);
	str_printf(&text,
		   "Connected to IRC server %s on port %u%s as %s since %s "
		   "(%lld seconds ago).",
		   server->host, server->port,
		   irc->wire.tls ? " (using TLS)" : "", p->session.nick, since,
		   (long long)(now - p->up_ms) / 1000);
	write_channels(&text, p);
	request_done(r, text.data);
}

void
irc_command(struct network *net, struct request *r)
{
	if (request_place(r)->kind == PLACE_CHANNEL)
		irc_moderate(irc_from(net), r);
	else if (!strcmp(request_command(r)->name, "list"))
		irc_list(irc_from(net), r);
	else
		tell_connection(irc_from(net), r);
}

bool
irc_offers(struct network *net, const struct command *command UNUSED,
	   const struct command_place *place UNUSED)
{
	return irc_from(net)->conf->gateway;
}

void
irc_expel(struct network *net, const char *origin, const char *sender_id,
	  const char *words)
{
	struct irc_puppet *p = irc_puppet_of(irc_from(net), origin, sender_id);

	if (p && p->account)
		irc_puppet_expel(p, words);
}
