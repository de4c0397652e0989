/* SPDX-License-Identifier: MIT */
/*
 * view.c - what a line of a connection that hears means for its channels: a
 * table from command to function.
 */

#include "protocols/irc/channel.h"

#include "bridge/base.h"
#include "protocols/irc/hear.h"

#include <string.h>

void
irc_view_init(struct view *v, struct irc *irc, struct session *session)
{
	*v = (struct view){ .irc = irc, .session = session };
}

void
irc_view_clear(struct view *v)
{
	struct irc_channel *c, *next;
	struct irc_user *u, *next_user;

	HASH_ITER(hh, v->channels, c, next)
	irc_channel_free(c);
	HASH_ITER(by_nick, v->users_by_nick, u, next_user)
	irc_user_release(v, u);
	irc_batches_free(v);
	v->polled = false;
}

static void
on_said(struct view *v, const struct irc_line *line)
{
	if (line->nick && irc_is_us(v->irc, line->nick))
		irc_sighted(v->irc, line);
	else
		irc_hear(v, line);
}

static void
ignore(struct view *v UNUSED, const struct irc_line *line UNUSED)
{
}

/* The most frequent first. */
static const struct {
	const char *command;
	void (*fn)(struct view *v, const struct irc_line *line);
} commands[] = {
	{ "PRIVMSG", on_said },
	{ "JOIN", irc_on_join },
	{ "QUIT", irc_on_quit },
	{ "PART", irc_on_part },
	{ "AWAY", irc_on_away },
	{ "MODE", irc_on_mode },
	{ "NICK", irc_on_nick },
	{ "NOTICE", on_said },
	{ "301", irc_on_away_is },
	{ "324", irc_on_modes_are },
	{ "352", irc_on_who },
	{ "353", irc_on_names },
	{ "354", irc_on_whox },
	{ "366", irc_on_names_end },
	{ "KICK", irc_on_kick },
	{ "TOPIC", irc_on_topic },
	{ "TAGMSG", irc_hear_tags },
	{ "ACCOUNT", irc_on_account },
	{ "BATCH", irc_on_batch },
	{ "FAIL", irc_on_fail },
	{ "332", irc_on_topic_is },
	{ "333", irc_on_topic_by },
	{ "442", irc_silence_denied },
	{ "SETNAME", irc_on_setname },
	/* Of others; session.c knows our own. It stands for QUIT and JOIN. */
	{ "CHGHOST", ignore },
};

bool
irc_view_line(struct view *v, const struct irc_line *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].command, line->command) != 0)
			continue;
		commands[i].fn(v, line);
		return true;
	}
	return false;
}
