/* SPDX-License-Identifier: MIT */
/* test_sparkplug.c - payloads of Sparkplug B. */

#include "tests/support/test.h"

#include "bridge/str.h"
#include "protocols/mqtt/sparkplug.h"

#include <stdlib.h>
#include <string.h>

static void
note(void *arg, const struct spark_metric *m)
{
	struct str *out = arg;

	str_printf(out, "%.*s", (int)m->name_len, m->name ? m->name : "");
	if (m->has_alias)
		str_printf(out, "#%llu", (unsigned long long)m->alias);
	str_add(out, m->historical ? "~" : "=");
	spark_show(out, m);
	str_add_char(out, ' ');
}

#define BYTES(text) text, sizeof(text) - 1

/* Written by hand after the specification. */
static const struct {
	const char *bytes;
	size_t len;
	const char *metrics; /* NULL: it is none */
} cases[] = {
	/* timestamp 300, seq 5 */
	{ BYTES("\x08\xac\x02\x18\x05"), "" },
	/* name a, datatype 3 (Int32), int -1 */
	{ BYTES("\x12\x0b\x0a\x01"
		"a\x20\x03\x50\xff\xff\xff\xff\x0f"),
	  "a=-1 " },
	/* the same as UInt32 */
	{ BYTES("\x12\x0b\x0a\x01"
		"a\x20\x07\x50\xff\xff\xff\xff\x0f"),
	  "a=4294967295 " },
	/* Int64 -2 */
	{ BYTES("\x12\x10\x0a\x01"
		"a\x20\x04\x58\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	  "a=-2 " },
	/* alias 7, float 21.5; alias 8, double 0.5 */
	{ BYTES("\x12\x07\x10\x07\x65\x00\x00\xac\x41"
		"\x12\x0b\x10\x08\x69\x00\x00\x00\x00\x00\x00\xe0\x3f"),
	  "#7=21.5 #8=0.5 " },
	/* boolean, string, bytes, null, historical */
	{ BYTES("\x12\x05\x0a\x01"
		"b\x70\x01\x12\x08\x0a\x01s\x7a\x03"
		"a\nb\x12\x08\x0a\x01x\x82\x01\x02\x00\xff\x12\x05\x0a\x01n\x38"
		"\x01\x12\x07\x0a\x01h\x28\x01\x50\x04"),
	  "b=true s=a⏎b x=[binary, 2 bytes] n=- h~4 " },
	/* unknown fields are passed over */
	{ BYTES("\x22\x02uu\x12\x05\x0a\x01"
		"c\x50\x01\xfd\x3f\x01\x02\x03\x04"),
	  "c=1 " },
	/* broken: empty, cut, a length beyond the end, a group, overlong */
	{ BYTES(""), NULL },
	{ BYTES("\x08"), NULL },
	{ BYTES("\x08\x80"), NULL },
	{ BYTES("\x12\x05\x0a\x01"), NULL },
	{ BYTES("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), NULL },
	{ BYTES("\x0b"), NULL },
	{ BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), NULL },
	{ BYTES("\x12\x04\x0a\x02\xff\xfe"), NULL },
	{ BYTES("\x12\x04\x7a\x02\xff\xfe"), NULL },
	{ BYTES("\x12\x03\x65\x00\x00"), NULL },
	{ BYTES("not a payload"), NULL },
};

static void
metrics_are_read_and_nothing_of_what_is_broken(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spark_head head;
		bool read;
		AUTO_STR out = { 0 };

		str_init(&out, 1000);
		read = spark_read(cases[i].bytes, cases[i].len, &head, note,
				  &out);
		if (read != (cases[i].metrics != NULL))
			fail_msg("%zu: %s", i, out.data);
		assert_string_equal(out.data, read ? cases[i].metrics : "");
	}
}

static void
a_payload_has_a_number_and_a_time(void **state UNUSED)
{
	struct spark_head head;

	assert_true(
		spark_read(cases[0].bytes, cases[0].len, &head, NULL, NULL));
	assert_int_equal(head.timestamp_ms, 300);
	assert_true(head.has_seq);
	assert_int_equal(head.seq, 5);
	assert_int_equal(head.n_metrics, 0);
}

static void
too_many_metrics_are_none(void **state UNUSED)
{
	const size_t n = SPARK_METRICS_MAX + 1;
	char *bytes = xcalloc(n, 2);
	struct spark_head head;

	for (size_t i = 0; i < n; i++)
		bytes[2 * i] = 0x12;
	assert_false(spark_read(bytes, 2 * n, &head, NULL, NULL));
	assert_true(spark_read(bytes, 2 * n - 2, &head, NULL, NULL));
	free(bytes);
}

static void
what_asks_for_a_birth_is_such_a_payload(void **state UNUSED)
{
	struct spark_head head;
	AUTO_STR bytes = { 0 };
	AUTO_STR out = { 0 };

	str_init(&bytes, 1000);
	str_init(&out, 1000);
	spark_rebirth(&bytes, 1764000000000);
	assert_true(spark_read(bytes.data, bytes.len, &head, note, &out));
	assert_int_equal(head.timestamp_ms, 1764000000000);
	assert_string_equal(out.data, "Node Control/Rebirth=true ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			metrics_are_read_and_nothing_of_what_is_broken),
		cmocka_unit_test(a_payload_has_a_number_and_a_time),
		cmocka_unit_test(too_many_metrics_are_none),
		cmocka_unit_test(what_asks_for_a_birth_is_such_a_payload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
