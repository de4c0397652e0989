/* SPDX-License-Identifier: MIT */
/* test_stanza.c - stanzas to events and back, by tables. */

#include "tests/support/test.h"

#include "bridge/attach.h"
#include "bridge/event.h"
#include "bridge/str.h"
#include "protocols/xmpp/stanza.h"

#include <stdlib.h>
#include <string.h>

#define ROOM "r@m"
#define IN                                                           \
	"<message xmlns='jabber:component:accept' type='groupchat' " \
	"id='a' from='r@m/n' to='l@c/x'>"
#define OUT "</message>"
#define SID(by, id) \
	"<stanza-id xmlns='urn:xmpp:sid:0' by='" by "' id='" id "'/>"
#define REPLY "<reply xmlns='urn:xmpp:reply:0' id='p'/>"
#define CUT(from, to)                                                   \
	"<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>" \
	"<body start='" from "' end='" to "'/></fallback>"

#define OOB(url) "<x xmlns='jabber:x:oob'><url>" url "</url></x>"
#define SFS(url)                                                        \
	"<file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:"   \
	"file:metadata:0'><media-type>image/jpeg</media-type><name>../" \
	"p.jpg</name><size>12</size><width>3</width><height>4</height>" \
	"</file><sources><url-data xmlns='http://jabber.org/protocol/"  \
	"url-data' target='" url "'/></sources></file-sharing>"

static int
setup(void **state)
{
	*state = xmpp_ctx_new(NULL, NULL);
	return 0;
}

static int
teardown(void **state)
{
	xmpp_ctx_free(*state);
	return 0;
}

/* The event in one line; "-" if there is none, "! why" if told. */
static void
describe(struct str *out, const struct event *ev, const char *why)
{
	if (!ev) {
		str_printf(out, "%s%s", why ? "! " : "-", why ? why : "");
		return;
	}
	str_printf(out, "%s", event_kind_name(ev->kind));
	if (ev->flags & EVENT_ACTION)
		str_add(out, " action");
	if (ev->id)
		str_printf(out, " id=%s", ev->id);
	if (ev->alt_id)
		str_printf(out, " alt=%s", ev->alt_id);
	if (ev->key)
		str_printf(out, " key=%s", ev->key);
	if (ev->target)
		str_printf(out, " target=%s", ev->target);
	if (ev->parent)
		str_printf(out, " parent=%s", ev->parent);
	if (ev->origin)
		str_printf(out, " origin=%s via=%s", ev->origin, ev->via);
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

struct reading {
	const char *stanza;
	bool trusted;
	const char *result;
};

/* clang-format off */
static const struct reading readings[] = {
	{ IN "<body>hi</body>" OUT, true, "message id=a: hi" },
	{ IN "<body>hi</body><origin xmlns='urn:causeway:bridge:0'>0a:b1,c2"
	  "</origin>" OUT, true, "message id=a origin=0a via=b1,c2: hi" },
	{ IN "<body>hi</body><origin xmlns='urn:causeway:bridge:0'>0a b1"
	  "</origin>" OUT, true, "message id=a: hi" },
	{ IN "<body>hi</body><origin xmlns='urn:other'>0a:b1</origin>" OUT,
	  true, "message id=a: hi" },
	{ IN "<body>hi</body>" SID(ROOM, "s") OUT, true,
	  "message id=s alt=a key=s: hi" },
	/* ids that nobody vouches for, or two of them (FAULTS F13) */
	{ IN "<body>hi</body>" SID(ROOM, "s") OUT, false, "message id=a: hi" },
	{ IN "<body>hi</body>" SID("e@x", "s") OUT, true, "message id=a: hi" },
	{ IN "<body>hi</body>" SID(ROOM, "s") SID(ROOM, "t") OUT, true,
	  "message id=a: hi" },
	{ IN "<body>hi</body>" SID(ROOM, "s") SID("e@x", "t") OUT, true,
	  "message id=s alt=a key=s: hi" },
	{ IN "<body>hi</body>" SID(ROOM, "a") OUT, true,
	  "message id=a key=a: hi" },
	{ IN "<body>hi</body>" SID(ROOM, "") OUT, true, "message id=a: hi" },
	/* XEP-0245: four characters, and exactly these */
	{ IN "<body>/me waves</body>" OUT, true, "message action id=a: waves" },
	{ IN "<body>/me</body>" OUT, true, "message id=a: /me" },
	{ IN "<body>/me's</body>" OUT, true, "message id=a: /me's" },
	{ IN "<body> /me x</body>" OUT, true, "message id=a:  /me x" },
	{ IN "<body>/ME x</body>" OUT, true, "message id=a: /ME x" },
	/* styling */
	{ IN "<body>a *b* c</body>" OUT, true, "message id=a spans=1: a b c" },
	{ IN "<body>a *b* c</body><unstyled xmlns='urn:xmpp:styling:0'/>" OUT,
	  true, "message id=a: a *b* c" },
	/* replies and what stands in for them */
	{ IN "<body>hi</body>" REPLY OUT, true, "message id=a parent=p: hi" },
	{ IN "<body>&gt; \xc3\xbc\nhi</body>" REPLY CUT("0", "4") OUT, true,
	  "message id=a parent=p: hi" },
	{ IN "<body>&gt; q\nhi</body>" REPLY CUT("0", "999") OUT, true, "-" },
	{ IN "<body>&gt; q</body>" REPLY CUT("3", "1") OUT, true,
	  "message id=a parent=p spans=1: q" },
	{ IN "<body>hi</body>" REPLY CUT("-1", "1") OUT, true,
	  "message id=a parent=p: hi" },
	{ IN "<body>hi</body>" REPLY CUT("0", "99999999999999999999999") OUT,
	  true, "-" },
	{ IN "<body>hi</body>" CUT("0", "1") OUT, true, "message id=a: hi" },
	/* edits */
	{ IN "<body>hi</body><replace xmlns='urn:xmpp:message-correct:0' "
	  "id='o'/>" OUT, true, "edit id=a target=o: hi" },
	{ IN "<body>hi</body><replace xmlns='urn:xmpp:message-correct:0'/>"
	  OUT, true, "message id=a: hi" },
	/* taken back */
	{ IN "<body>fallback</body><retract xmlns='urn:xmpp:message-retract:1'"
	  " id='o'/>" OUT, true, "redaction id=a target=o: " },
	{ IN "<retract xmlns='urn:xmpp:message-retract:1'/>" OUT, true, "-" },
	/* topics */
	{ IN "<subject>t</subject>" OUT, true, "topic id=a: t" },
	{ IN "<subject/>" OUT, true, "topic id=a: " },
	{ IN "<subject>t</subject><body>b</body>" OUT, true,
	  "message id=a: b" },
	{ IN "<subject>t</subject><thread>x</thread>" OUT, true, "-" },
	/* files */
	{ IN "<body>https://u/a%20b.png</body>" OOB("https://u/a%20b.png") OUT,
	  true, "message id=a [a b.png - -1 0x0 https://u/a%20b.png]: " },
	{ IN OOB("https://u/x.png") OUT, true,
	  "message id=a [x.png - -1 0x0 https://u/x.png]: " },
	{ IN "<body>see https://u/x</body>" OOB("https://u/x") OUT, true,
	  "message id=a: see https://u/x" },
	{ IN "<body>see</body>" OOB("https://u/x") OUT, true,
	  "message id=a [x - -1 0x0 https://u/x]: see" },
	{ IN "<body>x</body>" OOB("file:///etc/passwd") OUT, true,
	  "message id=a: x" },
	{ IN "<body>javascript:1</body>" OOB("javascript:1") OUT, true,
	  "message id=a: javascript:1" },
	{ IN "<body>look\nhttps://u/p</body>" SFS("https://u/p")
	  "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:sfs:0'>"
	  "<body start='5' end='16'/></fallback>" OUT, true,
	  "message id=a [p.jpg image/jpeg 12 3x4 https://u/p]: look" },
	{ IN "<body>https://u/p</body>" SFS("https://u/p") OOB("https://u/p")
	  OUT, true, "message id=a [p.jpg image/jpeg 12 3x4 https://u/p]: " },
	{ IN "<body>aesgcm://u/p#00</body>" OOB("aesgcm://u/p#00") OUT, true,
	  "message id=a: [encrypted file]" },
	/* nothing to pass on */
	{ IN OUT, true, "-" },
	{ IN "<body/>" OUT, true, "-" },
	{ IN "<body xmlns='other'>x</body>" OUT, true, "-" },
	{ IN "<composing xmlns='http://jabber.org/protocol/chatstates'/>" OUT,
	  true, "-" },
	{ IN "<body>x</body><encryption xmlns='urn:xmpp:eme:0'/>" OUT, true,
	  "! encrypted messages cannot be passed on" },
	{ "<message type='headline'><body>x</body></message>", true, "-" },
	{ "<message type='error'><body>x</body></message>", true, "-" },
};
/* clang-format on */

static void
messages_become_events(void **state)
{
	xmpp_ctx_t *ctx = *state;

	for (size_t i = 0; i < ARRAY_SIZE(readings); i++) {
		struct message_source src = { ROOM, readings[i].trusted };
		xmpp_stanza_t *st =
			xmpp_stanza_new_from_string(ctx, readings[i].stanza);
		const char *why;
		AUTO_STR got = { 0 };

		assert_non_null(st);
		AUTO(event) ev = event_from_message(st, &src, &why);
		str_init(&got, 1024);
		describe(&got, ev, why);
		assert_string_equal(got.data, readings[i].result);
		(void)xmpp_stanza_release(st);
	}
}

static void
a_subject_outside_of_rooms_is_nothing(void **state)
{
	struct message_source src = { NULL, false };
	xmpp_stanza_t *st = xmpp_stanza_new_from_string(
		*state, IN "<subject>t</subject>" OUT);
	const char *why;

	assert_null(event_from_message(st, &src, &why));
	(void)xmpp_stanza_release(st);
}

struct writing {
	enum event_kind kind;
	unsigned flags;
	const char *text;
	const char *replaces, *parent, *parent_text;
	const char *result; /* NULL: no stanza */
};

#define HEAD "<message from=\"b@c/x\" to=\"r@m\" type=\"groupchat\" id=\"d\">"
#define TAIL "<origin-id xmlns=\"urn:xmpp:sid:0\" id=\"d\"/></message>"

/* clang-format off */
static const struct writing writings[] = {
	{ EVENT_MESSAGE, 0, "hi", 0, 0, 0, HEAD "<body>hi</body>" TAIL },
	{ EVENT_MESSAGE, EVENT_ACTION, "hi", 0, 0, 0,
	  HEAD "<body>/me hi</body>" TAIL },
	{ EVENT_MESSAGE, 0, "/me hi", 0, 0, 0,
	  HEAD "<body> /me hi</body>" TAIL },
	{ EVENT_MESSAGE, 0, "*hi*", 0, 0, 0, HEAD "<body>*hi*</body>"
	  "<unstyled xmlns=\"urn:xmpp:styling:0\"/>" TAIL },
	{ EVENT_MESSAGE, 0, "a\x03<b>\x01", 0, 0, 0,
	  HEAD "<body>a&lt;b&gt;</body>" TAIL },
	{ EVENT_MESSAGE, 0, "\x03 \n\t", 0, 0, 0, NULL },
	{ EVENT_EDIT, 0, "hi", "o", 0, 0, HEAD "<body>hi</body><replace "
	  "xmlns=\"urn:xmpp:message-correct:0\" id=\"o\"/>" TAIL },
	{ EVENT_MESSAGE, 0, "hi", 0, "p", 0, HEAD "<body>hi</body><reply "
	  "xmlns=\"urn:xmpp:reply:0\" id=\"p\" to=\"r@m/n\"/>" TAIL },
	{ EVENT_MESSAGE, 0, "hi", 0, "p", "\xc3\xbc\nmore",
	  HEAD "<body>&gt; \xc3\xbc\nhi</body><reply xmlns=\"urn:xmpp:reply:0"
	  "\" id=\"p\" to=\"r@m/n\"/><fallback xmlns=\"urn:xmpp:fallback:0\" "
	  "for=\"urn:xmpp:reply:0\"><body start=\"0\" end=\"4\"/></fallback>"
	  TAIL },
	{ EVENT_TOPIC, 0, "t", 0, 0, 0, HEAD "<subject>t</subject>" TAIL },
	{ EVENT_TOPIC, 0, "", 0, 0, 0, HEAD "<subject/>" TAIL },
};
/* clang-format on */

/* libstrophe writes attributes in an order of its own: compare without. */
static void
assert_same_xml(xmpp_ctx_t *ctx, xmpp_stanza_t *got, const char *want)
{
	xmpp_stanza_t *st = xmpp_stanza_new_from_string(ctx, want);
	char *a, *b;
	size_t len;

	assert_non_null(st);
	xmpp_stanza_to_text(got, &a, &len);
	xmpp_stanza_t *again = xmpp_stanza_new_from_string(ctx, a);
	assert_non_null(again);
	xmpp_free(ctx, a);
	xmpp_stanza_to_text(again, &a, &len);
	xmpp_stanza_to_text(st, &b, &len);
	assert_int_equal(strlen(a), strlen(b));
	/* the bodies and children have an order */
	assert_string_equal(strchr(a, '>'), strchr(b, '>'));
	xmpp_free(ctx, a);
	xmpp_free(ctx, b);
	(void)xmpp_stanza_release(again);
	(void)xmpp_stanza_release(st);
}

static void
events_become_messages(void **state)
{
	xmpp_ctx_t *ctx = *state;

	for (size_t i = 0; i < ARRAY_SIZE(writings); i++) {
		const struct writing *w = &writings[i];
		AUTO(event) ev = event_make(w->kind);
		struct message_form form = { .type = "groupchat",
					     .from = "b@c/x",
					     .to = "r@m",
					     .id = "d",
					     .replaces = w->replaces,
					     .parent = w->parent,
					     .parent_text = w->parent_text };

		if (w->parent)
			form.parent_to = "r@m/n";
		ev->flags = w->flags;
		event_set_text(ev, w->text);
		xmpp_stanza_t *st = message_from_event(ctx, ev, &form);
		if (!w->result) {
			assert_null(st);
			continue;
		}
		assert_same_xml(ctx, st, w->result);
		(void)xmpp_stanza_release(st);
	}
}

#define STANDS(from, to)                                                  \
	"<fallback xmlns=\"urn:xmpp:fallback:0\" for=\"urn:xmpp:sfs:0\">" \
	"<body start=\"" from "\" end=\"" to "\"/></fallback>"

static void
files_are_shared(void **state)
{
	static const struct attachment file = {
		.name = "p.png",
		.mime = "image/png",
		.url = "https://gw/1",
		.size = 7,
		.width = 2,
		.height = 3,
	};
	static const char what[] =
		"<media-type>image/png</media-type><name>p.png</name><size>7"
		"</size><width>2</width><height>3</height>";
	static const struct {
		const char *text, *result;
	} cases[] = {
		{ "", HEAD
		  "<body>https://gw/1</body><x xmlns=\"jabber:x:oob\"><url>"
		  "https://gw/1</url></x>%s" STANDS("0", "12") TAIL },
		{ "gr\xc3\xbc\xc3\x9f",
		  HEAD "<body>gr\xc3\xbc\xc3\x9f\nhttps://gw/1</body>%s" STANDS(
			  "4", "17") TAIL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(event) ev = event_make(EVENT_MESSAGE);
		struct message_form form = { .type = "groupchat",
					     .from = "b@c/x",
					     .to = "r@m",
					     .id = "d" };
		AUTO_STR shared = { 0 };
		AUTO_STR result = { 0 };
		const char *hole = strstr(cases[i].result, "%s");

		str_init(&shared, 4096);
		str_init(&result, 4096);
		str_add(&shared, "<file-sharing xmlns=\"urn:xmpp:sfs:0\" "
				 "disposition=\"inline\"><file xmlns=\""
				 "urn:xmpp:file:metadata:0\">");
		str_add(&shared, what);
		str_add(&shared, "</file><sources><url-data xmlns=\"http://"
				 "jabber.org/protocol/url-data\" target=\""
				 "https://gw/1\"/></sources></file-sharing>");
		str_add_n(&result, cases[i].result,
			  (size_t)(hole - cases[i].result));
		str_add(&result, shared.data);
		str_add(&result, hole + 2);
		event_set_text(ev, cases[i].text);
		attach_add(ev, &file);
		xmpp_stanza_t *st = message_from_event(*state, ev, &form);
		assert_same_xml(*state, st, result.data);
		(void)xmpp_stanza_release(st);
	}
}

static void
muc_user_is_read(void **state)
{
	xmpp_stanza_t *st = xmpp_stanza_new_from_string(
		*state,
		"<presence><x xmlns='" NS_MUC_USER "'><item affiliation='none' "
		"role='none' nick='new' jid='a@b/c'><actor nick='Op'/><reason>"
		"why</reason></item><status code='307'/><status code='110'/>"
		"<status code='999'/><status/></x></presence>");
	struct muc_user u;

	assert_true(stanza_muc_user(&u, st));
	assert_int_equal(u.codes, MUC_KICKED | MUC_SELF);
	assert_string_equal(u.nick, "new");
	assert_string_equal(u.jid, "a@b/c");
	assert_string_equal(u.actor, "Op");
	assert_non_null(u.reason);
	assert_false(u.destroyed);
	(void)xmpp_stanza_release(st);
}

struct ranking {
	const char *affiliation, *role;
	enum rank rank;
};

static void
ranks_follow_affiliation_then_role(void **state)
{
	static const struct ranking table[] = {
		{ "owner", "moderator", RANK_OWNER },
		{ "admin", "moderator", RANK_ADMIN },
		{ "none", "moderator", RANK_OP },
		{ "member", "moderator", RANK_OP },
		{ "member", "participant", RANK_VOICE },
		{ "none", "participant", RANK_NONE },
		{ "none", "visitor", RANK_NONE },
		{ "", "", RANK_NONE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		xmpp_stanza_t *st =
			stanza_new(*state, "presence", NULL, NULL, NULL);
		xmpp_stanza_t *item = stanza_add(
			stanza_add(st, "x", NS_MUC_USER), "item", NULL);
		struct muc_user u;

		stanza_attr(item, "affiliation", table[i].affiliation);
		stanza_attr(item, "role", table[i].role);
		assert_true(stanza_muc_user(&u, st));
		assert_int_equal(u.rank, table[i].rank);
		(void)xmpp_stanza_release(st);
	}
}

static void
errors_are_swapped_and_explained(void **state)
{
	xmpp_stanza_t *st = xmpp_stanza_new_from_string(
		*state, "<iq type='get' id='7' from='a@b/c' to='d'/>");
	xmpp_stanza_t *error =
		stanza_error(*state, st, "not-allowed", "go away");
	AUTO_STR words = { 0 };

	assert_string_equal(stanza_get(error, "to"), "a@b/c");
	assert_string_equal(stanza_get(error, "from"), "d");
	assert_string_equal(stanza_get(error, "id"), "7");
	assert_string_equal(stanza_error_condition(error), "not-allowed");
	str_init(&words, 100);
	stanza_error_words(&words, error);
	assert_string_equal(words.data, "go away");
	str_clear(&words);
	stanza_error_words(&words, st); /* says nothing at all */
	assert_string_equal(words.data, "the other side refused it");
	(void)xmpp_stanza_release(error);
	(void)xmpp_stanza_release(st);
}

static void
reactions_are_read_with_limits(void **state)
{
	xmpp_stanza_t *st = xmpp_stanza_new_from_string(
		*state,
		"<message><reactions xmlns='urn:xmpp:reactions:0' id='m'>"
		"<reaction>a</reaction><reaction/><other>x</other><reaction>"
		"0123456789012345678901234567890123456789012345678901234567890"
		"1234</reaction><reaction>b</reaction><reaction>c</reaction>"
		"</reactions></message>");
	AUTO(event) ev = event_make(EVENT_REACTION);
	const char *marks[2];
	size_t n;

	assert_string_equal(stanza_reactions(st, ev, marks, 2, &n), "m");
	assert_int_equal(n, 2);
	assert_string_equal(marks[0], "a");
	assert_string_equal(marks[1], "b");
	(void)xmpp_stanza_release(st);
}

static void
presence_shows(void **state)
{
	for (int show = SHOW_ONLINE; show <= SHOW_DND; show++) {
		xmpp_stanza_t *st =
			stanza_new(*state, "presence", NULL, NULL, NULL);
		stanza_add_show(st, (enum presence_show)show, "x\x01y");
		assert_int_equal(stanza_show(st), show);
		AUTO_STR text = { 0 };
		str_init(&text, 10);
		stanza_read_text(&text, stanza_own_child(st, "status"));
		assert_string_equal(text.data, "xy");
		(void)xmpp_stanza_release(st);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_become_events),
		cmocka_unit_test(a_subject_outside_of_rooms_is_nothing),
		cmocka_unit_test(events_become_messages),
		cmocka_unit_test(files_are_shared),
		cmocka_unit_test(muc_user_is_read),
		cmocka_unit_test(ranks_follow_affiliation_then_role),
		cmocka_unit_test(errors_are_swapped_and_explained),
		cmocka_unit_test(reactions_are_read_with_limits),
		cmocka_unit_test(presence_shows),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
