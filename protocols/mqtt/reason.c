/* SPDX-License-Identifier: MIT */
/* reason.c - what brokers say by numbers; see reason.h. */

#include "protocols/mqtt/reason.h"

#include "bridge/base.h"

#include <mqtt_protocol.h>

struct reason {
	int code;
	enum down_reason why;
	const char *text;
};

/* clang-format off */
static const struct reason reasons[] = {
	{ 0x80, DOWN_LOST, "the broker gives no reason" },
	{ 0x81, DOWN_LOST, "the broker found a packet malformed" },
	{ 0x82, DOWN_LOST, "the broker found an error in the protocol" },
	{ 0x83, DOWN_LOST, "the broker refuses it for a reason of its own" },
	{ 0x84, DOWN_REFUSED, "the broker does not know this version of MQTT" },
	{ 0x85, DOWN_REFUSED, "the broker does not accept our client_id" },
	{ 0x86, DOWN_REFUSED, "user or password are wrong" },
	{ 0x87, DOWN_REFUSED, "not authorised by the broker" },
	{ 0x88, DOWN_UNREACHABLE, "the broker is unavailable" },
	{ 0x89, DOWN_UNREACHABLE, "the broker is busy" },
	{ 0x8A, DOWN_REFUSED, "banned by the broker" },
	{ 0x8B, DOWN_LOST, "the broker is shutting down" },
	{ 0x8C, DOWN_REFUSED, "the broker wants another kind of login" },
	{ 0x8D, DOWN_LOST, "the broker has not heard from us for too long" },
	{ 0x8E, DOWN_REFUSED, TAKEN_OVER },
	{ 0x8F, DOWN_REFUSED, "the broker finds the filter invalid" },
	{ 0x90, DOWN_LOST, "the broker finds the topic invalid" },
	{ 0x93, DOWN_LOST, "more unconfirmed messages than the broker takes" },
	{ 0x95, DOWN_LOST, "larger than the broker takes" },
	{ 0x96, DOWN_UNREACHABLE, "too many messages for the broker" },
	{ 0x97, DOWN_UNREACHABLE, "a quota of the broker is used up" },
	{ 0x98, DOWN_UNREACHABLE, "an administrator has ended the connection" },
	{ 0x99, DOWN_LOST, "the payload is not what it says" },
	{ 0x9A, DOWN_REFUSED, "the broker keeps no retained messages" },
	{ 0x9B, DOWN_REFUSED, "the broker does not know that QoS" },
	{ 0x9C, DOWN_REFUSED, "the broker sends us to another one" },
	{ 0x9D, DOWN_REFUSED, "the broker has moved" },
	{ 0x9E, DOWN_REFUSED, "the broker has no shared subscriptions" },
	{ 0x9F, DOWN_UNREACHABLE, "too many connections for the broker" },
	{ 0xA1, DOWN_REFUSED, "the broker has no subscription identifiers" },
	{ 0xA2, DOWN_REFUSED, "the broker has no wildcards" },
};
/* clang-format on */

static const struct reason *
find(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].code == code)
			return &reasons[i];
	return &reasons[0];
}

const char *
reason_refused(int code, bool is_5, enum down_reason *why)
{
	static const int five[] = {
		[CONNACK_REFUSED_PROTOCOL_VERSION] = 0x84,
		[CONNACK_REFUSED_IDENTIFIER_REJECTED] = 0x85,
		[CONNACK_REFUSED_SERVER_UNAVAILABLE] = 0x88,
		[CONNACK_REFUSED_BAD_USERNAME_PASSWORD] = 0x86,
		[CONNACK_REFUSED_NOT_AUTHORIZED] = 0x87,
	};

	if (!is_5 && code > 0 && code < (int)ARRAY_SIZE(five))
		code = five[code];
	*why = find(code)->why;
	if (*why == DOWN_LOST)
		*why = DOWN_UNREACHABLE;
	return find(code)->text;
}

bool
reason_is_version(int code)
{
	return code == CONNACK_REFUSED_PROTOCOL_VERSION || code == 0x84;
}

const char *
reason_disconnected(int code, enum down_reason *why)
{
	*why = find(code)->why;
	return find(code)->text;
}

const char *
reason_text(int code)
{
	return find(code)->text;
}
