/* SPDX-License-Identifier: MIT */
/* test_log.c - the log: levels, formats, repeats, and what cannot be written.
 */

#include "tests/support/test.h"

#include "bridge/log.h"
#include "bridge/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEEN_MAX 100000

/* What the sink saw, or what the file holds. */
struct fixture {
	char dir[64];
	char path[96];
	struct str seen;
	int64_t now_ms;
};

static void
on_line(enum log_level level, const char *where, const char *text, void *arg)
{
	struct fixture *f = arg;

	str_printf(&f->seen, "%s %s: %s|", log_level_name(level), where, text);
}

static int64_t
now_ms(void *arg)
{
	struct fixture *f = arg;

	return f->now_ms;
}

static int
set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	str_init(&f->seen, SEEN_MAX);
	snprintf(f->dir, sizeof(f->dir), "/tmp/test_log.XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/log", f->dir);
	log_set_format(LOG_FORMAT_TEXT);
	log_set_level(LOG_LEVEL_INFO);
	log_set_clock(now_ms, f);
	*state = f;
	return log_set_file(f->path);
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	log_set_sink(NULL, NULL);
	/* A minute later nothing is remembered that the next test could
	 * meet. */
	f->now_ms += 60000;
	(void)log_set_file(NULL);
	log_set_clock(NULL, NULL);
	(void)unlink(f->path);
	(void)rmdir(f->dir);
	str_finish(&f->seen);
	free(f);
	return 0;
}

static const char *
written(struct fixture *f)
{
	char bytes[4096];
	ssize_t n;
	int fd = open(f->path, O_RDONLY | O_NONBLOCK);

	assert_true(fd >= 0);
	str_clear(&f->seen);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		str_add_n(&f->seen, bytes, (size_t)n);
	close(fd);
	assert_false(str_overflowed(&f->seen));
	return f->seen.data;
}

/* ---- levels ------------------------------------------------------------ */

static void
a_level_hides_what_is_below_it(void **state)
{
	struct fixture *f = *state;

	log_set_sink(on_line, f);
	log_bug("core", "a");
	log_error("store", "b %d", 2);
	log_warn("conf", "c");
	log_peer("home", "d");
	log_info("libera/#lobby", "e");
	log_trace("home", "f");
	log_set_level(LOG_LEVEL_WARN);
	log_peer("home", "g");
	assert_string_equal(f->seen.data,
			    "bug core: a|error store: b 2|warn conf: c|"
			    "peer home: d|info libera/#lobby: e|");
	assert_true(log_wanted(LOG_LEVEL_WARN, "home"));
	assert_false(log_wanted(LOG_LEVEL_PEER, "home"));
}

static void
a_network_may_have_a_level_of_its_own(void **state)
{
	struct fixture *f = *state;

	log_set_sink(on_line, f);
	log_set_network_level("chatty", LOG_LEVEL_ERROR);
	log_set_network_level("odd", LOG_LEVEL_ERROR);
	log_set_network_level("odd", LOG_LEVEL_TRACE);
	log_trace("odd", "a");
	log_trace("odd/#x/y", "b");
	log_trace("oddity", "c");
	log_trace("od", "d");
	log_warn("chatty/#x", "e");
	log_info("x/odd", "f");
	assert_string_equal(f->seen.data, "trace odd: a|trace odd/#x/y: b|"
					  "info x/odd: f|");
}

static void
levels_have_names(void **state UNUSED)
{
	for (int i = LOG_LEVEL_BUG; i <= LOG_LEVEL_TRACE; i++)
		assert_int_equal(
			log_level_from_name(log_level_name((enum log_level)i)),
			i);
	assert_string_equal(log_level_name(LOG_LEVEL_PEER), "peer");
	assert_int_equal(log_level_from_name("debug"), -1);
	assert_null(log_level_name((enum log_level)8));
	assert_null(log_level_name((enum log_level)1));
}

static void
words_are_not_logged_unless_allowed(void **state UNUSED)
{
	assert_false(log_text_allowed());
	log_set_text(true);
	assert_true(log_text_allowed());
	log_set_text(false);
}

/* ---- formats ----------------------------------------------------------- */

static void
text_lines_begin_with_their_class(void **state)
{
	struct fixture *f = *state;

	log_info("libera/#lobby", "joined");
	log_error("store", "say \"%s\"", "no");
	assert_string_equal(written(f), "<6>libera/#lobby: joined\n"
					"<3>store: say \"no\"\n");
}

static void
what_does_not_belong_in_a_log_is_escaped(void **state)
{
	struct fixture *f = *state;

	/* clang-format off */
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "a\nb\r\tc", "a\\nb\\r\\tc" },
		{ "\x1b[31m\x07\x7f", "\\u001b[31m\\u0007\\u007f" },
		{ "\xc2\x9b" "1m", "\\u009b1m" },
		{ "\xe2\x80\xae" "evil", "\\u202eevil" },
		{ "\xf3\xa0\x81\x81", "\\udb40\\udc41" },
		{ "back\\slash", "back\\\\slash" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xff!\xc3", "\xef\xbf\xbd!\xef\xbf\xbd" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char want[128];

		log_set_sink(NULL, NULL);
		assert_int_equal(truncate(f->path, 0), 0);
		log_info(cases[i].in, "%s", cases[i].in);
		snprintf(want, sizeof(want), "<6>%s: %s\n", cases[i].out,
			 cases[i].out);
		assert_string_equal(written(f), want);

		log_set_sink(on_line, f);
		str_clear(&f->seen);
		log_info("x", "%s", cases[i].in);
		snprintf(want, sizeof(want), "info x: %s|", cases[i].out);
		assert_string_equal(f->seen.data, want);
	}
}

/* The line without its time, which must look like one. */
static const char *
after_time(const char *line, const char *before)
{
	static const char like[] = "dddd-dd-ddTdd:dd:dd.dddZ";

	assert_memory_equal(line, before, strlen(before));
	line += strlen(before);
	for (const char *p = like; *p; p++, line++) {
		if (*p == 'd')
			assert_in_range(*line, '0', '9');
		else
			assert_int_equal(*line, *p);
	}
	return line;
}

static void
logfmt_lines_are_quoted(void **state)
{
	struct fixture *f = *state;

	log_set_format(LOG_FORMAT_LOGFMT);
	log_warn("a/#b c=\"", "say \"%s\"\n\\", "no");
	assert_string_equal(after_time(written(f), "time="),
			    " level=warn where=\"a/#b c=\\\"\" "
			    "msg=\"say \\\"no\\\"\\n\\\\\"\n");
}

static void
json_lines_are_objects(void **state)
{
	struct fixture *f = *state;

	log_set_format(LOG_FORMAT_JSON);
	log_peer("home", "\"%s\"\x1f\\\xff", "x");
	assert_string_equal(after_time(written(f), "{\"time\":\""),
			    "\",\"level\":\"peer\",\"where\":\"home\","
			    "\"msg\":\"\\\"x\\\"\\u001f\\\\\xef\xbf\xbd\"}\n");
}

static void
a_line_has_at_most_4_kib(void **state)
{
	/* Poisons that grow when escaped, each in each format. */
	static const char *const poisons[] = {
		"x",   "\x1b", "\"", "\xf3\xa0\x81\x81", "\xf0\x9f\x91\xa8",
		"\xff"
	};
	struct fixture *f = *state;
	AUTO_STR big;

	str_init(&big, 20000);
	for (size_t i = 0; i < ARRAY_SIZE(poisons) * 3; i++) {
		str_clear(&big);
		while (!str_overflowed(&big))
			str_add(&big, poisons[i / 3]);
		log_set_format((enum log_format)(i % 3));
		assert_int_equal(truncate(f->path, 0), 0);
		log_info(big.data, "%s", big.data);

		const char *line = written(f);
		const char *end = i % 3 == LOG_FORMAT_TEXT     ? "...\n"
				  : i % 3 == LOG_FORMAT_LOGFMT ? "...\"\n"
							       : "...\"}\n";

		assert_in_range(f->seen.len, 4000, 4096);
		assert_string_equal(line + f->seen.len - strlen(end), end);
		assert_ptr_equal(strchr(line, '\n'), line + f->seen.len - 1);
		assert_non_null(strstr(line, "..."));
		assert_true(strstr(line, "...") < line + 400);
	}
}

/* ---- repeats ----------------------------------------------------------- */

static void
say(const char *where, const char *text)
{
	log_peer(where, "%s", text);
}

static void
repeats_are_counted(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 215; i++)
		say("home", "odd");
	assert_string_equal(written(f), "<5>home: odd\n");
	say("home", "other");
	assert_string_equal(written(f), "<5>home: odd\n"
					"<5>home: repeated 214 times: odd\n"
					"<5>home: other\n");
}

static void
after_a_minute_it_is_said_again(void **state)
{
	struct fixture *f = *state;

	say("home", "odd");
	f->now_ms = 59999;
	say("home", "odd");
	f->now_ms = 60000;
	say("home", "odd");
	assert_string_equal(written(f), "<5>home: odd\n"
					"<5>home: repeated 1 times: odd\n"
					"<5>home: odd\n");
}

static void
two_lines_in_turn_are_counted_both(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 100; i++) {
		say("home", "odd");
		say("work", "odd");
	}
	assert_string_equal(written(f), "<5>home: odd\n<5>work: odd\n");
}

static void
the_same_text_from_another_place_is_no_repeat(void **state)
{
	struct fixture *f = *state;

	say("home", "odd");
	log_peer("home", "odd");
	assert_string_equal(written(f), "<5>home: odd\n<5>home: odd\n");
}

/* ---- writing ----------------------------------------------------------- */

static void
a_moved_file_is_opened_anew(void **state)
{
	struct fixture *f = *state;
	char moved[128];
	struct stat st;

	snprintf(moved, sizeof(moved), "%s.1", f->path);
	log_info("a", "before");
	assert_int_equal(rename(f->path, moved), 0);
	log_info("a", "still there");
	assert_int_equal(log_reopen(), 0);
	log_info("a", "after");
	assert_string_equal(written(f), "<6>a: after\n");
	assert_int_equal(stat(moved, &st), 0);
	assert_int_equal(st.st_size, strlen("<6>a: before\n"
					    "<6>a: still there\n"));
	unlink(moved);
}

static void
a_file_that_cannot_be_opened_changes_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(log_set_file("/nonexistent/log"), -ENOENT);
	log_info("a", "here");
	assert_string_equal(written(f), "<6>a: here\n");
}

static void
a_full_pipe_drops_and_counts(void **state)
{
	struct fixture *f = *state;
	char path[128];
	int reader;
	int n = 0;

	snprintf(path, sizeof(path), "%s/fifo", f->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	/* Nobody reads: no waiting for a reader. */
	assert_int_equal(log_set_file(path), -ENXIO);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(reader >= 0);
	assert_int_equal(log_set_file(path), 0);

	/* More than a pipe holds. */
	for (int i = 0; i < 3000; i++)
		log_info("a", "%d %0100d", i, 0);
	for (char c; read(reader, &c, 1) == 1;)
		n += c == '\n';
	assert_in_range(n, 300, 2000);
	log_info("a", "again");

	char bytes[256] = "";
	char want[256];

	assert_true(read(reader, bytes, sizeof(bytes) - 1) > 0);
	snprintf(want, sizeof(want),
		 "<4>log: %d lines could not be written\n<6>a: again\n",
		 3000 - n);
	assert_string_equal(bytes, want);
	close(reader);
	unlink(path);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_level_hides_what_is_below_it),
		CASE(a_network_may_have_a_level_of_its_own),
		CASE(levels_have_names),
		CASE(words_are_not_logged_unless_allowed),
		CASE(text_lines_begin_with_their_class),
		CASE(what_does_not_belong_in_a_log_is_escaped),
		CASE(logfmt_lines_are_quoted),
		CASE(json_lines_are_objects),
		CASE(a_line_has_at_most_4_kib),
		CASE(repeats_are_counted),
		CASE(after_a_minute_it_is_said_again),
		CASE(two_lines_in_turn_are_counted_both),
		CASE(the_same_text_from_another_place_is_no_repeat),
		CASE(a_moved_file_is_opened_anew),
		CASE(a_file_that_cannot_be_opened_changes_nothing),
		CASE(a_full_pipe_drops_and_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
