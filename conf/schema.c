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
	{ "receipt", EVENT_RECEIPT }, { 0 },
};

static const struct option_word protocols[] = {
	{ "xmpp", 0 }, { "irc", 1 }, { "matrix", 2 },
	{ "mqtt", 3 }, { 0 },
};

static const struct option_word certificate_words[] = {
	{ "verify", CONF_TLS_VERIFY }, { "insecure", CONF_TLS_INSECURE }, { 0 },
};

static const struct option_word versions[] = {
	{ "auto", CONF_MQTT_AUTO }, { "5", CONF_MQTT_5 },
	{ "3.1.1", CONF_MQTT_3 }, { 0 },
};

static const struct option_word payloads[] = {
	{ "auto", CONF_PAYLOAD_AUTO }, { "text", CONF_PAYLOAD_TEXT },
	{ "number", CONF_PAYLOAD_NUMBER }, { "json", CONF_PAYLOAD_JSON }, { 0 },
};

static const struct option_word retained_words[] = {
	{ "remember", CONF_RETAINED_REMEMBER }, { "show", CONF_RETAINED_SHOW },
	{ "ignore", CONF_RETAINED_IGNORE }, { 0 },
};

#define DAY_S (24 * 60 * 60)
#define NAME_MAX_BYTES 255
#define PATH_BYTES 4095
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
	{ .name = "gateway", .type = OPTION_BLOCK,
	  .doc = "Let people use IRC networks on their own account, without "
		 "a link." },
};

static const struct option gateway_options[] = {
	{ .name = "networks", .type = OPTION_TEXTS, .required = true,
	  COUNTED(struct gateway_block, names, n_names),
	  .min = 1, .max = 63, .example = "libera",
	  .doc = "The IRC and MQTT networks that it leads to; the channel "
		 "#dev of libera is then the room #dev%libera@COMPONENT, the "
		 "person ann there ann%libera@COMPONENT, and so are devices "
		 "people." },
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
};

static const struct option irc_options[] = {
	{ .name = "server", .type = OPTION_SERVERS, .required = true,
	  COUNTED(struct irc_block, irc.servers, irc.n_servers),
	  .example = "irc.example.org:6697",
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

/* ---- MQTT --------------------------------------------------------------- */

static const struct option mqtt_options[] = {
	{ .name = "broker", .type = OPTION_TEXT, .required = true,
	  AT(struct mqtt_block, broker), .min = 1, .max = 300,
	  .refuse = refuse_broker, .example = "mqtts://broker.example.org",
	  .doc = "Where to connect: mqtts:// is encrypted, on port 8883 "
		 "unless one is given, mqtt:// is not, on port 1883." },
	{ .name = "tls", .type = OPTION_WORD, AT(struct mqtt_block, mqtt.tls),
	  .words = certificate_words, .fallback = "verify",
	  .doc = "With mqtts://: check the broker's certificate and name, or "
		 "accept anybody." },
	{ .name = "ca_file", .type = OPTION_PATH,
	  AT(struct mqtt_block, mqtt.ca_file), .min = 1, .max = PATH_BYTES,
	  .fallback_note = "the system's", .example = "ca.pem",
	  .doc = "Certificates (PEM) of the authorities to trust." },
	{ .name = "certificate", .type = OPTION_PATH,
	  AT(struct mqtt_block, mqtt.cert_file), .min = 1, .max = PATH_BYTES,
	  .example = "mqtt.pem",
	  .doc = "A client certificate (PEM) that proves who we are." },
	{ .name = "key", .type = OPTION_PATH,
	  AT(struct mqtt_block, mqtt.key_file), .min = 1, .max = PATH_BYTES,
	  .example = "mqtt.key",
	  .doc = "Its private key (PEM), readable by nobody else." },
	{ .name = "user", .type = OPTION_TEXT, AT(struct mqtt_block, mqtt.user),
	  .min = 1, .max = NAME_MAX_BYTES, .example = "causeway",
	  .doc = "The user name to log in with." },
	{ .name = "password", .type = OPTION_SECRET,
	  AT(struct mqtt_block, mqtt.password), .example = "env:MQTT_PASSWORD",
	  .doc = "The password of that user." },
	{ .name = "version", .type = OPTION_WORD,
	  AT(struct mqtt_block, mqtt.version), .words = versions,
	  .fallback = "auto",
	  .doc = "Which MQTT to speak; auto is 5, or 3.1.1 if the broker does "
		 "not know 5." },
	{ .name = "client_id", .type = OPTION_TEXT,
	  AT(struct mqtt_block, mqtt.client_id), .min = 1, .max = 100,
	  .refuse = refuse_client_id, .example = "causeway-home",
	  .fallback_note = "causeway- and the label of the network",
	  .doc = "Under which name the broker knows us; two bridges on one "
		 "broker need two, or each throws the other out." },
	{ .name = "base", .type = OPTION_TEXT, AT(struct mqtt_block, mqtt.base),
	  .min = 1, .max = 200, .refuse = refuse_topic, .fallback = "causeway",
	  .doc = "How the topics begin that are the bridge's own: "
		 "BASE/CLIENT_ID/status says online or offline." },
	{ .name = "session", .type = OPTION_SECONDS,
	  AT(struct mqtt_block, mqtt.session_s), .min = 0, .max = 30 * DAY_S,
	  .fallback = "24h",
	  .doc = "How long the broker keeps for us, while we are away, what "
		 "is published with QoS 1 or 2." },
	{ .name = "keep_alive", .type = OPTION_SECONDS,
	  AT(struct mqtt_block, mqtt.keep_alive_s), .min = 5, .max = 3600,
	  .fallback = "30s",
	  .doc = "Silence after which the broker is asked for a sign of "
		 "life." },
	{ .name = "window", .type = OPTION_COUNT,
	  AT(struct mqtt_block, mqtt.window), .min = 1, .max = 1000,
	  .fallback = "20",
	  .doc = "Messages under way to one channel and not yet confirmed." },
	{ .name = "receive_max", .type = OPTION_COUNT,
	  AT(struct mqtt_block, mqtt.receive_max), .min = 1, .max = 65535,
	  .fallback = "100",
	  .doc = "Messages that the broker may send before the first of them "
		 "is on disk; after a crash as many may be heard twice." },
	{ .name = "packet_max", .type = OPTION_COUNT,
	  AT(struct mqtt_block, mqtt.packet_max_kib), .min = 1, .max = 65536,
	  .fallback = "256",
	  .doc = "The largest message that the broker may send us, in KiB "
		 "(MQTT 5; 3.1.1 knows no such limit)." },
	{ .name = "topics", .type = OPTION_COUNT,
	  AT(struct mqtt_block, mqtt.topics_max), .min = 10, .max = 1000000,
	  .fallback = "20000",
	  .doc = "Topics whose last value is remembered; beyond it the one "
		 "that was silent longest is forgotten." },
	{ .name = "devices", .type = OPTION_BLOCK,
	  .doc = "One block per device that people of other networks may have "
		 "among their contacts, as NAME%NETWORK@COMPONENT of a "
		 "gateway." },
	{ .name = "discovery", .type = OPTION_BLOCK,
	  .doc = "Which devices may make themselves known, so that they need "
		 "no block." },
};

static const struct option device_options[] = {
	{ .name = "availability", .type = OPTION_TEXT,
	  AT(struct device_block, availability), .min = 1, .max = 1000,
	  .refuse = refuse_topic, .example = "zigbee2mqtt/door/availability",
	  .fallback_note = "it is there when it speaks",
	  .doc = "The topic that tells whether it can be reached." },
	{ .name = "field", .type = OPTION_TEXT, AT(struct device_block, field),
	  .min = 1, .max = 200, .fallback_note = "the whole payload",
	  .example = "state",
	  .doc = "The field of JSON that tells it there." },
	{ .name = "online", .type = OPTION_SOME,
	  COUNTED(struct device_block, online, n_online),
	  .min = 1, .max = 64, .example = "online",
	  .fallback_note = "online, ready, init, alert, true, on, 1",
	  .doc = "What it says there when it can be reached; \"sleeping\" is "
		 "away, anything else is offline." },
	{ .name = "state", .type = OPTION_TEXT,
	  AT(struct device_block, filter), .min = 1, .max = 1000,
	  .refuse = refuse_filter, .example = "zigbee2mqtt/door",
	  .doc = "The topics on which it says how it is." },
	{ .name = "say", .type = OPTION_TEXT, AT(struct device_block, say),
	  .min = 1, .max = 1000, .fallback = "{value}",
	  .doc = "That as a line, the status that people see; a template as "
		 "in rules." },
	{ .name = "commands", .type = OPTION_BLOCK,
	  .doc = "What it can be told, by a message to it or a form: one block "
		 "per command with the options of a command of a link's "
		 "rules; topics stand without NETWORK:, and who may must be "
		 "said by accounts or \"*\"." },
};

static const struct option discovery_options[] = {
	{ .name = "homie", .type = OPTION_TEXT,
	  AT(struct discovery_block, discovery.homie), .min = 1, .max = 200,
	  .refuse = refuse_topic, .example = "homie/5",
	  .doc = "Where devices that follow Homie are: a prefix that ends in "
		 "/5 is of version 5, any other of version 4." },
	{ .name = "home_assistant", .type = OPTION_TEXT,
	  AT(struct discovery_block, discovery.home_assistant), .min = 1,
	  .max = 200, .refuse = refuse_topic, .example = "homeassistant",
	  .doc = "Where devices are announced as Home Assistant's discovery "
		 "has it; \"topics\" says which topics they may have." },
	{ .name = "sparkplug", .type = OPTION_TEXT,
	  AT(struct discovery_block, discovery.sparkplug), .min = 1,
	  .max = 200, .refuse = refuse_topic, .example = "spBv1.0",
	  .doc = "Where nodes and devices of Sparkplug B are." },
	{ .name = "rebirth", .type = OPTION_BOOL,
	  AT(struct discovery_block, discovery.rebirth), .fallback = "false",
	  .doc = "Ask a Sparkplug node that was there before us, once a "
		 "minute at most, to say anew who it is." },
	{ .name = "topics", .type = OPTION_SOME,
	  COUNTED(struct discovery_block, topics, n_topics), .min = 1,
	  .max = 1000, .example = "zigbee2mqtt/#",
	  .fallback_note = "those of Homie",
	  .doc = "Topic filters: no device that was discovered listens or "
		 "speaks outside of them." },
	{ .name = "max", .type = OPTION_COUNT,
	  AT(struct discovery_block, discovery.max), .min = 1, .max = 5000,
	  .fallback = "100",
	  .doc = "How many devices may be discovered; those that come later "
		 "are ignored, and a line of the log says so." },
	{ .name = "who", .type = OPTION_SOME,
	  COUNTED(struct discovery_block, discovery.who, discovery.n_who),
	  .min = 1, .max = NAME_MAX_BYTES, .example = "xmpp:ann@example.org",
	  .fallback_note = "nobody",
	  .doc = "Who may tell them what to do: NETWORK:ACCOUNT, or \"*\"; "
		 "without it they have no commands." },
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
	{ .name = "gateway", .type = OPTION_BLOCK,
	  .doc = "Let people use IRC networks on their own account, without "
		 "a link." },
};

static const struct option matrix_gateway_options[] = {
	{ .name = "networks", .type = OPTION_TEXTS, .required = true,
	  COUNTED(struct gateway_block, names, n_names),
	  .min = 1, .max = 63, .example = "libera",
	  .doc = "The IRC networks that it leads to; the channel #dev of "
		 "libera is then the room #PREFIXlibera_#dev, and also "
		 "#irc_libera_#dev, of our homeserver, and people are users "
		 "who can be written to. Written into the registration." },
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
		      "rename presence",
	  .example = "message",
	  .doc = "What is given to the channel." },
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

/* ---- rules -------------------------------------------------------------- */

#define RULE(member) AT(struct rule_block, member)
#define SAY_BYTES 1000

static const struct option watch_options[] = {
	{ .name = "filter", .type = OPTION_SOME, .required = true,
	  COUNTED(struct rule_block, filters, n_filters),
	  .min = 1, .max = 1000, .example = "home:greenhouse/+/temperature",
	  .doc = "The topics, \"NETWORK:FILTER\", or several such in a list; "
		 "+ stands for one level, # at the end for all that "
		 "follow." },
	{ .name = "say", .type = OPTION_TEXT, RULE(say), .min = 1,
	  .max = SAY_BYTES, .fallback = "{topic}: {value}",
	  .doc = "The line; {1} is what the first + stood for, {#} what the # "
		 "did, {value} the payload or what the option value picks, "
		 "{temp} or {sensors[0].t} a field of JSON, {temp:.1} with "
		 "one digit behind the point, {ts:time} a time in seconds "
		 "since 1970, {time} now (UTC), {name} the rule's name, {{ "
		 "is {." },
	{ .name = "as", .type = OPTION_TEXT, RULE(as), .min = 1, .max = 200,
	  .fallback_note = "the bridge", .example = "{1}",
	  .doc = "Who says it: a template of the name of a puppet." },
	{ .name = "payload", .type = OPTION_WORD, RULE(rule.watch.payload),
	  .words = payloads, .fallback = "auto",
	  .doc = "What the payload is; auto looks at it. What is not what it "
		 "should be is left out and counted." },
	{ .name = "value", .type = OPTION_TEXT, RULE(value), .min = 1,
	  .max = 200, .fallback_note = "the whole payload", .example = "temp",
	  .doc = "The field of JSON that {value} stands for: temp, "
		 "sensors[0].t, or /sensors/0/t." },
	{ .name = "map", .type = OPTION_SOME,
	  COUNTED(struct rule_block, map, n_map), .min = 1, .max = 200,
	  .example = "0=closed",
	  .doc = "Words for values: {value} is written as the word behind the "
		 "=." },
	{ .name = "only_if", .type = OPTION_TEXT, RULE(only_if), .min = 1,
	  .max = 500, .example = "value > 30 and mode = auto",
	  .doc = "Show it only then; = != < <= > >=, joined by \"and\", on "
		 "value or a field." },
	{ .name = "on_change", .type = OPTION_DECIMAL,
	  AT(struct rule_block, rule.watch.dead_band),
	  .extra = offsetof(struct rule_block, rule.watch.on_change),
	  .max = 1000000000, .example = "0.5",
	  .doc = "Show it only if the value differs from the one shown last, "
		 "numbers by so much at least; 0 is any change." },
	{ .name = "every", .type = OPTION_SECONDS, RULE(rule.watch.every_s),
	  .max = 30 * DAY_S, .fallback = "0", .fallback_note = "at once",
	  .example = "15m",
	  .doc = "Show each topic so often at most; what comes in between is "
		 "kept, and the last of it shown when the time is over." },
	{ .name = "digest", .type = OPTION_SECONDS, RULE(rule.watch.digest_s),
	  .max = 30 * DAY_S, .fallback = "0", .fallback_note = "none",
	  .example = "1h",
	  .doc = "Instead of single values show, so often, how many there "
		 "were, the least, the mean and the greatest." },
	{ .name = "per_minute", .type = OPTION_COUNT,
	  RULE(rule.watch.per_minute), .min = 1, .max = 10000,
	  .fallback = "30",
	  .doc = "Lines of the whole rule in a minute; of what is more, one "
		 "line tells how much it was." },
	{ .name = "retained", .type = OPTION_WORD, RULE(rule.watch.retained),
	  .words = retained_words, .fallback = "remember",
	  .doc = "What the broker had kept when we came: remember it as the "
		 "last value, show it, or ignore it." },
	{ .name = "alarm", .type = OPTION_TEXT, RULE(alarm), .min = 1,
	  .max = 500, .example = "value > 60",
	  .doc = "Instead of values, show when this begins to hold; a "
		 "condition as in only_if." },
	{ .name = "clear", .type = OPTION_TEXT, RULE(clear), .min = 1,
	  .max = 500, .fallback_note = "alarm does not hold",
	  .example = "value < 55",
	  .doc = "The alarm is over when this holds." },
	{ .name = "clear_say", .type = OPTION_TEXT, RULE(clear_say), .min = 1,
	  .max = SAY_BYTES, .example = "{1}: over, {value}",
	  .fallback_note = "\"over: \" and the line of the alarm",
	  .doc = "The line that says so." },
	{ .name = "hold", .type = OPTION_SECONDS, RULE(rule.watch.hold_s),
	  .max = DAY_S, .fallback = "0", .example = "30s",
	  .doc = "The alarm begins when its condition has held for so long." },
	{ .name = "repeat", .type = OPTION_SECONDS, RULE(rule.watch.repeat_s),
	  .max = DAY_S, .fallback = "0", .fallback_note = "once",
	  .example = "10m",
	  .doc = "Say it again, so often, while the alarm lasts." },
	{ .name = "mention", .type = OPTION_SOME,
	  COUNTED(struct rule_block, rule.watch.mention, rule.watch.n_mention),
	  .min = 1, .max = 64, .example = "ann",
	  .doc = "Whom the line of an alarm addresses." },
};

static const struct option order_options[] = {
	{ .name = "command", .type = OPTION_TEXT, .required = true,
	  RULE(command), .min = 1, .max = 300,
	  .example = "!window {1} {open|closed}",
	  .doc = "What is typed: words, and parameters numbered from 1: {1} "
		 "any word, {open|closed} one of these, {10..30} a number, "
		 "{*} all that follows." },
	{ .name = "topic", .type = OPTION_TEXT, .required = true, RULE(topic),
	  .min = 1, .max = 1000, .example = "home:greenhouse/{1}/window/set",
	  .doc = "Where it is published, \"NETWORK:TOPIC\"; a parameter can "
		 "be within one level, and never add one." },
	{ .name = "send", .type = OPTION_TEXT, RULE(send), .min = 1,
	  .max = SAY_BYTES, .fallback_note = "the last parameter",
	  .example = "{2}",
	  .doc = "What is published." },
	{ .name = "words", .type = OPTION_SOME,
	  COUNTED(struct rule_block, map, n_map), .min = 1, .max = 200,
	  .example = "open=1",
	  .doc = "What is sent for a parameter that is typed so." },
	{ .name = "ack", .type = OPTION_TEXT, RULE(ack), .min = 1, .max = 1000,
	  .example = "greenhouse/{1}/window",
	  .doc = "A topic of the same network on which the device shows that "
		 "it has done it." },
	{ .name = "ack_value", .type = OPTION_TEXT, RULE(ack_value), .min = 1,
	  .max = SAY_BYTES, .fallback_note = "what was sent",
	  .example = "{2}",
	  .doc = "What it says there then; \"*\" is anything." },
	{ .name = "respond", .type = OPTION_BOOL, RULE(rule.order.respond),
	  .fallback = "false",
	  .doc = "The device answers on the response topic that MQTT 5 gives "
		 "it." },
	{ .name = "timeout", .type = OPTION_SECONDS, RULE(rule.order.timeout_s),
	  .min = 1, .max = 3600, .fallback = "10s",
	  .doc = "How long to wait for that; older commands are not sent at "
		 "all." },
	{ .name = "qos", .type = OPTION_COUNT, RULE(rule.order.qos), .max = 1,
	  .fallback = "1",
	  .doc = "With 1 the broker confirms it, with 0 nobody does." },
	{ .name = "retain", .type = OPTION_BOOL, RULE(rule.order.retain),
	  .fallback = "false",
	  .doc = "Let the broker keep it; the device then gets it again "
		 "whenever it connects." },
	{ .name = "expiry", .type = OPTION_SECONDS, RULE(rule.order.expiry_s),
	  .max = 30 * DAY_S, .fallback = "0", .fallback_note = "as timeout",
	  .example = "10s",
	  .doc = "How long the broker keeps it for a device that is away "
		 "(MQTT 5)." },
	{ .name = "properties", .type = OPTION_SOME,
	  COUNTED(struct rule_block, properties, n_properties), .min = 1,
	  .max = 200, .example = "room=greenhouse",
	  .doc = "User properties to send with it (MQTT 5), NAME=VALUE." },
	{ .name = "who", .type = OPTION_SOME,
	  COUNTED(struct rule_block, rule.order.who, rule.order.n_who),
	  .min = 1, .max = NAME_MAX_BYTES, .fallback_note = "op",
	  .example = "libera:ann",
	  .doc = "Who may: voice, halfop, op, admin or owner (that rank or a "
		 "higher one, in the room where it is typed), NETWORK:ACCOUNT "
		 "(what that network vouches for), or \"*\"." },
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
const struct table table_mqtt = {
	"NETWORKS WITH protocol = \"mqtt\"",
	"The bridge is a client of a broker.", TABLE(mqtt_options),
};
const struct table table_device = {
	"DEVICES OF AN MQTT NETWORK", "In each block inside devices.",
	TABLE(device_options),
};
const struct table table_discovery = {
	"THE BLOCK discovery OF AN MQTT NETWORK",
	"Only if devices are to make themselves known.",
	TABLE(discovery_options),
};
const struct table table_watch = {
	"RULES OF A LINK: FROM A TOPIC TO THE ROOM",
	"In each block inside rules that has a filter.", TABLE(watch_options),
};
const struct table table_order = {
	"RULES OF A LINK: FROM THE ROOM TO A TOPIC",
	"In each block inside rules that has a command.", TABLE(order_options),
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
	&table_top, &table_log, &table_queue, &table_control, &table_network,
	&table_xmpp, &table_gateway, &table_irc, &table_sasl, &table_users,
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
