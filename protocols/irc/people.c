/* SPDX-License-Identifier: MIT */
/*
 * people.c - the people on one network: who they are through nick changes.
 * See channel.h.
 */

#include "protocols/irc/channel.h"

#include "bridge/base.h"
#include "bridge/event.h"
#include "bridge/loop.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "conf/conf.h"
#include "protocols/irc/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAME_BYTES 512
#define STRANGERS_MAX 1024
#define SECONDS_MAX 100000000000 /* far off, and fits in milliseconds */

/* What a server says may be in any charset; what we keep is UTF-8, and short
 * enough for an event. */
static char *
utf8_of(struct irc *irc, const char *bytes)
{
	AUTO_STR out = { 0 };

	str_init(&out, 4 * NAME_BYTES);
	irc_charset_read(&out, bytes, strlen(bytes), irc->conf->charset);
	if (out.len > NAME_BYTES)
		str_truncate(&out, utf8_cut(out.data, out.len, NAME_BYTES));
	return str_take(&out);
}

struct irc_user *
irc_user_find(struct view *v, const char *nick)
{
	char folded[IRC_NICK_BYTES];
	struct irc_user *u = NULL;

	irc_fold(v->irc->isupport.casemapping, nick, folded, sizeof(folded));
	HASH_FIND(by_nick, v->users_by_nick, folded, strlen(folded), u);
	return u;
}

struct irc_user *
irc_user_find_id(struct view *v, const char *id)
{
	struct irc_user *u = NULL;

	HASH_FIND(by_id, v->users_by_id, id, strlen(id), u);
	return u;
}

/* The folded nick, or with "#2" and so on while somebody else has it. */
static char *
free_id(struct view *v, const char *folded)
{
	char *base = utf8_of(v->irc, folded);
	AUTO_STR id = { 0 };

	str_init(&id, 4 * NAME_BYTES + 16);
	str_add(&id, base);
	for (unsigned i = 2; irc_user_find_id(v, id.data); i++) {
		str_clear(&id);
		str_printf(&id, "%s#%u", base, i);
	}
	free(base);
	return str_take(&id);
}

static void
user_free(struct view *v, struct irc_user *u)
{
	HASH_DELETE(by_nick, v->users_by_nick, u);
	HASH_DELETE(by_id, v->users_by_id, u);
	free(u->nick);
	free(u->folded);
	free(u->id);
	free(u->name);
	free(u->account);
	free(u->real);
	free(u);
}

/* Strangers are only remembered for their ids; the oldest goes first. */
static void
forget_a_stranger(struct view *v)
{
	struct irc_user *u, *next;

	HASH_ITER(by_nick, v->users_by_nick, u, next)
	{
		if (u->channels)
			continue;
		user_free(v, u);
		v->n_strangers--;
		return;
	}
}

struct irc_user *
irc_user_see(struct view *v, const char *nick)
{
	struct irc_user *u = irc_user_find(v, nick);

	if (u)
		return u;
	if (v->n_strangers >= STRANGERS_MAX)
		forget_a_stranger(v);
	u = xcalloc(1, sizeof(*u));
	u->nick = xstrdup(nick);
	u->folded = irc_folded(v->irc, nick);
	u->id = free_id(v, u->folded);
	u->name = utf8_of(v->irc, nick);
	HASH_ADD_KEYPTR(by_nick, v->users_by_nick, u->folded, strlen(u->folded),
			u);
	HASH_ADD_KEYPTR(by_id, v->users_by_id, u->id, strlen(u->id), u);
	v->n_strangers++;
	return u;
}

void
irc_user_rename(struct view *v, struct irc_user *u, const char *nick)
{
	struct irc_user *other = irc_user_find(v, nick);

	/* Somebody whose going we did not see. */
	if (other && other != u)
		irc_user_gone(v, other);
	HASH_DELETE(by_nick, v->users_by_nick, u);
	free(u->nick);
	free(u->folded);
	free(u->name);
	u->nick = xstrdup(nick);
	u->folded = irc_folded(v->irc, nick);
	u->name = utf8_of(v->irc, nick);
	HASH_ADD_KEYPTR(by_nick, v->users_by_nick, u->folded, strlen(u->folded),
			u);
}

void
irc_user_release(struct view *v, struct irc_user *u)
{
	if (u->channels)
		return;
	v->n_strangers--;
	user_free(v, u);
}

void
irc_user_set_account(struct irc_user *u, const char *account)
{
	/* "*" and "0" are how JOIN, ACCOUNT and WHOX say that there is none */
	if (account &&
	    (!*account || !strcmp(account, "*") || !strcmp(account, "0")))
		account = NULL;
	if (account && u->account && !strcmp(account, u->account))
		return;
	free(u->account);
	u->account = account ? xstrdup(account) : NULL;
}

void
irc_user_set_real(struct view *v, struct irc_user *u, const char *real)
{
	char *text = utf8_of(v->irc, real);

	free(u->real);
	u->real = *text ? text : NULL;
	if (!*text)
		free(text);
}

struct irc_user *
irc_user_of_line(struct view *v, const struct irc_line *line)
{
	struct irc_user *u;
	const char *account = irc_line_tag(line, "account");

	if (!line->nick || !*line->nick || irc_is_us(v->irc, line->nick))
		return NULL;
	u = irc_user_see(v, line->nick);
	if (account || (v->session->caps & IRC_CAP_ACCOUNT_TAG))
		irc_user_set_account(u, account);
	return u;
}

struct event *
irc_user_event(struct view *v, enum event_kind kind,
	       const struct irc_channel *c, const struct irc_user *u)
{
	struct event *ev = event_make(kind);

	ev->channel = c ? c->channel->id : 0;
	ev->when_ms = loop_wall_ms(v->irc->loop);
	event_set_sender(ev, u->id, u->name);
	ev->sender.real = event_strdup(ev, u->real);
	if (u->account) {
		char *account = utf8_of(v->irc, u->account);

		ev->sender.account = event_strdup(ev, account);
		free(account);
	}
	return ev;
}

/* "2026-07-01T10:00:00.123Z", as server-time has it; -1 if it is not that. */
static int64_t
parse_time(const char *text)
{
	struct tm tm = { 0 };
	unsigned ms = 0;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!rest)
		return -1;
	if (*rest == '.' && sscanf(rest, ".%3uZ", &ms) != 1)
		return -1;
	return (int64_t)timegm(&tm) * 1000 + ms;
}

int64_t
irc_seconds_ms(const char *text)
{
	char *end;
	long long seconds = strtoll(text, &end, 10);

	return end != text && !*end && seconds > 0 && seconds < SECONDS_MAX
		       ? (int64_t)seconds * 1000
		       : 0;
}

int64_t
irc_line_time(struct irc *irc, const struct irc_line *line)
{
	const char *tag = irc_line_tag(line, "time");
	int64_t when = tag ? parse_time(tag) : -1;

	return when >= 0 ? when : loop_wall_ms(irc->loop);
}
