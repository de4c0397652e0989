/* SPDX-License-Identifier: MIT */
/*
 * bounce.c - tell an author on IRC that a message did not get through: a
 * NOTICE to their nick, at most one in ten seconds, which then says how many
 * more there were.
 */

#include "protocols/irc/irc.h"

#include "bridge/base.h"
#include "bridge/event.h"
#include "bridge/str.h"
#include "protocols/irc/channel.h"

#include <stdlib.h>
#include <string.h>

#define BOUNCE_MS 10000
#define BOUNCERS_MAX 100
#define WHY_MAX 300

/* One author who was told something lately. */
struct bouncer {
	struct bouncer *next;
	char *id;
	struct throttle throttle;
};

static void
bouncer_free(struct bouncer *b)
{
	free(b->id);
	free(b);
}

void
irc_bouncers_free(struct irc *irc)
{
	while (irc->bouncers) {
		struct bouncer *b = irc->bouncers;

		irc->bouncers = b->next;
		bouncer_free(b);
	}
}

/* The author's, newest first; the oldest of too many is forgotten. */
static struct bouncer *
bouncer_for(struct irc *irc, const char *id)
{
	struct bouncer **at = &irc->bouncers;
	struct bouncer *b;

	for (unsigned n = 0; *at && strcmp((*at)->id, id) != 0; n++) {
		if (n + 1 == BOUNCERS_MAX) {
			b = *at;
			*at = b->next;
			bouncer_free(b);
			break;
		}
		at = &(*at)->next;
	}
	b = *at;
	if (b && !strcmp(b->id, id)) {
		*at = b->next;
	} else {
		b = xcalloc(1, sizeof(*b));
		b->id = xstrdup(id);
	}
	b->next = irc->bouncers;
	irc->bouncers = b;
	return b;
}

/* The one who was written to answers, or the listener. */
static struct session *
voice(struct irc *irc, const struct event *ev)
{
	struct irc_puppet *p =
		event_is_direct(ev) && ev->to.id
			? irc_puppet_of(irc, ev->to.network, ev->to.id)
			: NULL;
	struct session *s = p ? irc_puppet_session(p) : NULL;

	return s ? s : &irc->listener;
}

void
irc_bounce(struct network *net, struct channel *ch UNUSED,
	   const struct event *ev, const char *why)
{
	struct irc *irc = irc_from(net);
	const struct irc_user *u = irc_user_find_id(&irc->view, ev->sender.id);
	struct bouncer *b = bouncer_for(irc, ev->sender.id);
	unsigned more = b->throttle.suppressed;
	AUTO_STR text = { 0 };

	if (!u || !irc_may_answer(irc, &b->throttle, BOUNCE_MS))
		return;
	str_init(&text, WHY_MAX + 64);
	str_add(&text, "Not delivered: ");
	str_add_n(&text, why, strnlen(why, WHY_MAX));
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < ' ')
			text.data[i] = ' ';
	if (more)
		str_printf(&text, " (and %u more)", more);
	session_send(voice(irc, ev), "NOTICE", u->nick, text.data, NULL);
}
