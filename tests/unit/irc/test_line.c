/* SPDX-License-Identifier: MIT */
/* test_line.c - lines read, framed and written. */

#include "tests/support/test.h"

#include "protocols/irc/line.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static struct irc_line line;

static bool
reads(const char *bytes)
{
	return irc_line_read(&line, bytes, strlen(bytes));
}

static void
same_or_null(const char *got, const char *want)
{
	if (!want)
		assert_null(got);
	else
		assert_string_equal(got, want);
}

/* ---- reading ----------------------------------------------------------- */

static void
a_message_is_taken_apart(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *bytes, *source, *command;
		size_t n;
		const char *params[5];
	} cases[] = {
		{ "FOO", NULL, "FOO", 0, { NULL } },
		{ "foo bar", NULL, "FOO", 1, { "bar" } },
		{ ":src AWAY", "src", "AWAY", 0, { NULL } },
		{ ":src AWAY ", "src", "AWAY", 0, { NULL } },
		{ "foo bar baz :asdf quux", NULL, "FOO", 3,
		  { "bar", "baz", "asdf quux" } },
		{ "foo bar baz ::asdf", NULL, "FOO", 3,
		  { "bar", "baz", ":asdf" } },
		{ "foo bar baz :", NULL, "FOO", 3, { "bar", "baz", "" } },
		{ "foo :", NULL, "FOO", 1, { "" } },
		{ "foo :  asdf quux ", NULL, "FOO", 1, { "  asdf quux " } },
		{ "foo b:r ::", NULL, "FOO", 2, { "b:r", ":" } },
		{ ":src  foo   bar   baz   ", "src", "FOO", 2,
		  { "bar", "baz" } },
		{ ":a!b@c.d PRIVMSG #x :hi", "a!b@c.d", "PRIVMSG", 2,
		  { "#x", "hi" } },
		{ ":s 433 * x :in use", "s", "433", 3,
		  { "*", "x", "in use" } },
		{ "  PING  :x", NULL, "PING", 1, { "x" } },
		{ ": PING x", NULL, "PING", 1, { "x" } },
		{ ":\xff\xfe PRIVMSG x :\x01" "ACTION \x03" "4a\x01", "\xff\xfe",
		  "PRIVMSG", 2, { "x", "\x01" "ACTION \x03" "4a\x01" } },
		{ "foo \tbar", NULL, "FOO", 1, { "\tbar" } },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(reads(cases[i].bytes));
		same_or_null(line.source, cases[i].source);
		assert_string_equal(line.command, cases[i].command);
		assert_int_equal(line.n_params, cases[i].n);
		for (size_t p = 0; p < cases[i].n; p++)
			assert_string_equal(line.params[p], cases[i].params[p]);
		assert_string_equal(irc_line_param(&line, cases[i].n), "");
	}
}

static void
what_is_not_a_message_is_refused(void **state UNUSED)
{
	static const char *const cases[] = {
		"",       " ",      ":",      ":source", ":source ", "@a=b",
		"@a=b ",  "@a=b :", "12",     "1234",    "PR1VMSG",  "#x",
		"PING\r", "a\nb",   "x \r y", "\x01",    "@ :x ",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_false(reads(cases[i]));
	assert_false(irc_line_read(&line, "PING\0x", 6));
	assert_false(irc_line_read(&line, "PING x\0", 7));
}

static void
too_many_parameters_are_refused(void **state UNUSED)
{
	char bytes[3 + 2 * (IRC_PARAMS_MAX + 1) + 1] = "FOO";

	for (size_t i = 0; i < IRC_PARAMS_MAX; i++)
		memcpy(bytes + 3 + 2 * i, " x", 3);
	assert_true(reads(bytes));
	assert_int_equal(line.n_params, IRC_PARAMS_MAX);
	memcpy(bytes + 3 + 2 * IRC_PARAMS_MAX, " x", 3);
	assert_false(reads(bytes));
}

static void
tags_are_unescaped(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *bytes, *key, *value;
	} cases[] = {
		{ "@a=b x", "a", "b" },
		{ "@a x", "a", "" },
		{ "@a= x", "a", "" },
		{ "@a=b;c=32;k;rt=ql7 x", "k", "" },
		{ "@a=b;c=32;k;rt=ql7 x", "rt", "ql7" },
		{ "@a=\\\\\\:\\s\\r\\n x", "a", "\\; \r\n" },
		{ "@a=\\b\\ x", "a", "b" },
		{ "@a=x\\ x", "a", "x" },
		{ "@a==b=c x", "a", "=b=c" },
		{ "@a=1;a=2 x", "a", "2" },
		{ "@;;a=1;; x", "a", "1" },
		{ "@+draft/x.y=1 x", "+draft/x.y", "1" },
		{ "@+a=1 x", "a", NULL },
		{ "@a=1 x", "b", NULL },
		{ "@a,b=1 x", "a,b", NULL },
		{ "@=1 x", "", NULL },
		{ "@a=\xf0\x9f\x92\xa9   :src   x", "a", "\xf0\x9f\x92\xa9" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(reads(cases[i].bytes));
		assert_string_equal(line.command, "X");
		same_or_null(irc_line_tag(&line, cases[i].key), cases[i].value);
	}
}

static void
tags_beyond_the_limit_are_left_out(void **state UNUSED)
{
	AUTO_STR s;

	str_init(&s, 4096);
	for (int i = 0; i < IRC_TAGS_COUNT_MAX + 5; i++)
		str_printf(&s, "%ct%d=%d", i ? ';' : '@', i, i);
	str_add(&s, " PING x");
	assert_true(irc_line_read(&line, s.data, s.len));
	assert_int_equal(line.n_tags, IRC_TAGS_COUNT_MAX);
	assert_string_equal(irc_line_tag(&line, "t63"), "63");
	assert_string_equal(line.params[0], "x");
}

static void
a_source_has_parts(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *bytes, *nick, *user, *host;
	} cases[] = {
		{ "X", NULL, NULL, NULL },
		{ ":coolguy X", "coolguy", NULL, NULL },
		{ ":coolguy!ag@127.0.0.1 X", "coolguy", "ag", "127.0.0.1" },
		{ ":coolguy!~ag@::1 X", "coolguy", "~ag", "::1" },
		{ ":coolguy@127.0.0.1 X", "coolguy", NULL, "127.0.0.1" },
		{ ":coolguy!ag X", "coolguy", "ag", NULL },
		{ ":c!a@n\x02" "e\x03" "5t X", "c", "a", "n\x02" "e\x03" "5t" },
		{ ":!@ X", "", "", "" },
		{ ":irc.example.org X", "irc.example.org", NULL, NULL },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(reads(cases[i].bytes));
		same_or_null(line.nick, cases[i].nick);
		same_or_null(line.user, cases[i].user);
		same_or_null(line.host, cases[i].host);
	}
}

static void
numerics_are_three_digits(void **state UNUSED)
{
	assert_true(reads(":s 001 x"));
	assert_int_equal(irc_line_numeric(&line), 1);
	assert_true(reads(":s 904 x"));
	assert_int_equal(irc_line_numeric(&line), 904);
	assert_true(reads("PING x"));
	assert_int_equal(irc_line_numeric(&line), 0);
}

/* A line of tags (with "@" and the space) and a body of these lengths. */
static void
make_line(struct str *s, size_t tags, size_t body)
{
	if (tags) {
		str_add(s, "@a=");
		while (s->len < tags - 1)
			str_add_char(s, 'v');
		str_add_char(s, ' ');
	}
	str_add(s, "PRIVMSG x :");
	while (s->len < tags + body)
		str_add_char(s, 'b');
}

static void
limits_are_exact(void **state UNUSED)
{
	static const struct {
		size_t tags, body;
		bool ok;
	} cases[] = {
		{ 0, 510, true },     { 0, 511, false },
		{ 8191, 510, true },  { 8192, 510, false },
		{ 8191, 511, false }, { 20, 510, true },
		{ 0, 100000, false }, { 100000, 20, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR s;

		str_init(&s, 1 << 20);
		make_line(&s, cases[i].tags, cases[i].body);
		assert_int_equal(irc_line_read(&line, s.data, s.len),
				 cases[i].ok);
	}
}

/* ---- framing ----------------------------------------------------------- */

static void
collect(void *arg, const char *bytes, size_t len)
{
	str_add_char(arg, '<');
	str_add_n(arg, bytes, len);
	str_add_char(arg, '>');
}

static void
a_stream_is_cut_however_it_arrives(void **state UNUSED)
{
	static const char stream[] = "a\r\nbc\n\r\n\n\r\r\nd\re\r\nf\r\r\nrest";

	for (size_t step = 1; step < sizeof(stream); step++) {
		struct irc_framer f;
		AUTO_STR got;

		str_init(&got, 100);
		irc_framer_init(&f);
		for (size_t at = 0; at < sizeof(stream) - 1; at += step) {
			size_t n = sizeof(stream) - 1 - at;

			irc_framer_feed(&f, stream + at, n < step ? n : step,
					collect, &got);
		}
		assert_string_equal(got.data, "<a><bc><d\re><f>");
		irc_framer_feed(&f, "\n", 1, collect, &got);
		assert_string_equal(got.data, "<a><bc><d\re><f><rest>");
		assert_int_equal(f.overlong, 0);
		irc_framer_finish(&f);
	}
}

static void
an_overlong_line_is_skipped_and_the_next_is_read(void **state UNUSED)
{
	static const struct {
		size_t tags, body;
	} cases[] = { { 0, 511 }, { 0, 10000 }, { 8192, 20 }, { 0, 300000 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t step = 7; step < 400000; step *= 23) {
			struct irc_framer f;
			AUTO_STR s;
			AUTO_STR got;

			str_init(&s, 1 << 20);
			str_init(&got, 100);
			irc_framer_init(&f);
			make_line(&s, cases[i].tags, cases[i].body);
			str_add(&s, "\r\nPING y\r\n");
			for (size_t at = 0; at < s.len; at += step)
				irc_framer_feed(&f, s.data + at,
						s.len - at < step ? s.len - at
								  : step,
						collect, &got);
			assert_string_equal(got.data, "<PING y>");
			assert_int_equal(f.overlong, 1);
			irc_framer_finish(&f);
		}
	}
}

static void
the_longest_line_passes_in_pieces(void **state UNUSED)
{
	struct irc_framer f;
	AUTO_STR s;
	AUTO_STR got;

	str_init(&s, 1 << 20);
	str_init(&got, 1 << 20);
	irc_framer_init(&f);
	make_line(&s, IRC_TAGS_MAX, IRC_BODY_MAX - 2);
	str_add(&s, "\r\n");
	irc_framer_feed(&f, s.data, 5000, collect, &got);
	irc_framer_feed(&f, s.data + 5000, s.len - 5000, collect, &got);
	assert_int_equal(got.len, IRC_TAGS_MAX + IRC_BODY_MAX - 2 + 2);
	assert_int_equal(f.overlong, 0);
	irc_framer_finish(&f);
}

/* ---- writing ----------------------------------------------------------- */

static void
lines_are_written(void **state UNUSED)
{
	AUTO_STR wire;

	str_init(&wire, 1000);
	assert_true(irc_write(&wire, "PRIVMSG", "#c", "hi there", NULL));
	assert_true(irc_write(&wire, "AWAY", NULL));
	assert_true(irc_write(&wire, "AWAY", "", NULL));
	assert_true(irc_write(&wire, "KICK", "#c", "a", ":x", NULL));
	assert_string_equal(wire.data, "PRIVMSG #c :hi there\r\nAWAY\r\n"
				       "AWAY :\r\nKICK #c a ::x\r\n");
}

static void
tags_are_written_escaped_and_read_back(void **state UNUSED)
{
	struct irc_out out;
	AUTO_STR wire;

	str_init(&wire, 1000);
	irc_out_init(&out, "TAGMSG");
	irc_out_tag(&out, "label", "1");
	irc_out_tag(&out, "+typing", "a; b\\\r\n");
	irc_out_tag(&out, "x", NULL);
	irc_out_param(&out, "#c");
	assert_true(irc_out_write(&out, &wire));
	irc_out_finish(&out);
	assert_string_equal(wire.data, "@label=1;+typing=a\\:\\sb\\\\\\r\\n;x "
				       "TAGMSG #c\r\n");
	assert_true(irc_line_read(&line, wire.data, wire.len - 2));
	assert_string_equal(irc_line_tag(&line, "+typing"), "a; b\\\r\n");
}

static void
a_line_that_is_too_long_is_not_written(void **state UNUSED)
{
	char text[600];

	memset(text, 'x', sizeof(text));
	for (size_t n = 495; n < 505; n++) {
		AUTO_STR wire;
		bool ok = strlen("PRIVMSG c :") + n + 2 <= 512;

		str_init(&wire, 10000);
		text[n] = '\0';
		assert_int_equal(irc_write(&wire, "PRIVMSG", "c", text, NULL),
				 ok);
		assert_int_equal(wire.len, ok ? n + 13 : 0);
		text[n] = 'x';
	}
}

static void
a_wire_that_is_full_takes_no_half_line(void **state UNUSED)
{
	AUTO_STR wire;

	str_init(&wire, 12);
	assert_true(irc_write(&wire, "PING", "a", NULL));
	assert_false(irc_write(&wire, "PING", "b", NULL));
	assert_string_equal(wire.data, "PING :a\r\n");
}

static void
bad_keys_and_commands_make_the_line_fail(void **state UNUSED)
{
	static const char *const keys[] = { "",   "+",   "a b", "a;b",
					    "a=", "a\n", "é",   "a:b" };
	static const char *const commands[] = {
		"", "A B", "A\r\nB", "12", ":A", "@A", "PRIV1", "A\x01"
	};
	AUTO_STR wire;

	str_init(&wire, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct irc_out out;

		irc_out_init(&out, "TAGMSG");
		irc_out_tag(&out, keys[i], "v");
		assert_false(irc_out_write(&out, &wire));
		irc_out_finish(&out);
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		assert_false(irc_write(&wire, commands[i], "x", NULL));
	assert_int_equal(wire.len, 0);
}

static void
nothing_follows_the_trailing_parameter(void **state UNUSED)
{
	for (int i = 0; i < 2; i++) {
		struct irc_out out;
		AUTO_STR wire;

		str_init(&wire, 1000);
		irc_out_init(&out, "PRIVMSG");
		irc_out_trailing(&out, "a");
		if (i)
			irc_out_trailing(&out, "b");
		else
			irc_out_param(&out, "b");
		assert_false(irc_out_write(&out, &wire));
		assert_int_equal(wire.len, 0);
		irc_out_finish(&out);
	}
}

/* ---- poison ------------------------------------------------------------ */

/* Each parameter that went in comes out, in its own place, or nothing. */
static void
check_poisoned(const char *middle, const char *trailing, size_t trailing_len)
{
	struct irc_out out;
	AUTO_STR wire;

	str_init(&wire, 10000);
	irc_out_init(&out, "KICK");
	irc_out_param(&out, "#c");
	irc_out_param(&out, middle);
	irc_out_trailing_n(&out, trailing, trailing_len);
	if (irc_out_write(&out, &wire)) {
		assert_int_equal(wire.data[wire.len - 2], '\r');
		assert_true(irc_line_read(&line, wire.data, wire.len - 2));
		assert_string_equal(line.command, "KICK");
		assert_int_equal(line.n_params, 3);
		assert_string_equal(line.params[0], "#c");
		assert_string_equal(line.params[1], middle);
		assert_string_equal(line.params[2], trailing);
		assert_int_equal(strlen(trailing), trailing_len);
	} else {
		assert_int_equal(wire.len, 0);
	}
	irc_out_finish(&out);
}

static void
no_byte_leaves_its_parameter(void **state UNUSED)
{
	static const char *const shapes[] = { "a%cb", "%cb", "a%c", "%c",
					      "a%cJOIN #secret" };

	for (int c = 1; c < 256; c++) {
		for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
			AUTO_STR s;

			str_init(&s, 100);
			for (const char *p = shapes[i]; *p; p++) {
				if (*p == '%')
					str_add_char(&s, (char)c);
				else if (p == shapes[i] || p[-1] != '%')
					str_add_char(&s, *p);
			}
			check_poisoned(s.data, "x", 1);
			check_poisoned("x", s.data, s.len);
		}
	}
	check_poisoned("", "x", 1);
	check_poisoned("x", "", 0);
	check_poisoned("x", "a\0b", 3);
}

static void
line_ends_and_nul_always_fail(void **state UNUSED)
{
	static const char *const bad[] = { "\r", "\n", "a\r\nQUIT :x", "a\n",
					   "\xe2\x80\xa8\n" };
	AUTO_STR wire;
	struct irc_out out;

	str_init(&wire, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(irc_write(&wire, "JOIN", bad[i], "k", NULL));
		assert_false(irc_write(&wire, "JOIN", "k", bad[i], NULL));
	}
	irc_out_init(&out, "JOIN");
	irc_out_trailing_n(&out, "a\0b", 3);
	assert_false(irc_out_write(&out, &wire));
	irc_out_finish(&out);
	assert_int_equal(wire.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_taken_apart),
		cmocka_unit_test(what_is_not_a_message_is_refused),
		cmocka_unit_test(too_many_parameters_are_refused),
		cmocka_unit_test(tags_are_unescaped),
		cmocka_unit_test(tags_beyond_the_limit_are_left_out),
		cmocka_unit_test(a_source_has_parts),
		cmocka_unit_test(numerics_are_three_digits),
		cmocka_unit_test(limits_are_exact),
		cmocka_unit_test(a_stream_is_cut_however_it_arrives),
		cmocka_unit_test(
			an_overlong_line_is_skipped_and_the_next_is_read),
		cmocka_unit_test(the_longest_line_passes_in_pieces),
		cmocka_unit_test(lines_are_written),
		cmocka_unit_test(tags_are_written_escaped_and_read_back),
		cmocka_unit_test(a_line_that_is_too_long_is_not_written),
		cmocka_unit_test(a_wire_that_is_full_takes_no_half_line),
		cmocka_unit_test(bad_keys_and_commands_make_the_line_fail),
		cmocka_unit_test(nothing_follows_the_trailing_parameter),
		cmocka_unit_test(no_byte_leaves_its_parameter),
		cmocka_unit_test(line_ends_and_nul_always_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
