/* SPDX-License-Identifier: MIT */
/*
 * fuzz_found.c - whatever a device says of itself, what becomes of it keeps to
 * the topics that the operator allows, has an end, and can be named.
 *
 * The first byte chooses the convention; each line is a topic, a space and a
 * text, "|" standing for a line's end in it.
 */

#include "bridge/base.h"
#include "bridge/pool.h"
#include "conf/topic.h"
#include "protocols/mqtt/found.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FACTS_MAX 50

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const topics[] = { "z/#", "homie/#" };
static const char *const who[] = { "*" };
static const struct conf_discovery limits = {
	.topics = topics, .n_topics = 2, .who = who, .n_who = 1
};

static bool
is_allowed(const char *topic)
{
	return !refuse_topic(topic) && (topic_matches(topics[0], topic) ||
					topic_matches(topics[1], topic));
}

static void
check(const struct found *f)
{
	const struct conf_device *d = f->device;

	assert(d->n_signs <= FOUND_SIGNS_MAX);
	assert(d->n_states <= FOUND_STATES_MAX);
	assert(d->n_orders <= FOUND_ORDERS_MAX);
	for (size_t i = 0; i < d->n_signs; i++)
		assert(is_allowed(d->signs[i].topic));
	for (size_t i = 0; i < d->n_states; i++)
		assert(is_allowed(d->states[i].filter));
	for (size_t i = 0; i < d->n_orders; i++) {
		const struct conf_order *o = &d->orders[i]->order;

		assert(strspn(d->orders[i]->name,
			      "abcdefghijklmnopqrstuvwxyz0123456789-") ==
		       strlen(d->orders[i]->name));
		assert(o->topic.n == 1 &&
		       o->topic.pieces[0].kind == PIECE_TEXT);
		assert(is_allowed(o->topic.pieces[0].text));
		assert(o->n_who == 1);
		for (size_t k = 0; k < d->n_orders; k++)
			assert(k == i || strcmp(d->orders[i]->name,
						d->orders[k]->name) != 0);
	}
}

static size_t
split(char *text, struct fact *facts)
{
	size_t n = 0;

	for (char *save = NULL, *line = strtok_r(text, "\n", &save);
	     line && n < FACTS_MAX; line = strtok_r(NULL, "\n", &save)) {
		char *space = strchr(line, ' ');

		if (!space)
			continue;
		*space = '\0';
		facts[n++] = (struct fact){ line, space + 1 };
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fact list[FACTS_MAX];
	struct facts facts = { .id = "d", .all = list, .limits = &limits };
	struct pool *pool = pool_new();
	char *text = xcalloc(1, size + 1);
	struct found_field field;
	struct found *f;

	if (size)
		memcpy(text, data + 1, size - 1);
	facts.n = split(text, list);
	facts.prefix = !size || *data == 'h' ? "ha"
		       : *data == '4'        ? "homie"
					     : "homie/5";
	f = *facts.prefix == 'h' && facts.prefix[1] == 'a'
		    ? hass_build(pool, &facts)
		    : homie_build(pool, &facts);
	if (f)
		check(f);
	for (size_t i = 0; i < facts.n; i++)
		(void)hass_field(list[i].text, &field);
	pool_free(pool);
	free(text);
	return 0;
}
