/* SPDX-License-Identifier: MIT */
/* search.c - channels by name, topic and people; see search.h. */

#include "protocols/xmpp/search.h"

#include "bridge/base.h"
#include "protocols/xmpp/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 200
#define FOUND_MAX 200
#define LINE_MAX 2048

/* What is looked for; "" and 0: whatever. */
struct search {
	struct str name, topic;
	unsigned long people;
};

/* A channel that was found. */
struct found {
	const char *jid;
	char name[LINE_MAX];
	const char *topic; /* in name */
	unsigned long people;
};

/* ---- the form ------------------------------------------------------------ */

static const struct field fields[] = {
	{ .key = "name",
	  .kind = SETTING_TEXT,
	  .label = "Part of the channel's name" },
	{ .key = "topic", .kind = SETTING_TEXT, .label = "Part of its topic" },
	{ .key = "users",
	  .kind = SETTING_NUMBER,
	  .label = "People in it, at least" },
};

void
search_form(struct xmpp *x, xmpp_stanza_t *st)
{
	xmpp_stanza_t *result = stanza_result(x->ctx, st);
	xmpp_stanza_t *query = stanza_add(result, "query", NS_SEARCH);
	xmpp_stanza_t *form = form_add(query, "form", "Channels",
				       "What you leave empty may be anything.");

	stanza_add_text(query, "instructions", NULL,
			"A client that knows forms is needed to search.");
	form_add_type(form, NS_SEARCH);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		form_add_field(form, &fields[i]);
	xmpp_post(x, result);
}

/* NULL, or what is wrong. s must be finished either way. */
static const char *
read_search(struct search *s, xmpp_stanza_t *st)
{
	xmpp_stanza_t *form = form_submitted(
		stanza_child(st, "query", NS_SEARCH), NS_SEARCH, NULL);
	AUTO_STR people = { 0 };

	*s = (struct search){ .people = 0 };
	str_init(&s->name, WORDS_MAX);
	str_init(&s->topic, WORDS_MAX);
	str_init(&people, WORDS_MAX);
	if (!form)
		return "fill in the form that is asked for first";
	(void)form_read(&s->name, form, "name");
	(void)form_read(&s->topic, form, "topic");
	(void)form_read(&people, form, "users");
	if (str_overflowed(&s->name) || str_overflowed(&s->topic) ||
	    people.len > 6)
		return "that is too long";
	if (people.len &&
	    people.data[strspn(people.data, "0123456789")] != '\0')
		return "how many people is a number";
	s->people = people.len ? strtoul(people.data, NULL, 10) : 0;
	return NULL;
}

static void
search_finish(struct search *s)
{
	str_finish(&s->name);
	str_finish(&s->topic);
}

const char *
search_objection(xmpp_stanza_t *st)
{
	struct search s;
	const char *why = read_search(&s, st);

	search_finish(&s);
	return why;
}

/* ---- what fits ----------------------------------------------------------- */

/* "#dev (12) about it" */
static void
read_place(struct found *f, const struct search_place *place)
{
	char *space;

	f->jid = place->jid;
	f->topic = "";
	f->people = 0;
	(void)snprintf(f->name, sizeof(f->name), "%s", place->name);
	space = strchr(f->name, ' ');
	if (!space || space[1] != '(')
		return;
	*space = '\0';
	f->people = strtoul(space + 2, &space, 10);
	space = strchr(space, ' ');
	if (space)
		f->topic = space + 1;
}

static bool
has(const char *text, const struct str *part)
{
	return !part->len || strcasestr(text, part->data);
}

static bool
fits(const struct found *f, const struct search *s)
{
	return f->people >= s->people && has(f->name, &s->name) &&
	       has(f->topic, &s->topic);
}

static int
by_people(const void *left, const void *right)
{
	const struct found *const *a = left;
	const struct found *const *b = right;

	return (*a)->people < (*b)->people   ? 1
	       : (*a)->people > (*b)->people ? -1
					     : 0;
}

/* ---- the answer ---------------------------------------------------------- */

static void
add_column(xmpp_stanza_t *reported, const char *var, const char *label)
{
	xmpp_stanza_t *field = stanza_add(reported, "field", NULL);

	stanza_attr(field, "var", var);
	stanza_attr(field, "label", label);
	stanza_attr(field, "type",
		    strcmp(var, "jid") ? "text-single" : "jid-single");
}

static void
add_found(xmpp_stanza_t *form, const struct found *f)
{
	xmpp_stanza_t *item = stanza_add(form, "item", NULL);
	char people[24];

	(void)snprintf(people, sizeof(people), "%lu", f->people);
	form_add_value(item, "jid", f->jid);
	form_add_value(item, "name", f->name);
	form_add_value(item, "users", people);
	form_add_value(item, "topic", f->topic);
}

void
search_answer(struct xmpp *x, xmpp_stanza_t *st,
	      const struct search_place *places, size_t n)
{
	xmpp_stanza_t *result = stanza_result(x->ctx, st);
	xmpp_stanza_t *form = form_add(stanza_add(result, "query", NS_SEARCH),
				       "result", NULL, NULL);
	xmpp_stanza_t *reported;
	struct found **found = xcalloc(n + 1, sizeof(*found));
	struct found f;
	struct search s;
	size_t n_found = 0;

	form_add_type(form, NS_SEARCH);
	reported = stanza_add(form, "reported", NULL);
	add_column(reported, "jid", "Address");
	add_column(reported, "name", "Channel");
	add_column(reported, "users", "People");
	add_column(reported, "topic", "Topic");
	(void)read_search(&s, st);
	for (size_t i = 0; i < n; i++) {
		read_place(&f, &places[i]);
		if (!fits(&f, &s))
			continue;
		found[n_found] = xcalloc(1, sizeof(f));
		read_place(found[n_found++], &places[i]);
	}
	qsort(found, n_found, sizeof(struct found *), by_people);
	for (size_t i = 0; i < n_found; i++) {
		if (i < FOUND_MAX)
			add_found(form, found[i]);
		free(found[i]);
	}
	free(found);
	search_finish(&s);
	xmpp_post(x, result);
}
