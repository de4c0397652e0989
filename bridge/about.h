/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_ABOUT_H
#define BRIDGE_ABOUT_H

/*
 * Names and pictures of channels: the latest holds, everywhere in the link.
 *
 * They are no messages, and wait in no queue. Of each channel two things are
 * known, here and on disk: how it was there last, and what it is to become. So
 * what was set while a channel could not be reached is set when it is joined
 * again, once, however often it changed; and what changed in it meanwhile is
 * found by comparison when its adapter tells it at joining.
 */

#include <stdbool.h>
#include <stdint.h>

struct event;
struct room;

/* One of the two; strings are owned, and NULL where nothing is known. */
struct facet {
	char *seen;     /* as it is there, in the network's own words */
	char *wanted;   /* what it is to become, in those of where it was set */
	int64_t source; /* the channel where that was */
	char *author, *author_name;
	char *complaint; /* the refusal that was told last */
	bool busy;       /* it is on the wire */
};

struct about {
	struct facet name, picture;
};

/* Read what is on disk; free it. */
void about_load(struct room *room);
void about_free(struct room *room);

/*
 * The channel has that name or picture: EVENT_NAME, EVENT_PICTURE. With
 * EVENT_BACKLOG it has been so for an unknown time, which is news only if it is
 * not as it was last.
 */
void about_event(struct room *room, struct event *ev);

/* Send what is to be set and is not on its way; only while joined. */
void about_work(struct room *room);

/*
 * A delivery came to its end; source is what was to be shown, of any kind.
 * shown: what it is called there, if that is something else; or NULL. What is
 * refused is told where it was set, once, until one is granted or refused for
 * another reason.
 */
void about_sent(struct room *room, const struct event *source,
		const char *shown);
void about_refused(struct room *room, const struct event *source,
		   const char *why);

/* What was on its way is not any more. */
void about_lost(struct room *room);

#endif
