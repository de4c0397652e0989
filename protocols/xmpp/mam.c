/* SPDX-License-Identifier: MIT */
/*
 * mam.c - questions to the archive; see mam.h. Its ids are the numbers of
 * events, which are the stanza-ids of rooms, too.
 */

#include "protocols/xmpp/mam.h"

#include "bridge/base.h"
#include "conf/conf.h"
#include "protocols/xmpp/form.h"
#include "protocols/xmpp/hosted.h"
#include "protocols/xmpp/rsm.h"
#include "protocols/xmpp/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_FORWARD "urn:xmpp:forward:0"
#define NS_CLIENT "jabber:client"
#define PAGE 100
#define IDS_MAX 100

/* One question, as it was read. */
struct reading {
	const struct mam_call *c;
	struct archive archive;
	struct history_query query;
	const char *queryid;
	bool backwards; /* pages from the end */
	bool flip;      /* the newest first */
	int64_t ids[IDS_MAX];
	size_t n_ids;
	/* what is found */
	struct event *found[HISTORY_MAX];
	size_t n;
};

static void
answer_error(const struct mam_call *c, const char *condition, const char *text)
{
	xmpp_post(c->x, stanza_error(c->x->ctx, c->st, condition, text));
}

/* ---- reading ------------------------------------------------------------- */

/* 0 if it is none of ours. */
static int64_t
read_id(const char *text)
{
	char *end;
	long long n;

	if (*text < '1' || *text > '9' || strlen(text) >= RSM_NUMBER_MAX)
		return 0;
	n = strtoll(text, &end, 10);
	return *end || n == INT64_MAX ? 0 : n;
}

static void
take_found(void *arg, const struct event *ev)
{
	struct reading *r = arg;

	r->found[r->n++] = event_ref((struct event *)(uintptr_t)ev);
}

static void
drop_found(struct reading *r)
{
	while (r->n)
		event_unref(r->found[--r->n]);
}

/* Whether the reader has that one. */
static bool
is_there(const struct reading *r, int64_t id)
{
	struct reading probe = { .c = r->c };
	const struct history_query query = { .after = id - 1,
					     .before = id + 1 };
	struct history result = { 0 };

	return id &&
	       bridge_archive(&r->c->x->net, &r->archive, &query, take_found,
			      &probe, &result) == 0 &&
	       result.total == 1;
}

/* NULL, or the condition of the error. */
static const char *
read_time(struct str *text, int64_t *ms)
{
	int64_t t = stamp_read(text->len ? text->data : "");

	if (t < 0)
		return "bad-request";
	*ms = t ? t : 1;
	return NULL;
}

static const char *
read_bound(const struct reading *r, struct str *text, int64_t *number)
{
	*number = read_id(text->len ? text->data : "");
	return is_there(r, *number) ? NULL : "item-not-found";
}

static const char *
read_ids(struct reading *r, struct str *text)
{
	char *rest = text->len ? text->data : NULL, *one;

	while (rest && (one = strsep(&rest, "\n"))) {
		if (r->n_ids == IDS_MAX)
			return "not-acceptable";
		r->ids[r->n_ids] = read_id(one);
		if (!is_there(r, r->ids[r->n_ids]))
			return "item-not-found";
		r->n_ids++;
	}
	return r->n_ids ? NULL : "bad-request";
}

static const char *
read_field(struct reading *r, xmpp_stanza_t *form, const char *var)
{
	struct history_query *q = &r->query;
	AUTO_STR text = { 0 };

	str_init(&text, FORM_VALUE_MAX);
	(void)form_read(&text, form, var);
	if (str_overflowed(&text))
		return "not-acceptable";
	if (!strcmp(var, "FORM_TYPE"))
		return NULL;
	if (!strcmp(var, "start"))
		return read_time(&text, &q->from_ms);
	if (!strcmp(var, "end"))
		return read_time(&text, &q->until_ms);
	if (!strcmp(var, "before-id"))
		return read_bound(r, &text, &q->before);
	if (!strcmp(var, "after-id"))
		return read_bound(r, &text, &q->after);
	if (!strcmp(var, "ids"))
		return read_ids(r, &text);
	return "feature-not-implemented";
}

static const char *
read_form(struct reading *r, xmpp_stanza_t *query)
{
	xmpp_stanza_t *form = stanza_child(query, "x", NS_DATA);
	xmpp_stanza_t *st;
	const char *why = NULL;

	if (!form)
		return NULL;
	if (!form_submitted(query, NS_MAM, NULL))
		return "bad-request";
	for (st = xmpp_stanza_get_children(form); st && !why;
	     st = xmpp_stanza_get_next(st))
		if (stanza_is(st, "field"))
			why = read_field(r, form, stanza_get(st, "var"));
	return why;
}

/* Where a page begins or ends; the narrower of that and the form's holds. */
static const char *
read_page_bound(const struct reading *r, xmpp_stanza_t *st, int64_t *number)
{
	AUTO_STR text = { 0 };

	str_init(&text, RSM_NUMBER_MAX);
	stanza_read_text(&text, st);
	return read_bound(r, &text, number);
}

static const char *
read_page(struct reading *r, xmpp_stanza_t *query)
{
	xmpp_stanza_t *set = stanza_child(query, "set", NS_RSM);
	xmpp_stanza_t *before = stanza_child(set, "before", NS_RSM);
	xmpp_stanza_t *after = stanza_child(set, "after", NS_RSM);
	int64_t number = 0;
	const char *why = NULL;

	if (!rsm_read_max(set, PAGE, HISTORY_MAX, &r->query.max))
		why = "bad-request";
	if (!why && stanza_child(set, "index", NS_RSM))
		why = "feature-not-implemented";
	if (!why && before && xmpp_stanza_get_children(before)) {
		why = read_page_bound(r, before, &number);
		if (!r->query.before || number < r->query.before)
			r->query.before = number;
	}
	if (!why && after) {
		why = read_page_bound(r, after, &number);
		if (number > r->query.after)
			r->query.after = number;
	}
	r->query.newest = r->backwards = before != NULL;
	r->flip = stanza_child(query, "flip-page", NS_MAM) != NULL;
	return why;
}

/* ---- answering ----------------------------------------------------------- */

/*
 * XEP-0191: what whom one blocks says is not shown, now or later. It keeps its
 * number, so that pages have the same bounds for everybody.
 */
static bool
is_blocked(const struct mam_call *c, const struct event *ev,
	   xmpp_stanza_t *message)
{
	const struct sender by = {
		.id = c->room ? jid_resource(stanza_get(message, "from"))
			      : c->place->name,
	};

	return strcmp(ev->sender.id, c->who) != 0 &&
	       bridge_blocks(&c->x->net, c->who, c->place->label, &by);
}

static void
post_found(const struct reading *r, const struct event *ev)
{
	const struct mam_call *c = r->c;
	xmpp_stanza_t *message =
		c->room ? hosted_archived(c->x, c->room, c->place, ev)
			: direct_archived(c->x, c->who, c->place, ev);
	char text[STAMP_MAX];
	char number[RSM_NUMBER_MAX];

	if (message && is_blocked(c, ev, message)) {
		(void)xmpp_stanza_release(message);
		message = NULL;
	}
	if (!message)
		return;
	xmpp_stanza_t *st =
		stanza_new(c->x->ctx, "message", stanza_get(c->st, "to"),
			   stanza_get(c->st, "from"), NULL);
	xmpp_stanza_t *result = stanza_add(st, "result", NS_MAM);
	xmpp_stanza_t *forwarded = stanza_add(result, "forwarded", NS_FORWARD);
	xmpp_stanza_t *delay = stanza_add(forwarded, "delay", NS_DELAY);

	(void)snprintf(number, sizeof(number), "%" PRId64, ev->number);
	stamp_write(text, ev->when_ms);
	stanza_attr(result, "id", number);
	if (*r->queryid)
		stanza_attr(result, "queryid", r->queryid);
	stanza_attr(delay, "stamp", text);
	stanza_attr(message, "xmlns", NS_CLIENT);
	(void)xmpp_stanza_add_child(forwarded, message);
	(void)xmpp_stanza_release(message);
	xmpp_post(c->x, st);
}

static void
post_end(const struct reading *r, const struct history *result)
{
	xmpp_stanza_t *st = stanza_result(r->c->x->ctx, r->c->st);
	xmpp_stanza_t *fin = stanza_add(st, "fin", NS_MAM);
	xmpp_stanza_t *set = stanza_add(fin, "set", NS_RSM);

	stanza_attr(fin, "complete", result->complete ? "true" : "false");
	if (r->n) {
		rsm_add_number(set, "first", r->found[0]->number);
		rsm_add_number(set, "last", r->found[r->n - 1]->number);
	}
	rsm_add_number(set, "count", result->total);
	xmpp_post(r->c->x, st);
}

static int
find_ids(struct reading *r, struct history *result)
{
	*result = (struct history){ (int64_t)r->n_ids, true };
	for (size_t i = 0; i < r->n_ids; i++) {
		const struct history_query one = { .after = r->ids[i] - 1,
						   .before = r->ids[i] + 1,
						   .max = 1 };
		struct history ignored;
		int rc = bridge_archive(&r->c->x->net, &r->archive, &one,
					take_found, r, &ignored);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static void
find(struct reading *r)
{
	struct history result = { 0 };
	int rc = r->n_ids ? find_ids(r, &result)
			  : bridge_archive(&r->c->x->net, &r->archive,
					   &r->query, take_found, r, &result);

	if (rc < 0) {
		answer_error(r->c, "internal-server-error",
			     "the archive cannot be read now");
	} else {
		for (size_t i = 0; i < r->n; i++)
			post_found(r, r->found[r->flip ? r->n - 1 - i : i]);
		post_end(r, &result);
	}
	drop_found(r);
}

static void
reading_init(struct reading *r, const struct mam_call *c)
{
	*r = (struct reading){ .c = c, .queryid = "" };
	r->archive.reader = c->who;
	r->archive.room = c->room;
	r->archive.person = (struct address){ c->place->label, c->place->name };
}

static void
answer_query(const struct mam_call *c, xmpp_stanza_t *query)
{
	struct reading r;
	const char *why;

	reading_init(&r, c);
	r.queryid = stanza_get(query, "queryid");
	why = *stanza_get(query, "node") ? "item-not-found"
					 : read_form(&r, query);
	if (!why)
		why = read_page(&r, query);
	if (why)
		answer_error(c, why, NULL);
	else
		find(&r);
}

/* What a question may hold. */
static void
answer_form(const struct mam_call *c)
{
	static const char *const fields[][2] = {
		{ "start", "text-single" },     { "end", "text-single" },
		{ "before-id", "text-single" }, { "after-id", "text-single" },
		{ "ids", "list-multi" },
	};
	xmpp_stanza_t *st = stanza_result(c->x->ctx, c->st);
	xmpp_stanza_t *form =
		form_add(stanza_add(st, "query", NS_MAM), "form", NULL, NULL);

	form_add_type(form, NS_MAM);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		xmpp_stanza_t *field = stanza_add(form, "field", NULL);

		stanza_attr(field, "var", fields[i][0]);
		stanza_attr(field, "type", fields[i][1]);
	}
	xmpp_post(c->x, st);
}

static void
add_edge(const struct mam_call *c, xmpp_stanza_t *metadata, bool newest)
{
	struct reading r;
	const struct history_query query = { .max = 1, .newest = newest };
	struct history result;
	char text[STAMP_MAX];
	char number[RSM_NUMBER_MAX];

	reading_init(&r, c);
	if (bridge_archive(&c->x->net, &r.archive, &query, take_found, &r,
			   &result) == 0 &&
	    r.n) {
		xmpp_stanza_t *st =
			stanza_add(metadata, newest ? "end" : "start", NULL);

		stamp_write(text, r.found[0]->when_ms);
		(void)snprintf(number, sizeof(number), "%" PRId64,
			       r.found[0]->number);
		stanza_attr(st, "id", number);
		stanza_attr(st, "timestamp", text);
	}
	drop_found(&r);
}

static void
answer_metadata(const struct mam_call *c)
{
	xmpp_stanza_t *st = stanza_result(c->x->ctx, c->st);
	xmpp_stanza_t *metadata = stanza_add(st, "metadata", NS_MAM);

	add_edge(c, metadata, false);
	add_edge(c, metadata, true);
	xmpp_post(c->x, st);
}

bool
mam_iq(const struct mam_call *c)
{
	bool get = stanza_has_type(c->st, "get");
	xmpp_stanza_t *query = stanza_child(c->st, "query", NS_MAM);

	if (query && get)
		answer_form(c);
	else if (query)
		answer_query(c, query);
	else if (get && stanza_child(c->st, "metadata", NS_MAM))
		answer_metadata(c);
	else
		return false;
	return true;
}
