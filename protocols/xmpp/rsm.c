/* SPDX-License-Identifier: MIT */
/* rsm.c - pages of long answers; see rsm.h. */

#include "protocols/xmpp/rsm.h"

#include "bridge/base.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX 4096

/* False if there is none, or if it is no number. */
static bool
read_number(xmpp_stanza_t *st, unsigned long *n)
{
	AUTO_STR text = { 0 };
	char *end;

	str_init(&text, RSM_NUMBER_MAX);
	stanza_read_text(&text, st);
	if (!text.len || text.data[strspn(text.data, "0123456789")])
		return false;
	*n = strtoul(text.data, &end, 10);
	return true;
}

bool
rsm_read_max(xmpp_stanza_t *set, unsigned fallback, unsigned limit,
	     unsigned *max)
{
	xmpp_stanza_t *st = stanza_child(set, "max", NS_RSM);
	unsigned long n = fallback;

	if (st && !read_number(st, &n))
		return false;
	*max = n > limit ? limit : (unsigned)n;
	return true;
}

void
rsm_add_number(xmpp_stanza_t *set, const char *name, int64_t number)
{
	char text[RSM_NUMBER_MAX];

	(void)snprintf(text, sizeof(text), "%" PRId64, number);
	stanza_add_text(set, name, NULL, text);
}

/* all->n if nothing is called what st says. */
static size_t
find(const struct rsm_things *all, xmpp_stanza_t *st)
{
	AUTO_STR text = { 0 };
	size_t i = 0;

	str_init(&text, ID_MAX);
	stanza_read_text(&text, st);
	if (!text.len || str_overflowed(&text))
		return all->n;
	while (i < all->n && strcmp(all->id(all->arg, i), text.data) != 0)
		i++;
	return i;
}

static const char *
read_begin(xmpp_stanza_t *set, const struct rsm_things *all, size_t *from)
{
	xmpp_stanza_t *after = stanza_child(set, "after", NS_RSM);
	xmpp_stanza_t *index = stanza_child(set, "index", NS_RSM);
	unsigned long n = 0;

	*from = 0;
	if (index) {
		if (!read_number(index, &n))
			return "bad-request";
		if (n > all->n)
			return "item-not-found";
		*from = n;
	} else if (after) {
		size_t i = find(all, after);

		if (i == all->n)
			return "item-not-found";
		*from = i + 1;
	}
	return NULL;
}

const char *
rsm_find_page(xmpp_stanza_t *query, const struct rsm_things *all,
	      struct rsm_page *page)
{
	xmpp_stanza_t *set = stanza_child(query, "set", NS_RSM);
	xmpp_stanza_t *before = stanza_child(set, "before", NS_RSM);
	const char *why = read_begin(set, all, &page->from);
	unsigned max;

	if (!why && !rsm_read_max(set, all->fallback, all->limit, &max))
		why = "bad-request";
	if (why)
		return why;
	page->until = all->n;
	if (before) {
		if (xmpp_stanza_get_children(before)) {
			page->until = find(all, before);
			if (page->until == all->n)
				return "item-not-found";
		}
		if (page->until > page->from + max)
			page->from = page->until - max;
	} else if (page->until > page->from + max) {
		page->until = page->from + max;
	}
	if (page->from > page->until)
		page->from = page->until;
	return NULL;
}

void
rsm_add_page(xmpp_stanza_t *query, const struct rsm_things *all,
	     const struct rsm_page *page)
{
	xmpp_stanza_t *set;
	char index[RSM_NUMBER_MAX];

	set = stanza_add(query, "set", NS_RSM);
	if (page->from < page->until) {
		(void)snprintf(index, sizeof(index), "%zu", page->from);
		stanza_attr(stanza_add_text(set, "first", NULL,
					    all->id(all->arg, page->from)),
			    "index", index);
		stanza_add_text(set, "last", NULL,
				all->id(all->arg, page->until - 1));
	}
	rsm_add_number(set, "count", (int64_t)all->n);
}
