/* SPDX-License-Identifier: MIT */
/*
 * fuzz_text.c - UTF-8 is repaired and cut, texts are built, spans go to the
 * store and come back.
 *
 * The first byte chooses what the rest is. Oracles: what was repaired is
 * valid; pieces join to the whole and none is longer than it may be; what a
 * builder made passes text_check(); what was parsed is written as it was.
 */

#include "bridge/event.h"
#include "bridge/str.h"
#include "bridge/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool truth)
{
	if (!truth)
		abort();
}

static void
repair(const char *s, size_t n)
{
	AUTO_STR out;
	AUTO_STR again;

	str_init(&out, n * 3);
	str_init(&again, n * 3);
	utf8_repair(&out, s, n);
	require(!str_overflowed(&out));
	require(utf8_valid(out.data, out.len));
	require(!memchr(out.data, '\0', out.len));
	require(utf8_count(out.data, out.len) == utf8_count(s, n));
	utf8_repair(&again, out.data, out.len);
	require(again.len == out.len);
	require(memcmp(again.data, out.data, out.len) == 0);
	str_clear(&again);
	utf8_repair_lines(&again, s, n);
	require(utf8_valid(again.data, again.len));
	require(!memchr(again.data, '\r', again.len));
}

static void
cut(size_t (*fn)(const char *s, size_t n, size_t max), const char *s, size_t n,
    size_t max)
{
	size_t count = utf8_count(s, n);
	size_t len = 0;

	for (size_t at = 0; at < n; at += len) {
		size_t first = 0;

		len = fn(s + at, n - at, max);
		utf8_decode(s + at, n - at, &first);
		require(len > 0 && len <= n - at);
		require(len <= max || len == first);
		/* No code point is cut, also where the text is broken. */
		count -= utf8_count(s + at, len);
	}
	require(count == 0);
}

static void
parse(const char *s, size_t n)
{
	const char *nl = memchr(s, '\n', n);
	AUTO(event) ev = event_make(EVENT_MESSAGE);
	AUTO(event) copy = NULL;
	AUTO_STR line = { 0 };
	AUTO_STR first = { 0 };
	AUTO_STR second = { 0 };

	if (!nl)
		return;
	str_init(&line, n);
	str_init(&first, n * 4 + 1000);
	str_init(&second, n * 4 + 1000);
	str_add_n(&line, s, (size_t)(nl - s));
	event_set_text_n(ev, nl + 1, n - (size_t)(nl - s) - 1);
	if (!text_spans_parse(ev, line.data)) {
		require(ev->text.n_spans == 0 && !ev->text.spans);
		return;
	}
	require(!text_check(&ev->text));
	text_spans_format(&first, &ev->text);
	copy = event_copy(ev);
	require(text_spans_parse(copy, first.data));
	text_spans_format(&second, &copy->text);
	require(!str_overflowed(&first) && !str_overflowed(&second));
	require(first.len == second.len &&
		memcmp(first.data, second.data, first.len) == 0);
}

/* Pieces: a byte of style, a byte of length, that many bytes. */
static void
build(const char *s, size_t n)
{
	struct text_builder b;
	AUTO(event) ev = event_make(EVENT_MESSAGE);
	AUTO(event) part = event_make(EVENT_MESSAGE);

	text_builder_init(&b, 1000);
	while (n >= 2) {
		struct style style = STYLE_PLAIN;
		size_t len = (unsigned char)s[1];

		style.styles = (unsigned char)s[0] & 0x3f;
		style.link = s[0] & 0x40 ? "http://a/" : NULL;
		style.fg = s[0] & 0x80 ? 7 : SPAN_NO_COLOR;
		if (len > n - 2)
			len = n - 2;
		text_builder_add(&b, s + 2, len, style);
		s += 2 + len;
		n -= 2 + len;
	}
	event_take_text(ev, &b);
	require(!text_check(&ev->text));

	size_t half = utf8_cut(ev->text.utf8, ev->text.len, ev->text.len / 2);
	size_t rest = ev->text.len - half;

	text_builder_finish(&b);
	text_builder_init(&b, rest);
	text_builder_add_text(&b, &ev->text, half, rest);
	require(!str_overflowed(&b.utf8));
	event_take_text(part, &b);
	require(!text_check(&part->text));
	require(part->text.len == rest);
	require(memcmp(part->text.utf8, ev->text.utf8 + half, rest) == 0);
	text_builder_finish(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data + 1;

	if (size < 2)
		return 0;
	size--;
	switch (data[0] % 4) {
	case 0:
		repair(s, size);
		break;
	case 1:
		cut(utf8_cut, s, size, data[0] / 4);
		cut(utf8_cut_word, s, size, data[0] / 4);
		break;
	case 2:
		parse(s, size);
		break;
	case 3:
		build(s, size);
		break;
	}
	return 0;
}
