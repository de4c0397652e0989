/* SPDX-License-Identifier: MIT */
/* address.c - which addresses the world can have. See address.h. */

#include "bridge/http/address.h"

#include "bridge/base.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

struct block4 {
	uint8_t base[4];
	unsigned bits;
};

struct block6 {
	uint8_t base[16];
	unsigned bits;
};

static const struct block4 special4[] = {
	{ { 0 }, 8 },
	{ { 10 }, 8 },
	{ { 100, 64 }, 10 },
	{ { 127 }, 8 },
	{ { 169, 254 }, 16 },
	{ { 172, 16 }, 12 },
	{ { 192, 0, 0 }, 24 },
	{ { 192, 0, 2 }, 24 },
	{ { 192, 88, 99 }, 24 },
	{ { 192, 168 }, 16 },
	{ { 198, 18 }, 15 },
	{ { 198, 51, 100 }, 24 },
	{ { 203, 0, 113 }, 24 },
	{ { 224 }, 3 }, /* multicast, reserved, broadcast */
};

/* Of 2000::/3; beyond that nothing is public. */
static const struct block6 special6[] = {
	{ { 0x20, 0x01 }, 23 }, /* Teredo, benchmarks, ORCHID */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 },
	{ { 0x20, 0x02 }, 16 }, /* 6to4 */
	{ { 0x3f, 0xff }, 20 }, /* documentation */
};

static bool
is_in(const uint8_t *address, const uint8_t *base, unsigned bits)
{
	unsigned whole = bits / 8;
	uint8_t mask = (uint8_t)(0xff << (8 - bits % 8));

	return memcmp(address, base, whole) == 0 &&
	       (bits % 8 == 0 || ((address[whole] ^ base[whole]) & mask) == 0);
}

static bool
is_public4(const uint8_t *a)
{
	for (size_t i = 0; i < ARRAY_SIZE(special4); i++)
		if (is_in(a, special4[i].base, special4[i].bits))
			return false;
	return true;
}

static bool
is_public6(const uint8_t *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	static const uint8_t unicast[1] = { 0x20 };

	if (!memcmp(a, mapped, sizeof(mapped)) ||
	    !memcmp(a, nat64, sizeof(nat64)))
		return is_public4(a + 12);
	if (!is_in(a, unicast, 3))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(special6); i++)
		if (is_in(a, special6[i].base, special6[i].bits))
			return false;
	return true;
}

bool
address_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof(in));
		return is_public4((const uint8_t *)&in.sin_addr);
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof(in6));
		return is_public6(in6.sin6_addr.s6_addr);
	}
	return false;
}
