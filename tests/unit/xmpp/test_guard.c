/* SPDX-License-Identifier: MIT */
/*
 * test_guard.c - that libstrophe, as it comes from the system, parses behind
 * our guard in an executable that is linked as the daemon is.
 */

#include "tests/support/test.h"

#include "bridge/str.h"
#include "protocols/xmpp/guard.h"

#include <expat.h>
#include <strophe.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define XML_MAX (8 * 1024 * 1024)

struct fixture {
	xmpp_ctx_t *ctx;
	unsigned long before;
};

struct narrator {
	xmpp_ctx_t *ctx;
	xmpp_stanza_t *stanza;
	bool handled;
	int result;
};

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->ctx = xmpp_ctx_new(NULL, NULL);
	f->before = guard_trips();
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	xmpp_ctx_free(f->ctx);
	free(f);
	return 0;
}

static unsigned long
tripped(const struct fixture *f)
{
	return guard_trips() - f->before;
}

static size_t
count_children(xmpp_stanza_t *stanza)
{
	size_t n = 0;

	for (xmpp_stanza_t *c = xmpp_stanza_get_children(stanza); c;
	     c = xmpp_stanza_get_next(c))
		n++;
	return n;
}

static size_t
depth_of(xmpp_stanza_t *stanza)
{
	size_t n = 0;

	for (; stanza; stanza = xmpp_stanza_get_children(stanza))
		n++;
	return n;
}

static void
repeat(struct str *xml, const char *what, size_t times)
{
	while (times-- > 0)
		str_add(xml, what);
}

/* <m>PREFIX what*times SUFFIX</m>, as libstrophe understands it. */
static xmpp_stanza_t *
parse_many(struct fixture *f, const char *what, size_t times, const char *after)
{
	AUTO_STR xml = { 0 };

	str_init(&xml, XML_MAX);
	str_add(&xml, "<m>");
	repeat(&xml, what, times);
	repeat(&xml, after, after[0] ? times : 0);
	str_add(&xml, "</m>");
	assert_false(str_overflowed(&xml));
	return xmpp_stanza_new_from_string(f->ctx, xml.data);
}

static void
an_ordinary_stanza_passes_unchanged(void **state)
{
	static const char text[] =
		"<message id=\"1\" to=\"a@b\"><body>h&amp;llo &lt;3\n</body>"
		"<x xmlns=\"urn:x\"><y a=\"b\"/>tail</x></message>";
	struct fixture *f = *state;
	xmpp_stanza_t *stanza = xmpp_stanza_new_from_string(f->ctx, text);
	xmpp_stanza_t *body = xmpp_stanza_get_child_by_name(stanza, "body");
	char *said = xmpp_stanza_get_text(body);
	xmpp_stanza_t *x = xmpp_stanza_get_child_by_ns(stanza, "urn:x");
	char *tail = xmpp_stanza_get_text(x);

	assert_string_equal(said, "h&llo <3\n");
	assert_string_equal(tail, "tail");
	assert_string_equal(xmpp_stanza_get_to(stanza), "a@b");
	assert_int_equal(count_children(stanza), 2);
	assert_int_equal(tripped(f), 0);
	xmpp_free(f->ctx, tail);
	xmpp_free(f->ctx, said);
	xmpp_stanza_release(stanza);
}

/* The cost of a child is the number of those before it: so count them. */
static void
thirty_thousand_children_become_two_thousand(void **state)
{
	struct fixture *f = *state;
	xmpp_stanza_t *stanza = parse_many(f, "<i/>", 30000, "");

	assert_int_equal(count_children(stanza), GUARD_ELEMENTS_MAX - 1);
	assert_int_equal(tripped(f), 30000 - GUARD_ELEMENTS_MAX + 1);
	xmpp_stanza_release(stanza);
}

static void
nesting_ends_at_the_limit(void **state)
{
	struct fixture *f = *state;
	xmpp_stanza_t *stanza = parse_many(f, "<i>", 100000, "</i>");

	assert_int_equal(depth_of(stanza), GUARD_DEPTH_MAX);
	assert_int_equal(tripped(f), 1);
	xmpp_stanza_release(stanza);
}

static void
text_ends_at_the_limit(void **state)
{
	struct fixture *f = *state;
	xmpp_stanza_t *stanza = parse_many(f, "\n", 1000000, "");
	char *text = xmpp_stanza_get_text(stanza);

	assert_int_equal(strlen(text), GUARD_TEXT_MAX);
	assert_int_equal(tripped(f), 1);
	xmpp_free(f->ctx, text);
	xmpp_stanza_release(stanza);
}

static xmpp_stanza_t *
parse_attributes(struct fixture *f, unsigned n, size_t value_len)
{
	AUTO_STR xml = { 0 };

	str_init(&xml, XML_MAX);
	str_add(&xml, "<m><i");
	for (unsigned i = 0; i < n; i++) {
		str_printf(&xml, " a%u='", i);
		repeat(&xml, "v", value_len);
		str_add(&xml, "'");
	}
	str_add(&xml, "><j/></i><k/></m>");
	return xmpp_stanza_new_from_string(f->ctx, xml.data);
}

static void
an_element_with_too_much_in_its_tag_is_dropped_whole(void **state)
{
	/* clang-format off */
	static const struct {
		unsigned n;
		size_t value_len;
		bool kept;
	} cases[] = {
		{ GUARD_ATTRIBUTES_MAX,     1,                 true },
		{ GUARD_ATTRIBUTES_MAX + 1, 1,                 false },
		{ 1000,                     1,                 false },
		{ 1,                        GUARD_TAG_MAX - 3, true },
		{ 1,                        GUARD_TAG_MAX - 2, false },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture *f = *state;
		unsigned long before = guard_trips();
		xmpp_stanza_t *stanza =
			parse_attributes(f, cases[i].n, cases[i].value_len);

		assert_int_equal(count_children(stanza), cases[i].kept ? 2 : 1);
		assert_non_null(xmpp_stanza_get_child_by_name(stanza, "k"));
		assert_int_equal(guard_trips() - before, !cases[i].kept);
		xmpp_stanza_release(stanza);
	}
}

/* expat writes the namespace into the name of each element that has it. */
static void
a_long_namespace_is_not_paid_for_by_every_child(void **state)
{
	struct fixture *f = *state;
	AUTO_STR xml = { 0 };
	xmpp_stanza_t *stanza;

	str_init(&xml, XML_MAX);
	str_add(&xml, "<m xmlns='");
	repeat(&xml, "n", 60000);
	str_add(&xml, "'>");
	repeat(&xml, "<i/>", 1000);
	str_add(&xml, "</m>");
	stanza = xmpp_stanza_new_from_string(f->ctx, xml.data);
	assert_true(count_children(stanza) <= GUARD_STANZA_TAGS_MAX / 60000);
	assert_true(tripped(f) > 900);
	xmpp_stanza_release(stanza);
}

struct seen {
	unsigned starts, ends, pieces;
	size_t text;
};

static void XMLCALL
see_start(void *user, const XML_Char *name UNUSED,
	  const XML_Char **attributes UNUSED)
{
	((struct seen *)user)->starts++;
}

static void XMLCALL
see_end(void *user, const XML_Char *name UNUSED)
{
	((struct seen *)user)->ends++;
}

static void XMLCALL
see_text(void *user, const XML_Char *text UNUSED, int len)
{
	struct seen *seen = user;

	seen->pieces++;
	seen->text += (size_t)len;
}

static void
watch(XML_Parser parser, struct seen *seen)
{
	XML_SetUserData(parser, seen);
	XML_SetElementHandler(parser, see_start, see_end);
	XML_SetCharacterDataHandler(parser, see_text);
}

static enum XML_Status
feed(XML_Parser parser, const char *xml)
{
	return XML_Parse(parser, xml, (int)strlen(xml), 0);
}

/* libstrophe copies all it has for each piece that comes. */
static void
text_is_given_as_one_piece(void **state)
{
	struct fixture *f = *state;
	XML_Parser parser = XML_ParserCreate(NULL);
	struct seen seen = { 0 };

	watch(parser, &seen);
	feed(parser, "<stream><m>");
	for (int i = 0; i < 1000; i++)
		feed(parser, "\n&amp;\n");
	assert_int_equal(seen.pieces, 0);
	feed(parser, "<i/>tail</m>");
	assert_int_equal(seen.pieces, 2);
	assert_int_equal(seen.text, 3004);
	assert_int_equal(tripped(f), 0);
	XML_ParserFree(parser);
}

static void
limits_begin_anew_with_each_stanza(void **state)
{
	struct fixture *f = *state;
	XML_Parser parser = XML_ParserCreate(NULL);
	struct seen seen = { 0 };

	watch(parser, &seen);
	assert_int_equal(feed(parser, "<stream>"), XML_STATUS_OK);
	for (int i = 0; i < 2 * GUARD_ELEMENTS_MAX; i++)
		assert_int_equal(feed(parser, "<m><b>hi</b></m> "),
				 XML_STATUS_OK);
	assert_int_equal(seen.starts, 1 + 4 * GUARD_ELEMENTS_MAX);
	assert_int_equal(seen.text, 4 * GUARD_ELEMENTS_MAX);
	assert_int_equal(tripped(f), 0);
	XML_ParserFree(parser);
}

static void
a_reset_parser_is_guarded_again(void **state)
{
	struct fixture *f = *state;
	XML_Parser parser = XML_ParserCreate(NULL);
	struct seen seen = { 0 };

	watch(parser, &seen);
	feed(parser, "<stream><m>");
	assert_int_equal(XML_ParserReset(parser, NULL), XML_TRUE);
	watch(parser, &seen);
	feed(parser, "<stream><m>");
	for (int i = 0; i < 3000; i++)
		feed(parser, "<i/>");
	assert_int_equal(seen.starts, 2 + 1 + GUARD_ELEMENTS_MAX);
	assert_int_equal(tripped(f), 3001 - GUARD_ELEMENTS_MAX);
	XML_ParserFree(parser);
}

static void
a_document_type_ends_the_parser(void **state)
{
	struct fixture *f = *state;
	XML_Parser parser = XML_ParserCreate(NULL);
	struct seen seen = { 0 };

	watch(parser, &seen);
	assert_int_equal(feed(parser, "<!DOCTYPE s [<!ENTITY a 'aaaa'>"
				      "<!ENTITY b '&a;&a;'>]><s>&b;</s>"),
			 XML_STATUS_ERROR);
	assert_int_equal(XML_GetErrorCode(parser), XML_ERROR_ABORTED);
	assert_int_equal(seen.starts, 0);
	assert_int_equal(tripped(f), 1);
	XML_ParserFree(parser);
}

static void
a_stream_header_beyond_the_limits_ends_the_parser(void **state)
{
	struct fixture *f = *state;
	XML_Parser parser = XML_ParserCreate(NULL);
	struct seen seen = { 0 };
	AUTO_STR xml = { 0 };

	str_init(&xml, XML_MAX);
	str_add(&xml, "<stream a='");
	repeat(&xml, "v", GUARD_TAG_MAX);
	str_add(&xml, "'><m/>");
	watch(parser, &seen);
	assert_int_equal(feed(parser, xml.data), XML_STATUS_ERROR);
	assert_int_equal(seen.starts, 0);
	assert_int_equal(tripped(f), 1);
	XML_ParserFree(parser);
}

/* Each byte by itself; how many of them until it was there, 0 if never. */
static size_t
bytes_until_end(XML_Parser parser, const struct seen *seen, const char *xml)
{
	unsigned before = seen->ends;
	size_t n = 0;

	while (xml[n] && seen->ends == before)
		assert_int_equal(XML_Parse(parser, xml + n++, 1, 0),
				 XML_STATUS_OK);
	return seen->ends == before ? 0 : n;
}

static void
a_stanza_in_single_bytes_is_seen_with_its_last(void **state UNUSED)
{
	static const char stanza[] = "<handshake a='some text'/>";
	XML_Parser parser = XML_ParserCreate(NULL);
	struct seen seen = { 0 };

	for (unsigned i = 0; i < 2; i++) {
		watch(parser, &seen);
		feed(parser, "<stream>");
		assert_int_equal(bytes_until_end(parser, &seen, stanza),
				 strlen(stanza));
		assert_int_equal(XML_ParserReset(parser, NULL), XML_TRUE);
	}
	XML_ParserFree(parser);
}

/* With an expat that cannot be told, it costs what it costs. */
static void
a_tag_without_end_does_not_cost_its_square(void **state UNUSED)
{
	static char piece[1024];
	struct seen seen = { 0 };
	XML_Parser parser;
	clock_t begin;

	if (!dlsym(RTLD_DEFAULT, "XML_SetReparseDeferralEnabled"))
		return; /* an expat that never defers */
	parser = XML_ParserCreate(NULL);
	memset(piece, 'v', sizeof(piece));
	watch(parser, &seen);
	feed(parser, "<stream><m a='");
	begin = clock();
	for (unsigned i = 0; i < 16 * 1024; i++)
		assert_int_equal(XML_Parse(parser, piece, sizeof(piece), 0),
				 XML_STATUS_OK);
	/* 1.5 s, or else more than a minute */
	assert_true(clock() - begin < 20 * CLOCKS_PER_SEC);
	XML_ParserFree(parser);
}

static void
a_parser_without_callbacks_is_left_alone(void **state UNUSED)
{
	XML_Parser parser = XML_ParserCreate(NULL);

	assert_int_equal(feed(parser, "<a>b</a>"), XML_STATUS_OK);
	assert_int_equal(XML_ParserReset(parser, NULL), XML_TRUE);
	XML_ParserFree(parser);
	XML_ParserFree(NULL);
}

/* ---- what nobody wants --------------------------------------------------- */

static bool
wants_no_copies(void *arg, const char *name, const char *const *attributes)
{
	unsigned *asked = arg;

	(*asked)++;
	assert_string_equal(name, "m");
	return !attributes[0] || strcmp(attributes[1], "copy") != 0;
}

static void
what_nobody_wants_goes_no_further_than_expat(void **state)
{
	struct fixture *f = *state;
	XML_Parser parser = XML_ParserCreate(NULL);
	struct seen seen = { 0 };
	unsigned asked = 0;

	watch(parser, &seen);
	guard_ask(wants_no_copies, &asked);
	assert_int_equal(feed(parser, "<s><m to='copy'><b>1<c/></b></m>"
				      "<m to='me'><b>2</b></m>"
				      "<m to='copy'>3</m><m>4</m>"
				      /* for expat to read */
				      "<m to='c&#111;py'>5</m>"),
			 XML_STATUS_OK);
	guard_ask(NULL, NULL);
	assert_int_equal(asked, 5);
	assert_int_equal(seen.starts, 1 + 2 + 1);
	assert_int_equal(seen.text, 2);
	assert_int_equal(feed(parser, "<m to='copy'>6</m>"), XML_STATUS_OK);
	assert_int_equal(asked, 5);
	assert_int_equal(seen.text, 3);
	assert_int_equal(tripped(f), 0);
	XML_ParserFree(parser);
}

/* As libstrophe's own end handler would, for its log. */
static void XMLCALL
narrate(void *data, const XML_Char *name UNUSED)
{
	struct narrator *n = data;
	char *text = NULL;
	size_t len;

	if (n->handled)
		guard_handled();
	n->result = xmpp_stanza_to_text(n->stanza, &text, &len);
	xmpp_free(n->ctx, text);
}

static void
a_stanza_is_written_down_only_for_those_who_handle_it(void **state)
{
	struct fixture *f = *state;
	XML_Parser parser = XML_ParserCreate(NULL);
	struct narrator n = { .ctx = f->ctx,
			      .stanza = xmpp_presence_new(f->ctx) };

	XML_SetUserData(parser, &n);
	XML_SetElementHandler(parser, NULL, narrate);
	(void)feed(parser, "<s><m>");
	(void)feed(parser, "</m>");
	assert_int_not_equal(n.result, XMPP_EOK);
	n.handled = true;
	(void)feed(parser, "<m/>");
	assert_int_equal(n.result, XMPP_EOK);
	n.handled = false;
	(void)feed(parser, "</s>"); /* not a stanza */
	assert_int_equal(n.result, XMPP_EOK);
	xmpp_stanza_release(n.stanza);
	XML_ParserFree(parser);
}

int
main(void)
{
#define GUARDED(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		GUARDED(an_ordinary_stanza_passes_unchanged),
		GUARDED(thirty_thousand_children_become_two_thousand),
		GUARDED(nesting_ends_at_the_limit),
		GUARDED(text_is_given_as_one_piece),
		GUARDED(text_ends_at_the_limit),
		GUARDED(an_element_with_too_much_in_its_tag_is_dropped_whole),
		GUARDED(a_long_namespace_is_not_paid_for_by_every_child),
		GUARDED(limits_begin_anew_with_each_stanza),
		GUARDED(a_reset_parser_is_guarded_again),
		GUARDED(a_document_type_ends_the_parser),
		GUARDED(a_stream_header_beyond_the_limits_ends_the_parser),
		GUARDED(a_stanza_in_single_bytes_is_seen_with_its_last),
		GUARDED(a_tag_without_end_does_not_cost_its_square),
		GUARDED(a_parser_without_callbacks_is_left_alone),
		GUARDED(what_nobody_wants_goes_no_further_than_expat),
		GUARDED(a_stanza_is_written_down_only_for_those_who_handle_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
