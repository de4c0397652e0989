/* SPDX-License-Identifier: MIT */
/* instance.c - the fence against a second bridge; see instance.h. */

#include "protocols/mqtt/instance.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/str.h"
#include "conf/rules.h"
#include "protocols/mqtt/mqtt.h"
#include "protocols/mqtt/reason.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEAT_MS 60000 /* less than anybody who gave way stays away */
/* A broker that has something there tells it by then. */
#define LOOK_MS 5000
#define SAID_BYTES 80

static void
on_beat(void *arg)
{
	struct mqtt *q = arg;
	struct instance *i = &q->instance;
	char said[SAID_BYTES];
	const char *why = NULL;

	(void)snprintf(said, sizeof(said), "%s %" PRIu64, i->id, ++i->beats);

	const struct outgoing g = { .topic = i->topic,
				    .payload = said,
				    .len = strlen(said),
				    .qos = 1,
				    .retain = true };

	if (mqtt_publish(q, &g, NULL, NULL, &why))
		i->was_here = true;
	else
		log_trace(q->net.name, "%s: %s", i->topic, why);
	timer_start(&i->beat, q->loop, BEAT_MS, on_beat, q);
}

/* Somebody else has the name. */
static void
give_way(struct mqtt *q, const char *said)
{
	struct instance *i = &q->instance;

	free(i->other);
	i->other = xstrdup(said);
	i->was_here = true;
	broker_give_way(q->broker);
}

bool
instance_take(struct mqtt *q, const struct incoming *t)
{
	struct instance *i = &q->instance;
	char said[SAID_BYTES];
	bool ours;

	if (strcmp(t->topic, i->topic) != 0)
		return false;
	if (!t->retained || i->looked || t->len >= sizeof(said))
		return true; /* our own, come back (3.1.1), or nobody's */
	memcpy(said, t->payload, t->len);
	said[t->len] = '\0';
	i->looked = true;
	ours = strncmp(said, i->id, strlen(i->id)) == 0;
	/* Of one that has said nothing since we gave way the name is free. */
	if (!ours && i->returns && !(i->other && !strcmp(i->other, said)))
		give_way(q, said);
	else
		on_beat(q);
	return true;
}

void
instance_open(struct mqtt *q)
{
	struct instance *i = &q->instance;

	i->looked = false;
	i->returns = i->was_here;
	(void)mqtt_tap(q, i->topic);
	/* Who comes for the first time takes the name. */
	timer_start(&i->beat, q->loop, i->returns ? LOOK_MS : 0, on_beat, q);
}

void
instance_lost(struct mqtt *q)
{
	timer_stop(&q->instance.beat);
}

void
instance_make(struct mqtt *q)
{
	struct instance *i = &q->instance;
	AUTO_STR topic = { 0 };

	str_init(&topic, 1024);
	str_printf(&topic, "%s/%s/instance", q->conf->base, q->conf->client_id);
	i->topic = str_take(&topic);
	(void)snprintf(i->id, sizeof(i->id), "%016" PRIx64,
		       loop_random(q->loop));
}

void
instance_free(struct mqtt *q)
{
	timer_stop(&q->instance.beat);
	free(q->instance.topic);
	free(q->instance.other);
}
