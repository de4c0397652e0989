/* SPDX-License-Identifier: MIT */
/*
 * fuzz_irc_format.c - any bytes as formatted text: what was written reads the
 * same, and every piece of it fits, is valid UTF-8 and cannot end a line.
 */

#include "protocols/irc/format.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_LEN_MAX 20000

static void
check(bool ok)
{
	if (!ok)
		abort();
}

struct pieces {
	size_t room, n;
	struct str all; /* an LF after each */
};

static void
take(void *arg, const char *piece, size_t len)
{
	struct pieces *p = arg;

	check(len > 0 && len <= p->room);
	check(utf8_valid(piece, len));
	for (size_t i = 0; i < len; i++)
		check(!memchr("\r\n\0\x01", piece[i], 4));
	str_add_n(&p->all, piece, len);
	str_add_char(&p->all, '\n');
	p->n++;
}

static void
write_all(struct pieces *p, const struct text_builder *b, struct irc_cut cut)
{
	struct text text = { b->utf8.data, b->utf8.len, b->spans, b->n_spans };

	*p = (struct pieces){ .room = cut.room };
	str_init(&p->all, 64 * TEXT_LEN_MAX);
	irc_format_write(&text, &cut, take, p);
	check(!cut.lines_max || p->n <= cut.lines_max);
}

static void
read_all(struct text_builder *b, const char *s, size_t n)
{
	text_builder_init(b, TEXT_LEN_MAX);
	irc_format_read(b, s, n);
	check(utf8_valid(b->utf8.data, b->utf8.len));
	for (size_t i = 0; i < b->n_spans; i++)
		check(b->spans[i].len > 0);
}

/* The text without empty lines. */
static void
lines_of(struct str *out, const struct text_builder *b)
{
	str_init(out, TEXT_LEN_MAX + 1);
	for (size_t i = 0; i < b->utf8.len; i++) {
		char c = b->utf8.data[i];

		if (c != '\n' || (out->len && out->data[out->len - 1] != '\n'))
			str_add_char(out, c);
	}
	if (out->len && out->data[out->len - 1] != '\n')
		str_add_char(out, '\n');
}

/*
 * Written with room for all, read and written again: the same text, and the
 * same codes, since a colour that went by the nearest code stays with it.
 */
static void
round_trip(const struct text_builder *b)
{
	const struct irc_cut wide = { 100 * TEXT_LEN_MAX, 0, "", "", true };
	struct text_builder again;
	struct pieces first, second;
	struct str want;

	write_all(&first, b, wide);
	read_all(&again, first.all.data, first.all.len);
	lines_of(&want, b);
	check(again.utf8.len == want.len &&
	      !memcmp(again.utf8.data, want.data, want.len));
	write_all(&second, &again, wide);
	/* Text beyond the most spans is plain; where differs. */
	if (b->n_spans < 500)
		check(first.all.len == second.all.len &&
		      !memcmp(first.all.data, second.all.data, first.all.len));
	text_builder_finish(&again);
	str_finish(&first.all);
	str_finish(&second.all);
	str_finish(&want);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text_builder b;
	struct pieces p;
	struct irc_cut cut;
	struct str utf8;

	if (size < 3 || size > TEXT_LEN_MAX / 3)
		return 0;
	cut = (struct irc_cut){ data[0], data[1] % 8,
				data[2] & 1 ? "<ann> " : "",
				data[2] & 2 ? "\x03"
					      "04... "
					    : "",
				!(data[2] & 4) };
	str_init(&utf8, TEXT_LEN_MAX);
	irc_charset_read(&utf8, (const char *)data + 3, size - 3,
			 data[2] & 8 ? "CP1251" : NULL);
	check(utf8_valid(utf8.data, utf8.len));
	check(!memchr(utf8.data, '\0', utf8.len));
	read_all(&b, utf8.data, utf8.len);
	for (size_t i = 0; i < b.n_spans; i++) {
		/* Styles that reading does not make. */
		if (data[2] & 16)
			b.spans[i].styles |= SPAN_QUOTE | SPAN_CODE_BLOCK;
	}
	write_all(&p, &b, cut);
	str_finish(&p.all);
	if (!(data[2] & 16))
		round_trip(&b);
	text_builder_finish(&b);
	str_finish(&utf8);
	return 0;
}
