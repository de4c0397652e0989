/* SPDX-License-Identifier: MIT */
/* test_envelope.c - events as JSON, and back. */

#include "tests/support/test.h"

#include "bridge/str.h"
#include "protocols/mqtt/envelope.h"

#include <string.h>

static void
an_event_is_written_whole(void **state UNUSED)
{
	struct event *ev = event_make(EVENT_MESSAGE);
	const struct envelope e = { .id = "m1",
				    .parent = "m0",
				    .network = "libera",
				    .origin = "ab:cd",
				    .name = "ann[x]" };
	AUTO_STR out = { 0 };

	str_init(&out, 10000);
	ev->when_ms = 1748779200123;
	event_set_sender(ev, "ann!", "ann");
	event_set_text(ev, "say \"ö\"\nnow");
	envelope_write(&out, ev, &e);
	assert_string_equal(
		out.data,
		"{\"v\":1,\"id\":\"m1\",\"kind\":\"text\","
		"\"ts\":\"2025-06-01T12:00:00.123Z\",\"from\":{\"id\":\"ann!\","
		"\"network\":\"libera\",\"name\":\"ann[x]\"},"
		"\"text\":\"say \\\"ö\\\"\\nnow\",\"reply_to\":\"m0\","
		"\"origin\":\"ab:cd\"}");
	event_unref(ev);
}

/* clang-format off */
static const struct {
	const char *json;
	enum event_kind kind;
	unsigned flags;
	const char *text, *target, *mark;
} readings[] = {
	{ "hello", EVENT_MESSAGE, 0, "hello", NULL, NULL },
	{ "{not json", EVENT_MESSAGE, 0, "{not json", NULL, NULL },
	{ "[1,2]", EVENT_MESSAGE, 0, "[1,2]", NULL, NULL },
	{ "{\"text\":\"hi\"}", EVENT_MESSAGE, 0, "hi", NULL, NULL },
	{ "{\"kind\":\"emote\",\"text\":\"waves\"}", EVENT_MESSAGE, EVENT_ACTION, "waves", NULL, NULL },
	{ "{\"kind\":\"notice\",\"text\":\"x\"}", EVENT_MESSAGE, EVENT_NOTICE, "x", NULL, NULL },
	{ "{\"kind\":\"edit\",\"replaces\":\"m1\",\"text\":\"x\"}", EVENT_EDIT, 0, "x", "m1", NULL },
	{ "{\"kind\":\"retract\",\"target\":\"m1\"}", EVENT_REDACTION, 0, "", "m1", NULL },
	{ "{\"kind\":\"react\",\"target\":\"m1\",\"mark\":\"👍\"}", EVENT_REACTION, 0, "", "m1", "👍" },
	{ "{\"kind\":\"unreact\",\"target\":\"m1\",\"mark\":\"👍\"}", EVENT_REACTION, EVENT_REMOVED, "", "m1", "👍" },
	{ "{\"kind\":\"subject\",\"text\":\"new\"}", EVENT_TOPIC, 0, "new", NULL, NULL },
	{ "{\"kind\":\"subject\"}", EVENT_TOPIC, 0, "", NULL, NULL },
};

static const struct {
	const char *bytes, *why;
} refusals[] = {
	{ "", "it is empty" },
	{ "\xff", "it is not text" },
	{ "{\"kind\":\"shout\",\"text\":\"x\"}", "its \"kind\" is unknown" },
	{ "{\"kind\":\"text\"}", "it has no \"text\"" },
	{ "{\"kind\":\"text\",\"text\":5}", "it has no \"text\"" },
	{ "{\"kind\":\"edit\",\"text\":\"x\"}", "it names no message: \"target\"" },
	{ "{\"kind\":\"react\",\"target\":\"m1\"}", "a reaction needs a \"mark\"" },
};
/* clang-format on */

static void
what_is_published_is_understood(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++) {
		const char *name, *why;
		struct event *ev =
			envelope_read(readings[i].json,
				      strlen(readings[i].json), &name, &why);

		if (!ev)
			fail_msg("%s: %s", readings[i].json, why);
		assert_int_equal(ev->kind, readings[i].kind);
		assert_int_equal(ev->flags, readings[i].flags);
		assert_string_equal(ev->text.utf8, readings[i].text);
		if (readings[i].target)
			assert_string_equal(ev->target, readings[i].target);
		else
			assert_null(ev->target);
		if (readings[i].mark)
			assert_string_equal(ev->mark, readings[i].mark);
		event_set_sender(ev, "x", "x");
		ev->channel = 1;
		assert_null(event_check(ev));
		event_unref(ev);
	}
}

static void
what_cannot_be_understood_is_refused_with_a_reason(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const char *name, *why;

		assert_null(envelope_read(refusals[i].bytes,
					  strlen(refusals[i].bytes), &name,
					  &why));
		assert_string_equal(why, refusals[i].why);
	}
}

static void
what_was_written_is_read_back(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++) {
		const char *name, *why;
		struct event *ev =
			envelope_read(readings[i].json,
				      strlen(readings[i].json), &name, &why);
		struct event *back;
		AUTO_STR out = { 0 };

		str_init(&out, 10000);
		event_set_sender(ev, "id", "Ann");
		envelope_write(&out, ev,
			       &(struct envelope){ .id = "m9",
						   .target = ev->target });
		back = envelope_read(out.data, out.len, &name, &why);
		assert_non_null(back);
		assert_int_equal(back->kind, ev->kind);
		assert_int_equal(back->flags, ev->flags);
		assert_string_equal(back->text.utf8, ev->text.utf8);
		assert_string_equal(back->id, "m9");
		assert_string_equal(name, "Ann");
		event_unref(back);
		event_unref(ev);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_written_whole),
		cmocka_unit_test(what_is_published_is_understood),
		cmocka_unit_test(
			what_cannot_be_understood_is_refused_with_a_reason),
		cmocka_unit_test(what_was_written_is_read_back),
	};

	return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
