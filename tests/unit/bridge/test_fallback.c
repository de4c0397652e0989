/* SPDX-License-Identifier: MIT */
/* test_fallback.c - what is shown where less can be shown. */

#include "tests/support/test.h"

#include "bridge/base.h"
#include "bridge/event.h"
#include "bridge/fallback.h"
#include "bridge/protocol.h"

#include <string.h>

#define EVERYTHING                                                      \
	(CAN_EDIT | CAN_REDACT | CAN_MODERATE | CAN_REACT | CAN_REPLY | \
	 CAN_TOPIC | CAN_STYLE | CAN_ATTACH | CAN_NOTICE)

static struct event *
event(enum event_kind kind, unsigned flags, const char *utf8)
{
	struct event *ev = event_make(kind);

	ev->flags = flags;
	ev->when_ms = 1000000;
	event_set_sender(ev, "ann-id", "ann");
	event_set_text(ev, utf8);
	return ev;
}

struct row {
	enum event_kind kind;
	unsigned flags;
	const char *text;
	const char *target, *parent;
	struct fallback how;
	const char *shown; /* NULL: nothing */
	enum event_kind shown_kind;
	unsigned shown_flags;
};

/* clang-format off */
static const struct row rows[] = {
	/* What can be shown is not touched. */
	{ EVENT_MESSAGE, 0, "hi", NULL, NULL, { .caps = 0 },
	  "hi", EVENT_MESSAGE, 0 },
	{ EVENT_MESSAGE, EVENT_ACTION, "waves", NULL, NULL, { .caps = 0 },
	  "waves", EVENT_MESSAGE, EVENT_ACTION },
	{ EVENT_EDIT, 0, "new", "t", NULL,
	  { .caps = CAN_EDIT, .has_target = true },
	  "new", EVENT_EDIT, 0 },
	{ EVENT_REACTION, 0, "", "t", NULL,
	  { .caps = CAN_REACT, .has_target = true },
	  "", EVENT_REACTION, 0 },
	{ EVENT_REDACTION, 0, "why", "t", NULL,
	  { .caps = CAN_REDACT, .has_target = true, .own = true },
	  "why", EVENT_REDACTION, 0 },
	{ EVENT_REDACTION, 0, "why", "t", NULL,
	  { .caps = CAN_REDACT | CAN_MODERATE, .has_target = true },
	  "why", EVENT_REDACTION, 0 },
	/* Who may take back only what is theirs says so of the rest. */
	{ EVENT_REDACTION, 0, "", "t", NULL,
	  { .caps = CAN_REDACT, .has_target = true, .other_text = "oops" },
	  "ann withdrew \"oops\"", EVENT_MESSAGE,
	  EVENT_NOTICE | EVENT_RELAYED },
	/* Without a puppet the text names the speaker. */
	{ EVENT_MESSAGE, 0, "hi", NULL, NULL, { .relayed = true },
	  "<ann> hi", EVENT_MESSAGE, EVENT_RELAYED },
	{ EVENT_MESSAGE, EVENT_ACTION, "waves", NULL, NULL,
	  { .relayed = true },
	  "* ann waves", EVENT_MESSAGE, EVENT_RELAYED },
	{ EVENT_MESSAGE, EVENT_NOTICE, "beep", NULL, NULL,
	  { .relayed = true },
	  "<ann> beep", EVENT_MESSAGE, EVENT_RELAYED | EVENT_NOTICE },
	/* What is late tells its time, unless the network can. */
	{ EVENT_MESSAGE, EVENT_LATE, "hi", NULL, NULL, { .caps = 0 },
	  "[00:16] hi", EVENT_MESSAGE, EVENT_LATE },
	{ EVENT_MESSAGE, EVENT_LATE, "hi", NULL, NULL, { .relayed = true },
	  "[00:16] <ann> hi", EVENT_MESSAGE, EVENT_LATE | EVENT_RELAYED },
	{ EVENT_MESSAGE, EVENT_LATE, "hi", NULL, NULL, { .caps = CAN_DELAY },
	  "hi", EVENT_MESSAGE, EVENT_LATE },
	{ EVENT_MESSAGE, 0, "hi", NULL, NULL,
	  { .late = true, .now_ms = 1300000 },
	  "[00:16] hi", EVENT_MESSAGE, EVENT_LATE },
	{ EVENT_MESSAGE, 0, "hi", NULL, NULL,
	  { .late = true, .now_ms = INT64_C(86400000) },
	  "[1970-01-01 00:16] hi", EVENT_MESSAGE, EVENT_LATE },
	{ EVENT_MESSAGE, 0, "hi", NULL, NULL,
	  { .late = true, .caps = CAN_DELAY },
	  "hi", EVENT_MESSAGE, EVENT_LATE },
	{ EVENT_EDIT, 0, "new", "t", NULL, { .late = true, .relayed = true },
	  "[00:16] <ann> * new", EVENT_MESSAGE, EVENT_EDITED | EVENT_RELAYED },
	/* Edits are said again. */
	{ EVENT_EDIT, 0, "new", "t", NULL, { .caps = 0 },
	  "* new", EVENT_MESSAGE, EVENT_EDITED },
	{ EVENT_EDIT, 0, "new", "t", NULL, { .caps = CAN_EDIT },
	  "* new", EVENT_MESSAGE, EVENT_EDITED },
	{ EVENT_EDIT, 0, "new", "t", NULL,
	  { .caps = CAN_EDIT, .has_target = true, .relayed = true },
	  "<ann> * new", EVENT_MESSAGE, EVENT_EDITED | EVENT_RELAYED },
	/* Withdrawals are told. */
	{ EVENT_REDACTION, 0, "", "t", NULL, { .other_text = "oops" },
	  "ann withdrew \"oops\"", EVENT_MESSAGE,
	  EVENT_NOTICE | EVENT_RELAYED },
	{ EVENT_REDACTION, 0, "", "t", NULL, { .caps = 0 },
	  "ann withdrew a message", EVENT_MESSAGE,
	  EVENT_NOTICE | EVENT_RELAYED },
	{ EVENT_REDACTION, 0, "", "t", NULL, { .other_text = "two\nlines" },
	  "ann withdrew \"two…\"", EVENT_MESSAGE,
	  EVENT_NOTICE | EVENT_RELAYED },
	/* Reactions are not. */
	{ EVENT_REACTION, 0, "", "t", NULL, { .caps = 0 }, NULL, 0, 0 },
	{ EVENT_REACTION, 0, "", "t", NULL,
	  { .caps = CAN_REACT, .has_target = true, .relayed = true },
	  NULL, 0, 0 },
	/* Replies name the one who is answered. */
	{ EVENT_MESSAGE, 0, "yes", NULL, "p",
	  { .other_name = "bob", .other_text = "ok?",
	    .other_when_ms = 900000 },
	  "bob: yes", EVENT_MESSAGE, 0 },
	{ EVENT_MESSAGE, 0, "yes", NULL, "p",
	  { .other_name = "bob", .other_text = "ok?", .other_when_ms = 1 },
	  "<bob> \"ok?\" <- yes", EVENT_MESSAGE, 0 },
	{ EVENT_MESSAGE, 0, "bob, yes", NULL, "p",
	  { .other_name = "bob", .other_when_ms = 900000 },
	  "bob, yes", EVENT_MESSAGE, 0 },
	{ EVENT_MESSAGE, 0, "bobby left", NULL, "p",
	  { .other_name = "bob", .other_when_ms = 900000 },
	  "bob: bobby left", EVENT_MESSAGE, 0 },
	{ EVENT_MESSAGE, 0, "yes", NULL, "p", { .caps = 0 },
	  "yes", EVENT_MESSAGE, 0 },
	{ EVENT_MESSAGE, 0, "yes", NULL, "p",
	  { .caps = CAN_REPLY, .has_parent = true, .other_name = "bob" },
	  "yes", EVENT_MESSAGE, 0 },
	/* Topics, comings and goings. */
	{ EVENT_TOPIC, 0, "new", NULL, NULL, { .caps = CAN_TOPIC },
	  "new", EVENT_TOPIC, 0 },
	{ EVENT_TOPIC, 0, "new", NULL, NULL, { .caps = 0 },
	  "ann set the topic: new", EVENT_MESSAGE,
	  EVENT_NOTICE | EVENT_RELAYED },
	{ EVENT_TOPIC, 0, "", NULL, NULL, { .caps = 0 },
	  "ann cleared the topic", EVENT_MESSAGE,
	  EVENT_NOTICE | EVENT_RELAYED },
	{ EVENT_NAME, 0, "n", NULL, NULL, { .caps = CAN_NAME },
	  "n", EVENT_NAME, 0 },
	{ EVENT_NAME, 0, "n", NULL, NULL, { .caps = CAN_PICTURE }, NULL, 0, 0 },
	{ EVENT_PICTURE, 0, "i", NULL, NULL, { .caps = CAN_PICTURE },
	  "i", EVENT_PICTURE, 0 },
	{ EVENT_PICTURE, 0, "i", NULL, NULL, { .caps = CAN_NAME }, NULL, 0, 0 },
	{ EVENT_JOIN, 0, "", NULL, NULL, { .caps = 0 },
	  "ann joined", EVENT_MESSAGE, EVENT_NOTICE | EVENT_RELAYED },
	{ EVENT_PART, 0, "bye", NULL, NULL, { .caps = 0 },
	  "ann left (bye)", EVENT_MESSAGE, EVENT_NOTICE | EVENT_RELAYED },
	{ EVENT_RENAME, 0, "", NULL, NULL, { .caps = EVERYTHING },
	  NULL, 0, 0 },
	{ EVENT_TYPING, 0, "", NULL, NULL, { .caps = 0 }, NULL, 0, 0 },
};
/* clang-format on */

static void
each_event_is_rendered_as_its_row_says(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		AUTO(event) ev = event(r->kind, r->flags, r->text);

		ev->target = r->target;
		ev->parent = r->parent;
		ev->mark = "+1";

		AUTO(event) shown = fallback_render(ev, &r->how);

		if (!r->shown) {
			assert_null(shown);
			continue;
		}
		assert_non_null(shown);
		assert_string_equal(shown->text.utf8, r->shown);
		assert_int_equal(shown->kind, r->shown_kind);
		assert_int_equal(shown->flags, r->shown_flags);
		assert_null(event_check(shown));
	}
}

static void
what_needs_no_change_is_the_same_event(void **state UNUSED)
{
	AUTO(event) ev = event(EVENT_MESSAGE, 0, "hello");
	struct fallback how = { .caps = EVERYTHING };
	AUTO(event) shown = fallback_render(ev, &how);

	assert_ptr_equal(ev, shown);
}

static void
styles_move_with_the_text_or_are_dropped(void **state UNUSED)
{
	AUTO(event) ev = event(EVENT_MESSAGE, 0, "so bold");
	struct span span = { .start = 3,
			     .len = 4,
			     .styles = SPAN_BOLD,
			     .fg = SPAN_NO_COLOR,
			     .bg = SPAN_NO_COLOR };
	struct fallback with = { .caps = CAN_STYLE, .relayed = true };
	struct fallback without = { .relayed = true };

	event_set_spans(ev, &span, 1);

	AUTO(event) styled = fallback_render(ev, &with);
	AUTO(event) plain = fallback_render(ev, &without);

	assert_int_equal(styled->text.n_spans, 1);
	assert_int_equal(styled->text.spans[0].start, strlen("<ann> so "));
	assert_int_equal(plain->text.n_spans, 0);
	assert_int_equal(ev->text.n_spans, 1);
}

static void
files_become_links_where_there_are_none(void **state UNUSED)
{
	static const struct attachment files[] = {
		{ .url = "https://example.org/a.png", .size = -1 },
		{ .url = "https://example.org/b.png", .size = -1 },
	};
	AUTO(event) ev = event(EVENT_MESSAGE, 0, "https://example.org/a.png");
	struct fallback how = { .caps = 0 };

	ev->attachments = files;
	ev->n_attachments = ARRAY_SIZE(files);

	AUTO(event) shown = fallback_render(ev, &how);

	assert_string_equal(shown->text.utf8,
			    "https://example.org/a.png "
			    "https://example.org/b.png b.png (image)");
}

static void
files_are_told_in_one_line(void **state UNUSED)
{
	static const struct attachment file = {
		.name = "../\r\nphoto\xe2\x80\xae.jpg",
		.mime = "image/jpeg",
		.url = "https://gw/m/1",
		.size = 1258291,
	};
	static const struct {
		const char *text;
		bool relayed;
		const char *shown;
		unsigned action, caps;
	} cases[] = {
		{ "", false, "sent photo.jpg (image, 1.2 MiB) https://gw/m/1",
		  EVENT_ACTION },
		{ "", true,
		  "* ann sent photo.jpg (image, 1.2 MiB) https://gw/m/1", 0 },
		{ "look", false,
		  "look https://gw/m/1 photo.jpg (image, 1.2 MiB)", 0 },
		{ "look", true,
		  "<ann> look https://gw/m/1 photo.jpg (image, 1.2 MiB)", 0 },
		{ "", true, "* ann sent photo.jpg (image, 1.2 MiB)", 0,
		  CAN_ATTACH },
		{ "look", true, "<ann> look", 0, CAN_ATTACH },
		{ "", false, "", 0, CAN_ATTACH },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(event) ev = event(EVENT_MESSAGE, 0, cases[i].text);
		struct fallback how = { .relayed = cases[i].relayed,
					.caps = cases[i].caps };

		ev->attachments = &file;
		ev->n_attachments = 1;
		AUTO(event) shown = fallback_render(ev, &how);
		assert_string_equal(shown->text.utf8, cases[i].shown);
		assert_int_equal(shown->flags & EVENT_ACTION, cases[i].action);
	}
}

static void
a_hostile_name_cannot_break_out_of_its_brackets(void **state UNUSED)
{
	static const struct {
		const char *name, *shown;
	} names[] = {
		{ "<bob> x", "<bob x> hi" },
		{ "a\nb", "<ab> hi" },
		{ "\xe2\x80\xae\xe2\x80\x8b", "<?> hi" },
		{ ">", "<?> hi" },
	};
	struct fallback how = { .relayed = true };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO(event) ev = event(EVENT_MESSAGE, 0, "hi");

		event_set_sender(ev, "id", names[i].name);

		AUTO(event) shown = fallback_render(ev, &how);

		assert_string_equal(shown->text.utf8, names[i].shown);
	}
}

static void
what_is_said_again_answers_nobody_where_it_cannot(void **state UNUSED)
{
	struct fallback how = { .caps = CAN_EDIT | CAN_REPLY };
	AUTO(event) ev = event(EVENT_EDIT, 0, "new");

	ev->target = event_strdup(ev, "t");
	ev->parent = event_strdup(ev, "p");

	AUTO(event) shown = fallback_render(ev, &how);

	assert_int_equal(shown->kind, EVENT_MESSAGE);
	assert_null(shown->parent);
	how.has_parent = true;

	AUTO(event) answer = fallback_render(ev, &how);

	assert_string_equal(answer->parent, "p");
}

static void
a_line_about_a_topic_has_no_styles_where_there_are_none(void **state UNUSED)
{
	static const struct span bold = {
		0, 3, SPAN_BOLD, SPAN_NO_COLOR, SPAN_NO_COLOR, NULL, NULL
	};
	struct fallback how = { .caps = 0 };
	AUTO(event) ev = event(EVENT_TOPIC, 0, "new home");

	event_set_spans(ev, &bold, 1);

	AUTO(event) plain = fallback_render(ev, &how);

	assert_string_equal(plain->text.utf8, "ann set the topic: new home");
	assert_int_equal(plain->text.n_spans, 0);
	how.caps = CAN_STYLE;

	AUTO(event) styled = fallback_render(ev, &how);

	assert_int_equal(styled->text.n_spans, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_event_is_rendered_as_its_row_says),
		cmocka_unit_test(what_needs_no_change_is_the_same_event),
		cmocka_unit_test(styles_move_with_the_text_or_are_dropped),
		cmocka_unit_test(files_become_links_where_there_are_none),
		cmocka_unit_test(files_are_told_in_one_line),
		cmocka_unit_test(
			a_hostile_name_cannot_break_out_of_its_brackets),
		cmocka_unit_test(
			what_is_said_again_answers_nobody_where_it_cannot),
		cmocka_unit_test(
			a_line_about_a_topic_has_no_styles_where_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
