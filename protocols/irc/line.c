/* SPDX-License-Identifier: MIT */
/*
 * line.c - IRC lines, read and written. See line.h for what is promised.
 *
 * Only LF ends a line. A server that splits at LF alone passes on what its
 * users wrote with a CR inside, and whoever took that for a line end would
 * let every user speak as the server.
 */

#include "protocols/irc/line.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

/* message-tags: what a client may send, without "@" and the space. */
#define TAGS_SEND_MAX 4094

/* Assumed while the server has not told us: SEMANTICS 2.5. */
#define NICK_LEN_ASSUMED 30
#define USER_LEN_ASSUMED 11
#define HOST_LEN_ASSUMED 63

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Letters, or three digits. */
static bool
is_command(const char *s)
{
	size_t n = strlen(s);
	size_t letters = 0, digits = 0;

	for (size_t i = 0; i < n; i++) {
		letters += is_letter(s[i]);
		digits += is_digit(s[i]);
	}
	return n > 0 && (letters == n || (digits == n && n == 3));
}

/* message-tags: [+][vendor/]name. */
static bool
is_tag_key(const char *s)
{
	if (*s == '+')
		s++;
	if (!*s)
		return false;
	for (; *s; s++) {
		if (!is_letter(*s) && !is_digit(*s) && !strchr("-./", *s))
			return false;
	}
	return true;
}

/* ---- reading ----------------------------------------------------------- */

/* The length of "@tags " with its spaces; 0 if there are none. */
static size_t
tags_len(const char *bytes, size_t len)
{
	const char *space;
	size_t n;

	if (len == 0 || bytes[0] != '@')
		return 0;
	space = memchr(bytes, ' ', len);
	if (!space)
		return len;
	n = (size_t)(space - bytes);
	while (n < len && bytes[n] == ' ')
		n++;
	return n;
}

static bool
is_overlong(const char *bytes, size_t len)
{
	size_t tags = tags_len(bytes, len);

	return tags > IRC_TAGS_MAX || len - tags > IRC_BODY_MAX - 2;
}

/* In place: what comes out is never longer. */
static void
tag_unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (*s != '\\') {
			*out++ = *s;
			continue;
		}
		switch (*++s) {
		case ':':
			*out++ = ';';
			break;
		case 's':
			*out++ = ' ';
			break;
		case 'r':
			*out++ = '\r';
			break;
		case 'n':
			*out++ = '\n';
			break;
		case '\0':
			s--; /* a lone backslash at the end means nothing */
			break;
		default:
			*out++ = *s;
		}
	}
	*out = '\0';
}

static void
tag_store(struct irc_line *out, char *item)
{
	char *value = strchr(item, '=');
	size_t i = 0;

	if (value)
		*value++ = '\0';
	else
		value = item + strlen(item);
	if (!is_tag_key(item))
		return;
	tag_unescape(value);

	/* Of several with the same key the last one counts. */
	while (i < out->n_tags && strcmp(out->tags[i].key, item) != 0)
		i++;
	if (i == IRC_TAGS_COUNT_MAX)
		return;
	if (i == out->n_tags)
		out->n_tags++;
	out->tags[i] = (struct irc_tag){ item, value };
}

static void
tags_read(struct irc_line *out, char *tags)
{
	while (tags) {
		char *next = strchr(tags, ';');

		if (next)
			*next++ = '\0';
		tag_store(out, tags);
		tags = next;
	}
}

/* source stays whole; its parts are cut from the copy. */
static void
source_read(struct irc_line *out, char *copy)
{
	char *user = strchr(copy, '!');
	char *host = strrchr(user ? user : copy, '@');

	if (user)
		*user++ = '\0';
	if (host)
		*host++ = '\0';
	out->nick = copy;
	out->user = user;
	out->host = host;
}

/* Cut off the next word; *rest is after it and the spaces that follow. */
static char *
next_word(char **rest)
{
	char *word = *rest;
	char *end = word + strcspn(word, " ");

	while (*end == ' ')
		*end++ = '\0';
	*rest = end;
	return word;
}

static bool
params_read(struct irc_line *out, char *rest)
{
	while (*rest) {
		if (out->n_params == IRC_PARAMS_MAX)
			return false;
		if (*rest == ':') {
			out->params[out->n_params++] = rest + 1;
			return true;
		}
		out->params[out->n_params++] = next_word(&rest);
	}
	return true;
}

static void
upper_case(char *s)
{
	for (; *s; s++) {
		if (*s >= 'a' && *s <= 'z')
			*s -= 'a' - 'A';
	}
}

/* The line without its tags, NUL-terminated; copy has room for its source. */
static bool
body_read(struct irc_line *out, char *rest, char *copy)
{
	char *command;

	while (*rest == ' ')
		rest++;
	if (*rest == ':') {
		char *source = next_word(&rest) + 1;

		if (*source) {
			out->source = source;
			memcpy(copy, source, strlen(source) + 1);
			source_read(out, copy);
		}
	}
	command = next_word(&rest);
	if (!is_command(command))
		return false;
	upper_case(command);
	out->command = command;
	return params_read(out, rest);
}

bool
irc_line_read(struct irc_line *out, const char *bytes, size_t len)
{
	char *line = out->buffer;

	out->n_tags = 0;
	out->n_params = 0;
	out->source = out->nick = out->user = out->host = NULL;
	out->command = "";
	if (is_overlong(bytes, len) || memchr(bytes, '\0', len) ||
	    memchr(bytes, '\r', len) || memchr(bytes, '\n', len))
		return false;

	/* IRC_TAGS_MAX + IRC_BODY_MAX is less than half of the buffer. */
	memcpy(line, bytes, len);
	line[len] = '\0';
	if (*line == '@') {
		char *tags = next_word(&line) + 1;

		tags_read(out, tags);
	}
	return body_read(out, line, out->buffer + len + 1);
}

const char *
irc_line_tag(const struct irc_line *line, const char *key)
{
	for (size_t i = 0; i < line->n_tags; i++) {
		if (!strcmp(line->tags[i].key, key))
			return line->tags[i].value;
	}
	return NULL;
}

const char *
irc_line_param(const struct irc_line *line, size_t i)
{
	return i < line->n_params ? line->params[i] : "";
}

unsigned
irc_line_numeric(const struct irc_line *line)
{
	const char *c = line->command;

	if (!is_digit(c[0]))
		return 0;
	return (unsigned)(c[0] - '0') * 100 + (unsigned)(c[1] - '0') * 10 +
	       (unsigned)(c[2] - '0');
}

/* ---- framing ----------------------------------------------------------- */

void
irc_framer_init(struct irc_framer *f)
{
	*f = (struct irc_framer){ .skipping = false };
	str_init(&f->pending, IRC_LINE_MAX);
}

void
irc_framer_finish(struct irc_framer *f)
{
	str_finish(&f->pending);
}

/* A complete line, still with the CR of its line end. */
static void
frame(struct irc_framer *f, const char *line, size_t len, irc_frame_fn *fn,
      void *arg)
{
	while (len > 0 && line[len - 1] == '\r')
		len--;
	if (len == 0)
		return;
	if (is_overlong(line, len))
		f->overlong++;
	else
		fn(arg, line, len);
}

/* Keep the beginning of a line whose end has not come. */
static void
frame_keep(struct irc_framer *f, const char *bytes, size_t len)
{
	if (f->skipping)
		return;
	if (len > IRC_LINE_MAX - f->pending.len) {
		str_clear(&f->pending);
		f->skipping = true;
		f->overlong++;
		return;
	}
	str_add_n(&f->pending, bytes, len);
}

static void
frame_end(struct irc_framer *f, irc_frame_fn *fn, void *arg)
{
	if (!f->skipping)
		frame(f, f->pending.data, f->pending.len, fn, arg);
	f->skipping = false;
	str_clear(&f->pending);
}

void
irc_framer_feed(struct irc_framer *f, const char *bytes, size_t len,
		irc_frame_fn *fn, void *arg)
{
	while (len > 0) {
		const char *lf = memchr(bytes, '\n', len);
		size_t n = lf ? (size_t)(lf - bytes) : len;

		if (lf && !f->skipping && f->pending.len == 0) {
			frame(f, bytes, n, fn, arg);
		} else {
			frame_keep(f, bytes, n);
			if (lf)
				frame_end(f, fn, arg);
		}
		n += lf != NULL;
		bytes += n;
		len -= n;
	}
}

/* ---- writing ----------------------------------------------------------- */

void
irc_out_init(struct irc_out *out, const char *command)
{
	*out = (struct irc_out){ .bad = !is_command(command) };
	str_init(&out->tags, TAGS_SEND_MAX);
	str_init(&out->body, IRC_BODY_MAX - 2);
	str_add(&out->body, command);
}

void
irc_out_finish(struct irc_out *out)
{
	str_finish(&out->tags);
	str_finish(&out->body);
}

static void
tag_escape(struct str *out, const char *value)
{
	static const char plain[] = "; \r\n\\", escaped[] = ":srn\\";

	for (; *value; value++) {
		const char *p = strchr(plain, *value);

		if (p) {
			str_add_char(out, '\\');
			str_add_char(out, escaped[p - plain]);
		} else {
			str_add_char(out, *value);
		}
	}
}

void
irc_out_tag(struct irc_out *out, const char *key, const char *value)
{
	if (!is_tag_key(key)) {
		out->bad = true;
		return;
	}
	if (out->tags.len > 0)
		str_add_char(&out->tags, ';');
	str_add(&out->tags, key);
	if (value && *value) {
		str_add_char(&out->tags, '=');
		tag_escape(&out->tags, value);
	}
}

void
irc_out_param(struct irc_out *out, const char *param)
{
	if (out->closed || !param || !*param || *param == ':' ||
	    strpbrk(param, " \r\n")) {
		out->bad = true;
		return;
	}
	str_add_char(&out->body, ' ');
	str_add(&out->body, param);
}

void
irc_out_trailing_n(struct irc_out *out, const char *param, size_t len)
{
	if (out->closed || memchr(param, '\0', len) ||
	    memchr(param, '\r', len) || memchr(param, '\n', len)) {
		out->bad = true;
		return;
	}
	str_add(&out->body, " :");
	str_add_n(&out->body, param, len);
	out->closed = true;
}

void
irc_out_trailing(struct irc_out *out, const char *param)
{
	irc_out_trailing_n(out, param, strlen(param));
}

bool
irc_out_write(struct irc_out *out, struct str *wire)
{
	AUTO_STR line = { 0 };

	str_init(&line, IRC_LINE_MAX);
	if (out->bad || str_overflowed(&out->tags) ||
	    str_overflowed(&out->body))
		return false;

	if (out->tags.len > 0) {
		str_add_char(&line, '@');
		str_add_n(&line, out->tags.data, out->tags.len);
		str_add_char(&line, ' ');
	}
	str_add_n(&line, out->body.data, out->body.len);
	str_add(&line, "\r\n");
	assert(!str_overflowed(&line));

	/* All of it or nothing: half a line would swallow the next one. */
	str_add_n(wire, line.data, line.len);
	return !str_overflowed(wire);
}

bool
irc_write(struct str *wire, const char *command, ...)
{
	struct irc_out out;
	va_list args;
	const char *param;
	bool ok;

	irc_out_init(&out, command);
	va_start(args, command);
	param = va_arg(args, const char *);
	while (param) {
		const char *next = va_arg(args, const char *);

		if (next)
			irc_out_param(&out, param);
		else
			irc_out_trailing(&out, param);
		param = next;
	}
	va_end(args);
	ok = irc_out_write(&out, wire);
	irc_out_finish(&out);
	return ok;
}

/* ---- splitting --------------------------------------------------------- */

size_t
irc_text_room(const char *nick, const char *user, const char *host,
	      const char *command, const char *target)
{
	size_t used = strlen(":!@   :\r\n") + strlen(command) + strlen(target);

	used += nick ? strlen(nick) : NICK_LEN_ASSUMED;
	used += user ? strlen(user) : USER_LEN_ASSUMED;
	used += host ? strlen(host) : HOST_LEN_ASSUMED;
	return used < IRC_BODY_MAX ? IRC_BODY_MAX - used : 0;
}
