/* SPDX-License-Identifier: MIT */
/* scratch.c - a database of a scenario's own. */

#include "tests/scenario/scratch.h"

#include "bridge/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
scratch_make(struct scratch *s)
{
	static const char places[][32] = { "/dev/shm/causeway-XXXXXX",
					   "/tmp/causeway-XXXXXX" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		memcpy(s->folder, places[i], sizeof(places[i]));
		if (!mkdtemp(s->folder))
			continue;
		snprintf(s->database, sizeof(s->database), "%.60s/db",
			 s->folder);
		return true;
	}
	return false;
}

void
scratch_clean(const struct scratch *s)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".lock",
					    ".key" };
	char path[96];

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		snprintf(path, sizeof(path), "%.80s%s", s->database, ends[i]);
		unlink(path);
	}
}

void
scratch_remove(const struct scratch *s)
{
	scratch_clean(s);
	rmdir(s->folder);
}
