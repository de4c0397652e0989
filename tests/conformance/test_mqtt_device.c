/* SPDX-License-Identifier: MIT */
/* test_mqtt_device.c - what those who watch a device are told. */

#include "tests/support/test.h"

#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/protocol.h"
#include "conf/rules.h"
#include "protocols/mqtt/device.h"
#include "protocols/mqtt/mqtt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the bridge was told last; the recorder has no contacts. */
static struct told {
	unsigned n;
	struct availability a;
	char status[200];
} told;

void
bridge_contact(struct contact *contact, const struct availability *a)
{
	assert_non_null(contact);
	told.n++;
	told.a = *a;
	(void)snprintf(told.status, sizeof(told.status), "%s",
		       a->status ? a->status : "-");
}

struct fixture {
	struct loop *loop;
	struct conf_step step;
	struct conf_piece piece;
	struct conf_sign sign;
	struct conf_state states[2];
	struct conf_device devices[2];
	struct conf_mqtt mqtt;
	struct conf_network conf;
	struct network *net;
	struct contact contact;
};

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct error err;

	log_set_level(LOG_LEVEL_BUG);
	told = (struct told){ 0 };
	f->loop = loop_new();
	f->piece = (struct conf_piece){ .kind = PIECE_VALUE, .decimals = -1 };
	f->step = (struct conf_step){ "state", false, 0 };
	f->sign.topic = "door/there";
	f->states[0] = (struct conf_state){ "door", NULL, { &f->piece, 1 } };
	f->states[1] = (struct conf_state){ "bell", NULL, { &f->piece, 1 } };
	f->devices[0] = (struct conf_device){ .name = "door",
					      .signs = &f->sign,
					      .n_signs = 1,
					      .states = &f->states[0],
					      .n_states = 1 };
	f->devices[1] = (struct conf_device){ .name = "bell",
					      .states = &f->states[1],
					      .n_states = 1 };
	f->mqtt = (struct conf_mqtt){
		.host = "127.0.0.1",
		.port = 1,
		.client_id = "test",
		.base = "causeway",
		.window = 1,
		.topics_max = 10,
		.devices = f->devices,
		.n_devices = 2,
	};
	f->conf = (struct conf_network){ .name = "home",
					 .protocol = "mqtt",
					 .mqtt = &f->mqtt };
	f->net = mqtt_protocol.ops.create(&f->conf, f->loop, &err);
	assert_non_null(f->net);
	f->contact = (struct contact){ .network = f->net, .person = "door" };
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	mqtt_protocol.ops.destroy(f->net);
	loop_free(f->loop);
	free(f);
	return 0;
}

static void
comes(struct fixture *f, const char *topic, const char *payload)
{
	const struct incoming in = { .topic = topic,
				     .payload = payload,
				     .len = strlen(payload) };

	devices_take(container_of(f->net, struct mqtt, net), &in);
}

static void
who_watches_is_told_at_once_and_at_every_change(void **state)
{
	struct fixture *f = *state;

	mqtt_protocol.ops.watch(f->net, &f->contact);
	assert_int_equal(told.n, 1);
	assert_false(told.a.known);
	comes(f, "door/there", "online");
	assert_int_equal(told.n, 2);
	assert_true(told.a.known && told.a.online);
	comes(f, "door", "open");
	assert_int_equal(told.n, 3);
	assert_string_equal(told.status, "open");
	comes(f, "door", "open");
	comes(f, "other", "x");
	assert_int_equal(told.n, 3);
	comes(f, "door/there", "offline");
	assert_true(told.a.known);
	assert_false(told.a.online);
	assert_string_equal(told.status, "offline");
}

static void
who_watches_no_more_is_told_nothing(void **state)
{
	struct fixture *f = *state;

	mqtt_protocol.ops.watch(f->net, &f->contact);
	mqtt_protocol.ops.unwatch(f->net, &f->contact);
	comes(f, "door/there", "online");
	assert_int_equal(told.n, 1);
	/* But what came meanwhile is known. */
	mqtt_protocol.ops.watch(f->net, &f->contact);
	assert_true(told.a.known && told.a.online);
}

static const struct {
	const char *payload;
	bool online;
	enum presence_show show;
	const char *status;
} words[] = {
	{ "online", true, SHOW_ONLINE, "-" },
	{ "READY\n", true, SHOW_ONLINE, "-" },
	{ "true", true, SHOW_ONLINE, "-" },
	{ "1", true, SHOW_ONLINE, "-" },
	{ "sleeping", true, SHOW_XA, "-" },
	{ "offline", false, SHOW_ONLINE, "offline" },
	{ "disconnected", false, SHOW_ONLINE, "disconnected" },
	{ "lost", false, SHOW_ONLINE, "connection lost" },
	{ "0", false, SHOW_ONLINE, "0" },
};

static void
words_of_the_usual_conventions_are_understood(void **state)
{
	struct fixture *f = *state;

	mqtt_protocol.ops.watch(f->net, &f->contact);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		comes(f, "door/there", words[i].payload);
		assert_int_equal(told.a.online, words[i].online);
		assert_int_equal(told.a.show, words[i].show);
		assert_string_equal(told.status, words[i].status);
	}
}

static void
what_says_nothing_of_it_is_there_when_it_speaks(void **state)
{
	struct fixture *f = *state;

	f->contact.person = "bell";
	mqtt_protocol.ops.watch(f->net, &f->contact);
	assert_false(told.a.known);
	comes(f, "bell", "ding");
	assert_true(told.a.known && told.a.online);
	assert_string_equal(told.status, "ding");
}

static void
a_field_of_json_may_tell_it(void **state)
{
	struct fixture *f = *state;

	f->sign.field = (struct conf_path){ &f->step, 1 };
	mqtt_protocol.ops.watch(f->net, &f->contact);
	comes(f, "door/there", "{\"state\":\"online\"}");
	assert_true(told.a.online);
	comes(f, "door/there", "{\"nothing\":1}");
	comes(f, "door/there", "\xff\xff");
	comes(f, "door/there", "");
	assert_true(told.a.online);
}

static void
only_devices_that_are_configured_can_be_followed(void **state)
{
	struct fixture *f = *state;
	char id[20] = "";

	assert_true(mqtt_protocol.ops.resolve(f->net, "door", id, sizeof(id)));
	assert_string_equal(id, "door");
	assert_false(
		mqtt_protocol.ops.resolve(f->net, "doors", id, sizeof(id)));
	assert_false(mqtt_protocol.ops.resolve(f->net, "door", id, 4));
	f->contact.person = "nobody";
	mqtt_protocol.ops.watch(f->net, &f->contact);
	assert_int_equal(told.n, 1);
	assert_false(told.a.known);
	mqtt_protocol.ops.unwatch(f->net, &f->contact);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(who_watches_is_told_at_once_and_at_every_change),
		TEST(who_watches_no_more_is_told_nothing),
		TEST(words_of_the_usual_conventions_are_understood),
		TEST(what_says_nothing_of_it_is_there_when_it_speaks),
		TEST(a_field_of_json_may_tell_it),
		TEST(only_devices_that_are_configured_can_be_followed),
	};

	return cmocka_run_group_tests_name("mqtt_device", tests, NULL, NULL);
}
