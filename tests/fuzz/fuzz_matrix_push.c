/* SPDX-License-Identifier: MIT */
/*
 * fuzz_matrix_push.c - any body of a transaction: what is read from it are
 * events that the bridge can take, and that are written again.
 */

#include "protocols/matrix/content.h"
#include "protocols/matrix/push.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *
who(void *arg, const char *name, size_t n)
{
	(void)arg;
	return n == 3 && memcmp(name, "Bob", 3) == 0 ? "@bob:h" : NULL;
}

static void
check_event(const json_t *json)
{
	const struct content_form form = { .target = "$target",
					   .parent = "$parent",
					   .who = who };
	const char *why, *type;
	struct event *ev = content_to_event(json, &why);

	assert(!ev || !why);
	if (!ev)
		return;
	ev->channel = 1;
	if (ev->when_ms < 0)
		ev->when_ms = 0;
	event_set_sender(ev, "@ann:h", "Ann");
	assert(!event_check(ev));
	json_t *content = content_from_event(ev, &form, &type);
	assert(content || ev->kind == EVENT_REDACTION);
	if (content) {
		char *text = json_dumps(content, JSON_COMPACT);

		assert(text);
		free(text);
	}
	json_decref(content);
	event_unref(ev);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct push p;

	if (size > BODY_MAX)
		return 0;
	(void)push_parse(&p, (const char *)data, size);
	for (size_t i = 0; i < json_array_size(p.events); i++)
		check_event(json_array_get(p.events, i));
	push_finish(&p);
	return 0;
}
