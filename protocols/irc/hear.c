/* SPDX-License-Identifier: MIT */
/* hear.c - what people say, as events. See hear.h. */

#include "protocols/irc/hear.h"

#include "bridge/base.h"
#include "bridge/event.h"
#include "bridge/origin.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "conf/conf.h"
#include "protocols/irc/channel.h"
#include "protocols/irc/format.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SAID_MAX 4096
#define ID_MAX 512
#define ANSWER_MS 30000
#define CTCP_PING_MAX 64
#define CTCP '\001'

/* A text taken apart: "" or the CTCP command, and what it says. */
struct said {
	const char *charset; /* if it is not UTF-8 */
	char ctcp[16];
	const char *text;
	size_t len;
};

static struct said
take_apart(const struct session *s, const struct irc_line *line)
{
	const char *text = irc_line_param(line, 1);
	struct said said = { .charset = session_charset(s),
			     .text = text,
			     .len = strlen(text) };
	size_t word;

	if (*text != CTCP)
		return said;
	said.text++;
	said.len--;
	if (said.len && said.text[said.len - 1] == CTCP)
		said.len--; /* which some clients forget */
	word = strcspn(said.text, " \001");
	if (word > said.len)
		word = said.len;
	snprintf(said.ctcp, sizeof(said.ctcp), "%.*s", (int)word, said.text);
	if (!word)
		snprintf(said.ctcp, sizeof(said.ctcp), "?");
	said.text += word;
	said.len -= word;
	if (said.len && *said.text == ' ') {
		said.text++;
		said.len--;
	}
	return said;
}

/* ---- CTCP ---------------------------------------------------------- */

/* What to answer, after the command's own name; false: nothing. */
static bool
ctcp_answer(struct view *v, const struct said *said, struct str *out)
{
	time_t now = (time_t)(loop_wall_ms(v->irc->loop) / 1000);
	struct tm tm;
	char text[64];

	if (!strcmp(said->ctcp, "VERSION")) {
		str_add(out, "Causeway " CAUSEWAY_VERSION);
	} else if (!strcmp(said->ctcp, "PING")) {
		str_add_n(out, said->text,
			  said->len < CTCP_PING_MAX ? said->len
						    : CTCP_PING_MAX);
	} else if (!strcmp(said->ctcp, "TIME")) {
		gmtime_r(&now, &tm);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
		str_add(out, text);
	} else if (!strcmp(said->ctcp, "CLIENTINFO")) {
		str_add(out, "ACTION CLIENTINFO PING TIME VERSION");
	} else {
		return false;
	}
	return true;
}

static void
on_ctcp(struct view *v, struct session *s, struct throttle *answers,
	const struct irc_line *line, const struct said *said)
{
	AUTO_STR text = { 0 }, reply = { 0 };

	str_init(&text, 256);
	str_init(&reply, 300);
	if (strcmp(line->command, "PRIVMSG") != 0 ||
	    !ctcp_answer(v, said, &text) ||
	    !irc_may_answer(v->irc, answers, ANSWER_MS))
		return;
	str_printf(&reply, "\001%s %s\001", said->ctcp, text.data);
	session_send(s, "NOTICE", line->nick, reply.data, NULL);
}

/* ---- events -------------------------------------------------------- */

static void
set_said(struct event *ev, const struct said *said)
{
	AUTO_STR utf8 = { 0 };
	struct text_builder text;

	str_init(&utf8, SAID_MAX);
	text_builder_init(&text, SAID_MAX);
	irc_charset_read(&utf8, said->text, said->len, said->charset);
	irc_format_read(&text, utf8.data, utf8.len);
	event_take_text(ev, &text);
	text_builder_finish(&text);
}

/* The tag, if it can be an id; anybody may send any +reply. */
static const char *
id_from_tag(struct event *ev, const struct irc_line *line, const char *key)
{
	const char *value = irc_line_tag(line, key);

	if (!value || !*value || strlen(value) > ID_MAX ||
	    !utf8_valid(value, strlen(value)))
		return NULL;
	return event_strdup(ev, value);
}

static void
set_ids(struct event *ev, const struct irc_line *line)
{
	ev->id = ev->key = id_from_tag(ev, line, "msgid");
	ev->parent = id_from_tag(ev, line, "+reply");
	if (!ev->parent)
		ev->parent = id_from_tag(ev, line, "+draft/reply");
}

/* A message from u in c, or direct if c is NULL; NULL if it says nothing. */
static struct event *
message(struct view *v, const struct irc_channel *c, struct irc_user *u,
	const struct irc_line *line, const struct said *said)
{
	struct event *ev = irc_user_event(v, EVENT_MESSAGE, c, u);

	set_said(ev, said);
	set_ids(ev, line);
	ev->when_ms = irc_line_time(v->irc, line);
	if (c)
		ev->cursor = irc_cursor(v, ev, line);
	if (c && irc_line_tag(line, "+" IRC_ORIGIN_TAG))
		(void)origin_read(ev, irc_line_tag(line, "+" IRC_ORIGIN_TAG));
	if (said->ctcp[0])
		ev->flags |= EVENT_ACTION;
	if (!strcmp(line->command, "NOTICE"))
		ev->flags |= EVENT_NOTICE;
	if (ev->text.len)
		return ev;
	event_unref(ev);
	return NULL;
}

/* Nobody speaks to the listener; say so, but not to programs. */
static void
explain(struct view *v, const struct irc_line *line)
{
	if (!strcmp(line->command, "NOTICE") ||
	    !irc_may_answer(v->irc, &v->irc->query, ANSWER_MS))
		return;
	session_send(v->session, "NOTICE", line->nick,
		     "I am a bridge to another network and read no messages. "
		     "To reach one person there, write to their nick.",
		     NULL);
}

void
irc_hear(struct view *v, const struct irc_line *line)
{
	const char *target = irc_line_param(line, 0);
	struct said said = take_apart(v->session, line);
	bool to_us = session_is_own(v->session, target);
	bool action = !strcmp(said.ctcp, "ACTION");
	struct irc_channel *c = to_us ? NULL : irc_channel_find(v, target);
	struct irc_user *u;
	struct event *ev;

	if (!line->user) /* a server, or a service that is one */
		return;
	if (c && v->session != &v->irc->listener && said.ctcp[0] && !action)
		return; /* nobody is a program there */
	if ((c || to_us) && said.ctcp[0] && !action) {
		on_ctcp(v, v->session, &v->irc->ctcp, line, &said);
		return;
	}
	if (to_us) {
		explain(v, line);
		return;
	}
	if (!c || c->state < IRC_CHANNEL_CATCHUP)
		return;
	u = irc_user_of_line(v, line);
	if (!u)
		return;
	ev = message(v, c, u, line, &said);
	irc_user_release(v, u); /* unless a member */
	if (ev && c->catchup)
		irc_catch_up_hold(c, ev);
	else if (ev)
		bridge_event(&v->irc->net, ev);
}

void
irc_hear_late(struct irc_channel *c, const struct irc_line *line)
{
	struct view *v = c->view;
	struct said said = take_apart(v->session, line);
	struct irc_user *u;
	struct event *ev;

	if (!line->user || !*line->nick ||
	    (strcmp(line->command, "PRIVMSG") != 0 &&
	     strcmp(line->command, "NOTICE") != 0) ||
	    (said.ctcp[0] && strcmp(said.ctcp, "ACTION") != 0) ||
	    irc_was_us_at(v->irc, line->nick, irc_line_time(v->irc, line)))
		return;
	/* Not irc_user_of_line(): its account is one of the past. */
	u = irc_user_see(v, line->nick);
	ev = message(v, c, u, line, &said);
	irc_user_release(v, u);
	if (!ev)
		return;
	ev->flags |= EVENT_LATE;
	bridge_event(&v->irc->net, ev);
}

/* What services tell a nick is for programs, not for the person behind it. */
static bool
is_service(const struct irc_line *line)
{
	return !line->user || (!strcmp(line->command, "NOTICE") && line->host &&
			       !strncmp(line->host, "services", 8));
}

/* Gateway users may write to each other, in their own names; NULL: one of us
 * who has nothing to say. */
static struct irc_user *
author(struct view *v, const struct puppet *puppet, const struct irc_line *line)
{
	const struct irc_puppet *from = irc_puppet_find(v->irc, line->nick);

	if (puppet->account && from && irc_puppet_is_account(from))
		return irc_user_see(v, line->nick);
	return irc_user_of_line(v, line);
}

void
irc_hear_direct(struct view *v, const struct puppet *puppet, struct session *s,
		struct throttle *answers, const struct irc_line *line)
{
	struct said said = take_apart(s, line);
	struct irc_user *u;
	struct event *ev;

	if (puppet->account ? !line->user : is_service(line))
		return;
	u = author(v, puppet, line);
	if (!u)
		return;
	if (said.ctcp[0] && strcmp(said.ctcp, "ACTION") != 0) {
		on_ctcp(v, s, answers, line, &said);
		return;
	}
	ev = message(v, NULL, u, line, &said);
	if (!ev)
		return;
	event_set_to(ev, puppet->origin, puppet->sender->id);
	bridge_event(&v->irc->net, ev);
}
