/* SPDX-License-Identifier: MIT */
/* gate.c - when the next connection to a host may be begun. See gate.h. */

#include "bridge/gate.h"

#include "bridge/base.h"
#include "bridge/hash.h"
#include "bridge/str.h"

#include <stdlib.h>
#include <string.h>

#define THROTTLED_MS 60000
/* The least that the bridge itself waits after a refusal: who was refused does
 * not find the gate closed when it comes again. */
#define BANNED_MS 150000
#define BANNED_MAX_MS 1800000
#define NAME_MAX_BYTES 512

struct door {
	char *name; /* key: source, space, host in lower case */
	int64_t next_ms;
	int64_t closed_ms; /* until then, because of: */
	char *why;
	unsigned refusals; /* in a row */
	int64_t one_ms;    /* until then a second ban is one of all */
	UT_hash_handle hh;
};

struct gate {
	struct door *doors;
};

struct gate *
gate_new(void)
{
	return xcalloc(1, sizeof(struct gate));
}

void
gate_free(struct gate *g)
{
	struct door *door, *next;

	if (!g)
		return;
	HASH_ITER(hh, g->doors, door, next)
	{
		HASH_DEL(g->doors, door);
		free(door->name);
		free(door->why);
		free(door);
	}
	free(g);
}

/* Made when first asked for; there are as many as configured servers. */
static struct door *
door_of(struct gate *g, const struct gate_way *way)
{
	AUTO_STR name = { 0 };
	struct door *door;

	str_init(&name, NAME_MAX_BYTES);
	str_printf(&name, "%s %s", way->source ? way->source : "", way->host);
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] >= 'A' && name.data[i] <= 'Z')
			name.data[i] += 'a' - 'A';
	HASH_FIND(hh, g->doors, name.data, name.len, door);
	if (door)
		return door;
	door = xcalloc(1, sizeof(*door));
	door->name = str_take(&name);
	HASH_ADD_KEYPTR(hh, g->doors, door->name, strlen(door->name), door);
	return door;
}

/* Half as much to half as much again. */
static int64_t
spread(int64_t ms, uint64_t random)
{
	return ms / 2 + (int64_t)(random % (uint64_t)(ms + 1));
}

int64_t
gate_pass(struct gate *g, const struct gate_way *way, int64_t pace_ms,
	  int64_t now_ms, uint64_t random)
{
	struct door *door = door_of(g, way);
	int64_t open = door->next_ms > door->closed_ms ? door->next_ms
						       : door->closed_ms;

	if (open > now_ms)
		return open - now_ms;
	door->next_ms = now_ms + (pace_ms ? spread(pace_ms, random) : 0);
	return 0;
}

void
gate_refused(struct gate *g, const struct gate_way *way, enum gate_refusal how,
	     const char *why, int64_t now_ms, uint64_t random)
{
	struct door *door = door_of(g, way);
	int64_t wait = THROTTLED_MS;

	if (how == GATE_BANNED_ONE && now_ms >= door->one_ms) {
		door->one_ms = now_ms + BANNED_MS;
		return;
	}
	door->refusals++;
	if (how != GATE_THROTTLED) {
		wait = BANNED_MS;
		for (unsigned i = 1; i < door->refusals && wait < BANNED_MAX_MS;
		     i++)
			wait *= 2;
		if (wait > BANNED_MAX_MS)
			wait = BANNED_MAX_MS;
	}
	wait += (int64_t)(random % (uint64_t)(wait / 2));
	/* Those who were under way are turned away, too; that is no news. */
	if (door->closed_ms > now_ms + wait)
		return;
	door->closed_ms = now_ms + wait;
	free(door->why);
	door->why = xstrdup(why);
}

void
gate_welcomed(struct gate *g, const struct gate_way *way)
{
	struct door *door = door_of(g, way);

	door->refusals = 0;
	door->closed_ms = 0;
	door->one_ms = 0;
}

const char *
gate_why(struct gate *g, const struct gate_way *way, int64_t now_ms)
{
	const struct door *door = door_of(g, way);

	return door->closed_ms > now_ms ? door->why : NULL;
}

void
gate_forgive(struct gate *g)
{
	for (struct door *door = g->doors; door; door = door->hh.next)
		door->closed_ms = 0;
}
