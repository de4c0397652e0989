/* SPDX-License-Identifier: MIT */
/*
 * list.c - which channels there are, as the server tells one account (LIST).
 *
 * Servers leave out what an account is not to see, so the answer is for it
 * alone. It comes as fast as the server likes, long after what was asked
 * behind it: the end is the line that says so, and silence ends it, too.
 */

#include "protocols/irc/puppet.h"

#include "bridge/base.h"
#include "bridge/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SILENCE_MS 30000 /* what pauses for so long is over */
#define SEARCH_MAX 100
#define ABOUT_MAX 512

struct listing {
	struct irc_puppet *p;
	struct request *r;
	struct timer timer;
	size_t n;
	bool full;
	char *search; /* in lower case; "" is all */
};

void
irc_list_drop(struct irc_puppet *p)
{
	struct listing *l = p->listing;

	if (!l)
		return;
	timer_stop(&l->timer);
	free(l->search);
	free(l);
	p->listing = NULL;
}

void
irc_list_lost(struct irc_puppet *p)
{
	if (p->listing)
		request_refuse(p->listing->r, "the connection was lost");
	irc_list_drop(p);
}

static void
finish(struct listing *l, const char *end)
{
	char words[128];

	(void)snprintf(words, sizeof(words), "%zu channel%s%s%s", l->n,
		       l->n == 1 ? "" : "s",
		       l->full ? "; there are more than can be shown" : "",
		       end);
	request_done(l->r, words);
	irc_list_drop(l->p);
}

static void
refuse(struct listing *l, const char *why)
{
	request_refuse(l->r, why);
	irc_list_drop(l->p);
}

static void
on_silence(void *arg)
{
	struct listing *l = arg;

	if (l->n)
		finish(l, "; the server stopped in the middle");
	else
		refuse(l, "the server does not answer");
}

static void
expect(struct listing *l)
{
	timer_start(&l->timer, l->p->irc->loop, SILENCE_MS, on_silence, l);
}

/* ---- what is looked for -------------------------------------------- */

/* Ascii in lower case is enough to find things; to be freed. */
static char *
lower(const char *text, size_t max)
{
	AUTO_STR out = { 0 };

	str_init(&out, max + 1);
	str_add_n(&out, text, utf8_cut(text, strlen(text), max));
	for (size_t i = 0; i < out.len; i++)
		if (out.data[i] >= 'A' && out.data[i] <= 'Z')
			out.data[i] |= 0x20;
	return str_take(&out);
}

static bool
is_found(const struct listing *l, const char *text)
{
	char *copy;
	bool found;

	if (!*l->search)
		return true;
	copy = lower(text, ABOUT_MAX);
	found = strstr(copy, l->search) != NULL;
	free(copy);
	return found;
}

/* 322: us, channel, how many, topic. "*" is one that we may not see. */
static void
take(struct listing *l, const struct irc_line *line)
{
	struct irc *irc = l->p->irc;
	AUTO_STR name = { 0 }, topic = { 0 }, about = { 0 };
	const char *people = irc_line_param(line, 2);
	const char *text;

	str_init(&name, 4 * IRC_BODY_MAX);
	str_init(&topic, 4 * IRC_BODY_MAX);
	str_init(&about, ABOUT_MAX);
	text = irc_words(irc, &name, irc_line_param(line, 1));
	if (!*text || !strcmp(text, "*"))
		return;
	if (strlen(people) > 9 || people[strspn(people, "0123456789")])
		people = "?";
	str_printf(&about, "(%s)", people);
	if (*irc_line_param(line, 3)) {
		const char *words =
			irc_words(irc, &topic, irc_line_param(line, 3));

		str_add(&about, " ");
		str_add_n(&about, words,
			  utf8_cut(words, strlen(words),
				   ABOUT_MAX - about.len - 1));
	}
	if (!is_found(l, text) && !is_found(l, about.data))
		return;
	if (request_entry(l->r, text, about.data))
		l->n++;
	else
		l->full = true;
}

/* ---- asking -------------------------------------------------------- */

void
irc_list(struct irc *irc, struct request *r)
{
	static const struct field search = {
		.key = "search",
		.kind = SETTING_TEXT,
		.label = "Search",
		.doc = "A part of the name or of the topic; empty is all.",
	};
	const struct address *who = request_who(r);
	struct irc_puppet *p = irc_puppet_of(irc, who->network, who->id);
	const char *text = request_value(r, "search");
	struct listing *l;

	if (request_is_fresh(r)) {
		request_field(r, &search);
		request_ask(r, request_command(r)->label, "");
	} else if (!p || p->session.state != SESSION_UP) {
		request_refuse(r, "you are not connected to this network; "
				  "enter one of its channels first");
	} else if (p->listing) {
		request_refuse(r, "wait for the list that you have asked for");
	} else if (text && strlen(text) > SEARCH_MAX) {
		request_deny(r, DENIED_VALUE, "that is too long to search for");
	} else if (!session_send_idly(&p->session, "LIST", NULL)) {
		request_refuse(r, "too much is waiting to be sent");
	} else {
		l = xcalloc(1, sizeof(*l));
		l->p = p;
		l->r = r;
		l->search = lower(text ? text : "", SEARCH_MAX);
		p->listing = l;
		expect(l);
	}
}

/* 263 and 416 are ways to refuse it, and 421 has no such command. */
static bool
is_refusal(const struct irc_line *line, unsigned numeric)
{
	const char *about = irc_line_param(line, 1);

	return numeric == 416 ||
	       ((numeric == 263 || numeric == 421) && !strcmp(about, "LIST"));
}

bool
irc_list_line(struct irc_puppet *p, const struct irc_line *line)
{
	unsigned numeric = irc_line_numeric(line);
	struct listing *l = p->listing;
	AUTO_STR words = { 0 };

	if (!l)
		return numeric >= 321 && numeric <= 323;
	if (numeric == 322) {
		take(l, line);
		expect(l);
	} else if (numeric == 323) {
		finish(l, "");
	} else if (is_refusal(line, numeric)) {
		str_init(&words, 4 * IRC_BODY_MAX);
		refuse(l, irc_words(p->irc, &words,
				    irc_line_param(line, line->n_params - 1)));
	} else {
		return numeric == 321;
	}
	return true;
}
