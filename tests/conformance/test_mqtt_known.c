/* SPDX-License-Identifier: MIT */
/*
 * test_mqtt_known.c - what is known again of devices after a restart. There is
 * no broker, and the clock is turned by hand.
 */

#include "tests/support/test.h"

#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/protocol.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "protocols/mqtt/device.h"
#include "protocols/mqtt/discover.h"
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
	"devices: { window: { state = \"w/+\"; say = \"{1} {value}\"; };\n"
	"door: { state = \"d\"; availability = \"d/there\"; }; };\n"
	"discovery: { home_assistant = \"ha\"; topics = \"z/#\"; max = 2; };\n"
	"}; };\n";

struct fixture {
	struct loop *loop;
	struct conf *conf;
	struct network *net;
	struct mqtt *q;
	int64_t wall_ms;
};

void
bridge_contact(struct contact *contact UNUSED,
	       const struct availability *a UNUSED)
{
}

static void
begin(struct fixture *f)
{
	struct error err;
	AUTO_STR errors = { 0 };

	recorder_reset();
	str_init(&errors, 65536);
	f->loop = loop_new_manual(1, f->wall_ms);
	f->conf = conf_parse("test.conf", text, &errors);
	if (!f->conf)
		fail_msg("%s", errors.data);
	f->net = mqtt_protocol.ops.create(conf_find_network(f->conf, "home"),
					  f->loop, &err);
	f->net->state = NETWORK_UP;
	f->q = container_of(f->net, struct mqtt, net);
	devices_open(f->q);
	discovery_open(f->q);
}

static void
end(struct fixture *f)
{
	f->wall_ms = loop_wall_ms(f->loop);
	mqtt_protocol.ops.destroy(f->net);
	conf_free(f->conf);
	loop_free(f->loop);
}

static void
restart(struct fixture *f, int64_t away_ms)
{
	end(f);
	f->wall_ms += away_ms;
	begin(f);
}

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	log_set_level(LOG_LEVEL_BUG);
	(void)setenv("SECRET_OF_TESTS", "x", 1);
	f->wall_ms = 1764000000000;
	begin(f);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	end(*state);
	free(*state);
	recorder_reset();
	recorder_forget_memos();
	return 0;
}

static void
comes(struct fixture *f, const char *topic, const char *payload)
{
	const struct incoming in = { .topic = topic,
				     .payload = payload,
				     .len = strlen(payload) };

	discovery_take(f->q, &in);
	devices_take(f->q, &in);
	loop_advance(f->loop, 250);
}

static void
status_is(struct fixture *f, const char *name, const char *expected)
{
	const struct device *d = device_named(f->q, name);
	AUTO_STR out = { 0 };

	str_init(&out, 10000);
	assert_non_null(d);
	device_status(&out, d);
	assert_string_equal(out.data, expected);
}

/* What the device of that id calls itself. */
static void
announces(struct fixture *f, const char *id, const char *name)
{
	char topic[100], payload[300];

	(void)snprintf(topic, sizeof(topic), "ha/sensor/%s/config", id);
	(void)snprintf(payload, sizeof(payload),
		       "{\"state_topic\":\"z/%s\",\"device\":"
		       "{\"identifiers\":[\"%s\"],\"name\":\"%s\"}}",
		       id, id, name);
	comes(f, topic, payload);
}

/* ---- what they said ------------------------------------------------------ */

static void
what_a_device_said_last_is_known_after_a_restart(void **state)
{
	struct fixture *f = *state;

	comes(f, "d/there", "online");
	comes(f, "d", "open");
	comes(f, "w/east", "ajar");
	loop_advance(f->loop, 1000);
	restart(f, 180000);
	status_is(f, "door",
		  "nothing is known of whether I am online; open (3 minutes "
		  "ago)");
	status_is(
		f, "window",
		"nothing is known of whether I am online; east ajar (3 minutes "
		"ago)");
	comes(f, "d/there", "online");
	comes(f, "d", "closed");
	status_is(f, "door", "online (online); closed");
	restart(f, 0);
	status_is(f, "door", "nothing is known of whether I am online; closed");
}

/* ---- discovered ones ----------------------------------------------------- */

static void
who_was_first_keeps_the_name(void **state)
{
	struct fixture *f = *state;
	announces(f, "a", "Window");
	announces(f, "b", "Heater");
	assert_non_null(device_named(f->q, "heater"));
	/* "window" is a device of the configuration. */
	comes(f, "z/a", "1");
	restart(f, 0);
	assert_null(device_named(f->q, "heater"));
	announces(f, "c", "Heater");
	assert_null(device_named(f->q, "heater"));
	announces(f, "b", "Heater");
	assert_non_null(device_named(f->q, "heater"));
	comes(f, "z/b", "warm");
	status_is(f, "heater", "online; sensor warm");
	comes(f, "z/c", "cold");
	status_is(f, "heater", "online; sensor warm");
	/* Under another title it has its name, and what it said, again. */
	loop_advance(f->loop, 1000);
	restart(f, 0);
	announces(f, "b", "Oven");
	status_is(f, "heater",
		  "nothing is known of whether I am online; sensor warm");
}

static void
who_is_taken_back_leaves_the_name_to_others(void **state)
{
	struct fixture *f = *state;

	announces(f, "b", "Heater");
	comes(f, "z/b", "warm");
	loop_advance(f->loop, 1000);
	comes(f, "ha/sensor/b/config", "");
	assert_null(device_named(f->q, "heater"));
	assert_int_equal(recorder.n_memos, 0);
	announces(f, "c", "Heater");
	assert_non_null(device_named(f->q, "heater"));
}

static void
not_more_names_are_known_than_may_be(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 20; i++) {
		char id[10];

		(void)snprintf(id, sizeof(id), "d%d", i);
		announces(f, id, id);
		restart(f, 0);
	}
	assert_int_equal(recorder.n_memos, 4);
}

/* ---- who we are ---------------------------------------------------------- */

/* What is there when we come; true if we give way to it. */
static bool
gives_way(struct fixture *f, const char *said)
{
	struct instance *i = &f->q->instance;
	const struct incoming in = { .topic = i->topic,
				     .payload = said,
				     .len = strlen(said),
				     .retained = true };

	instance_lost(f->q);
	instance_open(f->q);
	free(i->other);
	i->other = NULL;
	assert_true(instance_take(f->q, &in));
	return i->other != NULL;
}

static void
who_comes_first_takes_the_name_and_who_is_away_loses_it(void **state)
{
	struct fixture *f = *state;
	struct instance *i = &f->q->instance;
	char own[40];

	(void)snprintf(own, sizeof(own), "%s 7", i->id);
	assert_false(gives_way(f, "0123456789abcdef 5"));
	/* Now we have been there. */
	i->was_here = true;
	assert_false(gives_way(f, own));
	assert_true(gives_way(f, "0123456789abcdef 6"));
	assert_true(gives_way(f, ""));
}

static void
a_name_whose_owner_is_silent_is_free(void **state)
{
	struct fixture *f = *state;
	struct instance *i = &f->q->instance;
	const char *said = "0123456789abcdef 6";
	struct incoming in = { .topic = i->topic,
			       .payload = said,
			       .len = strlen(said),
			       .retained = true };

	i->was_here = true;
	assert_true(gives_way(f, said));
	instance_lost(f->q);
	instance_open(f->q);
	assert_true(instance_take(f->q, &in));
	/* It was not told once more. */
	assert_true(timer_is_running(&i->beat));
	instance_lost(f->q);
	instance_open(f->q);
	in.payload = "0123456789abcdef 7";
	assert_true(instance_take(f->q, &in));
	assert_string_equal(i->other, "0123456789abcdef 7");
	/* What is no news, or is too long, says nothing. */
	in.retained = false;
	in.payload = "0123456789abcdef 8";
	assert_true(instance_take(f->q, &in));
	assert_string_equal(i->other, "0123456789abcdef 7");
	in.topic = "other";
	assert_false(instance_take(f->q, &in));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_a_device_said_last_is_known_after_a_restart),
		TEST(who_was_first_keeps_the_name),
		TEST(who_is_taken_back_leaves_the_name_to_others),
		TEST(not_more_names_are_known_than_may_be),
		TEST(who_comes_first_takes_the_name_and_who_is_away_loses_it),
		TEST(a_name_whose_owner_is_silent_is_free),
	};

	return cmocka_run_group_tests_name("mqtt_known", tests, NULL, NULL);
}
