/* SPDX-License-Identifier: MIT */
/*
 * persona.c - what a puppet is called on IRC: nick, user name, real name, and
 * what it says when it is away.
 */

#include "protocols/irc/puppet.h"

#include "bridge/base.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "conf/conf.h"

#include <string.h>

#define REALNAME_MAX 128
#define TEMPLATE_MAX 8192

/* {name}, {id} and {network} of whom it stands for; control characters and
 * what is too long are left out. */
static void
expand(const struct puppet *puppet, const char *template, struct str *out)
{
	const struct {
		const char *word, *value;
	} words[] = {
		{ "{name}", puppet->sender->name },
		{ "{id}", puppet->sender->id },
		{ "{network}", puppet->origin },
	};

	while (*template) {
		size_t i = 0;

		while (i < ARRAY_SIZE(words) &&
		       strncmp(template, words[i].word,
			       strlen(words[i].word)) != 0)
			i++;
		if (i < ARRAY_SIZE(words)) {
			str_add(out, words[i].value);
			template += strlen(words[i].word);
		} else {
			str_add_char(out, *template ++);
		}
	}
}

char *
irc_persona_nick(const struct irc_puppet *p, unsigned attempt)
{
	const struct irc_isupport *is = &p->irc->isupport;
	char nick[64];

	/* A user's own: as it is, if it can be. */
	if (p->account && irc_is_nick(is, p->want) &&
	    strlen(p->want) <= is->nicklen && strlen(p->want) < sizeof(nick))
		return xstrdup(p->want);
	irc_nick_from_name(p->want, p->sender_id, attempt,
			   p->irc->isupport.nicklen, nick, sizeof(nick));
	return xstrdup(nick);
}

char *
irc_persona_user(const struct irc_puppet *p)
{
	AUTO_STR name = { 0 };
	char user[64];

	str_init(&name, TEMPLATE_MAX);
	expand(p->puppet, p->irc->conf->puppet_user, &name);
	irc_user_from_name(name.data, p->irc->isupport.userlen, user,
			   sizeof(user));
	return xstrdup(*user ? user : "u");
}

char *
irc_persona_realname(const struct irc_puppet *p)
{
	AUTO_STR name = { 0 };
	AUTO_STR out = { 0 };

	str_init(&name, TEMPLATE_MAX);
	str_init(&out, REALNAME_MAX);
	expand(p->puppet, p->irc->conf->puppet_realname, &name);
	for (size_t at = 0, len; at < name.len; at += len) {
		uint32_t cp = utf8_decode(name.data + at, name.len - at, &len);

		if (cp < ' ' || utf8_is_invisible(cp))
			continue;
		if (out.len + len > REALNAME_MAX)
			break;
		str_add_n(&out, name.data + at, len);
	}
	if (!out.len)
		str_add(&out, p->nick);
	return str_take(&out);
}

char *
irc_persona_away(const struct irc_puppet *p)
{
	static const char *const words[] = {
		[SHOW_ONLINE] = NULL,
		[SHOW_AWAY] = "away",
		[SHOW_XA] = "gone for longer",
		[SHOW_DND] = "do not disturb",
	};
	const struct puppet *puppet = p->puppet;
	AUTO_STR out = { 0 };

	if (puppet->show == SHOW_ONLINE)
		return NULL;
	str_init(&out, 512);
	if (!puppet->status || !*puppet->status) {
		str_add(&out, words[puppet->show]);
		return str_take(&out);
	}
	if (puppet->show == SHOW_DND)
		str_add(&out, "(dnd) ");
	str_add_n(&out, puppet->status,
		  utf8_cut(puppet->status, strlen(puppet->status),
			   p->irc->isupport.awaylen - out.len));
	for (size_t i = 0; i < out.len; i++)
		if ((unsigned char)out.data[i] < ' ')
			out.data[i] = ' ';
	return str_take(&out);
}
