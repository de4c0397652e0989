/* SPDX-License-Identifier: MIT */
/* directory.c - the channels of a network; see directory.h. */

#include "protocols/xmpp/directory.h"

#include "bridge/base.h"
#include "conf/address.h"
#include "conf/conf.h"
#include "protocols/xmpp/rsm.h"
#include "protocols/xmpp/search.h"

#include <utlist.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRESH_MS (5 * 60 * 1000)
#define DIRECTORIES_MAX 32 /* of all users */
#define WAITING_MAX 10     /* questions for the same one */
#define PAGE_MAX 500
#define NAME_BYTES 600

/* As one user sees one network. */
struct directory {
	struct xmpp *x;
	char *who;
	char *network;           /* label */
	struct request *running; /* NULL: places are known */
	int64_t known_ms;
	struct search_place *places; /* strings are owned */
	size_t n;
	xmpp_stanza_t *waiting[WAITING_MAX]; /* questions */
	size_t n_waiting;
	struct directory *prev, *next;
};

/* ---- life ---------------------------------------------------------------- */

static void
forget_places(struct directory *d)
{
	while (d->n) {
		d->n--;
		free((char *)(uintptr_t)d->places[d->n].jid);
		free((char *)(uintptr_t)d->places[d->n].name);
	}
	free(d->places);
	d->places = NULL;
}

static void
directory_free(struct directory *d)
{
	DL_DELETE(d->x->directories, d);
	if (d->running)
		bridge_run_drop(d->running);
	while (d->n_waiting)
		(void)xmpp_stanza_release(d->waiting[--d->n_waiting]);
	forget_places(d);
	free(d->who);
	free(d->network);
	free(d);
}

void
directories_drop(struct xmpp *x)
{
	while (x->directories)
		directory_free(x->directories);
}

static struct directory *
directory_find(const struct directory_call *c)
{
	struct directory *d;

	DL_FOREACH(c->x->directories, d)
	if (!strcmp(d->network, c->network) && !strcmp(d->who, c->who))
		return d;
	return NULL;
}

/* The one that was asked for first goes, unless somebody waits for it. */
static bool
make_room(struct xmpp *x)
{
	struct directory *d;
	size_t n = 0;

	DL_COUNT(x->directories, d, n);
	if (n < DIRECTORIES_MAX)
		return true;
	DL_FOREACH(x->directories, d)
	if (!d->running)
		break;
	if (d)
		directory_free(d);
	return d != NULL;
}

static struct directory *
directory_new(const struct directory_call *c)
{
	struct directory *d;

	if (!make_room(c->x))
		return NULL;
	d = xcalloc(1, sizeof(*d));
	d->x = c->x;
	d->who = xstrdup(c->who);
	d->network = xstrdup(c->network);
	DL_APPEND(c->x->directories, d);
	return d;
}

/* ---- answering ----------------------------------------------------------- */

static const char *
place_id(const void *arg, size_t i)
{
	const struct directory *d = arg;

	return d->places[i].jid;
}

static void
answer_items(const struct directory *d, xmpp_stanza_t *st)
{
	xmpp_stanza_t *asked = stanza_child(st, "query", NS_DISCO_ITEMS);
	const struct rsm_things all = {
		.n = d->n,
		.fallback = PAGE_MAX,
		.limit = PAGE_MAX,
		.id = place_id,
		.arg = d,
	};
	struct rsm_page page;
	const char *why = rsm_find_page(asked, &all, &page);

	if (why) {
		xmpp_post(d->x, stanza_error(d->x->ctx, st, why, NULL));
		return;
	}
	xmpp_stanza_t *result = stanza_result(d->x->ctx, st);
	xmpp_stanza_t *query = stanza_add(result, "query", NS_DISCO_ITEMS);
	for (size_t i = page.from; i < page.until; i++) {
		xmpp_stanza_t *item = stanza_add(query, "item", NULL);

		stanza_attr(item, "jid", d->places[i].jid);
		stanza_attr(item, "name", d->places[i].name);
	}
	if (stanza_child(asked, "set", NS_RSM) || d->n > PAGE_MAX)
		rsm_add_page(query, &all, &page);
	xmpp_post(d->x, result);
}

static void
answer(const struct directory *d, xmpp_stanza_t *st)
{
	if (stanza_child(st, "query", NS_SEARCH))
		search_answer(d->x, st, d->places, d->n);
	else
		answer_items(d, st);
}

/* ---- asking -------------------------------------------------------------- */

static void
take_place(struct directory *d, const struct choice *entry)
{
	struct address_place place = { .kind = ADDRESS_CHANNEL };
	struct search_place *at = &d->places[d->n];
	char jid[FULL_JID_MAX];
	AUTO_STR name = { 0 };

	if (strlen(entry->value) >= sizeof(place.name) ||
	    !address_set_network(d->x->conf->gateway, d->network, &place))
		return;
	(void)snprintf(place.name, sizeof(place.name), "%s", entry->value);
	/* In its one form; address.h. */
	for (char *c = place.name; *c && !place.network->matrix; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	if (!address_write(d->x->conf->gateway, &place, d->x->conf->component,
			   jid, sizeof(jid)))
		return;
	str_init(&name, NAME_BYTES + sizeof(place.name));
	str_printf(&name, "%s%s%s", entry->value, entry->label ? " " : "",
		   entry->label ? entry->label : "");
	at->jid = xstrdup(jid);
	at->name = str_take(&name);
	d->n++;
}

static void
refuse(struct directory *d, const struct command_answer *answer)
{
	for (size_t i = 0; i < d->n_waiting; i++)
		xmpp_post(d->x, stanza_error(d->x->ctx, d->waiting[i],
					     "not-allowed", answer->text));
	directory_free(d);
}

static void
on_answer(void *arg, const struct command_answer *answered)
{
	struct directory *d = arg;

	d->running = NULL;
	if (answered->kind != ANSWER_DONE) {
		refuse(d, answered);
		return;
	}
	forget_places(d);
	d->places = xcalloc(answered->n_entries + 1, sizeof(*d->places));
	for (size_t i = 0; i < answered->n_entries; i++)
		take_place(d, &answered->entries[i]);
	d->known_ms = loop_now_ms(d->x->loop);
	for (size_t i = 0; i < d->n_waiting; i++) {
		answer(d, d->waiting[i]);
		(void)xmpp_stanza_release(d->waiting[i]);
	}
	d->n_waiting = 0;
}

static void
wait_for_it(struct directory *d, xmpp_stanza_t *st)
{
	static const struct given all = { "search", "" };
	const struct command_run run = {
		.who = d->who,
		.place = { PLACE_NETWORK, d->network, NULL },
		.name = "list",
		.given = &all,
		.n_given = 1,
	};

	if (d->n_waiting == WAITING_MAX) {
		xmpp_post(d->x,
			  stanza_error(d->x->ctx, st, "resource-constraint",
				       "wait for what you asked for before"));
		return;
	}
	d->waiting[d->n_waiting++] = xmpp_stanza_clone(st);
	if (!d->running)
		d->running = bridge_run(&d->x->net, &run, on_answer, d);
}

/* Something before or behind another place: of what was told already. */
static bool
goes_on(xmpp_stanza_t *st)
{
	xmpp_stanza_t *set = stanza_child(
		stanza_child(st, "query", NS_DISCO_ITEMS), "set", NS_RSM);

	return stanza_child(set, "after", NS_RSM) ||
	       stanza_child(set, "before", NS_RSM) ||
	       stanza_child(set, "index", NS_RSM);
}

void
directory_iq(const struct directory_call *c)
{
	struct directory *d = directory_find(c);
	int64_t age = d ? loop_now_ms(c->x->loop) - d->known_ms : 0;

	if (!d)
		d = directory_new(c);
	if (!d)
		xmpp_post(c->x,
			  stanza_error(c->x->ctx, c->st, "resource-constraint",
				       "too many people are looking"));
	else if (d->places && !d->running && (goes_on(c->st) || age < FRESH_MS))
		answer(d, c->st);
	else
		wait_for_it(d, c->st);
}
