/* SPDX-License-Identifier: MIT */
/*
 * test_mqtt_known.c - what is known again of devices after a restart. There is
 * no broker, and the clock is turned by hand.
 */

#include "tests/support/test.h"

#include "bridge/protocol.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "protocols/mqtt/device.h"
#include "protocols/mqtt/discover.h"
#include "protocols/mqtt/mqtt.h"
#include "tests/conformance/mqtt_house.h"
#include "tests/support/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] =
	"networks: {\n" HOUSE_XMPP
	"home: { protocol = \"mqtt\"; broker = \"mqtt://localhost\";\n"
	"devices: { window: { state = \"w/+\"; say = \"{1} {value}\"; };\n"
	"door: { state = \"d\"; availability = \"d/there\"; }; };\n"
	"discovery: { home_assistant = \"ha\"; topics = \"z/#\"; max = 2; };\n"
	"}; };\n";

void
bridge_contact(struct contact *contact UNUSED,
	       const struct availability *a UNUSED)
{
}

static void
begin(struct house *h)
{
	house_open(h, text);
	devices_open(h->q);
	discovery_open(h->q);
}

static void
restart(struct house *h, int64_t away_ms)
{
	house_close(h);
	h->wall_ms += away_ms;
	begin(h);
}

static int
setup(void **state)
{
	*state = xcalloc(1, sizeof(struct house));
	house_begin(*state);
	begin(*state);
	return 0;
}

static int
teardown(void **state)
{
	house_end(*state);
	free(*state);
	return 0;
}

static void
comes(struct house *h, const char *topic, const char *payload)
{
	const struct incoming in = { .topic = topic,
				     .payload = payload,
				     .len = strlen(payload) };

	discovery_take(h->q, &in);
	devices_take(h->q, &in);
	loop_advance(h->loop, 250);
}

static void
status_is(struct house *h, const char *name, const char *expected)
{
	const struct device *d = device_named(h->q, name);
	AUTO_STR out = { 0 };

	str_init(&out, 10000);
	assert_non_null(d);
	device_status(&out, d);
	assert_string_equal(out.data, expected);
}

/* What the device of that id calls itself. */
static void
announces(struct house *h, const char *id, const char *name)
{
	char topic[100], payload[300];

	(void)snprintf(topic, sizeof(topic), "ha/sensor/%s/config", id);
	(void)snprintf(payload, sizeof(payload),
		       "{\"state_topic\":\"z/%s\",\"device\":"
		       "{\"identifiers\":[\"%s\"],\"name\":\"%s\"}}",
		       id, id, name);
	comes(h, topic, payload);
}

/* ---- what they said ------------------------------------------------------ */

static void
what_a_device_said_last_is_known_after_a_restart(void **state)
{
	struct house *h = *state;

	comes(h, "d/there", "online");
	comes(h, "d", "open");
	comes(h, "w/east", "ajar");
	loop_advance(h->loop, 1000);
	restart(h, 180000);
	status_is(h, "door",
		  "nothing is known of whether I am online; open (3 minutes "
		  "ago)");
	status_is(
		h, "window",
		"nothing is known of whether I am online; east ajar (3 minutes "
		"ago)");
	comes(h, "d/there", "online");
	comes(h, "d", "closed");
	status_is(h, "door", "online (online); closed");
	restart(h, 0);
	status_is(h, "door", "nothing is known of whether I am online; closed");
}

/* ---- discovered ones ----------------------------------------------------- */

static void
who_was_first_keeps_the_name(void **state)
{
	struct house *h = *state;
	announces(h, "a", "Window");
	announces(h, "b", "Heater");
	assert_non_null(device_named(h->q, "heater"));
	/* "window" is a device of the configuration. */
	comes(h, "z/a", "1");
	restart(h, 0);
	assert_null(device_named(h->q, "heater"));
	announces(h, "c", "Heater");
	assert_null(device_named(h->q, "heater"));
	announces(h, "b", "Heater");
	assert_non_null(device_named(h->q, "heater"));
	comes(h, "z/b", "warm");
	status_is(h, "heater", "online; sensor warm");
	comes(h, "z/c", "cold");
	status_is(h, "heater", "online; sensor warm");
	/* Under another title it has its name, and what it said, again. */
	loop_advance(h->loop, 1000);
	restart(h, 0);
	announces(h, "b", "Oven");
	status_is(h, "heater",
		  "nothing is known of whether I am online; sensor warm");
}

static void
who_is_taken_back_leaves_the_name_to_others(void **state)
{
	struct house *h = *state;

	announces(h, "b", "Heater");
	comes(h, "z/b", "warm");
	loop_advance(h->loop, 1000);
	comes(h, "ha/sensor/b/config", "");
	assert_null(device_named(h->q, "heater"));
	assert_int_equal(recorder.n_memos, 0);
	announces(h, "c", "Heater");
	assert_non_null(device_named(h->q, "heater"));
}

static void
not_more_names_are_known_than_may_be(void **state)
{
	struct house *h = *state;

	for (int i = 0; i < 20; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "d%d", i);
		announces(h, id, id);
		restart(h, 0);
	}
	assert_int_equal(recorder.n_memos, 4);
}

/* ---- who we are ---------------------------------------------------------- */

/* What is there when we come; true if we give way to it. */
static bool
gives_way(struct house *h, const char *said)
{
	struct instance *i = &h->q->instance;
	const struct incoming in = { .topic = i->topic,
				     .payload = said,
				     .len = strlen(said),
				     .retained = true };

	instance_lost(h->q);
	instance_open(h->q);
	free(i->other);
	i->other = NULL;
	assert_true(instance_take(h->q, &in));
	return i->other != NULL;
}

static void
who_comes_first_takes_the_name_and_who_is_away_loses_it(void **state)
{
	struct house *h = *state;
	struct instance *i = &h->q->instance;
	char own[40];

	(void)snprintf(own, sizeof(own), "%s 7", i->id);
	assert_false(gives_way(h, "0123456789abcdef 5"));
	/* Now we have been there. */
	i->was_here = true;
	assert_false(gives_way(h, own));
	assert_true(gives_way(h, "0123456789abcdef 6"));
	assert_true(gives_way(h, ""));
}

static void
a_name_whose_owner_is_silent_is_free(void **state)
{
	struct house *h = *state;
	struct instance *i = &h->q->instance;
	const char *said = "0123456789abcdef 6";
	struct incoming in = { .topic = i->topic,
			       .payload = said,
			       .len = strlen(said),
			       .retained = true };

	i->was_here = true;
	assert_true(gives_way(h, said));
	instance_lost(h->q);
	instance_open(h->q);
	assert_true(instance_take(h->q, &in));
	/* It was not told once more. */
	assert_true(timer_is_running(&i->beat));
	instance_lost(h->q);
	instance_open(h->q);
	in.payload = "0123456789abcdef 7";
	assert_true(instance_take(h->q, &in));
	assert_string_equal(i->other, "0123456789abcdef 7");
	/* What is no news, or is too long, says nothing. */
	in.retained = false;
	in.payload = "0123456789abcdef 8";
	assert_true(instance_take(h->q, &in));
	assert_string_equal(i->other, "0123456789abcdef 7");
	in.topic = "other";
	assert_false(instance_take(h->q, &in));
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
