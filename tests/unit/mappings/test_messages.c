/* SPDX-License-Identifier: MIT */
/* test_messages.c - the message log. */

#include "tests/support/test.h"

#include "tests/unit/mappings/fixture.h"

#include "bridge/event.h"
#include "bridge/str.h"
#include "mappings/channels.h"
#include "mappings/identities.h"
#include "mappings/messages.h"
#include "mappings/queue.h"

#include <errno.h>
#include <string.h>

static int
put(struct db *db, struct event_row row, int64_t *known)
{
	return event_put(db, &row, known);
}

static void
confirm(struct db *db, int64_t event, int64_t channel, const char *const *ids,
	size_t n)
{
	struct delivery_end end = {
		.state = DELIVERY_CONFIRMED,
		.ids = ids,
		.n_ids = n,
	};

	assert_int_equal(delivery_put(db, event, channel), 0);
	assert_int_equal(delivery_settle(db, event, channel, &end), 0);
}

static void
same_text(const char *a, const char *b)
{
	if (!a || !b)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void
compare(void *arg, const struct event_row *got)
{
	const struct event_row *put_in = arg;

	assert_int_equal(got->id, put_in->id);
	assert_int_equal(got->channel, put_in->channel);
	assert_int_equal(got->sender, put_in->sender);
	assert_int_equal(got->kind, put_in->kind);
	assert_int_equal(got->flags, put_in->flags);
	assert_int_equal(got->when_ms, put_in->when_ms);
	assert_int_equal(got->received_ms, put_in->received_ms);
	same_text(got->sender_id, put_in->sender_id);
	same_text(got->sender_name, put_in->sender_name);
	same_text(got->native_id, put_in->native_id);
	same_text(got->alt_id, put_in->alt_id);
	same_text(got->key, put_in->key);
	same_text(got->origin, put_in->origin);
	same_text(got->via, put_in->via);
	same_text(got->target, put_in->target);
	same_text(got->parent, put_in->parent);
	same_text(got->text, put_in->text);
	same_text(got->spans, put_in->spans);
	same_text(got->mark, put_in->mark);
	same_text(got->attachments, put_in->attachments);
}

static void
what_was_kept_is_read_back_whole(void **state)
{
	struct db *db = *state;
	struct event_row full = {
		.id = 1LL << 40,
		.channel = channel_of(db, "irc", "#a"),
		.kind = 4,
		.flags = 0x80000001u,
		.when_ms = -1,
		.received_ms = 1753000000000,
		.sender_id = "s",
		.sender_name = "S'; DROP TABLE event; --",
		.native_id = "n",
		.alt_id = "a",
		.key = "k",
		.origin = "o",
		.via = "a,b",
		.target = "t",
		.parent = "p",
		.text = "caf\xc3\xa9\nline two",
		.spans = "0+1:1:::;",
		.mark = "\xf0\x9f\x91\x8d",
		.attachments = "x",
	};
	struct event_row bare = { .id = 1, .channel = full.channel };
	int64_t known;

	sender_put(db, 1, "s", NULL, NULL, &full.sender);
	assert_int_equal(event_put(db, &full, &known), 0);
	assert_int_equal(event_put(db, &bare, &known), 0);
	assert_int_equal(event_get(db, full.id, compare, &full), 0);
	assert_int_equal(event_get(db, bare.id, compare, &bare), 0);
	assert_int_equal(event_get(db, 2, compare, NULL), -ENOENT);
	assert_int_equal(event_last_id(db), full.id);
}

static int64_t
read_of(struct db *db, int64_t event, int64_t from, int64_t to)
{
	const struct read_mark what = { .event = event,
					.from = from,
					.to = to,
					.sender_id = "ann",
					.kind = EVENT_MESSAGE };

	return event_read(db, &what);
}

static void
what_was_read_is_the_newest_message_that_both_sides_have(void **state)
{
	static const char *const ids[] = { "x" };
	struct db *db = *state;
	int64_t here = channel_of(db, "irc", "#a");
	int64_t there = channel_of(db, "irc", "#b");
	int64_t third = channel_of(db, "irc", "#c");
	const struct event_row rows[] = {
		{ .id = 1, .channel = there, .sender_id = "bob" },
		{ .id = 2, .channel = here, .sender_id = "ann" },
		{ .id = 3, .channel = third, .sender_id = "eve" },
		{ .id = 4, .channel = there, .sender_id = "bob" },
		{ .id = 5, .channel = here, .kind = EVENT_TOPIC },
		{ .id = 6, .channel = here, .sender_id = "zoe" },
	};
	int64_t known;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(event_put(db, &rows[i], &known), 0);
	assert_int_equal(read_of(db, 6, here, there), 0);
	confirm(db, 1, here, ids, 1);
	confirm(db, 2, there, ids, 1);
	confirm(db, 5, there, ids, 1);
	assert_int_equal(read_of(db, 6, here, there), 1); /* 2 is ann's own */
	assert_int_equal(read_of(db, 6, there, here), 2);
	confirm(db, 3, here, ids, 1);
	assert_int_equal(read_of(db, 6, here, there), 1);
	confirm(db, 3, there, ids, 1);
	assert_int_equal(read_of(db, 6, here, there), 3);
	assert_int_equal(read_of(db, 2, here, there), 1);
	assert_int_equal(read_of(db, 0, here, there), 0);
	confirm(db, 6, there, ids, 1);
	assert_int_equal(read_of(db, 6, here, there), 6);
}

static void
note_digit(void *arg, const struct event_row *row)
{
	int64_t *sum = arg;

	*sum = *sum * 10 + row->id;
}

/* Digits of the events of origin "o" in links of that channel, in order. */
static int64_t
of_origin(struct db *db, int64_t channel)
{
	int64_t sum = 0;

	assert_int_equal(event_by_origin(db, "o", channel, note_digit, &sum),
			 0);
	return sum;
}

static void
an_origin_is_found_in_the_links_of_a_channel(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a");
	int64_t b = channel_of(db, "irc", "#b");
	int64_t c = channel_of(db, "irc", "#c");
	int64_t link, known;

	assert_int_equal(link_put(db, "l", LINK_FILE, &link), 0);
	assert_int_equal(link_member_put(db, link, a, ""), 0);
	assert_int_equal(link_member_put(db, link, b, ""), 0);
	put(db, (struct event_row){ .id = 1, .channel = a, .origin = "o" },
	    &known);
	put(db, (struct event_row){ .id = 2, .channel = b, .origin = "o" },
	    &known);
	put(db, (struct event_row){ .id = 3, .channel = c, .origin = "o" },
	    &known);
	put(db, (struct event_row){ .id = 4, .channel = a, .origin = "p" },
	    &known);
	put(db, (struct event_row){ .id = 5, .channel = a }, &known);
	assert_int_equal(of_origin(db, a), 12);
	assert_int_equal(of_origin(db, b), 12);
	assert_int_equal(of_origin(db, c), 0);
}

static void
a_key_is_kept_once_in_its_channel(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a");
	int64_t b = channel_of(db, "irc", "#b");
	/* clang-format off */
	const struct {
		struct event_row row;
		int status;
		int64_t known;
	} cases[] = {
		{ { .id = 1, .channel = a, .key = "k" }, 0, 0 },
		{ { .id = 2, .channel = a, .key = "k" }, -EEXIST, 1 },
		{ { .id = 3, .channel = b, .key = "k" }, 0, 0 },
		{ { .id = 4, .channel = a, .key = "K" }, 0, 0 },
		{ { .id = 5, .channel = a }, 0, 0 },
		{ { .id = 6, .channel = a }, 0, 0 },
		{ { .id = 1, .channel = a, .key = "k" }, -EEXIST, 1 },
		{ { .id = 6, .channel = a }, -EEXIST, 6 },
		{ { .id = 7, .channel = 99 }, -ENOENT, 0 },
		{ { .id = 7, .channel = a, .sender = 9 }, -ENOENT, 0 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t known = 0;

		assert_int_equal(put(db, cases[i].row, &known),
				 cases[i].status);
		assert_int_equal(known, cases[i].known);
	}
	assert_int_equal(event_last_id(db), 6);
	assert_false(db_failed(db));
}

static void
an_event_is_found_by_its_own_and_its_delivered_ids(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a");
	int64_t b = channel_of(db, "xmpp", "b");
	const char *const lines[] = { "x1", "x2" };
	int64_t known;

	put(db,
	    (struct event_row){
		    .id = 1, .channel = a, .native_id = "n", .alt_id = "m" },
	    &known);
	put(db, (struct event_row){ .id = 2, .channel = a }, &known);
	confirm(db, 1, b, lines, 2);

	/* clang-format off */
	const struct {
		int64_t channel;
		const char *id;
		int64_t event;
	} cases[] = {
		{ a, "n", 1 }, { a, "m", 1 }, { b, "x1", 1 }, { b, "x2", 1 },
		{ a, "x1", 0 }, { b, "n", 0 }, { a, "", 0 }, { a, NULL, 0 },
		{ 99, "n", 0 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(event_find(db, cases[i].channel, cases[i].id),
				 cases[i].event);
}

static void
an_id_used_again_means_the_latest(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a");
	int64_t known;

	put(db, (struct event_row){ .id = 1, .channel = a, .alt_id = "n" },
	    &known);
	put(db, (struct event_row){ .id = 2, .channel = a, .alt_id = "n" },
	    &known);
	assert_int_equal(event_find(db, a, "n"), 2);
}

static void
add_number(void *arg, int64_t event)
{
	str_printf(arg, "%lld ", (long long)event);
}

static void
an_id_is_found_wherever_it_was_given(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a");
	int64_t b = channel_of(db, "xmpp", "b");
	const char *const ids[] = { "n", "m" };
	const struct delivery_end end = { .state = DELIVERY_CONFIRMED,
					  .ids = ids,
					  .n_ids = 2 };
	AUTO_STR all, two, none;
	int64_t known;

	str_init(&all, 100);
	str_init(&two, 100);
	str_init(&none, 100);
	put(db, (struct event_row){ .id = 1, .channel = a, .native_id = "n" },
	    &known);
	put(db, (struct event_row){ .id = 2, .channel = b, .alt_id = "n" },
	    &known);
	put(db, (struct event_row){ .id = 3, .channel = b, .native_id = "x" },
	    &known);
	put(db, (struct event_row){ .id = 4, .channel = a, .native_id = "N" },
	    &known);
	assert_int_equal(delivery_put(db, 3, a), 0);
	assert_int_equal(delivery_settle(db, 3, a, &end), 0);
	assert_int_equal(event_find_all(db, "n", 9, add_number, &all), 0);
	assert_string_equal(all.data, "3 2 1 ");
	assert_int_equal(event_find_all(db, "n", 2, add_number, &two), 0);
	assert_string_equal(two.data, "3 2 ");
	assert_int_equal(event_find_all(db, "", 9, add_number, &none), 0);
	assert_string_equal(none.data, "");
}

static void
add_mark(void *arg, const char *mark)
{
	str_printf(arg, "%s ", mark);
}

static void
of_each_mark_the_last_word_stands(void **state)
{
	enum { PUT = 0, TAKEN = 4 };
	struct db *db = *state;
	int64_t a = channel_of(db, "xmpp", "a");
	const struct {
		const char *who, *target, *mark;
		unsigned flags;
	} said[] = {
		{ "ann", "m1", "+", PUT },   { "ann", "m1", "-", PUT },
		{ "ann", "m1", "+", TAKEN }, { "ann", "m1", "*", PUT },
		{ "bob", "m1", "+", PUT },   { "ann", "m2", "?", PUT },
		{ "ann", "m1", "+", PUT },   { "ann", "m1", "-", TAKEN },
	};
	static const struct {
		struct marked what;
		const char *stand;
	} rows[] = {
		{ { .sender_id = "ann", .target = "m1", .before = 100 },
		  "* + " },
		{ { .sender_id = "ann", .target = "m1", .before = 3 }, "+ - " },
		{ { .sender_id = "ann", .target = "m1", .before = 4 }, "- " },
		{ { .sender_id = "bob", .target = "m1", .before = 100 }, "+ " },
		{ { .sender_id = "eve", .target = "m1", .before = 100 }, "" },
		{ { .sender_id = "ann", .target = "m3", .before = 100 }, "" },
	};
	int64_t known;

	for (size_t i = 0; i < ARRAY_SIZE(said); i++)
		put(db,
		    (struct event_row){ .id = (int64_t)i + 1,
					.channel = a,
					.sender_id = said[i].who,
					.target = said[i].target,
					.mark = said[i].mark,
					.flags = said[i].flags },
		    &known);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct marked what = rows[i].what;
		AUTO_STR out = { 0 };

		what.channel = a;
		what.removed = TAKEN;
		str_init(&out, 100);
		assert_int_equal(marks_standing(db, &what, add_mark, &out), 0);
		assert_string_equal(out.data, rows[i].stand);
	}
}

static void
an_alt_id_cannot_take_the_place_of_an_id(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "xmpp", "a");
	int64_t b = channel_of(db, "irc", "#b");
	const char *const id[] = { "delivered" };
	int64_t known;

	put(db,
	    (struct event_row){ .id = 1, .channel = a, .native_id = "stanza" },
	    &known);
	put(db, (struct event_row){ .id = 2, .channel = b }, &known);
	confirm(db, 2, a, id, 1);
	put(db,
	    (struct event_row){ .id = 3,
				.channel = a,
				.native_id = "other",
				.alt_id = "stanza" },
	    &known);
	put(db,
	    (struct event_row){ .id = 4,
				.channel = a,
				.native_id = "more",
				.alt_id = "delivered" },
	    &known);
	assert_int_equal(event_find(db, a, "stanza"), 1);
	assert_int_equal(event_find(db, a, "delivered"), 2);
}

static void
write_id(void *arg, const char *native_id)
{
	str_printf(arg, "%s ", native_id);
}

static void
an_event_has_the_ids_of_the_channel_asked_for(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "xmpp", "a");
	int64_t b = channel_of(db, "irc", "#b");
	int64_t c = channel_of(db, "irc", "#c");
	const char *const lines[] = { "5", "4", "3", "2", "1" };
	int64_t known;

	put(db,
	    (struct event_row){
		    .id = 1, .channel = a, .native_id = "n", .alt_id = "m" },
	    &known);
	put(db, (struct event_row){ .id = 2, .channel = a, .native_id = "o" },
	    &known);
	put(db, (struct event_row){ .id = 3, .channel = a }, &known);
	confirm(db, 1, b, lines, 5);
	confirm(db, 1, c, NULL, 0);

	/* clang-format off */
	const struct {
		int64_t event, channel;
		int alt;
		const char *ids;
	} cases[] = {
		{ 1, a, 0, "n " }, { 1, a, 1, "m " },
		{ 2, a, 0, "o " }, { 2, a, 1, "o " }, { 3, a, 0, "" },
		{ 1, b, 0, "5 4 3 2 1 " }, { 1, b, 1, "5 4 3 2 1 " },
		{ 1, c, 0, "" }, { 2, b, 0, "" }, { 99, a, 0, "" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR s;

		str_init(&s, 4096);
		assert_int_equal(event_native_ids(db, cases[i].event,
						  cases[i].channel,
						  cases[i].alt, write_id, &s),
				 0);
		assert_string_equal(s.data, cases[i].ids);
	}
}

static void
pruning_takes_the_oldest_first_and_in_steps(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a");

	for (int64_t i = 1; i <= 10; i++)
		say(db, i, a, "hello");
	assert_int_equal(event_prune(db, 8, 5), 5);
	assert_int_equal(event_get(db, 5, NULL, NULL), -ENOENT);
	assert_int_equal(event_prune(db, 8, 5), 2);
	assert_int_equal(event_prune(db, 8, 5), 0);
	assert_int_equal(event_get(db, 7, NULL, NULL), -ENOENT);
	assert_int_equal(event_prune(db, 9, 5), 1); /* 8 was still there */
}

static void
pruning_leaves_what_is_still_to_be_delivered(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a");
	int64_t b = channel_of(db, "irc", "#b");
	int64_t c = channel_of(db, "irc", "#c");
	const char *const id[] = { "x" };

	for (int64_t i = 1; i <= 4; i++)
		say(db, i, a, "hello");
	confirm(db, 1, b, id, 1);
	delivery_put(db, 1, c); /* waiting elsewhere */
	confirm(db, 2, b, id, 1);
	delivery_put(db, 3, b);
	delivery_attempt(db, 3, b, 5);                 /* on the wire */
	assert_int_equal(event_prune(db, 100, 10), 2); /* 2, and 4 */
	assert_int_equal(event_find(db, b, "x"), 1);
	assert_int_equal(db_check(db, NULL), 0);
}

static void
numbers_that_were_pruned_are_not_used_again(void **state)
{
	struct db *db = *state;
	int64_t a = channel_of(db, "irc", "#a");

	say(db, 41, a, "hello");
	say(db, 42, a, "hello");
	assert_int_equal(event_prune(db, 100, 1), 1);
	assert_int_equal(event_last_id(db), 42);
	assert_int_equal(event_prune(db, 100, 1), 1);
	assert_int_equal(event_last_id(db), 42);
	say(db, 43, a, "hello");
	assert_int_equal(event_last_id(db), 43);
}

/* Ten messages, 1 to 10: the odd ones said in #a, the even ones in #b; of
 * those 2 and 4 were shown in #a, and 6 is on its way there. */
static struct past
ten_messages(struct db *db)
{
	int64_t a = channel_of(db, "irc", "#a");
	int64_t b = channel_of(db, "irc", "#b");

	for (int64_t i = 1; i <= 10; i++) {
		struct event_row row = {
			.id = i,
			.channel = i % 2 ? a : b,
			.received_ms = i,
			.flags = EVENT_GATEWAY,
			.text = "hello",
		};

		assert_int_equal(put(db, row, NULL), 0);
	}
	confirm(db, 2, a, NULL, 0);
	confirm(db, 4, a, NULL, 0);
	delivery_put(db, 6, a);
	return (struct past){ .channel = a, .before = INT64_MAX };
}

static void
expect_past(const int64_t *got, int n, const char *expected)
{
	AUTO_STR s;

	str_init(&s, 1024);
	for (int i = 0; i < n; i++)
		str_printf(&s, "%d ", (int)got[i]);
	assert_string_equal(s.data, expected);
}

static void
the_past_is_what_was_said_and_what_was_shown(void **state)
{
	struct db *db = *state;
	struct past past = ten_messages(db);
	int64_t ids[20];

	expect_past(ids, past_oldest(db, &past, ids, 20), "1 2 3 4 5 7 9 ");
	expect_past(ids, past_newest(db, &past, ids, 20), "1 2 3 4 5 7 9 ");
	assert_int_equal(past_count(db, &past), 7);
}

static void
the_past_is_read_from_either_end(void **state)
{
	struct db *db = *state;
	struct past past = ten_messages(db);
	int64_t ids[20];

	expect_past(ids, past_oldest(db, &past, ids, 3), "1 2 3 ");
	expect_past(ids, past_newest(db, &past, ids, 3), "5 7 9 ");
	past.after = 2;
	past.before = 7;
	expect_past(ids, past_oldest(db, &past, ids, 20), "3 4 5 ");
	assert_int_equal(past_count(db, &past), 3);
}

static void
what_two_said_is_a_past_of_its_own(void **state)
{
	struct db *db = *state;
	int64_t reader = channel_of(db, "home", "ann");
	int64_t peer = channel_of(db, "away", "joe");
	int64_t other = channel_of(db, "away", "kim");
	const struct past talk = { reader, 100, INT64_MAX, peer };
	static const struct {
		int64_t id, from, to;
		unsigned flags;
		bool done;
	} rows[] = {
		{ 101, 0, 1, 128, true },  { 102, 0, 2, 128, true },
		{ 103, 1, 0, 0, true },    { 104, 2, 0, 0, true },
		{ 105, 0, 1, 128, false }, { 106, 1, 0, 0, false },
		{ 107, 1, 2, 0, true },
	};
	const int64_t channels[] = { reader, peer, other };
	int64_t ids[20], known;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct event_row row = {
			.id = rows[i].id,
			.channel = channels[rows[i].from],
			.flags = rows[i].flags,
			.text = "x",
		};

		assert_int_equal(event_put(db, &row, &known), 0);
		if (rows[i].done)
			confirm(db, row.id, channels[rows[i].to], NULL, 0);
		else
			assert_int_equal(delivery_put(db, row.id,
						      channels[rows[i].to]),
					 0);
	}
	expect_past(ids, past_oldest(db, &talk, ids, 20), "101 103 105 ");
	expect_past(ids, past_newest(db, &talk, ids, 2), "103 105 ");
	assert_int_equal(past_count(db, &talk), 3);
}

static void
the_past_is_narrowed_by_time(void **state)
{
	struct db *db = *state;
	const struct {
		int64_t from_ms, until_ms;
		const char *expected;
	} cases[] = {
		{ 0, 0, "1 2 3 4 5 7 9 " },
		{ 3, 0, "3 4 5 7 9 " },
		{ 0, 4, "1 2 3 4 " },
		{ 4, 5, "4 5 " },
		{ 6, 6, "" },
		{ 11, 0, "" },
		{ 0, -1, "" },
		{ 9, 100, "9 " },
	};
	struct past whole = ten_messages(db);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct past past = whole;
		int64_t ids[20];

		assert_int_equal(past_narrow(db, &past, cases[i].from_ms,
					     cases[i].until_ms),
				 0);
		expect_past(ids, past_oldest(db, &past, ids, 20),
			    cases[i].expected);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_db, close_db)
	const struct CMUnitTest tests[] = {
		TEST(what_was_kept_is_read_back_whole),
		TEST(an_origin_is_found_in_the_links_of_a_channel),
		TEST(a_key_is_kept_once_in_its_channel),
		TEST(an_event_is_found_by_its_own_and_its_delivered_ids),
		TEST(an_id_used_again_means_the_latest),
		TEST(an_id_is_found_wherever_it_was_given),
		TEST(of_each_mark_the_last_word_stands),
		TEST(what_was_read_is_the_newest_message_that_both_sides_have),
		TEST(an_alt_id_cannot_take_the_place_of_an_id),
		TEST(an_event_has_the_ids_of_the_channel_asked_for),
		TEST(the_past_is_what_was_said_and_what_was_shown),
		TEST(the_past_is_read_from_either_end),
		TEST(what_two_said_is_a_past_of_its_own),
		TEST(the_past_is_narrowed_by_time),
		TEST(pruning_takes_the_oldest_first_and_in_steps),
		TEST(pruning_leaves_what_is_still_to_be_delivered),
		TEST(numbers_that_were_pruned_are_not_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
