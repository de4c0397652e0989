/* SPDX-License-Identifier: MIT */
/*
 * listener.c - what the lines of the listener's connection mean: a table from
 * command to function, and what concerns the listener itself.
 */

#include "protocols/irc/irc.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "protocols/irc/channel.h"
#include "protocols/irc/portal.h"

#include <string.h>

#define REGAIN_MS 300000
#define WORDS_MAX 1024

/* ---- refusals ------------------------------------------------------ */

static const struct join_refusal refusals[] = {
	{ 403, DOWN_REFUSED, REFUSAL_NO_CHANNEL, "there is no such channel" },
	{ 405, DOWN_UNREACHABLE, REFUSAL_OTHER, "in too many channels" },
	{ 437, DOWN_UNREACHABLE, REFUSAL_OTHER,
	  "the channel is not available for now" },
	{ 470, DOWN_REFUSED, REFUSAL_OTHER, "the channel forwards to another" },
	{ 471, DOWN_UNREACHABLE, REFUSAL_FULL, "the channel is full" },
	{ 473, DOWN_REFUSED, REFUSAL_INVITED_ONLY,
	  "the channel is for invited people" },
	{ 474, DOWN_REFUSED, REFUSAL_BANNED, "banned from the channel" },
	{ 475, DOWN_REFUSED, REFUSAL_PASSWORD,
	  "the key of the channel is another" },
	{ 476, DOWN_REFUSED, REFUSAL_NO_CHANNEL,
	  "that is no name for a channel" },
	{ 477, DOWN_REFUSED, REFUSAL_REGISTERED_ONLY,
	  "the channel is for registered nicks" },
	{ 480, DOWN_UNREACHABLE, REFUSAL_OTHER,
	  "the channel takes nobody for now" },
	{ 489, DOWN_REFUSED, REFUSAL_OTHER,
	  "the channel is for TLS connections" },
	{ 519, DOWN_REFUSED, REFUSAL_OTHER,
	  "the channel is for administrators" },
	{ 520, DOWN_REFUSED, REFUSAL_OTHER, "the channel is for operators" },
};

const struct join_refusal *
irc_join_refusal(unsigned numeric)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (refusals[i].numeric == numeric)
			return &refusals[i];
	return NULL;
}

void
irc_join_refused(struct irc *irc, struct channel *ch,
		 const struct join_refusal *r)
{
	irc_channel_close(ch);
	if (r->refusal == REFUSAL_PASSWORD && irc_key_failed(irc, ch))
		bridge_left(ch, DOWN_LOST, "the key has changed again");
	else
		bridge_left(ch, r->why, r->text);
}

static void
join_refused(struct irc *irc, const struct join_refusal *r, const char *name)
{
	struct irc_channel *c = irc_channel_find(&irc->view, name);

	if (c && c->state == IRC_CHANNEL_JOINING)
		irc_join_refused(irc, c->channel, r);
}

/* ---- our own nick -------------------------------------------------- */

static void
regain(void *arg)
{
	struct irc *irc = arg;

	if (irc_compare(irc->isupport.casemapping, irc->listener.nick,
			irc->conf->nick) == 0)
		return;
	session_send(&irc->listener, "NICK", irc->conf->nick, NULL);
	timer_start(&irc->regain_timer, irc->loop, REGAIN_MS, regain, irc);
}

/* Somebody gave up a nick: was it the one that we wanted? */
static void
nick_is_free(struct irc *irc, const char *nick)
{
	if (nick &&
	    !irc_compare(irc->isupport.casemapping, nick, irc->conf->nick))
		regain(irc);
}

static void
on_nick(struct irc *irc, const struct irc_line *line)
{
	irc_on_nick(&irc->view, line);
	if (!line->nick)
		return;
	if (session_is_own(&irc->listener, line->nick)) {
		irc_own_nick_ends(irc, line->nick);
		irc_own_nick_begins(irc, irc_line_param(line, 0));
		return;
	}
	irc_nick_seen(irc, line->nick, irc_line_param(line, 0));
	nick_is_free(irc, line->nick);
}

static void
on_quit(struct irc *irc, const struct irc_line *line)
{
	irc_on_quit(&irc->view, line);
	if (!line->nick)
		return;
	irc_nick_seen(irc, line->nick, NULL);
	nick_is_free(irc, line->nick);
}

/* ---- after registration -------------------------------------------- */

static void
on_isupport(struct irc *irc, const struct irc_line *line)
{
	/* Our nick comes first, words for people last. */
	for (size_t i = 1; i + 1 < line->n_params; i++)
		irc_isupport_token(&irc->isupport, line->params[i]);
}

static void
set_bot_mode(struct irc *irc)
{
	char mode[] = { '+', irc->isupport.bot, '\0' };

	if (irc->isupport.bot)
		session_send(&irc->listener, "MODE", irc->listener.nick, mode,
			     NULL);
}

static void
after_connect(struct irc *irc)
{
	AUTO_STR line = { 0 };

	str_init(&line, IRC_BODY_MAX);
	for (size_t i = 0; i < irc->conf->n_after_connect; i++) {
		str_clear(&line);
		str_add(&line, irc->conf->after_connect[i]);
		str_truncate(&line, strcspn(line.data, "\r\n"));
		str_add(&line, "\r\n");
		session_queue(&irc->listener, &line, NULL);
	}
}

static void poll_away(void *arg);

static void
poll_later(struct irc *irc)
{
	int64_t ms = (int64_t)irc->conf->away_poll_s * 1000;

	if (ms)
		timer_start(&irc->poll_timer, irc->loop, ms, poll_away, irc);
}

static void
poll_away(void *arg)
{
	struct irc *irc = arg;

	irc_poll_away(&irc->view);
	poll_later(irc);
}

/* The message of the day is over: now we know what the server is like. */
void
irc_listener_welcome(struct irc *irc)
{
	if (irc->up)
		return;
	irc->up = irc->learnt = true;
	timer_stop(&irc->welcome_timer);
	set_bot_mode(irc);
	after_connect(irc);
	timer_start(&irc->regain_timer, irc->loop, REGAIN_MS, regain, irc);
	irc_silence_watch(&irc->view);
	if (!(irc->listener.caps & IRC_CAP_AWAY_NOTIFY))
		poll_later(irc);
	bridge_network_up(&irc->net);
}

static void
on_welcomed(struct irc *irc, const struct irc_line *line UNUSED)
{
	irc_listener_welcome(irc);
}

/* ---- the table ----------------------------------------------------- */

/* What concerns the listener itself; the rest is the view's. */
static const struct {
	const char *command;
	void (*fn)(struct irc *irc, const struct irc_line *line);
} commands[] = {
	{ "NICK", on_nick },    { "QUIT", on_quit },    { "005", on_isupport },
	{ "376", on_welcomed }, { "422", on_welcomed },
};

static bool
own_line(struct irc *irc, const struct irc_line *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].command, line->command) != 0)
			continue;
		commands[i].fn(irc, line);
		return true;
	}
	return false;
}

void
irc_listener_line(struct irc *irc, const struct irc_line *line)
{
	unsigned numeric = irc_line_numeric(line);

	log_trace(irc->net.name, "read %s", line->command);
	if (irc_share_history(irc, line) || irc_catch_up_line(&irc->view, line))
		return;
	irc_silence_broken(&irc->view, line);
	if (irc_settles(irc, &irc->speaker, line) ||
	    irc_share_line(irc, line) || own_line(irc, line) ||
	    irc_view_line(&irc->view, line))
		return;
	if (numeric == 403)
		irc_silence_denied(&irc->view, line);
	if (irc_join_refusal(numeric))
		join_refused(irc, irc_join_refusal(numeric),
			     irc_line_param(line, 1));
}
