/* SPDX-License-Identifier: MIT */
/* echo.c - what comes back of what we have published; see echo.h. */

#include "protocols/mqtt/echo.h"

#include "bridge/hash.h"

#include <string.h>

static uint64_t
hash_of(const char *topic, const void *payload, size_t len)
{
	const struct hash_key key = { 0 };
	const struct hash_key second = {
		hash_bytes_with_key(key, topic, strlen(topic)), len
	};

	return hash_bytes_with_key(second, len ? payload : "", len);
}

void
echo_expect(struct echoes *e, const char *topic, const void *payload,
	    size_t len, unsigned times)
{
	e->all[e->next].hash = hash_of(topic, payload, len);
	e->all[e->next].left = times;
	e->next = (e->next + 1) % ECHOES_MAX;
}

bool
echo_take(struct echoes *e, const char *topic, const void *payload, size_t len)
{
	uint64_t hash = hash_of(topic, payload, len);

	for (size_t i = 0; i < ECHOES_MAX; i++) {
		if (!e->all[i].left || e->all[i].hash != hash)
			continue;
		e->all[i].left--;
		return true;
	}
	return false;
}
