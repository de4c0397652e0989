/* SPDX-License-Identifier: MIT */
/* test_found.c - what devices say of themselves, and what they become. */

#include "tests/support/test.h"

#include "bridge/pool.h"
#include "bridge/str.h"
#include "protocols/mqtt/found.h"

#include <stdio.h>
#include <string.h>

static const char *const topics[] = { "z/#", "homie/#" };
static const char *const who[] = { "*" };
static const struct conf_discovery limits = {
	.topics = topics, .n_topics = 2, .max = 10, .who = who, .n_who = 1
};

/* ---- templates ----------------------------------------------------------- */

static const struct {
	const char *text, *field; /* NULL: not understood */
	int decimals;
} fields[] = {
	{ "{{ value_json.temperature }}", "/temperature", -1 },
	{ "{{value_json.a.b[0]['c d']}}", "/a/b/0/c d", -1 },
	{ "{{ value_json[\"x-y\"] | round(1) }}", "/x-y", 1 },
	{ "{{ value_json.t | float | round(2) }}", "/t", 2 },
	{ "{{ value_json.t | float(0) | round }}", "/t", 0 },
	{ "{{ value }}", "", -1 },
	{ "{{ value | round(1) }}", "", 1 },
	{ "{{ value_json }}", "", -1 },
	{ "{{ value_json.a", NULL, 0 },
	{ "{{ value_json. }}", NULL, 0 },
	{ "{{ value_json.a + 1 }}", NULL, 0 },
	{ "{{ value_json['a/b'] }}", NULL, 0 },
	{ "{{ value_json['a }}", NULL, 0 },
	{ "{{ value_json[-1] }}", NULL, 0 },
	{ "{{ value_json.a }} °C", NULL, 0 },
	{ "{{ value_json.a | timestamp_local }}", NULL, 0 },
	{ "{{ valuex }}", NULL, 0 },
	{ "{% if value_json.a %}1{% endif %}", NULL, 0 },
	{ "{{ states('x') }}", NULL, 0 },
	{ "", NULL, 0 },
};

static void
templates_that_name_a_field_are_understood(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		struct found_field field;
		bool known = hass_field(fields[i].text, &field);

		if (known != (fields[i].field != NULL))
			fail_msg("%s: %s", fields[i].text, field.pointer);
		if (!known)
			continue;
		assert_string_equal(field.pointer, fields[i].field);
		assert_int_equal(field.decimals, fields[i].decimals);
	}
}

static void
what_is_too_long_for_its_place_is_not_understood(void **state UNUSED)
{
	struct found_field field;
	char text[300];

	(void)snprintf(text, sizeof(text), "{{ value_json.%0199d }}", 1);
	assert_false(hass_field(text, &field));
	(void)snprintf(text, sizeof(text), "{{ value_json.%0198d }}", 1);
	assert_true(hass_field(text, &field));
}

static void
names_are_made_of_what_fits_an_address(void **state UNUSED)
{
	char slug[12];

	found_slug(slug, sizeof(slug), "Living Room  Lamp");
	assert_string_equal(slug, "living-room");
	found_slug(slug, sizeof(slug), "--Å/%@x--");
	assert_string_equal(slug, "x");
	found_slug(slug, sizeof(slug), "日本");
	assert_string_equal(slug, "");
}

/* ---- Home Assistant ------------------------------------------------------ */

#define DEV "\"dev\":{\"ids\":[\"0x1\"],\"name\":\"Window East\"}"

static struct found *
hass(struct pool *pool, const struct fact *facts, size_t n)
{
	const struct facts all = { "ha", "0x1", facts, n, &limits };

	return hass_build(pool, &all);
}

static void
entities_of_one_device_are_one_device(void **state UNUSED)
{
	static const struct fact facts[] = {
		{ "ha/sensor/0x1/temp/config",
		  "{\"~\":\"z/east\",\"stat_t\":\"~\",\"name\":\"temperature\","
		  "\"val_tpl\":\"{{ value_json.t | round(1) }}\","
		  "\"unit_of_meas\":\"°C {x}\",\"avty_mode\":\"all\","
		  "\"avty\":[{\"t\":\"z/bridge\","
		  "\"val_tpl\":\"{{ value_json.state }}\"},{\"t\":\"~/there\","
		  "\"pl_avail\":\"yes\"}]," DEV "}" },
		{ "ha/switch/0x1/heater/config",
		  "{\"state_topic\":\"z/east/heater\",\"name\":\"Heater\","
		  "\"command_topic\":\"z/east/heater/set\","
		  "\"payload_on\":\"1\",\"availability_mode\":\"all\","
		  "\"availability_topic\":\"z/east/there\"," DEV "}" },
	};
	struct pool *pool = pool_new();
	struct found *f = hass(pool, facts, 2);
	const struct conf_device *d;
	char id[20];

	assert_true(hass_device_id(facts[1].text, id, sizeof(id)));
	assert_string_equal(id, "0x1");
	assert_non_null(f);
	assert_string_equal(f->title, "Window East");
	d = f->device;
	assert_int_equal(d->n_states, 2);
	assert_string_equal(d->states[0].filter, "z/east");
	assert_string_equal(d->states[0].label, "temperature");
	assert_int_equal(d->states[0].say.n, 2);
	assert_string_equal(d->states[0].say.pieces[1].text, " °C {x}");
	assert_int_equal(d->n_signs, 2);
	assert_false(d->any_sign);
	assert_string_equal(d->signs[0].topic, "z/bridge");
	assert_string_equal(d->signs[0].field.steps[0].key, "state");
	assert_string_equal(d->signs[1].topic, "z/east/there");
	assert_string_equal(d->signs[1].online[0], "yes");
	assert_int_equal(d->n_orders, 1);
	assert_string_equal(d->orders[0]->name, "heater");
	assert_string_equal(d->orders[0]->order.pattern.text,
			    "heater {on|off}");
	assert_string_equal(d->orders[0]->order.map[0].to, "1");
	assert_string_equal(d->orders[0]->order.map[1].to, "OFF");
	assert_int_equal(d->orders[0]->order.ack.n, 1);
	pool_free(pool);
}

static const struct {
	const char *component, *config;
	const char *pattern; /* NULL: no command */
} orders[] = {
	{ "button", "\"cmd_t\":\"z/x\"", "it" },
	{ "number", "\"cmd_t\":\"z/x\",\"min\":5,\"max\":30", "it {5..30}" },
	{ "select", "\"cmd_t\":\"z/x\",\"ops\":[\"a\",\"b\"]", "it {a|b}" },
	{ "select", "\"cmd_t\":\"z/x\",\"ops\":[\"a b\",\"b\"]", NULL },
	{ "select", "\"cmd_t\":\"z/x\"", NULL },
	{ "cover", "\"cmd_t\":\"z/x\"", "it {open|close|stop}" },
	{ "lock", "\"cmd_t\":\"z/x\"", "it {lock|unlock}" },
	{ "text", "\"cmd_t\":\"z/x\"", "it {*}" },
	{ "climate", "\"cmd_t\":\"z/x\"", NULL },
	{ "switch", "\"cmd_t\":\"z/+/x\"", NULL },
	{ "switch", "\"cmd_t\":\"$SYS/x\"", NULL },
	{ "switch", "\"cmd_t\":\"else/x\"", NULL },
	{ "switch", "\"cmd_t\":\"z/x\",\"cmd_tpl\":\"{{ value }}\"", NULL },
	{ "light", "\"cmd_t\":\"z/x\",\"schema\":\"json\"", NULL },
	{ "sensor", "\"cmd_t\":\"z/x\"", NULL },
};

static void
commands_are_what_the_component_has(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		struct pool *pool = pool_new();
		struct found *f;
		AUTO_STR topic = { 0 };
		AUTO_STR text = { 0 };

		str_init(&topic, 1000);
		str_init(&text, 1000);
		str_printf(&topic, "ha/%s/o/config", orders[i].component);
		str_printf(&text,
			   "{\"name\":\"it\",\"stat_t\":\"z/s\",%s," DEV "}",
			   orders[i].config);

		const struct fact fact = { topic.data, text.data };

		f = hass(pool, &fact, 1);
		assert_non_null(f);
		if (f->device->n_orders != (orders[i].pattern != NULL))
			fail_msg("%s", text.data);
		if (orders[i].pattern)
			assert_string_equal(
				f->device->orders[0]->order.pattern.text,
				orders[i].pattern);
		pool_free(pool);
	}
}

static void
nothing_outside_the_allowed_topics_is_touched(void **state UNUSED)
{
	static const struct fact facts[] = {
		{ "ha/sensor/a/config",
		  "{\"name\":\"a\",\"stat_t\":\"secret/x\"," DEV "}" },
		{ "ha/sensor/b/config",
		  "{\"name\":\"b\",\"stat_t\":\"#\"," DEV "}" },
		{ "ha/sensor/c/config",
		  "{\"name\":\"c\",\"stat_t\":\"z/+\"," DEV "}" },
		{ "ha/sensor/d/config", "[1]" },
		{ "ha/sensor/e/config", "{\"name\":5,\"stat_t\":[]," DEV "}" },
	};
	struct pool *pool = pool_new();
	char id[20];

	assert_null(hass(pool, facts, ARRAY_SIZE(facts)));
	assert_false(hass_device_id("[1]", id, sizeof(id)));
	assert_false(hass_device_id("{\"dev\":{\"ids\":[5]}}", id, 20));
	assert_false(hass_device_id("{\"uniq_id\":\"0123456789\"}", id, 10));
	assert_true(hass_device_id("{\"uniq_id\":\"0123456789\"}", id, 11));
	pool_free(pool);
}

static void
there_is_an_end_to_what_a_device_has(void **state UNUSED)
{
	struct fact facts[100];
	char names[100][40], texts[100][200];
	struct pool *pool = pool_new();
	struct found *f;

	for (size_t i = 0; i < 100; i++) {
		(void)snprintf(names[i], 40, "ha/button/o%zu/config", i);
		(void)snprintf(texts[i], 200,
			       "{\"name\":\"n%zu\",\"stat_t\":\"z/%zu\","
			       "\"cmd_t\":\"z/%zu/c\",\"avty_t\":\"z/%zu/a\"}",
			       i, i, i, i);
		facts[i] = (struct fact){ names[i], texts[i] };
	}
	f = hass(pool, facts, 100);
	assert_int_equal(f->device->n_states, FOUND_STATES_MAX);
	assert_int_equal(f->device->n_orders, FOUND_ORDERS_MAX);
	assert_int_equal(f->device->n_signs, FOUND_SIGNS_MAX);
	pool_free(pool);
}

/* ---- Homie --------------------------------------------------------------- */

static void
homie_5_is_described_by_one_object(void **state UNUSED)
{
	static const struct fact facts[] = {
		{ "homie/5/win/$description",
		  "{\"homie\":\"5.0\",\"name\":\"Window\",\"root\":\"hub\","
		  "\"nodes\":{\"n\":{\"properties\":{"
		  "\"temp\":{\"name\":\"Temperature\",\"datatype\":\"float\","
		  "\"unit\":\"°C\"},"
		  "\"mode\":{\"datatype\":\"enum\",\"format\":\"open,closed\","
		  "\"settable\":true},"
		  "\"level\":{\"datatype\":\"integer\",\"format\":\"0:100:5\","
		  "\"settable\":true},"
		  "\"colour\":{\"datatype\":\"color\",\"settable\":true},"
		  "\"a/b\":{\"datatype\":\"string\",\"settable\":true}"
		  "}}}}" },
	};
	const struct facts all = { "homie/5", "win", facts, 1, &limits };
	struct pool *pool = pool_new();
	struct found *f = homie_build(pool, &all);

	assert_non_null(f);
	assert_string_equal(f->title, "Window");
	assert_int_equal(f->device->n_signs, 2);
	assert_string_equal(f->device->signs[0].topic, "homie/5/win/$state");
	assert_string_equal(f->device->signs[1].topic, "homie/5/hub/$state");
	assert_false(f->device->any_sign);
	assert_int_equal(f->device->n_states, 5);
	assert_string_equal(f->device->states[0].filter, "homie/5/win/n/temp");
	assert_string_equal(f->device->states[0].label, "Temperature");
	assert_int_equal(f->device->n_orders, 3);
	assert_string_equal(f->device->orders[0]->order.pattern.text,
			    "mode {open|closed}");
	assert_string_equal(f->device->orders[1]->order.pattern.text,
			    "level {0..100}");
	pool_free(pool);
}

static void
homie_4_is_described_by_many_topics(void **state UNUSED)
{
	static const struct fact facts[] = {
		{ "homie/lamp/$name", "Lamp" },
		{ "homie/lamp/$nodes", "l,x#,m" },
		{ "homie/lamp/l/$properties", "power, dim" },
		{ "homie/lamp/m/$properties", "volt" },
		{ "homie/lamp/l/power/$datatype", "boolean" },
		{ "homie/lamp/l/power/$settable", "true" },
		{ "homie/lamp/m/volt/$unit", "V" },
		{ "homie/lamp/m/volt/$name", "Voltage" },
	};
	const struct facts all = { "homie", "lamp", facts, ARRAY_SIZE(facts),
				   &limits };
	const struct facts less = { "homie", "lamp", facts, 1, &limits };
	struct pool *pool = pool_new();
	struct found *f = homie_build(pool, &all);

	assert_non_null(f);
	assert_string_equal(f->title, "Lamp");
	/* What follows a name that cannot be one is not read. */
	assert_int_equal(f->device->n_states, 2);
	assert_int_equal(f->device->n_orders, 1);
	assert_string_equal(f->device->orders[0]->order.pattern.text,
			    "l-power {true|false}");
	assert_null(homie_build(pool, &less));
	pool_free(pool);
}

static void
without_somebody_who_may_there_are_no_commands(void **state UNUSED)
{
	static const struct fact fact = { "ha/button/o/config",
					  "{\"stat_t\":\"z/s\","
					  "\"cmd_t\":\"z/c\"," DEV "}" };
	const struct conf_discovery nobody = { .topics = topics,
					       .n_topics = 2 };
	const struct facts all = { "ha", "0x1", &fact, 1, &nobody };
	struct pool *pool = pool_new();
	struct found *f = hass_build(pool, &all);

	assert_int_equal(f->device->n_states, 1);
	assert_int_equal(f->device->n_orders, 0);
	pool_free(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_that_name_a_field_are_understood),
		cmocka_unit_test(
			what_is_too_long_for_its_place_is_not_understood),
		cmocka_unit_test(names_are_made_of_what_fits_an_address),
		cmocka_unit_test(entities_of_one_device_are_one_device),
		cmocka_unit_test(commands_are_what_the_component_has),
		cmocka_unit_test(nothing_outside_the_allowed_topics_is_touched),
		cmocka_unit_test(there_is_an_end_to_what_a_device_has),
		cmocka_unit_test(homie_5_is_described_by_one_object),
		cmocka_unit_test(homie_4_is_described_by_many_topics),
		cmocka_unit_test(
			without_somebody_who_may_there_are_no_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
