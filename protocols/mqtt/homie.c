/* SPDX-License-Identifier: MIT */
/*
 * homie.c - devices that follow the Homie convention.
 *
 *   Homie 5   PREFIX/5/DEVICE/$state, $description (JSON), NODE/PROPERTY[/set]
 *   Homie 4   PREFIX/DEVICE/$state, $name, $nodes; NODE/$properties;
 *             NODE/PROPERTY/$name, $unit, $datatype, $format, $settable
 */

#include "protocols/mqtt/found.h"

#include "bridge/base.h"
#include "bridge/pool.h"
#include "bridge/str.h"
#include "protocols/mqtt/payload.h"

#include <jansson.h>

#include <stdio.h>
#include <string.h>

#define TOPIC_BYTES 1100
#define WORDS_BYTES 400

struct property {
	const char *node, *id;
	const char *name, *unit, *datatype, *format;
	bool settable;
	bool alone; /* its device has one node only */
};

bool
homie_is_5(const char *prefix)
{
	size_t len = strlen(prefix);

	return len >= 2 && strcmp(prefix + len - 2, "/5") == 0;
}

static void
topic_of(struct str *out, const struct facts *facts, const char *rest)
{
	str_init(out, TOPIC_BYTES);
	str_printf(out, "%s/%s/%s", facts->prefix, facts->id, rest);
}

/* "a,b,c" as "a|b|c"; false if one of them could not be typed. */
static bool
enum_words(char *out, size_t size, const char *format)
{
	char one[61];
	size_t used = 0;

	while (*format) {
		size_t n = strcspn(format, ",");

		if (n >= sizeof(one) || used + n + 2 > size)
			return false;
		memcpy(one, format, n);
		one[n] = '\0';
		if (!found_is_choice(one))
			return false;
		used += (size_t)snprintf(out + used, size - used, "%s%s",
					 used ? "|" : "", one);
		format += n + (format[n] == ',');
	}
	return strchr(out, '|') != NULL;
}

/* "10:30" or "10:30:0.5" as "10..30"; open or no ends are open to us. */
static void
range_words(char *out, size_t size, const char *format)
{
	const char *colon = strchr(format, ':');
	size_t low = colon ? (size_t)(colon - format) : 0;
	const char *high = colon ? colon + 1 : "";
	size_t high_len = strcspn(high, ":");
	double number;

	if (low && high_len && number_parse(format, low, &number) &&
	    number_parse(high, high_len, &number))
		(void)snprintf(out, size, "%.*s..%.*s", (int)low, format,
			       (int)high_len, high);
	else
		(void)snprintf(out, size, "-1e15..1e15");
}

/* What can be typed for it; false if nothing can. */
static bool
words_of(char *out, size_t size, const struct property *p)
{
	const char *format = p->format ? p->format : "";

	out[0] = '\0';
	if (!p->datatype || strcmp(p->datatype, "string") == 0)
		(void)snprintf(out, size, "*");
	else if (strcmp(p->datatype, "boolean") == 0)
		(void)snprintf(out, size, "true|false");
	else if (strcmp(p->datatype, "enum") == 0)
		return enum_words(out, size, format);
	else if (strcmp(p->datatype, "integer") == 0 ||
		 strcmp(p->datatype, "float") == 0)
		range_words(out, size, format);
	else
		return false;
	return true;
}

static void
add_property(struct found *f, const struct facts *facts,
	     const struct property *p)
{
	char words[WORDS_BYTES];
	char both[2 * FOUND_NAME_BYTES];
	char name[FOUND_NAME_BYTES];
	AUTO_STR rest = { 0 };
	AUTO_STR topic = { 0 };
	AUTO_STR set = { 0 };
	const struct found_field whole = { .decimals = -1 };

	str_init(&rest, TOPIC_BYTES);
	str_printf(&rest, "%s/%s", p->node, p->id);
	topic_of(&topic, facts, rest.data);
	str_add(&rest, "/set");
	topic_of(&set, facts, rest.data);
	found_state(f, topic.data, p->name && *p->name ? p->name : p->id,
		    &whole, p->unit);
	if (!p->settable || !words_of(words, sizeof(words), p))
		return;
	if (p->alone)
		(void)snprintf(both, sizeof(both), "%s", p->id);
	else
		(void)snprintf(both, sizeof(both), "%s-%s", p->node, p->id);
	found_slug(name, sizeof(name), both);

	const struct found_order order = { .name = name,
					   .words = words,
					   .topic = set.data,
					   .ack = topic.data };
	found_order(f, &order);
}

static void
add_state_of(struct found *f, const struct facts *facts, const char *id)
{
	AUTO_STR topic = { 0 };

	str_init(&topic, TOPIC_BYTES);
	str_printf(&topic, "%s/%s/$state", facts->prefix, id);
	found_sign(f, topic.data, NULL, NULL);
}

/* ---- 5 ------------------------------------------------------------------- */

static const char *
text_of(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void
add_node_5(struct found *f, const struct facts *facts, const char *node,
	   json_t *properties, bool alone)
{
	const char *id;
	json_t *p;

	json_object_foreach (properties, id, p) {
		const struct property property = {
			.node = node,
			.id = id,
			.name = text_of(p, "name"),
			.unit = text_of(p, "unit"),
			.datatype = text_of(p, "datatype"),
			.format = text_of(p, "format"),
			.settable =
				json_is_true(json_object_get(p, "settable")),
			.alone = alone,
		};

		add_property(f, facts, &property);
	}
}

static void
add_nodes_5(struct found *f, const struct facts *facts, json_t *nodes)
{
	bool alone = json_object_size(nodes) == 1;
	const char *id;
	json_t *node;

	json_object_foreach (nodes, id, node)
		add_node_5(f, facts, id, json_object_get(node, "properties"),
			   alone);
}

static struct found *
build_5(struct pool *pool, const struct facts *facts)
{
	struct found *f = NULL;
	const char *text, *root;
	struct payload p;
	AUTO_STR topic = { 0 };

	topic_of(&topic, facts, "$description");
	text = fact_find(facts, topic.data);
	if (!text)
		return NULL;
	payload_read(&p, text, strlen(text), CONF_PAYLOAD_JSON);
	if (p.kind == PAYLOAD_JSON && json_is_object(p.json)) {
		f = found_new(pool, facts->limits);
		f->title = pool_strdup(pool, text_of(p.json, "name"));
		add_state_of(f, facts, facts->id);
		/* When the root is lost, so are its children. */
		root = text_of(p.json, "root");
		if (root && !strpbrk(root, "/+#$"))
			add_state_of(f, facts, root);
		add_nodes_5(f, facts, json_object_get(p.json, "nodes"));
	}
	payload_finish(&p);
	return f;
}

/* ---- 4 ------------------------------------------------------------------- */

/* The attribute of what is at path, "" being the device; or NULL. */
static const char *
attribute(const struct facts *facts, const char *path, const char *name)
{
	AUTO_STR rest = { 0 };
	AUTO_STR topic = { 0 };

	str_init(&rest, TOPIC_BYTES);
	str_printf(&rest, "%s%s$%s", path, *path ? "/" : "", name);
	topic_of(&topic, facts, rest.data);
	return fact_find(facts, topic.data);
}

static void
add_property_4(struct found *f, const struct facts *facts,
	       struct property *property)
{
	AUTO_STR path = { 0 };
	const char *settable;

	str_init(&path, TOPIC_BYTES);
	str_printf(&path, "%s/%s", property->node, property->id);
	property->name = attribute(facts, path.data, "name");
	property->unit = attribute(facts, path.data, "unit");
	property->datatype = attribute(facts, path.data, "datatype");
	property->format = attribute(facts, path.data, "format");
	settable = attribute(facts, path.data, "settable");
	property->settable = settable && strcmp(settable, "true") == 0;
	add_property(f, facts, property);
}

/* The next of "a,b,c" into one; false at the end. */
static bool
next_of(const char **list, char *one, size_t size)
{
	size_t n;

	while (**list == ',' || **list == ' ')
		++*list;
	n = strcspn(*list, ", ");
	if (!n || n >= size)
		return false;
	memcpy(one, *list, n);
	one[n] = '\0';
	*list += n;
	return !strpbrk(one, "/+#$");
}

static struct found *
build_4(struct pool *pool, const struct facts *facts)
{
	const char *nodes = attribute(facts, "", "nodes");
	struct property property = { .alone = nodes && !strchr(nodes, ',') };
	struct found *f;
	char node[FOUND_NAME_BYTES], id[FOUND_NAME_BYTES];

	if (!nodes)
		return NULL;
	f = found_new(pool, facts->limits);
	f->title = pool_strdup(pool, attribute(facts, "", "name"));
	add_state_of(f, facts, facts->id);
	property.node = node;
	property.id = id;
	while (next_of(&nodes, node, sizeof(node))) {
		const char *list = attribute(facts, node, "properties");

		while (list && next_of(&list, id, sizeof(id)))
			add_property_4(f, facts, &property);
	}
	return f;
}

struct found *
homie_build(struct pool *pool, const struct facts *facts)
{
	return homie_is_5(facts->prefix) ? build_5(pool, facts)
					 : build_4(pool, facts);
}
