/* SPDX-License-Identifier: MIT */
/* test_line.c - from topics and payloads to lines. */

#include "tests/support/test.h"

#include "protocols/mqtt/line.h"
#include "tests/unit/mqtt/fixture.h"

#include <string.h>

#define FILTER "filter = \"home:gh/+/#\"; "

/* clang-format off */
static const struct {
	const char *options, *topic, *payload, *line;
} lines[] = {
	{ FILTER "say = \"{1}: {value} °C\";", "gh/east/temp", "21.5", "east: 21.5 °C" },
	{ FILTER "say = \"{#} {topic} {name}\";", "gh/a/b/c", "", "b/c gh/a/b/c rule" },
	{ FILTER "say = \"{value:.1}\";", "gh/a/b", "21.4567", "21.5" },
	{ FILTER "say = \"{value:.0}|{value:.2}\";", "gh/a/b", "7", "7|7.00" },
	{ FILTER "say = \"{value:.2}\";", "gh/a/b", "warm", "warm" },
	{ FILTER "say = \"{{x} {value}\";", "gh/a/b", "1", "{x} 1" },
	{ FILTER "say = \"{time}\";", "gh/a/b", "1", "12:00" },
	{ FILTER, "gh/a/b", "1", "gh/a/b: 1" },
	/* fields */
	{ FILTER "say = \"{temp} {sensors[1].t} {/a/0}\";", "gh/a/b",
	  "{\"temp\":1.5,\"sensors\":[{\"t\":1},{\"t\":2}],\"a\":[7]}", "1.5 2 7" },
	{ FILTER "say = \"{a.b} {nothing} {a[0]} {a.b.c}\";", "gh/a/b", "{\"a\":{\"b\":true}}", "true ? ? ?" },
	{ FILTER "say = \"{a~b} {/x~1y/~0}\";", "gh/a/b", "{\"a~b\":1,\"x/y\":{\"~\":2}}", "1 2" },
	{ FILTER "say = \"{ts:time}\";", "gh/a/b", "{\"ts\":1748779200}", "2025-06-01 12:00" },
	{ FILTER "say = \"{ts:time}\";", "gh/a/b", "{\"ts\":1e300}", "1e+300" },
	{ FILTER "say = \"{ts:time}\";", "gh/a/b", "{\"ts\":-5}", "?" },
	{ FILTER "value = \"t\"; say = \"{value}\";", "gh/a/b", "{\"t\":3}", "3" },
	{ FILTER "value = \"t\"; say = \"{value}\";", "gh/a/b", "{\"u\":3}", "?" },
	{ FILTER "say = \"{n} {f} {s} {x}\";", "gh/a/b", "{\"n\":null,\"f\":0.1,\"s\":\"ö\",\"x\":[1,{\"a\":\"b\"}]}",
	  "null 0.1 ö [1,{\"a\":\"b\"}]" },
	{ FILTER "say = \"{value}\";", "gh/a/b", "{\"user\":\"a\",\"password\":\"b\",\"api_key\":1}",
	  "{\"user\":\"a\",\"password\":***,\"api_key\":***}" },
	/* words */
	{ FILTER "map = [ \"0=closed\", \"1=open\" ]; say = \"{value}\";", "gh/a/b", "1", "open" },
	{ FILTER "map = \"false=open\"; value = \"contact\"; say = \"{value}\";", "gh/a/b", "{\"contact\":false}", "open" },
	{ FILTER "map = \"0=\"; say = \"<{value}>\";", "gh/a/b", "0", "<>" },
	{ FILTER "map = \"0=closed\"; say = \"{value}\";", "gh/a/b", "2", "2" },
	/* what is no text, and what would break the line */
	{ FILTER "say = \"{value}\";", "gh/a/b", "\xff\xfe", "[binary, 2 bytes]" },
	{ FILTER "say = \"{value}\";", "gh/a/b", "a\x01", "[binary, 2 bytes]" },
	{ FILTER "say = \"{value}\";", "gh/a/b", "a\nb\tc", "a⏎b c" },
	{ FILTER "say = \"{value}\";", "gh/a/b", "1\r\n", "1" },
	{ FILTER "say = \"{1}\";", "gh/a\xe2\x80\x8e""b/c", "", "ab" },
	{ FILTER "say = \"{t}\";", "gh/a/b", "{\"t\":\"x\\ny\\u001b[31m\"}", "x⏎y[31m" },
	{ FILTER "payload = \"text\"; say = \"{value}|{t}\";", "gh/a/b", "{\"t\":1}", "{\"t\":1}|?" },
};
/* clang-format on */

static void
render(struct str *out, const struct conf_rule *rule, const char *topic,
       const char *payload)
{
	struct payload p;
	struct reading value;
	struct source source = {
		.rule = rule,
		.filter = rule->watch.filters[0],
		.topic = topic,
		.payload = &p,
		.value = &value,
		.wall_ms = 1748779200000,
	};

	payload_read(&p, payload, strlen(payload), rule->watch.payload);
	reading_init(&value);
	payload_get(&p, &rule->watch.value, &value);
	line_render(out, &rule->watch.say, &source);
	reading_finish(&value);
	payload_finish(&p);
}

static void
templates_are_filled_in(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct conf *conf;
		const struct conf_rule *rule = rule_of(&conf, lines[i].options);
		AUTO_STR out = { 0 };

		str_init(&out, LINE_MAX_BYTES);
		render(&out, rule, lines[i].topic, lines[i].payload);
		assert_string_equal(out.data, lines[i].line);
		conf_free(conf);
	}
}

static void
a_value_that_is_too_long_is_cut(void **state UNUSED)
{
	struct conf *conf;
	const struct conf_rule *rule =
		rule_of(&conf, FILTER "say = \"{value}.\";");
	AUTO_STR out = { 0 };
	char value[1001];

	memset(value, 'x', 1000);
	value[1000] = '\0';
	str_init(&out, LINE_MAX_BYTES);
	render(&out, rule, "gh/a/b", value);
	assert_int_equal(out.len, READING_MAX + strlen("…."));
	conf_free(conf);
}

static void
names_become_one_level_of_a_topic(void **state UNUSED)
{
	static const struct {
		const char *name, *level;
	} cases[] = {
		{ "#Foo", "%23Foo" }, { "#C++", "%23C%2B%2B" },
		{ "a/b", "a%2Fb" },   { "$x$", "%24x$" },
		{ "100%", "100%25" }, { "Ünal B", "Ünal B" },
		{ "a\tb", "a%09b" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR out = { 0 };

		str_init(&out, 100);
		level_encode(&out, cases[i].name);
		assert_string_equal(out.data, cases[i].level);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_are_filled_in),
		cmocka_unit_test(a_value_that_is_too_long_is_cut),
		cmocka_unit_test(names_become_one_level_of_a_topic),
	};

	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
