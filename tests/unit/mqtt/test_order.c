/* SPDX-License-Identifier: MIT */
/* test_order.c - commands as they are typed. */

#include "tests/support/test.h"

#include "conf/topic.h"
#include "protocols/mqtt/order.h"
#include "tests/unit/mqtt/fixture.h"

#include <string.h>

#define WINDOW                                      \
	"command = \"!window {1} {open|closed}\"; " \
	"topic = \"home:gh/{1}/window/set\"; words = \"open=1\";"
#define HEAT                           \
	"command = \"heat {5..30}\"; " \
	"topic = \"home:gh/heat\"; send = \"{{\\\"t\\\":{1}}\";"
#define NOTE "command = \"!note {1} {*}\"; topic = \"home:gh/{1}/x{1}/note\";"

/* clang-format off */
static const struct {
	const char *options, *line;
	enum order_match match;
	const char *topic, *sent;
} lines[] = {
	{ WINDOW, "!window east open", ORDER_YES, "gh/east/window/set", "1" },
	{ WINDOW, "  !WINDOW  east   CLOSED ", ORDER_YES, "gh/east/window/set", "closed" },
	{ WINDOW, "!window east", ORDER_WRONG, NULL, NULL },
	{ WINDOW, "!window east ajar", ORDER_WRONG, NULL, NULL },
	{ WINDOW, "!window east open now", ORDER_WRONG, NULL, NULL },
	{ WINDOW, "!window ../x open", ORDER_WRONG, NULL, NULL },
	{ WINDOW, "!window + open", ORDER_WRONG, NULL, NULL },
	{ WINDOW, "!window # open", ORDER_WRONG, NULL, NULL },
	{ WINDOW, "!window a/b open", ORDER_WRONG, NULL, NULL },
	{ WINDOW, "!window a\x01 open", ORDER_WRONG, NULL, NULL },
	{ WINDOW, "!window \xff open", ORDER_WRONG, NULL, NULL },
	{ WINDOW, "!window east open\n", ORDER_NO, NULL, NULL },
	{ WINDOW, "!windows east open", ORDER_NO, NULL, NULL },
	{ WINDOW, "the !window east open", ORDER_NO, NULL, NULL },
	{ WINDOW, "", ORDER_NO, NULL, NULL },
	{ WINDOW, "!window $SYS open", ORDER_YES, "gh/$SYS/window/set", "1" },
	{ HEAT, "heat 21.5", ORDER_YES, "gh/heat", "{\"t\":21.5}" },
	{ HEAT, "heat 31", ORDER_NO, NULL, NULL },
	{ HEAT, "heat nan", ORDER_NO, NULL, NULL },
	{ HEAT, "heat is what I need", ORDER_NO, NULL, NULL },
	{ NOTE, "!note a b  c ", ORDER_YES, "gh/a/xa/note", "b  c " },
	{ NOTE, "!note a", ORDER_WRONG, NULL, NULL },
};
/* clang-format on */

static void
commands_are_read_and_filled_in(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct conf *conf;
		const struct conf_rule *rule = rule_of(&conf, lines[i].options);
		const struct conf_order *o = &rule->order;
		struct order_args args;
		AUTO_STR out = { 0 };
		AUTO_STR why = { 0 };

		str_init(&out, 2000);
		str_init(&why, 2000);
		if (order_overhear(&o->pattern, lines[i].line, &args, &why) !=
		    lines[i].match)
			fail_msg("%s", lines[i].line);
		if (lines[i].topic) {
			assert_true(order_topic(&out, &o->topic, &args));
			assert_string_equal(out.data, lines[i].topic);
			str_clear(&out);
			order_text(&out, &o->send, rule, &args);
			assert_string_equal(out.data, lines[i].sent);
		}
		assert_true((lines[i].match == ORDER_WRONG) == (why.len > 0));
		conf_free(conf);
	}
}

static void
who_makes_a_mistake_is_told_how_it_is_done(void **state UNUSED)
{
	struct conf *conf;
	const struct conf_rule *rule = rule_of(&conf, WINDOW);
	struct order_args args;
	AUTO_STR why = { 0 };

	str_init(&why, 2000);
	assert_int_equal(order_read(&rule->order.pattern, "!window east ajar",
				    &args, &why),
			 ORDER_WRONG);
	assert_string_equal(why.data,
			    "expected one of the choices, found \"ajar\"; it "
			    "is: !window {1} {open|closed}");
	conf_free(conf);
}

static void
a_word_that_is_too_long_is_refused(void **state UNUSED)
{
	struct conf *conf;
	const struct conf_rule *rule = rule_of(&conf, WINDOW);
	struct order_args args;
	AUTO_STR why = { 0 };
	AUTO_STR line = { 0 };

	str_init(&why, 2000);
	str_init(&line, 2000);
	str_add(&line, "!window ");
	for (int i = 0; i <= PARAM_BYTES; i++)
		str_add_char(&line, 'x');
	str_add(&line, " open");
	assert_int_equal(order_read(&rule->order.pattern, line.data, &args,
				    &why),
			 ORDER_WRONG);
	conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_read_and_filled_in),
		cmocka_unit_test(who_makes_a_mistake_is_told_how_it_is_done),
		cmocka_unit_test(a_word_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
