/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_STANDBY_H
#define BRIDGE_STANDBY_H

/* Other bridges on the same link. */

#include "bridge/loop.h"
#include "bridge/notice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct item;
struct link;
struct room;

#define STANDBY_FORMERS 8
#define STANDBY_DISTRUSTED 8

/* A bridge that said that it carries a link, and did not. */
struct distrust {
	char bridge[NOTICE_ID_MAX + 1];
	int64_t until_ms, wait_ms;
};

/* What a link knows of other bridges that have it, too; see standby.c. */
struct standby {
	enum notice_state state;
	bool tried;   /* nobody was in our way, or their time is over */
	bool covered; /* everything is carried by others */
	bool failed;  /* they did not */
	int64_t covered_ms, grace_ms;
	size_t n_peers;                /* other bridges in all rooms */
	char other[NOTICE_ID_MAX + 1]; /* who carries it; "" if we do */
	struct distrust distrusted[STANDBY_DISTRUSTED];
	size_t next_distrusted;
	struct notice_link *formers; /* those that have gone; or NULL */
	size_t next_former;
	struct timer timer;
};

/* Something changed that others, or we, should go by. */
void standby_review(struct link *link);

/* The room is lost: nobody is seen there any more. */
void standby_lost(struct room *room);

/* The room is about to be freed; or the link, and its rooms were. */
void standby_forget(struct room *room);
void standby_free(struct link *link);

/* True if another bridge carries what is said in one room to the other. */
bool standby_covers(const struct room *from, const struct room *to);

/* True if another bridge is in one of the link's rooms. */
bool standby_has_peers(const struct link *link);

/* True if the bridge that brought ev to one room brought it to the other. */
bool standby_has_it(struct room *from, const struct room *to,
		    const struct event *ev);

/* True if that member is another bridge, or shown by it in the other room. */
bool standby_hides(struct room *from, const struct room *to, const char *who);

/* Until when the item is to wait for another bridge to say it; 0: it is not. */
int64_t standby_hold_ms(const struct item *item);

/* It waited in vain. */
void standby_failed(const struct item *item);

#endif
