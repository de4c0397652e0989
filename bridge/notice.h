/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_NOTICE_H
#define BRIDGE_NOTICE_H

/*
 * What bridges tell each other about their links, in a line that they show in
 * their rooms, and what follows from it. Pure.
 *
 *     8c1d00aa5b6e7f42:a:75b401d463df0189,0f3a5c7e91b2d4f6 11d2...:s:...
 *     bridge           state rooms (digests)               another link
 *
 * The first link is the one of who shows the notice, of which the room is
 * part. Those that follow it has seen in the other rooms of that link, where
 * who reads the notice may not be.
 *
 * Rooms are nodes and links join them; where others join two rooms already,
 * one more link between them would say everything twice. So of all links that
 * a bridge knows of, those that do not count twice carry, and rank decides
 * which: whoever took over because nothing came (forced) before whoever is
 * active before whoever stands by; and of equals the lower name. An incumbent
 * stays, two that start together do not wait for each other.
 *
 * A digest hides the name of a room from who reads the notice, not from who
 * guesses it.
 */

#include <stdbool.h>
#include <stddef.h>

struct str;

#define NOTICE_TEXT_MAX 2000
#define NOTICE_LINKS_MAX 8
#define NOTICE_ROOMS_MAX 8
#define NOTICE_ID_MAX 32

enum notice_state {
	NOTICE_PUPPET,  /* somebody that the bridge shows; no link */
	NOTICE_COMING,  /* not in both rooms yet; no link */
	NOTICE_STANDBY, /* hears everything, says it if nobody else does */
	NOTICE_ACTIVE,
	NOTICE_FORCED,
};

struct notice_link {
	char bridge[NOTICE_ID_MAX + 1];
	enum notice_state state;
	char rooms[NOTICE_ROOMS_MAX][NOTICE_ID_MAX + 1];
	size_t n_rooms;
};

struct notice {
	struct notice_link links[NOTICE_LINKS_MAX];
	size_t n; /* >= 1 */
};

/* False if text is not one. What is too many is left out. */
bool notice_read(struct notice *out, const char *text);

void notice_write(struct str *out, const struct notice *notice);

/* True if other is to carry what both could. */
bool notice_outranks(const struct notice_link *other,
		     const struct notice_link *mine);

bool notice_has_room(const struct notice_link *link, const char *room);

/*
 * Which rooms of mine the others join: groups[i] of rooms[i] is 0 if they
 * reach it not at all, else the same number for all that they join.
 */
void notice_groups(const struct notice_link *mine,
		   const struct notice_link *const *others, size_t n,
		   unsigned groups[NOTICE_ROOMS_MAX]);

#endif
