/* SPDX-License-Identifier: MIT */
/*
 * send.c - deliveries out: from text to lines, in order.
 *
 * Lines of one channel may travel on different connections, and what was said
 * first must appear first. So each channel keeps its deliveries in a row: the
 * first may go, and those behind it as long as they travel on the same
 * connection; the first that travels on another waits until all before it are
 * confirmed.
 */

#include "protocols/irc/sending.h"

#include "bridge/base.h"
#include "bridge/event.h"
#include "bridge/origin.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "conf/conf.h"
#include "protocols/irc/channel.h"
#include "protocols/irc/format.h"
#include "protocols/irc/portal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATER_MS 1000
#define ACTION_BYTES 9 /* 0x01 ACTION space, 0x01 */
#define PREFIX_MAX 128
#define PIECES_MAX 200

void
irc_speaker_init(struct speaker *sp, struct session *session)
{
	*sp = (struct speaker){ .session = session };
	sp->said_end = &sp->said;
}

/* ---- the rows ------------------------------------------------------ */

static void
unlink_from_channel(struct sending *s)
{
	struct sending **at = &s->channel->sendings;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	if (!*at)
		s->channel->sendings_end = at;
}

static void
unlink_from_speaker(struct sending *s)
{
	struct sending **at = &s->sp->said;

	if (!s->begun)
		return;
	while (*at != s)
		at = &(*at)->next_said;
	*at = s->next_said;
	if (!*at)
		s->sp->said_end = at;
}

static void
drop_pieces(struct sending *s)
{
	for (unsigned i = 0; i < s->n_pieces; i++) {
		free(s->pieces[i].text);
		free(s->pieces[i].id);
	}
	free(s->pieces);
	s->pieces = NULL;
	s->n_pieces = s->n_written = s->n_accounted = 0;
}

void
irc_sending_free(struct irc *irc, struct sending *s)
{
	struct speaker *sp = s->sp;

	session_forget(sp->session, s);
	unlink_from_channel(s);
	unlink_from_speaker(s);
	drop_pieces(s);
	free(s->target);
	free(s->refused);
	free(s);
	if (--sp->unsettled == 0 && sp != &irc->speaker)
		sp->session->hurried = sp->session->hears;
	irc_puppet_settled(irc, sp);
}

void
irc_sendings_give_back(struct sending *s, const char *why)
{
	struct irc *irc = s->channel->view->irc;

	while (s) {
		struct sending *next = s->next;
		struct delivery *d = s->d;

		irc_sending_free(irc, s);
		bridge_later(d, LATER_MS, why);
		s = next;
	}
}

void
irc_sendings_drop(struct irc_channel *c)
{
	while (c->sendings)
		irc_sending_free(c->view->irc, c->sendings);
}

/* What it has under way in these channels, and what follows. */
static void
lost_in(struct irc_channel *c, struct speaker *sp, const char *why)
{
	for (; c && sp->unsettled; c = c->hh.next) {
		struct sending *s = c->sendings;

		while (s && s->sp != sp)
			s = s->next;
		if (s)
			irc_sendings_give_back(s, why);
	}
}

void
irc_speaker_lost(struct irc *irc, struct speaker *sp, const char *why)
{
	struct portal *portal = irc->portals;

	timer_stop(&sp->barrier_timer);
	lost_in(irc->view.channels, sp, why);
	lost_in(irc->directs, sp, why);
	for (; portal && sp->unsettled; portal = portal->hh.next)
		lost_in(portal->channel, sp, why);
}

/* ---- from text to pieces ------------------------------------------- */

struct cutting {
	struct sending *sending;
	bool action;
};

static void
add_piece(void *arg, const char *text, size_t len)
{
	struct cutting *cutting = arg;
	struct sending *s = cutting->sending;
	AUTO_STR piece = { 0 };

	if (s->n_pieces == PIECES_MAX)
		return;
	str_init(&piece, IRC_BODY_MAX);
	if (cutting->action)
		str_add(&piece, "\001ACTION ");
	str_add_n(&piece, text, len);
	if (cutting->action)
		str_add(&piece, "\001");
	s->pieces = xrealloc(s->pieces, (s->n_pieces + 1) * sizeof(*s->pieces));
	s->pieces[s->n_pieces++] = (struct piece){ .text = str_take(&piece) };
}

/* "<nick> " of a relayed line, for its continuations; "" if there is none. */
static void
relay_prefix(const struct event *ev, char *out, size_t size)
{
	const char *text = ev->text.utf8;
	const char *end = strstr(text, "> ");

	*out = '\0';
	if ((ev->flags & EVENT_RELAYED) && *text == '<' && end &&
	    (size_t)(end - text) + 2 < size)
		snprintf(out, size, "%.*s", (int)(end - text) + 2, text);
}

static const char *
command_of(const struct event *ev)
{
	if (ev->kind == EVENT_TOPIC)
		return "TOPIC";
	return ev->flags & EVENT_NOTICE ? "NOTICE" : "PRIVMSG";
}

static void
cut_message(struct irc *irc, struct sending *s)
{
	const struct event *ev = s->d->event;
	const struct session *session = s->sp->session;
	char prefix[PREFIX_MAX];
	struct cutting cutting = { s, ev->flags & EVENT_ACTION };
	struct irc_cut cut = {
		.room = irc_text_room(session->nick, session->user,
				      session->host, command_of(ev), s->target),
		.lines_max = irc->conf->lines_max,
		.first_prefix = "",
		.prefix = prefix,
		.codes = true,
	};

	relay_prefix(ev, prefix, sizeof(prefix));
	if (cutting.action)
		cut.room -= ACTION_BYTES;
	irc_format_write(&ev->text, &cut, add_piece, &cutting);
}

/* One line, no longer than the server keeps. */
static void
cut_topic(struct irc *irc, struct sending *s)
{
	const struct text *text = &s->d->event->text;
	size_t len = text->len;
	AUTO_STR line = { 0 };

	if (len > irc->isupport.topiclen)
		len = utf8_cut(text->utf8, len, irc->isupport.topiclen);
	str_init(&line, IRC_BODY_MAX);
	str_add_n(&line, text->utf8, len);
	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)line.data[i] < ' ')
			line.data[i] = ' ';
	add_piece(&(struct cutting){ s, false }, line.data, line.len);
}

/* ---- going out ----------------------------------------------------- */

static bool
takes_tags(const struct sending *s)
{
	const struct irc *irc = s->channel->view->irc;

	return (s->sp->session->caps & IRC_CAP_MESSAGE_TAGS) &&
	       irc_tag_allowed(&irc->isupport, IRC_ORIGIN_TAG);
}

/* Each of several lines is a message of its own to those who hear them. */
static void
add_origin(struct irc_out *out, const struct sending *s,
	   const struct piece *piece)
{
	const char *origin = s->d->origin;
	AUTO_STR part = { 0 };

	if (!origin || s->d->event->kind == EVENT_TOPIC || !takes_tags(s))
		return;
	str_init(&part, ORIGIN_MAX + 16);
	if (s->n_pieces > 1)
		origin_write_part(&part, origin,
				  (unsigned)(piece - s->pieces) + 1);
	irc_out_tag(out, "+" IRC_ORIGIN_TAG, part.len ? part.data : origin);
}

static bool
queue_piece(struct sending *s, struct piece *piece)
{
	AUTO_STR wire = { 0 };
	struct irc_out out;
	char label[16];
	bool ok;

	str_init(&wire, IRC_LINE_MAX);
	irc_out_init(&out, command_of(s->d->event));
	add_origin(&out, s, piece);
	if (piece->label) {
		snprintf(label, sizeof(label), "c%x", piece->label);
		irc_out_tag(&out, "label", label);
	}
	irc_out_param(&out, s->target);
	irc_out_trailing(&out, piece->text);
	ok = irc_out_write(&out, &wire);
	irc_out_finish(&out);
	return ok && session_queue(s->sp->session, &wire, s);
}

static void
refuse(struct irc *irc, struct sending *s, const char *why)
{
	struct delivery *d = s->d;

	irc_sending_free(irc, s);
	bridge_refused(d, why);
}

char *
irc_direct_target(struct irc *irc, const char *id)
{
	const struct irc_user *u = irc_user_find_id(&irc->view, id);
	const char *nick = u ? u->nick : id;

	return irc_is_nick(&irc->isupport, nick) ? xstrdup(nick) : NULL;
}

/* False, and s is settled, if it cannot go. */
static bool
begin(struct irc *irc, struct sending *s)
{
	struct speaker *sp = s->sp;
	const struct channel *ch = s->channel->channel;

	free(s->target);
	s->target = ch->kind == CHANNEL_DIRECT
			    ? irc_direct_target(irc, ch->name)
			    : xstrdup(ch->name);
	if (!s->target) {
		refuse(irc, s, "there is nobody of that name");
		return false;
	}
	if (s->d->event->kind == EVENT_TOPIC)
		cut_topic(irc, s);
	else
		cut_message(irc, s);
	if (!s->n_pieces) {
		refuse(irc, s, "there is nothing to say in it on IRC");
		return false;
	}
	s->begun = true;
	sp->session->hurried = true;
	*sp->said_end = s;
	sp->said_end = &s->next_said;
	s->next_said = NULL;
	for (unsigned i = 0; i < s->n_pieces; i++) {
		if (irc_proof_of(irc, s) == IRC_PROOF_LABEL)
			s->pieces[i].label = ++sp->labels;
		if (!queue_piece(s, &s->pieces[i])) {
			irc_sendings_give_back(s, "too much is waiting");
			return false;
		}
	}
	return true;
}

void
irc_sendings_advance(struct irc_channel *c)
{
	struct sending *s = c->sendings, *next;
	const struct speaker *sp = s ? s->sp : NULL;

	for (; s && s->sp == sp; s = next) {
		next = s->next;
		if (s->begun)
			continue;
		if (s->sp->session->state != SESSION_UP) {
			irc_sendings_give_back(s, "the connection is gone");
			return;
		}
		if (!begin(c->view->irc, s)) {
			irc_sendings_advance(c); /* the row has changed */
			return;
		}
	}
}

void
irc_sending_by_listener(struct irc *irc, struct sending *s)
{
	struct speaker *before = s->sp;

	session_forget(before->session, s);
	unlink_from_speaker(s);
	drop_pieces(s);
	s->begun = false;
	s->barrier = 0;
	free(s->refused);
	s->refused = NULL;
	s->sp = &irc->speaker;
	s->sp->unsettled++;
	before->unsettled--;
	irc_puppet_settled(irc, before);
	irc_sendings_advance(s->channel);
}

void
irc_sending_written(struct irc *irc, void *cookie)
{
	struct sending *s = cookie;

	if (++s->n_written == s->n_pieces)
		irc_barrier_wanted(irc, s);
}

void
irc_send(struct network *net, struct delivery *d)
{
	struct irc *irc = irc_from(net);
	struct irc_channel *c = d->channel->data;
	struct speaker *sp = d->speaker ? irc_puppet_speaker(d->speaker) : NULL;
	struct sending *s;

	if (d->channel->kind == CHANNEL_DIRECT &&
	    irc_is_server(irc, d->channel->name)) {
		irc_raw_send(irc, d, sp ? d->speaker->puppet->data : NULL);
		return;
	}
	if (d->event->kind != EVENT_MESSAGE && d->event->kind != EVENT_TOPIC) {
		bridge_refused(d, "IRC has no form for it");
		return;
	}
	if (d->speaker && !sp) { /* its connection broke this very moment */
		bridge_later(d, LATER_MS, "the puppet is not connected");
		return;
	}
	if (!sp && (d->channel->portal || !irc->conf->listener)) {
		bridge_refused(d, "nobody is there who could say it");
		return;
	}
	if (!c)
		c = irc_channel_new(&irc->view, d->channel);
	if (!sp && c->view != &irc->view &&
	    !irc_listener_is_in(irc, d->channel)) {
		bridge_later(d, LATER_MS, "the listener is not there");
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->d = d;
	s->channel = c;
	s->sp = sp ? sp : &irc->speaker;
	s->sp->unsettled++;
	*c->sendings_end = s;
	c->sendings_end = &s->next;
	irc_sendings_advance(c);
}
