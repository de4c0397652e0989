/* SPDX-License-Identifier: MIT */
/*
 * fuzz_fallback.c - any event, rendered down to any channel: what comes out
 * is a right event that the channel can show, nothing that was said is
 * missing from it, and nobody's name can forge what stands before the words.
 *
 * Six bytes choose the kind, the flags, what the channel can do and what is
 * known; then lines: name, name and text of the message referred to, a file;
 * the rest is the text.
 */

#include "bridge/event.h"
#include "bridge/fallback.h"
#include "bridge/protocol.h"
#include "bridge/str.h"
#include "bridge/text.h"

#include <stdlib.h>
#include <string.h>

#define HEAD 6
#define LINES 4
#define LINE_BYTES 500

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum known {
	RELAYED = 1 << 0,
	HAS_TARGET = 1 << 1,
	HAS_PARENT = 1 << 2,
	OTHER_NAME = 1 << 3,
	OTHER_TEXT = 1 << 4,
	REPLIES = 1 << 5,
	STYLED = 1 << 6,
	OLD = 1 << 7,
};

struct input {
	const uint8_t *head;
	struct str lines[LINES];
	const char *text;
	size_t len;
};

static void
require(bool truth)
{
	if (!truth)
		abort();
}

static void
input_read(struct input *in, const uint8_t *data, size_t size)
{
	const char *s = (const char *)data + HEAD;

	size -= HEAD;
	in->head = data;
	for (size_t i = 0; i < LINES; i++) {
		const char *nl = memchr(s, '\n', size);
		size_t len = nl ? (size_t)(nl - s) : size;

		str_init(&in->lines[i], EVENT_NAME_MAX);
		utf8_repair_lines(&in->lines[i], s,
				  len < LINE_BYTES / 3 ? len : LINE_BYTES / 3);
		len += nl != NULL;
		s += len;
		size -= len;
	}
	in->text = s;
	in->len = size;
}

static struct event *
event_from_input(struct input *in)
{
	const uint8_t *head = in->head;
	struct event *ev = event_make((enum event_kind)(head[0] % EVENT_KINDS));

	ev->flags = head[1];
	ev->part = (enum part_kind)(head[2] % (PART_SPLIT + 1));
	ev->when_ms = head[5] & OLD ? 86400000 : 1000;
	event_set_sender(ev, "id", in->lines[0].data);
	event_set_text_n(ev, in->text, in->len);
	ev->target = event_strdup(ev, "target");
	ev->mark = event_strdup(ev, "+");
	if (head[5] & REPLIES)
		ev->parent = event_strdup(ev, "parent");
	if (head[5] & STYLED && ev->text.len) {
		const struct span all = { .len = ev->text.len,
					  .styles = SPAN_BOLD,
					  .fg = SPAN_NO_COLOR,
					  .bg = SPAN_NO_COLOR };

		event_set_spans(ev, &all, 1);
	}
	if (in->lines[3].len) {
		struct attachment *file = event_alloc(ev, sizeof(*file));

		for (size_t i = 0; i < in->lines[3].len; i++)
			if ((unsigned char)in->lines[3].data[i] < ' ')
				in->lines[3].data[i] = '_';
		file->url = event_strdup(ev, in->lines[3].data);
		file->size = -1;
		ev->attachments = file;
		ev->n_attachments = 1;
	}
	return ev;
}

/* What fallback.h promises about the kinds that a channel gets to see. */
static void
check_showable(const struct event *out, const struct fallback *how)
{
	unsigned caps = how->caps;
	bool direct_hit = how->has_target && !how->relayed;

	require(out->kind != EVENT_EDIT || (direct_hit && (caps & CAN_EDIT)));
	require(out->kind != EVENT_REDACTION ||
		(direct_hit && (caps & CAN_REDACT) &&
		 (how->own || (caps & CAN_MODERATE))));
	require(out->kind != EVENT_REACTION ||
		(direct_hit && (caps & CAN_REACT)));
	require(out->kind != EVENT_TOPIC || (caps & CAN_TOPIC));
	require(out->kind != EVENT_TYPING || (caps & CAN_TYPING));
	require(out->kind != EVENT_RECEIPT || (caps & CAN_RECEIPT));
	require(out->kind != EVENT_NAME || (caps & CAN_NAME));
	require(out->kind != EVENT_PICTURE || (caps & CAN_PICTURE));
	if (out->kind != EVENT_MESSAGE)
		return;
	require(!out->parent || (how->has_parent && (caps & CAN_REPLY)));
	require(!out->text.n_spans || (caps & CAN_STYLE));
	require(!how->relayed || (out->flags & EVENT_RELAYED));
	require(!how->relayed || !(out->flags & EVENT_ACTION));
}

/* "<name> " and "* name " end where the name ends, whatever the name is. */
static void
check_speaker(const struct event *ev, const struct event *out)
{
	const char *text = out->text.utf8;
	const char *said;

	if (*text == '[')
		text += strlen("[00:00] ");
	bool sent =
		ev->kind == EVENT_MESSAGE && ev->n_attachments && !ev->text.len;
	if (sent || (ev->flags & EVENT_ACTION)) {
		require(!strncmp(text, "* ", 2));
		return;
	}
	require(*text == '<');
	said = strchr(text, '>');
	require(said && said[1] == ' ' && said > text + 1);
	require(!memchr(text, '\n', (size_t)(said - text)));
	require(!memchr(text + 1, '<', (size_t)(said - text) - 1));
}

static void
check_rendered(const struct event *ev, const struct fallback *how,
	       const struct event *out)
{
	bool said = ev->kind == EVENT_MESSAGE || ev->kind == EVENT_EDIT;

	if (!out) {
		require(!said && ev->kind != EVENT_TOPIC &&
			ev->kind != EVENT_REDACTION);
		return;
	}
	require(!event_check(out));
	check_showable(out, how);
	if (!said)
		return;
	require(strstr(out->text.utf8, ev->text.utf8) != NULL);
	for (size_t i = 0; i < ev->n_attachments; i++)
		require(ev->kind == EVENT_EDIT || (how->caps & CAN_ATTACH) ||
			strstr(out->text.utf8, ev->attachments[i].url));
	if (how->relayed)
		check_speaker(ev, out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in;

	if (size < HEAD)
		return 0;
	input_read(&in, data, size);

	unsigned known = data[5];
	struct fallback how = {
		.caps = data[3] | (unsigned)data[4] << 8,
		.relayed = known & RELAYED,
		.has_target = known & HAS_TARGET,
		.has_parent = known & HAS_PARENT,
		.other_name = known & OTHER_NAME ? in.lines[1].data : NULL,
		.other_text = known & OTHER_TEXT ? in.lines[2].data : NULL,
		.other_when_ms = data[2],
	};
	AUTO(event) ev = event_from_input(&in);
	AUTO(event) out = NULL;

	/* Only what the bridge takes is ever rendered. */
	if (!event_check(ev)) {
		out = fallback_render(ev, &how);
		check_rendered(ev, &how, out);
	}
	for (size_t i = 0; i < LINES; i++)
		str_finish(&in.lines[i]);
	return 0;
}
