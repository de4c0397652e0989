/* SPDX-License-Identifier: MIT */
/* attach.c - files that belong to messages. See attach.h. */

#include "bridge/attach.h"

#include "bridge/base.h"
#include "bridge/str.h"
#include "bridge/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define EXTENSION_MAX 12 /* bytes with the dot; what is longer is none */
#define NAME_READ_MAX 4096

/* ---- names -------------------------------------------------------------- */

static bool
may_stand(uint32_t cp, bool at_begin)
{
	if (utf8_is_invisible(cp) || cp == '/' || cp == '\\')
		return false;
	return !at_begin || (cp != '.' && cp != ' ');
}

static void
clean(struct str *out, const char *name, size_t n)
{
	size_t len;

	for (; n; name += len, n -= len) {
		uint32_t cp = utf8_decode(name, n, &len);

		if (may_stand(cp, !out->len))
			utf8_append(out, cp);
	}
	while (out->len && out->data[out->len - 1] == ' ')
		str_truncate(out, out->len - 1);
}

/* Where the extension begins; the end, if there is none. */
static size_t
extension(const struct str *name)
{
	const char *dot = strrchr(name->data, '.');

	if (!dot || name->len - (size_t)(dot - name->data) > EXTENSION_MAX)
		return name->len;
	return (size_t)(dot - name->data);
}

void
attach_name(struct str *out, const char *name)
{
	AUTO_STR whole = { 0 };

	str_init(&whole, 3 * NAME_READ_MAX);
	clean(&whole, name, strnlen(name, NAME_READ_MAX));
	if (!whole.len)
		str_add(&whole, "file");
	size_t dot = extension(&whole);
	size_t room = ATTACH_NAME_MAX - (whole.len - dot);
	size_t len = dot > room ? utf8_cut(whole.data, dot, room) : dot;

	str_add_n(out, whole.data, len);
	str_add_n(out, whole.data + dot, whole.len - dot);
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void
attach_name_of_url(struct str *out, const char *url)
{
	const char *host = strstr(url, "://");
	const char *path = strchr(host ? host + 3 : url, '/');
	AUTO_STR name = { 0 };

	str_init(&name, NAME_READ_MAX);
	path = path ? path : "";
	size_t n = strcspn(path, "?#");
	while (n && path[n - 1] == '/')
		n--;
	size_t from = n;
	while (from && path[from - 1] != '/')
		from--;
	for (size_t i = from; i < n; i++) {
		int high =
			path[i] == '%' && i + 2 < n ? digit(path[i + 1]) : -1;
		int low = high >= 0 ? digit(path[i + 2]) : -1;

		str_add_char(&name,
			     low >= 0 ? (char)(16 * high + low) : path[i]);
		i += low >= 0 ? 2 : 0;
	}
	attach_name(out, name.data);
}

/* ---- what is said of them ----------------------------------------------- */

const char *
attach_kind(const char *mime)
{
	static const char *const kinds[] = { "image", "audio", "video" };

	for (size_t i = 0; mime && i < ARRAY_SIZE(kinds); i++)
		if (strncmp(mime, kinds[i], 5) == 0 && mime[5] == '/')
			return kinds[i];
	return "file";
}

/* Where nobody says: what its name promises. */
static const char *
kind_by_name(const char *name)
{
	static const struct {
		const char *kind, *ends;
	} known[] = {
		{ "image", " jpg jpeg png gif webp avif heic " },
		{ "audio", " mp3 ogg oga opus m4a wav flac aac " },
		{ "video", " mp4 m4v webm mkv mov avi ogv " },
	};
	const char *dot = strrchr(name, '.');
	AUTO_STR end = { 0 };

	str_init(&end, EXTENSION_MAX + 2);
	str_printf(&end, " %s ", dot ? dot + 1 : "");
	if (str_overflowed(&end) || end.len < 4 || strchr(dot, ' '))
		return "file";
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strcasestr(known[i].ends, end.data))
			return known[i].kind;
	return "file";
}

void
attach_size(struct str *out, int64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 0)
		return;
	if (bytes < 1024) {
		str_printf(out, "%d bytes", (int)bytes);
		return;
	}
	for (; value >= 1000 && unit + 1 < ARRAY_SIZE(units); unit++)
		value /= 1024;
	str_printf(out, value < 9.95 ? "%.1f %s" : "%.0f %s", value,
		   units[unit]);
}

void
attach_describe(struct str *out, const struct attachment *a)
{
	AUTO_STR name = { 0 };

	str_init(&name, 4 * ATTACH_NAME_MAX);
	if (a->name)
		attach_name(&name, a->name);
	else
		attach_name_of_url(&name, a->url ? a->url : "");
	str_printf(out, "%s (%s", name.data,
		   a->mime ? attach_kind(a->mime) : kind_by_name(name.data));
	if (a->size >= 0)
		str_add(out, ", ");
	attach_size(out, a->size);
	str_add(out, ")");
}

bool
attach_url_is_good(const char *url)
{
	size_t n = strlen(url);

	if (n > EVENT_URL_MAX || (strncasecmp(url, "http://", 7) != 0 &&
				  strncasecmp(url, "https://", 8) != 0))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)url[i] <= ' ' || url[i] == 0x7f ||
		    strchr("\"<>\\^`{|}", url[i]))
			return false;
	return utf8_valid(url, n);
}

void
attach_add(struct event *ev, const struct attachment *a)
{
	struct attachment *all =
		event_alloc(ev, (ev->n_attachments + 1) * sizeof(*all));

	if (ev->n_attachments)
		memcpy(all, ev->attachments, ev->n_attachments * sizeof(*all));
	struct attachment *one = &all[ev->n_attachments++];
	*one = *a;
	one->name = event_strdup(ev, a->name);
	one->mime = event_strdup(ev, a->mime);
	one->url = event_strdup(ev, a->url);
	ev->attachments = all;
}

/* ---- for the store ------------------------------------------------------ */

/* "url TAB size TAB width TAB height TAB mime TAB name LF" */
void
attach_write(struct str *out, const struct event *ev)
{
	for (size_t i = 0; i < ev->n_attachments; i++) {
		const struct attachment *a = &ev->attachments[i];

		if (a->url)
			str_printf(out, "%s\t%" PRId64 "\t%u\t%u\t%s\t%s\n",
				   a->url, a->size, a->width, a->height,
				   a->mime ? a->mime : "",
				   a->name ? a->name : "");
	}
}

/* The field that begins at *at, ended where the next begins. */
static char *
field(char **at)
{
	char *begin = *at;
	size_t n = strcspn(begin, "\t");

	*at = begin[n] ? begin + n + 1 : begin + n;
	begin[n] = '\0';
	return begin;
}

/* A line may have the URL alone: so they were written once. */
static void
read_line(struct event *ev, const char *line, size_t n)
{
	char *copy = event_alloc(ev, n + 1);
	char *at = copy;

	memcpy(copy, line, n);
	struct attachment a = { .url = field(&at), .size = -1 };
	if (*at)
		a.size = strtoll(field(&at), NULL, 10);
	a.width = (unsigned)strtoul(field(&at), NULL, 10);
	a.height = (unsigned)strtoul(field(&at), NULL, 10);
	const char *mime = field(&at);
	a.mime = *mime ? mime : NULL;
	a.name = *at ? at : NULL;
	attach_add(ev, &a);
}

void
attach_read(struct event *ev, const char *lines)
{
	const char *end;

	for (; (end = strchr(lines, '\n')); lines = end + 1)
		read_line(ev, lines, (size_t)(end - lines));
}
