/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_DEVICE_H
#define PROTOCOLS_MQTT_DEVICE_H

/*
 * Devices as people: somebody elsewhere has one among their contacts, sees
 * whether it can be reached and what it says last, asks it, and tells it what
 * to do.
 *
 * What a device is stands in a struct conf_device, whoever wrote it: the
 * configuration, or discovery. A device is subscribed to from the start, not
 * only while it is watched, so that what it said last is known when somebody
 * asks. What we are told by the broker when we come (retained) is as good as
 * news here.
 */

#include "bridge/hash.h"
#include "bridge/loop.h"
#include "bridge/protocol.h"
#include "conf/rules.h"

struct device;
struct incoming;
struct mqtt;
struct pool;
struct remembered;
struct str;
struct tap;
struct watcher;

/* One topic of it: whether it is there, or what it says. */
struct ear {
	struct device *device;
	bool is_sign;
	size_t i;         /* in conf->signs or conf->states */
	struct ear *next; /* of the same topic, or with wildcards */
};

enum sign {
	SIGN_NONE, /* nothing heard */
	SIGN_HERE,
	SIGN_SLEEPS,
	SIGN_GONE,
};

struct device {
	struct mqtt *q;
	const struct conf_device *conf;
	struct pool *pool; /* of conf, if it was discovered; or NULL */
	char *name;
	enum sign *signs; /* as many as conf->signs */
	char **values;    /* as many as conf->states; lines or NULL */
	bool *changed;    /* of those: the disk does not know it yet */
	struct ear *ears; /* an array of both */
	struct tap **taps;
	size_t n_taps;

	bool known, online;
	enum presence_show show;
	char *word;   /* what it says of itself, such as "ready"; or NULL */
	char *status; /* what it said last; or NULL */
	int64_t heard_ms;
	int64_t told_ms;    /* when its status was told last */
	struct timer later; /* tell it then */
	struct watcher *watchers;
	UT_hash_handle hh;
};

/* Of a network: how many there are, and those of the configuration. */
void devices_make(struct mqtt *q);
void devices_free(struct mqtt *q);
void devices_open(struct mqtt *q);
void devices_lost(struct mqtt *q);
void devices_take(struct mqtt *q, const struct incoming *t);
void devices_watch(struct mqtt *q, struct contact *contact);
void devices_unwatch(struct mqtt *q, const struct contact *contact);

/* NULL if there is none of that name. */
struct device *device_named(struct mqtt *q, const char *name);

/*
 * There is such a device from now on, or it is another one now: what is known
 * of it is kept as far as it is still about the same. Takes the pool, of which
 * conf is. NULL, and the pool is freed, if the configuration has one of that
 * name.
 */
struct device *device_put(struct mqtt *q, const struct conf_device *conf,
			  struct pool *pool);

/* One that was discovered is no more. */
void device_remove(struct device *d);

/* For what is not told by a topic of its own. */
void device_sign(struct device *d, size_t i, const char *word);
void device_value(struct device *d, size_t i, const char *line);

/* Append "online (ready); 21.5 °C (3 minutes ago)". */
void device_status(struct str *out, const struct device *d);

/* ---- ask.c --------------------------------------------------------------- */

/* Somebody writes to one of them. */
void ask_send(struct mqtt *q, struct delivery *d);

/* What can be asked by forms, and asking it. */
void ask_each_command(struct mqtt *q, const struct command_place *place,
		      void (*fn)(void *arg, const struct command *command),
		      void *arg);
void ask_command(struct mqtt *q, struct request *r);

#endif
