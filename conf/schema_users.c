/* SPDX-License-Identifier: MIT */
/* schema_users.c - what the operator of an IRC network lets the users of a
 * gateway do; see schema.c. */

#include "conf/schema.h"

#include "conf/valid.h"

/* clang-format off */

static const struct option users_options[] = {
	{ .name = "tls", .type = OPTION_WORD,
	  AT(struct irc_block, irc.users.tls),
	  .words = tls_words, .fallback = "verify",
	  .doc = "The least that they may choose: verified, encrypted with "
		 "any certificate, or not encrypted. Whatever it is, they may "
		 "name the fingerprint of the one certificate to trust." },
	{ .name = "ports", .type = OPTION_TEXTS,
	  COUNTED(struct irc_block, irc.users.ports, irc.users.n_ports),
	  .min = 1, .max = 11, .refuse = refuse_ports,
	  .fallback_note = "6660-6670, 6679, 6697, 7000 and 9999",
	  .example = "6697",
	  .doc = "The ports of the servers, besides those configured, that "
		 "they may choose; single ones and ranges." },
	{ .name = "names", .type = OPTION_BOOL,
	  AT(struct irc_block, irc.users.names), .fallback = "true",
	  .doc = "Whether user name and real name are theirs to choose; else "
		 "they are made by puppet_user and puppet_realname." },
	{ .name = "raw", .type = OPTION_BOOL,
	  AT(struct irc_block, irc.users.raw), .fallback = "false",
	  .doc = "Whether a message to the network's own address is sent to "
		 "the server as a command, and the ad-hoc command raw is "
		 "offered there." },
	{ .name = "channels", .type = OPTION_COUNT,
	  AT(struct irc_block, irc.users.channels), .max = 10000,
	  .fallback = "100",
	  .doc = "In how many channels one of them may be at a time; 0 is no "
		 "limit." },
	{ .name = "linger", .type = OPTION_SECONDS,
	  AT(struct irc_block, irc.users.linger_s), .max = 86400,
	  .fallback = "20s",
	  .doc = "How long a connection stays after its user has left the "
		 "last channel." },
	{ .name = "hear", .type = OPTION_SECONDS,
	  AT(struct irc_block, irc.users.hear_s), .max = 86400,
	  .fallback = "0",
	  .doc = "In a linked channel where one of them is with a connection "
		 "of their own, the listener, if it had nothing to say there "
		 "for so long, leaves: that connection hears for the link. It "
		 "comes back to speak for who has no connection, and before "
		 "the last of them leaves; where the last one is cut off, what "
		 "is said meanwhile is fetched, or a line says so. With 0 it "
		 "never leaves, and nothing depends on who of them is there." },
	{ .name = "webirc", .type = OPTION_SECRET,
	  AT(struct irc_block, irc.users.webirc),
	  .example = "file:/etc/causeway/webirc.secret",
	  .doc = "The password that the server has for us as a gateway "
		 "(WEBIRC); it then shows an address of each user's own." },
	{ .name = "ident", .type = OPTION_SERVER,
	  AT(struct irc_block, irc.users.ident),
	  .fallback_note = "nowhere", .example = "0.0.0.0:113",
	  .doc = "The address at which we tell IRC servers which user a "
		 "connection is of (RFC 1413, port 113); networks may share "
		 "it. The name is made by puppet_user; {id} in it is what no "
		 "user can choose." },
	{ .name = "prefix", .type = OPTION_TEXT,
	  AT(struct irc_block, irc.users.prefix), .min = 1, .max = 64,
	  .refuse = refuse_prefix, .example = "2001:db8:1::/64",
	  .fallback_note = "none; with webirc fd00:ca05::/32",
	  .doc = "IPv6 addresses of which each user has one: told by webirc "
		 "if it is set, else connected from, so that they must be "
		 "routed to this machine and be local there." },
};

const struct table table_users = {
	"THE BLOCK users OF AN IRC NETWORK",
	"What people may do here on whose account a gateway connects.",
	TABLE(users_options),
};

static const struct option hosts_options[] = {
	{ .name = "allow", .type = OPTION_TEXTS, .required = true,
	  COUNTED(struct conf_hosts, allow, n_allow),
	  .min = 1, .max = 253, .refuse = refuse_host_pattern,
	  .example = "*.example.org",
	  .doc = "The hosts that may be reached, where * is any part of a "
		 "name: \"*\" is every host, \"*.example.org\" what ends in "
		 "that. In an address the host has the place of the label: "
		 "#dev%irc.example.org@COMPONENT." },
	{ .name = "deny", .type = OPTION_TEXTS,
	  COUNTED(struct conf_hosts, deny, n_deny),
	  .min = 1, .max = 253, .refuse = refuse_host_pattern,
	  .fallback_note = "none", .example = "*.example.net",
	  .doc = "Those that may not, whatever allow says." },
	{ .name = "port", .type = OPTION_COUNT,
	  AT(struct conf_hosts, port), .min = 1, .max = 65535,
	  .fallback_note = "6697, or 6667 if tls is off", .example = "6697",
	  .doc = "Where to connect, unless a user chooses another port." },
	{ .name = "private", .type = OPTION_BOOL,
	  AT(struct conf_hosts, private), .fallback = "false",
	  .doc = "Whether they may be at addresses that are not public, such "
		 "as those of this machine or of a local network. It is looked "
		 "at when the name has been resolved." },
	{ .name = "networks", .type = OPTION_COUNT,
	  AT(struct conf_hosts, max), .min = 1, .max = 10000,
	  .fallback = "50",
	  .doc = "How many of them may be in use at a time, by all users." },
	{ .name = "linger", .type = OPTION_SECONDS,
	  AT(struct conf_hosts, linger_s), .max = 86400, .fallback = "10m",
	  .doc = "How long one is kept that nobody uses." },
};

const struct table table_hosts = {
	"THE BLOCK hosts OF AN IRC NETWORK",
	"One network may have it, to which a gateway of XMPP leads. All that "
	"its block says otherwise holds for each of these hosts.",
	TABLE(hosts_options),
};
