/* SPDX-License-Identifier: MIT */
/*
 * confirm.c - how deliveries end: shown, refused, or nobody knows.
 *
 * IRC confirms nothing by itself. What serves as proof that a line arrived,
 * best first: an echo with our label (labeled-response), an echo
 * (echo-message), the listener seeing a puppet's line, and for all, as the
 * last resort, PING with a random token: servers answer in order, so errors
 * come before the PONG (measured on ngIRCd and InspIRCd). A token that we did
 * not send confirms nothing.
 *
 * A delivery is settled when each of its lines is accounted for, or by PONG.
 */

#include "protocols/irc/sending.h"

#include "bridge/base.h"
#include "bridge/event.h"
#include "bridge/log.h"
#include "conf/conf.h"
#include "protocols/irc/portal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROOF_WAIT_MS 2000    /* for better proof than PONG */
#define BARRIER_WAIT_MS 40000 /* for PONG itself */
#define LABELLED (IRC_CAP_LABELED_RESPONSE | IRC_CAP_ECHO_MESSAGE)

/* Another connection hears what is said there. */
static bool
is_sighted(const struct irc *irc, const struct sending *s)
{
	const struct channel *ch = s->channel->channel;

	if (irc_portal_of(ch))
		return irc_portal_sees(irc_portal_of(ch), s->sp);
	return s->sp != &irc->speaker && ch->kind == CHANNEL_ROOM;
}

enum irc_proof
irc_proof_of(struct irc *irc, const struct sending *s)
{
	unsigned caps = s->sp->session->caps;

	if ((caps & LABELLED) == LABELLED)
		return IRC_PROOF_LABEL;
	/* A topic is shown to whoever sets it. */
	if ((caps & IRC_CAP_ECHO_MESSAGE) || s->d->event->kind == EVENT_TOPIC)
		return IRC_PROOF_ECHO;
	if (is_sighted(irc, s))
		return IRC_PROOF_SIGHT;
	return IRC_PROOF_BARRIER;
}

/* ---- settling ------------------------------------------------------ */

static void
settle(struct irc *irc, struct sending *s, const char *how)
{
	struct irc_channel *c = s->channel;
	struct delivery *d = s->d;
	const char **ids = xcalloc(s->n_pieces, sizeof(*ids));
	char **owned = xcalloc(s->n_pieces, sizeof(*owned));
	char *refused = s->refused;
	size_t n = 0;

	for (unsigned i = 0; i < s->n_pieces; i++) {
		if (!s->pieces[i].id)
			continue;
		owned[n] = s->pieces[i].id;
		ids[n] = owned[n];
		s->pieces[i].id = NULL;
		n++;
	}
	s->refused = NULL;
	irc_sending_free(irc, s);
	log_trace(irc->net.name, "delivery %s ended: %s", d->id, how);
	if (refused)
		bridge_refused(d, refused);
	else
		bridge_sent(d, ids, n);
	free(refused);
	while (n)
		free(owned[--n]);
	free(owned);
	free(ids);
	irc_sendings_advance(c);
}

/* how: what the proof was, for the log. */
static void
account(struct irc *irc, struct sending *s, struct piece *piece,
	const char *msgid, const char *how)
{
	piece->accounted = true;
	if (msgid && *msgid)
		piece->id = xstrdup(msgid);
	if (++s->n_accounted == s->n_pieces)
		settle(irc, s, how);
}

/* ---- the barrier --------------------------------------------------- */

static struct irc *
irc_of(struct speaker *sp)
{
	return sp->said->channel->view->irc;
}

static bool
is_written(const struct sending *s)
{
	return s->n_written == s->n_pieces;
}

/* How long PONG may take: longer, the more lines wait before the PING. */
static int64_t
patience(struct irc *irc, const struct speaker *sp)
{
	return BARRIER_WAIT_MS +
	       (int64_t)sp->session->n_queued * irc->conf->interval_ms;
}

static void
send_barrier(struct irc *irc, struct speaker *sp)
{
	uint64_t token = 0;
	char text[24];

	while (!token)
		token = loop_random(irc->loop);
	snprintf(text, sizeof(text), "cw%016llx", (unsigned long long)token);
	for (struct sending *s = sp->said; s; s = s->next_said)
		if (!s->barrier && is_written(s))
			s->barrier = token;
	sp->overdue_ms = loop_now_ms(irc->loop) + patience(irc, sp);
	session_send(sp->session, "PING", text, NULL);
}

static void
raise_barrier(void *arg)
{
	struct speaker *sp = arg;
	struct irc *irc = sp->said ? irc_of(sp) : NULL;
	bool wanted = false, waiting = false;

	for (struct sending *s = sp->said; s; s = s->next_said) {
		waiting |= s->barrier != 0;
		wanted |= !s->barrier && is_written(s);
	}
	if (!wanted && !waiting)
		return;
	if (waiting && loop_now_ms(irc->loop) >= sp->overdue_ms) {
		session_fail(sp->session, SESSION_LOST,
			     "the server answers no PING");
		return;
	}
	if (wanted)
		send_barrier(irc, sp);
	timer_start(&sp->barrier_timer, irc->loop,
		    sp->overdue_ms - loop_now_ms(irc->loop), raise_barrier, sp);
}

static void
barrier_in(struct irc *irc, struct speaker *sp, int64_t wait_ms)
{
	struct timer *t = &sp->barrier_timer;

	if (!timer_is_running(t) ||
	    t->due_ms > loop_now_ms(irc->loop) + wait_ms)
		timer_start(t, irc->loop, wait_ms, raise_barrier, sp);
}

void
irc_barrier_wanted(struct irc *irc, struct sending *s)
{
	bool last = session_has_said_all(s->sp->session);
	bool only = irc_proof_of(irc, s) == IRC_PROOF_BARRIER;

	/* One PING confirms all that was written before it. */
	barrier_in(irc, s->sp, only && last ? 0 : PROOF_WAIT_MS);
}

/* ---- what is shown ------------------------------------------------- */

static const char *
kind_of(const struct sending *s)
{
	if (s->d->event->kind == EVENT_TOPIC)
		return "TOPIC";
	return s->d->event->flags & EVENT_NOTICE ? "NOTICE" : "PRIVMSG";
}

static bool
is_target(struct irc *irc, const struct sending *s, const char *name)
{
	return !irc_compare(irc->isupport.casemapping, s->target, name);
}

static struct piece *
piece_with_text(struct sending *s, const char *text)
{
	for (unsigned i = 0; i < s->n_written; i++)
		if (!s->pieces[i].accounted &&
		    (!text || !strcmp(s->pieces[i].text, text)))
			return &s->pieces[i];
	return NULL;
}

/*
 * A line that sp said is shown to us. By its text; or, where lines come back
 * in order on the same connection, the first that is not accounted for: the
 * server may have changed the text.
 */
static bool
shown(struct irc *irc, struct speaker *sp, const struct irc_line *line,
      bool in_order)
{
	const char *texts[] = { irc_line_param(line, 1), NULL };
	const char *msgid = irc_line_tag(line, "msgid");

	for (unsigned i = 0; i < (in_order ? 2 : 1); i++) {
		for (struct sending *s = sp->said; s; s = s->next_said) {
			struct piece *piece;

			if (strcmp(kind_of(s), line->command) != 0 ||
			    !is_target(irc, s, irc_line_param(line, 0)))
				continue;
			piece = piece_with_text(s, texts[i]);
			if (!piece)
				continue;
			account(irc, s, piece, msgid,
				in_order ? "echo" : "seen by the listener");
			return true;
		}
	}
	return false;
}

void
irc_sighted(struct irc *irc, const struct irc_line *line)
{
	struct irc_puppet *p = irc_puppet_find(irc, line->nick);
	struct speaker *sp = p ? irc_puppet_speaks(p) : NULL;

	if (sp && !(sp->session->caps & IRC_CAP_ECHO_MESSAGE))
		shown(irc, sp, line, false);
}

/* ---- what is refused ----------------------------------------------- */

/* Numerics that answer a line, and what its author should read. */
static const char *
error_text(unsigned numeric)
{
	static const struct {
		unsigned numeric;
		const char *text;
	} errors[] = {
		{ 401, "there is nobody of that name" },
		{ 403, "there is no such channel" },
		{ 404, "cannot send to channel (banned, moderated or not in "
		       "it)" },
		{ 408, "the channel or the person takes no such message" },
		{ 415, "the channel or the person takes no such message" },
		{ 437, "the server asks to wait before another topic" },
		{ 439, "the server asks to wait before writing to another" },
		{ 441, "not in the channel" },
		{ 442, "not in the channel" },
		{ 477, "only registered names may speak there" },
		{ 482, "only channel operators may do that" },
		{ 486, "only registered names may write to that person" },
		{ 489, "the person takes no messages from strangers" },
		{ 492, "the message was not allowed" },
		{ 531, "the person takes no such message" },
		{ 716, "the person takes no messages from strangers" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].numeric == numeric)
			return errors[i].text;
	return NULL;
}

/* What the author reads; of an answer that we know no words for, its own. */
static char *
refusal_text(struct irc *irc, const struct irc_line *line, bool topic)
{
	const char *why = error_text(irc_line_numeric(line));
	AUTO_STR text = { 0 };

	if (topic && irc_line_numeric(line) == 482)
		why = "only channel operators may set the topic there";
	if (why)
		return xstrdup(why);
	str_init(&text, IRC_BODY_MAX);
	str_printf(&text, "the server refused it (%s): ", line->command);
	if (line->n_params)
		irc_words(irc, &text, irc_line_param(line, line->n_params - 1));
	return xstrdup(text.data);
}

static void
refused(struct irc *irc, struct sending *s, struct piece *piece,
	const struct irc_line *line)
{
	unsigned numeric = irc_line_numeric(line);
	bool topic = s->d->event->kind == EVENT_TOPIC;

	if (numeric == 482 && topic && s->sp != &irc->speaker &&
	    irc_listener_is_in(irc, s->channel->channel)) {
		irc_sending_by_listener(irc, s);
		return;
	}
	/* InspIRCd takes one topic of a channel a second. */
	if (numeric == 437 && topic) {
		irc_sendings_give_back(s, error_text(numeric));
		return;
	}
	/*
	 * Perhaps it was thrown out this very moment: then somebody else will
	 * say it, next time. If it is there and may not speak, the second
	 * answer is the same.
	 */
	if (numeric == 404 && s->sp != &irc->speaker && s->d->attempt == 1) {
		irc_sendings_give_back(s, "the puppet may not speak there");
		return;
	}
	if (!s->refused)
		s->refused = refusal_text(irc, line, topic);

	/* What has not been written would only be refused, too. */
	session_forget(s->sp->session, s);
	for (unsigned i = s->n_written; i < s->n_pieces; i++) {
		if (s->pieces[i].accounted)
			continue;
		s->pieces[i].accounted = true;
		s->n_accounted++;
	}
	s->n_written = s->n_pieces;
	barrier_in(irc, s->sp, 0);
	account(irc, s, piece, NULL, "refused");
}

/* Some errors are about the topic, some are not, some may be either. */
static bool
is_possible(unsigned numeric, const struct sending *s)
{
	bool topic = s->d->event->kind == EVENT_TOPIC;

	if (numeric == 482 || numeric == 442 || numeric == 437)
		return topic;
	return !topic || numeric == 403;
}

/* An error without a label is about the oldest line that it can be about. */
static bool
error_came(struct irc *irc, struct speaker *sp, const struct irc_line *line)
{
	unsigned numeric = irc_line_numeric(line);
	const char *name = irc_line_param(line, 1);

	if (!error_text(numeric))
		return false;
	if (numeric == 441) /* user, then channel */
		name = irc_line_param(line, 2);
	for (struct sending *s = sp->said; s; s = s->next_said) {
		struct piece *piece = piece_with_text(s, NULL);

		if (!piece || !is_target(irc, s, name) ||
		    !is_possible(numeric, s))
			continue;
		refused(irc, s, piece, line);
		return true;
	}
	return false;
}

/* ---- labels -------------------------------------------------------- */

static struct sending *
find_label(struct speaker *sp, unsigned label, struct piece **piece)
{
	for (struct sending *s = sp->said; s; s = s->next_said) {
		for (unsigned i = 0; i < s->n_pieces; i++) {
			if (s->pieces[i].label != label)
				continue;
			*piece = &s->pieces[i];
			return s;
		}
	}
	return NULL;
}

static bool
labelled(struct irc *irc, struct speaker *sp, const struct irc_line *line)
{
	const char *tag = irc_line_tag(line, "label");
	unsigned numeric = irc_line_numeric(line);
	struct piece *piece = NULL;
	struct sending *s;
	char *end;

	if (!tag || *tag != 'c')
		return false;
	s = find_label(sp, (unsigned)strtoul(tag + 1, &end, 16), &piece);
	if (!s || *end || piece->accounted)
		return false;
	if (numeric >= 400 || !strcmp(line->command, "FAIL")) {
		refused(irc, s, piece, line);
	} else if (!strcmp(line->command, kind_of(s)) ||
		   !strcmp(line->command, "ACK")) {
		account(irc, s, piece, irc_line_tag(line, "msgid"), "label");
	} else {
		return false;
	}
	return true;
}

/* ---- what came ----------------------------------------------------- */

static struct sending *
find_barrier(struct speaker *sp, uint64_t token)
{
	struct sending *s = sp->said;

	while (s && s->barrier != token)
		s = s->next_said;
	return s;
}

/* The token is the last parameter, on all servers. */
static bool
pong_came(struct irc *irc, struct speaker *sp, const struct irc_line *line)
{
	const char *text = irc_line_param(line, line->n_params - 1);
	unsigned long long token;
	struct sending *s;
	char *end;

	if (strncmp(text, "cw", 2) != 0 || strlen(text) != 18)
		return false;
	token = strtoull(text + 2, &end, 16);
	if (*end || !token || !find_barrier(sp, token))
		return false;
	while ((s = find_barrier(sp, token)))
		settle(irc, s, "PONG");
	if (!sp->said)
		timer_stop(&sp->barrier_timer);
	return true;
}

bool
irc_settles(struct irc *irc, struct speaker *sp, const struct irc_line *line)
{
	bool own = session_is_own(sp->session, line->nick);

	if (!sp->said)
		return false;
	if (!strcmp(line->command, "PONG"))
		return pong_came(irc, sp, line);
	if (labelled(irc, sp, line))
		return true;
	if (own && (!strcmp(line->command, "PRIVMSG") ||
		    !strcmp(line->command, "NOTICE")))
		return shown(irc, sp, line, true);
	if (own && !strcmp(line->command, "TOPIC")) {
		shown(irc, sp, line, true);
		return false; /* it is also the channel's topic now */
	}
	return irc_line_numeric(line) && error_came(irc, sp, line);
}
