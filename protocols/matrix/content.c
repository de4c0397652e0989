/* SPDX-License-Identifier: MIT */
/* content.c - room events to canonical events. See content.h. */

#include "protocols/matrix/content.h"

#include "bridge/attach.h"
#include "bridge/base.h"
#include "bridge/origin.h"
#include "bridge/text.h"
#include "protocols/matrix/html.h"
#include "protocols/matrix/ident.h"

#include <string.h>

#define HTML_FORMAT "org.matrix.custom.html"
#define READ_MAX 65536   /* bytes of a text: no event is longer */
#define ANSWERS_MAX 20   /* of a poll */
#define MARK_MAX 64      /* bytes of a reaction */
#define SIDE_MAX 1000000 /* pixels */

static const char encrypted[] =
	"it is encrypted, and the bridge cannot read it";

/* ---- members ------------------------------------------------------------ */

const char *
content_string(const json_t *obj, const char *key)
{
	const json_t *value = json_object_get(obj, key);

	if (!json_is_string(value) ||
	    strlen(json_string_value(value)) != json_string_length(value))
		return NULL;
	return json_string_value(value);
}

const json_t *
content_object(const json_t *obj, const char *key)
{
	const json_t *value = json_object_get(obj, key);

	return json_is_object(value) ? value : NULL;
}

int64_t
content_number(const json_t *obj, const char *key, int64_t other)
{
	const json_t *value = json_object_get(obj, key);

	return json_is_integer(value) ? json_integer_value(value) : other;
}

/* A text may hold NULs, which are repaired. */
static const char *
text_of(const json_t *obj, const char *key, size_t *n)
{
	const json_t *value = json_object_get(obj, key);

	*n = json_string_length(value);
	return json_string_value(value);
}

static const char *
id_of(const json_t *obj, const char *key)
{
	const char *id = content_string(obj, key);

	return id && *id && strlen(id) <= MATRIX_ID_MAX ? id : NULL;
}

/* ---- relations ---------------------------------------------------------- */

struct relation {
	const char *type;  /* rel_type, or "" */
	const char *event; /* it is about, or NULL */
	const char *reply; /* id of the message replied to, or NULL */
};

static struct relation
relation_of(const json_t *content)
{
	const json_t *relates = content_object(content, "m.relates_to");
	const char *type = content_string(relates, "rel_type");
	struct relation r = {
		.type = type ? type : "",
		.event = id_of(relates, "event_id"),
		.reply = id_of(content_object(relates, "m.in_reply_to"),
			       "event_id"),
	};

	/* Where there are no threads, who speaks in one replies. */
	if (!r.reply && strcmp(r.type, "m.thread") == 0)
		r.reply = r.event;
	return r;
}

/* ---- text --------------------------------------------------------------- */

static void
add(struct text_builder *b, const char *s)
{
	text_builder_add(b, s, strlen(s), STYLE_PLAIN);
}

/* The quote that clients used to put before a reply. */
static size_t
reply_quote(const char *body, size_t n)
{
	size_t at = 0;

	while (n - at >= 2 && body[at] == '>' && body[at + 1] == ' ') {
		const char *end = memchr(body + at, '\n', n - at);

		at = end ? (size_t)(end - body) + 1 : n;
	}
	return at && at < n && body[at] == '\n' ? at + 1 : at;
}

static void
read_plain(struct text_builder *b, const json_t *content, bool reply)
{
	size_t n;
	const char *body = text_of(content, "body", &n);
	size_t skip = body && reply ? reply_quote(body, n) : 0;

	if (body)
		text_builder_add(b, body + skip, n - skip, STYLE_PLAIN);
}

/* Where a link leads is said where its text does not say it. */
static void
add_with_links(struct text_builder *b, const struct text_builder *from)
{
	const struct text text = { from->utf8.data, from->utf8.len, from->spans,
				   from->n_spans };
	size_t at = 0;

	for (size_t i = 0; i < text.n_spans; i++) {
		const struct span *s = &text.spans[i];
		const struct span *next = i + 1 < text.n_spans ? s + 1 : NULL;
		size_t end = s->start + s->len;

		if (!s->link ||
		    memmem(text.utf8, text.len, s->link, strlen(s->link)) ||
		    (next && next->start == end && next->link &&
		     strcmp(next->link, s->link) == 0))
			continue;
		text_builder_add_text(b, &text, at, end - at);
		add(b, " (");
		add(b, s->link);
		add(b, ")");
		at = end;
	}
	text_builder_add_text(b, &text, at, text.len - at);
}

static void
read_html(struct text_builder *b, const char *html, size_t n)
{
	struct text_builder read;

	text_builder_init(&read, READ_MAX);
	html_read(&read, html, n);
	add_with_links(b, &read);
	text_builder_finish(&read);
}

static void
read_text(struct text_builder *b, const json_t *content, bool reply)
{
	const char *format = content_string(content, "format");
	size_t n;
	const char *html = text_of(content, "formatted_body", &n);

	if (html && format && strcmp(format, HTML_FORMAT) == 0)
		read_html(b, html, n);
	if (!b->utf8.len)
		read_plain(b, content, reply);
}

/* A size of a picture that cannot be is none. */
static unsigned
side(const json_t *info, const char *key)
{
	int64_t n = content_number(info, key, 0);

	return n > 0 && n <= SIDE_MAX ? (unsigned)n : 0;
}

/* A type is two tokens, and no text that somebody will read. */
static const char *
media_type(const json_t *info)
{
	const char *mime = content_string(info, "mimetype");
	size_t n = mime ? strspn(mime, "abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789/+.-_")
			: 0;

	return n && !mime[n] && n < 100 ? mime : NULL;
}

bool
content_mxc(const char *url, const char **server, size_t *n, const char **id)
{
	static const char scheme[] = "mxc://";
	const char *slash;

	if (strncmp(url, scheme, strlen(scheme)) != 0)
		return false;
	*server = url + strlen(scheme);
	slash = strchr(*server, '/');
	if (!slash || slash == *server || slash - *server > MATRIX_ID_MAX)
		return false;
	*n = (size_t)(slash - *server);
	*id = slash + 1;
	size_t id_n = strspn(*id, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	return strspn(*server,
		      "abcdefghijklmnopqrstuvwxyz"
		      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-[]") >= *n &&
	       **server != '.' && id_n && !(*id)[id_n] && id_n <= MATRIX_ID_MAX;
}

/* "[image: cat.png, image/png, 1.2 MiB]": what nobody outside can fetch. */
static void
tell_file(struct text_builder *b, const struct attachment *a, const char *what)
{
	AUTO_STR text = { 0 };

	str_init(&text, READ_MAX);
	str_printf(&text, "[%s: ", what);
	attach_name(&text, a->name);
	if (a->mime && !strchr(a->mime, '*'))
		str_printf(&text, ", %s", a->mime);
	if (a->size >= 0)
		str_add(&text, ", ");
	attach_size(&text, a->size);
	str_add(&text, "]");
	add(b, b->utf8.len ? "\n" : "");
	add(b, text.data);
}

void
content_tell_files(struct event *ev)
{
	struct text_builder b;

	text_builder_init(&b, 2 * READ_MAX);
	text_builder_add_text(&b, &ev->text, 0, ev->text.len);
	for (size_t i = 0; i < ev->n_attachments; i++)
		tell_file(&b, &ev->attachments[i],
			  attach_kind(ev->attachments[i].mime));
	ev->attachments = NULL;
	ev->n_attachments = 0;
	event_take_text(ev, &b);
	text_builder_finish(&b);
}

/* Its type, of which only the first half is known if it does not say. */
static const char *
mime_of(const json_t *info, const char *kind)
{
	const char *mime = media_type(info);

	if (mime &&
	    (strcmp(kind, "file") == 0 || strcmp(attach_kind(mime), kind) == 0))
		return mime;
	if (strcmp(kind, "image") == 0)
		return "image/*";
	if (strcmp(kind, "audio") == 0)
		return "audio/*";
	return strcmp(kind, "video") == 0 ? "video/*" : mime;
}

/*
 * A file: one of the event's if it can be fetched, else words. What stands
 * before it is its caption.
 */
static void
read_file(struct event *ev, struct text_builder *b, const json_t *content,
	  const char *kind)
{
	const char *name = content_string(content, "filename");
	const char *body = content_string(content, "body");
	const json_t *info = content_object(content, "info");
	const char *url = content_string(content, "url");
	const char *server, *id;
	AUTO_STR clean = { 0 };
	size_t n;

	if (name && body && strcmp(name, body) != 0)
		read_text(b, content, false);
	name = name ? name : body;
	str_init(&clean, 4 * ATTACH_NAME_MAX);
	attach_name(&clean, name ? name : "");
	const struct attachment a = {
		.name = clean.data,
		.mime = mime_of(info, kind),
		.url = url,
		.size = content_number(info, "size", -1) < 0
				? -1
				: content_number(info, "size", -1),
		.width = side(info, "w"),
		.height = side(info, "h"),
	};
	if (ev->kind == EVENT_MESSAGE && url &&
	    content_mxc(url, &server, &n, &id))
		attach_add(ev, &a);
	else
		tell_file(b, &a,
			  content_object(content, "file") ? "encrypted file"
							  : kind);
}

static void
read_location(struct text_builder *b, const json_t *content)
{
	const char *geo = content_string(content, "geo_uri");

	read_plain(b, content, false);
	if (!geo || (b->utf8.len && strstr(b->utf8.data, geo)))
		return;
	add(b, b->utf8.len ? " " : "");
	add(b, geo);
}

/* ---- messages ----------------------------------------------------------- */

static const struct {
	const char *name, *what;
} files[] = {
	{ "m.image", "image" },
	{ "m.file", "file" },
	{ "m.audio", "audio" },
	{ "m.video", "video" },
};

/* False if it is of a type that is no message for people. */
static bool
read_body(struct event *ev, struct text_builder *b, const json_t *content,
	  bool reply)
{
	const char *type = content_string(content, "msgtype");

	if (!type || strncmp(type, "m.key.", 6) == 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (strcmp(type, files[i].name) == 0) {
			read_file(ev, b, content, files[i].what);
			return true;
		}
	if (strcmp(type, "m.emote") == 0)
		ev->flags |= EVENT_ACTION;
	else if (strcmp(type, "m.notice") == 0)
		ev->flags |= EVENT_NOTICE;
	if (strcmp(type, "m.location") == 0)
		read_location(b, content);
	else
		read_text(b, content, reply);
	return true;
}

static bool
read_said(struct event *ev, const json_t *content, bool reply)
{
	struct text_builder b;
	bool good;

	text_builder_init(&b, READ_MAX);
	good = read_body(ev, &b, content, reply);
	if (good)
		event_take_text(ev, &b);
	text_builder_finish(&b);
	return good && (ev->text.len || ev->n_attachments);
}

static struct event *
message(const json_t *content)
{
	struct relation r = relation_of(content);
	bool edit = strcmp(r.type, "m.replace") == 0;
	const json_t *words =
		edit ? content_object(content, "m.new_content") : content;
	struct event *ev = event_make(edit ? EVENT_EDIT : EVENT_MESSAGE);

	if ((edit && !r.event) || !read_said(ev, words, r.reply != NULL)) {
		event_unref(ev);
		return NULL;
	}
	if (edit)
		ev->target = event_strdup(ev, r.event);
	else
		ev->parent = event_strdup(ev, r.reply);
	return ev;
}

static struct event *
said(struct text_builder *b)
{
	struct event *ev = event_make(EVENT_MESSAGE);

	event_take_text(ev, b);
	text_builder_finish(b);
	return ev;
}

static struct event *
sticker(const json_t *content)
{
	struct event *ev = event_make(EVENT_MESSAGE);
	struct text_builder b;

	text_builder_init(&b, READ_MAX);
	read_file(ev, &b, content, "image");
	event_take_text(ev, &b);
	text_builder_finish(&b);
	return ev;
}

/* The text of a part of a poll, in its stable or unstable form; or "". */
static const char *
poll_text(const json_t *part)
{
	const json_t *all = json_object_get(part, "m.text");
	const char *text = content_string(json_array_get(all, 0), "body");

	if (!text)
		text = content_string(part, "org.matrix.msc1767.text");
	return text ? text : "";
}

static struct event *
poll(const json_t *content)
{
	const json_t *p = content_object(content, "m.poll");
	struct text_builder b;

	if (!p)
		p = content_object(content, "org.matrix.msc3381.poll.start");
	const json_t *answers = json_object_get(p, "answers");
	size_t n = json_array_size(answers);

	text_builder_init(&b, READ_MAX);
	add(&b, "[poll] ");
	add(&b, poll_text(content_object(p, "question")));
	for (size_t i = 0; i < n && i < ANSWERS_MAX; i++) {
		add(&b, "\n- ");
		add(&b, poll_text(json_array_get(answers, i)));
	}
	return said(&b);
}

/* ---- the rest ----------------------------------------------------------- */

static struct event *
reaction(const json_t *content)
{
	const json_t *relates = content_object(content, "m.relates_to");
	const char *key = content_string(relates, "key");
	struct relation r = relation_of(content);

	if (!key || !*key || strpbrk(key, "\r\n") || strlen(key) > MARK_MAX ||
	    !r.event || strcmp(r.type, "m.annotation") != 0)
		return NULL;
	struct event *ev = event_make(EVENT_REACTION);
	ev->mark = event_strdup(ev, key);
	ev->target = event_strdup(ev, r.event);
	return ev;
}

/* Up to room version 10 the target stands beside the content. */
const char *
content_redacted(const json_t *whole)
{
	const char *target = id_of(content_object(whole, "content"), "redacts");

	return target ? target : id_of(whole, "redacts");
}

static struct event *
redaction(const json_t *whole, const json_t *content)
{
	const char *target = content_redacted(whole);
	const char *reason = content_string(content, "reason");

	if (!target)
		return NULL;
	struct event *ev = event_make(EVENT_REDACTION);
	ev->target = event_strdup(ev, target);
	event_set_text(ev, reason ? reason : "");
	return ev;
}

static struct event *
about_room(enum event_kind kind, const json_t *content, const char *key)
{
	size_t n;
	const char *text = text_of(content, key, &n);
	struct event *ev = event_make(kind);

	event_set_text_n(ev, text ? text : "", text ? n : 0);
	return ev;
}

static struct event *
by_type(const json_t *whole, const char *type, const char **why)
{
	const json_t *content = content_object(whole, "content");
	bool state = json_object_get(whole, "state_key") != NULL;

	if (strcmp(type, "m.room.redaction") == 0)
		return redaction(whole, content);
	if (strcmp(type, "m.room.topic") == 0 && state)
		return about_room(EVENT_TOPIC, content, "topic");
	if (strcmp(type, "m.room.name") == 0 && state)
		return about_room(EVENT_NAME, content, "name");
	if (strcmp(type, "m.room.avatar") == 0 && state)
		return about_room(EVENT_PICTURE, content, "url");
	if (state || !content)
		return NULL;
	if (strcmp(type, "m.room.message") == 0)
		return message(content);
	if (strcmp(type, "m.reaction") == 0)
		return reaction(content);
	if (strcmp(type, "m.sticker") == 0)
		return sticker(content);
	if (strcmp(type, "m.poll.start") == 0 ||
	    strcmp(type, "org.matrix.msc3381.poll.start") == 0)
		return poll(content);
	if (strcmp(type, "m.room.encrypted") == 0)
		*why = encrypted;
	return NULL;
}

struct event *
content_to_event(const json_t *whole, const char **why)
{
	const char *type = content_string(whole, "type");
	const char *id = id_of(whole, "event_id");
	const char *origin;
	struct event *ev;

	*why = NULL;
	if (!type || !id)
		return NULL;
	ev = by_type(whole, type, why);
	if (!ev)
		return NULL;
	ev->id = ev->key = event_strdup(ev, id);
	ev->when_ms = content_number(whole, "origin_server_ts", 0);
	origin = content_string(content_object(whole, "content"),
				CONTENT_ORIGIN);
	if (origin)
		(void)origin_read(ev, origin);
	return ev;
}
