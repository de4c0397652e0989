/* SPDX-License-Identifier: MIT */
/*
 * test_xmpp_faces.c - pictures of people in a room, for the media room: which
 * one is in their presence, the bytes are in their vcard.
 */

#include "tests/conformance/xmpp_fixture.h"

#include "bridge/error.h"
#include "bridge/media/media.h"
#include "bridge/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* SHA-1 of "picture". */
#define HASH "0e66b49d04a43c19bcb2e13a53aff5d174f610fc"
#define HASH_UPPER "0E66B49D04A43C19BCB2E13A53AFF5D174F610FC"
#define PICTURE "cGlj\ndHVy\n ZQ=="
#define USER "xmlns='http://jabber.org/protocol/muc#user'"

struct world {
	char folder[64];
	struct conf_media conf;
	struct media *media;
	struct fixture *f;
	/* what came of the picture that was asked for */
	int result; /* enum media_result; -1: nothing yet */
	char bytes[64];
};

static struct world w;

static bool
is_withdrawn(void *arg UNUSED, uint64_t tag UNUSED)
{
	return false;
}

static int
set_up(void **state)
{
	struct media_options options = { .conf = &w.conf,
					 .is_withdrawn = is_withdrawn };
	struct error err = { "" };

	memset(&w, 0, sizeof(w));
	if (setup(state) != 0)
		return -1;
	w.f = *state;
	(void)snprintf(w.folder, sizeof(w.folder),
		       "/tmp/causeway-faces-XXXXXX");
	assert_non_null(mkdtemp(w.folder));
	w.conf = (struct conf_media){ .folder = w.folder,
				      .file_mib = 1,
				      .cache_mib = 1 };
	w.media = media_new(w.f->loop, &options, &err);
	if (!w.media)
		fail_msg("%s", err.text);
	recorder.media = w.media;
	return 0;
}

static int
tear_down(void **state)
{
	char command[160];

	if (w.f->net->state != NETWORK_DOWN) {
		recorder_stop(w.f->net);
		assert_true(recorder_wait(w.f->loop, "down home",
					  recorder.downs + 1));
	}
	recorder.media = NULL;
	media_free(w.media);
	(void)snprintf(command, sizeof(command), "rm -rf %s %s.key", w.folder,
		       w.folder);
	assert_int_equal(system(command), 0);
	return teardown(state);
}

/* ---- steps --------------------------------------------------------------- */

/* What presence says of the picture of whom. */
static void
show(const char *nick, const char *photo)
{
	xmppd_say(w.f->server,
		  "<presence from='" ROOM "/%s' to='" LISTENER "'><x " USER
		  "><item affiliation='none' role='participant'/></x>"
		  "<x xmlns='vcard-temp:x:update'>%s</x></presence>",
		  nick, photo);
	barrier(w.f);
}

static void
on_file(void *arg UNUSED, const struct media_file *file)
{
	w.result = (int)file->result;
	if (file->result == MEDIA_THERE)
		(void)!pread(file->fd, w.bytes, sizeof(w.bytes) - 1, 0);
	loop_stop(w.f->loop);
}

static void
want(const char *item)
{
	w.result = -1;
	(void)media_get_item(w.media, "home", item, 0, on_file, NULL);
}

/* What ann's vcard is; %s is the question's id. */
static void
answer(const char *fmt)
{
	AUTO_STR text = { 0 };
	char *id;

	assert_true(xmppd_wait(w.f->server, "<vCard", 1));
	id = xmppd_attribute(xmppd_find(w.f->server, "<vCard"), "iq", "id");
	str_init(&text, 4096);
	for (const char *c = fmt; *c; c++) {
		if (c[0] == '%' && c[1] == 's') {
			str_add(&text, id);
			c++;
		} else {
			str_add_char(&text, *c);
		}
	}
	free(id);
	xmppd_write(w.f->server, text.data, text.len);
	while (w.result < 0)
		loop_run(w.f->loop);
}

#define CARD(photo)                                              \
	"<iq type='result' from='" ROOM "/Ann' to='" LISTENER    \
	"' id='%s'><vCard xmlns='vcard-temp'><FN>Ann</FN>" photo \
	"</vCard></iq>"
#define PHOTO(base64) "<PHOTO><BINVAL>" base64 "</BINVAL></PHOTO>"

/* ---- which picture --------------------------------------------------------
 */

static void
a_hash_in_presence_is_the_picture(void **state UNUSED)
{
	enter_room(w.f);
	show("Ann", "<photo>" HASH "</photo>");
	expect(w.f, "event presence " ROOM);
	assert_string_equal(recorder.last_event->sender.avatar, HASH);
	show("Ann", "<photo>" HASH_UPPER "</photo>"); /* the same */
	show("Ann", "");                              /* not ready */
	show("Ann", "<photo>nonsense</photo>");
	show("Ann", "<photo>" HASH "00</photo>");
	assert_int_equal(recorder_count("event presence"), 1);
	show("Ann", "<photo/>");
	assert_true(recorder_wait(w.f->loop, "event presence", 2));
	assert_string_equal(recorder.last_event->sender.avatar, "");
}

static void
who_comes_with_a_picture_has_it(void **state UNUSED)
{
	enter_room(w.f);
	show("Bea", "<photo>" HASH "</photo>");
	expect(w.f, "(Bea)");
	assert_string_equal(recorder.last_event->sender.avatar, HASH);
	show("Cia", "");
	expect(w.f, "(Cia)");
	assert_null(recorder.last_event->sender.avatar);
}

static void
without_a_media_room_nothing_is_told(void **state UNUSED)
{
	recorder.media = NULL;
	enter_room(w.f);
	show("Bea", "<photo>" HASH "</photo>");
	expect(w.f, "(Bea)");
	assert_null(recorder.last_event->sender.avatar);
}

/* ---- the picture ----------------------------------------------------------
 */

static void
a_picture_is_asked_for_when_it_is_wanted(void **state UNUSED)
{
	enter_room(w.f);
	show("Ann", "<photo>" HASH "</photo>");
	assert_int_equal(xmppd_count(w.f->server, "<vCard"), 0);
	want(HASH);
	answer(CARD(PHOTO(PICTURE)));
	assert_int_equal(w.result, MEDIA_THERE);
	assert_string_equal(w.bytes, "picture");
	assert_non_null(strstr(xmppd_find(w.f->server, "<vCard"),
			       "to=\"" ROOM "/Ann\""));
	want(HASH); /* and is kept */
	while (w.result < 0)
		loop_run(w.f->loop);
	assert_int_equal(w.result, MEDIA_THERE);
	assert_int_equal(xmppd_count(w.f->server, "<vCard"), 1);
}

static void
what_is_not_the_picture_is_none(void **state UNUSED)
{
	static const char *const cards[] = {
		CARD(PHOTO("YW5vdGhlcg==")), /* with another hash */
		CARD(PHOTO("")),
		CARD(PHOTO("=")),
		CARD(PHOTO("====")),
		CARD(PHOTO("cGljdHVyZQ")),
		CARD(PHOTO("cGlj%dHVyZQ==")),
		CARD("<PHOTO><EXTVAL>http://a/b.png</EXTVAL></PHOTO>"),
		CARD("<PHOTO/>"),
		CARD(""),
		"<iq type='result' from='" ROOM "/Ann' to='" LISTENER
		"' id='%s'/>",
		"<iq type='error' from='" ROOM "/Ann' to='" LISTENER
		"' id='%s'><error type='cancel'><service-unavailable "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
	};

	enter_room(w.f);
	show("Ann", "<photo>" HASH "</photo>");
	for (size_t i = 0; i < ARRAY_SIZE(cards); i++) {
		xmppd_forget(w.f->server);
		want(HASH);
		answer(cards[i]);
		assert_int_equal(w.result, MEDIA_NONE);
	}
}

static void
nobody_is_asked_for_what_nobody_shows(void **state UNUSED)
{
	static const char *const items[] = { HASH, "x", "", ROOM "/Ann" };

	enter_room(w.f);
	for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
		want(items[i]);
		while (w.result < 0)
			loop_run(w.f->loop);
		assert_int_equal(w.result, MEDIA_NONE);
	}
	assert_int_equal(xmppd_count(w.f->server, "<vCard"), 0);
}

static void
who_waits_hears_that_the_network_went(void **state UNUSED)
{
	enter_room(w.f);
	show("Ann", "<photo>" HASH "</photo>");
	want(HASH);
	assert_true(xmppd_wait(w.f->server, "<vCard", 1));
	xmppd_hang_up(w.f->server);
	while (w.result < 0)
		loop_run(w.f->loop);
	assert_int_equal(w.result, MEDIA_FAILED);
	expect(w.f, "down home lost");
}

#undef CASE
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_hash_in_presence_is_the_picture),
		CASE(who_comes_with_a_picture_has_it),
		CASE(without_a_media_room_nothing_is_told),
		CASE(a_picture_is_asked_for_when_it_is_wanted),
		CASE(what_is_not_the_picture_is_none),
		CASE(nobody_is_asked_for_what_nobody_shows),
		CASE(who_waits_hears_that_the_network_went),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
