/* SPDX-License-Identifier: MIT */
/*
 * fuzz_mqtt_rule.c - lines separated by LF: a template, a filter, a topic, a
 * condition, a pattern, a topic of a command, what somebody types; the rest is
 * a payload. Whatever they are, a line is sound, and a topic of a command has
 * the levels of its template and no wildcard.
 */

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/pool.h"
#include "bridge/text.h"
#include "conf/say.h"
#include "conf/topic.h"
#include "protocols/mqtt/line.h"
#include "protocols/mqtt/order.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 20000
#define LINES 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	struct pool *pool;
	const char *lines[LINES];
	const char *payload;
	size_t len;
};

static void
cut(struct input *in, char *text, size_t size)
{
	const char *end = text + size;

	for (size_t i = 0; i < LINES; i++) {
		char *lf = memchr(text, '\n', (size_t)(end - text));

		in->lines[i] = text;
		text = lf ? lf + 1 : text + strlen(text);
		if (lf)
			*lf = '\0';
	}
	in->payload = text;
	in->len = (size_t)(end - text);
}

static unsigned
count(const char *text, char c)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == c;
	return n;
}

static void
check_line(const struct input *in, const struct conf_say *say,
	   const struct conf_condition *condition)
{
	struct conf_rule rule = { .name = "rule", .watch.say = *say };
	struct payload p;
	struct reading value;
	const struct source source = {
		.rule = &rule,
		.filter = in->lines[1],
		.topic = in->lines[2],
		.payload = &p,
		.value = &value,
		.wall_ms = 1748779200000,
	};
	struct str out;

	str_init(&out, 100000);
	payload_read(&p, in->payload, in->len, CONF_PAYLOAD_AUTO);
	reading_init(&value);
	payload_get(&p, &rule.watch.value, &value);
	(void)condition_holds(condition, &p, &value);
	line_render(&out, say, &source);
	assert(!str_overflowed(&out));
	/* What the operator wrote may be what it likes. */
	assert(!utf8_valid(in->lines[0], strlen(in->lines[0])) ||
	       utf8_valid(out.data, out.len));
	reading_finish(&value);
	payload_finish(&p);
	str_finish(&out);
}

static void
check_watch(struct input *in)
{
	struct conf_say say = { 0 };
	struct conf_condition condition = { 0 };
	struct error err;

	if (refuse_filter(in->lines[1]) ||
	    !topic_is_sound(in->lines[2], strlen(in->lines[2])))
		return;
	if (condition_parse(in->pool, in->lines[3], &condition, &err))
		condition.n = 0;
	(void)topic_covers(in->lines[1], in->lines[2]);
	if (topic_matches(in->lines[1], in->lines[2]) &&
	    say_parse(in->pool, in->lines[0], SAY_WATCH,
		      count(in->lines[1], '+'), &say, &err) == 0)
		check_line(in, &say, &condition);
}

static void
check_order(struct input *in)
{
	struct conf_pattern pattern;
	struct conf_say topic = { 0 };
	struct order_args args;
	struct error err;
	struct str out, why;

	if (pattern_parse(in->pool, in->lines[4], &pattern, &err) ||
	    say_parse(in->pool, in->lines[5], SAY_ORDER_TOPIC, pattern.n_params,
		      &topic, &err) ||
	    !pattern_fits_topic(&pattern, &topic))
		return;
	str_init(&out, 100000);
	str_init(&why, 100000);
	if (order_overhear(&pattern, in->lines[6], &args, &why) == ORDER_YES &&
	    order_topic(&out, &topic, &args)) {
		assert(!refuse_topic(out.data));
		assert(count(out.data, '/') == count(in->lines[5], '/'));
		assert(out.len == strlen(out.data));
	}
	str_finish(&out);
	str_finish(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { 0 };

	if (size > INPUT_MAX)
		return 0;

	char *text = xcalloc(1, size + 1);

	memcpy(text, data, size);
	in.pool = pool_new();
	cut(&in, text, size);
	check_watch(&in);
	check_order(&in);
	pool_free(in.pool);
	free(text);
	return 0;
}
