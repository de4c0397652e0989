/* SPDX-License-Identifier: MIT */
/* test_topic.c - topic names and filters. */

#include "tests/support/test.h"

#include "conf/topic.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *filter, *topic;
	bool matches;
} matches[] = {
	{ "a", "a", true },           { "a", "b", false },
	{ "a", "A", false },          { "a/b", "a", false },
	{ "a", "a/b", false },        { "+", "a", true },
	{ "+", "a/b", false },        { "+/+", "/a", true },
	{ "/+", "/a", true },         { "+", "/a", false },
	{ "a/+", "a/", true },        { "a/+", "a", false },
	{ "#", "a/b/c", true },       { "#", "/", true },
	{ "a/#", "a", true },         { "a/#", "a/", true },
	{ "a/#", "a/b/c", true },     { "a/#", "ab", false },
	{ "a/+/c", "a/b/c", true },   { "a/+/c", "a/b/d", false },
	{ "a/+/#", "a/b", true },     { "a/+/#", "a", false },
	{ "a//b", "a//b", true },     { "a//b", "a/b", false },
	{ "a/+/b", "a//b", true },    { "#", "$SYS/x", false },
	{ "+/x", "$SYS/x", false },   { "$SYS/#", "$SYS/x", true },
	{ "$SYS/+", "$SYS/x", true },
};

static void
a_filter_matches_as_the_standard_says(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(matches); i++)
		if (topic_matches(matches[i].filter, matches[i].topic) !=
		    matches[i].matches)
			fail_msg("%s and %s", matches[i].filter,
				 matches[i].topic);
}

static const struct {
	const char *a, *b;
	bool covers;
} covers[] = {
	{ "a", "a", true },         { "a", "b", false },
	{ "+", "a", true },         { "a", "+", false },
	{ "#", "a/+/b", true },     { "a/#", "a/+/b", true },
	{ "a/#", "a", true },       { "a/#", "a/#", true },
	{ "a/+/#", "a/#", false },  { "a/+", "a/#", false },
	{ "a/+", "a/+", true },     { "+/b", "a/+", false },
	{ "a/+/c", "a/b/c", true }, { "a/b/c", "a/+/c", false },
	{ "#", "$SYS/a", false },   { "+/a", "$SYS/a", false },
};

static void
a_filter_covers_what_it_holds_whole(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(covers); i++)
		if (topic_covers(covers[i].a, covers[i].b) != covers[i].covers)
			fail_msg("%s over %s", covers[i].a, covers[i].b);
}

static void
what_a_filter_covers_it_matches(void **state UNUSED)
{
	static const char *const topics[] = { "a",     "a/b",  "a/b/c",
					      "a/x/c", "/a",   "a/",
					      "b",     "a//b", "$SYS/a" };

	for (size_t i = 0; i < ARRAY_SIZE(matches); i++)
		for (size_t j = 0; j < ARRAY_SIZE(matches); j++) {
			const char *a = matches[i].filter;
			const char *b = matches[j].filter;

			if (!topic_covers(a, b))
				continue;
			for (size_t k = 0; k < ARRAY_SIZE(topics); k++)
				if (topic_matches(b, topics[k]) &&
				    !topic_matches(a, topics[k]))
					fail_msg("%s over %s: %s", a, b,
						 topics[k]);
		}
}

static void
what_is_no_filter_is_refused(void **state UNUSED)
{
	static const char *const good[] = { "a",   "/",   "a/+/b", "#",
					    "a/#", "+/+", "$SYS/#" };
	static const char *const bad[] = { "",    "a+",        "a/b+/c", "#/a",
					   "a#",  "++",        "a/##",   "\xff",
					   "a\n", "$share/g/a" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (refuse_filter(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!refuse_filter(bad[i]))
			fail_msg("%s", bad[i]);
}

static void
what_is_no_topic_is_refused(void **state UNUSED)
{
	static const char *const good[] = { "a", "/", "a//b", "café/ö" };
	static const char *const bad[] = { "",   "a+", "+",    "#",   "a/#",
					   "$a", "$",  "\xff", "a\tb" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (refuse_topic(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!refuse_topic(bad[i]))
			fail_msg("%s", bad[i]);
}

static void
what_a_broker_sends_is_looked_at(void **state UNUSED)
{
	char *long_topic = xcalloc(TOPIC_MAX + 2, 1);

	assert_true(topic_is_sound("$SYS/a", 6));
	assert_false(topic_is_sound("", 0));
	assert_false(topic_is_sound("a\0b", 3));
	assert_false(topic_is_sound("a/+", 3));
	assert_false(topic_is_sound("\xc3", 1));
	memset(long_topic, 'x', TOPIC_MAX + 1);
	assert_false(topic_is_sound(long_topic, TOPIC_MAX + 1));
	long_topic[TOPIC_MAX] = '\0';
	assert_true(topic_is_sound(long_topic, TOPIC_MAX));
	free(long_topic);
}

static void
check_wild(const char *filter, const char *topic, unsigned i, const char *want)
{
	size_t len = 0;
	const char *found = topic_wild(filter, topic, i, &len);

	if (!want) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(found, want, len);
}

static void
wildcards_tell_what_they_stand_for(void **state UNUSED)
{
	check_wild("a/+/b/+", "a/one/b/two", 1, "one");
	check_wild("a/+/b/+", "a/one/b/two", 2, "two");
	check_wild("a/+/b/+", "a/one/b/two", 3, NULL);
	check_wild("a/+/b", "a//b", 1, "");
	check_wild("a/#", "a/b", 1, NULL);
	assert_string_equal(topic_rest("a/#", "a/b/c"), "b/c");
	assert_string_equal(topic_rest("#", "a/b"), "a/b");
	assert_string_equal(topic_rest("a/#", "a"), "");
	assert_string_equal(topic_rest("a/+", "a/b"), "");
}

static void
nothing_typed_adds_a_level(void **state UNUSED)
{
	assert_true(topic_fits_level("east", 4));
	assert_true(topic_fits_level("$x", 2));
	assert_false(topic_fits_level("", 0));
	assert_false(topic_fits_level("a/b", 3));
	assert_false(topic_fits_level("+", 1));
	assert_false(topic_fits_level("a#", 2));
	assert_false(topic_fits_level("a\0b", 3));
	assert_false(topic_fits_level("a\nb", 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_matches_as_the_standard_says),
		cmocka_unit_test(a_filter_covers_what_it_holds_whole),
		cmocka_unit_test(what_a_filter_covers_it_matches),
		cmocka_unit_test(what_is_no_filter_is_refused),
		cmocka_unit_test(what_is_no_topic_is_refused),
		cmocka_unit_test(what_a_broker_sends_is_looked_at),
		cmocka_unit_test(wildcards_tell_what_they_stand_for),
		cmocka_unit_test(nothing_typed_adds_a_level),
	};

	return cmocka_run_group_tests_name("topic", tests, NULL, NULL);
}
