/* SPDX-License-Identifier: MIT */
/* found.c - what a device that was discovered is; see found.h. */

#include "protocols/mqtt/found.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/pool.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "conf/say.h"
#include "conf/topic.h"
#include "protocols/mqtt/line.h"

#include <ctype.h>
#include <string.h>

#define TEMPLATE_BYTES 2000
#define UNIT_BYTES 20
#define TIMEOUT_S 10

struct found *
found_new(struct pool *pool, const struct conf_discovery *limits)
{
	struct found *f = pool_alloc(pool, sizeof(*f));

	f->pool = pool;
	f->limits = limits;
	f->device = pool_alloc(pool, sizeof(*f->device));
	f->signs = pool_alloc(pool, FOUND_SIGNS_MAX * sizeof(*f->signs));
	f->states = pool_alloc(pool, FOUND_STATES_MAX * sizeof(*f->states));
	f->orders =
		pool_alloc(pool, FOUND_ORDERS_MAX * sizeof(struct conf_rule *));
	f->device->signs = f->signs;
	f->device->states = f->states;
	f->device->orders = f->orders;
	return f;
}

const char *
fact_find(const struct facts *facts, const char *topic)
{
	for (size_t i = 0; i < facts->n; i++)
		if (strcmp(facts->all[i].topic, topic) == 0)
			return facts->all[i].text;
	return NULL;
}

/* One of ours to listen to or to speak to: what the operator said. */
static bool
is_allowed(const struct found *f, const char *topic)
{
	const struct conf_discovery *c = f->limits;

	if (!topic || strlen(topic) > 1000 || refuse_topic(topic))
		return false;
	for (size_t i = 0; i < c->n_topics; i++)
		if (topic_matches(c->topics[i], topic))
			return true;
	return false;
}

void
found_slug(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x80 && isalnum(c))
			out[n++] = (char)tolower(c);
		else if (n && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n && out[n - 1] == '-')
		n--;
	out[n] = '\0';
}

bool
found_is_choice(const char *text)
{
	return *text && !strpbrk(text, " {}|") && strlen(text) <= 60 &&
	       topic_fits_level(text, strlen(text));
}

/* As data: a name neither breaks a line nor fills it. */
static const char *
shown(struct found *f, const char *text, size_t max)
{
	AUTO_STR out = { 0 };

	if (!text)
		return NULL;
	str_init(&out, 4 * max);
	if (utf8_valid(text, strlen(text)))
		line_add_data(&out, text, strlen(text), max);
	return out.len ? pool_strdup(f->pool, out.data) : NULL;
}

void
found_sign(struct found *f, const char *topic, const struct conf_path *field,
	   const char *word)
{
	struct conf_sign *sign = &f->signs[f->device->n_signs];
	const char **words = pool_alloc(f->pool, sizeof(char *));

	for (size_t i = 0; i < f->device->n_signs; i++)
		if (topic && strcmp(f->signs[i].topic, topic) == 0)
			return;
	if (f->device->n_signs == FOUND_SIGNS_MAX || !is_allowed(f, topic))
		return;
	sign->topic = pool_strdup(f->pool, topic);
	if (field)
		sign->field = *field;
	words[0] = pool_strdup(f->pool, word);
	sign->online = words;
	sign->n_online = word != NULL;
	f->device->n_signs++;
}

/* The value, and its unit behind it. */
static bool
set_value(struct found *f, const struct found_field *field, const char *unit,
	  struct conf_say *say)
{
	struct conf_piece *pieces = pool_alloc(f->pool, 2 * sizeof(*pieces));
	struct error err;
	AUTO_STR text = { 0 };

	pieces[0].kind = *field->pointer ? PIECE_FIELD : PIECE_VALUE;
	pieces[0].decimals = field->decimals;
	if (*field->pointer &&
	    path_parse(f->pool, field->pointer, &pieces[0].path, &err))
		return false;
	*say = (struct conf_say){ pieces, 1 };
	unit = shown(f, unit, UNIT_BYTES);
	if (unit) {
		str_init(&text, 10 * UNIT_BYTES);
		str_printf(&text, " %s", unit);
		pieces[1].kind = PIECE_TEXT;
		pieces[1].text = pool_strdup(f->pool, text.data);
		say->n = 2;
	}
	return true;
}

void
found_state(struct found *f, const char *topic, const char *label,
	    const struct found_field *field, const char *unit)
{
	struct conf_state *state = &f->states[f->device->n_states];

	if (f->device->n_states == FOUND_STATES_MAX || !is_allowed(f, topic) ||
	    !set_value(f, field, unit, &state->say))
		return;
	state->filter = pool_strdup(f->pool, topic);
	state->label = shown(f, label, FOUND_NAME_BYTES);
	f->device->n_states++;
}

static bool
set_pattern(struct found *f, const struct found_order *o,
	    struct conf_pattern *pattern)
{
	AUTO_STR text = { 0 };
	struct error err;

	str_init(&text, TEMPLATE_BYTES);
	str_add(&text, o->name);
	if (o->words)
		str_printf(&text, " {%s}", o->words);
	return !str_overflowed(&text) &&
	       pattern_parse(f->pool, text.data, pattern, &err) == 0 &&
	       (!o->words || pattern->n_params == 1);
}

/* A topic or text as it stands; NULL: what was typed. */
static struct conf_say
say_of(struct found *f, const char *text)
{
	struct conf_piece *piece = pool_alloc(f->pool, sizeof(*piece));

	piece->kind = text ? PIECE_TEXT : PIECE_LEVEL;
	piece->text = pool_strdup(f->pool, text);
	piece->number = 1;
	piece->decimals = -1;
	return (struct conf_say){ piece, 1 };
}

static bool
has_order(const struct found *f, const char *name)
{
	for (size_t i = 0; i < f->device->n_orders; i++)
		if (strcmp(f->orders[i]->name, name) == 0)
			return true;
	return false;
}

void
found_order(struct found *f, const struct found_order *o)
{
	struct conf_rule *rule = pool_alloc(f->pool, sizeof(*rule));
	struct conf_order *order = &rule->order;

	if (f->device->n_orders == FOUND_ORDERS_MAX || !f->limits->n_who ||
	    !*o->name || strcmp(o->name, "status") == 0 ||
	    has_order(f, o->name) || !is_allowed(f, o->topic))
		return;
	rule->name = pool_strdup(f->pool, o->name);
	rule->is_order = true;
	if (!set_pattern(f, o, &order->pattern))
		return;
	order->topic = say_of(f, o->topic);
	order->send = say_of(f, o->send);
	if (o->ack && is_allowed(f, o->ack)) {
		order->ack = say_of(f, o->ack);
		order->value = order->send;
	}
	order->qos = 1;
	order->timeout_s = TIMEOUT_S;
	order->expiry_s = TIMEOUT_S;
	order->map = o->map;
	order->n_map = o->n_map;
	order->who = f->limits->who;
	order->n_who = f->limits->n_who;
	f->orders[f->device->n_orders++] = rule;
}
