/* SPDX-License-Identifier: MIT */
/* test_rules.c - MQTT networks and the rules of links. */

#include "tests/support/test.h"

#include "bridge/event.h"
#include "bridge/str.h"
#include "conf/rules.h"
#include "tests/unit/conf/setup.h"

/* clang-format off */
/* Four lines; what a rule says stands in line 5. */
#define BEGIN \
	"networks: { " \
	"xmpp: { protocol = \"xmpp\"; component = \"gw.example.org\"; " \
	"secret = \"file:s\"; };\n" \
	"home: { protocol = \"mqtt\"; broker = \"mqtts://b.example.org\"; };\n" \
	"yard: { protocol = \"mqtt\"; broker = \"mqtt://[::1]:1884\"; }; };\n" \
	"links: { one: { channels = [ \"xmpp:a@b.c\" ]; rules: { r: {\n"
#define END "\n}; }; }; };"

static const struct {
	const char *rule, *errors;
} cases[] = {
	{ "say = \"x\";",
	  "c.conf:4: rule \"r\": expected a \"filter\" (from a topic to the room) or a \"command\" (from the room to a topic)\n" },
	{ "filter = \"home:a\"; command = \"!x\";",
	  "c.conf:4: rule \"r\": expected a \"filter\" (from a topic to the room) or a \"command\" (from the room to a topic), not both\n" },
	{ "filter = \"a\";",
	  "c.conf:5: rule \"r\": \"filter\": expected \"NETWORK:TOPIC\", found \"a\"\n" },
	{ "filter = 5;",
	  "c.conf:5: \"filter\": expected a string such as \"home:greenhouse/+/temperature\", or a list of them, found the number 5\n" },
	{ "filter = \"hom:a\";",
	  "c.conf:5: rule \"r\": \"filter\": unknown MQTT network \"hom\"; did you mean \"home\"?\n" },
	{ "filter = \"xmpp:a\";",
	  "c.conf:5: rule \"r\": \"filter\": unknown MQTT network \"xmpp\"\n" },
	{ "filter = \"home:a+\";",
	  "c.conf:5: rule \"r\": \"filter\": expected a topic filter such as \"home/+/state\" or \"home/#\", in which + is a whole level and # the last one\n" },
	{ "filter = [ \"home:a\", \"yard:b\" ];",
	  "c.conf:5: rule \"r\": \"filter\": a rule is about one network, and here are \"home\" and \"yard\"; make two of it\n" },
	{ "filter = [ \"home:+/+\", \"home:+\" ]; say = \"{2}\";",
	  "c.conf:5: rule \"r\": \"say\": {2}: the filter has 1 \"+\"\n" },
	{ "filter = \"home:a\"; say = \"{temp\";",
	  "c.conf:5: rule \"r\": \"say\": \"{temp\" has no \"}\" (a \"{\" as such is written \"{{\")\n" },
	{ "filter = \"home:a\"; say = \"{a[x]}\";",
	  "c.conf:5: rule \"r\": \"say\": expected a number and \"]\" after \"[\"\n" },
	{ "filter = \"home:a\"; say = \"{a:.x}\";",
	  "c.conf:5: rule \"r\": \"say\": \":.x\": expected \":.1\" (digits behind the point) or \":time\"\n" },
	{ "filter = \"home:a\"; say = \"{a..b}\"; as = \"{}\";",
	  "c.conf:5: rule \"r\": \"say\": expected a name before \".b\"\n"
	  "c.conf:5: rule \"r\": \"as\": expected the name of a field\n" },
	{ "filter = \"home:a\"; only_if = \"value >\";",
	  "c.conf:5: rule \"r\": \"only_if\": expected a number or a word at the end\n" },
	{ "filter = \"home:a\"; only_if = \"value > warm\";",
	  "c.conf:5: rule \"r\": \"only_if\": \"warm\" is not a number, and texts have no order; use = or !=\n" },
	{ "filter = \"home:a\"; only_if = \"value 5\"; clear = \"a = 1\";",
	  "c.conf:5: rule \"r\": \"only_if\": expected one of = != < <= > >= before \"5\"\n"
	  "c.conf:5: rule \"r\": \"clear\": is of use only with \"alarm\"\n" },
	{ "filter = \"home:a\"; only_if = \"a = 1 or b = 2\";",
	  "c.conf:5: rule \"r\": \"only_if\": expected \"and\" before \"or b = 2\"\n" },
	{ "filter = \"home:a\"; alarm = \"value > 1\"; on_change = 1;",
	  "c.conf:5: rule \"r\": \"alarm\": a rule with an alarm says nothing else; make a second rule for the values\n" },
	{ "filter = \"home:a\"; every = 60; digest = 60;",
	  "c.conf:5: rule \"r\": \"digest\": \"every\" and \"digest\" exclude each other\n" },
	{ "filter = \"home:a\"; on_change = \"x\"; map = [ \"a\" ];",
	  "c.conf:5: \"on_change\": expected a number from 0 to 1000000000, found \"x\"\n"
	  "c.conf:5: rule \"r\": \"map\": expected \"THIS=THAT\", found \"a\"\n" },
	{ "filter = \"home:a\"; topic = \"home:b\";",
	  "c.conf:5: unknown option \"topic\" in rule \"r\"\n" },
	/* commands */
	{ "command = \"!x\";",
	  "c.conf:4: rule \"r\" lacks the option \"topic\", such as \"home:greenhouse/{1}/window/set\"\n" },
	{ "command = \"!x\"; topic = \"home:a\";",
	  "c.conf:4: rule \"r\": a command without parameters needs \"send\"\n" },
	{ "command = \"{1} x\"; topic = \"home:a\";",
	  "c.conf:5: rule \"r\": \"command\": a command begins with a word of its own, such as \"!window {1} {open|closed}\"\n" },
	{ "command = \"!x {2}\"; topic = \"home:a\";",
	  "c.conf:5: rule \"r\": \"command\": {2}: parameter 1 is written {1} (any word), {open|closed} (one of these), {10..30} (a number) or, at the end, {*} (all that follows)\n" },
	{ "command = \"!x {30..10}\"; topic = \"home:a\";",
	  "c.conf:5: rule \"r\": \"command\": {30..10}: parameter 1 is written {1} (any word), {open|closed} (one of these), {10..30} (a number) or, at the end, {*} (all that follows)\n" },
	{ "command = \"!x a{1}\"; topic = \"home:a\";",
	  "c.conf:5: rule \"r\": \"command\": \"a{1}\": a parameter is a word of its own\n" },
	{ "command = \"!x {*} y\"; topic = \"home:a\";",
	  "c.conf:5: rule \"r\": \"command\": nothing can follow {*}\n" },
	{ "command = \"!x {a/b|c}\"; topic = \"home:a\";",
	  "c.conf:5: rule \"r\": \"command\": the choice \"a/b\" has a character that cannot stand in a topic\n" },
	{ "command = \"!x {1}\"; topic = \"home:{1}/a\";",
	  "c.conf:5: rule \"r\": \"topic\": a topic cannot begin with a parameter\n" },
	{ "command = \"!x {1}\"; topic = \"home:a/#\";",
	  "c.conf:5: rule \"r\": \"topic\": expected a topic without + and #, that does not begin with $, such as \"home/door\"\n" },
	{ "command = \"!x {1}\"; topic = \"home:$SYS/{1}\";",
	  "c.conf:5: rule \"r\": \"topic\": expected a topic without + and #, that does not begin with $, such as \"home/door\"\n" },
	{ "command = \"!x {1}\"; topic = \"home:a/{2}\";",
	  "c.conf:5: rule \"r\": \"topic\": {2}: the command has 1 parameters\n" },
	{ "command = \"!x {1}\"; topic = \"home:a/{value}\";",
	  "c.conf:5: rule \"r\": \"topic\": {value}: in a command only {1} to {9} and {name} have a meaning\n" },
	{ "command = \"!x {*}\"; topic = \"home:a/{1}\";",
	  "c.conf:5: rule \"r\": \"topic\": what {*} stands for cannot be part of a topic\n" },
	{ "command = \"!x {1}\"; topic = \"home:a\"; ack = \"yard:b\";",
	  "c.conf:5: rule \"r\": \"ack\": a rule is about one network, and here are \"home\" and \"yard\"; make two of it\n" },
	{ "command = \"!x {1}\"; topic = \"home:a\"; ack_value = \"b\";",
	  "c.conf:5: rule \"r\": \"ack_value\": is of use only with \"ack\"\n" },
	{ "command = \"!x {1}\"; topic = \"home:a\"; ack = \"b\"; respond = true;",
	  "c.conf:5: rule \"r\": \"respond\": \"ack\" and \"respond\" exclude each other\n" },
	{ "command = \"!x {1}\"; topic = \"home:a\"; who = [ \"boss\" ];",
	  "c.conf:5: rule \"r\": \"who\": expected \"*\", voice, halfop, op, admin, owner or \"NETWORK:ACCOUNT\", found \"boss\"\n" },
	{ "command = \"!x {1}\"; topic = \"home:a\"; who = \"libera:ann\";",
	  "c.conf:5: rule \"r\": \"who\": unknown network \"libera\"\n" },
};

static const struct {
	const char *network, *errors;
} networks[] = {
	{ "",
	  "c.conf:1: network \"home\" lacks the option \"broker\", such as \"mqtts://broker.example.org\"\n" },
	{ "broker = \"b.example.org\";",
	  "c.conf:1: \"broker\": expected \"mqtts://HOST\" or \"mqtt://HOST\", with \":PORT\" if need be, found \"b.example.org\"\n" },
	{ "broker = \"mqtts://b.example.org:x\";",
	  "c.conf:1: \"broker\": expected \"mqtts://HOST\" or \"mqtt://HOST\", with \":PORT\" if need be, found \"mqtts://b.example.org:x\"\n" },
	{ "broker = \"mqtts://u:p@b.example.org\";",
	  "c.conf:1: \"broker\": expected \"mqtts://HOST\" or \"mqtt://HOST\", with \":PORT\" if need be, found \"mqtts://u:p@b.example.org\"\n" },
	{ "broker = \"mqtt://localhost\"; ca_file = \"s\"; tls = \"verify\";",
	  "c.conf:1: \"tls\" is of use only with a broker at mqtts://\n"
	  "c.conf:1: \"ca_file\" is of use only with a broker at mqtts://\n" },
	{ "broker = \"mqtts://localhost\"; certificate = \"s\";",
	  "c.conf:1: network \"home\" has a \"certificate\" and lacks the \"key\" that belongs to it\n" },
	{ "broker = \"mqtt://localhost\"; password = \"file:s\";",
	  "c.conf:1: network \"home\" has a \"password\" and lacks the \"user\" that belongs to it\n" },
	{ "broker = \"mqtt://localhost\"; client_id = \"a/b\"; base = \"a/#\";",
	  "c.conf:1: \"client_id\": expected letters, digits, \"-\", \"_\" and \".\", found \"a/b\"\n"
	  "c.conf:1: \"base\": expected a topic without + and #, that does not begin with $, such as \"home/door\", found \"a/#\"\n" },
	{ "broker = \"mqtt://localhost\"; devices: { Door: { state = \"a\"; }; };",
	  "c.conf:1: device \"Door\": expected a name of small letters, digits, \"-\" and \"_\"\n" },
	{ "broker = \"mqtt://localhost\"; devices: { a: { }; b: { state = \"a/#b\"; say = \"{1}\"; field = \"[x]\"; availability = \"+\"; }; };",
	  "c.conf:1: device \"a\": expected \"availability\", \"state\" or both\n"
	  "c.conf:1: \"state\": expected a topic filter such as \"home/+/state\" or \"home/#\", in which + is a whole level and # the last one, found \"a/#b\"\n"
	  "c.conf:1: \"availability\": expected a topic without + and #, that does not begin with $, such as \"home/door\", found \"+\"\n"
	  "c.conf:1: device \"b\": \"field\": expected a number and \"]\" after \"[\"\n"
	  "c.conf:1: device \"b\": \"say\": {1}: the filter has 0 \"+\"\n"
	  "c.conf:1: device \"b\": expected \"availability\", \"state\" or both\n" },
	{ "broker = \"mqtt://localhost\"; devices: { a: { state = \"a\"; commands: { status: { command = \"x\"; topic = \"a\"; send = \"1\"; }; }; }; };",
	  "c.conf:1: command \"status\": expected a name of small letters, digits and \"-\" that is not \"status\"\n"
	  "c.conf:1: command \"status\" lacks \"who\": a device has no room in which somebody could have a rank; name accounts, or \"*\"\n" },
	{ "broker = \"mqtt://localhost\"; devices: { a: { state = \"a\"; commands: { on: { command = \"on {1}\"; topic = \"a/#\"; who = [ \"op\", \"nowhere:ann\" ]; }; }; }; };",
	  "c.conf:1: command \"on\": \"topic\": expected a topic without + and #, that does not begin with $, such as \"home/door\"\n"
	  "c.conf:1: on: \"who\": expected \"*\" or \"NETWORK:ACCOUNT\", found \"op\"\n"
	  "c.conf:1: on: \"who\": unknown network \"nowhere\"\n" },
	{ "broker = \"mqtt://localhost\"; discovery: { who = [ \"op\", \"y:a\" ]; };",
	  "c.conf:1: discovery: expected \"homie\", \"home_assistant\" or \"sparkplug\"\n"
	  "c.conf:1: discovery: \"who\": expected \"*\" or \"NETWORK:ACCOUNT\", found \"op\"\n"
	  "c.conf:1: discovery: \"who\": unknown network \"y\"\n" },
	{ "broker = \"mqtt://localhost\"; discovery: { home_assistant = \"ha\"; };",
	  "c.conf:1: discovery: \"home_assistant\" needs \"topics\": which topics its devices may have, such as \"zigbee2mqtt/#\"\n" },
	{ "broker = \"mqtt://localhost\"; discovery: { homie = \"h/#\"; topics = \"a#\"; max = 0; };",
	  "c.conf:1: \"homie\": expected a topic without + and #, that does not begin with $, such as \"home/door\", found \"h/#\"\n"
	  "c.conf:1: \"max\": expected a number from 1 to 5000, found the number 0\n"
	  "c.conf:1: discovery: expected \"homie\", \"home_assistant\" or \"sparkplug\"\n"
	  "c.conf:1: \"topics\": expected a topic filter such as \"home/+/state\" or \"home/#\", in which + is a whole level and # the last one, found \"a#\"\n" },
	{ "broker = \"mqtt://localhost\"; version = \"4\";",
	  "c.conf:1: \"version\": expected one of \"auto\", \"5\", \"3.1.1\", found \"4\"\n" },
};
/* clang-format on */

static void
check_errors(const char *begin, const char *middle, const char *end,
	     const char *want)
{
	AUTO_STR text = { 0 };
	AUTO_STR errors = { 0 };

	str_init(&text, 65536);
	str_init(&errors, 65536);
	str_printf(&text, "%s%s%s", begin, middle, end);
	assert_null(conf_parse("c.conf", text.data, &errors));
	assert_string_equal(errors.data, want);
}

static void
wrong_rules_are_told_what_is_wrong(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_errors(BEGIN, cases[i].rule, END, cases[i].errors);
}

static void
wrong_brokers_are_told_what_is_wrong(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(networks); i++)
		check_errors("networks: { home: { protocol = \"mqtt\"; ",
			     networks[i].network, " }; };", networks[i].errors);
}

static struct conf *
parse(const char *text)
{
	AUTO_STR errors = { 0 };
	struct conf *conf;

	str_init(&errors, 65536);
	conf = conf_parse("c.conf", text, &errors);
	if (!conf)
		fail_msg("%s", errors.data);
	return conf;
}

static void
a_broker_has_the_port_of_its_kind(void **state UNUSED)
{
	struct conf *conf = parse(BEGIN "filter = \"home:a\";" END);
	const struct conf_mqtt *home = conf->networks[1].mqtt;
	const struct conf_mqtt *yard = conf->networks[2].mqtt;

	assert_string_equal(home->host, "b.example.org");
	assert_int_equal(home->port, 8883);
	assert_true(home->encrypted);
	assert_string_equal(home->client_id, "causeway-home");
	assert_string_equal(yard->host, "::1");
	assert_int_equal(yard->port, 1884);
	assert_false(yard->encrypted);
	conf_free(conf);
}

static void
rules_are_a_member_of_their_link(void **state UNUSED)
{
	struct conf *conf = parse(BEGIN "filter = \"home:a/+\"; }; s: { "
					"filter = \"yard:a\"; }; t: { "
					"command = \"!x {1}\"; "
					"topic = \"home:b/{1}\";" END);
	const struct conf_link *link = &conf->links[0];

	assert_int_equal(link->n_members, 3);
	assert_string_equal(link->members[0].network, "home");
	assert_string_equal(link->members[0].channel, "$rules/one");
	assert_int_equal(link->members[0].direction, CONF_BOTH);
	assert_int_equal(link->members[0].kinds, 1u << EVENT_MESSAGE);
	assert_int_equal(link->members[0].rules->n, 2);
	assert_int_equal(link->members[0].rules->n_orders, 1);
	assert_string_equal(link->members[1].network, "yard");
	/* Nobody can tell it to do anything. */
	assert_int_equal(link->members[1].direction, CONF_IN);
	assert_string_equal(link->members[2].channel, "a@b.c");
	assert_null(link->members[2].rules);
	conf_free(conf);
}

static void
commands_are_for_ops_unless_told_otherwise(void **state UNUSED)
{
	struct conf *conf = parse(BEGIN "command = \"!x {1}\"; "
					"topic = \"home:b/{1}\";" END);
	const struct conf_order *o =
		&conf->links[0].members[0].rules->rules[0]->order;

	assert_int_equal(o->n_who, 1);
	assert_string_equal(o->who[0], "op");
	assert_int_equal(conf_rank("op"), RANK_OP);
	assert_int_equal(conf_rank("nobody"), -1);
	assert_int_equal(o->expiry_s, 10);
	assert_false(o->retain);
	conf_free(conf);
}

static void
two_networks_cannot_be_one_client(void **state UNUSED)
{
	check_errors("networks: {\n"
		     "a: { protocol = \"mqtt\"; broker = \"mqtt://localhost\"; "
		     "client_id = \"x\"; };\n"
		     "b: { protocol = \"mqtt\"; broker = \"mqtt://localhost\"; "
		     "client_id = \"x\"; };\n"
		     "};\nlinks: { l: { channels = [ ",
		     "\"a:one\", \"b:two\" ]; ", "}; };",
		     "c.conf:3: network \"b\" has the broker and the client_id "
		     "of \"a\" (line 2): each would throw the other out\n");
}

/* A topic is not folded: these two are not one. */
static void
topics_have_case(void **state UNUSED)
{
	struct conf *conf = parse(
		"networks: { a: { protocol = \"mqtt\"; broker = "
		"\"mqtt://localhost\"; }; };"
		"links: { l: { channels = [ \"a:one\", \"a:One\" ]; }; };");

	assert_int_equal(conf->links[0].n_members, 2);
	conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_rules_are_told_what_is_wrong),
		cmocka_unit_test(wrong_brokers_are_told_what_is_wrong),
		cmocka_unit_test(a_broker_has_the_port_of_its_kind),
		cmocka_unit_test(rules_are_a_member_of_their_link),
		cmocka_unit_test(commands_are_for_ops_unless_told_otherwise),
		cmocka_unit_test(two_networks_cannot_be_one_client),
		cmocka_unit_test(topics_have_case),
	};

	return cmocka_run_group_tests_name("rules", tests, enter_folder,
					   leave_folder);
}
