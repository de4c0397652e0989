/* SPDX-License-Identifier: MIT */
/* memo.c - what is known of a topic, as a text; see memo.h. */

#include "protocols/mqtt/memo.h"

#include "bridge/base.h"

#include <jansson.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_DIGITS 16

/* ---- writing ------------------------------------------------------------- */

/* These cannot fail but for want of memory, which ends the process. */
static void
put(json_t *o, const char *name, json_t *value)
{
	(void)json_object_set_new(o, name, value);
}

static void
put_text(json_t *o, const char *name, const char *text)
{
	if (text)
		put(o, name, json_string(text));
}

/* What is no number in JSON (infinity) is remembered as not known. */
static void
put_number(json_t *o, const char *name, double number)
{
	if (isfinite(number))
		put(o, name, json_real(number));
}

static void
put_mark(json_t *o, const char *name, const struct mark *mark)
{
	char digits[HASH_DIGITS + 1];

	if (mark->is_number) {
		put_number(o, name, mark->number);
		return;
	}
	(void)snprintf(digits, sizeof(digits), "%016" PRIx64, mark->hash);
	put(o, name, json_string(digits));
}

static void
put_time(json_t *o, const char *name, int64_t ms, const struct moment *at)
{
	put(o, name, json_integer(ms - at->now_ms + at->wall_ms));
}

static void
put_digest(json_t *o, const struct policy *p, const struct moment *at)
{
	put(o, "n", json_integer(p->n));
	put_time(o, "from", p->from_ms, at);
	if (!p->n_numbers)
		return;
	put(o, "numbers", json_integer(p->n_numbers));
	put_number(o, "min", p->min);
	put_number(o, "max", p->max);
	put_number(o, "sum", p->sum);
}

static void
dump(struct str *out, json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);

	json_decref(o);
	str_add(out, text ? text : "");
	free(text);
}

void
memo_write(struct str *out, const struct recall *r, const struct moment *at)
{
	const struct policy *p = &r->policy;
	json_t *o = json_object();

	if (p->known)
		put_mark(o, "last", &p->last);
	if (p->shown)
		put_time(o, "shown", p->shown_ms, at);
	if (p->keeps)
		put_mark(o, "kept", &p->kept);
	if (p->n)
		put_digest(o, p, at);
	if (p->holds)
		put_time(o, "since", p->since_ms, at);
	if (p->on)
		put_time(o, "said", p->said_ms, at);
	put_text(o, "line", r->line);
	put_text(o, "name", r->name);
	put_text(o, "first", r->first);
	dump(out, o);
}

void
memo_write_skipped(struct str *out, uint64_t n, const char *last)
{
	json_t *o = json_object();

	put(o, "skipped", json_integer((json_int_t)n));
	put_text(o, "last", last);
	dump(out, o);
}

/* ---- reading ------------------------------------------------------------- */

static char *
take_text(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? xstrdup(text) : NULL;
}

static bool
take_mark(const json_t *o, const char *name, struct mark *mark)
{
	const json_t *v = json_object_get(o, name);

	if (json_is_number(v)) {
		mark->is_number = true;
		mark->number = json_number_value(v);
		return true;
	}
	return json_is_string(v) &&
	       sscanf(json_string_value(v), "%16" SCNx64, &mark->hash) == 1;
}

static bool
take_time(const json_t *o, const char *name, const struct moment *at,
	  int64_t *ms)
{
	const json_t *v = json_object_get(o, name);
	int64_t wall = json_integer_value(v);

	if (!json_is_integer(v) || wall < 0)
		return false;
	*ms = at->now_ms - (wall < at->wall_ms ? at->wall_ms - wall : 0);
	return true;
}

static unsigned
take_count(const json_t *o, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(o, name));

	return n > 0 && n <= UINT32_MAX ? (unsigned)n : 0;
}

static void
take_digest(const json_t *o, struct policy *p, const struct moment *at)
{
	const json_t *min = json_object_get(o, "min");
	const json_t *max = json_object_get(o, "max");
	const json_t *sum = json_object_get(o, "sum");

	if (!take_time(o, "from", at, &p->from_ms))
		return;
	p->n = take_count(o, "n");
	if (!json_is_number(min) || !json_is_number(max) ||
	    !json_is_number(sum))
		return;
	p->n_numbers = take_count(o, "numbers");
	p->min = json_number_value(min);
	p->max = json_number_value(max);
	p->sum = json_number_value(sum);
}

bool
memo_read(const char *text, struct recall *r, const struct moment *at)
{
	struct policy *p = &r->policy;
	json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	*r = (struct recall){ .line = NULL };
	if (!json_is_object(o)) {
		json_decref(o);
		return false;
	}
	p->known = take_mark(o, "last", &p->last);
	p->shown = take_time(o, "shown", at, &p->shown_ms);
	p->keeps = take_mark(o, "kept", &p->kept);
	take_digest(o, p, at);
	p->holds = take_time(o, "since", at, &p->since_ms);
	p->on = take_time(o, "said", at, &p->said_ms);
	r->line = take_text(o, "line");
	r->name = take_text(o, "name");
	r->first = take_text(o, "first");
	json_decref(o);
	return true;
}

bool
memo_read_skipped(const char *text, uint64_t *n, char **last)
{
	json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	*n = take_count(o, "skipped");
	*last = *n ? take_text(o, "last") : NULL;
	json_decref(o);
	return *last != NULL;
}
