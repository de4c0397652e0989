/* SPDX-License-Identifier: MIT */
/* fallback.c - rendering down. See fallback.h. */

#include "bridge/fallback.h"

#include "bridge/attach.h"
#include "bridge/base.h"
#include "bridge/protocol.h"
#include "bridge/str.h"
#include "bridge/text.h"

#include <string.h>
#include <time.h>

#define NAME_MAX_BYTES 64
#define SNIPPET_BYTES 60
#define REPLY_RECENT_MS (5 * 60 * 1000)
/* A time of day that is older may be that of another day. */
#define SAME_DAY_MS (12 * 3600 * 1000)
#define RENDERED_MAX (1024 * 1024 + 4096)

/* A name as part of a line: nothing invisible, no brackets, not too long. */
static void
add_name(struct text_builder *b, const char *name)
{
	AUTO_STR out = { 0 };
	size_t left = strlen(name);
	size_t len;

	str_init(&out, NAME_MAX_BYTES);
	for (; left; name += len, left -= len) {
		uint32_t cp = utf8_decode(name, left, &len);

		if (utf8_is_invisible(cp) || cp == '<' || cp == '>' ||
		    cp == '\n')
			continue;
		str_add_n(&out, name, len);
	}
	if (!out.len)
		str_add(&out, "?");
	text_builder_add(b, out.data, out.len, STYLE_PLAIN);
}

static void
add_plain(struct text_builder *b, const char *s)
{
	text_builder_add(b, s, strlen(s), STYLE_PLAIN);
}

/* The beginning of a text, on one line and in quotes. */
static void
add_snippet(struct text_builder *b, const char *text)
{
	size_t line = strcspn(text, "\n");
	size_t len = utf8_cut_word(text, line, SNIPPET_BYTES);

	add_plain(b, "\"");
	text_builder_add(b, text, line ? len : 0, STYLE_PLAIN);
	add_plain(b, line > len || text[line] ? "…\"" : "\"");
}

static void
add_whole(struct text_builder *b, const struct text *text)
{
	text_builder_add_text(b, text, 0, text->len);
}

/* True if the text addresses somebody of that name already. */
static bool
addresses(const struct text *text, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(text->utf8, name, len) != 0)
		return false;
	return strchr(":, ", text->utf8[len]) != NULL;
}

static void
add_reply_prefix(struct text_builder *b, const struct event *ev,
		 const struct fallback *how)
{
	if (!ev->parent || (how->has_parent && (how->caps & CAN_REPLY)) ||
	    !how->other_name || addresses(&ev->text, how->other_name))
		return;

	bool recent = ev->when_ms - how->other_when_ms <= REPLY_RECENT_MS;

	if (recent || !how->other_text || !*how->other_text) {
		add_name(b, how->other_name);
		add_plain(b, ": ");
		return;
	}
	add_plain(b, "<");
	add_name(b, how->other_name);
	add_plain(b, "> ");
	add_snippet(b, how->other_text);
	add_plain(b, " <- ");
}

/* A file whose link the text has already is not told again. */
static bool
is_told(const struct event *ev, const struct attachment *a)
{
	return a->url && !strstr(ev->text.utf8, a->url);
}

/*
 * "sent photo.jpg (image, 1.2 MiB) https://..."; behind words of its author:
 * " https://... photo.jpg (image, 1.2 MiB)". Without the link where the file
 * itself is shown.
 */
static void
add_file(struct text_builder *b, const struct attachment *a, bool behind,
	 bool link)
{
	AUTO_STR what = { 0 };

	str_init(&what, EVENT_NAME_MAX);
	attach_describe(&what, a);
	add_plain(b, behind ? " " : "sent ");
	if (behind)
		add_plain(b, a->url);
	else
		add_plain(b, what.data);
	if (link)
		add_plain(b, " ");
	if (link)
		add_plain(b, behind ? what.data : a->url);
}

static void
add_attachments(struct text_builder *b, const struct event *ev,
		const struct fallback *how)
{
	bool shown = how->caps & CAN_ATTACH;
	bool first = true;

	if (shown && (ev->text.len || !how->relayed))
		return;
	for (size_t i = 0; i < ev->n_attachments; i++) {
		const struct attachment *a = &ev->attachments[i];

		if (!is_told(ev, a))
			continue;
		if (!first)
			add_plain(b, "\n");
		add_file(b, a, ev->text.len && first, !shown);
		first = false;
	}
}

/* Files without words are what somebody did: "* ann sent photo.jpg ..." */
static bool
is_sending(const struct event *ev, const struct fallback *how)
{
	return ev->n_attachments && !ev->text.len &&
	       (how->relayed || !(how->caps & CAN_ATTACH));
}

/* "<ann> " or "* ann ", where nobody but the text can say who speaks. */
static void
add_speaker(struct text_builder *b, const struct event *ev)
{
	if (ev->flags & EVENT_ACTION) {
		add_plain(b, "* ");
		add_name(b, ev->sender.name);
		add_plain(b, " ");
		return;
	}
	add_plain(b, "<");
	add_name(b, ev->sender.name);
	add_plain(b, "> ");
}

static bool
is_late(const struct event *ev, const struct fallback *how)
{
	return how->late || (ev->flags & EVENT_LATE);
}

/*
 * "[12:03] ", UTC, where nothing else can tell when it was said; with the day
 * if it may not be this one.
 */
static void
add_time(struct text_builder *b, const struct event *ev,
	 const struct fallback *how)
{
	time_t seconds = (time_t)(ev->when_ms / 1000);
	bool other_day = how->now_ms - ev->when_ms > SAME_DAY_MS;
	char text[40];
	struct tm tm;

	if (!is_late(ev, how) || (how->caps & CAN_DELAY) || seconds < 60 ||
	    !gmtime_r(&seconds, &tm))
		return;
	strftime(text, sizeof(text),
		 how->now_ms && other_day ? "[%Y-%m-%d %H:%M] " : "[%H:%M] ",
		 &tm);
	add_plain(b, text);
}

static void
drop_spans(struct event *out, unsigned caps)
{
	if (caps & CAN_STYLE)
		return;
	out->text.spans = NULL;
	out->text.n_spans = 0;
}

static void
drop_parent(struct event *out, const struct fallback *how)
{
	if (!how->has_parent || !(how->caps & CAN_REPLY))
		out->parent = NULL;
}

static struct event *
finish(struct event *out, struct text_builder *b, unsigned flags)
{
	event_take_text(out, b);
	text_builder_finish(b);
	out->flags |= flags;
	return out;
}

/* A line that the bridge says about somebody: nobody's own words. */
static struct event *
line_about(const struct event *ev, struct text_builder *b, unsigned caps)
{
	struct event *out = event_copy(ev);

	out->kind = EVENT_MESSAGE;
	out->flags &= ~(unsigned)EVENT_ACTION;
	out->target = NULL;
	out->parent = NULL;
	finish(out, b, EVENT_NOTICE | EVENT_RELAYED);
	drop_spans(out, caps);
	return out;
}

static bool
message_fits(const struct event *ev, const struct fallback *how)
{
	unsigned caps = how->caps;
	bool reply = !ev->parent || (how->has_parent && (caps & CAN_REPLY));
	bool styles = !ev->text.n_spans || (caps & CAN_STYLE);
	bool files = !ev->n_attachments || (caps & CAN_ATTACH);

	/* Where the network can show it, the event only has to say so. */
	bool timely = !is_late(ev, how) ||
		      ((caps & CAN_DELAY) && (ev->flags & EVENT_LATE));

	return !how->relayed && reply && styles && files && timely;
}

static struct event *
render_message(struct event *ev, const struct fallback *how)
{
	if (message_fits(ev, how))
		return event_ref(ev);

	struct event *out = event_copy(ev);
	struct text_builder b;

	if (is_sending(ev, how))
		out->flags |= EVENT_ACTION;
	text_builder_init(&b, RENDERED_MAX);
	add_time(&b, ev, how);
	if (how->relayed)
		add_speaker(&b, out);
	add_reply_prefix(&b, ev, how);
	add_whole(&b, &ev->text);
	add_attachments(&b, ev, how);
	drop_parent(out, how);
	if (how->relayed)
		out->flags &= ~(unsigned)EVENT_ACTION;
	if (how->late)
		out->flags |= EVENT_LATE;
	finish(out, &b, how->relayed ? EVENT_RELAYED : 0);
	drop_spans(out, how->caps);
	return out;
}

/* The new text, said as a new message that shows what it is. */
static struct event *
render_edit(struct event *ev, const struct fallback *how)
{
	if ((how->caps & CAN_EDIT) && how->has_target && !how->relayed)
		return event_ref(ev);

	struct event *out = event_copy(ev);
	struct text_builder b;

	text_builder_init(&b, RENDERED_MAX);
	add_time(&b, ev, how);
	if (how->relayed)
		add_speaker(&b, ev);
	add_plain(&b, "* ");
	add_whole(&b, &ev->text);
	out->kind = EVENT_MESSAGE;
	out->target = NULL;
	drop_parent(out, how);
	out->flags &= ~(unsigned)EVENT_ACTION;
	finish(out, &b,
	       EVENT_EDITED | (how->relayed ? (unsigned)EVENT_RELAYED : 0));
	drop_spans(out, how->caps);
	return out;
}

static struct event *
render_redaction(struct event *ev, const struct fallback *how)
{
	bool may = (how->caps & CAN_REDACT) &&
		   (how->own || (how->caps & CAN_MODERATE));

	if (may && how->has_target && !how->relayed)
		return event_ref(ev);

	struct text_builder b;

	text_builder_init(&b, RENDERED_MAX);
	add_name(&b, ev->sender.name);
	add_plain(&b, " withdrew ");
	if (how->other_text && *how->other_text)
		add_snippet(&b, how->other_text);
	else
		add_plain(&b, "a message");
	return line_about(ev, &b, how->caps);
}

/* Reactions are shown where they can be shown, and quietly left out else. */
static struct event *
render_reaction(struct event *ev, const struct fallback *how)
{
	if ((how->caps & CAN_REACT) && how->has_target && !how->relayed)
		return event_ref(ev);
	return NULL;
}

static struct event *
render_topic(struct event *ev, const struct fallback *how)
{
	if (how->caps & CAN_TOPIC)
		return event_ref(ev);

	struct text_builder b;

	text_builder_init(&b, RENDERED_MAX);
	add_name(&b, ev->sender.name);
	add_plain(&b, ev->text.len ? " set the topic: " : " cleared the topic");
	add_whole(&b, &ev->text);
	return line_about(ev, &b, how->caps);
}

static const char *
part_words(enum part_kind part)
{
	switch (part) {
	case PART_LEFT:
		return " left";
	case PART_QUIT:
		return " quit";
	case PART_KICKED:
		return " was kicked";
	case PART_BANNED:
		return " was banned";
	case PART_SPLIT:
		return " was split away";
	}
	return " left";
}

/* Comings and goings as a line, for those who asked for that noise. */
static struct event *
render_noise(struct event *ev, unsigned caps)
{
	struct text_builder b;

	text_builder_init(&b, RENDERED_MAX);
	add_name(&b, ev->sender.name);
	if (ev->kind == EVENT_JOIN) {
		add_plain(&b, " joined");
	} else {
		add_plain(&b, part_words(ev->part));
		if (ev->text.len) {
			add_plain(&b, " (");
			add_whole(&b, &ev->text);
			add_plain(&b, ")");
		}
	}
	return line_about(ev, &b, caps);
}

struct event *
fallback_render(struct event *ev, const struct fallback *how)
{
	switch (ev->kind) {
	case EVENT_MESSAGE:
		return render_message(ev, how);
	case EVENT_EDIT:
		return render_edit(ev, how);
	case EVENT_REDACTION:
		return render_redaction(ev, how);
	case EVENT_REACTION:
		return render_reaction(ev, how);
	case EVENT_TOPIC:
		return render_topic(ev, how);
	case EVENT_JOIN:
	case EVENT_PART:
		return render_noise(ev, how->caps);
	case EVENT_TYPING:
	case EVENT_RECEIPT:
		return NULL;
	case EVENT_NAME:
		return how->caps & CAN_NAME ? event_ref(ev) : NULL;
	case EVENT_PICTURE:
		return how->caps & CAN_PICTURE ? event_ref(ev) : NULL;
	case EVENT_RENAME:
	case EVENT_PRESENCE:
		return NULL;
	}
	return NULL;
}
