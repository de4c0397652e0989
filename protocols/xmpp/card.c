/* SPDX-License-Identifier: MIT */
/* card.c - cards of people who are in no room; see card.h. */

#include "protocols/xmpp/card.h"

#include "bridge/base.h"
#include "conf/conf.h"

#include <utlist.h>

#include <stdlib.h>
#include <string.h>

#define CARDS_MAX 100 /* asked for at a time, by all users */

struct card {
	struct xmpp *x;
	xmpp_stanza_t *st; /* the question */
	char *name;
	struct request *running;
	struct card *prev, *next;
};

static void
card_free(struct card *card)
{
	DL_DELETE(card->x->cards, card);
	(void)xmpp_stanza_release(card->st);
	free(card->name);
	free(card);
}

void
cards_drop(struct xmpp *x)
{
	while (x->cards) {
		bridge_run_drop(x->cards->running);
		card_free(x->cards);
	}
}

static const char *
real_name(const struct command_answer *answer)
{
	for (size_t i = 0; i < answer->n_entries; i++)
		if (!strcmp(answer->entries[i].value, "real") &&
		    *answer->entries[i].label)
			return answer->entries[i].label;
	return NULL;
}

/* Who cannot ask, because they are not connected, gets what the address says.
 */
static void
on_answer(void *arg, const struct command_answer *answer)
{
	struct card *card = arg;
	struct xmpp *x = card->x;
	struct sender who = { .name = card->name };
	xmpp_stanza_t *result;

	if (answer->kind == ANSWER_REFUSED &&
	    answer->denial == DENIED_UNKNOWN) {
		xmpp_post(x, stanza_error(x->ctx, card->st, "item-not-found",
					  answer->text));
	} else {
		who.real = real_name(answer);
		result = stanza_result(x->ctx, card->st);
		iq_add_card(result, &who);
		xmpp_post(x, result);
	}
	card_free(card);
}

bool
card_iq(const struct card_call *c)
{
	const struct command_run run = {
		.who = c->who,
		.place = { PLACE_PERSON, c->place->label, c->place->name },
		.name = "whois",
	};
	struct card *card;
	size_t n = 0;

	if (!stanza_has_type(c->st, "get") || !c->place->network->irc ||
	    !stanza_child(c->st, "vCard", NS_VCARD))
		return false;
	DL_COUNT(c->x->cards, card, n);
	if (n >= CARDS_MAX) {
		xmpp_post(c->x,
			  stanza_error(c->x->ctx, c->st, "resource-constraint",
				       "too many cards are asked for"));
		return true;
	}
	card = xcalloc(1, sizeof(*card));
	card->x = c->x;
	card->st = xmpp_stanza_clone(c->st);
	card->name = xstrdup(c->place->name);
	DL_APPEND(c->x->cards, card);
	card->running = bridge_run(&c->x->net, &run, on_answer, card);
	return true;
}
