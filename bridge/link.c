/* SPDX-License-Identifier: MIT */
/*
 * link.c - rooms that belong together, as the configuration has them or made
 * on demand.
 */

#include "bridge/link.h"

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/network.h"
#include "bridge/room.h"
#include "bridge/standby.h"
#include "conf/conf.h"

#include <utlist.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct link *
make(const char *name)
{
	struct link *link = xcalloc(1, sizeof(*link));

	link->name = xstrdup(name);
	link->standby.state = NOTICE_STANDBY;
	return link;
}

struct link *
link_new(const struct conf_link *conf, const struct conf *of)
{
	struct link *link = make(conf->name);

	link->conf = conf;
	link->of = conf_use(of);
	return link;
}

struct link *
link_portal(struct room *room)
{
	struct link *link = make(room->ch.name);

	link->portal = true;
	DL_APPEND(room->bridge->portals, link);
	room->ch.portal = room->life->net->caps & CAN_ACCOUNT;
	link_add(link, room);
	return link;
}

void
link_become_portal(struct room *room)
{
	room_unconfigure(room);
	room->renew = true;
	room->closing = false;
	link_portal(room);
	bridge_mark(room);
}

void
link_add(struct link *link, struct room *room)
{
	assert(!room->link);
	link->rooms = xrealloc(link->rooms,
			       (link->n_rooms + 1) * sizeof(*link->rooms));
	link->rooms[link->n_rooms++] = room;
	link->bridge = room->bridge;
	room->link = link;
}

void
link_drop(struct link *link, struct room *room)
{
	size_t i = 0;

	while (link->rooms[i] != room)
		i++;
	link->n_rooms--;
	memmove(&link->rooms[i], &link->rooms[i + 1],
		(link->n_rooms - i) * sizeof(*link->rooms));
	room->link = NULL;
}

void
link_free(struct link *link)
{
	while (link->n_rooms)
		link_drop(link, link->rooms[link->n_rooms - 1]);
	if (link->portal)
		DL_DELETE(link->bridge->portals, link);
	standby_free(link);
	conf_free(link->of);
	free(link->rooms);
	free(link->fuse);
	free(link->name);
	free(link);
}

/* ---- as the configuration has it ----------------------------------------- */

void
room_configure(struct room *room, const struct conf_member *conf)
{
	room->ch.conf = conf;
	room->nick = conf->nick;
	room->puppets = conf->puppets;
	room->place = (struct route_place){
		.direction = conf->direction,
		.kinds = conf->kinds,
		.noise = conf->noise,
	};
}

void
room_unconfigure(struct room *room)
{
	room->ch.conf = NULL;
	room->nick = "{nick}";
	room->puppets = true;
	room->place = (struct route_place){
		.direction = CONF_BOTH,
		.kinds = (1u << EVENT_KINDS) - 1,
	};
}

struct room *
link_room_new(struct bridge *bridge, const struct conf_member *conf)
{
	struct netlife *life = bridge_net(bridge, conf->network);
	struct room *room = room_new(bridge, life, CHANNEL_ROOM, conf->channel);

	room_configure(room, conf);
	return room;
}
