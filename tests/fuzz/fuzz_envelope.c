/* SPDX-License-Identifier: MIT */
/*
 * fuzz_envelope.c - whatever is published to be said is refused with a reason,
 * or becomes an event that the bridge takes and that is read back the same
 * after it was written.
 */

#include "bridge/event.h"
#include "bridge/str.h"
#include "protocols/mqtt/envelope.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_back(const struct event *ev)
{
	const struct envelope e = { .id = ev->id,
				    .target = ev->target,
				    .parent = ev->parent };
	const char *name, *why;
	struct str out;
	struct event *back;

	str_init(&out, 10 * ENVELOPE_MAX);
	envelope_write(&out, ev, &e);
	back = envelope_read(out.data, out.len, &name, &why);
	/* Escapes may make it longer than what is read. */
	assert(back || out.len > 60000);
	if (back) {
		assert(back->kind == ev->kind);
		assert(strcmp(back->text.utf8, ev->text.utf8) == 0);
		assert(!ev->id || strcmp(back->id, ev->id) == 0);
		event_unref(back);
	}
	str_finish(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *name = NULL, *why = NULL;
	struct event *ev = envelope_read(data, size, &name, &why);

	if (!ev) {
		assert(why);
		return 0;
	}
	event_set_sender(ev, "sender", name ? name : "name");
	ev->channel = 1;
	assert(!event_check(ev));
	check_back(ev);
	event_unref(ev);
	return 0;
}
