/* SPDX-License-Identifier: MIT */
/*
 * hass.c - devices that are announced as Home Assistant's MQTT discovery has
 * it: PREFIX/COMPONENT/[NODE/]OBJECT/config holds one JSON object, its keys
 * written out or abbreviated; "~" stands for a part of topics. Entities with
 * the same identifier are one device. Templates are programs: only those that
 * name a field are understood, and what has another is left out rather than
 * shown wrong.
 */

#include "protocols/mqtt/found.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/pool.h"
#include "conf/say.h"
#include "protocols/mqtt/payload.h"

#include <jansson.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC_BYTES 1001
#define WORDS_BYTES 400

/* ---- reading ------------------------------------------------------------- */

/* The two spellings of a key. */
struct key {
	const char *full, *brief;
};

static const struct key key_state = { "state_topic", "stat_t" };
static const struct key key_template = { "value_template", "val_tpl" };
static const struct key key_unit = { "unit_of_measurement", "unit_of_meas" };
static const struct key key_command = { "command_topic", "cmd_t" };
static const struct key key_command_tpl = { "command_template", "cmd_tpl" };
static const struct key key_device = { "device", "dev" };
static const struct key key_ids = { "identifiers", "ids" };
static const struct key key_unique = { "unique_id", "uniq_id" };
static const struct key key_object = { "object_id", "obj_id" };
static const struct key key_list = { "availability", "avty" };
static const struct key key_there = { "availability_topic", "avty_t" };
static const struct key key_there_tpl = { "availability_template", "avty_tpl" };
static const struct key key_mode = { "availability_mode", "avty_mode" };
static const struct key key_yes = { "payload_available", "pl_avail" };
static const struct key key_topic = { "topic", "t" };
static const struct key key_on = { "payload_on", "pl_on" };
static const struct key key_off = { "payload_off", "pl_off" };
static const struct key key_press = { "payload_press", "pl_prs" };
static const struct key key_lock = { "payload_lock", "pl_lock" };
static const struct key key_unlock = { "payload_unlock", "pl_unlk" };
static const struct key key_open = { "payload_open", "pl_open" };
static const struct key key_close = { "payload_close", "pl_cls" };
static const struct key key_stop = { "payload_stop", "pl_stop" };
static const struct key key_options = { "options", "ops" };

static json_t *
get(json_t *object, const struct key *key)
{
	json_t *value = json_object_get(object, key->full);

	return value ? value : json_object_get(object, key->brief);
}

static const char *
get_text(json_t *object, const struct key *key)
{
	return json_string_value(get(object, key));
}

/* A topic, with the part that "~" stands for at its begin or end. */
static bool
get_topic(json_t *config, json_t *object, const struct key *key,
	  char out[TOPIC_BYTES])
{
	const char *text = get_text(object, key);
	const char *base = json_string_value(json_object_get(config, "~"));
	size_t len = text ? strlen(text) : 0;
	int n;

	if (!len || len >= TOPIC_BYTES)
		return false;
	if (base && text[0] == '~')
		n = snprintf(out, TOPIC_BYTES, "%s%s", base, text + 1);
	else if (base && text[len - 1] == '~')
		n = snprintf(out, TOPIC_BYTES, "%.*s%s", (int)(len - 1), text,
			     base);
	else
		n = snprintf(out, TOPIC_BYTES, "%s", text);
	return n < TOPIC_BYTES;
}

/* ---- templates ----------------------------------------------------------- */

struct writer {
	char *out;
	size_t n, size;
};

static bool
put(struct writer *w, const char *text, size_t len)
{
	if (w->n + len >= w->size)
		return false;
	memcpy(w->out + w->n, text, len);
	w->n += len;
	w->out[w->n] = '\0';
	return true;
}

static bool
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static void
skip(const char **s)
{
	*s += strspn(*s, " \t");
}

static bool
skip_word(const char **s, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*s, word, len) != 0)
		return false;
	*s += len;
	return true;
}

/* ".a", "['a b']", "[0]", each as one step of a pointer. */
static bool
read_step(const char **s, struct writer *w)
{
	const char *begin = *s + 1;
	const char *end;
	char quote = begin[0];

	if (**s == '.') {
		for (end = begin; is_name(*end); end++)
			;
		*s = end;
	} else if (quote == '\'' || quote == '"') {
		end = strchr(++begin, quote);
		if (!end || end[1] != ']')
			return false;
		*s = end + 2;
	} else {
		for (end = begin; isdigit((unsigned char)*end); end++)
			;
		if (*end != ']')
			return false;
		*s = end + 1;
	}
	for (const char *c = begin; c < end; c++)
		if (!is_name(*c) && *c != ' ' && *c != '-')
			return false;
	return end > begin && put(w, "/", 1) &&
	       put(w, begin, (size_t)(end - begin));
}

/* "| round(1)" sets digits; "| float" and "| int" say nothing new. */
static bool
read_filter(const char **s, char *digits)
{
	skip(s);
	if (skip_word(s, "round(") && isdigit((unsigned char)**s)) {
		*digits = **s;
		++*s;
		return skip_word(s, ")");
	}
	if (skip_word(s, "round")) {
		*digits = '0';
		return true;
	}
	return skip_word(s, "float(0)") || skip_word(s, "float") ||
	       skip_word(s, "int(0)") || skip_word(s, "int");
}

bool
hass_field(const char *text, struct found_field *field)
{
	struct writer w = { field->pointer, 0, sizeof(field->pointer) };
	char digits = '\0';
	const char *s = text;

	*field = (struct found_field){ .decimals = -1 };

	skip(&s);
	if (!skip_word(&s, "{{"))
		return false;
	skip(&s);
	if (skip_word(&s, "value_json")) {
		while (*s == '.' || *s == '[')
			if (!read_step(&s, &w))
				return false;
	} else if (!skip_word(&s, "value")) {
		return false;
	}
	if (is_name(*s))
		return false;
	for (skip(&s); *s == '|'; skip(&s)) {
		s++;
		if (!read_filter(&s, &digits))
			return false;
	}
	if (!skip_word(&s, "}}"))
		return false;
	skip(&s);
	if (digits)
		field->decimals = digits - '0';
	return !*s;
}

/* ---- availability -------------------------------------------------------- */

static void
add_sign(struct found *f, json_t *config, json_t *object,
	 const struct key *topic_key, const struct key *template_key)
{
	const char *template = get_text(object, template_key);
	struct conf_path path = { NULL, 0 };
	char topic[TOPIC_BYTES];
	struct found_field field = { .decimals = -1 };
	struct error err;

	if (!get_topic(config, object, topic_key, topic) ||
	    (template && !hass_field(template, &field)))
		return;
	if (*field.pointer && path_parse(f->pool, field.pointer, &path, &err))
		return;
	found_sign(f, topic, &path, get_text(object, &key_yes));
}

static void
add_signs(struct found *f, json_t *config)
{
	const char *mode = get_text(config, &key_mode);
	json_t *list = get(config, &key_list);
	size_t i;
	json_t *one;

	add_sign(f, config, config, &key_there, &key_there_tpl);
	json_array_foreach (list, i, one)
		add_sign(f, config, one, &key_topic, &key_template);
	if (json_is_object(list))
		add_sign(f, config, list, &key_topic, &key_template);
	/* With "latest", the default, whoever spoke last is right. */
	if (!mode || strcmp(mode, "all") != 0)
		f->device->any_sign = true;
}

/* ---- what it can be told ------------------------------------------------- */

/* The words, and what is sent for them. */
struct vocabulary {
	const char *component;
	struct {
		const char *word;
		const struct key *key;
		const char *usual;
	} rows[3];
};

static const struct vocabulary vocabularies[] = {
	{ "switch", { { "on", &key_on, "ON" }, { "off", &key_off, "OFF" } } },
	{ "light", { { "on", &key_on, "ON" }, { "off", &key_off, "OFF" } } },
	{ "siren", { { "on", &key_on, "ON" }, { "off", &key_off, "OFF" } } },
	{ "fan", { { "on", &key_on, "ON" }, { "off", &key_off, "OFF" } } },
	{ "lock",
	  { { "lock", &key_lock, "LOCK" },
	    { "unlock", &key_unlock, "UNLOCK" } } },
	{ "cover",
	  { { "open", &key_open, "OPEN" },
	    { "close", &key_close, "CLOSE" },
	    { "stop", &key_stop, "STOP" } } },
};

static const struct vocabulary *
vocabulary_of(const char *component)
{
	for (size_t i = 0; i < ARRAY_SIZE(vocabularies); i++)
		if (strcmp(vocabularies[i].component, component) == 0)
			return &vocabularies[i];
	return NULL;
}

static void
set_vocabulary(struct found *f, const struct vocabulary *v, json_t *config,
	       char words[WORDS_BYTES], struct found_order *o)
{
	struct conf_pair *map =
		pool_alloc(f->pool, ARRAY_SIZE(v->rows) * sizeof(*map));
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(v->rows) && v->rows[i].word; i++) {
		const char *sent = get_text(config, v->rows[i].key);

		map[o->n_map].from = v->rows[i].word;
		map[o->n_map++].to =
			pool_strdup(f->pool, sent ? sent : v->rows[i].usual);
		used += (size_t)snprintf(words + used, WORDS_BYTES - used,
					 "%s%s", used ? "|" : "",
					 v->rows[i].word);
	}
	o->map = map;
	o->words = words;
}

static bool
set_options(json_t *config, char words[WORDS_BYTES])
{
	json_t *options = get(config, &key_options);
	size_t used = 0, i;
	json_t *one;

	if (json_array_size(options) < 2 ||
	    json_array_size(options) > CHOICES_MAX)
		return false;
	json_array_foreach (options, i, one) {
		const char *text = json_string_value(one);

		if (!text || !found_is_choice(text) ||
		    used + strlen(text) + 2 > WORDS_BYTES)
			return false;
		used += (size_t)snprintf(words + used, WORDS_BYTES - used,
					 "%s%s", used ? "|" : "", text);
	}
	return true;
}

static double
number_of(json_t *config, const char *key, double usual)
{
	json_t *value = json_object_get(config, key);

	return json_is_number(value) ? json_number_value(value) : usual;
}

/* What can be typed; false if nothing that we understand. */
static bool
set_words(struct found *f, const char *component, json_t *config,
	  char words[WORDS_BYTES], struct found_order *o)
{
	const struct vocabulary *v = vocabulary_of(component);
	const char *press = get_text(config, &key_press);

	if (v) {
		set_vocabulary(f, v, config, words, o);
		return true;
	}
	if (strcmp(component, "button") == 0) {
		o->send = press ? press : "PRESS";
		return true;
	}
	o->words = words;
	if (strcmp(component, "select") == 0)
		return set_options(config, words);
	if (strcmp(component, "number") == 0) {
		(void)snprintf(words, WORDS_BYTES, "%.15g..%.15g",
			       number_of(config, "min", 1),
			       number_of(config, "max", 100));
		return true;
	}
	(void)snprintf(words, WORDS_BYTES, "*");
	return strcmp(component, "text") == 0;
}

static void
add_order(struct found *f, const char *component, const char *label,
	  json_t *config)
{
	struct found_order order = { 0 };
	const char *schema =
		json_string_value(json_object_get(config, "schema"));
	char name[FOUND_NAME_BYTES];
	char topic[TOPIC_BYTES], ack[TOPIC_BYTES];
	char words[WORDS_BYTES];

	if (get_text(config, &key_command_tpl) ||
	    (schema && strcmp(schema, "basic") != 0) ||
	    !get_topic(config, config, &key_command, topic) ||
	    !set_words(f, component, config, words, &order))
		return;
	found_slug(name, sizeof(name), label);
	order.name = name;
	order.topic = topic;
	if (!get_text(config, &key_template) &&
	    get_topic(config, config, &key_state, ack))
		order.ack = ack;
	found_order(f, &order);
}

/* ---- all ----------------------------------------------------------------- */

/* The component: what stands behind the prefix. */
static bool
component_of(char out[40], const struct facts *facts, const char *topic)
{
	size_t prefix = strlen(facts->prefix);
	size_t n;

	if (strncmp(topic, facts->prefix, prefix) != 0 || topic[prefix] != '/')
		return false;
	topic += prefix + 1;
	n = strcspn(topic, "/");
	if (!n || n >= 40)
		return false;
	memcpy(out, topic, n);
	out[n] = '\0';
	return true;
}

static const char *
label_of(json_t *config, const char *component)
{
	const char *name = json_string_value(json_object_get(config, "name"));

	if (!name || !*name)
		name = get_text(config, &key_object);
	return name && *name ? name : component;
}

static void
add_entity(struct found *f, const char *component, json_t *config)
{
	const char *template = get_text(config, &key_template);
	const char *label = label_of(config, component);
	char topic[TOPIC_BYTES];
	struct found_field field = { .decimals = -1 };

	add_signs(f, config);
	if (get_topic(config, config, &key_state, topic) &&
	    (!template || hass_field(template, &field)))
		found_state(f, topic, label, &field,
			    get_text(config, &key_unit));
	add_order(f, component, label, config);
}

struct found *
hass_build(struct pool *pool, const struct facts *facts)
{
	struct found *f = found_new(pool, facts->limits);
	char component[40];

	for (size_t i = 0; i < facts->n; i++) {
		const struct fact *fact = &facts->all[i];
		struct payload p;

		payload_read(&p, fact->text, strlen(fact->text),
			     CONF_PAYLOAD_JSON);
		if (json_is_object(p.json) &&
		    component_of(component, facts, fact->topic)) {
			json_t *device = get(p.json, &key_device);

			if (!f->title)
				f->title = pool_strdup(
					pool, json_string_value(json_object_get(
						      device, "name")));
			add_entity(f, component, p.json);
		}
		payload_finish(&p);
	}
	return f->device->n_states || f->device->n_orders ? f : NULL;
}

bool
hass_device_id(const char *text, char *id, size_t size)
{
	struct payload p;
	json_t *ids;
	const char *found;
	bool fits;

	payload_read(&p, text, strlen(text), CONF_PAYLOAD_JSON);
	ids = get(get(p.json, &key_device), &key_ids);
	found = json_string_value(json_is_array(ids) ? json_array_get(ids, 0)
						     : ids);
	if (!found)
		found = get_text(p.json, &key_unique);
	fits = found && *found && strlen(found) < size;
	if (fits)
		(void)snprintf(id, size, "%s", found);
	payload_finish(&p);
	return fits;
}
