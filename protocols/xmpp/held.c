/* SPDX-License-Identifier: MIT */
/* held.c - deliveries that wait for their files. See held.h. */

#include "protocols/xmpp/held.h"

#include "protocols/xmpp/upload.h"
#include "protocols/xmpp/xmpp.h"

#include "bridge/base.h"

#include <utlist.h>

#include <stdlib.h>

#define LOOK_MS 200
#define RETRY_MS 1000

struct held {
	struct delivery *d;
	struct held *prev, *next;
};

static struct delivery *
held_free(struct xmpp *x, struct held *h)
{
	struct delivery *d = h->d;

	DL_DELETE(x->held, h);
	free(h);
	return d;
}

/* The first of that channel that waits, or NULL. */
static struct held *
first_of(struct xmpp *x, const struct channel *ch)
{
	struct held *h = x->held;

	while (h && h->d->channel != ch)
		h = h->next;
	return h;
}

/* Nobody before it waits, and its file is settled. */
static struct held *
next_ready(struct xmpp *x)
{
	struct held *h = x->held;

	while (h && (first_of(x, h->d->channel) != h ||
		     upload_holds(x, h->d->event)))
		h = h->next;
	return h;
}

/* What is sent may give back others that wait. */
static void
look(void *arg)
{
	struct xmpp *x = arg;
	struct held *h;

	while ((h = next_ready(x)))
		send_now(x, held_free(x, h));
	if (x->held)
		timer_start(&x->held_timer, x->loop, LOOK_MS, look, x);
}

bool
held_take(struct xmpp *x, struct delivery *d)
{
	struct held *h;

	if (!first_of(x, d->channel) && !upload_holds(x, d->event))
		return false;
	h = xcalloc(1, sizeof(*h));
	h->d = d;
	DL_APPEND(x->held, h);
	if (!timer_is_running(&x->held_timer))
		timer_start(&x->held_timer, x->loop, LOOK_MS, look, x);
	return true;
}

void
held_give_back(struct xmpp *x, const struct channel *ch, const char *why)
{
	struct held *h;

	while ((h = first_of(x, ch)))
		bridge_later(held_free(x, h), RETRY_MS, why);
}

void
held_later(struct xmpp *x, struct delivery *d, const char *why)
{
	const struct channel *ch = d->channel;

	bridge_later(d, RETRY_MS, why);
	held_give_back(x, ch, why);
}

void
held_forget(struct xmpp *x, const struct channel *ch)
{
	struct held *h, *next;

	DL_FOREACH_SAFE(x->held, h, next)
	if (!ch || h->d->channel == ch)
		(void)held_free(x, h);
	if (!x->held)
		timer_stop(&x->held_timer);
}
