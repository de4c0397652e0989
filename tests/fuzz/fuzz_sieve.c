/* SPDX-License-Identifier: MIT */
/*
 * fuzz_sieve.c - of a stream that is well formed, the sieve leaves out what
 * nobody wants and nothing else: a parser tells the same of what it passes as
 * of all, if it leaves out the same.
 */

#include "bridge/str.h"
#include "protocols/xmpp/sieve.h"

#include <expat.h>

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define IN_MAX 65536
#define OUT_MAX (16 * IN_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_wanted(const char *const *attributes)
{
	for (; *attributes; attributes += 2)
		if (!strcmp(attributes[0], "to") && !strcmp(attributes[1], "c"))
			return false;
	return true;
}

/* In pieces of so many bytes. */
static void
sieve(struct str *out, const char *bytes, size_t size, size_t piece)
{
	const char *attributes[2 * SIEVE_ATTRIBUTES_MAX + 1];
	struct sieve s;

	sieve_init(&s);
	while (size > 0) {
		size_t n;
		enum sieve_fate fate = sieve_next(
			&s, true, bytes, size < piece ? size : piece, &n);

		if (fate == SIEVE_PASS)
			str_add_n(out, bytes, n);
		else if (fate == SIEVE_TAG && sieve_read_tag(&s, attributes) &&
			 !is_wanted(attributes))
			sieve_skip(&s);
		else if (fate == SIEVE_TAG)
			str_add_n(out, s.tag.data, s.tag.len);
		bytes += n;
		size -= n;
	}
	if (s.holding)
		str_add_n(out, s.tag.data, s.tag.len);
	sieve_finish(&s);
}

/* ---- what a parser tells ------------------------------------------------- */

struct told {
	struct str text;
	unsigned depth, skipped;
};

static void XMLCALL
told_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct told *t = arg;

	if (t->skipped || (t->depth == 1 && !is_wanted(attributes))) {
		t->skipped++;
		return;
	}
	t->depth++;
	str_printf(&t->text, "<%s", name);
	for (; *attributes; attributes++)
		str_printf(&t->text, " %s", *attributes);
}

static void XMLCALL
told_end(void *arg, const XML_Char *name)
{
	struct told *t = arg;

	if (t->skipped) {
		t->skipped--;
		return;
	}
	t->depth--;
	str_printf(&t->text, "/%s", name);
}

static void XMLCALL
told_text(void *arg, const XML_Char *text, int len)
{
	struct told *t = arg;

	if (!t->skipped)
		str_add_n(&t->text, text, (size_t)len);
}

static bool
tell(struct told *t, const char *bytes, size_t size)
{
	XML_Parser parser = XML_ParserCreate("UTF-8");
	bool whole;

	*t = (struct told){ 0 };
	str_init(&t->text, OUT_MAX);
	XML_SetUserData(parser, t);
	XML_SetElementHandler(parser, told_start, told_end);
	XML_SetCharacterDataHandler(parser, told_text);
	whole = XML_Parse(parser, bytes, (int)size, 1) == XML_STATUS_OK;
	XML_ParserFree(parser);
	return whole;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + 1;
	AUTO_STR out = { 0 };
	struct told all, some;

	if (size < 2 || size > IN_MAX)
		return 0;
	str_init(&out, IN_MAX);
	sieve(&out, bytes, size - 1, data[0] ? (size_t)data[0] : size);
	assert(!str_overflowed(&out));
	if (tell(&all, bytes, size - 1)) {
		assert(tell(&some, out.data, out.len));
		assert(all.text.len == some.text.len);
		assert(!memcmp(all.text.data, some.text.data, all.text.len));
		str_finish(&some.text);
	}
	str_finish(&all.text);
	return 0;
}
