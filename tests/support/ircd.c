/* SPDX-License-Identifier: MIT */
/* ircd.c - a scripted IRC server. See ircd.h. */

#include "tests/support/ircd.h"

#include "bridge/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line taken apart by spaces: good enough for what we send. */
struct words {
	char buffer[2048];
	char label[32];
	const char *command, *target, *rest; /* "" if absent */
};

/* The next word; "" at the end. */
static char *
cut(char **at)
{
	char *word = *at;
	char *end = word + strcspn(word, " ");

	*at = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

static void
take_apart(const char *line, struct words *w)
{
	char *at = w->buffer;

	snprintf(w->buffer, sizeof(w->buffer), "%s", line);
	w->label[0] = '\0';
	if (*at == '@')
		sscanf(cut(&at), "@label=%31s", w->label);
	w->command = cut(&at);
	w->target = cut(&at);
	w->rest = at;
	if (*w->target == ':')
		w->target++;
	if (*w->rest == ':')
		w->rest++;
}

/* To whoever hears what that link does. */
__attribute__((format(printf, 3, 4))) static void
tell_others(struct ircd *d, int link, const char *fmt, ...)
{
	char text[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (int i = 0; i < IRCD_LINKS_MAX; i++)
		if (i != link && (d->mutual ? d->in[i] : i == d->listener))
			peer_say(d->peer, i, "%s", text);
}

static void
tell_names(struct ircd *d, int link, const char *channel)
{
	const char *nick = d->nicks[link];

	if (d->unnamed)
		return;
	for (int i = 0; i < IRCD_LINKS_MAX; i++)
		if (i == link || (d->mutual && d->in[i]))
			peer_say(d->peer, link, ":irc.test 353 %s = %s :%s",
				 nick, channel, d->nicks[i]);
	peer_say(d->peer, link, ":irc.test 353 %s = %s :%s", nick, channel,
		 d->names ? d->names : "");
	peer_say(d->peer, link, ":irc.test 366 %s %s :End", nick, channel);
}

static void
welcome(struct ircd *d, int link)
{
	const char *nick = d->nicks[link];

	if (d->up[link] || !*nick || !d->user[link] || d->negotiating[link])
		return;
	d->up[link] = true;
	peer_say(d->peer, link, ":irc.test 001 %s :Welcome", nick);
	peer_say(d->peer, link,
		 ":irc.test 005 %s NICKLEN=16 CHANTYPES=# PREFIX=(ov)@+ "
		 "CASEMAPPING=rfc1459 TOPICLEN=100 %s :are supported",
		 nick, d->isupport ? d->isupport : "MODES=4");
	if (d->motd)
		peer_say(d->peer, link, ":irc.test 372 %s :- %s", nick,
			 d->motd);
	peer_say(d->peer, link, ":irc.test 376 %s :End of MOTD", nick);
}

static void
on_cap(struct ircd *d, int link, const struct words *w)
{
	if (!d->caps) {
		peer_say(d->peer, link, ":irc.test 421 * CAP :Unknown command");
		return;
	}
	if (!strcmp(w->target, "LS")) {
		d->negotiating[link] = true;
		peer_say(d->peer, link, ":irc.test CAP * LS :%s", d->caps);
	} else if (!strcmp(w->target, "REQ")) {
		peer_say(d->peer, link, ":irc.test CAP * ACK :%s", w->rest);
	} else if (!strcmp(w->target, "END")) {
		d->negotiating[link] = false;
		welcome(d, link);
	}
}

static void
on_nick(struct ircd *d, int link, const struct words *w)
{
	char *nick = d->nicks[link];

	if (d->taken && !strcmp(d->taken, w->target)) {
		peer_say(d->peer, link, ":irc.test 433 %s %s :In use",
			 *nick ? nick : "*", w->target);
		return;
	}
	if (d->up[link]) {
		peer_say(d->peer, link, ":%s!u@host NICK :%s", nick, w->target);
		tell_others(d, link, ":%s!u@host NICK :%s", nick, w->target);
	}
	snprintf(nick, sizeof(d->nicks[0]), "%s", w->target);
	welcome(d, link);
}

static void
on_join(struct ircd *d, int link, const struct words *w)
{
	const char *nick = d->nicks[link];

	if (d->closed) {
		peer_say(d->peer, link, ":irc.test %u %s %s :No", d->closed,
			 nick, w->target);
		return;
	}
	peer_say(d->peer, link, ":%s!u@host JOIN :%s", nick, w->target);
	tell_others(d, link, ":%s!u@host JOIN :%s", nick, w->target);
	d->in[link] = true;
	if (!d->mutual && link != d->listener)
		return;
	if (d->topic)
		peer_say(d->peer, link, ":irc.test 332 %s %s :%s", nick,
			 w->target, d->topic);
	tell_names(d, link, w->target);
}

static void
on_names(struct ircd *d, int link, const struct words *w)
{
	if (d->mutual)
		tell_names(d, link, w->target);
}

static void
on_said(struct ircd *d, int link, const struct words *w)
{
	const char *nick = d->nicks[link];
	unsigned id = ++d->ids;

	if (d->muted && !strcmp(d->muted, w->target)) {
		peer_say(d->peer, link, "%s%s%s:irc.test 404 %s %s :Cannot",
			 *w->label ? "@label=" : "", w->label,
			 *w->label ? " " : "", nick, w->target);
		return;
	}
	if (d->echo)
		peer_say(d->peer, link, "@msgid=m%u%s%s :%s!u@host %s %s :%s",
			 id, *w->label ? ";label=" : "", w->label, nick,
			 w->command, w->target, w->rest);
	if (!d->blind && *w->target == '#')
		tell_others(d, link, "@msgid=m%u :%s!u@host %s %s :%s", id,
			    nick, w->command, w->target, w->rest);
}

static void
on_topic(struct ircd *d, int link, const struct words *w)
{
	const char *nick = d->nicks[link];

	if (d->topic_waits) {
		d->topic_waits = false;
		peer_say(d->peer, link,
			 ":irc.test 437 %s %s :Retry topic change later", nick,
			 w->target);
		return;
	}
	if (d->locked) {
		peer_say(d->peer, link, ":irc.test 482 %s %s :Not operator",
			 nick, w->target);
		return;
	}
	peer_say(d->peer, link, ":%s!u@host TOPIC %s :%s", nick, w->target,
		 w->rest);
	tell_others(d, link, ":%s!u@host TOPIC %s :%s", nick, w->target,
		    w->rest);
}

static void
on_ping(struct ircd *d, int link, const struct words *w)
{
	if (!d->deaf)
		peer_say(d->peer, link, ":irc.test PONG irc.test :%s",
			 w->target);
}

static void
on_user(struct ircd *d, int link, const struct words *w UNUSED)
{
	d->user[link] = true;
	welcome(d, link);
}

static void
on_part(struct ircd *d, int link, const struct words *w)
{
	peer_say(d->peer, link, ":%s!u@host PART %s", d->nicks[link],
		 w->target);
	if (!d->mutual)
		return;
	d->in[link] = false;
	tell_others(d, link, ":%s!u@host PART %s", d->nicks[link], w->target);
}

static void
on_quit(struct ircd *d, int link, const struct words *w UNUSED)
{
	d->in[link] = false;
	if (d->mutual)
		tell_others(d, link, ":%s!u@host QUIT :Quit", d->nicks[link]);
	peer_say(d->peer, link, "ERROR :Closing link");
	peer_close(d->peer, link);
}

static void
on_line(void *arg, struct peer *peer, int link, const char *line)
{
	static const struct {
		const char *command;
		void (*fn)(struct ircd *d, int link, const struct words *w);
	} commands[] = {
		{ "CAP", on_cap },     { "NICK", on_nick },
		{ "USER", on_user },   { "JOIN", on_join },
		{ "PART", on_part },   { "PRIVMSG", on_said },
		{ "NOTICE", on_said }, { "TOPIC", on_topic },
		{ "PING", on_ping },   { "QUIT", on_quit },
		{ "NAMES", on_names },
	};
	struct ircd *d = arg;
	struct words w;

	if (link >= IRCD_LINKS_MAX)
		return;
	if (d->banner) {
		peer_say(peer, link, "%s", d->banner);
		peer_close(peer, link);
		return;
	}
	take_apart(line, &w);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].command, w.command))
			commands[i].fn(d, link, &w);
}

void
ircd_start(struct ircd *d, struct loop *loop)
{
	d->peer = peer_new(loop, on_line, d);
}

void
ircd_start_tls(struct ircd *d, struct loop *loop, const char *host,
	       const char *ca_path)
{
	d->peer = peer_new_tls(loop, on_line, d, host, ca_path);
}

void
ircd_stop(struct ircd *d)
{
	peer_free(d->peer);
	d->peer = NULL;
}
