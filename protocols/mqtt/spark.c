/* SPDX-License-Identifier: MIT */
/* spark.c - nodes and devices of Sparkplug B; see spark.h. */

#include "protocols/mqtt/spark.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/pool.h"
#include "bridge/str.h"
#include "conf/rules.h"
#include "protocols/mqtt/device.h"
#include "protocols/mqtt/discover.h"
#include "protocols/mqtt/found.h"
#include "protocols/mqtt/line.h"
#include "protocols/mqtt/mqtt.h"
#include "protocols/mqtt/sparkplug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_BYTES 400
#define TOPIC_BYTES 1100
#define VALUE_BYTES 1000
#define REBIRTH_MS 60000 /* between two requests to one node */
#define LEVELS_MAX 4

/* A metric that is shown. */
struct shown {
	char *name; /* the key */
	bool has_alias;
	uint64_t alias;
	size_t i; /* in the states of its device */
	UT_hash_handle hh;
};

/* A node, or a device behind one. */
struct spark {
	struct mqtt *q;
	char *id;   /* GROUP/NODE or GROUP/NODE/DEVICE; the key */
	char *name; /* of its device; NULL: not born yet */
	bool is_node, alive;
	bool has_bd_seq;
	uint64_t bd_seq; /* of its birth */
	uint64_t seq;    /* of what it said last; of nodes */
	struct shown *shown;
	int64_t asked_ms; /* to be born again */
	UT_hash_handle hh;
};

/* What a topic says. */
struct place_of {
	const char *type;
	size_t type_len;
	char node[ID_BYTES]; /* GROUP/NODE */
	char id[ID_BYTES];   /* the same, or GROUP/NODE/DEVICE */
	bool is_node;
};

/* ---- topics -------------------------------------------------------------- */

static bool
read_topic(const char *rest, struct place_of *p)
{
	const char *level[LEVELS_MAX];
	size_t len[LEVELS_MAX];
	size_t n = 0;

	for (; n < LEVELS_MAX; rest += len[n - 1] + 1) {
		level[n] = rest;
		len[n++] = strcspn(rest, "/");
		if (!rest[len[n - 1]])
			break;
	}
	if (n < 3 || level[n - 1][len[n - 1]] || !len[0] || !len[2])
		return false;
	p->type = level[1];
	p->type_len = len[1];
	p->is_node = n == 3;
	if (snprintf(p->node, ID_BYTES, "%.*s/%.*s", (int)len[0], level[0],
		     (int)len[2], level[2]) >= ID_BYTES)
		return false;
	if (n == 3)
		return snprintf(p->id, ID_BYTES, "%s", p->node) < ID_BYTES;
	return snprintf(p->id, ID_BYTES, "%s/%.*s", p->node, (int)len[3],
			level[3]) < ID_BYTES;
}

static bool
is_type(const struct place_of *p, const char *type)
{
	/* NBIRTH of nodes, DBIRTH of devices */
	return p->type_len == strlen(type) + 1 &&
	       p->type[0] == (p->is_node ? 'N' : 'D') &&
	       strncmp(p->type + 1, type, p->type_len - 1) == 0;
}

/* ---- who there is -------------------------------------------------------- */

static struct spark *
spark_find(const struct mqtt *q, const char *id)
{
	struct spark *s;

	HASH_FIND_STR(q->sparks, id, s);
	return s;
}

static struct spark *
spark_get(struct mqtt *q, const struct place_of *p)
{
	struct spark *s = spark_find(q, p->id);

	if (s || !discovery_has_room(q))
		return s;
	s = xcalloc(1, sizeof(*s));
	s->q = q;
	s->id = xstrdup(p->id);
	s->is_node = p->is_node;
	HASH_ADD_KEYPTR(hh, q->sparks, s->id, strlen(s->id), s);
	return s;
}

static void
forget_metrics(struct spark *s)
{
	struct shown *m, *tmp;

	HASH_ITER(hh, s->shown, m, tmp)
	{
		HASH_DEL(s->shown, m);
		free(m->name);
		free(m);
	}
}

static void
spark_free(struct spark *s)
{
	HASH_DEL(s->q->sparks, s);
	forget_metrics(s);
	free(s->id);
	free(s->name);
	free(s);
}

static struct device *
device_of(const struct spark *s)
{
	return s->name ? device_named(s->q, s->name) : NULL;
}

static void
set_alive(struct spark *s, bool alive)
{
	struct device *d = device_of(s);

	s->alive = alive;
	if (d)
		device_sign(d, 0, alive ? "online" : "offline");
}

/* ---- births -------------------------------------------------------------- */

/* Those about the protocol, and what can be told to it. */
static bool
is_internal(const struct spark_metric *m)
{
	static const char *const begins[] = { "bdSeq", "Node Control/",
					      "Device Control/",
					      "Properties/" };

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		if (m->name_len >= strlen(begins[i]) &&
		    memcmp(m->name, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

static char *
name_of(const struct spark_metric *m)
{
	AUTO_STR name = { 0 };

	str_init(&name, 4 * SPARK_NAME_MAX);
	line_add_data(&name, m->name, m->name_len, SPARK_NAME_MAX);
	return str_take(&name);
}

/* What is shown of it from now on. */
static void
note_metric(void *arg, const struct spark_metric *m)
{
	struct spark *s = arg;
	struct shown *had, *shown;
	char *name;

	if (m->name_len == 5 && memcmp(m->name, "bdSeq", 5) == 0) {
		s->has_bd_seq = true;
		s->bd_seq = m->integer;
	}
	if (!m->name_len || is_internal(m) ||
	    HASH_COUNT(s->shown) >= FOUND_STATES_MAX)
		return;
	name = name_of(m);
	HASH_FIND_STR(s->shown, name, had);
	if (had || !*name) {
		free(name);
		return;
	}
	shown = xcalloc(1, sizeof(*shown));
	shown->name = name;
	shown->has_alias = m->has_alias;
	shown->alias = m->alias;
	shown->i = HASH_COUNT(s->shown);
	HASH_ADD_KEYPTR(hh, s->shown, shown->name, strlen(shown->name), shown);
}

/* Nothing of it has a topic of its own: what comes is given to it here. */
static struct device *
make_device(struct spark *s)
{
	size_t n = HASH_COUNT(s->shown);
	struct pool *pool = pool_new();
	struct conf_device *conf = pool_alloc(pool, sizeof(*conf));
	struct conf_state *states = pool_alloc(pool, (n + 1) * sizeof(*states));
	const struct conf_sign sign = { .topic = NULL };
	struct conf_sign *signs = pool_alloc(pool, sizeof(*signs));
	const char *last = strrchr(s->id, '/') + 1;

	*signs = sign;
	for (const struct shown *m = s->shown; m; m = m->hh.next)
		states[m->i].label = pool_strdup(pool, m->name);
	if (!s->name)
		s->name = discovery_name(s->q, last, s->id);
	if (!s->name) {
		pool_free(pool);
		return NULL;
	}
	conf->name = pool_strdup(pool, s->name);
	conf->signs = signs;
	conf->n_signs = 1;
	conf->states = states;
	conf->n_states = n;
	return discovery_put(s->q, conf, pool);
}

static struct shown *
find_metric(const struct spark *s, const struct spark_metric *m)
{
	struct shown *found;
	char *name;

	if (m->name_len) {
		name = name_of(m);
		HASH_FIND_STR(s->shown, name, found);
		free(name);
		return found;
	}
	for (found = s->shown; found; found = found->hh.next)
		if (m->has_alias && found->has_alias &&
		    found->alias == m->alias)
			return found;
	return NULL;
}

static void
take_metric(void *arg, const struct spark_metric *m)
{
	struct spark *s = arg;
	struct shown *shown = find_metric(s, m);
	struct device *d = device_of(s);
	AUTO_STR line = { 0 };

	if (!shown || !d || m->historical)
		return;
	str_init(&line, VALUE_BYTES);
	spark_show(&line, m);
	device_value(d, shown->i, line.data);
}

static void
birth(struct mqtt *q, const struct place_of *p, const struct incoming *t)
{
	struct spark *s = spark_get(q, p);
	struct spark_head head;

	if (!s)
		return;
	forget_metrics(s);
	s->has_bd_seq = false;
	(void)spark_read(t->payload, t->len, &head, note_metric, s);
	s->seq = head.seq;
	if (!make_device(s))
		return;
	set_alive(s, true);
	(void)spark_read(t->payload, t->len, &head, take_metric, s);
}

/* ---- deaths and data ----------------------------------------------------- */

static void
find_bd_seq(void *arg, const struct spark_metric *m)
{
	struct spark_metric *found = arg;

	if (m->name_len == 5 && memcmp(m->name, "bdSeq", 5) == 0)
		*found = *m;
}

/* With a node all its devices are gone. */
static void
death(struct mqtt *q, const struct place_of *p, const struct incoming *t)
{
	struct spark *s = spark_find(q, p->id);
	struct spark_metric bd_seq = { 0 };
	struct spark_head head;
	size_t len = strlen(p->id);

	if (!s)
		return;
	(void)spark_read(t->payload, t->len, &head, find_bd_seq, &bd_seq);
	if (s->is_node && s->has_bd_seq && bd_seq.integer != s->bd_seq) {
		log_trace(q->net.name, "a death of %s is of another birth",
			  p->id);
		return;
	}
	set_alive(s, false);
	if (!s->is_node)
		return;
	for (s = q->sparks; s; s = s->hh.next)
		if (!s->is_node && strncmp(s->id, p->id, len) == 0 &&
		    s->id[len] == '/')
			set_alive(s, false);
}

/* Whom we do not know, or have not understood, is asked to say it again. */
static void
ask_again(struct mqtt *q, const struct place_of *p)
{
	int64_t now = loop_now_ms(q->loop);
	struct place_of node = *p;
	struct spark *s;
	const char *why = NULL;
	char *slash = strchr(node.node, '/');
	AUTO_STR topic = { 0 };
	AUTO_STR payload = { 0 };

	memcpy(node.id, node.node, sizeof(node.id));
	node.is_node = true;
	s = q->conf->discovery->rebirth ? spark_get(q, &node) : NULL;
	if (!s || (s->asked_ms && now - s->asked_ms < REBIRTH_MS))
		return;
	s->asked_ms = now;
	str_init(&topic, TOPIC_BYTES);
	str_init(&payload, VALUE_BYTES);
	*slash = '\0';
	str_printf(&topic, "%s/%s/NCMD/%s", q->conf->discovery->sparkplug,
		   node.node, slash + 1);
	spark_rebirth(&payload, (uint64_t)loop_wall_ms(q->loop));

	const struct outgoing g = { .topic = topic.data,
				    .payload = payload.data,
				    .len = payload.len };

	if (!mqtt_publish(q, &g, NULL, NULL, &why))
		log_trace(q->net.name, "not asked: %s", why);
}

/* Of each node and its devices what is said is numbered from 0 to 255. */
static bool
follows(struct mqtt *q, const struct place_of *p, const struct spark_head *head)
{
	struct spark *node = spark_find(q, p->node);
	bool ok;

	if (!node || !head->has_seq)
		return node != NULL;
	ok = head->seq == ((node->seq + 1) & 0xff);
	node->seq = head->seq;
	return ok;
}

static void
data(struct mqtt *q, const struct place_of *p, const struct incoming *t)
{
	struct spark *s = spark_find(q, p->id);
	struct spark_head head;

	if (!spark_read(t->payload, t->len, &head, NULL, NULL))
		return;
	if (!follows(q, p, &head) || !s || !s->alive)
		ask_again(q, p);
	if (s && s->alive)
		(void)spark_read(t->payload, t->len, &head, take_metric, s);
}

/* ---- hosts --------------------------------------------------------------- */

/* Whoever collects all that: its state is a topic like that of any device. */
static void
host(struct mqtt *q, const char *name, const struct incoming *t)
{
	static const struct conf_step step = { .key = "online" };
	struct place_of p = { .is_node = true };
	struct conf_device *conf;
	struct conf_sign *sign;
	struct pool *pool;
	struct spark *s;

	if (strchr(name, '/') ||
	    snprintf(p.id, ID_BYTES, "STATE/%s", name) >= ID_BYTES)
		return;
	s = spark_get(q, &p);
	if (!s || s->name)
		return; /* it hears by itself */
	s->name = discovery_name(q, name, s->id);
	if (!s->name)
		return;
	pool = pool_new();
	conf = pool_alloc(pool, sizeof(*conf));
	sign = pool_alloc(pool, sizeof(*sign));
	sign->topic = pool_strdup(pool, t->topic);
	sign->field = (struct conf_path){ &step, 1 };
	conf->name = pool_strdup(pool, s->name);
	conf->signs = sign;
	conf->n_signs = 1;
	(void)discovery_put(q, conf, pool);
}

/* ---- all ----------------------------------------------------------------- */

static void
take(struct mqtt *q, const struct place_of *p, const struct incoming *t)
{
	struct spark_head head;

	if (is_type(p, "DEATH")) {
		death(q, p, t);
		return;
	}
	if (!is_type(p, "BIRTH") && !is_type(p, "DATA"))
		return;
	if (!spark_read(t->payload, t->len, &head, NULL, NULL)) {
		log_peer(q->net.name, "%s: a payload that is no Sparkplug B",
			 p->id);
		return;
	}
	if (is_type(p, "BIRTH")) {
		if (!p->is_node)
			(void)follows(q, p, &head);
		birth(q, p, t);
	} else {
		data(q, p, t);
	}
}

void
sparks_take(struct mqtt *q, const struct incoming *t)
{
	const char *prefix = q->conf->discovery->sparkplug;
	size_t len = prefix ? strlen(prefix) : 0;
	const char *rest = t->topic + len + 1;
	struct place_of p;

	if (!len || strncmp(t->topic, prefix, len) != 0 || t->topic[len] != '/')
		return;
	if (strncmp(rest, "STATE/", 6) == 0)
		host(q, rest + 6, t);
	else if (!t->retained && read_topic(rest, &p))
		take(q, &p, t);
}

size_t
sparks_count(const struct mqtt *q)
{
	return HASH_COUNT(q->sparks);
}

/* What we ask for ourselves (NCMD) is not of interest. */
void
sparks_open(struct mqtt *q)
{
	static const char *const filters[] = {
		"+/NBIRTH/+",   "+/NDEATH/+",  "+/NDATA/+", "+/DBIRTH/+/+",
		"+/DDEATH/+/+", "+/DDATA/+/+", "STATE/+",
	};

	for (size_t i = 0;
	     q->conf->discovery->sparkplug && i < ARRAY_SIZE(filters); i++) {
		AUTO_STR filter = { 0 };

		str_init(&filter, TOPIC_BYTES);
		str_printf(&filter, "%s/%s", q->conf->discovery->sparkplug,
			   filters[i]);
		(void)mqtt_tap(q, filter.data);
	}
}

/* Births and deaths that we do not hear are not told again. */
void
sparks_lost(struct mqtt *q)
{
	for (struct spark *s = q->sparks; s; s = s->hh.next) {
		s->alive = false;
		s->asked_ms = 0;
	}
}

void
sparks_free(struct mqtt *q)
{
	struct spark *s, *tmp;

	HASH_ITER(hh, q->sparks, s, tmp)
	spark_free(s);
}
