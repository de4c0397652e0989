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
		 "the server as a command." },
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
