/* SPDX-License-Identifier: MIT */
/*
 * fuzz_sparkplug.c - whatever comes as a payload of Sparkplug B is refused
 * before anything of it was taken, or all of it lies within the bytes, and can
 * be shown in a line.
 */

#include "bridge/str.h"
#include "bridge/text.h"
#include "protocols/mqtt/sparkplug.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	const char *begin, *end;
	size_t n;
};

static void
check(void *arg, const struct spark_metric *m)
{
	struct seen *seen = arg;
	AUTO_STR line = { 0 };

	seen->n++;
	if (m->name)
		assert(m->name >= seen->begin &&
		       m->name + m->name_len <= seen->end);
	if (m->text)
		assert(m->text >= seen->begin && m->text + m->len <= seen->end);
	str_init(&line, 2000);
	spark_show(&line, m);
	assert(!str_overflowed(&line));
	assert(utf8_valid(line.data, line.len));
	assert(!memchr(line.data, '\n', line.len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { (const char *)data, (const char *)data + size, 0 };
	struct spark_head head;
	bool read = spark_read(data, size, &head, check, &seen);

	assert(seen.n == (read ? head.n_metrics : 0));
	assert(seen.n <= SPARK_METRICS_MAX);
	return 0;
}
