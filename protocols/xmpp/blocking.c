/* SPDX-License-Identifier: MIT */
/* blocking.c - whom users do not want to hear; see blocking.h. */

#include "protocols/xmpp/blocking.h"

#include "bridge/base.h"
#include "conf/address.h"
#include "conf/conf.h"
#include "protocols/xmpp/hosted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 100 /* in one request */

/* A change that is asked for. */
struct change {
	const struct blocking_call *c;
	bool remove;
	struct address_place places[ITEMS_MAX];
	size_t n;
};

/* ---- who is told of changes ---------------------------------------------- */

/* Whoever has asked for the list; the oldest are forgotten. */
static void
remember_reader(struct xmpp *x, const char *full)
{
	for (size_t i = 0; i < BLOCK_READERS_MAX; i++)
		if (x->block_readers[i] && !strcmp(x->block_readers[i], full))
			return;
	free(x->block_readers[x->next_block_reader]);
	x->block_readers[x->next_block_reader] = xstrdup(full);
	x->next_block_reader = (x->next_block_reader + 1) % BLOCK_READERS_MAX;
}

void
blocking_drop(struct xmpp *x)
{
	for (size_t i = 0; i < BLOCK_READERS_MAX; i++) {
		free(x->block_readers[i]);
		x->block_readers[i] = NULL;
	}
}

static void
push_to(const struct blocking_call *c, const char *full, xmpp_stanza_t *asked)
{
	xmpp_stanza_t *iq =
		stanza_new(c->x->ctx, "iq", c->x->conf->component, full, "set");
	xmpp_stanza_t *copy = xmpp_stanza_copy(asked);
	char id[32];

	(void)snprintf(id, sizeof(id), "block-%zu", ++c->x->n_block_pushes);
	stanza_attr(iq, "id", id);
	(void)xmpp_stanza_add_child(iq, copy);
	(void)xmpp_stanza_release(copy);
	xmpp_post(c->x, iq);
}

static void
push(const struct blocking_call *c, xmpp_stanza_t *asked)
{
	size_t len = strlen(c->who);

	for (size_t i = 0; i < BLOCK_READERS_MAX; i++) {
		const char *full = c->x->block_readers[i];

		if (full && !strncmp(full, c->who, len) && full[len] == '/')
			push_to(c, full, asked);
	}
}

/* ---- the list ------------------------------------------------------------ */

struct listing {
	const struct blocking_call *c;
	xmpp_stanza_t *list;
};

static void
add_item(void *arg, const struct address *person)
{
	const struct listing *l = arg;
	const struct conf_xmpp *conf = l->c->x->conf;
	char jid[FULL_JID_MAX];

	if (address_of_person(conf->gateway, person->id, person->network,
			      conf->component, jid, sizeof(jid)))
		stanza_attr(stanza_add(l->list, "item", NULL), "jid", jid);
}

static void
say_list(const struct blocking_call *c)
{
	xmpp_stanza_t *result = stanza_result(c->x->ctx, c->st);
	struct listing l = { c, stanza_add(result, "blocklist", NS_BLOCKING) };

	bridge_blocked(&c->x->net, c->who, add_item, &l);
	remember_reader(c->x, stanza_get(c->st, "from"));
	xmpp_post(c->x, result);
}

/* ---- changes ------------------------------------------------------------- */

static struct address
person_of(const struct address_place *place)
{
	return (struct address){ place->label, place->name };
}

/* The person that an item is about. */
static bool
read_item(struct xmpp *x, const char *jid, struct address_place *place)
{
	hosted_place(x, jid, place);
	if (place->kind == ADDRESS_CHANNEL && *jid_resource(jid) &&
	    strlen(jid_resource(jid)) < sizeof(place->name)) {
		place->kind = ADDRESS_PERSON;
		(void)snprintf(place->name, sizeof(place->name), "%s",
			       jid_resource(jid));
	}
	return place->kind == ADDRESS_PERSON;
}

/* NULL, or the condition for which nothing is done; why says more. */
static const char *
read_items(struct change *ch, xmpp_stanza_t *asked, const char **why)
{
	struct xmpp *x = ch->c->x;
	xmpp_stanza_t *item = xmpp_stanza_get_children(asked);

	for (; item; item = xmpp_stanza_get_next(item)) {
		struct address_place *place = &ch->places[ch->n];
		struct address person;

		if (!stanza_is(item, "item"))
			continue;
		*why = "that is too many at once";
		if (ch->n == ITEMS_MAX)
			return "resource-constraint";
		*why = "only people of the networks of this gateway can be "
		       "blocked here";
		if (!read_item(x, stanza_get(item, "jid"), place))
			return "item-not-found";
		person = person_of(place);
		*why = ch->remove
			       ? NULL
			       : bridge_may_block(&x->net, ch->c->who, &person);
		if (*why)
			return "not-allowed";
		ch->n++;
	}
	return NULL;
}

struct all {
	struct address_place *places;
	size_t n;
};

static void
note(void *arg, const struct address *person)
{
	struct all *all = arg;
	struct address_place *place;

	if (strlen(person->network) > ADDRESS_LABEL_MAX ||
	    strlen(person->id) >= sizeof(place->name))
		return;
	all->places =
		xrealloc(all->places, (all->n + 1) * sizeof(*all->places));
	place = &all->places[all->n++];
	(void)snprintf(place->label, sizeof(place->label), "%s",
		       person->network);
	(void)snprintf(place->name, sizeof(place->name), "%s", person->id);
}

static void
unblock_all(const struct blocking_call *c)
{
	struct all all = { NULL, 0 };

	bridge_blocked(&c->x->net, c->who, note, &all);
	for (size_t i = 0; i < all.n; i++) {
		const struct address person = person_of(&all.places[i]);

		bridge_unblock(&c->x->net, c->who, &person);
	}
	free(all.places);
}

static void
apply(const struct change *ch)
{
	struct network *net = &ch->c->x->net;

	for (size_t i = 0; i < ch->n; i++) {
		const struct address person = person_of(&ch->places[i]);

		if (ch->remove)
			bridge_unblock(net, ch->c->who, &person);
		else
			(void)bridge_block(net, ch->c->who, &person);
	}
	if (ch->remove && !ch->n)
		unblock_all(ch->c);
}

static void
change(const struct blocking_call *c, xmpp_stanza_t *asked, bool remove)
{
	struct change *ch = xcalloc(1, sizeof(*ch));
	const char *why = NULL;
	const char *condition;

	ch->c = c;
	ch->remove = remove;
	condition = read_items(ch, asked, &why);
	if (!condition && !remove && !ch->n) {
		condition = "bad-request";
		why = "whom to block is missing";
	}
	if (condition) {
		xmpp_refuse(c->x, c->st, condition, why);
	} else {
		apply(ch);
		xmpp_post(c->x, stanza_result(c->x->ctx, c->st));
		push(c, asked);
	}
	free(ch);
}

bool
blocking_iq(const struct blocking_call *c)
{
	bool get = stanza_has_type(c->st, "get");
	xmpp_stanza_t *list = stanza_child(c->st, "blocklist", NS_BLOCKING);
	xmpp_stanza_t *block = stanza_child(c->st, "block", NS_BLOCKING);
	xmpp_stanza_t *unblock = stanza_child(c->st, "unblock", NS_BLOCKING);

	if (!(get ? list : block ? block : unblock))
		return false;
	if (!*c->who)
		xmpp_refuse(c->x, c->st, "forbidden",
			    "this gateway is not open to you");
	else if (get)
		say_list(c);
	else
		change(c, block ? block : unblock, !block);
	return true;
}
