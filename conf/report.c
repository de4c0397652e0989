/* SPDX-License-Identifier: MIT */
/*
 * report.c - collects messages and sorts them. Reading happens block by
 * block and checking afterwards, so mistakes are found in another order than
 * the one in which a person corrects them.
 */

#include "conf/report.h"

#include "bridge/base.h"
#include "bridge/pool.h"
#include "bridge/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 1000 /* beyond it messages are only counted */
#define SHOWN_MAX 100
#define TEXT_MAX 1024

struct message {
	struct conf_where where;
	size_t order;
	const char *text;
};

struct report {
	struct pool *pool;
	const char *main_file;
	struct message *messages;
	size_t n, size;
	size_t errors, dropped;
};

struct report *
report_new(const char *main_file)
{
	struct report *r = xcalloc(1, sizeof(*r));

	r->pool = pool_new();
	r->main_file = main_file;
	return r;
}

void
report_free(struct report *r)
{
	if (!r)
		return;

	free(r->messages);
	pool_free(r->pool);
	free(r);
}

static void
add(struct report *r, struct conf_where where, const char *text)
{
	if (r->n == KEPT_MAX) {
		r->dropped++;
		return;
	}
	if (r->n == r->size) {
		r->size = r->size ? r->size * 2 : 16;
		r->messages =
			xrealloc(r->messages, r->size * sizeof(*r->messages));
	}
	r->messages[r->n] = (struct message){
		.where = { pool_strdup(r->pool, where.file), where.line },
		.order = r->n,
		.text = pool_strdup(r->pool, text),
	};
	r->n++;
}

static void __attribute__((format(printf, 4, 0)))
add_format(struct report *r, struct conf_where where, const char *prefix,
	   const char *fmt, va_list args)
{
	char text[TEXT_MAX];
	size_t n = strlen(prefix);

	memcpy(text, prefix, n);
	(void)vsnprintf(text + n, sizeof(text) - n, fmt, args);
	add(r, where, text);
}

void
report_error(struct report *r, struct conf_where where, const char *fmt, ...)
{
	va_list args;

	r->errors++;
	va_start(args, fmt);
	add_format(r, where, "", fmt, args);
	va_end(args);
}

void
report_warning(struct report *r, struct conf_where where, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_format(r, where, "warning: ", fmt, args);
	va_end(args);
}

size_t
report_errors(const struct report *r)
{
	return r->errors;
}

static int
compare(const void *left, const void *right, void *main_file)
{
	const struct message *a = left;
	const struct message *b = right;
	bool a_main = strcmp(a->where.file, main_file) == 0;
	bool b_main = strcmp(b->where.file, main_file) == 0;

	if (a_main != b_main)
		return a_main ? -1 : 1;

	int files = strcmp(a->where.file, b->where.file);

	if (files)
		return files;
	if (a->where.line != b->where.line)
		return a->where.line < b->where.line ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

void
report_write(struct report *r, struct str *out)
{
	char *main_file = xstrdup(r->main_file);

	if (r->n)
		qsort_r(r->messages, r->n, sizeof(*r->messages), compare,
			main_file);
	free(main_file);

	size_t shown = r->n < SHOWN_MAX ? r->n : SHOWN_MAX;

	for (size_t i = 0; i < shown; i++) {
		const struct message *m = &r->messages[i];

		str_add(out, m->where.file);
		if (m->where.line)
			str_printf(out, ":%u", m->where.line);
		str_printf(out, ": %s\n", m->text);
	}
	if (r->n + r->dropped > shown)
		str_printf(out, "%s: and %zu more\n", r->main_file,
			   r->n + r->dropped - shown);
}
