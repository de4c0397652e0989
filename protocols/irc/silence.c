/* SPDX-License-Identifier: MIT */
/*
 * silence.c - channels that fell silent.
 *
 * A server may have dropped us from a channel without our seeing it: then we
 * wait there for ever. A channel of which nothing was heard for
 * conf->silence_s is asked for its names; if ours is not among them it is
 * lost, and the bridge enters it again.
 */

#include "protocols/irc/portal.h"

#include "bridge/base.h"
#include "bridge/loop.h"
#include "conf/conf.h"

#define LOOKS 15 /* within one silence */

static void
look_at(struct view *v)
{
	int64_t now = loop_now_ms(v->irc->loop);
	int64_t silence = (int64_t)v->irc->conf->silence_s * 1000;
	struct irc_channel *c, *next;

	HASH_ITER(hh, v->channels, c, next)
	{
		if (c->state != IRC_CHANNEL_JOINED ||
		    now - c->heard_ms < silence)
			continue;
		c->asked = true;
		c->found = false;
		c->heard_ms = now; /* not again so soon */
		session_send_idly(v->session, "NAMES", c->channel->name, NULL);
	}
}

static void
look(void *arg)
{
	struct view *v = arg;
	struct portal *portal = v->irc->shared;

	look_at(v);
	for (; portal; portal = portal->by_name.next)
		if (portal->hearer == &portal->listener)
			look_at(&portal->view);
	irc_silence_watch(v);
}

void
irc_silence_watch(struct view *v)
{
	if (v->irc->conf->silence_s)
		timer_start(&v->irc->silence_timer, v->irc->loop,
			    (int64_t)v->irc->conf->silence_s * 1000 / LOOKS,
			    look, v);
}

void
irc_silence_broken(struct view *v, const struct irc_line *line)
{
	const char *name = irc_line_param(line, 0);
	struct irc_channel *c = irc_is_channel(&v->irc->isupport, name)
					? irc_channel_find(v, name)
					: NULL;

	if (c)
		c->heard_ms = loop_now_ms(v->irc->loop);
}

static void
lost(struct irc_channel *c)
{
	struct view *v = c->view;
	struct channel *ch = c->channel;

	if (irc_portal_of(ch)) {
		irc_share_removed(irc_portal_of(ch),
				  "no longer in the channel");
		return;
	}
	irc_channel_free(c);
	irc_puppets_lost(v->irc, ch);
	bridge_left(ch, DOWN_LOST, "no longer in the channel");
}

void
irc_silence_answered(struct irc_channel *c)
{
	c->asked = false;
	if (!c->found)
		lost(c);
}

void
irc_silence_denied(struct view *v, const struct irc_line *line)
{
	struct irc_channel *c = irc_channel_find(v, irc_line_param(line, 1));

	if (c && c->asked)
		lost(c);
}
