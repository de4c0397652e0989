/* SPDX-License-Identifier: MIT */
/*
 * fuzz_control.c - any bytes as lines of an operator: they are words or
 * wrong. Words are written and read again as they were; any text becomes JSON
 * that somebody else's parser accepts, on one line, and is shown without a
 * character that a terminal would act on.
 */

#include "bridge/base.h"
#include "bridge/control/answer.h"
#include "bridge/control/ctl_show.h"
#include "bridge/control/request.h"
#include "bridge/str.h"
#include "bridge/text.h"

#include <jansson.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Written, the words may need more bytes than they had. */
static void
check_words(const struct request *r)
{
	AUTO_STR line;
	struct request again;

	assert(r->n <= REQUEST_WORDS);
	str_init(&line, 4 * REQUEST_MAX);
	for (size_t i = 0; i < r->n; i++) {
		assert(utf8_valid(r->words[i], strlen(r->words[i])));
		str_add(&line, i ? " " : "");
		request_add_word(&line, r->words[i]);
	}
	assert(!str_overflowed(&line));
	if (line.len > REQUEST_MAX)
		return;
	assert(!request_parse(&again, line.data, line.len));
	assert(again.n == r->n);
	for (size_t i = 0; i < r->n; i++)
		assert(strcmp(again.words[i], r->words[i]) == 0);
}

static void
check_line(const char *line, size_t len)
{
	struct request r;

	if (!request_parse(&r, line, len))
		check_words(&r);
}

static void
check_shown(const char *text)
{
	AUTO_STR shown;
	const char *p;
	size_t left, len;

	str_init(&shown, 1 << 20);
	ctl_show_text(&shown, text);
	assert(!str_overflowed(&shown));
	for (p = shown.data, left = shown.len; left > 0; p += len, left -= len)
		assert(!utf8_is_invisible(utf8_decode(p, left, &len)));
}

static void
check_answer(const char *text)
{
	AUTO_STR out;
	struct answer a;
	json_t *tree;
	const char *read;

	str_init(&out, 1 << 20);
	answer_init(&a, &out);
	answer_object(&a, NULL);
	answer_text(&a, "key", text);
	answer_end(&a);
	assert(!str_overflowed(&out));
	for (size_t i = 0; i < out.len; i++)
		assert((unsigned char)out.data[i] >= 0x20);
	tree = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
	read = json_string_value(json_object_get(tree, "key"));
	assert(read);
	if (utf8_valid(text, strlen(text)))
		assert(strcmp(read, text) == 0);
	json_decref(tree);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;
	const char *at;

	if (size > 64 * 1024)
		return 0;
	text = xcalloc(1, size + 1);
	at = text;
	if (size)
		memcpy(text, data, size);
	for (const char *end;
	     (end = memchr(at, '\n', size - (size_t)(at - text))); at = end + 1)
		check_line(at, (size_t)(end - at));
	check_line(at, size - (size_t)(at - text));
	check_answer(text);
	check_shown(text);
	free(text);
	return 0;
}
