/* SPDX-License-Identifier: MIT */
#ifndef MAPPINGS_CHANNELS_H
#define MAPPINGS_CHANNELS_H

/*
 * Networks, channels, links and who is in them: what is joined with what.
 * Numbers given out here are stable across restarts and never used again.
 */

#include <stddef.h>
#include <stdint.h>

struct db;

/* Where a link comes from. */
enum link_source {
	LINK_FILE = 0,
	LINK_OPERATOR = 1,
	LINK_PORTAL = 2,
	LINK_DIRECT = 3, /* a conversation between two people */
};

/*
 * Each finds or makes the row and stores its number. A network that is there
 * takes the protocol. A link stays with its source: -EEXIST if one of another
 * source has that name, and *id is then that one's number.
 */
int network_put(struct db *db, const char *name, const char *protocol,
		int64_t *id);

/* A network with a number that was chosen; -EEXIST if it has another. */
int network_put_as(struct db *db, const char *name, const char *protocol,
		   int64_t id);

/* Its number, without making it; -ENOENT if there is none. */
int network_find(struct db *db, const char *name, int64_t *id);

/* The number of the newest one, or 0. */
int64_t network_last_id(struct db *db);

int channel_put(struct db *db, int64_t network, int kind, const char *name,
		int64_t *id);

/* Its number, without making it; -ENOENT if there is none. */
int channel_find(struct db *db, int64_t network, int kind, const char *name,
		 int64_t *id);

int link_put(struct db *db, const char *name, enum link_source source,
	     int64_t *id);

/* policy: an opaque line of the core's, kept for exports; may be "". */
int link_member_put(struct db *db, int64_t link, int64_t channel,
		    const char *policy);
int link_member_remove(struct db *db, int64_t link, int64_t channel);
int link_remove(struct db *db, int64_t link);

/* One member of one link; the strings are valid during the call only. */
struct link_row {
	int64_t link, channel, network;
	const char *link_name, *network_name, *channel_name;
	enum link_source source;
	int kind;
	const char *policy;
};

/* Calls fn for every member of every link of that source, links in order. */
int link_each(struct db *db, enum link_source source,
	      void (*fn)(void *arg, const struct link_row *row), void *arg);

/* A channel, wherever it is linked; strings are valid during the call only. */
struct channel_row {
	int64_t channel, network;
	int kind;
	const char *network_name, *channel_name;
};

/* Calls fn once, or returns -ENOENT. */
int channel_get(struct db *db, int64_t channel,
		void (*fn)(void *arg, const struct channel_row *row),
		void *arg);

/* The topic as last relayed to a channel, so that none is said twice. */
int channel_set_topic(struct db *db, int64_t channel, const char *topic);

/*
 * From where to catch up in a channel, in its adapter's own words; changes
 * together with the event that it comes from, in one transaction.
 */
int channel_set_cursor(struct db *db, int64_t channel, const char *cursor,
		       int64_t when_ms);

/* Until when we are known to have listened to a network; 0 if never. */
int network_set_heard(struct db *db, int64_t network, int64_t until_ms);
int64_t network_heard(struct db *db, int64_t network);

/* NULL if never set; the caller frees. */
char *channel_cursor(struct db *db, int64_t channel);

/* NULL if never set; the caller frees. */
char *channel_topic(struct db *db, int64_t channel);

#endif
