/* SPDX-License-Identifier: MIT */
/*
 * account.c - the connections of gateway users: what is theirs alone.
 *
 * Such a connection is its user's own: it hears for them what channels and
 * people say, and what the server itself says to them, which reaches them as
 * messages from the server's name.
 */

#include "protocols/irc/portal.h"

#include "bridge/base.h"
#include "bridge/event.h"
#include "bridge/text.h"
#include "conf/conf.h"
#include "protocols/irc/format.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 8192
#define MOTD_MAX 4096
#define SERVER_MAX 256
/* What a server may say: so much at once, then one each so often. */
#define SAYINGS 20
#define SAYING_MS 3000

/* ---- what the server says ------------------------------------------ */

static bool
may_say(struct irc_puppet *p)
{
	int64_t now = loop_now_ms(p->irc->loop);

	if (p->words_ms < now)
		p->words_ms = now;
	if (p->words_ms - now >= (int64_t)SAYINGS * SAYING_MS)
		return false;
	p->words_ms += SAYING_MS;
	return true;
}

static void
read_words(const struct session *s, struct text_builder *text,
	   const char *words)
{
	AUTO_STR utf8 = { 0 };

	str_init(&utf8, WORDS_MAX);
	text_builder_init(text, WORDS_MAX);
	irc_charset_read(&utf8, words, strlen(words), session_charset(s));
	irc_format_read(text, utf8.data, utf8.len);
}

static void
set_words(const struct session *s, struct event *ev, const char *words)
{
	struct text_builder text;

	read_words(s, &text, words);
	event_take_text(ev, &text);
	text_builder_finish(&text);
}

void
irc_session_words(const struct session *s, struct str *out, const char *words)
{
	struct text_builder text;

	read_words(s, &text, words);
	str_add_n(out, text.utf8.data, text.utf8.len);
	text_builder_finish(&text);
}

/* The server as one who can be a sender: written to, it takes commands. */
static void
set_server(struct irc *irc, struct event *ev, const char *source)
{
	AUTO_STR name = { 0 };

	str_init(&name, 4 * IRC_BODY_MAX);
	irc_words(irc, &name, source ? source : "");
	if (!name.len)
		str_add(&name, irc_server_id(irc));
	str_truncate(&name, utf8_cut(name.data, name.len, SERVER_MAX));
	event_set_sender(ev, irc_server_id(irc), name.data);
}

static void
server_says(struct irc_puppet *p, const struct irc_line *line,
	    const char *words)
{
	struct event *ev;

	if (!p->puppet || !may_say(p))
		return;
	ev = event_make(EVENT_MESSAGE);
	ev->when_ms = irc_line_time(p->irc, line);
	ev->flags = EVENT_NOTICE;
	set_server(p->irc, ev, line->user ? NULL : line->source);
	set_words(&p->session, ev, words);
	event_set_to(ev, p->origin, p->sender_id);
	if (ev->text.len)
		bridge_event(&p->irc->net, ev);
	else
		event_unref(ev);
}

void
irc_numeric_words(struct str *out, const struct irc_line *line)
{
	for (size_t i = 1; i < line->n_params; i++)
		str_printf(out, "%s%s",
			   i == 1                   ? ""
			   : i + 1 < line->n_params ? " "
						    : ": ",
			   line->params[i]);
}

static void
tell_numeric(struct irc_puppet *p, const struct irc_line *line)
{
	AUTO_STR words = { 0 };

	str_init(&words, IRC_BODY_MAX + 8);
	irc_numeric_words(&words, line);
	server_says(p, line, words.data);
}

void
irc_account_error(struct irc_puppet *p, const struct irc_line *line)
{
	unsigned numeric = irc_line_numeric(line);

	if (numeric >= 400 && numeric < 600 && numeric != 422 && numeric != 442)
		tell_numeric(p, line);
}

/* ---- after registration -------------------------------------------- */

static void
motd_line(struct irc_puppet *p, const char *text)
{
	size_t room;

	if (p->motd_told)
		return;
	if (!p->motd.data)
		str_init(&p->motd, MOTD_MAX);
	if (!strncmp(text, "- ", 2))
		text += 2;
	room = MOTD_MAX - p->motd.len;
	if (strlen(text) + 2 > room)
		return;
	str_add(&p->motd, text);
	str_add_char(&p->motd, '\n');
}

static void
motd_ends(struct irc_puppet *p, const struct irc_line *line)
{
	if (p->motd.len && !p->motd_told)
		server_says(p, line, p->motd.data);
	p->motd_told = true;
	str_finish(&p->motd);
	p->motd = (struct str){ 0 };
}

static void
refold(struct irc *irc)
{
	irc_nicks_refold(irc);
	irc_portals_refold(irc);
	for (struct irc_puppet *p = irc->puppets; p; p = p->next)
		for (struct seat *seat = p->seats; seat; seat = seat->next) {
			if (!seat->channel || !seat->occupant)
				continue;
			free(seat->channel);
			seat->channel =
				irc_folded(irc, seat->occupant->channel->name);
		}
}

/* Where no listener is, the first account tells what the server is like. */
static void
learn(struct irc *irc, const struct irc_line *line)
{
	enum irc_casemapping before = irc->isupport.casemapping;

	for (size_t i = 1; i + 1 < line->n_params; i++)
		irc_isupport_token(&irc->isupport, line->params[i]);
	if (irc->isupport.casemapping != before)
		refold(irc);
}

static void
welcome_line(struct irc_puppet *p, const struct irc_line *line)
{
	struct irc *irc = p->irc;

	switch (irc_line_numeric(line)) {
	case 5:
		if (!irc->learnt && !irc->conf->listener)
			learn(irc, line);
		break;
	case 372:
		motd_line(p, irc_line_param(line, line->n_params - 1));
		break;
	case 376:
	case 422:
		irc->learnt = true;
		motd_ends(p, line);
		p->welcomed = true;
		irc_watch_ready(p);
		break;
	}
}

bool
irc_account_line(struct irc_puppet *p, const struct irc_line *line)
{
	bool answer, asked;

	if (!p->account)
		return false;
	answer = irc_raw_line(p, line);
	asked = answer || irc_watch_line(p, line);
	if (!asked && irc_raw_answers(p, line))
		tell_numeric(p, line);
	else if (irc_line_numeric(line))
		welcome_line(p, line);
	else if (!answer && !line->user && !strcmp(line->command, "NOTICE") &&
		 !irc_is_channel(&p->irc->isupport, irc_line_param(line, 0)))
		server_says(p, line, irc_line_param(line, 1));
	irc_portals_line(p, line);
	return answer;
}

/* ---- the end ------------------------------------------------------- */

enum refusal
irc_account_refusal(const struct irc_puppet *p, enum session_end how)
{
	if (p->session.login_failed)
		return REFUSAL_LOGIN;
	switch (p->session.refused) {
	case 433:
	case 436:
	case 437:
		return REFUSAL_NAME_TAKEN;
	case 431:
	case 432:
		return REFUSAL_NAME_INVALID;
	case 464:
		return REFUSAL_LOGIN;
	}
	return how == SESSION_REFUSED ? REFUSAL_BANNED : REFUSAL_OTHER;
}

bool
irc_account_nick_refused(const struct irc_puppet *p)
{
	enum refusal refusal;

	if (!p->account)
		return false;
	refusal = irc_account_refusal(p, SESSION_LOST);
	return refusal == REFUSAL_NAME_TAKEN || refusal == REFUSAL_NAME_INVALID;
}
