/* SPDX-License-Identifier: MIT */
/* test_address.c - which addresses the world can have. */

#include "tests/support/test.h"

#include "bridge/base.h"
#include "bridge/http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static bool
is_public(const char *text)
{
	struct sockaddr_storage s = { 0 };

	if (strchr(text, ':')) {
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

		assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
		memcpy(&s, &in6, sizeof(in6));
	} else {
		struct sockaddr_in in = { .sin_family = AF_INET };

		assert_int_equal(inet_pton(AF_INET, text, &in.sin_addr), 1);
		memcpy(&s, &in, sizeof(in));
	}
	return address_is_public((const struct sockaddr *)&s);
}

static void
walls_are_known(void **state UNUSED)
{
	static const char *const inside[] = {
		"0.0.0.0",
		"10.0.0.1",
		"100.64.0.1",
		"100.127.255.255",
		"127.0.0.1",
		"127.255.255.254",
		"169.254.169.254",
		"172.16.0.1",
		"172.31.255.255",
		"192.0.0.1",
		"192.168.1.1",
		"198.18.0.1",
		"198.19.255.255",
		"203.0.113.7",
		"224.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"::ffff:127.0.0.1",
		"::ffff:10.0.0.1",
		"64:ff9b::7f00:1",
		"64:ff9b:1::1",
		"fc00::1",
		"fd12::1",
		"fe80::1",
		"fec0::1",
		"ff02::1",
		"2001:db8::1",
		"2001::1",
		"2002:7f00:1::",
		"100::1",
		"3fff::1",
	};
	static const char *const outside[] = {
		"1.1.1.1",         "9.255.255.255", "11.0.0.0",
		"100.63.0.1",      "100.128.0.1",   "172.15.0.1",
		"172.32.0.1",      "192.167.0.1",   "198.17.0.1",
		"198.20.0.1",      "223.255.255.1", "::ffff:1.1.1.1",
		"2606:4700::1",    "2a00:1450::1",  "64:ff9b::101:101",
		"2001:4860::8888",
	};

	for (size_t i = 0; i < ARRAY_SIZE(inside); i++)
		if (is_public(inside[i]))
			fail_msg("%s is taken for public", inside[i]);
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
		if (!is_public(outside[i]))
			fail_msg("%s is not taken for public", outside[i]);
}

static void
other_families_are_not_public(void **state UNUSED)
{
	struct sockaddr_storage s = { .ss_family = AF_UNIX };

	assert_false(address_is_public((const struct sockaddr *)&s));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walls_are_known),
		cmocka_unit_test(other_families_are_not_public),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
