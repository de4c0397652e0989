/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_REASON_H
#define PROTOCOLS_MQTT_REASON_H

/* Reason codes of MQTT 5 and return codes of 3.1.1, in words. Pure. */

#include "bridge/protocol.h"

#define TAKEN_OVER                                                             \
	"another client with our client_id has connected; give each bridge a " \
	"client_id of its own"

/* Of a CONNACK, and what follows from it. */
const char *reason_refused(int code, bool is_5, enum down_reason *why);

/* True if the broker does not speak that version. */
bool reason_is_version(int code);

/* Of a DISCONNECT that the broker sent. */
const char *reason_disconnected(int code, enum down_reason *why);

/* Of anything else, 0x80 and above. */
const char *reason_text(int code);

#endif
