/* SPDX-License-Identifier: MIT */
/*
 * moment.c - who is writing something: the client-only tag +typing, where the
 * server carries such (message-tags, TAGMSG).
 *
 * Whoever is told that somebody writes takes it for over after six seconds,
 * and so do we. A message says that it is over as well.
 */

#include "protocols/irc/channel.h"
#include "protocols/irc/hear.h"
#include "protocols/irc/puppet.h"

#include "bridge/base.h"
#include "protocols/irc/line.h"

#include <stdlib.h>
#include <string.h>

#define TAG "typing"

/* ---- in ------------------------------------------------------------ */

/* False if the line tells nothing of it. */
static bool
read_typing(const struct irc_line *line, bool *typing)
{
	const char *value = irc_line_tag(line, "+" TAG);

	if (!value)
		value = irc_line_tag(line, "+draft/" TAG);
	if (!value || !line->user)
		return false;
	*typing = strcmp(value, "active") == 0;
	return true;
}

static struct event *
typing_event(struct view *v, const struct irc_channel *c,
	     const struct irc_line *line, bool typing)
{
	struct irc_user *u = irc_user_of_line(v, line);
	struct event *ev;

	if (!u)
		return NULL;
	ev = irc_user_event(v, EVENT_TYPING, c, u);
	irc_user_release(v, u); /* unless a member */
	ev->flags |= typing ? 0 : EVENT_REMOVED;
	ev->when_ms = loop_wall_ms(v->irc->loop);
	return ev;
}

void
irc_hear_tags(struct view *v, const struct irc_line *line)
{
	const struct irc_channel *c =
		irc_channel_find(v, irc_line_param(line, 0));
	struct event *ev = NULL;
	bool typing;

	if (!c || c->state <= IRC_CHANNEL_CATCHUP || !line->nick ||
	    irc_is_us(v->irc, line->nick) || !read_typing(line, &typing))
		return;
	ev = typing_event(v, c, line, typing);
	if (ev)
		bridge_event(&v->irc->net, ev);
}

void
irc_hear_tags_direct(struct view *v, const struct puppet *puppet,
		     const struct irc_line *line)
{
	struct event *ev;
	bool typing;

	if (!line->nick || irc_is_us(v->irc, line->nick) ||
	    !read_typing(line, &typing))
		return;
	ev = typing_event(v, NULL, line, typing);
	if (!ev)
		return;
	event_set_to(ev, puppet->origin, puppet->sender->id);
	bridge_event(&v->irc->net, ev);
}

/* ---- out ----------------------------------------------------------- */

/* Not in the way of what is said. */
static bool
may_tell(const struct irc_puppet *p)
{
	return p->session.state == SESSION_UP &&
	       (p->session.caps & IRC_CAP_MESSAGE_TAGS) &&
	       irc_tag_allowed(&p->irc->isupport, TAG) &&
	       session_has_said_all(&p->session);
}

void
irc_tell_typing(struct irc_puppet *p, const struct occupant *o)
{
	const struct channel *ch = o->channel;
	char *target = ch->kind == CHANNEL_DIRECT
			       ? irc_direct_target(p->irc, ch->name)
			       : xstrdup(ch->name);
	struct irc_out out;
	AUTO_STR wire = { 0 };

	if (!target || !may_tell(p)) {
		free(target);
		return;
	}
	str_init(&wire, IRC_LINE_MAX);
	irc_out_init(&out, "TAGMSG");
	irc_out_tag(&out, "+" TAG, o->typing ? "active" : "done");
	irc_out_param(&out, target);
	if (irc_out_write(&out, &wire))
		(void)session_queue(&p->session, &wire, NULL);
	irc_out_finish(&out);
	free(target);
}
