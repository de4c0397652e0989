/* SPDX-License-Identifier: MIT */
/* operate.c - what people ask about, and do to, connections of accounts. */

#include "protocols/irc/puppet.h"

#include "bridge/base.h"
#include "bridge/secret.h"
#include "conf/conf.h"
#include "protocols/irc/certificate.h"

#include <string.h>
#include <time.h>

const struct command irc_commands[] = {
	{ "get-irc-connection-info", "About your connection to this network",
	  AT_PLACE(PLACE_NETWORK), false },
	{ "list", "Search for channels", AT_PLACE(PLACE_NETWORK), false },
	{ "client-certificate", "Your client certificate",
	  AT_PLACE(PLACE_NETWORK), false },
	{ "raw", "Send a command to the server", AT_PLACE(PLACE_NETWORK),
	  false },
	{ "kick", "Throw somebody out", AT_PLACE(PLACE_CHANNEL), false },
	{ "ban", "Throw somebody out for good", AT_PLACE(PLACE_CHANNEL),
	  false },
	{ "unban", "Take a ban back", AT_PLACE(PLACE_CHANNEL), false },
	{ "bans", "Who is banned", AT_PLACE(PLACE_CHANNEL), false },
	{ "invite", "Invite somebody", AT_PLACE(PLACE_CHANNEL), false },
	{ "rank", "Make somebody an operator, or give voice",
	  AT_PLACE(PLACE_CHANNEL), false },
	{ "modes", "Settings of the channel", AT_PLACE(PLACE_CHANNEL), false },
	{ "whois", "What is known of this person", AT_PLACE(PLACE_PERSON),
	  false },
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

static const char *
tls_note(const struct irc_route *route)
{
	if (!route->tls)
		return "";
	return route->verify || route->pin
		       ? " (using TLS)"
		       : " (using TLS, whoever the server is)";
}

static void
tell_connection(struct irc *irc, struct request *r)
{
	const struct address *who = request_who(r);
	const struct irc_puppet *p = irc_puppet_of(irc, who->network, who->id);
	const struct irc_route *route;
	AUTO_STR text = { 0 };
	char since[32] = "";
	int64_t now = loop_wall_ms(irc->loop);
	time_t up;
	struct tm tm;

	if (!p || p->session.state != SESSION_UP) {
		request_done(r, "You are not connected to this network.");
		return;
	}
	route = &p->session.route;
	up = (time_t)(p->up_ms / 1000);
	if (gmtime_r(&up, &tm))
		(void)strftime(since, sizeof(since), "%F %T UTC", &tm);
	str_init(&text, 16384);
	str_printf(&text,
		   "Connected to IRC server %s on port %u%s as %s since %s "
		   "(%lld seconds ago).",
		   route->host, route->port, tls_note(route), p->session.nick,
		   since, (long long)(now - p->up_ms) / 1000);
	write_channels(&text, p);
	request_done(r, text.data);
}

/* ---- the client certificate ---------------------------------------- */

static void
ask_certificate(struct request *r)
{
	static const struct choice choices[] = {
		{ "show", "Show its fingerprints" },
		{ "make", "Make a new one" },
		{ "remove", "Remove it" },
	};
	const struct field field = { .key = "action",
				     .kind = SETTING_CHOICE,
				     .label = "What to do",
				     .value = "show",
				     .required = true,
				     .choices = choices,
				     .n_choices = ARRAY_SIZE(choices) };

	request_field(r, &field);
	request_ask(r, "Your client certificate",
		    "With it the network can know you without a password "
		    "(CertFP, SASL EXTERNAL). Its key never leaves the "
		    "gateway.");
}

static void
show_certificate(struct request *r, const struct secret *pem)
{
	struct irc_certificate *c = pem ? irc_certificate_read(pem) : NULL;
	AUTO_STR text = { 0 };

	str_init(&text, 2048);
	if (c) {
		str_add(&text, "The fingerprints of your certificate:\n");
		irc_certificate_describe(c, &text);
		str_add(&text,
			"Tell one of them to the network's services (often: "
			"/msg NickServ CERT ADD, and the fingerprint). The "
			"certificate is shown from the next connection on; to "
			"be logged in by it, choose EXTERNAL as SASL "
			"mechanism.");
	}
	irc_certificate_free(c);
	request_done(r,
		     text.len ? text.data : "You have no client certificate.");
}

static void
set_certificate(struct network *net, struct request *r,
		const struct secret *pem)
{
	const char *why = bridge_keep_setting(
		net, request_who(r), IRC_CERTIFICATE, secret_reveal(pem));

	if (why)
		request_refuse(r, why);
	else if (pem)
		show_certificate(r, pem);
	else
		request_done(r, "Your client certificate was removed.");
}

static void
run_certificate(struct network *net, struct request *r)
{
	const char *action = request_value(r, "action");
	AUTO(secret) pem = NULL;

	if (!action) {
		ask_certificate(r);
	} else if (!strcmp(action, "show")) {
		pem = bridge_setting_of(net, request_who(r), IRC_CERTIFICATE);
		show_certificate(r, pem);
	} else if (!strcmp(action, "remove")) {
		set_certificate(net, r, NULL);
	} else if (strcmp(action, "make") != 0) {
		request_deny(r, DENIED_VALUE, "choose show, make or remove");
	} else if (!(pem = irc_certificate_make())) {
		request_refuse(r, "no certificate can be made now");
	} else {
		set_certificate(net, r, pem);
	}
}

/* ---- hooks --------------------------------------------------------- */

void
irc_command(struct network *net, struct request *r)
{
	if (request_place(r)->kind == PLACE_CHANNEL)
		irc_moderate(irc_from(net), r);
	else if (request_place(r)->kind == PLACE_PERSON)
		irc_card(irc_from(net), r);
	else if (!strcmp(request_command(r)->name, "list"))
		irc_list(irc_from(net), r);
	else if (!strcmp(request_command(r)->name, "client-certificate"))
		run_certificate(net, r);
	else if (!strcmp(request_command(r)->name, "raw"))
		irc_raw_command(irc_from(net), r);
	else
		tell_connection(irc_from(net), r);
}

bool
irc_offers(struct network *net, const struct command *command,
	   const struct command_place *place UNUSED)
{
	const struct conf_irc *conf = irc_from(net)->conf;

	if (!strcmp(command->name, "raw") && !conf->users.raw)
		return false;
	return conf->gateway;
}

void
irc_expel(struct network *net, const char *origin, const char *sender_id,
	  const char *words)
{
	struct irc_puppet *p = irc_puppet_of(irc_from(net), origin, sender_id);

	if (p && p->account)
		irc_puppet_expel(p, words);
}
