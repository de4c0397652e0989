/* SPDX-License-Identifier: MIT */
/* test_ident.c - Matrix identifiers. */

#include "tests/support/test.h"

#include "bridge/str.h"
#include "protocols/matrix/ident.h"

#include <string.h>

static const struct {
	const char *text, *local;
} locals[] = {
	{ "ann", "ann" },
	{ "Ann", "_ann" },
	{ "a_b", "a__b" },
	{ "_A", "___a" },
	{ "#foo", "=23foo" },
	{ "#b@byfoot", "=23b=40byfoot" },
	{ "#c++", "=23c=2b=2b" },
	{ "#a{b}^", "=23a=7bb=7d=5e" },
	{ "#caf\xc3\xa9", "=23caf=c3=a9" },
	{ "#x%y", "=23x=25y" },
	{ "nick\\20", "nick=5c20" },
	{ "#50=50", "=2350=3d50" },
	{ "alice@example.org", "alice=40example.org" },
	{ "Room@muc.example.org/\xc3\x9cnal B",
	  "_room=40muc.example.org=2f=c3=9cnal=20_b" },
	{ "home/Kitchen/temp", "home=2f_kitchen=2ftemp" },
	{ "a b/c+d", "a=20b=2fc=2bd" },
	{ "-.0", "-.0" },
};

static void
a_localpart_is_encoded_reversibly(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(locals); i++) {
		AUTO_STR out = { 0 };
		AUTO_STR back = { 0 };

		str_init(&out, 1000);
		str_init(&back, 1000);
		matrix_local_encode(&out, locals[i].text);
		assert_string_equal(out.data, locals[i].local);
		assert_true(matrix_local_decode(&back, out.data));
		assert_string_equal(back.data, locals[i].text);
	}
}

static void
what_the_encoding_never_makes_is_not_decoded(void **state UNUSED)
{
	static const char *const wrong[] = { "A",   "a/b", "=2",  "=",
					     "=61", "=41", "=5f", "=00",
					     "=2F", "_",   "_1",  "a b" };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		AUTO_STR back = { 0 };

		str_init(&back, 1000);
		if (matrix_local_decode(&back, wrong[i]))
			fail_msg("\"%s\" was decoded", wrong[i]);
	}
}

static void
puppet_id(struct str *out, const char *id)
{
	const struct matrix_person person = { "_causeway_", "libera", id,
					      "example.org" };

	str_init(out, 1000);
	matrix_puppet_id(out, &person);
}

static void
a_puppet_is_named_after_network_and_person(void **state UNUSED)
{
	AUTO_STR id = { 0 };

	puppet_id(&id, "Ann");
	assert_string_equal(id.data, "@_causeway_libera__ann:example.org");
}

static void
a_name_without_room_is_shortened_and_stays_different(void **state UNUSED)
{
	char one[400], other[400];
	AUTO_STR a = { 0 };
	AUTO_STR b = { 0 };

	memset(one, 'x', sizeof(one));
	memset(other, 'x', sizeof(other));
	one[399] = other[399] = '\0';
	other[398] = 'y';
	puppet_id(&a, one);
	puppet_id(&b, other);
	assert_true(a.len <= MATRIX_ID_MAX);
	assert_string_not_equal(a.data, b.data);
	assert_non_null(strstr(a.data, "_libera_=z"));
}

static void
ids_are_told_from_what_is_none(void **state UNUSED)
{
	char longer[400];

	memset(longer, 'x', sizeof(longer));
	longer[0] = '@';
	longer[10] = ':';
	longer[399] = '\0';
	assert_true(matrix_id_is("@ann:example.org", '@'));
	assert_true(matrix_id_is("@:h", '@')); /* historical */
	assert_true(matrix_id_is("@A \xc3\xbc:h:8448", '@'));
	assert_false(matrix_id_is("@ann", '@'));
	assert_false(matrix_id_is("ann:example.org", '@'));
	assert_false(matrix_id_is("", '@'));
	assert_false(matrix_id_is(NULL, '@'));
	assert_false(matrix_id_is(longer, '@'));
	assert_string_equal(matrix_id_server("@a:h:8448"), "h:8448");
	assert_string_equal(matrix_id_server("!v12room"), "");
}

static const struct {
	const char *url, *id; /* NULL: no link to a user */
} links[] = {
	{ "https://matrix.to/#/@ann:example.org", "@ann:example.org" },
	{ "https://matrix.to/#/%40ann%3Aexample.org?via=x",
	  "@ann:example.org" },
	{ "matrix:u/ann:example.org?action=chat", "@ann:example.org" },
	{ "https://matrix.to/#/#dev:example.org", NULL },
	{ "https://matrix.to/#/!r:example.org/$ev", NULL },
	{ "https://example.org/#/@ann:example.org", NULL },
	{ "https://matrix.to/#/@ann%00:example.org", NULL },
	{ "https://matrix.to/#/@ann%4", NULL },
	{ "", NULL },
};

static void
links_to_users_are_known(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		AUTO_STR id = { 0 };

		str_init(&id, 1000);
		bool is = matrix_link_user(&id, links[i].url);
		assert_int_equal(is, links[i].id != NULL);
		assert_string_equal(id.data, is ? links[i].id : "");
	}
}

static void
a_link_leads_back_to_its_user(void **state UNUSED)
{
	static const char id[] = "@a/b=2f \xc3\xbc%:example.org:8448";
	AUTO_STR url = { 0 };
	AUTO_STR back = { 0 };

	str_init(&url, 1000);
	str_init(&back, 1000);
	matrix_link_add(&url, id);
	assert_true(matrix_link_user(&back, url.data));
	assert_string_equal(back.data, id);
}

static void
every_segment_of_a_path_is_escaped(void **state UNUSED)
{
	AUTO_STR path = { 0 };

	str_init(&path, 1000);
	matrix_path_add(&path, "!a/B?#%:\xc3\xa9-._~");
	assert_string_equal(path.data, "%21a%2FB%3F%23%25%3A%C3%A9-._~");
}

static const struct {
	const char *alias, *network, *channel; /* NULL: it is none */
} aliases[] = {
	{ "#_cw_libera_#dev:h", "libera", "#dev" },
	{ "#irc_libera_#dev:h", "libera", "#dev" },
	{ "#irc_libera_#a_b c:h", "libera", "#a_b c" },
	{ "#_cw_libera_=23dev:h", "libera", "#dev" },
	{ "#_cw_libera_=23a=3ab:h", "libera", "#a:b" },
	{ "#_cw_libera_=zz:h", NULL, NULL },
	{ "#_cw_xmpp_room@muc.example:h", "xmpp", "room@muc.example" },
	{ "#_cw_xmpp_room=40muc.example:h", "xmpp", "room@muc.example" },
	{ "#_cw_libera_#a=40b:h", "libera", "#a=40b" },
	{ "#_cw_libera_:h", NULL, NULL },
	{ "#_cw_libera:h", NULL, NULL },
	{ "#_cw__#dev:h", NULL, NULL },
	{ "#_cw_libera_#dev:other", NULL, NULL },
	{ "#_cw_libera_#dev", NULL, NULL },
	{ "@_cw_libera_#dev:h", NULL, NULL },
	{ "#libera_#dev:h", NULL, NULL },
	{ "#", NULL, NULL },
	{ "", NULL, NULL },
};

static void
an_alias_tells_its_channel(void **state UNUSED)
{
	const struct matrix_person ours = { .prefix = "_cw_", .server = "h" };

	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		AUTO_STR network = { 0 };
		AUTO_STR channel = { 0 };

		str_init(&network, 64);
		str_init(&channel, 255);
		bool is = matrix_alias_read(aliases[i].alias, &ours, &network,
					    &channel);
		assert_int_equal(is, aliases[i].channel != NULL);
		if (!is)
			continue;
		assert_string_equal(network.data, aliases[i].network);
		assert_string_equal(channel.data, aliases[i].channel);
	}
}

static void
a_short_alias_of_a_room_has_its_host_behind_the_last_line(void **state UNUSED)
{
	static const struct {
		const char *alias, *room; /* NULL: it is none */
	} rows[] = {
		{ "#xmpp_dev_muc.example.org:h", "dev@muc.example.org" },
		{ "#xmpp_a_b_muc.example.org:h", "a_b@muc.example.org" },
		{ "#xmpp_dev:h", NULL },
		{ "#xmpp_dev_:h", NULL },
		{ "#xmpp__muc.example.org:h", NULL },
		{ "#xmpp_a@b_c:h", NULL },
		{ "#xmpp_dev_muc.example.org:other", NULL },
		{ "@xmpp_dev_muc.example.org:h", NULL },
		{ "#irc_libera_#dev:h", NULL },
	};
	const struct matrix_person ours = { .prefix = "_cw_", .server = "h" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_STR room = { 0 };

		str_init(&room, 255);
		bool is = matrix_alias_read_muc(rows[i].alias, &ours, &room);
		assert_int_equal(is, rows[i].room != NULL);
		if (is)
			assert_string_equal(room.data, rows[i].room);
	}
}

static void
others_may_write_a_percent_sign_for_the_colon(void **state UNUSED)
{
	static const struct {
		const char *text, *id; /* NULL: it is none */
	} rows[] = {
		{ "#dev:h", "#dev:h" },
		{ "#dev%h", "#dev:h" },
		{ "#a%b%h:8448", "#a%b%h:8448" },
		{ "#a%b%h", "#a%b:h" },
		{ "!opaque", "!opaque" },
		{ "!old:h", "!old:h" },
		{ "#dev", NULL },
		{ "#:h", NULL },
		{ "#dev:", NULL },
		{ "!", NULL },
		{ "@ann:h", NULL },
		{ "", NULL },
	};
	char id[MATRIX_ID_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool is = matrix_name_read(rows[i].text, "#!", id, sizeof(id));

		assert_int_equal(is, rows[i].id != NULL);
		if (is)
			assert_string_equal(id, rows[i].id);
	}
	assert_false(matrix_name_read("#dev:h", "#!", id, 6));
}

static void
a_channel_has_one_alias(void **state UNUSED)
{
	struct matrix_person person = { "_cw_", "libera", "#Foo[x]", "h" };
	char longest[300];
	AUTO_STR out = { 0 };

	str_init(&out, 1000);
	assert_true(matrix_alias_write(&out, &person));
	assert_string_equal(out.data, "#_cw_libera_=23foo=5bx=5d:h");
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	person.id = longest;
	assert_false(matrix_alias_write(&out, &person));
}

static void
a_puppet_tells_its_person(void **state UNUSED)
{
	const struct matrix_person ours = { .prefix = "_cw_", .server = "h" };
	AUTO_STR network = { 0 };
	AUTO_STR id = { 0 };

	str_init(&network, 64);
	str_init(&id, 255);
	assert_true(
		matrix_puppet_read("@_cw_libera_bob:h", &ours, &network, &id));
	assert_string_equal(network.data, "libera");
	assert_string_equal(id.data, "bob");
	assert_false(
		matrix_puppet_read("@_cw_libera_B:h", &ours, &network, &id));
	assert_false(
		matrix_puppet_read("@_cw_libera_bob:x", &ours, &network, &id));
	assert_false(matrix_puppet_read("@cw", &ours, &network, &id));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_localpart_is_encoded_reversibly),
		cmocka_unit_test(what_the_encoding_never_makes_is_not_decoded),
		cmocka_unit_test(a_puppet_is_named_after_network_and_person),
		cmocka_unit_test(
			a_name_without_room_is_shortened_and_stays_different),
		cmocka_unit_test(ids_are_told_from_what_is_none),
		cmocka_unit_test(links_to_users_are_known),
		cmocka_unit_test(a_link_leads_back_to_its_user),
		cmocka_unit_test(an_alias_tells_its_channel),
		cmocka_unit_test(
			a_short_alias_of_a_room_has_its_host_behind_the_last_line),
		cmocka_unit_test(others_may_write_a_percent_sign_for_the_colon),
		cmocka_unit_test(a_channel_has_one_alias),
		cmocka_unit_test(a_puppet_tells_its_person),
		cmocka_unit_test(every_segment_of_a_path_is_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
