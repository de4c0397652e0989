/* SPDX-License-Identifier: MIT */
/* test_valid.c - the small grammars inside values. */

#include "tests/support/test.h"

#include "bridge/str.h"
#include "conf/valid.h"

#include <stdio.h>
#include <string.h>

static void
times_are_read_in_every_unit(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "0", 0 }, { "5", 5000 }, { "500ms", 500 }, { "90s", 90000 },
		{ "15m", 900000 }, { "24h", 86400000 }, { "7d", 604800000 },
		{ "", -1 }, { "s", -1 }, { "-5s", -1 }, { "+5s", -1 },
		{ " 5s", -1 }, { "5 s", -1 }, { "5s ", -1 }, { "5S", -1 },
		{ "1.5s", -1 }, { "5y", -1 }, { "0x5", -1 },
		{ "99999999999999999999d", -1 }, { "4294967296s", -1 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(duration_parse(cases[i].text), cases[i].ms);
}

static void
times_are_written_in_their_largest_unit(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "0" }, { 1, "1ms" }, { 1500, "1500ms" }, { 90000, "90s" },
		{ 60000, "1m" }, { 3600000, "1h" }, { 86400000, "1d" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR out;

		str_init(&out, 100);
		duration_format(&out, cases[i].ms);
		assert_string_equal(out.data, cases[i].text);
	}
}

static void
servers_are_cut_into_host_and_port(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *text, *host; /* NULL: refused */
		unsigned port;
	} cases[] = {
		{ "irc.example.org:6697", "irc.example.org", 6697 },
		{ "irc.example.org", "irc.example.org", 0 },
		{ "127.0.0.1:1", "127.0.0.1", 1 },
		{ "[::1]:65535", "::1", 65535 }, { "[2001:db8::1]", "2001:db8::1", 0 },
		{ "", NULL }, { ":6667", NULL }, { "h:", NULL }, { "h:0", NULL },
		{ "h:65536", NULL }, { "h:6667x", NULL }, { "h:-1", NULL },
		{ "h:+1", NULL }, { "::1", NULL }, { "::1:6667", NULL },
		{ "[::1", NULL }, { "[::1]6667", NULL }, { "[h]:1", NULL },
		{ "[]:1", NULL }, { "a b:1", NULL }, { "irc://h:1", NULL },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[64];
		const char *host;
		unsigned port;

		(void)snprintf(text, sizeof(text), "%s", cases[i].text);

		const char *refused = server_parse(text, &host, &port);

		if (!cases[i].host) {
			assert_non_null(refused);
			continue;
		}
		assert_null(refused);
		assert_string_equal(host, cases[i].host);
		assert_int_equal(port, cases[i].port);
	}
}

static void
names_are_accepted_and_refused(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *(*refuse)(const char *);
		const char *good[12], *bad[20];
	} cases[] = {
		{ refuse_label, { "a", "libera", "a-1", "x9" },
		  { "", "1a", "-a", "A", "aB", "a_b", "a.b", "a*", "\xc3\xa4",
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } },
		{ refuse_domain, { "a", "gw.example.org", "localhost" },
		  { "", ".a", "a..b", "a b", "a@b", "a/b", "a:1", "a\n" } },
		{ refuse_contact, { "*", "example.org", "ann@example.org" },
		  { "", "ann@example.org/phone", "@example.org", "ann@",
		    "a b@c", "a@b@c" } },
		{ refuse_room, { "dev@conference.example.org" },
		  { "", "dev", "#dev", "dev@c/nick", "@c", "dev@", "d v@c",
		    "d\"v@c", "d&v@c", "a@b@c" } },
		{ refuse_url, { "http://127.0.0.1:8008", "https://h" },
		  { "", "http://", "h:8008", "ftp://h", "http://h/",
		    "http://u@h", "http://h?x", "http://h x" } },
		{ refuse_server_name, { "example.org", "h:8448", "[::1]:80" },
		  { "", "a@b", "#a", "a/b", "a b" } },
		{ refuse_localpart, { "causeway", "_causeway_", "a.b=-/+0" },
		  { "", "A", "a b", "a:b", "@a" } },
		{ refuse_matrix_room, { "#a:b", "!x:b", "!v12" },
		  { "", "a", "#a", "#:b", "!", "@a:b" } },
		{ refuse_channel, { "#a", "&a", "+a", "!ABCDEa", "#a:b", "##",
				    "#\xc3\xa4" },
		  { "", "#", "a", "a#", "#a b", "#a,b", "#a\a", "#a\r", "#a\n",
		    "#\x01", "#a\x7f", "##a,#b" } },
		{ refuse_nick, { "causeway", "[x]", "a1", "_a", "a|b", "a-b" },
		  { "1a", "-a", "a b", "a,b", "a:b", "a!b", "a@b", "#a", "a*",
		    "a?", "~a", "a.b", "a\n" } },
		{ refuse_user, { "causeway", "~a", "a.b" },
		  { "a b", "a@b", "a!b", ":a", "a\r" } },
		{ refuse_ip, { "127.0.0.1", "::1" },
		  { "", "localhost", "[::1]", "1.2.3", "127.0.0.1:1" } },
		{ refuse_charset, { "windows-1252", "UTF-8", "KOI8-R" },
		  { "", "klingon", "UTF-8//TRANSLIT" } },
		{ refuse_nick_template, { "{nick}", "{nick}[x]", "{id}",
					  "{nick}-{network}" },
		  { "", "fixed", "{network}", "{nik}", "{nick", "{", "{nick}{",
		    "{name}", "{nick}{Nick}" } },
		{ refuse_person_template, { "{name}", "x", "{name} {id}",
					    "{network}" },
		  { "{nick}", "{", "{name" } },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t j = 0; j < 12 && cases[i].good[j]; j++)
			if (cases[i].refuse(cases[i].good[j]))
				fail_msg("%zu: %s", i, cases[i].good[j]);
		for (size_t j = 0; j < 20 && cases[i].bad[j]; j++)
			if (!cases[i].refuse(cases[i].bad[j]))
				fail_msg("%zu: %s", i, cases[i].bad[j]);
	}
}

static void
a_channel_has_at_most_200_bytes(void **state UNUSED)
{
	char channel[202];

	memset(channel, 'x', sizeof(channel));
	channel[0] = '#';
	channel[201] = '\0';
	assert_non_null(refuse_channel(channel));
	channel[200] = '\0';
	assert_null(refuse_channel(channel));
}

static void
text_is_utf_8_without_control_characters(void **state UNUSED)
{
	static const char *const good[] = { "",
					    "abc",
					    "\xc3\xa4",
					    "\xe2\x82\xac",
					    "\xf0\x9f\x98\x80",
					    "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = {
		"\xff",
		"\x80",
		"\xc3",
		"\xc0\x80",
		"\xe0\x80\x80",
		"\xed\xa0\x80",
		"\xf4\x90\x80\x80",
		"\xe2\x82",
		"a\nb",
		"\t",
		"\x7f",
		"\xf5\x80\x80\x80",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(valid_text(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(valid_text(bad[i]));
}

static void
loopback_is_recognised_by_address_and_name(void **state UNUSED)
{
	static const char *const yes[] = { "localhost", "127.0.0.1", "::1",
					   "127.9.9.9", "LocalHost" };
	static const char *const no[] = { "example.org",           "128.0.0.1",
					  "localhost.example.org", "::2",
					  "127.0.0.1.example.org", "0.0.0.0" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		assert_true(is_loopback(yes[i]));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		assert_false(is_loopback(no[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read_in_every_unit),
		cmocka_unit_test(times_are_written_in_their_largest_unit),
		cmocka_unit_test(servers_are_cut_into_host_and_port),
		cmocka_unit_test(names_are_accepted_and_refused),
		cmocka_unit_test(a_channel_has_at_most_200_bytes),
		cmocka_unit_test(text_is_utf_8_without_control_characters),
		cmocka_unit_test(loopback_is_recognised_by_address_and_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
