/* SPDX-License-Identifier: MIT */
/* scratch.c - a database of a scenario's own. */

#include "tests/scenario/scratch.h"

#include "bridge/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool
scratch_make(struct scratch *s)
{
	snprintf(s->folder, sizeof(s->folder), "/dev/shm/causeway-XXXXXX");
	if (!mkdtemp(s->folder)) {
		snprintf(s->folder, sizeof(s->folder), "/tmp/causeway-XXXXXX");
		if (!mkdtemp(s->folder))
			return false;
	}
	snprintf(s->database, sizeof(s->database), "%.60s/db", s->folder);
	return true;
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
