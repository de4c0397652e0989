/* SPDX-License-Identifier: MIT */
/* discover.c - devices that nobody has configured; see discover.h. */

#include "protocols/mqtt/discover.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/pool.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "conf/topic.h"
#include "protocols/mqtt/device.h"
#include "protocols/mqtt/found.h"
#include "protocols/mqtt/mqtt.h"
#include "protocols/mqtt/payload.h"
#include "protocols/mqtt/remember.h"
#include "protocols/mqtt/spark.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUILD_MS 200     /* of silence before a device is made */
#define STALE_MS 10000   /* what the broker has it tells by then */
#define BYTES_MAX 131072 /* of all facts of one device */
#define FACTS_MAX 600    /* of one device */
#define ID_BYTES 200
#define FILTER_BYTES 1100

#define NAME_BYTES (FOUND_NAME_BYTES + 10) /* with a mark behind it */

/* A fact that is kept. */
struct kept {
	struct fact fact; /* owned */
	UT_hash_handle hh;
};

struct finding {
	struct discovery *of;
	const struct convention *convention;
	char *key; /* prefix, LF, id */
	char *id;
	char *name; /* of its device; NULL: there was none yet */
	struct kept *facts;
	size_t bytes;
	bool heard; /* on this connection */
	struct timer timer;
	UT_hash_handle hh;
};

struct discovery {
	struct mqtt *q;
	const struct conf_discovery *conf;
	struct finding *all;
	struct timer stale;
	bool full; /* and said so */
	/* Of devices, by what makes them the same, also of some that are not
	 * there: so that nobody else gets the address of one that is away. */
	struct remembered names;
};

struct convention {
	/* In conf; NULL: not wanted. */
	const char *(*prefix)(const struct conf_discovery *conf);
	/* Behind the prefix; ended by NULL. */
	const char *const *(*filters)(const char *prefix);
	/* Something came behind the prefix: rest. */
	void (*take)(struct discovery *d, const struct convention *c,
		     const char *rest, const struct incoming *t);
	struct found *(*build)(struct pool *pool, const struct facts *facts);
};

/* ---- findings ------------------------------------------------------------ */

static void
kept_free(struct finding *f, struct kept *k)
{
	HASH_DEL(f->facts, k);
	f->bytes -= strlen(k->fact.text);
	free((char *)(uintptr_t)k->fact.topic);
	free((char *)(uintptr_t)k->fact.text);
	free(k);
}

static void
finding_free(struct finding *f)
{
	struct kept *k, *tmp;

	HASH_DEL(f->of->all, f);
	timer_stop(&f->timer);
	HASH_ITER(hh, f->facts, k, tmp)
	kept_free(f, k);
	free(f->key);
	free(f->id);
	free(f->name);
	free(f);
}

/* It is no more, and neither is its device. */
static void
finding_end(struct finding *f)
{
	struct device *d = f->name ? device_named(f->of->q, f->name) : NULL;

	if (d && d->pool) {
		log_info(f->of->q->net.name, "device \"%s\" is gone", f->name);
		device_remove(d);
	}
	f->of->full = false;
	finding_free(f);
}

static void
key_of(struct str *out, const struct discovery *d, const struct convention *c,
       const char *id)
{
	str_init(out, FILTER_BYTES);
	str_printf(out, "%s\n%s", c->prefix(d->conf), id);
}

static struct finding *
finding_find(struct discovery *d, const struct convention *c, const char *id)
{
	struct finding *f;
	AUTO_STR key = { 0 };

	key_of(&key, d, c, id);
	HASH_FIND_STR(d->all, key.data, f);
	return f;
}

bool
discovery_has_room(struct mqtt *q)
{
	struct discovery *d = q->discovery;

	if (HASH_COUNT(d->all) + sparks_count(q) < d->conf->max)
		return true;
	if (!d->full)
		log_warn(q->net.name,
			 "more than %u devices were discovered; \"max\" in "
			 "discovery allows no more",
			 d->conf->max);
	d->full = true;
	return false;
}

/* The one of that id; NULL if there are too many. */
static struct finding *
finding_get(struct discovery *d, const struct convention *c, const char *id)
{
	struct finding *f = finding_find(d, c, id);
	AUTO_STR key = { 0 };

	if (f || !discovery_has_room(d->q))
		return f;
	key_of(&key, d, c, id);
	f = xcalloc(1, sizeof(*f));
	f->of = d;
	f->convention = c;
	f->key = str_take(&key);
	f->id = xstrdup(id);
	HASH_ADD_KEYPTR(hh, d->all, f->key, strlen(f->key), f);
	return f;
}

static bool
is_free(struct mqtt *q, const char *name, const char *key)
{
	return !device_named(q, name) &&
	       !remembered_is_taken(&q->discovery->names, key, name);
}

char *
discovery_name(struct mqtt *q, const char *title, const char *key)
{
	char slug[FOUND_NAME_BYTES], name[NAME_BYTES];

	struct remembered *names = &q->discovery->names;
	const char *had = remembered_get(names, key);

	if (had && !device_named(q, had))
		return xstrdup(had);
	found_slug(slug, sizeof(slug), title);
	(void)snprintf(name, sizeof(name), "%s", *slug ? slug : "device");
	if (!is_free(q, name, key))
		(void)snprintf(name, sizeof(name), "%s-%04x",
			       *slug ? slug : "device",
			       broker_subscription_id(key) & 0xffff);
	if (is_free(q, name, key)) {
		remembered_put(q, names, key, name);
		return xstrdup(name);
	}
	log_peer(q->net.name, "two devices are called \"%s\"", name);
	return NULL;
}

struct device *
discovery_put(struct mqtt *q, const struct conf_device *conf, struct pool *pool)
{
	if (!device_named(q, conf->name))
		log_info(q->net.name,
			 "discovered device \"%s\": %zu values, %zu commands",
			 conf->name, conf->n_states, conf->n_orders);
	return device_put(q, conf, pool);
}

static void
put(struct finding *f, struct found *found, struct pool *pool)
{
	struct mqtt *q = f->of->q;

	if (!f->name)
		f->name = discovery_name(q, found->title ? found->title : f->id,
					 f->key);
	if (!f->name) {
		pool_free(pool);
		return;
	}
	found->device->name = pool_strdup(pool, f->name);
	(void)discovery_put(q, found->device, pool);
}

static void
build(void *arg)
{
	struct finding *f = arg;
	struct discovery *d = f->of;
	struct pool *pool = pool_new();
	struct facts facts = { .prefix = f->convention->prefix(d->conf),
			       .id = f->id,
			       .limits = d->conf };
	struct fact *list =
		pool_alloc(pool, (HASH_COUNT(f->facts) + 1) * sizeof(*list));
	struct found *found;

	for (const struct kept *k = f->facts; k; k = k->hh.next)
		list[facts.n++] = k->fact;
	facts.all = list;
	found = facts.n ? f->convention->build(pool, &facts) : NULL;
	if (found)
		put(f, found, pool);
	else
		pool_free(pool);
	if (!facts.n) {
		/* Taken back, not only lost. */
		remembered_put(d->q, &d->names, f->key, NULL);
		finding_end(f);
	}
}

static void
build_soon(struct finding *f)
{
	timer_start(&f->timer, f->of->q->loop, BUILD_MS, build, f);
}

static void
fact_drop(struct finding *f, const char *topic)
{
	struct kept *k;

	HASH_FIND_STR(f->facts, topic, k);
	if (!k)
		return;
	kept_free(f, k);
	build_soon(f);
}

static void
fact_keep(struct finding *f, const struct incoming *t)
{
	struct kept *k;
	char *text;

	f->heard = true;
	HASH_FIND_STR(f->facts, t->topic, k);
	if (k && strlen(k->fact.text) == t->len &&
	    memcmp(k->fact.text, t->payload, t->len) == 0)
		return;
	if (k)
		kept_free(f, k);
	build_soon(f);
	if (f->bytes + t->len > BYTES_MAX ||
	    HASH_COUNT(f->facts) >= FACTS_MAX) {
		log_peer(f->of->q->net.name,
			 "device \"%s\" says too much of itself", f->id);
		return;
	}
	text = xcalloc(1, t->len + 1);
	memcpy(text, t->payload, t->len);
	k = xcalloc(1, sizeof(*k));
	k->fact = (struct fact){ xstrdup(t->topic), text };
	f->bytes += t->len;
	HASH_ADD_KEYPTR(hh, f->facts, k->fact.topic, strlen(k->fact.topic), k);
}

/* Text without NUL, as all facts are. */
static bool
is_text(const struct incoming *t)
{
	return t->len && t->len <= PAYLOAD_MAX &&
	       !memchr(t->payload, '\0', t->len) &&
	       utf8_valid(t->payload, t->len);
}

/* ---- Home Assistant ------------------------------------------------------ */

static const char *
hass_prefix(const struct conf_discovery *conf)
{
	return conf->home_assistant;
}

static const char *const *
hass_filters(const char *prefix UNUSED)
{
	static const char *const filters[] = { "+/+/config", "+/+/+/config",
					       NULL };

	return filters;
}

/* The topic belongs to one device: what others knew by it is out of date. */
static void
hass_take(struct discovery *d, const struct convention *c,
	  const char *rest UNUSED, const struct incoming *t)
{
	struct finding *f, *tmp, *mine = NULL;
	char id[ID_BYTES];
	char *text = NULL;

	if (is_text(t)) {
		text = xcalloc(1, t->len + 1);
		memcpy(text, t->payload, t->len);
	}
	if (text && hass_device_id(text, id, sizeof(id)))
		mine = finding_get(d, c, id);
	free(text);
	HASH_ITER(hh, d->all, f, tmp)
	if (f != mine && f->convention == c)
		fact_drop(f, t->topic);
	if (mine)
		fact_keep(mine, t);
}

/* ---- Homie --------------------------------------------------------------- */

static const char *
homie_prefix(const struct conf_discovery *conf)
{
	return conf->homie;
}

static const char *const *
homie_filters(const char *prefix)
{
	static const char *const five[] = { "+/$description", NULL };
	static const char *const four[] = {
		"+/$name",         "+/$nodes",        "+/+/$properties",
		"+/+/+/$name",     "+/+/+/$unit",     "+/+/+/$format",
		"+/+/+/$datatype", "+/+/+/$settable", NULL
	};

	return homie_is_5(prefix) ? five : four;
}

static void
homie_take(struct discovery *d, const struct convention *c, const char *rest,
	   const struct incoming *t)
{
	size_t n = strcspn(rest, "/");
	char id[ID_BYTES];
	struct finding *f;

	if (!n || n >= sizeof(id) || *rest == '$')
		return;
	memcpy(id, rest, n);
	id[n] = '\0';
	f = is_text(t) ? finding_get(d, c, id) : finding_find(d, c, id);
	if (f && is_text(t))
		fact_keep(f, t);
	else if (f)
		fact_drop(f, t->topic);
}

/* ---- all ----------------------------------------------------------------- */

static const struct convention conventions[] = {
	{ hass_prefix, hass_filters, hass_take, hass_build },
	{ homie_prefix, homie_filters, homie_take, homie_build },
};

/* "PREFIX/+/+/config" */
static void
filter_of(struct str *out, const char *prefix, const char *rest)
{
	str_init(out, FILTER_BYTES);
	str_printf(out, "%s/%s", prefix, rest);
}

static void
take_by(struct discovery *d, const struct convention *c,
	const struct incoming *t)
{
	const char *prefix = c->prefix(d->conf);
	size_t len = prefix ? strlen(prefix) : 0;

	if (!len || strncmp(t->topic, prefix, len) != 0 || t->topic[len] != '/')
		return;
	for (const char *const *f = c->filters(prefix); *f; f++) {
		AUTO_STR filter = { 0 };

		filter_of(&filter, prefix, *f);
		if (!topic_matches(filter.data, t->topic))
			continue;
		c->take(d, c, t->topic + len + 1, t);
		return;
	}
}

void
discovery_take(struct mqtt *q, const struct incoming *t)
{
	if (!q->discovery)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(conventions); i++)
		take_by(q->discovery, &conventions[i], t);
	sparks_take(q, t);
}

/* What the broker does not know any more. */
static void
on_stale(void *arg)
{
	struct discovery *d = arg;
	struct finding *f, *tmp;

	HASH_ITER(hh, d->all, f, tmp)
	if (!f->heard)
		finding_end(f);
}

void
discovery_open(struct mqtt *q)
{
	struct discovery *d = q->discovery;

	if (!d)
		return;
	for (struct finding *f = d->all; f; f = f->hh.next) {
		f->heard = false;
		build_soon(f); /* the last connection may have ended before */
	}
	remembered_load(q, &d->names);
	timer_start(&d->stale, q->loop, STALE_MS, on_stale, d);
	sparks_open(q);
	for (size_t i = 0; i < ARRAY_SIZE(conventions); i++) {
		const char *prefix = conventions[i].prefix(d->conf);
		const char *const *f =
			prefix ? conventions[i].filters(prefix) : NULL;

		for (; f && *f; f++) {
			AUTO_STR filter = { 0 };

			filter_of(&filter, prefix, *f);
			(void)mqtt_tap(q, filter.data);
		}
	}
}

/* Who is there is known until it can be asked again. */
void
discovery_lost(struct mqtt *q)
{
	if (!q->discovery)
		return;
	timer_stop(&q->discovery->stale);
	sparks_lost(q);
	for (struct finding *f = q->discovery->all; f; f = f->hh.next)
		timer_stop(&f->timer);
}

void
discovery_make(struct mqtt *q)
{
	if (!q->conf->discovery)
		return;
	q->discovery = xcalloc(1, sizeof(*q->discovery));
	q->discovery->q = q;
	q->discovery->conf = q->conf->discovery;
	q->discovery->names.scope = "names of devices";
	q->discovery->names.max = 2 * q->conf->discovery->max;
}

void
discovery_free(struct mqtt *q)
{
	struct finding *f, *tmp;

	if (!q->discovery)
		return;
	discovery_lost(q);
	sparks_free(q);
	HASH_ITER(hh, q->discovery->all, f, tmp)
	finding_free(f);
	remembered_free(&q->discovery->names);
	free(q->discovery);
	q->discovery = NULL;
}
