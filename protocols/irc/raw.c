/* SPDX-License-Identifier: MIT */
/*
 * raw.c - commands that gateway users write themselves, to the address of the
 * server (its host is what such a person is called).
 *
 * Whatever the bridge itself keeps account of is not theirs to touch: such a
 * command is refused, with the way that there is instead. What the server
 * answers within a while is shown to them: as messages of the server, or, where
 * they use the ad-hoc command "raw" and the server knows labeled-response, as
 * the answer to that.
 */

#include "protocols/irc/puppet.h"

#include "bridge/base.h"
#include "bridge/event.h"
#include "bridge/text.h"
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_MS 15000
#define ASKED_MAX 5 /* at a time, by one account */
#define TOLD_MAX 16384
#define ELSEWHERE "what the server answers comes as messages from its address"

/* A command whose answer bears its label. */
struct irc_asked {
	struct irc_puppet *p;
	struct irc_asked *next;
	struct request *r;
	char label[16];
	char *batch;     /* its reference, if the answer is in one; or NULL */
	struct str told; /* a line each */
	bool failed;     /* that began with an error */
	struct timer timer;
};

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
objection(const char *text, size_t len)
{
	const char *why = "that is no command of IRC";
	struct irc_line *line;

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ')
			return "a command is one line, without control "
			       "characters";
	if (len > IRC_BODY_MAX - 2)
		return "that is too long for a line of IRC";
	if (!len || strchr(":@ ", *text))
		return "a command begins with its name";
	line = xcalloc(1, sizeof(*line));
	if (irc_line_read(line, text, len))
		why = instead_of(line->command);
	free(line);
	return why;
}

/* Queue it, with that label unless it is NULL; false: too much is waiting. */
static bool
queue(struct irc_puppet *p, const char *label, const char *text, size_t len)
{
	AUTO_STR wire = { 0 };

	str_init(&wire, IRC_LINE_MAX);
	if (label)
		str_printf(&wire, "@label=%s ", label);
	str_add_n(&wire, text, len);
	str_add(&wire, "\r\n");
	return session_queue(&p->session, &wire, NULL);
}

void
irc_raw_send(struct irc *irc, struct delivery *d, struct irc_puppet *p)
{
	const struct text *text = &d->event->text;
	const char *why = NULL;

	if (!irc->conf->users.raw)
		why = "the gateway's operator does not let commands be sent "
		      "to this server";
	else if (!p || !p->account || d->event->kind != EVENT_MESSAGE)
		why = "only people of a gateway send commands to this server";
	else
		why = objection(text->utf8, text->len);
	if (why) {
		bridge_refused(d, why);
	} else if (!queue(p, NULL, text->utf8, text->len)) {
		bridge_later(d, 1000, "too much is waiting");
	} else {
		p->raw_until_ms = loop_now_ms(irc->loop) + ANSWER_MS;
		bridge_sent(d, NULL, 0);
	}
}

/* ---- the ad-hoc command -------------------------------------------- */

static void
asked_free(struct irc_asked *a)
{
	struct irc_asked **at = &a->p->asked;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	timer_stop(&a->timer);
	str_finish(&a->told);
	free(a->batch);
	free(a);
}

void
irc_raw_drop(struct irc_puppet *p)
{
	while (p->asked)
		asked_free(p->asked);
}

void
irc_raw_lost(struct irc_puppet *p)
{
	for (struct irc_asked *a = p->asked; a; a = a->next)
		request_refuse(a->r, "the connection was lost; whether the "
				     "server has done it is not known");
	irc_raw_drop(p);
}

/* All is told, or nothing came: then these words. */
static void
finish(struct irc_asked *a, const char *nothing)
{
	if (a->failed)
		request_refuse(a->r, a->told.data);
	else
		request_done(a->r, a->told.len ? a->told.data : nothing);
	asked_free(a);
}

static void
on_silence(void *arg)
{
	struct irc_asked *a = arg;

	a->p->raw_until_ms = loop_now_ms(a->p->irc->loop) + ANSWER_MS;
	finish(a, "Sent; the server has not answered yet, " ELSEWHERE ".");
}

static void
ask(struct irc_puppet *p, struct request *r, const char *text)
{
	struct irc_asked *a = xcalloc(1, sizeof(*a));

	a->p = p;
	a->r = r;
	snprintf(a->label, sizeof(a->label), "r%x", ++p->raw_labels);
	str_init(&a->told, TOLD_MAX);
	a->next = p->asked;
	p->asked = a;
	timer_start(&a->timer, p->irc->loop, ANSWER_MS, on_silence, a);
	if (!queue(p, a->label, text, strlen(text))) {
		request_refuse(r, "too much is waiting to be sent");
		asked_free(a);
	}
}

static void
send_unlabelled(struct irc_puppet *p, struct request *r, const char *text)
{
	if (!queue(p, NULL, text, strlen(text))) {
		request_refuse(r, "too much is waiting to be sent");
		return;
	}
	p->raw_until_ms = loop_now_ms(p->irc->loop) + ANSWER_MS;
	request_done(r, "Sent; " ELSEWHERE ".");
}

static size_t
count(const struct irc_puppet *p)
{
	size_t n = 0;

	for (const struct irc_asked *a = p->asked; a; a = a->next)
		n++;
	return n;
}

void
irc_raw_command(struct irc *irc, struct request *r)
{
	static const unsigned labels = IRC_CAP_LABELED_RESPONSE | IRC_CAP_BATCH;
	static const struct field field = {
		.key = "command",
		.kind = SETTING_TEXT,
		.label = "Command",
		.doc = "One line as IRC has it, such as WHOIS ann.",
		.required = true,
	};
	const struct address *who = request_who(r);
	struct irc_puppet *p = irc_puppet_of(irc, who->network, who->id);
	const char *text = request_value(r, "command");
	const char *why;

	if (request_is_fresh(r)) {
		request_field(r, &field);
		request_ask(r, request_command(r)->label, "");
		return;
	}
	text = text ? text : "";
	why = objection(text, strlen(text));
	if (why)
		request_deny(r, DENIED_VALUE, why);
	else if (!p || !p->account || p->session.state != SESSION_UP)
		request_refuse(r, "you are not connected to this network; "
				  "enter one of its channels first");
	else if (count(p) >= ASKED_MAX)
		request_refuse(r, "wait for what you have asked for before");
	else if ((p->session.caps & labels) == labels)
		ask(p, r, text);
	else
		send_unlabelled(p, r, text);
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

/* The one that the line is an answer to; or NULL. */
static struct irc_asked *
asked_of(const struct irc_puppet *p, const struct irc_line *line)
{
	const char *label = irc_line_tag(line, "label");
	const char *batch = irc_line_tag(line, "batch");
	struct irc_asked *a = p->asked;

	for (; a; a = a->next) {
		if (label && !strcmp(a->label, label))
			return a;
		if (batch && a->batch && !strcmp(a->batch, batch))
			return a;
	}
	return NULL;
}

/* Of what the server says only the words, of what it does the whole line. */
static void
tell(struct irc_asked *a, const struct irc_line *line)
{
	unsigned numeric = irc_line_numeric(line);
	AUTO_STR words = { 0 }, text = { 0 };

	str_init(&words, IRC_LINE_MAX);
	str_init(&text, 4 * IRC_LINE_MAX);
	if (numeric || !strcmp(line->command, "NOTICE")) {
		irc_numeric_words(&words, line);
	} else {
		str_add(&words, line->command);
		for (size_t i = 0; i < line->n_params; i++)
			str_printf(&words, " %s", line->params[i]);
	}
	if (!a->told.len)
		a->failed = (numeric >= 400 && numeric < 600) ||
			    !strcmp(line->command, "FAIL");
	irc_session_words(&a->p->session, &text, words.data);
	if (a->told.len + text.len + 1 > TOLD_MAX)
		return; /* more than a person reads */
	str_add(&a->told, a->told.len ? "\n" : "");
	str_add_n(&a->told, text.data, text.len);
}

static bool
is_end(const struct irc_puppet *p, const struct irc_line *line,
       struct irc_asked **whose)
{
	const char *ref = irc_line_param(line, 0);

	if (strcmp(line->command, "BATCH") != 0 || *ref != '-')
		return false;
	for (*whose = p->asked; *whose; *whose = (*whose)->next)
		if ((*whose)->batch && !strcmp((*whose)->batch, ref + 1))
			return true;
	return false;
}

bool
irc_raw_line(struct irc_puppet *p, const struct irc_line *line)
{
	static const char nothing[] =
		"Sent; the server has nothing to say about it.";
	struct irc_asked *a;
	bool says = irc_line_numeric(line) ||
		    (!line->user && !strcmp(line->command, "NOTICE"));

	if (!p->asked)
		return false;
	if (is_end(p, line, &a)) {
		finish(a, nothing);
		return false;
	}
	a = asked_of(p, line);
	if (!a)
		return false;
	if (!strcmp(line->command, "BATCH")) {
		if (*irc_line_param(line, 0) == '+' && !a->batch)
			a->batch = xstrdup(irc_line_param(line, 0) + 1);
	} else if (!strcmp(line->command, "ACK")) {
		finish(a, nothing);
	} else {
		tell(a, line);
		if (!a->batch)
			finish(a, nothing);
	}
	return says;
}
