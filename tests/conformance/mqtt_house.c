/* SPDX-License-Identifier: MIT */
/* mqtt_house.c - a network of MQTT without a broker. */

#include "tests/support/test.h"

#include "tests/conformance/mqtt_house.h"

#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/protocol.h"
#include "bridge/str.h"
#include "tests/support/recorder.h"

#include <stdlib.h>

void
house_begin(struct house *h)
{
	log_set_level(LOG_LEVEL_BUG);
	(void)setenv("SECRET_OF_TESTS", "x", 1);
	h->wall_ms = 1764000000000;
}

void
house_open(struct house *h, const char *conf)
{
	struct error err;
	AUTO_STR errors = { 0 };

	recorder_reset();
	str_init(&errors, 65536);
	h->loop = loop_new_manual(1, h->wall_ms);
	h->conf = conf_parse("test.conf", conf, &errors);
	if (!h->conf)
		fail_msg("%s", errors.data);
	h->net = mqtt_protocol.ops.create(conf_find_network(h->conf, "home"),
					  h->loop, &err);
	assert_non_null(h->net);
	h->net->state = NETWORK_UP;
	h->q = container_of(h->net, struct mqtt, net);
}

void
house_close(struct house *h)
{
	h->wall_ms = loop_wall_ms(h->loop);
	mqtt_protocol.ops.destroy(h->net);
	conf_free(h->conf);
	loop_free(h->loop);
}

void
house_end(struct house *h)
{
	house_close(h);
	recorder_reset();
	recorder_forget_memos();
}
