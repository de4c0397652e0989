/* SPDX-License-Identifier: MIT */
/* test_settings.c - what users set for their connections: charsets, ports,
 * certificates. */

#include "tests/support/test.h"

#include "protocols/irc/certificate.h"
#include "protocols/irc/format.h"
#include "protocols/irc/line.h"
#include "protocols/irc/ports.h"
#include "protocols/irc/source.h"

#include <string.h>

static void
a_line_goes_out_in_its_charset_or_as_it_is(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *charset, *in, *out;
	} cases[] = {
		{ "iso-8859-1", "A :\xc3\xa4\r\n", "A :\xe4\r\n" },
		{ "iso-8859-1", "A :\xe2\x82\xac\r\n", "A :\xe2\x82\xac\r\n" },
		{ "iso-8859-1", "A :\xe2\x82\xac\r\nB :\xc3\xa4\r\n",
		  "A :\xe2\x82\xac\r\nB :\xe4\r\n" },
		{ "koi8-r", "A :\xd0\x98\r\n", "A :\xe9\r\n" },
		/* Tags are UTF-8 by their standard. */
		{ "iso-8859-1", "@+t=\xc3\xa4 A :\xc3\xa4\r\n",
		  "@+t=\xc3\xa4 A :\xe4\r\n" },
		/* U+0A0D would be CR LF, U+0120 a NUL-free space. */
		{ "utf-16be", "A :\xe0\xa8\x8d\r\n", "A :\xe0\xa8\x8d\r\n" },
		{ "ucs-2le", "A :a\r\n", "A :a\r\n" },
		{ "no-such", "A :\xc3\xa4\r\n", "A :\xc3\xa4\r\n" },
		{ "iso-8859-1", "A :a\xff\r\n", "A :a\xff\r\n" },
		{ "iso-8859-1", "", "" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR out = { 0 };

		str_init(&out, 4096);
		irc_charset_write(&out, cases[i].in, strlen(cases[i].in),
				  cases[i].charset);
		assert_string_equal(out.data ? out.data : "", cases[i].out);
	}
}

/* Escape sequences make it longer than UTF-8 is. */
static void
a_line_does_not_grow_over_the_limit(void **state UNUSED)
{
	AUTO_STR in = { 0 }, out = { 0 };

	str_init(&in, 4096);
	str_init(&out, 4096);
	str_add(&in, "PRIVMSG #a :");
	while (in.len < IRC_BODY_MAX - 8)
		str_add(&in, "\xe3\x81\x82"
			     "a");
	str_add(&in, "\r\n");
	irc_charset_write(&out, in.data, in.len, "iso-2022-jp");
	assert_string_equal(out.data, in.data);
}

static void
ports_are_read(void **state UNUSED)
{
	static const struct {
		const char *text;
		int n;
	} cases[] = {
		{ "", 0 },           { "6697", 1 },   { "6697;6670", 2 },
		{ " 1, 2 ;3 ", 3 },  { "0", -1 },     { "65536", -1 },
		{ "100000", -1 },    { "6697x", -1 }, { "-1", -1 },
		{ "6660-6669", -1 }, { "1e3", -1 },
	};
	unsigned ports[IRC_PORTS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(irc_ports_read(cases[i].text, ports),
				 cases[i].n);
}

static void
ports_are_allowed_by_number_and_range(void **state UNUSED)
{
	static const char *const list[] = { "6697", "7000-7010" };

	assert_true(irc_port_allowed(list, 2, 6697));
	assert_true(irc_port_allowed(list, 2, 7000));
	assert_true(irc_port_allowed(list, 2, 7010));
	assert_false(irc_port_allowed(list, 2, 7011));
	assert_false(irc_port_allowed(list, 2, 0));
	assert_false(irc_port_allowed(NULL, 0, 6697));
}

static void
a_certificate_is_what_was_made(void **state UNUSED)
{
	struct secret *pem = irc_certificate_make();
	struct secret *other = irc_certificate_make();
	struct irc_certificate *c = irc_certificate_read(pem);
	AUTO_STR first = { 0 }, second = { 0 };

	assert_non_null(c);
	str_init(&first, 4096);
	str_init(&second, 4096);
	irc_certificate_describe(c, &first);
	irc_certificate_free(c);
	c = irc_certificate_read(other);
	irc_certificate_describe(c, &second);
	irc_certificate_free(c);
	assert_string_not_equal(first.data, second.data);
	assert_int_equal(first.len,
			 strlen("SHA-256: \nSHA-512: \n") + 64 + 128);
	assert_null(strstr(first.data, "PRIVATE"));
	secret_free(pem);
	secret_free(other);
}

static void
what_is_no_certificate_is_none(void **state UNUSED)
{
	static const char *const texts[] = {
		"",
		"x",
		"-----BEGIN PRIVATE KEY-----\n",
		"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct secret *pem = secret_new(texts[i], strlen(texts[i]));

		assert_null(irc_certificate_read(pem));
		secret_free(pem);
	}
	assert_false(irc_fingerprint_matches(
		NULL, "00112233445566778899aabbccddeeff00112233"));
}

static void
everybody_has_an_address_out_of_the_prefix(void **state UNUSED)
{
	char ann[IRC_SOURCE_MAX], again[IRC_SOURCE_MAX], bob[IRC_SOURCE_MAX];

	assert_true(irc_source_address("2001:db8:1::/64", "s", "ann", ann));
	assert_true(irc_source_address("2001:db8:1::/64", "s", "ann", again));
	assert_true(irc_source_address("2001:db8:1::/64", "s", "bob", bob));
	assert_int_equal(strncmp(ann, "2001:db8:1:", 11), 0);
	assert_string_equal(ann, again);
	assert_string_not_equal(ann, bob);
	assert_true(irc_source_address("2001:db8:1::/64", "t", "ann", again));
	assert_string_not_equal(ann, again);
	assert_true(irc_source_address("::1/128", "s", "ann", ann));
	assert_string_equal(ann, "::1");
	assert_true(irc_source_address("2001:db8::/61", "s", "ann", ann));
	assert_int_equal(strncmp(ann, "2001:db8:0:", 11), 0);
	assert_false(irc_source_address("2001:db8::", "s", "ann", ann));
	assert_false(irc_source_address("2001:db8::/129", "s", "ann", ann));
	assert_false(irc_source_address("10.0.0.0/8", "s", "ann", ann));
	assert_false(irc_source_address("/64", "s", "ann", ann));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_goes_out_in_its_charset_or_as_it_is),
		cmocka_unit_test(a_line_does_not_grow_over_the_limit),
		cmocka_unit_test(ports_are_read),
		cmocka_unit_test(ports_are_allowed_by_number_and_range),
		cmocka_unit_test(a_certificate_is_what_was_made),
		cmocka_unit_test(what_is_no_certificate_is_none),
		cmocka_unit_test(everybody_has_an_address_out_of_the_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
