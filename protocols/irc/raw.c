/* SPDX-License-Identifier: MIT */
/*
 * raw.c - commands that gateway users write themselves, to the address of the
 * server (its host is what such a person is called).
 *
 * Whatever the bridge itself keeps account of is not theirs to touch: such a
 * command is refused, with the way that there is instead. What the server
 * answers within a while is shown to them.
 */

#include "protocols/irc/puppet.h"

#include "bridge/base.h"
#include "bridge/event.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_MS 15000

const char *
irc_server_id(const struct irc *irc)
{
	return irc->conf->servers[0].host;
}

bool
irc_is_server(const struct irc *irc, const char *name)
{
	for (size_t i = 0; i < irc->conf->n_servers; i++)
		if (!strcasecmp(irc->conf->servers[i].host, name))
			return true;
	return false;
}

/* ---- what may be sent ---------------------------------------------- */

static const char *
instead_of(const char *command)
{
	static const struct {
		const char *command, *why;
	} kept[] = {
		{ "QUIT", "the command disconnect-from-irc-server ends your "
			  "connection; nothing was sent" },
		{ "JOIN", "enter the room of that channel instead" },
		{ "PART", "leave the room of that channel instead" },
		{ "MONITOR", "add people to your contacts instead" },
		{ "CAP", "the gateway itself talks about that" },
		{ "AUTHENTICATE", "the gateway itself talks about that" },
		{ "PASS", "the gateway itself talks about that" },
		{ "USER", "the gateway itself talks about that" },
		{ "WEBIRC", "the gateway itself talks about that" },
		{ "PING", "the gateway itself talks about that" },
		{ "PONG", "the gateway itself talks about that" },
		{ "BATCH", "the gateway itself talks about that" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (!strcasecmp(kept[i].command, command))
			return kept[i].why;
	return NULL;
}

/* NULL, or why that text is no command that may be sent. */
static const char *
objection(const struct text *text)
{
	const char *why = "that is no command of IRC";
	struct irc_line *line;

	for (size_t i = 0; i < text->len; i++)
		if ((unsigned char)text->utf8[i] < ' ')
			return "a command is one line, without control "
			       "characters";
	if (text->len > IRC_BODY_MAX - 2)
		return "that is too long for a line of IRC";
	if (!text->len || strchr(":@ ", *text->utf8))
		return "a command begins with its name";
	line = xcalloc(1, sizeof(*line));
	if (irc_line_read(line, text->utf8, text->len))
		why = instead_of(line->command);
	free(line);
	return why;
}

void
irc_raw_send(struct irc *irc, struct delivery *d, struct irc_puppet *p)
{
	const struct text *text = &d->event->text;
	const char *why = NULL;
	AUTO_STR wire = { 0 };

	if (!irc->conf->users.raw)
		why = "the gateway's operator does not let commands be sent "
		      "to this server";
	else if (!p || !p->account || d->event->kind != EVENT_MESSAGE)
		why = "only people of a gateway send commands to this server";
	else
		why = objection(text);
	if (why) {
		bridge_refused(d, why);
		return;
	}
	str_init(&wire, IRC_BODY_MAX);
	str_add_n(&wire, text->utf8, text->len);
	str_add(&wire, "\r\n");
	if (!session_queue(&p->session, &wire, NULL)) {
		bridge_later(d, 1000, "too much is waiting");
		return;
	}
	p->raw_until_ms = loop_now_ms(irc->loop) + ANSWER_MS;
	bridge_sent(d, NULL, 0);
}

/* ---- what is answered ---------------------------------------------- */

bool
irc_raw_answers(const struct irc_puppet *p, const struct irc_line *line)
{
	/* What the bridge asks for again and again, and nobody reads. */
	static const unsigned ours[] = { 315, 352, 353, 354, 366,
					 303, 730, 731, 734 };
	unsigned numeric = irc_line_numeric(line);

	if (!numeric || numeric >= 400 ||
	    p->raw_until_ms < loop_now_ms(p->irc->loop))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (ours[i] == numeric)
			return false;
	return true;
}
