/* SPDX-License-Identifier: MIT */
/* test_sieve.c - which bytes of a stream a parser gets to see. */

#include "tests/support/test.h"

#include "protocols/xmpp/sieve.h"

#include <string.h>

#define OUT_MAX (256 * 1024)

/* Stanzas to "copy" are not wanted. */
static bool
is_wanted(const char *name, const char *const *attributes)
{
	assert_true(*name != '\0');
	for (; *attributes; attributes += 2)
		if (!strcmp(attributes[0], "to") &&
		    !strcmp(attributes[1], "copy"))
			return false;
	return true;
}

static void
feed(struct sieve *s, struct str *out, const char *bytes, size_t len)
{
	const char *attributes[2 * SIEVE_ATTRIBUTES_MAX + 1];

	while (len > 0) {
		size_t n;
		enum sieve_fate fate = sieve_next(s, true, bytes, len, &n);
		const char *name = fate == SIEVE_TAG
					   ? sieve_read_tag(s, attributes)
					   : NULL;

		assert_true(n <= len);
		if (fate == SIEVE_PASS)
			str_add_n(out, bytes, n);
		else if (name && !is_wanted(name, attributes))
			sieve_skip(s);
		else if (fate == SIEVE_TAG)
			str_add_n(out, s->tag.data, s->tag.len);
		bytes += n;
		len -= n;
	}
}

/* In pieces of so many bytes. */
static void
check_pieces(const char *in, const char *expected, size_t piece)
{
	struct sieve s;
	AUTO_STR out = { 0 };
	size_t len = strlen(in);

	sieve_init(&s);
	str_init(&out, OUT_MAX);
	for (size_t at = 0; at < len; at += piece)
		feed(&s, &out, in + at, len - at < piece ? len - at : piece);
	if (strcmp(out.data, expected) != 0)
		print_error("in pieces of %zu\n", piece);
	assert_string_equal(out.data, expected);
	sieve_finish(&s);
}

static void
check(const char *in, const char *expected)
{
	for (size_t piece = 1; piece <= strlen(in); piece++)
		check_pieces(in, expected, piece);
}

#define HEAD "<?xml version='1.0'?><stream:stream xmlns='x' to='copy'>"

static void
a_stanza_that_nobody_wants_is_left_out_whole(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "<m to='me'>a</m><m to='copy'>b<c>d</c></m><m>e</m>",
		  "<m to='me'>a</m><m>e</m>" },
		{ "<m to=\"copy\"/><p to='copy' /> \n<m to='me'/>",
		  " \n<m to='me'/>" },
		{ "<m\n\ta='b'\r\n to='copy'\n>x</m>", "" },
		{ "<m to='copy'><m to='me'><m/></m></m><n/>", "<n/>" },
		{ "<m><n to='copy'/></m>", "<m><n to='copy'/></m>" },
		{ "<m to='copy'/></stream:stream>", "</stream:stream>" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR in = { 0 };
		AUTO_STR out = { 0 };

		str_init(&in, OUT_MAX);
		str_init(&out, OUT_MAX);
		str_printf(&in, HEAD "%s", cases[i].in);
		str_printf(&out, HEAD "%s", cases[i].out);
		check(in.data, out.data);
	}
}

/* What looks like the end of a tag, or of a stanza, and is none. */
static void
angles_within_quotes_comments_and_cdata_are_no_tags(void **state UNUSED)
{
	static const char *const insides[] = {
		"<i a='/>' b=\"</m>\" c='\"'/>",
		"<i a=\"'\"></i>",
		"<!-- </m> > -- -><m> -->",
		"<!---->",
		"<![CDATA[</m>]] >]>]]]>",
		"<![CDATA[]]>",
		"<?pi </m> '> ?>",
		"a > b ' \" / > c",
		"<a/><b></b><c / ></c >",
	};

	for (size_t i = 0; i < ARRAY_SIZE(insides); i++) {
		AUTO_STR in = { 0 };
		AUTO_STR out = { 0 };

		str_init(&in, OUT_MAX);
		str_init(&out, OUT_MAX);
		str_printf(&in, HEAD "<m to='copy'>%s</m><m>%s</m><e/>",
			   insides[i], insides[i]);
		str_printf(&out, HEAD "<m>%s</m><e/>", insides[i]);
		check(in.data, out.data);
	}
}

static void
what_it_cannot_tell_is_for_the_parser(void **state UNUSED)
{
	static const char *const odd[] = {
		HEAD "<m to='&#99;opy'/>",
		HEAD "<m to='copy' a='&amp;'/>",
		HEAD "<x:m to='copy'/>",
		HEAD "<m to = 'copy'/>",
		HEAD "<m to=copy/>",
		HEAD "<m to='copy",
		HEAD "<m>",
		HEAD "< m to='copy'/>",
		HEAD "<>",
		HEAD "<!-- <m to='copy'/> --><![CDATA[<m to='copy'/>]]><?m?>",
		HEAD "<!DOCTYPE m><m to='copy'/>",
		"<!DOCTYPE m><s><m to='copy'/></s>",
		"</s><s><m to='copy'/></s>",
		"<m to='copy'/>",
		"no XML",
	};

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		AUTO_STR in = { 0 };
		size_t len;

		str_init(&in, OUT_MAX);
		str_add(&in, odd[i]);
		len = in.len;
		/* Of what is not complete, it may hold a first tag. */
		for (size_t piece = 1; piece <= len; piece++) {
			struct sieve s;
			AUTO_STR out = { 0 };

			sieve_init(&s);
			str_init(&out, OUT_MAX);
			for (size_t at = 0; at < len; at += piece)
				feed(&s, &out, in.data + at,
				     len - at < piece ? len - at : piece);
			if (s.holding)
				str_add_n(&out, s.tag.data, s.tag.len);
			assert_string_equal(out.data, in.data);
			sieve_finish(&s);
		}
	}
}

static void
a_first_tag_without_end_is_not_held(void **state UNUSED)
{
	AUTO_STR in = { 0 };

	str_init(&in, OUT_MAX);
	str_add(&in, HEAD "<m to='copy' a='");
	for (int i = 0; i < 3 * SIEVE_TAG_MAX; i++)
		str_add_char(&in, 'v');
	str_add(&in, "'>t</m><m>u</m>");
	check_pieces(in.data, in.data, 1);
	check_pieces(in.data, in.data, 4096);
	check_pieces(in.data, in.data, in.len);
}

static void
too_many_attributes_are_for_the_parser(void **state UNUSED)
{
	AUTO_STR in = { 0 };

	str_init(&in, OUT_MAX);
	str_add(&in, HEAD "<m");
	for (int i = 0; i < SIEVE_ATTRIBUTES_MAX; i++)
		str_printf(&in, " a%d=''", i);
	str_add(&in, " to='copy'/>");
	check(in.data, in.data);
}

static void
nothing_is_dropped_while_nobody_asks(void **state UNUSED)
{
	static const char in[] = HEAD "<m to='copy'><i/></m>";
	struct sieve s;
	size_t n;

	sieve_init(&s);
	assert_int_equal(sieve_next(&s, false, in, strlen(in), &n), SIEVE_PASS);
	assert_int_equal(n, strlen(in));
	/* It has kept count: the next one may be. */
	assert_int_equal(sieve_next(&s, true, "<m/>", 4, &n), SIEVE_TAG);
	sieve_finish(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stanza_that_nobody_wants_is_left_out_whole),
		cmocka_unit_test(
			angles_within_quotes_comments_and_cdata_are_no_tags),
		cmocka_unit_test(what_it_cannot_tell_is_for_the_parser),
		cmocka_unit_test(a_first_tag_without_end_is_not_held),
		cmocka_unit_test(too_many_attributes_are_for_the_parser),
		cmocka_unit_test(nothing_is_dropped_while_nobody_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
