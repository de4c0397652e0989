/* SPDX-License-Identifier: MIT */
/*
 * nicks.c - which nicks are ours: those that the puppets have, and those that
 * they had a moment ago.
 */

#include "protocols/irc/puppet.h"

#include "bridge/base.h"

#include <stdlib.h>
#include <string.h>

#define NICK_BYTES 512
#define FORMER_MS 180000 /* until a server has noticed a dead connection */

/* A nick that was a puppet's; see irc_was_us(). */
struct former {
	struct former *next;
	char *folded;
	int64_t until_ms;
};

char *
irc_folded(struct irc *irc, const char *name)
{
	char folded[NICK_BYTES];

	irc_fold(irc->isupport.casemapping, name, folded, sizeof(folded));
	return xstrdup(folded);
}

struct irc_puppet *
irc_puppet_find(struct irc *irc, const char *nick)
{
	char folded[NICK_BYTES];
	struct irc_puppet *p = NULL;

	irc_fold(irc->isupport.casemapping, nick, folded, sizeof(folded));
	HASH_FIND(hh, irc->puppets_by_nick, folded, strlen(folded), p);
	return p;
}

static void
unlist_nick(struct irc_puppet *p)
{
	if (!p->folded)
		return;
	HASH_DEL(p->irc->puppets_by_nick, p);
	free(p->folded);
	p->folded = NULL;
}

/* The nick is no puppet's any more, but the listener does not know that. */
void
irc_nick_retire(struct irc_puppet *p)
{
	struct former *f;

	if (!p->folded)
		return;
	f = xcalloc(1, sizeof(*f));
	f->folded = xstrdup(p->folded);
	f->until_ms = loop_now_ms(p->irc->loop) + FORMER_MS;
	f->next = p->irc->formers;
	p->irc->formers = f;
	unlist_nick(p);
}

void
irc_nick_list(struct irc_puppet *p, const char *nick)
{
	struct irc_puppet *other = irc_puppet_find(p->irc, nick);

	if (other == p)
		return;
	irc_nick_retire(p);
	if (other) /* a server that gives one nick to two */
		unlist_nick(other);
	p->folded = irc_folded(p->irc, nick);
	HASH_ADD_KEYPTR(hh, p->irc->puppets_by_nick, p->folded,
			strlen(p->folded), p);
}

static void
former_remove(struct former **at)
{
	struct former *f = *at;

	*at = f->next;
	free(f->folded);
	free(f);
}

/* The link to the former with that nick, or to the end. */
static struct former **
former_find(struct irc *irc, const char *nick)
{
	struct former **at = &irc->formers;
	int64_t now = loop_now_ms(irc->loop);
	char folded[NICK_BYTES];

	if (!*at)
		return at;
	irc_fold(irc->isupport.casemapping, nick, folded, sizeof(folded));
	while (*at) {
		if ((*at)->until_ms <= now)
			former_remove(at);
		else if (!strcmp((*at)->folded, folded))
			break;
		else
			at = &(*at)->next;
	}
	return at;
}

bool
irc_was_us(struct irc *irc, const char *nick)
{
	return *former_find(irc, nick) != NULL;
}

void
irc_nick_seen(struct irc *irc, const char *old, const char *nick)
{
	struct irc_puppet *p = irc_puppet_find(irc, old);
	struct former **at = former_find(irc, old);

	if (p)
		unlist_nick(p);
	if (p && nick)
		irc_nick_list(p, nick);
	if (*at)
		former_remove(at);
}

void
irc_formers_free(struct irc *irc)
{
	while (irc->formers)
		former_remove(&irc->formers);
}
