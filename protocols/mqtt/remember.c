/* SPDX-License-Identifier: MIT */
/* remember.c - texts by text that outlive the process; see remember.h. */

#include "protocols/mqtt/remember.h"

#include "bridge/base.h"
#include "bridge/hash.h"
#include "bridge/log.h"
#include "protocols/mqtt/mqtt.h"

#include <stdlib.h>
#include <string.h>

struct remembered_entry {
	char *key, *value;
	UT_hash_handle hh;
};

static void
drop(struct remembered *r, struct remembered_entry *e)
{
	HASH_DEL(r->entries, e);
	free(e->key);
	free(e->value);
	free(e);
}

static void
set(struct remembered *r, const char *key, const char *value)
{
	struct remembered_entry *e;

	HASH_FIND_STR(r->entries, key, e);
	if (e)
		drop(r, e);
	if (!value)
		return;
	e = xcalloc(1, sizeof(*e));
	e->key = xstrdup(key);
	e->value = xstrdup(value);
	HASH_ADD_KEYPTR(hh, r->entries, e->key, strlen(e->key), e);
}

static void
on_memo(void *arg, const char *key, const char *value)
{
	set(arg, key, value);
}

void
remembered_load(struct mqtt *q, struct remembered *r)
{
	if (r->loaded)
		return;
	r->loaded = true;
	if (bridge_memos(&q->net, r->scope, r->max, on_memo, r) < 0)
		log_error(q->net.name, "what is known of %s cannot be read",
			  r->scope);
}

const char *
remembered_get(const struct remembered *r, const char *key)
{
	const struct remembered_entry *e;

	HASH_FIND_STR(r->entries, key, e);
	return e ? e->value : NULL;
}

bool
remembered_is_taken(const struct remembered *r, const char *key,
		    const char *value)
{
	for (const struct remembered_entry *e = r->entries; e; e = e->hh.next)
		if (strcmp(e->value, value) == 0 && strcmp(e->key, key) != 0)
			return true;
	return false;
}

void
remembered_put(struct mqtt *q, struct remembered *r, const char *key,
	       const char *value)
{
	const struct memo memo = { r->scope, key, value, NULL };

	set(r, key, value);
	bridge_remember(&q->net, &memo, 0);
	if (HASH_COUNT(r->entries) > r->max) {
		const struct memo oldest = { r->scope, r->entries->key, NULL,
					     NULL };

		bridge_remember(&q->net, &oldest, 0);
		drop(r, r->entries);
	}
}

void
remembered_free(struct remembered *r)
{
	while (r->entries)
		drop(r, r->entries);
}
