/* SPDX-License-Identifier: MIT */
/*
 * fuzz_irc_line.c - any bytes as lines: what is read, written back and read
 * again is equal, and the stream is in step again after whatever came.
 */

#include "protocols/irc/line.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct lines {
	unsigned long n;
	struct irc_line once, twice;
	struct str last;
};

static void
check(bool ok)
{
	if (!ok)
		abort();
}

static void
check_same(const char *a, const char *b)
{
	check(a && b && !strcmp(a, b));
}

static void
check_equal(const struct irc_line *a, const struct irc_line *b)
{
	check_same(a->command, b->command);
	check(a->n_params == b->n_params);
	for (size_t i = 0; i < a->n_params; i++)
		check_same(a->params[i], b->params[i]);
	check(a->n_tags == b->n_tags);
	for (size_t i = 0; i < a->n_tags; i++) {
		check_same(a->tags[i].key, b->tags[i].key);
		check_same(a->tags[i].value, irc_line_tag(b, a->tags[i].key));
	}
}

/* A client writes no source, and fewer tags than a server may. */
static void
write_back(struct lines *l)
{
	struct irc_out out;
	struct str wire;

	str_init(&wire, 2 * IRC_LINE_MAX);
	irc_out_init(&out, l->once.command);
	for (size_t i = 0; i < l->once.n_tags; i++)
		irc_out_tag(&out, l->once.tags[i].key, l->once.tags[i].value);
	for (size_t i = 0; i < l->once.n_params; i++) {
		if (i + 1 < l->once.n_params)
			irc_out_param(&out, l->once.params[i]);
		else
			irc_out_trailing(&out, l->once.params[i]);
	}
	if (irc_out_write(&out, &wire)) {
		check(wire.len >= 2 && wire.data[wire.len - 1] == '\n');
		check(!memchr(wire.data, '\0', wire.len));
		check(strcspn(wire.data, "\r\n") == wire.len - 2);
		check(irc_line_read(&l->twice, wire.data, wire.len - 2));
		check_equal(&l->once, &l->twice);
	} else {
		/* Only for want of room. */
		check(out.tags.overflowed || out.body.overflowed);
		check(wire.len == 0);
	}
	irc_out_finish(&out);
	str_finish(&wire);
}

static void
take(void *arg, const char *line, size_t len)
{
	struct lines *l = arg;

	l->n++;
	str_clear(&l->last);
	str_add_n(&l->last, line, len);
	check(len > 0 && len <= IRC_LINE_MAX && !memchr(line, '\n', len));
	if (irc_line_read(&l->once, line, len))
		write_back(l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char sync[] = "\nPING sync\r\n";
	size_t step = size ? 1 + data[0] : 1;
	struct lines *l = calloc(1, sizeof(*l));
	struct irc_framer f;

	if (!l)
		return 0;
	str_init(&l->last, IRC_LINE_MAX);
	irc_framer_init(&f);
	for (size_t at = 0; at < size; at += step)
		irc_framer_feed(&f, (const char *)data + at,
				size - at < step ? size - at : step, take, l);
	irc_framer_feed(&f, sync, strlen(sync), take, l);
	check_same(l->last.data, "PING sync");
	check(!f.skipping && f.pending.len == 0);
	irc_framer_finish(&f);
	str_finish(&l->last);
	free(l);
	return 0;
}
