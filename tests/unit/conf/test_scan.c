/* SPDX-License-Identifier: MIT */
/*
 * test_scan.c - what passes the scan is what libconfig parses; what does not
 * is told with its place.
 */

#include "tests/support/test.h"

#include "bridge/str.h"
#include "conf/report.h"
#include "conf/scan.h"

#include <libconfig.h>

#include <stdlib.h>
#include <string.h>

/* True if the text is well-formed; what was reported is in out. */
static bool
scan(const char *text, size_t len, struct str *out)
{
	struct report *report = report_new("f");
	bool good = scan_text(report, "f", text, len, NULL);

	assert_int_equal(good, report_errors(report) == 0);
	report_write(report, out);
	report_free(report);
	return good;
}

static bool
libconfig_parses(const char *text)
{
	config_t tree;
	AUTO_STR whole;

	str_init(&whole, 1 << 16);
	str_printf(&whole, "%s\n", text);
	config_init(&tree);

	bool good = config_read_string(&tree, whole.data);

	config_destroy(&tree);
	return good;
}

static void
well_formed_text_passes_and_is_parsed(void **state UNUSED)
{
	static const char *const cases[] = {
		"",
		"\n\n",
		"# only a comment",
		"// another\n/* and\n * a third */",
		"a = 1;",
		"a = 1",
		"a: 1",
		"a = 1 b = 2",
		"a = 1, b = 2;",
		"a = {};",
		"a: { b = 1; c: { d = 2; }; };",
		"a: { b = 1 }",
		"a = (); b = [];",
		"a = (1, 2);",
		"a = [\"x\", \"y\"];",
		"a = ( \"x\", { b = 1; }, [ 1 ], ( 2 ) );",
		"a = \"x\" \"y\";",
		"a = \"x\"\n  # why\n  \"y\";",
		"a = \"two\nlines\";",
		"a = \"\\\" \\\\ \\n \\x41 ;{}()[]#@ /* //\";",
		"a = true; b = FALSE;",
		"a = -5; b = +5; c = 0x1F; d = 5L; e = 1.5; f = -2e3; g = .5;",
		"a = 2147483647; b = -2147483648; c = 99999999999L;",
		"a-b_c* = 1; *x = 2;",
		"a=1;\r\nb=2;\r\n",
		"\ta\t=\t1\t;\t",
		"a = 1;\f",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR out;

		str_init(&out, 1000);
		if (!scan(cases[i], strlen(cases[i]), &out))
			fail_msg("%s: %s", cases[i], out.data);
		if (!libconfig_parses(cases[i]))
			fail_msg("libconfig: %s", cases[i]);
	}
}

static void
a_mistake_is_told_with_line_and_place(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *text, *report;
	} cases[] = {
		{ "a = ;",
		  "f:1: expected a value, found ;\n"
		  "    a = ;\n"
		  "        ^\n" },
		{ "a = \n"
		  "b = 1;",
		  "f:2: expected a value, found b; text needs quotes: \"b\"\n"
		  "    b = 1;\n"
		  "    ^\n" },
		{ "a 1;",
		  "f:1: expected \"=\" or \":\" after the name, found 1\n"
		  "    a 1;\n"
		  "      ^\n" },
		{ "a",
		  "f:1: the file ends in the middle of an option\n" },
		{ "= 1;",
		  "f:1: expected the name of an option, found =\n"
		  "    = 1;\n"
		  "    ^\n" },
		{ "1 = 2;",
		  "f:1: expected the name of an option, found 1\n"
		  "    1 = 2;\n"
		  "    ^\n" },
		{ "a = 1;;",
		  "f:1: expected the name of an option, found ;\n"
		  "    a = 1;;\n"
		  "          ^\n" },
		{ ";",
		  "f:1: expected the name of an option, found ;\n"
		  "    ;\n"
		  "    ^\n" },
		{ "a = level;",
		  "f:1: expected a value, found level; text needs quotes: \"level\"\n"
		  "    a = level;\n"
		  "        ^\n" },
		{ "log: {\n"
		  "  level = info;\n"
		  "};",
		  "f:2: expected a value, found info; text needs quotes: \"info\"\n"
		  "      level = info;\n"
		  "              ^\n" },
		{ "age = 24h;",
		  "f:1: expected a value, found 24h; text needs quotes: \"24h\"\n"
		  "    age = 24h;\n"
		  "          ^\n" },
		{ "a = 1.2.3;",
		  "f:1: expected a value, found 1.2.3; text needs quotes: \"1.2.3\"\n"
		  "    a = 1.2.3;\n"
		  "        ^\n" },
		{ "a = 'x';",
		  "f:1: text needs double quotes: \"\n"
		  "    a = 'x';\n"
		  "        ^\n" },
		{ "a = \"x\n"
		  "b = 1;",
		  "f:1: the string that begins here never ends\n"
		  "    a = \"x\n"
		  "        ^\n" },
		{ "a = 1; /* x\n"
		  "\n"
		  "b = 2;",
		  "f:1: the comment that begins here never ends\n"
		  "    a = 1; /* x\n"
		  "           ^\n" },
		{ "a = (1, 2,);",
		  "f:1: no comma may stand after the last element\n"
		  "    a = (1, 2,);\n"
		  "              ^\n" },
		{ "a = [1 2];",
		  "f:1: expected a comma or the end of the list, found 2\n"
		  "    a = [1 2];\n"
		  "           ^\n" },
		{ "a = [1; 2];",
		  "f:1: expected a comma or the end of the list, found ;\n"
		  "    a = [1; 2];\n"
		  "          ^\n" },
		{ "a = [ { b = 1; } ];",
		  "f:1: an array in [ ] holds only text, numbers or booleans; use ( ) around groups\n"
		  "    a = [ { b = 1; } ];\n"
		  "          ^\n" },
		{ "a = [ [ 1 ] ];",
		  "f:1: an array in [ ] holds only text, numbers or booleans; use ( ) around groups\n"
		  "    a = [ [ 1 ] ];\n"
		  "          ^\n" },
		{ "a: {\n"
		  "  b = 1;\n",
		  "f:1: the { that is opened here is never closed by }\n" },
		{ "a: { b = (1, 2; };",
		  "f:1: expected a comma or the end of the list, found ;\n"
		  "    a: { b = (1, 2; };\n"
		  "                  ^\n" },
		{ "a = (1];",
		  "f:1: expected ), which closes the ( of line 1, found ]\n"
		  "    a = (1];\n"
		  "          ^\n" },
		{ "a = 1 };",
		  "f:1: nothing is open that } could close\n"
		  "    a = 1 };\n"
		  "          ^\n" },
		{ "a: { b = };",
		  "f:1: expected a value, found }\n"
		  "    a: { b = };\n"
		  "             ^\n" },
		{ "a = 1 \"x\";",
		  "f:1: expected \";\" or the name of the next option, found \"x\"\n"
		  "    a = 1 \"x\";\n"
		  "          ^\n" },
		{ "a = \"x\" 1;",
		  "f:1: expected \";\" or the name of the next option, found 1\n"
		  "    a = \"x\" 1;\n"
		  "            ^\n" },
		{ "a = 99999999999;",
		  "f:1: the number 99999999999 is too large\n"
		  "    a = 99999999999;\n"
		  "        ^\n" },
		{ "a = -2147483649;",
		  "f:1: the number -2147483649 is too large\n"
		  "    a = -2147483649;\n"
		  "        ^\n" },
		{ "a = 0x1ffffffff;",
		  "f:1: the number 0x1ffffffff is too large\n"
		  "    a = 0x1ffffffff;\n"
		  "        ^\n" },
		{ "a.b = 1;",
		  "f:1: unexpected .b; names begin with a letter and hold letters, digits, - and _\n"
		  "    a.b = 1;\n"
		  "     ^\n" },
		{ "1a = 2;",
		  "f:1: unexpected 1a; names begin with a letter and hold letters, digits, - and _\n"
		  "    1a = 2;\n"
		  "    ^\n" },
		{ "a = 1 ! 2;",
		  "f:1: unexpected !\n"
		  "    a = 1 ! 2;\n"
		  "          ^\n" },
		{ "a = 1;\001",
		  "f:1: unexpected byte 0x01\n"
		  "    a = 1; \n"
		  "          ^\n" },
		{ "a = \344;",
		  "f:1: unexpected byte 0xe4\n"
		  "    a = \344;\n"
		  "        ^\n" },
		{ "@include \"x\"",
		  "f:1: @include is not possible here\n"
		  "    @include \"x\"\n"
		  "    ^\n" },
		{ "a = @include \"x\";",
		  "f:1: @include must begin its line\n"
		  "    a = @include \"x\";\n"
		  "        ^\n" },
		{ " @import \"x\"",
		  "f:1: expected @include \"FILE\"\n"
		  "     @import \"x\"\n"
		  "     ^\n" },
		{ "a = \"x\" : \"y\";",
		  "f:1: expected \";\" or the name of the next option, found :\n"
		  "    a = \"x\" : \"y\";\n"
		  "            ^\n" },
		{ "a = (b = 1);",
		  "f:1: expected a value, found b; text needs quotes: \"b\"\n"
		  "    a = (b = 1);\n"
		  "         ^\n" },
		{ "a = { 1, 2 };",
		  "f:1: expected the name of an option, found 1\n"
		  "    a = { 1, 2 };\n"
		  "          ^\n" },
		{ "channels = [ libera:#dev ];",
		  "f:1: expected a value, found libera; text needs quotes: \"libera\"\n"
		  "    channels = [ libera:#dev ];\n"
		  "                 ^\n" },
		{ "                                                                                   aaaaaaaaaaaaaaaaaaaaaaaa = ; bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
		  "f:1: expected a value, found ;\n"
		  "                                     aaaaaaaaaaaaaaaaaaaaaaaa = ; bbbbbbbbbb\n"
		  "                                                                ^\n" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR out;

		str_init(&out, 1000);
		assert_false(scan(cases[i].text, strlen(cases[i].text), &out));
		assert_string_equal(out.data, cases[i].report);
	}
}

static void
brackets_nest_32_deep_and_no_deeper(void **state UNUSED)
{
	char text[80] = "a=";
	AUTO_STR out;

	str_init(&out, 1000);
	memset(text + 2, '(', 32);
	memset(text + 34, ')', 32);
	assert_true(scan(text, 66, &out));
	assert_true(libconfig_parses(text));
	memset(text + 2, '(', 33);
	memset(text + 35, ')', 33);
	assert_false(scan(text, 68, &out));
	assert_non_null(strstr(out.data, "f:1: more than 32 brackets"));
}

static void
a_nul_byte_and_a_megabyte_are_refused(void **state UNUSED)
{
	size_t len = SCAN_SIZE_MAX + 1;
	char *text = xcalloc(1, len + 1);
	AUTO_STR out;

	str_init(&out, 1000);
	memset(text, ' ', len);
	assert_true(scan(text, len - 1, &out));
	assert_false(scan(text, len, &out));
	assert_string_equal(out.data,
			    "f: the file is longer than 1048576 bytes\n");
	str_clear(&out);
	text[100] = '\0';
	assert_false(scan(text, 200, &out));
	assert_string_equal(out.data,
			    "f: the file holds a NUL byte; it is not text\n");
	free(text);
}

static void
messages_come_in_the_order_of_lines_and_files(void **state UNUSED)
{
	struct report *r = report_new("main");
	AUTO_STR out;

	str_init(&out, 1000);
	report_error(r, (struct conf_where){ "b", 1 }, "six");
	report_error(r, (struct conf_where){ "main", 7 }, "two");
	report_warning(r, (struct conf_where){ "a", 9 }, "five");
	report_error(r, (struct conf_where){ "main", 7 }, "three");
	report_error(r, (struct conf_where){ "a", 2 }, "four");
	report_error(r, (struct conf_where){ "main", 0 }, "one");
	assert_int_equal(report_errors(r), 5);
	report_write(r, &out);
	assert_string_equal(out.data, "main: one\n"
				      "main:7: two\n"
				      "main:7: three\n"
				      "a:2: four\n"
				      "a:9: warning: five\n"
				      "b:1: six\n");
	report_free(r);
}

static void
beyond_a_hundred_messages_are_counted(void **state UNUSED)
{
	struct report *r = report_new("main");
	AUTO_STR out;

	str_init(&out, 1 << 20);
	for (unsigned i = 1; i <= 2000; i++)
		report_error(r, (struct conf_where){ "main", i }, "no");
	assert_int_equal(report_errors(r), 2000);
	report_write(r, &out);
	assert_non_null(strstr(out.data, "main:100: no\n"
					 "main: and 1900 more\n"));
	assert_null(strstr(out.data, "main:101:"));
	report_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed_text_passes_and_is_parsed),
		cmocka_unit_test(a_mistake_is_told_with_line_and_place),
		cmocka_unit_test(brackets_nest_32_deep_and_no_deeper),
		cmocka_unit_test(a_nul_byte_and_a_megabyte_are_refused),
		cmocka_unit_test(messages_come_in_the_order_of_lines_and_files),
		cmocka_unit_test(beyond_a_hundred_messages_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
