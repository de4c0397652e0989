/* SPDX-License-Identifier: MIT */
/* schema_mqtt.c - the option tables of MQTT networks and rules; see schema.c.
 */

#include "conf/schema.h"

#include "bridge/base.h"

#include "conf/topic.h"
#include "conf/valid.h"

/* clang-format off */

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

static const struct option_word certificate_words[] = {
	{ "verify", CONF_TLS_VERIFY }, { "insecure", CONF_TLS_INSECURE }, { 0 },
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
	  .doc = "The largest message that the broker may send us, in KiB. "
		 "3.1.1 brokers cannot be told: a larger one ends the "
		 "connection, and if it comes again, all that waits at the "
		 "broker is thrown away, and the rooms are told." },
	{ .name = "topics", .type = OPTION_COUNT,
	  AT(struct mqtt_block, mqtt.topics_max), .min = 10, .max = 1000000,
	  .fallback = "20000",
	  .doc = "Topics whose last value is remembered, also over a restart; "
		 "beyond it the one that was silent longest is forgotten." },
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
		 "last value (and say it only if that was another one before), "
		 "show it, or ignore it." },
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

/* clang-format on */
