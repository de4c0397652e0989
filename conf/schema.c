/* SPDX-License-Identifier: MIT */
/*
 * schema.c - the option tables. The sentence of an option begins with a
 * capital letter, ends with a full stop, and says what the option is for
 * rather than what its name says already.
 */

#include "conf/schema.h"

#include "bridge/base.h"
#include "bridge/event.h"

#include "conf/topic.h"
#include "conf/valid.h"

#include <string.h>

/* clang-format off */

static const struct option_word levels[] = {
	{ "bug", LOG_LEVEL_BUG }, { "error", LOG_LEVEL_ERROR },
	{ "warn", LOG_LEVEL_WARN }, { "peer", LOG_LEVEL_PEER },
	{ "info", LOG_LEVEL_INFO }, { "trace", LOG_LEVEL_TRACE }, { 0 },
};

static const struct option_word formats[] = {
	{ "text", LOG_FORMAT_TEXT }, { "logfmt", LOG_FORMAT_LOGFMT },
	{ "json", LOG_FORMAT_JSON }, { 0 },
};

const struct option_word tls_words[] = {
	{ "verify", CONF_TLS_VERIFY }, { "insecure", CONF_TLS_INSECURE },
	{ "off", CONF_TLS_OFF }, { 0 },
};

static const struct option_word mechanisms[] = {
	{ "plain", CONF_SASL_PLAIN }, { "external", CONF_SASL_EXTERNAL },
	{ "scram-sha-256", CONF_SASL_SCRAM_SHA_256 }, { 0 },
};

static const struct option_word directions[] = {
	{ "both", CONF_BOTH }, { "in", CONF_IN }, { "out", CONF_OUT }, { 0 },
};

static const struct option_word kinds[] = {
	{ "message", EVENT_MESSAGE }, { "edit", EVENT_EDIT },
	{ "redaction", EVENT_REDACTION }, { "reaction", EVENT_REACTION },
	{ "topic", EVENT_TOPIC }, { "join", EVENT_JOIN },
	{ "part", EVENT_PART }, { "rename", EVENT_RENAME },
	{ "presence", EVENT_PRESENCE }, { "typing", EVENT_TYPING },
	{ "receipt", EVENT_RECEIPT }, { "name", EVENT_NAME },
	{ "picture", EVENT_PICTURE }, { 0 },
};

static const struct option_word receipts[] = {
	{ "none", CONF_RECEIPTS_NONE }, { "direct", CONF_RECEIPTS_DIRECT },
	{ "all", CONF_RECEIPTS_ALL }, { 0 },
};

static const struct option_word protocols[] = {
	{ "xmpp", 0 }, { "irc", 1 }, { "matrix", 2 },
	{ "mqtt", 3 }, { 0 },
};

/* sun_path holds 108, with the NUL: unix(7) */
#define SOCKET_BYTES 107

/* ---- top level ---------------------------------------------------------- */

static const struct option top_options[] = {
	{ .name = "database", .type = OPTION_PATH, AT(struct conf, database),
	  .min = 1, .max = PATH_BYTES,
	  .fallback = "/var/lib/causeway/causeway.db",
	  .doc = "The SQLite database that keeps what was said until every "
		 "channel has it; it is made if it does not exist." },
	{ .name = "log", .type = OPTION_BLOCK,
	  .doc = "How the log is written." },
	{ .name = "queue", .type = OPTION_BLOCK,
	  .doc = "How much may wait for a channel that cannot be reached." },
	{ .name = "control", .type = OPTION_BLOCK,
	  .doc = "How causewayctl reaches the bridge; without it, not at "
		 "all." },
	{ .name = "admins", .type = OPTION_TEXTS,
	  COUNTED(struct conf, admins, n_admins),
	  .min = 3, .max = NAME_MAX_BYTES, .refuse = refuse_admin,
	  .example = "xmpp:ann@example.org",
	  .doc = "Who may run the commands of operators from inside the "
		 "networks: the label of a network, a colon, and the person "
		 "as that network writes them." },
	{ .name = "media", .type = OPTION_BLOCK,
	  .doc = "How files that belong to messages get from one network to "
		 "another; without it they are told in words and links." },
	{ .name = "networks", .type = OPTION_BLOCK, .required = true,
	  .doc = "One block per network; its name is the label by which "
		 "links, logs and people refer to it." },
	{ .name = "links", .type = OPTION_BLOCK,
	  .doc = "One block per conversation: the channels that belong "
		 "together." },
};

static const struct option log_options[] = {
	{ .name = "format", .type = OPTION_WORD, AT(struct conf, log_format),
	  .words = formats, .fallback = "logfmt",
	  .doc = "Plain text with the priority that journald reads, "
		 "key=value pairs, or one JSON object a line." },
	{ .name = "level", .type = OPTION_WORD, AT(struct conf, log_level),
	  .words = levels, .fallback = "info",
	  .doc = "The least important lines to write, from bug (fewest) to "
		 "trace (all)." },
	{ .name = "file", .type = OPTION_PATH, AT(struct conf, log_file),
	  .min = 1, .max = PATH_BYTES, .fallback_note = "standard error",
	  .example = "causeway.log",
	  .doc = "Write to this file; SIGHUP opens it anew after it was "
		 "moved away." },
	{ .name = "text", .type = OPTION_BOOL, AT(struct conf, log_text),
	  .fallback = "false",
	  .doc = "Allow lines of level trace to hold what people said; for "
		 "hunting a fault, with their consent." },
};

static const struct option queue_options[] = {
	{ .name = "rows", .type = OPTION_COUNT, AT(struct conf, queue_rows),
	  .min = 10, .max = 10000000, .fallback = "10000",
	  .doc = "Messages that may wait for one channel; beyond it new ones "
		 "are refused and their authors told." },
	{ .name = "mib", .type = OPTION_COUNT, AT(struct conf, queue_mib),
	  .min = 1, .max = 65536, .fallback = "64",
	  .doc = "Their size together, in MiB." },
	{ .name = "age", .type = OPTION_SECONDS, AT(struct conf, queue_age_s),
	  .min = 60, .max = 365 * DAY_S, .fallback = "24h",
	  .doc = "How long a message may wait before its author is told that "
		 "it was not delivered." },
	{ .name = "away", .type = OPTION_SECONDS, AT(struct conf, away_after_s),
	  .min = 0, .max = DAY_S, .fallback = "30s",
	  .doc = "How long something must have waited for a channel that is "
		 "away before those who write to it are told, once; and once "
		 "more when it is over. 0: they are not told." },
	{ .name = "fold_after", .type = OPTION_SECONDS,
	  AT(struct conf, fold_after_s),
	  .min = 0, .max = 365 * DAY_S, .fallback = "10m",
	  .doc = "When a channel is back and the oldest message has waited "
		 "for longer, only the last ones are said, and one line that "
		 "tells how many were skipped. 0: however long it was." },
	{ .name = "fold_rows", .type = OPTION_COUNT,
	  AT(struct conf, fold_rows),
	  .min = 0, .max = 10000000, .fallback = "50",
	  .doc = "The same if more messages than this wait. 0: however many. "
		 "With both 0 everything is said." },
	{ .name = "fold_keep", .type = OPTION_COUNT,
	  AT(struct conf, fold_keep),
	  .min = 1, .max = 1000, .fallback = "20",
	  .doc = "How many of the last messages are said then." },
	{ .name = "keep", .type = OPTION_SECONDS, AT(struct conf, keep_s),
	  .min = 0, .max = 3650 * DAY_S, .fallback = "90d",
	  .doc = "How long a message is kept after it has arrived everywhere: "
		 "for edits and replies that name it, for trace, and so that "
		 "it is known again. 0: for ever." },
};

static const struct option control_options[] = {
	{ .name = "socket", .type = OPTION_PATH, .required = true,
	  AT(struct conf, control_socket), .min = 1, .max = SOCKET_BYTES,
	  .example = "/run/causeway/control",
	  .doc = "A UNIX socket, made with mode 0660 in a folder to which "
		 "nobody else may write." },
	{ .name = "group", .type = OPTION_TEXT,
	  AT(struct conf, control_group), .min = 1, .max = 63,
	  .fallback_note = "that of the bridge's user", .example = "causeway",
	  .doc = "The group whose members may use the socket." },
};

/* ---- networks ----------------------------------------------------------- */

static const struct option network_options[] = {
	{ .name = "protocol", .type = OPTION_BLOCK, .required = true,
	  .words = protocols, .example = "irc",
	  .doc = "What the network speaks; it decides which other options "
		 "there are." },
	{ .name = "level", .type = OPTION_LEVEL,
	  COUNTED(struct conf_network, level, has_level),
	  .words = levels, .fallback_note = "the level of the log block",
	  .example = "trace",
	  .doc = "The log level of this network's lines." },
};

static const struct option xmpp_options[] = {
	{ .name = "component", .type = OPTION_TEXT, .required = true,
	  AT(struct xmpp_block, xmpp.component), .min = 1, .max = NAME_MAX_BYTES,
	  .refuse = refuse_domain, .example = "gw.example.org",
	  .doc = "The domain that the XMPP server gives us (XEP-0114); "
		 "puppets live in it." },
	{ .name = "server", .type = OPTION_SERVER,
	  AT(struct xmpp_block, server), .fallback = "127.0.0.1:5347",
	  .doc = "Where the server listens for components; the port may be "
		 "left out (5347)." },
	{ .name = "secret", .type = OPTION_SECRET, .required = true,
	  AT(struct xmpp_block, xmpp.secret),
	  .example = "file:/etc/causeway/xmpp.secret",
	  .doc = "The password that the server expects from the component." },
	{ .name = "nick", .type = OPTION_TEXT,
	  AT(struct xmpp_block, xmpp.nick), .min = 1, .max = 64,
	  .fallback = "causeway",
	  .doc = "The name under which the bridge itself sits in rooms." },
	{ .name = "direct_from", .type = OPTION_TEXTS,
	  COUNTED(struct xmpp_block, xmpp.direct_from, xmpp.n_direct_from),
	  .min = 1, .max = NAME_MAX_BYTES, .refuse = refuse_contact,
	  .example = "example.org",
	  .fallback_note = "the domain above the component's",
	  .doc = "Who may write to puppets outside rooms: domains, "
		 "addresses, or \"*\" for everybody." },
	{ .name = "ping", .type = OPTION_SECONDS,
	  AT(struct xmpp_block, xmpp.ping_s), .min = 5, .max = 3600,
	  .fallback = "15s",
	  .doc = "How often the server is asked for a sign of life; without "
		 "an answer for 25 s the stream counts as dead." },
	{ .name = "self_ping", .type = OPTION_SECONDS,
	  AT(struct xmpp_block, xmpp.self_ping_s), .min = 30, .max = DAY_S,
	  .fallback = "15m",
	  .doc = "Silence of a room after which we ask whether we are still "
		 "in it (XEP-0410)." },
	{ .name = "window", .type = OPTION_COUNT,
	  AT(struct xmpp_block, xmpp.window), .min = 1, .max = 1000,
	  .fallback = "64",
	  .doc = "Messages under way to one room and not yet confirmed." },
	{ .name = "puppets", .type = OPTION_COUNT,
	  AT(struct xmpp_block, xmpp.puppets), .max = 100000,
	  .fallback = "1000",
	  .doc = "People of other networks who get an occupant of their own, "
		 "in all rooms together; 0 is no limit. A room tells "
		 "every occupant of every other, so that twice as many "
		 "cost it four times as much." },
	{ .name = "puppet_idle", .type = OPTION_SECONDS,
	  AT(struct xmpp_block, xmpp.puppet_idle_s), .max = 30 * DAY_S,
	  .fallback = "10m",
	  .doc = "Silence after which an occupant may be taken away for "
		 "somebody who speaks, if all are in use." },
	{ .name = "receipts", .type = OPTION_WORD,
	  AT(struct xmpp_block, receipts), .words = receipts,
	  .fallback = "direct",
	  .doc = "Where other networks are told what people of this one have "
		 "read: nowhere (none), in private conversations (direct), or "
		 "also in rooms, as far as the kinds of the link name receipt "
		 "(all). What they keep to themselves (XEP-0490) is never told." },
	{ .name = "upload", .type = OPTION_TEXT,
	  AT(struct xmpp_block, xmpp.upload), .min = 1, .max = 255,
	  .refuse = refuse_domain, .example = "upload.example.org",
	  .doc = "Put files of Matrix at this upload service (XEP-0363), "
		 "which must let the component use it, instead of handing "
		 "them out ourselves. What is taken back stays there." },
	{ .name = "gateway", .type = OPTION_BLOCK,
	  .doc = "Let people use IRC networks on their own account, and "
		 "Matrix rooms, without a link." },
};

static const struct option gateway_options[] = {
	{ .name = "networks", .type = OPTION_TEXTS, .required = true,
	  COUNTED(struct gateway_block, names, n_names),
	  .min = 1, .max = 63, .example = "libera",
	  .doc = "The IRC, Matrix and MQTT networks that it leads to; the "
		 "channel #dev of libera is then the room "
		 "#dev%libera@COMPONENT, the person ann there "
		 "ann%libera@COMPONENT, and so are devices people. The room "
		 "#dev:example.org of the Matrix network mx is "
		 "#dev\\3aexample.org%mx@COMPONENT, or "
		 "#dev%example.org%mx@COMPONENT." },
	{ .name = "users", .type = OPTION_TEXTS,
	  COUNTED(struct gateway_block, gateway.users, gateway.n_users),
	  .min = 1, .max = NAME_MAX_BYTES, .refuse = refuse_contact,
	  .example = "example.org",
	  .fallback_note = "the domain above the component's",
	  .doc = "Who may use it: domains, addresses, or \"*\" for "
		 "everybody." },
	{ .name = "fixed", .type = OPTION_TEXT,
	  AT(struct gateway_block, fixed), .min = 1, .max = 63,
	  .example = "libera",
	  .doc = "The network that is meant where an address names none: "
		 "#dev@COMPONENT." },
	{ .name = "linger", .type = OPTION_SECONDS,
	  AT(struct gateway_block, gateway.linger_s), .max = DAY_S,
	  .fallback = "0s",
	  .doc = "How long somebody stays in the channel after their last "
		 "client has left its room: others see them as away, and who "
		 "comes back within that time is in at once." },
	{ .name = "connections", .type = OPTION_COUNT,
	  AT(struct gateway_block, gateway.connections), .max = 10000,
	  .fallback = "20",
	  .doc = "To how many networks one user may be connected at a time, "
		 "with one connection each; 0 is no limit." },
};

static const struct option irc_options[] = {
	{ .name = "server", .type = OPTION_SERVERS,
	  COUNTED(struct irc_block, irc.servers, irc.n_servers),
	  .example = "irc.example.org:6697",
	  .fallback_note = "must be given, unless hosts is",
	  .doc = "Where to connect, or several such in a list, tried in "
		 "turn; without a port 6697, or 6667 if tls is off." },
	{ .name = "tls", .type = OPTION_WORD, AT(struct irc_block, irc.tls),
	  .words = tls_words, .fallback = "verify",
	  .doc = "Encrypt and check the server's certificate and name; "
		 "encrypt and accept anybody; or do not encrypt." },
	{ .name = "ca_file", .type = OPTION_PATH,
	  AT(struct irc_block, irc.ca_file), .min = 1, .max = PATH_BYTES,
	  .fallback_note = "the system's", .example = "ca.pem",
	  .doc = "Certificates (PEM) of the authorities to trust." },
	{ .name = "bind", .type = OPTION_TEXT, AT(struct irc_block, irc.bind),
	  .min = 1, .max = NAME_MAX_BYTES, .refuse = refuse_ip,
	  .fallback_note = "chosen by the system", .example = "192.0.2.7",
	  .doc = "The local address to connect from." },
	{ .name = "nick", .type = OPTION_TEXT,
	  AT(struct irc_block, irc.nick), .min = 1, .max = 63,
	  .refuse = refuse_nick, .example = "causeway",
	  .fallback_note = "must be given if a link names the network",
	  .doc = "The nick of the listener, the connection that is always "
		 "there." },
	{ .name = "user", .type = OPTION_TEXT, AT(struct irc_block, irc.user),
	  .min = 1, .max = 63, .refuse = refuse_user,
	  .fallback_note = "the nick", .example = "causeway",
	  .doc = "The user name (ident) of the listener." },
	{ .name = "realname", .type = OPTION_TEXT,
	  AT(struct irc_block, irc.realname), .min = 1, .max = 200,
	  .fallback = "Causeway bridge",
	  .doc = "The real name of the listener; say here whom to ask about "
		 "the bridge." },
	{ .name = "password", .type = OPTION_SECRET,
	  AT(struct irc_block, irc.password), .example = "env:IRC_PASSWORD",
	  .doc = "The password of the server itself (PASS), which few "
		 "have." },
	{ .name = "sasl", .type = OPTION_BLOCK,
	  .doc = "Log in to an account of the network's services." },
	{ .name = "certificate", .type = OPTION_PATH,
	  AT(struct irc_block, irc.cert_file), .min = 1, .max = PATH_BYTES,
	  .example = "irc.pem",
	  .doc = "A client certificate (PEM), for SASL EXTERNAL or CertFP." },
	{ .name = "key", .type = OPTION_PATH,
	  AT(struct irc_block, irc.key_file), .min = 1, .max = PATH_BYTES,
	  .example = "irc.key",
	  .doc = "Its private key (PEM), readable by nobody else." },
	{ .name = "after_connect", .type = OPTION_TEXTS,
	  COUNTED(struct irc_block, irc.after_connect, irc.n_after_connect),
	  .min = 1, .max = 500, .fallback = "", .fallback_note = "nothing",
	  .example = "MODE causeway +B",
	  .doc = "Raw lines to send when the listener is connected." },
	{ .name = "users", .type = OPTION_BLOCK,
	  .doc = "What people may do here on whose account a gateway "
		 "connects." },
	{ .name = "hosts", .type = OPTION_BLOCK,
	  .doc = "In place of server: this network stands for all hosts that "
		 "people of a gateway may reach and that no network names." },
	{ .name = "charset", .type = OPTION_TEXT,
	  AT(struct irc_block, irc.charset), .min = 1, .max = 40,
	  .refuse = refuse_charset, .fallback = "windows-1252",
	  .doc = "How to read lines that are not UTF-8 (a name that "
		 "iconv knows)." },
	{ .name = "preset", .type = OPTION_PRESET,
	  AT(struct irc_block, preset),
	  .fallback_note = "one line in two seconds, five at once",
	  .doc = "The pace that this network bears; sets interval, burst "
		 "and puppet_connect." },
	{ .name = "interval", .type = OPTION_MILLISECONDS,
	  AT(struct irc_block, irc.interval_ms), .min = 0, .max = 60000,
	  .fallback_note = "from the preset", .example = "2s",
	  .doc = "One connection may send one line per interval; 0 is no "
		 "limit." },
	{ .name = "burst", .type = OPTION_COUNT,
	  AT(struct irc_block, irc.burst), .min = 1, .max = 1000,
	  .fallback_note = "from the preset", .example = "5",
	  .doc = "Lines that may be sent at once after a silence." },
	{ .name = "puppets", .type = OPTION_COUNT,
	  AT(struct irc_block, irc.puppets), .max = 100000, .fallback = "0",
	  .doc = "How many of the most active people get a connection of "
		 "their own; agree this with the network's staff." },
	{ .name = "puppet_idle", .type = OPTION_SECONDS,
	  AT(struct irc_block, irc.puppet_idle_s), .min = 60,
	  .max = 30 * DAY_S, .fallback = "3h",
	  .doc = "Silence after which a puppet gives its place to somebody "
		 "who talks." },
	{ .name = "puppet_connect", .type = OPTION_MILLISECONDS,
	  AT(struct irc_block, irc.puppet_connect_ms), .max = 600000,
	  .fallback_note = "from the preset", .example = "2s",
	  .doc = "Time between two connects from one address to one host, "
		 "by puppets and listeners of all networks together; spread "
		 "by half." },
	{ .name = "puppet_realname", .type = OPTION_TEXT,
	  AT(struct irc_block, irc.puppet_realname), .min = 1, .max = 200,
	  .refuse = refuse_person_template, .fallback = "{name} via {network}",
	  .doc = "The real name of puppets; {name} and {id} are the "
		 "person's, {network} is where they are." },
	{ .name = "puppet_user", .type = OPTION_TEXT,
	  AT(struct irc_block, irc.puppet_user), .min = 1, .max = 63,
	  .refuse = refuse_person_template, .fallback = "{name}",
	  .doc = "The user name (ident) of puppets, with the same "
		 "placeholders." },
	{ .name = "lines_max", .type = OPTION_COUNT,
	  AT(struct irc_block, irc.lines_max), .min = 1, .max = 100,
	  .fallback = "5",
	  .doc = "Lines that one message may fill before the rest is cut." },
	{ .name = "window", .type = OPTION_COUNT,
	  AT(struct irc_block, irc.window), .min = 1, .max = 100,
	  .fallback = "5",
	  .doc = "Messages under way to one channel and not yet confirmed; "
		 "as many may appear twice after a lost connection." },
	{ .name = "ping", .type = OPTION_SECONDS,
	  AT(struct irc_block, irc.ping_s), .min = 5, .max = 3600,
	  .fallback = "20s",
	  .doc = "How often the server is asked for a sign of life; on "
		 "connections of puppets a third as often." },
	{ .name = "timeout", .type = OPTION_SECONDS,
	  AT(struct irc_block, irc.timeout_s), .min = 5, .max = 3600,
	  .fallback = "20s",
	  .doc = "How long it may take to answer before the connection "
		 "counts as dead." },
	{ .name = "gap", .type = OPTION_SECONDS,
	  AT(struct irc_block, irc.gap_s), .max = DAY_S, .fallback = "10s",
	  .doc = "Absence after which the linked rooms are told that "
		 "something was not heard, where it cannot be fetched." },
	{ .name = "away_poll", .type = OPTION_SECONDS,
	  AT(struct irc_block, irc.away_poll_s), .max = DAY_S,
	  .fallback = "1m",
	  .doc = "Time between two questions who is away, where the server "
		 "does not tell by itself (away-notify); 0 is never." },
	{ .name = "silence", .type = OPTION_SECONDS,
	  AT(struct irc_block, irc.silence_s), .max = DAY_S,
	  .fallback = "15m",
	  .doc = "Silence of a channel after which the server is asked "
		 "whether we are still in it; 0 is never." },
};

static const struct option sasl_options[] = {
	{ .name = "mechanism", .type = OPTION_WORD, .required = true,
	  AT(struct irc_block, irc.sasl), .words = mechanisms,
	  .example = "plain",
	  .doc = "How to prove who we are; external uses the network's "
		 "certificate and key." },
	{ .name = "account", .type = OPTION_TEXT,
	  AT(struct irc_block, irc.account), .min = 1, .max = 128,
	  .fallback_note = "needed unless external", .example = "causeway",
	  .doc = "The account to log in to." },
	{ .name = "password", .type = OPTION_SECRET,
	  AT(struct irc_block, irc.sasl_password),
	  .fallback_note = "needed unless external",
	  .example = "env:LIBERA_PASSWORD",
	  .doc = "The password of the account." },
	{ .name = "required", .type = OPTION_BOOL,
	  AT(struct irc_block, irc.sasl_required), .fallback = "true",
	  .doc = "Do not stay on the network when the login fails." },
};

/* ---- Matrix ------------------------------------------------------------- */

static const struct option matrix_options[] = {
	{ .name = "homeserver", .type = OPTION_TEXT, .required = true,
	  AT(struct matrix_block, matrix.homeserver), .min = 1, .max = 1000,
	  .refuse = refuse_url, .example = "http://127.0.0.1:8008",
	  .doc = "Where the homeserver's client-server API is." },
	{ .name = "server_name", .type = OPTION_TEXT, .required = true,
	  AT(struct matrix_block, matrix.server_name), .min = 1, .max = 230,
	  .refuse = refuse_server_name, .example = "example.org",
	  .doc = "The homeserver's name as it stands in the ids of its users, "
		 "behind the colon." },
	{ .name = "registration", .type = OPTION_PATH, .required = true,
	  AT(struct matrix_block, matrix.registration),
	  .min = 1, .max = PATH_BYTES,
	  .example = "/etc/causeway/registration.yaml",
	  .doc = "The file by which the homeserver and the bridge know each "
		 "other; causewayd --registration writes it, and the "
		 "homeserver must be told of it." },
	{ .name = "listen", .type = OPTION_SERVER,
	  AT(struct matrix_block, listen), .fallback = "127.0.0.1:9005",
	  .doc = "Where we listen for the homeserver; the port may be left "
		 "out (9005)." },
	{ .name = "url", .type = OPTION_TEXT,
	  AT(struct matrix_block, matrix.url), .min = 1, .max = 1000,
	  .refuse = refuse_url, .example = "http://127.0.0.1:9005",
	  .fallback_note = "http:// and what listen says",
	  .doc = "How the homeserver reaches us, if it is not by the address "
		 "on which we listen; written into the registration." },
	{ .name = "ca_file", .type = OPTION_PATH,
	  AT(struct matrix_block, matrix.ca_file), .min = 1,
	  .max = PATH_BYTES, .fallback_note = "the system's",
	  .example = "ca.pem",
	  .doc = "Certificate authorities that may vouch for the homeserver." },
	{ .name = "bot", .type = OPTION_TEXT,
	  AT(struct matrix_block, matrix.bot), .min = 1, .max = 64,
	  .refuse = refuse_localpart, .fallback = "causeway",
	  .doc = "The name of the bridge's own user, which must be invited "
		 "into rooms that are not public." },
	{ .name = "prefix", .type = OPTION_TEXT,
	  AT(struct matrix_block, matrix.prefix), .min = 1, .max = 32,
	  .refuse = refuse_localpart, .fallback = "_causeway_",
	  .doc = "How the names of all puppets begin; the registration "
		 "reserves them for us." },
	{ .name = "puppets", .type = OPTION_COUNT,
	  AT(struct matrix_block, matrix.puppets), .max = 1000000,
	  .fallback = "10000",
	  .doc = "People of other networks who get a user of their own in a "
		 "room, in all rooms together; 0 is no limit." },
	{ .name = "puppet_idle", .type = OPTION_SECONDS,
	  AT(struct matrix_block, matrix.puppet_idle_s), .max = 30 * DAY_S,
	  .fallback = "10m",
	  .doc = "Silence after which a puppet may be taken out of a room for "
		 "somebody who speaks, if all are in use." },
	{ .name = "avatar_pause", .type = OPTION_SECONDS,
	  AT(struct matrix_block, matrix.avatar_pause_s), .max = DAY_S,
	  .fallback = "1h",
	  .doc = "How often a puppet's picture may change: each time the "
		 "homeserver tells everybody in all its rooms. A picture that "
		 "is taken away goes at once." },
	{ .name = "receipts", .type = OPTION_WORD,
	  AT(struct matrix_block, receipts), .words = receipts,
	  .fallback = "direct",
	  .doc = "Where other networks are told what people of this one have "
		 "read: nowhere (none), in private conversations (direct), or "
		 "also in rooms, as far as the kinds of the link name receipt "
		 "(all). A private receipt (m.read.private) is never told." },
	{ .name = "presence", .type = OPTION_COUNT,
	  AT(struct matrix_block, matrix.presence), .max = 200,
	  .fallback = "50",
	  .doc = "How many puppets' presence is told to the homeserver, if it "
		 "keeps any: those who did something last. It must be told "
		 "again every 20 s; of the others it says that they are "
		 "offline. 0: of none." },
	{ .name = "invite_wait", .type = OPTION_SECONDS,
	  AT(struct matrix_block, matrix.invite_wait_s), .max = 30 * DAY_S,
	  .fallback = "1h",
	  .doc = "How long somebody who was invited into the room of a "
		 "channel that is not for everybody may take to come. Then "
		 "the invitation is taken back, and their connection leaves "
		 "the channel. 0: for ever." },
	{ .name = "gateway", .type = OPTION_BLOCK,
	  .doc = "Let people use IRC networks on their own account, and "
		 "rooms of XMPP, without a link." },
};

static const struct option matrix_gateway_options[] = {
	{ .name = "networks", .type = OPTION_TEXTS, .required = true,
	  COUNTED(struct gateway_block, names, n_names),
	  .min = 1, .max = 63, .example = "libera",
	  .doc = "The IRC and XMPP networks that it leads to; the channel "
		 "#dev of libera is then the room #PREFIXlibera_#dev, and "
		 "also #irc_libera_#dev, of our homeserver, and people are "
		 "users who can be written to. The room dev@muc.example.org "
		 "is #xmpp_dev_muc.example.org, on the first XMPP network of "
		 "the list, or #PREFIXxmpp_dev@muc.example.org on the one "
		 "with the label xmpp. Written into the registration." },
	{ .name = "users", .type = OPTION_TEXTS,
	  COUNTED(struct gateway_block, gateway.users, gateway.n_users),
	  .min = 1, .max = NAME_MAX_BYTES, .refuse = refuse_matrix_people,
	  .example = "example.org", .fallback_note = "server_name",
	  .doc = "Who may use it: servers, user ids, or \"*\" for "
		 "everybody." },
};

/* ---- links -------------------------------------------------------------- */

static const struct option link_options[] = {
	{ .name = "channels", .type = OPTION_BLOCK, .required = true,
	  .doc = "Two channels or more, each \"NETWORK:CHANNEL\" or a block "
		 "with options of its own; with blocks the list stands in "
		 "( ) instead of [ ]. With rules, one will do." },
	{ .name = "rules", .type = OPTION_BLOCK,
	  .doc = "One block per rule: which topics of an MQTT network are "
		 "shown in the channels, and which lines there are "
		 "commands." },
};

static const struct option shared_options[] = {
	{ .name = "direction", .type = OPTION_WORD,
	  AT(struct conf_member, direction), .words = directions,
	  .fallback = "both",
	  .doc = "Take from the channel into the link (in), give to it "
		 "(out), or both." },
	{ .name = "kinds", .type = OPTION_KINDS,
	  AT(struct conf_member, kinds), .words = kinds,
	  .fallback = "message edit redaction reaction topic join part "
		      "rename presence receipt name picture",
	  .example = "message",
	  .doc = "What is given to the channel; see receipts, too." },
	{ .name = "nick", .type = OPTION_TEXT, AT(struct conf_member, nick),
	  .min = 1, .max = 64, .refuse = refuse_nick_template,
	  .fallback = "{nick}",
	  .doc = "What puppets are called here; {nick} is the person's name, "
		 "{network} where they are, {id} a short mark of who it is." },
	{ .name = "puppets", .type = OPTION_BOOL,
	  AT(struct conf_member, puppets), .fallback = "true",
	  .doc = "Show people as themselves where the network allows it; "
		 "false: as lines that begin with their name." },
	{ .name = "noise", .type = OPTION_BOOL,
	  AT(struct conf_member, noise), .fallback = "false",
	  .doc = "Say in the channel when those without a puppet come and "
		 "go." },
};

static const struct option member_options[] = {
	{ .name = "channel", .type = OPTION_BLOCK, .required = true,
	  .example = "libera:#dev",
	  .doc = "The channel, \"NETWORK:CHANNEL\"." },
	{ .name = "key", .type = OPTION_SECRET, AT(struct conf_member, key),
	  .example = "file:dev.key",
	  .doc = "The key of the IRC channel or the password of the room. A "
		 "channel that gets another key is entered with that one "
		 "until the bridge ends." },
};

const struct table table_top = {
	"TOP LEVEL", "Outside all blocks.", TABLE(top_options),
};
const struct table table_log = {
	"THE BLOCK log", "Where the log goes and what it holds.",
	TABLE(log_options),
};
const struct table table_queue = {
	"THE BLOCK queue", "Bounds of what waits, for each channel.",
	TABLE(queue_options),
};
const struct table table_control = {
	"THE BLOCK control", "Only if causewayctl is to be used.",
	TABLE(control_options),
};
const struct table table_network = {
	"NETWORKS OF EVERY KIND", "In each block inside networks.",
	TABLE(network_options),
};
const struct table table_xmpp = {
	"NETWORKS WITH protocol = \"xmpp\"",
	"The bridge is a component of an XMPP server.", TABLE(xmpp_options),
};
const struct table table_gateway = {
	"THE BLOCK gateway OF AN XMPP NETWORK",
	"Only if people are to use IRC networks on their own account.",
	TABLE(gateway_options),
};
const struct table table_irc = {
	"NETWORKS WITH protocol = \"irc\"",
	"The bridge is a client, or as many as there are puppets.",
	TABLE(irc_options),
};
const struct table table_matrix = {
	"NETWORKS WITH protocol = \"matrix\"",
	"The bridge is an application service of a homeserver.",
	TABLE(matrix_options),
};
const struct table table_matrix_gateway = {
	"THE BLOCK gateway OF A MATRIX NETWORK",
	"People of the homeserver connect with a nick of their own.",
	TABLE(matrix_gateway_options),
};
const struct table table_sasl = {
	"THE BLOCK sasl OF AN IRC NETWORK", "Only if there is an account.",
	TABLE(sasl_options),
};
const struct table table_link = {
	"LINKS", "In each block inside links.", TABLE(link_options),
};
const struct table table_shared = {
	"LINKS AND THEIR CHANNELS",
	"In a link these hold for all its channels, in the block of a channel "
	"for that one.",
	TABLE(shared_options),
};
const struct table table_member = {
	"CHANNELS OF A LINK", "In the block of a channel only.",
	TABLE(member_options),
};

const struct table *const tables[] = {
	&table_top, &table_log, &table_queue, &table_control, &table_media,
	&table_network,
	&table_xmpp, &table_gateway, &table_irc, &table_sasl, &table_users, &table_hosts,
	&table_matrix, &table_matrix_gateway, &table_mqtt,
	&table_device, &table_discovery,
	&table_link, &table_shared, &table_member, &table_watch, &table_order,
	NULL,
};

/* clang-format on */

const struct option *
table_find(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->n; i++)
		if (strcmp(table->options[i].name, name) == 0)
			return &table->options[i];
	return NULL;
}

const char *
option_type_name(enum option_type type)
{
	static const char *const names[] = {
		[OPTION_TEXT] = "text",
		[OPTION_PATH] = "path",
		[OPTION_COUNT] = "number",
		[OPTION_BOOL] = "true or false",
		[OPTION_SECONDS] = "time",
		[OPTION_MILLISECONDS] = "time",
		[OPTION_WORD] = "word",
		[OPTION_LEVEL] = "word",
		[OPTION_KINDS] = "list of words",
		[OPTION_DECIMAL] = "number",
		[OPTION_TEXTS] = "list of texts",
		[OPTION_SOME] = "text, or a list of them",
		[OPTION_SECRET] = "secret",
		[OPTION_PRESET] = "word",
		[OPTION_SERVER] = "host and port",
		[OPTION_SERVERS] = "host and port, or a list of them",
		[OPTION_BLOCK] = "block",
	};

	return names[type];
}
