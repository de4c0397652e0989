/* SPDX-License-Identifier: MIT */
/* test_xml.c - what may stand in a stanza, and that a parser agrees. */

#include "tests/support/test.h"

#include "bridge/str.h"
#include "bridge/text.h"
#include "protocols/xmpp/xml.h"

#include <expat.h>
#include <strophe.h>

#include <stdlib.h>
#include <string.h>

#define OUT_MAX 4096

static void
assert_clean(const char *in, size_t len, const char *expected)
{
	AUTO_STR out = { 0 };

	str_init(&out, OUT_MAX);
	xml_clean(&out, in, len);
	assert_string_equal(out.data, expected);
	assert_int_equal(out.len, strlen(expected));
	assert_int_equal(xml_is_clean(in, len),
			 len == out.len && memcmp(in, out.data, len) == 0);
	assert_true(xml_is_clean(out.data, out.len));
}

static void
each_single_byte_is_kept_dropped_or_repaired(void **state UNUSED)
{
	for (int byte = 0; byte < 256; byte++) {
		char in[3] = { 'a', (char)byte, 'b' };
		char same[4] = { 'a', (char)byte, 'b', '\0' };
		const char *expected = "ab";

		if (byte >= 0x80)
			expected = "a\xef\xbf\xbd"
				   "b";
		else if (byte == '\r')
			expected = "a\nb";
		else if (byte == '\t' || byte == '\n' ||
			 (byte >= ' ' && byte < 0x7f))
			expected = same;
		assert_clean(in, sizeof(in), expected);
	}
}

static bool
is_allowed(uint32_t cp)
{
	if (cp < 0x20)
		return cp == '\t' || cp == '\n';
	if (cp == 0x7f || (cp >= 0x80 && cp < 0xa0))
		return false;
	return !(cp >= 0xfdd0 && cp <= 0xfdef) && (cp % 0x10000) < 0xfffe;
}

static void
each_code_point_of_every_plane_is_judged(void **state UNUSED)
{
	for (uint32_t cp = 1; cp <= 0x10ffff; cp++) {
		AUTO_STR in = { 0 };

		if ((cp >= 0xd800 && cp <= 0xdfff) || cp == '\r')
			continue;
		/* all of the interesting ones, some of the others */
		if (cp > 0x3000 && cp % 0x10000 < 0xfff0 && cp % 97 != 0 &&
		    (cp < 0xfdc0 || cp > 0xfdff))
			continue;
		str_init(&in, 4);
		utf8_append(&in, cp);
		assert_clean(in.data, in.len, is_allowed(cp) ? in.data : "");
	}
}

static void
strings_come_out_as_written_here(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "\002bold\002 \00304red\003", "bold 04red" },
		{ "a\r\nb\rc\n", "a\nb\nc\n" },
		{ "\r\r\n\r", "\n\n\n" },
		{ "\xc3\xa9\xf0\x9f\x98\x80", "\xc3\xa9\xf0\x9f\x98\x80" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf4\x90\x80\x80",
		  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "cut\xe2\x82", "cut\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xef\xbf\xbd", "\xef\xbf\xbd" },
		{ "x\xc2\x85y", "xy" },
		{ "<&>\"']]>", "<&>\"']]>" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_clean(cases[i].in, strlen(cases[i].in), cases[i].out);
}

static void
an_attribute_has_spaces_for_tabs_and_breaks(void **state UNUSED)
{
	static const char in[] = "a\tb\nc\r\nd\re\001f";
	AUTO_STR out = { 0 };

	str_init(&out, OUT_MAX);
	xml_clean_attribute(&out, in, strlen(in));
	assert_string_equal(out.data, "a b c d ef");
}

static void XMLCALL
collect_text(void *user, const XML_Char *text, int len)
{
	str_add_n(user, text, (size_t)len);
}

static void XMLCALL
collect_attribute(void *user, const XML_Char *name, const XML_Char **attributes)
{
	for (size_t i = 0; attributes[i]; i += 2)
		if (strcmp(attributes[i], "id") == 0 && strcmp(name, "m") == 0)
			str_add((struct str *)user, attributes[i + 1]);
}

/* What a parser makes of an element that libstrophe wrote. */
static void
read_back(const char *xml, size_t len, struct str *text)
{
	XML_Parser parser = XML_ParserCreate("UTF-8");

	XML_SetUserData(parser, text);
	XML_SetStartElementHandler(parser, collect_attribute);
	XML_SetCharacterDataHandler(parser, collect_text);
	assert_int_equal(XML_Parse(parser, xml, (int)len, 1), XML_STATUS_OK);
	XML_ParserFree(parser);
}

/* <m id='text'>text</m>, written by libstrophe. */
static void
render(xmpp_ctx_t *ctx, const char *id, const char *text, struct str *xml)
{
	xmpp_stanza_t *m = xmpp_stanza_new(ctx);
	xmpp_stanza_t *body = xmpp_stanza_new(ctx);
	char *buffer;
	size_t len;

	xmpp_stanza_set_name(m, "m");
	xmpp_stanza_set_id(m, id);
	xmpp_stanza_set_text(body, text);
	xmpp_stanza_add_child(m, body);
	assert_int_equal(xmpp_stanza_to_text(m, &buffer, &len), XMPP_EOK);
	str_add_n(xml, buffer, len);
	xmpp_free(ctx, buffer);
	xmpp_stanza_release(body);
	xmpp_stanza_release(m);
}

static void
assert_survives(xmpp_ctx_t *ctx, const char *in, size_t len)
{
	AUTO_STR text = { 0 };
	AUTO_STR id = { 0 };
	AUTO_STR xml = { 0 };
	AUTO_STR back = { 0 };

	str_init(&text, OUT_MAX);
	str_init(&id, OUT_MAX);
	str_init(&xml, 8 * OUT_MAX);
	str_init(&back, 2 * OUT_MAX);
	xml_clean(&text, in, len);
	xml_clean_attribute(&id, in, len);
	render(ctx, id.data, text.data, &xml);
	read_back(xml.data, xml.len, &back);
	str_add_n(&id, text.data, text.len);
	assert_string_equal(back.data, id.data);
}

static void
whatever_was_cleaned_comes_back_through_a_parser(void **state UNUSED)
{
	static const char *const cases[] = {
		"]]>",          "<!DOCTYPE a>", "<![CDATA[x]]>", "&amp;&#1;",
		"a\002b",       "--><!--",      "\xff\xfe",      "' \" < > &",
		"\xef\xbf\xbe", "\r\n\t",
	};
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	char bytes[64];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_survives(ctx, cases[i], strlen(cases[i]));
	srand(1);
	for (int round = 0; round < 5000; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (char)(round % 2 ? rand()
						    : "<>&]'\"\r\n\x01"
						      "a\xc2\x85"[rand() % 12]);
		assert_survives(ctx, bytes, sizeof(bytes));
	}
	xmpp_ctx_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_single_byte_is_kept_dropped_or_repaired),
		cmocka_unit_test(each_code_point_of_every_plane_is_judged),
		cmocka_unit_test(strings_come_out_as_written_here),
		cmocka_unit_test(an_attribute_has_spaces_for_tabs_and_breaks),
		cmocka_unit_test(
			whatever_was_cleaned_comes_back_through_a_parser),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
