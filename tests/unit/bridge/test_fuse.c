/* SPDX-License-Identifier: MIT */
/* test_fuse.c - copies told from repetitions. */

#include "tests/support/test.h"

#include "bridge/base.h"
#include "bridge/fuse.h"

#include <stdio.h>
#include <stdlib.h>

#define LONG "this sentence is longer than people type twice by chance"

/* One thing said: by whom, where, how long after the one before it. */
struct said {
	int64_t room;
	const char *sender, *text;
	int64_t after_ms;
	enum fuse_verdict verdict;
	int64_t of; /* number of the line, from 1; 0: of none */
	bool marked, paired;
};

static void
play(const struct said *said, size_t n)
{
	struct fuse *f = xcalloc(1, sizeof(*f));
	int64_t now = 5000;

	fuse_init(f, (struct hash_key){ 1, 2 });
	for (size_t i = 0; i < n; i++) {
		struct fuse_word w = {
			.event = (int64_t)i + 1,
			.room = said[i].room,
			.sender = said[i].sender,
			.name = said[i].sender,
			.text = said[i].text,
			.marked = said[i].marked,
			.paired = said[i].paired,
		};
		int64_t of;

		now += said[i].after_ms;
		print_message("# %s: %s\n", w.name, w.text);
		assert_int_equal(fuse_judge(f, &w, now, &of), said[i].verdict);
		assert_int_equal(of, said[i].of);
	}
	free(f);
}
#define PLAY(...)                                           \
	play((const struct said[]){ __VA_ARGS__ },          \
	     sizeof((const struct said[]){ __VA_ARGS__ }) / \
		     sizeof(struct said))

/* clang-format off */
static void
people_may_say_the_same(void **state UNUSED)
{
	PLAY({ 1, "ann", "ok", 0, FUSE_NEW },
	     { 1, "bob", "ok", 500, FUSE_NEW },
	     { 2, "carol", "ok", 500, FUSE_NEW },
	     { 1, "ann", "ok", 500, FUSE_NEW },
	     { 2, "bob2b", "OK", 500, FUSE_NEW },
	     { 1, "anna", "ok", 500, FUSE_NEW });
}

static void
somebody_may_repeat_themselves(void **state UNUSED)
{
	PLAY({ 1, "ann", LONG, 0, FUSE_NEW },
	     { 1, "ann", LONG, 0, FUSE_NEW },
	     { 1, "ann", "ok", 0, FUSE_NEW },
	     { 1, "ann", "ok", 0, FUSE_NEW });
}

static void
somebody_may_address_the_author(void **state UNUSED)
{
	PLAY({ 1, "bob", "thanks", 0, FUSE_NEW },
	     { 2, "ann", "bob: thanks", 100, FUSE_NEW },
	     { 2, "carol", "<dave> thanks", 100, FUSE_NEW });
}

static void
what_comes_back_under_a_relayed_nick_is_a_copy(void **state UNUSED)
{
	PLAY({ 1, "ann", "ok", 0, FUSE_NEW },
	     { 2, "relay", "<ann> ok", 100, FUSE_COPY, 1 },
	     { 1, "relay", "<ann> ok", 100, FUSE_COPY, 1 },
	     { 1, "relay", "<relay> <ann>  ok ", 100, FUSE_COPY, 1 },
	     { 2, "relay", "<ann> * ok", 100, FUSE_COPY, 1 });
}

static void
what_comes_back_under_a_name_made_of_the_authors_is_a_copy(void **state UNUSED)
{
	PLAY({ 1, "ann", "ok", 0, FUSE_NEW },
	     { 2, "ann_", "ok", 100, FUSE_COPY, 1 },
	     { 2, "ann2", "ok", 100, FUSE_COPY, 1 },
	     { 2, "Ann[x]", "ok", 100, FUSE_COPY, 1 },
	     { 2, "(xmpp) ann", "ok", 100, FUSE_COPY, 1 },
	     { 2, "annette", "ok", 100, FUSE_NEW },
	     { 2, "joann", "ok", 100, FUSE_NEW });
}

static void
a_marked_copy_needs_no_name(void **state UNUSED)
{
	PLAY({ 1, "ann", "ok", 0, FUSE_NEW },
	     { 2, "zed", "ok", 100, FUSE_COPY, 1, .marked = true },
	     { 2, "zed", "no", 100, FUSE_NEW, .marked = true });
}

static void
a_long_text_from_another_room_needs_no_name(void **state UNUSED)
{
	PLAY({ 1, "ann", LONG, 0, FUSE_NEW },
	     { 1, "bob", LONG, 100, FUSE_NEW },
	     { 2, "zed", LONG, 100, FUSE_COPY, 1 });
}

static void
after_ten_seconds_it_is_said_anew(void **state UNUSED)
{
	PLAY({ 1, "ann", "ok", 0, FUSE_NEW },
	     { 2, "ann_", "ok", FUSE_MS - 1, FUSE_COPY, 1 },
	     { 2, "ann_", "ok", 1, FUSE_NEW });
}

static void
each_of_several_has_its_own_copy(void **state UNUSED)
{
	PLAY({ 1, "ann", "ok", 0, FUSE_NEW },
	     { 1, "ann", "ok", 0, FUSE_NEW },
	     { 2, "ann_", "ok", 100, FUSE_COPY, 1 },
	     { 2, "ann_", "ok", 100, FUSE_COPY, 2 },
	     { 2, "ann_", "ok", 100, FUSE_COPY, 2 });
}

static void
another_script_is_no_obstacle_between_bridges(void **state UNUSED)
{
	PLAY({ 1, "\xd0\x90\xd0\xbd\xd0\xbd\xd0\xb0", "ok", 0, FUSE_NEW },
	     { 2, "u4fz21", "ok", 100, FUSE_NEW },
	     { 2, "u4fz22", "ok", 100, FUSE_COPY, 1, .paired = true },
	     { 1, "bob", "hm", 0, FUSE_NEW },
	     { 2, "zed", "hm", 100, FUSE_NEW, .paired = true });
}

static void
the_fuse_blows_for_who_brings_back_one_text_again_and_again(void **s UNUSED)
{
	PLAY({ 1, "ann", "ok", 0, FUSE_NEW },
	     { 2, "zed", "ok", 100, FUSE_NEW },
	     { 2, "zed", "ok", 100, FUSE_NEW },
	     { 2, "zed", "ok", 100, FUSE_NEW },
	     { 2, "zed", "ok", 100, FUSE_BLOWS },
	     { 2, "zed", "ok", 100, FUSE_COPY, 1 },
	     { 2, "zed", "new", 100, FUSE_NEW },
	     { 2, "bob", "ok", 100, FUSE_NEW },
	     { 1, "ann", "hm", 8000, FUSE_NEW },
	     { 2, "zed", "hm", 100, FUSE_COPY, 9 },
	     { 1, "ann", "hm", FUSE_BLOWN_MS, FUSE_NEW },
	     { 2, "zed", "hm", 100, FUSE_NEW });
}

static void
chatter_of_different_texts_blows_nothing(void **state UNUSED)
{
	PLAY({ 1, "ann", "yes", 0, FUSE_NEW },
	     { 1, "ann", "no", 0, FUSE_NEW },
	     { 2, "zed", "yes", 100, FUSE_NEW },
	     { 2, "zed", "no", 100, FUSE_NEW },
	     { 2, "zed", "yes", 100, FUSE_NEW },
	     { 2, "zed", "no", 100, FUSE_NEW },
	     { 2, "zed", "yes", 100, FUSE_NEW },
	     { 2, "zed", "no", 100, FUSE_NEW });
}
/* clang-format on */

static void
what_is_blown_can_be_listed(void **state UNUSED)
{
	struct fuse *f = xcalloc(1, sizeof(*f));
	struct fuse_word w = { .room = 1, .sender = "ann", .name = "ann" };
	int64_t of;

	fuse_init(f, (struct hash_key){ 1, 2 });
	assert_null(fuse_blown(f, 0, 0));
	w.text = "ok";
	w.event = 1;
	fuse_judge(f, &w, 0, &of);
	w.room = 2;
	w.sender = w.name = "zed";
	for (int i = 0; i <= FUSE_STRIKES; i++)
		fuse_judge(f, &w, 1, &of);
	assert_non_null(fuse_blown(f, 0, 2));
	assert_string_equal(fuse_blown(f, 0, 2)->name, "zed");
	assert_int_equal(fuse_blown(f, 0, 2)->room, 2);
	assert_null(fuse_blown(f, 1, 2));
	assert_null(fuse_blown(f, 0, 1 + FUSE_BLOWN_MS));
	free(f);
}

static void
memory_is_bounded(void **state UNUSED)
{
	struct fuse *f = xcalloc(1, sizeof(*f));
	char text[32];
	int64_t of;

	fuse_init(f, (struct hash_key){ 1, 2 });
	for (int i = 0; i < 10 * FUSE_WORDS; i++) {
		struct fuse_word w = { .event = i + 1,
				       .room = i % 3,
				       .sender = "ann",
				       .name = "ann",
				       .text = text };

		snprintf(text, sizeof(text), "text %d", i);
		assert_int_equal(fuse_judge(f, &w, 1, &of), FUSE_NEW);
	}
	free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_may_say_the_same),
		cmocka_unit_test(somebody_may_repeat_themselves),
		cmocka_unit_test(somebody_may_address_the_author),
		cmocka_unit_test(
			what_comes_back_under_a_relayed_nick_is_a_copy),
		cmocka_unit_test(
			what_comes_back_under_a_name_made_of_the_authors_is_a_copy),
		cmocka_unit_test(a_marked_copy_needs_no_name),
		cmocka_unit_test(a_long_text_from_another_room_needs_no_name),
		cmocka_unit_test(after_ten_seconds_it_is_said_anew),
		cmocka_unit_test(each_of_several_has_its_own_copy),
		cmocka_unit_test(another_script_is_no_obstacle_between_bridges),
		cmocka_unit_test(
			the_fuse_blows_for_who_brings_back_one_text_again_and_again),
		cmocka_unit_test(chatter_of_different_texts_blows_nothing),
		cmocka_unit_test(what_is_blown_can_be_listed),
		cmocka_unit_test(memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
