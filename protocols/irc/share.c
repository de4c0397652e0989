/* SPDX-License-Identifier: MIT */
/*
 * share.c - the listener in channels that users of a gateway are in, too, with
 * connections of their own. See portal.h, and "Listeners" in
 * bridge/protocol.h.
 */

#include "protocols/irc/portal.h"

#include "bridge/base.h"
#include "bridge/str.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 1024

static struct portal *
shared_find(struct irc *irc, const char *name)
{
	struct portal *portal = NULL;
	char *folded;

	if (!irc->shared)
		return NULL;
	folded = irc_folded(irc, name);
	HASH_FIND(by_name, irc->shared, folded, strlen(folded), portal);
	free(folded);
	return portal;
}

static bool
ask_to_enter(struct portal *portal,
	     bool (*send)(struct session *s, const char *command, ...))
{
	struct irc *irc = portal->view.irc;
	const struct channel *ch = portal->channel->channel;
	const char *key = irc_key_of(irc, ch);

	portal->place = LISTENER_ENTERING;
	if (key ? send(&irc->listener, "JOIN", ch->name, key, NULL)
		: send(&irc->listener, "JOIN", ch->name, NULL))
		return true;
	portal->place = LISTENER_OUTSIDE;
	return false;
}

/* ---- what the bridge asks ------------------------------------------ */

bool
irc_share_enter(struct irc *irc, struct channel *ch)
{
	return ask_to_enter(irc_share_open(irc, ch), session_send_idly);
}

void
irc_share_leave(struct irc *irc, struct channel *ch)
{
	if (irc_portal_of(ch)->place != LISTENER_OUTSIDE)
		session_send_idly(&irc->listener, "PART", ch->name, NULL);
}

void
irc_step_in(struct network *net UNUSED, struct channel *ch)
{
	struct portal *portal = irc_portal_of(ch);

	if (portal->place == LISTENER_INSIDE)
		bridge_stepped_in(ch);
	else if (portal->place == LISTENER_OUTSIDE &&
		 !ask_to_enter(portal, session_send))
		bridge_kept_out(ch, DOWN_UNREACHABLE,
				"too much is waiting to be sent");
}

/* The others hear on from where it stops; first of all, there are some. */
void
irc_step_out(struct network *net, struct channel *ch)
{
	struct irc *irc = irc_from(net);
	struct portal *portal = irc_portal_of(ch);
	struct ear *first = portal->ears;

	if (!first || (first == &portal->listener && !first->next)) {
		bridge_stepped_in(ch);
		return;
	}
	portal->place = LISTENER_OUTSIDE;
	irc_ear_closes(portal, &portal->listener);
	session_send(&irc->listener, "PART", ch->name, NULL);
}

bool
irc_listener_is_in(struct irc *irc, const struct channel *ch)
{
	const struct portal *portal = irc_portal_of(ch);

	if (portal && portal->shared)
		return portal->place == LISTENER_INSIDE;
	return irc->conf->listener && !ch->portal;
}

/* ---- what the server says ------------------------------------------ */

static void
entered(struct portal *portal)
{
	/* If it is the first, the names come, and what was said since; if not,
	 * it is in when the hearer has seen it. */
	portal->place = LISTENER_INSIDE;
	irc_ear_opens(portal, &portal->listener);
	if (portal->listener.overlaps && portal->hearer != &portal->listener)
		bridge_stepped_in(portal->channel->channel);
}

void
irc_share_removed(struct portal *portal, const char *why)
{
	struct channel *ch = portal->channel->channel;
	bool last = portal->ears == &portal->listener && !portal->listener.next;

	portal->place = LISTENER_OUTSIDE;
	irc_ear_closes(portal, &portal->listener);
	if (last)
		irc_share_lost(portal, why);
	else
		bridge_kept_out(ch, DOWN_LOST, why);
}

static void
removed(struct portal *portal, const struct irc_line *line, const char *reason)
{
	struct irc *irc = portal->view.irc;
	bool kicked = !strcmp(line->command, "KICK");
	AUTO_STR text = { 0 }, by = { 0 }, words = { 0 };

	/* The echo of an earlier PART comes after the new JOIN. */
	if (portal->place != LISTENER_INSIDE)
		return;
	str_init(&text, WORDS_MAX);
	str_init(&by, WORDS_MAX);
	str_init(&words, WORDS_MAX);
	if (kicked)
		str_printf(&text, "kicked by %s: %s",
			   irc_words(irc, &by,
				     line->nick ? line->nick : "the server"),
			   irc_words(irc, &words, reason));
	else
		str_add(&text, "removed from the channel");
	irc_share_removed(portal, text.data);
}

static void
refused(struct portal *portal, const struct join_refusal *r)
{
	struct irc *irc = portal->view.irc;
	struct channel *ch = portal->channel->channel;
	bool again = r->refusal == REFUSAL_PASSWORD && irc_key_failed(irc, ch);

	portal->place = LISTENER_OUTSIDE;
	if (!portal->ears)
		irc_join_refused(irc, ch, r);
	else
		bridge_kept_out(ch, again ? DOWN_LOST : r->why, r->text);
}

/* True if the line is about the listener itself: what it did, or what was done
 * to it. */
static bool
about_us(struct portal *portal, const struct irc_line *line)
{
	struct session *s = &portal->view.irc->listener;
	bool own = line->nick && session_is_own(s, line->nick);

	if (!strcmp(line->command, "KICK") &&
	    session_is_own(s, irc_line_param(line, 1)))
		removed(portal, line, irc_line_param(line, 2));
	else if (own && !strcmp(line->command, "PART"))
		removed(portal, line, "");
	else if (!own || strcmp(line->command, "JOIN") != 0)
		return false;
	else if (portal->place == LISTENER_ENTERING)
		entered(portal);
	else if (portal->place == LISTENER_OUTSIDE) /* somebody sent it */
		session_send(s, "PART", portal->channel->channel->name, NULL);
	return true;
}

static void
for_all(struct irc *irc, const struct irc_line *line)
{
	struct portal *portal = irc->shared;

	for (; portal; portal = portal->by_name.next)
		if (portal->hearer == &portal->listener)
			irc_view_line(&portal->view, line);
}

/* Numerics that name the channel first. */
static bool
numeric_line(struct irc *irc, const struct irc_line *line)
{
	unsigned numeric = irc_line_numeric(line);
	const struct join_refusal *r = irc_join_refusal(numeric);
	struct portal *portal = NULL;

	if (r || numeric == 442)
		portal = shared_find(irc, irc_line_param(line, 1));
	if (!portal)
		return false;
	if (r && portal->place == LISTENER_ENTERING)
		refused(portal, r);
	else if (portal->hearer == &portal->listener &&
		 (numeric == 442 || numeric == 403))
		irc_silence_denied(&portal->view, line);
	return true;
}

bool
irc_share_history(struct irc *irc, const struct irc_line *line)
{
	struct portal *portal = NULL;
	const char *name;

	if (!irc_line_tag(line, "batch") || !irc_line_channel(line, &name))
		return false;
	portal = shared_find(irc, name);
	return portal && portal->hearer == &portal->listener &&
	       irc_catch_up_line(&portal->view, line);
}

bool
irc_share_line(struct irc *irc, const struct irc_line *line)
{
	struct portal *portal;
	const char *name;

	if (!irc->shared)
		return false;
	if (irc_line_is_everywhere(line))
		for_all(irc, line); /* and for those who are nowhere */
	if (!irc_line_channel(line, &name))
		return numeric_line(irc, line);
	portal = shared_find(irc, name);
	if (!portal)
		return false;
	if (!about_us(portal, line) && portal->place == LISTENER_INSIDE)
		irc_ear_line(portal, &portal->listener, line);
	return true;
}
