/* SPDX-License-Identifier: MIT */
/* test_content.c - room events to canonical events and back. */

#include "tests/support/test.h"

#include "bridge/str.h"
#include "protocols/matrix/content.h"

#include <string.h>

#define TEXT(content) "\"type\":\"m.room.message\",\"content\":{" content "}"
#define STATE "\"state_key\":\"\","

/* The members of an event besides id and time, and what it is shown as. */
static const struct {
	const char *json, *shown; /* NULL: nothing that is carried */
} reads[] = {
	{ TEXT("\"msgtype\":\"m.text\",\"body\":\"hi\""), "message: hi" },
	{ TEXT("\"msgtype\":\"m.emote\",\"body\":\"waves\""),
	  "message action: waves" },
	{ TEXT("\"msgtype\":\"m.notice\",\"body\":\"n\""),
	  "message notice: n" },
	{ TEXT("\"msgtype\":\"m.text\",\"body\":\"*a*\",\"format\":\"org."
	       "matrix.custom.html\",\"formatted_body\":\"<b>a</b>\""),
	  "message spans=1: a" },
	{ TEXT("\"msgtype\":\"m.text\",\"body\":\"a\",\"format\":\"x\","
	       "\"formatted_body\":\"<b>b</b>\""),
	  "message: a" },
	{ TEXT("\"msgtype\":\"m.text\",\"body\":\"a\",\"format\":\"org.matrix."
	       "custom.html\",\"formatted_body\":\"<a href='https://x.org'>"
	       "look</a>, <a href='https://y.org'>https://y.org</a>\""),
	  "message spans=2: look (https://x.org), https://y.org" },
	{ TEXT("\"msgtype\":\"com.example\",\"body\":\"a\""), "message: a" },
	/* replies, with the quote of old clients, and threads */
	{ TEXT("\"msgtype\":\"m.text\",\"body\":\"> <@b:h> old\\n> more\\n\\n"
	       "new\",\"m.relates_to\":{\"m.in_reply_to\":{\"event_id\":"
	       "\"$1\"}}"),
	  "message parent=$1: new" },
	{ TEXT("\"msgtype\":\"m.text\",\"body\":\"> said\\n\\nx\""),
	  "message: > said\n\nx" },
	{ TEXT("\"msgtype\":\"m.text\",\"body\":\"x\",\"m.relates_to\":{"
	       "\"rel_type\":\"m.thread\",\"event_id\":\"$1\"}"),
	  "message parent=$1: x" },
	{ TEXT("\"msgtype\":\"m.text\",\"body\":\"x\",\"m.relates_to\":{"
	       "\"rel_type\":\"m.thread\",\"event_id\":\"$1\",\"is_falling_"
	       "back\":true,\"m.in_reply_to\":{\"event_id\":\"$2\"}}"),
	  "message parent=$2: x" },
	/* edits */
	{ TEXT("\"msgtype\":\"m.text\",\"body\":\"* new\",\"m.new_content\":{"
	       "\"msgtype\":\"m.text\",\"body\":\"new\"},\"m.relates_to\":{"
	       "\"rel_type\":\"m.replace\",\"event_id\":\"$1\"}"),
	  "edit target=$1: new" },
	{ TEXT("\"msgtype\":\"m.text\",\"body\":\"* new\",\"m.relates_to\":{"
	       "\"rel_type\":\"m.replace\",\"event_id\":\"$1\"}"),
	  NULL },
	/* a relation that nobody knows is no reason to say nothing */
	{ TEXT("\"msgtype\":\"m.text\",\"body\":\"x\",\"m.relates_to\":{"
	       "\"rel_type\":\"org.unknown\",\"event_id\":\"$1\"}"),
	  "message: x" },
	/* files and other things */
	{ TEXT("\"msgtype\":\"m.image\",\"body\":\"a.png\",\"info\":{"
	       "\"mimetype\":\"image/png\",\"size\":1234567}"),
	  "message: [image: a.png, image/png, 1.2 MiB]" },
	{ TEXT("\"msgtype\":\"m.image\",\"body\":\"../a.png\",\"url\":\"mxc:"
	       "//h:1/aZ_-\",\"info\":{\"mimetype\":\"image/png\",\"size\":5,"
	       "\"w\":3,\"h\":4}"),
	  "message [a.png image/png 5 3x4 mxc://h:1/aZ_-]: " },
	{ TEXT("\"msgtype\":\"m.video\",\"body\":\"look\",\"filename\":\"a."
	       "mp4\",\"url\":\"mxc://h/a\",\"info\":{\"mimetype\":\"x y\","
	       "\"size\":-5,\"w\":-1,\"h\":\"4\"}"),
	  "message [a.mp4 video/* -1 0x0 mxc://h/a]: look" },
	/* addresses that lead elsewhere */
	{ TEXT("\"msgtype\":\"m.file\",\"body\":\"a\",\"url\":\"mxc://h/../b"
	       "\""),
	  "message: [file: a]" },
	{ TEXT("\"msgtype\":\"m.file\",\"body\":\"a\",\"url\":\"https://h/b"
	       "\""),
	  "message: [file: a]" },
	{ TEXT("\"msgtype\":\"m.file\",\"body\":\"a\",\"file\":{\"url\":"
	       "\"mxc://h/b\",\"key\":{\"k\":\"s\"}}"),
	  "message: [encrypted file: a]" },
	{ TEXT("\"msgtype\":\"m.file\",\"filename\":\"a.txt\",\"body\":"
	       "\"look\",\"info\":{\"size\":12}"),
	  "message: look\n[file: a.txt, 12 bytes]" },
	{ TEXT("\"msgtype\":\"m.location\",\"body\":\"here\",\"geo_uri\":"
	       "\"geo:1,2\""),
	  "message: here geo:1,2" },
	{ "\"type\":\"m.sticker\",\"content\":{\"body\":\"cat\"}",
	  "message: [image: cat]" },
	{ "\"type\":\"m.sticker\",\"content\":{\"body\":\"cat\",\"url\":"
	  "\"mxc://h/c\"}",
	  "message [cat image/* -1 0x0 mxc://h/c]: " },
	{ "\"type\":\"m.poll.start\",\"content\":{\"m.poll\":{\"question\":{"
	  "\"m.text\":[{\"body\":\"q\"}]},\"answers\":[{\"m.text\":[{\"body\":"
	  "\"a\"}]},{\"org.matrix.msc1767.text\":\"b\"}]}}",
	  "message: [poll] q\n- a\n- b" },
	/* reactions and redactions */
	{ "\"type\":\"m.reaction\",\"content\":{\"m.relates_to\":{\"rel_type\":"
	  "\"m.annotation\",\"event_id\":\"$1\",\"key\":\"+\"}}",
	  "reaction target=$1 mark=+: " },
	{ "\"type\":\"m.room.redaction\",\"redacts\":\"$1\",\"content\":{"
	  "\"reason\":\"spam\"}",
	  "redaction target=$1: spam" },
	{ "\"type\":\"m.room.redaction\",\"content\":{\"redacts\":\"$2\"}",
	  "redaction target=$2: " },
	{ "\"type\":\"m.room.topic\"," STATE "\"content\":{\"topic\":\"t\"}",
	  "topic: t" },
	{ "\"type\":\"m.room.topic\"," STATE "\"content\":{}", "topic: " },
	{ "\"type\":\"m.room.name\"," STATE "\"content\":{\"name\":\"n\"}",
	  "name: n" },
	{ "\"type\":\"m.room.name\"," STATE "\"content\":{\"name\":7}",
	  "name: " },
	{ "\"type\":\"m.room.avatar\"," STATE
	  "\"content\":{\"url\":\"mxc://a/b\"}",
	  "picture: mxc://a/b" },
	{ "\"type\":\"m.room.avatar\"," STATE "\"content\":{}", "picture: " },
	/* what is nothing */
	{ "\"type\":\"m.room.topic\",\"content\":{\"topic\":\"t\"}", NULL },
	{ "\"type\":\"m.room.name\",\"content\":{\"name\":\"n\"}", NULL },
	{ "\"type\":\"m.room.avatar\",\"content\":{\"url\":\"mxc://a/b\"}",
	  NULL },
	{ TEXT("\"msgtype\":\"m.text\",\"body\":\"\""), NULL },
	{ TEXT("\"msgtype\":\"m.text\""), NULL },
	{ TEXT("\"body\":\"x\""), NULL },
	{ TEXT("\"msgtype\":7,\"body\":\"x\""), NULL },
	{ TEXT("\"msgtype\":\"m.text\",\"body\":[\"x\"]"), NULL },
	{ TEXT("\"msgtype\":\"m.key.verification.request\",\"body\":\"x\""),
	  NULL },
	{ "\"type\":\"m.room.message\",\"content\":[]", NULL },
	{ "\"type\":\"m.room.message\"", NULL },
	{ "\"type\":7,\"content\":{}", NULL },
	{ "\"type\":\"m.reaction\",\"content\":{\"m.relates_to\":[1]}", NULL },
	{ "\"type\":\"m.reaction\",\"content\":{\"m.relates_to\":{\"rel_type\":"
	  "\"m.annotation\",\"event_id\":7,\"key\":\"+\"}}",
	  NULL },
	{ "\"type\":\"m.room.redaction\",\"content\":{\"redacts\":{}}", NULL },
};

static void
describe(struct str *out, const struct event *ev)
{
	str_add(out, event_kind_name(ev->kind));
	if (ev->flags & EVENT_ACTION)
		str_add(out, " action");
	if (ev->flags & EVENT_NOTICE)
		str_add(out, " notice");
	if (ev->target)
		str_printf(out, " target=%s", ev->target);
	if (ev->parent)
		str_printf(out, " parent=%s", ev->parent);
	if (ev->mark)
		str_printf(out, " mark=%s", ev->mark);
	if (ev->text.n_spans)
		str_printf(out, " spans=%zu", ev->text.n_spans);
	for (size_t i = 0; i < ev->n_attachments; i++) {
		const struct attachment *a = &ev->attachments[i];

		str_printf(out, " [%s %s %d %ux%u %s]", a->name,
			   a->mime ? a->mime : "-", (int)a->size, a->width,
			   a->height, a->url);
	}
	str_printf(out, ": %s", ev->text.utf8);
}

static json_t *
parse(const char *members)
{
	AUTO_STR json = { 0 };

	str_init(&json, 65536);
	str_printf(&json, "{\"event_id\":\"$id\",\"origin_server_ts\":1000,%s}",
		   members);
	json_t *ev = json_loads(json.data, JSON_ALLOW_NUL, NULL);
	if (!ev)
		fail_msg("no JSON: %s", json.data);
	return ev;
}

static void
room_events_are_read(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		json_t *json = parse(reads[i].json);
		const char *why;
		AUTO_STR shown = { 0 };
		struct event *ev = content_to_event(json, &why);

		str_init(&shown, 65536);
		if (ev)
			describe(&shown, ev);
		if (!ev != !reads[i].shown ||
		    (ev && strcmp(shown.data, reads[i].shown) != 0))
			fail_msg("%s\n  is read as %s\n  and not as %s",
				 reads[i].json, shown.data,
				 reads[i].shown ? reads[i].shown : "nothing");
		if (ev) {
			assert_string_equal(ev->id, "$id");
			assert_string_equal(ev->key, "$id");
			assert_int_equal(ev->when_ms, 1000);
			event_unref(ev);
		}
		json_decref(json);
	}
}

static void
the_author_of_what_is_encrypted_is_told(void **state UNUSED)
{
	json_t *json = parse("\"type\":\"m.room.encrypted\",\"content\":{}");
	const char *why;

	assert_null(content_to_event(json, &why));
	assert_non_null(why);
	json_decref(json);
}

static void
an_event_without_id_is_none(void **state UNUSED)
{
	json_t *json = json_loads("{" TEXT("\"msgtype\":\"m.text\",\"body\":"
					   "\"x\"") "}",
				  0, NULL);
	const char *why;

	assert_null(content_to_event(json, &why));
	json_decref(json);
}

static void
a_nul_in_a_text_is_repaired(void **state UNUSED)
{
	json_t *json =
		parse(TEXT("\"msgtype\":\"m.text\",\"body\":\"a\\u0000b\""));
	const char *why;
	struct event *ev = content_to_event(json, &why);

	assert_string_equal(ev->text.utf8, "a\xef\xbf\xbd"
					   "b");
	event_unref(ev);
	json_decref(json);
}

/* ---- writing ------------------------------------------------------------ */

static const char *
who(void *arg UNUSED, const char *name, size_t n)
{
	if (n == 3 && strncmp(name, "Bob", n) == 0)
		return "@bob:h";
	if (n == 6 && strncmp(name, "Bob Ox", n) == 0)
		return "@ox:h";
	return n == 1 && *name == 'X' ? "@x:h" : NULL;
}

static struct event *
make(enum event_kind kind, const char *text)
{
	struct event *ev = event_make(kind);

	event_set_text(ev, text);
	return ev;
}

static void
assert_writes(struct event *ev, const struct content_form *form,
	      const char *want_type, const char *want)
{
	const char *type;
	json_t *content = content_from_event(ev, form, &type);
	char *text = json_dumps(content, JSON_COMPACT | JSON_SORT_KEYS);

	assert_string_equal(type, want_type);
	assert_string_equal(text, want);
	free(text);
	json_decref(content);
	event_unref(ev);
}

static void
a_message_says_who_is_mentioned(void **state UNUSED)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "hi", "{\"body\":\"hi\",\"m.mentions\":{},\"msgtype\":"
			"\"m.text\"}" },
		{ "Bob: hi",
		  "{\"body\":\"Bob: hi\",\"format\":\"org.matrix.custom.html\","
		  "\"formatted_body\":\"<a href=\\\"https://matrix.to/#/"
		  "@bob:h\\\">Bob</a>: hi\",\"m.mentions\":{\"user_ids\":["
		  "\"@bob:h\"]},\"msgtype\":\"m.text\"}" },
		{ "so Bob, and Bob Ox!",
		  "{\"body\":\"so Bob, and Bob Ox!\",\"format\":\"org.matrix."
		  "custom.html\",\"formatted_body\":\"so <a href=\\\"https://"
		  "matrix.to/#/@bob:h\\\">Bob</a>, and <a href=\\\"https://"
		  "matrix.to/#/@ox:h\\\">Bob Ox</a>!\",\"m.mentions\":{"
		  "\"user_ids\":[\"@bob:h\",\"@ox:h\"]},\"msgtype\":"
		  "\"m.text\"}" },
		{ "Bobby aBob X", "{\"body\":\"Bobby aBob X\",\"m.mentions\":"
				  "{},\"msgtype\":\"m.text\"}" },
		{ "X: hi",
		  "{\"body\":\"X: hi\",\"format\":\"org.matrix.custom.html\","
		  "\"formatted_body\":\"<a href=\\\"https://matrix.to/#/"
		  "@x:h\\\">X</a>: hi\",\"m.mentions\":{\"user_ids\":["
		  "\"@x:h\"]},\"msgtype\":\"m.text\"}" },
	};
	const struct content_form form = { .who = who };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_writes(make(EVENT_MESSAGE, rows[i].text), &form,
			      "m.room.message", rows[i].want);
}

static void
a_reply_names_the_message(void **state UNUSED)
{
	const struct content_form form = { .parent = "$1", .origin = "o:v" };

	assert_writes(make(EVENT_MESSAGE, "hi"), &form, "m.room.message",
		      "{\"body\":\"hi\",\"causeway.origin\":\"o:v\","
		      "\"m.mentions\":{},\"m.relates_to\":{\"m.in_reply_to\":{"
		      "\"event_id\":\"$1\"}},\"msgtype\":\"m.text\"}");
}

static void
an_edit_has_the_new_text_and_a_fallback(void **state UNUSED)
{
	const struct content_form form = { .target = "$1" };

	assert_writes(make(EVENT_EDIT, "new"), &form, "m.room.message",
		      "{\"body\":\"* new\",\"m.mentions\":{},\"m.new_content\":"
		      "{\"body\":\"new\",\"m.mentions\":{},\"msgtype\":"
		      "\"m.text\"},\"m.relates_to\":{\"event_id\":\"$1\","
		      "\"rel_type\":\"m.replace\"},\"msgtype\":\"m.text\"}");
}

static void
reactions_topics_emotes_and_notices_have_their_forms(void **state UNUSED)
{
	const struct content_form form = { .target = "$1" };
	const struct content_form none = { 0 };
	struct event *mark = make(EVENT_REACTION, "");
	struct event *action = make(EVENT_MESSAGE, "waves");
	struct event *notice = make(EVENT_MESSAGE, "n");

	mark->mark = "+";
	action->flags |= EVENT_ACTION;
	notice->flags |= EVENT_NOTICE;
	assert_writes(mark, &form, "m.reaction",
		      "{\"m.relates_to\":{\"event_id\":\"$1\",\"key\":\"+\","
		      "\"rel_type\":\"m.annotation\"}}");
	assert_writes(make(EVENT_TOPIC, "t"), &none, "m.room.topic",
		      "{\"topic\":\"t\"}");
	assert_writes(make(EVENT_NAME, "n"), &none, "m.room.name",
		      "{\"name\":\"n\"}");
	assert_writes(make(EVENT_PICTURE, ""), &none, "m.room.avatar", "{}");
	assert_writes(action, &none, "m.room.message",
		      "{\"body\":\"waves\",\"m.mentions\":{},\"msgtype\":"
		      "\"m.emote\"}");
	assert_writes(notice, &none, "m.room.message",
		      "{\"body\":\"n\",\"m.mentions\":{},\"msgtype\":"
		      "\"m.notice\"}");
}

static void
what_has_no_form_is_not_written(void **state UNUSED)
{
	const struct content_form none = { 0 };
	struct event *ev = make(EVENT_EDIT, "x");
	const char *type;

	assert_null(content_from_event(ev, &none, &type));
	event_unref(ev);
}

static void
a_text_that_is_too_long_is_cut(void **state UNUSED)
{
	const struct content_form none = { 0 };
	struct event *ev = event_make(EVENT_MESSAGE);
	AUTO_STR text = { 0 };
	const char *type;

	str_init(&text, 100000);
	for (unsigned i = 0; i < 90000; i++)
		str_add_char(&text, 'x');
	event_set_text(ev, text.data);
	json_t *content = content_from_event(ev, &none, &type);
	const char *body = content_string(content, "body");
	assert_true(strlen(body) <= CONTENT_TEXT_MAX);
	assert_non_null(strstr(body, "[cut]"));
	json_decref(content);
	event_unref(ev);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_events_are_read),
		cmocka_unit_test(the_author_of_what_is_encrypted_is_told),
		cmocka_unit_test(an_event_without_id_is_none),
		cmocka_unit_test(a_nul_in_a_text_is_repaired),
		cmocka_unit_test(a_message_says_who_is_mentioned),
		cmocka_unit_test(a_reply_names_the_message),
		cmocka_unit_test(an_edit_has_the_new_text_and_a_fallback),
		cmocka_unit_test(
			reactions_topics_emotes_and_notices_have_their_forms),
		cmocka_unit_test(what_has_no_form_is_not_written),
		cmocka_unit_test(a_text_that_is_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
