/* SPDX-License-Identifier: MIT */
/* test_attach.c - what is said of files, and how they are written down. */

#include "tests/support/test.h"

#include "bridge/attach.h"
#include "bridge/base.h"
#include "bridge/str.h"

#include <string.h>

static void
names_are_harmless(void **state UNUSED)
{
	static const char *const cases[][2] = {
		{ "photo.jpg", "photo.jpg" },
		{ "", "file" },
		{ "../../etc/passwd", "etcpasswd" },
		{ "..", "file" },
		{ ".bashrc", "bashrc" },
		{ "a\r\nSet-Cookie: x", "aSet-Cookie: x" },
		{ "a\\b/c", "abc" },
		{ "\xe2\x80\xae"
		  "gpj.exe",
		  "gpj.exe" }, /* RTL override */
		{ "  x  ", "x" },
		{ "\xff.png", "\xef\xbf\xbd.png" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR out = { 0 };

		str_init(&out, 1000);
		attach_name(&out, cases[i][0]);
		assert_string_equal(out.data, cases[i][1]);
	}
}

static void
a_long_name_keeps_its_end(void **state UNUSED)
{
	AUTO_STR name = { 0 };
	AUTO_STR out = { 0 };

	str_init(&name, 2000000);
	for (int i = 0; i < 1000; i++)
		str_add(&name, "\xc3\xa4");
	str_add(&name, ".jpeg");
	str_init(&out, 1000);
	attach_name(&out, name.data);
	assert_in_range(out.len, ATTACH_NAME_MAX - 1, ATTACH_NAME_MAX);
	assert_string_equal(out.data + out.len - 5, ".jpeg");
	while (name.len < 1000000)
		str_add(&name, ".....................");
	str_clear(&out);
	attach_name(&out, name.data);
	assert_true(out.len <= ATTACH_NAME_MAX);
}

static void
links_have_names(void **state UNUSED)
{
	static const char *const cases[][2] = {
		{ "https://u/a/b/cat%20one.png?x=1#y", "cat one.png" },
		{ "https://u/", "file" },
		{ "https://u", "file" },
		{ "https://u/a%2f..%2fb", "a..b" },
		{ "https://u/%0d%0aX", "X" },
		{ "https://u/%zz%4", "%zz%4" },
		{ "https://u/dir/", "dir" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR out = { 0 };

		str_init(&out, 1000);
		attach_name_of_url(&out, cases[i][0]);
		assert_string_equal(out.data, cases[i][1]);
	}
}

static void
kinds_are_told(void **state UNUSED)
{
	static const struct {
		struct attachment file;
		const char *text;
	} cases[] = {
		{ { "a.JPG", NULL, "u", -1, 0, 0 }, "a.JPG (image)" },
		{ { "a.jpg", "text/html", "u", 5, 0, 0 },
		  "a.jpg (file, 5 bytes)" },
		{ { "a.opus", NULL, "u", -1, 0, 0 }, "a.opus (audio)" },
		{ { "a.mkv", NULL, "u", -1, 0, 0 }, "a.mkv (video)" },
		{ { "a", NULL, "u", -1, 0, 0 }, "a (file)" },
		{ { "a.", NULL, "u", -1, 0, 0 }, "a. (file)" },
		{ { "a.jpg png", NULL, "u", -1, 0, 0 }, "a.jpg png (file)" },
		{ { NULL, NULL, "https://u/b.png?x", -1, 0, 0 },
		  "b.png (image)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR out = { 0 };

		str_init(&out, 1000);
		attach_describe(&out, &cases[i].file);
		assert_string_equal(out.data, cases[i].text);
	}
}

static void
sizes_are_short(void **state UNUSED)
{
	static const struct {
		int64_t n;
		const char *text;
	} cases[] = {
		{ -1, "" },
		{ 0, "0 bytes" },
		{ 1023, "1023 bytes" },
		{ 1024, "1.0 KiB" },
		{ 14336, "14 KiB" },
		{ 1258291, "1.2 MiB" },
		{ INT64_C(10) << 30, "10 GiB" },
		{ INT64_MAX, "8388608 TiB" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR out = { 0 };

		str_init(&out, 100);
		attach_size(&out, cases[i].n);
		assert_string_equal(out.data, cases[i].text);
	}
}

static void
only_links_that_can_stand_in_a_line_are_good(void **state UNUSED)
{
	static const struct {
		const char *url;
		bool good;
	} cases[] = {
		{ "https://u/a", true },        { "HTTP://u/a?b=c#d", true },
		{ "ftp://u/a", false },         { "file:///etc", false },
		{ "https://u/a b", false },     { "https://u/a\nb", false },
		{ "https://u/<a>", false },     { "javascript:1", false },
		{ "https://u/\xc3\xa4", true }, { "https://u/\xff", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(attach_url_is_good(cases[i].url),
				 cases[i].good);
}

static void
files_survive_the_store(void **state UNUSED)
{
	static const struct attachment files[] = {
		{ "a b.png", "image/png", "https://u/1", 5, 3, 4 },
		{ NULL, NULL, "https://u/2", -1, 0, 0 },
	};
	AUTO(event) ev = event_make(EVENT_MESSAGE);
	AUTO(event) back = event_make(EVENT_MESSAGE);
	AUTO_STR lines = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		attach_add(ev, &files[i]);
	str_init(&lines, 10000);
	attach_write(&lines, ev);
	attach_read(back, lines.data);
	assert_int_equal(back->n_attachments, 2);
	const struct attachment *a = back->attachments;
	assert_string_equal(a[0].name, "a b.png");
	assert_string_equal(a[0].mime, "image/png");
	assert_string_equal(a[0].url, "https://u/1");
	assert_int_equal(a[0].size, 5);
	assert_int_equal(a[0].width, 3);
	assert_int_equal(a[0].height, 4);
	assert_null(a[1].name);
	assert_null(a[1].mime);
	assert_int_equal(a[1].size, -1);
}

static void
lines_of_an_older_version_are_read(void **state UNUSED)
{
	AUTO(event) ev = event_make(EVENT_MESSAGE);

	attach_read(ev, "https://u/1\nhttps://u/2\n");
	assert_int_equal(ev->n_attachments, 2);
	assert_string_equal(ev->attachments[1].url, "https://u/2");
	assert_int_equal(ev->attachments[0].size, -1);
	assert_null(ev->attachments[0].name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_harmless),
		cmocka_unit_test(a_long_name_keeps_its_end),
		cmocka_unit_test(links_have_names),
		cmocka_unit_test(kinds_are_told),
		cmocka_unit_test(sizes_are_short),
		cmocka_unit_test(only_links_that_can_stand_in_a_line_are_good),
		cmocka_unit_test(files_survive_the_store),
		cmocka_unit_test(lines_of_an_older_version_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
