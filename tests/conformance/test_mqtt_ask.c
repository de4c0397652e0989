/* SPDX-License-Identifier: MIT */
/* test_mqtt_ask.c - what can be asked of devices by forms, and what comes of
 * it while there is no broker; with one it is tried in tests/integration. */

#include "tests/support/test.h"

#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/protocol.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "protocols/mqtt/device.h"
#include "protocols/mqtt/mqtt.h"
#include "tests/support/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] =
	"networks: {\n"
	"x: { protocol = \"xmpp\"; component = \"gw.localhost\";"
	" server = \"127.0.0.1:5347\"; secret = \"env:SECRET_OF_TESTS\"; };\n"
	"home: { protocol = \"mqtt\"; broker = \"mqtt://localhost\";\n"
	"devices: { window: { state = \"w/+\"; say = \"{1} {value}\";\n"
	"commands: {\n"
	"open: { command = \"open {east|west} to {0..100}\";"
	" topic = \"w/{1}/set\"; who = [ \"x:ann@localhost\" ]; };\n"
	"name: { command = \"name {1}\"; topic = \"w/name\"; who = \"*\"; };\n"
	"close: { command = \"close\"; send = \"0\"; topic = \"w/set\";"
	" who = \"*\"; };\n"
	"}; };\n"
	"bell: { state = \"b\"; }; }; };\n"
	"};\n";

struct fixture {
	struct loop *loop;
	struct conf *conf;
	struct network *net;
	char listed[1000];
};

void
bridge_contact(struct contact *contact UNUSED,
	       const struct availability *a UNUSED)
{
}

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct error err;
	AUTO_STR errors = { 0 };

	log_set_level(LOG_LEVEL_BUG);
	recorder_reset();
	(void)setenv("SECRET_OF_TESTS", "x", 1);
	str_init(&errors, 65536);
	f->loop = loop_new();
	f->conf = conf_parse("test.conf", text, &errors);
	if (!f->conf)
		fail_msg("%s", errors.data);
	f->net = mqtt_protocol.ops.create(conf_find_network(f->conf, "home"),
					  f->loop, &err);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	mqtt_protocol.ops.destroy(f->net);
	conf_free(f->conf);
	loop_free(f->loop);
	free(f);
	recorder_reset();
	return 0;
}

static struct command_place
at(const char *device)
{
	return (struct command_place){ PLACE_PERSON, "home", device };
}

static void
note(void *arg, const struct command *command)
{
	struct fixture *f = arg;
	size_t len = strlen(f->listed);

	(void)snprintf(f->listed + len, sizeof(f->listed) - len, "%s%s",
		       len ? " " : "", command->name);
}

static const char *
listed(struct fixture *f, const struct command_place *place)
{
	f->listed[0] = '\0';
	mqtt_protocol.ops.each_command(f->net, place, note, f);
	return f->listed;
}

/* What becomes of it: the last line. given: NULL, or pairs ended by NULL. */
static const char *
runs(struct fixture *f, const char *device, const char *name,
     const char *const *pairs)
{
	const struct command c = { name, "", AT_PLACE(PLACE_PERSON), false };
	struct given given[4];
	struct recorder_command run = { .command = &c,
					.place = at(device),
					.who = "ann@localhost" };

	for (; pairs && pairs[0]; pairs += 2)
		given[run.n_given++] = (struct given){ pairs[0], pairs[1] };
	run.given = run.n_given ? given : NULL;
	recorder_command(f->net, &run);
	return recorder.lines[recorder.n_lines - 1];
}

static void
a_device_offers_its_commands_and_nothing_else_does(void **state)
{
	struct fixture *f = *state;
	struct command_place place = at("window");

	assert_string_equal(listed(f, &place), "status open name close");
	place = at("bell");
	assert_string_equal(listed(f, &place), "status");
	place = at("chair");
	assert_string_equal(listed(f, &place), "");
	place = (struct command_place){ PLACE_NETWORK, "home", NULL };
	assert_string_equal(listed(f, &place), "");
	place = (struct command_place){ PLACE_CHANNEL, "home", "window" };
	assert_string_equal(listed(f, &place), "");
}

static void
status_says_what_is_known(void **state)
{
	struct fixture *f = *state;
	const struct incoming in = { .topic = "w/east",
				     .payload = "open",
				     .len = 4 };

	assert_string_equal(runs(f, "window", "status", NULL),
			    "answered nothing is known of whether I am online");
	devices_take(container_of(f->net, struct mqtt, net), &in);
	assert_string_equal(runs(f, "window", "status", NULL),
			    "answered online; east open");
}

static void
a_form_asks_for_each_parameter(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(runs(f, "window", "open", NULL),
			    "asked open {east|west} to {0..100}");
	assert_int_equal(recorder_count("field "), 2);
	assert_non_null(recorder_find("field 1"));
	assert_non_null(recorder_find("field 2"));
}

/* The recorder's people are of "home": no account of x. */
static const struct {
	const char *command;
	const char *given[5];
	const char *said;
} forms[] = {
	{ "open",
	  { "1", "north", "2", "5" },
	  "denied 3 expected one of the choices" },
	{ "open",
	  { "1", "east", "2", "101" },
	  "denied 3 expected a number in that range" },
	{ "open",
	  { "1", "east", "2", "" },
	  "denied 3 something is not filled in" },
	{ "open", { "1", "east" }, "denied 3 something is not filled in" },
	{ "open", { "1", "east", "2", "5 6" }, "denied 3 it is: open" },
	{ "open", { "1", "east\n", "2", "5" }, "denied 3 open" },
	{ "open",
	  { "1", "east", "2", "5" },
	  "refused you may not do that here" },
	{ "name", { "1", "a/b" }, "denied 3 expected a word without" },
	{ "name", { "1", "#" }, "denied 3 expected a word without" },
	{ "name", { "1", "a b" }, "denied 3 it is: name {1}" },
	{ "name", { "1", "good" }, "refused the broker cannot be reached" },
	{ "close", { NULL }, "refused the broker cannot be reached" },
	{ "burn", { NULL }, "refused there is no such device any more" },
};

static void
what_is_filled_in_is_judged_like_what_is_typed(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const char *said =
			runs(f, "window", forms[i].command, forms[i].given);

		if (strncmp(said, forms[i].said, strlen(forms[i].said)) != 0)
			fail_msg("%zu: %s, expected %s", i, said,
				 forms[i].said);
	}
	(void)runs(f, "chair", "status", NULL);
	assert_non_null(recorder_find("there is no such device any more"));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_device_offers_its_commands_and_nothing_else_does),
		TEST(status_says_what_is_known),
		TEST(a_form_asks_for_each_parameter),
		TEST(what_is_filled_in_is_judged_like_what_is_typed),
	};

	return cmocka_run_group_tests_name("mqtt_ask", tests, NULL, NULL);
}
