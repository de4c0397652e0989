/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_REMEMBER_H
#define PROTOCOLS_MQTT_REMEMBER_H

/*
 * A table of texts by text that outlives the process, as memos of one scope;
 * see "Memos" in bridge/protocol.h. Nobody waits until they are on disk.
 */

#include <stdbool.h>

struct mqtt;

struct remembered {
	const char *scope;
	unsigned max; /* entries; beyond it the oldest is forgotten */
	bool loaded;
	/* private */
	struct remembered_entry *entries; /* oldest first */
};

/* Once; later calls do nothing. */
void remembered_load(struct mqtt *q, struct remembered *r);

/* NULL if there is none. */
const char *remembered_get(const struct remembered *r, const char *key);

/* True if a key but that one has the value. */
bool remembered_is_taken(const struct remembered *r, const char *key,
			 const char *value);

/* NULL: forget it. */
void remembered_put(struct mqtt *q, struct remembered *r, const char *key,
		    const char *value);

/* Those in memory. */
void remembered_free(struct remembered *r);

#endif
