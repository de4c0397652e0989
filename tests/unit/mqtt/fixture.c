/* SPDX-License-Identifier: MIT */
/* fixture.c - rules as they are written. */

#include "tests/support/test.h"

#include "tests/unit/mqtt/fixture.h"

#include <stdlib.h>

const struct conf_rule *
rule_of(struct conf **conf, const char *options)
{
	AUTO_STR text = { 0 };
	AUTO_STR errors = { 0 };

	(void)setenv("SECRET_OF_TESTS", "x", 1);
	str_init(&text, 65536);
	str_init(&errors, 65536);
	str_printf(&text,
		   "networks: {\n"
		   "xmpp: { protocol = \"xmpp\"; component = \"gw.localhost\";"
		   " server = \"127.0.0.1:5347\";"
		   " secret = \"env:SECRET_OF_TESTS\"; };\n"
		   "home: { protocol = \"mqtt\";"
		   " broker = \"mqtt://localhost\"; };\n};\n"
		   "links: { one: { channels = [ \"xmpp:a@b.localhost\" ];\n"
		   "rules: { rule: { %s }; }; }; };\n",
		   options);
	*conf = conf_parse("test.conf", text.data, &errors);
	if (!*conf)
		fail_msg("%s", errors.data);

	const struct conf_link *link = &(*conf)->links[0];

	assert_int_equal(link->n_members, 2);
	assert_non_null(link->members[0].rules);
	assert_int_equal(link->members[0].rules->n, 1);
	return link->members[0].rules->rules[0];
}
