/* SPDX-License-Identifier: MIT */
/*
 * fuzz_matrix_html.c - any bytes become a sound text; what is written from a
 * text holds no markup but ours, and is read back with the same words.
 */

#include "protocols/matrix/html.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HTML_MAX (256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Words alone: where lines break is the affair of blocks. */
static void
squeeze(struct str *out, const char *s)
{
	for (; *s; s++)
		if (!strchr(" \t\r\n\f", *s))
			str_add_char(out, *s);
}

static void
check_written(struct event *ev)
{
	struct text_builder back;
	struct str html, one, other;

	str_init(&html, 64 * HTML_MAX);
	str_init(&one, 8 * HTML_MAX);
	str_init(&other, 8 * HTML_MAX);
	text_builder_init(&back, 8 * HTML_MAX);
	(void)html_write(&html, &ev->text);
	assert(!strstr(html.data, "<script"));
	assert(!strstr(html.data, "href=\"javascript"));
	html_read(&back, html.data, html.len);
	squeeze(&one, ev->text.utf8);
	squeeze(&other, back.utf8.data);
	assert(strcmp(one.data, other.data) == 0);
	text_builder_finish(&back);
	str_finish(&html);
	str_finish(&one);
	str_finish(&other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event *ev = event_make(EVENT_MESSAGE);
	struct text_builder b;

	if (size <= HTML_MAX) {
		text_builder_init(&b, HTML_MAX);
		html_read(&b, (const char *)data, size);
		event_take_text(ev, &b);
		text_builder_finish(&b);
		assert(!text_check(&ev->text));
		check_written(ev);
	}
	event_unref(ev);
	return 0;
}
