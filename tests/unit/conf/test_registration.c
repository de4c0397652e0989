/* SPDX-License-Identifier: MIT */
/* test_registration.c - the registration of a Matrix network. */

#include "tests/support/test.h"

#include "bridge/error.h"
#include "bridge/pool.h"
#include "bridge/secret.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "conf/registration.h"

#include "tests/unit/conf/setup.h"

#include <errno.h>

#define CONF                                                            \
	"networks: { m: { protocol = \"matrix\";"                       \
	" homeserver = \"http://127.0.0.1:8008\";"                      \
	" server_name = \"example.org\"; registration = \"%s\"; };"     \
	" xmpp: { protocol = \"xmpp\"; component = \"gw.example.org\";" \
	" secret = \"file:s\"; }; };\n"                                 \
	"links: { a: { channels = [ \"xmpp:a@b.c\", \"m:#a:b\" ]; }; };\n"

static void
put_conf(const char *registration)
{
	AUTO_STR text = { 0 };

	str_init(&text, 4096);
	str_printf(&text, CONF, registration);
	put_file("c.conf", text.data, 0644);
}

static struct conf *
load(struct str *errors)
{
	str_init(errors, 4096);
	return conf_load("c.conf", errors);
}

static void
what_is_written_is_read(void **state UNUSED)
{
	AUTO_STR said = { 0 };
	AUTO_STR errors = { 0 };
	struct stat st;

	put_conf("new.yaml");
	str_init(&said, 4096);
	assert_int_equal(conf_register("c.conf", &said), 0);
	assert_non_null(strstr(said.data, "new.yaml: written"));
	assert_int_equal(stat("new.yaml", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	struct conf *conf = load(&errors);
	assert_string_equal(errors.data, "");
	const struct conf_matrix *m = conf_find_network(conf, "m")->matrix;
	assert_string_equal(m->id, "causeway-m");
	assert_int_equal(secret_len(m->as_token), 64);
	assert_int_equal(secret_len(m->hs_token), 64);
	assert_false(secret_is(m->as_token, secret_reveal(m->hs_token)));
	assert_string_equal(m->url, "http://127.0.0.1:9005");
	conf_free(conf);
}

static void
it_reserves_the_channels_of_a_gateway(void **state UNUSED)
{
	AUTO_STR said = { 0 };
	char text[2048] = "";

	put_file("c.conf",
		 "database = \"db\";\nnetworks: {"
		 " libera: { protocol = \"irc\"; server = \"irc.x\"; };"
		 " m: { protocol = \"matrix\"; homeserver = "
		 "\"http://127.0.0.1\"; server_name = \"example.org\";"
		 " registration = \"gate.yaml\";"
		 " gateway: { networks = [ \"libera\" ]; }; }; };\n",
		 0644);
	str_init(&said, 4096);
	assert_int_equal(conf_register("c.conf", &said), 0);

	int fd = open("gate.yaml", O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	(void)close(fd);
	assert_non_null(strstr(text, "\"#_causeway_.*:example\\\\.org\""));
	assert_non_null(strstr(text, "\"#irc_libera_.*:example\\\\.org\""));
	assert_non_null(strstr(text, "\nprotocols: [irc]\n"));
}

static void
what_is_there_is_never_overwritten(void **state UNUSED)
{
	AUTO_STR said = { 0 };
	char text[16] = "";

	put_conf("old.yaml");
	put_file("old.yaml", "precious\n", 0600);
	str_init(&said, 4096);
	assert_int_equal(conf_register("c.conf", &said), 0);
	assert_non_null(strstr(said.data, "is there already"));

	int fd = open("old.yaml", O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "precious\n");
	(void)close(fd);
}

static void
where_it_cannot_be_written_it_says_why(void **state UNUSED)
{
	AUTO_STR said = { 0 };

	put_conf("nowhere/r.yaml");
	str_init(&said, 4096);
	assert_true(conf_register("c.conf", &said) < 0);
	assert_non_null(strstr(said.data, "No such file or directory"));
}

#define GOOD                                    \
	"id: x\nsender_localpart: 'causeway'\n" \
	"as_token: \"0123456789abcdef\"\nhs_token: fedcba9876543210\n"

static const struct {
	const char *text;
	mode_t mode;
	const char *why; /* a part of the message; NULL: none */
} files[] = {
	{ GOOD, 0600, NULL },
	{ GOOD, 0640, NULL },
	{ GOOD, 0644, "chmod 640" },
	{ GOOD, 0660, "chmod 640" },
	{ "", 0600, "no line \"id: ...\"" },
	{ "id: x\nsender_localpart: causeway\nas_token: 0123456789abcdef\n",
	  0600, "no line \"hs_token: ...\"" },
	{ "id: x\nsender_localpart: causeway\nas_token: short\n"
	  "hs_token: fedcba9876543210\n",
	  0600, "as_token is too short" },
	{ "id: x\nsender_localpart: causeway\nas_token: fedcba9876543210\n"
	  "hs_token: fedcba9876543210\n",
	  0600, "are the same" },
	{ "id: x\nsender_localpart: robot\nas_token: 0123456789abcdef\n"
	  "hs_token: fedcba9876543210\n",
	  0600, "has sender_localpart \"robot\"" },
	{ "# id: x\n  id: y\n", 0600, "no line \"id: ...\"" },
};

static void
every_mistake_in_it_is_explained(void **state UNUSED)
{
	put_conf("r.yaml");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		AUTO_STR errors = { 0 };

		put_file("r.yaml", files[i].text, files[i].mode);
		struct conf *conf = load(&errors);
		assert_int_equal(!conf, files[i].why != NULL);
		if (files[i].why && !strstr(errors.data, files[i].why))
			fail_msg("%s: not \"%s\"", errors.data, files[i].why);
		assert_null(strstr(errors.data, "0123456789abcdef"));
		conf_free(conf);
	}
}

static void
if_there_is_none_it_says_how_to_get_one(void **state UNUSED)
{
	AUTO_STR errors = { 0 };

	put_conf("none.yaml");
	assert_null(load(&errors));
	assert_non_null(strstr(errors.data, "causewayd --registration"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(it_reserves_the_channels_of_a_gateway),
		cmocka_unit_test(what_is_there_is_never_overwritten),
		cmocka_unit_test(where_it_cannot_be_written_it_says_why),
		cmocka_unit_test(every_mistake_in_it_is_explained),
		cmocka_unit_test(if_there_is_none_it_says_how_to_get_one),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
