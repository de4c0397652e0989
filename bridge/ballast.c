/* SPDX-License-Identifier: MIT */
/* ballast.c - a file that holds room on the database's disk. */

#include "bridge/ballast.h"

#include "bridge/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ballast {
	char *path;
};

struct ballast *
ballast_new(const char *database)
{
	static const char suffix[] = ".ballast";
	struct ballast *ballast = xcalloc(1, sizeof(*ballast));
	size_t size = strlen(database) + sizeof(suffix);

	ballast->path = xcalloc(1, size);
	snprintf(ballast->path, size, "%s%s", database, suffix);
	return ballast;
}

void
ballast_free(struct ballast *ballast)
{
	if (!ballast)
		return;
	free(ballast->path);
	free(ballast);
}

/* Twice the room is asked for, and half of it given back. */
static int
fill(int fd)
{
	int rc = -posix_fallocate(fd, 0, (off_t)2 * BALLAST_BYTES);

	if (rc == 0 && ftruncate(fd, BALLAST_BYTES) < 0)
		rc = -errno;
	return rc == -EDQUOT || rc == -EFBIG ? -ENOSPC : rc;
}

int
ballast_make(struct ballast *ballast)
{
	int fd = open(ballast->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		      0600);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return errno == EDQUOT ? -ENOSPC : -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (st.st_size != BALLAST_BYTES)
		rc = fill(fd);
	close(fd);
	if (rc)
		(void)ballast_drop(ballast);
	return rc;
}

bool
ballast_drop(struct ballast *ballast)
{
	return unlink(ballast->path) == 0;
}
