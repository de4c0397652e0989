/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CONFORMANCE_MQTT_HOUSE_H
#define TESTS_CONFORMANCE_MQTT_HOUSE_H

/*
 * A network of MQTT without a broker, its clock turned by hand, that can be
 * closed and opened again: what it knows then was written down (recorder.h).
 */

#include "conf/conf.h"
#include "protocols/mqtt/mqtt.h"

#include <stdint.h>

/* Begins whatever a test needs; the test allocates and frees it. */
struct house {
	struct loop *loop;
	struct conf *conf;
	struct network *net;
	struct mqtt *q;
	int64_t wall_ms; /* while it is closed */
};

/* Networks: an XMPP network "x", to have somebody to speak to; then more. */
#define HOUSE_XMPP                                                \
	"x: { protocol = \"xmpp\"; component = \"gw.localhost\";" \
	" server = \"127.0.0.1:5347\"; secret = \"env:SECRET_OF_TESTS\"; };\n"

/* For once, before it is first opened. */
void house_begin(struct house *h);

/* Make the network "home" of this configuration; it counts as connected. */
void house_open(struct house *h, const char *conf);

/* Nothing is left but what was written down. */
void house_close(struct house *h);

/* At the end of a test: closes it, and forgets that, too. */
void house_end(struct house *h);

#endif
