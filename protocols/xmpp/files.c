/* SPDX-License-Identifier: MIT */
/* files.c - files in messages. See files.h. */

#include "protocols/xmpp/files.h"

#include "bridge/attach.h"
#include "bridge/base.h"
#include "protocols/xmpp/stanza.h"
#include "protocols/xmpp/xml.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_OOB "jabber:x:oob"
#define NS_SFS "urn:xmpp:sfs:0"
#define NS_FILE "urn:xmpp:file:metadata:0"
#define NS_URL_DATA "http://jabber.org/protocol/url-data"
#define NS_FALLBACK "urn:xmpp:fallback:0"

#define FILES_MAX 10
#define SIDE_MAX 1000000 /* pixels of a picture that we believe in */

/* ---- reading ------------------------------------------------------------- */

static bool
is_element(xmpp_stanza_t *st, const char *name, const char *ns)
{
	return stanza_is(st, name) && !strcmp(stanza_get(st, "xmlns"), ns);
}

bool
files_are_in(xmpp_stanza_t *st)
{
	return stanza_child(st, "file-sharing", NS_SFS) ||
	       stanza_child(st, "x", NS_OOB);
}

static bool
has_file(const struct event *ev, const char *url)
{
	for (size_t i = 0; i < ev->n_attachments; i++)
		if (!strcmp(ev->attachments[i].url, url))
			return true;
	return false;
}

/* What it says, without what cannot be shown; NULL if there is nothing. */
static const char *
words(struct event *ev, xmpp_stanza_t *parent, const char *name)
{
	AUTO_STR text = { 0 };
	AUTO_STR clean = { 0 };

	str_init(&text, EVENT_NAME_MAX);
	str_init(&clean, EVENT_NAME_MAX);
	stanza_read_text(&text, stanza_own_child(parent, name));
	if (!text.len || str_overflowed(&text))
		return NULL;
	attach_name(&clean, text.data);
	return event_strdup(ev, clean.data);
}

/* A type is two tokens; "-1" and the like are no numbers of it. */
static const char *
media_type(struct event *ev, xmpp_stanza_t *file)
{
	AUTO_STR text = { 0 };

	str_init(&text, 100);
	stanza_read_text(&text, stanza_own_child(file, "media-type"));
	size_t n = strspn(text.data, "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789/+.-_");
	return text.len && n == text.len ? event_strdup(ev, text.data) : NULL;
}

static int64_t
number(xmpp_stanza_t *file, const char *name)
{
	AUTO_STR text = { 0 };

	str_init(&text, 18);
	stanza_read_text(&text, stanza_own_child(file, name));
	if (!text.len || str_overflowed(&text) ||
	    text.data[strspn(text.data, "0123456789")])
		return -1;
	return strtoll(text.data, NULL, 10);
}

static unsigned
side(xmpp_stanza_t *file, const char *name)
{
	int64_t n = number(file, name);

	return n > 0 && n <= SIDE_MAX ? (unsigned)n : 0;
}

static void
add(struct event *ev, xmpp_stanza_t *file, const char *url)
{
	struct attachment a = { .url = url, .size = -1 };
	AUTO_STR name = { 0 };

	if (!attach_url_is_good(url) || has_file(ev, url) ||
	    ev->n_attachments >= FILES_MAX)
		return;
	str_init(&name, 4 * ATTACH_NAME_MAX);
	if (file) {
		a.name = words(ev, file, "name");
		a.mime = media_type(ev, file);
		a.size = number(file, "size");
		a.width = side(file, "width");
		a.height = side(file, "height");
	}
	if (!a.name) {
		attach_name_of_url(&name, url);
		a.name = name.data;
	}
	attach_add(ev, &a);
}

/* XEP-0447: the first source that is a plain link. */
static void
read_shared(struct event *ev, xmpp_stanza_t *sharing)
{
	xmpp_stanza_t *file = stanza_child(sharing, "file", NS_FILE);
	xmpp_stanza_t *sources = stanza_own_child(sharing, "sources");
	xmpp_stanza_t *data =
		sources ? stanza_child(sources, "url-data", NS_URL_DATA) : NULL;

	if (data)
		add(ev, file, stanza_get(data, "target"));
}

static bool
is_same(const struct str *body, const char *url)
{
	size_t from = strspn(body->data, " \t\n");
	size_t n = strlen(url);

	return !strncmp(body->data + from, url, n) &&
	       !body->data[from + n + strspn(body->data + from + n, " \t\n")];
}

/* XEP-0066: it is a file if the body says nothing else, or not where. */
static void
read_link(struct event *ev, xmpp_stanza_t *x, const struct str *body)
{
	AUTO_STR url = { 0 };

	str_init(&url, EVENT_URL_MAX);
	stanza_read_text(&url, stanza_own_child(x, "url"));
	if (url.len && !str_overflowed(&url) &&
	    (is_same(body, url.data) || !strstr(body->data, url.data)))
		add(ev, NULL, url.data);
}

static void
drop_links(struct event *ev, xmpp_stanza_t *st, struct str *body)
{
	bool shared = stanza_child(st, "file-sharing", NS_SFS) != NULL;

	if (shared && ev->n_attachments)
		stanza_cut_fallback(body, st, NS_SFS);
	for (size_t i = 0; i < ev->n_attachments; i++)
		if (is_same(body, ev->attachments[i].url))
			str_clear(body);
	while (ev->n_attachments && body->len &&
	       strchr(" \t\n", body->data[body->len - 1]))
		str_truncate(body, body->len - 1);
}

void
files_read(struct event *ev, xmpp_stanza_t *st, struct str *body)
{
	static const char secret[] = "aesgcm://";
	xmpp_stanza_t *c = xmpp_stanza_get_children(st);

	if (!strncmp(body->data, secret, strlen(secret))) {
		str_clear(body);
		str_add(body, "[encrypted file]");
		return;
	}
	for (; c; c = xmpp_stanza_get_next(c)) {
		if (is_element(c, "file-sharing", NS_SFS))
			read_shared(ev, c);
	}
	for (c = xmpp_stanza_get_children(st); c; c = xmpp_stanza_get_next(c)) {
		if (is_element(c, "x", NS_OOB))
			read_link(ev, c, body);
	}
	drop_links(ev, st, body);
}

/* ---- writing ------------------------------------------------------------- */

static const char *
link_of(const struct attachment *a, const struct files_links *links)
{
	return links->link ? links->link(links->arg, a->url) : a->url;
}

void
files_add_links(struct str *body, const struct event *ev,
		const struct files_links *links)
{
	for (size_t i = 0; i < ev->n_attachments; i++) {
		const char *url = link_of(&ev->attachments[i], links);

		if (body->len && body->data[body->len - 1] != '\n')
			str_add_char(body, '\n');
		xml_clean(body, url, strlen(url));
	}
}

static void
add_number(xmpp_stanza_t *st, const char *name, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, n);
	stanza_add_text(st, name, NULL, text);
}

static void
add_shared(xmpp_stanza_t *st, const struct attachment *a, const char *url,
	   size_t number)
{
	xmpp_stanza_t *sharing = stanza_add(st, "file-sharing", NS_SFS);
	char id[24];

	(void)snprintf(id, sizeof(id), "f%zu", number);
	if (number)
		stanza_attr(sharing, "id", id);
	stanza_attr(sharing, "disposition",
		    !strcmp(attach_kind(a->mime), "file") ? "attachment"
							  : "inline");
	xmpp_stanza_t *file = stanza_add(sharing, "file", NS_FILE);
	if (a->mime && !strchr(a->mime, '*')) /* half of it is known */
		stanza_add_text(file, "media-type", NULL, a->mime);
	if (a->name)
		stanza_add_text(file, "name", NULL, a->name);
	if (a->size >= 0)
		add_number(file, "size", a->size);
	if (a->width && a->height) {
		add_number(file, "width", a->width);
		add_number(file, "height", a->height);
	}
	xmpp_stanza_t *sources = stanza_add(sharing, "sources", NULL);
	stanza_attr(stanza_add(sources, "url-data", NS_URL_DATA), "target",
		    url);
}

void
files_write(xmpp_stanza_t *st, const struct event *ev,
	    const struct files_links *links, struct files_range where)
{
	char text[24];

	if (!ev->n_attachments)
		return;
	if (ev->n_attachments == 1 && !where.start)
		stanza_add_text(stanza_add(st, "x", NS_OOB), "url", NULL,
				link_of(&ev->attachments[0], links));
	for (size_t i = 0; i < ev->n_attachments; i++)
		add_shared(st, &ev->attachments[i],
			   link_of(&ev->attachments[i], links),
			   ev->n_attachments > 1 ? i + 1 : 0);
	xmpp_stanza_t *fallback = stanza_add(st, "fallback", NS_FALLBACK);
	stanza_attr(fallback, "for", NS_SFS);
	xmpp_stanza_t *range = stanza_add(fallback, "body", NULL);
	(void)snprintf(text, sizeof(text), "%zu", where.start);
	stanza_attr(range, "start", text);
	(void)snprintf(text, sizeof(text), "%zu", where.end);
	stanza_attr(range, "end", text);
}
