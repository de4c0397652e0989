/* SPDX-License-Identifier: MIT */
/*
 * portal.c - hosted rooms, made when somebody knocks, and how those who came
 * in fare in the channel that the room stands for.
 *
 * A portal is a link like every other, made on demand: of the hosted room and
 * its channel, or, where that channel is in a link already, by adding the
 * room to that one. So there is one conversation, whichever door people use.
 * In the store each portal is a link of its own, the room and its channel, and
 * that row alone decides which portals come back after a restart.
 */

#include "bridge/portal.h"

#include "bridge/base.h"
#include "bridge/core.h"
#include "bridge/link.h"
#include "bridge/log.h"
#include "bridge/member.h"
#include "bridge/network.h"
#include "bridge/puppet.h"
#include "bridge/room.h"
#include "bridge/stay.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "mappings/channels.h"

#include <utlist.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 1024
/* A room in which nobody is is looked at so often; twice empty, it closes. */
#define VACANT_MS (5 * 60 * 1000)

/* ---- rooms of a portal ------------------------------------------------- */

static struct room *
portal_room(struct netlife *life, enum channel_kind kind, const char *name)
{
	struct room *room = room_new(life->bridge, life, kind, name);

	room_unconfigure(room);
	return room;
}

static struct room *
hosted_find(struct netlife *life, const char *name)
{
	struct room *room;

	HASH_FIND(hh_name, life->hosted, name, strlen(name), room);
	return room;
}

/* However the configuration writes it. */
static bool
is_channel(const struct room *room, const char *name)
{
	struct network *net = room->life->net;
	char own[NAME_MAX_BYTES];

	if (room->ch.kind != CHANNEL_ROOM)
		return false;
	return net->protocol->ops.channel_name(net, room->ch.name, own,
					       sizeof(own)) &&
	       strcmp(own, name) == 0;
}

struct room *
portal_far(struct netlife *life, const char *name)
{
	for (struct room *r = life->bridge->rooms; r; r = r->hh.next)
		if (r->life == life && is_channel(r, name))
			return r;
	return NULL;
}

static struct room *
far_make(struct netlife *life, const char *name, int64_t id)
{
	struct room *room = portal_room(life, CHANNEL_ROOM, name);

	link_portal(room);
	room_open(room, id);
	return room;
}

/* ---- closing ----------------------------------------------------------- */

struct closing {
	struct store_job job;
	int64_t portal;
};

static int
closing_run(struct db *db, struct store_job *job)
{
	const struct closing *c = container_of(job, struct closing, job);

	return link_remove(db, c->portal);
}

static void
closing_drop(struct store_job *job)
{
	free(container_of(job, struct closing, job));
}

/* If it stays, the room comes back at the next start, and closes then. */
static void
closing_done(struct store_job *job, int status UNUSED)
{
	closing_drop(job);
}

static void
forget_portal(struct bridge *bridge, int64_t portal)
{
	struct closing *c = xcalloc(1, sizeof(*c));

	c->job = (struct store_job){ closing_run, closing_done, closing_drop };
	c->portal = portal;
	store_submit(bridge->store, &c->job);
}

static bool
has_work(const struct room *room)
{
	const struct outbox *box = &room->outbox;

	return box->n || box->more || box->settling;
}

static void
leave_room(struct room *room)
{
	link_drop(room->link, room);
	room_end(room);
}

static void
link_end(struct link *link)
{
	while (link->n_rooms)
		leave_room(link->rooms[0]);
	link_free(link);
}

static void
portal_close(struct room *room)
{
	struct bridge *bridge = room->bridge;
	struct link *link = room->link;

	forget_portal(bridge, room->portal);
	log_info(room->where, "closed: nobody is there");
	leave_room(room);
	/* Its channel stays while another room stands for it. */
	if (link->portal && link->n_rooms == 1)
		link_end(link);
}

static void
look(void *arg)
{
	struct room *room = arg;
	bool vacant = !room->members && !has_work(room) && !has_work(room->far);

	if (vacant && room->vacant) {
		portal_close(room);
		return;
	}
	room->vacant = vacant;
	timer_start(&room->idle, room->bridge->loop, VACANT_MS, look, room);
}

/* ---- opening ----------------------------------------------------------- */

/* The numbers of a portal's rooms. */
struct opening {
	struct store_job job;
	struct netlife *life, *far_life;
	char *name, *far_name; /* the channel's as its network writes it */
	int64_t portal, room, far;
	bool asked; /* by somebody, just now */
};

static int
opening_run(struct db *db, struct store_job *job)
{
	struct opening *op = container_of(job, struct opening, job);
	AUTO_STR name = { 0 };
	int rc = channel_put(db, op->far_life->net->id, CHANNEL_ROOM,
			     op->far_name, &op->far);

	str_init(&name, 4 * NAME_MAX_BYTES);
	str_printf(&name, "portal %s:%s", op->life->net->name, op->name);
	if (rc == 0)
		rc = channel_put(db, op->life->net->id, CHANNEL_HOSTED,
				 op->name, &op->room);
	if (rc == 0)
		rc = link_put(db, name.data, LINK_PORTAL, &op->portal);
	if (rc == 0)
		rc = link_member_put(db, op->portal, op->room, "");
	if (rc == 0)
		rc = link_member_put(db, op->portal, op->far, "");
	return rc;
}

static void
opening_drop(struct store_job *job)
{
	struct opening *op = container_of(job, struct opening, job);

	free(op->name);
	free(op->far_name);
	free(op);
}

static void
portal_open(const struct opening *op)
{
	struct room *far = portal_far(op->far_life, op->far_name);
	struct room *room = portal_room(op->life, CHANNEL_HOSTED, op->name);
	bool orphan = far && !far->link; /* a reload has just taken it out */

	if (!far) {
		far = far_make(op->far_life, op->far_name, op->far);
		far->untried = op->asked;
	}
	if (orphan)
		link_become_portal(far);
	room->far = far;
	room->ch.modes = far->ch.modes;
	room->portal = op->portal;
	HASH_ADD_KEYPTR(hh_name, op->life->hosted, room->ch.name,
			strlen(room->ch.name), room);
	link_add(far->link, room);
	room_open(room, op->room);
	if (orphan) /* and those of its link are not shown there any more */
		puppets_review(far);
	members_show_in(room);
	timer_start(&room->idle, room->bridge->loop, VACANT_MS, look, room);
}

static void
opening_done(struct store_job *job, int status)
{
	struct opening *op = container_of(job, struct opening, job);

	if (status < 0)
		log_error(op->life->net->name,
			  "a hosted room cannot be written down: %s",
			  strerror(-status));
	else if (!hosted_find(op->life, op->name)) /* asked for twice */
		portal_open(op);
	network_unuse(op->far_life);
	opening_drop(job);
}

/* NULL and why: people cannot go there. */
static struct netlife *
gateway_to(struct bridge *bridge, const char *network, const char **why)
{
	struct netlife *life = network_demand(bridge, network, why);

	return life && (life->net->caps & (CAN_ACCOUNT | CAN_VISIT)) ? life
								     : NULL;
}

const char *
bridge_portal(struct network *net, const char *name, const char *network,
	      const char *far)
{
	struct netlife *life = net->life;
	const char *why = NULL;
	struct netlife *to = gateway_to(life->bridge, network, &why);
	char far_name[NAME_MAX_BYTES];
	struct opening *op;

	if (hosted_find(life, name))
		return NULL;
	if (!to || to == life)
		return why ? why
			   : "this gateway leads to no network of that name";
	if (!to->net->protocol->ops.channel_name(to->net, far, far_name,
						 sizeof(far_name)))
		return "no channel can have that name";
	network_keep(to);
	op = xcalloc(1, sizeof(*op));
	op->asked = true;
	op->life = life;
	op->far_life = network_use(to);
	op->name = xstrdup(name);
	op->far_name = xstrdup(far_name);
	op->job = (struct store_job){ opening_run, opening_done, opening_drop };
	store_submit(life->bridge->store, &op->job);
	return NULL;
}

/* ---- after a restart --------------------------------------------------- */

/* The rows of one portal, one after the other. */
struct resuming {
	struct bridge *bridge;
	struct opening op;
};

static void
resume_row(void *arg, const struct link_row *row)
{
	struct resuming *r = arg;
	struct opening *op = &r->op;
	const char *why;
	struct netlife *life =
		network_demand(r->bridge, row->network_name, &why);

	if (row->link != op->portal) {
		free(op->name);
		free(op->far_name);
		*op = (struct opening){ .portal = row->link };
	}
	if (!life)
		return; /* not configured any more */
	if (row->kind == CHANNEL_HOSTED) {
		op->life = life;
		op->room = row->channel;
		op->name = xstrdup(row->channel_name);
	} else {
		op->far_life = life;
		op->far = row->channel;
		op->far_name = xstrdup(row->channel_name);
	}
	if (op->life && op->far_life && !hosted_find(op->life, op->name))
		portal_open(op);
}

void
portals_resume(struct bridge *bridge)
{
	struct resuming r = { .bridge = bridge };

	if (link_each(store_reader(bridge->store), LINK_PORTAL, resume_row,
		      &r) < 0)
		log_error("store", "the hosted rooms cannot be read");
	free(r.op.name);
	free(r.op.far_name);
}

/* ---- how people fare --------------------------------------------------- */

/* For each hosted room that stands for far. */
#define EACH_HOSTED(room, far)                                              \
	for (size_t i_ = 0; (far)->link && i_ < (far)->link->n_rooms; i_++) \
		if ((room = (far)->link->rooms[i_])->far == (far))

void
standing_changed(struct room *far, struct netlife *home, const char *sender_id)
{
	struct room *room;

	EACH_HOSTED(room, far)
	{
		struct member *m = room->life == home
					   ? member_find(room, sender_id)
					   : NULL;

		if (m)
			member_due(room, m);
	}
}

void
standings_changed(struct room *far)
{
	struct room *room;

	EACH_HOSTED(room, far)
	for (struct member *m = room->members; m; m = m->hh.next)
		member_due(room, m);
}

/*
 * Where the listener goes in first, nobody comes in without it. What was once
 * entered will be again; who waits there need not be sent away.
 */
static bool
is_closed(const struct room *far)
{
	return !far->ch.portal && far->life->net->state == NETWORK_UP &&
	       !far->ch.joined && !far->joining &&
	       timer_is_running(&far->retry) && (far->refused || far->untried);
}

void
portal_knocked(struct room *room)
{
	struct room *far = room->far;

	if (far && is_closed(far))
		(void)room_retry(far);
}

/* What the listener is to enter far with: of the first who has one. */
void
portal_password(struct room *far)
{
	const char *password = NULL;
	struct room *room;

	EACH_HOSTED(room, far)
	for (struct member *m = room->members; m && !password; m = m->hh.next)
		password = m->password;
	free(far->password);
	far->password = password ? xstrdup(password) : NULL;
	far->ch.password = far->password;
}

void
portal_moded(struct room *far)
{
	struct room *room;

	EACH_HOSTED(room, far)
	{
		room->ch.modes = far->ch.modes;
		room->moded = true;
		bridge_mark(room);
	}
}

static void
tell_standing(struct room *room, struct member *m)
{
	struct network *net = room->life->net;
	const struct netlife *far = room->far->life;
	const struct occ *occ = puppet_speaker(room->far, room->life, m->id);
	struct standing s = { .state = OCCUPANT_ABSENT };

	if (occ) {
		s.state = occ->o.state;
		s.name = s.state == OCCUPANT_JOINED ? occ->o.name : NULL;
		s.rank = occ->o.rank;
		s.refusal = occ->o.refusal;
		s.why = occ->why;
	}
	if (far->net->state != NETWORK_UP && far->why)
		s.why = far->why;
	if (s.state == OCCUPANT_ABSENT && is_closed(room->far)) {
		s.state = OCCUPANT_REFUSED;
		s.refusal = room->far->ch.refusal;
		s.why = room->far->why;
	}
	stay_changed(room, m, s.state == OCCUPANT_JOINED);
	s.recorded = m->staying;
	if (s.state == OCCUPANT_JOINED)
		resident_review(room, m);
	net->protocol->ops.standing(net, &room->ch, m->id, &s);
}

/* Somebody who is in the channel is about to be shown. */
static bool
is_filling(const struct room *room)
{
	for (const struct occ *o = room->occs; o; o = o->hh.next)
		if (o->wanted && o->o.state == OCCUPANT_ABSENT &&
		    !o->pup->opened)
			return true;
	return false;
}

void
standings_work(struct room *room)
{
	struct member *m;

	/* Who comes in sees first who is there. */
	if (is_filling(room))
		return;
	/* The hook may raise events, by which anybody may leave. */
	while ((m = room->due)) {
		DL_DELETE(room->due, m);
		m->due = false;
		tell_standing(room, m);
	}
}

const char *
portal_objection(struct room *room, const char *sender_id)
{
	const struct occ *occ;

	if (!room->far)
		return NULL;
	occ = puppet_speaker(room->far, room->life, sender_id);
	if (!occ || occ->o.state != OCCUPANT_REFUSED)
		return NULL;
	return occ->why;
}

struct room *
portal_find(struct netlife *home, const struct netlife *far,
	    const char *channel)
{
	char name[NAME_MAX_BYTES];
	struct network *net = far->net;

	if (!net->protocol->ops.channel_name ||
	    !net->protocol->ops.channel_name(net, channel, name, sizeof(name)))
		return NULL;
	for (struct room *r = home->hosted; r; r = r->hh_name.next)
		if (r->far && r->far->life == far && is_channel(r->far, name))
			return r;
	return NULL;
}

const char *
bridge_topic(struct channel *hosted)
{
	const struct room *room = container_of(hosted, struct room, ch);

	return room->far ? room->far->topic : NULL;
}
/* ---- invitations ------------------------------------------------------- */

struct inviting {
	struct netlife *home;
	char *sender_id, *network, *channel, *by;
	struct inviting *prev, *next;
};

static void
inviting_free(struct bridge *bridge, struct inviting *i)
{
	DL_DELETE(bridge->invitations, i);
	free(i->sender_id);
	free(i->network);
	free(i->channel);
	free(i->by);
	free(i);
}

static void
invitations_free(struct bridge *bridge)
{
	while (bridge->invitations)
		inviting_free(bridge, bridge->invitations);
}

/* Who is not there to be told is not told: it can be said again. */
void
invitations_work(struct bridge *bridge)
{
	struct inviting *i, *next;

	DL_FOREACH_SAFE(bridge->invitations, i, next)
	{
		struct network *net = i->home->net;

		if (net->state == NETWORK_UP && net->protocol->ops.invited)
			net->protocol->ops.invited(net, i->sender_id,
						   i->network, i->channel,
						   i->by);
		inviting_free(bridge, i);
	}
}

void
bridge_invited(const struct puppet *p, const char *channel, const char *by)
{
	struct bridge *bridge = p->network->bridge;
	struct netlife *home = bridge_net(bridge, p->origin);
	const struct sender inviter = { .id = by };
	struct inviting *i;

	if (bridge_blocks(home->net, p->sender->id, p->network->name, &inviter))
		return;
	i = xcalloc(1, sizeof(*i));
	i->home = home;
	i->sender_id = xstrdup(p->sender->id);
	i->network = xstrdup(p->network->name);
	i->channel = xstrdup(channel);
	i->by = xstrdup(by);
	DL_APPEND(bridge->invitations, i);
	bridge_schedule(bridge);
}

void
portals_free(struct bridge *bridge)
{
	struct link *link, *next;

	invitations_free(bridge);
	DL_FOREACH_SAFE(bridge->portals, link, next)
	{
		while (link->n_rooms) {
			struct room *room = link->rooms[0];

			link_drop(link, room);
			room_free(room);
		}
		link_free(link);
	}
}
