/* SPDX-License-Identifier: MIT */
/*
 * resident.c - gateway users who stay in a channel while they are not in the
 * room that stands for it ("persistent").
 *
 * Whether somebody wants that is a setting of theirs. That they are in, under
 * which name and with which password, is kept beside it while it is true, so
 * that they come back after a restart, and are not forgotten in a crash.
 */

#include "bridge/account.h"
#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/log.h"
#include "bridge/member.h"
#include "bridge/network.h"
#include "bridge/room.h"
#include "bridge/stay.h"
#include "bridge/store.h"
#include "mappings/accounts.h"

#include <stdlib.h>

/* Nothing that anybody sets; "resident" is the name to come back under. */
static const struct setting resident = { .key = "resident",
					 .kind = SETTING_TEXT };
static const struct setting password = { .key = "resident_password",
					 .kind = SETTING_SECRET };

/* Where nobody needed one now, the old password stays good. */
static void
keep(struct room *room, const char *id, const char *name, const char *with)
{
	struct account *account = account_use(room->life, id);

	if (with || !name)
		account_keep(account, -room->ch.id, &password, with);
	account_keep(account, -room->ch.id, &resident, name);
	account_unuse(account);
}

bool
bridge_stays(struct channel *hosted, const char *sender_id)
{
	const struct room *room = container_of(hosted, struct room, ch);

	return account_persists(room->life, sender_id, hosted->id);
}

void
resident_review(struct room *room, const struct member *m)
{
	if (!m->gateway)
		return;
	if (!account_persists(room->life, m->id, room->ch.id))
		keep(room, m->id, NULL, NULL);
	else if (m->in)
		keep(room, m->id, m->sender.name, m->password);
}

void
residents_review(struct netlife *home, const char *sender_id)
{
	struct room *room, *next;

	HASH_ITER(hh_name, home->hosted, room, next)
	{
		struct member *m = member_find(room, sender_id);

		if (!m)
			continue;
		resident_review(room, m);
		member_due(room, m);
	}
}

void
resident_left(struct room *room, const struct event *part)
{
	bool thrown = part->part == PART_KICKED || part->part == PART_BANNED;

	if (room->far &&
	    (thrown ||
	     !account_persists(room->life, part->sender.id, room->ch.id)))
		keep(room, part->sender.id, NULL, NULL);
}

/* ---- coming back ------------------------------------------------------- */

struct telling {
	struct room *room;
	struct sender *who;
	size_t n;
};

static void
take_row(void *arg, const char *native_id, const char *value)
{
	struct telling *t = arg;

	t->who = xrealloc(t->who, (t->n + 1) * sizeof(*t->who));
	t->who[t->n++] = (struct sender){ .id = xstrdup(native_id),
					  .name = xstrdup(value) };
}

void
bridge_residents(struct channel *hosted,
		 void (*fn)(void *arg, const struct sender *who,
			    const char *password),
		 void *arg)
{
	struct room *room = container_of(hosted, struct room, ch);
	struct telling t = { .room = room };

	if (setting_of_each(store_reader(room->bridge->store),
			    room->life->net->id, -hosted->id, resident.key,
			    take_row, &t) < 0)
		log_error(room->where, "it cannot be read who stays there");
	for (size_t i = 0; i < t.n; i++) {
		struct account *account = account_use(room->life, t.who[i].id);

		/* What is in memory may be newer than what is on disk. */
		if (account_kept(account, -hosted->id, &resident))
			fn(arg, &t.who[i],
			   account_kept(account, -hosted->id, &password));
		account_unuse(account);
		free((char *)(uintptr_t)t.who[i].id);
		free((char *)(uintptr_t)t.who[i].name);
	}
	free(t.who);
}
