/* SPDX-License-Identifier: MIT */
/* protocols.c - the table of protocols. Adding one means one line here. */

#include "protocols/protocols.h"

#include "bridge/protocol.h"

extern const struct protocol irc_protocol;
extern const struct protocol matrix_protocol;
extern const struct protocol mqtt_protocol;
extern const struct protocol xmpp_protocol;

const struct protocol *const protocols[] = {
	&irc_protocol, &matrix_protocol, &mqtt_protocol, &xmpp_protocol, NULL,
};
