/* SPDX-License-Identifier: MIT */
/*
 * fuzz_styling.c - any body becomes a sound text; any text with spans is
 * written so that it is read back with the same words and no new style.
 */

#include "bridge/text.h"
#include "protocols/xmpp/styling.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct text
built(const struct text_builder *b)
{
	return (struct text){ b->utf8.data, b->utf8.len, b->spans, b->n_spans };
}

static void
check_sound(const struct text_builder *b)
{
	size_t end = 0;

	assert(utf8_valid(b->utf8.data, b->utf8.len));
	for (size_t i = 0; i < b->n_spans; i++) {
		assert(b->spans[i].len > 0 && b->spans[i].start >= end);
		end = b->spans[i].start + b->spans[i].len;
		assert(end <= b->utf8.len);
	}
}

static void
check_written(const struct text *text)
{
	struct text_builder back;
	struct str out;

	str_init(&out, 32 * BODY_MAX);
	text_builder_init(&back, BODY_MAX);
	if (styling_write(&out, text)) {
		assert(strcmp(out.data, text->utf8) == 0);
	} else {
		styling_read(&back, out.data, out.len);
		check_sound(&back);
		assert(strcmp(back.utf8.data, text->utf8) == 0);
	}
	text_builder_finish(&back);
	str_finish(&out);
}

/* Bytes below 0x20 set the styles of what follows, the others are text. */
static void
build_from(struct text_builder *b, const struct str *body)
{
	struct style style = STYLE_PLAIN;
	size_t len;

	for (size_t i = 0; i < body->len; i += len) {
		uint32_t cp = utf8_decode(body->data + i, body->len - i, &len);

		if (cp < 0x20 && cp != '\n')
			style.styles ^= 1U << cp % 9;
		else
			text_builder_add(b, body->data + i, len, style);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text_builder b;
	struct str body;
	struct text text;

	if (size > BODY_MAX / 3)
		return 0;
	str_init(&body, BODY_MAX);
	utf8_repair(&body, (const char *)data, size);

	text_builder_init(&b, BODY_MAX);
	styling_read(&b, body.data, body.len);
	check_sound(&b);
	text = built(&b);
	check_written(&text);
	text_builder_finish(&b);

	text_builder_init(&b, BODY_MAX);
	build_from(&b, &body);
	text = built(&b);
	check_written(&text);
	text_builder_finish(&b);
	str_finish(&body);
	return 0;
}
