/* SPDX-License-Identifier: MIT */
/*
 * keys.c - what it takes to enter channels.
 *
 * The configuration tells the key of a channel, and whoever may can give it
 * another while we are in. That one is remembered for as long as this process
 * lives, and used before the configured one.
 */

#include "protocols/irc/channel.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/secret.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

struct channel_key {
	int64_t channel; /* key of the table */
	struct secret *key;
	UT_hash_handle hh;
};

static struct channel_key *
find(struct irc *irc, const struct channel *ch)
{
	struct channel_key *k = NULL;

	HASH_FIND(hh, irc->keys, &ch->id, sizeof(ch->id), k);
	return k;
}

static void
drop(struct irc *irc, struct channel_key *k)
{
	HASH_DEL(irc->keys, k);
	secret_free(k->key);
	free(k);
}

static const char *
configured(const struct channel *ch)
{
	return ch->conf && ch->conf->key ? secret_reveal(ch->conf->key) : NULL;
}

const char *
irc_key_of(struct irc *irc, const struct channel *ch)
{
	const struct channel_key *k = find(irc, ch);

	return k ? secret_reveal(k->key) : configured(ch);
}

void
irc_key_changed(struct irc_channel *c, const char *key)
{
	struct irc *irc = c->view->irc;
	const struct channel *ch = c->channel;
	struct channel_key *k = find(irc, ch);
	const char *known = configured(ch);

	if (c->view != &irc->view)
		return; /* not ours: whom a gateway user may follow is theirs */
	if (k)
		drop(irc, k);
	/* Some servers show who may not know it a "*". */
	if (!key || !strcmp(key, "*") || (known && !strcmp(known, key)))
		return;
	k = xcalloc(1, sizeof(*k));
	k->channel = ch->id;
	k->key = secret_new(key, strlen(key));
	HASH_ADD(hh, irc->keys, channel, sizeof(k->channel), k);
	log_warn(irc->net.name,
		 "%s has another key now; it is remembered until the bridge "
		 "ends: put it into the configuration",
		 ch->name);
}

bool
irc_key_failed(struct irc *irc, const struct channel *ch)
{
	struct channel_key *k = find(irc, ch);

	if (!k)
		return false;
	drop(irc, k);
	return true;
}

void
irc_key_forget(struct irc *irc, const struct channel *ch)
{
	(void)irc_key_failed(irc, ch);
}

void
irc_keys_free(struct irc *irc)
{
	while (irc->keys)
		drop(irc, irc->keys);
}
