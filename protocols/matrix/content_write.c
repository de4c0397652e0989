/* SPDX-License-Identifier: MIT */
/* content_write.c - canonical events to the content of room events. */

#include "protocols/matrix/content.h"

#include "bridge/attach.h"
#include "bridge/base.h"
#include "bridge/text.h"
#include "protocols/matrix/html.h"

#include <ctype.h>
#include <string.h>

#define MENTIONS_MAX 20
#define NAME_WORDS 4    /* of a name that is looked for in a text */
#define NAME_MIN 3      /* bytes, unless it is addressed */
#define SEARCH_MAX 8192 /* bytes of a text in which names are looked for */

/* ---- mentions ----------------------------------------------------------- */

struct mention {
	size_t start, len;
	const char *id;
};

struct mentions {
	struct mention list[MENTIONS_MAX];
	size_t n;
};

/* A byte of a word: what is not ASCII is taken for a letter. */
static bool
in_word(char c)
{
	return (unsigned char)c >= 0x80 || isalnum((unsigned char)c) ||
	       c == '_';
}

/* Where the word at s ends; names may hold all but blanks. */
static size_t
word_end(const char *s, size_t from, size_t n)
{
	while (from < n && !strchr(" \t\n", s[from]))
		from++;
	return from;
}

/* Without what ends a sentence. */
static size_t
trimmed(const char *s, size_t n)
{
	while (n && strchr(",:;.!?)\"'", s[n - 1]))
		n--;
	return n;
}

/* "ann: ..." at the beginning of a line addresses even a short name. */
static bool
is_addressed(const char *text, size_t start, size_t end, size_t n)
{
	return (!start || text[start - 1] == '\n') && end < n &&
	       (text[end] == ':' || text[end] == ',');
}

/* The longest name that stands at start; 0: none. */
static size_t
name_at(const struct text *text, size_t start, const struct content_form *form,
	const char **id)
{
	size_t found = 0;
	size_t end = start;

	for (unsigned words = 0; words < NAME_WORDS && end < text->len;
	     words++) {
		end = word_end(text->utf8, end, text->len);
		size_t len = trimmed(text->utf8 + start, end - start);
		const char *who =
			len >= NAME_MIN || is_addressed(text->utf8, start,
							start + len, text->len)
				? form->who(form->arg, text->utf8 + start, len)
				: NULL;

		if (len && who) {
			found = len;
			*id = who;
		}
		if (end >= text->len || text->utf8[end] == '\n')
			break;
		end++;
	}
	return found;
}

static void
find_mentions(struct mentions *m, const struct text *text,
	      const struct content_form *form)
{
	size_t max = text->len < SEARCH_MAX ? text->len : SEARCH_MAX;

	m->n = 0;
	if (!form->who)
		return;
	for (size_t at = 0; at < max && m->n < MENTIONS_MAX; at++) {
		const char *id = NULL;

		if (text->utf8[at] == ' ' || text->utf8[at] == '\n' ||
		    (at && in_word(text->utf8[at - 1])))
			continue;
		size_t len = name_at(text, at, form, &id);
		if (!len)
			continue;
		m->list[m->n++] = (struct mention){ at, len, id };
		at += len - 1;
	}
}

/* ---- formatted text ----------------------------------------------------- */

static bool
is_styled(const struct text *text, const struct mention *m)
{
	for (size_t i = 0; i < text->n_spans; i++) {
		const struct span *s = &text->spans[i];

		if (s->start < m->start + m->len &&
		    m->start < s->start + s->len)
			return true;
	}
	return false;
}

/* The text with a span of its own for each mention that is not styled. */
static void
with_mentions(struct text_builder *b, const struct text *text,
	      const struct mentions *m)
{
	size_t at = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct mention *one = &m->list[i];
		struct style style = STYLE_PLAIN;

		if (is_styled(text, one))
			continue;
		style.mention = one->id;
		text_builder_add_text(b, text, at, one->start - at);
		text_builder_add(b, text->utf8 + one->start, one->len, style);
		at = one->start + one->len;
	}
	text_builder_add_text(b, text, at, text->len - at);
}

static void
set(json_t *obj, const char *key, const char *value)
{
	json_object_set_new(obj, key, json_string(value));
}

static void
set_n(json_t *obj, const char *key, const char *value, size_t n)
{
	json_object_set_new(obj, key, json_stringn(value, n));
}

static void
set_text(json_t *content, const struct text *text, const struct mentions *m)
{
	struct text_builder b;
	AUTO_STR html = { 0 };

	set_n(content, "body", text->utf8, text->len);
	text_builder_init(&b, text->len);
	with_mentions(&b, text, m);
	const struct text whole = { b.utf8.data, b.utf8.len, b.spans,
				    b.n_spans };
	str_init(&html, CONTENT_TEXT_MAX > text->len
				? CONTENT_TEXT_MAX - text->len
				: 0);
	if (html_write(&html, &whole) && !str_overflowed(&html)) {
		set(content, "format", "org.matrix.custom.html");
		set_n(content, "formatted_body", html.data, html.len);
	}
	text_builder_finish(&b);
}

static json_t *
mentions_json(const struct mentions *m)
{
	json_t *all = json_object();
	json_t *ids = json_array();

	for (size_t i = 0; i < m->n; i++) {
		bool known = false;

		for (size_t k = 0; k < i; k++)
			known |= strcmp(m->list[k].id, m->list[i].id) == 0;
		if (!known)
			json_array_append_new(ids, json_string(m->list[i].id));
	}
	if (json_array_size(ids))
		json_object_set(all, "user_ids", ids);
	json_decref(ids);
	return all;
}

/* ---- messages ----------------------------------------------------------- */

static const char *
message_type(const struct event *ev)
{
	if (ev->flags & EVENT_ACTION)
		return "m.emote";
	return ev->flags & EVENT_NOTICE ? "m.notice" : "m.text";
}

/* "photo.jpg (image, 1.2 MiB) https://..." */
static void
add_link(struct text_builder *b, const struct attachment *a)
{
	AUTO_STR text = { 0 };

	str_init(&text, EVENT_URL_MAX + 1024);
	if (b->utf8.len)
		str_add_char(&text, '\n');
	attach_describe(&text, a);
	str_printf(&text, " %s", a->url);
	text_builder_add(b, text.data, text.len, STYLE_PLAIN);
}

/*
 * Text that is longer than an event may be is cut, and says so. Files that the
 * homeserver does not have are links behind it.
 */
static void
whole_text(struct text_builder *b, const struct event *ev,
	   const struct content_form *form)
{
	static const char more[] = "… [cut]";
	const struct text *text = &ev->text;
	size_t max = CONTENT_TEXT_MAX - sizeof(more);

	text_builder_init(b, CONTENT_TEXT_MAX);
	if (text->len <= max) {
		text_builder_add_text(b, text, 0, text->len);
		for (size_t i = form->file ? 1 : 0; i < ev->n_attachments; i++)
			add_link(b, &ev->attachments[i]);
		return;
	}
	text_builder_add_text(b, text, 0,
			      utf8_cut_word(text->utf8, text->len, max));
	text_builder_add(b, more, strlen(more), STYLE_PLAIN);
}

static json_t *
said(const struct event *ev, const struct content_form *form)
{
	json_t *content = json_object();
	struct mentions m;
	struct text_builder b;

	whole_text(&b, ev, form);
	const struct text text = { b.utf8.data, b.utf8.len, b.spans,
				   b.n_spans };
	find_mentions(&m, &text, form);
	set(content, "msgtype", message_type(ev));
	set_text(content, &text, &m);
	text_builder_finish(&b);
	json_object_set_new(content, "m.mentions", mentions_json(&m));
	return content;
}

static json_t *
relates_to(const char *type, const char *event)
{
	json_t *r = json_object();

	set(r, "rel_type", type);
	set(r, "event_id", event);
	return r;
}

static json_t *
edit(const struct event *ev, const struct content_form *form)
{
	json_t *inner = said(ev, form);
	json_t *content = json_object();
	AUTO_STR body = { 0 };

	str_init(&body, CONTENT_TEXT_MAX + 2);
	str_add(&body, "* ");
	str_add(&body, json_string_value(json_object_get(inner, "body")));
	set(content, "msgtype", message_type(ev));
	set(content, "body", body.data);
	/* Nobody is told again: only what is new would count. */
	json_object_set_new(content, "m.mentions", json_object());
	json_object_set_new(content, "m.new_content", inner);
	json_object_set_new(content, "m.relates_to",
			    relates_to("m.replace", form->target));
	return content;
}

static json_t *
file_info(const struct content_file *file)
{
	json_t *info = json_object();

	set(info, "mimetype", file->mime);
	json_object_set_new(info, "size", json_integer(file->size));
	if (file->width && file->height) {
		json_object_set_new(info, "w", json_integer(file->width));
		json_object_set_new(info, "h", json_integer(file->height));
	}
	return info;
}

/* The words are the caption; without any the name stands in their place. */
static void
make_file(json_t *content, const struct content_file *file)
{
	AUTO_STR type = { 0 };

	str_init(&type, 32);
	str_printf(&type, "m.%s", attach_kind(file->mime));
	set(content, "msgtype", type.data);
	set(content, "filename", file->name);
	if (!json_string_length(json_object_get(content, "body")))
		set(content, "body", file->name);
	set(content, "url", file->mxc);
	json_object_set_new(content, "info", file_info(file));
}

static json_t *
message(const struct event *ev, const struct content_form *form)
{
	json_t *content = said(ev, form);

	if (form->file)
		make_file(content, form->file);

	if (form->parent)
		json_object_set_new(content, "m.relates_to",
				    json_pack("{s:{s:s}}", "m.in_reply_to",
					      "event_id", form->parent));
	return content;
}

static json_t *
reaction(const struct event *ev, const struct content_form *form)
{
	json_t *r = relates_to("m.annotation", form->target);
	json_t *content = json_object();

	set(r, "key", ev->mark);
	json_object_set_new(content, "m.relates_to", r);
	return content;
}

json_t *
content_from_event(const struct event *ev, const struct content_form *form,
		   const char **type)
{
	json_t *content = NULL;

	*type = "m.room.message";
	if (ev->kind == EVENT_MESSAGE) {
		content = message(ev, form);
	} else if (ev->kind == EVENT_EDIT && form->target) {
		content = edit(ev, form);
	} else if (ev->kind == EVENT_REACTION && form->target) {
		*type = "m.reaction";
		content = reaction(ev, form);
	} else if (ev->kind == EVENT_TOPIC) {
		*type = "m.room.topic";
		content = json_object();
		set_n(content, "topic", ev->text.utf8, ev->text.len);
	} else if (ev->kind == EVENT_NAME) {
		*type = "m.room.name";
		content = json_object();
		set_n(content, "name", ev->text.utf8, ev->text.len);
	} else if (ev->kind == EVENT_PICTURE && (form->file || !ev->text.len)) {
		*type = "m.room.avatar";
		content = json_object();
		if (form->file)
			set(content, "url", form->file->mxc);
	}
	if (content && form->origin)
		set(content, CONTENT_ORIGIN, form->origin);
	return content;
}
