/* SPDX-License-Identifier: MIT */
/* guests.c - users of a gateway in a storm. See guests.h. */

#include "tests/scenario/guests.h"

#include "bridge/base.h"

#include <stdio.h>

struct hosted_name {
	char text[64];
};

static struct hosted_name
hosted(const struct oracle *o, int room)
{
	struct hosted_name name;

	snprintf(name.text, sizeof(name.text), "%s%%%s@gw", o->rooms[room].name,
		 o->worlds[o->rooms[room].net].label);
	return name;
}

void
guests_init(struct guests *g)
{
	world_init(&g->home, "gw");
	g->home.caps =
		CAN_HOST | CAN_PUPPET | CAN_PUPPET_OWN | CAN_TOPIC | CAN_DIRECT;
}

void
guests_finish(struct guests *g)
{
	world_finish(&g->home);
}

const char *
guests_move(struct guests *g, struct oracle *o, int room, int person)
{
	const struct world *w = &o->worlds[o->rooms[room].net];
	const char *who = oracle_people[person];
	const struct hosted_name name = hosted(o, room);

	if (!(w->caps & CAN_ACCOUNT))
		return NULL;
	if (world_has(&g->home, name.text, who)) {
		world_part(&g->home, name.text, who, PART_LEFT, NULL);
		return "leaves";
	}
	if (!world_listens(&g->home, name.text)) {
		world_knock(&g->home, name.text, w->label, o->rooms[room].name);
		return "knocks at";
	}
	world_come_in(&g->home, name.text, who, NULL);
	return "enters";
}

void
guests_gone(struct guests *g, struct oracle *o)
{
	for (int room = 0; room < (int)o->n_rooms; room++) {
		const struct hosted_name name = hosted(o, room);

		for (size_t i = 0; i < PEOPLE; i++)
			if (world_has(&g->home, name.text, oracle_people[i]))
				world_part(&g->home, name.text,
					   oracle_people[i], PART_LEFT, NULL);
	}
}
