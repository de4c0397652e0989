/* SPDX-License-Identifier: MIT */
/* test_payload.c - what a payload is, and what holds of it. */

#include "tests/support/test.h"

#include "protocols/mqtt/payload.h"
#include "tests/unit/mqtt/fixture.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct {
	const char *bytes;
	enum conf_payload as;
	enum payload_kind kind;
} kinds[] = {
	{ "", CONF_PAYLOAD_AUTO, PAYLOAD_TEXT },
	{ "21.5", CONF_PAYLOAD_AUTO, PAYLOAD_TEXT },
	{ "{\"a\":1}", CONF_PAYLOAD_AUTO, PAYLOAD_JSON },
	{ " [1]", CONF_PAYLOAD_AUTO, PAYLOAD_JSON },
	{ "{\"a\":1", CONF_PAYLOAD_AUTO, PAYLOAD_TEXT },
	{ "{\"a\":1", CONF_PAYLOAD_JSON, PAYLOAD_WRONG },
	{ "{\"a\":1,\"a\":2}", CONF_PAYLOAD_JSON, PAYLOAD_WRONG },
	{ "{\"a\":1}x", CONF_PAYLOAD_JSON, PAYLOAD_WRONG },
	{ "21", CONF_PAYLOAD_JSON, PAYLOAD_WRONG },
	{ "{}", CONF_PAYLOAD_TEXT, PAYLOAD_TEXT },
	{ "x", CONF_PAYLOAD_NUMBER, PAYLOAD_WRONG },
	{ " 21.5\n", CONF_PAYLOAD_NUMBER, PAYLOAD_TEXT },
	{ "\xc3\x28", CONF_PAYLOAD_AUTO, PAYLOAD_BINARY },
	{ "\x01", CONF_PAYLOAD_TEXT, PAYLOAD_BINARY },
	{ "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"", CONF_PAYLOAD_AUTO, PAYLOAD_TEXT },
	{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", CONF_PAYLOAD_JSON, PAYLOAD_WRONG },
	{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", CONF_PAYLOAD_JSON, PAYLOAD_JSON },
	{ "[\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]", CONF_PAYLOAD_AUTO, PAYLOAD_JSON },
};
/* clang-format on */

static void
a_payload_is_what_it_looks_like(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct payload p;

		payload_read(&p, kinds[i].bytes, strlen(kinds[i].bytes),
			     kinds[i].as);
		if (p.kind != kinds[i].kind)
			fail_msg("%s is %d", kinds[i].bytes, p.kind);
		payload_finish(&p);
	}
}

static void
what_is_too_large_or_has_a_nul_is_not_read(void **state UNUSED)
{
	char *bytes = xcalloc(PAYLOAD_MAX + 1, 1);
	struct payload p;

	payload_read(&p, "a\0b", 3, CONF_PAYLOAD_AUTO);
	assert_int_equal(p.kind, PAYLOAD_BINARY);
	memset(bytes, '[', PAYLOAD_MAX + 1);
	payload_read(&p, bytes, PAYLOAD_MAX + 1, CONF_PAYLOAD_JSON);
	assert_int_equal(p.kind, PAYLOAD_LARGE);
	payload_read(&p, bytes, PAYLOAD_MAX, CONF_PAYLOAD_AUTO);
	assert_int_equal(p.kind, PAYLOAD_TEXT);
	payload_finish(&p);
	free(bytes);
}

static void
what_is_announced_as_no_text_is_none(void **state UNUSED)
{
	static const struct {
		const char *type;
		bool says_text;
		const char *bytes;
		enum payload_kind kind;
	} cases[] = {
		{ NULL, false, "GIF89a", PAYLOAD_TEXT },
		{ "image/gif", false, "GIF89a", PAYLOAD_BINARY },
		{ "IMAGE/gif", false, "GIF89a", PAYLOAD_BINARY },
		{ "image/svg+xml", true, "<svg/>", PAYLOAD_TEXT },
		{ "application/octet-stream", false, "x", PAYLOAD_BINARY },
		{ "text/plain", false, "x", PAYLOAD_TEXT },
		{ "text/plain", true, "\xff", PAYLOAD_BINARY },
		{ "application/octet-stream", false, "{\"a\":1}",
		  PAYLOAD_JSON },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct payload p;

		payload_read(&p, cases[i].bytes, strlen(cases[i].bytes),
			     CONF_PAYLOAD_AUTO);
		payload_heed(&p, cases[i].type, cases[i].says_text);
		assert_int_equal(p.kind, cases[i].kind);
		payload_finish(&p);
	}
}

static void
numbers_are_decimal(void **state UNUSED)
{
	static const char *const good[] = { "1",   "-1.5", "+2",
					    "1e3", " 7 ",  ".5" };
	static const char *const bad[] = { "",    "nan", "inf", "0x10",  "1,5",
					   "1 2", "e",   "--1", "1e999", "." };
	double n;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!number_parse(good[i], strlen(good[i]), &n))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (number_parse(bad[i], strlen(bad[i]), &n))
			fail_msg("%s", bad[i]);
}

static const struct {
	const char *condition, *payload;
	bool holds;
} conditions[] = {
	{ "value > 30", "31", true },
	{ "value > 30", "30", false },
	{ "value > 30", "warm", false },
	{ "value >= 30", "30.0", true },
	{ "value<=30", "30", true },
	{ "value < 30", "29", true },
	{ "value = 30", "30.0", true },
	{ "value != 30", "30", false },
	{ "value = open", "open", true },
	{ "value == open", "Open", false },
	{ "value != open", "closed", true },
	{ "value = \\\"a b\\\"", "a b", true },
	{ "t > 1 and mode = auto", "{\"t\":2,\"mode\":\"auto\"}", true },
	{ "t > 1 and mode = auto", "{\"t\":2,\"mode\":\"off\"}", false },
	{ "t > 1 and t < 3", "{\"t\":2}", true },
	{ "t > 1", "{\"u\":2}", false },
	{ "t != 1", "{\"u\":2}", false },
	{ "a[0].b = 1", "{\"a\":[{\"b\":1}]}", true },
	{ "on = true", "{\"on\":true}", true },
};

static void
conditions_hold_or_do_not(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(conditions); i++) {
		AUTO_STR options = { 0 };
		struct conf *conf;
		struct payload p;
		struct reading value;
		const struct conf_rule *rule;

		str_init(&options, 1000);
		str_printf(&options, "filter = \"home:a\"; only_if = \"%s\";",
			   conditions[i].condition);
		rule = rule_of(&conf, options.data);
		payload_read(&p, conditions[i].payload,
			     strlen(conditions[i].payload), CONF_PAYLOAD_AUTO);
		reading_init(&value);
		payload_get(&p, &rule->watch.value, &value);
		if (condition_holds(&rule->watch.only_if, &p, &value) !=
		    conditions[i].holds)
			fail_msg("%s of %s", conditions[i].condition,
				 conditions[i].payload);
		reading_finish(&value);
		payload_finish(&p);
		conf_free(conf);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_payload_is_what_it_looks_like),
		cmocka_unit_test(what_is_too_large_or_has_a_nul_is_not_read),
		cmocka_unit_test(what_is_announced_as_no_text_is_none),
		cmocka_unit_test(numbers_are_decimal),
		cmocka_unit_test(conditions_hold_or_do_not),
	};

	return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
