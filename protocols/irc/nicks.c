/* SPDX-License-Identifier: MIT */
/*
 * nicks.c - which nicks are ours: those that the puppets have, and those that
 * they had a moment ago.
 */

#include "protocols/irc/puppet.h"

#include "bridge/base.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#define FORMER_MS 180000 /* until a server has noticed a dead connection */
#define OWN_NICKS_MAX 10000
#define SKEW_MS 60000 /* of the server's clock against ours */

/* A nick that was a puppet's; see irc_was_us(). */
struct former {
	struct former *next;
	char *folded;
	int64_t until_ms;
};

/* From when to when (UTC) a nick was ours; the gaps between count, too. */
struct own_nick {
	char *folded; /* key */
	int64_t since_ms, until_ms;
	UT_hash_handle hh;
};

char *
irc_folded(struct irc *irc, const char *name)
{
	char folded[IRC_NICK_BYTES];

	irc_fold(irc->isupport.casemapping, name, folded, sizeof(folded));
	return xstrdup(folded);
}

struct irc_puppet *
irc_puppet_find(struct irc *irc, const char *nick)
{
	char folded[IRC_NICK_BYTES];
	struct irc_puppet *p = NULL;

	irc_fold(irc->isupport.casemapping, nick, folded, sizeof(folded));
	HASH_FIND(hh, irc->puppets_by_nick, folded, strlen(folded), p);
	return p;
}

/* ---- all that ever were ours --------------------------------------- */

static struct own_nick *
own_find(struct irc *irc, const char *nick)
{
	char folded[IRC_NICK_BYTES];
	struct own_nick *own = NULL;

	irc_fold(irc->isupport.casemapping, nick, folded, sizeof(folded));
	HASH_FIND(hh, irc->own_nicks, folded, strlen(folded), own);
	return own;
}

static void
own_free(struct irc *irc, struct own_nick *own)
{
	HASH_DEL(irc->own_nicks, own);
	free(own->folded);
	free(own);
}

void
irc_own_nick_begins(struct irc *irc, const char *nick)
{
	struct own_nick *own = own_find(irc, nick);

	if (!own) {
		if (HASH_COUNT(irc->own_nicks) >= OWN_NICKS_MAX)
			own_free(irc, irc->own_nicks); /* the oldest */
		own = xcalloc(1, sizeof(*own));
		own->folded = irc_folded(irc, nick);
		own->since_ms = loop_wall_ms(irc->loop);
		HASH_ADD_KEYPTR(hh, irc->own_nicks, own->folded,
				strlen(own->folded), own);
	}
	own->until_ms = INT64_MAX;
}

void
irc_own_nick_ends(struct irc *irc, const char *nick)
{
	struct own_nick *own = own_find(irc, nick);

	if (own)
		own->until_ms = loop_wall_ms(irc->loop) + SKEW_MS;
}

bool
irc_was_us_at(struct irc *irc, const char *nick, int64_t when_ms)
{
	const struct own_nick *own = own_find(irc, nick);

	if (irc->conf->nick &&
	    !irc_compare(irc->isupport.casemapping, nick, irc->conf->nick))
		return true;
	return own && when_ms >= own->since_ms - SKEW_MS &&
	       when_ms <= own->until_ms;
}

/* ---- those that are, and were a moment ago ------------------------- */

static void
unlist_nick(struct irc_puppet *p)
{
	if (!p->folded)
		return;
	HASH_DEL(p->irc->puppets_by_nick, p);
	irc_own_nick_ends(p->irc, p->folded);
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
	irc_own_nick_begins(p->irc, p->folded);
}

void
irc_nicks_refold(struct irc *irc)
{
	for (struct irc_puppet *p = irc->puppets; p; p = p->next) {
		if (!p->folded)
			continue;
		unlist_nick(p);
		irc_nick_list(p, p->session.nick);
	}
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
	char folded[IRC_NICK_BYTES];

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
	while (irc->own_nicks)
		own_free(irc, irc->own_nicks);
}
